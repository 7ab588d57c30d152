/* graph/text/tsv.c - tsv: SRC TAB DST [TAB TYPE [TAB NAME=VALUE]...], escaped */
#include <string.h>

#include "base/err.h"
#include "graph/literal_code.h"
#include "graph/text/tsv.h"
#include "graph/text/weight.h"

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The escape at IN, backslash included: bytes used and *out, or 0 when unknown. */
static size_t escape(const uint8_t *in, size_t len, uint8_t *out)
{
	static const char from[] = "tnr0\\", to[] = "\t\n\r\0\\";
	const char *at = len > 1 && in[1] ? strchr(from, in[1]) : NULL;

	if (at) {
		*out = (uint8_t)to[at - from];
		return 2;
	}
	if (len < 4 || in[1] != 'x' || hex(in[2]) < 0 || hex(in[3]) < 0)
		return 0;
	*out = (uint8_t)(hex(in[2]) << 4 | hex(in[3]));
	return 4;
}

/* FIELD without its escapes, in ROOM if it has any. */
int tsv_unescape(struct bytes *field, uint8_t **room)
{
	uint8_t *to = *room;

	if (!field->len || !memchr(field->ptr, '\\', field->len))
		return 0;
	for (size_t i = 0; i < field->len;) {
		size_t used = 1;

		if (field->ptr[i] != '\\')
			*to = field->ptr[i];
		else if (!(used = escape(field->ptr + i, field->len - i, to)))
			return err_set(ERR_BAD_RECORD, "an unknown escape");
		i += used;
		to++;
	}
	*field = bytes_of(*room, (size_t)(to - *room));
	*room = to;
	return 0;
}

static int limits(const struct text_edge *e)
{
	if (!e->src.bytes.len || !e->dst.bytes.len)
		return err_set(ERR_BAD_RECORD, "an empty key");
	if (e->src.bytes.len > TEXT_KEY_MAX || e->dst.bytes.len > TEXT_KEY_MAX ||
	    e->type.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a key or type over %u bytes", TEXT_KEY_MAX);
	return 1;
}

struct bytes tsv_cut(struct bytes *rest)
{
	const uint8_t *tab = rest->len ? memchr(rest->ptr, '\t', rest->len) : NULL;
	struct bytes field = *rest;

	if (tab)
		field.len = (size_t)(tab - rest->ptr);
	*rest = tab ? bytes_of(tab + 1, rest->len - field.len - 1) : (struct bytes){0};
	return field;
}

static int weight(struct bytes value, struct text_value *out)
{
	if (out->kind != TEXT_NO_VALUE)
		return err_set(ERR_BAD_RECORD, "two weights");
	return weight_parse(value, out);
}

/* The name ends at the first = that stands there itself: one of its own is \x3d. */
int tsv_pair(struct bytes field, uint8_t **room, struct bytes *name, struct bytes *value)
{
	const uint8_t *is = field.len ? memchr(field.ptr, '=', field.len) : NULL;
	struct property none;
	int r;

	if (!is || is == field.ptr)
		return literal_parse_pair(&none, field);	/* it says why */
	*name = bytes_of(field.ptr, (size_t)(is - field.ptr));
	*value = bytes_of(is + 1, field.len - name->len - 1);
	r = tsv_unescape(name, room);
	if (r == 0)
		r = tsv_unescape(value, room);
	if (r == 0 && name->len > TEXT_KEY_MAX)
		r = err_set(ERR_BAD_RECORD, "a property's name over %u bytes", TEXT_KEY_MAX);
	return r;
}

/* NAME=VALUE: the weight, or another. */
static int property(struct bytes field, uint8_t **room, struct text_edge *out)
{
	struct bytes value;
	struct property p;
	int r = tsv_pair(field, room, &p.name, &value);

	if (r < 0)
		return r;
	if (bytes_equal(p.name, bytes_str("weight")))
		return weight(value, &out->value);
	literal_parse(&p.value, value);
	out->prop_n++;
	return out->prop_room ? buf_add(out->prop_room, &p, sizeof p) : 0;
}

static int tsv_line(struct bytes line, uint8_t *room, struct text_edge *out)
{
	struct bytes rest = line, field;

	rest.len -= line.len && line.ptr[line.len - 1] == '\r';	/* ours are written \r */
	out->src.bytes = tsv_cut(&rest);
	if (!rest.ptr)
		return err_set(ERR_BAD_RECORD, "expected SRC TAB DST, found no TAB");
	out->dst.bytes = tsv_cut(&rest);
	out->type = rest.ptr ? tsv_cut(&rest) : rest;
	out->value.kind = TEXT_NO_VALUE;
	if (tsv_unescape(&out->src.bytes, &room) < 0 || tsv_unescape(&out->dst.bytes, &room) < 0 ||
	    tsv_unescape(&out->type, &room) < 0)
		return ERR_BAD_RECORD;
	while (rest.ptr) {
		int r;

		field = tsv_cut(&rest);
		r = property(field, &room, out);
		if (r < 0)
			return r;
	}
	out->prop = out->prop_room ? (const struct property *)out->prop_room->ptr : NULL;
	out->src.is_number = text_number(out->src.bytes, &out->src.number);
	out->dst.is_number = text_number(out->dst.bytes, &out->dst.number);
	return limits(out);
}

const struct text_dialect tsv_dialect = {
	.name = "tsv", .shape = "SRC TAB DST [TAB TYPE [TAB NAME=VALUE]...]", .line = tsv_line,
};
