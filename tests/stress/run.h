/* tests/stress/run.h - the built commands as processes, some of them killed */
#ifndef TESTS_STRESS_RUN_H
#define TESTS_STRESS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_ARGS 16

struct run {
	const char *in;			/* standard input, or NULL: none */
	size_t in_len;
	int in_fd;			/* the same, a file from its beginning; 0: none */
	uint64_t kill_us;		/* kill -9 after so long; 0: never */
	/* out */
	int status;			/* as a shell has it; 128 + 9: killed */
	bool killed;			/* by us, perhaps after all was done */
	char *out, *err;		/* with a zero behind it; run_release frees both */
	size_t out_len;
	int out_fd;			/* standard output as a file, until run_release */
};

/* Runs the command of these words, NULL at the end, and waits for it. */
void run(struct run *r, const char *const *word);
void run_release(struct run *r);
/* Begins one that goes on by itself: its process. */
int run_begin(const char *const *word);

#endif
