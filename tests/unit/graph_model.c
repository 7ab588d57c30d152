/* tests/unit/graph_model.c - graphs built from random edges, against a plain model
 *
 * The model is an array of edges of strings, sorted with qsort.  Every choice that
 * import offers, and budgets from roomy to a few kilobytes, must give what the
 * model says, by every question that can be asked.
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
#include "base/team.h"
#include "graph/check.h"
#include "graph/walk/bfs.h"
#include "graph/walk/path.h"
#include "io/file.h"

static const uint8_t store_id[16] = "graph model";
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

/* --- the model --- */

#define KEY_LEN 40

struct key {
	uint8_t b[KEY_LEN];
	size_t len;
};

struct edge {
	size_t type, src, dst;	/* places in the sorted names and keys */
	size_t order;		/* of equal ones: as they came; those without value first,
				 * or last, where only the first counts */
	struct text_value came;
	union csr_value value;
};

enum kind { DENSE, GAPS, FAR, STRINGS, MIXED, KIND_N };

struct model {
	enum kind kind;
	bool numbers, undirected, drop_loops;
	enum build_equal equal;
	enum csr_layout layout;
	bool reals;
	int valued;			/* so many in four edges have a value */
	enum csr_values values;
	bool mixed;			/* of them some edges have none */
	struct text_value *raw_value;
	struct key *key, *name;		/* sorted, each once */
	struct key *lone;		/* given as nodes, as they come */
	size_t key_n, name_n, lone_n;
	struct key (*raw)[3];		/* src, dst, type, as they come */
	size_t raw_n;
	struct edge *out, *in;		/* sorted by type, src, dst; in: turned */
	size_t edge_n;
	uint64_t public_n;		/* as info counts them */
};

static struct bytes bytes_of_key(const struct key *k)
{
	return bytes_of(k->b, k->len);
}

static struct key key_text(const char *fmt, uint64_t v)
{
	struct key k = {{0}, 0};

	k.len = (size_t)snprintf((char *)k.b, KEY_LEN, fmt, v);
	return k;
}

static struct key random_string(uint64_t pool)
{
	uint64_t pick = rnd(pool);
	struct key k = key_text("%" PRIu64 "/prefix that is shared/", pick % 7);

	k.b[k.len++] = (uint8_t)(pick * 37);	/* any byte, NUL too */
	k.b[k.len++] = (uint8_t)(pick >> 3);
	if (pick % 5 == 0)
		k.len = 1 + pick % 3;		/* short ones, prefixes of others */
	return k;
}

static struct key random_key(enum kind kind, uint64_t pool)
{
	uint64_t pick = rnd(pool);

	switch (kind) {
	case DENSE:
		return key_text("%" PRIu64, 1000 + pick);
	case GAPS:
		return key_text("%" PRIu64, pick * 3 + hash_u64(pick) % 2);
	case FAR:
		return key_text("%" PRIu64, hash_u64(pick) | (pick == 1 ? UINT64_MAX : 0));
	case STRINGS:
		return random_string(pool);
	default:
		return rnd(3) ? key_text("%" PRIu64, pick) : key_text("0%" PRIu64, pick);
	}
}

static bool model_numbers;	/* how keys compare: qsort has no context */

static int by_key(const void *a, const void *b)
{
	uint64_t x, y;

	if (model_numbers && text_number(bytes_of_key(a), &x) &&
	    text_number(bytes_of_key(b), &y))
		return (x > y) - (x < y);
	return bytes_cmp(bytes_of_key(a), bytes_of_key(b));
}

static size_t sort_unique(struct key *k, size_t n)
{
	size_t m = 0;

	qsort(k, n, sizeof *k, by_key);
	for (size_t i = 0; i < n; i++)
		if (m == 0 || by_key(&k[m - 1], &k[i]))
			k[m++] = k[i];
	return m;
}

static size_t place_of(const struct key *all, size_t n, const struct key *k)
{
	const struct key *at = bsearch(k, all, n, sizeof *k, by_key);

	return (size_t)(at - all);
}

static int by_edge(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return (x->dst > y->dst) - (x->dst < y->dst);
}

static int by_order(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	int c = by_edge(x, y);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static double real_of(struct text_value v)
{
	return v.kind == TEXT_REAL ? v.r : v.kind == TEXT_INTEGER ? (double)v.i : 1;
}

static union csr_value value_of(const struct model *m, struct text_value v)
{
	union csr_value out = { .i = v.kind == TEXT_INTEGER ? v.i : 1 };

	if (m->values == CSR_REALS)
		out.r = real_of(v);
	return out;
}

/* What SUM is with E beside it. */
static union csr_value fold(const struct model *m, union csr_value sum, union csr_value e)
{
	bool less = m->values == CSR_REALS ? e.r < sum.r : e.i < sum.i;
	bool more = m->values == CSR_REALS ? e.r > sum.r : e.i > sum.i;

	if (m->equal == BUILD_SUM) {
		if (m->values == CSR_REALS)
			sum.r += e.r;
		else
			sum.i += e.i;
		return sum;
	}
	return (m->equal == BUILD_MIN && less) || (m->equal == BUILD_MAX && more) ? e : sum;
}

static void model_values(struct model *m)
{
	bool none = false;

	m->values = CSR_NO_VALUES;
	for (size_t i = 0; i < m->raw_n; i++) {
		none |= m->raw_value[i].kind == TEXT_NO_VALUE;
		if (m->raw_value[i].kind == TEXT_REAL)
			m->values = CSR_REALS;
		else if (m->raw_value[i].kind == TEXT_INTEGER && m->values != CSR_REALS)
			m->values = CSR_INTEGERS;
	}
	m->mixed = none && m->values;
}

static void model_edges(struct model *m)
{
	size_t n = 0, loops = 0;

	m->out = calloc(2 * m->raw_n + 1, sizeof *m->out);
	for (size_t i = 0; i < m->raw_n; i++) {
		struct edge e;

		model_numbers = m->numbers;
		e.src = place_of(m->key, m->key_n, &m->raw[i][0]);
		e.dst = place_of(m->key, m->key_n, &m->raw[i][1]);
		model_numbers = false;
		e.type = place_of(m->name, m->name_n, &m->raw[i][2]);
		e.came = m->raw_value[i];
		e.value = value_of(m, e.came);
		e.order = i + 1;
		if (e.came.kind == TEXT_NO_VALUE)
			e.order = m->equal == BUILD_FIRST ? SIZE_MAX : 0;
		if (e.src == e.dst && m->drop_loops)
			continue;
		m->out[n++] = e;
		if (m->undirected && e.src != e.dst)
			m->out[n++] = (struct edge){ e.type, e.dst, e.src, e.order, e.came,
						     e.value };
	}
	qsort(m->out, n, sizeof *m->out, by_order);
	for (size_t i = 0; i < n; i++) {
		struct edge *last = m->edge_n ? &m->out[m->edge_n - 1] : NULL;

		if (m->equal == BUILD_KEEP || !last || by_edge(last, &m->out[i])) {
			m->out[m->edge_n++] = m->out[i];
			continue;
		}
		last->value = fold(m, last->value, m->out[i].value);
		if (last->came.kind == TEXT_NO_VALUE)
			last->came = m->out[i].came;
	}
	m->in = calloc(m->edge_n + 1, sizeof *m->in);
	for (size_t i = 0; i < m->edge_n; i++) {
		m->in[i] = (struct edge){ m->out[i].type, m->out[i].dst, m->out[i].src,
					  m->out[i].order, m->out[i].came, m->out[i].value };
		loops += m->out[i].src == m->out[i].dst;
	}
	qsort(m->in, m->edge_n, sizeof *m->in, by_order);
	m->public_n = m->undirected ? (m->edge_n + loops) / 2 : m->edge_n;
}

static struct text_value random_value(const struct model *m)
{
	struct text_value v = { .kind = TEXT_NO_VALUE };

	if ((int)rnd(4) >= m->valued)
		return v;
	v.kind = m->reals && rnd(3) == 0 ? TEXT_REAL : TEXT_INTEGER;
	v.i = (int64_t)rnd(30) - 10;
	if (rnd(50) == 0)
		v.i = (int64_t)(hash_u64(turn) >> 8);
	v.r = (double)v.i / 7;
	return v;
}

static void model_make(struct model *m, size_t raw_n, uint64_t pool, uint64_t type_n)
{
	uint64_t number;

	m->raw_n = raw_n;
	m->raw = calloc(raw_n + 1, sizeof *m->raw);
	m->raw_value = calloc(raw_n + 1, sizeof *m->raw_value);
	m->key = calloc(3 * raw_n + 1, sizeof *m->key);
	m->lone = calloc(raw_n + 1, sizeof *m->lone);
	m->name = calloc(raw_n + 1, sizeof *m->name);
	m->numbers = true;
	for (size_t i = 0; i < raw_n; i++) {
		m->raw[i][0] = random_key(m->kind, pool);
		m->raw[i][1] = rnd(20) ? random_key(m->kind, pool) : m->raw[i][0];
		if (type_n > 1 && rnd(4))
			m->raw[i][2] = key_text("type %" PRIu64,
						rnd(type_n) * rnd(type_n) / type_n);
		for (int end = 0; end < 2; end++) {
			m->key[m->key_n++] = m->raw[i][end];
			m->numbers &= text_number(bytes_of_key(&m->raw[i][end]), &number);
		}
		m->name[i] = m->raw[i][2];
		m->raw_value[i] = random_value(m);
	}
	model_values(m);
	for (size_t i = 0; i < raw_n / 7; i++) {	/* nodes alone, some also with edges */
		m->key[m->key_n] = random_key(m->kind, 2 * pool);
		m->numbers &= text_number(bytes_of_key(&m->key[m->key_n]), &number);
		m->lone[m->lone_n++] = m->key[m->key_n++];
	}
	model_numbers = m->numbers;
	m->key_n = sort_unique(m->key, m->key_n);
	model_numbers = false;
	m->name_n = sort_unique(m->name, raw_n);
	model_edges(m);
}

static void model_free(struct model *m)
{
	free(m->raw);
	free(m->raw_value);
	free(m->key);
	free(m->lone);
	free(m->name);
	free(m->out);
	free(m->in);
}

/* --- building --- */

static struct text_key text_key_of(const struct key *k)
{
	struct text_key t = { .bytes = bytes_of_key(k) };

	t.is_number = text_number(t.bytes, &t.number);
	return t;
}

/* One thread's part of the input: plain edges many at a time, others one by one. */
struct part {
	const struct model *m;
	struct build *build;
	unsigned threads;
	size_t chunk;
};

static int add_one(struct build *b, const struct model *m, size_t i)
{
	struct text_edge e = {
		.src = text_key_of(&m->raw[i][0]), .dst = text_key_of(&m->raw[i][1]),
		.type = bytes_of_key(&m->raw[i][2]), .value = m->raw_value[i],
	};

	return build_add_texts(b, &e, 1, i);
}

static bool is_plain(const struct model *m, size_t i, struct scan_edge *e)
{
	return m->raw[i][2].len == 0 &&
		text_number(bytes_of_key(&m->raw[i][0]), &e->src) &&
		text_number(bytes_of_key(&m->raw[i][1]), &e->dst);
}

static int add_chunk(const struct part *p, unsigned who, size_t i, size_t end)
{
	struct scan_edge e[64];
	int r = 0;

	while (r == 0 && i < end) {
		size_t n = 0;

		while (n < 64 && i + n < end && is_plain(p->m, i + n, &e[n]))
			n++;
		r = n ? build_add_edges(p->build, who, e, p->m->raw_value + i, n, i) :
			add_one(p->build, p->m, i);
		i += n ? n : 1;
	}
	return r;
}

static int add_part(void *ctx, unsigned who)
{
	const struct part *p = ctx;
	int r = 0;

	for (size_t i = who * p->chunk; r == 0 && i < p->m->raw_n; i += p->threads * p->chunk)
		r = add_chunk(p, who, i, i + p->chunk < p->m->raw_n ? i + p->chunk :
			      p->m->raw_n);
	return r;
}

static int add_lone(struct build *b, const struct model *m, size_t from, size_t step)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < m->lone_n; i += step) {
		struct text_key key = text_key_of(&m->lone[i]);

		r = build_add_node(b, &key);
	}
	return r;
}

static void build(const struct model *m, struct backend *b, size_t budget,
		  struct manifest_graph *g, struct build_note *note, struct mem *mem)
{
	struct build_options o = {
		.backend = b, .store_id = store_id, .mem = mem, .budget = budget,
		.undirected = m->undirected, .equal = m->equal,
		.drop_loops = m->drop_loops, .layout = m->layout,
		.threads = 1 + (unsigned)rnd(8),
	};
	struct part p = { .m = m, .chunk = 1 + rnd(rnd(2) ? 7 : 300) };

	memset(g, 0, sizeof *g);
	strcpy(g->name, "model");
	assert_int_equal(build_open(&p.build, &o), 0);
	p.threads = build_threads(p.build);
	assert_int_equal(add_lone(p.build, m, 0, 2), 0);
	if (team_run(p.threads, add_part, &p) != 0)
		fail_msg("adding: %s", err_message());
	assert_int_equal(add_lone(p.build, m, 1, 2), 0);
	assert_int_equal(build_n(p.build), m->raw_n);
	if (build_finish(p.build, g, note) != 0)
		fail_msg("build_finish: %s", err_message());
}

/* --- comparing --- */

static void compare_keys(const struct model *m, struct dict *d)
{
	struct buf key = {0};
	struct bytes name;
	uint64_t id;
	uint32_t type;

	assert_int_equal(dict_key_n(d), m->key_n);
	assert_int_equal(dict_type_n(d), m->name_n);
	for (size_t i = 0; i < m->key_n; i++) {
		assert_int_equal(dict_key(d, i, &key), 0);
		assert_true(bytes_equal(buf_bytes(&key), bytes_of_key(&m->key[i])));
		assert_int_equal(dict_find(d, buf_bytes(&key), &id), 1);
		assert_int_equal(id, i);
	}
	for (size_t i = 0; i < m->name_n; i++) {
		assert_int_equal(dict_type(d, (uint32_t)i, &name), 0);
		assert_true(bytes_equal(name, bytes_of_key(&m->name[i])));
		assert_int_equal(dict_find_type(d, name, &type), 1);
		assert_int_equal(type, i);
	}
	assert_int_equal(dict_find_type(d, bytes_str("no such type"), &type), 0);
	buf_release(&key);
}

/* Places: the number of keys below, for keys that are there and for others. */
static void compare_places(const struct model *m, struct dict *d)
{
	uint64_t place, id, number = 0, got;

	model_numbers = m->numbers;
	for (int i = 0; i < 60; i++) {
		bool there = m->key_n && i % 2;
		struct key k = there ? m->key[rnd(m->key_n)] :
			random_key(m->numbers ? FAR : STRINGS, 100000);
		size_t want = 0;

		while (want < m->key_n && by_key(&m->key[want], &k) < 0)
			want++;
		if (m->numbers) {
			assert_true(text_number(bytes_of_key(&k), &number));
			assert_int_equal(dict_place_number(d, number, &place), 0);
		} else {
			assert_int_equal(dict_place(d, bytes_of_key(&k), &place), 0);
		}
		assert_int_equal(place, want);
		if (!there)
			continue;
		assert_int_equal(dict_at(d, place, &id), 0);
		assert_int_equal(dict_find(d, bytes_of_key(&k), &got), 1);
		assert_int_equal(got, id);
		if (m->numbers) {
			assert_int_equal(dict_number(d, id, &got), 0);
			assert_int_equal(got, number);
		}
	}
	model_numbers = false;
}

static void compare_unknown(const struct model *m, struct dict *d)
{
	model_numbers = m->numbers;
	for (int i = 0; i < 50; i++) {
		struct key k = random_key(i % 2 ? m->kind : (enum kind)rnd(KIND_N), 100000);
		uint64_t number, id;
		int want = bsearch(&k, m->key, m->key_n, sizeof k, by_key) != NULL;

		if (m->numbers && !text_number(bytes_of_key(&k), &number))
			want = 0;
		assert_int_equal(dict_find(d, bytes_of_key(&k), &id), want);
	}
	model_numbers = false;
}

static void compare_value(struct csr *c, struct csr_list *values, union csr_value want)
{
	union csr_value got;
	uint64_t to;

	if (csr_values(c) == CSR_NO_VALUES)
		return;
	assert_int_equal(csr_next_value(values, &to, &got), 1);
	assert_memory_equal(&got, &want, sizeof got);
}

static void compare_edges(const struct edge *e, size_t n, struct csr *c)
{
	struct csr_list list, again, values;
	struct csr_scan scan;
	uint64_t degree, to, same;
	size_t at = 0;

	assert_int_equal(csr_edge_n(c), n);
	for (uint32_t t = 0; t < csr_type_n(c); t++) {
		csr_scan_begin(&scan, c, t);
		while (csr_scan_next(&scan, &list) > 0) {
			assert_int_equal(csr_row(c, t, scan.node, &again), 0);
			assert_int_equal(csr_row(c, t, scan.node, &values), 0);
			assert_int_equal(again.n, list.n);
			assert_int_equal(again.edge, list.edge);
			assert_int_equal(csr_degree(c, t, scan.node, &degree), 0);
			assert_int_equal(degree, list.n);
			for (uint64_t i = 0; i < list.n; i++, at++) {
				assert_true(at < n);
				assert_int_equal(csr_next(&list, &to), 1);
				assert_int_equal(csr_next(&again, &same), 1);
				assert_int_equal(to, same);
				assert_int_equal(e[at].type, t);
				assert_int_equal(e[at].src, scan.node);
				assert_int_equal(e[at].dst, to);
				compare_value(c, &values, e[at].value);
			}
			assert_int_equal(csr_next(&list, &to), 0);
		}
	}
	assert_int_equal(at, n);
}

static void no_fault(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)ctx;
	fail_msg("check: %s", words);
}

/* Of every edge it is known whether it had a weight. */
static void compare_said(const struct model *m, struct graph *g)
{
	struct prop_room room;
	uint64_t nth = 0;

	prop_room_init(&room, NULL);
	for (size_t i = 0; i < m->edge_n; i++) {
		const struct edge *e = &m->out[i];
		struct prop_state state;

		nth = i && !by_edge(e - 1, e) ? nth + 1 : 0;
		if (m->undirected && e->dst < e->src)
			continue;
		assert_int_equal(graph_edge_state(g, e->src, (uint32_t)e->type, e->dst, nth,
						  &room, &state), 1);
		assert_int_equal(state.label_n, 0);
		assert_int_equal(state.prop_n, e->came.kind != TEXT_NO_VALUE);
	}
	prop_room_release(&room);
}

static void compare(const struct model *m, struct backend *b, const struct manifest_graph *g)
{
	struct graph *graph;

	assert_int_equal(g->node_n, m->key_n);
	assert_int_equal(g->edge_n, m->public_n);
	assert_int_equal(g->segment_n, (m->undirected ? 2 : 3) + m->mixed);
	assert_int_equal(graph_open(&graph, b, store_id, g, NULL), 0);
	compare_keys(m, graph_dict(graph));
	compare_unknown(m, graph_dict(graph));
	compare_places(m, graph_dict(graph));
	if (m->name_n)
		assert_int_equal(csr_values(graph_csr(graph, CSR_OUT)), m->values);
	compare_edges(m->out, m->edge_n, graph_csr(graph, CSR_OUT));
	compare_said(m, graph);
	if (!m->undirected)
		compare_edges(m->in, m->edge_n, graph_csr(graph, CSR_IN));
	graph_close(graph);
}

static void check_sound(struct backend *b, const struct manifest_graph *g)
{
	struct mem mem;

	mem_init(&mem, 0);
	assert_int_equal(check_graph(b, store_id, g, &mem, no_fault, NULL), 0);
	assert_int_equal(mem.used, 0);
}

static struct model random_model(size_t most)
{
	struct model m = {
		.kind = (enum kind)rnd(KIND_N), .undirected = rnd(3) == 0,
		.layout = CSR_RAW + (enum csr_layout)rnd(3),
		.equal = (enum build_equal)rnd(5), .drop_loops = rnd(2),
		.valued = rnd(2) ? (int)rnd(5) : 0, .reals = rnd(2),
	};

	model_make(&m, rnd(most), 1 + rnd(rnd(2) ? 40 : most), 1 + rnd(6) * rnd(6));
	return m;
}

static void every_choice_gives_what_the_model_says(void **state)
{
	for (uint64_t round = 0; round < scaled(150); round++) {
		struct model m = random_model(300);
		struct manifest_graph g;
		struct build_note note;
		struct mem mem;

		mem_init(&mem, 0);
		build(&m, *state, 0, &g, &note, &mem);
		assert_int_equal(mem.used, 0);
		assert_int_equal(note.strings, !m.numbers);
		compare(&m, *state, &g);
		check_sound(*state, &g);
		build_discard(*state, &g);
		model_free(&m);
	}
}

static int fail_on_name(void *ctx, const char *name)
{
	(void)ctx;
	fail_msg("left behind: %s", name);
	return 0;
}

/* All bytes of a segment's sections, one after another. */
static void sections_of(struct backend *b, const struct segment_ref *ref, struct buf *out)
{
	struct segment *s;

	assert_int_equal(segment_open(&s, b, ref, store_id, NULL), 0);
	for (uint32_t tag = 1; tag < SEGMENT_SECTION_MAX; tag++) {
		struct bytes section = segment_section(s, tag);

		if (!section.len)
			continue;
		assert_int_equal(segment_check(s, section.ptr, section.len), 0);
		assert_int_equal(buf_add(out, section.ptr, section.len), 0);
	}
	segment_close(s);
}

static void any_budget_gives_the_same_bytes(void **state)
{
	static const size_t budget[] = { 1, 200000, 1000000, 0 };
	uint64_t spilled = 0, joined = 0;

	for (uint64_t round = 0; round < scaled(6); round++) {
		struct model m = random_model(25000);
		struct buf want = {0}, got = {0};

		for (size_t i = 0; i < 4; i++) {
			struct manifest_graph g;
			struct build_note note;
			struct mem mem;

			mem_init(&mem, 0);
			build(&m, *state, budget[i], &g, &note, &mem);
			assert_int_equal(mem.used, 0);
			spilled += note.run_n;
			joined += note.joined;
			buf_clear(&got);
			for (uint32_t k = 0; k < g.segment_n; k++)
				sections_of(*state, &g.segment[k], i ? &got : &want);
			if (i)
				assert_true(bytes_equal(buf_bytes(&want), buf_bytes(&got)));
			else
				compare(&m, *state, &g);
			build_discard(*state, &g);
		}
		buf_release(&want);
		buf_release(&got);
		model_free(&m);
		assert_int_equal(backend_list(*state, "tmp", fail_on_name, NULL), 0);
	}
	print_message("# %" PRIu64 " runs spilled, %" PRIu64 " joins\n", spilled, joined);
	assert_true(scaled(6) < 6 || (spilled > 0 && joined > 0));
}

static void a_small_memory_limit_is_enough_and_kept(void **state)
{
	struct model m = { .kind = STRINGS, .equal = BUILD_KEEP };
	struct manifest_graph g;
	struct build_note note;
	struct mem mem;

	model_make(&m, scaled(200000), 2000000, 3);
	mem_init(&mem, BUILD_MEMORY_LEAST + 4096);
	build(&m, *state, 0, &g, &note, &mem);
	compare(&m, *state, &g);
	build_discard(*state, &g);
	model_free(&m);
}

/* --- searches --- */

static uint32_t *distances(const struct model *m, size_t from, size_t type, bool all)
{
	uint32_t *d = malloc((m->key_n + 1) * sizeof *d);
	bool moved = true;

	memset(d, 0xff, (m->key_n + 1) * sizeof *d);
	d[from] = 0;
	while (moved) {		/* slow and obvious */
		moved = false;
		for (size_t i = 0; i < m->edge_n; i++) {
			const struct edge *e = &m->out[i];

			if ((all || e->type == type) && d[e->src] != UINT32_MAX &&
			    d[e->src] + 1 < d[e->dst]) {
				d[e->dst] = d[e->src] + 1;
				moved = true;
			}
		}
	}
	return d;
}

static bool has_edge(const struct model *m, struct edge e)
{
	return bsearch(&e, m->out, m->edge_n, sizeof e, by_edge) != NULL;
}

static void check_path(const struct model *m, const struct path *p, size_t src, size_t dst)
{
	assert_int_equal(p->step[0].node, src);
	assert_int_equal(p->step[p->n - 1].node, dst);
	for (uint64_t i = 1; i < p->n; i++)
		assert_true(has_edge(m, (struct edge){ .type = p->step[i].type, .src = p->step[i - 1].node,
						       .dst = p->step[i].node }));
}

static void check_ball(struct graph *g, const struct graph_types *types, size_t src,
		       const uint32_t *d, size_t n)
{
	struct bfs b;
	uint64_t met = 0;

	assert_int_equal(bfs_begin(&b, g, CSR_OUT, types, src), 0);
	while (bfs_step(&b) > 0)
		;
	for (uint64_t i = 0; i < b.seen.n; i++)
		assert_int_equal(b.seen.list[i].hop, d[b.seen.list[i].node]);
	for (size_t i = 0; i < n; i++)
		met += d[i] != UINT32_MAX;
	assert_int_equal(b.seen.n, met);
	bfs_end(&b);
}

static void searches(const struct model *m, struct graph *g)
{
	uint32_t type = (uint32_t)rnd(m->name_n);
	bool all = rnd(2);
	struct graph_types types = { &type, 1, all };
	struct path_query query = { .graph = g, .types = types };
	size_t src = rnd(m->key_n);
	uint32_t *d = distances(m, src, type, all);

	for (size_t dst = 0; dst < m->key_n; dst++) {
		struct path p;
		int r = path_find(&p, &query, src, dst);

		assert_int_equal(r, d[dst] != UINT32_MAX);
		if (r) {
			assert_int_equal(p.n, d[dst] + 1);
			check_path(m, &p, src, dst);
		}
		path_release(&p);
	}
	check_ball(g, &types, src, d, m->key_n);
	free(d);
}

static void paths_are_shortest_and_balls_are_whole(void **state)
{
	for (uint64_t round = 0; round < scaled(60); round++) {
		struct model m = random_model(200);
		struct manifest_graph g;
		struct build_note note;
		struct graph *graph;
		struct mem mem;

		mem_init(&mem, 0);
		build(&m, *state, 0, &g, &note, &mem);
		assert_int_equal(graph_open(&graph, *state, store_id, &g, &mem), 0);
		for (int i = 0; i < 5 && m.key_n; i++)
			searches(&m, graph);
		graph_close(graph);
		assert_int_equal(mem.used, 0);
		build_discard(*state, &g);
		model_free(&m);
	}
}

/* --- damage --- */

static void flip(struct backend *b, const char *name, uint64_t bit)
{
	struct file *f;
	uint8_t byte;

	assert_int_equal(backend_open(b, name, FILE_WRITE, &f), 0);
	assert_int_equal(file_read(f, &byte, 1, bit / 8), 0);
	byte ^= (uint8_t)(1u << (bit & 7));
	assert_int_equal(file_write(f, &byte, 1, bit / 8), 0);
	file_close(f);
}

static int count_edge(void *ctx, const struct graph_edge *e)
{
	uint64_t *sum = ctx;

	*sum += hash_mix(e->to + 1, e->type * 4ull + e->way + 11);
	return 0;
}

/* Everything that can be asked, as one number; ERR_DAMAGED or 0. */
static int ask_all(struct backend *b, const struct manifest_graph *g, uint64_t *sum)
{
	const struct graph_types all = { .all = true };
	struct buf key = {0};
	struct bytes name;
	struct graph *graph = NULL;
	uint64_t id;
	int r = graph_open(&graph, b, store_id, g, NULL);

	*sum = 0;
	for (uint64_t i = 0; r == 0 && i < g->node_n; i++) {
		r = dict_key(graph_dict(graph), i, &key);
		if (r == 0) {
			*sum += hash64(i, key.ptr, key.len);
			r = dict_find(graph_dict(graph), buf_bytes(&key), &id);
			*sum += r == 1 ? id : 77777;
			r = r < 0 ? r : 0;
		}
		if (r == 0)
			r = graph_neighbours(graph, i, CSR_BOTH, &all, count_edge, sum);
	}
	for (uint32_t t = 0; r == 0 && t < graph_type_n(graph); t++) {
		r = dict_type(graph_dict(graph), t, &name);
		if (r == 0)
			*sum += hash64(t, name.ptr, name.len);
	}
	graph_close(graph);
	buf_release(&key);
	return r;
}

static void count_fault(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)words;
	++*(int *)ctx;
}

static void a_flipped_bit_is_right_or_damaged(void **state)
{
	uint64_t caught = 0, harmless = 0;

	for (uint64_t round = 0; round < scaled(12); round++) {
		struct model m = random_model(2000);
		struct manifest_graph g;
		struct build_note note;
		uint64_t want, got;
		struct mem mem;

		mem_init(&mem, 0);
		build(&m, *state, 0, &g, &note, &mem);
		assert_int_equal(ask_all(*state, &g, &want), 0);
		for (int i = 0; i < 40; i++) {
			const struct segment_ref *ref = &g.segment[rnd(g.segment_n)];
			uint64_t bit = rnd(8 * ref->bytes);
			char name[SEGMENT_NAME_MAX];
			int r, found = 0;

			segment_name(name, ref->kind, ref->id);
			flip(*state, name, bit);
			r = ask_all(*state, &g, &got);
			if (r == 0)
				assert_int_equal(got, want);
			else
				assert_int_equal(r, ERR_DAMAGED);
			caught += r != 0;
			harmless += r == 0;
			if (r != 0)
				assert_true(check_graph(*state, store_id, &g, &mem,
							count_fault, &found) > 0);
			flip(*state, name, bit);
		}
		build_discard(*state, &g);
		model_free(&m);
	}
	print_message("# %" PRIu64 " caught, %" PRIu64 " harmless\n", caught, harmless);
}

static void a_build_without_memory_says_so_and_leaves_nothing(void **state)
{
	struct model m = random_model(3000);
	uint64_t fail_at = 1, failed = 0;

	for (;; fail_at += 1 + fail_at / 8) {
		struct build_options o = {
			.backend = *state, .store_id = store_id, .budget = 100000,
			.threads = 1 + (unsigned)(fail_at % 3),
		};
		struct manifest_graph g = {0};
		struct build_note note;
		struct build *b;
		struct mem mem;
		int r;

		mem_init(&mem, 0);
		mem.fail_at = fail_at;
		o.mem = &mem;
		r = build_open(&b, &o);
		for (size_t i = 0; r == 0 && i < m.raw_n; i++) {
			struct text_edge e = {
				.src = text_key_of(&m.raw[i][0]),
				.dst = text_key_of(&m.raw[i][1]),
				.type = bytes_of_key(&m.raw[i][2]),
			};

			r = build_add(b, &e);
			if (r < 0)
				build_abort(b);
		}
		if (r == 0)
			r = build_finish(b, &g, &note);
		assert_int_equal(mem.used, 0);
		if (r == 0) {
			build_discard(*state, &g);
			if (mem.count < fail_at)
				break;
			continue;
		}
		assert_int_equal(r, ERR_MEMORY);
		failed++;
		assert_int_equal(backend_list(*state, "tmp", fail_on_name, NULL), 0);
		assert_int_equal(backend_list(*state, "seg", fail_on_name, NULL), 0);
	}
	assert_true(failed > 0);
	model_free(&m);
}

/* --- a device that gives back other bytes than it took --- */

static struct {
	const struct backend_ops *honest;
	uint64_t left;		/* reads of nameless files before the lie */
	bool lied;
} liar;

static ssize_t lying_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	ssize_t n = liar.honest->read(f, buf, len, off);
	bool nameless = !strncmp(f->name, "tmp/spool", 9) || !strncmp(f->name, "tmp/shuffle", 11);

	if (n <= 0 || !nameless || liar.lied || liar.left-- > 0)
		return n;
	((uint8_t *)buf)[rnd((uint64_t)n)] ^= (uint8_t)(1 << rnd(8));
	liar.lied = true;
	return n;
}

/* 0, or what adding or finishing says; ends the build. */
static int build_quietly(const struct model *m, struct backend *b, struct manifest_graph *g)
{
	struct build_options o = {
		.backend = b, .store_id = store_id, .budget = 1, .threads = 1,
		.undirected = m->undirected, .equal = m->equal, .layout = m->layout,
		.drop_loops = m->drop_loops,
	};
	struct build_note note;
	struct part p = { .m = m, .chunk = 100, .threads = 1 };
	int r;

	memset(g, 0, sizeof *g);
	assert_int_equal(build_open(&p.build, &o), 0);
	assert_int_equal(add_lone(p.build, m, 0, 1), 0);
	r = add_part(&p, 0);
	if (r == 0)
		return build_finish(p.build, g, &note);
	build_abort(p.build);
	return r;
}

static void what_tmp_gives_back_otherwise_is_damage(void **state)
{
	struct backend *b = *state;
	struct backend_ops lying = *b->ops;
	uint64_t caught = 0, harmless = 0;

	lying.read = lying_read;
	liar.honest = b->ops;
	for (uint64_t round = 0; round < scaled(4); round++) {
		struct model m = random_model(20000);

		b->ops = &lying;
		for (uint64_t left = 0;; left += 1 + left / 4) {
			struct manifest_graph g;
			int r;

			liar.left = left;
			liar.lied = false;
			r = build_quietly(&m, b, &g);
			assert_true(r == 0 || r == ERR_DAMAGED);
			caught += r != 0;
			if (r == 0) {	/* into what no page carries, or not at all */
				compare(&m, b, &g);
				harmless += liar.lied;
				build_discard(b, &g);
			}
			if (!liar.lied)
				break;
		}
		b->ops = liar.honest;
		model_free(&m);
	}
	print_message("# %" PRIu64 " caught, %" PRIu64 " harmless\n", caught, harmless);
	assert_true(caught > 0 && harmless * 20 <= caught);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_choice_gives_what_the_model_says,
						setup, teardown),
		cmocka_unit_test_setup_teardown(any_budget_gives_the_same_bytes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_small_memory_limit_is_enough_and_kept,
						setup, teardown),
		cmocka_unit_test_setup_teardown(paths_are_shortest_and_balls_are_whole,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_tmp_gives_back_otherwise_is_damage,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_bit_is_right_or_damaged,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_build_without_memory_says_so_and_leaves_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
