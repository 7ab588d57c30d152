/* graph/convert.h - a graph once more, in another layout or another order
 *
 * Reads the graph in place and writes segments of its own: the dictionary is copied
 * or given an order, then each direction's lists are taken in the new order of
 * their nodes, renumbered, sorted and written.  The bytes depend on the graph, the
 * layout and the order alone.  A list that is long for the memory there is goes
 * through tmp/.
 */
#ifndef GRAPH_CONVERT_H
#define GRAPH_CONVERT_H

#include "graph/graph.h"

struct convert_options {
	struct backend *backend;
	const uint8_t *store_id;
	struct mem *mem;
	enum csr_layout layout;
	enum dict_order order;
	unsigned threads;	/* 0: team_default */
	/* Asked now and then, with the edges written so far: not 0 stops with that code. */
	int (*stop)(void *ctx, uint64_t edge_n);
	void *stop_ctx;
};

/* OUT gets the segments, and node_n, edge_n, type_n and flags as G's entry has them;
 * the rest of it is untouched.  On failure no segment is left. */
int convert_graph(struct graph *g, const struct convert_options *o, struct manifest_graph *out);

#endif
