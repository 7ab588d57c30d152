/* tests/unit/kernels.c - algorithms over whole graphs, against plain loops over the
 * array of all edges: any layout, any types and ways, 1 to 8 threads
 */
#include "made_graph.h"

#include <math.h>

#include "graph/walk/depths.h"
#include "graph/walk/many_depths.h"
#include "graph/walk/pagerank.h"
#include "graph/walk/shares.h"
#include "graph/walk/wcc.h"

/* --- depths --- */

struct answer {
	uint32_t *depth, *parent;
	uint64_t reached_n, step_n;
};

static bool goes(const struct made *m, const struct graph_types *t, enum csr_direction way,
		 size_t i, bool back, uint64_t *from, uint64_t *to)
{
	const struct made_edge *e = &m->edge[i];

	*from = back ? e->to : e->from;
	*to = back ? e->from : e->to;
	return made_asked(t, e->type) &&
		(m->undirected ? !back : way & (back ? CSR_IN : CSR_OUT));
}

/* Over all edges again and again, until nothing comes nearer. */
static struct answer plain_depths(const struct made *m, const struct graph_types *t,
				  enum csr_direction way, uint64_t start)
{
	struct answer a = { malloc(m->node_n * 4), malloc(m->node_n * 4), 0, 0 };
	bool more = true;
	uint64_t u, v;

	memset(a.depth, 0xff, m->node_n * 4);
	memset(a.parent, 0xff, m->node_n * 4);
	a.depth[start] = 0;
	while (more) {
		more = false;
		for (size_t i = 0; i < 2 * m->edge_n; i++)
			if (goes(m, t, way, i / 2, i & 1, &u, &v) && a.depth[u] != DEPTHS_NONE &&
			    a.depth[u] + 1 < a.depth[v]) {
				a.depth[v] = a.depth[u] + 1;
				more = true;
			}
	}
	for (size_t i = 0; i < 2 * m->edge_n; i++)
		if (goes(m, t, way, i / 2, i & 1, &u, &v) && a.depth[u] != DEPTHS_NONE &&
		    a.depth[u] + 1 == a.depth[v] && u < a.parent[v])
			a.parent[v] = (uint32_t)u;
	a.parent[start] = (uint32_t)start;
	for (uint64_t i = 0; i < m->node_n; i++) {
		a.reached_n += a.depth[i] != DEPTHS_NONE;
		if (a.depth[i] != DEPTHS_NONE && a.depth[i] > a.step_n)
			a.step_n = a.depth[i];
	}
	return a;
}

/* Steps against the edges, and those along very many of them, in all tests. */
static uint64_t pulled_n, met_n;

static void depths_agree(const struct made *m, uint64_t start)
{
	uint32_t id[MADE_TYPES];
	struct depths_plan p = {
		.start = start, .way = (enum csr_direction)(1 + rnd(3)),
		.types = made_types(m, id), .threads = 1 + (unsigned)rnd(8), .parents = rnd(2),
	};
	struct answer a = plain_depths(m, &p.types, p.way, start);
	struct depths d;

	assert_int_equal(depths_find(&d, m->graph, &p), 0);
	assert_memory_equal(d.depth, a.depth, m->node_n * 4);
	if (p.parents)
		assert_memory_equal(d.parent, a.parent, m->node_n * 4);
	assert_int_equal(d.reached_n, a.reached_n);
	assert_int_equal(d.step_n, a.step_n);
	pulled_n += d.step_n + 1 - d.ahead_n;
	met_n += d.met_n;
	depths_release(&d);
	free(a.depth);
	free(a.parent);
}

static void depths_and_parents_are_those_of_a_plain_loop(void **state)
{
	pulled_n = met_n = 0;
	for (uint64_t i = 0; made_round(i, 150, pulled_n > 10 && met_n > 10); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 40 : 2000), rnd(3000));
		for (int k = 0; k < 3; k++)
			depths_agree(&m, rnd(m.node_n));
		made_free(&m);
	}
	print_message("# %" PRIu64 " steps against the edges, %" PRIu64 " by bits\n", pulled_n,
		      met_n);
}

/* Many parts, wide fronts, several threads at one step of either kind. */
static void depths_of_a_large_graph(void **state)
{
	pulled_n = met_n = 0;
	for (uint64_t i = 0; made_round(i, 3, pulled_n && met_n); i++) {
		struct made m;

		made_random(&m, *state, 2000 + rnd(50000), 150000);
		for (int k = 0; k < 4; k++)
			depths_agree(&m, m.edge[rnd(m.edge_n)].from);
		made_free(&m);
	}
}

/* A chain is as many steps as it has nodes. */
static void depths_of_a_long_chain(void **state)
{
	struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = 30000, .type_n = 1 };
	const struct depths_plan p = { .start = 7, .way = CSR_OUT, .types.all = true };
	struct depths d;

	m.edge = calloc(2 * m.node_n, sizeof *m.edge);
	for (uint64_t i = 0; i + 1 < m.node_n; i++)
		made_add(&m, (struct made_edge){ i, i + 1, 0, {0} });
	made_write(&m);
	assert_int_equal(depths_find(&d, m.graph, &p), 0);
	assert_int_equal(d.reached_n, m.node_n - 7);
	for (uint64_t i = 0; i < m.node_n; i++)
		assert_int_equal(d.depth[i], i < 7 ? DEPTHS_NONE : i - 7);
	depths_release(&d);
	made_free(&m);
}

static void depths_keep_within_their_memory(void **state)
{
	const struct depths_plan p = { .way = CSR_OUT, .types.all = true, .parents = true };
	struct depths d;
	struct made m;

	made_random(&m, *state, 30000, 30000);
	made_read(&m, GRAPH_MAPPED);
	m.mem.limit = m.mem.used + depths_memory(m.node_n, true) + 4096;
	assert_int_equal(depths_find(&d, m.graph, &p), 0);
	depths_release(&d);
	m.mem.limit = m.mem.used + depths_memory(m.node_n, true) - 4096;
	assert_int_equal(depths_find(&d, m.graph, &p), ERR_MEMORY);
	made_free(&m);
}

/* --- many at once --- */

static uint64_t many_ahead, many_against;	/* steps, in all tests */

static void one_of_many_agrees(const struct made *m, const struct many_depths_plan *p,
			       const struct many_depths *d, unsigned which)
{
	struct depths_plan one = { .start = p->start[which], .way = p->way, .types = p->types };
	struct depths alone;
	uint64_t sum = 0;

	assert_int_equal(depths_find(&alone, m->graph, &one), 0);
	for (uint64_t v = 0; v < m->node_n; v++) {
		sum += alone.depth[v] == DEPTHS_NONE ? 0 : alone.depth[v];
		if (p->depths)
			assert_int_equal(many_depths_at(d, which, v), alone.depth[v]);
		else
			assert_int_equal(d->seen[v] >> which & 1, alone.depth[v] != DEPTHS_NONE);
	}
	assert_int_equal(d->reached_n[which], alone.reached_n);
	assert_int_equal(d->step_n[which], alone.step_n);
	assert_int_equal(d->step_sum[which], sum);
	depths_release(&alone);
}

static void many_agree(const struct made *m)
{
	uint64_t start[MANY_DEPTHS];
	uint32_t id[MADE_TYPES];
	struct many_depths_plan p = {
		.start = start, .start_n = 1 + (unsigned)rnd(MANY_DEPTHS),
		.way = (enum csr_direction)(1 + rnd(3)), .types = made_types(m, id),
		.threads = 1 + (unsigned)rnd(8), .depths = rnd(3),
	};
	struct many_depths d;

	for (unsigned i = 0; i < p.start_n; i++)
		start[i] = i && rnd(8) == 0 ? start[i - 1] : rnd(m->node_n);
	assert_int_equal(many_depths_find(&d, m->graph, &p), 0);
	for (unsigned i = 0; i < p.start_n; i++)
		one_of_many_agrees(m, &p, &d, i);
	many_ahead += d.ahead_n;
	many_against += d.against_n;
	many_depths_release(&d);
	assert_true(d.seen == NULL);
}

static void many_depths_are_those_of_each_alone(void **state)
{
	many_ahead = many_against = 0;
	for (uint64_t i = 0; made_round(i, 30, many_ahead > 10 && many_against > 10); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 40 : 2000), rnd(3000));
		many_agree(&m);
		many_agree(&m);
		made_free(&m);
	}
	print_message("# %" PRIu64 " steps along the edges, %" PRIu64 " against them\n",
		      many_ahead, many_against);
}

static void many_depths_of_a_large_graph(void **state)
{
	struct made m;

	made_random(&m, *state, 2000 + rnd(50000), 150000);
	many_agree(&m);
	made_free(&m);
}

/* Depths of fifteen digits, and more counted in a step than a tally holds. */
static void many_depths_of_a_chain_with_a_star_at_its_end(void **state)
{
	enum { CHAIN = 20000, STAR = 100000 };
	struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = CHAIN + STAR,
			  .type_n = 1 };
	uint64_t start[] = { 0, 7, CHAIN - 1, CHAIN + 5 };
	const struct many_depths_plan p = { .start = start, .start_n = 4, .way = CSR_OUT,
					    .types.all = true, .threads = 2, .depths = true };
	struct many_depths d;

	m.edge = calloc(2 * m.node_n, sizeof *m.edge);
	for (uint64_t i = 0; i + 1 < m.node_n; i++)
		made_add(&m, (struct made_edge){ i < CHAIN ? i : CHAIN - 1, i + 1, 0, {0} });
	made_write(&m);
	assert_int_equal(many_depths_find(&d, m.graph, &p), 0);
	for (unsigned i = 0; i < p.start_n; i++)
		one_of_many_agrees(&m, &p, &d, i);
	assert_int_equal(d.step_n[0], CHAIN);
	many_depths_release(&d);
	made_free(&m);
}

static void many_depths_keep_within_their_memory(void **state)
{
	uint64_t start[2] = {0};
	const struct many_depths_plan p = { .start = start, .start_n = 2, .way = CSR_OUT,
					    .types.all = true };
	struct many_depths d;
	struct made m;

	made_random(&m, *state, 30000, 30000);
	made_read(&m, GRAPH_MAPPED);
	m.mem.limit = m.mem.used + many_depths_memory(m.node_n, 0) + 4096;
	assert_int_equal(many_depths_find(&d, m.graph, &p), 0);
	many_depths_release(&d);
	m.mem.limit = m.mem.used + many_depths_memory(m.node_n, 0) - 4096;
	assert_int_equal(many_depths_find(&d, m.graph, &p), ERR_MEMORY);
	made_free(&m);
}

/* --- pagerank --- */

/* By the definition, in floating point. */
static double *plain_rank(const struct made *m, const struct graph_types *t, double damping,
			  uint64_t iterations)
{
	double *rank = malloc(m->node_n * sizeof *rank), *next = malloc(m->node_n * sizeof *next);
	uint64_t *degree = calloc(m->node_n, sizeof *degree);
	double n = (double)m->node_n;

	for (size_t i = 0; i < m->edge_n; i++)
		degree[m->edge[i].from] += made_asked(t, m->edge[i].type);
	for (uint64_t i = 0; i < m->node_n; i++)
		rank[i] = 1 / n;
	while (iterations--) {
		double dangling = 0, *swap = rank;

		for (uint64_t i = 0; i < m->node_n; i++)
			dangling += degree[i] ? 0 : rank[i];
		for (uint64_t i = 0; i < m->node_n; i++)
			next[i] = (1 - damping) / n + damping * dangling / n;
		for (size_t i = 0; i < m->edge_n; i++)
			if (made_asked(t, m->edge[i].type))
				next[m->edge[i].to] += damping * rank[m->edge[i].from] /
					(double)degree[m->edge[i].from];
		rank = next;
		next = swap;
	}
	free(next);
	free(degree);
	return rank;
}

/* Who tolerates nothing gets all bits, others 24 of each share; those that are lost go
 * elsewhere, so they count twice. */
static void ranks_are_those_of_the_definition(void **state)
{
	for (uint64_t i = 0; i < scaled(100); i++) {
		struct pagerank_plan p = {
			.damping = (double)rnd(101) / 100, .iterations = rnd(12),
			.threads = 1 + (unsigned)rnd(8), .tolerance = rnd(2) ? 1e-5 : 0,
		};
		double off = 0;
		uint32_t id[MADE_TYPES];
		struct pagerank got;
		uint64_t sum = 0;
		struct made m;
		double *want;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 40 : 2000), rnd(3000));
		p.types = made_types(&m, id);
		assert_int_equal(pagerank_find(&got, m.graph, &p), 0);
		want = plain_rank(&m, &p.types, p.damping, got.iteration_n);
		for (uint64_t k = 0; k < m.node_n; k++) {
			double by = fabs(pagerank_value(got.rank[k]) - want[k]);

			assert_true(by < 1e-12 || p.tolerance > 0);
			off += by;
			sum += got.rank[k];
		}
		assert_true(off < (double)got.iteration_n * 0x1p-22 + 1e-9);
		assert_true(sum <= PAGERANK_ONE && PAGERANK_ONE - sum <= 2 * m.node_n);
		assert_true(got.iteration_n == p.iterations || got.change < p.tolerance);
		pagerank_release(&got);
		free(want);
		made_free(&m);
	}
}

/* As many steps with all bits of each share come to nearly the same. */
static void verify_nearly(struct made *m, const struct pagerank *rough)
{
	const struct pagerank_plan p = { .damping = 0.85, .iterations = rough->iteration_n,
					 .types.all = true };
	struct pagerank full;
	uint64_t off = 0;

	assert_int_equal(pagerank_find(&full, m->graph, &p), 0);
	assert_int_equal(full.iteration_n, rough->iteration_n);
	for (uint64_t i = 0; i < m->node_n; i++)
		off += full.rank[i] > rough->rank[i] ? full.rank[i] - rough->rank[i] :
			rough->rank[i] - full.rank[i];
	assert_true(off > 2 * m->node_n && pagerank_value(off) < 1e-6);
	pagerank_release(&full);
}

/* The last bit, too: in each layout with each number of threads. */
static void verify_same(struct made *m, double tolerance)
{
	struct pagerank_plan p = { .damping = 0.85, .iterations = 200, .tolerance = tolerance,
				   .types.all = true, .threads = 1 };
	struct pagerank first, got;
	uint64_t *want;

	assert_int_equal(pagerank_find(&first, m->graph, &p), 0);
	assert_true(first.iteration_n > 1 && first.iteration_n < 200);
	assert_true(first.change < tolerance);
	if (tolerance >= 1e-6)
		verify_nearly(m, &first);
	want = malloc(m->node_n * 8);
	memcpy(want, first.rank, m->node_n * 8);
	pagerank_release(&first);
	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++) {
		made_close(m);
		m->layout = layout;
		made_write(m);
		for (p.threads = 1; p.threads <= 8; p.threads++) {
			assert_int_equal(pagerank_find(&got, m->graph, &p), 0);
			assert_memory_equal(got.rank, want, m->node_n * 8);
			pagerank_release(&got);
		}
	}
	free(want);
}

static void ranks_are_the_same_whoever_counts(void **state)
{
	struct made m;

	made_random(&m, *state, 2000 + rnd(30000), 70000);
	verify_same(&m, 1e-6);
	verify_same(&m, 1e-8);
	made_free(&m);
}

static void shares_of_a_list_add_up(void **state)
{
	uint64_t share[997], part[997];
	float rough[997];
	uint32_t ids[200];

	(void)state;
	for (unsigned i = 0; i < 997; i++) {
		share[i] = rnd(UINT64_MAX);
		rough[i] = shares_float(rnd(SHARES_MOST / 200), 1 + (uint32_t)rnd(3));
		part[i] = shares_of_float(rough[i]);
	}
	for (uint64_t n = 0; n <= 200; n++) {
		uint64_t sum = 0, parts = 0;

		for (uint64_t i = 0; i < n; i++) {
			ids[i] = (uint32_t)rnd(997);
			sum += share[ids[i]];
			parts += part[ids[i]];
		}
		assert_int_equal(shares_sum(share, ids, n), sum);
		assert_int_equal(shares_sum_floats(rough, ids, n), parts);
	}
}

/* 24 bits of the quotient, and no unit of a float more; never more than it is. */
static void shares_are_rounded_down(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < scaled(300000); i++) {
		uint32_t n = (uint32_t)(1 + (rnd(UINT32_MAX) >> rnd(32)));
		uint64_t rank = rnd(SHARES_MOST + 1) >> rnd(62), part;

		if (rnd(2))		/* near a quotient that is whole */
			rank = rank / n / SHARES_UNIT * n * SHARES_UNIT - (rank > SHARES_UNIT * n && rnd(2));
		part = rank / SHARES_UNIT / n;
		if (part >> 24)
			part &= ~0ull << (40 - __builtin_clzll(part));
		assert_int_equal(shares_of_float(shares_float(rank, n)), part * SHARES_UNIT);
	}
}

/* Nor does it matter whether there was room to keep lists decoded. */
static void verify_little_memory(struct made *m, double tolerance)
{
	const struct pagerank_plan p = { .damping = 0.85, .iterations = 7, .types.all = true,
					 .tolerance = tolerance };
	struct pagerank roomy, narrow;

	made_read(m, GRAPH_MAPPED);
	m->mem.limit = 0;
	m->mem.peak = m->mem.used;
	assert_int_equal(pagerank_find(&roomy, m->graph, &p), 0);
	assert_true(m->mem.peak > m->mem.used + 3 * m->edge_n);
	made_read(m, GRAPH_MAPPED);
	m->mem.limit = m->mem.used + pagerank_memory(m->node_n) + 65536;
	assert_int_equal(pagerank_find(&narrow, m->graph, &p), 0);
	assert_memory_equal(narrow.rank, roomy.rank, m->node_n * 8);
	pagerank_release(&roomy);
	pagerank_release(&narrow);
}

static void ranks_are_the_same_with_little_memory(void **state)
{
	struct made m;

	made_random(&m, *state, 2000 + rnd(3000), 150000);
	verify_little_memory(&m, 0);
	verify_little_memory(&m, 1e-6);
	made_free(&m);
}

/* --- wcc --- */

static uint32_t *plain_roots(const struct made *m, const struct graph_types *t, uint64_t *n)
{
	uint32_t *root = malloc(m->node_n * 4);
	bool more = true;

	for (uint64_t i = 0; i < m->node_n; i++)
		root[i] = (uint32_t)i;
	while (more) {
		more = false;
		for (size_t i = 0; i < m->edge_n; i++) {
			uint32_t *a = &root[m->edge[i].from], *b = &root[m->edge[i].to];

			if (!made_asked(t, m->edge[i].type) || *a == *b)
				continue;
			*a = *b = *a < *b ? *a : *b;
			more = true;
		}
	}
	*n = 0;
	for (uint64_t i = 0; i < m->node_n; i++)
		*n += root[i] == i;
	return root;
}

static void components_agree(const struct made *m)
{
	uint32_t id[MADE_TYPES], *want;
	struct wcc_plan p = { made_types(m, id), 1 + (unsigned)rnd(8) };
	struct wcc got;
	uint64_t n;

	want = plain_roots(m, &p.types, &n);
	assert_int_equal(wcc_find(&got, m->graph, &p), 0);
	assert_memory_equal(got.root, want, m->node_n * 4);
	assert_int_equal(got.component_n, n);
	wcc_release(&got);
	free(want);
}

static void components_are_those_of_a_plain_loop(void **state)
{
	for (uint64_t i = 0; i < scaled(150); i++) {
		uint64_t node_n = 1 + rnd(rnd(3) ? 60 : 3000);
		struct made m;

		made_random(&m, *state, node_n, rnd(2 * node_n + 10));
		components_agree(&m);
		components_agree(&m);
		made_free(&m);
	}
	for (uint64_t i = 0; i < scaled(2); i++) {
		struct made m;

		made_random(&m, *state, 100000 + rnd(100000), 150000);
		components_agree(&m);
		made_free(&m);
	}
}

/* --- the least graphs --- */

static void graphs_without_edges_or_nodes(void **state)
{
	const struct pagerank_plan rank = { .damping = 0.85, .iterations = 3, .types.all = true };
	const struct depths_plan from = { .way = CSR_BOTH, .types.all = true };
	const struct wcc_plan join = { .types.all = true };

	for (uint64_t n = 0; n < 200; n = n * 2 + 1)
		for (uint32_t type_n = 0; type_n < 2; type_n++) {
			struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = n,
					  .type_n = type_n, .edge = calloc(1, 1) };
			struct pagerank p;
			struct depths d;
			struct wcc w;

			made_write(&m);
			assert_int_equal(pagerank_find(&p, m.graph, &rank), 0);
			assert_int_equal(wcc_find(&w, m.graph, &join), 0);
			assert_int_equal(w.component_n, n);
			for (uint64_t i = 0; i < n; i++) {
				assert_int_equal(w.root[i], i);
				assert_true(PAGERANK_ONE / n - p.rank[i] <= 1);
			}
			if (n) {
				assert_int_equal(depths_find(&d, m.graph, &from), 0);
				assert_int_equal(d.reached_n, 1);
				depths_release(&d);
			}
			pagerank_release(&p);
			wcc_release(&w);
			made_free(&m);
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(depths_and_parents_are_those_of_a_plain_loop),
		TEST(depths_of_a_large_graph),
		TEST(depths_of_a_long_chain),
		TEST(depths_keep_within_their_memory),
		TEST(many_depths_are_those_of_each_alone),
		TEST(many_depths_of_a_large_graph),
		TEST(many_depths_of_a_chain_with_a_star_at_its_end),
		TEST(many_depths_keep_within_their_memory),
		TEST(ranks_are_those_of_the_definition),
		TEST(ranks_are_the_same_whoever_counts),
		TEST(shares_of_a_list_add_up),
		TEST(shares_are_rounded_down),
		TEST(ranks_are_the_same_with_little_memory),
		TEST(components_are_those_of_a_plain_loop),
		TEST(graphs_without_edges_or_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
