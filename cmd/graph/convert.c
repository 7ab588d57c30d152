/* strato-graph convert - store a graph in another layout or order, in one commit
 *
 * The graph as it is now is read in place; what is made of it is named at the end,
 * in its stead or beside it.  Whatever stops it before that leaves the old graph
 * alone.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "cli/progress.h"
#include "cmd/graph/graph.h"
#include "graph/convert.h"
#include "graph/reindex.h"

enum { OPT_LAYOUT = 1, OPT_ORDER, OPT_TO, OPT_THREADS };

static const struct cli_tool tool = {
	.name = "strato-graph convert",
	.does = "store a graph in another layout or order",
	.usage = "[-g NAME] [OPTION]...",
	.examples = "strato-graph convert -s /data/kv -g web --order=degree\n"
		    "strato-graph convert -s /data/kv -g web --layout=coo --to=web-archive",
};

struct convert {
	struct cli *cli;
	struct store *store;
	const char *from, *to;		/* the same: in its stead */
	int layout, order;		/* -1: as it is */
	unsigned threads;		/* 0: as many as there are cores for us */
	int replace;

	struct snapshot *snap;
	struct graph *graph;
	struct progress progress;
	uint64_t version;		/* of what is converted */
	uint64_t base;			/* of what TO names now, 0: nothing */
	struct manifest_graph made;
};

static int stop(void *ctx, uint64_t edge_n)
{
	struct convert *cv = ctx;

	progress_at(&cv->progress, edge_n, 0);
	if (!cli_stopped())
		return 0;
	return err_set(ERR_IO, "stopped by a signal: graph \"%s\" is as it was", cv->from);
}

static int stop_index(void *ctx)
{
	return stop(ctx, ((struct convert *)ctx)->made.edge_n);
}

static uint64_t version_of(const struct manifest *m, const char *name)
{
	const struct manifest_graph *g = manifest_find_graph(m, name);

	return g ? g->version : 0;
}

/* In its stead it keeps its space: changes that lie there go on to apply, also those
 * that came meanwhile. */
static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	const struct manifest_graph *was;
	struct convert *cv = ctx;
	struct manifest_graph *g = &cv->made;

	if (version_of(m, cv->from) != cv->version || version_of(m, cv->to) != cv->base)
		return err_set(ERR_CHANGED, "%s: graph \"%s\" was changed meanwhile",
			       store_path(cv->store), cv->from);
	memcpy(g->name, cv->to, strlen(cv->to));
	g->version = version;
	g->created_ns = clock_wall_ns();
	was = strcmp(cv->from, cv->to) ? NULL : manifest_find_graph(m, cv->from);
	g->space = was ? was->space : m->next_space++;
	g->folded = was ? was->folded : 0;
	g->imported = was ? was->imported : version;
	manifest_drop_graph(m, cv->to);
	return manifest_add_graph(m, g);
}

/* What is converted are the segments: a copy would lack what lies in the space. */
static int refuse_changes(struct convert *cv, const struct manifest_graph *g)
{
	struct entry e;
	struct iter *it;
	int r = snapshot_changes(cv->snap, g->space, g->folded, &it);

	if (r <= 0)
		return r;
	r = iter_next(it, &e);
	iter_close(it);
	if (r <= 0)
		return r;
	err_set(ERR_EXISTS, "graph \"%s\" has changes that a copy would lack", cv->from);
	err_hint("'strato-graph compact -g %s' first", cv->from);
	return ERR_EXISTS;
}

/* The graph there is, and may the other name be taken? */
static int look(struct convert *cv)
{
	const struct manifest_graph *g;
	int r = store_snapshot(cv->store, &cv->snap);

	if (r == 0)
		r = opened_find(cv->store, cv->snap, cv->from, &g);
	if (r < 0)
		return r;
	cv->version = g->version;
	cv->base = version_of(snapshot_manifest(cv->snap), cv->to);
	if (cv->base && strcmp(cv->from, cv->to) && !cv->replace) {
		err_set(ERR_EXISTS, "%s: graph \"%s\" is there already",
			store_path(cv->store), cv->to);
		err_hint("--replace drops it");
		return ERR_EXISTS;
	}
	r = strcmp(cv->from, cv->to) ? refuse_changes(cv, g) : 0;
	return r < 0 ? r : graph_open(&cv->graph, store_backend(cv->store), store_id(cv->store), g,
			  store_mem(cv->store));
}

static int make(struct convert *cv)
{
	struct graph *g = cv->graph;
	const struct convert_options o = {
		.backend = store_backend(cv->store), .store_id = store_id(cv->store),
		.mem = store_mem(cv->store),
		.layout = cv->layout < 0 ? csr_layout(graph_csr(g, CSR_OUT)) :
			(enum csr_layout)cv->layout,
		.order = cv->order < 0 ? dict_order(graph_dict(g)) : (enum dict_order)cv->order,
		.threads = cv->threads, .stop = stop, .stop_ctx = cv,
	};
	uint64_t version;
	int r = convert_graph(g, &o, &cv->made);

	if (r == 0) {
		r = reindex_again(g, &cv->made, o.backend, o.store_id, stop_index, cv);
		if (r < 0)
			build_discard(o.backend, &cv->made);
	}
	return r < 0 ? r : store_publish(cv->store, publish, cv, &version);
}

static int make_and_publish(struct convert *cv)
{
	int r = store_build_begin(cv->store);

	if (r < 0)
		return r;
	r = look(cv);
	if (r == 0)
		r = make(cv);
	store_build_end(cv->store);
	graph_close(cv->graph);
	snapshot_close(cv->snap);
	store_tidy(cv->store);		/* the graph replaced; or ours, if it was not named */
	return r;
}

static int convert(struct convert *cv)
{
	int r = open_store(cv->cli, &cv->store, OPEN_WRITE);

	if (r == 0) {
		cli_catch_signals();
		progress_begin(&cv->progress, cv->cli, "edges", 0);
		r = make_and_publish(cv);
		progress_end(&cv->progress, r < 0 ? NULL : "converted %s edges in %s, peak memory %s",
			     output_count(cv->made.edge_n),
			     output_time(progress_elapsed_ns(&cv->progress)),
			     output_size(store_mem(cv->store)->peak));
	}
	store_close(cv->store);
	return r;
}

static void take_options(struct cli *c, struct convert *cv)
{
	cv->cli = c;
	cv->from = cli_graph(c);
	cv->to = cli_text(c, OPT_TO);
	cv->layout = graph_layout(c, OPT_LAYOUT, -1);
	cv->order = graph_order(c, OPT_ORDER, -1);
	cv->threads = (unsigned)cli_u64(c, OPT_THREADS, 1, TEAM_MOST, 0);
	cli_no_more(c);
	if (cv->layout < 0 && cv->order < 0 && !cv->to)
		cli_usage(c, "one of --layout, --order and --to is needed");
	if (!cv->to)
		cv->to = cv->from;
	if (!*cv->to || strlen(cv->to) > MANIFEST_NAME_MAX)
		cli_usage(c, "a graph's name has 1 to %u bytes", MANIFEST_NAME_MAX);
}

int convert_main(int argc, const char **argv)
{
	struct convert cv = {0};
	const struct poptOption table[] = {
		CLI_TEXT("layout", 0, OPT_LAYOUT, "csr-packed, csr or coo (as it is)", "LAYOUT"),
		CLI_TEXT("order", 0, OPT_ORDER, "number nodes as given or by degree (as it is)",
			 "ORDER"),
		CLI_TEXT("to", 0, OPT_TO, "leave the graph, name the new one NEW", "NEW"),
		CLI_TEXT("threads", 0, OPT_THREADS, "threads (default: the cores it may use)", "N"),
		CLI_FLAG("replace", 0, &cv.replace, "drop the graph that has the new name"),
		CLI_OPTION_GRAPH,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	take_options(&cli, &cv);
	return cli_end(&cli, convert(&cv));
}
