/* tests/unit/rdf_value.c - graph/rdf/rdf_value: which texts a value may stand for */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "graph/rdf/rdf_value.h"

#define B RDF_BOOLEAN
#define I RDF_INTEGER
#define D RDF_DECIMAL
#define R RDF_DOUBLE
#define DAY RDF_DATE
#define T RDF_DATE_TIME

static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static size_t scaled(size_t n)
{
	const char *text = getenv("STRATO_TEST_SCALE");

	n = n * (text ? strtoul(text, NULL, 10) : 100) / 100;
	return n ? n : 1;
}

static int setup(void **state)
{
	(void)state;
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	return 0;
}

/* What TEXT is; where it is canonical it must be what is written. */
static enum rdf_fit fit(enum rdf_type type, struct bytes text, struct rdf_value *v)
{
	uint8_t again[RDF_VALUE_MOST];
	bool canonical = rdf_value_of(text, rdf_value_datatype(type), v);

	assert_int_equal(v->type, type);
	assert_int_equal(canonical, v->fit == RDF_CANONICAL);
	if (v->fit == RDF_VALUE || canonical) {
		size_t n = rdf_value_write(v, again);

		assert_true(n > 0 && n <= sizeof again);
		if (bytes_equal(bytes_of(again, n), text) != canonical)
			fail_msg("%.*s is written %.*s, and said to be%s", (int)text.len,
				 (const char *)text.ptr, (int)n, (const char *)again,
				 canonical ? "" : " not");
	}
	return v->fit;
}

static const struct {
	enum rdf_type type;
	const char *text;
	enum rdf_fit fit;
} cases[] = {
	{ B, "true", RDF_CANONICAL }, { B, "false", RDF_CANONICAL }, { B, "1", RDF_VALUE },
	{ B, "0", RDF_VALUE }, { B, "TRUE", RDF_INVALID }, { B, "", RDF_INVALID },
	{ B, "true ", RDF_INVALID },
	{ I, "0", RDF_CANONICAL }, { I, "-1", RDF_CANONICAL }, { I, "+1", RDF_VALUE },
	{ I, "01", RDF_VALUE }, { I, "-0", RDF_VALUE }, { I, "", RDF_INVALID },
	{ I, "-", RDF_INVALID }, { I, "1.0", RDF_INVALID }, { I, " 1", RDF_INVALID },
	{ I, "9223372036854775807", RDF_CANONICAL }, { I, "9223372036854775808", RDF_OVER },
	{ I, "-9223372036854775808", RDF_CANONICAL }, { I, "-9223372036854775809", RDF_OVER },
	{ I, "99999999999999999999999999", RDF_OVER },
	{ I, "18446744073709551617", RDF_OVER }, { I, "0x1", RDF_INVALID },
	{ D, "0", RDF_CANONICAL }, { D, "1", RDF_CANONICAL }, { D, "-1.5", RDF_CANONICAL },
	{ D, "0.001", RDF_CANONICAL }, { D, "-0.1", RDF_CANONICAL }, { D, "1.0", RDF_VALUE },
	{ D, "1.50", RDF_VALUE }, { D, ".5", RDF_VALUE }, { D, "1.", RDF_VALUE },
	{ D, "-0", RDF_VALUE }, { D, "+1.5", RDF_VALUE }, { D, "00.5", RDF_VALUE },
	{ D, ".", RDF_INVALID }, { D, "", RDF_INVALID }, { D, "1e0", RDF_INVALID },
	{ D, "1.2.3", RDF_INVALID }, { D, "100", RDF_CANONICAL },
	{ D, "0.000000000000000001", RDF_CANONICAL },
	{ D, "0.0000000000000000001", RDF_OVER },
	{ D, "9.223372036854775807", RDF_CANONICAL }, { D, "9.223372036854775808", RDF_OVER },
	{ D, "9223372036854775807", RDF_CANONICAL }, { D, "9223372036854775808", RDF_OVER },
	{ D, "1000000000000000000000", RDF_OVER },
	{ R, "0.0E0", RDF_CANONICAL }, { R, "-0.0E0", RDF_CANONICAL }, { R, "0", RDF_VALUE },
	{ R, "1.0E0", RDF_CANONICAL }, { R, "1.5E-7", RDF_CANONICAL }, { R, "1E0", RDF_VALUE },
	{ R, "1.50E0", RDF_VALUE }, { R, "15.0E0", RDF_VALUE }, { R, "1.0e0", RDF_VALUE },
	{ R, "1.0E+0", RDF_VALUE }, { R, "1.0E00", RDF_VALUE }, { R, "+1.0E0", RDF_VALUE },
	{ R, "1.0E22", RDF_CANONICAL }, { R, "1.2345678901234567E0", RDF_CANONICAL },
	{ R, "1.2345678901234568E0", RDF_VALUE }, { R, "0.1", RDF_VALUE },
	{ R, "1.0E-1", RDF_CANONICAL }, { R, "1.0000000000000001E-1", RDF_VALUE },
	{ R, "3.0000000000000004E-1", RDF_CANONICAL }, { R, "5.0E-324", RDF_CANONICAL },
	{ R, "4.9E-324", RDF_VALUE }, { R, "1.0E-400", RDF_VALUE }, { R, "1.0E400", RDF_VALUE },
	{ R, "1.0E99999999999999999999", RDF_VALUE }, { R, "INF", RDF_CANONICAL },
	{ R, "-INF", RDF_CANONICAL }, { R, "+INF", RDF_VALUE }, { R, "NaN", RDF_CANONICAL },
	{ R, "-NaN", RDF_INVALID }, { R, "inf", RDF_INVALID }, { R, "E0", RDF_INVALID },
	{ R, "1.0E", RDF_INVALID }, { R, "1.0E-", RDF_INVALID }, { R, "0x1p0", RDF_INVALID },
	{ R, "1.7976931348623157E308", RDF_CANONICAL },
	{ R, "2.2250738585072014E-308", RDF_CANONICAL }, { R, "1,5E0", RDF_INVALID },
	{ DAY, "1970-01-01", RDF_CANONICAL }, { DAY, "2024-02-29", RDF_CANONICAL },
	{ DAY, "2023-02-29", RDF_INVALID }, { DAY, "1900-02-29", RDF_INVALID },
	{ DAY, "2000-02-29", RDF_CANONICAL }, { DAY, "0000-02-29", RDF_CANONICAL },
	{ DAY, "-0000-01-01", RDF_VALUE }, { DAY, "-0001-12-31", RDF_CANONICAL },
	{ DAY, "12024-01-01", RDF_CANONICAL }, { DAY, "02024-01-01", RDF_INVALID },
	{ DAY, "999-01-01", RDF_INVALID }, { DAY, "+2024-01-01", RDF_INVALID },
	{ DAY, "2024-13-01", RDF_INVALID }, { DAY, "2024-00-01", RDF_INVALID },
	{ DAY, "2024-04-31", RDF_INVALID }, { DAY, "2024-04-00", RDF_INVALID },
	{ DAY, "2024-1-01", RDF_INVALID }, { DAY, "2024-01-01Z", RDF_CANONICAL },
	{ DAY, "2024-01-01+00:00", RDF_VALUE }, { DAY, "2024-01-01+14:00", RDF_CANONICAL },
	{ DAY, "2024-01-01-14:00", RDF_CANONICAL }, { DAY, "2024-01-01+14:01", RDF_INVALID },
	{ DAY, "2024-01-01-00:30", RDF_CANONICAL }, { DAY, "2024-01-01+01:60", RDF_INVALID },
	{ DAY, "2024-01-01z", RDF_INVALID }, { DAY, "2024-01-01ZZ", RDF_INVALID },
	{ DAY, "999999999-12-31", RDF_CANONICAL }, { DAY, "9999999999-12-31", RDF_OVER },
	{ DAY, "99999999999999999999999-02-32", RDF_INVALID },
	{ DAY, "2024-01-01T00:00:00", RDF_INVALID },
	{ T, "2024-01-01T00:00:00", RDF_CANONICAL }, { T, "2024-01-01T23:59:59.5Z", RDF_CANONICAL },
	{ T, "2024-01-01T24:00:00", RDF_VALUE }, { T, "2024-01-01T24:00:01", RDF_INVALID },
	{ T, "2024-01-01T24:00:00.0000000000001", RDF_INVALID },
	{ T, "2024-01-01T00:60:00", RDF_INVALID }, { T, "2024-01-01T00:00:60", RDF_INVALID },
	{ T, "2024-01-01T00:00:00.", RDF_INVALID }, { T, "2024-01-01T00:00:00.50", RDF_VALUE },
	{ T, "2024-01-01T00:00:00.000000001", RDF_CANONICAL },
	{ T, "2024-01-01T00:00:00.0000000010", RDF_VALUE },
	{ T, "2024-01-01T00:00:00.0000000001", RDF_OVER },
	{ T, "2024-01-01", RDF_INVALID }, { T, "2024-01-01 00:00:00", RDF_INVALID },
	{ T, "-0044-03-15T12:00:00-05:30", RDF_CANONICAL },
};

static void test_cases(void **state)
{
	struct rdf_value v;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum rdf_fit got = fit(cases[i].type, bytes_str(cases[i].text), &v);

		if (got != cases[i].fit)
			fail_msg("\"%s\" is %d, not %d", cases[i].text, got, cases[i].fit);
	}
}

static void test_other_datatypes(void **state)
{
	struct rdf_value v;

	(void)state;
	assert_false(rdf_value_of(bytes_str("1"), bytes_str(""), &v));
	assert_int_equal(v.type, RDF_NO_TYPE);
	assert_false(rdf_value_of(bytes_str("1"), bytes_str("http://a/integer"), &v));
	assert_int_equal(v.type, RDF_NO_TYPE);
	assert_int_equal(rdf_value_datatype(RDF_NO_TYPE).len, 0);
	for (int i = RDF_BOOLEAN; i < RDF_TYPES; i++)
		assert_int_equal(rdf_value_type(rdf_value_datatype((enum rdf_type)i)), i);
}

/* --- values there and back --- */

static size_t packed_n;			/* values that 64 bits had room for */

static void there_and_back(const struct rdf_value *v)
{
	uint8_t text[RDF_VALUE_MOST];
	size_t n = rdf_value_write(v, text);
	struct rdf_value back, unpacked;
	uint64_t bits;

	if (fit(v->type, bytes_of(text, n), &back) != RDF_CANONICAL)
		fail_msg("%.*s is not canonical", (int)n, (const char *)text);
	if (rdf_value_pack(&back, &bits)) {
		uint8_t again[RDF_VALUE_MOST];

		packed_n++;
		assert_int_equal(rdf_value_packed_type(bits), v->type);
		assert_true(rdf_value_unpack(bits, &unpacked));
		assert_true(bytes_equal(bytes_of(again, rdf_value_write(&unpacked, again)),
					bytes_of(text, n)));
	}
	switch (v->type) {
	case RDF_BOOLEAN:
		assert_true(back.boolean == v->boolean);
		break;
	case RDF_INTEGER:
		assert_true(back.integer == v->integer);
		break;
	case RDF_DECIMAL:
		assert_true(back.decimal.digits == v->decimal.digits &&
			    back.decimal.scale == v->decimal.scale);
		break;
	case RDF_DOUBLE:
		assert_true(isnan(v->real) ? isnan(back.real) :
			    memcmp(&v->real, &back.real, sizeof v->real) == 0);
		break;
	default:
		assert_true(back.time.second == v->time.second &&
			    back.time.nano == v->time.nano && back.time.zone == v->time.zone);
	}
}

static int64_t random_integer(void)
{
	return (int64_t)(hash_u64(seed + turn++) >> rnd(64)) * (rnd(2) ? 1 : -1);
}

static void test_integers(void **state)
{
	(void)state;
	for (size_t i = 0; i < scaled(20000); i++) {
		struct rdf_value v = { .type = RDF_INTEGER, .integer = random_integer() };
		char wanted[32];
		uint8_t text[RDF_VALUE_MOST];
		size_t n = rdf_value_write(&v, text);

		snprintf(wanted, sizeof wanted, "%" PRId64, v.integer);
		assert_true(bytes_equal(bytes_of(text, n), bytes_str(wanted)));
		there_and_back(&v);
	}
}

static void test_decimals(void **state)
{
	(void)state;
	for (size_t i = 0; i < scaled(20000); i++) {
		struct rdf_value v = { .type = RDF_DECIMAL };

		v.decimal.digits = random_integer();
		if (v.decimal.digits == INT64_MIN)
			continue;
		v.decimal.scale = (uint8_t)rnd(RDF_SCALE_MOST + 1);
		if (v.decimal.digits % 10 == 0)
			v.decimal.scale = 0;
		there_and_back(&v);
	}
}

static double random_double(void)
{
	uint64_t bits = hash_u64(seed + turn++);
	double r;

	switch (rnd(4)) {
	case 0:
		return (double)random_integer() / (double)(1 + rnd(1000000));
	case 1:
		bits &= 0x800fffffffffffffu;	/* too small to have all its bits */
		break;
	case 2:
		return (double)random_integer();
	}
	memcpy(&r, &bits, sizeof r);
	return r;
}

/* No text of fewer digits means the same double. */
static void test_doubles(void **state)
{
	(void)state;
	for (size_t i = 0; i < scaled(10000); i++) {
		struct rdf_value v = { .type = RDF_DOUBLE, .real = random_double() };
		char text[RDF_VALUE_MOST + 1], other[64];
		int digits = 0;

		if (isnan(v.real))
			v.real = NAN;
		text[rdf_value_write(&v, (uint8_t *)text)] = '\0';
		there_and_back(&v);
		if (!isfinite(v.real))
			continue;
		assert_true(strtod(text, NULL) == v.real);
		for (char *at = text; *at != 'E'; at++)
			digits += *at >= '0' && *at <= '9';
		if (digits > 2 || !strstr(text, ".0E")) {
			snprintf(other, sizeof other, "%.*e", digits - 2, v.real);
			assert_true(strtod(other, NULL) != v.real);
		}
	}
}

/* Decimals of few digits, as people write them. */
static void test_double_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < scaled(20000); i++) {
		char text[64];
		struct rdf_value v;
		int n = snprintf(text, sizeof text, "%s%d.%" PRIu64 "E%d", rnd(2) ? "-" : "",
				 1 + (int)rnd(9), rnd(1 + rnd(1000000000000000000)),
				 (int)rnd(40) - 20);

		fit(RDF_DOUBLE, bytes_of(text, (size_t)n), &v);
		assert_true(v.real == strtod(text, NULL));
	}
}

static void test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < scaled(20000); i++) {
		struct rdf_value v = { .type = rnd(2) ? RDF_DATE : RDF_DATE_TIME };
		char wanted[64];
		uint8_t text[RDF_VALUE_MOST];
		size_t n;
		time_t second;
		struct tm tm;

		v.time.second = rnd(2) ? (int64_t)rnd(10000000000) - 3000000000 :
			(int64_t)rnd(60000000000000000) - 30000000000000000;
		v.time.zone = RDF_NO_ZONE;
		if (v.type == RDF_DATE)
			v.time.second -= v.time.second % 86400;
		second = (time_t)v.time.second;
		n = rdf_value_write(&v, text);
		if (gmtime_r(&second, &tm) && tm.tm_year > 1000 - 1900 && tm.tm_year < 8099) {
			strftime(wanted, sizeof wanted, v.type == RDF_DATE ? "%Y-%m-%d" :
				 "%Y-%m-%dT%H:%M:%S", &tm);
			assert_true(bytes_equal(bytes_of(text, n), bytes_str(wanted)));
		}
		if (rnd(2) && v.type == RDF_DATE_TIME)
			v.time.nano = (uint32_t)(rnd(1000) * (rnd(2) ? 1000000 : 1));
		if (rnd(2))
			v.time.zone = (int16_t)((int)rnd(1681) - 840);
		there_and_back(&v);
	}
}

/* Whatever is done to a text, what is called canonical is written as it is (see fit). */
static void test_mutations(void **state)
{
	static const char bytes[] = "0123456789+-.:eETZaINFtrue \x80";

	(void)state;
	for (size_t i = 0; i < scaled(60000); i++) {
		size_t which = rnd(sizeof cases / sizeof *cases), n;
		char text[64];
		struct rdf_value v;

		n = (size_t)snprintf(text, sizeof text, "%s", cases[which].text);
		for (uint64_t k = 1 + rnd(2); k; k--) {
			size_t at = rnd(n + 1), of = rnd(sizeof bytes - 1);

			if (rnd(2) && at < n) {
				text[at] = bytes[of];
			} else if (n < sizeof text - 1) {
				memmove(text + at + 1, text + at, n - at);
				text[at] = bytes[of];
				n++;
			}
		}
		fit(cases[rnd(8) ? which : rnd(sizeof cases / sizeof *cases)].type,
		    bytes_of(text, n), &v);
	}
}

/* Which have room, and each unlike the others. */
static void test_packing(void **state)
{
	static const struct {
		enum rdf_type type;
		const char *text;
		bool room;
	} texts[] = {
		{ B, "true", true }, { B, "false", true }, { B, "1", false },
		{ I, "576460752303423487", true }, { I, "576460752303423488", false },
		{ I, "-576460752303423488", true }, { I, "-576460752303423489", false },
		{ I, "0", true }, { I, "00", false },
		{ D, "0", true }, { D, "1.5", true }, { D, "0.000000000000000001", true },
		{ D, "-1801439850948198.4", true }, { D, "-1801439850948198.5", false },
		{ R, "0.0E0", true }, { R, "-0.0E0", true }, { R, "NaN", true },
		{ R, "INF", true }, { R, "-INF", true }, { R, "9.99999999999999E14", true },
		{ R, "3.0000000000000004E-1", false }, { R, "1.0E255", true },
		{ R, "1.0E256", false }, { R, "1.0E-256", true }, { R, "1.0E-257", false },
		{ R, "17.0E0", false },
		{ DAY, "1970-01-01", true }, { DAY, "1970-01-01Z", true },
		{ DAY, "-999999999-01-01-14:00", true }, { DAY, "999999999-12-31+14:00", true },
		{ T, "1970-01-01T00:00:00", true }, { T, "2024-02-29T12:34:56.789Z", true },
		{ T, "2024-02-29T12:34:56.7891Z", false }, { T, "9999-12-31T23:59:59", true },
		{ T, "12000-01-01T00:00:00", false },
		{ T, "-8000-01-01T00:00:00", false }, { T, "-0001-01-01T00:00:00", true },
	};
	uint64_t bits[sizeof texts / sizeof *texts];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct rdf_value v;

		fit(texts[i].type, bytes_str(texts[i].text), &v);
		if (rdf_value_pack(&v, &bits[n]) != texts[i].room)
			fail_msg("%s", texts[i].text);
		if (!texts[i].room)
			continue;
		there_and_back(&v);
		for (size_t k = 0; k < n; k++)
			assert_true(bits[k] != bits[n]);
		n++;
	}
}

/* Any bits are no value, or one that packs into them again. */
static void test_any_bits(void **state)
{
	size_t values = 0;

	(void)state;
	for (uint64_t low = 0; low < 2; low++) {	/* NaN and INF of other signs, powers */
		struct rdf_value v;
		uint64_t x = (uint64_t)RDF_DOUBLE << 60 | ((1ull << 50) - 1 - low);

		assert_int_equal(rdf_value_unpack(x | 1ull << 59, &v), (int)low);
		assert_false(rdf_value_unpack(x | 1ull << 50, &v));
	}
	for (int64_t day = 365241780000; day < 365241781000; day++) {	/* the last years */
		uint64_t again, bits = (uint64_t)RDF_DATE << 60 | 1681ull << 49 | (uint64_t)day;
		struct rdf_value v;

		if (rdf_value_unpack(bits, &v)) {
			there_and_back(&v);
			assert_true(rdf_value_pack(&v, &again) && again == bits);
		}
	}
	for (size_t i = 0; i < scaled(40000); i++) {
		uint64_t bits = hash_u64(seed + turn++), again;
		struct rdf_value v;

		bits = (bits >> rnd(60) & ~(15ull << 60)) | rnd(16) << 60;
		if (!rdf_value_unpack(bits, &v))
			continue;
		assert_true(rdf_value_pack(&v, &again));
		assert_true(again == bits);
		there_and_back(&v);
		values++;
	}
	assert_true(values > 0);
}

/* Most of what the tests before made. */
static void test_some_were_packed(void **state)
{
	(void)state;
	assert_true(packed_n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_other_datatypes),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_double_texts),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_any_bits),
		cmocka_unit_test(test_some_were_packed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
