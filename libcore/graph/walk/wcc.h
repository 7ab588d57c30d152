/* graph/walk/wcc.h - which nodes hang together, whatever way their edges point
 *
 * Weakly connected components after Sutton, Ben-Nun and Barak, "Optimizing parallel
 * graph connectivity computation via subgraph sampling" (Afforest, 2018): a few
 * edges of every node join most of the largest component; the nodes in it need not
 * be looked at again, and of the others all edges are.  A tree's root is its least
 * node and only a root is ever hung under a smaller node, so the answer is the
 * least id of each component, whoever came first.
 */
#ifndef GRAPH_WALK_WCC_H
#define GRAPH_WALK_WCC_H

#include "graph/graph.h"

struct wcc_plan {
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
};

struct wcc {
	uint32_t *root;		/* of each node: the least id of its component */
	uint64_t component_n;
	uint64_t edge_n;	/* edges looked at */
	struct mem *mem;
};

/* ERR_UNSUPPORTED: a graph of 2^32 nodes or more. */
int wcc_find(struct wcc *w, struct graph *g, const struct wcc_plan *plan);
void wcc_release(struct wcc *w);

/* Bytes that it draws at its peak. */
uint64_t wcc_memory(uint64_t node_n);

#endif
