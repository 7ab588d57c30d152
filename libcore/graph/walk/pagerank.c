/* graph/walk/pagerank.c - each node gathers the shares of its sources
 *
 * A node's share is kept ready: its rank divided by its edges out, rounded down.
 * What all shares come to is known before a step begins, so what goes to all nodes
 * is known, too, and a step is one sweep against the edges.  Rounding is lost to
 * nobody: it goes to all nodes with the rest.
 *
 * Who tolerates some change gets shares of 24 bits (graph/walk/shares), half as many bytes
 * to be read all over the place.  What their rounding leaves goes to all nodes as well.
 * Which of both it is, the plan says and how many nodes there are, never how much memory
 * is left, as ranks differ in what is below those bits.
 *
 * Shares in full, where lists are kept (graph/keep), lie by how many edges their nodes
 * have, in powers of two, most first, as each is read that often: what is read most is in
 * few pages and lines.  Within a power the order is that of ids, so that who goes through
 * all nodes goes through each power's shares in order, too.  This costs what two steps
 * do; of shares of half the size it would save less.
 */
#include "graph/walk/pagerank.h"

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/keep.h"
#include "graph/walk/shares.h"

#define POWERS 33u		/* of two, and no edge at all */
/* A share of 24 bits lacks 2^-23 of itself at most, and so much may go elsewhere in each
 * step; the step after hands on DAMPING of that, and so on.  All of it together shall be
 * less than what is tolerated. */
#define ROUGH_LEAST 0x1p-23
/* Nodes at most, so that of what each has at least there are as many bits: a float's unit
 * is 2^-53. */
#define ROUGH_MOST (1ull << 26)

struct ranking {
	struct pagerank *out;
	struct sweep ahead, against;
	struct keep lists;		/* of against */
	void *drawn;			/* where those that follow lie, but place */
	uint32_t *degree;		/* edges out */
	uint32_t *place;		/* of each node, among the shares; NULL: its id */
	uint32_t (*first)[POWERS];	/* of each part, and power: the next place */
	uint64_t *share, *next;		/* of this step, of the one after */
	float *rough, *rough_next;	/* the same instead, not NULL: next are sums alone */
	uint64_t each;			/* so many for a thread; 0: one a node */
	uint64_t damping;		/* of PAGERANK_ONE */
	uint64_t base;			/* what every node gets, at first as well */
	_Atomic uint64_t shared, changed;	/* all shares of all edges; all changes */
	const uint64_t *gone;		/* ids that are no node's any more */
	uint64_t gone_n;
};

static inline uint64_t damped(const struct ranking *k, uint64_t x)
{
	return (uint64_t)((unsigned __int128)x * k->damping / PAGERANK_ONE);
}

static inline uint64_t place_of(const struct ranking *k, uint64_t node)
{
	return k->place ? k->place[node] : node;
}

/* --- before the first step --- */

static inline unsigned power(uint32_t degree)	/* most edges: 0; none: 32 */
{
	return degree ? (unsigned)__builtin_clz(degree) : 32;
}

static int count_powers(void *ctx, const struct sweep_part *p)
{
	struct ranking *k = ctx;
	uint32_t *first = k->first[p->index];

	for (uint64_t i = p->first; i < p->end; i++)
		first[power(k->degree[i])]++;
	return 0;
}

/* From how many there are to where the first of them is: power by power, in each part
 * by part. */
static void add_up(struct ranking *k)
{
	uint32_t at = 0;

	for (unsigned power = 0; power < POWERS; power++)
		for (uint64_t i = 0; i < k->ahead.part_n; i++) {
			uint32_t n = k->first[i][power];

			k->first[i][power] = at;
			at += n;
		}
}

/* If there is memory for it: without, shares are as good where they are. */
static int find_places(struct ranking *k, uint64_t node_n)
{
	uint64_t size = node_n * sizeof *k->place + k->ahead.part_n * sizeof *k->first;
	int r;

	if (k->rough || !k->lists.ids || size > mem_left(k->out->mem) / 2)
		return 0;
	k->place = mem_alloc_large(k->out->mem, node_n * sizeof *k->place);
	k->first = mem_zalloc(k->out->mem, k->ahead.part_n * sizeof *k->first);
	if (!k->place || !k->first)
		return ERR_MEMORY;
	r = sweep_run(&k->ahead, count_powers, k);
	add_up(k);
	keep_rename(&k->lists, k->place);
	return r;
}

/* A node's share, of N edges, to where it is read from; what it comes to on all of them. */
static inline uint64_t put_share(uint64_t *share, uint64_t rank, uint32_t n)
{
	*share = n ? rank / n : 0;
	return *share * n;
}

static inline uint64_t put_rough(float *share, uint64_t rank, uint32_t n)
{
	*share = n ? shares_float(rank, n) : 0;
	return shares_of_float(*share) * n;
}

/* Who went has nothing.  Returns what they had. */
static uint64_t forget(struct ranking *k, const struct sweep_part *p)
{
	uint64_t *rank = k->out->rank, had = 0;

	for (uint64_t i = 0; i < k->gone_n; i++)
		if (k->gone[i] >= p->first && k->gone[i] < p->end) {
			had += rank[k->gone[i]];
			rank[k->gone[i]] = 0;
		}
	return had;
}

static int share_part(void *ctx, const struct sweep_part *p)
{
	struct ranking *k = ctx;
	uint64_t shared = 0, *rank = k->out->rank;

	for (uint64_t i = p->first; i < p->end; i++)
		rank[i] = k->base;
	forget(k, p);
	for (uint64_t i = p->first; i < p->end; i++) {
		uint32_t n = k->degree[i];

		if (k->place)
			k->place[i] = k->first[p->index][power(n)]++;
		if (k->rough)
			shared += put_rough(&k->rough[place_of(k, i)], rank[i], n);
		else
			shared += put_share(&k->share[place_of(k, i)], rank[i], n);
	}
	k->shared += shared;
	return 0;
}

/* --- a step --- */

/* Where the sums of a part's nodes are, of who goes through it: few, so that they stay
 * in a near cache from when they are gathered to when they are settled. */
static uint64_t *sums_of(const struct ranking *k, const struct sweep_part *p)
{
	return k->next + (k->each ? p->who * k->each : p->first);
}

/* What was gathered becomes rank and share. */
static void settle(struct ranking *k, const struct sweep_part *p)
{
	uint64_t shared = 0, changed = 0, *rank = k->out->rank, *sums = sums_of(k, p);

	for (uint64_t i = p->first; i < p->end; i++) {
		uint64_t at = place_of(k, i);
		uint64_t now = k->base + damped(k, k->rough ? sums[i - p->first] : k->next[at]);
		uint32_t n = k->degree[i];

		changed += now > rank[i] ? now - rank[i] : rank[i] - now;
		rank[i] = now;
		if (k->rough)
			shared += put_rough(&k->rough_next[at], now, n);
		else
			shared += put_share(&k->next[at], now, n);
	}
	changed -= forget(k, p);
	k->shared += shared;
	k->changed += changed;
}

static int gather(struct ranking *k, const struct sweep_part *p)
{
	struct keep_walk w;
	int r;

	for (uint64_t i = p->first; i < p->end; i++)
		k->next[place_of(k, i)] = 0;
	keep_begin(&w, &k->lists, p);
	while ((r = keep_next(&w)) > 0)
		k->next[w.node] += shares_sum(k->share, w.ids, w.n);
	return r;
}

static int gather_rough(struct ranking *k, const struct sweep_part *p)
{
	uint64_t *sums = sums_of(k, p);
	struct keep_walk w;
	int r;

	memset(sums, 0, (p->end - p->first) * sizeof *sums);
	keep_begin(&w, &k->lists, p);
	while ((r = keep_next(&w)) > 0)
		sums[w.node - p->first] += shares_sum_floats(k->rough, w.ids, w.n);
	return r;
}

static int rank_part(void *ctx, const struct sweep_part *p)
{
	struct ranking *k = ctx;
	int r = k->rough ? gather_rough(k, p) : gather(k, p);

	if (r == 0)
		settle(k, p);
	return r;
}

static int step(struct ranking *k, uint64_t node_n)
{
	uint64_t *swap = k->share;
	float *rough = k->rough;
	int r;

	k->base = (PAGERANK_ONE - damped(k, k->shared)) / node_n;
	k->shared = k->changed = 0;
	r = sweep_run(&k->against, rank_part, k);
	k->rough = k->rough_next;
	k->rough_next = rough;
	if (!rough) {
		k->share = k->next;
		k->next = swap;
	}
	k->out->iteration_n++;
	k->out->edge_n += k->against.edge_n;
	k->out->change = pagerank_value(k->changed);
	return r;
}

/* --- --- */

uint64_t pagerank_memory(uint64_t node_n)
{
	return node_n * 28;
}

/* How many sums there are: for each thread those of the largest part, if these are fewer
 * than all. */
static uint64_t count_sums(struct ranking *k, uint64_t node_n)
{
	const struct sweep *s = &k->against;
	uint64_t most = 0;

	for (uint64_t i = 0; i < s->part_n; i++)
		if (s->border[i + 1] - s->border[i] > most)
			most = s->border[i + 1] - s->border[i];
	most += -most % 8;		/* a line of a cache is of one thread */
	k->each = most <= node_n / s->thread_n ? most : 0;
	return k->each ? k->each * s->thread_n : node_n;
}

/* All in one: what is read all over the place, in the middle, is in large pages whole. */
static int draw(struct ranking *k, struct graph *g, bool rough)
{
	uint64_t n = graph_node_n(g), next_n = rough ? count_sums(k, n) : n;
	struct mem *mem = k->out->mem;

	k->out->rank = mem_alloc_large(mem, n * sizeof(uint64_t));
	k->drawn = mem_alloc_large(mem, (next_n + n) * sizeof(uint64_t) + n * sizeof(uint32_t));
	if (!k->out->rank || !k->drawn)
		return ERR_MEMORY;
	k->next = k->drawn;
	if (rough) {
		k->rough = (float *)(k->next + next_n);
		k->rough_next = k->rough + n;
	} else {
		k->share = k->next + n;
	}
	k->degree = (uint32_t *)(k->next + next_n + n);
	memset(k->degree, 0, n * sizeof *k->degree);
	k->gone = dict_gone(graph_dict(g), &k->gone_n);
	k->base = graph_count(g) ? PAGERANK_ONE / graph_count(g) : 0;
	return 0;
}

static bool is_rough(struct graph *g, const struct pagerank_plan *plan)
{
	return plan->tolerance * (1 - plan->damping) >= ROUGH_LEAST &&
		graph_node_n(g) <= ROUGH_MOST;
}

static int begin(struct ranking *k, struct graph *g, const struct pagerank_plan *plan)
{
	int r = sweep_narrow(g);

	if (r == 0)
		r = sweep_open(&k->ahead, g, CSR_OUT, &plan->types, plan->threads);
	if (r == 0)
		r = sweep_open(&k->against, g, CSR_IN, &plan->types, plan->threads);
	if (r == 0)
		r = draw(k, g, is_rough(g, plan));
	if (r == 0)
		r = sweep_degrees(&k->ahead, k->degree);
	if (r == 0)		/* of an undirected graph both sweeps are the same */
		r = keep_open(&k->lists, &k->against, plan->iterations,
			      graph_undirected(g) ? k->degree : NULL);
	if (r == 0)
		r = find_places(k, graph_node_n(g));
	return r == 0 ? sweep_run(&k->ahead, share_part, k) : r;
}

static void end(struct ranking *k)
{
	keep_close(&k->lists);
	sweep_close(&k->ahead);
	sweep_close(&k->against);
	mem_free(k->out->mem, k->drawn);
	mem_free(k->out->mem, k->place);
	mem_free(k->out->mem, k->first);
}

int pagerank_find(struct pagerank *p, struct graph *g, const struct pagerank_plan *plan)
{
	struct ranking k = {
		.out = p,
		.damping = (uint64_t)(plan->damping * (double)PAGERANK_ONE),
	};
	int r;

	*p = (struct pagerank){ .mem = graph_mem(g) };
	r = begin(&k, g, plan);
	while (r == 0 && p->iteration_n < plan->iterations && graph_count(g)) {
		r = step(&k, graph_count(g));
		if (r == 0 && plan->each)
			r = plan->each(plan->ctx, p->iteration_n, p->change);
		if (p->change < plan->tolerance)
			break;
	}
	end(&k);
	if (r < 0)
		pagerank_release(p);
	return r;
}

void pagerank_release(struct pagerank *p)
{
	mem_free(p->mem, p->rank);
	*p = (struct pagerank){0};
}
