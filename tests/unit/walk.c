/* tests/unit/walk.c - walks over random graphs, against plain loops over all edges
 *
 * The reference is an array of edges between numbers; what is asked of it is
 * answered by looking at every edge.
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
#include "graph/walk/adjacent.h"
#include "graph/walk/around.h"
#include "graph/walk/bfs.h"
#include "graph/walk/degrees.h"

static const uint8_t store_id[16] = "graph walks";
static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static uint64_t scaled(uint64_t n)
{
	const char *text = getenv("STRATO_TEST_SCALE");

	n = n * (text ? strtoull(text, NULL, 10) : 100) / 100;
	return n ? n : 1;
}

static int setup(void **state)
{
	struct backend *b;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	backend_close(*state);
	return 0;
}

/* --- the reference --- */

#define NODES 40u
#define TYPES 4u

struct edge {
	uint64_t from, to;
	uint32_t type;
};

struct model {
	bool undirected;
	uint64_t node_n;
	uint32_t type_n;
	struct edge *edge;	/* as the graph has them, undirected ones at both ends */
	size_t edge_n;
	struct graph *graph;
	struct manifest_graph entry;
	struct backend *backend;
	struct mem mem;
};

static int by_edge(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static void add(struct model *m, struct build *b, struct edge e)
{
	char from[24], to[24], type[2] = { (char)('a' + e.type), '\0' };
	struct text_edge t = {
		.src = { bytes_of(from, (size_t)sprintf(from, "%" PRIu64, e.from)), e.from, true },
		.dst = { bytes_of(to, (size_t)sprintf(to, "%" PRIu64, e.to)), e.to, true },
		.type = bytes_str(type),
	};

	assert_int_equal(build_add(b, &t), 0);
	m->edge[m->edge_n++] = e;
	if (m->undirected && e.from != e.to)
		m->edge[m->edge_n++] = (struct edge){ e.to, e.from, e.type };
}

static void unique(struct model *m)
{
	size_t n = 0;

	qsort(m->edge, m->edge_n, sizeof *m->edge, by_edge);
	for (size_t i = 0; i < m->edge_n; i++)
		if (n == 0 || by_edge(&m->edge[n - 1], &m->edge[i]))
			m->edge[n++] = m->edge[i];
	m->edge_n = n;
}

/* Every number below node_n is a node and every type is used: so that a key is its
 * id.  About EDGE_N edges. */
static void model_make(struct model *m, struct backend *backend, uint64_t node_n,
		       uint64_t edge_n)
{
	struct build_options o = { .backend = backend, .store_id = store_id };
	struct build_note note;
	struct build *b;

	memset(m, 0, sizeof *m);
	m->backend = backend;
	m->undirected = o.undirected = rnd(2);
	o.equal = rnd(2) ? BUILD_KEEP : BUILD_FIRST;
	m->node_n = node_n;
	m->type_n = 1 + (uint32_t)rnd(TYPES);
	m->edge = calloc(2 * (edge_n + node_n + m->type_n), sizeof *m->edge);
	mem_init(&m->mem, 0);
	assert_int_equal(build_open(&b, &o), 0);
	for (uint64_t i = 0; i < node_n; i++)
		add(m, b, (struct edge){ i, rnd(2) ? i : rnd(node_n), 0 });
	for (uint32_t t = 0; t < m->type_n; t++)
		add(m, b, (struct edge){ rnd(node_n), rnd(node_n), t });
	for (uint64_t i = 0; i < edge_n; i++)
		add(m, b, (struct edge){ rnd(node_n), rnd(rnd(2) ? node_n : 1 + node_n / 4),
					 (uint32_t)rnd(m->type_n) });
	strcpy(m->entry.name, "walks");
	assert_int_equal(build_finish(b, &m->entry, &note), 0);
	if (o.equal != BUILD_KEEP)
		unique(m);
	assert_int_equal(graph_open(&m->graph, backend, store_id, &m->entry, &m->mem), 0);
	assert_int_equal(graph_node_n(m->graph), node_n);
}

static void model_free(struct model *m)
{
	graph_close(m->graph);
	assert_int_equal(m->mem.used, 0);
	build_discard(m->backend, &m->entry);
	free(m->edge);
}

/* What is asked about. */
struct question {
	enum csr_direction way;
	struct graph_types types;
	uint32_t id[TYPES];
};

static struct question random_question(const struct model *m)
{
	struct question q = { .way = (enum csr_direction)(1 + rnd(3)) };

	q.types.all = rnd(2);
	for (uint32_t t = 0; t < m->type_n; t++)
		if (rnd(2))
			q.id[q.types.n++] = t;
	return q;
}

static bool has_type(const struct question *q, uint32_t type)
{
	if (q->types.all)
		return true;
	for (uint32_t i = 0; i < q->types.n; i++)
		if (q->id[i] == type)
			return true;
	return false;
}

/* How often this edge leads from A to B in this question. */
static unsigned leads(const struct model *m, const struct question *q, const struct edge *e,
		      uint64_t a, uint64_t b)
{
	unsigned n = 0;

	if (!has_type(q, e->type))
		return 0;
	if ((m->undirected || q->way & CSR_OUT) && e->from == a && e->to == b)
		n++;
	if (!m->undirected && q->way & CSR_IN && e->to == a && e->from == b)
		n++;
	return n;
}

static unsigned adjacency(const struct model *m, const struct question *q, uint64_t a,
			  uint64_t b)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->edge_n; i++)
		n += leads(m, q, &m->edge[i], a, b);
	return n;
}

#define FAR UINT64_MAX

static void distances(const struct model *m, const struct question *q, const bool *start,
		      uint64_t *hop)
{
	bool more = true;

	for (uint64_t i = 0; i < m->node_n; i++)
		hop[i] = start[i] ? 0 : FAR;
	for (uint64_t h = 0; more; h++) {
		more = false;
		for (uint64_t a = 0; a < m->node_n; a++)
			for (uint64_t b = 0; hop[a] == h && b < m->node_n; b++)
				if (hop[b] == FAR && adjacency(m, q, a, b)) {
					hop[b] = h + 1;
					more = true;
				}
	}
}

/* --- */

static void adjacent_nodes_come_once_and_in_order(void **state)
{
	for (uint64_t round = 0; round < scaled(40); round++) {
		struct adjacent a;
		struct model m;

		model_make(&m, *state, 1 + rnd(NODES), rnd(300));
		adjacent_init(&a, m.graph);
		for (int ask = 0; ask < 40; ask++) {
			struct question q = random_question(&m);
			uint64_t node = rnd(m.node_n), next = 0;
			const uint64_t *ids;
			int n;

			q.types.id = q.id;
			assert_int_equal(adjacent_begin(&a, node, q.way, &q.types), 0);
			while ((n = adjacent_block(&a, &ids)) > 0)
				for (int i = 0; i < n; i++, next++) {
					while (next < ids[i])
						assert_int_equal(adjacency(&m, &q, node, next++), 0);
					assert_int_equal(next, ids[i]);
					assert_true(adjacency(&m, &q, node, next) > 0);
				}
			assert_int_equal(n, 0);
			while (next < m.node_n)
				assert_int_equal(adjacency(&m, &q, node, next++), 0);
		}
		adjacent_release(&a);
		model_free(&m);
	}
}

/* 5000 nodes, each with a loop, and WANT: which of them are next to node 7. */
static void hub_make(struct model *m, struct backend *backend, bool *want)
{
	struct build_options o = { .backend = backend, .store_id = store_id };
	struct build_note note;
	struct build *b;

	memset(m, 0, sizeof *m);
	m->backend = backend;
	m->edge = calloc(20000, sizeof *m->edge);
	mem_init(&m->mem, 0);
	assert_int_equal(build_open(&b, &o), 0);
	for (uint64_t i = 0; i < 5000; i++)
		add(m, b, (struct edge){ i, i, 0 });
	for (int i = 0; i < 9000; i++) {
		uint64_t to = rnd(5000);

		want[to] = true;
		if (rnd(2))
			add(m, b, (struct edge){ 7, to, (uint32_t)rnd(3) });
		else
			add(m, b, (struct edge){ to, 7, (uint32_t)rnd(3) });
	}
	strcpy(m->entry.name, "hub");
	assert_int_equal(build_finish(b, &m->entry, &note), 0);
	assert_int_equal(graph_open(&m->graph, backend, store_id, &m->entry, &m->mem), 0);
}

/* Lists of several blocks: the sum of what is merged is a set of thousands. */
static void long_lists_are_merged_across_their_blocks(void **state)
{
	struct model m;
	struct adjacent a;
	bool want[5000] = { false };
	const uint64_t *ids;
	uint64_t got = 0, n_want = 0;
	int n;

	hub_make(&m, *state, want);
	want[7] = true;
	for (int i = 0; i < 5000; i++)
		n_want += want[i];
	adjacent_init(&a, m.graph);
	assert_int_equal(adjacent_begin(&a, 7, CSR_BOTH, &(struct graph_types){ .all = true }), 0);
	while ((n = adjacent_block(&a, &ids)) > 0)
		for (int i = 0; i < n; i++, got++)
			assert_true(want[ids[i]]);
	assert_int_equal(n, 0);
	assert_int_equal(got, n_want);
	adjacent_release(&a);
	model_free(&m);
}

static void degrees_of_all_are_the_degrees_of_each(void **state)
{
	for (uint64_t round = 0; round < scaled(60); round++) {
		struct model m;

		model_make(&m, *state, 1 + rnd(NODES), rnd(300));
		for (int ask = 0; ask < 4; ask++) {
			struct question q = random_question(&m);
			uint64_t got, one, want, node = 0;
			struct degrees d;

			q.types.id = q.id;
			assert_int_equal(degrees_begin(&d, m.graph, q.way, &q.types), 0);
			for (; degrees_next(&d, &got) == 1; node++) {
				want = 0;
				for (uint64_t b = 0; b < m.node_n; b++)
					want += adjacency(&m, &q, node, b);
				assert_int_equal(got, want);
				assert_int_equal(graph_degree(m.graph, node, q.way, &q.types,
							      &one), 0);
				assert_int_equal(one, want);
			}
			assert_int_equal(node, m.node_n);
			degrees_end(&d);
		}
		model_free(&m);
	}
}

/* --- around --- */

struct told {
	const struct model *m;
	const uint64_t *hop;
	struct edge edge[2000];
	size_t n, most;
	uint64_t near;
};

static int tell(void *ctx, uint64_t from, uint64_t to, uint32_t type)
{
	struct told *t = ctx;
	uint64_t near = t->hop[from] < t->hop[to] ? t->hop[from] : t->hop[to];

	assert_true(near >= t->near);		/* the nearest first */
	t->near = near;
	assert_true(!t->m->undirected || from <= to);
	if (t->n == t->most)
		return 1;
	t->edge[t->n++] = (struct edge){ from, to, type };
	return 0;
}

static size_t wanted_around(const struct model *m, const struct question *q,
			    const uint64_t *hop, uint64_t hops, struct edge *want)
{
	size_t n = 0;

	for (size_t i = 0; i < m->edge_n; i++) {
		const struct edge *e = &m->edge[i];

		if (has_type(q, e->type) && hop[e->from] <= hops && hop[e->to] <= hops &&
		    hop[e->from] != FAR && hop[e->to] != FAR &&
		    (!m->undirected || e->from <= e->to))
			want[n++] = *e;
	}
	qsort(want, n, sizeof *want, by_edge);
	return n;
}

static void surroundings_are_all_edges_between_what_is_near(void **state)
{
	static struct told t;
	static struct edge want[2000];

	for (uint64_t round = 0; round < scaled(150); round++) {
		bool start[NODES] = { false };
		uint64_t hop[NODES], hops = rnd(4);
		struct question q;
		struct around a;
		struct model m;
		size_t n;
		int r;

		model_make(&m, *state, 1 + rnd(NODES), rnd(100));
		q = random_question(&m);
		q.way = CSR_BOTH;
		q.types.id = q.id;
		around_init(&a, m.graph, &q.types, hops);
		for (uint64_t i = 0; i <= rnd(3); i++) {
			uint64_t node = rnd(m.node_n);

			start[node] = true;
			assert_int_equal(around_start(&a, node), 0);
		}
		distances(&m, &q, start, hop);
		n = wanted_around(&m, &q, hop, hops, want);
		t = (struct told){ .m = &m, .hop = hop };
		t.most = rnd(2) ? 2000 : rnd(n + 1);
		a.each = tell;
		a.ctx = &t;
		r = around_walk(&a);
		around_release(&a);
		assert_int_equal(t.n, n < t.most ? n : t.most);
		assert_int_equal(r, n > t.most);
		qsort(t.edge, t.n, sizeof *t.edge, by_edge);
		for (size_t i = 0; i < t.n && t.n == n; i++)
			assert_int_equal(by_edge(&t.edge[i], &want[i]), 0);
		model_free(&m);
	}
}

static void a_search_of_several_starts_knows_the_steps(void **state)
{
	for (uint64_t round = 0; round < scaled(60); round++) {
		bool start[NODES] = { false };
		uint64_t hop[NODES], hops = rnd(5), met = 0, place, first;
		struct question q;
		struct model m;
		struct bfs b;

		model_make(&m, *state, 1 + rnd(NODES), rnd(60));
		q = random_question(&m);
		q.types.id = q.id;
		first = rnd(m.node_n);
		start[first] = true;
		assert_int_equal(bfs_begin(&b, m.graph, q.way, &q.types, first), 0);
		for (uint64_t i = 0; i < rnd(3); i++) {
			uint64_t node = rnd(m.node_n);

			start[node] = true;
			assert_int_equal(bfs_start(&b, node), 0);
		}
		distances(&m, &q, start, hop);
		assert_int_equal(bfs_steps(&b, hops), 0);
		for (uint64_t i = 0; i < m.node_n; i++) {
			bool near = hop[i] != FAR && hop[i] <= hops;

			met += near;
			assert_int_equal(seen_find(&b.seen, i, &place), near);
			if (near)
				assert_int_equal(b.seen.list[place].hop, hop[i]);
		}
		assert_int_equal(b.seen.n, met);
		bfs_end(&b);
		model_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(adjacent_nodes_come_once_and_in_order,
						setup, teardown),
		cmocka_unit_test_setup_teardown(long_lists_are_merged_across_their_blocks,
						setup, teardown),
		cmocka_unit_test_setup_teardown(degrees_of_all_are_the_degrees_of_each,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			surroundings_are_all_edges_between_what_is_near, setup, teardown),
		cmocka_unit_test_setup_teardown(a_search_of_several_starts_knows_the_steps,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
