/* io/ioq.c
 *
 * An op is in one of four places: ready (wants to go to the kernel), in the
 * kernel, with a thread, or done.  Ready ops go down in groups: one system call a
 * group, and while fewer than a few are in flight, at once.  When the kernel takes
 * only some of a group, or says EAGAIN, we reap and offer the rest again; when it
 * takes none and nothing of ours is inside, the op is done by pread or pwrite:
 * the result never depends on the engine.
 *
 * AUTO decides at the first op.  A buffered file blocks in io_submit until its
 * bytes are there, so libaio serves direct files and threads the others; a file
 * without a descriptor (tests) is read then and there.
 */
#include "io/ioq.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_LIBAIO
#include <libaio.h>
#endif

#include "base/err.h"
#include "base/lazylib.h"
#include "io/file.h"
#include "io/ioq_calls.h"

#define GROUP 16	/* ops a system call: above, it is no longer the cost */
#define KEEN 4		/* ready ops that are not held back: the device works on them while
			 * the next are made; with 16 depth 32 had 6% less, bench/io */
#define THREADS 8
#define EVENTS 32

struct slot {
#ifdef HAVE_LIBAIO
	struct iocb cb;
#endif
	struct ioq_op *op;
	size_t done;			/* bytes so far: short reads go on */
	struct err_note *note;		/* of a failure */
	struct slot *next;
};

struct list {
	struct slot *head, **tail;
	unsigned n;
};

struct ioq {
	enum ioq_engine engine;		/* AUTO until the first op */
	char why[160];
	unsigned depth, in_flight;
	struct slot *slots;
	struct list vacant, ready, done;	/* done: under the mutex */
	const struct ioq_calls *calls;
	struct io_context *ctx;
	unsigned in_kernel;

	pthread_mutex_t mutex;
	pthread_cond_t work, finished;
	struct list todo;		/* for the threads */
	pthread_t thread[THREADS];
	unsigned thread_n;
	bool stop;
};

static void list_init(struct list *l)
{
	*l = (struct list){ 0 };
	l->tail = &l->head;
}

static void list_push(struct list *l, struct slot *s)
{
	s->next = NULL;
	*l->tail = s;
	l->tail = &s->next;
	l->n++;
}

static struct slot *list_pop(struct list *l)
{
	struct slot *s = l->head;

	if (!s)
		return NULL;
	l->head = s->next;
	if (!l->head)
		l->tail = &l->head;
	l->n--;
	return s;
}

/* --- one op, the plain way --- */

static void slot_fail(struct slot *s, int code)
{
	s->op->result = code;
	s->note = malloc(sizeof *s->note);
	if (s->note)
		err_take(s->note, code);
}

/* What is left of the op, by pread or pwrite. */
static void slot_run(struct slot *s)
{
	struct ioq_op *op = s->op;
	uint8_t *p = (uint8_t *)op->buf + s->done;
	size_t len = op->len - s->done;
	ssize_t n;

	if (op->write)
		n = file_write(op->file, p, len, op->off + s->done);
	else
		n = file_read_some(op->file, p, len, op->off + s->done);
	if (n < 0)
		slot_fail(s, (int)n);
	else
		op->result = (ssize_t)(op->write ? op->len : s->done + (size_t)n);
}

/* --- libaio --- */

#ifdef HAVE_LIBAIO

enum { SETUP, SUBMIT, GETEVENTS, DESTROY };
static const char *const aio_names[] = {
	"io_setup", "io_submit", "io_getevents", "io_destroy", NULL
};
static void *aio_symbols[4];
static struct lazylib aio_lib = {
	.soname = "libaio.so.1", .debian = "libaio1", .names = aio_names,
	.symbols = aio_symbols, .lock = PTHREAD_MUTEX_INITIALIZER,
};

/* A symbol with the type its header gives it. */
#define AIO(at, name) ((__typeof__(&name))aio_symbols[at])

static int aio_setup(int depth, struct io_context **ctx)
{
	return AIO(SETUP, io_setup)(depth, ctx);
}

static int aio_submit(struct io_context *ctx, long n, struct iocb **list)
{
	return AIO(SUBMIT, io_submit)(ctx, n, list);
}

static int aio_getevents(struct io_context *ctx, long min, long n,
			 struct io_event *events, struct timespec *wait)
{
	return AIO(GETEVENTS, io_getevents)(ctx, min, n, events, wait);
}

static int aio_destroy(struct io_context *ctx)
{
	return AIO(DESTROY, io_destroy)(ctx);
}

static const struct ioq_calls aio_calls = {
	aio_setup, aio_submit, aio_getevents, aio_destroy
};

static int kernel_open(struct ioq *q)
{
	int r = 0;

	if (!q->calls) {
		r = lazylib_load(&aio_lib);
		if (r < 0)
			return r;
		q->calls = &aio_calls;
	}
	r = q->calls->setup((int)q->depth, &q->ctx);
	if (r == 0)
		return 0;
	q->ctx = NULL;
	errno = -r;
	err_sys(ERR_UNAVAILABLE, "libaio: no context for %u operations", q->depth);
	return ERR_UNAVAILABLE;
}

static void kernel_close(struct ioq *q)
{
	if (q->ctx)
		q->calls->destroy(q->ctx);
}

static void kernel_prepare(struct slot *s)
{
	struct ioq_op *op = s->op;
	uint8_t *p = (uint8_t *)op->buf + s->done;
	size_t len = op->len - s->done;
	long long off = (long long)(op->off + s->done);

	if (op->write)
		io_prep_pwrite(&s->cb, op->file->fd, p, len, off);
	else
		io_prep_pread(&s->cb, op->file->fd, p, len, off);
	s->cb.data = s;
}

static int kernel_failed(struct slot *s, int e)
{
	struct ioq_op *op = s->op;

	/* refused, not tried: the plain way may do it.  A true failure is not repeated */
	if (e == EAGAIN || e == EINTR || e == EINVAL || e == ENOSYS || e == EOPNOTSUPP) {
		slot_run(s);
		return 1;
	}
	errno = e;
	slot_fail(s, err_sys(ERR_IO, "%s: offset %llu: %s", file_path(op->file),
			     (unsigned long long)(op->off + s->done),
			     op->write ? "write" : "read"));
	return 1;
}

/* 1 and the op is done; 0 and the rest of it has to be asked for. */
static int kernel_result(struct slot *s, long res)
{
	struct ioq_op *op = s->op;
	bool crooked;

	if (res < 0)
		return kernel_failed(s, (int)-res);
	s->done += (size_t)res < op->len - s->done ? (size_t)res : op->len - s->done;
	op->result = (ssize_t)s->done;
	if (s->done == op->len)
		return 1;
	/* direct and between two borders: a read was at the end, a write cannot go on */
	crooked = op->file->direct && s->done % op->file->align;
	if (op->write && (res == 0 || crooked))
		return kernel_failed(s, EIO);
	return res == 0 || crooked;
}

/* Takes what the kernel has finished, waiting for MIN. */
static void kernel_reap(struct ioq *q, long min)
{
	struct io_event e[EVENTS];
	int n;

	if (q->in_kernel == 0)
		return;
	do {
		n = q->calls->getevents(q->ctx, min, EVENTS, e, NULL);
	} while (n == -EINTR);
	assert(n >= 0);		/* the context and the array are ours */
	for (int i = 0; i < n; i++) {
		struct slot *s = e[i].data;

		q->in_kernel--;
		if (kernel_result(s, (long)e[i].res))
			list_push(&q->done, s);
		else
			list_push(&q->ready, s);
	}
}

/* Offers the ready ops; at return they are inside, or done. */
static void kernel_kick(struct ioq *q)
{
	while (q->ready.n) {
		struct iocb *group[GROUP];
		struct slot *s = q->ready.head;
		long n = 0;
		int took;

		for (; s && n < GROUP; s = s->next) {
			kernel_prepare(s);
			group[n++] = &s->cb;
		}
		do {
			took = q->calls->submit(q->ctx, n, group);
		} while (took == -EINTR);
		for (int i = 0; i < took; i++) {
			list_pop(&q->ready);
			q->in_kernel++;
		}
		if (took > 0)
			continue;
		if ((took == -EAGAIN || took == 0) && q->in_kernel) {
			kernel_reap(q, 1);
			continue;
		}
		s = list_pop(&q->ready);	/* it will not have the first */
		slot_run(s);
		list_push(&q->done, s);
	}
}

static void kernel_submit(struct ioq *q, struct slot *s)
{
	list_push(&q->ready, s);
	if (q->in_kernel < KEEN || q->ready.n >= KEEN)
		kernel_kick(q);
}

static void kernel_wait(struct ioq *q)
{
	kernel_kick(q);
	while (q->done.n == 0 && q->in_kernel) {
		kernel_reap(q, 1);
		kernel_kick(q);
	}
}

static void kernel_poll(struct ioq *q)
{
	kernel_kick(q);
	kernel_reap(q, 0);
}

#else

static int kernel_open(struct ioq *q)
{
	(void)q;
	return err_set(ERR_UNAVAILABLE, "libaio: not there when this was built");
}

static void kernel_close(struct ioq *q)
{
	(void)q;
}

static void kernel_submit(struct ioq *q, struct slot *s)
{
	slot_run(s);
	list_push(&q->done, s);
}

static void kernel_wait(struct ioq *q)
{
	(void)q;
}

static void kernel_poll(struct ioq *q)
{
	(void)q;
}

#endif

/* --- threads --- */

static void *thread_main(void *arg)
{
	struct ioq *q = arg;
	struct slot *s;

	pthread_mutex_lock(&q->mutex);
	for (;;) {
		while (!(s = list_pop(&q->todo)) && !q->stop)
			pthread_cond_wait(&q->work, &q->mutex);
		if (!s)
			break;
		pthread_mutex_unlock(&q->mutex);
		slot_run(s);
		pthread_mutex_lock(&q->mutex);
		list_push(&q->done, s);
		pthread_cond_signal(&q->finished);
	}
	pthread_mutex_unlock(&q->mutex);
	return NULL;
}

/* One more thread for each op that waits for one, up to the limit. */
static void thread_submit(struct ioq *q, struct slot *s)
{
	pthread_mutex_lock(&q->mutex);
	if (q->thread_n < THREADS && q->thread_n < q->depth && q->thread_n < q->in_flight &&
	    pthread_create(&q->thread[q->thread_n], NULL, thread_main, q) == 0)
		q->thread_n++;
	if (q->thread_n) {
		list_push(&q->todo, s);
		pthread_cond_signal(&q->work);
	}
	pthread_mutex_unlock(&q->mutex);
	if (q->thread_n)
		return;
	slot_run(s);			/* no thread to be had */
	list_push(&q->done, s);
}

static void threads_stop(struct ioq *q)
{
	pthread_mutex_lock(&q->mutex);
	q->stop = true;
	pthread_cond_broadcast(&q->work);
	pthread_mutex_unlock(&q->mutex);
	for (unsigned i = 0; i < q->thread_n; i++)
		pthread_join(q->thread[i], NULL);
}

/* --- the queue --- */

static void why(struct ioq *q, const char *text)
{
	size_t n = strlen(text);

	if (n >= sizeof q->why)
		n = sizeof q->why - 1;
	memcpy(q->why, text, n);
	q->why[n] = '\0';
}

static void choose(struct ioq *q, const struct file *f)
{
	if (f->fd < 0) {
		q->engine = IOQ_SYNC;
		why(q, "one by one: the backend has no descriptors");
	} else if (!f->direct) {
		q->engine = IOQ_THREADS;
		why(q, "threads: the file is not open for direct I/O");
	} else if (kernel_open(q) == 0) {
		q->engine = IOQ_LIBAIO;
		why(q, "libaio");
	} else {
		q->engine = IOQ_THREADS;
		why(q, "threads: ");
		strncat(q->why, err_message(), sizeof q->why - strlen(q->why) - 1);
	}
}

static int slots_make(struct ioq *q)
{
	list_init(&q->vacant);
	list_init(&q->ready);
	list_init(&q->done);
	list_init(&q->todo);
	q->slots = calloc(q->depth, sizeof *q->slots);
	if (!q->slots)
		return err_set(ERR_MEMORY, "out of memory");
	for (unsigned i = 0; i < q->depth; i++)
		list_push(&q->vacant, &q->slots[i]);
	return 0;
}

int ioq_open_with(struct ioq **out, unsigned depth, enum ioq_engine engine,
		  const struct ioq_calls *calls)
{
	struct ioq *q = calloc(1, sizeof *q);
	int r;

	if (!q)
		return err_set(ERR_MEMORY, "out of memory");
	q->depth = depth ? depth : 1;
	q->engine = engine;
	q->calls = calls;
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->work, NULL);
	pthread_cond_init(&q->finished, NULL);
	r = slots_make(q);
	if (r == 0 && engine == IOQ_LIBAIO)
		r = kernel_open(q);
	if (engine != IOQ_AUTO)
		why(q, engine == IOQ_LIBAIO ? "libaio" : engine == IOQ_THREADS ?
		    "threads: asked for" : "one by one: asked for");
	if (r < 0)
		ioq_close(q);
	else
		*out = q;
	return r;
}

int ioq_open(struct ioq **out, unsigned depth, enum ioq_engine engine)
{
	return ioq_open_with(out, depth, engine, NULL);
}

void ioq_close(struct ioq *q)
{
	if (!q)
		return;
	while (ioq_wait(q))
		;
	threads_stop(q);
	kernel_close(q);
	pthread_mutex_destroy(&q->mutex);
	pthread_cond_destroy(&q->work);
	pthread_cond_destroy(&q->finished);
	free(q->slots);
	free(q);
}

enum ioq_engine ioq_engine_used(const struct ioq *q)
{
	return q->engine;
}

const char *ioq_why(const struct ioq *q)
{
	return q->why;
}

unsigned ioq_in_flight(const struct ioq *q)
{
	return q->in_flight;
}

unsigned ioq_room(const struct ioq *q)
{
	return q->depth - q->in_flight;
}

int ioq_submit(struct ioq *q, struct ioq_op *op)
{
	struct slot *s = list_pop(&q->vacant);

	if (!s)
		return err_set(ERR_BUG, "ioq: over %u operations in flight", q->depth);
	s->op = op;
	s->done = 0;
	s->note = NULL;
	op->result = 0;
	q->in_flight++;
	if (q->engine == IOQ_AUTO)
		choose(q, op->file);
	if (q->engine == IOQ_LIBAIO && op->file->fd >= 0) {
		kernel_submit(q, s);
	} else if (q->engine == IOQ_THREADS && op->file->fd >= 0) {
		thread_submit(q, s);
	} else {
		slot_run(s);
		pthread_mutex_lock(&q->mutex);
		list_push(&q->done, s);
		pthread_mutex_unlock(&q->mutex);
	}
	return 0;
}

static struct slot *next_done(struct ioq *q)
{
	struct slot *s;

	if (q->engine == IOQ_LIBAIO && q->done.n == 0)
		kernel_wait(q);
	pthread_mutex_lock(&q->mutex);
	while (!(s = list_pop(&q->done)))
		pthread_cond_wait(&q->finished, &q->mutex);
	pthread_mutex_unlock(&q->mutex);
	return s;
}

static struct ioq_op *give_back(struct ioq *q, struct slot *s)
{
	struct ioq_op *op = s->op;

	if (s->note) {
		err_give(s->note);
		free(s->note);
		s->note = NULL;
	}
	q->in_flight--;
	list_push(&q->vacant, s);
	return op;
}

struct ioq_op *ioq_wait(struct ioq *q)
{
	return q->in_flight ? give_back(q, next_done(q)) : NULL;
}

struct ioq_op *ioq_poll(struct ioq *q)
{
	struct slot *s;

	if (q->in_flight == 0)
		return NULL;
	if (q->engine == IOQ_LIBAIO && q->done.n == 0)
		kernel_poll(q);
	pthread_mutex_lock(&q->mutex);
	s = list_pop(&q->done);
	pthread_mutex_unlock(&q->mutex);
	return s ? give_back(q, s) : NULL;
}
