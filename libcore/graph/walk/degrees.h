/* graph/walk/degrees.h - how many edges each node has, one node after the other
 *
 * The rows of every type and direction are read side by side, the targets never:
 * memory is a few words a type, whatever the number of nodes.
 */
#ifndef GRAPH_WALK_DEGREES_H
#define GRAPH_WALK_DEGREES_H

#include "graph/graph.h"

struct degrees_row;

struct degrees {
	struct graph *graph;
	struct degrees_row *row;	/* of each type and direction: a heap, the least node on top */
	uint32_t n;
	uint64_t node;			/* behind the one given */
};

int degrees_begin(struct degrees *d, struct graph *g, enum csr_direction way,
		  const struct graph_types *types);
/* 1 and the degree of the next node, d->node - 1 then; 0 behind the last; ERR_DAMAGED. */
int degrees_next(struct degrees *d, uint64_t *degree);
void degrees_end(struct degrees *d);

#endif
