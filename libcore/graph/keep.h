/* graph/keep.h - the lists of a sweep, decoded once for all the sweeps that follow
 *
 * An algorithm that goes over all edges again and again need not decode them each
 * time: its first sweep leaves them behind as plain ids, 4 bytes an edge and 8 a
 * list, where half of the memory that is left has room for them.  Where it has not,
 * each sweep decodes the lists as the first did.  Who reads sees the same either way
 * but for the pieces that lists come in and the order of a part's lists: some thousand
 * ids at a time are kept with the short lists first, so that the end of most lists is
 * where that of the one before was, which a processor guesses.
 *
 * What is read by the ids of all lists is read all over the place.  Where most edges
 * lead to few nodes, these are better side by side, where a cache holds them: lists
 * that are kept can give each node another name.
 *
 * Each part of the sweep has a place of its own, so the threads of the first sweep
 * write without asking each other.
 */
#ifndef GRAPH_KEEP_H
#define GRAPH_KEEP_H

#include "graph/sweep.h"

struct keep {
	const struct sweep *sweep;
	struct mem *mem;
	uint32_t *ids;		/* node, n, n ids, and so on; NULL: none are kept */
	uint64_t *place;	/* of each part: where its ids begin; part_n + 1 */
	bool *full;		/* of each part: they are there */
	const uint32_t *name;	/* NULL, or what is given instead of each id */
};

/* Of an open sweep of a graph that is narrow.  SWEEPS: how many there will be at
 * most; a few alone keep nothing, as fresh memory costs as much as decoding does.
 * DEGREE, if not NULL: as sweep_degrees of S has it, which saves counting again. */
int keep_open(struct keep *k, const struct sweep *s, uint64_t sweeps, const uint32_t *degree);
void keep_close(struct keep *k);	/* zeroed is fine */
/* Before the first sweep, of lists that will be kept, so k->ids is not NULL: of all that
 * is given, nodes and ids, NAME[id], below 2^32; it stays. */
static inline void keep_rename(struct keep *k, const uint32_t *name)
{
	k->name = name;
}

/* The lists of a part in pieces: each a node and some of the ids of one of its lists,
 * in order.  A part is read to its end or not at all. */
struct keep_walk {
	uint64_t node;
	const uint32_t *ids;
	uint64_t n;
	/* private */
	struct keep *keep;
	uint64_t part;
	const uint32_t *at, *end;	/* lists decoded and not given yet */
	bool whole;			/* no others follow them */
	uint32_t *put, *put_end;	/* what is to be kept */
	bool in_list;
	struct sweep_walk sweep;
#define KEEP_ROOM 16384u
	uint32_t room[KEEP_ROOM];	/* for lists just decoded */
};
void keep_begin(struct keep_walk *w, struct keep *k, const struct sweep_part *p);
int keep_decode(struct keep_walk *w);	/* keep_next of what is not decoded yet */

static inline int keep_next(struct keep_walk *w)	/* 1, 0, < 0 */
{
	if (w->at == w->end)
		return w->whole ? 0 : keep_decode(w);
	w->node = w->at[0];
	w->n = w->at[1];
	w->ids = w->at + 2;
	w->at += 2 + w->n;
	return 1;
}

#endif
