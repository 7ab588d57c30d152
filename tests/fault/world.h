/* tests/fault/world.h - histories on a disk that forgets, held against a model
 *
 * A world is one disk, one or two processes on it, and the list of all commits
 * they tried.  What a store shows is always some of these commits applied in the
 * order of their versions; which of them must be there, may be, or must not be is
 * all that the model knows:
 *
 *	ACKED     the commit returned 0: there for ever, at its version
 *	DOUBT     the process died or failed in it: whole, or absent
 *	GONE      refused, or found absent once recovery was over: never there
 *
 * A commit that a reader saw is ACKED from then on: readers see only what is
 * durable.  Each commit writes a key of its own, "m/ID", so that its presence and
 * its version can be read; commits of removals alone do without, and are found by
 * what they did.
 *
 * Everything is drawn from the seed, clocks and random numbers of the store too
 * (world_clock.c), so one number replays a history to the byte.
 */
#ifndef TESTS_FAULT_WORLD_H
#define TESTS_FAULT_WORLD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/fault.h"
#include "store/store.h"

#define WORLD_KEYS 20
#define WORLD_COMMITS 192
#define WORLD_OPS 64
#define WORLD_VALUE_MAX 300000
#define WORLD_PROCS 2

struct op {
	bool remove;
	bool expired;		/* ... by a value that is expired as it comes */
	uint8_t key;
	uint32_t len;
};

enum commit_kind { COMMIT_TXN, COMMIT_RENAME, COMMIT_GRAPH };
enum commit_fate { DOUBT, ACKED, GONE };

struct commit {
	unsigned id;
	enum commit_kind kind;
	enum commit_fate fate;
	bool marked;		/* writes m/ID */
	bool bulk;		/* comes with a manifest, which is seen a little early */
	bool durable;		/* survived a power cut already */
	bool conditional;	/* op[0].key was to be at cond_version */
	uint64_t cond_version;
	uint64_t version;	/* 0: not known */
	uint8_t from, to;	/* RENAME */
	unsigned op_n;
	struct op op[WORLD_OPS];
};

struct seen {			/* one key, as a store showed it */
	uint64_t version, size;
	uint32_t crc;
	bool there;
};

struct sight {			/* a store at one moment */
	struct seen key[WORLD_KEYS], mark[WORLD_COMMITS], graph[WORLD_COMMITS];
	uint64_t version;
};

struct process {
	struct backend *fault;	/* its handle on the disk */
	struct backend *b;	/* a weave around it */
	struct store *s;
	struct snapshot *held;
	struct sight kept;	/* what HELD showed first */
	bool troubled;		/* a call of it fails */
	bool gone;		/* in the middle of a call */
	bool armed;		/* when it is killed (1) or gives up (2), go to DIED */
	jmp_buf died;
};

struct world {
	uint64_t seed, rng;
	unsigned boot;		/* of the machine: another after each power cut */
	bool no_sync, direct, lz4, weave, no_maps;
	bool created;		/* store_create returned 0 */
	bool unsure;		/* the model is not certain of what a condition meets */
	bool no_kills;		/* for those who look for leaks */
	bool running;		/* a step is under way, and may be interrupted */
	struct backend *disk;	/* a handle that nobody kills */
	unsigned modes;
	struct process proc[WORLD_PROCS];
	struct process *acting;	/* whose step it is */
	unsigned nested, troubles;
	struct commit commit[WORLD_COMMITS];
	unsigned commit_n;
	uint64_t states;	/* crash states checked so far */
	jmp_buf out;
	char why[1024];
};

/* --- world.c: the history --- */

struct world *world_new(uint64_t seed);
void world_free(struct world *w);
uint64_t world_rnd(struct world *w, uint64_t n);
/* Ends the history: the words are in w->why. */
_Noreturn void world_fail(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void world_must(struct world *w, int r, const char *what);
/* Is R what was given to the acting process, or follows from it? */
bool world_excused(const struct world *w, int r);
void world_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* if STRATO_VERBOSE */

int world_handle(struct world *w, struct backend **out);	/* another on its disk */
void world_unmap(const struct world *w, struct backend *b);
int world_create(struct world *w, struct backend *b);
int world_open(struct world *w, struct backend *b, bool write, struct store **out);
/* One commit of random content: < 0 when it failed (its process died, or may). */
int world_commit(struct world *w, struct store *s);
int world_commit_plain(struct world *w, struct store *s);
int world_commit_spilled(struct world *w, struct store *s);
int world_commit_graph(struct world *w, struct store *s);

struct bytes world_key(unsigned i, char buf[64]);
struct bytes world_mark(unsigned id, char buf[64]);
const uint8_t *world_value(unsigned id, unsigned op, size_t len);
void world_new_boot(struct world *w);
void world_set_clock(uint64_t seed);

/* --- check.c: what a store shows against the model --- */

void world_look(struct world *w, struct store *s, struct snapshot *v, struct sight *out);
void world_same(struct world *w, const struct sight *a, const struct sight *b, const char *what);
/* Looks, compares with the model, and notes what was seen as ACKED.  FINAL: what
 * is not seen is GONE (recovery is over, or a later commit was acknowledged). */
void world_check(struct world *w, struct store *s, bool final);

/* --- explore.c: histories, power cuts, recoveries --- */

struct explore {
	unsigned states;	/* of each history */
	unsigned modes;		/* enum fault_mode of its disk, besides the random ones */
};
/* One history and its crash states.  NULL, or the words of what went wrong (good
 * until the next call).  *STATES is added to. */
const char *explore(uint64_t seed, const struct explore *e, uint64_t *states);

/* The power fails now: one state of what may be left is drawn, gone through and
 * forgotten again; W is as it was. */
void world_power_cut(struct world *w, uint64_t seed);
/* Compacts S, and fails when anything is left that nobody names. */
void world_tidy(struct world *w, struct backend *b, struct store *s);

/* --- weave.c: the calls of a process --- */

int weave_open(struct backend **out, struct backend *inner, struct world *w,
	       struct process *p);
void world_meanwhile(struct world *w);	/* explore.c */

#endif
