/* tests/unit/rows.c - the parts of a run: blocks of rows, the filter, lies */
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
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/filter.h"
#include "store/rows.h"
#include "store/run.h"

#define ENTRY_N 3000u

static const uint8_t store_a[16] = "store a";
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

/* A run of the keys 00000, 00001, ..., each with the text "value" and its key. */
struct fixture {
	struct backend *b;
	struct run_info info;
};

static void add(struct run_writer *w, unsigned i)
{
	char key[16], value[32];
	struct entry e = { .space = i >= ENTRY_N / 2, .kind = ENTRY_PUT, .version = 5 + i };

	e.key = bytes_of(key, (size_t)snprintf(key, sizeof key, "%05u", i));
	e.size = (size_t)snprintf(value, sizeof value, "value%05u", i);
	e.value = bytes_of(value, e.size);
	e.crc = crc32c(0, value, e.size);
	assert_int_equal(run_add(w, &e), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct run_writer *w;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	assert_int_equal(backend_mem(&f->b), 0);
	assert_int_equal(backend_mkdir(f->b, "tmp"), 0);
	assert_int_equal(backend_mkdir(f->b, "seg"), 0);
	assert_int_equal(run_create(&w, f->b, store_a, ENTRY_N, BLOCK_RAW, NULL), 0);
	for (unsigned i = 0; i < ENTRY_N; i++)
		add(w, i);
	assert_int_equal(run_finish(w, &f->info), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	backend_close(f->b);
	free(f);
	return 0;
}

/* --- a block by itself, in memory of just its size --- */

static size_t first_block(struct fixture *f, uint8_t **out)
{
	struct segment *s;
	struct run_child_disk child;
	struct bytes index, data;
	size_t len;

	assert_int_equal(segment_open(&s, f->b, &f->info.ref, store_a, NULL), 0);
	index = segment_section(s, RUN_INDEX);
	data = segment_section(s, RUN_DATA);
	memcpy(&child, index.ptr + 4, sizeof child);
	len = le32_get(child.raw_len);
	*out = malloc(len);
	memcpy(*out, data.ptr, len);
	segment_close(s);
	return len;
}

static void read_rows(struct bytes block, struct rows_some *some)
{
	static const uint8_t key[] = "\0\0\0\000" "00123";
	struct rows rows;
	struct entry e;
	int r = rows_open(&rows, block);

	for (uint32_t i = 0; r == 0 && i < rows.restart_n; i++) {
		r = rows_decode(&rows, i, some);
		assert_true(r == 0 || r == ERR_DAMAGED);
		for (unsigned k = 0; r == 0 && k < some->n; k++)
			for (size_t j = 0; j < some->slot[k].entry.value.len; j++)
				turn += some->slot[k].entry.value.ptr[j];
	}
	if (rows_open(&rows, block) == 0) {
		r = rows_find(&rows, bytes_of(key, sizeof key - 1), &e);
		assert_true(r >= 0 || r == ERR_DAMAGED);
		rows_interval(&rows, bytes_of(key, sizeof key - 1));
	}
}

/* Without checksums around them: every length must be tested by itself. */
static void forged_blocks_are_read_inside_their_bounds(void **state)
{
	uint8_t *was, *block;
	size_t len = first_block(*state, &was);
	struct rows_some some = { 0 };

	for (uint64_t i = scaled(6000); i; i--) {
		size_t cut = rnd(4) ? 0 : rnd(len);
		size_t near = rnd(2) ? len - cut : 1 + rnd(len - cut);

		block = malloc(len - cut + 1);
		memcpy(block, was + cut, len - cut);
		for (uint64_t k = rnd(5); k; k--)
			block[len - cut - 1 - rnd(near)] = rnd(2) ? 0xff : (uint8_t)rnd(256);
		block = realloc(block, len - cut);
		read_rows(bytes_of(block, len - cut), &some);
		free(block);
	}
	buf_release(&some.keys);
	free(was);
}

static void a_row_longer_than_its_block_is_damage(void **state)
{
	/* shared 0, rest_len 200, 5 bytes of it; one restart at 0 */
	static const uint8_t row[] = { 0, 0xc8, 1, 0, 0, 0, 0, 'k', 0, 0, 0, 0, 1, 0, 0, 0 };
	uint8_t *block = malloc(sizeof row);
	struct rows_some some = { 0 };
	struct rows rows;

	(void)state;
	memcpy(block, row, sizeof row);
	assert_int_equal(rows_open(&rows, bytes_of(block, sizeof row)), 0);
	assert_int_equal(rows_decode(&rows, 0, &some), ERR_DAMAGED);
	assert_int_equal(rows_find(&rows, bytes_of(block, 5), &some.slot[0].entry), ERR_DAMAGED);
	for (size_t n = 0; n < 8; n++)
		assert_int_equal(rows_open(&rows, bytes_of(block, n)), ERR_DAMAGED);
	buf_release(&some.keys);
	free(block);
}

static void few_absent_keys_pass_the_filter(void **state)
{
	uint64_t n = 20000, passed = 0;
	uint64_t block_n = filter_blocks(n, UINT64_MAX);
	uint8_t *filter = calloc(block_n, FILTER_BLOCK);

	(void)state;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t h = run_hash(0, bytes_of(&i, sizeof i));

		filter_add(filter + FILTER_BLOCK * filter_place(block_n, h), h);
	}
	for (uint64_t i = 0; i < 4 * n; i++) {
		uint64_t h = run_hash(0, bytes_of(&i, sizeof i));
		bool in = filter_test(filter + FILTER_BLOCK * filter_place(block_n, h), h);

		assert_true(in || i >= n);
		passed += in && i >= n;
	}
	assert_in_range(passed, 1, 3 * n / 50);		/* 2%; 1.2% is to be expected */
	free(filter);
}

/* --- a run whose checksums are right and whose words are not --- */

typedef void lie_fn(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4]);

static void forge(struct fixture *f, lie_fn *lie)
{
	struct run_meta_disk meta;
	struct segment_writer *w;
	struct segment *s;
	uint8_t *section[4];
	size_t len[4];

	assert_int_equal(segment_open(&s, f->b, &f->info.ref, store_a, NULL), 0);
	assert_int_equal(segment_get_meta(s).len, sizeof meta);
	memcpy(&meta, segment_get_meta(s).ptr, sizeof meta);
	for (uint32_t tag = 1; tag <= 3; tag++) {
		len[tag] = segment_section(s, tag).len;
		section[tag] = malloc(len[tag]);
		memcpy(section[tag], segment_section(s, tag).ptr, len[tag]);
	}
	segment_close(s);
	lie(&meta, section, len);
	assert_int_equal(segment_create(&w, f->b, SEGMENT_RUN, store_a, NULL), 0);
	assert_int_equal(segment_meta(w, &meta, sizeof meta), 0);
	for (uint32_t tag = 1; tag <= 3; tag++) {
		assert_int_equal(segment_begin(w, tag), 0);
		assert_int_equal(segment_write(w, section[tag], len[tag]), 0);
		free(section[tag]);
	}
	assert_int_equal(segment_finish(w, &f->info.ref), 0);
}

static void keep_words(void *ctx, const struct run_fault *f)
{
	strcpy(ctx, f->words);
}

/* The last fault's words. */
static const char *lied(struct fixture *f, lie_fn *lie)
{
	static char words[1024];
	struct run *r;

	forge(f, lie);
	strcpy(words, "none");
	assert_int_equal(run_open(&r, f->b, &f->info, store_a, NULL), 0);
	assert_true(run_verify(r, keep_words, words, NULL) >= 0);
	run_close(r);
	return words;
}

static void nothing(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	(void)meta;
	(void)section;
	(void)len;
}

static void deny(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	(void)meta;
	memset(section[RUN_FILTER], 0, len[RUN_FILTER]);
}

static void overcount(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	(void)section;
	(void)len;
	meta->entry_n = le64_of(ENTRY_N + 1);
}

static void oldest(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	(void)section;
	(void)len;
	meta->version_min = le64_of(4);
}

/* The second separator goes up by one: some of its keys are below it. */
static void shift(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	uint8_t *node = section[RUN_INDEX];
	struct run_child_disk child;
	le32 n;

	(void)meta;
	(void)len;
	memcpy(&n, node, sizeof n);
	memcpy(&child, node + sizeof n + sizeof child, sizeof child);
	node[sizeof n + le32_get(n) * sizeof child + le32_get(child.key_end) - 1]++;
}

/* A node that is its own first child has no end by itself. */
static void circle(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	(void)len;
	meta->level_n = le32_of(RUN_LEVEL_MAX);
	memcpy(section[RUN_INDEX] + 4, &meta->root, 16);
	memcpy(section[RUN_INDEX] + 4 + sizeof meta->root, &meta->root, 16);
}

/* The second block is the first once more. */
static void repeat(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	const size_t each = sizeof(struct run_child_disk);

	(void)meta;
	(void)len;
	memcpy(section[RUN_INDEX] + 4 + each, section[RUN_INDEX] + 4, 16);
}

/* A block that would unpack to 1 GiB. */
static void swell(struct run_meta_disk *meta, uint8_t *section[4], const size_t len[4])
{
	struct run_child_disk child;

	(void)meta;
	(void)len;
	memcpy(&child, section[RUN_INDEX] + 4, sizeof child);
	child.raw_len = le32_of(1u << 30);
	child.codec = BLOCK_LZ4;
	memcpy(section[RUN_INDEX] + 4, &child, sizeof child);
}

static int walk(struct fixture *f, bool reverse)
{
	struct iter_from from = { reverse ? UINT32_MAX : 0, bytes_of(NULL, 0), reverse };
	struct entry e;
	struct iter *it;
	struct run *r;
	int n;

	assert_int_equal(run_open(&r, f->b, &f->info, store_a, NULL), 0);
	n = run_iter(&it, r, &from, NULL);
	if (n == 0) {
		while ((n = iter_next(it, &e)) == 1)
			;
		iter_close(it);
	}
	run_close(r);
	return n;
}

static void a_walk_never_gives_keys_out_of_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(walk(f, false), 0);
	assert_int_equal(walk(f, true), 0);
	forge(f, repeat);
	assert_int_equal(walk(f, false), ERR_DAMAGED);
	assert_int_equal(walk(f, true), ERR_DAMAGED);
}

static void a_block_does_not_swell_past_its_limit(void **state)
{
	struct fixture *f = *state;

	forge(f, swell);
	assert_int_equal(walk(f, false), ERR_DAMAGED);
	assert_non_null(strstr(err_message(), "points outside"));
}

static void what_a_run_says_of_itself_is_held_against_its_rows(void **state)
{
	struct fixture *f = *state, copy = *f;

	assert_string_equal(lied(f, nothing), "none");
	*f = copy;
	assert_string_equal(lied(f, deny), "the filter denies key \"00000\"");
	*f = copy;
	assert_string_equal(lied(f, overcount), "entries: the superblock says 3001, there are 3000");
	*f = copy;
	assert_string_equal(lied(f, oldest), "lowest version: the superblock says 4, there are 5");
	*f = copy;
	assert_non_null(strstr(lied(f, shift), "a row outside them"));
	*f = copy;
	assert_non_null(strstr(lied(f, circle), "more index nodes than"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(forged_blocks_are_read_inside_their_bounds),
		CASE(a_row_longer_than_its_block_is_damage),
		CASE(few_absent_keys_pass_the_filter),
		CASE(a_walk_never_gives_keys_out_of_order),
		CASE(a_block_does_not_swell_past_its_limit),
		CASE(what_a_run_says_of_itself_is_held_against_its_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
