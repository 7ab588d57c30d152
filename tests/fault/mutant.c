/* tests/fault/mutant.c - the tests of the tests: a broken store is found out
 *
 * Linked with one file of mutants/, which breaks one rule: by the disk's mode, or
 * by the product's own source with one call taken out of it.  Nothing in the
 * product knows of this.  The same histories that the store survives must show
 * the fault within so many states.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/fault/mutants/mutant.h"
#ifdef MUTANT_AGES
#include "tests/fault/ages.h"
#else
#include "tests/fault/world.h"
#endif

#define STATES 20000	/* far more than each needs */

#ifdef MUTANT_AGES
static const char *history(uint64_t seed, uint64_t *states)
{
	return ages(seed, states);
}
#else
static const char *history(uint64_t seed, uint64_t *states)
{
	const struct explore e = { .states = 6, .modes = mutant_modes };

	return explore(seed, &e, states);
}
#endif

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* In a process of its own: a broken store may crash, or hang. */
static unsigned hunt(void)
{
	uint64_t states = 0;
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		const char *why = NULL;

		for (uint64_t seed = 1; !why && states < STATES; seed++) {
			alarm(60);	/* for one history: a slow machine finds nothing by it */
			why = history(seed, &states);
		}
		alarm(0);
		printf("# %llu states: %s\n", (unsigned long long)states,
		       why ? why : "nothing found");
		fflush(stdout);
		_exit(why ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 1;
}

static void the_histories_find_it(void **state)
{
	(void)state;
	print_message("# %s\n", mutant_rule);
	assert_int_equal(hunt(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_histories_find_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
