/* graph/rdf/rdf_value.c - texts of XML Schema's datatypes, to values and back
 *
 * What is canonical is not asked of the text: the value is written and compared.
 * Only a double of few digits needs that not, because nothing shorter can mean it.
 */
#include "graph/rdf/rdf_value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/rdf/term.h"

#define DAY 86400
#define YEAR_MOST 999999999		/* of nine digits: seconds stay far below 2^63 */
#define DIGITS_MOST 800u		/* of a number; with more it is over */
#define POWER_MOST 100000		/* what is above is as good as this */

#define NAME(name) { (const uint8_t *)RDF_XSD name, sizeof(RDF_XSD name) - 1 }

static const struct bytes names[RDF_TYPES] = {
	[RDF_BOOLEAN] = NAME("boolean"), [RDF_INTEGER] = NAME("integer"),
	[RDF_DECIMAL] = NAME("decimal"), [RDF_DOUBLE] = NAME("double"),
	[RDF_DATE] = NAME("date"), [RDF_DATE_TIME] = NAME("dateTime"),
};

enum rdf_type rdf_value_type(struct bytes datatype)
{
	for (int i = RDF_BOOLEAN; i < RDF_TYPES; i++)
		if (datatype.len == names[i].len &&
		    !memcmp(datatype.ptr, names[i].ptr, datatype.len))
			return (enum rdf_type)i;
	return RDF_NO_TYPE;
}

struct bytes rdf_value_datatype(enum rdf_type type)
{
	return names[type];
}

/* --- numbers --- */

/* A text on its way. */
struct text {
	const uint8_t *at, *end;
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool take(struct text *t, uint8_t c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* +, - or none: is it a minus? */
static bool minus(struct text *t)
{
	return take(t, '-') || (take(t, '+') && false);
}

/* A number's digits, from its first that is no 0 to the last, times a power of ten. */
struct number {
	bool minus, over;		/* over: there are more digits */
	unsigned n;
	int64_t power;
	char digit[DIGITS_MOST];
};

/* With a point in it or none; false where there is no digit. */
static bool number(struct text *t, struct number *n)
{
	bool some = false, point = false;

	n->minus = minus(t);
	n->over = false;
	n->n = 0;
	n->power = 0;
	for (; t->at < t->end; t->at++) {
		if (*t->at == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(*t->at))
			break;
		some = true;
		n->power -= point;
		if (n->n == DIGITS_MOST)
			n->over = true;
		else if (n->n || *t->at != '0')
			n->digit[n->n++] = (char)*t->at;
	}
	for (; n->n && n->digit[n->n - 1] == '0'; n->n--)
		n->power++;
	if (!n->n)
		n->power = 0;
	return some;
}

static enum rdf_fit integer(struct text *t, struct rdf_value *v)
{
	bool is_minus = minus(t), over = false;
	uint64_t most = (uint64_t)INT64_MAX + is_minus, value = 0;

	if (t->at == t->end)
		return RDF_INVALID;
	for (; t->at < t->end && is_digit(*t->at); t->at++) {
		uint64_t digit = *t->at - (uint64_t)'0';

		over = over || value > (most - digit) / 10;
		value = value * 10 + digit;
	}
	if (t->at < t->end)
		return RDF_INVALID;
	v->integer = (int64_t)(is_minus ? 0 - value : value);
	return over ? RDF_OVER : RDF_VALUE;
}

static enum rdf_fit decimal(struct text *t, struct rdf_value *v)
{
	struct number n;
	int64_t value = 0;

	if (!number(t, &n) || t->at < t->end)
		return RDF_INVALID;
	if (n.over || n.power < -(int64_t)RDF_SCALE_MOST || n.power > 19)
		return RDF_OVER;
	for (unsigned i = 0; i < n.n + (n.power > 0 ? n.power : 0); i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, i < n.n ? n.digit[i] - '0' : 0, &value))
			return RDF_OVER;
	v->decimal.digits = n.minus ? -value : value;
	v->decimal.scale = (uint8_t)(n.power < 0 ? -n.power : 0);
	return RDF_VALUE;
}

/* Up to 15 digits and these are doubles themselves, so one multiplication or division
 * rounds once, which is right. */
static double few(uint64_t digits, int64_t power)
{
	static const double ten_to[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
		1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	return power < 0 ? (double)digits / ten_to[-power] : (double)digits * ten_to[power];
}

/* To strtod without a point, so that no locale has a say. */
static double real_of(const struct number *n)
{
	char text[DIGITS_MOST + 32];
	uint64_t digits = 0;
	double r;

	if (n->n <= DBL_DIG && n->power >= -22 && n->power <= 22) {
		for (unsigned i = 0; i < n->n; i++)
			digits = digits * 10 + (unsigned)(n->digit[i] - '0');
		r = few(digits, n->power);
		return n->minus ? -r : r;
	}
	memcpy(text, n->digit, n->n);
	snprintf(text + n->n, sizeof text - n->n, "e%lld", (long long)n->power);
	r = strtod(text, NULL);
	return n->minus ? -r : r;
}

static bool exponent(struct text *t, struct number *n)
{
	bool is_minus = minus(t);
	int64_t e = 0;

	if (t->at == t->end)
		return false;
	for (; t->at < t->end && is_digit(*t->at); t->at++)
		e = e < POWER_MOST ? e * 10 + (*t->at - '0') : POWER_MOST;
	n->power += is_minus ? -e : e;
	return t->at == t->end;
}

static bool is_word(const struct text *t, const char *word)
{
	return (size_t)(t->end - t->at) == strlen(word) &&
		!memcmp(t->at, word, strlen(word));
}

static size_t put_double(const struct number *n, uint8_t *out);

/* TEXT is what a double of few digits is written as: any two decimals of DBL_DIG
 * digits are two doubles, so no shorter one means the same. */
static bool is_short(const struct number *n, double real, struct text text)
{
	uint8_t out[RDF_VALUE_MOST];
	size_t len = (size_t)(text.end - text.at);

	return n->n <= DBL_DIG && (fabs(real) >= DBL_MIN || n->n == 0) && isfinite(real) &&
		put_double(n, out) == len && !memcmp(out, text.at, len);
}

static enum rdf_fit real(struct text *t, struct rdf_value *v)
{
	const struct text whole = *t;
	struct number n;

	if (is_word(t, "INF") || is_word(t, "+INF") || is_word(t, "-INF")) {
		v->real = *t->at == '-' ? -HUGE_VAL : HUGE_VAL;
		return RDF_VALUE;
	}
	if (is_word(t, "NaN")) {
		v->real = NAN;
		return RDF_VALUE;
	}
	if (!number(t, &n))
		return RDF_INVALID;
	if (t->at < t->end && !((take(t, 'e') || take(t, 'E')) && exponent(t, &n)))
		return RDF_INVALID;
	if (n.over)
		return RDF_OVER;
	v->real = real_of(&n);
	return is_short(&n, v->real, whole) ? RDF_CANONICAL : RDF_VALUE;
}

/* --- dates --- */

/* Days from 1970-01-01 on: years of March to February, so that the day too many is
 * a year's last, and eras of 400 of them. */
static int64_t day_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t from = days + 719468, era = (from >= 0 ? from : from - 146096) / 146097;
	int64_t of_era = from - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static unsigned days_in(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (unsigned)(month == 2 && leap);
}

static bool two(struct text *t, unsigned *out)
{
	if (t->end - t->at < 2 || !is_digit(t->at[0]) || !is_digit(t->at[1]))
		return false;
	*out = (t->at[0] - (unsigned)'0') * 10 + (t->at[1] - (unsigned)'0');
	t->at += 2;
	return true;
}

/* Of four digits, or of more and then the first is no 0. */
static enum rdf_fit take_year(struct text *t, int64_t *out)
{
	bool is_minus = take(t, '-');
	const uint8_t *start = t->at;
	int64_t year = 0;

	for (; t->at < t->end && is_digit(*t->at); t->at++)
		if (year <= YEAR_MOST)
			year = year * 10 + (*t->at - '0');
	if (t->at - start < 4 || (t->at - start > 4 && *start == '0'))
		return RDF_INVALID;
	*out = is_minus ? -year : year;
	return year <= YEAR_MOST ? RDF_VALUE : RDF_OVER;
}

static enum rdf_fit take_day(struct text *t, struct rdf_value *v)
{
	enum rdf_fit fit;
	unsigned month, day;
	int64_t year;

	fit = take_year(t, &year);
	if (fit == RDF_INVALID || !take(t, '-') || !two(t, &month) || !take(t, '-') ||
	    !two(t, &day) || month < 1 || month > 12 || day < 1)
		return RDF_INVALID;
	if (fit == RDF_OVER)		/* of its year only the last digits would tell */
		return day <= 31 ? RDF_OVER : RDF_INVALID;
	if (day > days_in(year, month))
		return RDF_INVALID;
	v->time.second = day_of(year, month, day) * DAY;
	return RDF_VALUE;
}

static bool take_zone(struct text *t, struct rdf_value *v)
{
	unsigned hour, minute;
	bool west;

	v->time.zone = RDF_NO_ZONE;
	if (t->at == t->end)
		return true;
	v->time.zone = 0;
	if (take(t, 'Z'))
		return t->at == t->end;
	west = take(t, '-');
	if ((!west && !take(t, '+')) || !two(t, &hour) || !take(t, ':') ||
	    !two(t, &minute) || t->at < t->end || minute > 59 || hour * 60 + minute > 14 * 60)
		return false;
	v->time.zone = (int16_t)(west ? -(int)(hour * 60 + minute) : (int)(hour * 60 + minute));
	return true;
}

/* What follows a second's point; finer than a nanosecond is over. */
static enum rdf_fit fraction(struct text *t, struct rdf_value *v)
{
	const uint8_t *start = t->at;
	enum rdf_fit fit = RDF_VALUE;
	uint32_t unit = 100000000;

	for (; t->at < t->end && is_digit(*t->at); t->at++, unit /= 10) {
		v->time.nano += unit * (uint32_t)(*t->at - '0');
		if (unit == 0 && *t->at != '0')
			fit = RDF_OVER;
	}
	return t->at > start ? fit : RDF_INVALID;
}

static enum rdf_fit take_clock(struct text *t, struct rdf_value *v)
{
	enum rdf_fit fit = RDF_VALUE;
	unsigned hour, minute, second;

	if (!take(t, 'T') || !two(t, &hour) || !take(t, ':') || !two(t, &minute) ||
	    !take(t, ':') || !two(t, &second) || minute > 59 || second > 59)
		return RDF_INVALID;
	if (take(t, '.'))
		fit = fraction(t, v);
	if (fit == RDF_INVALID || hour > 24 || (hour == 24 && (minute || second || v->time.nano || fit == RDF_OVER)))
		return RDF_INVALID;
	v->time.second += hour * 3600 + minute * 60 + second;
	return fit;
}

static enum rdf_fit date(struct text *t, struct rdf_value *v, bool clock)
{
	enum rdf_fit fit, other = RDF_VALUE;

	v->time.nano = 0;
	v->time.second = 0;
	fit = take_day(t, v);
	if (fit != RDF_INVALID && clock)
		other = take_clock(t, v);
	if (fit == RDF_INVALID || other == RDF_INVALID || !take_zone(t, v))
		return RDF_INVALID;
	return fit == RDF_OVER ? fit : other;
}

/* --- texts to values --- */

static enum rdf_fit boolean(const struct text *t, struct rdf_value *v)
{
	v->boolean = is_word(t, "true") || is_word(t, "1");
	return v->boolean || is_word(t, "false") || is_word(t, "0") ? RDF_VALUE : RDF_INVALID;
}

static enum rdf_fit fit_of(struct text *t, struct rdf_value *v)
{
	switch (v->type) {
	case RDF_BOOLEAN:
		return boolean(t, v);
	case RDF_INTEGER:
		return integer(t, v);
	case RDF_DECIMAL:
		return decimal(t, v);
	case RDF_DOUBLE:
		return real(t, v);
	case RDF_DATE:
	case RDF_DATE_TIME:
		return date(t, v, v->type == RDF_DATE_TIME);
	default:
		return RDF_INVALID;
	}
}

bool rdf_value_of(struct bytes lexical, struct bytes datatype, struct rdf_value *out)
{
	struct text text = { lexical.ptr, lexical.ptr + lexical.len };
	uint8_t again[RDF_VALUE_MOST];

	*out = (struct rdf_value){ .type = rdf_value_type(datatype) };
	out->fit = fit_of(&text, out);
	if (out->fit == RDF_VALUE && lexical.len <= RDF_VALUE_MOST &&
	    rdf_value_write(out, again) == lexical.len &&
	    !memcmp(again, lexical.ptr, lexical.len))
		out->fit = RDF_CANONICAL;
	return out->fit == RDF_CANONICAL;
}

/* --- values to texts --- */

static size_t put_text(const char *text, uint8_t *out)
{
	memcpy(out, text, strlen(text));
	return strlen(text);
}

/* With zeros before it up to WIDTH. */
static size_t put_digits(uint64_t value, size_t width, uint8_t *out)
{
	uint8_t back[20];
	size_t n = 0;

	for (; value || n < width; value /= 10)
		back[n++] = (uint8_t)('0' + value % 10);
	for (size_t i = 0; i < n; i++)
		out[i] = back[n - 1 - i];
	return n;
}

static size_t put_minus(int64_t value, uint64_t *size, uint8_t *out)
{
	*size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	*out = '-';
	return value < 0;
}

static size_t put_integer(int64_t value, uint8_t *out)
{
	uint64_t size;
	size_t n = put_minus(value, &size, out);

	return n + put_digits(size, 1, out + n);
}

static size_t put_decimal(int64_t digits, unsigned scale, uint8_t *out)
{
	uint64_t size;
	size_t n = put_minus(digits, &size, out);

	n += put_digits(size, scale + 1u, out + n);
	if (scale) {
		memmove(out + n - scale + 1, out + n - scale, scale);
		out[n++ - scale] = '.';
	}
	return n;
}

/* D.DDDE-D */
static size_t put_double(const struct number *n, uint8_t *out)
{
	size_t len = 0;

	if (n->minus)
		out[len++] = '-';
	out[len++] = n->n ? (uint8_t)n->digit[0] : '0';
	out[len++] = '.';
	for (unsigned i = 1; i < n->n; i++)
		out[len++] = (uint8_t)n->digit[i];
	if (n->n < 2)
		out[len++] = '0';
	out[len++] = 'E';
	return len + put_integer(n->n ? n->power + n->n - 1 : 0, out + len);
}

/* R in PRECISION digits. */
static void digits_of(double r, int precision, struct number *n)
{
	char text[64];
	struct text t;

	snprintf(text, sizeof text, "%.*e", precision - 1, fabs(r));
	for (char *at = text; *at && *at != 'e'; at++)	/* as a locale may have it */
		if (!is_digit((uint8_t)*at))
			*at = '.';
	t = (struct text){ (const uint8_t *)text, (const uint8_t *)text + strlen(text) };
	number(&t, n);
	take(&t, 'e');
	exponent(&t, n);
	n->minus = signbit(r);
}

/* The fewest digits that mean R: 17 do, 15 where it is not too small mostly. */
static size_t put_real(double r, uint8_t *out)
{
	struct number n;

	if (isnan(r))
		return put_text("NaN", out);
	if (isinf(r))
		return put_text(r < 0 ? "-INF" : "INF", out);
	for (int p = fabs(r) < DBL_MIN ? 1 : DBL_DIG; p <= DBL_DECIMAL_DIG; p++) {
		digits_of(r, p, &n);
		if (real_of(&n) == r)
			break;
	}
	return put_double(&n, out);
}

static size_t put_day(int64_t days, uint8_t *out)
{
	unsigned month, day;
	uint64_t size;
	int64_t year;
	size_t n;

	date_of(days, &year, &month, &day);
	n = put_minus(year, &size, out);
	n += put_digits(size, 4, out + n);
	out[n++] = '-';
	n += put_digits(month, 2, out + n);
	out[n++] = '-';
	return n + put_digits(day, 2, out + n);
}

static size_t put_clock(uint64_t second, uint32_t nano, uint8_t *out)
{
	size_t n = 0;

	out[n++] = 'T';
	n += put_digits(second / 3600, 2, out + n);
	out[n++] = ':';
	n += put_digits(second / 60 % 60, 2, out + n);
	out[n++] = ':';
	n += put_digits(second % 60, 2, out + n);
	if (!nano)
		return n;
	out[n++] = '.';
	n += put_digits(nano, 9, out + n);
	while (out[n - 1] == '0')
		n--;
	return n;
}

static size_t put_zone(int16_t zone, uint8_t *out)
{
	unsigned minutes = (unsigned)(zone < 0 ? -zone : zone);
	size_t n = 0;

	if (zone == RDF_NO_ZONE)
		return 0;
	if (zone == 0)
		return put_text("Z", out);
	out[n++] = zone < 0 ? '-' : '+';
	n += put_digits(minutes / 60, 2, out + n);
	out[n++] = ':';
	return n + put_digits(minutes % 60, 2, out + n);
}

static size_t put_date(const struct rdf_value *v, uint8_t *out)
{
	int64_t s = v->time.second, days = (s >= 0 ? s : s - (DAY - 1)) / DAY;
	size_t n = put_day(days, out);

	if (v->type == RDF_DATE_TIME)
		n += put_clock((uint64_t)(s - days * DAY), v->time.nano, out + n);
	return n + put_zone(v->time.zone, out + n);
}

size_t rdf_value_write(const struct rdf_value *v, uint8_t out[RDF_VALUE_MOST])
{
	switch (v->type) {
	case RDF_BOOLEAN:
		return put_text(v->boolean ? "true" : "false", out);
	case RDF_INTEGER:
		return put_integer(v->integer, out);
	case RDF_DECIMAL:
		return put_decimal(v->decimal.digits, v->decimal.scale, out);
	case RDF_DOUBLE:
		return put_real(v->real, out);
	case RDF_DATE:
	case RDF_DATE_TIME:
		return put_date(v, out);
	default:
		return 0;
	}
}

/* --- values in 64 bits --- */

/* Type, 60 bits:	integer		the integer
 *			decimal		scale 5, digits 55
 *			double		minus 1, power of ten 9, digits 50
 *			date, time	zone 11, milliseconds 10, seconds 39; of a date
 *					zone 11, days 49
 * Numbers less than 0 as two's complements, the zone from -14:00 on and after all none. */
#define ZONE_NONE 1681u
#define DOUBLE_NAN ((1ull << 50) - 1)
#define DOUBLE_INF ((1ull << 50) - 2)
#define LOW(n) ((1ull << (n)) - 1)

static bool fits(int64_t value, unsigned bits)
{
	return value >= -(1ll << (bits - 1)) && value < 1ll << (bits - 1);
}

/* The low BITS of X, as a number with a sign. */
static int64_t signed_of(uint64_t x, unsigned bits)
{
	return (int64_t)(x << (64 - bits)) >> (64 - bits);
}

static bool pack_decimal(const struct rdf_value *v, uint64_t *out)
{
	*out = (uint64_t)v->decimal.scale << 55 | ((uint64_t)v->decimal.digits & LOW(55));
	return fits(v->decimal.digits, 55) && v->decimal.scale <= RDF_SCALE_MOST;
}

static bool unpack_decimal(uint64_t x, struct rdf_value *v)
{
	v->decimal.scale = (uint8_t)(x >> 55 & 31);
	v->decimal.digits = signed_of(x, 55);
	return v->decimal.scale <= RDF_SCALE_MOST &&
		(v->decimal.scale == 0 || v->decimal.digits % 10 != 0);
}

static bool pack_double(double r, uint64_t *out)
{
	uint64_t sign = (uint64_t)!!signbit(r) << 59, digits = 0;
	struct number n;

	*out = isnan(r) ? DOUBLE_NAN : sign | DOUBLE_INF;
	if (!isfinite(r))
		return true;
	digits_of(r, DBL_DIG, &n);
	for (unsigned i = 0; i < n.n; i++)
		digits = digits * 10 + (unsigned)(n.digit[i] - '0');
	*out = sign | ((uint64_t)n.power & LOW(9)) << 50 | digits;
	return fits(n.power, 9) && real_of(&n) == r && (n.n == 0 || fabs(r) >= DBL_MIN);
}

static bool unpack_double(uint64_t x, struct rdf_value *v)
{
	uint64_t digits = x & LOW(50);
	int64_t power = signed_of(x >> 50, 9);
	bool minus = x >> 59 & 1;
	struct number n;

	if (digits >= DOUBLE_INF) {
		v->real = digits == DOUBLE_NAN ? NAN : minus ? -HUGE_VAL : HUGE_VAL;
		return power == 0 && (digits == DOUBLE_INF || !minus);
	}
	if (digits > 999999999999999 || (digits ? digits % 10 == 0 : power != 0))
		return false;
	if (power >= -22 && power <= 22) {
		v->real = few(digits, power);
	} else {
		n.minus = false;
		n.power = power;
		n.n = (unsigned)put_digits(digits, 1, (uint8_t *)n.digit);
		v->real = real_of(&n);
	}
	v->real = minus ? -v->real : v->real;
	return true;
}

static bool pack_time(const struct rdf_value *v, uint64_t *out)
{
	uint64_t zone = v->time.zone == RDF_NO_ZONE ? ZONE_NONE : (uint64_t)(v->time.zone + 840);
	int64_t second = v->time.second;

	if (v->type == RDF_DATE) {
		*out = zone << 49 | ((uint64_t)(second / DAY) & LOW(49));
		return true;
	}
	*out = zone << 49 | (uint64_t)(v->time.nano / 1000000) << 39 |
		((uint64_t)second & LOW(39));
	return fits(second, 39) && v->time.nano % 1000000 == 0;
}

static bool unpack_time(uint64_t x, struct rdf_value *v)
{
	uint64_t zone = x >> 49 & LOW(11), milli = x >> 39 & LOW(10);
	int64_t day = signed_of(x, 49);
	bool near = day >= day_of(-YEAR_MOST, 1, 1) && day <= day_of(YEAR_MOST, 12, 31);

	v->time.zone = zone == ZONE_NONE ? RDF_NO_ZONE : (int16_t)((int)zone - 840);
	v->time.second = signed_of(x, 39);
	v->time.nano = (uint32_t)milli * 1000000;
	if (v->type == RDF_DATE) {
		v->time.second = near ? day * DAY : 0;
		v->time.nano = 0;
		milli = 0;
	}
	return zone <= ZONE_NONE && milli < 1000 && (v->type != RDF_DATE || near);
}

bool rdf_value_pack(const struct rdf_value *v, uint64_t *out)
{
	bool good = v->fit == RDF_CANONICAL;

	if (v->type == RDF_BOOLEAN)
		*out = v->boolean;
	else if (v->type == RDF_INTEGER && (good = good && fits(v->integer, 60)))
		*out = (uint64_t)v->integer & LOW(60);
	else if (v->type == RDF_DECIMAL)
		good = pack_decimal(v, out) && good;
	else if (v->type == RDF_DOUBLE)
		good = pack_double(v->real, out) && good;
	else if (v->type == RDF_DATE || v->type == RDF_DATE_TIME)
		good = pack_time(v, out) && good;
	if (good)
		*out |= (uint64_t)v->type << 60;
	return good;
}

bool rdf_value_unpack(uint64_t bits, struct rdf_value *out)
{
	*out = (struct rdf_value){ .type = rdf_value_packed_type(bits), .fit = RDF_CANONICAL };
	switch (out->type) {
	case RDF_BOOLEAN:
		out->boolean = bits & 1;
		return (bits & LOW(60)) < 2;
	case RDF_INTEGER:
		out->integer = signed_of(bits, 60);
		return true;
	case RDF_DECIMAL:
		return unpack_decimal(bits, out);
	case RDF_DOUBLE:
		return unpack_double(bits, out);
	case RDF_DATE:
	case RDF_DATE_TIME:
		return unpack_time(bits, out);
	default:
		return false;
	}
}
