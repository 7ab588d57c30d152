/* graph/compare.c - two graphs side by side */
#include "graph/compare.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta.h"
#include "graph/literal_code.h"

#define NOWHERE UINT64_MAX

struct side {
	struct graph *g;
	struct dict *d;
	struct csr *out;
	struct prop_room room;
	struct buf key;
	uint64_t *edged;		/* a bit a node: it has edges */
	/* of the type at hand */
	bool has_type;
	uint32_t type;
	uint64_t number;		/* of the type's first edge in the segment */
	struct csr_list list;
};

struct item {				/* an edge of a list of the first graph */
	uint64_t to;			/* as the second graph numbers it */
	uint64_t own;			/* as its own does */
	uint64_t i;			/* in the list */
	union csr_value value;
};

struct comparing {
	struct side was, is;
	bool undirected;
	bool says;			/* an edge of either has more than its ends and type */
	uint64_t guess;			/* who may be the next found of the other graph */
	uint64_t *map;			/* nodes of WAS to those of IS; NULL: no room for it */
	struct bytes type;
	struct buf items, run;		/* struct item; of RUN `own` counts as `to` */
	struct buf prop, label, unset, unlabel;
	struct buf from, to;		/* keys */
	int (*each)(void *ctx, const struct update_op *op);
	void *ctx;
};

/* --- who is who --- */

/* 1 and the node of this key: mostly it is the one behind the last one found. */
static int find(struct comparing *c, struct side *s, struct bytes key, uint64_t *id)
{
	int r = 0;

	if (c->guess < dict_id_n(s->d) && dict_has(s->d, c->guess)) {
		r = dict_key(s->d, c->guess, &s->key);
		*id = c->guess;
		if (r < 0)
			return r;
		r = bytes_equal(buf_bytes(&s->key), key);
	}
	if (r == 0)
		r = dict_find(s->d, key, id);
	if (r > 0)
		c->guess = *id + 1;
	return r;
}

/* The node of IS that is the node ID of WAS, or NOWHERE. */
static int other(struct comparing *c, uint64_t id, uint64_t *out)
{
	int r;

	*out = NOWHERE;
	if (c->map) {
		*out = c->map[id];
		return 0;
	}
	r = dict_key(c->was.d, id, &c->was.key);
	if (r == 0)
		r = find(c, &c->is, buf_bytes(&c->was.key), out);
	if (r == 0)
		*out = NOWHERE;
	return r < 0 ? r : 0;
}

static void make_map(struct comparing *c)
{
	uint64_t n = dict_id_n(c->was.d);

	c->map = mem_alloc(graph_mem(c->was.g), (n + 1) * sizeof *c->map);
	if (!c->map)
		err_clear();		/* then without */
	for (uint64_t i = 0; c->map && i < n; i++)
		c->map[i] = NOWHERE;
}

/* --- what is said --- */

static uint32_t same_name(const struct prop_state *s, uint32_t at)
{
	uint32_t n = 1;

	while (at + n < s->prop_n && bytes_equal(s->prop[at + n].name, s->prop[at].name))
		n++;
	return n;
}

/* A weight is a number, whatever the kind of all of them. */
static bool same_value(const struct property *a, const struct property *b, bool edge)
{
	if (literal_equal(&a->value, &b->value))
		return true;
	return edge && graph_is_weight(a) &&
		literal_compare(&a->value, &b->value) == LITERAL_SAME;
}

static bool same_values(const struct property *a, uint32_t a_n, const struct property *b,
			uint32_t b_n, bool edge)
{
	bool same = a_n == b_n;

	for (uint32_t i = 0; same && i < a_n; i++)
		same = same_value(&a[i], &b[i], edge);
	return same;
}

static int differ_props(struct comparing *c, const struct prop_state *was,
			const struct prop_state *is, bool edge)
{
	uint32_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < was->prop_n || k < is->prop_n)) {
		uint32_t i_n = i < was->prop_n ? same_name(was, i) : 0;
		uint32_t k_n = k < is->prop_n ? same_name(is, k) : 0;
		int cmp = !i_n ? 1 : !k_n ? -1 : bytes_cmp(was->prop[i].name, is->prop[k].name);

		if (cmp < 0)
			r = buf_add(&c->unset, &was->prop[i].name, sizeof was->prop[i].name);
		else if (cmp > 0 ||
			 !same_values(&was->prop[i], i_n, &is->prop[k], k_n, edge))
			r = buf_add(&c->prop, &is->prop[k], k_n * sizeof is->prop[k]);
		i += cmp <= 0 ? i_n : 0;
		k += cmp >= 0 ? k_n : 0;
	}
	return r;
}

static int differ_labels(struct comparing *c, const struct prop_state *was,
			 const struct prop_state *is)
{
	uint32_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < was->label_n || k < is->label_n)) {
		int cmp = i == was->label_n ? 1 : k == is->label_n ? -1 :
			bytes_cmp(was->label[i], is->label[k]);

		if (cmp < 0)
			r = buf_add(&c->unlabel, &was->label[i], sizeof was->label[i]);
		else if (cmp > 0)
			r = buf_add(&c->label, &is->label[k], sizeof is->label[k]);
		i += cmp <= 0;
		k += cmp >= 0;
	}
	return r;
}

/* What OP has to say so that WAS becomes IS: 1, 0: nothing. */
static int differ(struct comparing *c, const struct prop_state *was,
		  const struct prop_state *is, struct update_op *op)
{
	int r;

	buf_clear(&c->prop);
	buf_clear(&c->label);
	buf_clear(&c->unset);
	buf_clear(&c->unlabel);
	r = differ_props(c, was, is, op->kind == UPDATE_EDGE);
	if (r == 0)
		r = differ_labels(c, was, is);
	op->prop = (const struct property *)c->prop.ptr;
	op->prop_n = (uint32_t)(c->prop.len / sizeof *op->prop);
	op->label = (const struct bytes *)c->label.ptr;
	op->label_n = (uint32_t)(c->label.len / sizeof *op->label);
	op->unset = (const struct bytes *)c->unset.ptr;
	op->unset_n = (uint32_t)(c->unset.len / sizeof *op->unset);
	op->unlabel = (const struct bytes *)c->unlabel.ptr;
	op->unlabel_n = (uint32_t)(c->unlabel.len / sizeof *op->unlabel);
	return r < 0 ? r : op->prop_n + op->label_n + op->unset_n + op->unlabel_n > 0;
}

/* --- nodes --- */

/* Those that went; the map of those that did not. */
static int old_nodes(struct comparing *c)
{
	struct update_op op = { .kind = UPDATE_DEL_NODE, .cascade = true };
	int r = 0;

	c->guess = 0;
	for (uint64_t place = 0; r == 0 && place < dict_key_n(c->was.d); place++) {
		uint64_t id, there = NOWHERE;

		r = dict_at(c->was.d, place, &id);
		if (r == 0)
			r = dict_key(c->was.d, id, &c->from);
		if (r == 0)
			r = find(c, &c->is, buf_bytes(&c->from), &there);
		op.node = buf_bytes(&c->from);
		if (r == 0)
			r = c->each(c->ctx, &op);
		else if (r > 0 && c->map)
			c->map[id] = there;
		r = r > 0 && there != NOWHERE ? 0 : r;
	}
	return r;
}

static int mark(struct side *s, struct csr *csr)
{
	struct csr_scan scan;
	uint64_t degree;
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < graph_type_n(s->g); t++) {
		csr_scan_begin(&scan, csr, t);
		while ((r = csr_scan_degree(&scan, &degree)) > 0)
			if (degree)
				s->edged[scan.node / 64] |= 1ull << scan.node % 64;
	}
	return r;
}

static int mark_edged(struct side *s)
{
	int r;

	s->edged = mem_zalloc(graph_mem(s->g), (dict_id_n(s->d) / 64 + 1) * sizeof *s->edged);
	if (!s->edged)
		return ERR_MEMORY;
	r = mark(s, s->out);
	return r < 0 || graph_undirected(s->g) ? r : mark(s, graph_csr(s->g, CSR_IN));
}

static bool is_edged(const struct side *s, uint64_t id)
{
	return s->edged[id / 64] >> id % 64 & 1;
}

/* A node is there by its edges; one that has none now, and no state, is said. */
static int new_node(struct comparing *c, uint64_t id, uint64_t before)
{
	struct update_op op = { .kind = UPDATE_NODE, .node = buf_bytes(&c->from) };
	struct prop_state was = {0}, is;
	int r = graph_node_state(c->is.g, id, &c->is.room, &is);

	if (r == 0 && before != NOWHERE)
		r = graph_node_state(c->was.g, before, &c->was.room, &was);
	if (r == 0)
		r = differ(c, &was, &is, &op);
	if (r == 0 && is.label_n + is.prop_n == 0 && !is_edged(&c->is, id))
		r = before == NOWHERE || is_edged(&c->was, before);
	return r > 0 ? c->each(c->ctx, &op) : r;
}

static int new_nodes(struct comparing *c)
{
	int r = 0;

	c->guess = 0;
	for (uint64_t place = 0; r == 0 && place < dict_key_n(c->is.d); place++) {
		uint64_t id, before = NOWHERE;

		r = dict_at(c->is.d, place, &id);
		if (r == 0)
			r = dict_key(c->is.d, id, &c->from);
		if (r == 0)
			r = find(c, &c->was, buf_bytes(&c->from), &before);
		if (r >= 0)
			r = new_node(c, id, r > 0 ? before : NOWHERE);
	}
	return r;
}

/* --- edges --- */

static int next_edge(struct side *s, uint64_t *to, union csr_value *v)
{
	*v = (union csr_value){0};
	return graph_values(s->g) == CSR_NO_VALUES ? csr_next(&s->list, to) :
		csr_next_value(&s->list, to, v);
}

static int state_of(struct comparing *c, struct side *s, uint64_t from, const struct item *e,
		    uint64_t nth, struct prop_state *out)
{
	struct delta *d = graph_delta(s->g);
	int r = 0;

	*out = (struct prop_state){0};
	if (!c->says)
		return 0;
	if (d && !c->undirected)
		r = delta_edge(d, from, s->type, e->own, &s->room, out);
	if (r < 0)
		return r;
	if (r == 0 && !s->list.changed && !c->undirected)	/* their numbers are in order */
		return graph_edge_state_at(s->g, s->number + s->list.edge + e->i, e->value,
					   &s->room, out);
	r = graph_edge_state(s->g, from, s->type, e->own, nth, &s->room, out);
	return r < 0 ? r : 0;
}

/* N equal edges of each: from A's place in the list on, and in RUN. */
static int same_run(struct comparing *c, uint64_t a, uint64_t b, const struct item *x,
		    const struct item *y, uint64_t n, struct update_op *op)
{
	struct prop_state was, is;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < n; i++) {
		r = state_of(c, &c->was, a, &x[i], i, &was);
		if (r == 0)
			r = state_of(c, &c->is, b, &y[i], i, &is);
		if (r == 0)
			r = differ(c, &was, &is, op);
	}
	return r;
}

static int cannot_say(struct comparing *c, uint64_t was_n, uint64_t is_n)
{
	err_set(ERR_UNAVAILABLE, "edge \"%s\" \"%s\" \"%s\": %" PRIu64 " equal ones became %"
		PRIu64 ", or have other properties: no operation says that",
		bytes_show(buf_bytes(&c->from)), bytes_show(c->type),
		bytes_show(buf_bytes(&c->to)), was_n, is_n);
	err_hint("'strato-graph export --as-of' writes either state");
	return ERR_UNAVAILABLE;
}

/* The edges between two nodes under a type: X_N, and what is in RUN. */
static int compare_run(struct comparing *c, uint64_t a, uint64_t b, uint64_t to,
		       const struct item *x, uint64_t x_n)
{
	const struct item *y = (const struct item *)c->run.ptr;
	uint64_t y_n = c->run.len / sizeof *y;
	struct update_op op = { .kind = UPDATE_EDGE, .type = c->type };
	struct prop_state none = {0}, is;
	int r = x_n == y_n ? same_run(c, a, b, x, y, x_n, &op) : 1;

	if (r <= 0)
		return r;
	r = dict_key(c->is.d, b, &c->from);
	if (r == 0)
		r = dict_key(c->is.d, to, &c->to);
	op.node = buf_bytes(&c->from);
	op.to = buf_bytes(&c->to);
	if (r < 0 || (x_n == 1 && y_n == 1))
		return r < 0 ? r : c->each(c->ctx, &op);
	if (y_n > 1)
		return cannot_say(c, x_n, y_n);
	op.kind = UPDATE_DEL_EDGE;
	if (x_n)
		r = c->each(c->ctx, &op);
	op.kind = UPDATE_EDGE;
	if (r == 0 && y_n)
		r = state_of(c, &c->is, b, y, 0, &is);
	if (r == 0 && y_n)
		r = differ(c, &none, &is, &op);
	return r < 0 || y_n == 0 ? r : c->each(c->ctx, &op);
}

static int by_to(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

/* The list of WAS, as IS numbers its targets, without those that went, and of an
 * undirected graph those that the other end tells of. */
static int gather(struct comparing *c, uint64_t b)
{
	struct item e = {0};
	uint64_t last = 0;
	bool sorted = true;
	int r;

	buf_clear(&c->items);
	while ((r = next_edge(&c->was, &e.own, &e.value)) > 0) {
		r = other(c, e.own, &e.to);
		if (r == 0 && e.to != NOWHERE && !(c->undirected && e.to < b)) {
			sorted &= e.to >= last;
			last = e.to;
			r = buf_add(&c->items, &e, sizeof e);
		}
		if (r < 0)
			return r;
		e.i++;
	}
	if (!sorted)
		qsort(c->items.ptr, c->items.len / sizeof e, sizeof e, by_to);
	return r;
}

/* The edges of IS to the node of E, which is the next, into RUN; E becomes the one
 * behind them: 1, or 0. */
static int take_run(struct comparing *c, struct item *e)
{
	uint64_t to = e->own;
	int r = buf_add(&c->run, e, sizeof *e);

	while (r == 0 && (r = next_edge(&c->is, &e->own, &e->value)) > 0) {
		e->i++;
		if (e->own != to)
			return 1;
		r = buf_add(&c->run, e, sizeof *e);
	}
	return r;
}

/* Both lists of the type at hand; A is NOWHERE where WAS has none. */
static int compare_lists(struct comparing *c, uint64_t a, uint64_t b)
{
	struct item e = {0};
	const struct item *x;
	uint64_t at = 0, n;
	int more = 0, r = 0;

	buf_clear(&c->items);
	if (a != NOWHERE)
		r = gather(c, b);
	x = (const struct item *)c->items.ptr;
	n = c->items.len / sizeof *x;
	if (r == 0 && c->is.list.n)
		more = next_edge(&c->is, &e.own, &e.value);
	while (r == 0 && more >= 0 && (at < n || more)) {
		uint64_t to = more && (at == n || e.own < x[at].to) ? e.own : x[at].to, x_n = 0;

		buf_clear(&c->run);
		while (at + x_n < n && x[at + x_n].to == to)
			x_n++;
		if (more && e.own == to)
			more = take_run(c, &e);
		if (more >= 0 && !(c->undirected && to < b))
			r = compare_run(c, a, b, to, x + at, x_n);
		at += x_n;
	}
	return more < 0 ? more : r;
}

static int find_type(struct side *s, struct bytes name)
{
	int r = dict_find_type(s->d, name, &s->type);

	s->has_type = r > 0;
	s->number = 0;
	if (r > 0 && s->type < csr_stored_types(s->out))
		r = graph_type_first(s->g, s->type, &s->number);
	return r < 0 ? r : 0;
}

static int row(struct side *s, uint64_t node)
{
	s->list.n = 0;
	return s->has_type ? csr_row(s->out, s->type, node, &s->list) : 0;
}

/* Lists that WAS has. */
static int old_lists(struct comparing *c)
{
	struct csr_scan scan;
	uint64_t b;
	int r = 0;

	if (!c->was.has_type)
		return 0;
	csr_scan_begin(&scan, c->was.out, c->was.type);
	while (r == 0 && (r = csr_scan_next(&scan, &c->was.list)) > 0) {
		r = other(c, scan.node, &b);
		if (r == 0 && b != NOWHERE)
			r = row(&c->is, b);
		if (r == 0 && b != NOWHERE)
			r = compare_lists(c, scan.node, b);
	}
	return r;
}

/* Lists that IS alone has. */
static int new_lists(struct comparing *c)
{
	struct csr_scan scan;
	uint64_t a, n;
	int r = 0;

	if (!c->is.has_type)
		return 0;
	csr_scan_begin(&scan, c->is.out, c->is.type);
	while (r == 0 && (r = csr_scan_next(&scan, &c->is.list)) > 0) {
		n = 0;
		r = 0;
		if (c->was.has_type) {
			r = dict_key(c->is.d, scan.node, &c->to);
			if (r == 0)
				r = find(c, &c->was, buf_bytes(&c->to), &a);
			if (r > 0)
				r = csr_degree(c->was.out, c->was.type, a, &n);
		}
		if (r == 0 && n == 0)
			r = compare_lists(c, NOWHERE, scan.node);
	}
	return r;
}

static int compare_type(struct comparing *c, struct bytes name)
{
	int r = find_type(&c->was, name);

	c->type = name;
	c->guess = 0;
	if (r == 0)
		r = find_type(&c->is, name);
	if (r == 0)
		r = old_lists(c);
	c->guess = 0;
	return r < 0 ? r : new_lists(c);
}

static int compare_edges(struct comparing *c)
{
	struct bytes name;
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < graph_type_n(c->was.g); t++) {
		r = dict_type(c->was.d, t, &name);
		if (r == 0)
			r = compare_type(c, name);
	}
	for (uint32_t t = 0; r == 0 && t < graph_type_n(c->is.g); t++) {
		r = dict_type(c->is.d, t, &name);
		if (r == 0)
			r = find_type(&c->was, name);
		if (r == 0 && !c->was.has_type)
			r = compare_type(c, name);
	}
	return r;
}

/* --- both --- */

static int begin_side(struct comparing *c, struct side *s, struct graph *g)
{
	const struct delta *changes = graph_delta(g);
	struct prop *p = NULL;
	int r = graph_props(g, PROP_EDGES, &p);

	s->g = g;
	s->d = graph_dict(g);
	s->out = graph_csr(g, CSR_OUT);
	s->key.mem = graph_mem(g);
	prop_room_init(&s->room, graph_mem(g));
	c->says |= p || (changes && delta_note(changes)->edge_says) ||
		graph_values(g) != CSR_NO_VALUES;
	return r;
}

static int begin(struct comparing *c, struct graph *was, struct graph *is)
{
	struct buf *const all[] = { &c->items, &c->run, &c->prop, &c->label, &c->unset,
		&c->unlabel, &c->from, &c->to };
	int r = begin_side(c, &c->was, was);

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		all[i]->mem = graph_mem(was);
	if (r == 0)
		r = begin_side(c, &c->is, is);
	c->undirected = graph_undirected(is);
	if (r == 0 && graph_undirected(was) != c->undirected)
		r = err_set(ERR_UNAVAILABLE, "graph %s: it was %s and is %s", graph_entry(is)->name,
			    c->undirected ? "directed" : "undirected",
			    c->undirected ? "undirected" : "directed");
	return r;
}

static void end(struct comparing *c)
{
	struct buf *const all[] = { &c->items, &c->run, &c->prop, &c->label, &c->unset,
		&c->unlabel, &c->from, &c->to, &c->was.key, &c->is.key };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		buf_release(all[i]);
	mem_free(c->from.mem, c->map);
	mem_free(c->from.mem, c->was.edged);
	mem_free(c->from.mem, c->is.edged);
	prop_room_release(&c->was.room);
	prop_room_release(&c->is.room);
	mem_free(c->from.mem, c);
}

int compare_graphs(struct graph *was, struct graph *is,
		   int (*each)(void *ctx, const struct update_op *op), void *ctx)
{
	struct comparing *c = mem_zalloc(graph_mem(was), sizeof *c);
	int r;

	if (!c)
		return ERR_MEMORY;
	c->each = each;
	c->ctx = ctx;
	r = begin(c, was, is);
	if (r == 0) {
		make_map(c);
		r = mark_edged(&c->was);
	}
	if (r == 0)
		r = mark_edged(&c->is);
	if (r == 0)
		r = old_nodes(c);
	if (r == 0)
		r = new_nodes(c);
	if (r == 0)
		r = compare_edges(c);
	end(c);
	return r;
}
