/* strato-graph log, diff - the changes of a graph, as apply reads them
 *
 * log has those that are not in the segments yet, or newer than a version, and may wait
 * for more; diff those between two states that can be had still: of the same segments
 * from the log, of others by reading both.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cmd/graph/graph.h"
#include "cmd/graph/opline.h"
#include "graph/compare.h"
#include "graph/history.h"

#define LOOK_NS 100000000	/* --follow: between two looks */

enum { OPT_SINCE = 1 };

static const struct cli_tool log_tool = {
	.name = "strato-graph log",
	.does = "list the changes of a graph",
	.usage = "[-g NAME] [--since=V] [--follow] [OPTION]...",
	.examples = "strato-graph log -s /data/kv -g kg --since=4711\n"
		    "strato-graph log -s /data/kv -g kg --follow | jq -R .",
};

static const struct cli_tool diff_tool = {
	.name = "strato-graph diff",
	.does = "list what changed in a graph between two versions",
	.usage = "[-g NAME] [OPTION]... V [W]",
	.examples = "strato-graph diff -s /data/kv -g kg monday tuesday\n"
		    "strato-graph diff -s /data/kv -g kg monday | strato-graph apply -s copy -g kg",
};

struct changes {
	struct opened o;
	struct opline line;
	uint64_t since, n;
	bool pending;			/* only what is not in the segments */
	bool follow;
};

static int put(void *ctx, const struct update_op *op, uint64_t version)
{
	struct changes *c = ctx;
	int r;

	(void)version;
	if (c->pending && op->kind == UPDATE_IMPORT)
		return 0;
	r = cli_stopped() ? ERR_ABSENT : opline_make(&c->line, op);
	if (r == 0)
		r = out_write(c->o.out, c->line.line.ptr, c->line.line.len);
	c->n++;
	return r;
}

static int find(struct opened *o, struct snapshot *v, const struct manifest_graph **out)
{
	const char *name = cli_graph(o->cli);

	*out = manifest_find_graph(snapshot_manifest(v), name);
	if (*out)
		return 0;
	err_set(ERR_NO_GRAPH, "%s: no graph \"%s\" at version %" PRIu64, store_path(o->store),
		bytes_show(bytes_str(name)), snapshot_version(v));
	err_hint("'strato-graph ls' lists what is there; -g NAME names a graph");
	return ERR_NO_GRAPH;
}

static int list(struct changes *c)
{
	const struct manifest_graph *g;
	int r = find(&c->o, c->o.snap, &g);

	if (r == 0)
		r = history_each(c->o.store, c->o.snap, g, c->since == UINT64_MAX ?
				 g->folded : c->since, put, c);
	return r;
}

/* What came since the last look, for ever. */
static int follow(struct changes *c)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	int r = 0;

	while (r == 0 && !cli_stopped()) {
		c->since = snapshot_version(c->o.snap);
		c->pending = false;
		snapshot_close(c->o.snap);
		c->o.snap = NULL;
		r = out_flush(c->o.out);
		if (r == 0)
			nanosleep(&pause, NULL);
		if (r == 0)
			r = store_snapshot(c->o.store, &c->o.snap);
		if (r == 0 && snapshot_version(c->o.snap) > c->since)
			r = list(c);
	}
	return r;
}

static int show_log(struct changes *c, struct cli *cli)
{
	int r = opened_store(&c->o, cli);

	if (c->follow)
		cli_catch_signals();
	if (r == 0)
		r = list(c);
	if (r == 0 && c->follow)
		r = follow(c);
	opline_release(&c->line);
	return opened_end(&c->o, r == ERR_ABSENT && cli_stopped() ? 0 : r);
}

int log_main(int argc, const char **argv)
{
	int follows = 0;
	const struct poptOption table[] = {
		CLI_TEXT("since", 0, OPT_SINCE, "only what came after version V", "V"),
		CLI_FLAG("follow", 0, &follows, "wait for more"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct changes c = {0};
	struct cli cli;

	cli_begin(&cli, &log_tool, argc, argv, table);
	c.since = cli_u64(&cli, OPT_SINCE, 0, UINT64_MAX - 1, UINT64_MAX);
	c.pending = !cli_given(&cli, OPT_SINCE);
	c.follow = follows;
	c.line.json = cli.json;
	if (follows && cli_given(&cli, CLI_VAL_AS_OF))
		cli_usage(&cli, "--follow is for what is to come, not for --as-of");
	cli_no_more(&cli);
	return cli_end(&cli, show_log(&c, &cli));
}

/* --- diff --- */

static int put_difference(void *ctx, const struct update_op *op)
{
	return put(ctx, op, 0);
}

/* Other segments, which no log tells of: both are read whole. */
static int compare(struct changes *c, struct snapshot *v, const struct manifest_graph *a,
		   struct snapshot *w, const struct manifest_graph *b)
{
	const struct update_op end = { .kind = UPDATE_COMMIT };
	struct graph *was = NULL, *is = NULL;
	int r = graph_open_changed(&was, c->o.store, v, a);

	if (r == 0)
		r = graph_open_changed(&is, c->o.store, w, b);
	if (r == 0)
		r = compare_graphs(was, is, put_difference, c);
	if (r == 0 && c->n)
		r = put(c, &end, 0);
	graph_close(was);
	graph_close(is);
	return r;
}

/* Of one graph in the same segments what changed is told commit by commit. */
static int between(struct changes *c, struct snapshot *v, struct snapshot *w)
{
	const struct manifest_graph *a, *b;
	int r = find(&c->o, v, &a);

	if (r == 0)
		r = find(&c->o, w, &b);
	if (r < 0)
		return r;
	if (a->space != b->space || a->version != b->version)
		return compare(c, v, a, w, b);
	return history_each(c->o.store, w, b, snapshot_version(v), put, c);
}

static int diff(struct changes *c, struct cli *cli, const char *v, const char *w)
{
	struct snapshot *from = NULL, *to = NULL;
	int r;

	c->o = (struct opened){ .cli = cli };
	r = open_store(cli, &c->o.store, OPEN_READ);
	if (r == 0)
		r = strcmp(w, "now") ? store_snapshot_as_of(c->o.store, bytes_str(v), &from) :
			opened_as_of(cli, c->o.store, v, &from);
	if (r == 0)
		r = store_snapshot_as_of(c->o.store, bytes_str(w), &to);
	if (r == 0)
		r = out_open(&c->o.out, cli_text(cli, CLI_VAL_OUTPUT), NULL);
	if (r == 0 && snapshot_version(from) > snapshot_version(to))
		r = err_set(ERR_USAGE, "%s is newer than %s", v, w);
	if (r == 0)
		r = between(c, from, to);
	snapshot_close(from);
	snapshot_close(to);
	opline_release(&c->line);
	if (r == 0 && c->n)
		r = err_set(ERR_ABSENT, "they differ");
	return opened_end(&c->o, r);
}

int diff_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_GRAPH,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct changes c = {0};
	const char *v, *w;
	struct cli cli;

	cli_begin(&cli, &diff_tool, argc, argv, table);
	v = cli_operand(&cli, "V");
	w = cli_operand_if_any(&cli);
	cli_no_more(&cli);
	c.line.json = cli.json;
	return cli_end(&cli, diff(&c, &cli, v, w ? w : "now"));
}
