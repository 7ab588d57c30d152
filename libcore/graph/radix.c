/* graph/radix.c - one counting pass over all digits, then a pass a digit */
#include "graph/radix.h"

#include <stdbool.h>
#include <string.h>

#define DIGIT_MOST 11u			/* bits: the places of a digit stay in cache */
#define DIGITS_MOST 8u
#define FEW 48u				/* so few are sorted by insertion */

struct digits {
	unsigned n, width;
};

static struct digits digits_for(unsigned bits)
{
	struct digits d;

	if (bits > 64)
		bits = 64;
	d.n = (bits + DIGIT_MOST - 1) / DIGIT_MOST;
	d.width = d.n ? (bits + d.n - 1) / d.n : 1;
	return d;
}

/* Counts to places; false when all records agree in this digit. */
static bool places(uint32_t *at, size_t buckets, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < buckets; i++) {
		uint32_t count = at[i];

		if (count == n)
			return false;
		at[i] = sum;
		sum += count;
	}
	return true;
}

#define RADIX_SORT(NAME, TYPE, KEY)						\
static void NAME##_few(TYPE *a, size_t n)					\
{										\
	for (size_t i = 1; i < n; i++) {					\
		TYPE x = a[i];							\
		size_t k = i;							\
										\
		for (; k > 0 && KEY(a[k - 1]) > KEY(x); k--)			\
			a[k] = a[k - 1];					\
		a[k] = x;							\
	}									\
}										\
										\
TYPE *NAME(TYPE *key, TYPE *other, size_t n, unsigned bits)			\
{										\
	uint32_t at[DIGITS_MOST][1u << DIGIT_MOST];				\
	struct digits d = digits_for(bits);					\
	uint64_t mask = (1u << d.width) - 1;					\
										\
	if (n <= FEW) {								\
		NAME##_few(key, n);						\
		return key;							\
	}									\
	for (unsigned k = 0; k < d.n; k++)					\
		memset(at[k], 0, (size_t)(mask + 1) * sizeof at[k][0]);		\
	for (size_t i = 0; i < n; i++)						\
		for (unsigned k = 0; k < d.n; k++)				\
			at[k][(uint64_t)KEY(key[i]) >> k * d.width & mask]++;	\
	for (unsigned k = 0; k < d.n; k++) {					\
		TYPE *swap = key;						\
										\
		if (!places(at[k], mask + 1, n))				\
			continue;						\
		for (size_t i = 0; i < n; i++)					\
			other[at[k][(uint64_t)KEY(key[i]) >> k * d.width & mask]++] = \
				key[i];						\
		key = other;							\
		other = swap;							\
	}									\
	return key;								\
}

#define NUMBER(x) (x)
#define PAIR(x) ((x).key)

RADIX_SORT(radix_sort32, uint32_t, NUMBER)
RADIX_SORT(radix_sort64, uint64_t, NUMBER)
RADIX_SORT(radix_sort_pairs, struct radix_pair, PAIR)
