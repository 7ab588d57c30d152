/* store/blob_press.h - chunks of a large value, packed by several threads
 *
 * One caller fills lots and takes them back packed, in the order he gave them;
 * the threads pack in between.  A caller who would have to wait packs himself, so
 * two cores are two packers beside whoever fills the pipe.  Packing cannot fail.
 */
#ifndef STORE_BLOB_PRESS_H
#define STORE_BLOB_PRESS_H

#include "store/blob.h"

#define PRESS_CHUNKS 4u
#define PRESS_LOT (PRESS_CHUNKS * BLOB_CHUNK)

struct press;

struct press_chunk {
	const uint8_t *bytes;	/* stored form: in the lot until it is given again */
	size_t len, raw_len;
	enum block_codec codec;
	uint32_t stored_crc;	/* crc32c from 0 */
	uint32_t raw_crc;
};

struct press_lot {
	uint8_t *raw;		/* PRESS_LOT bytes: the caller fills RAW_LEN of them */
	size_t raw_len;
	uint32_t chunk_n;	/* filled by the press */
	struct press_chunk chunk[PRESS_CHUNKS];
	uint8_t *packed;	/* the press's: as large as raw */
	struct press_lot *next;
	bool done;
};

/* Threads for all cores but one (6 at most), lots for them and two more, of 1 MiB
 * each: ERR_UNAVAILABLE when that is over a quarter of what MEM has left, or
 * there is one core only; ERR_MEMORY, ERR_RESOURCE.  The caller goes on by himself. */
int press_open(struct press **out, struct mem *mem);
void press_close(struct press *p);	/* NULL is fine; joins the threads */

/* An empty lot, or NULL when all were given: take one first. */
struct press_lot *press_vacant(struct press *p);
void press_give(struct press *p, struct press_lot *lot);
/* The oldest given, packed; NULL when none is. */
struct press_lot *press_take(struct press *p);
void press_back(struct press *p, struct press_lot *lot);	/* done with it */

#endif
