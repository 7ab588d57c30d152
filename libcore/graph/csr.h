/* graph/csr.h - who is adjacent to whom, in one direction
 *
 * Written in one pass over edges sorted by (type, from, to), or over lists encoded
 * elsewhere, in bounded memory (but the longest list is held whole).  Read in
 * place, in the mapped file: pages are checked, bounds compared with the section,
 * and every id given is below node_n, so that a caller may index by it.  (That
 * the two directions agree is graph/check's to see.)
 * Bytes on disk: graph/csr_disk.h and strato-csr(5).
 */
#ifndef GRAPH_CSR_H
#define GRAPH_CSR_H

#include <stdbool.h>

#include "base/endian.h"
#include "graph/list.h"
#include "store/segment.h"

struct mem;

enum csr_direction {
	CSR_OUT = 1,		/* from source to target */
	CSR_IN = 2,		/* its transpose */
	CSR_BOTH = 3,		/* undirected: each edge at both of its ends */
};

enum csr_layout {
	CSR_RAW = 1,		/* ids and offsets as they are */
	CSR_PACKED = 2,		/* graph/list */
	CSR_COO = 3,		/* sorted pairs, one stream */
};
const char *csr_layout_name(enum csr_layout layout);	/* "csr-packed", ... */

/* What kind of values the edges carry. */
enum csr_values { CSR_NO_VALUES, CSR_INTEGERS, CSR_REALS };
union csr_value {
	int64_t i;
	double r;
};

/* --- writing --- */

struct csr_writer;

struct csr_plan {
	enum csr_direction direction;
	uint64_t node_n;
	uint32_t type_n;
	uint64_t dict;		/* id of the dictionary's segment */
	enum csr_layout layout;	/* 0: packed */
	enum csr_values values;
};

int csr_create(struct csr_writer **out, const struct csr_plan *p, struct backend *b,
	       const uint8_t store_id[16], struct mem *mem);
/* Ascending; equal edges are kept.  ERR_BUG out of order. */
int csr_add(struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to);
/* The same with its value, as the plan says: all edges or none. */
int csr_add_value(struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to,
		  union csr_value v);

struct csr_lists {		/* of consecutive nodes, as list_encode made them */
	uint32_t type;
	uint64_t node, n;	/* the first; how many */
	const uint64_t *degree;	/* of each; 0: no list and no bytes */
	const uint64_t *len;	/* bytes of each */
	const uint8_t *bytes;	/* all of them; LIST_SLACK more are readable */
	const union csr_value *values;	/* of all their ids, as the plan says */
};
/* Whatever the layout.  Nodes in ascending order, as with csr_add. */
int csr_put_lists(struct csr_writer *w, const struct csr_lists *l);

uint64_t csr_added(const struct csr_writer *w);
int csr_finish(struct csr_writer *w, struct segment_ref *ref);	/* ends w always */
void csr_abort(struct csr_writer *w);		/* NULL is fine */

/* --- reading --- */

struct csr;

/* A list being read, a block of ids at a time, whatever the layout: pages are
 * checked and ids compared with node_n as they come, so a supernode's list costs
 * what is read of it.  Valid while the csr is open; may be dropped at any time. */
#define CSR_BLOCK LIST_READ
#define CSR_GROUP 64u	/* rows a group of the packed layout */

struct csr_held;
/* A list that has changes (graph/csr_over.h): private, as the next. */
struct over_row {
	uint64_t node;
	uint64_t first, end;		/* its changes */
	int64_t more;			/* edges beyond the segment's */
};
struct csr_merge {
	struct over_row row;
	uint64_t base_n;		/* its length in the segment */
	uint64_t at;			/* the next change */
	uint64_t below;			/* ids of the segment that are passed over */
	uint64_t first;			/* change of the block given */
	uint32_t pos, got;		/* in the segment's block at hand */
	uint32_t plain_at;
	bool ended;			/* the segment's list */
	bool plain;			/* the block given is the segment's, from plain_at on */
	const uint64_t *in;
	const uint32_t *in32;
	uint16_t origin[CSR_BLOCK];	/* of the ids given: place in the block at hand, ... */
#define ORIGIN_CHANGE 0x8000u		/* ... or change, counted from `first` */
	union {
		uint64_t out[CSR_BLOCK];
		uint32_t out32[CSR_BLOCK];
	};
};

struct csr_list {
	uint64_t n;		/* neighbours in all */
	uint64_t edge;		/* place of the first of them among the type's edges */
	/* private */
	struct csr *csr;
	const struct csr_held *held;
	uint32_t type;
	uint64_t left;		/* not yet decoded */
	const uint8_t *at;	/* where the next block is */
	uint64_t chunk_left;	/* pairs before the next chunk of a coo */
	struct list_reader packed;
	const uint8_t *values_at;	/* of the type, see csr_type */
	uint64_t values_base;
	uint32_t values_width;
	double values_scale;
	uint64_t first;
	bool has_first;
	uint32_t given;		/* ids of the block before */
	uint32_t taken, filled;	/* by csr_next, ... */
	const uint64_t *block;	/* ... of these */
	bool changed;
	union {
		uint64_t ids[CSR_BLOCK];
		uint32_t ids32[CSR_BLOCK];
	};
	union csr_value values[CSR_BLOCK];
	struct csr_merge merge;
};

/* How many ids the next block has and where they are (until the next call on this
 * list); 0 at the end; ERR_DAMAGED. */
int csr_block(struct csr_list *l, const uint64_t **ids);

/* The same of a graph whose ids are all below 2^32 (csr_narrow, else ERR_BUG), at
 * most MOST ids, CSR_FEW or CSR_BLOCK: few where the reader may well stop early. */
#define CSR_FEW (LIST_BLOCK + 1)
int csr_block32(struct csr_list *l, unsigned most, const uint32_t **ids);

/* The list's first id, before anything of it was read, if it is known so early. */
static inline bool csr_first(const struct csr_list *l, uint64_t *id)
{
	*id = l->first;
	return l->has_first;
}

/* One by one: 1 and the next id, 0 at the end, ERR_DAMAGED.  Not to be mixed with
 * csr_block on one list. */
static inline int csr_next(struct csr_list *l, uint64_t *to)
{
	int n;

	if (l->taken == l->filled) {
		if ((n = csr_block(l, &l->block)) <= 0)
			return n;
		l->filled = (uint32_t)n;
		l->taken = 0;
	}
	*to = l->block[l->taken++];
	return 1;
}

/* The values of the ids that the last csr_block gave, in their order: as many.
 * ERR_BUG of a graph without values. */
int csr_block_values(struct csr_list *l, const union csr_value **v);
/* The same as they are stored, for kernels over many: integers of WIDTH bytes, little
 * endian, less BASE, reals of 4 or 8; at WIDTH 0 each is BASE (of a real the bits).
 * SCALE of reals, if it is not 0: they are such integers over it. */
struct csr_stored {
	const uint8_t *at;
	uint64_t base;
	uint32_t width;
	double scale;
};
int csr_block_stored(struct csr_list *l, struct csr_stored *v);
/* Of the whole list, CSR_BLOCK at most, before it is read; good until then. */
int csr_list_stored(struct csr_list *l, struct csr_stored *v);
/* The value of the list's edge I, of csr_list.n. */
int csr_value_at(struct csr_list *l, uint64_t i, union csr_value *v);
/* csr_next and the value. */
int csr_next_value(struct csr_list *l, uint64_t *to, union csr_value *v);

/* Forward, so that the ids before the next one given are all below ID; of a list
 * that was not read yet.  It may stop short of ID, by some 1000 ids at most. */
int csr_seek(struct csr_list *l, uint64_t id);

int csr_open(struct csr **out, struct backend *b, const struct segment_ref *ref,
	     const uint8_t store_id[16], struct mem *mem);
void csr_close(struct csr *c);			/* NULL is fine */

uint64_t csr_node_n(const struct csr *c);
bool csr_narrow(const struct csr *c);		/* node_n < 2^32 */
uint64_t csr_edge_n(const struct csr *c);
uint32_t csr_type_n(const struct csr *c);
enum csr_direction csr_direction(const struct csr *c);
enum csr_layout csr_layout(const struct csr *c);
enum csr_values csr_values(const struct csr *c);
uint64_t csr_dict(const struct csr *c);
struct segment *csr_segment(const struct csr *c);
/* Are its lists other than the segment's?  Then these are the segment's: edges, types
 * and a list. */
bool csr_changed(const struct csr *c);
uint64_t csr_stored_edges(const struct csr *c);
enum csr_values csr_stored_values(const struct csr *c);
uint32_t csr_stored_types(const struct csr *c);
int csr_stored_row(struct csr *c, uint32_t type, uint64_t node, struct csr_list *out);
/* Edges under one type. */
int csr_type_edges(struct csr *c, uint32_t type, uint64_t *out);

/* The list of NODE under TYPE, at its beginning; n is 0 when there is none.
 * ERR_DAMAGED. */
int csr_row(struct csr *c, uint32_t type, uint64_t node, struct csr_list *out);
/* Its length alone: the targets are not touched. */
int csr_degree(struct csr *c, uint32_t type, uint64_t node, uint64_t *out);

/* A type's place in the segment, found once for any number of rows. */
struct csr_type {		/* private */
	uint32_t id;
	bool sparse;
	uint64_t edge_n, row_n;
	const uint8_t *targets, *targets_end;
	const struct csr_held *held;	/* NULL: they are in the mapped file */
	const uint8_t *rows, *rows_end;	/* what form and layout put there */
	const uint8_t *values;
	uint64_t values_base;
	uint32_t values_width;
	double values_scale;		/* of decimals: 10, 100, ...; else 0 */
};

int csr_type_of(struct csr *c, uint32_t type, struct csr_type *t);
/* As csr_row and csr_degree. */
int csr_row_of(struct csr *c, const struct csr_type *t, uint64_t node, struct csr_list *out);
int csr_degree_of(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *out);
/* csr_row_of in three parts, for many nodes known ahead: the memory that each part
 * looks at is asked for by the one before, so that it is there when others were
 * dealt with meanwhile.  A place is the segment's, whatever changed the list. */
struct csr_place {
	uint64_t node, edge, n;
	const uint8_t *at, *end;
	uint64_t chunk_left;	/* coo */
};
void csr_row_hint(struct csr *c, const struct csr_type *t, uint64_t node);
int csr_row_find(struct csr *c, const struct csr_type *t, uint64_t node, struct csr_place *p);
int csr_row_open(struct csr *c, const struct csr_type *t, const struct csr_place *p,
		 struct csr_list *out);
/* The values of N edges of the type, from the FIRST on; ERR_BUG if csr_changed. */
int csr_stored_of(struct csr *c, const struct csr_type *t, uint64_t first, uint64_t n,
		  struct csr_stored *v);

/* The rows of one type that are not empty, in order. */
struct csr_group {		/* of a packed type, unfolded: private */
	uint64_t next, n;	/* the one after it; rows */
	uint64_t todo;		/* bits of its rows that are still to be given */
	uint64_t off, edge;	/* where its lists and their edges begin */
	uint64_t ends[CSR_GROUP], edges[CSR_GROUP], nodes[CSR_GROUP];
};

struct csr_walk {		/* over a coo's pairs: private */
	uint64_t place, from, to;	/* of the pair at hand; PLACE is edge_n at the end */
	const uint8_t *to_at, *at, *end;	/* its target; the pair after it; the chunk's end */
};

struct csr_scan {
	struct csr *csr;
	uint32_t type;
	uint64_t row, node;	/* node: of the list just given */
	/* private */
	bool begun;
	bool values;
	uint64_t first, end;
	const uint64_t *skip;
	const struct csr_held *held;
	struct over_row changed;	/* the next list that has changes; node: UINT64_MAX: none */
	uint64_t over, over_end, over_seen;	/* it and those to come; those before were looked at */
	uint64_t word, bits, rank, todo;	/* where each is a node's only one: of 64 nodes */
	struct csr_place behind;	/* the segment's next list, if it was looked for */
	bool has_behind, more_behind;
	struct csr_type t;
	union {
		struct csr_group group;
		struct csr_walk walk;
	};
};
void csr_scan_begin(struct csr_scan *s, struct csr *c, uint32_t type);
/* Only those of nodes from FIRST to before END; what lies outside is not looked at. */
void csr_scan_range(struct csr_scan *s, struct csr *c, uint32_t type, uint64_t first,
		    uint64_t end);
/* Pass over the nodes whose bit in SKIP, node_n bits, is set when they are come to:
 * groups of them cost a look at a word. */
static inline void csr_scan_skip(struct csr_scan *s, const uint64_t *skip)
{
	s->skip = skip;
}
/* The lists' values will be read, too: they are fetched as the lists are. */
static inline void csr_scan_values(struct csr_scan *s)
{
	s->values = true;
}
/* Lists from elsewhere than the mapped file: a copy of some of its bytes, checked by
 * whoever read them, with LIST_SLACK bytes more behind them that are readable.  What
 * lies outside of them is not looked at: ERR_DAMAGED.  Before the first list; H stays
 * as it is while the scan or a list of it is used.  Rows and values are in the mapped
 * file as ever. */
struct csr_held {
	const uint8_t *at;
	uint64_t len, off;	/* OFF: in the file */
};
static inline void csr_scan_hold(struct csr_scan *s, const struct csr_held *h)
{
	s->held = h;
}
int csr_scan_next(struct csr_scan *s, struct csr_list *out);	/* 1, 0, < 0 */
/* The lists that follow, whole, of a narrow graph: one after another its node, how many
 * ids, the ids, as *n words at OUT, which has ROOM words, the last LIST_BLOCK of them for
 * what is written beyond the end.  0: the next list, if there is one, is to be had by
 * csr_scan_next, as it does not fit, or was changed, or is of another layout. */
int csr_scan_words(struct csr_scan *s, uint32_t *out, size_t room, size_t *n);
/* The lists that follow of up to CSR_GROUP nodes from NODE on, a multiple of it: those
 * of the nodes whose bit is set in ROWS, how long they are and their first ids; if both
 * are wanted, their seconds as well: the first again where there is none, or where it is
 * far.  The graph is narrow.  1; 0 as with csr_scan_words, or if there is none.  Lists
 * that were changed are left to csr_scan_next, which may give them after later ones. */
struct csr_firsts {
	uint64_t node, rows;
	const uint64_t *edges;			/* before the end of each; see csr_firsts_n */
	uint32_t first[CSR_GROUP], second[CSR_GROUP];
};
int csr_scan_firsts(struct csr_scan *s, bool both, struct csr_firsts *out);
static inline uint64_t csr_firsts_n(const struct csr_firsts *f, unsigned i)
{
	return f->edges[i] - (i ? f->edges[i - 1] : 0);
}
/* Row I of those, at its beginning, before the scan's next call. */
int csr_scan_open(struct csr_scan *s, unsigned i, struct csr_list *out);
int csr_scan_degree(struct csr_scan *s, uint64_t *out);	/* the same, targets untouched */
/* The same: where the list's bytes are, as graph/list has them, and how many ids; they are
 * checked when they are read, with csr_segment.  Of a packed csr without changes: else
 * ERR_BUG. */
int csr_scan_bytes(struct csr_scan *s, struct bytes *out, uint64_t *n);

/* How many edges the type's rows have that lie before the first of NODE or a later
 * node: no targets are touched.  Exact where NODE is a multiple of CSR_GROUP and
 * the type dense; else some too few: those of a group or a chunk. */
int csr_edges_before(struct csr *c, uint32_t type, uint64_t node, uint64_t *out);

/* Where in the file the lists lie that a scan from FIRST, a multiple of CSR_GROUP, to
 * before END looks at: [*lo, *hi), no targets are touched.  Both never fall from one
 * range to the next. */
int csr_lists_of(struct csr *c, uint32_t type, uint64_t first, uint64_t end, uint64_t *lo,
		 uint64_t *hi);

/* Every rule of the format, each list read: 0 or the first fault. */
int csr_check(struct csr *c);

#endif
