/* tests/unit/build_props.c - properties through graph/build against a plain model
 *
 * The model keeps every statement and, for a node or an edge asked about, says them all
 * again from the first on.
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
#include "graph/build.h"
#include "graph/csr.h"
#include "graph/dict.h"
#include "graph/gather.h"
#include "graph/literal_code.h"
#include "graph/state.h"
#include "io/backend.h"
#include "io/fault.h"

#define SAYS 3u			/* properties of a statement, at most */

static const uint8_t store_id[16] = "build_props test";
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

struct statement {
	bool node, joins;
	unsigned src, dst, type;	/* keys, by number */
	unsigned label, label_n, prop_n;
	struct { unsigned name, value; } prop[SAYS];
};

struct model {
	bool strings, undirected, keep, drop_loops;
	unsigned key_n, type_n, name_n;
	size_t n;
	struct statement *s;
};

static struct bytes text_of(char *room, const char *what, unsigned i)
{
	return bytes_of(room, (size_t)sprintf(room, "%s%u", what, i));
}

static struct text_key key_of(const struct model *m, char *room, unsigned i)
{
	struct text_key k = { .bytes = text_of(room, m->strings ? "k" : "", 3 * i + 1) };

	k.is_number = text_number(k.bytes, &k.number);
	return k;
}

static struct literal literal_of(char *room, unsigned i)
{
	struct literal l = { .kind = i % 3 ? LITERAL_INTEGER : LITERAL_STRING };

	if (i % 3)
		l.i = (int64_t)i - 5;
	else
		l.text = text_of(room, i % 2 ? "a longer text, number " : "", i);
	return l;
}

static struct statement random_statement(const struct model *m)
{
	struct statement s = {
		.node = rnd(3) == 0, .joins = rnd(2), .src = (unsigned)rnd(m->key_n),
		.dst = (unsigned)rnd(m->key_n), .type = (unsigned)rnd(m->type_n),
		.label = (unsigned)rnd(5), .prop_n = (unsigned)rnd(SAYS + 1),
	};

	s.label_n = s.node ? (unsigned)rnd(2) : 0;
	for (unsigned i = 0; i < s.prop_n; i++) {
		s.prop[i].name = i && rnd(2) ? s.prop[i - 1].name : (unsigned)rnd(m->name_n);
		s.prop[i].value = (unsigned)rnd(9);
	}
	return s;
}

/* A statement as a dialect hands it on. */
struct said {
	struct text_edge e;
	struct property prop[SAYS];
	struct bytes label;
	char text[3 + 2 * SAYS + 1][48];
};

static void say(const struct model *m, const struct statement *s, struct said *out)
{
	unsigned t = 0;

	memset(out, 0, sizeof *out);
	out->e.src = key_of(m, out->text[t++], s->src);
	out->e.dst = key_of(m, out->text[t++], s->dst);
	if (s->type)
		out->e.type = text_of(out->text[t++], "t", s->type);
	out->label = text_of(out->text[t++], "L", s->label);
	out->e.label = &out->label;
	out->e.label_n = s->label_n;
	for (unsigned i = 0; i < s->prop_n; i++) {
		out->prop[i].name = text_of(out->text[t++], "n", s->prop[i].name);
		out->prop[i].value = literal_of(out->text[t++], s->prop[i].value);
	}
	out->e.prop = out->prop;
	out->e.prop_n = s->prop_n;
	out->e.joins = s->joins;
}

static bool same_edge(const struct model *m, const struct statement *s, unsigned src,
		      unsigned type, unsigned dst)
{
	if (s->node || s->type != type)
		return false;
	return (s->src == src && s->dst == dst) ||
		(m->undirected && s->src == dst && s->dst == src);
}

/* What is said of a node, or of the NTH edge, as bytes: the obvious way. */
struct pair {
	char name[16];
	uint8_t value[64];
	size_t value_len;
};

static size_t replace_and_add(struct pair *p, size_t n, const struct said *d)
{
	size_t kept = 0;
	struct buf b = {0};

	for (size_t i = 0; i < n; i++) {
		bool gone = false;

		for (unsigned k = 0; k < d->e.prop_n; k++)
			gone |= !d->e.joins && bytes_equal(d->prop[k].name, bytes_str(p[i].name));
		if (!gone)
			p[kept++] = p[i];
	}
	for (unsigned k = 0; k < d->e.prop_n; k++) {
		bool there = false;

		buf_clear(&b);
		assert_int_equal(literal_encode(&b, &d->prop[k].value), 0);
		for (size_t i = 0; i < kept; i++)
			there |= bytes_equal(d->prop[k].name, bytes_str(p[i].name)) &&
				p[i].value_len == b.len && !memcmp(p[i].value, b.ptr, b.len);
		if (there && d->e.joins)
			continue;
		snprintf(p[kept].name, sizeof p->name, "%.*s", (int)d->prop[k].name.len,
			 (const char *)d->prop[k].name.ptr);
		memcpy(p[kept].value, b.ptr, b.len);
		p[kept++].value_len = b.len;
	}
	buf_release(&b);
	return kept;
}

/* The state of STATEMENTS, in names' order, into OUT. */
static void expected(const struct model *m, const size_t *which, size_t n, struct buf *out)
{
	struct pair *p = calloc(n * SAYS + 1, sizeof *p);
	unsigned labels = 0, label_n = 0;
	size_t pair_n = 0;

	for (size_t i = 0; i < n; i++) {
		struct said d;

		say(m, &m->s[which[i]], &d);
		if (m->s[which[i]].label_n)
			labels |= 1u << m->s[which[i]].label;
		pair_n = replace_and_add(p, pair_n, &d);
	}
	buf_clear(out);
	label_n = (unsigned)__builtin_popcount(labels);
	buf_printf(out, "%u labels %x;", label_n, labels);
	for (unsigned name = 0; name < m->name_n; name++) {
		char text[16];

		snprintf(text, sizeof text, "n%u", name);
		for (size_t i = 0; i < pair_n; i++) {
			if (strcmp(p[i].name, text))
				continue;
			buf_printf(out, "%s=", text);
			buf_add(out, p[i].value, p[i].value_len);
		}
	}
	free(p);
}

/* The same of what was stored. */
static void found(const struct prop_state *s, struct buf *out)
{
	unsigned labels = 0;

	for (uint32_t i = 0; i < s->label_n; i++)
		labels |= 1u << (s->label[i].ptr[1] - '0');
	buf_clear(out);
	buf_printf(out, "%u labels %x;", s->label_n, labels);
	for (uint32_t i = 0; i < s->prop_n; i++) {
		buf_printf(out, "%.*s=", (int)s->prop[i].name.len,
			   (const char *)s->prop[i].name.ptr);
		assert_int_equal(literal_encode(out, &s->prop[i].value), 0);
	}
}

struct open {
	struct dict *dict;
	struct csr *out;
	struct prop *nodes, *edges;
	struct prop_room room;
};

static void open_all(struct open *o, struct backend *b, const struct manifest_graph *g)
{
	memset(o, 0, sizeof *o);
	prop_room_init(&o->room, NULL);
	for (uint32_t i = 0; i < g->segment_n; i++) {
		const struct segment_ref *ref = &g->segment[i];
		struct prop *p;

		if (ref->kind == SEGMENT_DICT)
			assert_int_equal(dict_open(&o->dict, b, ref, store_id, NULL), 0);
		if (ref->kind == SEGMENT_CSR && !o->out)
			assert_int_equal(csr_open(&o->out, b, ref, store_id, NULL), 0);
		if (ref->kind != SEGMENT_PROP)
			continue;
		assert_int_equal(prop_open(&p, b, ref, store_id, NULL), 0);
		*(prop_role(p) == PROP_NODES ? &o->nodes : &o->edges) = p;
	}
}

static void close_all(struct open *o)
{
	dict_close(o->dict);
	csr_close(o->out);
	prop_close(o->nodes);
	prop_close(o->edges);
	prop_room_release(&o->room);
}

static void check_row(struct open *o, struct prop *p, uint64_t row, const struct buf *want)
{
	struct prop_state state = {0};
	struct buf have = {0};

	if (p)
		assert_int_equal(prop_row(p, row, &o->room, &state), 0);
	found(&state, &have);
	assert_int_equal(have.len, want->len);
	assert_memory_equal(have.ptr, want->ptr, have.len);
	buf_release(&have);
}

static void check_nodes(const struct model *m, struct open *o)
{
	size_t *which = calloc(m->n + 1, sizeof *which);
	struct buf want = {0};
	char room[48];
	uint64_t id;

	for (unsigned k = 0; k < m->key_n; k++) {
		size_t n = 0;

		for (size_t i = 0; i < m->n; i++)
			if (m->s[i].node && m->s[i].src == k)
				which[n++] = i;
		if (dict_find(o->dict, key_of(m, room, k).bytes, &id) == 0)
			continue;
		expected(m, which, n, &want);
		check_row(o, o->nodes, id, &want);
	}
	buf_release(&want);
	free(which);
}

static unsigned key_at(const struct model *m, struct open *o, uint64_t id)
{
	struct buf key = {0};
	unsigned v;

	assert_int_equal(dict_key(o->dict, id, &key), 0);
	buf_add_byte(&key, 0);
	v = (unsigned)strtoul((const char *)key.ptr + (m->strings ? 1 : 0), NULL, 10);
	buf_release(&key);
	return (v - 1) / 3;
}

static void check_edge(const struct model *m, struct open *o, uint64_t row, unsigned src,
		       unsigned type, unsigned dst, size_t nth)
{
	size_t *which = calloc(m->n + 1, sizeof *which), n = 0;
	struct buf want = {0};

	for (int says = 0; says < 2; says++)	/* kept: first those of which nothing is said */
		for (size_t i = 0; i < m->n; i++)
			if (same_edge(m, &m->s[i], src, type, dst) &&
			    (m->s[i].prop_n > 0) == says)
				which[n++] = i;
	assert_true(n > 0 && (!m->keep || nth < n));
	expected(m, m->keep ? which + nth : which, m->keep ? 1 : n, &want);
	check_row(o, o->edges, row, &want);
	buf_release(&want);
	free(which);
}

static void check_edges(const struct model *m, struct open *o)
{
	struct csr_scan scan;
	struct csr_list list;
	uint64_t row = 0, to, last, nth;
	struct bytes name;

	for (uint32_t t = 0; t < csr_type_n(o->out); t++) {
		unsigned type = 0;

		assert_int_equal(dict_type(o->dict, t, &name), 0);
		if (name.len)
			type = (unsigned)(name.ptr[1] - '0');
		csr_scan_begin(&scan, o->out, t);
		while (csr_scan_next(&scan, &list) > 0) {
			last = UINT64_MAX;
			nth = 0;
			for (; csr_next(&list, &to) > 0; row++) {
				nth = to == last ? nth + 1 : 0;
				last = to;
				if (m->undirected && to < scan.node)
					continue;
				check_edge(m, o, row, key_at(m, o, scan.node), type,
					   key_at(m, o, to), nth);
			}
		}
	}
}

static void fill_model(struct model *m)
{
	*m = (struct model){
		.strings = rnd(2), .undirected = rnd(2), .keep = rnd(3) == 0,
		.drop_loops = rnd(3) == 0, .key_n = 1 + (unsigned)rnd(40),
		.type_n = 1 + (unsigned)rnd(4), .name_n = 1 + (unsigned)rnd(9),
		.n = rnd(400),
	};
	m->s = calloc(m->n + 1, sizeof *m->s);
	for (size_t i = 0; i < m->n; i++)
		m->s[i] = random_statement(m);
}

static int try_build(const struct model *m, struct backend *b, size_t budget,
		     struct manifest_graph *g, struct mem *mem)
{
	struct build_options o = {
		.backend = b, .store_id = store_id, .mem = mem, .budget = budget,
		.undirected = m->undirected, .drop_loops = m->drop_loops,
		.equal = m->keep ? BUILD_KEEP : BUILD_FIRST, .threads = 1 + (unsigned)rnd(3),
	};
	struct build_note note;
	struct build *build;
	int r = build_open(&build, &o);

	memset(g, 0, sizeof *g);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < m->n; i++) {
		struct said d;

		say(m, &m->s[i], &d);
		r = m->s[i].node ? build_add_text_node(build, &d.e, i) :
			build_add_texts(build, &d.e, 1, i);
	}
	if (r < 0)
		build_abort(build);
	return r < 0 ? r : build_finish(build, g, &note);
}

static void build_model(const struct model *m, struct backend *b, size_t budget,
			struct manifest_graph *g, struct mem *mem)
{
	assert_int_equal(try_build(m, b, budget, g, mem), 0);
}

static void every_node_and_edge_has_what_was_said_of_it(void **state)
{
	static const size_t budgets[] = { 0, 1u << 20, 16u << 20 };
	bool any = false;

	for (unsigned round = 0; round < 60; round++) {
		struct manifest_graph g;
		struct model m;
		struct open o;
		struct mem mem;

		mem_init(&mem, 256u << 20);
		fill_model(&m);
		build_model(&m, *state, budgets[rnd(3)], &g, &mem);
		assert_int_equal(mem.used, 0);
		open_all(&o, *state, &g);
		check_nodes(&m, &o);
		check_edges(&m, &o);
		any |= o.nodes && o.edges;
		close_all(&o);
		build_discard(*state, &g);
		free(m.s);
	}
	assert_true(any);
}

static void properties_that_do_not_fit_are_sorted_on_disk(void **state)
{
	struct model m = { .strings = true, .key_n = 3000, .type_n = 2, .name_n = 9,
			   .n = 9000 };
	struct manifest_graph g;
	struct open o;
	struct mem mem;

	m.s = calloc(m.n, sizeof *m.s);
	for (size_t i = 0; i < m.n; i++)
		m.s[i] = random_statement(&m);
	mem_init(&mem, 0);
	build_model(&m, *state, 1u << 20, &g, &mem);
	open_all(&o, *state, &g);
	check_nodes(&m, &o);
	close_all(&o);
	build_discard(*state, &g);
	free(m.s);
}

static int no_name(void *ctx, const char *name)
{
	(void)ctx;
	print_message("# left: %s\n", name);
	return 1;
}

static void nothing_is_left(struct backend *b, const struct mem *mem)
{
	assert_int_equal(mem->used, 0);
	assert_int_equal(backend_list(b, "tmp", no_name, NULL), 0);
	assert_int_equal(backend_list(b, "seg", no_name, NULL), 0);
}

/* Statements enough to go to disk in each place that can. */
static void large_model(struct model *m)
{
	*m = (struct model){ .strings = rnd(2), .keep = rnd(2), .undirected = rnd(2),
			     .key_n = 3000, .type_n = 2, .name_n = 9, .n = 6000 };
	m->s = calloc(m->n, sizeof *m->s);
	for (size_t i = 0; i < m->n; i++)
		m->s[i] = random_statement(m);
}

static void a_disk_that_fails_anywhere_leaves_nothing_behind(void **state)
{
	unsigned failed = 0;

	for (unsigned round = 0; round < 40 || (failed <= 10 && round < 4000); round++) {
		static const int code[] = { ERR_IO, ERR_NO_SPACE };
		static const unsigned kinds[] = { FAULT_WRITE, FAULT_READ, FAULT_FLUSH,
			FAULT_OPEN, FAULT_RENAME | FAULT_SYNC_DIR, FAULT_RESIZE, FAULT_MAP };
		unsigned kind = kinds[rnd(7)];
		struct manifest_graph g;
		struct backend *b;
		struct model m;
		struct mem mem;
		int r;

		(void)state;
		large_model(&m);
		mem_init(&mem, 256u << 20);
		assert_int_equal(fault_open(&b, NULL, rnd(1u << 30)), 0);
		assert_int_equal(backend_mkdir(b, "tmp"), 0);
		assert_int_equal(backend_mkdir(b, "seg"), 0);
		fault_fail(b, kind, 1 + rnd(kind & (FAULT_WRITE | FAULT_READ) ? 150 : 10),
			   code[rnd(2)], rnd(2));
		r = try_build(&m, b, 1u << 20, &g, &mem);
		fault_calm(b);
		assert_true(r == 0 || r == ERR_IO || r == ERR_NO_SPACE);
		failed += r < 0;
		if (r == 0)
			build_discard(b, &g);
		nothing_is_left(b, &mem);
		backend_close(b);
		free(m.s);
	}
	assert_true(failed > 10);
}

static void memory_that_runs_out_anywhere_leaves_nothing_behind(void **state)
{
	unsigned failed = 0;

	for (unsigned round = 0; round < 60 || (failed <= 10 && round < 4000); round++) {
		struct manifest_graph g;
		struct model m;
		struct mem mem;
		int r;

		large_model(&m);
		m.n = 300;
		mem_init(&mem, 256u << 20);
		mem.fail_at = 1 + rnd(400);
		r = try_build(&m, *state, 1u << 20, &g, &mem);
		assert_true(r == 0 || r == ERR_MEMORY);
		failed += r < 0;
		if (r == 0)
			build_discard(*state, &g);
		nothing_is_left(*state, &mem);
		free(m.s);
	}
	assert_true(failed > 10);
}

static void states_are_read_back_and_damage_is_noticed(void **state)
{
	struct model m = { .strings = true, .key_n = 5, .type_n = 1, .name_n = 9 };
	struct state_room room = {0};

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct statement s = random_statement(&m);
		struct prop_state in, out;
		struct buf bytes = {0}, a = {0}, b = {0};
		struct said d;

		say(&m, &s, &d);
		in = (struct prop_state){ d.e.label, d.e.prop, d.e.label_n, d.e.prop_n };
		assert_int_equal(state_encode(&bytes, &in), 0);
		assert_int_equal(state_decode(&out, buf_bytes(&bytes), &room), 0);
		found(&in, &a);
		found(&out, &b);
		assert_true(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
		for (size_t n = 0; n < bytes.len; n++)
			assert_int_equal(state_decode(&out, bytes_of(bytes.ptr, n), &room),
					 ERR_DAMAGED);
		buf_add_byte(&bytes, 0);
		assert_int_equal(state_decode(&out, buf_bytes(&bytes), &room), ERR_DAMAGED);
		buf_release(&bytes);
		buf_release(&a);
		buf_release(&b);
	}
	state_room_release(&room);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_node_and_edge_has_what_was_said_of_it),
		CASE(properties_that_do_not_fit_are_sorted_on_disk),
		CASE(a_disk_that_fails_anywhere_leaves_nothing_behind),
		CASE(memory_that_runs_out_anywhere_leaves_nothing_behind),
		CASE(states_are_read_back_and_damage_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
