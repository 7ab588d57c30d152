/* cmd/graph/opline.h - an operation as a line that apply reads (graph/text/ops.h) */
#ifndef CMD_GRAPH_OPLINE_H
#define CMD_GRAPH_OPLINE_H

#include "graph/update.h"

struct opline {
	bool json;			/* always; else only what tsv cannot say as it is */
	struct buf line, scratch;
};

/* Into L->line, with its LF.  ERR_BAD_RECORD: JSON cannot carry it. */
int opline_make(struct opline *l, const struct update_op *op);
/* A node alone, without "node" or "op": for people. */
int opline_show(struct opline *l, const struct update_op *op);
void opline_release(struct opline *l);

#endif
