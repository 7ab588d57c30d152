/* tests/unit/segment.c - store/segment: written whole, read right or not at all */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/segment_disk.h"

#define MIB (1u << 20)

static const uint8_t store_a[16] = "store a";
static const uint8_t store_b[16] = "store b";
static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static uint64_t scaled(uint64_t n)
{
	const char *text = getenv("STRATO_TEST_SCALE");

	n = n * (text ? strtoull(text, NULL, 10) : 100) / 100;
	return n ? n : 1;
}

static uint8_t byte_at(uint32_t tag, uint64_t i)
{
	return (uint8_t)(hash_u64((uint64_t)tag << 32 | i >> 3) >> (i & 7) * 8);
}

static uint8_t *content(uint32_t tag, size_t len)
{
	uint8_t *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = byte_at(tag, i);
	return p;
}

static int open_backend(void **state)
{
	struct backend *b;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	*state = b;
	return 0;
}

static int close_backend(void **state)
{
	backend_close(*state);
	return 0;
}

static int count_name(void *ctx, const char *name)
{
	(void)name;
	++*(unsigned *)ctx;
	return 0;
}

static unsigned names_in(struct backend *b, const char *dir)
{
	unsigned n = 0;

	assert_int_equal(backend_list(b, dir, count_name, &n), 0);
	return n;
}

static int write_section(struct segment_writer *w, uint32_t tag, size_t len)
{
	uint8_t *p = content(tag, len);
	int r = segment_begin(w, tag);

	for (size_t at = 0; r == 0 && at < len; ) {
		size_t n = 1 + rnd(len < 70000 ? 5000 : 3 * MIB);

		n = n < len - at ? n : len - at;
		assert_int_equal(segment_offset(w), at);
		r = segment_write(w, p + at, n);
		at += n;
	}
	free(p);
	return r;
}

/* Sections 1..N of these lengths, and meta "words". */
static int make(struct backend *b, const size_t *len, unsigned n, struct mem *mem,
		struct segment_ref *ref)
{
	struct segment_writer *w = NULL;
	int r = segment_create(&w, b, SEGMENT_CSR, store_a, mem);

	if (r == 0)
		r = segment_meta(w, "words", 5);
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = write_section(w, i + 1, len[i]);
	if (r == 0)
		return segment_finish(w, ref);
	segment_abort(w);
	return r;
}

static int open_it(struct segment **s, struct backend *b, const struct segment_ref *ref)
{
	return segment_open(s, b, ref, store_a, NULL);
}

/* 0 when each section reads as it was written, or the error that stopped it. */
static int read_all(struct segment *s, const size_t *len, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct bytes got = segment_section(s, i + 1);
		uint8_t *want;
		int r;

		assert_int_equal(got.len, len[i]);
		r = segment_check(s, got.ptr, got.len);
		if (r < 0)
			return r;
		want = content(i + 1, len[i]);
		if (len[i])
			assert_memory_equal(got.ptr, want, len[i]);
		free(want);
	}
	return 0;
}

struct faults {
	unsigned n;
	uint64_t off;
	uint32_t tag;
};

static void fault(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	struct faults *f = ctx;

	f->n++;
	f->off = off;
	f->tag = tag;
	assert_int_not_equal(expected, got);
}

static int verify(struct segment *s, struct faults *f)
{
	memset(f, 0, sizeof *f);
	return segment_verify(s, fault, f);
}

static void peek(struct backend *b, const struct segment_ref *ref, uint64_t off,
		 void *ptr, size_t len, bool write)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;

	segment_name(name, ref->kind, ref->id);
	assert_int_equal(backend_open(b, name, FILE_WRITE | FILE_LINKED, &f), 0);
	assert_int_equal(write ? file_write(f, ptr, len, off) : file_read(f, ptr, len, off), 0);
	file_close(f);
}

static void flip(struct backend *b, const struct segment_ref *ref, uint64_t bit)
{
	uint8_t byte;

	peek(b, ref, bit / 8, &byte, 1, false);
	byte ^= (uint8_t)(1u << bit % 8);
	peek(b, ref, bit / 8, &byte, 1, true);
}

static void drop(struct backend *b, const struct segment_ref *ref)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(name, ref->kind, ref->id);
	assert_int_equal(backend_remove(b, name), 0);
}

static uint64_t pages_of(size_t len)
{
	return (len + DISK_PAGE - 1) / DISK_PAGE;
}

/* Superblock, sections, as many levels as it takes, footer. */
static uint64_t expected_bytes(uint64_t page_n)
{
	uint64_t all = page_n + 2;

	for (uint64_t n = page_n; n; n = n == 1 ? 0 : n) {
		n = (n + 1023) / 1024;
		all += n;
	}
	return all * DISK_PAGE;
}

static void one_of_size(struct backend *b, size_t len)
{
	struct segment_ref ref;
	struct segment *s;
	struct faults f;

	assert_int_equal(make(b, &len, 1, NULL, &ref), 0);
	assert_int_equal(ref.bytes, expected_bytes(pages_of(len)));
	assert_int_equal(open_it(&s, b, &ref), 0);
	assert_int_equal(read_all(s, &len, 1), 0);
	assert_int_equal(segment_file_off(s, segment_section(s, 1).ptr), DISK_PAGE);
	assert_int_equal(verify(s, &f), 0);
	assert_int_equal(f.n, 0);
	segment_close(s);
	drop(b, &ref);
}

static void every_size_around_pages_and_tree_levels_comes_back(void **state)
{
	static const size_t border[] = { 0, 1, 2, 3, 255, 256, 257, 1024 };
	const size_t page = DISK_PAGE;

	for (size_t i = 0; i < sizeof border / sizeof *border; i++)
		for (size_t d = 0; d < 3; d++)
			if (border[i] * page + d >= 1)
				one_of_size(*state, border[i] * page + d - 1);
	one_of_size(*state, 1025 * page - 1);
	one_of_size(*state, 1025 * page + 1);
	one_of_size(*state, 2048 * page + 1);
}

static void sections_keep_apart_and_meta_comes_back(void **state)
{
	static const size_t len[] = { 5, 0, 4096, 70000, 1, 0 };
	struct segment_ref ref;
	struct segment *s;

	assert_int_equal(make(*state, len, 6, NULL, &ref), 0);
	assert_int_equal(open_it(&s, *state, &ref), 0);
	assert_int_equal(read_all(s, len, 6), 0);
	for (uint32_t t = 1; t <= 6; t++)
		assert_int_equal(segment_file_off(s, segment_section(s, t).ptr) % DISK_PAGE, 0);
	assert_null(segment_section(s, 7).ptr);
	assert_null(segment_section(s, 0).ptr);
	assert_int_equal(segment_get_meta(s).len, 5);
	assert_memory_equal(segment_get_meta(s).ptr, "words", 5);
	segment_close(s);
	assert_int_equal(names_in(*state, "tmp"), 0);
}

static void a_segment_without_sections_opens(void **state)
{
	struct segment_ref ref;
	struct segment *s;
	struct faults f;

	assert_int_equal(make(*state, NULL, 0, NULL, &ref), 0);
	assert_int_equal(ref.bytes, 2 * DISK_PAGE);
	assert_int_equal(open_it(&s, *state, &ref), 0);
	assert_int_equal(verify(s, &f), 0);
	segment_close(s);
}

static void misuse_of_the_writer_is_named(void **state)
{
	struct segment_writer *w;
	static const uint8_t meta[SEGMENT_META_MAX + 1];

	assert_int_equal(segment_create(&w, *state, SEGMENT_RUN, store_a, NULL), 0);
	assert_int_equal(segment_write(w, "x", 1), ERR_BUG);
	assert_int_equal(segment_begin(w, 0), ERR_BUG);
	assert_int_equal(segment_begin(w, 3), 0);
	assert_int_equal(segment_begin(w, 3), ERR_BUG);
	assert_int_equal(segment_meta(w, meta, sizeof meta), ERR_BUG);
	assert_int_equal(segment_meta(w, meta, sizeof meta - 1), 0);
	segment_abort(w);
	segment_abort(NULL);
	assert_int_equal(names_in(*state, "tmp"), 0);
	assert_int_equal(names_in(*state, "seg"), 0);
}

/* Reading right, or the fault found; and found by the full check in any case. */
static void flipped(struct backend *b, const struct segment_ref *ref, uint64_t bit,
		    const size_t *len, unsigned n)
{
	struct segment *s;
	struct faults f;
	int r;

	flip(b, ref, bit);
	r = open_it(&s, b, ref);
	if (r == 0) {
		r = read_all(s, len, n);
		assert_true(r == 0 || r == ERR_DAMAGED);
		assert_int_equal(verify(s, &f), 1);
		assert_int_equal(f.n, 1);
		assert_int_equal(f.off, bit / 8 / DISK_PAGE * DISK_PAGE);
		segment_close(s);
	} else {
		assert_int_equal(r, ERR_DAMAGED);
	}
	flip(b, ref, bit);
}

static void every_flipped_byte_is_found_and_none_is_believed(void **state)
{
	static const size_t len[] = { 100, 4097 };
	uint64_t step = 100 / (scaled(100) < 100 ? scaled(100) : 100);
	struct segment_ref ref;

	assert_int_equal(make(*state, len, 2, NULL, &ref), 0);
	for (uint64_t at = 0; at < ref.bytes; at += step)
		flipped(*state, &ref, at * 8 + rnd(8), len, 2);
}

static void a_bad_page_is_found_in_the_tree_and_in_its_section(void **state)
{
	static const size_t len[] = { 10, 5 * MIB };
	struct segment_ref ref;
	struct segment *s;
	struct faults f;
	uint64_t page_n = pages_of(len[0]) + pages_of(len[1]);

	assert_int_equal(make(*state, len, 2, NULL, &ref), 0);
	for (uint64_t p = 1; p < page_n + 4; p += p < page_n ? 1 + rnd(page_n - p) : 1) {
		bool tree = p > page_n;

		/* of the tree a bit that stands for no page: bad all the same */
		flip(*state, &ref, tree ? (p + 1) * DISK_PAGE * 8 - 1
					: p * DISK_PAGE * 8 + rnd(DISK_PAGE * 8));
		if (p == page_n + 3) {		/* the top page */
			assert_int_equal(open_it(&s, *state, &ref), ERR_DAMAGED);
			break;
		}
		assert_int_equal(open_it(&s, *state, &ref), 0);
		assert_int_equal(verify(s, &f), 1);
		assert_int_equal(f.off, p * DISK_PAGE);
		assert_int_equal(f.tag, tree ? 0 : p == 1 ? 1 : 2);
		assert_int_equal(read_all(s, len, 2), ERR_DAMAGED);
		segment_close(s);
		drop(*state, &ref);
		assert_int_equal(make(*state, len, 2, NULL, &ref), 0);
	}
}

/* As strato-store(5) words it, apart from the code that does it. */
static void checksums_are_those_of_the_manual(void **state)
{
	static const size_t len = 1025 * DISK_PAGE;
	static uint8_t page[DISK_PAGE];
	struct segment_ref ref;
	uint64_t id_page[2];
	uint8_t low[4], high[4];
	uint32_t crc, sum;

	assert_int_equal(make(*state, &len, 1, NULL, &ref), 0);
	for (uint64_t p = 1; p <= 1026; p += p == 1 ? 1024 : 1) {
		peek(*state, &ref, p * DISK_PAGE, page, sizeof page, false);
		id_page[0] = htole64(ref.id);
		id_page[1] = htole64(p);
		sum = crc32c(crc32c(0, id_page, sizeof id_page), page, sizeof page);
		peek(*state, &ref, p == 1026 ? 1028 * DISK_PAGE : (1026 * DISK_PAGE) + (p - 1) * 4,
		     low, sizeof low, false);
		memcpy(&crc, low, sizeof crc);
		assert_int_equal(le32toh(crc), sum);
	}
	peek(*state, &ref, 0, page, sizeof page, false);
	memcpy(high, page + 8, sizeof high);
	memset(page + 8, 0, sizeof high);
	memcpy(&crc, high, sizeof crc);
	assert_int_equal(le32toh(crc), crc32c(0, page, sizeof page));
	assert_int_equal(ref.root, crc32c(0, page, sizeof page));
}

static void pages_in_each_others_place_are_damage(void **state)
{
	static const size_t len = 3 * DISK_PAGE;
	static uint8_t a[DISK_PAGE], b[DISK_PAGE];
	struct segment_ref ref;
	struct segment *s;

	assert_int_equal(make(*state, &len, 1, NULL, &ref), 0);
	peek(*state, &ref, DISK_PAGE, a, sizeof a, false);
	peek(*state, &ref, 2 * DISK_PAGE, b, sizeof b, false);
	peek(*state, &ref, DISK_PAGE, b, sizeof b, true);
	peek(*state, &ref, 2 * DISK_PAGE, a, sizeof a, true);
	assert_int_equal(open_it(&s, *state, &ref), 0);
	assert_int_equal(read_all(s, &len, 1), ERR_DAMAGED);
	segment_close(s);
}

static void put_super(struct backend *b, struct segment_ref *ref,
		      struct segment_super_disk *d)
{
	ref->root = segment_super_crc(d);
	d->crc = le32_of(ref->root);
	peek(b, ref, 0, d, sizeof *d, true);
	peek(b, ref, ref->bytes - sizeof *d, d, sizeof *d, true);
}

static void another_stores_or_another_segments_file_is_refused(void **state)
{
	static const size_t len = 100;
	struct segment_ref ref, other, wrong;
	char name[SEGMENT_NAME_MAX], name2[SEGMENT_NAME_MAX];
	struct segment *s;

	assert_int_equal(make(*state, &len, 1, NULL, &ref), 0);
	assert_int_equal(make(*state, &len, 1, NULL, &other), 0);
	assert_int_equal(segment_open(&s, *state, &ref, store_b, NULL), ERR_DAMAGED);
	wrong = ref;
	wrong.root ^= 1;
	assert_int_equal(open_it(&s, *state, &wrong), ERR_DAMAGED);
	wrong.root = 0;			/* not known: footer and store id decide */
	assert_int_equal(open_it(&s, *state, &wrong), 0);
	segment_close(s);
	assert_int_equal(segment_open(&s, *state, &wrong, store_b, NULL), ERR_DAMAGED);
	flip(*state, &ref, (ref.bytes - 1) * 8);
	assert_int_equal(open_it(&s, *state, &wrong), ERR_DAMAGED);
	assert_int_equal(open_it(&s, *state, &ref), 0);
	segment_close(s);
	segment_name(name, ref.kind, ref.id);
	segment_name(name2, other.kind, other.id);
	assert_int_equal(backend_rename(*state, name2, name), 0);
	assert_int_equal(open_it(&s, *state, &ref), ERR_DAMAGED);
	assert_int_equal(open_it(&s, *state, &wrong), ERR_DAMAGED);
	assert_int_equal(open_it(&s, *state, &other), ERR_ABSENT);
}

static void a_newer_format_is_refused_by_its_name(void **state)
{
	static const size_t len = 100;
	struct segment_super_disk d, was;
	struct segment_ref ref;
	struct segment *s;

	assert_int_equal(make(*state, &len, 1, NULL, &ref), 0);
	peek(*state, &ref, 0, &was, sizeof was, false);
	d = was;
	d.version = le32_of(SEGMENT_VERSION + 1);
	put_super(*state, &ref, &d);
	assert_int_equal(open_it(&s, *state, &ref), ERR_NEWER);
	d = was;
	d.features_must = le32_of(4);
	put_super(*state, &ref, &d);
	assert_int_equal(open_it(&s, *state, &ref), ERR_NEWER);
	d = was;
	d.features_may = d.features_ro = le32_of(0x80000001u);
	put_super(*state, &ref, &d);
	assert_int_equal(open_it(&s, *state, &ref), 0);
	assert_int_equal(read_all(s, &len, 1), 0);
	segment_close(s);
}

/* A few of the fields' bytes changed, the checksum made right again. */
static void mutate(struct segment_super_disk *d, uint64_t file_bytes)
{
	static const uint64_t odd[] = { 0, 1, 4095, 4096, 4097, 1 << 30, UINT32_MAX,
					INT64_MAX, UINT64_MAX, UINT64_MAX - 4095 };
	uint8_t *p = (uint8_t *)d;

	for (uint64_t i = 1 + rnd(3); i; i--) {
		uint64_t at = rnd(4) ? 0x0c + 4 * rnd(0x20) : 8 * rnd(512);
		uint64_t v = rnd(2) ? odd[rnd(10)] : rnd(2 * file_bytes);
		le64 v8 = le64_of(rnd(3) ? v : v * DISK_PAGE);

		memcpy(p + at, &v8, rnd(2) ? 4 : 8);
	}
}

static void a_hostile_superblock_never_crashes_a_reader(void **state)
{
	static const size_t len[] = { 5000, 0, 20000 };
	struct segment_super_disk was, d;
	struct segment_ref ref;
	struct segment *s;
	struct faults f;
	int opened = 0;

	assert_int_equal(make(*state, len, 3, NULL, &ref), 0);
	peek(*state, &ref, 0, &was, sizeof was, false);
	for (uint64_t i = scaled(20000); i; i--) {
		int r;

		d = was;
		mutate(&d, ref.bytes);
		put_super(*state, &ref, &d);
		r = open_it(&s, *state, &ref);
		assert_true(r == 0 || r == ERR_DAMAGED || r == ERR_NEWER);
		if (r < 0)
			continue;
		opened++;
		for (uint32_t tag = 1; tag <= 4; tag++) {
			struct bytes got = segment_section(s, tag);

			r = segment_check(s, got.ptr ? got.ptr : segment_seen(s)->map, got.len);
			assert_true(r == 0 || r == ERR_DAMAGED);
			for (size_t k = 0; r == 0 && k < got.len; k++)
				turn += got.ptr[k];	/* a sanitizer watches */
		}
		assert_true(segment_get_meta(s).len <= SEGMENT_META_MAX);
		assert_true(verify(s, &f) >= 0);
		segment_close(s);
	}
	assert_true(opened > 0);
}

static void a_file_of_another_length_is_refused(void **state)
{
	static const size_t len = 9000;
	char name[SEGMENT_NAME_MAX];
	struct segment_ref ref, blind;
	struct segment *s;
	struct file *f;

	assert_int_equal(make(*state, &len, 1, NULL, &ref), 0);
	segment_name(name, ref.kind, ref.id);
	blind = ref;
	blind.root = 0;
	for (uint64_t n = ref.bytes + 2 * DISK_PAGE; ; n -= 512) {
		assert_int_equal(backend_open(*state, name, FILE_WRITE, &f), 0);
		assert_int_equal(file_resize(f, n), 0);
		file_close(f);
		if (n == ref.bytes) {
			struct segment_super_disk d;

			peek(*state, &ref, 0, &d, sizeof d, false);
			peek(*state, &ref, n - sizeof d, &d, sizeof d, true);
		}
		assert_int_equal(open_it(&s, *state, &ref), n == ref.bytes ? 0 : ERR_DAMAGED);
		if (n == ref.bytes)
			segment_close(s);
		else
			assert_int_equal(open_it(&s, *state, &blind), ERR_DAMAGED);
		if (n == 0)
			break;
	}
}

static void writing_takes_a_few_mib_whatever_the_size(void **state)
{
	size_t len = scaled(24) * MIB + 5;
	struct segment_ref ref;
	struct segment *s;
	struct faults f;
	struct mem mem;

	mem_init(&mem, MIB + 100000);	/* so little that checksums are spilled */
	assert_int_equal(make(*state, &len, 1, &mem, &ref), 0);
	assert_int_equal(mem.used, 0);
	assert_int_equal(open_it(&s, *state, &ref), 0);
	assert_int_equal(read_all(s, &len, 1), 0);
	assert_int_equal(verify(s, &f), 0);
	segment_close(s);
	assert_int_equal(names_in(*state, "tmp"), 0);
}

static void each_failing_allocation_leaves_nothing(void **state)
{
	static const size_t len[] = { 100, 5 * MIB };
	struct segment_ref ref;
	struct segment *s = NULL;
	struct mem mem;
	int r = ERR_MEMORY;

	for (unsigned n = 1; r == ERR_MEMORY; n++) {
		assert_int_equal(names_in(*state, "tmp") + names_in(*state, "seg"), 0);
		mem_init(&mem, 0);
		mem.fail_at = n;
		r = make(*state, len, 2, &mem, &ref);
		assert_int_equal(mem.used, 0);
		assert_true(n < 1000);
	}
	assert_int_equal(r, 0);
	r = ERR_MEMORY;
	for (unsigned n = 1; r == ERR_MEMORY; n++) {
		mem_init(&mem, 0);
		mem.fail_at = n;
		r = segment_open(&s, *state, &ref, store_a, &mem);
		assert_true(r == 0 || mem.used == 0);
	}
	assert_int_equal(r, 0);
	segment_close(s);
	assert_int_equal(mem.used, 0);
}

struct checker {
	struct segment *s;
	const size_t *len;
	int bad;
};

static void *check_pieces(void *ctx)
{
	struct checker *c = ctx;
	struct bytes all = segment_section(c->s, 1);

	for (size_t i = 0; i < 2000; i++) {
		size_t at = hash_u64(i) % all.len;
		size_t n = hash_u64(~i) % (all.len - at < 9000 ? all.len - at : 9000);

		if (segment_check(c->s, all.ptr + at, n) < 0 ||
		    (n && all.ptr[at] != byte_at(1, at)))
			c->bad++;
	}
	return NULL;
}

static void threads_check_one_segment_together(void **state)
{
	static const size_t len = 6 * MIB;
	struct segment_ref ref;
	struct checker c = { .len = &len };
	pthread_t t[3];

	assert_int_equal(make(*state, &len, 1, NULL, &ref), 0);
	assert_int_equal(open_it(&c.s, *state, &ref), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, check_pieces, &c), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(c.bad, 0);
	segment_close(c.s);
}

static void on_a_directory_it_is_the_same(void **state)
{
	char dir[] = "/tmp/strato-segment-XXXXXX", name[SEGMENT_NAME_MAX], path[160];
	static const size_t len[] = { 10, 3 * MIB };
	struct segment_ref ref;
	struct backend *b;
	struct segment *s;
	struct faults f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(backend_local(&b, dir, true), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	assert_int_equal(make(b, len, 2, NULL, &ref), 0);
	assert_int_equal(open_it(&s, b, &ref), 0);
	assert_int_equal(read_all(s, len, 2), 0);
	assert_int_equal(verify(s, &f), 0);
	segment_close(s);
	flip(b, &ref, 8 * (DISK_PAGE + MIB));
	assert_int_equal(open_it(&s, b, &ref), 0);
	assert_int_equal(read_all(s, len, 2), ERR_DAMAGED);
	assert_int_equal(verify(s, &f), 1);
	segment_close(s);
	segment_name(name, ref.kind, ref.id);
	assert_int_equal(backend_remove(b, name), 0);
	backend_close(b);
	snprintf(path, sizeof path, "rm -r '%s'", dir);
	assert_int_equal(system(path), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_backend, close_backend)

/* Some MiB are written by a thread beside: its failure is the writer's. */
static void a_write_that_fails_on_a_directory_leaves_nothing(void **state)
{
	char dir[] = "/tmp/strato-segment-XXXXXX", path[160];
	static const size_t len[] = { 10, 7 * MIB };
	struct rlimit old, limit;
	struct segment_ref ref;
	struct backend *b;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(backend_local(&b, dir, true), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (limit = old, limit.rlim_cur = 0; limit.rlim_cur < 7; limit.rlim_cur++) {
		struct rlimit bytes = { limit.rlim_cur * MIB, old.rlim_max };

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &bytes), 0);
		assert_true(make(b, len, 2, NULL, &ref) < 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	}
	backend_close(b);
	snprintf(path, sizeof path, "rmdir '%s'/tmp '%s'/seg '%s'", dir, dir, dir);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_size_around_pages_and_tree_levels_comes_back),
		CASE(sections_keep_apart_and_meta_comes_back),
		CASE(a_segment_without_sections_opens),
		CASE(misuse_of_the_writer_is_named),
		CASE(every_flipped_byte_is_found_and_none_is_believed),
		CASE(a_bad_page_is_found_in_the_tree_and_in_its_section),
		CASE(checksums_are_those_of_the_manual),
		CASE(pages_in_each_others_place_are_damage),
		CASE(another_stores_or_another_segments_file_is_refused),
		CASE(a_newer_format_is_refused_by_its_name),
		CASE(a_hostile_superblock_never_crashes_a_reader),
		CASE(a_file_of_another_length_is_refused),
		CASE(writing_takes_a_few_mib_whatever_the_size),
		CASE(each_failing_allocation_leaves_nothing),
		CASE(threads_check_one_segment_together),
		CASE(on_a_directory_it_is_the_same),
		CASE(a_write_that_fails_on_a_directory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
