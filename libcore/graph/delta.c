/* graph/delta.c - who is there, and the lists as they are now
 *
 * Edges are sorted and made unique under the numbers that reading gave them; what
 * cascades take along joins them as edges that are gone.  Then it is known which new
 * keys and types anything speaks of, these get their ids, and one more sort puts the
 * changes in the order of lists.  What is left of an edge after that is in the lists.
 */
#include "graph/delta.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/delta_inside.h"
#include "graph/radix.h"

#define NOBODY UINT64_MAX	/* a new name that nothing speaks of */

static int cmp64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int same_edge(const struct delta_edge_change *a, const struct delta_edge_change *b)
{
	int c = cmp64(a->type, b->type);

	c = c ? c : cmp64(a->from, b->from);
	return c ? c : cmp64(a->to, b->to);
}

/* What edges are sorted by, the last first; of one edge the change that counts comes
 * first. */
enum { BY_AGE, BY_TO, BY_FROM, BY_TYPE, KEY_N };

static uint64_t key_of(const struct delta_edge_change *e, int key)
{
	return key == BY_AGE ? ~e->version << 1 | e->back : key == BY_TO ? e->to :
		key == BY_FROM ? e->from : e->type;
}

/* Stable by one key after the other; digits in which all agree cost nothing. */
static struct radix_pair *sort_keys(const struct delta *d, struct radix_pair *p,
				    struct radix_pair *q)
{
	for (int key = BY_AGE; key < KEY_N; key++) {
		struct radix_pair *sorted;

		for (uint64_t i = 0; i < d->edge_n; i++)
			p[i].key = key_of(&d->edge[p[i].value], key);
		sorted = radix_sort_pairs(p, q, d->edge_n, 64);
		q = sorted == p ? q : p;
		p = sorted;
	}
	return p;
}

int delta_sort_edges(struct delta *d)
{
	struct radix_pair *p = mem_alloc(d->mem, d->edge_n * sizeof *p), *sorted;
	struct radix_pair *q = mem_alloc(d->mem, d->edge_n * sizeof *q);
	struct delta_edge_change *all = mem_alloc(d->mem, d->edge_n * sizeof *all);
	int r = p && q && all ? 0 : ERR_MEMORY;
	uint64_t n = 0;

	for (uint64_t i = 0; r == 0 && i < d->edge_n; i++)
		p[i].value = i;
	sorted = r == 0 ? sort_keys(d, p, q) : NULL;
	for (uint64_t i = 0; r == 0 && i < d->edge_n; i++) {
		const struct delta_edge_change *e = &d->edge[sorted[i].value];

		if (n == 0 || same_edge(&all[n - 1], e))
			all[n++] = *e;
	}
	mem_free(d->mem, p);
	mem_free(d->mem, q);
	if (r < 0) {
		mem_free(d->mem, all);
		return r;
	}
	mem_free(d->mem, d->edge);
	d->edge = all;
	d->edge_cap = d->edge_n;
	d->edge_n = n;
	return 0;
}

struct delta_edge_change *delta_find_edge(const struct delta *d, uint64_t from, uint64_t type,
					  uint64_t to)
{
	struct delta_edge_change key = { .from = from, .to = to, .type = type };
	uint64_t lo = 0, hi = d->edge_n;

	if (!d->of.in && from > to) {
		key.from = to;
		key.to = from;
	}
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int c = same_edge(&d->edge[mid], &key);

		if (c == 0)
			return &d->edge[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int by_node(const void *x, const void *y)
{
	const struct delta_node_change *a = x, *b = y;

	return cmp64(a->node, b->node);
}

static struct delta_node_change *find_node(const struct delta *d, uint64_t node)
{
	const struct delta_node_change key = { .node = node };

	return d->node_n ? bsearch(&key, d->node, d->node_n, sizeof key, by_node) : NULL;
}

/* --- the segments' edges at a node --- */

static int each_in(struct delta *d, struct csr *c, uint64_t node, delta_each *each)
{
	struct csr_list l;
	uint64_t to;
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < csr_type_n(c); t++) {
		r = csr_row(c, t, node, &l);
		while (r == 0 && (r = csr_next(&l, &to)) > 0)
			r = c == d->of.in ? each(d, to, t, node) : each(d, node, t, to);
	}
	return r;
}

int delta_each_at(struct delta *d, uint64_t node, delta_each *each)
{
	int r = each_in(d, d->of.out, node, each);

	return r == 0 && d->of.in ? each_in(d, d->of.in, node, each) : r;
}

/* --- cascades --- */

static int take_along(struct delta *d, uint64_t from, uint32_t type, uint64_t to)
{
	struct delta_edge_change e = { .from = from, .to = to, .type = type };

	if (!d->of.in && from > to) {
		e.from = to;
		e.to = from;
	}
	return delta_add_edge(d, &e);
}

/* Is the edge older than what took all the node's edges? */
static bool taken(const struct delta *d, uint64_t node, uint64_t version)
{
	const struct delta_node_change *n = find_node(d, node);

	return n && n->cut > version;
}

int delta_cascade(struct delta *d)
{
	uint64_t edge_n = d->edge_n, cascade_n = 0;
	int r = 0;

	if (d->node_n)
		qsort(d->node, d->node_n, sizeof *d->node, by_node);
	for (uint64_t i = 0; r == 0 && i < d->node_n; i++) {
		if (d->node[i].cut <= d->upto)
			continue;
		cascade_n++;
		if (!(d->node[i].node & DELTA_NEW))
			r = delta_each_at(d, d->node[i].node, take_along);
	}
	for (uint64_t i = 0; cascade_n && i < edge_n; i++) {
		struct delta_edge_change *e = &d->edge[i];

		if (taken(d, e->from, e->version) || taken(d, e->to, e->version))
			e->there = false;
	}
	return r;
}

/* --- who is there --- */

struct census {
	struct delta *d;
	uint64_t *key, *type;		/* of new names: an id, or NOBODY */
	bool *there;			/* of d->node[i] */
};

static void count_in(struct census *s, uint64_t node)
{
	struct delta_node_change *n;

	if (node & DELTA_NEW)
		s->key[node & ~DELTA_NEW] = 0;
	else if ((n = find_node(s->d, node)))
		s->there[n - s->d->node] = true;
}

/* 1: an edge that the changes leave alone. */
int delta_is_left(struct delta *d, uint64_t from, uint32_t type, uint64_t to)
{
	return !delta_find_edge(d, from, type, to);
}

static int take_census(struct census *s)
{
	struct delta *d = s->d;
	int r = 0;

	memset(s->key, 0xff, d->keys.n * sizeof *s->key);
	memset(s->type, 0xff, d->types.n * sizeof *s->type);
	for (uint64_t i = 0; i < d->edge_n; i++) {
		const struct delta_edge_change *e = &d->edge[i];

		if (!e->there)
			continue;
		count_in(s, e->from);
		count_in(s, e->to);
		if (e->type & DELTA_NEW)
			s->type[e->type & ~DELTA_NEW] = 0;
	}
	for (uint64_t i = 0; r >= 0 && i < d->node_n; i++) {
		if (d->node[i].state == CHANGE_THERE)
			count_in(s, d->node[i].node);
		else if (d->node[i].state == CHANGE_GONE && !s->there[i] &&
			 !(d->node[i].node & DELTA_NEW))
			s->there[i] = (r = delta_each_at(d, d->node[i].node, delta_is_left)) > 0;
	}
	return r < 0 ? r : 0;
}

/* --- ids --- */

static int by_key(const void *a, const void *b, void *dict)
{
	return dict_compare(dict, *(const struct bytes *)a, *(const struct bytes *)b);
}

static int by_name(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Those of NAMES that are there get the numbers from FIRST on, in order; *OUT has them. */
static int number_names(struct delta *d, const struct delta_names *names, uint64_t *id,
			uint64_t first, int (*cmp)(const void *, const void *, void *),
			struct bytes **out, uint64_t *out_n)
{
	struct bytes *all = mem_alloc(d->mem, names->n * sizeof *all), name;
	uint64_t n = 0;

	*out = all;
	*out_n = 0;
	if (!all)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < names->n; i++)
		if (id[i] != NOBODY)
			all[n++] = delta_name(names, i);
	if (n)
		qsort_r(all, n, sizeof *all, cmp, d->of.dict);
	for (uint64_t i = 0; i < names->n; i++) {
		uint64_t lo = 0, hi = n;

		if (id[i] == NOBODY)
			continue;
		name = delta_name(names, i);
		while (hi - lo > 1) {
			uint64_t mid = lo + (hi - lo) / 2;

			if (cmp(&all[mid], &name, d->of.dict) <= 0)
				lo = mid;
			else
				hi = mid;
		}
		id[i] = first + lo;
	}
	*out_n = n;
	return 0;
}

static uint64_t id_of(uint64_t number, const uint64_t *id)
{
	return number & DELTA_NEW ? id[number & ~DELTA_NEW] : number;
}

/* All by their ids; what speaks of nobody goes. */
static int number_all(struct census *s)
{
	struct delta *d = s->d;
	uint64_t n = 0;

	for (uint64_t i = 0; i < d->edge_n; i++) {
		struct delta_edge_change e = d->edge[i];
		uint64_t from = id_of(e.from, s->key), to = id_of(e.to, s->key);

		e.type = id_of(e.type, s->type);
		if (from == NOBODY || to == NOBODY || e.type == NOBODY)
			continue;
		e.from = !d->of.in && from > to ? to : from;
		e.to = !d->of.in && from > to ? from : to;
		d->edge[n++] = e;
	}
	d->edge_n = n;
	return d->keys.n || d->types.n ? delta_sort_edges(d) : 0;
}

static int by_id(const void *x, const void *y)
{
	const struct delta_node *a = x, *b = y;

	return cmp64(a->id, b->id);
}

/* Those of the dictionary that went; of the others a state stays, if it is empty. */
static int settle_nodes(struct census *s)
{
	struct delta *d = s->d;

	d->gone = mem_alloc(d->mem, d->node_n * sizeof *d->gone);
	d->gone_cut = mem_alloc(d->mem, d->node_n * sizeof *d->gone_cut);
	d->nodes = mem_alloc(d->mem, d->node_n * sizeof *d->nodes);
	if (!d->gone || !d->gone_cut || !d->nodes)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < d->node_n; i++) {
		const struct delta_node_change *c = &d->node[i];
		bool fresh = c->node & DELTA_NEW;
		uint64_t id = id_of(c->node, s->key);

		if (fresh ? id != NOBODY : s->there[i]) {
			d->nodes[d->nodes_n++] = (struct delta_node){
				.id = id, .cut = c->cut, .value = c->value,
				.state = (uint32_t)c->state };
		} else if (fresh) {
			d->lost_cut |= c->cut != 0;
		} else {
			d->gone_cut[d->gone_n] = c->cut;
			d->gone[d->gone_n++] = c->node;
		}
	}
	if (d->nodes_n)
		qsort(d->nodes, d->nodes_n, sizeof *d->nodes, by_id);
	return 0;
}

static int extend_dict(struct delta *d)
{
	const struct dict_change c = {
		.key = d->key, .key_n = d->key_n, .type = d->type, .type_n = d->type_n,
		.gone = d->gone, .gone_n = d->gone_n,
	};

	return dict_extend(d->of.dict, &c);
}

static int number(struct census *s)
{
	struct delta *d = s->d;
	uint64_t type_n;
	int r = number_names(d, &d->keys, s->key, dict_key_n(d->of.dict), by_key, &d->key,
			     &d->key_n);

	if (r == 0)
		r = number_names(d, &d->types, s->type, dict_type_n(d->of.dict), by_name,
				 &d->type, &type_n);
	if (r < 0)
		return r;
	d->type_n = (uint32_t)type_n;
	r = number_all(s);
	if (r == 0)
		r = settle_nodes(s);
	return r < 0 ? r : extend_dict(d);
}

static int find_who_is_there(struct delta *d)
{
	struct census s = {
		.d = d,
		.key = mem_alloc(d->mem, d->keys.n * sizeof *s.key),
		.type = mem_alloc(d->mem, d->types.n * sizeof *s.type),
		.there = mem_zalloc(d->mem, d->node_n * sizeof *s.there),
	};
	int r = s.key && s.type && s.there ? take_census(&s) : ERR_MEMORY;

	if (r == 0)
		r = number(&s);
	mem_free(d->mem, s.key);
	mem_free(d->mem, s.type);
	mem_free(d->mem, s.there);
	return r;
}

/* --- lists --- */

static enum csr_values values_of(const struct delta *d)
{
	enum csr_values kind = csr_values(d->of.out);

	for (uint64_t i = 0; i < d->edge_n && kind != CSR_REALS; i++)
		if (d->edge[i].there && d->edge[i].kind > kind)
			kind = d->edge[i].kind;
	return kind;
}

static struct over_change change_of(const struct delta_edge_change *e, enum csr_values kind)
{
	struct over_change c = { .from = e->from, .to = e->to, .type = (uint32_t)e->type,
				 .there = e->there, .state = e->value };

	if (kind == CSR_INTEGERS)
		c.value.i = e->kind ? e->weight.i : 1;
	else if (kind == CSR_REALS && e->kind == CSR_INTEGERS)
		c.value.r = (double)e->weight.i;
	else if (kind == CSR_REALS)
		c.value.r = e->kind ? e->weight.r : 1;
	return c;
}

static void turn(struct over_change *c)
{
	uint64_t swap = c->from;

	c->from = c->to;
	c->to = swap;
}

/* By type, node and target. */
static int sort_lists(struct delta *d, struct over_change **all, uint64_t n)
{
	struct radix_pair *p = mem_alloc(d->mem, n * sizeof *p), *sorted = p;
	struct radix_pair *q = mem_alloc(d->mem, n * sizeof *q);
	struct over_change *out = mem_alloc(d->mem, n * sizeof *out), *in = *all;
	int r = p && q && out ? 0 : ERR_MEMORY;

	for (uint64_t i = 0; r == 0 && i < n; i++)
		p[i] = (struct radix_pair){ in[i].to, i };
	for (int key = BY_TO; r == 0 && key < KEY_N; key++) {
		struct radix_pair *other = sorted == p ? q : p;

		for (uint64_t i = 0; key != BY_TO && i < n; i++)
			sorted[i].key = key == BY_FROM ? in[sorted[i].value].from :
				in[sorted[i].value].type;
		sorted = radix_sort_pairs(sorted, other, n, 64);
	}
	for (uint64_t i = 0; r == 0 && i < n; i++)
		out[i] = in[sorted[i].value];
	mem_free(d->mem, p);
	mem_free(d->mem, q);
	if (r < 0) {
		mem_free(d->mem, out);
		return r;
	}
	mem_free(d->mem, in);
	*all = out;
	return 0;
}

/* DIRECTION: CSR_BOTH: each edge at both of its ends, a loop once.  M: upon what was. */
static int extend_csr(struct delta *d, struct csr *csr, enum csr_direction direction,
		      const struct over_plan *p, const struct over_map *m)
{
	uint64_t room = d->edge_n * (direction == CSR_BOTH ? 2 : 1), n = 0;
	struct over_change *all = mem_alloc(d->mem, room * sizeof *all);
	int r = all ? 0 : ERR_MEMORY;

	for (uint64_t i = 0; r == 0 && i < d->edge_n; i++) {
		struct over_change c = change_of(&d->edge[i], p->values);

		if (direction & CSR_OUT)
			all[n++] = c;
		turn(&c);
		if (direction == CSR_IN || (direction == CSR_BOTH && c.from != c.to))
			all[n++] = c;
	}
	if (r == 0 && direction != CSR_OUT)
		r = sort_lists(d, &all, n);
	if (r == 0)
		r = m ? csr_extend_again(csr, p, m, all, n) : csr_extend(csr, p, all, n);
	mem_free(d->mem, all);
	return r;
}

/* Of an undirected graph both ends of an edge see it, so that one end counts. */
static void count_edges(struct delta *d, uint64_t before)
{
	uint64_t up = csr_edges_up(d->of.out), more = csr_edge_n(d->of.out) - before;

	d->note.edge_more = (int64_t)(d->of.in ? more : up);
}

static bool any_says(const struct delta *d)
{
	uint64_t i = 0;

	while (i < d->edge_n && !(d->edge[i].there && d->edge[i].value))
		i++;
	return i < d->edge_n;
}

int delta_extend_lists(struct delta *d, const struct over_map m[2])
{
	struct over_plan p = {
		.node_n = dict_id_n(d->of.dict), .type_n = dict_type_n(d->of.dict),
		.values = values_of(d), .states = any_says(d),
	};
	uint64_t before = csr_edge_n(d->of.out);
	int r;

	if (m) {
		p.values = p.values > m->values ? p.values : m->values;
		p.states |= m->was->state.at != NULL;
	}
	r = extend_csr(d, d->of.out, d->of.in ? CSR_OUT : CSR_BOTH, &p, m);
	p.states = false;
	if (r == 0 && d->of.in)
		r = extend_csr(d, d->of.in, CSR_IN, &p, m ? m + 1 : NULL);
	if (r == 0)
		count_edges(d, before);
	return r;
}

/* What is known now is in the dictionary, in the lists, and in nodes. */
void delta_forget_entries(struct delta *d)
{
	delta_names_free(&d->keys);
	delta_names_free(&d->types);
	mem_free(d->mem, d->node);
	mem_free(d->mem, d->edge);
	mem_free(d->mem, d->key);
	mem_free(d->mem, d->type);
	mem_free(d->mem, d->gone);
	d->node = NULL;
	d->edge = NULL;
	d->key = d->type = NULL;
	d->gone = NULL;
	d->node_n = d->edge_n = 0;
}

/* --- --- */

static int lay_over(struct delta *d, struct iter *changes)
{
	int r = delta_read(d, changes);

	if (r == 0)
		r = delta_cascade(d);
	if (r < 0 || d->note.entry_n == 0)
		return r;
	r = delta_sort_edges(d);
	if (r == 0)
		r = find_who_is_there(d);
	if (r == 0)
		r = delta_extend_lists(d, NULL);
	if (r == 0)
		delta_forget_entries(d);
	return r;
}

void delta_init(struct delta *d, const struct delta_of *of)
{
	d->mem = d->arena.mem = of->mem;
	d->keys.mem = d->keys.text.mem = d->keys.at.mem = of->mem;
	d->types.mem = d->types.text.mem = d->types.at.mem = of->mem;
	d->of = *of;
}

int delta_open(struct delta **out, const struct delta_of *of, struct iter *changes)
{
	struct delta *d = mem_zalloc(of->mem, sizeof *d);
	uint64_t used = of->mem ? of->mem->used : 0;
	int r;

	if (!d)
		return ERR_MEMORY;
	delta_init(d, of);
	r = lay_over(d, changes);
	if (r < 0) {
		delta_close(d);
		return r;
	}
	d->note.bytes = of->mem ? of->mem->used - used : 0;
	*out = d->note.entry_n ? d : NULL;
	if (!*out)
		delta_close(d);
	return 0;
}

void delta_close(struct delta *d)
{
	if (!d)
		return;
	delta_forget_entries(d);
	buf_release(&d->arena);
	if (!d->lent) {
		mem_free(d->mem, d->nodes);
		mem_free(d->mem, d->gone_cut);
	}
	segment_close(d->seg);
	mem_free(d->mem, d);
}

const struct delta_note *delta_note(const struct delta *d)
{
	return &d->note;
}

/* --- states --- */

int delta_state_bytes(const struct delta *d, uint64_t value, struct bytes *out)
{
	struct bytes all = d->stored;
	uint64_t at = value - 1;
	struct segment *seg = d->seg;
	le32 len;

	if (at >= all.len) {
		at -= all.len;
		all = buf_bytes(&d->arena);
		seg = NULL;
	}
	if (all.len < sizeof len || at > all.len - sizeof len)
		return err_set(ERR_DAMAGED, "graph %s: a state beyond all", d->of.name);
	if (seg && segment_check(seg, all.ptr + at, sizeof len) < 0)
		return ERR_DAMAGED;
	memcpy(&len, all.ptr + at, sizeof len);
	if (le32_get(len) > all.len - sizeof len - at)
		return err_set(ERR_DAMAGED, "graph %s: a state is cut off", d->of.name);
	*out = bytes_of(all.ptr + at + sizeof len, le32_get(len));
	return seg ? segment_check(seg, out->ptr, out->len) : 0;
}

/* What names it is not read again: only what it has. */
static int state_of(struct delta *d, uint64_t value, struct prop_room *room,
		    struct prop_state *out)
{
	static const uint8_t key[] = { 1, 'x' };
	struct change_room with = { room->bytes, room->labels, room->props };
	struct change c = {0};
	struct bytes bytes;
	int r = value ? delta_state_bytes(d, value, &bytes) : 0;

	buf_clear(&room->props);
	if (r == 0 && value)
		r = change_read(&c, bytes_of(key, sizeof key), bytes, &with);
	room->bytes = with.bytes;
	room->labels = with.labels;
	room->props = with.props;
	room->props.len = c.prop_n * sizeof *c.prop;
	*out = (struct prop_state){ c.label, c.prop, c.label_n, c.prop_n };
	return r < 0 ? r : 1;
}

static const struct delta_node *node_of(const struct delta *d, uint64_t id)
{
	const struct delta_node key = { .id = id };

	return d->nodes_n ? bsearch(&key, d->nodes, d->nodes_n, sizeof key, by_id) : NULL;
}

int delta_node(struct delta *d, uint64_t id, struct prop_room *room, struct prop_state *out)
{
	const struct delta_node *n = node_of(d, id);

	if (n)
		return state_of(d, n->state == CHANGE_THERE ? n->value : 0, room, out);
	return id < dict_stored_n(d->of.dict) ? 0 : state_of(d, 0, room, out);
}

int delta_edge(struct delta *d, uint64_t from, uint32_t type, uint64_t to,
	       struct prop_room *room, struct prop_state *out)
{
	bool turned = !d->of.in && from > to;
	const struct csr_over *o = d->of.out->over;
	uint64_t at = 0, value = 0;
	int r = o ? over_find_edge(o, type, turned ? to : from, turned ? from : to, &at) : 0;

	if (r <= 0 || over_gone(o, at))
		return r < 0 ? r : 0;
	if (o->state.at) {
		r = over_reach(o, narrow_at(&o->state, at), o->state.width);
		value = narrow_get(&o->state, at);
	}
	return r < 0 ? r : state_of(d, value, room, out);
}

uint64_t delta_node_n(const struct delta *d)
{
	return d->nodes_n;
}

bool delta_has_node(const struct delta *d, uint64_t id)
{
	return node_of(d, id);
}

uint64_t delta_node_at(const struct delta *d, uint64_t i)
{
	return d->nodes[i].id;
}

uint64_t delta_edge_n(const struct delta *d)
{
	return d->of.out->over ? d->of.out->over->there_n : 0;
}
