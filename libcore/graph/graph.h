/* graph/graph.h - one graph of a snapshot, open for questions
 *
 * Joins the dictionary and the adjacency of both directions that the manifest
 * names together.  Nodes and types are ids here; keys are for the surface.
 * Opening reads three superblocks; what is asked is read when it is asked.
 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "graph/build.h"
#include "graph/csr.h"
#include "graph/dict.h"
#include "graph/prop.h"

struct graph;
struct delta;
struct index;
struct snapshot;
struct store;

#define GRAPH_ALL_TYPES UINT32_MAX

/* G stays the caller's and must live as long.  ERR_DAMAGED also when the segments
 * do not belong together. */
int graph_open(struct graph **out, struct backend *b, const uint8_t store_id[16],
	       const struct manifest_graph *g, struct mem *mem);
/* The same of the graph G in V, with what was changed since its segments were built.  A
 * segment of changes that is found to be damaged now is not used: its entries are read.
 * ERR_MEMORY, with what to do, when that is too much. */
int graph_open_changed(struct graph **out, struct store *s, struct snapshot *v,
		       const struct manifest_graph *g);
void graph_close(struct graph *g);		/* NULL is fine */
/* Why the segment of its changes is not used, in words; NULL: it is, or there is none. */
const char *graph_unused(const struct graph *g);
/* What was changed; NULL: nothing. */
struct delta *graph_delta(struct graph *g);

/* As the manifest has it, but its counts with the changes. */
const struct manifest_graph *graph_entry(const struct graph *g);
bool graph_undirected(const struct graph *g);
struct dict *graph_dict(struct graph *g);
struct mem *graph_mem(const struct graph *g);
/* DIRECTION is CSR_OUT or CSR_IN; of an undirected graph both are the same. */
struct csr *graph_csr(struct graph *g, enum csr_direction direction);
/* Ids are below node_n.  Where nodes went there are less, graph_count, and the ids of
 * those that went have no edges. */
uint64_t graph_node_n(const struct graph *g);
uint64_t graph_count(const struct graph *g);
uint32_t graph_type_n(const struct graph *g);

/* How sweeps read the lists (graph/sweep.h): to be set before the first. */
enum graph_how {
	GRAPH_BY_SIZE,		/* ahead when they are too large for memory */
	GRAPH_MAPPED, GRAPH_AHEAD
};
struct graph_reading {
	enum graph_how how;
	unsigned depth;		/* reads in flight; 0: 64 */
	bool buffered;		/* not past the page cache */
	uint32_t unit;		/* bytes a read, whole pages; 0: 1 MiB */
	/* what came of it */
	uint64_t bytes;		/* read ahead */
	bool direct;
	char why[160];		/* the engine, in words */
};
struct graph_reading *graph_reading(struct graph *g);

/* Several types as a question names them: each id once, ascending. */
struct graph_types {
	const uint32_t *id;
	uint32_t n;
	bool all;		/* id and n are not used */
};
static inline uint32_t graph_types_n(const struct graph *g, const struct graph_types *t)
{
	return t->all ? graph_type_n(g) : t->n;
}
static inline uint32_t graph_types_at(const struct graph_types *t, uint32_t i)
{
	return t->all ? i : t->id[i];
}

struct graph_edge {			/* as a node sees it */
	uint64_t to;			/* the neighbour */
	uint32_t type;
	enum csr_direction way;
	union csr_value value;		/* graph_values says of what kind, or none */
};
enum csr_values graph_values(struct graph *g);

/* Every edge at NODE: EACH gets it with its direction (CSR_OUT, CSR_IN; with CSR_BOTH
 * first all out, then all in; an undirected graph knows CSR_OUT only).  What EACH
 * returns, if not 0, ends it and is returned. */
typedef int graph_each(void *ctx, const struct graph_edge *e);
int graph_neighbours(struct graph *g, uint64_t node, enum csr_direction way,
		     const struct graph_types *types, graph_each *each, void *ctx);
/* How many. */
int graph_degree(struct graph *g, uint64_t node, enum csr_direction way,
		 const struct graph_types *types, uint64_t *out);

/* --- properties --- */

/* NULL: no node (or edge) has any.  They are opened when they are first asked for, which
 * may not be by several threads at once. */
int graph_props(struct graph *g, enum prop_role role, struct prop **out);

/* The nodes by values of some properties; NULL: of none. */
int graph_index(struct graph *g, struct index **out);
/* The first of its segments of this kind, or NULL. */
const struct segment_ref *graph_segment(const struct graph *g, enum segment_kind kind);

/* Labels and properties of NODE; good until the room's next use. */
int graph_node_state(struct graph *g, uint64_t node, struct prop_room *room,
		     struct prop_state *out);
/* The same of the NTH (0, 1, ...) of the edges FROM, TYPE, TO: 1; 0: there is none.  Its
 * value is among them, under the name `weight`, if it was said. */
int graph_edge_state(struct graph *g, uint64_t from, uint32_t type, uint64_t to, uint64_t nth,
		     struct prop_room *room, struct prop_state *out);
/* 1 and that edge's number, its row in the properties; its value, if it has one. */
int graph_edge_number(struct graph *g, uint64_t from, uint32_t type, uint64_t to, uint64_t nth,
		      uint64_t *number, union csr_value *value);
/* The number of a type's first edge. */
int graph_type_first(struct graph *g, uint32_t type, uint64_t *number);
/* The state of the edge of this number, whose value is VALUE. */
int graph_edge_state_at(struct graph *g, uint64_t number, union csr_value value,
			struct prop_room *room, struct prop_state *out);

/* In a graph with values: how S, the state of an edge, says its weight.  One number is the
 * edge's value, which is shown in its place; anything else, a text or several values, is
 * shown in the place of the value; of an edge of which nothing is said the value is 1, and
 * is not shown. */
enum graph_weight { GRAPH_WEIGHT_UNSAID, GRAPH_WEIGHT_VALUE, GRAPH_WEIGHT_OTHER };
enum graph_weight graph_weight_of(const struct prop_state *s);
static inline bool graph_is_weight(const struct property *p)
{
	return bytes_equal(p->name, bytes_str("weight"));
}

#endif
