/* graph/walk/oriented.c - one sweep: what a part keeps is gathered, then put in its place
 *
 * Ranks need degrees only, which the heads of groups say; that equal edges and
 * loops are counted with them changes the order a little and no answer.  So lists
 * are decoded once.  With one list a node, what is equal is adjacent.  With several
 * (types, directions) a part is gathered as pairs, brought together node by node by
 * counting, and bits for all ranks tell what came before.
 */
#include "graph/walk/oriented.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/sweep.h"

#define DEGREE_MOST (1u << 20)	/* degrees beyond are one to the order */

/* What a thread gathers of a part; which pairs are of which end is seen by a bit. */
struct pair {
	uint32_t place;		/* node within the part, times 2, plus 1 of an edge in */
	uint32_t rank;
};

struct gather {
	uint32_t *kept;		/* lists of a part, one behind the other */
	size_t kept_n, kept_cap;
	struct pair *pair, *turn;	/* as met, node by node */
	size_t pair_n, pair_cap, turn_cap;
	uint32_t *begin;	/* of each node in turn[] */
	size_t begin_cap;
	uint64_t *seen[2];	/* a bit a rank: by an edge out, in */
	uint64_t end_n;
	uint32_t longest;
};

struct orienting {
	struct oriented *o;
	struct sweep sweep;
	const struct oriented_plan *plan;
	uint64_t room;		/* in target[] */
	_Atomic uint64_t next;	/* free there */
	struct gather gather[TEAM_MOST];
};

/* --- ranks --- */

static int degree_part(void *ctx, const struct sweep_part *p)
{
	struct orienting *k = ctx;
	uint32_t *degree = k->o->len;
	struct csr_scan scan;
	uint64_t n;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->sweep->source_n; i++) {
		const struct sweep_source *s = &p->sweep->source[i];

		csr_scan_range(&scan, s->csr, s->type, p->first, p->end);
		while ((r = csr_scan_degree(&scan, &n)) > 0) {
			n += degree[scan.node];
			degree[scan.node] = n < DEGREE_MOST ? (uint32_t)n : DEGREE_MOST;
		}
	}
	return r;
}

/* The highest degree first, equal ones in the order of their ids. */
static int rank_nodes(struct oriented *o)
{
	uint32_t *at = mem_zalloc(o->mem, (DEGREE_MOST + 1) * sizeof *at), before = 0;

	if (!at)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < o->node_n; i++)
		at[o->len[i]]++;
	for (uint32_t d = DEGREE_MOST + 1; d-- > 0;) {
		uint32_t n = at[d];

		at[d] = before;
		before += n;
		if (d >= ORIENTED_HUB)
			o->hub_n = before;
	}
	for (uint64_t i = 0; i < o->node_n; i++)
		o->rank[i] = at[o->len[i]]++;
	memset(o->len, 0, o->node_n * sizeof *o->len);
	mem_free(o->mem, at);
	return 0;
}

/* --- a part's lists --- */

static int grow(struct mem *mem, void *array, size_t *cap, size_t n, size_t size)
{
	void *old, *grown;
	size_t wanted = *cap;

	if (n <= *cap)
		return 0;
	while (wanted < n)
		wanted = wanted ? 2 * wanted : 8192;
	memcpy(&old, array, sizeof old);
	grown = mem_resize(mem, old, wanted * size);
	if (!grown)
		return ERR_MEMORY;
	memcpy(array, &grown, sizeof grown);
	*cap = wanted;
	return 0;
}

static int keep_room(struct orienting *k, struct gather *g, size_t n)
{
	return grow(k->o->mem, &g->kept, &g->kept_cap, g->kept_n + n, sizeof *g->kept);
}

/* N more at the end of what was kept are RANK's. */
static void kept(struct orienting *k, struct gather *g, uint32_t rank, size_t begin)
{
	uint32_t n = (uint32_t)(g->kept_n - begin);

	k->o->first[rank] = begin;
	k->o->len[rank] = n;
	if (n > g->longest)
		g->longest = n;
}

/* Where lists lie is known when the part is whole. */
static int place(struct orienting *k, struct gather *g, const struct sweep_part *p)
{
	struct oriented *o = k->o;
	uint64_t base = atomic_fetch_add(&k->next, g->kept_n);

	if (base > k->room || g->kept_n > k->room - base)
		return err_set(ERR_DAMAGED, "graph %s: nodes %" PRIu64 " to %" PRIu64
			       ": edges are not the same from both ends",
			       graph_entry(p->sweep->graph)->name, p->first, p->end - 1);
	if (g->kept_n)
		memcpy(o->target + base, g->kept, g->kept_n * sizeof *g->kept);
	for (uint64_t i = p->first; i < p->end; i++)
		o->first[o->rank[i]] += base;
	g->kept_n = 0;
	return 0;
}

/* --- one list a node --- */

static int keep_lower(struct orienting *k, struct gather *g, struct sweep_walk *w)
{
	const uint32_t *rank = k->o->rank, *ids;
	uint32_t own = rank[w->node], before = (uint32_t)w->node;
	size_t begin = g->kept_n;
	int n, r;

	while ((n = csr_block32(&w->list, CSR_BLOCK, &ids)) > 0) {
		size_t at = g->kept_n;

		if ((r = keep_room(k, g, (size_t)n)) < 0)
			return r;
		for (int i = 0; i < n; i++) {
			uint32_t other = rank[ids[i]];

			g->kept[at] = other;
			at += (other < own) & (ids[i] != before);
			before = ids[i];
		}
		g->kept_n = at;
		g->end_n += (unsigned)n;
	}
	kept(k, g, own, begin);
	return n;
}

static int single_part(void *ctx, const struct sweep_part *p)
{
	struct orienting *k = ctx;
	struct gather *g = &k->gather[p->who];
	struct sweep_walk w;
	int r;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0)
		if ((r = keep_lower(k, g, &w)) < 0)
			return r;
	return r < 0 ? r : place(k, g, p);
}

/* --- several --- */

static int pairs_of(struct orienting *k, struct gather *g, struct sweep_walk *w, uint64_t first)
{
	const uint32_t *rank = k->o->rank, *ids;
	uint32_t own = rank[w->node];
	uint32_t at = (uint32_t)(w->node - first) << 1 | (w->way == CSR_IN);
	int n, r;

	while ((n = csr_block32(&w->list, CSR_BLOCK, &ids)) > 0) {
		r = grow(k->o->mem, &g->pair, &g->pair_cap, g->pair_n + (unsigned)n,
			 sizeof *g->pair);
		if (r < 0)
			return r;
		for (int i = 0; i < n; i++) {
			uint32_t other = rank[ids[i]];

			g->pair[g->pair_n] = (struct pair){ at, other };
			g->pair_n += other < own;
		}
		g->end_n += (unsigned)n;
	}
	return n;
}

/* pair[] node by node to turn[]: node I has those from begin[I] to begin[I + 1]. */
static int turn_pairs(struct orienting *k, struct gather *g, size_t node_n)
{
	int r = grow(k->o->mem, &g->turn, &g->turn_cap, g->pair_n, sizeof *g->turn);

	if (r == 0)
		r = grow(k->o->mem, &g->begin, &g->begin_cap, node_n + 2, sizeof *g->begin);
	if (r < 0)
		return r;
	if (g->pair_n > UINT32_MAX || node_n > INT32_MAX)	/* begin[], pair.place */
		return err_set(ERR_UNSUPPORTED, "2^32 edges at neighbouring nodes");
	memset(g->begin, 0, (node_n + 2) * sizeof *g->begin);
	for (size_t i = 0; i < g->pair_n; i++)
		g->begin[g->pair[i].place / 2 + 2]++;
	for (size_t i = 2; i < node_n + 2; i++)
		g->begin[i] += g->begin[i - 1];
	for (size_t i = 0; i < g->pair_n; i++)
		g->turn[g->begin[g->pair[i].place / 2 + 1]++] = g->pair[i];
	g->pair_n = 0;
	return 0;
}

static inline bool bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* Each rank once, those met both ways first. */
static void keep_distinct(struct gather *g, const struct pair *pair, size_t n, uint32_t *both)
{
	uint32_t *to = g->kept + g->kept_n;
	size_t m = 0, way_n = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t x = pair[i].rank;
		bool known = bit(g->seen[0], x) || bit(g->seen[1], x);

		g->seen[pair[i].place & 1][x / 64] |= 1ull << (x % 64);
		to[m] = x;
		m += !known;
	}
	for (size_t i = 0; both && i < m; i++)
		if (bit(g->seen[0], to[i]) && bit(g->seen[1], to[i])) {
			uint32_t x = to[i];

			to[i] = to[way_n];
			to[way_n++] = x;
		}
	for (size_t i = 0; i < m; i++)
		g->seen[0][to[i] / 64] = g->seen[1][to[i] / 64] = 0;
	if (both)
		*both = (uint32_t)way_n;
	g->kept_n += m;
}

static int several_part(void *ctx, const struct sweep_part *p)
{
	struct orienting *k = ctx;
	struct gather *g = &k->gather[p->who];
	struct sweep_walk w;
	int r;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0)
		if ((r = pairs_of(k, g, &w, p->first)) < 0)
			return r;
	if (r == 0)
		r = turn_pairs(k, g, p->end - p->first);
	for (uint64_t i = p->first; r == 0 && i < p->end; i++) {
		const uint32_t *begin = g->begin + (i - p->first);
		uint32_t rank = k->o->rank[i];
		size_t at = g->kept_n;

		r = keep_room(k, g, begin[1] - begin[0]);
		if (r == 0) {
			keep_distinct(g, g->turn + begin[0], begin[1] - begin[0],
				      k->o->both ? &k->o->both[rank] : NULL);
			kept(k, g, rank, at);
		}
	}
	return r < 0 ? r : place(k, g, p);
}

/* --- --- */

static uint64_t bit_bytes(uint64_t node_n)
{
	return (node_n / 64 + 1) * sizeof(uint64_t);
}

/* A distinct edge is met at both of its ends. */
static uint64_t most_edges(const struct sweep *s)
{
	return s->edge_n / 2;
}

int oriented_memory(struct graph *g, const struct oriented_plan *plan, uint64_t *bytes)
{
	uint64_t n = graph_node_n(g);
	struct sweep s;
	int r = sweep_open(&s, g, CSR_BOTH, &plan->types, plan->threads);

	if (r < 0)
		return r;
	/* a part's lists: 1 MiB a thread where no node is very large */
	*bytes = n * (plan->arcs ? 20 : 16) + most_edges(&s) * 4 + DEGREE_MOST * 4 +
		 s.thread_n * ((1ull << 20) + (s.source_n > 1 ? 2 * bit_bytes(n) : 0));
	sweep_close(&s);
	return 0;
}

static int draw_arrays(struct orienting *k, uint64_t n)
{
	struct oriented *o = k->o;

	o->rank = mem_alloc_large(o->mem, n * sizeof *o->rank);
	o->first = mem_alloc_large(o->mem, n * sizeof *o->first);
	o->len = mem_alloc_large(o->mem, n * sizeof *o->len);
	o->target = mem_alloc_large(o->mem, k->room * sizeof *o->target);
	if (k->plan->arcs)
		o->both = mem_zalloc(o->mem, n * sizeof *o->both);
	if (!o->rank || !o->first || !o->len || !o->target || (k->plan->arcs && !o->both))
		return ERR_MEMORY;
	memset(o->first, 0, n * sizeof *o->first);
	memset(o->len, 0, n * sizeof *o->len);
	return 0;
}

static int draw(struct orienting *k, uint64_t n)
{
	struct oriented *o = k->o;

	if (draw_arrays(k, n) < 0)
		return ERR_MEMORY;
	for (unsigned i = 0; k->sweep.source_n > 1 && i < o->thread_n; i++)
		for (int way = 0; way < 2; way++) {
			k->gather[i].seen[way] = mem_zalloc(o->mem, bit_bytes(n));
			if (!k->gather[i].seen[way])
				return ERR_MEMORY;
		}
	return 0;
}

static void end(struct orienting *k)
{
	struct oriented *o = k->o;

	for (unsigned i = 0; i < o->thread_n; i++) {
		struct gather *g = &k->gather[i];

		o->end_n += g->end_n;
		if (g->longest > o->longest)
			o->longest = g->longest;
		mem_free(o->mem, g->kept);
		mem_free(o->mem, g->pair);
		mem_free(o->mem, g->turn);
		mem_free(o->mem, g->begin);
		mem_free(o->mem, g->seen[0]);
		mem_free(o->mem, g->seen[1]);
	}
	o->edge_n = k->next;
	sweep_close(&k->sweep);
}

static int orient(struct orienting *k, struct graph *g)
{
	struct oriented *o = k->o;
	int r = sweep_open(&k->sweep, g, CSR_BOTH, &k->plan->types, k->plan->threads);

	if (r < 0)
		return r;
	o->thread_n = k->sweep.thread_n;
	k->room = most_edges(&k->sweep);
	r = draw(k, o->node_n);
	if (r == 0)
		r = sweep_run(&k->sweep, degree_part, k);
	if (r == 0)
		r = rank_nodes(o);
	if (r == 0)
		r = sweep_run(&k->sweep, k->sweep.source_n > 1 ? several_part : single_part, k);
	return r;
}

int oriented_make(struct oriented *o, struct graph *g, const struct oriented_plan *plan)
{
	struct orienting *k;
	int r = sweep_narrow(g);

	*o = (struct oriented){ .mem = graph_mem(g), .node_n = graph_node_n(g) };
	if (r < 0)
		return r;
	k = mem_zalloc(o->mem, sizeof *k);
	if (!k)
		return ERR_MEMORY;
	k->o = o;
	k->plan = plan;
	r = orient(k, g);
	end(k);
	mem_free(o->mem, k);
	if (r < 0)
		oriented_release(o);
	return r;
}

void oriented_release(struct oriented *o)
{
	mem_free(o->mem, o->rank);
	mem_free(o->mem, o->first);
	mem_free(o->mem, o->len);
	mem_free(o->mem, o->both);
	mem_free(o->mem, o->target);
	*o = (struct oriented){0};
}
