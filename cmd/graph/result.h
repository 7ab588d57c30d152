/* cmd/graph/result.h - what the algorithms over whole graphs share
 *
 * Their options, and their answers: a line a node, in the order of the keys, so
 * that the same graph gives the same bytes in any layout and order; --top=N gives
 * those with the greatest values, equal ones in the order of their keys.
 */
#ifndef CMD_GRAPH_RESULT_H
#define CMD_GRAPH_RESULT_H

#include "base/team.h"
#include "cmd/graph/graph.h"

enum { RESULT_OPT_THREADS = 0x90, RESULT_OPT_TOP, RESULT_OPT_STATS };
#define OPTION_THREADS CLI_TEXT("threads", 0, RESULT_OPT_THREADS, \
	"threads (default: the cores it may use)", "N")
#define OPTION_TOP(what) CLI_TEXT("top", 0, RESULT_OPT_TOP, what, "N")
#define OPTION_STATS { "stats", 0, POPT_ARG_NONE, NULL, RESULT_OPT_STATS, \
	"time and edges of the algorithm itself, on stderr", NULL }

struct result {
	struct opened o;
	unsigned threads;		/* 0: as many as there are cores */
	uint64_t top;			/* 0: all, in order */
	bool stats;
	uint64_t begun_ns, edge_n;
	uint64_t begun_bytes;		/* that had been read ahead */
};

/* After cli_begin. */
void result_options(struct result *s, struct cli *c);
/* The graph open for rows, --type looked up; result_end as opened_end. */
int result_begin(struct result *s, struct cli *c);
int result_end(struct result *s, int r);
/* ERR_MEMORY that says what would be needed, if WHAT draws BYTES and they are not
 * left; then the clock starts. */
int result_start(struct result *s, const char *what, uint64_t bytes);
/* It ended, having looked at EDGE_N edges: for --stats. */
void result_stop(struct result *s, uint64_t edge_n);

struct result_column {
	const char *name;
	const void *ctx;
	/* The value of a node, greater ones first with --top; false: no line. */
	bool (*value)(const void *ctx, uint64_t id, uint64_t *out);
	void (*put)(struct row *w, const char *name, uint64_t value);
};
int result_put(struct result *s, const struct result_column *c);

/* A real number from 0 to MOST, or status 64. */
double result_real(struct cli *c, int val, const char *option, double most, double dflt);

#endif
