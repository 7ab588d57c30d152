/* graph/radix.h - numbers in order, by digits, the least first
 *
 * Stable.  Digits in which all agree are skipped.  The sorted ones are in KEY or in
 * OTHER, as the result says; both have room for N.
 */
#ifndef GRAPH_RADIX_H
#define GRAPH_RADIX_H

#include <stdint.h>
#include <stddef.h>

struct radix_pair {			/* sorted by its key */
	uint64_t key, value;
};

/* Keys are below 2^BITS. */
uint32_t *radix_sort32(uint32_t *key, uint32_t *other, size_t n, unsigned bits);
uint64_t *radix_sort64(uint64_t *key, uint64_t *other, size_t n, unsigned bits);
struct radix_pair *radix_sort_pairs(struct radix_pair *key, struct radix_pair *other,
				    size_t n, unsigned bits);

#endif
