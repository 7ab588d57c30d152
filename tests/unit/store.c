/* tests/unit/store.c - the store against a plain model, over random histories
 *
 * The model is an array of (key, value or absent) rewritten by each commit; the
 * store must give the same answers through gets, scans and snapshots, whatever
 * was folded, merged, spilled, reopened in between, and whichever handle asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/backend.h"
#include "store/check.h"
#include "store/log.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define KEYS 60
#define VALUE_MAX 300000

static uint64_t rng;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? (hash_u64(rng) % n) : 0;
}

/* --- the model --- */

struct row {
	bool there;
	uint32_t seed;		/* of the value's bytes */
	size_t len;
	uint64_t version;
};

struct model {
	struct row row[KEYS];
};

static struct bytes key_of(int i, char buf[64])
{
	/* different lengths, shared prefixes, a byte that is no text */
	return bytes_of(buf, (size_t)sprintf(buf, "k%c/%0*d\xff", 'a' + i % 3, 1 + i % 20, i));
}

static uint8_t *value_bytes(uint32_t seed, size_t len)
{
	static uint8_t out[VALUE_MAX];

	for (size_t i = 0; i < len; i++)	/* about half of it packs */
		out[i] = (uint8_t)(i / 7 % 2 ? hash_u64(seed + i / 8) >> (i % 8 * 8) : seed);
	return out;
}

static size_t some_len(void)
{
	switch (rnd(8)) {
	case 0: return 0;
	case 1: return 1020 + rnd(8);		/* around the inline limit */
	case 2: return 1 + rnd(5000);
	case 3: return rnd(4) ? 100 : rnd(VALUE_MAX);
	default: return 1 + rnd(200);
	}
}

static void check_value(struct store *s, const struct entry *e, const struct row *row)
{
	static uint8_t got[VALUE_MAX + 1];
	struct value *v;
	uint64_t off = 0;
	long n;

	assert_int_equal(e->size, row->len);
	assert_int_equal(e->version, row->version);
	must(value_open(&v, s, e));
	while ((n = value_read(v, off, got + off, sizeof got - off)) > 0)
		off += (uint64_t)n;
	must((int)n);
	value_close(v);
	assert_int_equal(off, row->len);
	assert_memory_equal(got, value_bytes(row->seed, row->len), row->len);
}

static void check_gets(struct store *s, const struct model *m)
{
	for (int i = 0; i < KEYS; i++) {
		char buf[64];
		struct entry e;
		int r = store_get(s, 0, key_of(i, buf), &e);

		must(r);
		assert_int_equal(r, m->row[i].there);
		if (r)
			check_value(s, &e, &m->row[i]);
	}
}

static int find_row(struct bytes key)
{
	char buf[64];

	for (int i = 0; i < KEYS; i++)
		if (bytes_equal(key, key_of(i, buf)))
			return i;
	return -1;
}

static void check_scan(struct store *s, struct snapshot *snap, const struct model *m,
		       bool reverse, const char *prefix)
{
	struct scan_options o = { .from.reverse = reverse, .prefix = bytes_str(prefix) };
	struct iter *it;
	struct entry e;
	char last[64] = "", buf[64];
	struct bytes before = bytes_of(last, 0);
	unsigned seen = 0, want = 0;
	int r;

	must(snapshot_scan(snap, &o, &it));
	while ((r = iter_next(it, &e)) == 1) {
		int i = find_row(e.key);

		assert_true(i >= 0 && m->row[i].there);
		assert_true(bytes_starts(e.key, o.prefix));
		if (seen)
			assert_true(reverse ? bytes_cmp(e.key, before) < 0
					    : bytes_cmp(e.key, before) > 0);
		memcpy(last, e.key.ptr, e.key.len);
		before = bytes_of(last, e.key.len);
		check_value(s, &e, &m->row[i]);
		seen++;
	}
	must(r);
	iter_close(it);
	for (int i = 0; i < KEYS; i++)
		want += m->row[i].there && bytes_starts(key_of(i, buf), o.prefix);
	assert_int_equal(seen, want);
}

static void check_all(struct store *s, const struct model *m)
{
	struct snapshot *snap;

	check_gets(s, m);
	must(store_snapshot(s, &snap));
	check_scan(s, snap, m, false, "");
	check_scan(s, snap, m, true, "");
	check_scan(s, snap, m, rnd(2), "kb/");
	snapshot_close(snap);
}

/* --- histories --- */

static int small_log(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	(void)ctx;
	setting_init(out);
	must(setting_read(out, SETTING_STORE, where, config));
	return 0;
}

static struct store *open_again(struct backend *b)
{
	struct store_options o = { .write = true, .settings = small_log, .who = "test" };
	struct store *s;

	must(store_open_on(&s, b, &o));
	return s;
}

static void one_commit(struct store *s, struct model *m)
{
	struct model next = *m;
	bool touched[KEYS] = { 0 };
	struct txn *t;
	uint64_t version = 0;
	char buf[64], to[64];

	must(txn_begin(&t, s));
	for (uint64_t n = rnd(10) ? 1 + rnd(4) : rnd(40); n; n--) {
		int i = (int)rnd(KEYS);

		touched[i] = true;
		if (rnd(4) == 0) {
			must(txn_remove(t, 0, key_of(i, buf)));
			next.row[i].there = false;
		} else {
			struct row *row = &next.row[i];

			*row = (struct row){ true, (uint32_t)rnd(1u << 30), some_len(), 0 };
			must(txn_put(t, 0, key_of(i, buf),
				     bytes_of(value_bytes(row->seed, row->len), row->len), 0));
		}
	}
	if (rnd(5) == 0) {		/* condition on what the model knows */
		int i = (int)rnd(KEYS);
		bool lie = rnd(2);
		int r;

		must(txn_expect(t, 0, key_of(i, buf), TXN_VERSION,
				(m->row[i].there ? m->row[i].version : 0) + lie));
		r = txn_commit(t, &version);
		if (lie) {
			assert_int_equal(r, ERR_ABSENT);
			txn_abort(t);
			return;
		}
		must(r);
	} else if (rnd(6) == 0) {
		int from = (int)rnd(KEYS), dest = (int)rnd(KEYS), r;

		txn_abort(t);
		must(txn_begin(&t, s));
		must(txn_rename(t, 0, key_of(from, buf), key_of(dest, to)));
		r = txn_commit(t, &version);
		if (!m->row[from].there) {
			assert_int_equal(r, ERR_ABSENT);
			txn_abort(t);
			return;
		}
		must(r);
		next = *m;
		memset(touched, 0, sizeof touched);
		if (from != dest) {
			next.row[dest] = next.row[from];
			next.row[from].there = false;
			touched[dest] = true;
		}
	} else {
		must(txn_commit(t, &version));
	}
	txn_abort(t);
	for (int i = 0; i < KEYS; i++)
		if (touched[i])
			next.row[i].version = version;
	*m = next;
}

static void random_histories_match_a_model(void **state)
{
	const char *replay = getenv("STRATO_SEED");
	unsigned histories = 12 * scale() / 100 + 1;

	(void)state;
	for (unsigned h = 0; h < histories; h++) {
		uint64_t seed = replay ? strtoull(replay, NULL, 10) : 1000 + h;
		struct backend *b[2];
		struct store *s[2];
		struct model m = { 0 }, kept;
		struct snapshot *snap = NULL;

		rng = seed;
		print_message("# seed %llu\n", (unsigned long long)seed);
		must(backend_mem(&b[0]));
		must(backend_mem_again(&b[1], b[0]));
		must(store_create_on(b[0], bytes_str("log_size = 256K\n")));
		s[0] = open_again(b[0]);
		s[1] = open_again(b[1]);
		for (int step = 0; step < 120; step++) {
			int who = (int)rnd(2);

			one_commit(s[who], &m);
			if (rnd(40) == 0)
				must(store_fold(s[who]));
			if (rnd(60) == 0)
				must(store_compact(s[who]));
			if (rnd(30) == 0 && !(snap && who == 0)) {
				store_close(s[who]);
				s[who] = open_again(b[who]);
			}
			if (snap && rnd(20) == 0) {
				check_scan(s[0], snap, &kept, rnd(2), "");
				snapshot_close(snap);
				snap = NULL;
			}
			if (!snap && rnd(15) == 0) {
				must(store_snapshot(s[0], &snap));
				kept = m;
			}
			if (rnd(10) == 0)
				check_all(s[rnd(2)], &m);
		}
		check_all(s[0], &m);
		check_all(s[1], &m);
		snapshot_close(snap);
		store_close(s[0]);
		store_close(s[1]);
		backend_close(b[1]);
		backend_close(b[0]);
		if (replay)
			break;
	}
}

/* --- more than the log may hold --- */

static void a_transaction_larger_than_memory_is_one_commit(void **state)
{
	struct backend *b;
	struct store *s;
	struct txn *t;
	struct entry e;
	uint64_t before, version;
	static uint8_t value[1000];
	char key[32];
	unsigned n = 60000 * scale() / 100;

	(void)state;
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("")));
	s = open_again(b);
	must(txn_begin(&t, s));
	must(txn_put(t, 0, bytes_str("old"), bytes_str("x"), 0));
	must(txn_commit(t, &before));
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof key, "%08x", (unsigned)(hash_u64(i % (n / 2)) >> 33));
		memcpy(value, &i, sizeof i);
		must(txn_put(t, 0, bytes_str(key), bytes_of(value, sizeof value), 0));
	}
	must(txn_remove(t, 0, bytes_str("old")));
	assert_int_equal(store_get(s, 0, bytes_str("old"), &e), 1);
	must(txn_commit(t, &version));
	assert_int_equal(version, before + 1);
	assert_int_equal(store_get(s, 0, bytes_str("old"), &e), 0);
	for (unsigned i = n / 2; i < n; i += 7) {
		snprintf(key, sizeof key, "%08x", (unsigned)(hash_u64(i % (n / 2)) >> 33));
		assert_int_equal(store_get(s, 0, bytes_str(key), &e), 1);
		assert_memory_equal(e.value.ptr, &i, sizeof i);	/* the later one */
		assert_int_equal(e.version, version);
	}
	must(txn_put(t, 0, bytes_str("next"), bytes_str("y"), 0));
	must(txn_commit(t, &before));
	assert_int_equal(before, version + 1);
	txn_abort(t);
	store_close(s);
	backend_close(b);
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
	struct backend *b;
	struct store *s;
	struct txn *t;
	struct entry e;
	static uint8_t value[1000];
	char key[32];

	(void)state;
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("")));
	s = open_again(b);
	must(txn_begin(&t, s));
	for (int i = 0; i < 40000; i++) {
		snprintf(key, sizeof key, "%d", i);
		must(txn_put(t, 0, bytes_str(key), bytes_of(value, sizeof value), 0));
	}
	txn_abort(t);
	assert_int_equal(store_get(s, 0, bytes_str("1"), &e), 0);
	store_close(s);
	s = open_again(b);
	assert_int_equal(store_get(s, 0, bytes_str("1"), &e), 0);
	store_close(s);
	backend_close(b);
}

static void limits_of_keys_are_errors(void **state)
{
	static uint8_t key[KEY_MAX + 1];
	struct backend *b;
	struct store *s;
	struct txn *t;
	struct entry e;

	(void)state;
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("")));
	s = open_again(b);
	must(txn_begin(&t, s));
	assert_int_equal(txn_put(t, 0, bytes_of(key, 0), bytes_str("v"), 0), ERR_USAGE);
	assert_int_equal(txn_put(t, 0, bytes_of(key, KEY_MAX + 1), bytes_str("v"), 0), ERR_TOO_BIG);
	must(txn_put(t, 0, bytes_of(key, KEY_MAX), bytes_str("v"), 0));
	must(txn_commit(t, NULL));
	assert_int_equal(store_get(s, 0, bytes_of(key, KEY_MAX), &e), 1);
	must(store_fold(s));
	assert_int_equal(store_get(s, 0, bytes_of(key, KEY_MAX), &e), 1);
	txn_abort(t);
	store_close(s);
	backend_close(b);
}

static void a_store_is_never_made_over_something_else(void **state)
{
	struct backend *b;
	struct file *f;

	(void)state;
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("")));
	assert_int_equal(store_create_on(b, bytes_str("")), ERR_EXISTS);
	backend_close(b);
	must(backend_mem(&b));
	must(backend_open(b, "thesis.txt", FILE_WRITE | FILE_CREATE, &f));
	file_close(f);
	assert_int_equal(store_create_on(b, bytes_str("")), ERR_EXISTS);
	assert_int_equal(store_create_on(b, bytes_str("io_dept = 3\n")), ERR_EXISTS);
	backend_close(b);
	must(backend_mem(&b));
	assert_int_equal(store_create_on(b, bytes_str("io_dept = 3\n")), ERR_SETTING);
	backend_close(b);
}

static void old_segments_are_swept_once_nobody_reads_them(void **state)
{
	(void)state;
	struct backend *b;
	struct store *s;
	struct txn *t;
	struct store_stat st;
	uint8_t value[200] = { 0 };
	char key[32];

	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("log_size = 256K\n")));
	s = open_again(b);
	must(txn_begin(&t, s));
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 400; i++) {
			snprintf(key, sizeof key, "%d", i);
			must(txn_put(t, 0, bytes_str(key), bytes_of(value, sizeof value), 0));
		}
		must(txn_commit(t, NULL));
	}
	must(store_stat(s, &st));
	assert_true(st.run_n <= 8);
	must(store_compact(s));
	must(store_stat(s, &st));
	assert_int_equal(st.run_n, 1);
	assert_int_equal(st.run_entries, 400);
	txn_abort(t);
	store_close(s);
	backend_close(b);
}

static uint64_t waits_ns[LOCK_HOLD];
static const struct backend_ops *below;

static int note_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	if (what < LOCK_HOLD)
		waits_ns[what] = wait_ns;
	return below->lock(b, what, mode, wait_ns);
}

/* Else it would go on without its lock, and its files could go. */
static void a_reader_waits_for_who_sweeps_though_it_waits_for_no_writer(void **state)
{
	const struct store_options o = { .wait_ns = 0 };
	struct mem mem = { .limit = 0 };
	struct check check = { .mem = &mem };
	struct backend_ops noting;
	struct snapshot *v;
	struct backend *b;
	struct store *s;

	(void)state;
	must(backend_mem(&b));
	check.backend = b;
	must(store_create_on(b, bytes_str("")));
	below = b->ops;
	noting = *below;
	noting.lock = note_lock;
	b->ops = &noting;
	must(store_open_on(&s, b, &o));
	must(store_snapshot(s, &v));
	assert_true(waits_ns[LOCK_READERS] >= 1000000000);
	snapshot_close(v);
	store_close(s);
	waits_ns[LOCK_READERS] = 0;
	assert_int_equal(check_store(&check), 0);
	assert_true(waits_ns[LOCK_READERS] >= 1000000000);
	b->ops = below;
	backend_close(b);
}

static const char *on_nfs(struct backend *b)
{
	(void)b;
	return "nfs";
}

static void a_network_file_system_is_refused_unless_allowed(void **state)
{
	struct store_options o = { .write = true };
	struct backend_ops far;
	struct backend *b;
	struct store *s;

	(void)state;
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("")));
	far = *b->ops;
	far.network = on_nfs;
	b->ops = &far;
	assert_int_equal(store_open_on(&s, b, &o), ERR_UNAVAILABLE);
	assert_non_null(strstr(err_message(), "(nfs)"));
	backend_close(b);
	must(backend_mem(&b));
	must(store_create_on(b, bytes_str("network_fs = allow\n")));
	b->ops = &far;
	must(store_open_on(&s, b, &o));
	store_close(s);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_histories_match_a_model),
		cmocka_unit_test(a_transaction_larger_than_memory_is_one_commit),
		cmocka_unit_test(an_aborted_transaction_leaves_nothing),
		cmocka_unit_test(limits_of_keys_are_errors),
		cmocka_unit_test(a_store_is_never_made_over_something_else),
		cmocka_unit_test(a_network_file_system_is_refused_unless_allowed),
		cmocka_unit_test(a_reader_waits_for_who_sweeps_though_it_waits_for_no_writer),
		cmocka_unit_test(old_segments_are_swept_once_nobody_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
