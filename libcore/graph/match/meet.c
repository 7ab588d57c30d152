/* graph/match/meet.c
 *
 * Most lists are short, most pairs of them have nothing in common, and a branch that
 * is guessed wrong costs more than all comparisons of two short lists.  So a few ids
 * are held against eight at a time, all against all, with one branch for the lot.
 */
#include "graph/match/meet.h"

#define FEW 8u			/* ids that are held against a block, at most */
#define LONG 64			/* ids: longer lists are sought in */

const uint32_t *meet_far(const uint32_t *entry, const uint32_t *end, uint32_t least)
{
	uint64_t n = (uint64_t)(end - entry), step = 1, low = 0, high;

	if (n == 0 || *entry >= least)
		return entry;
	while (low + step < n && entry[low + step] < least) {
		low += step;
		step *= 2;
	}
	high = low + step < n ? low + step : n;
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (entry[mid] < least)
			low = mid;
		else
			high = mid;
	}
	return entry + high;
}

static inline uint64_t types_at(const struct merged_way *w, const uint32_t *entry)
{
	const uint32_t *first = w->first + (entry - w->to);

	return first[1] - first[0];
}

static inline uint64_t times_of(const struct meet_list *l, const uint32_t *entry)
{
	return l->types ? types_at(l->way, entry) : 1;
}

/* Each of the few is looked for among the many. */
static uint64_t count_each(const struct meet_list *few, const struct meet_list *many)
{
	const uint32_t *at = many->at;
	uint64_t sum = 0;

	for (const uint32_t *a = few->at; a < few->end; a++) {
		at = meet_first(at, many->end, *a);
		if (at >= many->end)
			break;
		if (*at == *a)
			sum += times_of(few, a) * times_of(many, at);
	}
	return sum;
}

uint64_t meet_count(const struct meet_list *x, const struct meet_list *y)
{
	return x->end - x->at < y->end - y->at ? count_each(x, y) : count_each(y, x);
}

#ifdef __SSE2__
/* Ids each in all lanes, to be held against four of others. */
struct spread {
	__m128i lane[FEW];
};

static void spread(struct spread *s, const struct meet_list *l)
{
	size_t n = (size_t)(l->end - l->at);

	for (size_t i = 0; i < FEW; i++)	/* none is below 0 */
		s->lane[i] = _mm_set1_epi32(i < n ? (int)l->at[i] : -1);
}

static inline __m128i is_any(const struct spread *s, __m128i x, unsigned n)
{
	__m128i any = _mm_cmpeq_epi32(s->lane[0], x);

	for (unsigned i = 1; i < n; i++)
		any = _mm_or_si128(any, _mm_cmpeq_epi32(s->lane[i], x));
	return any;
}

/* Is one of the first N of S among the eight at AT?  Those behind a list's end may be. */
static inline bool may_meet(const struct spread *s, const uint32_t *at, unsigned n)
{
	__m128i x = _mm_loadu_si128((const __m128i *)at);
	__m128i y = _mm_loadu_si128((const __m128i *)(at + 4));

	return _mm_movemask_epi8(_mm_or_si128(is_any(s, x, n), is_any(s, y, n)));
}

static inline uint64_t count_few(const struct meet_list *of, const struct merged_way *w,
				 bool types, const struct meet_list *y, unsigned n)
{
	struct spread s;
	uint64_t sum = 0;

	spread(&s, y);
	for (const uint32_t *b = of->at; b < of->end; b++) {
		const struct meet_list x = meet_list(w, *b, types);
		const uint32_t *at = x.at;
		bool may = x.end - x.at > LONG;

		for (; !may && at < x.end; at += 8)
			may = may_meet(&s, at, n);
		if (may)
			sum += times_of(of, b) * meet_count(&x, y);
	}
	return sum;
}
#endif

uint64_t meet_count_all(const struct meet_list *of, const struct merged_way *w, bool types,
			const struct meet_list *y)
{
	uint64_t sum = 0;

	if (y->at == y->end)
		return 0;
#ifdef __SSE2__
	if (y->end - y->at <= FEW / 2)
		return count_few(of, w, types, y, FEW / 2);
	if (y->end - y->at <= FEW)
		return count_few(of, w, types, y, FEW);
#endif
	for (const uint32_t *b = of->at; b < of->end; b++) {
		const struct meet_list x = meet_list(w, *b, types);

		sum += times_of(of, b) * meet_count(&x, y);
	}
	return sum;
}
