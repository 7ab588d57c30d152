/* tests/unit/state.c - graph/graph_state: what is said of nodes and edges stays with them
 *
 * Each node says its key, each edge its place in the array of all edges: so a state
 * that is another's is seen, in any layout, in any order of the nodes.
 */
#include "tests/unit/made_graph.h"

#include <stdio.h>

#include "graph/check.h"
#include "graph/convert.h"
#include "store/manifest.h"

static void ok(int r)
{
	if (r < 0)
		fail_msg("%d: %s", r, err_message());
}

static void give_value(struct made *m, struct made_edge *e)
{
	if (m->values == CSR_INTEGERS)
		e->value.i = (int64_t)rnd(1000) - 500;
	else if (m->values == CSR_REALS)
		e->value.r = (double)rnd(1000) / 16;
}

static void make(struct made *m, struct backend *b, uint64_t node_n, uint64_t edge_n)
{
	memset(m, 0, sizeof *m);
	m->backend = b;
	m->undirected = rnd(2);
	m->values = (enum csr_values)rnd(3);
	m->layout = (enum csr_layout)(1 + rnd(3));
	m->node_n = node_n;
	m->type_n = 1 + (uint32_t)rnd(MADE_TYPES);
	m->edge = calloc(2 * edge_n + 1, sizeof *m->edge);
	for (uint64_t i = 0; i < edge_n; i++) {
		struct made_edge e = { .from = rnd(node_n), .to = rnd(node_n / 4 + 1),
				       .type = (uint32_t)rnd(m->type_n) };

		give_value(m, &e);
		made_add(m, e);
	}
	made_write(m);
}

static bool says(uint64_t number)
{
	return hash_u64(made_seed ^ number) % 5 != 0;	/* some say nothing */
}

static bool has_row(const struct made *m, const struct made_edge *e)
{
	return !m->undirected || e->from <= e->to;
}

static void write_props(struct made *m, enum prop_role role)
{
	struct prop_plan plan = { role, role == PROP_NODES ? m->node_n : m->edge_n };
	struct bytes labels[2] = { bytes_str("even"), bytes_str("three") };
	struct property prop[3] = { { .name = bytes_str("key") }, { .name = bytes_str("zero") },
				    { .name = bytes_str("zero") } };
	struct prop_writer *w;

	prop[0].value.kind = LITERAL_INTEGER;
	prop[1].value = (struct literal){ .kind = LITERAL_STRING, .text = bytes_str("a") };
	prop[2].value = (struct literal){ .kind = LITERAL_BOOL, .b = true };
	ok(prop_create(&w, &plan, m->backend, made_store, &m->mem));
	for (uint64_t i = 0; i < plan.row_n; i++) {
		struct prop_state s = { .prop = prop, .prop_n = 1 + (uint32_t)(i % 3) };

		prop[0].value.i = (int64_t)i;
		if (role == PROP_NODES) {
			s.label = labels + (i % 2 != 0);
			s.label_n = (i % 2 == 0) + (i % 3 == 0 && i % 2 == 0) + (i % 2 && i % 3 == 0);
		}
		if (says(i) && (role == PROP_NODES || has_row(m, &m->edge[i])))
			ok(prop_add(w, i, &s));
	}
	ok(prop_finish(w, &m->entry.segment[m->entry.segment_n++]));
}

static void with_props(struct made *m)
{
	write_props(m, PROP_NODES);
	write_props(m, PROP_EDGES);
	graph_close(m->graph);
	ok(graph_open(&m->graph, m->backend, made_store, &m->entry, &m->mem));
}

static void node_is(uint64_t key, const struct prop_state *s)
{
	bool two = key % 2 == 0, three = key % 3 == 0;

	if (!says(key)) {
		assert_int_equal(s->prop_n + s->label_n, 0);
		return;
	}
	assert_int_equal(s->prop_n, 1 + key % 3);
	assert_int_equal(s->prop[0].value.i, key);
	assert_int_equal(s->label_n, two + three);
	if (two)
		assert_true(bytes_equal(s->label[0], bytes_str("even")));
	if (three)
		assert_true(bytes_equal(s->label[s->label_n - 1], bytes_str("three")));
}

static void edge_is(const struct made *m, uint64_t number, const struct prop_state *s)
{
	bool here = says(number);
	uint32_t n = here ? 1 + (uint32_t)(number % 3) : 0;

	assert_int_equal(s->prop_n, n + (m->values != CSR_NO_VALUES));
	if (here)
		assert_int_equal(s->prop[0].value.i, number);
	if (m->values != CSR_NO_VALUES) {
		const struct property *weight = &s->prop[here];

		assert_true(bytes_equal(weight->name, bytes_str("weight")));
		if (m->values == CSR_INTEGERS)
			assert_int_equal(weight->value.i, m->edge[number].value.i);
		else
			assert_true(weight->value.r == m->edge[number].value.r);
	}
}

/* The nodes of G by their keys, which are the made one's ids. */
static void agrees(struct made *m, struct graph *g)
{
	struct prop_room room;
	struct prop_state s;
	uint64_t nth = 0, id[2];
	char key[24];

	prop_room_init(&room, &m->mem);
	for (uint64_t i = 0; i < m->node_n; i++) {
		snprintf(key, sizeof key, "%" PRIu64, i);
		assert_int_equal(dict_find(graph_dict(g), bytes_str(key), &id[0]), 1);
		ok(graph_node_state(g, id[0], &room, &s));
		node_is(i, &s);
	}
	for (uint64_t i = 0; i < m->edge_n; i++) {
		const struct made_edge *e = &m->edge[i];

		nth = i && !made_order(e - 1, e) ? nth + 1 : 0;
		for (unsigned k = 0; k < 2; k++) {
			snprintf(key, sizeof key, "%" PRIu64, k ? e->to : e->from);
			assert_int_equal(dict_find(graph_dict(g), bytes_str(key), &id[k]), 1);
		}
		if (!has_row(m, e))
			continue;
		assert_int_equal(graph_edge_state(g, id[0], e->type, id[1], nth, &room, &s), 1);
		edge_is(m, i, &s);
		if (!m->undirected)
			continue;
		assert_int_equal(graph_edge_state(g, id[1], e->type, id[0], nth, &room, &s), 1);
		edge_is(m, i, &s);
	}
	assert_int_equal(graph_edge_state(g, id[0], 0, id[1], m->edge_n, &room, &s), 0);
	prop_room_release(&room);
}

static void no_fault(void *ctx, const char *words, const char *next)
{
	(void)next;
	(void)ctx;
	fail_msg("%s", words);
}

static void converted(struct made *m, struct graph *g, enum dict_order order, unsigned more)
{
	struct convert_options o = {
		.backend = m->backend, .store_id = made_store, .mem = &m->mem,
		.layout = (enum csr_layout)(1 + rnd(3)), .order = order,
		.threads = 1 + (unsigned)rnd(3),
	};
	struct manifest_graph made = { .name = "again" };
	struct graph *again;

	ok(convert_graph(g, &o, &made));
	assert_int_equal(made.segment_n, m->entry.segment_n);
	assert_int_equal(check_graph(m->backend, made_store, &made, &m->mem, no_fault, NULL), 0);
	ok(graph_open(&again, m->backend, made_store, &made, &m->mem));
	agrees(m, again);
	if (more)
		converted(m, again, order == DICT_BY_KEY ? DICT_BY_DEGREE : DICT_BY_KEY, more - 1);
	graph_close(again);
	build_discard(m->backend, &made);
}

static void states_stay_with_their_nodes_and_edges_through_conversions(void **state)
{
	for (unsigned i = 0; i < scaled(24); i++) {
		struct made m;

		make(&m, *state, 1 + rnd(i < 4 ? 4 : 300), rnd(1500));
		with_props(&m);
		assert_int_equal(check_graph(m.backend, made_store, &m.entry, &m.mem, no_fault,
					     NULL), 0);
		agrees(&m, m.graph);
		converted(&m, m.graph, rnd(2) ? DICT_BY_DEGREE : DICT_BY_KEY, 2);
		made_free(&m);
	}
}

static void a_graph_without_any_says_nothing_but_its_weights(void **state)
{
	struct prop_room room;
	struct prop_state s;
	struct made m;
	struct prop *p;

	make(&m, *state, 50, 300);
	prop_room_init(&room, &m.mem);
	ok(graph_props(m.graph, PROP_NODES, &p));
	assert_null(p);
	ok(graph_node_state(m.graph, 7, &room, &s));
	assert_int_equal(s.prop_n + s.label_n, 0);
	assert_int_equal(graph_edge_state(m.graph, m.edge[0].from, m.edge[0].type, m.edge[0].to,
					  0, &room, &s), 1);
	assert_int_equal(s.prop_n, m.values != CSR_NO_VALUES);
	prop_room_release(&room);
	made_free(&m);
}

static void properties_of_other_rows_are_damage(void **state)
{
	struct prop *p;
	struct made m;

	make(&m, *state, 50, 300);
	m.node_n++;
	write_props(&m, PROP_NODES);
	m.node_n--;
	graph_close(m.graph);
	ok(graph_open(&m.graph, m.backend, made_store, &m.entry, &m.mem));
	assert_int_equal(graph_props(m.graph, PROP_NODES, &p), ERR_DAMAGED);
	assert_int_equal(graph_props(m.graph, PROP_EDGES, &p), ERR_DAMAGED);
	made_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(states_stay_with_their_nodes_and_edges_through_conversions, made_setup, made_teardown),
		cmocka_unit_test_setup_teardown(a_graph_without_any_says_nothing_but_its_weights, made_setup, made_teardown),
		cmocka_unit_test_setup_teardown(properties_of_other_rows_are_damage, made_setup, made_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
