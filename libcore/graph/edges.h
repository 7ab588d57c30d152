/* graph/edges.h - edges as they come into shuffles of both directions
 *
 * Nodes are dense ids, whose number is known, or numbers as they came.  Of those
 * the range has to be guessed: edges wait as they came (the stage) until there are
 * enough to go by, then the range, the partitions and with them the width of a
 * record are decided ("shaped").  A number out of the range has it shaped anew,
 * wider: what is there already is moved over.
 *
 * edges_add is called from several threads at once, each with its own WHO; all
 * else from one, while nobody adds.
 */
#ifndef GRAPH_EDGES_H
#define GRAPH_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/keyset.h"
#include "graph/scan.h"
#include "graph/shuffle.h"

struct edges;

struct edges_plan {
	struct backend *backend;
	struct mem *mem;
	size_t budget;			/* of the stage, the blocks and the key set */
	unsigned hands;
	bool undirected, drop_loops, valued;
	uint64_t node_n;		/* ids are below; 0: numbers as they came */
	uint32_t type_n;		/* with ids: types are below */
};

/* Results beside 0 and errors. */
enum { EDGES_SHAPE = 1, EDGES_WIDE = 2 };

int edges_open(struct edges **out, const struct edges_plan *p);
void edges_close(struct edges *x);		/* NULL is fine */

/* The first *TAKEN of N edges are taken; EDGES_SHAPE when these are not all: shape
 * has to be called with the others, then they can be added.  TYPE NULL: all are 0. */
int edges_add(struct edges *x, unsigned who, const struct scan_edge *e,
	      const uint32_t *type, const struct shuffle_value *v, size_t n, size_t *taken);
/* From now on edges carry values: those there are have SHUFFLE_NO_VALUE, as has what is
 * added with V NULL. */
int edges_become_valued(struct edges *x);
/* EDGES_WIDE: their numbers are too far apart for a key set; nothing was changed. */
int edges_shape(struct edges *x, const struct scan_edge *e, size_t n);

/* Nodes of their own: FIRST and the N - 1 numbers that follow.  Or EDGES_WIDE. */
int edges_add_nodes(struct edges *x, uint64_t first, uint64_t n);

/* No more will come: threads put what was staged in its place.  Or EDGES_WIDE. */
int edges_end(struct edges *x);

/* Every edge once and every node that came without one, if end was not called; an
 * undirected edge may be given either way round. */
struct edges_seen {
	int (*edge)(void *ctx, uint64_t src, uint64_t dst, const struct shuffle_value *v);
	int (*nodes)(void *ctx, uint64_t first, uint64_t n);
	void *ctx;
};
int edges_visit(struct edges *x, const struct edges_seen *seen);

/* After end.  Rows are type * span + node - first, targets node - first. */
const struct keyset *edges_keys(const struct edges *x);	/* of numbers as they came */
struct shuffle *edges_out(const struct edges *x);
struct shuffle *edges_in(const struct edges *x);	/* undirected: the same */
/* The shuffle is done with. */
void edges_drop(struct edges *x, struct shuffle *s);

uint64_t edges_n(const struct edges *x);		/* taken */
uint64_t edges_loop_n(const struct edges *x);		/* of them loops */
uint64_t edges_spills(const struct edges *x);

#endif
