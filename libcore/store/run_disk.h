/* store/run_disk.h - the bytes of a run inside its segment
 *
 * Section 1, data: blocks one after another, in order of their keys, unpadded.
 * Section 2, index: nodes, each on a page's border, lowest level first.
 * Section 3, filter: blocks of 32 bytes (store/filter.h).
 * The segment's meta is struct run_meta_disk.
 *
 * A row's key is 5 to 65539 bytes: the space as 4 bytes, highest first, then the
 * key itself, so that memcmp gives the order of the store.
 *
 *   data block, unpacked (packed as its child says):
 *     rows        row_n of them
 *     restart     le32[restart_n]: where rows 0, 16, 32, ... begin
 *     restart_n   le32, at least 1
 *   row:
 *     shared      varint: leading bytes this key has in common with the one
 *                 before; 0 at a restart
 *     rest_len    varint
 *     rest        rest_len bytes of the key
 *     body        as in store/entry.h; version 0 stands for the run's own
 *
 *   index node (never packed):
 *     child_n     le32, at least 1
 *     child       struct run_child_disk[child_n]
 *     separators  the bytes key_end points into
 *
 * Child I holds the keys K with separator[I] <= K < separator[I + 1]; the first
 * separator of a level is empty.  The children of the lowest level are data
 * blocks, offsets in section 1; those above are nodes, offsets in section 2.
 */
#ifndef STORE_RUN_DISK_H
#define STORE_RUN_DISK_H

#include "base/disk.h"

enum run_section { RUN_DATA = 1, RUN_INDEX = 2, RUN_FILTER = 3 };

#define RUN_BLOCK_LEN (16u << 10)	/* a block is ended when it reaches this */
#define RUN_BLOCK_MAX (256u << 10)	/* raw: a reader refuses more */
#define RUN_NODE_LEN DISK_PAGE		/* a node is larger only for 2 children */
#define RUN_RESTART 16u
#define RUN_LEVEL_MAX 40u		/* nodes have 2 children or more: 2^40 blocks */
#define RUN_HASH_SEED 0x7374726174307275u

struct run_child_disk {
/*00*/	le64 off;		/* in its section */
/*08*/	le32 stored_len;
/*0c*/	le32 raw_len;
/*10*/	le32 key_end;		/* separators of children 0..this end here,
				 * counted from the first one's first byte */
/*14*/	uint8_t codec;		/* enum block_codec */
/*15*/	uint8_t zero[3];
};
DISK_SIZE(struct run_child_disk, 24);
DISK_AT(struct run_child_disk, key_end, 0x10);
DISK_AT(struct run_child_disk, codec, 0x14);

struct run_meta_disk {
/*00*/	struct run_child_disk root;	/* key_end 0; stored_len 0: no rows */
/*18*/	le32 level_n;		/* of nodes; 0: the root is a data block */
/*1c*/	le32 zero;
/*20*/	le64 entry_n;
/*28*/	le64 remove_n;		/* of them removals */
/*30*/	le64 raw_bytes;		/* spaces, keys and bodies before packing */
/*38*/	le64 version_min;	/* of rows whose version is not 0; */
/*40*/	le64 version_max;	/* both 0 when there is none */
/*48*/	le64 block_n;		/* data blocks */
/*50*/	le64 node_n;
/*58*/	uint8_t zero2[40];
};
DISK_SIZE(struct run_meta_disk, 128);
DISK_AT(struct run_meta_disk, level_n, 0x18);
DISK_AT(struct run_meta_disk, entry_n, 0x20);
DISK_AT(struct run_meta_disk, node_n, 0x50);

#endif
