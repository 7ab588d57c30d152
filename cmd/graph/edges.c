/* strato-graph edges - the edges of a graph, as lines that import reads
 *
 * By type, then source, then target, as they are stored; an undirected edge once,
 * its lesser node first.  From or to one node only its lists are read.  --where reads
 * what is said of each edge that is left.
 */
#include "base/err.h"
#include "cmd/graph/chosen.h"

enum { OPT_FROM = 1, OPT_TO };

static const struct cli_tool tool = {
	.name = "strato-graph edges",
	.does = "list the edges",
	.usage = "[OPTION]...",
	.examples = "strato-graph edges -s /data/kv -g web --type=knows -L 10\n"
		    "strato-graph edges -s /data/kv -g web --from=Alice --where='since>=2020'",
};

struct edges {
	struct opened o;
	bool count, half;		/* half: of an undirected edge one end only */
	bool said;			/* edges may have properties */
	const char *from, *to;
	uint64_t from_id, to_id;
	uint64_t left, n;
	struct chosen chosen;		/* of edges: its filters */
};

#define STOP 1		/* -L is reached */

/* --- what is asked of its properties --- */

static bool passes_weight(const struct edges *e, const struct pattern_filter *f,
			  union csr_value v)
{
	struct literal l = { .kind = LITERAL_INTEGER };

	if (graph_values(e->o.graph) == CSR_REALS) {
		l.kind = LITERAL_DOUBLE;
		l.r = v.r;
	} else {
		l.i = v.i;
	}
	return pattern_meets(f, &l);
}

static bool passes(const struct edges *e, const struct pattern_filter *f,
		   const struct graph_edge *g, const struct prop_state *state)
{
	if (e->o.row.weighed && bytes_equal(f->name, bytes_str("weight")))
		return passes_weight(e, f, g->value);
	for (uint32_t i = 0; i < state->prop_n; i++)
		if (bytes_equal(state->prop[i].name, f->name) &&
		    pattern_meets(f, &state->prop[i].value))
			return true;
	return false;
}

static bool passes_all(const struct edges *e, const struct graph_edge *g,
		       const struct prop_state *state)
{
	const struct pattern *p = &e->chosen.p;

	for (uint32_t i = 0; i < p->filter_n; i++)
		if (!passes(e, &p->filter[i], g, state))
			return false;
	return true;
}

static int edge(struct edges *e, uint64_t from, const struct graph_edge *g)
{
	struct prop_state state = {0};
	int r = 0;

	if (e->left == 0)
		return STOP;
	if (!e->count || e->chosen.any)
		r = row_edge_state(&e->o.row, from, g, &state);
	if (r < 0 || !passes_all(e, g, &state))
		return r;
	e->left--;
	e->n++;
	return e->count ? 0 : row_edge_as(&e->o.row, from, g, &state);
}

/* The next of a list, with its value if there are values. */
static int next(const struct edges *e, struct csr_list *l, struct graph_edge *g)
{
	return graph_values(e->o.graph) == CSR_NO_VALUES ? csr_next(l, &g->to) :
		csr_next_value(l, &g->to, &g->value);
}

/* --- all --- */

/* Without a type all lines of a list begin alike. */
static int list_plain(struct edges *e, uint64_t from, struct csr_list *l)
{
	const uint64_t *ids;
	int r = dict_key(graph_dict(e->o.graph), from, &e->o.key), n;

	row_of(&e->o.row, "from", buf_bytes(&e->o.key));
	while (r == 0 && (n = csr_block(l, &ids)) != 0) {
		if (n < 0)
			return n;
		for (; e->half && n && *ids < from; n--)
			ids++;
		if ((uint64_t)n > e->left)
			n = (int)e->left;
		e->left -= (uint64_t)n;
		r = row_each_node(&e->o.row, "to", ids, (uint32_t)n);
		if (e->left == 0)
			return r < 0 ? r : STOP;
	}
	return r;
}

static int list(struct edges *e, uint64_t from, uint32_t type, struct csr_list *l)
{
	struct graph_edge g = { .type = type };
	struct bytes name;
	int r = dict_type(graph_dict(e->o.graph), type, &name);

	if (r < 0)
		return r;
	if (name.len == 0 && !e->count && !e->said && !e->chosen.any &&
	    graph_values(e->o.graph) == CSR_NO_VALUES) {
		r = list_plain(e, from, l);
		row_of(&e->o.row, NULL, bytes_of(NULL, 0));
		return r;
	}
	while ((r = next(e, l, &g)) > 0) {
		if (e->half && g.to < from)
			continue;
		r = edge(e, from, &g);
		if (r)
			return r;
	}
	return r;
}

static int all(struct edges *e, uint32_t type)
{
	struct csr_list l;
	struct csr_scan scan;
	int r;

	csr_scan_begin(&scan, graph_csr(e->o.graph, CSR_OUT), type);
	while ((r = csr_scan_next(&scan, &l)) > 0) {
		r = list(e, scan.node, type, &l);
		if (r)
			return r;
	}
	return r;
}

/* Of directed edges their number is written down. */
static int count_all(struct edges *e)
{
	uint64_t n;
	int r = 0;

	if (e->o.types.all) {
		e->n = graph_entry(e->o.graph)->edge_n;
		return 0;
	}
	for (uint32_t i = 0; r == 0 && i < e->o.types.n; i++) {
		r = csr_type_edges(graph_csr(e->o.graph, CSR_OUT), e->o.types.id[i], &n);
		e->n += n;
	}
	return r;
}

/* --- at one node, or between two --- */

static int outgoing(struct edges *e, uint32_t type)
{
	struct csr_list l;
	int r = csr_row(graph_csr(e->o.graph, CSR_OUT), type, e->from_id, &l);

	return r < 0 ? r : list(e, e->from_id, type, &l);
}

static int incoming(struct edges *e, uint32_t type)
{
	struct graph_edge g = { .type = type };
	struct csr_list l;
	uint64_t from;
	int r = csr_row(graph_csr(e->o.graph, CSR_IN), type, e->to_id, &l);

	while (r == 0 && (r = next(e, &l, &g)) > 0) {
		from = g.to;
		g.to = e->to_id;
		r = edge(e, from, &g);
	}
	return r;
}

/* The shorter of the two lists, near the other node. */
static int between(struct edges *e, uint32_t type)
{
	struct graph_edge g = { .type = type };
	struct csr_list l, in;
	uint64_t wanted = e->to_id;
	int r = csr_row(graph_csr(e->o.graph, CSR_OUT), type, e->from_id, &l);

	if (r == 0)
		r = csr_row(graph_csr(e->o.graph, CSR_IN), type, e->to_id, &in);
	if (r == 0 && in.n < l.n) {
		l = in;
		wanted = e->from_id;
	}
	if (r == 0)
		r = csr_seek(&l, wanted);
	while (r == 0 && (r = next(e, &l, &g)) > 0) {
		if (g.to > wanted)
			return 0;
		r = 0;
		if (g.to == wanted) {
			g.to = e->to_id;
			r = edge(e, e->from_id, &g);
		}
	}
	return r;
}

/* --- */

static int each_type(struct edges *e, int (*of)(struct edges *e, uint32_t type))
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < graph_types_n(e->o.graph, &e->o.types); i++)
		r = of(e, graph_types_at(&e->o.types, i));
	return r == STOP ? 0 : r;
}

static int find(struct edges *e, const char *key, uint64_t *id)
{
	int r = key ? opened_node(&e->o, bytes_str(key), id) : 0;

	return r < 0 ? r : 0;
}

static int answer(struct edges *e)
{
	int r;

	if ((r = find(e, e->from, &e->from_id)) < 0 || (r = find(e, e->to, &e->to_id)) < 0)
		return r;
	if (e->from && e->to)
		r = each_type(e, between);
	else if (e->from || e->to)
		r = each_type(e, e->from ? outgoing : incoming);
	else if (e->count && !e->chosen.any && (e->o.types.all || !graph_undirected(e->o.graph)))
		r = count_all(e);
	else
		r = each_type(e, all);
	if (r == 0 && e->count) {
		row_u64(&e->o.row, "edges", e->n);
		r = row_end(&e->o.row);
	}
	return r;
}

static int edges(struct edges *e, struct cli *c)
{
	struct prop *said = NULL;
	int r = opened_begin(&e->o, c);

	if (r == 0)
		r = opened_rows(&e->o);
	if (r == 0)
		r = opened_types(&e->o);
	if (r == 0)
		e->half = graph_undirected(e->o.graph) && !e->from && !e->to;
	if (r == 0)
		r = graph_props(e->o.graph, PROP_EDGES, &said);
	e->said = said || (e->o.graph && graph_delta(e->o.graph));
	if (r == 0)
		r = answer(e);
	chosen_close(&e->chosen);
	return opened_end(&e->o, r);
}

int edges_main(int argc, const char **argv)
{
	int count = 0;
	const struct poptOption table[] = {
		CLI_FLAG("count", 0, &count, "how many"),
		CLI_TEXT("from", 0, OPT_FROM, "edges from NODE only", "NODE"),
		CLI_TEXT("to", 0, OPT_TO, "edges to NODE only", "NODE"),
		OPTION_TYPE,
		OPTION_WHERE("edges"),
		CLI_OPTION_LIMIT,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct edges e = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	e.count = count;
	e.from = cli_text(&cli, OPT_FROM);
	e.to = cli_text(&cli, OPT_TO);
	e.left = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	if (count && cli_given(&cli, CLI_VAL_LIMIT))
		cli_usage(&cli, "--count and --limit exclude each other");
	chosen_options(&e.chosen, &cli);
	cli_no_more(&cli);
	return cli_end(&cli, edges(&e, &cli));
}
