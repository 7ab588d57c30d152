/* strato-graph - import, query and export graphs
 *
 * The first operand names the subcommand; what follows is its own.
 */
#include <string.h>

#include "cmd/graph/graph.h"

static const struct sub {
	const char *name, *does;
	int (*main)(int argc, const char **argv);
} subs[] = {
	{ "import", "build or replace a graph from edges", import_main },
	{ "export", "write a graph, or a part of it, as edges", export_main },
	{ "ls", "list the graphs of a store", ls_main },
	{ "index", "find nodes by the value of a property", index_main },
	{ "info", "describe a graph", info_main },
	{ "schema", "list the labels, properties and types of a graph", schema_main },
	{ "rm", "drop graphs", rm_main },
	{ "mv", "rename a graph", mv_main },
	{ "check", "verify a graph and every checksum of it", check_main },
	{ "compact", "fold a graph's changes into it", compact_main },
	{ "convert", "store a graph in another layout or order", convert_main },
	{ "node", "show, add, change or remove a node", node_main },
	{ "edge", "add, change or remove an edge", edge_main },
	{ "apply", "apply many changes, in atomic groups", apply_main },
	{ "log", "list the changes of a graph", log_main },
	{ "diff", "list what changed in a graph between two versions", diff_main },
	{ "neighbors", "nodes adjacent to a node, or some steps away", neighbors_main },
	{ "path", "a shortest path between two nodes", path_main },
	{ "match", "nodes and types that fit patterns", match_main },
	{ "degree", "how many edges nodes have", degree_main },
	{ "nodes", "list the nodes", nodes_main },
	{ "edges", "list the edges", edges_main },
	{ "subgraph", "the edges near some nodes", subgraph_main },
	{ "bfs", "how many steps every node is from one", bfs_main },
	{ "sssp", "how far every node is from one, by weight", sssp_main },
	{ "pagerank", "how often a random reader is at each node", pagerank_main },
	{ "wcc", "weakly connected components", wcc_main },
	{ "cdlp", "communities, by label propagation", cdlp_main },
	{ "lcc", "how much of each node's neighbourhood is joined", lcc_main },
	{ "triangles", "how many triangles there are", triangles_main },
	{ "bc", "how much of the shortest paths goes through each node", bc_main },
};

#define SUB_N (sizeof subs / sizeof subs[0])

static const struct cli_tool tool = {
	.name = "strato-graph",
	.does = "import, query and export graphs",
	.usage = "COMMAND [-g NAME] [OPTION]...",
	.examples = "strato-graph import -s /data/kv -g web -f el edges.txt\n"
		    "strato-graph path -s /data/kv -g web Alice Zoe",
	.more = "Commands (each has its own --help):\n"
		"  import     build or replace a graph from edges\n"
		"  export     write a graph, or a part of it, as edges\n"
		"  ls         list the graphs of a store\n"
		"  info       describe a graph\n"
		"  index      find nodes by the value of a property\n"
		"  schema     list the labels, properties and types of a graph\n"
		"  rm         drop graphs\n"
		"  mv         rename a graph\n"
		"  check      verify a graph and every checksum of it\n"
		"  compact    fold a graph's changes into it\n"
		"  convert    store a graph in another layout or order\n"
		"  node       show, add, change or remove a node\n"
		"  edge       add, change or remove an edge\n"
		"  apply      apply many changes, in atomic groups\n"
		"  log        list the changes of a graph\n"
		"  diff       list what changed in a graph between two versions\n"
		"  neighbors  nodes adjacent to a node, or some steps away\n"
		"  path       a shortest path between two nodes\n"
		"  match      nodes and types that fit patterns\n"
		"  degree     how many edges nodes have\n"
		"  nodes      list the nodes\n"
		"  edges      list the edges\n"
		"  subgraph   the edges near some nodes\n"
		"  bfs        how many steps every node is from one\n"
		"  sssp       how far every node is from one, by weight\n"
		"  pagerank   how often a random reader is at each node\n"
		"  wcc        weakly connected components\n"
		"  cdlp       communities, by label propagation\n"
		"  lcc        how much of each node's neighbourhood is joined\n"
		"  triangles  how many triangles there are\n"
		"  bc         how much of the shortest paths goes through each node",
};

int graph_layout(struct cli *c, int val, int dflt)
{
	static const char *const names[] = { "csr", "csr-packed", "coo", NULL };
	int i = cli_choice(c, val, names, -1);

	return i < 0 ? dflt : CSR_RAW + i;
}

int graph_order(struct cli *c, int val, int dflt)
{
	static const char *const names[] = { "given", "degree", NULL };
	int i = cli_choice(c, val, names, -1);

	return i < 0 ? dflt : DICT_BY_KEY + i;
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *names[SUB_N + 1] = { NULL };
	const char **rest, *name;
	struct cli cli;
	size_t i = 0;

	stream_guard_std();
	cli_begin_outer(&cli, &tool, argc, argv, table);
	if (cli.json || cli.quiet || cli.verbose)
		cli_usage(&cli, "options follow the command: strato-graph COMMAND [OPTION]...");
	for (size_t k = 0; k < SUB_N; k++)
		names[k] = subs[k].name;
	name = cli_subcommand(&cli, names, &argc, &rest);
	while (strcmp(subs[i].name, name))
		i++;
	return cli_pass(&cli, subs[i].main(argc, rest));
}
