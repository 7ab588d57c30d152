/* gpu/service_work.c - the worker: one request after another, in the order they came */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "gpu/service_inside.h"

#define END_NS UINT64_C(5000000000)	/* a callback's time when the service ends */

static void list_init(struct service_queue *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_add(struct service_queue *l, struct service_client *c)
{
	c->next = NULL;
	*l->last = c;
	l->last = &c->next;
}

static struct service_client *list_take(struct service_queue *l)
{
	struct service_client *c = l->first;

	if (c) {
		l->first = c->next;
		if (!l->first)
			l->last = &l->first;
	}
	return c;
}

static bool list_remove(struct service_queue *l, struct service_client *c)
{
	for (struct service_client **at = &l->first; *at; at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		if (l->last == &c->next)
			l->last = at;
		return true;
	}
	return false;
}

/* --- the worker --- */

static void answer(struct service *s, struct service_client *c)
{
	service_call call = s->calls->call[c->ask.type];
	int r;

	if (call)
		r = call(s->calls->ctx, &c->ask, &c->reply);
	else
		r = err_set(ERR_UNSUPPORTED, "this cache service has no such request");
	if (r >= 0)
		r = service_reply_finish(&c->reply);
	if (r < 0) {
		err_take(&c->note, r);
		service_reply_release(&c->reply);
	} else {
		c->note.code = 0;
	}
}

void service_work_wake(struct service *s)
{
	const uint64_t one = 1;
	ssize_t n = write(s->wake_fd, &one, sizeof one);

	(void)n;		/* it is full of ones: awake already */
}

/* One of those who went: 0 when there is none.  The lock is held. */
static uint64_t next_gone(struct service *s)
{
	return s->gone_n ? s->gone[--s->gone_n] : 0;
}

static void deadline(struct timespec *at, uint64_t ns)
{
	clock_gettime(CLOCK_MONOTONIC, at);
	ns += (uint64_t)at->tv_nsec;
	at->tv_sec += (time_t)(ns / 1000000000);
	at->tv_nsec = (long)(ns % 1000000000);
}

/* The lock is held before and after, not within. */
static void work(struct service *s, struct service_client *c, uint64_t gone)
{
	s->working = true;
	s->working_ns = clock_ns();
	s->at_work = c;
	s->at_done = s->at_all = 0;
	pthread_mutex_unlock(&s->lock);
	if (c)
		answer(s, c);
	else if (gone && s->calls->gone)
		s->calls->gone(s->calls->ctx, gone);
	else if (!gone && s->calls->rest)
		s->calls->rest(s->calls->ctx);
	if (c && c->note.code == ERR_DEVICE)
		service_end_with(s, SERVICE_LOST);
	pthread_mutex_lock(&s->lock);
	s->working = false;
	s->at_work = NULL;
	if (c) {
		list_add(&s->done, c);
		service_work_wake(s);
	}
}

static void *worker(void *arg)
{
	struct service *s = arg;
	uint64_t rested = clock_ns(), gone;
	struct timespec at;
	struct service_client *c;

	pthread_mutex_lock(&s->lock);
	while (!s->ending) {
		gone = next_gone(s);
		c = gone ? NULL : list_take(&s->queue);
		if (c || gone) {
			work(s, c, gone);
		} else if (clock_ns() - rested < SERVICE_BEAT_NS) {
			deadline(&at, SERVICE_BEAT_NS);
			pthread_cond_timedwait(&s->more, &s->lock, &at);
		}
		if (!s->ending && clock_ns() - rested >= SERVICE_BEAT_NS) {
			work(s, NULL, 0);
			rested = clock_ns();
		}
	}
	pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- from the loop --- */

void service_work_add(struct service *s, struct service_client *c)
{
	pthread_mutex_lock(&s->lock);
	list_add(&s->queue, c);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

bool service_work_remove(struct service *s, struct service_client *c)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	yes = list_remove(&s->queue, c);
	pthread_mutex_unlock(&s->lock);
	return yes;
}

static struct service_client *take(struct service *s, struct service_queue *l)
{
	struct service_client *c;

	pthread_mutex_lock(&s->lock);
	c = list_take(l);
	pthread_mutex_unlock(&s->lock);
	return c;
}

struct service_client *service_work_done(struct service *s)
{
	return take(s, &s->done);
}

struct service_client *service_work_left(struct service *s)
{
	return take(s, &s->queue);
}

void service_work_gone(struct service *s, uint64_t client)
{
	size_t cap = s->gone_cap ? 2 * s->gone_cap : 16;
	uint64_t *more = s->gone;

	pthread_mutex_lock(&s->lock);
	if (s->gone_n == s->gone_cap) {
		more = mem_resize(NULL, s->gone, cap * sizeof *more);
		if (more) {
			s->gone = more;
			s->gone_cap = cap;
		}
	}
	if (more)
		s->gone[s->gone_n++] = client;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

void service_alive(struct service *s, uint64_t done, uint64_t all)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->working_ns = clock_ns();
	s->at_done = done;
	s->at_all = all;
	pthread_mutex_unlock(&s->lock);
}

bool service_work_far(struct service *s, const struct service_client *c, uint64_t *done,
		      uint64_t *all)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	yes = s->at_work == c && (s->at_done || s->at_all);
	*done = s->at_done;
	*all = s->at_all;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

bool service_work_stalled(struct service *s, uint64_t most_ns)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	yes = s->working && most_ns && clock_ns() - s->working_ns > most_ns;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

/* --- begin and end --- */

void service_work_init(struct service *s)
{
	pthread_condattr_t a;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &a);
	pthread_cond_init(&s->idle, &a);
	pthread_condattr_destroy(&a);
	list_init(&s->queue);
	list_init(&s->done);
}

int service_work_begin(struct service *s)
{
	if (pthread_create(&s->worker, NULL, worker, s))
		return err_set(ERR_RESOURCE, "the cache service has no thread to work with");
	s->running = true;
	return 0;
}

void service_work_end(struct service *s)
{
	int why = atomic_load(&s->end);
	struct timespec at;
	bool stuck;

	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->more);
	deadline(&at, s->set.end_ns ? s->set.end_ns : END_NS);
	while (s->working && pthread_cond_timedwait(&s->idle, &s->lock, &at) == 0)
		;
	stuck = s->working;
	pthread_mutex_unlock(&s->lock);
	if (stuck) {
		atomic_store(&s->end, why == SERVICE_STOP || why == SERVICE_SIGNAL ?
			     SERVICE_ABANDONED : SERVICE_STUCK);
		return;
	}
	pthread_join(s->worker, NULL);
	s->running = false;
}

void service_work_release(struct service *s)
{
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->idle);
	mem_free(NULL, s->gone);
}
