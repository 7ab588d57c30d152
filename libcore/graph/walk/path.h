/* graph/walk/path.h - a shortest path between two nodes
 *
 * Fewest edges: breadth first from both ends, out from the source, in from the
 * target, each time on the side whose next step has fewer edges; a step looks for
 * the other side before it takes in what it meets, because most searches end so.
 * Least cost: walk/cheapest.  Memory grows with the nodes met.
 */
#ifndef GRAPH_WALK_PATH_H
#define GRAPH_WALK_PATH_H

#include "graph/graph.h"

struct path_step {
	uint64_t node;
	uint32_t type;		/* of the edge that led here; of the first: none */
	union csr_value weight;	/* of that edge; 1 without weights, i unless they are reals */
	union csr_value cost;	/* from the source to here */
};

struct path {
	struct path_step *step;	/* step[0] is the source, step[n - 1] the target */
	uint64_t n;
	struct mem *mem;
};

/* What a path must not use: some nodes, and the edges from one node to some. */
struct path_ban {
	const uint64_t *node;		/* ascending */
	uint64_t node_n;
	uint64_t few;			/* bit N % 64 of each: asked first */
	uint64_t from;
	const uint64_t *to;
	uint64_t to_n;
};

struct path_query {
	struct graph *graph;
	struct graph_types types;
	enum csr_values weight;		/* CSR_NO_VALUES: an edge costs 1 */
	const struct path_ban *ban;	/* NULL: nothing */
};

/* 1 and the path (the same each time for the same graph), 0 when there is none.
 * With weights: ERR_BAD_RECORD when the search comes by an edge of negative weight,
 * ERR_TOO_BIG for a cost over 2^63 - 1. */
int path_find(struct path *out, const struct path_query *q, uint64_t src, uint64_t dst);
void path_release(struct path *p);		/* once or more after path_find */

/* May a path that goes from TAIL to HEAD come to NODE, one of the two? */
bool path_banned_slow(const struct path_ban *b, uint64_t node, uint64_t tail, uint64_t head);
static inline bool path_banned(const struct path_ban *b, uint64_t node, uint64_t tail,
			       uint64_t head)
{
	return b && (b->few >> (node & 63) & 1 || tail == b->from) &&
		path_banned_slow(b, node, tail, head);
}

#endif
