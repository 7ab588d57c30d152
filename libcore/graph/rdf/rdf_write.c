/* graph/rdf/rdf_write.c - what needs no escape is copied in runs */
#include "graph/rdf/rdf_write.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u
#define ESCAPE_MOST 6

/* Not 0 where a byte of eight is C; it may be for a byte above such a one too. */
static inline uint64_t is_byte(uint64_t eight, uint8_t c)
{
	eight ^= ONES * c;
	return (eight - ONES) & ~eight & HIGHS;
}

/* None of eight bytes needs a look: no control, quote, backslash, DEL or EF. */
static inline bool is_plain(uint64_t eight)
{
	return !(((eight - ONES * ' ') & ~eight & HIGHS) | is_byte(eight, '"') |
		 is_byte(eight, '\\') | is_byte(eight, 0x7f) | is_byte(eight, 0xef));
}

/* The length of the character at AT where it must be escaped, else 0. */
static size_t is_escaped(const uint8_t *at, const uint8_t *end, enum rdf_form form)
{
	if (*at == '"' || *at == '\\' || *at == '\n' || *at == '\r')
		return 1;
	if (form == RDF_FORM_11)
		return 0;
	if (*at < ' ' || *at == 0x7f)
		return 1;
	return end - at >= 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe ? 3 : 0;
}

static const uint8_t *run_end(const uint8_t *at, const uint8_t *end, enum rdf_form form)
{
	uint64_t eight;

	while (at < end) {
		if (end - at >= 8) {
			memcpy(&eight, at, 8);
			if (is_plain(eight)) {
				at += 8;
				continue;
			}
		}
		if (is_escaped(at, end, form))
			break;
		at++;
	}
	return at;
}

static size_t put_escape(uint8_t *out, const uint8_t *at, size_t len)
{
	static const char letters[] = "btn\0fr", hex[] = "0123456789ABCDEF";
	uint8_t c = *at;

	out[0] = '\\';
	if (len == 3) {
		memcpy(out + 1, at[2] == 0xbe ? "uFFFE" : "uFFFF", 5);
		return 6;
	}
	if (c == '"' || c == '\\' || (c >= '\b' && c <= '\r' && c != '\v')) {
		out[1] = c >= ' ' ? c : (uint8_t)letters[c - '\b'];
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = (uint8_t)hex[c >> 4];
	out[5] = (uint8_t)hex[c & 15];
	return 6;
}

/* --- into a buffer: reserved for all that is not escaped, grown for each escape --- */

static inline void put(struct buf *out, const void *ptr, size_t len)
{
	if (len)
		memcpy(out->ptr + out->len, ptr, len);
	out->len += len;
}

#define PUT(out, text) put(out, text, sizeof(text) - 1)

static int put_string(struct buf *out, struct bytes text, size_t behind, enum rdf_form form)
{
	const uint8_t *at = text.ptr, *end = at + text.len;

	PUT(out, "\"");
	for (;;) {
		const uint8_t *stop = run_end(at, end, form);
		size_t n;

		put(out, at, (size_t)(stop - at));
		if (stop == end)
			break;
		if (buf_reserve(out, ESCAPE_MOST + (size_t)(end - stop) + behind) < 0)
			return -1;
		n = is_escaped(stop, end, form);
		out->len += put_escape(out->ptr + out->len, stop, n);
		at = stop + n;
	}
	PUT(out, "\"");
	return 0;
}

static void put_language(struct buf *out, const struct rdf_term *t, enum rdf_form form)
{
	PUT(out, "@");
	for (size_t i = 0; i < t->language.len; i++) {
		uint8_t c = t->language.ptr[i];

		if (form == RDF_FORM_12 && c >= 'A' && c <= 'Z')
			c |= 0x20;
		out->ptr[out->len++] = c;
	}
	if (t->direction == RDF_LTR)
		PUT(out, "--ltr");
	else if (t->direction == RDF_RTL)
		PUT(out, "--rtl");
}

static int put_literal(struct buf *out, const struct rdf_term *t, enum rdf_form form)
{
	size_t behind = t->datatype.len + t->language.len + 16;

	if (put_string(out, t->text, behind, form) < 0)
		return -1;
	if (t->language.len) {
		put_language(out, t, form);
	} else if (t->datatype.len) {
		PUT(out, "^^<");
		put(out, t->datatype.ptr, t->datatype.len);
		PUT(out, ">");
	}
	return 0;
}

/* All but a triple term. */
static int put_simple(struct buf *out, const struct rdf_term *t, enum rdf_form form)
{
	/* brackets, quotes, ^^, a direction, and the blanks around a term */
	if (buf_reserve(out, t->text.len + t->datatype.len + t->language.len + 24) < 0)
		return -1;
	if (t->kind == RDF_LITERAL)
		return put_literal(out, t, form);
	if (t->kind == RDF_IRI)
		PUT(out, "<");
	else
		PUT(out, "_:");
	put(out, t->text.ptr, t->text.len);
	if (t->kind == RDF_IRI)
		PUT(out, ">");
	return 0;
}

/* A triple term goes on in its object, so a loop is enough. */
static int put_term(struct buf *out, const struct rdf_term *t, enum rdf_form form)
{
	size_t deep = 0;

	for (; t->kind == RDF_TRIPLE; t = &t->triple[RDF_OBJECT], deep++) {
		if (buf_add(out, "<<( ", 4) < 0 ||
		    put_simple(out, &t->triple[RDF_SUBJECT], form) < 0 ||
		    buf_add_byte(out, ' ') < 0 ||
		    put_simple(out, &t->triple[RDF_PREDICATE], form) < 0 ||
		    buf_add_byte(out, ' ') < 0)
			return -1;
	}
	if (put_simple(out, t, form) < 0)
		return -1;
	while (deep--)
		if (buf_add(out, " )>>", 4) < 0)
			return -1;
	return 0;
}

int rdf_write_term(struct buf *out, const struct rdf_term *t, enum rdf_form form)
{
	size_t len = out->len;

	if (put_term(out, t, form) == 0)
		return 0;
	out->len = len;
	return ERR_MEMORY;
}

int rdf_write(struct buf *out, const struct rdf_statement *s, enum rdf_form form)
{
	size_t len = out->len;

	for (unsigned i = 0; i < s->n; i++) {
		if (put_term(out, &s->term[i], form) < 0 || buf_reserve(out, 3) < 0)
			goto out;
		PUT(out, " ");
	}
	PUT(out, ".\n");
	return 0;
out:
	out->len = len;
	return ERR_MEMORY;
}
