/* store/segment_disk.h - the bytes of a segment's superblock and its tree
 *
 * Pages are 4096 bytes and counted from 0, the superblock.  Sections lie on
 * pages 1..page_n, the checksum tree after them, the footer on the last page.
 *
 *   checksum of page P  = crc32c(seed(id, P), the page's 4096 bytes)
 *   seed(a, b)          = crc32c(0, a as le64 then b as le64)
 *
 * A page of the tree is 1024 such checksums (le32), zero beyond the last.  The
 * lowest level covers pages 1..page_n in order, each level above covers the
 * pages of the one below; the levels lie one after another, lowest first.
 */
#ifndef STORE_SEGMENT_DISK_H
#define STORE_SEGMENT_DISK_H

#include "base/disk.h"
#include "base/crc32c.h"
#include "store/segment.h"

#define SEGMENT_MAGIC "strato\x1as"
#define SEGMENT_VERSION 1u
#define SEGMENT_META_MAX 2048u
#define SEGMENT_FANOUT (DISK_PAGE / sizeof(le32))	/* checksums a page */
#define SEGMENT_LEVEL_MAX 6	/* 1024^6 pages are more than 2^64 bytes */

struct segment_section_disk {
/*00*/	le32 tag;		/* its reader's number for it, 1.. */
/*04*/	le32 zero;
/*08*/	le64 off;		/* in the file, a multiple of 4096 */
/*10*/	le64 len;		/* bytes; zeros follow up to the page's end */
};
DISK_SIZE(struct segment_section_disk, 24);
DISK_AT(struct segment_section_disk, off, 0x08);
DISK_AT(struct segment_section_disk, len, 0x10);

struct segment_super_disk {
/*000*/	uint8_t magic[8];	/* "strato", 1a, "s" */
/*008*/	le32 crc;		/* crc32c(0, this page with 0 here): what a
				 * manifest keeps.  Tested before anything else */
/*00c*/	le32 version;		/* 1: a reader refuses a higher one */
/*010*/	le32 features_must;	/* unknown bit: refuse */
/*014*/	le32 features_ro;	/* unknown bit: read, make nothing from it */
/*018*/	le32 features_may;	/* unknown bit: ignore */
/*01c*/	le32 kind;		/* enum segment_kind */
/*020*/	uint8_t store_id[16];
/*030*/	le64 id;		/* random, 1..2^63-1, as in the file's name */
/*038*/	le64 bytes;		/* of the whole file */
/*040*/	le64 page_n;		/* pages of sections */
/*048*/	le64 tree_off;		/* of the lowest level: (1 + page_n) * 4096 */
/*050*/	le32 level_n;		/* of the tree; 0 when page_n is 0 */
/*054*/	le32 tree_crc;		/* checksum of the top level's one page */
/*058*/	le32 section_n;
/*05c*/	le32 meta_len;
/*060*/	uint8_t zero[32];
/*080*/	struct segment_section_disk section[SEGMENT_SECTION_MAX];
				/* ascending, none overlapping another */
/*380*/	uint8_t zero2[128];
/*400*/	uint8_t meta[SEGMENT_META_MAX];	/* the kind's own words */
/*c00*/	uint8_t zero3[1024];
};
DISK_SIZE(struct segment_super_disk, 4096);
DISK_AT(struct segment_super_disk, kind, 0x1c);
DISK_AT(struct segment_super_disk, id, 0x30);
DISK_AT(struct segment_super_disk, page_n, 0x40);
DISK_AT(struct segment_super_disk, meta_len, 0x5c);
DISK_AT(struct segment_super_disk, section, 0x80);
DISK_AT(struct segment_super_disk, meta, 0x400);

static inline uint32_t segment_page_crc(uint64_t id, uint64_t page, const void *ptr)
{
	return crc32c(crc32c_seed(id, page), ptr, DISK_PAGE);
}

/* As if the field itself were 0. */
static inline uint32_t segment_super_crc(const struct segment_super_disk *d)
{
	static const le32 zero;
	size_t at = offsetof(struct segment_super_disk, crc);
	uint32_t crc = crc32c(0, d, at);

	crc = crc32c(crc, &zero, sizeof zero);
	at += sizeof zero;
	return crc32c(crc, (const uint8_t *)d + at, sizeof *d - at);
}

#endif
