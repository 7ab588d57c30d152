/* store/filter.c */
#include "store/filter.h"

#include "base/endian.h"

/* Odd multipliers, on disk for ever. */
static const uint32_t salt[8] = {
	0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f,
	0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09,
};

uint64_t filter_blocks(uint64_t key_n, uint64_t most)
{
	uint64_t n = key_n / (FILTER_BLOCK * 8) * FILTER_BITS +
		     (key_n % (FILTER_BLOCK * 8) * FILTER_BITS) / (FILTER_BLOCK * 8) + 1;

	if (most > UINT32_MAX)
		most = UINT32_MAX;	/* what 32 bits of the hash can tell apart */
	if (n > most)
		n = most;
	return n ? n : 1;
}

static uint32_t bit(uint64_t hash, unsigned i)
{
	return (uint32_t)1 << ((uint32_t)hash * salt[i] >> 27);
}

void filter_add(uint8_t block[FILTER_BLOCK], uint64_t hash)
{
	uint32_t w[8];

	memcpy(w, block, sizeof w);
	for (unsigned i = 0; i < 8; i++)
		w[i] |= htole32(bit(hash, i));
	memcpy(block, w, sizeof w);
}

bool filter_test(const uint8_t block[FILTER_BLOCK], uint64_t hash)
{
	uint32_t missing = 0;

	for (unsigned i = 0; i < 8; i++) {
		le32 w;

		memcpy(&w, block + 4 * i, sizeof w);
		missing |= bit(hash, i) & ~le32_get(w);
	}
	return missing == 0;
}
