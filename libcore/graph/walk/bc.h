/* graph/walk/bc.h - how much of the shortest paths goes through each node
 *
 * Betweenness after Brandes, "A faster algorithm for betweenness centrality" (2001):
 * from a source the depths, then level by level the number of shortest paths to each
 * node, then back the part of the paths to all that lie behind.  Edges have no
 * weights; equal ones are as many paths.  A node's score is the sum over the sources
 * of the part of the shortest paths from the source to each node that go through it,
 * ends not counted.
 *
 * The answer depends on the graph and the sources alone, bit for bit, not on threads,
 * layout or order: each node gathers what it needs from its own lists, the sums are
 * made in integers, so that their order is nothing, and the sources add up in the
 * order given.
 */
#ifndef GRAPH_WALK_BC_H
#define GRAPH_WALK_BC_H

#include "graph/graph.h"

struct bc_plan {
	enum csr_direction way;
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
};

struct bc {
	double *score;		/* of each node */
	uint64_t source_n;
	uint64_t edge_n;	/* ids looked at */
	struct bc_inside *in;
};

/* ERR_UNSUPPORTED: a graph of 2^32 nodes or more.  B is released by bc_end, whatever
 * this returned. */
int bc_begin(struct bc *b, struct graph *g, const struct bc_plan *p);
int bc_add(struct bc *b, uint64_t source);
void bc_end(struct bc *b);

/* Bytes that it draws at its peak. */
uint64_t bc_memory(uint64_t node_n);

#endif
