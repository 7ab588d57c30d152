/* cmd/graph/export_neo4j.c - PREFIX.nodes.csv and PREFIX.edges.csv, as graph databases
 * read them
 *
 * A column has the one kind that all its values have, else it is a string; where a
 * row has several values it is an array.  All is looked at twice: for the columns, and
 * for the rows.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/columns.h"
#include "cmd/graph/export.h"
#include "graph/literal_code.h"
#include "graph/text/csv_graph.h"

#define COLUMNS_MOST (CSV_COLUMNS - 4)	/* besides keys, type, weight and labels */

static const char *type_of(const struct column *c)
{
	static const struct {
		enum literal_kind kind;
		const char *name;
	} types[] = {
		{ LITERAL_BOOL, "boolean" }, { LITERAL_INTEGER, "long" },
		{ LITERAL_DOUBLE, "double" }, { LITERAL_DECIMAL, "decimal" },
		{ LITERAL_DATE, "date" }, { LITERAL_DATETIME, "datetime" },
		{ LITERAL_JSON, "json" },
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (c->kinds == 1u << types[i].kind)
			return types[i].name;
	return "string";
}

static int field(struct export *x, struct bytes text)
{
	if (text.len && memchr(text.ptr, '\0', text.len)) {
		err_set(ERR_BAD_RECORD, "neo4j cannot carry \"%s\"", bytes_show(text));
		err_hint("use -f jsonl");
		return ERR_BAD_RECORD;
	}
	return export_csv_field(&x->line, text);
}

static int add(struct export *x, const char *text)
{
	return buf_add(&x->line, text, strlen(text));
}

/* --- headers --- */

static int put_columns(struct export *x)
{
	int r = 0;

	if (columns_n(x->columns) > COLUMNS_MOST) {
		err_set(ERR_BAD_RECORD, "neo4j cannot carry over %u names of properties",
			COLUMNS_MOST);
		err_hint("use -f jsonl");
		return ERR_BAD_RECORD;
	}
	for (uint32_t i = 0; r == 0 && i < columns_n(x->columns); i++) {
		const struct column *c = columns_at(x->columns, i);

		buf_clear(&x->value_text);
		r = buf_add(&x->value_text, c->name.ptr, c->name.len);
		if (r == 0)
			r = buf_printf(&x->value_text, ":%s%s", type_of(c),
				       c->several ? "[]" : "");
		if (r == 0)
			r = add(x, ",");
		if (r == 0)
			r = field(x, buf_bytes(&x->value_text));
	}
	if (r == 0)
		r = add(x, "\n");
	return r < 0 ? r : export_put(x);
}

/* --- rows --- */

/* Does the value keep what it is in this column? */
static bool keeps(const struct column *c, const struct literal *l, struct bytes shown)
{
	enum literal_kind kind = columns_kind(l);
	bool plain = kind == LITERAL_STRING || c->kinds == 1u << kind;

	if (kind == LITERAL_LANG || kind == LITERAL_TYPED || l->graph.len)
		return false;
	return plain && !(c->several && (memchr(shown.ptr ? shown.ptr : (const void *)"", ';',
							shown.len)));
}

/* Several with ; between; they are put together in src_text, which is not in use. */
static int put_values(struct export *x, uint32_t column, const struct prop_state *s)
{
	const struct column *c = columns_at(x->columns, column);
	uint32_t first, n = columns_values(x->columns, column, s, &first);
	struct buf *all = &x->dst_text;
	int r = add(x, ",");

	buf_clear(all);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		const struct literal *l = &s->prop[first + i].value;

		r = i ? buf_add_byte(all, ';') : 0;
		buf_clear(&x->value_text);
		if (r == 0)
			r = literal_print(&x->value_text, l);
		x->changed_n += r == 0 && !keeps(c, l, buf_bytes(&x->value_text));
		if (r == 0)
			r = buf_add(all, x->value_text.ptr, x->value_text.len);
	}
	return r < 0 || n == 0 ? r : field(x, buf_bytes(all));
}

static int put_rest(struct export *x, const struct prop_state *s)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < columns_n(x->columns); i++)
		r = put_values(x, i, s);
	if (r == 0)
		r = add(x, "\n");
	return r < 0 ? r : export_put(x);
}

static int put_labels(struct export *x, const struct prop_state *s)
{
	int r = add(x, ",");

	buf_clear(&x->value_text);
	for (uint32_t i = 0; r == 0 && i < s->label_n; i++) {
		x->changed_n += memchr(s->label[i].ptr, ';', s->label[i].len) != NULL;
		r = i ? buf_add_byte(&x->value_text, ';') : 0;
		if (r == 0)
			r = buf_add(&x->value_text, s->label[i].ptr, s->label[i].len);
	}
	return r < 0 || !s->label_n ? r : field(x, buf_bytes(&x->value_text));
}

static int node_row(struct export *x, uint64_t id, const struct prop_state *s)
{
	int r = export_text(x, id, &x->src_text);

	x->have_src = false;
	if (r == 0)
		r = field(x, buf_bytes(&x->src_text));
	if (r == 0)
		r = put_labels(x, s);
	return r < 0 ? r : put_rest(x, s);
}

static int edge_row(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &s, &weight);
	if (r == 0)
		r = field(x, buf_bytes(&x->src_text));
	if (r == 0)
		r = add(x, ",");
	if (r == 0)
		r = field(x, buf_bytes(&x->dst_text));
	if (r == 0)
		r = add(x, ",");
	if (r == 0 && e->type.len)
		r = field(x, e->type);
	if (r == 0 && x->values)
		r = add(x, ",");
	if (r == 0 && weight.kind)
		r = export_add_value(&x->line, &weight);
	return r < 0 ? r : put_rest(x, &s);
}

/* --- twice over all --- */

static int show_edge(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_edge_state(x, e, &s, &weight);

	return r < 0 ? r : columns_show(x->columns, &s);
}

/* The first time the columns are looked for: no file is open. */
static int node_neo4j(struct export *x, uint64_t id, const struct prop_state *s)
{
	return x->out ? node_row(x, id, s) : columns_show(x->columns, s);
}

static int begin(struct export *x)
{
	columns_close(x->columns);
	x->columns = NULL;
	return columns_open(&x->columns, store_mem(x->o.store));
}

static int put_nodes(struct export *x)
{
	int r = begin(x);

	if (r == 0)
		r = export_nodes(x);
	if (r == 0)
		r = export_open(x, ".nodes.csv");
	if (r < 0)
		return r;
	r = add(x, ":ID,:LABEL");
	if (r == 0)
		r = put_columns(x);
	if (r == 0)
		r = export_nodes(x);
	return export_close(x, r);
}

static int put_edges(struct export *x)
{
	int r = begin(x);

	if (r == 0)
		r = export_each(x, show_edge);
	if (r == 0)
		r = export_open(x, ".edges.csv");
	if (r < 0)
		return r;
	r = add(x, x->values == CSR_REALS ? ":START_ID,:END_ID,:TYPE,weight:double" :
		x->values ? ":START_ID,:END_ID,:TYPE,weight:long" :
		":START_ID,:END_ID,:TYPE");
	if (r == 0)
		r = put_columns(x);
	if (r == 0)
		r = export_each(x, edge_row);
	return export_close(x, r);
}

static int all_neo4j(struct export *x)
{
	int r;

	x->out = NULL;
	r = put_nodes(x);
	if (r == 0)
		r = put_edges(x);
	columns_close(x->columns);
	x->columns = NULL;
	return r;
}

const struct export_format export_neo4j = {
	.name = "neo4j", .types = true, .values = true, .lone = true, .edge_props = true,
	.node_props = true, .each_node = true, .first = -1, .node = node_neo4j,
	.all = all_neo4j,
};
