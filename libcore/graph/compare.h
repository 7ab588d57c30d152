/* graph/compare.h - what makes of one graph another, as operations
 *
 * Both are read whole, whatever their segments: nodes in the order of their keys, then
 * edges type by type.  A node that is in one only and a state that differs is one
 * operation; edges of nodes that went are not told, as those go with them.  Applied as one
 * group to a copy of the first graph the operations make it the second.
 *
 * Memory: 32 bytes for each edge of the longest list, and 8 for each node of the first
 * graph where there is room for that; else keys are looked up again and again.
 */
#ifndef GRAPH_COMPARE_H
#define GRAPH_COMPARE_H

#include "graph/graph.h"
#include "graph/update.h"

/* What EACH returns, if not 0, ends it and is returned.  ERR_UNAVAILABLE: one is directed
 * and the other is not, or equal edges that are kept differ, which no operation says. */
int compare_graphs(struct graph *was, struct graph *is,
		   int (*each)(void *ctx, const struct update_op *op), void *ctx);

#endif
