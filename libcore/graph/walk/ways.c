/* graph/walk/ways.c - two sweeps and what finds a row at once */
#include "graph/walk/ways.h"

#include "base/err.h"
#include "base/mem.h"

/* Nodes ahead of the one at hand whose rows, and then lists, are fetched. */
#define HINT_AHEAD 12u
#define FIND_AHEAD 6u

static enum csr_direction other_way(enum csr_direction way)
{
	return way == CSR_OUT ? CSR_IN : way == CSR_IN ? CSR_OUT : CSR_BOTH;
}

int ways_open(struct ways *w, struct graph *g, enum csr_direction way,
	      const struct graph_types *types, unsigned threads)
{
	bool one = graph_undirected(g) || way == CSR_BOTH;
	int r = sweep_open(&w->ahead, g, way, types, threads);

	w->pull = one ? &w->ahead : &w->against;
	if (r == 0 && !one)
		r = sweep_open(&w->against, g, other_way(way), types, threads);
	if (r < 0)
		return r;
	w->type = mem_alloc(graph_mem(g), w->ahead.source_n * sizeof *w->type);
	if (!w->type)
		return ERR_MEMORY;
	for (uint32_t i = 0; r == 0 && i < w->ahead.source_n; i++)
		r = csr_type_of(w->ahead.source[i].csr, w->ahead.source[i].type, &w->type[i]);
	return r;
}

void ways_close(struct ways *w)
{
	if (w->ahead.graph)
		mem_free(graph_mem(w->ahead.graph), w->type);
	sweep_close(&w->ahead);
	sweep_close(&w->against);
	*w = (struct ways){0};
}

int ways_degree(const struct ways *w, uint64_t node, uint64_t *out)
{
	uint64_t n;
	int r = 0;

	*out = 0;
	for (uint32_t i = 0; r == 0 && i < w->ahead.source_n; i++) {
		r = csr_degree_of(w->ahead.source[i].csr, &w->type[i], node, &n);
		*out += n;
	}
	return r;
}

void ways_hint(const struct ways *w, uint64_t node)
{
	for (uint32_t i = 0; i < w->ahead.source_n; i++)
		csr_row_hint(w->ahead.source[i].csr, &w->type[i], node);
}

static int lists_of(struct csr *c, const struct csr_type *t, const uint32_t *node, uint64_t n,
		    ways_each *each, void *ctx)
{
	struct csr_place place[FIND_AHEAD + 1];
	struct csr_list l;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < n + HINT_AHEAD; i++) {
		uint64_t find = i - (HINT_AHEAD - FIND_AHEAD), at = i - HINT_AHEAD;

		if (i < n)
			csr_row_hint(c, t, node[i]);
		if (i >= HINT_AHEAD - FIND_AHEAD && find < n)
			r = csr_row_find(c, t, node[find], &place[find % (FIND_AHEAD + 1)]);
		if (r < 0 || i < HINT_AHEAD)
			continue;
		r = csr_row_open(c, t, &place[at % (FIND_AHEAD + 1)], &l);
		if (r == 0 && l.n)
			r = each(ctx, node[at], &l);
	}
	return r < 0 ? r : 0;
}

int ways_lists(const struct ways *w, const uint32_t *node, uint64_t n, ways_each *each, void *ctx)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < w->ahead.source_n; i++)
		r = lists_of(w->ahead.source[i].csr, &w->type[i], node, n, each, ctx);
	return r;
}
