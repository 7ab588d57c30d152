/* graph/convert_prop.c - the properties in the order of the new nodes
 *
 * The rows are read where they lie as the new order comes to them: an edge is found by
 * its ends and by which of equal ones it is, as these keep their order.
 */
#include "base/err.h"
#include "graph/convert_inside.h"

static int old_id(struct convert *c, uint64_t id, uint64_t *out)
{
	uint64_t place;
	int r = dict_place_of(c->to, id, &place);

	return r < 0 ? r : dict_at(c->from, place, out);
}

struct turn {
	struct convert *c;
	struct prop *from;
	struct prop_writer *w;
	struct prop_room room;
};

static int move_row(struct turn *t, uint64_t old, uint64_t row)
{
	struct prop_state s;
	int r = prop_row(t->from, old, &t->room, &s);

	return r < 0 ? r : prop_add(t->w, row, &s);
}

static int turn_nodes(struct turn *t)
{
	uint64_t old;
	int r = 0;

	for (uint64_t id = 0; r == 0 && id < prop_row_n(t->from); id++) {
		r = old_id(t->c, id, &old);
		if (r == 0)
			r = move_row(t, old, id);
		if (r == 0)
			r = convert_look(t->c, 1);
	}
	return r;
}

/* The list L of FROM, whose edges' numbers begin with NUMBER. */
static int turn_list(struct turn *t, uint32_t type, uint64_t from, struct csr_list *l,
		     uint64_t number)
{
	struct graph *g = t->c->g;
	uint64_t to, before = 0, nth = 0, old_from, old_to, old;
	union csr_value value;
	int r = old_id(t->c, from, &old_from), more;

	for (uint64_t i = 0; r == 0 && (more = csr_next(l, &to)) != 0; i++) {
		if (more < 0)
			return more;
		nth = i && to == before ? nth + 1 : 0;
		before = to;
		if (graph_undirected(g) && to < from)
			continue;	/* at its other end */
		r = old_id(t->c, to, &old_to);
		if (r == 0)
			r = graph_edge_number(g, old_from, type, old_to, nth, &old, &value);
		if (r == 0)
			return err_set(ERR_BUG, "an edge was lost on the way to a new order");
		if (r > 0)
			r = move_row(t, old, number + i);
	}
	return r;
}

static int turn_edges(struct turn *t, struct csr *made)
{
	struct csr_list list;
	struct csr_scan scan;
	uint64_t number = 0;
	int r = 0;

	for (uint32_t type = 0; r == 0 && type < csr_type_n(made); type++) {
		csr_scan_begin(&scan, made, type);
		while (r >= 0 && (r = csr_scan_next(&scan, &list)) > 0) {
			r = turn_list(t, type, scan.node, &list, number);
			number += list.n;
			if (r == 0)
				r = convert_look(t->c, list.n);
		}
	}
	return r;
}

static int turn(struct convert *c, struct prop *from, const struct segment_ref *out,
		struct segment_ref *ref)
{
	const struct prop_plan plan = { prop_role(from), prop_row_n(from) };
	struct turn t = { .c = c, .from = from };
	struct csr *made = NULL;
	int r = prop_create(&t.w, &plan, c->o.backend, c->o.store_id, c->o.mem);

	prop_room_init(&t.room, c->o.mem);
	if (r == 0 && plan.role == PROP_NODES)
		r = turn_nodes(&t);
	else if (r == 0 && (r = csr_open(&made, c->o.backend, out, c->o.store_id,
					 c->o.mem)) == 0)
		r = turn_edges(&t, made);
	csr_close(made);
	prop_room_release(&t.room);
	if (r == 0)
		return prop_finish(t.w, ref);
	prop_abort(t.w);
	return r;
}

int convert_props(struct convert *c, enum prop_role role, const struct segment_ref *out,
		  struct segment_ref *ref)
{
	struct prop *from;
	int r = graph_props(c->g, role, &from);

	if (r < 0 || !from)
		return r;
	r = c->renumber ? turn(c, from, out, ref) :
		prop_copy(from, c->o.backend, c->o.store_id, c->o.mem, ref);
	return r < 0 ? r : 1;
}
