/* graph/walk/pagerank.h - how often a random reader is at each node
 *
 * PageRank after Brin and Page (1998), as LDBC Graphalytics defines it: in steps,
 * each from the ranks of the one before; a node's rank goes to its targets in equal
 * shares, one for each edge; what nodes without edges out have goes to all nodes.
 *
 * Ranks are whole numbers of 1 / PAGERANK_ONE: sums of them do not depend on the
 * order in which they are made, so the answer is the same to the last bit for any
 * number of threads, any layout, any order of ids; and all ranks together are 1,
 * less at most two units a node.
 *
 * A share has 24 bits that count where what this costs is less than what is tolerated:
 * with the usual damping, from a tolerance of a millionth on.  Else, and where only the
 * number of steps is given, it has all bits.
 */
#ifndef GRAPH_WALK_PAGERANK_H
#define GRAPH_WALK_PAGERANK_H

#include "graph/graph.h"

#define PAGERANK_ONE (1ull << 62)

struct pagerank_plan {
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
	double damping;		/* 0 to 1 */
	uint64_t iterations;	/* at most */
	double tolerance;	/* ends when all ranks together change by less; 0: never */
	/* After each iteration, if not NULL; what it returns, if not 0, ends all. */
	int (*each)(void *ctx, uint64_t iteration, double change);
	void *ctx;
};

struct pagerank {
	uint64_t *rank;		/* of each node */
	uint64_t iteration_n;
	double change;		/* by the last of them */
	uint64_t edge_n;	/* shares given, in all iterations */
	struct mem *mem;
};

static inline double pagerank_value(uint64_t rank)
{
	return (double)rank / (double)PAGERANK_ONE;
}

/* ERR_UNSUPPORTED: 2^32 nodes, or edges at a node, or more. */
int pagerank_find(struct pagerank *p, struct graph *g, const struct pagerank_plan *plan);
void pagerank_release(struct pagerank *p);

/* Bytes that it draws at least; where there is room, 3 or 4 more an edge (graph/keep),
 * and 4 a node where shares have all bits. */
uint64_t pagerank_memory(uint64_t node_n);

#endif
