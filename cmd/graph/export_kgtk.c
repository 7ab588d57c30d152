/* cmd/graph/export_kgtk.c - kgtk: a row an edge, and one a property of a node
 *
 * Properties of edges are columns; all edges are looked at once before, to know which.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/columns.h"
#include "cmd/graph/export.h"
#include "graph/literal_code.h"
#include "graph/text/kgtk.h"

static int show_edge(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_edge_state(x, e, &s, &weight);

	return r < 0 ? r : columns_show(x->columns, &s);
}

static int add(struct export *x, const char *text)
{
	return buf_add(&x->line, text, strlen(text));
}

/* TSV without escapes has no way to say these. */
static int field(struct export *x, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\t' || text.ptr[i] == '\n' || text.ptr[i] == '\r' ||
		    !text.ptr[i]) {
			err_set(ERR_BAD_RECORD, "kgtk cannot carry \"%s\"", bytes_show(text));
			err_hint("use -f jsonl");
			return ERR_BAD_RECORD;
		}
	return buf_add(&x->line, text.ptr, text.len);
}

static int begin_kgtk(struct export *x)
{
	int r = columns_open(&x->columns, store_mem(x->o.store));

	if (r == 0)
		r = export_each(x, show_edge);
	if (r == 0)
		r = add(x, "node1\tlabel\tnode2");
	for (uint32_t i = 0; r == 0 && i < columns_n(x->columns); i++) {
		r = add(x, "\t");
		if (r == 0)
			r = field(x, columns_at(x->columns, i)->name);
	}
	if (r == 0 && x->values)
		r = add(x, "\tweight");
	if (r == 0)
		r = add(x, "\n");
	return r < 0 ? r : export_put(x);
}

/* The columns of edges are empty. */
static int end_node_row(struct export *x)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < columns_n(x->columns); i++)
		r = add(x, "\t");
	if (r == 0)
		r = add(x, x->values ? "\t\n" : "\n");
	return r < 0 ? r : export_put(x);
}

/* KGTK has no labels of nodes. */
static int node_kgtk(struct export *x, uint64_t id, const struct prop_state *s)
{
	int r = export_text(x, id, &x->src_text);

	x->have_src = false;
	x->lost_n += s->label_n;
	for (uint32_t i = 0; r >= 0 && i < s->prop_n; i++) {
		buf_clear(&x->line);
		r = field(x, buf_bytes(&x->src_text));
		if (r == 0)
			r = add(x, "\t");
		if (r == 0)
			r = field(x, s->prop[i].name);
		if (r == 0)
			r = add(x, "\t");
		if (r == 0)
			r = kgtk_write(&x->line, &s->prop[i].value);
		x->changed_n += r == 0;
		if (r >= 0)
			r = end_node_row(x);
	}
	return r < 0 ? r : 0;
}

static bool is_number(const struct literal *l)
{
	return l->kind == LITERAL_INTEGER || l->kind == LITERAL_DECIMAL ||
		l->kind == LITERAL_DOUBLE;
}

/* Would import take it for one value? */
static bool is_one(struct bytes text)
{
	size_t i = 0;

	for (; i < text.len; i++) {
		if (text.ptr[i] == '\\')
			i++;
		else if (text.ptr[i] == '|' || text.ptr[i] == '\t' || text.ptr[i] == '\n')
			return false;
	}
	return text.len && i == text.len && !memchr(text.ptr, '\t', text.len) &&
		!memchr(text.ptr, '\n', text.len);
}

/* As import takes it: numbers, and texts as they are written there. */
static int value(struct export *x, const struct literal *l)
{
	struct literal back;
	struct bytes shown;
	int r;

	buf_clear(&x->value_text);
	r = literal_print(&x->value_text, l);
	if (r < 0)
		return r;
	shown = buf_bytes(&x->value_text);
	literal_parse(&back, shown);
	if (l->kind == LITERAL_STRING ? is_one(shown) && !is_number(&back) :
	    is_number(l) && literal_equal(&back, l))
		return field(x, shown);
	x->changed_n++;
	r = kgtk_write(&x->line, l);
	return r < 0 ? r : 0;
}

static int put_column(struct export *x, uint32_t column, const struct prop_state *s)
{
	uint32_t first, n = columns_values(x->columns, column, s, &first);
	int r = add(x, "\t");

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		r = i ? add(x, "|") : 0;
		if (r == 0)
			r = value(x, &s->prop[first + i].value);
	}
	return r;
}

static int edge_kgtk(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &s, &weight);
	if (r == 0)
		r = field(x, buf_bytes(&x->src_text));
	if (r == 0)
		r = add(x, "\t");
	if (r == 0)
		r = field(x, e->type);
	if (r == 0)
		r = add(x, "\t");
	if (r == 0)
		r = field(x, buf_bytes(&x->dst_text));
	for (uint32_t i = 0; r == 0 && i < columns_n(x->columns); i++)
		r = put_column(x, i, &s);
	if (r == 0 && x->values)
		r = add(x, "\t");
	if (r == 0 && weight.kind)
		r = export_add_value(&x->line, &weight);
	if (r == 0)
		r = add(x, "\n");
	return r < 0 ? r : export_put(x);
}

const struct export_format export_kgtk = {
	.name = "kgtk", .types = true, .values = true, .edge_props = true, .node_props = true,
	.first = -1, .begin = begin_kgtk, .node = node_kgtk, .edge = edge_kgtk,
};
