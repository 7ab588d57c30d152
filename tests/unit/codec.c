/* tests/unit/codec.c - blocks and packed streams: what comes back is what went in,
 * and what was changed on the way is refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "codec/block.h"
#include "codec/unpack.h"

/* "hello hello hello\n" by gzip -n, then "and more\n" by lz4, as those write them. */
static const uint8_t gz[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48,
	0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x5c, 0x00, 0x3b, 0x7c, 0x8a,
	0xdf, 0x12, 0x00, 0x00, 0x00,
};
static const uint8_t lz[] = {
	0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x09, 0x00, 0x00, 0x80, 0x61,
	0x6e, 0x64, 0x20, 0x6d, 0x6f, 0x72, 0x65, 0x0a, 0x00, 0x00, 0x00, 0x00,
	0x18, 0xab, 0x1e, 0x2e,
};
static const char gz_text[] = "hello hello hello\n", lz_text[] = "and more\n";

static void fill(uint8_t *b, size_t n, uint64_t seed, bool random)
{
	uint64_t x = seed;

	for (size_t i = 0; i < n; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		b[i] = random ? (uint8_t)(x >> 56) : (uint8_t)(i / 40 + seed);
	}
}

static void a_block_comes_back_at_every_size(void **state)
{
	static uint8_t in[5000], out[5000], back[5001];
	enum block_codec used;

	(void)state;
	for (size_t n = 0; n < sizeof in; n += n < 70 ? 1 : 131)
		for (int random = 0; random < 2; random++) {
			size_t len;

			fill(in, n, n, random);
			len = block_pack(BLOCK_LZ4, in, n, out, n, &used);
			assert_true(len <= n);
			assert_true(used == BLOCK_RAW ? len == n : len <= n - n / 8);
			back[n] = 77;
			assert_int_equal(block_unpack(used, out, len, back, n), 0);
			assert_memory_equal(in, back, n);
			assert_int_equal(back[n], 77);
		}
}

static void text_shrinks_and_noise_stays_as_it_is(void **state)
{
	static uint8_t in[4096], out[4096];
	enum block_codec used;

	(void)state;
	fill(in, sizeof in, 1, false);
	assert_true(block_pack(BLOCK_LZ4, in, sizeof in, out, sizeof out, &used) < 1000);
	assert_int_equal(used, BLOCK_LZ4);
	assert_int_equal(block_pack(BLOCK_RAW, in, sizeof in, out, sizeof out, &used), 4096);
	assert_int_equal(used, BLOCK_RAW);
	fill(in, sizeof in, 1, true);
	assert_int_equal(block_pack(BLOCK_LZ4, in, sizeof in, out, sizeof out, &used), 4096);
	assert_int_equal(used, BLOCK_RAW);
}

static void a_changed_block_never_writes_past_its_size(void **state)
{
	static uint8_t in[2000], out[2000], back[2064];
	enum block_codec used;
	size_t len;

	(void)state;
	fill(in, sizeof in, 3, false);
	len = block_pack(BLOCK_LZ4, in, sizeof in, out, sizeof out, &used);
	assert_int_equal(used, BLOCK_LZ4);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		int r;

		memset(back, 0xee, sizeof back);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		r = block_unpack(used, out, len, back, sizeof in);
		assert_true(r == 0 || r == ERR_DAMAGED);
		for (size_t i = sizeof in; i < sizeof back; i++)
			assert_int_equal(back[i], 0xee);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(block_unpack(used, out, len, back, sizeof in - 1), ERR_DAMAGED);
	assert_int_equal(block_unpack(used, out, len, back, sizeof in + 1), ERR_DAMAGED);
	assert_int_equal(block_unpack(used, out, len - 1, back, sizeof in), ERR_DAMAGED);
	assert_int_equal(block_unpack(BLOCK_RAW, out, 5, back, 6), ERR_DAMAGED);
	assert_int_equal(block_unpack(9, out, 5, back, 5), ERR_NEWER);
}

/* Feeds STEP bytes at a time into OUT; what it came to, or an error. */
static long feed(const uint8_t *in, size_t len, size_t step, char *out, size_t cap,
		 size_t room, bool *complete)
{
	struct unpack *u;
	long total = 0, n;

	assert_int_equal(unpack_open(&u, unpack_recognise(in, len)), 0);
	do {
		size_t now = len < step ? len : step, left = now;
		const uint8_t *p = in;

		do {
			size_t most = cap - (size_t)total < room ? cap - (size_t)total : room;

			n = unpack_some(u, &p, &left, (uint8_t *)out + total, most);
			total += n > 0 ? n : 0;
		} while (n > 0);
		assert_true(n < 0 || left == 0);
		in += now;
		len -= now;
	} while (n == 0 && len);
	*complete = unpack_complete(u);
	unpack_close(u);
	return n < 0 ? n : total;
}

static void check_stream(const uint8_t *in, size_t len, const char *text)
{
	bool complete;
	char out[256];

	for (size_t step = 1; step <= len; step++)
		for (size_t room = 1; room < 64; room += 9) {
			assert_int_equal(feed(in, len, step, out, sizeof out, room, &complete),
					 strlen(text));
			assert_true(complete);
			assert_memory_equal(out, text, strlen(text));
		}
}

static void a_stream_comes_out_whole_in_any_steps(void **state)
{
	(void)state;
	check_stream(gz, sizeof gz, gz_text);
	check_stream(lz, sizeof lz, lz_text);
}

static void several_members_are_one_stream(void **state)
{
	uint8_t two[2 * sizeof gz + 2 * sizeof lz];
	char text[64];

	(void)state;
	memcpy(two, gz, sizeof gz);
	memcpy(two + sizeof gz, gz, sizeof gz);
	strcat(strcpy(text, gz_text), gz_text);
	check_stream(two, 2 * sizeof gz, text);
	memcpy(two, lz, sizeof lz);
	memcpy(two + sizeof lz, lz, sizeof lz);
	strcat(strcpy(text, lz_text), lz_text);
	check_stream(two, 2 * sizeof lz, text);
}

static void a_stream_cut_anywhere_is_not_complete(void **state)
{
	bool complete;
	char out[256];

	(void)state;
	for (size_t n = 4; n < sizeof gz; n++) {
		assert_true(feed(gz, n, n, out, sizeof out, 99, &complete) >= 0);
		assert_false(complete);
	}
	for (size_t n = 4; n < sizeof lz; n++) {
		assert_true(feed(lz, n, n, out, sizeof out, 99, &complete) >= 0);
		assert_false(complete);
	}
}

/* Checksums are of the text; a bit of gzip's time or system may change unseen. */
static void a_flipped_bit_never_passes_as_other_text(void **state)
{
	uint8_t b[64];
	bool complete;
	char out[4096];

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof gz; bit++) {
		long n;

		memcpy(b, gz, sizeof gz);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (unpack_recognise(b, sizeof gz) != UNPACK_GZIP)
			continue;
		n = feed(b, sizeof gz, sizeof gz, out, sizeof out, 999, &complete);
		if (n >= 0 && complete) {
			assert_int_equal(n, strlen(gz_text));
			assert_memory_equal(out, gz_text, (size_t)n);
		}
	}
	for (size_t bit = 32; bit < 8 * sizeof lz; bit++) {
		long n;

		memcpy(b, lz, sizeof lz);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		n = feed(b, sizeof lz, sizeof lz, out, sizeof out, 999, &complete);
		assert_true(n == ERR_BAD_RECORD || !complete);
	}
}

static void what_follows_a_member_must_be_another(void **state)
{
	uint8_t b[sizeof gz + 4];
	bool complete;
	char out[256];

	(void)state;
	memcpy(b, gz, sizeof gz);
	memcpy(b + sizeof gz, "junk", 4);
	assert_int_equal(feed(b, sizeof b, sizeof b, out, sizeof out, 99, &complete),
			 ERR_BAD_RECORD);
	assert_int_equal(unpack_recognise((const uint8_t *)"hell", 4), UNPACK_NONE);
	assert_int_equal(unpack_recognise((const uint8_t *)"", 0), UNPACK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_comes_back_at_every_size),
		cmocka_unit_test(text_shrinks_and_noise_stays_as_it_is),
		cmocka_unit_test(a_changed_block_never_writes_past_its_size),
		cmocka_unit_test(a_stream_comes_out_whole_in_any_steps),
		cmocka_unit_test(several_members_are_one_stream),
		cmocka_unit_test(a_stream_cut_anywhere_is_not_complete),
		cmocka_unit_test(a_flipped_bit_never_passes_as_other_text),
		cmocka_unit_test(what_follows_a_member_must_be_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
