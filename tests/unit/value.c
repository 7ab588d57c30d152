/* tests/unit/value.c - large values: any range, from the page cache or past it */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "io/backend.h"
#include "io/view.h"
#include "store/blob.h"
#include "store/segment.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define LEN (5u << 20)
#define WHOLE (LEN + 12345)

static uint64_t rng;
static char dir[64];
static uint8_t value[WHOLE];

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

/* Chunks that pack, chunks that do not, and some of both sizes between. */
static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHOLE; i++) {
		bool packs = i >> 18 & 1 ? i % 3 : i >> 17 & 4;

		value[i] = packs ? (uint8_t)(i >> 10) : (uint8_t)hash_u64(i);
	}
	strcpy(dir, "/var/tmp/strato-value.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

struct fixture {
	struct backend *b;
	struct store *s;
	int fd;			/* of the blob */
	uint64_t first;		/* file offset of the value's first chunk */
};

static void open_fixture(struct fixture *f, const char *config, size_t len)
{
	struct store_options o = { .write = true, .who = "test" };
	char path[200], name[SEGMENT_NAME_MAX];
	struct entry e;
	struct txn *t;

	snprintf(path, sizeof path, "%s/%llu", dir, (unsigned long long)rnd(0) + rnd(1u << 30));
	must(store_create(path, bytes_str(config)));
	must(backend_local(&f->b, path, true));
	must(store_open_on(&f->s, f->b, &o));
	must(txn_begin(&t, f->s));
	must(txn_put_begin(t, 0, bytes_str("k"), 0));
	must(txn_put_feed(t, value, len));
	must(txn_put_end(t));
	must(txn_commit(t, NULL));
	txn_abort(t);
	must(store_get(f->s, 0, bytes_str("k"), &e));
	assert_int_equal(e.kind, ENTRY_BLOB);
	segment_name(name, SEGMENT_BLOB, e.blob.blob);
	snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", name);
	f->fd = open(path, O_RDWR);
	assert_true(f->fd >= 0);
	f->first = e.blob.table_off + 16 * e.blob.chunk_n - e.blob.stored;
}

static void close_fixture(struct fixture *f)
{
	view_set_resident(-1);
	close(f->fd);
	store_close(f->s);
	backend_close(f->b);
}

/* [FROM, TO) by peeks, or reads of odd sizes, against VALUE. */
static int read_range(struct fixture *f, uint64_t from, uint64_t to, bool peek,
		      struct blob_read_stat *stat)
{
	static uint8_t buf[70000];
	struct value *v;
	struct entry e;
	int r = store_get_value(f->s, 0, bytes_str("k"), &e, &v);

	assert_int_equal(r, 1);
	value_expect(v, from, to);
	r = 0;
	while (r == 0 && from < to) {
		const uint8_t *ptr = buf;
		bool lasting;
		long n = peek ? value_peek(v, from, &ptr, &lasting) :
			 value_read(v, from, buf, 1 + (size_t)rnd(sizeof buf));

		if (n <= 0) {
			r = n < 0 ? (int)n : 1;
			break;
		}
		if ((uint64_t)n > to - from)
			n = (long)(to - from);
		assert_memory_equal(ptr, value + from, (size_t)n);
		from += (uint64_t)n;
	}
	value_get_stat(v, stat);
	value_close(v);
	return r;
}

static void any_range_is_right_cached_or_not(void **state)
{
	static const char *const config[] = {
		"direct_io = on\nprefetch_distance = 16\n",
		"direct_io = on\nprefetch_distance = 1\ncompression = none\n",
		"prefetch_distance = 0\n", "direct_io = off\nprefetch_distance = 3\n",
		"compression = none\nprefetch_distance = 2\n",
	};

	(void)state;
	for (unsigned c = 0; c < 5; c++) {
		struct blob_read_stat st;
		struct fixture f;

		rng = c;
		open_fixture(&f, config[c], WHOLE);
		for (int k = 0; k < 10; k++) {
			uint64_t from = k ? rnd(WHOLE) : 0, to = k ? from + rnd(WHOLE - from) : WHOLE;

			view_set_resident(k % 2 ? 0 : -1);
			assert_int_equal(read_range(&f, from, to, k % 3, &st), 0);
			assert_true(st.depth <= (c == 0 ? 16u : c == 1 ? 1u : c == 2 ? 0u : c == 3 ? 3u : 2u));
			if (c == 2)
				assert_int_equal(st.ahead_n, 0);
		}
		close_fixture(&f);
	}
}

static void a_range_reads_only_its_chunks(void **state)
{
	struct blob_read_stat st;
	struct fixture f;

	(void)state;
	rng = 9;
	open_fixture(&f, "compression = none\n", WHOLE);
	for (int k = 0; k < 20; k++) {
		uint64_t from = rnd(WHOLE), len = k % 2 ? rnd(5000) : rnd(3u << 20);
		uint64_t to = from + len < WHOLE ? from + len : WHOLE;

		view_set_resident(0);
		assert_int_equal(read_range(&f, from, to, true, &st), 0);
		if (to > from)
			assert_true(st.chunk_n <= (to - from) / BLOB_CHUNK + 2);
		assert_true(st.ahead_n * (256u << 10) <= to - from + 2 * BLOB_CHUNK + (512u << 10));
	}
	close_fixture(&f);
}

static void a_flipped_bit_is_reported_wherever_the_bytes_came_from(void **state)
{
	static const char *const config[] = { "compression = none\n", "", "direct_io = on\n",
						"direct_io = on\ncompression = none\n" };

	(void)state;
	for (unsigned c = 0; c < 4; c++) {
		struct blob_read_stat st;
		struct fixture f;

		rng = 40 + c;
		open_fixture(&f, config[c], LEN);
		for (int k = 0; k < 8; k++) {
			off_t at = (off_t)(f.first + rnd(1u << 20));
			uint8_t byte;

			assert_int_equal(pread(f.fd, &byte, 1, at), 1);
			byte ^= 4;
			assert_int_equal(pwrite(f.fd, &byte, 1, at), 1);
			view_set_resident(k % 2 ? 0 : -1);
			assert_int_equal(read_range(&f, 0, LEN, true, &st), ERR_DAMAGED);
			assert_non_null(strstr(err_message(), "checksum differs"));
			byte ^= 4;
			assert_int_equal(pwrite(f.fd, &byte, 1, at), 1);
		}
		assert_int_equal(read_range(&f, 0, LEN, true, &st), 0);
		close_fixture(&f);
	}
}

/* --- pages held --- */

struct holder {
	struct fixture *f;
	unsigned call_n;
	bool yes, spoil;		/* a bit turns over once it is held */
	const void *ptr;
};

static bool on_hold(void *ctx, const void *ptr, size_t len)
{
	struct holder *h = ctx;
	struct stat st;
	uint8_t *map;

	h->call_n++;
	h->ptr = ptr;
	assert_true(len <= BLOB_CHUNK);
	if (!h->spoil)
		return h->yes;
	assert_int_equal(fstat(h->f->fd, &st), 0);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, h->f->fd, 0);
	assert_true(map != MAP_FAILED);
	for (off_t at = 0; at + (off_t)len <= st.st_size; at++)
		if (map[at] == *(const uint8_t *)ptr && !memcmp(map + at, ptr, len)) {
			map[at + (off_t)len / 2] ^= 8;
			break;
		}
	munmap(map, (size_t)st.st_size);
	return h->yes;
}

static int read_held(struct holder *h, unsigned *held_n)
{
	struct value *v;
	struct entry e;
	uint64_t off = 0;
	long n;

	*held_n = 0;
	h->call_n = 0;
	assert_int_equal(store_get_value(h->f->s, 0, bytes_str("k"), &e, &v), 1);
	value_expect(v, 0, e.size);
	value_offer(v, on_hold, h);
	do {
		const uint8_t *ptr;
		bool held;

		n = value_peek(v, off, &ptr, &held);
		if (n <= 0)
			break;
		assert_memory_equal(ptr, value + off, (size_t)n);
		if (held)
			assert_ptr_equal(ptr, h->ptr);
		*held_n += held;
		off += (uint64_t)n;
	} while (true);
	value_close(v);
	assert_true(n < 0 || off == LEN);
	return (int)n;
}

static void what_is_held_is_checked_after_it_was(void **state)
{
	const unsigned chunks = LEN / BLOB_CHUNK;
	struct fixture f;
	struct holder h = { .f = &f };
	unsigned held;

	(void)state;
	rng = 60;
	open_fixture(&f, "compression = none\n", LEN);
	for (int resident = -1; resident < 1; resident++) {
		view_set_resident(resident);
		h.yes = true;
		assert_int_equal(read_held(&h, &held), 0);
		assert_int_equal(held, chunks);
		h.yes = false;
		assert_int_equal(read_held(&h, &held), 0);
		assert_int_equal(held, 0);
		assert_int_equal(h.call_n, chunks);
	}
	h.yes = h.spoil = true;
	assert_int_equal(read_held(&h, &held), ERR_DAMAGED);
	assert_int_equal(h.call_n, 1);
	close_fixture(&f);
	/* of what packs nothing can be held, nor of what is read past the page cache */
	h.spoil = false;
	open_fixture(&f, "", LEN);
	assert_int_equal(read_held(&h, &held), 0);
	assert_true(held > 0 && held < chunks);
	close_fixture(&f);
	open_fixture(&f, "direct_io = on\ncompression = none\n", LEN);
	view_set_resident(0);
	assert_int_equal(read_held(&h, &held), 0);
	assert_int_equal(h.call_n, 0);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_range_is_right_cached_or_not, setup, teardown),
		cmocka_unit_test_setup_teardown(a_range_reads_only_its_chunks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_bit_is_reported_wherever_the_bytes_came_from,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_held_is_checked_after_it_was, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
