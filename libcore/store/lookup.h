/* store/lookup.h - many keys at once
 *
 * Keys are gathered into a window of as many as cache_size has room for.  A window
 * is answered a run at a time: filters and index first, by all cores, then the
 * blocks in the order of the file, each unpacked once for all its keys; those that
 * the page cache does not hold are read past it, io_depth at a time.  A window of
 * few keys goes through a cache of unpacked blocks instead.
 *
 * Answers come in the order of the keys, or (UNORDERED) as they are found.  Every
 * byte was checked before it is handed out.
 */
#ifndef STORE_LOOKUP_H
#define STORE_LOOKUP_H

#include "store/cache.h"
#include "store/fetch.h"
#include "store/store.h"

struct lookup;

struct lookup_options {
	uint32_t space;
	bool unordered;
	bool no_values;		/* the entries will do */
	/* E NULL: no such key.  The value is in the entry when it lies in a run or
	 * the log (ENTRY_PUT), or when it was fetched (ENTRY_BLOB, value.ptr set: all
	 * of at most BLOB_SPAN_CHUNKS chunks for which there is memory).
	 * All good until ANSWER returns; what it returns, if below 0, ends the
	 * window.  One call at a time, though maybe from another thread. */
	int (*answer)(void *ctx, struct bytes key, const struct entry *e);
	void *ctx;
};

struct lookup_stat {
	uint64_t key_n, window_n;
	uint64_t block_n;		/* blocks unpacked or used in place */
	uint64_t read_n, read_bytes;	/* past the page cache */
	unsigned depth;			/* most in flight; 0: none */
	char engine[160];		/* why it is the one it is; "": none */
	struct cache_stat cache;
	struct fetch_stat value;	/* large ones, of few chunks */
};

int lookup_open(struct lookup **out, struct snapshot *v, const struct lookup_options *o);
/* One more key, copied; when the window is full it is answered. */
int lookup_add(struct lookup *l, struct bytes key);
size_t lookup_waiting(const struct lookup *l);	/* keys not answered yet */
int lookup_run(struct lookup *l);		/* answer them all */
void lookup_get_stat(const struct lookup *l, struct lookup_stat *out);
void lookup_close(struct lookup *l);		/* NULL is fine; answers nothing */

#endif
