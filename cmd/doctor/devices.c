/* cmd/doctor/devices.c - OpenCL, by asking strato-gpucache
 *
 * It is the one command that links OpenCL, and drivers crash and hang: it runs as
 * a child, found beside this program or in PATH, and is given time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/doctor/doctor.h"

#define ASKED "strato-gpucache"
#define ANSWER_NS 40000000000u		/* it waits 30 s for a driver itself */

extern char **environ;

static void beside(char *path, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", path, cap - sizeof ASKED);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		strcpy(slash + 1, ASKED);
	if (!slash || access(path, X_OK) < 0)
		snprintf(path, cap, "%s", ASKED);
}

static int start(const char *path, int to, pid_t *pid)
{
	char *argv[] = { (char *)ASKED, (char *)"devices", NULL };
	posix_spawn_file_actions_t a;
	int e;

	posix_spawn_file_actions_init(&a);
	posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&a, to, 1);
	posix_spawn_file_actions_addopen(&a, 2, "/dev/null", O_WRONLY, 0);
	e = posix_spawnp(pid, path, &a, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&a);
	return e;
}

/* All it says, ended by NUL; false when it takes too long. */
static bool listen_to(int fd, char *out, size_t cap)
{
	uint64_t end = clock_ns() + ANSWER_NS, now;
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len + 1 < cap) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		now = clock_ns();
		if (now >= end)
			break;
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) <= 0)
			continue;
		n = read(fd, out + len, cap - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	out[len] = '\0';
	return n <= 0 || len + 1 == cap;
}

/* The fields of the line that is used: DEVICE TYPE MEMORY USED PLATFORM NAME WHY. */
static void judge(struct doctor *d, char *text)
{
	char *line, *field, *rest = text, *f[7];
	unsigned n;

	while ((line = strsep(&rest, "\n"))) {
		for (n = 0; n < 7 && (field = strsep(&line, "\t")); n++)
			f[n] = field;
		if (n < 7 || strcmp(f[3], "true"))
			continue;
		if (!strcmp(f[1], "host"))
			doctor_say(d, DOCTOR_OK, "opencl", NULL,
				   "no device, host memory: %s", f[6]);
		else
			doctor_say(d, DOCTOR_OK, "opencl", NULL, "%s %s: %s (%s)", f[1], f[0],
				   f[5], f[4]);
		return;
	}
	doctor_say(d, DOCTOR_SLOW, "opencl", "strato-gpucache devices",
		   "strato-gpucache did not say what it would use");
}

void devices_check(struct doctor *d)
{
	char path[4200], text[16384];
	int pipe_fd[2], status;
	bool whole;
	pid_t pid;

	beside(path, sizeof path);
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return;
	if (start(path, pipe_fd[1], &pid) != 0) {
		doctor_say(d, DOCTOR_OK, "opencl", NULL, "strato-gpucache is not installed");
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		return;
	}
	close(pipe_fd[1]);
	whole = listen_to(pipe_fd[0], text, sizeof text);
	close(pipe_fd[0]);
	if (!whole)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		doctor_say(d, DOCTOR_SLOW, "opencl", "mend or remove the OpenCL driver",
			   "strato-gpucache gave no answer in time");
	else
		judge(d, text);
}
