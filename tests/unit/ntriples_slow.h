/* tests/unit/ntriples_slow.h - a reader of N-Triples that is slow and plain to see
 *
 * A line as characters, each rule as the grammar writes it; nothing of graph/rdf but
 * the encoder of UTF-8.  What it read it says in the words of show().
 */
#ifndef TESTS_UNIT_NTRIPLES_SLOW_H
#define TESTS_UNIT_NTRIPLES_SLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "graph/rdf/ntriples.h"
#include "base/utf8.h"

#define TEXT_MOST 65536u
#define XSD "http://www.w3.org/2001/XMLSchema#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

static struct bytes whole(const struct buf *b)
{
	return bytes_of(b->ptr ? b->ptr : (const uint8_t *)"", b->len);
}

static void add(struct buf *b, const char *text)
{
	assert_int_equal(buf_add(b, text, strlen(text)), 0);
}

static void add_code(struct buf *b, uint32_t code)
{
	uint8_t c[UTF8_LONGEST];

	assert_int_equal(buf_add(b, c, utf8_put(c, code)), 0);
}

/* --- what was read, as a text to compare --- */

static void show_term(struct buf *b, const struct rdf_term *t)
{
	assert_int_equal(buf_add_byte(b, (uint8_t)"?iblt"[t->kind]), 0);
	if (t->kind == RDF_TRIPLE) {
		for (int i = 0; i < 3; i++)
			show_term(b, &t->triple[i]);
		add(b, ";");
		return;
	}
	assert_int_equal(buf_add(b, t->text.ptr, t->text.len), 0);
	add(b, "|");
	if (t->datatype.len)
		assert_int_equal(buf_add(b, t->datatype.ptr, t->datatype.len), 0);
	if (t->language.len) {
		add(b, "@");
		assert_int_equal(buf_add(b, t->language.ptr, t->language.len), 0);
	}
	add(b, t->direction == RDF_LTR ? ">" : t->direction == RDF_RTL ? "<" : "");
	add(b, ";");
}

static void show(struct buf *b, const struct rdf_statement *s)
{
	for (unsigned i = 0; i < s->n; i++)
		show_term(b, &s->term[i]);
	add(b, "\n");
}

/* --- the reader --- */

struct slow {
	uint32_t code[TEXT_MOST];
	size_t n, at;
	bool quads;
	unsigned depth;
	struct buf *out;
};

/* Bits, as the definition of UTF-8 draws them. */
static bool slow_decode(struct slow *s, const uint8_t *p, size_t len)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

	s->n = s->at = 0;
	for (size_t i = 0; i < len;) {
		unsigned more = p[i] < 0x80 ? 0 : p[i] >> 5 == 6 ? 1 : p[i] >> 4 == 14 ? 2 :
			p[i] >> 3 == 30 ? 3 : 9;
		uint32_t code = more ? p[i] & (0x3fu >> more) : p[i];

		if (more == 9 || len - i <= more)
			return false;
		for (unsigned k = 1; k <= more; k++) {
			if (p[i + k] >> 6 != 2)
				return false;
			code = code << 6 | (p[i + k] & 0x3f);
		}
		if (code < least[more] || code > 0x10ffff || code >> 11 == 0x1b)
			return false;
		s->code[s->n++] = code;
		i += more + 1;
	}
	return true;
}

static uint32_t now(const struct slow *s)
{
	return s->at < s->n ? s->code[s->at] : UINT32_MAX;
}

static bool eat(struct slow *s, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (s->at + i >= s->n || s->code[s->at + i] != (uint8_t)text[i])
			return false;
	s->at += n;
	return true;
}

static void slow_blanks(struct slow *s)
{
	while (now(s) == ' ' || now(s) == '\t')
		s->at++;
}

static bool in(uint32_t c, const char *set)
{
	return c && c < 0x80 && strchr(set, (int)c);
}

static bool is_alpha(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool slow_escape(struct slow *s, bool iri, uint32_t *out)
{
	static const char *const pairs[] = { "t\t", "b\b", "n\n", "r\r", "f\f", "\"\"",
					     "''", "\\\\" };
	int digits = eat(s, "u") ? 4 : eat(s, "U") ? 8 : 0;
	uint64_t code = 0;

	if (!digits && iri)
		return false;
	for (size_t i = 0; !digits && i < 8; i++)
		if (now(s) == (uint8_t)pairs[i][0]) {
			*out = (uint8_t)pairs[i][1];
			s->at++;
			return true;
		}
	if (!digits)
		return false;
	for (; digits; digits--, s->at++) {
		const char *hex = "0123456789abcdefABCDEF", *at;

		if (!in(now(s), hex))
			return false;
		at = strchr(hex, (int)now(s));
		code = code * 16 + (uint64_t)(at - hex - (at - hex > 15 ? 6 : 0));
	}
	*out = (uint32_t)code;
	return code < 0xd800 || (code > 0xdfff && code < 0x110000);
}

/* <...>, its characters into OUT. */
static bool slow_iri(struct slow *s, struct buf *out)
{
	size_t from = out->len;
	bool colon = false, scheme = true;

	if (!eat(s, "<"))
		return false;
	while (!eat(s, ">")) {
		uint32_t c = now(s);

		s->at++;
		if (c == UINT32_MAX || (c == '\\' && !slow_escape(s, true, &c)))
			return false;
		if (c <= 0x20 || in(c, "<>\"{}|^`\\"))
			return false;
		if (c == ':')
			colon = true;
		else if (!colon)
			scheme = scheme && (is_alpha(c) || (out->len > from &&
							    (is_digit(c) || in(c, "+-."))));
		if (c == ':' && out->len == from)
			scheme = false;
		add_code(out, c);
	}
	return colon && scheme;
}

static bool slow_base(uint32_t c)
{
	return is_alpha(c) || (c >= 0xc0 && c <= 0x2ff && c != 0xd7 && c != 0xf7) ||
		(c >= 0x370 && c <= 0x1fff && c != 0x37e) || c == 0x200c || c == 0x200d ||
		(c >= 0x2070 && c <= 0x218f) || (c >= 0x2c00 && c <= 0x2fef) ||
		(c >= 0x3001 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) ||
		(c >= 0xfdf0 && c <= 0xfffd) || (c >= 0x10000 && c <= 0xeffff);
}

static bool slow_name(uint32_t c)
{
	return slow_base(c) || c == '_' || c == '-' || is_digit(c) || c == 0xb7 ||
		(c >= 0x300 && c <= 0x36f) || c == 0x203f || c == 0x2040;
}

static bool slow_blank(struct slow *s)
{
	size_t last;

	if (!eat(s, "_:") || !(slow_base(now(s)) || now(s) == '_' || is_digit(now(s))))
		return false;
	last = s->at;
	for (size_t i = s->at; i < s->n && (slow_name(s->code[i]) || s->code[i] == '.'); i++)
		if (s->code[i] != '.')
			last = i;
	add(s->out, "b");
	for (; s->at <= last; s->at++)
		add_code(s->out, s->code[s->at]);
	add(s->out, "|;");
	return true;
}

static bool slow_tag(struct slow *s)
{
	add(s->out, "|@");
	for (bool first = true;; first = false) {
		size_t n = 0;

		for (; is_alpha(now(s)) || (!first && is_digit(now(s))); s->at++, n++)
			add_code(s->out, now(s));
		if (n < 1 || n > 8)
			return false;
		if (eat(s, "--"))
			break;
		if (!eat(s, "-"))
			return true;
		add(s->out, "-");
	}
	if (!eat(s, "ltr") && !eat(s, "rtl"))
		return false;
	add(s->out, s->code[s->at - 3] == 'l' ? ">" : "<");
	return !is_alpha(now(s)) && !is_digit(now(s)) && now(s) != '-';
}

static bool slow_literal(struct slow *s)
{
	struct buf type = {0};
	bool good = true;

	if (!eat(s, "\""))
		return false;
	add(s->out, "l");
	while (!eat(s, "\"")) {
		uint32_t c = now(s);

		s->at++;
		if (c == UINT32_MAX || (c == '\\' && !slow_escape(s, false, &c)))
			return false;
		add_code(s->out, c);
	}
	slow_blanks(s);
	if (eat(s, "@")) {
		good = slow_tag(s);
	} else if (eat(s, "^^")) {
		slow_blanks(s);
		good = slow_iri(s, &type) &&
			!bytes_equal(whole(&type), bytes_str(RDF "langString")) &&
			!bytes_equal(whole(&type), bytes_str(RDF "dirLangString"));
		add(s->out, "|");
		if (!bytes_equal(whole(&type), bytes_str(XSD "string")))
			assert_int_equal(buf_add(s->out, type.ptr, type.len), 0);
		buf_release(&type);
	} else {
		add(s->out, "|");
	}
	add(s->out, ";");
	return good;
}

static bool slow_resource(struct slow *s)
{
	bool good;

	if (now(s) == '_')
		return slow_blank(s);
	add(s->out, "i");
	good = slow_iri(s, s->out);
	add(s->out, "|;");
	return good;
}

static bool slow_triple(struct slow *s);

static bool slow_object(struct slow *s)
{
	bool good;

	if (now(s) == '"')
		return slow_literal(s);
	if (!eat(s, "<<("))
		return slow_resource(s);
	if (++s->depth > NTRIPLES_DEPTH)
		return false;
	add(s->out, "t");
	slow_blanks(s);
	good = slow_triple(s);
	slow_blanks(s);
	add(s->out, ";");
	return good && eat(s, ")>>");
}

static bool slow_triple(struct slow *s)
{
	if (!slow_resource(s))
		return false;
	slow_blanks(s);
	if (now(s) != '<' || !slow_resource(s))
		return false;
	slow_blanks(s);
	return slow_object(s);
}

/* 1 and what was read in OUT, 0 for a line without a statement, -1. */
static int slow_line(struct slow *s, struct bytes line, bool quads, struct buf *out)
{
	int found = 0;

	s->quads = quads;
	s->depth = 0;
	s->out = out;
	if (!slow_decode(s, line.ptr, line.len))
		return -1;
	slow_blanks(s);
	if (eat(s, "VERSION")) {
		struct buf none = {0};
		bool good;

		slow_blanks(s);
		s->out = &none;
		good = now(s) == '"';
		for (s->at++; good && !eat(s, "\""); ) {
			uint32_t c = now(s);

			s->at++;
			good = c != UINT32_MAX && (c != '\\' || slow_escape(s, false, &c));
		}
		if (!good)
			return -1;
	} else if (s->at < s->n && now(s) != '#') {
		found = 1;
		if (!slow_triple(s))
			return -1;
		slow_blanks(s);
		if (quads && now(s) != '.' && !slow_resource(s))
			return -1;
		slow_blanks(s);
		if (!eat(s, "."))
			return -1;
		add(out, "\n");
	}
	slow_blanks(s);
	return s->at == s->n || now(s) == '#' ? found : -1;
}

/* Each line of TEXT: what it says, or that it is refused. */
static void slow_text(struct bytes text, bool quads, struct buf *out)
{
	static struct slow slow;
	struct buf one = {0};
	size_t at = 0;

	while (at < text.len) {
		size_t end = at;
		int r;

		while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r')
			end++;
		buf_clear(&one);
		r = slow_line(&slow, bytes_of(text.ptr + at, end - at), quads, &one);
		if (r < 0)
			add(out, "refused\n");
		else if (r > 0)
			assert_int_equal(buf_add(out, one.ptr, one.len), 0);
		end += end < text.len && text.ptr[end] == '\r';
		end += end < text.len && text.ptr[end] == '\n';
		at = end;
	}
	buf_release(&one);
}

#endif
