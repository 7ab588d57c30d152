/* tests/unit/fetch.c - values fetched ahead are those that were wanted, in their order
 *
 * Stores with values of all lengths from just over those that lie with their keys;
 * random histories of wanting, taking and dropping, in memory and on disk, cached or
 * not, with room for everything or for hardly one; then damage of each kind.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "io/fault.h"
#include "io/view.h"
#include "store/blob.h"
#include "store/fetch.h"
#include "store/segment.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define KEYS 400
#define LEN_MOST 700000u

static uint64_t rng;
static char dir[64];

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/var/tmp/strato-fetch.XXXXXX");
	view_set_resident(-1);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	view_set_resident(-1);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

struct fixture {
	struct backend *b;
	struct store *s;
	struct entry e[KEYS];
};

static struct bytes value_of(const struct entry *e, unsigned i)
{
	static uint8_t out[LEN_MOST];

	/* noise, text, and halves of both */
	for (size_t k = 0; k < e->size; k++)
		out[k] = (uint8_t)(i % 3 == 0 || (i % 3 == 1 && k / 16 % 2) ?
				   hash_u64(i + k / 8) >> k % 8 * 8 : i);
	return bytes_of(out, (size_t)e->size);
}

static uint64_t some_len(void)
{
	switch (rnd(20)) {
	case 0: return 128 * 1024 * (1 + rnd(4)) + rnd(3) - 1;
	case 1: return 1025 + rnd(LEN_MOST - 1025);
	case 2: return 1025 + rnd(70000);
	default: return 1025 + rnd(6000);
	}
}

/* Transactions under way at once write to a blob each. */
static void fill(struct fixture *f, unsigned blobs)
{
	struct store_options o = { .write = true, .who = "test" };
	struct store *s[8];
	struct txn *t[8];

	for (unsigned b = 0; b < blobs; b++) {
		must(store_open_on(&s[b], f->b, &o));
		must(txn_begin(&t[b], s[b]));
	}
	for (unsigned i = 0; i < KEYS; i++) {
		unsigned b = i % blobs;
		char key[16];

		f->e[i].size = some_len();
		snprintf(key, sizeof key, "%u", i);
		must(txn_put_begin(t[b], 0, bytes_str(key), 0));
		must(txn_put_feed(t[b], value_of(&f->e[i], i).ptr, f->e[i].size));
		must(txn_put_end(t[b]));
	}
	for (unsigned b = 0; b < blobs; b++) {
		must(txn_commit(t[b], NULL));
		txn_abort(t[b]);
		store_close(s[b]);
	}
}

static void fill_fixture(struct fixture *f, unsigned blobs)
{
	struct store_options o = { .who = "test" };

	fill(f, blobs);
	must(store_open_on(&f->s, f->b, &o));
	for (unsigned i = 0; i < KEYS; i++) {
		char key[16];

		snprintf(key, sizeof key, "%u", i);
		assert_int_equal(store_get(f->s, 0, bytes_str(key), &f->e[i]), 1);
		assert_int_equal(f->e[i].kind, ENTRY_BLOB);
	}
}

static void open_fixture(struct fixture *f, const char *config, bool disk, unsigned blobs)
{
	static unsigned n;
	char path[200];

	memset(f, 0, sizeof *f);
	if (disk) {
		snprintf(path, sizeof path, "%s/%u", dir, n++);
		must(store_create(path, bytes_str(config)));
		must(backend_local(&f->b, path, true));
	} else {
		must(backend_mem(&f->b));
		must(store_create_on(f->b, bytes_str(config)));
	}
	fill_fixture(f, blobs);
	for (unsigned i = 0; disk && i < KEYS; i++)
		assert_true((f->e[i].blob.blob == f->e[0].blob.blob) == (i % blobs == 0));
}

static void close_fixture(struct fixture *f)
{
	store_close(f->s);
	backend_close(f->b);
}

/* Wanted and not taken: [first, end) of the key numbers; told of: up to TOLD. */
struct queue {
	unsigned key[2000];
	unsigned first, end, told;
};

static void check_one(struct fixture *f, struct fetch *h, struct queue *q, size_t room)
{
	unsigned i = q->key[q->first++];
	const struct entry *e = &f->e[i];
	struct bytes got;
	int r = fetch_take(h, &got);

	must(r);
	if (r == 0)		/* it may be too large to be held, but not without need */
		assert_true(e->size > BLOB_SPAN_CHUNKS * BLOB_CHUNK ||
			    2 * e->size + 4 * 4096 > room);
	else
		assert_true(bytes_equal(got, value_of(e, i)));
}

/* Advice, so now and then it is wrong. */
static void tell_some(struct fixture *f, struct fetch *h, struct queue *q, unsigned steps)
{
	if (q->told < q->end)
		q->told = q->end;
	for (unsigned n = (unsigned)rnd(60); n > 0 && q->told < steps; n--, q->told++)
		if (!fetch_tell(h, &f->e[rnd(9) ? q->key[q->told] : rnd(KEYS)]))
			break;
}

static void history(struct fixture *f, struct fetch *h, size_t room, unsigned steps)
{
	struct queue q = { .end = 0 };

	for (unsigned k = 0; k < steps; k++)
		q.key[k] = (unsigned)rnd(KEYS);
	while (q.end < steps) {
		switch (rnd(40)) {
		case 0:
			fetch_drop(h);
			q.first = q.told = q.end;
			break;
		case 2: case 3: case 4: case 5: case 6: case 7:
			tell_some(f, h, &q, steps);
			break;
		case 1:
			for (unsigned n = (unsigned)rnd(KEYS); n > 0; n--)
				fetch_expect(h, &f->e[rnd(KEYS)]);
			fetch_plan(h, rnd(2));
			break;
		default:
			for (unsigned n = (unsigned)rnd(30); n > 0 && q.end < steps; n--) {
				if (!fetch_want(h, &f->e[q.key[q.end]])) {
					assert_true(q.first < q.end);
					break;
				}
				q.end++;
			}
			for (unsigned n = (unsigned)rnd(30); n > 0 && q.first < q.end; n--)
				check_one(f, h, &q, room);
		}
	}
	while (rnd(4) && q.first < q.end)	/* or closed with values on their way */
		check_one(f, h, &q, room);
}

static void random_histories_give_what_was_wanted(void **state)
{
	static const size_t some[] = { 16 << 10, 200 << 10, 2 << 20, 8 << 20 };
	static const char *const config[] = { "compression = none\n", "io_depth = 5\n", "" };
	static struct fixture f;

	(void)state;
	for (unsigned k = 0; k < 1 + 7 * scale() / 100; k++) {
		struct fetch_stat st;
		size_t room = some[k % 4];
		bool disk = k % 3 != 0, direct = k / 2 % 2;
		struct fetch *h;

		rng = 100 + k;
		view_set_resident(-1);
		open_fixture(&f, config[k % 3], disk, 1 + k % 5);
		view_set_resident(disk ? (int)(k % 4) - 1 > 0 ? -1 : 0 : -1);
		must(fetch_open(&h, f.s, room, direct));
		history(&f, h, room, 600);
		fetch_get_stat(h, &st);
		print_message("%u: room %zu, %s, %s: %llu values, %llu cold, %llu read, depth %u %s\n",
			      k, room, disk ? "disk" : "memory", direct ? "direct" : "buffered",
			      (unsigned long long)st.value_n, (unsigned long long)st.cold_n,
			      (unsigned long long)st.read_n, st.depth, st.engine);
		assert_true(st.depth <= (k % 3 == 1 ? 5u : 64u));
		fetch_close(h);
		close_fixture(&f);
	}
}

static void cold_values_are_on_their_way_at_depth(void **state)
{
	static struct fixture f;

	(void)state;
	for (unsigned direct = 0; direct < 2; direct++) {
		struct queue q = { .end = 0 };
		struct fetch_stat st;
		struct fetch *h;

		rng = 7;
		open_fixture(&f, "io_depth = 9\n", true, 3);
		view_set_resident(0);
		must(fetch_open(&h, f.s, 8 << 20, direct));
		for (; q.end < 60 && fetch_want(h, &f.e[q.end]); q.end++)
			q.key[q.end] = q.end;
		fetch_get_stat(h, &st);
		assert_true(q.end >= 10);
		/* few direct reads are threads' work, and those are eight */
		assert_int_equal(st.depth, direct ? 8 : 9);
		while (q.first < q.end)
			check_one(&f, h, &q, 8 << 20);
		fetch_get_stat(h, &st);
		assert_int_equal(st.cold_n, q.end);
		assert_int_equal(st.read_n > 0, direct);
		fetch_close(h);
		close_fixture(&f);
		view_set_resident(-1);
	}
}

/* There is room for a few; the device is kept at work all the same. */
static void values_told_of_are_on_their_way_before_there_is_room(void **state)
{
	static const size_t room = 64 << 10;
	static struct fixture f;

	(void)state;
	for (unsigned deep = 0; deep < 2; deep++) {
		struct queue q = { .end = 0 };
		struct fetch_stat st;
		struct fetch *h;
		unsigned told;

		rng = 9;
		open_fixture(&f, deep ? "io_depth = 300\n" : "io_depth = 12\n", true, 3);
		view_set_resident(0);
		must(fetch_open(&h, f.s, room, false));
		for (; q.end < KEYS && fetch_want(h, &f.e[q.end]); q.end++)
			q.key[q.end] = q.end;
		assert_in_range(q.end, 2, 11);
		for (told = q.end; told < KEYS && fetch_tell(h, &f.e[told]); told++)
			;
		assert_int_equal(told, KEYS);
		check_one(&f, h, &q, room);
		fetch_get_stat(h, &st);
		print_message("%u wanted, %u on their way\n", q.end, st.depth);
		if (deep)	/* bounded by bytes: as much again as there is room for */
			assert_in_range(st.depth, q.end + 2, q.end + room / 500);
		else
			assert_int_equal(st.depth, 12);
		for (unsigned i = q.first; i < KEYS; i++) {
			for (; q.end < KEYS && fetch_want(h, &f.e[q.end]); q.end++)
				q.key[q.end] = q.end;
			check_one(&f, h, &q, room);
		}
		fetch_get_stat(h, &st);
		assert_true(st.depth <= (deep ? room / 500 : 12));
		fetch_close(h);
		close_fixture(&f);
		view_set_resident(-1);
	}
}

static void a_dense_stretch_is_brought_in_as_a_whole_and_a_thin_one_is_not(void **state)
{
	static struct fixture f;
	struct fetch_stat st;
	struct fetch *h;

	(void)state;
	rng = 8;
	open_fixture(&f, "", true, 1);
	view_set_resident(0);
	must(fetch_open(&h, f.s, 1 << 20, false));
	fetch_expect(h, &f.e[0]);
	fetch_expect(h, &f.e[KEYS - 1]);
	fetch_plan(h, false);
	fetch_get_stat(h, &st);
	assert_int_equal(st.brought_bytes, 0);
	for (unsigned i = 10; i < 30; i++)	/* each again, as small ones would be */
		for (unsigned n = 0; n < 1 + f.e[i].size / 4096; n++)
			fetch_expect(h, &f.e[i]);
	fetch_plan(h, false);
	fetch_get_stat(h, &st);
	assert_int_equal(st.brought_bytes, f.e[29].blob.table_off + 16 * f.e[29].blob.chunk_n -
			 (f.e[10].blob.table_off + 16 * f.e[10].blob.chunk_n -
			  f.e[10].blob.stored));
	fetch_close(h);
	close_fixture(&f);
}

/* --- damage --- */

static int open_blob(struct fixture *f, uint64_t id)
{
	char name[SEGMENT_NAME_MAX], path[300];
	int fd;

	segment_name(name, SEGMENT_BLOB, id);
	snprintf(path, sizeof path, "%s/%s", f->b->path, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

/* What fetch leaves to others, as they do it. */
static int read_plainly(struct fixture *f, const struct entry *e, uint8_t *out)
{
	struct value *v;
	uint64_t n = 0;
	long some = value_open(&v, f->s, e);

	if (some < 0)
		return (int)some;
	while ((some = value_read(v, n, out + n, LEN_MOST - n)) > 0)
		n += (uint64_t)some;
	value_close(v);
	return some < 0 ? (int)some : 1;
}

static bool tell_also;		/* every other time those to come are told of */

/* All values, in order; the number of the one that fails and how, or KEYS. */
static unsigned take_all(struct fixture *f, bool direct, int *failure)
{
	static uint8_t plain[LEN_MOST];
	bool tells = tell_also = !tell_also;
	unsigned wanted = 0, told = 0, i;
	struct fetch *h;
	struct bytes got;

	must(fetch_open(&h, f->s, 2 << 20, direct));
	for (i = 0; i < KEYS; i++) {
		while (wanted < KEYS && fetch_want(h, &f->e[wanted]))
			wanted++;
		if (told < wanted)
			told = wanted;
		while (tells && told < KEYS && fetch_tell(h, &f->e[told]))
			told++;
		*failure = fetch_take(h, &got);
		if (*failure == 0) {
			*failure = read_plainly(f, &f->e[i], plain);
			got = bytes_of(plain, (size_t)f->e[i].size);
		}
		if (*failure < 0)
			break;
		assert_true(bytes_equal(got, value_of(&f->e[i], i)));
	}
	fetch_close(h);
	return i;
}

static void a_flipped_bit_is_the_failure_of_its_value_and_of_no_other(void **state)
{
	static struct fixture f;
	unsigned n = 0;

	(void)state;
	rng = 21;
	open_fixture(&f, "", true, 2);
	for (unsigned k = 0; k < 8 + 24 * scale() / 100; k++) {
		unsigned i = (unsigned)rnd(KEYS);
		uint8_t was, byte;
		uint64_t off;
		size_t len;
		int fd, failure;

		if (!blob_span(&f.e[i], &off, &len))
			continue;
		off += k % 4 ? rnd(len) : len - 1 - rnd(16 * f.e[i].blob.chunk_n);
		fd = open_blob(&f, f.e[i].blob.blob);
		assert_int_equal(pread(fd, &was, 1, (off_t)off), 1);
		byte = was ^ (uint8_t)(1u << rnd(8));
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)off), 1);
		view_set_resident(k % 2 ? 0 : -1);
		assert_int_equal(take_all(&f, k / 2 % 2, &failure), i);
		assert_true(failure == ERR_DAMAGED || failure == ERR_NEWER);
		assert_non_null(strstr(err_message(), "blob-"));
		assert_int_equal(pwrite(fd, &was, 1, (off_t)off), 1);
		close(fd);
		n++;
	}
	assert_true(n > 4);
	view_set_resident(-1);
	close_fixture(&f);
}

static void a_blob_that_was_cut_or_is_gone_is_said_at_its_value(void **state)
{
	static struct fixture f;
	char name[SEGMENT_NAME_MAX];
	int failure, fd;

	(void)state;
	rng = 22;
	open_fixture(&f, "", true, 2);
	for (unsigned k = 0; k < 4; k++) {
		unsigned i = KEYS - 1 - 2 * k;		/* all of the second blob */

		fd = open_blob(&f, f.e[i].blob.blob);
		assert_int_equal(ftruncate(fd, (off_t)f.e[i].blob.table_off), 0);
		close(fd);
		view_set_resident(k % 2 ? 0 : -1);
		assert_int_equal(take_all(&f, k / 2 % 2, &failure), i);
		assert_int_equal(failure, ERR_DAMAGED);
		assert_non_null(strstr(err_message(), "ends at byte"));
	}
	view_set_resident(-1);
	segment_name(name, SEGMENT_BLOB, f.e[KEYS - 1].blob.blob);
	must(backend_remove(f.b, name));
	assert_int_equal(take_all(&f, false, &failure), 1);
	assert_int_equal(failure, ERR_DAMAGED);
	close_fixture(&f);
}

/* All values, the failed one among them; how many failed, which is said of the right file. */
static unsigned take_others(struct fixture *f)
{
	unsigned wanted = 0, told = 0, failed = 0;
	char name[SEGMENT_NAME_MAX];
	struct fetch *h;
	struct bytes got;

	must(fetch_open(&h, f->s, 1 << 20, false));
	for (unsigned i = 0; i < KEYS; i++) {
		int r;

		while (wanted < KEYS && fetch_want(h, &f->e[wanted]))
			wanted++;
		told = told < wanted ? wanted : told;
		while (told < KEYS && fetch_tell(h, &f->e[told]))
			told++;
		r = fetch_take(h, &got);
		if (r < 0) {
			segment_name(name, SEGMENT_BLOB, f->e[i].blob.blob);
			assert_int_equal(r, ERR_IO);
			assert_non_null(strstr(err_message(), name));
			failed++;
		} else if (r > 0) {
			assert_true(bytes_equal(got, value_of(&f->e[i], i)));
		}
	}
	fetch_close(h);
	return failed;
}

static void a_read_that_fails_is_one_value_s_failure_and_short_ones_are_none(void **state)
{
	struct backend *b;
	struct fixture f = { .s = NULL };
	unsigned failures = 0;

	(void)state;
	rng = 24;
	must(fault_open(&b, NULL, 24));
	f.b = b;
	must(store_create_on(b, bytes_str("")));
	fill_fixture(&f, 3);
	fault_modes(b, FAULT_SHORT);
	assert_int_equal(take_others(&f), 0);
	/* one that was read to open a file for what may come is nobody's */
	for (unsigned k = 0; k < 4 + 12 * scale() / 100; k++) {
		uint64_t before = fault_hits(b);
		unsigned failed;

		fault_fail(b, FAULT_READ, 1 + rnd(KEYS / 2), ERR_IO, false);
		failed = take_others(&f);
		assert_int_equal(fault_hits(b), before + 1);
		assert_in_range(failed, 0, 1);
		failures += failed;
		fault_calm(b);
	}
	assert_true(failures > 2);
	close_fixture(&f);
}

static void few_descriptors_are_enough(void **state)
{
	static struct fixture f;
	struct rlimit was, few = { 0 };
	int failure, fd;

	(void)state;
	rng = 23;
	open_fixture(&f, "", true, 8);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	fd = dup(0);
	assert_true(fd >= 0);
	close(fd);
	few = was;
	few.rlim_cur = (rlim_t)fd + 14;	/* plain readers keep one a blob */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	view_set_resident(0);
	if (take_all(&f, true, &failure) != KEYS)
		fail_msg("%d: %s", failure, err_message());
	few.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(take_all(&f, true, &failure), 0);
	assert_int_equal(failure, ERR_RESOURCE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	view_set_resident(-1);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_histories_give_what_was_wanted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(cold_values_are_on_their_way_at_depth, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			values_told_of_are_on_their_way_before_there_is_room, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_dense_stretch_is_brought_in_as_a_whole_and_a_thin_one_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_flipped_bit_is_the_failure_of_its_value_and_of_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_blob_that_was_cut_or_is_gone_is_said_at_its_value, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_read_that_fails_is_one_value_s_failure_and_short_ones_are_none, setup,
			teardown),
		cmocka_unit_test_setup_teardown(few_descriptors_are_enough, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
