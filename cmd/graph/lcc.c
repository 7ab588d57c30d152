/* strato-graph lcc - the local clustering coefficient of each node */
#include <string.h>

#include "base/err.h"
#include "cli/progress.h"
#include "cmd/graph/result.h"
#include "graph/walk/lcc.h"

static const struct cli_tool tool = {
	.name = "strato-graph lcc",
	.does = "how much of each node's neighbourhood is joined",
	.usage = "[OPTION]...",
	.examples = "strato-graph lcc -s /data/kv -g web\n"
		    "strato-graph lcc -s /data/kv -g web --top=10",
};

/* Of numbers that are not negative the bits are in the same order. */
static bool lcc_of(const void *ctx, uint64_t id, uint64_t *out)
{
	double v = lcc_at(ctx, id);

	memcpy(out, &v, sizeof v);
	return true;
}

static void put_lcc(struct row *w, const char *name, uint64_t bits)
{
	union csr_value v;

	memcpy(&v.r, &bits, sizeof bits);
	row_value(w, name, CSR_REALS, v);
}

static int advance(void *ctx, uint64_t edge_n)
{
	progress_at(ctx, edge_n, 0);
	return 0;
}

static int cluster(struct result *s, struct triangles_plan *plan, struct cli *c)
{
	struct lcc l = {0};
	const struct result_column column = { "lcc", &l, lcc_of, put_lcc };
	struct progress progress;
	uint64_t bytes = 0;
	int r = result_begin(s, c);

	plan->types = s->o.types;
	plan->ctx = &progress;
	if (r == 0)
		r = lcc_memory(s->o.graph, plan, &bytes);
	if (r == 0)
		r = result_start(s, "lcc", bytes);
	if (r == 0) {
		progress_begin(&progress, c, "edges", 0);
		r = lcc_find(&l, s->o.graph, plan);
		progress_end(&progress, NULL);
	}
	if (r == 0) {
		result_stop(s, l.triangles.edge_n);
		r = result_put(s, &column);
	}
	lcc_release(&l);
	return result_end(s, r);
}

int lcc_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		OPTION_TYPE,
		OPTION_TOP("the N nodes of the highest coefficient"),
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct triangles_plan plan = { .each = advance };
	struct result s = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	result_options(&s, &cli);
	plan.threads = s.threads;
	cli_no_more(&cli);
	return cli_end(&cli, cluster(&s, &plan, &cli));
}
