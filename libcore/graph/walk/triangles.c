/* graph/walk/triangles.c - lists as bits, hubs as rows, ranks taken from a counter
 *
 * Marks are bits of all ranks; the first of them are also the set that is held
 * against the rows of hubs.  Low ranks have the most work and are taken first.
 */
#include "graph/walk/triangles.h"

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/walk/hubs.h"

#define SHARE 64u		/* ranks a thread takes at a time */
#define AHEAD 6u		/* lists that are sent for before they are read */
/* With corners rows are square: 2^14 hubs are 32 MiB, 2^15 would be 128. */
#define HUBS_SQUARE (HUBS_MOST / 2)

struct scratch {		/* of a thread; see struct at */
	uint64_t *mark, *both;
	size_t bytes;		/* of each */
	uint32_t *hub, *rest, *common;
	uint64_t found;
};

struct counting {
	const struct triangles_plan *plan;
	struct triangles *out;
	const struct oriented *o;
	struct hubs rows, rows_both;
	hubs_fn *common;
	_Atomic uint64_t next, found, edge_n;
	atomic_bool over;
	struct scratch scratch[TEAM_MOST];
};

/* A list taken apart, its ranks marked. */
struct at {
	uint32_t rank, n;
	const uint32_t *list;
	uint32_t both_n;		/* first in the list: edges each way */
	uint64_t mask;			/* blocks of hubs that have a mark */
	uint32_t hub_n, rest_n;		/* in the scratch: ranks; places in the list */
};

static void mark(const struct counting *c, struct scratch *s, struct at *a)
{
	uint32_t hubs = c->rows.n;

	a->mask = 0;
	a->hub_n = a->rest_n = 0;
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t v = a->list[i];
		bool hub = v < hubs;

		s->mark[v / 64] |= 1ull << (v % 64);
		a->mask |= (uint64_t)hub << (v / HUBS_BLOCK % 64);
		s->hub[a->hub_n] = v;
		s->rest[a->rest_n] = i;
		a->hub_n += hub;
		a->rest_n += !hub;
	}
	for (uint32_t i = 0; i < a->both_n; i++)
		s->both[a->list[i] / 64] |= 1ull << (a->list[i] % 64);
}

static void unmark(struct scratch *s, const struct at *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		s->mark[a->list[i] / 64] = 0;
	for (uint32_t i = 0; i < a->both_n; i++)
		s->both[a->list[i] / 64] = 0;
}

static inline uint32_t both_of(const struct oriented *o, uint32_t rank)
{
	return o->both ? o->both[rank] : 0;
}

/* The list of the I-th of the rest.  Those that follow are sent for, and before that
 * where they are: in a graph without hubs each is a look at a place of its own. */
static inline const uint32_t *rest_list(const struct oriented *o, const struct scratch *s,
					const struct at *a, uint32_t i)
{
	if (i + 2 * AHEAD < a->rest_n) {
		uint32_t v = a->list[s->rest[i + 2 * AHEAD]];

		__builtin_prefetch(&o->first[v]);
		__builtin_prefetch(&o->len[v]);
	}
	if (i + AHEAD < a->rest_n)
		__builtin_prefetch(oriented_list(o, a->list[s->rest[i + AHEAD]]));
	return oriented_list(o, a->list[s->rest[i]]);
}

/* --- all of them --- */

static void count(const struct counting *c, struct scratch *s, const struct at *a)
{
	const struct oriented *o = c->o;

	if (a->hub_n > 1)
		s->found += c->common(&c->rows, s->mark, a->mask, s->hub, a->hub_n, NULL);
	for (uint32_t i = 0; i < a->rest_n; i++) {
		const uint32_t *list = rest_list(o, s, a, i);

		s->found += hubs_met(s->mark, list, o->len[a->list[s->rest[i]]]);
	}
}

/* --- and of each node --- */

static inline void add(uint64_t *corner, uint64_t n)
{
	if (n)
		__atomic_fetch_add(corner, n, __ATOMIC_RELAXED);
}

/* Rows are square: a triangle of U and two hubs is met from either of them. */
static uint64_t hub_corners(const struct counting *c, struct scratch *s, const struct at *a)
{
	uint64_t all = c->common(&c->rows, s->mark, a->mask, s->hub, a->hub_n, s->common);

	for (uint32_t i = 0; i < a->hub_n; i++)
		add(&c->out->corner[s->hub[i]], s->common[i]);
	s->found += all / 2;
	if (!c->o->both)
		return all / 2;
	c->common(&c->rows, s->both, a->mask, s->hub, a->hub_n, s->common);
	for (uint32_t i = 0; i < a->hub_n; i++)
		add(&c->out->corner[s->hub[i]], s->common[i]);
	all += c->common(&c->rows_both, s->mark, a->mask, s->hub, a->hub_n, s->common);
	return all / 2;
}

/* Triangles of U, V and any of V's list. */
static uint64_t rest_corners(const struct counting *c, struct scratch *s, const struct at *a,
			     const uint32_t *list, uint32_t place)
{
	uint32_t v = a->list[place], n = c->o->len[v], both_n = both_of(c->o, v);
	uint64_t *corner = c->out->corner, of_u = 0, of_v = 0, met = 0;
	uint64_t uv = 1 + (place < a->both_n);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t w = list[i];

		if (!(s->mark[w / 64] >> (w % 64) & 1))
			continue;
		of_u += 1 + (i < both_n);
		of_v += 1 + (a->both_n ? s->both[w / 64] >> (w % 64) & 1 : 0);
		add(&corner[w], uv);
		met++;
	}
	add(&corner[v], of_v);
	s->found += met;
	return of_u;
}

static void count_corners(const struct counting *c, struct scratch *s, const struct at *a)
{
	uint64_t of_u = 0;

	if (a->hub_n > 1)
		of_u = hub_corners(c, s, a);
	for (uint32_t i = 0; i < a->rest_n; i++)
		of_u += rest_corners(c, s, a, rest_list(c->o, s, a, i), s->rest[i]);
	add(&c->out->corner[a->rank], of_u);
}

/* --- threads --- */

static uint64_t count_ranks(struct counting *c, struct scratch *s, uint64_t begin, uint64_t end)
{
	uint64_t edge_n = 0;

	for (uint64_t u = begin; u < end; u++) {
		struct at a = { .rank = (uint32_t)u, .n = c->o->len[u] };

		edge_n += a.n;
		if (u + AHEAD < end)
			__builtin_prefetch(oriented_list(c->o, u + AHEAD));
		if (a.n < 2)
			continue;
		a.list = oriented_list(c->o, u);
		a.both_n = both_of(c->o, a.rank);
		mark(c, s, &a);
		for (uint32_t i = 0; i < a.rest_n && i < AHEAD; i++)
			__builtin_prefetch(oriented_list(c->o, a.list[s->rest[i]]));
		if (c->plan->nodes)
			count_corners(c, s, &a);
		else
			count(c, s, &a);
		unmark(s, &a);
	}
	return edge_n;
}

static int take_ranks(void *ctx, unsigned who)
{
	struct counting *c = ctx;
	struct scratch *s = &c->scratch[who];
	uint64_t n = c->o->node_n, begin;
	int r = 0;

	while (r == 0 && !c->over && (begin = atomic_fetch_add(&c->next, SHARE)) < n) {
		c->edge_n += count_ranks(c, s, begin, n - begin < SHARE ? n : begin + SHARE);
		if (who == 0 && c->plan->each)
			r = c->plan->each(c->plan->ctx, c->edge_n);
	}
	if (r < 0)
		c->over = true;
	c->found += s->found;
	return r;
}

/* --- --- */

/* Marks end with whole blocks, as they are held against rows. */
static uint64_t mark_bytes(uint64_t node_n)
{
	return (node_n / HUBS_BLOCK + 1) * (HUBS_BLOCK / 8);
}

int triangles_memory(struct graph *g, const struct triangles_plan *plan, uint64_t *bytes)
{
	const struct oriented_plan how = { plan->types, plan->threads, plan->arcs };
	uint64_t n = graph_node_n(g), threads = plan->threads ? plan->threads : team_default();
	int r = oriented_memory(g, &how, bytes);

	*bytes += threads * mark_bytes(n) * (plan->arcs ? 2 : 1) + (plan->nodes ? 8 * n : 0);
	return r;
}

static int draw_scratch(struct counting *c, struct scratch *s)
{
	struct mem *mem = c->out->mem;
	size_t n = ((size_t)c->o->longest + 1) * sizeof(uint32_t);

	s->bytes = mark_bytes(c->o->node_n);
	s->mark = mem_pages(mem, s->bytes);
	if (c->o->both)
		s->both = mem_pages(mem, s->bytes);
	s->hub = mem_alloc(mem, n);
	s->rest = mem_alloc(mem, n);
	s->common = mem_alloc(mem, n);
	if (!s->mark || (c->o->both && !s->both) || !s->hub || !s->rest || !s->common)
		return ERR_MEMORY;
	memset(s->mark, 0, s->bytes);
	if (s->both)
		memset(s->both, 0, s->bytes);
	return 0;
}

static void free_scratch(struct mem *mem, struct scratch *s)
{
	if (s->mark)
		mem_free_pages(mem, s->mark, s->bytes);
	if (s->both)
		mem_free_pages(mem, s->both, s->bytes);
	mem_free(mem, s->hub);
	mem_free(mem, s->rest);
	mem_free(mem, s->common);
}

static int make_rows(struct counting *c)
{
	uint32_t most = c->plan->nodes ? HUBS_SQUARE : HUBS_MOST;
	int r;

	if (c->plan->hubs && c->plan->hubs < most)
		most = c->plan->hubs;
	r = hubs_make(&c->rows, c->o, c->plan->nodes ? HUBS_ALL : HUBS_LOWER, most);
	if (r == 0 && c->o->both && c->rows.n) {
		r = hubs_make(&c->rows_both, c->o, HUBS_BOTH, c->rows.n);
		if (r == 0 && c->rows_both.n < c->rows.n)
			c->rows.n = 0;	/* memory for one only: all by lists */
	}
	return r;
}

static int run(struct counting *c)
{
	struct triangles *t = c->out;
	int r = 0;

	if (c->plan->nodes) {
		t->corner = mem_zalloc(t->mem, t->oriented.node_n * sizeof *t->corner);
		r = t->corner ? 0 : ERR_MEMORY;
	}
	for (unsigned i = 0; r == 0 && i < c->o->thread_n; i++)
		r = draw_scratch(c, &c->scratch[i]);
	if (r == 0)
		r = make_rows(c);
	if (r == 0)
		r = team_run(c->o->thread_n, take_ranks, c);
	t->n = c->found;
	t->edge_n = c->edge_n + t->oriented.end_n;
	return r;
}

int triangles_find(struct triangles *t, struct graph *g, const struct triangles_plan *plan)
{
	const struct oriented_plan how = { plan->types, plan->threads,
					   plan->arcs && !graph_undirected(g) };
	struct counting *c;
	int r;

	*t = (struct triangles){ .mem = graph_mem(g) };
	c = mem_zalloc(t->mem, sizeof *c);
	if (!c)
		return ERR_MEMORY;
	*c = (struct counting){ .plan = plan, .out = t, .o = &t->oriented, .common = hubs_best() };
	r = oriented_make(&t->oriented, g, &how);
	if (r == 0)
		r = run(c);
	hubs_release(&c->rows);
	hubs_release(&c->rows_both);
	for (unsigned i = 0; i < TEAM_MOST; i++)
		free_scratch(t->mem, &c->scratch[i]);
	mem_free(t->mem, c);
	if (r < 0)
		triangles_release(t);
	return r;
}

void triangles_release(struct triangles *t)
{
	oriented_release(&t->oriented);
	mem_free(t->mem, t->corner);
	*t = (struct triangles){0};
}
