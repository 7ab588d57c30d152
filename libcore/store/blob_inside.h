/* store/blob_inside.h - what writing and reading a blob share */
#ifndef STORE_BLOB_INSIDE_H
#define STORE_BLOB_INSIDE_H

#include "store/blob.h"

#define BLOB_CODEC_SHIFT 28		/* of a row's `stored` */
#define BLOB_STORED_MASK ((1u << BLOB_CODEC_SHIFT) - 1)

/* What a chunk's checksum is bound to: crc32c goes on from it. */
uint32_t blob_seed(const uint8_t store_id[16], uint64_t blob, uint64_t off,
		   uint64_t index, uint64_t raw_len, enum block_codec codec);

/* Opens the file and checks that it is this store's blob of this id. */
int blob_open(struct file **out, struct backend *b, const uint8_t store_id[16],
	      uint64_t id, unsigned flags);

#endif
