/* graph/walk/around.c - a search that tells its edges
 *
 * An edge is met from both of its ends; it is told at the one that is expanded
 * first.  Nodes of the last step are expanded too, but meet nobody new: a hub among
 * them is not read, the others are looked for in its lists.
 */
#include "graph/walk/around.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

void around_init(struct around *a, struct graph *g, const struct graph_types *types,
		 uint64_t hops)
{
	*a = (struct around){ .hops = hops, .seek = 512 };
	a->bfs = (struct bfs){ .graph = g, .way = CSR_BOTH, .types = *types };
	seen_init(&a->bfs.seen, graph_node_n(g), graph_mem(g));
}

int around_start(struct around *a, uint64_t node)
{
	return bfs_start(&a->bfs, node);
}

void around_release(struct around *a)
{
	mem_free(a->bfs.seen.mem, a->met);
	a->met = NULL;
	bfs_end(&a->bfs);
}

/* The place of TO in the list: one before the place being expanded has told this
 * edge; UINT64_MAX for a node that is too far. */
static int place_of(struct around *a, uint64_t to, uint64_t *place)
{
	struct bfs *b = &a->bfs;
	struct seen_node n = {
		.node = to, .from = (uint32_t)b->at, .hop = b->seen.list[b->at].hop + 1,
	};
	int r;

	if (seen_find(&b->seen, to, place))
		return 0;
	*place = UINT64_MAX;
	if (n.hop > a->hops)
		return 0;
	r = seen_add(&b->seen, &n);
	*place = b->seen.n - 1;
	return r < 0 ? r : 0;
}

static int tell(void *ctx, const struct graph_edge *e)
{
	struct around *a = ctx;
	struct bfs *b = &a->bfs;
	uint64_t node = b->seen.list[b->at].node, place;
	struct graph_edge turned = *e;
	int r = place_of(a, e->to, &place);

	if (r < 0 || place == UINT64_MAX || place < b->at ||
	    (place == b->at && e->way == CSR_IN))
		return r;
	if (e->way == CSR_OUT && !(graph_undirected(b->graph) && e->to < node))
		return a->each(a->ctx, node, e);
	turned.to = node;
	turned.way = CSR_OUT;
	return a->each(a->ctx, e->to, &turned);
}

/* --- a hub of the last step --- */

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* All nodes that were met, in order. */
static int sort_met(struct around *a)
{
	const struct seen *s = &a->bfs.seen;

	if (a->met)
		return 0;
	a->met = mem_alloc(s->mem, s->n * sizeof *a->met);
	if (!a->met)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < s->n; i++)
		a->met[i] = s->list[i].node;
	qsort(a->met, s->n, sizeof *a->met, by_id);
	return 0;
}

/* The edges from the hub to NODE, in the list of one type and direction. */
static int look_for(struct around *a, struct csr_list *l, struct graph_edge *e, uint64_t node)
{
	bool valued = graph_values(a->bfs.graph) != CSR_NO_VALUES;
	int r = csr_seek(l, node);

	while (r == 0 && (r = valued ? csr_next_value(l, &e->to, &e->value) :
			      csr_next(l, &e->to)) > 0) {
		if (e->to > node)
			return 0;
		r = e->to == node ? tell(a, e) : 0;
	}
	return r;
}

static int look_for_all(struct around *a, uint32_t type, enum csr_direction way)
{
	struct bfs *b = &a->bfs;
	struct graph_edge e = { .type = type, .way = way };
	struct csr_list l;
	int r = sort_met(a);

	for (uint64_t i = 0; r == 0 && i < b->seen.n; i++) {
		r = csr_row(graph_csr(b->graph, way), type, b->seen.list[b->at].node, &l);
		if (r == 0 && l.n)
			r = look_for(a, &l, &e, a->met[i]);
	}
	return r;
}

/* A list that is short, or whose node is not of the last step, is read. */
static int expand(struct around *a, uint32_t type, enum csr_direction way)
{
	struct bfs *b = &a->bfs;
	const struct graph_types one = { &type, 1, false };
	uint64_t node = b->seen.list[b->at].node, n = 0;
	int r = 0;

	if (b->seen.list[b->at].hop == a->hops)
		r = csr_degree(graph_csr(b->graph, way), type, node, &n);
	if (r == 0 && n / a->seek > b->seen.n)
		return look_for_all(a, type, way);
	return r < 0 ? r : graph_neighbours(b->graph, node, way, &one, tell, a);
}

int around_walk(struct around *a)
{
	struct bfs *b = &a->bfs;
	enum csr_direction last = graph_undirected(b->graph) ? CSR_OUT : CSR_IN;
	int r = 0;

	for (b->at = 0; b->at < b->seen.n && r == 0; b->at++)
		for (enum csr_direction way = CSR_OUT; r == 0 && way <= last; way++)
			for (uint32_t i = 0; r == 0 && i < graph_types_n(b->graph, &b->types); i++)
				r = expand(a, graph_types_at(&b->types, i), way);
	return r;
}
