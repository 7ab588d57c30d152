/* graph/label.h - which nodes have a label, as the graph is now
 *
 * Those that the properties of its segments name, but for nodes that were changed since:
 * of them the change alone says it.
 */
#ifndef GRAPH_LABEL_H
#define GRAPH_LABEL_H

#include "graph/graph.h"

struct label {
	struct bytes name;
	uint64_t row_n;			/* nodes that have it, or some more */
	/* private */
	struct graph *graph;
	struct prop *props;		/* NULL: the segments do not know it */
	uint32_t stored;
	uint64_t *node, node_n;		/* changed nodes that have it, ascending */
};

/* 1, or 0 when no node has it (or had it, before changes).  NAME stays the caller's. */
int label_find(struct label *out, struct graph *g, struct bytes name);
void label_release(struct label *l);		/* zeroed is fine */
/* 1 or 0. */
int label_has(const struct label *l, uint64_t node);

/* The nodes, ascending. */
struct label_rows {			/* private */
	const struct label *of;
	struct prop_label_rows rows;
	uint64_t at, row;		/* in of->node; of the segments, if has_row */
	bool has_row, ended;
};
int label_rows_begin(struct label_rows *r, const struct label *l);
int label_rows_next(struct label_rows *r, uint64_t *node);	/* 1, 0, < 0 */
/* Forward: the next node given is the first that is not below NODE. */
int label_rows_seek(struct label_rows *r, uint64_t node);

#endif
