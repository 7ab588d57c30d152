/* base/crc32c.c - three streams of the instruction, or tables of eight
 *
 * The instruction has a latency of three cycles and a rate of one: three
 * independent streams fill it.  Their remainders are combined by shifting the
 * first two over the bytes that follow, a multiplication by x^(8n) mod P, done
 * with four 256-entry tables for each of the two stream lengths used.  The
 * tables are made at the first call, in a few microseconds.
 */
#include "base/crc32c.h"

#include <pthread.h>
#include <string.h>

#include "base/cpu.h"
#include "base/endian.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define POLY 0x82f63b78u	/* reflected */
#define LONG 1360		/* a stream: 3 x 1360 = 4080 of a 4 KiB page */
#define SHORT 168		/* 3 x 168 = 504: a log sector's payload */

static uint32_t table[8][256];
static uint32_t over_long[4][256], over_short[4][256];
static pthread_once_t bytes_once = PTHREAD_ONCE_INIT;
static pthread_once_t choose_once = PTHREAD_ONCE_INIT;
static crc32c_fn *chosen;

/* A * B mod P, both reflected: bit 31 is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (uint32_t bit = (uint32_t)1 << 31; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = b >> 1 ^ (b & 1 ? POLY : 0);
	}
	return product;
}

/* x^(8n) mod P: what n more bytes do to a remainder. */
static uint32_t power(uint64_t n)
{
	uint32_t result = (uint32_t)1 << 31, square = (uint32_t)1 << 23;

	for (; n; n >>= 1) {
		if (n & 1)
			result = multiply(result, square);
		square = multiply(square, square);
	}
	return result;
}

static void fill_over(uint32_t out[4][256], size_t n)
{
	uint32_t x = power(n);

	for (int k = 0; k < 4; k++) {
		out[k][0] = 0;
		for (unsigned v = 1; v < 256; v++)
			out[k][v] = out[k][v & (v - 1)] ^
				(v & (v - 1) ? out[k][v & -v]
					     : multiply(x, (uint32_t)v << 8 * k));
	}
}

static void fill_bytes(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? POLY : 0);
		table[0][i] = c;
	}
	for (unsigned i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			table[k][i] = table[k - 1][i] >> 8 ^
				      table[0][table[k - 1][i] & 0xff];
}

/* Only what the chosen form needs: a process that lives 1 ms pays for it. */
static void choose(void)
{
	chosen = crc32c_hardware();
	if (!chosen)
		chosen = crc32c_table;
	else {
		fill_over(over_long, LONG);
		fill_over(over_short, SHORT);
	}
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	return le64toh(x);
}

uint32_t crc32c_table(uint32_t crc, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;

	pthread_once(&bytes_once, fill_bytes);
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		uint64_t x = load64(p) ^ crc;

		crc = table[7][x & 0xff] ^ table[6][x >> 8 & 0xff] ^
		      table[5][x >> 16 & 0xff] ^ table[4][x >> 24 & 0xff] ^
		      table[3][x >> 32 & 0xff] ^ table[2][x >> 40 & 0xff] ^
		      table[1][x >> 48 & 0xff] ^ table[0][x >> 56];
	}
	while (len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__) || defined(__aarch64__)

#if defined(__x86_64__)
#define HW __attribute__((target("sse4.2")))
#define STEP64(c, x) ((uint32_t)_mm_crc32_u64((c), (x)))
#define STEP8(c, x) _mm_crc32_u8((c), (x))
#else
#define HW __attribute__((target("+crc")))
#define STEP64(c, x) __crc32cd((c), (x))
#define STEP8(c, x) __crc32cb((c), (x))
#endif

static uint32_t shift(uint32_t over[4][256], uint32_t c)
{
	return over[0][c & 0xff] ^ over[1][c >> 8 & 0xff] ^
	       over[2][c >> 16 & 0xff] ^ over[3][c >> 24];
}

HW static uint32_t three(uint32_t crc, const uint8_t *p, size_t n,
			 uint32_t over[4][256])
{
	uint32_t a = crc, b = 0, c = 0;

	for (size_t i = 0; i < n; i += 8) {
		a = STEP64(a, load64(p + i));
		b = STEP64(b, load64(p + n + i));
		c = STEP64(c, load64(p + 2 * n + i));
	}
	return shift(over, shift(over, a) ^ b) ^ c;
}

HW static uint32_t hardware(uint32_t crc, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;

	pthread_once(&choose_once, choose);
	crc = ~crc;
	for (; len >= 3 * LONG; len -= 3 * LONG, p += 3 * LONG)
		crc = three(crc, p, LONG, over_long);
	for (; len >= 3 * SHORT; len -= 3 * SHORT, p += 3 * SHORT)
		crc = three(crc, p, SHORT, over_short);
	for (; len >= 8; len -= 8, p += 8)
		crc = STEP64(crc, load64(p));
	while (len--)
		crc = STEP8(crc, *p++);
	return ~crc;
}

crc32c_fn *crc32c_hardware(void)
{
#if defined(__x86_64__)
	return cpu_has(CPU_SSE42) ? hardware : NULL;
#else
	return getauxval(AT_HWCAP) & HWCAP_CRC32 ? hardware : NULL;
#endif
}

#else

crc32c_fn *crc32c_hardware(void)
{
	return NULL;
}

#endif

uint32_t crc32c(uint32_t crc, const void *ptr, size_t len)
{
	pthread_once(&choose_once, choose);
	return chosen(crc, ptr, len);
}

/* What goes in and out is inverted, and the inversions cancel. */
uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len)
{
	return multiply(power(b_len), a) ^ b;
}

uint32_t crc32c_seed(uint64_t a, uint64_t b)
{
	le64 ab[2] = { le64_of(a), le64_of(b) };

	return crc32c(0, ab, sizeof ab);
}
