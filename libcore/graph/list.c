/* graph/list.c - gaps into bits and back
 *
 * Eight numbers of w bits are w bytes, so eight of up to 25 bits are two loads of
 * 16 bytes, a shuffle that gives each its four bytes, and a shift of its own for
 * each.  Their sums, in 32 bits, cannot overflow within a block of 32; wider
 * numbers take the portable way, which checks each sum.
 */
#include "graph/list_inside.h"

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SIMD_BITS 25u

static uint64_t load64(const uint8_t *p)
{
	le64 v;

	memcpy(&v, p, 8);
	return le64_get(v);
}

/* --- encoding --- */

/* What kinds of head there are: the lowest bits, how many, and their meaning. */
enum { NEAR = 1, EQUAL = 2 };
static const struct {
	uint8_t tag, bits;
} heads[] = {
	[0] = { 0, 1 }, [NEAR] = { 1, 3 }, [EQUAL] = { 3, 3 }, [NEAR | EQUAL] = { 5, 3 },
};

static unsigned head_len(unsigned kind, uint64_t value)
{
	unsigned n = 1;

	for (value >>= 7 - heads[kind].bits; value; value >>= 7)
		n++;
	return n;
}

static uint8_t *put_head(uint8_t *out, unsigned kind, uint64_t value)
{
	unsigned bits = heads[kind].bits;
	uint64_t rest = value >> (7 - bits);

	*out = (uint8_t)(heads[kind].tag | (value << bits & 0x7f) | (rest ? 0x80 : 0));
	for (out++; rest; rest >>= 7)
		*out++ = (uint8_t)((rest & 0x7f) | (rest >> 7 ? 0x80 : 0));
	return out;
}

static uint64_t zigzag(uint64_t d)
{
	return d << 1 ^ (d >> 63 ? ~0ull : 0);
}

uint8_t *list_put_first(uint8_t *out, uint64_t node, uint64_t first, bool equal)
{
	unsigned kind = equal ? EQUAL : 0;
	uint64_t near = zigzag(first - node);

	if (head_len(kind | NEAR, near) < head_len(kind, first))
		return put_head(out, kind | NEAR, near);
	return put_head(out, kind, first);
}

unsigned list_fill_up(unsigned m, unsigned w)
{
	unsigned wide = (m * w + 7) / 8 * 8 / m;

	return wide < 64 ? wide : 64;
}

static inline bool has_equal(const void *ids, unsigned width, uint64_t n)
{
	bool equal = false;

	for (uint64_t i = 1; i < n; i++)
		equal |= list_id_at(ids, width, i) == list_id_at(ids, width, i - 1);
	return equal;
}

unsigned list_bytes_for(uint64_t x)
{
	unsigned n = (bits_width(x) + 7) / 8;

	return n ? n : 1;
}

/* Where each chunk begins is known when all widths are: a pass ahead for its size,
 * so that the table's places are as narrow as they can be. */
static inline uint64_t last_chunk_off(const void *ids, unsigned width, uint64_t n, uint64_t step)
{
	uint64_t off = 0, last = (n - 2) / LIST_CHUNK * LIST_CHUNK;

	for (uint64_t i = 0; i < last; i += LIST_BLOCK)
		off += 1 + LIST_BLOCK / 8 * list_width(ids, width, 1 + i, LIST_BLOCK, step);
	return off;
}

static inline uint8_t *put_table(uint8_t *out, const void *ids, unsigned width, uint64_t n,
				 uint64_t step, unsigned *id_len, unsigned *off_len)
{
	uint64_t entry_n = (n - 2) / LIST_CHUNK;

	*id_len = list_bytes_for(list_id_at(ids, width, entry_n * LIST_CHUNK));
	*off_len = list_bytes_for(last_chunk_off(ids, width, n, step));
	*out = (uint8_t)((*off_len - 1) << 4 | (*id_len - 1));
	return out + 1 + entry_n * (*id_len + *off_len);
}

static inline size_t encode(uint8_t *out, uint64_t node, const void *ids, unsigned width,
			    uint64_t n)
{
	uint8_t *at = out, *table, *blocks;
	unsigned id_len = 0, off_len = 0;
	uint64_t step;

	if (n == 0)
		return 0;
	step = !has_equal(ids, width, n);
	at = list_put_first(at, node, list_id_at(ids, width, 0), !step);
	table = at + 1;
	if (n > LIST_CHUNK + 1)
		at = put_table(at, ids, width, n, step, &id_len, &off_len);
	blocks = at;
	for (uint64_t i = 1; i < n; i += LIST_BLOCK) {
		unsigned m = n - i < LIST_BLOCK ? (unsigned)(n - i) : LIST_BLOCK;
		unsigned w = list_width(ids, width, i, m, step);

		if (i > 1 && i % LIST_CHUNK == 1) {
			list_put_entry(table, list_id_at(ids, width, i - 1), id_len,
				  (uint64_t)(at - blocks), off_len);
			table += id_len + off_len;
		}
		if (n - i > LIST_BLOCK)
			*at++ = (uint8_t)w;
		else
			w = list_fill_up(m, w);
		at = list_put_bits(at, ids, width, i, m, w, step);
	}
	return (size_t)(at - out);
}

size_t list_encode(uint8_t *out, uint64_t node, const uint64_t *ids, uint64_t n)
{
	return encode(out, node, ids, 8, n);
}

size_t list_encode32(uint8_t *out, uint64_t node, const uint32_t *ids, uint64_t n)
{
	return encode(out, node, ids, 4, n);
}

/* --- reading --- */

/* The head's value and kind; NULL when it is none. */
static const uint8_t *get_head(const uint8_t *at, const uint8_t *end, unsigned *kind,
			       uint64_t *value)
{
	static const uint8_t kinds[8] = { 0, NEAR, 0, EQUAL, 0, NEAR | EQUAL, 0, 0xff };
	unsigned shift;
	uint8_t b;

	if (at >= end)
		return NULL;
	b = *at++;
	*kind = kinds[b & 7];
	if (*kind == 0xff)
		return NULL;
	*value = (b & 0x7f) >> heads[*kind].bits;
	for (shift = 7 - heads[*kind].bits; b & 0x80; shift += 7) {
		if (at >= end || shift > 63)
			return NULL;
		b = *at++;
		if (shift > 57 && (b & 0x7f) >> (64 - shift))
			return NULL;
		*value |= (uint64_t)(b & 0x7f) << shift;
	}
	return at;
}

static int begin_table(struct list_reader *r)
{
	uint64_t room = (uint64_t)(r->end - r->at);

	if (room == 0)
		return -1;
	r->id_len = (*r->at & 15) + 1;
	r->off_len = (*r->at >> 4) + 1;
	r->entry_n = (r->n - 2) / LIST_CHUNK;
	r->table = r->at + 1;
	if (r->id_len > 8 || r->off_len > 8 ||
	    r->entry_n > (room - 1) / (r->id_len + r->off_len))
		return -1;
	r->at = r->table + list_table_len(r);
	return 0;
}

int list_begin(struct list_reader *r, uint64_t node, uint64_t n, const uint8_t *at,
	       const uint8_t *end)
{
	unsigned kind;
	uint64_t value;

	*r = (struct list_reader){ .at = at, .end = end, .left = n, .n = n };
	if (n == 0)
		return at == end ? 0 : -1;
	r->at = get_head(at, end, &kind, &value);
	if (!r->at)
		return -1;
	r->step = !(kind & EQUAL);
	if (kind & NEAR)
		value = node + (value >> 1 ^ (value & 1 ? ~0ull : 0));
	r->last = value;
	return n > LIST_CHUNK + 1 ? begin_table(r) : 0;
}

/* 2^20 over the number of numbers, rounded up: what it multiplies is below 2^20 / 32,
 * so that the product's upper bits are the quotient. */
#define PART_OF(m) (((1u << 20) + (m) - 1) / (m))
static const uint32_t part_of[LIST_BLOCK + 1] = {
	0, PART_OF(1), PART_OF(2), PART_OF(3), PART_OF(4), PART_OF(5), PART_OF(6), PART_OF(7),
	PART_OF(8), PART_OF(9), PART_OF(10), PART_OF(11), PART_OF(12), PART_OF(13),
	PART_OF(14), PART_OF(15), PART_OF(16), PART_OF(17), PART_OF(18), PART_OF(19),
	PART_OF(20), PART_OF(21), PART_OF(22), PART_OF(23), PART_OF(24), PART_OF(25),
	PART_OF(26), PART_OF(27), PART_OF(28), PART_OF(29), PART_OF(30), PART_OF(31),
	PART_OF(32),
};

/* The width of the last block's M numbers, in ROOM bytes, at most 8 * LIST_BLOCK; of
 * none in none it is 0.  -1. */
static inline int last_width(unsigned room, unsigned m)
{
	unsigned w = (unsigned)((uint64_t)(room * 8) * part_of[m] >> 20);

	w = w < 64 ? w : 64;
	return (m * w + 7) / 8 == room ? (int)w : -1;
}

/* The block's width, M numbers long; its bytes lie before the end.  -1. */
static inline int block_width(struct list_reader *r, uint64_t left, unsigned *m)
{
	uint64_t room = (uint64_t)(r->end - r->at);
	unsigned w;

	if (left > LIST_BLOCK) {
		*m = LIST_BLOCK;
		if (room == 0)
			return -1;
		w = *r->at;
		r->at++;
		return w <= 64 && (room - 1) >= w * (LIST_BLOCK / 8) ? (int)w : -1;
	}
	*m = (unsigned)left;
	if (room > 8 * LIST_BLOCK)
		return -1;
	return last_width((unsigned)room, *m);
}

/* M numbers of W bits at AT summed up from LAST on; false when one wraps. */
static inline bool sum_portable(uint64_t *ids, const uint8_t *at, unsigned m, unsigned w,
				uint64_t last, uint64_t step)
{
	uint64_t mask = w ? ~0ull >> (64 - w) : 0;
	bool wraps = false;

	for (unsigned i = 0; i < m; i++) {
		unsigned bit = i * w % 8;
		const uint8_t *p = at + i * w / 8;
		uint64_t x = load64(p) >> bit;

		if (bit + w > 64)
			x |= (uint64_t)p[8] << (64 - bit);
		wraps |= __builtin_add_overflow(last, x & mask, &last);
		wraps |= __builtin_add_overflow(last, step, &last);
		ids[i] = last;
	}
	return !wraps;
}

typedef bool sum_fn(uint64_t *ids, const uint8_t *at, unsigned m, unsigned w, uint64_t last,
		    uint64_t step);

static inline __attribute__((always_inline)) int read_with(struct list_reader *r, uint64_t *ids,
							   sum_fn *narrow, unsigned narrow_bits)
{
	unsigned n = 0, m;

	if (!r->begun && r->left) {
		r->begun = true;
		r->left--;
		ids[n++] = r->last;
		if (r->left == 0 && r->at != r->end)
			return -1;
	}
	while (r->left && n <= LIST_READ - LIST_BLOCK) {
		int w = block_width(r, r->left, &m);

		if (w < 0)
			return -1;
		if ((unsigned)w <= narrow_bits
		    ? !narrow(ids + n, r->at, m, (unsigned)w, r->last, r->step)
		    : !sum_portable(ids + n, r->at, m, (unsigned)w, r->last, r->step))
			return -1;
		r->at += (m * (unsigned)w + 7) / 8;
		n += m;
		r->last = ids[n - 1];
		r->left -= m;
	}
	return (int)n;
}

static int read_portable(struct list_reader *r, uint64_t ids[LIST_READ])
{
	return read_with(r, ids, sum_portable, 64);
}

#if defined(__x86_64__)
/* How eight numbers of W bits, W up to SIMD_BITS, come into eight lanes. */
struct spread {
	__m256i pick, shift, mask;
};

__attribute__((target("avx2"))) static inline struct spread spread_of(unsigned w)
{
	const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3);
	const __m256i four = _mm256_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12,
					      0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
	const __m256i odd = _mm256_set_epi32(4, 4, 4, 4, 0, 0, 0, 0);
	/* where each number's bits begin, from its half's first byte on */
	__m256i bit = _mm256_add_epi32(_mm256_mullo_epi32(lane, _mm256_set1_epi32((int)w)),
				       w & 1 ? odd : _mm256_setzero_si256());
	struct spread s = {
		.pick = _mm256_add_epi8(_mm256_shuffle_epi8(_mm256_srli_epi32(bit, 3), four),
					_mm256_set1_epi32(0x03020100)),
		.shift = _mm256_and_si256(bit, _mm256_set1_epi32(7)),
		.mask = _mm256_set1_epi32((int)((1u << w) - 1)),
	};

	return s;
}

__attribute__((target("avx2"))) static inline __m256i
eight_at(const uint8_t *at, unsigned w, const struct spread *s)
{
	__m256i x = _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)at)),
		_mm_loadu_si128((const __m128i *)(at + w / 2)), 1);

	x = _mm256_srlv_epi32(_mm256_shuffle_epi8(x, s->pick), s->shift);
	return _mm256_and_si256(x, s->mask);
}

/* Each lane the sum of all up to it, LESS added to each number. */
__attribute__((target("avx2"))) static inline __m256i sum_eight(__m256i x, __m256i less)
{
	const __m256i upper = _mm256_setr_epi32(0, 0, 0, 0, -1, -1, -1, -1);

	x = _mm256_add_epi32(x, less);
	x = _mm256_add_epi32(x, _mm256_slli_si256(x, 4));
	x = _mm256_add_epi32(x, _mm256_slli_si256(x, 8));
	return _mm256_add_epi32(x, _mm256_and_si256(
		upper, _mm256_permutevar8x32_epi32(x, _mm256_set1_epi32(3))));
}

/* As sum_portable, for W of up to SIMD_BITS; eight places at a time are written. */
__attribute__((target("avx2"))) static inline bool
sum_avx2(uint64_t *ids, const uint8_t *at, unsigned m, unsigned w, uint64_t last, uint64_t step)
{
	struct spread s = spread_of(w);
	__m256i less = _mm256_set1_epi32((int)step);
	__m256i base = _mm256_set1_epi64x((long long)last);
	__m256i carry = _mm256_setzero_si256();

	for (unsigned i = 0; i < m; i += 8, at += w) {
		__m256i x = _mm256_add_epi32(sum_eight(eight_at(at, w, &s), less), carry);

		carry = _mm256_permutevar8x32_epi32(x, _mm256_set1_epi32(7));
		_mm256_storeu_si256((__m256i *)(ids + i), _mm256_add_epi64(base,
			_mm256_cvtepu32_epi64(_mm256_castsi256_si128(x))));
		_mm256_storeu_si256((__m256i *)(ids + i + 4), _mm256_add_epi64(base,
			_mm256_cvtepu32_epi64(_mm256_extracti128_si256(x, 1))));
	}
	return ids[m - 1] >= last;
}

__attribute__((target("avx2"))) static int read_avx2(struct list_reader *r,
						     uint64_t ids[LIST_READ])
{
	return read_with(r, ids, sum_avx2, SIMD_BITS);
}
#endif

/* --- the same for narrow ids --- */

static inline bool sum32_portable(uint32_t *ids, const uint8_t *at, unsigned m, unsigned w,
				  uint64_t last, uint64_t step)
{
	uint64_t wide[LIST_BLOCK];
	bool fits = sum_portable(wide, at, m, w, last, step) && wide[m - 1] <= UINT32_MAX;

	for (unsigned i = 0; i < m; i++)
		ids[i] = (uint32_t)wide[i];
	return fits;
}

typedef bool sum32_fn(uint32_t *ids, const uint8_t *at, unsigned m, unsigned w, uint64_t last,
		      uint64_t step);

static inline __attribute__((always_inline)) int
read32_with(struct list_reader *r, uint32_t *ids, unsigned most, sum32_fn *narrow,
	    unsigned narrow_bits)
{
	unsigned n = 0, m;

	if (!r->begun && r->left) {
		r->begun = true;
		r->left--;
		ids[n++] = (uint32_t)r->last;
		if (r->last > UINT32_MAX || (r->left == 0 && r->at != r->end))
			return -1;
	}
	while (r->left && n + LIST_BLOCK <= most) {
		int w = block_width(r, r->left, &m);

		if (w < 0)
			return -1;
		if ((unsigned)w <= narrow_bits
		    ? !narrow(ids + n, r->at, m, (unsigned)w, r->last, r->step)
		    : !sum32_portable(ids + n, r->at, m, (unsigned)w, r->last, r->step))
			return -1;
		r->at += (m * (unsigned)w + 7) / 8;
		n += m;
		r->last = ids[n - 1];
		r->left -= m;
	}
	return (int)n;
}

static int read32_portable(struct list_reader *r, uint32_t ids[LIST_READ], unsigned most)
{
	return read32_with(r, ids, most, sum32_portable, 64);
}

#if defined(__x86_64__)
/* As sum_avx2; a block's sum is below 2^31, so that a wrap shows at its end. */
__attribute__((target("avx2"))) static inline bool
sum32_avx2(uint32_t *ids, const uint8_t *at, unsigned m, unsigned w, uint64_t last,
	   uint64_t step)
{
	struct spread s = spread_of(w);
	__m256i less = _mm256_set1_epi32((int)step);
	__m256i carry = _mm256_set1_epi32((int)last);

	for (unsigned i = 0; i < m; i += 8, at += w) {
		__m256i x = _mm256_add_epi32(sum_eight(eight_at(at, w, &s), less), carry);

		carry = _mm256_permutevar8x32_epi32(x, _mm256_set1_epi32(7));
		_mm256_storeu_si256((__m256i *)(ids + i), x);
	}
	return ids[m - 1] >= last;
}

__attribute__((target("avx2"))) static int
read32_avx2(struct list_reader *r, uint32_t ids[LIST_READ], unsigned most)
{
	return read32_with(r, ids, most, sum32_avx2, SIMD_BITS);
}

/* Where the four bytes of each of sixteen numbers of W bits begin, and how far its
 * bits are shifted in them: by W, made at build time as a block is too short to
 * spend time on it. */
#define BYTES_OF(w, i) (i) * (w) / 8, (i) * (w) / 8 + 1, (i) * (w) / 8 + 2, (i) * (w) / 8 + 3
#define SHIFT_OF(w, i) (i) * (w) % 8
#define SIXTEEN(x, w) { x(w, 0), x(w, 1), x(w, 2), x(w, 3), x(w, 4), x(w, 5), x(w, 6), \
	x(w, 7), x(w, 8), x(w, 9), x(w, 10), x(w, 11), x(w, 12), x(w, 13), x(w, 14), x(w, 15) }
#define WIDTHS(x) { \
	SIXTEEN(x, 0), SIXTEEN(x, 1), SIXTEEN(x, 2), SIXTEEN(x, 3), SIXTEEN(x, 4), \
	SIXTEEN(x, 5), SIXTEEN(x, 6), SIXTEEN(x, 7), SIXTEEN(x, 8), SIXTEEN(x, 9), \
	SIXTEEN(x, 10), SIXTEEN(x, 11), SIXTEEN(x, 12), SIXTEEN(x, 13), SIXTEEN(x, 14), \
	SIXTEEN(x, 15), SIXTEEN(x, 16), SIXTEEN(x, 17), SIXTEEN(x, 18), SIXTEEN(x, 19), \
	SIXTEEN(x, 20), SIXTEEN(x, 21), SIXTEEN(x, 22), SIXTEEN(x, 23), SIXTEEN(x, 24), \
	SIXTEEN(x, 25) }
static const uint8_t bytes_of[SIMD_BITS + 1][64] = WIDTHS(BYTES_OF);
static const uint8_t shift_of[SIMD_BITS + 1][16] = WIDTHS(SHIFT_OF);

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

struct lanes {			/* of numbers of one width */
	__m512i pick, shift, mask, less;
	unsigned w;
};

AVX512 static inline struct lanes lanes_of(unsigned w, uint64_t step)
{
	struct lanes l = {
		.pick = _mm512_loadu_si512(bytes_of[w]),
		.shift = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)shift_of[w])),
		.mask = _mm512_set1_epi32((int)((1u << w) - 1)),
		.less = _mm512_set1_epi32((int)step),
		.w = w,
	};

	return l;
}

/* The sums of sixteen numbers in LEN bytes, fewer than 64. */
AVX512 static inline __m512i sum_sixteen(const uint8_t *at, unsigned len, const struct lanes *l)
{
	const __m512i none = _mm512_setzero_si512();
	__m512i x = _mm512_maskz_loadu_epi8((1ull << len) - 1, at);

	x = _mm512_srlv_epi32(_mm512_permutexvar_epi8(l->pick, x), l->shift);
	x = _mm512_add_epi32(_mm512_and_si512(x, l->mask), l->less);
	x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, none, 15));
	x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, none, 14));
	x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, none, 12));
	return _mm512_add_epi32(x, _mm512_alignr_epi32(x, none, 8));
}

/* The sums from BASE on of up to 32 numbers in LEN bytes, all 32 places written: how
 * many there are is not asked, as nobody could guess it.  What they come to without
 * BASE, in each lane, of all 32: the next block waits for one addition. */
AVX512 static inline __m512i sum_block(uint32_t *ids, const uint8_t *at, unsigned len,
				       const struct lanes *l, __m512i base)
{
	const __m512i top = _mm512_set1_epi32(15);
	unsigned half = len < 2 * l->w ? len : 2 * l->w;
	__m512i x = sum_sixteen(at, half, l);
	__m512i y = sum_sixteen(at + half, len - half, l);

	y = _mm512_add_epi32(y, _mm512_permutexvar_epi32(top, x));
	_mm512_storeu_si512(ids, _mm512_add_epi32(x, base));
	_mm512_storeu_si512(ids + 16, _mm512_add_epi32(y, base));
	return _mm512_permutexvar_epi32(top, y);
}

/* M numbers of W bits, more than SIMD_BITS, from *AT on. */
static __attribute__((noinline)) bool wide_block(uint32_t *ids, const struct list_reader *r,
						 const uint8_t *at, unsigned m, int w,
						 uint32_t last)
{
	return w >= 0 && sum32_portable(ids, at, m, (unsigned)w, last, r->step);
}

/* The full blocks that there is room for, and that another follows; -1, or how many
 * places are filled. */
AVX512 static inline int full_blocks(struct list_reader *r, uint32_t *ids, unsigned n,
				     unsigned most)
{
	__m512i base = _mm512_set1_epi32((int)r->last), next;
	__mmask16 wraps = 0;
	unsigned m;

	for (; r->left > LIST_BLOCK && n + LIST_BLOCK <= most; n += LIST_BLOCK) {
		int w = block_width(r, r->left, &m);

		if ((unsigned)w <= SIMD_BITS) {
			struct lanes l = lanes_of((unsigned)w, r->step);

			next = _mm512_add_epi32(base, sum_block(ids + n, r->at, 4 * l.w, &l, base));
		} else {
			uint32_t last = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(base));

			if (!wide_block(ids + n, r, r->at, LIST_BLOCK, w, last))
				return -1;
			next = _mm512_set1_epi32((int)ids[n + LIST_BLOCK - 1]);
		}
		wraps |= _mm512_cmplt_epu32_mask(next, base);
		base = next;
		r->at += 4 * (unsigned)w;
		r->left -= LIST_BLOCK;
	}
	r->last = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(base));
	return wraps ? -1 : (int)n;
}

/* The last block, which may have no numbers at all where ids[N - 1] was the first. */
AVX512 static inline int last_block(struct list_reader *r, uint32_t *ids, unsigned n)
{
	uint64_t room = (uint64_t)(r->end - r->at);
	unsigned m = (unsigned)r->left;
	int w = room <= 8 * LIST_BLOCK ? last_width((unsigned)room, m) : -1;

	if ((unsigned)w <= SIMD_BITS) {
		struct lanes l = lanes_of((unsigned)w, r->step);

		sum_block(ids + n, r->at, (unsigned)room, &l, _mm512_set1_epi32((int)r->last));
	} else if (!wide_block(ids + n, r, r->at, m, w, (uint32_t)r->last)) {
		return -1;
	}
	n += m;
	if (ids[n - 1] < r->last)
		return -1;
	r->at = r->end;
	r->last = ids[n - 1];
	r->left = 0;
	return (int)n;
}

/* As read32_with: sums stay in registers from block to block, and the last block is
 * read without asking how long it is. */
AVX512 static int read32_avx512(struct list_reader *r, uint32_t ids[LIST_READ], unsigned most)
{
	int n = 0;

	if (!r->left)
		return 0;
	if (r->last > UINT32_MAX)
		return -1;
	if (!r->begun) {
		r->begun = true;
		r->left--;
		ids[n++] = (uint32_t)r->last;
	}
	if (r->left > LIST_BLOCK)
		n = full_blocks(r, ids, (unsigned)n, most);
	if (n < 0 || r->left > LIST_BLOCK || (unsigned)n + LIST_BLOCK > most)
		return n;
	return last_block(r, ids, (unsigned)n);
}

__attribute__((target("avx2"))) static void
unpack_avx2(uint64_t *out, const uint8_t *at, unsigned n, unsigned w)
{
	struct spread s = spread_of(w);

	for (unsigned i = 0; i < n; i += 8, at += w) {
		__m256i x = eight_at(at, w, &s);

		_mm256_storeu_si256((__m256i *)(out + i),
				    _mm256_cvtepu32_epi64(_mm256_castsi256_si128(x)));
		_mm256_storeu_si256((__m256i *)(out + i + 4),
				    _mm256_cvtepu32_epi64(_mm256_extracti128_si256(x, 1)));
	}
}
#endif

static void unpack_portable(uint64_t *out, const uint8_t *at, unsigned n, unsigned w)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = bits_get(at, i, w);
}

/* --- which it is --- */

#if defined(__x86_64__)
enum vectors { UNKNOWN, NONE, BY_AVX2, BY_AVX512 };
static int vectors;		/* a race stores the same */

static int best(void)
{
	if (!cpu_has(CPU_AVX2))
		return NONE;
	return cpu_has(CPU_AVX512BW) && cpu_has(CPU_AVX512VBMI) ? BY_AVX512 : BY_AVX2;
}

static inline int which(void)
{
	int v = __atomic_load_n(&vectors, __ATOMIC_RELAXED);

	if (v == UNKNOWN) {
		v = best();
		__atomic_store_n(&vectors, v, __ATOMIC_RELAXED);
	}
	return v;
}

void list_decode_by(enum list_decoder d)
{
	int most = best(), v = d == LIST_BEST ? most : d == LIST_AVX2 ? BY_AVX2 : NONE;

	__atomic_store_n(&vectors, v < most ? v : most, __ATOMIC_RELAXED);
}

int list_read(struct list_reader *r, uint64_t ids[LIST_READ])
{
	return which() > NONE ? read_avx2(r, ids) : read_portable(r, ids);
}

int list_read32(struct list_reader *r, uint32_t ids[LIST_READ], unsigned most)
{
	int v = which();

	if (v == BY_AVX512)
		return read32_avx512(r, ids, most);
	return v == BY_AVX2 ? read32_avx2(r, ids, most) : read32_portable(r, ids, most);
}

void list_unpack(uint64_t *out, const uint8_t *at, unsigned n, unsigned w)
{
	if (which() > NONE)
		unpack_avx2(out, at, n, w);
	else
		unpack_portable(out, at, n, w);
}
#else
void list_decode_by(enum list_decoder d)
{
	(void)d;
}

int list_read(struct list_reader *r, uint64_t ids[LIST_READ])
{
	return read_portable(r, ids);
}

int list_read32(struct list_reader *r, uint32_t ids[LIST_READ], unsigned most)
{
	return read32_portable(r, ids, most);
}

void list_unpack(uint64_t *out, const uint8_t *at, unsigned n, unsigned w)
{
	unpack_portable(out, at, n, w);
}
#endif

/* --- moving forward --- */

static uint64_t entry_id(const struct list_reader *r, uint64_t i)
{
	le64 v = {0};

	memcpy(&v, r->table + i * (r->id_len + r->off_len), r->id_len);
	return le64_get(v);
}

static uint64_t entry_off(const struct list_reader *r, uint64_t i)
{
	le64 v = {0};

	memcpy(&v, r->table + i * (r->id_len + r->off_len) + r->id_len, r->off_len);
	return le64_get(v);
}

int list_chunk(struct list_reader *r, uint64_t chunk)
{
	const uint8_t *blocks;
	uint64_t off;

	if (chunk == 0 || r->left < r->n - 1 - chunk * LIST_CHUNK)
		return 0;
	blocks = r->table + list_table_len(r);
	off = entry_off(r, chunk - 1);
	if (off > (uint64_t)(r->end - blocks))
		return -1;
	r->at = blocks + off;
	r->last = entry_id(r, chunk - 1);
	r->left = r->n - 1 - chunk * LIST_CHUNK;
	r->begun = true;
	return 0;
}

int list_seek(struct list_reader *r, uint64_t id)
{
	uint64_t lo = 0, hi = r->entry_n;

	while (lo < hi) {		/* entries before LO are less than ID */
		uint64_t mid = lo + (hi - lo) / 2;

		if (entry_id(r, mid) < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return list_chunk(r, lo);
}
