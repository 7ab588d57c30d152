/* strato-gpucache bench - what a running service takes, and from where on it pays
 *
 * A line a measurement, as strato-bench prints them: the median of some runs, the least
 * and the most.  With --calibrate the same questions are put to the CPU here and to the
 * service, by the same clock around the whole of each.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/common/calibration.h"
#include "cmd/gpucache/gpucache.h"
#include "gpu/wire_graph.h"
#include "graph/graph.h"
#include "graph/walk/depths.h"
#include "graph/walk/pagerank.h"
#include "graph/walk/path.h"

enum { OPT_CALIBRATE = 1, OPT_RUNS };

#define RUNS_MOST 1000u
#define RANK_RUNS 3u			/* each is many steps */

static const struct cli_tool tool = {
	.name = "strato-gpucache bench",
	.does = "how fast the cache service answers",
	.usage = "[OPTION]... KEY\n"
		 "[OPTION]... --calibrate --graph=NAME",
	.examples = "strato-gpucache bench -s /data/kv model/weights\n"
		    "strato-gpucache bench -s /data/kv --calibrate --graph=web",
};

struct bench {
	struct cli *cli;
	struct asker a;
	struct output *out;
	unsigned runs;
	uint64_t took[RUNS_MOST];
	struct buf which;		/* struct wire_which and the key */
	struct buf key;			/* the key alone */
	/* --calibrate */
	struct snapshot *snap;
	struct graph *graph;
	struct walk_ask ask;
	uint64_t node[RUNS_MOST + 1];
	struct calibration was;
};

/* --- a line --- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* BYTES 0: the time in microseconds; else MB a second, of which the least is slowest. */
static double as_unit(uint64_t ns, uint64_t bytes)
{
	return bytes ? (double)bytes * 1e3 / (double)(ns ? ns : 1) : (double)ns / 1e3;
}

static int put(struct bench *b, const char *metric, unsigned n, uint64_t bytes)
{
	struct output *o = b->out;

	qsort(b->took, n, sizeof *b->took, by_value);
	output_text(o, "metric", metric);
	output_text(o, "unit", bytes ? "MB/s" : "us");
	output_real(o, "median", as_unit(b->took[n / 2], bytes));
	output_real(o, "min", as_unit(b->took[bytes ? n - 1 : 0], bytes));
	output_real(o, "max", as_unit(b->took[bytes ? 0 : n - 1], bytes));
	output_u64(o, "runs", n);
	return output_row(o);
}

/* --- values --- */

/* One request, its time to TOOK if that is not NULL. */
static int ask(struct bench *b, unsigned type, struct bytes body, uint64_t *took,
	       uint64_t *len)
{
	struct gpu_answer answer = { 0 };
	uint64_t begun = clock_ns();
	int r = gpu_client_ask(b->a.client, type, body, &answer);

	if (took)
		*took = clock_ns() - begun;
	if (r == 0 && len)
		*len = answer.len;
	gpu_answer_free(&answer);
	return r;
}

/* TYPE's time, after AGAIN was done, if that is not 0. */
static int measure(struct bench *b, const char *metric, unsigned type, struct bytes body,
		   unsigned again, uint64_t bytes)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < b->runs; i++) {
		if (again)
			r = ask(b, again, buf_bytes(&b->which), NULL, NULL);
		if (r == 0)
			r = ask(b, type, body, &b->took[i], NULL);
	}
	return r < 0 ? r : put(b, metric, b->runs, bytes);
}

static int key_put(struct bench *b, struct bytes key)
{
	const struct wire_which w = { .flags = le32_of(0) };
	int r = buf_add(&b->which, &w, sizeof w);

	if (r == 0)
		r = wire_key_put(&b->which, key);
	return r == 0 ? wire_key_put(&b->key, key) : r;
}

/* It is there, can be resident, and has LEN bytes. */
static int find_value(struct bench *b, struct bytes key, uint64_t *len)
{
	struct gpu_answer answer = { 0 };
	struct wire_done done;
	struct bytes in;
	int r = gpu_client_ask(b->a.client, WIRE_WARM, buf_bytes(&b->which), &answer);

	if (r < 0)
		return r;
	in = bytes_of(answer.ptr, (size_t)answer.len);
	r = wire_take(&in, &done, sizeof done);
	gpu_answer_free(&answer);
	if (r == 0 && !le64_get(done.n))
		r = le64_get(done.absent_n) ?
			err_set(ERR_ABSENT, "no key \"%s\"", bytes_show(key)) :
			err_set(ERR_RESOURCE, "\"%s\" cannot be made resident: it has no room, "
				"or expires", bytes_show(key));
	*len = r == 0 ? le64_get(done.bytes) : 0;
	return r;
}

static int values(struct bench *b, struct bytes key)
{
	uint64_t len = 0;
	int r = key_put(b, key);

	if (r == 0)
		r = find_value(b, key, &len);
	if (r == ERR_ABSENT)
		cli_say(b->cli, "%s", err_message());
	if (r == 0)
		r = measure(b, "request", WIRE_STAT, bytes_of(NULL, 0), 0, 0);
	if (r == 0)
		r = measure(b, "hit", WIRE_FIND, buf_bytes(&b->key), 0, 0);
	if (r == 0)
		r = measure(b, "get", WIRE_READ, buf_bytes(&b->which), 0, 0);
	if (r == 0 && len)
		r = measure(b, "read_back", WIRE_READ, buf_bytes(&b->which), 0, len);
	if (r == 0)
		r = measure(b, "miss", WIRE_READ, buf_bytes(&b->which), WIRE_EVICT, 0);
	if (r == 0)
		r = measure(b, "load", WIRE_WARM, buf_bytes(&b->which), WIRE_EVICT, 0);
	if (r == 0 && len)
		r = measure(b, "upload", WIRE_WARM, buf_bytes(&b->which), WIRE_EVICT, len);
	return r;
}

/* --- --calibrate --- */

static int open_graph(struct bench *b, const char *name)
{
	const struct manifest_graph *g;
	int r = store_snapshot(b->a.store, &b->snap);

	if (r < 0)
		return r;
	g = manifest_find_graph(snapshot_manifest(b->snap), name);
	if (!g)
		return err_set(ERR_NO_GRAPH, "%s: no graph \"%s\"", store_path(b->a.store),
			       bytes_show(bytes_str(name)));
	r = graph_open_changed(&b->graph, b->a.store, b->snap, g);
	if (r < 0)
		return r;
	if (graph_delta(b->graph) || !graph_node_n(b->graph))
		return err_set(ERR_UNAVAILABLE, "graph \"%s\" is empty, or has changes that are not "
			       "in its segments", bytes_show(bytes_str(name)));
	b->ask = (struct walk_ask){
		.out = segment_id(csr_segment(graph_csr(b->graph, CSR_OUT))),
		.in = graph_undirected(b->graph) ? 0 :
			segment_id(csr_segment(graph_csr(b->graph, CSR_IN))),
		.damping = 0.85, .tolerance = 1e-6, .name = bytes_str(graph_entry(b->graph)->name),
	};
	return 0;
}

/* Nodes that edges leave, all over the graph, as far as a few looks find them. */
static int choose_nodes(struct bench *b)
{
	const struct graph_types all = { .all = true };
	uint64_t n = graph_node_n(b->graph), degree;
	int r = 0;

	for (unsigned i = 0; r == 0 && i <= b->runs; i++)
		for (unsigned look = 0; r == 0 && look < 64; look++) {
			b->node[i] = ((i * UINT64_C(64) + look + 1) *
				      UINT64_C(0x9e3779b97f4a7c15) >> 16) % n;
			r = graph_degree(b->graph, b->node[i], CSR_OUT, &all, &degree);
			if (degree)
				break;
		}
	return r;
}

static int here(struct bench *b, uint32_t kind, unsigned i)
{
	const struct graph_types all = { .all = true };
	int r;

	if (kind == WIRE_WALK_BFS) {
		struct depths_plan p = { .start = b->node[i], .way = CSR_OUT, .types = all };
		struct depths d;

		r = depths_find(&d, b->graph, &p);
		if (r == 0)
			depths_release(&d);
	} else if (kind == WIRE_WALK_PATH) {
		struct path_query q = { .graph = b->graph, .types = all };
		struct path p;

		r = path_find(&p, &q, b->node[i], b->node[i + 1]);
		path_release(&p);
	} else {
		struct pagerank_plan plan = { .types = all, .damping = 0.85,
					      .iterations = 1000, .tolerance = 1e-6 };
		struct pagerank p;

		r = pagerank_find(&p, b->graph, &plan);
		if (r == 0)
			pagerank_release(&p);
	}
	return r < 0 ? r : 0;
}

static int there(struct bench *b, uint32_t kind, unsigned i)
{
	struct buf body = { 0 };
	int r;

	b->ask.kind = kind;
	b->ask.from = b->node[i];
	b->ask.to = b->node[i + 1];
	b->ask.most = kind == WIRE_WALK_PAGERANK ? 1000 : UINT32_MAX;
	r = wire_walk_put(&body, &b->ask);
	if (r == 0)
		r = ask(b, WIRE_WALK, buf_bytes(&body), NULL, NULL);
	buf_release(&body);
	if (r == ERR_ABSENT) {
		r = err_set(ERR_UNAVAILABLE, "graph \"%s\" is not pinned",
			    bytes_show(b->ask.name));
		err_hint("strato-gpucache pin -s %s --graph=%s", store_path(b->a.store),
			 graph_entry(b->graph)->name);
	}
	return r;
}

/* Once before that counts: kernels are compiled, pages read. */
static int walks(struct bench *b, uint32_t kind, const char *where,
		 int (*walk)(struct bench *, uint32_t, unsigned), uint64_t *median)
{
	unsigned n = kind == WIRE_WALK_PAGERANK && b->runs > RANK_RUNS ? RANK_RUNS : b->runs;
	char metric[64];
	int r = walk(b, kind, 0);

	for (unsigned i = 0; r == 0 && i < n; i++) {
		uint64_t begun = clock_ns();

		r = walk(b, kind, i);
		b->took[i] = clock_ns() - begun;
	}
	if (r < 0)
		return r;
	snprintf(metric, sizeof metric, "%s_%s", calibration_word(kind), where);
	r = put(b, metric, n, 0);
	*median = b->took[n / 2];
	return r;
}

/* What was measured of other graphs on this device stays, unless this contradicts it. */
static void decide(struct bench *b, uint32_t kind, bool faster)
{
	uint64_t *least = &b->was.least[kind], edge_n = csr_edge_n(graph_csr(b->graph, CSR_OUT));

	if (faster && edge_n < *least)
		*least = edge_n;
	else if (!faster && *least <= edge_n)
		*least = CALIBRATION_NEVER;
}

static int device_name(struct bench *b, char out[128])
{
	struct gpu_answer answer = { 0 };
	struct wire_stat stat;
	struct bytes in;
	char type[32];
	int r = gpu_client_ask(b->a.client, WIRE_STAT, bytes_of(NULL, 0), &answer);

	if (r < 0)
		return r;
	in = bytes_of(answer.ptr, (size_t)answer.len);
	r = wire_take(&in, &stat, sizeof stat);
	if (r == 0)
		r = wire_text_get(&in, type, sizeof type);
	if (r == 0)
		r = wire_text_get(&in, out, 128);
	gpu_answer_free(&answer);
	return r;
}

static int keep(struct bench *b)
{
	struct backend *files = NULL;
	int r = backend_local(&files, store_path(b->a.store), true);

	if (r == 0)
		r = calibration_write(&b->was, files);
	backend_close(files);
	return r;
}

static int calibrate(struct bench *b, const char *name)
{
	char device[128] = "";
	uint64_t cpu, gpu;
	int r = open_graph(b, name);

	if (r == 0)
		r = choose_nodes(b);
	if (r == 0)
		r = device_name(b, device);
	if (r < 0)
		return r;
	if (calibration_read(&b->was, b->a.store) <= 0 || strcmp(b->was.device, device))
		calibration_init(&b->was);
	memcpy(b->was.device, device, sizeof b->was.device);
	for (uint32_t kind = WIRE_WALK_BFS; r == 0 && kind <= WIRE_WALK_PAGERANK; kind++) {
		r = walks(b, kind, "device", there, &gpu);
		if (r == 0)
			r = walks(b, kind, "cpu", here, &cpu);
		if (r == 0)
			decide(b, kind, gpu < cpu);
	}
	return r == 0 ? keep(b) : r;
}

/* --- --- */

static int bench(struct bench *b, const char *key, const char *graph)
{
	int r = asker_open(&b->a, b->cli, true);

	if (r == 0)
		r = output_open(&b->out, cli_style(b->cli, false), output_stdout(), NULL);
	if (r == 0)
		r = key ? values(b, bytes_str(key)) : calibrate(b, graph);
	if (r == 0)
		r = output_end(b->out);
	output_close(b->out);
	graph_close(b->graph);
	snapshot_close(b->snap);
	asker_close(&b->a);
	buf_release(&b->which);
	buf_release(&b->key);
	return r;
}

int gpucache_bench(int argc, const char **argv)
{
	int calibrating = 0;
	const struct poptOption table[] = {
		CLI_FLAG("calibrate", 0, &calibrating,
			 "compare with the CPU, for strato-graph --device=auto"),
		CLI_TEXT("runs", 0, OPT_RUNS, "so many of each (9)", "N"),
		CLI_OPTION_GRAPH,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	static struct bench b;			/* large */
	const char *key = NULL;
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	b.cli = &cli;
	b.runs = (unsigned)cli_u64(&cli, OPT_RUNS, 1, RUNS_MOST, 9);
	if (!calibrating) {
		if (cli_given(&cli, CLI_VAL_GRAPH))
			cli_usage(&cli, "--graph goes with --calibrate");
		key = cli_operand(&cli, "KEY");
	}
	cli_no_more(&cli);
	return cli_end(&cli, bench(&b, key, calibrating ? cli_graph(&cli) : NULL));
}
