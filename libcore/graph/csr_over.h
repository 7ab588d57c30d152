/* graph/csr_over.h - lists of neighbours with changes laid over them
 *
 * The changes of one direction, in memory: for each list that has some, its targets
 * that came, went, or have another value.  A list is then what its segment says with
 * these merged in as it is read, block by block; one without changes is found to be so
 * by a bit of its node and is read as ever.
 *
 *	block	4096 nodes, 64 a word: the bits of those that have changes, and how many
 *		have them before the word; a directory says where a block is, or that
 *		there is none
 *	row	a changed list: its node and type, its length with the changes
 *	edge	a target of a row: it is there, once, or it is not, whatever the segment has
 *
 * Rows lie by type, then node; edges in the order of their rows, by target.
 */
#ifndef GRAPH_CSR_OVER_H
#define GRAPH_CSR_OVER_H

#include "graph/csr.h"

#define OVER_GONE (1ull << 63)		/* of over->to: the target is not there */
#define OVER_BLOCK 4096u

struct over_word {			/* side by side: one line of the cache is looked at */
	uint64_t bits;
	uint64_t rank;			/* nodes with changes before the word's */
};
struct over_block {
	struct over_word word[OVER_BLOCK / 64];
};

struct over_row {
	uint64_t node, first, end;	/* its edges */
	uint64_t n;			/* of the list, changes and all */
	int64_t more;			/* edges, of the type's rows before this one */
	uint32_t type;
};

struct csr_over {
	struct mem *mem;
	uint32_t type_n;
	uint64_t row_n, edge_n;
	struct over_row *row;
	uint64_t *type_row;		/* type_n + 1: where a type's rows begin */
	int64_t *type_more;		/* edges of a type, beyond the segment's */
	uint64_t *to;
	union csr_value *value;		/* NULL: there are none */
	uint64_t dir_n;
	uint32_t *dir;			/* of blocks, plus 1; 0: no changes there */
	struct over_block *block;
	uint64_t *node_row;		/* where rows of the Ith changed node are ... */
	uint64_t *by_node;		/* ... here, the numbers of rows; both NULL: the
					 * Ith node has row I and no other */
	int64_t more;			/* edges, beyond the segment's */
	int64_t more_up;		/* of them those whose target is not below their node */
};

/* One change, as it is given. */
struct over_change {
	uint64_t from, to;
	uint32_t type;
	bool there;
	union csr_value value;
};

/* What a graph is with its changes. */
struct over_plan {
	uint64_t node_n;		/* ids are below this */
	uint32_t type_n;
	enum csr_values values;
};

/* C's lists are from here on those with CHANGE, N of them, which are sorted by type,
 * from, to, no two of one edge.  Changes that change nothing are left out. */
int csr_extend(struct csr *c, const struct over_plan *p, const struct over_change *change,
	       uint64_t n);
/* Edges beyond the segment's whose target is not below their node (a negative number's
 * complement when there are less). */
uint64_t csr_edges_up(const struct csr *c);

/* --- for csr.c --- */

void over_free(struct csr_over *o);

/* How many bits are set: what the compiler would call a function for. */
static inline uint64_t over_count(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555u;
	x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return x * 0x0101010101010101u >> 56;
}

static inline bool over_has(const struct csr_over *o, uint64_t node, uint64_t *rank)
{
	uint32_t b = o->dir[node / OVER_BLOCK];
	const struct over_word *w = &o->block[b - 1].word[node % OVER_BLOCK / 64];
	uint64_t bit = 1ull << node % 64;

	if (!b || !(w->bits & bit))
		return false;
	*rank = w->rank + over_count(w->bits & (bit - 1));
	return true;
}

/* The row of a list that has changes, or NULL. */
const struct over_row *over_find(const struct csr_over *o, uint32_t type, uint64_t node);
/* The first of a type's rows of a node not below NODE. */
const struct over_row *over_from(const struct csr_over *o, uint32_t type, uint64_t node);
static inline const struct over_row *over_end(const struct csr_over *o, uint32_t type)
{
	return o->row + o->type_row[type + 1];
}

/* L, at its beginning, as a list of ROW. */
void over_begin(struct csr_list *l, const struct csr_over *o, const struct over_row *row);
int over_block(struct csr_list *l, const uint64_t **ids);
int over_block32(struct csr_list *l, unsigned most, const uint32_t **ids);
int over_block_values(struct csr_list *l);
int over_seek(struct csr_list *l, uint64_t id);

#endif
