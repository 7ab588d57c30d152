/* graph/named.c - what the segments say, but for nodes of which changes say it anew */
#include "graph/named.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta.h"

/* Is what the segments say of NODE no longer so? */
static bool changed(struct graph *g, uint64_t node)
{
	const struct delta *d = graph_delta(g);

	return d && (node >= dict_stored_n(graph_dict(g)) || !dict_has(graph_dict(g), node) ||
		     delta_has_node(d, node));
}

static bool has_name(const struct prop_state *state, struct bytes text)
{
	for (uint32_t i = 0; i < state->prop_n; i++)
		if (bytes_equal(state->prop[i].name, text))
			return true;
	return false;
}

/* The nodes with changes whose state has it. */
static int read_changes(struct named *n)
{
	struct delta *d = graph_delta(n->graph);
	struct prop_state state;
	int r = 0;

	if (!d)
		return 0;
	n->anew = mem_alloc(graph_mem(n->graph), (delta_node_n(d) + 1) * sizeof *n->anew);
	if (!n->anew)
		return ERR_MEMORY;
	for (uint64_t i = 0; r >= 0 && i < delta_node_n(d); i++) {
		r = delta_node(d, delta_node_at(d, i), &n->room, &state);
		if (r > 0 && has_name(&state, n->text))
			n->anew[n->anew_n++] = delta_node_at(d, i);
	}
	return r < 0 ? r : 0;
}

static bool among(const uint64_t *ids, uint64_t n, uint64_t id)
{
	uint64_t lo = 0, hi = n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (ids[mid] < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && ids[lo] == id;
}

int named_find(struct named *n, struct graph *g, struct bytes text)
{
	struct prop_name stored;
	struct prop *p;
	int r = graph_props(g, PROP_NODES, &p);

	*n = (struct named){ .text = text, .graph = g };
	prop_room_init(&n->room, graph_mem(g));
	if (r == 0 && p)
		r = prop_find_name(p, text, &n->number);
	if (r > 0) {
		n->stored = p;
		r = prop_name_at(p, n->number, &stored);
		n->most = stored.row_n;
	}
	if (r >= 0)
		r = read_changes(n);
	n->most += n->anew_n;
	return r < 0 ? r : n->most > 0;
}

void named_release(struct named *n)
{
	if (!n->graph)
		return;
	mem_free(graph_mem(n->graph), n->anew);
	n->anew = NULL;
	prop_room_release(&n->room);
}

int named_passes(struct named *n, uint64_t node, named_test *test, const void *ctx)
{
	struct prop_state state = {0};
	int r = 0;

	if (changed(n->graph, node)) {
		if (among(n->anew, n->anew_n, node))
			r = delta_node(graph_delta(n->graph), node, &n->room, &state);
	} else if (n->stored) {
		r = prop_values(n->stored, node, n->number, &n->room, &state);
	}
	for (uint32_t i = 0; r >= 0 && i < state.prop_n; i++)
		if (bytes_equal(state.prop[i].name, n->text) && test(ctx, &state.prop[i].value))
			return 1;
	return r < 0 ? r : 0;
}

/* --- cursors --- */

int named_rows_begin(struct named_rows *s, struct named *n, named_test *test, const void *ctx)
{
	prop_scan_close(s->scan);
	*s = (struct named_rows){ .of = n, .test = test, .ctx = ctx, .ended = !n->stored };
	return n->stored ? prop_scan_open(&s->scan, n->stored, n->number) : 0;
}

void named_rows_release(struct named_rows *s)
{
	prop_scan_close(s->scan);
	s->scan = NULL;
}

/* The segments' first from FROM on, and still so. */
static int stored_from(struct named_rows *s, uint64_t from)
{
	struct literal value;
	int r;

	if (s->ended || (s->has && s->at >= from))
		return 0;
	r = prop_scan_seek(s->scan, from);
	do {
		if (r >= 0)
			r = prop_scan_next(s->scan, &s->at, &value);
	} while (r > 0 && (changed(s->of->graph, s->at) || !s->test(s->ctx, &value)));
	s->has = r > 0;
	s->ended = r == 0;
	return r < 0 ? r : 0;
}

static int anew_from(struct named_rows *s, uint64_t from)
{
	struct named *n = s->of;
	int r = 0;

	for (; r == 0 && s->next < n->anew_n; s->next += r == 0)
		if (n->anew[s->next] >= from)
			r = named_passes(n, n->anew[s->next], s->test, s->ctx);
	return r < 0 ? r : 0;
}

int named_rows_seek(struct named_rows *s, uint64_t from, uint64_t *node)
{
	int r = stored_from(s, from);

	if (r == 0)
		r = anew_from(s, from);
	if (r < 0)
		return r;
	*node = s->has ? s->at : UINT64_MAX;
	if (s->next < s->of->anew_n && s->of->anew[s->next] < *node)
		*node = s->of->anew[s->next];
	return *node != UINT64_MAX;
}
