/* tests/sweep/service.c */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sweep/service.h"
#include "tests/sweep/sweep.h"

char programs[512];

static pid_t service, asker;
static int asked = -1;
static bool died;

static void exec_words(const char *a, const char *b, const char *c, const char *d, const char *e)
{
	char program[600];

	snprintf(program, sizeof program, "%s/strato-gpucache", programs);
	execl(program, "strato-gpucache", a, b, c, d, e, NULL);
	_exit(97);
}

bool pass_as_9(int fd)
{
	return fd == 9 ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, 9) == 9;
}

/* Reads the line that a service says when it answers; false: it ended. */
static bool wait_ready(int fd)
{
	char text[16];
	ssize_t n;

	do
		n = read(fd, text, sizeof text);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

void service_begin(void)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		stand_fail("a pipe: %s", strerror(errno));
	fflush(stdout);
	service = fork();
	if (service == 0) {
		if (chdir(place) < 0 || !pass_as_9(p[1]))
			_exit(98);
		exec_words("serve", "-q", "--device=host", "--size=16M", "--ready-fd=9");
	}
	close(p[1]);
	if (service < 0 || !wait_ready(p[0]))
		stand_fail("no service");
	close(p[0]);
	died = false;
}

void service_end(void)
{
	int status = 0;

	/* the tracer's wait may have seen it end */
	died = kill(service, SIGTERM) < 0 || (waitpid(service, &status, 0) == service &&
		!(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) && status != 0);
	service = 0;
}

static int step(const char *a, const char *b, const char *c, int out)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(out, 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		exec_words(a, b, c, NULL, NULL);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

static void ask_all(int ready)
{
	int null = open("/dev/null", O_WRONLY);

	if (chdir(place) < 0 || !wait_ready(ready))
		_exit(0);
	step("pin", "key/001", "large", null);
	if (step("get", "-q", "key/001", asked) != 0)
		_exit(1);
	for (int i = 0; i < 5 && step("stop", "-q", NULL, null) != 0; i++)
		;
	_exit(0);
}

int asker_begin(void)
{
	int p[2];

	asked = memfd_create("asked", MFD_CLOEXEC);
	if (asked < 0 || pipe2(p, O_CLOEXEC) < 0)
		stand_fail("a pipe: %s", strerror(errno));
	fflush(stdout);
	asker = fork();
	if (asker == 0) {
		close(p[1]);
		ask_all(p[0]);
	}
	close(p[0]);
	return p[1];
}

void asker_end(void)
{
	char text[200];
	int status;
	ssize_t n;

	/* the tracer's wait may have seen it end */
	while (waitpid(asker, &status, 0) < 0 && errno == EINTR)
		;
	n = pread(asked, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	died = n > 0 && strncmp(text, "1:", 2) != 0;
	close(asked);
}

const char *service_judge(void)
{
	return died ? "SERVICE: it died of what a client met, or lied" : NULL;
}
