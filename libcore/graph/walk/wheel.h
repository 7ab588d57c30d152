/* graph/walk/wheel.h - nodes in the order of a number that only grows
 *
 * A heap for a search that never puts anything before where it is: buckets by the
 * number itself as long as it differs from the present one in its lowest byte only,
 * else by the highest byte in which it differs.  When the search comes to one of
 * those its nodes go into buckets of lower bytes, by the numbers they have by then.
 * So a node moves at most WHEEL_LEVELS times, however far apart the numbers are.
 * (Radix heaps, Ahuja, Mehlhorn, Orlin and Tarjan 1990, with bytes for bits.)
 *
 * A node whose number fell is put again; who takes it sees by its number that the
 * other entry is out of date.  Each thread has a wheel of its own, all turned to the
 * same number.
 */
#ifndef GRAPH_WALK_WHEEL_H
#define GRAPH_WALK_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct mem;

#define WHEEL_LEVELS 8u
#define WHEEL_SLOTS 256u
#define WHEEL_CHUNK 125u

struct wheel_chunk {
	struct wheel_chunk *next;
	uint32_t n;
	uint32_t id[WHEEL_CHUNK];
};

/* Nodes in no order. */
struct wheel_bag {
	struct wheel_chunk *chunk;	/* the first may have room */
	uint64_t n;
};

struct wheel {
	struct mem *mem;
	uint64_t now;
	struct wheel_bag slot[WHEEL_LEVELS][WHEEL_SLOTS];
	uint64_t filled[WHEEL_LEVELS][WHEEL_SLOTS / 64];
	struct wheel_chunk *free;
	void *slab;			/* chunks were cut from; the one before is its first word */
};

void wheel_init(struct wheel *w, struct mem *mem);
void wheel_release(struct wheel *w);

/* ERR_MEMORY. */
int wheel_bag_add(struct wheel *w, struct wheel_bag *b, uint32_t id);
/* A chunk that was read through goes back: to any wheel of the same search. */
static inline void wheel_give(struct wheel *w, struct wheel_chunk *c)
{
	c->next = w->free;
	w->free = c;
}

/* AT >= w->now. */
int wheel_put(struct wheel *w, uint64_t at, uint32_t id);
/* The least number that a node may have been put at; false: it is empty. */
bool wheel_least(const struct wheel *w, uint64_t *at);
/* To the least of all wheels; NUMBER says where a node is to be now: before AT, it is
 * left out. */
int wheel_turn(struct wheel *w, uint64_t at, uint64_t (*number)(const void *ctx, uint32_t id),
	       const void *ctx);
/* Out with the nodes put exactly at w->now. */
struct wheel_bag wheel_take(struct wheel *w);

#endif
