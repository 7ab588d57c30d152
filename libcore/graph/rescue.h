/* graph/rescue.h - what can be read of a damaged graph, and a new one of it
 *
 * Each of the graph's files is read by itself and around its damage: nodes by their keys;
 * edges by the lists that can be read, and where one cannot by those of the other
 * direction; labels and properties row by row.  The number of an edge that came from the
 * other direction, which its properties go by, is known when the edges found fill the gap
 * between the lists around exactly.
 *
 * Changes that are entries of the graph's space are none of its files, and no part of
 * this.  Memory stays within the struct mem given, a bit a node included.
 */
#ifndef GRAPH_RESCUE_H
#define GRAPH_RESCUE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "store/manifest.h"

enum rescue_what {
	RESCUE_NODES,		/* their keys, and with them the nodes and their edges */
	RESCUE_EDGES,		/* out of these nodes */
	RESCUE_EDGES_IN,	/* into these nodes: looking only */
	RESCUE_NODE_STATES,	/* labels and properties of these nodes */
	RESCUE_EDGE_STATES,	/* of edges out of these nodes */
	RESCUE_INDEX,		/* of properties: can be made anew */
};

struct rescue_lost {
	enum rescue_what what;
	/* From this node to before the next (ptr NULL: to the last), in the order of keys;
	 * not ranged: this one.  Of NODES: after this one (ptr NULL: from the first on).
	 * Of a graph whose nodes lie in another order a range has no bounds. */
	bool ranged;
	struct bytes key, before;
	bool typed;
	struct bytes type;
	uint64_t n;		/* how many; 0: not known */
	const char *words;	/* in which file, and what */
};

struct rescue {
	struct backend *from;
	const uint8_t *from_id;
	const struct manifest_graph *graph;
	struct backend *to;	/* where it is made anew; NULL: only looked at, then all lists
				 * that cannot be read are told */
	const uint8_t *to_id;
	struct mem *mem;
	int (*lost)(void *ctx, const struct rescue_lost *l);
	int (*stop)(void *ctx);	/* asked now and then: not 0 ends it; may be NULL */
	void *ctx;
};

/* MADE, with the name, space and versions of R's graph, and segments in TO.  0: nothing is
 * lost; 1: what was told; ERR_DAMAGED: nothing can be made of it (no keys).  What LOST or
 * STOP answered, or an error that is no damage. */
int rescue_graph(const struct rescue *r, struct manifest_graph *made);

#endif
