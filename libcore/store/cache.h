/* store/cache.h - unpacked blocks, kept while there is room
 *
 * SIEVE (Zhang et al., NSDI 2024): a queue in order of arrival and a hand that
 * goes round it; a block that was asked for again is passed over once.  A scan
 * therefore pushes out only what nobody asked for twice.
 *
 * A block is named by its run's id and its offset: ids are random and never
 * reused, and a run never changes, so what is kept is never stale.
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct cache;
struct mem;

struct cache_stat {
	uint64_t hit_n, miss_n, evict_n;
	uint64_t bytes, most;		/* held now, and the bound */
};

/* MOST bytes of blocks and of what it takes to find them. */
int cache_open(struct cache **out, size_t most, struct mem *mem);
void cache_close(struct cache *c);		/* NULL is fine */

/* The LEN bytes of a block, or NULL; good until the next cache_room. */
const uint8_t *cache_get(struct cache *c, uint64_t run, uint64_t off, size_t len);

/* Memory for a block that was not there, for the caller to fill at once; NULL (and
 * no error) when it is larger than all or memory is short.  If it cannot be filled:
 * cache_forget. */
uint8_t *cache_room(struct cache *c, uint64_t run, uint64_t off, size_t len);
void cache_forget(struct cache *c, const uint8_t *block);

void cache_get_stat(const struct cache *c, struct cache_stat *out);

#endif
