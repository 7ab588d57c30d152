/* io/fault.h - a backend that fails, shortens, tears and forgets, from a seed
 *
 * A decorator over a `mem` backend, for tests.  It keeps the promises of
 * io/backend.h to the letter and no more: what was not flushed may be lost, in
 * any order, torn at 512 bytes; a name whose folder was not synced may be the
 * old one or the new one.  So a store that survives every state fault_crash()
 * makes relies on nothing that a disk and a file system do not give.
 *
 * Handles made by fault_again() are processes that share one disk.  Everything
 * is drawn from seeds: the same calls and the same seeds give the same bytes.
 *
 *	fault_open(&b, NULL, seed);		an empty disk
 *	... run a history through b ...
 *	fault_crash(b, seed + 1, &m);		a disk as a power cut may leave it
 *	fault_open(&b2, m, seed + 2);		and go on from there, perhaps crash again
 */
#ifndef IO_FAULT_H
#define IO_FAULT_H

#include "io/backend.h"

enum fault_kind {
	FAULT_OPEN = 1 << 0,
	FAULT_READ = 1 << 1,
	FAULT_WRITE = 1 << 2,
	FAULT_FLUSH = 1 << 3,
	FAULT_RESIZE = 1 << 4,		/* resize and reserve */
	FAULT_RENAME = 1 << 5,
	FAULT_REMOVE = 1 << 6,
	FAULT_MKDIR = 1 << 7,
	FAULT_SYNC_DIR = 1 << 8,
	FAULT_MAP = 1 << 9,
	FAULT_LIST = 1 << 10,
	FAULT_LOCK = 1 << 11,
	FAULT_ANY = (1 << 12) - 1
};

/* Modes of the disk, for all its handles. */
enum fault_mode {
	FAULT_SHORT = 1,		/* reads and writes are often short */
	FAULT_DIRECT = 2,		/* FILE_DIRECT is had; a crooked call is ERR_BUG */
	FAULT_COARSE_CLOCK = 16,	/* several writes have one time */
	/* Broken rules, to test the tests: the call returns 0 and nothing is durable. */
	FAULT_IGNORE_FLUSH = 4,
	FAULT_IGNORE_DIR_SYNC = 8,
};

/* Takes MEM over (closed with the last handle): what it holds is durable.  NULL:
 * a fresh one.  On failure MEM stays the caller's. */
int fault_open(struct backend **out, struct backend *mem, uint64_t seed);
int fault_again(struct backend **out, struct backend *first);
void fault_modes(struct backend *b, unsigned modes);

/* The NTH operation from now (1: the next) of any of KINDS on this handle fails
 * with CODE, and with FOREVER all of them after it.  A write that fails may have
 * written a part; a flush that fails has written a part, and what it did not
 * write is lost for good though reads still show it, as on Linux.  Others that
 * fail did nothing.  Up to 8 rules; fault_calm() drops them. */
void fault_fail(struct backend *b, unsigned kinds, uint64_t nth, int code, bool forever);
void fault_calm(struct backend *b);
uint64_t fault_hits(const struct backend *b);	/* failures given so far */

/* The process of this handle is killed: its locks are free, every later call
 * fails with ERR_IO "after the crash" (closing is fine).  What it did is in the
 * page cache, so other handles see it.  fault_die_after: at the NTH changing
 * operation from now, which then happened, did not, or did in part. */
void fault_die(struct backend *b);
void fault_die_after(struct backend *b, uint64_t nth);
bool fault_is_dead(const struct backend *b);

/* Changing operations (a file made, write, flush, resize, rename, remove, mkdir,
 * sync_dir) on this handle so far: run a history once to count, then again for
 * each N to die at. */
uint64_t fault_ops(const struct backend *b);

/* A new mem backend with a state this disk may be in after a power cut now.  The
 * seed picks one of several characters: nothing unflushed kept, all of it, or a
 * part; 512 B or 4 KiB sectors; names lost in order (a journal) or each by
 * itself.  A sector of a writable mapping is as it was at some changing operation,
 * or is now, or is zero.  B is unchanged:
 * crash it as often as you like. */
int fault_crash(struct backend *b, uint64_t seed, struct backend **out);

#endif
