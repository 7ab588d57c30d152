/* cmd/graph/graph.h - what the subcommands of strato-graph share
 *
 * A subcommand is a function in the file of its name; it parses its own command
 * line under the name "strato-graph NAME" and returns the exit status.
 */
#ifndef CMD_GRAPH_GRAPH_H
#define CMD_GRAPH_GRAPH_H

#include "cli/cli.h"
#include "cmd/common/open.h"
#include "cmd/graph/row.h"
#include "graph/graph.h"
#include "io/stream.h"

int apply_main(int argc, const char **argv);
int bc_main(int argc, const char **argv);
int bfs_main(int argc, const char **argv);
int cdlp_main(int argc, const char **argv);
int check_main(int argc, const char **argv);
int compact_main(int argc, const char **argv);
int convert_main(int argc, const char **argv);
int degree_main(int argc, const char **argv);
int diff_main(int argc, const char **argv);
int edge_main(int argc, const char **argv);
int edges_main(int argc, const char **argv);
int export_main(int argc, const char **argv);
int import_main(int argc, const char **argv);
int index_main(int argc, const char **argv);
int info_main(int argc, const char **argv);
int lcc_main(int argc, const char **argv);
int log_main(int argc, const char **argv);
int ls_main(int argc, const char **argv);
int match_main(int argc, const char **argv);
int mv_main(int argc, const char **argv);
int neighbors_main(int argc, const char **argv);
int node_main(int argc, const char **argv);
int nodes_main(int argc, const char **argv);
int pagerank_main(int argc, const char **argv);
int path_main(int argc, const char **argv);
int rm_main(int argc, const char **argv);
int schema_main(int argc, const char **argv);
int sssp_main(int argc, const char **argv);
int subgraph_main(int argc, const char **argv);
int triangles_main(int argc, const char **argv);
int wcc_main(int argc, const char **argv);

/* enum csr_layout of --layout's text, enum dict_order of --order's; DFLT when it was not
 * given; another text ends with status 64. */
int graph_layout(struct cli *c, int val, int dflt);
int graph_order(struct cli *c, int val, int dflt);

/* Bytes of a line of jsonl, RDF or apply: beside it there is what has a copy or two. */
size_t graph_line_most(struct store *s);

#define OPTION_TYPE_VAL 0x80	/* --type, wherever it is */
#define OPTION_TYPE CLI_TEXT("type", 0, OPTION_TYPE_VAL, \
	"edges of this type only (may be repeated)", "T")
#define OPTION_WAY(flags) \
	CLI_FLAG("in", 0, &(flags)[0], "against the edges' direction"), \
	CLI_FLAG("out", 0, &(flags)[1], "along it (default)"), \
	CLI_FLAG("both", 0, &(flags)[2], "both ways")

/* --- a graph open for questions, and where the answers go --- */

struct opened {
	struct cli *cli;
	struct store *store;
	struct snapshot *snap;
	struct graph *graph;
	struct out *out;
	struct output *rows;		/* when asked for */
	struct row row;
	struct graph_types types;	/* of --type */
	uint32_t *type_id;
	struct buf key, key2;		/* scratch */
	struct in *in;			/* of questions */
	/* Before the next question is waited for, if not NULL. */
	int (*idle)(void *ctx);
	void *idle_ctx;
};

/* The store, its newest state or --as-of's, the graph of -g, -o's file or standard output.
 * ERR_NO_GRAPH with a hint.  opened_end goes with it whatever it returned. */
int opened_begin(struct opened *o, struct cli *c);
/* The same without a graph. */
int opened_store(struct opened *o, struct cli *c);
/* The graph of this name in a snapshot, for who opens it another way: ERR_NO_GRAPH with a
 * hint. */
int opened_find(struct store *s, struct snapshot *snap, const char *name,
		const struct manifest_graph **out);
/* The store as it was, by what --as-of says; or as it is, when the graph of -g has not
 * changed since the version that is asked for. */
int opened_as_of(struct cli *c, struct store *s, const char *which, struct snapshot **out);
/* o->row, and o->rows where it is needed, in the style of -J; o->types from --type: ERR_ABSENT when the graph has
 * a type of none of these names. */
int opened_rows(struct opened *o);
int opened_types(struct opened *o);
/* Commits the output when R is 0 or ERR_ABSENT (an answer), closes all, returns R
 * or the first error on the way. */
int opened_end(struct opened *o, int r);

/* schema.c: the lines of the schema of O->graph. */
int schema_say(struct opened *o);

struct sink opened_sink(struct opened *o);
/* 1 and the id; ERR_ABSENT with a message when there is no such node. */
int opened_node(struct opened *o, struct bytes key, uint64_t *id);
/* One of --in, --out, --both; ends with status 64 when several are given. */
enum csr_direction opened_way(struct cli *c, const int flags[3]);

/* Questions from the operands as files, or from standard input: EACH gets a record
 * of SHAPE.  Answers go out before the next question is waited for. */
int opened_questions(struct opened *o, enum record_shape shape,
		     int (*each)(void *ctx, const struct record *rec), void *ctx);

#endif
