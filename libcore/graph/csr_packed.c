/* graph/csr_packed.c - the packed layout: groups of rows, lists of gaps
 *
 * A look-up touches the directory, one group and the list.  A scan unfolds a group
 * at a time.
 */
#include "graph/csr_inside.h"

#include <string.h>

#include "graph/bits.h"

/* Of a group: more than most have. */
#define HINT_LINES 5u
/* Bytes of a group's lists that are looked at as one: a page or two. */
#define HEADS_NEAR 8192u

struct group {			/* a group in place */
	uint64_t first;		/* sparse: node of its first row */
	const uint8_t *at;	/* NULL: no lists in it */
	const uint8_t *edges, *nodes;	/* the second array, the third */
	uint64_t off, edge;
	unsigned n, end_bits, edge_bits, node_bits;
};

static uint64_t rows_n(const struct csr *c, const struct csr_type *t)
{
	return t->sparse ? t->row_n : c->node_n;
}

static uint64_t group_n(const struct csr *c, const struct csr_type *t)
{
	return rows_n(c, t) / CSR_GROUP + (rows_n(c, t) % CSR_GROUP != 0);
}

static unsigned where_len(const struct csr_type *t)
{
	return t->sparse ? sizeof(struct csr_where_disk) : sizeof(le64);
}

static bool packed_fits(const struct csr *c, const struct csr_type *t)
{
	return t->edge_n == 0 ||
		csr_holds(t->rows, t->rows_end, group_n(c, t) + 1, where_len(t));
}

/* Entry I of the directory; the page was checked. */
static void where_at(const struct csr_type *t, uint64_t i, uint64_t *node, uint64_t *off)
{
	const uint8_t *at = t->rows + i * where_len(t);

	if (t->sparse) {
		*node = le64_get(*(const le64 *)at);
		at += 8;
	}
	*off = le64_get(*(const le64 *)at);
}

/* The arrays of a group of N rows at G->at, which has LEN bytes. */
static int group_arrays(struct csr *c, const struct csr_type *t, struct group *g, uint64_t len)
{
	const struct csr_group_disk *d = (const void *)g->at;
	static const uint8_t zero[sizeof d->zero];
	uint64_t ends, edges, nodes;

	if (len < sizeof *d)
		return csr_damaged(c, d, "a group without a head");
	g->off = le64_get(d->off);
	g->edge = le64_get(d->edge);
	g->end_bits = d->end_bits;
	g->edge_bits = d->edge_bits;
	g->node_bits = d->node_bits;
	if (g->end_bits > BITS_MOST || g->edge_bits > BITS_MOST || g->node_bits > BITS_MOST ||
	    (!t->sparse && g->node_bits) || memcmp(d->zero, zero, sizeof zero))
		return csr_damaged(c, d, "a group's head has no such widths");
	ends = bits_bytes(g->n, g->end_bits);
	edges = bits_bytes(g->n, g->edge_bits);
	nodes = bits_bytes(g->n, g->node_bits);
	if (sizeof *d + ends + edges + nodes != len)
		return csr_damaged(c, d, "a group's arrays are not as long as it is");
	if (g->off > (uint64_t)(t->targets_end - t->targets) || g->edge > t->edge_n)
		return csr_damaged(c, d, "a group of lists that lie elsewhere");
	g->at += sizeof *d;
	g->edges = g->at + ends;
	g->nodes = g->edges + edges;
	return 0;
}

static int group_at(struct csr *c, const struct csr_type *t, uint64_t i, struct group *g)
{
	uint64_t room = (uint64_t)(t->rows_end - t->rows), lo, hi, next;
	const uint8_t *entry = t->rows + i * where_len(t);
	int r = segment_check(c->seg, entry, 2 * where_len(t));

	if (r < 0)
		return r;
	*g = (struct group){0};
	where_at(t, i, &g->first, &lo);
	where_at(t, i + 1, &next, &hi);
	if (lo > hi || hi > room)
		return csr_damaged(c, entry, "groups out of order");
	next = rows_n(c, t) - i * CSR_GROUP;
	g->n = next < CSR_GROUP ? (unsigned)next : CSR_GROUP;
	if (lo == hi)
		return t->sparse ? csr_damaged(c, entry, "a group without rows") : 0;
	g->at = t->rows + lo;
	r = segment_check(c->seg, g->at, hi - lo);
	return r < 0 ? r : group_arrays(c, t, g, hi - lo);
}

/* The list from LO to HI of the group's bytes, with edges ELO to EHI of it. */
static inline int place(struct csr *c, const struct csr_type *t, uint64_t off, uint64_t edge,
		 const uint64_t ends[2], const uint64_t edges[2], struct csr_place *out)
{
	const uint8_t *at = t->targets + off;

	if (ends[0] > ends[1] || ends[1] > (uint64_t)(t->targets_end - at) ||
	    edges[0] > edges[1] || edges[1] > t->edge_n - edge ||
	    (ends[0] == ends[1]) != (edges[0] == edges[1]))
		return csr_list_damaged(c, t->held, at, "lists out of order from here on");
	out->at = at + ends[0];
	out->end = at + ends[1];
	out->edge = edge + edges[0];
	out->n = edges[1] - edges[0];
	return 0;
}

static int place_in(struct csr *c, const struct csr_type *t, const struct group *g, unsigned i,
		    struct csr_place *out)
{
	uint64_t ends[2] = {0}, edges[2] = {0};

	if (i) {
		ends[0] = bits_get(g->at, i - 1, g->end_bits);
		edges[0] = bits_get(g->edges, i - 1, g->edge_bits);
	}
	ends[1] = bits_get(g->at, i, g->end_bits);
	edges[1] = bits_get(g->edges, i, g->edge_bits);
	return place(c, t, g->off, g->edge, ends, edges, out);
}

/* The last group whose first row is not behind NODE; 0 when all are. */
static int find_group(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *out)
{
	uint64_t lo = 0, hi = group_n(c, t), x = 0, off;

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		int r = segment_check(c->seg, t->rows + mid * where_len(t), where_len(t));

		if (r < 0)
			return r;
		where_at(t, mid, &x, &off);
		if (x <= node)
			lo = mid;
		else
			hi = mid;
	}
	*out = lo;
	return 0;
}

static int find_sparse(struct csr *c, const struct csr_type *t, uint64_t node,
		       struct csr_place *out)
{
	struct group g;
	uint64_t i;
	int r = find_group(c, t, node, &i);

	if (r == 0)
		r = group_at(c, t, i, &g);
	if (r < 0 || node < g.first)
		return r;
	for (unsigned k = 0; k < g.n; k++)
		if (bits_get(g.nodes, k, g.node_bits) == node - g.first) {
			r = place_in(c, t, &g, k, out);
			return r < 0 ? r : 1;
		}
	return 0;
}

static int packed_find(struct csr *c, const struct csr_type *t, uint64_t node,
		       struct csr_place *out)
{
	struct group g;
	int r;

	if (t->sparse)
		return find_sparse(c, t, node, out);
	r = group_at(c, t, node / CSR_GROUP, &g);
	if (r < 0 || !g.at)
		return r;
	r = place_in(c, t, &g, node % CSR_GROUP, out);
	return r < 0 ? r : 1;
}

static void packed_hint(struct csr *c, const struct csr_type *t, uint64_t node)
{
	const uint8_t *entry = t->rows + node / CSR_GROUP * sizeof(le64);
	uint64_t first, lo, hi;

	if (t->sparse || segment_check(c->seg, entry, 2 * sizeof(le64)) < 0)
		return;
	where_at(t, node / CSR_GROUP, &first, &lo);
	where_at(t, node / CSR_GROUP + 1, &first, &hi);
	for (unsigned i = 0; i < HINT_LINES && lo < hi; i++, lo += 64)
		__builtin_prefetch(t->rows + lo);
}

/* The first group from I on that has bytes: where[] never falls, so that empty ones
 * are skipped by halving.  group_n: none. */
static int filled_group(struct csr *c, const struct csr_type *t, uint64_t i, uint64_t *out)
{
	uint64_t lo = i, hi = group_n(c, t), node, off, x;
	int r = segment_check(c->seg, t->rows + i * where_len(t), where_len(t));

	if (r < 0)
		return r;
	where_at(t, i, &node, &off);
	while (lo < hi) {		/* groups before LO begin at OFF, as LO does */
		uint64_t mid = lo + (hi - lo) / 2;

		r = segment_check(c->seg, t->rows + (mid + 1) * where_len(t), where_len(t));
		if (r < 0)
			return r;
		where_at(t, mid + 1, &node, &x);
		if (x == off)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = lo;
	return 0;
}

static int packed_before(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *edges)
{
	struct group g = {0};
	uint64_t i = node / CSR_GROUP;
	int r = t->sparse ? find_group(c, t, node, &i) : filled_group(c, t, i, &i);

	if (r == 0 && i < group_n(c, t))
		r = group_at(c, t, i, &g);
	*edges = i < group_n(c, t) ? g.edge : t->edge_n;
	return r;
}

/* Where the lists of group I, which has some, begin; of group_n: where all end. */
static int group_off(struct csr *c, const struct csr_type *t, uint64_t i, uint64_t *off)
{
	struct group g = {0};
	int r = 0;

	*off = (uint64_t)(t->targets_end - t->targets);
	if (i < group_n(c, t)) {
		r = group_at(c, t, i, &g);
		*off = g.off;
	}
	return r;
}

static int packed_lists(struct csr *c, const struct csr_type *t, uint64_t first, uint64_t end,
			uint64_t *lo, uint64_t *hi)
{
	uint64_t begin = first / CSR_GROUP, behind = (end - 1) / CSR_GROUP + 1;
	int r;

	if (t->sparse) {
		r = find_group(c, t, first, &begin);
		if (r == 0)
			r = find_group(c, t, end - 1, &behind);
		behind++;
	} else {
		r = filled_group(c, t, begin, &begin);
		if (r == 0 && behind < group_n(c, t))
			r = filled_group(c, t, behind, &behind);
	}
	if (r == 0)
		r = group_off(c, t, begin, lo);
	return r == 0 ? group_off(c, t, behind, hi) : r;
}

/* --- a group at a time --- */

static void unpack(uint64_t out[CSR_GROUP], const uint8_t *at, unsigned n, unsigned w)
{
	if (w <= LIST_UNPACK_BITS)
		list_unpack(out, at, n, w);
	for (unsigned k = 0; w > LIST_UNPACK_BITS && k < n; k++)
		out[k] = bits_get(at, k, w);
}

static int unfold(struct csr *c, const struct csr_type *t, uint64_t i, struct csr_group *out)
{
	struct group g;
	int r = group_at(c, t, i, &g);

	if (r < 0)
		return r;
	out->next = i + 1;
	out->n = g.at ? g.n : 0;
	out->off = g.off;
	out->edge = g.edge;
	unpack(out->ends, g.at, out->n, g.end_bits);
	unpack(out->edges, g.edges, out->n, g.edge_bits);
	for (unsigned k = 0; k < out->n && !t->sparse; k++)
		out->nodes[k] = i * CSR_GROUP + k;
	for (unsigned k = 0; k < out->n && t->sparse; k++) {
		out->nodes[k] = g.first + bits_get(g.nodes, k, g.node_bits);
		if (out->nodes[k] >= c->node_n)
			return csr_damaged(c, g.at, "a row of no node");
	}
	return 0;
}

static inline int place_at(struct csr *c, const struct csr_type *t, const struct csr_group *g,
		    uint64_t i, struct csr_place *out)
{
	const uint64_t ends[2] = { i ? g->ends[i - 1] : 0, g->ends[i] };
	const uint64_t edges[2] = { i ? g->edges[i - 1] : 0, g->edges[i] };

	out->node = g->nodes[i];
	return place(c, t, g->off, g->edge, ends, edges, out);
}

static int packed_start(struct csr_scan *s)
{
	s->group.todo = 0;
	s->group.next = s->first / CSR_GROUP;
	return s->t.sparse ? find_group(s->csr, &s->t, s->first, &s->group.next) : 0;
}

/* The rows of the group just unfolded that the scan is about.  The beginnings of
 * their lists are fetched ahead: they are a line each, too far apart for the
 * processor to guess. */
static uint64_t rows_of(const struct csr_scan *s)
{
	const struct csr_group *g = &s->group;
	uint64_t todo = 0, before = 0, i = g->next - 1;

	for (unsigned k = 0; k < g->n; k++) {
		todo |= (uint64_t)(g->edges[k] != before) << k;
		before = g->edges[k];
	}
	if (!s->t.sparse && s->skip)	/* the bits of a dense group's rows are a word */
		todo &= ~s->skip[i];
	if (!s->t.sparse && s->first > i * CSR_GROUP)
		todo &= ~0ull << s->first % CSR_GROUP;
	for (uint64_t left = todo; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);

		if (k)
			__builtin_prefetch(s->t.targets + g->off + g->ends[k - 1]);
		if (k && s->values)
			__builtin_prefetch(s->t.values + (g->edge + g->edges[k - 1]) *
					   s->t.values_width);
	}
	return todo;
}

/* A group with rows to give; 0 when there is none before the scan's end. */
static int next_group(struct csr_scan *s)
{
	struct csr_group *g = &s->group;
	uint64_t end = group_n(s->csr, &s->t);
	int r;

	if (!s->t.sparse && s->end / CSR_GROUP < end)
		end = s->end / CSR_GROUP + (s->end % CSR_GROUP != 0);
	while (!g->todo) {
		if (g->next >= end)
			return 0;
		if (!s->t.sparse && s->skip && !~s->skip[g->next]) {
			g->next++;
			continue;
		}
		r = unfold(s->csr, &s->t, g->next, g);
		if (r < 0)
			return r;
		g->todo = rows_of(s);
	}
	return 1;
}

static int packed_next(struct csr_scan *s, struct csr_place *out)
{
	struct csr_group *g = &s->group;
	int r = next_group(s);

	if (r <= 0)
		return r;
	r = place_at(s->csr, &s->t, g, (unsigned)__builtin_ctzll(g->todo), out);
	g->todo &= g->todo - 1;
	return r < 0 ? r : 1;
}

/* --- a list --- */

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static inline int packed_begin(struct csr_list *l, const struct csr_place *p)
{
	struct csr *c = l->csr;
	int r = csr_reach(c, l->held, p->at, least(LIST_HEAD, (uint64_t)(p->end - p->at)));

	if (r < 0)
		return r;
	if (list_begin_fast(&l->packed, p->node, p->n, p->at, p->end) < 0)
		return csr_list_damaged(c, l->held, p->at, "a list that begins as none does");
	l->first = l->packed.last;
	l->has_first = true;
	return l->first < c->node_n ? 0 :
		csr_list_damaged(c, l->held, p->at, "a neighbour that is no node");
}

static int packed_peek(struct csr_scan *s, uint64_t *node)
{
	struct csr_group *g = &s->group;
	int r;

	for (;;) {
		if (!g->todo && (r = next_group(s)) <= 0)
			return r;
		*node = g->nodes[__builtin_ctzll(g->todo)];
		if (*node >= s->first && (*node >= s->end || !csr_skips(s, *node)))
			break;
		*node = UINT64_MAX;
		g->todo &= g->todo - 1;
	}
	if (*node >= s->end)
		*node = UINT64_MAX;
	return 0;
}

/* csr_scan_next without a call between row and list: a sweep over a graph with short
 * lists is mostly this. */
static int packed_next_list(struct csr_scan *s, struct csr_list *out)
{
	struct csr_group *g = &s->group;
	struct csr_place p;
	int r;

	do {
		if (!g->todo && (r = next_group(s)) <= 0)
			return r;
		r = place_at(s->csr, &s->t, g, (unsigned)__builtin_ctzll(g->todo), &p);
		g->todo &= g->todo - 1;
		if (r < 0 || p.node >= s->end)
			return r;
	} while (p.node < s->first || csr_skips(s, p.node));
	s->node = p.node;
	p.chunk_left = 0;
	csr_list_set(out, s->csr, &s->t, &p);
	r = packed_begin(out, &p);
	return r < 0 ? r : 1;
}

/* A list of the group at hand: no other layout has one. */
int csr_scan_open(struct csr_scan *s, unsigned i, struct csr_list *out)
{
	struct csr_place p = {0};
	int r = place_at(s->csr, &s->t, &s->group, i, &p);

	if (r < 0)
		return r;
	p.chunk_left = 0;
	csr_list_set(out, s->csr, &s->t, &p);
	return packed_begin(out, &p);
}

/* Are all rows where the format wants them?  Looked at together, without a branch. */
static bool group_fits(const struct csr_scan *s)
{
	const struct csr_group *g = &s->group;
	uint64_t end = 0, edge = 0, bad = 0;

	for (uint64_t k = 0; k < g->n; k++) {
		bad |= (g->ends[k] < end) | (g->edges[k] < edge);
		bad |= (g->ends[k] == end) ^ (g->edges[k] == edge);
		end = g->ends[k];
		edge = g->edges[k];
	}
	return !bad && end <= (uint64_t)(s->t.targets_end - s->t.targets) - g->off &&
		edge <= s->t.edge_n - g->edge;
}

/* The pages of all heads, without those in the middle of long lists. */
static int reach_heads(struct csr_scan *s, uint64_t rows)
{
	const struct csr_group *g = &s->group;
	const uint8_t *at = s->t.targets + g->off;
	int r = 0;

	if (g->ends[g->n - 1] <= HEADS_NEAR)
		return csr_reach(s->csr, s->t.held, at, g->ends[g->n - 1]);
	for (; r == 0 && rows; rows &= rows - 1) {
		unsigned k = (unsigned)__builtin_ctzll(rows);
		uint64_t from = k ? g->ends[k - 1] : 0;

		r = csr_reach(s->csr, s->t.held, at + from,
			      least(LIST_SECOND, g->ends[k] - from));
	}
	return r;
}

/* The firsts of OUT's rows, and their seconds; false: not all of them are to be had. */
static inline __attribute__((always_inline))
bool read_heads(const struct csr_scan *s, bool both, struct csr_firsts *out)
{
	const struct csr_group *g = &s->group;
	uint64_t node_n = s->csr->node_n, odd = 0;

	for (uint64_t left = out->rows; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);
		uint64_t from = k ? g->ends[k - 1] : 0, n = csr_firsts_n(out, k), second;
		const uint8_t *at = s->t.targets + g->off + from;
		struct list_head h = list_head(out->node + k, at);

		odd |= (h.len == 0) | (h.len > g->ends[k] - from) | (h.first >= node_n);
		out->first[k] = (uint32_t)h.first;
		if (!both)
			continue;
		out->second[k] = (uint32_t)h.first;
		if (n < 2 || n > LIST_CHUNK + 1 || odd)
			continue;
		second = list_second(&h, n, at, at + (g->ends[k] - from));
		odd |= second >= node_n;
		out->second[k] = (uint32_t)second;
	}
	return !odd;
}

/* A group at a time.  What is not as it should be, or only seldom is, is left to
 * packed_next_list. */
static int packed_firsts(struct csr_scan *s, bool both, struct csr_firsts *out)
{
	struct csr_group *g = &s->group;
	uint64_t changed;
	int r;

	if (s->t.sparse)
		return 0;
	if (!g->todo && (r = next_group(s)) <= 0)
		return r;
	out->node = g->nodes[0];
	out->rows = g->todo;
	out->edges = g->edges;
	if (s->end - out->node < CSR_GROUP)
		out->rows &= ~(~0ull << (s->end - out->node));
	if (s->skip)
		out->rows &= ~s->skip[out->node / CSR_GROUP];
	r = csr_changed_of(s, out->node / CSR_GROUP, &changed);
	if (r < 0)
		return r;
	out->rows &= ~changed;
	if (!out->rows || !group_fits(s))
		return 0;
	r = reach_heads(s, out->rows);
	if (r < 0)
		return r;
	if (both ? !read_heads(s, true, out) : !read_heads(s, false, out))
		return 0;
	g->todo &= changed;
	return 1;
}

/* A list whole, its N ids to OUT and LIST_BLOCK places more. */
static inline int read_whole(struct csr_scan *s, const struct csr_place *p, uint32_t *out)
{
	struct csr *c = s->csr;
	struct list_reader l;
	int r = csr_reach(c, s->t.held, p->at, (size_t)(p->end - p->at));

	if (r < 0)
		return r;
	if (list_begin_fast(&l, p->node, p->n, p->at, p->end) < 0)
		return csr_list_damaged(c, s->t.held, p->at, "a list that begins as none does");
	if (list_read32(&l, out, (unsigned)p->n + LIST_BLOCK) != (int)p->n)
		return csr_list_damaged(c, s->t.held, p->at, "a list that goes on as none does");
	return out[p->n - 1] < c->node_n ? 0 :
		csr_list_damaged(c, s->t.held, p->at, "a neighbour that is no node");
}

/* Nothing between the group and its ids: a sweep over a graph with short lists is
 * mostly this. */
static int packed_words(struct csr_scan *s, uint32_t *out, size_t room, size_t *n)
{
	struct csr_group *g = &s->group;
	struct csr_place p = {0};
	int r = 0;

	for (;;) {
		if (!g->todo && (r = next_group(s)) <= 0)
			break;
		r = place_at(s->csr, &s->t, g, (unsigned)__builtin_ctzll(g->todo), &p);
		if (r < 0 || p.node >= s->end || p.n > UINT32_MAX / 2 ||
		    p.n + 2 + LIST_BLOCK > room - *n)
			break;
		g->todo &= g->todo - 1;
		if (p.node < s->first || csr_skips(s, p.node))
			continue;
		s->node = p.node;
		out[*n] = (uint32_t)p.node;
		out[*n + 1] = (uint32_t)p.n;
		r = read_whole(s, &p, out + *n + 2);
		if (r < 0)
			break;
		*n += 2 + p.n;
	}
	return r < 0 ? r : *n > 0;
}

static int packed_block(struct csr_list *l)
{
	struct list_reader *p = &l->packed;
	const uint8_t *at = p->at;
	struct csr *c = l->csr;
	int n, r = csr_reach(c, l->held, at, least(LIST_REACH, (uint64_t)(p->end - at)));

	if (r < 0)
		return r;
	n = list_read(p, l->ids);
	if (n <= 0)
		return csr_list_damaged(c, l->held, at, "a list that goes on as none does");
	if (l->ids[n - 1] >= c->node_n)
		return csr_list_damaged(c, l->held, at, "a neighbour that is no node");
	l->left -= (unsigned)n;
	l->at = p->at;
	return n;
}

static int packed_block32(struct csr_list *l, unsigned most, const uint32_t **ids)
{
	struct list_reader *p = &l->packed;
	const uint8_t *at = p->at;
	struct csr *c = l->csr;
	int n, r = csr_reach(c, l->held, at, least(LIST_REACH, (uint64_t)(p->end - at)));

	if (r < 0)
		return r;
	n = list_read32(p, l->ids32, most);
	if (n <= 0)
		return csr_list_damaged(c, l->held, at, "a list that goes on as none does");
	if (l->ids32[n - 1] >= c->node_n)
		return csr_list_damaged(c, l->held, at, "a neighbour that is no node");
	l->left -= (unsigned)n;
	l->at = p->at;
	*ids = l->ids32;
	return n;
}

static int packed_seek(struct csr_list *l, uint64_t id)
{
	struct list_reader *p = &l->packed;
	int r = p->table ? csr_reach(l->csr, l->held, p->table, list_table_len(p)) : 0;

	if (r < 0)
		return r;
	if (list_seek(p, id) < 0)
		return csr_list_damaged(l->csr, l->held, p->table,
					"a list's table points beyond it");
	l->left = p->left;
	l->at = p->at;
	return 0;
}

/* --- check --- */

struct passed {			/* of a type, by what was checked */
	uint64_t end, edge, row_n, node;
	bool any;
};

static int check_group(struct csr *c, const struct csr_type *t, const struct csr_group *g,
		       struct passed *p,
		       int (*list)(struct csr *c, const struct csr_type *t,
				   const struct csr_place *p))
{
	struct csr_place at = {0};
	int r = 0;

	if (g->n && (g->off != p->end || g->edge != p->edge))
		return csr_damaged(c, t->targets + g->off, "groups do not join here");
	for (uint64_t i = 0; i < g->n && r == 0; i++) {
		r = place_at(c, t, g, i, &at);
		if (r < 0)
			return r;
		if (t->sparse && (!at.n || (p->any && at.node <= p->node)))
			return csr_damaged(c, at.at, "rows out of order");
		p->any = true;
		p->node = at.node;
		p->row_n += at.n > 0;
		r = list(c, t, &at);
	}
	p->end += g->n ? g->ends[g->n - 1] : 0;
	p->edge += g->n ? g->edges[g->n - 1] : 0;
	return r;
}

static int packed_check(struct csr *c, const struct csr_type *t,
			int (*list)(struct csr *c, const struct csr_type *t,
				    const struct csr_place *p))
{
	struct passed p = {0};
	struct csr_group g;
	int r = 0;

	for (uint64_t i = 0; t->edge_n && i < group_n(c, t) && r == 0; i++) {
		r = unfold(c, t, i, &g);
		if (r == 0)
			r = check_group(c, t, &g, &p, list);
	}
	if (r == 0 && (p.edge != t->edge_n || p.row_n != t->row_n ||
		       p.end != (uint64_t)(t->targets_end - t->targets)))
		return csr_damaged(c, t->rows, "a type's counts and its rows disagree");
	return r;
}

const struct csr_ops csr_packed_ops = {
	.fits = packed_fits, .find = packed_find, .hint = packed_hint,
	.next = packed_next, .begin = packed_begin,
	.block = packed_block, .block32 = packed_block32, .seek = packed_seek,
	.next_list = packed_next_list, .peek = packed_peek, .words = packed_words,
	.firsts = packed_firsts,
	.start = packed_start, .before = packed_before, .lists = packed_lists,
	.check = packed_check,
};
