/* store/cache.c */
#include "store/cache.h"

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#define BUCKETS 4096u		/* 32 MiB of 8 KiB blocks: one a bucket */

struct slot {
	struct slot *same;		/* bucket */
	struct slot *newer, *older;	/* queue */
	uint64_t run, off;
	size_t len;
	bool asked;			/* again, since the hand came by */
	uint8_t block[];
};

struct cache {
	struct mem *mem;
	struct cache_stat stat;
	struct slot *newest, *oldest, *hand;
	struct slot *bucket[BUCKETS];
};

int cache_open(struct cache **out, size_t most, struct mem *mem)
{
	struct cache *c = mem_zalloc(mem, sizeof *c);

	if (!c)
		return ERR_MEMORY;
	c->mem = mem;
	c->stat.most = most;
	c->stat.bytes = sizeof *c;
	*out = c;
	return 0;
}

static struct slot **bucket_of(struct cache *c, uint64_t run, uint64_t off)
{
	return &c->bucket[hash_u64(run ^ hash_u64(off)) % BUCKETS];
}

static void unqueue(struct cache *c, struct slot *s)
{
	if (c->hand == s)
		c->hand = s->newer;
	if (s->newer)
		s->newer->older = s->older;
	else
		c->newest = s->older;
	if (s->older)
		s->older->newer = s->newer;
	else
		c->oldest = s->newer;
}

static void drop(struct cache *c, struct slot *s)
{
	struct slot **at = bucket_of(c, s->run, s->off);

	while (*at != s)
		at = &(*at)->same;
	*at = s->same;
	unqueue(c, s);
	c->stat.bytes -= sizeof *s + s->len;
	mem_free(c->mem, s);
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	while (c->oldest)
		drop(c, c->oldest);
	mem_free(c->mem, c);
}

const uint8_t *cache_get(struct cache *c, uint64_t run, uint64_t off, size_t len)
{
	for (struct slot *s = *bucket_of(c, run, off); s; s = s->same)
		if (s->run == run && s->off == off && s->len == len) {
			s->asked = true;
			c->stat.hit_n++;
			return s->block;
		}
	c->stat.miss_n++;
	return NULL;
}

/* The hand goes from the oldest to the newest, then begins again. */
static void evict(struct cache *c)
{
	struct slot *s = c->hand ? c->hand : c->oldest;

	while (s->asked) {
		s->asked = false;
		s = s->newer ? s->newer : c->oldest;
	}
	c->hand = s;
	drop(c, s);
	c->stat.evict_n++;
}

uint8_t *cache_room(struct cache *c, uint64_t run, uint64_t off, size_t len)
{
	struct slot **at = bucket_of(c, run, off), *s;

	if (sizeof *c + sizeof *s + len > c->stat.most)
		return NULL;
	while (c->stat.bytes + sizeof *s + len > c->stat.most)
		evict(c);
	s = mem_alloc(c->mem, sizeof *s + len);
	if (!s) {
		err_clear();
		return NULL;
	}
	*s = (struct slot){ .same = *at, .older = c->newest, .run = run, .off = off,
			    .len = len };
	*at = s;
	if (c->newest)
		c->newest->newer = s;
	else
		c->oldest = s;
	c->newest = s;
	c->stat.bytes += sizeof *s + len;
	return s->block;
}

void cache_forget(struct cache *c, const uint8_t *block)
{
	drop(c, (struct slot *)(uintptr_t)(block - offsetof(struct slot, block)));
}

void cache_get_stat(const struct cache *c, struct cache_stat *out)
{
	*out = c->stat;
}
