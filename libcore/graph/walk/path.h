/* graph/walk/path.h - a shortest path between two nodes
 *
 * Breadth first from both ends, out from the source, in from the target, each
 * time a whole step on the side whose next step has fewer nodes; the first node
 * met from both sides is in the middle of a shortest path, because all paths of
 * fewer steps were ruled out by the steps before.
 */
#ifndef GRAPH_WALK_PATH_H
#define GRAPH_WALK_PATH_H

#include "graph/graph.h"

struct path_step {
	uint64_t node;
	uint32_t type;		/* of the edge that led here; of the first: none */
};

struct path {
	struct path_step *step;	/* step[0] is the source, step[n - 1] the target */
	uint64_t n;
	struct mem *mem;
};

/* 1 and the path (the same each time for the same graph), 0 when there is none. */
int path_find(struct path *out, struct graph *g, const struct graph_types *types,
	      uint64_t src, uint64_t dst);
void path_release(struct path *p);		/* once or more after path_find */

#endif
