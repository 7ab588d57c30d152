/* graph/replace.h - a graph that was fed from another takes its place
 *
 * What others commit between the feeding and the publication lies above the new
 * graph's `folded` and goes on to apply.  One thing of it is not in its entries: a node
 * that only edges named went with the last of them, and would be back, because all
 * nodes that were fed are of their own.  So that nobody sees it come back, it is said to
 * be gone before (which changes nothing yet), and the graph is published when nothing
 * was committed since that was looked for.
 */
#ifndef GRAPH_REPLACE_H
#define GRAPH_REPLACE_H

#include "graph/graph.h"

struct store;

/* WAS: as it was fed, changes and all, at the version FOLDED.  NEXT: what is published,
 * where more was added to it (graph/overtaken looks who changed the same); else NULL.
 * EDIT and CTX as in store_publish.  ERR_CHANGED: WAS is no longer the graph, or there is no moment
 * between the commits of others; nothing was published. */
int replace_graph(struct store *s, struct graph *was, struct graph *next, uint64_t folded,
		  int (*edit)(void *ctx, struct manifest *m, uint64_t version), void *ctx,
		  uint64_t *version);

#endif
