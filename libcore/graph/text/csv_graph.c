/* graph/text/csv_graph.c - see csv_graph.h */
#include "graph/text/csv_graph.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/rdf/rdf_literal.h"
#include "graph/text/weight.h"

enum role { PROPERTY, WEIGHT, IGNORED, ID, START, END, TYPE, LABEL, ROLES };

struct column {
	enum role role;
	struct bytes name, space;	/* space: of a key */
	const char *datatype;		/* of a property; NULL: a string */
	bool integer, array;
};

struct csv_header {
	struct mem *mem;
	uint8_t *text;			/* where names lie */
	unsigned column_n, label_n;
	unsigned at[ROLES];		/* ID to TYPE: which column; CSV_COLUMNS: none */
	struct column column[CSV_COLUMNS];
	struct bytes label, type;	/* that hold for all rows; ptr NULL: none */
	/* of the row */
	struct buf props, labels, src, dst;
};

static const struct {
	const char *name, *datatype;
	bool integer;
} types[] = {
	{ "string", NULL, false }, { "char", NULL, false }, { "point", NULL, false },
	{ "int", RDF_XSD "integer", true }, { "long", RDF_XSD "integer", true },
	{ "byte", RDF_XSD "integer", true }, { "short", RDF_XSD "integer", true },
	{ "float", RDF_XSD "double", false }, { "double", RDF_XSD "double", false },
	{ "boolean", RDF_XSD "boolean", false }, { "decimal", RDF_XSD "decimal", false },
	{ "date", RDF_XSD "date", false }, { "datetime", RDF_XSD "dateTime", false },
	{ "localdatetime", RDF_XSD "dateTime", false }, { "time", RDF_XSD "time", false },
	{ "localtime", RDF_XSD "time", false }, { "duration", RDF_XSD "duration", false },
	{ "json", RDF_JSON, false },
};

/* --- the header --- */

static const char *const role_name[ROLES] = {
	[IGNORED] = "IGNORE", [ID] = "ID", [START] = "START_ID", [END] = "END_ID",
	[TYPE] = "TYPE", [LABEL] = "LABEL",
};

static bool same_word(struct bytes b, const char *word)
{
	return b.len == strlen(word) && !strncasecmp((const char *)b.ptr, word, b.len);
}

/* NAME:WORD(SPACE) or NAME:WORD=VALUE or NAME:WORD[] into its parts. */
struct parts {
	struct bytes name, word, space, value;
	bool typed, array;
};

static struct parts split(struct bytes f)
{
	const uint8_t *open, *is, *colon;
	struct parts p = {0};

	open = f.len && f.ptr[f.len - 1] == ')' ? memrchr(f.ptr, '(', f.len) : NULL;
	if (open) {
		p.space = bytes_of(open + 1, f.len - (size_t)(open - f.ptr) - 2);
		f.len = (size_t)(open - f.ptr);
	}
	is = f.len > 6 && (bytes_starts(f, bytes_str(":TYPE=")) ||
			   bytes_starts(f, bytes_str(":LABEL="))) ?
		memchr(f.ptr, '=', f.len) : NULL;
	if (is) {
		p.value = bytes_of(is + 1, f.len - (size_t)(is - f.ptr) - 1);
		f.len = (size_t)(is - f.ptr);
	}
	p.array = f.len > 2 && !memcmp(f.ptr + f.len - 2, "[]", 2);
	f.len -= p.array ? 2 : 0;
	colon = f.len ? memrchr(f.ptr, ':', f.len) : NULL;
	p.typed = colon;
	p.name = f;
	if (colon) {
		p.name.len = (size_t)(colon - f.ptr);
		p.word = bytes_of(colon + 1, f.len - p.name.len - 1);
	}
	return p;
}

static enum role role_of(struct bytes word)
{
	for (unsigned r = IGNORED; r < ROLES; r++)
		if (same_word(word, role_name[r]))
			return (enum role)r;
	return PROPERTY;
}

bool csv_graph_names(struct bytes field)
{
	struct parts p = split(field);

	return p.typed && role_of(p.word) >= ID;
}

bool csv_graph_is(const struct csv_row *row)
{
	for (unsigned i = 0; i < row->n; i++)
		if (csv_graph_names(row->field[i]))
			return true;
	return false;
}

static int property_of(struct column *c, const struct parts *p)
{
	size_t i = 0, n = sizeof types / sizeof types[0];

	c->array = p->array;
	if (!p->name.len)
		return err_set(ERR_BAD_RECORD, "a column without a name");
	if (p->name.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a name over %u bytes", TEXT_KEY_MAX);
	if (!p->typed)
		return 0;
	while (i < n && !same_word(p->word, types[i].name))
		i++;
	if (i == n)
		return err_set(ERR_BAD_RECORD, "the column \"%s\" is of an unknown type:"
			       " \"%s\"", bytes_show(p->name), bytes_show(p->word));
	c->datatype = types[i].datatype;
	c->integer = types[i].integer;
	return 0;
}

static int column_of(struct csv_header *h, struct bytes field)
{
	struct column *c = &h->column[h->column_n];
	struct parts p = split(field);

	*c = (struct column){ .role = p.typed ? role_of(p.word) : PROPERTY, .name = p.name,
			      .space = p.space };
	if (p.value.ptr) {
		*(c->role == LABEL ? &h->label : &h->type) = p.value;
		return 0;
	}
	if (c->role == PROPERTY && property_of(c, &p) < 0)
		return ERR_BAD_RECORD;
	if (c->role >= ID && c->role != LABEL && h->at[c->role] != CSV_COLUMNS)
		return err_set(ERR_BAD_RECORD, "two columns :%s", role_name[c->role]);
	if (c->role >= ID)
		h->at[c->role] = h->column_n;
	h->column_n++;
	return 0;
}

static int check(const struct csv_header *h)
{
	bool id = h->at[ID] != CSV_COLUMNS, start = h->at[START] != CSV_COLUMNS;

	if (start != (h->at[END] != CSV_COLUMNS))
		return err_set(ERR_BAD_RECORD, "one of :START_ID and :END_ID is missing");
	if (id && start)
		return err_set(ERR_BAD_RECORD, ":ID and :START_ID in one header");
	if (!id && !start)
		return err_set(ERR_BAD_RECORD, "neither :ID nor :START_ID and :END_ID");
	if (id && (h->at[TYPE] != CSV_COLUMNS || h->type.ptr))
		return err_set(ERR_BAD_RECORD, ":TYPE in a header of nodes");
	if (start && (h->at[LABEL] != CSV_COLUMNS || h->label.ptr))
		return err_set(ERR_BAD_RECORD, ":LABEL in a header of edges");
	return 0;
}

/* In a header of edges a number called weight is the edge's. */
static void find_weight(struct csv_header *h)
{
	for (unsigned i = 0; h->at[START] != CSV_COLUMNS && i < h->column_n; i++) {
		struct column *c = &h->column[i];
		bool number = c->datatype && (c->integer ||
					      !strcmp(c->datatype, RDF_XSD "double"));

		if (c->role == PROPERTY && number && !c->array &&
		    bytes_equal(c->name, bytes_str("weight")))
			c->role = WEIGHT;
	}
}

/* The row's fields, copied one behind the other. */
static int copy(struct csv_header *h, const struct csv_row *row)
{
	size_t len = 1;
	uint8_t *to;
	int r = 0;

	for (unsigned i = 0; i < row->n; i++)
		len += row->field[i].len;
	h->text = to = mem_alloc(h->mem, len);
	if (!to)
		return ERR_MEMORY;
	for (unsigned i = 0; r == 0 && i < row->n; i++) {
		struct bytes field = bytes_of(to, row->field[i].len);

		if (field.len)
			memcpy(to, row->field[i].ptr, field.len);
		to += field.len;
		r = column_of(h, field);
	}
	return r;
}

int csv_graph_open(struct csv_header **out, const struct csv_row *row, struct mem *mem)
{
	struct csv_header *h = mem_zalloc(mem, sizeof *h);
	int r;

	if (!h)
		return ERR_MEMORY;
	h->mem = h->props.mem = h->labels.mem = h->src.mem = h->dst.mem = mem;
	for (unsigned k = 0; k < ROLES; k++)
		h->at[k] = CSV_COLUMNS;
	r = copy(h, row);
	if (r == 0)
		r = check(h);
	if (r < 0) {
		csv_graph_close(h);
		return r;
	}
	find_weight(h);
	*out = h;
	return 0;
}

void csv_graph_close(struct csv_header *h)
{
	if (!h)
		return;
	buf_release(&h->props);
	buf_release(&h->labels);
	buf_release(&h->src);
	buf_release(&h->dst);
	mem_free(h->mem, h->text);
	mem_free(h->mem, h);
}

bool csv_graph_has_nodes(const struct csv_header *h)
{
	return h->at[ID] != CSV_COLUMNS;
}

/* --- rows --- */

static int key_of(const struct csv_header *h, const struct csv_row *row, enum role role,
		  struct buf *room, struct text_key *out)
{
	const struct column *c = &h->column[h->at[role]];
	struct bytes field = row->field[h->at[role]];
	int r = 0;

	if (!field.len)
		return err_set(ERR_BAD_RECORD, "an empty :%s", role_name[role]);
	if (c->space.len) {
		buf_clear(room);
		r = buf_add(room, c->space.ptr, c->space.len);
		if (r == 0)
			r = buf_add_byte(room, '/');
		if (r == 0)
			r = buf_add(room, field.ptr, field.len);
		field = buf_bytes(room);
	}
	if (field.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a key over %u bytes", TEXT_KEY_MAX);
	if (memchr(field.ptr, '\0', field.len))
		return err_set(ERR_BAD_RECORD, "a NUL byte: this is no text");
	out->bytes = field;
	out->is_number = text_number(field, &out->number);
	return r;
}

static int bad_value(const struct column *c, struct bytes text)
{
	return err_set(ERR_BAD_RECORD, "the column \"%s\": \"%s\" is no %s",
		       bytes_show(c->name), bytes_show(text),
		       strrchr(c->datatype, '#') + 1);
}

/* Another text than the canonical one is read by its value: 5.0 is a double. */
static int value_of(const struct column *c, struct bytes text, struct literal *out)
{
	struct bytes datatype = bytes_str(c->datatype ? c->datatype : "");
	struct text_value number = {0};
	struct rdf_value v;

	if (c->datatype && !strcmp(c->datatype, RDF_XSD "double") &&
	    weight_parse_real(text, &number) == 0) {
		*out = (struct literal){ .kind = LITERAL_DOUBLE, .r = number.r };
		return 0;
	}
	if (c->datatype && !strcmp(c->datatype, RDF_XSD "boolean") &&
	    (same_word(text, "true") || same_word(text, "false"))) {
		*out = (struct literal){ .kind = LITERAL_BOOL, .b = (text.ptr[0] | 32) == 't' };
		return 0;
	}
	rdf_literal_typed(out, text, datatype);
	if (out->kind != LITERAL_TYPED || rdf_value_type(datatype) == RDF_NO_TYPE)
		return 0;
	rdf_value_of(text, datatype, &v);
	return v.fit == RDF_INVALID ? bad_value(c, text) : 0;
}

static int add_value(struct csv_header *h, const struct column *c, struct bytes text)
{
	struct property p = { .name = c->name };
	int r = value_of(c, text, &p.value);

	return r < 0 ? r : buf_add(&h->props, &p, sizeof p);
}

/* What is before the next ; of REST. */
static struct bytes element(struct bytes *rest)
{
	const uint8_t *at = rest->len ? memchr(rest->ptr, ';', rest->len) : NULL;
	struct bytes one = *rest;

	if (at)
		one.len = (size_t)(at - rest->ptr);
	*rest = at ? bytes_of(at + 1, rest->len - one.len - 1) : (struct bytes){0};
	return one;
}

static int property(struct csv_header *h, const struct column *c, struct bytes field,
		    bool quoted)
{
	int r = 0;

	if (!field.len && (!quoted || c->datatype))
		return 0;
	if (!c->array)
		return add_value(h, c, field);
	do
		r = add_value(h, c, element(&field));
	while (r == 0 && field.ptr);
	return r;
}

static int label(struct csv_header *h, struct bytes field)
{
	int r = 0;

	while (r == 0 && field.len) {
		struct bytes one = element(&field);

		if (one.len > TEXT_KEY_MAX)
			return err_set(ERR_BAD_RECORD, "a label over %u bytes", TEXT_KEY_MAX);
		if (one.len)
			r = buf_add(&h->labels, &one, sizeof one);
	}
	return r;
}

static int take(struct csv_header *h, const struct csv_row *row, struct text_edge *out)
{
	int r = h->label.ptr ? label(h, h->label) : 0;

	for (unsigned i = 0; r == 0 && i < h->column_n; i++) {
		const struct column *c = &h->column[i];

		if (c->role == PROPERTY)
			r = property(h, c, row->field[i], row->quoted[i]);
		else if (c->role == LABEL)
			r = label(h, row->field[i]);
		else if (c->role == WEIGHT && row->field[i].len)
			r = c->integer ? weight_parse(row->field[i], &out->value) :
				weight_parse_real(row->field[i], &out->value);
	}
	return r;
}

int csv_graph_row(struct csv_header *h, const struct csv_row *row, struct text_edge *out)
{
	bool nodes = csv_graph_has_nodes(h);
	int r;

	*out = (struct text_edge){ .type = h->type };
	if (row->n != h->column_n)
		return err_set(ERR_BAD_RECORD, "%u columns, the header has %u", row->n,
			       h->column_n);
	buf_clear(&h->props);
	buf_clear(&h->labels);
	r = key_of(h, row, nodes ? ID : START, &h->src, &out->src);
	if (r == 0 && !nodes)
		r = key_of(h, row, END, &h->dst, &out->dst);
	if (r == 0 && h->at[TYPE] != CSV_COLUMNS)
		out->type = row->field[h->at[TYPE]];
	if (out->type.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a type over %u bytes", TEXT_KEY_MAX);
	if (r == 0)
		r = take(h, row, out);
	out->prop = (const struct property *)h->props.ptr;
	out->prop_n = (uint32_t)(h->props.len / sizeof *out->prop);
	out->label = (const struct bytes *)h->labels.ptr;
	out->label_n = (uint32_t)(h->labels.len / sizeof *out->label);
	return r < 0 ? r : nodes ? TEXT_NODE : TEXT_EDGE;
}
