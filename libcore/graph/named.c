/* graph/named.c - what the segments say, but for nodes of which changes say it anew */
#include "graph/named.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta.h"
#include "graph/index.h"

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
		r = graph_index(g, &n->index);
	if (r == 0 && n->index && !index_find(n->index, text, &n->in_index))
		n->index = NULL;
	if (r == 0)
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

/* --- by an index --- */

/* From *FIRST to before *END in the index; 1; 0: it does not know better than all. */
static int find_range(struct named *n, const struct named_range *of, uint64_t *first,
		      uint64_t *end)
{
	struct literal_rank rank, least, most;
	int r;

	*first = *end = 0;
	if (!n->index || !n->stored || of->where == NAMED_ANYWHERE)
		return 0;
	if (!literal_rank(of->value, &rank))
		return 1;		/* nothing compares with it */
	least = most = rank;
	if (of->where != NAMED_AT) {
		literal_rank_ends(&rank, &least.word[0], &most.word[0]);
		if (of->where == NAMED_UP_TO)
			most.word[0] = rank.word[0];
		else
			least.word[0] = rank.word[0];
		least.word[1] = 0;
		most.word[1] = UINT64_MAX;
	}
	r = index_range(n->index, n->in_index, &least, &most, first, end);
	return r < 0 ? r : 1;
}

int named_most(struct named *n, const struct named_range *of, uint64_t *out)
{
	uint64_t first, end;
	int r = find_range(n, of, &first, &end);

	*out = r > 0 ? end - first + n->anew_n : n->most;
	return r < 0 ? r : 0;
}

bool named_found(const struct named *n, const struct named_range *of)
{
	return n->index && n->stored && of->where == NAMED_AT;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The nodes of many values, in order; each may be there more than once. */
static int collect(struct named_rows *s, uint64_t first, uint64_t end)
{
	int r = 0;

	s->ids = mem_alloc(graph_mem(s->of->graph), (end - first + 1) * sizeof *s->ids);
	if (!s->ids)
		return ERR_MEMORY;
	for (; r == 0 && first < end; first++)
		r = index_node(s->of->index, s->of->in_index, first, &s->ids[s->id_n++]);
	if (s->id_n)
		qsort(s->ids, s->id_n, sizeof *s->ids, by_id);
	return r;
}

/* The place in the index of the first node that is not below FROM: those of one value lie
 * in order.  Near, most often. */
static int seek_entry(struct named_rows *s, uint64_t from, uint64_t *node)
{
	uint64_t step = 1, lo = s->entry, hi;
	int r = lo < s->end ? index_node(s->of->index, s->of->in_index, lo, node) : 0;

	if (r < 0 || lo == s->end)
		return r;
	for (hi = lo; r == 0 && hi < s->end && *node < from; step *= 2) {
		lo = hi + 1;
		hi = hi + step < s->end ? hi + step : s->end;
		if (hi < s->end)
			r = index_node(s->of->index, s->of->in_index, hi, node);
	}
	while (r == 0 && lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		r = index_node(s->of->index, s->of->in_index, mid, node);
		if (*node < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	s->entry = hi;
	if (r < 0 || hi == s->end)
		return r;
	r = index_node(s->of->index, s->of->in_index, hi, node);
	return r < 0 ? r : 1;
}

static int next_found(struct named_rows *s, uint64_t from, uint64_t *node)
{
	if (!s->ids)
		return seek_entry(s, from, node);
	while (s->id < s->id_n && s->ids[s->id] < from)
		s->id++;
	if (s->id == s->id_n)
		return 0;
	*node = s->ids[s->id];
	return 1;
}

/* --- cursors --- */

#define FEW 8u		/* of so many one: it is cheaper to ask them than to read all */

int named_rows_begin(struct named_rows *s, struct named *n, const struct named_range *of,
		     named_test *test, const void *ctx)
{
	uint64_t first, end;
	int r = find_range(n, of, &first, &end);

	named_rows_release(s);
	*s = (struct named_rows){ .of = n, .test = test, .ctx = ctx, .ended = !n->stored };
	if (r < 0 || !n->stored)
		return r < 0 ? r : 0;
	s->found = r > 0 && (of->where == NAMED_AT || (end - first) * FEW <= n->most);
	if (!s->found)
		return prop_scan_open(&s->scan, n->stored, n->number);
	s->entry = first;
	s->end = end;
	return of->where == NAMED_AT ? 0 : collect(s, first, end);
}

void named_rows_release(struct named_rows *s)
{
	prop_scan_close(s->scan);
	s->scan = NULL;
	if (s->ids)
		mem_free(graph_mem(s->of->graph), s->ids);
	s->ids = NULL;
}

static int next_scanned(struct named_rows *s)
{
	struct literal value;
	int r;

	do
		r = prop_scan_next(s->scan, &s->at, &value);
	while (r > 0 && (changed(s->of->graph, s->at) || !s->test(s->ctx, &value)));
	return r;
}

/* Equal ranks are not always equal values: each is looked at. */
static int next_passing(struct named_rows *s, uint64_t from)
{
	int r, passes;

	for (; (r = next_found(s, from, &s->at)) > 0; from = s->at + 1) {
		passes = changed(s->of->graph, s->at) ? 0 :
			named_passes(s->of, s->at, s->test, s->ctx);
		if (passes)
			return passes;
	}
	return r;
}

/* The segments' first from FROM on, and still so. */
static int stored_from(struct named_rows *s, uint64_t from)
{
	int r;

	if (s->ended || (s->has && s->at >= from))
		return 0;
	r = s->found ? next_passing(s, from) : prop_scan_seek(s->scan, from);
	if (r == 0 && !s->found)
		r = next_scanned(s);
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
