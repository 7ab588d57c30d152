/* graph/match/meet.h - what sorted lists in memory have in common
 *
 * Lists are parts of a merged_way's TO (graph/match/merged.h).
 */
#ifndef GRAPH_MATCH_MEET_H
#define GRAPH_MATCH_MEET_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "graph/match/merged.h"

/* The first from ENTRY on that is not below LEAST, by doubling steps; END when there is
 * none. */
const uint32_t *meet_far(const uint32_t *entry, const uint32_t *end, uint32_t least);

/* The same, or beyond END when there is none.  Most lie near.  Eight are looked at at once, which may be those behind the end:
 * MERGED_SLACK of them are readable, and what is found among them is beyond END. */
static inline const uint32_t *meet_first(const uint32_t *entry, const uint32_t *end,
					  uint32_t least)
{
#ifdef __SSE2__
	__m128i x = _mm_set1_epi32((int)least);

	for (unsigned i = 0; i < 4 && entry < end; i++, entry += 8) {
		__m128i a = _mm_loadu_si128((const __m128i *)entry);
		__m128i b = _mm_loadu_si128((const __m128i *)(entry + 4));
		__m128i both = _mm_packs_epi32(_mm_cmplt_epi32(a, x), _mm_cmplt_epi32(b, x));
		unsigned below = (unsigned)_mm_movemask_epi8(both);

		if (below != 0xffff)
			return entry + (unsigned)__builtin_ctz(~below) / 2;
	}
#endif
	return entry < end ? meet_far(entry, end, least) : end;
}

/* Onto the next that both have, from where each stands on, A before its end. */
static inline bool meet_next(const uint32_t **a, const uint32_t *a_end, const uint32_t **b,
			const uint32_t *b_end)
{
	for (;;) {
		*b = meet_first(*b, b_end, **a);
		if (*b >= b_end)
			return false;
		if (**a == **b)
			return true;
		*a = meet_first(*a, a_end, **b);
		if (*a >= a_end)
			return false;
		if (**a == **b)
			return true;
	}
}

struct meet_list {
	const struct merged_way *way;
	const uint32_t *at, *end;
	bool types;		/* each counts as often as its edges have types */
};

static inline struct meet_list meet_list(const struct merged_way *w, uint64_t node, bool types)
{
	return (struct meet_list){ w, w->to + w->from[node], w->to + w->from[node + 1], types };
}

/* How many both have. */
uint64_t meet_count(const struct meet_list *x, const struct meet_list *y);
/* The sum of that over all nodes in OF: what their lists of W have in common with Y. */
uint64_t meet_count_all(const struct meet_list *of, const struct merged_way *w, bool types,
			const struct meet_list *y);

#endif
