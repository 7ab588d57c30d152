/* graph/csr_over.h - lists of neighbours with changes laid over them
 *
 * The changes of one direction: for each list that has some, its targets that came, went,
 * or have another value.  A list is then what its segment says with these merged in as it
 * is read, block by block; one without changes is found to be so by a bit of its node and
 * is read as ever.
 *
 *	block	4096 nodes, 64 a word: the bits of those that have changes, and how many
 *		have them before the word; a directory says where a block is, or that
 *		there is none
 *	row	a changed list: its node, where its edges begin; they end where the next
 *		row's do, so there is one row more than lists
 *	edge	a target of a row: it is there, once, or it is not, whatever the segment has;
 *		by how much that is less than one edge more each is the row's slack
 *
 * Rows lie by type, then node; edges in the order of their rows, by target.  The arrays
 * are in memory, or where they lie in a segment (graph/delta_disk.h draws them), in as few
 * bytes as their numbers take: then what is looked at is checked first, and ERR_DAMAGED
 * when it does not fit.
 */
#ifndef GRAPH_CSR_OVER_H
#define GRAPH_CSR_OVER_H

#include "base/err.h"
#include "graph/csr.h"
#include "graph/narrow.h"

#define OVER_BLOCK 4096u
#define OVER_WORDS (OVER_BLOCK / 64)

struct over_word {			/* side by side: one line of the cache is looked at */
	uint64_t bits;
	uint64_t rank;			/* nodes with changes before the word's */
};
struct over_block {
	struct over_word word[OVER_WORDS];
};

/* Rows, each three numbers of these widths: its node, where its edges begin, and the slack
 * of all rows before.  Put in their order; NARROW_SLACK bytes behind the last. */
struct over_rows {
	uint8_t *at;
	uint32_t stride, first_at, slack_at;
	uint64_t node_mask, first_mask, slack_mask;
};

struct csr_over {
	struct mem *mem;
	struct segment *seg;		/* where the arrays lie; NULL: in memory */
	uint32_t type_n;
	uint64_t id_n;			/* nodes are below this */
	uint64_t row_n, edge_n;
	uint64_t node_n;		/* that have changes */
	struct over_rows row;		/* row_n + 1 */
	uint64_t *type_row;		/* type_n + 1: where a type's rows begin */
	struct narrow to;		/* the highest bit: the target is not there */
	struct narrow value;		/* less value_base; none: edges have none */
	uint64_t value_base;
	struct narrow state;		/* of the way out: graph/delta.h's; none: all empty */
	uint64_t dir_n, block_n;
	uint32_t *dir;			/* of blocks, plus 1; 0: no changes there */
	struct over_block *block;
	struct narrow node_row;		/* node_n + 1: where rows of the Ith changed node are ... */
	struct narrow by_node;		/* ... here, the numbers of rows; no such: the Ith node
					 * has row I and no other */
	int64_t more;			/* edges, beyond the segment's */
	int64_t more_up;		/* of them those whose target is not below their node */
	uint64_t there_n;		/* edges that are there by a change */
};

/* One change, as it is given. */
struct over_change {
	uint64_t from, to;
	uint32_t type;
	bool there;
	union csr_value value;
	uint64_t state;
};

/* What a graph is with its changes. */
struct over_plan {
	uint64_t node_n;		/* ids are below this */
	uint32_t type_n;
	enum csr_values values;
	bool states;			/* keep what over_change says of them */
};

/* C's lists are from here on those with CHANGE, N of them, which are sorted by type,
 * from, to, no two of one edge.  Edges that go and were not there are left out. */
int csr_extend(struct csr *c, const struct over_plan *p, const struct over_change *change,
	       uint64_t n);
/* The same with O, which is whole: it becomes C's. */
void csr_lay_over(struct csr *c, struct csr_over *o, enum csr_values values);
/* The same with WAS, whose changes CHANGE, N of them, come after.  C has none at the
 * moment; WAS's ids from C's on are mapped by ID, its types by TYPE, both ascending but
 * for those that are gone, OVER_NOBODY; its states count on as they are. */
#define OVER_NOBODY UINT64_MAX
struct over_map {
	const struct csr_over *was;
	enum csr_values values;		/* of WAS */
	const uint64_t *id, *type;
};
int csr_extend_again(struct csr *c, const struct over_plan *p, const struct over_map *m,
		     const struct over_change *change, uint64_t n);
/* C without its changes, which are handed back. */
struct csr_over *csr_lay_bare(struct csr *c);
/* Edges beyond the segment's whose target is not below their node (a negative number's
 * complement when there are less). */
uint64_t csr_edges_up(const struct csr *c);

/* All changed edges, by type, from, to. */
struct over_edge {
	uint64_t from, to;
	uint32_t type;
	bool there;
};
struct over_walk {
	const struct csr_over *o;	/* NULL: there are none */
	uint64_t row, at;
	uint32_t type;
};
int over_next(struct over_walk *w, struct over_edge *out);	/* 1, 0, < 0 */

/* The change of an edge: 1 and its place in O->to, 0: there is none. */
int over_find_edge(const struct csr_over *o, uint32_t type, uint64_t from, uint64_t to,
		   uint64_t *at);

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

/* Before [ptr, ptr + len) of O's arrays is looked at. */
static inline int over_reach(const struct csr_over *o, const void *ptr, size_t len)
{
	return o->seg ? segment_check(o->seg, ptr, len) : 0;
}
int over_damaged(const struct csr_over *o, const void *at, const char *what);

static inline int over_has(const struct csr_over *o, uint64_t node, uint64_t *rank)
{
	uint32_t b = o->dir[node / OVER_BLOCK];
	const struct over_word *w;
	uint64_t bit = 1ull << node % 64;

	if (!b)
		return 0;
	w = &o->block[b - 1].word[node % OVER_BLOCK / 64];
	if (over_reach(o, w, sizeof *w) < 0)
		return ERR_DAMAGED;
	if (!(w->bits & bit))
		return 0;
	*rank = w->rank + over_count(w->bits & (bit - 1));
	return 1;
}

/* --- rows --- */

static inline struct over_rows over_rows_of(uint8_t *at, uint32_t node, uint32_t first,
					    uint32_t slack)
{
	return (struct over_rows){ at, node + first + slack, node, node + first,
		narrow_mask(node), narrow_mask(first), narrow_mask(slack) };
}

static inline void over_put_row(const struct over_rows *r, uint64_t i, uint64_t node,
				uint64_t first, uint64_t slack)
{
	uint8_t *at = r->at + i * r->stride;

	narrow_store(at, node);
	narrow_store(at + r->first_at, first);
	narrow_store(at + r->slack_at, slack);
}

static inline uint64_t over_row_node(const struct csr_over *o, uint64_t i)
{
	return narrow_load(o->row.at + i * o->row.stride, o->row.node_mask);
}

static inline uint64_t over_row_first(const struct csr_over *o, uint64_t i)
{
	return narrow_load(o->row.at + i * o->row.stride + o->row.first_at, o->row.first_mask);
}

static inline uint64_t over_row_slack(const struct csr_over *o, uint64_t i)
{
	return narrow_load(o->row.at + i * o->row.stride + o->row.slack_at, o->row.slack_mask);
}

/* Edges beyond the segment's of all rows before the Ith. */
static inline int64_t over_before(const struct csr_over *o, uint64_t i)
{
	return (int64_t)(over_row_first(o, i) - over_row_slack(o, i));
}

static inline struct over_row over_row_at(const struct csr_over *o, uint64_t i)
{
	uint64_t first = over_row_first(o, i), end = over_row_first(o, i + 1);
	uint64_t slack = over_row_slack(o, i + 1) - over_row_slack(o, i);

	return (struct over_row){ over_row_node(o, i), first, end,
				  (int64_t)(end - first - slack) };
}

/* Before rows FIRST to END, and where the last one's edges end, are looked at. */
static inline int over_reach_rows(const struct csr_over *o, uint64_t first, uint64_t end)
{
	return over_reach(o, o->row.at + first * o->row.stride,
			  (end - first + 1) * o->row.stride);
}

/* The Ith, within reach, and its rules but that of its order. */
static inline int over_take_row(const struct csr_over *o, uint64_t i, struct over_row *row)
{
	*row = over_row_at(o, i);
	return !o->seg || (row->node < o->id_n && row->first < row->end && row->end <= o->edge_n &&
			   over_row_slack(o, i) <= over_row_slack(o, i + 1)) ? 0 :
		over_damaged(o, o->row.at + i * o->row.stride, "a changed list is out of order");
}

/* --- edges --- */

static inline bool over_is_gone(const struct csr_over *o, uint64_t to)
{
	return to > o->to.mask >> 1;
}

static inline uint64_t over_target(const struct csr_over *o, uint64_t i)
{
	return narrow_get(&o->to, i) & o->to.mask >> 1;
}

static inline bool over_gone(const struct csr_over *o, uint64_t i)
{
	return over_is_gone(o, narrow_get(&o->to, i));
}

/* How wide these are of a graph of N nodes. */
static inline uint32_t over_to_width(uint64_t n)
{
	return narrow_width(n ? 2 * n - 1 : 1);
}

static inline int over_reach_to(const struct csr_over *o, uint64_t first, uint64_t end)
{
	return over_reach(o, narrow_at(&o->to, first), (end - first) * o->to.width);
}

/* Within reach. */
static inline union csr_value over_value(const struct csr_over *o, uint64_t i)
{
	return (union csr_value){ .i = (int64_t)(narrow_get(&o->value, i) + o->value_base) };
}

/* --- --- */

/* 1 and the row of a list that has changes, or 0. */
int over_find(const struct csr_over *o, uint32_t type, uint64_t node, struct over_row *row);
/* The numbers of a type's rows. */
int over_rows(const struct csr_over *o, uint32_t type, uint64_t *first, uint64_t *end);
/* The same where each node with changes has one row: all are of one type. */
static inline int over_rows_of_all(const struct csr_over *o, uint32_t type, uint64_t *first,
				   uint64_t *end)
{
	int r = over_rows(o, type, first, end);

	return r < 0 || *first == *end || *end - *first == o->row_n ? r :
		over_damaged(o, &o->type_row[type], "rows of other types");
}
/* The same from the first of a node not below NODE on. */
int over_from(const struct csr_over *o, uint32_t type, uint64_t node, uint64_t *first,
	      uint64_t *end);

/* *N, of the segment's list, becomes that of ROW's. */
static inline int over_length(const struct csr_over *o, const struct over_row *row, uint64_t *n)
{
	if (row->more < 0 && *n < (uint64_t)-row->more)
		return over_damaged(o, narrow_at(&o->to, row->first),
				    "more edges went than there were");
	*n += (uint64_t)row->more;
	return 0;
}

/* L, at its beginning, as a list of ROW, which is copied. */
int over_begin(struct csr_list *l, const struct csr_over *o, const struct over_row *row);
int over_block(struct csr_list *l, const uint64_t **ids);
int over_block32(struct csr_list *l, unsigned most, const uint32_t **ids);
int over_block_values(struct csr_list *l);
int over_seek(struct csr_list *l, uint64_t id);

#endif
