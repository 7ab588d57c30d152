/* store/tail.h - the index of the log: from a key's hash to its records
 *
 * Shared memory in wal/index, so that nobody replays the log; or the same bytes
 * on the heap, private to one handle, where a file cannot be had.  It is a cache:
 * of this boot, this log and this very file, or it is made anew.  The log is
 * believed before it: whoever reads a record checks that it is the one.
 *
 * One process adds at a time (the append lock); any number read meanwhile and
 * take no lock:
 *
 *   bucket[hash] --> node A --next--> node B --next--> 0     distinct hashes
 *                      |older           |older
 *                    node A'           0                     newest first
 *
 * A node never changes once it can be reached, but for `next`.  A newer version
 * takes its group's place in the bucket's chain by one store, and keeps the old
 * head behind it: a reader sees the group before or after.
 *
 * Nothing in it is believed unproven, for it lies in memory for days: a bit that
 * changed there must not hide an entry.  Each word is bound to its place and to
 * the index's seed, so neither zeros nor another place's bytes pass:
 *
 *   links     a number and its check in one word, that of an empty bucket too; the
 *             check of `next` covers its node's hash, so who passes a node by knows
 *             that he may
 *   nodes     a check over all but `next`: whoever is given a node has had it checked
 *   the head  crc over what never changes, and for each word that does a twin,
 *             stored before it.  A process that dies between the two leaves an index
 *             that is not believed and made anew, which is no damage
 *
 * What the first sector says to be durable is a claim that stays true when nothing
 * else in the index does, after a restart too: tail_claim().
 */
#ifndef STORE_TAIL_H
#define STORE_TAIL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/disk.h"
#include "io/file.h"

struct mem;

#define TAIL_NAME "wal/index"
#define TAIL_HEAD 8192u			/* the buckets begin here */
#define TAIL_SPACES 256u		/* a graph's space shares its slot with few */
#define TAIL_WORDS 24u

/* In the order of this machine: the file never leaves it. */
struct tail_head {
/*00*/	uint8_t magic[8];		/* "stratoTL" */
/*08*/	uint32_t format;
/*0c*/	uint32_t crc;			/* crc32c of boot .. node_cap */
/*10*/	char boot[40];			/* /proc/sys/kernel/random/boot_id */
/*38*/	uint8_t store_id[16];
/*48*/	uint64_t log_id, file_id;
/*58*/	uint64_t seed;			/* of the hash, and of all checks */
/*60*/	uint64_t bucket_n, node_cap;
/*70*/	uint8_t pad[16];
	/* read as they are; written by tail_set and tail_raise only. */
	union {
	_Atomic uint64_t word[TAIL_WORDS];
	struct {
	/* changed under the append lock */
/*80*/	_Atomic uint64_t dirty;		/* an append is under way, or its process died */
/*88*/	_Atomic uint64_t log_flags;	/* enum wal_mark_flags */
/*90*/	_Atomic uint64_t append_blk;	/* the next commit goes here */
/*98*/	_Atomic uint64_t append_version;
/*a0*/	_Atomic uint64_t last_nonce;
/*a8*/	_Atomic uint64_t commit_n;
/*b0*/	_Atomic uint64_t node_n;	/* entries in the log */
/*b8*/	_Atomic uint64_t file_blk;	/* zero-written and flushed up to here */
/*c0*/	_Atomic uint64_t floor;		/* commits are later than this */
/*c8*/	_Atomic uint64_t taken;		/* as floor, by a manifest that may not be there */
/*d0*/	_Atomic uint64_t publishing;	/* a manifest is, or its publisher died */
/*d8*/	_Atomic uint64_t wall_ns;	/* the wall clock at the latest commit */
	/* changed under the sync lock; only ever upwards */
/*e0*/	_Atomic uint64_t durable_blk;	/* flushed */
/*e8*/	_Atomic uint64_t durable_version; /* what readers may see */
/*f0*/	_Atomic uint64_t mark_sequence, mark_blk, mark_commit_n;	/* last mark */
	/* changed by anyone, never back */
/*108*/	_Atomic uint64_t doubtful;	/* a write or a flush failed */
/*110*/	_Atomic uint64_t superseded;	/* another index has this one's name */
	/* of the log's file after the last commit, under the append lock; 0: unknown */
/*118*/	_Atomic uint64_t file_identity, file_changed_ns;
	};
	};
/*140*/	_Atomic uint64_t twin[TAIL_WORDS];	/* of each word */
	/* of the spaces that share a slot the newest entry's version, or a later one;
	 * 0: none.  Raised before the entry can be found. */
/*200*/	_Atomic uint64_t space_version[TAIL_SPACES];
/*a00*/	_Atomic uint64_t space_twin[TAIL_SPACES];
};
DISK_SIZE(struct tail_head, 0x200 + 16 * TAIL_SPACES);
DISK_AT(struct tail_head, dirty, 0x80);
DISK_AT(struct tail_head, durable_blk, 0xe0);
DISK_AT(struct tail_head, file_changed_ns, 0x120);
DISK_AT(struct tail_head, twin, 0x140);

struct tail_node {
	uint64_t hash;
	uint64_t pos;			/* of the record, in the log's file */
	uint64_t version;
	_Atomic uint64_t next;		/* a link */
	uint32_t len;			/* of the record */
	uint32_t space;			/* of the record's key */
	uint32_t older;			/* node number + 1, 0: none */
	uint32_t check;			/* of all of the above but next */
};
DISK_SIZE(struct tail_node, 48);

struct tail_id {
	uint8_t store_id[16];
	uint64_t log_id, file_id;	/* file_id 0: whichever the index says */
};

struct tail {
	struct tail_head *head;
	_Atomic uint64_t *bucket;	/* links: node number + 1, and its check above */
	struct tail_node *node;
	uint64_t bucket_n, node_cap, seed;	/* as they were when the head was checked */
	struct backend *backend;
	struct file *file;		/* NULL: private */
	void *map;
	size_t len;
	struct mem *mem;
};

/* The index by its name, if it is of this boot, store, log and file and its head
 * agrees with itself; else ERR_ABSENT (whatever was wrong with it: the log decides, not this file). */
int tail_open(struct tail **out, struct backend *b, const struct tail_id *id,
	      bool write, struct mem *mem);

/* An empty one for NODE_N entries and some to come: shared (not yet under its
 * name) or private. */
int tail_make(struct tail **out, struct backend *b, const struct tail_id *id,
	      uint64_t node_n, bool shared, struct mem *mem);
int tail_publish(struct tail *t);	/* give a shared one its name */
/* Whatever index has the name now will not be kept up. */
void tail_supersede(struct backend *b);
void tail_close(struct tail *t);	/* NULL is fine */

/* The part of the log's file that some index knew to be flushed: the one that has the
 * name now, of whatever boot.  Each claim that ever was in the file was written after
 * the flush it speaks of, and its sector reaches the disk whole, so the log is damaged
 * where it ends before one.  Ask before reading the log.  All 0: nobody says. */
struct tail_claim {
	uint64_t blk;			/* all before this block */
	uint64_t version;		/* 0, or the last in it; with sync none a later one */
};
void tail_claim(struct tail_claim *out, struct backend *b, const struct tail_id *id);

/* Everything FROM holds, in TO, which has room; ERR_DAMAGED: FROM is spoiled. */
int tail_copy(struct tail *to, const struct tail *from);

uint64_t tail_hash(const struct tail *t, uint32_t space, struct bytes key);

/* Adding: stage I (0, 1, ...) fills nodes nobody can reach; link makes the N of
 * them visible, in order.  ERR_DAMAGED: the index is spoiled. */
static inline bool tail_has_room(const struct tail *t, uint64_t n)
{
	uint64_t have = t->head->node_n;

	return have <= t->node_cap && n <= t->node_cap - have;
}
void tail_stage(struct tail *t, uint64_t i, const struct tail_node *node);
const struct tail_node *tail_staged(const struct tail *t, uint64_t i);
int tail_link(struct tail *t, uint64_t n);

/* The records under HASH, newest first: 1 and a copy, 0 no more, ERR_DAMAGED
 * when the index is spoiled.  Other keys may share a hash: compare. */
struct tail_walk {
	uint32_t older;			/* node number + 1 */
	uint64_t steps;
};
int tail_first(const struct tail *t, uint64_t hash, struct tail_walk *w,
	       struct tail_node *out);
int tail_older(const struct tail *t, struct tail_walk *w, struct tail_node *out);

/* One node by its number, for who goes through all that there are: checked. */
int tail_node(const struct tail *t, uint64_t i, struct tail_node *out);

/* --- words of the head and their twins --- */

static inline size_t tail_word(const struct tail_head *h, const _Atomic uint64_t *at)
{
	return ((size_t)at - (size_t)h) / sizeof *at;
}

static inline _Atomic uint64_t *tail_twin(struct tail_head *h, const _Atomic uint64_t *at)
{
	size_t i = tail_word(h, at), spaces = tail_word(h, h->space_version);

	return i < spaces ? &h->twin[i - tail_word(h, h->word)] : &h->space_twin[i - spaces];
}

/* What a word and its twin differ by. */
static inline uint64_t tail_mask(const struct tail_head *h, const _Atomic uint64_t *at)
{
	return ~h->seed ^ (tail_word(h, at) + 1) * 0x9e3779b97f4a7c15u;
}

static inline void tail_set(struct tail_head *h, _Atomic uint64_t *at, uint64_t to)
{
	atomic_store_explicit(tail_twin(h, at), to ^ tail_mask(h, at), memory_order_release);
	atomic_store(at, to);
}

/* What only goes up, whoever else raises it meanwhile. */
static inline void tail_raise(struct tail_head *h, _Atomic uint64_t *at, uint64_t to)
{
	_Atomic uint64_t *twin = tail_twin(h, at);
	uint64_t mask = tail_mask(h, at), now = atomic_load(twin);

	while ((now ^ mask) < to && !atomic_compare_exchange_weak(twin, &now, to ^ mask))
		;
	now = atomic_load(at);
	while (now < to && !atomic_compare_exchange_weak(at, &now, to))
		;
}

/* Does a word agree with its twin?  Asked again while somebody may be storing it. */
bool tail_agrees(const struct tail_head *h, const _Atomic uint64_t *at);
/* All but those of the spaces. */
bool tail_is_sound(const struct tail *t);

static inline _Atomic uint64_t *tail_space(const struct tail *t, uint32_t space)
{
	return &t->head->space_version[space % TAIL_SPACES];
}

/* Tests: what stands for this boot from here on (NULL: the kernel's word). */
void tail_set_boot(const char *boot);

#endif
