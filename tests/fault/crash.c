/* tests/fault/crash.c - the store after power cuts, over random histories
 *
 *	STRATO_SEED=7 STRATO_VERBOSE=1 tests/fault/crash
 *
 * replays one history and shows its steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/fault/world.h"

#define STATES 2400

/* A process that is killed does not free what it has. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static uint64_t scaled(uint64_t n)
{
	const char *s = getenv("STRATO_TEST_SCALE");
	uint64_t percent = s ? strtoull(s, NULL, 10) : 100;

	n = n * percent / 100;
	return n ? n : 1;
}

static void one(uint64_t seed, uint64_t *states)
{
	static const struct explore e = { .states = 6 };
	const char *why = explore(seed, &e, states);

	if (why)
		fail_msg("%s\nreplay it with: STRATO_SEED=%llu STRATO_VERBOSE=1 tests/fault/crash",
			 why, (unsigned long long)seed);
}

static void what_was_acknowledged_survives_every_power_cut(void **state)
{
	const char *replay = getenv("STRATO_SEED");
	const char *first = getenv("STRATO_FIRST_SEED");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1, states = 0;

	(void)state;
	if (replay) {
		one(strtoull(replay, NULL, 10), &states);
		return;
	}
	while (states < scaled(STATES))
		one(seed++, &states);
	print_message("# %llu states, seeds up to %llu\n", (unsigned long long)states,
		      (unsigned long long)seed - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_acknowledged_survives_every_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
