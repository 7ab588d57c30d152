/* graph/schema.c - see schema.h
 *
 * Names that the segments have are counted by their place there, others by a number of
 * their own; both come out together, by their bytes.
 */
#include "graph/schema.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/csr_over.h"
#include "graph/delta.h"
#include "graph/intern.h"
#include "graph/literal_code.h"

struct counts {
	int64_t row_n, value_n;
	uint32_t kinds;
};

struct table {
	struct prop *p;			/* NULL: no segment */
	uint32_t n;			/* names there */
	struct counts *more;		/* of each; NULL without changes */
	struct intern *fresh;		/* names that are not there */
	struct buf counts;		/* of each of these */
};

struct schema {
	struct mem *mem;
	struct graph *g;
	struct table table[SCHEMA_TABLES];
	struct prop_room room, other;
	int64_t unweighed_n;		/* edges without a weight, where others have one */
};

/* --- counting --- */

static int find(struct table *t, enum schema_what what, struct bytes text, uint32_t *at)
{
	if (!t->p)
		return 0;
	return what == SCHEMA_LABELS ? prop_find_label(t->p, text, at) :
		prop_find_name(t->p, text, at);
}

static int counts_of(struct schema *s, enum schema_what what, struct bytes text,
		     struct counts **out)
{
	struct table *t = &s->table[what];
	struct counts none = {0};
	uint64_t number;
	uint32_t at;
	int r = find(t, what, text, &at);

	if (r < 0)
		return r;
	if (r > 0) {
		*out = &t->more[at];
		return 0;
	}
	r = intern_add(t->fresh, text, &number);
	if (r == 0 && number * sizeof none == t->counts.len)
		r = buf_add(&t->counts, &none, sizeof none);
	*out = (struct counts *)t->counts.ptr + number;
	return r;
}

/* What is said comes, or goes. */
static int count(struct schema *s, bool edge, const struct prop_state *said, int sign)
{
	enum schema_what what = edge ? SCHEMA_EDGES : SCHEMA_NODES;
	struct counts *c = NULL;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < said->label_n && !edge; i++) {
		r = counts_of(s, SCHEMA_LABELS, said->label[i], &c);
		if (r == 0)
			c->row_n += sign;
	}
	for (uint32_t i = 0; r == 0 && i < said->prop_n; i++) {
		bool next = i == 0 || !bytes_equal(said->prop[i - 1].name, said->prop[i].name);

		if (next)
			r = counts_of(s, what, said->prop[i].name, &c);
		if (r < 0)
			break;
		c->row_n += next ? sign : 0;
		c->value_n += sign;
		c->kinds |= sign > 0 ? 1u << literal_meant(&said->prop[i].value) : 0;
	}
	return r;
}

/* --- changes --- */

static int node_goes(struct schema *s, uint64_t id)
{
	struct prop *p = s->table[SCHEMA_NODES].p;
	struct prop_state was;
	int r;

	if (!p || id >= dict_stored_n(graph_dict(s->g)))
		return 0;
	r = prop_row(p, id, &s->room, &was);
	return r < 0 ? r : count(s, false, &was, -1);
}

static int nodes(struct schema *s, struct delta *d)
{
	uint64_t n;
	const uint64_t *gone = dict_gone(graph_dict(s->g), &n);
	struct prop_state now;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = node_goes(s, gone[i]);
	for (uint64_t i = 0; r == 0 && i < delta_node_n(d); i++) {
		uint64_t id = delta_node_at(d, i);

		if (!dict_has(graph_dict(s->g), id))
			continue;
		r = node_goes(s, id);
		if (r == 0 && (r = delta_node(d, id, &s->other, &now)) > 0)
			r = count(s, false, &now, 1);
	}
	return r;
}

/* A weight that is a number is counted by who has none. */
static int count_edge(struct schema *s, struct prop_state *state, int by)
{
	struct property *p = (struct property *)(uintptr_t)state->prop;	/* in the room */
	enum graph_weight weight = graph_weight_of(state);
	uint32_t n = 0;

	if (!graph_values(s->g))
		return count(s, true, state, by);
	for (uint32_t i = 0; i < state->prop_n; i++)
		if (weight != GRAPH_WEIGHT_VALUE || !graph_is_weight(&p[i]))
			p[n++] = p[i];
	state->prop_n = n;
	s->unweighed_n += weight == GRAPH_WEIGHT_UNSAID ? by : 0;
	return count(s, true, state, by);
}

/* All of the equal ones that the segments have. */
static int edge_goes(struct schema *s, uint64_t from, uint32_t type, uint64_t to)
{
	struct prop *p = s->table[SCHEMA_EDGES].p;
	uint64_t stored_n = dict_stored_n(graph_dict(s->g)), number;
	union csr_value value;
	struct prop_state was;
	int r = 1;

	if ((!p && !graph_values(s->g)) || from >= stored_n || to >= stored_n ||
	    type >= csr_stored_types(graph_csr(s->g, CSR_OUT)))
		return 0;
	for (uint64_t nth = 0; r > 0; nth++) {
		r = graph_edge_number(s->g, from, type, to, nth, &number, &value);
		if (r <= 0)
			break;
		r = graph_edge_state_at(s->g, number, value, &s->room, &was);
		if (r == 0)
			r = count_edge(s, &was, -1);
		r = r < 0 ? r : 1;
	}
	return r;
}

/* Those with changes: what was said of each, and what is, if it is there. */
static int edges(struct schema *s, struct delta *d)
{
	struct over_walk w = { .o = graph_csr(s->g, CSR_OUT)->over };
	struct prop_state now;
	struct over_edge e;
	int r;

	while ((r = over_next(&w, &e)) > 0) {
		if (graph_undirected(s->g) && e.to < e.from)
			continue;
		r = edge_goes(s, e.from, e.type, e.to);
		if (r == 0 && e.there &&
		    (r = delta_edge(d, e.from, e.type, e.to, &s->other, &now)) > 0)
			r = count_edge(s, &now, 1);
		if (r < 0)
			return r;
	}
	return r;
}

/* --- opening --- */

static int open_table(struct schema *s, enum schema_what what)
{
	struct table *t = &s->table[what];
	int r = graph_props(s->g, what == SCHEMA_EDGES ? PROP_EDGES : PROP_NODES, &t->p);

	if (r < 0)
		return r;
	if (t->p)
		t->n = what == SCHEMA_LABELS ? prop_label_n(t->p) : prop_name_n(t->p);
	t->counts.mem = s->mem;
	if (!graph_delta(s->g))
		return 0;
	t->more = mem_zalloc(s->mem, (t->n + 1) * sizeof *t->more);
	return t->more ? intern_open(&t->fresh, NULL, 0, s->mem) : ERR_MEMORY;
}

/* Of the segments' edges those without a weight. */
static int find_unweighed(struct schema *s)
{
	struct prop *p = s->table[SCHEMA_EDGES].p;
	const struct delta *d = graph_delta(s->g);
	struct prop_label label;
	uint32_t number;
	int r = 0;

	if (!graph_values(s->g))
		return 0;
	if (!csr_stored_values(graph_csr(s->g, CSR_OUT))) {
		s->unweighed_n = (int64_t)graph_entry(s->g)->edge_n -
			(d ? delta_note(d)->edge_more : 0);
		return 0;
	}
	if (p)
		r = prop_find_label(p, bytes_str(BUILD_UNWEIGHED), &number);
	if (r > 0)
		r = prop_label_at(p, number, &label);
	else if (r == 0)
		return 0;
	s->unweighed_n = r < 0 ? 0 : (int64_t)label.row_n;
	return r;
}

static int take_changes(struct schema *s)
{
	int r = nodes(s, graph_delta(s->g));

	if (r == 0)
		r = edges(s, graph_delta(s->g));
	for (int i = 0; r == 0 && i < SCHEMA_TABLES; i++)
		r = intern_finish(s->table[i].fresh);
	return r;
}

int schema_open(struct schema **out, struct graph *g)
{
	struct schema *s = mem_zalloc(graph_mem(g), sizeof *s);
	int r = 0;

	if (!s)
		return ERR_MEMORY;
	s->mem = graph_mem(g);
	s->g = g;
	prop_room_init(&s->room, s->mem);
	prop_room_init(&s->other, s->mem);
	for (int i = 0; r == 0 && i < SCHEMA_TABLES; i++)
		r = open_table(s, (enum schema_what)i);
	if (r == 0)
		r = find_unweighed(s);
	if (r == 0 && graph_delta(g))
		r = take_changes(s);
	if (r < 0) {
		schema_close(s);
		return r;
	}
	*out = s;
	return 0;
}

void schema_close(struct schema *s)
{
	if (!s)
		return;
	for (int i = 0; i < SCHEMA_TABLES; i++) {
		mem_free(s->mem, s->table[i].more);
		intern_close(s->table[i].fresh);
		buf_release(&s->table[i].counts);
	}
	prop_room_release(&s->room);
	prop_room_release(&s->other);
	mem_free(s->mem, s);
}

/* --- what there is --- */

/* The property that edges' values are; false when they have none. */
static bool weight_of(struct schema *s, struct prop_name *out)
{
	enum csr_values kind = graph_values(s->g);
	uint64_t n = graph_entry(s->g)->edge_n - (uint64_t)s->unweighed_n;

	*out = (struct prop_name){
		.text = bytes_str("weight"), .row_n = n, .value_n = n,
		.kinds = 1u << (kind == CSR_INTEGERS ? LITERAL_INTEGER : LITERAL_DOUBLE),
	};
	return kind != CSR_NO_VALUES;
}

/* The name at PLACE of the segment, as it is with the changes. */
static int stored_at(struct table *t, enum schema_what what, uint32_t place,
		     struct prop_name *out)
{
	struct prop_label label;
	int r;

	if (what == SCHEMA_LABELS) {
		r = prop_label_at(t->p, place, &label);
		*out = (struct prop_name){ .text = label.text, .row_n = label.row_n };
	} else {
		r = prop_name_at(t->p, place, out);
	}
	if (r == 0 && t->more) {
		out->row_n += (uint64_t)t->more[place].row_n;
		out->value_n += (uint64_t)t->more[place].value_n;
		out->kinds |= t->more[place].kinds;
	}
	return r;
}

struct merge {			/* of three sources, the least first */
	struct table *t;
	enum schema_what what;
	uint32_t place;
	struct prop_name stored, fresh, weight;
	bool has_stored, has_fresh, has_weight;
};

static int next_stored(struct merge *m)
{
	m->has_stored = m->place < m->t->n;
	return m->has_stored ? stored_at(m->t, m->what, m->place++, &m->stored) : 0;
}

static int next_fresh(struct merge *m)
{
	const struct counts *c = (const struct counts *)m->t->counts.ptr;
	uint64_t number;
	int r = m->t->fresh ? intern_next(m->t->fresh, &m->fresh.text, &number) : 0;

	m->has_fresh = r > 0;
	if (r <= 0)
		return r;
	m->fresh.row_n = (uint64_t)c[number].row_n;
	m->fresh.value_n = (uint64_t)c[number].value_n;
	m->fresh.kinds = c[number].kinds;
	return 0;
}

static bool goes_first(bool has, const struct prop_name *a, bool has_other,
		       const struct prop_name *b)
{
	return has && (!has_other || bytes_cmp(a->text, b->text) < 0);
}

/* An edge's weight is counted by the graph; where it is no number for some, these have it
 * as a property. */
static int give(struct merge *m, const struct prop_name *n, schema_each_fn *each, void *ctx)
{
	if (n->row_n == 0)
		return 0;
	if (n == &m->weight || !m->weight.text.len || !bytes_equal(n->text, m->weight.text))
		return each(ctx, m->what, n);
	m->weight.kinds |= n->kinds;
	return 0;
}

int schema_each(struct schema *s, enum schema_what what, schema_each_fn *each, void *ctx)
{
	struct merge m = { .t = &s->table[what], .what = what };
	int r;

	m.has_weight = what == SCHEMA_EDGES && weight_of(s, &m.weight);
	if (!m.has_weight)
		m.weight.text = bytes_of(NULL, 0);
	r = next_stored(&m);
	if (r == 0)
		r = next_fresh(&m);
	while (r == 0 && (m.has_stored || m.has_fresh || m.has_weight)) {
		if (goes_first(m.has_weight, &m.weight, m.has_stored, &m.stored) &&
		    goes_first(m.has_weight, &m.weight, m.has_fresh, &m.fresh)) {
			m.has_weight = false;
			r = give(&m, &m.weight, each, ctx);
		} else if (goes_first(m.has_stored, &m.stored, m.has_fresh, &m.fresh)) {
			r = give(&m, &m.stored, each, ctx);
			r = r ? r : next_stored(&m);
		} else {
			r = give(&m, &m.fresh, each, ctx);
			r = r ? r : next_fresh(&m);
		}
	}
	return r;
}
