/* graph/walk/ways.h - a graph to be gone through along its edges or against them
 *
 * For searches that push from some nodes along the edges or pull towards many
 * against them: the lists of both, which are the same of an undirected graph or
 * where both ways count.
 */
#ifndef GRAPH_WALK_WAYS_H
#define GRAPH_WALK_WAYS_H

#include "graph/sweep.h"

struct ways {
	struct sweep ahead, against;	/* against is closed where pull is ahead */
	const struct sweep *pull;
	struct csr_type *type;		/* of ahead's sources, for csr_row_of */
};

int ways_open(struct ways *w, struct graph *g, enum csr_direction way,
	      const struct graph_types *types, unsigned threads);
void ways_close(struct ways *w);	/* zeroed is fine, and after a failed open due */

/* How many edges lead on from NODE; sooner so if it was hinted at some nodes before. */
int ways_degree(const struct ways *w, uint64_t node, uint64_t *out);
void ways_hint(const struct ways *w, uint64_t node);

/* EACH for every list that leads on from N nodes, not all of a node's together; what
 * it returns below 0 ends all.  The rows and then the lists of those that follow are
 * fetched meanwhile. */
typedef int ways_each(void *ctx, uint32_t node, struct csr_list *l);
int ways_lists(const struct ways *w, const uint32_t *node, uint64_t n, ways_each *each,
	       void *ctx);

#endif
