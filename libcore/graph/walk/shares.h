/* graph/walk/shares.h - what the nodes of a list have, added up
 *
 * Shares are whole numbers, so that sums do not depend on the order they are made in.
 * They lie as they are, 8 bytes each, or, where a sum need not be known to its last
 * bits, as floats: half as many bytes, of which a cache holds twice as many.  A float
 * is a whole number of SHARES_UNIT, rounded down to 24 bits that count; of such numbers,
 * SHARES_MOST together at most, a double holds each sum to the last bit.
 *
 * Four sums at a time, by plain loads: where shares are not in the nearest cache, a
 * processor has a hundred loads on their way at once, and instructions that gather
 * several in one go have fewer.
 */
#ifndef GRAPH_WALK_SHARES_H
#define GRAPH_WALK_SHARES_H

#include <stdint.h>

#define SHARES_BITS 9u
#define SHARES_UNIT (1ull << SHARES_BITS)
#define SHARES_MOST (1ull << 62)

/* RANK, at most SHARES_MOST, over N edges, N > 0, rounded down.  Of whole numbers up to
 * 2^53 a double's quotient is not rounded up to a whole number. */
static inline float shares_float(uint64_t rank, uint32_t n)
{
	int64_t all = (int64_t)(rank >> SHARES_BITS), part = (int64_t)((double)all / n);
	unsigned wide;

	wide = 64 - (unsigned)__builtin_clzll((uint64_t)part | 1 << 23) - 24;
	return (float)(part >> wide << wide);
}

static inline uint64_t shares_of_float(float share)
{
	return (uint64_t)(int64_t)share << SHARES_BITS;
}

/* The sum of share[ids[i]], N of them, modulo 2^64. */
static inline uint64_t shares_sum(const uint64_t *share, const uint32_t *ids, uint64_t n)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, i;

	for (i = 0; i + 4 <= n; i += 4) {
		a += share[ids[i]];
		b += share[ids[i + 1]];
		c += share[ids[i + 2]];
		d += share[ids[i + 3]];
	}
	for (; i < n; i++)
		a += share[ids[i]];
	return a + b + c + d;
}

static inline uint64_t shares_sum_floats(const float *share, const uint32_t *ids,
					 uint64_t n)
{
	double a = 0, b = 0, c = 0, d = 0;
	uint64_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		a += (double)share[ids[i]];
		b += (double)share[ids[i + 1]];
		c += (double)share[ids[i + 2]];
		d += (double)share[ids[i + 3]];
		a += (double)share[ids[i + 4]];
		b += (double)share[ids[i + 5]];
		c += (double)share[ids[i + 6]];
		d += (double)share[ids[i + 7]];
	}
	for (; i < n; i++)
		a += (double)share[ids[i]];
	return (uint64_t)(int64_t)(a + b + c + d) << SHARES_BITS;
}

#endif
