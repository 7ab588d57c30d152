/* graph/arrange_turn.c - partitions taken by threads, handed over in order
 *
 * A list of units in the order of the output, under the mutex.  A unit that does
 * not fit gives way to those it is divided into, which are taken next; whoever
 * divided it takes the first of them, so that nobody waits for a unit that nobody
 * works on.
 */
#include "base/err.h"
#include "base/mem.h"
#include "graph/arrange_inside.h"

static struct unit *unit_make(struct mem *mem, const struct shuffle *s, unsigned part)
{
	struct unit *u = mem_zalloc(mem, sizeof *u);

	if (u) {
		u->s = s;
		u->part = part;
	}
	return u;
}

static void unit_free(struct work *w, struct unit *u)
{
	shuffle_close(u->close);
	mem_free(w->p->mem, u);
}

static void list_free(struct work *w, struct unit *u)
{
	while (u) {
		struct unit *next = u->next;

		unit_free(w, u);
		u = next;
	}
}

/* A unit for each partition of S; the last one is *LAST. */
static struct unit *list_make(struct work *w, const struct shuffle *s, struct unit **last)
{
	struct unit *first = NULL, **at = &first;

	for (unsigned p = 0; p < shuffle_part_n(s); p++) {
		*last = *at = unit_make(w->p->mem, s, p);
		if (!*at) {
			list_free(w, first);
			return NULL;
		}
		at = &(*at)->next;
	}
	return first;
}

int arrange_begin(struct work *w, const struct shuffle *s)
{
	struct unit *last;

	w->head = list_make(w, s, &last);
	if (!w->head)
		return ERR_MEMORY;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->moved, NULL);
	return 0;
}

void arrange_end(struct work *w)
{
	list_free(w, w->head);
	pthread_cond_destroy(&w->moved);
	pthread_mutex_destroy(&w->mutex);
}

struct unit *arrange_take(struct work *w)
{
	struct unit *u;

	pthread_mutex_lock(&w->mutex);
	u = w->failed ? NULL : w->head;
	while (u && u->taken)		/* as many as there are threads */
		u = u->next;
	if (u)
		u->taken = true;
	pthread_mutex_unlock(&w->mutex);
	return u;
}

/* What is done leaves the list. */
static void advance(struct work *w)
{
	while (w->head && w->head->done) {
		struct unit *u = w->head;

		w->head = u->next;
		unit_free(w, u);
	}
	pthread_cond_broadcast(&w->moved);
}

bool arrange_wait(struct work *w, const struct unit *u)
{
	bool ours;

	pthread_mutex_lock(&w->mutex);
	while (w->head != u && !w->failed)
		pthread_cond_wait(&w->moved, &w->mutex);
	ours = !w->failed;
	pthread_mutex_unlock(&w->mutex);
	return ours;
}

void arrange_done(struct work *w, struct unit *u, bool failed)
{
	pthread_mutex_lock(&w->mutex);
	u->done = true;
	w->failed |= failed;
	advance(w);
	pthread_mutex_unlock(&w->mutex);
}

int arrange_divide(struct work *w, struct unit *u)
{
	struct shuffle *sub = NULL;
	struct unit *first = NULL, *last = NULL;
	int r = arrange_sub(w, u->s, u->part, false, w->p->span, &sub);

	if (r == 0 && !(first = list_make(w, sub, &last)))
		r = ERR_MEMORY;
	if (r < 0) {
		shuffle_close(sub);
		arrange_done(w, u, true);
		return r;
	}
	last->close = sub;
	pthread_mutex_lock(&w->mutex);
	last->next = u->next;
	u->next = first;
	u->done = true;
	advance(w);
	pthread_mutex_unlock(&w->mutex);
	return 0;
}
