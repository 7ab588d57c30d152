/* bench/spawn - what a whole process costs, beside another
 *
 *	spawn [-n ROUNDS] COMMAND [ARG]... [-- COMMAND [ARG]...]
 *	spawn -j JOBS [-n ROUNDS] COMMAND [ARG]...
 *
 * Runs the commands in turn, A B A B ..., stdin and stdout on /dev/null, and
 * prints for each: p50, p99 in microseconds, and peak memory in KiB; for a pair
 * the ratio of the p50s too.  "%" in an argument becomes the round's number.
 * With -j: so many processes at once, and commits (runs) a second.  A run that
 * fails ends it with status 1: a figure of failures is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct command {
	char **argv;
	int argc;
	double *us;
	long peak_kib;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The arguments with "%" replaced; freed by the exit. */
static char **arguments(const struct command *c, long round)
{
	char **argv = calloc((size_t)c->argc + 1, sizeof *argv);

	for (int i = 0; argv && i < c->argc; i++) {
		char *percent = strchr(c->argv[i], '%');

		argv[i] = c->argv[i];
		if (percent && asprintf(&argv[i], "%.*s%ld%s", (int)(percent - c->argv[i]),
					c->argv[i], round, percent + 1) < 0)
			return NULL;
	}
	return argv;
}

static pid_t start(const struct command *c, long round)
{
	posix_spawn_file_actions_t quiet;
	char **argv = arguments(c, round);
	pid_t pid = -1;
	int e;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	e = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (e) {
		fprintf(stderr, "spawn: %s: %s\n", argv[0], strerror(e));
		exit(1);
	}
	free(argv);
	return pid;
}

static void await(struct command *c, pid_t pid)
{
	struct rusage use;
	int status;

	while (wait4(pid, &status, 0, &use) < 0)
		if (errno != EINTR)
			exit(1);
	if (status) {
		fprintf(stderr, "spawn: %s: ended with status %d\n", c->argv[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		exit(1);
	}
	if (use.ru_maxrss > c->peak_kib)
		c->peak_kib = use.ru_maxrss;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double in_turn(struct command *c, int n, long rounds)
{
	for (long r = -1; r < rounds; r++)	/* one to warm up */
		for (int i = 0; i < n; i++) {
			double t = now_us();

			await(&c[i], start(&c[i], r + 1));
			if (r >= 0)
				c[i].us[r] = now_us() - t;
		}
	for (int i = 0; i < n; i++)
		qsort(c[i].us, (size_t)rounds, sizeof *c[i].us, by_value);
	return c[0].us[rounds / 2];
}

static void at_once(struct command *c, long rounds, int jobs)
{
	double t = now_us();
	long begun = 0, done = 0;
	int running = 0;

	while (done < rounds) {
		struct rusage use;
		int status;

		for (; running < jobs && begun < rounds; running++)
			start(c, begun++);
		if (wait4(-1, &status, 0, &use) < 0)
			exit(1);
		if (status) {
			fprintf(stderr, "spawn: a run failed\n");
			exit(1);
		}
		running--;
		done++;
	}
	printf("%.0f\n", (double)rounds / ((now_us() - t) / 1e6));
}

int main(int argc, char **argv)
{
	struct command c[2] = { 0 };
	long rounds = 200;
	int opt, jobs = 0, n = 1;

	while ((opt = getopt(argc, argv, "+n:j:")) > 0)
		if (opt == 'n')
			rounds = atol(optarg);
		else if (opt == 'j')
			jobs = atoi(optarg);
		else
			return 64;
	c[0].argv = argv + optind;
	for (int i = optind; i < argc && strcmp(argv[i], "--"); i++)
		c[0].argc++;
	if (optind + c[0].argc < argc) {
		c[1].argv = c[0].argv + c[0].argc + 1;
		c[1].argc = argc - optind - c[0].argc - 1;
		n = 2;
	}
	if (!c[0].argc || rounds < 1)
		return 64;
	if (jobs) {
		at_once(&c[0], rounds, jobs);
		return 0;
	}
	for (int i = 0; i < n; i++)
		c[i].us = calloc((size_t)rounds, sizeof *c[i].us);
	in_turn(c, n, rounds);
	for (int i = 0; i < n; i++)
		printf("%.0f\t%.0f\t%ld%c", c[i].us[rounds / 2], c[i].us[rounds * 99 / 100],
		       c[i].peak_kib, n == 2 ? '\t' : '\n');
	if (n == 2)
		printf("%.3f\n", c[0].us[rounds / 2] / c[1].us[rounds / 2]);
	return 0;
}
