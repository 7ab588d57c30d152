/* graph/bits.h - numbers of w bits one behind the other
 *
 * Number i of an array is its bits [i * w, i * w + w), counted from the lowest bit
 * of the first byte on; w is at most BITS_MOST.  A reader may touch seven bytes
 * behind the array's end.
 */
#ifndef GRAPH_BITS_H
#define GRAPH_BITS_H

#include "base/endian.h"

#define BITS_MOST 57u

static inline unsigned bits_width(uint64_t most)
{
	return most ? 64 - (unsigned)__builtin_clzll(most) : 0;
}

static inline uint64_t bits_bytes(uint64_t n, unsigned w)
{
	return n / 8 * w + (n % 8 * w + 7) / 8;
}

static inline uint64_t bits_get(const uint8_t *at, uint64_t i, unsigned w)
{
	le64 v;

	memcpy(&v, at + i / 8 * w + i % 8 * w / 8, sizeof v);
	return le64_get(v) >> (i % 8 * w % 8) & ((1ull << w) - 1);
}

/* A writer: numbers gather in ACC until they are bytes. */
struct bits {
	uint64_t acc;
	unsigned fill;
};

/* Puts V at OUT, which has room for eight bytes; how many of them are final. */
static inline unsigned bits_put(struct bits *b, uint8_t *out, uint64_t v, unsigned w)
{
	unsigned n;
	le64 x;

	b->acc |= v << b->fill;
	b->fill += w;
	x = le64_of(b->acc);
	memcpy(out, &x, sizeof x);
	n = b->fill / 8;
	b->acc = n < 8 ? b->acc >> (8 * n) : 0;
	b->fill %= 8;
	return n;
}

/* The bits that are no whole byte: 0 or 1 byte. */
static inline unsigned bits_end(struct bits *b, uint8_t *out)
{
	unsigned n = b->fill > 0;

	if (n)
		*out = (uint8_t)b->acc;
	*b = (struct bits){0};
	return n;
}

#endif
