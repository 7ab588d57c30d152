/* tests/unit/compare.c - what differs between two graphs, against a plain model
 *
 * Two models, arrays of nodes and of edges, become two graphs of one store: built whole,
 * or built as another and changed, folded or not, in any layout.  The operations that are
 * said must be those that the models differ by, no more, and make the first model the
 * second; committed, they leave nothing that differs.
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
#include "graph/compare.h"
#include "graph/delta_fold.h"
#include "graph/literal_code.h"
#include "graph/update.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define NODES 11u
#define TYPES 2u
#define NAMES 4u		/* of properties; the last is an edge's weight */
#define LABELS 2u
#define KINDS 5u		/* of values; 0 is none */

static uint64_t seed, turn;

static uint64_t rnd(uint64_t n)
{
	return hash_u64(seed + turn++) % n;
}

struct said {
	uint8_t value[NAMES], labels;
};

struct model {
	bool undirected, numbers;
	uint8_t seldom;			/* one of so many possible edges is there */
	bool node[NODES], edge[TYPES][NODES][NODES];
	struct said of_node[NODES], of_edge[TYPES][NODES][NODES];
};

/* --- names --- */

static struct bytes key_of(const struct model *m, uint64_t i, char out[40])
{
	bool number = m->numbers && i % 4;

	return bytes_of(out, (size_t)(number ? snprintf(out, 40, "%" PRIu64, 7 * i) :
				      snprintf(out, 40, "%c k%" PRIu64, (char)('z' - i), i)));
}

static struct bytes type_of(uint64_t t)
{
	return bytes_str(t ? "knows" : "");
}

static struct bytes label_of(unsigned i)
{
	return bytes_str(i ? "B b" : "A");
}

static struct bytes name_of(unsigned i)
{
	static const char *const name[NAMES] = { "", "age", "z", "weight" };

	return bytes_str(i ? name[i] : "!");
}

static uint32_t values_of(unsigned name, unsigned kind, struct property out[2])
{
	out[0] = out[1] = (struct property){ .name = name_of(name) };
	out[0].value = (struct literal){ .kind = LITERAL_INTEGER, .i = (int64_t)kind };
	out[1].value = (struct literal){ .kind = LITERAL_STRING, .text = bytes_str("two") };
	if (kind == 4 && name != NAMES - 1)	/* the first of them is another's only one */
		out[0].value.i = 1;
	if (kind == 3)
		out[0].value = (struct literal){ .kind = LITERAL_STRING,
			.text = bytes_str("3") };
	return kind == 4 && name != NAMES - 1 ? 2 : 1;
}

/* Numbers only, where it is a weight. */
static uint8_t random_kind(unsigned name)
{
	static const uint8_t weight[] = { 1, 2, 4 };

	return name == NAMES - 1 ? weight[rnd(3)] : (uint8_t)(1 + rnd(KINDS - 1));
}

/* --- models --- */

static void random_said(struct said *s, bool edge)
{
	memset(s, 0, sizeof *s);
	s->labels = edge || rnd(2) ? 0 : (uint8_t)rnd(1 << LABELS);
	for (unsigned i = 0; i < NAMES - !edge; i++)
		s->value[i] = rnd(3) ? 0 : random_kind(i);
}

static void random_edge(struct model *m, uint64_t t, uint64_t i, uint64_t k)
{
	if (m->undirected && i > k)
		return;
	m->edge[t][i][k] = rnd(m->seldom) == 0;
	memset(&m->of_edge[t][i][k], 0, sizeof m->of_edge[t][i][k]);
	if (!m->edge[t][i][k])
		return;
	random_said(&m->of_edge[t][i][k], true);
	m->node[i] = m->node[k] = true;
}

static void random_model(struct model *m, uint64_t seldom)
{
	for (uint64_t i = 0; i < NODES; i++) {
		if (rnd(seldom))
			continue;
		m->node[i] = rnd(3) > 0;
		random_said(&m->of_node[i], false);
		for (uint64_t x = 0; !m->node[i] && x < TYPES * NODES; x++)
			m->edge[x / NODES][i][x % NODES] =
				m->edge[x / NODES][x % NODES][i] = false;
	}
	for (uint64_t x = 0; x < TYPES * NODES * NODES; x++)
		if (rnd(seldom) == 0)
			random_edge(m, x / NODES / NODES, x / NODES % NODES, x % NODES);
	for (uint64_t i = 0; i < NODES; i++)
		if (!m->node[i])
			memset(&m->of_node[i], 0, sizeof m->of_node[i]);
	for (uint64_t x = 0; x < TYPES * NODES * NODES; x++)
		if (!m->edge[x / NODES / NODES][x / NODES % NODES][x % NODES])
			memset(&m->of_edge[x / NODES / NODES][x / NODES % NODES][x % NODES], 0,
			       sizeof(struct said));
}

static bool is_edged(const struct model *m, uint64_t i)
{
	bool edged = false;

	for (uint64_t x = 0; x < TYPES * NODES; x++)
		edged |= m->edge[x / NODES][i][x % NODES] | m->edge[x / NODES][x % NODES][i];
	return edged;
}

static bool says(const struct said *s)
{
	static const struct said none;

	return memcmp(s, &none, sizeof none) != 0;
}

/* --- a graph out of a model --- */

struct words {
	struct property prop[2 * NAMES];
	struct bytes label[LABELS];
	uint32_t prop_n, label_n;
};

static void words_of(struct words *w, const struct said *s, bool with_weight)
{
	w->prop_n = w->label_n = 0;
	for (unsigned i = 0; i < NAMES - !with_weight; i++)
		if (s->value[i])
			w->prop_n += values_of(i, s->value[i], w->prop + w->prop_n);
	for (unsigned i = 0; i < LABELS; i++)
		if (s->labels >> i & 1)
			w->label[w->label_n++] = label_of(i);
}

static struct text_key text_key_of(struct bytes key)
{
	struct text_key k = { .bytes = key };

	k.is_number = text_number(key, &k.number);
	return k;
}

static void add_edge(struct build *b, const struct model *m, uint64_t t, uint64_t i, uint64_t k,
		     uint64_t at)
{
	const struct said *s = &m->of_edge[t][i][k];
	struct text_edge e = { .type = type_of(t) };
	char from[40], to[40];
	struct words w;

	words_of(&w, s, false);
	e.src = text_key_of(key_of(m, i, from));
	e.dst = text_key_of(key_of(m, k, to));
	e.prop = w.prop;
	e.prop_n = w.prop_n;
	if (s->value[NAMES - 1])
		e.value = (struct text_value){ .kind = TEXT_INTEGER, .i = s->value[NAMES - 1] };
	must(build_add_texts(b, &e, 1, at));
}

static void add_all(struct build *b, const struct model *m)
{
	uint64_t at = 0;

	for (uint64_t i = 0; i < NODES; i++) {
		struct text_edge e = {0};
		struct words w;
		char key[40];

		words_of(&w, &m->of_node[i], false);
		e.src = text_key_of(key_of(m, i, key));
		e.prop = w.prop;
		e.prop_n = w.prop_n;
		e.label = w.label;
		e.label_n = w.label_n;
		if (m->node[i])
			must(build_add_text_node(b, &e, at++));
	}
	for (uint64_t x = 0; x < TYPES * NODES * NODES; x++)
		if (m->edge[x / NODES / NODES][x / NODES % NODES][x % NODES])
			add_edge(b, m, x / NODES / NODES, x / NODES % NODES, x % NODES, at++);
}

struct publish {
	struct manifest_graph g;
	const char *name;
};

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct publish *p = ctx;

	strcpy(p->g.name, p->name);
	p->g.version = p->g.folded = version;
	p->g.space = m->next_space++;
	return manifest_add_graph(m, &p->g);
}

static void make(struct store *s, const char *name, const struct model *m)
{
	static const enum csr_layout layouts[] = { CSR_PACKED, CSR_RAW, CSR_COO };
	struct build_options o = {
		.backend = store_backend(s), .store_id = store_id(s), .mem = store_mem(s),
		.threads = 1, .budget = 1 << 20, .undirected = m->undirected,
		.layout = layouts[rnd(3)],
	};
	struct publish p = { .name = name };
	struct build_note note;
	struct build *b;
	uint64_t version;

	must(store_build_begin(s));
	must(build_open(&b, &o));
	add_all(b, m);
	must(build_finish(b, &p.g, &note));
	must(store_publish(s, publish, &p, &version));
	store_build_end(s);
}

/* What makes WAS the model IS, said at length. */
static void change_node(struct update *u, const struct model *was, const struct model *is,
			uint64_t i)
{
	struct update_op op = { .kind = UPDATE_DEL_NODE, .cascade = true };
	struct words w;
	char key[40];

	op.node = key_of(is, i, key);
	if (was->node[i])
		must(update_add(u, &op));
	if (!is->node[i])
		return;
	words_of(&w, &is->of_node[i], false);
	op = (struct update_op){ .kind = UPDATE_NODE, .node = op.node, .prop = w.prop,
		.prop_n = w.prop_n, .label = w.label, .label_n = w.label_n };
	must(update_add(u, &op));
}

static void change_edge(struct update *u, const struct model *m, uint64_t t, uint64_t i,
			uint64_t k)
{
	struct update_op op = { .kind = UPDATE_EDGE, .type = type_of(t) };
	char from[40], to[40];
	struct words w;

	if (!m->edge[t][i][k])
		return;
	words_of(&w, &m->of_edge[t][i][k], true);
	op.node = key_of(m, i, from);
	op.to = key_of(m, k, to);
	op.prop = w.prop;
	op.prop_n = w.prop_n;
	must(update_add(u, &op));
}

/* Nodes that differ are made anew, and so all edges. */
static void change(struct store *s, const char *name, const struct model *was,
		   const struct model *is)
{
	struct update_done done;
	struct update *u;

	must(update_open(&u, s, name));
	for (uint64_t i = 0; i < NODES; i++)
		change_node(u, was, is, i);
	for (uint64_t x = 0; x < TYPES * NODES * NODES; x++)
		change_edge(u, is, x / NODES / NODES, x / NODES % NODES, x % NODES);
	must(update_commit(u, &done));
	update_close(u);
	if (rnd(3) == 0)
		assert_true(delta_fold(s, name) >= 0);
}

/* Built as it is, or as another and changed. */
static void make_somehow(struct store *s, const char *name, const struct model *m)
{
	struct model other = *m;

	if (rnd(2)) {
		make(s, name, m);
		return;
	}
	random_model(&other, 1 + rnd(4));
	make(s, name, &other);
	change(s, name, &other, m);
}

/* --- what is said --- */

struct heard {
	struct model now;		/* the first model, operation by operation */
	const struct model *is;
	struct update *u;		/* to the graph itself */
	uint64_t node_n, edge_n;	/* operations */
};

static uint64_t node_of(const struct model *m, struct bytes key)
{
	char text[40];

	for (uint64_t i = 0; i < NODES; i++)
		if (bytes_equal(key_of(m, i, text), key))
			return i;
	fail();
	return 0;
}

static uint8_t kind_of(unsigned name, const struct property *p, uint32_t n)
{
	for (unsigned kind = 1; kind < KINDS; kind++) {
		struct property want[2];

		if (values_of(name, kind, want) != n ||
		    (name == NAMES - 1 ? literal_compare(&p->value, &want->value) != LITERAL_SAME :
		     !literal_equal(&p->value, &want->value)))
			continue;
		assert_true(n == 1 || literal_equal(&p[1].value, &want[1].value));
		return (uint8_t)kind;
	}
	fail();
	return 0;
}

/* Each word of it changes something. */
static void hear_said(struct said *s, const struct update_op *op)
{
	for (unsigned i = 0; i < NAMES; i++) {
		uint32_t n = 0, at = 0;

		for (uint32_t k = 0; k < op->unset_n; k++)
			if (bytes_equal(op->unset[k], name_of(i))) {
				assert_int_not_equal(s->value[i], 0);
				s->value[i] = 0;
			}
		for (uint32_t k = 0; k < op->prop_n; k++)
			if (bytes_equal(op->prop[k].name, name_of(i)) && n++ == 0)
				at = k;
		if (n == 0)
			continue;
		assert_int_not_equal(s->value[i], kind_of(i, op->prop + at, n));
		s->value[i] = kind_of(i, op->prop + at, n);
	}
	for (unsigned i = 0; i < LABELS; i++) {
		for (uint32_t k = 0; k < op->label_n; k++)
			if (bytes_equal(op->label[k], label_of(i))) {
				assert_false(s->labels >> i & 1);
				s->labels |= (uint8_t)(1 << i);
			}
		for (uint32_t k = 0; k < op->unlabel_n; k++)
			if (bytes_equal(op->unlabel[k], label_of(i))) {
				assert_true(s->labels >> i & 1);
				s->labels &= (uint8_t)~(1 << i);
			}
	}
}

static void hear_gone(struct model *m, uint64_t i)
{
	assert_true(m->node[i]);
	m->node[i] = false;
	memset(&m->of_node[i], 0, sizeof m->of_node[i]);
	for (uint64_t x = 0; x < TYPES * NODES; x++) {
		uint64_t t = x / NODES, k = x % NODES;

		m->edge[t][i][k] = m->edge[t][k][i] = false;
		memset(&m->of_edge[t][i][k], 0, sizeof(struct said));
		memset(&m->of_edge[t][k][i], 0, sizeof(struct said));
	}
}

static void hear_edge(struct model *m, const struct update_op *op)
{
	uint64_t a = node_of(m, op->node), b = node_of(m, op->to), t = op->type.len > 0;
	bool turned = m->undirected && a > b;
	uint64_t i = turned ? b : a, k = turned ? a : b;

	assert_true(bytes_equal(op->type, type_of(t)));
	if (op->kind == UPDATE_DEL_EDGE) {
		assert_true(m->edge[t][i][k]);
		m->edge[t][i][k] = false;
		memset(&m->of_edge[t][i][k], 0, sizeof(struct said));
		return;
	}
	assert_true(!m->edge[t][i][k] || op->prop_n + op->unset_n > 0);
	m->edge[t][i][k] = m->node[i] = m->node[k] = true;
	hear_said(&m->of_edge[t][i][k], op);
}

static int hear(void *ctx, const struct update_op *op)
{
	struct heard *h = ctx;
	bool edge = op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE;

	h->edge_n += edge;
	h->node_n += !edge;
	if (edge) {
		hear_edge(&h->now, op);
	} else if (op->kind == UPDATE_DEL_NODE) {
		assert_true(op->cascade);
		hear_gone(&h->now, node_of(h->is, op->node));
	} else {
		uint64_t i = node_of(h->is, op->node);

		h->now.node[i] = true;
		hear_said(&h->now.of_node[i], op);
	}
	if (h->u)
		must(update_add(h->u, op));
	return 0;
}

/* How many there have to be: a node that nothing names but itself is said when it was
 * not, or was by its edges. */
static void count_nodes(const struct model *was, const struct model *is, uint64_t *n)
{
	*n = 0;
	for (uint64_t i = 0; i < NODES; i++) {
		bool bare = is->node[i] && !says(&is->of_node[i]) && !is_edged(is, i);

		if (was->node[i] && !is->node[i])
			++*n;
		else if (is->node[i] && memcmp(&was->of_node[i], &is->of_node[i],
					       sizeof(struct said)))
			++*n;
		else if (bare && (!was->node[i] || is_edged(was, i)))
			++*n;
	}
}

static void count_edges(const struct model *was, const struct model *is, uint64_t *n)
{
	*n = 0;
	for (uint64_t x = 0; x < TYPES * NODES * NODES; x++) {
		uint64_t t = x / NODES / NODES, i = x / NODES % NODES, k = x % NODES;
		bool goes = was->edge[t][i][k] && !is->edge[t][i][k];

		*n += goes ? is->node[i] && is->node[k] : is->edge[t][i][k] &&
			(!was->edge[t][i][k] || memcmp(&was->of_edge[t][i][k],
						       &is->of_edge[t][i][k],
						       sizeof(struct said)));
	}
}

static void compare(struct store *s, struct heard *h)
{
	struct graph *a, *b;
	struct snapshot *v;

	must(store_snapshot(s, &v));
	must(graph_open_changed(&a, s, v, manifest_find_graph(snapshot_manifest(v), "was")));
	must(graph_open_changed(&b, s, v, manifest_find_graph(snapshot_manifest(v), "is")));
	must(compare_graphs(a, b, hear, h));
	graph_close(a);
	graph_close(b);
	snapshot_close(v);
}

static void check_pair(struct store *s, const struct model *was, const struct model *is)
{
	struct heard h = { .now = *was, .is = is }, again = { .now = *is, .is = is };
	struct update_done done;
	uint64_t node_n, edge_n;

	make_somehow(s, "was", was);
	make_somehow(s, "is", is);
	must(update_open(&h.u, s, "was"));
	compare(s, &h);
	assert_memory_equal(&h.now, is, sizeof *is);
	count_nodes(was, is, &node_n);
	count_edges(was, is, &edge_n);
	assert_int_equal(h.node_n, node_n);
	assert_int_equal(h.edge_n, edge_n);
	must(update_commit(h.u, &done));
	update_close(h.u);
	compare(s, &again);
	assert_int_equal(again.node_n + again.edge_n, 0);
}

static void what_differs_is_said_and_no_more(void **state)
{
	(void)state;
	for (unsigned round = 0; round < scaled(60); round++) {
		struct model *was = calloc(1, sizeof *was), *is = calloc(1, sizeof *is);
		const struct store_options o = { .write = true, .wait_ns = 1000000000 };
		struct backend *b;
		struct store *s;

		must(backend_mem(&b));
		must(store_create_on(b, bytes_str("log_size = 1M\n")));
		must(store_open_on(&s, b, &o));
		was->undirected = round & 1;
		was->numbers = round & 2;
		was->seldom = (uint8_t)(4 + rnd(80));
		random_model(was, 1);
		*is = *was;
		if (round % 5)		/* else they are equal */
			random_model(is, 1 + rnd(12));
		check_pair(s, was, is);
		store_close(s);
		backend_close(b);
		free(was);
		free(is);
	}
}

static int setup(void **state)
{
	const char *s = getenv("STRATO_TEST_SEED");

	(void)state;
	seed = s ? strtoull(s, NULL, 0) : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_differs_is_said_and_no_more, setup),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
