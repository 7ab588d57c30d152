/* graph/csr_raw.c - the raw layout: offsets and ids used in place */
#include "graph/csr_inside.h"

#include <inttypes.h>

#include "base/disk.h"

/* first[], behind the nodes of a sparse type. */
static const uint8_t *first_of(const struct csr *c, const struct csr_type *t)
{
	return t->rows + (t->sparse ? disk_round_up(t->row_n * c->width, CSR_ALIGN) : 0);
}

static uint64_t rows_n(const struct csr *c, const struct csr_type *t)
{
	return t->sparse ? t->row_n : c->node_n;
}

static bool raw_fits(const struct csr *c, const struct csr_type *t)
{
	uint64_t room = (uint64_t)(t->rows_end - t->rows);

	if ((uint64_t)(t->targets_end - t->targets) / c->width < t->edge_n)
		return false;
	if (t->edge_n == 0)
		return true;
	if (t->sparse && (t->row_n > room / c->width ||
			  disk_round_up(t->row_n * c->width, CSR_ALIGN) > room))
		return false;
	return csr_holds(first_of(c, t), t->rows_end, rows_n(c, t) + 1, 8);
}

static int node_at(struct csr *c, const struct csr_type *t, uint64_t i, uint64_t *out)
{
	const uint8_t *at = t->rows + i * c->width;
	int r = segment_check(c->seg, at, c->width);

	if (r < 0)
		return r;
	*out = c->width == 4 ? le32_get(*(const le32 *)at) : le64_get(*(const le64 *)at);
	return *out < c->node_n ? 0 : csr_damaged(c, at, "a row of no node");
}

/* The first row that is not of a node below NODE: 1 when it is NODE's, 0 when not. */
static int find_row(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *row)
{
	uint64_t lo = 0, hi = t->row_n, x;

	if (!t->sparse) {
		*row = node;
		return 1;
	}
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int r = node_at(c, t, mid, &x);

		if (r < 0)
			return r;
		if (x == node) {
			*row = mid;
			return 1;
		}
		if (x < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	*row = lo;
	return 0;
}

static int place_of(struct csr *c, const struct csr_type *t, uint64_t row,
		    struct csr_place *out)
{
	const uint8_t *at = first_of(c, t) + 8 * row;
	int r = segment_check(c->seg, at, 16);
	uint64_t lo, hi;

	if (r < 0)
		return r;
	lo = le64_get(((const le64 *)at)[0]);
	hi = le64_get(((const le64 *)at)[1]);
	if (lo > hi || hi > t->edge_n)
		return csr_damaged(c, at, "offsets out of order");
	out->edge = lo;
	out->n = hi - lo;
	out->at = t->targets + lo * c->width;
	return 0;
}

static int raw_find(struct csr *c, const struct csr_type *t, uint64_t node,
		    struct csr_place *out)
{
	uint64_t row = 0;
	int r = find_row(c, t, node, &row);

	if (r > 0 && (r = place_of(c, t, row, out)) == 0)
		r = 1;
	return r;
}

static int raw_next(struct csr_scan *s, struct csr_place *out)
{
	struct csr *c = s->csr;
	int r = 0;

	while (r == 0 && s->row < rows_n(c, &s->t)) {
		out->node = s->row;
		if (s->t.sparse)
			r = node_at(c, &s->t, s->row, &out->node);
		if (r == 0 && out->node >= s->end)
			return 0;
		if (r == 0 && csr_skips(s, out->node)) {
			s->row++;
			continue;
		}
		if (r == 0)
			r = place_of(c, &s->t, s->row++, out);
		if (r == 0 && out->n)
			return 1;
	}
	return r;
}

static int raw_start(struct csr_scan *s)
{
	int r = find_row(s->csr, &s->t, s->first, &s->row);

	return r < 0 ? r : 0;
}

static int raw_before(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *edges)
{
	struct csr_place p = {0};
	uint64_t row = 0;
	int r = find_row(c, t, node, &row);

	if (r < 0)
		return r;
	r = row < rows_n(c, t) ? place_of(c, t, row, &p) : 0;
	*edges = row < rows_n(c, t) ? p.edge : t->edge_n;
	return r;
}

static int raw_lists(struct csr *c, const struct csr_type *t, uint64_t first, uint64_t end,
		     uint64_t *lo, uint64_t *hi)
{
	int r = raw_before(c, t, first, lo);

	*hi = t->edge_n;
	if (r == 0 && end < c->node_n)
		r = raw_before(c, t, end, hi);
	*lo *= c->width;
	*hi *= c->width;
	return r;
}

/* N ids widened from the file; the greatest of them. */
static uint64_t widen(uint64_t *ids, const uint8_t *at, uint32_t n, unsigned width)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		ids[i] = width == 4 ? le32_get(((const le32 *)at)[i]) :
			le64_get(((const le64 *)at)[i]);
		most = ids[i] > most ? ids[i] : most;
	}
	return most;
}

static int raw_block(struct csr_list *l)
{
	struct csr *c = l->csr;
	uint32_t n = l->left < CSR_BLOCK ? (uint32_t)l->left : CSR_BLOCK;
	int r = csr_reach(c, l->held, l->at, (size_t)n * c->width);

	if (r < 0)
		return r;
	if (widen(l->ids, l->at, n, c->width) >= c->node_n)
		return csr_list_damaged(c, l->held, l->at, "a neighbour that is no node");
	l->at += (size_t)n * c->width;
	l->left -= n;
	return (int)n;
}

/* Narrow ids are read where they lie: bytes of the file in the processor's order. */
static int raw_block32(struct csr_list *l, unsigned most, const uint32_t **ids)
{
	uint32_t n = l->left < most ? (uint32_t)l->left : most, top = 0;
	int r = csr_reach(l->csr, l->held, l->at, n * sizeof(le32));

	if (r < 0)
		return r;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	*ids = (const uint32_t *)(const void *)l->at;
#else
	for (uint32_t i = 0; i < n; i++)
		l->ids32[i] = le32_get(((const le32 *)l->at)[i]);
#endif
	for (uint32_t i = 0; i < n; i++)
		top = (*ids)[i] > top ? (*ids)[i] : top;
	if (top >= l->csr->node_n)
		return csr_list_damaged(l->csr, l->held, l->at, "a neighbour that is no node");
	l->at += n * sizeof(le32);
	l->left -= n;
	return (int)n;
}

static int raw_seek(struct csr_list *l, uint64_t id)
{
	unsigned width = l->csr->width;
	uint64_t lo = 0, hi = l->left, x;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		const uint8_t *at = l->at + mid * width;
		int r = csr_reach(l->csr, l->held, at, width);

		if (r < 0)
			return r;
		widen(&x, at, 1, width);
		if (x < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	l->at += lo * width;
	l->left -= lo;
	return 0;
}

/* The rows of a type lie one behind the other and cover its targets. */
static int raw_check(struct csr *c, const struct csr_type *t,
		     int (*list)(struct csr *c, const struct csr_type *t,
				 const struct csr_place *p))
{
	uint64_t used = 0, rows = 0, before = 0;
	struct csr_place p = {0};
	int r = 0;

	for (uint64_t i = 0; t->edge_n && i < rows_n(c, t) && r == 0; i++) {
		if ((r = place_of(c, t, i, &p)) < 0)
			return r;
		if (p.edge != used || (t->sparse && !p.n))
			return csr_damaged(c, first_of(c, t) + 8 * i, "rows do not join");
		if (t->sparse && (r = node_at(c, t, i, &p.node)) < 0)
			return r;
		if (t->sparse && i && p.node <= before)
			return csr_damaged(c, t->rows + i * c->width, "rows out of order");
		before = p.node;
		used += p.n;
		rows += p.n != 0;
		r = list(c, t, &p);
	}
	if (r == 0 && (used != t->edge_n || rows != t->row_n))
		return csr_damaged(c, t->rows, "a type's counts and its rows disagree");
	return r;
}

const struct csr_ops csr_raw_ops = {
	.fits = raw_fits, .find = raw_find, .next = raw_next, .block = raw_block,
	.block32 = raw_block32, .seek = raw_seek, .start = raw_start, .before = raw_before,
	.lists = raw_lists,
	.check = raw_check,
};
