/* graph/text/tsv.c - tsv: SRC TAB DST [TAB TYPE [TAB weight=WEIGHT]], escaped */
#include <string.h>

#include "base/err.h"
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
static int unescape(struct bytes *field, uint8_t **room)
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

static struct bytes cut(struct bytes *rest)
{
	const uint8_t *tab = rest->len ? memchr(rest->ptr, '\t', rest->len) : NULL;
	struct bytes field = *rest;

	if (tab)
		field.len = (size_t)(tab - rest->ptr);
	*rest = tab ? bytes_of(tab + 1, rest->len - field.len - 1) : (struct bytes){0};
	return field;
}

/* NAME=VALUE: the weight, and later others. */
static int property(struct bytes field, struct text_value *out)
{
	static const char name[] = "weight=";
	const struct bytes prefix = { (const uint8_t *)name, sizeof name - 1 };

	if (!bytes_starts(field, prefix))
		return err_set(ERR_UNSUPPORTED, "the column \"%s\": properties other than"
			       " weight cannot be stored yet", bytes_show(field));
	if (out->kind != TEXT_NO_VALUE)
		return err_set(ERR_BAD_RECORD, "two weights");
	return weight_parse(bytes_of(field.ptr + prefix.len, field.len - prefix.len), out);
}

static int tsv_line(struct bytes line, uint8_t *room, struct text_edge *out)
{
	struct bytes rest = line;
	int r;

	out->src.bytes = cut(&rest);
	if (!rest.ptr)
		return err_set(ERR_BAD_RECORD, "expected SRC TAB DST, found no TAB");
	out->dst.bytes = cut(&rest);
	out->type = rest.ptr ? cut(&rest) : rest;
	out->value.kind = TEXT_NO_VALUE;
	while (rest.ptr)
		if ((r = property(cut(&rest), &out->value)) < 0)
			return r;
	if (unescape(&out->src.bytes, &room) < 0 || unescape(&out->dst.bytes, &room) < 0 ||
	    unescape(&out->type, &room) < 0)
		return ERR_BAD_RECORD;
	out->src.is_number = text_number(out->src.bytes, &out->src.number);
	out->dst.is_number = text_number(out->dst.bytes, &out->dst.number);
	return limits(out);
}

const struct text_dialect tsv_dialect = {
	.name = "tsv", .shape = "SRC TAB DST [TAB TYPE [TAB weight=WEIGHT]]", .line = tsv_line,
};
