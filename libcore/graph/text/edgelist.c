/* graph/text/edgelist.c - el: SRC DST [WEIGHT], as SNAP and GAP write it
 *
 * Separators are runs of blanks, TABs, commas, bars, and CR.  The fast path is a
 * line of digits: the number is computed while the end of the field is looked for.
 */
#include <string.h>

#include "base/err.h"
#include "graph/text/weight.h"

/* Bytes that end a field. */
static const bool separator[256] = {
	[' '] = true, ['\t'] = true, [','] = true, ['|'] = true, ['\r'] = true,
	['\v'] = true, ['\f'] = true,
};

static const uint8_t *skip(const uint8_t *at, const uint8_t *end)
{
	while (at < end && separator[*at])
		at++;
	return at;
}

/* A field from AT on; returns its end. */
static const uint8_t *field(const uint8_t *at, const uint8_t *end, struct text_key *out)
{
	const uint8_t *start = at;
	uint64_t v = 0;

	while (at < end && *at - (unsigned)'0' <= 9)
		v = v * 10 + (*at++ - (unsigned)'0');
	out->bytes.ptr = start;
	if ((at == end || separator[*at]) && at - start < 20 && at > start) {
		out->bytes.len = (size_t)(at - start);
		out->number = v;
		out->is_number = *start != '0' || at - start == 1;
		return at;
	}
	while (at < end && !separator[*at])
		at++;
	out->bytes.len = (size_t)(at - start);
	out->is_number = text_number(out->bytes, &out->number);
	return at;
}

static int bad_key(struct bytes key)
{
	if (key.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a key over %u bytes", TEXT_KEY_MAX);
	if (key.len && memchr(key.ptr, '\0', key.len))
		return err_set(ERR_BAD_RECORD, "a NUL byte: this is no text");
	return 0;
}

/* The third field, from AT on, as the weight. */
static int third(const uint8_t *at, const uint8_t *end, struct text_value *out)
{
	const uint8_t *start = at;

	while (at < end && !separator[*at])
		at++;
	if (skip(at, end) != end)
		return err_set(ERR_BAD_RECORD, "expected SRC DST [WEIGHT], found more fields");
	return weight_parse(bytes_of(start, (size_t)(at - start)), out);
}

static int edgelist_line(struct bytes line, uint8_t *room, struct text_edge *out)
{
	const uint8_t *end = line.ptr + line.len, *at;

	(void)room;
	if (line.len && (line.ptr[0] == '#' || line.ptr[0] == '%'))
		return 0;
	at = skip(line.ptr, end);
	if (at == end)
		return 0;
	if (*at == '#' || *at == '%')
		return 0;
	at = skip(field(at, end, &out->src), end);
	if (at == end)
		return err_set(ERR_BAD_RECORD, "expected SRC DST, found one field");
	at = skip(field(at, end, &out->dst), end);
	out->value.kind = TEXT_NO_VALUE;
	if (at != end && third(at, end, &out->value) < 0)
		return ERR_BAD_RECORD;
	out->type = (struct bytes){0};
	if (out->src.is_number && out->dst.is_number)
		return 1;
	if (bad_key(out->src.bytes) < 0 || bad_key(out->dst.bytes) < 0)
		return ERR_BAD_RECORD;
	return 1;
}

const struct text_dialect edgelist_dialect = {
	.name = "el", .shape = "SRC DST [WEIGHT]", .line = edgelist_line,
};
