/* tests/unit/made_graph.h - a graph made from an array of edges, open in memory
 *
 * The array stays for the plain loops that answers are held against.  Keys are the
 * ids, types "a", "b", ...
 */
#ifndef TESTS_UNIT_MADE_GRAPH_H
#define TESTS_UNIT_MADE_GRAPH_H

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
#include "graph/graph.h"

#define MADE_TYPES 4u

static const uint8_t made_store[16] = "made graphs";
static uint64_t made_seed, made_turn;

static inline uint64_t rnd(uint64_t below)
{
	return hash_u64(made_seed + made_turn++) % below;
}

static inline uint64_t scaled(uint64_t n)
{
	const char *text = getenv("STRATO_TEST_SCALE");

	n = n * (text ? strtoull(text, NULL, 10) : 100) / 100;
	return n ? n : 1;
}

/* Is there a round I of ROUNDS?  MET: rare cases were met often enough.  Until they are,
 * rounds go on, unless the run is thinned out; a test that never meets them is none. */
static inline bool made_round(uint64_t i, uint64_t rounds, bool met)
{
	if (i < scaled(rounds))
		return true;
	if (met || scaled(100) < 100)
		return false;
	assert_true(i < 100 * rounds);
	return true;
}

static inline int made_setup(void **state)
{
	struct backend *b;

	made_seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					       : clock_random();
	made_turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", made_seed);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	*state = b;
	return 0;
}

static inline int made_teardown(void **state)
{
	backend_close(*state);
	return 0;
}

struct made_edge {
	uint64_t from, to;
	uint32_t type;
	union csr_value value;
};

struct made {
	/* what it shall be */
	struct backend *backend;
	bool undirected;
	enum csr_values values;
	enum csr_layout layout;
	uint64_t node_n;
	uint32_t type_n;
	/* as stored: undirected edges at both ends, but loops once */
	struct made_edge *edge;
	size_t edge_n;
	struct graph *graph;
	struct manifest_graph entry;
	struct mem mem;
};

static inline int made_order(const void *a, const void *b)
{
	const struct made_edge *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/* edge[] has room for two times as many as are added. */
static inline void made_add(struct made *m, struct made_edge e)
{
	m->edge[m->edge_n++] = e;
	if (m->undirected && e.from != e.to)
		m->edge[m->edge_n++] = (struct made_edge){ e.to, e.from, e.type, e.value };
}

static inline void made_dict(struct made *m, struct segment_ref *ref)
{
	struct dict_plan p = { .last = m->node_n - 1, .key_n = m->node_n };
	static const char letters[] = "abcdefgh";
	struct bytes name[MADE_TYPES];
	struct dict_writer *w;

	if (m->node_n == 0)
		p.last = 0;
	assert_int_equal(dict_create(&w, &p, m->backend, made_store, &m->mem), 0);
	for (uint64_t i = 0; i < m->node_n; i++)
		assert_int_equal(dict_add_number(w, i), 0);
	for (uint32_t t = 0; t < m->type_n; t++)
		name[t] = bytes_of(letters + t, 1);
	assert_int_equal(dict_finish(w, name, m->type_n, ref), 0);
}

/* EDGE is sorted, and from is where the list is. */
static inline void made_csr(struct made *m, const struct made_edge *edge, enum csr_direction way,
		     struct segment_ref *ref)
{
	struct csr_plan p = {
		.direction = way, .node_n = m->node_n, .type_n = m->type_n,
		.dict = m->entry.segment[0].id, .layout = m->layout, .values = m->values,
	};
	struct csr_writer *w;

	assert_int_equal(csr_create(&w, &p, m->backend, made_store, &m->mem), 0);
	for (size_t i = 0; i < m->edge_n; i++)
		assert_int_equal(m->values ?
			csr_add_value(w, edge[i].type, edge[i].from, edge[i].to, edge[i].value) :
			csr_add(w, edge[i].type, edge[i].from, edge[i].to), 0);
	assert_int_equal(csr_finish(w, ref), 0);
}

/* How sweeps read its lists; some reads in flight. */
static inline void made_read(struct made *m, enum graph_how how)
{
	*graph_reading(m->graph) = (struct graph_reading){
		.how = how, .depth = 1 + (unsigned)rnd(9), .buffered = rnd(2),
		.unit = rnd(4) ? 4096 << rnd(6) : 0,
	};
}

/* From edge[], which is sorted here, to a graph that is open. */
static inline void made_write(struct made *m)
{
	struct made_edge *in = calloc(m->edge_n + 1, sizeof *in);
	struct manifest_graph *g = &m->entry;

	memset(g, 0, sizeof *g);
	mem_init(&m->mem, 0);
	strcpy(g->name, "made");
	qsort(m->edge, m->edge_n, sizeof *m->edge, made_order);
	for (size_t i = 0; i < m->edge_n; i++)
		in[i] = (struct made_edge){ m->edge[i].to, m->edge[i].from, m->edge[i].type,
					    m->edge[i].value };
	qsort(in, m->edge_n, sizeof *in, made_order);
	made_dict(m, &g->segment[0]);
	made_csr(m, m->edge, m->undirected ? CSR_BOTH : CSR_OUT, &g->segment[1]);
	if (!m->undirected)
		made_csr(m, in, CSR_IN, &g->segment[2]);
	free(in);
	g->segment_n = m->undirected ? 2 : 3;
	g->node_n = m->node_n;
	g->type_n = m->type_n;
	g->edge_n = m->edge_n;
	g->flags = m->undirected ? GRAPH_UNDIRECTED : 0;
	assert_int_equal(graph_open(&m->graph, m->backend, made_store, g, &m->mem), 0);
	made_read(m, rnd(2) ? GRAPH_AHEAD : GRAPH_MAPPED);
}

/* Closed and taken away; edge[] stays, so that it can be written in another layout. */
static inline void made_close(struct made *m)
{
	graph_close(m->graph);
	assert_int_equal(m->mem.used, 0);
	build_discard(m->backend, &m->entry);
}

static inline void made_free(struct made *m)
{
	made_close(m);
	free(m->edge);
}

/* NODE_N nodes, about EDGE_N edges; some nodes have many, loops and equal edges
 * among them, ids in clusters and across. */
static inline void made_random(struct made *m, struct backend *b, uint64_t node_n, uint64_t edge_n)
{
	uint64_t hubs = 1 + rnd(node_n), near = 1 + rnd(node_n);

	memset(m, 0, sizeof *m);
	m->backend = b;
	m->undirected = rnd(2);
	m->layout = (enum csr_layout)(1 + rnd(3));
	m->node_n = node_n;
	m->type_n = rnd(2) ? 1 : 1 + (uint32_t)rnd(MADE_TYPES);
	m->edge = calloc(2 * edge_n + 1, sizeof *m->edge);
	for (uint64_t i = 0; i < edge_n; i++) {
		struct made_edge e = { .from = rnd(node_n), .type = (uint32_t)rnd(m->type_n) };

		e.to = rnd(2) ? rnd(hubs) : (e.from + rnd(near)) % node_n;
		made_add(m, e);
	}
	made_write(m);
}

/* Some types, or all; for a question. */
static inline struct graph_types made_types(const struct made *m, uint32_t id[MADE_TYPES])
{
	struct graph_types t = { .id = id, .all = rnd(2) };

	for (uint32_t i = 0; !t.all && i < m->type_n; i++)
		if (rnd(2))
			id[t.n++] = i;
	return t;
}

static inline bool made_asked(const struct graph_types *t, uint32_t type)
{
	if (t->all)
		return true;
	for (uint32_t i = 0; i < t->n; i++)
		if (t->id[i] == type)
			return true;
	return false;
}

#endif
