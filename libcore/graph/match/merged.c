/* graph/match/merged.c - turned over twice, so that nothing is sorted
 *
 * Type by type each edge is put to its target; then, target by target, to its source: so a
 * source's edges lie in order of their targets, those of one target by type.  Once more
 * turns these to the targets, in order of the sources.
 */
#include "graph/match/merged.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static uint64_t bytes_of_all(struct graph *g)
{
	return 16 * csr_edge_n(graph_csr(g, CSR_OUT)) + 32 * graph_node_n(g);
}

bool merged_fits(struct graph *g)
{
	return csr_narrow(graph_csr(g, CSR_OUT)) && bytes_of_all(g) < mem_left(graph_mem(g)) / 2;
}

/* Where each node's entries begin, for all types. */
static int count(struct merged_way *w, struct csr *csr, uint64_t node_n)
{
	struct csr_scan scan;
	uint64_t degree, sum = 0;
	int r = 0;

	for (uint32_t t = 0; r >= 0 && t < csr_type_n(csr); t++) {
		csr_scan_begin(&scan, csr, t);
		while ((r = csr_scan_degree(&scan, &degree)) > 0)
			w->from[scan.node] += degree;
	}
	for (uint64_t i = 0; i <= node_n; i++) {
		uint64_t n = w->from[i];

		w->from[i] = sum;
		sum += n;
	}
	return r < 0 ? r : 0;
}

static int draw(struct merged_way *w, struct merged *m, uint64_t edge_n)
{
	w->from = mem_zalloc(m->mem, (m->node_n + 2) * sizeof *w->from);
	w->entry = mem_alloc(m->mem, (edge_n + 1) * sizeof *w->entry);
	return w->from && w->entry ? 0 : ERR_MEMORY;
}

/* While entries are put, FROM of a node is where its next one goes: its end is where the
 * node after it began.  Then it is put back. */
static void put_back(struct merged_way *w, uint64_t node_n)
{
	memmove(w->from + 1, w->from, node_n * sizeof *w->from);
	w->from[0] = 0;
}

static int put_list(struct merged_way *to, struct csr_list *l, uint64_t from, uint32_t type,
		    uint64_t edge_n)
{
	const uint64_t *ids;
	int n;

	while ((n = csr_block(l, &ids)) > 0)
		for (int i = 0; i < n; i++) {
			uint64_t *at = &to->from[ids[i]];

			if (*at >= edge_n)
				return err_set(ERR_DAMAGED, "%s: more edges than its heads say",
					       segment_path(csr_segment(l->csr)));
			to->entry[(*at)++] = from << MERGED_TYPE_BITS | type;
		}
	return n;
}

static int put_all(struct merged_way *to, struct csr *csr, uint64_t edge_n)
{
	struct csr_scan scan;
	struct csr_list l;
	int r = 0;

	for (uint32_t t = 0; r >= 0 && t < csr_type_n(csr); t++) {
		csr_scan_begin(&scan, csr, t);
		while (r >= 0 && (r = csr_scan_next(&scan, &l)) > 0)
			r = put_list(to, &l, scan.node, t, edge_n);
	}
	return r;
}

static int turn(const struct merged_way *of, struct merged_way *to, uint64_t node_n,
		uint64_t edge_n)
{
	for (uint64_t node = 0; node < node_n; node++)
		for (uint64_t i = of->from[node]; i < of->from[node + 1]; i++) {
			uint64_t *at = &to->from[of->entry[i] >> MERGED_TYPE_BITS];

			if (*at >= edge_n)
				return err_set(ERR_DAMAGED, "the adjacency of both directions"
					       " does not agree");
			to->entry[(*at)++] = node << MERGED_TYPE_BITS | (uint32_t)of->entry[i];
		}
	put_back(to, node_n);
	return 0;
}

static int make(struct merged *m, struct graph *g)
{
	struct csr *out = graph_csr(g, CSR_OUT);
	uint64_t edge_n = csr_edge_n(out);
	int r = draw(&m->out, m, edge_n);

	if (r == 0)
		r = draw(&m->in, m, edge_n);
	if (r == 0)
		r = count(&m->out, out, m->node_n);
	if (r == 0)
		r = count(&m->in, graph_csr(g, CSR_IN), m->node_n);
	if (r == 0 && m->in.from[m->node_n] != m->out.from[m->node_n])
		r = err_set(ERR_DAMAGED, "the adjacency of both directions does not agree");
	if (r == 0)
		r = put_all(&m->in, out, edge_n);
	if (r < 0)
		return r;
	put_back(&m->in, m->node_n);
	r = turn(&m->in, &m->out, m->node_n, edge_n);
	if (r < 0 || m->undirected)
		return r;
	return turn(&m->out, &m->in, m->node_n, edge_n);
}

int merged_make(struct merged *m, struct graph *g)
{
	*m = (struct merged){ .mem = graph_mem(g), .node_n = graph_node_n(g),
			      .undirected = graph_undirected(g) };
	return make(m, g);
}

void merged_release(struct merged *m)
{
	struct merged_way *way[] = { &m->out, &m->in };

	for (int i = 0; m->mem && i < 2; i++) {
		mem_free(m->mem, way[i]->from);
		mem_free(m->mem, way[i]->entry);
	}
	*m = (struct merged){0};
}
