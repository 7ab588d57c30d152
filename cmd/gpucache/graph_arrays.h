/* cmd/gpucache/graph_arrays.h - a graph's adjacency as plain arrays, piece by piece
 *
 * What gpu/traverse reads: le64 first[node_n + 1], where each node's list begins in
 * le32 to[edge_n].  A list has the ids of the first type, then those of the second, and
 * so on, each as the csr has them.  Nothing but a few MiB is held, whatever the graph.
 */
#ifndef CMD_GPUCACHE_GRAPH_ARRAYS_H
#define CMD_GPUCACHE_GRAPH_ARRAYS_H

#include "graph/graph.h"

struct graph_arrays {
	struct graph *graph;		/* without changes, ids of 32 bits */
	enum csr_direction way;		/* CSR_OUT, CSR_IN */
	struct graph_types types;
	struct mem *mem;
	/* Gets the bytes in order; what it returns, if not 0, ends all. */
	int (*put)(void *ctx, const void *ptr, size_t len);
	void *ctx;
};

/* Edges of the types: the length of to[]. */
int graph_arrays_edges(const struct graph_arrays *a, uint64_t *out);
int graph_arrays_first(const struct graph_arrays *a);
int graph_arrays_to(const struct graph_arrays *a);

/* Instead of to[] the lists as they are stored, which gpu/traverse unpacks.  Their length;
 * 0: there are none, as the graph is stored another way or the types are several. */
int graph_arrays_packed(const struct graph_arrays *a, uint64_t *len);
/* le64 at[node_n + 1]: where in them each begins. */
int graph_arrays_at(const struct graph_arrays *a);
int graph_arrays_lists(const struct graph_arrays *a);
/* Where they are in the file of the segment. */
int graph_arrays_where(const struct graph_arrays *a, uint64_t *off, struct bytes *mapped);

#endif
