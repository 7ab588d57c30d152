/* cmd/bench/kron.c */
#include "cmd/bench/kron.h"

/* Shares of A, A + B and A + B + C in 2^16. */
enum { SHARE_A = 37356, SHARE_AB = 49807, SHARE_ABC = 62259 };

/* A permutation of 64 bits. */
uint64_t kron_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t kron_state(uint64_t seed, uint64_t i)
{
	return kron_mix(seed) ^ i * 0xd1342543de82ef95u;
}

/* A permutation of 0 .. 2^bits - 1: each step can be undone. */
static uint64_t scramble(uint64_t x, unsigned bits, uint64_t key)
{
	uint64_t mask = ((uint64_t)1 << bits) - 1;
	unsigned half = bits > 1 ? bits / 2 : 1;

	for (uint64_t round = 0; round < 3; round++) {
		x = (x * (kron_mix(key + round) | 1)) & mask;
		x ^= x >> half;
		x = (x + kron_mix(key + 16 + round)) & mask;
	}
	return x;
}

/* A bit of both ends a level: which quarter of the matrix the edge falls into. */
void kron_edge(unsigned scale, uint64_t seed, uint64_t state, uint64_t *src, uint64_t *dst)
{
	uint64_t random = 0, u = 0, v = 0;

	for (unsigned level = 0; level < scale; level++) {
		uint64_t x;

		if (level % 4 == 0)
			random = kron_mix(state + level);
		x = random & 0xffff;
		random >>= 16;
		u = u << 1 | (x >= SHARE_AB);
		v = v << 1 | ((x >= SHARE_A && x < SHARE_AB) || x >= SHARE_ABC);
	}
	*src = scramble(u, scale, seed + 99);
	*dst = scramble(v, scale, seed + 99);
}
