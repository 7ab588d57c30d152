/* tests/unit/list.c - graph/list: every list comes back, nothing is read that is not
 * the list's
 */
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
#include "base/hash.h"
#include "graph/list.h"

static uint64_t seed, turn, scale = 100;

static uint64_t rnd(void)
{
	return hash_u64(seed + turn++);
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

static int setup(void **state)
{
	(void)state;
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	if (getenv("STRATO_TEST_SCALE"))
		scale = strtoull(getenv("STRATO_TEST_SCALE"), NULL, 10);
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	return 0;
}

static uint64_t wide(unsigned bits)
{
	return bits ? rnd() >> (64 - bits) : 0;
}

/* N ascending ids with gaps of up to BITS bits; they stop growing at the top. */
static void make(uint64_t *ids, uint64_t n, uint64_t first, unsigned bits, bool equal)
{
	ids[0] = first;
	for (uint64_t i = 1; i < n; i++) {
		uint64_t gap = wide(bits) + !equal;

		ids[i] = ids[i - 1] + gap;
		if (ids[i] < ids[i - 1])
			ids[i] = ids[i - 1];
	}
}

/* All of it by list_read, each call's places beyond what it gave left to it. */
static int read_all(struct list_reader *r, uint64_t *out)
{
	uint64_t ids[LIST_READ], n = 0;
	int got;

	while ((got = list_read(r, ids)) > 0) {
		assert_true(got <= (int)LIST_READ);
		memcpy(out + n, ids, (size_t)got * 8);
		n += (uint64_t)got;
	}
	assert_true(got == 0 || got == -1);
	return got < 0 ? -1 : (int)n;
}

/* All of it by list_read32, MOST at a time; what it does not give is left alone. */
static int read_narrow(struct list_reader *r, uint64_t *out, unsigned most)
{
	uint32_t ids[LIST_READ];
	uint64_t n = 0;
	int got;

	while ((got = list_read32(r, ids, most)) > 0) {
		assert_true(got <= (int)most);
		for (int i = 0; i < got; i++)
			out[n++] = ids[i];
	}
	assert_true(got == 0 || got == -1);
	return got < 0 ? -1 : (int)n;
}

/* Encoded into exactly its bytes and LIST_SLACK more, whatever those hold. */
static void comes_back(uint64_t node, const uint64_t *ids, uint64_t n)
{
	uint8_t *out = malloc(LIST_BYTES_MAX(n)), *exact;
	uint64_t *got = malloc((n + 1) * 8);
	size_t len = list_encode(out, node, ids, n);
	struct list_reader r;

	assert_true(len + 8 <= LIST_BYTES_MAX(n));
	exact = malloc(len + LIST_SLACK);
	memset(exact, 0xa5, len + LIST_SLACK);
	memcpy(exact, out, len);
	for (enum list_decoder d = LIST_BEST; d <= LIST_AVX2; d++) {
		list_decode_by(d);
		assert_int_equal(list_begin(&r, node, n, exact, exact + len), 0);
		assert_int_equal(read_all(&r, got), n);
		assert_memory_equal(got, ids, n * 8);
		assert_ptr_equal(r.at, exact + len);
		assert_int_equal(list_begin(&r, node, n, exact, exact + len), 0);
		if (n && ids[n - 1] > UINT32_MAX) {
			assert_int_equal(read_narrow(&r, got, LIST_READ), -1);
			continue;
		}
		assert_int_equal(read_narrow(&r, got, LIST_BLOCK + 1 + (unsigned)below(96)), n);
		assert_memory_equal(got, ids, n * 8);
		assert_ptr_equal(r.at, exact + len);
	}
	list_decode_by(LIST_BEST);
	free(exact);
	free(got);
	free(out);
}

static void every_width_at_every_short_length_comes_back(void **state)
{
	uint64_t ids[200] = {0};

	(void)state;
	comes_back(5, ids, 0);
	for (unsigned bits = 0; bits <= 64; bits++)
		for (uint64_t n = 1; n <= 140; n += n < 70 ? 1 : 7)
			for (int equal = 0; equal < 2; equal++) {
				uint64_t first = wide((unsigned)below(bits < 58 ? 65 - bits : 4));

				make(ids, n, first, bits, equal);
				comes_back(below(2) ? wide(64) : first + below(100), ids, n);
			}
}

static void first_ids_of_any_size_near_and_far(void **state)
{
	uint64_t id;

	(void)state;
	for (unsigned bits = 0; bits <= 64; bits++)
		for (unsigned other = 0; other <= 64; other++)
			for (int d = -70; d <= 70; d += 35) {
				id = wide(bits);
				comes_back(wide(other), &id, 1);
				comes_back(id + (uint64_t)d, &id, 1);
			}
}

static void long_lists_around_each_border(void **state)
{
	static const uint64_t ns[] = { 1023, 1024, 1025, 1026, 1027, 1056, 1057, 1058, 2047,
		2048, 2049, 2050, 2051, 3073, 5000, 70000 };
	uint64_t *ids = malloc(70000 * 8);

	(void)state;
	for (size_t i = 0; i < sizeof ns / sizeof ns[0]; i++)
		for (unsigned round = 0; round < 12; round++) {
			make(ids, ns[i], wide((unsigned)below(40)), (unsigned)below(48), below(2));
			comes_back(wide(32), ids, ns[i]);
		}
	free(ids);
}

static void narrow_ids_give_the_same_bytes(void **state)
{
	uint64_t ids[3000];
	uint32_t narrow[3000];
	uint8_t *a = malloc(LIST_BYTES_MAX(3000)), *b = malloc(LIST_BYTES_MAX(3000));

	(void)state;
	for (unsigned round = 0; round < 500 * scale / 100 + 1; round++) {
		uint64_t n = below(4) ? below(100) + 1 : below(2999) + 1, node = wide(32);
		size_t len;

		make(ids, n, wide(20), (unsigned)below(20), below(2));
		for (uint64_t i = 0; i < n; i++)
			narrow[i] = (uint32_t)ids[i];
		len = list_encode(a, node, ids, n);
		assert_int_equal(list_encode32(b, node, narrow, n), len);
		assert_memory_equal(a, b, len);
	}
	free(a);
	free(b);
}

struct long_source {
	const uint64_t *ids;
	uint64_t at, n;
	uint8_t *out;
	size_t len;
};

static int source_rewind(void *ctx)
{
	((struct long_source *)ctx)->at = 0;
	return 0;
}

static int source_next(void *ctx, uint64_t *ids, unsigned n)
{
	struct long_source *s = ctx;

	assert_true(n <= s->n - s->at);
	memcpy(ids, s->ids + s->at, n * sizeof *ids);
	s->at += n;
	return 0;
}

static int source_write(void *ctx, const void *ptr, size_t len)
{
	struct long_source *s = ctx;

	memcpy(s->out + s->len, ptr, len);
	s->len += len;
	return 0;
}

static void a_list_that_is_not_held_has_the_same_bytes(void **state)
{
	uint64_t *ids = malloc(9000 * sizeof *ids);
	uint8_t *want = malloc(LIST_BYTES_MAX(9000)), *got = malloc(LIST_BYTES_MAX(9000));

	(void)state;
	for (unsigned round = 0; round < 300 * scale / 100 + 10; round++) {
		uint64_t n = 1 + below(round % 2 ? 80 : 9000), node = wide(20), len;
		struct long_source s = { .ids = ids, .n = n, .out = got };
		const struct list_long l = { node, n, source_rewind, source_next, source_write,
					     &s, NULL };

		make(ids, n, wide(20), (unsigned)below(50), below(2));
		assert_int_equal(list_encode_long(&l, &len), 0);
		assert_int_equal(len, list_encode(want, node, ids, n));
		assert_int_equal(s.len, len);
		assert_memory_equal(got, want, len);
	}
	free(ids);
	free(want);
	free(got);
}

static void a_seek_passes_nothing_and_a_chunk_is_where_it_says(void **state)
{
	const uint64_t n = 20000;
	uint64_t *ids = malloc(n * 8), *got = malloc(n * 8);
	uint8_t *out = malloc(LIST_BYTES_MAX(n));

	(void)state;
	for (unsigned round = 0; round < 300 * scale / 100 + 1; round++) {
		uint64_t len, place, want = 0, m = 1 + below(n);
		struct list_reader r;
		int left;

		make(ids, m, wide(20), (unsigned)below(20), round % 2);
		len = list_encode(out, 7, ids, m);
		place = below(m);
		assert_int_equal(list_begin(&r, 7, m, out, out + len), 0);
		assert_int_equal(list_seek(&r, ids[place] + round % 3 - 1), 0);
		while (want < m && ids[want] < ids[place] + round % 3 - 1)
			want++;
		left = read_all(&r, got);
		assert_true(left >= (int)(m - want) && left <= (int)(m - want) + 1025);
		assert_memory_equal(got, ids + m - (uint64_t)left, (size_t)left * 8);

		assert_int_equal(list_begin(&r, 7, m, out, out + len), 0);
		place = below(r.entry_n + 1);
		assert_int_equal(list_chunk(&r, place), 0);
		want = place ? place * LIST_CHUNK + 1 : 0;
		assert_int_equal(read_all(&r, got), m - want);
		assert_memory_equal(got, ids + want, (m - want) * 8);
	}
	free(ids);
	free(got);
	free(out);
}

static void narrow_alike(uint64_t node, uint64_t n, const uint8_t *at, const uint8_t *end)
{
	unsigned most = LIST_BLOCK + 1 + (unsigned)below(96);
	uint64_t got[3][3000];
	int r[3];

	for (enum list_decoder d = LIST_BEST; d <= LIST_AVX2; d++) {
		struct list_reader l;

		list_decode_by(d);
		r[d] = list_begin(&l, node, n, at, end);
		if (r[d] == 0)
			r[d] = read_narrow(&l, got[d], most);
		assert_true(r[d] <= (int)n);
		assert_int_equal(r[d], r[0]);
		if (r[d] > 0)
			assert_memory_equal(got[d], got[0], (size_t)r[0] * 8);
	}
}

/* Bytes that are no list end in -1 or in other ids, the same with both decoders. */
static void hostile_bytes_stay_within_their_bounds(void **state)
{
	uint64_t ids[3000], got[2][3000];
	uint8_t *out = malloc(LIST_BYTES_MAX(3000));
	unsigned refused = 0;

	(void)state;
	for (unsigned round = 0; round < 20000 * scale / 100 + 100; round++) {
		uint64_t n = below(4) ? below(100) + 1 : below(2400) + 1, m = n, node = wide(40), id = wide(40);
		size_t len, cut;
		uint8_t *exact;
		int end[2] = {0};

		make(ids, n, wide(40), (unsigned)below(30), below(2));
		len = cut = list_encode(out, node, ids, n);
		if (below(2))
			out[below(len)] = (uint8_t)rnd();
		if (below(2))
			out[below(len < 40 ? len : 40)] ^= (uint8_t)(1 << below(8));
		if (below(4) == 0)
			cut = below(len + 1);
		if (below(4) == 0)
			m = below(3000);
		exact = malloc(cut + LIST_SLACK);
		memcpy(exact, out, cut);
		memset(exact + cut, 0xff, LIST_SLACK);
		for (int portable = 0; portable < 2; portable++) {
			struct list_reader r;

			list_decode_by(portable ? LIST_PORTABLE : LIST_BEST);
			end[portable] = list_begin(&r, node, m, exact, exact + cut);
			if (end[portable] == 0 && round % 3 == 0)
				end[portable] = list_seek(&r, id);
			if (end[portable] == 0)
				end[portable] = read_all(&r, got[portable]);
			assert_true(end[portable] <= (int)m);
		}
		narrow_alike(node, m, exact, exact + cut);
		assert_int_equal(end[0], end[1]);
		if (end[0] > 0)
			assert_memory_equal(got[0], got[1], (size_t)end[0] * 8);
		for (int i = 1; i < end[0]; i++)
			assert_true(got[0][i] >= got[0][i - 1]);
		refused += end[0] < 0;
		free(exact);
	}
	list_decode_by(LIST_BEST);
	free(out);
	assert_true(refused > scale);
}

/* The bytes are a format: these may not change unnoticed. */
static void some_lists_byte_by_byte(void **state)
{
	static const uint64_t one[] = { 300 }, two[] = { 5, 9 }, same[] = { 5, 5, 6 };
	uint64_t run[40];
	uint8_t out[512];

	(void)state;
	assert_int_equal(list_encode(out, 0, one, 1), 2);	/* 300 << 1: d8 04 */
	assert_memory_equal(out, "\xd8\x04", 2);
	assert_int_equal(list_encode(out, 301, one, 1), 1);	/* -1, zigzag 1, kind 001 */
	assert_memory_equal(out, "\x09", 1);
	assert_int_equal(list_encode(out, 0, two, 2), 2);	/* 5 << 1, gap 4 less 1 */
	assert_memory_equal(out, "\x0a\x03", 2);
	assert_int_equal(list_encode(out, 100, same, 3), 2);	/* 5 << 3, kind 011 */
	assert_memory_equal(out, "\x2b\x10", 2);		/* two of 4 bits: 0, 1 */
	for (int i = 0; i < 40; i++)
		run[i] = (uint64_t)i + 1;
	assert_int_equal(list_encode(out, 0, run, 40), 2);	/* w = 0, and no more */
	assert_memory_equal(out, "\x02\x00", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(some_lists_byte_by_byte, setup),
		cmocka_unit_test_setup(every_width_at_every_short_length_comes_back, setup),
		cmocka_unit_test_setup(first_ids_of_any_size_near_and_far, setup),
		cmocka_unit_test_setup(long_lists_around_each_border, setup),
		cmocka_unit_test_setup(narrow_ids_give_the_same_bytes, setup),
		cmocka_unit_test_setup(a_list_that_is_not_held_has_the_same_bytes, setup),
		cmocka_unit_test_setup(a_seek_passes_nothing_and_a_chunk_is_where_it_says, setup),
		cmocka_unit_test_setup(hostile_bytes_stay_within_their_bounds, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
