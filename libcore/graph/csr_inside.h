/* graph/csr_inside.h - what the readers of the three layouts share
 *
 * csr.c knows types, lists and values, csr_scan.c goes through the rows of a type; how a
 * row is found and its ids are decoded is each layout's: csr_raw.c, csr_packed.c,
 * csr_coo.c.
 */
#ifndef GRAPH_CSR_INSIDE_H
#define GRAPH_CSR_INSIDE_H

#include "base/bytes.h"
#include "graph/csr.h"
#include "graph/csr_disk.h"
#include "graph/csr_over.h"

struct csr_ops {
	/* Do the type's parts fit in their sections, all but what only reading shows? */
	bool (*fits)(const struct csr *c, const struct csr_type *t);
	/* 1 and the place of NODE's list, 0: it has none. */
	int (*find)(struct csr *c, const struct csr_type *t, uint64_t node,
		    struct csr_place *out);
	/* Fetches what find will look at; NULL: nothing is known so early. */
	void (*hint)(struct csr *c, const struct csr_type *t, uint64_t node);
	/* 1 and the next list that is not empty, 0 at the end.  s->t is known; s->begun
	 * is false the first time. */
	int (*next)(struct csr_scan *s, struct csr_place *out);
	/* The same and the list at its beginning; NULL: by next and begin. */
	int (*next_list)(struct csr_scan *s, struct csr_list *out);
	/* The node of the list that these would give, UINT64_MAX: of none; NULL as they. */
	int (*peek)(struct csr_scan *s, uint64_t *node);
	/* As csr_scan_words; NULL: none go that way. */
	int (*words)(struct csr_scan *s, uint32_t *out, size_t room, size_t *n);
	/* As csr_scan_firsts; NULL: none go that way. */
	int (*firsts)(struct csr_scan *s, bool both, struct csr_firsts *out);
	/* Before the first: to where s->first's row is, or some rows before it. */
	int (*start)(struct csr_scan *s);
	int (*before)(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *edges);
	/* As csr_lists_of, in bytes of the type's targets. */
	int (*lists)(struct csr *c, const struct csr_type *t, uint64_t first, uint64_t end,
		     uint64_t *lo, uint64_t *hi);
	/* A list at its place, whose general part is set, before its first block. */
	int (*begin)(struct csr_list *l, const struct csr_place *p);
	int (*block)(struct csr_list *l);	/* ids into l->ids, l->left and all */
	/* As csr_block32; NULL: the general one made narrow. */
	int (*block32)(struct csr_list *l, unsigned most, const uint32_t **ids);
	int (*seek)(struct csr_list *l, uint64_t id);	/* NULL: stays */
	/* All rules of the rows; LIST is called for each in order. */
	int (*check)(struct csr *c, const struct csr_type *t,
		     int (*list)(struct csr *c, const struct csr_type *t,
				 const struct csr_place *p));
};
extern const struct csr_ops csr_raw_ops, csr_packed_ops, csr_coo_ops;

struct csr {
	struct mem *mem;
	struct segment *seg;
	const struct csr_ops *ops;
	enum csr_direction direction;
	enum csr_layout layout;
	enum csr_values stored;		/* the kind of the segment's values */
	uint64_t node_n, edge_n, dict;	/* of the segment, as ... */
	uint32_t type_n;		/* ... this */
	struct csr_over *over;		/* NULL: it is read as it is, and these are the same */
	enum csr_values values;
	uint64_t id_n;
	uint32_t types;
	unsigned width;
	struct bytes directory, targets, rows, values_at;
};

/* The next block of the segment's list, whatever its changes. */
static inline int csr_stored_block(struct csr_list *l)
{
	return l->left ? l->csr->ops->block(l) : 0;
}
int csr_stored_block32(struct csr_list *l, unsigned most, const uint32_t **ids);
/* A value at its place in the segment, as the graph has them. */
union csr_value csr_stored_value(const struct csr_list *l, const uint8_t *at);

int csr_damaged(const struct csr *c, const void *at, const char *what);
/* The same of a place among the lists, held elsewhere or not. */
int csr_list_damaged(const struct csr *c, const struct csr_held *h, const void *at,
		     const char *what);

/* LEN bytes of lists, before they are looked at. */
static inline int csr_reach(const struct csr *c, const struct csr_held *h, const uint8_t *at,
			    size_t len)
{
	uintptr_t off;

	if (!h)
		return segment_check(c->seg, at, len);
	off = (uintptr_t)at - (uintptr_t)h->at;
	return off <= h->len && len <= h->len - off ? 0 :
		csr_list_damaged(c, h, at, "lists out of order from here on");
}

void csr_type_hold(const struct csr *c, struct csr_type *t, const struct csr_held *h);

/* A list whose general part is P's and T's, before its first block. */
static inline void csr_list_set(struct csr_list *l, struct csr *c, const struct csr_type *t,
				const struct csr_place *p)
{
	l->n = l->left = p->n;
	l->edge = p->edge;
	l->csr = c;
	l->held = t->held;
	l->at = p->at;
	l->chunk_left = p->chunk_left;
	l->has_first = false;
	l->given = l->taken = l->filled = 0;
	l->changed = false;
	l->type = t->id;
	l->values_at = t->values;
	l->values_base = t->values_base;
	l->values_width = t->values_width;
	l->values_scale = t->values_scale;
}

/* The same, so far that its ids can be read; changes aside. */
static inline int csr_list_at(struct csr *c, const struct csr_type *t,
			      const struct csr_place *p, struct csr_list *out)
{
	csr_list_set(out, c, t, p);
	return p->n && c->ops->begin ? c->ops->begin(out, p) : 0;
}

/* Of 64 nodes those whose lists have changes that are still to come. */
int csr_changed_of(const struct csr_scan *s, uint64_t word, uint64_t *bits);

static inline bool csr_skips(const struct csr_scan *s, uint64_t node)
{
	return s->skip && s->skip[node / 64] >> node % 64 & 1;
}

/* Has [from, end) room for N items of WIDTH bytes? */
static inline bool csr_holds(const uint8_t *from, const uint8_t *end, uint64_t n, unsigned width)
{
	return from <= end && n <= (uint64_t)(end - from) / width;
}

#endif
