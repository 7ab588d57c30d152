/* store/filter.h - a split-block Bloom filter
 *
 * Of Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters"
 * (2007), in the form of eight words: a key is one 32-byte block (half a cache
 * line) and one bit in each of its eight le32 words.
 *
 *   block  = (hash >> 32) * block_n >> 32
 *   bit I  = (uint32)hash * salt[I] >> 27, in word I; salt: see filter.c
 *
 * At 10 bits a key about one absent key in a hundred passes.
 */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_BLOCK 32u
#define FILTER_BITS 10u		/* a key */

/* Blocks for KEY_N keys, at least 1, at most MOST (fewer bits a key then). */
uint64_t filter_blocks(uint64_t key_n, uint64_t most);

static inline uint64_t filter_place(uint64_t block_n, uint64_t hash)
{
	return (hash >> 32) * block_n >> 32;
}

void filter_add(uint8_t block[FILTER_BLOCK], uint64_t hash);
bool filter_test(const uint8_t block[FILTER_BLOCK], uint64_t hash);	/* false: never added */

#endif
