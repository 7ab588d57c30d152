/* gpu/gpu_index.h - is a key on the device, and where: asked from any process
 *
 * `gpucache.idx` is an ordinary file of the store, mapped by the service, which
 * alone writes it, and by whoever asks, read only.  A look-up takes no lock and
 * makes no system call: hash, some signs, one line of 64 bytes, and a token comes back.
 *
 * What a hit means.  The key was on the device under this token at the moment of
 * the look-up, and its value is not older than what the asker knew of:
 *	values: the asker says the store's committed version as it read it before;
 *		the index answers only if the service has applied at least that.
 *		The value's own version comes with the token: it may be of a later
 *		commit, which who reads a snapshot refuses.
 *	graphs: the asker says the id of the segment it wants, and only that one
 *		answers: a segment never changes.
 * Whatever cannot be answered so is a miss, and a miss is never wrong: while lines
 * move, while the service has not caught up, when it was stopped in the middle of
 * a change.  A resident key is not missed for ever: the moment passes.
 *
 * Which key.  A key of up to 24 bytes lies in its line and is compared.  Of a longer
 * one the line has its length and its siphash128 under a secret of this file: two such
 * keys are taken for one another with a chance of 2^-128, also when somebody chose them to be, unless he may read this file, which
 * has the store's own permissions.  Who cannot accept that asks the service, which
 * has the keys.
 *
 * Death.  A file is of one generation.  gpu_index_kill, one store, ends it: every
 * mapping and every token of it is dead.  A service that was killed without that
 * leaves its last word: what it applied no longer grows, so values end with the
 * next commit; gpu_index_serving says whether somebody is still there, and every
 * request to it fails.  The service makes a new file instead of changing an old
 * one; it never changes a file's size, so that no reader's mapping is cut.
 *
 * A damaged or hostile file is refused or answers wrongly about its own lines;
 * no byte outside the mapping is touched and no look-up is without end.  A file that
 * is cut after it was attached is a signal: view_guard.
 */
#ifndef GPU_GPU_INDEX_H
#define GPU_GPU_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "io/backend.h"

#define GPU_INDEX_NAME "gpucache.idx"
#define GPU_INDEX_REACH 512u	/* lines that a look-up reads at most */
#define GPU_INDEX_KEY_MAX 65535u
#define GPU_INDEX_ARENA_MAX 64u
#define GPU_INDEX_LEN_MAX ((UINT64_C(1) << 40) - 1)
#define GPU_INDEX_OFF_MAX ((UINT64_C(1) << 41) - 512)	/* multiples of 512 */
#define GPU_INDEX_STAMP_MAX ((UINT64_C(1) << 48) - 1)

struct gpu_index;

enum gpu_kind { GPU_VALUE = 1, GPU_SEGMENT = 2 };	/* keys of one are not the other's */

/* Where something lies.  GENERATION and STAMP name it for good: the service gives
 * each thing it loads the next stamp, so a token of what was evicted never fits what
 * came to lie there. */
struct gpu_token {
	uint64_t generation;
	uint64_t stamp;		/* 1 .. GPU_INDEX_STAMP_MAX */
	uint64_t off, len;	/* in the arena; bytes */
	uint64_t version;	/* of the value; the id of a segment */
	uint32_t arena;
	uint32_t slot;		/* its visited bit: gpu/hot */
};

/* --- the service --- */

struct gpu_index_setup {
	uint8_t store[16];
	uint64_t entries;	/* room for so many: a line each and half again or more */
	uint64_t applied;	/* to begin with */
};

/* Makes the file, alive and empty; the one that was there is dead from then on.
 * The caller holds the lock that makes it the only service.  ERR_NO_SPACE,
 * ERR_UNAVAILABLE where files cannot be mapped. */
int gpu_index_create(struct gpu_index **out, struct backend *b,
		     const struct gpu_index_setup *setup);

/* Adds a key, or gives it a new token; T's generation is not looked at.
 * The caller has made sure that no commit up to `applied` changed the key after the
 * value was read.  ERR_RESOURCE when there is no line for it (never for a key that
 * is there); the key is then as absent as before. */
int gpu_index_put(struct gpu_index *x, enum gpu_kind kind, struct bytes key,
		  const struct gpu_token *t);
/* 1, or 0 when it was not there. */
int gpu_index_remove(struct gpu_index *x, enum gpu_kind kind, struct bytes key);

/* All that commits up to VERSION changed was removed or put anew. */
void gpu_index_applied(struct gpu_index *x, uint64_t version);
void gpu_index_beat(struct gpu_index *x);	/* still here */
void gpu_index_kill(struct gpu_index *x);

/* --- everybody --- */

/* ERR_ABSENT when there is none; ERR_UNAVAILABLE when it is dead, of another boot
 * or its process is gone; ERR_UNTRUSTED of another store; ERR_NEWER; ERR_DAMAGED.
 * STORE may be NULL.  A process of another pid namespace counts as gone. */
int gpu_index_attach(struct gpu_index **out, struct backend *b, const uint8_t store[16]);
void gpu_index_close(struct gpu_index *x);	/* NULL is fine; kills nothing */

/* 1 and a token, 0 for a miss, ERR_UNAVAILABLE when this generation is dead: attach
 * again.  WANT: of values the store's committed version, of segments the id.  A
 * struct gpu_index may be asked by any number of threads; who wants to know how
 * often it was asked counts for himself. */
int gpu_index_find(const struct gpu_index *x, enum gpu_kind kind, struct bytes key,
		   uint64_t want, struct gpu_token *out);

/* N at once, what they need fetched ahead of their turn: how many were found, or
 * ERR_UNAVAILABLE.  What was missed has a token of stamp 0.  Each is answered as by a
 * gpu_index_find of its own between the call's begin and end; that the service lives
 * and has applied WANT is asked once, before all of them. */
long gpu_index_find_many(const struct gpu_index *x, enum gpu_kind kind,
			 const struct bytes *key, size_t n, uint64_t want,
			 struct gpu_token *out);

/* Whether the process that made it still runs, some 20 us; and how long ago it said
 * that it was here. */
bool gpu_index_serving(const struct gpu_index *x);
uint64_t gpu_index_silent_ns(const struct gpu_index *x);

struct gpu_index_info {
	uint64_t generation, pid, line_n, applied;
	uint64_t entry_n, byte_n, put_n, remove_n, refuse_n;
	bool alive;
};
void gpu_index_info(const struct gpu_index *x, struct gpu_index_info *out);

#endif
