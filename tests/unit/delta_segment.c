/* tests/unit/delta_segment.c - changes in a segment against the entries they were made of
 *
 * All that can be asked of a graph is summed up in one number.  It must be the same
 * whether changes lie in a segment, partly do, or are read; and whatever fails, or is
 * damaged, it is that number or an error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/kit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/build.h"
#include "graph/check.h"
#include "graph/delta.h"
#include "graph/delta_disk.h"
#include "graph/delta_fold.h"
#include "graph/delta_segment.h"
#include "graph/graph.h"
#include "graph/update_inside.h"
#include "io/fault.h"
#include "io/file.h"
#include "store/kept.h"
#include "store/tail.h"

#define NODES 90u
#define EDGES 400u

static uint64_t seed, turn;
static bool one_type;		/* changes are of the stored one alone */

static uint64_t rnd(uint64_t n)
{
	return hash_u64(seed + turn++) % n;
}

/* --- a graph and its changes --- */

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct manifest_graph *g = ctx;

	strcpy(g->name, "g");
	g->version = version;
	g->space = 1;
	m->next_space = 2;
	return manifest_add_graph(m, g);
}

/* Of numbers below ALONE each is a node. */
static struct store *build_as(struct backend *b, const char *settings, bool undirected,
			      const struct scan_edge *edge, size_t n, uint64_t alone)
{
	struct manifest_graph g = {0};
	struct build_note note;
	struct build *build;
	struct store *s;
	uint64_t version;

	must(store_create_on(b, bytes_str(settings)));
	s = open_on(b);
	must(store_build_begin(s));
	must(build_open(&build, &(struct build_options){
		.backend = b, .store_id = store_id(s), .mem = store_mem(s), .threads = 1,
		.budget = 1 << 22, .undirected = undirected, .equal = BUILD_FIRST }));
	if (alone)
		must(build_add_nodes(build, 0, alone));
	must(build_add_edges(build, 0, edge, NULL, n, 0));
	must(build_finish(build, &g, &note));
	must(store_publish(s, publish, &g, &version));
	store_build_end(s);
	return s;
}

static struct store *build(struct backend *b, bool undirected, const struct scan_edge *edge,
			   size_t n, uint64_t alone)
{
	return build_as(b, "log_size = 1M\n", undirected, edge, n, alone);
}

static struct store *make_among(struct backend *b, bool undirected, uint64_t alone)
{
	struct scan_edge edge[EDGES];

	for (unsigned i = 0; i < EDGES; i++)
		edge[i] = (struct scan_edge){ rnd(NODES), rnd(rnd(2) ? NODES : 5) };
	return build(b, undirected, edge, EDGES, alone);
}

static struct store *make(struct backend *b, bool undirected)
{
	return make_among(b, undirected, 0);
}

/* 0, 1, 2, ... N - 1, each leading to the next. */
static struct store *make_path(struct backend *b, bool undirected, uint64_t n)
{
	struct scan_edge *edge = calloc(n, sizeof *edge);
	struct store *s;

	for (uint64_t i = 0; i < n; i++)
		edge[i] = (struct scan_edge){ i, i + 1 < n ? i + 1 : i };
	s = build(b, undirected, edge, n, 0);
	free(edge);
	return s;
}

static struct bytes key(uint64_t i, char out[24])
{
	return bytes_of(out, (size_t)snprintf(out, 24, i % 7 ? "%" PRIu64 : "k%" PRIu64, i));
}

static void add_one(struct update *u)
{
	static const enum update_kind kind[] = {
		UPDATE_EDGE, UPDATE_EDGE, UPDATE_EDGE, UPDATE_NODE, UPDATE_DEL_EDGE,
		UPDATE_DEL_NODE,
	};
	const struct bytes label = bytes_str("L");
	struct property prop = { .name = bytes_str(rnd(4) ? "age" : "weight"),
		.value = { .kind = LITERAL_INTEGER, .i = (int64_t)rnd(9) } };
	struct update_op op = { .kind = kind[rnd(6)], .cascade = rnd(2) };
	char from[24], to[24];

	op.node = key(rnd(NODES + 40), from);
	if (op.kind == UPDATE_EDGE || op.kind == UPDATE_DEL_EDGE) {
		op.to = key(rnd(rnd(2) ? NODES + 40 : 6), to);
		op.type = bytes_str(rnd(3) || one_type ? "" : rnd(2) ? "a" : "b");
	}
	if (op.kind == UPDATE_NODE && rnd(2)) {
		op.label = &label;
		op.label_n = 1;
	}
	if ((op.kind == UPDATE_NODE || op.kind == UPDATE_EDGE) && rnd(2)) {
		op.prop = &prop;
		op.prop_n = 1;
	}
	must(update_add(u, &op));
}

static void change(struct store *s, unsigned n)
{
	struct update_done done;
	struct update *u;

	must(update_open(&u, s, "g"));
	do {
		for (unsigned i = 0; i < n; i++)
			add_one(u);
		must(update_commit(u, &done));
	} while (done.node_n + done.edge_n == 0);
	update_close(u);
}

/* --- asked --- */

struct sum {
	uint64_t all;
	struct prop_room room;
};

static void mix(struct sum *s, uint64_t x)
{
	s->all = hash_u64(s->all ^ hash_u64(x + 1));
}

static void mix_bytes(struct sum *s, struct bytes b)
{
	mix(s, hash64(b.len, b.ptr, b.len));
}

static void mix_state(struct sum *s, const struct prop_state *p)
{
	mix(s, p->label_n);
	mix(s, p->prop_n);
	for (uint32_t i = 0; i < p->prop_n; i++) {
		mix_bytes(s, p->prop[i].name);
		mix(s, (uint64_t)p->prop[i].value.i);
	}
}

static int sum_nodes(struct sum *s, struct graph *g)
{
	struct dict *d = graph_dict(g);
	struct prop_state state;
	struct buf text = {0};
	uint64_t id, again;
	int r = 0;

	mix(s, dict_key_n(d));
	for (uint64_t place = 0; r >= 0 && place < dict_key_n(d); place++) {
		r = dict_at(d, place, &id);
		if (r >= 0)
			r = dict_key(d, id, &text);
		if (r >= 0)
			r = dict_find(d, buf_bytes(&text), &again);
		if (r >= 0)
			r = graph_node_state(g, id, &s->room, &state);
		if (r < 0)
			break;
		mix(s, id);
		mix(s, again);
		mix_bytes(s, buf_bytes(&text));
		mix_state(s, &state);
	}
	buf_release(&text);
	return r;
}

static int sum_list(struct sum *s, struct graph *g, struct csr *c, uint32_t t, uint64_t from,
		    struct csr_list *l)
{
	bool valued = csr_values(c) != CSR_NO_VALUES;
	union csr_value v = {0};
	struct prop_state state;
	struct csr_list other;
	uint64_t to, id = 0;
	int r;

	mix(s, l->n);
	while ((r = valued ? csr_next_value(l, &to, &v) : csr_next(l, &to)) > 0) {
		assert_true(to < graph_node_n(g));
		mix(s, to);
		mix(s, (uint64_t)v.i);
		if (csr_direction(c) != CSR_IN)
			r = graph_edge_state(g, from, t, to, 0, &s->room, &state);
		if (r > 0 && csr_direction(c) != CSR_IN)
			mix_state(s, &state);
		if (r >= 0)
			r = csr_row(c, t, from, &other);
		if (r >= 0)
			r = csr_seek(&other, to);
		if (r >= 0)
			r = csr_next(&other, &id);
		if (r < 0)
			return r;
		mix(s, id);
	}
	return r;
}

static int sum_type(struct sum *s, struct graph *g, struct csr *c, uint32_t t)
{
	uint64_t n, from = rnd(NODES), end = from + rnd(60);
	struct csr_scan scan;
	struct csr_list l;
	int r = csr_type_edges(c, t, &n);

	mix(s, n);
	for (uint64_t i = 0; r >= 0 && i < graph_node_n(g); i++) {
		r = csr_degree(c, t, i, &n);
		mix(s, n);
		if (r >= 0)
			r = csr_row(c, t, i, &l);
		if (r >= 0)
			r = sum_list(s, g, c, t, i, &l);
	}
	csr_scan_range(&scan, c, t, from, end);	/* of any range: not in the sum */
	while (r >= 0 && (r = csr_scan_next(&scan, &l)) > 0)
		assert_true(scan.node >= from && scan.node < end);
	csr_scan_begin(&scan, c, t);
	while (r >= 0 && (r = csr_scan_next(&scan, &l)) > 0) {
		mix(s, scan.node);
		r = sum_list(s, g, c, t, scan.node, &l);
	}
	if (r >= 0)
		r = csr_edges_before(c, t, 64, &n);
	mix(s, n);
	return r;
}

static int sum_graph(struct graph *g, uint64_t *out)
{
	struct sum s = {0};
	struct bytes name;
	int r;

	prop_room_init(&s.room, NULL);
	mix(&s, graph_entry(g)->edge_n);
	r = sum_nodes(&s, g);
	for (uint32_t t = 0; r >= 0 && t < graph_type_n(g); t++) {
		r = dict_type(graph_dict(g), t, &name);
		if (r >= 0) {
			mix_bytes(&s, name);
			r = sum_type(&s, g, graph_csr(g, CSR_OUT), t);
		}
		if (r >= 0 && !graph_undirected(g))
			r = sum_type(&s, g, graph_csr(g, CSR_IN), t);
	}
	prop_room_release(&s.room);
	*out = s.all;
	return r < 0 ? r : 0;
}

enum how { AS_IT_IS, WITHOUT_SEGMENT };

static void without_segment(struct manifest_graph *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->segment_n; i++)
		if (g->segment[i].kind != SEGMENT_DELTA)
			g->segment[n++] = g->segment[i];
	g->segment_n = n;
	g->upto = 0;
}

static int sum_row(struct store *s, struct snapshot *v, const struct manifest_graph *row,
		   uint64_t *out)
{
	struct graph *g;
	int r = graph_open_changed(&g, s, v, row);

	if (r < 0)
		return r;
	r = sum_graph(g, out);
	graph_close(g);
	return r;
}

static uint64_t sum_of(struct store *s, struct snapshot *v, enum how how)
{
	struct manifest_graph row = *manifest_find_graph(snapshot_manifest(v), "g");
	uint64_t sum;

	if (how == WITHOUT_SEGMENT)
		without_segment(&row);
	must(sum_row(s, v, &row, &sum));
	return sum;
}

static void told(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)ctx;
	print_message("# %s\n", words);
}

static void silent(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)ctx;
	(void)words;
}

static int check(struct store *s, const struct manifest_graph *row)
{
	return check_graph(store_backend(s), store_id(s), row, store_mem(s), told, NULL);
}

/* Is it the same either way? */
static uint64_t same(struct store *s)
{
	struct snapshot *v;
	uint64_t sum;

	must(store_snapshot(s, &v));
	sum = sum_of(s, v, WITHOUT_SEGMENT);
	assert_true(sum == sum_of(s, v, AS_IT_IS));
	assert_int_equal(check(s, manifest_find_graph(snapshot_manifest(v), "g")), 0);
	snapshot_close(v);
	return sum;
}

static const struct segment_ref *segment_of(struct snapshot *v)
{
	return delta_segment_of(manifest_find_graph(snapshot_manifest(v), "g"));
}

static void is_mapped(struct store *s)
{
	struct snapshot *v;
	struct graph *g;

	must(store_snapshot(s, &v));
	must(graph_open_changed(&g, s, v, manifest_find_graph(snapshot_manifest(v), "g")));
	assert_non_null(graph_delta(g));
	assert_non_null(delta_file(graph_delta(g)));
	graph_close(g);
	snapshot_close(v);
}

/* --- --- */

static void a_segment_says_what_its_entries_say(void **state)
{
	(void)state;
	for (unsigned round = 0; round < scaled(10); round++) {
		struct backend *b;
		struct store *s;

		must(backend_mem(&b));
		s = make(b, round & 1);
		for (unsigned i = 0; i < 6; i++) {
			change(s, 1 + (unsigned)rnd(40));
			same(s);
			if (rnd(2))
				must(store_fold(s));
			assert_int_equal(delta_fold(s, "g"), 1);
			assert_int_equal(delta_fold(s, "g"), 0);
			is_mapped(s);
			same(s);
		}
		store_close(s);
		backend_close(b);
	}
}

/* --- scans --- */

static void scan_some(struct csr *c, uint32_t t, bool lists)
{
	uint64_t n = csr_node_n(c), first = rnd(NODES), end = first + rnd(n), to[2], *skip;
	struct csr_list l, same;
	struct csr_scan scan;
	uint64_t length;

	skip = calloc(n / 64 + 1, sizeof *skip);
	for (uint64_t i = 0; i < n; i++)
		skip[i / 64] |= (uint64_t)(rnd(3) == 0) << i % 64;
	csr_scan_range(&scan, c, t, first, end);
	csr_scan_skip(&scan, skip);
	for (uint64_t i = first; i < n && i < end; i++) {
		must(csr_row(c, t, i, &same));
		if (skip[i / 64] >> i % 64 & 1 || same.n == 0)
			continue;
		assert_int_equal(lists ? csr_scan_next(&scan, &l) :
				 csr_scan_degree(&scan, &length), 1);
		assert_true(scan.node == i && (lists ? l.n : length) == same.n);
		for (uint64_t k = 0; lists && k < same.n; k++) {
			assert_int_equal(csr_next(&l, &to[0]), 1);
			assert_int_equal(csr_next(&same, &to[1]), 1);
			assert_true(to[0] == to[1]);
		}
	}
	assert_int_equal(lists ? csr_scan_next(&scan, &l) : csr_scan_degree(&scan, &length), 0);
	free(skip);
}

/* Groups where they can be had, in whatever order; each list once. */
static void scan_firsts(struct csr *c, uint32_t t, bool both)
{
	uint64_t n = csr_node_n(c), first = rnd(2) * 64, to, *skip, end = first + rnd(n);
	uint8_t *seen = calloc(n + 64, 1);
	struct csr_firsts f;
	struct csr_list l;
	struct csr_scan scan;
	int r;

	skip = calloc(n / 64 + 1, sizeof *skip);
	for (uint64_t i = 0; i < n; i++)
		skip[i / 64] |= (uint64_t)(rnd(3) == 0) << i % 64;
	csr_scan_range(&scan, c, t, first, end);
	csr_scan_skip(&scan, skip);
	r = csr_scan_next(&scan, &l);
	while (r > 0) {
		seen[scan.node]++;
		while (rnd(4) && (r = csr_scan_firsts(&scan, both, &f)) > 0)
			for (unsigned k = 0; k < 64; k++) {
				if (!(f.rows >> k & 1))
					continue;
				seen[f.node + k]++;
				must(csr_row(c, t, f.node + k, &l));
				assert_true(l.n == csr_firsts_n(&f, k));
				assert_int_equal(csr_next(&l, &to), 1);
				assert_true(to == f.first[k]);
			}
		assert_true(r >= 0);
		r = csr_scan_next(&scan, &l);
		for (uint64_t length = 0; r > 0 && length < l.n; length++)
			assert_int_equal(csr_next(&l, &to), 1);
	}
	assert_int_equal(r, 0);
	for (uint64_t i = 0; i < n; i++) {
		must(csr_row(c, t, i, &l));
		assert_int_equal(seen[i], i >= first && i < end && l.n &&
				 !(skip[i / 64] >> i % 64 & 1));
	}
	free(skip);
	free(seen);
}

static void a_scan_gives_each_list_that_is_not_skipped(void **state)
{
	(void)state;
	for (unsigned round = 0; round < scaled(20); round++) {
		struct snapshot *v;
		struct backend *b;
		struct graph *g;
		struct store *s;

		must(backend_mem(&b));
		s = make_among(b, round & 1, round & 2 ? 4 * EDGES + 1 : 0);
		one_type = round & 4;
		change(s, 1 + (unsigned)rnd(100));
		if (rnd(2))
			assert_int_equal(delta_fold(s, "g"), 1);
		must(store_snapshot(s, &v));
		must(graph_open_changed(&g, s, v,
					manifest_find_graph(snapshot_manifest(v), "g")));
		for (uint32_t t = 0; t < graph_type_n(g); t++)
			for (unsigned i = 0; i < 8; i++) {
				scan_some(graph_csr(g, i & 1 ? CSR_OUT : CSR_IN), t, i & 2);
				scan_firsts(graph_csr(g, i & 1 ? CSR_OUT : CSR_IN), t, i & 2);
			}
		graph_close(g);
		snapshot_close(v);
		store_close(s);
		backend_close(b);
	}
}

/* --- widths --- */

static void numbers_are_as_wide_as_they_must(void **state)
{
	static const uint64_t most[] = { 0, 1, 255, 256, 65535, 65536, (1u << 24) - 1, 1u << 24,
		UINT32_MAX, 1ull << 32, (1ull << 40) - 1, 1ull << 40, (1ull << 56) - 1, 1ull << 56,
		UINT64_MAX };
	static const uint32_t width[] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 8 };

	(void)state;
	for (unsigned i = 0; i < sizeof most / sizeof most[0]; i++) {
		uint8_t room[20 * 8 + NARROW_SLACK];
		struct narrow a = narrow_of(room, narrow_width(most[i]));
		uint64_t was[20];

		assert_int_equal(a.width, width[i]);
		for (unsigned k = 0; k < 20; k++) {
			was[k] = k % 3 || most[i] == 0 ? most[i] - (most[i] ? rnd(most[i]) : 0) :
				most[i];
			narrow_put(&a, k, was[k]);
		}
		for (unsigned k = 0; k < 20; k++)
			assert_true(narrow_get(&a, k) == was[k]);
	}
}

static void set_weight(struct store *s, uint64_t from, uint64_t to, const char *type,
		       const struct literal *weight)
{
	struct property prop = { .name = bytes_str("weight"), .value = *weight };
	struct update_op op = { .kind = UPDATE_EDGE, .type = bytes_str(type), .prop = &prop,
				.prop_n = 1 };
	char text[2][24];
	struct update_done done;
	struct update *u;

	op.node = bytes_of(text[0], (size_t)sprintf(text[0], "%" PRIu64, from));
	op.to = bytes_of(text[1], (size_t)sprintf(text[1], "%" PRIu64, to));
	must(update_open(&u, s, "g"));
	must(update_add(u, &op));
	must(update_commit(u, &done));
	update_close(u);
}

/* How many bytes a target takes, and a value. */
static void widths_of(struct store *s, unsigned *to, unsigned *value)
{
	const struct delta_meta_disk *meta;
	struct snapshot *v;
	struct segment *seg;

	must(store_snapshot(s, &v));
	must(segment_open(&seg, store_backend(s), segment_of(v), store_id(s), NULL));
	meta = (const void *)segment_get_meta(seg).ptr;
	*to = meta->way[0].to;
	*value = meta->way[0].value;
	segment_close(seg);
	snapshot_close(v);
}

static void ids_and_values_of_any_width_are_what_they_were(void **state)
{
	static const int64_t weight[] = { 1, 1, 200, -55, -40000, INT64_MAX, INT64_MIN };
	static const unsigned wide[] = { 0, 0, 1, 1, 2, 8, 8 };
	static const unsigned node_n[] = { 1, 127, 128, 129, 32768, 32769 };
	static const unsigned width[] = { 1, 1, 1, 2, 2, 3 };
	const struct literal real = { .kind = LITERAL_DOUBLE, .r = -0.1 };
	unsigned to, value;

	(void)state;
	for (unsigned i = 0; i < sizeof node_n / sizeof node_n[0]; i++) {
		uint64_t last = node_n[i] - 1;
		struct backend *b;
		struct store *s;

		must(backend_mem(&b));
		s = make_path(b, i & 1, node_n[i]);
		for (unsigned k = 0; k < (i < 4 ? 7 : 1); k++) {
			struct literal w = { .kind = LITERAL_INTEGER, .i = weight[k] };

			set_weight(s, last, last - (last ? rnd(last) : 0), k & 1 ? "" : "a", &w);
			set_weight(s, rnd(last + 1), last, "a", &w);
			assert_int_equal(delta_fold(s, "g"), 1);
			is_mapped(s);
			same(s);
			widths_of(s, &to, &value);
			assert_int_equal(to, width[i]);
			assert_true(value <= wide[k]);
		}
		set_weight(s, 0, last, "b", &real);
		assert_int_equal(delta_fold(s, "g"), 1);
		is_mapped(s);
		same(s);
		widths_of(s, &to, &value);
		assert_int_equal(value, 8);
		store_close(s);
		backend_close(b);
	}
}

static void what_was_kept_is_as_it_was(void **state)
{
	struct snapshot *v;
	struct backend *b;
	struct store *s;
	uint64_t sum[4], version;
	const char *const name[] = { "a", "b", "c", "d" };

	(void)state;
	must(backend_mem(&b));
	s = make(b, false);
	for (unsigned i = 0; i < 4; i++) {
		change(s, 30);
		if (i % 2)
			assert_int_equal(delta_fold(s, "g"), 1);
		change(s, 10);
		sum[i] = same(s);
		must(kept_take(s, bytes_str(name[i]), &version));
		assert_int_equal(delta_fold(s, "g"), 1);
		assert_true(same(s) == sum[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		must(store_snapshot_as_of(s, bytes_str(name[i]), &v));
		assert_true(sum_of(s, v, AS_IT_IS) == sum[i]);
		assert_true(sum_of(s, v, WITHOUT_SEGMENT) == sum[i]);
		snapshot_close(v);
	}
	store_close(s);
	backend_close(b);
}

static void put(struct store *s, const struct change *c)
{
	struct buf key_of = {0}, value = {0};
	uint64_t version;
	struct txn *t;

	must(change_key(&key_of, c));
	must(change_value(&value, c));
	must(txn_begin(&t, s));
	must(txn_put(t, 1, buf_bytes(&key_of), buf_bytes(&value), 0));
	must(txn_commit(t, &version));
	txn_abort(t);
	buf_release(&key_of);
	buf_release(&value);
}

/* What the arrays of a segment do not say is found in the entries again. */
static void what_a_segment_forgot_is_read_again(void **state)
{
	const struct property weight = { .name = bytes_str("weight"),
		.value = { .kind = LITERAL_INTEGER, .i = 3 } };
	struct change edge = { .edge = true, .node = bytes_str("1"), .to = bytes_str("2"),
		.state = CHANGE_THERE, .prop = &weight, .prop_n = 1 };
	struct change node = { .node = bytes_str("1"), .state = CHANGE_GONE_CASCADE };
	struct backend *b;
	struct store *s;
	uint64_t sum;

	(void)state;
	must(backend_mem(&b));
	s = make(b, false);
	put(s, &edge);
	assert_int_equal(delta_fold(s, "g"), 1);
	edge.state = CHANGE_GONE;		/* and no edge has a value any more */
	edge.prop_n = 0;
	put(s, &edge);
	same(s);
	edge.state = CHANGE_THERE;
	put(s, &edge);
	put(s, &node);
	assert_int_equal(delta_fold(s, "g"), 1);
	sum = same(s);
	node.state = CHANGE_THERE;		/* and nothing took its edges */
	put(s, &node);
	assert_true(same(s) != sum);
	store_close(s);
	backend_close(b);
}

/* A row that is ahead of its snapshot: of a log that a crash took commits of. */
static void a_segment_of_what_comes_later_is_not_used(void **state)
{
	struct manifest_graph row;
	struct snapshot *v, *w;
	struct backend *b;
	struct store *s;
	struct segment_ref later;
	uint64_t before, sum;

	(void)state;
	must(backend_mem(&b));
	s = make(b, false);
	change(s, 40);
	before = same(s);
	must(store_snapshot(s, &w));
	change(s, 40);
	assert_int_equal(delta_fold(s, "g"), 1);
	must(store_snapshot(s, &v));
	later = *segment_of(v);
	row = *manifest_find_graph(snapshot_manifest(w), "g");
	row.upto = snapshot_version(v);
	row.segment[row.segment_n++] = later;
	must(sum_row(s, w, &row, &sum));
	assert_true(sum == before);
	assert_true(sum != sum_of(s, v, AS_IT_IS));
	snapshot_close(v);
	snapshot_close(w);
	store_close(s);
	backend_close(b);
}

/* --- damage --- */

/* A copy of REF, BYTE at AT of section TAG; 0 is its meta. */
static struct segment_ref forge(struct store *s, const struct segment_ref *ref, uint32_t tag,
				uint64_t at, uint8_t byte)
{
	struct segment_writer *w;
	struct segment_ref out;
	struct segment *seg;

	must(segment_open(&seg, store_backend(s), ref, store_id(s), NULL));
	must(segment_create(&w, store_backend(s), ref->kind, store_id(s), NULL));
	for (uint32_t t = 0; t < SEGMENT_SECTION_MAX; t++) {
		struct bytes from = t ? segment_section(seg, t) : segment_get_meta(seg);
		uint8_t *copy = malloc(from.len + 1);

		if (from.len && t)
			must(segment_check(seg, from.ptr, from.len));
		if (from.len)
			memcpy(copy, from.ptr, from.len);
		if (t == tag && from.len)
			copy[at % from.len] = byte;
		if (t && from.len) {
			must(segment_begin(w, t));
			must(segment_write(w, copy, from.len));
		} else if (t == 0) {
			must(segment_meta(w, copy, from.len));
		}
		free(copy);
	}
	segment_close(seg);
	must(segment_finish(w, &out));
	return out;
}

static void replace(struct manifest_graph *row, const struct segment_ref *ref)
{
	for (uint32_t i = 0; i < row->segment_n; i++)
		if (row->segment[i].kind == SEGMENT_DELTA)
			row->segment[i] = *ref;
}

static void contents_that_lie_are_damage_or_read_within_bounds(void **state)
{
	unsigned refused = 0, unseen = 0, n = (unsigned)scaled(1200);

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct manifest_graph row;
		struct snapshot *v;
		struct backend *b;
		struct store *s;
		uint64_t want;

		must(backend_mem(&b));
		s = make(b, round);
		change(s, 120);
		assert_int_equal(delta_fold(s, "g"), 1);
		must(store_snapshot(s, &v));
		row = *manifest_find_graph(snapshot_manifest(v), "g");
		want = sum_of(s, v, AS_IT_IS);
		for (unsigned i = 0; i < n; i++) {
			struct segment_ref bad = forge(s, segment_of(v), (uint32_t)rnd(31),
						       rnd(rnd(2) ? 16 : 3000),
						       (uint8_t)(rnd(4) ? rnd(256) : 255));
			char name[SEGMENT_NAME_MAX];
			uint64_t sum;
			int r;

			replace(&row, &bad);
			r = sum_row(s, v, &row, &sum);
			if (r == 0 && sum != want)
				unseen += check_graph(b, store_id(s), &row, NULL, silent, NULL) == 0;
			assert_true(r == 0 || r == ERR_DAMAGED || r == ERR_NEWER);
			refused += r != 0;
			segment_name(name, bad.kind, bad.id);
			must(backend_remove(b, name));
		}
		snapshot_close(v);
		store_close(s);
		backend_close(b);
	}
	print_message("# %u of %u refused, %u tell of another graph\n", refused, 2 * n, unseen);
	assert_true(refused > n / 5);
}

/* A byte of the file is another. */
static void flip(struct backend *b, const struct segment_ref *ref, uint64_t at)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	uint8_t byte;

	segment_name(name, ref->kind, ref->id);
	must(backend_open(b, name, FILE_WRITE, &f));
	must(file_read(f, &byte, 1, at));
	byte ^= (uint8_t)(1 + rnd(255));
	must(file_write(f, &byte, 1, at));
	file_close(f);
}

/* A byte of the rows. */
static uint64_t rows_off(struct store *s, const struct segment_ref *ref, bool undirected)
{
	struct segment *seg;
	struct bytes rows;
	uint64_t off;

	must(segment_open(&seg, store_backend(s), ref, store_id(s), NULL));
	rows = segment_section(seg, DELTA_ROWS + (undirected ? 0 : rnd(2)) * DELTA_LISTS);
	off = segment_file_off(seg, rows.ptr) + rnd(rows.len);
	segment_close(seg);
	return off;
}

/* What scans alone give, of all types. */
static int sum_scans(struct graph *g, uint64_t *out)
{
	struct sum s = {0};
	struct csr_scan scan;
	struct csr_list l;
	uint64_t to;
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < 2 * graph_type_n(g); i++) {
		csr_scan_begin(&scan, graph_csr(g, i & 1 ? CSR_OUT : CSR_IN), i / 2);
		while (r >= 0 && (r = csr_scan_next(&scan, &l)) > 0) {
			mix(&s, scan.node);
			while ((r = csr_next(&l, &to)) > 0)
				mix(&s, to);
		}
	}
	*out = s.all;
	return r;
}

static void is_read_from_entries(struct store *s, struct snapshot *v,
				 const struct manifest_graph *row, uint64_t want)
{
	struct graph *g;
	uint64_t sum;

	must(graph_open_changed(&g, s, v, row));
	assert_non_null(graph_unused(g));
	assert_non_null(graph_delta(g));
	assert_null(delta_file(graph_delta(g)));
	must(sum_graph(g, &sum));
	assert_true(sum == want);
	graph_close(g);
	assert_true(check_graph(store_backend(s), store_id(s), row, NULL, silent, NULL) != 0);
}

static uint8_t byte_of(struct store *s, const struct segment_ref *ref, uint32_t tag, uint64_t at)
{
	struct segment *seg;
	uint8_t byte;

	must(segment_open(&seg, store_backend(s), ref, store_id(s), NULL));
	byte = (tag ? segment_section(seg, tag) : segment_get_meta(seg)).ptr[at];
	segment_close(seg);
	return byte;
}

/* What tells whose changes they are, and how they are written. */
static void changes_of_another_graph_or_form_are_not_used(void **state)
{
	struct manifest_graph row;
	struct snapshot *v;
	struct backend *b;
	struct store *s;
	uint64_t want;

	(void)state;
	must(backend_mem(&b));
	s = make(b, false);
	change(s, 60);
	assert_int_equal(delta_fold(s, "g"), 1);
	must(store_snapshot(s, &v));
	row = *manifest_find_graph(snapshot_manifest(v), "g");
	want = sum_of(s, v, AS_IT_IS);
	for (uint64_t at = 0; at < offsetof(struct delta_meta_disk, way); at++) {
		bool identity = at < offsetof(struct delta_meta_disk, flags);
		uint8_t other = (uint8_t)(byte_of(s, segment_of(v), 0, at) + 1 + rnd(255));
		struct segment_ref bad;

		if (!identity && at < offsetof(struct delta_meta_disk, form))
			continue;
		bad = forge(s, segment_of(v), 0, at, other);
		replace(&row, &bad);
		is_read_from_entries(s, v, &row, want);
	}
	snapshot_close(v);
	store_close(s);
	backend_close(b);
}

static void what_nobody_reads_is_looked_at(void **state)
{
	static const unsigned tag[] = { DELTA_ROWS, DELTA_TO, DELTA_NODE_ROWS, DELTA_BY_NODE };
	struct manifest_graph row;
	struct snapshot *v;
	struct backend *b;
	struct store *s;

	(void)state;
	must(backend_mem(&b));
	s = make(b, false);
	change(s, 120);
	assert_int_equal(delta_fold(s, "g"), 1);
	must(store_snapshot(s, &v));
	row = *manifest_find_graph(snapshot_manifest(v), "g");
	assert_int_equal(check(s, &row), 0);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t t = tag[i / 2] + i % 2 * DELTA_LISTS;
		struct segment_ref bad;
		struct segment *seg;
		uint64_t len;

		must(segment_open(&seg, b, segment_of(v), store_id(s), NULL));
		len = segment_section(seg, t).len;
		segment_close(seg);
		assert_true(len > NARROW_SLACK);
		bad = forge(s, segment_of(v), t, len - 1 - rnd(NARROW_SLACK), (uint8_t)(1 + rnd(255)));
		replace(&row, &bad);
		assert_true(check_graph(b, store_id(s), &row, NULL, silent, NULL) > 0);
	}
	for (unsigned i = 0; i < 2; i++) {	/* the rank of nodes that there are none of */
		uint32_t t = DELTA_BLOCKS + i * DELTA_LISTS;
		uint64_t at = offsetof(struct over_block, word[40].rank);
		struct segment_ref bad = forge(s, segment_of(v), t, at,
					       (uint8_t)(byte_of(s, segment_of(v), t, at) + 1));

		replace(&row, &bad);
		assert_true(check_graph(b, store_id(s), &row, NULL, silent, NULL) > 0);
	}
	snapshot_close(v);
	store_close(s);
	backend_close(b);
}

/* The superblock is looked at when the graph is opened. */
static void a_segment_found_damaged_gives_way_to_its_entries(void **state)
{
	(void)state;
	for (unsigned round = 0; round < scaled(20); round++) {
		struct manifest_graph row;
		struct snapshot *v;
		struct backend *b;
		struct store *s;
		uint64_t sum;

		must(backend_mem(&b));
		s = make(b, round & 1);
		change(s, 60);
		assert_int_equal(delta_fold(s, "g"), 1);
		if (round & 2)
			change(s, 5);
		sum = same(s);
		must(store_snapshot(s, &v));
		row = *manifest_find_graph(snapshot_manifest(v), "g");
		flip(b, segment_of(v), rnd(4096));
		is_read_from_entries(s, v, &row, sum);
		snapshot_close(v);
		assert_int_equal(delta_fold(s, "g"), 1);	/* another one in its place */
		is_mapped(s);
		assert_true(same(s) == sum);
		store_close(s);
		backend_close(b);
	}
}

static void a_damaged_byte_is_never_an_answer(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (unsigned round = 0; round < scaled(40); round++) {
		struct segment_ref ref;
		struct snapshot *v;
		struct backend *b;
		struct graph *g;
		struct store *s;
		uint64_t sum, scans, now;
		int r;

		must(backend_mem(&b));
		s = make(b, round & 1);
		change(s, 100);
		assert_int_equal(delta_fold(s, "g"), 1);
		sum = same(s);
		must(store_snapshot(s, &v));
		ref = *segment_of(v);
		must(graph_open_changed(&g, s, v, manifest_find_graph(snapshot_manifest(v), "g")));
		must(sum_scans(g, &scans));
		graph_close(g);
		flip(b, &ref, round & 2 ? rows_off(s, &ref, round & 1) : rnd(ref.bytes));
		must(graph_open_changed(&g, s, v, manifest_find_graph(snapshot_manifest(v), "g")));
		r = sum_scans(g, &now);
		assert_true(r == ERR_DAMAGED || (r == 0 && now == scans));
		graph_close(g);
		r = sum_row(s, v, manifest_find_graph(snapshot_manifest(v), "g"), &now);
		assert_true(r == ERR_DAMAGED || r == ERR_NEWER || (r == 0 && now == sum));
		refused += r != 0;
		snapshot_close(v);
		store_close(s);
		backend_close(b);
	}
	assert_true(refused > 0);
}

/* --- failures --- */

static void a_fold_that_fails_changes_nothing(void **state)
{
	const unsigned kinds = FAULT_ANY & ~FAULT_FLUSH;
	uint64_t nth = 0, hits = 1;

	(void)state;
	for (; hits; nth += 1 + rnd(2)) {
		struct backend *b, *other;
		struct store *s;
		uint64_t sum;
		int r;

		must(fault_open(&b, NULL, seed));
		s = make(b, nth & 1);
		change(s, 30);
		if (nth & 2)
			assert_int_equal(delta_fold(s, "g"), 1);
		change(s, 5);
		sum = same(s);
		store_close(s);
		must(fault_again(&other, b));
		s = open_on(other);
		fault_fail(other, kinds, nth + 1, nth & 4 ? ERR_NO_SPACE : ERR_IO, nth & 8);
		r = delta_fold(s, "g");
		hits = fault_hits(other);
		fault_calm(other);
		assert_true(r == 1 || r < 0 || hits);
		store_close(s);
		backend_close(other);
		err_clear();
		s = open_on(b);
		assert_true(same(s) == sum);
		assert_true(delta_fold(s, "g") >= 0);
		is_mapped(s);
		assert_true(same(s) == sum);
		store_close(s);
		backend_close(b);
	}
}

static void a_fold_without_memory_changes_nothing(void **state)
{
	struct backend *b;
	struct store *s;
	struct mem *mem;
	uint64_t sum;
	int r = -1;

	(void)state;
	must(backend_mem(&b));
	s = make(b, false);
	change(s, 60);
	sum = same(s);
	mem = store_mem(s);
	for (uint64_t i = 1; r < 0; i++) {
		mem->fail_at = mem->count + i;
		r = delta_fold(s, "g");
		mem->fail_at = 0;
		assert_true(r == 1 || r == ERR_MEMORY);
		err_clear();
		assert_true(same(s) == sum);
	}
	is_mapped(s);
	store_close(s);
	backend_close(b);
}

/* Without the flush before it the manifest would name changes that a power cut took from
 * the log, and whose versions others have by now. */
static void a_fold_is_not_ahead_of_the_log_after_a_crash(void **state)
{
	const struct scan_edge edge[] = { { 1, 2 }, { 2, 3 } };
	struct backend *b, *left;
	struct store *s, *after;
	unsigned lost = 0;

	(void)state;
	must(fault_open(&b, NULL, seed));
	s = build_as(b, "log_size = 1M\nsync = none\n", false, edge, 2, 0);
	change(s, 30);
	assert_int_equal(delta_fold(s, "g"), 1);
	change(s, 30);			/* may be lost */
	for (unsigned i = 0; i < 8 || (!lost && i < 100); i++) {
		struct snapshot *v;
		uint64_t before;

		must(fault_crash(b, seed + i, &left));
		tail_set_boot("another");
		after = open_on(left);
		must(store_snapshot(after, &v));
		before = snapshot_version(v);
		lost += before < 3;
		assert_non_null(segment_of(v));
		snapshot_close(v);
		same(after);
		for (unsigned k = 0; k < 3; k++) {
			change(after, 1);
			same(after);
		}
		store_close(after);
		tail_set_boot(NULL);
		backend_close(left);
	}
	assert_true(lost > 0);
	store_close(s);
	backend_close(b);
}

static int setup(void **state)
{
	const char *s = getenv("STRATO_TEST_SEED");

	(void)state;
	seed = s ? strtoull(s, NULL, 0) : clock_random();
	turn = 0;
	one_type = false;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	return 0;
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_segment_says_what_its_entries_say),
		CASE(a_scan_gives_each_list_that_is_not_skipped),
		CASE(numbers_are_as_wide_as_they_must),
		CASE(ids_and_values_of_any_width_are_what_they_were),
		CASE(what_was_kept_is_as_it_was),
		CASE(what_a_segment_forgot_is_read_again),
		CASE(a_segment_of_what_comes_later_is_not_used),
		CASE(contents_that_lie_are_damage_or_read_within_bounds),
		CASE(changes_of_another_graph_or_form_are_not_used),
		CASE(what_nobody_reads_is_looked_at),
		CASE(a_segment_found_damaged_gives_way_to_its_entries),
		CASE(a_damaged_byte_is_never_an_answer),
		CASE(a_fold_that_fails_changes_nothing),
		CASE(a_fold_without_memory_changes_nothing),
		CASE(a_fold_is_not_ahead_of_the_log_after_a_crash),
	};

	return cmocka_run_group_tests_name("delta_segment", tests, NULL, NULL);
}
