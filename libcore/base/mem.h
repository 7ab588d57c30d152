/* base/mem.h - memory as a budget that can run out
 *
 * Everything of a size that the input decides is drawn from a struct mem, whose
 * limit the user sets (memory_limit).  Over the limit an allocation fails with
 * ERR_MEMORY and a message that says the limit and what was asked: the caller
 * spills, streams, or passes it up.  Thread-safe.  A NULL mem is the heap
 * without a budget, for things of constant size.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct mem {
	size_t limit;			/* bytes; 0: none */
	_Atomic size_t used, peak;
	_Atomic uint64_t count;		/* allocations so far */
	uint64_t fail_at;		/* tests: the allocation that fails; 0: none */
};

void mem_init(struct mem *m, size_t limit);

/* NULL with ERR_MEMORY's message when it cannot be had.  Contents undefined,
 * but mem_zalloc's are zero.  Sizes may be 0. */
void *mem_alloc(struct mem *m, size_t size);
void *mem_zalloc(struct mem *m, size_t size);
void *mem_resize(struct mem *m, void *ptr, size_t size);	/* ptr may be NULL */
void mem_free(struct mem *m, void *ptr);			/* NULL is fine */

/* A hint, before the first byte is written: pages of 2 MiB where the system gives
 * them to who asks.  For what is read all over the place, or written in one go. */
void mem_large(void *ptr, size_t size);
/* mem_alloc and mem_zalloc with that hint. */
void *mem_alloc_large(struct mem *m, size_t size);
void *mem_zalloc_large(struct mem *m, size_t size);

/* On 4 KiB borders, for direct I/O; freed with mem_free_pages and its size. */
void *mem_pages(struct mem *m, size_t size);
void mem_free_pages(struct mem *m, void *ptr, size_t size);

/* How much more could be drawn now. */
size_t mem_left(const struct mem *m);

/* Half of what this process may use: the smaller of physical memory, RLIMIT_AS
 * and the memory cgroup's limit. */
size_t mem_default_limit(void);

#endif
