/* graph/walk/cheapest.h - a path of least cost, weights not negative
 *
 * Dijkstra's search from both ends; it ends when no path that is not known yet can
 * be cheaper than the best known.  For walk/path.
 */
#ifndef GRAPH_WALK_CHEAPEST_H
#define GRAPH_WALK_CHEAPEST_H

#include "graph/walk/path.h"

/* As path_find with a weight; SRC and DST differ; out->mem is set. */
int cheapest_find(struct path *out, const struct path_query *q, uint64_t src, uint64_t dst);

/* Sum and order of costs; ERR_TOO_BIG. */
int cheapest_add(enum csr_values kind, union csr_value a, union csr_value b,
		 union csr_value *sum);
static inline bool cheapest_less(enum csr_values kind, union csr_value a, union csr_value b)
{
	return kind == CSR_REALS ? a.r < b.r : a.i < b.i;
}

#endif
