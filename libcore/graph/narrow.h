/* graph/narrow.h - numbers in as few bytes as the greatest of them needs
 *
 * WIDTH bytes each, 0 to 8, little-endian, one after another, and NARROW_SLACK bytes
 * behind the last: each is read, and put, by one word of eight bytes of which the lowest
 * count.  So they are put in the order of their places.
 */
#ifndef GRAPH_NARROW_H
#define GRAPH_NARROW_H

#include "base/endian.h"

#define NARROW_SLACK 8u

struct narrow {
	uint8_t *at;		/* NULL: there are none */
	uint64_t mask;		/* of width */
	uint32_t width;
};

static inline uint32_t narrow_width(uint64_t most)
{
	return most ? (uint32_t)(71 - __builtin_clzll(most)) / 8 : 0;
}

static inline uint64_t narrow_mask(uint32_t width)
{
	return width ? UINT64_MAX >> (64 - 8 * width) : 0;
}

static inline uint64_t narrow_load(const uint8_t *at, uint64_t mask)
{
	return le64_get(*(const le64 *)at) & mask;
}

static inline void narrow_store(uint8_t *at, uint64_t v)
{
	*(le64 *)at = le64_of(v);
}

static inline struct narrow narrow_of(uint8_t *at, uint32_t width)
{
	return (struct narrow){ at, narrow_mask(width), width };
}

static inline const uint8_t *narrow_at(const struct narrow *a, uint64_t i)
{
	return a->at + i * a->width;
}

static inline uint64_t narrow_get(const struct narrow *a, uint64_t i)
{
	return narrow_load(narrow_at(a, i), a->mask);
}

static inline void narrow_put(const struct narrow *a, uint64_t i, uint64_t v)
{
	narrow_store(a->at + i * a->width, v);
}

#endif
