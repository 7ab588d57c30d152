/* graph/match/merged.h - the edges of all types as one relation, in memory
 *
 * Where types are variables, asking a node for its neighbours means a look into as many
 * lists as there are types.  Beyond some number of such looks it is cheaper to read all
 * edges once: 16 bytes an edge, each list in order of the neighbours, equal ones by type.
 */
#ifndef GRAPH_MATCH_MERGED_H
#define GRAPH_MATCH_MERGED_H

#include "graph/graph.h"

#define MERGED_TYPE_BITS 32	/* of an entry, the lowest: its type; above: the neighbour */

struct merged_way {
	uint64_t *from;		/* of each node its first entry, and one more */
	uint64_t *entry;
};

struct merged {
	struct mem *mem;
	uint64_t node_n;
	struct merged_way out, in;	/* undirected: the same */
	bool undirected;
};

/* Would it fit beside what else is needed? */
bool merged_fits(struct graph *g);
int merged_make(struct merged *m, struct graph *g);
void merged_release(struct merged *m);		/* zeroed is fine */

static inline const struct merged_way *merged_way(const struct merged *m,
						  enum csr_direction way)
{
	return way == CSR_IN && !m->undirected ? &m->in : &m->out;
}

#endif
