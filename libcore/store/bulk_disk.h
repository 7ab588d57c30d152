/* store/bulk_disk.h - blocks of rows in a bulk's file, see store/bulk.h */
#ifndef STORE_BULK_DISK_H
#define STORE_BULK_DISK_H

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/disk.h"
#include "store/rows.h"

#define BULK_BLOCK (128u << 10)	/* the largest row is half of it */

struct bulk_block_disk {
/*00*/	le32 crc;	/* crc32c of the rows, seeded with offset and len */
/*04*/	le32 len;	/* of the rows */
};
DISK_SIZE(struct bulk_block_disk, 8);

struct bulk_row {
	uint32_t key_len, body_len;
};
_Static_assert(sizeof(struct bulk_block_disk) + sizeof(struct bulk_row) + ROWS_KEY_MAX +
	       ENTRY_BODY_MAX <= BULK_BLOCK, "a row fits a block");

static inline uint32_t bulk_block_crc(uint64_t off, const void *rows, size_t len)
{
	return crc32c(crc32c_seed(off, len), rows, len);
}

/* Pieces in the file, and what reads them in order. */
struct bulk_piece {
	uint64_t off, end;	/* its blocks */
	uint64_t row_n;
};

struct file;
struct mem;
struct bulk_merge;

/* PIECES oldest first; COMMON leading bytes are the same in all rows' keys. */
int bulk_merge_open(struct bulk_merge **out, struct file *f, const struct bulk_piece *pieces,
		    size_t n, size_t common, struct mem *mem);
/* 1 and the next key's newest row (good until the next call), 0 at the end, < 0. */
int bulk_merge_next(struct bulk_merge *m, struct bytes *key, struct bytes *body);
void bulk_merge_close(struct bulk_merge *m);

#endif
