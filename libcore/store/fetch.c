/* store/fetch.c
 *
 * Values wanted are slots of a ring, in their order; the bytes of each, as stored and
 * unpacked, lie behind each other in one stretch of memory, taken and given back in
 * the same order.
 *
 *   PARKED   not in the page cache, and io_depth others are on their way
 *   READING  with the queue, past the page cache
 *   READY    in the list, for whoever unpacks next; read first unless it was
 *   BUSY     with somebody
 *   DONE     its value is there, or why it is not
 *
 * The caller parks, reads and takes; helpers, and the caller when it would wait, turn
 * READY into DONE.
 *
 * Without DIRECT the system is asked to bring values into the page cache, in their
 * order.  That takes none of our memory, so those told of are asked for before they have
 * a slot: with the slots alone most of those asked for have come, and wait behind one
 * that the device serves late.  The n-th value has the slot n % slot_n and the place
 * n % TOLD among those told.
 */
#include "store/fetch_inside.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/disk.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "io/file.h"
#include "io/ioq.h"

#define SLOTS 1024u		/* at most, and one for each SLOT_ROOM of memory */
#define SLOTS_LEAST 16u
#define SLOT_ROOM (2 * DISK_PAGE)
#define HELPERS 3u
#define HELP_FROM 16u		/* values on their way: fewer are done sooner alone */
#define READ_THREADS 8u
#define POLL 4u			/* values taken between two looks at the queue */
#define TOLD (2 * SLOTS)
#define LOOK_AGAIN_NS 500000L	/* while waiting: did others come? */

enum slot_state { PARKED, READING, READY, BUSY, DONE };

struct slot {
	struct ioq_op op;
	struct entry e;
	struct fetch_file *ff;
	struct slot *next;		/* in the list READY */
	uint64_t n;
	uint64_t span_off, mem_end;
	size_t span_len;
	uint8_t *pages, *span, *raw;	/* span lies in pages */
	const uint8_t *value;
	bool cold, read;
	_Atomic int state;
	int result;			/* as fetch_take's */
	struct err_note *note;
};

struct told {
	struct fetch_file *ff;		/* NULL: nothing is to be brought in */
	uint64_t off;
	size_t len;
	bool on_way;			/* asked for, and not seen to be there */
};

struct fetch {
	struct fetch_files files;
	struct mem *mem;
	struct fetch_stat stat;
	struct ioq *q;
	bool many;			/* q was made for many */
	unsigned depth, on_way;		/* cold values */
	uint64_t expected_n;
	struct slot *slot;
	uint64_t slot_n;
	uint64_t first, parked, end;	/* wanted: [first, end); from PARKED on none was sent */
	struct told *told;		/* NULL: past the page cache */
	uint64_t landed, asked, told_end;	/* [landed, asked) may be on their way */
	uint64_t ahead_bytes;		/* asked for and not wanted yet */
	bool taken;			/* the first was handed out */
	uint8_t *pages;
	uint64_t room, mem_first, mem_end;

	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct slot *ready, **ready_end;
	unsigned idle;			/* helpers that wait */
	struct slot *waited;		/* the caller waits for it */
	bool stop;
	unsigned helper_n;
	pthread_t helper[HELPERS];
};

int fetch_open(struct fetch **out, struct store *s, size_t room, bool direct)
{
	struct fetch *f = mem_zalloc(&s->mem, sizeof *f);
	pthread_condattr_t monotonic;

	if (!f)
		return ERR_MEMORY;
	f->mem = &s->mem;
	fetch_files_init(&f->files, s, direct);
	f->depth = (unsigned)setting_u64(&s->settings, SETTING_IO_DEPTH);
	f->room = room / DISK_PAGE * DISK_PAGE;
	f->ready_end = &f->ready;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	f->slot_n = f->room / SLOT_ROOM < SLOTS ? f->room / SLOT_ROOM : SLOTS;
	if (f->slot_n < SLOTS_LEAST)
		f->slot_n = SLOTS_LEAST;
	f->slot = mem_zalloc(f->mem, f->slot_n * sizeof *f->slot);
	f->pages = mem_pages(f->mem, f->room);
	if (!direct)
		f->told = mem_zalloc(f->mem, TOLD * sizeof *f->told);
	if (!f->slot || !f->pages || (!direct && !f->told)) {
		fetch_close(f);
		return ERR_MEMORY;
	}
	*out = f;
	return 0;
}

/* --- one value --- */

static void fail(struct slot *s, int r)
{
	s->result = r;
	s->note = malloc(sizeof *s->note);
	if (s->note)
		err_take(s->note, r);
	err_clear();
}

static void unpack(struct fetch *f, struct slot *s)
{
	const struct store *store = f->files.store;
	int r = s->read ? 0 : file_read(s->ff->file, s->span, s->span_len, s->span_off);

	if (r == 0)
		r = blob_span_unpack(s->ff->file, store->manifest.store_id, &s->e, s->span,
				     s->raw, &s->value);
	if (r < 0)
		fail(s, r);
	else
		s->result = r == 0;
}

static void push_ready(struct fetch *f, struct slot *s)
{
	pthread_mutex_lock(&f->lock);
	s->next = NULL;
	*f->ready_end = s;
	f->ready_end = &s->next;
	atomic_store_explicit(&s->state, READY, memory_order_relaxed);
	if (f->idle)
		pthread_cond_signal(&f->work);
	pthread_mutex_unlock(&f->lock);
}

/* Under the lock. */
static struct slot *pop_ready(struct fetch *f)
{
	struct slot *s = f->ready;

	if (!s)
		return NULL;
	f->ready = s->next;
	if (!f->ready)
		f->ready_end = &f->ready;
	atomic_store_explicit(&s->state, BUSY, memory_order_relaxed);
	return s;
}

static void *help(void *arg)
{
	struct fetch *f = arg;
	struct slot *s;

	pthread_mutex_lock(&f->lock);
	for (;;) {
		while (!(s = pop_ready(f)) && !f->stop) {
			f->idle++;
			pthread_cond_wait(&f->work, &f->lock);
			f->idle--;
		}
		if (!s)
			break;
		pthread_mutex_unlock(&f->lock);
		unpack(f, s);
		pthread_mutex_lock(&f->lock);
		atomic_store_explicit(&s->state, DONE, memory_order_release);
		if (f->waited == s)
			pthread_cond_signal(&f->done);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* Where no thread can be had the caller does it all. */
static void call_help(struct fetch *f)
{
	unsigned want = team_default() - 1;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (f->helper_n < want && f->helper_n < HELPERS &&
	       pthread_create(&f->helper[f->helper_n], NULL, help, f) == 0)
		f->helper_n++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- reading --- */

static int queue_make(struct fetch *f)
{
	bool many = ioq_worth(0, f->stat.read_n + f->expected_n);

	if (f->q && (f->many || !many || ioq_in_flight(f->q)))
		return 0;
	ioq_close(f->q);
	f->q = NULL;
	f->many = many;
	return ioq_open(&f->q, many ? f->depth : READ_THREADS, many ? IOQ_AUTO : IOQ_THREADS);
}

static void send_direct(struct fetch *f, struct slot *s)
{
	uint64_t off = s->span_off / DISK_PAGE * DISK_PAGE;
	int r = queue_make(f);

	s->op = (struct ioq_op){
		.file = s->ff->direct, .buf = s->pages, .off = off, .user = s,
		.len = (size_t)(disk_round_up(s->span_off + s->span_len, DISK_PAGE) - off),
	};
	if (r == 0)
		r = ioq_submit(f->q, &s->op);
	if (r < 0) {
		fail(s, r);
		f->on_way--;
		atomic_store(&s->state, DONE);
		return;
	}
	atomic_store(&s->state, READING);
	f->stat.read_n++;
	f->stat.read_bytes += s->op.len;
}

static void count_on_way(struct fetch *f)
{
	if (++f->on_way > f->stat.depth)
		f->stat.depth = f->on_way;
}

/* --- asking for pages --- */

static void came_in(struct fetch *f, struct told *t)
{
	f->on_way -= t->on_way;
	t->on_way = false;
}

static bool is_there(const struct fetch *f, uint64_t n)
{
	const struct told *t = &f->told[n % TOLD];

	return (n < f->end && f->slot[n % f->slot_n].state == DONE) ||
		fetch_file_cached(t->ff, t->off, t->len);
}

/* Looks which came: the oldest ones, or ALL. */
static void land(struct fetch *f, bool all)
{
	for (uint64_t n = f->landed; n < f->asked; n++) {
		struct told *t = &f->told[n % TOLD];

		if (t->on_way && is_there(f, n))
			came_in(f, t);
		if (!t->on_way && n == f->landed)
			f->landed++;
		else if (t->on_way && !all)
			return;
	}
}

static void ask_for(struct fetch *f, struct told *t)
{
	if (t->ff && fetch_file_open(&f->files, t->ff) < 0) {
		err_clear();	/* whoever reads the value will say it */
		t->ff = NULL;
	}
	if (!t->ff || fetch_file_cached(t->ff, t->off, t->len))
		return;
	view_advise(&t->ff->view, t->off, t->len, VIEW_WILLNEED);
	t->on_way = true;
	f->stat.cold_n++;
	count_on_way(f);
}

/* For the next ones, while there is room for more on their way. */
static void ask(struct fetch *f)
{
	for (; f->asked < f->told_end; f->asked++) {
		struct told *t = &f->told[f->asked % TOLD];

		if (f->on_way >= f->depth)
			land(f, false);
		if (f->on_way >= f->depth ||
		    (f->asked >= f->end && f->ahead_bytes >= f->room))
			return;
		ask_for(f, t);
		if (f->asked >= f->end)
			f->ahead_bytes += t->len;
	}
}

static void add_told(struct fetch *f, struct fetch_file *ff, uint64_t off, size_t len)
{
	f->told[f->told_end++ % TOLD] = (struct told){ .ff = ff, .off = off, .len = len };
}

bool fetch_tell(struct fetch *f, const struct entry *e)
{
	struct fetch_file *ff = NULL;
	uint64_t off = 0;
	size_t len = 0;

	/* SLOTS, and as many wanted before them, have their places */
	if (!f->told || f->told_end < f->end || f->told_end - f->end == SLOTS)
		return false;
	if (blob_span(e, &off, &len))
		ff = fetch_file(&f->files, e->blob.blob);
	add_told(f, ff, off, len);
	return true;
}

/* False: enough are on their way. */
static bool send_cold(struct fetch *f, struct slot *s)
{
	if (!s->cold || s->state != PARKED)
		return true;
	if (f->on_way >= f->depth || (f->q && ioq_room(f->q) == 0))
		return false;
	count_on_way(f);
	send_direct(f, s);
	return true;
}

/* Those parked, while there is room for more on their way. */
static void send_parked(struct fetch *f)
{
	if (f->told)
		ask(f);
	for (; f->parked < f->end; f->parked++) {
		struct slot *s = &f->slot[f->parked % f->slot_n];

		if (!f->told && !send_cold(f, s))
			return;
		if (f->told && f->parked == f->asked)
			return;
		if (f->told && s->state == PARKED)
			push_ready(f, s);
	}
}

/* The end of a direct read. */
static void came(struct fetch *f, struct ioq_op *op)
{
	struct slot *s = op->user;
	uint64_t end = s->span_off + s->span_len;

	f->on_way--;
	s->read = true;
	if (op->result >= 0 && op->off + (uint64_t)op->result < end)
		op->result = err_set(ERR_DAMAGED, "%s: ends at byte %llu", file_path(op->file),
				     (unsigned long long)(op->off + (uint64_t)op->result));
	if (op->result < 0) {
		fail(s, (int)op->result);
		atomic_store(&s->state, DONE);
	} else {
		push_ready(f, s);
	}
}

/* --- wanting --- */

/* LEN bytes of the ring, in one piece; where they end. */
static uint8_t *ring_room(struct fetch *f, size_t len, uint64_t *end)
{
	uint64_t at = f->mem_end % f->room, start = f->mem_end;

	if (len > f->room)
		return NULL;
	if (len > f->room - at)
		start += f->room - at;
	if (f->first == f->end)
		f->mem_first = f->mem_end = start;
	if (start + len - f->mem_first > f->room)
		return NULL;
	*end = start + len;
	return f->pages + start % f->room;
}

static void release_taken(struct fetch *f)
{
	struct slot *s = &f->slot[f->first % f->slot_n];

	if (!f->taken)
		return;
	f->taken = false;
	f->mem_first = s->mem_end;
	if (s->ff)
		s->ff->used--;
	free(s->note);
	s->note = NULL;
	f->first++;
	if (f->parked < f->first)
		f->parked = f->first;
	if (f->told && f->landed < f->first)
		came_in(f, &f->told[f->landed++ % TOLD]);
}

static struct slot *add_slot(struct fetch *f)
{
	if (f->told && f->end < f->asked)
		f->ahead_bytes -= f->told[f->end % TOLD].len;
	return &f->slot[f->end++ % f->slot_n];
}

/* One that is to be read elsewhere, or cannot be. */
static bool add_plain(struct fetch *f, int r)
{
	struct slot *s = add_slot(f);

	*s = (struct slot){ .mem_end = f->mem_end, .state = DONE };
	if (f->told && f->told_end < f->end)
		add_told(f, NULL, 0, 0);
	if (r < 0)
		fail(s, r);
	return true;
}

static void begin(struct fetch *f, struct slot *s)
{
	s->ff->used++;
	if (f->told && f->told_end < f->end)
		add_told(f, s->ff, s->span_off, s->span_len);
	s->cold = !f->told && !fetch_file_cached(s->ff, s->span_off, s->span_len);
	if (s->cold)
		f->stat.cold_n++;
	if (s->cold || f->told)
		send_parked(f);
	else
		push_ready(f, s);
	if (!f->helper_n && f->end - f->first >= HELP_FROM)
		call_help(f);
}

bool fetch_want(struct fetch *f, const struct entry *e)
{
	struct slot *s;
	struct fetch_file *ff;
	uint64_t off, end;
	size_t len = 0, read_len;
	uint8_t *pages;
	int r;

	release_taken(f);
	if (f->end - f->first == f->slot_n)
		return false;
	if (!blob_span(e, &off, &len))
		return add_plain(f, 0);
	read_len = (size_t)(disk_round_up(off + len, DISK_PAGE) - off / DISK_PAGE * DISK_PAGE);
	pages = ring_room(f, read_len + disk_round_up(e->size, DISK_PAGE), &end);
	if (!pages)
		return f->first == f->end && add_plain(f, 0);
	ff = fetch_file(&f->files, e->blob.blob);
	if (!ff)
		return add_plain(f, 0);
	r = fetch_file_open(&f->files, ff);
	if (r < 0) {
		bool wait = r == ERR_RESOURCE && f->first != f->end;

		return !wait && add_plain(f, r);
	}
	s = add_slot(f);
	*s = (struct slot){
		.e = *e, .n = f->end - 1, .ff = ff, .mem_end = end,
		.span_off = off, .span_len = len,
		.pages = pages, .span = pages + off % DISK_PAGE, .raw = pages + read_len,
	};
	f->mem_end = end;
	begin(f, s);
	return true;
}

/* --- taking --- */

/* One that need not be waited for; the one that is wanted now all the same. */
static struct slot *pop_here(struct fetch *f)
{
	for (struct slot **at = &f->ready, *s; (s = *at); at = &s->next) {
		if (f->told && f->told[s->n % TOLD].on_way && s->n != f->first && f->helper_n)
			continue;
		*at = s->next;
		if (!s->next)
			f->ready_end = at;
		atomic_store_explicit(&s->state, BUSY, memory_order_relaxed);
		return s;
	}
	return NULL;
}

static bool work_one(struct fetch *f)
{
	struct slot *s;

	pthread_mutex_lock(&f->lock);
	s = pop_here(f);
	pthread_mutex_unlock(&f->lock);
	if (!s)
		return false;
	unpack(f, s);
	atomic_store(&s->state, DONE);
	return true;
}

static void wait_for(struct fetch *f, struct slot *s)
{
	bool others = f->told && f->asked < f->told_end;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_AGAIN_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&f->lock);
	f->waited = s;
	while (s->state == BUSY) {
		if (!others)
			pthread_cond_wait(&f->done, &f->lock);
		else if (pthread_cond_timedwait(&f->done, &f->lock, &until) != 0)
			break;
	}
	f->waited = NULL;
	pthread_mutex_unlock(&f->lock);
}

static void finish(struct fetch *f, struct slot *s)
{
	if (f->q && f->end % POLL == 0)
		for (struct ioq_op *op; (op = ioq_poll(f->q)); )
			came(f, op);
	send_parked(f);
	while (atomic_load_explicit(&s->state, memory_order_acquire) != DONE) {
		if (work_one(f))
			continue;
		if (s->state == READING)
			came(f, ioq_wait(f->q));
		else
			wait_for(f, s);
		if (f->told)
			land(f, true);
		send_parked(f);
	}
}

int fetch_take(struct fetch *f, struct bytes *out)
{
	struct slot *s;

	release_taken(f);
	if (f->first == f->end)
		return err_set(ERR_BUG, "a value is taken that was not wanted");
	s = &f->slot[f->first % f->slot_n];
	finish(f, s);
	f->taken = true;	/* the next call gives its memory back */
	f->stat.value_n++;
	if (s->result < 0)
		return s->note ? err_give(s->note) :
			err_set(s->result, "out of memory for a message");
	*out = bytes_of(s->value, s->result ? (size_t)s->e.size : 0);
	return s->result;
}

void fetch_drop(struct fetch *f)
{
	struct err_note note;

	err_take(&note, 0);	/* the caller may be on its way out with a message */
	release_taken(f);
	while (f->first != f->end) {
		finish(f, &f->slot[f->first % f->slot_n]);
		f->taken = true;
		release_taken(f);
	}
	if (f->told) {
		f->landed = f->asked = f->told_end = f->end;
		f->ahead_bytes = f->on_way = 0;
	}
	err_give(&note);
}

/* --- the rest --- */

void fetch_expect(struct fetch *f, const struct entry *e)
{
	struct fetch_file *ff;
	uint64_t off;
	size_t len;

	if (!blob_span(e, &off, &len))
		return;
	ff = fetch_file(&f->files, e->blob.blob);
	if (!ff)
		return;
	f->expected_n++;
	fetch_file_expect(ff, off, len);
}

void fetch_plan(struct fetch *f, bool more)
{
	fetch_files_plan(&f->files, more);
	f->stat.brought_bytes = f->files.brought_bytes;
}

void fetch_get_stat(const struct fetch *f, struct fetch_stat *out)
{
	*out = f->stat;
	if (f->q)
		snprintf(out->engine, sizeof out->engine, "%s", ioq_why(f->q));
}

void fetch_close(struct fetch *f)
{
	if (!f)
		return;
	if (f->slot && f->pages)
		fetch_drop(f);
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_broadcast(&f->work);
	pthread_mutex_unlock(&f->lock);
	for (unsigned i = 0; i < f->helper_n; i++)
		pthread_join(f->helper[i], NULL);
	ioq_close(f->q);
	fetch_files_close(&f->files);
	mem_free_pages(f->mem, f->pages, f->room);
	mem_free(f->mem, f->slot);
	mem_free(f->mem, f->told);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->work);
	pthread_cond_destroy(&f->done);
	mem_free(f->mem, f);
}
