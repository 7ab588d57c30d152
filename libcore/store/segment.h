/* store/segment.h - the container of everything that never changes
 *
 * A segment is a file seg/KIND-ID.seg: a superblock, sections on 4 KiB borders,
 * a tree of page checksums, a footer copy of the superblock.
 *
 *   +------------+-----------+-----+-----------+----------------+--------+
 *   | superblock | section 1 | ... | section n | checksum tree  | footer |
 *   +------------+-----------+-----+-----------+----------------+--------+
 *
 * Every 4 KiB page of the sections has a CRC32C (seeded with its page number);
 * 1024 of them are a page of the tree's lowest level, which has a CRC32C in the
 * level above, up to a level of one page, whose CRC32C is in the superblock.
 * The superblock's own CRC is kept by whoever names the segment (the manifest),
 * so a page, a file or a whole older file in the wrong place never passes.
 * Bytes on disk: store/segment_disk.h and strato-store(5).
 *
 * Crash promise: segment_finish returned 0: the file is there under its name,
 * whole and durable.  Before that only tmp/ knows it.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "base/bytes.h"
#include "io/backend.h"

struct mem;
struct segment;
struct segment_writer;

enum segment_kind {
	SEGMENT_RUN = 1, SEGMENT_CSR = 2, SEGMENT_DELTA = 3,
	SEGMENT_DICT = 4, SEGMENT_PROP = 5, SEGMENT_BLOB = 6,
	SEGMENT_INDEX = 7,
};
#define SEGMENT_SECTION_MAX 32

/* What the manifest keeps of a segment. */
struct segment_ref {
	enum segment_kind kind;
	uint64_t id;		/* random, 63 bits, never reused */
	uint64_t bytes;		/* of the file */
	uint32_t root;		/* crc32c of the superblock */
	bool mend;		/* not of the manifest: who repairs or checks opens it by its
				 * footer where the superblock is damaged, and passes over
				 * what lies behind its end */
};

const char *segment_kind_name(enum segment_kind kind);	/* "run", "csr", ... */
/* "seg/run-0123456789abcdef.seg" */
#define SEGMENT_NAME_MAX 64
void segment_name(char out[SEGMENT_NAME_MAX], enum segment_kind kind, uint64_t id);

uint64_t segment_new_id(void);	/* random, 63 bits */

/* Writing: sections one after another, bytes streamed, memory a few MiB drawn
 * from MEM whatever the size.  A TAG is the section's number for its reader,
 * 1.., each at most once.  META is up to 2 KiB of the kind's own words for the
 * superblock (counts, parameters), set any time before finish. */
int segment_create(struct segment_writer **out, struct backend *b,
		   enum segment_kind kind, const uint8_t store_id[16], struct mem *mem);
int segment_begin(struct segment_writer *w, uint32_t tag);	/* ends the one before */
int segment_write(struct segment_writer *w, const void *ptr, size_t len);
uint64_t segment_offset(const struct segment_writer *w);	/* in the open section */
int segment_meta(struct segment_writer *w, const void *ptr, size_t len);
/* Flush, name, sync the folder; then *ref is what the manifest needs.  Frees w,
 * also on failure (nothing is left then). */
int segment_finish(struct segment_writer *w, struct segment_ref *ref);
void segment_abort(struct segment_writer *w);		/* NULL is fine */

/* Reading: maps the file, checks the superblock (against ref->root; 0 means not
 * known, then the store id and the footer decide) and the tree's top page.
 * ERR_ABSENT: no such file (a newer manifest may not name it any more);
 * ERR_DAMAGED, ERR_NEWER, ERR_UNTRUSTED, ERR_MEMORY. */
int segment_open(struct segment **out, struct backend *b, const struct segment_ref *ref,
		 const uint8_t store_id[16], struct mem *mem);
void segment_close(struct segment *s);			/* NULL is fine */
/* ERR_DAMAGED where R is ERR_ABSENT, else R: for who opened REF and knows that nobody may
 * remove it. */
int segment_held(int r, struct backend *b, const struct segment_ref *ref);

struct bytes segment_section(const struct segment *s, uint32_t tag);	/* {NULL,0}: none */
struct bytes segment_get_meta(const struct segment *s);
const char *segment_path(const struct segment *s);
uint64_t segment_id(const struct segment *s);
uint64_t segment_file_off(const struct segment *s, const void *ptr);	/* for messages */

/* Verify the pages under [ptr, ptr+len), which lies inside a section: from the
 * first touch on they are remembered as good.  0 or ERR_DAMAGED with file and
 * offset.  Touch no byte before its page was checked.  Thread-safe. */
int segment_check_slow(struct segment *s, const void *ptr, size_t len);
struct segment_seen {		/* the inline half: which pages were checked */
	const uint8_t *map;
	_Atomic uint64_t *bits;
};
const struct segment_seen *segment_seen(const struct segment *s);

/* The process has read this much and will hardly do so again: it need not stay in
 * its memory.  It can still be read. */
void segment_done(const struct segment *s, const void *ptr, size_t len);

static inline int segment_check(struct segment *s, const void *ptr, size_t len)
{
	const struct segment_seen *seen = (const struct segment_seen *)s;
	uint64_t first = (uint64_t)((const uint8_t *)ptr - seen->map) >> 12;
	uint64_t last = (uint64_t)((const uint8_t *)ptr - seen->map + len - (len > 0)) >> 12;

	if (first == last &&
	    __atomic_load_n((const uint64_t *)seen->bits + (first >> 6), __ATOMIC_RELAXED) >> (first & 63) & 1)
		return 0;
	return segment_check_slow(s, ptr, len);
}

/* Reading past the mapping, what the page cache does not hold.  The file once more,
 * DIRECT if it can be had (ERR_ABSENT: removed meanwhile; use the mapping then). */
int segment_reopen(struct segment *s, bool direct, struct file **out);
/* Whole pages of it, LEN bytes from file offset OFF on: as segment_check. */
int segment_check_read(struct segment *s, uint64_t off, const void *pages, size_t len);
/* Does the page cache hold all of [ptr, ptr+len)?  True where nobody can say. */
bool segment_resident(const struct segment *s, const void *ptr, size_t len);
/* Everything behind PTR will be wanted soon: sections and checksums. */
void segment_want(const struct segment *s, const void *ptr);
/* A fault from now on brings one page, not what the device's read-ahead would. */
void segment_scattered(const struct segment *s);

/* Read every page once more, for walcheck --full: what the page cache holds there, the
 * rest from the device where that can be had.  FOUND is
 * called for each bad page (offset in the file, tag or 0, expected and found
 * checksum); returns the number of bad pages or an ERR_ code. */
int segment_verify(struct segment *s,
		   void (*found)(void *ctx, uint64_t off, uint32_t tag,
				 uint32_t expected, uint32_t got), void *ctx);

#endif
