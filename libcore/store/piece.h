/* store/piece.h - a piece of a large batch: its records in order of their keys
 *
 * A record is as in store/entry.h, version 0.  They are our own bytes, in memory
 * and checked when they were added.
 */
#ifndef STORE_PIECE_H
#define STORE_PIECE_H

#include <stdbool.h>

#include "store/entry.h"

/* A record, and the first bytes of its key that are not the same in all. */
struct piece_slot {
	uint64_t prefix;	/* big-endian order: smaller is before */
	uint32_t off;		/* of the record */
	uint32_t key_at;	/* from there to the key */
};

struct piece {
	const uint8_t *ptr;	/* the records */
	size_t len;
	struct piece_slot *slot;	/* in order; of equal keys the later given last */
	size_t n;
	size_t common;		/* leading bytes that all rows' keys share */
	struct mem *mem;
};

/* What a slot stands for. */
struct piece_row {
	uint32_t space;
	struct bytes key, body;
};

/* N records in RECORDS, which stay the caller's. */
int piece_sort(struct piece *p, struct bytes records, size_t n, struct mem *mem);
void piece_release(struct piece *p);

struct piece_row piece_row(const struct piece *p, size_t i);
/* Has the next slot the same key? */
bool piece_same_key(const struct piece *p, size_t i);

/* The first 8 bytes of a row's key (space, then key) behind its first SKIP. */
uint64_t piece_prefix(uint32_t space, struct bytes key, size_t skip);

#endif
