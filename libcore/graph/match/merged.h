/* graph/match/merged.h - the edges of all types as one relation, in memory
 *
 * Where types are variables, asking a node for its neighbours means a look into as many
 * lists as there are types.  Beyond some number of such looks it is cheaper to read all
 * edges once: 12 bytes an edge in each direction that is asked for, each list in order
 * of the neighbours, each of these once, with the types of its edges.
 */
#ifndef GRAPH_MATCH_MERGED_H
#define GRAPH_MATCH_MERGED_H

#include "graph/graph.h"

#define MERGED_SLACK 8		/* words behind TO's last that are readable, 0 each */

struct merged_way {
	uint32_t *from;		/* of each node its first neighbour, and one more */
	uint32_t *to;		/* neighbours; below 2^31 */
	uint32_t *first;	/* of each neighbour its first type, and one more */
	uint32_t *type;		/* ascending, each once */
};

struct merged {
	struct mem *mem;
	uint64_t node_n;
	struct merged_way out, in;	/* of zeros: not asked for */
	bool undirected;
};

/* Would it fit beside what else is needed? */
bool merged_fits(struct graph *g);
/* IN: of that direction, too. */
int merged_make(struct merged *m, struct graph *g, bool in);
void merged_release(struct merged *m);		/* zeroed is fine */

static inline const struct merged_way *merged_way(const struct merged *m,
						  enum csr_direction way)
{
	return way == CSR_IN && !m->undirected ? &m->in : &m->out;
}

#endif
