/* tests/unit/scan.c - graph/scan: every way of it, against the dialects of graph/text */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/hash.h"
#include "graph/scan.h"
#include "graph/text/text.h"

#define TEXT_MOST 65536u
#define EDGES 4096u

static const char *const way_name[SCAN_WAYS] = { "plain", "avx2", "avx512" };
static scan_fn *ways[SCAN_WAYS];		/* asked for once: a question takes a while */
static uint64_t seed, turn;
static uint8_t *guard;			/* a page that must not be touched */
static uint8_t *room;			/* for what the dialects unescape */

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
	size_t len = TEXT_MOST + 4096;
	uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	guard = map + TEXT_MOST;
	assert_int_equal(mprotect(guard, 4096, PROT_NONE), 0);
	room = malloc(TEXT_MOST);
	assert_non_null(room);
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	for (int way = 0; way < SCAN_WAYS; way++)
		if (!(ways[way] = scan_way((enum scan_way)way)))
			print_message("# this processor has no %s\n", way_name[way]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(guard - TEXT_MOST, TEXT_MOST + 4096);
	free(room);
	return 0;
}

/* --- the model: what the dialect makes of each line --- */

struct result {
	enum scan_stop stop;
	size_t used, n;
	uint64_t line_n;
	struct scan_edge edge[EDGES + 1];
	struct text_value value[EDGES + 1];
};

enum meaning { NOTHING, EDGE, ODD };

static enum meaning model_line(enum scan_shape shape, struct bytes line,
			       struct scan_edge *out, struct text_value *value)
{
	struct text_edge e = {0};
	size_t tabs = 0;
	int r;

	r = (shape == SCAN_EL ? &edgelist_dialect : &tsv_dialect)->line(line, room, &e);
	if (r == 0)
		return NOTHING;
	for (size_t i = 0; i < line.len; i++)
		tabs += line.ptr[i] == '\t';
	if (r < 0 || !e.src.is_number || !e.dst.is_number ||
	    (shape == SCAN_TSV && (tabs != 1 || memchr(line.ptr, '\\', line.len) ||
				   line.ptr[line.len - 1] == '\r')))
		return ODD;		/* the dialect's to tell */
	*out = (struct scan_edge){ e.src.number, e.dst.number };
	*value = e.value;
	return EDGE;
}

static void model(enum scan_shape shape, bool values, const uint8_t *text, size_t len,
		  size_t cap, struct result *out)
{
	out->stop = SCAN_END;
	out->used = out->n = 0;
	out->line_n = 0;
	while (out->used < len) {
		const uint8_t *at = text + out->used;
		const uint8_t *lf = memchr(at, '\n', len - out->used);
		struct bytes line = bytes_of(at, lf ? (size_t)(lf - at) : len - out->used);
		struct text_value value;
		struct scan_edge e;
		enum meaning what = model_line(shape, line, &e, &value);

		if (what == EDGE && !values && value.kind != TEXT_NO_VALUE)
			what = ODD;
		if (what == ODD || (what == EDGE && out->n == cap)) {
			out->stop = what == ODD ? SCAN_ODD : SCAN_FULL;
			return;
		}
		if (what == EDGE) {
			out->edge[out->n] = e;
			out->value[out->n++] = value;
		}
		out->used += line.len + (lf != NULL);
		out->line_n++;
	}
}

/* --- the comparison --- */

static bool same_value(const struct text_value *a, const struct text_value *b)
{
	return a->kind == b->kind && (a->kind != TEXT_INTEGER || a->i == b->i) &&
		(a->kind != TEXT_REAL || !memcmp(&a->r, &b->r, sizeof a->r));
}

static bool same_values(const struct result *a, const struct result *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!same_value(&a->value[i], &b->value[i]))
			return false;
	return true;
}

static void show(const uint8_t *text, size_t len)
{
	fprintf(stderr, "# text: ");
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, text[i] >= ' ' && text[i] < 127 ? "%c" : "\\x%02x", text[i]);
	fprintf(stderr, "\n");
}

static void same(const struct result *got, const struct result *want, bool values,
		 const char *way, const uint8_t *text, size_t len)
{
	if (got->stop == want->stop && got->used == want->used && got->n == want->n &&
	    got->line_n == want->line_n &&
	    !memcmp(got->edge, want->edge, got->n * sizeof got->edge[0]) &&
	    (!values || same_values(got, want)))
		return;
	show(text, len);
	fail_msg("%s: stop %d at %zu, %zu edges, %" PRIu64 " lines; want stop %d at %zu, "
		 "%zu edges, %" PRIu64 " lines", way, got->stop, got->used, got->n,
		 got->line_n, want->stop, want->used, want->n, want->line_n);
}

/* Every way. */
static void check_at(enum scan_shape shape, bool values, const uint8_t *at, size_t len,
		     size_t cap)
{
	static struct result want, got;

	model(shape, values, at, len, cap, &want);
	for (int way = 0; way < SCAN_WAYS; way++) {
		scan_fn *fn = ways[way];
		struct scan s = { .shape = shape, .at = at, .end = at + len,
				  .edge = got.edge, .cap = cap,
				  .value = values ? got.value : NULL };

		if (!fn)
			continue;
		memset(got.value, 0x55, (len < cap ? len : cap) * sizeof got.value[0]);
		got.value[cap].i = 0x5555555555555555;
		got.edge[cap] = (struct scan_edge){ 0x5151, 0x1515 };
		got.stop = fn(&s);
		got.used = (size_t)(s.at - at);
		got.n = s.n;
		got.line_n = s.line_n;
		same(&got, &want, values, way_name[way], at, len);
		assert_true(got.edge[cap].src == 0x5151 && got.edge[cap].dst == 0x1515);
		assert_int_equal(got.value[cap].i, 0x5555555555555555);
	}
}

/* On TEXT moved up to the guard page, with values and without. */
static void check(enum scan_shape shape, const uint8_t *text, size_t len, size_t cap)
{
	uint8_t *at = guard - len;

	memmove(at, text, len);
	check_at(shape, false, at, len, cap);
	check_at(shape, true, at, len, cap);
}

static void check_str(enum scan_shape shape, const char *text)
{
	check(shape, (const uint8_t *)text, strlen(text), EDGES);
}

/* --- texts --- */

static size_t put_number(char *out)
{
	static const char *const edgy[] = { "0", "9", "99999999", "100000000", "999999999",
		"9999999999999999", "9999999999999999999", "10000000000000000000",
		"18446744073709551615", "18446744073709551614" };
	uint64_t v = rnd(UINT64_MAX) >> rnd(64);

	if (rnd(20) == 0)
		return (size_t)sprintf(out, "%s", edgy[rnd(sizeof edgy / sizeof edgy[0])]);
	return (size_t)sprintf(out, "%" PRIu64, rnd(3) ? v % 10000000 : v);
}

/* A line that is taken, mostly in the common form. */
static size_t put_plain(enum scan_shape shape, bool weights, char *out)
{
	static const char *const gap[] = { " ", "\t", ",", "|", "  ", " , ", "\v", "\f\r",
					   "          " };
	static const char *const rest[] = { "\n", "\n", "\n", "\r\n", " \n", " \t\r\n",
					    "\n\n", "\n \n" };
	static const char *const other[] = { "# 1 2\n", "%1\n", "  # a\n", "\n", "#\n",
		"#  a very long remark, longer than a window of a vector: 1 2 3\n" };
	static const char *const weight[] = { " 1", "\t-1", ",0.5", " 1e3", " -2.25E-7", " +3",
		" 0", " 18446744073709551615", " 0.1000000000000000055511151231257827", " .5",
		" x", " 1 2" };
	char *at = out;
	bool odd = shape == SCAN_EL && rnd(6) == 0;

	if (odd && rnd(3) == 0)
		return (size_t)sprintf(out, "%s", other[rnd(6)]);
	if (odd && rnd(3) == 0)
		*at++ = ' ';
	at += put_number(at);
	at += sprintf(at, "%s", odd ? gap[rnd(9)] : shape == SCAN_TSV ? "\t" : gap[rnd(2)]);
	at += put_number(at);
	if (weights && rnd(30)) {
		at += sprintf(at, "%s", gap[rnd(8) ? 0 : rnd(9)]);
		at += rnd(3) ? sprintf(at, "%d", (int)rnd(rnd(2) ? 10 : 1000)) :
			(int)put_number(at);
	} else if (odd && rnd(2))
		at += sprintf(at, "%s", weight[rnd(12)]);
	at += sprintf(at, "%s", odd ? rest[rnd(8)] : "\n");
	return (size_t)(at - out);
}

/* A line that most often is not taken. */
static size_t put_odd(char *out)
{
	static const char *const line[] = { "1\n", "a b\n", "1 b\n", "a 1\n", "007 1\n",
		"1 00\n", "1 2 3\n", "1 2 3.5\n", "1\t2\t\n", "1\t\t2\n", "\t1\t2\n", "+1 2\n",
		"-1 2\n", "18446744073709551616 1\n", "1 99999999999999999999\n",
		"1 100000000000000000000\n", "1\t2\r\n", "1 2x\n", "x1 2\n", "1#2 3\n",
		"1 2#\n", "1 2 #\n", "1;2\n", "1\n2\n", "1 2 3\n4\n", "01 2\n", "1 02\n",
		"1\\t2\n", "1\t\\x41\n", "1 2" };

	return (size_t)sprintf(out, "%s", line[rnd(sizeof line / sizeof line[0])]);
}

static size_t put_text(enum scan_shape shape, uint8_t *out, size_t most)
{
	bool weights = shape == SCAN_EL && rnd(3) == 0;
	size_t len = 0;

	while (len + 256 < most)
		len += put_plain(shape, weights, (char *)out + len);
	if (rnd(2))
		len += put_odd((char *)out + len);
	for (size_t more = rnd(4) * 40; more && len + 128 < most + 256; more -= 40)
		len += put_plain(shape, weights, (char *)out + len);
	if (len && rnd(3) == 0)
		len--;				/* no last LF */
	return len;
}

/* --- claims --- */

static void plain_lines_are_taken_and_others_stop_it(void **state)
{
	static const char *const text[] = { "", "\n", "1 2", "1 2\n", "1 2\n3 4", "1 2\r\n",
		"1 2\n\n\n3 4\n", "# x\n1 2\n", "#", "1 2\n#", "1 2\n007 3\n", "1 2\n1 2 3\n",
		"1\t2\n3\t4\n", "1\t2\t\n", "\t1\t2\n", "1\t\t2\n", " 1 2\n", "1", "1 ", "1\t",
		"18446744073709551615 18446744073709551616\n", "0 0\n00 0\n", "1 2#\n",
		"1 2 #\n", "1\\t2\n" };

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
		check_str(SCAN_EL, text[i]);
		check_str(SCAN_TSV, text[i]);
	}
}

static void random_texts_give_the_edges_of_the_dialect(void **state)
{
	static uint8_t text[4096];

	(void)state;
	for (size_t i = 0; i < scaled(3000); i++) {
		enum scan_shape shape = rnd(2) ? SCAN_EL : SCAN_TSV;
		size_t len = put_text(shape, text, 256 + rnd(rnd(8) ? 300 : 3000));

		check(shape, text, len, EDGES);
	}
}

/* Any byte anywhere: relative to any border there may be. */
static void any_byte_at_any_place_is_seen(void **state)
{
	static uint8_t text[1024], hurt[1024];

	(void)state;
	for (int shape = SCAN_EL; shape <= SCAN_TSV; shape++) {
		size_t len = put_text((enum scan_shape)shape, text, 600);
		size_t from = scaled(100) < 100 ? 190 : 0;

		for (size_t at = from; at < len && at < 200; at++)
			for (unsigned c = 0; c < 256; c++) {
				memcpy(hurt, text, len);
				hurt[at] = (uint8_t)c;
				check((enum scan_shape)shape, hurt, len, EDGES);
			}
	}
}

static void two_bytes_changed_at_random_are_seen(void **state)
{
	static const char likely[] = "0123456789 \t\n\r,|#%-+.";
	static uint8_t text[1024];

	(void)state;
	for (size_t i = 0; i < scaled(6000); i++) {
		enum scan_shape shape = rnd(2) ? SCAN_EL : SCAN_TSV;
		size_t len = put_text(shape, text, 256 + rnd(300));

		for (int k = 0; k < 2 && len; k++)
			text[rnd(len)] = (uint8_t)likely[rnd(sizeof likely - 1)];
		check(shape, text, len, EDGES);
	}
}

/* Numbers of every length, at every distance from the beginning of a line. */
static void numbers_of_every_length_are_exact(void **state)
{
	static char text[4096];

	(void)state;
	for (int a = 1; a <= 21; a++)
		for (int b = 1; b <= 21; b++) {
			char *at = text;

			for (int k = 0; k < 8; k++) {
				for (int i = 0; i < a; i++)
					*at++ = (char)('1' + rnd(a == 20 ? 1 : 9));
				*at++ = '\t';
				for (int i = 0; i < b; i++)
					*at++ = (char)('1' + rnd(b == 20 ? 1 : 9));
				*at++ = '\n';
			}
			check(SCAN_EL, (uint8_t *)text, (size_t)(at - text), EDGES);
			check(SCAN_TSV, (uint8_t *)text, (size_t)(at - text), EDGES);
		}
}

static void little_room_stops_it_and_nothing_is_written_behind(void **state)
{
	static uint8_t text[4096];

	(void)state;
	for (size_t cap = 0; cap < 100; cap++) {
		size_t len = put_text(SCAN_EL, text, 2000);

		check(SCAN_EL, text, len, cap);
		for (len = 0; len < 400; len += 4)
			memcpy(text + len, "1 2\n", 4);
		check(SCAN_EL, text, len, cap);
		for (len = 0; len < 600; len += 6)
			memcpy(text + len, "1 2 3\n", 6);
		check(SCAN_EL, text, len, cap);
	}
}

/* A line that the reader would cut is left to it. */
static void lines_too_long_for_the_reader_are_left_to_it(void **state)
{
	static const char *const end[] = { "\n", "", "\n1 2\n" };
	uint8_t *text = malloc(TEXT_LINE_MAX + 16);
	struct scan_edge edge[32];

	(void)state;
	assert_non_null(text);
	for (size_t len = TEXT_LINE_MAX - 2; len < TEXT_LINE_MAX + 2; len++)
		for (int way = 0; way < SCAN_WAYS; way++) {
			scan_fn *fn = ways[way];

			for (size_t k = 0; fn && k < 3; k++) {
				struct scan s = { .at = text, .edge = edge, .cap = 32 };

				memset(text, ' ', len);
				memcpy(text, "1 2", 3);
				strcpy((char *)text + len, end[k]);
				s.end = text + len + strlen(end[k]);
				assert_int_equal(fn(&s), len < TEXT_LINE_MAX ? SCAN_END : SCAN_ODD);
				assert_true(len < TEXT_LINE_MAX ? s.at == s.end : s.at == text);
				assert_int_equal(s.n, len < TEXT_LINE_MAX ? 1 + (k == 2) : 0);
			}
		}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_lines_are_taken_and_others_stop_it),
		cmocka_unit_test(random_texts_give_the_edges_of_the_dialect),
		cmocka_unit_test(any_byte_at_any_place_is_seen),
		cmocka_unit_test(two_bytes_changed_at_random_are_seen),
		cmocka_unit_test(numbers_of_every_length_are_exact),
		cmocka_unit_test(little_room_stops_it_and_nothing_is_written_behind),
		cmocka_unit_test(lines_too_long_for_the_reader_are_left_to_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
