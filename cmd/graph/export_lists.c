/* cmd/graph/export_lists.c - formats with a line a node
 *
 * Such a format knows no types, so that all edges of a node are one list.
 */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/export.h"
#include "graph/build.h"

/* The list of the node at PLACE; its id in *ID. */
static int list_at(struct export *x, uint64_t place, uint64_t *id, struct csr_list *list)
{
	uint32_t type = graph_types_n(x->o.graph, &x->o.types) ?
		graph_types_at(&x->o.types, 0) : 0;
	int r = export_node_at(x, place, id);

	if (r < 0 || graph_type_n(x->o.graph) == 0) {
		list->n = 0;
		return r;
	}
	return csr_row(graph_csr(x->o.graph, CSR_OUT), type, *id, list);
}

typedef int each_neighbour(struct export *x, uint64_t to, const struct text_value *v);

/* Calls EACH for every neighbour in the part of the graph that is asked for. */
static int each_of(struct export *x, struct csr_list *list, each_neighbour *each)
{
	struct text_value v;
	uint64_t to, place;
	int r = 0;

	while (list->n && r == 0 && (r = export_next(x, list, &to, &v)) > 0)
		r = x->around && !seen_find(&x->ball.seen, to, &place) ? 0 : each(x, to, &v);
	return r;
}

static int each_node(struct export *x, int (*begin)(struct export *x, uint64_t place),
		     each_neighbour *each, int (*end)(struct export *x))
{
	struct csr_list list;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < export_node_n(x); i++) {
		r = list_at(x, i, &x->list.node, &list);
		if (r == 0 && begin)
			r = begin(x, i);
		if (r == 0)
			r = each_of(x, &list, each);
		if (r == 0 && end)
			r = end(x);
	}
	return r;
}

/* The fields of a line, blanks between. */
static int put_field(struct export *x, uint64_t number)
{
	int r = buf_printf(&x->line, "%s%" PRIu64, x->list.field_n++ ? " " : "", number);

	return r < 0 ? r : export_put(x);
}

static int end_line(struct export *x)
{
	int r = buf_add_byte(&x->line, '\n');

	x->list.field_n = 0;
	return r < 0 ? r : export_put(x);
}

static int count(struct export *x, uint64_t to, const struct text_value *v)
{
	(void)v;
	x->list.entry_n++;
	x->list.loop_n += to == x->list.node;
	return 0;
}

/* --- metis --- */

static int put_neighbour(struct export *x, uint64_t to, const struct text_value *v)
{
	uint64_t number;
	int r = export_number(x, to, &number);

	if (r == 0)
		r = put_field(x, number);
	if (r < 0 || !v->kind)
		return r;
	r = buf_add_byte(&x->line, ' ');
	if (r == 0)
		r = export_add_value(&x->line, v);
	return r < 0 ? r : export_put(x);
}

static int cannot(const char *what)
{
	err_set(ERR_BAD_RECORD, "metis cannot carry %s", what);
	err_hint("use -f mtx");
	return ERR_BAD_RECORD;
}

/* Loops and equal edges are fmt 100, where all entries count. */
static int all_metis(struct export *x)
{
	bool loose;
	int r;

	if (!graph_undirected(x->o.graph))
		return cannot("edges with a direction");
	if (x->values == CSR_REALS)
		return cannot("weights that are no integers");
	r = each_node(x, NULL, count, NULL);
	loose = !x->values && (x->list.loop_n ||
			       graph_entry(x->o.graph)->flags & GRAPH_MULTI);
	if (r == 0)
		r = buf_printf(&x->line, "%" PRIu64 " %" PRIu64 "%s\n", export_node_n(x),
			       loose ? x->list.entry_n :
			       (x->list.entry_n + x->list.loop_n) / 2,
			       loose ? " 100" : x->values ? " 1" : "");
	if (r == 0)
		r = export_put(x);
	return r < 0 ? r : each_node(x, NULL, put_neighbour, end_line);
}

const struct export_format export_metis = {
	.name = "metis", .values = true, .numbers = true, .lone = true, .first = 1,
	.all = all_metis,
};

/* --- adj: places, targets, weights --- */

static int put_place(struct export *x, uint64_t place)
{
	int r;

	(void)place;
	r = put_field(x, x->list.entry_n);
	return r < 0 ? r : end_line(x);
}

static int put_target(struct export *x, uint64_t to, const struct text_value *v)
{
	uint64_t number;
	int r = export_number(x, to, &number);

	(void)v;
	if (r == 0)
		r = put_field(x, number);
	return r < 0 ? r : end_line(x);
}

static int put_weight(struct export *x, uint64_t to, const struct text_value *v)
{
	int r = export_add_value(&x->line, v);

	(void)to;
	return r < 0 ? r : end_line(x);
}

static int all_adj(struct export *x)
{
	int r = each_node(x, NULL, count, NULL);

	if (r == 0)
		r = buf_printf(&x->line, "%sAdjacencyGraph\n%" PRIu64 "\n%" PRIu64 "\n",
			       x->values ? "Weighted" : "", export_node_n(x),
			       x->list.entry_n);
	x->list.entry_n = 0;
	if (r == 0)
		r = export_put(x);
	if (r == 0)
		r = each_node(x, put_place, count, NULL);
	if (r == 0)
		r = each_node(x, NULL, put_target, NULL);
	return r < 0 || !x->values ? r : each_node(x, NULL, put_weight, NULL);
}

const struct export_format export_adj = {
	.name = "adj", .values = true, .numbers = true, .lone = true, .first = 0,
	.all = all_adj,
};

/* --- adjlist --- */

static int put_key(struct export *x, uint64_t id)
{
	struct bytes key;
	bool bad;
	int r = export_text(x, id, &x->src_text);

	if (r < 0)
		return r;
	key = buf_bytes(&x->src_text);
	bad = key.ptr[0] == '#';
	for (size_t i = 0; i < key.len && !bad; i++)
		bad = key.ptr[i] <= ' ' && (key.ptr[i] == ' ' || key.ptr[i] == '\0' ||
					    (key.ptr[i] >= '\t' && key.ptr[i] <= '\r'));
	if (bad) {
		err_set(ERR_BAD_RECORD, "adjlist cannot carry the key \"%s\"",
			bytes_show(key));
		err_hint("use -f tsv, or --renumber");
		return ERR_BAD_RECORD;
	}
	if (x->list.field_n++)
		r = buf_add_byte(&x->line, ' ');
	if (r == 0)
		r = buf_add(&x->line, key.ptr, key.len);
	return r < 0 ? r : export_put(x);
}

static int begin_node(struct export *x, uint64_t place)
{
	(void)place;
	return put_key(x, x->list.node);
}

/* An undirected edge is written once. */
static int put_key_of(struct export *x, uint64_t to, const struct text_value *v)
{
	(void)v;
	return graph_undirected(x->o.graph) && to < x->list.node ? 0 : put_key(x, to);
}

static int all_adjlist(struct export *x)
{
	return each_node(x, begin_node, put_key_of, end_line);
}

const struct export_format export_adjlist = {
	.name = "adjlist", .lone = true, .first = -1, .all = all_adjlist,
};
