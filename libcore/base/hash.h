/* base/hash.h - one 64-bit hash for keys, seeded
 *
 * For hash tables and filters, never for integrity (that is crc32c) and never
 * on disk without its seed.  The mixing is that of wyhash (Wang Yi, public
 * domain): 64x64->128 bit multiply, fold.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash64(uint64_t seed, const void *ptr, size_t len);

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* One integer: for dense tables of ids.  Twice, because neighbours differ in few
 * bits and one fold does not spread them. */
static inline uint64_t hash_u64(uint64_t x)
{
	x = hash_mix(x ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
	return hash_mix(x ^ 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u);
}

#endif
