/* graph/walk/triangles.h - three nodes, each joined to the others
 *
 * Of the graph as graph/walk/oriented makes it: whatever way edges point, no loops,
 * equal edges once.  A triangle is counted at the one of its nodes that has the
 * last rank, U: for each V of U's list, those that V's list has in common with it.
 * Where V is a hub that is an AND of rows of bits (graph/walk/hubs); else V's list is
 * held against a bit for each rank: lists are never merged, so need no order.
 *
 * Also how many triangles each node is in.  Then what a triangle adds to a node may
 * depend on the edge that lies opposite: 1, or 2 where it goes both ways and plan.arcs
 * asks for it, as the local clustering coefficient does.
 */
#ifndef GRAPH_WALK_TRIANGLES_H
#define GRAPH_WALK_TRIANGLES_H

#include "graph/walk/oriented.h"

struct triangles_plan {
	struct graph_types types;
	unsigned threads;	/* 0: as many as there are cores */
	bool nodes;		/* of each node, too */
	bool arcs;		/* opposite edges that go both ways count twice */
	uint32_t hubs;		/* at most so many; 0: as many as are worth it */
	/* Now and then, with the edges that are done, if not NULL; a failure ends all. */
	int (*each)(void *ctx, uint64_t edge_n);
	void *ctx;
};

struct triangles {
	uint64_t n;		/* not with arcs */
	uint64_t edge_n;	/* edges looked at: ids read, and edges whose ends' lists met */
	uint64_t *corner;	/* of each rank, with plan.nodes */
	struct oriented oriented;
	struct mem *mem;
};

/* ERR_UNSUPPORTED: 2^32 nodes or more. */
int triangles_find(struct triangles *t, struct graph *g, const struct triangles_plan *plan);
void triangles_release(struct triangles *t);

static inline uint64_t triangles_at(const struct triangles *t, uint64_t node)
{
	return t->corner[t->oriented.rank[node]];
}

/* Bytes that it draws at its peak, about, without rows of hubs: those take what is
 * left at most. */
int triangles_memory(struct graph *g, const struct triangles_plan *plan, uint64_t *bytes);

#endif
