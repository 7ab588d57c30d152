/* graph/keep.h - the lists of a sweep, decoded once for all the sweeps that follow
 *
 * An algorithm that goes over all edges again and again need not decode them each
 * time: its first sweep leaves them behind as plain ids, 3 bytes an edge (4 where there
 * are more than 2^24 nodes) and 8 a list, where half of the memory that is left has room
 * for them: fresh memory is what keeping costs most, and what the sweeps that follow wait
 * for is less of it.  Where there is no room, each sweep decodes the lists as the first
 * did.  Who reads sees the same either way
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

#include <string.h>

#include "base/endian.h"
#include "graph/sweep.h"

struct keep {
	const struct sweep *sweep;
	struct mem *mem;
	uint8_t *ids;		/* node, n, n ids, and so on; NULL: none are kept */
	unsigned id_len;	/* bytes of an id there: KEEP_SHORT, 4 */
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

/* Tests: ids of 4 bytes, however few nodes there are. */
void keep_long_ids(bool on);

/* The lists of a part in pieces: each a node and some of the ids of one of its lists,
 * in order.  A part is read to its end or not at all. */
struct keep_walk {
	uint64_t node, n;
	const uint8_t *ids;		/* as keep_id reads them */
	unsigned id_len;		/* bytes of each: the same in all of the walk */
	/* private */
	struct keep *keep;
	uint64_t part;
	const uint8_t *at, *end;	/* lists decoded and not given yet */
	bool whole;			/* no others follow them */
	uint8_t *put, *put_end;		/* what is to be kept */
	bool in_list;
	struct sweep_walk sweep;
#define KEEP_ROOM 16384u
	uint32_t room[KEEP_ROOM];	/* for lists just decoded */
};
void keep_begin(struct keep_walk *w, struct keep *k, const struct sweep_part *p);
int keep_decode(struct keep_walk *w);	/* keep_next of what is not decoded yet */

#define KEEP_HEAD 8u		/* bytes before the ids of a list: its node, and how many */
static inline int keep_next(struct keep_walk *w)	/* 1, 0, < 0 */
{
	uint32_t head[2];

	if (w->at == w->end)
		return w->whole ? 0 : keep_decode(w);
	memcpy(head, w->at, KEEP_HEAD);
	w->node = head[0];
	w->n = head[1];
	w->ids = w->at + KEEP_HEAD;
	w->at = w->ids + w->n * w->id_len;
	return 1;
}

/* The id at place I of IDS, each ID_LEN bytes; four are read of three. */
#define KEEP_SHORT 3u
#define KEEP_SHORT_IDS (1ull << 24)
static inline uint32_t keep_id(const uint8_t *ids, uint64_t i, unsigned id_len)
{
	uint32_t id;
	le32 v;

	if (id_len != KEEP_SHORT) {
		memcpy(&id, ids + 4 * i, 4);
		return id;
	}
	memcpy(&v, ids + KEEP_SHORT * i, 4);
	return le32_get(v) & (KEEP_SHORT_IDS - 1);
}

#endif
