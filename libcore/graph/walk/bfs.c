/* graph/walk/bfs.c - one level after the other */
#include "graph/walk/bfs.h"

#include "graph/walk/adjacent.h"

int bfs_begin(struct bfs *b, struct graph *g, enum csr_direction way,
	      const struct graph_types *types, uint64_t start)
{
	*b = (struct bfs){ .graph = g, .way = way, .types = *types };
	seen_init(&b->seen, graph_node_n(g), graph_mem(g));
	return bfs_start(b, start);
}

int bfs_start(struct bfs *b, uint64_t node)
{
	struct seen_node n = { .node = node };
	int r = seen_add(&b->seen, &n);

	return r < 0 ? r : 0;
}

void bfs_end(struct bfs *b)
{
	seen_release(&b->seen);
}

static int meet(void *ctx, const struct graph_edge *e)
{
	struct bfs *b = ctx;
	struct seen_node n = {
		.node = e->to, .from = (uint32_t)b->at, .type = e->type, .way = e->way & 3,
		.hop = b->seen.list[b->at].hop + 1,
	};
	int r = seen_add(&b->seen, &n);

	return r < 0 ? r : 0;
}

int64_t bfs_step(struct bfs *b)
{
	uint64_t end = b->seen.n;
	int r;

	for (b->at = b->level; b->at < end; b->at++) {
		r = graph_neighbours(b->graph, b->seen.list[b->at].node, b->way,
				     &b->types, meet, b);
		if (r < 0)
			return r;
	}
	b->level = end;
	return (int64_t)(b->seen.n - end);
}

int bfs_steps(struct bfs *b, uint64_t hops)
{
	int64_t met = 1;

	while (met > 0 && hops--)
		met = bfs_step(b);
	return met < 0 ? (int)met : 0;
}

/* The neighbours of one node. */
static int tell(struct bfs *b, struct adjacent *a,
		int (*each)(void *ctx, const struct seen_node *n), void *ctx)
{
	struct seen_node met = {
		.from = (uint32_t)b->at, .hop = b->seen.list[b->at].hop + 1,
	};
	const uint64_t *ids;
	int r = adjacent_begin(a, b->seen.list[b->at].node, b->way, &b->types), n;

	while (r == 0 && (n = adjacent_block(a, &ids)) != 0) {
		r = n < 0 ? n : 0;
		for (uint32_t i = 0; r == 0 && i < (uint32_t)n; i++) {
			met.node = ids[i];
			met.type = adjacent_type(a, i);
			met.way = adjacent_way(a, i) & 3;
			r = seen_add(&b->seen, &met);
			if (r == 1)
				r = each(ctx, &met);
		}
	}
	return r;
}

int bfs_walk(struct bfs *b, uint64_t hops,
	     int (*each)(void *ctx, const struct seen_node *n), void *ctx)
{
	struct adjacent a;
	int r = 0;

	adjacent_init(&a, b->graph);
	for (b->at = 0; r == 0 && b->at < b->seen.n && b->seen.list[b->at].hop < hops; b->at++)
		r = tell(b, &a, each, ctx);
	adjacent_release(&a);
	return r;
}
