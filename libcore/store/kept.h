/* store/kept.h - snapshots: manifests that are kept under a name
 *
 * To keep the store as it is now, the log is folded first; then the manifest says
 * all there is, and a copy of it in snap/ is the snapshot.  It costs a fold and one
 * small file whatever the store's size.  Sweeping leaves what a kept manifest names
 * where it is, so a snapshot's segments stay until it is removed.
 *
 * A name is 1 to 80 bytes, any bytes, but not all digits (those are versions) and
 * not "now".  On disk it is written in hex: a name is no path.
 *
 * After a crash a snapshot is there, whole, or is not.  Bytes: struct kept_disk and
 * strato-store(5).
 */
#ifndef STORE_KEPT_H
#define STORE_KEPT_H

#include "base/bytes.h"
#include "base/disk.h"
#include "store/manifest.h"

#define KEPT_NAME_MAX 80u
#define KEPT_MAGIC "STRATOKP"
#define KEPT_FORMAT 1u

struct kept_disk {		/* then the name, then the bytes of a manifest */
/*00*/	le32 crc;		/* crc32c of the file from len on */
/*04*/	le32 len;		/* bytes of the file */
/*08*/	char magic[8];
/*10*/	le32 format;		/* KEPT_FORMAT; newer: refuse */
/*14*/	le32 name_len;
/*18*/	le64 taken_ns;		/* since 1970 */
/*20*/	uint8_t zero[32];	/* must be zero */
};
DISK_SIZE(struct kept_disk, 64);
DISK_AT(struct kept_disk, taken_ns, 0x18);

struct kept {
	uint8_t name[KEPT_NAME_MAX];
	size_t name_len;
	uint64_t taken_ns;
	struct manifest m;
};

struct kept_set {
	struct kept *kept;		/* by version, oldest first, then by name */
	uint32_t n;
	struct mem *mem;
};

struct store;

static inline struct bytes kept_name(const struct kept *k)
{
	return bytes_of(k->name, k->name_len);
}

/* Every snapshot of the store at B, but for those removed meanwhile.  One that
 * cannot be read, or is of another store than STORE_ID (NULL: not asked), is an error,
 * or, if BAD is not NULL, given to it (the file's name in the store, the code, the
 * message) and left out if it answers 0. */
int kept_load(struct kept_set *set, struct backend *b, const uint8_t *store_id,
	      struct mem *mem,
	      int (*bad)(void *ctx, const char *name, int code), void *ctx);
void kept_release(struct kept_set *set);

bool kept_is_file(const char *name);	/* of a file in snap/: is it a snapshot's? */
/* The name that such a file's name says, in ROOM. */
struct bytes kept_file_name(const char *name, uint8_t room[KEPT_NAME_MAX]);
bool kept_names(const struct kept_set *set, const char *path);	/* NULL: no */

/* By its name, or, if WHICH is a number, the first of this version; NULL: none. */
const struct kept *kept_find(const struct kept_set *set, struct bytes which);
/* Is it a number, and which?  Over 64 bits: no version has it, ERR_USAGE. */
int kept_version(struct bytes which, uint64_t *version);
/* ERR_NO_SNAPSHOT, with a hint at what there is: versions FIRST to LAST in the log, too,
 * unless LAST is 0. */
int kept_none(const struct kept_set *set, struct bytes which, uint64_t first, uint64_t last);

/* Keeps the store as it is now; *version is the snapshot's.  ERR_EXISTS, ERR_USAGE
 * (a name that cannot be), and what folding fails with. */
int kept_take(struct store *s, struct bytes name, uint64_t *version);
/* A snapshot as it was elsewhere, of the state M: in a store that is being made. */
int kept_put(struct store *s, struct bytes name, uint64_t taken_ns, const struct manifest *m);
bool kept_is_name(struct bytes name);	/* could it be one? */
/* The name goes, and, when nobody reads, the files only it had. */
int kept_remove(struct store *s, struct bytes name);

#endif
