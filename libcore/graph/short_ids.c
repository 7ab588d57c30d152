/* graph/short_ids.c - eight at a time */
#include "graph/short_ids.h"

#include <string.h>

#include "base/cpu.h"
#include "base/endian.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Bytes: what is asked for next comes while these ids are worked on; it may lie behind the
 * end, where nothing is read. */
#define AHEAD 6144

static bool plainly;

void short_ids_plainly(bool on)
{
	plainly = on;
}

static inline void put_eight(uint8_t *out, const uint32_t *ids)
{
	uint64_t id[8];
	le64 v[3];

	for (unsigned i = 0; i < 8; i++)
		id[i] = ids[i];
	v[0] = le64_of(id[0] | id[1] << 24 | id[2] << 48);
	v[1] = le64_of(id[2] >> 16 | id[3] << 8 | id[4] << 32 | id[5] << 56);
	v[2] = le64_of(id[5] >> 8 | id[6] << 16 | id[7] << 40);
	memcpy(out, v, sizeof v);
}

void short_ids_put(uint8_t *out, const uint32_t *ids, uint64_t n)
{
	uint64_t i;

	for (i = 0; i + 8 <= n; i += 8)
		put_eight(out + SHORT_IDS_LEN * i, ids + i);
	for (; i < n; i++) {
		le32 v = le32_of(ids[i]);

		memcpy(out + SHORT_IDS_LEN * i, &v, SHORT_IDS_LEN);
	}
}

static void get_plainly(uint32_t *out, const uint8_t *at, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		le32 v;

		memcpy(&v, at + SHORT_IDS_LEN * i, sizeof v);
		out[i] = le32_get(v) & (SHORT_IDS_MOST - 1);
	}
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void get_avx2(uint32_t *out, const uint8_t *at, uint64_t n)
{
	const __m256i pick = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,
					      0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);

	for (uint64_t i = 0; i < n; i += 8, at += 8 * SHORT_IDS_LEN) {
		__m128i low = _mm_loadu_si128((const __m128i *)at);
		__m128i high = _mm_loadu_si128((const __m128i *)(at + 4 * SHORT_IDS_LEN));
		__m256i x = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);

		_mm_prefetch((const char *)((uintptr_t)at + AHEAD), _MM_HINT_T0);
		_mm256_storeu_si256((__m256i *)(out + i), _mm256_shuffle_epi8(x, pick));
	}
}

void short_ids_get(uint32_t *out, const uint8_t *at, uint64_t n)
{
	if (!plainly && cpu_has(CPU_AVX2))
		get_avx2(out, at, n);
	else
		get_plainly(out, at, n);
}
#else
void short_ids_get(uint32_t *out, const uint8_t *at, uint64_t n)
{
	get_plainly(out, at, n);
}
#endif
