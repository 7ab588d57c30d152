/* cmd/graph/export_csv.c - csv: a row an edge, its properties as columns
 *
 * A name has as many columns as an edge has values of it.  Values are typed as those of
 * tsv.  All edges are looked at once before, to know the columns.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/columns.h"
#include "cmd/graph/export.h"
#include "graph/literal_code.h"
#include "graph/text/csv.h"
#include "graph/text/csv_graph.h"

static int cannot_carry(const char *what, struct bytes text)
{
	err_set(ERR_BAD_RECORD, "csv cannot carry the %s \"%s\"", what, bytes_show(text));
	err_hint("use -f tsv, or -f jsonl");
	return ERR_BAD_RECORD;
}

int export_csv_field(struct buf *b, struct bytes text)
{
	bool quote = text.len == 0;
	int r;

	for (size_t i = 0; i < text.len && !quote; i++)
		quote = strchr(",\"\n\r ", text.ptr[i]) != NULL;
	if (!quote)
		return buf_add(b, text.ptr, text.len);
	r = buf_add_byte(b, '"');
	for (size_t i = 0; i < text.len && r == 0; i++) {
		if (text.ptr[i] == '"')
			r = buf_add_byte(b, '"');
		if (r == 0)
			r = buf_add_byte(b, text.ptr[i]);
	}
	return r < 0 ? r : buf_add_byte(b, '"');
}

static int field(struct export *x, const char *what, struct bytes text)
{
	if (text.len && memchr(text.ptr, '\0', text.len))
		return cannot_carry(what, text);
	return export_csv_field(&x->line, text);
}

static int comma(struct export *x)
{
	return buf_add_byte(&x->line, ',');
}

/* --- the header --- */

/* The weight has a column of its own; one that is no number has none. */
static bool has_column(const struct column *c)
{
	return !bytes_equal(c->name, bytes_str("weight"));
}

static int look_at_edge(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_edge_state(x, e, &s, &weight);

	return r < 0 ? r : columns_show(x->columns, &s);
}

/* A name that would be taken for what a column before it is not. */
static bool any_is(const struct export *x, enum csv_column kind)
{
	for (uint32_t i = 0; i < columns_n(x->columns); i++)
		if (has_column(columns_at(x->columns, i)) &&
		    csv_column(columns_at(x->columns, i)->name) == kind)
			return true;
	return false;
}

static int look(struct export *x)
{
	int r = columns_open(&x->columns, store_mem(x->o.store));

	if (r == 0 && (x->said[1] || x->changed))
		r = export_each(x, look_at_edge);
	if (r < 0)
		return r;
	x->csv.type = x->typed || any_is(x, CSV_TYPE);
	x->csv.weight = x->values || any_is(x, CSV_WEIGHT);
	return 0;
}

static int put_name(struct export *x, const struct column *c)
{
	int r = 0;

	if (!c->name.len || csv_graph_names(c->name))
		return cannot_carry("name of a property", c->name);
	for (uint32_t i = 0; i < c->most && r == 0; i++) {
		r = comma(x);
		if (r == 0)
			r = field(x, "name of a property", c->name);
	}
	return r;
}

static int put_names(struct export *x)
{
	uint64_t n = 2u + x->csv.type + x->csv.weight;
	int r = 0;

	for (uint32_t i = 0; i < columns_n(x->columns); i++)
		n += has_column(columns_at(x->columns, i)) * columns_at(x->columns, i)->most;
	if (n > CSV_COLUMNS) {
		err_set(ERR_BAD_RECORD, "csv cannot carry over %u columns", CSV_COLUMNS);
		err_hint("use -f tsv, or -f jsonl");
		return ERR_BAD_RECORD;
	}
	for (uint32_t i = 0; i < columns_n(x->columns) && r == 0; i++)
		if (has_column(columns_at(x->columns, i)))
			r = put_name(x, columns_at(x->columns, i));
	return r;
}

static int begin_csv(struct export *x)
{
	int r = look(x);

	if (r == 0)
		r = buf_printf(&x->line, "source,target%s%s", x->csv.type ? ",type" : "",
			       x->csv.weight ? ",weight" : "");
	if (r == 0)
		r = put_names(x);
	if (r == 0)
		r = buf_add_byte(&x->line, '\n');
	return r < 0 ? r : export_put(x);
}

/* --- rows --- */

static int value(struct export *x, const struct literal *l)
{
	struct literal back;
	int r;

	buf_clear(&x->value_text);
	r = literal_print(&x->value_text, l);
	if (r < 0)
		return r;
	literal_parse(&back, buf_bytes(&x->value_text));
	x->changed_n += !literal_equal(&back, l);
	return field(x, "value", buf_bytes(&x->value_text));
}

static int put_values(struct export *x, uint32_t column, const struct prop_state *s)
{
	uint32_t first, n = columns_values(x->columns, column, s, &first);
	const struct column *c = columns_at(x->columns, column);
	int r = 0;

	if (!has_column(c)) {
		x->lost_n += n;
		return 0;
	}
	for (uint32_t i = 0; i < c->most && r == 0; i++) {
		r = comma(x);
		if (r == 0 && i < n)
			r = value(x, &s->prop[first + i].value);
	}
	return r;
}

static int edge_csv(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &s, &weight);
	if (r == 0)
		r = field(x, "key", buf_bytes(&x->src_text));
	if (r == 0)
		r = comma(x);
	if (r == 0)
		r = field(x, "key", buf_bytes(&x->dst_text));
	if (r == 0 && x->csv.type)
		r = comma(x);
	if (r == 0 && e->type.len)
		r = field(x, "type", e->type);
	if (r == 0 && x->csv.weight)
		r = comma(x);
	if (r == 0 && weight.kind)
		r = export_add_value(&x->line, &weight);
	for (uint32_t i = 0; i < columns_n(x->columns) && r == 0; i++)
		r = put_values(x, i, &s);
	if (r == 0)
		r = buf_add_byte(&x->line, '\n');
	return r < 0 ? r : export_put(x);
}

const struct export_format export_csv = {
	.name = "csv", .types = true, .values = true, .edge_props = true, .first = -1,
	.begin = begin_csv, .edge = edge_csv,
};
