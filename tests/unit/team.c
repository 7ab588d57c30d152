/* tests/unit/team.c - threads that share one piece of work */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/team.h"

static bool starve;		/* no thread can be had from the second on */
static unsigned asked;

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x);

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x)
{
	if (starve && asked++ > 0)
		return 11;
	return __real_pthread_create(t, a, f, x);
}

struct tally {
	_Atomic unsigned times[TEAM_MOST];
	unsigned fail_from;		/* who of this and above fail */
	pthread_t caller;
	_Atomic unsigned in_caller, interruptible;
};

static int count(void *ctx, unsigned who)
{
	struct tally *t = ctx;
	sigset_t set;

	t->times[who]++;
	t->in_caller += pthread_equal(pthread_self(), t->caller) != 0;
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	t->interruptible += !sigismember(&set, SIGINT);
	if (who >= t->fail_from)
		return err_set(ERR_BAD_RECORD, "share %u is bad", who);
	return 0;
}

static struct tally begin(unsigned fail_from)
{
	asked = 0;
	return (struct tally){ .fail_from = fail_from, .caller = pthread_self() };
}

static void every_share_is_done_once(void **state)
{
	(void)state;
	for (unsigned n = 0; n <= 9; n++) {
		struct tally t = begin(TEAM_MOST);

		assert_int_equal(team_run(n, count, &t), 0);
		for (unsigned i = 0; i < TEAM_MOST; i++)
			assert_int_equal(t.times[i], i < n);
	}
}

static void one_share_takes_no_thread(void **state)
{
	struct tally t = begin(TEAM_MOST);

	(void)state;
	starve = true;
	assert_int_equal(team_run(1, count, &t), 0);
	starve = false;
	assert_int_equal(asked, 0);
	assert_int_equal(t.in_caller, 1);
}

static void the_least_failure_comes_back_with_its_words(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 6; first++) {
		struct tally t = begin(first);

		err_clear();
		assert_int_equal(team_run(6, count, &t), ERR_BAD_RECORD);
		assert_memory_equal(err_message(), "share ", 6);
		assert_int_equal(err_message()[6], '0' + (int)first);
	}
}

static void shares_without_a_thread_are_done_all_the_same(void **state)
{
	struct tally t = begin(TEAM_MOST);

	(void)state;
	starve = true;
	assert_int_equal(team_run(8, count, &t), 0);
	starve = false;
	assert_int_equal(asked, 2);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(t.times[i], 1);
}

static void signals_go_to_the_caller(void **state)
{
	struct tally t = begin(TEAM_MOST);

	(void)state;
	assert_int_equal(team_run(8, count, &t), 0);
	assert_int_equal(t.interruptible, t.in_caller);
	assert_true(t.in_caller >= 1);
}

static void there_is_a_sensible_number_of_threads(void **state)
{
	(void)state;
	assert_in_range(team_default(), 1, TEAM_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_share_is_done_once),
		cmocka_unit_test(one_share_takes_no_thread),
		cmocka_unit_test(the_least_failure_comes_back_with_its_words),
		cmocka_unit_test(shares_without_a_thread_are_done_all_the_same),
		cmocka_unit_test(signals_go_to_the_caller),
		cmocka_unit_test(there_is_a_sensible_number_of_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
