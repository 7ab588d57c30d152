/* strato-graph compact - what was changed in a graph becomes part of its segments
 *
 * The graph with its changes goes through a build once more, and is published with
 * `folded`, the version it was read at: what others committed meanwhile lies above it
 * and goes on to apply.  Until then nothing has changed.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/team.h"
#include "cli/progress.h"
#include "cmd/common/keep.h"
#include "cmd/graph/graph.h"
#include "graph/convert.h"
#include "graph/delta.h"
#include "graph/rebuild.h"
#include "graph/reindex.h"
#include "graph/replace.h"

static const struct cli_tool tool = {
	.name = "strato-graph compact",
	.does = "fold a graph's changes into it",
	.usage = "[-g NAME] [OPTION]...",
	.examples = "strato-graph info -s /data/kv -g web | grep changes\n"
		    "strato-graph compact -s /data/kv -g web\n"
		    "strato-graph compact -s /data/kv -g web --keep=7d",
};

enum { OPT_THREADS = 1, OPT_KEEP };

struct compact {
	struct cli *cli;
	struct store *store;
	struct snapshot *snap;
	struct graph *graph;
	struct build *build;
	const char *name;
	unsigned threads;
	struct keep keep;
	struct progress progress;
	struct manifest_graph was, made;
	uint64_t folded, change_n;
};

static int stop(void *ctx)
{
	struct compact *k = ctx;

	progress_at(&k->progress, k->build ? build_n(k->build) : 0, 0);
	if (!cli_stopped())
		return 0;
	return err_set(ERR_IO, "stopped by a signal: graph \"%s\" is as it was", k->name);
}

static int stop_order(void *ctx, uint64_t edge_n)
{
	(void)edge_n;
	return stop(ctx);
}

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct compact *k = ctx;
	struct manifest_graph *g = manifest_find_graph(m, k->name);

	if (!g || g->space != k->was.space || g->version != k->was.version ||
	    g->folded != k->was.folded)
		return err_set(ERR_CHANGED, "%s: graph \"%s\" was built anew by others"
			       " meanwhile", store_path(k->store), k->name);
	memcpy(k->made.name, g->name, sizeof g->name);
	k->made.version = version;
	k->made.created_ns = clock_wall_ns();
	k->made.space = g->space;
	k->made.folded = k->folded;
	*g = k->made;
	return 0;
}

/* What was built, once more, hubs first, as the graph was. */
static int put_in_order(struct compact *k)
{
	const struct convert_options o = {
		.backend = store_backend(k->store), .store_id = store_id(k->store),
		.mem = store_mem(k->store), .layout = csr_layout(graph_csr(k->graph, CSR_OUT)),
		.order = dict_order(graph_dict(k->graph)), .threads = k->threads,
		.stop = stop_order, .stop_ctx = k,
	};
	struct manifest_graph given = k->made;
	struct graph *g = NULL;
	int r;

	if (o.order == DICT_BY_KEY)
		return 0;
	memcpy(given.name, k->was.name, sizeof given.name);
	r = graph_open(&g, o.backend, o.store_id, &given, o.mem);
	if (r == 0)
		r = convert_graph(g, &o, &k->made);
	graph_close(g);
	build_discard(o.backend, &given);
	return r;
}

static int build(struct compact *k)
{
	struct build_options o = {
		.backend = store_backend(k->store), .store_id = store_id(k->store),
		.mem = store_mem(k->store), .threads = k->threads, .stop = stop,
		.stop_ctx = k,
	};
	struct build_note note;
	uint64_t at = 0;
	int r;

	rebuild_options(k->graph, &o);
	r = build_open(&k->build, &o);
	if (r == 0)
		r = rebuild_feed(k->graph, k->build, &at, stop, k);
	if (r == 0) {
		struct build *b = k->build;

		k->build = NULL;
		r = build_finish(b, &k->made, &note);
	}
	build_abort(k->build);
	k->build = NULL;
	return r < 0 ? r : put_in_order(k);
}

static int build_index(struct compact *k)
{
	int r;

	memcpy(k->made.name, k->was.name, sizeof k->made.name);
	r = reindex_again(k->graph, &k->made, store_backend(k->store), store_id(k->store), stop,
			  k);
	if (r < 0)
		build_discard(store_backend(k->store), &k->made);
	return r;
}

static int look(struct compact *k)
{
	const struct manifest_graph *g;
	int r = store_snapshot(k->store, &k->snap);

	if (r == 0)
		r = opened_find(k->store, k->snap, k->name, &g);
	if (r < 0)
		return r;
	k->was = *g;
	k->folded = snapshot_version(k->snap);
	return graph_open_changed(&k->graph, k->store, k->snap, g);
}

static int build_and_publish(struct compact *k)
{
	uint64_t version;
	int r = build(k);

	if (r == 0)
		r = build_index(k);
	return r < 0 ? r : replace_graph(k->store, k->graph, NULL, k->folded, publish, k, &version);
}

static int make(struct compact *k)
{
	int r = store_build_begin(k->store);

	if (r < 0)
		return r;
	r = look(k);
	if (r == 0 && graph_delta(k->graph)) {
		k->change_n = delta_note(graph_delta(k->graph))->entry_n;
		/* no older than what is folded: what came after it stays changes */
		r = keep_version(k->cli, k->store, &k->keep, k->folded);
		if (r == 0)
			r = build_and_publish(k);
	}
	store_build_end(k->store);
	graph_close(k->graph);
	snapshot_close(k->snap);
	store_tidy(k->store);
	return r;
}

static int compact(struct compact *k)
{
	int r = open_store(k->cli, &k->store, OPEN_WRITE);

	if (r == 0) {
		cli_catch_signals();
		progress_begin(&k->progress, k->cli, "edges", 0);
		r = make(k);
		progress_end(&k->progress, r < 0 ? NULL : "%s changes folded in %s, peak memory %s",
			     output_count(k->change_n),
			     output_time(progress_elapsed_ns(&k->progress)),
			     output_size(store_mem(k->store)->peak));
	}
	store_close(k->store);
	return r;
}

int compact_main(int argc, const char **argv)
{
	struct compact k = {0};
	const struct poptOption table[] = {
		CLI_TEXT("threads", 0, OPT_THREADS, "threads (default: the cores it may use)", "N"),
		KEEP_OPTION(OPT_KEEP),
		CLI_OPTION_GRAPH,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	k.cli = &cli;
	k.name = cli_graph(&cli);
	k.threads = (unsigned)cli_u64(&cli, OPT_THREADS, 1, TEAM_MOST, 0);
	cli_no_more(&cli);
	keep_read(&cli, OPT_KEEP, &k.keep);
	return cli_end(&cli, compact(&k));
}
