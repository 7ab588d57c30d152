/* strato-graph neighbors - who is adjacent to a node, or some steps away
 *
 * One step without -l: each adjacent node once, in order, as the lists are read.
 * One step with -l: a row an edge.  More steps: each node within them once, nearest first, the
 * start left out.  --label and --where are of the nodes that are shown; a way may lead
 * past others.
 */
#include "base/err.h"
#include "cmd/graph/chosen.h"
#include "graph/walk/adjacent.h"
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
	struct adjacent adjacent;
	struct chosen chosen;
	enum csr_direction way;
	bool more, batch;
	uint64_t hops, most, left;	/* -L, of each question */
	uint64_t missing_n;
	uint64_t id;			/* whose neighbours */
};

#define STOP 1		/* -L is reached */

static const char *way_name(unsigned way)
{
	return way == CSR_IN ? "in" : "out";
}

static void put_more(struct neighbors *n, uint32_t type, unsigned way, uint64_t hop)
{
	struct row *w = &n->o.row;

	row_type(w, "type", type);
	row_text(w, "direction", graph_undirected(n->o.graph) ? "both" : way_name(way));
	row_u64(w, "hop", hop);
}

/* Behind it the weight, and what else is said of the edge, as tsv has it. */
static int put_edge(void *ctx, const struct graph_edge *e)
{
	struct neighbors *n = ctx;
	int r = chosen_has(&n->chosen, e->to);

	if (r <= 0)
		return r;
	if (n->left-- == 0)
		return STOP;
	row_node(&n->o.row, "node", e->to);
	put_more(n, e->type, e->way, 1);
	row_said(&n->o.row, n->id, e);
	return row_end(&n->o.row);
}

static int put_met(void *ctx, const struct seen_node *s)
{
	struct neighbors *n = ctx;
	int r = chosen_has(&n->chosen, s->node);

	if (r <= 0)
		return r;
	if (n->left-- == 0)
		return STOP;
	row_node(&n->o.row, "node", s->node);
	if (n->more)
		put_more(n, s->type, s->way, s->hop);
	return row_end(&n->o.row);
}

/* Those of SOME ids that are asked for, into ROOM: how many. */
static int choose(struct neighbors *n, const uint64_t **ids, int some, uint64_t *room)
{
	int kept = 0, r = 0;

	for (int i = 0; r >= 0 && i < some; i++) {
		r = chosen_has(&n->chosen, (*ids)[i]);
		if (r > 0)
			room[kept++] = (*ids)[i];
	}
	*ids = room;
	return r < 0 ? r : kept;
}

static int put_adjacent(struct neighbors *n, uint64_t id)
{
	const uint64_t *ids;
	uint64_t room[CSR_BLOCK];
	int r = adjacent_begin(&n->adjacent, id, n->way, &n->o.types), some;

	while (r == 0 && n->left && (some = adjacent_block(&n->adjacent, &ids)) != 0) {
		if (some < 0)
			return some;
		if (n->chosen.any && (some = choose(n, &ids, some, room)) < 0)
			return some;
		some = n->left < (uint64_t)some ? (int)n->left : some;
		n->left -= (uint64_t)some;
		r = row_each_node(&n->o.row, "node", ids, (uint32_t)some);
	}
	return r;
}

static int put_ball(struct neighbors *n, uint64_t id)
{
	struct bfs b;
	int r = bfs_begin(&b, n->o.graph, n->way, &n->o.types, id);

	if (r == 0 && n->left)
		r = bfs_walk(&b, n->hops, put_met, n);
	bfs_end(&b);
	return r;
}

static int absent(struct neighbors *n)
{
	n->missing_n++;
	if (!n->batch)
		return 0;
	row_absent(&n->o.row, "node");
	return row_end(&n->o.row);
}

static int answer(struct neighbors *n, struct bytes key)
{
	uint64_t id;
	int r = opened_node(&n->o, key, &id);

	if (n->batch)
		row_of(&n->o.row, "of", key);
	if (r == ERR_ABSENT)
		return absent(n);
	if (r < 0)
		return r;
	n->left = n->most;
	n->id = id;
	if (n->hops > 1)
		r = put_ball(n, id);
	else if (n->more)
		r = graph_neighbours(n->o.graph, id, n->way, &n->o.types, put_edge, n);
	else
		r = put_adjacent(n, id);
	return r == STOP ? 0 : r;
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
	if (r == 0)
		r = chosen_open(&n->chosen, n->o.graph, true);
	if (r == 0) {
		adjacent_init(&n->adjacent, n->o.graph);
		r = n->batch ? opened_questions(&n->o, RECORD_KEYS, answer_record, n) :
			answer_operands(n);
		adjacent_release(&n->adjacent);
	}
	if (r == 0 && n->missing_n > 1)
		r = err_set(ERR_ABSENT, "%llu nodes are not there",
			    (unsigned long long)n->missing_n);
	else if (r == 0 && n->missing_n)
		r = ERR_ABSENT;
	chosen_close(&n->chosen);
	return opened_end(&n->o, r);
}

int neighbors_main(int argc, const char **argv)
{
	int way[3] = {0}, more = 0;
	const struct poptOption table[] = {
		OPTION_WAY(way),
		OPTION_TYPE,
		OPTION_LABEL,
		OPTION_WHERE("nodes"),
		CLI_TEXT("hops", 0, OPT_HOPS, "nodes at most N steps away (1)", "N"),
		CLI_FLAG("long", 'l', &more, "with type, direction and steps"),
		CLI_TEXT("limit", 'L', CLI_VAL_LIMIT, "stop after N of each node asked for", "N"),
		CLI_OPTION_BATCH,
		CLI_OPTION_NULL,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct neighbors n = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	chosen_options(&n.chosen, &cli);
	n.way = opened_way(&cli, way);
	n.more = more;
	n.batch = cli_given(&cli, CLI_VAL_BATCH);
	n.most = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	n.hops = cli_u64(&cli, OPT_HOPS, 1, (1u << 30) - 1, 1);
	if (!n.batch && !cli_operand_peek(&cli))
		cli_operand(&cli, "NODE");
	return cli_end(&cli, neighbors(&n, &cli));
}
