/* strato-graph triangles - how many there are, or how many each node is in */
#include "base/err.h"
#include "cli/progress.h"
#include "cmd/graph/result.h"
#include "graph/walk/triangles.h"

static const struct cli_tool tool = {
	.name = "strato-graph triangles",
	.does = "how many triangles there are, whatever way edges point",
	.usage = "[OPTION]...",
	.examples = "strato-graph triangles -s /data/kv -g web\n"
		    "strato-graph triangles -s /data/kv -g web --top=10",
};

static bool corners_of(const void *ctx, uint64_t id, uint64_t *out)
{
	*out = triangles_at(ctx, id);
	return true;
}

static int put_sum(struct result *s, uint64_t n)
{
	row_u64(&s->o.row, "triangles", n);
	return row_end(&s->o.row);
}

static int advance(void *ctx, uint64_t edge_n)
{
	progress_at(ctx, edge_n, 0);
	return 0;
}

static int count(struct result *s, struct triangles_plan *plan, struct cli *c)
{
	struct triangles t = {0};
	const struct result_column column = { "triangles", &t, corners_of, row_u64 };
	struct progress progress;
	uint64_t bytes = 0;
	int r = result_begin(s, c);

	plan->types = s->o.types;
	plan->ctx = &progress;
	if (r == 0)
		r = triangles_memory(s->o.graph, plan, &bytes);
	if (r == 0)
		r = result_start(s, "triangles", bytes);
	if (r == 0) {
		progress_begin(&progress, c, "edges", 0);
		r = triangles_find(&t, s->o.graph, plan);
		progress_end(&progress, NULL);
	}
	if (r == 0) {
		result_stop(s, t.edge_n);
		r = plan->nodes ? result_put(s, &column) : put_sum(s, t.n);
	}
	triangles_release(&t);
	return result_end(s, r);
}

int triangles_main(int argc, const char **argv)
{
	struct triangles_plan plan = { .each = advance };
	int nodes = 0;
	const struct poptOption table[] = {
		CLI_FLAG("nodes", 0, &nodes, "of each node, how many it is in"),
		OPTION_TYPE,
		OPTION_TOP("the N nodes that are in the most"),
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct result s = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	result_options(&s, &cli);
	plan.threads = s.threads;
	plan.nodes = nodes || s.top;
	cli_no_more(&cli);
	return cli_end(&cli, count(&s, &plan, &cli));
}
