/* tests/damage/here.c - a command in this process: a fork costs ten times what it does
 *
 * A worker, forked once, runs main after main.  What a command leaves behind is taken
 * away before the next: the program's own variables are put back as they were (those of
 * libc are not ours: streams are flushed, the message of the thread is dropped), exit
 * comes back here, descriptors are closed; who leaves threads or much memory behind has
 * had the worker's last question.  So the tester's own variables do not change in a
 * worker, but for what `shared` points at.
 *
 * That this is as good as a process of its own is not believed: of the answers one in
 * a hundred, and each that is not fine, is asked for again in a fork.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/damage/damage.h"

#define OURS 500		/* descriptors from here on are the tester's */
#define RENEW_KIB (48 << 10)	/* a worker that has grown by this goes */

extern char __data_start[], _end[];

static struct {
	char *image;		/* of __data_start.._end */
	int in, out, err, null;
	long begun_kib;
	bool ready;
} here;

struct frame {			/* not in the image: what changes while a command runs */
	jmp_buf back;
	int status;
	bool running;
};
static struct frame *frame;

/* --- what comes between --- */

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __real_pthread_join(pthread_t, void **);
int __wrap_pthread_join(pthread_t, void **);
void __real_exit(int) __attribute__((noreturn));
void __wrap_exit(int) __attribute__((noreturn));

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*f)(void *), void *ctx)
{
	int r = __real_pthread_create(t, attr, f, ctx);

	if (r == 0)
		__atomic_fetch_add(&shared->threads, 1, __ATOMIC_RELAXED);
	return r;
}

int __wrap_pthread_join(pthread_t t, void **out)
{
	int r = __real_pthread_join(t, out);

	if (r == 0)
		__atomic_fetch_sub(&shared->threads, 1, __ATOMIC_RELAXED);
	return r;
}

void __wrap_exit(int status)
{
	if (!frame || !frame->running)
		__real_exit(status);
	frame->status = status;
	longjmp(frame->back, 1);
}

/* --- one command --- */

static int ours(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, OURS);

	if (fd < 0 || moved < 0)
		stand_fail("descriptor: %s", strerror(errno));
	close(fd);
	return moved;
}

static long size_kib(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

/* In a worker, before the first. */
void here_begin(void)
{
	struct rlimit space = { 3u << 30, 3u << 30 }, core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &core);
	setrlimit(RLIMIT_AS, &space);
	here.in = ours(memory_file("in"));
	here.out = ours(memory_file("out"));
	here.err = ours(memory_file("err"));
	here.null = ours(open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (chdir(place) < 0)
		stand_fail("chdir");
	files_open();
	resident_begin();
	frame = calloc(1, sizeof *frame);
	here.image = malloc((size_t)(_end - __data_start));
	here.begun_kib = size_kib();
	here.ready = true;
	memcpy(here.image, __data_start, (size_t)(_end - __data_start));
}

int here_own_descriptor(int fd)
{
	return ours(fd);
}

bool here_is_used_up(void)
{
	return shared->threads != 0 || shared->here_n >= 20000 ||
	       size_kib() > here.begun_kib + RENEW_KIB;
}

static void empty(int fd, int as)
{
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, as) < 0)
		stand_fail("descriptor %d: %s", as, strerror(errno));
}

static void streams(const char *input, size_t len)
{
	empty(here.out, 1);
	empty(here.err, 2);
	if (!input) {
		dup2(here.null, 0);
		return;
	}
	empty(here.in, 0);
	if (pwrite(here.in, input, len, 0) != (ssize_t)len)
		stand_fail("pwrite");
}

static void said(int fd, struct buf *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		stand_fail("fstat");
	buf_clear(out);
	if (buf_reserve(out, (size_t)st.st_size + 1) < 0 ||
	    pread(fd, out->ptr, (size_t)st.st_size, 0) != st.st_size)
		stand_fail("pread");
	out->len = (size_t)st.st_size;
	out->ptr[out->len] = '\0';
}

static void run(int (*command)(int, const char **), int argc, const char **argv)
{
	int status;

	if (setjmp(frame->back) == 0) {
		frame->running = true;
		status = command(argc, argv);
		frame->status = status;
	}
	frame->running = false;
}

static void put_back(void)
{
	alarm(0);
	fflush(stdout);
	fflush(stderr);
	clearerr(stdout);
	clearerr(stderr);
	memcpy(__data_start, here.image, (size_t)(_end - __data_start));
	err_clear();
	signal(SIGBUS, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	close_range(3, OURS - 1, 0);
}

void command_here(const char *words, const char *input, size_t len, struct answer *a)
{
	const char *argv[WORDS];
	char copy[1024];
	int argc;

	snprintf(copy, sizeof copy, "%s", words);
	argc = command_split(copy, argv);
	streams(input, len);
	command_begin();
	shared->here_n++;
	shared->commands++;
	alarm(60);
	run(command_named(argv[0]), argc, argv);
	put_back();
	a->status = W_EXITCODE(frame->status & 0xff, 0);
	a->peak_kib = size_kib();
	said(here.out, &a->out);
	said(here.err, &a->err);
}
