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
	struct index *index;		/* NULL: the name is in none */
	uint32_t in_index;
	uint64_t *anew, anew_n;		/* changed nodes that have it, ascending */
	struct prop_room room;
};

/* 1; 0: no node has it; both to be released. */
int named_find(struct named *n, struct graph *g, struct bytes text);
void named_release(struct named *n);
/* 1: a value of NODE passes, 0: none does. */
int named_passes(struct named *n, uint64_t node, named_test *test, const void *ctx);

/* Where values that pass lie, for those who find them in an index: the same as VALUE, up
 * to it, from it on; anywhere. */
enum named_where { NAMED_ANYWHERE, NAMED_AT, NAMED_UP_TO, NAMED_FROM };
struct named_range {
	enum named_where where;
	const struct literal *value;
};
/* Nodes that have such a value, or some more; without an index all that have the name. */
int named_most(struct named *n, const struct named_range *of, uint64_t *out);
/* True: the index has the nodes of one value as they lie. */
bool named_found(const struct named *n, const struct named_range *of);

/* Those of which a value passes, in order.  Any number of times, of zeros at first; then
 * named_rows_release. */
struct named_rows {			/* private */
	struct named *of;
	named_test *test;
	const void *ctx;
	struct prop_scan *scan;		/* of the segments, or ... */
	bool found;
	uint64_t entry, end;		/* ... of the index, or ... */
	uint64_t *ids, id, id_n;	/* ... collected from it; ... */
	bool has, ended;		/* ... AT is the next */
	uint64_t at;
	uint64_t next;			/* in of->anew */
};
int named_rows_begin(struct named_rows *s, struct named *n, const struct named_range *of,
		     named_test *test, const void *ctx);
/* 1 and the first from FROM on, 0: there is none; FROM never less than before. */
int named_rows_seek(struct named_rows *s, uint64_t from, uint64_t *node);
void named_rows_release(struct named_rows *s);

#endif
