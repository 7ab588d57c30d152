/* store/blob_reader.c - values read back, chunk by chunk, each checked first */
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/view.h"
#include "store/ahead.h"
#include "store/blob_inside.h"
#include "store/segment.h"

#define ROWS 256		/* of the table held at a time: one page */
#define LARGE (1u << 20)	/* bytes to come from which mapping and threads pay */
#define IN_ORDER (16u << 20)	/* bytes from which the system's own read-ahead pays */
#define BEHIND (8u << 20)	/* of a mapping that was read: let go in such pieces */

struct blob_reader {
	struct file *file;
	struct mem *mem;
	uint8_t store_id[16];
	struct blob_ref ref;
	uint64_t size;
	uint32_t crc;		/* of the whole value */
	struct blob_row_disk row[ROWS];
	uint64_t row_first, row_n;
	uint8_t *stored, *raw;	/* one chunk each */
	struct backend *backend;
	struct view view;	/* of the file; ptr NULL: not mapped */
	bool map;		/* through the mapping, cached or not */
	uint64_t view_done;	/* pages before are let go */
	struct blob_plan plan;
	bool in_order;		/* the system was told so */
	uint64_t plan_end, wanted;	/* in the file, through the page cache */
	struct file *direct;	/* the file once more, for what is read ahead */
	struct ahead *ahead;
	struct blob_read_stat stat;
	uint64_t chunk;		/* at ptr; UINT64_MAX: none */
	const uint8_t *ptr;	/* its bytes, in raw or in the mapping */
	bool held;
	bool chunk_crc_known;	/* of the chunk's own bytes: those stored are they */
	uint32_t chunk_crc;
	struct blob_holder holder;
	uint64_t crc_next;	/* bytes of the running checksum, while read in order */
	uint32_t crc_now;
};

static int check_ref(const struct blob_reader *r)
{
	uint64_t chunks = r->size / BLOB_CHUNK + (r->size % BLOB_CHUNK != 0);

	if (chunks != r->ref.chunk_n || r->ref.chunk_n > UINT64_MAX / 32 ||
	    r->ref.table_off > INT64_MAX - 16 * r->ref.chunk_n)
		return err_set(ERR_DAMAGED, "%s: an entry refers to %llu chunks for %llu bytes",
			       file_path(r->file), (unsigned long long)r->ref.chunk_n,
			       (unsigned long long)r->size);
	return 0;
}

/* Failing to map is no failure: reads do the same. */
static void map_value(struct blob_reader *r)
{
	if (r->view.ptr || !(r->file->backend->caps & BACKEND_MAPS))
		return;
	if (view_open(&r->view, r->file) < 0)
		err_clear();
	else if (r->view.len < r->ref.table_off)
		view_close(&r->view);
	else
		view_advise(&r->view, 0, r->view.len, VIEW_RANDOM);
}

int blob_reader_open(struct blob_reader **out, struct backend *b,
		     const uint8_t store_id[16], const struct entry *e, bool map,
		     struct mem *mem)
{
	struct blob_reader *r = mem_zalloc(mem, sizeof *r);
	int err;

	if (!r)
		return ERR_MEMORY;
	r->mem = mem;
	r->ref = e->blob;
	r->size = e->size;
	r->crc = e->crc;
	r->chunk = UINT64_MAX;
	r->backend = b;
	r->map = map;
	memcpy(r->store_id, store_id, 16);
	err = blob_open(&r->file, b, store_id, e->blob.blob, 0);
	if (err == 0)
		err = check_ref(r);
	if (err == 0 && map)
		map_value(r);
	if (err < 0)
		blob_reader_close(r);
	else
		*out = r;
	return err;
}

static void close_ahead(struct blob_reader *r)
{
	ahead_close(r->ahead);
	file_close(r->direct);
	r->ahead = NULL;
	r->direct = NULL;
}

void blob_reader_close(struct blob_reader *r)
{
	if (!r)
		return;
	close_ahead(r);
	if (r->view.ptr)
		view_close(&r->view);
	file_close(r->file);
	mem_free(r->mem, r->stored);
	mem_free(r->mem, r->raw);
	mem_free(r->mem, r);
}

/* Through the page cache the system reads ahead by itself, in larger pages than it has
 * for what it is asked for, but also past the end of what is wanted. */
static void set_order(struct blob_reader *r, bool in_order)
{
	if (r->view.ptr && in_order != r->in_order)
		view_advise(&r->view, 0, r->view.len, in_order ? VIEW_SEQUENTIAL : VIEW_RANDOM);
	r->in_order = in_order;
}

bool blob_reader_again(struct blob_reader *r, const struct entry *e)
{
	if (e->blob.blob != r->ref.blob)
		return false;
	close_ahead(r);
	r->ref = e->blob;
	r->size = e->size;
	r->crc = e->crc;
	r->row_n = 0;
	r->chunk = UINT64_MAX;
	r->crc_next = 0;
	r->crc_now = 0;
	r->view_done = 0;
	set_order(r, false);
	r->plan = (struct blob_plan){ 0 };
	r->holder = (struct blob_holder){ 0 };
	r->stat = (struct blob_read_stat){ 0 };
	if (r->view.ptr && r->view.len < e->blob.table_off)
		view_close(&r->view);	/* it grew since */
	if (check_ref(r) < 0) {
		err_clear();
		return false;
	}
	return true;
}

uint64_t blob_reader_id(const struct blob_reader *r)
{
	return r->ref.blob;
}

static int need_buffers(struct blob_reader *r)
{
	if (!r->stored)
		r->stored = mem_alloc(r->mem, BLOB_CHUNK);
	if (!r->raw)
		r->raw = mem_alloc(r->mem, BLOB_CHUNK);
	return r->stored && r->raw ? 0 : ERR_MEMORY;
}

static int need_row(struct blob_reader *r, uint64_t i)
{
	uint64_t n = r->ref.chunk_n - i < ROWS ? r->ref.chunk_n - i : ROWS;
	int err;

	if (i >= r->row_first && i < r->row_first + r->row_n)
		return 0;
	r->row_n = 0;
	err = file_read(r->file, r->row, n * sizeof r->row[0],
			r->ref.table_off + i * sizeof r->row[0]);
	if (err < 0)
		return err;
	r->row_first = i;
	r->row_n = n;
	return 0;
}

static int damaged_chunk(struct blob_reader *r, uint64_t off, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: offset %llu: %s", file_path(r->file),
		       (unsigned long long)off, what);
}

/* Where chunk I lies in the file, and its row. */
static int chunk_row(struct blob_reader *r, uint64_t i, size_t raw_len,
		     const struct blob_row_disk **out)
{
	int err = need_row(r, i);
	const struct blob_row_disk *row = &r->row[i - r->row_first];
	uint64_t off;
	uint32_t n;

	if (err < 0)
		return err;
	off = le64_get(row->off);
	n = le32_get(row->stored) & BLOB_STORED_MASK;
	if (n > raw_len || off > r->ref.table_off || n > r->ref.table_off - off)
		return damaged_chunk(r, r->ref.table_off + i * sizeof *row,
				     "a chunk lies outside of its value");
	*out = row;
	return 0;
}

/* The end in the file of what the plan wants. */
static int plan_end(struct blob_reader *r, uint64_t *end)
{
	uint64_t i = (r->plan.to - 1) / BLOB_CHUNK, left = r->size - i * BLOB_CHUNK;
	const struct blob_row_disk *row;
	uint64_t first = r->row_first;
	int err = chunk_row(r, i, left < BLOB_CHUNK ? left : BLOB_CHUNK, &row);

	if (err < 0)
		return err;
	*end = le64_get(row->off) + (le32_get(row->stored) & BLOB_STORED_MASK);
	return i >= first + ROWS ? need_row(r, first) : 0;
}

/* From the chunk at OFF on; without it (no memory, no thread) reads do the same. */
static void begin_ahead(struct blob_reader *r, uint64_t off)
{
	char name[SEGMENT_NAME_MAX];
	uint64_t end;

	segment_name(name, SEGMENT_BLOB, r->ref.blob);
	if (plan_end(r, &end) < 0 || end <= off ||
	    backend_open(r->backend, name, FILE_LINKED | (r->plan.direct ? FILE_DIRECT : 0),
			 &r->direct) < 0 ||
	    ahead_open(&r->ahead, r->direct, off, end, r->plan.depth, r->mem) < 0)
		err_clear();
	r->stat.depth = r->plan.depth;
	r->stat.direct = r->direct && r->direct->direct;
	r->plan.depth = 0;	/* once */
}

/* Pages that were read are not wanted twice: the process stays small. */
static void let_go(struct blob_reader *r, uint64_t off)
{
	if (off < r->view_done)
		r->view_done = off / 4096 * 4096;
	if (off - r->view_done < BEHIND)
		return;
	view_advise(&r->view, r->view_done, off - r->view_done, VIEW_DONE);
	r->view_done = off / 4096 * 4096;
}

/* What is wanted from OFF on is asked for, unless the system reads ahead by itself. */
static void ask_ahead(struct blob_reader *r, uint64_t off)
{
	uint64_t ahead = off + (uint64_t)r->plan.depth * AHEAD_PIECE;

	if (r->plan.direct || !r->plan.to || !r->view.ptr || r->in_order)
		return;
	if (r->wanted < off)
		r->wanted = off;
	for (; r->wanted < ahead && r->wanted < r->plan_end; r->wanted += AHEAD_PIECE) {
		uint64_t left = r->plan_end - r->wanted;

		view_advise(&r->view, r->wanted, left < AHEAD_PIECE ? left : AHEAD_PIECE,
			    VIEW_WILLNEED);
		r->stat.ahead_n++;
		r->stat.depth = r->plan.depth;
	}
}

/* N bytes at OFF that need no unpacking: held where they lie? */
static bool hold(struct blob_reader *r, uint64_t off, uint32_t n, bool cached)
{
	if (!r->holder.hold || !r->view.ptr || (!cached && r->plan.direct) ||
	    (!cached && !view_bring(&r->view, off, n)))
		return false;
	return r->holder.hold(r->holder.ctx, r->view.ptr + off, n);
}

/* The N stored bytes at OFF, RAW ones maybe held: r->held. */
static int get_stored(struct blob_reader *r, uint64_t off, uint32_t n, bool raw,
		      const uint8_t **out)
{
	bool cached = r->view.ptr && view_resident(&r->view, off, n);

	r->stat.chunk_n++;
	r->stat.mapped_n += cached;
	if (!cached)
		ask_ahead(r, off);
	r->held = raw && hold(r, off, n, cached);
	if (r->held || (r->map && r->view.ptr)) {
		if (r->plan.to)
			let_go(r, off);
		*out = r->view.ptr + off;
		return 0;
	}
	if (!cached && r->plan.depth && (r->plan.direct || !r->view.ptr))
		begin_ahead(r, off);
	if (!cached && r->ahead)
		return ahead_take(r->ahead, off, n, r->stored, out);
	*out = r->stored;
	return file_read(r->file, r->stored, n, off);
}

static int load_chunk(struct blob_reader *r, uint64_t i)
{
	uint64_t left = r->size - i * BLOB_CHUNK, off;
	size_t raw_len = left < BLOB_CHUNK ? left : BLOB_CHUNK;
	const struct blob_row_disk *at;
	struct blob_row_disk row;
	const uint8_t *stored;
	uint32_t word, n, seed;
	bool raw;
	int err = chunk_row(r, i, raw_len, &at);

	if (err < 0)
		return err;
	row = *at;		/* the table may move on */
	off = le64_get(row.off);
	word = le32_get(row.stored);
	n = word & BLOB_STORED_MASK;
	raw = word >> BLOB_CODEC_SHIFT == BLOCK_RAW && n == raw_len;
	r->chunk = UINT64_MAX;
	err = need_buffers(r);
	if (err == 0)
		err = get_stored(r, off, n, raw, &stored);
	if (err < 0)
		return err;
	seed = blob_seed(r->store_id, r->ref.blob, off, i, raw_len, word >> BLOB_CODEC_SHIFT);
	if (crc32c(seed, stored, n) != le32_get(row.crc))
		return damaged_chunk(r, off, "checksum differs");
	r->chunk_crc_known = raw;
	if (raw)	/* what the seed did to it is taken away again */
		r->chunk_crc = crc32c_combine(seed, le32_get(row.crc), n);
	r->ptr = raw ? stored : r->raw;
	if (!raw)
		err = block_unpack(word >> BLOB_CODEC_SHIFT, stored, n, r->raw, raw_len);
	if (err == ERR_DAMAGED)
		return damaged_chunk(r, off, "does not unpack");
	if (err == 0)
		r->chunk = i;
	return err;
}

void blob_expect(struct blob_reader *r, const struct blob_plan *plan)
{
	if (plan->to > r->size || plan->from >= plan->to || plan->to - plan->from < LARGE)
		return;
	r->plan = *plan;
	r->view_done = r->ref.table_off;	/* until the first chunk says */
	if (r->plan.depth > (plan->to - plan->from) / AHEAD_PIECE)
		r->plan.depth = (unsigned)((plan->to - plan->from) / AHEAD_PIECE);
	map_value(r);
	set_order(r, !plan->direct && plan->depth && plan->to - plan->from >= IN_ORDER);
	r->wanted = 0;
	if (!plan->direct && plan_end(r, &r->plan_end) < 0)
		err_clear();	/* the first read says it */
}

void blob_set_holder(struct blob_reader *r, const struct blob_holder *h)
{
	r->holder = *h;
}

void blob_get_stat(const struct blob_reader *r, struct blob_read_stat *out)
{
	*out = r->stat;
	if (r->ahead) {
		out->ahead_n = ahead_read_n(r->ahead);
		snprintf(out->engine, sizeof out->engine, "%s", ahead_why(r->ahead));
	} else if (r->stat.chunk_n > r->stat.mapped_n && r->view.ptr) {
		snprintf(out->engine, sizeof out->engine, "through the page cache%s",
			 r->in_order ? ", which reads ahead in order" : "");
	}
}

/* A value read in order from its start is also checked as a whole. */
static int check_whole(struct blob_reader *r, uint64_t off, const void *ptr, size_t len)
{
	if (off == 0) {
		r->crc_now = 0;
		r->crc_next = 0;
	}
	if (off != r->crc_next)
		return 0;
	if (r->chunk_crc_known && ptr == r->ptr && (len == BLOB_CHUNK || off + len == r->size))
		r->crc_now = crc32c_combine(r->crc_now, r->chunk_crc, len);
	else
		r->crc_now = crc32c(r->crc_now, ptr, len);
	r->crc_next += len;
	if (r->crc_next == r->size && r->crc_now != r->crc)
		return damaged_chunk(r, r->ref.table_off, "the value's checksum differs");
	return 0;
}

long blob_peek(struct blob_reader *r, uint64_t off, const uint8_t **ptr, bool *held)
{
	uint64_t i = off / BLOB_CHUNK, at = off % BLOB_CHUNK, n;
	int err;

	if (off >= r->size)
		return 0;
	if (r->chunk != i) {
		err = load_chunk(r, i);
		if (err < 0)
			return err;
	}
	n = r->size - off < BLOB_CHUNK - at ? r->size - off : BLOB_CHUNK - at;
	*ptr = r->ptr + at;
	*held = r->held;
	err = check_whole(r, off, *ptr, (size_t)n);
	return err < 0 ? err : (long)n;
}

long blob_read(struct blob_reader *r, uint64_t off, void *buf, size_t cap)
{
	uint64_t i = off / BLOB_CHUNK, at = off % BLOB_CHUNK, n;
	int err;

	if (off >= r->size)
		return 0;
	if (r->chunk != i) {
		err = load_chunk(r, i);
		if (err < 0)
			return err;
	}
	n = r->size - off < BLOB_CHUNK - at ? r->size - off : BLOB_CHUNK - at;
	if (n > cap)
		n = cap;
	err = check_whole(r, off, r->ptr + at, (size_t)n);
	if (err < 0)
		return err;
	memcpy(buf, r->ptr + at, n);
	return (long)n;
}
