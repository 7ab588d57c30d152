/* tests/unit/json.c - base/json against made values, spoilt values and a plain parser */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"

static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
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

static bool whole(const char *text, size_t len)
{
	struct json_at j = json_of(bytes_of(text, len));
	struct json_value v;
	bool good = json_next(&j, &v) && json_end(&j);

	assert_true(good || (j.why && (const char *)j.near >= text &&
			     (const char *)j.near <= text + len));
	return good;
}

static void what_the_standard_allows_and_forbids(void **state)
{
	static const char *const good[] = {
		"0", "-0", "1.5e+10", "1E2", "true", "false", "null", "\"\"", "[]", "{}",
		" [ 1 , 2 ] ", "{\"a\":{\"b\":[[],[{}]]},\"c\":-1.0}\n", "\"\\u00e9\\ud83d\\ude00\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "[0.0,\"x\",null]",
	};
	static const char *const bad[] = {
		"", " ", "01", "-", "1.", ".5", "1e", "+1", "tru", "nul", "True", "\"", "\"a",
		"[", "]", "[1", "[1,", "[1,]", "[,1]", "{", "{\"a\"", "{\"a\":", "{\"a\":1,}",
		"{a:1}", "{\"a\" 1}", "[1}", "{\"a\":1]", "1 2", "\"\t\"", "\"\\x\"", "\"\\u12\"",
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "[1 2]", "{\"a\":1 \"b\":2}",
		"--1", "1-", "0x1", "NaN", "[1,2", "\"a\"b", "'a'",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!whole(good[i], strlen(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (whole(bad[i], strlen(bad[i])))
			fail_msg("taken: %s", bad[i]);
}

static void brackets_may_be_so_deep_and_no_deeper(void **state)
{
	char text[2 * JSON_DEPTH + 8];

	(void)state;
	memset(text, '[', JSON_DEPTH);
	memset(text + JSON_DEPTH, ']', JSON_DEPTH);
	assert_true(whole(text, 2 * JSON_DEPTH));
	memset(text, '[', JSON_DEPTH + 1);
	memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
	assert_false(whole(text, 2 * JSON_DEPTH + 2));
}

/* --- made values: written beside an account of what is in them --- */

struct made {
	struct buf json, account;
};

static void blanks(struct made *m)
{
	static const char *const some[] = { "", "", "", " ", "\t", "\n ", "\r" };

	buf_printf(&m->json, "%s", some[rnd(7)]);
}

static void make_string(struct made *m)
{
	static const char *const piece[][2] = {
		{ "a", "a" }, { "\xc3\xa9", "\xc3\xa9" }, { "\\u00e9", "\xc3\xa9" },
		{ "\\n", "\n" }, { "\\\"", "\"" }, { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "\\\\", "\\" }, { "\\/", "/" }, { "\\u20ac", "\xe2\x82\xac" }, { "{", "{" },
		{ "]", "]" }, { "\\u0041", "A" }, { ",", "," },
	};

	buf_printf(&m->json, "\"");
	buf_printf(&m->account, "\"");
	for (uint64_t n = rnd(6); n > 0; n--) {
		size_t i = rnd(sizeof piece / sizeof *piece);

		buf_printf(&m->json, "%s", piece[i][0]);
		buf_printf(&m->account, "%s", piece[i][1]);
	}
	buf_printf(&m->json, "\"");
	buf_printf(&m->account, "\"");
}

static void make_value(struct made *m, unsigned depth)
{
	static const char *const plain[] = { "null", "true", "false", "0", "-12.5e-3", "7" };
	uint64_t what = rnd(depth ? 9 : 7);
	bool object = what == 8;

	blanks(m);
	if (what < 6) {
		buf_printf(&m->json, "%s", plain[what]);
		buf_printf(&m->account, "%s", plain[what]);
	} else if (what == 6) {
		make_string(m);
	} else {
		buf_printf(&m->json, object ? "{" : "[");
		buf_printf(&m->account, object ? "{" : "[");
		for (uint64_t n = rnd(5), i = 0; i < n; i++) {
			if (i)
				buf_printf(&m->json, ",");
			if (object) {
				blanks(m);
				make_string(m);
				blanks(m);
				buf_printf(&m->json, ":");
			}
			make_value(m, depth - 1);
			blanks(m);
		}
		buf_printf(&m->json, object ? "}" : "]");
		buf_printf(&m->account, object ? "}" : "]");
	}
	blanks(m);
}

static void tell_string(const struct json_value *v, struct buf *out)
{
	uint8_t *room = malloc(v->text.len + 1);
	struct bytes s = json_string(v, room);

	buf_add_byte(out, '"');
	buf_add(out, s.ptr, s.len);
	buf_add_byte(out, '"');
	free(room);
}

static void tell(const struct json_value *v, struct buf *out)
{
	struct json_value name, value;
	struct json_at in;

	if (v->kind < JSON_STRING) {
		buf_add(out, v->text.ptr, v->text.len);
		return;
	}
	if (v->kind == JSON_STRING) {
		tell_string(v, out);
		return;
	}
	in = json_inside(v);
	buf_add_byte(out, v->kind == JSON_OBJECT ? '{' : '[');
	if (v->kind == JSON_OBJECT)
		while (json_member(&in, &name, &value) > 0) {
			tell_string(&name, out);
			tell(&value, out);
		}
	else
		while (json_element(&in, &value) > 0)
			tell(&value, out);
	buf_add_byte(out, v->kind == JSON_OBJECT ? '}' : ']');
}

static void made_values_are_read_as_they_were_meant(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct made m = {0};
		struct buf told = {0};
		struct json_value v;
		struct json_at j;

		make_value(&m, 5);
		j = json_of(buf_bytes(&m.json));
		assert_true(json_next(&j, &v));
		assert_true(json_end(&j));
		tell(&v, &told);
		assert_int_equal(told.len, m.account.len);
		assert_memory_equal(told.ptr, m.account.ptr, told.len);
		buf_release(&m.json);
		buf_release(&m.account);
		buf_release(&told);
	}
}

/* --- a plain parser: by recursion, bytes one by one --- */

static const char *plain_value(const char *p, const char *end);

static const char *plain_blanks(const char *p, const char *end)
{
	while (p < end && memchr(" \t\r\n", *p, 4))
		p++;
	return p;
}

static const char *plain_string(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	for (; p < end && *p != '"'; p++) {
		unsigned a, b;
		char hex[2][5] = {{0}};

		if ((unsigned char)*p < 32)
			return NULL;
		if (*p != '\\')
			continue;
		if (++p == end)
			return NULL;
		if (memchr("\"\\/bfnrt", *p, 8))
			continue;
		if (*p != 'u' || end - p < 5)
			return NULL;
		memcpy(hex[0], p + 1, 4);
		if (strspn(hex[0], "0123456789abcdefABCDEF") != 4)
			return NULL;
		a = (unsigned)strtoul(hex[0], NULL, 16);
		p += 4;
		if (a >= 0xdc00 && a < 0xe000)
			return NULL;
		if (a < 0xd800 || a >= 0xe000)
			continue;
		if (end - p < 7 || p[1] != '\\' || p[2] != 'u')
			return NULL;
		memcpy(hex[1], p + 3, 4);
		b = (unsigned)strtoul(hex[1], NULL, 16);
		if (strspn(hex[1], "0123456789abcdefABCDEF") != 4 || b < 0xdc00 || b > 0xdfff)
			return NULL;
		p += 6;
	}
	return p < end ? p + 1 : NULL;
}

static const char *plain_number(const char *p, const char *end)
{
	const char *from;

	if (p < end && *p == '-')
		p++;
	from = p;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p == from || (*from == '0' && p - from > 1))
		return NULL;
	if (p < end && *p == '.') {
		from = ++p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		if (p == from)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		if (p == from)
			return NULL;
	}
	return p;
}

static const char *plain_list(const char *p, const char *end, char close)
{
	p = plain_blanks(p + 1, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			p = plain_string(plain_blanks(p, end), end);
			p = p ? plain_blanks(p, end) : end;
			if (p == end || *p++ != ':')
				return NULL;
		}
		p = plain_value(p, end);
		p = p ? plain_blanks(p, end) : end;
		if (p == end)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

static const char *plain_value(const char *p, const char *end)
{
	static const char *const words[] = { "null", "true", "false" };

	p = plain_blanks(p, end);
	if (p == end)
		return NULL;
	for (size_t i = 0; i < 3; i++)
		if ((size_t)(end - p) >= strlen(words[i]) &&
		    memcmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	if (*p == '"')
		return plain_string(p, end);
	if (*p == '[' || *p == '{')
		return plain_list(p, end, *p == '[' ? ']' : '}');
	return plain_number(p, end);
}

static bool plain(const char *text, size_t len)
{
	const char *p = plain_value(text, text + len);

	return p && plain_blanks(p, text + len) == text + len;
}

static void spoilt_values_are_refused_as_a_plain_parser_refuses_them(void **state)
{
	static const char odd[] = "\"\\[]{},:0-.eEu \n\td8c\x01\xff";
	unsigned taken = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct made m = {0};
		char *text;
		size_t len;

		make_value(&m, 4);
		len = m.json.len;
		text = malloc(len + 1);	/* exactly: the sanitizer watches its ends */
		memcpy(text, m.json.ptr, len);
		for (uint64_t n = rnd(3); len && n > 0; n--)
			text[rnd(len)] = odd[rnd(sizeof odd - 1)];
		len = rnd(4) ? len : rnd(len + 1);
		assert_int_equal(whole(text, len), plain(text, len));
		*(plain(text, len) ? &taken : &refused) += 1;
		free(text);
		buf_release(&m.json);
		buf_release(&m.account);
	}
	assert_true(taken > 100 && refused > 100);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_the_standard_allows_and_forbids),
		CASE(brackets_may_be_so_deep_and_no_deeper),
		CASE(made_values_are_read_as_they_were_meant),
		CASE(spoilt_values_are_refused_as_a_plain_parser_refuses_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
