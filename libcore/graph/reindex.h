/* graph/reindex.h - the property index of a graph, made and made again */
#ifndef GRAPH_REINDEX_H
#define GRAPH_REINDEX_H

#include "graph/graph.h"

/* An index of G's segments by the values of N names, ascending, each once. */
int reindex_names(struct graph *g, struct backend *b, const uint8_t store_id[16],
		  const struct bytes *name, uint32_t n, int (*stop)(void *ctx), void *ctx,
		  struct segment_ref *ref);

/* MADE, the same graph as WAS in new segments, gets an index of the names that WAS has
 * one of: nothing to do if there is none, or no node of MADE has a property.  MADE has
 * its name. */
int reindex_again(struct graph *was, struct manifest_graph *made, struct backend *b,
		  const uint8_t store_id[16], int (*stop)(void *ctx), void *ctx);

#endif
