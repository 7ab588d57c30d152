/* graph/distinct.h - numbers of which most come again, each about once
 *
 * A table that grows up to a budget; what is in it already is dropped.  A full one
 * is emptied: its numbers go on, and may come again later.
 */
#ifndef GRAPH_DISTINCT_H
#define GRAPH_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mem;

struct distinct {
	struct mem *mem;
	size_t budget;
	int (*out)(void *ctx, uint64_t number);
	void *ctx;
	uint64_t *slot;			/* 0: free */
	uint64_t slot_n, n;
	unsigned shift;
	bool zero;			/* 0 is in it */
};

int distinct_open(struct distinct *d, size_t budget, struct mem *mem,
		  int (*out)(void *ctx, uint64_t number), void *ctx);
void distinct_release(struct distinct *d);

int distinct_new(struct distinct *d, uint64_t number, uint64_t i);	/* private */

static inline uint64_t distinct_place(const struct distinct *d, uint64_t number)
{
	return number * 0x9e3779b97f4a7c15ull >> d->shift;
}

static inline void distinct_ahead(const struct distinct *d, uint64_t number)
{
	__builtin_prefetch(&d->slot[distinct_place(d, number)]);
}

static inline int distinct_add(struct distinct *d, uint64_t number)
{
	uint64_t i = distinct_place(d, number);

	while (d->slot[i] != number) {
		if (d->slot[i] == 0)
			return distinct_new(d, number, i);
		i = (i + 1) & (d->slot_n - 1);
	}
	return number || d->zero ? 0 : distinct_new(d, 0, i);
}

/* All that are in it go on. */
int distinct_flush(struct distinct *d);

#endif
