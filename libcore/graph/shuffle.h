/* graph/shuffle.h - records into partitions by range of their row, in bounded memory
 *
 * A record is (row, to) and, if wanted, a value with its place in the input.  Any
 * number of threads add at once, each with a hand of its own.  Where partitions
 * begin is taken from a sample of the rows, so that they come out about equal;
 * all rows of a partition are below those of the next.  A record is kept as narrow
 * as the widest partition allows: 4 bytes for 2^12 rows of 2^20 targets.
 *
 * Records gather in blocks, a partition's own; when a hand's share of the budget
 * is full its blocks are written to a nameless file of the store's tmp/, by
 * partition, in one go.
 */
#ifndef GRAPH_SHUFFLE_H
#define GRAPH_SHUFFLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct backend;
struct mem;
struct shuffle;

struct shuffle_value {
	uint64_t bits;			/* as the owner means them */
	uint64_t at;			/* place in the input: orders equal edges */
};

/* Of a record that came without: before all that came with one. */
#define SHUFFLE_NO_VALUE ((struct shuffle_value){ 1, 0 })

struct shuffle_plan {
	struct backend *backend;
	struct mem *mem;
	size_t budget;			/* bytes of blocks, of all hands; SHUFFLE_BUDGET_LEAST
					 * a hand at least */
	unsigned hands;
	uint64_t first, last;		/* rows are from first to last */
	uint64_t to_n;			/* targets are below; not 0 */
	bool valued;
	unsigned part_most;
	const uint64_t *sample;		/* rows, in any order */
	size_t sample_n;
};

#define SHUFFLE_BUDGET_LEAST (64u << 10)
#define SHUFFLE_PARTS_MOST 1024u

int shuffle_open(struct shuffle **out, const struct shuffle_plan *p);
void shuffle_close(struct shuffle *s);		/* NULL is fine */

/* --- adding --- */

struct shuffle_head {			/* private */
	uint8_t *at, *end;		/* where the next record goes, where its block ends */
	uint64_t lo;			/* the partition's first row */
};

struct shuffle_hand {			/* private */
	const uint16_t *slot;		/* partition, by the row's high bits */
	uint64_t first;
	unsigned shift, to_bits;
	uint32_t stride, need;		/* a record's bytes, and what writing it may touch */
	bool wide;			/* row and to as two numbers */
	struct shuffle_head *head;
	struct shuffle *shuffle;
	unsigned who;
};

struct shuffle_hand *shuffle_hand(struct shuffle *s, unsigned who);
int shuffle_more(struct shuffle_hand *h, unsigned part);	/* private: a block with room */

static inline int shuffle_add(struct shuffle_hand *h, uint64_t row, uint64_t to,
			      const struct shuffle_value *v)
{
	unsigned part = h->slot[(row - h->first) >> h->shift];
	struct shuffle_head *d = &h->head[part];
	uint64_t key = (row - d->lo) << h->to_bits | to;
	int r;

	if ((size_t)(d->end - d->at) < h->need && (r = shuffle_more(h, part)) < 0)
		return r;
	if (h->wide) {
		memcpy(d->at, &row, 8);
		memcpy(d->at + 8, &to, 8);
	} else {
		memcpy(d->at, &key, 8);	/* the next record overwrites what is too much */
	}
	d->at += h->stride;
	__builtin_prefetch(d->at + 128, 1);	/* 512 places are written to in turn */
	if (v)
		memcpy(d->at - sizeof *v, v, sizeof *v);
	return 0;
}

/* No more will come. */
int shuffle_end(struct shuffle *s);
/* What is in memory goes to the file as well, and its memory back.  After end. */
int shuffle_rest(struct shuffle *s);

/* --- reading, after end, from several threads at once --- */

unsigned shuffle_part_n(const struct shuffle *s);
uint64_t shuffle_count(const struct shuffle *s, unsigned part);	/* of its records */
uint64_t shuffle_first(const struct shuffle *s, unsigned part);	/* its rows */
uint64_t shuffle_last(const struct shuffle *s, unsigned part);
unsigned shuffle_key_bits(const struct shuffle *s);	/* of a key; over 64: wide */
unsigned shuffle_to_bits(const struct shuffle *s);
uint64_t shuffle_spills(const struct shuffle *s);	/* times a hand was emptied */

struct shuffle_record {
	uint64_t row, to;
	struct shuffle_value value;	/* SHUFFLE_NO_VALUE where records have none */
};
/* EACH gets records of PART some at a time, in no order; not 0 ends it. */
typedef int shuffle_each(void *ctx, const struct shuffle_record *r, size_t n);
int shuffle_visit(const struct shuffle *s, unsigned part, shuffle_each *each, void *ctx);

/* All keys of PART, in no order: (row - shuffle_first) << to_bits | to; KEY has room
 * for shuffle_count.  Not when they are wide; load32 only up to 32 bits.  VALUE is
 * written where records have one. */
int shuffle_load32(const struct shuffle *s, unsigned part, uint32_t *key);
int shuffle_load64(const struct shuffle *s, unsigned part, uint64_t *key,
		   struct shuffle_value *value);

#endif
