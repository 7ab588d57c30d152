/* tests/unit/shuffle.c - what goes into partitions comes out of them
 *
 * The model is the array of records as they were added.  Rows crowd, repeat or lie
 * far apart, budgets are from a few blocks on, several threads add.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/distinct.h"
#include "graph/keyset.h"
#include "graph/radix.h"
#include "graph/shuffle.h"
#include "io/backend.h"

static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static uint64_t scaled(uint64_t n)
{
	const char *text = getenv("STRATO_TEST_SCALE");

	n = n * (text ? strtoull(text, NULL, 10) : 100) / 100;
	return n ? n : 1;
}

static int setup(void **state)
{
	struct backend *b;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	backend_close(*state);
	return 0;
}

/* --- shuffles --- */

struct world {
	struct shuffle_plan plan;
	struct shuffle *s;
	struct shuffle_record *rec;
	size_t n;
	/* while a partition is read */
	unsigned part;
	struct shuffle_record *got;
	size_t got_n;
};

static uint64_t random_row(const struct shuffle_plan *p)
{
	uint64_t width = p->last - p->first;

	switch (rnd(4)) {
	case 0:			/* a hub, wherever that is */
		return p->first + width / 3;
	case 1:
		return p->first + (width < 1000 ? width : rnd(1000));
	case 2:
		return p->last - (width < 5 ? 0 : rnd(5));
	default:
		return p->first + (width == UINT64_MAX ? hash_u64(turn++) : rnd(width + 1));
	}
}

static void random_plan(struct world *w, struct backend *b, struct mem *mem)
{
	struct shuffle_plan *p = &w->plan;

	*p = (struct shuffle_plan){
		.backend = b, .mem = mem, .hands = 1 + (unsigned)rnd(4),
		.budget = rnd(3) ? 1 : rnd(4u << 20), .valued = rnd(3) == 0,
		.part_most = 1 + (unsigned)rnd(700),
		.to_n = rnd(4) ? 1 + rnd(1ull << (1 + rnd(62))) : 1,
	};
	p->first = rnd(2) ? 0 : hash_u64(turn++) >> rnd(64);
	p->last = rnd(8) ? p->first + (hash_u64(turn++) >> rnd(64)) : p->first;
	if (p->last < p->first)
		p->last = UINT64_MAX;
}

static void random_records(struct world *w)
{
	w->n = rnd(30000);
	w->rec = calloc(w->n + 1, sizeof *w->rec);
	for (size_t i = 0; i < w->n; i++)
		w->rec[i] = (struct shuffle_record){
			random_row(&w->plan), rnd(w->plan.to_n), { hash_u64(i), i },
		};
}

static int add_share(void *ctx, unsigned who)
{
	struct world *w = ctx;
	struct shuffle_hand *h = shuffle_hand(w->s, who);
	int r = 0;

	for (size_t i = who; r == 0 && i < w->n; i += w->plan.hands)
		r = shuffle_add(h, w->rec[i].row, w->rec[i].to,
				w->plan.valued ? &w->rec[i].value : NULL);
	return r;
}

static void fill(struct world *w)
{
	uint64_t sample[100];

	w->plan.sample_n = w->n ? rnd(100) : 0;
	for (size_t i = 0; i < w->plan.sample_n; i++)
		sample[i] = w->rec[rnd(w->n)].row;
	w->plan.sample = sample;
	assert_int_equal(shuffle_open(&w->s, &w->plan), 0);
	assert_int_equal(team_run(w->plan.hands, add_share, w), 0);
	assert_int_equal(shuffle_end(w->s), 0);
	if (rnd(4) == 0)
		assert_int_equal(shuffle_rest(w->s), 0);
}

static int take(void *ctx, const struct shuffle_record *r, size_t n)
{
	struct world *w = ctx;

	for (size_t i = 0; i < n; i++) {
		assert_in_range(r[i].row, shuffle_first(w->s, w->part),
				shuffle_last(w->s, w->part));
		w->got[w->got_n++] = r[i];
	}
	return 0;
}

static int by_record(const void *a, const void *b)
{
	const struct shuffle_record *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->value.at > y->value.at) - (x->value.at < y->value.at);
}

/* The same records as keys, in the order visit gave them. */
static void compare_keys(const struct world *w, const struct shuffle_record *rec, size_t n)
{
	struct shuffle_value *value = calloc(n + 1, sizeof *value);
	uint64_t *key = calloc(n + 1, sizeof *key);
	uint32_t *narrow = calloc(n + 1, sizeof *narrow);
	unsigned bits = shuffle_key_bits(w->s), to_bits = shuffle_to_bits(w->s);

	if (bits <= 64)
		assert_int_equal(shuffle_load64(w->s, w->part, key, value), 0);
	if (bits <= 32 && !w->plan.valued)
		assert_int_equal(shuffle_load32(w->s, w->part, narrow), 0);
	for (size_t i = 0; i < n && bits <= 64; i++) {
		uint64_t row = rec[i].row - shuffle_first(w->s, w->part);

		assert_int_equal(key[i], row << to_bits | rec[i].to);
		if (bits <= 32 && !w->plan.valued)
			assert_int_equal(narrow[i], key[i]);
		if (w->plan.valued)
			assert_memory_equal(&value[i], &rec[i].value, sizeof value[i]);
	}
	free(value);
	free(key);
	free(narrow);
}

static void compare(struct world *w)
{
	uint64_t next = w->plan.first;

	w->got = calloc(w->n + 1, sizeof *w->got);
	for (w->part = 0; w->part < shuffle_part_n(w->s); w->part++) {
		size_t before = w->got_n;

		assert_int_equal(shuffle_first(w->s, w->part), next);
		next = shuffle_last(w->s, w->part) + 1;
		assert_int_equal(shuffle_visit(w->s, w->part, take, w), 0);
		assert_int_equal(shuffle_count(w->s, w->part), w->got_n - before);
		compare_keys(w, w->got + before, w->got_n - before);
	}
	assert_int_equal(next, w->plan.last + 1);
	assert_int_equal(w->got_n, w->n);
	for (size_t i = 0; i < w->n && !w->plan.valued; i++)
		w->rec[i].value = SHUFFLE_NO_VALUE;
	qsort(w->rec, w->n, sizeof *w->rec, by_record);
	qsort(w->got, w->n, sizeof *w->got, by_record);
	assert_memory_equal(w->rec, w->got, w->n * sizeof *w->got);
}

static int left_behind(void *ctx, const char *name)
{
	(void)ctx;
	fail_msg("left behind: %s", name);
	return 0;
}

static void every_record_comes_back_once_in_its_range(void **state)
{
	uint64_t spills = 0, wide = 0;

	for (uint64_t round = 0; round < scaled(120); round++) {
		struct world w = {0};
		struct mem mem;

		mem_init(&mem, 0);
		random_plan(&w, *state, &mem);
		random_records(&w);
		fill(&w);
		compare(&w);
		spills += shuffle_spills(w.s);
		wide += shuffle_key_bits(w.s) > 64;
		shuffle_close(w.s);
		assert_int_equal(mem.used, 0);
		assert_int_equal(backend_list(*state, "tmp", left_behind, NULL), 0);
		free(w.rec);
		free(w.got);
	}
	print_message("# %" PRIu64 " spills, %" PRIu64 " with wide keys\n", spills, wide);
	assert_true(scaled(120) < 120 || (spills > 0 && wide > 0));
}

static void memory_stays_within_the_budget(void **state)
{
	struct world w = {0};
	struct mem mem;

	mem_init(&mem, 0);
	w.plan = (struct shuffle_plan){
		.backend = *state, .mem = &mem, .hands = 2, .budget = 1u << 20,
		.last = (1u << 20) - 1, .to_n = 1u << 20, .part_most = 512,
	};
	w.n = scaled(2000000);
	w.rec = calloc(w.n, sizeof *w.rec);
	for (size_t i = 0; i < w.n; i++)
		w.rec[i].row = hash_u64(i) & w.plan.last;
	fill(&w);
	/* and what is kept of each partition, hand and emptying */
	assert_true(mem.peak < (1u << 20) + (900u << 10));
	shuffle_close(w.s);
	free(w.rec);
}

static void without_memory_it_fails_and_leaves_nothing(void **state)
{
	uint64_t failed = 0;

	for (uint64_t at = 1; at < 200; at++) {
		struct world w = {0};
		struct mem mem;
		int r;

		mem_init(&mem, 0);
		mem.fail_at = at;
		w.plan = (struct shuffle_plan){
			.backend = *state, .mem = &mem, .hands = 1, .budget = 1,
			.last = 1u << 20, .to_n = 1u << 20, .part_most = 64,
		};
		w.n = 60000;
		w.rec = calloc(w.n, sizeof *w.rec);
		for (size_t i = 0; i < w.n; i++)
			w.rec[i].row = hash_u64(i) & w.plan.last;
		r = shuffle_open(&w.s, &w.plan);
		if (r == 0)
			r = add_share(&w, 0);
		if (r == 0) {
			shuffle_end(w.s);
			r = shuffle_rest(w.s);
		}
		shuffle_close(w.s);
		free(w.rec);
		assert_int_equal(mem.used, 0);
		assert_int_equal(backend_list(*state, "tmp", left_behind, NULL), 0);
		if (r == 0 && mem.count < at)
			break;
		failed += r == ERR_MEMORY;
	}
	assert_true(failed > 3);
}

/* --- what goes with it --- */

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int by_pair(const void *a, const void *b)
{
	int c = by_number(a, b);

	return c ? c : by_number((const uint64_t *)a + 1, (const uint64_t *)b + 1);
}

static void digits_sort_as_qsort_does(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < scaled(100); round++) {
		size_t n = rnd(rnd(2) ? 60 : 4000) + 1;
		unsigned bits = 1 + (unsigned)rnd(64);
		uint64_t *a = calloc(n, 8), *b = calloc(n, 8), *sorted = calloc(n, 8);
		uint32_t *c = calloc(n, 4), *d = calloc(n, 4), *narrow;
		struct radix_pair *p = calloc(n, 16), *q = calloc(n, 16), *pairs;
		struct radix_pair *want = calloc(n, 16);
		uint64_t *got;

		for (size_t i = 0; i < n; i++) {
			sorted[i] = a[i] = hash_u64(turn++) >> (64 - bits);
			c[i] = (uint32_t)a[i];
			want[i] = p[i] = (struct radix_pair){ a[i] & 7, i };
		}
		qsort(sorted, n, 8, by_number);
		qsort(want, n, 16, by_pair);
		got = radix_sort64(a, b, n, bits);
		assert_memory_equal(got, sorted, n * 8);
		pairs = radix_sort_pairs(p, q, n, 3);
		assert_memory_equal(pairs, want, n * 16);
		narrow = radix_sort32(c, d, n, bits < 32 ? bits : 32);
		for (size_t i = 0; i < n && bits <= 32; i++)
			assert_int_equal(narrow[i], sorted[i]);
		free(a), free(b), free(c), free(d), free(p), free(q);
		free(sorted), free(want);
	}
}

static void an_id_is_how_many_keys_are_below(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < scaled(100); round++) {
		uint64_t span = 1 + rnd(1000), first = hash_u64(turn++) >> 1, id = 0;
		bool *marked = calloc(span, sizeof *marked);
		struct keyset k;
		struct mem mem;

		mem_init(&mem, 0);
		assert_int_equal(keyset_open(&k, first, span, &mem), 0);
		for (uint64_t i = 0; i < span / 2; i++) {
			uint64_t at = rnd(span);

			marked[at] = true;
			keyset_mark(&k, at);
		}
		assert_int_equal(keyset_rank(&k), 0);
		for (uint64_t i = 0; i < span; i++) {
			assert_int_equal(keyset_id(&k, i), id);
			id += marked[i];
		}
		assert_int_equal(keyset_id(&k, span), id);
		assert_int_equal(k.key_n, id);
		keyset_release(&k);
		assert_int_equal(mem.used, 0);
		free(marked);
	}
}

struct seen {
	uint32_t *times;
	uint64_t n, total;
};

static int see(void *ctx, uint64_t number)
{
	struct seen *s = ctx;

	assert_true(number < s->n);
	s->times[number]++;
	s->total++;
	return 0;
}

static void a_sifted_number_comes_at_least_once(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < scaled(40); round++) {
		struct seen s = { .n = 1 + rnd(20000) };
		size_t budget = rnd(2) ? 1 : 1u << 20;
		bool *added = calloc(s.n, sizeof *added);
		uint64_t distinct = 0;
		struct distinct d;
		struct mem mem;

		mem_init(&mem, 0);
		s.times = calloc(s.n, sizeof *s.times);
		assert_int_equal(distinct_open(&d, budget, &mem, see, &s), 0);
		for (uint64_t i = 0; i < 3 * s.n; i++) {
			uint64_t number = rnd(s.n);

			distinct += !added[number];
			added[number] = true;
			assert_int_equal(distinct_add(&d, number), 0);
		}
		assert_int_equal(distinct_flush(&d), 0);
		for (uint64_t i = 0; i < s.n; i++)
			assert_int_equal(s.times[i] > 0, added[i]);
		if (budget > 1)
			assert_int_equal(s.total, distinct);
		distinct_release(&d);
		assert_int_equal(mem.used, 0);
		free(added);
		free(s.times);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_record_comes_back_once_in_its_range,
						setup, teardown),
		cmocka_unit_test_setup_teardown(memory_stays_within_the_budget,
						setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory_it_fails_and_leaves_nothing,
						setup, teardown),
		cmocka_unit_test_setup_teardown(digits_sort_as_qsort_does, setup, teardown),
		cmocka_unit_test_setup_teardown(an_id_is_how_many_keys_are_below, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_sifted_number_comes_at_least_once, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
