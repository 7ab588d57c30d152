/* graph/walk/hubs.c - rows of bits made by threads, and three ways to count */
#include "graph/walk/hubs.h"

#include <stdatomic.h>

#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"

/* --- counting --- */

static inline uint64_t blocks_of(const struct hubs *h, uint64_t mask, uint32_t rank)
{
	return h->square ? mask : mask & ~0ull >> (63 - rank / HUBS_BLOCK);
}

static uint64_t count_plain(const struct hubs *h, const uint64_t *set, uint64_t mask,
			    const uint32_t *rank, size_t n, uint32_t *each)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++) {
		const uint64_t *row = hubs_row(h, rank[i]);
		uint64_t common = 0;

		for (uint64_t m = blocks_of(h, mask, rank[i]); m; m &= m - 1) {
			unsigned at = (unsigned)__builtin_ctzll(m) * HUBS_WORDS;

			for (unsigned k = at; k < at + HUBS_WORDS; k++)
				common += (unsigned)__builtin_popcountll(set[k] & row[k]);
		}
		if (each)
			each[i] = (uint32_t)common;
		all += common;
	}
	return all;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512vpopcntdq,avx2,bmi,popcnt")))

/* Bits of each of four words: two looks into a table of what four bits have. */
AVX2 INLINE __m256i bits_of(__m256i v)
{
	const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
					       0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i low = _mm256_set1_epi8(15);
	__m256i a = _mm256_shuffle_epi8(table, _mm256_and_si256(v, low));
	__m256i b = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low));

	return _mm256_sad_epu8(_mm256_add_epi8(a, b), _mm256_setzero_si256());
}

AVX2 INLINE uint64_t sum_of(__m256i v)
{
	__m128i x = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

	return (uint64_t)_mm_cvtsi128_si64(x) + (uint64_t)_mm_extract_epi64(x, 1);
}

AVX2 static uint64_t count_avx2(const struct hubs *h, const uint64_t *set, uint64_t mask,
				const uint32_t *rank, size_t n, uint32_t *each)
{
	__m256i all = _mm256_setzero_si256();

	for (size_t i = 0; i < n; i++) {
		const __m256i *row = (const __m256i *)hubs_row(h, rank[i]);
		__m256i common = _mm256_setzero_si256();

		for (uint64_t m = blocks_of(h, mask, rank[i]); m; m &= m - 1) {
			unsigned at = 2 * (unsigned)__builtin_ctzll(m);
			const __m256i *s = (const __m256i *)set;
			__m256i x = _mm256_and_si256(_mm256_load_si256(row + at),
						     _mm256_load_si256(s + at));
			__m256i y = _mm256_and_si256(_mm256_load_si256(row + at + 1),
						     _mm256_load_si256(s + at + 1));

			common = _mm256_add_epi64(common, bits_of(x));
			common = _mm256_add_epi64(common, bits_of(y));
		}
		if (each)
			each[i] = (uint32_t)sum_of(common);
		all = _mm256_add_epi64(all, common);
	}
	return sum_of(all);
}

AVX512 INLINE __m512i common_block(const uint64_t *set, const uint64_t *row, unsigned block)
{
	return _mm512_popcnt_epi64(_mm512_and_si512(_mm512_load_si512(row + block * HUBS_WORDS),
						    _mm512_load_si512(set + block * HUBS_WORDS)));
}

AVX512 static uint64_t count_avx512(const struct hubs *h, const uint64_t *set, uint64_t mask,
				    const uint32_t *rank, size_t n, uint32_t *each)
{
	bool dense = (mask & (mask + 1)) == 0;	/* no block left out */
	__m512i all = _mm512_setzero_si512();

	for (size_t i = 0; i < n; i++) {
		const uint64_t *row = hubs_row(h, rank[i]);
		uint64_t m = blocks_of(h, mask, rank[i]);
		__m512i common = _mm512_setzero_si512();

		if (dense)
			for (unsigned b = 0, b_n = (unsigned)__builtin_popcountll(m); b < b_n; b++)
				common = _mm512_add_epi64(common, common_block(set, row, b));
		else
			for (; m; m &= m - 1)
				common = _mm512_add_epi64(common, common_block(set, row,
						(unsigned)__builtin_ctzll(m)));
		if (each)
			each[i] = (uint32_t)_mm512_reduce_add_epi64(common);
		all = _mm512_add_epi64(all, common);
	}
	return (uint64_t)_mm512_reduce_add_epi64(all);
}

hubs_fn *hubs_way(enum hubs_way way)
{
	switch (way) {
	case HUBS_AVX2:
		return cpu_has(CPU_AVX2) && cpu_has(CPU_BMI) ? count_avx2 : NULL;
	case HUBS_AVX512:
		return cpu_has(CPU_AVX512BW) && cpu_has(CPU_AVX512VPOPCNTDQ) &&
		       cpu_has(CPU_BMI) ? count_avx512 : NULL;
	default:
		return count_plain;
	}
}

#else

hubs_fn *hubs_way(enum hubs_way way)
{
	return way == HUBS_PLAIN ? count_plain : NULL;
}

#endif

hubs_fn *hubs_best(void)
{
	unsigned way = HUBS_WAYS;
	hubs_fn *f = NULL;

	while (!f)
		f = hubs_way(--way);
	return f;
}

/* --- making --- */

#define SHARE 64u		/* rows a thread takes at a time */

struct making {
	struct hubs *h;
	const struct oriented *o;
	const uint32_t *len;	/* of each list, what goes into its row */
	_Atomic uint32_t next;
};

static inline void set_bit(const struct hubs *h, uint32_t row, uint32_t rank)
{
	uint64_t *word = (uint64_t *)hubs_row(h, row) + rank / 64;

	__atomic_fetch_or(word, 1ull << (rank % 64), __ATOMIC_RELAXED);
}

static int fill(void *ctx, unsigned who)
{
	struct making *k = ctx;
	const struct hubs *h = k->h;
	uint32_t begin;

	(void)who;
	while ((begin = atomic_fetch_add(&k->next, SHARE)) < h->n)
		for (uint32_t v = begin; v < begin + SHARE && v < k->o->node_n; v++) {
			const uint32_t *list = oriented_list(k->o, v);

			for (uint32_t i = 0; i < k->len[v]; i++) {
				set_bit(h, v, list[i]);
				if (h->square)
					set_bit(h, list[i], v);
			}
		}
	return 0;
}

static size_t bytes_of_hubs(uint32_t n, bool square)
{
	size_t blocks = n / HUBS_BLOCK;

	return (square ? n * blocks : HUBS_BLOCK * (blocks * (blocks + 1) / 2)) *
	       (HUBS_BLOCK / 8);
}

int hubs_make(struct hubs *h, const struct oriented *o, enum hubs_which which, uint32_t most)
{
	uint32_t n = o->hub_n < most ? o->hub_n : most;
	struct making k = { .h = h, .o = o, .len = which == HUBS_BOTH ? o->both : o->len };

	*h = (struct hubs){ .mem = o->mem, .square = which != HUBS_LOWER };
	n = (n + HUBS_BLOCK - 1) / HUBS_BLOCK * HUBS_BLOCK;
	while (n && bytes_of_hubs(n, h->square) > mem_left(o->mem) / 2)
		n -= HUBS_BLOCK;
	if (n == 0)
		return 0;
	h->bytes = bytes_of_hubs(n, h->square);
	h->bits = mem_pages(o->mem, h->bytes);
	if (!h->bits)
		return ERR_MEMORY;
	h->n = n;
	mem_large(h->bits, h->bytes);
	memset(h->bits, 0, h->bytes);
	return team_run(o->thread_n, fill, &k);
}

void hubs_release(struct hubs *h)
{
	if (h->bits)
		mem_free_pages(h->mem, h->bits, h->bytes);
	*h = (struct hubs){0};
}
