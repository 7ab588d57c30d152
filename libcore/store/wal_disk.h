/* store/wal_disk.h - the bytes of a log file; strato-wal(5) says the same
 *
 *   block 0    head       who this is
 *   block 1,2  marks      what was durable, written in turn
 *   block 3..  commits    each begins on a block of its own
 *   the rest   zeros, or what an older log left in a file taken over
 *
 * A block is 4 KiB: 8 sectors of 504 payload bytes and an 8-byte trailer.  The
 * sector is what a device writes whole, so it is the unit of check.  Its checksum
 * is seeded with the store, the log and its place, and the log's number stands
 * beside it: each sector alone is new, or recognisably old, or damaged.
 */
#ifndef STORE_WAL_DISK_H
#define STORE_WAL_DISK_H

#include "base/disk.h"

#define WAL_BLOCK 4096u
#define WAL_SECTOR_N 8u			/* a block */
#define WAL_SECTOR_PAYLOAD 504u
#define WAL_PAYLOAD (WAL_SECTOR_N * WAL_SECTOR_PAYLOAD)	/* 4032 a block */
#define WAL_MARK_BLK 1u			/* and 2 */
#define WAL_FIRST_BLK 3u		/* where commits begin */

#define WAL_MAGIC "stratoWL"
#define WAL_MARK_MAGIC "stratoMK"
#define WAL_FORMAT 1u

/* The end of each sector. */
struct wal_trailer_disk {
/*00*/	le32 crc;	/* crc32c of the 504 bytes, seeded: wal_seed() */
/*04*/	le32 log;	/* low 32 bits of the log's id */
};
DISK_SIZE(struct wal_trailer_disk, 8);

/* Payload of the file's first sector. */
struct wal_head_disk {
/*00*/	uint8_t magic[8];	/* "stratoWL" */
/*08*/	le32 format;		/* WAL_FORMAT; larger: refuse */
/*0c*/	le32 must;		/* features; unknown bit: refuse */
/*10*/	le32 may;		/* features; unknown bit: ignore */
/*14*/	le32 block;		/* 4096 */
/*18*/	uint8_t store_id[16];
/*28*/	le64 log_id;
/*30*/	le64 file_id;		/* random: tells this file from a copy under its name */
/*38*/	le64 generation;	/* the manifest's when the log was made: a manifest
				 * older than its log was rolled back */
/*40*/	le64 base_version;	/* commits are later than this */
/*48*/	le64 created_ns;	/* since 1970 */
/*50*/	uint8_t zero[424];	/* must be zero */
};
DISK_SIZE(struct wal_head_disk, WAL_SECTOR_PAYLOAD);
DISK_AT(struct wal_head_disk, store_id, 0x18);
DISK_AT(struct wal_head_disk, created_ns, 0x48);

enum wal_mark_flags {
	WAL_RETIRING = 1,	/* a manifest without this log is being published */
	WAL_RETIRED = 2,	/* ... was published: nothing may be appended */
};

/* Payload of the first sector of blocks 1 and 2. */
struct wal_mark_disk {
/*00*/	uint8_t magic[8];	/* "stratoMK" */
/*08*/	le64 sequence;		/* even in block 1, odd in block 2; the larger counts */
/*10*/	le64 durable_blk;	/* all commits before this block were flushed */
/*18*/	le64 floor;		/* commits are later than this: the manifest took it */
/*20*/	le32 flags;		/* enum wal_mark_flags */
/*24*/	uint8_t zero[468];	/* must be zero */
};
DISK_SIZE(struct wal_mark_disk, WAL_SECTOR_PAYLOAD);
DISK_AT(struct wal_mark_disk, flags, 0x20);

/* The first payload bytes of every block of a commit. */
struct wal_block_disk {
/*00*/	le64 version;
/*08*/	le64 nonce;		/* random, one a commit: blocks of two tries never mix */
/*10*/	le32 blk_i;		/* 0 .. blk_n - 1 */
/*14*/	le32 blk_n;		/* of this commit */
/*18*/	le64 durable_blk;	/* all before this was known durable: bad there is damage */
/*20*/	le32 rest_crc;		/* crc32c of the checksums of sectors 1..7: the
				 * sectors of two tries never mix either */
/*24*/	le16 first_off;		/* payload offset of the first record that begins
				 * in this block, 0: none does */
/*26*/	le16 used;		/* payload bytes, this head included; the rest is zero */
};
DISK_SIZE(struct wal_block_disk, 40);
DISK_AT(struct wal_block_disk, rest_crc, 0x20);

/* Behind it in the commit's first block; then the records begin. */
struct wal_commit_disk {
/*00*/	le64 prev_nonce;	/* of the commit before; the head's file_id in the first */
/*08*/	le64 wall_ns;		/* since 1970 */
/*10*/	le64 entry_n;
/*18*/	le64 len;		/* bytes of records, over all blocks */
};
DISK_SIZE(struct wal_commit_disk, 32);

/* Bytes of records in a commit's first block and in each other. */
#define WAL_ROOM_FIRST (WAL_PAYLOAD - 40u - 32u)	/* 3960 */
#define WAL_ROOM (WAL_PAYLOAD - 40u)			/* 3992 */

#endif
