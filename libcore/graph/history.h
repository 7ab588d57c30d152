/* graph/history.h - the changes of a graph as operations, in the order of their commits
 *
 * What a graph's space says is the newest state of each node and edge, so an operation
 * that was overtaken by a later one is not there.  Applied in order to a copy of the
 * graph as it was at SINCE, they make it what it is: a state that is said is said whole,
 * after what was there before is taken away.  What an import put there is in no entry:
 * then they do not, and say so by UPDATE_IMPORT.
 */
#ifndef GRAPH_HISTORY_H
#define GRAPH_HISTORY_H

#include "graph/update.h"

struct manifest_graph;
struct snapshot;

/* Each operation newer than SINCE, an UPDATE_IMPORT if there was an import since, and UPDATE_COMMIT after the last of each version; what
 * EACH returns, if not 0, ends it and is returned.  ERR_NO_SNAPSHOT when changes after
 * SINCE were folded into the segments.  All changes are held in memory: ERR_MEMORY. */
int history_each(struct store *s, struct snapshot *v, const struct manifest_graph *g,
		 uint64_t since,
		 int (*each)(void *ctx, const struct update_op *op, uint64_t version), void *ctx);

#endif
