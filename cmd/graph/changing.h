/* cmd/graph/changing.h - what node, edge and apply share: a graph open for changes */
#ifndef CMD_GRAPH_CHANGING_H
#define CMD_GRAPH_CHANGING_H

#include "cmd/graph/graph.h"
#include "graph/update.h"

struct changing {
	struct cli *cli;
	struct store *store;
	struct update *update;
	bool dry;
};

/* The store for writing, the graph of -g.  changing_end goes with it whatever it
 * returned. */
int changing_begin(struct changing *g, struct cli *c);
int changing_end(struct changing *g, int r);

/* One operation, one commit: it is durable, or what would be done is said. */
int changing_one(struct changing *g, const struct update_op *op, struct update_done *done);

/* An operation out of a command line: NAME=VALUE operands, and the texts of options
 * that may be repeated.  Any mistake ends with status 64. */
struct changing_words {
	struct property *prop;
	struct bytes *label, *unset, *unlabel;
};
void changing_read(struct cli *c, int argc, struct changing_words *w, struct update_op *op);
void changing_release(struct changing_words *w);

#define OPTION_LABEL_VAL 0x81
#define OPTION_UNSET_VAL 0x82
#define OPTION_UNLABEL_VAL 0x83
#define OPTION_UNSET CLI_TEXT("unset", 0, OPTION_UNSET_VAL, \
	"take a property away (may be repeated)", "NAME")

#endif
