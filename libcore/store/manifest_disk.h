/* store/manifest_disk.h - the manifest's bytes
 *
 *   head | run_n runs, newest first | blob_n blobs | graph_n graphs, by name
 */
#ifndef STORE_MANIFEST_DISK_H
#define STORE_MANIFEST_DISK_H

#include "base/disk.h"
#include "store/manifest.h"

#define MANIFEST_MAGIC "STRATOMF"
#define MANIFEST_FORMAT 1

struct manifest_head_disk {
/*00*/	le32 crc;		/* crc32c of the file from len on */
/*04*/	le32 len;		/* bytes of the file */
/*08*/	char magic[8];
/*10*/	le32 format;		/* MANIFEST_FORMAT; newer: refuse */
/*14*/	le32 features_must;	/* unknown bit: refuse to read */
/*18*/	le32 features_write;	/* unknown bit: read, refuse to write */
/*1c*/	le32 features_may;	/* unknown bit: ignore */
/*20*/	uint8_t store_id[16];	/* random, given at creation */
/*30*/	le64 generation;
/*38*/	le64 version;
/*40*/	le64 folded;
/*48*/	le64 log_id;
/*50*/	le64 created_ns;	/* of the store, since 1970 */
/*58*/	le32 next_space;
/*5c*/	le32 run_n;
/*60*/	le32 blob_n;
/*64*/	le32 graph_n;
/*68*/	le64 forgotten;		/* removals up to here may have been merged away */
/*70*/	le64 commit_ns;		/* the latest commit folded, since 1970 */
/*78*/	uint8_t zero[8];	/* must be zero */
};
DISK_SIZE(struct manifest_head_disk, 0x80);
DISK_AT(struct manifest_head_disk, store_id, 0x20);
DISK_AT(struct manifest_head_disk, next_space, 0x58);

struct segment_ref_disk {
/*00*/	le32 kind;		/* enum segment_kind */
/*04*/	le32 root;		/* crc32c of the segment's superblock */
/*08*/	le64 id;
/*10*/	le64 bytes;
};
DISK_SIZE(struct segment_ref_disk, 24);

struct manifest_run_disk {
/*00*/	struct segment_ref_disk ref;
/*18*/	le64 entry_n;
/*20*/	le64 remove_n;
/*28*/	le64 raw_bytes;
/*30*/	le64 version_min;
/*38*/	le64 version_max;
/*40*/	le64 bulk_version;	/* stands for version 0 in the run's rows */
/*48*/	le32 level;
/*4c*/	le32 space_most;	/* of its rows; 0: the users' keys alone */
};
DISK_SIZE(struct manifest_run_disk, 0x50);
DISK_AT(struct manifest_run_disk, level, 0x48);

struct manifest_blob_disk {
/*00*/	le64 id;
/*08*/	le64 bytes;		/* 0: not sealed, trusted as far as entries refer */
/*10*/	le64 live;
/*18*/	le64 counted;
};
DISK_SIZE(struct manifest_blob_disk, 32);

struct manifest_graph_disk {
/*000*/	char name[256];		/* ended and filled up by NUL */
/*100*/	le64 version;
/*108*/	le64 created_ns;
/*110*/	le64 node_n;
/*118*/	le64 edge_n;
/*120*/	le64 type_n;
/*128*/	le32 space;
/*12c*/	le32 flags;
/*130*/	le32 segment_n;
/*134*/	le32 zero;
/*138*/	struct segment_ref_disk segment[MANIFEST_GRAPH_SEGMENTS];
/*1e0*/	le64 folded;		/* entries of the space up to here are in the segments, */
/*1e8*/	le64 upto;		/* ... or in that of kind SEGMENT_DELTA; 0: there is none */
/*1f0*/	le64 imported;		/* the latest commit of what no entry has; 0: not known */
};
DISK_SIZE(struct manifest_graph_disk, 0x1f8);
DISK_AT(struct manifest_graph_disk, folded, 0x1e0);
DISK_AT(struct manifest_graph_disk, imported, 0x1f0);
DISK_AT(struct manifest_graph_disk, version, 0x100);
DISK_AT(struct manifest_graph_disk, segment, 0x138);

/* A graph's row to bytes and back; false when its counts do not fit its arrays. */
void manifest_put_graph(struct manifest_graph_disk *d, const struct manifest_graph *g);
bool manifest_get_graph(struct manifest_graph *g, const struct manifest_graph_disk *d);

#endif
