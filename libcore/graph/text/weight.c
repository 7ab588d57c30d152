/* graph/text/weight.c - integers exactly, reals to the nearest double
 *
 * Most reals have few digits: up to 2^53 and a power of ten up to 22 are both
 * exact as doubles, so one multiplication or division rounds once, which is
 * right.  The others go through strtod, in the C locale that this program never
 * leaves.
 */
#include "graph/text/weight.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define EXACT (1ull << 53)
#define LONGEST 1024u		/* bytes of a weight */

static const double ten_to[23] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

struct number {
	uint64_t digits;
	bool minus, real, over;		/* over: DIGITS did not hold them all */
	unsigned digit_n;
	int64_t power;			/* of ten */
};

static const uint8_t *digits(const uint8_t *at, const uint8_t *end, struct number *n)
{
	for (; at < end && *at - (unsigned)'0' <= 9; at++) {
		uint64_t digit = *at - (uint64_t)'0';

		n->digit_n++;
		if (n->digits > (UINT64_MAX - digit) / 10)
			n->over = true;
		else
			n->digits = n->digits * 10 + digit;
	}
	return at;
}

static const uint8_t *exponent(const uint8_t *at, const uint8_t *end, struct number *n)
{
	const uint8_t *start = at;
	struct number e = {0};

	if (at < end && (*at == '+' || *at == '-'))
		e.minus = *at++ == '-';
	at = digits(at, end, &e);
	if (!e.digit_n)
		return start - 1;	/* at the e: not a number */
	e.digits = e.over || e.digits > 99999 ? 99999 : e.digits;
	n->power += e.minus ? -(int64_t)e.digits : (int64_t)e.digits;
	return at;
}

/* The parts of a number; false when it is none. */
static bool scan(struct bytes field, struct number *n)
{
	const uint8_t *at = field.ptr, *end = at + field.len;

	if (at < end && (*at == '+' || *at == '-'))
		n->minus = *at++ == '-';
	at = digits(at, end, n);
	if (at < end && *at == '.') {
		unsigned before = n->digit_n;

		at = digits(at + 1, end, n);
		n->power = -(int64_t)(n->digit_n - before);
		n->real = true;
	}
	if (n->digit_n && at < end && (*at == 'e' || *at == 'E')) {
		at = exponent(at + 1, end, n);
		n->real = true;
	}
	return n->digit_n && at == end;
}

static bool is_word(struct bytes field)
{
	static const char *const words[] = { "nan", "inf", "infinity", NULL };
	size_t sign = field.len && (field.ptr[0] == '+' || field.ptr[0] == '-');

	for (size_t i = 0; words[i]; i++)
		if (field.len - sign == strlen(words[i]) &&
		    !strncasecmp((const char *)field.ptr + sign, words[i], field.len - sign))
			return true;
	return false;
}

static int no_number(struct bytes field)
{
	if (is_word(field))
		return err_set(ERR_BAD_RECORD, "the weight \"%s\" is not finite",
			       bytes_show(field));
	return err_set(ERR_BAD_RECORD, "the weight \"%s\" is not a number",
		       bytes_show(field));
}

static int integer(struct bytes field, const struct number *n, struct text_value *out)
{
	if (n->over || n->digits > (uint64_t)INT64_MAX + n->minus)
		return err_set(ERR_BAD_RECORD, "the weight \"%s\" is over 64 bits"
			       " (-2^63 to 2^63-1)", bytes_show(field));
	out->kind = TEXT_INTEGER;
	out->i = (int64_t)(n->minus ? 0 - n->digits : n->digits);
	return 0;
}

static int real(struct bytes field, const struct number *n, struct text_value *out)
{
	char text[LONGEST + 1];
	double r;

	if (!n->over && n->digits <= EXACT && n->power >= -22 && n->power <= 22) {
		r = (double)n->digits;
		r = n->power < 0 ? r / ten_to[-n->power] : r * ten_to[n->power];
		r = n->minus ? -r : r;
	} else if (field.len > LONGEST) {
		return err_set(ERR_BAD_RECORD, "a weight over %u bytes", LONGEST);
	} else {
		memcpy(text, field.ptr, field.len);
		text[field.len] = '\0';
		r = strtod(text, NULL);
	}
	if (!isfinite(r))
		return err_set(ERR_BAD_RECORD, "the weight \"%s\" is over 1.8e308",
			       bytes_show(field));
	out->kind = TEXT_REAL;
	out->r = r;
	return 0;
}

int weight_parse(struct bytes field, struct text_value *out)
{
	struct number n = {0};

	if (!scan(field, &n))
		return no_number(field);
	return n.real ? real(field, &n, out) : integer(field, &n, out);
}

int weight_parse_real(struct bytes field, struct text_value *out)
{
	struct number n = {0};

	return scan(field, &n) ? real(field, &n, out) : no_number(field);
}

size_t weight_show(char out[WEIGHT_MAX], const struct text_value *v)
{
	int n = 0;

	if (v->kind == TEXT_INTEGER)
		return (size_t)snprintf(out, WEIGHT_MAX, "%" PRId64, v->i);
	for (int precision = 15; precision <= 17; precision++) {
		n = snprintf(out, WEIGHT_MAX, "%.*g", precision, v->r);
		if (strtod(out, NULL) == v->r)
			break;
	}
	if (!strpbrk(out, ".e"))	/* it must come back as a real */
		n += snprintf(out + n, WEIGHT_MAX - (size_t)n, ".0");
	return (size_t)n;
}
