/* strato-bench graph_traversal - what questions to a graph cost here
 *
 * Of a graph of a store, or of a Kronecker graph that is made in memory and leaves
 * nothing.  The runs go round all questions; each gives the same answer in every run,
 * or that is said and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/team.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cmd/bench/bench.h"
#include "cmd/bench/figures.h"
#include "cmd/bench/kron.h"
#include "cmd/common/open.h"
#include "graph/build.h"
#include "graph/walk/adjacent.h"
#include "graph/walk/depths.h"
#include "graph/walk/pagerank.h"
#include "graph/walk/path.h"
#include "graph/walk/triangles.h"
#include "graph/walk/wcc.h"

#define GRAPH "kron"
#define EDGES_A_NODE 16u
#define PORTION 4096u			/* edges handed over at once */
#define ASKED 4096u			/* nodes whose neighbours are listed a run */
#define PAIRS 64u
#define STEPS 10u			/* of pagerank */

enum { OPT_SCALE = 1, OPT_SEED, OPT_RUNS, OPT_ONLY, OPT_SOURCES, OPT_THREADS };

struct traversal {
	struct cli *cli;
	uint64_t scale, seed, source_n;
	unsigned threads;
	struct figures figures;
	struct backend *memory;		/* of a graph of our own */
	struct store *store;
	struct snapshot *snap;
	const struct manifest_graph *row;
	struct graph *graph;
	struct progress progress;
};

static const struct cli_tool tool = {
	.name = "strato-bench graph_traversal",
	.does = "what questions to a graph cost",
	.usage = "[OPTION]... [-s STORE [-g NAME]]",
	.examples = "strato-bench graph_traversal --scale=20\n"
		    "strato-bench graph_traversal -s /data/kv -g web --only=bfs",
};

/* --- a graph of our own --- */

static int add_edges(struct traversal *t, struct build *b)
{
	uint64_t n = (uint64_t)EDGES_A_NODE << t->scale;
	struct scan_edge e[PORTION];
	int r = build_add_nodes(b, 0, 1ull << t->scale);

	for (uint64_t i = 0; r == 0 && i < n; i += PORTION) {
		size_t some = n - i < PORTION ? (size_t)(n - i) : PORTION;

		for (size_t k = 0; k < some; k++)
			kron_edge((unsigned)t->scale, t->seed, kron_state(t->seed, i + k),
				  &e[k].src, &e[k].dst);
		r = build_add_edges(b, 0, e, NULL, some, i);
		t->progress.items = i + some;
		progress_look(&t->progress);
	}
	return r;
}

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct manifest_graph *g = ctx;

	strcpy(g->name, GRAPH);
	g->version = version;
	g->space = m->next_space++;
	return manifest_add_graph(m, g);
}

static int build(struct traversal *t)
{
	struct build_options o = {
		.backend = t->memory, .store_id = store_id(t->store),
		.mem = store_mem(t->store), .threads = t->threads, .ids = BUILD_IDS_INT,
		.undirected = true, .drop_loops = true,
	};
	struct manifest_graph g = { 0 };
	struct build_note note;
	struct build *b = NULL;
	uint64_t version;
	int r = build_open(&b, &o);

	if (r == 0)
		r = add_edges(t, b);
	if (r < 0) {
		build_abort(b);
		return r;
	}
	r = build_finish(b, &g, &note);
	return r < 0 ? r : store_publish(t->store, publish, &g, &version);
}

static int make(struct traversal *t)
{
	const struct store_options o = { .write = true };
	int r = backend_mem(&t->memory);

	if (r == 0)
		r = store_create_on(t->memory, bytes_of("", 0));
	if (r == 0)
		r = store_open_on(&t->store, t->memory, &o);
	if (r < 0)
		return r;
	progress_begin(&t->progress, t->cli, "edges made", (uint64_t)EDGES_A_NODE << t->scale);
	r = store_build_begin(t->store);
	if (r == 0) {
		r = build(t);
		store_build_end(t->store);
	}
	progress_end(&t->progress, NULL);
	return r;
}

/* --- the graph that is asked --- */

static int find_row(struct traversal *t)
{
	const char *name = t->memory ? GRAPH : cli_graph(t->cli);

	t->row = manifest_find_graph(snapshot_manifest(t->snap), name);
	if (t->row)
		return 0;
	err_set(ERR_NO_GRAPH, "%s: no graph \"%s\"", store_path(t->store),
		bytes_show(bytes_str(name)));
	err_hint("'strato-graph ls' lists what is there; -g NAME names a graph");
	return ERR_NO_GRAPH;
}

static int open_graph(struct traversal *t)
{
	return graph_open_changed(&t->graph, t->store, t->snap, t->row);
}

static int open_it(struct traversal *t)
{
	bool named = cli_given(t->cli, CLI_VAL_STORE) || getenv("STRATO_STORE");
	int r = named && !cli_given(t->cli, OPT_SCALE) ?
		open_store(t->cli, &t->store, OPEN_GRAPHS) : make(t);

	if (r == 0)
		r = store_snapshot(t->store, &t->snap);
	if (r == 0)
		r = find_row(t);
	if (r == 0)
		r = open_graph(t);
	if (r == 0 && graph_entry(t->graph)->edge_n == 0)
		r = err_set(ERR_USAGE, "graph %s has no edges", t->row->name);
	return r;
}

/* --- questions --- */

/* The Ith node that is asked for: one that has an edge out. */
static int some_node(struct traversal *t, uint64_t i, uint64_t *node)
{
	const struct graph_types all = { .all = true };
	uint64_t n = graph_node_n(t->graph), degree = 0;
	int r = 0;

	for (uint64_t k = 0; r == 0 && degree == 0 && k < n; k++) {
		*node = kron_mix(t->seed + i + (k << 32)) % n;
		r = graph_degree(t->graph, *node, CSR_OUT, &all, &degree);
	}
	return r;
}

/* A question: DONE is what its rate counts, SUM what each run must say again. */
struct answer {
	uint64_t done, sum;
};

static int ask_open(struct traversal *t, struct answer *a)
{
	graph_close(t->graph);
	t->graph = NULL;
	a->done = 1;
	return open_graph(t);
}

static int ask_neighbors(struct traversal *t, struct answer *a)
{
	const struct graph_types all = { .all = true };
	const uint64_t *ids;
	struct adjacent near;
	uint64_t node;
	int r = 0;

	adjacent_init(&near, t->graph);
	for (uint64_t i = 0; r == 0 && i < ASKED; i++) {
		r = some_node(t, i, &node);
		if (r == 0)
			r = adjacent_begin(&near, node, CSR_OUT, &all);
		while (r >= 0 && (r = adjacent_block(&near, &ids)) > 0)
			for (int k = 0; k < r; k++)
				a->sum += kron_mix(ids[k]);
		a->done++;
	}
	adjacent_release(&near);
	return r;
}

static int ask_path(struct traversal *t, struct answer *a)
{
	const struct path_query q = { .graph = t->graph, .types = { .all = true } };
	uint64_t from, to;
	struct path p;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < PAIRS; i++) {
		r = some_node(t, 2 * i, &from);
		if (r == 0)
			r = some_node(t, 2 * i + 1, &to);
		if (r < 0)
			break;
		r = path_find(&p, &q, from, to);
		a->sum += r > 0 ? p.n : 0;
		if (r >= 0)
			path_release(&p);
		a->done++;
	}
	return r < 0 ? r : 0;
}

/* Edges of what was reached, each once, as Graph500 counts them. */
static int count_reached(struct traversal *t, const struct depths *d, uint64_t *edges)
{
	const struct graph_types all = { .all = true };
	uint64_t degree;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < graph_node_n(t->graph); i++) {
		if (d->depth[i] == DEPTHS_NONE)
			continue;
		r = graph_degree(t->graph, i, CSR_OUT, &all, &degree);
		*edges += degree;
	}
	return r;
}

static int ask_bfs(struct traversal *t, struct answer *a)
{
	struct depths_plan plan = { .way = CSR_OUT, .types = { .all = true },
		.threads = t->threads };
	struct depths d;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < t->source_n; i++) {
		r = some_node(t, i, &plan.start);
		if (r == 0)
			r = depths_find(&d, t->graph, &plan);
		if (r < 0)
			break;
		a->sum = kron_mix(a->sum + d.reached_n) + d.step_n;
		depths_release(&d);
	}
	return r;
}

/* Once, outside of what is timed. */
static int edges_of_bfs(struct traversal *t, uint64_t *edges)
{
	struct depths_plan plan = { .way = CSR_OUT, .types = { .all = true },
		.threads = t->threads };
	struct depths d;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < t->source_n; i++) {
		r = some_node(t, i, &plan.start);
		if (r == 0)
			r = depths_find(&d, t->graph, &plan);
		if (r < 0)
			break;
		r = count_reached(t, &d, edges);
		depths_release(&d);
	}
	return r;
}

static int ask_pagerank(struct traversal *t, struct answer *a)
{
	const struct pagerank_plan plan = { .types = { .all = true }, .threads = t->threads,
		.damping = 0.85, .iterations = STEPS };
	struct pagerank p;
	int r = pagerank_find(&p, t->graph, &plan);

	if (r < 0)
		return r;
	for (uint64_t i = 0; i < graph_node_n(t->graph); i++)
		a->sum += kron_mix(p.rank[i] + i);
	a->done = p.edge_n;
	pagerank_release(&p);
	return 0;
}

static int ask_wcc(struct traversal *t, struct answer *a)
{
	const struct wcc_plan plan = { .types = { .all = true }, .threads = t->threads };
	struct wcc w;
	int r = wcc_find(&w, t->graph, &plan);

	if (r < 0)
		return r;
	a->sum = w.component_n;
	a->done = graph_entry(t->graph)->edge_n;
	wcc_release(&w);
	return 0;
}

static int ask_triangles(struct traversal *t, struct answer *a)
{
	const struct triangles_plan plan = { .types = { .all = true }, .threads = t->threads };
	struct triangles n;
	int r = triangles_find(&n, t->graph, &plan);

	if (r < 0)
		return r;
	a->sum = n.n;
	a->done = graph_entry(t->graph)->edge_n;
	triangles_release(&n);
	return 0;
}

static const struct question {
	const char *name, *unit;
	int (*ask)(struct traversal *t, struct answer *a);
} questions[] = {
	{ "open", "us", ask_open },
	{ "neighbors", "nodes/s", ask_neighbors },
	{ "path", "pairs/s", ask_path },
	{ "bfs", "edges/s", ask_bfs },
	{ "pagerank", "edges/s", ask_pagerank },
	{ "wcc", "edges/s", ask_wcc },
	{ "triangles", "edges/s", ask_triangles },
};

#define QUESTIONS (sizeof questions / sizeof *questions)

/* --- measured --- */

struct asked {
	int figure;			/* -1: not wanted */
	uint64_t edges;			/* of bfs: what its searches traverse */
	uint64_t sum;
};

static int plan(struct traversal *t, struct asked *asked)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		asked[i].figure = -1;
		if (!figures_wanted(&t->figures, questions[i].name))
			continue;
		asked[i].figure = figures_add(&t->figures, questions[i].name, questions[i].unit);
		if (asked[i].figure < 0)
			return asked[i].figure;
		if (questions[i].ask == ask_bfs) {
			int r = edges_of_bfs(t, &asked[i].edges);

			if (r < 0)
				return r;
		}
	}
	return t->figures.n ? 0 : figures_nothing(&t->figures, "bfs, pagerank, neighbors");
}

static int measure(struct traversal *t, const struct question *q, struct asked *x, uint64_t run)
{
	struct answer a = { 0 };
	uint64_t t0 = clock_ns(), ns;
	int r = q->ask(t, &a);

	ns = clock_ns() - t0;
	if (r < 0)
		return r;
	if (run > 0 && a.sum != x->sum)
		return err_set(ERR_BUG, "%s: another answer than in the run before", q->name);
	x->sum = a.sum;
	a.done = x->edges ? x->edges : a.done;
	figures_put(&t->figures, x->figure, run, !strcmp(q->unit, "us") ? (double)ns / 1e3 :
		    (double)a.done * 1e9 / (double)(ns ? ns : 1));
	return 0;
}

static int measure_all(struct traversal *t)
{
	struct asked asked[QUESTIONS] = { 0 };
	int r = plan(t, asked);

	progress_begin(&t->progress, t->cli, "measurements", t->figures.n * t->figures.run_n);
	for (uint64_t run = 0; r == 0 && run < t->figures.run_n; run++)
		for (size_t i = 0; r == 0 && i < QUESTIONS; i++) {
			if (asked[i].figure < 0)
				continue;
			r = measure(t, &questions[i], &asked[i], run);
			t->progress.items++;
			progress_look(&t->progress);
		}
	progress_end(&t->progress, NULL);
	return r;
}

/* --- said --- */

static int print_beside(struct traversal *t)
{
	const struct manifest_graph *g = graph_entry(t->graph);
	unsigned threads = t->threads ? t->threads : team_default();
	struct sink to = output_stdout();
	struct buf text = { 0 };
	struct json j;
	int r;

	json_init(&j, NULL);
	if (t->cli->json) {
		json_object(&j, NULL);
		json_text(&j, "graph", t->memory ? "kronecker, in memory" : g->name);
		json_u64(&j, "nodes", g->node_n);
		json_u64(&j, "edges", g->edge_n);
		json_u64(&j, "threads", threads);
		json_u64(&j, "sources", t->source_n);
		json_u64(&j, "seed", t->seed);
		json_object_end(&j);
		r = json_line(&j, to);
	} else {
		r = buf_printf(&text, "# graph: %s, %s nodes, %s edges\n"
			       "# settings: %u threads, %llu runs, bfs from %llu nodes, "
			       "pagerank of %u steps, seed %llu\n",
			       t->memory ? "kronecker, in memory" : g->name,
			       output_count(g->node_n), output_count(g->edge_n), threads,
			       (unsigned long long)t->figures.run_n,
			       (unsigned long long)t->source_n, STEPS,
			       (unsigned long long)t->seed);
		if (r == 0)
			r = to.write(to.ctx, text.ptr, text.len);
	}
	json_release(&j);
	buf_release(&text);
	return r;
}

static int bench(struct traversal *t)
{
	int r = open_it(t);

	if (r == 0)
		r = measure_all(t);
	if (r == 0)
		r = figures_print(&t->figures, t->cli);
	if (r == 0)
		r = print_beside(t);
	graph_close(t->graph);
	snapshot_close(t->snap);
	store_close(t->store);
	backend_close(t->memory);
	figures_release(&t->figures);
	return r;
}

int bench_traversal(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("scale", 0, OPT_SCALE, "a graph of its own, of 2^N nodes, 4..26 (16)", "N"),
		CLI_TEXT("seed", 0, OPT_SEED, "draws that graph, and what is asked (1)", "N"),
		CLI_TEXT("sources", 0, OPT_SOURCES, "searches of bfs a run, 1..1000 (8)", "N"),
		CLI_TEXT("runs", 0, OPT_RUNS, "runs of each measurement, 1..1000 (5)", "N"),
		CLI_TEXT("only", 0, OPT_ONLY, "what begins so: bfs", "METRIC"),
		CLI_TEXT("threads", 0, OPT_THREADS, "so many, 1..1024 (the cores)", "N"),
		CLI_TEXT("graph", 'g', CLI_VAL_GRAPH, "the graph; else $STRATO_GRAPH, else default",
			 "NAME"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct traversal t = { 0 };
	struct cli cli;

	t.cli = &cli;
	cli_begin(&cli, &tool, argc, argv, table);
	t.scale = cli_u64(&cli, OPT_SCALE, 4, 26, 16);
	t.seed = cli_u64(&cli, OPT_SEED, 0, UINT64_MAX, 1);
	t.source_n = cli_u64(&cli, OPT_SOURCES, 1, 1000, 8);
	t.figures.run_n = cli_u64(&cli, OPT_RUNS, 1, 1000, 5);
	t.figures.only = cli_text(&cli, OPT_ONLY);
	t.threads = (unsigned)cli_u64(&cli, OPT_THREADS, 1, 1024, 0);
	cli_no_more(&cli);
	if (cli_given(&cli, CLI_VAL_STORE) && cli_given(&cli, OPT_SCALE))
		cli_usage(&cli, "either -s or --scale, not both");
	cli_catch_signals();
	return cli_end(&cli, bench(&t));
}
