/* graph/convert_prop.c - the properties in the order of the new nodes
 *
 * The old rows are walked in their order, each is sorted by what it is called now, and
 * the new rows are written as they come.  An edge is called by its type, its ends, and
 * which it is of equal ones, as these keep their order; beside the rows the lists of
 * the old adjacency tell it, and those of the new one which row it is there.
 */
#include "base/err.h"
#include "graph/convert_inside.h"
#include "graph/records.h"
#include "graph/state.h"

struct turn {
	struct convert *c;
	struct prop_walk *walk;
	struct records *rows;
	struct prop_writer *w;
	struct state_room room;
	struct buf bytes;
	/* the row that comes next of the walk; of the sorted ones */
	bool more;
	uint64_t row;
	struct prop_state s;
	struct records_key key;
	struct bytes record;
};

/* The walk moves on. */
static int next_row(struct turn *t)
{
	int r = prop_walk_next(t->walk, &t->row, &t->s);

	t->more = r > 0;
	return r < 0 ? r : 0;
}

static int next_sorted(struct turn *t)
{
	int r = records_next(t->rows, &t->key, &t->record);

	t->more = r > 0;
	return r < 0 ? r : 0;
}

static int put_row(struct turn *t, uint64_t row, struct bytes state)
{
	struct prop_state s;
	int r = state_decode(&s, state, &t->room);

	return r < 0 ? r : prop_add(t->w, row, &s);
}

/* --- nodes --- */

static int sort_nodes(struct turn *t)
{
	int r = next_row(t);

	while (r == 0 && t->more) {
		struct records_key key = {0};

		buf_clear(&t->bytes);
		r = convert_id(t->c, t->row, &key.word[0]);
		if (r == 0)
			r = state_encode(&t->bytes, &t->s);
		if (r == 0)
			r = records_add(t->rows, &key, buf_bytes(&t->bytes));
		if (r == 0)
			r = convert_look(t->c, 1);
		if (r == 0)
			r = next_row(t);
	}
	return r < 0 ? r : records_finish(t->rows);
}

static int put_nodes(struct turn *t)
{
	int r = next_sorted(t);

	while (r == 0 && t->more) {
		r = put_row(t, t->key.word[0], t->record);
		if (r == 0)
			r = next_sorted(t);
	}
	return r;
}

/* --- edges --- */

/* The NTH of equal edges, from FROM to TO, has the row at hand. */
static int sort_edge(struct turn *t, uint32_t type, uint64_t from, uint64_t to, uint64_t nth)
{
	struct records_key key = { { type } };
	uint8_t head[VARINT_MAX];
	uint64_t a, b;
	int r = convert_id(t->c, from, &a);

	if (r == 0)
		r = convert_id(t->c, to, &b);
	if (r < 0)
		return r;
	key.word[1] = graph_undirected(t->c->g) && b < a ? b : a;
	key.word[2] = a + b - key.word[1];
	buf_clear(&t->bytes);
	r = buf_add(&t->bytes, head, varint_put(head, nth));
	if (r == 0)
		r = state_encode(&t->bytes, &t->s);
	if (r == 0)
		r = records_add(t->rows, &key, buf_bytes(&t->bytes));
	if (r == 0)
		r = convert_look(t->c, 1);
	return r < 0 ? r : next_row(t);
}

/* A list of the old adjacency, whose edges' numbers begin with NUMBER. */
static int sort_list(struct turn *t, uint32_t type, uint64_t from, struct csr_list *l,
		     uint64_t number)
{
	uint64_t to = 0, before = 0, nth = 0;
	int r = 0, got;

	for (uint64_t i = 0; t->more && t->row < number + l->n; i++) {
		got = csr_next(l, &to);
		if (got < 0)
			return got;
		nth = i && to == before ? nth + 1 : 0;
		before = to;
		if (t->row == number + i)
			r = sort_edge(t, type, from, to, nth);
		if (r < 0)
			return r;
	}
	return 0;
}

static int sort_edges(struct turn *t)
{
	struct csr *out = graph_csr(t->c->g, CSR_OUT);
	struct csr_list list;
	struct csr_scan scan;
	uint64_t number = 0;
	int r = next_row(t);

	for (uint32_t type = 0; r == 0 && t->more && type < csr_type_n(out); type++) {
		csr_scan_begin(&scan, out, type);
		while (r == 0 && (r = csr_scan_next(&scan, &list)) > 0) {
			r = sort_list(t, type, scan.node, &list, number);
			number += list.n;
		}
	}
	return r < 0 ? r : records_finish(t->rows);
}

static bool is_of(const struct turn *t, uint32_t type, uint64_t from)
{
	return t->more && t->key.word[0] == type && t->key.word[1] == from;
}

/* A list of the new adjacency. */
static int put_list(struct turn *t, uint32_t type, uint64_t from, struct csr_list *l,
		    uint64_t number)
{
	uint64_t to = 0, before = 0, nth = 0, which;
	int r = 0, got = 1;

	for (uint64_t i = 0; r == 0 && is_of(t, type, from) && (got = csr_next(l, &to)) > 0; i++) {
		size_t n = varint_get(t->record.ptr, t->record.len, &which);

		nth = i && to == before ? nth + 1 : 0;
		before = to;
		if (to != t->key.word[2] || nth != which)
			continue;
		r = put_row(t, number + i, bytes_of(t->record.ptr + n, t->record.len - n));
		if (r == 0)
			r = next_sorted(t);
	}
	return got < 0 ? got : r;
}

static int put_edges(struct turn *t, struct csr *made)
{
	struct csr_list list;
	struct csr_scan scan;
	uint64_t number = 0;
	int r = next_sorted(t);

	for (uint32_t type = 0; r == 0 && t->more && type < csr_type_n(made); type++) {
		csr_scan_begin(&scan, made, type);
		while (r == 0 && (r = csr_scan_next(&scan, &list)) > 0) {
			r = put_list(t, type, scan.node, &list, number);
			number += list.n;
		}
	}
	return r == 0 && t->more ?
		err_set(ERR_BUG, "an edge was lost on the way to a new order") : r;
}

/* --- both --- */

static int turn_edges(struct turn *t, const struct segment_ref *out)
{
	struct convert *c = t->c;
	struct csr *made = NULL;
	int r = csr_open(&made, c->o.backend, out, c->o.store_id, c->o.mem);

	if (r == 0)
		r = sort_edges(t);
	if (r == 0)
		r = put_edges(t, made);
	csr_close(made);
	return r;
}

static int turn(struct convert *c, struct prop *from, const struct segment_ref *out,
		struct segment_ref *ref)
{
	const struct prop_plan plan = { prop_role(from), prop_row_n(from) };
	struct turn t = { .c = c, .bytes.mem = c->o.mem,
			  .room = { .labels.mem = c->o.mem, .props.mem = c->o.mem } };
	int r = prop_create(&t.w, &plan, c->o.backend, c->o.store_id, c->o.mem);

	if (r == 0)
		r = prop_walk_open(&t.walk, from);
	if (r == 0)
		r = records_open(&t.rows, c->o.backend, convert_budget(c), c->o.mem);
	if (r == 0 && plan.role == PROP_EDGES)
		r = turn_edges(&t, out);
	else if (r == 0 && (r = sort_nodes(&t)) == 0)
		r = put_nodes(&t);
	records_close(t.rows);
	prop_walk_close(t.walk);
	state_room_release(&t.room);
	buf_release(&t.bytes);
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
