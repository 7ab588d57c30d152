/* graph/walk/around.h - the edges near some nodes, the nearest first
 *
 * All edges between nodes that are at most so many steps from a start, each once,
 * as a search breadth first comes by them: the edges of the starts, then those of
 * their neighbours.  Whoever stops early has the nearest ones, and memory grows
 * with the nodes met until then.
 */
#ifndef GRAPH_WALK_AROUND_H
#define GRAPH_WALK_AROUND_H

#include "graph/graph.h"
#include "graph/walk/bfs.h"

struct around {
	struct bfs bfs;
	uint64_t hops;
	/* What it returns, if not 0, ends the walk and is returned.  E goes
	 * from FROM; an undirected one from its lesser node. */
	int (*each)(void *ctx, uint64_t from, const struct graph_edge *e);
	void *ctx;
	uint64_t seek;		/* ids that are read in the time of one look into a list */
	uint64_t *met;		/* private: all nodes, sorted, once a hub needs them */
};

/* Along edges of these types, both ways; then starts; then the walk, once. */
void around_init(struct around *a, struct graph *g, const struct graph_types *types,
		 uint64_t hops);
int around_start(struct around *a, uint64_t node);
int around_walk(struct around *a);
void around_release(struct around *a);

#endif
