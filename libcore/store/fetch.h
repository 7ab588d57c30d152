/* store/fetch.h - the values of a batch, many on their way at once
 *
 * Whoever gives out many values says in their order which come next; of these as
 * many are read, checked and unpacked ahead, by other cores too, as the memory
 * given has room for.
 *
 * What the page cache holds is read from it.  Of the rest, io_depth values are on
 * their way, past the page cache (DIRECT) or into it; where a batch wants most of a
 * stretch of a blob, that stretch is brought in as a whole, in order.
 */
#ifndef STORE_FETCH_H
#define STORE_FETCH_H

#include <stdbool.h>

#include "store/entry.h"

struct fetch;
struct store;

struct fetch_stat {
	uint64_t value_n;		/* given out */
	uint64_t cold_n;		/* of them not in the page cache when asked for */
	uint64_t read_n, read_bytes;	/* past the page cache */
	uint64_t brought_bytes;		/* of stretches brought in as a whole */
	unsigned depth;			/* most on their way at once */
	char engine[160];
};

/* ROOM: bytes for values on their way. */
int fetch_open(struct fetch **out, struct store *s, size_t room, bool direct);
void fetch_close(struct fetch *f);		/* NULL is fine */

/* All that will be wanted soon, in any order, and then: MORE may come after them.
 * Advice: nothing fails. */
void fetch_expect(struct fetch *f, const struct entry *e);
void fetch_plan(struct fetch *f, bool more);

/* E's value will be wanted behind those wanted and those told of before: without DIRECT
 * it is brought into the page cache.  Advice: nothing fails.  False: as many as there
 * may be are on their way or were told of. */
bool fetch_tell(struct fetch *f, const struct entry *e);
/* E's value is wanted behind those wanted before.  False: there is no room until one
 * was taken. */
bool fetch_want(struct fetch *f, const struct entry *e);
/* The oldest one wanted: 1 and its bytes, all checked, good until the next call; 0 when
 * it is none to be held in memory (value_open reads it); ERR_DAMAGED, ERR_IO... */
int fetch_take(struct fetch *f, struct bytes *out);
/* What was wanted is not any more. */
void fetch_drop(struct fetch *f);

void fetch_get_stat(const struct fetch *f, struct fetch_stat *out);

#endif
