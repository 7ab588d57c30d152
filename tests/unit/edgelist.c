/* tests/unit/edgelist.c - graph/text: el and tsv, line by line and block by block */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/text/weight.h"

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

struct bytes_source {
	struct bytes left;
	size_t most;		/* bytes a call; 0: as many as fit */
	int fail;		/* at the end: this instead of 0 */
};

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct bytes_source *s = ctx;
	size_t n = s->left.len < cap ? s->left.len : cap;

	if (s->most && n > s->most)
		n = 1 + rnd(s->most);
	if (n == 0 && s->fail)
		return err_set(s->fail, "the source broke");
	if (n)
		memcpy(buf, s->left.ptr, n);
	s->left.ptr += n;
	s->left.len -= n;
	return (ssize_t)n;
}

static struct text *open_text(struct bytes_source *s, const struct text_options *o)
{
	const struct text_source from = { fill, s, "F" };
	struct text *t;

	assert_int_equal(text_open(&t, &from, o, NULL), 0);
	return t;
}

static int show_edge(char *out, const struct text_edge *e)
{
	char weight[WEIGHT_MAX + 1] = "";

	if (e->value.kind != TEXT_NO_VALUE) {
		weight[0] = '=';
		weight_show(weight + 1, &e->value);
	}
	return sprintf(out, "%.*s>%.*s:%.*s%s\n", (int)e->src.bytes.len, e->src.bytes.ptr,
		       (int)e->dst.bytes.len, e->dst.bytes.ptr,
		       (int)e->type.len, e->type.ptr, weight);
}

/* The edges of TEXT, one "src>dst:type=weight" a line, then the code it ended with. */
static void read_all(const char *dialect, struct bytes text, size_t most, char *out)
{
	const struct text_options o = { .dialect = text_find(bytes_str(dialect)) };
	struct bytes_source s = { .left = text, .most = most };
	struct text *t = open_text(&s, &o);
	struct text_edge e;
	int r;

	while ((r = text_next(t, &e)) > 0)
		out += show_edge(out, &e);
	sprintf(out, "%s", r < 0 ? err_word(r) : "end");
	text_close(t);
}

static void lines_are_read_as_the_dialect_says(void **state)
{
	static const struct {
		const char *dialect, *text, *want;
	} cases[] = {
		{ "el", "", "end" },
		{ "el", "1 2", "1>2:\nend" },
		{ "el", "1 2\n", "1>2:\nend" },
		{ "el", "1 2\r\n3\t4\r\n", "1>2:\n3>4:\nend" },
		{ "el", "\xef\xbb\xbf" "1 2\n\xef\xbb\xbf" "3 4\n",
		  "1>2:\n\xef\xbb\xbf" "3>4:\nend" },
		{ "el", "\xef\xbb\xbf", "end" },
		{ "el", "\n\n  \n1,2\n3|4\n5 , 6\n", "1>2:\n3>4:\n5>6:\nend" },
		{ "el", "# c\n% c\n  # c\n1 2\n", "1>2:\nend" },
		{ "el", "a b\n-1 +5\n007 0x1\n", "a>b:\n-1>+5:\n007>0x1:\nend" },
		{ "el", "1\n", "bad-record" },
		{ "el", "1 2\n3\n", "1>2:\nbad-record" },
		{ "el", "1 2 3\n", "1>2:=3\nend" },
		{ "el", "1 2 -0.5e3\r\n3,4,+7 \n", "1>2:=-500.0\n3>4:=7\nend" },
		{ "el", "1 2 nan\n", "bad-record" },
		{ "el", "1 2 -inf\n", "bad-record" },
		{ "el", "1 2 1e999\n", "bad-record" },
		{ "el", "1 2 0x1\n", "bad-record" },
		{ "el", "1 2 9223372036854775808\n", "bad-record" },
		{ "el", "1 2 3\n4 5\n", "1>2:=3\n4>5:\nend" },
		{ "el", "1 2 x\n", "bad-record" },
		{ "el", "1 2 3 4\n", "bad-record" },
		{ "el", "18446744073709551615 18446744073709551616\n",
		  "18446744073709551615>18446744073709551616:\nend" },
		{ "tsv", "", "end" },
		{ "tsv", "a\tb", "a>b:\nend" },
		{ "tsv", "\xef\xbb\xbf" "a\tb\tt\r\na\tb\r\na\tb\t\tweight=7\r\n",
		  "a>b:t\na>b:\na>b:=7\nend" },
		{ "tsv", "a\tb\\r\r\n\r\tb\n", "a>b\r:\n\r>b:\nend" },
		{ "tsv", "a\t\r\n", "bad-record" },
		{ "tsv", "a b\tc,d\te f\n", "a b>c,d:e f\nend" },
		{ "tsv", "a\tb\t\n", "a>b:\nend" },
		{ "tsv", "# a\tb\n", "# a>b:\nend" },
		{ "tsv", "a\\tb\t\\x41\\\\\tt\\nt\n", "a\tb>A\\:t\nt\nend" },
		{ "tsv", "a\n", "bad-record" },
		{ "tsv", "\n", "bad-record" },
		{ "tsv", "\tb\n", "bad-record" },
		{ "tsv", "a\t\n", "bad-record" },
		{ "tsv", "a\t\\q\n", "bad-record" },
		{ "tsv", "a\tb\\\n", "bad-record" },
		{ "tsv", "a\tb\\x4\n", "bad-record" },
		{ "tsv", "a\tb\tt\tyear\n", "bad-record" },
		{ "tsv", "a\tb\tt\tweight=1.5\n", "a>b:t=1.5\nend" },
		{ "tsv", "a\tb\t\tweight=-2\nc\td\n", "a>b:=-2\nc>d:\nend" },
		{ "tsv", "a\tb\t\tweight=\n", "bad-record" },
		{ "tsv", "a\tb\t\tweight=1\tweight=1\n", "bad-record" },
	};
	char got[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t most = 0; most < 3; most++) {
			read_all(cases[i].dialect, bytes_str(cases[i].text), most, got);
			if (strcmp(got, cases[i].want))
				fail_msg("%s \"%s\": got \"%s\"", cases[i].dialect,
					 cases[i].text, got);
		}
}

static void nul_bytes_are_malformed_in_el_and_bytes_in_tsv(void **state)
{
	const struct text_options o = { .dialect = &tsv_dialect };
	struct bytes_source s = { .left = bytes_of("a\0b\tc\\0\n", 8) };
	struct text_edge e;
	struct text *t = open_text(&s, &o);
	char got[64];

	(void)state;
	assert_int_equal(text_next(t, &e), 1);
	assert_true(bytes_equal(e.src.bytes, bytes_of("a\0b", 3)));
	assert_true(bytes_equal(e.dst.bytes, bytes_of("c\0", 2)));
	text_close(t);
	read_all("el", bytes_of("a\0b c\n", 6), 0, got);
	assert_string_equal(got, "bad-record");
}

static void only_canonical_decimals_are_numbers(void **state)
{
	static const char *const yes[] = { "0", "7", "10", "9223372036854775808",
		"9999999999999999999", "10000000000000000000", "18446744073709551615" };
	static const char *const no[] = { "", "00", "007", "+5", "-1", "1 ", "1a", "0x1",
		"1.0", "18446744073709551616", "99999999999999999999",
		"100000000000000000000" };
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		struct text_edge e;
		uint64_t v;

		assert_true(text_number(bytes_str(yes[i]), &v));
		assert_int_equal(v, strtoull(yes[i], NULL, 10));
		sprintf(line, "%s %s", yes[i], yes[i]);
		text_edge_clear(&e, NULL);
		assert_int_equal(edgelist_dialect.line(bytes_str(line), NULL, &e), 1);
		assert_true(e.src.is_number && e.dst.is_number);
		assert_int_equal(e.src.number, v);
		assert_int_equal(e.dst.number, v);
	}
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		struct text_edge e;
		uint64_t v;

		assert_false(text_number(bytes_str(no[i]), &v));
		sprintf(line, "%s 1", no[i]);
		text_edge_clear(&e, NULL);
		if (edgelist_dialect.line(bytes_str(line), NULL, &e) == 1 &&
		    bytes_equal(e.src.bytes, bytes_str(no[i])))
			assert_false(e.src.is_number);
	}
}

static struct text_value value_of(const char *text)
{
	struct text_value v = {0};

	if (weight_parse(bytes_str(text), &v) < 0)
		fail_msg("%s: %s", text, err_message());
	return v;
}

static void weights_are_the_nearest_double_and_come_back(void **state)
{
	(void)state;
	assert_int_equal(value_of("-9223372036854775808").i, INT64_MIN);
	assert_int_equal(value_of("9223372036854775807").i, INT64_MAX);
	assert_int_equal(value_of("007").i, 7);
	for (size_t i = 0; i < 20000; i++) {
		struct text_value v, back;
		uint64_t bits = rnd(UINT64_MAX);
		char text[64];

		v.kind = TEXT_REAL;
		memcpy(&v.r, &bits, 8);
		if (rnd(2))	/* few digits: the short way */
			v.r = (double)(int64_t)rnd(1000000) / 1000 - 500;
		if (v.r - v.r != 0)	/* not finite */
			continue;
		text[weight_show(text, &v)] = '\0';
		back = value_of(text);
		assert_int_equal(back.kind, TEXT_REAL);
		assert_memory_equal(&back.r, &v.r, 8);
		sprintf(text, "%.*e", (int)rnd(25), v.r);
		if (isfinite(strtod(text, NULL)))	/* 1.79e308 in one digit is 2e308 */
			assert_true(value_of(text).r == strtod(text, NULL));
		sprintf(text, "%.*f", (int)rnd(25), (double)rnd(1u << 30) / 977);
		if (strchr(text, '.'))
			assert_true(value_of(text).r == strtod(text, NULL));
	}
}

static void what_is_no_number_is_no_weight(void **state)
{
	static const char *const bad[] = { "", "-", "+", ".", "-.", "1e", "1e+", "e5", "1x",
		"0x10", "1,5", "1 ", "--1", "1..2", "1.2.3", "1e5.5", "nan", "NaN", "inf",
		"-Infinity", "1e309", "-1e999999999999", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999999" };
	struct text_value v;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (weight_parse(bytes_str(bad[i]), &v) != ERR_BAD_RECORD)
			fail_msg("\"%s\" was taken", bad[i]);
}

static void blocks_of_any_size_give_the_same_lines(void **state)
{
	static char text[300000], whole[400000], parts[400000];
	size_t len = 0;

	(void)state;
	while (len < sizeof text - 64)
		len += (size_t)sprintf(text + len, rnd(9) ? "%" PRIu64 " %" PRIu64 "\n" :
				       "# %" PRIu64 " comment %" PRIu64 "\n",
				       rnd(1000), rnd(UINT64_MAX));
	read_all("el", bytes_of(text, len), 0, whole);
	for (size_t most = 1; most < 100000; most = most * 7 + 1) {
		read_all("el", bytes_of(text, len), most, parts);
		assert_string_equal(whole, parts);
	}
}

static struct bytes long_line(char first, size_t len, const char *rest)
{
	size_t more = strlen(rest);
	char *p = malloc(len + more);

	memset(p, 'x', len);
	p[0] = first;
	memcpy(p + len, rest, more);
	return bytes_of(p, len + more);
}

static void a_ten_megabyte_line_is_malformed_and_a_comment_is_not(void **state)
{
	static const size_t lens[] = { TEXT_LINE_MAX - 1, TEXT_LINE_MAX, TEXT_LINE_MAX + 1,
		2 * TEXT_LINE_MAX, 10u << 20 };
	struct mem mem;

	(void)state;
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		const struct text_options o = { .dialect = &edgelist_dialect, .bad_most = 1 };
		struct bytes text = long_line('#', lens[i], "\n1 2\n");
		struct bytes_source s = { .left = text };
		const struct text_source from = { fill, &s, "F" };
		struct text_edge e;
		struct text *t;

		mem_init(&mem, 0);
		assert_int_equal(text_open(&t, &from, &o, &mem), 0);
		assert_int_equal(text_next(t, &e), 1);
		assert_int_equal(e.src.number, 1);
		assert_int_equal(text_line(t), 2);
		assert_int_equal(text_bad(t), 0);
		text_close(t);
		((char *)text.ptr)[0] = 'y';
		s = (struct bytes_source){ .left = text };
		assert_int_equal(text_open(&t, &from, &o, &mem), 0);
		assert_int_equal(text_next(t, &e), 1);
		assert_int_equal(e.src.number, 1);
		assert_int_equal(text_bad(t), 1);
		text_close(t);
		assert_true(mem.peak < 4u << 20);
		free((void *)text.ptr);
	}
}

static int keep_reject(void *ctx, struct bytes line)
{
	return buf_add(ctx, line.ptr, line.len);
}

static void bad_lines_are_counted_copied_and_located(void **state)
{
	struct buf rejects = {0};
	const struct text_options o = { .dialect = &edgelist_dialect, .bad_most = 2,
		.reject = keep_reject, .reject_ctx = &rejects };
	struct bytes_source s = { .left = bytes_str("1 2\noops\n# c\n3\n4 5\nlast") };
	struct text *t = open_text(&s, &o);
	struct text_edge e;

	(void)state;
	assert_int_equal(text_next(t, &e), 1);
	assert_int_equal(text_next(t, &e), 1);
	assert_int_equal(e.src.number, 4);
	assert_int_equal(text_bad(t), 2);
	assert_true(bytes_equal(buf_bytes(&rejects), bytes_str("oops\n3\n")));
	assert_int_equal(text_next(t, &e), ERR_BAD_RECORD);
	assert_non_null(strstr(err_message(), "F: line 6: "));
	assert_non_null(strstr(err_message(), "\"last\""));
	text_close(t);
	buf_release(&rejects);
}

static void a_thousand_malformed_lines_stop_whatever_is_tolerated(void **state)
{
	const struct text_options o = { .dialect = &edgelist_dialect, .bad_most = 1000000 };
	static char text[200000];
	struct bytes_source s;
	struct text_edge e;
	struct text *t;
	size_t len = 0;

	(void)state;
	for (int i = 1; i <= 2000; i++)
		len += (size_t)sprintf(text + len, "line%d\n", i);
	s = (struct bytes_source){ .left = bytes_of(text, len) };
	t = open_text(&s, &o);
	assert_int_equal(text_next(t, &e), ERR_BAD_RECORD);
	assert_int_equal(text_line(t), 1000);
	assert_non_null(strstr(err_message(), "el (SRC DST [WEIGHT])"));
	assert_non_null(strstr(err_message(), "line 3: \"line3\""));
	text_close(t);
	memcpy(text + 7, "1 2\n12\n", 7);	/* one edge among the first thousand */
	s = (struct bytes_source){ .left = bytes_of(text, len) };
	t = open_text(&s, &o);
	assert_int_equal(text_next(t, &e), 1);
	assert_int_equal(text_next(t, &e), 0);
	text_close(t);
}

static void a_source_that_fails_is_not_an_end(void **state)
{
	const struct text_options o = { .dialect = &edgelist_dialect };
	struct bytes_source s = { .left = bytes_str("1 2\n3 4"), .fail = ERR_CUT_OFF };
	struct text *t = open_text(&s, &o);
	struct text_edge e;

	(void)state;
	assert_int_equal(text_next(t, &e), 1);
	assert_int_equal(text_next(t, &e), ERR_CUT_OFF);
	text_close(t);
}

static void any_bytes_are_edges_or_an_error_with_its_line(void **state)
{
	static const char alphabet[] = "01a \t\n\n,|#\\x\0\r\xff";
	uint8_t text[400];

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct text_options o = { .bad_most = rnd(4), .numbers = rnd(2),
			.dialect = text_dialects[rnd(2)] };
		struct bytes_source s = { .most = rnd(9) };
		struct text_edge e;
		struct text *t;
		int r;

		s.left = bytes_of(text, rnd(sizeof text));
		for (size_t i = 0; i < s.left.len; i++)
			text[i] = (uint8_t)alphabet[rnd(sizeof alphabet)];
		t = open_text(&s, &o);
		while ((r = text_next(t, &e)) > 0) {
			assert_true(e.src.bytes.len > 0 && e.dst.bytes.len > 0);
			assert_true(!o.numbers || (e.src.is_number && e.dst.is_number));
		}
		assert_true(r == 0 || r == ERR_BAD_RECORD || r == ERR_UNSUPPORTED);
		assert_true(r == 0 || strstr(err_message(), "F: line "));
		text_close(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_the_dialect_says),
		cmocka_unit_test(nul_bytes_are_malformed_in_el_and_bytes_in_tsv),
		cmocka_unit_test(only_canonical_decimals_are_numbers),
		cmocka_unit_test_setup(weights_are_the_nearest_double_and_come_back, setup),
		cmocka_unit_test(what_is_no_number_is_no_weight),
		cmocka_unit_test_setup(blocks_of_any_size_give_the_same_lines, setup),
		cmocka_unit_test(a_ten_megabyte_line_is_malformed_and_a_comment_is_not),
		cmocka_unit_test(bad_lines_are_counted_copied_and_located),
		cmocka_unit_test(a_thousand_malformed_lines_stop_whatever_is_tolerated),
		cmocka_unit_test(a_source_that_fails_is_not_an_end),
		cmocka_unit_test_setup(any_bytes_are_edges_or_an_error_with_its_line, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
