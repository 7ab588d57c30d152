/* tests/unit/sweep.c - each edge once, whoever takes which part */
#include "made_graph.h"

#include <stdatomic.h>

#include "graph/keep.h"
#include "graph/short_ids.h"

struct met {
	struct made_edge *edge;		/* from: where the list is */
	_Atomic size_t n;
	size_t cap;
	uint64_t parts;
	_Atomic uint64_t seen;		/* parts */
	_Atomic uint64_t group_n;	/* of lists that came together */
};

static int meet(struct met *met, const struct sweep_walk *w, uint64_t to)
{
	size_t i = met->n++;

	assert_true(i < met->cap);
	/* the direction goes into the type, so that one order sorts all */
	met->edge[i] = (struct made_edge){
		w->node, to, w->type * 4 + (uint32_t)w->way, {0} };
	return 0;
}

/* Narrow blocks, few or many at a time, or wide ones: they are the same ids. */
static int read_list(struct met *met, struct sweep_walk *w)
{
	unsigned how = (unsigned)(hash_u64(w->node) % 3);
	const uint32_t *narrow;
	const uint64_t *wide;
	uint64_t n = 0;
	int got;

	for (;;) {
		if (how == 2)
			got = csr_block(&w->list, &wide);
		else
			got = csr_block32(&w->list, how ? CSR_FEW : CSR_BLOCK, &narrow);
		if (got <= 0)
			break;
		for (int i = 0; i < got; i++)
			meet(met, w, how == 2 ? wide[i] : narrow[i]);
		n += (unsigned)got;
	}
	assert_int_equal(n, w->list.n);
	return got;
}

static bool is_second(struct csr_list l, uint32_t first, uint32_t second)
{
	uint64_t to = first;
	bool far = l.n == 1 || l.n > LIST_CHUNK + 1;

	assert_int_equal(csr_next(&l, &to), 1);
	assert_int_equal(to, first);
	assert_true(far || csr_next(&l, &to) == 1);
	return second == to;
}

/* The lists of a group, or the next one. */
static int read_some(struct met *met, struct sweep_walk *w, bool groups)
{
	struct csr_firsts f;
	uint64_t first;
	bool both = hash_u64(met->n) % 2;
	int r = groups ? sweep_firsts(w, both, &f) : 0;

	if (r == 0) {
		r = sweep_next(w);
		return r > 0 && read_list(met, w) < 0 ? -1 : r;
	}
	assert_true(r == 1 && f.rows && f.node % CSR_GROUP == 0);
	met->group_n++;
	for (unsigned k = 0; k < CSR_GROUP; k++) {
		if (!(f.rows >> k & 1))
			continue;
		assert_int_equal(sweep_list(w, k), 0);
		assert_int_equal(w->list.n, csr_firsts_n(&f, k));
		assert_true(csr_first(&w->list, &first) && first == f.first[k]);
		w->node = f.node + k;
		assert_true(w->node >= w->part->first && w->node < w->part->end);
		assert_true(!both || is_second(w->list, f.first[k], f.second[k]));
		assert_int_equal(read_list(met, w), 0);
	}
	return r;
}

static int each(void *ctx, const struct sweep_part *p)
{
	bool groups = p->index % 2 == p->sweep->edge_n % 2;
	struct met *met = ctx;
	struct sweep_walk w;
	int r;

	assert_true(p->first < p->end && p->first % SWEEP_ALIGN == 0);
	assert_true(p->who < p->sweep->thread_n && p->index < p->sweep->part_n);
	met->seen++;
	sweep_begin(&w, p);
	while ((r = read_some(met, &w, groups)) > 0)
		assert_true(w.node >= p->first && w.node < p->end && w.list.n > 0);
	return r;
}

static size_t expect(const struct made *m, enum csr_direction way, const struct graph_types *t,
		     struct made_edge *out)
{
	size_t n = 0;

	if (m->undirected)
		way = CSR_OUT;
	for (size_t i = 0; i < m->edge_n; i++) {
		struct made_edge e = m->edge[i];

		if (!made_asked(t, e.type))
			continue;
		if (way & CSR_OUT)
			out[n++] = (struct made_edge){ e.from, e.to, e.type * 4 + CSR_OUT, {0} };
		if (way & CSR_IN)
			out[n++] = (struct made_edge){ e.to, e.from, e.type * 4 + CSR_IN, {0} };
	}
	return n;
}

static uint64_t group_n;	/* in all tests */

static void sweep_once(const struct made *m)
{
	enum csr_direction way = (enum csr_direction)(1 + rnd(3));
	struct made_edge *want = calloc(2 * m->edge_n + 1, sizeof *want);
	uint32_t id[MADE_TYPES];
	struct graph_types t = made_types(m, id);
	size_t n = expect(m, way, &t, want);
	struct met met = { .edge = calloc(n + 1, sizeof *met.edge), .cap = n };
	struct sweep s;

	assert_int_equal(sweep_open(&s, m->graph, way, &t, 1 + (unsigned)rnd(8)), 0);
	assert_int_equal(s.edge_n, n);
	assert_int_equal(s.border[0], 0);
	assert_int_equal(s.border[s.part_n], m->node_n);
	assert_int_equal(sweep_run(&s, each, &met), 0);
	assert_int_equal(met.seen, s.part_n);
	assert_int_equal(met.n, n);
	group_n += met.group_n;
	qsort(want, n, sizeof *want, made_order);
	qsort(met.edge, n, sizeof *met.edge, made_order);
	assert_memory_equal(met.edge, want, n * sizeof *want);
	sweep_close(&s);
	free(want);
	free(met.edge);
}

static void every_edge_is_met_once_in_its_part(void **state)
{
	group_n = 0;
	for (uint64_t i = 0; made_round(i, 60, group_n > 10); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(4) ? 300 : 20000), rnd(2000));
		sweep_once(&m);
		sweep_once(&m);
		made_free(&m);
	}
	print_message("# %" PRIu64 " groups of lists\n", group_n);
}

static void a_large_graph_has_parts_alike_for_any_threads(void **state)
{
	const struct graph_types all = { .all = true };
	struct sweep one, more;
	struct made m;

	made_random(&m, *state, 1000 + rnd(30000), 200000);
	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++) {
		made_close(&m);
		m.layout = layout;
		made_write(&m);
		assert_int_equal(sweep_open(&one, m.graph, CSR_BOTH, &all, 1), 0);
		assert_int_equal(sweep_open(&more, m.graph, CSR_BOTH, &all, 7), 0);
		assert_true(one.part_n > 2);
		assert_int_equal(one.part_n, more.part_n);
		assert_memory_equal(one.border, more.border, (one.part_n + 1) * 8);
		sweep_close(&one);
		sweep_close(&more);
		sweep_once(&m);
	}
	made_free(&m);
}

/* Any range of any scan gives what lies in it. */
static void a_scan_of_a_range_gives_the_rows_in_it(void **state)
{
	for (uint64_t i = 0; i < scaled(100); i++) {
		uint64_t first, end, n = 0, want = 0;
		struct csr_scan s;
		struct csr_list l;
		struct made m;
		uint32_t type;
		int r;

		made_random(&m, *state, 1 + rnd(1000), rnd(1000));
		type = (uint32_t)rnd(m.type_n);
		first = rnd(m.node_n + 3);
		end = first + rnd(m.node_n + 3);
		csr_scan_range(&s, graph_csr(m.graph, CSR_OUT), type, first, end);
		while ((r = csr_scan_next(&s, &l)) > 0) {
			assert_true(s.node >= first && s.node < end);
			n += l.n;
		}
		assert_int_equal(r, 0);
		for (size_t k = 0; k < m.edge_n; k++)
			want += m.edge[k].type == type && m.edge[k].from >= first &&
				m.edge[k].from < end;
		assert_int_equal(n, want);
		made_free(&m);
	}
}

static void edges_before_a_node_are_counted_by_the_heads(void **state)
{
	for (uint64_t i = 0; i < scaled(60); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(3000), rnd(4000));
		for (uint32_t t = 0; t < m.type_n; t++) {
			struct csr *c = graph_csr(m.graph, CSR_OUT);
			uint64_t type_n = 0, before = 0, got;

			for (size_t k = 0; k < m.edge_n; k++)
				type_n += m.edge[k].type == t;
			for (uint64_t node = 0; node < m.node_n + 64; node += CSR_GROUP) {
				uint64_t want = 0;

				for (size_t k = 0; k < m.edge_n; k++)
					want += m.edge[k].type == t && m.edge[k].from < node;
				assert_int_equal(csr_edges_before(c, t, node, &got), 0);
				assert_true(got >= before && got <= want);
				if (m.layout != CSR_COO && 4 * type_n >= m.node_n)
					assert_int_equal(got, want);
				before = got;
			}
		}
		made_free(&m);
	}
}

static int fail_at(void *ctx, const struct sweep_part *p)
{
	return p->index == *(uint64_t *)ctx ? err_set(ERR_DAMAGED, "part") : 0;
}

/* --- kept lists --- */

struct keeping {
	struct keep keep;
	struct met met;
	const uint32_t *id_of;		/* of a name; NULL: names are ids */
};

static int each_kept(void *ctx, const struct sweep_part *p)
{
	struct keeping *k = ctx;
	struct keep_walk w;
	int r;

	keep_begin(&w, &k->keep, p);
	while ((r = keep_next(&w)) > 0) {
		uint64_t node = k->id_of ? k->id_of[w.node] : w.node;

		assert_true(node >= p->first && node < p->end && w.n > 0);
		for (uint64_t i = 0; i < w.n; i++) {
			size_t at = k->met.n++;


			assert_true(at < k->met.cap);
			k->met.edge[at] = (struct made_edge){
				node, k->id_of ? k->id_of[w.ids[i]] : w.ids[i], 0, {0} };
		}
	}
	return r;
}

/* N names, and behind them whose they are. */
static void shuffle(uint32_t *name, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t k = rnd(i + 1);

		name[i] = name[k];
		name[k] = (uint32_t)i;
	}
	for (uint64_t i = 0; i < n; i++)
		name[n + name[i]] = (uint32_t)i;
}

/* The sweep that fills, two that read; without room all of them decode. */
static void keep_once(struct made *m, bool room, bool counted)
{
	uint32_t *degree, *name;
	enum csr_direction way = (enum csr_direction)(1 + rnd(3));
	struct made_edge *want = calloc(2 * m->edge_n + 1, sizeof *want);
	uint32_t id[MADE_TYPES];
	struct graph_types t = made_types(m, id);
	size_t n = expect(m, way, &t, want);
	struct keeping k = { .met = { .edge = calloc(n + 1, sizeof *want), .cap = n } };
	bool long_ids = rnd(2);
	struct sweep s;

	for (size_t i = 0; i < n; i++)
		want[i].type = 0;
	qsort(want, n, sizeof *want, made_order);
	assert_int_equal(sweep_open(&s, m->graph, way, &t, 1 + (unsigned)rnd(8)), 0);
	if (!room)
		made_read(m, GRAPH_MAPPED);
	degree = calloc(m->node_n, sizeof *degree);
	name = calloc(2 * m->node_n, sizeof *name);
	if (counted)
		assert_int_equal(sweep_degrees(&s, degree), 0);
	m->mem.limit = m->mem.used + (room ? 1 << 30 : 3 * n);
	keep_long_ids(long_ids);
	assert_int_equal(keep_open(&k.keep, &s, 10, counted ? degree : NULL), 0);
	assert_true((k.keep.ids != NULL) == (room && n));
	assert_int_equal(k.keep.id_len, long_ids ? 4 : 3);
	keep_long_ids(false);
	if (k.keep.ids && rnd(2)) {
		shuffle(name, m->node_n);
		keep_rename(&k.keep, name);
		k.id_of = name + m->node_n;
	}
	for (int i = 0; i < 3; i++) {
		k.met.n = 0;
		assert_int_equal(sweep_run(&s, each_kept, &k), 0);
		assert_int_equal(k.met.n, n);
		qsort(k.met.edge, n, sizeof *want, made_order);
		assert_memory_equal(k.met.edge, want, n * sizeof *want);
		for (uint64_t part = 0; k.keep.ids && part < s.part_n; part++)
			assert_true(k.keep.full[part]);
	}
	keep_close(&k.keep);
	m->mem.limit = 0;
	sweep_close(&s);
	free(want);
	free(k.met.edge);
	free(degree);
	free(name);
}

static void kept_lists_are_those_that_were_decoded(void **state)
{
	for (uint64_t i = 0; i < scaled(60); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(rnd(4) ? 300 : 20000),
			    rnd(i % 10 ? 3000 : 60000));
		keep_once(&m, rnd(2), rnd(2));
		keep_once(&m, true, rnd(2));
		made_free(&m);
	}
}

/* Than a walk has room for: they come in pieces. */
static void kept_lists_may_be_long(void **state)
{
	for (uint64_t i = 0; i < scaled(8); i++) {
		struct made m;

		made_random(&m, *state, 1 + rnd(5), 4 * KEEP_ROOM + rnd(2 * KEEP_ROOM));
		keep_once(&m, true, rnd(2));
		made_free(&m);
	}
}

static void short_ids_come_back(void **state)
{
	enum { MOST = 300 };
	uint8_t at[3 * MOST + SHORT_IDS_SLACK];
	uint32_t want[MOST], got[MOST + SHORT_IDS_ROOM];

	(void)state;
	for (uint64_t n = 0; n <= MOST; n++) {
		for (uint64_t i = 0; i < n; i++)
			want[i] = (uint32_t)(rnd(SHORT_IDS_MOST) >> rnd(24));
		memset(at, 0xff, sizeof at);
		short_ids_put(at, want, n);
		for (uint64_t i = 0; i < SHORT_IDS_SLACK; i++)
			assert_int_equal(at[3 * n + i], 0xff);
		for (int plainly = 0; plainly < 2; plainly++) {
			short_ids_plainly(plainly);
			memset(got, 0, sizeof got);
			short_ids_get(got, at, n);
			assert_memory_equal(got, want, n * sizeof *want);
		}
		for (uint64_t i = 0; i < n; i++)
			assert_int_equal(at[3 * i] | at[3 * i + 1] << 8 | at[3 * i + 2] << 16, want[i]);
		short_ids_plainly(false);
	}
}

static void a_failing_part_fails_all(void **state)
{
	const struct graph_types all = { .all = true };
	struct sweep s;
	struct made m;

	made_random(&m, *state, 10000, 200000);
	assert_int_equal(sweep_open(&s, m.graph, CSR_OUT, &all, 3), 0);
	for (uint64_t i = 0; i < s.part_n; i++)
		assert_int_equal(sweep_run(&s, fail_at, &i), ERR_DAMAGED);
	sweep_close(&s);
	made_free(&m);
}

static void a_graph_without_nodes_has_no_parts(void **state)
{
	const struct graph_types all = { .all = true };
	struct met met = {0};
	struct sweep s;
	struct made m = { .backend = *state, .layout = CSR_PACKED, .edge = calloc(1, 1) };

	made_write(&m);
	assert_int_equal(sweep_open(&s, m.graph, CSR_BOTH, &all, 4), 0);
	assert_int_equal(s.part_n, 0);
	assert_int_equal(sweep_run(&s, each, &met), 0);
	sweep_close(&s);
	made_free(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_edge_is_met_once_in_its_part),
		TEST(a_large_graph_has_parts_alike_for_any_threads),
		TEST(a_scan_of_a_range_gives_the_rows_in_it),
		TEST(edges_before_a_node_are_counted_by_the_heads),
		TEST(kept_lists_are_those_that_were_decoded),
		TEST(kept_lists_may_be_long),
		TEST(short_ids_come_back),
		TEST(a_failing_part_fails_all),
		TEST(a_graph_without_nodes_has_no_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
