/* strato-graph ls - the graphs of a store, one a line */
#include "base/err.h"
#include "cmd/graph/graph.h"

static const struct cli_tool tool = {
	.name = "strato-graph ls",
	.does = "list the graphs of a store",
	.usage = "[OPTION]...",
	.examples = "strato-graph ls -s /data/kv\n"
		    "strato-graph ls -s /data/kv -l",
};

static uint64_t bytes_of_graph(const struct manifest_graph *g)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < g->segment_n; i++)
		sum += g->segment[i].bytes;
	return sum;
}

static int put_graph(struct output *o, const struct manifest_graph *g, bool more)
{
	output_text(o, "graph", g->name);
	if (more) {
		output_u64(o, "nodes", g->node_n);
		output_u64(o, "edges", g->edge_n);
		output_u64(o, "types", g->type_n);
		output_u64(o, "size_bytes", bytes_of_graph(g));
		output_version(o, "version", g->version);
	}
	return output_row(o);
}

/* Where changes are pending the graph counts them; one that cannot be opened is listed
 * as the manifest has it. */
static int put_one(struct opened *o, const struct manifest_graph *g, bool more)
{
	struct graph *open = NULL;
	struct iter *changes;
	int r = more ? snapshot_changes(o->snap, g->space, g->folded, &changes) : 0;

	if (r > 0) {
		iter_close(changes);
		r = graph_open_changed(&open, o->store, o->snap, g);
	}
	if (r < 0)
		err_clear();
	r = put_graph(o->rows, open ? graph_entry(open) : g, more);
	graph_close(open);
	return r;
}

static int ls(struct cli *c, bool more)
{
	const struct manifest *m;
	struct opened o;
	int r = opened_store(&o, c);

	if (r == 0)
		r = opened_rows(&o);
	m = r == 0 ? snapshot_manifest(o.snap) : NULL;
	for (uint32_t i = 0; r == 0 && i < m->graph_n; i++)
		r = put_one(&o, &m->graph[i], more);
	return opened_end(&o, r);
}

int ls_main(int argc, const char **argv)
{
	int more = 0;
	const struct poptOption table[] = {
		CLI_FLAG("long", 'l', &more,
			 "with nodes, edges, types, bytes and version"),
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	return cli_end(&cli, ls(&cli, more || cli.json));
}
