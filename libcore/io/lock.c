/* io/lock.c - waiting without polling, and saying for whom
 *
 * fcntl can wait for a lock but not for so long and no longer.  A timer whose
 * signal does nothing interrupts it.  The timer ticks on after its first signal:
 * one that comes between our look at the clock and the call must not be the last.
 */
#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define TICK_NS 10000000	/* 10 ms: an unlucky wait is that much too long */
#define NOTE_LEN 128
#define NOTES 16		/* locks below this have a line in the file */

/* The action of SIGALRM is the process's, threads may wait at once: the first
 * sets it and the last puts the old one back. */
static pthread_mutex_t action_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned action_users;
static struct sigaction action_before;

struct waker {
	timer_t timer;
	sigset_t mask;
};

static void on_tick(int sig)
{
	(void)sig;
}

static void action_set(void)
{
	struct sigaction sa = { .sa_handler = on_tick };	/* no SA_RESTART */

	pthread_mutex_lock(&action_lock);
	if (action_users++ == 0)
		sigaction(SIGALRM, &sa, &action_before);
	pthread_mutex_unlock(&action_lock);
}

static void action_restore(void)
{
	pthread_mutex_lock(&action_lock);
	if (--action_users == 0)
		sigaction(SIGALRM, &action_before, NULL);
	pthread_mutex_unlock(&action_lock);
}

static int waker_begin(struct waker *w, uint64_t wait_ns)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	struct itimerspec when = { .it_interval.tv_nsec = TICK_NS };
	sigset_t alarm;

	ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	when.it_value.tv_sec = (time_t)(wait_ns / 1000000000);
	when.it_value.tv_nsec = (long)(wait_ns % 1000000000);
	action_set();
	if (timer_create(CLOCK_MONOTONIC, &ev, &w->timer) < 0) {
		action_restore();
		return -1;
	}
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm, &w->mask);
	timer_settime(w->timer, 0, &when, NULL);
	return 0;
}

static void waker_end(struct waker *w)
{
	timer_delete(w->timer);		/* what it sent has arrived: not blocked here */
	pthread_sigmask(SIG_SETMASK, &w->mask, NULL);
	action_restore();
}

static struct flock range(unsigned what, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET,
			       .l_start = (off_t)what, .l_len = 1 };
}

/* 0, or -1 with errno EINTR when the time is over. */
static int take_waiting(int fd, struct flock *l, uint64_t wait_ns)
{
	uint64_t start = clock_ns();
	struct waker w;
	int r, e;

	if (waker_begin(&w, wait_ns) < 0)
		return -1;
	do {
		r = fcntl(fd, F_OFD_SETLKW, l);
	} while (r < 0 && errno == EINTR && clock_ns() - start < wait_ns);
	e = errno;
	waker_end(&w);
	errno = e;
	return r;
}

static bool note_read(int fd, unsigned what, int *pid, char tool[64], long long *since)
{
	char text[NOTE_LEN + 1] = "";
	int end = 0;

	if (what >= NOTES || pread(fd, text, NOTE_LEN, (off_t)what * NOTE_LEN) < NOTE_LEN)
		return false;
	/* 63 letters of a command's name, nothing that could move a cursor */
	if (sscanf(text, "process %9d (%63[a-z0-9-]) since %18lld%n",
		   pid, tool, since, &end) != 3 || end == 0)
		return false;
	return *pid > 0 && (kill(*pid, 0) == 0 || errno != ESRCH);
}

static int busy(int fd, struct flock held, unsigned what, const char *where)
{
	long long since, now = (long long)(clock_wall_ns() / 1000000000);
	const char *why = "writing";
	char tool[64];
	int pid;

	if (fcntl(fd, F_OFD_GETLK, &held) == 0 && held.l_type == F_RDLCK)
		why = "reading";
	if (why[0] == 'w' && note_read(fd, what, &pid, tool, &since))
		return err_set(ERR_LOCKED, "%s: locked for writing by process %d (%s) since %lld s",
			       where, pid, tool, now > since ? now - since : 0);
	return err_set(ERR_LOCKED, "%s: locked for %s by another process", where, why);
}

int lock_take(int fd, unsigned what, bool exclusive, uint64_t wait_ns, const char *where)
{
	struct flock l = range(what, exclusive ? F_WRLCK : F_RDLCK);
	int r;

	do {
		r = fcntl(fd, F_OFD_SETLK, &l);
	} while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EAGAIN || errno == EACCES) && wait_ns)
		r = take_waiting(fd, &l, wait_ns);
	if (r == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES || errno == EINTR)
		return busy(fd, l, what, where);
	return err_sys(ERR_IO, "%s/lock: lock", where);
}

void lock_drop(int fd, unsigned what)
{
	struct flock l = range(what, F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &l);
}

bool lock_note(int fd, unsigned what, const char *tool)
{
	char text[NOTE_LEN + 1];
	int n = 0;

	if (what >= NOTES)
		return false;
	if (tool)
		n = snprintf(text, sizeof text, "process %d (%.63s) since %" PRIu64, (int)getpid(),
			     tool, clock_wall_ns() / 1000000000);
	memset(text + n, ' ', (size_t)(NOTE_LEN - n));
	text[NOTE_LEN - 1] = '\n';
	return pwrite(fd, text, NOTE_LEN, (off_t)what * NOTE_LEN) == NOTE_LEN;
}
