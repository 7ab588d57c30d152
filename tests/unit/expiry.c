/* tests/unit/expiry.c - records that expire, under a clock that goes both ways
 *
 * The model knows of each key when it expires.  Before a commit's time and the
 * clock both are past that, nobody may see it again, whatever was folded, merged
 * or reopened meanwhile and wherever the clock is set; before the latest clock
 * ever shown is past it, everybody must.  Between the two the clock was set back:
 * either answer is right there, but not an older value of the key.
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
#include "store/store.h"
#include "tests/lib/kit.h"

#define KEYS 40
#define START_MS 1700000000000u

static uint64_t rng, clock_ms, clock_most, commit_ms;

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void)
{
	return clock_ms * 1000000;
}

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

static void set_clock(uint64_t ms)
{
	clock_ms = ms;
	clock_most = ms > clock_most ? ms : clock_most;
}

static uint64_t now_ms(void)
{
	return clock_ms > commit_ms ? clock_ms : commit_ms;
}

struct row {
	bool there;
	uint64_t version, expires_ms;
	size_t len;
};

static struct bytes key_of(int i, char buf[32])
{
	return bytes_of(buf, (size_t)sprintf(buf, "key/%03d", i));
}

/* R is what a reader said of row I. */
static void judge(const struct row *row, int i, int r, const struct entry *e)
{
	bool must_be = row->there && (!row->expires_ms || row->expires_ms > clock_most);
	bool may_be = row->there && (!row->expires_ms || row->expires_ms > now_ms());

	must(r);
	if (must_be && r != 1)
		fail_msg("key %d is lost, it expires at %llu and it is %llu", i,
			 (unsigned long long)row->expires_ms, (unsigned long long)now_ms());
	if (!may_be && r == 1)
		fail_msg("key %d is back at version %llu, now %llu", i,
			 (unsigned long long)e->version, (unsigned long long)now_ms());
	if (r != 1)
		return;
	assert_int_equal(e->version, row->version);
	assert_int_equal(e->expires_ms, row->expires_ms);
	assert_int_equal(e->size, row->len);
}

static void look(struct store *s, const struct row *row)
{
	struct scan_options o = { .from.reverse = false };
	struct snapshot *v;
	struct entry e, seen[KEYS];
	bool shown[KEYS] = { 0 };
	struct iter *it;
	char buf[32];
	int r;

	must(store_snapshot(s, &v));
	must(snapshot_scan(v, &o, &it));
	while ((r = iter_next(it, &e)) == 1) {
		int i = (e.key.ptr[5] - '0') * 10 + e.key.ptr[6] - '0';

		assert_in_range(i, 0, KEYS - 1);
		seen[i] = e;
		shown[i] = true;
	}
	must(r);
	iter_close(it);
	for (int i = 0; i < KEYS; i++) {
		judge(&row[i], i, shown[i], &seen[i]);
		judge(&row[i], i, snapshot_get(v, 0, key_of(i, buf), &e), &e);
		judge(&row[i], i, store_get(s, 0, key_of(i, buf), &e), &e);
	}
	snapshot_close(v);
}

static void put_some(struct store *s, struct row *row)
{
	static const uint8_t value[3000];
	bool touched[KEYS] = { 0 };
	uint64_t ttl = rnd(3) ? 1 + rnd(4000) : 0, version;
	struct entry e;
	struct txn *t;
	char buf[32];

	must(txn_begin(&t, s));
	txn_set_ttl(t, ttl);
	for (uint64_t n = 1 + rnd(rnd(8) ? 4 : KEYS); n; n--) {
		int i = (int)rnd(KEYS);

		touched[i] = true;
		row[i] = (struct row){ .there = rnd(6) != 0, .len = rnd(9) ? rnd(900) : 3000 };
		if (row[i].there)
			must(txn_put(t, 0, key_of(i, buf), bytes_of(value, row[i].len), 0));
		else
			must(txn_remove(t, 0, key_of(i, buf)));
	}
	if (rnd(2))
		set_clock(clock_ms + rnd(3000));	/* the commit comes later */
	must(txn_commit(t, &version));
	txn_abort(t);
	commit_ms = now_ms();
	for (int i = 0; i < KEYS; i++) {
		if (!touched[i] || !row[i].there)
			continue;
		row[i].version = version;
		row[i].expires_ms = 0;
		if (store_get(s, 0, key_of(i, buf), &e) != 1)
			fail_msg("key %d expired before its commit", i);
		row[i].expires_ms = e.expires_ms;
		if (ttl)
			assert_in_range(e.expires_ms, commit_ms + ttl, clock_most + ttl);
		else
			assert_int_equal(e.expires_ms, 0);
	}
}

/* What is not there for sure can be made on that condition, and what is, not. */
static void conditions(struct store *s, struct row *row)
{
	int i = (int)rnd(KEYS), r;
	bool must_be = row[i].there && (!row[i].expires_ms || row[i].expires_ms > clock_most);
	bool may_be = row[i].there && (!row[i].expires_ms || row[i].expires_ms > now_ms());
	uint64_t version;
	struct txn *t;
	char buf[32];

	if (may_be && !must_be)
		return;
	must(txn_begin(&t, s));
	must(txn_expect(t, 0, key_of(i, buf), TXN_ABSENT, 0));
	must(txn_put(t, 0, key_of(i, buf), bytes_of("x", 1), 0));
	r = txn_commit(t, &version);
	txn_abort(t);
	assert_int_equal(r, must_be ? ERR_ABSENT : 0);
	if (r < 0)
		return;
	row[i] = (struct row){ true, version, 0, 1 };
	commit_ms = now_ms();
}

static void history(uint64_t seed)
{
	struct backend *b;
	struct store *s;
	struct row row[KEYS] = { 0 };

	rng = seed;
	clock_most = commit_ms = 0;
	set_clock(START_MS);
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("log_size = 256K\nreserve_size = 0\n")));
	s = open_on(b);
	for (int step = 0; step < 150; step++) {
		switch (rnd(12)) {
		case 0: set_clock(clock_ms - rnd(5000)); break;
		case 1: set_clock(clock_ms + rnd(5000)); break;
		case 2: must(store_fold(s)); break;
		case 3: if (rnd(4) == 0) must(store_compact(s)); break;
		case 4:
			store_close(s);
			s = open_on(b);
			break;
		case 5: conditions(s, row); break;
		default: put_some(s, row);
		}
		look(s, row);
	}
	store_close(s);
	backend_close(b);
}

static void what_expired_never_comes_back(void **state)
{
	const char *replay = getenv("STRATO_SEED");
	unsigned histories = 12 * scale() / 100 + 1;

	(void)state;
	for (unsigned h = 0; h < histories; h++) {
		uint64_t seed = replay ? strtoull(replay, NULL, 10) : 1 + h;

		print_message("# seed %llu\n", (unsigned long long)seed);
		history(seed);
		if (replay)
			break;
	}
}

static void compacting_gives_back_what_expired(void **state)
{
	static const uint8_t value[1000];
	struct store_stat is;
	struct backend *b;
	struct store *s;
	struct txn *t;
	char buf[32];

	(void)state;
	clock_most = commit_ms = 0;
	set_clock(START_MS);
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("reserve_size = 0\n")));
	s = open_on(b);
	must(txn_begin(&t, s));
	txn_set_ttl(t, 1000);
	for (int i = 0; i < KEYS; i++)
		must(txn_put(t, 0, key_of(i, buf), bytes_of(value, sizeof value), 0));
	must(txn_commit(t, NULL));
	must(store_compact(s));
	must(store_stat(s, &is));
	assert_int_equal(is.run_entries, KEYS);
	set_clock(START_MS + 1000);
	must(store_compact(s));		/* one run, nothing removed: but all expired */
	must(store_stat(s, &is));
	assert_int_equal(is.run_entries, 0);
	txn_abort(t);
	store_close(s);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_expired_never_comes_back),
		cmocka_unit_test(compacting_gives_back_what_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
