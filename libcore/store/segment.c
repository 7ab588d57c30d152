/* store/segment.c - reading a segment: superblock, sections, page checksums
 *
 * Levels here are counted from the sections: level 0 is their pages, level 1
 * the tree's lowest, levels[top] its one page.
 */
#include "store/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/view.h"
#include "store/ahead.h"
#include "store/segment_disk.h"

#define VERIFY_LEN AHEAD_PIECE		/* stays in a core's cache while it is summed up */
#define VERIFY_DEPTH 8u			/* such pieces asked for ahead, of a device */

struct level {
	uint64_t page;		/* the first */
	uint64_t n;		/* pages */
};

struct segment {
	struct segment_seen seen;	/* first: segment_check looks here */
	struct backend *backend;
	struct file *file;
	struct view view;
	struct mem *mem;
	char *path;
	char name[SEGMENT_NAME_MAX];
	uint64_t id;
	uint32_t super_crc, tree_crc;
	unsigned top;			/* level; 0: no pages, no tree */
	struct level level[SEGMENT_LEVEL_MAX + 1];
	const struct segment_super_disk *super;
};

uint64_t segment_new_id(void)
{
	uint64_t id;

	do
		id = clock_random() >> 1;
	while (id == 0);
	return id;
}

const char *segment_kind_name(enum segment_kind kind)
{
	static const char *const names[] = {
		[SEGMENT_RUN] = "run", [SEGMENT_CSR] = "csr",
		[SEGMENT_DELTA] = "delta", [SEGMENT_DICT] = "dict",
		[SEGMENT_PROP] = "prop", [SEGMENT_BLOB] = "blob",
		[SEGMENT_INDEX] = "index",
	};
	size_t i = (size_t)kind;

	return i < sizeof names / sizeof *names && names[i] ? names[i] : "unknown";
}

void segment_name(char out[SEGMENT_NAME_MAX], enum segment_kind kind, uint64_t id)
{
	snprintf(out, SEGMENT_NAME_MAX, "seg/%s-%016" PRIx64 ".seg",
		 segment_kind_name(kind), id);
}

static int damaged(const struct segment *s, uint64_t off, const char *words)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": %s", s->path, off, words);
}

/* Where the levels lie follows from PAGE_N alone. Returns the pages of the file. */
static uint64_t lay_out(struct segment *s, uint64_t page_n)
{
	uint64_t page = 1 + page_n;
	uint64_t n = page_n;

	s->level[0] = (struct level){ 1, page_n };
	s->top = 0;
	while (n > 0 && (n > 1 || s->top == 0)) {
		n = (n + SEGMENT_FANOUT - 1) / SEGMENT_FANOUT;
		s->level[++s->top] = (struct level){ page, n };
		page += n;
	}
	return page + 1;
}

static int check_sizes(struct segment *s, const struct segment_super_disk *d)
{
	uint64_t page_n = le64_get(d->page_n);

	if (le64_get(d->bytes) != s->view.len)
		return damaged(s, 0, "the file is not as long as its superblock says");
	if (page_n > s->view.len / DISK_PAGE ||
	    lay_out(s, page_n) * DISK_PAGE != s->view.len ||
	    le64_get(d->tree_off) != (1 + page_n) * DISK_PAGE ||
	    le32_get(d->level_n) != s->top)
		return damaged(s, 0, "the superblock's sizes do not fit together");
	if (le32_get(d->meta_len) > SEGMENT_META_MAX ||
	    le32_get(d->section_n) > SEGMENT_SECTION_MAX)
		return damaged(s, 0, "the superblock's counts are too large");
	return 0;
}

static int check_sections(struct segment *s, const struct segment_super_disk *d)
{
	uint64_t end = DISK_PAGE;	/* of the section before */
	uint64_t most = (1 + s->level[0].n) * DISK_PAGE;

	for (uint32_t i = 0; i < le32_get(d->section_n); i++) {
		uint32_t tag = le32_get(d->section[i].tag);
		uint64_t off = le64_get(d->section[i].off);
		uint64_t len = le64_get(d->section[i].len);

		if (off % DISK_PAGE || off < end || off > most || len > most - off)
			return damaged(s, 0, "a section lies outside its file");
		for (uint32_t k = 0; k < i; k++)
			if (le32_get(d->section[k].tag) == tag)
				return damaged(s, 0, "two sections have one tag");
		if (tag == 0)
			return damaged(s, 0, "a section has no tag");
		end = disk_round_up(off + len, DISK_PAGE);
	}
	return 0;
}

static int check_version(struct segment *s, const struct segment_super_disk *d)
{
	if (le32_get(d->version) > SEGMENT_VERSION)
		return err_set(ERR_NEWER, "%s: segment format %" PRIu32
			       ", this program reads up to %u", s->path,
			       le32_get(d->version), SEGMENT_VERSION);
	if (le32_get(d->version) == 0)
		return damaged(s, 0, "no such format version");
	if (le32_get(d->features_must))
		return err_set(ERR_NEWER, "%s: segment needs features %#" PRIx32
			       " that this program does not know", s->path,
			       le32_get(d->features_must));
	return 0;
}

/* The page is what its checksum and, if known, its manifest say. */
static int check_root(struct segment *s, const struct segment_ref *ref)
{
	const struct segment_super_disk *d = s->super;

	if (memcmp(d->magic, SEGMENT_MAGIC, sizeof d->magic))
		return damaged(s, 0, "not a segment");
	s->super_crc = le32_get(d->crc);
	if (segment_super_crc(d) != s->super_crc)
		return damaged(s, 0, "the superblock's checksum differs");
	if (ref->root && s->super_crc != ref->root)
		return damaged(s, 0, "not the segment the manifest names");
	return 0;
}

/* By its copy, if that is what it should be: R is what the page itself gave. */
static int check_footer(struct segment *s, const struct segment_ref *ref, int r)
{
	struct err_note note;

	if (r == 0 || !ref->mend)
		return r;
	err_take(&note, r);
	s->super = (const struct segment_super_disk *)
		(s->view.ptr + s->view.len - DISK_PAGE);
	r = check_root(s, ref);
	return r == 0 ? 0 : err_give(&note);
}

static int check_super(struct segment *s, const struct segment_ref *ref,
		       const uint8_t store_id[16])
{
	uint64_t footer = s->view.len - DISK_PAGE;
	int r = check_footer(s, ref, check_root(s, ref));
	const struct segment_super_disk *d = s->super;

	if (r < 0)
		return r;
	if (!ref->root && !ref->mend && memcmp(d, s->view.ptr + footer, sizeof *d))
		return damaged(s, footer, "the footer is not the superblock's copy");
	r = check_version(s, d);
	if (r < 0)
		return r;
	if (memcmp(d->store_id, store_id, sizeof d->store_id))
		return damaged(s, 0, "a segment of another store");
	if (le64_get(d->id) != ref->id || le32_get(d->kind) != (uint32_t)ref->kind)
		return damaged(s, 0, "a segment under another's name");
	return 0;
}

static int open_view(struct segment *s, const struct segment_ref *ref)
{
	uint64_t size;
	int r = file_size(s->file, &size);

	if (r < 0)
		return r;
	if (ref->mend && ref->root && size > ref->bytes)
		size = ref->bytes;
	if (size < 2 * DISK_PAGE || size % DISK_PAGE || size > SIZE_MAX / 2)
		return err_set(ERR_DAMAGED, "%s: %" PRIu64 " bytes are no segment's size",
			       s->path, size);
	if (ref->root && size != ref->bytes)
		return err_set(ERR_DAMAGED, "%s: %" PRIu64 " bytes, the manifest says %" PRIu64,
			       s->path, size, ref->bytes);
	r = view_open(&s->view, s->file);
	if (r < 0)
		return r;
	if (s->view.len < size)
		return damaged(s, s->view.len, "the file became shorter");
	s->view.len = size;
	s->super = (const struct segment_super_disk *)s->view.ptr;
	return 0;
}

static int open_bits(struct segment *s)
{
	uint64_t words = s->view.len / DISK_PAGE / 64 + 1;

	s->seen.map = s->view.ptr;
	s->seen.bits = mem_zalloc(s->mem, words * sizeof *s->seen.bits);
	return s->seen.bits ? 0 : ERR_MEMORY;
}

static int open_path(struct segment *s)
{
	const char *path = file_path(s->file);

	s->path = mem_alloc(s->mem, strlen(path) + 1);
	if (!s->path)
		return ERR_MEMORY;
	strcpy(s->path, path);
	return 0;
}

static int check_page(struct segment *s, unsigned level, uint64_t index);

static int open_all(struct segment *s, const struct segment_ref *ref,
		    const uint8_t store_id[16])
{
	int r;

	segment_name(s->name, ref->kind, ref->id);
	r = backend_open(s->backend, s->name, FILE_LINKED, &s->file);
	if (r == 0)
		r = open_path(s);
	if (r == 0)
		r = open_view(s, ref);
	if (r == 0)
		r = check_super(s, ref, store_id);
	if (r == 0)
		r = check_sizes(s, s->super);
	if (r == 0)
		r = check_sections(s, s->super);
	if (r < 0)
		return r;
	s->id = le64_get(s->super->id);
	s->tree_crc = le32_get(s->super->tree_crc);
	r = open_bits(s);
	return r < 0 || s->top == 0 ? r : check_page(s, s->top, 0);
}

int segment_open(struct segment **out, struct backend *b, const struct segment_ref *ref,
		 const uint8_t store_id[16], struct mem *mem)
{
	struct segment *s = mem_zalloc(mem, sizeof *s);
	int r;

	if (!s)
		return ERR_MEMORY;
	s->backend = b;
	s->mem = mem;
	r = open_all(s, ref, store_id);
	if (r < 0) {
		segment_close(s);
		return r;
	}
	*out = s;
	return 0;
}

int segment_held(int r, struct backend *b, const struct segment_ref *ref)
{
	char name[SEGMENT_NAME_MAX];

	if (r != ERR_ABSENT)
		return r;
	segment_name(name, ref->kind, ref->id);
	return err_set(ERR_DAMAGED, "%s/%s: the manifest names it, and it is not there", b->path,
		       name);
}

void segment_close(struct segment *s)
{
	if (!s)
		return;
	mem_free(s->mem, s->seen.bits);
	if (s->view.ptr)
		view_close(&s->view);
	file_close(s->file);
	mem_free(s->mem, s->path);
	mem_free(s->mem, s);
}

static const struct segment_section_disk *find_section(const struct segment *s,
						       uint32_t tag)
{
	for (uint32_t i = 0; i < le32_get(s->super->section_n); i++)
		if (le32_get(s->super->section[i].tag) == tag)
			return &s->super->section[i];
	return NULL;
}

struct bytes segment_section(const struct segment *s, uint32_t tag)
{
	const struct segment_section_disk *d = find_section(s, tag);

	if (!d)
		return bytes_of(NULL, 0);
	return bytes_of(s->view.ptr + le64_get(d->off), le64_get(d->len));
}

struct bytes segment_get_meta(const struct segment *s)
{
	return bytes_of(s->super->meta, le32_get(s->super->meta_len));
}

const char *segment_path(const struct segment *s)
{
	return s->path;
}

uint64_t segment_id(const struct segment *s)
{
	return s->id;
}

uint64_t segment_file_off(const struct segment *s, const void *ptr)
{
	return (uint64_t)((const uint8_t *)ptr - s->view.ptr);
}

void segment_done(const struct segment *s, const void *ptr, size_t len)
{
	view_advise(&s->view, (uint64_t)((const uint8_t *)ptr - s->view.ptr), len, VIEW_DONE);
}

const struct segment_seen *segment_seen(const struct segment *s)
{
	return &s->seen;
}

static bool page_seen(const struct segment *s, uint64_t page)
{
	uint64_t word = atomic_load_explicit(&s->seen.bits[page >> 6], memory_order_relaxed);

	return word >> (page & 63) & 1;
}

static int page_differs(const struct segment *s, uint64_t page,
			uint32_t expected, uint32_t got)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": checksum differs "
		       "(expected %08" PRIx32 ", got %08" PRIx32 ")",
		       s->path, page * DISK_PAGE, expected, got);
}

/* What the tree says of a page; the page of the tree was checked. */
static uint32_t expected_crc(const struct segment *s, unsigned level, uint64_t index)
{
	le32 crc;

	if (level == s->top)
		return s->tree_crc;
	memcpy(&crc, s->view.ptr + s->level[level + 1].page * DISK_PAGE +
	       index * sizeof crc, sizeof crc);
	return le32_get(crc);
}

/* A page come to in order: the one behind it is fetched while this one is summed up,
 * or each would begin with memory that nobody has asked for. */
static void fetch_behind(const struct segment *s, unsigned level, uint64_t index)
{
	const uint8_t *at = s->view.ptr + (s->level[level].page + index + 1) * DISK_PAGE;

	if (index == 0 || index + 1 >= s->level[level].n ||
	    !page_seen(s, s->level[level].page + index - 1))
		return;
	for (unsigned i = 0; i < DISK_PAGE; i += 64)
		__builtin_prefetch(at + i);
}

static int check_page(struct segment *s, unsigned level, uint64_t index)
{
	uint64_t page = s->level[level].page + index;
	uint32_t expected, got;
	int r;

	if (page_seen(s, page))
		return 0;
	if (level < s->top) {
		r = check_page(s, level + 1, index / SEGMENT_FANOUT);
		if (r < 0)
			return r;
	}
	expected = expected_crc(s, level, index);
	fetch_behind(s, level, index);
	got = segment_page_crc(s->id, page, s->view.ptr + page * DISK_PAGE);
	if (got != expected)
		return page_differs(s, page, expected, got);
	atomic_fetch_or_explicit(&s->seen.bits[page >> 6], (uint64_t)1 << (page & 63),
				 memory_order_relaxed);
	return 0;
}

int segment_check_slow(struct segment *s, const void *ptr, size_t len)
{
	uint64_t off = (uint64_t)((uintptr_t)ptr - (uintptr_t)s->view.ptr);
	uint64_t end = (1 + s->level[0].n) * DISK_PAGE;

	if (len == 0)
		return 0;
	if (off < DISK_PAGE || off > end || len > end - off)
		return err_set(ERR_BUG, "%s: a check of %zu bytes outside the sections",
			       s->path, len);
	for (uint64_t p = off / DISK_PAGE; p <= (off + len - 1) / DISK_PAGE; p++) {
		int r = page_seen(s, p) ? 0 : check_page(s, 0, p - 1);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- past the mapping --- */

int segment_reopen(struct segment *s, bool direct, struct file **out)
{
	return backend_open(s->backend, s->name, FILE_LINKED | (direct ? FILE_DIRECT : 0), out);
}

int segment_check_read(struct segment *s, uint64_t off, const void *pages, size_t len)
{
	uint64_t page = off / DISK_PAGE, n = len / DISK_PAGE;

	if (off % DISK_PAGE || len % DISK_PAGE || page == 0 || page > s->level[0].n ||
	    n > 1 + s->level[0].n - page)
		return err_set(ERR_BUG, "%s: a check of %zu bytes outside the sections",
			       s->path, len);
	for (uint64_t i = 0; i < n; i++) {
		uint32_t expected, got;
		int r = check_page(s, 1, (page + i - 1) / SEGMENT_FANOUT);

		if (r < 0)
			return r;
		expected = expected_crc(s, 0, page + i - 1);
		got = segment_page_crc(s->id, page + i, (const uint8_t *)pages + i * DISK_PAGE);
		if (got != expected)
			return page_differs(s, page + i, expected, got);
	}
	return 0;
}

bool segment_resident(const struct segment *s, const void *ptr, size_t len)
{
	return view_resident(&s->view, segment_file_off(s, ptr), len);
}

void segment_want(const struct segment *s, const void *ptr)
{
	uint64_t off = segment_file_off(s, ptr);

	view_advise(&s->view, off, s->view.len - off, VIEW_WILLNEED);
}

void segment_scattered(const struct segment *s)
{
	view_advise(&s->view, 0, s->view.len, VIEW_RANDOM);
}

/* --- reading all of it again, from the device where that can be had --- */

struct verify {
	const struct segment *s;
	struct file *file;
	struct ahead *ahead;			/* NULL: the page cache has it all */
	uint8_t *page[SEGMENT_LEVEL_MAX + 1];	/* one a level of the tree */
	uint8_t *data;				/* VERIFY_LEN bytes of level 0 */
	void (*found)(void *, uint64_t, uint32_t, uint32_t, uint32_t);
	void *ctx;
	int bad_n;
};

static void verify_found(struct verify *v, uint64_t page, uint32_t expected, uint32_t got)
{
	const struct segment_super_disk *d = v->s->super;
	uint64_t off = page * DISK_PAGE;
	uint32_t tag = 0;

	for (uint32_t i = 0; i < le32_get(d->section_n); i++)
		if (off - le64_get(d->section[i].off) <
		    disk_round_up(le64_get(d->section[i].len), DISK_PAGE))
			tag = le32_get(d->section[i].tag);
	if (v->bad_n < INT32_MAX)
		v->bad_n++;
	v->found(v->ctx, off, tag, expected, got);
}

/* The superblock, or its copy in the footer. */
static int verify_super(struct verify *v, uint64_t page)
{
	struct segment_super_disk *d = (struct segment_super_disk *)v->data;
	uint32_t got;
	int r = file_read(v->file, d, sizeof *d, page * DISK_PAGE);

	if (r < 0)
		return r;
	got = segment_super_crc(d);
	if (got == v->s->super_crc)	/* then only the field itself can differ */
		got = le32_get(d->crc);
	if (got != v->s->super_crc || memcmp(d, v->s->super, sizeof *d))
		verify_found(v, page, v->s->super_crc, got);
	return 0;
}

static int verify_read(struct verify *v, uint64_t first, uint64_t n, const uint8_t **out)
{
	*out = v->data;
	return v->ahead ? ahead_take(v->ahead, first * DISK_PAGE, n * DISK_PAGE, v->data, out) :
		file_read(v->file, v->data, n * DISK_PAGE, first * DISK_PAGE);
}

/* Section pages [FIRST, FIRST + N) by the checksums in CRCS. */
static int verify_pages(struct verify *v, uint64_t first, uint64_t n, const uint8_t *crcs)
{
	const uint64_t most = VERIFY_LEN / DISK_PAGE;
	const uint8_t *p = NULL;

	for (uint64_t i = 0; i < n; i++, p += DISK_PAGE) {
		uint64_t left = n - i < most ? n - i : most;
		uint32_t got;
		le32 crc;
		int r = i % most == 0 ? verify_read(v, first + i, left, &p) : 0;

		if (r < 0)
			return r;
		memcpy(&crc, crcs + i * sizeof crc, sizeof crc);
		got = segment_page_crc(v->s->id, first + i, p);
		if (got != le32_get(crc))
			verify_found(v, first + i, le32_get(crc), got);
	}
	return 0;
}

/* A page of the tree, then what it covers: below a bad one nothing can be said. */
static int verify_tree(struct verify *v, unsigned level, uint64_t index, uint32_t expected)
{
	const struct segment *s = v->s;
	uint64_t page = s->level[level].page + index;
	uint64_t first = index * SEGMENT_FANOUT;
	uint64_t n = s->level[level - 1].n - first;
	uint32_t got;
	int r = file_read(v->file, v->page[level], DISK_PAGE, page * DISK_PAGE);

	if (r < 0)
		return r;
	got = segment_page_crc(s->id, page, v->page[level]);
	if (got != expected) {
		verify_found(v, page, expected, got);
		return 0;
	}
	n = n < SEGMENT_FANOUT ? n : SEGMENT_FANOUT;
	if (level == 1)
		return verify_pages(v, s->level[0].page + first, n, v->page[level]);
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		le32 crc;

		memcpy(&crc, v->page[level] + i * sizeof crc, sizeof crc);
		r = verify_tree(v, level - 1, first + i, le32_get(crc));
	}
	return r;
}

static int verify_all(struct verify *v)
{
	const struct segment *s = v->s;
	int r;

	r = verify_super(v, 0);
	if (r == 0)
		r = verify_super(v, s->view.len / DISK_PAGE - 1);
	if (r == 0 && s->top)
		r = verify_tree(v, s->top, 0, s->tree_crc);
	return r < 0 ? r : v->bad_n;
}

/* Past the page cache, many pieces in flight; without that (removed meanwhile, no
 * memory) the file as it is open does the same. */
static void verify_past_cache(struct verify *v, struct segment *s, struct file **direct)
{
	if (s->top == 0 || view_resident(&s->view, 0, s->view.len))
		return;
	if (segment_reopen(s, true, direct) < 0 ||
	    ahead_open(&v->ahead, *direct, DISK_PAGE, (1 + s->level[0].n) * DISK_PAGE,
		       VERIFY_DEPTH, s->mem) < 0)
		err_clear();
	else
		v->file = *direct;
}

int segment_verify(struct segment *s,
		   void (*found)(void *ctx, uint64_t off, uint32_t tag,
				 uint32_t expected, uint32_t got), void *ctx)
{
	const size_t len = VERIFY_LEN + SEGMENT_LEVEL_MAX * DISK_PAGE;
	struct verify v = { .s = s, .file = s->file, .found = found, .ctx = ctx };
	struct file *direct = NULL;
	int r;

	v.data = mem_pages(s->mem, len);
	if (!v.data)
		return ERR_MEMORY;
	for (unsigned i = 1; i <= SEGMENT_LEVEL_MAX; i++)
		v.page[i] = v.data + VERIFY_LEN + (i - 1) * DISK_PAGE;
	verify_past_cache(&v, s, &direct);
	r = verify_all(&v);
	ahead_close(v.ahead);
	file_close(direct);
	mem_free_pages(s->mem, v.data, len);
	return r;
}
