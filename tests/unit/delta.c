/* tests/unit/delta.c - graphs with changes laid over them, against a plain model
 *
 * The model is an array of nodes and one of edges.  A graph is built from it, then
 * batches of random changes go into the store, as commits of entries, and into the
 * model; after each batch the graph, opened afresh, is asked all that a dictionary and
 * lists can be asked, in both directions, and must say what the model says.  In between
 * the log is folded, runs are merged, and the graph is built anew from the model with
 * `folded` moved on, as compact does.
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
#include "graph/convert.h"
#include "graph/delta.h"
#include "graph/delta_fold.h"
#include "graph/dict_more.h"
#include "graph/graph.h"
#include "graph/label.h"
#include "graph/rebuild.h"
#include "graph/walk/wcc.h"
#include "io/backend.h"
#include "io/fault.h"
#include "store/store.h"
#include "store/tail.h"
#include "tests/lib/kit.h"

#define NODES 90u		/* keys there can be */
#define TYPES 4u
#define SPACE 1u

static uint64_t seed, turn;

static uint64_t rnd(uint64_t n)
{
	return hash_u64(seed + turn++) % n;
}

enum keys { NUMBERS, STRINGS, MIXED, KEYS_N };

struct edge {
	bool there, base;		/* base: the segments have it */
	enum csr_values kind;		/* of the weight its change has */
	int weight;			/* in quarters */
	int tag;			/* of its state; 0: none */
};

struct model {
	struct backend *backend;
	struct store *store;
	enum keys keys;
	bool undirected, real;
	enum csr_layout layout;
	enum dict_order order;
	enum csr_values stored, values;	/* in the segments; of the graph as it is now */
	bool named[NODES];		/* there of its own, not by an edge alone */
	uint64_t cut[NODES];		/* what its next entry has to say of edges gone */
	int tag[NODES];
	struct edge edge[TYPES][NODES][NODES];
	bool type[TYPES];		/* known to the segments */
	uint64_t version;
};

/* --- names --- */

static struct bytes key_of(const struct model *m, uint64_t i, char out[40])
{
	bool number = m->keys == NUMBERS || (m->keys == MIXED && i % 3);

	return bytes_of(out, (size_t)(number ? snprintf(out, 40, "%" PRIu64, i * i * 3 + 7) :
				      snprintf(out, 40, "%c/node \x01%" PRIu64,
					       (char)('a' + i % 5), i * 7)));
}

static struct bytes type_of(uint32_t t)
{
	static const char *const name[TYPES] = { "", "knows", "b", "zz" };

	return bytes_str(name[t]);
}

static bool has_edge(const struct model *m, uint64_t node)
{
	for (uint32_t t = 0; t < TYPES; t++)
		for (uint64_t i = 0; i < NODES; i++)
			if (m->edge[t][node][i].there || m->edge[t][i][node].there)
				return true;
	return false;
}

static bool is_there(const struct model *m, uint64_t node)
{
	return m->named[node] || has_edge(m, node);
}

static struct edge *edge_of(struct model *m, uint32_t t, uint64_t from, uint64_t to)
{
	return m->undirected && from > to ? &m->edge[t][to][from] : &m->edge[t][from][to];
}

/* --- built --- */

static void add_text(struct build *b, const struct model *m, uint32_t t, uint64_t from,
		     uint64_t to)
{
	const struct edge *e = &m->edge[t][from][to];
	char src[40], dst[40];
	struct text_edge x = { .type = type_of(t) };

	x.src.bytes = key_of(m, from, src);
	x.dst.bytes = key_of(m, to, dst);
	x.src.is_number = text_number(x.src.bytes, &x.src.number);
	x.dst.is_number = text_number(x.dst.bytes, &x.dst.number);
	if (m->values == CSR_INTEGERS)
		x.value = (struct text_value){ .kind = TEXT_INTEGER, .i = e->weight / 4 };
	if (m->values == CSR_REALS)
		x.value = (struct text_value){ .kind = TEXT_REAL, .r = e->weight / 4.0 };
	must(build_add(b, &x));
}

static void add_all(struct build *b, struct model *m)
{
	char name[40];

	for (uint64_t i = 0; i < NODES; i++) {
		struct text_key key = { .bytes = key_of(m, i, name) };

		key.is_number = text_number(key.bytes, &key.number);
		if (is_there(m, i))
			must(build_add_node(b, &key));
	}
	for (uint32_t t = 0; t < TYPES; t++)
		for (uint64_t i = 0; i < NODES; i++)
			for (uint64_t k = 0; k < NODES; k++)
				if (m->edge[t][i][k].there)
					add_text(b, m, t, i, k);
}

static struct manifest_graph build(struct model *m)
{
	struct build_options o = {
		.backend = store_backend(m->store), .store_id = store_id(m->store),
		.mem = store_mem(m->store), .threads = 1, .undirected = m->undirected,
		.layout = m->layout, .budget = 1 << 20,
	};
	struct convert_options c = {
		.backend = o.backend, .store_id = o.store_id, .mem = o.mem,
		.layout = m->layout, .order = m->order, .threads = 1,
	};
	struct manifest_graph g = {0}, given;
	struct build_note note;
	struct graph *open;
	struct build *b;

	must(build_open(&b, &o));
	add_all(b, m);
	must(build_finish(b, &g, &note));
	if (m->order != DICT_BY_KEY) {
		given = g;
		must(graph_open(&open, o.backend, o.store_id, &given, o.mem));
		must(convert_graph(open, &c, &g));
		graph_close(open);
		build_discard(o.backend, &given);
	}
	return g;
}

struct publish {
	struct manifest_graph g;
	uint64_t folded;
};

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct publish *p = ctx;

	strcpy(p->g.name, "g");
	p->g.version = version;
	p->g.space = SPACE;
	p->g.folded = p->folded;
	m->next_space = SPACE + 1;
	manifest_drop_graph(m, "g");
	return manifest_add_graph(m, &p->g);
}

static bool has_types(const struct model *m)
{
	for (uint32_t t = 0; t < TYPES; t++)
		if (m->type[t])
			return true;
	return false;
}

/* The graph once more, as compact makes it: out of itself and its changes. */
static struct manifest_graph rebuild(struct model *m)
{
	struct build_options o = {
		.backend = store_backend(m->store), .store_id = store_id(m->store),
		.mem = store_mem(m->store), .threads = 1, .budget = 1 << 20,
	};
	struct manifest_graph out = {0};
	struct build_note note;
	struct snapshot *v;
	struct graph *g;
	struct build *b;
	uint64_t at = 0;

	must(store_snapshot(m->store, &v));
	must(graph_open_changed(&g, m->store, v,
				manifest_find_graph(snapshot_manifest(v), "g")));
	rebuild_options(g, &o);
	must(build_open(&b, &o));
	must(rebuild_feed(g, b, &at, NULL, NULL));
	must(build_finish(b, &out, &note));
	assert_int_equal(out.node_n, graph_entry(g)->node_n);
	assert_int_equal(out.edge_n, graph_entry(g)->edge_n);
	graph_close(g);
	snapshot_close(v);
	return out;
}

/* The segments anew, from the model, or FROM_ITSELF, with all that was committed. */
static void build_and_publish(struct model *m, bool from_itself)
{
	struct publish p = { .folded = m->version };
	uint64_t version;

	must(store_build_begin(m->store));
	p.g = from_itself ? rebuild(m) : build(m);
	must(store_publish(m->store, publish, &p, &version));
	store_build_end(m->store);
	store_tidy(m->store);
	for (uint64_t i = 0; i < NODES; i++) {
		m->named[i] = is_there(m, i);
		m->cut[i] = 0;
	}
	for (uint32_t t = 0; t < TYPES; t++) {
		m->type[t] = false;
		for (uint64_t i = 0; i < NODES * NODES; i++) {
			struct edge *e = &m->edge[t][i / NODES][i % NODES];

			e->base = e->there;
			e->kind = CSR_NO_VALUES;
			m->type[t] |= e->there;
		}
	}
	m->stored = has_types(m) ? m->values : CSR_NO_VALUES;
}

static void random_model(struct model *m)
{
	const uint64_t edge_n = rnd(6) ? rnd(700) : 0;

	m->keys = (enum keys)rnd(KEYS_N);
	m->undirected = rnd(2);
	m->layout = (enum csr_layout)(CSR_RAW + rnd(3));
	m->order = (enum dict_order)rnd(2);
	m->values = (enum csr_values)rnd(3);
	m->real = rnd(2);
	for (uint64_t i = 0; i < NODES; i++)
		m->named[i] = rnd(3);
	for (uint64_t i = 0; i < edge_n; i++) {
		struct edge *e = edge_of(m, (uint32_t)rnd(TYPES - 1), rnd(NODES) * rnd(2),
					 rnd(NODES));

		e->there = true;
		e->weight = !m->values ? 4 : m->values == CSR_REALS ? (int)rnd(99) - 9 :
			4 * ((int)rnd(9) - 2);
	}
}

/* --- changed --- */

/* Values of a graph that had none become 1, integers become reals. */
static void find_values(struct model *m)
{
	m->values = m->stored;
	for (uint32_t t = 0; t < TYPES; t++)
		for (uint64_t i = 0; i < NODES * NODES; i++) {
			const struct edge *e = &m->edge[t][i / NODES][i % NODES];

			if (e->there && e->kind > m->values)
				m->values = e->kind;
		}
}

#define ENTRIES 256u

struct batch {
	struct model *m;
	struct buf key[ENTRIES], value[ENTRIES];	/* what will be committed */
	size_t n;
	uint64_t version;		/* that it will have */
	bool node[NODES], edge[TYPES][NODES][NODES];	/* it has a say of them */
};

static void put(struct batch *b, const struct change *c)
{
	assert_true(b->n < ENTRIES);
	must(change_key(&b->key[b->n], c));
	must(change_value(&b->value[b->n], c));
	b->n++;
}

static int commit(struct store *s, const struct batch *b, uint64_t *version)
{
	struct txn *t;
	int r = txn_begin(&t, s);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = txn_put(t, SPACE, buf_bytes(&b->key[i]), buf_bytes(&b->value[i]), 0);
	if (r == 0)
		r = txn_commit(t, version);
	txn_abort(t);
	return r;
}

static void change_node(struct batch *b)
{
	struct model *m = b->m;
	uint64_t node = rnd(NODES);
	struct property prop = { bytes_str("tag"), { .kind = LITERAL_INTEGER } };
	struct bytes label = bytes_str("L");
	char name[40];
	struct change c = { .node = key_of(m, node, name),
			    .state = (enum change_state)(1 + rnd(3)) };

	if (b->node[node])
		return;
	b->node[node] = true;
	m->named[node] = c.state == CHANGE_THERE;
	m->tag[node] = c.state == CHANGE_THERE ? (int)rnd(1000) : 0;
	prop.value.i = m->tag[node];
	if (m->tag[node]) {
		c.label = &label;
		c.prop = &prop;
		c.label_n = c.prop_n = 1;
	}
	if (c.state != CHANGE_GONE_CASCADE)
		c.cut = m->cut[node];
	m->cut[node] = c.state == CHANGE_GONE_CASCADE ? b->version : c.cut;
	put(b, &c);
	for (uint32_t t = 0; c.state == CHANGE_GONE_CASCADE && t < TYPES; t++)
		for (uint64_t i = 0; i < NODES; i++) {
			if (!b->edge[t][node][i])
				m->edge[t][node][i].there = false;
			if (!b->edge[t][i][node])
				m->edge[t][i][node].there = false;
		}
}

static void weigh(struct model *m, struct edge *e, struct change *c, struct property *p)
{
	e->weight = 4;
	e->kind = rnd(4) && !m->stored ? CSR_NO_VALUES : rnd(2) && m->real ? CSR_REALS :
		CSR_INTEGERS;
	if (e->kind == CSR_NO_VALUES)
		return;
	*p = (struct property){ bytes_str("weight"), { .kind = LITERAL_INTEGER } };
	p->value.i = (int)rnd(30) - 10;
	e->weight = 4 * (int)p->value.i;
	if (e->kind == CSR_REALS) {
		e->weight = (int)rnd(90) - 10;
		p->value.kind = LITERAL_DOUBLE;
		p->value.r = e->weight / 4.0;
	}
	c->prop_n++;
}

static void change_edge(struct batch *b)
{
	struct model *m = b->m;
	uint32_t t = (uint32_t)rnd(TYPES);
	uint64_t from = rnd(3) ? rnd(NODES) : 3, to = rnd(9) ? rnd(NODES) : from;
	struct property prop[2] = {{ bytes_str("tag"), { .kind = LITERAL_INTEGER } }};
	char src[40], dst[40];
	struct change c = {
		.edge = true, .node = key_of(m, from, src), .to = key_of(m, to, dst),
		.type = type_of(t), .state = rnd(3) ? CHANGE_THERE : CHANGE_GONE, .prop = prop,
	};
	struct edge *e = edge_of(m, t, from, to);
	bool *said = &b->edge[t][m->undirected && from > to ? to : from]
				[m->undirected && from > to ? from : to];

	if (*said)
		return;
	*said = true;
	e->there = c.state == CHANGE_THERE;
	e->tag = e->there ? (int)rnd(1000) : 0;
	e->kind = CSR_NO_VALUES;
	if (e->there) {
		prop[0].value.i = e->tag;
		c.prop_n = e->tag > 0;
		weigh(m, e, &c, &prop[c.prop_n]);
	}
	put(b, &c);
}

/* Into the model, and what has to be committed for it. */
static struct batch *think_of_some(struct model *m)
{
	struct batch *b = calloc(1, sizeof *b);
	uint64_t n = 1 + rnd(rnd(4) ? 6 : 200);

	b->m = m;
	/* a version is the commit's number, and these commits are alone */
	b->version = m->version + 1;
	while (n--)
		if (rnd(4))
			change_edge(b);
		else
			change_node(b);
	find_values(m);
	return b;
}

static void committed(struct batch *b, uint64_t version)
{
	b->m->version = version;
	for (uint64_t i = 0; i < NODES; i++)
		if (b->m->cut[i] == b->version)
			b->m->cut[i] = version;
}

static void forget(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		buf_release(&b->key[i]);
		buf_release(&b->value[i]);
	}
	free(b);
}

static void change_some(struct model *m)
{
	struct batch *b = think_of_some(m);
	uint64_t version;

	must(commit(m->store, b, &version));
	committed(b, version);
	forget(b);
}

/* --- asked --- */

struct asked {
	struct model *m;
	struct graph *g;
	uint64_t id[NODES];
	int node[2 * NODES];		/* of an id; -1: none */
	uint64_t id_n;
};

static void check_dict(struct asked *a)
{
	struct dict *d = graph_dict(a->g);
	struct buf key = {0}, before = {0};
	uint64_t n = 0, id, place;
	char name[40];

	a->id_n = dict_id_n(d);
	assert_true(a->id_n <= 2 * NODES);
	for (size_t i = 0; i < 2 * NODES; i++)
		a->node[i] = -1;
	for (uint64_t i = 0; i < NODES; i++) {
		int r = dict_find(d, key_of(a->m, i, name), &a->id[i]);

		assert_int_equal(r, is_there(a->m, i));
		if (r == 0)
			continue;
		n++;
		assert_true(a->id[i] < a->id_n && a->node[a->id[i]] < 0);
		a->node[a->id[i]] = (int)i;
		must(dict_key(d, a->id[i], &key));
		assert_true(bytes_equal(buf_bytes(&key), key_of(a->m, i, name)));
		must(dict_place_of(d, a->id[i], &place));
		must(dict_at(d, place, &id));
		assert_int_equal(id, a->id[i]);
		must(dict_place(d, buf_bytes(&key), &id));
		assert_int_equal(id, place);
	}
	assert_int_equal(dict_key_n(d), n);
	assert_int_equal(graph_count(a->g), n);
	for (place = 0; place < n; place++) {
		must(dict_at(d, place, &id));
		assert_true(a->node[id] >= 0);
		must(dict_key(d, id, &key));
		if (place)
			assert_true(dict_compare(d, buf_bytes(&before), buf_bytes(&key)) < 0);
		buf_clear(&before);
		must(buf_add(&before, key.ptr, key.len));
	}
	buf_release(&key);
	buf_release(&before);
}

/* Of all keys there could be, those before this one. */
static void check_places(struct asked *a)
{
	struct dict *d = graph_dict(a->g);
	char name[40], other[40];
	uint64_t place, n;

	for (uint64_t i = 0; i < NODES; i++) {
		must(dict_place(d, key_of(a->m, i, name), &place));
		n = 0;
		for (uint64_t k = 0; k < NODES; k++)
			n += is_there(a->m, k) && dict_compare(d, key_of(a->m, k, other),
							       key_of(a->m, i, name)) < 0;
		assert_int_equal(place, n);
	}
}

/* The id of a model's type, or -1. */
static int64_t check_type(struct asked *a, uint32_t t)
{
	struct dict *d = graph_dict(a->g);
	struct bytes name;
	uint32_t id;

	bool known = a->m->type[t];

	for (uint64_t i = 0; !known && i < NODES * NODES; i++)
		known = a->m->edge[t][i / NODES][i % NODES].there;
	assert_int_equal(dict_find_type(d, type_of(t), &id), known);
	if (!known)
		return -1;
	must(dict_type(d, id, &name));
	assert_true(bytes_equal(name, type_of(t)));
	return id;
}

struct want {
	uint64_t to;
	int weight;
};

static int by_to(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	return (x->to > y->to) - (x->to < y->to);
}

static uint64_t wanted(struct asked *a, uint32_t t, enum csr_direction way, uint64_t node,
		       struct want *out)
{
	struct model *m = a->m;
	uint64_t n = 0;

	for (uint64_t i = 0; i < NODES; i++) {
		struct edge *e = m->undirected ? edge_of(m, t, node, i) :
			way == CSR_OUT ? &m->edge[t][node][i] : &m->edge[t][i][node];

		if (e->there)
			out[n++] = (struct want){ a->id[i], e->weight };
	}
	qsort(out, n, sizeof *out, by_to);
	return n;
}

static void same_value(const struct model *m, union csr_value v, int weight)
{
	if (m->values == CSR_INTEGERS)
		assert_int_equal(v.i, weight / 4);
	else
		assert_true(v.r == weight / 4.0);
}

static void same_stored(const struct model *m, const struct csr_stored *v, uint64_t i,
			int weight)
{
	union csr_value got = { .i = (int64_t)v->base };
	uint64_t bits = 0;
	float f;

	memcpy(&bits, v->at + i * v->width, v->width);
	memcpy(&f, &bits, sizeof f);
	if (m->values == CSR_INTEGERS)
		got.i = (int64_t)(bits + v->base);
	else if (v->width)
		got.r = v->width == 4 ? (double)f : 0;
	if (m->values == CSR_REALS && v->width == 8)
		memcpy(&got.r, &bits, sizeof bits);
	same_value(m, got, weight);
}

/* L, at its beginning, from the FROMth of what is wanted on. */
static void check_list(struct asked *a, struct csr_list *l, const struct want *want,
		       uint64_t n, uint64_t from)
{
	const union csr_value *v = NULL;
	const uint64_t *ids;
	const uint32_t *ids32;
	union csr_value one;
	struct csr_stored stored;
	uint64_t to, at = from, way = rnd(4);
	int got, r;

	assert_int_equal(l->n, n);
	if (from == 0 && csr_first(l, &to))
		assert_int_equal(to, want[0].to);
	while (way == 0 && (got = csr_block(l, &ids)) != 0) {
		must(got);
		if (a->m->values)
			must(csr_block_values(l, &v));
		for (int i = 0; i < got; i++, at++) {
			assert_true(at < n);
			assert_int_equal(ids[i], want[at].to);
			if (v)
				same_value(a->m, v[i], want[at].weight);
		}
	}
	while (way == 1 && (got = csr_block32(l, rnd(2) ? CSR_FEW : CSR_BLOCK, &ids32)) != 0) {
		must(got);
		if (a->m->values)
			must(csr_block_stored(l, &stored));
		for (int i = 0; i < got; i++, at++) {
			assert_true(at < n);
			assert_int_equal(ids32[i], want[at].to);
			if (a->m->values)
				same_stored(a->m, &stored, (uint64_t)i, want[at].weight);
		}
	}
	while (way == 2 && (r = csr_next(l, &to)) != 0) {
		must(r);
		assert_true(at < n);
		assert_int_equal(to, want[at++].to);
	}
	while (way == 3 && (r = a->m->values ? csr_next_value(l, &to, &one) :
			    csr_next(l, &to)) != 0) {
		must(r);
		assert_true(at < n);
		if (a->m->values)
			same_value(a->m, one, want[at].weight);
		assert_int_equal(to, want[at++].to);
	}
	assert_int_equal(at, n);
}

static void check_row(struct asked *a, struct csr *c, uint32_t type, uint64_t node,
		      const struct want *want, uint64_t n)
{
	struct csr_stored stored;
	struct csr_place place;
	struct csr_type t;
	struct csr_list l;
	union csr_value v;
	uint64_t degree, to, from;

	must(csr_row(c, type, a->id[node], &l));
	check_list(a, &l, want, n, 0);
	must(csr_type_of(c, type, &t));
	must(csr_row_of(c, &t, a->id[node], &l));
	check_list(a, &l, want, n, 0);
	csr_row_hint(c, &t, a->id[node]);
	must(csr_row_find(c, &t, a->id[node], &place));
	must(csr_row_open(c, &t, &place, &l));
	if (a->m->values)
		must(csr_list_stored(&l, &stored));
	for (uint64_t i = 0; a->m->values && i < n; i++)
		same_stored(a->m, &stored, i, want[i].weight);
	check_list(a, &l, want, n, 0);
	must(csr_degree(c, type, a->id[node], &degree));
	assert_int_equal(degree, n);
	if (n && a->m->values) {
		from = rnd(n);
		must(csr_row(c, type, a->id[node], &l));
		must(csr_value_at(&l, from, &v));
		same_value(a->m, v, want[from].weight);
	}
	to = rnd(a->id_n);
	for (from = 0; from < n && want[from].to < to;)
		from++;
	must(csr_row(c, type, a->id[node], &l));
	must(csr_seek(&l, to));
	if (!l.changed)		/* a list without changes may stop before */
		while (from && csr_next(&l, &degree) == 1 && degree < to)
			;
	else
		check_list(a, &l, want, n, from);
}

/* By scan: the same lists in order, from FIRST to before END but those in SKIP. */
static void check_scan(struct asked *a, struct csr *c, uint32_t t, uint32_t type,
		       enum csr_direction way)
{
	uint64_t first = rnd(3) ? 0 : rnd(a->id_n + 1), end = rnd(3) ? UINT64_MAX : rnd(a->id_n);
	uint64_t skip[2 * NODES / 64 + 1] = { rnd(2) ? 0 : rnd(UINT64_MAX), 0, 0 };
	struct want want[NODES];
	struct csr_scan scan, degrees;
	struct csr_list l;
	uint64_t n, degree;

	csr_scan_range(&scan, c, type, first, end);
	csr_scan_skip(&scan, skip);
	csr_scan_range(&degrees, c, type, first, end);
	csr_scan_skip(&degrees, skip);
	for (uint64_t id = first; id < a->id_n && id < end; id++) {
		if (a->node[id] < 0 || skip[id / 64] >> id % 64 & 1)
			continue;
		n = wanted(a, t, way, (uint64_t)a->node[id], want);
		if (n == 0)
			continue;
		assert_int_equal(csr_scan_next(&scan, &l), 1);
		assert_int_equal(scan.node, id);
		check_list(a, &l, want, n, 0);
		assert_int_equal(csr_scan_degree(&degrees, &degree), 1);
		assert_int_equal(degrees.node, id);
		assert_int_equal(degree, n);
	}
	assert_int_equal(csr_scan_next(&scan, &l), 0);
	assert_int_equal(csr_scan_degree(&degrees, &degree), 0);
}

static void check_before(struct asked *a, struct csr *c, uint32_t type, uint64_t total)
{
	uint64_t n, count = 0, degree;

	must(csr_edges_before(c, type, a->id_n, &n));
	assert_int_equal(n, total);
	for (uint64_t id = 0; id < a->id_n; id++) {
		must(csr_edges_before(c, type, id, &n));
		assert_true(n <= count + total);
		must(csr_degree(c, type, id, &degree));
		count += degree;
	}
	assert_int_equal(count, total);		/* who went has no edges */
}

static uint64_t check_lists(struct asked *a, uint32_t t, uint32_t type, enum csr_direction way)
{
	struct csr *c = graph_csr(a->g, way);
	struct want want[NODES];
	uint64_t total = 0, n;

	assert_int_equal(csr_node_n(c), a->id_n);
	assert_int_equal(csr_values(c), a->m->values);
	for (uint64_t i = 0; i < NODES; i++) {
		if (!is_there(a->m, i))
			continue;
		n = wanted(a, t, way, i, want);
		check_row(a, c, type, i, want, n);
		total += n;
	}
	must(csr_type_edges(c, type, &n));
	assert_int_equal(n, total);
	check_scan(a, c, t, type, way);
	check_before(a, c, type, total);
	return total;
}

/* --- states --- */

static void check_state(const struct prop_state *s, int tag)
{
	int got = 0;

	for (uint32_t i = 0; i < s->prop_n; i++)
		if (bytes_equal(s->prop[i].name, bytes_str("tag")))
			got = (int)s->prop[i].value.i;
	assert_int_equal(got, tag);
}

static void check_states(struct asked *a, const int64_t *type)
{
	struct prop_room room;
	struct prop_state s;

	prop_room_init(&room, NULL);
	for (uint64_t i = 0; i < NODES; i++) {
		if (!is_there(a->m, i))
			continue;
		must(graph_node_state(a->g, a->id[i], &room, &s));
		check_state(&s, a->m->named[i] ? a->m->tag[i] : 0);
		assert_int_equal(s.label_n, a->m->named[i] && a->m->tag[i] > 0);
	}
	for (uint64_t i = 0; i < TYPES * NODES * NODES; i++) {
		uint64_t t = i / NODES / NODES, from = i / NODES % NODES, to = i % NODES;
		struct edge *e = edge_of(a->m, (uint32_t)t, from, to);
		int r;

		if (type[t] < 0 || !is_there(a->m, from) || !is_there(a->m, to) ||
		    (!e->there && rnd(8)))
			continue;
		r = graph_edge_state(a->g, a->id[from], (uint32_t)type[t], a->id[to], 0, &room,
				     &s);
		must(r);
		assert_int_equal(r, e->there);
		if (r)
			check_state(&s, e->tag);
	}
	prop_room_release(&room);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void check_label(struct asked *a)
{
	uint64_t want[NODES], n = 0, at = 0, id, to = rnd(a->id_n + 1);
	struct label_rows rows;
	struct label l;
	int r;

	for (uint64_t i = 0; i < NODES; i++)
		if (a->m->named[i] && a->m->tag[i] > 0)
			want[n++] = a->id[i];
	qsort(want, n, sizeof *want, by_id);
	r = label_find(&l, a->g, bytes_str("L"));
	must(r);
	assert_true(r || n == 0);
	assert_true(l.row_n >= n);
	for (uint64_t i = 0; r && i < NODES; i++)
		if (is_there(a->m, i))
			assert_int_equal(label_has(&l, a->id[i]),
					 a->m->named[i] && a->m->tag[i] > 0);
	for (unsigned sought = 0; r && sought < 2; sought++) {
		must(label_rows_begin(&rows, &l));
		if (sought)
			must(label_rows_seek(&rows, to));
		for (at = 0; sought && at < n && want[at] < to;)
			at++;
		for (; label_rows_next(&rows, &id) == 1; at++)
			assert_true(at < n && id == want[at]);
		assert_int_equal(at, n);
	}
	label_release(&l);
}

static void check_components(struct asked *a)
{
	uint32_t root[NODES];
	const struct wcc_plan plan = { .types.all = true, .threads = 1 };
	struct wcc w;

	for (uint32_t i = 0; i < NODES; i++)
		root[i] = i;
	for (unsigned again = 1; again;) {
		again = 0;
		for (uint64_t i = 0; i < TYPES * NODES * NODES; i++) {
			uint64_t x = i / NODES % NODES, y = i % NODES;

			if (!a->m->edge[i / NODES / NODES][x][y].there || root[x] == root[y])
				continue;
			root[x] = root[y] = root[x] < root[y] ? root[x] : root[y];
			again++;
		}
	}
	must(wcc_find(&w, a->g, &plan));
	for (uint64_t x = 0; x < NODES; x++)
		for (uint64_t y = 0; y < x; y++)
			if (is_there(a->m, x) && is_there(a->m, y))
				assert_int_equal(root[x] == root[y],
						 w.root[a->id[x]] == w.root[a->id[y]]);
	wcc_release(&w);
}

static void ask(struct model *m, struct store *s)
{
	struct asked a = { .m = m };
	const struct manifest_graph *g;
	uint64_t total = 0, loops = 0;
	int64_t type[TYPES];
	struct snapshot *v;

	must(store_snapshot(s, &v));
	g = manifest_find_graph(snapshot_manifest(v), "g");
	must(graph_open_changed(&a.g, s, v, g));
	check_dict(&a);
	check_places(&a);
	for (uint32_t t = 0; t < TYPES; t++) {
		type[t] = check_type(&a, t);
		if (type[t] < 0)
			continue;
		total += check_lists(&a, t, (uint32_t)type[t], CSR_OUT);
		check_lists(&a, t, (uint32_t)type[t], CSR_IN);
		for (uint64_t i = 0; i < NODES; i++)
			loops += m->edge[t][i][i].there;
	}
	assert_int_equal(graph_entry(a.g)->edge_n, m->undirected ? (total + loops) / 2 : total);
	assert_int_equal(csr_edge_n(graph_csr(a.g, CSR_OUT)), total);
	assert_int_equal(csr_edge_n(graph_csr(a.g, CSR_IN)), total);
	check_states(&a, type);
	check_label(&a);
	check_components(&a);
	graph_close(a.g);
	snapshot_close(v);
}

/* As a command that only asks does it. */
static void ask_afresh(struct model *m)
{
	const struct store_options o = { .graphs = true };
	struct store *s;

	must(store_open_on(&s, m->backend, &o));
	ask(m, s);
	store_close(s);
}

/* --- --- */

static void open_it(struct model *m)
{
	const struct store_options o = { .write = true, .wait_ns = 1000000000 };

	store_close(m->store);
	m->store = NULL;
	must(store_open_on(&m->store, m->backend, &o));
}

static struct model *begin(struct backend *b)
{
	struct model *m = calloc(1, sizeof *m);

	m->backend = b;
	random_model(m);
	must(store_create_on(b, bytes_str("log_size = 1M\n")));
	open_it(m);
	build_and_publish(m, false);
	return m;
}

static void end(struct model *m)
{
	store_close(m->store);
	free(m);
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

static void fold_changes(struct model *m)
{
	int r = delta_fold(m->store, "g");

	if (r < 0)
		must(r);
}

static void forget_tags(struct model *m)
{
	memset(m->tag, 0, sizeof m->tag);
	for (uint32_t t = 0; t < TYPES; t++)
		for (uint64_t i = 0; i < NODES * NODES; i++)
			m->edge[t][i / NODES][i % NODES].tag = 0;
}

static void a_graph_with_changes_is_the_graph_they_make(void **state)
{
	(void)state;
	for (unsigned round = 0; round < scaled(12); round++) {
		struct backend *b;
		struct model *m;

		must(backend_mem(&b));
		m = begin(b);
		ask_afresh(m);
		for (unsigned i = 0; i < 8; i++) {
			change_some(m);
			ask_afresh(m);
			switch (rnd(14)) {
			case 0: must(store_fold(m->store)); break;
			case 1: must(store_compact(m->store)); break;
			case 2: open_it(m); break;
			case 3:		/* states are not built into segments here */
				forget_tags(m);
				build_and_publish(m, false);
				break;
			case 4: build_and_publish(m, true); break;
			case 5:
			case 6:
			case 7:
			case 8: fold_changes(m); break;
			default: continue;
			}
			ask_afresh(m);
		}
		end(m);
		backend_close(b);
	}
}

/* --- killed --- */

/* As the command does it; nothing here fails but by the disk. */
static int compact_alone(struct store *s)
{
	struct build_options o = {
		.backend = store_backend(s), .store_id = store_id(s), .mem = store_mem(s),
		.threads = 1, .budget = 1 << 20,
	};
	struct publish p = {0};
	struct build *b = NULL;
	struct build_note note;
	struct snapshot *v;
	struct graph *g = NULL;
	uint64_t at = 0, version;
	int r = store_snapshot(s, &v);

	if (r < 0)
		return r;
	p.folded = snapshot_version(v);
	r = graph_open_changed(&g, s, v, manifest_find_graph(snapshot_manifest(v), "g"));
	if (r == 0) {
		rebuild_options(g, &o);
		r = build_open(&b, &o);
	}
	if (r == 0)
		r = rebuild_feed(g, b, &at, NULL, NULL);
	if (r == 0) {
		struct build *ends = b;

		b = NULL;
		r = build_finish(ends, &p.g, &note);
	}
	build_abort(b);
	graph_close(g);
	snapshot_close(v);
	return r < 0 ? r : store_publish(s, publish, &p, &version);
}

enum step { COMMIT, COMPACT, FOLD, MERGE, DELTA, STEPS };

static int take_step(enum step step, struct store *s, const struct batch *b, uint64_t *version)
{
	int r;

	if (step == COMMIT)
		return commit(s, b, version);
	if (step == FOLD)
		return store_fold(s);
	if (step == MERGE)
		return store_compact(s);
	if (step == DELTA) {
		r = delta_fold(s, "g");
		return r < 0 ? r : 0;
	}
	r = store_build_begin(s);
	if (r == 0) {
		r = compact_alone(s);
		store_build_end(s);
	}
	return r;
}

/* What the power left: BEFORE, or AFTER, and that if it was acknowledged. */
static void is_one_of(struct backend *b, const struct model *before, const struct model *after,
		      bool done)
{
	const struct store_options o = { .write = true, .wait_ns = 1000000000 };
	struct model *m = malloc(sizeof *m);
	struct snapshot *v;
	struct store *s;

	must(store_open_on(&s, b, &o));
	must(store_snapshot(s, &v));
	memcpy(m, snapshot_version(v) > before->version ? after : before, sizeof *m);
	if (done && before != after)
		assert_true(snapshot_version(v) > before->version);
	snapshot_close(v);
	ask(m, s);
	must(store_compact(s));
	ask(m, s);
	store_close(s);
	free(m);
}

static void killed_in(enum step step, uint64_t n)
{
	struct model *m, *after = malloc(sizeof *after);
	const struct store_options o = { .write = true, .wait_ns = 1000000000 };
	struct backend *b, *other, *left, *again;
	struct batch *batch;
	struct store *s;
	uint64_t version = 0;
	int r;

	must(fault_open(&b, NULL, seed + n));
	m = begin(b);
	for (unsigned i = 0; i < 3; i++) {
		change_some(m);
		if (rnd(4) == 0)
			fold_changes(m);
	}
	store_close(m->store);
	m->store = NULL;
	memcpy(after, m, sizeof *m);
	batch = think_of_some(after);
	must(fault_again(&other, b));
	must(store_open_on(&s, other, &o));
	fault_die_after(other, n);
	r = take_step(step, s, batch, &version);
	store_close(s);
	backend_close(other);
	if (step != COMMIT)
		memcpy(after, m, sizeof *m);
	for (unsigned i = 0; i < 2; i++) {
		must(fault_crash(b, seed + n + i, &left));
		must(fault_open(&again, left, seed));
		tail_set_boot(i ? "a boot" : "another");	/* no index is of this one */
		is_one_of(again, m, step == COMMIT ? after : m, r == 0);
		backend_close(again);
	}
	tail_set_boot(NULL);
	forget(batch);
	end(m);
	free(after);
	backend_close(b);
}

static void a_kill_and_a_power_cut_leave_the_graph_before_or_after(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < scaled(40); i++)
		killed_in((enum step)(i % STEPS), 1 + rnd(i % STEPS == COMMIT ? 8 : 40));
}

/* --- refused --- */

static int open_changed(struct model *m)
{
	struct snapshot *v;
	struct graph *g = NULL;
	int r = store_snapshot(m->store, &v);

	if (r < 0)
		return r;
	r = graph_open_changed(&g, m->store, v,
			       manifest_find_graph(snapshot_manifest(v), "g"));
	if (r == 0)
		graph_close(g);
	snapshot_close(v);
	return r;
}

static void a_change_that_is_none_is_damage_and_named(void **state)
{
	struct backend *b;
	uint64_t version;
	struct model *m;
	struct txn *t;

	(void)state;
	must(backend_mem(&b));
	m = begin(b);
	must(txn_begin(&t, m->store));
	must(txn_put(t, SPACE, bytes_str("\001a key"), bytes_str("what?"), 0));
	must(txn_commit(t, &version));
	txn_abort(t);
	assert_int_equal(open_changed(m), ERR_DAMAGED);
	assert_non_null(strstr(err_message(), "a key"));
	assert_non_null(strstr(err_message(), "malformed"));
	end(m);
	backend_close(b);
}

static void more_changes_than_memory_has_room_for_are_refused_by_name(void **state)
{
	struct backend *b;
	struct model *m;
	struct mem *mem;

	(void)state;
	must(backend_mem(&b));
	m = begin(b);
	for (unsigned i = 0; i < 40; i++)
		change_some(m);
	mem = store_mem(m->store);
	for (uint64_t i = 1; i < 60; i++) {	/* whichever of its allocations fails */
		int r;

		mem->fail_at = mem->count + i;
		r = open_changed(m);
		mem->fail_at = 0;
		assert_true(r == 0 || r == ERR_MEMORY);
	}
	mem->limit = mem->used + 20000;
	assert_int_equal(open_changed(m), ERR_MEMORY);
	assert_non_null(strstr(err_hint_text(), "compact"));
	mem->limit = 0;
	ask(m, m->store);
	end(m);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_graph_with_changes_is_the_graph_they_make, setup),
		cmocka_unit_test_setup(a_kill_and_a_power_cut_leave_the_graph_before_or_after,
				       setup),
		cmocka_unit_test_setup(a_change_that_is_none_is_damage_and_named, setup),
		cmocka_unit_test_setup(more_changes_than_memory_has_room_for_are_refused_by_name,
				       setup),
	};

	return cmocka_run_group_tests_name("delta", tests, NULL, NULL);
}
