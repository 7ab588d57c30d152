/* graph/rescue.c - what is there, the nodes, and the graph made of it */
#include "graph/rescue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/convert.h"
#include "graph/index.h"
#include "graph/reindex.h"
#include "graph/rescue_inside.h"

int rescuing_stop(struct rescuing *g)
{
	return g->r->stop ? g->r->stop(g->r->ctx) : 0;
}

int rescuing_tell(struct rescuing *g, struct rescue_lost *l)
{
	g->lost = true;
	return g->r->lost ? g->r->lost(g->r->ctx, l) : 0;
}

/* --- which nodes, in words --- */

static uint64_t node_n(const struct rescuing *g)
{
	return dict_stored_n(g->dict);
}

/* The first key from node I on, below END, that can be read: 1, 0 or an error. */
static int key_from(struct rescuing *g, uint64_t i, uint64_t end, struct buf *out)
{
	for (; i < end; i++) {
		int r = dict_key(g->dict, i, out);

		if (r == 0)
			return 1;
		if (!rescuing_damage(r))
			return r;
	}
	return 0;
}

/* Of nodes whose own keys cannot be read: the last key before them. */
static int key_before(struct rescuing *g, uint64_t i, struct bytes *out)
{
	int r = 0;

	while (i-- > 0 && r == 0) {
		r = key_from(g, i, i + 1, &g->low);
		if (r > 0)
			*out = buf_bytes(&g->low);
	}
	return r < 0 ? r : 0;
}

static int find_bounds(struct rescuing *g, uint64_t first, uint64_t last,
		       struct rescue_lost *l)
{
	int r;

	if (!l->ranged) {
		r = key_from(g, first, last + 1, &g->low);
		l->key = buf_bytes(&g->low);
		return r;
	}
	if (!g->ordered)
		return 1;
	if (l->what == RESCUE_NODES) {
		r = key_before(g, first, &l->key);
	} else {
		r = key_from(g, first, last + 1, &g->low);
		if (r <= 0)
			return r;
		l->key = buf_bytes(&g->low);
	}
	if (r >= 0)
		r = key_from(g, last + 1, node_n(g), &g->high);
	if (r > 0)
		l->before = buf_bytes(&g->high);
	return r < 0 ? r : 1;
}

int rescuing_range(struct rescuing *g, enum rescue_what what, uint64_t first, uint64_t last,
		   uint64_t n, const char *words)
{
	struct rescue_lost l = {
		.what = what, .ranged = first != last || what == RESCUE_NODES,
		.typed = g->typed, .type = g->type, .n = n, .words = words,
	};
	int r = find_bounds(g, first, last, &l);

	/* 0: none of them has a key that can be read, which was told of the nodes */
	return r <= 0 ? r : rescuing_tell(g, &l);
}

int rescuing_flush(struct rescuing *g)
{
	struct rescue_group was = g->group;

	g->group.any = false;
	return was.any ? rescuing_range(g, was.what, was.first, was.last, was.n, g->words) : 0;
}

void rescuing_pass(struct rescuing *g, uint64_t node)
{
	if (node == g->group.reach + 1)
		g->group.reach = node;
}

int rescuing_add(struct rescuing *g, enum rescue_what what, uint64_t node, uint64_t n)
{
	struct rescue_group *at = &g->group;
	int r = 0;

	if (at->any && at->what == what && node == at->last) {
		at->n += n;
		return 0;
	}
	if (at->any && at->what == what && node == at->reach + 1 &&
	    (g->ordered || what == RESCUE_NODES)) {
		at->last = at->reach = node;
		at->n += n;
		return 0;
	}
	if (at->any) {
		struct err_note note;

		err_take(&note, ERR_DAMAGED);
		r = rescuing_flush(g);
		if (r == 0)
			err_give(&note);
	}
	snprintf(g->words, sizeof g->words, "%s", err_message());
	*at = (struct rescue_group){ true, what, node, node, n, node };
	return r;
}

int rescuing_key(struct rescuing *g, uint64_t node, struct buf *room, struct text_key *out)
{
	int r = dict_key(g->dict, node, room);

	*out = (struct text_key){ .bytes = buf_bytes(room) };
	if (r == 0)
		out->is_number = text_number(out->bytes, &out->number);
	return r;
}

/* --- nodes --- */

static int rescue_node(struct rescuing *g, uint64_t node)
{
	struct prop_state s = { 0 };
	struct text_edge e = { 0 };
	int r = rescuing_key(g, node, &g->src, &e.src);

	if (rescuing_damage(r))
		return rescuing_add(g, RESCUE_NODES, node, 1);
	if (r == 0 && g->nodes)
		r = prop_row(g->nodes, node, &g->room, &s);
	if (rescuing_damage(r)) {
		r = rescuing_add(g, RESCUE_NODE_STATES, node, 1);
		s = (struct prop_state){ 0 };
	}
	if (r < 0 || !g->build)
		return r;
	e.label = s.label;
	e.label_n = s.label_n;
	e.prop = s.prop;
	e.prop_n = s.prop_n;
	return build_add_text_node(g->build, &e, g->at++);
}

static int rescue_nodes(struct rescuing *g)
{
	int r = 0;

	if (g->nodes_gone && node_n(g))
		r = rescuing_range(g, RESCUE_NODE_STATES, 0, node_n(g) - 1, node_n(g),
				   "the file of the nodes' properties cannot be opened");
	if (!g->build && g->sound[SEGMENT_DICT] && (g->nodes_gone || g->sound[SEGMENT_PROP]))
		return r;
	for (uint64_t i = 0; r == 0 && i < node_n(g); i++) {
		r = rescue_node(g, i);
		if (r == 0 && i % 65536 == 0)
			r = rescuing_stop(g);
	}
	return r == 0 ? rescuing_flush(g) : r;
}

/* --- what is there --- */

static void ignore(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	(void)ctx, (void)off, (void)tag, (void)expected, (void)got;
}

static int take_csr(struct rescuing *g, struct csr *c)
{
	struct csr **place = csr_direction(c) == CSR_IN ? &g->in : &g->out;

	if (*place || (csr_direction(c) == CSR_BOTH) != g->undirected ||
	    csr_node_n(c) != g->r->graph->node_n) {
		csr_close(c);
		return err_set(ERR_DAMAGED, "graph %s: adjacency it has no place for",
			       g->r->graph->name);
	}
	*place = c;
	return 0;
}

static int take_prop(struct rescuing *g, struct prop *p)
{
	struct prop **place = prop_role(p) == PROP_NODES ? &g->nodes : &g->edges;

	if (*place) {
		prop_close(p);
		return err_set(ERR_DAMAGED, "graph %s: properties it has no place for",
			       g->r->graph->name);
	}
	*place = p;
	return 0;
}

static int open_one(struct rescuing *g, const struct segment_ref *ref, struct segment **seg)
{
	const struct rescue *r = g->r;
	struct prop *p;
	struct csr *c;
	int e = 0;

	*seg = NULL;
	switch (ref->kind) {
	case SEGMENT_DICT:
		e = g->dict ? 0 : dict_open(&g->dict, r->from, ref, r->from_id, r->mem);
		*seg = e == 0 ? dict_segment(g->dict) : NULL;
		return e;
	case SEGMENT_CSR:
		e = csr_open(&c, r->from, ref, r->from_id, r->mem);
		*seg = e == 0 ? csr_segment(c) : NULL;
		return e == 0 ? take_csr(g, c) : e;
	case SEGMENT_PROP:
		e = prop_open(&p, r->from, ref, r->from_id, r->mem);
		*seg = e == 0 ? prop_segment(p) : NULL;
		return e == 0 ? take_prop(g, p) : e;
	default:
		return 0;
	}
}

/* Which of the two files of properties it is that does not open, the other one and what
 * the graph had say. */
static void judge_props(struct rescuing *g, unsigned prop_n)
{
	unsigned there = (g->nodes != NULL) + (g->edges != NULL);

	if (prop_n == 0 || there == prop_n)
		return;
	g->nodes_gone = !g->nodes;
	g->edges_gone = !g->edges;
}

static int open_all(struct rescuing *g)
{
	const struct manifest_graph *m = g->r->graph;
	unsigned prop_n = 0;

	for (unsigned k = 0; k <= SEGMENT_INDEX; k++)
		g->sound[k] = true;
	for (uint32_t i = 0; i < m->segment_n; i++) {
		struct segment_ref ref = m->segment[i];
		struct segment *seg;
		int r;

		ref.mend = true;
		prop_n += ref.kind == SEGMENT_PROP;
		r = open_one(g, &ref, &seg);
		if (r < 0 && !rescuing_damage(r) && r != ERR_IO)
			return r;
		g->sound[ref.kind] &= r == 0 &&
			(g->r->to || !seg || segment_verify(seg, ignore, NULL) == 0);
	}
	judge_props(g, prop_n);
	if (!g->dict || dict_stored_n(g->dict) != m->node_n)
		return err_set(ERR_DAMAGED, "graph %s: its nodes cannot be read", m->name);
	return 0;
}

static void begin(struct rescuing *g)
{
	const struct csr *c = g->out ? g->out : g->in;

	g->ordered = dict_order(g->dict) == DICT_BY_KEY;
	g->values = c ? csr_values(c) : CSR_NO_VALUES;
	g->src.mem = g->dst.mem = g->low.mem = g->high.mem = g->r->mem;
	prop_room_init(&g->room, g->r->mem);
}

static void close_all(struct rescuing *g)
{
	build_abort(g->build);
	dict_close(g->dict);
	csr_close(g->out);
	csr_close(g->in);
	prop_close(g->nodes);
	prop_close(g->edges);
	prop_room_release(&g->room);
	buf_release(&g->src);
	buf_release(&g->dst);
	buf_release(&g->low);
	buf_release(&g->high);
}

/* --- the new one --- */

static int open_build(struct rescuing *g)
{
	const struct csr *c = g->out ? g->out : g->in;
	bool strings = dict_stored_form(g->dict) == DICT_FORM_STRINGS && node_n(g);
	const struct build_options o = {
		.backend = g->r->to, .store_id = g->r->to_id, .mem = g->r->mem,
		.budget = mem_left(g->r->mem) / 2 < BUILD_BUDGET ? mem_left(g->r->mem) / 2 :
			BUILD_BUDGET,
		.ids = strings ? BUILD_IDS_STRING : BUILD_IDS_AUTO,
		.equal = g->multi ? BUILD_KEEP : BUILD_FIRST,
		.layout = c ? csr_layout(c) : CSR_PACKED, .undirected = g->undirected,
		.stop = g->r->stop, .stop_ctx = g->r->ctx,
	};

	return build_open(&g->build, &o);
}

static int stop_order(void *ctx, uint64_t edge_n)
{
	(void)edge_n;
	return rescuing_stop(ctx);
}

/* Hubs first, if it was so. */
static int put_in_order(struct rescuing *g, struct manifest_graph *made)
{
	const struct csr *c = g->out ? g->out : g->in;
	const struct convert_options o = {
		.backend = g->r->to, .store_id = g->r->to_id, .mem = g->r->mem,
		.layout = c ? csr_layout(c) : CSR_PACKED, .order = dict_order(g->dict),
		.stop = stop_order, .stop_ctx = g,
	};
	struct manifest_graph given = *made;
	struct graph *graph = NULL;
	int r;

	if (o.order == DICT_BY_KEY)
		return 0;
	r = graph_open(&graph, o.backend, o.store_id, &given, o.mem);
	if (r == 0)
		r = convert_graph(graph, &o, made);
	graph_close(graph);
	build_discard(o.backend, &given);
	return r;
}

static const struct segment_ref *index_ref(const struct manifest_graph *m)
{
	for (uint32_t i = 0; i < m->segment_n; i++)
		if (m->segment[i].kind == SEGMENT_INDEX)
			return &m->segment[i];
	return NULL;
}

static int stop(void *ctx)
{
	return rescuing_stop(ctx);
}

static int make_index(struct rescuing *g, struct index *was, struct manifest_graph *made)
{
	struct manifest_graph given = *made;
	struct bytes name[INDEX_MOST];
	struct graph *graph = NULL;
	int r = graph_open(&graph, g->r->to, g->r->to_id, &given, g->r->mem);

	for (uint32_t i = 0; i < index_name_n(was); i++)
		name[i] = index_name_at(was, i);
	if (r == 0)
		r = reindex_names(graph, g->r->to, g->r->to_id, name, index_name_n(was), stop, g,
				  &made->segment[made->segment_n]);
	made->segment_n += r == 0;
	graph_close(graph);
	return r;
}

static int rescue_index(struct rescuing *g, struct manifest_graph *made)
{
	struct rescue_lost l = { .what = RESCUE_INDEX };
	const struct segment_ref *ref = index_ref(g->r->graph);
	struct segment_ref mended;
	struct index *was = NULL;
	int r;

	if (!ref)
		return 0;
	mended = *ref;
	mended.mend = true;
	r = index_open(&was, g->r->from, &mended, g->r->from_id, g->r->mem);
	if (r == 0)
		r = make_index(g, was, made);
	index_close(was);
	if (!rescuing_damage(r))
		return r;
	l.words = err_message();
	return rescuing_tell(g, &l);
}

static int finish(struct rescuing *g, struct manifest_graph *made)
{
	struct build *b = g->build;
	struct build_note note;
	int r;

	g->build = NULL;
	r = build_finish(b, made, &note);
	if (r < 0)
		return r;
	r = put_in_order(g, made);
	if (r == 0)
		r = rescue_index(g, made);
	if (r < 0)
		build_discard(g->r->to, made);
	return r;
}

int rescue_graph(const struct rescue *r, struct manifest_graph *made)
{
	struct rescuing g = {
		.r = r, .undirected = r->graph->flags & GRAPH_UNDIRECTED,
		.multi = r->graph->flags & GRAPH_MULTI,
	};
	int e = open_all(&g);

	if (e == 0) {
		begin(&g);
		if (r->to) {
			*made = *r->graph;
			manifest_unfold_graph(made);
			e = open_build(&g);
		}
	}
	if (e == 0)
		e = rescue_nodes(&g);
	if (e == 0)
		e = rescuing_edges(&g);
	if (e == 0 && r->to)
		e = finish(&g, made);
	close_all(&g);
	return e < 0 ? e : g.lost;
}
