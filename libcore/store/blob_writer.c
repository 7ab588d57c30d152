/* store/blob_writer.c - values into chunks: packed, checked, appended
 *
 * Stored bytes gather in an aligned buffer, of 1 MiB if memory_limit allows, which
 * is written when it is full; the last, partial page is written by the flush and never again.  The
 * table rows of the value being written wait in memory: 16 bytes for 128 KiB,
 * 512 KiB for a value of 4 GiB.
 *
 * Small work is done here and now.  After a few megabytes full buffers are
 * written behind the caller's back, two at a time, and a value that long and to
 * be packed goes through the press, so that the pipe, the packing and the disk
 * are waited for at once.  Both need a file with a descriptor: over a backend of
 * the tests every byte is written in the order it came.
 */
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/ioq.h"
#include "store/blob_inside.h"
#include "store/blob_press.h"

#define GATHER (1u << 20)	/* a write: larger gains nothing */
#define GATHER_LEAST (64u << 10)	/* where memory is short */
#define BEHIND 2u		/* writes in flight while one gathers */
#define AFTER 4u		/* MiB of a writer, or of a value, done alone first */

struct behind {			/* a write in flight, or a spare buffer */
	struct ioq_op op;
	uint8_t *buf;
};

struct blob_writer {
	struct file *file;
	struct mem *mem;
	uint8_t store_id[16];
	uint64_t id;
	enum block_codec codec;
	uint8_t *gather;	/* gather_cap bytes, page aligned */
	size_t gather_cap;
	size_t gather_len;
	uint64_t gather_off;	/* where it goes: a page border */
	uint64_t flushed_end;	/* of the file: beyond it nothing is referred to */
	unsigned written_n;	/* buffers so far */
	struct ioq *queue;	/* NULL: written by the caller */
	struct behind behind[BEHIND];
	uint8_t *raw, *packed;	/* one chunk each */
	size_t raw_len;
	struct press *press;	/* NULL: packed by the caller */
	struct press_lot *lot;	/* being filled; then nothing is in raw */
	bool no_queue, no_press;	/* not over this backend, or not to be had */
	struct buf rows;	/* of the value begun */
	uint64_t size, stored;
	uint32_t crc;
	bool failed;		/* a write or flush: nothing after it is believed */
};

static int make_buffers(struct blob_writer *w)
{
	size_t share = mem_left(w->mem) / 4 & ~(size_t)(DISK_PAGE - 1);

	w->gather_cap = share >= GATHER ? GATHER : share > GATHER_LEAST ? share : GATHER_LEAST;
	w->gather = mem_pages(w->mem, w->gather_cap);
	w->raw = mem_alloc(w->mem, BLOB_CHUNK);
	w->packed = mem_alloc(w->mem, BLOB_CHUNK);
	return w->gather && w->raw && w->packed ? 0 : ERR_MEMORY;
}

int blob_writer_open(struct blob_writer **out, struct backend *b,
		     const uint8_t store_id[16], uint64_t id,
		     enum block_codec codec, bool direct, struct mem *mem)
{
	struct blob_writer *w = mem_zalloc(mem, sizeof *w);
	uint64_t size;
	int r;

	if (!w)
		return ERR_MEMORY;
	w->mem = w->rows.mem = mem;
	w->id = id;
	w->codec = codec;
	w->no_queue = w->no_press = !(b->caps & BACKEND_DESCRIPTORS);
	memcpy(w->store_id, store_id, 16);
	r = blob_open(&w->file, b, store_id, id, FILE_WRITE | (direct ? FILE_DIRECT : 0));
	if (r == 0)
		r = file_size(w->file, &size);
	if (r == 0) {
		w->gather_off = disk_round_up(size, DISK_PAGE);
		w->flushed_end = w->gather_off;
		r = make_buffers(w);
	}
	if (r < 0)
		blob_writer_close(w);
	else
		*out = w;
	return r;
}

/* What was written and never flushed goes: nobody will ever ask for it, and the
 * disk may be full because of it.  By the way: a failure changes nothing. */
static void trim(struct blob_writer *w)
{
	struct err_note note;

	err_take(&note, 0);
	file_resize(w->file, w->flushed_end);
	err_give(&note);
}

void blob_writer_close(struct blob_writer *w)
{
	if (!w)
		return;
	press_close(w->press);
	ioq_close(w->queue);	/* waits: the buffers are ours again */
	if (w->file && (w->failed || w->gather_off > w->flushed_end))
		trim(w);
	for (unsigned i = 0; i < BEHIND; i++)
		mem_free_pages(w->mem, w->behind[i].buf, GATHER);
	file_close(w->file);
	mem_free_pages(w->mem, w->gather, w->gather_cap);
	mem_free(w->mem, w->raw);
	mem_free(w->mem, w->packed);
	buf_release(&w->rows);
	mem_free(w->mem, w);
}

uint64_t blob_writer_id(const struct blob_writer *w)
{
	return w->id;
}

bool blob_writer_done(const struct blob_writer *w)
{
	return w->failed || blob_writer_end(w) >= BLOB_FULL;
}

uint64_t blob_writer_end(const struct blob_writer *w)
{
	return w->gather_off + w->gather_len;
}

static int was_failed(const struct blob_writer *w)
{
	return err_set(ERR_IO, "%s: an earlier write or flush failed", file_path(w->file));
}

/* --- the buffer to the file --- */

/* Without what it asks for, everything goes on by itself. */
static bool start_queue(struct blob_writer *w)
{
	bool had = BEHIND * GATHER <= mem_left(w->mem) / 4;

	for (unsigned i = 0; had && i < BEHIND; i++) {
		w->behind[i].buf = mem_pages(w->mem, GATHER);
		had = w->behind[i].buf;
	}
	w->no_queue = !had || ioq_open(&w->queue, BEHIND, IOQ_THREADS) < 0;
	return !w->no_queue;
}

/* A place in the queue with its spare buffer; waits for a write when all are out. */
static int behind_vacant(struct blob_writer *w, struct behind **out)
{
	struct ioq_op *op;

	if (ioq_room(w->queue)) {
		*out = w->behind;
		while ((*out)->op.user)
			++*out;
		return 0;
	}
	op = ioq_wait(w->queue);
	*out = op->user;
	op->user = NULL;
	return op->result < 0 ? (int)op->result : 0;
}

static int write_behind(struct blob_writer *w, size_t len)
{
	struct behind *b;
	uint8_t *spare;
	int r = behind_vacant(w, &b);

	if (r < 0)
		return r;
	spare = b->buf;
	b->buf = w->gather;
	w->gather = spare;
	b->op = (struct ioq_op){ .file = w->file, .buf = b->buf, .len = len,
		.off = w->gather_off, .write = true, .user = b };
	return ioq_submit(w->queue, &b->op);
}

/* Everything in flight is in the file, or the last error of those. */
static int await_behind(struct blob_writer *w)
{
	struct ioq_op *op;
	int r = 0;

	while (w->queue && (op = ioq_wait(w->queue))) {
		op->user = NULL;
		if (op->result < 0)
			r = (int)op->result;
	}
	return r;
}

/* The buffer's first LEN bytes to the file. */
static int write_out(struct blob_writer *w, size_t len)
{
	bool behind;
	int r;

	if (w->failed)
		return was_failed(w);
	behind = len == GATHER && !w->no_queue &&
		(w->queue || (w->written_n >= AFTER && start_queue(w)));
	r = behind ? write_behind(w, len) : file_write(w->file, w->gather, len, w->gather_off);
	if (r < 0) {
		w->failed = true;
		return r;
	}
	w->gather_off += len;
	w->gather_len = 0;
	w->written_n++;
	return 0;
}

/* Append stored bytes: to the buffer, and the buffer to the file when full. */
static int gather(struct blob_writer *w, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;

	while (len) {
		size_t room = w->gather_cap - w->gather_len, n = room < len ? room : len;
		int r = 0;

		memcpy(w->gather + w->gather_len, p, n);
		w->gather_len += n;
		p += n;
		len -= n;
		if (w->gather_len == w->gather_cap)
			r = write_out(w, w->gather_cap);
		if (r < 0)
			return r;
	}
	return 0;
}

int blob_flush(struct blob_writer *w)
{
	size_t padded = disk_round_up(w->gather_len, DISK_PAGE);
	int r = 0, behind;

	if (padded) {
		memset(w->gather + w->gather_len, 0, padded - w->gather_len);
		r = write_out(w, padded);
	}
	behind = await_behind(w);
	if (r == 0)
		r = behind;
	if (r == 0)
		r = w->failed ? was_failed(w) : file_flush(w->file);
	if (r < 0)
		w->failed = true;
	else
		w->flushed_end = w->gather_off;
	return r;
}

/* --- chunks --- */

static uint32_t next_seed(const struct blob_writer *w, size_t raw_len,
			  enum block_codec codec)
{
	return blob_seed(w->store_id, w->id, blob_writer_end(w),
			 w->rows.len / sizeof(struct blob_row_disk), raw_len, codec);
}

static int keep_chunk(struct blob_writer *w, enum block_codec codec,
		      const void *bytes, size_t n, uint32_t crc)
{
	struct blob_row_disk row = {
		.off = le64_of(blob_writer_end(w)),
		.stored = le32_of((uint32_t)n | (uint32_t)codec << BLOB_CODEC_SHIFT),
		.crc = le32_of(crc),
	};
	int r = buf_add(&w->rows, &row, sizeof row);

	w->stored += n + sizeof row;
	return r < 0 ? r : gather(w, bytes, n);
}

/* What is in raw, packed here. */
static int end_chunk(struct blob_writer *w)
{
	size_t len = w->raw_len;
	size_t n = w->codec == BLOCK_LZ4 ? block_squeeze(w->raw, len, w->packed, BLOB_CHUNK) : 0;
	const void *bytes = n ? w->packed : w->raw;
	enum block_codec codec = n ? BLOCK_LZ4 : BLOCK_RAW;

	if (!n)
		n = len;
	w->crc = crc32c(w->crc, w->raw, len);
	w->raw_len = 0;
	return keep_chunk(w, codec, bytes, n, crc32c(next_seed(w, len, codec), bytes, n));
}

static int feed_chunk(struct blob_writer *w, const uint8_t *p, size_t len, size_t *used)
{
	size_t n = BLOB_CHUNK - w->raw_len < len ? BLOB_CHUNK - w->raw_len : len;

	memcpy(w->raw + w->raw_len, p, n);
	w->raw_len += n;
	*used = n;
	return w->raw_len == BLOB_CHUNK ? end_chunk(w) : 0;
}

/* --- chunks of a long value, through the press --- */

/* The oldest lot given comes back and is kept; 0 when there is none. */
static int keep_lot(struct blob_writer *w)
{
	struct press_lot *lot = press_take(w->press);
	int r = 0;

	if (!lot)
		return 0;
	for (uint32_t i = 0; r == 0 && i < lot->chunk_n; i++) {
		const struct press_chunk *c = &lot->chunk[i];

		w->crc = crc32c_combine(w->crc, c->raw_crc, c->raw_len);
		r = keep_chunk(w, c->codec, c->bytes, c->len,
			       crc32c_combine(next_seed(w, c->raw_len, c->codec),
					      c->stored_crc, c->len));
	}
	press_back(w->press, lot);
	return r < 0 ? r : 1;
}

/* A lot to fill, or NULL and the value goes on here. */
static int want_lot(struct blob_writer *w)
{
	int r = 0;

	if (w->lot || w->raw_len || w->no_press || w->codec != BLOCK_LZ4 ||
	    w->rows.len / sizeof(struct blob_row_disk) < AFTER * (1u << 20) / BLOB_CHUNK)
		return 0;
	if (!w->press && press_open(&w->press, w->mem) < 0) {
		w->no_press = true;
		return 0;
	}
	while (r >= 0 && !(w->lot = press_vacant(w->press)))
		r = keep_lot(w);
	return r < 0 ? r : 0;
}

static void feed_lot(struct blob_writer *w, const uint8_t *p, size_t len, size_t *used)
{
	struct press_lot *lot = w->lot;
	size_t n = PRESS_LOT - lot->raw_len < len ? PRESS_LOT - lot->raw_len : len;

	memcpy(lot->raw + lot->raw_len, p, n);
	lot->raw_len += n;
	*used = n;
	if (lot->raw_len < PRESS_LOT)
		return;
	press_give(w->press, lot);
	w->lot = NULL;
}

static int end_lots(struct blob_writer *w)
{
	int r = 1;

	if (w->lot && w->lot->raw_len)
		press_give(w->press, w->lot);
	else if (w->lot)
		press_back(w->press, w->lot);
	w->lot = NULL;
	while (w->press && r > 0)
		r = keep_lot(w);
	return r < 0 ? r : 0;
}

/* --- a value --- */

int blob_begin(struct blob_writer *w)
{
	blob_cancel(w);
	buf_clear(&w->rows);
	w->size = w->stored = 0;
	w->crc = 0;
	return w->failed ? was_failed(w) : 0;
}

int blob_feed(struct blob_writer *w, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;

	w->size += len;
	while (len) {
		size_t n = 0;
		int r = want_lot(w);

		if (r == 0 && w->lot)
			feed_lot(w, p, len, &n);
		else if (r == 0)
			r = feed_chunk(w, p, len, &n);
		if (r < 0)
			return r;
		p += n;
		len -= n;
	}
	return 0;
}

int blob_end(struct blob_writer *w, struct entry *e)
{
	int r = w->raw_len ? end_chunk(w) : end_lots(w);

	if (r < 0)
		return r;
	e->kind = ENTRY_BLOB;
	e->size = w->size;
	e->crc = w->crc;
	e->value = bytes_of(NULL, 0);
	e->blob.blob = w->id;
	e->blob.table_off = blob_writer_end(w);
	e->blob.chunk_n = w->rows.len / sizeof(struct blob_row_disk);
	e->blob.stored = w->stored;
	return gather(w, w->rows.ptr, w->rows.len);
}

void blob_cancel(struct blob_writer *w)
{
	struct press_lot *lot;

	w->raw_len = 0;
	if (w->lot)
		press_back(w->press, w->lot);
	w->lot = NULL;
	while (w->press && (lot = press_take(w->press)))
		press_back(w->press, lot);
}
