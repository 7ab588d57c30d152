/* cmd/graph/row.h - a line of an answer: keys, numbers, types
 *
 * As TSV it is written straight into the output's buffer, integers without a
 * formatter: a batch answers with tens of millions of lines.  With -J it goes
 * through cli/output.  Fields in order, then row_end; errors stay and come out
 * there.
 */
#ifndef CMD_GRAPH_ROW_H
#define CMD_GRAPH_ROW_H

#include "cli/output.h"
#include "graph/graph.h"
#include "io/stream.h"

struct row {
	struct output *json;		/* NULL: TSV */
	struct out *out;
	struct graph *graph;
	struct dict *dict;
	bool numbers;			/* keys are */
	bool open;			/* the row has a field */
	bool object;			/* of jsonl: bytes that are not UTF-8 as import reads them */
	int error;
	uint8_t *at, *end;		/* of the output's buffer, while we have it */
	struct buf key, text;		/* a key, and escaped */
	const char *of_name;
	struct bytes of;		/* the first field of every row */
	struct buf of_text;		/* the same, escaped, with its TAB */
	struct mem *mem;
	uint64_t *kept, row_n;		/* digits of keys by node; rows so far */
	struct prop_room room;		/* of an edge's properties */
	uint64_t last_from, last_to, nth;	/* the edge before, and how many like it */
	uint32_t last_type;
	bool had_edge;
	bool weighed;			/* the edge of row_edge_state has a number for a weight */
};

/* JSON and GRAPH may be NULL.  Nobody else writes to OUT before row_flush. */
void row_init(struct row *w, struct out *out, struct output *json, struct graph *graph,
	      struct mem *mem);
void row_release(struct row *w);
/* Gives the buffer back, so that OUT may be flushed or written to. */
void row_flush(struct row *w);

/* From now on each row begins with this field; KEY must last; ptr NULL: none does. */
void row_of(struct row *w, const char *name, struct bytes key);
void row_node(struct row *w, const char *name, uint64_t id);
void row_type(struct row *w, const char *name, uint32_t type);
void row_bytes(struct row *w, const char *name, struct bytes b);
void row_text(struct row *w, const char *name, const char *text);
void row_u64(struct row *w, const char *name, uint64_t v);
void row_value(struct row *w, const char *name, enum csr_values kind, union csr_value v);
void row_absent(struct row *w, const char *name);
int row_end(struct row *w);
/* A row: an edge as import reads tsv, with what is said of it; an empty type is left out
 * if nothing follows.  Of equal edges those that come one after another are told apart
 * by that. */
int row_edge(struct row *w, uint64_t from, const struct graph_edge *e);
/* The same in two steps: what is said of an edge, to be asked once of each; then its row. */
int row_edge_state(struct row *w, uint64_t from, const struct graph_edge *e,
		   struct prop_state *out);
int row_edge_as(struct row *w, uint64_t from, const struct graph_edge *e,
		struct prop_state *state);
/* Rows of jsonl, as import reads it: a node, an edge.  Only with JSON. */
int row_node_object(struct row *w, uint64_t id);
int row_edge_object(struct row *w, uint64_t from, const struct graph_edge *e);
/* What is said of node ID, a field each: :LABEL, NAME=VALUE. */
int row_node_said(struct row *w, uint64_t id);
/* Where edges have weights, the edge's or that it has none; then what else is said of it,
 * a field each. */
int row_said(struct row *w, uint64_t from, const struct graph_edge *e);
/* N rows, each of a node. */
int row_each_node(struct row *w, const char *name, const uint64_t *ids, uint32_t n);

#endif
