/* graph/match/merged.c - turned over twice, so that nothing is sorted
 *
 * Lists are read once, as words.  Type by type each edge is put to its target; then,
 * target by target, to its source: so a source's edges lie in order of their targets,
 * those of one target by type.  Once more turns these to the targets, in order of the
 * sources.
 */
#include "graph/match/merged.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Of each list its node, how many ids, the ids. */
struct words {
	struct mem *mem;
	uint32_t *at;
	size_t n, room;
	size_t *end;		/* of each type's */
	uint32_t type_n;
};

/* At the height: words or both directions, and entries that are being turned. */
static uint64_t bytes_of_all(struct graph *g)
{
	return 32 * csr_edge_n(graph_csr(g, CSR_OUT)) + 16 * graph_node_n(g);
}

bool merged_fits(struct graph *g)
{
	return graph_node_n(g) < INT32_MAX &&
		csr_edge_n(graph_csr(g, CSR_OUT)) < INT32_MAX &&
		bytes_of_all(g) < mem_left(graph_mem(g)) / 2;
}

/* --- lists as words --- */

static int too_many(struct csr *csr)
{
	return err_set(ERR_DAMAGED, "%s: more edges than its heads say",
		       segment_path(csr_segment(csr)));
}

static int put_list(struct words *w, struct csr_list *l, uint64_t node)
{
	const uint32_t *ids;
	size_t end = w->n + 2;
	int n = 1;

	while (end < w->room && (n = csr_block32(l, CSR_BLOCK, &ids)) > 0) {
		if ((size_t)n > w->room - end)
			break;
		memcpy(w->at + end, ids, (size_t)n * sizeof *ids);
		end += (size_t)n;
	}
	if (n > 0)
		return too_many(l->csr);
	w->at[w->n] = (uint32_t)node;
	w->at[w->n + 1] = (uint32_t)(end - w->n - 2);
	w->n = end;
	return n;
}

static int read_type(struct words *w, struct csr *csr, uint32_t type)
{
	struct csr_scan scan;
	struct csr_list l;
	size_t n;
	int r;

	csr_scan_begin(&scan, csr, type);
	do {
		r = csr_scan_words(&scan, w->at + w->n, w->room - w->n, &n);
		w->n += n;
		if (r == 0 && (r = csr_scan_next(&scan, &l)) > 0) {
			r = put_list(w, &l, scan.node);
			r = r < 0 ? r : 1;
		}
	} while (r > 0);
	w->end[type] = w->n;
	return r;
}

static int words_read(struct words *w, struct mem *mem, struct csr *csr)
{
	int r = 0;

	*w = (struct words){ .mem = mem, .room = 3 * csr_edge_n(csr) + 2 + LIST_BLOCK,
			     .type_n = csr_type_n(csr) };
	w->at = mem_alloc(mem, w->room * sizeof *w->at);
	w->end = mem_alloc(mem, (w->type_n + 1ull) * sizeof *w->end);
	if (!w->at || !w->end)
		return ERR_MEMORY;
	for (uint32_t t = 0; r == 0 && t < w->type_n; t++)
		r = read_type(w, csr, t);
	return r;
}

static void words_free(struct words *w)
{
	if (!w->mem)
		return;
	mem_free(w->mem, w->at);
	mem_free(w->mem, w->end);
	*w = (struct words){0};
}

/* --- entries: a node and, below it, a type, at their other end --- */

#define TYPE_BITS 32

struct entries {
	uint32_t *from;		/* of each node its first entry, and one more */
	uint64_t *at;
	uint64_t n;
};

static int entries_draw(struct entries *e, struct merged *m, uint64_t edge_n)
{
	e->n = edge_n;
	e->from = mem_zalloc(m->mem, (m->node_n + 2) * sizeof *e->from);
	e->at = mem_alloc(m->mem, (edge_n + 1) * sizeof *e->at);
	return e->from && e->at ? 0 : ERR_MEMORY;
}

static void entries_free(struct entries *e, struct merged *m)
{
	mem_free(m->mem, e->from);
	mem_free(m->mem, e->at);
	*e = (struct entries){0};
}

/* Counts become places: where each node's next one goes. */
static void add_up(struct entries *e, uint64_t node_n)
{
	uint32_t sum = 0;

	for (uint64_t i = 0; i <= node_n; i++) {
		uint32_t n = e->from[i];

		e->from[i] = sum;
		sum += n;
	}
}

/* While entries are put, FROM of a node is where its next one goes: its end is where the
 * node after it began.  Then it is put back. */
static void put_back(struct entries *e, uint64_t node_n)
{
	memmove(e->from + 1, e->from, node_n * sizeof *e->from);
	e->from[0] = 0;
}

static inline void put(struct entries *e, uint32_t node, uint64_t other, uint64_t type)
{
	e->at[e->from[node]++] = other << TYPE_BITS | type;
}

/* To their targets; counted for their sources. */
static int by_target(struct entries *to, uint32_t *degree, const struct words *w,
		     struct merged *m)
{
	uint64_t edge_n = 0;
	int r;

	for (size_t i = 0; i < w->n; i += 2 + w->at[i + 1])
		edge_n += w->at[i + 1];
	r = entries_draw(to, m, edge_n);
	if (r < 0)
		return r;
	for (size_t i = 0, n; i < w->n; i += 2 + n) {
		n = w->at[i + 1];
		degree[w->at[i]] += (uint32_t)n;
		for (size_t k = 0; k < n; k++)
			to->from[w->at[i + 2 + k]]++;
	}
	add_up(to, m->node_n);
	for (size_t i = 0, t = 0, n; i < w->n; i += 2 + n) {
		while (i == w->end[t])
			t++;
		n = w->at[i + 1];
		for (size_t k = 0; k < n; k++)
			put(to, w->at[i + 2 + k], w->at[i], t);
	}
	put_back(to, m->node_n);
	return 0;
}

/* OUT's counts are there. */
static void turn(struct entries *out, const struct entries *in, uint64_t node_n)
{
	add_up(out, node_n);
	for (uint64_t node = 0; node < node_n; node++)
		for (uint32_t i = in->from[node]; i < in->from[node + 1]; i++)
			put(out, (uint32_t)(in->at[i] >> TYPE_BITS), node,
			    (uint32_t)in->at[i]);
	put_back(out, node_n);
}

/* --- each neighbour once --- */

static int split(struct merged_way *w, struct merged *m, const struct entries *e)
{
	uint32_t to_n = 0, type_n = 0;

	w->from = mem_alloc(m->mem, (m->node_n + 2) * sizeof *w->from);
	w->to = mem_alloc(m->mem, (e->n + MERGED_SLACK) * sizeof *w->to);
	w->first = mem_alloc(m->mem, (e->n + 1) * sizeof *w->first);
	w->type = mem_alloc(m->mem, (e->n + 1) * sizeof *w->type);
	if (!w->from || !w->to || !w->first || !w->type)
		return ERR_MEMORY;
	for (uint64_t node = 0; node < m->node_n; node++) {
		uint64_t before = UINT64_MAX;

		w->from[node] = to_n;
		for (uint32_t i = e->from[node]; i < e->from[node + 1]; i++) {
			uint64_t x = e->at[i];

			if (x == before)	/* of several alike */
				continue;
			if (x >> TYPE_BITS != before >> TYPE_BITS) {
				w->first[to_n] = type_n;
				w->to[to_n++] = (uint32_t)(x >> TYPE_BITS);
			}
			w->type[type_n++] = (uint32_t)x;
			before = x;
		}
	}
	w->from[m->node_n] = to_n;
	w->first[to_n] = type_n;
	memset(w->to + to_n, 0, MERGED_SLACK * sizeof *w->to);
	return 0;
}

static void count_in(struct entries *in, const struct entries *out)
{
	for (uint64_t i = 0; i < out->n; i++)
		in->from[out->at[i] >> TYPE_BITS]++;
}

/* ONE: by target; OTHER: by source, and where both are asked for by target again. */
static int make(struct merged *m, struct words *w, struct entries *one, struct entries *other,
		bool in)
{
	uint32_t *degree = mem_zalloc(m->mem, (m->node_n + 2) * sizeof *degree);
	int r = degree ? by_target(one, degree, w, m) : ERR_MEMORY;

	words_free(w);
	if (r == 0)
		r = entries_draw(other, m, one->n);
	if (r == 0) {
		memcpy(other->from, degree, m->node_n * sizeof *degree);
		turn(other, one, m->node_n);
	}
	mem_free(m->mem, degree);
	if (r == 0 && in) {
		memset(one->from, 0, (m->node_n + 1) * sizeof *one->from);
		count_in(one, other);
		turn(one, other, m->node_n);
		r = split(&m->in, m, one);
	}
	entries_free(one, m);
	return r == 0 ? split(&m->out, m, other) : r;
}

int merged_make(struct merged *m, struct graph *g, bool in)
{
	struct entries one = {0}, other = {0};
	struct words w;
	int r;

	*m = (struct merged){ .mem = graph_mem(g), .node_n = graph_node_n(g),
			      .undirected = graph_undirected(g) };
	r = words_read(&w, m->mem, graph_csr(g, CSR_OUT));
	if (r == 0)
		r = make(m, &w, &one, &other, in && !m->undirected);
	words_free(&w);
	entries_free(&one, m);
	entries_free(&other, m);
	return r;
}

void merged_release(struct merged *m)
{
	struct merged_way *way[] = { &m->out, &m->in };

	for (int i = 0; m->mem && i < 2; i++) {
		mem_free(m->mem, way[i]->from);
		mem_free(m->mem, way[i]->to);
		mem_free(m->mem, way[i]->first);
		mem_free(m->mem, way[i]->type);
	}
	*m = (struct merged){0};
}
