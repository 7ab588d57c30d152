/* graph/csr_scan.c - the rows of a type in order, whatever their layout and changes */
#include "graph/csr_inside.h"

#include <string.h>

#include "base/err.h"

/* --- the segment's rows --- */

void csr_scan_range(struct csr_scan *s, struct csr *c, uint32_t type, uint64_t first,
		    uint64_t end)
{
	s->csr = c;
	s->type = type;
	s->row = s->node = 0;
	s->first = first;
	s->end = end;
	s->skip = NULL;
	s->held = NULL;
	s->values = s->begun = false;
}

void csr_scan_begin(struct csr_scan *s, struct csr *c, uint32_t type)
{
	csr_scan_range(s, c, type, 0, UINT64_MAX);
}

/* T's lists as if the file were mapped where H has its bytes. */
void csr_type_hold(const struct csr *c, struct csr_type *t, const struct csr_held *h)
{
	uint64_t len = (uint64_t)(t->targets_end - t->targets);
	uintptr_t at = (uintptr_t)h->at + (segment_file_off(c->seg, t->targets) - h->off);

	t->held = h;
	t->targets = (const uint8_t *)at;
	t->targets_end = (const uint8_t *)(at + len);
}

static int scan_start(struct csr_scan *s)
{
	int r = csr_type_of(s->csr, s->type, &s->t);

	if (r == 0 && s->held)
		csr_type_hold(s->csr, &s->t, s->held);
	if (s->first >= s->csr->node_n)
		s->t.edge_n = 0;
	return r == 0 && s->t.edge_n ? s->csr->ops->start(s) : r;
}

static int scan_next(struct csr_scan *s, struct csr_place *p)
{
	int r = s->begun ? 0 : scan_start(s);

	s->begun = true;
	if (r < 0 || s->t.edge_n == 0)
		return r;
	do {
		r = s->csr->ops->next(s, p);
		if (r <= 0 || p->node >= s->end)
			return r < 0 ? r : 0;
	} while (p->node < s->first || csr_skips(s, p->node));
	s->node = p->node;
	return 1;
}

/* --- with changes: the segment's rows and the changed ones, merged by node --- */

#define SEEN_AHEAD 128u		/* rows looked at in one go */

static void no_more_changed(struct csr_scan *s)
{
	s->over = s->over_end;
	s->changed.node = UINT64_MAX;
}

/* The next 64 nodes of which some have changes and are not skipped. */
static int find_word(struct csr_scan *s)
{
	const struct csr_over *o = s->csr->over;
	uint64_t end = s->end < o->id_n ? s->end : o->id_n;

	for (; s->word * 64 < end; s->word++) {
		uint32_t b = o->dir[s->word / OVER_WORDS];
		const struct over_word *w;

		if (!b) {
			s->word |= OVER_WORDS - 1;
			continue;
		}
		w = &o->block[b - 1].word[s->word % OVER_WORDS];
		if (over_reach(o, w, sizeof *w) < 0)
			return ERR_DAMAGED;
		s->todo = s->skip ? w->bits & ~s->skip[s->word] : w->bits;
		if (s->first > s->word * 64)
			s->todo &= ~0ull << s->first % 64;
		if (s->todo) {
			s->bits = w->bits;
			s->rank = w->rank;
			return 1;
		}
	}
	return 0;
}

/* As find_changed, where the Ith node with changes has the Ith row. */
static int find_by_bit(struct csr_scan *s)
{
	const struct csr_over *o = s->csr->over;
	uint64_t node, bit;
	int r = s->todo ? 1 : find_word(s);

	if (r < 0)
		return r;
	bit = s->todo & -s->todo;
	node = s->word * 64 + (r ? (unsigned)__builtin_ctzll(s->todo) : 0);
	if (!r || node >= s->end) {
		no_more_changed(s);
		return 0;
	}
	s->todo &= s->todo - 1;
	s->word += !s->todo;
	s->over = s->rank + over_count(s->bits & (bit - 1));
	if (s->over >= o->row_n)
		return over_damaged(o, o->block, "a node's place is beyond all");
	r = over_reach_rows(o, s->over, s->over + 1);
	if (r == 0)
		r = over_take_row(o, s->over, &s->changed);
	return r < 0 || s->changed.node == node ? r :
		over_damaged(o, o->row.at + s->over * o->row.stride, "the list of another node");
}

/* The next changed row before the end that is not skipped, from the one at hand on. */
static int find_changed(struct csr_scan *s)
{
	const struct csr_over *o = s->csr->over;
	uint64_t node = 0;
	int r = 0;

	for (; s->over < s->over_end; s->over++) {
		if (s->over >= s->over_seen) {
			s->over_seen = s->over_end - s->over < SEEN_AHEAD ? s->over_end :
				s->over + SEEN_AHEAD;
			r = over_reach_rows(o, s->over, s->over_seen);
		}
		if (r < 0)
			return r;
		node = over_row_node(o, s->over);
		if (node >= s->end || node >= o->id_n || !csr_skips(s, node))
			break;
	}
	if (s->over == s->over_end || (node >= s->end && node < o->id_n)) {
		no_more_changed(s);
		return 0;
	}
	return over_take_row(o, s->over, &s->changed);
}

static inline bool by_bits(const struct csr_scan *s)
{
	return !s->csr->over->by_node.at;
}

static int begin_changes(struct csr_scan *s)
{
	const struct csr_over *o = s->csr->over;
	uint64_t first = 0, end = 0;
	int r = 0;

	if (s->type < s->csr->types && by_bits(s))
		r = over_rows_of_all(o, s->type, &first, &end);
	else if (s->type < s->csr->types)
		r = over_from(o, s->type, s->first, &first, &end);
	s->has_behind = false;
	s->over = s->over_seen = first;
	s->over_end = end;
	s->word = s->first / 64;
	s->todo = 0;
	if (r == 0 && first == end)
		no_more_changed(s);
	else if (r == 0)
		r = by_bits(s) ? find_by_bit(s) : find_changed(s);
	return r;
}

/* To the one behind it, of a node that is not: once the list at hand was given. */
static int step_changed(struct csr_scan *s)
{
	uint64_t node = s->changed.node;
	int r;

	if (by_bits(s))
		return find_by_bit(s);
	s->over++;
	r = find_changed(s);
	return r < 0 || s->changed.node > node ? r :
		over_damaged(s->csr->over, s->csr->over->row.at + s->over * s->csr->over->row.stride,
			     "changed lists are out of order");
}

/* The node of the segment's next list. */
static inline int peek(struct csr_scan *s, uint64_t *node)
{
	const struct csr_ops *ops = s->csr->ops;
	int r = 0;

	*node = UINT64_MAX;
	if (ops->peek) {
		if (!s->begun)
			r = scan_start(s);
		s->begun = true;
		return r == 0 && s->t.edge_n ? ops->peek(s, node) : r;
	}
	if (!s->has_behind) {
		r = scan_next(s, &s->behind);
		s->more_behind = r > 0;
		s->has_behind = true;
	}
	if (s->more_behind)
		*node = s->behind.node;
	return r < 0 ? r : 0;
}

/* Its place, once its node is known. */
static int take_place(struct csr_scan *s, struct csr_place *p)
{
	if (!s->has_behind)
		return scan_next(s, p);
	*p = s->behind;
	s->node = p->node;
	s->has_behind = false;
	return 1;
}

static int take_list(struct csr_scan *s, struct csr_list *out)
{
	struct csr_place p;
	int r;

	if (s->csr->ops->peek)
		return s->csr->ops->next_list(s, out);
	r = take_place(s, &p);
	return r <= 0 ? r : csr_list_at(s->csr, &s->t, &p, out) < 0 ? ERR_DAMAGED : 1;
}

static int next_changed_list(struct csr_scan *s, struct csr_list *out)
{
	int r = s->begun ? 0 : begin_changes(s);
	uint64_t node;

	while (r >= 0) {
		r = peek(s, &node);
		if (r < 0 || (node == UINT64_MAX && s->changed.node == UINT64_MAX))
			return r;
		if (node < s->changed.node)
			return take_list(s, out);
		if (node == s->changed.node) {
			r = take_list(s, out);
		} else {
			const struct csr_place none = { .node = s->changed.node };

			s->node = none.node;
			r = csr_list_at(s->csr, &s->t, &none, out);
		}
		if (r >= 0)
			r = over_begin(out, s->csr->over, &s->changed);
		if (r >= 0)
			r = step_changed(s);
		if (r >= 0 && out->n)
			return 1;
	}
	return r;
}

static int next_changed_degree(struct csr_scan *s, uint64_t *out)
{
	int r = s->begun ? 0 : begin_changes(s);
	struct csr_place p;
	uint64_t node;

	while (r >= 0) {
		r = peek(s, &node);
		if (r < 0 || (node == UINT64_MAX && s->changed.node == UINT64_MAX))
			return r;
		p = (struct csr_place){ .node = s->changed.node };
		if (node <= s->changed.node)
			r = take_place(s, &p);
		s->node = p.node;
		*out = p.n;
		if (r >= 0 && p.node == s->changed.node) {
			r = over_length(s->csr->over, &s->changed, out);
			if (r >= 0)
				r = step_changed(s);
		}
		if (r >= 0 && *out)
			return 1;
	}
	return r;
}

/* May it go on as if there were no changes? */
static inline bool is_plain(const struct csr_scan *s)
{
	return !s->csr->over || (s->begun && s->over == s->over_end && !s->has_behind);
}

int csr_scan_next(struct csr_scan *s, struct csr_list *out)
{
	struct csr_place p;
	int r, begun;

	if (!is_plain(s))
		return next_changed_list(s, out);
	if (s->begun && s->csr->ops->next_list)
		return s->t.edge_n ? s->csr->ops->next_list(s, out) : 0;
	r = scan_next(s, &p);
	if (r <= 0)
		return r;
	begun = csr_list_at(s->csr, &s->t, &p, out);
	return begun < 0 ? begun : 1;
}

int csr_scan_words(struct csr_scan *s, uint32_t *out, size_t room, size_t *n)
{
	int r = 0;

	*n = 0;
	if (!is_plain(s) || !s->csr->ops->words || !csr_narrow(s->csr))
		return 0;
	if (!s->begun)
		r = scan_start(s);
	s->begun = true;
	return r == 0 && s->t.edge_n ? s->csr->ops->words(s, out, room, n) : r;
}

int csr_changed_of(const struct csr_scan *s, uint64_t word, uint64_t *bits)
{
	const struct csr_over *o = s->csr->over;
	const struct over_word *w;
	uint32_t b = is_plain(s) ? 0 : o->dir[word / OVER_WORDS];

	*bits = 0;
	if (!b)
		return 0;
	w = &o->block[b - 1].word[word % OVER_WORDS];
	if (over_reach(o, w, sizeof *w) < 0)
		return ERR_DAMAGED;
	*bits = w->bits;
	return 0;
}

int csr_scan_firsts(struct csr_scan *s, bool both, struct csr_firsts *out)
{
	int r = 0;

	if (!s->csr->ops->firsts || !csr_narrow(s->csr) ||
	    (!is_plain(s) && (!s->begun || !by_bits(s))))
		return 0;
	if (!s->begun)
		r = scan_start(s);
	s->begun = true;
	return r == 0 && s->t.edge_n ? s->csr->ops->firsts(s, both, out) : r;
}

int csr_scan_degree(struct csr_scan *s, uint64_t *out)
{
	struct csr_place p;
	int r;

	*out = 0;
	if (!is_plain(s))
		return next_changed_degree(s, out);
	r = scan_next(s, &p);
	*out = r > 0 ? p.n : 0;
	return r;
}

int csr_scan_bytes(struct csr_scan *s, struct bytes *out, uint64_t *n)
{
	struct csr_place p;
	int r;

	if (!is_plain(s) || s->csr->layout != CSR_PACKED)
		return err_set(ERR_BUG, "lists that are not as they were packed");
	r = scan_next(s, &p);
	if (r > 0) {
		*out = bytes_of(p.at, (size_t)(p.end - p.at));
		*n = p.n;
	}
	return r;
}
