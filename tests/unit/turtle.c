/* tests/unit/turtle.c - graph/rdf/turtle: the graph that a text means, or its refusal */
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

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/rdf/iri.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/rdf_write.h"
#include "graph/rdf/turtle.h"

#define BASE "https://w3c.github.io/rdf-tests/rdf/rdf11/rdf-turtle/"

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

/* --- an input, some bytes a time --- */

struct input {
	struct bytes left;
	size_t some;			/* bytes at once; 0: all that is asked for */
	int error;			/* at its end */
};

static ssize_t input_read(void *ctx, void *buf, size_t len)
{
	struct input *in = ctx;

	len = in->some && in->some < len ? in->some : len;
	len = in->left.len < len ? in->left.len : len;
	if (len == 0 && in->error)
		return err_set(in->error, "the input broke");
	if (len)
		memcpy(buf, in->left.ptr, len);
	in->left = bytes_of(in->left.ptr + len, in->left.len - len);
	return (ssize_t)len;
}

static struct turtle *begin(struct input *in, const char *base, bool graphs, struct mem *mem)
{
	const struct turtle_options o = {
		.read = input_read, .ctx = in, .base = base, .graphs = graphs, .mem = mem,
	};
	struct turtle *t;

	if (turtle_open(&t, &o) == 0)
		return t;
	assert_string_equal(err_word(ERR_UNAVAILABLE), "unavailable");
	print_message("# %s\n", err_message());
	skip();
	return NULL;
}

/* All lines of it into OUT; 0 or the error. */
static int convert(struct bytes text, size_t some, const char *base, bool graphs,
		   struct buf *out)
{
	struct input in = { .left = text, .some = some };
	struct turtle *t = begin(&in, base, graphs, NULL);
	struct bytes lines;
	int r;

	while ((r = turtle_next(t, &lines)) > 0)
		assert_int_equal(buf_add(out, lines.ptr, lines.len), 0);
	assert_int_equal(turtle_next(t, &lines), r);
	turtle_close(t);
	return r;
}

/* --- graphs are equal but for the labels of their blank nodes --- */

#define LABELS 20000u
#define STATEMENTS 20000u

struct item {
	uint64_t hash;			/* of a term that is no blank node */
	int label;			/* of one; or -1 */
};

struct graph {
	struct item (*st)[3];
	size_t n;
	uint64_t label[LABELS], color[LABELS];
	size_t label_n;
};

static int label_of(struct graph *g, struct bytes name)
{
	uint64_t hash = hash64(1, name.ptr, name.len);

	for (size_t i = g->label_n; i-- > 0; )
		if (g->label[i] == hash)
			return (int)i;
	assert_true(g->label_n < LABELS);
	g->label[g->label_n] = hash;
	return (int)g->label_n++;
}

static void load(struct graph *g, struct bytes text)
{
	struct ntriples_scan s;
	struct rdf_statement st;
	struct buf term = {0};
	int r;

	g->n = g->label_n = 0;
	ntriples_scan_begin(&s, false, NULL);
	ntriples_scan_text(&s, text);
	while ((r = ntriples_scan_next(&s, &st)) > 0) {
		assert_true(g->n < STATEMENTS);
		for (int i = 0; i < 3; i++) {
			buf_clear(&term);
			assert_int_equal(rdf_write_term(&term, &st.term[i], RDF_FORM_12), 0);
			g->st[g->n][i].hash = hash64(2, term.ptr, term.len);
			g->st[g->n][i].label = st.term[i].kind == RDF_BLANK ?
				label_of(g, st.term[i].text) : -1;
		}
		g->n++;
	}
	if (r < 0)
		fail_msg("%s", err_message());
	ntriples_scan_end(&s);
	buf_release(&term);
}

static uint64_t item_hash(const struct graph *g, const struct item *i)
{
	return i->label < 0 ? i->hash : g->color[i->label];
}

static uint64_t statement_hash(const struct graph *g, size_t at)
{
	uint64_t h = 3;

	for (int i = 0; i < 3; i++)
		h = hash_u64(h ^ item_hash(g, &g->st[at][i]));
	return h;
}

/* A blank node is what is said of it. */
static void color(struct graph *g)
{
	static uint64_t next[LABELS];

	for (size_t i = 0; i < g->label_n; i++)
		g->color[i] = 4;
	for (int round = 0; round < 12; round++) {
		memset(next, 0, g->label_n * sizeof *next);
		for (size_t k = 0; k < g->n; k++)
			for (int i = 0; i < 3; i++)
				if (g->st[k][i].label >= 0)
					next[g->st[k][i].label] +=
						hash_u64(statement_hash(g, k) + (uint64_t)i);
		memcpy(g->color, next, g->label_n * sizeof *next);
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Its statements as a set; how many. */
static size_t as_set(struct graph *g, uint64_t *out)
{
	size_t n = 0;

	color(g);
	for (size_t i = 0; i < g->n; i++)
		out[i] = statement_hash(g, i);
	qsort(out, g->n, sizeof *out, by_number);
	for (size_t i = 0; i < g->n; i++)
		if (n == 0 || out[n - 1] != out[i])
			out[n++] = out[i];
	return n;
}

static bool is_same_graph(struct bytes one, struct bytes other)
{
	static struct item one_st[STATEMENTS][3], other_st[STATEMENTS][3];
	static struct graph a = { .st = one_st }, b = { .st = other_st };
	static uint64_t x[STATEMENTS], y[STATEMENTS];
	size_t n;

	load(&a, one);
	load(&b, other);
	n = as_set(&a, x);
	return as_set(&b, y) == n && !memcmp(x, y, n * sizeof *x);
}

/* --- texts --- */

static struct bytes whole(const struct buf *b)
{
	return bytes_of(b->ptr ? b->ptr : (const uint8_t *)"", b->len);
}

static const struct {
	const char *text, *wanted;	/* NULL: refused, with these WORDS */
	const char *words;
} cases[] = {
	{ "", "", NULL },
	{ "# nothing", "", NULL },
	{ "@prefix a: <http://a/> . a:s a a:o .",
	  "<http://a/s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://a/o> .\n",
	  NULL },
	{ "PREFIX a: <http://a/> a:s a:p 1 , true , 1.5 , 1e0 .",
	  "<http://a/s> <http://a/p> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n"
	  "<http://a/s> <http://a/p> \"true\"^^<http://www.w3.org/2001/XMLSchema#boolean> .\n"
	  "<http://a/s> <http://a/p> \"1.5\"^^<http://www.w3.org/2001/XMLSchema#decimal> .\n"
	  "<http://a/s> <http://a/p> \"1e0\"^^<http://www.w3.org/2001/XMLSchema#double> .\n",
	  NULL },
	{ "<http://a/s> <#p> '''a\n\"b''' .", "<http://a/s> <http://base/x#p> \"a\\n\\\"b\" .\n",
	  NULL },
	{ "<a:s> <a:p> \"x\"^^<http://www.w3.org/2001/XMLSchema#string> , \"y\"@EN .",
	  "<a:s> <a:p> \"x\" .\n<a:s> <a:p> \"y\"@en .\n", NULL },
	{ "<a:s> <a:p> ( _:x ) .", "<a:s> <a:p> _:1 .\n"
	  "_:1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> _:2 .\n"
	  "_:1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest>"
	  " <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .\n", NULL },
	{ "# \\ud800 \"\n<a:s> <a:p> '\\\\ud800' .", "<a:s> <a:p> \"\\\\ud800\" .\n", NULL },
	{ "<a:s> <a:p> \"\\ud800\" .", NULL, "line 1: an escaped surrogate" },
	{ "<a:s>\n<a:p> \"\"\"\"\"\\U0000dfff\"\"\" .", NULL, "line 2: an escaped surrogate" },
	{ "<a:\\ud800> <a:p> '' .", NULL, "an escaped surrogate" },
	{ "<a:s> <a:p> \"\", '' , \"\"\"\"\"\", \"\\ud801\" .", NULL, "an escaped surrogate" },
	{ "<a:s> <a:p> \"x\"@abcdefghij .", NULL, "8 letters" },
	{ "<a:s> <a:p\\u0020> 1 .", NULL, "" },
	{ "<a:s> <a:p> \"\" . # \\ud800", "<a:s> <a:p> \"\" .\n", NULL },
	{ "# x\n<a:s> <a:p> \"\\ud800\" .", NULL, "line 2: an escaped surrogate" },
	{ "<a:s> <a:p> '''a'b''c # \\ud800''' .", NULL, "line 1: an escaped surrogate" },
	{ "<a:s> <a:p> '\\'#', '#\\\\', \"\\ud800\" .", NULL, "an escaped surrogate" },
	{ "<a:s> <a:p> '\\U0000D7FF\\uE000' .", "<a:s> <a:p> \"\xed\x9f\xbf\xee\x80\x80\" .\n",
	  NULL },
	{ "<a:s> <a:p> '''a''\\'b # \\ud800''' .", NULL, "line 1: an escaped surrogate" },
	{ "<a:s> <a:p> '''a''\\n'b # \\ud800''' .", NULL, "line 1: an escaped surrogate" },
	{ "_:B1 <a:p> 1 .\n_:b1 <a:p> 2 .", NULL, "line 2: blank nodes" },
	{ "_:b10 <a:p> 1 ._:B2 <a:p> 2 .", NULL, "line 1: blank nodes" },
	{ "@prefix a_: <a:> . a_:b1 <a:p> _:B1 . # _:b1",
	  "<a:b1> <a:p> _:B1 .\n", NULL },
	{ "_:b1 <a:p> _:b1 , \"_:B1\" , [] , <a:_:B1> .",
	  "_:1 <a:p> _:1 .\n_:1 <a:p> \"_:B1\" .\n_:1 <a:p> _:2 .\n_:1 <a:p> <a:_:B1> .\n",
	  NULL },
	{ "<a:s> b:p 1 .", NULL, "" },
	{ "\n\n<a:s> <a:p> . \n", NULL, "line 3" },
	{ "<a:s> <a:p> 1", NULL, "line 1" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3 * sizeof cases / sizeof *cases; i++) {
		struct buf got = {0};
		int r = convert(bytes_str(cases[i / 3].text), i % 3, "http://base/x", false,
				&got);

		if (cases[i / 3].wanted) {
			if (r < 0 || !is_same_graph(whole(&got), bytes_str(cases[i / 3].wanted)))
				fail_msg("%s\n%.*s%s", cases[i / 3].text, (int)got.len,
					 (const char *)got.ptr, r < 0 ? err_message() : "");
		} else if (r != ERR_BAD_RECORD ||
			   !strstr(err_message(), cases[i / 3].words)) {
			fail_msg("%s\n%d %s", cases[i / 3].text, r, err_message());
		}
		buf_release(&got);
	}
}

/* RFC 3986, 5.4, the examples and what a base may lack. */
static void test_relative(void **state)
{
	static const char *const refs[][3] = {
		{ "http://a/b/c/d;p?q", "g", "http://a/b/c/g" },
		{ "http://a/b/c/d;p?q", "g:h", "g:h" },
		{ "http://a/b/c/d;p?q", "//g", "http://g" },
		{ "http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y" },
		{ "http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s" },
		{ "http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q" },
		{ "http://a/b/c/d;p?q", "..", "http://a/b/" },
		{ "http://a/b/c/d;p?q", "../../../../g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "/./g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "/../g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "g.", "http://a/b/c/g." },
		{ "http://a/b/c/d;p?q", "..g", "http://a/b/c/..g" },
		{ "http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/" },
		{ "http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y" },
		{ "http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "http://a/b/c/d;p?q", "g#s/../x", "http://a/b/c/g#s/../x" },
		{ "http://a", "g", "http://a/g" }, { "http://a?q", "g", "http://a/g" },
		{ "urn:a:b", "g", "urn:g" }, { "urn:a:b", "#g", "urn:a:b#g" },
		{ "", "g", "g" }, { "http://a/b/../c", "", "http://a/b/../c" },
		{ "http://a/b/", "http://x/y/../z", "http://x/y/../z" },
		{ "file:///a/b", "../../c", "file:///c" },
	};
	struct buf got = {0};

	(void)state;
	for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
		assert_int_equal(iri_resolve(bytes_str(refs[i][0]), bytes_str(refs[i][1]), &got),
				 0);
		if (!bytes_equal(whole(&got), bytes_str(refs[i][2])))
			fail_msg("%s from %s: %.*s", refs[i][1], refs[i][0], (int)got.len,
				 (const char *)got.ptr);
	}
	buf_release(&got);
}

static void test_without_base(void **state)
{
	struct buf got = {0};

	(void)state;
	assert_int_equal(convert(bytes_str("<a:s> <p> 1 ."), 0, NULL, false, &got),
			 ERR_BAD_RECORD);
	buf_release(&got);
}

static void test_graphs(void **state)
{
	struct buf got = {0};

	(void)state;
	assert_int_equal(convert(bytes_str("<a:g> { <a:s> <a:p> <a:o> } <a:s> <a:p> <a:r> ."),
				 0, NULL, true, &got), 0);
	assert_true(bytes_equal(whole(&got), bytes_str("<a:s> <a:p> <a:o> <a:g> .\n"
						       "<a:s> <a:p> <a:r> .\n")));
	buf_release(&got);
}

static void test_depth(void **state)
{
	(void)state;
	for (unsigned depth = TURTLE_DEPTH - 1; depth < 1u << 20; depth *= 2) {
		struct buf text = {0}, got = {0};
		int r;

		buf_printf(&text, "<a:s> <a:p> ");
		for (unsigned i = 0; i < depth; i++)
			buf_add(&text, rnd(2) ? "[ <a:p> " : "( ", 2);
		r = convert(whole(&text), 0, NULL, false, &got);
		assert_int_equal(r, ERR_BAD_RECORD);
		if (depth > TURTLE_DEPTH)
			assert_non_null(strstr(err_message(), "too deep"));
		buf_release(&text);
		buf_release(&got);
	}
}

/* --- as much as there is --- */

struct endless {
	size_t left, at;
};

static ssize_t endless_read(void *ctx, void *buf, size_t len)
{
	static const char line[] = "<a:s> <a:p> \"text of some length\" , [ <a:q> 1 ] .\n";
	struct endless *e = ctx;
	uint8_t *to = buf;

	len = len < e->left ? len : e->left;
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)line[e->at++ % (sizeof line - 1)];
	e->left -= len;
	return (ssize_t)len;
}

static void test_memory_is_bounded(void **state)
{
	struct endless e = { .left = 50 * 40000 };
	struct turtle_options o = { .read = endless_read, .ctx = &e };
	struct bytes lines;
	struct turtle *t;
	struct mem mem;
	size_t n = 0;

	(void)state;
	mem_init(&mem, 1u << 20);
	o.mem = &mem;
	if (turtle_open(&t, &o) < 0)
		skip();
	while (turtle_next(t, &lines) > 0)
		for (size_t i = 0; i < lines.len; i++)
			n += lines.ptr[i] == '\n';
	assert_int_equal(turtle_next(t, &lines), 0);
	turtle_close(t);
	assert_int_equal(n, 3 * 40000);
	assert_int_equal(mem.used, 0);
	assert_true(mem.peak < 5 * TURTLE_PIECE);
}

/* Nobody has to read to the end, and nothing is lost meanwhile. */
static void test_closed_early(void **state)
{
	(void)state;
	for (unsigned pieces = 0; pieces < 6; pieces++) {
		struct endless e = { .left = 50 * 20000 };
		struct turtle_options o = { .read = endless_read, .ctx = &e };
		struct bytes lines;
		struct turtle *t;
		struct mem mem;

		mem_init(&mem, 0);
		o.mem = &mem;
		if (turtle_open(&t, &o) < 0)
			skip();
		for (unsigned i = 0; i < pieces; i++)
			assert_int_equal(turtle_next(t, &lines), 1);
		turtle_close(t);
		assert_int_equal(mem.used, 0);
	}
	turtle_close(NULL);
}

static void test_input_breaks(void **state)
{
	struct input in = { .left = bytes_str("<a:s> <a:p> <a:o> . <a:s>"), .error = ERR_IO };
	struct turtle *t = begin(&in, NULL, false, NULL);
	struct bytes lines;
	int r;

	(void)state;
	while ((r = turtle_next(t, &lines)) > 0)
		;
	assert_int_equal(r, ERR_IO);
	assert_string_equal(err_message(), "the input broke");
	assert_int_equal(turtle_next(t, &lines), ERR_IO);
	turtle_close(t);
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	for (uint64_t at = 1; at < 8; at++) {
		struct endless e = { .left = 50 * 5000 };
		struct turtle_options o = { .read = endless_read, .ctx = &e };
		struct bytes lines;
		struct turtle *t;
		struct mem mem;
		int r;

		mem_init(&mem, 0);
		mem.fail_at = at;
		o.mem = &mem;
		r = turtle_open(&t, &o);
		if (r == ERR_UNAVAILABLE)
			skip();
		if (r == 0) {
			while ((r = turtle_next(t, &lines)) > 0)
				;
			turtle_close(t);
		}
		assert_int_equal(r, ERR_MEMORY);
		assert_int_equal(mem.used, 0);
	}
}

/* Whatever comes in: an answer, and lines that can be read. */
static void test_hostile(void **state)
{
	static const char *const parts[] = {
		"<a:s>", "<a:p>", " ", ".", ";", ",", "[", "]", "(", ")", "\"x\"", "'", "\"\"\"",
		"@en", "^^", "@prefix b: <b:> .", "b:x", "_:y", "1.5e3", "true", "a", "\\", "\\u",
		"d800", "#", "\n", "{", "}", "<", ">", "\x80", "\xff", "_:", "BASE <c:>", "\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < scaled(2000); i++) {
		struct buf text = {0}, got = {0};
		struct ntriples_scan s;
		struct rdf_statement st;
		int r;

		for (uint64_t n = rnd(40); n; n--) {
			const char *part = parts[rnd(sizeof parts / sizeof *parts)];

			buf_add(&text, part, strlen(part));
		}
		r = convert(whole(&text), rnd(5), NULL, rnd(2), &got);
		assert_true(r == 0 || r == ERR_BAD_RECORD);
		ntriples_scan_begin(&s, true, NULL);
		ntriples_scan_text(&s, whole(&got));
		while ((r = ntriples_scan_next(&s, &st)) > 0)
			;
		assert_int_equal(r, 0);
		ntriples_scan_end(&s);
		buf_release(&text);
		buf_release(&got);
	}
}

/* --- files of others --- */

static const char *data(const char *path)
{
	const char *folder = getenv("STRATO_TEST_DATA");
	static char full[4096];

	if (!folder) {
		print_message("# STRATO_TEST_DATA is not set\n");
		skip();
	}
	snprintf(full, sizeof full, "%s/kg/%s", folder, path);
	return full;
}

static bool read_whole(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char some[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(some, 1, sizeof some, f)) > 0)
		assert_int_equal(buf_add(out, some, n), 0);
	fclose(f);
	return true;
}

/* TEXT with its .nt beside it, if it has one. */
static void check_file(const char *folder, const char *name)
{
	struct buf text = {0}, wanted = {0}, got = {0};
	char path[8192], base[512];
	int r;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_true(read_whole(path, &text));
	snprintf(base, sizeof base, BASE "%s", name);
	r = convert(whole(&text), strlen(name) % 9, base, false, &got);
	if (!!strstr(name, "-bad-") != (r < 0))
		fail_msg("%s: %s", name, r < 0 ? err_message() : "taken");
	memcpy(path + strlen(path) - 3, "nt", 3);
	if (r == 0 && read_whole(path, &wanted) && !is_same_graph(whole(&got), whole(&wanted)))
		fail_msg("%s\n%.*s", name, (int)got.len, (const char *)got.ptr);
	buf_release(&text);
	buf_release(&wanted);
	buf_release(&got);
}

/* All that the manifest names, 313 of the 316. */
static void test_w3c(void **state)
{
	const char *folder = data("w3c/turtle11");
	DIR *d = opendir(folder);
	struct buf manifest = {0};
	struct dirent *e;
	char name[300];
	size_t n = 0;

	(void)state;
	if (!d)
		skip();
	snprintf(name, sizeof name, "%.280s/manifest.ttl", folder);
	assert_true(read_whole(name, &manifest));
	while ((e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		snprintf(name, sizeof name, "<%.280s>", e->d_name);
		if (!dot || strcmp(dot, ".ttl") ||
		    !memmem(manifest.ptr, manifest.len, name, strlen(name)))
			continue;
		check_file(folder, e->d_name);
		n++;
	}
	closedir(d);
	buf_release(&manifest);
	assert_int_equal(n, 313);
}

static void test_jena(void **state)
{
	const char *folder = data("jena");

	(void)state;
	check_file(folder, "turtle-eval-extra-01.ttl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_without_base),
		cmocka_unit_test(test_graphs),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_closed_early),
		cmocka_unit_test(test_input_breaks),
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_w3c),
		cmocka_unit_test(test_jena),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
