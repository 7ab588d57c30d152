/* store/blob.h - large values: appended in chunks, referred to by entries
 *
 * A blob file holds many values, one after another; whoever has its lease
 * (LOCK_LEASE) appends, the others read.  It is trusted only as far as entries
 * refer to it, so nothing needs repair after a crash: bytes of a value whose
 * entry never became durable are never looked at.
 *
 * A value is chunks of BLOB_CHUNK bytes (the last one shorter), each LZ4 or as it
 * is, then a table of one row a chunk.  A chunk's checksum is bound to the store,
 * the blob, its offset, its number and its length, so a table row that lies does
 * not pass either.  Each flush ends on a 4 KiB border, and the next writer begins
 * on one: no two writers share a block.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "base/disk.h"
#include "codec/block.h"
#include "io/backend.h"
#include "store/entry.h"

#define BLOB_CHUNK (128u << 10)		/* LZ4 gains nothing from more; a range reads little */
#define BLOB_FULL (256u << 20)		/* no new value begins beyond it */
#define BLOB_OWN (64u << 20)		/* a value known to be so long has a file of its own */
#define BLOB_MAGIC "STRATOBL"
#define BLOB_FORMAT 1

struct blob_head_disk {			/* page 0 of the file */
/*00*/	le32 crc;			/* crc32c of the rest of these 64 bytes */
/*04*/	le32 format;
/*08*/	char magic[8];
/*10*/	uint8_t store_id[16];
/*20*/	le64 id;
/*28*/	uint8_t zero[24];
};
DISK_SIZE(struct blob_head_disk, 64);
DISK_AT(struct blob_head_disk, id, 0x20);

struct blob_row_disk {			/* a chunk */
/*00*/	le64 off;			/* in the file */
/*08*/	le32 stored;			/* bytes; high 4 bits: enum block_codec */
/*0c*/	le32 crc;			/* of the stored bytes, see blob_seed() */
};
DISK_SIZE(struct blob_row_disk, 16);

struct mem;
struct blob_writer;

/* A new blob file of this id, durable under its name. */
int blob_create(struct backend *b, const uint8_t store_id[16], uint64_t id);

/* To append; the caller holds the lease.  DIRECT: past the page cache. */
int blob_writer_open(struct blob_writer **out, struct backend *b,
		     const uint8_t store_id[16], uint64_t id,
		     enum block_codec codec, bool direct, struct mem *mem);
int blob_begin(struct blob_writer *w);
int blob_feed(struct blob_writer *w, const void *ptr, size_t len);
/* Fills e's size, crc and blob; durable only after blob_flush. */
int blob_end(struct blob_writer *w, struct entry *e);
void blob_cancel(struct blob_writer *w);	/* the value begun is forgotten */
int blob_flush(struct blob_writer *w);
uint64_t blob_writer_id(const struct blob_writer *w);
uint64_t blob_writer_end(const struct blob_writer *w);	/* file offset reached */
/* Full, or a write of it failed: flush what counts and take another. */
bool blob_writer_done(const struct blob_writer *w);
/* Under the lease still: what was written and not flushed is cut off the file. */
void blob_writer_close(struct blob_writer *w);

/* A value of few chunks is one stretch of its file, chunks and then table: false when
 * E's is none.  From those bytes, read as they may be: 0 and the value, in RAW (E's
 * size) or where it lies in SPAN, every byte checked; 1 when its rows point elsewhere,
 * and a reader has to follow them; ERR_DAMAGED, with F's name, and block_unpack's. */
#define BLOB_SPAN_CHUNKS 4u
bool blob_span(const struct entry *e, uint64_t *off, size_t *len);
int blob_span_unpack(const struct file *f, const uint8_t store_id[16],
		     const struct entry *e, const uint8_t *span, uint8_t *raw,
		     const uint8_t **value);

struct blob_reader;
/* MAP: through a mapping where the backend has one, else by reads. */
int blob_reader_open(struct blob_reader **out, struct backend *b,
		     const uint8_t store_id[16], const struct entry *e, bool map,
		     struct mem *mem);
/* Up to CAP bytes of the value from OFF; 0 at its end.  Every byte was checked. */
long blob_read(struct blob_reader *r, uint64_t off, void *buf, size_t cap);
/* The same bytes where they are: at least 1, 0 at the end; good until the next call.
 * *HELD: they lie in a mapping of the file, and the holder has them. */
long blob_peek(struct blob_reader *r, uint64_t off, const uint8_t **ptr, bool *held);
/* HOLD is offered chunks that lie in the page cache as they are, before they are checked:
 * true, and they will stay what they are until they were given out.  Without it (and
 * without MAP) nothing is used where it lies in a mapping: a page that was checked could
 * be evicted, and read again from a device that lies. */
struct blob_holder {
	bool (*hold)(void *ctx, const void *ptr, size_t len);
	void *ctx;
};
void blob_set_holder(struct blob_reader *r, const struct blob_holder *h);

/* The value will be read in order from FROM up to TO.  What the page cache holds is
 * used there; of the rest, DEPTH pieces (store/ahead.h) are on their way, DIRECT past
 * the page cache, else into it.  Nothing beyond is read, but that the system reads on
 * for a while behind a long stretch that goes through its cache.  Advice: it cannot
 * fail. */
struct blob_plan {
	uint64_t from, to;
	unsigned depth;		/* 0: nothing ahead */
	bool direct;
};
void blob_expect(struct blob_reader *r, const struct blob_plan *plan);

struct blob_read_stat {
	uint64_t chunk_n, mapped_n;	/* chunks looked at; of them in the page cache */
	uint64_t ahead_n;		/* pieces read ahead */
	unsigned depth;
	bool direct;
	char engine[160];
};
/* The same file for another value: true, and the reader is E's from now on. */
bool blob_reader_again(struct blob_reader *r, const struct entry *e);
uint64_t blob_reader_id(const struct blob_reader *r);
void blob_get_stat(const struct blob_reader *r, struct blob_read_stat *out);
void blob_reader_close(struct blob_reader *r);

#endif
