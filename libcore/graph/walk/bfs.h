/* graph/walk/bfs.h - what lies within some steps of a node
 *
 * Breadth first; within a step in the order of the edges, so the same graph gives
 * the same list.  Memory grows with the nodes met.
 */
#ifndef GRAPH_WALK_BFS_H
#define GRAPH_WALK_BFS_H

#include "graph/graph.h"
#include "graph/walk/seen.h"

struct bfs {
	struct graph *graph;
	enum csr_direction way;
	struct graph_types types;
	struct seen seen;		/* seen.list: the answer, the starts first */
	uint64_t level;			/* place of the last level's first node */
	uint64_t at;			/* private: place of the node being expanded */
};

int bfs_begin(struct bfs *b, struct graph *g, enum csr_direction way,
	      const struct graph_types *types, uint64_t start);
/* Before the first step: another start. */
int bfs_start(struct bfs *b, uint64_t node);
/* One more step: how many nodes it met first, 0 when there are no more. */
int64_t bfs_step(struct bfs *b);
/* All HOPS steps, or as many as there are. */
int bfs_steps(struct bfs *b, uint64_t hops);
/* All at once instead: EACH gets every node but the starts when it is met, and what it
 * returns, if not 0, ends it and is returned; so whoever stops early has the nearest.
 * Those of a step come by the node they were met from, then in order. */
int bfs_walk(struct bfs *b, uint64_t hops,
	     int (*each)(void *ctx, const struct seen_node *n), void *ctx);
void bfs_end(struct bfs *b);			/* once or more after begin */

#endif
