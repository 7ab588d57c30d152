/* graph/delta_inside.h - between reading the entries and laying them over the graph
 *
 *	delta_read.c	entries to nodes and edges; keys and types that are new get
 *			numbers as they are met
 *	delta.c		who is there; new numbers to ids; the lists
 */
#ifndef GRAPH_DELTA_INSIDE_H
#define GRAPH_DELTA_INSIDE_H

#include "graph/csr_over.h"
#include "graph/delta.h"
#include "graph/dict_more.h"

/* Names that the dictionary does not have, by a number each. */
struct delta_names {
	struct mem *mem;
	struct buf text;		/* one after another */
	struct buf at;			/* uint64_t: where each ends in text */
	uint64_t n;
	uint32_t *slot;			/* number + 1, by hash; a power of two of them */
	uint64_t slot_n;
};

#define DELTA_NEW (1ull << 62)		/* of an end or a type: a number of delta_names */

/* A state is where it lies among all of them, plus 1: le32, its length, then the entry's
 * value.  0: nothing is said. */

struct delta_node_change {
	uint64_t node, cut;		/* edges of versions before are gone */
	enum change_state state;
	uint64_t value;
};

struct delta_edge_change {
	uint64_t from, to, type;	/* ids, or with DELTA_NEW */
	uint64_t version;		/* 0: made by a cascade */
	uint64_t value;
	bool there, back;		/* back: given with the greater end first */
	enum csr_values kind;		/* of the weight; CSR_NO_VALUES: it has none */
	union csr_value weight;
};

/* What is kept of them: of each node that is there.  As in a segment. */
struct delta_node {
	uint64_t id, cut, value;
	uint32_t state;			/* enum change_state */
	uint32_t zero;
};

struct delta {
	struct mem *mem;
	struct delta_of of;
	struct delta_note note;
	struct segment *seg;		/* where what follows lies, or the first of it; or NULL */
	bool lent;			/* all of it does */
	struct bytes stored;		/* states there, ... */
	struct buf arena;		/* ... and behind them those in memory */
	struct delta_node *nodes;	/* by id */
	uint64_t nodes_n;
	uint64_t *gone_cut;		/* of the dictionary's nodes that went (dict_gone) */
	bool lost_cut;			/* there was one of a node that is in neither */
	/* while entries are read and laid over */
	uint64_t upto;			/* cuts up to here are done already */
	struct delta_names keys, types;
	struct delta_node_change *node;
	struct delta_edge_change *edge;
	uint64_t node_n, node_cap, edge_n, edge_cap;
	struct bytes *key, *type;	/* what the dictionary is extended by */
	uint64_t *gone;
	uint64_t key_n, gone_n;
	uint32_t type_n;
};

/* The bytes of a state. */
int delta_state_bytes(const struct delta *d, uint64_t value, struct bytes *out);

/* --- of delta.c, for delta_merge.c --- */

typedef int delta_each(struct delta *d, uint64_t from, uint32_t type, uint64_t to);
/* The graph's edges at a node, as its lists are now. */
int delta_each_at(struct delta *d, uint64_t node, delta_each *each);
int delta_is_left(struct delta *d, uint64_t from, uint32_t type, uint64_t to);
/* Nodes sorted, and what goes with them joins the edges that go. */
int delta_cascade(struct delta *d);
int delta_sort_edges(struct delta *d);
struct delta_edge_change *delta_find_edge(const struct delta *d, uint64_t from, uint64_t type,
					  uint64_t to);
/* M: of out and in, what was, which these come after; or NULL. */
int delta_extend_lists(struct delta *d, const struct over_map m[2]);
void delta_forget_entries(struct delta *d);

void delta_init(struct delta *d, const struct delta_of *of);
int delta_read(struct delta *d, struct iter *changes);
/* What a property `weight` is worth; CSR_NO_VALUES: it is no finite number. */
enum csr_values delta_number(const struct literal *l, union csr_value *out);
int delta_add_edge(struct delta *d, const struct delta_edge_change *e);
struct bytes delta_name(const struct delta_names *n, uint64_t i);
void delta_names_free(struct delta_names *n);

#endif
