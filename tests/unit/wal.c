/* tests/unit/wal.c - blocks of the log: what is written is known again, and
 * nothing else is taken for it */
#include "log_kit.h"

static uint8_t block[4][WAL_BLOCK];

static struct wal_commit some_commit(uint64_t blk, size_t len, uint64_t nonce)
{
	static uint8_t room[2][200000];
	static unsigned turn;
	struct wal_commit c = {
		.key = kit_key(7), .blk = blk, .version = 9, .nonce = nonce,
		.prev_nonce = 1, .durable_blk = 3, .entry_n = 1,
	};

	c.records = kit_value(nonce, len, len, room[turn++ % 2]);
	return c;
}

static enum wal_kind kind_of(const void *b, uint64_t blk, uint64_t log_id)
{
	const struct wal_key k = kit_key(log_id);
	struct wal_block out;

	wal_check(&out, b, blk, &k);
	return out.kind;
}

static void every_flipped_bit_of_a_block_is_damage(void **state)
{
	struct wal_commit c = some_commit(5, 2000, 11);

	(void)state;
	wal_build(block[0], &c, 0, 0);
	assert_int_equal(kind_of(block[0], 5, 7), WAL_WHOLE);
	for (unsigned bit = 0; bit < 8 * WAL_BLOCK; bit++) {
		block[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(kind_of(block[0], 5, 7), WAL_DAMAGED);
		block[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void a_block_is_bound_to_its_place_its_log_and_its_store(void **state)
{
	struct wal_commit c = some_commit(5, 2000, 11);
	struct wal_block out;
	struct wal_key k = kit_key(7);

	(void)state;
	wal_build(block[0], &c, 0, 0);
	assert_int_equal(kind_of(block[0], 6, 7), WAL_DAMAGED);
	assert_int_equal(kind_of(block[0], 5, 8), WAL_BLANK);	/* an older log's */
	assert_int_equal(kind_of(block[0], 6, 8), WAL_DAMAGED);
	assert_int_equal(kind_of(block[0], 5, 6), WAL_TAKEN);	/* a later log's */
	assert_int_equal(kind_of(block[0], 5, 7 + (1ull << 32)), WAL_DAMAGED);
	memset(block[0], 0, WAL_BLOCK);
	assert_int_equal(kind_of(block[0], 5, 7), WAL_BLANK);
	wal_build(block[0], &c, 0, 0);
	k.store_id[3] ^= 1;
	wal_check(&out, block[0], 5, &k);
	assert_int_equal(out.kind, WAL_DAMAGED);
}

/* All 256 ways in which one try can lie over another. */
static void sectors_of_two_tries_never_make_a_whole_block(void **state)
{
	struct wal_commit a = some_commit(5, 3500, 11), b = some_commit(5, 3500, 12);

	(void)state;
	wal_build(block[0], &a, 0, 0);
	wal_build(block[1], &b, 0, 0);
	for (unsigned mask = 0; mask < 256; mask++) {
		for (unsigned i = 0; i < 8; i++)
			memcpy(block[2] + i * 512, block[mask >> i & 1] + i * 512, 512);
		assert_int_equal(kind_of(block[2], 5, 7),
				 mask == 0 || mask == 255 ? WAL_WHOLE : WAL_MIXED);
	}
}

static void sectors_beside_old_or_empty_ones_are_torn_not_damaged(void **state)
{
	struct wal_commit now = some_commit(5, 3500, 11), old = some_commit(5, 3500, 12);

	(void)state;
	old.key.log_id = 3;
	wal_build(block[0], &now, 0, 0);
	wal_build(block[1], &old, 0, 0);
	for (unsigned mask = 1; mask < 255; mask++) {
		for (unsigned i = 0; i < 8; i++) {
			const uint8_t *from = block[mask >> i & 1] + i * 512;

			memcpy(block[2] + i * 512, from, 512);
			memset(block[3] + i * 512, 0, 512);
			if (!(mask >> i & 1))
				memcpy(block[3] + i * 512, from, 512);
		}
		assert_int_equal(kind_of(block[2], 5, 7), WAL_MIXED);
		assert_int_equal(kind_of(block[3], 5, 7), WAL_MIXED);
	}
}

static void check_stream(size_t len)
{
	struct wal_commit c = some_commit(5, len, 11);
	static uint8_t blocks[64 * WAL_BLOCK], got[200000];
	const struct wal_key k = kit_key(7);
	struct wal_block first, b;
	uint32_t n = wal_blk_n(len);
	uint64_t left = len;

	for (uint32_t i = 0; i < n; i++) {
		size_t room = i ? WAL_ROOM : WAL_ROOM_FIRST, m = left < room ? left : room;

		wal_build(blocks + i * WAL_BLOCK, &c, i, 0);
		wal_check(&b, blocks + i * WAL_BLOCK, 5 + i, &k);
		if (i == 0)
			first = b;
		assert_true(wal_continues(&first, &b, i));
		wal_gather(got + (len - left), blocks + i * WAL_BLOCK,
			   WAL_PAYLOAD - (uint32_t)room, m);
		left -= m;
	}
	assert_int_equal(left, 0);
	assert_int_equal(first.len, len);
	assert_memory_equal(got, c.records.ptr, len);
	for (size_t off = 0; off < len; off += off % 500 ? 1 : 7) {
		uint64_t pos = wal_pos(5, off);

		assert_int_equal(blocks[pos - 5 * WAL_BLOCK], c.records.ptr[off]);
		assert_in_range(wal_payload_off(pos), 40, WAL_PAYLOAD - 1);
	}
}

static void records_come_back_at_every_length_around_the_borders(void **state)
{
	(void)state;
	for (size_t len = 1; len < 3 * WAL_ROOM; len += len % WAL_ROOM < 100 ||
	     len % WAL_ROOM > WAL_ROOM - 100 ? 1 : 61)
		check_stream(len);
	check_stream(150000);
}

static void the_trailer_of_a_sector_is_no_place_for_a_record(void **state)
{
	(void)state;
	assert_int_equal(wal_payload_off(5 * WAL_BLOCK + 503), 503);
	for (unsigned i = 504; i < 512; i++)
		assert_int_equal(wal_payload_off(5 * WAL_BLOCK + i), WAL_PAYLOAD);
	assert_int_equal(wal_payload_off(5 * WAL_BLOCK + 512), 504);
}

static int parse_head(struct wal_head *h)
{
	struct backend named = { .path = (char *)"S" };
	struct file f = { .backend = &named, .name = (char *)"wal" };
	struct wal_key k = kit_key(7);

	return wal_head_parse(h, block[0], &k, &f);
}

static void every_flipped_bit_of_the_head_is_refused(void **state)
{
	struct wal_head h = { .key = kit_key(7), .file_id = 5, .base_version = 9 }, got;

	(void)state;
	wal_head_build(block[0], &h);
	kit_must(parse_head(&got));
	assert_int_equal(got.base_version, 9);
	for (unsigned bit = 0; bit < 8 * WAL_BLOCK; bit++) {
		block[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(parse_head(&got), ERR_DAMAGED);
		block[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	h.key.log_id = 8;
	wal_head_build(block[0], &h);
	assert_int_equal(parse_head(&got), ERR_CHANGED);
}

static void the_later_mark_counts_and_a_bad_one_is_damage(void **state)
{
	struct backend named = { .path = (char *)"S" };
	struct file f = { .backend = &named, .name = (char *)"wal" };
	struct wal_mark a = { .sequence = 4, .durable_blk = 30 };
	struct wal_mark b = { .sequence = 5, .durable_blk = 40, .flags = WAL_RETIRED }, got;
	struct wal_key k = kit_key(7);

	(void)state;
	wal_mark_build(block[0], &a, &k);
	wal_mark_build(block[1], &b, &k);
	kit_must(wal_mark_parse(&got, block, &k, &f));
	assert_int_equal(got.durable_blk, 40);
	assert_int_equal(got.flags, WAL_RETIRED);
	for (unsigned bit = 0; bit < 2 * 8 * WAL_BLOCK; bit += 3) {
		uint8_t *byte = (uint8_t *)block + bit / 8;

		*byte ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(wal_mark_parse(&got, block, &k, &f), ERR_DAMAGED);
		*byte ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_of_a_block_is_damage),
		cmocka_unit_test(a_block_is_bound_to_its_place_its_log_and_its_store),
		cmocka_unit_test(sectors_of_two_tries_never_make_a_whole_block),
		cmocka_unit_test(sectors_beside_old_or_empty_ones_are_torn_not_damaged),
		cmocka_unit_test(records_come_back_at_every_length_around_the_borders),
		cmocka_unit_test(the_trailer_of_a_sector_is_no_place_for_a_record),
		cmocka_unit_test(every_flipped_bit_of_the_head_is_refused),
		cmocka_unit_test(the_later_mark_counts_and_a_bad_one_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
