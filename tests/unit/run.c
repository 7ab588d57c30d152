/* tests/unit/run.c - store/run and store/iter against a model: a sorted array */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/fault.h"
#include "io/file.h"
#include "store/run.h"
#include "store/run_disk.h"

static const uint8_t store_a[16] = "store a";
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

/* --- the model --- */

struct model {
	struct entry *e;	/* sorted; keys and values on the heap */
	size_t n;
};

struct shape {
	size_t n, key_most, value_most;
	unsigned letters;	/* of the alphabet: few make long shared prefixes */
	uint32_t spaces;
};

static uint8_t *bytes_made(size_t len, unsigned letters)
{
	uint8_t *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = letters == 256 ? (uint8_t)rnd(256) : (uint8_t)('a' + rnd(letters));
	return p;
}

static uint32_t space_made(uint32_t spaces)
{
	uint32_t s = (uint32_t)rnd(spaces);

	return s > 2 && rnd(2) ? s * 0x01010101u : s;
}

static void entry_make(struct entry *e, const struct shape *s)
{
	size_t len = rnd(4) ? rnd(s->value_most / 8 + 1) : rnd(s->value_most + 1);

	memset(e, 0, sizeof *e);
	e->space = space_made(s->spaces);
	e->key.len = 1 + rnd(s->key_most);
	e->key.ptr = bytes_made(e->key.len, s->letters);
	e->version = 1 + rnd(rnd(2) ? 100 : UINT64_MAX - 1);
	e->expires_ms = rnd(3) ? 0 : rnd(UINT64_MAX);
	e->kind = rnd(10) ? ENTRY_PUT : rnd(2) ? ENTRY_BLOB : ENTRY_REMOVE;
	if (e->kind == ENTRY_BLOB) {
		e->size = rnd(UINT64_MAX);
		e->crc = (uint32_t)rnd(UINT32_MAX);
		e->blob = (struct blob_ref){ rnd(UINT64_MAX), rnd(UINT64_MAX), rnd(999), rnd(7) };
	}
	if (e->kind != ENTRY_PUT)
		return;
	e->size = e->value.len = len;
	e->value.ptr = bytes_made(len, 3);
	e->crc = crc32c(0, e->value.ptr, len);
}

static int order(uint32_t sa, struct bytes a, uint32_t sb, struct bytes b)
{
	size_t i = 0;

	if (sa != sb)
		return sa < sb ? -1 : 1;
	while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i])
		i++;
	if (i < a.len && i < b.len)
		return a.ptr[i] < b.ptr[i] ? -1 : 1;
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return order(x->space, x->key, y->space, y->key);
}

static void entry_free(struct entry *e)
{
	free((void *)(uintptr_t)e->key.ptr);
	free((void *)(uintptr_t)e->value.ptr);
}

static void model_sort(struct model *m)
{
	size_t n = 0;

	qsort(m->e, m->n, sizeof *m->e, by_key);
	for (size_t i = 0; i < m->n; i++)
		if (n && by_key(&m->e[n - 1], &m->e[i]) == 0)
			entry_free(&m->e[i]);
		else
			m->e[n++] = m->e[i];
	m->n = n;
}

static struct model model_make(const struct shape *s)
{
	struct model m = { calloc(s->n + 1, sizeof *m.e), s->n };

	for (size_t i = 0; i < m.n; i++)
		entry_make(&m.e[i], s);
	model_sort(&m);
	return m;
}

static void model_free(struct model *m)
{
	for (size_t i = 0; i < m->n; i++)
		entry_free(&m->e[i]);
	free(m->e);
}

/* Index of the first entry at or after the key. */
static size_t model_at(const struct model *m, uint32_t space, struct bytes key)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (order(m->e[mid].space, m->e[mid].key, space, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool same(const struct entry *a, const struct entry *b)
{
	return by_key(a, b) == 0 && a->kind == b->kind && a->version == b->version &&
	       a->expires_ms == b->expires_ms && a->size == b->size && a->crc == b->crc &&
	       bytes_equal(a->value, b->value) &&
	       (a->kind != ENTRY_BLOB || !memcmp(&a->blob, &b->blob, sizeof a->blob));
}

static int run_make(struct backend *b, const struct model *m, enum block_codec codec,
		    struct mem *mem, struct run_info *info)
{
	struct run_writer *w = NULL;
	int r = run_create(&w, b, store_a, m->n + rnd(10), codec, mem);

	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = run_add(w, &m->e[i]);
	if (r == 0)
		return run_finish(w, info);
	run_abort(w);
	return r;
}

/* --- asking a run what the model knows --- */

static int get(struct run *r, uint32_t space, struct bytes key, struct buf *buf,
	       struct entry *out)
{
	return run_get(r, space, key, run_hash(space, key), buf, out);
}

/* 0, or the first error; every answer must be right. */
static int get_all(struct run *r, const struct model *m)
{
	struct buf buf = { 0 };
	struct entry e;
	int n = 1;

	for (size_t i = 0; n == 1 && i < m->n; i++) {
		n = get(r, m->e[i].space, m->e[i].key, &buf, &e);
		if (n >= 0)
			assert_int_equal(n, 1);
		if (n == 1)
			assert_true(same(&e, &m->e[i]));
	}
	buf_release(&buf);
	return n < 0 ? n : 0;
}

static void get_absent(struct run *r, const struct model *m, const struct shape *s)
{
	struct buf buf = { 0 };

	for (size_t i = 0; i < scaled(300); i++) {
		struct entry like, e;
		size_t at;
		int n;

		entry_make(&like, s);
		at = model_at(m, like.space, like.key);
		n = get(r, like.space, like.key, &buf, &e);
		assert_int_equal(n, at < m->n && by_key(&m->e[at], &like) == 0);
		if (n)
			assert_true(same(&e, &m->e[at]));
		entry_free(&like);
	}
	buf_release(&buf);
}

/* Every entry from FROM on, at most MOST of them; 0 or the error. */
static int scan(struct iter *it, const struct model *m, const struct iter_from *from,
		size_t most)
{
	size_t at = model_at(m, from->space, from->key);
	struct entry e;
	int n = 1;

	for (; n == 1 && most; most--) {
		n = iter_next(it, &e);
		if (n < 0)
			break;
		if (from->reverse ? at == 0 : at == m->n) {
			assert_int_equal(n, 0);
			assert_int_equal(iter_next(it, &e), 0);
			break;
		}
		assert_int_equal(n, 1);
		assert_true(same(&e, &m->e[from->reverse ? --at : at++]));
	}
	iter_close(it);
	return n < 0 ? n : 0;
}

static int scan_run(struct run *r, const struct model *m, const struct iter_from *from,
		    size_t most)
{
	struct iter *it;
	int n = run_iter(&it, r, from, NULL);

	return n < 0 ? n : scan(it, m, from, most);
}

static const struct iter_from from_first = { 0 };
static const struct iter_from from_last = {	/* above every key in these tests */
	UINT32_MAX, { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff", 8 }, true
};

static void scan_everywhere(struct run *r, const struct model *m, const struct shape *s)
{
	assert_int_equal(scan_run(r, m, &from_first, SIZE_MAX), 0);
	assert_int_equal(scan_run(r, m, &from_last, SIZE_MAX), 0);
	for (size_t i = 0; i < scaled(120); i++) {
		struct iter_from from = { 0 };
		struct entry like;

		entry_make(&like, s);
		if (m->n && rnd(2)) {
			from.space = m->e[rnd(m->n)].space;
			from.key = m->e[rnd(m->n)].key;
		} else {
			from.space = like.space;
			from.key = rnd(9) ? like.key : bytes_of(NULL, 0);
		}
		from.reverse = rnd(2);
		assert_int_equal(scan_run(r, m, &from, 1 + rnd(60)), 0);
		entry_free(&like);
	}
}

struct faults {
	unsigned n, keys;
	uint64_t off;
	char words[1024];
};

static void fault(void *ctx, const struct run_fault *fault)
{
	struct faults *f = ctx;

	f->n++;
	f->keys += strstr(fault->words, "keys") != NULL;
	f->off = fault->off;
	strcpy(f->words, fault->words);
}

static int verify(struct run *r, struct faults *f)
{
	memset(f, 0, sizeof *f);
	return run_verify(r, fault, f, NULL);
}

static void one_shape(struct backend *b, const struct shape *s, enum block_codec codec)
{
	struct model m = model_make(s);
	struct run_info info;
	struct run *r;
	struct faults f;

	assert_int_equal(run_make(b, &m, codec, NULL, &info), 0);
	assert_int_equal(info.entry_n, m.n);
	assert_int_equal(run_open(&r, b, &info, store_a, NULL), 0);
	assert_int_equal(get_all(r, &m), 0);
	get_absent(r, &m, s);
	scan_everywhere(r, &m, s);
	assert_int_equal(verify(r, &f), 0);
	run_close(r);
	model_free(&m);
}

static void a_run_answers_as_its_model_does(void **state)
{
	static const struct shape shape[] = {
		{ 1, 5, 10, 256, 1 },
		{ 16, 5, 10, 2, 1 },
		{ 17, 5, 0, 2, 3 },
		{ 3000, 12, 100, 2, 1 },
		{ 3000, 40, 1024, 256, 5 },
		{ 2000, 6, 40, 26, 4000 },
		{ 300, 3000, 300, 1, 9 },
		{ 40, KEY_MAX, 1024, 2, 2 },
	};

	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
		struct shape s = shape[i];

		s.n = s.n > 100 ? scaled(s.n) : s.n;
		one_shape(*state, &s, BLOCK_RAW);
		one_shape(*state, &s, BLOCK_LZ4);
	}
}

static void a_run_without_entries_is_empty(void **state)
{
	struct shape s = { 0, 5, 5, 3, 2 };

	one_shape(*state, &s, BLOCK_LZ4);
}

/* Keys that differ only at their ends: separators of 64 KiB, nodes of two. */
static void keys_of_64_kib_alike_but_for_their_ends(void **state)
{
	struct shape s = { 40, KEY_MAX, 5, 1, 1 };
	struct model m = { calloc(s.n, sizeof *m.e), s.n };
	struct run_info info;
	struct run *r;
	struct faults f;

	for (size_t i = 0; i < m.n; i++) {
		uint8_t *key = malloc(KEY_MAX);

		memset(key, 'k', KEY_MAX);
		key[KEY_MAX - 1 - i % 3] = (uint8_t)i;
		m.e[i] = (struct entry){ .kind = ENTRY_REMOVE, .version = i + 1,
					 .key = { key, KEY_MAX } };
	}
	model_sort(&m);
	assert_int_equal(run_make(*state, &m, BLOCK_RAW, NULL, &info), 0);
	assert_int_equal(run_open(&r, *state, &info, store_a, NULL), 0);
	assert_int_equal(get_all(r, &m), 0);
	get_absent(r, &m, &s);
	scan_everywhere(r, &m, &s);
	assert_int_equal(verify(r, &f), 0);
	run_close(r);
	model_free(&m);
}

static void counts_and_versions_are_those_of_the_rows(void **state)
{
	struct entry e = { .kind = ENTRY_PUT, .key = bytes_str("b"), .version = 9 };
	struct run_writer *w;
	struct run_info info;
	struct buf buf = { 0 };
	struct run *r;

	assert_int_equal(run_create(&w, *state, store_a, 3, BLOCK_LZ4, NULL), 0);
	assert_int_equal(run_add(w, &e), 0);
	assert_int_equal(run_add(w, &e), ERR_BUG);
	e.key = bytes_str("a");
	assert_int_equal(run_add(w, &e), ERR_BUG);
	e.key = bytes_of("x", 0);
	assert_int_equal(run_add(w, &e), ERR_BUG);
	e = (struct entry){ .kind = ENTRY_REMOVE, .key = bytes_str("c"), .version = 4 };
	assert_int_equal(run_add(w, &e), 0);
	e = (struct entry){ .kind = ENTRY_PUT, .key = bytes_str("d"), .version = 0 };
	assert_int_equal(run_add(w, &e), 0);
	assert_int_equal(run_finish(w, &info), 0);
	assert_int_equal(info.entry_n, 3);
	assert_int_equal(info.remove_n, 1);
	assert_int_equal(info.version_min, 4);
	assert_int_equal(info.version_max, 9);
	info.bulk_version = 77;		/* what the manifest says of a bulk run */
	assert_int_equal(run_open(&r, *state, &info, store_a, NULL), 0);
	assert_int_equal(get(r, 0, bytes_str("d"), &buf, &e), 1);
	assert_int_equal(e.version, 77);
	assert_int_equal(get(r, 0, bytes_str("b"), &buf, &e), 1);
	assert_int_equal(e.version, 9);
	assert_true(e.key.ptr >= buf.ptr && e.key.ptr < buf.ptr + buf.cap);
	buf_release(&buf);
	run_close(r);
}

/* --- damage --- */

static void peek(struct backend *b, const struct run_info *info, uint64_t off,
		 void *ptr, size_t len, bool write)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;

	segment_name(name, info->ref.kind, info->ref.id);
	assert_int_equal(backend_open(b, name, FILE_WRITE | FILE_LINKED, &f), 0);
	assert_int_equal(write ? file_write(f, ptr, len, off) : file_read(f, ptr, len, off), 0);
	file_close(f);
}

static void flip(struct backend *b, const struct run_info *info, uint64_t bit)
{
	uint8_t byte;

	peek(b, info, bit / 8, &byte, 1, false);
	byte ^= (uint8_t)(1u << bit % 8);
	peek(b, info, bit / 8, &byte, 1, true);
}

static int read_all(struct run *r, const struct model *m)
{
	int n = get_all(r, m);
	int fwd = scan_run(r, m, &from_first, SIZE_MAX);
	int back = scan_run(r, m, &from_last, SIZE_MAX);

	return n < 0 ? n : fwd < 0 ? fwd : back;
}

static void every_flipped_byte_is_reported_and_none_is_believed(void **state)
{
	struct shape s = { 60, 9, 60, 3, 2 };
	uint64_t step = 100 / (scaled(100) < 100 ? scaled(100) : 100);
	struct model m = model_make(&s);
	struct run_info info;
	struct faults f;

	assert_int_equal(run_make(*state, &m, BLOCK_LZ4, NULL, &info), 0);
	for (uint64_t at = 0; at < info.ref.bytes; at += step) {
		uint64_t bit = at * 8 + rnd(8);
		struct run *r;
		int n;

		flip(*state, &info, bit);
		n = run_open(&r, *state, &info, store_a, NULL);
		if (n == 0) {
			if (at % 4 == 0)
				n = read_all(r, &m);
			assert_true(n == 0 || n == ERR_DAMAGED);
			n = verify(r, &f);
			assert_true(n > 0);
			run_close(r);
		} else {
			assert_int_equal(n, ERR_DAMAGED);
		}
		flip(*state, &info, bit);
	}
	model_free(&m);
}

static void a_bad_block_is_told_with_its_keys(void **state)
{
	struct shape s = { 2000, 12, 60, 26, 1 };
	struct model m = model_make(&s);
	struct run_info info;
	struct run *r;
	struct faults f;
	struct buf buf = { 0 };
	struct entry e;
	const struct entry *last = &m.e[m.n - 1];

	assert_int_equal(run_make(*state, &m, BLOCK_LZ4, NULL, &info), 0);
	flip(*state, &info, 8 * 4096 + 99);	/* in the first page of blocks */
	assert_int_equal(run_open(&r, *state, &info, store_a, NULL), 0);
	assert_int_equal(get(r, m.e[0].space, m.e[0].key, &buf, &e), ERR_DAMAGED);
	assert_int_equal(get(r, last->space, last->key, &buf, &e), 1);
	assert_int_equal(scan_run(r, &m, &from_first, SIZE_MAX), ERR_DAMAGED);
	assert_int_equal(verify(r, &f), 2);
	assert_int_equal(f.keys, 1);
	assert_int_equal(f.off, 4096);
	assert_int_equal(strncmp(f.words, "keys before \"", 13), 0);
	run_close(r);
	buf_release(&buf);
	model_free(&m);
}

/* The run's sections with a few bytes changed, under checksums that are right. */
static int forge(struct backend *b, struct run_info *info)
{
	struct segment_ref ref = { 0 };
	struct segment_writer *w;
	struct segment *s;
	struct bytes meta;
	uint8_t copy[4096];

	assert_int_equal(segment_open(&s, b, &info->ref, store_a, NULL), 0);
	assert_int_equal(segment_create(&w, b, SEGMENT_RUN, store_a, NULL), 0);
	meta = segment_get_meta(s);
	memcpy(copy, meta.ptr, meta.len);
	if (rnd(3) == 0)
		copy[rnd(meta.len)] = (uint8_t)rnd(256);
	assert_int_equal(segment_meta(w, copy, meta.len), 0);
	for (uint32_t tag = 1; tag <= 3; tag++) {
		struct bytes in = segment_section(s, tag);
		uint8_t *p = malloc(in.len + 1);

		assert_int_equal(segment_check(s, in.ptr, in.len), 0);
		memcpy(p, in.ptr, in.len);
		for (uint64_t i = rnd(4); i && in.len; i--)
			p[rnd(rnd(2) || in.len < 200 ? in.len : 200)] =
				rnd(2) ? (uint8_t)rnd(256) : rnd(2) ? 0xff : 0;
		assert_int_equal(segment_begin(w, tag), 0);
		assert_int_equal(segment_write(w, p, in.len), 0);
		free(p);
	}
	segment_close(s);
	assert_int_equal(segment_finish(w, &ref), 0);
	info->ref = ref;
	return 0;
}

static void walk(struct run *r, const struct iter_from *from)
{
	struct entry e;
	struct iter *it;
	int n = run_iter(&it, r, from, NULL);

	if (n == 0) {
		while ((n = iter_next(it, &e)) == 1)
			for (size_t i = 0; i < e.value.len; i++)
				turn += e.value.ptr[i];	/* a sanitizer watches */
		iter_close(it);
	}
	assert_true(n == 0 || n == ERR_DAMAGED || n == ERR_NEWER);
}

static void forged_bytes_never_crash_a_reader(void **state)
{
	struct shape s = { 2500, 10, 40, 26, 2 };
	struct model m = model_make(&s);
	struct run_info info, forged;
	struct buf buf = { 0 };

	assert_int_equal(run_make(*state, &m, rnd(2) ? BLOCK_RAW : BLOCK_LZ4, NULL, &info), 0);
	for (uint64_t i = scaled(250); i; i--) {
		char name[SEGMENT_NAME_MAX];
		struct faults f;
		struct run *r;

		forged = info;
		forge(*state, &forged);
		if (run_open(&r, *state, &forged, store_a, NULL) == 0) {
			struct entry e;

			for (size_t k = 0; k < m.n; k += 1 + rnd(60)) {
				int n = get(r, m.e[k].space, m.e[k].key, &buf, &e);

				assert_true(n >= 0 || n == ERR_DAMAGED || n == ERR_NEWER);
			}
			walk(r, &from_first);
			walk(r, &from_last);
			assert_true(verify(r, &f) >= 0);
			run_close(r);
		}
		segment_name(name, forged.ref.kind, forged.ref.id);
		assert_int_equal(backend_remove(*state, name), 0);
	}
	buf_release(&buf);
	model_free(&m);
}

/* --- merging --- */

struct array_iter {
	struct iter iter;
	const struct model *m;
	size_t at;
	bool reverse;
	int fail_after;		/* entries; < 0: never */
	int *open;
	struct entry held;	/* a copy that dies with the next call */
	uint8_t key[64];
};

static int array_next(struct iter *it, struct entry *out)
{
	struct array_iter *a = (struct array_iter *)it;

	memset(a->key, 0xee, sizeof a->key);	/* whoever kept the last one sees this */
	if (a->fail_after == 0)
		return err_set(ERR_IO, "a source: read");
	if (a->reverse ? a->at == 0 : a->at == a->m->n)
		return 0;
	a->fail_after--;
	*out = a->m->e[a->reverse ? --a->at : a->at++];
	memcpy(a->key, out->key.ptr, out->key.len);
	out->key.ptr = a->key;
	return 1;
}

static void array_close(struct iter *it)
{
	--*((struct array_iter *)it)->open;
	free(it);
}

static const struct iter_ops array_ops = { array_next, array_close };

static struct iter *array_iter(const struct model *m, bool reverse, int fail_after, int *open)
{
	struct array_iter *a = calloc(1, sizeof *a);

	a->iter.ops = &array_ops;
	a->m = m;
	a->at = reverse ? m->n : 0;
	a->reverse = reverse;
	a->fail_after = fail_after;
	a->open = open;
	++*open;
	return &a->iter;
}

/* The newest of each key of N models, newest first; borrows their keys. */
static struct model merged(const struct model *from, size_t n)
{
	struct model all = { NULL, 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < from[i].n; k++) {
			const struct entry *e = &from[i].e[k];
			bool newer = false;

			for (size_t j = 0; j < i && !newer; j++) {
				size_t at = model_at(&from[j], e->space, e->key);

				newer = at < from[j].n && by_key(&from[j].e[at], e) == 0;
			}
			if (newer)
				continue;
			all.e = realloc(all.e, (all.n + 1) * sizeof *all.e);
			all.e[all.n++] = *e;
		}
	if (all.n)
		qsort(all.e, all.n, sizeof *all.e, by_key);
	return all;
}

static void one_merge(size_t n)
{
	struct model from[12], all;
	struct iter *source[12], *it;
	int open = 0;

	for (size_t i = 0; i < n; i++) {
		struct shape s = { rnd(4) ? rnd(200) : 0, 1 + rnd(5), 8, 3, 2 };

		from[i] = model_make(&s);
	}
	all = merged(from, n);
	for (int reverse = 0; reverse < 2; reverse++) {
		for (size_t i = 0; i < n; i++)
			source[i] = array_iter(&from[i], reverse, -1, &open);
		assert_int_equal(iter_merge(&it, source, n, reverse, NULL), 0);
		assert_int_equal(scan(it, &all, reverse ? &from_last : &from_first, SIZE_MAX), 0);
		assert_int_equal(open, 0);
	}
	free(all.e);
	for (size_t i = 0; i < n; i++)
		model_free(&from[i]);
}

static void a_merge_gives_the_newest_of_each_key(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 12; n++)
		for (uint64_t i = scaled(12); i; i--)
			one_merge(n);
}

static void a_merge_of_runs_is_what_one_run_would_be(void **state)
{
	struct shape s = { scaled(800), 3, 30, 5, 3 };
	struct model from[4], all;
	struct run *run[4];
	struct iter *source[4], *it;
	struct run_info info;

	for (size_t i = 0; i < 4; i++) {
		from[i] = model_make(&s);
		assert_int_equal(run_make(*state, &from[i], BLOCK_LZ4, NULL, &info), 0);
		assert_int_equal(run_open(&run[i], *state, &info, store_a, NULL), 0);
	}
	all = merged(from, 4);
	for (size_t k = 0; k < 40; k++) {
		const struct entry *e = &all.e[rnd(all.n)];
		struct iter_from at = { e->space, e->key, k % 2 };

		for (size_t i = 0; i < 4; i++)
			assert_int_equal(run_iter(&source[i], run[i], &at, NULL), 0);
		assert_int_equal(iter_merge(&it, source, 4, at.reverse, NULL), 0);
		assert_int_equal(scan(it, &all, &at, k < 10 ? SIZE_MAX : 100), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		run_close(run[i]);
		model_free(&from[i]);
	}
	free(all.e);
}

static void a_failing_source_fails_the_merge_for_good(void **state)
{
	struct shape s = { 50, 30, 3, 26, 1 };
	struct model a = model_make(&s), b = model_make(&s);
	struct entry e;
	struct mem mem;

	(void)state;
	for (int after = 0; after < 40; after += 13) {
		int open = 0, n;
		struct iter *it, *source[2] = { array_iter(&a, false, -1, &open),
						array_iter(&b, false, after, &open) };

		assert_int_equal(iter_merge(&it, source, 2, false, NULL), 0);
		while ((n = iter_next(it, &e)) == 1)
			;
		assert_int_equal(n, ERR_IO);
		assert_int_equal(iter_next(it, &e), ERR_IO);
		iter_close(it);
		assert_int_equal(open, 0);
	}
	for (unsigned at = 1; at <= 2; at++) {
		int open = 0;
		struct iter *it, *source[2] = { array_iter(&a, false, -1, &open),
						array_iter(&b, false, -1, &open) };

		mem_init(&mem, 0);
		mem.fail_at = at;
		assert_int_equal(iter_merge(&it, source, 2, false, &mem), ERR_MEMORY);
		assert_int_equal(open, 0);
		assert_int_equal(mem.used, 0);
	}
	model_free(&a);
	model_free(&b);
}

/* --- failures while writing and reading --- */

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

static void each_failing_allocation_leaves_nothing(void **state)
{
	struct shape s = { 1500, 10, 60, 26, 2 };
	struct model m = model_make(&s);
	struct run_info info;
	struct run *r = NULL;
	struct iter *it;
	struct mem mem;
	int n = ERR_MEMORY;

	for (unsigned at = 1; n == ERR_MEMORY; at++) {
		assert_int_equal(names_in(*state, "tmp") + names_in(*state, "seg"), 0);
		mem_init(&mem, 0);
		mem.fail_at = at;
		n = run_make(*state, &m, BLOCK_LZ4, &mem, &info);
		assert_int_equal(mem.used, 0);
	}
	assert_int_equal(n, 0);
	n = ERR_MEMORY;
	for (unsigned at = 1; n == ERR_MEMORY; at++) {
		mem_init(&mem, 0);
		mem.fail_at = at;
		n = run_open(&r, *state, &info, store_a, &mem);
		if (n == 0) {
			n = run_iter(&it, r, &from_first, &mem);
			if (n == 0)
				n = scan(it, &m, &from_first, SIZE_MAX);
			run_close(r);
		}
		assert_int_equal(mem.used, 0);
	}
	assert_int_equal(n, 0);
	model_free(&m);
}

struct first_name {
	char name[SEGMENT_NAME_MAX];
	unsigned n;
};

static int keep_name(void *ctx, const char *name)
{
	struct first_name *f = ctx;

	assert_true(strlen(name) + 5 < sizeof f->name);
	strcpy(f->name, name);
	f->n++;
	return 0;
}

/* What lies under seg/ reads whole; MADE: and it is there. */
static void check_crashed(struct backend *after, const struct model *m,
			  const struct run_info *made)
{
	struct run_info info = { 0 };
	struct first_name f = { .n = 0 };
	struct run *r;

	assert_int_equal(backend_list(after, "seg", keep_name, &f), 0);
	assert_in_range(f.n, made != NULL, 1);
	if (f.n == 0)
		return;
	info.ref.kind = SEGMENT_RUN;
	assert_int_equal(sscanf(f.name, "run-%16" SCNx64 ".seg", &info.ref.id), 1);
	assert_int_equal(run_open(&r, after, made ? made : &info, store_a, NULL), 0);
	assert_int_equal(get_all(r, m), 0);
	assert_int_equal(scan_run(r, m, &from_first, SIZE_MAX), 0);
	run_close(r);
}

static struct backend *disk(uint64_t s)
{
	struct backend *b;

	assert_int_equal(fault_open(&b, NULL, s), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	assert_int_equal(backend_sync_dir(b, ""), 0);
	return b;
}

static void crash_and_check(struct backend *b, const struct model *m,
			    const struct run_info *made)
{
	for (uint64_t k = 0; k < 3; k++) {
		struct backend *after;

		assert_int_equal(fault_crash(b, rnd(UINT64_MAX), &after), 0);
		check_crashed(after, m, made);
		backend_close(after);
	}
}

static void a_power_cut_at_any_step_leaves_a_whole_run_or_none(void **state)
{
	struct shape s = { 2000, 10, 1000, 26, 2 };
	struct model m = model_make(&s);
	struct backend *b;
	struct run_info info;
	int n = ERR_IO;

	(void)state;
	for (uint64_t at = 1; n != 0; at++) {
		b = disk(seed);
		fault_modes(b, FAULT_DIRECT | (at % 2 ? FAULT_SHORT : 0));
		fault_die_after(b, at);
		n = run_make(b, &m, BLOCK_RAW, NULL, &info);
		assert_true(n == 0 || fault_is_dead(b));
		crash_and_check(b, &m, n == 0 ? &info : NULL);
		backend_close(b);
		assert_true(at < 1000);
	}
	model_free(&m);
}

static void a_failing_call_fails_the_run_and_leaves_nothing(void **state)
{
	struct shape s = { 500, 10, 100, 26, 2 };
	struct model m = model_make(&s);
	struct run_info info;
	int n = ERR_NO_SPACE;

	(void)state;
	for (uint64_t at = 1; n != 0; at++) {
		const unsigned kinds = FAULT_ANY & ~(unsigned)(FAULT_REMOVE | FAULT_LIST);
		struct backend *b = disk(seed);

		fault_fail(b, kinds, at, ERR_NO_SPACE, false);
		n = run_make(b, &m, BLOCK_LZ4, NULL, &info);
		assert_int_equal(n, fault_hits(b) ? ERR_NO_SPACE : 0);
		fault_calm(b);
		assert_int_equal(names_in(b, "tmp"), 0);
		assert_int_equal(names_in(b, "seg"), n == 0);
		backend_close(b);
	}
	model_free(&m);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_backend, close_backend)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_run_answers_as_its_model_does),
		CASE(a_run_without_entries_is_empty),
		CASE(keys_of_64_kib_alike_but_for_their_ends),
		CASE(counts_and_versions_are_those_of_the_rows),
		CASE(every_flipped_byte_is_reported_and_none_is_believed),
		CASE(a_bad_block_is_told_with_its_keys),
		CASE(forged_bytes_never_crash_a_reader),
		CASE(a_merge_gives_the_newest_of_each_key),
		CASE(a_merge_of_runs_is_what_one_run_would_be),
		CASE(a_failing_source_fails_the_merge_for_good),
		CASE(each_failing_allocation_leaves_nothing),
		CASE(a_power_cut_at_any_step_leaves_a_whole_run_or_none),
		CASE(a_failing_call_fails_the_run_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
