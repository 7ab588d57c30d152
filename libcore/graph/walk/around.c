/* graph/walk/around.c - a search that tells its edges
 *
 * An edge is met from both of its ends; it is told at the one that is expanded
 * first.  Nodes of the last step are expanded too, but meet nobody new.
 */
#include "graph/walk/around.h"

void around_init(struct around *a, struct graph *g, const struct graph_types *types,
		 uint64_t hops)
{
	*a = (struct around){ .hops = hops };
	a->bfs = (struct bfs){ .graph = g, .way = CSR_BOTH, .types = *types };
	seen_init(&a->bfs.seen, graph_mem(g));
}

int around_start(struct around *a, uint64_t node)
{
	return bfs_start(&a->bfs, node);
}

void around_release(struct around *a)
{
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

int around_walk(struct around *a)
{
	struct bfs *b = &a->bfs;
	int r = 0;

	for (b->at = 0; b->at < b->seen.n && r == 0; b->at++)
		r = graph_neighbours(b->graph, b->seen.list[b->at].node, CSR_BOTH, &b->types,
				     tell, a);
	return r;
}
