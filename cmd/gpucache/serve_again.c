/* cmd/gpucache/serve_again.c - a lost device: the same process, from the beginning
 *
 * A driver whose device was lost cannot be trusted to begin again, and a thread that
 * hangs in it cannot be ended: so the process executes itself.  Its number, the lock and
 * the socket stay, so nobody else can come in between, and who connects meanwhile waits
 * in front of the same door.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/gpucache/serve.h"

#define VARIABLE "STRATO_GPUCACHE_AGAIN"
#define LONG_NS UINT64_C(60000000000)	/* who worked so long did not fail at once */
#define ARGUMENTS 256

/* Is FD a listening socket, and LOCK the lock of this store? */
static bool inherited(const struct serve *s)
{
	socklen_t len = sizeof(int);
	struct stat a, b;
	char path[4096];
	int on = 0;

	snprintf(path, sizeof path, "%s/" WIRE_LOCK, s->files->path);
	return s->lock_fd > 2 && s->socket_fd > 2 &&
	       getsockopt(s->socket_fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on &&
	       fstat(s->lock_fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* Signals that came while the process began anew are delivered now. */
static void unblock(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void wait_some(unsigned streak)
{
	struct timespec t = { .tv_sec = streak > 1 ? 1 << (streak - 2) : 0 };

	nanosleep(&t, NULL);		/* a signal ends it: that is looked at next */
}

void serve_again_begin(struct serve *s)
{
	const char *text = getenv(VARIABLE);

	s->lock_fd = s->socket_fd = -1;
	if (!text)
		return;
	if (sscanf(text, "%d,%d,%" SCNu64 ",%u", &s->lock_fd, &s->socket_fd, &s->restart_n,
		   &s->streak) != 4 || !inherited(s))
		s->lock_fd = s->socket_fd = -1;
	unsetenv(VARIABLE);
	if (s->lock_fd < 0)
		return;
	unblock();
	wait_some(s->streak);
}

/* The words this process was started with, in TEXT. */
static int arguments(char *text, size_t cap, char *argv[ARGUMENTS])
{
	FILE *f = fopen("/proc/self/cmdline", "re");
	size_t n = f ? fread(text, 1, cap - 1, f) : 0;
	int argc = 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	for (size_t at = 0; at < n && argc < ARGUMENTS - 1; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	return n && n < cap - 1 && argc < ARGUMENTS - 1 ? 0 :
		err_set(ERR_DEVICE, "the device was lost, and the service cannot begin anew");
}

int serve_again(struct serve *s, const char *why)
{
	static char text[64u << 10];
	char *argv[ARGUMENTS], value[64];
	int lock_fd, socket_fd, r = arguments(text, sizeof text, argv);

	if (r < 0)
		return r;
	if (clock_wall_ns() - s->started_ns > LONG_NS)
		s->streak = 0;
	cli_say(s->cli, "%s: %s; it begins anew", s->files->path, why);
	if (s->cache)
		gpu_cache_kill(s->cache);
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);	/* a driver's own, too */
	service_keep(s->service, &lock_fd, &socket_fd);
	snprintf(value, sizeof value, "%d,%d,%" PRIu64 ",%u", lock_fd, socket_fd,
		 s->restart_n + 1, s->streak + 1);
	setenv(VARIABLE, value, 1);
	execv("/proc/self/exe", argv);
	return err_sys(ERR_DEVICE, "the device was lost, and the service cannot begin anew");
}
