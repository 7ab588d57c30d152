/* graph/match/match_count.c - how many solutions, without making each
 *
 * A step that no later one depends on is a leaf: for what is bound it adds as many
 * solutions as it has ids, whatever other leaves have.  Only the others, the core, are
 * walked; at each of their ids the leaves that are determined by then are counted and
 * multiplied.
 */
#include <string.h>

#include "graph/match/match_inside.h"
#include "graph/match/meet.h"

struct counting {
	struct match *m;
	struct step *core[PATTERN_VARS], *leaf[PATTERN_VARS];
	uint32_t core_n, leaf_n;
	uint32_t level[PATTERN_VARS];	/* of a leaf: after so many of the core */
	bool pair;			/* the last of the core, see is_pair: ... */
	bool types[2];			/* ... types are counted of its sources' edges */
	bool pairs;			/* the two last, see is_pairs: ... */
	bool of_types;			/* ... of the first one's source */
	unsigned of_list;		/* which source of the last is its list */
	uint64_t times[PATTERN_VARS + 1];	/* of the leaves determined by each level */
};

/* --- what depends on what --- */

static bool names(const struct relation *e, uint32_t var)
{
	return (e->src.var && e->src.at == var) || (e->type.var && e->type.at == var) ||
		(e->dst.var && e->dst.at == var);
}

static uint32_t piece_n(const struct step *s)
{
	return s->source_n + s->check_n;
}

/* Does what S says depend on VAR, if that is bound before? */
static bool depends(const struct step *s, uint32_t var)
{
	for (uint32_t i = 0; i < piece_n(s); i++)	/* checks lie behind the sources */
		if (s->source[i].edge && names(s->source[i].edge, var))
			return true;
	return false;
}

static bool is_leaf(const struct match *m, uint32_t step)
{
	for (uint32_t i = step + 1; i < m->step_n; i++)
		if (depends(&m->step[i], m->step[step].var))
			return false;
	return true;
}

static uint32_t level_of(const struct counting *c, const struct step *s)
{
	uint32_t level = c->core_n;

	while (level && !depends(s, c->core[level - 1]->var))
		level--;
	return level;
}

static bool is_plain(const struct step *s)
{
	return s->check_n == 0 && s->filter_n == 0;
}

/* All that is counted at LEVEL are types of edges to what is found in the first N of the
 * sources of S. */
static bool counts_types(const struct counting *c, uint32_t level, const struct step *s,
			 uint32_t n, bool *types)
{
	for (uint32_t i = 0; i < c->leaf_n; i++) {
		const struct step *l = c->leaf[i];
		uint32_t k = 0;

		if (c->level[i] != level)
			continue;
		if (l->source_n != 1 || !is_plain(l) || !l->source[0].where)
			return false;
		while (k < n && s->source[k].source != l->source[0].where)
			k++;
		if (k == n || types[k])
			return false;
		types[k] = true;
	}
	return true;
}

/* The last of the core has two lists of neighbours in memory. */
static bool is_pair(struct counting *c)
{
	const struct step *s = c->core_n ? c->core[c->core_n - 1] : NULL;

	return s && s->source_n == 2 && is_plain(s) && s->source[0].part == PART_MERGED &&
		s->source[1].part == PART_MERGED &&
		counts_types(c, c->core_n, s, 2, c->types);
}

static const struct end *list_of(const struct piece *p)
{
	return p->way == CSR_OUT ? &p->edge->src : &p->edge->dst;
}

/* And the one before it goes over such a list, too, of nodes whose lists one of those
 * is: other nodes do not matter, as they have none. */
static bool is_pairs(struct counting *c)
{
	const struct step *s = c->core_n > 1 ? c->core[c->core_n - 2] : NULL, *last;

	if (!s || !c->pair || !is_plain(s) || s->source_n == 0 || s->source_n > 2 ||
	    s->source[0].part != PART_MERGED)
		return false;
	last = c->core[c->core_n - 1];
	c->of_list = list_of(&last->source[0])->at != s->var;
	if (list_of(&last->source[c->of_list])->at != s->var ||
	    list_of(&last->source[!c->of_list])->at == s->var)
		return false;
	if (s->source_n == 2 && (s->source[1].part != PART_MERGED_ROWS ||
				 s->source[1].way != last->source[c->of_list].way))
		return false;
	return counts_types(c, c->core_n - 1, s, 1, &c->of_types);
}

static void plan(struct counting *c, struct match *m)
{
	*c = (struct counting){ .m = m };
	for (uint32_t i = m->given < PATTERN_VARS; i < m->step_n; i++) {
		if (!is_leaf(m, i)) {
			c->core[c->core_n++] = &m->step[i];
			continue;
		}
		c->level[c->leaf_n] = level_of(c, &m->step[i]);
		c->leaf[c->leaf_n++] = &m->step[i];
	}
	c->pair = is_pair(c);
	c->pairs = is_pairs(c);
}

/* --- counts --- */

static uint64_t product(uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, &a) ? UINT64_MAX : a;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

/* No more than MOST. */
static int count_step(struct match *m, struct step *s, uint64_t most, uint64_t *n)
{
	int r = match_open_step(m, s);

	*n = 0;
	if (r == 0 && s->source_n == 1 && is_plain(s) && s->source[0].part == PART_TYPES) {
		*n = source_type_n(s->source[0].source);
		return 0;
	}
	while (r == 0 && *n < most && (r = match_advance(m, s)) > 0) {
		++*n;
		r = 0;
	}
	return r;
}

/* Of all leaves that are determined by LEVEL and not before. */
static int count_leaves(struct counting *c, uint32_t level, uint64_t most, uint64_t *times)
{
	uint64_t n;
	int r = 0;

	for (uint32_t i = 0; r == 0 && *times && i < c->leaf_n; i++) {
		if (c->level[i] != level)
			continue;
		r = count_step(c->m, c->leaf[i], most, &n);
		*times = product(*times, n);
	}
	return r;
}

static struct meet_list list_at(const struct counting *c, const struct piece *p, bool types)
{
	return meet_list(merged_way(&c->m->merged, p->way), c->m->bound[list_of(p)->at], types);
}

static uint64_t count_pair(struct counting *c)
{
	const struct piece *p = c->core[c->core_n - 1]->source;
	const struct meet_list x = list_at(c, &p[0], c->types[0]);
	const struct meet_list y = list_at(c, &p[1], c->types[1]);

	return meet_count(&x, &y);
}

static uint64_t count_pairs(struct counting *c)
{
	const struct piece *p = c->core[c->core_n - 1]->source;
	const struct meet_list of = list_at(c, c->core[c->core_n - 2]->source, c->of_types);
	const struct meet_list y = list_at(c, &p[!c->of_list], c->types[!c->of_list]);

	return meet_count_all(&of, merged_way(&c->m->merged, p[c->of_list].way),
			      c->types[c->of_list], &y);
}

/* The next id of the core's step at DEPTH for which its leaves have any: 1, 0, < 0. */
static int next_of(struct counting *c, uint32_t depth, uint64_t most)
{
	int r;

	while ((r = match_advance(c->m, c->core[depth])) > 0) {
		c->times[depth + 1] = c->times[depth];
		r = count_leaves(c, depth + 1, most, &c->times[depth + 1]);
		if (r < 0)
			return r;
		if (c->times[depth + 1])
			return 1;
	}
	return r;
}

/* At the last depths at once: false where these are walked. */
static bool count_last(struct counting *c, uint32_t depth, uint64_t *n)
{
	uint64_t more;

	if (c->pairs && depth + 2 == c->core_n)
		more = count_pairs(c);
	else if (c->pair && depth + 1 == c->core_n)
		more = count_pair(c);
	else
		return false;
	*n = sum(*n, product(c->times[depth], more));
	return true;
}

static int walk_core(struct counting *c, uint64_t most, uint64_t *n)
{
	uint32_t depth = 0;
	int r = match_open_step(c->m, c->core[0]);

	while (r == 0 && *n < most) {
		r = count_last(c, depth, n) ? 0 : next_of(c, depth, most);
		if (r > 0 && depth + 1 == c->core_n) {
			*n = sum(*n, c->times[depth + 1]);
			r = 0;
		} else if (r > 0) {
			r = match_open_step(c->m, c->core[++depth]);
		} else if (r == 0 && depth-- == 0) {
			break;
		}
	}
	return r;
}

int match_count(struct match *m, uint64_t most, uint64_t *n)
{
	struct counting c;
	int r;

	*n = 0;
	if (!m->going || !most)
		return 0;
	m->going = false;
	plan(&c, m);
	c.times[0] = 1;
	r = count_leaves(&c, 0, most, &c.times[0]);
	if (r < 0)
		return r;
	if (c.core_n == 0)
		*n = c.times[0];
	else if (c.times[0])
		r = walk_core(&c, most, n);
	*n = *n < most ? *n : most;
	return r;
}
