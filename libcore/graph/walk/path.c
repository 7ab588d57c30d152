/* graph/walk/path.c - two searches that meet
 *
 * What was met from one side is complete up to its level; when an edge from there
 * ends in what the other side met, all shorter paths were ruled out by the steps
 * before.
 */
#include "graph/walk/path.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/walk/cheapest.h"
#include "graph/walk/seen.h"

#define COUNTED 1024u	/* nodes of a step whose edges are counted, not guessed */

struct side {
	const struct path_query *q;
	struct csr *csr;
	bool back;
	struct seen seen;
	uint64_t level;		/* place of the last step's first node */
	uint64_t edges;		/* from its nodes, about; 0: to be counted */
	const struct side *other;
	uint64_t here, there;	/* the meeting: places in both lists */
	uint32_t type;		/* of the edge between */
};

#define MET 1

typedef int side_take(struct side *s, uint64_t place, uint32_t type, const uint64_t *ids,
		      uint32_t n);

static bool banned(const struct side *s, uint64_t at, uint64_t to)
{
	return s->back ? path_banned(s->q->ban, to, to, at) : path_banned(s->q->ban, to, at, to);
}

/* The other side among them? */
static int look(struct side *s, uint64_t place, uint32_t type, const uint64_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!seen_find(&s->other->seen, ids[i], &s->there) ||
		    banned(s, s->seen.list[place].node, ids[i]))
			continue;
		s->here = place;
		s->type = type;
		return MET;
	}
	return 0;
}

static int take(struct side *s, uint64_t place, uint32_t type, const uint64_t *ids, uint32_t n)
{
	struct seen_node met = { .from = (uint32_t)place, .type = type };
	int r = 0;

	for (uint32_t i = 0; i < n && r >= 0; i++) {
		met.node = ids[i];
		if (!banned(s, s->seen.list[place].node, ids[i]))
			r = seen_add(&s->seen, &met);
	}
	return r < 0 ? r : 0;
}

static int each_edge(struct side *s, side_take *each)
{
	const struct path_query *q = s->q;
	uint64_t end = s->seen.n;
	const uint64_t *ids;
	struct csr_list l;
	int r = 0, n;

	for (uint64_t at = s->level; at < end; at++)
		for (uint32_t i = 0; i < graph_types_n(q->graph, &q->types); i++) {
			uint32_t type = graph_types_at(&q->types, i);

			r = csr_row(s->csr, type, s->seen.list[at].node, &l);
			while (r == 0 && (n = csr_block(&l, &ids)) != 0)
				r = n < 0 ? n : each(s, at, type, ids, (uint32_t)n);
			if (r)
				return r;
		}
	return 0;
}

static int count_edges(struct side *s)
{
	const struct path_query *q = s->q;
	uint64_t n = s->seen.n - s->level, degree;
	int r = 0;

	s->edges = n;
	if (n > COUNTED) {
		s->edges += n * (csr_edge_n(s->csr) / (graph_node_n(q->graph) | 1));
		return 0;
	}
	for (uint64_t at = s->level; at < s->seen.n; at++)
		for (uint32_t i = 0; i < graph_types_n(q->graph, &q->types); i++) {
			r = csr_degree(s->csr, graph_types_at(&q->types, i),
				       s->seen.list[at].node, &degree);
			if (r < 0)
				return r;
			s->edges += degree;
		}
	return 0;
}

/* A whole step. */
static int step(struct side *s)
{
	uint64_t end = s->seen.n;
	int r = each_edge(s, look);

	if (r == 0)
		r = each_edge(s, take);
	s->level = end;
	s->edges = 0;
	return r;
}

static int search(struct side *fwd, struct side *back, struct side **met)
{
	int r = 0;

	while (r == 0) {
		if (fwd->level == fwd->seen.n || back->level == back->seen.n)
			return 0;
		if ((fwd->edges == 0 && (r = count_edges(fwd)) < 0) ||
		    (back->edges == 0 && (r = count_edges(back)) < 0))
			return r;
		*met = fwd->edges <= back->edges ? fwd : back;
		r = step(*met);
	}
	return r;
}

static uint64_t length_to(const struct seen *s, uint64_t place)
{
	uint64_t n = 0;

	for (; place; place = s->list[place].from)
		n++;
	return n;
}

/* From the source to A in FWD, over an edge of TYPE, from B along BACK to the target:
 * there an edge's type belongs to the node before it. */
static int join(struct path *out, const struct seen *fwd, uint64_t a, uint32_t type,
		const struct seen *back, uint64_t b)
{
	uint64_t at = length_to(fwd, a);

	out->n = at + 2 + length_to(back, b);
	out->step = mem_alloc(out->mem, out->n * sizeof *out->step);
	if (!out->step)
		return ERR_MEMORY;
	for (uint64_t i = at + 1; i-- > 0; a = fwd->list[a].from)
		out->step[i] = (struct path_step){ .node = fwd->list[a].node,
						   .type = fwd->list[a].type };
	for (at++; ; at++, b = back->list[b].from) {
		out->step[at] = (struct path_step){ .node = back->list[b].node, .type = type };
		type = back->list[b].type;
		if (b == 0)
			break;
	}
	for (uint64_t i = 0; i < out->n; i++) {
		out->step[i].weight.i = i > 0;
		out->step[i].cost.i = (int64_t)i;
	}
	return 1;
}

static int only(struct path *out, uint64_t node)
{
	out->step = mem_zalloc(out->mem, sizeof *out->step);
	if (!out->step)
		return ERR_MEMORY;
	out->step->node = node;
	out->n = 1;
	return 1;
}

static int begin(struct side *s, const struct path_query *q, enum csr_direction way,
		 uint64_t start)
{
	struct seen_node n = { .node = start };
	int r;

	s->q = q;
	s->csr = graph_csr(q->graph, way);
	s->back = way == CSR_IN;
	seen_init(&s->seen, graph_node_n(q->graph), graph_mem(q->graph));
	r = seen_add(&s->seen, &n);
	return r < 0 ? r : 0;
}

static int fewest(struct path *out, const struct path_query *q, uint64_t src, uint64_t dst)
{
	struct side fwd = {0}, back = { .other = &fwd }, *met = NULL;
	int r = begin(&fwd, q, CSR_OUT, src), last = begin(&back, q, CSR_IN, dst);

	fwd.other = &back;
	if (r == 0)
		r = last;
	if (r == 0)
		r = search(&fwd, &back, &met);
	if (r == MET)
		r = met == &fwd ?
			join(out, &fwd.seen, fwd.here, fwd.type, &back.seen, fwd.there) :
			join(out, &fwd.seen, back.there, back.type, &back.seen, back.here);
	seen_release(&fwd.seen);
	seen_release(&back.seen);
	return r;
}

int path_find(struct path *out, const struct path_query *q, uint64_t src, uint64_t dst)
{
	*out = (struct path){ .mem = graph_mem(q->graph) };
	if (src == dst)
		return only(out, src);
	return q->weight == CSR_NO_VALUES ? fewest(out, q, src, dst) :
		cheapest_find(out, q, src, dst);
}

void path_release(struct path *p)
{
	mem_free(p->mem, p->step);
	*p = (struct path){0};
}

bool path_banned_slow(const struct path_ban *b, uint64_t node, uint64_t tail, uint64_t head)
{
	uint64_t lo = 0, hi = b->node_n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (b->node[mid] == node)
			return true;
		if (b->node[mid] < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (uint64_t i = 0; tail == b->from && i < b->to_n; i++)
		if (b->to[i] == head)
			return true;
	return false;
}
