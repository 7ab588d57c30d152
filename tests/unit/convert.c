/* tests/unit/convert.c - graph/convert: the same graph in any layout and order
 *
 * Random graphs of several types, directed and not, with values or without; what is
 * compared is edges between keys, as a sorted array of them.
 */
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
#include "graph/check.h"
#include "graph/convert.h"
#include "io/file.h"

static const uint8_t store_id[16] = "convert";
static uint64_t seed, turn, scale = 100;
static struct mem mem;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static int setup(void **state)
{
	struct backend *b;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	if (getenv("STRATO_TEST_SCALE"))
		scale = strtoull(getenv("STRATO_TEST_SCALE"), NULL, 10);
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	mem_init(&mem, 0);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	backend_close(*state);
	assert_int_equal(mem.used, 0);
	return 0;
}

/* --- a graph, written without the build: keys are the numbers 3 * id --- */

struct edge {
	uint64_t type, from, to;
	int64_t v;
};

struct made {
	bool undirected, multi;
	enum csr_values values;
	uint64_t node_n, n;
	uint32_t type_n;
	struct edge *edges;	/* sorted; of an undirected graph both ways */
};

static int cmp_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->v > y->v) - (x->v < y->v);
}

static void sort_edges(struct edge *e, uint64_t n)
{
	qsort(e, n, sizeof *e, cmp_edges);
}

/* HUB edges more are of one node. */
static struct made random_graph(uint64_t hub)
{
	struct made m = { .undirected = rnd(2), .multi = hub || rnd(3) == 0,
			  .values = (enum csr_values)rnd(3), .node_n = 1 + rnd(800),
			  .type_n = 1 + (uint32_t)rnd(3) };
	uint64_t n = hub + (rnd(4) ? rnd(3000) : rnd(30)), k = 0;

	m.edges = malloc((2 * n + 1) * sizeof *m.edges);
	for (uint64_t i = 0; i < n; i++) {
		struct edge e = { rnd(m.type_n), rnd(3) ? rnd(m.node_n) : rnd(m.node_n) / 30,
				  rnd(m.node_n), m.values ? (int64_t)rnd(900) - 50 : 0 };

		if (i < hub)
			e.from = m.node_n / 2;
		m.edges[m.n++] = e;
		if (m.undirected && e.from != e.to)
			m.edges[m.n++] = (struct edge){ e.type, e.to, e.from, e.v };
	}
	sort_edges(m.edges, m.n);
	if (!m.multi)
		for (uint64_t i = 0; i < m.n; i++)
			if (!k || m.edges[i].type != m.edges[k - 1].type ||
			    m.edges[i].from != m.edges[k - 1].from ||
			    m.edges[i].to != m.edges[k - 1].to)
				m.edges[k++] = m.edges[i];
	m.n = m.multi ? m.n : k;
	return m;
}

static struct segment_ref write_dict(const struct made *m, struct backend *b)
{
	static const struct bytes names[] = { { (const uint8_t *)"a", 1 },
		{ (const uint8_t *)"b", 1 }, { (const uint8_t *)"c", 1 } };
	const struct dict_plan plan = { false, 0, 3 * (m->node_n - 1), m->node_n };
	struct dict_writer *w;
	struct segment_ref ref;

	assert_int_equal(dict_create(&w, &plan, b, store_id, &mem), 0);
	for (uint64_t i = 0; i < m->node_n; i++)
		assert_int_equal(dict_add_number(w, 3 * i), 0);
	assert_int_equal(dict_finish(w, names, m->type_n, &ref), 0);
	return ref;
}

static struct segment_ref write_csr(const struct made *m, struct backend *b, uint64_t dict,
				    enum csr_direction way, const struct edge *e)
{
	const struct csr_plan plan = { way, m->node_n, m->type_n, dict, CSR_RAW, m->values };
	struct csr_writer *w;
	struct segment_ref ref;

	assert_int_equal(csr_create(&w, &plan, b, store_id, &mem), 0);
	for (uint64_t i = 0; i < m->n; i++) {
		union csr_value v = { .i = e[i].v };

		if (m->values == CSR_REALS)
			v.r = (double)e[i].v / 3;
		assert_int_equal(csr_add_value(w, (uint32_t)e[i].type, e[i].from, e[i].to, v), 0);
	}
	assert_int_equal(csr_finish(w, &ref), 0);
	return ref;
}

static struct manifest_graph write_graph(const struct made *m, struct backend *b)
{
	struct manifest_graph g = { .name = "g", .version = 1, .segment_n = 2,
		.node_n = m->node_n, .edge_n = m->n, .type_n = m->type_n,
		.flags = (m->undirected ? GRAPH_UNDIRECTED : 0) | (m->multi ? GRAPH_MULTI : 0) };
	struct edge *turned = malloc((m->n + 1) * sizeof *turned);

	g.segment[0] = write_dict(m, b);
	g.segment[1] = write_csr(m, b, g.segment[0].id, m->undirected ? CSR_BOTH : CSR_OUT,
				 m->edges);
	for (uint64_t i = 0; i < m->n; i++)
		turned[i] = (struct edge){ m->edges[i].type, m->edges[i].to, m->edges[i].from,
					   m->edges[i].v };
	sort_edges(turned, m->n);
	if (!m->undirected)
		g.segment[g.segment_n++] = write_csr(m, b, g.segment[0].id, CSR_IN, turned);
	free(turned);
	return g;
}

/* --- what a graph holds, by key --- */

static void same_edges(const struct made *m, struct graph *g, enum csr_direction way)
{
	struct edge *got = malloc((m->n + 1) * sizeof *got);
	struct csr *c = graph_csr(g, way);
	bool in = csr_direction(c) == CSR_IN;
	struct csr_scan scan;
	struct csr_list list;
	union csr_value v = {0};
	uint64_t n = 0, to, from_key, to_key;

	for (uint32_t t = 0; t < m->type_n; t++) {
		csr_scan_begin(&scan, c, t);
		while (csr_scan_next(&scan, &list) > 0)
			while ((m->values ? csr_next_value(&list, &to, &v) :
				csr_next(&list, &to)) > 0) {
				assert_true(n < m->n);
				assert_int_equal(dict_number(graph_dict(g), scan.node, &from_key), 0);
				assert_int_equal(dict_number(graph_dict(g), to, &to_key), 0);
				if (m->values == CSR_REALS)
					v.i = (int64_t)(v.r * 3 + (v.r < 0 ? -0.5 : 0.5));
				got[n++] = (struct edge){ t, (in ? to_key : from_key) / 3,
							  (in ? from_key : to_key) / 3, v.i };
			}
	}
	assert_int_equal(n, m->n);
	sort_edges(got, n);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(cmp_edges(&got[i], &m->edges[i]), 0);
	free(got);
}

static uint64_t degree_of(struct graph *g, uint64_t node)
{
	const struct graph_types all = { .all = true };
	uint64_t n;

	assert_int_equal(graph_degree(g, node, CSR_BOTH, &all, &n), 0);
	return n;
}

/* Descending degrees; among equals ascending keys. */
static void in_order(struct graph *g)
{
	uint64_t place[2] = {0};

	for (uint64_t id = 0; id < graph_node_n(g); id++, place[0] = place[1]) {
		assert_int_equal(dict_place_of(graph_dict(g), id, &place[1]), 0);
		if (id && degree_of(g, id) == degree_of(g, id - 1))
			assert_true(place[1] > place[0]);
		else if (id)
			assert_true(degree_of(g, id) < degree_of(g, id - 1));
	}
}

static void no_fault(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)ctx;
	print_error("%s\n", words);
}

static void is_sound(const struct made *m, struct backend *b, const struct manifest_graph *g,
		     enum csr_layout layout, enum dict_order order)
{
	struct graph *open;

	assert_int_equal(check_graph(b, store_id, g, &mem, no_fault, NULL), 0);
	assert_int_equal(graph_open(&open, b, store_id, g, &mem), 0);
	assert_int_equal(csr_layout(graph_csr(open, CSR_OUT)), layout);
	assert_int_equal(dict_order(graph_dict(open)), order);
	same_edges(m, open, CSR_OUT);
	same_edges(m, open, CSR_IN);
	if (order == DICT_BY_DEGREE)
		in_order(open);
	graph_close(open);
}

static struct manifest_graph convert(struct backend *b, const struct manifest_graph *g,
				     enum csr_layout layout, enum dict_order order, size_t limit)
{
	struct manifest_graph out = *g;
	struct convert_options o = { .backend = b, .store_id = store_id, .mem = &mem,
				     .layout = layout, .order = order,
				     .threads = 1 + (unsigned)rnd(4) };
	struct graph *open;

	mem_init(&mem, limit);
	assert_int_equal(graph_open(&open, b, store_id, g, &mem), 0);
	if (convert_graph(open, &o, &out) < 0) fail_msg("%s", err_message());
	graph_close(open);
	mem_init(&mem, 0);
	return out;
}

/* But for the number of the dictionary's segment, which is random. */
static bool same_bytes(struct backend *b, const struct manifest_graph *x,
		       const struct manifest_graph *y)
{
	bool same = x->segment_n == y->segment_n;

	for (uint32_t i = 0; same && i < x->segment_n; i++) {
		struct segment *s[2];

		assert_int_equal(segment_open(&s[0], b, &x->segment[i], store_id, &mem), 0);
		assert_int_equal(segment_open(&s[1], b, &y->segment[i], store_id, &mem), 0);
		same = !memcmp(segment_get_meta(s[0]).ptr, segment_get_meta(s[1]).ptr, 32);
		for (uint32_t tag = 1; tag <= 9; tag++)
			same &= bytes_equal(segment_section(s[0], tag), segment_section(s[1], tag));
		segment_close(s[0]);
		segment_close(s[1]);
	}
	return same;
}

static void a_graph_is_the_same_in_any_layout_and_order(void **state)
{
	for (unsigned round = 0; round < 12 * scale / 100 + 1; round++) {
		struct made m = random_graph(0);
		struct manifest_graph given = write_graph(&m, *state), at = given, back;

		is_sound(&m, *state, &given, CSR_RAW, DICT_BY_KEY);
		for (unsigned step = 0; step < 6; step++) {
			enum csr_layout layout = (enum csr_layout)(1 + rnd(3));
			enum dict_order order = (enum dict_order)rnd(2);

			at = convert(*state, &at, layout, order, 0);
			is_sound(&m, *state, &at, layout, order);
		}
		back = convert(*state, &at, CSR_RAW, DICT_BY_KEY, 0);
		assert_true(same_bytes(*state, &given, &back));
		free(m.edges);
	}
}

/* A memory in which the longest list is too long to be held. */
static void memory_changes_no_byte(void **state)
{
	for (unsigned round = 0; round < 4 * scale / 100 + 1; round++) {
		struct made m = random_graph(round % 2 * 30000);
		struct manifest_graph given = write_graph(&m, *state), a, b;
		enum csr_layout layout = (enum csr_layout)(1 + rnd(3));

		a = convert(*state, &given, layout, DICT_BY_DEGREE, 0);
		b = convert(*state, &given, layout, DICT_BY_DEGREE, 4u << 20);
		assert_true(same_bytes(*state, &a, &b));
		free(m.edges);
	}
}

static void count_fault(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)words;
	++*(unsigned *)ctx;
}

/* Segments that are sound each, but not of one graph: only check sees it. */
static void check_sees_other_values_and_another_order(void **state)
{
	struct made m = { .node_n = 50, .type_n = 1, .n = 90, .values = CSR_INTEGERS };
	struct manifest_graph g[2], mixed;
	unsigned faults = 0;

	m.edges = malloc(m.n * sizeof *m.edges);
	for (int which = 0; which < 2; which++) {
		for (uint64_t i = 0; i < m.n; i++)
			m.edges[i] = (struct edge){ 0, i / 2, i % 2 * 7, which && i == 60 ? 3 : 4 };
		g[which] = write_graph(&m, *state);
	}
	mixed = g[0];
	mixed.segment[2] = g[1].segment[2];
	assert_int_equal(check_graph(*state, store_id, &mixed, &mem, count_fault, &faults), 1);
	assert_int_equal(check_graph(*state, store_id, &g[0], &mem, no_fault, NULL), 0);

	g[1] = convert(*state, &g[0], CSR_PACKED, DICT_BY_DEGREE, 0);
	mixed = g[0];			/* this order is not by this graph's degrees */
	mixed.segment[0] = g[1].segment[0];
	assert_int_equal(check_graph(*state, store_id, &mixed, &mem, count_fault, &faults), 1);
	assert_int_equal(faults, 2);
	free(m.edges);
}

static int stop_at_once(void *ctx, uint64_t edge_n)
{
	(void)ctx;
	(void)edge_n;
	return err_set(ERR_IO, "stopped");
}

static int count_names(void *ctx, const char *name)
{
	(void)name;
	++*(int *)ctx;
	return 0;
}

static void what_stops_leaves_no_segment(void **state)
{
	struct made m = { .node_n = 300000, .type_n = 1, .n = 200000 };
	struct manifest_graph given, out;
	struct convert_options o = { .backend = *state, .store_id = store_id, .mem = &mem,
				     .layout = CSR_PACKED, .order = DICT_BY_DEGREE,
				     .stop = stop_at_once };
	struct graph *open;
	int before = 0, after = 0;

	m.edges = malloc(m.n * sizeof *m.edges);
	for (uint64_t i = 0; i < m.n; i++)
		m.edges[i] = (struct edge){ 0, i, i / 2, 0 };
	given = out = write_graph(&m, *state);
	assert_int_equal(backend_list(*state, "seg", count_names, &before), 0);
	assert_int_equal(graph_open(&open, *state, store_id, &given, &mem), 0);
	assert_int_equal(convert_graph(open, &o, &out), ERR_IO);
	graph_close(open);
	assert_int_equal(backend_list(*state, "seg", count_names, &after), 0);
	assert_int_equal(before, after);
	free(m.edges);
}

/* Each allocation fails once: no segment is left, nothing of the memory is lost. */
static void memory_that_runs_out_leaves_no_segment(void **state)
{
	struct made m = random_graph(0);
	struct manifest_graph given = write_graph(&m, *state), out;
	struct convert_options o = { .backend = *state, .store_id = store_id, .mem = &mem,
				     .threads = 2, .order = DICT_BY_DEGREE };
	int before = 0, after, r = ERR_MEMORY;
	uint64_t fail_at = 0;

	assert_int_equal(backend_list(*state, "seg", count_names, &before), 0);
	while (r < 0) {
		struct graph *open;
		size_t used;

		fail_at += 1 + (fail_at > 60 ? rnd(8) : 0);
		o.layout = (enum csr_layout)(1 + rnd(3));
		mem_init(&mem, 0);
		assert_int_equal(graph_open(&open, *state, store_id, &given, &mem), 0);
		used = mem.used;
		mem.fail_at = mem.count + fail_at;
		out = given;
		r = convert_graph(open, &o, &out);
		mem.fail_at = 0;
		assert_int_equal(mem.used, used);
		graph_close(open);
		assert_true(r == 0 || r == ERR_MEMORY);
		after = 0;
		assert_int_equal(backend_list(*state, "seg", count_names, &after), 0);
		assert_int_equal(after - before, r == 0 ? (int)out.segment_n : 0);
		after = 0;
		assert_int_equal(backend_list(*state, "tmp", count_names, &after), 0);
		assert_int_equal(after, 0);
	}
	print_message("# %" PRIu64 " allocations\n", fail_at);
	assert_true(fail_at > 40);
	free(m.edges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_graph_is_the_same_in_any_layout_and_order,
						setup, teardown),
		cmocka_unit_test_setup_teardown(memory_changes_no_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(check_sees_other_values_and_another_order,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_stops_leaves_no_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_that_runs_out_leaves_no_segment,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
