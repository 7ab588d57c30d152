/* graph/delta_merge.c - entries newer than a segment of changes, laid on top of it
 *
 * The segment is laid over the graph first, so that the entries are read as changes of
 * what it says, with its ids; only they are looked up.  Then it is known which of its new
 * keys and types are still there, old and new ones get their ids in one order, and its
 * arrays are gone through once to make those of both.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/delta_inside.h"
#include "graph/delta_segment.h"
#include "graph/dict_more.h"

struct merging {
	struct delta *d, *was;
	struct dict *dict;
	struct dict_more *more;		/* what the segment brought ... */
	struct csr_over *over[2];	/* ... and these, once they are taken off */
	uint64_t stored_n, stored_type_n;
	bool *key_there, *type_there;	/* of the segment's new ones */
	bool *name_there, *kind_there;	/* of the entries' */
	uint64_t *key, *type;		/* ids now, of the segment's; ... */
	uint64_t *name, *kind;		/* ... of the entries' */
	uint64_t *came, *went;		/* ends of the entries' edges, ascending */
	uint64_t came_n, went_n;
	struct delta_node *entry;	/* nodes by their ids before */
	uint64_t entry_n;
	uint64_t *gone, gone_n;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool is_among(const uint64_t *v, uint64_t n, uint64_t x)
{
	return n && bsearch(&x, v, n, sizeof x, by_number);
}

/* --- may they be merged? --- */

static const struct delta_node *node_before(const struct merging *m, uint64_t id)
{
	uint64_t lo = 0, hi = m->was->nodes_n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (m->was->nodes[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->was->nodes_n && m->was->nodes[lo].id == id ? &m->was->nodes[lo] : NULL;
}

static uint64_t cut_before(const struct merging *m, uint64_t id)
{
	const struct delta_node *n = node_before(m, id);
	uint64_t gone_n;
	const uint64_t *gone = dict_gone(m->dict, &gone_n), *at;

	if (n)
		return n->cut;
	at = gone_n ? bsearch(&id, gone, gone_n, sizeof id, by_number) : NULL;
	return at ? m->was->gone_cut[at - gone] : 0;
}

/* A cut that was there is done; another one of that time is not known to be. */
static bool cuts_fit(const struct merging *m)
{
	for (uint64_t i = 0; i < m->d->node_n; i++) {
		const struct delta_node_change *n = &m->d->node[i];

		if (n->cut > m->d->upto)
			continue;
		if (n->node & DELTA_NEW ? m->was->lost_cut || n->cut :
		    n->cut != cut_before(m, n->node))
			return false;
	}
	return true;
}

/* May values become of a lesser kind, because the edge that had one goes? */
static int kinds_fit(const struct merging *m)
{
	struct csr *out = m->d->of.out;
	uint64_t at;
	int r = 0;

	for (uint64_t i = 0; out->values != out->stored && r == 0 && i < m->d->edge_n; i++) {
		const struct delta_edge_change *e = &m->d->edge[i];

		if (!((e->from | e->to | e->type) & DELTA_NEW))
			r = over_find_edge(out->over, (uint32_t)e->type, e->from, e->to, &at);
	}
	return r < 0 ? r : r == 0;
}

/* --- who is there --- */

static void see(const struct merging *m, uint64_t node)
{
	if (node & DELTA_NEW)
		m->name_there[node & ~DELTA_NEW] = true;
	else if (node >= m->stored_n)
		m->key_there[node - m->stored_n] = true;
}

static void see_edge(const struct merging *m, uint64_t from, uint64_t type, uint64_t to)
{
	see(m, from);
	see(m, to);
	if (type & DELTA_NEW)
		m->kind_there[type & ~DELTA_NEW] = true;
	else if (type >= m->stored_type_n)
		m->type_there[type - m->stored_type_n] = true;
}

static bool anything_goes(const struct delta *d)
{
	for (uint64_t i = 0; i < d->edge_n; i++)
		if (!d->edge[i].there)
			return true;
	for (uint64_t i = 0; i < d->node_n; i++)
		if (d->node[i].state != CHANGE_THERE)
			return true;
	return false;
}

static bool speaks_of(const struct delta *d, uint64_t node)
{
	uint64_t lo = 0, hi = d->node_n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (d->node[mid].node < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < d->node_n && d->node[lo].node == node;
}

/* What the segment's changes still say. */
static int see_before(const struct merging *m)
{
	struct over_walk w = { .o = m->d->of.out->over };
	struct over_edge e;
	int r;

	for (uint64_t i = 0; i < m->was->nodes_n; i++)
		if (m->was->nodes[i].state == CHANGE_THERE && !speaks_of(m->d, m->was->nodes[i].id))
			see(m, m->was->nodes[i].id);
	while ((r = over_next(&w, &e)) > 0)
		if (e.there && (e.from >= m->stored_n || e.to >= m->stored_n ||
				e.type >= m->stored_type_n) &&
		    !delta_find_edge(m->d, e.from, e.type, e.to))
			see_edge(m, e.from, e.type, e.to);
	return r;
}

static int see_all(struct merging *m)
{
	const struct delta *d = m->d;
	int r = 0;

	if (anything_goes(d)) {
		r = see_before(m);
	} else {
		memset(m->key_there, true, m->more->new_n * sizeof *m->key_there);
		memset(m->type_there, true, m->more->type_n * sizeof *m->type_there);
	}
	for (uint64_t i = 0; i < d->edge_n; i++) {
		const struct delta_edge_change *e = &d->edge[i];

		if (e->there)
			see_edge(m, e->from, e->type, e->to);
		*(e->there ? &m->came[m->came_n++] : &m->went[m->went_n++]) = e->from;
		*(e->there ? &m->came[m->came_n++] : &m->went[m->went_n++]) = e->to;
	}
	for (uint64_t i = 0; i < d->node_n; i++)
		if (d->node[i].state == CHANGE_THERE)
			see(m, d->node[i].node);
	if (m->came_n)
		qsort(m->came, m->came_n, sizeof *m->came, by_number);
	if (m->went_n)
		qsort(m->went, m->went_n, sizeof *m->went, by_number);
	return r;
}

/* --- nodes with entries --- */

/* 1: the dictionary's node N is there; FRESH: the entries say N themselves, WAS: it was
 * there before them. */
static int is_there(const struct merging *m, const struct delta_node *n, bool fresh, bool was)
{
	int r;

	if (n->state == CHANGE_THERE || is_among(m->came, m->came_n, n->id))
		return 1;
	if (!fresh && (!was || !is_among(m->went, m->went_n, n->id)))
		return was;
	r = delta_each_at(m->d, n->id, delta_is_left);
	return r < 0 ? r : r > 0;
}

static int settle(struct merging *m, const struct delta_node *n, bool fresh, bool was)
{
	struct delta *d = m->d;
	int r = 1;

	if (n->id & DELTA_NEW)
		r = m->name_there[n->id & ~DELTA_NEW];
	else if (n->id >= m->stored_n)
		r = m->key_there[n->id - m->stored_n];
	else
		r = is_there(m, n, fresh, was);
	if (r > 0) {
		m->entry[m->entry_n++] = *n;
	} else if (r == 0 && n->id >= m->stored_n) {
		d->lost_cut |= n->cut != 0;
	} else if (r == 0) {
		d->gone_cut[m->gone_n] = n->cut;
		m->gone[m->gone_n++] = n->id;
	}
	return r < 0 ? r : 0;
}

/* Three ascending lists: with a state, gone, and the entries', which count. */
static int settle_nodes(struct merging *m)
{
	const struct delta *d = m->d, *was = m->was;
	uint64_t i = 0, k = 0, n = 0, gone_n;
	const uint64_t *gone = dict_gone(m->dict, &gone_n);
	int r = 0;

	while (r == 0 && (i < was->nodes_n || k < gone_n || n < d->node_n)) {
		uint64_t a = i < was->nodes_n ? was->nodes[i].id : UINT64_MAX;
		uint64_t b = k < gone_n ? gone[k] : UINT64_MAX;
		uint64_t c = n < d->node_n ? d->node[n].node : UINT64_MAX;

		if (c <= a && c <= b) {
			const struct delta_node_change *e = &d->node[n++];
			struct delta_node now = { e->node, e->cut, e->value, e->state, 0 };

			r = settle(m, &now, true, true);
		} else if (a < b) {
			r = settle(m, &was->nodes[i], false, true);
		} else {
			struct delta_node now = { b, was->gone_cut[k], 0, CHANGE_GONE, 0 };

			r = settle(m, &now, false, false);
		}
		i += i < was->nodes_n && a <= b && a <= c;
		k += k < gone_n && b <= a && b <= c;
	}
	return r;
}

/* --- ids --- */

struct order {
	struct bytes *all;
	uint64_t *before;
	uint64_t n;
};

/* Both ascending lists as one; what is not there gets OVER_NOBODY. */
static void join_names(struct order *o, const struct more_names *old, const uint64_t *before,
		       const bool *old_there, uint64_t old_n, uint64_t *old_id,
		       const struct delta_names *new, const uint32_t *turn, uint64_t turn_n,
		       uint64_t *new_id, uint64_t first,
		       int (*cmp)(const struct dict *, struct bytes, struct bytes),
		       const struct dict *d)
{
	uint64_t i = 0, k = 0;

	while (i < old_n || k < turn_n) {
		bool take = i < old_n;

		if (take && !old_there[i]) {
			old_id[i++] = OVER_NOBODY;
			continue;
		}
		if (take && k < turn_n)
			take = cmp(d, more_name(old, i), delta_name(new, turn[k])) < 0;
		o->all[o->n] = take ? more_name(old, i) : delta_name(new, turn[k]);
		if (o->before)
			o->before[o->n] = take ? before[i] : DICT_UNKNOWN;
		*(take ? &old_id[i++] : &new_id[turn[k++]]) = first + o->n++;
	}
}

static int by_key(const struct dict *d, struct bytes a, struct bytes b)
{
	return dict_compare(d, a, b);
}

static int by_name(const struct dict *d, struct bytes a, struct bytes b)
{
	(void)d;
	return bytes_cmp(a, b);
}

struct turning {
	const struct delta_names *names;
	const struct dict *dict;
	int (*cmp)(const struct dict *, struct bytes, struct bytes);
};

static int by_turn(const void *a, const void *b, void *ctx)
{
	const struct turning *t = ctx;

	return t->cmp(t->dict, delta_name(t->names, *(const uint32_t *)a),
		      delta_name(t->names, *(const uint32_t *)b));
}

/* The entries' names that are there, in order; the others get OVER_NOBODY. */
static uint32_t *in_turn(const struct merging *m, const struct turning *t, const bool *there,
			 uint64_t *id, uint64_t *n)
{
	uint32_t *turn = mem_alloc(m->d->mem, t->names->n * sizeof *turn);

	*n = 0;
	for (uint64_t i = 0; turn && i < t->names->n; i++) {
		id[i] = OVER_NOBODY;
		if (there[i])
			turn[(*n)++] = (uint32_t)i;
	}
	if (turn && *n)
		qsort_r(turn, *n, sizeof *turn, by_turn, (void *)(uintptr_t)t);
	return turn;
}

static int number_keys(struct merging *m, struct order *o)
{
	const struct turning t = { &m->d->keys, m->dict, by_key };
	uint64_t n;
	uint32_t *turn = in_turn(m, &t, m->name_there, m->name, &n);

	o->all = mem_alloc(m->d->mem, (m->more->new_n + n) * sizeof *o->all);
	o->before = mem_alloc(m->d->mem, (m->more->new_n + n) * sizeof *o->before);
	if (turn && o->all && o->before)
		join_names(o, &m->more->key, m->more->before, m->key_there, m->more->new_n, m->key,
			   t.names, turn, n, m->name, m->stored_n, by_key, m->dict);
	mem_free(m->d->mem, turn);
	return turn && o->all && o->before ? 0 : ERR_MEMORY;
}

static int number_types(struct merging *m, struct order *o)
{
	const struct turning t = { &m->d->types, m->dict, by_name };
	uint64_t n;
	uint32_t *turn = in_turn(m, &t, m->kind_there, m->kind, &n);

	o->all = mem_alloc(m->d->mem, (m->more->type_n + n) * sizeof *o->all);
	if (turn && o->all)
		join_names(o, &m->more->type, NULL, m->type_there, m->more->type_n, m->type,
			   t.names, turn, n, m->kind, m->stored_type_n, by_name, m->dict);
	mem_free(m->d->mem, turn);
	return turn && o->all ? 0 : ERR_MEMORY;
}

/* --- laid over --- */

static void take_off(struct merging *m)
{
	struct delta *d = m->d;

	dict_take(m->dict, NULL);
	m->over[0] = csr_lay_bare(d->of.out);
	if (d->of.in)
		m->over[1] = csr_lay_bare(d->of.in);
}

static int extend_dict(struct merging *m)
{
	struct order keys = {0}, types = {0};
	int r = number_keys(m, &keys);

	if (r == 0)
		r = number_types(m, &types);
	if (r == 0) {
		const struct dict_change c = {
			.key = keys.all, .key_n = keys.n, .before = keys.before,
			.type = types.all, .type_n = (uint32_t)types.n,
			.gone = m->gone, .gone_n = m->gone_n,
		};

		take_off(m);
		r = dict_extend(m->dict, &c);
	}
	mem_free(m->d->mem, keys.all);
	mem_free(m->d->mem, keys.before);
	mem_free(m->d->mem, types.all);
	return r;
}

static uint64_t id_now(const struct merging *m, uint64_t id)
{
	return id & DELTA_NEW ? m->name[id & ~DELTA_NEW] :
		id < m->stored_n ? id : m->key[id - m->stored_n];
}

static uint64_t type_now(const struct merging *m, uint64_t type)
{
	return type & DELTA_NEW ? m->kind[type & ~DELTA_NEW] :
		type < m->stored_type_n ? type : m->type[type - m->stored_type_n];
}

static int by_id(const void *x, const void *y)
{
	return by_number(&((const struct delta_node *)x)->id, &((const struct delta_node *)y)->id);
}

static int number_all(struct merging *m)
{
	struct delta *d = m->d;
	uint64_t n = 0;

	for (uint64_t i = 0; i < d->edge_n; i++) {
		struct delta_edge_change e = d->edge[i];
		uint64_t from = id_now(m, e.from), to = id_now(m, e.to);
		bool turned = !d->of.in && from > to;

		e.type = type_now(m, e.type);
		if (from == OVER_NOBODY || to == OVER_NOBODY || e.type == OVER_NOBODY)
			continue;
		e.from = turned ? to : from;
		e.to = turned ? from : to;
		d->edge[n++] = e;
	}
	d->edge_n = n;
	for (uint64_t i = 0; i < m->entry_n; i++)
		m->entry[i].id = id_now(m, m->entry[i].id);
	if (m->entry_n && d->keys.n)
		qsort(m->entry, m->entry_n, sizeof *m->entry, by_id);
	d->nodes = m->entry;
	d->nodes_n = m->entry_n;
	m->entry = NULL;
	return d->keys.n || d->types.n ? delta_sort_edges(d) : 0;
}

static int lay_over(struct merging *m, enum csr_values values)
{
	const struct over_map map[2] = {
		{ m->over[0], values, m->key, m->type }, { m->over[1], values, m->key, m->type },
	};
	struct delta *d = m->d, *was = m->was;
	int r = number_all(m);

	if (r == 0)
		r = delta_extend_lists(d, map);
	if (r < 0)
		return r;
	d->note.entry_n += was->note.entry_n;
	d->note.edge_says |= was->note.edge_says;
	d->lost_cut |= was->lost_cut;
	d->seg = was->seg;		/* states lie there */
	was->seg = NULL;
	delta_forget_entries(d);
	return 0;
}

/* --- --- */

static int room(struct merging *m)
{
	struct mem *mem = m->d->mem;
	const struct delta *d = m->d, *was = m->was;
	uint64_t nodes = d->node_n + was->nodes_n + m->more->gone_n;

	m->key_there = mem_zalloc(mem, m->more->new_n);
	m->type_there = mem_zalloc(mem, m->more->type_n);
	m->name_there = mem_zalloc(mem, d->keys.n);
	m->kind_there = mem_zalloc(mem, d->types.n);
	m->key = mem_alloc(mem, m->more->new_n * sizeof *m->key);
	m->type = mem_alloc(mem, m->more->type_n * sizeof *m->type);
	m->name = mem_alloc(mem, d->keys.n * sizeof *m->name);
	m->kind = mem_alloc(mem, d->types.n * sizeof *m->kind);
	m->came = mem_alloc(mem, 2 * d->edge_n * sizeof *m->came);
	m->went = mem_alloc(mem, 2 * d->edge_n * sizeof *m->went);
	m->entry = mem_alloc(mem, nodes * sizeof *m->entry);
	m->gone = mem_alloc(mem, nodes * sizeof *m->gone);
	m->d->gone_cut = mem_alloc(mem, nodes * sizeof *m->d->gone_cut);
	return m->key_there && m->type_there && m->name_there && m->kind_there && m->key &&
		m->type && m->name && m->kind && m->came && m->went && m->entry && m->gone &&
		m->d->gone_cut ? 0 : ERR_MEMORY;
}

static void forget(struct merging *m)
{
	struct mem *mem = m->d->mem;

	mem_free(mem, m->key_there);
	mem_free(mem, m->type_there);
	mem_free(mem, m->name_there);
	mem_free(mem, m->kind_there);
	mem_free(mem, m->key);
	mem_free(mem, m->type);
	mem_free(mem, m->name);
	mem_free(mem, m->kind);
	mem_free(mem, m->came);
	mem_free(mem, m->went);
	mem_free(mem, m->entry);
	mem_free(mem, m->gone);
	if (m->over[0])
		more_free(m->more);
	over_free(m->over[0]);
	over_free(m->over[1]);
}

/* The entries as changes of the graph with the segment: 0 if they cannot be. */
static int read_newer(struct merging *m, struct iter *newer)
{
	struct delta *d = m->d;
	int r = delta_read(d, newer);

	if (r == 0)
		r = delta_cascade(d);
	if (r < 0 || !cuts_fit(m))
		return r < 0 ? r : 0;
	r = delta_sort_edges(d);
	return r < 0 ? r : kinds_fit(m);
}

static int merge(struct merging *m, struct iter *newer)
{
	enum csr_values values = csr_values(m->d->of.out);
	int r = read_newer(m, newer);

	if (r <= 0)
		return r;
	r = room(m);
	if (r == 0)
		r = see_all(m);
	if (r == 0)
		r = settle_nodes(m);
	if (r == 0)
		r = extend_dict(m);
	if (r == 0)
		r = lay_over(m, values);
	return r < 0 ? r : 1;
}

int delta_merge(struct delta **out, const struct delta_of *of, const struct delta_segment *s,
		struct iter *newer)
{
	struct merging m = { .dict = of->dict, .stored_n = dict_key_n(of->dict),
			     .stored_type_n = dict_type_n(of->dict) };
	uint64_t used = of->mem ? of->mem->used : 0;
	int r = delta_map(&m.was, of, s);

	if (r < 0)
		return r;
	m.more = dict_changes(of->dict);
	m.d = mem_zalloc(of->mem, sizeof *m.d);
	if (!m.d) {
		delta_close(m.was);
		return ERR_MEMORY;
	}
	delta_init(m.d, of);
	m.d->stored = m.was->stored;
	m.d->upto = s->row->upto;
	r = merge(&m, newer);
	forget(&m);
	delta_close(m.was);
	if (r > 0) {
		m.d->note.bytes = of->mem ? of->mem->used - used : 0;
		*out = m.d;
	} else {
		delta_close(m.d);
	}
	return r;
}
