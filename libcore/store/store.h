/* store/store.h - a store: open, read at a version, write in transactions
 *
 * Short lives are the main case: opening maps the manifest and the log's index,
 * nothing else, and needs no process beside it.  What must be done by and by
 * (fold, merge) is done by the writer that crosses a threshold.
 *
 * A store handle belongs to one thread.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/mem.h"
#include "base/setting.h"
#include "codec/block.h"
#include "store/iter.h"
#include "store/manifest.h"

struct store;
struct snapshot;
struct txn;

struct store_options {
	bool write;
	bool graphs;			/* only graphs will be asked for, no key: runs stay
					 * closed but for snapshot_changes */
	uint64_t wait_ns;		/* for the store's locks */
	/* Makes the settings in force from the bytes of the store's `config` (and its
	 * path for messages).  NULL: built in and the store's. */
	int (*settings)(void *ctx, struct settings *out, struct bytes config,
			const char *where);
	void *ctx;
	const char *who;		/* names this program to those who wait */
};

/* A new store in DIR, whose parent must exist; DIR may exist if empty.  CONFIG is
 * the text of its `config` (NAME = VALUE lines), which must be sound.
 * ERR_EXISTS and nothing touched otherwise.  Durable when 0; a creation that was
 * killed is taken up again by the next one. */
int store_create(const char *dir, struct bytes config);

/* ERR_NO_STORE with the hint, ERR_UNTRUSTED, ERR_NEWER, ERR_DAMAGED, ... */
int store_open(struct store **out, const char *dir, const struct store_options *o);
/* The same on a backend (tests), which the caller closes after the store. */
int store_create_on(struct backend *b, struct bytes config);
/* Of this id: the same store again, from a backup. */
int store_create_as(struct backend *b, struct bytes config, const uint8_t id[16]);
int store_open_on(struct store **out, struct backend *b, const struct store_options *o);
void store_close(struct store *s);		/* NULL is fine */

struct backend *store_backend(struct store *s);
struct mem *store_mem(struct store *s);
const char *store_path(const struct store *s);
const uint8_t *store_id(const struct store *s);
const struct settings *store_settings(const struct store *s);

/* Reading: the newest durable state, the same for as long as it is held.  Holds
 * its files, so a long reader neither waits nor makes anyone wait. */
int store_snapshot(struct store *s, struct snapshot **out);
/* The same as it was: by a kept snapshot's name (store/kept.h), by the version of
 * one, by any version since the log was folded last (the manifest's, and all that are
 * in the log), or "now".  ERR_NO_SNAPSHOT: it cannot be had any more. */
int store_snapshot_as_of(struct store *s, struct bytes which, struct snapshot **out);
void snapshot_close(struct snapshot *v);	/* NULL is fine */
/* All its runs are open, and nothing else of it will open a run by name: from here
 * on the files of runs that a merge replaced may go.  For who holds a snapshot for
 * long; not for who copies or checks files. */
void snapshot_settle(struct snapshot *v);
uint64_t snapshot_version(const struct snapshot *v);
/* Was nothing committed since, up to the moment of this call?  Cheaper than another. */
bool snapshot_is_newest(struct snapshot *v);
/* The clock at its latest commit: what expired by then stays so. */
uint64_t snapshot_commit_ns(const struct snapshot *v);
const struct manifest *snapshot_manifest(const struct snapshot *v);

/* 1 and the entry (good until the snapshot's next get), 0: no such key (or
 * expired), < 0.  Removals are not shown. */
int snapshot_get(struct snapshot *v, uint32_t space, struct bytes key, struct entry *out);

/* One get by a process that will end: no lock, nothing held.  As snapshot_get. */
int store_get(struct store *s, uint32_t space, struct bytes key, struct entry *out);

/* Live entries in order, FROM on, while keys begin with PREFIX and, going
 * forward, are below END (len 0: no bound; in reverse: not below END). */
struct scan_options {
	struct iter_from from;
	struct bytes prefix, end;
};
int snapshot_scan(struct snapshot *v, const struct scan_options *o, struct iter **out);
/* All entries, removals too, of one space: for folding and graphs. */
int snapshot_iter(struct snapshot *v, const struct iter_from *from, struct iter **out);

/* The same, but what lies only where nothing is newer than VERSION is left out;
 * older entries may come.  And how many come at most. */
int snapshot_iter_since(struct snapshot *v, const struct iter_from *from,
			uint64_t version, struct iter **out);
uint64_t snapshot_entry_most(const struct snapshot *v, uint64_t version);

/* The entries of a graph's space newer than AFTER, the newest of each key, in order:
 * 1 and the iterator, which may be empty, or 0 at once, no log and no run read, when
 * there are none.  Works where store_options.graphs is set, too.  Of space 0 the log's
 * keys are looked through each time, and removals up to the manifest's `forgotten` may
 * be missing. */
int snapshot_changes(struct snapshot *v, uint32_t space, uint64_t after, struct iter **out);

/* The bytes of an entry's value, checked before they are handed out.  Inline
 * values are copied; large ones are read chunk by chunk. */
struct value;
int value_open(struct value **out, struct store *s, const struct entry *e);	/* held */
/* Up to CAP bytes from OFF: at least 1, 0 at the end. */
long value_read(struct value *v, uint64_t off, void *buf, size_t cap);
/* The same bytes where they are: at least 1, 0 at the end; good until the next call.
 * *HELD: they are what HOLD was called for and said it holds, or the end of that. */
long value_peek(struct value *v, uint64_t off, const uint8_t **ptr, bool *held);
/* HOLD is offered stretches that could go out from where they lie, before they are
 * checked; store/blob.h has more. */
void value_offer(struct value *v, bool (*hold)(void *ctx, const void *ptr, size_t len),
		 void *ctx);
/* It will be read in order from FROM up to TO: prefetch_distance pieces of what the
 * page cache does not hold are read ahead, within half of cache_size. */
void value_expect(struct value *v, uint64_t from, uint64_t to);
struct blob_read_stat;				/* store/blob.h */
/* What was done for it; false for a value that lies with its key. */
bool value_get_stat(const struct value *v, struct blob_read_stat *out);
void value_close(struct value *v);		/* NULL is fine */
/* Large values through a mapping from now on: for what the page cache holds. */
void store_map_values(struct store *s, bool on);
/* store_get and value_open in one, asked again while others move the value. */
int store_get_value(struct store *s, uint32_t space, struct bytes key,
		    struct entry *e, struct value **out);

/* Writing: a transaction gathers entries and conditions, then commits them all
 * under one version, or nothing.  Later entries win over earlier ones of the
 * same key.  Larger than the log may hold: sorted in pieces beside the caller, in
 * bounded memory, merged into runs and published by one manifest; an error on that
 * way stays, and the transaction can only be aborted. */
int txn_begin(struct txn **out, struct store *s);
void txn_abort(struct txn *t);			/* NULL is fine */
/* What is put from now on expires so long after its commit (when it is more than
 * memory holds: after it was put); 0: as each put says. */
void txn_set_ttl(struct txn *t, uint64_t ttl_ms);
int txn_put(struct txn *t, uint32_t space, struct bytes key, struct bytes value,
	    uint64_t expires_ms);
int txn_remove(struct txn *t, uint32_t space, struct bytes key);
/* E, as it was read, is dead when T is committed: if that is much, files with nothing
 * alive in them go then, and not by and by. */
void txn_frees(struct txn *t, const struct entry *e);
/* An entry as it was read (a rename keeps its value where it lies). */
int txn_put_entry(struct txn *t, const struct entry *e);

/* A value of unknown size, never held whole: begin, feed, end. */
int txn_put_begin(struct txn *t, uint32_t space, struct bytes key, uint64_t expires_ms);
/* How long it will be, if that is known: one very large has a file of its own, which
 * goes when it is dead, whatever else lives. */
void txn_put_size(struct txn *t, uint64_t bytes);
int txn_put_feed(struct txn *t, const void *ptr, size_t len);
int txn_put_end(struct txn *t);
void txn_put_cancel(struct txn *t);

/* Conditions are tested at commit, alone with the store: unmet is ERR_ABSENT and
 * nothing is written. */
enum txn_condition { TXN_ABSENT, TXN_PRESENT, TXN_VERSION };
int txn_expect(struct txn *t, uint32_t space, struct bytes key,
	       enum txn_condition what, uint64_t version);
/* The graph of this space is there and folded up to here: what was read of its segments
 * counts still. */
void txn_expect_graph(struct txn *t, uint32_t space, uint64_t folded);
/* All conditions were met at VERSION: they are tested only if anything was committed
 * since; or (STILL) nothing may have been. */
void txn_seen(struct txn *t, uint64_t version, bool still);
/* OLD's value under NEW and OLD gone, decided at commit. */
int txn_rename(struct txn *t, uint32_t space, struct bytes old_key, struct bytes new_key);

uint64_t txn_entry_n(const struct txn *t);
uint64_t txn_bytes(const struct txn *t);	/* of keys and values, blobs too, in all */
/* Has it become larger than the log takes?  Its commit is a merge then. */
bool txn_is_bulk(const struct txn *t);

/* Durable when 0 (unless sync is none), *version its number; the transaction is
 * empty again and may be used for the next commit.  Afterwards the log may be
 * folded and runs merged. */
int txn_commit(struct txn *t, uint64_t *version);

/* What walks by itself, now: the log into a run; runs and dead blobs into fewer. */
int store_fold(struct store *s);
int store_compact(struct store *s);

/* All commits so far are durable, also where sync is none: what is published without a
 * version may rest on them. */
int store_sync(struct store *s);

/* Publishing: under the lock, on the newest manifest; EDIT changes it (0, or an
 * error that stops), then it is written and the store moves to it.  One version
 * is taken if VERSION is not NULL. */
int store_publish(struct store *s,
		  int (*edit)(void *ctx, struct manifest *m, uint64_t version),
		  void *ctx, uint64_t *version);

/* While segments are built that no manifest names yet: keeps others from sweeping
 * them away.  Begin before the first segment_create, end after store_publish or
 * after segment_abort. */
int store_build_begin(struct store *s);
void store_build_end(struct store *s);

/* Files that no manifest names any more go, unless somebody reads or builds: then
 * a later one does it.  After a publication that dropped something, or failed. */
void store_tidy(struct store *s);

struct store_stat {
	uint32_t format;		/* of the manifest */
	uint64_t version, generation, created_ns;
	uint64_t log_bytes, log_entries, log_limit;
	uint64_t run_n, run_bytes, run_entries, run_removes;
	uint64_t blob_n, blob_bytes, blob_live;
	uint64_t graph_n, graph_bytes;
	uint64_t reserve, reserve_want;	/* kept for removals on a full disk */
	uint64_t bytes;			/* all files but the reserve */
	const char *io_mode, *io_why;	/* "direct" "buffered" and the reason */
};
int store_stat(struct store *s, struct store_stat *out);

#endif
