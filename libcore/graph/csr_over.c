/* graph/csr_over.c - a list merged with its changes as it is read */
#include "graph/csr_over.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/radix.h"

/* --- finding --- */

int over_damaged(const struct csr_over *o, const void *at, const char *what)
{
	if (!o->seg)
		return err_set(ERR_BUG, "changes of a graph: %s", what);
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": %s", segment_path(o->seg),
		       segment_file_off(o->seg, at), what);
}

int over_rows(const struct csr_over *o, uint32_t type, uint64_t *first, uint64_t *end)
{
	const uint64_t *at = &o->type_row[type];
	int r = over_reach(o, at, 2 * sizeof *at);

	if (r < 0)
		return r;
	*first = at[0];
	*end = at[1];
	return *first <= *end && *end <= o->row_n ? 0 :
		over_damaged(o, at, "a type's rows are out of order");
}

/* Among the rows of the Ith changed node, which are in the order of types. */
static int find_among(const struct csr_over *o, uint64_t i, uint64_t first, uint64_t end,
		      uint64_t *row)
{
	uint64_t lo, hi, last;
	const uint8_t *at = narrow_at(&o->node_row, i);
	int r = over_reach(o, at, 2 * o->node_row.width);

	if (r < 0)
		return r;
	lo = narrow_get(&o->node_row, i);
	last = hi = narrow_get(&o->node_row, i + 1);
	if (lo > hi || hi > o->row_n)
		return over_damaged(o, at, "a node's lists are out of order");
	r = over_reach(o, narrow_at(&o->by_node, lo), (hi - lo) * o->by_node.width);
	while (r == 0 && lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (narrow_get(&o->by_node, mid) < first)
			lo = mid + 1;
		else
			hi = mid;
	}
	*row = r == 0 && lo < last ? narrow_get(&o->by_node, lo) : end;
	return r < 0 ? r : *row < end;
}

int over_find(const struct csr_over *o, uint32_t type, uint64_t node, struct over_row *row)
{
	uint64_t i = 0, first, end;
	int r = over_has(o, node, &i);

	if (r <= 0)
		return r;
	if (i >= o->node_n)
		return over_damaged(o, o->block, "a node's place is beyond all");
	r = over_rows(o, type, &first, &end);
	if (r == 0 && o->by_node.at)
		r = find_among(o, i, first, end, &i);
	else if (r == 0)
		r = i >= first && i < end;
	if (r <= 0)
		return r;
	r = over_reach_rows(o, i, i + 1);
	if (r == 0)
		r = over_take_row(o, i, row);
	if (r == 0 && row->node != node)
		r = over_damaged(o, o->row.at + i * o->row.stride, "the list of another node");
	return r < 0 ? r : 1;
}

/* Nodes with changes before NODE, whose block there is. */
static int over_rank(const struct csr_over *o, uint64_t node, uint64_t *out)
{
	const struct over_word *w = &o->block[o->dir[node / OVER_BLOCK] - 1]
					     .word[node / 64 % OVER_WORDS];
	int r = over_reach(o, w, sizeof *w);

	*out = r == 0 ? w->rank + over_count(w->bits & ((1ull << node % 64) - 1)) : 0;
	return r < 0 || *out <= o->row_n ? r :
		over_damaged(o, w, "a node's place is beyond all");
}

int over_from(const struct csr_over *o, uint32_t type, uint64_t node, uint64_t *first,
	      uint64_t *end)
{
	uint64_t lo, hi;
	int r = over_rows(o, type, first, end);

	lo = *first;
	hi = *end;
	if (r == 0 && node < o->id_n && lo < hi && !o->by_node.at && o->dir[node / OVER_BLOCK])
		return over_rank(o, node, first);
	for (; r == 0 && node && lo < hi;) {
		uint64_t mid = lo + (hi - lo) / 2;

		r = over_reach_rows(o, mid, mid);
		if (over_row_node(o, mid) < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	*first = lo;
	return r;
}

int over_find_edge(const struct csr_over *o, uint32_t type, uint64_t from, uint64_t to,
		   uint64_t *at)
{
	struct over_row row;
	uint64_t lo, hi;
	int r = over_find(o, type, from, &row);

	if (r <= 0)
		return r;
	lo = row.first;
	hi = row.end;
	r = over_reach_to(o, lo, hi);
	while (r == 0 && lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (over_target(o, mid) < to)
			lo = mid + 1;
		else
			hi = mid;
	}
	*at = lo;
	return r < 0 ? r : lo < row.end && over_target(o, lo) == to;
}

int over_next(struct over_walk *w, struct over_edge *out)
{
	const struct csr_over *o = w->o;
	struct over_row row = {0};
	uint64_t first, end = 0;
	int r = 0;

	while (r == 0 && o && w->row < o->row_n && w->type < o->type_n) {
		r = over_rows(o, w->type, &first, &end);
		if (w->row < end)
			break;
		w->type++;
	}
	if (r < 0 || !o || w->row >= o->row_n || w->type == o->type_n)
		return r;
	r = over_reach_rows(o, w->row, w->row + 1);
	if (r == 0)
		r = over_take_row(o, w->row, &row);
	if (r == 0)
		r = w->at < o->edge_n ? over_reach_to(o, w->at, w->at + 1) :
			over_damaged(o, o->to.at, "lists have more edges than there are");
	if (r < 0)
		return r;
	*out = (struct over_edge){
		.from = row.node, .to = over_target(o, w->at), .type = w->type,
		.there = !over_gone(o, w->at),
	};
	w->row += ++w->at == row.end;
	return out->to < o->id_n ? 1 :
		over_damaged(o, narrow_at(&o->to, w->at - 1), "a node beyond all");
}

/* --- a list --- */

/* What is known of the first id: that of the segment, unless it went. */
static int find_first(struct csr_list *l, const struct csr_over *o)
{
	uint64_t first = l->merge.row.first, to = over_target(o, first);
	bool there = !over_gone(o, first);

	if (l->merge.base_n == 0 || (l->has_first && to <= l->first)) {
		l->has_first = there;
		l->first = to;
	}
	return to < o->id_n ? 0 :
		over_damaged(o, narrow_at(&o->to, first), "a node beyond all");
}

int over_begin(struct csr_list *l, const struct csr_over *o, const struct over_row *row)
{
	struct csr_merge *m = &l->merge;
	int r = over_reach_to(o, row->first, row->end);

	m->row = *row;
	m->base_n = l->n;
	m->at = row->first;
	m->below = 0;
	m->pos = m->got = 0;
	m->ended = m->plain = false;
	if (r == 0)
		r = over_length(o, row, &l->n);
	if (r < 0) {
		l->n = l->left = 0;
		return r;
	}
	l->changed = true;
	return find_first(l, o);
}

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t id_at(const struct csr_merge *m, uint32_t i, bool narrow)
{
	return narrow ? m->in32[i] : m->in[i];
}

/* The segment's next block. */
INLINE int fetch(struct csr_list *l, unsigned most, bool narrow)
{
	struct csr_merge *m = &l->merge;
	int n;

	m->in = l->ids;
	do {
		n = narrow ? csr_stored_block32(l, most, &m->in32) : csr_stored_block(l);
		if (n < 0)
			return n;
		m->ended = n == 0;
		m->got = (uint32_t)n;
		for (m->pos = 0; m->pos < m->got && id_at(m, m->pos, narrow) < m->below;)
			m->pos++;
	} while (m->pos == m->got && !m->ended);
	m->below = 0;
	return 0;
}

INLINE void put(struct csr_merge *m, unsigned n, uint64_t id, unsigned origin, bool narrow)
{
	m->origin[n] = (uint16_t)origin;
	if (narrow)
		m->out32[n] = (uint32_t)id;
	else
		m->out[n] = id;
}

/* Is the change at AT, TO, behind the one before it, and of a node that there is? */
INLINE bool in_order(const struct csr_over *o, const struct over_row *row, uint64_t at,
		     uint64_t to)
{
	return !o->seg || (to < o->id_n && (at == row->first || over_target(o, at - 1) < to));
}

/* What is left of the block at hand with the changes before its end; how many. */
INLINE int join(struct csr_list *l, unsigned most, bool narrow)
{
	const struct csr_over *o = l->csr->over;
	struct csr_merge *m = &l->merge;
	uint64_t at = m->at, end = m->row.end;
	uint32_t pos = m->pos;
	unsigned n = 0;

	while (n < most && (pos < m->got || (m->ended && at < end))) {
		uint64_t to = at < end ? narrow_get(&o->to, at) : 0, id = 0;
		uint64_t stop = at < end ? to & o->to.mask >> 1 : UINT64_MAX;

		for (; pos < m->got && n < most && (id = id_at(m, pos, narrow)) < stop; pos++)
			put(m, n++, id, pos, narrow);
		if (n == most || (pos == m->got && !m->ended))
			break;
		if (!in_order(o, &m->row, at, stop))
			return over_damaged(o, narrow_at(&o->to, at),
					    "a changed list is out of order");
		if (pos < m->got && id == stop) {	/* the change has all its say */
			pos++;
			continue;
		}
		if (!over_is_gone(o, to)) {
			put(m, n, stop, ORIGIN_CHANGE | (unsigned)(at - m->at), narrow);
			n++;
		}
		at++;
	}
	m->first = m->at;
	m->at = at;
	m->pos = pos;
	return (int)n;
}

INLINE int next_block(struct csr_list *l, unsigned most, bool narrow)
{
	const struct csr_over *o = l->csr->over;
	struct csr_merge *m = &l->merge;
	uint64_t end = m->row.end;
	int n = 0;

	while (n == 0) {
		int r = m->pos == m->got && !m->ended ? fetch(l, most, narrow) : 0;

		if (r < 0)
			return r;
		if (m->ended && m->at == end)
			return 0;
		m->plain = !m->ended && (m->at == end ||
					 over_target(o, m->at) > id_at(m, m->got - 1, narrow));
		if (m->plain) {
			m->plain_at = m->pos;
			m->pos = m->got;
			return (int)(m->got - m->plain_at);
		}
		n = join(l, most, narrow);
	}
	return n;
}

int over_block(struct csr_list *l, const uint64_t **ids)
{
	int n = next_block(l, CSR_BLOCK, false);

	*ids = l->merge.plain ? l->merge.in + l->merge.plain_at : l->merge.out;
	return n;
}

int over_block32(struct csr_list *l, unsigned most, const uint32_t **ids)
{
	int n = next_block(l, most, true);

	*ids = l->merge.plain ? l->merge.in32 + l->merge.plain_at : l->merge.out32;
	return n;
}

int over_block_values(struct csr_list *l)
{
	const struct csr_over *o = l->csr->over;
	const struct csr_merge *m = &l->merge;
	uint64_t first = l->edge + m->base_n - l->left - m->got;
	uint32_t w = l->values_width;
	const uint8_t *at = l->values_at + first * w;
	int r = w && m->got ? segment_check(l->csr->seg, at, (size_t)m->got * w) : 0;

	if (r == 0 && !m->plain)
		r = over_reach(o, narrow_at(&o->value, m->first),
			       (m->at - m->first) * o->value.width);
	for (uint32_t i = 0; r == 0 && i < l->given; i++) {
		unsigned from = m->plain ? m->plain_at + i : m->origin[i];

		l->values[i] = from & ORIGIN_CHANGE ?
			over_value(o, m->first + (from & ~ORIGIN_CHANGE)) :
			csr_stored_value(l, at + (size_t)from * w);
	}
	return r;
}

/* What is below ID and was not read is neither given nor looked at, so that no change
 * before it is needed. */
int over_seek(struct csr_list *l, uint64_t id)
{
	const struct csr_over *o = l->csr->over;
	struct csr_merge *m = &l->merge;
	uint64_t lo = m->at, hi = m->row.end;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (over_target(o, mid) < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	m->at = lo;
	m->below = id;
	return l->left && l->csr->ops->seek ? l->csr->ops->seek(l, id) : 0;
}

/* --- made --- */

void over_free(struct csr_over *o)
{
	if (!o)
		return;
	if (!o->seg) {
		mem_free(o->mem, o->row.at);
		mem_free(o->mem, o->type_row);
		mem_free(o->mem, o->to.at);
		mem_free(o->mem, o->value.at);
		mem_free(o->mem, o->state.at);
		mem_free(o->mem, o->dir);
		mem_free(o->mem, o->block);
		mem_free(o->mem, o->node_row.at);
		mem_free(o->mem, o->by_node.at);
	}
	mem_free(o->mem, o);
}

struct making {
	struct csr *c;
	struct csr_over *o;
	struct csr_type type;		/* of the row before */
	bool typed;
	struct csr_list l;		/* of the row at hand, as stored */
	uint64_t to;			/* its next id, if have */
	bool have;
};

static int step(struct making *k)
{
	int r = csr_next(&k->l, &k->to);

	k->have = r > 0;
	return r < 0 ? r : 0;
}

/* How often the segment has the edge.  Long lists are looked at near the edge only. */
static int met(struct making *k, const struct over_change *e, uint64_t left, uint64_t *times)
{
	int r = 0;

	*times = 0;
	if (!k->have || k->l.n / left > 4096) {
		r = csr_row_of(k->c, &k->type, e->from, &k->l);
		if (r == 0)
			r = csr_seek(&k->l, e->to);
		if (r == 0)
			r = step(k);
	}
	while (r == 0 && k->have && k->to < e->to)
		r = step(k);
	for (; r == 0 && k->have && k->to == e->to; ++*times)
		r = step(k);
	return r;
}

/* The Ith row, whose edges come next; MORE of all before it. */
static void put_row(struct csr_over *o, uint64_t i, uint64_t node, int64_t more)
{
	over_put_row(&o->row, i, node, o->edge_n, o->edge_n - (uint64_t)more);
}

static void put_edge(struct csr_over *o, const struct over_change *e)
{
	uint64_t gone = o->to.mask - (o->to.mask >> 1);

	narrow_put(&o->to, o->edge_n, e->to | (e->there ? 0 : gone));
	if (o->value.at)
		narrow_put(&o->value, o->edge_n, (uint64_t)e->value.i);
	if (o->state.at)
		narrow_put(&o->state, o->edge_n, e->state);
	o->edge_n++;
	o->there_n += e->there;
}

static void add(struct making *k, const struct over_change *e, uint64_t times, bool fresh)
{
	struct csr_over *o = k->o;
	int64_t more = (int64_t)e->there - (int64_t)times;

	if (fresh) {
		put_row(o, o->row_n++, e->from, o->more);
		o->type_row[e->type + 1]++;
	}
	put_edge(o, e);
	o->more += more;
	o->more_up += e->to >= e->from ? more : 0;
}

/* The changes of one list. */
static int add_row(struct making *k, const struct over_change *e, uint64_t n)
{
	bool stored = e->type < k->c->type_n && e->from < k->c->node_n, fresh = true;
	uint64_t times, stored_n = 0;
	int r = 0;

	k->have = false;
	if (stored && (!k->typed || k->type.id != e->type))
		r = csr_type_of(k->c, e->type, &k->type);
	k->typed |= stored;
	if (stored && r == 0)
		r = csr_degree_of(k->c, &k->type, e->from, &stored_n);
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		times = 0;
		if (stored_n && (i == 0 || k->have || k->l.n / n > 4096))
			r = met(k, &e[i], n, &times);
		if (r == 0 && (e[i].there || times)) {
			add(k, &e[i], times, fresh);
			fresh = false;
		}
	}
	return r;
}

static int add_rows(struct making *k, const struct over_change *e, uint64_t n)
{
	int r = 0;

	for (uint64_t i = 0, next; r == 0 && i < n; i = next) {
		for (next = i + 1; next < n && e[next].type == e[i].type &&
		     e[next].from == e[i].from;)
			next++;
		r = add_row(k, e + i, next - i);
	}
	return r;
}

/* Where each type's rows begin, of how many each has; and where the last one's edges end. */
static void find_types(struct csr_over *o)
{
	for (uint32_t t = 0; t < o->type_n; t++)
		o->type_row[t + 1] += o->type_row[t];
	put_row(o, o->row_n, 0, o->more);
}

static bool of_one_type(const struct csr_over *o)
{
	uint32_t t = 0;

	while (t < o->type_n && o->type_row[t + 1] == 0)
		t++;
	return t == o->type_n || o->type_row[t + 1] == o->row_n;
}

/* N numbers of WIDTH bytes, to be put. */
static struct narrow array(const struct csr_over *o, uint64_t n, uint32_t width)
{
	return narrow_of(mem_alloc(o->mem, n * width + NARROW_SLACK), width);
}

/* Rows by node, then type: they are sorted by type already. */
static int sort_by_node(struct csr_over *o)
{
	struct radix_pair *p = mem_alloc(o->mem, o->row_n * sizeof *p), *sorted;
	struct radix_pair *q = mem_alloc(o->mem, o->row_n * sizeof *q);

	bool whole;

	o->by_node = array(o, o->row_n, narrow_width(o->row_n));
	o->node_row = array(o, o->row_n + 1, narrow_width(o->row_n));
	whole = p && q && o->by_node.at && o->node_row.at;
	if (whole) {
		for (uint64_t i = 0; i < o->row_n; i++)
			p[i] = (struct radix_pair){ over_row_node(o, i), i };
		sorted = radix_sort_pairs(p, q, o->row_n, 64);
		for (uint64_t i = 0; i < o->row_n; i++)
			narrow_put(&o->by_node, i, sorted[i].value);
	}
	mem_free(o->mem, p);
	mem_free(o->mem, q);
	return whole ? 0 : ERR_MEMORY;
}

static uint64_t node_at(const struct csr_over *o, uint64_t i)
{
	return over_row_node(o, o->by_node.at ? narrow_get(&o->by_node, i) : i);
}

static uint32_t count_blocks(const struct csr_over *o)
{
	uint64_t before = UINT64_MAX;
	uint32_t n = 0;

	for (uint64_t i = 0; i < o->row_n; i++) {
		uint64_t b = node_at(o, i) / OVER_BLOCK;

		n += b != before;
		before = b;
	}
	return n;
}

/* The bits of the nodes, and their ranks: blocks are in their order. */
static void mark(struct csr_over *o)
{
	uint64_t before = UINT64_MAX, rank = 0;
	uint32_t n = 0;

	for (uint64_t i = 0; i < o->row_n; i++) {
		uint64_t node = node_at(o, i);
		uint32_t *dir = &o->dir[node / OVER_BLOCK];
		struct over_word *w;

		if (node == before)
			continue;
		if (*dir == 0)
			*dir = ++n;
		w = &o->block[*dir - 1].word[node % OVER_BLOCK / 64];
		w->bits |= 1ull << node % 64;
		if (o->node_row.at)
			narrow_put(&o->node_row, rank, i);
		rank++;
		before = node;
	}
	if (o->node_row.at)
		narrow_put(&o->node_row, rank, o->row_n);
	o->node_n = rank;
	rank = 0;
	for (uint64_t i = 0; i < (uint64_t)n * OVER_WORDS; i++) {
		struct over_word *w = &o->block[i / OVER_WORDS].word[i % OVER_WORDS];

		w->rank = rank;
		rank += over_count(w->bits);
	}
}

static int index_nodes(struct csr_over *o)
{
	int r = of_one_type(o) ? 0 : sort_by_node(o);

	if (r < 0)
		return r;
	o->dir_n = o->id_n / OVER_BLOCK + 1;
	o->dir = mem_zalloc(o->mem, o->dir_n * sizeof *o->dir);
	o->block_n = count_blocks(o);
	o->block = mem_zalloc(o->mem, o->block_n * sizeof *o->block);
	if (!o->dir || !o->block)
		return ERR_MEMORY;
	mark(o);
	return 0;
}

static uint64_t count_rows(const struct over_change *e, uint64_t n)
{
	uint64_t rows = 0;

	for (uint64_t i = 0; i < n; i++)
		rows += i == 0 || e[i].type != e[i - 1].type || e[i].from != e[i - 1].from;
	return rows;
}

static int room(struct csr_over *o, const struct over_plan *p, uint64_t row_n, uint64_t n)
{
	/* of a change each edge may be in the segment any number of times: slack of 8 bytes */
	uint32_t node = narrow_width(p->node_n | 1), first = narrow_width(n | 1);
	uint32_t stride = node + first + 8;

	o->type_n = p->type_n;
	o->id_n = p->node_n;
	o->row = over_rows_of(mem_alloc(o->mem, (row_n + 1) * stride + NARROW_SLACK), node,
			      first, 8);
	o->to = array(o, n, over_to_width(p->node_n));
	o->type_row = mem_zalloc(o->mem, ((size_t)o->type_n + 1) * sizeof *o->type_row);
	if (p->states)
		o->state = array(o, n, 8);
	if (p->values)
		o->value = array(o, n, 8);
	return o->row.at && o->to.at && o->type_row && (o->state.at || !p->states) &&
		(o->value.at || !p->values) ? 0 : ERR_MEMORY;
}

uint64_t csr_edges_up(const struct csr *c)
{
	return c->over ? (uint64_t)c->over->more_up : 0;
}

void csr_lay_over(struct csr *c, struct csr_over *o, enum csr_values values)
{
	c->values = values;
	c->over = o;
	c->id_n = o->id_n;
	c->types = o->type_n;
}

int csr_extend(struct csr *c, const struct over_plan *p, const struct over_change *change,
	       uint64_t n)
{
	struct csr_over *o = mem_zalloc(c->mem, sizeof *o);
	struct making k = { .c = c, .o = o };
	int r;

	if (!o)
		return ERR_MEMORY;
	o->mem = c->mem;
	c->values = p->values;		/* from here on what is stored is read so */
	r = room(o, p, count_rows(change, n), n);
	if (r == 0)
		r = add_rows(&k, change, n);
	if (r == 0) {
		find_types(o);
		r = index_nodes(o);
	}
	if (r < 0) {
		over_free(o);
		return r;
	}
	csr_lay_over(c, o, p->values);
	return 0;
}

/* --- changes upon changes --- */

struct csr_over *csr_lay_bare(struct csr *c)
{
	struct csr_over *o = c->over;

	c->over = NULL;
	c->values = c->stored;
	c->id_n = c->node_n;
	c->types = c->type_n;
	return o;
}

struct again {
	struct making k;
	const struct over_map *m;
	const struct csr_over *was;
	enum csr_values values;
	const struct over_change *e, *end;	/* those still to come */
};

static uint64_t id_now(const struct again *a, uint64_t id)
{
	return id < a->k.c->node_n ? id : a->m->id[id - a->k.c->node_n];
}

static uint64_t type_now(const struct again *a, uint32_t type)
{
	return type < a->k.c->type_n ? type : a->m->type[type - a->k.c->type_n];
}

static int stored_times(struct making *k, const struct over_change *e, uint64_t *times)
{
	int r = 0;

	*times = 0;
	if (e->type >= k->c->type_n || e->from >= k->c->node_n || e->to >= k->c->node_n)
		return 0;
	if (!k->typed || k->type.id != e->type)
		r = csr_type_of(k->c, e->type, &k->type);
	k->typed = true;
	k->have = false;
	return r < 0 ? r : met(k, e, 1, times);
}

/* The edge at AT of what was, as it is now. */
static void keep(struct again *a, uint64_t at, uint64_t to)
{
	struct over_change e = { .to = to, .there = !over_gone(a->was, at) };

	e.value.i = 1;
	if (a->m->values)
		e.value = over_value(a->was, at);
	if (a->values == CSR_REALS && a->m->values != CSR_REALS)
		e.value.r = (double)e.value.i;
	e.state = a->was->state.at ? narrow_get(&a->was->state, at) : 0;
	put_edge(a->k.o, &e);
}

/* E, where the segments and what was have the edge BEFORE times. */
static int change_edge(struct again *a, const struct over_change *e, bool known, uint64_t before)
{
	struct csr_over *o = a->k.o;
	uint64_t times = 0;
	int64_t more;
	int r = known && e->there ? 0 : stored_times(&a->k, e, &times);

	if (r < 0)
		return r;
	more = (int64_t)e->there - (int64_t)(known ? before : times);
	o->more += more;
	o->more_up += e->to >= e->from ? more : 0;
	if (e->there || times)
		put_edge(o, e);
	return 0;
}

/* The edge at AT went with its other end, which came by a change. */
static int lose(struct again *a, const struct over_row *row, uint64_t at)
{
	if (over_gone(a->was, at))
		return over_damaged(a->was, narrow_at(&a->was->to, at),
				    "an edge went that never was");
	a->k.o->more--;
	a->k.o->more_up -= over_target(a->was, at) >= row->node;
	return 0;
}

static int reach_row(const struct again *a, const struct over_row *row)
{
	const struct csr_over *was = a->was;
	uint64_t first = row->first, n = row->end - first;
	int r = over_reach_to(was, first, row->end);

	if (r == 0 && a->m->values)
		r = over_reach(was, narrow_at(&was->value, first), n * was->value.width);
	if (r == 0 && was->state.at)
		r = over_reach(was, narrow_at(&was->state, first), n * was->state.width);
	for (uint64_t i = first; r == 0 && i < first + n; i++)
		if (!in_order(was, row, i, over_target(was, i)))
			r = over_damaged(was, narrow_at(&was->to, i),
					 "a changed list is out of order");
	return r;
}

static bool is_next(const struct again *a, uint64_t node, uint32_t type)
{
	return a->e < a->end && a->e->from == node && a->e->type == type;
}

static int join_edges(struct again *a, const struct over_row *row, uint64_t node, uint32_t type)
{
	uint64_t at = row ? row->first : 0, end = row ? row->end : 0;
	int r = row ? reach_row(a, row) : 0;

	while (r == 0 && (at < end || is_next(a, node, type))) {
		uint64_t to = at < end ? id_now(a, over_target(a->was, at)) : OVER_NOBODY;
		bool next = is_next(a, node, type);

		if (at < end && to == OVER_NOBODY) {
			r = lose(a, row, at++);
		} else if (at < end && (!next || to < a->e->to)) {
			keep(a, at++, to);
		} else if (at < end && to == a->e->to) {
			r = change_edge(a, a->e++, true, !over_gone(a->was, at));
			at++;
		} else {
			r = change_edge(a, a->e++, false, 0);
		}
	}
	return r;
}

/* The list of NODE: ROW of what was (NULL: none), and what comes next of it. */
static int join_row(struct again *a, const struct over_row *row, uint64_t node, uint32_t type)
{
	struct csr_over *o = a->k.o;
	uint64_t first = o->edge_n;
	int r;

	put_row(o, o->row_n, node, o->more);
	o->more += row ? row->more : 0;
	r = join_edges(a, row, node, type);
	if (r < 0 || o->edge_n == first)
		return r;
	o->row_n++;
	o->type_row[type + 1]++;
	return 0;
}

/* A node that came by a change and went: so did its list. */
static int lose_row(struct again *a, const struct over_row *row)
{
	int r = reach_row(a, row);

	for (uint64_t at = row->first; r == 0 && at < row->end; at++) {
		r = lose(a, row, at);
		a->k.o->more++;		/* it was not counted here */
	}
	return r;
}

static bool comes_before(const struct over_change *e, uint64_t node, uint64_t type)
{
	return e->type != type ? e->type < type : e->from < node;
}

/* Lists of nodes and types before these, which what was does not have. */
static int new_rows(struct again *a, uint64_t node, uint64_t type)
{
	int r = 0;

	while (r == 0 && a->e < a->end && comes_before(a->e, node, type))
		r = join_row(a, NULL, a->e->from, a->e->type);
	return r;
}

static int join_type(struct again *a, uint32_t was)
{
	uint64_t first, end, node, type = type_now(a, was), before = 0;
	struct over_row row = {0};
	int r = over_rows(a->was, was, &first, &end);

	if (r == 0)
		r = over_reach_rows(a->was, first, end);
	for (uint64_t i = first; r == 0 && i < end; i++, before = row.node) {
		r = over_take_row(a->was, i, &row);
		if (r == 0 && i > first && row.node <= before)
			r = over_damaged(a->was, a->was->row.at, "changed lists are out of order");
		if (r < 0)
			break;
		node = id_now(a, row.node);
		if (node == OVER_NOBODY || type == OVER_NOBODY) {
			r = lose_row(a, &row);
			continue;
		}
		r = new_rows(a, node, type);
		if (r == 0)
			r = join_row(a, &row, node, (uint32_t)type);
	}
	return r;
}

int csr_extend_again(struct csr *c, const struct over_plan *p, const struct over_map *m,
		     const struct over_change *change, uint64_t n)
{
	struct csr_over *o = mem_zalloc(c->mem, sizeof *o);
	struct again a = {
		.k = { .c = c, .o = o }, .m = m, .was = m->was, .values = p->values,
		.e = change, .end = change + n,
	};
	int r;

	if (!o)
		return ERR_MEMORY;
	o->mem = c->mem;
	o->more_up = m->was->more_up;
	r = room(o, p, m->was->row_n + count_rows(change, n), m->was->edge_n + n);
	for (uint32_t t = 0; r == 0 && t < m->was->type_n; t++)
		r = join_type(&a, t);
	if (r == 0)
		r = new_rows(&a, UINT64_MAX, UINT64_MAX);
	if (r == 0) {
		find_types(o);
		r = index_nodes(o);
	}
	if (r < 0) {
		over_free(o);
		return r;
	}
	csr_lay_over(c, o, p->values);
	return 0;
}
