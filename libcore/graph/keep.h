/* graph/keep.h - the lists of a sweep, decoded once for all the sweeps that follow
 *
 * An algorithm that goes over all edges again and again need not decode them each
 * time: its first sweep leaves them behind as plain ids, 3 bytes an edge (4 where there
 * are more than 2^24 nodes) and 8 a list, where half of the memory that is left has room
 * for them.  It is fresh memory that keeping costs most; some thousand ids at a time are
 * made words again, for who looks something up by each has enough to wait for.  Where
 * there is no room, each sweep decodes the lists as the first did.  Who reads sees the
 * same either way
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

struct keep_place {		/* so many before */
	uint64_t list_n, id_n;
};

struct keep {
	const struct sweep *sweep;
	struct mem *mem;
	uint8_t *ids;		/* list by list; NULL: none are kept */
	uint32_t *heads;	/* of each list: node, n */
	unsigned id_len;	/* bytes of an id: 3 (graph/short_ids), 4 */
	struct keep_place *place;	/* of each part, and behind the last */
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

/* Tests: ids of 4 bytes, however few nodes there are. */
void keep_long_ids(bool on);

/* The lists of a part in pieces: each a node and some of the ids of one of its lists,
 * in order.  A part is read to its end or not at all. */
struct keep_walk {
	uint64_t node, n;
	const uint32_t *ids;
	/* private */
	struct keep *keep;
	uint64_t part;
	const uint32_t *head, *head_end;	/* lists not given yet */
	const uint32_t *next, *end;	/* their ids, or the first of them */
	bool whole;			/* the part is kept, others do not follow */
	const uint8_t *packed;		/* ids of it that are not in room yet */
	uint64_t packed_n;
	uint64_t rest;			/* of a list that room has no room for */
	uint32_t *put_head, *put_head_end;	/* where what is to be kept goes */
	uint8_t *put, *put_end;
	bool in_list;
	struct sweep_walk sweep;
#define KEEP_ROOM 8192u
	uint32_t room[KEEP_ROOM + 8];	/* ids */
	uint32_t words[KEEP_ROOM];	/* lists just decoded */
	uint32_t heads[KEEP_ROOM];	/* of those that are not kept */
};
void keep_begin(struct keep_walk *w, struct keep *k, const struct sweep_part *p);
int keep_more(struct keep_walk *w);	/* keep_next of what is not in room */

static inline int keep_next(struct keep_walk *w)	/* 1, 0, < 0 */
{
	if (w->head == w->head_end || w->head[1] > (uint64_t)(w->end - w->next))
		return keep_more(w);
	w->node = w->head[0];
	w->n = w->head[1];
	w->ids = w->next;
	w->next += w->n;
	w->head += 2;
	return 1;
}

#endif
