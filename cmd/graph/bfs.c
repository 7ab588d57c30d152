/* strato-graph bfs - how many steps every node is from one
 *
 * A batch answers source by source, each as soon as it was asked: with --summary
 * in one line, else a line a node.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/result.h"
#include "graph/walk/depths.h"

#define UNREACHED 9223372036854775807u	/* as LDBC Graphalytics has it */

static const struct cli_tool tool = {
	.name = "strato-graph bfs",
	.does = "how many steps every node is from one",
	.usage = "[OPTION]... SRC\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph bfs -s /data/kv -g web Alice\n"
		    "strato-graph bfs -s /data/kv -g web -b --summary people",
};

struct bfs_ask {
	struct result s;
	struct depths_plan plan;
	struct depths d;
	bool all, batch, summary;
	uint64_t edge_n, missing_n;
};

static bool depth_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct bfs_ask *b = ctx;

	*out = b->d.depth[id] == DEPTHS_NONE ? UNREACHED : b->d.depth[id];
	return b->d.depth[id] != DEPTHS_NONE || b->all;
}

static bool parent_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct bfs_ask *b = ctx;

	*out = b->d.parent[id];
	return b->d.depth[id] != DEPTHS_NONE;
}

/* How many nodes it leads to, itself among them, how far the farthest is, and all
 * steps together. */
static int put_summary(struct bfs_ask *b, struct bytes key)
{
	struct row *w = &b->s.o.row;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < graph_node_n(b->s.o.graph); i++)
		sum += b->d.depth[i] == DEPTHS_NONE ? 0 : b->d.depth[i];
	row_bytes(w, "source", key);
	row_u64(w, "reached", b->d.reached_n);
	row_u64(w, "depth", b->d.step_n);
	row_u64(w, "steps", sum);
	return row_end(w);
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

static int answer(struct bfs_ask *b, struct bytes key)
{
	uint64_t n = graph_node_n(b->s.o.graph);
	int r = opened_node(&b->s.o, key, &b->plan.start);

	if (r == ERR_ABSENT)
		return absent(b, key);
	if (r >= 0)
		r = result_start(&b->s, "bfs", depths_memory(n, b->plan.parents));
	if (r == 0)
		r = depths_find(&b->d, b->s.o.graph, &b->plan);
	if (r < 0)
		return r;
	result_stop(&b->s, b->d.edge_n);
	r = put(b, key);
	depths_release(&b->d);
	return r;
}

static int answer_record(void *ctx, const struct record *rec)
{
	return answer(ctx, rec->key);
}

static int bfs(struct bfs_ask *b, struct cli *c, const char *source)
{
	int r = result_begin(&b->s, c);

	b->plan.types = b->s.o.types;
	b->plan.threads = b->s.threads;
	if (r == 0 && b->batch)
		r = opened_questions(&b->s.o, RECORD_KEYS, answer_record, b);
	else if (r == 0)
		r = answer(b, bytes_str(source));
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
	b.all = all;
	b.summary = summary;
	b.batch = cli_given(&cli, CLI_VAL_BATCH);
	result_options(&b.s, &cli);
	if (parents + all + summary > 1 || (b.s.top && parents + all + summary))
		cli_usage(&cli, "--parents, --all, --summary and --top exclude each other");
	if (!b.batch) {
		source = cli_operand(&cli, "SRC");
		cli_no_more(&cli);
	}
	return cli_end(&cli, bfs(&b, &cli, source));
}
