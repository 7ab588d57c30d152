/* tests/fault/net.c - graphs in the histories: what is done to them, and what they are
 *
 * The store's side is what the commands of strato-graph do: changes by graph/update,
 * builds published under the graph's name, rows of the manifest renamed and dropped.
 * The model's side is a table (struct net) that knows nothing of segments or changes.
 * Of a node it is said what `p` is, and labels join; of an edge what `q`, or for one
 * of the types `weight`, is.  Nodes are always said before edges between them, so that
 * none is there by its edges alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "graph/delta.h"
#include "graph/delta_fold.h"
#include "graph/index.h"
#include "graph/named.h"
#include "graph/rebuild.h"
#include "graph/reindex.h"
#include "graph/replace.h"
#include "graph/update_inside.h"
#include "tests/fault/world.h"

#define LONG_SAID 200u		/* from here on it is a text of some KiB */
#define LABELS 3u

/* --- the model --- */

static void drop_node(struct net *n, unsigned node, uint64_t version)
{
	n->node[node] = n->labels[node] = 0;
	n->node_at[node] = n->gone_at[node] = version;
	for (unsigned t = 0; t < WORLD_TYPES; t++)
		for (unsigned i = 0; i < WORLD_NODES; i++)
			n->edge[t][node][i] = n->edge[t][i][node] = 0;
}

/* FIRST: of equal edges the first one's weight stays, as in a build. */
static void apply_op(struct net *n, const struct net_op *op, bool first, uint64_t version)
{
	bool turned = n->undirected && op->from > op->to;
	unsigned from = turned ? op->to : op->from, to = turned ? op->from : op->to;
	uint8_t *edge = &n->edge[op->type][from][to];

	if (op->what == NET_NODE) {
		n->node[op->from] = op->said;
		n->labels[op->from] |= (uint8_t)(1 << op->said % LABELS);
		n->node_at[op->from] = version;
	} else if (op->what == NET_DEL_NODE) {
		drop_node(n, op->from, version);
	} else if (op->what == NET_DEL_EDGE) {
		*edge = 0;
		n->edge_at[op->type][from][to] = version;
	} else {
		*edge = first && op->type && *edge ? *edge : op->said;
		n->edge_at[op->type][from][to] = version;
	}
}

/* A change that came while C was built lies above it and says all of its node or edge. */
static bool is_under(const struct net *n, const struct net_op *op, uint64_t rests_on)
{
	bool turned = n->undirected && op->from > op->to;
	unsigned from = turned ? op->to : op->from, to = turned ? op->from : op->to;

	if (op->what == NET_NODE)
		return n->node_at[op->from] > rests_on;
	return n->edge_at[op->type][from][to] > rests_on || n->gone_at[from] > rests_on ||
		n->gone_at[to] > rests_on;
}

void net_apply(struct net net[WORLD_NETS], const struct commit *c, uint64_t version)
{
	struct net *n = &net[c->from];

	if (c->kind == COMMIT_DROP || c->kind == COMMIT_IMPORT)
		memset(n, 0, sizeof *n);
	if (c->kind == COMMIT_MOVE) {
		net[c->to] = *n;
		memset(n, 0, sizeof *n);
	}
	if (c->kind == COMMIT_IMPORT) {
		n->there = true;
		n->undirected = c->undirected;
	}
	for (unsigned i = 0; i < c->net_op_n; i++)
		if (c->kind != COMMIT_APPEND || !is_under(n, &c->net_op[i], c->rests_on))
			apply_op(n, &c->net_op[i], c->kind != COMMIT_UPDATE,
				 c->kind == COMMIT_UPDATE ? version : 0);
}

const char *net_differs(const struct net *a, const struct net *b)
{
	static char words[200];

	if (a->there != b->there || a->undirected != b->undirected)
		return a->there != b->there ? "it is there in one of them" :
		       "its edges have a direction in one of them";
	for (unsigned i = 0; i < WORLD_NODES; i++)
		if (a->node[i] != b->node[i] || a->labels[i] != b->labels[i]) {
			sprintf(words, "node n%u: %u, labels %x; %u, labels %x", i, a->node[i],
				a->labels[i], b->node[i], b->labels[i]);
			return words;
		}
	for (unsigned x = 0; x < WORLD_TYPES * WORLD_NODES * WORLD_NODES; x++) {
		unsigned t = x / WORLD_NODES / WORLD_NODES, i = x / WORLD_NODES % WORLD_NODES,
			 k = x % WORLD_NODES;

		if (a->edge[t][i][k] == b->edge[t][i][k])
			continue;
		sprintf(words, "edge n%u t%u n%u: %u; %u", i, t, k, a->edge[t][i][k],
			b->edge[t][i][k]);
		return words;
	}
	return NULL;
}

/* --- names --- */

static const char *name_of(unsigned net)
{
	static const char *const names[WORLD_NETS] = { "net a", "net b", "net c" };

	return names[net];
}

static int number_of(const char *name)
{
	for (unsigned i = 0; i < WORLD_NETS; i++)
		if (!strcmp(name, name_of(i)))
			return (int)i;
	return -1;
}

bool net_is_name(const char *name)
{
	return number_of(name) >= 0;
}

static struct bytes node_key(unsigned node, char buf[16])
{
	return bytes_of(buf, (size_t)sprintf(buf, "n%u", node));
}

static int node_of(struct bytes key)
{
	if (key.len != 2 || key.ptr[0] != 'n' || key.ptr[1] < '0' ||
	    key.ptr[1] >= '0' + (int)WORLD_NODES)
		return -1;
	return key.ptr[1] - '0';
}

static struct bytes type_name(unsigned type)
{
	return bytes_str(type ? "t1" : "");
}

static struct bytes label_name(unsigned label)
{
	static const char *const names[LABELS] = { "A", "B", "C" };

	return bytes_str(names[label]);
}

static struct property said_prop(const char *name, unsigned said)
{
	static char text[256][16 * 256];
	struct property p = { .name = bytes_str(name),
		.value = { .kind = LITERAL_INTEGER, .i = said } };

	if (said < LONG_SAID)
		return p;
	if (!text[said][0])
		memset(text[said], (int)('A' + said % 26), 16 * said);
	p.value = (struct literal){ .kind = LITERAL_STRING,
		.text = bytes_of(text[said], 16 * said) };
	return p;
}

static struct property node_prop(unsigned said)
{
	return said_prop("p", said);
}

static struct property edge_prop(unsigned type, unsigned said)
{
	return said_prop(type ? "weight" : "q", type ? said % LONG_SAID : said);
}

/* --- looking --- */

struct looking {
	struct world *w;
	const char *name;
	struct graph *g;
	struct prop_room room;
	struct net *net, in;
	unsigned at;			/* the node */
	uint64_t edge_n;
};

static unsigned node_at(struct looking *l, uint64_t id)
{
	char buf[64];
	struct buf key = { .mem = NULL };
	int i;

	world_must(l->w, dict_key(graph_dict(l->g), id, &key), "a node's key");
	i = node_of(buf_bytes(&key));
	snprintf(buf, sizeof buf, "%s", bytes_show(buf_bytes(&key)));
	buf_release(&key);
	if (i < 0)
		world_fail(l->w, "graph \"%s\": node \"%s\", which nobody made", l->name, buf);
	return (unsigned)i;
}

/* What was said, of which S is the state. */
static uint8_t said_of(struct looking *l, const struct prop_state *s, const char *name)
{
	uint64_t said;

	if (s->prop_n != 1 || !bytes_equal(s->prop[0].name, bytes_str(name)))
		world_fail(l->w, "graph \"%s\": node n%u: %u properties, not \"%s\"", l->name,
			   l->at, s->prop_n, name);
	said = s->prop[0].value.kind == LITERAL_INTEGER ? (uint64_t)s->prop[0].value.i :
	       s->prop[0].value.text.len / 16;
	if (said && said < 256) {
		struct property want = said_prop(name, (unsigned)said);

		if (literal_equal(&s->prop[0].value, &want.value))
			return (uint8_t)said;
	}
	world_fail(l->w, "graph \"%s\": node n%u: \"%s\" has a value that nobody gave it",
		   l->name, l->at, name);
}

static uint8_t labels_of(struct looking *l, const struct prop_state *s)
{
	uint8_t labels = 0;

	for (uint32_t i = 0; i < s->label_n; i++) {
		unsigned k = 0;

		while (k < LABELS && !bytes_equal(s->label[i], label_name(k)))
			k++;
		if (k == LABELS)
			world_fail(l->w, "graph \"%s\": node n%u: label \"%s\"", l->name, l->at,
				   bytes_show(s->label[i]));
		labels |= (uint8_t)(1 << k);
	}
	return labels;
}

static int seen_edge(void *ctx, const struct graph_edge *e)
{
	struct looking *l = ctx;
	struct net *n = e->way == CSR_OUT ? l->net : &l->in;
	unsigned to = node_at(l, e->to), from = l->at, type;
	struct prop_state s;
	struct bytes name;
	uint64_t id;
	int r;

	world_must(l->w, dict_type(graph_dict(l->g), e->type, &name), "a type's name");
	type = name.len != 0;
	if (!bytes_equal(name, type_name(type)))
		world_fail(l->w, "graph \"%s\": a type \"%s\"", l->name, bytes_show(name));
	if (e->way == CSR_IN) {
		from = to;
		to = l->at;
	} else {
		l->edge_n++;
	}
	if (n->undirected && from > to)
		return 0;		/* seen from its other end */
	if (n->edge[type][from][to])
		world_fail(l->w, "graph \"%s\": edge n%u t%u n%u twice", l->name, from, type, to);
	n->edge[type][from][to] = 1;
	if (e->way == CSR_IN)
		return 0;
	r = dict_find(graph_dict(l->g), node_key(from, (char[16]){ 0 }), &id);
	if (r == 1)
		r = graph_edge_state(l->g, id, e->type, e->to, 0, &l->room, &s);
	world_must(l->w, r, "an edge's state");
	if (r == 0)
		world_fail(l->w, "graph \"%s\": edge n%u t%u n%u is not found", l->name, from, type,
			   to);
	n->edge[type][from][to] = said_of(l, &s, type ? "weight" : "q");
	return 0;
}

static void look_at_node(struct looking *l, uint64_t id)
{
	static const struct graph_types all = { .all = true };
	enum csr_direction way = l->net->undirected ? CSR_OUT : CSR_BOTH;
	struct prop_state s;

	l->at = node_at(l, id);
	if (l->net->node[l->at])
		world_fail(l->w, "graph \"%s\": node n%u twice", l->name, l->at);
	world_must(l->w, graph_node_state(l->g, id, &l->room, &s), "a node's state");
	l->net->node[l->at] = said_of(l, &s, "p");
	l->net->labels[l->at] = labels_of(l, &s);
	world_must(l->w, graph_neighbours(l->g, id, way, &all, seen_edge, l), "a node's edges");
}

/* One direction says what the other does. */
static void both_ways(struct looking *l)
{
	const struct net *n = l->net;

	for (unsigned t = 0; t < WORLD_TYPES && !n->undirected; t++)
		for (unsigned i = 0; i < WORLD_NODES; i++)
			for (unsigned k = 0; k < WORLD_NODES; k++)
				if (!n->edge[t][i][k] != !l->in.edge[t][i][k])
					world_fail(l->w, "graph \"%s\": edge n%u t%u n%u lies in one "
						   "direction only", l->name, i, t, k);
}

static bool equals(const void *ctx, const struct literal *value)
{
	return literal_equal(ctx, value);
}

/* Those an index finds are those a walk through all nodes finds. */
static void look_by_value(struct looking *l)
{
	unsigned like = (unsigned)world_rnd(l->w, WORLD_NODES), said = l->net->node[like], n = 0;
	struct property p = node_prop(said = said ? said : 7);
	struct named_range at = { .where = NAMED_AT, .value = &p.value };
	struct named_rows rows = { .of = NULL };
	uint64_t id = 0, from = 0;
	struct named named;
	int r = named_find(&named, l->g, p.name);

	world_must(l->w, r, "finding a property");
	if (r == 1)
		r = named_rows_begin(&rows, &named, &at, equals, &p.value);
	world_must(l->w, r, "nodes by a value");
	while (named.graph && rows.of && (r = named_rows_seek(&rows, from, &id)) == 1) {
		if (l->net->node[node_at(l, id)] != said)
			world_fail(l->w, "graph \"%s\": node n%u is found by %u", l->name,
				   node_at(l, id), said);
		from = id + 1;
		n++;
	}
	world_must(l->w, r, "nodes by a value");
	for (unsigned i = 0; i < WORLD_NODES; i++)
		n -= l->net->node[i] == said;
	if (n)
		world_fail(l->w, "graph \"%s\": not all nodes are found by %u", l->name, said);
	named_rows_release(&rows);
	named_release(&named);
}

void net_look(struct world *w, struct store *s, struct snapshot *v,
	      const struct manifest_graph *row, struct sight *out)
{
	int net = number_of(row->name);
	struct looking l = { .w = w, .name = name_of((unsigned)net), .net = &out->net[net] };
	uint64_t n, id;

	world_must(w, graph_open_changed(&l.g, s, v, row), "opening a graph");
	prop_room_init(&l.room, store_mem(s));
	l.net->there = true;
	l.net->undirected = l.in.undirected = graph_undirected(l.g);
	n = dict_key_n(graph_dict(l.g));
	if (graph_count(l.g) != n)
		world_fail(w, "graph \"%s\": %" PRIu64 " nodes, and %" PRIu64 " keys", l.name,
			   graph_count(l.g), n);
	for (uint64_t i = 0; i < n; i++) {
		world_must(w, dict_at(graph_dict(l.g), i, &id), "a node by its place");
		look_at_node(&l, id);
	}
	both_ways(&l);
	if (graph_entry(l.g)->edge_n != l.edge_n && !l.net->undirected)
		world_fail(w, "graph \"%s\": %" PRIu64 " edges, and %" PRIu64 " are there", l.name,
			   graph_entry(l.g)->edge_n, l.edge_n);
	if (world_rnd(w, 2))
		look_by_value(&l);
	prop_room_release(&l.room);
	graph_close(l.g);
}

/* --- doing: changes --- */

static void draw_node(struct world *w, struct commit *c, unsigned node)
{
	c->net_op[c->net_op_n++] = (struct net_op){ .what = NET_NODE, .from = (uint8_t)node,
		.said = (uint8_t)(1 + world_rnd(w, 255)) };
}

static void draw_edge(struct world *w, struct commit *c)
{
	struct net_op op = { .what = NET_EDGE, .from = (uint8_t)world_rnd(w, WORLD_NODES),
		.to = (uint8_t)world_rnd(w, WORLD_NODES),
		.type = (uint8_t)world_rnd(w, WORLD_TYPES),
		.said = (uint8_t)(1 + world_rnd(w, 255)) };

	if (op.type)
		op.said = (uint8_t)(1 + op.said % (LONG_SAID - 1));
	draw_node(w, c, op.from);
	draw_node(w, c, op.to);
	c->net_op[c->net_op_n++] = op;
}

static void draw_op(struct world *w, struct commit *c, bool only_adds)
{
	uint64_t what = world_rnd(w, only_adds ? 6 : 9);
	struct net_op op = { .from = (uint8_t)world_rnd(w, WORLD_NODES),
		.to = (uint8_t)world_rnd(w, WORLD_NODES),
		.type = (uint8_t)world_rnd(w, WORLD_TYPES) };

	if (what < 2) {
		draw_node(w, c, op.from);
	} else if (what < 6) {
		draw_edge(w, c);
	} else {
		op.what = what < 7 ? NET_DEL_NODE : NET_DEL_EDGE;
		c->net_op[c->net_op_n++] = op;
	}
}

static void draw_ops(struct world *w, struct commit *c, bool only_adds)
{
	unsigned n = (unsigned)world_rnd(w, world_rnd(w, 3) ? 4 : WORLD_NET_OPS - 3) + !only_adds;

	while (c->net_op_n < n && c->net_op_n + 3 <= WORLD_NET_OPS)
		draw_op(w, c, only_adds);
}

static int give(struct update *u, const struct net_op *op)
{
	static const enum update_kind kinds[] = {
		[NET_NODE] = UPDATE_NODE, [NET_EDGE] = UPDATE_EDGE,
		[NET_DEL_NODE] = UPDATE_DEL_NODE, [NET_DEL_EDGE] = UPDATE_DEL_EDGE,
	};
	struct update_op o = { .kind = kinds[op->what], .cascade = op->what == NET_DEL_NODE };
	struct bytes label = label_name(op->said % LABELS);
	struct property p = op->what == NET_NODE ? node_prop(op->said) :
			    edge_prop(op->type, op->said);
	char from[16], to[16];

	o.node = node_key(op->from, from);
	if (op->what == NET_EDGE || op->what == NET_DEL_EDGE) {
		o.type = type_name(op->type);
		o.to = node_key(op->to, to);
	}
	if (op->what == NET_NODE || op->what == NET_EDGE) {
		o.prop = &p;
		o.prop_n = 1;
	}
	if (op->what == NET_NODE) {
		o.label = &label;
		o.label_n = 1;
	}
	return update_add(u, &o);
}

static int run_update(struct world *w, struct store *s, struct commit *c)
{
	struct update_done done = { .version = 0 };
	struct update *u = NULL;
	int r = update_open(&u, s, name_of(c->from));

	if (r < 0)
		return r;
	u->fold_least = 1 + world_rnd(w, 60);
	for (unsigned i = 0; r == 0 && i < c->net_op_n; i++)
		r = give(u, &c->net_op[i]);
	if (r == 0)
		r = update_commit(u, &done);
	if (r == 0 && world_rnd(w, 4) == 0)
		update_settle(u);
	update_close(u);
	if (r == 0 && done.node_n + done.edge_n)
		c->version = done.version;
	return r;
}

/* --- doing: builds --- */

struct making {
	struct world *w;
	struct store *s;
	struct snapshot *v;
	struct graph *old;		/* that it adds to, or takes the place of */
	struct build *b;
	const char *name;
	bool renews;			/* what was there, and nothing else */
	uint64_t base, folded, at;
	struct manifest_graph made;
};

static struct text_edge text_of(const struct net_op *op, char from[16], char to[16],
				struct property *p, struct bytes *label)
{
	struct text_edge e = { .src.bytes = node_key(op->from, from) };

	*p = op->what == NET_NODE ? node_prop(op->said) : edge_prop(op->type, op->said);
	*label = label_name(op->said % LABELS);
	e.prop = p;
	e.prop_n = 1;
	if (op->what == NET_NODE) {
		e.label = label;
		e.label_n = 1;
		return e;
	}
	e.dst.bytes = node_key(op->to, to);
	e.type = type_name(op->type);
	if (op->type) {			/* a weight is a value of its own */
		e.prop_n = 0;
		e.value.kind = TEXT_INTEGER;
		e.value.i = p->value.i;
	}
	return e;
}

static int feed(struct making *m, const struct commit *c)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < c->net_op_n; i++) {
		struct property p;
		struct bytes label;
		char from[16], to[16];
		struct text_edge e = text_of(&c->net_op[i], from, to, &p, &label);

		r = c->net_op[i].what == NET_NODE ? build_add_text_node(m->b, &e, m->at++) :
		    build_add_texts(m->b, &e, 1, m->at++);
	}
	return r;
}

static int publish(void *ctx, struct manifest *mf, uint64_t version)
{
	struct making *m = ctx;
	const struct manifest_graph *was = manifest_find_graph(mf, m->name);

	if ((was ? was->version : 0) != m->base)
		return err_set(ERR_CHANGED, "graph \"%s\" was changed by others", m->name);
	memset(m->made.name, 0, sizeof m->made.name);
	strcpy(m->made.name, m->name);
	m->made.version = version;
	m->made.imported = m->renews ? was->imported : version;
	m->made.space = m->old ? was->space : mf->next_space++;
	m->made.folded = m->old ? m->folded : 0;
	manifest_drop_graph(mf, m->name);
	return manifest_add_graph(mf, &m->made);
}

static int look_before(struct making *m, bool adds)
{
	const struct manifest_graph *row;
	int r = store_snapshot(m->s, &m->v);

	if (r < 0)
		return r;
	row = manifest_find_graph(snapshot_manifest(m->v), m->name);
	m->base = row ? row->version : 0;
	m->folded = snapshot_version(m->v);
	return row && adds ? graph_open_changed(&m->old, m->s, m->v, row) : 0;
}

static int build(struct making *m, const struct commit *c)
{
	struct build_options o = {
		.backend = store_backend(m->s), .store_id = store_id(m->s),
		.mem = store_mem(m->s), .threads = 1, .budget = 1 << 20,
		.undirected = c && c->undirected, .ids = BUILD_IDS_STRING,
	};
	struct build_note note;
	int r;

	if (m->old)
		rebuild_options(m->old, &o);
	if (world_rnd(m->w, 4) == 0)
		o.layout = CSR_RAW;
	r = build_open(&m->b, &o);
	if (r == 0 && m->old)
		r = rebuild_feed(m->old, m->b, &m->at, NULL, NULL);
	if (r == 0 && c)
		r = feed(m, c);
	if (r < 0) {
		build_abort(m->b);
		return r;
	}
	r = build_finish(m->b, &m->made, &note);
	if (r < 0 || !m->old)
		return r;
	strcpy(m->made.name, m->name);
	r = reindex_again(m->old, &m->made, o.backend, o.store_id, NULL, NULL);
	if (r < 0)
		build_discard(o.backend, &m->made);
	return r;
}

static int replace(struct making *m, uint64_t *version)
{
	struct graph *next = NULL;
	int r = m->renews ? 0 : graph_open(&next, store_backend(m->s), store_id(m->s), &m->made,
					   store_mem(m->s));

	if (r == 0)
		r = replace_graph(m->s, m->old, next, m->folded, publish, m, version);
	graph_close(next);
	return r;
}

/* C NULL: what is there, once more. */
static int make(struct world *w, struct store *s, unsigned net, struct commit *c)
{
	struct making m = { .w = w, .s = s, .name = name_of(net), .renews = !c };
	uint64_t version = 0;
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	r = look_before(&m, !c || c->kind == COMMIT_APPEND);
	if (c && c->kind == COMMIT_APPEND)
		c->rests_on = m.folded;
	if (r == 0 && (m.old ? c || graph_delta(m.old) : c && c->kind == COMMIT_IMPORT)) {
		r = build(&m, c);
		if (r == 0)
			r = m.old ? replace(&m, &version) :
			    store_publish(s, publish, &m, &version);
	} else if (r == 0 && c) {
		r = err_set(ERR_NO_GRAPH, "no graph \"%s\" by now", m.name);
	}
	store_build_end(s);
	graph_close(m.old);
	snapshot_close(m.v);
	store_tidy(s);
	if (r == 0 && c)
		c->version = version;
	return r;
}

/* --- doing: the row alone --- */

static int move(void *ctx, struct manifest *m, uint64_t version)
{
	const struct commit *c = ctx;
	struct manifest_graph *g = manifest_find_graph(m, name_of(c->from)), moved;

	if (!g)
		return err_set(ERR_ABSENT, "no graph \"%s\"", name_of(c->from));
	moved = *g;
	moved.version = version;
	memset(moved.name, 0, sizeof moved.name);
	strcpy(moved.name, name_of(c->to));
	manifest_drop_graph(m, name_of(c->from));
	manifest_drop_graph(m, name_of(c->to));
	return manifest_add_graph(m, &moved);
}

static int drop(void *ctx, struct manifest *m, uint64_t version)
{
	const struct commit *c = ctx;

	(void)version;
	if (!manifest_find_graph(m, name_of(c->from)))
		return err_set(ERR_ABSENT, "no graph \"%s\"", name_of(c->from));
	manifest_drop_graph(m, name_of(c->from));
	return 0;
}

static int run_row(struct store *s, struct commit *c)
{
	uint64_t version = 0;
	int r = store_publish(s, c->kind == COMMIT_MOVE ? move : drop, c, &version);

	if (r < 0)
		return r;
	c->version = version;
	store_tidy(s);
	return 0;
}

struct indexing {
	struct segment_ref ref;
	struct manifest_graph was;
	bool has;
};

static int put_index(void *ctx, struct manifest *m, uint64_t version)
{
	struct indexing *x = ctx;
	struct manifest_graph *g = manifest_find_graph(m, x->was.name);
	uint32_t n = 0;

	if (!g || g->space != x->was.space || g->version != x->was.version ||
	    g->folded != x->was.folded)
		return err_set(ERR_CHANGED, "graph \"%s\" was built anew by others", x->was.name);
	for (uint32_t i = 0; i < g->segment_n; i++)
		if (g->segment[i].kind != SEGMENT_INDEX)
			g->segment[n++] = g->segment[i];
	if (x->has)
		g->segment[n++] = x->ref;
	memset(&g->segment[n], 0, (MANIFEST_GRAPH_SEGMENTS - n) * sizeof *g->segment);
	g->segment_n = n;
	g->version = version;
	return 0;
}

/* An index of `p`, made or taken away. */
static int index_it(struct world *w, struct store *s, unsigned net)
{
	struct indexing x = { .has = world_rnd(w, 3) != 0 };
	const struct bytes name = bytes_str("p");
	const struct manifest_graph *row;
	struct snapshot *v = NULL;
	struct graph *g = NULL;
	struct prop *p = NULL;
	uint64_t version;
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	r = store_snapshot(s, &v);
	row = r == 0 ? manifest_find_graph(snapshot_manifest(v), name_of(net)) : NULL;
	if (row) {
		x.was = *row;
		r = graph_open_changed(&g, s, v, row);
	}
	if (r == 0 && g)
		r = graph_props(g, PROP_NODES, &p);
	if (r == 0 && p && x.has)
		r = reindex_names(g, store_backend(s), store_id(s), &name, 1, NULL, NULL, &x.ref);
	if (r == 0 && p)
		r = store_publish(s, put_index, &x, &version);
	store_build_end(s);
	graph_close(g);
	snapshot_close(v);
	store_tidy(s);
	return r;
}

/* --- --- */

/* Which graphs S shows, as bits; < 0. */
static int graphs_there(struct store *s)
{
	struct snapshot *v = NULL;
	int r = store_snapshot(s, &v), there = 0;

	if (r < 0)
		return r;
	for (unsigned i = 0; i < WORLD_NETS; i++)
		if (manifest_find_graph(snapshot_manifest(v), name_of(i)))
			there |= 1 << i;
	snapshot_close(v);
	return there;
}

/* Others may have been faster: it did not happen then. */
static bool others_came(const struct world *w, int r)
{
	if (r == ERR_CHANGED && w->unsure && strstr(err_message(), "while this was added"))
		return true;		/* by who was killed, but had written all of it */
	return w->weave && (r == ERR_CHANGED || r == ERR_ABSENT || r == ERR_NO_GRAPH ||
			    r == ERR_LOCKED);
}

static int run(struct world *w, struct store *s, struct commit *c)
{
	static const char *const words[] = { [COMMIT_UPDATE] = "update",
		[COMMIT_IMPORT] = "import", [COMMIT_APPEND] = "append", [COMMIT_DROP] = "drop",
		[COMMIT_MOVE] = "move" };
	int r;

	if (c->kind == COMMIT_UPDATE)
		r = run_update(w, s, c);
	else if (c->kind == COMMIT_DROP || c->kind == COMMIT_MOVE)
		r = run_row(s, c);
	else
		r = make(w, s, c->from, c);
	c->until = w->commit_n;
	world_say("commit %u %s of %s: %u ops -> %d version %" PRIu64 " %s", c->id,
		  words[c->kind], name_of(c->from), c->net_op_n, r, c->version,
		  r < 0 ? err_message() : "");
	if (r == 0)		/* without a version nothing was there to change */
		c->fate = c->version ? ACKED : GONE;
	if (r < 0 && others_came(w, r)) {
		c->fate = GONE;
		err_clear();
		return 0;
	}
	return r;
}

static int upkeep(struct world *w, struct store *s, unsigned net)
{
	uint64_t what = world_rnd(w, 3);
	int r;

	if (what == 0)
		r = make(w, s, net, NULL);
	else if (what == 1)
		r = index_it(w, s, net);
	else
		r = delta_fold(s, name_of(net));
	world_say("%s of %s -> %d %s", what == 0 ? "compaction" : what == 1 ? "index" : "folding",
		  name_of(net), r, r < 0 ? err_message() : "");
	return r > 0 || (r < 0 && others_came(w, r)) ? 0 : r;
}

/* Of what goes while others add the same and was not there before the model does not know
 * whether anything is said: woven histories have one or the other. */
static bool woven_adds(const struct world *w)
{
	return w->weave && w->seed % 2;
}

int world_commit_net(struct world *w, struct store *s)
{
	unsigned net = (unsigned)world_rnd(w, WORLD_NETS);
	uint64_t what = world_rnd(w, 20);
	struct commit *c;
	int there;

	if (world_doubts(w) > (w->weave ? 1 : 2))
		return world_commit_plain(w, s);
	there = graphs_there(s);
	if (there < 0)
		return there;
	for (unsigned i = 0; there && i < 8 && !(there >> net & 1); i++)
		net = (unsigned)world_rnd(w, WORLD_NETS);
	if (there >> net & 1 && what < 4)
		return upkeep(w, s, net);
	c = world_add_commit(w, COMMIT_UPDATE);
	if (!c)
		return 0;
	c->marked = false;
	c->bulk = true;
	c->from = (uint8_t)net;
	if (!(there >> net & 1) || what < 6)
		c->kind = COMMIT_IMPORT;
	else if (what < 9 && (!w->weave || woven_adds(w)))
		c->kind = COMMIT_APPEND;
	else if (what < 10)
		c->kind = COMMIT_DROP;
	else if (what < 11 && !w->nested)	/* else whom does it hit that is under way? */
		c->kind = COMMIT_MOVE;
	if (c->kind == COMMIT_IMPORT && world_rnd(w, 4))
		c->from = (uint8_t)world_rnd(w, WORLD_NETS);	/* there or not */
	c->undirected = c->kind == COMMIT_IMPORT && world_rnd(w, 4) == 0;
	c->to = (uint8_t)((net + 1 + world_rnd(w, WORLD_NETS - 1)) % WORLD_NETS);
	if (c->kind != COMMIT_DROP && c->kind != COMMIT_MOVE)
		draw_ops(w, c, c->kind != COMMIT_UPDATE || woven_adds(w));
	return run(w, s, c);
}
