/* tests/unit/ntriples_made.h - random statements, and ways to spell them */
#ifndef TESTS_UNIT_NTRIPLES_MADE_H
#define TESTS_UNIT_NTRIPLES_MADE_H

#include "base/hash.h"
#include "tests/unit/ntriples_slow.h"

static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static uint32_t random_code(void)
{
	static const uint32_t edge[] = {
		0, 1, 8, 9, 10, 11, 12, 13, 31, ' ', '"', '\\', 0x7e, 0x7f, 0x80, 0x9f, 0xb7,
		0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1fffe,
		0x10ffff,
	};
	uint32_t code;

	switch (rnd(8)) {
	case 0:
		return edge[rnd(sizeof edge / sizeof *edge)];
	case 1:
		do
			code = (uint32_t)rnd(0x110000);
		while (!utf8_is(code));
		return code;
	default:
		return (uint32_t)(' ' + rnd(95));
	}
}

/* Longer than a window now and then. */
static size_t random_len(void)
{
	return rnd(16) ? rnd(20) : rnd(300);
}

static bool in_iri(uint32_t c)
{
	return c > 0x20 && !in(c, "<>\"{}|^`\\");
}

static struct bytes random_text(struct buf *room, bool iri)
{
	size_t start = room->len, n = random_len();

	if (iri)
		add(room, rnd(2) ? "http://a.b/" : rnd(2) ? "urn:" : "Z9+-.:");
	while (n--) {
		uint32_t c = random_code();

		if (!iri || in_iri(c))
			add_code(room, c);
	}
	return bytes_of(room->ptr + start, room->len - start);
}

static struct bytes random_label(struct buf *room)
{
	static const char *const parts[] = { "a", "Z", "0", "_", "-", ".", "\xc3\xa9", "\xc2\xb7",
					     "\xe3\x80\x81", "\xf3\xaf\xbf\xbf" };
	size_t start = room->len, n = random_len();

	add(room, parts[rnd(4)]);
	while (n--)
		add(room, parts[rnd(10)]);
	add(room, parts[rnd(5)]);
	return bytes_of(room->ptr + start, room->len - start);
}

struct made {
	struct buf room;
	struct rdf_term nested[3 * NTRIPLES_DEPTH];
	unsigned nested_n;
	struct rdf_statement st;
};

static struct rdf_term random_node(struct made *m, bool iri)
{
	struct rdf_term t = { .kind = iri || rnd(3) ? RDF_IRI : RDF_BLANK };

	t.text = t.kind == RDF_IRI ? random_text(&m->room, true) : random_label(&m->room);
	return t;
}

static struct rdf_term random_object(struct made *m)
{
	static const char *const tags[] = { "en", "DE-at", "a-1-b2", "abcdefgh-ABCDEFGH" };
	struct rdf_term t = { .kind = RDF_LITERAL };

	if (rnd(6) == 0 && m->nested_n < 12) {
		struct rdf_term *in = m->nested + m->nested_n;

		m->nested_n += 3;
		in[0] = random_node(m, false);
		in[1] = random_node(m, true);
		in[2] = random_object(m);
		return (struct rdf_term){ .kind = RDF_TRIPLE, .triple = in };
	}
	if (rnd(2))
		return random_node(m, false);
	t.text = random_text(&m->room, false);
	if (rnd(3) == 0) {
		t.language = bytes_str(tags[rnd(4)]);
		t.direction = (enum rdf_direction)rnd(3);
	} else if (rnd(2)) {
		t.datatype = random_text(&m->room, true);
	}
	return t;
}

static void random_statement(struct made *m, bool quads)
{
	buf_clear(&m->room);
	assert_int_equal(buf_reserve(&m->room, 1 << 16), 0);	/* it must not move */
	m->nested_n = 0;
	m->st.n = quads && rnd(2) ? 4 : 3;
	m->st.term[0] = random_node(m, false);
	m->st.term[1] = random_node(m, true);
	m->st.term[2] = random_object(m);
	m->st.term[3] = random_node(m, false);
	assert_true(m->room.cap <= 1 << 17);
}

/* --- and ways to spell them --- */

static void spell_blanks(struct buf *out, bool some)
{
	if (some || rnd(3) == 0)
		add(out, " ");
	while (rnd(8) == 0)
		add(out, rnd(2) ? " " : "\t");
}

static void spell_text(struct buf *out, struct bytes text, bool iri)
{
	static const char letters[] = "tbnrf\"'\\", bytes[] = "\t\b\n\r\f\"'\\";
	const uint8_t *at = text.ptr, *end = at + text.len, *must;
	uint32_t code;

	for (; at < end; ) {
		size_t n = utf8_get(at, end, &code);
		bool must_be = !iri && in(code, "\"\\\n\r");

		must = code && code < 0x80 ? (const uint8_t *)strchr(bytes, (int)code) : NULL;
		if (!iri && must && (must_be || rnd(4) == 0) && rnd(3))
			buf_printf(out, "\\%c", letters[must - (const uint8_t *)bytes]);
		else if (must_be || rnd(64) == 0)
			buf_printf(out, code > 0xffff || rnd(2) ? rnd(2) ? "\\U%08X" : "\\U%08x" :
				   "\\u%04x", code);
		else
			assert_int_equal(buf_add(out, at, n), 0);
		at += n;
	}
}

static void spell_term(struct buf *out, const struct rdf_term *t)
{
	static const char *const directions[] = { "", "--ltr", "--rtl" };

	if (t->kind == RDF_TRIPLE) {
		add(out, "<<(");
		for (int i = 0; i < 3; i++) {
			spell_blanks(out, i && t->triple[i - 1].kind == RDF_BLANK);
			spell_term(out, &t->triple[i]);
		}
		spell_blanks(out, false);
		add(out, ")>>");
		return;
	}
	add(out, t->kind == RDF_IRI ? "<" : t->kind == RDF_BLANK ? "_:" : "\"");
	if (t->kind == RDF_BLANK)
		assert_int_equal(buf_add(out, t->text.ptr, t->text.len), 0);
	else
		spell_text(out, t->text, t->kind == RDF_IRI);
	add(out, t->kind == RDF_IRI ? ">" : t->kind == RDF_BLANK ? "" : "\"");
	if (t->kind != RDF_LITERAL)
		return;
	if (t->language.len) {
		spell_blanks(out, false);
		buf_printf(out, "@%.*s%s", (int)t->language.len,
			   (const char *)t->language.ptr, directions[t->direction]);
	} else if (t->datatype.len || rnd(4) == 0) {
		struct bytes type = t->datatype.len ? t->datatype : bytes_str(XSD "string");

		spell_blanks(out, false);
		add(out, "^^");
		spell_blanks(out, false);
		add(out, "<");
		spell_text(out, type, true);
		add(out, ">");
	}
}

static void spell(struct buf *out, const struct rdf_statement *st)
{
	spell_blanks(out, false);
	for (unsigned i = 0; i < st->n; i++) {
		spell_term(out, &st->term[i]);
		spell_blanks(out, true);
	}
	add(out, ".");
	spell_blanks(out, false);
	if (rnd(8) == 0)
		add(out, "# <a> \"\xc3\xa9");
}

/* As the canonical form has it. */
static void lower_languages(struct made *m, struct buf *room)
{
	for (unsigned i = 0; i < 3 + m->nested_n; i++) {
		struct rdf_term *t = i < 3 ? &m->st.term[i] : &m->nested[i - 3];
		size_t start = room->len;

		if (t->kind != RDF_LITERAL)
			continue;
		for (size_t k = 0; k < t->language.len; k++)
			buf_add_byte(room, t->language.ptr[k] |
				     (is_alpha(t->language.ptr[k]) ? 0x20 : 0));
		t->language = bytes_of(room->ptr + start, t->language.len);
	}
}

#endif
