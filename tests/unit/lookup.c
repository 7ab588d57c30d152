/* tests/unit/lookup.c - many keys at once give what one at a time gives
 *
 * Random stores (log, several runs, blobs, removals) against a model; lists of
 * keys with repetitions and keys that are not there; windows from one key to all.
 * Then the same past the page cache, with bits turned over on the disk.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "io/backend.h"
#include "io/view.h"
#include "store/lookup.h"
#include "store/segment.h"
#include "tests/lib/kit.h"

#define KEYS_MOST 6000
#define ASKED_MOST 9000
#define VALUE_MOST 200000

static uint64_t rng;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

/* --- the model --- */

struct row {
	uint32_t seed;		/* 0: not there */
	uint32_t len;
};

static struct row model[KEYS_MOST];
static int key_n;

static struct bytes key_of(int i, char buf[64])
{
	return bytes_of(buf, (size_t)sprintf(buf, "%c/%llx\t%d", 'a' + i % 3,
					     (unsigned long long)hash_u64((uint64_t)i) >> 40, i));
}

static struct bytes value_of(const struct row *row)
{
	static uint8_t out[VALUE_MOST];

	for (size_t i = 0; i < row->len; i++)
		out[i] = (uint8_t)(i / 16 % 2 ? hash_u64(row->seed + i / 8) >> i % 8 * 8 : row->seed);
	return bytes_of(out, row->len);
}

static bool large;	/* values as large as a run holds: files of some MiB */

static uint32_t some_len(void)
{
	if (large)
		return 300 + (uint32_t)rnd(700);
	switch (rnd(100)) {
	case 0: return 1020 + (uint32_t)rnd(8);
	case 1: return 1 + (uint32_t)rnd(20000);
	case 2: return rnd(8) ? 0 : (uint32_t)rnd(VALUE_MOST);
	default: return (uint32_t)rnd(150);
	}
}

/* --- stores --- */

static struct store *open_store(struct backend *b, bool write)
{
	struct store_options o = { .write = write, .who = "test" };
	struct store *s;

	must(store_open_on(&s, b, &o));
	return s;
}

static void one_commit(struct txn *t)
{
	char key[64];

	for (int n = 1 + (int)rnd((uint64_t)key_n); n > 0; n--) {
		int i = (int)rnd((uint64_t)key_n);
		struct row *row = &model[i];

		if (rnd(10) == 0) {
			must(txn_remove(t, 0, key_of(i, key)));
			row->seed = 0;
			continue;
		}
		row->seed = 1 + (uint32_t)rnd(1u << 30);
		row->len = some_len();
		must(txn_put_begin(t, 0, key_of(i, key), 0));
		must(txn_put_feed(t, value_of(row).ptr, row->len));
		must(txn_put_end(t));
	}
	must(txn_commit(t, NULL));
}

static void fill(struct backend *b, int commits)
{
	struct store *s = open_store(b, true);
	struct txn *t;

	memset(model, 0, sizeof model);
	must(txn_begin(&t, s));
	for (int c = 0; c < commits; c++) {
		one_commit(t);
		if (rnd(2))
			must(store_fold(s));
	}
	txn_abort(t);
	store_close(s);
}

/* --- asking --- */

struct asked {
	struct store *store;
	int list[ASKED_MOST];		/* key numbers; from key_n on: not there */
	int n, at;			/* AT: the next answer's place, in order */
	int count[KEYS_MOST * 2];	/* unordered: answers still due */
	bool unordered;
};

static int number_of(struct bytes key)
{
	const uint8_t *tab = memchr(key.ptr, '\t', key.len);
	char text[16] = "";

	assert_non_null(tab);
	memcpy(text, tab + 1, key.len - (size_t)(tab + 1 - key.ptr));
	return atoi(text);
}

static void check_bytes(struct asked *a, const struct entry *e, const struct row *row)
{
	static uint8_t got[VALUE_MOST];
	struct value *v;
	size_t n = 0;
	long some;

	if (e->kind == ENTRY_PUT || e->value.ptr) {
		assert_true(bytes_equal(e->value, value_of(row)));
		return;
	}
	must(value_open(&v, a->store, e));
	while ((some = value_read(v, n, got + n, sizeof got - n)) > 0)
		n += (size_t)some;
	must((int)some);
	value_close(v);
	assert_true(bytes_equal(bytes_of(got, n), value_of(row)));
}

static int on_answer(void *ctx, struct bytes key, const struct entry *e)
{
	struct asked *a = ctx;
	int i = number_of(key);
	struct row none = { 0, 0 }, *row = i < key_n ? &model[i] : &none;

	if (a->unordered)
		a->count[i]--;
	else
		assert_int_equal(i, a->list[a->at]);
	a->at++;
	assert_int_equal(e != NULL, row->seed != 0);
	if (!e)
		return 0;
	assert_int_equal(e->size, row->len);
	check_bytes(a, e, row);
	return 0;
}

static void choose(struct asked *a, int n)
{
	a->n = n;
	for (int k = 0; k < n; k++)
		a->list[k] = k && rnd(20) == 0 ? a->list[rnd((uint64_t)k)] :
			     (int)rnd((uint64_t)key_n + (uint64_t)key_n / 10);
}

static int ask(struct asked *a, struct store *s, struct lookup_stat *stat)
{
	struct lookup_options o = { .unordered = a->unordered, .answer = on_answer, .ctx = a };
	struct snapshot *snap;
	struct lookup *l;
	char key[64];
	int r = 0;

	a->store = s;
	a->at = 0;
	memset(a->count, 0, sizeof a->count);
	must(store_snapshot(s, &snap));
	must(lookup_open(&l, snap, &o));
	for (int k = 0; r == 0 && k < a->n; k++) {
		a->count[a->list[k]]++;
		r = lookup_add(l, key_of(a->list[k], key));
		if (r == 0 && rnd(3000) == 0)
			r = lookup_run(l);
	}
	if (r == 0)
		r = lookup_run(l);
	if (stat)
		lookup_get_stat(l, stat);
	lookup_close(l);
	snapshot_close(snap);
	return r;
}

static void check_ask(struct asked *a, struct store *s, int n, struct lookup_stat *stat)
{
	choose(a, n);
	must(ask(a, s, stat));
	assert_int_equal(a->at, a->n);
	for (int i = 0; a->unordered && i < 2 * KEYS_MOST; i++)
		assert_int_equal(a->count[i], 0);
}

static void random_lists_of_keys_are_answered_as_one_by_one(void **state)
{
	static const char *const cache[] = { "64K", "1M", "32M" };
	static struct asked a;
	const unsigned rounds = 1 + 7 * scale() / 100;

	(void)state;
	for (unsigned round = 0; round < rounds; round++) {
		struct backend *b;
		struct store *s;
		char config[200];

		rng = round + 1;
		key_n = round % 2 ? 200 : 4000;
		snprintf(config, sizeof config, "cache_size = %s\ncompression = %s\n",
			 cache[rnd(3)], rnd(3) ? "lz4" : "none");
		print_message("round %u: %d keys, %s\n", round, key_n, config);
		must(backend_mem(&b));
		must(store_create_on(b, bytes_str(config)));
		fill(b, 5);
		s = open_store(b, false);
		for (int k = 0; k < 4; k++) {
			a.unordered = k % 2;
			check_ask(&a, s, k < 2 ? 1 + (int)rnd(300) : 6000, NULL);
		}
		store_close(s);
		backend_close(b);
	}
}

/* --- files --- */

static char dir[64];

static int setup_dir(void **state)
{
	(void)state;
	large = true;
	strcpy(dir, "/var/tmp/strato-lookup.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static struct backend *make_store(const char *config)
{
	struct backend *b;
	char path[80];

	snprintf(path, sizeof path, "%s/s", dir);
	must(store_create(path, bytes_str(config)));
	must(backend_local(&b, path, true));
	return b;
}

/* The newest run's file, opened. */
static int open_run(struct backend *b, const struct manifest *m)
{
	char name[SEGMENT_NAME_MAX], path[200];
	int fd;

	segment_name(name, SEGMENT_RUN, m->run[0].ref.id);
	snprintf(path, sizeof path, "%s/%s", b->path, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

static int fold_to_one(struct backend *b)
{
	struct snapshot *snap;
	struct store *s = open_store(b, true);
	int fd;

	must(store_compact(s));
	must(store_snapshot(s, &snap));
	fd = open_run(b, snapshot_manifest(snap));
	snapshot_close(snap);
	store_close(s);
	return fd;
}

static void blocks_that_are_not_cached_are_read_at_depth(void **state)
{
	static const char *const config[] = {
		"direct_io = on\nio_depth = 7\n", "direct_io = off\nio_depth = 3\n",
		"direct_io = on\ncompression = none\ncache_size = 4M\n",
	};
	static struct asked a;

	(void)state;
	view_set_resident(0);
	for (unsigned k = 0; k < 3; k++) {
		struct lookup_stat stat;
		struct backend *b = make_store(config[k]);
		struct store *s;
		int fd;

		rng = 77 + k;
		key_n = KEYS_MOST;
		fill(b, 4);
		fd = fold_to_one(b);
		for (int u = 0; u < 2; u++) {
			s = open_store(b, false);
			a.unordered = u;
			check_ask(&a, s, 5000, &stat);
			print_message("%s%llu reads, %llu bytes, depth %u, %s\n", config[k],
				      (unsigned long long)stat.read_n,
				      (unsigned long long)stat.read_bytes, stat.depth,
				      stat.engine);
			assert_true(stat.read_n > 0 && stat.depth > 0);
			assert_true(stat.depth <= (k == 0 ? 7u : k == 1 ? 3u : 64u));
			store_close(s);
		}
		close(fd);
		backend_close(b);
		teardown_dir(NULL);
		setup_dir(NULL);
	}
	view_set_resident(-1);
}

static void flip(int fd, off_t off)
{
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, off), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, off), 1);
}

/* Answers are right until the first that cannot be given, and then it is said. */
static void a_flipped_bit_in_a_block_read_directly_is_reported(void **state)
{
	static struct asked a;
	struct backend *b = make_store("direct_io = on\n");
	int fd, reported = 0;
	struct stat st;

	(void)state;
	rng = 5;
	key_n = KEYS_MOST;
	fill(b, 3);
	fd = fold_to_one(b);
	assert_int_equal(fstat(fd, &st), 0);
	view_set_resident(0);
	for (int k = 0; k < 12; k++) {
		off_t off = 4096 + (off_t)rnd((uint64_t)st.st_size - 3 * 4096);
		struct lookup_stat stat;
		struct store *s;
		int r;

		flip(fd, off);
		s = open_store(b, false);
		a.unordered = k % 2;
		choose(&a, 5000);
		r = ask(&a, s, &stat);
		assert_true(stat.read_n > 0);
		reported += r == ERR_DAMAGED;
		assert_true(r == 0 || r == ERR_DAMAGED);
		if (r == ERR_DAMAGED)
			assert_non_null(strstr(err_message(), "offset "));
		store_close(s);
		flip(fd, off);
	}
	view_set_resident(-1);
	print_message("%d of 12 reported\n", reported);
	assert_true(reported > 6);
	close(fd);
	backend_close(b);
}

/* --- the cache --- */

static void a_cache_gives_back_only_what_was_put_there(void **state)
{
	struct cache *c;
	struct cache_stat st;
	unsigned hits = 0;

	(void)state;
	must(cache_open(&c, 200000, NULL));
	rng = 3;
	for (int k = 0; k < 20000; k++) {
		/* few offsets, all runs have them: only the id tells them apart */
		uint64_t run = rnd(5), off = rnd(30) * 4096;
		size_t len = 1000 + (size_t)(off + run) % 3000;
		const uint8_t *got = cache_get(c, run, off, len);
		uint8_t *room;

		cache_get_stat(c, &st);
		assert_true(st.bytes <= st.most);
		if (got) {
			hits++;
			for (size_t i = 0; i < len; i += 97)
				assert_int_equal(got[i], (uint8_t)(hash_u64(run) + off / 4096 + i));
			continue;
		}
		room = cache_room(c, run, off, len);
		assert_non_null(room);
		for (size_t i = 0; i < len; i++)
			room[i] = (uint8_t)(hash_u64(run) + off / 4096 + i);
		if (rnd(50) == 0)
			cache_forget(c, room);
	}
	cache_get_stat(c, &st);
	assert_int_equal(st.hit_n, hits);
	assert_int_equal(st.hit_n + st.miss_n, 20000);
	assert_true(hits > 5000 && st.evict_n > 1000);
	assert_null(cache_room(c, 9, 9, 200000));
	cache_close(c);
}

static void a_scan_does_not_push_out_what_is_asked_for_again(void **state)
{
	struct cache *c;
	unsigned kept = 0;

	(void)state;
	must(cache_open(&c, 500000, NULL));
	for (uint64_t i = 0; i < 2000; i++) {
		if (!cache_get(c, 1, i % 10, 4000))
			assert_non_null(cache_room(c, 1, i % 10, 4000));
		if (!cache_get(c, 2, i, 4000))
			assert_non_null(cache_room(c, 2, i, 4000));
	}
	for (uint64_t i = 0; i < 10; i++)
		kept += cache_get(c, 1, i, 4000) != NULL;
	assert_int_equal(kept, 10);
	cache_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lists_of_keys_are_answered_as_one_by_one),
		cmocka_unit_test_setup_teardown(blocks_that_are_not_cached_are_read_at_depth,
						setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(a_flipped_bit_in_a_block_read_directly_is_reported,
						setup_dir, teardown_dir),
		cmocka_unit_test(a_cache_gives_back_only_what_was_put_there),
		cmocka_unit_test(a_scan_does_not_push_out_what_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
