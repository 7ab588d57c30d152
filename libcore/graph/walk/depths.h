/* graph/walk/depths.h - how many steps every node is from one
 *
 * Breadth first, all nodes of the graph: for the surroundings of a node alone
 * walk/bfs touches less.  Both ways of making a step, after Beamer, Asanovic and
 * Patterson, "Direction-optimizing breadth-first search" (2012): from a narrow
 * front along the edges, front a queue; towards a wide one against them, front a
 * bitmap, each node not yet met reading its list until it finds the front.
 *
 * The answer depends on the graph alone, not on threads: a depth by its nature, a
 * parent as the smallest id among those one step nearer to the start.
 */
#ifndef GRAPH_WALK_DEPTHS_H
#define GRAPH_WALK_DEPTHS_H

#include "graph/graph.h"

#define DEPTHS_NONE UINT32_MAX		/* no way leads there */

struct depths_plan {
	uint64_t start;
	enum csr_direction way;
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
	bool parents;		/* wanted as well */
};

struct depths {
	uint32_t *depth;	/* of each node; DEPTHS_NONE */
	uint32_t *parent;	/* of each node that has a depth; the start's is itself */
	uint64_t reached_n;	/* the start included */
	uint64_t step_n;	/* the greatest depth */
	uint64_t edge_n;	/* ids looked at */
	uint64_t ahead_n;	/* steps made along the edges; the others against them */
	uint64_t met_n;		/* of those: without asking of each edge who was seen */
	struct mem *mem;
};

/* ERR_UNSUPPORTED: a graph of 2^32 nodes or more.  D is released by depths_release
 * when this returned 0. */
int depths_find(struct depths *d, struct graph *g, const struct depths_plan *p);
void depths_release(struct depths *d);

/* Bytes that it draws at its peak. */
uint64_t depths_memory(uint64_t node_n, bool parents);

#endif
