/* graph/rebuild.c - nodes by their places, edges by their lists */
#include "graph/rebuild.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta.h"

#define SOME 2048u		/* edges between numbers that go together */
#define LOOK_EVERY 65536u	/* edges between two questions whether to stop */

struct feeding {
	struct graph *graph;
	struct build *build;
	uint64_t at;
	int (*stop)(void *ctx);
	void *ctx;
	struct prop_room room;
	struct buf src, dst;
	struct property *prop;		/* without the weight */
	uint32_t prop_cap;
	bool plain, says;		/* plain: edges between numbers and no more */
	struct scan_edge edge[SOME];
	struct text_value value[SOME];
	size_t n;
};

void rebuild_options(struct graph *g, struct build_options *o)
{
	struct dict *d = graph_dict(g);

	o->ids = dict_stored_form(d) == DICT_FORM_STRINGS && dict_stored_n(d) ?
		BUILD_IDS_STRING : BUILD_IDS_AUTO;
	o->equal = graph_entry(g)->flags & GRAPH_MULTI ? BUILD_KEEP : BUILD_FIRST;
	o->layout = csr_layout(graph_csr(g, CSR_OUT));
	o->undirected = graph_undirected(g);
}

static int key_of(struct feeding *f, uint64_t id, struct buf *room, struct text_key *out)
{
	int r = dict_key(graph_dict(f->graph), id, room);

	*out = (struct text_key){ .bytes = buf_bytes(room) };
	if (r == 0)
		out->is_number = text_number(out->bytes, &out->number);
	return r;
}

/* The state of what E is; the weight, if it is said, is its value already. */
static int say(struct feeding *f, const struct prop_state *s, struct text_edge *e)
{
	bool in_value = e->value.kind != TEXT_NO_VALUE &&
		graph_weight_of(s) == GRAPH_WEIGHT_VALUE;
	uint32_t n = 0;

	if (f->says && graph_weight_of(s) == GRAPH_WEIGHT_UNSAID)
		e->value.kind = TEXT_NO_VALUE;

	e->label = s->label;
	e->label_n = s->label_n;
	if (s->prop_n > f->prop_cap) {
		struct property *all = mem_resize(graph_mem(f->graph), f->prop,
						  s->prop_n * sizeof *all);

		if (!all)
			return ERR_MEMORY;
		f->prop = all;
		f->prop_cap = s->prop_n;
	}
	for (uint32_t i = 0; i < s->prop_n; i++)
		if (!in_value || !graph_is_weight(&s->prop[i]))
			f->prop[n++] = s->prop[i];
	e->prop = f->prop;
	e->prop_n = n;
	return 0;
}

static int feed_nodes(struct feeding *f)
{
	struct dict *d = graph_dict(f->graph);
	int r = 0;

	for (uint64_t place = 0; r == 0 && place < dict_key_n(d); place++) {
		struct text_edge e = {0};
		struct prop_state s;
		uint64_t id;

		r = dict_at(d, place, &id);
		if (r == 0)
			r = key_of(f, id, &f->src, &e.src);
		if (r == 0)
			r = graph_node_state(f->graph, id, &f->room, &s);
		if (r == 0)
			r = say(f, &s, &e);
		if (r == 0)
			r = build_add_text_node(f->build, &e, f->at++);
		if (r == 0 && f->stop && place % LOOK_EVERY == 0)
			r = f->stop(f->ctx);
	}
	return r;
}

/* --- edges --- */

static struct text_value value_of(const struct feeding *f, union csr_value v)
{
	enum csr_values kind = graph_values(f->graph);

	return kind == CSR_INTEGERS ? (struct text_value){ .kind = TEXT_INTEGER, .i = v.i } :
		kind == CSR_REALS ? (struct text_value){ .kind = TEXT_REAL, .r = v.r } :
		(struct text_value){0};
}

static int flush(struct feeding *f)
{
	int r = f->n ? build_add_edges(f->build, 0, f->edge,
				       graph_values(f->graph) ? f->value : NULL, f->n, f->at) : 0;

	f->at += f->n;
	f->n = 0;
	return r;
}

static int add_plain(struct feeding *f, uint64_t src, uint64_t to, union csr_value v)
{
	uint64_t dst;
	int r = dict_number(graph_dict(f->graph), to, &dst);

	f->edge[f->n] = (struct scan_edge){ src, dst };
	f->value[f->n++] = value_of(f, v);
	return r == 0 && f->n == SOME ? flush(f) : r;
}

/* Where a list and what is said of its edges come from. */
struct source {
	uint64_t from;
	uint32_t type;
	struct bytes name;
	uint64_t number;		/* of the type's first edge */
};

/* A change of an edge may have left its list as it was. */
static int state_of(struct feeding *f, const struct source *s, const struct csr_list *l,
		    uint64_t i, uint64_t nth, uint64_t to, union csr_value v,
		    struct prop_state *out)
{
	struct delta *d = graph_delta(f->graph);
	int r = d ? delta_edge(d, s->from, s->type, to, &f->room, out) : 0;

	if (r != 0)
		return r;
	if (!l->changed)	/* its edges have their numbers in order */
		return graph_edge_state_at(f->graph, s->number + l->edge + i, v, &f->room, out);
	return graph_edge_state(f->graph, s->from, s->type, to, nth, &f->room, out);
}

static int add_any(struct feeding *f, const struct source *s, const struct csr_list *l,
		   uint64_t i, uint64_t nth, uint64_t to, union csr_value v)
{
	struct text_edge e = { .type = s->name, .value = value_of(f, v) };
	struct prop_state state = {0};
	int r = key_of(f, s->from, &f->src, &e.src);

	if (r == 0)
		r = key_of(f, to, &f->dst, &e.dst);
	if (r == 0 && f->says)
		r = state_of(f, s, l, i, nth, to, v, &state);
	if (r >= 0)
		r = say(f, &state, &e);
	return r < 0 ? r : build_add_texts(f->build, &e, 1, f->at++);
}

static int feed_list(struct feeding *f, const struct source *s, struct csr_list *l)
{
	bool valued = graph_values(f->graph) != CSR_NO_VALUES;
	uint64_t i = 0, nth = 0, to, before = UINT64_MAX, src = 0;
	union csr_value v = {0};
	int r = f->plain ? dict_number(graph_dict(f->graph), s->from, &src) : 0;

	while (r >= 0 && (r = valued ? csr_next_value(l, &to, &v) : csr_next(l, &to)) > 0) {
		nth = to == before ? nth + 1 : 0;
		before = to;
		if (graph_undirected(f->graph) && to < s->from)
			r = 0;		/* its other end has it */
		else if (f->plain)
			r = add_plain(f, src, to, v);
		else
			r = add_any(f, s, l, i, nth, to, v);
		i++;
	}
	return r;
}

static int feed_type(struct feeding *f, uint32_t type)
{
	struct source s = { .type = type };
	uint64_t seen = 0;
	struct csr_list l;
	struct csr_scan scan;
	int r = dict_type(graph_dict(f->graph), type, &s.name);

	if (r == 0 && f->says && type < csr_stored_types(graph_csr(f->graph, CSR_OUT)))
		r = graph_type_first(f->graph, type, &s.number);
	csr_scan_begin(&scan, graph_csr(f->graph, CSR_OUT), type);
	while (r == 0 && (r = csr_scan_next(&scan, &l)) > 0) {
		s.from = scan.node;
		r = feed_list(f, &s, &l);
		seen += l.n;
		if (r == 0 && f->stop && seen >= LOOK_EVERY) {
			seen = 0;
			r = f->stop(f->ctx);
		}
	}
	return r;
}

static int feed_edges(struct feeding *f)
{
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < graph_type_n(f->graph); t++)
		r = feed_type(f, t);
	return r == 0 ? flush(f) : r;
}

/* --- --- */

static int begin(struct feeding *f)
{
	const struct delta *changes = graph_delta(f->graph);
	struct dict *d = graph_dict(f->graph);
	struct bytes name = {0};
	struct prop *p;
	int r = graph_props(f->graph, PROP_EDGES, &p);

	f->says = p || (changes && (delta_note(changes)->edge_says || graph_values(f->graph)));
	if (r == 0 && graph_type_n(f->graph))
		r = dict_type(d, 0, &name);
	f->plain = dict_form(d) != DICT_FORM_STRINGS && graph_type_n(f->graph) <= 1 &&
		name.len == 0 && !f->says;
	return r;
}

int rebuild_feed(struct graph *g, struct build *b, uint64_t *at, int (*stop)(void *ctx),
		 void *ctx)
{
	struct feeding *f = mem_zalloc(graph_mem(g), sizeof *f);
	int r;

	if (!f)
		return ERR_MEMORY;
	f->graph = g;
	f->build = b;
	f->at = *at;
	f->stop = stop;
	f->ctx = ctx;
	f->src.mem = f->dst.mem = graph_mem(g);
	prop_room_init(&f->room, graph_mem(g));
	r = begin(f);
	if (r == 0)
		r = feed_nodes(f);
	if (r == 0)
		r = feed_edges(f);
	*at = f->at;
	prop_room_release(&f->room);
	buf_release(&f->src);
	buf_release(&f->dst);
	mem_free(graph_mem(g), f->prop);
	mem_free(graph_mem(g), f);
	return r;
}
