/* tests/damage/damage.h - a store with every kind of file in it, harmed in every way
 *
 * The commands are in this program (ld -r, each with a main of its own name) and run in
 * a worker, or each in a forked child (here.c says when): no exec, the command's own
 * status, output and messages.  Clocks and random numbers are wrapped, so the store is
 * the same to the byte in every run but for its lock and index, and a finding is replayed
 * by what is printed with it.
 */
#ifndef TESTS_DAMAGE_DAMAGE_H
#define TESTS_DAMAGE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/bytes.h"

/* --- a command --- */

#define WORDS 24
struct answer {
	int status;		/* as wait(2) has it */
	struct buf out, err;
	long peak_kib;
};
/* WORDS: "graph path -g packed a b", blanks between, '' around what has some.  INPUT
 * NULL: none. */
void command_run(const char *words, const char *input, size_t len, struct answer *out);
void answer_release(struct answer *a);
void stand_must(const char *words, const char *input, size_t len);	/* or the end */
void stand_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void stand_clean(void);			/* takes the place away, if this process made it */
void stand_signals(bool clean);		/* on a signal, too; a child: not */
void stand_child(int (*call)(void));	/* in a child; it must succeed */

extern uint64_t clock_step;		/* decides what a child draws */

/* The same in this process, a worker: here_begin() before the first, and a new worker
 * when it is used up. */
void here_begin(void);
bool here_is_used_up(void);
int here_own_descriptor(int fd);		/* moved to where commands close none */
void command_here(const char *words, const char *input, size_t len, struct answer *out);
int command_split(char *words, const char **argv);
int (*command_named(const char *name))(int, const char **);
int memory_file(const char *name);
void command_begin(void);

/* --- files of the store --- */

enum part {			/* what a file is read for */
	PART_ALL,		/* manifest, log: everything */
	PART_KEYS, PART_PACKED, PART_RAW, PART_COO, PART_MOVED, PART_KEPT,
	PART_INDEX,		/* of the log: a cache, believed while the machine runs */
	PART_BESIDE,		/* lock: notes of live processes */
	PART_WRITTEN,		/* config: what people write, and no checksum knows */
	PART_IMAGE,		/* a backup, beside the store */
};

#define OTHER_STORE 4		/* no moment of this one */
#define MOMENTS 5
struct file_image {
	char name[96];			/* "s/seg/run-..." below the place */
	enum part part;
	int fd;				/* a worker's, -1 where there is none */
	unsigned page;			/* the first of its pages, of all there are */
	uint8_t *ptr;
	size_t len;
	struct timespec changed;
	struct { uint8_t *ptr; size_t len; } was[MOMENTS];	/* ptr NULL: was not there */
};
extern struct file_image *files;
extern unsigned file_n;
extern char place[256];			/* the folder of it all */

void files_keep(void);			/* as they are now: what is right */
void files_keep_moment(unsigned moment);	/* before that: an older version */
void files_mark(enum part part);	/* what is new since the last call is of PART */
void file_put(const struct file_image *f, const void *ptr, size_t len, bool keep_time);
void file_put_byte(const struct file_image *f, size_t off, uint8_t byte, bool keep_time);
void file_remove(const struct file_image *f);
void files_remove_all(void);
void files_restore(void);		/* every one, and nothing else */
void files_restore_harmed(void);	/* what file_put and file_remove were told of */
bool files_same(const char **which);	/* but for what was harmed */
struct file_image *file_named(const char *name);	/* NULL: none */
void files_open(void);			/* a worker's descriptors of them */
unsigned page_of(const struct file_image *f, size_t off);
/* Mapped once for all questions of a worker, and which pages one looks at. */
void resident_begin(void);
void resident_trace(bool on);
void resident_off(void);		/* in a process of its own */

/* --- what outlives a command, and a worker --- */

#define QUESTIONS_MOST 100
#define FILES_MOST 64
#define PAGES_MOST 800

struct shared {
	uint64_t rng, ticks, commands, here_n;
	int threads;			/* begun and not joined */
	bool apart;			/* ask in processes of their own */
	bool compacted;			/* ask only what compaction does not change */
	bool restarted;			/* the machine was, since the store was made */
	bool wrote;			/* somebody opened a file for writing */
	bool only_read;			/* backups: nothing is made of most, files are dear */
	bool renew;			/* this worker has seen enough */
	bool tracing;
	unsigned question;		/* that is asked, for the trace and for who died */
	bool hidden[FILES_MOST];	/* harmed in length or whole: not resident */
	bool looked[QUESTIONS_MOST][FILES_MOST];	/* opened it */
	bool touched[QUESTIONS_MOST][PAGES_MOST];	/* saw bytes of it */
	uint64_t again, skipped;	/* answers that were asked for twice; not at all */
};
extern struct shared *shared;
extern FILE *tap;		/* what the run says: stdout is a command's */
void shared_make(void);

/* --- the store --- */

void world_make(void);

/* --- harm --- */

uint64_t rnd(uint64_t n);
uint64_t harms_in_turn(void);		/* each kind at each file: how many */
bool harm_in_turn(uint64_t i, char *words, size_t cap, const struct file_image **which);
/* One file or two, in words; false when nothing changed.  *WHICH: the file, NULL: two. */
bool harm_some(char *words, size_t cap, const struct file_image **which);

/* --- questions --- */

enum verdict {
	RIGHT, TOLD,
	WRONG,		/* another answer, status 0 */
	PARTIAL,	/* an error, and before it what is not the answer's beginning */
	MUTE,		/* an error that names no file, or no offset where there is one */
	SIGNAL, HANG, MEMORY, STATUS,
	SILENT,		/* readers fail and the check finds nothing */
	WROTE,		/* a reader changed a file */
	APART,		/* in a process of its own it says another thing */
	VERDICTS
};
extern const char *const verdict_word[VERDICTS];

extern bool show_answers;		/* where a wrong one begins to differ */
void questions_learn(void);		/* the right answers, twice the same */
void questions_trace(void);		/* what each looks at; in a worker */
void questions_look_at_all(void);	/* without a worker: each at everything */
void questions_learn_after(void);	/* which a compaction leaves as they are; it was done */
struct judgement {
	unsigned right, told;		/* questions */
	int check;			/* status of walcheck --full */
	bool check_names;		/* it names the file that was harmed */
	bool check_hits;		/* and what is hit: a key, a graph, a version */
	unsigned n[VERDICTS];		/* questions of each verdict */
	char words[3000];		/* of all that are worse than TOLD */
};
/* Asks what F is read for (NULL: everything) and looks at PAGE of it (NO_PAGE: opens it),
 * MOST of them at random, and the check (unless MUST_CHECK only if nobody told). */
#define NO_PAGE UINT32_MAX
void judge(const struct file_image *f, unsigned page, unsigned most,
	   bool must_check, struct judgement *j);

#endif
