/* base/team.c - threads that live for one call
 *
 * A share is taken by number from one counter, so that shares without a thread
 * fall to whoever is done first; the caller always begins with 0.
 */
#include "base/team.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/err.h"

struct team {
	int (*work)(void *ctx, unsigned who);
	void *ctx;
	unsigned n;
	_Atomic unsigned next;
	pthread_mutex_t mutex;
	unsigned failed;		/* who; n: nobody */
	struct err_note note;
};

static void failed(struct team *t, unsigned who, int code)
{
	pthread_mutex_lock(&t->mutex);
	if (who < t->failed) {
		t->failed = who;
		err_take(&t->note, code);
	}
	pthread_mutex_unlock(&t->mutex);
}

static void take_shares(struct team *t)
{
	unsigned who;
	int r;

	while ((who = t->next++) < t->n) {
		r = t->work(t->ctx, who);
		if (r < 0)
			failed(t, who, r);
	}
}

static void *thread_main(void *arg)
{
	take_shares(arg);
	return NULL;
}

/* As many of the N - 1 threads as can be had. */
static unsigned start(struct team *t, pthread_t *thread)
{
	sigset_t all, before;
	unsigned n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n + 1 < t->n && pthread_create(&thread[n], NULL, thread_main, t) == 0)
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

int team_run(unsigned n, int (*work)(void *ctx, unsigned who), void *ctx)
{
	struct team t = { .work = work, .ctx = ctx, .next = 1 };
	pthread_t thread[TEAM_MOST];
	unsigned threads;
	int r;

	if (n <= 1)
		return n ? work(ctx, 0) : 0;
	t.n = t.failed = n < TEAM_MOST ? n : TEAM_MOST;
	pthread_mutex_init(&t.mutex, NULL);
	threads = start(&t, thread);
	r = work(ctx, 0);
	if (r < 0)
		failed(&t, 0, r);
	take_shares(&t);
	while (threads > 0)
		pthread_join(thread[--threads], NULL);
	pthread_mutex_destroy(&t.mutex);
	return t.failed < t.n ? err_give(&t.note) : 0;
}

unsigned team_default(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > (long)TEAM_MOST ? TEAM_MOST : (unsigned)n;
}
