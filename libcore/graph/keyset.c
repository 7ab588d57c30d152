/* graph/keyset.c - a bitmap, ranked once it is complete */
#include "graph/keyset.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/dict.h"

static uint64_t word_n(const struct keyset *k)
{
	return k->span / 64 + 1;	/* so that the rank of `span` has a word, too */
}

uint64_t keyset_bytes(uint64_t span)
{
	return (span / 64 + 1) * (sizeof(uint64_t) + sizeof(struct keyset_word));
}

int keyset_open(struct keyset *k, uint64_t first, uint64_t span, struct mem *mem)
{
	*k = (struct keyset){ .mem = mem, .first = first, .span = span };
	k->bits = mem_zalloc(mem, word_n(k) * sizeof *k->bits);
	return k->bits ? 0 : ERR_MEMORY;
}

void keyset_release(struct keyset *k)
{
	mem_free(k->mem, (void *)k->bits);
	mem_free(k->mem, k->word);
	*k = (struct keyset){0};
}

void keyset_take(struct keyset *k, const struct keyset *from)
{
	for (uint64_t i = 0; i < word_n(from); i++)
		for (uint64_t word = from->bits[i]; word; word &= word - 1)
			keyset_mark(k, from->first - k->first + 64 * i +
				    (unsigned)__builtin_ctzll(word));
}

int keyset_rank(struct keyset *k)
{
	uint64_t n = 0;

	k->word = mem_alloc(k->mem, word_n(k) * sizeof *k->word);
	if (!k->word)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < word_n(k); i++) {
		uint64_t bits = k->bits[i];

		k->word[i] = (struct keyset_word){ bits, n };
		if (!bits)
			continue;
		if (n == 0)
			k->least = k->first + 64 * i + (unsigned)__builtin_ctzll(bits);
		k->most = k->first + 64 * i + 63 - (unsigned)__builtin_clzll(bits);
		n += (uint64_t)__builtin_popcountll(bits);
	}
	k->key_n = n;
	mem_free(k->mem, (void *)k->bits);
	k->bits = NULL;
	return 0;
}

int keyset_to_dict(const struct keyset *k, struct dict_writer *w)
{
	int r = 0;

	for (uint64_t i = 0; i < word_n(k) && r == 0; i++)
		for (uint64_t word = k->word[i].bits; word && r == 0; word &= word - 1)
			r = dict_add_number(w, k->first + 64 * i +
					    (unsigned)__builtin_ctzll(word));
	return r;
}
