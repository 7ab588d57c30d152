/* tests/unit/literal.c - graph/literal_code: literals as bytes, as words, compared
 *
 * What was encoded comes back in all fields; what decodes is the one encoding of its
 * literal; words print as they were written.
 */
#include "tests/unit/random_literal.h"

#include "graph/rdf/term.h"

static void literals_come_back_from_their_bytes(void **state)
{
	struct literal l, back, other;
	struct buf b = { .mem = &mem }, again = { .mem = &mem };

	(void)state;
	for (unsigned i = 0; i < scaled(20000); i++) {
		l = random_literal();
		buf_clear(&b);
		must(literal_encode(&b, &l));
		assert_int_equal(literal_decode(&back, b.ptr, b.len), b.len);
		assert_true(literal_equal(&l, &back));
		assert_int_equal(literal_len(b.ptr, b.len), b.len);
		assert_int_equal(literal_decode(&back, b.ptr, rnd(b.len)), 0);
		other = random_literal();
		buf_clear(&again);
		must(literal_encode(&again, &other));
		assert_int_equal(literal_equal(&l, &other),
				 bytes_equal(buf_bytes(&b), buf_bytes(&again)));
		if (i % 100 == 0)
			forget();
	}
	buf_release(&b);
	buf_release(&again);
	forget();
}

/* What is decoded from any bytes is what these bytes are written as. */
static void bytes_are_one_literal_or_none(void **state)
{
	struct buf b = { .mem = &mem };
	uint8_t in[24];
	struct literal l;
	size_t n, good = 0;

	(void)state;
	for (unsigned i = 0; i < scaled(200000); i++) {
		for (size_t k = 0; k < sizeof in; k++)
			in[k] = (uint8_t)(rnd(3) ? rnd(12) : rnd(256));
		n = literal_decode(&l, in, sizeof in);
		if (n == 0)
			continue;
		good++;
		buf_clear(&b);
		must(literal_encode(&b, &l));
		assert_int_equal(b.len, n);
		assert_memory_equal(b.ptr, in, n);
	}
	assert_true(good > 0);
	buf_release(&b);
}

static void words_are_typed_as_written_and_print_alike(void **state)
{
	static const struct {
		const char *text;
		enum literal_kind kind;
		const char *type;
	} cases[] = {
		{ "0", LITERAL_INTEGER, "" }, { "-17", LITERAL_INTEGER, "" },
		{ "9223372036854775807", LITERAL_INTEGER, "" },
		{ "-9223372036854775808", LITERAL_INTEGER, "" },
		{ "9223372036854775808", LITERAL_TYPED, "integer" },
		{ "-9223372036854775809", LITERAL_TYPED, "integer" },
		{ "007", LITERAL_STRING, "" }, { "+5", LITERAL_STRING, "" },
		{ "-0", LITERAL_STRING, "" }, { "", LITERAL_STRING, "" },
		{ "-", LITERAL_STRING, "" }, { "1 ", LITERAL_STRING, "" },
		{ "1.5", LITERAL_DECIMAL, "" }, { "0.0", LITERAL_TYPED, "decimal" },
		{ "1.50", LITERAL_TYPED, "decimal" }, { "-0.0", LITERAL_TYPED, "decimal" },
		{ "1.", LITERAL_STRING, "" }, { ".5", LITERAL_STRING, "" },
		{ "1.2.3", LITERAL_STRING, "" }, { "1e", LITERAL_STRING, "" },
		{ "0.5", LITERAL_DECIMAL, "" }, { "1.5E3", LITERAL_DOUBLE, "" },
		{ "1e5", LITERAL_TYPED, "double" }, { "1.50E-300", LITERAL_TYPED, "double" },
		{ "1e999999", LITERAL_TYPED, "double" },
		{ "true", LITERAL_BOOL, "" }, { "false", LITERAL_BOOL, "" },
		{ "True", LITERAL_STRING, "" }, { "NaN", LITERAL_STRING, "" },
		{ "2026-11-22", LITERAL_DATE, "" }, { "2026-11-22Z", LITERAL_DATE, "" },
		{ "2024-02-29", LITERAL_DATE, "" }, { "2026-02-29", LITERAL_STRING, "" },
		{ "2026-13-01", LITERAL_STRING, "" }, { "2026-00-10", LITERAL_STRING, "" },
		{ "-0044-03-15", LITERAL_DATE, "" }, { "12026-01-01", LITERAL_DATE, "" },
		{ "2026-11-22+00:00", LITERAL_TYPED, "date" },
		{ "2026-11-22T10:00:00Z", LITERAL_DATETIME, "" },
		{ "2026-11-22T10:00:00", LITERAL_DATETIME, "" },
		{ "2026-11-22T10:00:00.25-05:00", LITERAL_DATETIME, "" },
		{ "2026-11-22T10:00:00.50Z", LITERAL_TYPED, "dateTime" },
		{ "2026-11-22T24:00:00Z", LITERAL_TYPED, "dateTime" },
		{ "2026-11-22T24:00:01Z", LITERAL_STRING, "" },
		{ "2026-11-22T10:00", LITERAL_STRING, "" },
		{ "2026-11-22T10:60:00Z", LITERAL_STRING, "" },
		{ "2026-11-22 10:00:00", LITERAL_STRING, "" },
	};
	struct buf b = { .mem = &mem };
	struct literal l;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		literal_parse(&l, bytes_str(cases[i].text));
		if (l.kind != cases[i].kind)
			fail_msg("%s is %s", cases[i].text, literal_kind_name(l.kind));
		if (*cases[i].type) {
			assert_true(bytes_starts(l.extra, bytes_str(RDF_XSD)));
			assert_true(bytes_equal(bytes_of(l.extra.ptr + sizeof RDF_XSD - 1,
							 l.extra.len - sizeof RDF_XSD + 1),
						bytes_str(cases[i].type)));
		}
		buf_clear(&b);
		must(literal_print(&b, &l));
		assert_true(bytes_equal(buf_bytes(&b), bytes_str(cases[i].text)));
	}
	for (unsigned i = 0; i < scaled(20000); i++) {
		static const char alphabet[] = "0123456789-+.eETZ:tru";
		uint8_t text[24];
		size_t n = rnd(sizeof text);

		for (size_t k = 0; k < n; k++)
			text[k] = (uint8_t)alphabet[rnd(sizeof alphabet - 1)];
		literal_parse(&l, bytes_of(text, n));
		buf_clear(&b);
		must(literal_print(&b, &l));
		assert_true(bytes_equal(buf_bytes(&b), bytes_of(text, n)));
	}
	buf_release(&b);
}

static struct literal word(const char *text)
{
	struct literal l;

	literal_parse(&l, bytes_str(text));
	return l;
}

static void values_are_compared_by_what_they_mean(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{ "1", "2", LITERAL_LESS }, { "10", "9", LITERAL_MORE }, { "1", "1.0", LITERAL_SAME },
		{ "1.5", "1.50", LITERAL_SAME }, { "-1.5", "-1.25", LITERAL_LESS },
		{ "99999999999999999999", "9223372036854775807", LITERAL_MORE },
		{ "9007199254740993", "9007199254740992.5", LITERAL_MORE },
		{ "9007199254740993", "9007199254740992e0", LITERAL_MORE },
		{ "1e3", "1000", LITERAL_SAME }, { "1e3", "999.5", LITERAL_MORE },
		{ "-0.0", "0", LITERAL_SAME }, { "-1", "0.5", LITERAL_LESS },
		{ "2026-11-22", "2026-11-23", LITERAL_LESS },
		{ "2026-11-22T00:00:00Z", "2026-11-22", LITERAL_SAME },
		{ "2026-11-22T10:00:00+02:00", "2026-11-22T08:00:00Z", LITERAL_SAME },
		{ "2026-11-22T10:00:00.5Z", "2026-11-22T10:00:00.50Z", LITERAL_SAME },
		{ "2026-11-22T10:00:00.5Z", "2026-11-22T10:00:00.49Z", LITERAL_MORE },
		{ "-0044-03-15", "0001-01-01", LITERAL_LESS },
		{ "2026-11-22T24:00:00Z", "2026-11-23T00:00:00Z", LITERAL_SAME },
		{ "abc", "abd", LITERAL_LESS }, { "abc", "ab", LITERAL_MORE },
		{ "false", "true", LITERAL_LESS }, { "1", "abc", LITERAL_APART },
		{ "true", "1", LITERAL_APART }, { "2026-11-22", "2026", LITERAL_APART },
	};
	struct literal nan = { .kind = LITERAL_DOUBLE, .r = 0.0 / 0.0 }, a, b;
	struct literal en = { .kind = LITERAL_LANG, .extra = bytes_str("en"),
			      .text = bytes_str("abc") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int turned = cases[i].order == LITERAL_APART ? LITERAL_APART : -cases[i].order;

		a = word(cases[i].a);
		b = word(cases[i].b);
		if (literal_compare(&a, &b) != cases[i].order ||
		    literal_compare(&b, &a) != turned)
			fail_msg("%s and %s: %d", cases[i].a, cases[i].b, literal_compare(&a, &b));
	}
	a = word("1");
	assert_int_equal(literal_compare(&nan, &a), LITERAL_APART);
	assert_int_equal(literal_compare(&nan, &nan), LITERAL_APART);
	a = word("abc");
	assert_int_equal(literal_compare(&en, &a), LITERAL_SAME);
}

static void a_typed_literal_means_what_its_text_says(void **state)
{
	static const struct {
		const char *text, *type;
		enum literal_kind kind;
	} cases[] = {
		{ "1.50", RDF_XSD "decimal", LITERAL_DECIMAL }, { "007", RDF_XSD "int", LITERAL_INTEGER },
		{ "1e5", RDF_XSD "double", LITERAL_DOUBLE }, { "1e5", RDF_XSD "float", LITERAL_DOUBLE },
		{ "1", RDF_XSD "boolean", LITERAL_BOOL }, { "abc", RDF_XSD "integer", LITERAL_TYPED },
		{ "2026-11-22+00:00", RDF_XSD "date", LITERAL_DATE },
		{ "2026-11-22T24:00:00Z", RDF_XSD "dateTime", LITERAL_DATETIME },
		{ "99999999999999999999", RDF_XSD "integer", LITERAL_INTEGER },
		{ "1", "http://x/y", LITERAL_TYPED }, { "2026-02-30", RDF_XSD "date", LITERAL_TYPED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct literal l = { .kind = LITERAL_TYPED, .text = bytes_str(cases[i].text),
				     .extra = bytes_str(cases[i].type) };

		assert_int_equal(literal_meant(&l), cases[i].kind);
		l.kind = LITERAL_LANG;
		assert_int_equal(literal_meant(&l), LITERAL_LANG);
	}
}

static void json_gets_what_it_can_say(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "12", "12" }, { "1.5", "1.5" }, { "true", "true" }, { "007", "\"007\"" },
		{ "a\"b\\c\n\t", "\"a\\\"b\\\\c\\n\\t\"" }, { "\x01", "\"\\u0001\"" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" }, { "\xff", "\"\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, { "", "\"\"" },
		{ "2026-11-22", "\"2026-11-22\"" },
	};
	struct literal object = { .kind = LITERAL_JSON, .text = bytes_str("{\"a\":[1]}") };
	struct buf b = { .mem = &mem };
	struct property p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct literal l = word(cases[i].text);

		buf_clear(&b);
		must(literal_json(&b, &l));
		assert_true(bytes_equal(buf_bytes(&b), bytes_str(cases[i].json)));
	}
	buf_clear(&b);
	must(literal_json(&b, &object));
	assert_true(bytes_equal(buf_bytes(&b), object.text));
	must(literal_parse_pair(&p, bytes_str("a=b=c")));
	assert_true(bytes_equal(p.name, bytes_str("a")));
	assert_true(bytes_equal(p.value.text, bytes_str("b=c")));
	assert_int_equal(literal_parse_pair(&p, bytes_str("=b")), ERR_BAD_RECORD);
	assert_int_equal(literal_parse_pair(&p, bytes_str("ab")), ERR_BAD_RECORD);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(literals_come_back_from_their_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_are_one_literal_or_none, setup, teardown),
		cmocka_unit_test_setup_teardown(words_are_typed_as_written_and_print_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(values_are_compared_by_what_they_mean, setup, teardown),
		cmocka_unit_test_setup_teardown(a_typed_literal_means_what_its_text_says, setup, teardown),
		cmocka_unit_test_setup_teardown(json_gets_what_it_can_say, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
