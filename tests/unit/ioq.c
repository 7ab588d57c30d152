/* tests/unit/ioq.c - every engine gives the same bytes, also over a kernel that
 * refuses, takes half, answers out of order and short */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#ifdef HAVE_LIBAIO
#include <libaio.h>
#endif

#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/ioq_calls.h"
#include "io/platter.h"

#define BLOCK 4096u
#define BLOCKS 64u
#define DEPTH 12

struct fixture {
	char dir[64];
	struct backend *b;
	uint8_t *block[DEPTH];
};

static uint64_t seed = 1;

static unsigned draw(unsigned n)
{
	return (unsigned)platter_below(&seed, n);
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);

	strcpy(x->dir, "/tmp/strato-unit-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	assert_int_equal(backend_local(&x->b, x->dir, true), 0);
	for (unsigned i = 0; i < DEPTH; i++)
		x->block[i] = mem_pages(NULL, 4 * BLOCK);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;
	char cmd[128];

	for (unsigned i = 0; i < DEPTH; i++)
		mem_free_pages(NULL, x->block[i], 4 * BLOCK);
	backend_close(x->b);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", x->dir);
	assert_int_equal(system(cmd), 0);
	free(x);
	return 0;
}

/* BLOCKS blocks, each beginning and ending with its number. */
static struct file *numbered(struct fixture *x, const char *name, unsigned flags)
{
	uint8_t *p = mem_pages(NULL, BLOCK);
	struct file *f;

	assert_int_equal(backend_open(x->b, name, FILE_WRITE | FILE_CREATE | flags, &f), 0);
	for (unsigned i = 0; i < BLOCKS; i++) {
		memset(p, (int)i + 1, BLOCK);
		assert_int_equal(file_write(f, p, BLOCK, (uint64_t)i * BLOCK), 0);
	}
	mem_free_pages(NULL, p, BLOCK);
	return f;
}

static void check_read(const struct ioq_op *op)
{
	uint64_t size = (uint64_t)BLOCKS * BLOCK, want = op->len;
	const uint8_t *p = op->buf;

	if (op->off >= size)
		want = 0;
	else if (want > size - op->off)
		want = size - op->off;
	assert_int_equal(op->result, want);
	for (uint64_t i = 0; i < want; i += BLOCK / 2)
		assert_int_equal(p[i], (op->off + i) / BLOCK + 1);
}

/* N random reads, past the end too, as many in flight as fit. */
static void read_at_random(struct fixture *x, struct ioq *q, struct file *f, unsigned n)
{
	struct ioq_op op[DEPTH], *back;
	unsigned sent = 0, got = 0, vacant[DEPTH], vacant_n = 0;

	for (unsigned i = 0; i < DEPTH; i++)
		vacant[vacant_n++] = i;
	while (got < n) {
		while (sent < n && ioq_room(q) && vacant_n) {
			unsigned i = vacant[--vacant_n];

			op[i] = (struct ioq_op){
				.file = f, .buf = x->block[i], .len = (1 + draw(4)) * BLOCK,
				.off = (uint64_t)draw(BLOCKS + 3) * BLOCK, .user = &vacant[i],
			};
			memset(op[i].buf, 0xee, op[i].len);
			assert_int_equal(ioq_submit(q, &op[i]), 0);
			sent++;
		}
		assert_int_equal(ioq_in_flight(q), sent - got);
		back = ioq_wait(q);
		assert_non_null(back);
		assert_ptr_equal(back->user, &vacant[back - op]);
		check_read(back);
		vacant[vacant_n++] = (unsigned)(back - op);
		got++;
	}
	assert_null(ioq_wait(q));
}

static void write_and_read_back(struct fixture *x, struct ioq *q, struct file *f)
{
	struct ioq_op op[DEPTH];

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < DEPTH; i++) {
			memset(x->block[i], (int)(3 * i + 2), 3 * BLOCK);
			for (unsigned k = 0; k < 3; k++)
				memset(x->block[i] + k * BLOCK, (int)(3 * i + k + 1), BLOCK);
			op[i] = (struct ioq_op){ .file = f, .buf = x->block[i], .len = 3 * BLOCK,
						 .off = 3ull * i * BLOCK, .write = true };
			assert_int_equal(ioq_submit(q, &op[i]), 0);
		}
		for (unsigned i = 0; i < DEPTH; i++)
			assert_int_equal(ioq_wait(q)->result, 3 * BLOCK);
	}
	read_at_random(x, q, f, 60);
}

static void engine_works(struct fixture *x, enum ioq_engine engine,
			 const struct ioq_calls *calls, unsigned flags)
{
	struct file *f = numbered(x, "f", flags);
	struct ioq *q;
	int r = ioq_open_with(&q, DEPTH, engine, calls);

	if (r == ERR_UNAVAILABLE && !calls) {
		file_close(f);
		print_message("%s\n", err_message());
		skip();
	}
	assert_int_equal(r, 0);
	read_at_random(x, q, f, 200);
	write_and_read_back(x, q, f);
	ioq_close(q);
	file_close(f);
}

static void one_by_one_reads_and_writes(void **state)
{
	engine_works(*state, IOQ_SYNC, NULL, 0);
}

static void threads_read_and_write(void **state)
{
	engine_works(*state, IOQ_THREADS, NULL, 0);
}

static void libaio_reads_and_writes_directly(void **state)
{
	engine_works(*state, IOQ_LIBAIO, NULL, FILE_DIRECT);
}

static void libaio_reads_and_writes_buffered_files(void **state)
{
	engine_works(*state, IOQ_LIBAIO, NULL, 0);
}

static void auto_finds_an_engine_and_says_which(void **state)
{
	struct fixture *x = *state;
	struct backend *m;
	struct file *f;
	struct ioq *q;
	char c;

	assert_int_equal(ioq_open(&q, 4, IOQ_AUTO), 0);
	assert_int_equal(ioq_engine_used(q), IOQ_AUTO);
	assert_null(ioq_wait(q));
	ioq_close(q);
	engine_works(x, IOQ_AUTO, NULL, 0);
	assert_int_equal(backend_remove(x->b, "f"), 0);
	engine_works(x, IOQ_AUTO, NULL, FILE_DIRECT);
	assert_int_equal(backend_mem(&m), 0);
	assert_int_equal(backend_open(m, "f", FILE_WRITE | FILE_CREATE, &f), 0);
	assert_int_equal(file_write(f, "x", 1, 0), 0);
	assert_int_equal(ioq_open(&q, 1, IOQ_AUTO), 0);
	assert_int_equal(ioq_submit(q, &(struct ioq_op){ .file = f, .buf = &c, .len = 1 }), 0);
	assert_int_equal(ioq_engine_used(q), IOQ_SYNC);
	assert_non_null(strstr(ioq_why(q), "no descriptors"));
	assert_int_equal(ioq_room(q), 0);
	assert_int_equal(ioq_wait(q)->result, 1);
	assert_int_equal(c, 'x');
	ioq_close(q);
	file_close(f);
	backend_close(m);
}

static void failure_comes_with_its_op_and_its_words(void **state)
{
	static const enum ioq_engine engine[] = { IOQ_SYNC, IOQ_THREADS, IOQ_LIBAIO };
	struct fixture *x = *state;
	struct file *f = numbered(x, "f", 0), *ro;

	assert_int_equal(backend_open(x->b, "f", 0, &ro), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct ioq_op op = { .file = ro, .buf = x->block[0], .len = BLOCK, .write = true };
		struct ioq *q;

		if (ioq_open(&q, 4, engine[i]) < 0)
			continue;
		assert_int_equal(ioq_submit(q, &op), 0);
		assert_ptr_equal(ioq_wait(q), &op);
		assert_int_equal(op.result, ERR_IO);
		assert_non_null(strstr(err_message(), "/f: offset 0: write: Bad file"));
		ioq_close(q);
	}
	file_close(ro);
	file_close(f);
}

static void closing_waits_for_what_is_in_flight(void **state)
{
	static const enum ioq_engine engine[] = { IOQ_SYNC, IOQ_THREADS, IOQ_LIBAIO };
	struct fixture *x = *state;
	struct file *f = numbered(x, "f", FILE_DIRECT);

	for (unsigned i = 0; i < 3; i++) {
		struct ioq_op op[DEPTH];
		struct ioq *q;

		if (ioq_open(&q, DEPTH, engine[i]) < 0)
			continue;
		for (unsigned k = 0; k < DEPTH; k++) {
			op[k] = (struct ioq_op){ .file = f, .buf = x->block[k], .len = BLOCK,
						 .off = (uint64_t)k * BLOCK };
			assert_int_equal(ioq_submit(q, &op[k]), 0);
		}
		assert_int_equal(ioq_submit(q, &(struct ioq_op){ .file = f }), ERR_BUG);
		ioq_close(q);
		for (unsigned k = 0; k < DEPTH; k++)
			check_read(&op[k]);
	}
	file_close(f);
}

#ifdef HAVE_LIBAIO

/* A kernel out of a bad dream. */
static struct {
	int setup;		/* what io_setup returns */
	int error;		/* of every n-th op, if not 0 */
	unsigned every;
	bool willing;		/* takes all it is offered */
	struct iocb *inside[DEPTH + 1];
	unsigned n, refused, halves, shorts, errors, ops;
} dream;

static int dream_setup(int depth, struct io_context **ctx)
{
	(void)depth;
	*ctx = (struct io_context *)&dream;
	return dream.setup;
}

static int dream_submit(struct io_context *ctx, long n, struct iocb **list)
{
	long take = draw(3) ? n : (long)draw((unsigned)n + 1);

	(void)ctx;
	if (dream.willing)
		take = n;
	else if (draw(4) == 0 || (take == 0 && draw(2))) {
		dream.refused++;
		return draw(3) ? -EAGAIN : -EINTR;
	}
	if (take > DEPTH - (long)dream.n)
		take = DEPTH - (long)dream.n;
	dream.halves += take < n;
	for (long i = 0; i < take; i++)
		dream.inside[dream.n++] = list[i];
	return (int)take;
}

static long dream_io(const struct iocb *cb)
{
	size_t len = cb->u.c.nbytes;

	if (dream.error && ++dream.ops % dream.every == 0) {
		dream.errors++;
		return dream.error;
	}
	if (draw(3) == 0 && len > BLOCK) {
		dream.shorts++;
		len = (1 + draw((unsigned)(len / BLOCK) - 1)) * BLOCK;
	}
	return cb->aio_lio_opcode == IO_CMD_PWRITE ?
	       pwrite(cb->aio_fildes, cb->u.c.buf, len, cb->u.c.offset) :
	       pread(cb->aio_fildes, cb->u.c.buf, len, cb->u.c.offset);
}

static int dream_getevents(struct io_context *ctx, long min, long n,
			   struct io_event *events, struct timespec *wait)
{
	long got = 0;

	(void)ctx;
	(void)wait;
	assert_true(min <= (long)dream.n);	/* else it would wait for ever */
	if (draw(5) == 0)
		return -EINTR;
	while (got < n && dream.n && (got < min || draw(2))) {
		unsigned i = draw(dream.n);
		struct iocb *cb = dream.inside[i];

		dream.inside[i] = dream.inside[--dream.n];
		events[got++] = (struct io_event){
			.data = cb->data, .obj = cb, .res = (unsigned long)dream_io(cb),
		};
	}
	return (int)got;
}

static int dream_destroy(struct io_context *ctx)
{
	(void)ctx;
	assert_int_equal(dream.n, 0);
	return 0;
}

static const struct ioq_calls dream_calls = {
	dream_setup, dream_submit, dream_getevents, dream_destroy
};

static void a_kernel_that_refuses_and_halves_changes_nothing(void **state)
{
	struct fixture *x = *state;

	memset(&dream, 0, sizeof dream);
	for (seed = 1; seed < 1000000; seed += 77777) {
		engine_works(x, IOQ_LIBAIO, &dream_calls, 0);
		assert_int_equal(backend_remove(x->b, "f"), 0);
	}
	assert_true(dream.refused && dream.halves && dream.shorts);
}

static void what_the_kernel_will_not_do_is_done_the_plain_way(void **state)
{
	memset(&dream, 0, sizeof dream);
	dream.error = -EINVAL;
	dream.every = 3;
	engine_works(*state, IOQ_LIBAIO, &dream_calls, 0);
	assert_true(dream.errors > 20);
}

static void a_failed_read_is_an_error_and_is_not_repeated(void **state)
{
	struct fixture *x = *state;
	struct file *f = numbered(x, "f", 0);
	struct ioq_op op = { .file = f, .buf = x->block[0], .len = BLOCK, .off = BLOCK };
	struct ioq *q;

	memset(&dream, 0, sizeof dream);
	dream.error = -EIO;
	dream.every = 1;
	dream.willing = true;
	memset(x->block[0], 0xee, BLOCK);
	assert_int_equal(ioq_open_with(&q, 4, IOQ_LIBAIO, &dream_calls), 0);
	assert_int_equal(ioq_submit(q, &op), 0);
	assert_ptr_equal(ioq_wait(q), &op);
	assert_int_equal(op.result, ERR_IO);
	assert_non_null(strstr(err_message(), "/f: offset 4096: read: Input/output error"));
	assert_int_equal(x->block[0][0], 0xee);
	assert_int_equal(dream.errors, 1);
	ioq_close(q);
	file_close(f);
}

static void without_a_context_auto_takes_threads_and_libaio_says_no(void **state)
{
	struct fixture *x = *state;
	struct file *f = numbered(x, "f", 0);
	struct ioq *q = NULL;

	memset(&dream, 0, sizeof dream);
	dream.setup = -EAGAIN;
	assert_int_equal(ioq_open_with(&q, 4, IOQ_LIBAIO, &dream_calls), ERR_UNAVAILABLE);
	assert_null(q);
	assert_int_equal(ioq_open_with(&q, DEPTH, IOQ_AUTO, &dream_calls), 0);
	f->direct = true;		/* as AUTO sees it; the calls stay aligned */
	f->align = BLOCK;
	read_at_random(x, q, f, 30);
	assert_int_equal(ioq_engine_used(q), IOQ_THREADS);
	assert_non_null(strstr(ioq_why(q), "threads: libaio: no context"));
	ioq_close(q);
	file_close(f);
}

#endif

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_by_one_reads_and_writes),
		CASE(threads_read_and_write),
		CASE(libaio_reads_and_writes_directly),
		CASE(libaio_reads_and_writes_buffered_files),
		CASE(auto_finds_an_engine_and_says_which),
		CASE(failure_comes_with_its_op_and_its_words),
		CASE(closing_waits_for_what_is_in_flight),
#ifdef HAVE_LIBAIO
		CASE(a_kernel_that_refuses_and_halves_changes_nothing),
		CASE(what_the_kernel_will_not_do_is_done_the_plain_way),
		CASE(a_failed_read_is_an_error_and_is_not_repeated),
		CASE(without_a_context_auto_takes_threads_and_libaio_says_no),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
