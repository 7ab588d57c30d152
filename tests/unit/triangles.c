/* tests/unit/triangles.c - triangles and clustering against all pairs of all neighbours
 *
 * The model is a matrix of who points to whom, and loops over three nodes.
 */
#include "made_graph.h"

#include "graph/walk/hubs.h"
#include "graph/walk/lcc.h"
#include "graph/walk/triangles.h"

struct model {
	uint64_t n;
	uint8_t *arc;		/* n * n */
	bool undirected;
};

static bool arc(const struct model *m, uint64_t a, uint64_t b)
{
	return m->arc[a * m->n + b];
}

static bool joined(const struct model *m, uint64_t a, uint64_t b)
{
	return a != b && (arc(m, a, b) || arc(m, b, a));
}

static void model_of(struct model *out, const struct made *m, const struct graph_types *t)
{
	*out = (struct model){ m->node_n, calloc(m->node_n * m->node_n + 1, 1), m->undirected };
	for (size_t i = 0; i < m->edge_n; i++)
		if (made_asked(t, m->edge[i].type))
			out->arc[m->edge[i].from * m->node_n + m->edge[i].to] = 1;
}

/* Pairs of NODE's neighbours that are joined, and the arcs between them. */
static void around_node(const struct model *m, uint64_t node, uint64_t *pairs, uint64_t *arcs,
			uint64_t *degree)
{
	*pairs = *arcs = *degree = 0;
	for (uint64_t a = 0; a < m->n; a++) {
		if (!joined(m, node, a))
			continue;
		++*degree;
		for (uint64_t b = 0; b < m->n; b++)
			if (a != b && joined(m, node, b)) {
				*pairs += a < b && joined(m, a, b);
				*arcs += arc(m, a, b);
			}
	}
}

static void holds(const struct made *made, const struct triangles_plan *plan)
{
	struct triangles_plan each = *plan;
	struct triangles all, corners;
	struct model m;
	struct lcc lcc;
	uint64_t sum = 0;

	each.nodes = true;
	model_of(&m, made, &plan->types);
	assert_int_equal(triangles_find(&all, made->graph, plan), 0);
	assert_int_equal(triangles_find(&corners, made->graph, &each), 0);
	assert_int_equal(lcc_find(&lcc, made->graph, plan), 0);
	for (uint64_t i = 0; i < m.n; i++) {
		uint64_t pairs, arcs, d;

		around_node(&m, i, &pairs, &arcs, &d);
		assert_int_equal(triangles_at(&corners, i), pairs);
		assert_true(lcc_at(&lcc, i) == (d < 2 ? 0 : (double)arcs / (double)(d * (d - 1))));
		sum += pairs;
	}
	assert_int_equal(sum % 3, 0);
	assert_int_equal(all.n, sum / 3);
	assert_int_equal(corners.n, sum / 3);
	assert_int_equal(all.edge_n, corners.edge_n);
	triangles_release(&all);
	triangles_release(&corners);
	lcc_release(&lcc);
	free(m.arc);
}

static void random_graphs(void **state)
{
	for (uint64_t i = 0; i < scaled(60); i++) {
		uint64_t n = 1 + rnd(i % 4 ? 60 : 150);
		uint32_t id[MADE_TYPES];
		struct made m;

		made_random(&m, *state, n, rnd(n * (1 + rnd(12))));
		for (int turn = 0; turn < 2; turn++) {
			struct triangles_plan p = {
				.types = made_types(&m, id), .threads = 1 + (unsigned)rnd(8),
			};

			holds(&m, &p);
		}
		made_free(&m);
	}
}

/* Enough nodes of high degree for rows of bits, and few rows beside many lists. */
static void hubs_and_lists(void **state)
{
	for (uint64_t i = 0; i < 2; i++) {
		uint64_t n = 560 + rnd(60);
		struct made m = {
			.backend = *state, .undirected = i % 2, .node_n = n, .type_n = 1,
			.layout = CSR_PACKED,
		};
		static const uint32_t most[] = { 0, 512 };

		m.edge = calloc(2 * n * 70, sizeof *m.edge);
		for (uint64_t k = 0; k < n * 70; k++)
			made_add(&m, (struct made_edge){ .from = rnd(n), .to = rnd(rnd(n) + 1) });
		made_write(&m);
		for (int h = 0; h < 2; h++) {
			struct triangles_plan p = {
				.types.all = true, .threads = 1 + (unsigned)rnd(4), .hubs = most[h],
			};
			struct oriented o;
			struct oriented_plan how = { p.types, 1, false };

			assert_int_equal(oriented_make(&o, m.graph, &how), 0);
			assert_in_range(o.hub_n, 450, n);
			oriented_release(&o);
			holds(&m, &p);
		}
		made_free(&m);
	}
}

/* A list each way, one of them short: what is kept is at the end of lower degree. */
static void lists_are_oriented(void **state)
{
	for (uint64_t i = 0; i < scaled(30); i++) {
		uint32_t id[MADE_TYPES];
		struct oriented_plan p = { .threads = 1 + (unsigned)rnd(4) };
		struct oriented o;
		struct model want;
		struct made m;
		uint64_t n = 1 + rnd(80), edge_n = 0, *node_of = calloc(n, sizeof *node_of);

		made_random(&m, *state, n, rnd(8 * n));
		p.types = made_types(&m, id);
		p.arcs = !m.undirected;
		model_of(&want, &m, &p.types);
		assert_int_equal(oriented_make(&o, m.graph, &p), 0);
		for (uint64_t k = 0; k < n; k++)
			node_of[o.rank[k]] = k;
		for (uint64_t u = 0; u < n; u++)
			for (uint32_t k = 0; k < o.len[u]; k++) {
				uint64_t v = oriented_list(&o, u)[k];
				uint64_t a = node_of[u], b = node_of[v];

				assert_true(v < u && joined(&want, a, b));
				if (p.arcs)
					assert_int_equal(k < o.both[u],
							 arc(&want, a, b) && arc(&want, b, a));
			}
		for (uint64_t a = 0; a < n; a++)
			for (uint64_t b = 0; b < a; b++)
				edge_n += joined(&want, a, b);
		assert_int_equal(o.edge_n, edge_n);
		oriented_release(&o);
		free(want.arc);
		free(node_of);
		made_free(&m);
	}
}

/* --- rows of bits --- */

static uint64_t *random_bits(size_t words, unsigned dense)
{
	uint64_t *bits = aligned_alloc(64, words * 8);

	for (size_t i = 0; i < words; i++) {
		bits[i] = rnd(UINT64_MAX);
		for (unsigned k = dense; k < 4; k++)
			bits[i] &= rnd(UINT64_MAX);
		if (dense > 4)
			bits[i] = ~0ull;
	}
	return bits;
}

static uint64_t in_common(const struct hubs *h, const uint64_t *set, uint32_t rank)
{
	const uint64_t *row = hubs_row(h, rank);
	uint32_t end = h->square ? h->n : rank / HUBS_BLOCK * HUBS_BLOCK + HUBS_BLOCK;
	uint64_t n = 0;

	for (uint32_t i = 0; i < end; i++)
		n += set[i / 64] >> (i % 64) & row[i / 64] >> (i % 64) & 1;
	return n;
}

static void all_ways_count_alike(void **state)
{
	(void)state;
	for (uint64_t turn = 0; turn < scaled(20); turn++) {
		uint32_t blocks = turn ? 1 + (uint32_t)rnd(12) : 64;
		struct hubs h = { .n = blocks * HUBS_BLOCK, .square = rnd(2) && turn };
		size_t words = (h.square ? (size_t)h.n * blocks :
				HUBS_BLOCK * ((size_t)blocks * (blocks + 1) / 2)) * HUBS_WORDS;
		uint64_t *set = random_bits((size_t)blocks * HUBS_WORDS, (unsigned)rnd(6));
		uint32_t rank[20], each[20], n = (uint32_t)rnd(21);
		uint64_t mask = 0, want = 0;

		h.bits = random_bits(words, 4 + (unsigned)rnd(2));
		for (uint32_t b = 0; b < blocks; b++)	/* some blocks empty, or none */
			if (turn % 3 && rnd(2))
				memset(set + b * HUBS_WORDS, 0, HUBS_BLOCK / 8);
			else
				mask |= 1ull << b;
		for (uint32_t i = 0; i < n; i++) {
			rank[i] = rnd(4) ? (uint32_t)rnd(h.n) : h.n - 1;
			want += in_common(&h, set, rank[i]);
		}
		for (int way = 0; way < HUBS_WAYS; way++) {
			hubs_fn *f = hubs_way((enum hubs_way)way);

			if (!f)
				continue;
			assert_int_equal(f(&h, set, mask, rank, n, NULL), want);
			memset(each, 255, sizeof each);
			assert_int_equal(f(&h, set, mask, rank, n, each), want);
			for (uint32_t i = 0; i < n; i++)
				assert_int_equal(each[i], in_common(&h, set, rank[i]));
		}
		for (uint32_t i = 0; i < n; i++)
			rank[i] = (uint32_t)rnd(h.n);
		want = 0;
		for (uint32_t i = 0; i < n; i++)
			want += set[rank[i] / 64] >> (rank[i] % 64) & 1;
		assert_int_equal(hubs_met(set, rank, n), want);
		free(h.bits);
		free(set);
	}
}

/* --- memory, and its end --- */

static void little_memory_is_rows_foregone(void **state)
{
	static const struct { size_t left; uint32_t lower, all; } want[] = {
		{ 300000, 1024, 1024 }, { 250000, 1024, 512 }, { 100000, 512, 512 },
		{ 50000, 0, 0 }, { 0, 0, 0 },
	};
	const struct oriented_plan how = { .types.all = true, .threads = 2 };
	uint64_t n = 600;
	struct oriented o;
	struct hubs h;
	struct made m = { .backend = *state, .node_n = n, .type_n = 1, .layout = CSR_RAW };

	m.edge = calloc(2 * n * 80, sizeof *m.edge);
	for (uint64_t k = 0; k < n * 80; k++)
		made_add(&m, (struct made_edge){ .from = rnd(n), .to = rnd(n) });
	made_write(&m);
	assert_int_equal(oriented_make(&o, m.graph, &how), 0);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		for (int all = 0; all < 2; all++) {
			m.mem.limit = m.mem.used + want[i].left;
			assert_int_equal(hubs_make(&h, &o, all ? HUBS_ALL : HUBS_LOWER, 1024), 0);
			assert_int_equal(h.n, all ? want[i].all : want[i].lower);
			hubs_release(&h);
		}
	oriented_release(&o);
	m.mem.limit = 0;
	made_free(&m);
}

static void what_it_says_it_takes_is_enough(void **state)
{
	for (uint64_t i = 0; i < scaled(10); i++) {
		struct triangles_plan p = {
			.types.all = true, .threads = 1 + (unsigned)rnd(4), .nodes = rnd(2),
		};
		struct triangles t;
		uint64_t bytes;
		struct lcc l;
		struct made m;

		made_random(&m, *state, 1 + rnd(20000), rnd(60000));
		assert_int_equal(triangles_memory(m.graph, &p, &bytes), 0);
		m.mem.limit = m.mem.used + bytes;
		assert_int_equal(triangles_find(&t, m.graph, &p), 0);
		triangles_release(&t);
		assert_int_equal(lcc_memory(m.graph, &p, &bytes), 0);
		m.mem.limit = m.mem.used + bytes;
		assert_int_equal(lcc_find(&l, m.graph, &p), 0);
		lcc_release(&l);
		m.mem.limit = 0;
		made_free(&m);
	}
}

static void every_failed_allocation_comes_back(void **state)
{
	const struct triangles_plan p = { .types.all = true, .threads = 2 };
	struct made m;
	struct lcc l;
	int r = ERR_MEMORY;

	made_random(&m, *state, 700, 40000);
	for (uint64_t nth = 1; r < 0; nth++) {
		size_t used = m.mem.used;

		m.mem.fail_at = m.mem.count + nth;
		r = lcc_find(&l, m.graph, &p);
		m.mem.fail_at = 0;
		assert_true(r == 0 || r == ERR_MEMORY);
		if (r < 0)
			assert_true(m.mem.used <= used + 4096);
		assert_true(r < 0 || nth > 10);
	}
	lcc_release(&l);
	made_free(&m);		/* which sees that all was given back */
}

static int stop(void *ctx, uint64_t edge_n)
{
	(void)ctx;
	(void)edge_n;
	return err_set(ERR_IO, "enough");
}

static void whoever_watches_may_end_it(void **state)
{
	const struct triangles_plan p = { .types.all = true, .threads = 1, .each = stop };
	struct triangles t;
	struct made m;

	made_random(&m, *state, 50, 200);
	assert_int_equal(triangles_find(&t, m.graph, &p), ERR_IO);
	made_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(hubs_and_lists),
		cmocka_unit_test(lists_are_oriented),
		cmocka_unit_test(all_ways_count_alike),
		cmocka_unit_test(little_memory_is_rows_foregone),
		cmocka_unit_test(what_it_says_it_takes_is_enough),
		cmocka_unit_test(every_failed_allocation_comes_back),
		cmocka_unit_test(whoever_watches_may_end_it),
	};

	return cmocka_run_group_tests(tests, made_setup, made_teardown);
}
