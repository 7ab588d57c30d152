/* graph/walk/cheapest.c - two heaps that meet
 *
 * Each side labels nodes with the least cost known from its end and settles them in
 * the order of their labels.  Whenever an edge leads from a node being settled to one
 * that the other side has labelled, both labels and the edge are a path; BEST is the
 * least.  A path not seen yet costs at least the sum of both heaps' least labels: when
 * that is not below BEST, BEST is the answer.  Nodes that the other side has settled,
 * or whose paths cannot be below BEST, are not labelled at all.
 *
 * No path that is found goes through a node twice, weights of 0 included: when both
 * sides have labelled a node, the path through it is known, and one that goes on from
 * there and comes back is not below it.
 */
#include "graph/walk/cheapest.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/walk/seen.h"
#include "graph/walk/weigh.h"

struct label {
	union csr_value cost;	/* from this side's end */
	union csr_value weight;	/* of the edge taken */
	uint32_t heap;		/* place in the heap + 1; 0: settled */
};

struct side {
	const struct path_query *q;
	struct csr *csr;
	bool back;
	struct seen seen;	/* nodes, where they were met from, by which type */
	struct label *label;	/* one each */
	uint32_t *heap;		/* places in the list, the cheapest first */
	uint64_t cap, heap_n;
	struct side *other;
};

struct search {
	struct side fwd, back;
	bool met, too_dear;	/* too_dear: a sum did not fit */
	union csr_value best;
	uint64_t a, b;		/* where they met: place in fwd, place in back */
	uint32_t type;		/* and the edge between */
	union csr_value weight;
};

static bool sum_of(enum csr_values kind, union csr_value a, union csr_value b,
		   union csr_value *sum)
{
	if (kind == CSR_REALS)
		sum->r = a.r + b.r;
	return kind == CSR_REALS || !__builtin_add_overflow(a.i, b.i, &sum->i);
}

int cheapest_add(enum csr_values kind, union csr_value a, union csr_value b,
		 union csr_value *sum)
{
	if (!sum_of(kind, a, b, sum))
		return err_set(ERR_TOO_BIG, "a path costs more than %" PRId64, INT64_MAX);
	return 0;
}

/* --- the heap --- */

static bool before(const struct side *s, uint32_t a, uint32_t b)
{
	return cheapest_less(s->q->weight, s->label[a].cost, s->label[b].cost);
}

static void put(struct side *s, uint64_t at, uint32_t place)
{
	s->heap[at] = place;
	s->label[place].heap = (uint32_t)at + 1;
}

static void up(struct side *s, uint64_t at)
{
	uint32_t place = s->heap[at];

	for (; at && before(s, place, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(s, at, s->heap[(at - 1) / 2]);
	put(s, at, place);
}

static void down(struct side *s, uint64_t at)
{
	uint32_t place = s->heap[at];

	for (;;) {
		uint64_t child = 2 * at + 1;

		if (child >= s->heap_n)
			break;
		if (child + 1 < s->heap_n && before(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s, s->heap[child], place))
			break;
		put(s, at, s->heap[child]);
		at = child;
	}
	put(s, at, place);
}

/* --- labels --- */

static int make_room(struct side *s)
{
	struct label *label;
	uint32_t *heap;

	if (s->cap == s->seen.cap)
		return 0;
	label = mem_resize(s->seen.mem, s->label, s->seen.cap * sizeof *label);
	if (!label)
		return ERR_MEMORY;
	s->label = label;
	heap = mem_resize(s->seen.mem, s->heap, s->seen.cap * sizeof *heap);
	if (!heap)
		return ERR_MEMORY;
	s->heap = heap;
	s->cap = s->seen.cap;
	return 0;
}

/* A node met at a cost: a new label, or a better one. */
static int set(struct side *s, const struct seen_node *n, union csr_value cost,
	       union csr_value weight)
{
	uint64_t place = s->seen.n;
	int r = seen_add(&s->seen, n);

	if (r < 0 || (r == 1 && (r = make_room(s)) < 0))
		return r;
	if (place < s->seen.n) {
		put(s, s->heap_n++, (uint32_t)place);
	} else {
		seen_find(&s->seen, n->node, &place);
		if (s->label[place].heap == 0 ||
		    !cheapest_less(s->q->weight, cost, s->label[place].cost))
			return 0;
		s->seen.list[place].from = n->from;
		s->seen.list[place].type = n->type;
	}
	s->label[place].cost = cost;
	s->label[place].weight = weight;
	up(s, s->label[place].heap - 1);
	return 0;
}

/* The path over an edge from AT to THERE, a node of the other side. */
static void meet(struct search *x, const struct side *s, uint64_t at, uint64_t there,
		 uint32_t type, union csr_value weight, union csr_value cost)
{
	union csr_value sum;

	if (!sum_of(s->q->weight, cost, s->other->label[there].cost, &sum)) {
		x->too_dear = true;
		return;
	}
	if (x->met && !cheapest_less(s->q->weight, sum, x->best))
		return;
	x->met = true;
	x->best = sum;
	x->a = s->back ? there : at;
	x->b = s->back ? at : there;
	x->type = type;
	x->weight = weight;
}

/* Could a path over a node of this cost, not settled on the other side, be below BEST? */
static bool hopeful(const struct search *x, const struct side *s, union csr_value cost)
{
	const struct side *other = s->other;
	union csr_value sum;

	if (!x->met)
		return true;
	return other->heap_n &&
		sum_of(s->q->weight, cost, other->label[other->heap[0]].cost, &sum) &&
		cheapest_less(s->q->weight, sum, x->best);
}

static int relax(struct search *x, struct side *s, uint64_t at, uint64_t to, uint32_t type,
		 union csr_value weight)
{
	struct seen_node n = { .node = to, .from = (uint32_t)at, .type = type };
	uint64_t node = s->seen.list[at].node, there;
	union csr_value cost;

	if (s->q->weight == CSR_REALS ? weight.r < 0 : weight.i < 0)
		return weigh_negative(s->q->graph, s->back ? to : node, s->back ? node : to);
	if (s->back ? path_banned(s->q->ban, to, to, node) :
	    path_banned(s->q->ban, to, node, to))
		return 0;
	if (!sum_of(s->q->weight, s->label[at].cost, weight, &cost)) {
		x->too_dear = true;
		return 0;
	}
	if (seen_find(&s->other->seen, to, &there)) {
		meet(x, s, at, there, type, weight, cost);
		if (s->other->label[there].heap == 0)
			return 0;
	}
	return hopeful(x, s, cost) ? set(s, &n, cost, weight) : 0;
}

/* Its cheapest node is settled. */
static int settle(struct search *x, struct side *s)
{
	const struct path_query *q = s->q;
	uint32_t at = s->heap[0];
	const union csr_value *value;
	const uint64_t *ids;
	struct csr_list l;
	int r = 0, n;

	s->label[at].heap = 0;
	if (--s->heap_n) {
		s->heap[0] = s->heap[s->heap_n];
		down(s, 0);
	}
	for (uint32_t i = 0; r == 0 && i < graph_types_n(q->graph, &q->types); i++) {
		uint32_t type = graph_types_at(&q->types, i);

		r = csr_row(s->csr, type, s->seen.list[at].node, &l);
		while (r == 0 && (n = csr_block(&l, &ids)) != 0) {
			r = n < 0 ? n : csr_block_values(&l, &value);
			for (int k = 0; r >= 0 && k < n; k++)
				r = relax(x, s, at, ids[k], type, value[k]);
			r = r < 0 ? r : 0;
		}
	}
	return r;
}

static int run(struct search *x)
{
	int r = 0;

	while (r == 0 && x->fwd.heap_n && x->back.heap_n) {
		if (!hopeful(x, &x->fwd, x->fwd.label[x->fwd.heap[0]].cost))
			break;
		r = settle(x, x->fwd.heap_n <= x->back.heap_n ? &x->fwd : &x->back);
	}
	if (r == 0 && !x->met && x->too_dear)
		return err_set(ERR_TOO_BIG, "a path costs more than %" PRId64, INT64_MAX);
	return r;
}

/* --- the path --- */

static uint64_t length_to(const struct seen *s, uint64_t place)
{
	uint64_t n = 0;

	for (; place; place = s->list[place].from)
		n++;
	return n;
}

static void steps(const struct search *x, struct path *out, uint64_t half)
{
	const struct side *f = &x->fwd, *b = &x->back;
	union csr_value weight = x->weight;
	uint64_t at = x->a, i;
	uint32_t type = x->type;

	for (i = half; i-- > 0; at = f->seen.list[at].from)
		out->step[i] = (struct path_step){
			.node = f->seen.list[at].node, .type = f->seen.list[at].type,
			.weight = f->label[at].weight };
	for (i = half, at = x->b; i < out->n; i++, at = b->seen.list[at].from) {
		out->step[i] = (struct path_step){
			.node = b->seen.list[at].node, .type = type, .weight = weight };
		type = b->seen.list[at].type;
		weight = b->label[at].weight;
	}
}

static int join(const struct search *x, struct path *out)
{
	uint64_t half = length_to(&x->fwd.seen, x->a) + 1;
	int r = 0;

	out->n = half + 1 + length_to(&x->back.seen, x->b);
	out->step = mem_alloc(out->mem, out->n * sizeof *out->step);
	if (!out->step)
		return ERR_MEMORY;
	steps(x, out, half);
	for (uint64_t i = 1; r == 0 && i < out->n; i++)
		r = cheapest_add(x->fwd.q->weight, out->step[i - 1].cost,
				 out->step[i].weight, &out->step[i].cost);
	return r < 0 ? r : 1;
}

static int begin(struct side *s, const struct path_query *q, enum csr_direction way,
		 uint64_t start, struct side *other)
{
	const union csr_value zero = {0};

	s->q = q;
	s->csr = graph_csr(q->graph, way);
	s->back = way == CSR_IN;
	s->other = other;
	seen_init(&s->seen, graph_node_n(q->graph), graph_mem(q->graph));
	return set(s, &(struct seen_node){ .node = start }, zero, zero);
}

static void end(struct side *s)
{
	mem_free(s->seen.mem, s->label);
	mem_free(s->seen.mem, s->heap);
	seen_release(&s->seen);
}

int cheapest_find(struct path *out, const struct path_query *q, uint64_t src, uint64_t dst)
{
	struct search x = {0};
	int r = begin(&x.fwd, q, CSR_OUT, src, &x.back);
	int last = begin(&x.back, q, CSR_IN, dst, &x.fwd);

	if (r == 0)
		r = last;
	if (r == 0)
		r = run(&x);
	if (r == 0 && x.met)
		r = join(&x, out);
	end(&x.fwd);
	end(&x.back);
	return r;
}
