/* base/siphash.c - words of eight bytes, two rounds each, four at the end */
#include "base/siphash.h"

#include "base/endian.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = turn(s->v1, 13) ^ s->v0;
	s->v0 = turn(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = turn(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = turn(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = turn(s->v1, 17) ^ s->v2;
	s->v2 = turn(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static uint64_t squeeze(struct state *s)
{
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

void siphash128(uint64_t out[2], const uint64_t secret[2], const void *ptr, size_t len)
{
	struct state s = {
		secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du ^ 0xee,
		secret[0] ^ 0x6c7967656e657261u, secret[1] ^ 0x7465646279746573u,
	};
	const uint8_t *p = ptr;
	uint64_t last = (uint64_t)len << 56;
	size_t left = len;
	le64 word;

	for (; left >= sizeof word; left -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		absorb(&s, le64_get(word));
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	absorb(&s, last);
	s.v2 ^= 0xee;
	out[0] = squeeze(&s);
	s.v1 ^= 0xdd;
	out[1] = squeeze(&s);
}
