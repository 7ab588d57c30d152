/* graph/rdf/rdf_literal.c */
#include "graph/rdf/rdf_literal.h"

#include <string.h>

static const enum literal_kind kind_of[RDF_TYPES] = {
	[RDF_BOOLEAN] = LITERAL_BOOL, [RDF_INTEGER] = LITERAL_INTEGER,
	[RDF_DECIMAL] = LITERAL_DECIMAL, [RDF_DOUBLE] = LITERAL_DOUBLE,
	[RDF_DATE] = LITERAL_DATE, [RDF_DATE_TIME] = LITERAL_DATETIME,
};

void rdf_literal_typed(struct literal *out, struct bytes text, struct bytes datatype)
{
	struct rdf_value v;

	*out = (struct literal){ .kind = LITERAL_STRING, .text = text };
	if (datatype.len == 0 || bytes_equal(datatype, bytes_str(RDF_XSD "string")))
		return;
	if (bytes_equal(datatype, bytes_str(RDF_JSON))) {
		out->kind = LITERAL_JSON;
		return;
	}
	out->kind = LITERAL_TYPED;
	out->extra = datatype;
	if (!rdf_value_of(text, datatype, &v))
		return;
	*out = (struct literal){ .kind = kind_of[v.type], .text = text };
	if (v.type == RDF_BOOLEAN)
		*out = (struct literal){ .kind = LITERAL_BOOL, .b = v.boolean };
	else if (v.type == RDF_INTEGER)
		*out = (struct literal){ .kind = LITERAL_INTEGER, .i = v.integer };
	else if (v.type == RDF_DOUBLE)
		*out = (struct literal){ .kind = LITERAL_DOUBLE, .r = v.real };
}

void rdf_literal_of(struct literal *out, const struct rdf_term *term, uint8_t *room)
{
	size_t n = term->language.len;

	if (!n) {
		rdf_literal_typed(out, term->text, term->datatype);
		return;
	}
	*out = (struct literal){ .kind = LITERAL_LANG, .text = term->text,
				 .extra = term->language };
	if (term->direction == RDF_NO_DIRECTION)
		return;
	memcpy(room, term->language.ptr, n);
	memcpy(room + n, term->direction == RDF_LTR ? "--ltr" : "--rtl", 5);
	out->extra = bytes_of(room, n + 5);
}

static void language(struct rdf_term *out, struct bytes tag)
{
	static const char *const way[] = { "--ltr", "--rtl" };

	out->language = tag;
	for (int i = 0; tag.len > 5 && i < 2; i++)
		if (memcmp(tag.ptr + tag.len - 5, way[i], 5) == 0) {
			out->language.len -= 5;
			out->direction = i ? RDF_RTL : RDF_LTR;
		}
}

static void value(struct rdf_term *out, const struct literal *l, uint8_t *room)
{
	struct rdf_value v = { .fit = RDF_CANONICAL };

	v.type = l->kind == LITERAL_BOOL ? RDF_BOOLEAN :
		l->kind == LITERAL_INTEGER ? RDF_INTEGER : RDF_DOUBLE;
	if (l->kind == LITERAL_BOOL)
		v.boolean = l->b;
	else if (l->kind == LITERAL_INTEGER)
		v.integer = l->i;
	else
		v.real = l->r;
	out->datatype = rdf_value_datatype(v.type);
	out->text = bytes_of(room, rdf_value_write(&v, room));
}

void rdf_literal_term(struct rdf_term *out, const struct literal *l,
		      uint8_t room[RDF_VALUE_MOST])
{
	*out = (struct rdf_term){ .kind = RDF_LITERAL, .text = l->text };
	switch (l->kind) {
	case LITERAL_BOOL:
	case LITERAL_INTEGER:
	case LITERAL_DOUBLE:
		value(out, l, room);
		break;
	case LITERAL_DECIMAL:
		out->datatype = rdf_value_datatype(RDF_DECIMAL);
		break;
	case LITERAL_DATE:
		out->datatype = rdf_value_datatype(RDF_DATE);
		break;
	case LITERAL_DATETIME:
		out->datatype = rdf_value_datatype(RDF_DATE_TIME);
		break;
	case LITERAL_STRING:
		break;
	case LITERAL_LANG:
		language(out, l->extra);
		break;
	case LITERAL_JSON:
		out->datatype = bytes_str(RDF_JSON);
		break;
	case LITERAL_TYPED:
		out->datatype = l->extra;
		break;
	}
}
