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

enum check_weight {
	CHECK_NOTE,		/* nothing is wrong: a file that nobody names */
	CHECK_TORN,		/* the log's last commit, as after a crash */
	CHECK_DAMAGE,
	CHECK_UNREADABLE,	/* the device or the system refused: see code */
};

#define CHECK_NOWHERE UINT64_MAX	/* the file as a whole */

/* Texts and bytes are the check's, valid during the call. */
struct check_finding {
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
	struct bytes key;		/* the key hit; len 0: none, or many: see what */
	const char *so;			/* the consequence */
	const char *next;		/* the next step */
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
	void *ctx;
};

/* 0: nothing but notes.  ERR_TORN_TAIL, ERR_DAMAGED, ERR_IO: after all of it was
 * told; damage counts before a refusal, that before a torn tail.  Otherwise an
 * error that ended the check, ERR_NO_STORE and ERR_NEWER among them. */
int check_store(const struct check *c);

/* One log file alone, of any store: C's backend and full are not looked at. */
int check_log(const struct check *c, struct file *f);

#endif
