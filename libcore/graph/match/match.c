/* graph/match/match.c - the order of variables, and the join
 *
 * Steps are taken in order, a variable each.  What a pattern says at a step depends on
 * what is bound by then: a source to seek in, a check of what was found, or nothing yet;
 * its last variable at the latest makes it hold.
 */
#include "graph/match/match_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* --- constants --- */

static int find_node(struct match *m, const struct pattern_term *t, struct end *out)
{
	int r = 1;

	*out = (struct end){ .var = t->var, .at = t->at };
	if (!t->var)
		r = dict_find(graph_dict(m->graph), t->text, &out->id);
	m->never |= r == 0;
	return r < 0 ? r : 0;
}

static int find_type(struct match *m, const struct pattern_term *t, struct end *out)
{
	uint32_t type = 0;
	int r = 1;

	*out = (struct end){ .var = t->var, .at = t->at };
	if (!t->var)
		r = dict_find_type(graph_dict(m->graph), t->text, &type);
	out->id = type;
	m->never |= r == 0;
	return r < 0 ? r : 0;
}

/* Where an index has the values that pass. */
static struct named_range range_of(const struct pattern_filter *f)
{
	static const enum named_where where[] = {
		[PATTERN_SAME] = NAMED_AT, [PATTERN_LESS] = NAMED_UP_TO,
		[PATTERN_LESS_SAME] = NAMED_UP_TO, [PATTERN_MORE] = NAMED_FROM,
		[PATTERN_MORE_SAME] = NAMED_FROM, [PATTERN_HAS] = NAMED_ANYWHERE,
		[PATTERN_OTHER] = NAMED_ANYWHERE,
	};

	return (struct named_range){ where[f->op], &f->value };
}

static int find_props(struct match *m)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < m->p->label_n; i++) {
		r = label_find(&m->label[i], m->graph, m->p->label[i].label);
		m->never |= r == 0;
	}
	for (uint32_t i = 0; r >= 0 && i < m->p->filter_n; i++) {
		r = named_find(&m->name[i], m->graph, m->p->filter[i].name);
		m->never |= r == 0;
		m->range[i] = range_of(&m->p->filter[i]);
		if (r > 0)
			r = named_most(&m->name[i], &m->range[i], &m->named_most[i]);
	}
	return r < 0 ? r : 0;
}

static int find_all(struct match *m)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < m->p->edge_n; i++) {
		r = find_node(m, &m->p->edge[i].src, &m->edge[i].src);
		if (r == 0)
			r = find_type(m, &m->p->edge[i].type, &m->edge[i].type);
		if (r == 0)
			r = find_node(m, &m->p->edge[i].dst, &m->edge[i].dst);
	}
	return r < 0 ? r : find_props(m);
}

/* --- what a pattern says at a step --- */

static bool is(const struct end *e, uint32_t var)
{
	return e->var && e->at == var;
}

static bool known(const struct end *e, uint64_t bound)
{
	return !e->var || bound >> e->at & 1;
}

/* Of an edge in memory, whose type is not known. */
static struct piece merged_piece(const struct relation *e, uint32_t var, uint64_t bound)
{
	struct piece p = { .edge = e, .way = CSR_OUT };
	bool src = is(&e->src, var), dst = is(&e->dst, var);

	if (is(&e->type, var) && known(&e->src, bound) && known(&e->dst, bound)) {
		p.part = PART_TYPES;
	} else if (src != dst) {
		p.part = known(src ? &e->dst : &e->src, bound) ? PART_MERGED :
			PART_MERGED_ROWS;
		p.way = src == (p.part == PART_MERGED) ? CSR_IN : CSR_OUT;
	}
	return p;
}

/* BOUND: a bit a variable bound before VAR. */
static struct piece edge_piece(const struct match *m, const struct relation *e, uint32_t var,
			       uint64_t bound)
{
	struct piece p = { .edge = e, .way = CSR_OUT };
	bool src = is(&e->src, var), dst = is(&e->dst, var);

	if (m->merge && !known(&e->type, bound))
		return merged_piece(e, var, bound);

	if (is(&e->type, var)) {
		p.way = known(&e->src, bound) ? CSR_OUT : CSR_IN;
		p.part = known(&e->src, bound) && known(&e->dst, bound) ? PART_EDGE :
			known(&e->src, bound) || known(&e->dst, bound) ? PART_ANY : PART_NONE;
		return p;
	}
	if ((!src && !dst) || !known(&e->type, bound))
		return p;
	p.way = src && !dst ? CSR_IN : CSR_OUT;
	p.part = src && dst ? PART_EDGE :
		known(src ? &e->dst : &e->src, bound) ? PART_LIST : PART_ROWS;
	if (p.part == PART_ROWS)
		p.way = src ? CSR_OUT : CSR_IN;
	return p;
}

static struct csr *csr_of(const struct match *m, enum csr_direction way)
{
	return graph_csr(m->graph, way);
}

/* Of the parts of an edge: is it a source? */
static bool is_sought(enum part part)
{
	return part == PART_LIST || part == PART_ROWS || part >= PART_MERGED;
}

/* Do other edges have the type, too?  Then it is worth to be known early. */
static bool is_shared(const struct match *m, uint32_t type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->p->edge_n; i++)
		n += is(&m->edge[i].type, type);
	return n > 1;
}

/* About how many ids a piece leaves. */
static int estimate(struct match *m, const struct piece *p, uint64_t *out)
{
	uint64_t edges, rows = graph_node_n(m->graph);
	const struct end *from = p->way == CSR_OUT ? &p->edge->src : &p->edge->dst;
	int r;

	if (p->part == PART_TYPES) {
		*out = is_shared(m, p->edge->type.at) ? 1 : UINT64_MAX - 2;
		return 0;
	}
	if (p->part == PART_MERGED) {
		*out = csr_edge_n(csr_of(m, p->way)) / (rows ? rows : 1) + 1;
		return 0;
	}
	if (p->edge->type.var) {
		*out = p->part == PART_LIST ? 16 : rows;
		return 0;
	}
	if (p->part == PART_LIST && !from->var)
		return csr_degree(csr_of(m, p->way), (uint32_t)p->edge->type.id, from->id, out);
	r = csr_type_edges(csr_of(m, p->way), (uint32_t)p->edge->type.id, &edges);
	rows = edges < rows ? edges : rows;
	*out = p->part == PART_LIST ? edges / (rows ? rows : 1) + 1 : rows;
	return r;
}

/* --- the order --- */

/* Can it be sought as fast as a list? */
static bool is_found(const struct match *m, uint32_t filter)
{
	return named_found(&m->name[filter], &m->range[filter]);
}

static int cost_of(struct match *m, uint32_t var, uint64_t bound, uint64_t *out)
{
	bool type = m->p->var[var].type, any = false, named = false;
	uint64_t n;
	int r = 0;

	*out = !type ? graph_node_n(m->graph) : m->merge ? UINT64_MAX : graph_type_n(m->graph);
	for (uint32_t i = 0; r == 0 && i < m->p->edge_n; i++) {
		struct piece p = edge_piece(m, &m->edge[i], var, bound);

		any |= p.part != PART_NONE;
		if (!is_sought(p.part))
			continue;
		r = estimate(m, &p, &n);
		*out = n < *out ? n : *out;
	}
	for (uint32_t i = 0; r == 0 && i < m->p->label_n; i++) {
		if (m->p->label[i].var != var)
			continue;
		any = true;
		*out = m->label[i].row_n < *out ? m->label[i].row_n : *out;
	}
	for (uint32_t i = 0; i < m->p->filter_n; i++) {
		if (m->p->filter[i].var != var || (any && !is_found(m, i)))
			continue;
		named = true;
		*out = m->named_most[i] < *out ? m->named_most[i] : *out;
	}
	if (!any && !named)
		*out = UINT64_MAX - !type;	/* nothing holds it: last, types before all nodes */
	return r;
}

static int best_var(struct match *m, uint64_t bound, uint32_t *var, uint64_t *cost)
{
	uint64_t n;
	int r = 0;

	*var = PATTERN_VARS;
	for (uint32_t v = 0; r == 0 && v < m->p->var_n; v++) {
		if (bound >> v & 1)
			continue;
		r = cost_of(m, v, bound, &n);
		if (*var < PATTERN_VARS && n >= *cost)
			continue;
		*var = v;
		*cost = n;
	}
	return r;
}

/* --- steps --- */

static struct source *new_source(struct match *m)
{
	return &m->sources[m->source_n++];
}

/* Of the pieces so far: the one that binds the later end of an edge in memory. */
static const struct source *source_of(const struct match *m, const struct relation *e)
{
	for (uint32_t i = 0; i < m->piece_n; i++)
		if (m->pieces[i].part == PART_MERGED && m->pieces[i].edge == e)
			return m->pieces[i].source;
	return NULL;
}

static void add_piece(struct match *m, struct step *s, struct piece p, bool source)
{
	struct piece *at = source ? &s->source[s->source_n++] : &s->check[s->check_n++];

	if (source && p.part != PART_NONE)
		p.source = new_source(m);
	if (p.part == PART_TYPES)
		p.where = source_of(m, p.edge);
	if (p.part == PART_MERGED || p.part == PART_MERGED_ROWS)
		m->merge_in |= p.way == CSR_IN;
	*at = p;
}

static void add_labels(struct match *m, struct step *s, bool source)
{
	for (uint32_t i = 0; i < m->p->label_n; i++)
		if (m->p->label[i].var == s->var)
			add_piece(m, s, (struct piece){ .part = PART_LABEL, .at = i }, source);
}

/* The properties of one value, where they are found by it.  Of a variable that nothing
 * else holds, the one that fewest nodes have. */
static void add_named(struct match *m, struct step *s)
{
	uint32_t best = PATTERN_MOST;

	for (uint32_t i = 0; i < m->p->filter_n; i++) {
		if (m->p->filter[i].var != s->var)
			continue;
		if (is_found(m, i))
			add_piece(m, s, (struct piece){ .part = PART_NAMED, .at = i }, true);
		else if (best == PATTERN_MOST || m->named_most[i] < m->named_most[best])
			best = i;
	}
	if (best < PATTERN_MOST && s->source_n == 0)
		add_piece(m, s, (struct piece){ .part = PART_NAMED, .at = best }, true);
}

static bool is_source(const struct step *s, uint32_t filter)
{
	for (uint32_t i = 0; i < s->source_n; i++)
		if (s->source[i].part == PART_NAMED && s->source[i].at == filter)
			return true;
	return false;
}

/* Properties that are no source. */
static void add_filters(struct match *m, struct step *s)
{
	s->filter = &m->filters[m->filter_n];
	for (uint32_t i = 0; i < m->p->filter_n; i++)
		if (m->p->filter[i].var == s->var && !is_source(s, i))
			s->filter[s->filter_n++] = i;
	m->filter_n += s->filter_n;
}

/* Sources first, then checks: both in the one array of pieces.  Of a variable that is
 * given labels and lists are looked up, not sought. */
static void fill_step(struct match *m, struct step *s, uint64_t bound)
{
	bool given = s == m->step && m->given < PATTERN_VARS;

	s->source = &m->pieces[m->piece_n];
	for (uint32_t i = 0; i < m->p->edge_n; i++) {
		struct piece p = edge_piece(m, &m->edge[i], s->var, bound);
		bool loop = is(&m->edge[i].src, s->var) && is(&m->edge[i].dst, s->var);

		if (p.part == PART_EDGE && loop && known(&m->edge[i].type, bound))
			p.part = PART_ROWS;	/* and checked below */
		if (is_sought(p.part) && !(given && p.part == PART_ROWS))
			add_piece(m, s, p, true);
	}
	if (!given)
		add_labels(m, s, true);
	if (!given)
		add_named(m, s);
	s->check = s->source + s->source_n;
	for (uint32_t i = 0; i < m->p->edge_n; i++) {
		struct piece p = edge_piece(m, &m->edge[i], s->var, bound);

		if (given && p.part == PART_ROWS)
			p.part = PART_ANY;
		if (p.part == PART_EDGE || p.part == PART_ANY)
			add_piece(m, s, p, false);
	}
	if (given)
		add_labels(m, s, false);
	m->piece_n += s->source_n + s->check_n;
	add_filters(m, s);
}

/* Would looks into lists of each type be more than there are edges?  Where fewest nodes
 * are to begin with, of what is said but by edges of any type, that many and their
 * neighbours are looked at. */
static int choose_merge(struct match *m)
{
	uint64_t least = graph_node_n(m->graph), edges = csr_edge_n(csr_of(m, CSR_OUT)), n;
	uint32_t any_n = 0;
	int r = 0;

	for (uint32_t i = 0; i < m->p->edge_n; i++)
		any_n += m->edge[i].type.var;
	for (uint32_t i = 0; i < m->p->edge_n; i++)
		if (!m->edge[i].src.var || !m->edge[i].dst.var)
			any_n = 0;
	if (any_n < 2 || m->given < PATTERN_VARS || !merged_fits(m->graph))
		return 0;
	m->merge = true;
	for (uint32_t v = 0; r == 0 && v < m->p->var_n; v++) {
		r = m->p->var[v].type ? 0 : cost_of(m, v, 0, &n);
		if (r == 0 && !m->p->var[v].type && n < least)
			least = n;
	}
	m->merge = (double)least * graph_type_n(m->graph) > (double)edges / 2;
	return r;
}

static int make_steps(struct match *m)
{
	uint64_t bound = 0, cost = 1;
	uint32_t var = m->given;
	int r = 0;

	for (m->step_n = 0; m->step_n < m->p->var_n; m->step_n++) {
		struct step *s = &m->step[m->step_n];

		if (m->step_n || m->given == PATTERN_VARS)
			r = best_var(m, bound, &var, &cost);
		if (r < 0)
			return r;
		s->var = var;
		s->type = m->p->var[var].type;
		s->most = cost;
		fill_step(m, s, bound);
		bound |= 1ull << var;
	}
	return 0;
}

static int draw(struct match *m)
{
	uint32_t pieces = 3 * m->p->edge_n * 2 + m->p->label_n + m->p->filter_n + 1;

	m->step = mem_zalloc(m->mem, (m->p->var_n + 1ull) * sizeof *m->step);
	m->pieces = mem_zalloc(m->mem, pieces * sizeof *m->pieces);
	m->sources = mem_zalloc(m->mem, (3ull * m->p->edge_n + m->p->label_n +
					 m->p->filter_n + 1) * sizeof *m->sources);
	m->filters = mem_zalloc(m->mem, (m->p->filter_n + 1ull) * sizeof *m->filters);
	return m->step && m->pieces && m->sources && m->filters ? 0 : ERR_MEMORY;
}

int match_open(struct match **out, struct graph *g, const struct pattern *p, uint32_t given)
{
	struct match *m = mem_zalloc(graph_mem(g), sizeof *m);
	int r = m ? pattern_check(p) : ERR_MEMORY;

	if (!m)
		return r;
	m->graph = g;
	m->p = p;
	m->mem = graph_mem(g);
	m->given = given;
	if (r == 0)
		r = draw(m);
	if (r == 0)
		r = find_all(m);
	if (r == 0 && !m->never)
		r = choose_merge(m);
	if (r == 0 && !m->never)
		r = make_steps(m);
	if (r < 0)
		match_close(m);
	else
		*out = m;
	return r;
}

void match_close(struct match *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->p->label_n; i++)
		label_release(&m->label[i]);
	for (uint32_t i = 0; i < m->p->filter_n; i++)
		named_release(&m->name[i]);
	for (uint32_t i = 0; i < m->source_n; i++)
		source_release(&m->sources[i]);
	merged_release(&m->merged);
	mem_free(m->mem, m->step);
	mem_free(m->mem, m->pieces);
	mem_free(m->mem, m->sources);
	mem_free(m->mem, m->filters);
	mem_free(m->mem, m);
}

/* --- the join --- */

static uint64_t id_of(const struct match *m, const struct end *e)
{
	return e->var ? m->bound[e->at] : e->id;
}

static bool passes(const void *filter, const struct literal *value)
{
	return pattern_meets(filter, value);
}

static int open_merged(struct match *m, struct piece *p)
{
	const struct merged_way *w = merged_way(&m->merged, p->way);

	if (p->part == PART_MERGED_ROWS)
		source_merged_rows(p->source, w, m->merged.node_n);
	else if (p->part == PART_TYPES && p->where)
		source_types_at(p->source, p->where);
	else if (p->part == PART_TYPES)
		source_types(p->source, w, id_of(m, &p->edge->src), id_of(m, &p->edge->dst));
	else
		source_merged(p->source, w,
			      id_of(m, p->way == CSR_OUT ? &p->edge->src : &p->edge->dst));
	return 0;
}

static int open_piece(struct match *m, struct piece *p)
{
	uint32_t type;
	uint64_t from;

	if (p->part == PART_LABEL)
		return source_label(p->source, &m->label[p->at]);
	if (p->part == PART_NAMED)
		return source_named(p->source, &m->name[p->at], &m->range[p->at], passes,
				    &m->p->filter[p->at]);
	if (p->part >= PART_MERGED)
		return open_merged(m, p);
	type = (uint32_t)id_of(m, &p->edge->type);
	if (p->part == PART_ROWS)
		return source_rows(p->source, csr_of(m, p->way), type);
	from = id_of(m, p->way == CSR_OUT ? &p->edge->src : &p->edge->dst);
	return source_list(p->source, csr_of(m, p->way), type, from);
}

int match_open_step(struct match *m, struct step *s)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < s->source_n; i++) {
		r = open_piece(m, &s->source[i]);
		s->source[i].source->begun = false;
	}
	if (s->source_n == 0)
		source_all(&s->all, s->type ? graph_type_n(m->graph) : graph_node_n(m->graph),
			   s->type ? NULL : graph_dict(m->graph));
	m->bound[s->var] = UNBOUND;
	return r;
}

static int seek(struct match *m, struct source *s, uint64_t id)
{
	if (s->begun && s->at >= id)
		return 1;
	s->begun = true;
	m->seek_n++;
	return source_seek(s, id);
}

/* The first id from ID on that is in all sources: 1, 0, < 0. */
static int leapfrog(struct match *m, struct step *s, uint64_t id, uint64_t *out)
{
	uint32_t agree = 0;
	int r = 1;

	if (s->source_n == 0) {
		r = source_seek(&s->all, id);
		*out = s->all.at;
		return r;
	}
	if (s->source_n == 2 && s->source[0].part == PART_MERGED &&
	    s->source[1].part == PART_MERGED) {
		m->seek_n += 2;
		return source_meet(s->source[0].source, s->source[1].source, id, out);
	}
	for (uint32_t i = 0; agree < s->source_n; i = i + 1 == s->source_n ? 0 : i + 1) {
		struct source *x = s->source[i].source;

		r = seek(m, x, id);
		if (r <= 0)
			return r;
		agree = x->at == id ? agree + 1 : 1;
		id = x->at;
	}
	*out = id;
	return 1;
}

static int has_edge(struct match *m, const struct relation *e)
{
	struct csr_list list;
	uint64_t to = 0, dst = id_of(m, &e->dst);
	int r = csr_row(csr_of(m, CSR_OUT), (uint32_t)id_of(m, &e->type), id_of(m, &e->src),
			&list);

	if (r == 0)
		r = csr_seek(&list, dst);
	while (r >= 0 && (r = csr_next(&list, &to)) > 0 && to < dst)
		;
	return r > 0 ? to == dst : r;
}

static int has_any(struct match *m, const struct piece *p)
{
	const struct end *from = p->way == CSR_OUT ? &p->edge->src : &p->edge->dst;
	uint64_t n = 0;
	int r = csr_degree(csr_of(m, p->way), (uint32_t)id_of(m, &p->edge->type),
			   id_of(m, from), &n);

	return r < 0 ? r : n > 0;
}

static int check(struct match *m, const struct step *s, const struct piece *p)
{
	if (p->part == PART_LABEL)
		return label_has(&m->label[p->at], m->bound[s->var]);
	return p->part == PART_EDGE ? has_edge(m, p->edge) : has_any(m, p);
}

/* Does what was found hold? */
static int holds(struct match *m, const struct step *s)
{
	int r = 1;

	for (uint32_t i = 0; r > 0 && i < s->check_n; i++)
		r = check(m, s, &s->check[i]);
	for (uint32_t i = 0; r > 0 && i < s->filter_n; i++)
		r = named_passes(&m->name[s->filter[i]], m->bound[s->var], passes,
				 &m->p->filter[s->filter[i]]);
	return r;
}

int match_advance(struct match *m, struct step *s)
{
	uint64_t id = m->bound[s->var] == UNBOUND ? 0 : m->bound[s->var] + 1;
	int r;

	for (;; id = m->bound[s->var] + 1) {
		r = leapfrog(m, s, id, &id);
		if (r <= 0)
			return r;
		m->bound[s->var] = id;
		r = holds(m, s);
		if (r)
			return r;
	}
}

/* The given variable: this id, or no solution. */
static int take_given(struct match *m, struct step *s, uint64_t want)
{
	uint64_t id;
	int r = leapfrog(m, s, want, &id);

	if (r <= 0 || id != want)
		return r < 0 ? r : 0;
	m->bound[s->var] = id;
	return holds(m, s);
}

/* Only constants: one empty solution, or none. */
static int constants_hold(struct match *m)
{
	int r = 1;

	for (uint32_t i = 0; r > 0 && i < m->p->edge_n; i++) {
		const struct relation *e = &m->edge[i];

		if (!e->src.var && !e->type.var && !e->dst.var)
			r = has_edge(m, e);
	}
	return r;
}

int match_begin(struct match *m, uint64_t id)
{
	int r = m->never ? 0 : constants_hold(m);

	if (r > 0 && m->merge && !m->merged.out.from) {
		r = merged_make(&m->merged, m->graph, m->merge_in);
		r = r < 0 ? r : 1;
	}
	m->depth = 0;
	m->going = r > 0;
	if (r > 0 && m->step_n)
		r = match_open_step(m, &m->step[0]);
	if (r < 0 || !m->going || m->given == PATTERN_VARS)
		return r < 0 ? r : 0;
	r = take_given(m, &m->step[0], id);
	m->going = r > 0;
	m->depth = 1;
	if (r > 0 && m->step_n > 1)
		r = match_open_step(m, &m->step[1]);
	return r < 0 ? r : 0;
}

int match_next(struct match *m, const uint64_t **ids)
{
	uint32_t bottom = m->given == PATTERN_VARS ? 0 : 1;
	int r = 1;

	*ids = m->bound;
	if (!m->going)
		return 0;
	if (m->step_n == bottom) {	/* nothing is left to bind */
		m->going = false;
		return 1;
	}
	for (;;) {
		r = match_advance(m, &m->step[m->depth]);
		if (r < 0)
			return r;
		if (r > 0 && m->depth + 1 == m->step_n)
			return 1;
		if (r > 0) {
			r = match_open_step(m, &m->step[++m->depth]);
			if (r < 0)
				return r;
		} else if (m->depth == bottom) {
			m->going = false;
			return 0;
		} else {
			m->depth--;
		}
	}
}

uint64_t match_seek_n(const struct match *m)
{
	return m->seek_n;
}

/* --- explain --- */

static int say_end(const struct match *m, const struct pattern_term *t, struct buf *out)
{
	if (!t->var)
		return buf_printf(out, "%s", bytes_show(t->text));
	return buf_printf(out, "?%s", bytes_show(m->p->var[t->at].name));
}

static int say_piece(const struct match *m, const struct piece *p, struct buf *out)
{
	static const char *const how[] = {
		[PART_LIST] = "list", [PART_ROWS] = "nodes", [PART_EDGE] = "is there",
		[PART_ANY] = "has any", [PART_MERGED] = "list in memory",
		[PART_MERGED_ROWS] = "nodes in memory", [PART_TYPES] = "types",
	};
	const struct pattern_edge *e;
	int r;

	if (p->part == PART_LABEL)
		return buf_printf(out, ", label %s", bytes_show(m->label[p->at].name));
	if (p->part == PART_NAMED)
		return buf_printf(out, ", %s %s", is_found(m, p->at) ? "index" : "property",
				  bytes_show(m->name[p->at].text));
	e = &m->p->edge[p->edge - m->edge];
	r = buf_printf(out, ", %s of ", how[p->part]);
	if (r == 0)
		r = say_end(m, &e->src, out);
	if (r == 0)
		r = buf_printf(out, " ");
	if (r == 0)
		r = say_end(m, &e->type, out);
	if (r == 0)
		r = buf_printf(out, " ");
	return r < 0 ? r : say_end(m, &e->dst, out);
}

int match_explain(const struct match *m, struct buf *out)
{
	int r = m->never ? buf_printf(out, "nothing: a key, type, label or property is not"
				      " in the graph\n") : 0;

	for (uint32_t i = 0; r == 0 && i < m->step_n; i++) {
		const struct step *s = &m->step[i];

		r = buf_printf(out, "?%s", bytes_show(m->p->var[s->var].name));
		if (r == 0 && i == 0 && m->given < PATTERN_VARS)
			r = buf_printf(out, ": given");
		else if (r == 0 && s->most < UINT64_MAX - 2)
			r = buf_printf(out, ": about %" PRIu64, s->most);
		else if (r == 0)
			r = buf_printf(out, ": all");
		for (uint32_t k = 0; r == 0 && k < s->source_n; k++)
			r = say_piece(m, &s->source[k], out);
		for (uint32_t k = 0; r == 0 && k < s->check_n; k++)
			r = say_piece(m, &s->check[k], out);
		for (uint32_t k = 0; r == 0 && k < s->filter_n; k++)
			r = buf_printf(out, ", property %s",
				       bytes_show(m->p->filter[s->filter[k]].name));
		if (r == 0)
			r = buf_printf(out, "\n");
	}
	return r;
}
