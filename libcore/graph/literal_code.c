/* graph/literal_code.c - see literal_code.h
 *
 * Numbers are compared exactly where both have digits: as sign, digits and the place
 * of the point, without trailing or leading zeros.  Only beside a binary64 is a
 * decimal rounded to one.
 */
#include "graph/literal_inside.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/err.h"
#include "base/utf8.h"
#include "graph/rdf/rdf_literal.h"
#include "graph/text/weight.h"

#define TRUE_BIT 0x10u
#define GRAPH_BIT 0x80u
#define KIND_BITS 0x0fu

const char *literal_kind_name(enum literal_kind kind)
{
	static const char *const names[] = {
		[LITERAL_BOOL] = "boolean", [LITERAL_INTEGER] = "integer",
		[LITERAL_DOUBLE] = "double", [LITERAL_DECIMAL] = "decimal",
		[LITERAL_DATE] = "date", [LITERAL_DATETIME] = "datetime",
		[LITERAL_STRING] = "text", [LITERAL_LANG] = "language",
		[LITERAL_JSON] = "json", [LITERAL_TYPED] = "typed",
	};
	size_t i = (size_t)kind;

	return i < sizeof names / sizeof *names && names[i] ? names[i] : "unknown";
}

/* --- as bytes --- */

static int add_text(struct buf *out, struct bytes text)
{
	uint8_t head[VARINT_MAX];
	int r = buf_add(out, head, varint_put(head, text.len));

	return r < 0 ? r : buf_add(out, text.ptr, text.len);
}

static int add_value(struct buf *out, const struct literal *l)
{
	uint8_t head[VARINT_MAX];
	uint64_t bits;
	le64 d;
	int r;

	switch (l->kind) {
	case LITERAL_BOOL:
		return 0;
	case LITERAL_INTEGER:
		return buf_add(out, head, varint_put(head, (uint64_t)l->i << 1 ^
						     (uint64_t)(l->i >> 63)));
	case LITERAL_DOUBLE:
		memcpy(&bits, &l->r, sizeof bits);
		d = le64_of(bits);
		return buf_add(out, &d, sizeof d);
	case LITERAL_LANG:
	case LITERAL_TYPED:
		r = add_text(out, l->extra);
		return r < 0 ? r : add_text(out, l->text);
	default:
		return add_text(out, l->text);
	}
}

int literal_encode(struct buf *out, const struct literal *l)
{
	size_t before = out->len;
	uint8_t tag = (uint8_t)((unsigned)l->kind | (l->graph.len ? GRAPH_BIT : 0) |
				(l->kind == LITERAL_BOOL && l->b ? TRUE_BIT : 0));
	int r = buf_add_byte(out, tag);

	if (r == 0)
		r = add_value(out, l);
	if (r == 0 && l->graph.len)
		r = add_text(out, l->graph);
	if (r < 0)
		out->len = before;
	return r;
}

struct cut {
	const uint8_t *at, *end;
};

static bool cut_text(struct cut *c, struct bytes *out)
{
	uint64_t len;
	size_t n = varint_get(c->at, (size_t)(c->end - c->at), &len);

	if (n == 0 || len > (uint64_t)(c->end - c->at) - n)
		return false;
	*out = bytes_of(c->at + n, (size_t)len);
	c->at += n + len;
	return true;
}

static bool cut_integer(struct cut *c, int64_t *out)
{
	uint64_t x;
	size_t n = varint_get(c->at, (size_t)(c->end - c->at), &x);

	*out = n ? (int64_t)(x >> 1 ^ (0 - (x & 1))) : 0;
	c->at += n;
	return n > 0;
}

static bool cut_double(struct cut *c, double *out)
{
	uint64_t bits;
	le64 d;

	if (c->end - c->at < (ptrdiff_t)sizeof d)
		return false;
	memcpy(&d, c->at, sizeof d);
	bits = le64_get(d);
	memcpy(out, &bits, sizeof bits);
	c->at += sizeof d;
	return true;
}

static bool cut_value(struct cut *c, struct literal *out)
{
	switch (out->kind) {
	case LITERAL_BOOL:
		return true;
	case LITERAL_INTEGER:
		return cut_integer(c, &out->i);
	case LITERAL_DOUBLE:
		return cut_double(c, &out->r);
	case LITERAL_LANG:
	case LITERAL_TYPED:
		return cut_text(c, &out->extra) && out->extra.len > 0 && cut_text(c, &out->text);
	default:
		return cut_text(c, &out->text);
	}
}

static bool tag_is_good(uint8_t tag)
{
	unsigned kind = tag & KIND_BITS;
	unsigned other = tag & ~(KIND_BITS | GRAPH_BIT);

	return kind >= LITERAL_BOOL && kind <= LITERAL_TYPED &&
		(other == 0 || (other == TRUE_BIT && kind == LITERAL_BOOL));
}

size_t literal_decode(struct literal *out, const uint8_t *in, size_t len)
{
	struct cut c = { in + 1, in + len };

	if (len == 0 || !tag_is_good(*in))
		return 0;
	*out = (struct literal){ .kind = (enum literal_kind)(*in & KIND_BITS) };
	if (out->kind == LITERAL_BOOL)
		out->b = *in & TRUE_BIT;
	if (!cut_value(&c, out))
		return 0;
	if (*in & GRAPH_BIT && (!cut_text(&c, &out->graph) || out->graph.len == 0))
		return 0;
	return (size_t)(c.at - in);
}

size_t literal_len(const uint8_t *in, size_t len)
{
	struct literal l;

	return literal_decode(&l, in, len);
}

bool literal_equal(const struct literal *a, const struct literal *b)
{
	if (a->kind != b->kind || !bytes_equal(a->graph, b->graph))
		return false;
	switch (a->kind) {
	case LITERAL_BOOL:
		return a->b == b->b;
	case LITERAL_INTEGER:
		return a->i == b->i;
	case LITERAL_DOUBLE:
		return !memcmp(&a->r, &b->r, sizeof a->r);
	default:
		return bytes_equal(a->text, b->text) && bytes_equal(a->extra, b->extra);
	}
}

/* --- as words --- */

static bool is_digit(uint8_t c)
{
	return c - (unsigned)'0' <= 9;
}

static size_t digits(struct bytes b, size_t from)
{
	size_t i = from;

	while (i < b.len && is_digit(b.ptr[i]))
		i++;
	return i - from;
}

static void set_text(struct literal *out, enum literal_kind kind, struct bytes text)
{
	*out = (struct literal){ .kind = kind, .text = text };
}

struct spelling {		/* of a number */
	bool minus, zero;
	size_t whole, part;	/* digits before and behind the point */
	bool exponent;
};

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [-+]? [0-9]+)? and no more. */
static bool spelled(struct bytes b, struct spelling *s)
{
	size_t i = 0;

	*s = (struct spelling){0};
	if (b.len && b.ptr[0] == '-')
		s->minus = ++i;
	s->whole = digits(b, i);
	s->zero = s->whole && b.ptr[i] == '0';
	if (s->whole == 0 || (s->whole > 1 && s->zero))
		return false;
	i += s->whole;
	if (i < b.len && b.ptr[i] == '.') {
		s->part = digits(b, ++i);
		if (s->part == 0)
			return false;
		i += s->part;
	}
	if (i < b.len && (b.ptr[i] | 0x20) == 'e') {
		s->exponent = ++i;
		i += i < b.len && (b.ptr[i] == '-' || b.ptr[i] == '+');
		if (digits(b, i) == 0)
			return false;
		i += digits(b, i);
	}
	return i == b.len;
}

/* The datatype that TEXT is written as; NULL: it is text. */
static const char *type_of(struct bytes text)
{
	static const char *const moments[] = { RDF_XSD "date", RDF_XSD "dateTime" };
	struct rdf_value v;
	struct spelling s;

	if (bytes_equal(text, bytes_str("true")) || bytes_equal(text, bytes_str("false")))
		return RDF_XSD "boolean";
	if (text.len == 0 || (!is_digit(text.ptr[0]) && text.ptr[0] != '-'))
		return NULL;
	if (spelled(text, &s))
		return s.exponent ? RDF_XSD "double" : s.part ? RDF_XSD "decimal" :
			s.minus && s.zero ? NULL : RDF_XSD "integer";
	for (size_t i = 0; i < 2 && text.len >= sizeof "2026-11-22" - 1; i++) {
		rdf_value_of(text, bytes_str(moments[i]), &v);
		if (v.fit != RDF_INVALID)
			return moments[i];
	}
	return NULL;
}

void literal_parse(struct literal *out, struct bytes text)
{
	const char *type = type_of(text);

	if (type)
		rdf_literal_typed(out, text, bytes_str(type));
	else
		set_text(out, LITERAL_STRING, text);
}

int literal_parse_pair(struct property *out, struct bytes text)
{
	const uint8_t *is = text.len ? memchr(text.ptr, '=', text.len) : NULL;
	size_t n = is ? (size_t)(is - text.ptr) : 0;

	if (!is)
		return err_set(ERR_BAD_RECORD, "a property is NAME=VALUE, this has no =: %s",
			       bytes_show(text));
	if (n == 0)
		return err_set(ERR_BAD_RECORD, "a property is NAME=VALUE, this has no name: %s",
			       bytes_show(text));
	out->name = bytes_of(text.ptr, n);
	literal_parse(&out->value, bytes_of(is + 1, text.len - n - 1));
	return 0;
}

static int print_double(struct buf *out, double r)
{
	struct rdf_value v = { .type = RDF_DOUBLE, .real = r };
	uint8_t text[RDF_VALUE_MOST];

	return buf_add(out, text, rdf_value_write(&v, text));
}

int literal_print(struct buf *out, const struct literal *l)
{
	switch (l->kind) {
	case LITERAL_BOOL:
		return l->b ? buf_add(out, "true", 4) : buf_add(out, "false", 5);
	case LITERAL_INTEGER:
		return buf_printf(out, "%" PRId64, l->i);
	case LITERAL_DOUBLE:
		return print_double(out, l->r);
	default:
		return buf_add(out, l->text.ptr, l->text.len);
	}
}

static int quote_byte(struct buf *out, uint8_t c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = c ? strchr(plain, c) : NULL;

	return found ? buf_printf(out, "\\%c", letters[found - plain]) :
		buf_printf(out, "\\u%04x", c);
}

static int quote(struct buf *out, struct bytes b)
{
	size_t from = 0, i = 0;
	uint32_t code;
	int r = buf_add_byte(out, '"');

	while (r == 0 && i <= b.len) {
		size_t n = i < b.len ? utf8_get(b.ptr + i, b.ptr + b.len, &code) : 0;

		if (n && b.ptr[i] >= ' ' && b.ptr[i] != '"' && b.ptr[i] != '\\') {
			i += n;
			continue;
		}
		r = buf_add(out, b.ptr + from, i - from);
		if (r == 0 && i < b.len)
			r = n ? quote_byte(out, b.ptr[i]) : buf_add(out, "\xef\xbf\xbd", 3);
		from = ++i;
	}
	return r < 0 ? r : buf_add_byte(out, '"');
}

int literal_json(struct buf *out, const struct literal *l)
{
	struct text_value real = { .kind = TEXT_REAL, .r = l->r };
	char shown[WEIGHT_MAX];
	struct spelling s;

	switch (l->kind) {
	case LITERAL_BOOL:
	case LITERAL_INTEGER:
		return literal_print(out, l);
	case LITERAL_JSON:
		return buf_add(out, l->text.ptr, l->text.len);
	case LITERAL_DOUBLE:
		if (isfinite(l->r))
			return buf_add(out, shown, weight_show(shown, &real));
		return quote(out, bytes_str(isnan(l->r) ? "NaN" : l->r < 0 ? "-INF" : "INF"));
	case LITERAL_DECIMAL:
		if (spelled(l->text, &s))
			return buf_add(out, l->text.ptr, l->text.len);
		/* fallthrough */
	default:
		return quote(out, l->text);
	}
}

/* --- compared --- */

static bool has_type(const struct literal *l, const char *name)
{
	size_t n = sizeof RDF_XSD - 1;

	return l->extra.len == n + strlen(name) && !memcmp(l->extra.ptr, RDF_XSD, n) &&
		!memcmp(l->extra.ptr + n, name, strlen(name));
}

static bool of_types(const struct literal *l, const char *const *names)
{
	for (; *names; names++)
		if (has_type(l, *names))
			return true;
	return false;
}

static const char *const integers[] = {
	"integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger",
	"nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt",
	"unsignedShort", "unsignedByte", NULL
};

static bool is_exact(const struct literal *l)
{
	return l->kind == LITERAL_DECIMAL || has_type(l, "decimal") || of_types(l, integers);
}

/* [-+]? digits (. digits)?: its digits, without zeros at the ends. */
static bool exact(struct bytes b, struct literal_number *n)
{
	size_t i = b.len && (b.ptr[0] == '-' || b.ptr[0] == '+');
	size_t whole = digits(b, i), part = 0;

	n->minus = i && b.ptr[0] == '-';
	n->whole = bytes_of(b.ptr + i, whole);
	i += whole;
	if (i < b.len && b.ptr[i] == '.') {
		part = digits(b, ++i);
		n->part = bytes_of(b.ptr + i, part);
		i += part;
	}
	if (i != b.len || whole + part == 0)
		return false;
	while (n->whole.len && *n->whole.ptr == '0')
		n->whole = bytes_of(n->whole.ptr + 1, n->whole.len - 1);
	while (n->part.len && n->part.ptr[n->part.len - 1] == '0')
		n->part.len--;
	n->minus &= n->whole.len || n->part.len;
	return true;
}

static bool real_of(struct bytes text, double *out)
{
	struct text_value v;

	if (bytes_equal(text, bytes_str("INF")) || bytes_equal(text, bytes_str("+INF")))
		*out = INFINITY;
	else if (bytes_equal(text, bytes_str("-INF")))
		*out = -INFINITY;
	else if (bytes_equal(text, bytes_str("NaN")))
		*out = NAN;
	else if (weight_parse_real(text, &v) == 0)
		*out = v.r;
	else
		return err_clear(), false;
	return true;
}

bool literal_number_of(const struct literal *l, struct literal_number *out, char room[32])
{
	*out = (struct literal_number){0};
	if (l->kind == LITERAL_INTEGER) {
		int n = snprintf(room, 32, "%" PRId64, l->i);

		return exact(bytes_of(room, (size_t)n), out);
	}
	if (l->kind == LITERAL_DOUBLE) {
		out->real = true;
		out->r = l->r;
		return true;
	}
	if (is_exact(l))
		return exact(l->text, out);
	out->real = has_type(l, "double") || has_type(l, "float");
	return out->real && real_of(l->text, &out->r);
}

static int order(int c)
{
	return c < 0 ? LITERAL_LESS : c > 0 ? LITERAL_MORE : LITERAL_SAME;
}

static int compare_exact(const struct literal_number *a, const struct literal_number *b)
{
	int c;

	if (a->minus != b->minus)
		return a->minus ? LITERAL_LESS : LITERAL_MORE;
	c = a->whole.len != b->whole.len ? (a->whole.len < b->whole.len ? -1 : 1) :
		bytes_cmp(a->whole, b->whole);
	if (c == 0)
		c = bytes_cmp(a->part, b->part);
	return order(a->minus ? -c : c);
}

#define DIGITS 800u		/* of each side of the point: a binary64 has no more */

double literal_number_cut(const struct literal_number *n)
{
	char text[2 * DIGITS + 4], *at = text;
	size_t part = n->part.len < DIGITS ? n->part.len : DIGITS;

	if (n->whole.len > DIGITS)
		return n->minus ? -INFINITY : INFINITY;
	*at++ = n->minus ? '-' : '+';
	if (n->whole.len)
		memcpy(at, n->whole.ptr, n->whole.len);
	at += n->whole.len;
	*at++ = '.';
	if (part)
		memcpy(at, n->part.ptr, part);
	at[part] = '\0';
	return n->whole.len + part ? strtod(text, NULL) : 0;
}

static double rounded(const struct literal *l, const struct literal_number *n)
{
	double r = 0;

	if (n->real)
		return n->r;
	if (l->kind == LITERAL_INTEGER)
		return (double)l->i;
	/* it may have more digits than are read */
	return real_of(l->text, &r) ? r : literal_number_cut(n);
}

/* An integer beside a binary64, exactly: A's order. */
static int compare_integer(int64_t i, double r)
{
	if (r >= 0x1p63)
		return LITERAL_LESS;
	if (r < -0x1p63)
		return LITERAL_MORE;
	if (i != (int64_t)r)
		return i < (int64_t)r ? LITERAL_LESS : LITERAL_MORE;
	return order((double)(int64_t)r < r ? -1 : (double)(int64_t)r > r);
}

static int compare_numbers(const struct literal *a, const struct literal *b)
{
	char room_a[32], room_b[32];
	struct literal_number x, y;
	double p, q;

	if (!literal_number_of(a, &x, room_a) || !literal_number_of(b, &y, room_b))
		return LITERAL_APART;
	if (!x.real && !y.real)
		return compare_exact(&x, &y);
	p = rounded(a, &x);
	q = rounded(b, &y);
	if (isnan(p) || isnan(q))
		return LITERAL_APART;
	if (a->kind == LITERAL_INTEGER)
		return compare_integer(a->i, q);
	if (b->kind == LITERAL_INTEGER)
		return -compare_integer(b->i, p);
	return order(p < q ? -1 : p > q);
}

bool literal_moment_of(const struct literal *l, int64_t *second, uint32_t *nano)
{
	bool clock = l->kind == LITERAL_DATETIME ||
		(l->kind == LITERAL_TYPED && !has_type(l, "date"));
	struct rdf_value v;

	rdf_value_of(l->text, bytes_str(clock ? RDF_XSD "dateTime" : RDF_XSD "date"), &v);
	*second = v.time.second - (v.time.zone == RDF_NO_ZONE ? 0 : v.time.zone * 60);
	*nano = v.time.nano;
	return v.fit == RDF_VALUE || v.fit == RDF_CANONICAL;
}

static int compare_moments(const struct literal *a, const struct literal *b)
{
	int64_t x, y;
	uint32_t p, q;

	if (!literal_moment_of(a, &x, &p) || !literal_moment_of(b, &y, &q))
		return LITERAL_APART;
	if (x != y)
		return x < y ? LITERAL_LESS : LITERAL_MORE;
	return order(p < q ? -1 : p > q);
}

enum literal_sort literal_sort_of(const struct literal *l)
{
	static const char *const moments[] = { "date", "dateTime", "dateTimeStamp", NULL };

	switch (l->kind) {
	case LITERAL_BOOL:
		return LITERAL_TRUTH;
	case LITERAL_INTEGER:
	case LITERAL_DOUBLE:
	case LITERAL_DECIMAL:
		return LITERAL_NUMBER;
	case LITERAL_DATE:
	case LITERAL_DATETIME:
		return LITERAL_MOMENT;
	case LITERAL_STRING:
	case LITERAL_LANG:
		return LITERAL_TEXT;
	case LITERAL_JSON:
		return LITERAL_OBJECT;
	case LITERAL_TYPED:
		return is_exact(l) || has_type(l, "double") || has_type(l, "float") ? LITERAL_NUMBER :
			of_types(l, moments) ? LITERAL_MOMENT : LITERAL_OTHER;
	}
	return LITERAL_NO_SORT;
}

int literal_compare(const struct literal *a, const struct literal *b)
{
	enum literal_sort is = literal_sort_of(a);

	if (a->kind == LITERAL_INTEGER && b->kind == LITERAL_INTEGER)
		return a->i < b->i ? LITERAL_LESS : a->i > b->i;
	if (is != literal_sort_of(b))
		return LITERAL_APART;
	switch (is) {
	case LITERAL_NUMBER:
		return compare_numbers(a, b);
	case LITERAL_MOMENT:
		return compare_moments(a, b);
	case LITERAL_TRUTH:
		return a->b - b->b;
	case LITERAL_OTHER:
		if (!bytes_equal(a->extra, b->extra))
			return LITERAL_APART;
		/* fallthrough */
	case LITERAL_TEXT:
	case LITERAL_OBJECT:
		return order(bytes_cmp(a->text, b->text));
	case LITERAL_NO_SORT:
		break;
	}
	return LITERAL_APART;
}

enum literal_kind literal_meant(const struct literal *l)
{
	static const enum literal_kind kinds[RDF_TYPES] = {
		[RDF_BOOLEAN] = LITERAL_BOOL, [RDF_INTEGER] = LITERAL_INTEGER,
		[RDF_DECIMAL] = LITERAL_DECIMAL, [RDF_DOUBLE] = LITERAL_DOUBLE,
		[RDF_DATE] = LITERAL_DATE, [RDF_DATE_TIME] = LITERAL_DATETIME,
	};
	struct rdf_value v;
	struct bytes type = l->extra;

	if (l->kind != LITERAL_TYPED)
		return l->kind;
	if (of_types(l, integers))
		type = rdf_value_datatype(RDF_INTEGER);
	else if (has_type(l, "float"))
		type = rdf_value_datatype(RDF_DOUBLE);
	rdf_value_of(l->text, type, &v);
	return v.type == RDF_NO_TYPE || v.fit == RDF_INVALID ? LITERAL_TYPED : kinds[v.type];
}
