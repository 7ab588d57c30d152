/* store/recover.h - reading a log whose end nobody vouches for
 *
 * After a crash, a lost index or a dead writer the file is all there is.  Walk it:
 * recover_next gives commit after commit while each is whole and says that it
 * follows the one before.  Where that ends, recover_rest looks at everything
 * beyond, and recover_verdict decides between three:
 *
 *   clean     nothing of this log lies beyond
 *   torn      remains of commits that were never acknowledged: drop them
 *   damaged   a sector that is neither new nor old nor zero, wherever it is; or
 *             the walk ended before a position that a later block, or a mark,
 *             knows to have been durable
 *
 * A read error is an error, never the end.  Nothing here writes.
 */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include <stdbool.h>

#include "store/wal.h"

struct mem;

struct recover {
	struct file *file;
	struct mem *mem;
	struct wal_head head;
	struct wal_mark mark;
	uint64_t size_blk;		/* of the file */
	/* how far it is read */
	uint64_t blk;			/* the next commit should be here */
	uint64_t version, nonce;	/* of the last one */
	uint64_t entry_n, commit_n;	/* so far */
	/* where and how recover_next found no commit */
	uint64_t fail_blk;
	struct wal_block fail;
	/* read ahead */
	uint8_t *window;
	uint64_t window_blk, window_n;
};

struct recover_commit {
	uint64_t blk;
	struct wal_block first;
};

struct recover_rest {
	uint64_t remains_blk;		/* behind the last block with a new sector, 0: none */
	uint64_t durable_blk;		/* the furthest that anyone vouches for */
	uint64_t beyond_n;		/* sound commits */
	uint64_t bad_blk;		/* the first damaged block, 0: none */
	struct wal_block bad;
};

/* Reads head and marks.  KEY NULL: a bare file, believed to be what it says.
 * Release also when this fails. */
int recover_init(struct recover *r, struct file *f, const struct wal_key *key,
		 struct mem *mem);
void recover_release(struct recover *r);

/* Go on from a place that is known: BLK follows the commit VERSION with NONCE. */
void recover_resume(struct recover *r, uint64_t blk, uint64_t version, uint64_t nonce);

/* 1 and the commit, the walk moved behind it; 0: none here; ERR_IO,
 * ERR_CHANGED when the file was recycled under us. */
int recover_next(struct recover *r, struct recover_commit *out);
/* The same at BLK, without asking whether it follows; does not move the walk. */
int recover_commit_at(struct recover *r, uint64_t blk, struct recover_commit *out);

/* The records of a commit, put into OUT (cleared first). */
int recover_records(struct recover *r, const struct recover_commit *c, struct buf *out);

/* One block as it is now.  ERR_DAMAGED past the end. */
int recover_block(struct recover *r, uint64_t blk, const uint8_t **out);

/* Is there nothing at all at the walk's end?  1, 0 or an error: spares the look at
 * the rest while the log is known to be sound. */
int recover_at_blank(struct recover *r);
int recover_rest(struct recover *r, struct recover_rest *out);
/* 0, ERR_TORN_TAIL (no message), ERR_DAMAGED. */
int recover_verdict(const struct recover *r, const struct recover_rest *rest);

#endif
