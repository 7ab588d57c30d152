/* tests/unit/bulk.c - batches larger than the log takes, against a plain model
 *
 * The transactions here spill after 16 KiB (the product's own files with another
 * bound), so that a few hundred records make many pieces.
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>

#define TXN_SPILL (16u << 10)
#include "store/txn.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/hash.h"
#include "store/aside.h"
#include "store/bulk_disk.h"
#include "store/piece.h"
#include "tests/lib/kit.h"

#define KEYS 4000

static uint64_t rng;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

static int begin_seed(void **state)
{
	const char *s = getenv("STRATO_TEST_SEED");

	(void)state;
	rng = s ? strtoull(s, NULL, 0) : hash_u64((uint64_t)(uintptr_t)&s ^ (uint64_t)clock());
	print_message("# STRATO_TEST_SEED=%#llx\n", (unsigned long long)rng);
	return 0;
}

/* --- keys: several spaces, long common prefixes, one a prefix of another --- */

static struct bytes key_of(unsigned i, char buf[128])
{
	static const char *const before[] = {
		"", "user:000000000000000000000000/", "\xff\xff\xff\xff\xff\xff\xff\xff", "k",
	};
	uint64_t h = hash_u64(i);
	int n = sprintf(buf, "%s", before[i % 4]);

	if (i % 7 == 0)		/* many that differ only behind their first 8 bytes */
		n += sprintf(buf + n, "%08u%u", 5, i);
	else if (i % 11 == 0)	/* zeros at the end: as many keys as there are zeros */
		for (unsigned zeros = 1 + i / 11 % 40; zeros; zeros--)
			buf[n++] = 0;
	else
		n += sprintf(buf + n, "%.*llx", 1 + (int)(h % 16), (unsigned long long)h);
	if (i % 11 == 0 && i % 7)
		n += sprintf(buf + n, "%u", i);
	return bytes_of(buf, (size_t)n);
}

/* --- sorting --- */

struct want {
	uint32_t space;
	struct bytes key;
	uint32_t order;
};

static int by_want(const void *a, const void *b)
{
	const struct want *x = a, *y = b;
	int c = entry_cmp(x->space, x->key, y->space, y->key);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void sort_once(unsigned n, unsigned spaces)
{
	struct want *want = calloc(n, sizeof *want);
	struct buf records = { 0 };
	struct piece p;

	for (unsigned i = 0; i < n; i++) {
		char text[128];
		struct bytes key = key_of((unsigned)rnd(n), text);
		uint8_t *copy = malloc(key.len);
		struct entry e = { .space = (uint32_t)rnd(spaces) * 0x01000001u, .kind = ENTRY_PUT };

		memcpy(copy, key.ptr, key.len);
		e.key = want[i].key = bytes_of(copy, key.len);
		want[i].space = e.space;
		want[i].order = e.expires_ms = i + 1;
		must(entry_put_record(&records, &e));
	}
	must(piece_sort(&p, buf_bytes(&records), n, NULL));
	assert_int_equal(p.n, n);
	qsort(want, n, sizeof *want, by_want);
	for (unsigned i = 0; i < n; i++) {
		struct piece_row row = piece_row(&p, i);
		struct entry e;

		assert_int_equal(row.space, want[i].space);
		assert_true(bytes_equal(row.key, want[i].key));
		must((int)entry_get_body(row.body, &e));
		assert_int_equal(e.expires_ms, want[i].order);
		assert_int_equal(piece_same_key(&p, i), i + 1 < n &&
				 want[i].space == want[i + 1].space &&
				 bytes_equal(want[i].key, want[i + 1].key));
	}
	for (unsigned i = 0; i < n; i++)
		free((void *)want[i].key.ptr);
	free(want);
	buf_release(&records);
	piece_release(&p);
}

static void a_piece_is_sorted_as_qsort_would(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scale() / 2 + 1; i++)
		sort_once(1 + (unsigned)rnd(i % 10 ? 300 : 5000), 1 + (unsigned)rnd(3));
}

/* --- whole stores against a model --- */

struct model {
	struct {
		bool there;
		uint32_t seed;
	} row[KEYS];
};

/* A value's length and bytes say which write it was. */
static struct bytes value_of(uint32_t seed, uint8_t out[2048])
{
	size_t len = hash_u64(seed) % (seed % 50 ? 150 : 2000);

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hash_u64(seed + i / 16) >> (i % 8));
	return bytes_of(out, len);
}

static void one_op(struct txn *t, struct model *m, unsigned keys)
{
	unsigned i = (unsigned)rnd(keys);
	uint32_t seed = (uint32_t)rnd(UINT32_MAX);
	uint8_t value[2048];
	char text[128];

	if (rnd(10) == 0) {
		m->row[i].there = false;
		must(txn_remove(t, 0, key_of(i, text)));
		return;
	}
	m->row[i].there = true;
	m->row[i].seed = seed;
	must(txn_put(t, 0, key_of(i, text), value_of(seed, value), 0));
}

static void check(struct store *s, const struct model *m)
{
	struct scan_options o = { 0 };
	struct snapshot *snap;
	struct iter *it;
	struct entry e;
	unsigned n = 0, there = 0;
	int r;

	for (unsigned i = 0; i < KEYS; i++) {
		uint8_t want[2048], got[2049];
		struct bytes value;
		struct value *v;
		char text[128];

		there += m->row[i].there;
		r = store_get_value(s, 0, key_of(i, text), &e, &v);
		must(r);
		assert_int_equal(r, m->row[i].there);
		if (!r)
			continue;
		value = value_of(m->row[i].seed, want);
		assert_int_equal(e.size, value.len);
		for (size_t at = 0; at < value.len; ) {
			long got_n = value_read(v, at, got, sizeof got);

			assert_true(got_n > 0);
			assert_memory_equal(got, want + at, (size_t)got_n);
			at += (size_t)got_n;
		}
		value_close(v);
	}
	must(store_snapshot(s, &snap));
	must(snapshot_scan(snap, &o, &it));
	while ((r = iter_next(it, &e)) == 1)
		n++;
	must(r);
	iter_close(it);
	snapshot_close(snap);
	assert_int_equal(n, there);
}

static void history(struct backend *b)
{
	struct store_options o = { .write = true };
	struct model *m = calloc(1, sizeof *m);
	struct store *s;
	struct txn *t;

	must(store_create_on(b, bytes_str("log_size = 1M\nmemory_limit = 64M\n")));
	must(store_open_on(&s, b, &o));
	must(txn_begin(&t, s));
	for (unsigned i = 0; i < 6; i++) {
		unsigned ops = (unsigned)rnd(i % 2 ? 200 : 8000), keys = 1 + (unsigned)rnd(KEYS);
		uint64_t before = 0, version;

		for (unsigned k = 0; k < ops; k++)
			one_op(t, m, keys);
		assert_int_equal(txn_entry_n(t), ops);
		must(txn_commit(t, &before));
		assert_false(txn_is_bulk(t));
		must(txn_commit(t, &version));	/* nothing more */
		assert_int_equal(version, before);
	}
	txn_abort(t);
	check(s, m);
	must(store_compact(s));
	check(s, m);
	store_close(s);
	free(m);
}

static void random_batches_match_a_model(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * scale() / 100 + 1; i++) {
		struct backend *b;

		must(backend_mem(&b));
		history(b);
		backend_close(b);
	}
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void in_a_directory(void (*run)(struct backend *b))
{
	char dir[] = "/tmp/strato-bulk-XXXXXX", store[64];
	struct backend *b;

	assert_non_null(mkdtemp(dir));
	snprintf(store, sizeof store, "%s/kv", dir);
	must(backend_local_create(&b, store));
	run(b);
	backend_close(b);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void two_threads_match_the_same_model(void **state)
{
	(void)state;
	in_a_directory(history);
}

/* --- what goes wrong --- */

static int count_runs(void *ctx, const char *name)
{
	if (strncmp(name, "blob", 4))
		++*(unsigned *)ctx;
	return 0;
}

static void leaves_nothing(struct backend *b)
{
	struct store_options o = { .write = true };
	struct model *m = calloc(1, sizeof *m);
	unsigned n = 0;
	struct store *s;
	struct txn *t;

	must(store_create_on(b, bytes_str("")));
	must(store_open_on(&s, b, &o));
	must(txn_begin(&t, s));
	for (unsigned i = 0; i < 3000; i++)
		one_op(t, m, KEYS);
	assert_true(txn_is_bulk(t));
	txn_abort(t);
	must(backend_list(b, "tmp", count_runs, &n));
	must(backend_list(b, "seg", count_runs, &n));
	assert_int_equal(n, 0);
	memset(m, 0, sizeof *m);
	check(s, m);
	store_close(s);
	free(m);
}

static void an_aborted_batch_leaves_no_file(void **state)
{
	struct backend *b;

	(void)state;
	must(backend_mem(&b));
	leaves_nothing(b);
	backend_close(b);
	in_a_directory(leaves_nothing);
}

/* Every allocation fails once: the batch is refused with its words, as often as it is
 * asked, nothing of it is there, and the store goes on. */
static void short_of_memory(struct backend *b)
{
	struct store_options o = { .write = true };
	struct model *m = calloc(1, sizeof *m), *none = calloc(1, sizeof *none);
	uint64_t failed = 0, step = 1 + 400 / scale();

	must(store_create_on(b, bytes_str("")));
	for (uint64_t at = 1; ; at += 1 + rnd(step)) {
		struct store *s;
		struct txn *t;
		int r = 0;

		must(store_open_on(&s, b, &o));
		must(txn_begin(&t, s));
		store_mem(s)->fail_at = store_mem(s)->count + at;
		for (unsigned i = 0; r == 0 && i < 400; i++) {
			uint8_t value[2048];
			char text[128];

			memset(value, 'v', sizeof value);
			r = txn_put(t, 0, key_of(i, text), bytes_of(value, 300), 0);
			if (r < 0 && txn_is_bulk(t) && t->stuck)
				assert_int_equal(txn_put(t, 0, key_of(i, text),
							 bytes_of(value, 1), 0), r);
		}
		if (r == 0)
			r = txn_commit(t, NULL);
		if (r < 0) {
			assert_int_equal(r, ERR_MEMORY);
			assert_true(*err_message());
			failed++;
		}
		txn_abort(t);
		store_mem(s)->fail_at = 0;	/* nobody else draws any more */
		if (r < 0)
			check(s, none);
		store_close(s);
		if (r == 0)
			break;
	}
	assert_true(failed > 3);
	free(m);
	free(none);
}

static void a_batch_short_of_memory_is_refused_whole(void **state)
{
	struct backend *b;

	(void)state;
	must(backend_mem(&b));
	short_of_memory(b);
	backend_close(b);
	in_a_directory(short_of_memory);
}

/* --- a block that lies --- */

static int flip(struct file *f, uint64_t off)
{
	uint8_t page[DISK_PAGE];
	int r = file_read(f, page, sizeof page, off / DISK_PAGE * DISK_PAGE);

	page[off % DISK_PAGE] ^= 1;
	return r < 0 ? r : file_write(f, page, sizeof page, off / DISK_PAGE * DISK_PAGE);
}

static void every_flipped_byte_of_a_block_is_caught(void **state)
{
	struct bulk_block_disk d;
	uint8_t page[DISK_PAGE] = { 0 };
	struct bulk_row row = { 9, 3 };
	struct bulk_piece piece = { 0, DISK_PAGE, 1 };
	struct bulk_merge *m;
	struct bytes key, body;
	struct backend *b;
	struct file *f;

	(void)state;
	memcpy(page + sizeof d, &row, sizeof row);
	memcpy(page + sizeof d + sizeof row, "\0\0\0\0hello\3\0\0", 12);
	d.len = le32_of(sizeof row + 12);
	d.crc = le32_of(bulk_block_crc(0, page + sizeof d, sizeof row + 12));
	memcpy(page, &d, sizeof d);
	must(backend_mem(&b));
	must(backend_mkdir(b, "tmp"));
	must(backend_open(b, "tmp/x", FILE_WRITE | FILE_CREATE, &f));
	must(file_write(f, page, sizeof page, 0));
	must(bulk_merge_open(&m, f, &piece, 1, 4, NULL));
	assert_int_equal(bulk_merge_next(m, &key, &body), 1);
	assert_int_equal(key.len, 9);
	assert_int_equal(bulk_merge_next(m, &key, &body), 0);
	bulk_merge_close(m);
	for (uint64_t i = 0; i < sizeof d + sizeof row + 12; i++) {
		must(flip(f, i));
		must(bulk_merge_open(&m, f, &piece, 1, 4, NULL));
		assert_int_equal(bulk_merge_next(m, &key, &body), ERR_DAMAGED);
		bulk_merge_close(m);
		must(flip(f, i));
	}
	file_close(f);
	backend_close(b);
}

/* --- the thread aside --- */

static int work(void *ctx, void *piece)
{
	int *sum = ctx, n = *(int *)piece;

	if (n < 0)
		return err_set(ERR_IO, "piece %d", n);
	*sum += n;
	return 0;
}

static void an_error_aside_comes_out_with_its_words(void **state)
{
	(void)state;
	for (int threaded = 0; threaded < 2; threaded++) {
		int sum = 0, pieces[] = { 1, 2, -7, 4 }, r = 0;
		struct aside a;

		aside_begin(&a, work, &sum, threaded);
		for (int i = 0; i < 4; i++) {
			r = aside_give(&a, &pieces[i]);
			if (i < 2)
				assert_int_equal(r, 0);
		}
		assert_int_equal(r, ERR_IO);
		err_clear();
		assert_int_equal(aside_wait(&a), ERR_IO);
		err_clear();
		assert_int_equal(aside_end(&a), ERR_IO);
		assert_string_equal(err_message(), "piece -7");
		assert_int_equal(sum, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_is_sorted_as_qsort_would),
		cmocka_unit_test(random_batches_match_a_model),
		cmocka_unit_test(two_threads_match_the_same_model),
		cmocka_unit_test(an_aborted_batch_leaves_no_file),
		cmocka_unit_test(a_batch_short_of_memory_is_refused_whole),
		cmocka_unit_test(every_flipped_byte_of_a_block_is_caught),
		cmocka_unit_test(an_error_aside_comes_out_with_its_words),
	};

	return cmocka_run_group_tests(tests, begin_seed, NULL);
}
