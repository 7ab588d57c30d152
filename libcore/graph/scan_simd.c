/* graph/scan_simd.c - lines by windows of 64 bytes
 *
 * A window begins where a line begins.  One bit a byte: digits, line feeds, and
 * what may not be in a plain line.  With them the lines that end in the window
 * are judged all at once by arithmetic on words of 64 bits; then their numbers
 * are turned into binary eight at a time, and the next window begins behind the
 * last of them.  When the first line of a window is not such a line, or longer
 * than the window, it goes through scan_line.
 *
 *	 112616 359549\n638101 124872\n13
 *	 1.......................1......		begins, of numbers
 *	 .......1.......1........
 *
 * The arithmetic: the numbers' beginnings are dealt out in turn, to sources, to
 * targets, and where weights are wanted and no line is without one, to weights.
 * From each source to the last number of its line there must be no LF, from there
 * to the next source there must be one.
 */
#include "graph/scan_inside.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"

#define WINDOW 64
#define NUMBERS_MOST 32		/* in a window: "1 2\n" sixteen times */
#define EDGES_MOST (NUMBERS_MOST / 2)
#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2," \
				     "avx2,bmi,bmi2,lzcnt,popcnt")))

/* A bit a byte of the window. */
struct masks {
	uint64_t digit, zero, lf;
	uint64_t odd;			/* none of digit, separator, LF */
};

/* The lines that are taken at once. */
struct cut {
	uint64_t begin, end, lf;	/* of numbers: first byte, first byte behind */
	unsigned len, number_n, line_n;
	bool wide;			/* a number of nine digits or more */
};

/* Is there a line from each number at FIRST to that at LAST? */
AVX2 INLINE bool are_lines(uint64_t first, uint64_t last, uint64_t lf)
{
	/* From each first to before its last; from one without a last to the end, where
	 * there is an LF. */
	uint64_t within = last - first;

	if (within & lf)
		return false;
	/* A carry from each last runs through what follows up to the LF; if there is none
	 * it ends in the next first. */
	return !(((~within & ~lf) + last) & first);
}

/* How many numbers each line has: 2, with VALUED perhaps 3; 0: neither. */
AVX2 INLINE unsigned columns(const struct cut *c, bool valued)
{
	uint64_t first = _pdep_u64(0x5555555555555555, c->begin);

	if (are_lines(first, c->begin ^ first, c->lf))
		return 2;
	if (!valued || c->wide)
		return 0;
	first = _pdep_u64(0x9249249249249249, c->begin);
	return are_lines(first, _pdep_u64(0x4924924924924924, c->begin), c->lf) ? 3 : 0;
}

/* False: the first line is not to be taken in this way. */
AVX2 INLINE bool cut_lines(const struct masks *m, enum scan_shape shape, struct cut *out)
{
	uint64_t digit = m->digit, lf = m->lf, run, odd, within;

	/* leading zeros */
	odd = m->odd | (digit & ~(digit << 1) & m->zero & digit >> 1);
	if (odd)
		lf &= _blsmsk_u64(odd);
	if (!lf)
		return false;
	out->len = WINDOW - (unsigned)_lzcnt_u64(lf);
	within = ~0ull >> (WINDOW - out->len);
	digit &= within;
	out->begin = digit & ~(digit << 1);
	out->end = ~digit & digit << 1;
	out->line_n = (unsigned)_mm_popcnt_u64(lf);
	out->number_n = (unsigned)_mm_popcnt_u64(out->begin);
	run = digit & digit >> 1;
	run &= run >> 2;
	run &= run >> 4;
	out->wide = run & digit >> 8;
	/* tsv: something on both sides of each TAB and before each LF */
	if (shape == SCAN_TSV && ~digit & within & (~digit << 1 | 1))
		return false;
	out->lf = lf;
	return true;
}

/* LEN digits, 1..8, the first in the lowest byte; what is above them is dropped. */
INLINE uint64_t eight(uint64_t x, unsigned len)
{
	x = (x & 0x0f0f0f0f0f0f0f0f) << (64 - 8 * len);
	x = (x * 10 + (x >> 8)) & 0x00ff00ff00ff00ff;
	x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffff;
	return (x * 10000 + (x >> 32)) & 0xffffffff;
}

INLINE uint64_t load(const uint8_t *at)
{
	uint64_t x;

	memcpy(&x, at, 8);
	return x;
}

static uint64_t any(const uint8_t *at, unsigned len)	/* 1..19 digits */
{
	uint64_t v = 0;

	for (; len > 8; len -= 8, at += 8)
		v = v * 100000000 + eight(load(at), 8);
	for (; len > 0; len--, at++)
		v = v * 10 + (*at - (uint64_t)'0');
	return v;
}

/* Numbers of any length, one by one; false when one has 20 digits or more. */
AVX2 INLINE bool take_wide(const struct cut *c, const uint8_t *at, uint64_t *out)
{
	uint64_t begin = c->begin, end = c->end;

	for (; begin; begin = _blsr_u64(begin), end = _blsr_u64(end)) {
		unsigned from = (unsigned)_tzcnt_u64(begin);
		unsigned len = (unsigned)_tzcnt_u64(end) - from;

		if (len > 19)
			return false;
		*out++ = any(at + from, len);
	}
	return true;
}

/* A whole window, what is loaded behind it, and room for what may be in it? */
INLINE bool is_roomy(const struct scan *s)
{
	return s->end - s->at >= WINDOW + 8 && s->cap - s->n >= EDGES_MOST;
}

INLINE void took(struct scan *s, const struct cut *c, unsigned n)
{
	s->at += c->len;
	s->n += n;
	s->line_n += c->line_n;
}

INLINE void took_pairs(struct scan *s, const struct cut *c)
{
	if (s->value)		/* all zero: TEXT_NO_VALUE */
		memset(s->value + s->n, 0, c->number_n / 2 * sizeof *s->value);
	took(s, c, c->number_n / 2);
}

INLINE void took_triples(struct scan *s, const struct cut *c, const uint64_t *number)
{
	unsigned n = c->number_n / 3;

	for (unsigned i = 0; i < n; i++, number += 3) {
		s->edge[s->n + i] = (struct scan_edge){ number[0], number[1] };
		s->value[s->n + i] = (struct text_value){
			.kind = TEXT_INTEGER, .i = (int64_t)number[2],
		};
	}
	took(s, c, n);
}

/* --- AVX2 --- */

struct half {
	uint32_t digit, zero, lf, odd;
};

AVX2 INLINE struct half classify_half(const uint8_t *at, enum scan_shape shape)
{
	__m256i c = _mm256_loadu_si256((const __m256i *)at);
	__m256i d = _mm256_sub_epi8(c, _mm256_set1_epi8('0'));
	__m256i digit = _mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8(9)), d);
	__m256i tab = _mm256_sub_epi8(c, _mm256_set1_epi8('\t')), known;

	if (shape == SCAN_TSV)		/* TAB and LF */
		known = _mm256_cmpeq_epi8(_mm256_min_epu8(tab, _mm256_set1_epi8(1)), tab);
	else				/* TAB LF VT FF CR */
		known = _mm256_or_si256(
			_mm256_cmpeq_epi8(_mm256_min_epu8(tab, _mm256_set1_epi8(4)), tab),
			_mm256_or_si256(
				_mm256_cmpeq_epi8(c, _mm256_set1_epi8(' ')),
				_mm256_or_si256(
					_mm256_cmpeq_epi8(c, _mm256_set1_epi8(',')),
					_mm256_cmpeq_epi8(c, _mm256_set1_epi8('|')))));
	return (struct half){
		.digit = (uint32_t)_mm256_movemask_epi8(digit),
		.zero = (uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(d, _mm256_setzero_si256())),
		.lf = (uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(c, _mm256_set1_epi8('\n'))),
		.odd = ~(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(digit, known)),
	};
}

AVX2 INLINE struct masks classify_two(const uint8_t *at, enum scan_shape shape)
{
	struct half a = classify_half(at, shape), b = classify_half(at + 32, shape);

	return (struct masks){
		.digit = a.digit | (uint64_t)b.digit << 32,
		.zero = a.zero | (uint64_t)b.zero << 32,
		.lf = a.lf | (uint64_t)b.lf << 32, .odd = a.odd | (uint64_t)b.odd << 32,
	};
}

/* Numbers of eight digits at most: their bytes, the last digit highest, then all
 * of them at once. */
AVX2 INLINE void take_narrow(const struct cut *c, const uint8_t *at, uint64_t *out)
{
	const __m256i ten = _mm256_set1_epi16(1 << 8 | 10);
	const __m256i hundred = _mm256_set1_epi32(1 << 16 | 100);
	uint64_t begin = c->begin, end = c->end;

	for (unsigned i = 0; i < c->number_n; i++) {
		unsigned from = (unsigned)_tzcnt_u64(begin);
		unsigned len = (unsigned)_tzcnt_u64(end) - from;

		out[i] = load(at + from) << (64 - 8 * len);
		begin = _blsr_u64(begin);
		end = _blsr_u64(end);
	}
	for (unsigned i = 0; i < c->number_n; i += 4) {
		__m256i *four = (__m256i *)(out + i), x = _mm256_loadu_si256(four);

		x = _mm256_and_si256(x, _mm256_set1_epi8(15));
		x = _mm256_madd_epi16(_mm256_maddubs_epi16(x, ten), hundred);
		_mm256_storeu_si256(four, _mm256_add_epi64(
			_mm256_mul_epu32(x, _mm256_set1_epi64x(10000)),
			_mm256_srli_epi64(x, 32)));
	}
}

AVX2 INLINE enum scan_stop run_avx2(struct scan *s, enum scan_shape shape)
{
	enum scan_stop stop;
	unsigned run = 0;

	while (is_roomy(s)) {
		struct masks m = classify_two(s->at, shape);
		uint64_t *out = &s->edge[s->n].src, three[NUMBERS_MOST];
		unsigned n = 0;
		struct cut c;

		if (cut_lines(&m, shape, &c))
			n = columns(&c, shape == SCAN_EL && s->value);
		if (n == 0 || (c.wide && !take_wide(&c, s->at, out))) {
			stop = scan_some(s, &run);
			if (stop != SCAN_END)
				return stop;
			continue;
		}
		run = 0;
		if (n == 3) {
			take_narrow(&c, s->at, three);
			took_triples(s, &c, three);
			continue;
		}
		if (!c.wide)
			take_narrow(&c, s->at, out);
		took_pairs(s, &c);
	}
	return scan_plain(s);
}

AVX2 static enum scan_stop lines_avx2(struct scan *s)
{
	return s->shape == SCAN_TSV ? run_avx2(s, SCAN_TSV) : run_avx2(s, SCAN_EL);
}

/* --- AVX-512: the window stays in a register, and numbers are picked from it --- */

AVX512 INLINE struct masks classify_whole(__m512i c, enum scan_shape shape)
{
	__m512i d = _mm512_sub_epi8(c, _mm512_set1_epi8('0'));
	__m512i tab = _mm512_sub_epi8(c, _mm512_set1_epi8('\t'));
	struct masks m = {
		.digit = _mm512_cmple_epu8_mask(d, _mm512_set1_epi8(9)),
		.zero = _mm512_testn_epi8_mask(d, d),
		.lf = _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('\n')),
	};
	uint64_t known;

	known = m.digit |
		_mm512_cmple_epu8_mask(tab, _mm512_set1_epi8(shape == SCAN_TSV ? 1 : 4));
	if (shape == SCAN_EL)
		known |= _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(' ')) |
			_mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(',')) |
			_mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('|'));
	m.odd = ~known;
	return m;
}

/* 0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1 2 ... */
AVX512 INLINE __m512i each_eight_times(void)
{
	return _mm512_shuffle_epi8(
		_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0),
		_mm512_set4_epi32(0x08080808, 0x08080808, 0, 0));
}

/* Eight numbers a turn: where each of their last eight bytes is in the window, those
 * before its first digit as zeros, and then binary. */
AVX512 INLINE void take_picked(const struct cut *c, __m512i window, uint64_t *out)
{
	const __m512i place = _mm512_set_epi8(
		63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45,
		44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26,
		25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
		5, 4, 3, 2, 1, 0);
	const __m512i back = _mm512_set1_epi64((long long)0xfffefdfcfbfaf9f8);
	const __m512i ten = _mm512_set1_epi16(1 << 8 | 10);
	const __m512i hundred = _mm512_set1_epi32(1 << 16 | 100);
	__m512i begin = _mm512_maskz_compress_epi8(c->begin, place);
	__m512i end = _mm512_maskz_compress_epi8(c->end, place);
	__m512i which = each_eight_times();

	for (unsigned i = 0; i < c->number_n; i += 8) {
		__m512i at = _mm512_add_epi8(_mm512_permutexvar_epi8(which, end), back);
		__mmask64 digits = _mm512_cmpge_epi8_mask(
			at, _mm512_permutexvar_epi8(which, begin));
		__m512i x = _mm512_maskz_permutexvar_epi8(digits, at, window);

		x = _mm512_and_si512(x, _mm512_set1_epi8(15));
		x = _mm512_madd_epi16(_mm512_maddubs_epi16(x, ten), hundred);
		x = _mm512_add_epi64(_mm512_mul_epu32(x, _mm512_set1_epi64(10000)),
				     _mm512_srli_epi64(x, 32));
		_mm512_storeu_si512(out + i, x);
		which = _mm512_add_epi8(which, _mm512_set1_epi8(8));
	}
}

AVX512 INLINE enum scan_stop run_avx512(struct scan *s, enum scan_shape shape)
{
	enum scan_stop stop;
	unsigned run = 0;

	while (is_roomy(s)) {
		__m512i window = _mm512_loadu_si512(s->at);
		struct masks m = classify_whole(window, shape);
		uint64_t *out = &s->edge[s->n].src, three[NUMBERS_MOST];
		unsigned n = 0;
		struct cut c;

		if (cut_lines(&m, shape, &c))
			n = columns(&c, shape == SCAN_EL && s->value);
		if (n == 0 || (c.wide && !take_wide(&c, s->at, out))) {
			stop = scan_some(s, &run);
			if (stop != SCAN_END)
				return stop;
			continue;
		}
		run = 0;
		if (n == 3) {
			take_picked(&c, window, three);
			took_triples(s, &c, three);
			continue;
		}
		if (!c.wide)
			take_picked(&c, window, out);
		took_pairs(s, &c);
	}
	return scan_plain(s);
}

AVX512 static enum scan_stop lines_avx512(struct scan *s)
{
	return s->shape == SCAN_TSV ? run_avx512(s, SCAN_TSV) : run_avx512(s, SCAN_EL);
}

/* --- what this processor has --- */

scan_fn *scan_avx2(void)
{
	return cpu_has(CPU_AVX2) && cpu_has(CPU_BMI) && cpu_has(CPU_BMI2) &&
		cpu_has(CPU_LZCNT) && cpu_has(CPU_POPCNT) && !cpu_slow_pdep() ?
		lines_avx2 : NULL;
}

scan_fn *scan_avx512(void)
{
	return scan_avx2() && cpu_has(CPU_AVX512BW) && cpu_has(CPU_AVX512VBMI) &&
		cpu_has(CPU_AVX512VBMI2) ? lines_avx512 : NULL;
}

#else

scan_fn *scan_avx2(void)
{
	return NULL;
}

scan_fn *scan_avx512(void)
{
	return NULL;
}

#endif
