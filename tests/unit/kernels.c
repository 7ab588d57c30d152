/* tests/unit/kernels.c - algorithms over whole graphs, against plain loops over the
 * array of all edges: any layout, any types and ways, 1 to 8 threads
 */
#include "made_graph.h"

#include "graph/walk/depths.h"

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

static uint64_t pulled_n;	/* steps against the edges, in all tests */

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
	depths_release(&d);
	free(a.depth);
	free(a.parent);
}

static void depths_and_parents_are_those_of_a_plain_loop(void **state)
{
	pulled_n = 0;
	for (uint64_t i = 0; i < scaled(150); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 40 : 2000), rnd(3000));
		for (int k = 0; k < 3; k++)
			depths_agree(&m, rnd(m.node_n));
		made_free(&m);
	}
	print_message("# %" PRIu64 " steps against the edges\n", pulled_n);
	assert_true(pulled_n > 10);
}

/* Many parts, wide fronts, several threads at one step of either kind. */
static void depths_of_a_large_graph(void **state)
{
	for (uint64_t i = 0; i < scaled(3); i++) {
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
	m.mem.limit = m.mem.used + depths_memory(m.node_n, true) + 4096;
	assert_int_equal(depths_find(&d, m.graph, &p), 0);
	depths_release(&d);
	m.mem.limit = m.mem.used + depths_memory(m.node_n, true) - 4096;
	assert_int_equal(depths_find(&d, m.graph, &p), ERR_MEMORY);
	made_free(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(depths_and_parents_are_those_of_a_plain_loop),
		TEST(depths_of_a_large_graph),
		TEST(depths_of_a_long_chain),
		TEST(depths_keep_within_their_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
