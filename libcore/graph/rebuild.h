/* graph/rebuild.h - a graph as it is now, into a build
 *
 * With its changes, its lone nodes, labels, properties and weights: what build_finish
 * writes is the graph, in the order of its keys.
 */
#ifndef GRAPH_REBUILD_H
#define GRAPH_REBUILD_H

#include "graph/graph.h"

/* What O needs so that the build makes such a graph: ids, equal, layout, undirected. */
void rebuild_options(struct graph *g, struct build_options *o);

/* All of G into B, which nobody else adds to meanwhile.  *AT is the place of the first
 * edge and becomes the one behind the last.  STOP (may be NULL) is asked now and then:
 * not 0 stops with that code. */
int rebuild_feed(struct graph *g, struct build *b, uint64_t *at, int (*stop)(void *ctx),
		 void *ctx);

#endif
