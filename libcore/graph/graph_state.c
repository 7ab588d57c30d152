/* graph/graph_state.c - what is said of a node or of an edge
 *
 * An edge has a number, its place among all edges of the way out; of an undirected
 * graph, where it has two, the one at the end whose id is less.  What was changed since
 * the segments were built has its state in graph/delta, and no number.
 */
#include <string.h>

#include "base/err.h"
#include "graph/delta_inside.h"
#include "graph/graph.h"

int graph_node_state(struct graph *g, uint64_t node, struct prop_room *room,
		     struct prop_state *out)
{
	struct prop *p;
	int r = 0;

	*out = (struct prop_state){0};
	if (graph_delta(g))
		r = delta_node(graph_delta(g), node, room, out);
	if (r != 0)
		return r < 0 ? r : 0;
	r = graph_props(g, PROP_NODES, &p);
	return r < 0 || !p ? r : prop_row(p, node, room, out);
}

int graph_edge_number(struct graph *g, uint64_t from, uint32_t type, uint64_t to, uint64_t nth,
		      uint64_t *number, union csr_value *value)
{
	bool turned = graph_undirected(g) && to < from;
	uint64_t first, id, place = 0;
	struct csr_list l;
	int r = csr_stored_row(graph_csr(g, CSR_OUT), type, turned ? to : from, &l);

	if (r < 0 || l.n == 0)
		return r;
	to = turned ? from : to;
	r = csr_seek(&l, to);
	while (r >= 0 && (r = csr_next(&l, &id)) > 0 && (id < to || (id == to && nth > 0)))
		nth -= id == to;
	if (r <= 0 || id != to)
		return r < 0 ? r : 0;
	/* what is left, and what was decoded and not taken, lies behind it */
	place = l.n - l.left - (l.filled - l.taken) - 1;
	first = l.edge + place;
	r = csr_values(l.csr) ? csr_value_at(&l, place, value) : 0;
	if (r == 0)
		r = graph_type_first(g, type, number);
	*number += first;
	return r < 0 ? r : 1;
}

enum graph_weight graph_weight_of(const struct prop_state *s)
{
	union csr_value ignored;
	uint32_t n = 0, at = 0;

	for (uint32_t i = 0; i < s->prop_n; i++)
		if (graph_is_weight(&s->prop[i])) {
			n++;
			at = i;
		}
	if (n == 0)
		return GRAPH_WEIGHT_UNSAID;
	return n == 1 && delta_number(&s->prop[at].value, &ignored) != CSR_NO_VALUES ?
		GRAPH_WEIGHT_VALUE : GRAPH_WEIGHT_OTHER;
}

/* Among its name's place in OUT; what is there moves. */
static int add_weight(struct graph *g, union csr_value value, struct prop_room *room,
		      struct prop_state *out)
{
	struct property p = { .name = bytes_str("weight") }, *all;
	uint32_t at = 0;
	int r;

	if (graph_values(g) == CSR_INTEGERS)
		p.value = (struct literal){ .kind = LITERAL_INTEGER, .i = value.i };
	else
		p.value = (struct literal){ .kind = LITERAL_DOUBLE, .r = value.r };
	while (at < out->prop_n && bytes_cmp(out->prop[at].name, p.name) < 0)
		at++;
	if (at < out->prop_n && bytes_equal(out->prop[at].name, p.name))
		return 0;
	r = buf_add(&room->props, &p, sizeof p);
	if (r < 0)
		return r;
	all = (struct property *)room->props.ptr;
	memmove(all + at + 1, all + at, (out->prop_n - at) * sizeof p);
	all[at] = p;
	out->prop = all;
	out->prop_n++;
	return 0;
}

/* Has the stored edge a weight?  The label that says so is nobody else's. */
static bool take_weighed(struct prop_state *s)
{
	bool weighed = s->label_n == 0 || !bytes_equal(*s->label, bytes_str(BUILD_UNWEIGHED));

	s->label_n = 0;
	return weighed;
}

int graph_edge_state_at(struct graph *g, uint64_t number, union csr_value value,
			struct prop_room *room, struct prop_state *out)
{
	struct prop *p;
	int r = graph_props(g, PROP_EDGES, &p);

	*out = (struct prop_state){0};
	if (r == 0 && p)
		r = prop_row(p, number, room, out);
	else
		buf_clear(&room->props);
	if (r < 0 || graph_values(g) == CSR_NO_VALUES || !take_weighed(out) ||
	    csr_stored_values(graph_csr(g, CSR_OUT)) == CSR_NO_VALUES)
		return r;
	return add_weight(g, value, room, out);
}

/* 1: there is an edge FROM, TYPE, TO; 0: there is none. */
static int find_edge(struct graph *g, uint64_t from, uint32_t type, uint64_t to)
{
	struct csr_list l;
	uint64_t id = 0;
	int r = csr_row(graph_csr(g, CSR_OUT), type, from, &l);

	if (r == 0)
		r = csr_seek(&l, to);
	do {
		if (r >= 0)
			r = csr_next(&l, &id);
	} while (r > 0 && id < to);
	return r < 0 ? r : r > 0 && id == to;
}

/* 1: a change said all that the edge is; 0: what is stored counts, unless it is GONE. */
static int changed_edge(struct graph *g, uint64_t from, uint32_t type, uint64_t to, uint64_t nth,
			struct prop_room *room, struct prop_state *out, bool *gone)
{
	int r = find_edge(g, from, type, to);

	*gone = r == 0;
	if (r > 0)
		r = delta_edge(graph_delta(g), from, type, to, room, out);
	*gone |= r > 0 && nth > 0;
	return r;
}

int graph_edge_state(struct graph *g, uint64_t from, uint32_t type, uint64_t to, uint64_t nth,
		     struct prop_room *room, struct prop_state *out)
{
	union csr_value value = {0};
	uint64_t number;
	bool gone = false;
	int r = 0;

	*out = (struct prop_state){0};
	if (graph_delta(g))
		r = changed_edge(g, from, type, to, nth, room, out, &gone);
	if (r != 0 || gone)
		return gone && r >= 0 ? 0 : r;
	r = graph_edge_number(g, from, type, to, nth, &number, &value);
	if (r <= 0)
		return r;
	r = graph_edge_state_at(g, number, value, room, out);
	return r < 0 ? r : 1;
}
