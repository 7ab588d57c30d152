/* tests/unit/match.c - graph/match against a join that tries everything */
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
#include "graph/build.h"
#include "graph/change.h"
#include "graph/index.h"
#include "graph/match/match.h"
#include "graph/reindex.h"
#include "io/backend.h"
#include "tests/lib/kit.h"

#define NODES 12u
#define TYPES 3u
#define LABELS 2u

static const uint8_t some_id[16] = "match test";
static uint64_t seed, turn;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
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

/* --- a graph and its plain account --- */

struct account {
	unsigned node_n;
	bool node[NODES];		/* below node_n: is it there? */
	bool edge[TYPES][NODES][NODES];
	bool label[NODES][LABELS];
	int value[NODES];		/* of the property "p"; < 0: none */
};

struct world {
	bool undirected, props, changed, indexed;
	unsigned node_n;		/* all of them are there */
	struct account is, was;		/* WAS: what the segments say */
	struct backend *backend;
	struct store *store;
	struct snapshot *snap;
	struct graph *graph;
	uint64_t id[NODES];		/* of node "n7" */
	uint64_t type[TYPES];
};

static struct text_key key_of(char *room, unsigned i)
{
	return (struct text_key){ .bytes = bytes_of(room, (size_t)sprintf(room, "n%u", i)) };
}

/* Labels and the property of node I of A. */
struct say {
	struct bytes label[LABELS];
	uint32_t label_n, prop_n;
	struct property prop;
};

static void say_of(struct say *s, const struct account *a, unsigned i)
{
	static const char *const name[LABELS] = { "L0", "L1" };

	*s = (struct say){ .prop_n = a->value[i] >= 0, .prop = {
		.name = bytes_str("p"), .value = { .kind = LITERAL_INTEGER, .i = a->value[i] }}};
	for (unsigned l = 0; l < LABELS; l++)
		if (a->label[i][l])
			s->label[s->label_n++] = bytes_str(name[l]);
}

static void add_node(const struct account *a, struct build *b, unsigned i)
{
	struct say say;
	char room[16];
	struct text_edge e = { .src = key_of(room, i) };

	say_of(&say, a, i);
	e.label = say.label;
	e.label_n = say.label_n;
	e.prop = &say.prop;
	e.prop_n = say.prop_n;
	assert_int_equal(build_add_text_node(b, &e, i), 0);
}

static void add_edges(const struct account *a, struct build *b)
{
	char room[3][16];

	for (unsigned t = 0; t < TYPES; t++)
		for (unsigned i = 0; i < a->node_n; i++)
			for (unsigned k = 0; k < a->node_n; k++) {
				struct text_edge e = { .src = key_of(room[0], i),
						       .dst = key_of(room[1], k) };

				if (!a->edge[t][i][k])
					continue;
				e.type = bytes_of(room[2], (size_t)sprintf(room[2], "t%u", t));
				assert_int_equal(build_add(b, &e), 0);
			}
}

static void describe(struct world *w, struct account *a, unsigned i)
{
	a->value[i] = w->props && rnd(2) ? (int)rnd(5) : -1;
	for (unsigned l = 0; l < LABELS; l++)
		a->label[i][l] = w->props && rnd(2);
}

static void set_edge(struct world *w, struct account *a, unsigned t, unsigned i, unsigned k,
		     bool there)
{
	a->edge[t][i][k] = there;
	if (w->undirected)
		a->edge[t][k][i] = there;
}

static void forget_node(struct account *a, unsigned i)
{
	a->node[i] = false;
	a->value[i] = -1;
	memset(a->label[i], 0, sizeof a->label[i]);
	for (unsigned t = 0; t < TYPES; t++)
		for (unsigned k = 0; k < NODES; k++)
			a->edge[t][i][k] = a->edge[t][k][i] = false;
}

/* What it was: other nodes, other edges, another state of some. */
static void world_before(struct world *w)
{
	struct account *a = &w->was;

	*a = w->is;
	a->node_n = w->node_n + (unsigned)rnd(NODES - w->node_n + 1);
	for (unsigned i = 0; i < a->node_n; i++) {
		a->node[i] = true;
		if (i >= w->node_n || rnd(4) == 0)
			describe(w, a, i);
	}
	for (unsigned n = (unsigned)rnd(20); n; n--)
		set_edge(w, a, (unsigned)rnd(TYPES), (unsigned)rnd(a->node_n),
			 (unsigned)rnd(a->node_n), rnd(2));
	for (unsigned i = 0; i < w->node_n; i++)
		if (rnd(5) == 0)
			forget_node(a, i);
}

static void world_random(struct world *w)
{
	unsigned density = 1 + (unsigned)rnd(30);
	struct account *a = &w->is;

	memset(w, 0, sizeof *w);
	w->undirected = rnd(3) == 0;
	w->props = rnd(4) > 0;
	w->node_n = a->node_n = 1 + (unsigned)rnd(NODES);
	for (unsigned i = 0; i < w->node_n; i++) {
		a->node[i] = true;
		describe(w, a, i);
		for (unsigned t = 0; t < TYPES; t++)
			for (unsigned k = 0; k < w->node_n; k++)
				if (rnd(100) < density)
					set_edge(w, a, t, i, k, true);
	}
	w->was = w->is;
	w->changed = rnd(2);
	w->indexed = rnd(2);
	if (w->changed)
		world_before(w);
}

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct manifest_graph *g = ctx;

	strcpy(g->name, "g");
	g->version = g->folded = version;
	g->space = m->next_space++;
	return manifest_add_graph(m, g);
}

static void check_index(struct graph *g)
{
	struct index *x;
	struct prop *p;

	must(graph_index(g, &x));
	must(graph_props(g, PROP_NODES, &p));
	assert_int_equal(index_name_n(x), 2);
	assert_int_equal(index_check(x, p), 0);
}

/* An index of p, if a node has one. */
static void index_p(struct world *w, struct manifest_graph *g)
{
	const struct bytes name[] = { bytes_str("o"), bytes_str("p") };
	struct manifest_graph same = *g;
	struct graph *open;
	struct prop *p;

	must(graph_open(&open, store_backend(w->store), store_id(w->store), &same,
			store_mem(w->store)));
	must(graph_props(open, PROP_NODES, &p));
	if (p) {
		must(reindex_names(open, store_backend(w->store), store_id(w->store), name, 2,
				   NULL, NULL, &g->segment[g->segment_n++]));
		graph_close(open);
		same = *g;
		must(graph_open(&open, store_backend(w->store), store_id(w->store), &same,
				store_mem(w->store)));
		check_index(open);
	}
	graph_close(open);
}

static void world_build(struct world *w)
{
	struct build_options o = {
		.backend = store_backend(w->store), .store_id = store_id(w->store),
		.mem = store_mem(w->store),
		.undirected = w->undirected, .threads = 1, .ids = BUILD_IDS_STRING,
	};
	struct manifest_graph g = {0};
	struct build_note note;
	struct build *build;
	uint64_t version;

	must(store_build_begin(w->store));
	must(build_open(&build, &o));
	for (unsigned i = 0; i < w->was.node_n; i++)
		if (w->was.node[i])
			add_node(&w->was, build, i);
	add_edges(&w->was, build);
	must(build_finish(build, &g, &note));
	if (w->indexed)
		index_p(w, &g);
	must(store_publish(w->store, publish, &g, &version));
	store_build_end(w->store);
}

static void put(struct txn *t, uint32_t space, const struct change *c)
{
	struct buf key = {0}, value = {0};

	must(change_key(&key, c));
	must(change_value(&value, c));
	must(txn_put(t, space, buf_bytes(&key), buf_bytes(&value), 0));
	buf_release(&key);
	buf_release(&value);
}

static void change_node(struct world *w, struct txn *t, uint32_t space, unsigned i)
{
	char room[16];
	struct say say, said;
	struct change c = { .node = key_of(room, i).bytes, .state = CHANGE_GONE_CASCADE };

	say_of(&say, &w->is, i);
	say_of(&said, &w->was, i);
	if (i < w->node_n) {
		if (w->was.node[i] && memcmp(&say, &said, sizeof say) == 0)
			return;
		c.state = CHANGE_THERE;
		c.label = say.label;
		c.prop = &say.prop;
		c.label_n = say.label_n;
		c.prop_n = say.prop_n;
	}
	put(t, space, &c);
}

static void change_edges(struct world *w, struct txn *t, uint32_t space)
{
	char room[3][16];

	for (unsigned e = 0; e < TYPES; e++)
		for (unsigned i = 0; i < w->node_n; i++)
			for (unsigned k = w->undirected ? i : 0; k < w->node_n; k++) {
				struct change c = { .edge = true,
						    .node = key_of(room[0], i).bytes,
						    .to = key_of(room[1], k).bytes };

				if (w->is.edge[e][i][k] == w->was.edge[e][i][k])
					continue;
				c.type = bytes_of(room[2], (size_t)sprintf(room[2], "t%u", e));
				c.state = w->is.edge[e][i][k] ? CHANGE_THERE : CHANGE_GONE;
				put(t, space, &c);
			}
}

static void world_change(struct world *w)
{
	struct snapshot *v;
	struct txn *t;
	uint64_t version;
	uint32_t space;

	must(store_snapshot(w->store, &v));
	space = manifest_find_graph(snapshot_manifest(v), "g")->space;
	snapshot_close(v);
	must(txn_begin(&t, w->store));
	for (unsigned i = 0; i < w->was.node_n || i < w->node_n; i++)
		change_node(w, t, space, i);
	change_edges(w, t, space);
	must(txn_commit(t, &version));
	txn_abort(t);
}

static void world_open(struct world *w)
{
	struct store_options o = { .write = true, .graphs = true, .settings = settings,
				   .who = "test" };
	char room[16];

	must(backend_mem(&w->backend));
	must(store_create_on(w->backend, bytes_str("")));
	must(store_open_on(&w->store, w->backend, &o));
	world_build(w);
	if (w->changed)
		world_change(w);
	must(store_snapshot(w->store, &w->snap));
	must(graph_open_changed(&w->graph, w->store, w->snap,
				manifest_find_graph(snapshot_manifest(w->snap), "g")));
	for (unsigned i = 0; i < w->node_n; i++)
		assert_int_equal(dict_find(graph_dict(w->graph), key_of(room, i).bytes,
					   &w->id[i]), 1);
	for (unsigned t = 0; t < TYPES; t++) {
		uint32_t type;

		w->type[t] = UINT64_MAX;
		if (dict_find_type(graph_dict(w->graph),
				   bytes_of(room, (size_t)sprintf(room, "t%u", t)), &type) > 0)
			w->type[t] = type;
	}
}

static void world_end(struct world *w)
{
	graph_close(w->graph);
	snapshot_close(w->snap);
	store_close(w->store);
	backend_close(w->backend);
}

/* --- a random pattern: text, and what it means --- */

struct word {
	bool var;
	unsigned at;
};

struct question {
	char text[6][64];
	unsigned text_n, var_n;
	bool is_type[8];
	struct { struct word w[3]; } edge[4];
	struct { unsigned var, label; } label[2];
	struct { unsigned var; int op, value; } filter[2];
	unsigned edge_n, label_n, filter_n;
	struct pattern p;
	uint32_t number[8];		/* of variable v in P; PATTERN_VARS: not in it */
};

static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };

static bool compare(int a, int op, int b)
{
	bool is[] = { a == b, a != b, a < b, a <= b, a > b, a >= b };

	return is[op];
}

/* Nodes are variables 0 to 3, types 4 and 5. */
static struct word word(struct question *q, bool type)
{
	struct word w = { .var = rnd(type ? 3 : 4) == 0 ? type : !type };

	if (w.var)
		w.at = type ? 4 + (unsigned)rnd(2) : (unsigned)rnd(4);
	else
		w.at = (unsigned)rnd(type ? TYPES : NODES);
	(void)q;
	return w;
}

static void say(char *to, struct word w, bool type)
{
	if (w.var)
		sprintf(to, "?v%u", w.at);
	else
		sprintf(to, type ? "t%u" : rnd(2) ? "n%u" : "\"n%u\"", w.at);
}

static void question_random(struct question *q)
{
	char s[3][16];

	memset(q, 0, sizeof *q);
	q->edge_n = (unsigned)rnd(5);
	for (unsigned i = 0; i < q->edge_n; i++) {
		for (unsigned k = 0; k < 3; k++) {
			q->edge[i].w[k] = word(q, k == 1);
			say(s[k], q->edge[i].w[k], k == 1);
		}
		sprintf(q->text[q->text_n++], " %s %s  %s", s[0], s[1], s[2]);
	}
	if (rnd(2) || q->edge_n == 0) {
		q->label[0].var = (unsigned)rnd(4);
		q->label[0].label = (unsigned)rnd(LABELS);
		q->label_n = q->edge_n || rnd(2);
		if (q->label_n)
			sprintf(q->text[q->text_n++], "?v%u : L%u", q->label[0].var,
				q->label[0].label);
	}
	if (rnd(2) || q->edge_n == 0) {
		q->filter[0].var = (unsigned)rnd(4);
		q->filter[0].op = (int)rnd(6);
		q->filter[0].value = (int)rnd(5);
		q->filter_n = 1;
		sprintf(q->text[q->text_n++], "?v%u.p %s %d", q->filter[0].var,
			ops[q->filter[0].op], q->filter[0].value);
	}
	for (unsigned i = 0; i < q->text_n; i++)
		assert_int_equal(pattern_add(&q->p, bytes_str(q->text[i])), 0);
	for (unsigned v = 0; v < 6; v++) {
		char name[8];

		sprintf(name, "v%u", v);
		if (!pattern_find(&q->p, bytes_str(name), &q->number[v]))
			q->number[v] = PATTERN_VARS;
	}
}

/* --- everything tried --- */

struct plain {
	const struct world *w;
	const struct question *q;
	unsigned value[6];
	uint64_t *found;		/* rows of var_n */
	size_t n;
};

static unsigned of(const struct plain *x, struct word w)
{
	return w.var ? x->value[w.at] : w.at;
}

static bool solves(const struct plain *x)
{
	const struct question *q = x->q;

	for (unsigned i = 0; i < q->edge_n; i++) {
		unsigned s = of(x, q->edge[i].w[0]), t = of(x, q->edge[i].w[1]);
		unsigned d = of(x, q->edge[i].w[2]);

		if (s >= x->w->node_n || d >= x->w->node_n || !x->w->is.edge[t][s][d])
			return false;
	}
	for (unsigned i = 0; i < q->label_n; i++)
		if (!x->w->is.label[x->value[q->label[i].var]][q->label[i].label])
			return false;
	for (unsigned i = 0; i < q->filter_n; i++) {
		int v = x->w->is.value[x->value[q->filter[i].var]];

		if (v < 0 || !compare(v, q->filter[i].op, q->filter[i].value))
			return false;
	}
	return true;
}

static void try_all(struct plain *x, unsigned v)
{
	unsigned most = v < 4 ? x->w->node_n : TYPES;

	while (v < 6 && x->q->number[v] == PATTERN_VARS)
		most = ++v < 4 ? x->w->node_n : TYPES;
	if (v == 6) {
		if (!solves(x))
			return;
		x->found = realloc(x->found, (x->n + 1) * PATTERN_VARS * sizeof *x->found);
		for (unsigned i = 0; i < 6; i++)
			if (x->q->number[i] < PATTERN_VARS)
				x->found[x->n * PATTERN_VARS + x->q->number[i]] =
					i < 4 ? x->w->id[x->value[i]] : x->w->type[x->value[i]];
		x->n++;
		return;
	}
	for (x->value[v] = 0; x->value[v] < most; x->value[v]++)
		try_all(x, v + 1);
}

static bool is_there(const struct plain *x, const uint64_t *ids, bool *seen)
{
	for (size_t i = 0; i < x->n; i++)
		if (!seen[i] && memcmp(x->found + i * PATTERN_VARS, ids,
				       x->q->p.var_n * sizeof *ids) == 0)
			return seen[i] = true;
	return false;
}

static void compare_count(struct match *m, uint64_t id, size_t want)
{
	uint64_t n, most = rnd(want + 2);
	const uint64_t *ids;

	assert_int_equal(match_begin(m, id), 0);
	assert_int_equal(match_count(m, UINT64_MAX, &n), 0);
	assert_int_equal(n, want);
	assert_int_equal(match_next(m, &ids), 0);
	assert_int_equal(match_begin(m, id), 0);
	assert_int_equal(match_count(m, most, &n), 0);
	assert_int_equal(n, most < want ? most : want);
}

static void compare_all(struct match *m, const struct plain *x, uint32_t given, uint64_t id,
			size_t want)
{
	bool *seen = calloc(x->n + 1, sizeof *seen);
	const uint64_t *ids;
	size_t n = 0;
	int r;

	assert_int_equal(match_begin(m, id), 0);
	while ((r = match_next(m, &ids)) > 0) {
		assert_true(is_there(x, ids, seen));
		if (given < PATTERN_VARS)
			assert_int_equal(ids[given], id);
		n++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, want);
	assert_int_equal(match_next(m, &ids), 0);
	free(seen);
	compare_count(m, id, want);
}

static size_t count_given(const struct plain *x, uint32_t given, uint64_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		n += x->found[i * PATTERN_VARS + given] == id;
	return n;
}

static void ask_given(struct world *w, struct plain *x)
{
	uint32_t given = x->q->number[0];
	struct match *m;

	if (given == PATTERN_VARS)
		return;
	assert_int_equal(match_open(&m, w->graph, &x->q->p, given), 0);
	for (unsigned i = 0; i < w->node_n; i++)
		compare_all(m, x, given, w->id[i], count_given(x, given, w->id[i]));
	match_close(m);
}

static void solutions_are_those_of_a_join_that_tries_everything(void **state)
{
	size_t solved = 0;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct world w;

		world_random(&w);
		world_open(&w);
		for (unsigned i = 0; i < 25; i++) {
			struct question q;
			struct plain x = { .w = &w, .q = &q };
			struct buf told = {0};
			struct match *m;

			question_random(&q);
			try_all(&x, 0);
			assert_int_equal(match_open(&m, w.graph, &q.p, PATTERN_VARS), 0);
			assert_int_equal(match_explain(m, &told), 0);
			compare_all(m, &x, PATTERN_VARS, 0, x.n);
			compare_all(m, &x, PATTERN_VARS, 0, x.n);
			match_close(m);
			ask_given(&w, &x);
			solved += x.n > 0;
			free(x.found);
			buf_release(&told);
			pattern_release(&q.p);
		}
		world_end(&w);
	}
	assert_true(solved > 100);
}

/* --- lists of many blocks --- */

#define HUBS 3u
#define FAR 40000u

static struct graph *build_hubs(struct backend *b, struct mem *mem, struct manifest_graph *g,
				bool hub[HUBS][FAR])
{
	struct build_options o = { .backend = b, .store_id = some_id, .mem = mem,
				   .threads = 1 };
	struct build_note note;
	struct build *build;
	struct graph *out;

	mem_init(mem, 0);
	memset(g, 0, sizeof *g);
	assert_int_equal(build_open(&build, &o), 0);
	for (unsigned h = 0; h < HUBS; h++)
		for (unsigned i = HUBS; i < FAR; i++) {
			struct scan_edge e = { h, i };

			if (hub[h][i])
				assert_int_equal(build_add_edges(build, 0, &e, NULL, 1, 0), 0);
		}
	assert_int_equal(build_finish(build, g, &note), 0);
	assert_int_equal(graph_open(&out, b, some_id, g, mem), 0);
	return out;
}

static size_t count_solutions(struct graph *g, const char *const *text, unsigned n)
{
	struct pattern p = {0};
	const uint64_t *ids;
	struct match *m;
	size_t found = 0;

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pattern_add(&p, bytes_str(text[i])), 0);
	assert_int_equal(match_open(&m, g, &p, PATTERN_VARS), 0);
	assert_int_equal(match_begin(m, 0), 0);
	while (match_next(m, &ids) > 0)
		found++;
	match_close(m);
	pattern_release(&p);
	return found;
}

static void long_lists_are_sought_in(void **state)
{
	static bool hub[HUBS][FAR];
	static const char *const two[] = { "0 \"\" ?x", "1 \"\" ?x" };
	static const char *const three[] = { "2 \"\" ?x", "0 \"\" ?x", "1 \"\" ?x" };
	static const char *const who[] = { "?h \"\" ?x", "?h \"\" 39999", "2 \"\" ?x" };

	for (unsigned round = 0; round < 8; round++) {
		unsigned every[HUBS] = { 1 + (unsigned)rnd(3), 1 + (unsigned)rnd(900),
					 1 + (unsigned)rnd(20) };
		size_t n[3] = {0};
		struct manifest_graph entry;
		struct graph *g;
		struct mem mem;

		memset(hub, 0, sizeof hub);
		for (unsigned h = 0; h < HUBS; h++)
			for (unsigned i = HUBS; i < FAR; i++)
				hub[h][i] = i == FAR - 1 || rnd(every[h]) == 0;
		g = build_hubs(*state, &mem, &entry, hub);
		for (unsigned i = HUBS; i < FAR; i++) {
			n[0] += hub[0][i] && hub[1][i];
			n[1] += hub[0][i] && hub[1][i] && hub[2][i];
			for (unsigned h = 0; h < HUBS; h++)
				n[2] += hub[h][i] && hub[2][i];
		}
		assert_int_equal(count_solutions(g, two, 2), n[0]);
		assert_int_equal(count_solutions(g, three, 3), n[1]);
		assert_int_equal(count_solutions(g, who, 3), n[2]);
		graph_close(g);
		build_discard(*state, &entry);
		assert_int_equal(mem.used, 0);
	}
}

/* --- lists of any type, short and long --- */

#define MANY 900u
#define MANY_TYPES 8u

/* How many types the edges from A to B have. */
static uint8_t types_between[MANY][MANY];

static void add_any(struct build *build, unsigned a, unsigned b, unsigned t)
{
	char room[3][16];
	struct text_edge e = { .src = key_of(room[0], a), .dst = key_of(room[1], b) };

	e.type = bytes_of(room[2], (size_t)sprintf(room[2], "t%u", t));
	assert_int_equal(build_add(build, &e), 0);
}

/* Few nodes have most edges; some pairs of nodes have several, some types repeat. */
static struct graph *build_any(struct backend *b, struct mem *mem, struct manifest_graph *g,
			       unsigned edge_n)
{
	struct build_options o = { .backend = b, .store_id = some_id, .mem = mem,
				   .threads = 1, .ids = BUILD_IDS_STRING };
	static bool there[MANY_TYPES][MANY][MANY];
	unsigned hub = (unsigned)rnd(MANY);
	struct build_note note;
	struct build *build;
	struct graph *out;

	memset(there, 0, sizeof there);
	memset(types_between, 0, sizeof types_between);
	mem_init(mem, 0);
	memset(g, 0, sizeof *g);
	assert_int_equal(build_open(&build, &o), 0);
	for (unsigned i = 0; i < edge_n; i++) {
		unsigned u = (unsigned)rnd(1000), v = (unsigned)rnd(1000);
		unsigned from = u * u / 1000 * MANY / 1000, to = v * v / 1000 * MANY / 1000;
		unsigned t = (unsigned)rnd(MANY_TYPES);

		if (rnd(16) == 0)
			*(rnd(2) ? &from : &to) = hub;
		for (unsigned k = 1 + (unsigned)rnd(2); k; k--, t = (t + k) % MANY_TYPES) {
			types_between[from][to] += !there[t][from][to];
			there[t][from][to] = true;
			add_any(build, from, to, t);
		}
	}
	assert_int_equal(build_finish(build, g, &note), 0);
	assert_int_equal(graph_open(&out, b, some_id, g, mem), 0);
	return out;
}

/* Triangles: with an edge from A to C, or (CYCLE) from C to A. */
static uint64_t triangles_plainly(bool cycle)
{
	uint64_t n = 0;

	for (unsigned a = 0; a < MANY; a++)
		for (unsigned b = 0; b < MANY; b++)
			for (unsigned c = 0; types_between[a][b] && c < MANY; c++)
				n += (uint64_t)types_between[a][b] * types_between[b][c] *
					(cycle ? types_between[c][a] : types_between[a][c]);
	return n;
}

static uint64_t count_at_once(struct graph *g, const char *const *text, unsigned n)
{
	struct pattern p = {0};
	struct match *m;
	uint64_t found;

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(pattern_add(&p, bytes_str(text[i])), 0);
	assert_int_equal(match_open(&m, g, &p, PATTERN_VARS), 0);
	assert_int_equal(match_begin(m, 0), 0);
	assert_int_equal(match_count(m, UINT64_MAX, &found), 0);
	match_close(m);
	pattern_release(&p);
	return found;
}

static void triangles_of_any_type_are_counted_as_they_are_found(void **state)
{
	static const char *const open[] = { "?a ?t ?b", "?b ?u ?c", "?a ?v ?c" };
	static const char *const cycle[] = { "?a ?t ?b", "?b ?u ?c", "?c ?v ?a" };

	for (unsigned round = 0; round < 4; round++) {
		struct manifest_graph entry;
		struct mem mem;
		struct graph *g = build_any(*state, &mem, &entry, 500 + (unsigned)rnd(7000));
		uint64_t n = triangles_plainly(false), cycles = triangles_plainly(true);

		assert_int_equal(count_at_once(g, open, 3), n);
		assert_int_equal(count_solutions(g, open, 3), n);
		assert_int_equal(count_at_once(g, cycle, 3), cycles);
		assert_int_equal(count_solutions(g, cycle, 3), cycles);
		graph_close(g);
		build_discard(*state, &entry);
		assert_int_equal(mem.used, 0);
	}
}

/* --- words --- */

static void patterns_are_read_or_refused_with_the_reason(void **state)
{
	static const char *const good[] = {
		"?a t ?b", "a t b", "  ?a\tt  ?b ", "? t ?", "?a ?t ?b", "\"a b\" t ?x",
		"<http://x/y> <http://x/p> ?x", "?a : L", "?a : \"a label\"", "?a.p", "?a.p = 1",
		"?a.p != \"x\"@en", "?a.<http://x/p> >= \"3\"^^<http://x/d>", "?a \":\" ?b",
		"?a.\"a name\" < x", "a . b", "<a t b", "?a.p<1", "?a.p = 1 2", "?a.<p>!=\"x y\" ",
	};
	static const char *const bad[] = {
		"", "   ", "?a", "?a t", "?a t ?b c", "?a :", "?a : L M", "?a.", "?a.p =", "?a.p 1",
		"?a.p = \"1\" 2", "?a.=1", "\"a t b", "\"a\"t b c", "?a.p == 1", "\"\\q\" t b", "?a.p = \"x\"@",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct pattern p = {0};

		if (pattern_add(&p, bytes_str(good[i])) != 0)
			fail_msg("refused: %s: %s", good[i], err_message());
		pattern_release(&p);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct pattern p = {0};

		if (pattern_add(&p, bytes_str(bad[i])) != ERR_USAGE)
			fail_msg("taken: %s", bad[i]);
		pattern_release(&p);
	}
}

static void a_variable_is_a_node_or_a_type(void **state)
{
	struct pattern p = {0};

	(void)state;
	assert_int_equal(pattern_add(&p, bytes_str("?a ?t ?b")), 0);
	assert_int_equal(pattern_check(&p), 0);
	assert_int_equal(pattern_add(&p, bytes_str("?t knows ?b")), 0);
	assert_int_equal(pattern_check(&p), ERR_USAGE);
	pattern_release(&p);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(solutions_are_those_of_a_join_that_tries_everything),
		CASE(long_lists_are_sought_in),
		CASE(triangles_of_any_type_are_counted_as_they_are_found),
		CASE(patterns_are_read_or_refused_with_the_reason),
		CASE(a_variable_is_a_node_or_a_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
