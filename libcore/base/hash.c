/* base/hash.c - 16 bytes a step; the tail is read with overlap, never past the end */
#include "base/hash.h"

#include "base/endian.h"

#define K0 0xa0761d6478bd642fu
#define K1 0xe7037ed1a0b428dbu
#define K2 0x8ebc6af09c88c6e3u

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t x = 0;

	memcpy(&x, p, n);
	return le64toh(x);
}

uint64_t hash64(uint64_t seed, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;
	size_t left = len;
	uint64_t h = seed ^ hash_mix(seed ^ K0, K1);

	for (; left > 16; left -= 16, p += 16)
		h = hash_mix(load(p, 8) ^ K1, load(p + 8, 8) ^ h);
	if (left > 8)
		h = hash_mix(load(p, 8) ^ K2, load(p + left - 8, 8) ^ h);
	else if (left)
		h = hash_mix(load(p, left) ^ K2, h);
	return hash_mix(h ^ K1, (uint64_t)len ^ K0);
}
