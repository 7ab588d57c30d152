/* strato-graph import - build or replace a graph from edges, in one commit
 *
 * Lines stream through text, build and the external sorter into segments that
 * nobody names; at the end one manifest names them.  Whatever stops it before
 * that leaves the old graph.  The lock is held only to publish: of two imports of
 * one graph the later publisher finds that it has changed.
 */
#include <malloc.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "cmd/graph/import.h"
#include "graph/build.h"
#include "graph/convert.h"
#include "graph/literal_code.h"
#include "graph/replace.h"

enum { OPT_IDS = 1, OPT_DEDUP, OPT_LOOPS, OPT_MAX_BAD, OPT_REJECTS, OPT_THREADS,
	OPT_LAYOUT, OPT_ORDER, OPT_BNODES, OPT_RDF_TYPE, OPT_BASE, OPT_STAMP };
#define KEPT_MOST (128 << 10)	/* bytes: larger pieces are mapped, and unmapped */

static const struct cli_tool tool = {
	.name = "strato-graph import",
	.does = "build or replace a graph from edges",
	.usage = "[-g NAME] [-f FORMAT] [OPTION]... [FILE]...",
	.examples = "curl -s URL | strato-graph import -s /data/kv -g web -f el\n"
		    "strato-graph import -s /data/kv -g kg --replace facts.tsv.gz",
	.more = "Formats:\n"
		"  el       SRC DST [WEIGHT], blanks, commas or bars between\n"
		"  tsv      SRC TAB DST [TAB TYPE [TAB NAME=VALUE]...], with escapes\n"
		"  jsonl    {\"from\":..,\"type\":..,\"to\":..,\"props\":{}}, {\"id\":..,\"labels\":[]}\n"
		"  nt nq ttl trig    RDF: edges, properties, labels\n"
		"  kgtk     node1 TAB label TAB node2, and other columns, by a header\n"
		"  csv      RFC 4180, a header row may name the columns\n"
		"  graphml  nodes and edges of XML\n"
		"  mtx metis dimacs ldbc adj adjlist\n"
		"  pairs32 pairs64   integers, little-endian",
};

int import_stop(struct import *im, uint64_t bytes)
{
	progress_at(&im->progress, im->build ? build_n(im->build) : 0, im->bytes + bytes);
	if (!cli_stopped())
		return 0;
	return err_set(ERR_IO, "stopped by a signal: nothing was imported");
}

/* --- the commit --- */

static uint64_t version_of(const struct manifest *m, const char *name)
{
	const struct manifest_graph *g = manifest_find_graph(m, name);

	return g ? g->version : 0;
}

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct import *im = ctx;
	struct manifest_graph *g = &im->graph;
	const struct manifest_graph *was;

	if (version_of(m, im->name) != im->base)
		return err_set(ERR_CHANGED, "%s: graph \"%s\" was changed by another import"
			       " meanwhile", store_path(im->store), im->name);
	memcpy(g->name, im->name, strlen(im->name));
	g->version = g->imported = version;
	g->created_ns = clock_wall_ns();
	/* what is changed while this was built goes on to apply to what it was added to */
	was = im->append ? manifest_find_graph(m, im->name) : NULL;
	g->space = was ? was->space : m->next_space++;
	g->folded = was ? im->folded : 0;
	manifest_drop_graph(m, im->name);
	return manifest_add_graph(m, g);
}

/* May this graph be written, and what does it replace? */
static int look(struct import *im)
{
	struct snapshot *snap;
	int r = store_snapshot(im->store, &snap);

	if (r < 0)
		return r;
	im->base = version_of(snapshot_manifest(snap), im->name);
	if (im->base && im->append) {
		im->snap = snap;
		return import_append_look(im, manifest_find_graph(snapshot_manifest(snap),
								  im->name));
	}
	snapshot_close(snap);
	im->layout = im->layout ? im->layout : CSR_PACKED;
	im->order = im->order < 0 ? DICT_BY_KEY : im->order;
	if (!im->base || im->replace)
		return 0;
	err_set(ERR_EXISTS, "%s: graph \"%s\" is there already", store_path(im->store),
		im->name);
	err_hint("--append extends it, --replace makes it anew; -g NAME names another");
	return ERR_EXISTS;
}

static int stop_order(void *ctx, uint64_t edge_n)
{
	(void)edge_n;
	return import_stop(ctx, 0);
}

/* What was built, once more, its nodes in another order. */
static int put_in_order(struct import *im)
{
	const struct convert_options o = {
		.backend = store_backend(im->store), .store_id = store_id(im->store),
		.mem = store_mem(im->store), .layout = (enum csr_layout)im->layout,
		.order = (enum dict_order)im->order, .threads = im->threads,
		.stop = stop_order, .stop_ctx = im,
	};
	struct manifest_graph given = im->graph;
	struct graph *g = NULL;
	int r = graph_open(&g, o.backend, o.store_id, &given, o.mem);

	if (r == 0)
		r = convert_graph(g, &o, &im->graph);
	graph_close(g);
	build_discard(o.backend, &given);
	return r;
}

static int build(struct import *im)
{
	int r = import_files(im);

	if (r == 0) {
		struct build *b = im->build;

		r = build_finish(b, &im->graph, &im->note);
		im->build = NULL;
		if (r == 0 && !im->dry && im->order != DICT_BY_KEY)
			r = put_in_order(im);
		if (r == 0)
			r = import_append_index(im);
	}
	build_abort(im->build);
	im->build = NULL;
	return r;
}

/* What would be there, whose segments nobody will name. */
static int say_schema(struct import *im)
{
	struct opened o = { .cli = im->cli, .store = im->store };
	int r = graph_open(&o.graph, store_backend(im->store), store_id(im->store), &im->graph,
			   store_mem(im->store));

	if (r == 0)
		r = out_open(&o.out, NULL, NULL);
	if (r == 0)
		r = schema_say(&o);
	o.store = NULL;			/* it is ours */
	r = opened_end(&o, r);
	build_discard(store_backend(im->store), &im->graph);
	return r;
}

/* In place of the graph that was added to. */
static int replace_old(struct import *im, uint64_t *version)
{
	struct graph *next = NULL;
	int r = graph_open(&next, store_backend(im->store), store_id(im->store), &im->graph,
			   store_mem(im->store));

	if (r == 0)
		r = replace_graph(im->store, im->old, next, im->folded, publish, im, version);
	graph_close(next);
	return r;
}

static int build_and_publish(struct import *im)
{
	uint64_t version;
	int r = store_build_begin(im->store);

	if (r < 0)
		return r;
	r = build(im);
	if (r == 0 && im->dry)
		r = say_schema(im);
	else if (r == 0)
		r = im->old ? replace_old(im, &version) :
			store_publish(im->store, publish, im, &version);
	store_build_end(im->store);
	if (!im->dry)
		store_tidy(im->store);	/* the graph replaced; or ours, if it was not named */
	return r;
}

/* --- words --- */

static void sum_up(struct import *im)
{
	uint64_t ns = progress_elapsed_ns(&im->progress);
	const struct manifest_graph *g = &im->graph;

	progress_end(&im->progress, "imported %s edges, %s nodes in %s (%s edges/s),"
		     " %s rejected, peak memory %s", output_count(g->edge_n - im->old_edge_n),
		     output_count(g->node_n - im->old_node_n), output_time(ns), output_rate(g->edge_n, ns),
		     output_count(im->bad_n), output_size(store_mem(im->store)->peak));
	if (im->bad_n)
		cli_say(im->cli, "%s malformed lines were left out", output_count(im->bad_n));
	if (im->dry)
		cli_say(im->cli, "would import %s edges, %s nodes, %s types as graph \"%s\"",
			output_count(g->edge_n), output_count(g->node_n),
			output_count(g->type_n), im->name);
	else if (g->edge_n == 0)
		cli_say(im->cli, "graph \"%s\" %s: there was no edge", im->name,
			g->node_n ? "has nodes only" : "is empty");
	cli_note(im->cli, "%s equal edges and %s loops left out; keys are %s; %s runs sorted"
		 " on disk", output_count(im->note.equal_n), output_count(im->note.loop_n),
		 im->note.strings ? "strings" : "integers", output_count(im->note.run_n));
}

static int commit_rejects(struct import *im, int r)
{
	struct err_note note;
	int done;

	if (!im->rejects)
		return r;
	err_take(&note, r);
	done = out_commit(im->rejects);		/* also what led to a failure */
	return r < 0 ? err_give(&note) : done;
}

static int import(struct import *im)
{
	enum open_mode mode = im->create && !im->dry ? OPEN_CREATE : OPEN_WRITE;
	int r = open_store(im->cli, &im->store, mode);

	/* What a thread frees goes back at once: each has a heap of its own, and what they
	 * kept took twice the limit. */
	mallopt(M_MMAP_THRESHOLD, KEPT_MOST);
	if (r == 0)
		r = look(im);
	if (r == 0 && im->rejects_name)
		r = out_open(&im->rejects, im->rejects_name, NULL);
	if (r == 0) {
		cli_catch_signals();
		progress_begin(&im->progress, im->cli, "edges", 0);
		r = build_and_publish(im);
		if (r == 0)
			sum_up(im);
		else
			progress_end(&im->progress, NULL);
	}
	r = commit_rejects(im, r);
	import_append_end(im);
	buf_release(&im->stamps);
	store_close(im->store);
	return r;
}

/* --- the command line --- */

/* What export alone has a name for. */
static const char *read_as(const char *format)
{
	return !strcmp(format, "neo4j") ? "csv" : !strcmp(format, "mcp") ? "jsonl" : format;
}

static void take_format(struct cli *c, struct import *im)
{
	const char *text = cli_text(c, CLI_VAL_FORMAT);

	if (!text || !strcmp(text, "auto"))
		return;
	im->ldbc = !strcmp(text, "ldbc");
	im->dialect = text_find(bytes_str(read_as(text)));
	if (!im->dialect && !im->ldbc)
		cli_usage(c, "--format: \"%s\" is none of auto, el, tsv, csv, neo4j, jsonl, mcp, nt, nq, ttl, trig, kgtk, graphml, mtx, metis,"
			  " dimacs, ldbc, adj, adjlist, pairs32, pairs64", text);
}

/* The weight is a value of its own, and an edge's. */
static void take_stamps(struct cli *c, struct import *im)
{
	const char *text;
	size_t at = 0;

	while ((text = cli_each(c, OPT_STAMP, &at))) {
		struct property p;

		if (literal_parse_pair(&p, bytes_str(text)) < 0 || p.name.len > TEXT_KEY_MAX ||
		    bytes_equal(p.name, bytes_str("weight"))) {
			buf_release(&im->stamps);
			cli_usage(c, "--stamp: \"%s\" is no NAME=VALUE", text);
		}
		if (buf_add(&im->stamps, &p, sizeof p) < 0)
			cli_exit(c, ERR_MEMORY);
	}
}

static void take_options(struct cli *c, struct import *im)
{
	static const char *const ids[] = { "auto", "string", "int", NULL };
	static const char *const dedup[] = { "first", "keep", "sum", "min", "max", NULL };
	static const char *const loops[] = { "keep", "drop", NULL };
	static const char *const bnodes[] = { "rename", "keep", NULL };
	static const char *const rdf_type[] = { "label", "edge", NULL };

	im->name = cli_graph(c);
	take_format(c, im);
	im->ids = cli_choice(c, OPT_IDS, ids, BUILD_IDS_AUTO);
	im->dedup = cli_choice(c, OPT_DEDUP, dedup, 0);
	im->dedup_given = cli_given(c, OPT_DEDUP);
	im->loops = cli_choice(c, OPT_LOOPS, loops, 0);
	im->bad_most = cli_u64(c, OPT_MAX_BAD, 0, UINT64_MAX, 0);
	im->rejects_name = cli_text(c, OPT_REJECTS);
	im->threads = (unsigned)cli_u64(c, OPT_THREADS, 1, TEAM_MOST, 0);
	im->layout = graph_layout(c, OPT_LAYOUT, CSR_PACKED);
	im->order = graph_order(c, OPT_ORDER, DICT_BY_KEY);
	im->base_iri = cli_text(c, OPT_BASE);
	im->rdf.input = 1;
	im->rdf.keep_blanks = cli_choice(c, OPT_BNODES, bnodes, 0);
	im->rdf.type_edges = cli_choice(c, OPT_RDF_TYPE, rdf_type, 0);
	im->dry = cli_given(c, CLI_VAL_DRY_RUN);
	if (!*im->name || strlen(im->name) > MANIFEST_NAME_MAX)
		cli_usage(c, "a graph's name has 1 to %u bytes", MANIFEST_NAME_MAX);
	if (im->directed && im->undirected)
		cli_usage(c, "--directed and --undirected exclude each other");
	if (im->append && im->replace)
		cli_usage(c, "--append and --replace exclude each other");
	im->layout = cli_given(c, OPT_LAYOUT) ? im->layout : im->append ? 0 : CSR_PACKED;
	im->order = im->append && !cli_given(c, OPT_ORDER) ? -1 : im->order;
}

int import_main(int argc, const char **argv)
{
	struct import im = {0};
	const struct poptOption table[] = {
		CLI_TEXT("format", 'f', CLI_VAL_FORMAT, "auto (default), or one of those above",
			 "FMT"),
		CLI_TEXT("ids", 0, OPT_IDS, "keys are: auto, string or int", "KIND"),
		CLI_FLAG("undirected", 0, &im.undirected, "edges have no direction"),
		CLI_FLAG("directed", 0, &im.directed,
			 "they have, whatever a header says: each is two"),
		CLI_TEXT("dedup", 0, OPT_DEDUP, "equal edges: first (default), keep, sum, min or max",
			 "WHAT"),
		CLI_TEXT("loops", 0, OPT_LOOPS, "edges to itself: keep (default) or drop",
			 "WHAT"),
		CLI_FLAG("replace", 0, &im.replace, "a graph that is there is made anew"),
		CLI_FLAG("append", 0, &im.append, "add to the graph that is there"),
		CLI_TEXT("max-bad", 0, OPT_MAX_BAD, "tolerate N malformed lines (0)", "N"),
		CLI_TEXT("rejects", 0, OPT_REJECTS, "copy malformed lines to FILE", "FILE"),
		CLI_TEXT("bnodes", 0, OPT_BNODES,
			 "labels of blank nodes: rename (default), for each file, or keep",
			 "WHAT"),
		CLI_TEXT("rdf-type", 0, OPT_RDF_TYPE,
			 "rdf:type makes a label (default) or an edge", "WHAT"),
		CLI_TEXT("stamp", 0, OPT_STAMP,
			 "a property that every edge gets (may be repeated)", "NAME=VALUE"),
		CLI_TEXT("base", 0, OPT_BASE, "what relative IRIs of Turtle are relative to", "IRI"),
		CLI_FLAG("strict-nodes", 0, &im.strict_nodes,
			 "an edge between nodes that were not given before is malformed"),
		CLI_TEXT("layout", 0, OPT_LAYOUT, "csr-packed (default), csr or coo", "LAYOUT"),
		CLI_TEXT("order", 0, OPT_ORDER, "number nodes as given (default) or by degree",
			 "ORDER"),
		CLI_TEXT("threads", 0, OPT_THREADS, "threads (default: the cores it may use)", "N"),
		CLI_OPTION_CREATE(&im.create),
		CLI_OPTION_GRAPH,
		CLI_OPTION_DRY_RUN,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	im.cli = &cli;
	take_options(&cli, &im);
	take_stamps(&cli, &im);
	return cli_end(&cli, import(&im));
}
