/* tests/unit/formats.c - graph/text: what the dialects with a header make of an input */
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
#include "graph/text/guess.h"
#include "graph/text/ldbc.h"
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
};

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct bytes_source *s = ctx;
	size_t n = s->left.len < cap ? s->left.len : cap;

	if (s->most && n > s->most)
		n = s->most;
	if (n)
		memcpy(buf, s->left.ptr, n);
	s->left.ptr += n;
	s->left.len -= n;
	return (ssize_t)n;
}

static void show(struct buf *out, int what, const struct text_edge *e)
{
	char weight[WEIGHT_MAX + 1] = "";

	if (e->value.kind != TEXT_NO_VALUE)
		weight[weight_show(weight, &e->value)] = '\0';
	buf_printf(out, "%.*s", (int)e->src.bytes.len, e->src.bytes.ptr);
	if (what != TEXT_NODE)
		buf_printf(out, "%s%.*s", what == TEXT_EDGE ? ">" : "..",
			   (int)e->dst.bytes.len, e->dst.bytes.ptr);
	if (e->type.len)
		buf_printf(out, ":%.*s", (int)e->type.len, e->type.ptr);
	buf_printf(out, "%s%s ", *weight ? "=" : "", weight);
}

/* The edges of TEXT, then the direction its header says, or the error. */
static void read_all(struct buf *out, struct text_options o, struct bytes text, size_t most)
{
	struct bytes_source s = { .left = text, .most = most };
	const struct text_source from = { fill, &s, "F" };
	struct text_edge e;
	struct text *t;
	struct mem mem;
	int r;

	mem_init(&mem, 0);
	buf_clear(out);
	assert_int_equal(text_open(&t, &from, &o, &mem), 0);
	r = text_head(t);
	while (r >= 0 && (r = text_next(t, &e)) > 0)
		show(out, r, &e);
	if (r < 0)
		buf_printf(out, "%s", err_word(r));
	else
		buf_printf(out, "%s", text_direction(t) == TEXT_UNDIRECTED ? "undirected" :
			   text_direction(t) == TEXT_DIRECTED ? "directed" : "unsaid");
	buf_add_byte(out, 0);
	text_close(t);
	assert_int_equal(mem.used, 0);
}

struct example {
	const char *dialect, *text, *want;
	bool arcs;
};

static void run_examples(const struct example *x, size_t n)
{
	struct buf got = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t most = 0; most < 3; most++) {
			struct text_options o = { .arcs = x[i].arcs,
				.dialect = text_find(bytes_str(x[i].dialect)) };

			read_all(&got, o, bytes_str(x[i].text), most);
			if (strcmp((char *)got.ptr, x[i].want))
				fail_msg("%s \"%s\": got \"%s\", not \"%s\" (%s)", x[i].dialect,
					 x[i].text, (char *)got.ptr, x[i].want, err_message());
		}
	buf_release(&got);
}

#define RUN(list) run_examples(list, sizeof(list) / sizeof(list)[0])

static void csv_is_read_as_rfc_4180_has_it(void **state)
{
	static const struct example examples[] = {
		{ "csv", "", "unsaid", 0 },
		{ "csv", "1,2\n3,4\n", "1>2 3>4 unsaid", 0 },
		{ "csv", "1,2,0.5\r\n3,4,7\r\n", "1>2=0.5 3>4=7 unsaid", 0 },
		{ "csv", "a,b\nc,d\n", "a>b c>d unsaid", 0 },
		{ "csv", "a,b", "a>b unsaid", 0 },
		{ "csv", "who,whom\n1,2\n", "1>2 unsaid", 0 },
		{ "csv", "Source,Target\na,b\n", "a>b unsaid", 0 },
		{ "csv", "\xef\xbb\xbfto,FROM_ID,Weight\nb,a,1\n", "a>b=1 unsaid", 0 },
		{ "csv", "from,type,to\na,likes,b\n", "a>b:likes unsaid", 0 },
		{ "csv", "\"a,\"\"b\",\"c\nd\"\ne,f\n", "a,\"b>c\nd e>f unsaid", 0 },
		{ "csv", "\n1,2\n\r\n3,4\n", "1>2 3>4 unsaid", 0 },
		{ "csv", "a b,c d\n", "a b>c d unsaid", 0 },
		{ "csv", "from,to,year\na,b,3\nb,c,\n", "a>b b>c unsaid", 0 },
		{ "csv", "from,to,value,weight\na,b,3,4\n", "a>b=4 unsaid", 0 },
		{ "csv", "from,to,weight\na,b,\n", "a>b unsaid", 0 },
		{ "csv", "from,to,label,type\na,b,x,y\n", "a>b:y unsaid", 0 },
		{ "csv", "from,to,\na,b,3\n", "bad-record", 0 },
		{ "csv", "id:START_ID,:END_ID\n1,2\n", "1>2 unsaid", 0 },
		{ "csv", "1,2,3,4\n", "unsupported", 0 },
		{ "csv", "from,to\na,b,c\n", "bad-record", 0 },
		{ "csv", "1,2\n3\n", "1>2 bad-record", 0 },
		{ "csv", "1,2,x\n", "bad-record", 0 },
		{ "csv", "1,\n", "bad-record", 0 },
		{ "csv", "1,\"2\"x\n", "bad-record", 0 },
		{ "csv", "1,2\"2\n", "bad-record", 0 },
		{ "csv", "1,2\n\"3,4\n5,6\n", "1>2 bad-record", 0 },
	};

	(void)state;
	RUN(examples);
}

#define MM "%%MatrixMarket matrix coordinate "

static void mtx_keeps_every_number_and_says_its_symmetry(void **state)
{
	static const struct example examples[] = {
		{ "mtx", MM "pattern general\n3 3 2\n1 2\n3 3\n", "1..3 1>2 3>3 directed", 0 },
		{ "mtx", "%%matrixmarket MATRIX Coordinate REAL General\n% c\n\n2 2 1\n1 2 3\n",
		  "1..2 1>2=3.0 directed", 0 },
		{ "mtx", MM "integer symmetric\n3 3 2\n2 1 -5\n3 3 7\n",
		  "1..3 2>1=-5 3>3=7 undirected", 0 },
		{ "mtx", MM "integer symmetric\n3 3 2\n2 1 -5\n3 3 7\n",
		  "1..3 2>1=-5 1>2=-5 3>3=7 undirected", 1 },
		{ "mtx", MM "real skew-symmetric\n2 2 1\n2 1 1.5\n",
		  "1..2 2>1=1.5 1>2=-1.5 directed", 0 },
		{ "mtx", "2 2 1\n1 2\n", "1..2 1>2 directed", 0 },
		{ "mtx", "2 2 1\n1 2 5\n", "1..2 1>2=5.0 directed", 0 },
		{ "mtx", MM "pattern general\n2 3 1\n2 3\n", "1..3 2>3 directed", 0 },
		{ "mtx", MM "pattern general\n0 0 0\n", "directed", 0 },
		{ "mtx", "", "cut-off", 0 },
		{ "mtx", MM "pattern general\n", "cut-off", 0 },
		{ "mtx", MM "pattern general\n2 2 2\n1 2\n", "1..2 1>2 cut-off", 0 },
		{ "mtx", MM "pattern general\n2 2 1\n1 2\n2 1\n", "1..2 1>2 bad-record", 0 },
		{ "mtx", MM "pattern general\n2 2\n", "bad-record", 0 },
		{ "mtx", MM "pattern general\n2 2 1\n0 1\n", "1..2 bad-record", 0 },
		{ "mtx", MM "pattern general\n2 2 1\n1 3\n", "1..2 bad-record", 0 },
		{ "mtx", MM "pattern general\n2 3 1\n3 3\n", "1..3 bad-record", 0 },
		{ "mtx", MM "pattern general\n2 2 1\n1 2 3\n", "1..2 bad-record", 0 },
		{ "mtx", MM "real general\n2 2 1\n1 2\n", "1..2 bad-record", 0 },
		{ "mtx", MM "integer general\n2 2 1\n1 2 1.5\n", "1..2 bad-record", 0 },
		{ "mtx", MM "real general\n2 2 1\n1 2 nan\n", "1..2 bad-record", 0 },
		{ "mtx", MM "pattern symmetric\n2 3 1\n1 2\n", "bad-record", 0 },
		{ "mtx", MM "pattern skew-symmetric\n2 2 1\n1 2\n", "bad-record", 0 },
		{ "mtx", MM "integer skew-symmetric\n2 2 1\n1 1 4\n", "1..2 bad-record", 0 },
		{ "mtx", MM "pattern general\n999999999999999 9 2\n1 2\n2 1\n", "bad-record", 0 },
		{ "mtx", MM "pattern general\n16777216 9 1\n1 2\n",
		  "1..16777216 1>2 directed", 0 },
		{ "mtx", MM "complex general\n2 2 1\n1 2 3 4\n", "unsupported", 0 },
		{ "mtx", MM "real hermitian\n2 2 1\n1 2 3\n", "unsupported", 0 },
		{ "mtx", "%%MatrixMarket matrix array real general\n2 2\n", "unsupported", 0 },
		{ "mtx", MM "pattern general extra\n2 2 0\n", "bad-record", 0 },
		{ "mtx", MM "integer general\n%%GraphBLAS type int8_t\n2 2 1\n1 2 128\n",
		  "1..2 bad-record", 0 },
		{ "mtx", MM "integer general\n%%GraphBLAS type gunk\n2 2 1\n1 2 1\n",
		  "bad-record", 0 },
		{ "mtx", MM "integer skew-symmetric\n%%GraphBLAS type uint8_t\n2 2 1\n2 1 1\n",
		  "bad-record", 0 },
	};

	(void)state;
	RUN(examples);
}

static void metis_gives_each_edge_once_and_checks_both_ends(void **state)
{
	static const struct example examples[] = {
		{ "metis", "% c\n3 2\n2\n% c\n1 3\n2\n", "1..3 1>2 2>3 undirected", 0 },
		{ "metis", "3 2 0\n2\n1 3\n2\n\n", "1..3 1>2 2>3 undirected", 0 },
		{ "metis", "3 1\n2\n1\n\n", "1..3 1>2 undirected", 0 },
		{ "metis", "2 1 1\n2 7\n1 7\n", "1..2 1>2=7 undirected", 0 },
		{ "metis", "2 1 011\n9 2 7\n9 1 7\n", "1..2 1>2=7 undirected", 0 },
		{ "metis", "2 1 10 3\n9 9 9 2\n9 9 9 1\n", "1..2 1>2 undirected", 0 },
		{ "metis", "2 2\n1 2\n1\n", "1..2 1>1 1>2 undirected", 0 },
		{ "metis", "2 5 100\n2 2 1\n1 1\n", "1..2 1>2 1>2 1>1 undirected", 0 },
		{ "metis", "2 1\n2\n1\n", "1..2 1>2 2>1 undirected", 1 },
		{ "metis", "3 2\n2 3\n\n\n", "1..3 1>2 1>3 undirected", 1 },
		{ "metis", "0 0\n", "undirected", 0 },
		{ "metis", "", "cut-off", 0 },
		{ "metis", "3 2\n2\n1 3\n", "1..3 1>2 2>3 cut-off", 0 },
		{ "metis", "2 1\n2\n1\n1\n", "1..2 1>2 bad-record", 0 },
		{ "metis", "2 2\n2\n1\n", "1..2 1>2 bad-record", 0 },
		{ "metis", "2 1\n2\n\n", "1..2 1>2 bad-record", 0 },
		{ "metis", "2 1 1\n2 7\n1 8\n", "1..2 1>2=7 bad-record", 0 },
		{ "metis", "2 1 1\n2\n1\n", "1..2 bad-record", 0 },
		{ "metis", "2 1\n3\n1\n", "1..2 bad-record", 0 },
		{ "metis", "2 1\n0\n1\n", "1..2 bad-record", 0 },
		{ "metis", "2 1\nx\n1\n", "1..2 bad-record", 0 },
		{ "metis", "2 1 10 2\n9\n9 9 1\n", "1..2 bad-record", 0 },
		{ "metis", "2 1 2\n2\n1\n", "bad-record", 0 },
		{ "metis", "2 1 110\n2\n1\n", "unsupported", 0 },
		{ "metis", "2\n2\n1\n", "bad-record", 0 },
		{ "metis", "18446744073709551615 1\n", "bad-record", 0 },
	};

	(void)state;
	RUN(examples);
}

static void dimacs_adj_and_lists(void **state)
{
	static const struct example examples[] = {
		{ "dimacs", "c hi\np sp 3 2\na 1 2 5\na 2 1 0.5\n", "1..3 1>2=5 2>1=0.5 directed", 0 },
		{ "dimacs", "p edge 3 2\ne 1 2\ne 2 2\n", "1..3 1>2 2>2 undirected", 0 },
		{ "dimacs", "p col 3 2\ne 1 2\ne 2 2\n", "1..3 1>2 2>1 2>2 undirected", 1 },
		{ "dimacs", "", "cut-off", 0 },
		{ "dimacs", "a 1 2 5\n", "bad-record", 0 },
		{ "dimacs", "p sp 3 2\na 1 2 5\n", "1..3 1>2=5 cut-off", 0 },
		{ "dimacs", "p sp 3 1\na 1 2 5\na 1 2 5\n", "1..3 1>2=5 bad-record", 0 },
		{ "dimacs", "p sp 3 1\na 1 4 5\n", "1..3 bad-record", 0 },
		{ "dimacs", "p sp 3 1\na 1 2\n", "1..3 bad-record", 0 },
		{ "dimacs", "p sp 3 1\na 1 2 x\n", "1..3 bad-record", 0 },
		{ "dimacs", "p sp 3 1\ne 1 2\n", "1..3 bad-record", 0 },
		{ "dimacs", "p edge 3 1\nn 1 2\n", "1..3 unsupported", 0 },
		{ "dimacs", "p max 3 1\n", "unsupported", 0 },
		{ "dimacs", "p sp 3 0\np sp 3 0\n", "1..3 bad-record", 0 },
		{ "adj", "AdjacencyGraph\n3\n2\n0\n1\n1\n2\n0\n", "0..2 0>2 2>0 directed", 0 },
		{ "adj", "WeightedAdjacencyGraph 2 2 0 2 1 1 5 6", "0..1 0>1=5 0>1=6 directed", 0 },
		{ "adj", "AdjacencyGraph\n0\n0\n", "directed", 0 },
		{ "adj", "AdjacencyGraph\n1\n0\n0\n", "0..0 directed", 0 },
		{ "adj", "AdjacencyGraph\n2\n1\n0\n1\n2\n", "0..1 bad-record", 0 },
		{ "adj", "AdjacencyGraph\n2\n1\n1\n1\n0\n", "0..1 bad-record", 0 },
		{ "adj", "AdjacencyGraph\n2\n1\n0\n1\n", "0..1 cut-off", 0 },
		{ "adj", "AdjacencyGraph\n2\n1\n0\n1\n0\n0\n", "0..1 0>0 bad-record", 0 },
		{ "adj", "Adjacency\n", "bad-record", 0 },
		{ "adj", "AdjacencyGraph\n2\n-1\n", "bad-record", 0 },
		{ "adj", "", "cut-off", 0 },
		{ "adj", "AdjacencyGraph\n16777217\n9\n", "bad-record", 0 },
		{ "dimacs", "p edge 16777217 9\n", "bad-record", 0 },
		{ "adjlist", "# c\n1 2 3\n4\n\nx y\n", "1 1>2 1>3 4 x x>y unsaid", 0 },
		{ "ldbc-v", "1\n7\r\n", "1 7 unsaid", 0 },
		{ "ldbc-v", "1 2\n", "bad-record", 0 },
		{ "ldbc-v", "x\n", "bad-record", 0 },
	};

	(void)state;
	RUN(examples);
}

static void pairs_are_little_endian_and_whole(void **state)
{
	static const uint8_t pairs[] = { 1, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 0, 1, 0, 0 };
	struct text_options narrow = { .dialect = &pairs32_dialect };
	struct text_options wide = { .dialect = &pairs64_dialect };
	struct buf got = {0};

	(void)state;
	for (size_t most = 0; most < 4; most++) {
		read_all(&got, narrow, bytes_of(pairs, 16), most);
		assert_string_equal(got.ptr, "1>2 4294967295>256 unsaid");
		read_all(&got, wide, bytes_of(pairs, 16), most);
		assert_string_equal(got.ptr, "8589934593>1103806595071 unsaid");
		read_all(&got, narrow, bytes_of(pairs, 13), most);
		assert_string_equal(got.ptr, "1>2 cut-off");
		assert_non_null(strstr(err_message(), "F: offset 8: "));
		read_all(&got, wide, bytes_of(pairs, 0), most);
		assert_string_equal(got.ptr, "unsaid");
	}
	buf_release(&got);
}

/* A tolerated line of a file with a header counts as one of those it promised. */
static void a_header_is_never_tolerated_a_line_may_be(void **state)
{
	static const struct example examples[] = {
		{ "mtx", MM "pattern general\n2 2 3\n1 2\nx y\n2 1\n", "1..2 1>2 2>1 directed", 0 },
		{ "mtx", MM "pattern mangled\n2 2 1\n1 2\n", "bad-record", 0 },
		{ "mtx", "\n" MM "pattern general\n2 2\n1 2\n", "bad-record", 0 },
		{ "mtx", MM "pattern general\n2 2 1\n1 2\n1 2\n", "1..2 1>2 bad-record", 0 },
		{ "metis", "2 1\n2\nx\n", "1..2 1>2 bad-record", 0 },
		{ "dimacs", "p sp 3 2\na 1 9 1\na 1 2 3\n", "1..3 1>2=3 directed", 0 },
		{ "dimacs", "p sp\n", "bad-record", 0 },
		{ "csv", "a,b\n,\nc,d\n", "a>b c>d unsaid", 0 },
		{ "csv", "1,2\n\"3,4\n5,6\n", "1>2 5>6 unsaid", 0 },
	};
	struct buf got = {0};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		struct text_options o = { .bad_most = 99,
			.dialect = text_find(bytes_str(examples[i].dialect)) };

		read_all(&got, o, bytes_str(examples[i].text), 0);
		if (strcmp((char *)got.ptr, examples[i].want))
			fail_msg("\"%s\": got \"%s\"", examples[i].text, (char *)got.ptr);
	}
	buf_release(&got);
}

/* Lines of metis and adjlist hold the neighbours of a node however many they are. */
static void a_line_of_ten_megabytes_comes_in_pieces(void **state)
{
	const uint64_t n = 1200000;
	struct buf text = {0};
	struct text_options o = { .dialect = &metis_dialect };
	struct bytes_source s;
	const struct text_source from = { fill, &s, "F" };
	struct text_edge e;
	struct text *t;
	struct mem mem;
	uint64_t edges = 0, sum = 0;
	int r;

	(void)state;
	buf_printf(&text, "%" PRIu64 " %" PRIu64 " 1\n", n, n - 1);
	for (uint64_t i = 2; i <= n; i++)
		buf_printf(&text, " %" PRIu64 "  %u", i, 5);
	buf_printf(&text, "\n");
	assert_true(text.len > 10u << 20);
	for (uint64_t i = 2; i <= n; i++)
		buf_printf(&text, "1 5\n");
	s = (struct bytes_source){ .left = buf_bytes(&text), .most = 100000 };
	mem_init(&mem, 0);
	assert_int_equal(text_open(&t, &from, &o, &mem), 0);
	while ((r = text_next(t, &e)) > 0)
		if (r == TEXT_EDGE) {
			assert_int_equal(e.src.number, 1);
			assert_int_equal(e.value.i, 5);
			edges++;
			sum += e.dst.number;
		}
	assert_int_equal(r, 0);
	assert_int_equal(edges, n - 1);
	assert_int_equal(sum, n * (n + 1) / 2 - 1);
	text_close(t);
	assert_true(mem.peak < 4u << 20);
	buf_release(&text);
}

static void properties_name_the_files_of_a_graph(void **state)
{
	struct ldbc g;

	(void)state;
	assert_int_equal(ldbc_read(&g, bytes_str("# c\ngraph.x.vertex-file = x.v\r\n"
		"graph.x.edge-file: x.e\ngraph.x.directed=false\n\n"
		"graph.x.meta.vertices = 10\nother = 1"), "P"), 0);
	assert_true(bytes_equal(g.vertex_file, bytes_str("x.v")));
	assert_true(bytes_equal(g.edge_file, bytes_str("x.e")));
	assert_int_equal(g.direction, TEXT_UNDIRECTED);
	assert_true(g.has_vertex_n && g.vertex_n == 10 && !g.has_edge_n);
	assert_int_equal(ldbc_read(&g, bytes_str("a = b\nnonsense\n"), "P"), ERR_BAD_RECORD);
	assert_non_null(strstr(err_message(), "P: line 2: "));
	assert_int_equal(ldbc_read(&g, bytes_str("g.directed = maybe\n"), "P"), ERR_BAD_RECORD);
	assert_int_equal(ldbc_read(&g, bytes_str("g.edge-file = x.e\n"), "P"), ERR_BAD_RECORD);
}

/* --- guessing --- */

static void the_format_is_told_by_its_lines_or_not_at_all(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "none" },
		{ "# only\n% comments\n", "none" },
		{ "1 2\n", "el" },
		{ "1 2 0.5\n", "el" },
		{ "# Nodes: 3 Edges: 2\n# From\tTo\n1\t2\n", "el" },
		{ "1\t2\n", "tsv" },		/* both read the same: either */
		{ "a b\tc\n", "tsv" },
		{ "a\tb\tknows\n", "tsv" },
		{ "a\tb\n1\t2\tlikes\n", "tsv" },
		{ "1\t2\t3\n", "usage" },	/* a weight or a type? */
		{ "# a\tb\n1\t2\n", "usage" },	/* a comment or an edge? */
		{ "a\\tb\tc\n", "usage" },
		{ "1,2\n", "el" },
		{ "1, 2\n", "el" },
		{ "hello\nworld\n", "bad-record" },
		{ "{\"a\":1}\n", "jsonl" },
		{ "{\"a\":1\n", "bad-record" },
		{ "1 2\n3 4\nbroken\n", "el" },
		{ "source,target\n1,2\n", "csv" },
		{ "New York,Boston\nLos Angeles,San Diego\n", "csv" },
		{ "New York,5\n", "usage" },	/* New to York, weight 5? */
		{ ":START_ID,:END_ID\n1,2\n", "csv" },
		{ MM "pattern general\n2 2 1\n1 2\n", "mtx" },
		{ MM "mangled general\n2\n1 2\n", "mtx" },
		{ MM "pattern symmetric\n%2 2 1\n1 2\n", "el" },
		{ "AdjacencyGraph\n0\n0\n", "adj" },
		{ "c hello\np sp 1 0\n", "dimacs" },
		{ "3 2\n2\n1 3\n2\n", "metis" },
		{ "%c\n4 3 1\n2 5 3 6 4 7\n1 5\n1 6\n1 7\n", "metis" },
		{ "3 3\n2 3\n1 3\n1 2\n", "usage" },	/* a triangle, or four edges? */
		{ "1 2 2\n1 3 4\n2 3 3\n", "el" },
		{ "3 4\n4 5\n5 3\n3 5\n", "el" },
		{ "a\0", "bad-record" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t room[256];
		struct guess g = { .name = "F", .head = bytes_str(cases[i].text), .all = true };
		int r = guess_dialect(&g, room);
		const char *got = r < 0 ? err_word(r) : r == 0 ? "none" : g.dialect->name;

		if (strcmp(got, cases[i].want))
			fail_msg("\"%s\": %s, not %s", cases[i].text, got, cases[i].want);
	}
}

/* --- hostile input --- */

static const char *const seeds[] = {
	MM "real symmetric\n4 4 3\n2 1 1.5\n3 1 2\n4 4 1e3\n",
	"4 3 11\n1 2 5 3 6\n1 1 5\n1 1 6 4 7\n1 3 7\n", "p sp 3 2\na 1 2 5\na 2 3 1\n",
	"WeightedAdjacencyGraph\n2\n2\n0\n1\n1\n0\n5\n6\n", "1 2 3\n4\n5 1\n",
	"from,to,weight\n\"a\",b,1\nc,\"d\n,e\",2\n", "p edge 3 2\ne 1 2\ne 2 3\n",
};

static void any_damage_is_an_answer_and_pieces_do_not_matter(void **state)
{
	struct buf whole = {0}, parts = {0};
	uint8_t text[256];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *from = seeds[rnd(sizeof seeds / sizeof seeds[0])];
		const struct text_dialect *d = text_dialects[rnd(11)];
		struct text_options o = { .dialect = d, .arcs = rnd(2), .numbers = rnd(4) == 0,
					  .bad_most = rnd(3) };
		size_t len = strlen(from);
		uint8_t room[512];
		struct guess g = { .name = "F", .all = rnd(2) };

		memcpy(text, from, len);
		for (uint64_t n = rnd(4); n > 0; n--) {
			size_t at = rnd(len);

			if (rnd(3))
				text[at] = (uint8_t)" \n0159\",%x\0\xff"[rnd(13)];
			else
				memmove(text + at, text + at + 1, --len - at);
		}
		g.head = bytes_of(text, len);
		guess_dialect(&g, room);
		read_all(&whole, o, g.head, 0);
		read_all(&parts, o, g.head, 1 + rnd(9));
		assert_string_equal(whole.ptr, parts.ptr);
	}
	buf_release(&whole);
	buf_release(&parts);
}

/* Long lines between short ones: as long as is allowed they are there whole, by however
 * much memory came before; else they are malformed and what follows is not lost. */
static void add_long(struct buf *text, size_t len)
{
	static const char head[] = "{\"id\":\"a\",\"props\":{\"x\":\"", tail[] = "\"}}";
	size_t n = len - (sizeof head - 1) - (sizeof tail - 1);

	assert_int_equal(buf_reserve(text, len + 100), 0);
	buf_printf(text, "{\"from\":1,\"to\":2}\n%s", head);
	memset(text->ptr + text->len, 'x', n);
	text->len += n;
	buf_printf(text, "%s\n", tail);
}

static size_t read_long(struct bytes text, size_t most, size_t limit, uint64_t *bad)
{
	struct bytes_source s = { .left = text, .most = 100000 };
	const struct text_source from = { fill, &s, "F" };
	const struct text_options o = { .dialect = &jsonl_dialect, .line_most = most,
		.bad_most = 100 };
	struct text_edge e;
	struct text *t;
	struct mem mem;
	size_t longest = 0;
	int r, edges = 0;

	mem_init(&mem, limit);
	assert_int_equal(text_open(&t, &from, &o, &mem), 0);
	while ((r = text_next(t, &e)) > 0) {
		edges += r == TEXT_EDGE;
		if (r == TEXT_NODE && e.prop[0].value.text.len > longest)
			longest = e.prop[0].value.text.len;
		if (r == TEXT_NODE)
			assert_int_equal(e.prop[0].value.text.ptr[e.prop[0].value.text.len - 1], 'x');
	}
	assert_int_equal(r, 0);
	assert_int_equal(edges, 7);
	*bad = text_bad(t);
	text_close(t);
	assert_int_equal(mem.used, 0);
	return longest + 27;
}

static void a_line_is_as_long_as_is_allowed(void **state)
{
	static const size_t most[] = { 0, 3u << 20, 5000000 };
	struct buf text = {0};
	uint64_t bad;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t max = most[i] ? most[i] : TEXT_LINE_MAX;
		size_t lens[] = { 100, max, max + 1, max - 1, TEXT_LINE_MAX + 1 + rnd(1000),
				  3 * max, 100 };

		buf_clear(&text);
		for (size_t k = 0; k < 7; k++)
			add_long(&text, lens[k]);
		assert_int_equal(read_long(buf_bytes(&text), most[i], 0, &bad), max);
		assert_int_equal(bad, i ? 2 : 3);
		/* no memory for longer ones: they are malformed, like any too long */
		assert_true(read_long(buf_bytes(&text), most[i], 8u << 20, &bad) <= max);
		assert_int_equal(bad, i ? 4 : 3);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_as_long_as_is_allowed),
		cmocka_unit_test(csv_is_read_as_rfc_4180_has_it),
		cmocka_unit_test(mtx_keeps_every_number_and_says_its_symmetry),
		cmocka_unit_test(metis_gives_each_edge_once_and_checks_both_ends),
		cmocka_unit_test(dimacs_adj_and_lists),
		cmocka_unit_test(pairs_are_little_endian_and_whole),
		cmocka_unit_test(a_header_is_never_tolerated_a_line_may_be),
		cmocka_unit_test(a_line_of_ten_megabytes_comes_in_pieces),
		cmocka_unit_test(properties_name_the_files_of_a_graph),
		cmocka_unit_test(the_format_is_told_by_its_lines_or_not_at_all),
		cmocka_unit_test_setup(any_damage_is_an_answer_and_pieces_do_not_matter, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
