/* graph/check.c - pages first, then rules, then the two directions together
 *
 * A page whose checksum fails is listed with all others of its file; the rules of
 * a file are looked at only when its pages are sound, and the transpose only when
 * both files are: else one fault would be told many times.
 */
#include "graph/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/delta_segment.h"
#include "graph/sort.h"
#include "graph/index.h"

#define MAKE_ANEW "strato-graph import --replace makes the graph anew, strato-walcheck " \
	"--repair=NEWDIR a new store of what is sound"

struct check {
	struct graph *g;
	struct mem *mem;
	struct backend *backend;
	const uint8_t *store_id;
	void (*found)(void *ctx, const char *words, const char *next);
	void *ctx;
	const char *next;		/* what mends what is looked at */
	int fault_n;
	struct segment *seg;		/* being verified */
};

static void fault(struct check *c, const char *words)
{
	c->fault_n++;
	c->found(c->ctx, words, c->next);
}

/* A fault that was found by reading; other errors end the check. */
static int note(struct check *c, int r)
{
	if (r != ERR_DAMAGED)
		return r < 0 ? r : 0;
	fault(c, err_message());
	return 0;
}

static void bad_page(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	struct check *c = ctx;
	char words[512];

	(void)tag;
	snprintf(words, sizeof words, "%s: offset %" PRIu64 ": checksum %08" PRIx32
		 " expected, %08" PRIx32 " found: a page of graph %s is lost",
		 segment_path(c->seg), off, expected, got, graph_entry(c->g)->name);
	fault(c, words);
}

static int pages(struct check *c, struct segment *seg)
{
	c->seg = seg;
	return segment_verify(seg, bad_page, c);
}

static int check_dict(struct check *c)
{
	int r = pages(c, dict_segment(graph_dict(c->g)));

	return r == 0 ? note(c, dict_check(graph_dict(c->g))) : r < 0 ? r : 0;
}

static int check_csr(struct check *c, struct csr *csr)
{
	int r = pages(c, csr_segment(csr));

	return r == 0 ? note(c, csr_check(csr)) : r < 0 ? r : 0;
}

/* --- one direction against the other --- */

static int add_turned(struct sort *s, struct csr *out, uint32_t type)
{
	struct csr_list list;
	struct csr_scan scan;
	uint64_t to;
	int r = 0;

	csr_scan_begin(&scan, out, type);
	while (r >= 0 && (r = csr_scan_next(&scan, &list)) > 0)
		while (r >= 0 && (r = csr_next(&list, &to)) > 0)
			r = sort_add(s, (sort_key)to << 64 | scan.node);
	return r < 0 ? r : sort_finish(s);
}

static int differs(struct check *c, struct csr *in, uint32_t type)
{
	char words[512];

	snprintf(words, sizeof words, "%s: type %" PRIu32 " of graph %s: incoming edges are"
		 " not the outgoing ones turned round", segment_path(csr_segment(in)), type,
		 graph_entry(c->g)->name);
	fault(c, words);
	return 0;
}

static int compare(struct check *c, struct sort *s, struct csr *in, uint32_t type)
{
	struct csr_list list;
	struct csr_scan scan;
	sort_key key;
	uint64_t to;
	int r;

	csr_scan_begin(&scan, in, type);
	while ((r = csr_scan_next(&scan, &list)) > 0) {
		while ((r = csr_next(&list, &to)) > 0) {
			r = sort_next(s, &key);
			if (r < 0)
				return r;
			if (r == 0 || key != ((sort_key)scan.node << 64 | to))
				return differs(c, in, type);
		}
		if (r < 0)
			return r;
	}
	if (r == 0 && (r = sort_next(s, &key)) > 0)
		return differs(c, in, type);
	return r;
}

static int check_turned(struct check *c, uint32_t type)
{
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	struct sort_options o = {
		.backend = c->backend, .mem = c->mem, .words = 2, .bits = 128, .given = 64,
	};
	struct sort *s = NULL;
	uint64_t n;
	int r = csr_type_edges(out, type, &n);

	o.budget = mem_left(c->mem) / 2;
	o.most = n;
	if (r == 0)
		r = sort_open(&s, &o);
	if (r == 0)
		r = add_turned(s, out, type);
	if (r == 0)
		r = compare(c, s, in, type);
	sort_close(s);
	return r;
}

/* --- values of one direction against those of the other --- */

static uint64_t sign(uint64_t from, uint64_t to, union csr_value v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return hash_u64(hash_u64(hash_u64(from) + to) + bits);
}

/* The edges' signs one way, less those of the other way: 0 if they are the same
 * edges with the same values, whatever the order of equal ones. */
static int sum_values(struct csr *csr, uint32_t type, uint64_t *sum)
{
	enum csr_direction way = csr_direction(csr);
	struct csr_list list;
	struct csr_scan scan;
	union csr_value v;
	uint64_t to;
	int r = 0;

	csr_scan_begin(&scan, csr, type);
	while (r >= 0 && (r = csr_scan_next(&scan, &list)) > 0)
		while ((r = csr_next_value(&list, &to, &v)) > 0)
			if (way == CSR_OUT || (way == CSR_BOTH && scan.node < to))
				*sum += sign(scan.node, to, v);
			else if (way == CSR_IN || scan.node > to)
				*sum -= sign(to, scan.node, v);
	return r;
}

static int check_values(struct check *c, uint32_t type)
{
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	char words[512];
	uint64_t sum = 0;
	int r = 0;

	if (csr_values(out) != CSR_NO_VALUES)
		r = sum_values(out, type, &sum);
	if (r == 0 && in != out && csr_values(in) != CSR_NO_VALUES)
		r = sum_values(in, type, &sum);
	if (r < 0 || (sum == 0 && csr_values(out) == csr_values(in)))
		return r;
	snprintf(words, sizeof words, "%s: type %" PRIu32 " of graph %s: incoming edges have"
		 " other values than outgoing ones", segment_path(csr_segment(in)), type,
		 graph_entry(c->g)->name);
	fault(c, words);
	return 0;
}

/* --- an order by degree --- */

static int add_degrees(struct sort *s, struct csr *csr)
{
	struct csr_scan scan;
	uint64_t n;
	int r = 0;

	for (uint32_t t = 0; r >= 0 && t < csr_type_n(csr); t++) {
		csr_scan_begin(&scan, csr, t);
		while (r >= 0 && (r = csr_scan_degree(&scan, &n)) > 0)
			r = sort_add(s, (sort_key)scan.node << 64 | n);
	}
	return r;
}

/* None has more edges than the one before it, nor as many and an earlier key. */
static int compare_degrees(struct check *c, struct sort *s)
{
	uint64_t before = UINT64_MAX, place_before = 0, place, sum;
	sort_key key = 0;
	char words[512];
	int more = sort_next(s, &key), r = more < 0 ? more : 0;

	for (uint64_t id = 0; r == 0 && id < graph_node_n(c->g); id++) {
		for (sum = 0; more > 0 && (uint64_t)(key >> 64) == id; more = sort_next(s, &key))
			sum += (uint64_t)key;
		r = more < 0 ? more : dict_place_of(graph_dict(c->g), id, &place);
		if (r == 0 && (sum > before || (sum == before && place < place_before))) {
			snprintf(words, sizeof words, "%s: node %" PRIu64 " of graph %s is not"
				 " where its degree puts it", segment_path(dict_segment(
				 graph_dict(c->g))), id, graph_entry(c->g)->name);
			fault(c, words);
			return 0;
		}
		before = sum;
		place_before = place;
	}
	return r;
}

/* Rows of all types, at most. */
static int count_rows(struct csr *csr, uint64_t *rows)
{
	uint64_t n;
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < csr_type_n(csr); t++) {
		r = csr_type_edges(csr, t, &n);
		*rows += n < csr_node_n(csr) ? n : csr_node_n(csr);
	}
	return r;
}

/* In memory: who checks opened the store for reading, and has no tmp/. */
static int check_order(struct check *c)
{
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	struct sort_options o = {
		.backend = c->backend, .mem = c->mem, .words = 2, .bits = 128,
		.budget = mem_left(c->mem) / 2,
	};
	struct sort *s = NULL;
	int r = count_rows(out, &o.most);

	if (r == 0 && in != out)
		r = count_rows(in, &o.most);
	if (r == 0)
		r = sort_open(&s, &o);
	if (r == 0)
		r = add_degrees(s, out);
	if (r == 0 && in != out)
		r = add_degrees(s, in);
	if (r == 0)
		r = sort_finish(s);
	if (r == 0)
		r = compare_degrees(c, s);
	sort_close(s);
	return r;
}

static int check_props(struct check *c, enum prop_role role)
{
	struct prop *p;
	int r = graph_props(c->g, role, &p);

	if (r < 0 || !p)
		return note(c, r);
	r = pages(c, prop_segment(p));
	return r == 0 ? note(c, prop_check(p)) : r < 0 ? r : 0;
}

static int check_index(struct check *c)
{
	struct prop *p = NULL;
	struct index *x;
	int r;

	c->next = "strato-graph index PROPERTY... makes the index anew: nothing is lost";
	r = graph_index(c->g, &x);
	if (r < 0 || !x)
		return note(c, r);
	r = pages(c, index_segment(x));
	if (r == 0)
		r = graph_props(c->g, PROP_NODES, &p);
	return r == 0 && p ? note(c, index_check(x, p)) : r < 0 ? r : 0;
}

/* Laid over the rest, so it is the last. */
static int check_delta(struct check *c)
{
	const struct manifest_graph *g = graph_entry(c->g);
	const struct delta_of of = {
		.name = g->name, .dict = graph_dict(c->g), .out = graph_csr(c->g, CSR_OUT),
		.in = graph_undirected(c->g) ? NULL : graph_csr(c->g, CSR_IN), .mem = c->mem,
		.folded = g->folded,
	};
	const struct delta_segment where = { g, c->backend, c->store_id };
	struct delta *d = NULL;
	int r = delta_segment_of(g) ? delta_map(&d, &of, &where) : 0;

	c->next = "strato-graph compact makes the graph anew with its changes: nothing is lost";
	if (r < 0 || !d)
		return note(c, r);
	r = pages(c, delta_file(d));
	r = r == 0 ? note(c, delta_check(d)) : r < 0 ? r : 0;
	delta_close(d);
	return r;
}

static int check_all(struct check *c)
{
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	int r = check_dict(c);

	if (r == 0)
		r = check_csr(c, out);
	if (r == 0 && in != out)
		r = check_csr(c, in);
	if (r == 0)
		r = check_props(c, PROP_NODES);
	if (r == 0)
		r = check_props(c, PROP_EDGES);
	if (r == 0)
		r = check_index(c);
	c->next = MAKE_ANEW;
	for (uint32_t t = 0; r == 0 && !c->fault_n && t < graph_type_n(c->g); t++)
		if ((r = check_turned(c, t)) == 0 && !c->fault_n)
			r = check_values(c, t);
	if (r == 0 && !c->fault_n && dict_order(graph_dict(c->g)) == DICT_BY_DEGREE)
		r = check_order(c);
	return r == 0 && !c->fault_n ? check_delta(c) : r;
}

int check_graph(struct backend *b, const uint8_t store_id[16],
		const struct manifest_graph *g, struct mem *mem,
		void (*found)(void *ctx, const char *words, const char *next), void *ctx)
{
	struct check c = { .mem = mem, .backend = b, .store_id = store_id,
		.found = found, .ctx = ctx, .next = MAKE_ANEW };
	int r = graph_open(&c.g, b, store_id, g, mem);

	r = r < 0 ? note(&c, r) : check_all(&c);
	graph_close(c.g);
	return r < 0 ? r : c.fault_n;
}
