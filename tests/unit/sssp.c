/* tests/unit/sssp.c - distances by weight, against all edges looked at again and again
 * until nothing comes nearer, in 128 bits or in doubles
 */
#include "made_graph.h"

#include <math.h>

#include "graph/walk/sssp.h"
#include "graph/walk/wheel.h"

/* --- weights of many kinds --- */

enum weights {
	SMALL, TENS, BYTES, SHIFTED, ONE, ZERO, WIDE, HUGE_ONES,
	HALVES, FRACTIONS, CENTS, SAME_REAL, MAGNITUDES, OVERFLOWING, WEIGHTS_N
};

static union csr_value a_weight(enum weights kind, uint64_t h)
{
	union csr_value v = {0};

	switch (kind) {
	case SMALL: v.i = (int64_t)(h % 4); break;
	case TENS: v.i = (int64_t)(10 + h % 50); break;
	case BYTES: v.i = (int64_t)(1 + h % 255); break;
	case SHIFTED: v.i = (int64_t)(100000 + h % 3); break;
	case ONE: v.i = 1; break;
	case ZERO: v.i = 0; break;
	case WIDE: v.i = (int64_t)(h >> 20 >> h % 40); break;
	case HUGE_ONES: v.i = (int64_t)(h >> 1 >> h % 2); break;
	case HALVES: v.r = (double)(h % 9) / 2; break;
	case FRACTIONS: v.r = (double)(h >> 11) / 0x1p53; break;
	case CENTS: v.r = (double)(h % 1000) / 100; break;
	case SAME_REAL: v.r = 0.1; break;
	case MAGNITUDES: v.r = ldexp((double)(h >> 11), (int)(h % 1900) - 1050); break;
	default: v.r = ldexp(1 + (double)(h % 8), (int)(1010 + h % 11)); break;
	}
	return v;
}

/* Weights for the edges of a graph that has none; both ends of an undirected edge
 * have the same. */
static void weigh_edges(struct made *m, enum weights kind)
{
	uint64_t salt = rnd(UINT64_MAX);

	made_close(m);
	m->values = kind >= HALVES ? CSR_REALS : CSR_INTEGERS;
	for (size_t i = 0; i < m->edge_n; i++) {
		struct made_edge *e = &m->edge[i];
		uint64_t h = salt + e->type;

		if (m->undirected)
			h += hash_u64(e->from) + hash_u64(e->to);
		else
			h += i;
		e->value = a_weight(kind, hash_u64(h));
	}
	made_write(m);
}

/* --- the plain loop --- */

struct plain {
	bool *reached;
	__int128 *sum;
	double *real;
	bool too_far;
};

static bool lowers(const struct made *m, struct plain *p, uint64_t u, uint64_t v,
		   union csr_value w)
{
	if (!p->reached[u])
		return false;
	if (m->values == CSR_REALS) {
		if (p->reached[v] && p->real[u] + w.r >= p->real[v])
			return false;
		p->real[v] = p->real[u] + w.r;
	} else {
		if (p->reached[v] && p->sum[u] + w.i >= p->sum[v])
			return false;
		p->sum[v] = p->sum[u] + w.i;
	}
	return p->reached[v] = true;
}

static struct plain plain_distances(const struct made *m, const struct sssp_plan *q)
{
	struct plain p = { calloc(m->node_n, 1), calloc(m->node_n, sizeof(__int128)),
			   calloc(m->node_n, sizeof(double)), false };
	bool more = true;

	p.reached[q->start] = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < m->edge_n; i++) {
			const struct made_edge *e = &m->edge[i];

			if (!made_asked(&q->types, e->type))
				continue;
			if (m->undirected || q->way & CSR_OUT)
				more |= lowers(m, &p, e->from, e->to, e->value);
			if (!m->undirected && q->way & CSR_IN)
				more |= lowers(m, &p, e->to, e->from, e->value);
		}
	}
	for (uint64_t i = 0; i < m->node_n; i++)
		p.too_far |= p.reached[i] && (m->values == CSR_REALS ? isinf(p.real[i]) :
					      p.sum[i] > INT64_MAX);
	return p;
}

static void plain_free(struct plain *p)
{
	free(p->reached);
	free(p->sum);
	free(p->real);
}

/* --- the two --- */

static uint64_t back_n, far_n;

static void same(const struct made *m, const struct sssp *s, const struct plain *p)
{
	uint64_t reached = 0;
	union csr_value v;

	for (uint64_t i = 0; i < m->node_n; i++) {
		assert_int_equal(sssp_distance(s, i, &v), p->reached[i]);
		reached += p->reached[i];
		if (p->reached[i] && m->values == CSR_REALS)
			assert_memory_equal(&v.r, &p->real[i], sizeof v.r);
		else if (p->reached[i])
			assert_true(v.i == p->sum[i]);
	}
	assert_int_equal(s->reached_n, reached);
}

static void distances_agree(const struct made *m, uint64_t start)
{
	static const double widths[] = { 0, 0, 0, 1e-9, 0.3, 2, 50, 1e6, 1e30, 1e300 };
	uint32_t id[MADE_TYPES];
	struct sssp_plan q = {
		.start = start, .way = (enum csr_direction)(1 + rnd(3)),
		.types = made_types(m, id), .threads = 1 + (unsigned)rnd(8),
		.delta = widths[rnd(sizeof widths / sizeof *widths)],
	};
	struct plain p = plain_distances(m, &q);
	struct sssp s;
	int r = sssp_find(&s, m->graph, &q);

	assert_int_equal(r, p.too_far ? ERR_TOO_BIG : 0);
	far_n += p.too_far;
	if (r == 0) {
		same(m, &s, &p);
		back_n += s.back_n;
		sssp_release(&s);
	}
	plain_free(&p);
}

static void distances_are_those_of_a_plain_loop(void **state)
{
	back_n = far_n = 0;
	for (uint64_t i = 0; made_round(i, 150, back_n > 10 && far_n); i++) {
		enum weights kind = (enum weights)(i % WEIGHTS_N);
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(3) ? 40 : 1000), rnd(rnd(2) ? 200 : 2000));
		weigh_edges(&m, kind);
		for (int k = 0; k < 3; k++)
			distances_agree(&m, rnd(m.node_n));
		made_free(&m);
	}
	print_message("# looked back %" PRIu64 " times, too far %" PRIu64 " times\n", back_n,
		      far_n);
}

/* Many edges a node, weights and widths alike: borders of steps and weights that just
 * matter meet often, in lists long enough to be compared many at a time. */
static void distances_where_little_decides(void **state)
{
	for (uint64_t i = 0; i < scaled(80); i++) {
		struct sssp_plan q = { .way = CSR_OUT, .types.all = true, .threads = 1 };
		struct plain p;
		struct made m;
		struct sssp s;

		made_random(&m, *state, 30 + rnd(50), 1500 + rnd(1500));
		weigh_edges(&m, TENS);
		q.delta = (double)(1 + rnd(4));
		q.start = rnd(m.node_n);
		p = plain_distances(&m, &q);
		assert_int_equal(sssp_find(&s, m.graph, &q), 0);
		same(&m, &s, &p);
		sssp_release(&s);
		plain_free(&p);
		made_free(&m);
	}
}

/* Buckets of many nodes: several threads at work in each kind of phase. */
static void distances_in_a_large_graph(void **state)
{
	static const enum weights kinds[] = { BYTES, FRACTIONS, SMALL };

	for (uint64_t i = 0; i < scaled(3); i++) {
		struct made m;

		made_random(&m, *state, 2000 + rnd(20000), 60000);
		if (m.layout == CSR_COO)	/* whose rows are found by reading */
			m.layout = CSR_RAW;
		weigh_edges(&m, kinds[i % 3]);
		for (int k = 0; k < 2; k++)
			distances_agree(&m, m.edge[rnd(m.edge_n)].from);
		made_free(&m);
	}
}

static void the_same_bits_for_any_threads_width_and_layout(void **state)
{
	struct sssp_plan q = { .way = CSR_OUT, .types.all = true, .threads = 1 };
	uint64_t *bits = malloc(5000 * 8);
	struct sssp one, more;
	struct made m;

	made_random(&m, *state, 2000, 9000);
	weigh_edges(&m, MAGNITUDES);
	q.start = m.edge[0].from;
	assert_int_equal(sssp_find(&one, m.graph, &q), 0);
	memcpy(bits, one.bits, m.node_n * 8);
	sssp_release(&one);
	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++)
		for (unsigned threads = 1; threads <= 8; threads += threads) {
			struct sssp_plan p = q;

			made_close(&m);
			m.layout = layout;
			made_write(&m);
			p.threads = threads;
			p.delta = threads == 1 ? 1e300 : ldexp(1, (int)rnd(1800) - 900);
			assert_int_equal(sssp_find(&more, m.graph, &p), 0);
			assert_memory_equal(bits, more.bits, m.node_n * 8);
			sssp_release(&more);
		}
	free(bits);
	made_free(&m);
}

/* A chain: as many steps as nodes, and the longest sum. */
static void distances_along_a_chain(void **state)
{
	struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = 20000, .type_n = 1,
			  .values = CSR_INTEGERS };
	const struct sssp_plan p = { .start = 5, .way = CSR_OUT, .types.all = true };
	union csr_value v;
	struct sssp s;

	m.edge = calloc(m.node_n, sizeof *m.edge);
	for (uint64_t i = 0; i + 1 < m.node_n; i++)
		made_add(&m, (struct made_edge){ i, i + 1, 0, { .i = (int64_t)(i * i) } });
	made_write(&m);
	assert_int_equal(sssp_find(&s, m.graph, &p), 0);
	for (uint64_t i = 0, sum = 0; i < m.node_n; sum += i < 5 ? 0 : i * i, i++) {
		assert_int_equal(sssp_distance(&s, i, &v), i >= 5);
		if (i >= 5)
			assert_int_equal(v.i, sum);
	}
	assert_int_equal(s.reached_n, m.node_n - 5);
	sssp_release(&s);
	made_free(&m);
}

/* --- what has no answer --- */

static void a_negative_weight_is_refused_wherever_it_is(void **state)
{
	for (uint64_t i = 0; i < scaled(100); i++) {
		uint32_t id[MADE_TYPES];
		struct sssp_plan q = { .way = CSR_OUT, .threads = 1 + (unsigned)rnd(3) };
		struct made_edge *bad;
		char words[64];
		struct sssp s;
		struct made m;
		int r;

		made_random(&m, *state, 1 + rnd(300), 1 + rnd(rnd(19) ? 300 : 100000));
		weigh_edges(&m, i & 1 ? BYTES : FRACTIONS);
		made_close(&m);
		m.undirected = false;
		bad = &m.edge[rnd(m.edge_n)];
		if (m.values == CSR_REALS)
			bad->value.r = rnd(2) ? -1e-300 : -3;
		else
			bad->value.i = rnd(2) ? -1 : INT64_MIN;
		snprintf(words, sizeof words, "from \"%" PRIu64 "\" to \"%" PRIu64 "\"",
			 bad->from, bad->to);
		q.types = made_types(&m, id);
		r = made_asked(&q.types, bad->type) ? ERR_BAD_RECORD : 0;
		made_write(&m);
		q.start = rnd(m.node_n);
		assert_int_equal(sssp_find(&s, m.graph, &q), r);
		if (r)
			assert_non_null(strstr(err_message(), words));
		else
			sssp_release(&s);
		made_free(&m);
	}
}

static void minus_zero_is_zero(void **state)
{
	struct made m = { .backend = *state, .layout = CSR_PACKED, .node_n = 3, .type_n = 1,
			  .values = CSR_REALS };
	const struct sssp_plan p = { .way = CSR_OUT, .types.all = true };
	union csr_value v;
	struct sssp s;

	m.edge = calloc(3, sizeof *m.edge);
	made_add(&m, (struct made_edge){ 0, 1, 0, { .r = -0.0 } });
	made_add(&m, (struct made_edge){ 1, 2, 0, { .r = 2.5 } });
	made_write(&m);
	assert_int_equal(sssp_find(&s, m.graph, &p), 0);
	assert_true(sssp_distance(&s, 1, &v) && v.i == 0);
	assert_true(sssp_distance(&s, 2, &v) && v.r == 2.5);
	sssp_release(&s);
	made_free(&m);
}

static void edges_without_weights_are_refused(void **state)
{
	const struct sssp_plan p = { .way = CSR_OUT, .types.all = true };
	union csr_value v;
	struct sssp s;
	struct made m;

	made_random(&m, *state, 10, 20);
	assert_int_equal(sssp_find(&s, m.graph, &p), ERR_UNSUPPORTED);
	made_free(&m);
	/* but where there are none, there is nothing to weigh */
	made_random(&m, *state, 10, 0);
	assert_int_equal(sssp_find(&s, m.graph, &p), 0);
	assert_int_equal(s.reached_n, 1);
	assert_true(sssp_distance(&s, 0, &v) && v.i == 0 && !sssp_distance(&s, 9, &v));
	sssp_release(&s);
	made_free(&m);
}

/* Each allocation fails once: an error, and nothing is left behind. */
static void memory_that_cannot_be_had_is_an_error(void **state)
{
	const struct sssp_plan p = { .way = CSR_BOTH, .types.all = true, .threads = 2 };
	bool failed = true;
	struct sssp s;
	struct made m;

	made_random(&m, *state, 300, 3000);
	weigh_edges(&m, BYTES);
	for (uint64_t n = 1; failed; n++) {
		size_t used = m.mem.used;

		m.mem.fail_at = m.mem.count + n;
		failed = sssp_find(&s, m.graph, &p) < 0;
		m.mem.fail_at = 0;
		if (!failed)
			sssp_release(&s);
		assert_int_equal(m.mem.used, used);
	}
	made_free(&m);
}

/* --- the wheel --- */

struct numbers {
	uint64_t *of;
};

static uint64_t number_of(const void *ctx, uint32_t id)
{
	return ((const struct numbers *)ctx)->of[id];
}

/* Put anywhere at or behind where the wheel is, lowered now and then: they come out
 * in order, each at its last number. */
static void a_wheel_gives_nodes_in_order(void **state)
{
	enum { N = 1000 };
	struct numbers n = { calloc(N, 8) };
	bool *out = calloc(N, 1);
	uint64_t at = 0, given = 0, put = 0;
	struct wheel *w = malloc(sizeof *w);

	(void)state;
	wheel_init(w, NULL);
	while (given < N) {
		for (uint64_t k = rnd(20); k && put < N; k--, put++) {
			n.of[put] = w->now + (hash_u64(rnd(1000000)) >> rnd(64));
			if (n.of[put] < w->now)
				n.of[put] = w->now;
			assert_int_equal(wheel_put(w, n.of[put], (uint32_t)put), 0);
		}
		if (put && !out[put - 1] && n.of[put - 1] > w->now && rnd(2)) {
			n.of[put - 1] = w->now + rnd(n.of[put - 1] - w->now);
			assert_int_equal(wheel_put(w, n.of[put - 1], (uint32_t)put - 1), 0);
		}
		if (!wheel_least(w, &at))
			continue;
		for (uint64_t i = 0; i < put; i++)
			assert_true(out[i] || n.of[i] >= at);
		assert_int_equal(wheel_turn(w, at, number_of, &n), 0);
		for (struct wheel_chunk *c = wheel_take(w).chunk; c; c = c->next)
			for (uint32_t i = 0; i < c->n; i++)
				if (n.of[c->id[i]] == at && !out[c->id[i]]) {
					out[c->id[i]] = true;
					given++;
				}
	}
	wheel_release(w);
	free(w);
	free(n.of);
	free(out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(distances_are_those_of_a_plain_loop),
		TEST(distances_where_little_decides),
		TEST(distances_in_a_large_graph),
		TEST(the_same_bits_for_any_threads_width_and_layout),
		TEST(distances_along_a_chain),
		TEST(a_negative_weight_is_refused_wherever_it_is),
		TEST(minus_zero_is_zero),
		TEST(edges_without_weights_are_refused),
		TEST(memory_that_cannot_be_had_is_an_error),
		TEST(a_wheel_gives_nodes_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
