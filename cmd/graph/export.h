/* cmd/graph/export.h - what the files of export share
 *
 * export.c has the command line and decides which edges, export_nodes.c which nodes and
 * what is said of both; export_lines.c has the formats of an edge a line,
 * export_lists.c those of a node a line, export_json.c those of an object a line,
 * export_rdf.c statements, export_csv.c edges as rows, export_neo4j.c a table of nodes
 * and one of edges, export_graphml.c XML.
 */
#ifndef CMD_GRAPH_EXPORT_H
#define CMD_GRAPH_EXPORT_H

#include "cmd/graph/graph.h"
#include "graph/text/text.h"
#include "graph/walk/bfs.h"

struct export;

struct export_edge {
	uint64_t src, dst;
	struct bytes type;
	uint32_t type_id;
	struct text_value value;
	uint64_t number;	/* its row in the properties, unless the graph was changed */
	uint64_t nth;		/* of those that are equal: 0, 1, ... */
};

struct export_format {
	const char *name;
	bool types, values;	/* it can carry them */
	bool numbers;		/* only keys that are numbers */
	bool lone;		/* it can carry nodes without edges */
	bool edge_props;	/* it can carry properties of edges */
	bool node_props;	/* and labels and properties of nodes */
	bool each_node;		/* NODE wants those too that have neither, but edges */
	int first;		/* number of its first node; -1: keys are as they are */
	int (*begin)(struct export *x);			/* may be NULL */
	/* Before the edges, in key order: a node with labels or properties, or without an
	 * edge; may be NULL. */
	int (*node)(struct export *x, uint64_t id, const struct prop_state *state);
	int (*edge)(struct export *x, const struct export_edge *e);
	int (*end)(struct export *x);			/* may be NULL */
	int (*all)(struct export *x);			/* instead of the three */
};

extern const struct export_format *const export_line_formats[];	/* ended by NULL */
extern const struct export_format export_csv, export_neo4j, export_mcp, export_kgtk,
	export_jsonl, export_nt, export_nq, export_graphml, export_metis, export_adj, export_adjlist;

struct export_node {		/* of a part */
	uint64_t id, rank;	/* rank: in key order */
};

struct export {
	struct opened o;
	const struct export_format *format;
	enum csr_values values;		/* what the edges carry */
	bool typed;			/* an edge has a type */
	bool renumber;
	const char *around;
	uint64_t hops, left;
	const char *prefix;		/* ldbc, neo4j: of their files */
	struct out *out;		/* where lines go */
	struct buf line, src_text, dst_text, value_text;
	uint64_t src;			/* whose key src_text is */
	bool have_src;
	struct bfs ball;		/* of --around */
	struct export_node *part;	/* its nodes by id */
	uint64_t part_n, *ranked;	/* ranked: their ids in key order */
	struct {			/* of export_lists.c */
		uint64_t node;		/* whose line */
		uint64_t field_n;	/* in it so far */
		uint64_t entry_n, loop_n;
	} list;
	uint64_t *touched;		/* a bit a node: it has an edge; NULL: not asked */
	struct prop *said[2];		/* of nodes, of edges; NULL: nothing is */
	bool changed;			/* the graph was: anything may be said */
	struct prop_room room;
	uint64_t changed_n;		/* values that lost their kind, language or graph */
	uint64_t lost_n;		/* values that are not in it at all */
	uint64_t lone_n;		/* nodes of nothing but a key, shown to the format */
	struct ntriples_scan *scan;	/* of nt and nq */
	struct columns *columns;	/* of csv, neo4j and kgtk */
	struct {
		bool type, weight;	/* it has such a column */
	} csv;
	struct graphml_out *graphml;
};

/* Each edge that is asked for, to EDGE: those of an undirected graph once.  0 or an
 * error. */
int export_each(struct export *x, int (*edge)(struct export *x, const struct export_edge *e));
/* How many there are. */
int export_count(struct export *x, uint64_t *out);
/* The nodes that the output speaks of, and the one at PLACE in key order. */
uint64_t export_node_n(const struct export *x);
int export_node_at(struct export *x, uint64_t place, uint64_t *id);

/* A node as its format has it: a number, or its key in OUT. */
int export_number(struct export *x, uint64_t id, uint64_t *out);
int export_text(struct export *x, uint64_t id, struct buf *out);
/* The texts of both ends into src_text and dst_text. */
int export_ends(struct export *x, const struct export_edge *e);
/* A field of csv without NUL: in quotes where it needs them, or might be taken for a blank
 * or for nothing. */
int export_csv_field(struct buf *b, struct bytes text);

/* Opens PREFIX.ENDING as x->out; ends it with R. */
int export_open(struct export *x, const char *ending);
int export_close(struct export *x, int r);

/* --- export_nodes.c --- */

/* After the values: which properties there are. */
int export_begin_said(struct export *x);
/* Marks the ends of all edges that will be written, where that is asked for. */
int export_mark(struct export *x);
void export_touch(struct export *x, const struct export_edge *e);
/* To the format's NODE. */
int export_nodes(struct export *x);
/* What is said of an edge but its weight, if that is a number: then WEIGHT is it; good
 * until the next use of the room. */
int export_edge_state(struct export *x, const struct export_edge *e, struct prop_state *out,
		      struct text_value *weight);
/* On standard error: what is not in the output. */
void export_warn(struct export *x);
void export_release_said(struct export *x);
void export_release_rdf(struct export *x);
void export_release_graphml(struct export *x);

/* x->line to the output. */
int export_put(struct export *x);
int export_add_value(struct buf *b, const struct text_value *v);
/* The next id of a list and its value, as csr_next. */
int export_next(struct export *x, struct csr_list *l, uint64_t *to, struct text_value *v);

#endif
