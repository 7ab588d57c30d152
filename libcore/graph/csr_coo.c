/* graph/csr_coo.c - the coo layout: pairs in order, read from the chunk before
 *
 * A look-up is a binary search for a chunk and a walk through it; where the list
 * ends is found in the same way.
 */
#include "graph/csr_inside.h"

#include <string.h>

#define NUMBER_MOST 10u			/* bytes of a varint */

static uint64_t chunk_n(const struct csr_type *t)
{
	return t->edge_n / CSR_PAIRS + (t->edge_n % CSR_PAIRS != 0);
}

static const struct csr_where_disk *where(const struct csr_type *t, uint64_t chunk)
{
	return (const struct csr_where_disk *)t->rows + chunk;
}

static bool coo_fits(const struct csr *c, const struct csr_type *t)
{
	(void)c;
	return t->edge_n == 0 || (t->sparse && csr_holds(t->rows, t->rows_end, chunk_n(t) + 1,
							 sizeof(struct csr_where_disk)));
}

/* NULL at the end, or of a number too long. */
static const uint8_t *get_number(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
	unsigned shift = 0;
	uint8_t b;

	*out = 0;
	do {
		if (at == end || shift > 63)
			return NULL;
		b = *at++;
		*out |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	return at;
}

static int check_ahead(const struct csr *c, const struct csr_held *h, const uint8_t *at,
		       const uint8_t *end, unsigned numbers)
{
	uint64_t len = (uint64_t)(end - at);

	return csr_reach(c, h, at, len < numbers * NUMBER_MOST ? len : numbers * NUMBER_MOST);
}

/* --- pair by pair --- */

static int begin_chunk(struct csr *c, const struct csr_type *t, struct csr_walk *w)
{
	const struct csr_where_disk *d = where(t, w->place / CSR_PAIRS);
	uint64_t lo, hi, room = (uint64_t)(t->targets_end - t->targets);
	int r = segment_check(c->seg, d, 2 * sizeof *d);

	if (r < 0)
		return r;
	lo = le64_get(d[0].off);
	hi = le64_get(d[1].off);
	w->from = le64_get(d[0].node);
	if (lo > hi || hi > room || w->from >= c->node_n)
		return csr_damaged(c, d, "chunks out of order");
	w->to_at = t->targets + lo;
	w->end = t->targets + hi;
	r = check_ahead(c, t->held, w->to_at, w->end, 1);
	if (r < 0)
		return r;
	w->at = get_number(w->to_at, w->end, &w->to);
	return w->at && w->to < c->node_n ? 0 : csr_damaged(c, d, "a chunk without pairs");
}

static int another(struct csr *c, const struct csr_type *t, struct csr_walk *w)
{
	const uint8_t *begin = w->at;
	uint64_t v;
	int r = check_ahead(c, t->held, begin, w->end, 2);

	if (r < 0)
		return r;
	w->at = get_number(begin, w->end, &v);
	if (w->at && v & 1) {
		w->from += (v >> 1) + 1;
		w->to_at = w->at;
		w->at = get_number(w->to_at, w->end, &w->to);
	} else if (w->at) {
		w->to += v >> 1;
	}
	if (!w->at || w->from >= c->node_n || w->to >= c->node_n)
		return csr_list_damaged(c, t->held, begin, "pairs that go on as none do");
	return 0;
}

/* The pair after the one at hand; at the end place is edge_n, and from node_n. */
static int step(struct csr *c, const struct csr_type *t, struct csr_walk *w)
{
	if (++w->place == t->edge_n) {
		w->from = c->node_n;
		return 0;
	}
	if (w->place % CSR_PAIRS)
		return another(c, t, w);
	return w->at == w->end ? begin_chunk(c, t, w) :
		csr_list_damaged(c, t->held, w->at, "a chunk with bytes behind its pairs");
}

static int walk_from(struct csr *c, const struct csr_type *t, uint64_t chunk,
		     struct csr_walk *w)
{
	*w = (struct csr_walk){ .place = chunk * CSR_PAIRS };
	return begin_chunk(c, t, w);
}

/* --- look-ups --- */

/* The last chunk whose first pair is of a node below NODE, else the first. */
static int chunk_before(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *out)
{
	uint64_t lo = 0, hi = chunk_n(t);

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		const struct csr_where_disk *d = where(t, mid);
		int r = segment_check(c->seg, d, sizeof *d);

		if (r < 0)
			return r;
		if (le64_get(d->node) < node)
			lo = mid;
		else
			hi = mid;
	}
	*out = lo;
	return 0;
}

/* W at the first pair that is not of a node below NODE. */
static int walk_to(struct csr *c, const struct csr_type *t, uint64_t node, struct csr_walk *w)
{
	uint64_t chunk;
	int r = chunk_before(c, t, node, &chunk);

	if (r == 0)
		r = walk_from(c, t, chunk, w);
	while (r == 0 && w->from < node)
		r = step(c, t, w);
	return r;
}

static void place_of(const struct csr_walk *w, struct csr_place *out)
{
	out->node = w->from;
	out->edge = w->place;
	out->at = w->to_at;
	out->end = w->end;
	out->chunk_left = CSR_PAIRS - w->place % CSR_PAIRS;
}

static int coo_find(struct csr *c, const struct csr_type *t, uint64_t node,
		    struct csr_place *out)
{
	struct csr_walk w;
	int r = walk_to(c, t, node, &w);

	if (r < 0 || w.from != node)
		return r;
	place_of(&w, out);
	r = walk_to(c, t, node + 1, &w);
	if (r < 0)
		return r;
	if (w.place <= out->edge)
		return csr_damaged(c, t->rows, "chunks out of order");
	out->n = w.place - out->edge;
	return 1;
}

static int coo_start(struct csr_scan *s)
{
	return walk_to(s->csr, &s->t, s->first, &s->walk);
}

static int coo_before(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *edges)
{
	uint64_t chunk;
	int r = chunk_before(c, t, node, &chunk);

	*edges = r == 0 ? chunk * CSR_PAIRS : 0;
	return r;
}

/* A scan begins in the chunk before and looks at the first pair of the chunk behind. */
static int coo_lists(struct csr *c, const struct csr_type *t, uint64_t first, uint64_t end,
		     uint64_t *lo, uint64_t *hi)
{
	uint64_t begin, behind;
	int r = chunk_before(c, t, first, &begin);

	if (r == 0)
		r = chunk_before(c, t, end, &behind);
	if (r < 0)
		return r;
	behind = behind + 2 < chunk_n(t) ? behind + 2 : chunk_n(t);
	r = segment_check(c->seg, where(t, begin), sizeof(struct csr_where_disk));
	if (r == 0)
		r = segment_check(c->seg, where(t, behind), sizeof(struct csr_where_disk));
	*lo = r == 0 ? le64_get(where(t, begin)->off) : 0;
	*hi = r == 0 ? le64_get(where(t, behind)->off) : 0;
	return r;
}

static int coo_next(struct csr_scan *s, struct csr_place *out)
{
	struct csr_walk *w = &s->walk;
	int r = 0;

	if (w->place == s->t.edge_n || w->from >= s->end)
		return 0;
	place_of(w, out);
	while (r == 0 && w->from == out->node)
		r = step(s->csr, &s->t, w);
	if (r == 0 && w->from < out->node)
		return csr_list_damaged(s->csr, s->t.held, w->to_at, "pairs out of order");
	out->n = w->place - out->edge;
	return r < 0 ? r : 1;
}

/* --- a list --- */

static int coo_begin(struct csr_list *l, const struct csr_place *p)
{
	l->packed = (struct list_reader){ .at = p->at, .end = p->end };
	return 0;
}

/* On to the chunk behind the one that ended. */
static int next_chunk(struct csr_list *l)
{
	struct csr_walk w = { .place = l->edge + l->n - l->left };
	struct csr_type t;
	int r = csr_type_of(l->csr, l->type, &t);

	if (r == 0 && l->held)
		csr_type_hold(l->csr, &t, l->held);
	if (r == 0)
		r = begin_chunk(l->csr, &t, &w);
	if (r < 0)
		return r;
	l->packed = (struct list_reader){ .at = w.to_at, .end = w.end };
	l->chunk_left = CSR_PAIRS;
	return 0;
}

/* The ids of one chunk: the first of a list or chunk as it is, then gaps. */
static int coo_block(struct csr_list *l)
{
	struct list_reader *p = &l->packed;
	struct csr *c = l->csr;
	uint32_t n = 0;
	uint64_t v;
	int r = l->chunk_left ? 0 : next_chunk(l);

	if (r == 0)
		r = check_ahead(c, l->held, p->at, p->end, CSR_BLOCK);
	if (r < 0)
		return r;
	for (; n < CSR_BLOCK && l->left && l->chunk_left; n++, l->left--, l->chunk_left--) {
		const uint8_t *at = get_number(p->at, p->end, &v);

		if (!at || (p->begun && v & 1))
			return csr_list_damaged(c, l->held, p->at, "pairs that go on as none do");
		p->last = p->begun ? p->last + (v >> 1) : v;
		if (p->last >= c->node_n)
			return csr_list_damaged(c, l->held, p->at, "a neighbour that is no node");
		p->begun = true;
		p->at = at;
		l->ids[n] = p->last;
	}
	l->at = p->at;
	return (int)n;
}

static int coo_check(struct csr *c, const struct csr_type *t,
		     int (*list)(struct csr *c, const struct csr_type *t,
				 const struct csr_place *p))
{
	struct csr_scan s = { .csr = c, .end = UINT64_MAX, .t = *t };
	uint64_t row_n = 0, edge_n = 0;
	struct csr_place p;
	int r = t->edge_n ? coo_start(&s) : 0;

	if (r < 0)
		return r;
	while (t->edge_n && (r = coo_next(&s, &p)) > 0) {
		s.begun = true;
		row_n++;
		edge_n += p.n;
		r = list(c, t, &p);
		if (r < 0)
			return r;
	}
	if (r == 0 && (row_n != t->row_n || edge_n != t->edge_n ||
		       (t->edge_n && s.walk.at != t->targets_end)))
		return csr_damaged(c, t->rows, "a type's counts and its pairs disagree");
	return r;
}

const struct csr_ops csr_coo_ops = {
	.fits = coo_fits, .find = coo_find, .next = coo_next, .begin = coo_begin,
	.block = coo_block, .start = coo_start, .before = coo_before, .lists = coo_lists, .check = coo_check,
};
