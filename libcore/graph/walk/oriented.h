/* graph/walk/oriented.h - every edge once, at the end of the lower degree
 *
 * The graph as it is whatever way edges point, without loops, equal edges one,
 * also of different types or directions.  Nodes are numbered anew by degree, the
 * highest first: their ranks.  Each node's list has those of its neighbours whose
 * rank is lower, in no order.  No list is longer than the root of twice the edges,
 * however many edges a hub has (Chiba and Nishizeki, "Arboricity and subgraph
 * listing algorithms", 1985), and every triangle is seen by its last rank once.
 *
 * Where lists lie depends on the threads that made them; what is in them does not.
 */
#ifndef GRAPH_WALK_ORIENTED_H
#define GRAPH_WALK_ORIENTED_H

#include "graph/graph.h"

struct oriented_plan {
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
	bool arcs;		/* keep apart what goes both ways: both[] */
};

struct oriented {
	uint64_t node_n;
	uint64_t edge_n;	/* in all lists */
	uint64_t end_n;		/* ids that were read for them */
	uint32_t *rank;		/* of each node */
	/* of each rank */
	uint64_t *first;	/* where its list begins in target[] */
	uint32_t *len;
	uint32_t *both;		/* so many at its beginning have an edge each way; or NULL */
	uint32_t *target;	/* ranks */
	uint32_t longest;	/* of the lists */
	uint32_t hub_n;		/* ranks below are of degree ORIENTED_HUB or more */
	unsigned thread_n;
	struct mem *mem;
};

#define ORIENTED_HUB 64u

static inline const uint32_t *oriented_list(const struct oriented *o, uint64_t rank)
{
	return o->target + o->first[rank];
}

/* ERR_UNSUPPORTED: a graph of 2^32 nodes or more. */
int oriented_make(struct oriented *o, struct graph *g, const struct oriented_plan *plan);
void oriented_release(struct oriented *o);	/* zeroed is fine */

/* Bytes that it draws at its peak, about: it reads no list. */
int oriented_memory(struct graph *g, const struct oriented_plan *plan, uint64_t *bytes);

#endif
