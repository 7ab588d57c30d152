/* graph/build_props.h - labels and properties on their way through a build
 *
 *	as they came:	an entry in the log of edges, which gets its ids like any other,
 *			and what was said, in the same order, in a spool
 *	feed:		(ids, what was said) into records, of nodes and of edges
 *	write:		records in the order of rows, made one, into segments
 *
 * An edge's entry carries BUILD_SAID with its type; a node's has the type BUILD_NODE,
 * and the node at both ends.
 */
#ifndef GRAPH_BUILD_PROPS_H
#define GRAPH_BUILD_PROPS_H

#include "graph/gather.h"
#include "graph/intake.h"
#include "graph/records.h"
#include "graph/state.h"
#include "graph/text/text.h"

struct build;
struct manifest_graph;

#define BUILD_SAID 0x80000000u
#define BUILD_NODE 0xffffffffu

struct build_props {
	struct spool *said;
	struct records *nodes, *edges;
	struct spool_reader reader;	/* of SAID, while the log is fed */
	struct buf buf;
	struct gather gather;
	bool weighed;			/* the edge that is gathered */
	struct state_room room;
};

void build_props_init(struct build *b);
void build_props_release(struct build *b);

static inline bool build_props_of(const struct text_edge *e)
{
	return e->prop_n || e->label_n;
}

/* With the lock held alone: what E says, as the AT-th record of the input.  Its entry
 * in the log is to follow. */
int build_props_say(struct build *b, const struct text_edge *e, uint64_t at);

/* Before that: edges without a value are told from the others. */
int build_props_mix(struct build *b);

/* The log is read again, in order, by one thread: E is an entry with its ids and its
 * type as it is in the log.  Those without BUILD_SAID need not be shown, but if equal
 * edges are kept or some have no value. */
int build_props_begin(struct build *b);
int build_props_feed(struct build *b, const struct intake_edge *e);

/* OUT is the adjacency along the edges, just written.  Adds segments to G. */
int build_props_write(struct build *b, const struct segment_ref *out,
		      struct manifest_graph *g);

#endif
