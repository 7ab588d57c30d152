/* store/log.c - who does what under which lock; the contract is in store/log.h */
#include "store/log.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/log_inside.h"

#define MARK_BLK 256u		/* a mark each 1 MiB ... */
#define MARK_COMMITS 256u	/* ... or so many commits: what recovery may doubt */
#define PIECE_BLK 256u		/* written at a time: 1 MiB */

/* --- open, close, numbers --- */

static int open_file(struct log *l)
{
	const struct log_options *o = &l->o;
	char name[WAL_NAME_MAX];
	int r;

	wal_name(name, o->log_id);
	r = backend_open(o->backend, name, (o->write ? FILE_WRITE : 0) |
			 (o->direct ? FILE_DIRECT : 0), &l->f);
	l->head.key.log_id = o->log_id;
	memcpy(l->head.key.store_id, o->store_id, sizeof o->store_id);
	return r;
}

int log_open(struct log **out, const struct log_options *o)
{
	struct log *l = mem_zalloc(NULL, sizeof *l);
	int r;

	if (!l)
		return ERR_MEMORY;
	l->o = *o;
	r = open_file(l);
	if (r == 0)
		r = log_index_open(l);
	if (r < 0)
		log_close(l);
	else
		*out = l;
	return r;
}

void log_close(struct log *l)
{
	if (!l)
		return;
	if (l->begun)
		log_end(l);
	if (l->held)
		log_file_let_go(l);
	view_close(&l->view);
	mem_free(l->o.mem, l->seen);
	tail_close(l->t);
	file_close(l->f);
	file_close(l->cached);
	log_file_release(l, &l->in);
	log_file_release(l, &l->out);
	mem_free(NULL, l);
}

uint64_t log_bytes(const struct log *l)
{
	return l->t->head->append_blk * WAL_BLOCK;
}

uint64_t log_file_bytes(const struct log *l)
{
	return l->t->head->file_blk * WAL_BLOCK;
}

uint64_t log_entry_n(const struct log *l)
{
	return l->t->head->node_n;
}

uint64_t log_space_version(const struct log *l, uint32_t space)
{
	const _Atomic uint64_t *version = tail_space(l->t, space);

	return tail_agrees(l->t->head, version) ? *version : UINT64_MAX;
}

uint64_t log_now_ns(const struct log *l)
{
	uint64_t now = clock_wall_ns(), last = l->t->head->wall_ns;

	return now > last ? now : last;
}

uint64_t log_commit_ns(const struct log *l)
{
	return l->t->head->wall_ns;
}

uint64_t log_version(const struct log *l)
{
	return l->t->head->append_version;
}

/* A writer died in the middle: what of it counts is decided once for all. */
static void settle(struct log *l)
{
	if (log_begin(l) == 0)
		log_end(l);
}

uint64_t log_floor(const struct log *l)
{
	return l->t->head->floor;
}

bool log_is_retired(const struct log *l)
{
	return l->t->head->log_flags & WAL_RETIRED;
}

/* What cannot be brought up to date now stays true as it was. */
uint64_t log_durable(struct log *l)
{
	struct err_note note;

	err_take(&note, 0);
	if (!l->o.write)
		log_index_refresh(l);
	else if (!l->begun && log_index_abandoned(l))
		settle(l);
	else if (!l->alone && !l->begun && l->t->head->superseded)
		log_index_adopt(l);
	err_give(&note);
	return l->t->head->durable_version;
}

int log_hold(struct log *l)
{
	int r;

	if (l->held)
		return 0;
	r = log_file_hold(l);
	/* of a copy, or removed: who may not write cannot make it, and nobody holds it */
	if (r == ERR_ABSENT)
		return err_set(ERR_DENIED, "%s/lock: is not there: the next writer makes it",
			       l->o.backend->path);
	if (r < 0)
		return r;
	r = log_file_check(l);
	if (r < 0)
		log_file_let_go(l);
	else
		l->held = true;
	return r;
}

/* --- append --- */

static int was_failed(const struct log *l)
{
	return err_set(ERR_IO, "%s: an earlier write or flush failed; open the store again",
		       file_path(l->f));
}

int log_begin(struct log *l)
{
	int r;

	assert(l->o.write && !l->begun);
	if (l->failed)
		return was_failed(l);
	r = backend_lock(l->o.backend, LOCK_APPEND, LOCK_EXCLUSIVE, l->o.wait_ns);
	if (r < 0)
		return r;
	l->begun = true;
	r = log_index_ready(l);
	if (r < 0)
		log_end(l);
	return r;
}

void log_end(struct log *l)
{
	if (!l->begun)
		return;
	l->begun = false;
	backend_unlock(l->o.backend, LOCK_APPEND);
}

void log_spare(struct log *l)
{
	l->sparing = true;
}

uint64_t log_next_version(const struct log *l)
{
	uint64_t v = l->t->head->append_version;
	uint64_t floor = l->t->head->floor, taken = l->t->head->taken;

	v = v > floor ? v : floor;
	v = v > taken ? v : taken;
	return (v > l->o.base_version ? v : l->o.base_version) + 1;
}

/* One number a handle from the kernel, the rest from mixing: only its being
 * unequal to any other counts. */
static uint64_t next_nonce(struct log *l)
{
	uint64_t nonce;

	if (!l->random)
		l->random = clock_random() | 1;
	do {
		l->random += 0x9e3779b97f4a7c15u;
		nonce = hash_u64(l->random);
	} while (nonce == 0 || nonce == l->t->head->last_nonce);
	return nonce;
}

/* Payload offset of the first record that begins in the commit's block I; *AT is
 * the first staged node that is not before it. */
static uint32_t first_record(const struct log *l, const struct wal_commit *c,
			     uint32_t i, uint64_t *at)
{
	for (; *at < c->entry_n; ++*at) {
		uint64_t pos = tail_staged(l->t, *at)->pos;

		if (pos / WAL_BLOCK == c->blk + i)
			return wal_payload_off(pos);
		if (pos / WAL_BLOCK > c->blk + i)
			break;
	}
	return 0;
}

static int write_commit(struct log *l, const struct wal_commit *c)
{
	uint32_t blk_n = wal_blk_n(c->records.len);
	uint32_t piece = blk_n < PIECE_BLK ? blk_n : PIECE_BLK;
	uint64_t at = 0;
	int r = log_file_room(l, &l->out, piece * (size_t)WAL_BLOCK);

	for (uint32_t i = 0; r == 0 && i < blk_n; ) {
		uint32_t n = blk_n - i < piece ? blk_n - i : piece;

		for (uint32_t j = 0; j < n; j++)
			wal_build(l->out.ptr + j * WAL_BLOCK, c, i + j,
				  first_record(l, c, i + j, &at));
		r = file_write(l->f, l->out.ptr, n * (size_t)WAL_BLOCK,
			       (c->blk + i) * WAL_BLOCK);
		i += n;
	}
	return r;
}

/* Everything that can fail without harm, before a byte is written. */
static int prepare(struct log *l, const struct wal_commit *c)
{
	uint64_t end = c->blk + wal_blk_n(c->records.len);
	int r = 0;

	if (c->records.len > LOG_COMMIT_MAX)
		return err_set(ERR_TOO_BIG, "a commit of %zu bytes is over the limit of %u",
			       c->records.len, LOG_COMMIT_MAX);
	if (!tail_has_room(l->t, c->entry_n))
		r = log_index_grow(l, c->entry_n);
	if (r == 0)
		r = log_index_stage(l->t, l->f, c->blk, c->version, c->records, c->entry_n);
	if (r == ERR_DAMAGED)
		return err_set(ERR_BUG, "%s: the records to append are not of version %"
			       PRIu64, file_path(l->f), c->version);
	if (r == 0)
		r = log_file_room(l, &l->out, WAL_BLOCK);
	if (r == 0 && end > l->t->head->file_blk)
		r = log_file_grow(l, end);
	return r;
}

/* Written whole, or nobody knows: then the log is doubtful until it was read again. */
static int commit(struct log *l, const struct wal_commit *c)
{
	struct tail_head *h = l->t->head;
	uint64_t end = c->blk + wal_blk_n(c->records.len);
	int r;

	tail_set(h, &h->dirty, 1);
	r = write_commit(l, c);
	if (r < 0) {
		tail_set(h, &h->doubtful, 1);
		l->failed = true;
		return r;
	}
	r = log_index_extend(l->t, &(struct log_end){
		.blk = end, .version = c->version, .nonce = c->nonce,
		.entry_n = c->entry_n, .wall_ns = c->wall_ns });
	if (r < 0)
		tail_set(h, &h->superseded, 1);	/* spoiled, but the log has it */
	log_file_stamp(l);
	tail_set(h, &h->dirty, 0);
	l->version = c->version;
	l->end_blk = end;
	l->nonce = c->nonce;
	return 0;
}

int log_append(struct log *l, struct bytes payload, uint64_t entry_n, uint64_t *version)
{
	struct tail_head *h = l->t->head;
	struct wal_commit c = {
		.key = l->head.key, .blk = h->append_blk, .version = log_next_version(l),
		.prev_nonce = h->last_nonce, .durable_blk = h->durable_blk,
		.wall_ns = log_now_ns(l), .entry_n = entry_n, .records = payload,
	};
	int r;

	assert(l->begun && entry_n);
	if (l->failed)
		return was_failed(l);
	c.nonce = next_nonce(l);
	r = prepare(l, &c);
	if (r == 0)
		r = commit(l, &c);
	if (r == 0)
		*version = c.version;
	return r;
}

/* --- sync --- */

static int doubtful(const struct log *l)
{
	return err_set(ERR_IO, "%s: a flush failed: it is not known what is durable",
		       file_path(l->f));
}

static int fail(struct log *l)
{
	l->failed = true;
	tail_set(l->t->head, &l->t->head->doubtful, 1);
	return ERR_IO;
}

/* The index was replaced since we appended: is our commit still in the file? */
static int still_there(struct log *l)
{
	struct wal_block b;
	int r = log_file_room(l, &l->in, WAL_BLOCK);

	if (r == 0)
		r = file_read(l->f, l->in.ptr, WAL_BLOCK, (l->end_blk - 1) * WAL_BLOCK);
	if (r < 0)
		return r;
	wal_check(&b, l->in.ptr, l->end_blk - 1, &l->head.key);
	return b.kind == WAL_WHOLE && b.nonce == l->nonce ? 0 : doubtful(l);
}

/* Is VERSION durable?  1: nothing to flush any more; 0: flush; < 0. */
static int covered(struct log *l, uint64_t version)
{
	struct tail_head *h = l->t->head;
	int r;

	if (h->log_flags & WAL_RETIRED && tail_agrees(h, &h->log_flags))
		return 1;		/* the manifest holds it */
	if (h->doubtful) {
		l->failed = true;
		return doubtful(l);
	}
	if (h->superseded && !l->alone && !l->begun) {
		r = log_index_adopt(l);
		if (r == ERR_ABSENT)
			r = 0;		/* another will make it: flush for ourselves */
		if (r == 0 && l->end_blk)
			r = still_there(l);
		if (r < 0)
			return r;
		h = l->t->head;
	}
	return h->durable_blk >= (version <= l->version ? l->end_blk : h->append_blk) &&
	       tail_agrees(h, &h->durable_blk);
}

/* The version is read first: its blocks are then before the position. */
static int flush(struct log *l, bool locked)
{
	struct tail_head *h = l->t->head;
	uint64_t version = h->append_version, blk = h->append_blk;
	int r = file_flush(l->f);

	if (r < 0) {
		fail(l);
		return r;
	}
	tail_raise(h, &h->durable_blk, blk);
	tail_raise(h, &h->durable_version, version);
	if (locked && (blk - h->mark_blk >= MARK_BLK ||
		       h->commit_n - h->mark_commit_n >= MARK_COMMITS))
		log_file_mark(l);	/* only a hint: may be late */
	return 0;
}

static int sync_to(struct log *l, uint64_t version)
{
	bool locked = false;
	int r;

	if (l->failed)
		return was_failed(l);
	r = covered(l, version);
	if (r)
		return r < 0 ? r : 0;
	if (!l->alone) {	/* not had in time: flush beside the other */
		locked = backend_lock(l->o.backend, LOCK_SYNC, LOCK_EXCLUSIVE,
				      l->o.wait_ns) == 0;
		r = covered(l, version);
	}
	if (r == 0)
		r = flush(l, locked || l->alone);
	if (locked)
		backend_unlock(l->o.backend, LOCK_SYNC);
	return r < 0 ? r : 0;
}

int log_sync(struct log *l, uint64_t version)
{
	if (!l->o.no_sync || l->failed)
		return sync_to(l, version);
	tail_raise(l->t->head, &l->t->head->durable_version, version);
	return 0;
}

int log_sync_all(struct log *l)
{
	return sync_to(l, log_version(l));
}

/* --- beside the manifest --- */

/* In shared memory for who is here, in a mark for who is alone or comes later. */
static int note(struct log *l)
{
	int r = 0;

	if (!l->alone)
		r = backend_lock(l->o.backend, LOCK_SYNC, LOCK_EXCLUSIVE, LOG_SYNC_WAIT_NS);
	if (r < 0)
		return r;
	r = log_file_mark(l);
	if (!l->alone)
		backend_unlock(l->o.backend, LOCK_SYNC);
	return r;
}

void log_skip_to(struct log *l, uint64_t version)
{
	assert(l->begun);
	tail_raise(l->t->head, &l->t->head->floor, version);
	note(l);	/* without it, who comes later has the manifest's own word */
}

int log_retiring(struct log *l)
{
	assert(l->begun);
	tail_set(l->t->head, &l->t->head->log_flags, WAL_RETIRING);
	return note(l);
}

void log_publishing(struct log *l, uint64_t version)
{
	assert(l->begun);
	tail_raise(l->t->head, &l->t->head->taken, version);
	tail_set(l->t->head, &l->t->head->publishing, 1);
}

void log_published(struct log *l)
{
	tail_set(l->t->head, &l->t->head->publishing, 0);
}

void log_retire(struct log *l)
{
	struct tail_head *h = l->t->head;

	assert(l->begun);
	tail_raise(h, &h->durable_version, h->append_version);
	tail_set(h, &h->log_flags, WAL_RETIRED);
	note(l);	/* without it, RETIRING stands: who comes later asks */
}
