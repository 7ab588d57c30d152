/* tests/unit/records.c - graph/records against qsort */
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
#include "graph/records.h"
#include "io/backend.h"

static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
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

struct model {
	struct records_key key;
	size_t came;
	uint32_t len;
};

static int by_key(const void *a, const void *b)
{
	const struct model *x = a, *y = b;

	for (int i = 0; i < RECORDS_WORDS; i++)
		if (x->key.word[i] != y->key.word[i])
			return x->key.word[i] < y->key.word[i] ? -1 : 1;
	return x->came < y->came ? -1 : x->came > y->came;
}

/* The bytes of the record that came as number CAME. */
static void fill(uint8_t *to, size_t came, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		to[i] = (uint8_t)hash_u64(came * 0x10001 + i);
}

static struct model *add_many(struct records *s, size_t n, const uint64_t range[3],
			      uint32_t len_most, uint8_t *room)
{
	struct model *m = calloc(n + 1, sizeof *m);

	for (size_t i = 0; i < n; i++) {
		m[i].came = i;
		m[i].len = (uint32_t)rnd(len_most + 1);
		for (int k = 0; k < RECORDS_WORDS; k++)
			m[i].key.word[k] = range[k] ? rnd(range[k]) : hash_u64(seed ^ turn++);
		fill(room, i, m[i].len);
		assert_int_equal(records_add(s, &m[i].key, bytes_of(room, m[i].len)), 0);
	}
	qsort(m, n, sizeof *m, by_key);
	return m;
}

static void compare(struct records *s, const struct model *m, size_t n, uint8_t *room)
{
	struct records_key key;
	struct bytes record;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(records_next(s, &key, &record), 1);
		assert_memory_equal(&key, &m[i].key, sizeof key);
		assert_int_equal(record.len, m[i].len);
		fill(room, m[i].came, m[i].len);
		assert_true(bytes_equal(record, bytes_of(room, m[i].len)));
	}
	assert_int_equal(records_next(s, &key, &record), 0);
}

static void order_is_that_of_qsort_in_any_budget(void **state)
{
	static const size_t budgets[] = { 0, 300000, 1u << 20, 64u << 20 };
	static const uint64_t ranges[][3] = {
		{ 0, 0, 0 }, { 1, 1, 0 }, { 3, 5, 1000 }, { 1, 1, 1 }, { 100000, 1, 1 },
	};
	uint8_t *room = malloc(1 << 20);
	uint64_t spilled = 0;

	for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
		for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
			size_t n = rnd(4) ? rnd(9000) : rnd(3);
			struct records *s;
			struct model *m;
			struct mem mem;

			mem_init(&mem, 0);
			assert_int_equal(records_open(&s, *state, budgets[b], &mem), 0);
			m = add_many(s, n, ranges[k], k % 2 ? 20 : 400, room);
			assert_int_equal(records_n(s), n);
			assert_int_equal(records_finish(s), 0);
			compare(s, m, n, room);
			spilled += records_run_n(s);
			records_close(s);
			free(m);
			assert_int_equal(mem.used, 0);
		}
	}
	assert_true(spilled > 10);
	free(room);
}

static void more_runs_than_one_merge_takes_within_the_budget(void **state)
{
	const uint64_t range[3] = { 10, 100, 1000 };
	uint8_t *room = malloc(1 << 20);
	struct records *s;
	struct model *m;
	struct mem mem;

	mem_init(&mem, RECORDS_BUDGET_LEAST * 2);
	assert_int_equal(records_open(&s, *state, RECORDS_BUDGET_LEAST, &mem), 0);
	m = add_many(s, 60000, range, 60, room);
	assert_int_equal(records_finish(s), 0);
	assert_true(records_run_n(s) > 20);
	compare(s, m, 60000, room);
	records_close(s);
	free(m);
	free(room);
	assert_int_equal(mem.used, 0);
}

static void a_record_larger_than_the_budget_passes_or_memory_says_so(void **state)
{
	const struct records_key key = {{ 1, 2, 3 }}, low = {{ 0, 9, 9 }};
	uint8_t *room = calloc(1, 1 << 20);
	struct records_key got;
	struct records *s;
	struct bytes record;
	struct mem mem;

	mem_init(&mem, 4u << 20);
	assert_int_equal(records_open(&s, *state, 0, &mem), 0);
	assert_int_equal(records_add(s, &key, bytes_of(room, 1 << 20)), 0);
	assert_int_equal(records_add(s, &low, bytes_of("x", 1)), 0);
	assert_int_equal(records_finish(s), 0);
	assert_int_equal(records_next(s, &got, &record), 1);
	assert_int_equal(record.len, 1);
	assert_int_equal(records_next(s, &got, &record), 1);
	assert_int_equal(record.len, 1 << 20);
	records_close(s);
	mem_init(&mem, 600000);
	assert_int_equal(records_open(&s, *state, 0, &mem), 0);
	assert_int_equal(records_add(s, &key, bytes_of(room, 1 << 20)), ERR_MEMORY);
	records_close(s);
	assert_int_equal(mem.used, 0);
	free(room);
}

static void of_long_records_in_many_runs_one_at_a_time_is_held(void **state)
{
	const uint64_t range[3] = { 10, 100, 1000 };
	uint8_t *room = malloc(1 << 20);
	struct records *s;
	struct model *m;
	struct mem mem;

	mem_init(&mem, 2500000);
	assert_int_equal(records_open(&s, *state, RECORDS_BUDGET_LEAST, &mem), 0);
	m = add_many(s, 60, range, 900000, room);
	assert_int_equal(records_finish(s), 0);
	assert_true(records_run_n(s) > 20);
	compare(s, m, 60, room);
	records_close(s);
	free(m);
	free(room);
	assert_int_equal(mem.used, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(order_is_that_of_qsort_in_any_budget),
		CASE(more_runs_than_one_merge_takes_within_the_budget),
		CASE(of_long_records_in_many_runs_one_at_a_time_is_held),
		CASE(a_record_larger_than_the_budget_passes_or_memory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
