/* store/aside.h - one thread beside this one, that takes one piece of work at a time
 *
 * The caller fills a piece while the other thread works on the one before it: two
 * pieces of memory and nothing in between.  An error of the work comes out of the
 * next call here, with its words, and then out of every later one.
 */
#ifndef STORE_ASIDE_H
#define STORE_ASIDE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

struct aside {
	int (*work)(void *ctx, void *piece);
	void *ctx;
	bool threaded;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	void *piece;		/* being worked on, or NULL */
	bool ending;
	int failed;
	struct err_note note;
};

/* THREADED false, or no thread to be had: the work is done inside aside_give. */
void aside_begin(struct aside *a, int (*work)(void *ctx, void *piece), void *ctx,
		 bool threaded);
/* Waits for the piece before, then hands over this one: it belongs to the other
 * thread until aside_give or aside_wait returned again. */
int aside_give(struct aside *a, void *piece);
/* Nothing is being worked on any more. */
int aside_wait(struct aside *a);
/* The same, and the thread is gone. */
int aside_end(struct aside *a);

#endif
