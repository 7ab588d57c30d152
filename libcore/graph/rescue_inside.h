/* graph/rescue_inside.h - what rescue.c and rescue_edges.c share */
#ifndef GRAPH_RESCUE_INSIDE_H
#define GRAPH_RESCUE_INSIDE_H

#include "graph/build.h"
#include "graph/csr.h"
#include "graph/dict.h"
#include "graph/graph.h"
#include "graph/prop.h"
#include "graph/rescue.h"

/* Nodes that follow each other and have the same to be told of them. */
struct rescue_group {
	bool any;
	enum rescue_what what;
	uint64_t first, last, n;
	uint64_t reach;			/* behind LAST up to here there is nothing to lose */
};

struct rescuing {
	const struct rescue *r;
	struct dict *dict;
	struct csr *out, *in;		/* NULL: cannot be opened; IN also undirected */
	struct prop *nodes, *edges;	/* NULL: none, or they cannot be opened */
	bool nodes_gone, edges_gone;	/* they cannot be opened */
	bool sound[SEGMENT_INDEX + 1];	/* looking: this kind has no bad page */
	bool undirected, multi, ordered;
	enum csr_values values;
	struct build *build;		/* NULL: looking only */
	uint64_t at;
	bool lost;			/* something was told */
	struct rescue_group group;
	bool typed;			/* edges are gone through: of this type */
	struct bytes type;
	char words[400];
	struct buf src, dst, low, high;
	struct prop_room room;
};

/* Is R the damage of a file, of which others may have more? */
static inline bool rescuing_damage(int r)
{
	return r == ERR_DAMAGED || r == ERR_NEWER || r == ERR_ABSENT;
}

int rescuing_stop(struct rescuing *g);
int rescuing_tell(struct rescuing *g, struct rescue_lost *l);
/* N of WHAT at NODE are lost: the thread's message says why. */
int rescuing_add(struct rescuing *g, enum rescue_what what, uint64_t node, uint64_t n);
void rescuing_pass(struct rescuing *g, uint64_t node);	/* has nothing that could be lost */
int rescuing_range(struct rescuing *g, enum rescue_what what, uint64_t first, uint64_t last,
		   uint64_t n, const char *words);
int rescuing_flush(struct rescuing *g);		/* what was added is told */
int rescuing_key(struct rescuing *g, uint64_t node, struct buf *room, struct text_key *out);

/* rescue_edges.c: those of all types, into the build. */
int rescuing_edges(struct rescuing *g);

#endif
