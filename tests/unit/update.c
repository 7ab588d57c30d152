/* tests/unit/update.c - random histories of operations against a plain model
 *
 * The model is an array of nodes and one of edges, changed operation by operation in
 * the order of their commits.  Two handles gather at the same time, so that one's commit
 * comes between what the other gathered and its own; the log is folded, runs are merged,
 * the graph is compacted, the store is opened anew.  After each commit a graph opened
 * afresh must say what the model says.
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
#include "graph/delta.h"
#include "graph/delta_fold.h"
#include "graph/literal_code.h"
#include "graph/rebuild.h"
#include "graph/replace.h"
#include "graph/update_inside.h"
#include "io/backend.h"
#include "io/fault.h"
#include "store/store.h"
#include "store/tail.h"
#include "tests/lib/kit.h"

#define NODES 14u
#define TYPES 2u
#define NAMES 4u		/* of properties; the last is an edge's weight */
#define LABELS 3u
#define KINDS 6u		/* of values; 0 is none */

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
	bool named[NODES];			/* there of its own */
	struct said node[NODES];
	bool there[TYPES][NODES][NODES];
	struct said edge[TYPES][NODES][NODES];
};

/* --- names --- */

static struct bytes key_of(const struct model *m, uint64_t i, char out[40])
{
	bool number = m->numbers && i % 3;

	return bytes_of(out, (size_t)(number ? snprintf(out, 40, "%" PRIu64, 100 + i) :
				      snprintf(out, 40, "k\x01%c%" PRIu64, (char)('a' + i), i)));
}

static struct bytes type_of(uint64_t t)
{
	return bytes_str(t ? "kn=ows" : "");
}

static struct bytes label_of(unsigned i)
{
	static const char *const name[LABELS] = { "A", "B b", "C" };

	return bytes_str(name[i]);
}

static struct bytes name_of(unsigned i)
{
	static const char *const name[NAMES] = { "!", "age", "z name", "weight" };

	return bytes_str(name[i]);
}

/* One value or two. */
static uint32_t values_of(unsigned name, unsigned kind, struct property out[2])
{
	static char large[3000];

	memset(large, 'x', sizeof large);
	out[0] = out[1] = (struct property){ .name = name_of(name) };
	out[0].value = (struct literal){ .kind = LITERAL_INTEGER, .i = kind };
	out[1].value = (struct literal){ .kind = LITERAL_STRING, .text = bytes_str("two") };
	if (name == NAMES - 1)
		return 1;
	if (kind == 3)
		literal_parse(&out[0].value, bytes_str("2020-02-03"));
	if (kind == 4)
		out[0].value = (struct literal){ .kind = LITERAL_STRING,
			.text = bytes_of(large, sizeof large) };
	return kind == 5 ? 2 : 1;
}

/* --- operations --- */

struct op {
	enum update_kind kind;
	uint64_t from, type, to;
	bool cascade, any;			/* del-edge: of any type */
	struct said set;
	uint8_t unset;			/* a bit a name */
	uint8_t unlabel;		/* a bit a label */
};

static struct op random_op(void)
{
	const enum update_kind kinds[] = {
		UPDATE_NODE, UPDATE_NODE, UPDATE_EDGE, UPDATE_EDGE, UPDATE_EDGE, UPDATE_EDGE,
		UPDATE_DEL_NODE, UPDATE_DEL_EDGE,
	};
	struct op op = { .kind = kinds[rnd(8)], .from = rnd(NODES), .to = rnd(NODES),
		.type = rnd(TYPES), .cascade = rnd(2) };
	bool edge = op.kind == UPDATE_EDGE;

	op.any = op.kind == UPDATE_DEL_EDGE && rnd(3) == 0;
	if (op.kind == UPDATE_NODE)
		op.set.labels = (uint8_t)(rnd(3) ? 0 : rnd(1 << LABELS));
	if (op.kind == UPDATE_NODE && rnd(3) == 0)
		op.unlabel = (uint8_t)(rnd(1 << LABELS) & ~op.set.labels);
	for (unsigned i = 0; i < NAMES && (edge || op.kind == UPDATE_NODE); i++) {
		if (i == NAMES - 1 && (!edge || rnd(4)))
			break;
		if (rnd(4) == 0)
			op.set.value[i] = (uint8_t)(1 + rnd(KINDS - 1));
		else if (rnd(6) == 0)
			op.unset |= (uint8_t)(1 << i);
	}
	return op;
}

static void give(struct update *u, const struct model *m, const struct op *op)
{
	struct update_op out = { .kind = op->kind, .cascade = op->cascade };
	struct bytes label[LABELS], unlabel[LABELS], unset[NAMES];
	struct property prop[2 * NAMES];
	char from[40], to[40];

	out.node = key_of(m, op->from, from);
	if (op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE) {
		out.any_type = op->any;
		out.type = op->any ? (struct bytes){0} : type_of(op->type);
		out.to = key_of(m, op->to, to);
	}
	for (unsigned i = LABELS; i-- > 0;)
		if (op->set.labels >> i & 1)
			label[out.label_n++] = label_of(i);
	for (unsigned i = 0; i < LABELS; i++)
		if (op->unlabel >> i & 1)
			unlabel[out.unlabel_n++] = label_of(i);
	for (unsigned i = NAMES; i-- > 0;) {
		if (op->set.value[i])
			out.prop_n += values_of(i, op->set.value[i], prop + out.prop_n);
		if (op->unset >> i & 1)
			unset[out.unset_n++] = name_of(i);
	}
	out.label = label;
	out.prop = prop;
	out.unset = unset;
	out.unlabel = unlabel;
	must(update_add(u, &out));
}

static void say(struct said *s, const struct op *op)
{
	s->labels = (uint8_t)((s->labels & ~op->unlabel) | op->set.labels);
	for (unsigned i = 0; i < NAMES; i++) {
		if (op->unset >> i & 1)
			s->value[i] = 0;
		if (op->set.value[i])
			s->value[i] = op->set.value[i];
	}
}

static void drop_edge(struct model *m, uint64_t t, uint64_t i, uint64_t k)
{
	m->there[t][i][k] = false;
	memset(&m->edge[t][i][k], 0, sizeof m->edge[t][i][k]);
}

static void follow_node(struct model *m, const struct op *op)
{
	m->named[op->from] = op->kind == UPDATE_NODE;
	if (op->kind == UPDATE_NODE) {
		say(&m->node[op->from], op);
		return;
	}
	memset(&m->node[op->from], 0, sizeof m->node[op->from]);
	for (uint64_t x = 0; op->cascade && x < TYPES * NODES; x++) {
		drop_edge(m, x / NODES, op->from, x % NODES);
		drop_edge(m, x / NODES, x % NODES, op->from);
	}
}

static void follow(struct model *m, const struct op *op)
{
	bool turned = m->undirected && op->from > op->to;
	uint64_t from = turned ? op->to : op->from, to = turned ? op->from : op->to;

	if (op->kind == UPDATE_NODE || op->kind == UPDATE_DEL_NODE) {
		follow_node(m, op);
	} else if (op->kind == UPDATE_EDGE) {
		m->there[op->type][from][to] = true;
		say(&m->edge[op->type][from][to], op);
	} else {
		for (uint64_t t = 0; t < TYPES; t++)
			if (op->any || t == op->type)
				drop_edge(m, t, from, to);
	}
}

/* --- asking --- */

static bool is_there(const struct model *m, uint64_t node)
{
	bool there = m->named[node];

	for (uint64_t x = 0; x < TYPES * NODES; x++)
		there |= m->there[x / NODES][node][x % NODES] |
			m->there[x / NODES][x % NODES][node];
	return there;
}

static void check_state(const struct prop_state *s, const struct said *want)
{
	struct property prop[2 * NAMES];
	struct bytes label[LABELS];
	uint32_t prop_n = 0, label_n = 0;

	for (unsigned i = 0; i < LABELS; i++)
		if (want->labels >> i & 1)
			label[label_n++] = label_of(i);
	for (unsigned k = 0; k < NAMES; k++) {
		unsigned i = k < 2 ? k : 5 - k;		/* weight before z name */
		unsigned kind = want->value[i];

		if (kind)
			prop_n += values_of(i, kind, prop + prop_n);
	}
	assert_int_equal(s->label_n, label_n);
	assert_int_equal(s->prop_n, prop_n);
	for (uint32_t i = 0; i < label_n; i++)
		assert_true(bytes_equal(s->label[i], label[i]));
	for (uint32_t i = 0; i < prop_n; i++) {
		assert_true(bytes_equal(s->prop[i].name, prop[i].name));
		assert_true(literal_equal(&s->prop[i].value, &prop[i].value));
	}
}

static void check_edges(const struct model *m, struct graph *g, const uint64_t *id)
{
	struct prop_state state;
	struct prop_room room;
	uint64_t n = 0;
	uint32_t type;

	prop_room_init(&room, NULL);
	for (uint64_t x = 0; x < TYPES * NODES * NODES; x++) {
		uint64_t t = x / NODES / NODES, i = x / NODES % NODES, k = x % NODES;
		int r = 0;

		n += m->there[t][i][k];
		if (is_there(m, i) && is_there(m, k)) {
			r = dict_find_type(graph_dict(g), type_of(t), &type);
			if (r > 0)
				r = graph_edge_state(g, id[i], type, id[k], 0, &room, &state);
		}
		must(r);
		if (m->undirected && i > k)
			continue;
		assert_int_equal(r, m->there[t][i][k]);
		if (r)
			check_state(&state, &m->edge[t][i][k]);
	}
	assert_int_equal(graph_entry(g)->edge_n, n);
	prop_room_release(&room);
}

/* B is the asker's own: what is unlocked there is nobody else's. */
static void ask(const struct model *m, struct backend *b)
{
	const struct store_options o = { .graphs = true };
	struct prop_state state;
	struct prop_room room;
	uint64_t id[NODES], n = 0;
	struct snapshot *v;
	struct store *s;
	struct graph *g;
	char key[40];

	must(store_open_on(&s, b, &o));
	must(store_snapshot(s, &v));
	must(graph_open_changed(&g, s, v, manifest_find_graph(snapshot_manifest(v), "g")));
	prop_room_init(&room, NULL);
	for (uint64_t i = 0; i < NODES; i++) {
		int r = dict_find(graph_dict(g), key_of(m, i, key), &id[i]);

		assert_int_equal(r, is_there(m, i));
		n += (uint64_t)r;
		if (!r)
			continue;
		must(graph_node_state(g, id[i], &room, &state));
		check_state(&state, &m->node[i]);
	}
	assert_int_equal(graph_count(g), n);
	check_edges(m, g, id);
	prop_room_release(&room);
	graph_close(g);
	snapshot_close(v);
	store_close(s);
}

/* --- a graph --- */

struct publish {
	struct manifest_graph g;
};

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct publish *p = ctx;

	strcpy(p->g.name, "g");
	p->g.version = version;
	p->g.space = 1;
	m->next_space = 2;
	manifest_drop_graph(m, "g");
	return manifest_add_graph(m, &p->g);
}

static struct build_options options(struct store *s)
{
	return (struct build_options){
		.backend = store_backend(s), .store_id = store_id(s), .mem = store_mem(s),
		.threads = 1, .budget = 1 << 20,
	};
}

/* An empty one. */
static void make(struct store *s, const struct model *m)
{
	struct build_options o = options(s);
	struct publish p = {0};
	struct build_note note;
	struct build *b;
	uint64_t version;

	o.undirected = m->undirected;
	o.ids = m->numbers ? BUILD_IDS_INT : BUILD_IDS_STRING;
	must(store_build_begin(s));
	must(build_open(&b, &o));
	must(build_finish(b, &p.g, &note));
	must(store_publish(s, publish, &p, &version));
	store_build_end(s);
}

static struct store *open_writer(struct backend *b)
{
	const struct store_options o = { .write = true, .wait_ns = 1000000000 };
	struct store *s;

	must(store_open_on(&s, b, &o));
	return s;
}

/* --- histories --- */

#define MOST 12u

/* Changes are folded after some, or many, or none of the commits. */
static void open_update(struct update **u, struct store *s)
{
	must(update_open(u, s, "g"));
	(*u)->fold_least = 1 + rnd(3) * rnd(40);
}

struct batch {
	struct op op[MOST];
	unsigned n;
};

static void gather(struct batch *b, struct update *u, const struct model *m)
{
	b->n = 1 + (unsigned)rnd(MOST);
	for (unsigned i = 0; i < b->n; i++) {
		b->op[i] = random_op();
		give(u, m, &b->op[i]);
	}
}

static void commit(const struct batch *b, struct update *u, struct model *m)
{
	struct update_done done;

	must(update_commit(u, &done));
	assert_int_equal(update_pending(u), 0);
	for (unsigned i = 0; i < b->n; i++)
		follow(m, &b->op[i]);
}

/* Does an entry of BATCH say that the node is not there of its own?  M: before it. */
static bool said_gone(const struct batch *batch, const struct model *m, uint64_t node)
{
	bool gone = false;

	for (unsigned i = 0; i < batch->n; i++)
		if (batch->op[i].kind == UPDATE_DEL_NODE && batch->op[i].from == node)
			gone |= m->named[node] || batch->op[i].cascade;
	return gone;
}

/* Whoever was there when the graph was read, and is when it is published, is so of its
 * own, unless BATCH, which came between the two, said otherwise.  BEFORE: without it. */
static void name_all(struct model *m, const struct model *before, const struct batch *batch)
{
	for (uint64_t i = 0; i < NODES; i++)
		m->named[i] |= is_there(before, i) && is_there(m, i) &&
			!said_gone(batch, before, i);
}

/* U's commit comes between what is compacted and its publication. */
static void compact(struct store *s, struct model *m, struct update *u)
{
	struct build_options o = options(s);
	struct publish p = {0};
	struct build_note note;
	struct snapshot *v;
	struct batch batch = {0};
	struct model before;
	struct graph *g;
	struct build *b;
	uint64_t at = 0, version;

	must(store_build_begin(s));
	must(store_snapshot(s, &v));
	must(graph_open_changed(&g, s, v, manifest_find_graph(snapshot_manifest(v), "g")));
	rebuild_options(g, &o);
	must(build_open(&b, &o));
	must(rebuild_feed(g, b, &at, NULL, NULL));
	must(build_finish(b, &p.g, &note));
	p.g.folded = snapshot_version(v);
	before = *m;
	if (u) {
		gather(&batch, u, m);
		commit(&batch, u, m);
	}
	must(replace_graph(s, g, NULL, p.g.folded, publish, &p, &version));
	name_all(m, &before, &batch);
	graph_close(g);
	snapshot_close(v);
	store_build_end(s);
	store_tidy(s);
}

static void others(struct store *s, struct model *m, struct update *u)
{
	switch (rnd(7)) {
	case 0: must(store_fold(s)); break;
	case 1: must(store_compact(s)); break;
	case 2: compact(s, m, rnd(2) ? u : NULL); break;
	case 3: assert_true(delta_fold(s, "g") >= 0); break;
	default: break;
	}
}

static void what_several_writers_say_is_all_there(void **state)
{
	(void)state;
	for (unsigned round = 0; round < scaled(24); round++) {
		struct model *m = calloc(1, sizeof *m);
		struct store *s[2];
		struct update *u[2];
		struct batch batch[2];
		struct backend *b, *other, *asker;	/* a process each */

		must(fault_open(&b, NULL, seed));
		must(fault_again(&other, b));
		must(fault_again(&asker, b));
		m->undirected = round & 1;
		m->numbers = round & 2;
		must(store_create_on(b, bytes_str("log_size = 1M\n")));
		s[0] = open_writer(b);
		make(s[0], m);
		s[1] = open_writer(other);
		for (unsigned i = 0; i < 2; i++)
			open_update(&u[i], s[i]);
		for (unsigned i = 0; i < 24; i++) {
			unsigned first = (unsigned)rnd(2);

			gather(&batch[0], u[0], m);
			if (rnd(2))
				gather(&batch[1], u[1], m);
			else
				batch[1].n = 0;
			commit(&batch[first], u[first], m);
			others(s[rnd(2)], m, batch[!first].n ? NULL : u[!first]);
			if (rnd(3) == 0)
				ask(m, asker);
			commit(&batch[!first], u[!first], m);
			others(s[rnd(2)], m, u[rnd(2)]);
			ask(m, asker);
		}
		for (unsigned i = 0; i < 2; i++) {
			update_close(u[i]);
			store_close(s[i]);
		}
		free(m);
		backend_close(asker);
		backend_close(other);
		backend_close(b);
	}
}

/* What the power left is the graph before the commit or after it. */
static void a_commit_that_is_killed_happened_or_did_not(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < scaled(24); n++) {
		struct model *m = calloc(1, sizeof *m), *after = malloc(sizeof *after);
		struct backend *b, *other, *left;
		struct update_done done;
		struct batch batch;
		struct update *u;
		struct store *s, *seen;
		struct snapshot *v;
		uint64_t version;
		int r;

		must(fault_open(&b, NULL, seed + n));
		m->undirected = n & 1;
		must(store_create_on(b, bytes_str("log_size = 1M\n")));
		s = open_writer(b);
		make(s, m);
		open_update(&u, s);
		for (unsigned i = 0; i < 4; i++) {
			gather(&batch, u, m);
			commit(&batch, u, m);
		}
		update_close(u);
		must(store_snapshot(s, &v));
		version = snapshot_version(v);
		snapshot_close(v);
		store_close(s);
		must(fault_again(&other, b));
		s = open_writer(other);
		open_update(&u, s);
		gather(&batch, u, m);
		fault_die_after(other, n);
		r = update_commit(u, &done);
		update_close(u);
		store_close(s);
		backend_close(other);
		memcpy(after, m, sizeof *m);
		for (unsigned i = 0; i < batch.n; i++)
			follow(after, &batch.op[i]);
		must(fault_crash(b, seed + n, &left));
		tail_set_boot("another");
		must(store_open_on(&seen, left, &(struct store_options){ .write = true }));
		must(store_snapshot(seen, &v));
		if (r == 0 && done.version > version)
			assert_true(snapshot_version(v) > version);
		memcpy(m, snapshot_version(v) > version ? after : m, sizeof *m);
		snapshot_close(v);
		store_close(seen);
		ask(m, left);
		tail_set_boot(NULL);
		backend_close(left);
		backend_close(b);
		free(m);
		free(after);
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
		cmocka_unit_test_setup(what_several_writers_say_is_all_there, setup),
		cmocka_unit_test_setup(a_commit_that_is_killed_happened_or_did_not, setup),
	};

	return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
