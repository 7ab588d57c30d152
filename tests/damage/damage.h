/* tests/damage/damage.h - a store with every kind of file in it, harmed in every way
 *
 * The commands are in this program (ld -r, each with a main of its own name) and run in
 * forked children: no exec, the command's own status, output and messages.  Clocks and
 * random numbers are wrapped, so the store is the same to the byte in every run but for
 * its lock and index, and a finding is replayed by what is printed with it.
 */
#ifndef TESTS_DAMAGE_DAMAGE_H
#define TESTS_DAMAGE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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
void stand_child(int (*call)(void));	/* in a child; it must succeed */

extern unsigned long commands_run;
extern uint64_t clock_step;		/* decides what a child draws */

/* --- files of the store --- */

enum part {			/* what a file is read for */
	PART_ALL,		/* manifest, log: everything */
	PART_KEYS, PART_PACKED, PART_RAW, PART_COO, PART_MOVED, PART_KEPT,
	PART_BESIDE,		/* lock, index: notes and caches of live processes */
	PART_WRITTEN,		/* config: what people write, and no checksum knows */
	PART_IMAGE,		/* a backup, beside the store */
};

#define MOMENTS 4
struct file_image {
	char name[96];			/* "s/seg/run-..." below the place */
	enum part part;
	uint8_t *ptr;
	size_t len;
	struct timespec changed;
	struct { uint8_t *ptr; size_t len; } was[MOMENTS];	/* ptr NULL: was not there */
};
extern struct file_image *files;
extern unsigned file_n;
extern char place[64];			/* the folder of it all */

void files_keep(void);			/* as they are now: what is right */
void files_keep_moment(unsigned moment);	/* before that: an older version */
void files_mark(enum part part);	/* what is new since the last call is of PART */
void file_put(const struct file_image *f, const void *ptr, size_t len, bool keep_time);
void file_put_byte(const struct file_image *f, size_t off, uint8_t byte, bool keep_time);
void file_remove(const struct file_image *f);
void files_restore(void);		/* every one, and nothing else */
bool files_same(const struct file_image *but, const char **which);
struct file_image *file_named(const char *name);	/* NULL: none */

/* --- the store --- */

void world_make(void);

/* --- harm --- */

uint64_t rnd(uint64_t n);
extern uint64_t rng;
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
	VERDICTS
};
extern const char *const verdict_word[VERDICTS];

extern bool show_answers;		/* where a wrong one begins to differ */
extern bool compacted;			/* ask only what compaction does not change */
void questions_learn(void);		/* the right answers, twice the same */
void questions_learn_after(void);	/* which a compaction leaves as they are; it was done */
struct judgement {
	unsigned right, told;		/* questions */
	int check;			/* status of walcheck --full */
	bool check_names;		/* it names the file that was harmed */
	bool check_hits;		/* and what is hit: a key, a graph, a version */
	unsigned n[VERDICTS];		/* questions of each verdict */
	char words[3000];		/* of all that are worse than TOLD */
};
/* Asks what F is read for (NULL: everything), MOST of them at random and always the check. */
void judge(const struct file_image *f, unsigned most, struct judgement *j);

#endif
