/* store/blob_reader.c - values read back, chunk by chunk, each checked first */
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/blob_inside.h"

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
	err = blob_open(&r->file, b, store_id, e->blob.blob, 0);
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
	n = word & BLOB_STORED_MASK;
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
	seed = blob_seed(r->store_id, r->ref.blob, off, i, raw_len,
			 word >> BLOB_CODEC_SHIFT);
	if (crc32c(seed, stored, n) != le32_get(row->crc))
		return damaged_chunk(r, off, "checksum differs");
	err = block_unpack(word >> BLOB_CODEC_SHIFT, stored, n, r->raw, raw_len);
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
