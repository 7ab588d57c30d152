/* strato-graph subgraph - the surroundings of some nodes
 *
 * All edges between nodes that are near, the nearest first (walk/around), written
 * as they are met: with -L it is over at once, also beside a node of ten million.
 *
 * With -J a context that can be read on its own: nodes with what is said of them, then
 * the edges between these.  What a limit keeps is the nodes that are nearest, among
 * equally near ones those with most edges.
 */
#include <stdlib.h>

#include "base/err.h"
#include "cmd/graph/chosen.h"
#include "graph/walk/around.h"

enum { OPT_HOPS = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph subgraph",
	.does = "the edges near some nodes, or with -J nodes and edges",
	.usage = "[OPTION]... NODE...",
	.examples = "strato-graph subgraph -s /data/kv -g web --hops=2 Alice Bob\n"
		    "strato-graph subgraph Alice | strato-graph import -g small -f tsv\n"
		    "strato-graph subgraph --hops=2 -L 200 -J Alice > context.jsonl",
};

struct subgraph {
	struct opened o;
	struct around around;
	struct chosen chosen;
	uint64_t hops, left;
	uint64_t missing_n;
	struct buf starts;		/* ids */
	struct buf ranked;		/* struct ranked: with -J, the nodes that are kept */
};

struct ranked {
	uint64_t node, edge_n;
};

#define STOP 1		/* -L is reached */

static const uint64_t *start_at(const struct subgraph *s, size_t i)
{
	return (const uint64_t *)s->starts.ptr + i;
}

static size_t start_n(const struct subgraph *s)
{
	return s->starts.len / sizeof(uint64_t);
}

/* Is it asked for?  The starts are. */
static int wanted(struct subgraph *s, uint64_t node)
{
	for (size_t i = 0; s->chosen.any && i < start_n(s); i++)
		if (*start_at(s, i) == node)
			return 1;
	return chosen_has(&s->chosen, node);
}

static int put(void *ctx, uint64_t from, const struct graph_edge *e)
{
	struct subgraph *s = ctx;
	int r = wanted(s, from);

	if (r > 0)
		r = wanted(s, e->to);
	if (r <= 0)
		return r;
	if (s->left-- == 0)
		return STOP;
	return row_edge(&s->o.row, from, e);
}

static int find_starts(struct subgraph *s)
{
	const char *key = cli_operand_if_any(s->o.cli);
	uint64_t id;
	int r = 0;

	for (; r == 0 && key; key = cli_operand_if_any(s->o.cli)) {
		r = opened_node(&s->o, bytes_str(key), &id);
		s->missing_n += r == ERR_ABSENT;
		r = r == ERR_ABSENT ? 0 : r < 0 ? r : buf_add(&s->starts, &id, sizeof id);
	}
	return r;
}

static int edges(struct subgraph *s)
{
	int r = 0;

	around_init(&s->around, s->o.graph, &s->o.types, s->hops);
	s->around.each = put;
	s->around.ctx = s;
	for (size_t i = 0; r == 0 && i < start_n(s); i++)
		r = around_start(&s->around, *start_at(s, i));
	if (r == 0 && s->left)
		r = around_walk(&s->around);
	around_release(&s->around);
	return r == STOP ? 0 : r;
}

/* --- as a context --- */

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->edge_n != y->edge_n)
		return x->edge_n < y->edge_n ? 1 : -1;
	return (x->node > y->node) - (x->node < y->node);
}

/* The nodes of one step, until no more may be kept. */
static int rank_step(struct subgraph *s, const struct seen_node *n, uint64_t count)
{
	size_t before = s->ranked.len / sizeof(struct ranked);
	struct ranked *first;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < count; i++) {
		struct ranked new = { .node = n[i].node };

		r = wanted(s, new.node);
		if (r > 0)
			r = graph_degree(s->o.graph, new.node, CSR_BOTH, &s->o.types, &new.edge_n);
		else
			continue;
		if (r == 0)
			r = buf_add(&s->ranked, &new, sizeof new);
	}
	if (r < 0)
		return r;
	first = (struct ranked *)s->ranked.ptr + before;
	count = s->ranked.len / sizeof *first - before;
	if (before && count)		/* the starts stay as they were given */
		qsort(first, count, sizeof *first, by_rank);
	if (count > s->left)
		s->ranked.len = (before + s->left) * sizeof *first;
	s->left -= count < s->left ? count : s->left;
	return 0;
}

static int rank(struct subgraph *s, struct bfs *b)
{
	uint64_t hop = 0, from = 0;
	int64_t met = 1;
	int r = bfs_begin(b, s->o.graph, CSR_BOTH, &s->o.types, *start_at(s, 0));

	for (size_t i = 1; r == 0 && i < start_n(s); i++)
		r = bfs_start(b, *start_at(s, i));
	for (; r == 0 && met > 0; hop++) {
		r = rank_step(s, b->seen.list + from, b->seen.n - from);
		from = b->seen.n;
		if (r < 0 || hop == s->hops || s->left == 0)
			break;
		met = bfs_step(b);
		r = met < 0 ? (int)met : 0;
	}
	return r;
}

static int put_object(void *ctx, uint64_t from, const struct graph_edge *e)
{
	return row_edge_object(&((struct subgraph *)ctx)->o.row, from, e);
}

/* Around all that were kept, no step further: the edges between them. */
static int put_context(struct subgraph *s)
{
	const struct ranked *n = (const struct ranked *)s->ranked.ptr;
	size_t count = s->ranked.len / sizeof *n;
	int r = 0;

	around_init(&s->around, s->o.graph, &s->o.types, 0);
	s->around.each = put_object;
	s->around.ctx = s;
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = row_node_object(&s->o.row, n[i].node);
		if (r == 0)
			r = around_start(&s->around, n[i].node);
	}
	if (r == 0 && count)
		r = around_walk(&s->around);
	around_release(&s->around);
	return r;
}

static int context(struct subgraph *s)
{
	struct bfs b = {0};
	int r = 0;

	if (start_n(s)) {
		r = rank(s, &b);
		bfs_end(&b);
	}
	return r < 0 ? r : put_context(s);
}

static int walk(struct subgraph *s)
{
	int r = find_starts(s);

	if (r == 0)
		r = chosen_open(&s->chosen, s->o.graph, true);
	if (r == 0)
		r = s->o.cli->json ? context(s) : edges(s);
	chosen_close(&s->chosen);
	buf_release(&s->starts);
	buf_release(&s->ranked);
	return r;
}

static int subgraph(struct subgraph *s, struct cli *c)
{
	int r = opened_begin(&s->o, c);

	if (r == 0)
		r = opened_rows(&s->o);
	if (r == 0)
		r = opened_types(&s->o);
	if (r == 0)
		r = walk(s);
	return opened_end(&s->o, r == 0 && s->missing_n ? ERR_ABSENT : r);
}

int subgraph_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("hops", 0, OPT_HOPS, "nodes at most N steps away, both ways (1)", "N"),
		OPTION_TYPE,
		OPTION_LABEL,
		OPTION_WHERE("nodes"),
		CLI_TEXT("limit", 'L', CLI_VAL_LIMIT,
			 "stop after N edges; with -J, the N nearest nodes", "N"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct subgraph s = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	s.hops = cli_u64(&cli, OPT_HOPS, 0, (1u << 30) - 1, 1);
	s.left = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	chosen_options(&s.chosen, &cli);
	if (!cli_operand_peek(&cli))
		cli_operand(&cli, "NODE");
	return cli_end(&cli, subgraph(&s, &cli));
}
