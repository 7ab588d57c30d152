/* graph/text/ldbc.c - keys and values of a properties file */
#include "graph/text/ldbc.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "graph/text/fields.h"

static struct bytes trim(struct bytes b)
{
	while (b.len && fields_blank(b.ptr[0]))
		b = bytes_of(b.ptr + 1, b.len - 1);
	while (b.len && fields_blank(b.ptr[b.len - 1]))
		b.len--;
	return b;
}

static bool ends(struct bytes key, const char *word)
{
	size_t len = strlen(word);

	return key.len > len && key.ptr[key.len - len - 1] == '.' &&
		!memcmp(key.ptr + key.len - len, word, len);
}

static int number(bool *has, uint64_t *out, struct bytes value)
{
	*has = true;
	return fields_number(value, out) ? 0 :
		err_set(ERR_BAD_RECORD, "no number: \"%s\"", bytes_show(value));
}

static int direction(struct ldbc *out, struct bytes value)
{
	if (bytes_equal(value, bytes_str("true")))
		out->direction = TEXT_DIRECTED;
	else if (bytes_equal(value, bytes_str("false")))
		out->direction = TEXT_UNDIRECTED;
	else
		return err_set(ERR_BAD_RECORD, "directed is true or false, not \"%s\"",
			       bytes_show(value));
	return 0;
}

static int property(struct ldbc *out, struct bytes key, struct bytes value)
{
	if (ends(key, "vertex-file"))
		out->vertex_file = value;
	else if (ends(key, "edge-file"))
		out->edge_file = value;
	else if (ends(key, "directed"))
		return direction(out, value);
	else if (ends(key, "meta.vertices"))
		return number(&out->has_vertex_n, &out->vertex_n, value);
	else if (ends(key, "meta.edges"))
		return number(&out->has_edge_n, &out->edge_n, value);
	return 0;
}

static int line(struct ldbc *out, struct bytes text)
{
	struct bytes key = trim(text), value;
	const uint8_t *sign;

	if (!key.len || key.ptr[0] == '#' || key.ptr[0] == '!')
		return 0;
	sign = memchr(key.ptr, '=', key.len);
	sign = sign ? sign : memchr(key.ptr, ':', key.len);
	if (!sign)
		return err_set(ERR_BAD_RECORD, "expected KEY = VALUE, found \"%s\"",
			       bytes_show(key));
	value = trim(bytes_of(sign + 1, (size_t)(key.ptr + key.len - sign - 1)));
	return property(out, trim(bytes_of(key.ptr, (size_t)(sign - key.ptr))), value);
}

static int place(const char *name, uint64_t n)
{
	struct err_note note;

	err_take(&note, ERR_BAD_RECORD);
	return err_set(ERR_BAD_RECORD, "%s: line %" PRIu64 ": %s", name, n, note.message);
}

int ldbc_read(struct ldbc *out, struct bytes text, const char *name)
{
	uint64_t n = 0;

	*out = (struct ldbc){0};
	while (text.len) {
		const uint8_t *lf = memchr(text.ptr, '\n', text.len);
		size_t len = lf ? (size_t)(lf - text.ptr) : text.len, whole = len + !!lf;

		n++;
		if (line(out, bytes_of(text.ptr, len)) < 0)
			return place(name, n);
		text = bytes_of(text.ptr + whole, text.len - whole);
	}
	if (!out->vertex_file.len || !out->edge_file.len)
		return err_set(ERR_BAD_RECORD, "%s: no vertex-file or no edge-file in it",
			       name);
	return 0;
}
