/* store/iter.h - entries in order, whatever they lie in
 *
 * The log's tail, a run and a merge of several give the same face.  An iterator
 * is begun at a place and walked one way.  Entries come in the order of the
 * store (entry_cmp); from one source at most one entry a key; a merge gives the
 * newest of each key, removals included, so that whoever reads decides.
 */
#ifndef STORE_ITER_H
#define STORE_ITER_H

#include <stdbool.h>

#include "store/entry.h"

struct iter;

struct iter_ops {
	/* 1 and the next entry (valid until the next call), 0 at the end, < 0. */
	int (*next)(struct iter *it, struct entry *out);
	void (*close)(struct iter *it);
};

struct iter {
	const struct iter_ops *ops;
};

static inline int iter_next(struct iter *it, struct entry *out)
{
	return it->ops->next(it, out);
}

static inline void iter_close(struct iter *it)
{
	if (it)
		it->ops->close(it);
}

/* Where to begin and which way: the first entry at or after (SPACE, KEY), or, in
 * reverse, the last one strictly before it. */
struct iter_from {
	uint32_t space;
	struct bytes key;
	bool reverse;
};

/* Newest wins: SOURCES are given newest first and are closed with the merge, also
 * when this fails.  Takes the array's contents, not the array. */
struct mem;
int iter_merge(struct iter **out, struct iter **sources, size_t n, bool reverse,
	       struct mem *mem);

#endif
