/* strato-graph cdlp - communities, by the labels of neighbours
 *
 * A community is called by the key whose label won: its node may be elsewhere by then.
 */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/result.h"
#include "graph/walk/cdlp.h"

enum { OPT_ITERATIONS = 1 };

#define ITERATIONS 10u

static const struct cli_tool tool = {
	.name = "strato-graph cdlp",
	.does = "communities, by label propagation",
	.usage = "[OPTION]...",
	.examples = "strato-graph cdlp -s /data/kv -g web\n"
		    "strato-graph cdlp -s /data/kv -g web --iterations=5 --top=10",
};

struct communities {
	struct result s;
	struct cdlp cdlp;
	uint32_t *size;		/* of each label, with --top */
};

static bool label_of(const void *ctx, uint64_t id, uint64_t *out)
{
	*out = ((const struct communities *)ctx)->cdlp.label[id];
	return true;
}

static bool size_of(const void *ctx, uint64_t id, uint64_t *out)
{
	*out = ((const struct communities *)ctx)->size[id];
	return *out > 0;
}

static int note(void *ctx, uint64_t iteration, uint64_t changed)
{
	cli_note(ctx, "iteration %" PRIu64 ": %" PRIu64 " labels changed", iteration, changed);
	return 0;
}

static int put(struct communities *p)
{
	const struct result_column all = { "community", p, label_of, row_node };
	const struct result_column top = { "nodes", p, size_of, row_u64 };
	uint64_t n = graph_node_n(p->s.o.graph);

	if (!p->s.top)
		return result_put(&p->s, &all);
	p->size = mem_zalloc(store_mem(p->s.o.store), n * sizeof *p->size);
	if (!p->size)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < n; i++)
		p->size[p->cdlp.label[i]]++;
	return result_put(&p->s, &top);
}

static int cdlp(struct communities *p, struct cdlp_plan *plan, struct cli *c)
{
	int r = result_begin(&p->s, c);

	if (r == 0)
		r = result_start(&p->s, "cdlp", cdlp_memory(p->s.o.graph, p->s.threads));
	if (r == 0) {
		plan->types = p->s.o.types;
		r = cdlp_find(&p->cdlp, p->s.o.graph, plan);
	}
	if (r == 0) {
		result_stop(&p->s, p->cdlp.edge_n);
		r = put(p);
	}
	cdlp_release(&p->cdlp);
	if (p->s.o.store)
		mem_free(store_mem(p->s.o.store), p->size);
	return result_end(&p->s, r);
}

int cdlp_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("iterations", 0, OPT_ITERATIONS, "so many steps (10)", "N"),
		OPTION_TYPE,
		OPTION_TOP("the N communities of the most nodes, and how many"),
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cdlp_plan plan = { .each = note };
	struct communities p = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	result_options(&p.s, &cli);
	plan.ctx = &cli;
	plan.threads = p.s.threads;
	plan.iterations = cli_u64(&cli, OPT_ITERATIONS, 0, UINT64_MAX, ITERATIONS);
	cli_no_more(&cli);
	return cli_end(&cli, cdlp(&p, &plan, &cli));
}
