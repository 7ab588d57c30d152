/* graph/rdf/ntriples.c - the plain way, and what every way has seldom
 *
 * The grammar is in ntriples_core.h.  Here are the escapes, labels, tags and comments,
 * and the words for what is wrong.
 */
#include "graph/rdf/ntriples_inside.h"

#include <string.h>

#include "base/err.h"
#include "base/utf8.h"

#define TEXT NT_STRING
#define BOTH (NT_STRING | NT_IRI)

const uint8_t ntriples_class[256] = {
	[0x00 ... '\t'] = TEXT, ['\v' ... '\f'] = TEXT, [0x0e ... ' '] = TEXT,
	['!'] = BOTH, ['#' ... '*'] = BOTH,
	['+'] = BOTH | NT_SCHEME, [','] = BOTH, ['-' ... '.'] = BOTH | NT_SCHEME,
	['/'] = BOTH, ['0' ... '9'] = BOTH | NT_LABEL | NT_DIGIT | NT_SCHEME,
	[':' ... ';'] = BOTH, ['<'] = TEXT, ['='] = BOTH, ['>'] = TEXT, ['?' ... '@'] = BOTH,
	['A' ... 'Z'] = BOTH | NT_LABEL | NT_LETTER,
	['['] = BOTH, [']'] = BOTH, ['^'] = TEXT, ['_'] = BOTH | NT_LABEL, ['`'] = TEXT,
	['a' ... 'z'] = BOTH | NT_LABEL | NT_LETTER,
	['{' ... '}'] = TEXT, ['~' ... 0xff] = BOTH,
};

/* --- the plain way --- */

static inline const uint8_t *stop_of(unsigned class, const uint8_t *at, const uint8_t *end,
				     uint64_t *high)
{
	unsigned seen = 0;

	for (; at < end && ntriples_class[*at] & class; at++)
		seen |= *at & 0x80u;
	*high |= seen;
	return at;
}

static inline const uint8_t *iri_stop(const uint8_t *at, const uint8_t *end, uint64_t *high)
{
	return stop_of(NT_IRI, at, end, high);
}

static inline const uint8_t *string_stop(const uint8_t *at, const uint8_t *end,
					 uint64_t *high)
{
	return stop_of(NT_STRING, at, end, high);
}

static inline bool is_same(const uint8_t *at, const uint8_t *end, struct bytes before)
{
	return (size_t)(end - at) >= before.len && !memcmp(at, before.ptr, before.len);
}

#define NEXT ntriples_plain
#include "graph/rdf/ntriples_core.h"

/* --- refusals --- */

const uint8_t *ntriples_refuse(struct ntriples_scan *s, const uint8_t *at, const char *why)
{
	s->column = (size_t)(at - s->begin) + 1;
	s->error = err_set(ERR_BAD_RECORD, "column %zu: %s", s->column, why);
	return NULL;
}

static const uint8_t *refuse_utf8(struct ntriples_scan *s, const uint8_t *at)
{
	return ntriples_refuse(s, at, "bytes that are not UTF-8");
}

static const uint8_t *line_stop(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *lf = memchr(at, '\n', (size_t)(end - at)), *cr;

	lf = lf ? lf : end;
	cr = memchr(at, '\r', (size_t)(lf - at));
	return cr ? cr : lf;
}

const uint8_t *ntriples_skip(const uint8_t *at, const uint8_t *end)
{
	at = line_stop(at, end);
	at += at < end && *at == '\r';
	return at + (at < end && *at == '\n');
}

/* --- escapes --- */

static bool make_room(struct ntriples_scan *s)
{
	if (s->roomy == s->begin)
		return true;
	buf_clear(&s->room);
	s->error = buf_reserve(&s->room,
			       (size_t)(line_stop(s->begin, s->end) - s->begin));
	s->roomy = s->error < 0 ? NULL : s->begin;
	return s->error == 0;
}

static int digit_of(uint8_t c)
{
	if (ntriples_class[c] & NT_DIGIT)
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \u and \U: AT is at the letter, DIGITS follow. */
static const uint8_t *numeric(struct ntriples_scan *s, const uint8_t *at, int digits,
			      uint32_t *out)
{
	const uint8_t *start = at++ - 1;

	for (*out = 0; digits-- > 0; at++) {
		int digit = at < s->end ? digit_of(*at) : -1;

		if (digit < 0)
			return ntriples_refuse(s, at, "an escape without all of its digits");
		*out = *out << 4 | (uint32_t)digit;
	}
	if (!utf8_is(*out))
		return ntriples_refuse(s, start, *out > UTF8_MOST ? "an escape over U+10FFFF" :
				       "an escaped surrogate is no character");
	return at;
}

/* The escape whose backslash is at AT. */
static const uint8_t *escape(struct ntriples_scan *s, const uint8_t *at, unsigned class,
			     uint8_t **to)
{
	static const char letters[] = "tbnrf\"'\\", bytes[] = "\t\b\n\r\f\"'\\";
	uint8_t c = peek(s, at + 1);
	const char *which = c ? strchr(letters, c) : NULL;
	const uint8_t *next;
	uint32_t code;

	if (class == NT_STRING && which) {
		*(*to)++ = (uint8_t)bytes[which - letters];
		return at + 2;
	}
	if (c != 'u' && c != 'U')
		return ntriples_refuse(s, at, class == NT_IRI ?
				       "an IRI has no escapes but \\u and \\U" :
				       "an escape that does not exist");
	next = numeric(s, at + 1, c == 'u' ? 4 : 8, &code);
	if (!next)
		return NULL;
	if (code < 0x80 && !(class == NT_STRING || ntriples_class[code] & class))
		return ntriples_refuse(s, at, "a character that no IRI has, not even escaped");
	*to += utf8_put(*to, code);
	return next;
}

/* What begins at START and has its first escape at STOP; returns the byte it ends at. */
static const uint8_t *unescape(struct ntriples_scan *s, const uint8_t *start,
			       const uint8_t *stop, unsigned class, struct bytes *out)
{
	const uint8_t *at = start;
	uint64_t high = 0;
	uint8_t *to;

	if (!make_room(s))
		return NULL;
	out->ptr = to = s->room.ptr + s->room.len;
	for (;;) {
		memcpy(to, at, (size_t)(stop - at));
		to += stop - at;
		if (peek(s, stop) != '\\')
			break;
		at = escape(s, stop, class, &to);
		if (!at)
			return NULL;
		stop = stop_of(class, at, s->end, &high);
	}
	out->len = (size_t)(to - out->ptr);
	s->room.len += out->len;
	return stop;
}

/* A term of CLASS with escapes, bytes over 127, or a fault in it, up to its QUOTE. */
static const uint8_t *odd(struct ntriples_scan *s, const uint8_t *start,
			  const uint8_t *stop, unsigned class, struct bytes *out)
{
	const uint8_t *bad;

	*out = bytes_of(start, (size_t)(stop - start));
	if (peek(s, stop) == '\\')
		stop = unescape(s, start, stop, class, out);
	if (!stop)
		return NULL;
	bad = utf8_end(start, stop);
	return bad < stop ? refuse_utf8(s, bad) : stop;
}

const uint8_t *ntriples_odd_string(struct ntriples_scan *s, const uint8_t *start,
				   const uint8_t *stop, struct bytes *out)
{
	stop = odd(s, start, stop, NT_STRING, out);
	if (stop && peek(s, stop) != '"')
		return ntriples_refuse(s, stop, "a string that is not closed");
	return stop ? stop + 1 : NULL;
}

bool ntriples_has_scheme(const uint8_t *at, const uint8_t *end)
{
	if (at == end || !(ntriples_class[*at] & NT_LETTER))
		return false;
	while (at < end && ntriples_class[*at] & (NT_LETTER | NT_SCHEME))
		at++;
	return at < end && *at == ':';
}

const uint8_t *ntriples_odd_iri(struct ntriples_scan *s, const uint8_t *start,
				const uint8_t *stop, struct bytes *out)
{
	if (peek(s, start) == '<')
		return ntriples_refuse(s, start - 1, "a triple term is written <<( )>>, and"
				       " only an object may be one");
	stop = odd(s, start, stop, NT_IRI, out);
	if (!stop)
		return NULL;
	if (peek(s, stop) == '\n' || *stop == '\r')
		return ntriples_refuse(s, stop, "an IRI that is not closed");
	if (*stop != '>')
		return ntriples_refuse(s, stop, "a character that no IRI has");
	if (!ntriples_has_scheme(out->ptr, out->ptr + out->len))
		return ntriples_refuse(s, start, "an IRI must be absolute: it has no scheme");
	return stop + 1;
}

/* --- blank nodes --- */

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n && code >= r[i].first; i++)
		if (code <= r[i].last)
			return true;
	return false;
}

/* PN_CHARS_U of the grammar, over 127, and what is more in PN_CHARS. */
static bool is_label(uint32_t code, bool first)
{
	static const struct range any[] = {
		{ 0xc0, 0xd6 }, { 0xd8, 0xf6 }, { 0xf8, 0x2ff }, { 0x370, 0x37d },
		{ 0x37f, 0x1fff }, { 0x200c, 0x200d }, { 0x2070, 0x218f },
		{ 0x2c00, 0x2fef }, { 0x3001, 0xd7ff }, { 0xf900, 0xfdcf },
		{ 0xfdf0, 0xfffd }, { 0x10000, 0xeffff },
	};
	static const struct range later[] = {
		{ 0xb7, 0xb7 }, { 0x300, 0x36f }, { 0x203f, 0x2040 },
	};

	return in_ranges(code, any, sizeof any / sizeof *any) ||
		(!first && in_ranges(code, later, sizeof later / sizeof *later));
}

/* Bytes of the character at AT where it may be in a label, else 0. */
static size_t label_char(struct ntriples_scan *s, const uint8_t *at, bool first)
{
	uint8_t c = peek(s, at);
	uint32_t code;
	size_t n;

	if (c < 0x80)
		return ntriples_class[c] & NT_LABEL || (!first && (c == '-' || c == '.'));
	n = utf8_get(at, s->end, &code);
	return n && is_label(code, first) ? n : 0;
}

const uint8_t *ntriples_label(struct ntriples_scan *s, const uint8_t *at, struct bytes *out)
{
	const uint8_t *start = at + 2;
	size_t n;

	if (peek(s, at + 1) != ':')
		return ntriples_refuse(s, at, "a blank node begins with _:");
	n = label_char(s, start, true);
	if (!n)
		return ntriples_refuse(s, start, "no label of a blank node begins so");
	for (at = start; n; n = label_char(s, at, false))
		at += n;
	while (at[-1] == '.')		/* the statement's end */
		at--;
	*out = bytes_of(start, (size_t)(at - start));
	return at;
}

/* --- languages --- */

/* Behind a part of a tag: 1 to 8 letters, or digits too where it is not the FIRST. */
static const uint8_t *part(struct ntriples_scan *s, const uint8_t *at, bool first)
{
	unsigned class = first ? NT_LETTER : NT_LETTER | NT_DIGIT;
	const uint8_t *start = at;

	while (ntriples_class[peek(s, at)] & class)
		at++;
	if (at == start || at - start > 8)
		return ntriples_refuse(s, start, at == start ?
				       "a language tag with an empty part" :
				       "a part of a language tag has 8 letters at most");
	return at;
}

static const uint8_t *direction(struct ntriples_scan *s, const uint8_t *at,
				struct rdf_term *out)
{
	const uint8_t *stop = at;

	while (ntriples_class[peek(s, stop)] & (NT_LETTER | NT_DIGIT) || peek(s, stop) == '-')
		stop++;
	if (stop - at == 3 && !memcmp(at, "ltr", 3))
		out->direction = RDF_LTR;
	else if (stop - at == 3 && !memcmp(at, "rtl", 3))
		out->direction = RDF_RTL;
	else
		return ntriples_refuse(s, at, "a direction must be ltr or rtl");
	return stop;
}

const uint8_t *ntriples_language(struct ntriples_scan *s, const uint8_t *at,
				 struct rdf_term *out)
{
	const uint8_t *start = at;

	at = part(s, at, true);
	while (at && peek(s, at) == '-' && peek(s, at + 1) != '-')
		at = part(s, at + 1, false);
	if (!at)
		return NULL;
	out->language = bytes_of(start, (size_t)(at - start));
	return peek(s, at) == '-' ? direction(s, at + 2, out) : at;
}

/* --- lines without a statement --- */

const uint8_t *ntriples_comment(struct ntriples_scan *s, const uint8_t *at)
{
	const uint8_t *stop = line_stop(at, s->end), *bad = utf8_end(at, stop);

	return bad < stop ? refuse_utf8(s, bad) : stop;
}

const uint8_t *ntriples_version(struct ntriples_scan *s, const uint8_t *at)
{
	static const char word[] = "VERSION";
	struct bytes version;
	const uint8_t *start;
	uint64_t high = 0;

	if ((size_t)(s->end - at) < sizeof word - 1 || memcmp(at, word, sizeof word - 1))
		return ntriples_refuse(s, at, "a subject must be an IRI or a blank node");
	start = blanks(s, at + sizeof word - 1);
	if (peek(s, start) != '"')
		return ntriples_refuse(s, start, "VERSION is followed by a string");
	start++;
	return ntriples_odd_string(s, start, string_stop(start, s->end, &high), &version);
}

/* --- scans --- */

ntriples_fn *ntriples_way(enum ntriples_way way)
{
	return way == NTRIPLES_AVX2 ? ntriples_avx2() : ntriples_plain;
}

void ntriples_scan_begin(struct ntriples_scan *s, bool quads, struct mem *mem)
{
	ntriples_fn *fast = ntriples_avx2();

	*s = (struct ntriples_scan){ .quads = quads, .room.mem = mem };
	s->next = fast ? fast : ntriples_plain;
}

void ntriples_scan_text(struct ntriples_scan *s, struct bytes text)
{
	s->at = text.ptr;
	s->end = text.ptr + text.len;
	s->line = 0;
	s->roomy = NULL;
	s->subject.len = 0;
}

void ntriples_scan_end(struct ntriples_scan *s)
{
	buf_release(&s->room);
}

int ntriples_line(struct bytes line, struct ntriples_scan *s, struct rdf_statement *out)
{
	ntriples_scan_text(s, line);
	return ntriples_scan_next(s, out);
}
