/* strato-graph bfs - how many steps every node is from one
 *
 * A batch answers source by source in their order, with --summary in one line, else
 * a line a node.  Sources that are there already are asked about together, of the CPU or
 * of a device; nobody who waits for an answer before sending the next is kept waiting.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/device.h"
#include "cmd/graph/result.h"
#include "graph/walk/many_depths.h"

#define UNREACHED 9223372036854775807u	/* as LDBC Graphalytics has it */

static const struct cli_tool tool = {
	.name = "strato-graph bfs",
	.does = "how many steps every node is from one",
	.usage = "[OPTION]... SRC\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph bfs -s /data/kv -g web Alice\n"
		    "strato-graph bfs -s /data/kv -g web -b --summary people",
};

/* Fewer sources are faster one by one. */
#define TOGETHER 8u
/* Digits of depths that a search of many should have room for. */
#define DIGITS 8u
/* And a device, after it said that WIRE_WALK_DEPTH is too few. */
#define DEVICE_MOST ((1u << DIGITS) - 1)

struct asked {			/* a source that waits to be asked about with others */
	struct buf key;
	uint64_t node;
	bool there;
};

struct bfs_ask {
	struct result s;
	struct depths_plan plan;
	struct depths d;
	struct many_depths many;	/* many.seen: these instead, of which start */
	struct device device;
	struct walked walked;		/* walked.array: these instead, of many when */
	bool walked_many;		/* this says so */
	struct device_sums sums;	/* with --summary, of those */
	uint64_t device_most;		/* depths there is room for in what is asked; 0: one
					 * by one */
	unsigned which;
	struct asked asked[MANY_DEPTHS];
	unsigned asked_n;
	bool all, batch, summary;
	uint64_t missing_n;
};

static inline uint32_t depth_at(const struct bfs_ask *b, uint64_t id)
{
	if (b->walked.array && b->walked_many)
		return device_depth_of(&b->walked, graph_node_n(b->s.o.graph), b->which, id);
	if (b->walked.array)
		return device_depth(&b->walked, id);
	return b->many.seen ? many_depths_at(&b->many, b->which, id) : b->d.depth[id];
}

static bool depth_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct bfs_ask *b = ctx;
	uint32_t depth = depth_at(b, id);

	*out = depth == DEPTHS_NONE ? UNREACHED : depth;
	return depth != DEPTHS_NONE || b->all;
}

static bool parent_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct bfs_ask *b = ctx;

	*out = b->d.parent[id];
	return b->d.depth[id] != DEPTHS_NONE;
}

/* How many nodes it leads to, itself among them, how far the farthest is, and all
 * steps together. */
static int put_sums(struct bfs_ask *b, struct bytes key, uint64_t reached, uint64_t depth,
		    uint64_t steps)
{
	struct row *w = &b->s.o.row;

	row_bytes(w, "source", key);
	row_u64(w, "reached", reached);
	row_u64(w, "depth", depth);
	row_u64(w, "steps", steps);
	return row_end(w);
}

static int put_summary(struct bfs_ask *b, struct bytes key)
{
	const struct many_depths *m = &b->many;
	uint64_t sum = 0;

	if (b->walked_many)
		return put_sums(b, key, b->sums.reached_n[b->which], b->sums.step_n[b->which],
				b->sums.step_sum[b->which]);
	if (m->seen)
		return put_sums(b, key, m->reached_n[b->which], m->step_n[b->which],
				m->step_sum[b->which]);
	for (uint64_t i = 0; i < graph_node_n(b->s.o.graph); i++)
		sum += depth_at(b, i) == DEPTHS_NONE ? 0 : depth_at(b, i);
	return put_sums(b, key, b->d.reached_n, b->d.step_n, sum);
}

static int put(struct bfs_ask *b, struct bytes key)
{
	const struct result_column depth = { "depth", b, depth_of, row_u64 };
	const struct result_column parent = { "parent", b, parent_of, row_node };
	int r;

	if (b->summary)
		return put_summary(b, key);
	if (b->batch)
		row_of(&b->s.o.row, "source", key);
	r = result_put(&b->s, b->plan.parents ? &parent : &depth);
	if (b->batch)
		row_of(&b->s.o.row, "source", bytes_of(NULL, 0));
	return r;
}

/* In a batch with --summary a source that is not there has a line, too. */
static int absent(struct bfs_ask *b, struct bytes key)
{
	struct row *w = &b->s.o.row;

	b->missing_n++;
	if (!b->summary || !b->batch)
		return 0;
	row_bytes(w, "source", key);
	row_absent(w, "reached");
	row_absent(w, "depth");
	row_absent(w, "steps");
	return row_end(w);
}

/* 1: the device has answered. */
static int ask_there(struct bfs_ask *b, struct walk_ask *ask)
{
	int r;

	ask->flags = b->plan.way == CSR_IN ? WIRE_AGAINST : 0;
	if (b->plan.parents)
		return device_cannot(&b->device, "--parents is not asked of a device");
	if (b->plan.way == CSR_BOTH && !graph_undirected(b->s.o.graph))
		return device_cannot(&b->device, "--both is not asked of a device");
	r = result_start(&b->s, "bfs", 0);
	return r == 0 ? device_ask(&b->device, &b->s.o, ask, &b->walked) : r;
}

static int find_there(struct bfs_ask *b, uint64_t node)
{
	struct walk_ask ask = { .kind = WIRE_WALK_BFS, .from = node, .most = UINT32_MAX };
	int r = ask_there(b, &ask);

	if (r <= 0)
		return r;
	b->d = (struct depths){ .reached_n = b->walked.reached, .step_n = b->walked.steps,
				.edge_n = b->walked.touched };
	return 1;
}

static int find_here(struct bfs_ask *b, uint64_t node)
{
	uint64_t n = graph_node_n(b->s.o.graph);
	int r = result_start(&b->s, "bfs", depths_memory(n, b->plan.parents));

	b->plan.start = node;
	return r == 0 ? depths_find(&b->d, b->s.o.graph, &b->plan) : r;
}

static int answer(struct bfs_ask *b, struct bytes key, uint64_t node)
{
	int r = find_there(b, node);

	if (r == 0) {
		b->walked.array = NULL;
		r = find_here(b, node);
	}
	if (r < 0)
		return r;
	result_stop(&b->s, b->d.edge_n);
	r = put(b, key);
	if (!b->walked.array)
		depths_release(&b->d);
	b->walked.array = NULL;
	return r;
}

static int answer_one(struct bfs_ask *b, struct bytes key)
{
	uint64_t node;
	int r = opened_node(&b->s.o, key, &node);

	if (r == ERR_ABSENT)
		return absent(b, key);
	return r < 0 ? r : answer(b, key, node);
}

/* --- many at once --- */

/* The search of all that wait; 0 without one if there are too few of them, or too
 * little memory. */
static int search_here(struct bfs_ask *b, const uint64_t *start, unsigned n)
{
	struct store *store = b->s.o.store;
	struct many_depths_plan plan = {
		.start = start, .start_n = n, .way = b->plan.way, .types = b->plan.types,
		.threads = b->plan.threads, .depths = !b->summary,
	};
	uint64_t bytes = many_depths_memory(graph_node_n(b->s.o.graph), b->summary ? 0 : DIGITS);
	int r;

	if (bytes > mem_left(store_mem(store)))
		return 0;
	r = result_start(&b->s, "bfs", bytes);
	if (r == 0)
		r = many_depths_find(&b->many, b->s.o.graph, &plan);
	if (r == ERR_MEMORY)
		return 0;		/* one by one they may have room */
	if (r == 0)
		result_stop(&b->s, b->many.edge_n);
	return r;
}

/* The same of the device.  Depths are few as a rule, so there is room for few at first. */
static int search_there(struct bfs_ask *b, const uint64_t *start, unsigned n)
{
	le32 source[MANY_DEPTHS];
	struct walk_ask ask = { .kind = WIRE_WALK_BFS64, .sources = bytes_of(source, 4 * n) };
	int r = 0;

	for (unsigned i = 0; i < n; i++)
		source[i] = le32_of((uint32_t)start[i]);
	while (r == 0 && b->device_most) {
		ask.most = b->device_most;
		r = ask_there(b, &ask);
		if (r == 0)
			return 0;
		if (r == ERR_TOO_BIG && b->device_most < DEVICE_MOST)
			b->device_most = DEVICE_MOST;
		else if (r < 0)
			b->device_most = 0;
		if (r == ERR_TOO_BIG || r == ERR_RESOURCE || r == ERR_MEMORY)
			r = 0;
	}
	if (r <= 0)
		return r;
	b->walked_many = true;
	if (b->summary)
		device_sum(&b->walked, graph_node_n(b->s.o.graph), n, &b->sums);
	result_stop(&b->s, b->walked.touched);
	return 0;
}

static int search_together(struct bfs_ask *b)
{
	uint64_t start[MANY_DEPTHS];
	unsigned n = 0;
	int r = 0;

	for (unsigned i = 0; i < b->asked_n; i++)
		if (b->asked[i].there)
			start[n++] = b->asked[i].node;
	if (n < TOGETHER)
		return 0;
	if (device_may(&b->device))
		r = search_there(b, start, n);
	return r < 0 || device_may(&b->device) ? r : search_here(b, start, n);
}

static int answer_asked(void *ctx)
{
	struct bfs_ask *b = ctx;
	unsigned n = b->asked_n;
	int r = search_together(b);

	b->which = 0;
	for (unsigned i = 0; r == 0 && i < n; i++) {
		const struct asked *a = &b->asked[i];

		if (!a->there)
			r = absent(b, buf_bytes(&a->key));
		else if (b->many.seen || b->walked_many)
			r = put(b, buf_bytes(&a->key));
		else
			r = answer(b, buf_bytes(&a->key), a->node);
		b->which += a->there;
	}
	many_depths_release(&b->many);
	b->walked.array = NULL;
	b->walked_many = false;
	b->asked_n = 0;
	return r;
}

static int ask(void *ctx, const struct record *rec)
{
	struct bfs_ask *b = ctx;
	struct asked *a = &b->asked[b->asked_n];
	int r;

	if (b->plan.parents)
		return answer_one(b, rec->key);
	buf_clear(&a->key);
	r = buf_add(&a->key, rec->key.ptr, rec->key.len);
	if (r == 0)
		r = opened_node(&b->s.o, rec->key, &a->node);
	if (r < 0 && r != ERR_ABSENT)
		return r;
	a->there = r != ERR_ABSENT;
	return ++b->asked_n == MANY_DEPTHS ? answer_asked(b) : 0;
}

static int answer_all(struct bfs_ask *b)
{
	int r;

	b->s.o.idle = answer_asked;
	b->s.o.idle_ctx = b;
	r = opened_questions(&b->s.o, RECORD_KEYS, ask, b);
	if (r == 0)
		r = answer_asked(b);
	for (unsigned i = 0; i < MANY_DEPTHS; i++)
		buf_release(&b->asked[i].key);
	return r;
}

/* --- --- */

static int bfs(struct bfs_ask *b, struct cli *c, const char *source)
{
	int r = result_begin(&b->s, c);

	b->plan.types = b->s.o.types;
	b->plan.threads = b->s.threads;
	if (r == 0)
		r = b->batch ? answer_all(b) : answer_one(b, bytes_str(source));
	device_end(&b->device);
	return result_end(&b->s, r == 0 && b->missing_n ? ERR_ABSENT : r);
}

int bfs_main(int argc, const char **argv)
{
	int way[3] = {0}, parents = 0, all = 0, summary = 0;
	const struct poptOption table[] = {
		OPTION_WAY(way),
		OPTION_TYPE,
		CLI_FLAG("parents", 0, &parents,
			 "the node before each on a shortest path instead of its depth"),
		CLI_FLAG("all", 0, &all, "nodes that no path leads to as well"),
		CLI_FLAG("summary", 0, &summary, "nodes reached, greatest depth, all steps"),
		OPTION_TOP("the N nodes farthest away"),
		OPTION_DEVICE,
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_BATCH,
		CLI_OPTION_NULL,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *source = NULL;
	struct bfs_ask b = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	b.plan.way = opened_way(&cli, way);
	b.plan.parents = parents;
	b.device_most = WIRE_WALK_DEPTH;
	b.all = all;
	b.summary = summary;
	b.batch = cli_given(&cli, CLI_VAL_BATCH);
	result_options(&b.s, &cli);
	device_options(&b.device, &cli);
	if (parents + all + summary > 1 || (b.s.top && parents + all + summary))
		cli_usage(&cli, "--parents, --all, --summary and --top exclude each other");
	if (!b.batch) {
		source = cli_operand(&cli, "SRC");
		cli_no_more(&cli);
	}
	return cli_end(&cli, bfs(&b, &cli, source));
}
