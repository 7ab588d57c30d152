/* graph/walk/lcc.c - corners of triangles over what there could be */
#include "graph/walk/lcc.h"

#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"

#define SHARE 4096u		/* ranks a thread takes at a time */

struct counting {
	const struct oriented *o;
	uint32_t *degree;
	_Atomic uint64_t next;
};

/* Each edge lies at one of its ends. */
static int count_ends(void *ctx, unsigned who)
{
	struct counting *c = ctx;
	uint64_t n = c->o->node_n, begin;

	(void)who;
	while ((begin = atomic_fetch_add(&c->next, SHARE)) < n)
		for (uint64_t u = begin; u < begin + SHARE && u < n; u++) {
			const uint32_t *list = oriented_list(c->o, u);

			for (uint32_t i = 0; i < c->o->len[u]; i++)
				__atomic_fetch_add(&c->degree[list[i]], 1, __ATOMIC_RELAXED);
			__atomic_fetch_add(&c->degree[u], c->o->len[u], __ATOMIC_RELAXED);
		}
	return 0;
}

static struct triangles_plan completed(const struct triangles_plan *plan)
{
	struct triangles_plan p = *plan;

	p.nodes = p.arcs = true;
	return p;
}

int lcc_memory(struct graph *g, const struct triangles_plan *plan, uint64_t *bytes)
{
	const struct triangles_plan p = completed(plan);
	int r = triangles_memory(g, &p, bytes);

	*bytes += 4 * graph_node_n(g);
	return r;
}

int lcc_find(struct lcc *l, struct graph *g, const struct triangles_plan *plan)
{
	const struct triangles_plan p = completed(plan);
	struct counting c = {0};
	int r;

	*l = (struct lcc){ .each_way = graph_undirected(g) ? 2 : 1 };
	r = triangles_find(&l->triangles, g, &p);
	if (r < 0)
		return r;
	c.o = &l->triangles.oriented;
	l->degree = c.degree = mem_zalloc(l->triangles.mem, c.o->node_n * sizeof *c.degree);
	r = c.degree ? team_run(c.o->thread_n, count_ends, &c) : ERR_MEMORY;
	if (r < 0)
		lcc_release(l);
	return r;
}

void lcc_release(struct lcc *l)
{
	mem_free(l->triangles.mem, l->degree);
	triangles_release(&l->triangles);
	*l = (struct lcc){0};
}

double lcc_at(const struct lcc *l, uint64_t node)
{
	uint64_t d = l->degree[l->triangles.oriented.rank[node]];

	if (d < 2)
		return 0;
	return (double)(triangles_at(&l->triangles, node) * l->each_way) /
	       ((double)d * (double)(d - 1));
}
