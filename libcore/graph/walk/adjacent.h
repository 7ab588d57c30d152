/* graph/walk/adjacent.h - the neighbours of a node, each once, in order
 *
 * A node has a list for each type and direction, each in order of ids: they are
 * merged as they are read.  So the first neighbour of ten million is there at
 * once, and memory is a block a list, whatever their lengths.
 */
#ifndef GRAPH_WALK_ADJACENT_H
#define GRAPH_WALK_ADJACENT_H

#include "graph/graph.h"

struct adjacent_list;

struct adjacent {
	struct graph *graph;
	struct adjacent_list *list;
	uint32_t *heap;			/* those not at their ends, the least first */
	uint32_t n, cap;
	bool one;			/* only one: no heap */
	uint64_t last;			/* given before */
	bool any;
	uint64_t ids[CSR_BLOCK];
	uint32_t from[CSR_BLOCK];	/* private: which list each came from */
};

/* To be begun any number of times, for one node after the other. */
void adjacent_init(struct adjacent *a, struct graph *g);
void adjacent_release(struct adjacent *a);
int adjacent_begin(struct adjacent *a, uint64_t node, enum csr_direction way,
		   const struct graph_types *types);
/* How many come next, ascending, and where they are until the next call; 0 at the
 * end; ERR_DAMAGED. */
int adjacent_block(struct adjacent *a, const uint64_t **ids);
/* Of the I-th id of that block: the first edge that leads there. */
uint32_t adjacent_type(const struct adjacent *a, uint32_t i);
enum csr_direction adjacent_way(const struct adjacent *a, uint32_t i);

#endif
