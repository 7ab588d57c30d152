/* graph/distinct.c - open addressing, half full at most */
#include "graph/distinct.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define BITS_LEAST 12u

static int more(struct distinct *d, unsigned bits)
{
	uint64_t *before = d->slot, n = d->slot_n;
	uint64_t *slot = mem_zalloc(d->mem, sizeof *slot << bits);

	if (!slot)
		return ERR_MEMORY;
	d->slot = slot;
	d->slot_n = 1ull << bits;
	d->shift = 64 - bits;
	for (uint64_t k = 0; k < n; k++) {
		uint64_t i = distinct_place(d, before[k]);

		if (!before[k])
			continue;
		while (slot[i])
			i = (i + 1) & (d->slot_n - 1);
		slot[i] = before[k];
	}
	mem_free(d->mem, before);
	return 0;
}

int distinct_open(struct distinct *d, size_t budget, struct mem *mem,
		  int (*out)(void *ctx, uint64_t number), void *ctx)
{
	*d = (struct distinct){ .mem = mem, .budget = budget, .out = out, .ctx = ctx };
	return more(d, BITS_LEAST);
}

void distinct_release(struct distinct *d)
{
	mem_free(d->mem, d->slot);
	d->slot = NULL;
}

int distinct_flush(struct distinct *d)
{
	int r = d->zero ? d->out(d->ctx, 0) : 0;

	for (uint64_t i = 0; r == 0 && i < d->slot_n; i++)
		if (d->slot[i])
			r = d->out(d->ctx, d->slot[i]);
	memset(d->slot, 0, d->slot_n * sizeof *d->slot);
	d->n = 0;
	d->zero = false;
	return r;
}

int distinct_new(struct distinct *d, uint64_t number, uint64_t i)
{
	if (number == 0) {
		d->zero = true;
		return 0;
	}
	d->slot[i] = number;
	if (++d->n <= d->slot_n / 2)
		return 0;
	/* while it grows there are two, of which one has half of the places */
	if (3 * d->slot_n * sizeof *d->slot > d->budget)
		return distinct_flush(d);
	return more(d, 64 - d->shift + 1);
}
