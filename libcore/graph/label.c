/* graph/label.c - stored rows and changed nodes, merged */
#include "graph/label.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta.h"

static bool has_name(const struct prop_state *s, struct bytes name)
{
	for (uint32_t i = 0; i < s->label_n; i++)
		if (bytes_equal(s->label[i], name))
			return true;
	return false;
}

/* The changed nodes whose state has the label. */
static int find_changed(struct label *l, struct delta *d)
{
	struct mem *mem = graph_mem(l->graph);
	struct prop_state s;
	struct prop_room room;
	int r = 0;

	l->node = mem_alloc(mem, delta_node_n(d) * sizeof *l->node);
	if (!l->node)
		return ERR_MEMORY;
	prop_room_init(&room, mem);
	for (uint64_t i = 0; r == 0 && i < delta_node_n(d); i++) {
		uint64_t node = delta_node_at(d, i);

		r = delta_node(d, node, &room, &s);
		if (r > 0 && has_name(&s, l->name))
			l->node[l->node_n++] = node;
		r = r < 0 ? r : 0;
	}
	prop_room_release(&room);
	return r;
}

static int find_stored(struct label *l)
{
	struct prop_label stored;
	int r = graph_props(l->graph, PROP_NODES, &l->props);

	if (r == 0 && l->props)
		r = prop_find_label(l->props, l->name, &l->stored);
	if (r > 0)
		r = prop_label_at(l->props, l->stored, &stored);
	else
		l->props = NULL;
	if (r == 0 && l->props)
		l->row_n = stored.row_n;
	return r;
}

int label_find(struct label *out, struct graph *g, struct bytes name)
{
	int r;

	*out = (struct label){ .name = name, .graph = g };
	r = find_stored(out);
	if (r == 0 && graph_delta(g))
		r = find_changed(out, graph_delta(g));
	if (r < 0) {
		label_release(out);
		return r;
	}
	out->row_n += out->node_n;
	return out->props || out->node_n;
}

void label_release(struct label *l)
{
	if (l->graph)
		mem_free(graph_mem(l->graph), l->node);
	*l = (struct label){0};
}

/* How many changed nodes are below NODE. */
static uint64_t below(const struct label *l, uint64_t lo, uint64_t node)
{
	uint64_t hi = l->node_n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (l->node[mid] < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Does what is stored of the node not count any more? */
static bool is_changed(const struct label *l, uint64_t node)
{
	struct delta *d = graph_delta(l->graph);

	return d && (delta_has_node(d, node) || !dict_has(graph_dict(l->graph), node));
}

int label_has(const struct label *l, uint64_t node)
{
	uint64_t i = below(l, 0, node);

	if (i < l->node_n && l->node[i] == node)
		return 1;
	if (!l->props || node >= dict_stored_n(graph_dict(l->graph)) || is_changed(l, node))
		return 0;
	return prop_has_label(l->props, node, l->stored);
}

/* --- in order --- */

int label_rows_begin(struct label_rows *r, const struct label *l)
{
	r->of = l;
	r->at = 0;
	r->has_row = false;
	r->ended = !l->props;
	return l->props ? prop_label_rows_begin(&r->rows, l->props, l->stored) : 0;
}

int label_rows_seek(struct label_rows *r, uint64_t node)
{
	r->at = below(r->of, r->at, node);
	if (r->ended || (r->has_row && r->row >= node))
		return 0;
	r->has_row = false;
	return prop_label_rows_seek(&r->rows, node);
}

int label_rows_next(struct label_rows *r, uint64_t *node)
{
	const struct label *l = r->of;
	int got = 1;

	while (!r->ended && !r->has_row) {
		got = prop_label_rows_next(&r->rows, &r->row);
		if (got < 0)
			return got;
		r->ended = got == 0;
		r->has_row = got > 0 && !is_changed(l, r->row);
	}
	if (r->at < l->node_n && (!r->has_row || l->node[r->at] < r->row)) {
		*node = l->node[r->at++];
		return 1;
	}
	if (!r->has_row)
		return 0;
	*node = r->row;
	r->has_row = false;
	return 1;
}
