/* strato-graph pagerank - the share of time a random reader spends at each node */
#include <inttypes.h>

#include "cmd/graph/result.h"
#include "graph/walk/pagerank.h"

enum { OPT_DAMPING = 1, OPT_ITERATIONS, OPT_TOLERANCE };

#define DAMPING 0.85
#define TOLERANCE 1e-6
#define ITERATIONS 1000u	/* at most, when only the tolerance ends it */

static const struct cli_tool tool = {
	.name = "strato-graph pagerank",
	.does = "how often a random reader is at each node",
	.usage = "[OPTION]...",
	.examples = "strato-graph pagerank -s /data/kv -g web --top=10\n"
		    "strato-graph pagerank -s /data/kv -g web --iterations=20 -o rank.tsv",
};

static bool rank_of(const void *ctx, uint64_t id, uint64_t *out)
{
	*out = ((const struct pagerank *)ctx)->rank[id];
	return true;
}

static void put_rank(struct row *w, const char *name, uint64_t rank)
{
	row_value(w, name, CSR_REALS, (union csr_value){ .r = pagerank_value(rank) });
}

static int note(void *ctx, uint64_t iteration, double change)
{
	cli_note(ctx, "iteration %" PRIu64 ": ranks changed by %g", iteration, change);
	return 0;
}

static int rank(struct result *s, struct pagerank_plan *plan, struct cli *c)
{
	struct pagerank p = {0};
	const struct result_column column = { "rank", &p, rank_of, put_rank };
	int r = result_begin(s, c);

	if (r == 0)
		r = result_start(s, "pagerank", pagerank_memory(graph_node_n(s->o.graph)));
	if (r == 0) {
		plan->types = s->o.types;
		r = pagerank_find(&p, s->o.graph, plan);
	}
	if (r == 0) {
		result_stop(s, p.edge_n);
		r = result_put(s, &column);
	}
	pagerank_release(&p);
	return result_end(s, r);
}

int pagerank_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("damping", 0, OPT_DAMPING,
			 "part of a rank that goes along the edges (0.85)", "D"),
		CLI_TEXT("iterations", 0, OPT_ITERATIONS, "so many steps", "N"),
		CLI_TEXT("tolerance", 0, OPT_TOLERANCE,
			 "end when all ranks change by less together (1e-6)", "T"),
		OPTION_TYPE,
		OPTION_TOP("the N nodes of the highest rank"),
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct pagerank_plan plan = { .each = note };
	struct result s = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	result_options(&s, &cli);
	plan.ctx = &cli;
	plan.threads = s.threads;
	plan.damping = result_real(&cli, OPT_DAMPING, "damping", 1, DAMPING);
	plan.iterations = cli_u64(&cli, OPT_ITERATIONS, 0, UINT64_MAX, ITERATIONS);
	plan.tolerance = result_real(&cli, OPT_TOLERANCE, "tolerance", 2,
				     cli_given(&cli, OPT_ITERATIONS) ? 0 : TOLERANCE);
	cli_no_more(&cli);
	return cli_end(&cli, rank(&s, &plan, &cli));
}
