/* cmd/graph/export_nodes.c - which nodes are written, and what is said of them
 *
 * Nodes come in key order.  Of the whole graph all that a format has to say are
 * written: those with labels or properties, and those without an edge; of some edges
 * (--type, -L) those that the edges have.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/export.h"
#include "graph/delta.h"

int export_begin_said(struct export *x)
{
	int r;

	x->changed = graph_delta(x->o.graph);
	prop_room_init(&x->room, store_mem(x->o.store));
	r = graph_props(x->o.graph, PROP_NODES, &x->said[0]);
	return r < 0 ? r : graph_props(x->o.graph, PROP_EDGES, &x->said[1]);
}

void export_release_said(struct export *x)
{
	if (!x->o.store)
		return;
	mem_free(store_mem(x->o.store), x->touched);
	prop_room_release(&x->room);
}

/* --- which nodes have an edge --- */

static bool is_whole(const struct export *x)
{
	return !x->around && x->o.types.all && x->left == UINT64_MAX;
}

void export_touch(struct export *x, const struct export_edge *e)
{
	x->touched[e->src / 64] |= 1ull << (e->src & 63);
	x->touched[e->dst / 64] |= 1ull << (e->dst & 63);
}

static bool is_touched(const struct export *x, uint64_t id)
{
	return x->touched[id / 64] >> (id & 63) & 1;
}

static int ignore(struct export *x, const struct export_edge *e)
{
	(void)x;
	(void)e;
	return 0;
}

/* Nodes without edges are looked for by formats that say nodes first; and, when all of
 * the graph is written, by those that cannot say them, or say them last. */
int export_mark(struct export *x)
{
	const struct export_format *f = x->format;
	uint64_t words = graph_node_n(x->o.graph) / 64 + 1;

	if (!f->node && (!is_whole(x) || f->all || (f->lone && !f->end)))
		return 0;
	x->touched = mem_zalloc(store_mem(x->o.store), 8 * words);
	if (!x->touched)
		return ERR_MEMORY;
	return f->node ? export_each(x, ignore) : 0;
}

/* --- what is said --- */

static int put_node(struct export *x, uint64_t id)
{
	struct prop_state state = {0};
	bool linked = is_touched(x, id);
	int r = 0;

	if (!linked && !is_whole(x) && !x->around)
		return 0;
	if (x->said[0] || x->changed)
		r = graph_node_state(x->o.graph, id, &x->room, &state);
	if (r < 0 || (linked && !state.label_n && !state.prop_n && !x->format->each_node))
		return r;
	x->lone_n += !linked && !state.label_n && !state.prop_n;
	return x->format->node(x, id, &state);
}

int export_nodes(struct export *x)
{
	uint64_t id;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < export_node_n(x); i++) {
		r = export_node_at(x, i, &id);
		if (r == 0)
			r = put_node(x, id);
	}
	return r;
}

static int edge_state(struct export *x, const struct export_edge *e, struct prop_state *out)
{
	union csr_value value = { .i = e->value.i };

	if (e->value.kind == TEXT_REAL)
		value.r = e->value.r;
	return x->changed ? graph_edge_state(x->o.graph, e->src, e->type_id, e->dst, e->nth,
					     &x->room, out) :
		graph_edge_state_at(x->o.graph, e->number, value, &x->room, out);
}

/* A weight that is a number comes as the edge's value already; another takes its place, and
 * so does none. */
int export_edge_state(struct export *x, const struct export_edge *e, struct prop_state *out,
		      struct text_value *weight)
{
	enum graph_weight said;
	struct property *p;
	uint32_t n = 0;
	int r;

	*out = (struct prop_state){0};
	*weight = e->value;
	if (!x->said[1] && !x->changed)
		return 0;
	r = edge_state(x, e, out);
	if (r < 0 || !e->value.kind)
		return r < 0 ? r : 0;
	said = graph_weight_of(out);
	p = (struct property *)(uintptr_t)out->prop;	/* in the room */
	for (uint32_t i = 0; i < out->prop_n; i++)
		if (said != GRAPH_WEIGHT_VALUE || !graph_is_weight(&p[i]))
			p[n++] = p[i];
	if (said != GRAPH_WEIGHT_VALUE)
		weight->kind = TEXT_NO_VALUE;
	out->prop_n = n;
	return 0;
}

/* --- what is not --- */

static void warn_lone(struct export *x)
{
	uint64_t words = graph_node_n(x->o.graph) / 64 + 1, n = graph_count(x->o.graph);

	if (!x->touched || x->format->lone || !is_whole(x))
		return;
	for (uint64_t i = 0; i < words; i++)
		n -= (uint64_t)__builtin_popcountll(x->touched[i]);
	if (x->format->node)
		n = x->lone_n;
	if (n)
		cli_warn(x->o.cli, "%s nodes without edges are not in it: %s cannot carry"
			 " them, jsonl, adjlist, mtx, ldbc can", output_count(n),
			 x->format->name);
}

/* Of nodes or edges that were changed it is not looked at what they have. */
static bool is_said(const struct export *x, enum prop_role role)
{
	const struct prop *p = x->said[role - PROP_NODES];
	const struct delta *d = graph_delta(x->o.graph);

	if (p && (role == PROP_NODES ? prop_added(p) > 0 : prop_name_n(p) > 0))
		return true;
	return d && (role == PROP_NODES ? delta_node_n(d) : delta_edge_n(d)) > 0;
}

void export_warn(struct export *x)
{
	const struct export_format *f = x->format;

	warn_lone(x);
	if (!f->node_props && is_said(x, PROP_NODES))
		cli_warn(x->o.cli, "labels and properties of nodes are not in it: %s cannot"
			 " carry them, jsonl can", f->name);
	if (!f->edge_props && is_said(x, PROP_EDGES))
		cli_warn(x->o.cli, "properties of edges are not in it: %s cannot carry them,"
			 " jsonl can", f->name);
	if (x->changed_n)
		cli_warn(x->o.cli, "%s values have lost their type, language or graph: %s"
			 " cannot carry it, jsonl can", output_count(x->changed_n), f->name);
	if (x->lost_n)
		cli_warn(x->o.cli, "%s values are not in it: %s cannot carry them, jsonl can",
			 output_count(x->lost_n), f->name);
}
