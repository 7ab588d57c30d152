/* tests/unit/blob.c - large values against a model: what was fed
 *
 * Over a backend in memory everything happens in order; in a directory long
 * values are packed by threads and written behind the caller's back.  The file
 * must be the same, byte for byte.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/fault.h"
#include "io/file.h"
#include "store/blob.h"
#include "store/segment.h"
#include "tests/lib/kit.h"

#define M (1u << 20)
#define LONGEST (12 * M + 77)
#define ID 0x51u

static const uint8_t store_a[16] = "store a";
static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static int begin(void **state)
{
	(void)state;
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	return 0;
}

/* --- where it lies --- */

static char dir[64];

static struct backend *in_memory(void)
{
	struct backend *b;

	must(backend_mem(&b));
	must(backend_mkdir(b, "seg"));
	must(blob_create(b, store_a, ID));
	return b;
}

static struct backend *in_directory(void)
{
	struct backend *b;

	snprintf(dir, sizeof dir, "/tmp/strato-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	must(backend_local(&b, dir, true));
	must(backend_mkdir(b, "seg"));
	must(blob_create(b, store_a, ID));
	return b;
}

static void gone(struct backend *b)
{
	char cmd[128];

	backend_close(b);
	if (!dir[0])
		return;
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	assert_int_equal(system(cmd), 0);
	dir[0] = '\0';
}

static struct file *blob_file(struct backend *b, unsigned flags)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;

	segment_name(name, SEGMENT_BLOB, ID);
	must(backend_open(b, name, flags, &f));
	return f;
}

static uint64_t size_of(struct backend *b)
{
	struct file *f = blob_file(b, 0);
	uint64_t size;

	must(file_size(f, &size));
	file_close(f);
	return size;
}

static struct blob_writer *writer(struct backend *b, enum block_codec codec, struct mem *mem)
{
	struct blob_writer *w;

	must(blob_writer_open(&w, b, store_a, ID, codec, true, mem));
	return w;
}

/* --- what is written --- */

enum kind { ZEROS, TEXT, NOISE, MIXED, KINDS };

/* Byte I of value N: noise or not by the kind, MIXED by 50000 bytes. */
static void fill(uint8_t *out, size_t len, enum kind kind, uint64_t n)
{
	uint64_t x = hash_u64(n);

	for (size_t i = 0; i < len; i++) {
		enum kind k = kind == MIXED ? (enum kind)(i / 50000 % 3) : kind;

		x = x * 6364136223846793005u + 1442695040888963407u;
		out[i] = k == NOISE ? (uint8_t)(x >> 56) :
			 k == TEXT ? (uint8_t)('a' + (i / 8 % 9 ? i % 7 : x >> 61)) : 0;
	}
}

static const uint8_t *value_of(size_t len, enum kind kind, uint64_t n)
{
	static uint8_t all[LONGEST];

	fill(all, len, kind, n);
	return all;
}

/* In pieces of any size, as pipes give them. */
static int try_write(struct blob_writer *w, const uint8_t *ptr, size_t len, struct entry *e)
{
	size_t most = rnd(3) ? 70000 : LONGEST;
	int r = blob_begin(w);

	memset(e, 0, sizeof *e);
	while (r == 0 && len) {
		size_t n = 1 + rnd(len < most ? len : most);

		r = blob_feed(w, ptr, n);
		ptr += n;
		len -= n;
	}
	return r < 0 ? r : blob_end(w, e);
}

static void write_value(struct blob_writer *w, size_t len, enum kind kind, uint64_t n,
			struct entry *e)
{
	const uint8_t *ptr = value_of(len, kind, n);

	must(try_write(w, ptr, len, e));
	assert_int_equal(e->size, len);
	assert_int_equal(e->crc, crc32c(0, ptr, len));
	assert_int_equal(e->kind, ENTRY_BLOB);
}

static int try_read(struct backend *b, const struct entry *e, const uint8_t *want, bool map)
{
	static uint8_t got[300000];
	struct blob_reader *r;
	uint64_t off = 0;
	long n = blob_reader_open(&r, b, store_a, e, map, NULL);

	if (n < 0)
		return (int)n;
	while ((n = blob_read(r, off, got, 1 + rnd(sizeof got))) > 0) {
		assert_memory_equal(got, want + off, (size_t)n);
		off += (uint64_t)n;
	}
	blob_reader_close(r);
	if (n == 0)
		assert_int_equal(off, e->size);
	return (int)n;
}

static void check_value(struct backend *b, const struct entry *e, enum kind kind, uint64_t n)
{
	must(try_read(b, e, value_of(e->size, kind, n), rnd(2)));
}

/* --- claims --- */

static void values_around_each_border_come_back(void **state)
{
	static const size_t border[] = { BLOB_CHUNK, 2 * BLOB_CHUNK, M, 4 * M, 4 * M + BLOB_CHUNK,
					 5 * M, 5 * M + 512 * 1024 };

	(void)state;
	for (int local = 0; local < 2; local++)
		for (size_t i = 0; i < sizeof border / sizeof *border; i++)
			for (int d = -1; d <= 1; d++) {
				struct backend *b;
				struct blob_writer *w;
				enum kind kind = (enum kind)rnd(KINDS);
				struct entry e, small;

				if (local != (border[i] >= 4 * M))	/* threads begin there */
					continue;
				b = local ? in_directory() : in_memory();
				w = writer(b, rnd(4) ? BLOCK_LZ4 : BLOCK_RAW, NULL);
				write_value(w, border[i] + (size_t)d, kind, i, &e);
				write_value(w, 1, kind, i, &small);
				must(blob_flush(w));
				blob_writer_close(w);
				check_value(b, &e, kind, i);
				check_value(b, &small, kind, i);
				gone(b);
			}
}

static void a_long_value_is_the_same_file_whoever_packs_and_writes_it(void **state)
{
	static uint8_t one[M], two[M];

	(void)state;
	for (int codec = BLOCK_RAW; codec <= BLOCK_LZ4; codec++) {
		struct backend *a = in_memory(), *b = in_directory();
		struct file *fa, *fb;
		uint64_t size, size_b;

		for (int both = 0; both < 2; both++) {
			struct blob_writer *w = writer(both ? b : a, (enum block_codec)codec, NULL);
			struct entry e;

			turn = 0;
			write_value(w, 5000, MIXED, 1, &e);
			write_value(w, LONGEST, MIXED, 2, &e);
			write_value(w, 9 * M, TEXT, 3, &e);
			must(blob_flush(w));
			write_value(w, 7 * M + 1, NOISE, 4, &e);
			must(blob_flush(w));
			blob_writer_close(w);
		}
		fa = blob_file(a, 0);
		fb = blob_file(b, 0);
		must(file_size(fa, &size));
		must(file_size(fb, &size_b));
		assert_int_equal(size, size_b);
		for (uint64_t off = 0; off < size; off += M) {
			size_t n = size - off < M ? (size_t)(size - off) : M;

			must(file_read(fa, one, n, off));
			must(file_read(fb, two, n, off));
			assert_memory_equal(one, two, n);
		}
		file_close(fa);
		file_close(fb);
		backend_close(a);
		gone(b);
	}
}

static void noise_is_stored_as_it_is_and_zeros_as_nearly_nothing(void **state)
{
	struct backend *b = in_directory();
	struct blob_writer *w = writer(b, BLOCK_LZ4, NULL);
	struct entry e;

	(void)state;
	write_value(w, 8 * M, NOISE, 1, &e);
	assert_int_equal(e.blob.stored, 8 * M + 64 * 16);
	write_value(w, 8 * M, ZEROS, 1, &e);
	assert_true(e.blob.stored < 64 * 1024);
	blob_writer_close(w);
	w = writer(b, BLOCK_RAW, NULL);
	write_value(w, 8 * M, ZEROS, 1, &e);
	assert_int_equal(e.blob.stored, 8 * M + 64 * 16);
	blob_writer_close(w);
	gone(b);
}

#define MANY 300

struct kept {
	struct entry e;
	enum kind kind;
};

static void random_range(struct backend *b, const struct kept *k, uint64_t n)
{
	static uint8_t got[200000];
	const uint8_t *want = value_of(k->e.size, k->kind, n);
	struct blob_reader *r;

	must(blob_reader_open(&r, b, store_a, &k->e, rnd(2), NULL));
	for (int i = 0; i < 8; i++) {
		uint64_t off = rnd(k->e.size + 10), cap = 1 + rnd(sizeof got);
		uint64_t left = off < k->e.size ? k->e.size - off : 0;
		long len = blob_read(r, off, got, cap);

		must((int)len);
		assert_true(left ? len > 0 && (uint64_t)len <= left : len == 0);
		assert_true((uint64_t)len <= cap);
		if (len)
			assert_memory_equal(got, want + off, (size_t)len);
	}
	blob_reader_close(r);
}

/* Values, flushes, values forgotten halfway and new writers, in any order. */
static void many_values_in_one_blob_come_back_at_any_range(void **state)
{
	static struct kept kept[MANY];
	struct backend *b = rnd(2) ? in_directory() : in_memory();
	struct blob_writer *w = writer(b, BLOCK_LZ4, NULL);
	uint64_t n = scaled(MANY);

	(void)state;
	if (n > MANY)
		n = MANY;
	for (uint64_t i = 0; i < n; i++) {
		size_t len = 1 + rnd(rnd(8) ? 9000 : 400000);

		kept[i].kind = (enum kind)rnd(KINDS);
		write_value(w, len, kept[i].kind, i, &kept[i].e);
		if (rnd(10) == 0) {
			must(blob_begin(w));
			must(blob_feed(w, value_of(len, NOISE, i), len));
			blob_cancel(w);
		}
		if (rnd(20) == 0)
			must(blob_flush(w));
		if (rnd(40) == 0) {
			must(blob_flush(w));
			blob_writer_close(w);
			w = writer(b, rnd(4) ? BLOCK_LZ4 : BLOCK_RAW, NULL);
		}
	}
	must(blob_flush(w));
	blob_writer_close(w);
	for (uint64_t i = 0; i < n; i++) {
		check_value(b, &kept[i].e, kept[i].kind, i);
		random_range(b, &kept[i], i);
	}
	gone(b);
}

static void each_flush_ends_on_a_border_where_the_next_writer_begins(void **state)
{
	struct backend *b = in_directory();
	uint64_t end = DISK_PAGE;

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct blob_writer *w = writer(b, BLOCK_LZ4, NULL);
		struct entry e;

		assert_int_equal(blob_writer_end(w), end);
		write_value(w, i % 2 ? 6 * M + 5 : 3, MIXED, 1, &e);
		must(blob_flush(w));
		end = blob_writer_end(w);
		assert_int_equal(end % DISK_PAGE, 0);
		write_value(w, i % 3 ? 100 : 7 * M, NOISE, 1, &e);	/* never flushed */
		blob_writer_close(w);
		assert_int_equal(size_of(b), end);
	}
	gone(b);
}

static void a_long_value_forgotten_halfway_leaves_the_next_one_whole(void **state)
{
	struct backend *b = in_directory();
	struct blob_writer *w = writer(b, BLOCK_LZ4, NULL);
	struct entry e;

	(void)state;
	for (int i = 0; i < 4; i++) {
		must(blob_begin(w));
		must(blob_feed(w, value_of(LONGEST, TEXT, 1), 5 * M + rnd(5 * M)));
		if (i % 2)
			blob_cancel(w);	/* else the next begin forgets it */
		write_value(w, 6 * M + 3, MIXED, 7, &e);
		must(blob_flush(w));
		check_value(b, &e, MIXED, 7);
	}
	must(blob_begin(w));
	must(blob_feed(w, value_of(LONGEST, TEXT, 1), LONGEST));
	blob_writer_close(w);		/* in the middle of it */
	gone(b);
}

static void memory_is_bounded_and_a_small_limit_is_kept(void **state)
{
	struct backend *b = in_directory();
	struct mem mem;
	struct entry e;

	(void)state;
	for (size_t limit = 0; limit <= 8 * M; limit = limit ? 2 * limit : 512 * 1024) {
		struct blob_writer *w;

		mem_init(&mem, limit);
		w = writer(b, BLOCK_LZ4, &mem);
		write_value(w, LONGEST, MIXED, 9, &e);
		must(blob_flush(w));
		blob_writer_close(w);
		assert_true(mem.peak <= 16 * M);
		assert_true(!limit || mem.peak <= limit);
		assert_int_equal(mem.used, 0);
		check_value(b, &e, MIXED, 9);
	}
	gone(b);
}

/* Every allocation fails once: an error, or the value whole. */
static void no_failing_allocation_loses_or_leaks(void **state)
{
	struct backend *b = in_directory();
	const uint8_t *ptr = value_of(7 * M, MIXED, 3);
	uint64_t at = 0;
	struct mem mem;

	(void)state;
	do {
		struct blob_writer *w = NULL;
		struct entry e;
		int r;

		mem_init(&mem, 0);
		mem.fail_at = ++at;
		r = blob_writer_open(&w, b, store_a, ID, BLOCK_LZ4, true, &mem);
		if (r == 0)
			r = try_write(w, ptr, 7 * M, &e);
		if (r == 0)
			r = blob_flush(w);
		blob_writer_close(w);
		assert_int_equal(mem.used, 0);
		if (r < 0)
			assert_int_equal(r, ERR_MEMORY);
		else
			must(try_read(b, &e, ptr, false));
	} while (mem.count >= at);
	assert_true(at > 8);
	gone(b);
}

/* --- damage --- */

static void a_flipped_bit_is_an_error_or_harmless(void **state)
{
	struct backend *b = in_memory();
	struct blob_writer *w = writer(b, BLOCK_LZ4, NULL);
	const uint8_t *want = value_of(3000, TEXT, 5);
	uint64_t size, errors = 0, step = scaled(100) >= 100 ? 1 : 7;
	struct entry e;
	struct file *f;
	uint8_t byte;

	(void)state;
	must(try_write(w, want, 3000, &e));
	must(blob_flush(w));
	blob_writer_close(w);
	f = blob_file(b, FILE_WRITE);
	must(file_size(f, &size));
	for (uint64_t bit = 0; bit < 8 * size; bit += step) {
		bool counts = bit / 8 < 64 || (bit / 8 >= DISK_PAGE &&
			      bit / 8 < e.blob.table_off + 16 * e.blob.chunk_n);
		int r;

		if (!counts)	/* what nothing refers to: here and there */
			bit += 8 * 61;
		if (bit >= 8 * size)
			break;
		must(file_read(f, &byte, 1, bit / 8));
		byte ^= (uint8_t)(1 << bit % 8);
		must(file_write(f, &byte, 1, bit / 8));
		r = try_read(b, &e, want, false);
		if (counts)
			assert_int_equal(r, ERR_DAMAGED);
		errors += r < 0;
		byte ^= (uint8_t)(1 << bit % 8);
		must(file_write(f, &byte, 1, bit / 8));
	}
	assert_true(errors > 1000 / step);
	must(try_read(b, &e, want, false));
	file_close(f);
	backend_close(b);
}

/* Each chunk is as it was written, and yet the value is another's. */
static void a_value_under_anothers_checksum_is_damage(void **state)
{
	static const size_t len[] = { 3000, 2 * BLOB_CHUNK + 5, 9 * BLOB_CHUNK };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		static uint8_t span[4 * BLOB_CHUNK], raw[4 * BLOB_CHUNK];
		struct backend *b = in_memory();
		struct blob_writer *w = writer(b, BLOCK_LZ4, NULL);
		const uint8_t *value;
		struct file *f;
		struct entry e;
		uint64_t off;
		size_t n;

		write_value(w, len[i], MIXED, i, &e);
		must(blob_flush(w));
		blob_writer_close(w);
		f = blob_file(b, 0);
		for (int wrong = 0; wrong < 2; wrong++) {
			e.crc ^= (uint32_t)wrong;
			assert_int_equal(try_read(b, &e, value_of(len[i], MIXED, i), false),
					 wrong ? ERR_DAMAGED : 0);
			if (!blob_span(&e, &off, &n))
				continue;
			assert_true(n <= sizeof span);
			must(file_read(f, span, n, off));
			assert_int_equal(blob_span_unpack(f, store_a, &e, span, raw, &value),
					 wrong ? ERR_DAMAGED : 0);
		}
		file_close(f);
		backend_close(b);
	}
}

/* If its head is whole; else nobody knows what it was. */
static void a_newer_format_is_told_from_damage(void **state)
{
	struct backend *b = in_memory();
	struct blob_writer *w = writer(b, BLOCK_RAW, NULL);
	struct file *f = blob_file(b, FILE_WRITE);
	struct blob_head_disk h;
	struct entry e;

	(void)state;
	write_value(w, 3000, NOISE, 1, &e);
	must(blob_flush(w));
	blob_writer_close(w);
	must(file_read(f, &h, sizeof h, 0));
	h.format = le32_of(le32_get(h.format) + 1);
	must(file_write(f, &h, sizeof h, 0));
	assert_int_equal(try_read(b, &e, value_of(3000, NOISE, 1), false), ERR_DAMAGED);
	h.crc = le32_of(crc32c(0, (uint8_t *)&h + 4, sizeof h - 4));
	must(file_write(f, &h, sizeof h, 0));
	assert_int_equal(try_read(b, &e, value_of(3000, NOISE, 1), false), ERR_NEWER);
	file_close(f);
	backend_close(b);
}

/* An inline value of an entry, wherever the entry lies. */
static void an_entry_whose_value_is_anothers_is_none(void **state)
{
	struct entry e = { .key = bytes_of("key", 3), .version = 1, .kind = ENTRY_PUT,
			   .value = bytes_of("value", 5), .size = 5,
			   .crc = crc32c(0, "value", 5) };
	struct buf out = { .len = 0 };
	struct entry got;

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		e.crc ^= (uint32_t)wrong;
		out.len = 0;
		must(entry_put_record(&out, &e));
		assert_int_equal(entry_get_record(bytes_of(out.ptr, out.len), &got),
				 wrong ? ERR_DAMAGED : (long)out.len);
		out.len = 0;
		must(entry_put_body(&out, &e));
		assert_int_equal(entry_get_body(bytes_of(out.ptr, out.len), &got),
				 wrong ? ERR_DAMAGED : (long)out.len);
	}
	buf_release(&out);
}

/* --- failure --- */

/* After it: nothing more is taken, what was flushed before is there, and only that. */
static void check_ended(struct backend *b, struct blob_writer *w, const struct entry *before,
			uint64_t end)
{
	struct entry e;

	assert_true(blob_writer_done(w));
	assert_int_equal(blob_begin(w), ERR_IO);
	assert_int_equal(try_write(w, value_of(10, TEXT, 1), 10, &e), ERR_IO);
	assert_int_equal(blob_flush(w), ERR_IO);
	blob_writer_close(w);
	assert_int_equal(size_of(b), end);
	check_value(b, before, MIXED, 1);
}

static void a_failed_write_or_flush_ends_the_writer(void **state)
{
	static const struct { unsigned kind; int code; } fault[] = {
		{ FAULT_WRITE, ERR_IO }, { FAULT_WRITE, ERR_NO_SPACE },
		{ FAULT_FLUSH, ERR_IO }, { FAULT_FLUSH, ERR_NO_SPACE },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (uint64_t nth = 1; nth < 20; nth++) {
			struct backend *b;
			struct blob_writer *w;
			struct entry before, e;
			uint64_t end;
			int r;

			must(fault_open(&b, NULL, seed + nth));
			must(backend_mkdir(b, "seg"));
			must(blob_create(b, store_a, ID));
			w = writer(b, BLOCK_LZ4, NULL);
			write_value(w, 200000, MIXED, 1, &before);
			must(blob_flush(w));
			end = blob_writer_end(w);
			fault_fail(b, fault[i].kind, nth, fault[i].code, false);
			r = try_write(w, value_of(3 * M, NOISE, 2), 3 * M, &e);
			if (r == 0)
				r = blob_flush(w);
			if (fault_hits(b) == 0) {	/* beyond the last of them */
				must(r);
				assert_true(nth > (fault[i].kind == FAULT_WRITE ? 3u : 1u));
				nth = 20;
				blob_writer_close(w);
			} else {
				assert_int_equal(r, fault[i].code);
				check_ended(b, w, &before, end);
			}
			backend_close(b);
		}
}

/* The system refuses what lies beyond 6 MiB, while it is written behind. */
static void a_write_behind_that_fails_is_told_and_ends_the_writer(void **state)
{
	struct backend *b = in_directory();
	struct rlimit was, now;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	now = was;
	for (int codec = BLOCK_RAW; codec <= BLOCK_LZ4; codec++)
		for (size_t len = 7 * M; len <= LONGEST; len += 2 * M + 77) {
			struct blob_writer *w = writer(b, (enum block_codec)codec, NULL);
			uint64_t end;
			struct entry before, e;
			int r;

			write_value(w, 200000, MIXED, 1, &before);
			must(blob_flush(w));
			end = blob_writer_end(w);
			now.rlim_cur = end + 6 * M;
			assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
			r = try_write(w, value_of(len, NOISE, 2), len, &e);
			if (r == 0)
				r = blob_flush(w);
			assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
			assert_int_equal(r, ERR_NO_SPACE);
			assert_non_null(strstr(err_message(), "/seg/"));
			check_ended(b, w, &before, end);
		}
	gone(b);
}

static void after_a_crash_what_was_flushed_is_whole(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < scaled(40); i++) {
		struct backend *b, *after;
		struct blob_writer *w;
		struct entry e, lost;

		must(fault_open(&b, NULL, seed + i));
		must(backend_mkdir(b, "seg"));
		must(backend_sync_dir(b, ""));
		must(blob_create(b, store_a, ID));
		w = writer(b, BLOCK_LZ4, NULL);
		write_value(w, 1 + rnd(M), MIXED, 1, &e);
		must(blob_flush(w));
		write_value(w, 1 + rnd(3 * M), MIXED, 2, &lost);
		must(fault_crash(b, seed + i, &after));
		check_value(after, &e, MIXED, 1);
		blob_writer_close(w);
		/* and the next writer's values do not mix with what was left */
		w = writer(after, BLOCK_RAW, NULL);
		write_value(w, 1 + rnd(M), MIXED, 3, &lost);
		must(blob_flush(w));
		blob_writer_close(w);
		check_value(after, &e, MIXED, 1);
		check_value(after, &lost, MIXED, 3);
		backend_close(after);
		backend_close(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(values_around_each_border_come_back, begin),
		cmocka_unit_test_setup(a_long_value_is_the_same_file_whoever_packs_and_writes_it, begin),
		cmocka_unit_test_setup(noise_is_stored_as_it_is_and_zeros_as_nearly_nothing, begin),
		cmocka_unit_test_setup(many_values_in_one_blob_come_back_at_any_range, begin),
		cmocka_unit_test_setup(each_flush_ends_on_a_border_where_the_next_writer_begins, begin),
		cmocka_unit_test_setup(a_long_value_forgotten_halfway_leaves_the_next_one_whole, begin),
		cmocka_unit_test_setup(memory_is_bounded_and_a_small_limit_is_kept, begin),
		cmocka_unit_test_setup(no_failing_allocation_loses_or_leaks, begin),
		cmocka_unit_test_setup(a_flipped_bit_is_an_error_or_harmless, begin),
		cmocka_unit_test_setup(a_value_under_anothers_checksum_is_damage, begin),
		cmocka_unit_test_setup(a_newer_format_is_told_from_damage, begin),
		cmocka_unit_test_setup(an_entry_whose_value_is_anothers_is_none, begin),
		cmocka_unit_test_setup(a_failed_write_or_flush_ends_the_writer, begin),
		cmocka_unit_test_setup(a_write_behind_that_fails_is_told_and_ends_the_writer, begin),
		cmocka_unit_test_setup(after_a_crash_what_was_flushed_is_whole, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
