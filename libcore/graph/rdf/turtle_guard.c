/* graph/rdf/turtle_guard.c - comments, IRIs and strings told from the rest */
#include "graph/rdf/turtle_guard.h"

#include "graph/rdf/turtle.h"

static int is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static const char *digit(struct turtle_guard *g, uint8_t c)
{
	uint8_t low = c | 0x20;

	if (is_digit(c))
		g->code = g->code << 4 | (c - (uint32_t)'0');
	else if (low >= 'a' && low <= 'f')
		g->code = g->code << 4 | (low - (uint32_t)'a' + 10);
	else
		g->digit_n = 1;		/* none: libserd refuses it */
	g->digit_n--;
	return g->digit_n == 0 && g->code >= 0xd800 && g->code <= 0xdfff ?
		"an escaped surrogate is no character" : NULL;
}

/* The byte after a backslash, or a digit of an escape; true when C is done with. */
static int escape(struct turtle_guard *g, uint8_t c, const char **why)
{
	if (g->digit_n) {
		*why = digit(g, c);
		return 1;
	}
	if (g->escaped) {
		g->escaped = 0;
		g->code = 0;
		if (g->where != TURTLE_OUTSIDE)
			g->digit_n = c == 'u' ? 4 : c == 'U' ? 8 : 0;
		return 1;
	}
	g->escaped = c == '\\';
	return g->escaped;
}

static int is_name(uint8_t c)
{
	uint8_t low = c | 0x20;

	return is_digit(c) || (low >= 'a' && low <= 'z') || c == '_' || c == '-' || c >= 0x80;
}

/* C follows _: and a letter, and no prefix that ends so. */
static const char *label(struct turtle_guard *g, uint8_t c)
{
	uint32_t last = g->recent;
	uint8_t letter = last & 0xff;

	g->recent = last << 8 | c;
	if (!is_digit(c) || (last >> 8 & 0xffff) != ('_' << 8 | ':') ||
	    is_name((uint8_t)(last >> 24)))
		return NULL;
	g->labels |= letter == 'b' ? 1 : letter == 'B' ? 2 : 0;
	return g->labels == 3 ? "blank nodes _:b and _:B with digits, both: libserd cannot"
		" tell them apart" : NULL;
}

static const char *outside(struct turtle_guard *g, uint8_t c)
{
	const char *why = label(g, c);

	if (why)
		return why;
	if (c == '#') {
		g->where = TURTLE_COMMENT;
	} else if (c == '<') {
		g->where = TURTLE_IRI;
	} else if (c == '"' || c == '\'') {
		g->where = TURTLE_OPENING;
		g->quote = c;
		g->quotes = 1;
	} else if (c == '[' || c == '(' || c == '{') {
		if (++g->depth > TURTLE_DEPTH)
			return "brackets nested too deep";
	} else if ((c == ']' || c == ')' || c == '}') && g->depth) {
		g->depth--;
	}
	return NULL;
}

/* Behind one quote or two: is it "x, """x, or "" and then something else? */
static void opening(struct turtle_guard *g, uint8_t c)
{
	if (c == g->quote) {
		if (++g->quotes == 3) {
			g->where = TURTLE_LONG;
			g->quotes = 0;
		}
		return;
	}
	g->where = g->quotes == 2 ? TURTLE_OUTSIDE : TURTLE_SHORT;
	g->quotes = 0;
}

static const char *step(struct turtle_guard *g, uint8_t c)
{
	const char *why = NULL;

	g->line += c == '\n';
	if (g->where == TURTLE_COMMENT) {
		if (c == '\n' || c == '\r')
			g->where = TURTLE_OUTSIDE;
		return NULL;
	}
	if (g->where == TURTLE_OPENING) {
		opening(g, c);
		if (g->where == TURTLE_OPENING || g->where == TURTLE_LONG)
			return NULL;
	}
	if (escape(g, c, &why)) {
		g->quotes = 0;
		return why;
	}
	if (g->where == TURTLE_OUTSIDE)
		return outside(g, c);
	if (g->where == TURTLE_IRI) {
		if (c == '>')
			g->where = TURTLE_OUTSIDE;
		return NULL;
	}
	g->quotes = c == g->quote ? g->quotes + 1 : 0;
	if (g->quotes == (g->where == TURTLE_LONG ? 3 : 1))
		g->where = TURTLE_OUTSIDE;
	return NULL;
}

size_t turtle_guard(struct turtle_guard *g, const uint8_t *at, size_t len, const char **why)
{
	for (size_t i = 0; i < len; i++) {
		*why = step(g, at[i]);
		if (*why)
			return i;
	}
	return len;
}
