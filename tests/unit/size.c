/* tests/unit/size.c - base/size: what is read, what is refused, what is said */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/size.h"

typedef int reader(const char *name, struct bytes text, uint64_t min, uint64_t max,
		   uint64_t *out);

struct good {
	reader *read;
	const char *text;
	uint64_t value;
};

static void every_form_of_the_contract_is_read(void **state)
{
	static const struct good good[] = {
		{ size_number, "0", 0 }, { size_number, "010", 10 },
		{ size_number, "18446744073709551615", UINT64_MAX },
		{ size_number, "00000000000000000000000000001", 1 },
		{ size_bytes, "4096", 4096 }, { size_bytes, "64K", 65536 },
		{ size_bytes, "64KiB", 65536 }, { size_bytes, "64kB", 64000 },
		{ size_bytes, "1M", 1 << 20 }, { size_bytes, "1MB", 1000000 },
		{ size_bytes, "2GiB", 2ull << 30 }, { size_bytes, "2GB", 2000000000 },
		{ size_bytes, "3T", 3ull << 40 }, { size_bytes, "3TB", 3000000000000 },
		{ size_bytes, "010K", 10240 },
		{ size_duration, "250ms", 250000000 }, { size_duration, "5s", 5000000000 },
		{ size_duration, "2m", 120000000000 }, { size_duration, "0s", 0 },
		{ size_duration, "1h", 3600000000000 }, { size_duration, "7ns", 7 },
		{ size_seconds, "10", 10000000000 }, { size_seconds, "0", 0 },
		{ size_seconds, "250ms", 250000000 },
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		v = 77;
		assert_int_equal(good[i].read("x", bytes_str(good[i].text), 0,
					      UINT64_MAX, &v), 0);
		if (v != good[i].value)
			fail_msg("%s read as %llu", good[i].text, (unsigned long long)v);
	}
}

static void what_is_not_of_the_form_is_refused_and_leaves_the_value(void **state)
{
	static const struct good bad[] = {
		{ size_number, "", 0 }, { size_number, "-1", 0 }, { size_number, "+1", 0 },
		{ size_number, " 1", 0 }, { size_number, "1 ", 0 }, { size_number, "0x10", 0 },
		{ size_number, "1e3", 0 }, { size_number, "1.5", 0 }, { size_number, "1K", 0 },
		{ size_number, "18446744073709551616", 0 },
		{ size_number, "99999999999999999999999", 0 },
		{ size_bytes, "64k", 0 }, { size_bytes, "64KB", 0 }, { size_bytes, "64Kib", 0 },
		{ size_bytes, "64B", 0 }, { size_bytes, "K", 0 }, { size_bytes, "1P", 0 },
		{ size_bytes, "-64K", 0 }, { size_bytes, "64 K", 0 },
		{ size_bytes, "16777216T", 0 }, { size_bytes, "1.5G", 0 },
		{ size_duration, "5", 0 }, { size_duration, "5 s", 0 },
		{ size_duration, "5sec", 0 }, { size_duration, "-5s", 0 },
		{ size_duration, "300000000d", 0 }, { size_seconds, "", 0 },
	};
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (bad[i].read("x", bytes_str(bad[i].text), 0, UINT64_MAX, &v) !=
		    ERR_USAGE)
			fail_msg("\"%s\" was accepted", bad[i].text);
		assert_int_equal(v, 77);
	}
	assert_int_equal(size_number("x", bytes_of("1\0", 2), 0, 9, &v), ERR_USAGE);
}

static void a_value_out_of_range_is_refused_with_the_range(void **state)
{
	uint64_t v = 77;

	(void)state;
	assert_int_equal(size_number("--depth", bytes_str("0"), 1, 4096, &v), ERR_USAGE);
	assert_string_equal(err_message(),
			    "--depth: \"0\": expected a number from 1 to 4096");
	assert_int_equal(size_number("n", bytes_str("4097"), 1, 4096, &v), ERR_USAGE);
	assert_int_equal(size_bytes("n", bytes_str("2G"), 65536, 1 << 30, &v), ERR_USAGE);
	assert_non_null(strstr(err_message(), "from 64K to 1G"));
	assert_int_equal(size_duration("n", bytes_str("1ms"), 1000000000, UINT64_MAX, &v),
			 ERR_USAGE);
	assert_non_null(strstr(err_message(), "of at least 1s"));
	assert_int_equal(v, 77);
	assert_int_equal(size_number("n", bytes_str("1"), 1, 1, &v), 0);
	assert_int_equal(v, 1);
}

static void what_is_shown_reads_back_the_same(void **state)
{
	uint64_t x, v;

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		x = hash_u64(i) >> (i % 64);
		if (i % 3 == 0)
			x <<= 10 * (i / 3 % 5);
		assert_int_equal(size_bytes("x", bytes_str(size_show(x)), 0,
					    UINT64_MAX, &v), 0);
		assert_true(v == x);
		assert_int_equal(size_duration("x", bytes_str(size_show_duration(x)), 0,
					       UINT64_MAX, &v), 0);
		assert_true(v == x);
	}
	assert_string_equal(size_show(32 << 20), "32M");
	assert_string_equal(size_show(0), "0");
	assert_string_equal(size_show_duration(250000000), "250ms");
	assert_string_equal(size_show_duration(0), "0s");
}

static const char *near(const char *word, const char *a, const char *b)
{
	struct nearest n;

	nearest_init(&n, bytes_str(word));
	nearest_offer(&n, a);
	nearest_offer(&n, b);
	return nearest_word(&n);
}

static void the_nearest_word_is_found_and_a_far_one_is_not(void **state)
{
	char longer[300];

	(void)state;
	assert_string_equal(near("stroe", "store", "sort"), "store");
	assert_string_equal(near("io_dpeth", "cache_size", "io_depth"), "io_depth");
	assert_string_equal(near("sto", "store", "st"), "st");
	assert_null(near("xyzzy", "store", "sort"));
	assert_null(near("", "store", "sort"));
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_null(near(longer, "store", "sort"));
	assert_non_null(near(longer, longer, "sort"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_the_contract_is_read),
		cmocka_unit_test(what_is_not_of_the_form_is_refused_and_leaves_the_value),
		cmocka_unit_test(a_value_out_of_range_is_refused_with_the_range),
		cmocka_unit_test(what_is_shown_reads_back_the_same),
		cmocka_unit_test(the_nearest_word_is_found_and_a_far_one_is_not),
	};

	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
