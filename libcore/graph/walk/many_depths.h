/* graph/walk/many_depths.h - how many steps every node is from each of up to 64
 *
 * Breadth first from all of them at once, after Then, Kaufmann, Chirigati, Hoang-Vu,
 * Pham, Kemper, Neumann and Vo, "The more the merrier: efficient multi-source graph
 * traversal" (2014): a node has a word with a bit for each start that has come to it,
 * so a list is read once for all who are at its node.  Steps along the edges or
 * against them, as in walk/depths.
 *
 * The answer depends on the graph alone, not on threads or on who else is asked
 * about.  Depths are kept as digits of two: the n-th bits of a node's 64 depths are a
 * word, so a node takes 8 bytes for each bit that the greatest depth has.
 */
#ifndef GRAPH_WALK_MANY_DEPTHS_H
#define GRAPH_WALK_MANY_DEPTHS_H

#include "graph/graph.h"
#include "graph/walk/depths.h"

#define MANY_DEPTHS 64u
#define MANY_DEPTHS_BITS 32u

struct many_depths_plan {
	const uint64_t *start;		/* the same node may come again */
	unsigned start_n;		/* 1 to MANY_DEPTHS */
	enum csr_direction way;
	struct graph_types types;
	unsigned threads;		/* 0: as many as there are cores */
	bool depths;			/* wanted for many_depths_at; else sums alone */
};

struct many_depths {
	uint64_t *seen;			/* of each node: who comes to it */
	uint64_t *digit[MANY_DEPTHS_BITS];	/* of their depths */
	unsigned digit_n;
	/* of each start */
	uint64_t reached_n[MANY_DEPTHS];	/* itself included */
	uint64_t step_n[MANY_DEPTHS];		/* the greatest depth */
	uint64_t step_sum[MANY_DEPTHS];		/* all depths together */
	uint64_t edge_n;		/* ids looked at */
	uint64_t ahead_n, against_n;	/* steps made along the edges, against them */
	struct mem *mem;
};

/* ERR_UNSUPPORTED: a graph of 2^32 nodes or more.  D is released by
 * many_depths_release when this returned 0. */
int many_depths_find(struct many_depths *d, struct graph *g, const struct many_depths_plan *p);
void many_depths_release(struct many_depths *d);

/* Steps from START, of the plan's, to NODE; DEPTHS_NONE. */
static inline uint32_t many_depths_at(const struct many_depths *d, unsigned start, uint64_t node)
{
	uint32_t depth = 0;

	if (!(d->seen[node] >> start & 1))
		return DEPTHS_NONE;
	for (unsigned i = 0; i < d->digit_n; i++)
		depth |= (uint32_t)(d->digit[i][node] >> start & 1) << i;
	return depth;
}

/* Bytes that it draws while depths are below 2^DIGITS. */
uint64_t many_depths_memory(uint64_t node_n, unsigned digits);

#endif
