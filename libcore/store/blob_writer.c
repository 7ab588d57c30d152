/* store/blob_writer.c - values into chunks: packed, checked, appended
 *
 * Stored bytes gather in one aligned buffer of 1 MiB, which is written when it is
 * full; the last, partial page is written by the flush and never again.  The
 * table rows of the value being written wait in memory: 16 bytes for 128 KiB,
 * 512 KiB for a value of 4 GiB.
 */
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/blob_inside.h"

#define GATHER (1u << 20)	/* a write: larger gains nothing */

struct blob_writer {
	struct file *file;
	struct mem *mem;
	uint8_t store_id[16];
	uint64_t id;
	enum block_codec codec;
	uint8_t *gather;	/* GATHER bytes, page aligned */
	size_t gather_len;
	uint64_t gather_off;	/* where it goes: a page border */
	uint8_t *raw, *packed;	/* one chunk each */
	size_t raw_len;
	struct buf rows;	/* of the value begun */
	uint64_t size, stored;
	uint32_t crc;
	bool failed;		/* a write or flush: nothing after it is believed */
};

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
	memcpy(w->store_id, store_id, 16);
	r = blob_open(&w->file, b, store_id, id, FILE_WRITE | (direct ? FILE_DIRECT : 0));
	if (r == 0)
		r = file_size(w->file, &size);
	if (r == 0) {
		w->gather_off = disk_round_up(size, DISK_PAGE);
		w->gather = mem_pages(mem, GATHER);
		w->raw = mem_alloc(mem, BLOB_CHUNK);
		w->packed = mem_alloc(mem, BLOB_CHUNK);
		if (!w->gather || !w->raw || !w->packed)
			r = ERR_MEMORY;
	}
	if (r < 0)
		blob_writer_close(w);
	else
		*out = w;
	return r;
}

void blob_writer_close(struct blob_writer *w)
{
	if (!w)
		return;
	file_close(w->file);
	mem_free_pages(w->mem, w->gather, GATHER);
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

/* The buffer's first LEN bytes to the file. */
static int write_out(struct blob_writer *w, size_t len)
{
	int r = w->failed ? was_failed(w) :
		file_write(w->file, w->gather, len, w->gather_off);

	if (r < 0) {
		w->failed = true;
		return r;
	}
	w->gather_off += len;
	w->gather_len = 0;
	return 0;
}

/* Append stored bytes: to the buffer, and the buffer to the file when full. */
static int gather(struct blob_writer *w, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;

	while (len) {
		size_t n = GATHER - w->gather_len < len ? GATHER - w->gather_len : len;
		int r = 0;

		memcpy(w->gather + w->gather_len, p, n);
		w->gather_len += n;
		p += n;
		len -= n;
		if (w->gather_len == GATHER)
			r = write_out(w, GATHER);
		if (r < 0)
			return r;
	}
	return 0;
}

int blob_begin(struct blob_writer *w)
{
	buf_clear(&w->rows);
	w->size = w->stored = 0;
	w->crc = 0;
	w->raw_len = 0;
	return w->failed ? was_failed(w) : 0;
}

static int end_chunk(struct blob_writer *w)
{
	uint64_t off = blob_writer_end(w);
	enum block_codec codec;
	struct blob_row_disk row;
	const void *bytes = w->packed;
	size_t n;
	uint32_t seed;
	int r;

	n = block_pack(w->codec, w->raw, w->raw_len, w->packed, BLOB_CHUNK, &codec);
	if (codec == BLOCK_RAW)
		bytes = w->raw;
	seed = blob_seed(w->store_id, w->id, off, w->rows.len / sizeof row, w->raw_len,
			 codec);
	row.off = le64_of(off);
	row.stored = le32_of((uint32_t)n | (uint32_t)codec << BLOB_CODEC_SHIFT);
	row.crc = le32_of(crc32c(seed, bytes, n));
	w->stored += n + sizeof row;
	w->raw_len = 0;
	r = buf_add(&w->rows, &row, sizeof row);
	return r < 0 ? r : gather(w, bytes, n);
}

int blob_feed(struct blob_writer *w, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;

	w->crc = crc32c(w->crc, ptr, len);
	w->size += len;
	while (len) {
		size_t n = BLOB_CHUNK - w->raw_len < len ? BLOB_CHUNK - w->raw_len : len;
		int r = 0;

		memcpy(w->raw + w->raw_len, p, n);
		w->raw_len += n;
		p += n;
		len -= n;
		if (w->raw_len == BLOB_CHUNK)
			r = end_chunk(w);
		if (r < 0)
			return r;
	}
	return 0;
}

int blob_end(struct blob_writer *w, struct entry *e)
{
	int r = w->raw_len ? end_chunk(w) : 0;

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
	w->raw_len = 0;
}

int blob_flush(struct blob_writer *w)
{
	size_t padded = disk_round_up(w->gather_len, DISK_PAGE);
	int r = 0;

	if (padded) {
		memset(w->gather + w->gather_len, 0, padded - w->gather_len);
		r = write_out(w, padded);
	}
	if (r == 0)
		r = w->failed ? was_failed(w) : file_flush(w->file);
	if (r < 0)
		w->failed = true;
	return r;
}
