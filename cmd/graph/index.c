/* strato-graph index - nodes by the values of a property, kept sorted
 *
 * One segment for all names a graph has an index of: what is asked for is added to them
 * or taken away, and the whole made anew from the properties.  Changes pending are no
 * part of it: questions ask these as ever.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/progress.h"
#include "cmd/graph/graph.h"
#include "graph/index.h"
#include "graph/reindex.h"

enum { OPT_RM = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph index",
	.does = "find nodes by the value of a property, without a scan",
	.usage = "[-g NAME] [OPTION]... [PROPERTY]...",
	.examples = "strato-graph index -s /data/kv -g kg born name\n"
		    "strato-graph index -s /data/kv -g kg --rm born",
	.more = "Without PROPERTY it lists those there are.",
};

struct indexing {
	struct cli *cli;
	struct store *store;
	struct snapshot *snap;
	struct graph *graph;
	const char *name;		/* of the graph */
	bool rm;
	struct manifest_graph was;
	struct bytes all[INDEX_MOST + 1];
	uint32_t n;
	bool changed;
	struct segment_ref made;	/* if n */
	struct progress progress;
};

static int stop(void *ctx)
{
	struct indexing *x = ctx;

	progress_at(&x->progress, 0, 0);
	return cli_stopped() ? err_set(ERR_IO, "stopped by a signal: graph \"%s\" is as it was",
				       x->name) : 0;
}

/* --- which names --- */

static void add(struct indexing *x, struct bytes name)
{
	uint32_t i = x->n;

	while (i && bytes_cmp(x->all[i - 1], name) > 0)
		i--;
	if (i && bytes_equal(x->all[i - 1], name))
		return;
	memmove(&x->all[i + 1], &x->all[i], (x->n - i) * sizeof *x->all);
	x->all[i] = name;
	x->n++;
	x->changed = true;
}

static int drop(struct indexing *x, struct bytes name)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (bytes_equal(x->all[i], name)) {
			memmove(&x->all[i], &x->all[i + 1], (--x->n - i) * sizeof *x->all);
			x->changed = true;
			return 0;
		}
	return err_set(ERR_ABSENT, "no index of property \"%s\"", bytes_show(name));
}

static int take(struct indexing *x, struct bytes name)
{
	struct prop *p;
	uint32_t number;
	int r;

	if (x->rm)
		return drop(x, name);
	r = graph_props(x->graph, PROP_NODES, &p);
	if (r == 0)
		r = p ? prop_find_name(p, name, &number) : 0;
	if (r == 0)
		return err_set(ERR_ABSENT, "no node has a property \"%s\"", bytes_show(name));
	if (r < 0)
		return r;
	if (x->n == INDEX_MOST)
		return err_set(ERR_USAGE, "more than %u properties in an index", INDEX_MOST);
	add(x, name);
	return 0;
}

static void ignore(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	(void)ctx, (void)off, (void)tag, (void)expected, (void)got;
}

/* One that is damaged is made anew: the names it had, if it says them, and those given. */
static int take_there(struct indexing *x)
{
	struct index *there = NULL;
	int r = graph_index(x->graph, &there);

	for (uint32_t i = 0; r == 0 && there && i < index_name_n(there); i++)
		add(x, index_name_at(there, i));
	x->changed = r == ERR_DAMAGED;
	if (r == 0 && there) {
		r = segment_verify(index_segment(there), ignore, NULL);
		x->changed = r > 0;
	}
	if (r != ERR_DAMAGED)
		return r < 0 ? r : 0;
	err_clear();
	return 0;
}

static int take_all(struct indexing *x)
{
	const char *name = cli_operand(x->cli, "PROPERTY");
	int r = take_there(x);

	for (; r == 0 && name; name = cli_operand_if_any(x->cli))
		r = take(x, bytes_str(name));
	return r;
}

/* --- made --- */

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct indexing *x = ctx;
	struct manifest_graph *g = manifest_find_graph(m, x->name);
	uint32_t n = 0;

	if (!g || g->space != x->was.space || g->version != x->was.version ||
	    g->folded != x->was.folded)
		return err_set(ERR_CHANGED, "%s: graph \"%s\" was built anew by others"
			       " meanwhile", store_path(x->store), x->name);
	for (uint32_t i = 0; i < g->segment_n; i++)
		if (g->segment[i].kind != SEGMENT_INDEX)
			g->segment[n++] = g->segment[i];
	if (x->n)
		g->segment[n++] = x->made;
	memset(&g->segment[n], 0, (MANIFEST_GRAPH_SEGMENTS - n) * sizeof *g->segment);
	g->segment_n = n;
	g->version = version;
	return 0;
}

static int look(struct indexing *x)
{
	const struct manifest_graph *g;
	int r = store_snapshot(x->store, &x->snap);

	if (r == 0)
		r = opened_find(x->store, x->snap, x->name, &g);
	if (r < 0)
		return r;
	x->was = *g;
	return graph_open(&x->graph, store_backend(x->store), store_id(x->store), g,
			  store_mem(x->store));
}

static int make(struct indexing *x)
{
	uint64_t version;
	int r = take_all(x);

	if (r == 0 && x->changed && x->n)
		r = reindex_names(x->graph, store_backend(x->store), store_id(x->store), x->all,
				  x->n, stop, x, &x->made);
	return r < 0 || !x->changed ? r : store_publish(x->store, publish, x, &version);
}

static int change(struct indexing *x)
{
	int r = open_store(x->cli, &x->store, OPEN_WRITE);

	if (r == 0)
		r = store_build_begin(x->store);
	if (r == 0) {
		cli_catch_signals();
		progress_begin(&x->progress, x->cli, "values", 0);
		r = look(x);
		if (r == 0)
			r = make(x);
		store_build_end(x->store);
		graph_close(x->graph);
		snapshot_close(x->snap);
		store_tidy(x->store);
		progress_end(&x->progress, NULL);
	}
	store_close(x->store);
	return r;
}

/* --- listed --- */

static int list(struct cli *c, bool more)
{
	struct opened o;
	struct index *x = NULL;
	int r = opened_begin(&o, c);

	if (r == 0)
		r = opened_rows(&o);
	if (r == 0)
		r = graph_index(o.graph, &x);
	for (uint32_t i = 0; r == 0 && x && i < index_name_n(x); i++) {
		row_bytes(&o.row, "property", index_name_at(x, i));
		if (more || c->json)
			row_u64(&o.row, "values", index_value_n(x, i));
		r = row_end(&o.row);
	}
	return opened_end(&o, r);
}

int index_main(int argc, const char **argv)
{
	struct indexing x = {0};
	int rm = 0, more = 0;
	const struct poptOption table[] = {
		CLI_FLAG("long", 'l', &more, "list them with the number of their values"),
		CLI_FLAG("rm", 0, &rm, "no longer of these properties"),
		CLI_OPTION_GRAPH,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	x.cli = &cli;
	x.rm = rm;
	x.name = cli_graph(&cli);
	if (!rm && !cli_operand_peek(&cli))
		return cli_end(&cli, list(&cli, more));
	if (more)
		cli_usage(&cli, "--long lists what there is: no PROPERTY, no --rm");
	return cli_end(&cli, change(&x));
}
