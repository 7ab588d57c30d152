/* store/aside.c */
#include "store/aside.h"

#include <signal.h>
#include <string.h>

static void work(struct aside *a, void *piece)
{
	int r = a->work(a->ctx, piece);

	if (r < 0 && a->failed == 0) {
		err_take(&a->note, r);
		a->failed = r;
	}
}

static void *thread_main(void *arg)
{
	struct aside *a = arg;

	pthread_mutex_lock(&a->mutex);
	for (;;) {
		while (!a->piece && !a->ending)
			pthread_cond_wait(&a->changed, &a->mutex);
		if (!a->piece)
			break;
		pthread_mutex_unlock(&a->mutex);
		work(a, a->piece);
		pthread_mutex_lock(&a->mutex);
		a->piece = NULL;
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->mutex);
	return NULL;
}

void aside_begin(struct aside *a, int (*todo)(void *ctx, void *piece), void *ctx,
		 bool threaded)
{
	sigset_t all, before;

	memset(a, 0, sizeof *a);
	a->work = todo;
	a->ctx = ctx;
	if (!threaded)
		return;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->changed, NULL);
	/* Signals are for the thread that reads: it is the one to be woken. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	a->threaded = pthread_create(&a->thread, NULL, thread_main, a) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!a->threaded) {
		pthread_cond_destroy(&a->changed);
		pthread_mutex_destroy(&a->mutex);
	}
}

/* The mutex is held from here on. */
static void wait_for_piece(struct aside *a)
{
	pthread_mutex_lock(&a->mutex);
	while (a->piece)
		pthread_cond_wait(&a->changed, &a->mutex);
}

static int verdict(const struct aside *a)
{
	return a->failed ? err_give(&a->note) : 0;
}

int aside_give(struct aside *a, void *piece)
{
	int r;

	if (!a->threaded) {
		if (a->failed == 0)
			work(a, piece);
		return verdict(a);
	}
	wait_for_piece(a);
	r = verdict(a);
	if (r == 0) {
		a->piece = piece;
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->mutex);
	return r;
}

int aside_wait(struct aside *a)
{
	if (a->threaded) {
		wait_for_piece(a);
		pthread_mutex_unlock(&a->mutex);
	}
	return verdict(a);
}

int aside_end(struct aside *a)
{
	if (a->threaded) {
		wait_for_piece(a);
		a->ending = true;
		pthread_cond_signal(&a->changed);
		pthread_mutex_unlock(&a->mutex);
		pthread_join(a->thread, NULL);
		pthread_cond_destroy(&a->changed);
		pthread_mutex_destroy(&a->mutex);
		a->threaded = false;
	}
	return verdict(a);
}
