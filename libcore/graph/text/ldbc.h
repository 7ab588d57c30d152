/* graph/text/ldbc.h - the properties file of an LDBC Graphalytics graph
 *
 *	graph.NAME.vertex-file = NAME.v
 *	graph.NAME.edge-file = NAME.e
 *	graph.NAME.directed = true
 *	graph.NAME.meta.vertices = 10
 *	graph.NAME.meta.edges = 17
 *
 * Lines with # or ! are comments; other keys are not looked at.
 */
#ifndef GRAPH_TEXT_LDBC_H
#define GRAPH_TEXT_LDBC_H

#include "graph/text/text.h"

#define LDBC_PROPERTIES_MAX (64u << 10)

struct ldbc {			/* points into the text */
	struct bytes vertex_file, edge_file;	/* len 0: not said */
	enum text_direction direction;
	bool has_vertex_n, has_edge_n;
	uint64_t vertex_n, edge_n;
};

/* ERR_BAD_RECORD with NAME and the line; both files have to be said. */
int ldbc_read(struct ldbc *out, struct bytes text, const char *name);

#endif
