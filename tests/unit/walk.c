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
#include "graph/walk/paths.h"

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
	union csr_value value;
};

struct model {
	bool undirected;
	enum csr_values values;
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

static void add(struct model *m, struct edge e)
{
	m->edge[m->edge_n++] = e;
	if (m->undirected && e.from != e.to)
		m->edge[m->edge_n++] = (struct edge){ e.to, e.from, e.type, e.value };
}

static void unique(struct model *m)
{
	size_t n = 0;

	qsort(m->edge, m->edge_n, sizeof *m->edge, by_edge);
	for (size_t i = 0; i < m->edge_n; i++)
		if (n == 0 || by_edge(&m->edge[n - 1], &m->edge[i]))
			m->edge[n++] = m->edge[i];
	m->edge_n = n;
	/* one end's value is the other's, whichever of equal edges was kept */
	for (size_t i = 0; m->undirected && i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (m->edge[k].from == m->edge[i].to && m->edge[k].to == m->edge[i].from &&
			    m->edge[k].type == m->edge[i].type)
				m->edge[i].value = m->edge[k].value;
}

/* Keys are the ids, types are "a", "b", ... */
static void write_dict(struct model *m, struct segment_ref *ref)
{
	struct dict_plan p = { .last = m->node_n - 1, .key_n = m->node_n };
	static const char letters[] = "abcdefgh";
	struct bytes name[TYPES];
	struct dict_writer *w;

	assert_int_equal(dict_create(&w, &p, m->backend, store_id, &m->mem), 0);
	for (uint64_t i = 0; i < m->node_n; i++)
		assert_int_equal(dict_add_number(w, i), 0);
	for (uint32_t t = 0; t < m->type_n; t++)
		name[t] = bytes_of(letters + t, 1);
	assert_int_equal(dict_finish(w, name, m->type_n, ref), 0);
}

/* EDGES are sorted, and from is where the list is. */
static void write_csr(struct model *m, const struct edge *edge, enum csr_direction way,
		      enum csr_layout layout, struct segment_ref *ref)
{
	struct csr_plan p = {
		.direction = way, .node_n = m->node_n, .type_n = m->type_n,
		.dict = m->entry.segment[0].id, .layout = layout, .values = m->values,
	};
	struct csr_writer *w;

	assert_int_equal(csr_create(&w, &p, m->backend, store_id, &m->mem), 0);
	for (size_t i = 0; i < m->edge_n; i++)
		assert_int_equal(m->values ?
			csr_add_value(w, edge[i].type, edge[i].from, edge[i].to, edge[i].value) :
			csr_add(w, edge[i].type, edge[i].from, edge[i].to), 0);
	assert_int_equal(csr_finish(w, ref), 0);
}

static void write_in(struct model *m, enum csr_layout layout, struct segment_ref *ref)
{
	struct edge *in = calloc(m->edge_n + 1, sizeof *in);

	for (size_t i = 0; i < m->edge_n; i++)
		in[i] = (struct edge){ m->edge[i].to, m->edge[i].from, m->edge[i].type,
				       m->edge[i].value };
	qsort(in, m->edge_n, sizeof *in, by_edge);
	write_csr(m, in, CSR_IN, layout, ref);
	free(in);
}

static void model_write(struct model *m)
{
	enum csr_layout layout = (enum csr_layout)(1 + rnd(3));
	struct manifest_graph *g = &m->entry;

	mem_init(&m->mem, 0);
	strcpy(g->name, "walks");
	qsort(m->edge, m->edge_n, sizeof *m->edge, by_edge);
	write_dict(m, &g->segment[0]);
	write_csr(m, m->edge, m->undirected ? CSR_BOTH : CSR_OUT, layout, &g->segment[1]);
	if (!m->undirected)
		write_in(m, layout, &g->segment[2]);
	g->segment_n = m->undirected ? 2 : 3;
	g->node_n = m->node_n;
	g->type_n = m->type_n;
	g->edge_n = m->edge_n;
	g->flags = m->undirected ? GRAPH_UNDIRECTED : 0;
	assert_int_equal(graph_open(&m->graph, m->backend, store_id, g, &m->mem), 0);
}

static union csr_value random_value(enum csr_values kind)
{
	union csr_value v = {0};

	if (kind == CSR_REALS)		/* sums of these are exact */
		v.r = rnd(3) ? (double)rnd(64) / 8 : 0;
	else if (kind == CSR_INTEGERS)
		v.i = (int64_t)(rnd(3) ? 0 : rnd(4) ? rnd(10) : rnd(10000));
	return v;
}

/* A graph of about EDGE_N edges, some equal ones among them. */
static void model_make(struct model *m, struct backend *backend, uint64_t node_n,
		       uint64_t edge_n)
{
	memset(m, 0, sizeof *m);
	m->backend = backend;
	m->undirected = rnd(2);
	m->values = (enum csr_values)rnd(3);
	m->node_n = node_n;
	m->type_n = 1 + (uint32_t)rnd(TYPES);
	m->edge = calloc(2 * edge_n + 1, sizeof *m->edge);
	for (uint64_t i = 0; i < edge_n; i++) {
		struct edge e = {
			.from = rnd(node_n), .type = (uint32_t)rnd(m->type_n),
			.value = random_value(m->values),
		};

		e.to = rnd(20) ? rnd(rnd(2) ? node_n : 1 + node_n / 4) : e.from;
		add(m, e);
	}
	if (rnd(2))
		unique(m);
	model_write(m);
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

/* 5000 nodes, and WANT: which of them are next to node 7. */
static void hub_make(struct model *m, struct backend *backend, bool *want)
{
	memset(m, 0, sizeof *m);
	m->backend = backend;
	m->node_n = 5000;
	m->type_n = 3;
	m->edge = calloc(9000, sizeof *m->edge);
	for (int i = 0; i < 9000; i++) {
		uint64_t other = rnd(5000);
		bool out = rnd(2);

		want[other] = true;
		add(m, (struct edge){ .from = out ? 7 : other, .to = out ? other : 7,
				      .type = (uint32_t)rnd(3) });
	}
	model_write(m);
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
	uint64_t values;	/* the sum of them, as bits */
};

static int tell(void *ctx, uint64_t from, const struct graph_edge *e)
{
	struct told *t = ctx;
	uint64_t near = t->hop[from] < t->hop[e->to] ? t->hop[from] : t->hop[e->to];

	assert_true(near >= t->near);		/* the nearest first */
	t->near = near;
	assert_true(!t->m->undirected || from <= e->to);
	if (t->n == t->most)
		return 1;
	t->values += (uint64_t)e->value.i;
	t->edge[t->n++] = (struct edge){ from, e->to, e->type, e->value };
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
		if (rnd(2))
			a.seek = 1;	/* a hub is what has more edges than nodes were met */
		t.most = rnd(2) ? 2000 : rnd(n + 1);
		a.each = tell;
		a.ctx = &t;
		r = around_walk(&a);
		around_release(&a);
		assert_int_equal(t.n, n < t.most ? n : t.most);
		assert_int_equal(r, n > t.most);
		qsort(t.edge, t.n, sizeof *t.edge, by_edge);
		for (size_t i = 0; i < t.n && t.n == n; i++) {
			assert_int_equal(by_edge(&t.edge[i], &want[i]), 0);
			t.values -= (uint64_t)want[i].value.i;
		}
		if (t.n == n)
			assert_int_equal(t.values, 0);
		model_free(&m);
	}
}

/* --- met one by one --- */

struct meetings {
	const struct model *m;
	const struct question *q;
	const uint64_t *hop;
	uint64_t n, most, last;
	bool met[NODES];
};

static int meet(void *ctx, const struct seen_node *s)
{
	struct meetings *x = ctx;
	bool there = false;

	assert_false(x->met[s->node]);
	x->met[s->node] = true;
	assert_int_equal(s->hop, x->hop[s->node]);
	assert_true(s->hop >= x->last);		/* the nearest first */
	x->last = s->hop;
	for (size_t i = 0; i < x->m->edge_n; i++) {
		const struct edge *e = &x->m->edge[i];
		uint64_t from = s->way == CSR_IN ? e->to : e->from;
		uint64_t to = s->way == CSR_IN ? e->from : e->to;

		there |= to == s->node && e->type == s->type && has_type(x->q, e->type) &&
			x->hop[from] == s->hop - 1u;
	}
	assert_true(there);
	return ++x->n == x->most;
}

static void nodes_are_met_once_by_an_edge_of_the_step_before(void **state)
{
	for (uint64_t round = 0; round < scaled(60); round++) {
		bool start[NODES] = { false };
		uint64_t hop[NODES], hops = rnd(5), near = 0, first;
		struct meetings x = {0};
		struct question q;
		struct model m;
		struct bfs b;
		int r;

		model_make(&m, *state, 1 + rnd(NODES), rnd(60));
		q = random_question(&m);
		q.types.id = q.id;
		first = rnd(m.node_n);
		start[first] = true;
		assert_int_equal(bfs_begin(&b, m.graph, q.way, &q.types, first), 0);
		distances(&m, &q, start, hop);
		for (uint64_t i = 0; i < m.node_n; i++)
			near += hop[i] && hop[i] <= hops;
		x = (struct meetings){ .m = &m, .q = &q, .hop = hop, .most = rnd(3) * rnd(20) };
		r = bfs_walk(&b, hops, meet, &x);
		assert_int_equal(r, x.most && near >= x.most);
		assert_int_equal(x.n, r ? x.most : near);
		assert_int_equal(b.seen.n, x.n + 1);	/* and nobody else was looked at */
		bfs_end(&b);
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

/* --- paths --- */

/* The cheapest edge from A to B that the question allows; UINT64_MAX / 4: none.  In
 * eighths where weights are reals. */
#define NONE (UINT64_MAX / 4)

static uint64_t weight_of(const struct model *m, const struct question *q, bool weighed,
			  uint64_t a, uint64_t b)
{
	uint64_t least = NONE;

	for (size_t i = 0; i < m->edge_n; i++) {
		const struct edge *e = &m->edge[i];
		uint64_t w = !weighed ? 1 : m->values == CSR_REALS ?
			(uint64_t)(e->value.r * 8) : (uint64_t)e->value.i;

		if (e->from == a && e->to == b && has_type(q, e->type) && w < least)
			least = w;
	}
	return least;
}

struct table {
	uint64_t n, weight[NODES][NODES], least[NODES][NODES];
};

static void table_make(struct table *t, const struct model *m, const struct question *q,
		       bool weighed)
{
	t->n = m->node_n;
	for (uint64_t a = 0; a < t->n; a++)
		for (uint64_t b = 0; b < t->n; b++) {
			t->weight[a][b] = weight_of(m, q, weighed, a, b);
			t->least[a][b] = a == b ? 0 : t->weight[a][b];
		}
	for (uint64_t k = 0; k < t->n; k++)
		for (uint64_t a = 0; a < t->n; a++)
			for (uint64_t b = 0; b < t->n; b++)
				if (t->least[a][k] + t->least[k][b] < t->least[a][b])
					t->least[a][b] = t->least[a][k] + t->least[k][b];
}

static uint64_t in_table(const struct path_query *q, union csr_value v)
{
	return q->weight == CSR_REALS ? (uint64_t)(v.r * 8) : (uint64_t)v.i;
}

/* An edge of this type and weight is there. */
static bool has_step(const struct model *m, const struct path_query *q, uint64_t from,
		     const struct path_step *s)
{
	for (size_t i = 0; i < m->edge_n; i++) {
		const struct edge *e = &m->edge[i];

		if (e->from == from && e->to == s->node && e->type == s->type &&
		    (q->weight == CSR_NO_VALUES ? s->weight.i == 1 :
		     in_table(q, e->value) == in_table(q, s->weight)))
			return true;
	}
	return false;
}

/* It is a path through no node twice, its sums are right; its cost. */
static uint64_t checked_cost(const struct model *m, const struct path_query *q,
			     const struct question *ask, const struct path *p,
			     uint64_t src, uint64_t dst)
{
	bool met[NODES] = { false };
	uint64_t cost = 0;

	assert_int_equal(p->step[0].node, src);
	assert_int_equal(p->step[p->n - 1].node, dst);
	for (uint64_t i = 0; i < p->n; i++) {
		const struct path_step *s = &p->step[i];

		assert_false(met[s->node]);
		met[s->node] = true;
		if (i) {
			assert_true(has_step(m, q, p->step[i - 1].node, s));
			assert_true(has_type(ask, s->type));
			cost += in_table(q, s->weight);
			if (q->weight == CSR_NO_VALUES)
				assert_int_equal(s->weight.i, 1);
		}
		assert_int_equal(q->weight == CSR_NO_VALUES ? (uint64_t)s->cost.i :
				 in_table(q, s->cost), cost);
	}
	return cost;
}

static struct path_query query_of(const struct model *m, const struct question *ask)
{
	struct path_query q = { .graph = m->graph, .types = ask->types };

	if (rnd(2))
		q.weight = m->values;
	return q;
}

static void a_path_is_there_and_none_is_cheaper(void **state)
{
	static struct table t;

	for (uint64_t round = 0; round < scaled(60); round++) {
		struct model m;

		model_make(&m, *state, 1 + rnd(NODES), rnd(rnd(2) ? 60 : 200));
		for (int i = 0; i < 4; i++) {
			struct question ask = random_question(&m);
			struct path_query q;

			ask.types.id = ask.id;
			q = query_of(&m, &ask);
			table_make(&t, &m, &ask, q.weight != CSR_NO_VALUES);
			for (int k = 0; k < 100; k++) {
				uint64_t a = rnd(m.node_n), b = rnd(m.node_n);
				struct path p;
				int r = path_find(&p, &q, a, b);

				assert_int_equal(r, t.least[a][b] < NONE);
				if (r)
					assert_int_equal(checked_cost(&m, &q, &ask, &p, a, b),
							 t.least[a][b]);
				path_release(&p);
			}
		}
		model_free(&m);
	}
}

/* --- the K shortest, against all paths there are --- */

#define SMALL 7u

struct all {
	const struct table *t;
	uint64_t cost[5000];	/* of every path */
	size_t n;
	bool on[SMALL];
};

static void enumerate(struct all *x, uint64_t at, uint64_t dst, uint64_t cost)
{
	if (at == dst) {
		assert_true(x->n < 5000);
		x->cost[x->n++] = cost;
		return;
	}
	x->on[at] = true;
	for (uint64_t b = 0; b < x->t->n; b++)
		if (!x->on[b] && x->t->weight[at][b] < NONE)
			enumerate(x, b, dst, cost + x->t->weight[at][b]);
	x->on[at] = false;
}

static int by_cost(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool same_nodes(const struct path *a, const struct path *b)
{
	if (a->n != b->n)
		return false;
	for (uint64_t i = 0; i < a->n; i++)
		if (a->step[i].node != b->step[i].node)
			return false;
	return true;
}

static struct path copy_of(const struct path *p)
{
	struct path c = { .n = p->n, .step = calloc(p->n, sizeof *p->step) };

	memcpy(c.step, p->step, p->n * sizeof *p->step);
	return c;
}

static void compare_paths(const struct model *m, const struct question *ask,
			  const struct path_query *q, const struct table *t,
			  uint64_t src, uint64_t dst)
{
	static struct all all;
	static struct path got[5000];
	size_t most = 1 + rnd(rnd(2) ? 10 : 3000), n = 0;
	const struct path *path;
	struct paths p;
	int r;

	all = (struct all){ .t = t };
	enumerate(&all, src, dst, 0);
	qsort(all.cost, all.n, sizeof *all.cost, by_cost);
	paths_begin(&p, q, src, dst, most);
	while ((r = paths_next(&p, &path)) == 1) {
		assert_true(n < all.n && n < most);
		assert_int_equal(checked_cost(m, q, ask, path, src, dst), all.cost[n]);
		for (size_t i = 0; i < n; i++)
			assert_false(same_nodes(&got[i], path));
		got[n++] = copy_of(path);
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, all.n < most ? all.n : most);
	paths_end(&p);
	/* once more, fewer: the same ones */
	paths_begin(&p, q, src, dst, 1 + most / 2);
	for (size_t i = 0; paths_next(&p, &path) == 1; i++)
		assert_int_equal(checked_cost(m, q, ask, path, src, dst), all.cost[i]);
	paths_end(&p);
	while (n)
		free(got[--n].step);
}

static void the_k_shortest_are_the_first_of_all_paths(void **state)
{
	static struct table t;

	for (uint64_t round = 0; round < scaled(80); round++) {
		struct question ask;
		struct path_query q;
		struct model m;

		model_make(&m, *state, 1 + rnd(SMALL), rnd(40));
		ask = random_question(&m);
		ask.types.id = ask.id;
		q = query_of(&m, &ask);
		table_make(&t, &m, &ask, q.weight != CSR_NO_VALUES);
		for (uint64_t i = 0; i < m.node_n; i++)
			compare_paths(&m, &ask, &q, &t, i, rnd(m.node_n));
		model_free(&m);
	}
}

/* Few of many, then an eighth and more: the table, its growth, and a slot each. */
static void what_was_seen_is_known_whatever_its_number(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 1000, 8191, 8192, 8193, 200000, UINT64_MAX / 16 };
	static uint64_t node[60000], place_of[200000];

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		bool small = sizes[i] <= 200000;
		uint64_t place, n = 0;
		struct seen s;
		struct mem mem;

		mem_init(&mem, 0);
		seen_init(&s, sizes[i], &mem);
		memset(place_of, 0, sizeof place_of);
		assert_false(seen_find(&s, 0, &place));
		for (int k = 0; k < 60000; k++) {
			struct seen_node x = { .node = rnd(sizes[i]) };
			int r = seen_add(&s, &x);

			if (small)
				assert_int_equal(r, !place_of[x.node]);
			if (r == 1)
				node[n++] = x.node;
			if (r == 1 && small)
				place_of[x.node] = n;
			assert_int_equal(s.n, n);
		}
		for (uint64_t k = 0; k < n; k++) {
			assert_true(seen_find(&s, node[k], &place));
			assert_int_equal(place, k);
			assert_int_equal(s.list[k].node, node[k]);
		}
		for (uint64_t k = 0; small && k < sizes[i]; k++)
			assert_int_equal(seen_find(&s, k, &place), place_of[k] != 0);
		assert_int_equal(s.direct, small);
		seen_release(&s);
		assert_int_equal(mem.used, 0);
	}
}

/* Three nodes in a row, these weights between them, and what the search says. */
static int row_of_three(struct backend *b, int64_t first, int64_t second, int64_t *cost)
{
	struct model m = { .backend = b, .values = CSR_INTEGERS, .node_n = 3, .type_n = 1 };
	struct path_query q = { .types.all = true, .weight = CSR_INTEGERS };
	struct path p;
	int r;

	m.edge = calloc(2, sizeof *m.edge);
	add(&m, (struct edge){ .from = 0, .to = 1, .value.i = first });
	add(&m, (struct edge){ .from = 1, .to = 2, .value.i = second });
	model_write(&m);
	q.graph = m.graph;
	r = path_find(&p, &q, 0, 2);
	if (r == 1)
		*cost = p.step[2].cost.i;
	path_release(&p);
	model_free(&m);
	return r;
}

static void a_weight_that_cannot_be_is_an_error_that_names_it(void **state)
{
	int64_t cost = 0;

	assert_int_equal(row_of_three(*state, 4, -1, &cost), ERR_BAD_RECORD);
	assert_non_null(strstr(err_message(), "from \"1\" to \"2\" has a negative weight"));
	assert_int_equal(row_of_three(*state, -1, 4, &cost), ERR_BAD_RECORD);
	assert_non_null(strstr(err_message(), "from \"0\" to \"1\" has a negative weight"));
	assert_int_equal(row_of_three(*state, INT64_MAX, 1, &cost), ERR_TOO_BIG);
	assert_int_equal(row_of_three(*state, INT64_MAX - 1, 1, &cost), 1);
	assert_int_equal(cost, INT64_MAX);
}

/* With too little memory it says so, and gives all of it back. */
static void a_search_without_memory_says_so(void **state)
{
	uint64_t failed = 0;

	for (int round = 0; round < 3; round++) {
		struct path_query q = { .types.all = true };
		struct model m;
		size_t used;
		int r = ERR_MEMORY;

		model_make(&m, *state, 400, 3000);
		q.graph = m.graph;
		q.weight = m.values;
		used = m.mem.used;
		for (uint64_t n = 1; r == ERR_MEMORY; n++) {
			const struct path *path;
			struct paths p;

			m.mem.fail_at = m.mem.count + n;
			paths_begin(&p, &q, 1, 2, 3);
			while ((r = paths_next(&p, &path)) == 1)
				;
			paths_end(&p);
			failed += r == ERR_MEMORY;
			assert_int_equal(m.mem.used, used);
		}
		m.mem.fail_at = 0;
		assert_int_equal(r, 0);
		model_free(&m);
	}
	assert_true(failed > 0);
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
		cmocka_unit_test_setup_teardown(what_was_seen_is_known_whatever_its_number,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_path_is_there_and_none_is_cheaper,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_k_shortest_are_the_first_of_all_paths,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_weight_that_cannot_be_is_an_error_that_names_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_search_without_memory_says_so,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			nodes_are_met_once_by_an_edge_of_the_step_before, setup, teardown),
		cmocka_unit_test_setup_teardown(a_search_of_several_starts_knows_the_steps,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
