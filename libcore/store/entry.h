/* store/entry.h - one version of one key, in memory and as bytes
 *
 * The same bytes stand for an entry in the log (a record) and in a run (the
 * value of a block's row).  Spaces keep users' keys (0) apart from each graph's.
 *
 *   body:  kind        1 byte, enum entry_kind in the low 4 bits
 *          version     varint; 0: that of the commit or the bulk run it lies in
 *          expires     varint, ms since 1970; 0: never
 *          REMOVE      nothing more
 *          PUT         crc32c of the value le32, length varint, the value
 *          BLOB        crc32c of the whole value le32, size varint,
 *                      then the reference: see struct blob_ref
 *   record: space varint, key length varint, key, body
 */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include "base/bytes.h"

#define KEY_MAX 65535u			/* bytes; at least 1 */
#define ENTRY_INLINE_MAX 1024u		/* larger values go to a blob */
#define ENTRY_BODY_MAX (ENTRY_INLINE_MAX + 96)

enum entry_kind { ENTRY_PUT = 1, ENTRY_BLOB = 2, ENTRY_REMOVE = 3 };

/* Where a large value lies: CHUNK_N chunks in blob BLOB, described by a table
 * at TABLE_OFF; STORED bytes in all, table included (what a merge counts). */
struct blob_ref {
	uint64_t blob;
	uint64_t table_off;
	uint64_t chunk_n;
	uint64_t stored;
};

struct entry {
	uint32_t space;
	enum entry_kind kind;
	struct bytes key;
	uint64_t version;
	uint64_t expires_ms;
	uint64_t size;		/* of the value, unpacked */
	uint32_t crc;		/* crc32c of the value, unpacked */
	struct bytes value;	/* PUT: the bytes */
	struct blob_ref blob;	/* BLOB */
};

/* Has it a key's length?  0, ERR_USAGE (empty), ERR_TOO_BIG. */
int entry_check_key(struct bytes key);

/* Bytes appended to OUT; 0 or ERR_MEMORY. */
int entry_put_body(struct buf *out, const struct entry *e);
int entry_put_record(struct buf *out, const struct entry *e);

/* Parse from IN; the entry's key and value point into IN.  Returns bytes used,
 * or ERR_DAMAGED (lengths past the end, unknown kind, key or value over its
 * limit) without a file's name: the caller words it.  Checks the inline value's
 * crc. */
long entry_get_body(struct bytes in, struct entry *out);
long entry_get_record(struct bytes in, struct entry *out);

/* Over a body that nobody asked for: its lengths are checked, its value is not. */
long entry_skip_body(struct bytes in);

/* The same in a commit of the log: version 0 becomes the commit's, and another
 * than the commit's is ERR_DAMAGED. */
long entry_get_logged(struct bytes in, uint64_t commit, struct entry *out);

/* How long the body at the beginning of IN is, its value not looked at: for bytes
 * whose checksum was taken elsewhere.  0 when it is malformed. */
size_t entry_body_len(struct bytes in);

/* Order of the store: space, then the key's bytes. */
int entry_cmp(uint32_t space_a, struct bytes a, uint32_t space_b, struct bytes b);

static inline int entry_expired(const struct entry *e, uint64_t now_ms)
{
	return e->expires_ms && e->expires_ms <= now_ms;
}

#endif
