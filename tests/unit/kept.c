/* tests/unit/kept.c - snapshots on a disk that fails and forgets
 *
 * A history on the fault backend: some keys, a snapshot, other values, compaction,
 * then the step under test, which is killed at each of its operations in turn, or
 * each of which fails; then the power goes.  Whatever comes back, each snapshot that
 * is listed reads as the store was when it was taken, and the store as it is.
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
#include "io/fault.h"
#include "store/kept.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define KEYS 12
#define LARGE 3000		/* bytes: lies in a blob */

static uint64_t seed_of_run(void)
{
	const char *s = getenv("SEED");

	return s ? strtoull(s, NULL, 10) : 20261122;
}

/* Every key's value is of ROUND: the odd keys' are large. */
static void fill(struct store *s, int round)
{
	uint8_t value[LARGE];
	uint64_t version;
	struct txn *t;

	memset(value, 'a' + round, sizeof value);
	must(txn_begin(&t, s));
	for (int i = 0; i < KEYS; i++)
		must(txn_put(t, 0, bytes_str((char[]){ (char)('a' + i), 0 }),
			     bytes_of(value, i % 2 ? LARGE : 10), 0));
	must(txn_commit(t, &version));
	txn_abort(t);
}

/* 1: all keys are there and of ROUND. */
static void is_of(struct store *s, const char *which, int round)
{
	struct snapshot *v = NULL;
	uint8_t buf[LARGE];

	must(store_snapshot_as_of(s, bytes_str(which), &v));
	for (int i = 0; i < KEYS; i++) {
		struct value *value = NULL;
		struct entry e;
		int r = snapshot_get(v, 0, bytes_str((char[]){ (char)('a' + i), 0 }), &e);

		must(r);
		assert_int_equal(r, 1);
		must(value_open(&value, s, &e));
		for (uint64_t off = 0; off < e.size; ) {
			long n = value_read(value, off, buf, sizeof buf);

			must((int)n);
			assert_true(n > 0);
			assert_int_equal(buf[0], 'a' + round);
			assert_int_equal(buf[n - 1], 'a' + round);
			off += (uint64_t)n;
		}
		value_close(value);
	}
	snapshot_close(v);
}

static bool is_kept(struct store *s, const char *name)
{
	struct kept_set set;
	bool found;

	must(kept_load(&set, store_backend(s), NULL, store_mem(s), NULL, NULL));
	found = kept_find(&set, bytes_str(name)) != NULL;
	kept_release(&set);
	return found;
}

/* A store whose snapshot "one" is of round 1 and that is of round 2 now. */
static struct backend *begin(uint64_t seed)
{
	struct backend *b;
	struct store *s;
	uint64_t version;

	must(fault_open(&b, NULL, seed));
	must(store_create_on(b, bytes_str("log_size = 1M\n")));
	s = open_on(b);
	fill(s, 1);
	must(kept_take(s, bytes_str("one"), &version));
	fill(s, 2);
	must(store_compact(s));
	fill(s, 2);
	store_close(s);
	return b;
}

static int take(struct store *s)
{
	uint64_t version;

	return kept_take(s, bytes_str("two"), &version);
}

static int drop(struct store *s)
{
	return kept_remove(s, bytes_str("one"));
}

/* What must hold after STEP had the outcome R (0: acknowledged) and the power went. */
static void check_after(struct backend *b, int (*step)(struct store *), int r)
{
	struct store *s = open_on(b);

	is_of(s, "now", 2);
	if (step == take) {
		assert_true(is_kept(s, "one"));
		assert_true(r < 0 || is_kept(s, "two"));
	} else {
		assert_true(r < 0 || !is_kept(s, "one"));
	}
	/* and nothing of theirs is swept when the store goes on */
	for (int i = 0; i < 2; i++) {
		if (is_kept(s, "one"))
			is_of(s, "one", 1);
		if (is_kept(s, "two"))
			is_of(s, "two", 2);
		fill(s, 3);
		must(store_compact(s));
		is_of(s, "now", 3);
	}
	store_close(s);
}

static void power_goes(struct backend *b, uint64_t seed, int (*step)(struct store *), int r)
{
	struct backend *left, *again;

	must(fault_crash(b, seed, &left));
	must(fault_open(&again, left, seed + 1));
	check_after(again, step, r);
	backend_close(again);
}

/* Killed at operation N of the step; false when it has fewer. */
static bool killed_at(int (*step)(struct store *), uint64_t n)
{
	uint64_t seed = seed_of_run() + n;
	struct backend *b = begin(seed), *other;
	struct store *s;
	bool died;
	int r;

	must(fault_again(&other, b));
	s = open_on(other);
	fault_die_after(other, n);
	r = step(s);
	died = fault_is_dead(other);
	store_close(s);
	backend_close(other);
	for (uint64_t i = 0; i < 3; i++)
		power_goes(b, seed * 3 + i, step, r);
	check_after(b, step, r);	/* killed, and the power stayed */
	backend_close(b);
	return died;
}

/* Operation N of the step fails; false when it has fewer. */
static bool failing_at(int (*step)(struct store *), uint64_t n)
{
	uint64_t seed = seed_of_run() + n;
	struct backend *b = begin(seed);
	struct store *s = open_on(b);
	bool hit;
	int r;

	fault_fail(b, FAULT_FLUSH | FAULT_WRITE | FAULT_RENAME | FAULT_SYNC_DIR | FAULT_MKDIR |
		   FAULT_REMOVE, n, ERR_IO, false);
	r = step(s);
	hit = fault_hits(b) > 0;
	fault_calm(b);
	store_close(s);
	power_goes(b, seed * 3, step, r);
	check_after(b, step, r);
	backend_close(b);
	return hit;
}

static void each(bool (*at)(int (*)(struct store *), uint64_t), int (*step)(struct store *))
{
	uint64_t n = 1;

	while (at(step, n))
		assert_true(++n < 1000);
	assert_true(n > 3);		/* it hit something */
}

static void killed_while_taking_a_snapshot_it_is_whole_or_absent(void **state)
{
	(void)state;
	each(killed_at, take);
}

static void killed_while_removing_one_it_is_whole_or_gone(void **state)
{
	(void)state;
	each(killed_at, drop);
}

static void a_failing_disk_while_taking_one_loses_nothing(void **state)
{
	(void)state;
	each(failing_at, take);
}

static void a_failing_disk_while_removing_one_loses_nothing(void **state)
{
	(void)state;
	each(failing_at, drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_while_taking_a_snapshot_it_is_whole_or_absent),
		cmocka_unit_test(killed_while_removing_one_it_is_whole_or_gone),
		cmocka_unit_test(a_failing_disk_while_taking_one_loses_nothing),
		cmocka_unit_test(a_failing_disk_while_removing_one_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
