/* graph/update_inside.h - operations as they wait, for update.c and update_resolve.c */
#ifndef GRAPH_UPDATE_INSIDE_H
#define GRAPH_UPDATE_INSIDE_H

#include "graph/change.h"
#include "graph/gather.h"
#include "graph/graph.h"
#include "graph/state.h"
#include "graph/update.h"

struct txn;

/* One node or edge that operations speak of. */
struct update_slot {
	uint64_t text;			/* in the arena: node, type, to, one behind the other */
	uint32_t node_len, type_len, to_len;
	uint32_t hash;
	uint64_t seq;			/* of the last operation on it */
	uint64_t cascade;		/* of a node: of the last that took its edges; 0: none */
	uint64_t first, last;		/* steps, in the arena, + 1; 0: none */
	bool edge;
	bool pair;			/* all edges between two nodes went, at SEQ */
	bool there;			/* after all of them */
	bool fresh;			/* what was before them does not count */
};

/* In the arena, unaligned: then a state (graph/state.h) and the names and labels that are
 * unset, each behind a varint: twice its length, and 1 for a label. */
struct update_step {
	uint64_t next;			/* + 1; 0: none */
	uint32_t state_len, unset_len;
};

struct update {
	struct store *store;
	struct mem *mem;
	char *name;
	struct buf arena;
	struct update_slot *slot;
	uint64_t slot_n, slot_cap;
	uint32_t *table;		/* of slots, + 1; a power of two of them */
	uint64_t table_n;
	uint64_t op_n, seq, cascade_n;
	uint64_t expected;		/* update_expect */
	bool undirected;
	bool refused;			/* somebody changed what update_expect wants unchanged */
	/* What is read, and up to which version that and our own entries since are all
	 * there is: a snapshot serves many commits, while nobody else commits. */
	struct snapshot *snap;
	uint64_t held;
	struct buf fresh;		/* hashes of the keys of this commit's entries, ... */
	uint64_t *own;			/* ... and of all since the snapshot: a table; 0: free */
	uint64_t own_n;
	uint64_t commit_n;		/* of those that nobody's came before */
	bool stale;			/* one of those was asked for: it needs another snapshot */
	/* while entries are made */
	struct txn *txn;
	struct manifest_graph row;
	struct manifest_graph base_row;	/* BASE has it */
	struct graph *base;		/* the segments alone; NULL: not open */
	bool bare;			/* no edge of BASE has more than its ends and type */
	bool still;			/* nothing may be committed in between */
	struct buf key, value, room, scratch, types;
	struct change_room change;
	struct prop_room props;
	struct state_room states;
	struct gather gather[2];
	struct update_done done;
	/* folding (graph/delta_fold.h): of changes since the last time, or since another did */
	uint64_t fold_least;		/* 0: as delta_fold says */
	uint64_t unfolded, fold_seen;	/* our entries; up to which version it was done */
};

static inline struct bytes update_node(const struct update *u, const struct update_slot *s)
{
	return bytes_of(u->arena.ptr + s->text, s->node_len);
}

static inline struct bytes update_type(const struct update *u, const struct update_slot *s)
{
	return bytes_of(u->arena.ptr + s->text + s->node_len, s->type_len);
}

static inline struct bytes update_to(const struct update *u, const struct update_slot *s)
{
	return bytes_of(u->arena.ptr + s->text + s->node_len + s->type_len, s->to_len);
}

#define UPDATE_OWN (1u << 17)		/* places of the table, half of them used */

/* The node of this key among the slots; NULL: none. */
struct update_slot *update_find_node(const struct update *u, struct bytes key);
/* The same of an edge; with ANY_TYPE of what took all between two nodes. */
struct update_slot *update_find_edge(const struct update *u, const struct update_op *op);

/* When operations that wait took all edges at one of its ends, or between them; 0: none
 * did. */
uint64_t update_cascade(const struct update *u, const struct update_slot *s);

/* All slots to entries of u->txn, as of u->snap. */
int update_resolve(struct update *u);
void update_close_base(struct update *u);

#endif
