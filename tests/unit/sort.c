/* tests/unit/sort.c - graph/sort, graph/spool and graph/intern against qsort */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/intern.h"
#include "graph/sort.h"
#include "graph/spool.h"
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

/* --- spool --- */

static uint8_t byte_at(uint64_t i)
{
	return (uint8_t)(hash_u64(i >> 3) >> (i & 7) * 8);
}

static void a_spool_gives_back_any_range_at_any_time(void **state)
{
	static const size_t caps[] = { 0, 1, 5000, 100000, 10000000 };
	uint8_t piece[9000];

	for (size_t c = 0; c < sizeof caps / sizeof caps[0]; c++) {
		struct spool *s;
		struct mem mem;

		mem_init(&mem, 0);
		assert_int_equal(spool_open(&s, *state, caps[c], &mem), 0);
		for (int round = 0; round < 60; round++) {
			uint64_t len = rnd(sizeof piece), off = spool_bytes(s);
			struct spool_reader r;

			for (uint64_t i = 0; i < len; i++)
				piece[i] = byte_at(off + i);
			assert_int_equal(spool_add(s, piece, len), 0);
			off = rnd(spool_bytes(s) + 1);
			len = rnd(spool_bytes(s) - off + 1);
			assert_int_equal(spool_begin(&r, s, off, len, 1 + rnd(5000)), 0);
			while (len) {
				size_t n = 1 + rnd(len < 700 ? len : 700);

				assert_int_equal(spool_read(&r, piece, n), 1);
				for (size_t i = 0; i < n; i++)
					assert_int_equal(piece[i], byte_at(off + i));
				off += n;
				len -= n;
			}
			assert_int_equal(spool_read(&r, piece, 1), 0);
			spool_end(&r);
		}
		assert_true(mem.peak <= 2 * caps[c] + 200000);
		spool_close(s);
		assert_int_equal(mem.used, 0);
	}
}

/* --- sort --- */

static int by_key(const void *a, const void *b)
{
	const sort_key *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static sort_key random_key(unsigned bits, unsigned spread)
{
	sort_key k = (sort_key)hash_u64(rnd(spread)) << 64 | hash_u64(rnd(spread));

	return bits == 128 ? k : k & (((sort_key)1 << bits) - 1);
}

/* Keys come ordered in their low GIVEN bits: what a transposition gives. */
static void order_low(sort_key *k, size_t n, unsigned given)
{
	for (size_t i = 0; i < n && given; i++)
		k[i] = k[i] >> given << given | i;
}

static void one_sort(struct backend *b, size_t n, const struct sort_options *base)
{
	struct sort_options o = *base;
	sort_key *want = malloc((n + 1) * sizeof *want), got;
	struct sort *s;
	struct mem mem;
	size_t m = 0;

	mem_init(&mem, 0);
	o.backend = b;
	o.mem = &mem;
	o.most = rnd(2) ? n : 0;
	if (o.most == 0 && n == 0)
		o.most = 1;
	assert_int_equal(sort_open(&s, &o), 0);
	for (size_t i = 0; i < n; i++)
		want[i] = random_key(o.bits, 1 + (unsigned)rnd(2 * n));
	order_low(want, n, o.given);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(sort_add(s, want[i]), 0);
	assert_int_equal(sort_finish(s), 0);
	qsort(want, n, sizeof *want, by_key);
	for (size_t i = 0; i < n; i++)
		if (!o.unique || m == 0 || want[m - 1] != want[i])
			want[m++] = want[i];
	for (size_t i = 0; i < m; i++) {
		assert_int_equal(sort_next(s, &got), 1);
		assert_true(got == want[i]);
	}
	assert_int_equal(sort_next(s, &got), 0);
	sort_close(s);
	assert_int_equal(mem.used, 0);
	assert_true(mem.peak <= (o.budget > SORT_BUDGET_LEAST ? o.budget : SORT_BUDGET_LEAST) +
		    100000);
	free(want);
}

static void order_is_that_of_qsort_in_any_budget(void **state)
{
	static const unsigned bits[] = { 1, 11, 12, 40, 64, 65, 90, 128 };

	for (uint64_t round = 0; round < scaled(60); round++) {
		struct sort_options o = {
			.bits = bits[rnd(8)], .unique = rnd(2),
			.budget = rnd(2) ? 1 : 1 + rnd(2000000),
		};

		o.words = o.bits <= 64 ? 1 + (unsigned)rnd(2) : 2;
		if (o.bits >= 40 && rnd(2))
			o.given = 20;
		one_sort(*state, rnd(4) ? rnd(20000) : rnd(100), &o);
	}
}

static void more_runs_than_one_merge_takes(void **state)
{
	const struct sort_options o = { .bits = 64, .words = 1, .budget = 1 };

	one_sort(*state, scaled(150000), &o);	/* 4096 a run: about 37, 8 at a time */
}

/* --- intern --- */

struct pair {
	char text[24];
	uint64_t number;
};

static int by_pair(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int c = strcmp(x->text, y->text);

	return c ? c : (x->number > y->number) - (x->number < y->number);
}

static void intern_round(struct backend *b, size_t n, uint64_t pool, size_t budget)
{
	struct pair *p = calloc(n + 1, sizeof *p);
	struct intern *t;
	struct mem mem;
	struct bytes text;
	uint64_t number;
	size_t m = 0;

	mem_init(&mem, 0);
	assert_int_equal(intern_open(&t, b, budget, &mem), 0);
	for (size_t i = 0; i < n; i++) {
		sprintf(p[i].text, "%" PRIu64 "%s", rnd(pool), rnd(2) ? "" : "/tail");
		assert_int_equal(intern_add(t, bytes_str(p[i].text), &p[i].number), 0);
		assert_true(p[i].number < intern_n(t));
	}
	assert_int_equal(intern_finish(t), 0);
	qsort(p, n, sizeof *p, by_pair);
	for (size_t i = 0; i < n; i++) {
		if (i && !by_pair(&p[i - 1], &p[i]))
			continue;
		assert_int_equal(intern_next(t, &text, &number), 1);
		assert_true(bytes_equal(text, bytes_str(p[i].text)));
		assert_int_equal(number, p[i].number);
		m++;
	}
	assert_int_equal(intern_next(t, &text, &number), 0);
	assert_int_equal(m, intern_n(t));
	intern_close(t);
	assert_int_equal(mem.used, 0);
	free(p);
}

static void strings_come_out_in_order_with_all_their_numbers(void **state)
{
	for (uint64_t round = 0; round < scaled(30); round++)
		intern_round(*state, rnd(3000), 1 + rnd(2000), rnd(3) ? 0 : 1);
	intern_round(*state, scaled(60000), 30000, 1);	/* many runs */
}

/* --- intern, by several threads --- */

#define CROWD 4u
#define CROWD_TEXTS 6000u

struct crowd {
	struct intern *t;
	struct pair p[CROWD][CROWD_TEXTS];
};

static int crowd_work(void *ctx, unsigned who)
{
	struct crowd *c = ctx;
	struct pair *p = c->p[who];
	struct bytes text[700];
	uint64_t number[700];
	int r = 0;

	for (size_t at = 0, n; at < CROWD_TEXTS && r == 0; at += n) {
		n = CROWD_TEXTS - at < 700 ? CROWD_TEXTS - at : 1 + at % 700;
		for (size_t i = 0; i < n; i++)
			text[i] = bytes_str(p[at + i].text);
		r = intern_add_many(c->t, text, n, number);
		for (size_t i = 0; i < n; i++)
			p[at + i].number = number[i];
	}
	return r;
}

/* Every text of every thread comes out with the number that the thread was given, and
 * within a budget that is never full each text has one. */
static void crowd_round(struct backend *b, size_t budget, uint64_t pool)
{
	struct crowd *c = calloc(1, sizeof *c);
	struct pair *p = c->p[0];
	size_t n = (size_t)CROWD * CROWD_TEXTS, m = 0, texts = 0;
	struct bytes text;
	struct mem mem;
	uint64_t number;

	mem_init(&mem, 0);
	assert_int_equal(intern_open(&c->t, b, budget, &mem), 0);
	for (size_t i = 0; i < n; i++)
		sprintf(p[i].text, "%0*" PRIu64, 1 + (int)rnd(3) * 8, rnd(pool));
	assert_int_equal(team_run(CROWD, crowd_work, c), 0);
	assert_int_equal(intern_finish(c->t), 0);
	qsort(p, n, sizeof *p, by_pair);
	for (size_t i = 0; i < n; i++) {
		texts += i == 0 || strcmp(p[i - 1].text, p[i].text);
		if (i && !by_pair(&p[i - 1], &p[i]))
			continue;
		assert_int_equal(intern_next(c->t, &text, &number), 1);
		assert_true(bytes_equal(text, bytes_str(p[i].text)));
		assert_int_equal(number, p[i].number);
		m++;
	}
	assert_int_equal(intern_next(c->t, &text, &number), 0);
	assert_int_equal(m, intern_n(c->t));
	assert_true(budget ? m >= texts : m == texts);
	intern_close(c->t);
	assert_int_equal(mem.used, 0);
	free(c);
}

static void threads_are_given_the_same_numbers(void **state)
{
	for (uint64_t round = 0; round < scaled(12); round++)
		crowd_round(*state, round % 2, 1 + rnd(20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_spool_gives_back_any_range_at_any_time,
						setup, teardown),
		cmocka_unit_test_setup_teardown(order_is_that_of_qsort_in_any_budget,
						setup, teardown),
		cmocka_unit_test_setup_teardown(more_runs_than_one_merge_takes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			strings_come_out_in_order_with_all_their_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_are_given_the_same_numbers, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
