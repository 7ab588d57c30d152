/* tests/unit/algorithms.c - answers over whole graphs, verified another way
 *
 * tests/unit/kernels.c holds them against plain loops that do the same.  Here they are
 * verified by what proves an answer right, from the array of edges: depths by no edge
 * that is longer and one that is tight, components by counting joins, ranks by a dense
 * matrix and by one more step, communities by a dictionary of sorted pairs.  And they
 * are the same by key, whatever layout, order of ids and number of threads.
 */
#include "made_graph.h"

#include <math.h>

#include "graph/convert.h"
#include "graph/walk/cdlp.h"
#include "graph/walk/depths.h"
#include "graph/walk/pagerank.h"
#include "graph/walk/wcc.h"

static const unsigned thread_n[] = { 1, 2, 3, 8 };

struct asked {
	struct graph_types types;
	uint32_t id[MADE_TYPES];
	uint64_t start, steps;		/* a key; of cdlp and pagerank */
	double damping;
	enum csr_direction way;		/* of bfs */
	uint32_t room;
};

/* By key: keys are the numbers from 0 on. */
struct answers {
	uint32_t *depth, *parent, *component, *community;
	uint64_t *rank, *rank_after;	/* after steps, and one more */
};

static void *each_of(const struct made *m, size_t size)
{
	return calloc(m->node_n + 1, size);
}

static void answers_init(struct answers *a, const struct made *m)
{
	a->depth = each_of(m, 4);
	a->parent = each_of(m, 4);
	a->component = each_of(m, 4);
	a->community = each_of(m, 4);
	a->rank = each_of(m, 8);
	a->rank_after = each_of(m, 8);
}

static void answers_free(struct answers *a)
{
	free(a->depth);
	free(a->parent);
	free(a->component);
	free(a->community);
	free(a->rank);
	free(a->rank_after);
}

static uint64_t key_of(struct graph *g, uint64_t id)
{
	uint64_t key;

	assert_int_equal(dict_number(graph_dict(g), id, &key), 0);
	return key;
}

static uint64_t id_of(struct graph *g, uint64_t key)
{
	uint64_t place, id;

	assert_true(dict_place_number(graph_dict(g), key, &place) >= 0);
	assert_true(dict_at(graph_dict(g), place, &id) >= 0);
	return id;
}

static void ask_depths(struct graph *g, const struct asked *q, unsigned threads,
		       struct answers *a)
{
	const struct depths_plan p = { id_of(g, q->start), q->way, q->types, threads, true };
	struct depths d;

	assert_int_equal(depths_find(&d, g, &p), 0);
	for (uint64_t i = 0; i < graph_node_n(g); i++) {
		uint64_t key = key_of(g, i);
		bool there = d.depth[i] != DEPTHS_NONE;

		a->depth[key] = d.depth[i];
		a->parent[key] = there ? (uint32_t)key_of(g, d.parent[i]) : DEPTHS_NONE;
	}
	depths_release(&d);
}

static void ask_ranks(struct graph *g, const struct asked *q, unsigned threads,
		      uint64_t steps, uint64_t *rank)
{
	const struct pagerank_plan p = { .types = q->types, .threads = threads,
					 .damping = q->damping, .iterations = steps };
	struct pagerank got;

	assert_int_equal(pagerank_find(&got, g, &p), 0);
	for (uint64_t i = 0; i < graph_node_n(g); i++)
		rank[key_of(g, i)] = got.rank[i];
	pagerank_release(&got);
}

/* The least key of each, as strato-graph wcc says it. */
static void ask_components(struct graph *g, const struct asked *q, unsigned threads,
			   struct answers *a)
{
	const struct wcc_plan p = { q->types, threads };
	uint64_t n = graph_node_n(g), met = 0;
	uint32_t *least;
	struct wcc w;

	assert_int_equal(wcc_find(&w, g, &p), 0);
	least = calloc(n + 1, sizeof *least);
	for (uint64_t key = 0; key < n; key++) {
		uint32_t root = w.root[id_of(g, key)];

		if (!least[root])
			least[root] = (uint32_t)key + 1;
		met += least[root] == key + 1;
		a->component[key] = least[root] - 1;
	}
	assert_int_equal(w.component_n, met);
	free(least);
	wcc_release(&w);
}

static void ask_communities(struct graph *g, const struct asked *q, unsigned threads,
			    struct answers *a)
{
	const struct cdlp_plan p = { .types = q->types, .threads = threads,
				     .iterations = q->steps, .room = q->room };
	struct cdlp c;

	assert_int_equal(cdlp_find(&c, g, &p), 0);
	assert_true(c.iteration_n <= q->steps);
	for (uint64_t i = 0; i < graph_node_n(g); i++)
		a->community[key_of(g, i)] = (uint32_t)key_of(g, c.label[i]);
	cdlp_release(&c);
}

static void ask(struct graph *g, const struct asked *q, unsigned threads, struct answers *a)
{
	if (graph_node_n(g))
		ask_depths(g, q, threads, a);
	ask_ranks(g, q, threads, q->steps + 1, a->rank_after);
	ask_components(g, q, threads, a);
	ask_communities(g, q, threads, a);
}

/* --- the same --- */

/* Not parents: which of several is that stored first. */
static void same(const struct made *m, const struct answers *a, const struct answers *b)
{
	assert_memory_equal(a->depth, b->depth, m->node_n * 4);
	assert_memory_equal(a->component, b->component, m->node_n * 4);
	assert_memory_equal(a->community, b->community, m->node_n * 4);
	assert_memory_equal(a->rank_after, b->rank_after, m->node_n * 8);
}

static struct graph *converted(struct made *m, enum csr_layout layout, enum dict_order order,
			       struct manifest_graph *entry)
{
	const struct convert_options o = {
		.backend = m->backend, .store_id = made_store, .mem = &m->mem,
		.layout = layout, .order = order, .threads = 1 + (unsigned)rnd(3),
	};
	struct graph *g;

	*entry = m->entry;
	assert_int_equal(convert_graph(m->graph, &o, entry), 0);
	assert_int_equal(graph_open(&g, m->backend, made_store, entry, &m->mem), 0);
	return g;
}

/* Each layout in both orders, by one thread and by others. */
static void same_in_all_forms(struct made *m, const struct asked *q, const struct answers *want)
{
	struct manifest_graph entry;
	struct answers got;

	answers_init(&got, m);
	for (int form = 0; form < 6; form++) {
		enum dict_order order = form & 1 ? DICT_BY_DEGREE : DICT_BY_KEY;
		struct graph *g = converted(m, (enum csr_layout)(1 + form / 2), order, &entry);
		uint32_t *parent = each_of(m, 4);

		for (unsigned i = 0; i < 2; i++) {
			ask(g, q, thread_n[i ? 1 + form % 3 : 0], &got);
			same(m, &got, want);
			if (i && m->node_n)
				assert_memory_equal(got.parent, parent, m->node_n * 4);
			memcpy(parent, got.parent, m->node_n * 4);
		}
		free(parent);
		graph_close(g);
		build_discard(m->backend, &entry);
	}
	answers_free(&got);
}

/* --- right --- */

/* The pairs that an algorithm going WAY sees, 2 an edge at most. */
struct pair {
	uint32_t from, to;
};

static struct pair *pairs(const struct made *m, const struct graph_types *t,
			  enum csr_direction way, size_t *n)
{
	struct pair *p = calloc(2 * m->edge_n + 1, sizeof *p);

	*n = 0;
	for (size_t i = 0; i < m->edge_n; i++) {
		const struct made_edge *e = &m->edge[i];

		if (!made_asked(t, e->type))
			continue;
		if (m->undirected || way & CSR_OUT)
			p[(*n)++] = (struct pair){ (uint32_t)e->from, (uint32_t)e->to };
		if (!m->undirected && way & CSR_IN)
			p[(*n)++] = (struct pair){ (uint32_t)e->to, (uint32_t)e->from };
	}
	return p;
}

/* No edge leads farther than one step, one edge leads to each exactly so far, and it
 * is from the parent: then these are the depths. */
static void verify_depths(const struct made *m, const struct asked *q, const struct answers *a)
{
	bool *tight = calloc(m->node_n + 1, sizeof *tight);
	size_t n;
	struct pair *p = pairs(m, &q->types, q->way, &n);

	assert_int_equal(a->depth[q->start], 0);
	assert_int_equal(a->parent[q->start], q->start);
	for (size_t i = 0; i < n; i++) {
		uint32_t from = a->depth[p[i].from], to = a->depth[p[i].to];

		if (from == DEPTHS_NONE)
			continue;
		assert_true(to <= from + 1);
		if (to == from + 1 && a->parent[p[i].to] == p[i].from)
			tight[p[i].to] = true;
	}
	for (uint64_t i = 0; i < m->node_n; i++)
		if (i != q->start)
			assert_int_equal(tight[i], a->depth[i] != DEPTHS_NONE);
	free(tight);
	free(p);
}

static uint32_t top(uint32_t *above, uint32_t i)
{
	while (above[i] != i)
		i = above[i] = above[above[i]];
	return i;
}

/* Every edge within a component, each named by its least key, and no fewer of them
 * than joins leave. */
static void verify_components(const struct made *m, const struct asked *q,
			      const struct answers *a)
{
	uint32_t *above = calloc(m->node_n + 1, sizeof *above);
	uint64_t left = m->node_n, named = 0;
	size_t n;
	struct pair *p = pairs(m, &q->types, CSR_OUT, &n);

	for (uint32_t i = 0; i < m->node_n; i++)
		above[i] = i;
	for (size_t i = 0; i < n; i++) {
		uint32_t x = top(above, p[i].from), y = top(above, p[i].to);

		left -= x != y;
		above[x] = y;
		assert_int_equal(a->component[p[i].from], a->component[p[i].to]);
	}
	for (uint32_t i = 0; i < m->node_n; i++) {
		assert_true(a->component[i] <= i);
		named += a->component[i] == i;
	}
	assert_int_equal(named, left);
	free(above);
	free(p);
}

/* The step after is what the definition makes of the step before, and nothing of 1 is
 * lost but for rounding. */
static void verify_ranks(const struct made *m, const struct asked *q, const struct answers *a)
{
	uint64_t *degree = each_of(m, sizeof *degree), sum = 0;
	double *want = each_of(m, sizeof *want), loose = 0, n = (double)m->node_n;
	size_t pair_n;
	struct pair *p = pairs(m, &q->types, CSR_OUT, &pair_n);

	for (size_t i = 0; i < pair_n; i++)
		degree[p[i].from]++;
	for (uint64_t i = 0; i < m->node_n; i++)
		loose += degree[i] ? 0 : pagerank_value(a->rank[i]);
	for (size_t i = 0; i < pair_n; i++)
		want[p[i].to] += pagerank_value(a->rank[p[i].from]) / (double)degree[p[i].from];
	for (uint64_t i = 0; i < m->node_n; i++) {
		want[i] = (1 - q->damping) / n + q->damping * (want[i] + loose / n);
		assert_true(fabs(want[i] - pagerank_value(a->rank_after[i])) < 1e-12);
		sum += a->rank_after[i];
	}
	if (m->node_n)
		assert_true(sum <= PAGERANK_ONE && PAGERANK_ONE - sum <= 2 * m->node_n);
	free(degree);
	free(want);
	free(p);
}

/* From the first step on, as powers of the whole matrix. */
static void verify_ranks_densely(const struct made *m, const struct asked *q,
				 const struct answers *a)
{
	uint64_t n = m->node_n;
	double *matrix = calloc(n * n, sizeof *matrix), *rank = each_of(m, sizeof *rank);
	double *next = each_of(m, sizeof *next);
	size_t pair_n;
	struct pair *p = pairs(m, &q->types, CSR_OUT, &pair_n);

	for (size_t i = 0; i < pair_n; i++)
		matrix[p[i].from * n + p[i].to]++;
	for (uint64_t i = 0; i < n; i++) {
		double row = 0;

		for (uint64_t k = 0; k < n; k++)
			row += matrix[i * n + k];
		for (uint64_t k = 0; k < n; k++)
			matrix[i * n + k] = (1 - q->damping) / (double)n + q->damping *
				(row > 0 ? matrix[i * n + k] / row : 1 / (double)n);
		rank[i] = 1 / (double)n;
	}
	for (uint64_t step = 0; step < q->steps; step++) {
		for (uint64_t k = 0; k < n; k++) {
			next[k] = 0;
			for (uint64_t i = 0; i < n; i++)
				next[k] += rank[i] * matrix[i * n + k];
		}
		memcpy(rank, next, n * sizeof *rank);
	}
	for (uint64_t i = 0; i < n; i++)
		assert_true(fabs(rank[i] - pagerank_value(a->rank[i])) < 1e-12);
	free(matrix);
	free(rank);
	free(next);
	free(p);
}

static int by_number(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

/* One step of labels: all pairs of a node and a neighbour's label, sorted. */
static void spread(const struct pair *p, size_t n, uint32_t *label, uint64_t *sorted)
{
	for (size_t i = 0; i < n; i++)
		sorted[i] = (uint64_t)p[i].to << 32 | label[p[i].from];
	qsort(sorted, n, sizeof *sorted, by_number);
	for (size_t i = 0, most = 0, run; i < n; i += run) {
		for (run = 1; i + run < n && sorted[i + run] == sorted[i]; run++)
			;
		if (i == 0 || sorted[i] >> 32 != sorted[i - 1] >> 32)
			most = 0;
		if (run > most) {
			most = run;
			label[sorted[i] >> 32] = (uint32_t)sorted[i];
		}
	}
}

static void verify_communities(const struct made *m, const struct asked *q,
			       const struct answers *a)
{
	uint32_t *label = each_of(m, sizeof *label);
	size_t n;
	struct pair *p = pairs(m, &q->types, CSR_BOTH, &n);
	uint64_t *sorted = calloc(n + 1, sizeof *sorted);

	for (uint32_t i = 0; i < m->node_n; i++)
		label[i] = i;
	for (uint64_t step = 0; step < q->steps; step++)
		spread(p, n, label, sorted);
	assert_memory_equal(a->community, label, m->node_n * 4);
	free(label);
	free(sorted);
	free(p);
}

static void verify(const struct made *m, const struct asked *q, const struct answers *a)
{
	if (m->node_n)
		verify_depths(m, q, a);
	verify_ranks(m, q, a);
	if (m->node_n <= 60)
		verify_ranks_densely(m, q, a);
	verify_components(m, q, a);
	verify_communities(m, q, a);
}

/* --- --- */

static struct asked random_question(const struct made *m)
{
	struct asked q = {
		.start = m->node_n ? rnd(m->node_n) : 0, .steps = rnd(8),
		.damping = (double)rnd(101) / 100, .way = (enum csr_direction)(1 + rnd(3)),
		/* a range of labels after the other is slow where there are many */
		.room = m->node_n > 2000 || rnd(2) ? 0 : 1u << (2 + rnd(6)),
	};

	q.types = made_types(m, q.id);
	return q;
}

/* Right, and in one form in sixteen the same in all the others, too. */
static void asked_once(struct made *m, bool all_forms)
{
	struct asked q = random_question(m);
	struct answers a;

	q.types.id = q.id;
	answers_init(&a, m);
	ask(m->graph, &q, thread_n[rnd(4)], &a);
	ask_ranks(m->graph, &q, 1, q.steps, a.rank);
	verify(m, &q, &a);
	if (all_forms)
		same_in_all_forms(m, &q, &a);
	answers_free(&a);
}

static void answers_of_random_graphs_are_proved(void **state)
{
	for (uint64_t i = 0; i < scaled(120); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 60 : 1500), rnd(2000));
		asked_once(&m, i % 8 == 0);
		asked_once(&m, false);
		made_free(&m);
	}
}

/* More parts than threads, and nodes with more neighbours than are counted at once. */
static void answers_of_large_graphs_are_proved(void **state)
{
	for (uint64_t i = 0; i < scaled(1); i++) {
		struct made m;

		made_random(&m, *state, 5000 + rnd(50000), 150000);
		asked_once(&m, true);
		made_free(&m);
	}
}

/* --- shapes --- */

enum shape { ISOLATED, CHAIN, RING, STAR, COMPLETE, LOOPS, TWO_WAYS, SHAPES };

static bool joined(enum shape s, uint64_t n, uint64_t a, uint64_t b)
{
	switch (s) {
	case CHAIN:
		return a + 1 == b;
	case RING:
		return (a + 1) % n == b;
	case STAR:
		return a == 0 && b > 0;
	case COMPLETE:
		return a < b;
	case LOOPS:
		return a == b;
	case TWO_WAYS:
		return a == b + 1 || a + 1 == b;
	default:
		return false;
	}
}

static void answers_of_shapes_are_proved(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 63, 64, 65, 130 };

	for (int s = 0; s < SHAPES; s++)
		for (int i = 0; i < 16; i++) {
			uint64_t n = sizes[i / 2];
			struct made m = { .backend = *state, .layout = CSR_PACKED,
					  .undirected = i & 1, .node_n = n, .type_n = 1,
					  .edge = calloc(2 * n * n + 1, sizeof *m.edge) };

			for (uint64_t k = 0; k < n * n; k++)
				if (joined((enum shape)s, n, k / n, k % n))
					made_add(&m, (struct made_edge){ k / n, k % n, 0, {0} });
			made_write(&m);
			asked_once(&m, n < 4);
			made_free(&m);
		}
}

/* --- cdlp alone --- */

static void communities_of(const struct made *m, uint64_t steps, const char *want)
{
	const struct cdlp_plan p = { .types.all = true, .iterations = steps };
	struct cdlp c;
	char got[64];

	assert_int_equal(cdlp_find(&c, m->graph, &p), 0);
	for (uint64_t i = 0; i < m->node_n; i++)
		got[i] = (char)('0' + c.label[i]);
	got[m->node_n] = 0;
	assert_string_equal(got, want);
	cdlp_release(&c);
}

static void small_graph(struct made *m, struct backend *b, const char *edges, bool undirected)
{
	*m = (struct made){ .backend = b, .layout = CSR_PACKED, .undirected = undirected,
			    .node_n = 6, .type_n = 1, .edge = calloc(64, sizeof *m->edge) };
	for (; *edges; edges += edges[2] ? 3 : 2)
		made_add(m, (struct made_edge){ (uint64_t)edges[0] - '0',
						(uint64_t)edges[1] - '0', 0, {0} });
	made_write(m);
}

/* Worked out by hand: smallest of equals, both ways twice, isolated ones keep theirs. */
static void labels_by_hand(void **state)
{
	struct made m;

	small_graph(&m, *state, "01 12", false);
	communities_of(&m, 0, "012345");
	communities_of(&m, 1, "101345");
	communities_of(&m, 2, "010345");
	made_free(&m);
	small_graph(&m, *state, "30 32 23", false);	/* 2 is there twice */
	communities_of(&m, 1, "313245");
	made_free(&m);
}

static void a_step_that_changes_nothing_is_the_last(void **state)
{
	const struct cdlp_plan p = { .types.all = true, .iterations = UINT64_MAX };
	struct made m;
	struct cdlp c;

	small_graph(&m, *state, "01 12 02 34 45 35", true);
	assert_int_equal(cdlp_find(&c, m.graph, &p), 0);
	assert_true(c.iteration_n < 10);
	assert_in_range(c.edge_n, m.edge_n, c.iteration_n * m.edge_n);
	cdlp_release(&c);
	made_free(&m);
}

/* Few edges and many steps: most are calm, some never are. */
static void labels_spread_to_the_end(void **state)
{
	for (uint64_t i = 0; i < scaled(300); i++) {
		uint64_t n = 20 + rnd(300);
		struct answers a;
		struct asked q;
		struct made m;

		made_random(&m, *state, n, n / 2 + rnd(2 * n));
		q = random_question(&m);
		q.types.id = q.id;
		q.steps = rnd(30);
		answers_init(&a, &m);
		ask_communities(m.graph, &q, thread_n[rnd(4)], &a);
		verify_communities(&m, &q, &a);
		answers_free(&a);
		made_free(&m);
	}
}

static int stop_at_two(void *ctx, uint64_t iteration, uint64_t changed)
{
	(void)changed;
	*(uint64_t *)ctx = iteration;
	return iteration == 2 ? ERR_ABSENT : 0;
}

static void it_ends_when_told_to(void **state)
{
	uint64_t last = 0;
	const struct cdlp_plan p = { .types.all = true, .iterations = 100,
				     .each = stop_at_two, .ctx = &last };
	struct made m;
	struct cdlp c;

	small_graph(&m, *state, "01 12", false);
	assert_int_equal(cdlp_find(&c, m.graph, &p), ERR_ABSENT);
	assert_int_equal(last, 2);
	assert_null(c.label);
	made_free(&m);
}

static void communities_keep_within_their_memory(void **state)
{
	const struct cdlp_plan p = { .types.all = true, .iterations = 3, .threads = 3 };
	struct made m;
	struct cdlp c;

	made_random(&m, *state, 30000, 30000);
	made_read(&m, GRAPH_MAPPED);
	m.mem.limit = m.mem.used + cdlp_memory(m.graph, 3) + 4096;
	assert_int_equal(cdlp_find(&c, m.graph, &p), 0);
	cdlp_release(&c);
	m.mem.limit = m.mem.used + m.node_n * 12;
	assert_int_equal(cdlp_find(&c, m.graph, &p), ERR_MEMORY);
	made_free(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_of_random_graphs_are_proved),
		TEST(answers_of_large_graphs_are_proved),
		TEST(answers_of_shapes_are_proved),
		TEST(labels_by_hand),
		TEST(a_step_that_changes_nothing_is_the_last),
		TEST(labels_spread_to_the_end),
		TEST(it_ends_when_told_to),
		TEST(communities_keep_within_their_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
