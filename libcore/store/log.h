/* store/log.h - the store's log: commits, group commit, and its newest keys
 *
 * Joins the file (store/wal), the shared index of its keys (store/tail) and what
 * a crash or a dead writer left (store/recover) behind one door.
 *
 * A commit is a run of entries under one version: visible and durable at once,
 * or absent.  Readers see only what is durable.  Writers of different processes
 * take turns under two locks:
 *
 *     log_begin    append lock: alone at the end of the log, tail up to date
 *     log_append   the blocks are written, the keys are in the index
 *     log_end      append lock free: the next writer appends
 *     log_sync     sync lock: whoever flushes covers all that is appended;
 *                  the others see it and return
 *
 * A flush that failed is never repeated and never acknowledged: the log is
 * marked doubtful, and the next log_begin reads the tail again from the device.
 */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "io/backend.h"
#include "store/iter.h"

struct log;
struct mem;

/* Bytes of the file `lock` (io/backend.h). */
enum store_lock {
	LOCK_APPEND = 0, LOCK_SYNC = 1,
	LOCK_PUBLISH = 2,		/* who replaces the manifest: fold, merge, import */
	LOCK_DELTA = 6,			/* who folds changes of a graph into a segment */
	LOCK_READERS = 4,		/* shared by snapshots: files they may open stay */
	LOCK_VALUES = 5,		/* the same where all runs are open: what else they need stays */
	LOCK_BUILD = 3,			/* shared by who has segments no manifest names yet */
	LOCK_HOLD = 16,			/* + log id % 64: shared, readers that need the file */
	LOCK_LEASE = 128,		/* + blob id % 4096: who appends to a blob */
};

/* LOCK_READERS is refused while somebody removes files, which takes a moment.  Who went on
 * without it could find its files gone: it waits so long, also where --wait says 0. */
#define LOCK_READERS_WAIT_NS UINT64_C(5000000000)

#define LOG_COMMIT_MAX (32u << 20)	/* payload bytes of one commit */

struct log_options {
	struct backend *backend;
	uint8_t store_id[16];
	uint64_t log_id;		/* wal/LOGID.wal, as the manifest names it */
	uint64_t base_version;		/* the manifest's version: commits go on from it */
	uint64_t generation;		/* the manifest's, noted in the log's header */
	bool write;
	bool scarce;			/* no room for an index that is missing: a private one */
	bool no_sync;			/* log_sync returns without a flush */
	bool direct;			/* O_DIRECT if it can be had */
	/* Asked in log_begin when a publisher may have died: does the manifest, as it
	 * is now, name this log?  1, 0, < 0; and its version.  NULL: log_begin answers
	 * ERR_CHANGED after a log_retiring without log_retire. */
	int (*named)(void *ctx, uint64_t log_id, uint64_t *version);
	void *named_ctx;
	uint64_t wait_ns;		/* for a lock */
	struct mem *mem;
};

/* A new, empty, durable log file of the given size (zero-written; RECYCLE, if not
 * 0, is the id of a retired log whose file is taken over when nobody holds it, and
 * removed otherwise).  Under LOCK_PUBLISH.  Replaces what a crash left under the
 * name, but a log with commits is ERR_EXISTS: then the manifest is older than it. */
int log_create(const struct log_options *o, uint64_t bytes, uint64_t recycle);

/* O(1) when the index in wal/index is of this boot and this log; otherwise the
 * log is read once (a writer leaves the index for others; a reader without
 * permission keeps a private one).  ERR_ABSENT: no such log file: a newer
 * manifest names another.  ERR_DAMAGED with file, offset, and how much lies
 * beyond; a torn tail is silent. */
int log_open(struct log **out, const struct log_options *o);
void log_close(struct log *l);			/* NULL is fine */

uint64_t log_bytes(const struct log *l);	/* appended so far, headers included */
uint64_t log_file_bytes(const struct log *l);	/* the file, room ahead of need included */
uint64_t log_entry_n(const struct log *l);
/* No entry of this space (not 0, the users') is newer: 0 when there is none. */
uint64_t log_space_version(const struct log *l, uint32_t space);
uint64_t log_version(const struct log *l);	/* last appended (under log_begin) */
/* The last version a manifest took: a reader whose manifest is older looks again,
 * lest it see what came after that version and not the version itself. */
uint64_t log_floor(const struct log *l);
/* Was a manifest without this log published? */
bool log_is_retired(const struct log *l);
/* The wall clock, but never before a commit of this log: it does not go back. */
uint64_t log_now_ns(const struct log *l);
uint64_t log_commit_ns(const struct log *l);	/* the clock at its last commit, or 0 */
uint64_t log_durable(struct log *l);		/* last durable version, re-read each time */

/* Append lock.  ERR_CHANGED: the log was folded and another is in use: reopen
 * the store.  ERR_LOCKED after wait_ns. */
int log_begin(struct log *l);
/* The next commit's version: log_version + 1, or later if the manifest moved it. */
uint64_t log_next_version(const struct log *l);
/* PAYLOAD is entry_put_record()s, their versions 0 or log_next_version(); ENTRY_N
 * of them.  ERR_NO_SPACE before anything is written. */
int log_append(struct log *l, struct bytes payload, uint64_t entry_n, uint64_t *version);
/* From here on the file grows by no more than a commit needs: room is scarce. */
void log_spare(struct log *l);
/* The manifest took a version (a graph, a bulk load): commits go on after it. */
void log_skip_to(struct log *l, uint64_t version);
void log_end(struct log *l);

/* Returns 0 once VERSION is durable; any failure is final for this process. */
int log_sync(struct log *l, uint64_t version);
/* Everything appended so far, also where sync is none: a manifest will rest on it. */
int log_sync_all(struct log *l);

/* The newest entry of a key with version <= AS_OF (UINT64_MAX: also what is not
 * durable yet, for conditions under log_begin).  1 and the entry (in BUF), 0 not
 * in the log, ERR_CHANGED when the log was folded meanwhile and is not held, or its
 * file recycled: start again with a fresh manifest. */
int log_get(struct log *l, uint32_t space, struct bytes key, uint64_t as_of,
	    struct buf *buf, struct entry *out);

/* A log_get of this key will come: step 0, 1 and 2, some time between each, bring
 * what it will touch nearer.  Never fails, changes nothing. */
void log_prefetch(const struct log *l, uint32_t space, struct bytes key, unsigned step);

/* The same in order, one entry a key, removals included.  Reads the keys of the
 * whole log once into memory (the records too while that is plenty).  Needs L
 * until it is closed. */
int log_iter(struct iter **out, struct log *l, uint64_t as_of,
	     const struct iter_from *from);

/* Those of one space newer than AFTER, forward: records of other spaces are not read. */
int log_iter_space(struct iter **out, struct log *l, uint64_t as_of, uint32_t space,
		   uint64_t after);

/* Keep the file from being recycled while a long reader needs it (shared lock;
 * ERR_CHANGED when it is too late). */
int log_hold(struct log *l);

/* Under log_begin, around the publication of a manifest of VERSION that keeps this
 * log.  Published is not called when that failed, or died: then the next log_begin
 * makes durable what it sees, and nobody gets the version again. */
void log_publishing(struct log *l, uint64_t version);
void log_published(struct log *l);

/* Under log_begin, around the publication of a manifest that names another log and
 * holds all that was appended to this one.  Retiring, before: should we die, the
 * next log_begin asks which manifest is there.  Retire, after: every other
 * process's next log_begin answers ERR_CHANGED.  A publication that failed needs
 * no third call. */
int log_retiring(struct log *l);
void log_retire(struct log *l);

/* Every commit in order, for walcheck: calls EACH for a commit's header and each
 * of its entries; FOUND for each damaged place.  Never writes, needs no index.
 * 0 clean, ERR_TORN_TAIL, ERR_DAMAGED (after all of it was reported), or an error. */
struct log_commit {
	uint64_t version, off, bytes, entry_n, wall_ns;
};
struct log_fault {
	uint64_t off;			/* in the file */
	uint64_t version;		/* of the commit hit, 0 unknown */
	uint32_t expected, got;		/* checksums, where that is the fault */
	uint64_t beyond_n;		/* sound commits after this place */
	const char *words;
};
struct log_walk {
	int (*commit)(void *ctx, const struct log_commit *c);
	int (*entry)(void *ctx, const struct log_commit *c, const struct entry *e, uint64_t off);
	int (*fault)(void *ctx, const struct log_fault *f);
	void *ctx;
};
int log_walk(struct file *f, const uint8_t *store_id, const struct log_walk *w,
	     struct mem *mem);

#endif
