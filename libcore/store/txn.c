/* store/txn.c - a transaction: gathered, decided, committed whole
 *
 * Entries wait as records in one buffer, large values already in a blob.  The
 * commit takes the append lock, tests the conditions, appends one commit to the
 * log, and waits outside of the lock for the flush that covers it.
 *
 * More than TXN_SPILL bytes do not go through the log: piece by piece they are sorted
 * aside (store/bulk), merged into runs whose rows carry version 0, and one manifest
 * names them all, with the commit's version, behind a fold of the log, so that
 * newest wins stays true.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "io/file.h"
#include "store/bulk.h"
#include "store/piece.h"
#include "store/store_priv.h"

#ifndef TXN_SPILL	/* tests have less */
#define TXN_SPILL (16u << 20)	/* records held; half of what one log commit takes */
#endif
#define BLOB_LOOK (16u << 20)
#define FREED_DUE (64u << 20)	/* so much dead at once is looked for at once */
#define SPILL_FAN 16		/* spilled runs are merged beyond so many */

struct expectation {
	uint32_t space;
	enum txn_condition what;
	uint64_t version;
	size_t key_off, key_len;	/* in txn->keys */
};

struct renaming {
	uint32_t space;
	size_t old_off, old_len, new_off, new_len;	/* in txn->keys */
};

struct txn {
	struct store *store;
	struct buf payload;		/* records, version 0 */
	uint64_t entry_n;		/* in the payload */
	uint64_t total_n;		/* in all */
	uint64_t ttl_ms;		/* what is put expires so long after the commit; 0: never */
	bool removes_only;
	struct buf keys, expect, rename;
	uint64_t seen;			/* the conditions were met at this version; 0: unknown */
	uint32_t graph;			/* a graph's space, and up to where it has to be ... */
	uint64_t graph_folded;		/* ... folded; space 0: none was named */
	bool still;			/* nothing may have been committed since SEEN */
	uint64_t bytes;			/* of keys and values in all */
	int stuck;			/* an error that stays, and its words */
	struct err_note note;
	struct bulk *bulk;		/* what does not fit the log */
	struct run_info *spill;		/* its runs, newest first */
	uint32_t spill_n;
	uint64_t freed;			/* bytes in blobs that nothing refers to afterwards */
	bool blob_dirty;		/* values written and not yet flushed */
	struct buf streamed_key;	/* of the value begun */
	struct entry streamed;
	struct buf head;		/* its bytes while it may still be inline */
	bool in_blob;
	bool own_blob;			/* it will be very long */
};

int txn_begin(struct txn **out, struct store *s)
{
	struct txn *t;

	if (!s->write)
		return err_set(ERR_READ_ONLY, "%s: opened for reading", s->backend->path);
	t = mem_zalloc(&s->mem, sizeof *t);
	if (!t)
		return ERR_MEMORY;
	t->store = s;
	s->txn_n++;
	t->payload.mem = t->keys.mem = t->expect.mem = t->rename.mem = &s->mem;
	t->streamed_key.mem = t->head.mem = &s->mem;
	t->removes_only = true;
	*out = t;
	return 0;
}

/* The last transaction is over: no entry refers to a blob but through the store. */
static void let_leases_go(struct store *s)
{
	const unsigned *lease = (const void *)s->kept_leases.ptr;

	if (s->txn_n > 1)
		return;
	for (size_t i = 0; i < s->kept_leases.len / sizeof *lease; i++)
		backend_unlock(s->backend, lease[i]);
	buf_clear(&s->kept_leases);
}

/* Runs that were spilled and never named. */
static void drop_spills(struct txn *t)
{
	char name[SEGMENT_NAME_MAX];

	for (uint32_t i = 0; i < t->spill_n; i++) {
		segment_name(name, SEGMENT_RUN, t->spill[i].ref.id);
		backend_remove(t->store->backend, name);
	}
	if (t->spill_n)
		store_build_end(t->store);
	t->spill_n = 0;
}

static void end_bulk(struct txn *t)
{
	if (!t->bulk)
		return;
	bulk_close(t->bulk);
	store_build_end(t->store);
	t->bulk = NULL;
}

static void empty(struct txn *t)
{
	buf_clear(&t->payload);
	buf_clear(&t->keys);
	buf_clear(&t->expect);
	buf_clear(&t->rename);
	end_bulk(t);
	t->entry_n = t->total_n = t->bytes = t->freed = 0;
	t->removes_only = true;
	t->seen = 0;
	t->graph = 0;
	t->still = false;
}

void txn_abort(struct txn *t)
{
	if (!t)
		return;
	drop_spills(t);
	end_bulk(t);
	let_leases_go(t->store);
	t->store->txn_n--;
	buf_release(&t->payload);
	buf_release(&t->keys);
	buf_release(&t->expect);
	buf_release(&t->rename);
	buf_release(&t->streamed_key);
	buf_release(&t->head);
	mem_free(&t->store->mem, t->spill);
	mem_free(&t->store->mem, t);
}

uint64_t txn_entry_n(const struct txn *t)
{
	return t->total_n;
}

uint64_t txn_bytes(const struct txn *t)
{
	return t->bytes;
}

bool txn_is_bulk(const struct txn *t)
{
	return t->bulk;
}

/* --- larger than the log takes --- */

/* Many small runs would make every get ask all of them. */
static int join_spills(struct txn *t)
{
	struct store *s = t->store;
	struct iter_from from = { .space = 0 };
	struct iter *source[SPILL_FAN], *merged;
	struct run *run[SPILL_FAN] = { 0 };
	struct run_info joined;
	uint64_t entry_n = 0;
	uint32_t n = 0, runs = t->spill_n;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < runs; i++) {
		r = run_open(&run[i], s->backend, &t->spill[i], s->manifest.store_id, &s->mem);
		if (r == 0)
			r = run_iter(&source[i], run[i], &from, &s->mem);
		if (r == 0)
			n++;
		entry_n += t->spill[i].entry_n;
	}
	if (r == 0)
		r = iter_merge(&merged, source, n, false, &s->mem);
	else
		while (n)
			iter_close(source[--n]);
	if (r == 0)
		r = merge_iter_to_run(s, merged, entry_n, false, &joined);
	for (uint32_t i = 0; i < runs; i++)
		run_close(run[i]);
	if (r < 0)
		return r;
	store_build_begin(s);		/* drop_spills ends one */
	drop_spills(t);
	t->spill[0] = joined;
	t->spill_n = 1;
	return 0;
}

/* As high as folded logs would be that were merged to its size. */
static uint32_t level_of(const struct store *s, uint64_t bytes)
{
	uint64_t most = 2 * setting_u64(&s->settings, SETTING_LOG_SIZE);
	uint32_t level = 0;

	for (; most < bytes && most <= UINT64_MAX / 4; most *= 4)
		level++;
	return level;
}

/* The bulk becomes a run. */
static int settle(struct txn *t)
{
	struct store *s = t->store;
	struct run_info info, *all;
	int r = 0;

	if (bulk_empty(t->bulk))
		return 0;
	buf_release(&t->payload);	/* given: its memory is for the merge */
	if (t->spill_n == SPILL_FAN)
		r = join_spills(t);
	if (r < 0)
		return r;
	all = mem_resize(&s->mem, t->spill, (SPILL_FAN + 1) * sizeof *all);
	if (!all)
		return ERR_MEMORY;
	t->spill = all;
	r = bulk_run(t->bulk, &info);
	if (r == 0)
		r = t->spill_n ? 0 : store_build_begin(s);	/* drop_spills ends it */
	if (r < 0)
		return r;
	info.level = level_of(s, info.ref.bytes);
	memmove(all + 1, all, t->spill_n * sizeof *all);
	all[0] = info;
	t->spill_n++;
	return 0;
}

static int begin_bulk(struct txn *t)
{
	int r = store_build_begin(t->store);

	if (r == 0) {
		r = bulk_open(&t->bulk, t->store);
		if (r < 0)
			store_build_end(t->store);
	}
	return r;
}

static int spill_some(struct txn *t)
{
	int r = t->bulk ? 0 : begin_bulk(t);

	if (r == 0)
		r = bulk_give(t->bulk, &t->payload, t->entry_n);
	if (r < 0)
		return r;
	t->entry_n = 0;
	return bulk_full(t->bulk) ? settle(t) : 0;
}

/* A piece that could not be written is lost: so is the transaction. */
static int spill(struct txn *t)
{
	int r = spill_some(t);

	if (r < 0) {
		t->stuck = r;
		err_take(&t->note, r);
	}
	return r;
}

/* --- gathering --- */

/* The records, their growing buffer, and the order they are sorted into. */
static size_t spill_bound(const struct txn *t)
{
	size_t limit = t->store->mem.limit;

	return limit && limit / 8 < TXN_SPILL ? limit / 8 : TXN_SPILL;
}

static int add(struct txn *t, const struct entry *e)
{
	size_t before = t->payload.len;
	int r = t->stuck ? err_give(&t->note) : entry_check_key(e->key);

	if (r == 0)
		r = entry_put_record(&t->payload, e);
	if (r < 0) {
		t->payload.len = before;
		return r;
	}
	t->entry_n++;
	t->total_n++;
	t->bytes += e->key.len + e->size;
	if (e->kind != ENTRY_REMOVE)
		t->removes_only = false;
	return t->payload.len + t->entry_n * sizeof(struct piece_slot) > spill_bound(t) ?
		spill(t) : 0;
}

int txn_put_entry(struct txn *t, const struct entry *e)
{
	struct entry now = *e;

	now.version = 0;
	return add(t, &now);
}

int txn_remove(struct txn *t, uint32_t space, struct bytes key)
{
	struct entry e = { .space = space, .key = key, .kind = ENTRY_REMOVE };

	return add(t, &e);
}

void txn_frees(struct txn *t, const struct entry *e)
{
	t->freed += e->kind == ENTRY_BLOB ? e->blob.stored : 0;
}

void txn_set_ttl(struct txn *t, uint64_t ttl_ms)
{
	t->ttl_ms = ttl_ms;
}

/* As if it were committed now; restamp() says it again when it is. */
static uint64_t expiry(struct txn *t, uint64_t expires_ms)
{
	return t->ttl_ms ? store_now_ms(t->store) + t->ttl_ms : expires_ms;
}

int txn_put(struct txn *t, uint32_t space, struct bytes key, struct bytes value,
	    uint64_t expires_ms)
{
	struct entry e = { .space = space, .key = key, .kind = ENTRY_PUT,
		.expires_ms = expiry(t, expires_ms), .size = value.len, .value = value };
	int r;

	if (value.len <= ENTRY_INLINE_MAX) {
		e.crc = crc32c(0, value.ptr, value.len);
		return add(t, &e);
	}
	r = txn_put_begin(t, space, key, expires_ms);
	if (r == 0)
		r = txn_put_feed(t, value.ptr, value.len);
	if (r == 0)
		return txn_put_end(t);
	txn_put_cancel(t);
	return r;
}

int txn_put_begin(struct txn *t, uint32_t space, struct bytes key, uint64_t expires_ms)
{
	int r = entry_check_key(key);

	if (r < 0)
		return r;
	buf_clear(&t->streamed_key);
	buf_clear(&t->head);
	t->in_blob = t->own_blob = false;
	t->streamed = (struct entry){ .space = space, .expires_ms = expires_ms };
	return buf_add(&t->streamed_key, key.ptr, key.len);
}

static int lease_own_blob(struct store *s);

void txn_put_size(struct txn *t, uint64_t bytes)
{
	t->own_blob = bytes >= BLOB_OWN;
}

int txn_put_feed(struct txn *t, const void *ptr, size_t len)
{
	struct blob_writer *blob = t->store->blob;
	int r = 0;

	if (!t->in_blob && t->head.len + len <= ENTRY_INLINE_MAX)
		return buf_add(&t->head, ptr, len);
	if (!t->in_blob) {
		r = t->own_blob ? lease_own_blob(t->store) : store_lease_blob(t->store, &blob);
		if (r < 0)
			return r;
		blob = t->store->blob;
		t->in_blob = true;
		t->blob_dirty = true;
		r = blob_begin(blob);
		if (r == 0)
			r = blob_feed(blob, t->head.ptr, t->head.len);
	}
	return r < 0 ? r : blob_feed(blob, ptr, len);
}

int txn_put_end(struct txn *t)
{
	struct entry e = t->streamed;
	int r = 0;

	e.key = buf_bytes(&t->streamed_key);
	e.expires_ms = expiry(t, e.expires_ms);
	if (t->in_blob) {
		r = blob_end(t->store->blob, &e);
		t->in_blob = false;
	} else {
		e.kind = ENTRY_PUT;
		e.value = buf_bytes(&t->head);
		e.size = e.value.len;
		e.crc = crc32c(0, e.value.ptr, e.value.len);
	}
	return r < 0 ? r : add(t, &e);
}

void txn_put_cancel(struct txn *t)
{
	if (t->in_blob)
		blob_cancel(t->store->blob);
	t->in_blob = false;
}

static int keep_key(struct txn *t, struct bytes key, size_t *off, size_t *len)
{
	int r = entry_check_key(key);

	*off = t->keys.len;
	*len = key.len;
	return r < 0 ? r : buf_add(&t->keys, key.ptr, key.len);
}

static struct bytes kept_key(const struct txn *t, size_t off, size_t len)
{
	return bytes_of(t->keys.ptr + off, len);
}

int txn_expect(struct txn *t, uint32_t space, struct bytes key,
	       enum txn_condition what, uint64_t version)
{
	struct expectation x = { .space = space, .what = what, .version = version };
	int r = keep_key(t, key, &x.key_off, &x.key_len);

	return r < 0 ? r : buf_add(&t->expect, &x, sizeof x);
}

void txn_expect_graph(struct txn *t, uint32_t space, uint64_t folded)
{
	t->graph = space;
	t->graph_folded = folded;
}

void txn_seen(struct txn *t, uint64_t version, bool still)
{
	t->seen = version;
	t->still = still;
}

int txn_rename(struct txn *t, uint32_t space, struct bytes old_key, struct bytes new_key)
{
	struct renaming n = { .space = space };
	int r = keep_key(t, old_key, &n.old_off, &n.old_len);

	if (r == 0)
		r = keep_key(t, new_key, &n.new_off, &n.new_len);
	return r < 0 ? r : buf_add(&t->rename, &n, sizeof n);
}

/* --- blobs --- */

static int register_blob(void *ctx, struct manifest *m, uint64_t version)
{
	(void)version;
	return manifest_add_blob(m, *(const uint64_t *)ctx);
}

/* Under the lease nobody drops the blob; but was it dropped before? */
static int still_named(struct store *s, uint64_t id)
{
	struct manifest now;
	int r = manifest_read(&now, s->backend, &s->mem);

	if (r < 0)
		return r;
	r = ERR_ABSENT;
	for (uint32_t i = 0; i < now.blob_n; i++)
		if (now.blob[i].id == id)
			r = 0;
	manifest_release(&now);
	return r;
}

/* A blob goes when all of it is dead: the smaller the store, the smaller its blobs. */
static bool is_full(const struct store *s)
{
	uint64_t live = 0, enough = BLOB_LOOK;

	for (uint32_t i = 0; i < s->manifest.blob_n; i++)
		live += s->manifest.blob[i].live;
	if (live / 8 > enough)
		enough = live / 8;
	return blob_writer_done(s->blob) || blob_writer_end(s->blob) >= enough;
}

/* A blob whose lease we have; without success the lease is given back. */
static int open_blob(struct store *s, uint64_t id)
{
	bool lz4 = setting_u64(&s->settings, SETTING_COMPRESSION) == COMPRESSION_LZ4;
	bool direct = setting_u64(&s->settings, SETTING_DIRECT_IO) != DIRECT_IO_OFF;
	int r = blob_writer_open(&s->blob, s->backend, s->manifest.store_id, id,
				 lz4 ? BLOCK_LZ4 : BLOCK_RAW, direct, &s->mem);

	if (r == 0 && is_full(s)) {
		blob_writer_close(s->blob);
		s->blob = NULL;
		r = ERR_LOCKED;		/* full: as good as taken */
	}
	if (r < 0)
		backend_unlock(s->backend, store_lease_lock(id));
	else
		s->blob_from = blob_writer_end(s->blob);
	return r;
}

static int open_leased(struct store *s, uint64_t id)
{
	int r;

	if (store_has_lease(s, store_lease_lock(id)))
		return ERR_LOCKED;	/* a lock of our own never keeps us out */
	r = backend_lock(s->backend, store_lease_lock(id), LOCK_EXCLUSIVE, 0);
	if (r < 0)
		return r;
	r = still_named(s, id);
	if (r == 0)
		return open_blob(s, id);
	backend_unlock(s->backend, store_lease_lock(id));
	return r;
}

static void drop_blob(struct store *s)
{
	unsigned lease = store_lease_lock(blob_writer_id(s->blob));

	blob_writer_close(s->blob);
	s->blob = NULL;
	backend_unlock(s->backend, lease);
}

/* Full, but entries not committed refer to it: the lease stays until they are. */
static int keep_lease(struct store *s)
{
	unsigned lease = store_lease_lock(blob_writer_id(s->blob));
	int r = buf_add(&s->kept_leases, &lease, sizeof lease);

	if (r < 0)
		return r;
	blob_writer_close(s->blob);
	s->blob = NULL;
	s->blob_filled = true;
	return 0;
}

bool store_has_lease(const struct store *s, unsigned lease)
{
	const unsigned *kept = (const void *)s->kept_leases.ptr;

	for (size_t i = 0; i < s->kept_leases.len / sizeof *kept; i++)
		if (kept[i] == lease)
			return true;
	return s->blob && store_lease_lock(blob_writer_id(s->blob)) == lease;
}

/* Ids share leases: one whose lease nobody has. */
static int lease_new_id(struct store *s, uint64_t *id)
{
	int r = ERR_LOCKED;

	for (int i = 0; r == ERR_LOCKED && i < STORE_TRIES; i++) {
		*id = segment_new_id();
		if (store_has_lease(s, store_lease_lock(*id)))
			continue;
		r = backend_lock(s->backend, store_lease_lock(*id), LOCK_EXCLUSIVE, 0);
	}
	return r;
}

static int new_blob(struct store *s)
{
	uint64_t id;
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	r = lease_new_id(s, &id);
	if (r == 0) {
		r = blob_create(s->backend, s->manifest.store_id, id);
		if (r < 0)
			backend_unlock(s->backend, store_lease_lock(id));
		else
			r = open_blob(s, id);
	}
	if (r == 0) {
		r = store_publish(s, register_blob, &id, NULL);
		if (r < 0)
			drop_blob(s);	/* nobody names it: the next sweep takes it */
	}
	store_build_end(s);
	return r;
}

static int leave_blob(struct store *s)
{
	int r = blob_flush(s->blob);

	return r < 0 ? r : keep_lease(s);
}

static int lease_own_blob(struct store *s)
{
	int r = 0;

	if (s->blob && blob_writer_end(s->blob) > DISK_PAGE)
		r = leave_blob(s);
	return r < 0 || s->blob ? r : new_blob(s);
}

int store_lease_blob(struct store *s, struct blob_writer **out)
{
	int r = ERR_LOCKED;

	if (s->blob && is_full(s)) {
		r = leave_blob(s);
		if (r < 0)
			return r;	/* kept: no commit of this handle passes it */
		r = ERR_LOCKED;
	}
	if (s->blob) {
		*out = s->blob;
		return 0;
	}
	for (uint32_t i = s->manifest.blob_n; i && store_moved_or_taken(r); i--)
		r = open_leased(s, s->manifest.blob[i - 1].id);
	if (store_moved_or_taken(r))
		r = new_blob(s);
	*out = s->blob;
	return r;
}

/* --- commit --- */

/* The time to live is counted from the commit, not from the first of its bytes,
 * which may have come long before.  Each number takes as many bytes as the one it
 * replaces; where it would not (in the year 2109), the earlier one stays. */
static void restamp(struct txn *t)
{
	uint64_t until = store_now_ms(t->store) + t->ttl_ms;
	uint8_t fresh[VARINT_MAX];
	size_t len = varint_put(fresh, until), off = 0;
	struct entry e;

	while (off < t->payload.len) {
		long n = entry_get_record(bytes_of(t->payload.ptr + off,
						   t->payload.len - off), &e);
		uint8_t *at = (uint8_t *)e.key.ptr + e.key.len + 2; /* kind, version 0 */
		uint8_t was[VARINT_MAX];

		if (n < 0)
			return;		/* the log says what is wrong with it */
		if (e.kind != ENTRY_REMOVE && varint_put(was, e.expires_ms) == len)
			memcpy(at, fresh, len);
		off += (size_t)n;
	}
}

static bool graph_stands(const struct txn *t)
{
	const struct manifest *m = &t->store->manifest;

	for (uint32_t i = 0; i < m->graph_n; i++)
		if (m->graph[i].space == t->graph)
			return m->graph[i].folded == t->graph_folded;
	return false;
}

/* Was anything committed, durable or not yet, since the conditions were met? */
static bool was_passed(const struct txn *t)
{
	const struct store *s = t->store;

	return s->manifest.version > t->seen || log_version(s->log) > t->seen;
}

/* Is every condition met?  1, 0 with the message, < 0. */
static int test_conditions(struct txn *t)
{
	const struct expectation *x = (const void *)t->expect.ptr;
	size_t n = t->expect.len / sizeof *x;

	if (t->graph && !graph_stands(t)) {
		err_set(ERR_ABSENT, "the graph was folded or dropped meanwhile");
		return 0;
	}
	if (t->seen && !was_passed(t))
		return 1;
	if (t->still) {
		err_set(ERR_ABSENT, "the store is past version %llu",
			(unsigned long long)t->seen);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct bytes key = kept_key(t, x[i].key_off, x[i].key_len);
		struct entry e;
		int there = store_newest(t->store, x[i].space, key, &e);
		uint64_t version = there == 1 ? e.version : 0;

		if (there < 0)
			return there;
		if ((x[i].what == TXN_ABSENT && there) || (x[i].what == TXN_PRESENT && !there) ||
		    (x[i].what == TXN_VERSION && version != x[i].version)) {
			err_set(ERR_ABSENT, "\"%s\": is at version %llu", bytes_show(key),
				(unsigned long long)version);
			return 0;
		}
	}
	return 1;
}

/* Renames become entries now that nobody else can move the old key. */
static int resolve_renames(struct txn *t)
{
	const struct renaming *n = (const void *)t->rename.ptr;

	for (size_t i = 0; i < t->rename.len / sizeof *n; i++) {
		struct bytes old_key = kept_key(t, n[i].old_off, n[i].old_len);
		struct bytes new_key = kept_key(t, n[i].new_off, n[i].new_len);
		struct entry e;
		int r = store_newest(t->store, n[i].space, old_key, &e);

		if (r == 0)
			return err_set(ERR_ABSENT, "\"%s\": no such key", bytes_show(old_key));
		if (r == 1 && bytes_equal(old_key, new_key))
			continue;
		if (r == 1) {
			e.key = new_key;
			r = txn_put_entry(t, &e);
		}
		if (r == 0)
			r = txn_remove(t, n[i].space, old_key);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Under the append lock: 0 and the payload is ready, or nothing is to be done. */
static int decide(struct txn *t)
{
	int r = test_conditions(t);

	if (t->ttl_ms)
		restamp(t);
	if (r == 0)
		r = ERR_ABSENT;
	else if (r == 1)
		r = resolve_renames(t);
	if (r == ERR_ABSENT) {
		/* The answer must not rest on what a crash could still take back. */
		struct err_note note;

		err_take(&note, r);
		r = log_sync(t->store->log, log_version(t->store->log));
		if (r == 0)
			r = err_give(&note);
	}
	return r;
}

static int append(struct txn *t, uint64_t *version)
{
	struct store *s = t->store;
	int r = log_append(s->log, buf_bytes(&t->payload), t->entry_n, version);

	/* Removing must work on a full disk: that is what the reserve is for. */
	if (r != ERR_NO_SPACE || !t->removes_only)
		return r;
	log_spare(s->log);
	if (store_use_reserve(s) == 0)
		r = log_append(s->log, buf_bytes(&t->payload), t->entry_n, version);
	return r;
}

static int commit_through_log(struct txn *t, uint64_t *version)
{
	struct store *s = t->store;
	int r = t->expect.len || t->rename.len || t->graph ? store_begin_newest(s) :
		store_begin(s);

	if (r < 0)
		return r;
	r = decide(t);
	*version = log_version(s->log);
	if (r == 0 && t->entry_n)
		r = append(t, version);
	log_end(s->log);
	return r < 0 ? r : log_sync(s->log, *version);
}

/* Spilled: one manifest names the runs behind a fold of the log. */
static int commit_through_manifest(struct txn *t, uint64_t *version)
{
	struct store *s = t->store;
	struct store_swap swap = { 0 };
	int r = t->entry_n ? spill(t) : 0;

	if (r == 0)
		r = settle(t);
	if (r == 0)
		r = store_lock_publish(s, s->wait_ns);
	if (r < 0)
		return r;
	r = store_refresh(s);
	if (r == 0)
		r = store_begin(s);
	if (r < 0)
		goto out;
	r = decide(t);
	if (r == 0 && t->entry_n) {	/* what the renames became */
		r = spill(t);
		if (r == 0)
			r = settle(t);
	}
	if (r < 0) {
		log_end(s->log);
		goto out;
	}
	swap.spill = t->spill;
	swap.spill_n = t->spill_n;
	swap.version = *version = log_next_version(s->log);
	r = merge_fold(s, &swap);
	if (swap.tried) {
		t->spill_n = 0;		/* they are the store's now, or may be */
		store_build_end(s);
	}
out:
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}

/* Each so many bytes of a blob are reason to look at all of them. */
static bool blob_grew(struct store *s)
{
	uint64_t end = s->blob ? blob_writer_end(s->blob) : 0, was = s->blob_from;

	bool filled = s->blob_filled;

	s->blob_from = end;
	s->blob_filled = false;
	return filled || end / BLOB_LOOK != was / BLOB_LOOK;
}

int txn_commit(struct txn *t, uint64_t *version)
{
	struct store *s = t->store;
	enum merge_when when = t->bulk ? MERGE_PUBLISHED : MERGE_IF_LOG_FULL;
	uint64_t v = 0, freed, generation = s->manifest.generation;
	uint64_t log_was = s->log ? log_file_bytes(s->log) : 0;
	int r = t->stuck ? err_give(&t->note) : 0;

	if (r < 0)
		return r;
	if (t->blob_dirty && s->blob) {
		r = blob_flush(s->blob);
		if (r < 0)
			return r;
		t->blob_dirty = false;
	}
	if (!t->removes_only)
		r = merge_before(s);
	if (r == 0)
		r = t->bulk ? commit_through_manifest(t, &v) : commit_through_log(t, &v);
	if (r < 0)
		return r;
	if (version)
		*version = v;
	freed = t->freed;
	empty(t);
	/* Folding is by the way: the commit is durable whatever comes of it, and
	 * merge_before says so in time if it never works. */
	let_leases_go(s);
	if (blob_grew(s))
		when = MERGE_BLOBS;
	else if (freed >= FREED_DUE)
		when = MERGE_DEAD;
	if (merge_by_the_way(s, when) < 0)
		err_clear();
	if (s->manifest.generation != generation)
		store_fill_reserve(s, true);
	else if (s->log && log_file_bytes(s->log) > log_was)
		store_fill_reserve(s, false);
	return 0;
}
