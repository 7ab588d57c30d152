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

#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")

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

INLINE const uint8_t *stop_of(bool is_iri, const uint8_t *at, const uint8_t *end,
			      uint64_t *high)
{
	unsigned class = is_iri ? NT_IRI : NT_STRING, seen = 0;

	for (; end - at >= 64; at += 64) {
		__m256i a = _mm256_loadu_si256((const __m256i *)at);
		__m256i b = _mm256_loadu_si256((const __m256i *)(at + 32));
		uint64_t stop = is_iri ? both(no_iri(a), no_iri(b)) :
			both(no_string(a), no_string(b));
		unsigned n = (unsigned)_tzcnt_u64(stop);

		*high |= _bzhi_u64(both(a, b), n);
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

static ntriples_fn next_avx2;
#define NEXT next_avx2
#include "graph/rdf/ntriples_core.h"

#pragma GCC pop_options

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
