/* tests/unit/index.c - ranks of literals against their comparison, and ranges of an index
 * against a scan
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/build.h"
#include "graph/graph.h"
#include "graph/literal_code.h"
#include "graph/named.h"
#include "graph/rdf/rdf_literal.h"
#include "graph/reindex.h"
#include "tests/lib/kit.h"

static const uint8_t our_id[16] = "index test";
static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static void find_seed(void)
{
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
}

/* --- ranks --- */

static const char *const words[] = {
	"0", "-0", "00", "1", "01", "1.0", "1.5", "-1.5", "1.50", "9007199254740992",
	"9007199254740993", "9007199254740993.5", "9223372036854775807",
	"9223372036854775808", "-9223372036854775808", "0.1", "0.10000000000000000001", "1e0",
	"1E3", "1000", "INF", "-INF", "NaN", "1e308", "5e-324", "0.0", "-0.0", "true", "false",
	"2026-11-22", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00", "2026-11-22T01:00:00+01:00",
	"2026-11-22T00:00:00.5Z", "1969-12-31", "-0044-03-15", "9999-12-31", "", "a", "ab",
	"abcdefg", "abcdefgh", "abcdefgi", "abcdefg\\0", "\xff\xff\xff\xff\xff\xff\xff\xff", "b",
};
static const char *const types[] = {
	"http://www.w3.org/2001/XMLSchema#integer", "http://www.w3.org/2001/XMLSchema#decimal",
	"http://www.w3.org/2001/XMLSchema#double", "http://www.w3.org/2001/XMLSchema#int",
	"http://www.w3.org/2001/XMLSchema#date", "http://www.w3.org/2001/XMLSchema#dateTime",
	"http://www.w3.org/2001/XMLSchema#string", "http://x/other", "http://x/another",
};

static struct literal random_literal(char room[2048])
{
	struct literal l = { .kind = LITERAL_INTEGER };
	const char *word = words[rnd(sizeof words / sizeof *words)];

	switch (rnd(8)) {
	case 0:
		l.i = (int64_t)rnd(UINT64_MAX) >> rnd(64);
		break;
	case 1:
		l.kind = LITERAL_DOUBLE;
		l.r = ldexp((double)rnd(100) - 50, (int)rnd(120) - 60);
		break;
	case 2:		/* more digits than a binary64 has */
		memset(room, '0', 2000);
		room[0] = (char)('0' + rnd(3));
		room[1] = '.';
		room[2 + rnd(1900)] = '1';
		rdf_literal_typed(&l, bytes_of(room, 2 + rnd(1998)), bytes_str(types[1]));
		break;
	case 3:
	case 4:
		rdf_literal_typed(&l, bytes_str(word),
				  bytes_str(types[rnd(sizeof types / sizeof *types)]));
		break;
	case 5:
		l = (struct literal){ .kind = LITERAL_LANG, .text = bytes_str(word),
				      .extra = bytes_str("en") };
		break;
	default:
		literal_parse(&l, bytes_str(word));
	}
	return l;
}

static void of_two_in_order_the_ranks_are(void **state)
{
	static char room[2][2048];
	unsigned same = 0, less = 0;

	(void)state;
	find_seed();
	for (unsigned i = 0; i < 100000; i++) {
		struct literal a = random_literal(room[0]), b = random_literal(room[1]);
		struct literal_rank x, y;
		int c = literal_compare(&a, &b);

		if (c == LITERAL_APART)
			continue;
		assert_true(literal_rank(&a, &x) && literal_rank(&b, &y));
		if (c == LITERAL_SAME)
			assert_memory_equal(&x, &y, sizeof x);
		else if (c == LITERAL_LESS ? x.word[0] > y.word[0] : x.word[0] < y.word[0])
			fail_msg("%s: %s, %s", c == LITERAL_LESS ? "<" : ">",
				 bytes_show(a.text), bytes_show(b.text));
		same += c == LITERAL_SAME;
		less += c == LITERAL_LESS;
	}
	assert_true(same > 100 && less > 1000);
}

/* --- an index --- */

#define NODES 3000u

static int64_t value[NODES][2];		/* the second: -1 for none */

static void add_nodes(struct build *b)
{
	for (unsigned i = 0; i < NODES; i++) {
		char room[16];
		struct property p[2] = {
			{ bytes_str("v"), { .kind = LITERAL_INTEGER, .i = value[i][0] } },
			{ bytes_str("v"), { .kind = LITERAL_INTEGER, .i = value[i][1] } },
		};
		struct text_edge e = { .prop = p, .prop_n = value[i][1] < 0 ? 1 : 2 };

		e.src.bytes = bytes_of(room, (size_t)sprintf(room, "n%05u", i));
		assert_int_equal(build_add_text_node(b, &e, i), 0);
	}
}

static struct graph *build_it(struct backend *b, struct mem *mem, struct manifest_graph *g)
{
	struct build_options o = { .backend = b, .store_id = our_id, .mem = mem, .threads = 1,
				   .ids = BUILD_IDS_STRING };
	const struct bytes name = bytes_str("v");
	struct build_note note;
	struct build *build;
	struct graph *out;

	must(build_open(&build, &o));
	add_nodes(build);
	must(build_finish(build, g, &note));
	must(graph_open(&out, b, our_id, g, mem));
	must(reindex_names(out, b, our_id, &name, 1, NULL, NULL, &g->segment[g->segment_n]));
	graph_close(out);
	g->segment_n++;
	must(graph_open(&out, b, our_id, g, mem));
	return out;
}

struct range {
	struct named_range of;
	int64_t i;
};

static bool fits(const struct range *r, int64_t v)
{
	return r->of.where == NAMED_AT ? v == r->i : r->of.where == NAMED_UP_TO ? v <= r->i :
		v >= r->i;
}

static bool passes(const void *ctx, const struct literal *l)
{
	return fits(ctx, l->i);
}

static void ask(struct named *n, const struct range *range)
{
	struct named_rows rows = {0};
	uint64_t node = 0, from = 0;

	must(named_rows_begin(&rows, n, &range->of, passes, range));
	for (unsigned i = 0; i < NODES; i++) {
		bool is = fits(range, value[i][0]) ||
			(value[i][1] >= 0 && fits(range, value[i][1]));

		if (!is || i < from)
			continue;
		assert_int_equal(named_rows_seek(&rows, from, &node), 1);
		assert_int_equal(node, i);
		from = node + 1 + (rnd(3) ? 0 : rnd(200));
	}
	if (from < NODES)
		assert_int_equal(named_rows_seek(&rows, from, &node), 0);
	named_rows_release(&rows);
}

static void ranges_are_those_of_a_scan(void **state)
{
	struct manifest_graph g = {0};
	struct backend *b;
	struct graph *open;
	struct named n;
	struct mem mem;

	(void)state;
	find_seed();
	mem_init(&mem, 0);
	must(backend_mem(&b));
	must(backend_mkdir(b, "tmp"));
	must(backend_mkdir(b, "seg"));
	for (unsigned i = 0; i < NODES; i++) {
		value[i][0] = (int64_t)(rnd(2) ? rnd(5) : rnd(1000));
		value[i][1] = rnd(4) ? -1 : (int64_t)rnd(1000);
	}
	open = build_it(b, &mem, &g);
	assert_int_equal(named_find(&n, open, bytes_str("v")), 1);
	for (unsigned i = 0; i < 300; i++) {
		struct range range = { .i = (int64_t)(rnd(2) ? rnd(6) : rnd(1010)) };
		struct literal l = { .kind = LITERAL_INTEGER, .i = range.i };

		range.of = (struct named_range){ (enum named_where)(NAMED_AT + rnd(3)), &l };
		ask(&n, &range);
	}
	named_release(&n);
	graph_close(open);
	build_discard(b, &g);
	backend_close(b);
	assert_int_equal(mem.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_in_order_the_ranks_are),
		cmocka_unit_test(ranges_are_those_of_a_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
