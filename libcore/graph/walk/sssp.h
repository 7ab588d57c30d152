/* graph/walk/sssp.h - the least sum of weights from one node to every other
 *
 * In steps of a width of distance, after Meyer and Sanders, "Delta-stepping: a
 * parallelizable shortest path algorithm" (2003), with the cut of Chakaravarthy,
 * Checconi, Petrini and Sabharwal, "Scalable single source shortest path algorithms
 * for massively parallel systems" (2014): within a step only edges that end in it are
 * followed; those that lead farther are, when the step is over and its distances are
 * final, followed once, or the nodes that are left look back along theirs, whichever
 * touches less.
 *
 * Integers are added exactly.  A real distance is the least over all paths of the sum
 * made from the source on, each addition rounded to nearest.  Rounded addition of what
 * is not negative never turns an order round (a <= b: a + w <= b + w, and a <= a + w),
 * so such a least path goes over least paths, and the distances are the only ones
 * that no edge can lower and a path has: any order of work, any threads end there.
 */
#ifndef GRAPH_WALK_SSSP_H
#define GRAPH_WALK_SSSP_H

#include "graph/graph.h"

struct sssp_plan {
	uint64_t start;
	enum csr_direction way;
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
	double delta;		/* width of a step; 0: by the weights and the edges a node */
};

struct sssp {
	enum csr_values kind;	/* of the distances: CSR_INTEGERS or CSR_REALS */
	uint64_t *bits;		/* of each node's distance; see sssp_distance */
	uint64_t node_n;
	uint64_t reached_n;	/* the start included */
	uint64_t step_n;	/* that had nodes */
	uint64_t back_n;	/* of them, at how many ends the others looked back */
	uint64_t edge_n;	/* ids decoded */
	double delta;
	struct mem *mem;
};

/* ERR_UNSUPPORTED: no weights, or a graph of 2^32 nodes or more.  ERR_BAD_RECORD: an
 * edge of these types has a negative weight, wherever it is.  ERR_TOO_BIG: a distance
 * is over INT64_MAX, or DBL_MAX.  S is released by sssp_release when this returned 0. */
int sssp_find(struct sssp *s, struct graph *g, const struct sssp_plan *p);
void sssp_release(struct sssp *s);

/* False: no path leads there. */
static inline bool sssp_distance(const struct sssp *s, uint64_t id, union csr_value *out)
{
	out->i = (int64_t)s->bits[id];
	return s->bits[id] < (s->kind == CSR_REALS ? 0x7ff0000000000000u : 1ull << 63);
}

/* Bytes that it draws at its peak, if no node is lowered too often. */
uint64_t sssp_memory(uint64_t node_n);

#endif
