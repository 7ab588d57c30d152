/* tests/unit/recover.c - torn, damaged or whole: the verdict on every small wound */
#include "log_kit.h"
#include "store/recover.h"

static uint8_t *file;
static uint64_t file_size_now;

static struct backend *wounded_store(uint64_t bytes)
{
	struct backend *b = kit_store(bytes);

	file = kit_bytes(b, KIT_LOG, &file_size_now);
	return b;
}

static void flip(uint64_t bit)
{
	file[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void drop_index(struct backend *b)
{
	int r = backend_remove(b, TAIL_NAME);

	if (r != ERR_ABSENT)
		kit_must(r);
}

/* What opening without an index says. */
static int open_afresh(struct backend *b, struct log **out)
{
	struct log_options o = kit_options(b, true);

	drop_index(b);
	return log_open(out, &o);
}

/* Three commits, the second of three blocks; each flushed. */
static void three_commits(struct backend *b)
{
	struct log *l = kit_open(b, true);

	kit_commit(l, 1, 3, 20, true);
	kit_commit(l, 10, 10, 1000, true);
	kit_commit(l, 1, 2, 30, true);
	log_close(l);
}

/* Where a flipped bit should be reported: the head and marks by block, the rest
 * by sector. */
static uint64_t place(uint64_t bit)
{
	uint64_t byte = bit / 8;

	if (byte < WAL_FIRST_BLK * WAL_BLOCK)
		return byte / WAL_BLOCK * WAL_BLOCK;
	return byte / DISK_SECTOR * DISK_SECTOR;
}

static void every_flipped_bit_of_a_log_is_reported_at_its_place(void **state)
{
	struct backend *b = wounded_store(0);
	struct kit_seen seen;
	struct log *l;
	unsigned step = 8009 / kit_scaled(100) + 1;

	(void)state;
	three_commits(b);
	assert_int_equal(kit_walk(b, &seen), 0);
	assert_int_equal(seen.commit_n, 3);
	assert_int_equal(seen.entry_n, 15);
	for (uint64_t bit = 0; bit < 8 * file_size_now; bit += step) {
		flip(bit);
		assert_int_equal(kit_walk(b, &seen), ERR_DAMAGED);
		assert_int_equal(seen.fault_n, 1);
		assert_int_equal(seen.fault.off, place(bit));
		assert_true(seen.commit_n == 3 || place(bit) == 0 ||
			    (place(bit) >= 3 * WAL_BLOCK && seen.commit_n == 2));
		assert_int_equal(open_afresh(b, &l), ERR_DAMAGED);
		flip(bit);
	}
	assert_int_equal(kit_walk(b, &seen), 0);
	backend_close(b);
}

static void every_bit_of_the_used_blocks_matters(void **state)
{
	struct backend *b = wounded_store(0);
	const struct wal_key k = kit_key(7);
	struct wal_block w;

	(void)state;
	three_commits(b);
	for (uint64_t bit = 8 * WAL_FIRST_BLK * WAL_BLOCK; bit < 8 * 8 * WAL_BLOCK; bit++) {
		uint64_t blk = bit / 8 / WAL_BLOCK;

		flip(bit);
		wal_check(&w, file + blk * WAL_BLOCK, blk, &k);
		assert_int_equal(w.kind, WAL_DAMAGED);
		flip(bit);
	}
	backend_close(b);
}

/* A durable commit, then one of three blocks that was never flushed: what a crash
 * may leave of it, sector by sector, over WAS.  Never damage. */
static void check_torn(struct backend *b, const uint8_t *was, const uint8_t *now,
		       uint32_t kept)
{
	struct kit_seen seen;
	struct log *l;
	uint64_t first = 4 * WAL_BLOCK, v;
	bool whole = kept == (1u << 24) - 1;
	int r;

	for (unsigned i = 0; i < 24; i++)
		memcpy(file + first + i * 512, (kept >> i & 1 ? now : was) + i * 512, 512);
	r = kit_walk(b, &seen);
	if (r != (kept && !whole ? ERR_TORN_TAIL : 0))
		fail_msg("kept %#x: %d %s", kept, r, err_message());
	assert_int_equal(seen.commit_n, 1 + whole);
	kit_must(open_afresh(b, &l));
	assert_int_equal(log_version(l), whole ? 102 : 101);
	assert_int_equal(kit_has(l, 1, UINT64_MAX, 101, 20), 1);
	assert_int_equal(kit_has(l, 10, UINT64_MAX, 102, 1000), whole);
	v = kit_commit(l, 50, 10, 1000, true);
	assert_int_equal(v, whole ? 103 : 102);
	log_close(l);
	assert_int_equal(kit_walk(b, &seen), 0);
	assert_int_equal(seen.last_version, v);
}

static void what_a_crash_leaves_of_the_last_commit_is_torn_never_damage(void **state)
{
	static uint8_t was[2][24 * 512], now[24 * 512], start[16 * WAL_BLOCK];
	struct backend *b = wounded_store(0);
	struct wal_commit old = { .key = kit_key(3), .version = 5, .nonce = 77 };
	struct log *l = kit_open(b, true);
	uint8_t bytes[9000];

	(void)state;
	kit_commit(l, 1, 3, 20, true);
	kit_commit(l, 10, 10, 1000, false);
	log_close(l);
	memcpy(start, file, sizeof start);
	memcpy(now, file + 4 * WAL_BLOCK, sizeof now);
	old.records = kit_value(1, 1, sizeof bytes, bytes);
	old.blk = 4;
	old.entry_n = 1;
	for (uint32_t i = 0; i < 3; i++)	/* an older log's blocks lie there */
		wal_build(was[1] + i * WAL_BLOCK, &old, i, 0);
	for (unsigned cut = 0; cut <= 24; cut++)
		for (int w = 0; w < 2; w++) {
			memcpy(file, start, sizeof start);
			check_torn(b, was[w], now, (uint32_t)((1ull << cut) - 1));
		}
	kit_seed = 1;
	for (unsigned i = 0; i < kit_scaled(300); i++) {
		memcpy(file, start, sizeof start);
		check_torn(b, was[i % 2], now, (uint32_t)kit_draw(1 << 24));
	}
	backend_close(b);
}

/* The file itself ends in the last commit, at each byte. */
static void a_file_cut_in_its_last_commit_has_a_torn_tail(void **state)
{
	struct backend *b = wounded_store(0);
	static uint8_t start[16 * WAL_BLOCK];
	struct log *l = kit_open(b, true);
	struct kit_seen seen;
	struct file *f;

	(void)state;
	kit_commit(l, 1, 3, 20, true);
	kit_commit(l, 10, 10, 1000, false);
	log_close(l);
	memcpy(start, file, sizeof start);
	kit_must(backend_open(b, KIT_LOG, FILE_WRITE, &f));
	for (uint64_t cut = 4 * WAL_BLOCK; cut < 7 * WAL_BLOCK; cut += 13) {
		int r;

		kit_must(file_resize(f, sizeof start));
		memcpy(file, start, sizeof start);
		kit_must(file_resize(f, cut));
		r = kit_walk(b, &seen);
		assert_int_equal(r, cut < 5 * WAL_BLOCK ? 0 : ERR_TORN_TAIL);
		kit_must(open_afresh(b, &l));
		assert_int_equal(log_version(l), 101);
		kit_commit(l, 60, 10, 1000, true);	/* it grows again */
		assert_int_equal(kit_has(l, 60, UINT64_MAX, 102, 1000), 1);
		log_close(l);
		assert_int_equal(kit_walk(b, &seen), 0);
	}
	file_close(f);
	backend_close(b);
}

static void a_file_cut_before_what_was_durable_is_damaged(void **state)
{
	struct backend *b = wounded_store(0);
	struct log *l = kit_open(b, true);
	struct kit_seen seen;
	struct file *f;

	(void)state;
	for (int i = 0; i < 300; i++)		/* past a mark */
		kit_commit(l, 1, 1, 20, true);
	log_close(l);
	kit_must(backend_open(b, KIT_LOG, FILE_WRITE, &f));
	kit_must(file_resize(f, 100 * WAL_BLOCK));
	file_close(f);
	assert_int_equal(kit_walk(b, &seen), ERR_DAMAGED);
	assert_int_equal(seen.commit_n, 97);
	assert_int_equal(open_afresh(b, &l), ERR_DAMAGED);
	assert_non_null(strstr(err_message(), "offset 409600"));
	backend_close(b);
}

/* Each block that a later one, or a mark, knows to have been durable. */
static void a_lost_block_before_the_durable_position_is_damage_there(void **state)
{
	struct backend *b = wounded_store(0);
	static uint8_t start[16 * WAL_BLOCK];
	struct kit_seen seen;
	char words[64];
	struct log *l;

	(void)state;
	three_commits(b);
	memcpy(start, file, sizeof start);
	for (uint64_t blk = 3; blk < 7; blk++)
		for (int how = 0; how < 2; how++) {
			memcpy(file, start, sizeof start);
			memset(file + blk * WAL_BLOCK + (how ? 1024 : 0), 0,
			       how ? 512 : WAL_BLOCK);
			assert_int_equal(kit_walk(b, &seen), ERR_DAMAGED);
			assert_int_equal(seen.fault_n, 1);
			assert_int_equal(seen.fault.off, blk * WAL_BLOCK);
			assert_int_equal(seen.fault.beyond_n, blk == 3 ? 2 : 1);
			assert_int_equal(seen.commit_n, 2);
			assert_int_equal(open_afresh(b, &l), ERR_DAMAGED);
			snprintf(words, sizeof words, "offset %llu:",
				 (unsigned long long)(blk * WAL_BLOCK));
			assert_non_null(strstr(err_message(), words));
		}
	backend_close(b);
}

/* The last commit was flushed, but nothing later says so: indistinguishable from
 * one that was not, if it is gone as a crash would have it; damage otherwise. */
static void bad_bytes_in_the_last_commit_are_damage_though_nobody_vouches(void **state)
{
	struct backend *b = wounded_store(0);
	struct kit_seen seen;

	(void)state;
	three_commits(b);
	memset(file + 7 * WAL_BLOCK + 512, 0x5a, 512);
	assert_int_equal(kit_walk(b, &seen), ERR_DAMAGED);
	assert_int_equal(seen.fault.off, 7 * WAL_BLOCK + 512);
	assert_int_equal(seen.fault.version, 103);
	backend_close(b);
}

/* V torn and V+1 whole behind it; then a new V of the same shape: the old V+1
 * fits in every way but its chain. */
static void a_commit_behind_a_torn_one_never_comes_back(void **state)
{
	struct backend *b = wounded_store(0);
	static uint8_t behind[WAL_BLOCK];
	struct log *l = kit_open(b, true);
	struct kit_seen seen;

	(void)state;
	kit_commit(l, 1, 1, 20, true);
	kit_commit(l, 2, 10, 1000, false);
	kit_commit(l, 40, 1, 30, false);
	log_close(l);
	memcpy(behind, file + 7 * WAL_BLOCK, WAL_BLOCK);
	memset(file + 5 * WAL_BLOCK, 0, 512);
	kit_must(open_afresh(b, &l));
	assert_int_equal(log_version(l), 101);
	assert_int_equal(kit_commit(l, 2, 10, 1000, true), 102);
	log_close(l);
	assert_int_equal(kit_walk(b, &seen), 0);
	memcpy(file + 7 * WAL_BLOCK, behind, WAL_BLOCK);	/* had it not been wiped */
	assert_int_equal(kit_walk(b, &seen), ERR_TORN_TAIL);
	assert_int_equal(seen.last_version, 102);
	kit_must(open_afresh(b, &l));
	assert_int_equal(log_version(l), 102);
	assert_int_equal(kit_has(l, 40, UINT64_MAX, 0, 0), 0);
	log_close(l);
	backend_close(b);
}

static int failing_read(struct file *f)
{
	const struct log_walk w = { NULL, NULL, NULL, NULL };

	return log_walk(f, NULL, &w, NULL);
}

static ssize_t (*sound_read)(struct file *, void *, size_t, uint64_t);
static uint64_t bad_from;

static ssize_t read_until(struct file *f, void *p, size_t n, uint64_t off)
{
	if (off + n > bad_from)
		return err_set(ERR_IO, "offset %llu: read", (unsigned long long)bad_from);
	return sound_read(f, p, n, off);
}

static void a_read_error_is_an_error_never_the_end(void **state)
{
	struct backend *b = wounded_store(512 << 10);
	struct backend_ops ops = *b->ops, *bad = &ops;
	const struct backend_ops *good = b->ops;
	struct file *f;

	(void)state;
	three_commits(b);
	sound_read = ops.read;
	ops.read = read_until;
	kit_must(backend_open(b, KIT_LOG, 0, &f));
	b->ops = bad;
	for (bad_from = 0; bad_from < file_size_now; bad_from += 64 * WAL_BLOCK)
		assert_int_equal(failing_read(f), ERR_IO);
	b->ops = good;
	assert_int_equal(failing_read(f), 0);
	file_close(f);
	backend_close(b);
}

static void damage_in_the_middle_hides_no_commit_behind_it(void **state)
{
	struct backend *b = wounded_store(0);
	struct log *l = kit_open(b, true);
	struct kit_seen seen;

	(void)state;
	for (uint64_t i = 0; i < 60; i++)
		kit_commit(l, i, 1, 20, true);
	log_close(l);
	file = kit_bytes(b, KIT_LOG, NULL);
	flip(8 * (10 * WAL_BLOCK + 700));
	flip(8 * (20 * WAL_BLOCK + 100));
	flip(8 * (30 * WAL_BLOCK + 4000));
	assert_int_equal(kit_walk(b, &seen), ERR_DAMAGED);
	assert_int_equal(seen.fault_n, 3);
	assert_int_equal(seen.fault_off[0], 10 * WAL_BLOCK + 512);
	assert_int_equal(seen.fault_off[1], 20 * WAL_BLOCK);
	assert_int_equal(seen.fault_off[2], 30 * WAL_BLOCK + 3584);
	assert_int_equal(seen.commit_n, 57);
	assert_int_equal(seen.fault.beyond_n, 50);
	assert_int_equal(seen.last_version, 160);
	backend_close(b);
}

static void random_bytes_never_crash_a_walk(void **state)
{
	struct backend *b = wounded_store(0);
	static uint8_t start[16 * WAL_BLOCK];
	struct kit_seen seen;
	const struct wal_key k = kit_key(7);

	(void)state;
	three_commits(b);
	memcpy(start, file, sizeof start);
	for (unsigned i = 0; i < kit_scaled(400); i++) {
		struct wal_commit c = { .key = k, .blk = 3 + i % 9, .version = 101 + i % 3 };
		uint8_t junk[3000];

		kit_seed = i;
		memcpy(file, start, sizeof start);
		/* sound checksums around senseless contents */
		c.nonce = kit_draw(UINT64_MAX);
		c.prev_nonce = kit_draw(2) ? kit_draw(UINT64_MAX) : 0;
		c.durable_blk = kit_draw(20);
		c.entry_n = kit_draw(1u << kit_draw(32));
		c.records = kit_value(i, i, kit_draw(sizeof junk), junk);
		if (i % 2)	/* let it follow what is before it */
			memcpy(&c.prev_nonce, file + 7 * WAL_BLOCK + 8, 8);
		if (i % 2)
			c.blk = 8, c.version = 104;
		wal_build(file + c.blk * WAL_BLOCK, &c, 0, (uint32_t)kit_draw(5000));
		kit_walk(b, &seen);
		assert_true(seen.commit_n <= 4);
	}
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_of_a_log_is_reported_at_its_place),
		cmocka_unit_test(every_bit_of_the_used_blocks_matters),
		cmocka_unit_test(what_a_crash_leaves_of_the_last_commit_is_torn_never_damage),
		cmocka_unit_test(a_file_cut_in_its_last_commit_has_a_torn_tail),
		cmocka_unit_test(a_file_cut_before_what_was_durable_is_damaged),
		cmocka_unit_test(a_lost_block_before_the_durable_position_is_damage_there),
		cmocka_unit_test(bad_bytes_in_the_last_commit_are_damage_though_nobody_vouches),
		cmocka_unit_test(a_commit_behind_a_torn_one_never_comes_back),
		cmocka_unit_test(a_read_error_is_an_error_never_the_end),
		cmocka_unit_test(damage_in_the_middle_hides_no_commit_behind_it),
		cmocka_unit_test(random_bytes_never_crash_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
