/* strato-graph check - verify a graph: every checksum, every rule of its files
 *
 * A sound graph is silence and status 0.  Each fault is one line on stderr, and
 * the status is 76.
 */
#include "base/err.h"
#include "cmd/graph/graph.h"
#include "graph/check.h"

static const struct cli_tool tool = {
	.name = "strato-graph check",
	.does = "verify a graph and every checksum of it",
	.usage = "[-g NAME] [OPTION]...",
	.examples = "strato-graph check -s /data/kv -g web\n"
		    "strato-graph check -s /data/kv --all && echo sound",
};

static void found(void *ctx, const char *words, const char *next)
{
	struct err_note note;

	err_take(&note, ERR_DAMAGED);
	err_set(ERR_DAMAGED, "%s", words);
	err_hint("%s", next);
	cli_finding(ctx, ERR_DAMAGED);
	err_give(&note);
}

/* Each is read when the graph is opened with them. */
static int check_changes(struct opened *o, const struct manifest_graph *g)
{
	struct graph *open = NULL;
	int r = graph_open_changed(&open, o->store, o->snap, g);

	if (r == 0 && graph_unused(open))
		r = err_set(ERR_DAMAGED, "%s", graph_unused(open));
	if (open && graph_unused(open))
		err_hint("strato-graph compact makes the graph anew with its changes: nothing "
			 "is lost");
	graph_close(open);
	if (r != ERR_DAMAGED)
		return r;
	cli_finding(o->cli, ERR_DAMAGED);
	return 1;
}

static int check_one(struct opened *o, const struct manifest_graph *g)
{
	int r = check_graph(store_backend(o->store), store_id(o->store), g,
			    store_mem(o->store), found, o->cli);

	if (r == 0)
		r = check_changes(o, g);
	if (r == 0)
		cli_note(o->cli, "graph \"%s\" is sound", g->name);
	return r;
}

static int check(struct cli *c, bool all)
{
	const struct manifest_graph *g;
	const struct manifest *m;
	struct opened o;
	int r = opened_store(&o, c), fault_n = 0;

	m = r == 0 ? snapshot_manifest(o.snap) : NULL;
	for (uint32_t i = 0; r >= 0 && all && i < m->graph_n; i++) {
		r = check_one(&o, &m->graph[i]);
		fault_n += r > 0 ? r : 0;
	}
	if (r == 0 && !all) {
		r = opened_find(o.store, o.snap, cli_graph(c), &g);
		if (r == 0)
			r = check_one(&o, g);
		fault_n = r > 0 ? r : 0;
	}
	if (fault_n)
		r = err_set(ERR_DAMAGED, "%s: %d fault%s", store_path(o.store), fault_n,
			    fault_n == 1 ? "" : "s");
	return opened_end(&o, r);
}

int check_main(int argc, const char **argv)
{
	int all = 0;
	const struct poptOption table[] = {
		CLI_FLAG("all", 0, &all, "every graph of the store"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	return cli_end(&cli, check(&cli, all));
}
