/* tests/unit/layout.c - graph/csr: one graph, three layouts, the same answers
 *
 * Random edges of several types, with and without values, added one by one or as
 * encoded lists in any portions; an array is the model.
 */
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
#include "graph/csr.h"
#include "graph/csr_disk.h"
#include "io/file.h"

static const uint8_t store_id[16] = "layout";
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

struct edge {
	uint32_t type;
	uint64_t from, to;
	union csr_value v;
};

struct model {
	struct csr_plan plan;
	struct edge *edges;
	uint64_t n;
};

static int cmp_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7 };

/* A number of at most so many digits behind the point; rarely, if ODD, one that looks
 * like it and is none, or is too large. */
static double random_decimal(unsigned digits, unsigned size, bool odd)
{
	static const double others[] = { -0.0, 0x1p-60, 1e300, 1.0 / 3, 0.1 + 0.2, 1e12 + 0.5,
					 -1e13, NAN, INFINITY };
	double r = (double)((int64_t)rnd(1ull << size) - (1 << (size / 2))) /
		tens[rnd(digits + 1)];

	return odd && rnd(500) == 0 ? others[rnd(sizeof others / sizeof *others)] : r;
}

static union csr_value random_value(enum csr_values kind, unsigned size, unsigned digits)
{
	union csr_value v = {0};

	if (kind == CSR_INTEGERS)
		v.i = (int64_t)(size == 64 ? rnd(UINT64_MAX) : rnd(1ull << size)) - 7;
	else if (kind == CSR_REALS && digits)
		v.r = random_decimal(digits / 2, size < 50 ? size : 40, digits & 1);
	else if (kind == CSR_REALS)
		v.r = size < 20 ? (double)rnd(1000) / 8 : (double)rnd(1000) / 7;
	return v;
}

static struct model random_model(bool large)
{
	static const unsigned sizes[] = { 0, 7, 15, 30, 64 };
	struct model m = { .plan = {
		.direction = CSR_OUT, .node_n = 1 + rnd(rnd(2) ? 300 : 5000),
		.type_n = 1 + (uint32_t)rnd(4), .dict = 9,
		.values = (enum csr_values)rnd(3),
	} };
	uint64_t hub = rnd(m.plan.node_n);
	unsigned size = sizes[rnd(5)];
	unsigned digits = (unsigned)rnd(16);	/* 2 to 7, and with others among them */
	bool high = rnd(6) == 0;	/* ids beyond 32 bits; all types are sparse then */

	if (high)
		m.plan.node_n += 1ull << 33;
	m.n = large ? 40000 : rnd(3) ? rnd(500) : rnd(20000);
	m.edges = malloc((m.n + 1) * sizeof *m.edges);
	for (uint64_t i = 0; i < m.n; i++)
		m.edges[i] = (struct edge){
			.type = (uint32_t)rnd(rnd(3) ? 1 : m.plan.type_n),
			.from = rnd(3) ? hub : rnd(m.plan.node_n),
			.to = rnd(4) ? rnd(m.plan.node_n) : m.plan.node_n - 1,
			.v = random_value(m.plan.values, size, digits),
		};
	qsort(m.edges, m.n, sizeof *m.edges, cmp_edges);
	return m;
}

/* Edges [i, end) are of one type: as lists, in portions of some nodes. */
static uint64_t end_of(const struct model *m, uint64_t i, bool row)
{
	uint64_t end = i;

	while (end < m->n && m->edges[end].type == m->edges[i].type &&
	       (!row || m->edges[end].from == m->edges[i].from))
		end++;
	return end;
}

static uint64_t put_portion(const struct model *m, struct csr_writer *w, uint64_t i)
{
	enum { NODES = 8 };
	uint64_t degree[NODES] = {0}, len[NODES] = {0}, room = LIST_BYTES_MAX(m->n) * 2;
	uint64_t from = m->edges[i].from, n = 1 + rnd(NODES), first = i;
	uint8_t *bytes = malloc(room), *at = bytes;
	uint64_t *ids = malloc((m->n + 1) * sizeof *ids);
	union csr_value *values = malloc((m->n + 1) * sizeof *values);
	struct csr_lists l = { .type = m->edges[i].type, .node = from, .degree = degree,
			       .len = len, .bytes = bytes };

	l.n = n < m->plan.node_n - from ? n : m->plan.node_n - from;
	while (i < m->n && m->edges[i].type == l.type && m->edges[i].from < from + l.n) {
		uint64_t end = end_of(m, i, true), k = m->edges[i].from - from;

		degree[k] = end - i;
		for (uint64_t e = i; e < end; e++) {
			ids[e - i] = m->edges[e].to;
			values[e - first] = m->edges[e].v;
		}
		len[k] = list_encode(at, m->edges[i].from, ids, degree[k]);
		at += len[k];
		assert_true((uint64_t)(at - bytes) + 200 * NODES < room || m->n < 1000);
		i = end;
	}
	l.values = m->plan.values ? values : NULL;
	assert_int_equal(csr_put_lists(w, &l), 0);
	free(bytes);
	free(ids);
	free(values);
	return i;
}

static struct segment_ref write_model(const struct model *m, struct backend *b, bool lists)
{
	struct segment_ref ref;
	struct csr_writer *w;
	uint64_t i = 0, end;

	assert_int_equal(csr_create(&w, &m->plan, b, store_id, &mem), 0);
	while (i < m->n) {
		if (lists && rnd(4)) {
			i = put_portion(m, w, i);
			continue;
		}
		for (end = end_of(m, i, true); i < end; i++) {
			const struct edge *e = &m->edges[i];

			assert_int_equal(m->plan.values ?
					 csr_add_value(w, e->type, e->from, e->to, e->v) :
					 csr_add(w, e->type, e->from, e->to), 0);
		}
	}
	assert_int_equal(csr_added(w), m->n);
	assert_int_equal(csr_finish(w, &ref), 0);
	return ref;
}

static void same_list(const struct model *m, struct csr_list *l, uint64_t i, uint64_t end)
{
	const union csr_value *values;
	const uint64_t *ids;
	int n, r = 0;

	assert_int_equal(l->n, end - i);
	while ((n = csr_block(l, &ids)) > 0) {
		if (m->plan.values)
			r = csr_block_values(l, &values);
		assert_int_equal(r, 0);
		for (int k = 0; k < n; k++, i++) {
			assert_true(i < end);
			assert_int_equal(ids[k], m->edges[i].to);
			if (m->plan.values)
				assert_memory_equal(&values[k], &m->edges[i].v, 8);
		}
	}
	assert_int_equal(n, 0);
	assert_int_equal(i, end);
}

static void scan_all(const struct model *m, struct csr *c)
{
	struct csr_list list;
	struct csr_scan scan, degrees;
	uint64_t i = 0, n, total = 0;

	for (uint32_t t = 0; t < m->plan.type_n; t++) {
		uint64_t first = i;

		csr_scan_begin(&scan, c, t);
		csr_scan_begin(&degrees, c, t);
		while (csr_scan_next(&scan, &list) > 0) {
			uint64_t end = end_of(m, i, true);

			assert_true(i < m->n && m->edges[i].type == t);
			assert_int_equal(scan.node, m->edges[i].from);
			assert_int_equal(list.edge, i - first);
			same_list(m, &list, i, end);
			assert_int_equal(csr_scan_degree(&degrees, &n), 1);
			assert_int_equal(n, end - i);
			i = end;
		}
		assert_int_equal(csr_scan_degree(&degrees, &n), 0);
		assert_int_equal(csr_type_edges(c, t, &n), 0);
		assert_int_equal(n, i - first);
		total += n;
	}
	assert_int_equal(total, m->n);
}

static void ask(const struct model *m, struct csr *c)
{
	struct edge key = { .type = (uint32_t)rnd(m->plan.type_n), .from = rnd(m->plan.node_n) };
	struct csr_list list;
	uint64_t lo = 0, end, n, to, place;
	union csr_value v;

	if (m->n && rnd(2))
		key = m->edges[rnd(m->n)];
	key.to = 0;
	while (lo < m->n && cmp_edges(&m->edges[lo], &key) < 0)
		lo++;
	for (end = lo; end < m->n && m->edges[end].type == key.type &&
	     m->edges[end].from == key.from; end++)
		;
	assert_int_equal(csr_degree(c, key.type, key.from, &n), 0);
	assert_int_equal(n, end - lo);
	assert_int_equal(csr_row(c, key.type, key.from, &list), 0);
	same_list(m, &list, lo, end);
	if (lo == end)
		return;
	place = lo + rnd(end - lo);
	assert_int_equal(csr_row(c, key.type, key.from, &list), 0);
	assert_int_equal(csr_seek(&list, m->edges[place].to), 0);
	do
		assert_int_equal(m->plan.values ? csr_next_value(&list, &to, &v) :
				 csr_next(&list, &to), 1);
	while (to < m->edges[place].to);
	assert_int_equal(to, m->edges[place].to);
}

static bool same_bytes(struct backend *b, const struct segment_ref *x, const struct segment_ref *y)
{
	struct segment *s[2];
	bool same = true;

	assert_int_equal(segment_open(&s[0], b, x, store_id, &mem), 0);
	assert_int_equal(segment_open(&s[1], b, y, store_id, &mem), 0);
	for (uint32_t tag = 0; tag <= 4; tag++) {
		struct bytes one = tag ? segment_section(s[0], tag) : segment_get_meta(s[0]);
		struct bytes two = tag ? segment_section(s[1], tag) : segment_get_meta(s[1]);

		same &= bytes_equal(one, two);
	}
	segment_close(s[0]);
	segment_close(s[1]);
	return same;
}

static void every_layout_answers_as_the_model_does(void **state)
{
	for (unsigned round = 0; round < 60 * scale / 100 + 1; round++) {
		struct model m = random_model(false);

		for (m.plan.layout = CSR_RAW; m.plan.layout <= CSR_COO; m.plan.layout++) {
			struct segment_ref ref = write_model(&m, *state, false);
			struct segment_ref lists = write_model(&m, *state, true);
			struct csr *c;

			assert_true(same_bytes(*state, &ref, &lists));
			assert_int_equal(csr_open(&c, *state, &lists, store_id, &mem), 0);
			assert_int_equal(csr_layout(c), m.plan.layout);
			assert_int_equal(csr_edge_n(c), m.n);
			assert_int_equal(csr_check(c), 0);
			scan_all(&m, c);
			for (int i = 0; i < 30; i++)
				ask(&m, c);
			csr_close(c);
		}
		free(m.edges);
	}
}

static void lists_out_of_order_are_our_bug(void **state)
{
	const struct csr_plan plan = { .direction = CSR_OUT, .node_n = 10, .type_n = 2 };
	const uint64_t ids[] = { 1, 2 }, degree[] = { 2, 0 };
	uint8_t bytes[LIST_BYTES_MAX(2)];
	const uint64_t len[] = { list_encode(bytes, 4, ids, 2), 0 };
	struct csr_lists l = { .type = 0, .node = 4, .n = 2, .degree = degree, .len = len,
			       .bytes = bytes };
	struct csr_writer *w;

	assert_int_equal(csr_create(&w, &plan, *state, store_id, &mem), 0);
	assert_int_equal(csr_put_lists(w, &l), 0);
	assert_int_equal(csr_put_lists(w, &l), ERR_BUG);
	assert_int_equal(csr_add(w, 0, 4, 9), ERR_BUG);
	assert_int_equal(csr_add(w, 0, 5, 9), 0);
	l.node = 5;
	assert_int_equal(csr_put_lists(w, &l), ERR_BUG);
	l.node = 9;		/* and 10, which is no node */
	assert_int_equal(csr_put_lists(w, &l), ERR_BUG);
	l.node = 4;
	l.type = 2;
	assert_int_equal(csr_put_lists(w, &l), ERR_BUG);
	l.type = 1;
	l.values = (const union csr_value *)ids;
	assert_int_equal(csr_put_lists(w, &l), ERR_BUG);
	l.values = NULL;
	assert_int_equal(csr_put_lists(w, &l), 0);
	csr_abort(w);
}

/* Whatever memory the writer has, the sections are the same, though the longest list
 * cannot be held. */
static void memory_changes_no_byte(void **state)
{
	for (unsigned round = 0; round < 6; round++) {
		struct model m = random_model(true);
		struct segment_ref a, b;

		m.plan.layout = (enum csr_layout)(1 + round % 3);
		a = write_model(&m, *state, false);
		mem_init(&mem, 3u << 20);
		b = write_model(&m, *state, false);
		mem_init(&mem, 0);
		assert_true(same_bytes(*state, &a, &b));
		free(m.edges);
	}
}

static uint64_t values_len(struct backend *b, const double *v, unsigned n)
{
	const struct csr_plan plan = { .direction = CSR_OUT, .node_n = 100, .type_n = 1,
				       .values = CSR_REALS };
	const union csr_value *read;
	struct segment_ref ref;
	struct csr_writer *w;
	struct csr_list l;
	const uint64_t *ids;
	struct csr *c;
	uint64_t len;

	assert_int_equal(csr_create(&w, &plan, b, store_id, &mem), 0);
	for (unsigned i = 0; i < n; i++) {
		union csr_value x = { .r = v[i] };

		assert_int_equal(csr_add_value(w, 0, 3, i, x), 0);
	}
	assert_int_equal(csr_finish(w, &ref), 0);
	assert_int_equal(csr_open(&c, b, &ref, store_id, &mem), 0);
	assert_int_equal(csr_row(c, 0, 3, &l), 0);
	assert_int_equal(csr_block(&l, &ids), n);
	assert_int_equal(csr_block_values(&l, &read), 0);
	assert_memory_equal(read, v, n * sizeof *v);
	len = segment_section(csr_segment(c), CSR_VALUES).len;
	csr_close(c);
	return len;
}

/* 70 edges: 70, 140, 280 or 560 bytes, and zeros to a border. */
static void decimals_are_as_short_as_their_integers(void **state)
{
	static const struct { double from, step; unsigned len; } all[] = {
		{ 0.01, 0.01, 128 }, { -0.3, 0.01, 128 }, { 9.91, 0.05, 192 },
		{ 1e5 + 0.25, 0.567891, 320 }, { 0.0000001, 0.1, 576 },
		{ 1e11 + 0.1, 1e9, 576 }, { 0.25, 1234.567891, 576 }, { -70.5, 1, 320 },
	};
	double v[70];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		for (unsigned k = 0; k < 70; k++) {
			char text[32];

			snprintf(text, sizeof text, "%.7f", all[i].from + k * all[i].step);
			v[k] = strtod(text, NULL);
		}
		assert_int_equal(values_len(*state, v, 70), all[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_layout_answers_as_the_model_does,
						setup, teardown),
		cmocka_unit_test_setup_teardown(lists_out_of_order_are_our_bug, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_changes_no_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(decimals_are_as_short_as_their_integers, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
