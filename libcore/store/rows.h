/* store/rows.h - the rows of one unpacked data block (store/run_disk.h)
 *
 * Nothing here knows a file: ERR_DAMAGED comes without a place, the caller words
 * it.  A key here is the row's: 4 bytes of space, then the key.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/entry.h"
#include "store/run_disk.h"

#define ROWS_KEY_MIN 5u
#define ROWS_KEY_MAX (4u + KEY_MAX)

struct rows {
	const uint8_t *ptr;
	uint32_t len;		/* of the rows */
	uint32_t restart_n;
};

int rows_open(struct rows *r, struct bytes block);

/* The row of this key, its body parsed (the entry's key and space are not set):
 * 1, 0 not here, ERR_DAMAGED. */
int rows_find(const struct rows *r, struct bytes key, struct entry *out);

/* The last interval (restart) whose first key is at or before KEY, else 0. */
long rows_interval(const struct rows *r, struct bytes key);

/* The rows of one interval, at most RUN_RESTART, their keys whole. */
struct rows_slot {
	size_t key_off, key_len;	/* in keys */
	struct entry entry;		/* value in the block; key and space not set */
};
struct rows_some {
	struct buf keys;
	unsigned n;
	struct rows_slot slot[RUN_RESTART];
};
int rows_decode(const struct rows *r, uint32_t interval, struct rows_some *out);

static inline struct bytes rows_key(const struct rows_some *some, unsigned i)
{
	return bytes_of(some->keys.ptr + some->slot[i].key_off, some->slot[i].key_len);
}

/* KEY as a row's: replaces OUT. */
int rows_make_key(struct buf *out, uint32_t space, struct bytes key);
uint32_t rows_space(const uint8_t *key);

#endif
