/* tests/unit/bc.c - betweenness, against paths counted between all pairs of nodes */
#include "made_graph.h"

#include <math.h>

#include "graph/walk/bc.h"

/* --- all pairs --- */

struct pairs {
	uint64_t n;
	uint64_t *depth;	/* [from * n + to]; UINT64_MAX */
	double *count;
};

static bool goes(const struct made *m, const struct bc_plan *p, size_t i, bool back,
		 uint64_t *from, uint64_t *to)
{
	const struct made_edge *e = &m->edge[i];

	*from = back ? e->to : e->from;
	*to = back ? e->from : e->to;
	return made_asked(&p->types, e->type) &&
		(m->undirected ? !back : p->way & (back ? CSR_IN : CSR_OUT));
}

static void count_from(const struct made *m, const struct bc_plan *p, struct pairs *x,
		       uint64_t s)
{
	uint64_t *depth = x->depth + s * x->n, u, v;
	double *count = x->count + s * x->n;
	bool more = true;

	for (uint64_t i = 0; i < x->n; i++)
		depth[i] = UINT64_MAX;
	depth[s] = 0;
	count[s] = 1;
	for (uint64_t d = 0; more; d++) {
		more = false;
		for (size_t i = 0; i < 2 * m->edge_n; i++)
			if (goes(m, p, i / 2, i & 1, &u, &v) && depth[u] == d && depth[v] > d) {
				depth[v] = d + 1;
				count[v] += count[u];
				more = true;
			}
	}
}

static struct pairs count_pairs(const struct made *m, const struct bc_plan *p)
{
	struct pairs x = { m->node_n, calloc(m->node_n * m->node_n, 8),
			   calloc(m->node_n * m->node_n, sizeof(double)) };

	for (uint64_t s = 0; s < m->node_n; s++)
		count_from(m, p, &x, s);
	return x;
}

/* The part of the shortest paths from S to anywhere that go through V. */
static double through(const struct pairs *x, uint64_t s, uint64_t v)
{
	const uint64_t *ds = x->depth + s * x->n, *dv = x->depth + v * x->n;
	double sum = 0;

	if (s == v || ds[v] == UINT64_MAX)
		return 0;
	for (uint64_t t = 0; t < x->n; t++)
		if (t != v && dv[t] != UINT64_MAX && ds[v] + dv[t] == ds[t])
			sum += x->count[s * x->n + v] * x->count[v * x->n + t] /
				x->count[s * x->n + t];
	return sum;
}

static void betweenness_agrees(const struct made *m)
{
	uint32_t id[MADE_TYPES];
	const struct bc_plan p = {
		.way = (enum csr_direction)(1 + rnd(3)), .types = made_types(m, id),
		.threads = 1 + (unsigned)rnd(8),
	};
	struct pairs x = count_pairs(m, &p);
	double *want = calloc(m->node_n, sizeof *want);
	uint64_t sources = 1 + rnd(m->node_n);
	struct bc b;

	assert_int_equal(bc_begin(&b, m->graph, &p), 0);
	for (uint64_t i = 0; i < sources; i++) {
		uint64_t s = rnd(m->node_n);

		assert_int_equal(bc_add(&b, s), 0);
		for (uint64_t v = 0; v < m->node_n; v++)
			want[v] += through(&x, s, v);
	}
	for (uint64_t v = 0; v < m->node_n; v++)
		assert_true(fabs(b.score[v] - want[v]) <= 1e-11 * (1 + want[v]));
	assert_int_equal(b.source_n, sources);
	bc_end(&b);
	free(want);
	free(x.depth);
	free(x.count);
}

static void scores_are_those_of_paths_counted(void **state)
{
	for (uint64_t i = 0; i < scaled(150); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 12 : 50), rnd(rnd(2) ? 40 : 200));
		betweenness_agrees(&m);
		made_free(&m);
	}
}

/* Levels of thousands of nodes: threads in every one. */
static void the_same_bits_for_any_threads_and_layout(void **state)
{
	const struct graph_types all = { .all = true };
	double *want = NULL;
	struct made m;

	made_random(&m, *state, 20000, 60000);
	for (unsigned threads = 1; threads <= 8; threads++) {
		const struct bc_plan p = { .way = CSR_OUT, .types = all, .threads = threads };
		struct bc b;

		made_close(&m);
		m.layout = threads % 4 ? CSR_PACKED : CSR_RAW;
		made_write(&m);
		assert_int_equal(bc_begin(&b, m.graph, &p), 0);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(bc_add(&b, m.edge[i * m.edge_n / 3].from), 0);
		if (!want) {
			want = malloc(m.node_n * sizeof *want);
			memcpy(want, b.score, m.node_n * sizeof *want);
		}
		assert_memory_equal(want, b.score, m.node_n * sizeof *want);
		bc_end(&b);
	}
	free(want);
	made_free(&m);
}

/* The same graph with its nodes called otherwise: each score goes with its node, to
 * the last bit, however many paths there are. */
static void the_same_bits_for_any_order(void **state)
{
	enum { WIDE = 40, DEEP = 60, N = WIDE * DEEP };
	const struct bc_plan p = { .way = CSR_OUT, .types.all = true, .threads = 2 };
	double *want = calloc(N, sizeof *want);

	for (uint64_t turn = 0; turn < 3; turn++) {
		struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = N,
				  .type_n = 1 };
		uint64_t mul = turn == 0 ? 1 : turn == 1 ? 7 : 1999, keep = made_turn;
		struct bc b;

		m.edge = calloc(N * 10, sizeof *m.edge);
		made_turn = 0;
		for (uint64_t i = 0; i < N - WIDE; i++)
			for (uint64_t k = 0; k < 9; k++) {
				uint64_t to = (i / WIDE + 1) * WIDE + rnd(WIDE);

				made_add(&m, (struct made_edge){ i * mul % N, to * mul % N, 0, {0} });
			}
		made_turn = keep;
		made_write(&m);
		assert_int_equal(bc_begin(&b, m.graph, &p), 0);
		for (uint64_t s = 0; s < WIDE; s++)
			assert_int_equal(bc_add(&b, s * mul % N), 0);
		for (uint64_t i = 0; i < N; i++) {
			if (turn == 0)
				want[i] = b.score[i];
			assert_memory_equal(&want[i], &b.score[i * mul % N], sizeof *want);
		}
		bc_end(&b);
		made_free(&m);
	}
	free(want);
}

/* Layers of three, each node to all of the next: 3^k paths, more than any double. */
static void paths_beyond_any_number(void **state)
{
	enum { LAYERS = 2000, N = 3 * LAYERS };
	const struct bc_plan p = { .way = CSR_OUT, .types.all = true };
	struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = N, .type_n = 1 };
	struct bc b;

	m.edge = calloc(3 * N, sizeof *m.edge);
	for (uint64_t i = 0; i < N - 3; i++)
		for (uint64_t k = 0; k < 3; k++)
			made_add(&m, (struct made_edge){ i, (i / 3 + 1) * 3 + k, 0, {0} });
	made_write(&m);
	assert_int_equal(bc_begin(&b, m.graph, &p), 0);
	assert_int_equal(bc_add(&b, 1), 0);
	for (uint64_t i = 0; i < N; i++) {
		double want = i < 3 ? 0 : (double)(LAYERS - 1 - i / 3);

		assert_true(fabs(b.score[i] - want) <= 1e-9 * (1 + want));
	}
	bc_end(&b);
	made_free(&m);
}

/* Layers of three with 0 to 12 equal edges between two nodes: more than 2^64 paths, and
 * of nodes in the same layer one has many times as many as another. */
static void many_paths_of_unequal_numbers(void **state)
{
	enum { LAYERS = 30, N = 3 * LAYERS };

	for (uint64_t i = 0; i < scaled(3); i++) {
		struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = N,
				  .type_n = 1 };

		m.edge = calloc(N * 36, sizeof *m.edge);
		for (uint64_t u = 0; u < N - 3; u++)
			for (uint64_t k = 0; k < 3; k++)
				for (uint64_t n = k ? rnd(3) : 12; n; n--)
					made_add(&m, (struct made_edge){
						u, (u / 3 + 1) * 3 + k, 0, {0} });
		made_write(&m);
		betweenness_agrees(&m);
		made_free(&m);
	}
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
	const struct bc_plan p = { .way = CSR_OUT, .types.all = true, .threads = 2 };
	bool failed = true;
	struct made m;

	made_random(&m, *state, 300, 900);
	for (uint64_t n = 1; failed; n++) {
		size_t used = m.mem.used;
		struct bc b;

		m.mem.fail_at = m.mem.count + n;
		failed = bc_begin(&b, m.graph, &p) < 0 || bc_add(&b, m.edge[0].from) < 0;
		m.mem.fail_at = 0;
		bc_end(&b);
		assert_int_equal(m.mem.used, used);
	}
	made_free(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scores_are_those_of_paths_counted),
		TEST(the_same_bits_for_any_threads_and_layout),
		TEST(the_same_bits_for_any_order),
		TEST(paths_beyond_any_number),
		TEST(many_paths_of_unequal_numbers),
		TEST(memory_that_cannot_be_had_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
