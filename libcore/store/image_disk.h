/* store/image_disk.h - the bytes of a backup; strato-backup(5) says the same
 *
 *   head | frames | end frame      and then the next image, if any
 *
 * A stream: written and read front to back, never sought in.  The frames in order:
 *
 *   CONFIG    the store's settings, as text
 *   SNAPSHOT  the state of this image is kept: le64, when it was taken (ns since
 *             1970); the name
 *   ENTRIES   whole records (store/entry.h), one after another
 *   VALUE     one record of kind BLOB, its reference zero; the value follows
 *   PIECE     bytes of the value or the segment begun, until it is complete
 *   SEGMENT   a segment_ref_disk; the file's bytes follow
 *   GRAPH     a manifest_graph_disk
 *   END       struct image_end_disk
 *
 * Entries are in the order of the store over all frames, each key once.  An image
 * since a version has removals too, and of the segments those that are new.
 */
#ifndef STORE_IMAGE_DISK_H
#define STORE_IMAGE_DISK_H

#include "base/disk.h"

#define IMAGE_MAGIC "STRATOBK"
#define IMAGE_FORMAT 1u
#define IMAGE_FRAME_MOST (256u << 10)	/* body bytes: a reader refuses more */

enum image_flags {
	IMAGE_EXACT = 1,	/* fits onto the state at `since` and no later one */
};

struct image_head_disk {
/*00*/	le32 crc;		/* crc32c of the rest of these 128 bytes */
/*04*/	le32 format;		/* IMAGE_FORMAT; newer: refuse */
/*08*/	char magic[8];
/*10*/	uint8_t store_id[16];
/*20*/	le64 image_id;		/* random: frames of two images never mix */
/*28*/	le64 since;		/* 0: everything */
/*30*/	le64 version;		/* the store's */
/*38*/	le64 created_ns;	/* the store, since 1970 */
/*40*/	le64 taken_ns;		/* the image */
/*48*/	le64 entry_n_most;	/* no more entries follow */
/*50*/	le32 next_space;
/*54*/	le32 flags;		/* enum image_flags; unknown bit: refuse */
/*58*/	le64 commit_ns;		/* the clock at the latest commit, since 1970 */
/*60*/	uint8_t zero[32];	/* must be zero */
};
DISK_SIZE(struct image_head_disk, 128);
DISK_AT(struct image_head_disk, image_id, 0x20);
DISK_AT(struct image_head_disk, flags, 0x54);

enum image_kind {
	IMAGE_CONFIG = 1, IMAGE_ENTRIES = 2, IMAGE_VALUE = 3, IMAGE_PIECE = 4,
	IMAGE_SEGMENT = 5, IMAGE_GRAPH = 6, IMAGE_END = 7, IMAGE_SNAPSHOT = 8,
};

struct image_frame_disk {
/*00*/	le32 head_crc;		/* crc32c of the rest of these 32 bytes, seeded with
				 * (image_id, seq): `len` is trusted only after */
/*04*/	le32 body_crc;		/* crc32c of the body, seeded with (image_id, seq) */
/*08*/	le64 seq;		/* 1, 2, 3, ... without gaps */
/*10*/	le32 len;		/* of the body, 0..IMAGE_FRAME_MOST */
/*14*/	le32 kind;		/* enum image_kind */
/*18*/	uint8_t zero[8];	/* must be zero */
};
DISK_SIZE(struct image_frame_disk, 32);
DISK_AT(struct image_frame_disk, len, 0x10);

struct image_end_disk {		/* what came before it in this image */
/*00*/	le64 entry_n;		/* removals too */
/*08*/	le64 remove_n;
/*10*/	le64 value_bytes;	/* of keys' values, unpacked */
/*18*/	le64 segment_n;
/*20*/	le64 graph_n;
/*28*/	uint8_t zero[24];	/* must be zero */
};
DISK_SIZE(struct image_end_disk, 64);
DISK_AT(struct image_end_disk, graph_n, 0x20);

#endif
