/* tests/unit/rescue.c - graphs that are damaged, and what is made of them
 *
 * Random graphs, random damage to one or some of their files.  The model is the array they
 * were built from.  What must hold: the new graph is sound; nothing in it is not of the
 * model; what it lacks was told, and could not be read by anybody: a missing edge's list
 * neither out of the one node nor into the other.
 */
#include "graph/rescue.h"

#include "graph/build.h"
#include "graph/check.h"
#include "graph/convert.h"
#include "graph/reindex.h"
#include "io/file.h"
#include "tests/unit/made_graph.h"

#define NODES_MOST 900u
#define EDGES_MOST 6000u
#define TYPES 3u
#define LOSSES 4096u

struct shape {
	bool undirected, multi, strings, values, node_props, edge_props, by_degree, index;
	enum csr_layout layout;
	unsigned node_n;
};

struct edge {
	unsigned from, to, type;
	int64_t weight, since;
	bool taken;			/* by an edge of the new graph */
};

struct loss {
	enum rescue_what what;
	bool ranged, low, high, typed;
	unsigned key, before, type;	/* nodes */
	uint64_t n;
};

struct world {
	struct shape shape;
	struct edge edge[EDGES_MOST];
	unsigned edge_n;
	bool is_there[NODES_MOST];	/* in the new graph */
	struct manifest_graph row;
	struct mem mem;
	struct backend *from, *to;
	struct loss loss[LOSSES];
	unsigned loss_n;
	/* the damaged one, as a strict reader has it */
	struct dict *dict;
	struct csr *out, *in;
	struct prop *nodes, *edges;
};

static const uint8_t from_id[16] = "the damaged one", to_id[16] = "the new one";
static const char *const type_name[TYPES] = { "", "knows", "near" };

static void must(int r)
{
	if (r < 0)
		fail_msg("%d: %s", r, err_message());
}

/* Strings and numbers that are in the order of the nodes. */
static struct bytes key_of(const struct shape *s, unsigned i, char room[32])
{
	return bytes_of(room, (size_t)sprintf(room, s->strings ? "node %05u" : "%u",
					      s->strings ? i : 10 + 7 * i));
}

static unsigned node_of(const struct world *w, struct bytes key)
{
	char text[32] = "", room[32];
	unsigned i = 0;

	assert_true(key.len < sizeof text);
	memcpy(text, key.ptr, key.len);
	if (sscanf(text, w->shape.strings ? "node %u" : "%u", &i) != 1)
		fail_msg("the key %s was made up", text);
	if (!w->shape.strings)
		i = (i - 10) / 7;
	assert_true(i < w->shape.node_n && bytes_equal(key, key_of(&w->shape, i, room)));
	return i;
}

/* --- made --- */

static void draw_shape(struct shape *s)
{
	static const enum csr_layout layout[] = { CSR_RAW, CSR_PACKED, CSR_COO };

	*s = (struct shape){
		.undirected = rnd(3) == 0, .multi = rnd(4) == 0, .strings = rnd(2),
		.values = rnd(2), .node_props = rnd(2), .edge_props = rnd(2),
		.by_degree = rnd(5) == 0, .layout = layout[rnd(3)],
		.node_n = 1 + (unsigned)rnd(rnd(2) ? 40 : NODES_MOST - 1),
	};
	s->index = s->node_props && rnd(2);
}

static bool is_new(const struct world *w, const struct edge *e)
{
	for (unsigned i = 0; i < w->edge_n && !w->shape.multi; i++) {
		const struct edge *o = &w->edge[i];

		if (o->type == e->type && ((o->from == e->from && o->to == e->to) ||
		    (w->shape.undirected && o->from == e->to && o->to == e->from)))
			return false;
	}
	return true;
}

static void draw_edges(struct world *w)
{
	unsigned most = (unsigned)rnd(rnd(2) ? 200 : 3000), hub = (unsigned)rnd(w->shape.node_n);

	w->edge_n = 0;
	for (unsigned i = 0; i < most; i++) {
		struct edge e = {
			.from = rnd(4) ? (unsigned)rnd(w->shape.node_n) : hub,
			.to = rnd(4) ? (unsigned)rnd(w->shape.node_n) : hub,
			.type = (unsigned)rnd(TYPES), .weight = (int64_t)rnd(1000),
			.since = (int64_t)rnd(1u << 30),
		};

		if (w->shape.undirected && e.from > e.to) {
			unsigned was = e.from;

			e.from = e.to;
			e.to = was;
		}
		if (is_new(w, &e))
			w->edge[w->edge_n++] = e;
	}
}

static struct text_key text_of(const struct shape *s, unsigned i, char room[32])
{
	struct text_key k = { .bytes = key_of(s, i, room) };

	k.is_number = text_number(k.bytes, &k.number);
	return k;
}

static void feed(struct world *w, struct build *b)
{
	const struct shape *s = &w->shape;
	const struct bytes label = bytes_str("Person");
	char one[32], two[32];
	uint64_t at = 0;

	for (unsigned i = 0; i < s->node_n; i++) {
		const struct property born = { bytes_str("born"),
			{ .kind = LITERAL_INTEGER, .i = i } };
		struct text_edge e = { .src = text_of(s, i, one) };

		if (s->node_props) {
			e.prop = &born;
			e.label = &label;
			e.prop_n = e.label_n = 1;
		}
		must(build_add_text_node(b, &e, at++));
	}
	for (unsigned i = 0; i < w->edge_n; i++) {
		const struct property since = { bytes_str("since"),
			{ .kind = LITERAL_INTEGER, .i = w->edge[i].since } };
		struct text_edge e = {
			.src = text_of(s, w->edge[i].from, one),
			.dst = text_of(s, w->edge[i].to, two),
			.type = bytes_str(type_name[w->edge[i].type]),
		};

		if (s->values)
			e.value = (struct text_value){ TEXT_INTEGER, w->edge[i].weight, 0 };
		if (s->edge_props) {
			e.prop = &since;
			e.prop_n = 1;
		}
		must(build_add_texts(b, &e, 1, at++));
	}
}

static void finish(struct world *w)
{
	const struct convert_options turn = {
		.backend = w->from, .store_id = from_id, .mem = &w->mem,
		.layout = w->shape.layout, .order = DICT_BY_DEGREE,
	};
	const struct bytes born = bytes_str("born");
	struct manifest_graph given = w->row;
	struct graph *g;

	if (w->shape.by_degree) {
		must(graph_open(&g, w->from, from_id, &given, &w->mem));
		must(convert_graph(g, &turn, &w->row));
		graph_close(g);
		build_discard(w->from, &given);
	}
	given = w->row;
	if (w->shape.index) {
		must(graph_open(&g, w->from, from_id, &given, &w->mem));
		must(reindex_names(g, w->from, from_id, &born, 1, NULL, NULL,
				   &w->row.segment[w->row.segment_n]));
		w->row.segment_n++;
		graph_close(g);
	}
}

static struct backend *empty(void)
{
	struct backend *b;

	must(backend_mem(&b));
	must(backend_mkdir(b, "tmp"));
	must(backend_mkdir(b, "seg"));
	return b;
}

static void make(struct world *w)
{
	struct build_options o = {
		.store_id = from_id, .mem = &w->mem, .layout = w->shape.layout,
		.undirected = w->shape.undirected,
		.equal = w->shape.multi ? BUILD_KEEP : BUILD_FIRST,
		.ids = w->shape.strings ? BUILD_IDS_STRING : BUILD_IDS_AUTO, .threads = 1,
	};
	struct build_note note;
	struct build *b;

	mem_init(&w->mem, 0);
	draw_shape(&w->shape);
	draw_edges(w);
	o.layout = w->shape.layout;
	o.undirected = w->shape.undirected;
	o.equal = w->shape.multi ? BUILD_KEEP : BUILD_FIRST;
	o.ids = w->shape.strings ? BUILD_IDS_STRING : BUILD_IDS_AUTO;
	w->from = o.backend = empty();
	w->to = empty();
	must(build_open(&b, &o));
	feed(w, b);
	memset(&w->row, 0, sizeof w->row);
	strcpy(w->row.name, "hurt");
	must(build_finish(b, &w->row, &note));
	finish(w);
}

/* --- harmed --- */

static void put(struct file *f, const uint8_t *p, uint64_t len)
{
	must(file_resize(f, 0));
	if (len)
		must(file_write(f, p, len, 0));
}

static void harm(struct world *w, const struct segment_ref *ref)
{
	char name[SEGMENT_NAME_MAX];
	uint64_t len, at, n;
	struct file *f;
	uint8_t *p;

	segment_name(name, ref->kind, ref->id);
	if (backend_open(w->from, name, FILE_WRITE | FILE_LINKED, &f) < 0)
		return;			/* removed before */
	must(file_size(f, &len));
	p = calloc(1, len + 8192);
	must(file_read(f, p, len, 0));
	at = rnd(len + 1);
	n = 1 + rnd(rnd(2) ? 16 : 9000);
	if (at + n > len)
		n = len - at;
	switch (rnd(16)) {
	case 0: put(f, p, at); break;
	case 1: put(f, p, len + 1 + rnd(5000)); break;
	case 2: case 3: case 4: case 5:
		memset(p + at, 0, n);
		put(f, p, len);
		break;
	case 6: case 7:
		memset(p + rnd(len / 4096 + 1) * 4096, 0xff, 4096);
		put(f, p, len);
		break;
	default:
		for (uint64_t k = 1 + rnd(4); k && len; k--)
			p[rnd(len)] ^= (uint8_t)(1 << rnd(8));
		put(f, p, len);
	}
	file_close(f);
	free(p);
	if (rnd(40) == 0)
		backend_remove(w->from, name);
}

/* --- what a strict reader still has --- */

static void open_damaged(struct world *w)
{
	w->dict = NULL;
	w->out = w->in = NULL;
	w->nodes = w->edges = NULL;
	for (uint32_t i = 0; i < w->row.segment_n; i++) {
		struct segment_ref ref = w->row.segment[i];
		struct csr *c;
		struct prop *p;

		ref.mend = true;
		if (ref.kind == SEGMENT_DICT) {
			if (dict_open(&w->dict, w->from, &ref, from_id, &w->mem) < 0)
				w->dict = NULL;
		} else if (ref.kind == SEGMENT_CSR) {
			if (csr_open(&c, w->from, &ref, from_id, &w->mem) == 0)
				*(csr_direction(c) == CSR_IN ? &w->in : &w->out) = c;
		} else if (ref.kind == SEGMENT_PROP) {
			if (prop_open(&p, w->from, &ref, from_id, &w->mem) == 0)
				*(prop_role(p) == PROP_NODES ? &w->nodes : &w->edges) = p;
		}
	}
	err_clear();
}

static void close_damaged(struct world *w)
{
	dict_close(w->dict);
	csr_close(w->out);
	csr_close(w->in);
	prop_close(w->nodes);
	prop_close(w->edges);
}

/* The id of a node in the damaged graph; it may be that nobody can say. */
static bool id_of(struct world *w, unsigned node, uint64_t *id)
{
	char room[32];
	struct bytes key = key_of(&w->shape, node, room);
	struct buf found = { .mem = NULL };
	bool is = false;

	for (*id = 0; !is && *id < dict_stored_n(w->dict); ++*id)
		is = dict_key(w->dict, *id, &found) == 0 && bytes_equal(buf_bytes(&found), key);
	--*id;
	buf_release(&found);
	err_clear();
	return is;
}

static bool type_of(struct world *w, unsigned type, uint32_t *id)
{
	struct bytes name;

	for (*id = 0; *id < dict_type_n(w->dict); ++*id)
		if (dict_type(w->dict, *id, &name) == 0 &&
		    bytes_equal(name, bytes_str(type_name[type])))
			return true;
	err_clear();
	return false;
}

static bool reads(struct csr *c, uint32_t type, uint64_t node)
{
	static struct csr_list l;
	union csr_value v;
	uint64_t to;
	int r = c ? csr_row(c, type, node, &l) : ERR_DAMAGED;

	while (r >= 0 && l.n && (r = csr_values(c) ? csr_next_value(&l, &to, &v) :
				 csr_next(&l, &to)) > 0)
		;
	err_clear();
	return r >= 0;
}

/* --- what was told --- */

static unsigned type_number(struct bytes name)
{
	for (unsigned t = 0; t < TYPES; t++)
		if (bytes_equal(name, bytes_str(type_name[t])))
			return t;
	fail_msg("a type that never was");
	return 0;
}

static int lose(void *ctx, const struct rescue_lost *l)
{
	struct world *w = ctx;
	struct loss *x = &w->loss[w->loss_n++];

	assert_true(w->loss_n < LOSSES);
	assert_non_null(l->words);
	*x = (struct loss){
		.what = l->what, .ranged = l->ranged, .low = l->key.ptr, .high = l->before.ptr,
		.typed = l->typed, .n = l->n,
	};
	if (x->low)
		x->key = node_of(w, l->key);
	if (x->high)
		x->before = node_of(w, l->before);
	if (x->typed)
		x->type = type_number(l->type);
	return 0;
}

static bool told(const struct world *w, enum rescue_what what, unsigned node, unsigned type)
{
	for (unsigned i = 0; i < w->loss_n; i++) {
		const struct loss *l = &w->loss[i];
		bool first = what == RESCUE_NODES ? !l->low || node > l->key :
			!l->low || node >= l->key;

		if (l->what != what || (l->typed && l->type != type))
			continue;
		if (l->ranged ? first && (!l->high || node < l->before) : node == l->key)
			return true;
	}
	return false;
}

/* --- compared --- */

static int64_t number_of(const struct prop_state *s, const char *name)
{
	for (uint32_t i = 0; i < s->prop_n; i++)
		if (bytes_equal(s->prop[i].name, bytes_str(name)))
			return s->prop[i].value.i;
	return -1;
}

static void compare_nodes(struct world *w, struct graph *g)
{
	struct dict *d = graph_dict(g);
	struct prop_room room;
	struct buf key = { .mem = NULL };
	uint64_t told_n = 0, gone_n = 0, id;

	prop_room_init(&room, &w->mem);
	memset(w->is_there, 0, sizeof w->is_there);
	for (uint64_t i = 0; i < graph_node_n(g); i++) {
		struct prop_state s;
		unsigned n;

		must(dict_key(d, i, &key));
		n = node_of(w, buf_bytes(&key));
		assert_false(w->is_there[n]);
		w->is_there[n] = true;
		must(graph_node_state(g, i, &room, &s));
		if (!w->shape.node_props) {
			assert_int_equal(s.prop_n + s.label_n, 0);
		} else if (s.prop_n) {
			assert_int_equal(s.prop_n, 1);
			assert_int_equal(s.label_n, 1);
			assert_int_equal(number_of(&s, "born"), n);
		} else {
			struct prop_state was;

			assert_true(told(w, RESCUE_NODE_STATES, n, 0));
			assert_true(id_of(w, n, &id));
			assert_true(!w->nodes || prop_row(w->nodes, id, &room, &was) < 0);
		}
	}
	for (unsigned n = 0; n < w->shape.node_n; n++)
		if (!w->is_there[n]) {
			gone_n++;
			assert_true(told(w, RESCUE_NODES, n, 0));
			assert_false(id_of(w, n, &id));
		}
	for (unsigned i = 0; i < w->loss_n; i++)
		told_n += w->loss[i].what == RESCUE_NODES ? w->loss[i].n : 0;
	assert_int_equal(told_n, gone_n);
	prop_room_release(&room);
	buf_release(&key);
}

/* An edge of the model that is this one, and was not met yet. */
static struct edge *find_edge(struct world *w, unsigned from, unsigned to, unsigned type,
			      int64_t weight, int64_t since)
{
	for (unsigned i = 0; i < w->edge_n; i++) {
		struct edge *e = &w->edge[i];

		if (!e->taken && e->type == type && ((e->from == from && e->to == to) ||
		    (w->shape.undirected && e->from == to && e->to == from)) &&
		    (weight < 0 || e->weight == weight) && (since < 0 || e->since == since))
			return e;
	}
	return NULL;
}

static bool is_whole(const struct world *w, const struct prop_state *s)
{
	return (!w->shape.values || number_of(s, "weight") >= 0) &&
		(!w->shape.edge_props || number_of(s, "since") >= 0);
}

/* What is said of an edge may be lost: it is told, of either end if it has no direction. */
static void compare_edge(struct world *w, unsigned from, unsigned to, unsigned type,
			 const struct prop_state *s)
{
	int64_t weight = number_of(s, "weight"), since = number_of(s, "since");
	struct edge *e = find_edge(w, from, to, type, weight, since);
	bool lost = !is_whole(w, s);

	if (!e)
		fail_msg("the edge %u %u %u (weight %d, since %d) was made up", from, type, to,
			 (int)weight, (int)since);
	e->taken = true;
	if (!w->shape.values)
		assert_true(weight < 0);
	if (!w->shape.edge_props)
		assert_true(since < 0);
	if (lost)
		assert_true(told(w, RESCUE_EDGE_STATES, from, type) ||
			    (w->shape.undirected && told(w, RESCUE_EDGE_STATES, to, type)));
}

/* Those of which all is known first: the others may be any of the rest. */
static void compare_list(struct world *w, struct graph *g, uint32_t type, uint64_t node,
			 bool whole)
{
	struct prop_room room;
	struct buf key = { .mem = NULL };
	uint64_t to, before = UINT64_MAX, nth = 0;
	static struct csr_list l;
	struct prop_state s;
	struct bytes name;
	unsigned from;
	int r;

	prop_room_init(&room, &w->mem);
	must(dict_key(graph_dict(g), node, &key));
	from = node_of(w, buf_bytes(&key));
	must(dict_type(graph_dict(g), type, &name));
	must(csr_row(graph_csr(g, CSR_OUT), type, node, &l));
	while ((r = csr_next(&l, &to)) > 0) {
		nth = to == before ? nth + 1 : 0;
		before = to;
		if (w->shape.undirected && to < node)
			continue;
		must(dict_key(graph_dict(g), to, &key));
		assert_int_equal(graph_edge_state(g, node, type, to, nth, &room, &s), 1);
		if (whole == is_whole(w, &s))
			compare_edge(w, from, node_of(w, buf_bytes(&key)), type_number(name), &s);
	}
	must(r);
	prop_room_release(&room);
	buf_release(&key);
}

/* Nobody could have read it. */
static void is_surely_lost(struct world *w, const struct edge *e)
{
	uint64_t from = 0, to = 0;
	uint32_t type;

	if (!w->is_there[e->from] || !w->is_there[e->to])
		return;
	assert_true(told(w, RESCUE_EDGES, e->from, e->type) ||
		    (w->shape.undirected && told(w, RESCUE_EDGES, e->to, e->type)));
	if (!type_of(w, e->type, &type))
		return;
	assert_true(id_of(w, e->from, &from) && id_of(w, e->to, &to));
	assert_false(reads(w->out, type, from));
	assert_false(reads(w->shape.undirected ? w->out : w->in, type, to));
}

static unsigned compare_edges(struct world *w, struct graph *g)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < w->edge_n; i++)
		w->edge[i].taken = false;
	for (uint32_t t = 0; t < graph_type_n(g); t++)
		for (uint64_t i = 0; i < graph_node_n(g); i++)
			compare_list(w, g, t, i, true);
	for (uint32_t t = 0; t < graph_type_n(g); t++)
		for (uint64_t i = 0; i < graph_node_n(g); i++)
			compare_list(w, g, t, i, false);
	for (unsigned i = 0; i < w->edge_n; i++)
		if (!w->edge[i].taken) {
			lost++;
			is_surely_lost(w, &w->edge[i]);
		}
	return lost;
}

static void no_fault(void *ctx, const char *words, const char *next)
{
	(void)ctx, (void)next;
	fail_msg("%s", words);
}

struct met {
	unsigned whole, some, all, mended;	/* how rescues ended */
};

static void compare(struct world *w, struct manifest_graph *made, int r, struct met *met)
{
	unsigned lost;
	struct graph *g;

	assert_int_equal(check_graph(w->to, to_id, made, &w->mem, no_fault, NULL), 0);
	must(graph_open(&g, w->to, to_id, made, &w->mem));
	open_damaged(w);
	compare_nodes(w, g);
	lost = compare_edges(w, g);
	assert_int_equal(r, w->loss_n != 0);
	if (r == 0)
		assert_int_equal(lost, 0);
	met->whole += r == 0;
	met->some += r == 1 && lost && lost < w->edge_n;
	met->mended += r == 0 && w->edge_n > 100 &&
		(!w->out || !w->in || !reads(w->out, 0, 0) || !reads(w->in, 0, 0));
	close_damaged(w);
	graph_close(g);
}

static void rescue(struct world *w, struct met *met)
{
	const struct rescue from = {
		.from = w->from, .from_id = from_id, .graph = &w->row, .to = w->to,
		.to_id = to_id, .mem = &w->mem, .lost = lose, .ctx = w,
	};
	struct rescue look = from;
	struct manifest_graph made;
	int r;

	look.to = NULL;
	w->loss_n = 0;
	r = rescue_graph(&look, NULL);
	if (r < 0)
		assert_int_equal(r, ERR_DAMAGED);
	w->loss_n = 0;
	r = rescue_graph(&from, &made);
	if (r == ERR_DAMAGED) {
		open_damaged(w);
		assert_null(w->dict);
		close_damaged(w);
		met->all++;
	} else {
		must(r);
		assert_string_equal(made.name, "hurt");
		compare(w, &made, r, met);
	}
	assert_int_equal(w->mem.used, 0);
}

static void one_world(struct world *w, unsigned harms, struct met *met)
{
	make(w);
	for (; harms; harms--)
		harm(w, &w->row.segment[rnd(w->row.segment_n)]);
	rescue(w, met);
	backend_close(w->from);
	backend_close(w->to);
}

static struct world world;

static void a_sound_graph_is_the_same_again(void **state)
{
	struct met met = { 0 };

	(void)state;
	for (uint64_t i = 0; i < scaled(10); i++)
		one_world(&world, 0, &met);
	assert_int_equal(met.whole, scaled(10));
}

static void what_cannot_be_read_is_told_and_all_else_is_there(void **state)
{
	struct met met = { 0 };

	(void)state;
	for (uint64_t i = 0; made_round(i, 60, met.whole > 3 && met.some > 3 && met.all &&
					met.mended); i++)
		one_world(&world, 1 + (unsigned)rnd(4), &met);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sound_graph_is_the_same_again, made_setup,
						made_teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_read_is_told_and_all_else_is_there, made_setup,
			made_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
