/* graph/delta.h - what a graph's space says beyond its segments, laid over them
 *
 * The entries above the manifest row's `folded` are read once, when the graph is
 * opened, and become: keys and types behind those of the dictionary, lists with
 * changes (graph/csr_over.h), and the states of the nodes and edges that have entries.
 * After that the graph's dictionary and adjacency answer for both.
 *
 * How entries are read:
 *
 *	node there	it is there, with this state
 *	node gone	it is not, unless an edge says otherwise
 *	gone, cascade	the same, and its edges of earlier versions are gone; an edge
 *			of the same commit is not
 *	there, gone and a cut	the same, and its edges of versions before the cut are
 *			gone, too
 *	edge there	once, with this state, whatever the segments have; its ends are
 *			there, if by nothing else then by this edge, without a state
 *	edge gone	all of that source, type and target are
 *
 * Of an undirected edge given both ways round the newer one counts, of two of one
 * commit the one whose source is the lesser key.  Its numeric property `weight` is an
 * edge's value, 1 where it has none; once an edge has one, all edges of the graph have.
 * (Their states tell which of them had it said.)
 */
#ifndef GRAPH_DELTA_H
#define GRAPH_DELTA_H

#include "graph/change.h"
#include "graph/csr.h"
#include "graph/dict.h"
#include "graph/prop.h"

struct delta;
struct iter;
struct store;

struct delta_of {			/* the graph as its segments are */
	const char *name;
	struct dict *dict;
	struct csr *out, *in;		/* in: NULL of an undirected graph */
	struct store *store;		/* for values that lie in blobs */
	struct mem *mem;
	uint64_t folded;		/* edges gone by then are not in the segments */
};

struct delta_note {
	uint64_t entry_n;		/* changes pending */
	uint64_t bytes;			/* of memory they take */
	int64_t edge_more;		/* edges beyond the segments'; undirected ones once */
	bool edge_says;			/* an edge has more than a weight */
};

/* Takes all of CHANGES (store.h, snapshot_changes); OF's dictionary and adjacency are
 * extended.  *OUT is NULL when there is none.  ERR_DAMAGED, ERR_MEMORY. */
int delta_open(struct delta **out, const struct delta_of *of, struct iter *changes);
void delta_close(struct delta *d);		/* NULL is fine */
const struct delta_note *delta_note(const struct delta *d);

/* 1 and the state, good until ROOM is used again; 0: there is no change of it, the
 * segments say what it is.  What is gone is not asked for. */
int delta_node(struct delta *d, uint64_t id, struct prop_room *room, struct prop_state *out);
int delta_edge(struct delta *d, uint64_t from, uint32_t type, uint64_t to,
	       struct prop_room *room, struct prop_state *out);

/* The nodes that have a state here, by id: the Ith, below delta_node_n. */
uint64_t delta_node_n(const struct delta *d);
bool delta_has_node(const struct delta *d, uint64_t id);
uint64_t delta_node_at(const struct delta *d, uint64_t i);
/* Edges that are there by a change; graph/csr_over.h goes through them. */
uint64_t delta_edge_n(const struct delta *d);

#endif
