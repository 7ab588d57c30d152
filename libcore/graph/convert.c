/* graph/convert.c - lists renumbered one by one
 *
 * Rows are taken in the new order of their nodes, by a look-up each in the mapped
 * file; the sorter only ever holds one number a row.
 */
#include "graph/convert.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/sort.h"

#define LOOK_EVERY 65536u	/* edges between questions whether to stop */
#define BUDGET_MOST (64u << 20)	/* of a sorter; two are open at a time */
#define SHORT 40u		/* a list that an insertion sort is the fastest for */

struct item {
	uint64_t to;
	union csr_value v;
};

struct convert {
	struct convert_options o;
	struct graph *g;
	struct dict *from, *to;
	bool renumber;
	struct csr_writer *w;
	struct item *items, *room;	/* of a list, ITEM_N at most */
	uint64_t item_n;
	uint64_t edge_n, looked;
};

static int look(struct convert *c, uint64_t edges)
{
	c->edge_n += edges;
	if (c->edge_n < c->looked + LOOK_EVERY || !c->o.stop)
		return 0;
	c->looked = c->edge_n;
	return c->o.stop(c->o.stop_ctx, c->edge_n);
}

static int new_id(struct convert *c, uint64_t old, uint64_t *out)
{
	uint64_t place;
	int r = dict_place_of(c->from, old, &place);

	return r < 0 ? r : dict_at(c->to, place, out);
}

static size_t budget(const struct convert *c)
{
	size_t left = mem_left(c->o.mem) / 8;

	return left < BUDGET_MOST ? left : BUDGET_MOST;
}

static int sorter(struct convert *c, struct sort **out, unsigned given)
{
	const struct sort_options o = {
		.backend = c->o.backend, .mem = c->o.mem, .budget = budget(c),
		.words = 2, .bits = 128, .given = given,
	};

	return sort_open(out, &o);
}

/* --- order by degree --- */

static int add_degrees(struct csr *csr, struct sort *s)
{
	struct csr_scan scan;
	uint64_t n;
	int r = 0;

	for (uint32_t t = 0; r >= 0 && t < csr_type_n(csr); t++) {
		csr_scan_begin(&scan, csr, t);
		while (r >= 0 && (r = csr_scan_degree(&scan, &n)) > 0)
			r = sort_add(s, (sort_key)scan.node << 64 | n);
	}
	return r;
}

/* What a node's numbers sum up to; those without any are 0. */
static int next_degree(struct sort *s, sort_key *key, int *more, uint64_t node, uint64_t *sum)
{
	*sum = 0;
	while (*more > 0 && (uint64_t)(*key >> 64) == node) {
		*sum += (uint64_t)*key;
		*more = sort_next(s, key);
	}
	return *more < 0 ? *more : 0;
}

/* Into BY: degree turned round, then place, so that it sorts as the order wants. */
static int sum_degrees(struct convert *c, struct sort *degrees, struct sort *by)
{
	uint64_t n = dict_key_n(c->from), sum, place;
	sort_key key = 0;
	int more = sort_next(degrees, &key), r = more < 0 ? more : 0;

	for (uint64_t node = 0; r == 0 && node < n; node++) {
		r = next_degree(degrees, &key, &more, node, &sum);
		if (r == 0)
			r = dict_place_of(c->from, node, &place);
		if (r == 0)
			r = sort_add(by, (sort_key)~sum << 64 | place);
	}
	return r < 0 ? r : sort_finish(by);
}

static int order_by_degree(struct convert *c, struct segment_ref *ref)
{
	struct sort *degrees = NULL, *by = NULL;
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	int r = sorter(c, &degrees, 0);

	if (r == 0)
		r = add_degrees(out, degrees);
	if (r == 0 && in != out)
		r = add_degrees(in, degrees);
	if (r == 0)
		r = sort_finish(degrees);
	if (r == 0)
		r = sorter(c, &by, 0);
	if (r == 0)
		r = sum_degrees(c, degrees, by);
	sort_close(degrees);
	if (r == 0)
		r = dict_reorder(c->from, DICT_BY_DEGREE, by, budget(c),
				 c->o.backend, c->o.store_id, c->o.mem, ref);
	sort_close(by);
	return r;
}

static int write_dict(struct convert *c, struct segment_ref *ref)
{
	const struct convert_options *o = &c->o;

	if (dict_order(c->from) == o->order)
		return dict_copy(c->from, o->backend, o->store_id, o->mem, ref);
	c->renumber = true;
	return o->order == DICT_BY_DEGREE ? order_by_degree(c, ref) :
		dict_reorder(c->from, o->order, NULL, 0, o->backend, o->store_id, o->mem, ref);
}

/* --- one list --- */

static int put(struct convert *c, uint32_t type, uint64_t node, uint64_t to, union csr_value v)
{
	return csr_add_value(c->w, type, node, to, v);
}

/* As it is: the same ids in another layout. */
static int put_list(struct convert *c, uint32_t type, uint64_t node, struct csr_list *l)
{
	bool valued = csr_values(l->csr) != CSR_NO_VALUES;
	const union csr_value *v = NULL;
	const uint64_t *ids;
	int n, r = 0;

	while (r == 0 && (n = csr_block(l, &ids)) != 0) {
		r = n < 0 ? n : valued ? csr_block_values(l, &v) : 0;
		for (int i = 0; i < n && r == 0; i++)
			r = put(c, type, node, ids[i], v ? v[i] : (union csr_value){0});
		if (r == 0)
			r = look(c, (uint64_t)n);
	}
	return r;
}

static void sort_short(struct item *a, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		struct item x = a[i];
		uint64_t k = i;

		for (; k && a[k - 1].to > x.to; k--)
			a[k] = a[k - 1];
		a[k] = x;
	}
}

/* One digit of eight bits from A to B, equal ones in the order they have. */
static void sort_digit(const struct item *a, struct item *b, uint64_t n, unsigned shift)
{
	uint64_t count[257] = {0};

	for (uint64_t i = 0; i < n; i++)
		count[(a[i].to >> shift & 255) + 1]++;
	for (unsigned d = 0; d < 256; d++)
		count[d + 1] += count[d];
	for (uint64_t i = 0; i < n; i++)
		b[count[a[i].to >> shift & 255]++] = a[i];
}

static const struct item *sort_items(struct convert *c, uint64_t n, uint64_t most)
{
	struct item *a = c->items, *b = c->room, *swap;

	if (n <= SHORT) {
		sort_short(a, n);
		return a;
	}
	for (unsigned shift = 0; shift < 64 && most >> shift; shift += 8) {
		sort_digit(a, b, n, shift);
		swap = a;
		a = b;
		b = swap;
	}
	return a;
}

/* All of L, which has room in c->items, renumbered; the greatest number. */
static int gather(struct convert *c, struct csr_list *l, uint64_t *most)
{
	bool valued = csr_values(l->csr) != CSR_NO_VALUES;
	const union csr_value *v = NULL;
	struct item *item = c->items;
	const uint64_t *ids;
	int n, r = 0;

	*most = 0;
	while (r == 0 && (n = csr_block(l, &ids)) != 0) {
		r = n < 0 ? n : valued ? csr_block_values(l, &v) : 0;
		for (int i = 0; i < n && r == 0; i++, item++) {
			r = new_id(c, ids[i], &item->to);
			item->v = v ? v[i] : (union csr_value){0};
			*most = item->to > *most ? item->to : *most;
		}
	}
	return r;
}

static int put_sorted(struct convert *c, uint32_t type, uint64_t node, struct csr_list *l)
{
	const struct item *items;
	uint64_t most;
	int r = gather(c, l, &most);

	if (r < 0)
		return r;
	items = sort_items(c, l->n, most);
	for (uint64_t i = 0; i < l->n && r == 0; i++)
		r = put(c, type, node, items[i].to, items[i].v);
	return r < 0 ? r : look(c, l->n);
}

/* A list too long to be held: by the external sorter, each id with its place, which
 * its value is found by. */
static int put_long(struct convert *c, uint32_t type, uint64_t node, struct csr_list *l)
{
	union csr_value v = {0};
	struct sort *s = NULL;
	uint64_t to, i = 0;
	sort_key key;
	int r = sorter(c, &s, 64);

	while (r >= 0 && (r = csr_next(l, &to)) > 0) {
		r = new_id(c, to, &to);
		if (r == 0)
			r = sort_add(s, (sort_key)to << 64 | i++);
	}
	if (r == 0)
		r = sort_finish(s);
	while (r >= 0 && (r = sort_next(s, &key)) > 0) {
		r = csr_values(l->csr) ? csr_value_at(l, (uint64_t)key, &v) : 0;
		if (r == 0)
			r = put(c, type, node, (uint64_t)(key >> 64), v);
		if (r == 0)
			r = look(c, 1);
	}
	sort_close(s);
	return r;
}

/* --- all lists --- */

static int copy_type(struct convert *c, struct csr *csr, uint32_t type)
{
	struct csr_list list;
	struct csr_scan scan;
	int r;

	csr_scan_begin(&scan, csr, type);
	while ((r = csr_scan_next(&scan, &list)) > 0)
		if ((r = put_list(c, type, scan.node, &list)) < 0)
			return r;
	return r;
}

/* (new number, old number) of the type's rows. */
static int rows(struct convert *c, struct csr *csr, uint32_t type, struct sort *s)
{
	struct csr_scan scan;
	uint64_t n, id;
	int r;

	csr_scan_begin(&scan, csr, type);
	while ((r = csr_scan_degree(&scan, &n)) > 0) {
		r = new_id(c, scan.node, &id);
		if (r == 0)
			r = sort_add(s, (sort_key)id << 64 | scan.node);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sort_finish(s);
}

static int turn_type(struct convert *c, struct csr *csr, uint32_t type)
{
	struct sort *s = NULL;
	struct csr_list list;
	sort_key key;
	int r = sorter(c, &s, 0);

	if (r == 0)
		r = rows(c, csr, type, s);
	while (r >= 0 && (r = sort_next(s, &key)) > 0) {
		uint64_t node = (uint64_t)(key >> 64);

		r = csr_row(csr, type, (uint64_t)key, &list);
		if (r == 0)
			r = list.n <= c->item_n ? put_sorted(c, type, node, &list) :
				put_long(c, type, node, &list);
	}
	sort_close(s);
	return r;
}

static int one_direction(struct convert *c, struct csr *csr, uint64_t dict,
			 struct segment_ref *ref)
{
	const struct csr_plan plan = {
		.direction = csr_direction(csr), .node_n = csr_node_n(csr),
		.type_n = csr_type_n(csr), .dict = dict, .layout = c->o.layout,
		.values = csr_values(csr),
	};
	int r = csr_create(&c->w, &plan, c->o.backend, c->o.store_id, c->o.mem);

	for (uint32_t t = 0; r == 0 && t < plan.type_n; t++)
		r = c->renumber ? turn_type(c, csr, t) : copy_type(c, csr, t);
	if (r == 0) {
		r = csr_finish(c->w, ref);
		c->w = NULL;
	}
	csr_abort(c->w);
	c->w = NULL;
	return r;
}

/* --- the whole --- */

static int take_room(struct convert *c)
{
	c->item_n = mem_left(c->o.mem) / 16 / (2 * sizeof(struct item));
	if (c->item_n > 1u << 20)
		c->item_n = 1u << 20;
	c->items = mem_alloc(c->o.mem, c->item_n * sizeof *c->items);
	c->room = mem_alloc(c->o.mem, c->item_n * sizeof *c->room);
	return c->items && c->room ? 0 : ERR_MEMORY;
}

static int write_all(struct convert *c, struct manifest_graph *out)
{
	struct csr *csr = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	struct segment_ref *ref = out->segment;
	int r = write_dict(c, &ref[0]);

	if (r < 0)
		return r;
	out->segment_n = 1;
	r = dict_open(&c->to, c->o.backend, &ref[0], c->o.store_id, c->o.mem);
	if (r == 0 && c->renumber)
		r = take_room(c);
	if (r == 0)
		r = one_direction(c, csr, ref[0].id, &ref[1]);
	out->segment_n += r == 0;
	if (r < 0 || in == csr)
		return r;
	r = one_direction(c, in, ref[0].id, &ref[2]);
	out->segment_n += r == 0;
	return r;
}

int convert_graph(struct graph *g, const struct convert_options *o, struct manifest_graph *out)
{
	const struct manifest_graph *entry = graph_entry(g);
	struct convert c = { .o = *o, .g = g, .from = graph_dict(g) };
	struct manifest_graph made = {0};
	int r = write_all(&c, &made);

	dict_close(c.to);
	mem_free(o->mem, c.items);
	mem_free(o->mem, c.room);
	if (r < 0) {
		build_discard(o->backend, &made);
		return r;
	}
	out->segment_n = made.segment_n;
	memcpy(out->segment, made.segment, sizeof made.segment);
	out->node_n = entry->node_n;
	out->edge_n = entry->edge_n;
	out->type_n = entry->type_n;
	out->flags = entry->flags;
	return 0;
}
