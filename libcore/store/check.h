/* store/check.h - is a store what it should be?  Reads all, writes nothing
 *
 * Goes through a store's files without opening it as a store: a damaged manifest,
 * a missing segment, a setting nobody knows stop a reader, but not a check.  Every
 * place that is not right is handed out as one finding, and the check goes on.
 *
 * Works beside writers.  Files the manifest names are kept by the locks readers
 * hold, where those can be had; whatever else a writer could explain (a log it is
 * writing to, a manifest it has just replaced) is looked at again, with appending
 * held up for that moment, and told only if it is still so.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "io/backend.h"
#include "store/log.h"
#include "store/manifest.h"

enum check_weight {
	CHECK_NOTE,		/* nothing is wrong: a file that nobody names */
	CHECK_TORN,		/* the log's last commit, as after a crash */
	CHECK_DAMAGE,
	CHECK_UNREADABLE,	/* the device or the system refused: see code */
};

/* What a finding is about: check_word has a word of each, which stays what it is. */
enum check_kind {
	CHECK_MANIFEST,		/* it cannot be read */
	CHECK_PUT_BACK,		/* it is an older one */
	CHECK_COPY,		/* manifest.old */
	CHECK_LOG,		/* a log as a whole, its head or marks */
	CHECK_COMMIT,		/* commits in it */
	CHECK_LOG_END,		/* it lacks commits at its end */
	CHECK_TAIL,		/* its last commit, as after a crash */
	CHECK_LOG_INDEX,	/* wal/index */
	CHECK_RUN,		/* a run as a whole, or a page of it */
	CHECK_KEYS,		/* some keys of a run */
	CHECK_VALUE,		/* a large value */
	CHECK_BLOB,		/* a file of large values */
	CHECK_GRAPH,		/* a graph's file or a page of it */
	CHECK_NODES,		/* nodes of a graph, */
	CHECK_EDGES,		/* its edges, */
	CHECK_STATES,		/* or what is said of them: labels, properties */
	CHECK_CHANGES,		/* the segment of its changes, which entries say, too */
	CHECK_PROPERTY_INDEX,	/* its index, which its properties say, too */
	CHECK_SNAPSHOT,
	CHECK_SETTINGS,
	CHECK_FOLDER,
	CHECK_STRAY,		/* a file that nobody names */
};
const char *check_word(enum check_kind kind);	/* "manifest", "put-back", ... */

#define CHECK_NOWHERE UINT64_MAX	/* the file as a whole */

/* Texts and bytes are the check's, valid during the call. */
struct check_finding {
	enum check_kind kind;
	enum check_weight weight;
	int code;			/* ERR_DAMAGED, ERR_TORN_TAIL, ERR_IO, ... */
	const char *file;		/* its path */
	uint64_t off;			/* in it, or CHECK_NOWHERE */
	const char *what;		/* the fact */
	bool sums;			/* expected and got are checksums */
	uint32_t expected, got;
	bool in_log;			/* beyond_n counts */
	uint64_t version;		/* of the commit hit; 0: not known */
	uint64_t beyond_n;		/* sound commits after this place */
	const char *graph;		/* the graph hit, or NULL */
	uint32_t space;
	struct bytes snapshot;		/* the snapshot hit, if only it is; ptr NULL */
	struct bytes key;		/* the key or node hit; len 0: none, or see what */
	bool ranged;			/* KEY is the first of many (len 0: from the first on), ... */
	struct bytes before;		/* ... up to this one, which is not hit (ptr NULL: the
					 * last of all) */
	bool typed;			/* the edges hit are of this type */
	struct bytes type;
	uint64_t hit_n;			/* keys, nodes, edges hit; 0: not known */
	const char *so;			/* the consequence */
	const char *next;		/* the next step: a command */
};

struct check {
	struct backend *backend;
	struct mem *mem;
	bool full;			/* every byte, not only manifest and log */
	/* The sound commits of the log in order, as they are read; may be NULL. */
	int (*commit)(void *ctx, const struct log_commit *c);
	int (*entry)(void *ctx, const struct log_commit *c, const struct entry *e,
		     uint64_t off);
	/* Not 0 ends the check and is what it returns. */
	int (*found)(void *ctx, const struct check_finding *f);
	/* A graph of which something was found: says what of it is hit, with found.
	 * SNAPSHOT: the one that has it, ptr NULL: the store.  May be NULL; not 0 ends
	 * the check. */
	int (*graph)(void *ctx, const struct manifest_graph *g, const uint8_t store_id[16],
		     struct bytes snapshot);
	/* Bytes read so far of those there are in all; may be NULL. */
	void (*at)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
};

/* 0: nothing but notes.  ERR_TORN_TAIL, ERR_DAMAGED, ERR_IO: after all of it was
 * told; damage counts before a refusal, that before a torn tail.  Otherwise an
 * error that ended the check, ERR_NO_STORE and ERR_NEWER among them. */
int check_store(const struct check *c);

/* One log file alone, of any store: C's backend and full are not looked at. */
int check_log(const struct check *c, struct file *f);

#endif
