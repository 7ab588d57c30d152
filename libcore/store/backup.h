/* store/backup.h - a store into a stream, and back
 *
 * A backup is one moment of the store, written front to back while others write to
 * it: every entry with its version and expiry, graphs' segments as they are, the
 * settings.  Memory is bounded whatever the values' sizes.  Everything read from
 * the store was verified, everything in the stream has a checksum.
 *
 * Since a version: what changed after it, removals too.  A removal is forgotten
 * when a merge finds nothing left to remove; where that may have happened since the
 * version asked for, the changes are told from the snapshot kept of that version,
 * and without one the backup is refused.
 *
 * With snapshots it is several images: of the oldest, then since each the next, and
 * since the last the store as it is now.
 *
 * A restored store is the same store: its id, versions, settings, the snapshots that
 * came with it; and what had expired stays so.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/image.h"
#include "store/store.h"

struct backup {
	struct out *out;
	bool incremental;
	struct bytes since;		/* a version, or a kept snapshot's name */
	bool snapshots;			/* those later than SINCE too */
	/* out */
	struct image_head head;		/* of the last image */
	struct image_counts counts;	/* of all */
	uint32_t snapshot_n, left_out_n;
};

/* ERR_NO_SNAPSHOT: SINCE is no name of one, or a version before which removals are
 * forgotten.  ERR_USAGE: a version that is yet to come. */
int backup_write(struct store *s, struct backup *b);

struct restore;

struct restore_options {
	/* Makes the empty store of this id and settings, and opens it for writing; the
	 * caller closes it.  NULL: nothing is made, the images are verified only. */
	int (*make)(void *ctx, const uint8_t id[16], struct bytes config,
		    struct store **out);
	void *ctx;
	struct mem *mem;
};

/* Read every image of each input in order: the first whole, the others since
 * versions that fit onto what came before.  Then publish: until that returned 0 the
 * store is empty.  ERR_BAD_RECORD (changed, or does not fit), ERR_CUT_OFF. */
int restore_begin(struct restore **out, const struct restore_options *o);
int restore_read(struct restore *r, struct in *in);
int restore_end(struct restore *r);		/* publishes; R is still to be closed */
void restore_close(struct restore *r);		/* NULL is fine */
uint64_t restore_version(const struct restore *r);
const struct image_counts *restore_counts(const struct restore *r);	/* of all images */
uint32_t restore_snapshot_n(const struct restore *r);

#endif
