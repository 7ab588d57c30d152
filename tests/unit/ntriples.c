/* tests/unit/ntriples.c - graph/rdf: both ways of reading against a slow reader made
 * another way, and the one text of each statement */
#include <dirent.h>
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
#include "base/err.h"
#include "base/mem.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/rdf_write.h"
#include "base/utf8.h"
#include "tests/unit/ntriples_made.h"
#include "tests/unit/ntriples_slow.h"

static const char *const way_name[NTRIPLES_WAYS] = { "plain", "avx2" };
static ntriples_fn *ways[NTRIPLES_WAYS];
static uint8_t *guard;			/* a page that must not be touched */

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
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	for (int way = 0; way < NTRIPLES_WAYS; way++)
		if (!(ways[way] = ntriples_way((enum ntriples_way)way)))
			print_message("# this processor has no %s\n", way_name[way]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(guard - TEXT_MOST, TEXT_MOST + 4096);
	return 0;
}

/* A copy that ends where the guard begins. */
static struct bytes guarded(const void *text, size_t len)
{
	assert_true(len <= TEXT_MOST);
	memcpy(guard - len, text, len);
	return bytes_of(guard - len, len);
}

/* --- the readers under test, in the same words --- */

static void fast_text(ntriples_fn *way, struct bytes text, bool quads, struct buf *out)
{
	struct bytes before = {0};
	struct ntriples_scan s;
	struct rdf_statement st;
	int r;

	ntriples_scan_begin(&s, quads, NULL);
	s.next = way;
	ntriples_scan_text(&s, text);
	while ((r = ntriples_scan_next(&s, &st)) != 0) {
		if (r > 0) {
			assert_true(!st.again || (st.term[0].kind == RDF_IRI &&
						  bytes_equal(st.term[0].text, before)));
			before = st.term[0].text;
			show(out, &st);
			continue;
		}
		assert_int_equal(r, ERR_BAD_RECORD);
		assert_true(s.column >= 1 && s.column <= text.len + 1);
		add(out, "refused\n");
	}
	assert_ptr_equal(s.at, s.end);
	ntriples_scan_end(&s);
}

static void agree(const void *text, size_t len, bool quads)
{
	struct buf wanted = {0}, got = {0};

	slow_text(bytes_of(text, len), quads, &wanted);
	for (int way = 0; way < NTRIPLES_WAYS; way++) {
		if (!ways[way])
			continue;
		buf_clear(&got);
		fast_text(ways[way], guarded(text, len), quads, &got);
		if (!bytes_equal(whole(&wanted), whole(&got)))
			fail_msg("%s, %s:\n%.*s\nwanted:\n%.*s\ngot:\n%.*s", way_name[way],
				 quads ? "quads" : "triples", (int)len, (const char *)text,
				 (int)wanted.len, (const char *)wanted.ptr, (int)got.len,
				 (const char *)got.ptr);
	}
	buf_release(&wanted);
	buf_release(&got);
}

/* --- one rule a line --- */

#define A "<http://a/s> <http://a/p> "

static const struct {
	const char *line, *wanted;	/* WANTED: as show() says it, of the object on */
	bool quads;
} good[] = {
	{ A "<http://a/o> .", "ihttp://a/o|;", false },
	{ A "<a:>.", "ia:|;", false },
	{ A "<x+y-z.1:q> .", "ix+y-z.1:q|;", false },
	{ A "<http://a/\\u00e9\\U0001F600> .", "ihttp://a/\xc3\xa9\xf0\x9f\x98\x80|;", false },
	{ A "<http://a/\xc3\xa9> .", "ihttp://a/\xc3\xa9|;", false },
	{ A "_:a .", "ba|;", false },
	{ A "_:0.", "b0|;", false },
	{ A "_:a.b-c..d...", NULL, false },
	{ A "_:a.b-c..d.", "ba.b-c..d|;", false },
	{ A "_:\xc3\xa9\xc2\xb7.", "b\xc3\xa9\xc2\xb7|;", false },
	{ A "\"\" .", "l|;", false },
	{ A "\"a\\t\\b\\n\\r\\f\\\"\\'\\\\z\" .", "la\t\b\n\r\f\"'\\z|;", false },
	{ A "\"\\u0041\\U0010FFFF\" .", "lA\xf4\x8f\xbf\xbf|;", false },
	{ A "\"1\"^^<" XSD "integer> .", "l1|" XSD "integer;", false },
	{ A "\"1\"\t^^ <" XSD "string> .", "l1|;", false },
	{ A "\"x\" @en-GB .", "lx|@en-GB;", false },
	{ A "\"x\"@abcdefgh-12345678.", "lx|@abcdefgh-12345678;", false },
	{ A "\"x\"@en--ltr .", "lx|@en>;", false },
	{ A "\"x\"@en-x--rtl.", "lx|@en-x<;", false },
	{ A "<<( _:a <b:> \"c\"@d )>> .", "tba|;ib:|;lc|@d;;", false },
	{ A "<<(_:a<b:><<(_:c<d:>_:e)>>)>>.", "tba|;ib:|;tbc|;id:|;be|;;;", false },
	{ A "<http://a/o> . # why", "ihttp://a/o|;", false },
	{ A "<http://a/o> .\t\r", "ihttp://a/o|;", false },
	{ A "\"o\" <http://a/g> .", "lo|;ihttp://a/g|;", true },
	{ A "\"o\" _:g.", "lo|;bg|;", true },
	{ A "\"o\" .", "lo|;", true },
};

static const struct {
	const char *line, *why;
	size_t column;
	bool quads;
} bad[] = {
	{ "<http://a/s> .", "a predicate must be", 14, false },
	{ A ".", "an object must be", 27, false },
	{ A "<http://a/o>", "expected \".\"", 39, false },
	{ A "<http://a/o> . x", "behind the end", 42, false },
	{ A "<http://a/o> <http://a/g> .", "expected \".\"", 40, false },
	{ A "<http://a/o> \"g\" .", "expected a graph", 40, true },
	{ A "<http://a/o> _:g _:h .", "expected \".\"", 44, true },
	{ "\"s\" <http://a/p> _:o .", "a subject must be", 1, false },
	{ "_:s _:p _:o .", "a predicate must be", 5, false },
	{ A "<o> .", "absolute", 28, false },
	{ A "<> .", "absolute", 28, false },
	{ A "<1a:b> .", "absolute", 28, false },
	{ A "<:b> .", "absolute", 28, false },
	{ A "<//a/b:c> .", "absolute", 28, false },
	{ A "<http://a b> .", "no IRI has", 36, false },
	{ A "<http://a/o", "an IRI that is not closed", 38, false },
	{ A "<http://a/{> .", "no IRI has", 37, false },
	{ A "<http://a/\\u0020> .", "not even escaped", 37, false },
	{ A "<http://a/\\u005E> .", "not even escaped", 37, false },
	{ A "<http://a/\\n> .", "no escapes but", 37, false },
	{ A "<http://a/\\u00e> .", "all of its digits", 42, false },
	{ A "\"a\\qb\" .", "does not exist", 29, false },
	{ A "\"\\uD800\" .", "surrogate", 28, false },
	{ A "\"\\uD83D\\uDE00\" .", "surrogate", 28, false },
	{ A "\"\\U00110000\" .", "over U+10FFFF", 28, false },
	{ A "\"\\UFFFFFFFF\" .", "over U+10FFFF", 28, false },
	{ A "\"abc .", "not closed", 33, false },
	{ A "'abc' .", "an object must be", 27, false },
	{ A "\"\xc0\x80\" .", "UTF-8", 28, false },
	{ A "\"a\xed\xa0\x80\" .", "UTF-8", 29, false },
	{ A "\"\xf4\x90\x80\x80\" .", "UTF-8", 28, false },
	{ A "\"\xe2\x82\" .", "UTF-8", 28, false },
	{ A "\"\\n\xff\" .", "UTF-8", 30, false },
	{ A "<a:\x80> .", "UTF-8", 30, false },
	{ A "<a:o> . # \xff", "UTF-8", 37, false },
	{ "# \xff", "UTF-8", 3, false },
	{ A "_:-a .", "no label", 29, false },
	{ A "_:.a .", "no label", 29, false },
	{ A "_: .", "no label", 29, false },
	{ A "_:a:b .", "expected \".\"", 30, false },
	{ A "_a .", "begins with _:", 27, false },
	{ A "\"x\"@ .", "empty part", 31, false },
	{ A "\"x\"@1 .", "empty part", 31, false },
	{ A "\"x\"@en- .", "empty part", 34, false },
	{ A "\"x\"@abcdefghi .", "8 letters", 31, false },
	{ A "\"x\"@en--LTR .", "ltr or rtl", 35, false },
	{ A "\"x\"@en--ltr-a .", "ltr or rtl", 35, false },
	{ A "\"x\"@en-- .", "ltr or rtl", 35, false },
	{ A "\"x\"^<a:b> .", "begins with ^^", 30, false },
	{ A "\"x\"^^_:a .", "must be an IRI", 32, false },
	{ A "\"x\"^^<" RDF "langString> .", "with its tag", 32, false },
	{ A "\"x\"^^<" RDF "dirLangString> .", "with its tag", 32, false },
	{ A "<< _:a <b:> _:c >> .", "begins with <<(", 27, false },
	{ A "<<( _:a <b:> _:c .", "ends with )>>", 44, false },
	{ A "<<( \"a\" <b:> _:c )>> .", "a subject must be", 31, false },
	{ "<<( _:a <b:> _:c )>> <http://a/p> _:o .", "only an object", 1, false },
	{ "_:a <<( _:a <b:> _:c )>> _:o .", "only an object", 5, false },
	{ "@prefix a: <b:> .", "a subject must be", 1, false },
	{ "VERSION .", "followed by a string", 9, false },
	{ "VERSIONS", "followed by a string", 8, false },
};

static void test_rules(void **state)
{
	struct buf wanted = {0}, got = {0};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		buf_clear(&wanted);
		buf_clear(&got);
		slow_text(bytes_str(good[i].line), good[i].quads, &wanted);
		for (int way = 0; way < NTRIPLES_WAYS; way++)
			agree(good[i].line, strlen(good[i].line), good[i].quads);
		if (good[i].wanted) {
			buf_printf(&got, "ihttp://a/s|;ihttp://a/p|;%s\n", good[i].wanted);
			assert_true(bytes_equal(whole(&wanted), whole(&got)));
		} else {
			assert_true(bytes_equal(whole(&wanted), bytes_str("refused\n")));
		}
	}
	buf_release(&wanted);
	buf_release(&got);
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof bad / sizeof *bad; i++) {
		struct ntriples_scan s;
		struct rdf_statement st;
		const char *line = bad[i / 2].line;

		ntriples_scan_begin(&s, bad[i / 2].quads, NULL);
		if (ways[i % 2])
			s.next = ways[i % 2];
		assert_int_equal(ntriples_line(guarded(line, strlen(line)), &s, &st),
				 ERR_BAD_RECORD);
		if (!strstr(err_message(), bad[i / 2].why) || s.column != bad[i / 2].column)
			fail_msg("%s\n%s\nnot: column %zu, %s", line, err_message(),
				 bad[i / 2].column, bad[i / 2].why);
		ntriples_scan_end(&s);
		agree(line, strlen(line), bad[i / 2].quads);
	}
}

/* --- random statements --- */

static void test_round_trip(void **state)
{
	static struct made m;
	struct buf line = {0}, text = {0}, wanted = {0}, got = {0}, lower = {0};

	(void)state;
	buf_reserve(&lower, 4096);
	for (size_t i = 0; i < scaled(4000); i++) {
		ntriples_fn *way = ways[i % 2] ? ways[i % 2] : ways[0];
		enum rdf_form form = rnd(4) ? RDF_FORM_12 : RDF_FORM_11;
		bool quads = i % 3 == 0;

		buf_clear(&line);
		buf_clear(&text);
		buf_clear(&wanted);
		buf_clear(&lower);
		random_statement(&m, quads);
		spell(&line, &m.st);
		show(&wanted, &m.st);
		buf_clear(&got);
		fast_text(way, guarded(line.ptr, line.len), quads, &got);
		assert_true(bytes_equal(whole(&wanted), whole(&got)));
		agree(line.ptr, line.len, quads);

		assert_int_equal(rdf_write(&text, &m.st, form), 0);
		buf_clear(&got);
		buf_clear(&wanted);
		if (form == RDF_FORM_12)
			lower_languages(&m, &lower);
		show(&wanted, &m.st);
		fast_text(way, guarded(text.ptr, text.len), quads, &got);
		assert_true(bytes_equal(whole(&wanted), whole(&got)));
	}
	buf_release(&m.room);
	buf_release(&line);
	buf_release(&text);
	buf_release(&wanted);
	buf_release(&got);
	buf_release(&lower);
}

static const char interesting[] = "<>\"\\{}|^`_:.@#\t\n\r -()uUV\x00\x7f\x80\xbf\xc2\xe2\xed\xf0\xff"
				  "0aAgG";

static void mutate(struct buf *b)
{
	for (uint64_t n = 1 + rnd(3); n && b->len; n--) {
		size_t at = rnd(b->len), len;
		uint8_t c = rnd(4) ? (uint8_t)interesting[rnd(sizeof interesting - 1)] :
			(uint8_t)rnd(256);

		switch (rnd(4)) {
		case 0:
			b->ptr[at] = c;
			break;
		case 1:
			b->ptr[at] ^= (uint8_t)(1u << rnd(8));
			break;
		case 2:
			memmove(b->ptr + at, b->ptr + at + 1, b->len - at - 1);
			b->len--;
			break;
		default:
			len = 1 + rnd(3);
			assert_int_equal(buf_reserve(b, len), 0);
			memmove(b->ptr + at + len, b->ptr + at, b->len - at);
			memset(b->ptr + at, c, len);
			b->len += len;
		}
	}
}

static void test_mutations(void **state)
{
	static struct made m;
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < scaled(12000); i++) {
		bool quads = rnd(2);

		buf_clear(&text);
		for (uint64_t n = rnd(3); n + 1; n--) {
			random_statement(&m, quads);
			spell(&text, &m.st);
			add(&text, rnd(4) ? "\n" : rnd(2) ? "\r\n" : "\r");
		}
		mutate(&text);
		agree(text.ptr, text.len, quads);
	}
	buf_release(&m.room);
	buf_release(&text);
}

/* --- places and ends --- */

static void test_prefixes(void **state)
{
	static const char line[] = A "<<( _:a.b <b:\\u00e9> \"c\\n\xe2\x82\xac\"@en-GB--ltr )>>"
		" <http://a/graph/of/a/length/that/is/more/than/one/window/has/room/for> . # x";
	size_t full = (size_t)(strrchr(line, '.') - line);

	(void)state;
	for (size_t n = 0; n < sizeof line; n++) {
		struct buf got = {0};
		bool taken;

		agree(line, n, true);
		agree(line, n, false);
		fast_text(ntriples_way(NTRIPLES_PLAIN), guarded(line, n), true, &got);
		taken = got.len && !bytes_equal(whole(&got), bytes_str("refused\n"));
		assert_int_equal(taken, n > full);
		buf_release(&got);
	}
}

static void test_every_byte(void **state)
{
	static const char line[] = " <a:b> <c:\\u0041>\"d\\n\"^^<e:f> <g:h>. #i\n_:j <k:l>"
		" <<( _:m<n:o>\"p\"@q-r--rtl)>> _:s.\n";
	char text[sizeof line];

	(void)state;
	for (size_t at = 0; at < sizeof line - 1; at++)
		for (unsigned c = 0; c < 256; c++) {
			memcpy(text, line, sizeof text);
			text[at] = (char)c;
			agree(text, sizeof text - 1, true);
		}
}

static void test_hostile(void **state)
{
	uint8_t text[512];

	(void)state;
	for (size_t i = 0; i < scaled(20000); i++) {
		size_t len = rnd(sizeof text);

		for (size_t k = 0; k < len; k++)
			text[k] = rnd(3) ? (uint8_t)interesting[rnd(sizeof interesting - 1)] :
				(uint8_t)rnd(256);
		agree(text, len, rnd(2));
	}
}

static void test_utf8(void **state)
{
	static struct slow slow;

	(void)state;
	for (uint32_t i = 0; i < 1u << 20; i++) {
		uint32_t x = i < 1u << 16 ? i | (uint32_t)rnd(1u << 16) << 16 : (uint32_t)rnd(UINT32_MAX);
		uint8_t p[4];
		size_t len = 1 + rnd(4);

		if (i % 2)		/* nearly right */
			x = (x & 0x3f3f3fffu) | 0x80808000u;
		memcpy(p, &x, 4);
		if (slow_decode(&slow, p, len) != (utf8_end(p, p + len) == p + len))
			fail_msg("%zu bytes of %02x %02x %02x %02x", len, p[0], p[1], p[2], p[3]);
	}
	for (uint32_t code = 0; code < 0x110000; code++) {
		uint8_t p[UTF8_LONGEST];
		uint32_t back;
		size_t n;

		if (!utf8_is(code))
			continue;
		n = utf8_put(p, code);
		assert_int_equal(utf8_get(p, p + n, &back), n);
		assert_int_equal(back, code);
	}
}

/* Text that is nearly UTF-8, in terms short and long, before and in a window. */
/* What is shown of each code, and of each byte that is none. */
static void test_utf8_on_terminals(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x3000; code++) {
		uint8_t p[4], out[64];
		const uint8_t *at = p;
		size_t n = utf8_put(p, code), m = utf8_shown(out, sizeof out, &at, p + n);
		bool control = (code < 0x20 && code && code != '\t' && code != '\n') ||
			       (code >= 0x7f && code < 0xa0);

		assert_true(at == p + n && m == (control ? 4 * n : n));
		if (!control)
			assert_memory_equal(out, p, n);
		for (size_t i = 0; control && i < m; i++)
			assert_true(out[i] > 0x20 && out[i] < 0x7f);
	}
	for (unsigned c = 0x80; c < 0x100; c++) {
		uint8_t p[2] = { (uint8_t)c, 'x' }, out[5];
		const uint8_t *at = p;
		char want[8];

		snprintf(want, sizeof want, "\\x%02X", c);
		assert_int_equal(utf8_shown(out, 5, &at, p + 2), 4);
		assert_memory_equal(out, want, 4);
		assert_true(at == p + 1);	/* the rest has room in the next */
	}
}

static void test_utf8_in_terms(void **state)
{
	static const uint8_t bytes[] = { 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2,
					 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
					 0xf3, 0xf4, 0xf5, 0xf8, 0xff, 'a' };
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < scaled(60000); i++) {
		bool iri = rnd(4) == 0;

		buf_clear(&text);
		add(&text, iri ? "_:a <b:" : "_:a <b:> \"");
		for (uint64_t n = rnd(rnd(8) ? 62 : 150); n; n--)
			add(&text, "x");
		for (uint64_t n = 1 + rnd(3); n; n--) {
			if (rnd(3)) {
				add_code(&text, random_code() | 0x80);
				text.ptr[text.len - 1] ^= (uint8_t)(rnd(4) ? 0 : 1u << rnd(8));
			}
			for (uint64_t k = rnd(5); k; k--)
				buf_add_byte(&text, bytes[rnd(sizeof bytes)]);
		}
		for (uint64_t n = rnd(3); n; n--)
			add(&text, "y");
		add(&text, iri ? "> _:c ." : "\" .");
		if (rnd(8))
			add(&text, " # so that there is a window's length behind the term, even"
			    " a short one's");
		agree(text.ptr, text.len, false);
	}
	buf_release(&text);
}

/* Each character as a label's first and as a later one. */
static void test_labels(void **state)
{
	static struct slow slow;
	struct buf none = {0};
	struct ntriples_scan s;
	struct rdf_statement st;

	(void)state;
	ntriples_scan_begin(&s, false, NULL);
	for (uint32_t code = 0; code < 0x110000; code += code < 0x11000 ? 1 : 0xff) {
		for (int later = 0; later < 2 && utf8_is(code); later++) {
			struct buf line = {0};
			int r;

			add(&line, later ? "_:a" : "_:");
			add_code(&line, code);
			add(&line, " <b:> _:c .");
			buf_clear(&none);
			r = ntriples_line(whole(&line), &s, &st);
			assert_int_equal(r < 0 ? -1 : r,
					 slow_line(&slow, whole(&line), false, &none));
			buf_release(&line);
		}
	}
	ntriples_scan_end(&s);
	buf_release(&none);
}

/* What is written for each character, alone and among others. */
static void test_escapes_written(void **state)
{
	static const char *const short_of[] = { ['\b'] = "\\b", ['\t'] = "\\t",
						['\n'] = "\\n", ['\f'] = "\\f",
						['\r'] = "\\r", ['"'] = "\\\"",
						['\\'] = "\\\\" };
	struct buf text = {0}, wanted = {0}, got = {0};

	(void)state;
	for (uint32_t code = 0; code < 0x11000; code++) {
		enum rdf_form form = code % 3 ? RDF_FORM_12 : RDF_FORM_11;
		size_t before = rnd(12), behind = rnd(12);
		struct rdf_term t = { .kind = RDF_LITERAL };
		bool always = in(code, "\"\\\n\r");

		if (!utf8_is(code))
			continue;
		buf_clear(&text);
		buf_clear(&wanted);
		buf_clear(&got);
		buf_printf(&text, "%.*s", (int)before, "abcdefghijklmnop");
		buf_printf(&wanted, "\"%.*s", (int)before, "abcdefghijklmnop");
		add_code(&text, code);
		if (always || (form == RDF_FORM_12 && code < '\\' && short_of[code]))
			add(&wanted, short_of[code]);
		else if (form == RDF_FORM_12 && (code < ' ' || code == 0x7f ||
						 code == 0xfffe || code == 0xffff))
			buf_printf(&wanted, "\\u%04X", code);
		else
			add_code(&wanted, code);
		buf_printf(&text, "%.*s", (int)behind, "ABCDEFGHIJKLMNOP");
		buf_printf(&wanted, "%.*s\"", (int)behind, "ABCDEFGHIJKLMNOP");
		t.text = whole(&text);
		assert_int_equal(rdf_write_term(&got, &t, form), 0);
		if (!bytes_equal(whole(&got), whole(&wanted)))
			fail_msg("U+%04X: %.*s is written %.*s", code, (int)wanted.len,
				 (const char *)wanted.ptr, (int)got.len,
				 (const char *)got.ptr);
	}
	buf_release(&text);
	buf_release(&wanted);
	buf_release(&got);
}

/* --- a piece --- */

static void test_lines(void **state)
{
	static const char text[] = "# one\n\n" A "_:a .\r\n\r\nVERSION \"1.2\"\n" A "_:b .\r"
		A "oops\n" A "_:c .";
	static const struct { int r; uint64_t line; } wanted[] = {
		{ 1, 3 }, { 1, 6 }, { ERR_BAD_RECORD, 7 }, { 1, 8 }, { 0, 8 }, { 0, 8 },
	};

	(void)state;
	for (int way = 0; way < NTRIPLES_WAYS; way++) {
		struct ntriples_scan s;
		struct rdf_statement st;

		ntriples_scan_begin(&s, false, NULL);
		if (ways[way])
			s.next = ways[way];
		ntriples_scan_text(&s, bytes_str(text));
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
			assert_int_equal(ntriples_scan_next(&s, &st), wanted[i].r);
			assert_int_equal(s.line, wanted[i].line);
		}
		ntriples_scan_end(&s);
	}
}

/* Subjects that come again, or nearly. */
static void test_again(void **state)
{
	static const char *const subjects[] = {
		"<http://a/x>", "<http://a/x1>", "<http://a/y>", "<http://a/\\u0078>", "_:x",
		"<http://a/\xc3\xa9>", "<http://a/x", "<a:>",
		"<http://a/a/subject/of/just/more/than/sixty-four/bytes/so/by/22/1>",
		"<http://a/a/subject/of/just/more/than/sixty-four/bytes/so/by/22/2>",
	};
	struct buf text = {0};
	size_t again = 0;

	(void)state;
	for (size_t i = 0; i < scaled(2000); i++) {
		struct ntriples_scan s;
		struct rdf_statement st;

		buf_clear(&text);
		for (uint64_t n = 2 + rnd(6); n; n--)
			buf_printf(&text, "%s <b:> _:c .\n", subjects[rnd(1 + rnd(10))]);
		agree(text.ptr, text.len, false);
		ntriples_scan_begin(&s, false, NULL);
		ntriples_scan_text(&s, whole(&text));
		while (ntriples_scan_next(&s, &st) != 0)
			again += st.again;
		ntriples_scan_end(&s);
	}
	assert_true(again > 0);
	buf_release(&text);
}

static void test_nothing_is_copied(void **state)
{
	static const char line[] = A "\"\xc3\xa9\"@en <g:> .";
	struct ntriples_scan s;
	struct rdf_statement st;
	struct mem mem;

	(void)state;
	mem_init(&mem, 1);		/* no room at all */
	ntriples_scan_begin(&s, true, &mem);
	assert_int_equal(ntriples_line(bytes_str(line), &s, &st), 1);
	for (int i = 0; i < 4; i++)
		assert_true((const char *)st.term[i].text.ptr >= line &&
			    (const char *)st.term[i].text.ptr < line + sizeof line);
	assert_int_equal(mem.count, 0);
	assert_int_equal(ntriples_line(bytes_str(A "\"\\n\" ."), &s, &st), ERR_MEMORY);
	assert_ptr_equal(s.at, s.end);
	ntriples_scan_end(&s);
}

static void test_large(void **state)
{
	const size_t len = 10u << 20;
	struct buf text = {0}, out = {0};
	struct ntriples_scan s;
	struct rdf_statement st;

	(void)state;
	add(&text, A "\"");
	for (size_t i = 0; i < len / 8; i++)
		add(&text, i % 1000 ? "abcdefgh" : "\\u0041\xc3\xa9");
	add(&text, "\" .\n");
	ntriples_scan_begin(&s, false, NULL);
	assert_int_equal(ntriples_line(whole(&text), &s, &st), 1);
	assert_int_equal(st.term[2].text.len, len - 5 * ((len / 8 + 999) / 1000));
	assert_int_equal(rdf_write(&out, &st, RDF_FORM_12), 0);
	assert_int_equal(out.len, text.len - 5 * ((len / 8 + 999) / 1000));
	ntriples_scan_end(&s);
	buf_release(&text);
	buf_release(&out);
}

static void test_depth(void **state)
{
	(void)state;
	for (unsigned depth = 1; depth < 2000; depth += depth < 40 ? 1 : 500) {
		struct buf text = {0}, got = {0};

		add(&text, "<a:> <b:> ");
		for (unsigned i = 0; i < depth; i++)
			add(&text, "<<( <a:> <b:> ");
		add(&text, "<c:>");
		for (unsigned i = 0; i < depth; i++)
			add(&text, " )>>");
		add(&text, " .\n");
		for (int way = 0; way < NTRIPLES_WAYS; way++) {
			struct ntriples_scan s;
			struct rdf_statement st;

			ntriples_scan_begin(&s, false, NULL);
			if (ways[way])
				s.next = ways[way];
			assert_int_equal(ntriples_line(whole(&text), &s, &st),
					 depth > NTRIPLES_DEPTH ? ERR_BAD_RECORD : 1);
			buf_clear(&got);
			if (depth <= NTRIPLES_DEPTH) {
				assert_int_equal(rdf_write(&got, &st, RDF_FORM_12), 0);
				assert_true(bytes_equal(whole(&got), whole(&text)));
			} else {
				assert_non_null(strstr(err_message(), "too deep"));
			}
			ntriples_scan_end(&s);
		}
		buf_release(&text);
		buf_release(&got);
	}
}

static void write_all(struct bytes text, struct buf *out)
{
	struct ntriples_scan s;
	struct rdf_statement st;
	int r;

	ntriples_scan_begin(&s, true, NULL);
	ntriples_scan_text(&s, text);
	while ((r = ntriples_scan_next(&s, &st)) > 0)
		assert_int_equal(rdf_write(out, &st, RDF_FORM_12), 0);
	assert_int_equal(r, 0);
	ntriples_scan_end(&s);
}

/* Each statement of a piece may nest, however many do. */
static void test_many_nested(void **state)
{
	struct buf text = {0}, got = {0};

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		add(&text, "<a:> <b:> <<( <a:> <b:> \"\\\"\" )>> .\n");
	write_all(whole(&text), &got);
	assert_true(bytes_equal(whole(&text), whole(&got)));
	buf_release(&text);
	buf_release(&got);
}

/* A buffer that cannot grow is left as it was. */
static void test_write_without_memory(void **state)
{
	static struct made m;

	(void)state;
	for (size_t i = 0; i < scaled(500); i++) {
		struct mem mem;
		struct buf out = { .mem = &mem };

		mem_init(&mem, 0);
		random_statement(&m, true);
		add(&out, "before");
		mem.fail_at = mem.count + 1 + rnd(3);
		if (rdf_write(&out, &m.st, RDF_FORM_12) < 0)
			assert_true(bytes_equal(whole(&out), bytes_str("before")));
		buf_release(&out);
	}
	buf_release(&m.room);
}

/* --- the files of the W3C --- */

static const char *w3c(void)
{
	const char *data = getenv("STRATO_TEST_DATA");
	static char path[4096];

	if (!data) {
		print_message("# STRATO_TEST_DATA is not set\n");
		skip();
	}
	snprintf(path, sizeof path, "%s/kg/w3c", data);
	return path;
}

static void read_whole(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		buf_add_byte(out, (uint8_t)c);
	fclose(f);
}

static bool refused(const struct buf *shown)
{
	return shown->len && memmem(shown->ptr, shown->len, "refused\n", 8);
}

/* All files of a folder: those named so must be refused, all others taken. */
static size_t suite(const char *folder, const char *suffix, bool quads)
{
	char path[8192];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", w3c(), folder);
	d = opendir(path);
	if (!d) {
		print_message("# there is no %s\n", path);
		skip();
	}
	while ((e = readdir(d))) {
		struct buf text = {0};
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, suffix))
			continue;
		snprintf(path, sizeof path, "%s/%s/%s", w3c(), folder, e->d_name);
		read_whole(path, &text);
		for (int way = 0; way < NTRIPLES_WAYS; way++) {
			struct buf got = {0};

			if (!ways[way])
				continue;
			fast_text(ways[way], whole(&text), quads, &got);
			if (refused(&got) != !!strstr(e->d_name, "-bad-"))
				fail_msg("%s is %s", path, refused(&got) ? err_message() :
					 "taken");
			buf_release(&got);
		}
		agree(whole(&text).ptr, text.len, quads);
		buf_release(&text);
		n++;
	}
	closedir(d);
	return n;
}

static void test_w3c(void **state)
{
	(void)state;
	assert_int_equal(suite("n-triples11", ".nt", false), 72);
	assert_int_equal(suite("n-triples11", ".nt", true), 72);
	assert_int_equal(suite("n-quads11", ".nq", true), 89);
	assert_int_equal(suite("n-triples12/syntax", ".nt", false), 29);
}

static void test_w3c_canonical(void **state)
{
	char path[8192], folder[4200];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	(void)state;
	snprintf(folder, sizeof folder, "%s/n-triples12/c14n", w3c());
	d = opendir(folder);
	if (!d)
		skip();
	while ((e = readdir(d))) {
		struct buf text = {0}, wanted = {0}, got = {0};
		int stem = (int)strlen(e->d_name) - 3;

		if (stem < 1 || strcmp(e->d_name + stem, ".nt") || strstr(e->d_name, "-c14n"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		read_whole(path, &text);
		if (!strcmp(e->d_name, "literal_needing_uchar_escaping-02.nt"))
			snprintf(path, sizeof path, "%s/literal_needing_uchar_escaping-01"
				 "-c14n.nt", folder);	/* so its manifest */
		else
			snprintf(path, sizeof path, "%s/%.*s-c14n.nt", folder, stem, e->d_name);
		read_whole(path, &wanted);
		write_all(whole(&text), &got);
		if (!bytes_equal(whole(&wanted), whole(&got)))
			fail_msg("%s\n%.*s\nis written\n%.*s", path, (int)wanted.len,
				 (const char *)wanted.ptr, (int)got.len, (const char *)got.ptr);
		n++;
		buf_release(&text);
		buf_release(&wanted);
		buf_release(&got);
	}
	closedir(d);
	assert_int_equal(n, 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_on_terminals),
		cmocka_unit_test(test_utf8_in_terms),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_escapes_written),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_nothing_is_copied),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many_nested),
		cmocka_unit_test(test_write_without_memory),
		cmocka_unit_test(test_w3c),
		cmocka_unit_test(test_w3c_canonical),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
