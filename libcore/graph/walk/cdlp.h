/* graph/walk/cdlp.h - communities: everyone takes the label most neighbours have
 *
 * Label propagation after Raghavan, Albert and Kumara, "Near linear time algorithm to
 * detect community structures in large-scale networks" (2007), made deterministic as
 * LDBC Graphalytics defines it: a node's first label is its own key; in each step all
 * nodes at once take, of the labels their neighbours had before it, the most frequent
 * one, of several the smallest.  An edge counts where it ends and where it begins, so
 * an edge both ways counts twice, as equal edges do; a loop counts as often as the
 * graph lists it: twice, in an undirected graph once.  Without an edge a label stays.
 *
 * "The smallest" is the first in the order of the keys.  Ids are in another order when
 * a graph is stored by degree, so a label is a place in the order of keys while it is
 * counted, and becomes an id at the end.
 */
#ifndef GRAPH_WALK_CDLP_H
#define GRAPH_WALK_CDLP_H

#include "graph/graph.h"

struct cdlp_plan {
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
	uint64_t iterations;	/* at most: a step that changes nothing is the last */
	uint32_t room;		/* tests: labels counted in cache, a power of two; 0: many */
	/* After each step, if not NULL; what it returns, if not 0, ends all. */
	int (*each)(void *ctx, uint64_t iteration, uint64_t changed);
	void *ctx;
};

struct cdlp {
	uint32_t *label;	/* of each node: the id of the node whose key it is */
	uint64_t iteration_n;
	uint64_t edge_n;	/* labels looked at, in all steps */
	struct mem *mem;
};

/* ERR_UNSUPPORTED: 2^32 nodes, or edges at a node, or more. */
int cdlp_find(struct cdlp *c, struct graph *g, const struct cdlp_plan *plan);
void cdlp_release(struct cdlp *c);

/* Bytes that it draws at its peak: an array or three of nodes, and for each thread what
 * a core's cache holds. */
uint64_t cdlp_memory(struct graph *g, unsigned threads);

#endif
