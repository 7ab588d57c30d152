/* tests/unit/graphml.c - graph/text/graphml: the graph that a document means, or its refusal */
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
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/text/text.h"
#include "graph/text/weight.h"

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

/* --- reading --- */

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct bytes *left = ctx;
	size_t n = left->len < cap ? left->len : cap;

	if (n > 100)
		n = 1 + rnd(n);
	if (n)
		memcpy(buf, left->ptr, n);
	*left = bytes_of(left->ptr + n, left->len - n);
	return (ssize_t)n;
}

static void add(struct buf *b, struct bytes text)
{
	assert_int_equal(buf_add(b, text.ptr, text.len), 0);
}

static void show(struct buf *out, int what, const struct text_edge *e)
{
	char weight[WEIGHT_MAX];

	add(out, bytes_str(what == TEXT_NODE ? "node " : "edge "));
	add(out, e->src.bytes);
	if (what == TEXT_EDGE) {
		add(out, bytes_str(">"));
		add(out, e->dst.bytes);
		add(out, bytes_str(" type "));
		add(out, e->type);
	}
	for (uint32_t i = 0; i < e->label_n; i++) {
		add(out, bytes_str(" :"));
		add(out, e->label[i]);
	}
	if (e->value.kind != TEXT_NO_VALUE)
		buf_printf(out, " weight %.*s", (int)weight_show(weight, &e->value), weight);
	for (uint32_t i = 0; i < e->prop_n; i++) {
		buf_printf(out, " %.*s %s ", (int)e->prop[i].name.len, e->prop[i].name.ptr,
			   literal_kind_name(e->prop[i].value.kind));
		literal_print(out, &e->prop[i].value);
	}
	add(out, bytes_str(";"));
}

static size_t peak;

/* What TEXT holds, up to its end or an error, which is returned. */
static int read_all(struct buf *out, struct bytes text, bool arcs)
{
	const struct text_source from = { fill, &text, "F" };
	const struct text_options o = { .dialect = &graphml_dialect, .arcs = arcs,
		.bad_most = 10 };
	struct text_edge e;
	struct text *t;
	struct mem mem;
	int r;

	mem_init(&mem, 0);
	buf_clear(out);
	r = text_open(&t, &from, &o, &mem);
	if (r == ERR_UNAVAILABLE)
		skip();
	assert_int_equal(r, 0);
	r = text_head(t);
	while (r >= 0 && (r = text_next(t, &e)) > 0)
		show(out, r, &e);
	text_close(t);
	assert_int_equal(mem.used, 0);
	peak = mem.peak;
	return r;
}

/* --- examples --- */

#define HEAD "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'>\n" \
	"<key id='l' for='node' attr.name='labels'/>\n" \
	"<key id='L' for='node' attr.name='labels' attr.list='string'/>\n" \
	"<key id='t' for='edge' attr.name='label'/>\n" \
	"<key id='w' for='edge' attr.name='weight' attr.type='double'/>\n" \
	"<key id='b' for='node' attr.name='ok' attr.type='boolean'><default>true</default></key>\n" \
	"<key id='i' attr.name='i' attr.type='int'/><key id='s'/>\n" \
	"<key id='v' for='node' attr.name='n' attr.type='string' attr.list='long'/>\n" \
	"<key id='j' for='all' attr.name='j' strato.type='literal'/>\n"
#define DIRECTED HEAD "<graph id='G' edgedefault='directed'>\n"
#define UNDIRECTED HEAD "<graph edgedefault='undirected'>\n"
#define TAIL "</graph></graphml>"

static const struct {
	const char *text, *want;	/* want: of an error, a part of the message */
	int error;
	bool arcs;
} examples[] = {
	{ DIRECTED "<node id='a'/>" TAIL, "node a ok boolean true;", 0, false },
	{ DIRECTED "<node id='1' labels=':A:B'><data key='b'>0</data></node>" TAIL,
	  "node 1 :A :B ok boolean false;", 0, false },
	{ DIRECTED "<node id='a' labels=':A'><data key='b'> False </data><data key='l'>:B::C</data>"
	  "</node>" TAIL, "node a :B :C ok boolean false;", 0, false },
	{ DIRECTED "<node id='a'><data key='b'>1</data><data key='l'>B:C</data></node>" TAIL,
	  "node a :B:C ok boolean true;", 0, false },
	{ DIRECTED "<node id='a'><data key='b'>1</data><data key='L'>[\"B:C\",\"\\u0044\"]</data>"
	  "</node>" TAIL, "node a :B:C :D ok boolean true;", 0, false },
	{ DIRECTED "<node id='a'><data key='v'>[1, \"2\",-3]</data><data key='b'>1</data></node>" TAIL,
	  "node a n integer 1 n integer 2 n integer -3 ok boolean true;", 0, false },
	{ DIRECTED "<edge source='a' target='b'/>" TAIL, "edge a>b type ;", 0, false },
	{ DIRECTED "<edge id='e' source='a' target='b' label='T'><data key='w'>2</data></edge>" TAIL,
	  "edge a>b type T weight 2.0 id text e;", 0, false },
	{ DIRECTED "<edge source='a' target='b' label='T'><data key='t'>U</data>"
	  "<data key='i'> -7 </data><data key='s'> x&amp;<![CDATA[<y>]]>&#233; </data></edge>" TAIL,
	  "edge a>b type U i integer -7 s text  x&<y>\xc3\xa9 ;", 0, false },
	{ DIRECTED "<edge source='a' target='b'><data key='j'>[1,{\"@value\":\"x\",\"@language\":"
	  "\"en\"}]</data></edge>" TAIL, "edge a>b type  j integer 1 j language x;", 0, false },
	{ DIRECTED "<edge source='a' target='b'><data key='w'>inf</data></edge>" TAIL,
	  "edge a>b type  weight double INF;", 0, false },
	{ UNDIRECTED "<edge source='a' target='b'/><edge source='b' target='c' directed='false'/>" TAIL,
	  "edge a>b type ;edge b>c type ;", 0, false },
	{ UNDIRECTED "<edge source='a' target='b'/><edge source='b' target='c' directed='true'/>" TAIL,
	  "edge a>b type ;edge b>a type ;edge b>c type ;", 0, true },
	{ DIRECTED "<node id='a' parse.indegree='2'><desc>x</desc></node><data key='s'>x</data>" TAIL,
	  "node a ok boolean true;", 0, false },
	{ "\xef\xbb\xbf<?xml version='1.0'?><!DOCTYPE graphml SYSTEM 'http://x/graphml.dtd'>"
	  DIRECTED TAIL, "", 0, false },
	{ "<g:graphml xmlns:g='x'><g:graph edgedefault='directed'><g:node id='a'/></g:graph></g:graphml>",
	  "node a;", 0, false },
	{ "<graphml><key id='t' for='graph'/><key id='t' for='node' attr.name='x'/><key id='t' for='edge'"
	  " attr.name='y' attr.type='int'/><graph edgedefault='directed'><node id='a'><data key='t'>1"
	  "</data></node><edge source='a' target='b'><data key='t'>1</data></edge>" TAIL,
	  "node a x text 1;edge a>b type  y integer 1;", 0, false },
	{ DIRECTED "<node id='a'><data key='b'>FALSE</data><data key='i'> </data><data key='s'/>"
	  "</node><edge source='a' target='b'><data key='w'/></edge>" TAIL,
	  "node a ok boolean false s text ;edge a>b type ;", 0, false },
	/* what is refused */
	{ "<g:graphml xmlns:g='x'><graph edgedefault='directed'/></g:graphml>",
	  "line 1: <graph> in <graphml> cannot be stored", ERR_BAD_RECORD, false },
	{ DIRECTED "\n<node id='a'>\n<graph edgedefault='directed'/></node>" TAIL,
	  "F: line 13: <graph> in <node> cannot be stored", ERR_BAD_RECORD, false },
	{ DIRECTED "<hyperedge/>" TAIL, "F: line 11: <hyperedge> in <graph>", ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><port name='p'/></node>" TAIL, "line 11: <port> in <node>",
	  ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><data key='s'><y:z/></data></node>" TAIL,
	  "line 11: <y:z> in <data>", ERR_BAD_RECORD, false },
	{ DIRECTED "</graph><graph edgedefault='directed'>" TAIL, "line 11: a second <graph>",
	  ERR_BAD_RECORD, false },
	{ DIRECTED "<edge source='a' target='b' directed='false'/>" TAIL,
	  "line 11: directed=\"false\" in a graph whose edges have a direction", ERR_BAD_RECORD,
	  false },
	{ DIRECTED "<edge source='a' target='b' sourceport='p'/>" TAIL,
	  "line 11: <edge sourceport=...>", ERR_BAD_RECORD, false },
	{ DIRECTED "<edge source='a'/>" TAIL, "line 11: an edge without a target", ERR_BAD_RECORD,
	  false },
	{ DIRECTED "<node/>" TAIL, "line 11: a node without an id", ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><data key='i'>x</data></node>" TAIL,
	  "line 11: the key \"i\": \"x\" is no integer", ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><data key='q'/></node>" TAIL, "the key \"q\" was not declared",
	  ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><data key='w'>1</data></node>" TAIL, "is none of nodes",
	  ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><data key='s'>1</data><data key='s'>2</data></node>" TAIL,
	  "the key \"s\" twice in one node", ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'><data key='v'>1</data></node>" TAIL, "no array of JSON",
	  ERR_BAD_RECORD, false },
	{ DIRECTED "<node id='a'>&what;</node>" TAIL, "line 11: undefined entity", ERR_BAD_RECORD,
	  false },
	{ "<!DOCTYPE graphml SYSTEM 'x'><graphml><graph edgedefault='directed'><node id='a'>&what;"
	  "</node>" TAIL, "an entity that is not declared", ERR_BAD_RECORD, false },
	{ "<!DOCTYPE graphml [<!ENTITY a 'aaaa'>]>" DIRECTED TAIL,
	  "line 1: a document type with declarations", ERR_BAD_RECORD, false },
	{ HEAD "<graph>" TAIL, "line 10: <graph> without edgedefault", ERR_BAD_RECORD, false },
	{ HEAD "<key id='s' for='edge' attr.name='q'/><graph edgedefault='directed'>" TAIL,
	  "two keys with the id \"s\"", ERR_BAD_RECORD, false },
	{ "<graphml><key id='a' attr.type='vector'/></graphml>", "attr.type=\"vector\" is none of",
	  ERR_BAD_RECORD, false },
	{ "<html/>", "line 1: <html>: this is no GraphML", ERR_BAD_RECORD, false },
	{ DIRECTED, "it ends before </graphml>", ERR_CUT_OFF, false },
	{ "", "it ends before </graphml>", ERR_CUT_OFF, false },
	{ DIRECTED "<node id='a'></edge>" TAIL, "line 11: mismatched tag", ERR_BAD_RECORD, false },
};

static void test_examples(void **state)
{
	struct buf got = {0};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		int r = read_all(&got, bytes_str(examples[i].text), examples[i].arcs);

		buf_add_byte(&got, 0);
		if (r != examples[i].error)
			fail_msg("%s: %d: %s", examples[i].text, r, r ? err_message() : "");
		if (r == 0)
			assert_string_equal((char *)got.ptr, examples[i].want);
		else if (!strstr(err_message(), examples[i].want))
			fail_msg("%s: %s", examples[i].text, err_message());
	}
	buf_release(&got);
}

/* --- random documents --- */

#define KEYS 6u

struct made {
	struct buf xml, want;
	struct {
		unsigned of, type;	/* 1 nodes, 2 edges; a place in `types` */
		const char *preset;	/* a place in `values`, or NULL */
	} key[KEYS];
	unsigned key_n;
};

static const struct {
	const char *attribute, *kind;
	const char *values[4], *shown[4];
} types[] = {
	{ "attr.type='string'", "text", { "x", "", "a&lt;<![CDATA[&]]>", "\xc3\xa9\n&#13;&#x2028;" },
	  { "x", "", "a<&", "\xc3\xa9\n\r\xe2\x80\xa8" } },
	{ "attr.type='int'", "integer", { "0", " 17\n", "-5", "9223372036854775807" },
	  { "0", "17", "-5", "9223372036854775807" } },
	{ "attr.type='float'", "double", { "1", "2.5", "-1e3", "0.1" },
	  { "1.0E0", "2.5E0", "-1.0E3", "1.0E-1" } },
	{ "attr.type='boolean'", "boolean", { "true", "false", "1", "False" },
	  { "true", "false", "true", "false" } },
};

static void put(struct buf *b, const char *text)
{
	add(b, bytes_str(text));
}

/* What may stand anywhere between elements. */
static void put_space(struct buf *b)
{
	static const char *const spaces[] = { "", "\n", " \t", "<!-- <node/> - -->", "\r\n", "" };

	put(b, spaces[rnd(6)]);
}

static void want_value(struct made *m, unsigned key, unsigned value)
{
	unsigned type = m->key[key].type;

	buf_printf(&m->want, " p%u %s ", key, types[type].kind);
	put(&m->want, types[type].shown[value]);
}

static void make_keys(struct made *m)
{
	static const char *const for_words[] = { "", "for='node'", "for='edge'", "for='all'" };

	m->key_n = (unsigned)rnd(KEYS + 1);
	for (unsigned k = 0; k < m->key_n; k++) {
		unsigned of = 1 + (unsigned)rnd(3), type = (unsigned)rnd(4);

		m->key[k].of = of;
		m->key[k].type = type;
		m->key[k].preset = NULL;
		put_space(&m->xml);
		buf_printf(&m->xml, "<key id='d%u' %s attr.name='p%u' %s>", k, for_words[of], k,
			   types[type].attribute);
		if (rnd(3) == 0) {
			m->key[k].preset = types[type].values[0];
			buf_printf(&m->xml, "<default>%s</default>", m->key[k].preset);
		}
		put(&m->xml, "</key>");
	}
}

static void make_data(struct made *m, unsigned of)
{
	bool given[KEYS] = {0};

	for (unsigned k = 0; k < m->key_n; k++) {
		unsigned value = (unsigned)rnd(4);

		if (!(m->key[k].of & of) || rnd(2))
			continue;
		given[k] = true;
		put_space(&m->xml);
		buf_printf(&m->xml, "<data key='d%u'>", k);
		put(&m->xml, types[m->key[k].type].values[value]);
		put(&m->xml, "</data>");
		want_value(m, k, value);
	}
	for (unsigned k = 0; k < m->key_n; k++)
		if (!given[k] && m->key[k].of & of && m->key[k].preset)
			want_value(m, k, 0);
}

static void make_element(struct made *m)
{
	unsigned a = (unsigned)rnd(50), b = (unsigned)rnd(50);
	bool node = rnd(2);

	put_space(&m->xml);
	if (node) {
		buf_printf(&m->xml, "<node id='n&#49;%u'>", a);
		buf_printf(&m->want, "node n1%u", a);
	} else {
		buf_printf(&m->xml, "<edge source='n%u'\ntarget='n%u' >", a, b);
		buf_printf(&m->want, "edge n%u>n%u type ", a, b);
	}
	make_data(m, node ? 1 : 2);
	put_space(&m->xml);
	put(&m->xml, node ? "</node>" : "</edge>");
	put(&m->want, ";");
}

static void make(struct made *m, size_t elements)
{
	buf_clear(&m->xml);
	buf_clear(&m->want);
	put(&m->xml, "<graphml>");
	make_keys(m);
	put_space(&m->xml);
	put(&m->xml, "<graph edgedefault='directed'>");
	for (size_t i = 0; i < elements; i++)
		make_element(m);
	put(&m->xml, "</graph></graphml>");
}

static void same(const struct buf *want, const struct buf *got)
{
	size_t n = bytes_common(buf_bytes(want), buf_bytes(got));

	if (n == want->len && n == got->len)
		return;
	fail_msg("at %zu: \"%s\" instead of \"%s\"", n,
		 bytes_show(bytes_of(got->ptr + n, got->len - n)),
		 bytes_show(bytes_of(want->ptr + n, want->len - n)));
}

static void test_random(void **state)
{
	struct buf got = {0};
	struct made m = {0};

	(void)state;
	for (size_t i = 0; i < scaled(100); i++) {
		make(&m, rnd(20));
		assert_int_equal(read_all(&got, buf_bytes(&m.xml), false), 0);
		same(&m.want, &got);
	}
	make(&m, 20000);			/* some records of 64 KiB */
	assert_true(m.xml.len > 10 * 65536);
	assert_int_equal(read_all(&got, buf_bytes(&m.xml), false), 0);
	same(&m.want, &got);
	assert_true(peak < 4u << 20);
	buf_release(&got);
	buf_release(&m.xml);
	buf_release(&m.want);
}

/* Of a part of a document come the elements that are whole, and the place of the end. */
static void test_cut_anywhere(void **state)
{
	struct buf got = {0};
	struct made m = {0};

	(void)state;
	for (size_t i = 0; i < scaled(3); i++) {
		make(&m, 1 + rnd(8));
		for (size_t len = 0; len < m.xml.len; len++) {
			int r = read_all(&got, bytes_of(m.xml.ptr, len), false);

			if (r != ERR_CUT_OFF)
				fail_msg("cut at %zu: %d: %s", len, r, err_message());
			assert_non_null(strstr(err_message(), "F: line "));
			assert_int_equal(bytes_common(buf_bytes(&got), buf_bytes(&m.want)),
					 got.len);
		}
	}
	buf_release(&got);
	buf_release(&m.xml);
	buf_release(&m.want);
}

static void test_damaged(void **state)
{
	struct buf got = {0};
	struct made m = {0};
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < scaled(1000) || (refused == 0 && i < 10000); i++) {
		uint8_t *at;
		int r;

		if (i % 50 == 0)
			make(&m, 1 + rnd(8));
		at = &m.xml.ptr[rnd(m.xml.len)];
		*at ^= (uint8_t)(1 + rnd(255));
		r = read_all(&got, buf_bytes(&m.xml), false);
		if (r < 0) {
			assert_true(r == ERR_BAD_RECORD || r == ERR_CUT_OFF);
			assert_non_null(strstr(err_message(), "F: line "));
			refused++;
			make(&m, 1 + rnd(8));
		}
	}
	assert_true(refused > 0);
	buf_release(&got);
	buf_release(&m.xml);
	buf_release(&m.want);
}

/* --- bounds --- */

static void long_text(struct buf *b, const char *before, size_t n, const char *behind)
{
	buf_clear(b);
	put(b, DIRECTED);
	put(b, before);
	assert_int_equal(buf_reserve(b, n), 0);
	memset(b->ptr + b->len, 'x', n);
	b->len += n;
	put(b, behind);
	put(b, TAIL);
}

static void test_bounds(void **state)
{
	static const struct {
		const char *before, *behind, *why;
	} all[] = {
		{ "<!--", "-->", "a tag or a comment over" },
		{ "<node id='", "'/>", "a tag or a comment over" },
		{ "<node id='a'><data key='s'>", "</data></node>", "an element over" },
	};
	struct buf xml = {0}, got = {0};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		long_text(&xml, all[i].before, 4u << 20, all[i].behind);
		assert_int_equal(read_all(&got, buf_bytes(&xml), false), ERR_BAD_RECORD);
		assert_non_null(strstr(err_message(), all[i].why));
		assert_non_null(strstr(err_message(), "F: line 11: "));
		assert_true(peak < 8u << 20);
	}
	long_text(&xml, "<node id='", 65536, "'/>");
	assert_int_equal(read_all(&got, buf_bytes(&xml), false), ERR_BAD_RECORD);
	long_text(&xml, "<node id='a'><data key='s'>", 1000000, "</data></node>");
	assert_int_equal(read_all(&got, buf_bytes(&xml), false), 0);
	assert_true(got.len > 1000000);
	buf_release(&xml);
	buf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
