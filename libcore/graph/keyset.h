/* graph/keyset.h - which numbers of a range occur, and their ranks
 *
 * A bit a number while edges come (any number of threads), then also how many
 * come before each 64 of them: the id of a key is its rank.
 */
#ifndef GRAPH_KEYSET_H
#define GRAPH_KEYSET_H

#include <stdbool.h>
#include <stdint.h>

struct dict_writer;
struct mem;

struct keyset_word {
	uint64_t bits, before;		/* numbers before those of this word */
};

struct keyset {
	struct mem *mem;
	uint64_t first, span;		/* numbers first .. first + span - 1 */
	uint64_t key_n;			/* after rank */
	_Atomic uint64_t *bits;		/* until rank */
	struct keyset_word *word;	/* from rank on */
	uint64_t least, most;		/* of those marked, after rank, when there are any */
};

/* What it takes at most, in bytes. */
uint64_t keyset_bytes(uint64_t span);

int keyset_open(struct keyset *k, uint64_t first, uint64_t span, struct mem *mem);
void keyset_release(struct keyset *k);

/* All that are marked in FROM, in a range that holds FROM's. */
void keyset_take(struct keyset *k, const struct keyset *from);

/* I: the number less `first`. */
static inline void keyset_mark(struct keyset *k, uint64_t i)
{
	_Atomic uint64_t *word = &k->bits[i >> 6];
	uint64_t bit = 1ull << (i & 63);

	if (!(__atomic_load_n((uint64_t *)word, __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or((uint64_t *)word, bit, __ATOMIC_RELAXED);
}

/* All are marked; ERR_MEMORY. */
int keyset_rank(struct keyset *k);

/* How many numbers below the I-th are marked, I up to span. */
static inline uint64_t keyset_id(const struct keyset *k, uint64_t i)
{
	const struct keyset_word *w = &k->word[i >> 6];

	return w->before +
		(uint64_t)__builtin_popcountll(w->bits & ((1ull << (i & 63)) - 1));
}

int keyset_to_dict(const struct keyset *k, struct dict_writer *w);

#endif
