/* tests/stress/run.c */
#include "tests/stress/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANGS_US 120000000u	/* a command that takes so long is stuck */

static void fatal(const char *what)
{
	perror(what);
	abort();
}

static int a_file(void)
{
	int fd = memfd_create("stress", MFD_CLOEXEC);

	if (fd < 0)
		fatal("memfd_create");
	return fd;
}

static int input(const struct run *r)
{
	int fd = r->in_fd;

	if (!fd) {
		fd = a_file();
		if (r->in_len && write(fd, r->in, r->in_len) != (ssize_t)r->in_len)
			fatal("write");
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* With the one who began it gone, it goes, too. */
static pid_t begin(const char *const *word, int in, int out, int err)
{
	pid_t pid = fork();

	if (pid < 0)
		fatal("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	execvp(word[0], (char *const *)(uintptr_t)word);
	_exit(127);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void await(struct run *r, pid_t pid)
{
	uint64_t begun = now_us(), most = r->kill_us ? r->kill_us : HANGS_US;
	int status;
	pid_t p;

	while ((p = waitpid(pid, &status, WNOHANG)) == 0) {
		uint64_t took = now_us() - begun;

		if (took >= most) {
			r->killed = r->kill_us != 0;
			kill(pid, r->killed ? SIGKILL : SIGABRT);
			p = waitpid(pid, &status, 0);
			break;
		}
		usleep(most - took < 300 ? (useconds_t)(most - took) : 300);
	}
	if (p != pid)
		fatal("waitpid");
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *all_of(int fd, size_t *len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *p = malloc((size_t)size + 1);

	if (!p || size < 0 || pread(fd, p, (size_t)size, 0) != size)
		fatal("reading what a command wrote");
	p[size] = '\0';
	if (len)
		*len = (size_t)size;
	return p;
}

void run(struct run *r, const char *const *word)
{
	int in = input(r), err = a_file();

	r->out_fd = a_file();
	r->killed = false;
	await(r, begin(word, in, r->out_fd, err));
	r->out = all_of(r->out_fd, &r->out_len);
	r->err = all_of(err, NULL);
	close(err);
	if (!r->in_fd)
		close(in);
}

void run_release(struct run *r)
{
	free(r->out);
	free(r->err);
	close(r->out_fd);
	r->out = r->err = NULL;
}

int run_begin(const char *const *word)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = begin(word, nothing, nothing, nothing);

	close(nothing);
	return pid;
}
