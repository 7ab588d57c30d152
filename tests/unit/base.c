/* tests/unit/base.c - base/: checksums, integers, errors, memory, hashing */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

/* RFC 3720, B.4: the vectors of iSCSI. */
static void crc32c_matches_the_published_vectors(void **state)
{
	uint8_t b[32];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(b, 0, sizeof b);
	assert_int_equal(crc32c(0, b, sizeof b), 0x8a9136aa);
	memset(b, 0xff, sizeof b);
	assert_int_equal(crc32c(0, b, sizeof b), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, b, sizeof b), 0x46dd794e);
}

static void both_forms_of_crc32c_agree_at_every_length(void **state)
{
	static uint8_t b[20000];
	crc32c_fn *hw = crc32c_hardware();

	(void)state;
	if (!hw)
		skip();
	for (size_t i = 0; i < sizeof b; i++)
		b[i] = (uint8_t)(hash_u64(i) >> 40);
	for (size_t n = 0; n < sizeof b - 8; n += n < 700 ? 1 : 97)
		assert_int_equal(hw(7, b + n % 8, n), crc32c_table(7, b + n % 8, n));
}

static void crc32c_continues(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= 9; cut++)
		assert_int_equal(crc32c(crc32c(0, "123456789", cut),
					&"123456789"[cut], 9 - cut), 0xe3069283);
}

static void crc32c_of_two_pieces_is_that_of_the_whole(void **state)
{
	static uint8_t b[3000];

	(void)state;
	for (size_t i = 0; i < sizeof b; i++)
		b[i] = (uint8_t)(hash_u64(i) >> 40);
	for (size_t cut = 0; cut <= sizeof b; cut += cut < 20 || cut > sizeof b - 20 ? 1 : 31) {
		uint32_t front = crc32c(9, b, cut), back = crc32c(0, b + cut, sizeof b - cut);

		assert_int_equal(crc32c_combine(front, back, sizeof b - cut),
				 crc32c(9, b, sizeof b));
	}
	/* 2^32 + 1 zeros after "a", in two ways */
	assert_int_equal(crc32c_combine(crc32c_combine(7, 0, 1ull << 32), 0, 1),
			 crc32c_combine(7, 0, (1ull << 32) + 1));
}

static void varints_round_trip_and_refuse_what_is_not_minimal(void **state)
{
	static const uint64_t v[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX,
				      UINT64_MAX >> 1, UINT64_MAX };
	uint8_t b[VARINT_MAX];
	uint64_t got;

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		size_t n = varint_put(b, v[i]);

		assert_int_equal(varint_get(b, n, &got), n);
		assert_true(got == v[i]);
		assert_int_equal(varint_get(b, n - 1, &got), 0);
	}
	assert_int_equal(varint_get((const uint8_t *)"\x80\x00", 2, &got), 0);
	assert_int_equal(varint_get((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &got), 0);
}

static void an_error_keeps_its_words_and_its_status(void **state)
{
	(void)state;
	assert_int_equal(err_set(ERR_DAMAGED, "x: offset %d", 7), ERR_DAMAGED);
	assert_string_equal(err_message(), "x: offset 7");
	assert_int_equal(err_status(ERR_DAMAGED), 76);
	assert_string_equal(err_word(ERR_DAMAGED), "damaged");
	errno = ENOSPC;
	assert_int_equal(err_sys(ERR_IO, "f: write"), ERR_NO_SPACE);
	assert_string_equal(err_word(ERR_NO_SPACE), "no-space");
	errno = EDQUOT;
	assert_int_equal(err_sys(ERR_IO, "f: write"), ERR_NO_SPACE);
	errno = EFBIG;
	assert_int_equal(err_sys(ERR_IO, "f: write"), ERR_NO_SPACE);
	errno = EMFILE;
	assert_int_equal(err_sys(ERR_IO, "f: open"), ERR_RESOURCE);
	errno = EIO;
	assert_int_equal(err_sys(ERR_IO, "f: write"), ERR_IO);
	assert_int_equal(err_status(-9999), 70);
}

static void memory_runs_out_at_its_limit_and_comes_back(void **state)
{
	struct mem m;
	void *a, *b;

	(void)state;
	mem_init(&m, 1000);
	a = mem_alloc(&m, 600);
	assert_non_null(a);
	assert_null(mem_alloc(&m, 600));
	assert_int_equal(err_status(ERR_MEMORY), 71);
	mem_free(&m, a);
	b = mem_alloc(&m, 600);
	assert_non_null(b);
	b = mem_resize(&m, b, 100);
	assert_int_equal(m.used, 116);
	mem_free(&m, b);
	assert_int_equal(m.used, 0);
}

static void names_in_messages_cannot_move_the_cursor(void **state)
{
	(void)state;
	assert_string_equal(bytes_show(bytes_of("a\x1b[2J\n\0z", 8)), "a\\x1B[2J\\n\\0z");
}

#ifdef __x86_64__
/* Two ways to know one thing. */
static void the_processor_is_what_the_compiler_says(void **state)
{
	(void)state;
	assert_int_equal(cpu_has(CPU_SSE42), !!__builtin_cpu_supports("sse4.2"));
	assert_int_equal(cpu_has(CPU_POPCNT), !!__builtin_cpu_supports("popcnt"));
#ifndef __clang__			/* which does not know the word */
	assert_int_equal(cpu_has(CPU_LZCNT), !!__builtin_cpu_supports("lzcnt"));
#endif
	assert_int_equal(cpu_has(CPU_BMI), !!__builtin_cpu_supports("bmi"));
	assert_int_equal(cpu_has(CPU_BMI2), !!__builtin_cpu_supports("bmi2"));
	assert_int_equal(cpu_has(CPU_AVX2), !!__builtin_cpu_supports("avx2"));
	assert_int_equal(cpu_has(CPU_AVX512BW), !!__builtin_cpu_supports("avx512bw"));
	assert_int_equal(cpu_has(CPU_AVX512VBMI), !!__builtin_cpu_supports("avx512vbmi"));
	assert_int_equal(cpu_has(CPU_AVX512VBMI2), !!__builtin_cpu_supports("avx512vbmi2"));
	assert_int_equal(cpu_slow_pdep(), __builtin_cpu_is("bdver4") ||
			 __builtin_cpu_is("bdver3") || __builtin_cpu_is("bdver2") ||
			 __builtin_cpu_is("bdver1") || __builtin_cpu_is("znver1") ||
			 __builtin_cpu_is("znver2"));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32c_matches_the_published_vectors),
		cmocka_unit_test(both_forms_of_crc32c_agree_at_every_length),
		cmocka_unit_test(crc32c_continues),
		cmocka_unit_test(crc32c_of_two_pieces_is_that_of_the_whole),
		cmocka_unit_test(varints_round_trip_and_refuse_what_is_not_minimal),
		cmocka_unit_test(an_error_keeps_its_words_and_its_status),
		cmocka_unit_test(memory_runs_out_at_its_limit_and_comes_back),
		cmocka_unit_test(names_in_messages_cannot_move_the_cursor),
#ifdef __x86_64__
		cmocka_unit_test(the_processor_is_what_the_compiler_says),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
