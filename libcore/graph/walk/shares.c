/* graph/walk/shares.c - gathering eight at a time
 *
 * A list is short and its end cannot be guessed; under a mask nobody has to.
 */
#include "graph/walk/shares.h"

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

uint64_t shares_portable(const uint64_t *share, const uint32_t *ids, uint64_t n)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, i;

	for (i = 0; i + 4 <= n; i += 4) {
		a += share[ids[i]];
		b += share[ids[i + 1]];
		c += share[ids[i + 2]];
		d += share[ids[i + 3]];
	}
	for (; i < n; i++)
		a += share[ids[i]];
	return a + b + c + d;
}

#if defined(__x86_64__)
/* Ids as unsigned: what gathers by 32 bits takes them with a sign. */
__attribute__((target("avx512f"))) static inline __m512i eight(const uint64_t *share,
							       __m256i ids, __mmask8 of)
{
	return _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), of,
					   _mm512_cvtepu32_epi64(ids), share, 8);
}

__attribute__((target("avx512f"))) static uint64_t
shares_avx512(const uint64_t *share, const uint32_t *ids, uint64_t n)
{
	__m512i sum = _mm512_setzero_si512();
	uint64_t i, lanes[8];

	for (i = 0; i + 8 <= n; i += 8) {
		__m256i some = _mm256_loadu_si256((const __m256i *)(ids + i));

		sum = _mm512_add_epi64(sum, eight(share, some, 0xff));
	}
	if (i < n) {
		__mmask16 rest = (__mmask16)((1u << (n - i)) - 1);
		__m512i some = _mm512_maskz_loadu_epi32(rest, ids + i);

		sum = _mm512_add_epi64(sum, eight(share, _mm512_castsi512_si256(some),
						  (__mmask8)rest));
	}
	_mm512_storeu_si512(lanes, sum);
	return lanes[0] + lanes[1] + lanes[2] + lanes[3] + lanes[4] + lanes[5] + lanes[6] +
		lanes[7];
}
#endif

shares_fn *shares_best(void)
{
#if defined(__x86_64__)
	if (cpu_has(CPU_AVX512BW))
		return shares_avx512;
#endif
	return shares_portable;
}
