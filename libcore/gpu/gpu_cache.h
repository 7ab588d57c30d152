/* gpu/gpu_cache.h - what is resident on a device, as one thing
 *
 * The arenas, who has which bytes of them (gpu/slab), what stays and what goes
 * (gpu/sieve, gpu/hot), and the index that everybody may ask (gpu/gpu_index) are kept
 * in step here: a key is in the index exactly while its bytes lie in the arenas.  It
 * knows no store: whoever loads says the version, and drops what has changed before he
 * calls gpu_cache_applied.
 *
 * Keys are compared whole, of any length, whatever somebody wrote into the index's file.
 *
 * A thing has a slot while it is here, and a stamp that no other thing of this
 * generation ever has.  Its place may change (small things are moved together when there
 * is no room): a token names it by its stamp, and gpu_cache_holds says where it lies now.
 *
 * One thread.  ERR_DEVICE from any call: the device is lost, and all it held.
 */
#ifndef GPU_GPU_CACHE_H
#define GPU_GPU_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "gpu/arena.h"
#include "gpu/gpu_index.h"
#include "gpu/stage.h"
#include "io/backend.h"

struct gpu_cache;
struct mem;

struct gpu_cache_setup {
	uint8_t store[16];
	uint64_t size;		/* bytes of arenas, as far as they can be had */
	uint64_t applied;	/* the store's version to begin with */
	uint32_t entries;	/* things at most; 0: one for each 8 KiB, 1024 to 4 Mi */
	bool admit_all;		/* what is asked for once is wanted already */
	struct mem *mem;
};

/* FILES is where the index lies, DEVICE is borrowed.  The lock is the caller's. */
int gpu_cache_open(struct gpu_cache **out, struct backend *files,
		   struct gpu_backend *device, const struct gpu_cache_setup *setup);
/* The generation ends, its files go. */
void gpu_cache_close(struct gpu_cache *c);	/* NULL is fine */
/* All tokens are dead from here on, one store; from any thread.  And its files' names go:
 * for who exits in the middle of it. */
void gpu_cache_kill(struct gpu_cache *c);
void gpu_cache_leave(struct gpu_cache *c);
void gpu_cache_beat(struct gpu_cache *c);	/* from any thread */

/* --- what is here --- */

struct gpu_thing {
	struct gpu_token token;
	enum gpu_kind kind;	/* 0: room */
	struct bytes key;	/* good until the next change */
	uint32_t crc;		/* as whoever loaded it said */
	bool pinned;
};

/* 1 and the thing, or 0.  Not a hit: nothing is marked or counted. */
int gpu_cache_look(const struct gpu_cache *c, enum gpu_kind kind, struct bytes key,
		   struct gpu_thing *out);
/* The same, asked for: it is marked, or counted as missed. */
int gpu_cache_find(struct gpu_cache *c, enum gpu_kind kind, struct bytes key,
		   struct gpu_thing *out);
/* Exactly what T names, of this generation: 1, and where it is now; else 0. */
int gpu_cache_holds(const struct gpu_cache *c, const struct gpu_token *t,
		    struct gpu_thing *out);
/* All of them, in no order: *at begins at 0; 0 at the end.  The last one given may be
 * removed meanwhile, nothing may be added. */
int gpu_cache_next(const struct gpu_cache *c, uint32_t *at, struct gpu_thing *out);

/* A value of LEN bytes was missed: is it to be loaded without anybody saying so?  When
 * there is room for it, or when it was missed before not long ago. */
bool gpu_cache_wants(struct gpu_cache *c, enum gpu_kind kind, struct bytes key,
		     uint64_t len);
/* Is there room for LEN bytes, as much as is known without trying, with nothing evicted? */
bool gpu_cache_has_room(const struct gpu_cache *c, uint64_t len);

/* --- loading: begin, feed LEN bytes in order, end --- */

struct gpu_load {
	struct gpu_token token;	/* where */
	uint64_t at;		/* bytes fed */
	bool pinned, open;
};

/* Room for LEN bytes, others evicted for it.  ERR_TOO_BIG: the device is smaller;
 * ERR_RESOURCE: all that could go is pinned, or the pins' quota is reached. */
int gpu_cache_begin(struct gpu_cache *c, uint64_t len, bool pinned, struct gpu_load *l);
/* PTR may be used again when it returns; or, of the second, after gpu_cache_finish. */
int gpu_cache_feed(struct gpu_cache *c, struct gpu_load *l, const void *ptr, size_t len);
int gpu_cache_feed_start(struct gpu_cache *c, struct gpu_load *l, const void *ptr, size_t len);
/* When all has arrived it is KEY's, in place of what was; a pin of that stays.  On failure L is
 * cancelled. */
int gpu_cache_end(struct gpu_cache *c, struct gpu_load *l, enum gpu_kind kind,
		  struct bytes key, uint64_t version, uint32_t crc);
void gpu_cache_cancel(struct gpu_cache *c, struct gpu_load *l);	/* again is fine */
/* Instead of feeding: kernels wrote all of it. */
void gpu_cache_filled(struct gpu_load *l);

/* Room without a key, for what kernels compute: counts as pinned, and stays until it is
 * removed by its token. */
int gpu_cache_room(struct gpu_cache *c, uint64_t len, struct gpu_token *out);
/* LEN bytes to OFF of what T names, which must be here; PTR may be used again. */
int gpu_cache_write(struct gpu_cache *c, const struct gpu_token *t, uint64_t off,
		    const void *ptr, size_t len);
/* The same of a file's bytes, read ahead by Q: F->to is set here.  ERR_UNAVAILABLE, and
 * nothing was done: the device has no use for that. */
int gpu_cache_write_file(struct gpu_cache *c, const struct gpu_token *t, struct ioq *q,
			 struct stage_file *f);

int gpu_cache_pin(struct gpu_cache *c, uint32_t slot);		/* ERR_RESOURCE: quota */
void gpu_cache_unpin(struct gpu_cache *c, uint32_t slot);
void gpu_cache_remove(struct gpu_cache *c, uint32_t slot);

/* Bytes from OFF of what T names, which must be here. */
int gpu_cache_read(struct gpu_cache *c, const struct gpu_token *t, uint64_t off, void *ptr,
		   size_t len);
/* All of T, a thing that was loaded, compared with the checksum it came with; or LEN bytes
 * of what a kernel wrote, read twice.  What was turned on its way is read again, once, and
 * then it is ERR_DEVICE; ERR_DAMAGED: the device holds other bytes than it was given, as
 * somebody's kernel may have written there. */
int gpu_cache_read_whole(struct gpu_cache *c, const struct gpu_token *t, void *ptr);
int gpu_cache_read_twice(struct gpu_cache *c, const struct gpu_token *t, void *ptr, size_t len);
/* Several reads and then one of these are one wait: start each, finish all. */
int gpu_cache_read_start(struct gpu_cache *c, const struct gpu_token *t, uint64_t off,
			 void *ptr, size_t len);
int gpu_cache_finish(struct gpu_cache *c);

/* What commits up to VERSION changed was removed or loaded anew. */
void gpu_cache_applied(struct gpu_cache *c, uint64_t version);

struct gpu_backend *gpu_cache_device(const struct gpu_cache *c);
struct arenas *gpu_cache_arenas(const struct gpu_cache *c);

struct gpu_cache_info {
	uint64_t generation, applied, size, bytes, pinned_bytes;
	uint64_t hit_n, miss_n, load_n, evict_n, refuse_n, drop_n;
	uint64_t upload_bytes, read_bytes;
	uint32_t n, pinned_n, entries;
};
void gpu_cache_info(const struct gpu_cache *c, struct gpu_cache_info *out);

#endif
