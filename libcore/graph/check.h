/* graph/check.h - is a graph sound?
 *
 * Every page's checksum; the dictionary's order and its look-ups; every row, its
 * bounds, its targets, its order; that one direction is the transpose of the
 * other (of an undirected graph: of itself), values included; that nodes lie as
 * their order says.  Memory stays within the graph's
 * struct mem.
 */
#ifndef GRAPH_CHECK_H
#define GRAPH_CHECK_H

#include "graph/graph.h"

/* FOUND gets one line of words for each fault: file, offset, fact, consequence; and NEXT, the
 * command that mends it.  Returns how many, or an ERR_ code when the check itself could not
 * go on. */
int check_graph(struct backend *b, const uint8_t store_id[16],
		const struct manifest_graph *g, struct mem *mem,
		void (*found)(void *ctx, const char *words, const char *next), void *ctx);

#endif
