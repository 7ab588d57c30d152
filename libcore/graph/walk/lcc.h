/* graph/walk/lcc.h - how much of a node's neighbourhood is joined
 *
 * The local clustering coefficient as LDBC Graphalytics defines it: of a node with d
 * neighbours, whatever way the edges between point, how many edges go from one of
 * them to another, as a part of the d (d - 1) that could; 0 where d is less than 2.
 * Edges of an undirected graph go both ways; equal ones count once, loops not.
 */
#ifndef GRAPH_WALK_LCC_H
#define GRAPH_WALK_LCC_H

#include "graph/walk/triangles.h"

struct lcc {
	struct triangles triangles;
	uint32_t *degree;	/* neighbours of each rank */
	uint64_t each_way;	/* edges that a joined pair has where it is not said: 1, 2 */
};

/* PLAN: nodes and arcs are set here. */
int lcc_find(struct lcc *l, struct graph *g, const struct triangles_plan *plan);
void lcc_release(struct lcc *l);

double lcc_at(const struct lcc *l, uint64_t node);

/* Bytes, as triangles_memory. */
int lcc_memory(struct graph *g, const struct triangles_plan *plan, uint64_t *bytes);

#endif
