/* strato-graph neighbors - who is adjacent to a node, or some steps away
 *
 * One step without -l: each adjacent node once, in key order.  One step with -l:
 * a row an edge.  More steps: each node within them once, nearest first, the
 * start left out.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"
#include "graph/walk/bfs.h"

enum { OPT_HOPS = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph neighbors",
	.does = "nodes adjacent to a node, or some steps away",
	.usage = "[OPTION]... NODE...\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph neighbors -s /data/kv -g web Alice\n"
		    "strato-graph neighbors -s /data/kv --both --hops=2 -l Alice",
};

struct neighbors {
	struct opened o;
	enum csr_direction way;
	bool more, batch;
	uint64_t hops;
	struct bytes of;		/* the node asked for */
	struct buf ids;			/* uint64_t[]: its neighbours */
	uint64_t missing_n;
};

static const char *way_name(unsigned way)
{
	return way == CSR_IN ? "in" : "out";
}

static int put(struct neighbors *n, uint64_t to, uint32_t type, unsigned way, uint64_t hop)
{
	int r;

	if (n->batch)
		output_bytes(n->o.rows, "of", n->of);
	r = opened_put_node(&n->o, "node", to);
	if (r == 0 && n->more) {
		r = opened_put_type(&n->o, "type", type);
		output_text(n->o.rows, "direction",
			    graph_undirected(n->o.graph) ? "both" : way_name(way));
		output_u64(n->o.rows, "hop", hop);
	}
	return r < 0 ? r : output_row(n->o.rows);
}

static int put_edge(void *ctx, uint64_t to, uint32_t type, enum csr_direction way)
{
	return put(ctx, to, type, way, 1);
}

static int gather(void *ctx, uint64_t to, uint32_t type, enum csr_direction way)
{
	(void)type;
	(void)way;
	return buf_add(&((struct neighbors *)ctx)->ids, &to, sizeof to);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int put_adjacent(struct neighbors *n, uint64_t id)
{
	uint64_t *ids, len;
	int r;

	buf_clear(&n->ids);
	r = graph_neighbours(n->o.graph, id, n->way, &n->o.types, gather, n);
	ids = (uint64_t *)n->ids.ptr;
	len = n->ids.len / sizeof *ids;
	if (r == 0 && len)
		qsort(ids, len, sizeof *ids, by_id);
	for (uint64_t i = 0; r == 0 && i < len; i++)
		if (i == 0 || ids[i] != ids[i - 1])
			r = put(n, ids[i], 0, n->way, 1);
	return r;
}

static int by_hop(const void *a, const void *b)
{
	const struct seen_node *x = a, *y = b;

	if (x->hop != y->hop)
		return x->hop < y->hop ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

static int put_ball(struct neighbors *n, uint64_t id)
{
	struct bfs b;
	int64_t met = 1;
	int r = bfs_begin(&b, n->o.graph, n->way, &n->o.types, id);

	for (uint64_t hop = 0; r == 0 && met > 0 && hop < n->hops; hop++)
		met = bfs_step(&b);
	if (met < 0)
		r = (int)met;
	if (r == 0)
		qsort(b.seen.list, b.seen.n, sizeof *b.seen.list, by_hop);
	for (uint64_t i = 1; r == 0 && i < b.seen.n; i++)
		r = put(n, b.seen.list[i].node, b.seen.list[i].type, b.seen.list[i].way,
			b.seen.list[i].hop);
	bfs_end(&b);
	return r;
}

static int answer(struct neighbors *n, struct bytes key)
{
	uint64_t id;
	int r = opened_node(&n->o, key, &id);

	if (r == ERR_ABSENT) {
		n->missing_n++;
		if (!n->batch)
			return 0;
		output_bytes(n->o.rows, "of", key);
		output_absent(n->o.rows, "node");
		return output_row(n->o.rows);
	}
	if (r < 0)
		return r;
	n->of = key;
	if (n->hops > 1)
		return put_ball(n, id);
	return n->more ? graph_neighbours(n->o.graph, id, n->way, &n->o.types, put_edge, n) :
		put_adjacent(n, id);
}

static int answer_record(void *ctx, const struct record *rec)
{
	return answer(ctx, rec->key);
}

static int answer_operands(struct neighbors *n)
{
	const char *key = cli_operand_if_any(n->o.cli);
	int r = 0;

	for (; r == 0 && key; key = cli_operand_if_any(n->o.cli))
		r = answer(n, bytes_str(key));
	return r;
}

static int neighbors(struct neighbors *n, struct cli *c)
{
	int r = opened_begin(&n->o, c);

	if (r == 0)
		r = opened_rows(&n->o);
	if (r == 0)
		r = opened_types(&n->o);
	n->ids.mem = r == 0 ? store_mem(n->o.store) : NULL;
	if (r == 0)
		r = n->batch ? opened_questions(&n->o, RECORD_KEYS, answer_record, n) :
			answer_operands(n);
	if (r == 0 && n->missing_n > 1)
		r = err_set(ERR_ABSENT, "%llu nodes are not there",
			    (unsigned long long)n->missing_n);
	else if (r == 0 && n->missing_n)
		r = ERR_ABSENT;
	buf_release(&n->ids);
	return opened_end(&n->o, r);
}

int neighbors_main(int argc, const char **argv)
{
	int way[3] = {0}, more = 0;
	const struct poptOption table[] = {
		OPTION_WAY(way),
		OPTION_TYPE,
		CLI_TEXT("hops", 0, OPT_HOPS, "nodes at most N steps away (1)", "N"),
		CLI_FLAG("long", 'l', &more, "with type, direction and steps"),
		CLI_OPTION_BATCH,
		CLI_OPTION_NULL,
		CLI_OPTION_GRAPH,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct neighbors n = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	n.way = opened_way(&cli, way);
	n.more = more;
	n.batch = cli_given(&cli, CLI_VAL_BATCH);
	n.hops = cli_u64(&cli, OPT_HOPS, 1, UINT32_MAX - 1, 1);
	if (!n.batch && !cli_operand_peek(&cli))
		cli_operand(&cli, "NODE");
	return cli_end(&cli, neighbors(&n, &cli));
}
