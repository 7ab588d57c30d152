/* graph/schema.h - what labels, names of properties and types a graph has
 *
 * Out of the tables of its property segments; where changes lie over these, less what
 * the segments say of the nodes and edges that changed, and with what they say now: the
 * cost is that of the changes, never of the graph.  Of kinds those are listed, too,
 * that only a value had which is no more.
 */
#ifndef GRAPH_SCHEMA_H
#define GRAPH_SCHEMA_H

#include "graph/graph.h"

struct schema;

/* G must live as long. */
int schema_open(struct schema **out, struct graph *g);
void schema_close(struct schema *s);		/* NULL is fine */

enum schema_what { SCHEMA_LABELS, SCHEMA_NODES, SCHEMA_EDGES, SCHEMA_TABLES };

/* Labels; names of nodes' properties; names of edges' properties, their weight among
 * them: by their bytes, each with its counts.  A label has a row_n.  What EACH returns, if
 * not 0, ends it and is returned. */
typedef int schema_each_fn(void *ctx, enum schema_what what, const struct prop_name *name);
int schema_each(struct schema *s, enum schema_what what, schema_each_fn *each, void *ctx);

#endif
