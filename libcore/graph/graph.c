/* graph/graph.c - segments that belong together */
#include "graph/graph.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta_segment.h"
#include "graph/index.h"
#include "store/store.h"

struct graph {
	struct mem *mem;
	const struct manifest_graph *entry;
	struct dict *dict;
	struct csr *out, *in;		/* in is NULL when undirected */
	struct backend *backend;	/* and the store's id: for what is opened when asked */
	uint8_t store_id[16];
	struct prop *nodes, *edges;	/* once they were asked for; NULL: there is none */
	uint64_t *type_first;		/* with EDGES: number of each type's first edge */
	bool asked;
	struct index *index;		/* the same */
	bool asked_index;
	struct graph_reading reading;
	struct delta *delta;		/* NULL: no changes */
	struct manifest_graph now;	/* entry, when there are changes */
	char *unused;			/* why their segment is not used, or NULL */
};

static int take_csr(struct graph *g, struct csr *c)
{
	struct csr **place = csr_direction(c) == CSR_IN ? &g->in : &g->out;
	bool both = csr_direction(c) == CSR_BOTH;

	if (*place || both != graph_undirected(g)) {
		err_set(ERR_DAMAGED, "%s: adjacency of a direction this graph has no place for",
			segment_path(csr_segment(c)));
		csr_close(c);
		return ERR_DAMAGED;
	}
	*place = c;
	return 0;
}

static int open_segments(struct graph *g, struct backend *b, const uint8_t store_id[16])
{
	const struct segment_ref *ref = g->entry->segment;
	struct csr *c;
	int r = 0;

	for (uint32_t i = 0; i < g->entry->segment_n && r == 0; i++) {
		if (ref[i].kind == SEGMENT_DICT && !g->dict) {
			r = dict_open(&g->dict, b, &ref[i], store_id, g->mem);
		} else if (ref[i].kind == SEGMENT_CSR) {
			r = csr_open(&c, b, &ref[i], store_id, g->mem);
			if (r == 0)
				r = take_csr(g, c);
		} else if (ref[i].kind != SEGMENT_PROP && ref[i].kind != SEGMENT_INDEX &&
			   ref[i].kind != SEGMENT_DELTA) {
			r = err_set(ERR_NEWER, "graph %s: a segment of kind %s",
				    g->entry->name, segment_kind_name(ref[i].kind));
		}
		r = segment_held(r, b, &ref[i]);
	}
	return r;
}

static bool fits(const struct graph *g, const struct csr *c)
{
	return csr_node_n(c) == dict_key_n(g->dict) && csr_type_n(c) == dict_type_n(g->dict);
}

static int agree(const struct graph *g)
{
	const struct manifest_graph *m = g->entry;

	if (!g->dict || !g->out || (!g->in && !graph_undirected(g)))
		return err_set(ERR_DAMAGED, "graph %s: a segment is missing", m->name);
	if (!fits(g, g->out) || (g->in && (!fits(g, g->in) ||
					   csr_edge_n(g->in) != csr_edge_n(g->out))) ||
	    dict_key_n(g->dict) != m->node_n || dict_type_n(g->dict) != m->type_n)
		return err_set(ERR_DAMAGED, "graph %s: its segments are of different graphs",
			       m->name);
	return 0;
}

int graph_open(struct graph **out, struct backend *b, const uint8_t store_id[16],
	       const struct manifest_graph *m, struct mem *mem)
{
	struct graph *g = mem_zalloc(mem, sizeof *g);
	int r;

	if (!g)
		return ERR_MEMORY;
	g->mem = mem;
	g->entry = m;
	g->backend = b;
	memcpy(g->store_id, store_id, sizeof g->store_id);
	r = open_segments(g, b, store_id);
	if (r == 0)
		r = agree(g);
	if (r < 0) {
		graph_close(g);
		return r;
	}
	*out = g;
	return 0;
}

static int read_changes(struct graph *g, struct snapshot *v, const struct delta_of *of)
{
	struct iter *changes;
	int r = snapshot_changes(v, g->entry->space, g->entry->folded, &changes);

	if (r <= 0)
		return r;
	r = delta_open(&g->delta, of, changes);
	iter_close(changes);
	return r;
}

/* From the segment that has most of them: 1, or 0: all of them are to be read. */
static int map_changes(struct graph *g, struct snapshot *v, const struct delta_of *of)
{
	const struct manifest_graph *m = g->entry;
	const struct delta_segment where = { m, g->backend, g->store_id };
	struct iter *newer;
	int r = snapshot_changes(v, m->space, m->upto, &newer);

	if (r < 0)
		return r;
	if (r == 0) {
		r = delta_map(&g->delta, of, &where);
		r = segment_held(r, g->backend, delta_segment_of(m));
		return r < 0 ? r : 1;
	}
	r = delta_merge(&g->delta, of, &where, newer);
	iter_close(newer);
	return segment_held(r, g->backend, delta_segment_of(m));
}

/* 1, or 0: from the segment it cannot be done. */
static int lay_over(struct graph *g, struct store *s, struct snapshot *v, bool mapped)
{
	const struct delta_of of = { g->entry->name, g->dict, g->out, g->in, s, g->mem,
		g->entry->folded };
	int r = mapped ? map_changes(g, v, &of) : read_changes(g, v, &of);

	if (r < 0 || !g->delta)
		return r < 0 || mapped ? r : 1;
	g->now = *g->entry;
	g->now.node_n = dict_key_n(g->dict);
	g->now.type_n = dict_type_n(g->dict);
	g->now.edge_n += (uint64_t)delta_note(g->delta)->edge_more;
	g->entry = &g->now;
	return 1;
}

static int too_much(const struct graph *g)
{
	err_set(ERR_MEMORY, "graph %s: its changes take more memory than memory_limit leaves",
		g->entry->name);
	err_hint("'strato-graph compact -O memory_limit=SIZE' with more, once, folds them into"
		 " the graph");
	return ERR_MEMORY;
}

static int open_changed(struct graph **out, struct store *s, struct snapshot *v,
			const struct manifest_graph *m, bool mapped)
{
	struct graph *g;
	int r = graph_open(&g, store_backend(s), store_id(s), m, store_mem(s));

	if (r < 0)
		return r;
	r = lay_over(g, s, v, mapped);
	if (r == ERR_MEMORY)
		too_much(g);
	if (r <= 0)
		graph_close(g);
	else
		*out = g;
	return r;
}

/* The entries say the same as a segment that is damaged, or of another form. */
static int open_without(struct graph **out, struct store *s, struct snapshot *v,
			const struct manifest_graph *m)
{
	struct mem *mem = store_mem(s);
	size_t len = strlen(err_message()) + 1;
	char *why = mem_alloc(mem, len);
	int r = why ? 0 : ERR_MEMORY;

	if (r == 0) {
		memcpy(why, err_message(), len);
		r = open_changed(out, s, v, m, false);
	}
	if (r > 0) {
		(*out)->unused = why;
		err_clear();
	} else {
		mem_free(mem, why);
	}
	return r;
}

int graph_open_changed(struct graph **out, struct store *s, struct snapshot *v,
		       const struct manifest_graph *m)
{
	bool mapped = delta_segment_of(m) && m->upto <= snapshot_version(v);
	int r = open_changed(out, s, v, m, mapped);

	if (r == 0)
		r = open_changed(out, s, v, m, false);
	else if (mapped && (r == ERR_DAMAGED || r == ERR_NEWER))
		r = open_without(out, s, v, m);
	return r < 0 ? r : 0;
}

const char *graph_unused(const struct graph *g)
{
	return g->unused;
}

struct delta *graph_delta(struct graph *g)
{
	return g->delta;
}

void graph_close(struct graph *g)
{
	if (!g)
		return;
	delta_close(g->delta);
	dict_close(g->dict);
	csr_close(g->out);
	csr_close(g->in);
	prop_close(g->nodes);
	prop_close(g->edges);
	index_close(g->index);
	mem_free(g->mem, g->type_first);
	mem_free(g->mem, g->unused);
	mem_free(g->mem, g);
}

/* --- properties --- */

static int take_prop(struct graph *g, struct prop *p)
{
	struct prop **place = prop_role(p) == PROP_NODES ? &g->nodes : &g->edges;
	uint64_t row_n = prop_role(p) == PROP_NODES ? dict_stored_n(g->dict) :
		csr_stored_edges(g->out);

	if (*place || prop_row_n(p) != row_n) {
		err_set(ERR_DAMAGED, "%s: properties of other rows than graph %s has",
			segment_path(prop_segment(p)), g->entry->name);
		prop_close(p);
		return ERR_DAMAGED;
	}
	*place = p;
	return 0;
}

static int open_props(struct graph *g)
{
	const struct segment_ref *ref = g->entry->segment;
	struct prop *p;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->entry->segment_n; i++) {
		if (ref[i].kind != SEGMENT_PROP)
			continue;
		r = segment_held(prop_open(&p, g->backend, &ref[i], g->store_id, g->mem),
				 g->backend, &ref[i]);
		if (r == 0)
			r = take_prop(g, p);
	}
	return r;
}

/* So that an edge's number is not a sum over all types before its own. */
static int sum_types(struct graph *g)
{
	uint32_t n = csr_stored_types(g->out);
	struct csr_type type;
	uint64_t sum = 0;
	int r = 0;

	g->type_first = mem_alloc(g->mem, (n + 1) * sizeof *g->type_first);
	if (!g->type_first)
		return ERR_MEMORY;
	for (uint32_t t = 0; r == 0 && t < n; t++) {
		g->type_first[t] = sum;
		r = csr_type_of(g->out, t, &type);
		sum += r == 0 ? type.edge_n : 0;
	}
	return r;
}

int graph_type_first(struct graph *g, uint32_t type, uint64_t *number)
{
	struct csr_type of;
	int r = 0;

	*number = g->type_first ? g->type_first[type] : 0;
	for (uint32_t t = 0; r == 0 && !g->type_first && t < type; t++) {
		r = csr_type_of(g->out, t, &of);
		*number += r == 0 ? of.edge_n : 0;
	}
	return r;
}

int graph_props(struct graph *g, enum prop_role role, struct prop **out)
{
	int r = 0;

	*out = NULL;
	if (!g->asked)
		r = open_props(g);
	if (r == 0 && !g->asked && g->edges)
		r = sum_types(g);
	if (r < 0) {
		mem_free(g->mem, g->type_first);
		g->type_first = NULL;
		prop_close(g->nodes);
		prop_close(g->edges);
		g->nodes = g->edges = NULL;
		return r;
	}
	g->asked = true;
	*out = role == PROP_NODES ? g->nodes : g->edges;
	return 0;
}

const struct segment_ref *graph_segment(const struct graph *g, enum segment_kind kind)
{
	const struct segment_ref *ref = g->entry->segment;

	for (uint32_t i = 0; i < g->entry->segment_n; i++)
		if (ref[i].kind == kind)
			return &ref[i];
	return NULL;
}

/* Nodes have their properties before edges have theirs. */
int graph_index(struct graph *g, struct index **out)
{
	const struct segment_ref *ref = graph_segment(g, SEGMENT_INDEX);
	const struct segment_ref *prop = graph_segment(g, SEGMENT_PROP);
	int r = 0;

	if (ref && !g->asked_index)
		r = segment_held(index_open(&g->index, g->backend, ref, g->store_id, g->mem),
				 g->backend, ref);
	if (r == 0 && g->index && (!prop || index_prop(g->index) != prop->id)) {
		r = err_set(ERR_DAMAGED, "%s: it is of other properties than graph %s has",
			    segment_path(index_segment(g->index)), g->entry->name);
		index_close(g->index);
		g->index = NULL;
	}
	g->asked_index = r == 0;
	*out = g->index;
	return r;
}

const struct manifest_graph *graph_entry(const struct graph *g)
{
	return g->entry;
}

bool graph_undirected(const struct graph *g)
{
	return g->entry->flags & GRAPH_UNDIRECTED;
}

struct dict *graph_dict(struct graph *g)
{
	return g->dict;
}

struct mem *graph_mem(const struct graph *g)
{
	return g->mem;
}

struct csr *graph_csr(struct graph *g, enum csr_direction direction)
{
	return direction == CSR_IN && g->in ? g->in : g->out;
}

struct graph_reading *graph_reading(struct graph *g)
{
	return &g->reading;
}

uint64_t graph_node_n(const struct graph *g)
{
	return csr_node_n(g->out);
}

uint64_t graph_count(const struct graph *g)
{
	return g->entry->node_n;
}

uint32_t graph_type_n(const struct graph *g)
{
	return (uint32_t)g->entry->type_n;
}

static int each_in(struct csr_list *l, struct graph_edge *e, bool valued, graph_each *each,
		   void *ctx)
{
	const union csr_value *value = NULL;
	const uint64_t *ids;
	int r = 0, n;

	while (r == 0 && (n = csr_block(l, &ids)) != 0) {
		if (n < 0 || (valued && (r = csr_block_values(l, &value)) < 0))
			return n < 0 ? n : r;
		r = 0;
		for (int i = 0; r == 0 && i < n; i++) {
			e->to = ids[i];
			if (valued)
				e->value = value[i];
			r = each(ctx, e);
		}
	}
	return r;
}

static int each_of(struct graph *g, uint64_t node, enum csr_direction way,
		   const struct graph_types *types, graph_each *each, void *ctx)
{
	struct csr *c = graph_csr(g, way);
	struct graph_edge e = { .way = way };
	struct csr_list list;
	int r = 0;

	for (uint32_t i = 0; i < graph_types_n(g, types) && r == 0; i++) {
		e.type = graph_types_at(types, i);
		r = csr_row(c, e.type, node, &list);
		if (r == 0)
			r = each_in(&list, &e, csr_values(c) != CSR_NO_VALUES, each, ctx);
	}
	return r;
}

enum csr_values graph_values(struct graph *g)
{
	return csr_values(g->out);
}

int graph_neighbours(struct graph *g, uint64_t node, enum csr_direction way,
		     const struct graph_types *types, graph_each *each, void *ctx)
{
	int r = 0;

	if (graph_undirected(g))
		way = CSR_OUT;
	if (way & CSR_OUT)
		r = each_of(g, node, CSR_OUT, types, each, ctx);
	if (r == 0 && way & CSR_IN)
		r = each_of(g, node, CSR_IN, types, each, ctx);
	return r;
}

int graph_degree(struct graph *g, uint64_t node, enum csr_direction way,
		 const struct graph_types *types, uint64_t *out)
{
	uint64_t n;
	int r = 0;

	*out = 0;
	if (graph_undirected(g))
		way = CSR_OUT;
	for (unsigned one = CSR_OUT; one <= CSR_IN; one++)
		for (uint32_t i = 0; way & one && i < graph_types_n(g, types); i++) {
			r = csr_degree(graph_csr(g, (enum csr_direction)one),
				       graph_types_at(types, i), node, &n);
			if (r < 0)
				return r;
			*out += n;
		}
	return 0;
}
