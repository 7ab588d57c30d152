/* graph/named.h - which nodes have a property that passes a test, as the graph is now
 *
 * What graph/label is for labels: the segments say it by row, the changes pending for the
 * nodes they are of.  Finding a name reads the changes once, so that asking costs nothing
 * more for all nodes that have none.
 */
#ifndef GRAPH_NAMED_H
#define GRAPH_NAMED_H

#include "graph/graph.h"

/* Of one value of a node's property. */
typedef bool named_test(const void *ctx, const struct literal *value);

struct named {
	struct bytes text;
	uint64_t most;			/* nodes that have it, or some more */
	/* private */
	struct graph *graph;
	struct prop *stored;
	uint32_t number;
	uint64_t *anew, anew_n;		/* changed nodes that have it, ascending */
	struct prop_room room;
};

/* 1; 0: no node has it; both to be released. */
int named_find(struct named *n, struct graph *g, struct bytes text);
void named_release(struct named *n);
/* 1: a value of NODE passes, 0: none does. */
int named_passes(struct named *n, uint64_t node, named_test *test, const void *ctx);

/* Those of which a value passes, in order.  Any number of times, of zeros at first; then
 * named_rows_release. */
struct named_rows {			/* private */
	struct named *of;
	named_test *test;
	const void *ctx;
	struct prop_scan *scan;		/* of the segments ... */
	bool has, ended;		/* ... AT is the next */
	uint64_t at;
	uint64_t next;			/* in of->anew */
};
int named_rows_begin(struct named_rows *s, struct named *n, named_test *test, const void *ctx);
/* 1 and the first from FROM on, 0: there is none; FROM never less than before. */
int named_rows_seek(struct named_rows *s, uint64_t from, uint64_t *node);
void named_rows_release(struct named_rows *s);

#endif
