/* graph/rdf/ntriples_simd.c - where terms end, 64 bytes at a time
 *
 * Nearly every term of real data ends within 64 bytes, so there is no loop to guess
 * and no branch but on what comes next.  Nothing behind a piece's end is read: its
 * last bytes go the plain way.
 */
#include "graph/rdf/ntriples_inside.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "base/cpu.h"

/* for all functions up to the pop below, the inlined core's too */
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), \
			     apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t both(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) |
		(uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

INLINE __m256i twice(int8_t a0, int8_t a1, int8_t a2, int8_t a3, int8_t a4, int8_t a5,
		     int8_t a6, int8_t a7, int8_t a8, int8_t a9, int8_t aa, int8_t ab,
		     int8_t ac, int8_t ad, int8_t ae, int8_t af)
{
	return _mm256_broadcastsi128_si256(_mm_setr_epi8(a0, a1, a2, a3, a4, a5, a6, a7, a8,
							 a9, aa, ab, ac, ad, ae, af));
}

/* What no IRI has, all of it below 128: a bit for each set of high halves that share
 * their low ones; 00 to 1F all, 20 and 22, 3C 3E 5C 5E, 60, 7B 7C 7D. */
INLINE __m256i no_iri(__m256i c)
{
	const __m256i low = twice(11, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 17, 21, 17, 5, 1);
	const __m256i high = twice(1, 1, 2, 4, 0, 4, 8, 16, 0, 0, 0, 0, 0, 0, 0, 0);
	__m256i half = _mm256_and_si256(_mm256_srli_epi16(c, 4), _mm256_set1_epi8(15));

	return _mm256_cmpgt_epi8(_mm256_and_si256(_mm256_shuffle_epi8(low, c),
						  _mm256_shuffle_epi8(high, half)),
				 _mm256_setzero_si256());
}

/* " \ LF CR: each has a low half of its own, under which it is looked up. */
INLINE __m256i no_string(__m256i c)
{
	const __m256i own = twice(1, 0, '"', 0, 0, 0, 0, 0, 0, 0, '\n', 0, '\\', '\r', 0, 0);

	return _mm256_cmpeq_epi8(c, _mm256_shuffle_epi8(own, c));
}

/* The bytes of a window that are wrong after what lies before them, a bit each; ASCII
 * lies before the window.  Two bytes are judged by three tables, of a byte's halves
 * and the next one's upper half (Keiser and Lemire, "Validating UTF-8 in less than
 * one instruction per byte"): a fault is where all three agree on one.  The third and
 * fourth bytes of a character are those that look like one too many, and must. */
enum {
	SHORT = 1, LONG = 2, OVER_3 = 4, LARGE = 8, SURROGATE = 16, OVER_2 = 32,
	LARGE_0 = 64,			/* over U+10FFFF, or four bytes for three */
	FOLLOWS = 128,			/* a continuation after a continuation */
	ANY = SHORT | LONG | FOLLOWS,
	BIG = ANY | LARGE | LARGE_0,
	NEXT_ANY = LONG | OVER_2 | FOLLOWS,
};

INLINE __m256i wrong_utf8(__m256i c, __m256i before)
{
	const __m256i first = twice(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG,
				    (int8_t)FOLLOWS, (int8_t)FOLLOWS, (int8_t)FOLLOWS,
				    (int8_t)FOLLOWS, SHORT | OVER_2, SHORT,
				    SHORT | OVER_3 | SURROGATE, SHORT | LARGE | LARGE_0);
	const __m256i low = twice((int8_t)(ANY | OVER_2 | OVER_3 | LARGE_0),
				  (int8_t)(ANY | OVER_2), (int8_t)ANY, (int8_t)ANY,
				  (int8_t)(ANY | LARGE), (int8_t)BIG, (int8_t)BIG,
				  (int8_t)BIG, (int8_t)BIG, (int8_t)BIG, (int8_t)BIG,
				  (int8_t)BIG, (int8_t)BIG, (int8_t)(BIG | SURROGATE),
				  (int8_t)BIG, (int8_t)BIG);
	const __m256i second = twice(SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
				     (int8_t)(NEXT_ANY | OVER_3 | LARGE_0),
				     (int8_t)(NEXT_ANY | OVER_3 | LARGE),
				     (int8_t)(NEXT_ANY | SURROGATE | LARGE),
				     (int8_t)(NEXT_ANY | SURROGATE | LARGE),
				     SHORT, SHORT, SHORT, SHORT);
	const __m256i half = _mm256_set1_epi8(15);
	__m256i one = _mm256_alignr_epi8(c, before, 15);
	__m256i two = _mm256_alignr_epi8(c, before, 14);
	__m256i three = _mm256_alignr_epi8(c, before, 13);
	__m256i fault, must;

	fault = _mm256_and_si256(
		_mm256_shuffle_epi8(first, _mm256_and_si256(_mm256_srli_epi16(one, 4), half)),
		_mm256_shuffle_epi8(low, _mm256_and_si256(one, half)));
	fault = _mm256_and_si256(fault, _mm256_shuffle_epi8(
		second, _mm256_and_si256(_mm256_srli_epi16(c, 4), half)));
	must = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0xe0 - 0x80)),
			       _mm256_subs_epu8(three, _mm256_set1_epi8(0xf0 - 0x80)));
	return _mm256_xor_si256(_mm256_and_si256(must, _mm256_set1_epi8((int8_t)0x80)),
				fault);
}

/* The first N bytes of A and B, behind ASCII and before it, are UTF-8. */
INLINE bool is_utf8(__m256i a, __m256i b, unsigned n)
{
	__m256i zero = _mm256_setzero_si256();
	__m256i wrong_a = wrong_utf8(a, _mm256_permute2x128_si256(a, a, 0x08));
	__m256i wrong_b = wrong_utf8(b, _mm256_permute2x128_si256(a, b, 0x21));
	uint64_t right = both(_mm256_cmpeq_epi8(wrong_a, zero),
			      _mm256_cmpeq_epi8(wrong_b, zero));

	return !_bzhi_u64(~right, n + 1);
}

INLINE const uint8_t *stop_of(bool is_iri, const uint8_t *at, const uint8_t *end,
			      uint64_t *high)
{
	unsigned class = is_iri ? NT_IRI : NT_STRING, seen = 0;

	for (bool first = true; end - at >= 64; at += 64, first = false) {
		__m256i a = _mm256_loadu_si256((const __m256i *)at);
		__m256i b = _mm256_loadu_si256((const __m256i *)(at + 32));
		uint64_t stop = is_iri ? both(no_iri(a), no_iri(b)) :
			both(no_string(a), no_string(b));
		unsigned n = (unsigned)_tzcnt_u64(stop);
		uint64_t over;

		over = _bzhi_u64(both(a, b), n);
		if (over && !(first && stop && is_utf8(a, b, n)))
			*high = over;
		if (stop)
			return at + n;
	}
	for (; at < end && ntriples_class[*at] & class; at++)
		seen |= *at & 0x80u;
	*high |= seen;
	return at;
}

INLINE const uint8_t *iri_stop(const uint8_t *at, const uint8_t *end, uint64_t *high)
{
	return stop_of(true, at, end, high);
}

INLINE const uint8_t *string_stop(const uint8_t *at, const uint8_t *end, uint64_t *high)
{
	return stop_of(false, at, end, high);
}

/* Only one that lies in a window: BEFORE is followed by more of the piece than AT. */
INLINE bool is_same(const uint8_t *at, const uint8_t *end, struct bytes before)
{
	__m256i a, b;

	if (before.len > 64 || end - at < 64)
		return false;
	a = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)at),
			      _mm256_loadu_si256((const __m256i *)before.ptr));
	b = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(at + 32)),
			      _mm256_loadu_si256((const __m256i *)(before.ptr + 32)));
	return !_bzhi_u64(~both(a, b), (unsigned)before.len);
}

static ntriples_fn next_avx2;
#define NEXT next_avx2
#include "graph/rdf/ntriples_core.h"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

ntriples_fn *ntriples_avx2(void)
{
	return cpu_has(CPU_AVX2) && cpu_has(CPU_BMI) && cpu_has(CPU_BMI2) &&
		cpu_has(CPU_LZCNT) && cpu_has(CPU_POPCNT) ? next_avx2 : NULL;
}

#else

ntriples_fn *ntriples_avx2(void)
{
	return NULL;
}

#endif
