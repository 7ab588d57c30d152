/* graph/rescue_edges.c - edges out of two directions of which neither is whole
 *
 * The lists of a type are read in the order of their nodes.  A list that reads to its end
 * is taken as it is.  Of any other what can be read before its damage is collected, and
 * from the other direction whatever leads to its node; of an edge that both have as many
 * are taken as the one has that has more.
 *
 * A gap is where lists that are not whole follow each other: the numbers of edges between
 * the lists around it.  Do the edges collected fill it, nothing is lost, and each has its
 * number; else numbers are known of those only that lie at the front of a list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/rescue_inside.h"
#include "graph/sort.h"

#define SORT_BUDGET ((size_t)16 << 20)

struct gap {
	uint64_t first, last;		/* nodes whose lists are in it */
	uint64_t begin, end;		/* numbers of edges, from the type's first on */
	uint64_t found;
	bool place;			/* one list, whose place is known */
};

struct mending {
	struct rescuing *g;
	uint32_t type;
	uint64_t type_first;		/* number of its first edge */
	bool numbered;			/* that is known */
	struct csr_type out, other;
	bool has_out, has_other;
	uint64_t *bad;			/* a bit a node: its list is not whole */
	bool any_bad;
	struct buf gaps;		/* struct gap, ascending */
	bool open;			/* the last one's end is not known yet */
	uint64_t next;			/* number behind the last list whose place is known */
	struct sort *found;		/* node << 64 | target << 1 | 1 if it came from the other */
	struct csr_list list, turned;
};

static bool is_bad(const struct mending *m, uint64_t node)
{
	return m->bad[node / 64] >> (node % 64) & 1;
}

static struct csr *other_of(const struct rescuing *g)
{
	return g->undirected ? g->out : g->in;
}

static int read_next(struct mending *m, struct csr_list *l, uint64_t *to)
{
	union csr_value v;

	return m->g->values && csr_values(l->csr) ? csr_next_value(l, to, &v) : csr_next(l, to);
}

/* --- an edge into the build --- */

/* The value of the edge FROM, TO in the other direction, of equal ones the NTH: 1, 0. */
static int value_turned(struct mending *m, uint64_t from, uint64_t to, uint64_t nth,
			union csr_value *v)
{
	struct csr *c = other_of(m->g);
	uint64_t at = 0, id;
	int r;

	if (!m->has_other || !csr_values(c))
		return 0;
	r = csr_row_of(c, &m->other, to, &m->turned);
	while (r >= 0 && (r = csr_next(&m->turned, &id)) > 0) {
		if (id == from && nth-- == 0)
			break;
		at++;
	}
	if (r > 0)
		r = csr_value_at(&m->turned, at, v);
	else if (r == 0)
		return 0;
	return r == 0 ? 1 : rescuing_damage(r) ? 0 : r;
}

static struct text_value text_of(enum csr_values kind, union csr_value v)
{
	if (kind == CSR_INTEGERS)
		return (struct text_value){ .kind = TEXT_INTEGER, .i = v.i };
	return (struct text_value){ .kind = TEXT_REAL, .r = v.r };
}

static bool has_weight(const struct prop_state *s)
{
	for (uint32_t i = 0; i < s->prop_n; i++)
		if (graph_is_weight(&s->prop[i]))
			return true;
	return false;
}

struct edge {
	uint64_t from, to;
	uint64_t number;		/* with NUMBERED */
	bool numbered, valued;
	union csr_value value;
};

/* The label that says that there is no weight is nobody else's. */
static void say(struct rescuing *g, const struct prop_state *s, struct text_edge *t)
{
	bool unsaid = s->label_n && bytes_equal(*s->label, bytes_str(BUILD_UNWEIGHED));

	t->prop = s->prop;
	t->prop_n = s->prop_n;
	if (!g->values) {
		t->label = s->label;
		t->label_n = s->label_n;
	} else if (unsaid && !has_weight(s)) {
		t->value.kind = TEXT_NO_VALUE;
	}
}

static int state_of(struct rescuing *g, const struct edge *e, struct prop_state *s)
{
	int r = 0;

	*s = (struct prop_state){ 0 };
	if (g->edges && e->numbered)
		r = prop_row(g->edges, e->number, &g->room, s);
	else if (g->edges)
		r = err_set(ERR_DAMAGED, "%s: which row it has is not known",
			    segment_path(prop_segment(g->edges)));
	if (r == 0 && g->values && !e->valued)
		r = err_set(ERR_DAMAGED, "graph %s: the weight cannot be read",
			    g->r->graph->name);
	if (!rescuing_damage(r))
		return r;
	return rescuing_add(g, RESCUE_EDGE_STATES, e->from, 1);
}

static int add_edge(struct rescuing *g, const struct edge *e)
{
	struct text_edge t = { .type = g->type };
	struct prop_state s;
	int r = rescuing_key(g, e->from, &g->src, &t.src);

	if (r == 0)
		r = rescuing_key(g, e->to, &g->dst, &t.dst);
	if (rescuing_damage(r))
		return 0;		/* told with the node */
	if (r == 0)
		r = state_of(g, e, &s);
	if (r < 0)
		return r;
	if (g->values && e->valued)
		t.value = text_of(g->values, e->value);
	say(g, &s, &t);
	return g->build ? build_add_texts(g->build, &t, 1, g->at++) : 0;
}

/* --- lists that are whole, and gaps between them --- */

static int add_list(struct mending *m, uint64_t node)
{
	struct rescuing *g = m->g;
	struct edge e = { .from = node, .valued = g->values, .numbered = m->numbered };
	uint64_t first, i = 0;
	int r = csr_row_of(g->out, &m->out, node, &m->list);

	first = m->type_first + m->list.edge;
	while (r >= 0 && (r = g->values ? csr_next_value(&m->list, &e.to, &e.value) :
			  csr_next(&m->list, &e.to)) > 0) {
		e.number = first + i++;
		if (!g->undirected || e.to >= node)	/* else its other end has it */
			r = add_edge(g, &e);
	}
	return r;
}

/* With M->open. */
static struct gap *last_gap(struct mending *m)
{
	return (struct gap *)(m->gaps.ptr + m->gaps.len - sizeof(struct gap));
}

static void close_gap(struct mending *m, uint64_t end)
{
	if (m->open)
		last_gap(m)->end = end;
	m->open = false;
}

static int open_gap(struct mending *m, uint64_t node)
{
	const struct gap one = { .first = node, .last = node, .begin = m->next,
		.end = UINT64_MAX };

	if (m->open) {
		last_gap(m)->last = node;
		return 0;
	}
	m->open = true;
	return buf_add(&m->gaps, &one, sizeof one);
}

/* The list of NODE is not whole; PLACED: where it lies is known. */
static int mark(struct mending *m, uint64_t node, bool placed)
{
	struct gap one = { .first = node, .last = node, .place = true };

	m->bad[node / 64] |= (uint64_t)1 << (node % 64);
	m->any_bad = true;
	if (!m->g->build)
		return rescuing_add(m->g, RESCUE_EDGES, node, placed ? m->list.n : 0);
	if (!placed)
		return open_gap(m, node);
	one.begin = m->list.edge;
	one.end = m->next = m->list.edge + m->list.n;
	close_gap(m, one.begin);
	return buf_add(&m->gaps, &one, sizeof one);
}

static int take_list(struct mending *m, uint64_t node)
{
	struct rescuing *g = m->g;
	uint64_t to;
	int r = csr_row_of(g->out, &m->out, node, &m->list), whole = r;

	if (r < 0)
		return rescuing_damage(r) ? mark(m, node, false) : r;
	if (m->list.n == 0) {
		rescuing_pass(g, node);
		return 0;
	}
	while (whole >= 0 && (whole = read_next(m, &m->list, &to)) > 0)
		;
	if (whole < 0)
		return rescuing_damage(whole) ? mark(m, node, true) : whole;
	close_gap(m, m->list.edge);
	m->next = m->list.edge + m->list.n;
	return g->build ? add_list(m, node) : 0;
}

/* Nothing of the type's lists is there but what the other direction has. */
static int mark_all(struct mending *m)
{
	struct gap all = { .last = dict_stored_n(m->g->dict) - 1, .end = UINT64_MAX };

	for (uint64_t i = 0; i <= all.last / 64; i++)
		m->bad[i] = UINT64_MAX;
	m->any_bad = true;
	if (m->has_other)
		all.end = m->other.edge_n;
	if (!m->g->build)
		return rescuing_range(m->g, RESCUE_EDGES, 0, all.last, 0,
				      "the edges out of nodes cannot be read");
	return buf_add(&m->gaps, &all, sizeof all);
}

static int take_lists(struct mending *m)
{
	uint64_t n = dict_stored_n(m->g->dict);
	int r = 0;

	if (!m->has_out)
		return mark_all(m);
	for (uint64_t i = 0; r == 0 && m->out.edge_n && i < n; i++) {
		r = take_list(m, i);
		if (r == 0 && i % 65536 == 0)
			r = rescuing_stop(m->g);
	}
	close_gap(m, m->out.edge_n);
	return r;
}

/* --- what leads into gaps --- */

static int collect(struct mending *m, uint64_t from, uint64_t to, bool other)
{
	return sort_add(m->found, (sort_key)from << 64 | to << 1 | other);
}

/* What NODE's list in the other direction says of lists that are not whole. */
static int collect_turned(struct mending *m, uint64_t node)
{
	uint64_t from;
	int r = csr_row_of(other_of(m->g), &m->other, node, &m->turned);

	while (r >= 0 && (r = csr_next(&m->turned, &from)) > 0)
		if (is_bad(m, from))
			r = collect(m, from, node, true);
	return rescuing_damage(r) ? 0 : r;
}

/* The front of a list that is not whole. */
static int collect_front(struct mending *m, uint64_t node)
{
	uint64_t to;
	int r = csr_row_of(m->g->out, &m->out, node, &m->list);

	while (r >= 0 && (r = csr_next(&m->list, &to)) > 0)
		r = collect(m, node, to, false);
	return rescuing_damage(r) ? 0 : r;
}

static int collect_all(struct mending *m)
{
	uint64_t n = dict_stored_n(m->g->dict);
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < n; i++) {
		if (m->has_out && is_bad(m, i))
			r = collect_front(m, i);
		if (r == 0 && m->has_other)
			r = collect_turned(m, i);
		if (r == 0 && i % 65536 == 0)
			r = rescuing_stop(m->g);
	}
	return r == 0 ? sort_finish(m->found) : r;
}

/* --- what was collected, in order --- */

struct copies {
	uint64_t from, to;
	uint64_t front, turned;		/* how many of the one and of the other */
};

struct sorted {
	struct sort *s;
	sort_key key;
	int more;
};

/* 1 and the next edge with all its copies, 0 at the end. */
static int next_copies(struct sorted *s, struct copies *c)
{
	if (s->more <= 0)
		return s->more;
	*c = (struct copies){ (uint64_t)(s->key >> 64), (uint64_t)s->key >> 1, 0, 0 };
	while (s->more > 0 && (uint64_t)(s->key >> 64) == c->from &&
	       (uint64_t)s->key >> 1 == c->to) {
		if (s->key & 1)
			c->turned++;
		else
			c->front++;
		s->more = sort_next(s->s, &s->key);
	}
	return s->more < 0 ? s->more : 1;
}

static struct gap *gap_of(struct mending *m, uint64_t node)
{
	struct gap *all = (struct gap *)m->gaps.ptr;
	size_t lo = 0, hi = m->gaps.len / sizeof *all;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (all[mid].first <= node)
			lo = mid;
		else
			hi = mid;
	}
	return &all[lo];
}

/* Counted first: only then is it known whether a gap is filled. */
static int count(struct mending *m, struct sort *again)
{
	struct sorted s = { .s = m->found };
	struct copies c;
	int r;

	s.more = sort_next(s.s, &s.key);
	while ((r = next_copies(&s, &c)) > 0) {
		uint64_t n = c.front > c.turned ? c.front : c.turned;

		gap_of(m, c.from)->found += n;
		for (uint64_t i = 0; r >= 0 && i < n; i++)
			r = sort_add(again, (sort_key)c.from << 64 | c.to << 1 | (i >= c.front));
		if (r < 0)
			return r;
	}
	return r == 0 ? sort_finish(again) : r;
}

static int get_value(struct mending *m, struct edge *e, bool front, uint64_t i, uint64_t nth)
{
	int r = ERR_DAMAGED;

	e->valued = false;
	if (!m->g->values)
		return 0;
	if (front) {
		r = csr_row_of(m->g->out, &m->out, e->from, &m->list);
		if (r == 0)
			r = csr_value_at(&m->list, i, &e->value);
		e->valued = r == 0;
	}
	if (!e->valued && rescuing_damage(r)) {
		r = value_turned(m, e->from, e->to, nth, &e->value);
		e->valued = r > 0;
	}
	return r < 0 ? r : 0;
}

/* Of an undirected edge between two lists that are not whole either end may have it. */
static bool is_wanted(const struct mending *m, uint64_t from, uint64_t to)
{
	return !m->g->undirected || to >= from || (is_bad(m, to) && !m->g->multi);
}

static int emit(struct mending *m, struct sort *again)
{
	struct gap *gap = NULL;
	uint64_t at = 0, row = 0, in_row = 0, nth = 0;
	struct edge before = { .from = UINT64_MAX };
	sort_key key;
	int r;

	while ((r = sort_next(again, &key)) > 0) {
		struct edge e = { .from = (uint64_t)(key >> 64), .to = (uint64_t)key >> 1 };
		bool front = !(key & 1), filled;

		if (gap_of(m, e.from) != gap) {
			gap = gap_of(m, e.from);
			at = 0;
		}
		if (e.from != before.from)
			row = at;
		nth = e.from == before.from && e.to == before.to ? nth + 1 : 0;
		before = e;
		in_row = at - row;
		filled = gap->end - gap->begin == gap->found;
		/* of equal ones only those at the front are surely in their order */
		e.numbered = m->numbered && gap->end != UINT64_MAX &&
			((filled && (front || !m->g->multi)) || (front && gap->place));
		if (m->g->undirected && e.to < e.from)
			e.numbered = false;	/* its row is the other end's */
		e.number = m->type_first + gap->begin + at++;
		if (!is_wanted(m, e.from, e.to))
			continue;
		r = get_value(m, &e, front, in_row, nth);
		if (r == 0)
			r = add_edge(m->g, &e);
		if (r < 0)
			return r;
	}
	return r;
}

static int tell_gaps(struct mending *m)
{
	const struct gap *gap = (const struct gap *)m->gaps.ptr;
	struct rescuing *g = m->g;
	char words[200];
	int r = rescuing_flush(g);

	for (size_t n = m->gaps.len / sizeof *gap; r == 0 && n; n--, gap++) {
		uint64_t all = gap->end - gap->begin;

		if (gap->end != UINT64_MAX && gap->found == all)
			continue;
		if (gap->end == UINT64_MAX)
			snprintf(words, sizeof words, "%" PRIu64 " edges out of these could be "
				 "read, how many there were is not known", gap->found);
		else
			snprintf(words, sizeof words, "%" PRIu64 " of %" PRIu64 " edges out of "
				 "these could be read", gap->found, all);
		r = rescuing_range(g, RESCUE_EDGES, gap->first, gap->last,
				   gap->end == UINT64_MAX ? 0 : all - gap->found, words);
	}
	return r;
}

/* A type's incoming lists, for who only looks. */
static int look_in(struct mending *m)
{
	struct rescuing *g = m->g;
	uint64_t n = dict_stored_n(g->dict), to;
	int r = 0;

	if (!g->in || g->sound[SEGMENT_CSR])
		return 0;
	if (!m->has_other)
		return rescuing_range(g, RESCUE_EDGES_IN, 0, n - 1, 0,
				      "the edges into nodes cannot be read");
	for (uint64_t i = 0; r == 0 && m->other.edge_n && i < n; i++) {
		r = csr_row_of(g->in, &m->other, i, &m->turned);
		while (r >= 0 && m->turned.n && (r = read_next(m, &m->turned, &to)) > 0)
			;
		if (rescuing_damage(r))
			r = rescuing_add(g, RESCUE_EDGES_IN, i, 0);
		else if (r == 0 && m->turned.n == 0)
			rescuing_pass(g, i);
	}
	return r == 0 ? rescuing_flush(g) : r;
}

static int look_states(struct rescuing *g)
{
	struct prop_state s;
	uint64_t bad = 0, n = g->edges ? prop_row_n(g->edges) : 0;
	int r = 0;

	for (uint64_t i = 0; r == 0 && !g->sound[SEGMENT_PROP] && i < n; i++) {
		r = prop_row(g->edges, i, &g->room, &s);
		bad += rescuing_damage(r);
		r = rescuing_damage(r) ? 0 : r;
	}
	return r < 0 || !bad ? r :
		rescuing_range(g, RESCUE_EDGE_STATES, 0, dict_stored_n(g->dict) - 1, bad,
			       "properties of edges cannot be read");
}

static int open_sort(struct mending *m, struct sort **out)
{
	size_t left = mem_left(m->g->r->mem) / 8;
	const struct sort_options o = {
		.backend = m->g->r->to, .mem = m->g->r->mem, .words = 2, .bits = 128,
		.budget = left < SORT_BUDGET ? left : SORT_BUDGET,
	};

	return sort_open(out, &o);
}

static int fill_gaps(struct mending *m)
{
	struct sort *again = NULL;
	int r = open_sort(m, &m->found);

	if (r == 0)
		r = collect_all(m);
	if (r == 0)
		r = open_sort(m, &again);
	if (r == 0)
		r = count(m, again);
	if (r == 0)
		r = emit(m, again);
	sort_close(m->found);
	sort_close(again);
	m->found = NULL;
	return r == 0 ? tell_gaps(m) : r;
}

static int open_type(struct mending *m)
{
	struct rescuing *g = m->g;
	int r = g->out ? csr_type_of(g->out, m->type, &m->out) : ERR_DAMAGED, e;

	m->has_out = r == 0;
	e = other_of(g) ? csr_type_of(other_of(g), m->type, &m->other) : ERR_DAMAGED;
	m->has_other = e == 0;
	if (r < 0 && !rescuing_damage(r))
		return r;
	return e < 0 && !rescuing_damage(e) ? e : 0;
}

static int mend_type(struct mending *m)
{
	struct rescuing *g = m->g;
	size_t words = (size_t)(dict_stored_n(g->dict) / 64 + 1);
	int r = 0;

	m->bad = mem_zalloc(g->r->mem, words * sizeof *m->bad);
	if (!m->bad)
		return ERR_MEMORY;
	m->open = m->any_bad = false;
	m->next = 0;
	buf_clear(&m->gaps);
	if (g->build || !g->sound[SEGMENT_CSR])
		r = take_lists(m);
	if (r == 0)
		r = rescuing_flush(g);
	if (r == 0 && g->build && m->any_bad)
		r = fill_gaps(m);
	if (r == 0 && !g->build)
		r = look_in(m);
	mem_free(g->r->mem, m->bad);
	return r;
}

/* The next type's edges have the numbers behind. */
static void pass_type(struct mending *m)
{
	if (m->has_out)
		m->type_first += m->out.edge_n;
	else if (m->has_other)
		m->type_first += m->other.edge_n;
	else
		m->numbered = false;
}

static int mend_types(struct mending *m)
{
	struct rescuing *g = m->g;
	uint64_t n = dict_stored_n(g->dict);
	int r = 0;

	for (m->type = 0; r == 0 && m->type < dict_type_n(g->dict); m->type++) {
		r = dict_type(g->dict, m->type, &g->type);
		g->typed = r == 0;
		if (r < 0 && !rescuing_damage(r))
			break;
		r = open_type(m);
		if (r == 0 && g->typed)
			r = mend_type(m);
		else if (r == 0)
			r = rescuing_range(g, RESCUE_EDGES, 0, n - 1, 0,
					   "the name of their type cannot be read");
		pass_type(m);
	}
	g->typed = false;
	return r;
}

int rescuing_edges(struct rescuing *g)
{
	struct mending *m = mem_zalloc(g->r->mem, sizeof *m);
	uint64_t n = dict_stored_n(g->dict);
	int r = 0;

	if (!m)
		return ERR_MEMORY;
	m->g = g;
	m->numbered = true;
	m->gaps.mem = g->r->mem;
	if (g->edges_gone && g->r->graph->edge_n && n)
		r = rescuing_range(g, RESCUE_EDGE_STATES, 0, n - 1, 0,
				   "the file of the edges' properties cannot be opened");
	if (r == 0 && n)
		r = mend_types(m);
	if (r == 0 && !g->build && n)
		r = look_states(g);
	buf_release(&m->gaps);
	mem_free(g->r->mem, m);
	return r;
}
