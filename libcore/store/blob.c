/* store/blob.c - values in chunks: packed, checked, appended, read back
 *
 * The writer gathers stored bytes in one aligned buffer of 1 MiB and writes it
 * when it is full; the last, partial page is written by the flush and never
 * again.  The table rows of the value being written wait in memory: 16 bytes for
 * 128 KiB, 512 KiB for a value of 4 GiB.
 */
#include "store/blob.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/segment.h"

#define GATHER (1u << 20)	/* a write: larger gains nothing */
#define CODEC_SHIFT 28
#define STORED_MASK ((1u << CODEC_SHIFT) - 1)

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

/* What a chunk's checksum is bound to. */
static uint32_t blob_seed(const uint8_t store_id[16], uint64_t blob, uint64_t off,
			  uint64_t index, uint64_t raw_len)
{
	le64 v[4] = { le64_of(blob), le64_of(off), le64_of(index), le64_of(raw_len) };

	return crc32c(crc32c(0, store_id, 16), v, sizeof v);
}

static void fill_head(struct blob_head_disk *h, const uint8_t store_id[16], uint64_t id)
{
	memset(h, 0, sizeof *h);
	h->format = le32_of(BLOB_FORMAT);
	memcpy(h->magic, BLOB_MAGIC, 8);
	memcpy(h->store_id, store_id, 16);
	h->id = le64_of(id);
	h->crc = le32_of(crc32c(0, (uint8_t *)h + 4, sizeof *h - 4));
}

int blob_create(struct backend *b, const uint8_t store_id[16], uint64_t id)
{
	char name[SEGMENT_NAME_MAX];
	uint8_t *page = mem_pages(NULL, DISK_PAGE);
	struct file *f = NULL;
	int r;

	if (!page)
		return ERR_MEMORY;
	memset(page, 0, DISK_PAGE);
	fill_head((struct blob_head_disk *)page, store_id, id);
	segment_name(name, SEGMENT_BLOB, id);
	r = backend_open(b, name, FILE_WRITE | FILE_CREATE, &f);
	if (r == 0)
		r = file_write(f, page, DISK_PAGE, 0);
	if (r == 0)
		r = file_flush(f);
	file_close(f);
	if (r == 0)
		r = backend_sync_dir(b, "seg");
	mem_free_pages(NULL, page, DISK_PAGE);
	return r;
}

static int check_head(struct file *f, const uint8_t store_id[16], uint64_t id)
{
	uint8_t *page = mem_pages(NULL, DISK_PAGE);
	struct blob_head_disk want, got;
	int r;

	if (!page)
		return ERR_MEMORY;
	r = file_read(f, page, DISK_PAGE, 0);
	memcpy(&got, page, sizeof got);
	mem_free_pages(NULL, page, DISK_PAGE);
	if (r < 0)
		return r;
	fill_head(&want, store_id, id);
	if (memcmp(&got, &want, sizeof want) == 0)
		return 0;
	if (memcmp(got.magic, BLOB_MAGIC, 8) == 0 && le32_get(got.format) > BLOB_FORMAT &&
	    crc32c(0, (uint8_t *)&got + 4, sizeof got - 4) == le32_get(got.crc))
		return err_set(ERR_NEWER, "%s: format %u is newer than this program's %u",
			       file_path(f), le32_get(got.format), BLOB_FORMAT);
	return err_set(ERR_DAMAGED, "%s: offset 0: not this store's blob", file_path(f));
}

static int open_blob(struct file **out, struct backend *b, const uint8_t store_id[16],
		     uint64_t id, unsigned flags)
{
	char name[SEGMENT_NAME_MAX];
	int r;

	segment_name(name, SEGMENT_BLOB, id);
	r = backend_open(b, name, flags | FILE_LINKED, out);
	if (r < 0)
		return r;
	r = check_head(*out, store_id, id);
	if (r < 0) {
		file_close(*out);
		*out = NULL;
	}
	return r;
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
	memcpy(w->store_id, store_id, 16);
	r = open_blob(&w->file, b, store_id, id, FILE_WRITE | (direct ? FILE_DIRECT : 0));
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
	seed = blob_seed(w->store_id, w->id, off, w->rows.len / sizeof row, w->raw_len);
	row.off = le64_of(off);
	row.stored = le32_of((uint32_t)n | (uint32_t)codec << CODEC_SHIFT);
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

#define ROWS 256		/* of the table held at a time: one page */

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
	void *map;		/* the file's first map_len bytes, or NULL */
	size_t map_len;
	uint64_t chunk;		/* in raw; UINT64_MAX: none */
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
	uint64_t size;

	if (file_size(r->file, &size) < 0 || r->ref.table_off > size)
		return;
	if (file_map(r->file, size, false, &r->map) == 0)
		r->map_len = size;
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
	memcpy(r->store_id, store_id, 16);
	err = open_blob(&r->file, b, store_id, e->blob.blob, 0);
	if (err == 0)
		err = check_ref(r);
	if (err == 0 && map)
		map_value(r);
	if (err == 0) {
		r->stored = mem_alloc(mem, BLOB_CHUNK);
		r->raw = mem_alloc(mem, BLOB_CHUNK);
		if (!r->stored || !r->raw)
			err = ERR_MEMORY;
	}
	if (err < 0)
		blob_reader_close(r);
	else
		*out = r;
	return err;
}

void blob_reader_close(struct blob_reader *r)
{
	if (!r)
		return;
	if (r->map)
		file_unmap(r->file, r->map, r->map_len);
	file_close(r->file);
	mem_free(r->mem, r->stored);
	mem_free(r->mem, r->raw);
	mem_free(r->mem, r);
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

static int load_chunk(struct blob_reader *r, uint64_t i)
{
	uint64_t left = r->size - i * BLOB_CHUNK, off;
	size_t raw_len = left < BLOB_CHUNK ? left : BLOB_CHUNK;
	const struct blob_row_disk *row;
	const uint8_t *stored;
	uint32_t word, n, seed;
	int err = need_row(r, i);

	if (err < 0)
		return err;
	row = &r->row[i - r->row_first];
	off = le64_get(row->off);
	word = le32_get(row->stored);
	n = word & STORED_MASK;
	if (n > raw_len || off > r->ref.table_off || n > r->ref.table_off - off)
		return damaged_chunk(r, r->ref.table_off + i * sizeof *row,
				     "a chunk lies outside of its value");
	r->chunk = UINT64_MAX;
	if (r->map) {
		stored = (const uint8_t *)r->map + off;
	} else {
		stored = r->stored;
		err = file_read(r->file, r->stored, n, off);
		if (err < 0)
			return err;
	}
	seed = blob_seed(r->store_id, r->ref.blob, off, i, raw_len);
	if (crc32c(seed, stored, n) != le32_get(row->crc))
		return damaged_chunk(r, off, "checksum differs");
	err = block_unpack(word >> CODEC_SHIFT, stored, n, r->raw, raw_len);
	if (err == ERR_DAMAGED)
		return damaged_chunk(r, off, "does not unpack");
	if (err == 0)
		r->chunk = i;
	return err;
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
	r->crc_now = crc32c(r->crc_now, ptr, len);
	r->crc_next += len;
	if (r->crc_next == r->size && r->crc_now != r->crc)
		return damaged_chunk(r, r->ref.table_off, "the value's checksum differs");
	return 0;
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
	err = check_whole(r, off, r->raw + at, n);
	if (err < 0)
		return err;
	memcpy(buf, r->raw + at, n);
	return (long)n;
}
