/* strato-graph wcc - which nodes hang together
 *
 * A component is called by the first of its keys, which is its least id's where ids
 * are in the order of the keys; else the first node met in that order gives it.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/result.h"
#include "graph/walk/wcc.h"

static const struct cli_tool tool = {
	.name = "strato-graph wcc",
	.does = "weakly connected components",
	.usage = "[OPTION]...",
	.examples = "strato-graph wcc -s /data/kv -g web\n"
		    "strato-graph wcc -s /data/kv -g web --top=10",
};

struct parts {
	struct result s;
	struct wcc wcc;
	uint32_t *label;	/* of each root, the node that it is called by */
	uint32_t *size;		/* of each root, with --top */
};

static bool label_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct parts *p = ctx;

	*out = p->label[p->wcc.root[id]];
	return true;
}

static bool size_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct parts *p = ctx;
	uint32_t root = p->wcc.root[id];

	*out = p->size[root];
	return p->label[root] == id;
}

static int name_parts(struct parts *p)
{
	uint64_t n = graph_node_n(p->s.o.graph), id;
	struct mem *mem = store_mem(p->s.o.store);
	int r = 0;

	p->label = mem_alloc(mem, n * sizeof *p->label);
	p->size = mem_zalloc(mem, n * sizeof *p->size);
	if (!p->label || !p->size)
		return ERR_MEMORY;
	for (uint64_t i = 0; r >= 0 && i < graph_count(p->s.o.graph); i++) {
		uint32_t root;

		r = dict_at(graph_dict(p->s.o.graph), i, &id);
		if (r < 0)
			return r;
		root = p->wcc.root[id];
		if (p->size[root]++ == 0)
			p->label[root] = (uint32_t)id;
	}
	return 0;
}

static int put(struct parts *p)
{
	const struct result_column all = { "component", p, label_of, row_node };
	const struct result_column top = { "nodes", p, size_of, row_u64 };

	return result_put(&p->s, p->s.top ? &top : &all);
}

static int wcc(struct parts *p, struct cli *c)
{
	struct wcc_plan plan;
	uint64_t n;
	int r = result_begin(&p->s, c);

	n = r == 0 ? graph_node_n(p->s.o.graph) : 0;
	if (r == 0)
		r = result_start(&p->s, "wcc", wcc_memory(n) + 8 * n);
	if (r == 0) {
		plan = (struct wcc_plan){ p->s.o.types, p->s.threads };
		r = wcc_find(&p->wcc, p->s.o.graph, &plan);
	}
	if (r == 0) {
		result_stop(&p->s, p->wcc.edge_n);
		r = name_parts(p);
	}
	if (r == 0)
		r = put(p);
	wcc_release(&p->wcc);
	if (p->s.o.store) {
		mem_free(store_mem(p->s.o.store), p->label);
		mem_free(store_mem(p->s.o.store), p->size);
	}
	return result_end(&p->s, r);
}

int wcc_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		OPTION_TYPE,
		OPTION_TOP("the N components of the most nodes, and how many"),
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct parts p = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	result_options(&p.s, &cli);
	cli_no_more(&cli);
	return cli_end(&cli, wcc(&p, &cli));
}
