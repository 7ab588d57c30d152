/* store/blob_span.c - values that are read in one piece: chunks, then their table */
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "io/file.h"
#include "store/blob_inside.h"

bool blob_span(const struct entry *e, uint64_t *off, size_t *len)
{
	const struct blob_ref *ref = &e->blob;
	uint64_t table = ref->chunk_n * sizeof(struct blob_row_disk);
	uint64_t chunks = e->size / BLOB_CHUNK + (e->size % BLOB_CHUNK != 0);

	if (e->kind != ENTRY_BLOB || ref->chunk_n == 0 || ref->chunk_n > BLOB_SPAN_CHUNKS ||
	    ref->chunk_n != chunks || ref->stored < table || ref->stored - table > e->size ||
	    ref->table_off > INT64_MAX - table || ref->stored > ref->table_off + table)
		return false;
	*len = (size_t)ref->stored;
	*off = ref->table_off + table - ref->stored;
	return true;
}

struct span {
	const struct file *file;
	const uint8_t *store_id;
	const struct entry *e;
	const uint8_t *ptr;
	uint64_t off;			/* in the file, of PTR */
	uint64_t end;			/* of its chunks: where the table begins */
};

static int damaged(const struct span *s, uint64_t off, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: offset %llu: %s", file_path(s->file),
		       (unsigned long long)off, what);
}

/* Chunk I, checked: where it lies, or unpacked to RAW. */
static int chunk(const struct span *s, uint64_t i, uint8_t *raw, size_t raw_len,
		 const uint8_t **out)
{
	struct blob_row_disk row;
	uint64_t off;
	uint32_t n, codec;
	int r;

	memcpy(&row, s->ptr + (s->end - s->off) + i * sizeof row, sizeof row);
	off = le64_get(row.off);
	n = le32_get(row.stored) & BLOB_STORED_MASK;
	codec = le32_get(row.stored) >> BLOB_CODEC_SHIFT;
	if (n > raw_len || off > s->end || n > s->end - off)
		return damaged(s, s->end + i * sizeof row, "a chunk lies outside of its value");
	if (off < s->off)
		return 1;
	*out = s->ptr + (off - s->off);
	if (crc32c(blob_seed(s->store_id, s->e->blob.blob, off, i, raw_len, codec), *out, n) !=
	    le32_get(row.crc))
		return damaged(s, off, "checksum differs");
	if (codec == BLOCK_RAW && n == raw_len)
		return 0;
	r = block_unpack((enum block_codec)codec, *out, n, raw, raw_len);
	*out = raw;
	return r == ERR_DAMAGED ? damaged(s, off, "does not unpack") : r;
}

int blob_span_unpack(const struct file *f, const uint8_t store_id[16],
		     const struct entry *e, const uint8_t *span, uint8_t *raw,
		     const uint8_t **value)
{
	struct span s = { f, store_id, e, span, 0, e->blob.table_off };
	size_t len = 0;

	if (!blob_span(e, &s.off, &len))
		return 1;
	*value = NULL;
	for (uint64_t i = 0; i < e->blob.chunk_n; i++) {
		uint64_t at = i * BLOB_CHUNK, left = e->size - at;
		size_t raw_len = left < BLOB_CHUNK ? (size_t)left : BLOB_CHUNK;
		const uint8_t *ptr = NULL;
		int r = chunk(&s, i, raw + at, raw_len, &ptr);

		if (r != 0)
			return r;
		/* one that lies where its file's bytes are, and is all: no copy */
		if (ptr != raw + at && e->blob.chunk_n > 1)
			memcpy(raw + at, ptr, raw_len);
		*value = e->blob.chunk_n > 1 ? raw : ptr;
	}
	if (crc32c(0, *value, (size_t)e->size) != e->crc)
		return damaged(&s, e->blob.table_off, "the value's checksum differs");
	return 0;
}
