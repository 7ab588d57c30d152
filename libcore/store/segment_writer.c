/* store/segment_writer.c - writing a segment: stream, sum, name
 *
 * Bytes pass once through a window of 1 MiB; the checksum of each page is taken
 * on the way.  A segment longer than that has a second window, filled while a
 * thread beside this one writes the first.  Page 0 stays zero until all else is written, and the file has no
 * name under seg/ until it was flushed.  The lowest level of the tree (a
 * thousandth of the data) is kept in memory up to a bound, then in a second file.
 */
#include <string.h>

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/aside.h"
#include "store/segment_disk.h"

#define WINDOW (1u << 20)
#define SPILL_MOST (1u << 20)	/* bytes of checksums in memory: 1 GiB of pages */

struct piece {			/* of the file, on its way there */
	const uint8_t *ptr;
	size_t len;
	uint64_t off;
};

struct section {
	uint32_t tag;
	uint64_t off, len;
};

struct segment_writer {
	struct backend *backend;
	struct mem *mem;
	struct file *file;
	char name[SEGMENT_NAME_MAX], tmp[SEGMENT_NAME_MAX], spill_name[SEGMENT_NAME_MAX];
	enum segment_kind kind;
	uint64_t id;
	uint8_t store_id[16];

	uint8_t *window;
	uint64_t window_off;		/* of its first byte in the file */
	size_t window_len;
	uint8_t *other;			/* the window that is being written, or NULL: none is */
	struct piece piece;
	struct aside aside;
	uint64_t summed;		/* section pages below this have their checksum */

	struct buf crc;			/* the newest checksums, le32 */
	size_t crc_most;		/* bytes of them before they are spilled */
	struct file *spill;		/* the older ones */
	uint64_t spill_len;

	bool open;			/* is there a section to write to */
	uint32_t section_n;
	struct section section[SEGMENT_SECTION_MAX];
	uint8_t meta[SEGMENT_META_MAX];
	size_t meta_len;
};

static uint64_t position(const struct segment_writer *w)
{
	return w->window_off + w->window_len;
}

/* A writer short of memory spills sooner. */
static size_t spill_bound(const struct mem *mem)
{
	size_t most = (mem ? mem_left(mem) : SIZE_MAX) / 64 / DISK_PAGE * DISK_PAGE;

	if (most < DISK_PAGE)
		return DISK_PAGE;
	return most < SPILL_MOST ? most : SPILL_MOST;
}

static int create_file(struct segment_writer *w)
{
	const unsigned flags = FILE_WRITE | FILE_CREATE;

	segment_name(w->name, w->kind, w->id);
	snprintf(w->tmp, sizeof w->tmp, "tmp/%s-%016" PRIx64 ".seg",
		 segment_kind_name(w->kind), w->id);
	snprintf(w->spill_name, sizeof w->spill_name, "tmp/%s-%016" PRIx64 ".crc",
		 segment_kind_name(w->kind), w->id);
	w->window = mem_pages(w->mem, WINDOW);
	if (!w->window)
		return ERR_MEMORY;
	memset(w->window, 0, DISK_PAGE);
	w->window_len = DISK_PAGE;
	w->summed = 1;
	w->crc.mem = w->mem;
	w->crc_most = spill_bound(w->mem);
	return backend_open(w->backend, w->tmp, flags | FILE_DIRECT, &w->file);
}

int segment_create(struct segment_writer **out, struct backend *b,
		   enum segment_kind kind, const uint8_t store_id[16], struct mem *mem)
{
	struct segment_writer *w = mem_zalloc(mem, sizeof *w);
	int r;

	if (!w)
		return ERR_MEMORY;
	w->backend = b;
	w->mem = mem;
	w->kind = kind;
	memcpy(w->store_id, store_id, sizeof w->store_id);
	w->id = segment_new_id();
	r = create_file(w);
	if (r < 0) {
		segment_abort(w);
		return r;
	}
	*out = w;
	return 0;
}

/* Frees all; removes what lies in tmp/. The failure that led here keeps its words. */
void segment_abort(struct segment_writer *w)
{
	struct err_note note;

	if (!w)
		return;
	err_take(&note, 0);
	if (w->other)
		aside_end(&w->aside);
	if (w->file) {
		file_close(w->file);
		backend_remove(w->backend, w->tmp);
	}
	if (w->spill) {
		file_close(w->spill);
		backend_remove(w->backend, w->spill_name);
	}
	mem_free_pages(w->mem, w->window, WINDOW);
	mem_free_pages(w->mem, w->other, WINDOW);
	buf_release(&w->crc);
	mem_free(w->mem, w);
	err_give(&note);
}

static int spill(struct segment_writer *w)
{
	int r = 0;

	if (!w->spill)
		r = backend_open(w->backend, w->spill_name,
				 FILE_WRITE | FILE_CREATE, &w->spill);
	if (r == 0)
		r = file_write(w->spill, w->crc.ptr, w->crc.len, w->spill_len);
	if (r < 0)
		return r;
	w->spill_len += w->crc.len;
	buf_clear(&w->crc);
	return 0;
}

/* Checksums of the whole section pages that are in the window. */
static int sum(struct segment_writer *w)
{
	uint64_t end = position(w) / DISK_PAGE;
	int r = 0;

	for (; r == 0 && w->summed < end; w->summed++) {
		uint64_t at = w->summed * DISK_PAGE - w->window_off;
		le32 crc = le32_of(segment_page_crc(w->id, w->summed, w->window + at));

		r = buf_add(&w->crc, &crc, sizeof crc);
		if (r == 0 && w->crc.len >= w->crc_most)
			r = spill(w);
	}
	return r;
}

static int write_piece(void *ctx, void *piece)
{
	struct segment_writer *w = ctx;
	const struct piece *p = piece;

	return file_write(w->file, p->ptr, p->len, p->off);
}

/* Is there another window?  Without memory for it, or where the order of calls is to
 * be the same each time (tests), each window is written before the next is filled. */
static bool has_other(struct segment_writer *w)
{
	if (w->other || !(w->backend->caps & BACKEND_DESCRIPTORS))
		return w->other;
	w->other = mem_pages(w->mem, WINDOW);
	if (w->other)
		aside_begin(&w->aside, write_piece, w, true);
	return w->other;
}

static int drain_aside(struct segment_writer *w)
{
	uint8_t *full = w->window;
	int r = aside_wait(&w->aside);	/* the piece is ours again */

	if (r < 0)
		return r;
	w->piece = (struct piece){ full, w->window_len, w->window_off };
	w->window = w->other;
	w->other = full;
	return aside_give(&w->aside, &w->piece);
}

static int drain(struct segment_writer *w)
{
	int r = has_other(w) ? drain_aside(w) :
		file_write(w->file, w->window, w->window_len, w->window_off);

	if (r < 0)
		return r;
	w->window_off += w->window_len;
	w->window_len = 0;
	return 0;
}

/* What is left in the window; then nothing is on its way any more. */
static int drain_last(struct segment_writer *w)
{
	int r = w->other ? aside_wait(&w->aside) : 0;

	if (r == 0 && w->window_len)
		r = file_write(w->file, w->window, w->window_len, w->window_off);
	w->window_off += w->window_len;
	w->window_len = 0;
	return r;
}

/* PTR NULL: zeros. */
static int put(struct segment_writer *w, const uint8_t *ptr, size_t len)
{
	while (len) {
		size_t room = WINDOW - w->window_len;
		size_t n = len < room ? len : room;

		if (ptr) {
			memcpy(w->window + w->window_len, ptr, n);
			ptr += n;
		} else {
			memset(w->window + w->window_len, 0, n);
		}
		w->window_len += n;
		len -= n;
		if (w->window_len == WINDOW) {
			int r = w->summed ? sum(w) : 0;

			if (r == 0)
				r = drain(w);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int end_section(struct segment_writer *w)
{
	uint64_t pos = position(w);

	if (!w->open)
		return 0;
	w->open = false;
	w->section[w->section_n - 1].len = pos - w->section[w->section_n - 1].off;
	return put(w, NULL, disk_round_up(pos, DISK_PAGE) - pos);
}

int segment_begin(struct segment_writer *w, uint32_t tag)
{
	int r = end_section(w);

	if (r < 0)
		return r;
	if (tag == 0 || w->section_n == SEGMENT_SECTION_MAX)
		return err_set(ERR_BUG, "%s: section %" PRIu32 " cannot be begun",
			       w->name, tag);
	for (uint32_t i = 0; i < w->section_n; i++)
		if (w->section[i].tag == tag)
			return err_set(ERR_BUG, "%s: section %" PRIu32 " a second time",
				       w->name, tag);
	w->section[w->section_n++] = (struct section){ tag, position(w), 0 };
	w->open = true;
	return 0;
}

int segment_write(struct segment_writer *w, const void *ptr, size_t len)
{
	if (!w->open)
		return err_set(ERR_BUG, "%s: a write outside any section", w->name);
	return len ? put(w, ptr, len) : 0;
}

uint64_t segment_offset(const struct segment_writer *w)
{
	return w->open ? position(w) - w->section[w->section_n - 1].off : 0;
}

int segment_meta(struct segment_writer *w, const void *ptr, size_t len)
{
	if (len > SEGMENT_META_MAX)
		return err_set(ERR_BUG, "%s: %zu bytes of meta", w->name, len);
	if (len)
		memcpy(w->meta, ptr, len);
	w->meta_len = len;
	return 0;
}

/* One page of the tree, zeros after LEN; its own checksum goes to UP. */
static int put_tree_page(struct segment_writer *w, const uint8_t *ptr, size_t len,
			 struct buf *up)
{
	uint8_t page[DISK_PAGE] = { 0 };
	le32 crc;
	int r;

	memcpy(page, ptr, len);
	crc = le32_of(segment_page_crc(w->id, position(w) / DISK_PAGE, page));
	r = put(w, page, sizeof page);
	return r < 0 ? r : buf_add(up, &crc, sizeof crc);
}

static int put_level(struct segment_writer *w, struct bytes crcs, struct buf *up)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < crcs.len; at += DISK_PAGE) {
		size_t left = crcs.len - at;

		r = put_tree_page(w, crcs.ptr + at, left < DISK_PAGE ? left : DISK_PAGE, up);
	}
	return r;
}

/* The lowest level: what was spilled (whole pages of it), then what was not. */
static int put_lowest(struct segment_writer *w, struct buf *up)
{
	uint8_t page[DISK_PAGE];
	int r = 0;

	for (uint64_t at = 0; r == 0 && at < w->spill_len; at += DISK_PAGE) {
		r = file_read(w->spill, page, sizeof page, at);
		if (r == 0)
			r = put_tree_page(w, page, sizeof page, up);
	}
	return r < 0 ? r : put_level(w, buf_bytes(&w->crc), up);
}

/* Returns the number of levels; the top page's checksum in *ROOT. */
static int put_tree(struct segment_writer *w, uint32_t *root)
{
	struct buf up = { .mem = w->mem }, down = { .mem = w->mem };
	int level_n = 1;
	le32 crc;
	int r;

	r = put_lowest(w, &up);
	for (; r == 0 && up.len > sizeof crc; level_n++) {
		struct buf swap = down;

		down = up;
		up = swap;
		buf_clear(&up);
		r = put_level(w, buf_bytes(&down), &up);
	}
	if (r == 0) {
		memcpy(&crc, up.ptr, sizeof crc);
		*root = le32_get(crc);
	}
	buf_release(&up);
	buf_release(&down);
	return r < 0 ? r : level_n;
}

static void fill_super(struct segment_super_disk *d, const struct segment_writer *w)
{
	memset(d, 0, sizeof *d);
	memcpy(d->magic, SEGMENT_MAGIC, sizeof d->magic);
	d->version = le32_of(SEGMENT_VERSION);
	d->kind = le32_of((uint32_t)w->kind);
	memcpy(d->store_id, w->store_id, sizeof d->store_id);
	d->id = le64_of(w->id);
	d->section_n = le32_of(w->section_n);
	for (uint32_t i = 0; i < w->section_n; i++) {
		d->section[i].tag = le32_of(w->section[i].tag);
		d->section[i].off = le64_of(w->section[i].off);
		d->section[i].len = le64_of(w->section[i].len);
	}
	d->meta_len = le32_of((uint32_t)w->meta_len);
	memcpy(d->meta, w->meta, w->meta_len);
}

/* Everything but page 0, which is left in the window's first bytes. */
static int put_end(struct segment_writer *w, struct segment_ref *ref)
{
	struct segment_super_disk d;
	uint64_t page_n;
	uint32_t root = 0;
	int r;

	fill_super(&d, w);
	page_n = position(w) / DISK_PAGE - 1;
	d.page_n = le64_of(page_n);
	d.tree_off = le64_of(position(w));
	r = page_n ? put_tree(w, &root) : 0;
	if (r < 0)
		return r;
	d.level_n = le32_of((uint32_t)r);
	d.tree_crc = le32_of(root);
	ref->bytes = position(w) + DISK_PAGE;
	d.bytes = le64_of(ref->bytes);
	ref->root = segment_super_crc(&d);
	d.crc = le32_of(ref->root);
	r = put(w, (const uint8_t *)&d, sizeof d);
	if (r == 0)
		r = drain_last(w);
	memcpy(w->window, &d, sizeof d);
	return r;
}

static int finish(struct segment_writer *w, struct segment_ref *ref)
{
	int r = end_section(w);

	if (r == 0)
		r = sum(w);
	w->summed = 0;			/* the tree's pages are summed as they are made */
	if (r == 0)
		r = put_end(w, ref);
	if (r == 0)
		r = file_write(w->file, w->window, DISK_PAGE, 0);
	if (r == 0)
		r = file_flush(w->file);
	if (r == 0)
		r = backend_rename(w->backend, w->tmp, w->name);
	if (r < 0)
		return r;
	file_close(w->file);
	w->file = NULL;			/* nothing of that name in tmp/ any more */
	return backend_sync_dir(w->backend, "seg");
}

int segment_finish(struct segment_writer *w, struct segment_ref *ref)
{
	struct segment_ref made = { .kind = w->kind, .id = w->id };
	int r = finish(w, &made);

	if (r < 0 && !w->file) {	/* named, but perhaps not for long */
		struct err_note note;

		err_take(&note, r);
		backend_remove(w->backend, w->name);
		err_give(&note);
	}
	if (r == 0)
		*ref = made;
	segment_abort(w);
	return r;
}
