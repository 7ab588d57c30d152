/* strato-graph subgraph - the surroundings of some nodes, as edges
 *
 * All edges between nodes that are near, the nearest first (walk/around), written
 * as they are met: with -L it is over at once, also beside a node of ten million.
 */
#include "base/err.h"
#include "cmd/graph/graph.h"
#include "graph/walk/around.h"

enum { OPT_HOPS = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph subgraph",
	.does = "the edges near some nodes",
	.usage = "[OPTION]... NODE...",
	.examples = "strato-graph subgraph -s /data/kv -g web --hops=2 Alice Bob\n"
		    "strato-graph subgraph Alice | strato-graph import -g small -f tsv",
};

struct subgraph {
	struct opened o;
	struct around around;
	uint64_t hops, left;
	uint64_t missing_n;
};

#define STOP 1		/* -L is reached */

static int put(void *ctx, uint64_t from, const struct graph_edge *e)
{
	struct subgraph *s = ctx;

	if (s->left-- == 0)
		return STOP;
	return row_edge(&s->o.row, from, e);
}

static int starts(struct subgraph *s)
{
	const char *key = cli_operand_if_any(s->o.cli);
	uint64_t id;
	int r = 0;

	for (; r == 0 && key; key = cli_operand_if_any(s->o.cli)) {
		r = opened_node(&s->o, bytes_str(key), &id);
		s->missing_n += r == ERR_ABSENT;
		r = r == ERR_ABSENT ? 0 : r < 0 ? r : around_start(&s->around, id);
	}
	return r;
}

static int walk(struct subgraph *s)
{
	int r;

	around_init(&s->around, s->o.graph, &s->o.types, s->hops);
	s->around.each = put;
	s->around.ctx = s;
	r = starts(s);
	if (r == 0 && s->left)
		r = around_walk(&s->around);
	around_release(&s->around);
	return r == STOP ? 0 : r;
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
		CLI_OPTION_LIMIT,
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
	if (!cli_operand_peek(&cli))
		cli_operand(&cli, "NODE");
	return cli_end(&cli, subgraph(&s, &cli));
}
