/* graph/gather.h - what several records say of one node, or of one edge, made one
 *
 * Labels are united.  A record's values of a name take the place of those that earlier
 * records gave it; if the record joins (a statement of RDF), they are added to them,
 * each once.
 */
#ifndef GRAPH_GATHER_H
#define GRAPH_GATHER_H

#include "graph/prop.h"

struct gather {			/* used again and again; private */
	struct buf bytes, entries, other, labels, props;
	uint32_t record_n;
};

void gather_init(struct gather *g, struct mem *mem);
void gather_release(struct gather *g);

void gather_clear(struct gather *g);
/* In the order they came.  In any order of names; a name's values in their order. */
int gather_add(struct gather *g, const struct prop_state *said, bool joins);
/* All of it, good until the next clear. */
int gather_done(struct gather *g, struct prop_state *out);

#endif
