/* base/nearest.c - edit distance with swaps, over words of at most 64 bytes
 *
 * Optimal string alignment, three rows.  Words are option names: 64 x 64 steps
 * for each of some dozens is microseconds, and only after a mistake.
 */
#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 64

void nearest_init(struct nearest *n, struct bytes word)
{
	n->word = bytes_of(word.ptr, word.len < WORD_MAX ? word.len : WORD_MAX);
	n->best = NULL;
	n->distance = SIZE_MAX;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(struct bytes a, struct bytes b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2], *t;

	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t differ = a.ptr[i - 1] != b.ptr[j - 1];

			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + differ);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			    a.ptr[i - 2] == b.ptr[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		t = before;
		before = last;
		last = now;
		now = t;
	}
	return last[b.len];
}

void nearest_offer(struct nearest *n, const char *known)
{
	size_t len = strlen(known);
	size_t d = distance(n->word, bytes_of(known, len < WORD_MAX ? len : WORD_MAX));

	if (d >= n->distance)
		return;
	n->distance = d;
	n->best = known;
}

const char *nearest_any(const struct nearest *n)
{
	return n->best;
}

const char *nearest_word(const struct nearest *n)
{
	size_t allowed = n->word.len / 3;

	if (allowed == 0)
		allowed = 1;
	return n->best && n->distance <= allowed ? n->best : NULL;
}
