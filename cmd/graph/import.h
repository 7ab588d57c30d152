/* cmd/graph/import.h - what the files of import share
 *
 * import.c has the command line, the commit and the words; import_files.c finds
 * the inputs, their formats and directions, and hands each one to import_feed.c,
 * which leaves lists of edges, a line each, to the threads of import_lines.c.
 */
#ifndef CMD_GRAPH_IMPORT_H
#define CMD_GRAPH_IMPORT_H

#include "cli/progress.h"
#include "cmd/graph/graph.h"
#include "graph/text/text.h"

struct import {
	struct cli *cli;
	struct store *store;
	const char *name;
	int undirected, directed, replace, append, create;
	bool dry;
	const struct text_dialect *dialect;	/* NULL: auto */
	bool ldbc;				/* -f ldbc: by the operands' names */
	int ids, dedup, loops;
	bool dedup_given;
	struct buf stamps;			/* struct property: of every edge */
	struct text_rdf rdf;
	const char *base_iri;			/* of Turtle */
	struct csv_header *header;		/* of a file of its own */
	struct declared *declared;
	int strict_nodes;
	int layout, order;			/* enum csr_layout, enum dict_order */
	uint64_t bad_most;
	unsigned threads;			/* 0: as many as there are cores for us */
	const char *rejects_name;

	struct build *build;			/* once the direction is known */
	bool no_direction;			/* so it is built */
	struct out *rejects;
	bool reject_open;			/* the last line in it has no LF */
	struct progress progress;
	uint64_t bytes, bad_n;			/* of the inputs before */
	uint64_t place;				/* behind their edges: for the build */
	uint64_t base;				/* version of the graph replaced, 0: none */
	struct snapshot *snap;			/* --append: what it is appended to, ... */
	struct graph *old;			/* ... as it is */
	uint64_t old_node_n, old_edge_n, folded;
	struct manifest_graph graph;
	struct build_note note;
};

/* One input while it is read. */
struct import_input {
	struct import *im;
	struct in *in;
	const struct text_dialect *dialect;
	enum text_direction direction;	/* said outside of it: by a properties file */
	uint8_t *head;			/* read already, to guess by */
	size_t head_len, head_at;
	bool whole;			/* it is all there is */
	struct buf stamped;		/* an edge's properties with those of --stamp */
	uint64_t edge_n, node_n;	/* what it gave */
	uint64_t bytes;			/* read of it, before unpacking */
};

/* Asked now and then: a signal ends the import. */
int import_stop(struct import *im, uint64_t bytes);

/* All operands, or standard input.  Opens im->build when the first of them said
 * whether its edges have a direction. */
int import_files(struct import *im);

/* The build for edges of this direction, or the one there is: ERR_USAGE when that
 * is of the other. */
int import_begin(struct import_input *i, enum text_direction d);

/* Every edge and node of one input into the build. */
int import_feed(struct import_input *i);
int import_lines(struct import_input *i);	/* of el and tsv */

/* --append: the graph that there is. */
int import_append_look(struct import *im, const struct manifest_graph *g);
/* Into the build, before all inputs; options of the build that are the graph's. */
void import_append_options(struct import *im, struct build_options *o);
int import_append_feed(struct import *im);
/* For --strict-nodes: its nodes are given. */
int import_append_declare(struct import *im);
int import_append_index(struct import *im);	/* of what was built, by the same names */
void import_append_end(struct import *im);

/* A malformed line that is tolerated, LF included. */
int import_reject(struct import_input *i, struct bytes line);

#endif
