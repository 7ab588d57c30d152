/* store/salvage_log.h - the records of a log, around what cannot be read
 *
 * Gives every record of every commit that verifies, in the order of the versions.
 * Beyond damage, a commit is believed when a later block, a mark or the commit
 * itself vouches that what lies before it was durable; remains of commits that
 * never were acknowledged are not given, nor is a torn tail.
 *
 * Of a commit that is damaged, the records that lie in sound sectors of proven
 * blocks are given too: they were acknowledged, and the gap says how many of their
 * commit are missing.
 */
#ifndef STORE_SALVAGE_LOG_H
#define STORE_SALVAGE_LOG_H

#include "store/entry.h"
#include "store/wal.h"

struct mem;

struct salvage_gap {
	uint64_t after;			/* version of the last commit before it */
	uint64_t before;		/* of the first one beyond; UINT64_MAX: none */
	uint64_t version;		/* of the commit hit, where that is known; 0 */
	uint64_t record_n, given_n;	/* its records, and those given; 0, 0: unknown */
	bool all_known;			/* no key is missing: the head or the marks only,
					 * or one commit all of whose records were given */
	const char *words;		/* "FILE: offset N: ..." */
};

struct salvage_log {
	int (*entry)(void *ctx, const struct entry *e);
	int (*gap)(void *ctx, const struct salvage_gap *g);	/* after its given records */
	void *ctx;
	uint64_t last_version;		/* out: of the last commit given */
	uint64_t end_blk, file_id;	/* out: behind it; the log's, 0 unknown */
	bool torn;			/* out: a tail was left out */
};

/* KEY binds the log's checksums, so that it is read even when its head is damaged;
 * BASE is the version its commits follow.  0, what a callback answered, or an error
 * (ERR_IO, ERR_MEMORY). */
int salvage_log(struct salvage_log *s, struct file *f, const struct wal_key *key,
		uint64_t base, struct mem *mem);

#endif
