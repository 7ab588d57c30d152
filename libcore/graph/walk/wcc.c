/* graph/walk/wcc.c - trees of nodes joined by compare-and-swap, largest one guessed */
#include "graph/walk/wcc.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/sweep.h"

#define SAMPLES 1024u		/* nodes asked for the largest component's root */
#define FIRST 2			/* edges of each list that are looked at before */

struct joining {
	struct wcc *out;
	struct sweep sweep;
	uint64_t *skip;			/* nodes in the component that is the largest */
	bool ahead;			/* a part costs its reading: no node without lists
					 * is to keep one */
	uint32_t largest;
	_Atomic uint64_t touched, roots;
};

static inline uint32_t parent_of(const uint32_t *root, uint32_t node)
{
	return __atomic_load_n(&root[node], __ATOMIC_RELAXED);
}

/* Parents have lower ids.  Who has one never becomes a root again, and whatever was above
 * it at any time is so for good: its parent may be set to that without asking. */
static inline void join(uint32_t *root, uint32_t a, uint32_t b)
{
	a = parent_of(root, a);
	b = parent_of(root, b);
	while (a != b) {
		uint32_t high = a > b ? a : b, low = a > b ? b : a;
		uint32_t above = parent_of(root, high);

		if (above == low)
			return;
		if (above == high &&
		    __atomic_compare_exchange_n(&root[high], &above, low, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
		a = parent_of(root, above);
		if (a != above)		/* nearer for whoever comes this way again */
			__atomic_store_n(&root[high], a, __ATOMIC_RELAXED);
		b = parent_of(root, low);
	}
}

/* All nodes right under their roots; nobody joins meanwhile. */
static int flatten_part(void *ctx, const struct sweep_part *p)
{
	struct joining *j = ctx;
	uint32_t *root = j->out->root;
	uint64_t roots = 0;

	for (uint64_t i = p->first; i < p->end; i++) {
		uint32_t at = parent_of(root, (uint32_t)i), up;

		while ((up = parent_of(root, at)) != at)
			at = up;
		__atomic_store_n(&root[i], at, __ATOMIC_RELAXED);
		roots += at == i;
	}
	j->roots += roots;
	return 0;
}

/* The first two of each list of a group; their roots are fetched before one is needed. */
static void join_firsts(uint32_t *root, const struct csr_firsts *f, uint64_t *touched)
{
	for (uint64_t left = f->rows; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);

		__builtin_prefetch(&root[f->first[k]]);
		__builtin_prefetch(&root[f->second[k]]);
	}
	for (uint64_t left = f->rows; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);

		join(root, (uint32_t)f->node + k, f->first[k]);
		if (csr_firsts_n(f, k) > 1)
			join(root, (uint32_t)f->node + k, f->second[k]);
		*touched += 1 + (csr_firsts_n(f, k) > 1);
	}
}

static int join_list(uint32_t *root, struct sweep_walk *w, uint64_t *touched)
{
	const uint32_t *ids;
	int n = csr_block32(&w->list, CSR_FEW, &ids);

	n = n < FIRST ? n : FIRST;
	for (int i = 0; i < n; i++)
		join(root, (uint32_t)w->node, ids[i]);
	*touched += n > 0 ? (unsigned)n : 0;
	return n;
}

static int first_part(void *ctx, const struct sweep_part *p)
{
	struct joining *j = ctx;
	struct csr_firsts f;
	struct sweep_walk w;
	uint64_t touched = 0;
	int r;

	sweep_begin(&w, p);
	do {
		r = sweep_firsts(&w, true, &f);
		if (r > 0)
			join_firsts(j->out->root, &f, &touched);
		else if (r == 0 && (r = sweep_next(&w)) > 0)
			r = join_list(j->out->root, &w, &touched);
	} while (r > 0);
	j->touched += touched;
	return r;
}

static int skip_part(void *ctx, const struct sweep_part *p)
{
	struct joining *j = ctx;
	int r = j->ahead ? sweep_listless(p, j->skip) : 0;

	for (uint64_t i = p->first; i < p->end; i += 64) {
		uint64_t word = j->ahead ? j->skip[i / 64] : 0, n = p->end - i < 64 ? p->end - i : 64;

		for (uint64_t k = 0; k < n; k++)
			word |= (uint64_t)(j->out->root[i + k] == j->largest) << k;
		j->skip[i / 64] = word;
	}
	return r;
}

static int rest_part(void *ctx, const struct sweep_part *p)
{
	struct joining *j = ctx;
	struct sweep_walk w;
	const uint32_t *ids;
	uint64_t touched = 0;
	int r, n;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0) {
		while ((n = csr_block32(&w.list, CSR_BLOCK, &ids)) > 0) {
			for (int i = 0; i < n; i++)
				join(j->out->root, (uint32_t)w.node, ids[i]);
			touched += (unsigned)n;
		}
		if (n < 0)
			return n;
	}
	j->touched += touched;
	return r;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The root that most of some nodes have: a wrong guess costs time only. */
static uint32_t guess(const uint32_t *root, uint64_t n)
{
	uint32_t seen[SAMPLES], best;
	unsigned most = 0, run = 0;

	for (unsigned i = 0; i < SAMPLES; i++)
		seen[i] = root[hash_u64(i) % n];
	qsort(seen, SAMPLES, sizeof *seen, by_id);
	best = seen[0];
	for (unsigned i = 0; i < SAMPLES; i++) {
		run = i && seen[i] == seen[i - 1] ? run + 1 : 1;
		if (run > most) {
			most = run;
			best = seen[i];
		}
	}
	return best;
}

/* --- --- */

uint64_t wcc_memory(uint64_t node_n)
{
	return node_n * 4 + (node_n / 64 + 1) * 8;
}

static int draw(struct joining *j, uint64_t n)
{
	j->out->root = mem_alloc_large(j->out->mem, n * sizeof *j->out->root);
	j->skip = mem_zalloc(j->out->mem, (n / 64 + 1) * sizeof *j->skip);
	if (!j->out->root || !j->skip)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < n; i++)
		j->out->root[i] = (uint32_t)i;
	return 0;
}

static int find(struct joining *j, uint64_t node_n)
{
	int r = sweep_ahead(&j->sweep);

	j->ahead = r > 0;
	if (r >= 0)
		r = sweep_run(&j->sweep, first_part, j);
	if (r == 0)
		r = sweep_run(&j->sweep, flatten_part, j);
	if (r < 0 || node_n == 0)
		return r;
	j->largest = guess(j->out->root, node_n);
	r = sweep_run(&j->sweep, skip_part, j);
	if (r == 0)
		r = sweep_run_but(&j->sweep, j->skip, rest_part, j);
	j->roots = 0;
	return r == 0 ? sweep_run(&j->sweep, flatten_part, j) : r;
}

int wcc_find(struct wcc *w, struct graph *g, const struct wcc_plan *plan)
{
	struct joining j = { .out = w };
	int r;

	*w = (struct wcc){ .mem = graph_mem(g) };
	r = sweep_narrow(g);
	if (r == 0)
		r = sweep_open(&j.sweep, g, CSR_BOTH, &plan->types, plan->threads);
	if (r == 0)
		r = draw(&j, graph_node_n(g));
	if (r == 0)
		r = find(&j, graph_node_n(g));
	w->component_n = j.roots - (graph_node_n(g) - graph_count(g));	/* who went is alone */
	w->edge_n = j.touched;
	sweep_close(&j.sweep);
	mem_free(w->mem, j.skip);
	if (r < 0)
		wcc_release(w);
	return r;
}

void wcc_release(struct wcc *w)
{
	mem_free(w->mem, w->root);
	*w = (struct wcc){0};
}
