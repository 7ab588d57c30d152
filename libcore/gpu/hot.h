/* gpu/hot.h - which slots were asked for since the hand came by
 *
 * `gpucache.hot` is a bit a slot, mapped and written by everybody who finds a key
 * in the index: the only file of the cache that clients write.  What stands there
 * decides what is evicted first, never what is answered: garbage in it costs hits.
 * So it has no checks but of its length, and marking has no order to anything.
 */
#ifndef GPU_HOT_H
#define GPU_HOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/backend.h"

#define HOT_NAME "gpucache.hot"

struct hot {
	_Atomic uint64_t *word;
	uint64_t slot_n;
	void *map;
	size_t len;
	struct file *file;
};

/* The service, for an index of that generation: all bits clear.  Replaces what was
 * there; who has that mapped marks it in vain. */
int hot_create(struct hot **out, struct backend *b, uint64_t generation, uint32_t slot_n);

/* ERR_ABSENT, ERR_UNAVAILABLE when it is of another generation, ERR_DAMAGED,
 * ERR_DENIED to who may only read: then go without, NULL marks nothing. */
int hot_attach(struct hot **out, struct backend *b, uint64_t generation);
void hot_close(struct hot *h);		/* NULL is fine */

/* After a hit.  Most slots that are hit are marked already: one load. */
static inline void hot_mark(struct hot *h, uint32_t slot)
{
	uint64_t bit = UINT64_C(1) << slot % 64;

	if (!h || slot >= h->slot_n)
		return;
	if (!(atomic_load_explicit(&h->word[slot / 64], memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(&h->word[slot / 64], bit, memory_order_relaxed);
}

/* The service's hand: was it marked?  Not any more. */
static inline bool hot_take(struct hot *h, uint32_t slot)
{
	uint64_t bit = UINT64_C(1) << slot % 64;

	if (!h || slot >= h->slot_n)
		return false;
	if (!(atomic_load_explicit(&h->word[slot / 64], memory_order_relaxed) & bit))
		return false;
	atomic_fetch_and_explicit(&h->word[slot / 64], ~bit, memory_order_relaxed);
	return true;
}

#endif
