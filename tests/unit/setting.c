/* tests/unit/setting.c - base/setting: the table, origins, files */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/setting.h"

static void built_in_values_are_those_of_the_contract(void **state)
{
	static const char *const want[SETTING_N] = {
		"64", "auto", "lz4", "32M", "16", "commit", NULL, "64M", "16M", "refuse",
	};
	struct settings s;

	(void)state;
	setting_init(&s);
	for (int i = 0; i < SETTING_N; i++) {
		if (want[i])
			assert_string_equal(setting_text(&s, i), want[i]);
		assert_int_equal(s.origin[i], SETTING_BUILT_IN);
		assert_int_equal(setting_find(bytes_str(setting_table[i].name)), i);
	}
	assert_int_equal(setting_u64(&s, SETTING_MEMORY_LIMIT), mem_default_limit());
}

static void the_higher_origin_wins_in_any_order(void **state)
{
	static const char *const text[] = { NULL, "11", "12", "13", "14" };
	struct settings s;
	unsigned order[4];

	(void)state;
	for (unsigned n = 0; n < 256; n++) {		/* all orders, some with repeats */
		unsigned top = 0;

		setting_init(&s);
		for (int i = 0; i < 4; i++) {
			order[i] = 1 + (n >> 2 * i) % 4;
			top = order[i] > top ? order[i] : top;
			assert_int_equal(setting_set(&s, order[i], SETTING_IO_DEPTH,
						     bytes_str(text[order[i]])), 0);
		}
		assert_int_equal(setting_u64(&s, SETTING_IO_DEPTH), 10 + top);
		assert_int_equal(s.origin[SETTING_IO_DEPTH], top);
	}
}

static void an_unknown_name_is_an_error_that_names_the_closest(void **state)
{
	struct settings s;

	(void)state;
	setting_init(&s);
	assert_int_equal(setting_set_text(&s, SETTING_OPTION, bytes_str("io_dpeth=3")),
			 ERR_SETTING);
	assert_non_null(strstr(err_message(), "io_dpeth"));
	assert_non_null(strstr(err_message(), "\"io_depth\""));
	assert_int_equal(setting_find(bytes_str("")), ERR_SETTING);
	assert_int_equal(setting_find(bytes_str("IO_DEPTH")), ERR_SETTING);
	assert_int_equal(setting_find(bytes_of("sync\0", 5)), ERR_SETTING);
	assert_int_equal(err_status(ERR_SETTING), 78);
}

static void a_value_out_of_range_changes_nothing_and_tells_the_range(void **state)
{
	static const char *const bad[] = {
		"io_depth=0", "io_depth=4097", "io_depth=", "io_depth=4K", "direct_io=yes",
		"compression=zstd", "sync=", "prefetch_distance=1025", "cache_size=1",
		"memory_limit=0", "network_fs=no", "io_depth", "", "=", "=4",
	};
	struct settings s, before;

	(void)state;
	setting_init(&s);
	before = s;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (setting_set_text(&s, SETTING_OPTION, bytes_str(bad[i])) != ERR_SETTING)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_memory_equal(&s, &before, sizeof s);
	}
	setting_set_text(&s, SETTING_OPTION, bytes_str("io_depth=0"));
	assert_non_null(strstr(err_message(), "from 1 to 4096"));
	setting_set_text(&s, SETTING_OPTION, bytes_str("direct_io=yes"));
	assert_non_null(strstr(err_message(), "auto, on or off"));
}

static void a_hidden_value_is_checked_all_the_same(void **state)
{
	struct settings s;

	(void)state;
	setting_init(&s);
	assert_int_equal(setting_set_text(&s, SETTING_OPTION, bytes_str("sync=none")), 0);
	assert_int_equal(setting_set_text(&s, SETTING_STORE, bytes_str("sync=maybe")),
			 ERR_SETTING);
	assert_int_equal(setting_u64(&s, SETTING_SYNC), SYNC_NONE);
}

static int read_file(struct settings *s, const char *text)
{
	return setting_read(s, SETTING_STORE, "S/config", bytes_str(text));
}

static void a_file_is_read_with_comments_blanks_and_without_a_last_newline(void **state)
{
	struct settings s;

	(void)state;
	setting_init(&s);
	assert_int_equal(read_file(&s, ""), 0);
	assert_int_equal(read_file(&s, "\n\n# a comment = 3\n  \n\tio_depth\t=  7 \r\n"
				       "sync=none\ncache_size = 64KiB\nio_depth = 8"), 0);
	assert_int_equal(setting_u64(&s, SETTING_IO_DEPTH), 8);
	assert_int_equal(setting_u64(&s, SETTING_CACHE_SIZE), 65536);
	assert_int_equal(s.origin[SETTING_SYNC], SETTING_STORE);
	assert_string_equal(setting_origin_name(s.origin[SETTING_SYNC]), "store");
	assert_string_equal(setting_origin_name(s.origin[SETTING_LOG_SIZE]), "built in");
}

static void a_mistake_in_a_file_has_its_line_number(void **state)
{
	struct settings s;

	(void)state;
	setting_init(&s);
	assert_int_equal(read_file(&s, "io_depth = 7\n\n# x\nio_depht = 9\n"), ERR_SETTING);
	assert_memory_equal(err_message(), "S/config: line 4: ", 18);
	assert_non_null(strstr(err_message(), "io_depth"));
	assert_int_equal(read_file(&s, "gibberish"), ERR_SETTING);
	assert_memory_equal(err_message(), "S/config: line 1: ", 18);
}

static void an_edit_keeps_every_other_line(void **state)
{
	const char *file = "# mine\nio_depth = 7\n\nsync = none\nio_depth=9\n#io_depth = 1";
	struct buf out = {0};

	(void)state;
	assert_int_equal(setting_edit(bytes_str(file), SETTING_IO_DEPTH,
				      bytes_str("12"), &out), 0);
	assert_int_equal(buf_add_byte(&out, 0), 0);
	assert_string_equal((char *)out.ptr,
			    "# mine\nio_depth = 12\n\nsync = none\n#io_depth = 1\n");
	buf_clear(&out);
	assert_int_equal(setting_edit(bytes_str("sync = none"), SETTING_LOG_SIZE,
				      bytes_str("1G"), &out), 0);
	assert_int_equal(buf_add_byte(&out, 0), 0);
	assert_string_equal((char *)out.ptr, "sync = none\nlog_size = 1G\n");
	buf_clear(&out);
	assert_int_equal(setting_edit(bytes_str(file), SETTING_IO_DEPTH,
				      bytes_of(NULL, 0), &out), 0);
	assert_int_equal(buf_add_byte(&out, 0), 0);
	assert_string_equal((char *)out.ptr, "# mine\n\nsync = none\n#io_depth = 1\n");
	buf_release(&out);
}

static void what_is_printed_reads_back(void **state)
{
	struct settings s, back;
	struct buf file = {0};

	(void)state;
	setting_init(&s);
	assert_int_equal(setting_set_text(&s, SETTING_STORE, bytes_str("cache_size=12345678")), 0);
	assert_int_equal(setting_set_text(&s, SETTING_STORE, bytes_str("memory_limit=3G")), 0);
	for (int i = 0; i < SETTING_N; i++)
		assert_int_equal(setting_print(&s, i, &file), 0);
	setting_init(&back);
	assert_int_equal(setting_read(&back, SETTING_STORE, "f", buf_bytes(&file)), 0);
	assert_memory_equal(back.value, s.value, sizeof s.value);
	buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_values_are_those_of_the_contract),
		cmocka_unit_test(the_higher_origin_wins_in_any_order),
		cmocka_unit_test(an_unknown_name_is_an_error_that_names_the_closest),
		cmocka_unit_test(a_value_out_of_range_changes_nothing_and_tells_the_range),
		cmocka_unit_test(a_hidden_value_is_checked_all_the_same),
		cmocka_unit_test(a_file_is_read_with_comments_blanks_and_without_a_last_newline),
		cmocka_unit_test(a_mistake_in_a_file_has_its_line_number),
		cmocka_unit_test(an_edit_keeps_every_other_line),
		cmocka_unit_test(what_is_printed_reads_back),
	};

	return cmocka_run_group_tests_name("setting", tests, NULL, NULL);
}
