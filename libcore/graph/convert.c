/* graph/convert.c - the dictionary, its order, and the two directions */
#include "graph/convert_inside.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_disk.h"

#define LOOK_EVERY 65536u	/* edges between questions whether to stop */
#define BUDGET_MOST (16u << 20)	/* of a sorter; two are open at a time */

int convert_look(struct convert *c, uint64_t edges)
{
	c->edge_n += edges;
	if (c->edge_n < c->looked + LOOK_EVERY || !c->o.stop)
		return 0;
	c->looked = c->edge_n;
	return c->o.stop(c->o.stop_ctx, c->edge_n);
}

int convert_id(struct convert *c, uint64_t old, uint64_t *out)
{
	uint64_t place;
	int r = dict_place_of(c->from, old, &place);

	return r < 0 ? r : dict_at(c->to, place, out);
}

size_t convert_budget(const struct convert *c)
{
	size_t left = mem_left(c->o.mem) / 8;

	return left < BUDGET_MOST ? left : BUDGET_MOST;
}

int convert_sorter(struct convert *c, struct sort **out, unsigned given)
{
	const struct sort_options o = {
		.backend = c->o.backend, .mem = c->o.mem, .budget = convert_budget(c),
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
	int r = convert_sorter(c, &degrees, 0);

	if (r == 0)
		r = add_degrees(out, degrees);
	if (r == 0 && in != out)
		r = add_degrees(in, degrees);
	if (r == 0)
		r = sort_finish(degrees);
	if (r == 0)
		r = convert_sorter(c, &by, 0);
	if (r == 0)
		r = sum_degrees(c, degrees, by);
	sort_close(degrees);
	if (r == 0)
		r = dict_reorder(c->from, DICT_BY_DEGREE, by, convert_budget(c),
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
			r = csr_add_value(c->w, type, node, ids[i], v ? v[i] : (union csr_value){0});
		if (r == 0)
			r = convert_look(c, (uint64_t)n);
	}
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

/* All of it will be read, in no order: as one read, where there is memory for it, and
 * not page by page as each is touched. */
static void read_ahead(struct csr *csr)
{
	struct bytes lists = segment_section(csr_segment(csr), CSR_TARGETS);

	if (lists.len && lists.len < mem_default_limit() / 2)
		segment_want(csr_segment(csr), lists.ptr);
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

	read_ahead(csr);
	for (uint32_t t = 0; r == 0 && t < plan.type_n; t++)
		r = c->renumber ? convert_turn(c, csr, t) : copy_type(c, csr, t);
	if (r == 0) {
		r = csr_finish(c->w, ref);
		c->w = NULL;
	}
	csr_abort(c->w);
	c->w = NULL;
	return r;
}

/* --- the whole --- */

static int write_all(struct convert *c, struct manifest_graph *out)
{
	struct csr *csr = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	struct segment_ref *ref = out->segment;
	int r = write_dict(c, &ref[0]);

	if (r < 0)
		return r;
	out->segment_n = 1;
	r = dict_open(&c->to, c->o.backend, &ref[0], c->o.store_id, c->o.mem);
	if (r == 0)
		r = one_direction(c, csr, ref[0].id, &ref[1]);
	out->segment_n += r == 0;
	if (r == 0 && in != csr) {
		r = one_direction(c, in, ref[0].id, &ref[2]);
		out->segment_n += r == 0;
	}
	for (int role = PROP_NODES; r >= 0 && role <= PROP_EDGES; role++) {
		r = convert_props(c, (enum prop_role)role, &ref[1], &ref[out->segment_n]);
		out->segment_n += r > 0;
	}
	return r < 0 ? r : 0;
}

int convert_graph(struct graph *g, const struct convert_options *o, struct manifest_graph *out)
{
	const struct manifest_graph *entry = graph_entry(g);
	struct convert c = { .o = *o, .g = g, .from = graph_dict(g) };
	struct manifest_graph made = {0};
	int r = write_all(&c, &made);

	dict_close(c.to);
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
