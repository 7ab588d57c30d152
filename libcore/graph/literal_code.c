/* graph/literal_code.c - see literal_code.h
 *
 * Numbers are compared exactly where both have digits: as sign, digits and the place
 * of the point, without trailing or leading zeros.  Only beside a binary64 is a
 * decimal rounded to one.
 */
#include "graph/literal_code.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/err.h"
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

static void set_typed(struct literal *out, const char *iri, struct bytes text)
{
	*out = (struct literal){ .kind = LITERAL_TYPED, .text = text, .extra = bytes_str(iri) };
}

struct spelling {		/* of a number */
	bool minus;
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
	if (s->whole == 0 || (s->whole > 1 && b.ptr[i] == '0'))
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

/* Of digits, with or without a minus before them: false when it does not fit. */
static bool to_integer(struct bytes b, int64_t *out)
{
	bool minus = b.ptr[0] == '-';
	uint64_t v = 0, most = (uint64_t)INT64_MAX + minus;

	for (size_t i = minus; i < b.len; i++) {
		uint64_t digit = b.ptr[i] - (uint64_t)'0';

		if (v > (most - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = (int64_t)(minus ? 0 - v : v);
	return true;
}

static bool all_zero(struct bytes b, size_t from)
{
	for (size_t i = from; i < b.len; i++)
		if (b.ptr[i] != '0' && b.ptr[i] != '.')
			return false;
	return true;
}

static void parse_real(struct literal *out, struct bytes text)
{
	struct text_value v;
	char shown[WEIGHT_MAX];

	if (weight_parse_real(text, &v) == 0) {
		size_t n = weight_show(shown, &v);

		if (bytes_equal(bytes_of(shown, n), text)) {
			*out = (struct literal){ .kind = LITERAL_DOUBLE, .r = v.r };
			return;
		}
	} else {
		err_clear();
	}
	set_typed(out, LITERAL_XSD "double", text);
}

static bool parse_number(struct literal *out, struct bytes text)
{
	struct spelling s;

	if (!spelled(text, &s))
		return false;
	if (s.exponent) {
		parse_real(out, text);
	} else if (s.part) {
		if ((text.ptr[text.len - 1] == '0' && s.part > 1) ||
		    (s.minus && all_zero(text, 1)))
			set_typed(out, LITERAL_XSD "decimal", text);
		else
			set_text(out, LITERAL_DECIMAL, text);
	} else {
		if (s.minus && all_zero(text, 1))
			return false;
		*out = (struct literal){ .kind = LITERAL_INTEGER };
		if (!to_integer(text, &out->i))
			set_typed(out, LITERAL_XSD "integer", text);
	}
	return true;
}

struct moment {
	int64_t seconds;	/* since the year 0, UTC */
	struct bytes part;	/* digits of the second, trailing zeros left out */
	bool time;		/* has one, so is no mere date */
	bool canonical;
};

/* N digits at I as a number below LIMIT. */
static bool two(struct bytes b, size_t i, unsigned limit, unsigned *out)
{
	if (i + 2 > b.len || !is_digit(b.ptr[i]) || !is_digit(b.ptr[i + 1]))
		return false;
	*out = (b.ptr[i] - (unsigned)'0') * 10 + b.ptr[i + 1] - (unsigned)'0';
	return *out < limit;
}

/* Days of the proleptic Gregorian calendar, from 1 March of the year 0 on. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t in_era = y - era * 400, m = (month + 9) % 12;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 +
		(153 * m + 2) / 5 + day - 1;
}

static unsigned days_in(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* -? YYYY+ - MM - DD; where it ends, 0: is none. */
static size_t date_part(struct bytes b, struct moment *m)
{
	size_t i = b.len && b.ptr[0] == '-', n = digits(b, i);
	unsigned month, day;
	int64_t year;

	if (n < 4 || n > 9 || (n > 4 && b.ptr[i] == '0') || !to_integer(bytes_of(b.ptr, i + n), &year))
		return 0;
	i += n;
	if (i >= b.len || b.ptr[i] != '-' || !two(b, i + 1, 13, &month) || month == 0 ||
	    i + 3 >= b.len || b.ptr[i + 3] != '-' || !two(b, i + 4, 32, &day) || day == 0 ||
	    day > days_in(year, month))
		return 0;
	m->seconds = days_of(year, month, day) * 86400;
	return i + 6;
}

/* Thh:mm:ss(.digits)?; where it ends, 0: is none. */
static size_t time_part(struct bytes b, size_t i, struct moment *m)
{
	unsigned hour, minute, second;
	size_t n;

	if (i >= b.len || b.ptr[i] != 'T' || !two(b, i + 1, 25, &hour) || i + 3 >= b.len ||
	    b.ptr[i + 3] != ':' || !two(b, i + 4, 60, &minute) || i + 6 >= b.len ||
	    b.ptr[i + 6] != ':' || !two(b, i + 7, 60, &second))
		return 0;
	m->seconds += hour * 3600 + minute * 60 + second;
	i += 9;
	if (i < b.len && b.ptr[i] == '.') {
		n = digits(b, i + 1);
		m->part = bytes_of(b.ptr + i + 1, n);
		m->canonical &= n && b.ptr[i + n] != '0';
		i = n ? i + 1 + n : 0;
		while (m->part.len && m->part.ptr[m->part.len - 1] == '0')
			m->part.len--;
	}
	if (hour == 24 && (minute || second || m->part.len))
		return 0;
	m->canonical &= hour < 24;
	m->time = true;
	return i;
}

/* (Z | [-+]hh:mm)? and the end. */
static bool zone_part(struct bytes b, size_t i, struct moment *m)
{
	unsigned hour, minute;
	int64_t ahead;

	if (i == b.len || (i + 1 == b.len && b.ptr[i] == 'Z'))
		return true;
	if (i + 6 != b.len || (b.ptr[i] != '+' && b.ptr[i] != '-') || b.ptr[i + 3] != ':' ||
	    !two(b, i + 1, 15, &hour) || !two(b, i + 4, 60, &minute) ||
	    (hour == 14 && minute))
		return false;
	ahead = hour * 3600 + minute * 60;
	m->canonical &= ahead != 0;
	m->seconds -= b.ptr[i] == '+' ? ahead : -ahead;
	return true;
}

static bool parse_moment(struct bytes b, struct moment *m)
{
	size_t i;

	*m = (struct moment){ .canonical = true };
	i = date_part(b, m);
	if (i && i < b.len && b.ptr[i] == 'T')
		i = time_part(b, i, m);
	return i && zone_part(b, i, m);
}

void literal_parse(struct literal *out, struct bytes text)
{
	struct moment m;

	if (bytes_equal(text, bytes_str("true")) || bytes_equal(text, bytes_str("false"))) {
		*out = (struct literal){ .kind = LITERAL_BOOL, .b = text.len == 4 };
	} else if (text.len == 0 || (!is_digit(text.ptr[0]) && text.ptr[0] != '-')) {
		set_text(out, LITERAL_STRING, text);
	} else if (parse_number(out, text)) {
		return;
	} else if (!parse_moment(text, &m)) {
		set_text(out, LITERAL_STRING, text);
	} else if (m.canonical) {
		set_text(out, m.time ? LITERAL_DATETIME : LITERAL_DATE, text);
	} else {
		set_typed(out, m.time ? LITERAL_XSD "dateTime" : LITERAL_XSD "date", text);
	}
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
	struct text_value v = { .kind = TEXT_REAL, .r = r };
	char shown[WEIGHT_MAX];

	if (isnan(r))
		return buf_add(out, "NaN", 3);
	if (isinf(r))
		return r < 0 ? buf_add(out, "-INF", 4) : buf_add(out, "INF", 3);
	return buf_add(out, shown, weight_show(shown, &v));
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

/* Bytes of the character at AT, 0: it is not one of UTF-8. */
static size_t utf8(const uint8_t *at, size_t left)
{
	size_t n = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 :
		*at < 0xf5 ? 4 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
	    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
		return 0;
	return n;
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
	int r = buf_add_byte(out, '"');

	while (r == 0 && i <= b.len) {
		size_t n = i < b.len ? utf8(b.ptr + i, b.len - i) : 0;

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
	struct spelling s;

	switch (l->kind) {
	case LITERAL_BOOL:
	case LITERAL_INTEGER:
		return literal_print(out, l);
	case LITERAL_JSON:
		return buf_add(out, l->text.ptr, l->text.len);
	case LITERAL_DOUBLE:
		if (isfinite(l->r))
			return literal_print(out, l);
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

enum sort_of { APART, NUMBER, MOMENT, BOOL, TEXT, JSON, OTHER };

struct number {			/* a binary64, or digits around a point */
	bool real, minus;
	double r;
	struct bytes whole, part;	/* no zeros at their far ends */
};

static bool has_type(const struct literal *l, const char *name)
{
	size_t n = sizeof LITERAL_XSD - 1;

	return l->extra.len == n + strlen(name) && !memcmp(l->extra.ptr, LITERAL_XSD, n) &&
		!memcmp(l->extra.ptr + n, name, strlen(name));
}

static bool of_types(const struct literal *l, const char *const *names)
{
	for (; *names; names++)
		if (has_type(l, *names))
			return true;
	return false;
}

static bool is_exact(const struct literal *l)
{
	static const char *const names[] = {
		"integer", "decimal", "int", "long", "short", "byte", "nonNegativeInteger",
		"positiveInteger", "nonPositiveInteger", "negativeInteger", "unsignedLong",
		"unsignedInt", "unsignedShort", "unsignedByte", NULL
	};

	return l->kind == LITERAL_DECIMAL || of_types(l, names);
}

/* [-+]? digits (. digits)?: its digits, without zeros at the ends. */
static bool exact(struct bytes b, struct number *n)
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

/* ROOM: for the digits of an integer. */
static bool number_of(const struct literal *l, struct number *out, char room[32])
{
	*out = (struct number){0};
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

static int compare_exact(const struct number *a, const struct number *b)
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

static double rounded(const struct literal *l, const struct number *n)
{
	double r = 0;

	if (n->real)
		return n->r;
	if (l->kind == LITERAL_INTEGER)
		return (double)l->i;
	if (!real_of(l->text, &r))	/* has more digits than are read */
		r = n->minus ? -INFINITY : INFINITY;
	return r;
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
	struct number x, y;
	double p, q;

	if (!number_of(a, &x, room_a) || !number_of(b, &y, room_b))
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

static int compare_moments(const struct literal *a, const struct literal *b)
{
	struct moment x, y;

	if (!parse_moment(a->text, &x) || !parse_moment(b->text, &y))
		return LITERAL_APART;
	if (x.seconds != y.seconds)
		return x.seconds < y.seconds ? LITERAL_LESS : LITERAL_MORE;
	return order(bytes_cmp(x.part, y.part));
}

static enum sort_of sort_of(const struct literal *l)
{
	static const char *const moments[] = { "date", "dateTime", "dateTimeStamp", NULL };

	switch (l->kind) {
	case LITERAL_BOOL:
		return BOOL;
	case LITERAL_INTEGER:
	case LITERAL_DOUBLE:
	case LITERAL_DECIMAL:
		return NUMBER;
	case LITERAL_DATE:
	case LITERAL_DATETIME:
		return MOMENT;
	case LITERAL_STRING:
	case LITERAL_LANG:
		return TEXT;
	case LITERAL_JSON:
		return JSON;
	case LITERAL_TYPED:
		return is_exact(l) || has_type(l, "double") || has_type(l, "float") ? NUMBER :
			of_types(l, moments) ? MOMENT : OTHER;
	}
	return APART;
}

int literal_compare(const struct literal *a, const struct literal *b)
{
	enum sort_of is = sort_of(a);

	if (a->kind == LITERAL_INTEGER && b->kind == LITERAL_INTEGER)
		return a->i < b->i ? LITERAL_LESS : a->i > b->i;
	if (is != sort_of(b))
		return LITERAL_APART;
	switch (is) {
	case NUMBER:
		return compare_numbers(a, b);
	case MOMENT:
		return compare_moments(a, b);
	case BOOL:
		return a->b - b->b;
	case OTHER:
		if (!bytes_equal(a->extra, b->extra))
			return LITERAL_APART;
		/* fallthrough */
	case TEXT:
	case JSON:
		return order(bytes_cmp(a->text, b->text));
	case APART:
		break;
	}
	return LITERAL_APART;
}
