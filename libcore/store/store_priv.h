/* store/store_priv.h - what store.c, snapshot.c, txn.c and merge.c share
 *
 * A store handle sees the newest manifest it has read, and opens that manifest's
 * log and, when a question needs them, its runs.  When someone else has moved on
 * (ERR_CHANGED from the log, ERR_ABSENT for a segment that is gone), store_refresh
 * reads afresh and the question is asked again.
 */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include "base/err.h"
#include "store/blob.h"
#include "store/log.h"
#include "store/run.h"
#include "store/store.h"

#define STORE_TRIES 64		/* of a question while others fold: each is a whole fold */

#define LOG_FIRST (256u << 10)	/* a new log's size; it grows ahead of need */

#define STORE_READERS 16	/* files of large values kept open, 256 KiB each */

/* The runs of one manifest, newest first, opened at their first use. */
struct run_set {
	struct run **run;
	uint32_t n;
};

struct store {
	struct backend *backend;
	bool own_backend;
	struct mem mem;
	struct settings settings;
	struct manifest manifest;
	struct log *log;	/* NULL after a store_refresh that failed, or for graphs */
	struct run_set runs;
	struct buf buf;		/* the entry last read */
	struct blob_writer *blob;
	uint64_t blob_from;	/* where it ended when its growth was last thought of */
	bool blob_filled;	/* one since then */
	struct buf kept_leases;	/* of full blobs, until no transaction is under way: unsigned */
	unsigned txn_n;		/* transactions begun */
	unsigned building;	/* store_build_begin, counted */
	unsigned readers;	/* snapshots held */
	uint64_t forgotten;	/* newest removal that this handle's merges dropped */
	unsigned settled;	/* of those, ones that need no run's name */
	uint64_t now_ms;	/* the latest that anyone here was told */
	bool write, graphs;
	bool scarce;		/* the disk is full, and we are mending that */
	bool map_values;	/* blobs through a mapping, not by reads */
	struct blob_reader *reader[STORE_READERS];	/* of values that were closed */
	uint64_t wait_ns;
	const char *who;
};

int run_set_init(struct run_set *set, struct store *s, const struct manifest *m);
void run_set_release(struct run_set *set, struct store *s);
/* The i-th run, opened. */
int run_set_open(struct run_set *set, struct store *s, const struct manifest *m,
		 uint32_t i, struct run **out);
/* Newest entry of the key in the runs: 1, 0, < 0. */
int run_set_get(struct run_set *set, struct store *s, const struct manifest *m,
		uint32_t space, struct bytes key, struct buf *buf, struct entry *out);

void store_log_options(struct store *s, struct log_options *o);
int store_refresh(struct store *s);
/* What it is when the log that the manifest names knows a newer one: ERR_DAMAGED. */
int store_put_back(struct store *s);
/* As value_open, but ERR_ABSENT for a blob that may have been rewritten meanwhile. */
int value_try(struct value **out, struct store *s, const struct entry *e);
/* Is this an error that a newer manifest explains? */
static inline bool store_moved(int r)
{
	return r == ERR_CHANGED || r == ERR_ABSENT;
}

static inline bool store_moved_or_taken(int r)
{
	return store_moved(r) || r == ERR_LOCKED;
}

/* What expires is held against this: the later of the wall clock and the last
 * commit's time, and never earlier than it was said before: a clock set back
 * brings nothing back to life. */
uint64_t store_now_ms(struct store *s);
/* The entry there is: 1, or 0 when it is a removal or expired by now. */
int store_live(struct store *s, const struct entry *e);

/* LOCK_PUBLISH, with a note of who has it. */
int store_lock_publish(struct store *s, uint64_t wait_ns);

/* Under both locks: writes NEXT, which names the same log. */
int store_replace_manifest(struct store *s, struct manifest *next);
/* The append lock, on the newest manifest. */
int store_begin(struct store *s);
/* The same where what the runs say decides: others may have merged them, and moved
 * values, without folding the log. */
int store_begin_newest(struct store *s);
/* Under it: the newest entry, durable or not. */
int store_newest(struct store *s, uint32_t space, struct bytes key, struct entry *out);

/* Under LOCK_PUBLISH and the append lock: the log becomes a run (if it holds
 * anything) in front of M's, with the runs SPILLS before it, and EDIT's changes;
 * a new log begins.  The append lock is released. */
struct store_swap {
	const struct run_info *spill;	/* newest first */
	uint32_t spill_n;
	uint64_t version;		/* the spills' own; 0: takes none */
	bool fresh;			/* the new log is not to take over a file */
	bool tried;			/* set: a manifest may name the spills now */
};
int merge_fold(struct store *s, struct store_swap *swap);
/* Under LOCK_PUBLISH: the log becomes a run if it is of more than BYTES. */
int merge_fold_alone(struct store *s, uint64_t bytes);
/* Before a commit: a log that outgrew its bound because folding failed (a full
 * disk, say) must be folded first, and why it cannot be is said then. */
int merge_before(struct store *s);
/* After a commit: fold and merge if it is time. */
enum merge_when {
	MERGE_IF_LOG_FULL,
	MERGE_PUBLISHED,	/* the commit brought runs of its own */
	MERGE_IF_MANY,		/* runs more than may be: of them only */
	MERGE_DEAD,		/* it left much dead in blobs */
	MERGE_BLOBS,		/* it wrote so much into blobs that they may be due */
};
int merge_by_the_way(struct store *s, enum merge_when when);
/* The runs FIRST .. FIRST + N of the store's manifest as one. */
int merge_iter_runs(struct iter **out, struct store *s, uint32_t first, uint32_t n);
enum block_codec merge_codec(struct store *s);
/* Several runs into one: SOURCES are taken (closed) also on failure. */
int merge_iter_to_run(struct store *s, struct iter *it, uint64_t entry_n, bool last,
		      struct run_info *out);

/* What a killed process left in tmp/, if nobody is building anything. */
void store_sweep(struct store *s);
/* Under LOCK_PUBLISH: what the manifest does not name any more, unless a snapshot
 * is held somewhere (then a later sweep does it). */
void store_sweep_segments(struct store *s);
void store_sweep_logs(struct store *s);
/* The log before this one, which waits to be recycled. */
void store_drop_retired_log(struct store *s);
uint64_t store_reserve_want(const struct store *s);
uint64_t store_reserve_bytes(const struct store *s);
/* As long as it is to be; TRIM: not longer either. */
void store_fill_reserve(struct store *s, bool trim);
/* Room for a removal on a full disk: gives the reserve back to the file system. */
int store_use_reserve(struct store *s);

static inline unsigned store_lease_lock(uint64_t blob)
{
	return LOCK_LEASE + (unsigned)(blob % 4096);
}

/* Is it this handle's own, of the blob it writes to or of one that entries not yet
 * committed may refer to? */
bool store_has_lease(const struct store *s, unsigned lease);

/* A blob this handle may append to; registers a new one when none is free. */
int store_lease_blob(struct store *s, struct blob_writer **out);

#endif
