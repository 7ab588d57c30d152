/* tests/sweep/sweep.h - every command, one fault at a time
 *
 * A command runs on a small store (world.c) under ptrace: at its N-th call
 * of a kind, counted from its entry point so that the dynamic loader is left alone, the
 * call fails, is cut short, or a signal comes.  Allocations fail by a preloaded library
 * (refuse.c).  Then a judge says whether the command lied, and what became of the store.
 */
#ifndef TESTS_SWEEP_SWEEP_H
#define TESTS_SWEEP_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/bytes.h"

/* --- the judge's own commands (stand.c), and the store (world.c) --- */

#define WORDS 40
struct answer {
	int status;			/* as wait(2) has it */
	struct buf out, err;
};
/* In a forked child, without a fault.  WORDS: "graph path -g packed a b", blanks between,
 * '' around what has some.  INPUT NULL: none. */
void command_run(const char *words, const char *input, size_t len, struct answer *out);
void answer_release(struct answer *a);
int command_split(char *words, const char **argv);
void stand_must(const char *words, const char *input, size_t len);	/* or the end */
void stand_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void stand_child(int (*call)(void));	/* in a child; it must succeed */
int memory_file(const char *name);
uint64_t rnd(uint64_t n);
extern uint64_t clock_step;		/* decides what a child draws */
extern char place[64];			/* the folder of it all */

struct file_image {
	char name[96];			/* "s/seg/run-..." below the place */
	uint8_t *ptr;
	size_t len;
	struct timespec changed;
};
void files_keep(void);			/* as they are now, but for those in in/ */
void files_restore(void);		/* every one, and nothing else */
bool files_same(const char **which);	/* but for lock and index */
struct file_image *file_named(const char *name);	/* NULL: none */

void world_make(void);

/* --- one fault --- */

enum fault_kind {
	FAULT_NONE,
	FAULT_ERRNO,		/* the call is not made, and says -value */
	FAULT_AFTER,		/* it is made, and says -value */
	FAULT_SHORT,		/* of its length VALUE percent, at least one byte */
	FAULT_EVENT,		/* the first completion it hands out says -value */
	FAULT_EVENT_SHORT,	/* ... says half of what was done */
	FAULT_SIGNAL,
	FAULT_ALLOC,
};

struct fault {
	enum fault_kind kind;
	int call;		/* row of calls.c; not of FAULT_ALLOC */
	unsigned at;		/* 1: the first of its kind */
	int value;
	bool forever;		/* from then on */
};

#define FAULT_TEXT 64
void fault_print(const struct fault *f, char out[FAULT_TEXT]);	/* "write:3:ENOSPC+" */
bool fault_parse(const char *text, struct fault *out);

/* --- calls (calls.c) --- */

int call_of(long nr);			/* -1: one that cannot fail, or not told apart */
const char *call_name(int call);
long call_number(int call);
int call_length_arg(int call);		/* of FAULT_SHORT; -1: has none */
/* The next plausible fault of a call made with these arguments: *STEP from 0 on. */
struct call_made {
	long nr;
	int call;
	unsigned at;
	uint64_t args[6];
};
bool call_fault(const struct call_made *m, unsigned *step, struct fault *out);

/* --- a command under a fault (trace.c) --- */

struct run {
	const char *const *argv;
	const char *preload;		/* a library, or NULL */
	int in, out, err;		/* descriptors it gets as 0, 1, 2 */
	int passed;			/* as 9, or -1 */
};

struct trace {
	int status;			/* as wait(2) has it */
	bool hung, fired;
	int fd;				/* first argument of the call that was hit */
	struct call_made *made;		/* all of them, where they were asked for */
	size_t made_n;
};

#define TRACE_SECONDS 40
bool trace_possible(const char **why);
/* Runs it to its end.  LEARN: note the calls made. */
void trace_run(const struct run *r, const struct fault *f, bool learn, struct trace *out);

/* --- cases (cases.c) --- */

enum {
	CASE_FREE = 1,		/* what it prints is of this moment */
	CASE_CHANGES = 2,	/* it changes the store */
	CASE_PIPE_IN = 4, CASE_PIPE_OUT = 8,
	CASE_ACK = 16,		/* prints COUNT TAB VERSION of what is durable */
	CASE_SERVICE = 32,	/* a cache service runs beside it */
	CASE_SERVE = 64,	/* it is one, and is asked and stopped */
	CASE_REST = 128,	/* a new store may be left half made under NAME.partial */
	CASE_LESS = 256,	/* what it makes may lack what it failed to put there */
	CASE_NO = 512,		/* status 1 is one of its answers */
	/* a flush is tried anew in another file, or makes ready what follows */
	CASE_SPARE_FLUSH = 2048,
	CASE_SERD = 1024,	/* libserd does not look at what malloc gave it */
};

struct probe {
	const char *name, *words;
	const char *in;			/* standard input, or NULL */
	unsigned flags;
	unsigned group;			/* lines of input that are one commit, or 0 */
	const char *made;		/* a file, or a store, that it makes */
};
extern const struct probe probes[];
extern const size_t probe_n;
/* What once failed: call numbers move with the code, so a point near it. */
struct found {
	const char *name, *fault;
};
extern const struct found found[];
extern const size_t found_n;
void inputs_make(void);			/* files that cases read */

/* --- the judge (judge.c) --- */

struct outcome {
	struct trace t;
	struct buf out, err;
};
void outcome_release(struct outcome *o);

/* Runs the case without a fault and remembers what is right.  Leaves the files as they
 * were. */
void judge_learn(const struct probe *p);
/* NULL: as it must be, else what is wrong, in words. */
const char *judge_case(const struct probe *p, const struct fault *f, struct outcome *o,
		       bool deep);
void case_run(const struct probe *p, const struct fault *f, bool learn, struct outcome *o);

/* --- allocations (refuse.c is the library) --- */

#define REFUSE_ENV "STRATO_TEST_REFUSE"
struct refuse {				/* a file of this, mapped */
	uint64_t n;			/* allocations so far */
	uint64_t at;			/* the one that fails, 0: none */
	uint64_t forever;
	uint64_t hit;
};
extern const char *refuse_library;
struct refuse *refuse_page(void);	/* in refuse_file, set to zeros */

#endif
