/* store/run.h - a segment of sorted entries
 *
 * Data blocks of about 16 KiB of rows (shared prefixes cut, restart points,
 * LZ4 when it pays), a static B+tree of index blocks over them (shortest
 * separators, uncompressed, used in place), and a split-block Bloom filter
 * (Putze, Sanders, Singler 2007; 10 bits a key, one cache line a question).
 * A look-up touches the filter, one index page a level, one data block: the
 * cost of opening does not grow with the size.
 *
 * Bytes on disk: store/run_disk.h and strato-store(5).
 */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include "codec/block.h"
#include "store/iter.h"
#include "store/segment.h"

struct run;
struct run_writer;

struct run_info {
	struct segment_ref ref;
	uint64_t entry_n, remove_n;	/* rows; of them removals */
	uint64_t raw_bytes;		/* keys and bodies before packing */
	uint64_t version_min, version_max;
	uint64_t bulk_version;		/* stands for version 0 in its rows */
	uint32_t level;
	uint32_t space_most;		/* the highest space of a row */
};

/* ENTRY_N_MOST bounds the filter's size; fewer is fine.  Add in strictly
 * ascending order (our bug otherwise: ERR_BUG). */
int run_create(struct run_writer **out, struct backend *b, const uint8_t store_id[16],
	       uint64_t entry_n_most, enum block_codec codec, struct mem *mem);
int run_add(struct run_writer *w, const struct entry *e);
/* The same of bytes that are ready: the row's key (4 bytes of space, highest first,
 * then the key) and the body of an entry of version 0, both known to be sound. */
int run_add_row(struct run_writer *w, struct bytes key, struct bytes body);
int run_finish(struct run_writer *w, struct run_info *out);	/* frees w */
void run_abort(struct run_writer *w);

int run_open(struct run **out, struct backend *b, const struct run_info *info,
	     const uint8_t store_id[16], struct mem *mem);
void run_close(struct run *r);

/* The key's hash for the filters of all runs: the same in every store and run
 * (it is on disk), so ask once. */
uint64_t run_hash(uint32_t space, struct bytes key);

/* 1 and the entry, 0 not here.  The entry points into BUF (drawn by the caller),
 * valid until it is used again. */
int run_get(struct run *r, uint32_t space, struct bytes key, uint64_t hash,
	    struct buf *buf, struct entry *out);

int run_iter(struct iter **out, struct run *r, const struct iter_from *from,
	     struct mem *mem);

struct run_fault {
	uint64_t off;			/* in the file */
	const char *words;		/* the range is in them */
	bool ranged;			/* of keys LOW <= K < HIGH (ptr NULL: to the last) */
	uint32_t space;			/* LOW's; where LOW is empty the highest there are */
	struct bytes low, high;
};

/* Every page, every block, every row's order and checksums, the filter's answers:
 * calls FOUND for each fault.  *LARGE_N (may be NULL): entries whose value is in a blob,
 * as many as could be read.  Number of faults or an ERR_ code. */
int run_verify(struct run *r, void (*found)(void *ctx, const struct run_fault *f), void *ctx,
	       uint64_t *large_n);

#endif
