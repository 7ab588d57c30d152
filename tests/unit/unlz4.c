/* tests/unit/unlz4.c - our LZ4 decoder beside liblz4's, on sound and on hostile bytes
 *
 * Blocks by liblz4's two encoders and by hand; changed, cut, made up.  What is by the
 * rules both read, what ours reads is what the library makes of it, and in and out lie
 * at the very ends of their memory.
 */
#include <dlfcn.h>
#include <lz4.h>
#include <lz4hc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "codec/unlz4.h"

#define MOST (1u << 17)

static __typeof__(&LZ4_decompress_safe) their_unpack;
static __typeof__(&LZ4_compress_default) their_pack;
static __typeof__(&LZ4_compress_HC) their_pack_hc;
static uint64_t rng;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

static unsigned scaled(unsigned n)
{
	const char *s = getenv("STRATO_TEST_SCALE");

	return 1 + (unsigned)((uint64_t)n * (s && atoi(s) > 0 ? (unsigned)atoi(s) : 100) / 100);
}

/* N bytes that end where the memory does: one further is a crash. */
static uint8_t *edge(uint8_t *map, size_t n)
{
	return map + MOST * 2 - n;
}

static uint8_t *edge_map(void)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, MOST * 2 + (size_t)page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + MOST * 2, (size_t)page, PROT_NONE), 0);
	return p;
}

static uint8_t *in_map, *out_map, *raw, *packed, *theirs;

static int setup(void **state)
{
	void *lib = dlopen("liblz4.so.1", RTLD_NOW);

	(void)state;
	if (lib) {
		their_unpack = (__typeof__(their_unpack))dlsym(lib, "LZ4_decompress_safe");
		their_pack = (__typeof__(their_pack))dlsym(lib, "LZ4_compress_default");
		their_pack_hc = (__typeof__(their_pack_hc))dlsym(lib, "LZ4_compress_HC");
	}
	in_map = edge_map();
	out_map = edge_map();
	raw = malloc(MOST);
	packed = malloc(MOST * 2);
	theirs = malloc(MOST * 2);
	return raw && packed && theirs ? 0 : -1;
}

static void need_library(void)
{
	if (!their_unpack || !their_pack || !their_pack_hc)
		skip();
}

/* What ours says of N bytes with CAP of room, at the edges. */
static long ours(const uint8_t *in, size_t n, size_t cap)
{
	memcpy(edge(in_map, n), in, n);
	memset(edge(out_map, cap + 8), 0x5a, 8);
	return unlz4(edge(in_map, n), n, edge(out_map, cap), cap);
}

/* A length of a token, with the bytes that are added to it; false past the end. */
static bool plain_len(const uint8_t *in, size_t n, size_t *at, size_t *len)
{
	for (bool more = *len == 15; more; ++*at) {
		if (*at >= n)
			return false;
		*len += in[*at];
		more = in[*at] == 255;
	}
	return true;
}

/* The format to the letter: what a block holds, or -1 when it breaks a rule. */
static long plain_reading(const uint8_t *in, size_t n)
{
	size_t at = 0, out = 0, last_match = 0;

	while (at < n) {
		size_t literals = in[at] >> 4, len = in[at] & 15, offset;

		at++;
		if (!plain_len(in, n, &at, &literals) || literals > n - at)
			return -1;
		at += literals;
		out += literals;
		if (at == n)	/* the last: five literals, twelve bytes from a match */
			return out == literals ||
				(literals >= 5 && out - last_match >= 12) ? (long)out : -1;
		if (n - at < 2)
			return -1;
		offset = in[at] | (size_t)in[at + 1] << 8;
		at += 2;
		if (offset == 0 || offset > out || !plain_len(in, n, &at, &len))
			return -1;
		last_match = out;
		out += len + 4;
	}
	return -1;
}

/* A block by the rules is read by both; one that breaks some may be, by both alike or
 * only by the library, which does not look at each. */
static void both(const uint8_t *in, size_t n, size_t cap)
{
	long mine = ours(in, n, cap), right = plain_reading(in, n);
	int other = their_unpack((const char *)in, (char *)theirs, (int)n, (int)cap);

	for (int i = 0; i < 8; i++)
		assert_int_equal(edge(out_map, cap + 8)[i], 0x5a);
	if (right >= 0)
		assert_int_equal(mine, right <= (long)cap && (cap || in[0] == 0) ? right : -1);
	if (mine >= 0)
		assert_int_equal(mine, other);
	if (mine > 0)
		assert_memory_equal(edge(out_map, cap), theirs, mine);
}

/* Bytes of some kind: runs, periods, words, noise, and mixtures. */
static size_t make_raw(void)
{
	size_t n = rnd(4) ? rnd(600) : rnd(MOST), i = 0;

	while (i < n) {
		size_t len = 1 + rnd(rnd(3) ? 40 : 3000), period = 1 + rnd(rnd(2) ? 9 : 300);
		bool noise = rnd(3) == 0;

		for (size_t k = 0; k < len && i < n; k++, i++)
			raw[i] = noise || i < period ? (uint8_t)rnd(256) : raw[i - period];
	}
	return n;
}

static size_t pack(size_t n)
{
	int got = rnd(3) ? their_pack((char *)raw, (char *)packed, (int)n, MOST * 2) :
		their_pack_hc((char *)raw, (char *)packed, (int)n, MOST * 2, 9);

	assert_true(got > 0);
	return (size_t)got;
}

static void what_was_packed_comes_back(void **state)
{
	(void)state;
	need_library();
	rng = 1;
	for (unsigned k = 0; k < scaled(3000); k++) {
		size_t n = make_raw(), len = pack(n);

		assert_int_equal(ours(packed, len, n), n);
		assert_memory_equal(edge(out_map, n), raw, n);
		if (n)
			assert_int_equal(ours(packed, len, n - 1), -1);
		assert_int_equal(ours(packed, len, n + rnd(100)), n);
	}
}

static void changed_blocks_are_read_as_the_library_does_or_refused(void **state)
{
	(void)state;
	need_library();
	rng = 2;
	for (unsigned k = 0; k < scaled(4000); k++) {
		size_t n = make_raw(), len = pack(n);

		for (unsigned i = 0; i < 20; i++) {
			size_t at = rnd(len), cut = rnd(5) ? len : rnd(len + 1);
			uint8_t was = packed[at];

			packed[at] = rnd(3) ? (uint8_t)(was ^ 1u << rnd(8)) :
				(uint8_t)(rnd(2) ? 255 : rnd(256));
			both(packed, cut, rnd(4) ? n : rnd(n + 1000));
			if (rnd(2))
				packed[at] = was;	/* or changes add up */
		}
	}
}

static void made_up_blocks_are_read_as_the_library_does_or_refused(void **state)
{
	(void)state;
	need_library();
	rng = 3;
	for (unsigned k = 0; k < scaled(250000); k++) {
		size_t n = rnd(rnd(2) ? 40 : 400);

		for (size_t i = 0; i < n; i++)
			packed[i] = (uint8_t)(rnd(4) ? rnd(256) : rnd(2) ? rnd(3) : 255 - rnd(3));
		both(packed, n, rnd(3) ? rnd(200) : rnd(20000));
	}
}

/* Sequences by hand, right but for their ends: the borders of each rule. */
static size_t sequence(uint8_t *to, size_t literals, size_t offset, size_t len)
{
	uint8_t *at = to;

	len -= 4;
	*at++ = (uint8_t)((literals < 15 ? literals : 15) << 4 | (len < 15 ? len : 15));
	if (literals >= 15) {
		size_t more = literals - 15;

		for (; more >= 255; more -= 255)
			*at++ = 255;
		*at++ = (uint8_t)more;
	}
	for (size_t i = 0; i < literals; i++)
		*at++ = (uint8_t)rnd(256);
	*at++ = (uint8_t)offset;
	*at++ = (uint8_t)(offset >> 8);
	if (len >= 15) {
		size_t more = len - 15;

		for (; more >= 255; more -= 255)
			*at++ = 255;
		*at++ = (uint8_t)more;
	}
	return (size_t)(at - to);
}

static void every_offset_length_and_distance_from_the_end_is_right(void **state)
{
	(void)state;
	need_library();
	rng = 4;
	for (size_t offset = 1; offset < 40; offset++)
		for (size_t len = 4; len < 120; len += 1 + len / 30)
			for (size_t rest = 0; rest < 80; rest += 1 + rest / 14) {
				size_t n = sequence(packed, 40, offset, len), all;

				n += sequence(packed + n, rest % 15, offset, len);
				all = 40 + len + rest % 15 + len + rest;
				packed[n++] = (uint8_t)((rest < 15 ? rest : 15) << 4);
				if (rest >= 15)
					packed[n++] = (uint8_t)(rest - 15);
				for (size_t i = 0; i < rest; i++)
					packed[n++] = (uint8_t)i;
				both(packed, n, all);
				both(packed, n, all + 70);
			}
}

static void lengths_that_never_end_are_refused(void **state)
{
	(void)state;
	memset(packed, 255, MOST);
	for (size_t n = 0; n < 2000; n++)
		assert_int_equal(ours(packed, n, MOST), -1);
	assert_int_equal(ours(packed, MOST, MOST), -1);
	packed[0] = 0;
	assert_int_equal(ours(packed, 1, 0), 0);	/* no bytes, well said */
	assert_int_equal(ours(packed, 0, 100), -1);	/* nothing said */
	packed[0] = 0x10;
	packed[1] = 7;
	assert_int_equal(ours(packed, 2, 0), -1);
	assert_int_equal(ours(packed, 2, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_comes_back),
		cmocka_unit_test(changed_blocks_are_read_as_the_library_does_or_refused),
		cmocka_unit_test(made_up_blocks_are_read_as_the_library_does_or_refused),
		cmocka_unit_test(every_offset_length_and_distance_from_the_end_is_right),
		cmocka_unit_test(lengths_that_never_end_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
