/* tests/unit/output.c - cli/output: rows, JSON, tables, words for people */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cli/output.h"

static int to_buf(void *ctx, const void *ptr, size_t len)
{
	return buf_add(ctx, ptr, len);
}

static const char *text_of(struct buf *b)
{
	assert_int_equal(buf_add_byte(b, 0), 0);
	b->len--;
	return (const char *)b->ptr;
}

static void escapes_are_those_of_tsv_for_every_byte_at_every_place(void **state)
{
	uint8_t in[100];
	char want[200];
	struct buf out = {0};

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 70; at += 23) {
			size_t n = 0;

			memset(in, 'a', sizeof in);
			in[at] = (uint8_t)c;
			buf_clear(&out);
			assert_int_equal(output_escape(&out, bytes_of(in, 70)), 0);
			for (size_t i = 0; i < 70; i++) {
				const char *e = in[i] == 0 ? "\\0" : in[i] == '\t' ? "\\t" :
					in[i] == '\n' ? "\\n" : in[i] == '\r' ? "\\r" :
					in[i] == '\\' ? "\\\\" : NULL;
				if (e)
					n += (size_t)sprintf(want + n, "%s", e);
				else
					want[n++] = (char)in[i];
			}
			assert_int_equal(out.len, n);
			assert_memory_equal(out.ptr, want, n);
		}
	buf_release(&out);
}

static void utf8_is_what_unicode_says(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} t[] = {
		{ "", true }, { "plain", true }, { "\xc2\x80", true }, { "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true }, { "\xed\x9f\xbf", true }, { "\xee\x80\x80", true },
		{ "\xf0\x90\x80\x80", true }, { "\xf4\x8f\xbf\xbf", true },
		{ "12345678\xc3\xa9", true }, { "1234567\xc3\xa9", true },
		{ "\x80", false }, { "\xc0\x80", false }, { "\xc1\xbf", false },
		{ "\xc3", false }, { "\xe0\x9f\xbf", false }, { "\xed\xa0\x80", false },
		{ "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false }, { "\xff", false }, { "12345678\xff", false },
		{ "\xe2\x82", false }, { "\xe2\x28\xa1", false }, { "\xf0\x9f\x98", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		if (output_is_utf8(bytes_str(t[i].text)) != t[i].good)
			fail_msg("row %zu", i);
	assert_true(output_has_control(bytes_str("a\x1b[2J")));
	assert_true(output_has_control(bytes_str("\x9b")));
	assert_true(output_has_control(bytes_str("\xc2\x9b")));
	assert_true(output_has_control(bytes_of("a\0b", 3)));
	assert_false(output_has_control(bytes_str("a\tb\n\xc3\xa9\xe2\x82\xac")));
}

static void base64_is_rfc_4648s(void **state)
{
	static const char *const t[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		buf_clear(&out);
		assert_int_equal(output_base64(&out, bytes_str(t[i][0])), 0);
		assert_string_equal(text_of(&out), t[i][1]);
	}
	buf_clear(&out);
	output_base64(&out, bytes_of("\xff\xef\xbe", 3));
	assert_string_equal(text_of(&out), "/+++");
	buf_release(&out);
}

static void json_nests_and_escapes(void **state)
{
	struct buf out = {0};
	struct sink to = { to_buf, &out };
	struct json j;

	(void)state;
	json_init(&j, NULL);
	json_object(&j, NULL);
	json_text(&j, "a", "x\"\\\n\x01\x7f\xc2\x9b\xc3\xa9");
	json_bytes(&j, "key", bytes_of("\xff\x00", 2));
	json_bytes(&j, "key", bytes_str("k"));
	json_array(&j, "list");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, INT64_MIN);
	json_object(&j, NULL);
	json_object_end(&j);
	json_array_end(&j);
	json_version(&j, "v", UINT64_MAX);
	json_bool(&j, "b", true);
	json_null(&j, "n");
	json_real(&j, "r", 0.1);
	json_real(&j, "r", NAN);
	json_text(&j, "bad", "a\xff!");
	json_object_end(&j);
	assert_int_equal(json_line(&j, to), 0);
	assert_string_equal(text_of(&out),
		"{\"a\":\"x\\\"\\\\\\n\\u0001\\u007f\\u009b\xc3\xa9\",\"key64\":\"/wA=\","
		"\"key\":\"k\",\"list\":[18446744073709551615,-9223372036854775808,{}],"
		"\"v\":\"18446744073709551615\",\"b\":true,\"n\":null,\"r\":0.1,\"r\":null,"
		"\"bad\":\"a\xef\xbf\xbd!\"}\n");
	buf_clear(&out);
	json_array(&j, NULL);
	json_array_end(&j);
	assert_int_equal(json_line(&j, to), 0);
	assert_string_equal(text_of(&out), "[]\n");
	json_release(&j);
	buf_release(&out);
}

static const char *two_rows(enum output_style style, struct buf *out)
{
	struct sink to = { to_buf, out };
	struct output *o;

	buf_clear(out);
	assert_int_equal(output_open(&o, style, to, NULL), 0);
	output_bytes(o, "key", bytes_of("a\tb", 3));
	output_u64(o, "size_bytes", 5);
	output_version(o, "version", 7);
	output_text(o, "note", "x");
	assert_int_equal(output_row(o), 0);
	output_bytes(o, "key", bytes_str("\xc3\xa9"));
	output_u64(o, "size_bytes", 12345);
	output_absent(o, "version");
	output_bool(o, "note", false);
	assert_int_equal(output_row(o), 0);
	assert_int_equal(output_end(o), 0);
	output_close(o);
	return text_of(out);
}

static void one_row_in_three_styles(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_string_equal(two_rows(OUTPUT_TSV, &out),
			    "a\\tb\t5\t7\tx\n\xc3\xa9\t12345\t\\N\tfalse\n");
	assert_string_equal(two_rows(OUTPUT_JSON, &out),
		"{\"key\":\"a\\tb\",\"size_bytes\":5,\"version\":\"7\",\"note\":\"x\"}\n"
		"{\"key\":\"\xc3\xa9\",\"size_bytes\":12345,\"version\":null,\"note\":false}\n");
	assert_string_equal(two_rows(OUTPUT_TABLE, &out),
		"key   size_bytes  version  note\n"
		"a\\tb           5        7  x\n"
		"\xc3\xa9          12345        -  false\n");
	buf_release(&out);
}

static int full(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	(void)ptr;
	(void)len;
	return err_set(ERR_NO_SPACE, "full");
}

static void a_full_sink_is_told_by_every_row_after(void **state)
{
	struct output *o;

	(void)state;
	for (enum output_style s = OUTPUT_TSV; s <= OUTPUT_TABLE; s++) {
		assert_int_equal(output_open(&o, s, (struct sink){ full, NULL }, NULL), 0);
		output_u64(o, "a", 1);
		assert_int_equal(output_row(o), s == OUTPUT_TABLE ? 0 : ERR_NO_SPACE);
		assert_int_equal(output_end(o), ERR_NO_SPACE);
		output_close(o);
	}
	output_close(NULL);
}

static void memory_that_runs_out_is_told_by_the_row(void **state)
{
	struct buf out = {0};
	struct output *o;
	struct mem mem;
	int r = ERR_MEMORY;

	(void)state;
	for (uint64_t at = 1; r == ERR_MEMORY; at++) {
		for (enum output_style s = OUTPUT_TSV; s <= OUTPUT_TABLE; s++) {
			mem_init(&mem, 0);
			mem.fail_at = at;
			r = output_open(&o, s, (struct sink){ to_buf, &out }, &mem);
			if (r == 0) {
				output_text(o, "name", "a text of some length, a text of "
					    "some length, a text of some length");
				r = output_row(o);
				if (r == 0)
					r = output_end(o);
				output_close(o);
			}
			assert_true(r == 0 || r == ERR_MEMORY);
			assert_int_equal(mem.used, 0);
		}
		assert_true(at < 50);
	}
	buf_release(&out);
}

static void numbers_for_people(void **state)
{
	(void)state;
	assert_string_equal(output_count(0), "0");
	assert_string_equal(output_count(999), "999");
	assert_string_equal(output_count(68993773), "68,993,773");
	assert_string_equal(output_count(UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(output_size(0), "0 B");
	assert_string_equal(output_size(1023), "1023 B");
	assert_string_equal(output_size(1024), "1.0 KiB");
	assert_string_equal(output_size(812ull << 20), "812 MiB");
	assert_string_equal(output_size(1536ull << 20), "1.5 GiB");
	assert_string_equal(output_size(UINT64_MAX), "16 EiB");
	assert_string_equal(output_size((1ull << 20) - 1), "1.0 MiB");
	assert_string_equal(output_time(9800000000), "9.8 s");
	assert_string_equal(output_time(250000000), "250 ms");
	assert_string_equal(output_time(125000000000), "2 m 05 s");
	assert_string_equal(output_time(3725000000000), "1 h 02 m");
	assert_string_equal(output_time(1500), "1 us");
	assert_string_equal(output_rate(68993773, 9800000000), "7.0 M");
	assert_string_equal(output_rate(5, 1000000000), "5.0");
	assert_string_equal(output_rate(5, 0), "0.0");
	assert_string_equal(output_bar(5, 10, 10), "#####");
	assert_string_equal(output_bar(1, 1000000, 10), "#");
	assert_string_equal(output_bar(0, 10, 10), "");
	assert_string_equal(output_bar(10, 10, 10), "##########");
	assert_string_equal(output_bar(7, 0, 10), "#");
	assert_int_equal(strlen(output_bar(UINT64_MAX, UINT64_MAX, 4000)), 120);
}

static void colour_obeys_the_environment(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(output_color(OUTPUT_ALWAYS, 0));
	assert_false(output_color(OUTPUT_NEVER, 0));
	setenv("NO_COLOR", "1", 1);
	assert_false(output_color(OUTPUT_AUTO, 0));
	setenv("NO_COLOR", "", 1);
	setenv("TERM", "dumb", 1);
	assert_false(output_color(OUTPUT_AUTO, 0));
	assert_int_equal(output_width(-1), 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_those_of_tsv_for_every_byte_at_every_place),
		cmocka_unit_test(utf8_is_what_unicode_says),
		cmocka_unit_test(base64_is_rfc_4648s),
		cmocka_unit_test(json_nests_and_escapes),
		cmocka_unit_test(one_row_in_three_styles),
		cmocka_unit_test(a_full_sink_is_told_by_every_row_after),
		cmocka_unit_test(memory_that_runs_out_is_told_by_the_row),
		cmocka_unit_test(numbers_for_people),
		cmocka_unit_test(colour_obeys_the_environment),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
