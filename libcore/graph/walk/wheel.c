/* graph/walk/wheel.c - bytes of a number as levels of buckets */
#include "graph/walk/wheel.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define SLAB_CHUNKS 127u	/* with its head 64 KiB */

struct slab {
	void *before;
	struct wheel_chunk chunk[SLAB_CHUNKS];
};

void wheel_init(struct wheel *w, struct mem *mem)
{
	memset(w, 0, sizeof *w);
	w->mem = mem;
}

void wheel_release(struct wheel *w)
{
	while (w->slab) {
		struct slab *s = w->slab;

		w->slab = s->before;
		mem_free(w->mem, s);
	}
	w->free = NULL;
}

static int more_chunks(struct wheel *w)
{
	struct slab *s = mem_alloc(w->mem, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	s->before = w->slab;
	w->slab = s;
	for (unsigned i = 0; i < SLAB_CHUNKS; i++)
		wheel_give(w, &s->chunk[i]);
	return 0;
}

int wheel_bag_add(struct wheel *w, struct wheel_bag *b, uint32_t id)
{
	struct wheel_chunk *c = b->chunk;

	if (!c || c->n == WHEEL_CHUNK) {
		if (!w->free && more_chunks(w) < 0)
			return ERR_MEMORY;
		c = w->free;
		w->free = c->next;
		c->next = b->chunk;
		c->n = 0;
		b->chunk = c;
	}
	c->id[c->n++] = id;
	b->n++;
	return 0;
}

int wheel_put(struct wheel *w, uint64_t at, uint32_t id)
{
	uint64_t differs = at ^ w->now;
	unsigned level = differs ? (63 - (unsigned)__builtin_clzll(differs)) / 8 : 0;
	unsigned slot = at >> 8 * level & (WHEEL_SLOTS - 1);

	w->filled[level][slot / 64] |= 1ull << slot % 64;
	return wheel_bag_add(w, &w->slot[level][slot], id);
}

bool wheel_least(const struct wheel *w, uint64_t *at)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned i = 0; i < WHEEL_SLOTS / 64; i++) {
			uint64_t word = w->filled[level][i], slot;

			if (!word)
				continue;
			slot = 64 * i + (unsigned)__builtin_ctzll(word);
			*at = level < 7 ? w->now >> 8 * (level + 1) << 8 * (level + 1) : 0;
			*at |= slot << 8 * level;
			return true;
		}
	return false;
}

static struct wheel_bag take(struct wheel *w, unsigned level, unsigned slot)
{
	struct wheel_bag b = w->slot[level][slot];

	w->slot[level][slot] = (struct wheel_bag){0};
	w->filled[level][slot / 64] &= ~(1ull << slot % 64);
	return b;
}

struct wheel_bag wheel_take(struct wheel *w)
{
	return take(w, 0, w->now & (WHEEL_SLOTS - 1));
}

int wheel_turn(struct wheel *w, uint64_t at, uint64_t (*number)(const void *ctx, uint32_t id),
	       const void *ctx)
{
	uint64_t differs = at ^ w->now;
	unsigned level = differs ? (63 - (unsigned)__builtin_clzll(differs)) / 8 : 0;
	struct wheel_bag b;
	int r = 0;

	w->now = at;
	if (level == 0)
		return 0;
	b = take(w, level, at >> 8 * level & (WHEEL_SLOTS - 1));
	for (struct wheel_chunk *c = b.chunk, *next; c; c = next) {
		next = c->next;
		for (uint32_t i = 0; r == 0 && i < c->n; i++) {
			uint64_t to = number(ctx, c->id[i]);

			if (to >= at)
				r = wheel_put(w, to, c->id[i]);
		}
		wheel_give(w, c);
	}
	return r;
}
