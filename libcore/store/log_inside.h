/* store/log_inside.h - what the parts of the log share
 *
 *   log.c         open, begin, append, sync: who does what under which lock
 *   log_file.c    the file: made, grown, marked
 *   log_index.c   the index: found, followed, made anew after a crash
 *   log_read.c    look-ups and iterators
 *   log_walk.c    every commit, for walcheck
 */
#ifndef STORE_LOG_INSIDE_H
#define STORE_LOG_INSIDE_H

#include "io/view.h"
#include "store/log.h"
#include "store/recover.h"
#include "store/tail.h"

#define LOG_SYNC_WAIT_NS 30000000000u	/* for a flush of another process to end */

static inline unsigned log_hold_lock(uint64_t log_id)
{
	return LOCK_HOLD + (unsigned)(log_id % 64);
}

struct log {
	struct log_options o;
	struct file *f;
	struct file *cached;		/* the same through the page cache, for look-ups; or NULL */
	struct wal_head head;
	struct tail *t;
	bool alone;			/* t is ours only */
	bool begun;			/* we hold the append lock */
	bool held;
	bool sparing;			/* the file grows by no more than it must */
	bool failed;			/* a write or flush of ours failed: no more */
	uint64_t version, end_blk, nonce;	/* our last commit, and the block behind it */
	uint64_t random;		/* the next nonce comes from here */
	struct log_buffer {
		uint8_t *ptr;		/* whole pages, for direct files too */
		size_t len;
	} out, in;
	/* Of a held log, for many look-ups: the file mapped, and what is known of its
	 * blocks.  A durable block is not written again while the log is held. */
	struct view view;		/* len 0: not mapped */
	struct log_seen {
		uint64_t version, nonce;
		uint32_t blk_i, blk_n;	/* blk_n 0: not checked yet */
	} *seen;
	uint64_t seen_n;
	uint32_t get_n;			/* look-ups so far; saturates */
};

/* --- log_file.c --- */

int log_file_room(struct log *l, struct log_buffer *b, size_t len);
void log_file_release(struct log *l, struct log_buffer *b);
/* Reads the head again: ERR_CHANGED when the file was recycled. */
int log_file_check(struct log *l);
/* The file's lock against being recycled, counted for this backend handle. */
int log_file_hold(struct log *l);
void log_file_let_go(struct log *l);
/* Zeros over the blocks from FROM up to TO. */
int log_file_zero(struct file *f, uint64_t from, uint64_t to, struct mem *mem);
/* NEED_BLK blocks in all, zero-written and flushed, or ERR_NO_SPACE. */
int log_file_grow(struct log *l, uint64_t need_blk);
/* Writes the next mark, under the sync lock. */
int log_file_mark(struct log *l);

/* The file's stamp into the index, under the append lock: what is there now is
 * what the index says. */
void log_file_stamp(struct log *l);
/* Neither the file nor the index's name was touched by anybody since. */
bool log_file_untouched(const struct log *l);

/* --- log_index.c --- */

int log_index_open(struct log *l);
/* Was it left in the middle of an append, or after a failure, or spoiled? */
bool log_index_abandoned(struct log *l);
/* Under the append lock: an index that has every commit in the file. */
int log_index_ready(struct log *l);
/* Room for N more nodes. */
int log_index_grow(struct log *l, uint64_t n);
/* Another index has the name: 0 and it is ours now; the old one is gone. */
int log_index_adopt(struct log *l);
/* A private one: take up what was appended since. */
int log_index_follow(struct log *l);
/* A reader's: what is durable by now. */
int log_index_refresh(struct log *l);
/* It gave an answer that cannot be: go on with a private one. */
int log_index_leave(struct log *l);
/* Records of the commit at BLK as nodes that nobody sees yet. */
int log_index_stage(struct tail *t, const struct file *f, uint64_t blk, uint64_t version,
		    struct bytes records, uint64_t entry_n);
/* The commit is there: its nodes and the new end become visible. */
struct log_end {
	uint64_t blk, version, nonce, entry_n;	/* BLK follows it */
	uint64_t wall_ns;
};
int log_index_extend(struct tail *t, const struct log_end *end);

/* --- log_read.c --- */

/* The record of a node, into BUF; ERR_BUG when it is not there: the index lies. */
int log_read_record(struct log *l, const struct tail_node *node, struct buf *buf,
		    struct entry *out);

#endif
