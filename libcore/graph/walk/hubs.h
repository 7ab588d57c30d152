/* graph/walk/hubs.h - which nodes of high degree are joined, as rows of bits
 *
 * Most triangles of most graphs lie among few nodes, and their edges are dense:
 * there, what two have in common is an AND of bits and a count of them, 512 at a
 * time.  Row V has a bit for each of V's neighbours among the hubs: of lower rank
 * only, then rows end with V's own block; or square, of any.
 *
 * The other side is a set: a bit for each rank, with a mask of the blocks in which
 * there is one, so that a small set costs no more than it has members.
 */
#ifndef GRAPH_WALK_HUBS_H
#define GRAPH_WALK_HUBS_H

#include "graph/walk/oriented.h"

#define HUBS_BLOCK 512u			/* bits */
#define HUBS_WORDS (HUBS_BLOCK / 64)
#define HUBS_MOST (64 * HUBS_BLOCK)	/* one word for the mask of a set's blocks */

struct hubs {
	uint32_t n;			/* ranks below are hubs: a multiple of HUBS_BLOCK, or 0 */
	bool square;
	uint64_t *bits;
	size_t bytes;
	struct mem *mem;
};

enum hubs_which {
	HUBS_LOWER,		/* neighbours of lower rank */
	HUBS_ALL,
	HUBS_BOTH,		/* those of HUBS_ALL with an edge each way */
};

/* As many hubs as there are, MOST allows and fit into half of the memory left; none is
 * no failure: then all is done by lists. */
int hubs_make(struct hubs *h, const struct oriented *o, enum hubs_which which, uint32_t most);
void hubs_release(struct hubs *h);	/* zeroed is fine */

static inline const uint64_t *hubs_row(const struct hubs *h, uint32_t rank)
{
	size_t block = rank / HUBS_BLOCK;

	if (h->square)
		block = (size_t)rank * (h->n / HUBS_BLOCK);
	else	/* HUBS_BLOCK rows of a block, as many of two, ... */
		block = HUBS_BLOCK * (block * (block + 1) / 2) +
			rank % HUBS_BLOCK * (block + 1);
	return h->bits + block * HUBS_WORDS;
}

static inline uint64_t hubs_block_of(uint32_t rank)
{
	return 1ull << (rank / HUBS_BLOCK);
}

/* What the rows of N hubs have in common with SET, whose blocks outside MASK are
 * empty: the sum; and that of each, if EACH is not NULL. */
typedef uint64_t hubs_fn(const struct hubs *h, const uint64_t *set, uint64_t mask,
			 const uint32_t *rank, size_t n, uint32_t *each);
/* The best of this processor's. */
hubs_fn *hubs_best(void);
/* Tests: the ways to do it; NULL: this processor has it not. */
enum hubs_way { HUBS_PLAIN, HUBS_AVX2, HUBS_AVX512, HUBS_WAYS };
hubs_fn *hubs_way(enum hubs_way way);

/* How many of N ranks have their bit in SET. */
static inline uint64_t hubs_met(const uint64_t *set, const uint32_t *rank, size_t n)
{
	uint64_t a = 0, b = 0;
	size_t i;

	for (i = 0; i + 1 < n; i += 2) {
		a += set[rank[i] / 64] >> (rank[i] % 64) & 1;
		b += set[rank[i + 1] / 64] >> (rank[i + 1] % 64) & 1;
	}
	if (i < n)
		a += set[rank[i] / 64] >> (rank[i] % 64) & 1;
	return a + b;
}

#endif
