/* tests/stress/states.c - crash states without end
 *
 *	tests/stress/states [--states=N] [--seconds=N] [--time=SECONDS] [--seed=N] [--jobs=N]
 *
 * Goes through histories (tests/fault/world.h) from seed to seed until it had so many
 * states, so many power cuts after another, or so much time; with none of them for
 * ever.  Each few histories are a process of their own: what those that are killed in
 * it leave behind goes with it, and one that crashes or hangs is a finding like any
 * other.  A line every half minute says how far it is; the first failure ends it with
 * the command that shows it again, and status 1.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/world.h"

#define BATCH 32u		/* histories of a process */
#define HANGS 180u		/* seconds of one process, and it is stuck */
#define EVERY 30u
#define JOBS 64u

/* A process that is killed does not free what it has. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

struct job {			/* shared with its process */
	pid_t pid;
	uint64_t seed, end;		/* at hand; where it stops */
	uint64_t states, seconds, histories;
	char why[1300];
};

struct limits {
	uint64_t states, seconds, time, seed;
	unsigned jobs;
};

struct sum {
	uint64_t states, seconds, histories, first, next;
	time_t began, said;
	bool failed;
};

static void work(struct job *j)
{
	static const struct explore e = { .states = 6 };

	alarm(HANGS);
	for (; j->seed < j->end; j->seed++) {
		const char *why = explore(j->seed, &e, &j->states);

		j->seconds = explore_seconds();
		j->histories++;
		if (!why)
			continue;
		snprintf(j->why, sizeof j->why, "%s", why);
		_exit(1);
	}
	_exit(0);
}

static void start(struct job *j, struct sum *s)
{
	pid_t pid;

	memset(j, 0, sizeof *j);
	j->seed = s->next;
	j->end = s->next += BATCH;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		work(j);
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	j->pid = pid;
}

static void say(const struct sum *s, const char *end)
{
	printf("%llu states, %llu of them second power cuts, %llu histories "
	       "(seeds %llu to %llu), %llds%s\n", (unsigned long long)s->states,
	       (unsigned long long)s->seconds, (unsigned long long)s->histories,
	       (unsigned long long)s->first, (unsigned long long)s->next - 1,
	       (long long)(time(NULL) - s->began), end);
	fflush(stdout);
}

static void ended(struct job *j, int status, struct sum *s)
{
	s->states += j->states;
	s->seconds += j->seconds;
	s->histories += j->histories;
	j->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	s->failed = true;
	if (WIFSIGNALED(status))
		printf("seed %llu: signal %d%s\n", (unsigned long long)j->seed, WTERMSIG(status),
		       WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
	else
		printf("%s\n", j->why[0] ? j->why : "a process failed without a word");
	printf("again: STRATO_SEED=%llu STRATO_VERBOSE=1 tests/fault/crash\n",
	       (unsigned long long)j->seed);
}

static bool is_enough(const struct limits *l, const struct sum *s)
{
	bool counted = l->states || l->seconds;

	if (s->failed || (l->time && (uint64_t)(time(NULL) - s->began) >= l->time))
		return true;
	return counted && s->states >= l->states && s->seconds >= l->seconds;
}

static void collect(struct job *job, unsigned n, struct sum *s)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	for (unsigned i = 0; i < n; i++)
		if (pid > 0 && job[i].pid == pid)
			ended(&job[i], status, s);
	if (time(NULL) - s->said >= (time_t)EVERY) {
		s->said = time(NULL);
		say(s, "");
	}
}

static int explore_on(const struct limits *l)
{
	struct sum s = { .first = l->seed, .next = l->seed, .began = time(NULL),
		.said = time(NULL) };
	struct job *job = mmap(NULL, JOBS * sizeof *job, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned busy;

	if (job == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	do {
		busy = 0;
		for (unsigned i = 0; i < l->jobs; i++) {
			if (!job[i].pid && !is_enough(l, &s))
				start(&job[i], &s);
			busy += job[i].pid != 0;
		}
		if (busy)
			collect(job, l->jobs, &s);
	} while (busy);
	say(&s, s.failed ? ": FAILED" : ": nothing lost");
	return s.failed;
}

static bool take(const char *arg, const char *name, uint64_t *out)
{
	size_t len = strlen(name);
	char *end;

	if (strncmp(arg, name, len) || arg[len] != '=')
		return false;
	*out = strtoull(arg + len + 1, &end, 10);
	return arg[len + 1] && !*end;
}

int main(int argc, char **argv)
{
	struct limits l = { .seed = 1 };
	uint64_t jobs = 1;

	for (int i = 1; i < argc; i++)
		if (!take(argv[i], "--states", &l.states) &&
		    !take(argv[i], "--seconds", &l.seconds) &&
		    !take(argv[i], "--time", &l.time) && !take(argv[i], "--seed", &l.seed) &&
		    !take(argv[i], "--jobs", &jobs)) {
			fprintf(stderr, "usage: %s [--states=N] [--seconds=N] [--time=SECONDS]"
				" [--seed=N] [--jobs=N]\n", argv[0]);
			return 64;
		}
	l.jobs = jobs < 1 ? 1 : jobs > JOBS ? JOBS : (unsigned)jobs;
	return explore_on(&l);
}
