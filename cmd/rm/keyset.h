/* cmd/rm/keyset.h - which keys were seen already
 *
 * The keys of one commit that is being gathered: a second time in the list a key
 * is not there any more, though the store still shows it.
 */
#ifndef CMD_RM_KEYSET_H
#define CMD_RM_KEYSET_H

#include "base/bytes.h"

struct keyset {
	uint32_t *slot;		/* number of a key + 1; 0: free */
	size_t slot_n;		/* a power of two */
	struct buf keys, place;	/* the bytes; for each key where its bytes lie */
	uint64_t seed;
};

void keyset_init(struct keyset *k, struct mem *mem);
void keyset_release(struct keyset *k);
void keyset_clear(struct keyset *k);
/* 1: new and taken in, 0: seen before, or ERR_MEMORY. */
int keyset_add(struct keyset *k, struct bytes key);

#endif
