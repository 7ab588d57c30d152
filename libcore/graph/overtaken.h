/* graph/overtaken.h - was what is added to changed by somebody meanwhile?
 *
 * An entry says the whole state of a node or an edge, as who made it saw the graph.  Of
 * one that `import --append` adds to at the same time it would hide what was added, and
 * one that goes would take it along.  So who adds looks for such entries before it
 * publishes, and rather adds nothing.
 */
#ifndef GRAPH_OVERTAKEN_H
#define GRAPH_OVERTAKEN_H

#include "graph/graph.h"

struct store;
struct snapshot;

/* WAS: the graph that was added to, at the version AFTER.  NEXT: what came of it.  0, or
 * ERR_CHANGED: an entry of V after that version is of a node or an edge that NEXT has
 * otherwise; or what reading gave. */
int overtaken(struct store *s, struct snapshot *v, struct graph *was, struct graph *next,
	      uint64_t after);

#endif
