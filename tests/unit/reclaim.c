/* tests/unit/reclaim.c - space given back: runs, logs, blobs; and who is in the way
 *
 * Each key's value is known from its round, so that after whatever was merged and
 * moved every byte can be held against what it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "io/backend.h"
#include "store/kept.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define LARGE 30000u

static struct store *make(struct backend **b)
{
	must(backend_mem(b));
	must(store_create_on(*b, bytes_str("log_size = 256K\nreserve_size = 0\n"
					   "compression = none\n")));
	return open_on(*b);
}

static struct bytes value(unsigned key, unsigned round, size_t len)
{
	static uint8_t out[LARGE];
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = hash_u64((uint64_t)key << 40 | (uint64_t)round << 20 | i);
		out[i] = (uint8_t)(word >> (i % 8 * 8));
	}
	return bytes_of(out, len);
}

static struct bytes name(unsigned key, char buf[32])
{
	return bytes_of(buf, (size_t)sprintf(buf, "key/%u", key));
}

/* Keys FIRST, FIRST + STEP, ... below N. */
static void put(struct store *s, unsigned first, unsigned step, unsigned n, unsigned round,
		size_t len)
{
	struct txn *t;
	char buf[32];

	must(txn_begin(&t, s));
	for (unsigned k = first; k < n; k += step) {
		must(txn_put(t, 0, name(k, buf), value(k, round, len), 0));
		if (txn_bytes(t) > 20000)
			must(txn_commit(t, NULL));
	}
	must(txn_commit(t, NULL));
	txn_abort(t);
}

static void check(struct store *s, struct snapshot *v, unsigned key, unsigned round, size_t len)
{
	static uint8_t got[LARGE + 1];
	struct value *val;
	struct entry e;
	uint64_t off = 0;
	char buf[32];
	long n;

	if ((v ? snapshot_get(v, 0, name(key, buf), &e) :
	     store_get(s, 0, name(key, buf), &e)) != 1)
		fail_msg("key %u is lost: %s", key, err_message());
	must(value_open(&val, s, &e));
	while ((n = value_read(val, off, got + off, sizeof got - off)) > 0)
		off += (uint64_t)n;
	must((int)n);
	value_close(val);
	assert_int_equal(off, len);
	assert_memory_equal(got, value(key, round, len).ptr, len);
}

static int count_one(void *ctx, const char *file)
{
	(void)file;
	++*(unsigned *)ctx;
	return 0;
}

static unsigned files(struct backend *b, const char *dir)
{
	unsigned n = 0;

	must(backend_list(b, dir, count_one, &n));
	return n;
}

/* --- merges by the way: how many runs are left, and how much one step reads --- */

#define SMALL_LOG (32u << 10)
#define STEP_LEAST (32 * SMALL_LOG)	/* as store/merge.c has it */
#define RUNS 8

static int small_log(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	int r = settings(ctx, out, config, where);

	out->value[SETTING_LOG_SIZE] = SMALL_LOG;
	return r;
}

struct runs {
	uint32_t n;
	uint64_t id[64], len[64], bytes;
};

static void runs_of(struct store *s, struct runs *out)
{
	const struct manifest *m;
	struct snapshot *v;

	must(store_snapshot(s, &v));
	m = snapshot_manifest(v);
	assert_true(m->run_n <= 64);
	*out = (struct runs){ .n = m->run_n };
	for (uint32_t i = 0; i < m->run_n; i++) {
		out->id[i] = m->run[i].ref.id;
		out->len[i] = m->run[i].ref.bytes;
		out->bytes += out->len[i];
	}
	snapshot_close(v);
}

/* Bytes of runs that were there BEFORE and are not NOW: read and written again. */
static uint64_t moved(const struct runs *before, const struct runs *now)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < before->n; i++) {
		bool still = false;

		for (uint32_t k = 0; k < now->n; k++)
			still |= now->id[k] == before->id[i];
		bytes += still ? 0 : before->len[i];
	}
	return bytes;
}

struct tally {
	uint64_t written, moved, most_share;	/* in percent of the bound */
	uint32_t most_runs, beyond;
};

static void watch(struct store *s, struct runs *before, struct tally *t)
{
	struct runs now;
	uint64_t again, bound;

	runs_of(s, &now);
	again = moved(before, &now);
	/* the log became a run, of about its size, before the step */
	bound = (before->bytes + 4 * SMALL_LOG) / 2;
	bound = bound > STEP_LEAST ? bound : STEP_LEAST;
	t->moved += again;
	t->beyond += again > STEP_LEAST;
	if (again * 100 / bound > t->most_share)
		t->most_share = again * 100 / bound;
	if (now.n > t->most_runs)
		t->most_runs = now.n;
	*before = now;
}

/* Keys in random order: SPREAD of them new ones, the others old ones or removed. */
static void grow(struct store *s, uint32_t *model, unsigned keys, unsigned commits,
		 unsigned seed, struct tally *t)
{
	struct runs before = { 0 };
	struct txn *txn;
	char buf[32];

	must(txn_begin(&txn, s));
	for (unsigned c = 0; c < commits; c++) {
		for (unsigned i = 0; i < 150; i++) {
			uint64_t h = hash_u64((uint64_t)seed << 40 | (uint64_t)c << 16 | i);
			unsigned k = (unsigned)(h % keys);
			unsigned round = h >> 60 ? c + 1 : 0;	/* 0: removed */

			model[k] = round;
			if (round)
				must(txn_put(txn, 0, name(k, buf), value(k, round, 200), 0));
			else
				must(txn_remove(txn, 0, name(k, buf)));
		}
		t->written += txn_bytes(txn);
		must(txn_commit(txn, NULL));
		watch(s, &before, t);
	}
	txn_abort(txn);
}

static void check_model(struct store *s, const uint32_t *model, unsigned keys)
{
	unsigned there = 0, seen = 0;
	struct scan_options o = { .from.space = 0 };
	struct snapshot *v;
	struct iter *it;
	struct entry e;
	char buf[32];
	int r;

	must(store_snapshot(s, &v));
	for (unsigned k = 0; k < keys; k++) {
		there += model[k] != 0;
		if (model[k] && k % 7 == 0)
			check(s, v, k, model[k], 200);
		else if (!model[k])
			assert_int_equal(snapshot_get(v, 0, name(k, buf), &e), 0);
	}
	must(snapshot_scan(v, &o, &it));
	while ((r = iter_next(it, &e)) == 1)
		seen++;
	must(r);
	iter_close(it);
	snapshot_close(v);
	assert_int_equal(seen, there);
}

static void merges_leave_few_runs_and_one_step_moves_a_bounded_share(void **state)
{
	struct store_options o = { .write = true, .settings = small_log, .who = "test" };
	unsigned commits = scaled(260), keys = 150 * commits;
	uint32_t *model = calloc(keys, sizeof *model);
	struct tally t = { 0 };
	struct backend *b;
	struct store *s;

	(void)state;
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("reserve_size = 0\ncompression = none\n")));
	must(store_open_on(&s, b, &o));
	assert_non_null(model);
	grow(s, model, keys, commits, 1, &t);
	print_message("# %u runs at most, moved %.1f times, a step %u%% of its bound, "
		      "%u of them beyond %u bytes\n", t.most_runs,
		      (double)t.moved / (double)t.written, (unsigned)t.most_share,
		      t.beyond, STEP_LEAST);
	assert_true(t.most_runs <= RUNS);
	assert_true(t.most_share <= 100);
	if (commits >= 260) {
		assert_true(t.beyond > 0);		/* it has come to that */
		assert_true(t.moved <= 8 * t.written);
	}
	check_model(s, model, keys);
	free(model);
	store_close(s);
	backend_close(b);
}

/* Each folds, and none fills the log: their runs must not pile up. */
static void snapshots_one_after_another_leave_few_runs(void **state)
{
	struct backend *b;
	struct store *s;
	struct runs now;

	(void)state;
	s = make(&b);
	for (unsigned i = 0; i < 30; i++) {
		char snap[16];
		uint64_t version;

		put(s, 100 * i, 1, 100 * i + 100 - 3 * i, i, 200);
		must(kept_take(s, bytes_of(snap, (size_t)sprintf(snap, "s%u", i)), &version));
		runs_of(s, &now);
		assert_true(now.n <= RUNS);
	}
	check(s, NULL, 0, 0, 200);
	store_close(s);
	backend_close(b);
}

/* --- who is in the way --- */

static void a_held_snapshot_neither_blocks_nor_grows_the_store(void **state)
{
	unsigned n = scaled(3000), most_files = 0;
	uint64_t most_log = 0;
	struct backend *b, *again;
	struct store *s, *reader;
	struct store_stat is;
	struct snapshot *v;

	(void)state;
	s = make(&b);
	must(backend_mem_again(&again, b));
	put(s, 0, 1, n, 0, 200);
	reader = open_on(again);
	must(store_snapshot(reader, &v));
	snapshot_settle(v);
	for (unsigned round = 1; round <= 12; round++) {
		put(s, 0, 1, n, round, 200);
		must(store_stat(s, &is));
		if (files(b, "seg") > most_files)
			most_files = files(b, "seg");
		if (is.log_bytes > most_log)
			most_log = is.log_bytes;
		assert_true(files(b, "wal") <= 4);
	}
	assert_true(most_files <= 10);
	assert_true(most_log <= 4 * 256 * 1024);
	for (unsigned k = 0; k < n; k += 7)
		check(reader, v, k, 0, 200);
	for (unsigned k = 0; k < n; k += 7)
		check(s, NULL, k, 12, 200);
	snapshot_close(v);
	store_close(reader);
	store_close(s);
	backend_close(again);
	backend_close(b);
}

static void a_held_snapshot_keeps_the_values_it_refers_to(void **state)
{
	unsigned n = scaled(60);
	struct backend *b, *again;
	struct store *s, *reader;
	struct snapshot *v;

	(void)state;
	s = make(&b);
	must(backend_mem_again(&again, b));
	put(s, 0, 1, n, 0, LARGE);
	store_close(s);			/* gives its lease back: the blob may be moved */
	s = open_on(b);
	must(store_fold(s));
	reader = open_on(again);
	must(store_snapshot(reader, &v));
	snapshot_settle(v);
	put(s, 0, 2, n, 1, LARGE);
	store_close(s);
	s = open_on(b);
	must(store_compact(s));
	for (unsigned k = 0; k < n; k++) {
		check(reader, v, k, 0, LARGE);
		check(s, NULL, k, k % 2 == 0, LARGE);
	}
	snapshot_close(v);
	must(store_compact(s));
	assert_true(files(b, "seg") <= 4);
	store_close(reader);
	store_close(s);
	backend_close(again);
	backend_close(b);
}

/* --- blobs --- */

static void a_half_dead_blob_is_rewritten_when_compacting(void **state)
{
	unsigned n = scaled(100);
	struct store_stat is;
	struct backend *b;
	struct store *s;

	(void)state;
	s = make(&b);
	put(s, 0, 1, n, 0, LARGE);
	for (unsigned round = 1; round < 4; round++) {
		put(s, round % 2, 2, n, round, LARGE);
		store_close(s);
		s = open_on(b);
		must(store_compact(s));
		must(store_stat(s, &is));
		assert_true(is.blob_bytes <= (uint64_t)n * LARGE * 21 / 20 + 3 * 4096);
		assert_in_range(is.blob_live, (uint64_t)n * LARGE, is.blob_bytes);
		for (unsigned k = 0; k < n; k++)
			check(s, NULL, k, k % 2 ? (round + 1) / 2 * 2 - 1 :
			      round / 2 * 2, LARGE);
	}
	store_close(s);
	backend_close(b);
}

/* What a transaction has written and not committed is in a blob that nothing refers
 * to yet: a compaction beside it must not take it away. */
static void values_not_yet_committed_survive_a_compaction(void **state)
{
	unsigned n = scaled(1200);	/* 36 MB: more than one blob of a small store */
	struct backend *b, *again;
	struct store *s, *other;
	struct txn *t;
	char buf[32];

	(void)state;
	s = make(&b);
	must(backend_mem_again(&again, b));
	other = open_on(again);
	must(txn_begin(&t, s));
	for (unsigned k = 0; k < n; k++)
		must(txn_put(t, 0, name(k, buf), value(k, 0, LARGE), 0));
	put(other, n, 1, n + 10, 0, LARGE);
	must(store_compact(other));
	must(txn_commit(t, NULL));
	must(store_compact(other));
	for (unsigned k = 0; k < n + 10; k += 13)
		check(s, NULL, k, 0, LARGE);
	txn_abort(t);
	store_close(other);
	store_close(s);
	backend_close(again);
	backend_close(b);
}

/* A rename takes a reference from the runs: from the newest. */
static void a_rename_beside_a_compaction_keeps_its_value(void **state)
{
	struct backend *b, *again;
	struct store *s, *other;
	struct txn *t;
	char from[32], to[32];

	(void)state;
	s = make(&b);
	put(s, 0, 1, 40, 0, LARGE);
	must(store_fold(s));
	put(s, 0, 2, 40, 1, LARGE);
	must(store_fold(s));
	store_close(s);
	s = open_on(b);
	check(s, NULL, 1, 0, LARGE);		/* the runs are open */
	must(backend_mem_again(&again, b));
	other = open_on(again);
	must(store_compact(other));		/* moves key 1; the log is as it was */
	must(txn_begin(&t, s));
	must(txn_rename(t, 0, name(1, from), name(1000, to)));
	must(txn_commit(t, NULL));
	txn_abort(t);
	must(store_compact(other));
	assert_int_equal(store_get(s, 0, name(1, from), &(struct entry){ 0 }), 0);
	store_close(s);
	s = open_on(b);
	must(txn_begin(&t, s));
	must(txn_rename(t, 0, name(1000, to), name(1, from)));
	must(txn_commit(t, NULL));
	txn_abort(t);
	check(s, NULL, 1, 0, LARGE);
	store_close(other);
	store_close(s);
	backend_close(again);
	backend_close(b);
}

static void large_values_overwritten_again_and_again_take_bounded_space(void **state)
{
	unsigned n = scaled(2500), worst = 0;	/* 75 MB */
	struct store_stat is;
	struct backend *b;
	struct store *s;

	(void)state;
	s = make(&b);
	for (unsigned round = 0; round < 4; round++) {
		put(s, 0, 1, n, round, LARGE);
		must(store_stat(s, &is));
		if (is.bytes * 100 / ((uint64_t)n * LARGE) > worst)
			worst = (unsigned)(is.bytes * 100 / ((uint64_t)n * LARGE));
	}
	print_message("# at most %u.%02u of what is live\n", worst / 100, worst % 100);
	if (n >= 2500)
		assert_true(worst <= 160);
	for (unsigned k = 0; k < n; k += 31)
		check(s, NULL, k, 3, LARGE);
	store_close(s);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_leave_few_runs_and_one_step_moves_a_bounded_share),
		cmocka_unit_test(snapshots_one_after_another_leave_few_runs),
		cmocka_unit_test(a_held_snapshot_neither_blocks_nor_grows_the_store),
		cmocka_unit_test(a_held_snapshot_keeps_the_values_it_refers_to),
		cmocka_unit_test(a_half_dead_blob_is_rewritten_when_compacting),
		cmocka_unit_test(values_not_yet_committed_survive_a_compaction),
		cmocka_unit_test(a_rename_beside_a_compaction_keeps_its_value),
		cmocka_unit_test(large_values_overwritten_again_and_again_take_bounded_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
