/* tests/fault/aged.c - no key is lost, revived or another's, whatever is merged
 *
 *	STRATO_SEED=17 STRATO_VERBOSE=1 tests/fault/aged
 *
 * replays one history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/fault/ages.h"

static void nothing_is_lost_revived_or_mixed_up(void **state)
{
	const char *replay = getenv("STRATO_SEED"), *s = getenv("STRATO_TEST_SCALE");
	uint64_t percent = s ? strtoull(s, NULL, 10) : 100, steps = 0, first = 1, n;
	unsigned bad = 0;

	(void)state;
	n = 60 * percent / 100 + 1;
	if (replay) {
		first = strtoull(replay, NULL, 10);
		n = 1;
	}
	for (uint64_t i = 0; i < n && bad < 5; i++) {
		const char *why = ages(first + i, &steps);

		if (why) {
			print_error("%s\n", why);
			bad++;
		}
	}
	print_message("# %llu steps\n", (unsigned long long)steps);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_revived_or_mixed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
