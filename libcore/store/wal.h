/* store/wal.h - the blocks of a log file: sealed, checked, taken apart
 *
 * Knows bytes and positions; what follows from them after a crash is decided in
 * store/recover, who appends when in store/log.  Bytes on disk: store/wal_disk.h
 * and strato-wal(5).
 *
 * A record is a span of its commit's stream, which runs through the payloads of
 * the commit's blocks behind their heads.  Its position is the file offset of its
 * first byte.
 */
#ifndef STORE_WAL_H
#define STORE_WAL_H

#include "base/bytes.h"
#include "io/file.h"
#include "store/wal_disk.h"

#define WAL_NAME_MAX 32
void wal_name(char out[WAL_NAME_MAX], uint64_t log_id);	/* "wal/0000000001.wal" */

/* What every checksum of one log is bound to. */
struct wal_key {
	uint8_t store_id[16];
	uint64_t log_id;
};

enum wal_sector {
	WAL_NEW,		/* right, of this log */
	WAL_ZERO,		/* never written */
	WAL_OLD,		/* right, of an older log that had the file */
	WAL_LATER,		/* right, of a later one */
	WAL_BAD,		/* none of these: damage */
};
enum wal_sector wal_sector(const void *sector, uint64_t number, const struct wal_key *k);

enum wal_kind {
	WAL_WHOLE,		/* a block of one commit, as it was written */
	WAL_BLANK,		/* only zeros and sectors of older logs */
	WAL_MIXED,		/* new sectors beside such, or of two tries: torn */
	WAL_DAMAGED,
	WAL_TAKEN,		/* sectors of a later log: the file was recycled */
};

struct wal_block {
	enum wal_kind kind;
	uint64_t version, nonce, durable_blk;		/* WHOLE; MIXED: as far as known */
	uint32_t blk_i, blk_n, first_off, used;
	uint64_t prev_nonce, wall_ns, entry_n, len;	/* WHOLE and blk_i 0 */
	unsigned sector;				/* DAMAGED: the first bad one */
	uint32_t expected, got;				/* its checksums */
};
void wal_check(struct wal_block *out, const void *block, uint64_t blk,
	       const struct wal_key *k);

/* Is B block I of the same try as FIRST? */
int wal_continues(const struct wal_block *first, const struct wal_block *b, uint32_t i);

/* The blocks of a commit of LEN bytes of records. */
uint32_t wal_blk_n(uint64_t len);
/* File offset of byte OFF of the stream of the commit at block BLK, and from a
 * file offset the place in its block's payload (WAL_PAYLOAD when it is none). */
uint64_t wal_pos(uint64_t blk, uint64_t off);
uint32_t wal_payload_off(uint64_t pos);

/* N payload bytes of one block from OFF on. */
void wal_gather(void *out, const void *block, uint32_t off, size_t n);

/* A commit as it will lie at BLK. */
struct wal_commit {
	struct wal_key key;
	uint64_t blk;
	uint64_t version, nonce, prev_nonce, durable_blk, wall_ns, entry_n;
	struct bytes records;
};
/* Its block I into OUT, 4096 bytes; FIRST_OFF as struct wal_block_disk has it. */
void wal_build(void *out, const struct wal_commit *c, uint32_t i, uint32_t first_off);

struct wal_head {
	struct wal_key key;
	uint64_t file_id, generation, base_version, created_ns;
};
void wal_head_build(void *block, const struct wal_head *h);
/* KEY NULL: as the head itself says.  ERR_DAMAGED, ERR_NEWER; ERR_CHANGED when the
 * head is sound and of a later log.  F is for words. */
int wal_head_parse(struct wal_head *out, const void *block, const struct wal_key *key,
		   const struct file *f);

struct wal_mark {
	uint64_t sequence, durable_blk, floor;
	uint32_t flags;
	uint64_t bad_blk;	/* after ERR_DAMAGED: 1 or 2 */
};
uint64_t wal_mark_blk(uint64_t sequence);	/* 1 or 2 */
void wal_mark_build(void *block, const struct wal_mark *m, const struct wal_key *k);
/* The later of both, from blocks 1 and 2 (8192 bytes).  ERR_DAMAGED when one of
 * them is not sound: a mark fits a sector, so no crash can tear it. */
int wal_mark_parse(struct wal_mark *out, const void *blocks, const struct wal_key *key,
		   const struct file *f);

#endif
