/* graph/walk/degrees.c - rows merged by a heap */
#include "graph/walk/degrees.h"

#include "base/err.h"
#include "base/mem.h"

struct degrees_row {
	uint64_t node, degree;		/* where the scan stands */
	struct csr_scan scan;
};

static void sift(struct degrees *d, uint32_t i)
{
	for (;;) {
		uint32_t least = i;
		struct degrees_row swap;

		for (uint32_t c = 2 * i + 1; c <= 2 * i + 2 && c < d->n; c++)
			if (d->row[c].node < d->row[least].node)
				least = c;
		if (least == i)
			return;
		swap = d->row[i];
		d->row[i] = d->row[least];
		d->row[least] = swap;
		i = least;
	}
}

static int step(struct degrees_row *w)
{
	int r = csr_scan_degree(&w->scan, &w->degree);

	w->node = w->scan.node;
	return r;
}

static int add_scans(struct degrees *d, struct csr *c, const struct graph_types *types)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < graph_types_n(d->graph, types); i++) {
		struct degrees_row *w = &d->row[d->n];

		csr_scan_begin(&w->scan, c, graph_types_at(types, i));
		r = step(w);
		d->n += r == 1;
	}
	return r < 0 ? r : 0;
}

int degrees_begin(struct degrees *d, struct graph *g, enum csr_direction way,
		  const struct graph_types *types)
{
	size_t most = 2 * (size_t)graph_types_n(g, types);
	int r = 0;

	*d = (struct degrees){ .graph = g };
	d->row = mem_alloc(graph_mem(g), most * sizeof *d->row);
	if (!d->row)
		return ERR_MEMORY;
	if (graph_undirected(g))
		way = CSR_OUT;
	if (way & CSR_OUT)
		r = add_scans(d, graph_csr(g, CSR_OUT), types);
	if (r == 0 && way & CSR_IN)
		r = add_scans(d, graph_csr(g, CSR_IN), types);
	for (uint32_t i = d->n; i-- > 0;)
		sift(d, i);
	return r;
}

int degrees_next(struct degrees *d, uint64_t *degree)
{
	int r;

	while (d->node < graph_node_n(d->graph) && !dict_has(graph_dict(d->graph), d->node))
		d->node++;
	if (d->node == graph_node_n(d->graph))
		return 0;
	for (*degree = 0; d->n && d->row[0].node == d->node;) {
		*degree += d->row[0].degree;
		r = step(&d->row[0]);
		if (r < 0)
			return r;
		if (r == 0)
			d->row[0] = d->row[--d->n];
		sift(d, 0);
	}
	d->node++;
	return 1;
}

void degrees_end(struct degrees *d)
{
	if (d->row)
		mem_free(graph_mem(d->graph), d->row);
	d->row = NULL;
}
