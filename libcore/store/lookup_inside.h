/* store/lookup_inside.h - what lookup.c and lookup_read.c share */
#ifndef STORE_LOOKUP_INSIDE_H
#define STORE_LOOKUP_INSIDE_H

#include <pthread.h>

#include "base/err.h"
#include "io/ioq.h"
#include "store/fetch.h"
#include "store/lookup.h"
#include "store/run_inside.h"
#include "store/store_priv.h"

#define LOOKUP_WORKERS 4
#define LOOKUP_MANY 2048u	/* keys: fewer go through the cache, on one core */

/* An entry on its way out: this, then LEN bytes of value or a struct blob_ref. */
struct lookup_staged {
	uint64_t version, expires_ms, size;
	uint32_t crc, kind, len;
};

struct lookup_item {
	uint64_t hash;			/* for the filters */
	const struct lookup_staged *answer;	/* NULL: not found (yet) */
	uint32_t key_at, key_len;	/* in keys: space and key, as in a row */
	enum { LOOKUP_OPEN, LOOKUP_FOUND, LOOKUP_LATER, LOOKUP_FAILED, LOOKUP_GIVEN } state;
};

/* A key that may be in a block of the run at hand. */
struct lookup_ref {
	uint64_t off : 46, key_len : 17, packed : 1;
	uint32_t stored_len, raw_len;
	uint32_t item, key_at;
};
#define LOOKUP_OFF_MAX ((uint64_t)1 << 46)

/* Memory for answers, in pieces that stay where they are. */
struct lookup_piece {
	struct lookup_piece *next;
	size_t len;			/* used */
	uint8_t bytes[];
};

struct lookup_worker {
	struct lookup *l;
	struct run *run;
	size_t begin, end;		/* items, then refs */
	struct buf refs;		/* struct lookup_ref[] of its items */
	struct buf block;		/* unpacked */
	struct lookup_piece *first, *at;
	size_t staged, most;		/* bytes */
	uint64_t block_n;
	int failed;			/* of an item, or of this worker */
	struct err_note note;
	pthread_t thread;
};

struct lookup {
	struct snapshot *snap;
	struct store *store;
	struct mem *mem;
	struct lookup_options o;
	struct buf keys;
	struct lookup_item *item;
	size_t item_n, item_cap;
	size_t room;			/* cache_size */
	size_t most;			/* bytes of a window */
	size_t each;			/* bytes a key takes, as far as we know */
	struct lookup_worker worker[LOOKUP_WORKERS];
	unsigned worker_n;
	struct buf refs, spare;		/* of all workers, sorted */
	struct cache *cache;
	uint64_t memory;		/* half of this process's; 0: not asked yet */
	uint64_t wanted;		/* bit a run: its index was asked for ahead */
	pthread_mutex_t giving;
	struct lookup_stat stat;
	struct lookup_reads *reads;	/* lookup_read.c's */
	struct fetch *fetch;		/* of values; NULL: none was needed yet */
	bool full;			/* the window is: more keys will come */
};

static inline struct bytes lookup_key(const struct lookup *l, const struct lookup_item *i)
{
	return bytes_of(l->keys.ptr + i->key_at, i->key_len);
}

static inline struct run_child lookup_child(const struct lookup_ref *a)
{
	return (struct run_child){ a->off, a->stored_len, a->raw_len,
				   a->packed ? BLOCK_LZ4 : BLOCK_RAW };
}

static inline struct bytes lookup_ref_key(const struct lookup *l, const struct lookup_ref *a)
{
	return bytes_of(l->keys.ptr + a->key_at, a->key_len);
}

/* The refs [A, B) are of one block, whose checked bytes are at STORED: answers
 * into W's memory. */
void lookup_block(struct lookup_worker *w, const struct lookup_ref *a,
		  const struct lookup_ref *b, const uint8_t *stored);
/* None of them can be answered: R and the thread's message say why. */
void lookup_fail(struct lookup_worker *w, const struct lookup_ref *a,
		 const struct lookup_ref *b, int r);
/* What lies before A need not stay mapped; *KEPT: from where it still may be. */
void lookup_let_go(const struct lookup_worker *w, const struct lookup_ref *a, uint64_t *kept);
/* Unordered: what was found goes out. */
void lookup_give(struct lookup_worker *w, const struct lookup_ref *a,
		 const struct lookup_ref *b);

/* Where the blocks of one group end. */
static inline const struct lookup_ref *lookup_group(const struct lookup_ref *a,
						    const struct lookup_ref *end)
{
	const struct lookup_ref *b = a + 1;

	while (b < end && b->off == a->off)
		b++;
	return b;
}

/* Are runs read past the page cache, not into it? */
bool lookup_direct(struct lookup *l);
/* How many of these blocks must come from the device: a guess from a few. */
size_t lookup_cold(const struct lookup *l, struct run *run, const struct lookup_ref *a,
		   const struct lookup_ref *end);
/* All of them through W: from the page cache what is there, the rest direct. */
int lookup_read(struct lookup_worker *w, const struct lookup_ref *a,
		const struct lookup_ref *end, size_t cold_n);
void lookup_read_close(struct lookup *l);

void lookup_unstage(const struct lookup_staged *s, uint32_t space, struct bytes key,
		    struct entry *e);
/* The large values of some answers: REFS[0 .. N), or (NULL) the items 0 .. N. */
struct lookup_values {
	const struct lookup_ref *refs;
	size_t n, at, told;
	bool any;		/* set: there are some, and l->fetch has them in this order */
};
int lookup_values_begin(struct lookup *l, struct lookup_values *v);
/* As many are wanted as there is room for. */
void lookup_values_ahead(struct lookup *l, struct lookup_values *v);

/* --- snapshot.c --- */
int snapshot_log_get(struct snapshot *v, uint32_t space, struct bytes key,
		     struct buf *buf, struct entry *out);
struct log *snapshot_log(struct snapshot *v);	/* NULL: a kept one */
bool snapshot_log_empty(const struct snapshot *v);
bool snapshot_shows(const struct snapshot *v, const struct entry *e);
struct run_set *snapshot_runs(struct snapshot *v);
struct store *snapshot_store(struct snapshot *v);
struct buf *snapshot_buf(struct snapshot *v);

#endif
