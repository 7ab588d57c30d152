/* graph/walk/paths.c - ways to leave the paths found so far */
#include "graph/walk/paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/walk/cheapest.h"

struct paths_one {
	struct path path;
	uint64_t left;		/* the step at which it leaves the one it comes from */
};

void paths_begin(struct paths *p, const struct path_query *q, uint64_t src, uint64_t dst,
		 uint64_t most)
{
	*p = (struct paths){
		.q = *q, .mem = graph_mem(q->graph), .src = src, .dst = dst, .most = most,
	};
}

static void release(struct paths *p, struct paths_one *list, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		path_release(&list[i].path);
	mem_free(p->mem, list);
}

void paths_end(struct paths *p)
{
	release(p, p->given, p->given_n);
	release(p, p->ahead, p->ahead_n);
	p->given = p->ahead = NULL;
	p->given_n = p->ahead_n = 0;
}

static int make_room(struct paths *p, struct paths_one **list, uint64_t n, uint64_t *cap)
{
	uint64_t more = *cap ? 2 * *cap : 8;
	struct paths_one *grown;

	if (n < *cap)
		return 0;
	grown = mem_resize(p->mem, *list, more * sizeof *grown);
	if (!grown)
		return ERR_MEMORY;
	*list = grown;
	*cap = more;
	return 0;
}

/* By cost, then by length, then by nodes. */
static bool before(const struct paths *p, const struct path *a, const struct path *b)
{
	union csr_value x = a->step[a->n - 1].cost, y = b->step[b->n - 1].cost;

	if (cheapest_less(p->q.weight, x, y) || cheapest_less(p->q.weight, y, x))
		return cheapest_less(p->q.weight, x, y);
	if (a->n != b->n)
		return a->n < b->n;
	for (uint64_t i = 0; i < a->n; i++)
		if (a->step[i].node != b->step[i].node)
			return a->step[i].node < b->step[i].node;
	return false;
}

/* Takes ONE over, or releases it when enough better ones are known. */
static int keep(struct paths *p, const struct paths_one *one)
{
	uint64_t lo = 0, hi = p->ahead_n;
	int r = make_room(p, &p->ahead, p->ahead_n, &p->ahead_cap);

	while (lo < hi) {		/* the worst is the first */
		uint64_t mid = lo + (hi - lo) / 2;

		if (before(p, &one->path, &p->ahead[mid].path))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (r < 0 || (lo == 0 && p->ahead_n == p->most - p->given_n)) {
		struct path not_kept = one->path;

		path_release(&not_kept);
		return r;
	}
	memmove(p->ahead + lo + 1, p->ahead + lo, (p->ahead_n - lo) * sizeof *p->ahead);
	p->ahead[lo] = *one;
	p->ahead_n++;
	if (p->ahead_n > p->most - p->given_n) {
		path_release(&p->ahead[0].path);
		memmove(p->ahead, p->ahead + 1, --p->ahead_n * sizeof *p->ahead);
	}
	return 0;
}

/* --- leaving a path --- */

struct leave {
	struct path_ban ban;
	uint64_t *node, *to;	/* ban's, as long as the path; as many as paths given */
};

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool same_to(const struct path *a, const struct path *b, uint64_t last)
{
	if (a->n <= last || b->n <= last)
		return false;
	for (uint64_t i = 0; i <= last; i++)
		if (a->step[i].node != b->step[i].node)
			return false;
	return true;
}

/* What a path that leaves FROM at step AT must not use: the nodes before, and the steps
 * of the paths given that are the same up to there. */
static void forbid(const struct paths *p, const struct path *from, uint64_t at,
		   struct leave *l)
{
	l->ban = (struct path_ban){ .node = l->node, .node_n = at, .to = l->to,
				    .from = from->step[at].node };
	for (uint64_t i = 0; i < at; i++) {
		l->node[i] = from->step[i].node;
		l->ban.few |= 1ull << (l->node[i] & 63);
	}
	qsort(l->node, at, sizeof *l->node, by_id);
	for (uint64_t i = 0; i < p->given_n; i++) {
		const struct path *g = &p->given[i].path;

		if (same_to(g, from, at) && g->n > at + 1)
			l->to[l->ban.to_n++] = g->step[at + 1].node;
	}
}

/* FROM up to step AT, then TAIL, which begins there: in OUT. */
static int joined(struct paths *p, const struct path *from, uint64_t at,
		  const struct path *tail, struct path *out)
{
	int r = 0;

	*out = (struct path){ .mem = p->mem, .n = at + tail->n };
	out->step = mem_alloc(p->mem, out->n * sizeof *out->step);
	if (!out->step)
		return ERR_MEMORY;
	memcpy(out->step, from->step, (at + 1) * sizeof *out->step);
	memcpy(out->step + at + 1, tail->step + 1, (tail->n - 1) * sizeof *out->step);
	for (uint64_t i = at + 1; r == 0 && i < out->n; i++)
		r = cheapest_add(p->q.weight, out->step[i - 1].cost, out->step[i].weight,
				 &out->step[i].cost);
	if (r < 0)
		path_release(out);
	return r;
}

static int leave_at(struct paths *p, const struct path *from, uint64_t at, struct leave *l)
{
	struct path_query q = p->q;
	struct paths_one one = { .left = at };
	struct path tail;
	int r;

	forbid(p, from, at, l);
	q.ban = &l->ban;
	r = path_find(&tail, &q, from->step[at].node, p->dst);
	if (r == 1)
		r = joined(p, from, at, &tail, &one.path);
	path_release(&tail);
	return r < 0 ? r : one.path.step ? keep(p, &one) : 0;
}

/* All ways to leave the last path given; before the step at which it came to be, they
 * were looked for already. */
static int leave(struct paths *p)
{
	const struct paths_one *last = &p->given[p->given_n - 1];
	struct leave l = { .node = mem_alloc(p->mem, last->path.n * sizeof *l.node) };
	int r = 0;

	l.to = mem_alloc(p->mem, p->given_n * sizeof *l.to);
	if (!l.node || !l.to)
		r = ERR_MEMORY;
	for (uint64_t at = last->left; r == 0 && at + 1 < last->path.n; at++)
		r = leave_at(p, &last->path, at, &l);
	mem_free(p->mem, l.node);
	mem_free(p->mem, l.to);
	return r;
}

static int first(struct paths *p)
{
	struct paths_one one = {0};
	struct path_query q = p->q;
	int r;

	q.ban = NULL;
	r = path_find(&one.path, &q, p->src, p->dst);
	if (r == 1)
		return keep(p, &one);
	path_release(&one.path);
	return r;
}

int paths_next(struct paths *p, const struct path **out)
{
	int r;

	if (p->given_n == p->most)
		return 0;
	r = make_room(p, &p->given, p->given_n, &p->given_cap);
	if (r == 0)
		r = p->given_n ? leave(p) : first(p);
	if (r < 0 || p->ahead_n == 0)
		return r;
	p->given[p->given_n] = p->ahead[--p->ahead_n];
	*out = &p->given[p->given_n++].path;
	return 1;
}
