/* store/salvage_run.h - the entries of a run, around what cannot be read
 *
 * run_iter stops at the first damaged block, as a reader must.  Whoever repairs
 * or checks goes on behind it and is told of the hole: the index says which keys
 * a block held, so what is lost is a range of keys.
 */
#ifndef STORE_SALVAGE_RUN_H
#define STORE_SALVAGE_RUN_H

#include "store/run.h"

struct salvage_run;

/* The keys from LOW to before HIGH cannot be read.  Row keys: 4 bytes of space,
 * highest first, then the key, so that memcmp gives the order of the store.  LOW
 * of no bytes: from the first on; HIGH with ptr NULL: to the last.  Valid until the
 * next call. */
struct salvage_hole {
	struct bytes low, high;
	const char *words;	/* "FILE: offset N: ..." */
};

enum salvage_step { SALVAGE_END, SALVAGE_ENTRY, SALVAGE_HOLE };

/* R is borrowed.  ERR_MEMORY. */
int salvage_run_open(struct salvage_run **out, struct run *r, struct mem *mem);
void salvage_run_close(struct salvage_run *s);		/* NULL is fine */

/* Entries in order; a hole comes after the entries before it and before those
 * beyond.  enum salvage_step, or an ERR_ code that is not damage. */
int salvage_run_next(struct salvage_run *s, struct entry *e, struct salvage_hole *h);

#endif
