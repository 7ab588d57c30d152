/* strato-graph pagerank - the share of time a random reader spends at each node */
#include <inttypes.h>

#include "base/mem.h"
#include "cmd/graph/device.h"
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

struct ranking {
	struct result s;
	struct device device;
	struct pagerank_plan plan;
	struct pagerank p;
};

/* Reals as ranks are here; a device that says what is no rank has not answered. */
static int take(struct ranking *k, const struct walked *w)
{
	k->p = (struct pagerank){ .mem = graph_mem(k->s.o.graph), .change = w->change,
				  .iteration_n = w->iterations, .edge_n = w->touched };
	k->p.rank = mem_alloc_large(k->p.mem, w->n * sizeof *k->p.rank);
	if (!k->p.rank)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < w->n; i++) {
		double v = device_rank(w, i);

		if (!(v >= 0 && v <= 1.001)) {
			pagerank_release(&k->p);
			return device_cannot(&k->device, "the cache service's ranks are none");
		}
		k->p.rank[i] = (uint64_t)(v * (double)PAGERANK_ONE);
	}
	return 1;
}

/* 1: the device has answered. */
static int find_there(struct ranking *k)
{
	struct walk_ask ask = {
		.kind = WIRE_WALK_PAGERANK, .most = k->plan.iterations,
		.damping = k->plan.damping, .tolerance = k->plan.tolerance,
	};
	struct walked w;
	int r = device_may(&k->device) ? result_start(&k->s, "pagerank", 0) : 0;

	if (r == 0)
		r = device_ask(&k->device, &k->s.o, &ask, &w);
	return r == 1 ? take(k, &w) : r;
}

static int find_here(struct ranking *k)
{
	int r = result_start(&k->s, "pagerank", pagerank_memory(graph_node_n(k->s.o.graph)));

	k->plan.types = k->s.o.types;
	return r == 0 ? pagerank_find(&k->p, k->s.o.graph, &k->plan) : r;
}

static int rank(struct ranking *k, struct cli *c)
{
	const struct result_column column = { "rank", &k->p, rank_of, put_rank };
	int r = result_begin(&k->s, c);

	if (r == 0)
		r = find_there(k);
	if (r == 0)
		r = find_here(k);
	if (r >= 0 && k->p.rank) {
		result_stop(&k->s, k->p.edge_n);
		r = result_put(&k->s, &column);
	}
	pagerank_release(&k->p);
	device_end(&k->device);
	return result_end(&k->s, r);
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
		OPTION_DEVICE,
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct ranking k = { .plan.each = note };
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	result_options(&k.s, &cli);
	device_options(&k.device, &cli);
	k.plan.ctx = &cli;
	k.plan.threads = k.s.threads;
	k.plan.damping = result_real(&cli, OPT_DAMPING, "damping", 1, DAMPING);
	k.plan.iterations = cli_u64(&cli, OPT_ITERATIONS, 0, UINT64_MAX, ITERATIONS);
	k.plan.tolerance = result_real(&cli, OPT_TOLERANCE, "tolerance", 2,
				     cli_given(&cli, OPT_ITERATIONS) ? 0 : TOLERANCE);
	cli_no_more(&cli);
	return cli_end(&cli, rank(&k, &cli));
}
