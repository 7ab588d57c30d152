/* graph/walk/shares.h - what the nodes of a list have, added up
 *
 * Four sums at a time, by plain loads: where shares are not in the nearest cache, a
 * processor has a hundred loads on their way at once, and instructions that gather
 * several in one go have fewer.
 */
#ifndef GRAPH_WALK_SHARES_H
#define GRAPH_WALK_SHARES_H

#include <stdint.h>

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

#endif
