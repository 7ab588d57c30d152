/* store/snapshot.c - the store at one version, held for a long reader
 *
 * A snapshot is a manifest, its runs (opened: a removed file stays readable), and
 * a log handle of its own with a shared lock that keeps the log's file from being
 * recycled.  Of a kept manifest (store/kept.h) it needs no log.  For graphs alone runs
 * stay closed until one may hold changes.  Nothing here waits for a writer, nor makes
 * one wait.
 */
#include <string.h>

#include "base/err.h"
#include "store/kept.h"
#include "store/lookup_inside.h"
#include "store/store_priv.h"

struct snapshot {
	struct store *store;
	struct manifest manifest;
	struct log *log;	/* NULL: a kept manifest, which says all */
	struct run_set runs;
	uint64_t version;	/* of the log's commits seen */
	bool settled;
	struct buf buf;
};

/* Several snapshots of one handle share the lock. */
static int readers_begin(struct store *s)
{
	uint64_t wait_ns = s->wait_ns > LOCK_READERS_WAIT_NS ? s->wait_ns : LOCK_READERS_WAIT_NS;

	if (s->readers++ == 0)
		return backend_lock(s->backend, LOCK_READERS, LOCK_SHARED, wait_ns);
	return 0;
}

static void readers_end(struct store *s)
{
	if (--s->readers == 0)
		backend_unlock(s->backend, LOCK_READERS);
}

static int hold_runs(struct snapshot *v)
{
	struct store *s = v->store;
	struct run *run;
	int r = run_set_init(&v->runs, s, &v->manifest);

	for (uint32_t i = 0; r == 0 && i < v->runs.n; i++)
		r = run_set_open(&v->runs, s, &v->manifest, i, &run);
	return r;
}

static int hold(struct snapshot *v)
{
	struct store *s = v->store;
	struct log_options o;
	int r = manifest_copy(&v->manifest, &s->manifest);

	if (r < 0)
		return r;
	store_log_options(s, &o);
	o.write = false;
	r = log_open(&v->log, &o);
	if (r == 0 && log_is_retired(v->log))
		return ERR_CHANGED;
	if (r == 0)
		r = log_hold(v->log);
	if (r < 0 && !store_moved(r) && v->log)
		r = 0;		/* no permission to lock: the files are asked as they are */
	if (r == 0)		/* for graphs a run is opened when changes lie in it */
		r = s->graphs ? run_set_init(&v->runs, s, &v->manifest) : hold_runs(v);
	if (r == 0)
		v->version = log_durable(v->log);
	if (r == 0 && log_floor(v->log) > v->manifest.version)
		r = err_set(ERR_CHANGED, "%s: a newer manifest was published meanwhile",
			    s->backend->path);
	return r;
}

static void let_go(struct snapshot *v)
{
	run_set_release(&v->runs, v->store);
	log_close(v->log);
	v->log = NULL;
	manifest_release(&v->manifest);
}

static int begin(struct store *s, struct snapshot **out)
{
	struct snapshot *v = mem_zalloc(&s->mem, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	v->store = s;
	v->buf.mem = &s->mem;
	v->manifest.mem = &s->mem;
	/* Without permission to lock (a read-only store) nobody removes files. */
	if (readers_begin(s) < 0)
		err_clear();
	*out = v;
	return 0;
}

/* R of holding the files of M: it is handed out, or let go. */
static int finish(struct snapshot *v, int r, const struct manifest *m, struct snapshot **out)
{
	struct store *s = v->store;

	if (r == 0) {
		*out = v;
		return 0;
	}
	readers_end(s);
	mem_free(&s->mem, v);
	if (r == ERR_CHANGED)
		return store_put_back(s);
	return r == ERR_ABSENT ? manifest_lost(m, s->backend) : r;
}

int store_snapshot(struct store *s, struct snapshot **out)
{
	struct snapshot *v;
	int r = begin(s, &v);

	if (r < 0)
		return r;
	r = ERR_CHANGED;
	for (int i = 0; i < STORE_TRIES && store_moved(r); i++) {
		r = store_refresh(s);
		if (r < 0)
			break;
		r = hold(v);
		if (r < 0)
			let_go(v);
	}
	return finish(v, r, &s->manifest, out);
}

/* What was committed since the log was folded last lies in it version by version, so
 * each of these can be had; else what can is told. */
static int logged_if(struct store *s, struct bytes which, const struct kept_set *set,
		     struct snapshot **out)
{
	struct snapshot *v;
	uint64_t version, newest;
	int r = kept_version(which, &version);

	if (r < 0)
		return r;
	if (r == 0)
		version = UINT64_MAX;		/* a name that nothing has */
	r = store_snapshot(s, &v);
	if (r < 0)
		return r;
	newest = snapshot_version(v);
	if (version < v->manifest.version || version > newest) {
		r = kept_none(set, which, v->manifest.version, newest);
		snapshot_close(v);
		return r;
	}
	if (v->version > version)
		v->version = version;
	*out = v;
	return 0;
}

static int hold_kept(struct snapshot *v, const struct manifest *m)
{
	int r = manifest_copy(&v->manifest, m);

	if (r == 0)
		r = hold_runs(v);
	if (r < 0)
		let_go(v);
	return r;
}

int store_snapshot_as_of(struct store *s, struct bytes which, struct snapshot **out)
{
	const struct kept *kept;
	struct kept_set set;
	struct snapshot *v;
	int r;

	if (bytes_equal(which, bytes_str("now")))
		return store_snapshot(s, out);
	/* From here on nobody sweeps, so what is kept now stays readable. */
	r = begin(s, &v);
	if (r < 0)
		return r;
	r = kept_load(&set, s->backend, s->manifest.store_id, &s->mem, NULL, NULL);
	if (r < 0)
		return finish(v, r, &s->manifest, out);
	kept = kept_find(&set, which);
	if (kept) {
		r = finish(v, hold_kept(v, &kept->m), &kept->m, out);
	} else {
		finish(v, ERR_NO_SNAPSHOT, &s->manifest, out);
		r = logged_if(s, which, &set, out);
	}
	kept_release(&set);
	return r;
}

void snapshot_settle(struct snapshot *v)
{
	struct store *s = v->store;

	if (v->settled)
		return;
	if (s->settled == 0 &&
	    backend_lock(s->backend, LOCK_VALUES, LOCK_SHARED, s->wait_ns) < 0) {
		err_clear();		/* then it stays as it is */
		return;
	}
	s->settled++;
	v->settled = true;
	readers_end(s);
}

void snapshot_close(struct snapshot *v)
{
	if (!v)
		return;
	let_go(v);
	if (!v->settled)
		readers_end(v->store);
	else if (--v->store->settled == 0)
		backend_unlock(v->store->backend, LOCK_VALUES);
	buf_release(&v->buf);
	mem_free(&v->store->mem, v);
}

/* The manifest first: as long as it is the same, the log is the one that commits go to,
 * and what it says afterwards is at least what was committed then. */
bool snapshot_is_newest(struct snapshot *v)
{
	struct store *s = v->store;
	struct manifest now;
	struct err_note note;
	bool same = false;

	if (!v->log)
		return false;
	err_take(&note, 0);
	if (manifest_read(&now, s->backend, &s->mem) == 0) {
		same = now.generation == v->manifest.generation;
		manifest_release(&now);
	}
	err_give(&note);
	return same && log_durable(v->log) <= snapshot_version(v);
}

uint64_t snapshot_version(const struct snapshot *v)
{
	return v->version > v->manifest.version ? v->version : v->manifest.version;
}

uint64_t snapshot_commit_ns(const struct snapshot *v)
{
	uint64_t logged = v->log ? log_commit_ns(v->log) : 0;

	return logged > v->manifest.commit_ns ? logged : v->manifest.commit_ns;
}

const struct manifest *snapshot_manifest(const struct snapshot *v)
{
	return &v->manifest;
}

int snapshot_get(struct snapshot *v, uint32_t space, struct bytes key, struct entry *out)
{
	int r = v->log ? log_get(v->log, space, key, v->version, &v->buf, out) : 0;

	if (r == 0)
		r = run_set_get(&v->runs, v->store, &v->manifest, space, key, &v->buf, out);
	return r == 1 ? snapshot_shows(v, out) : r;
}

/* --- what many look-ups at once need of it --- */

bool snapshot_shows(const struct snapshot *v, const struct entry *e)
{
	return store_live(v->store, e);
}

int snapshot_log_get(struct snapshot *v, uint32_t space, struct bytes key,
		     struct buf *buf, struct entry *out)
{
	return v->log ? log_get(v->log, space, key, v->version, buf, out) : 0;
}

struct log *snapshot_log(struct snapshot *v)
{
	return v->log;
}

bool snapshot_log_empty(const struct snapshot *v)
{
	return !v->log || log_entry_n(v->log) == 0;
}

struct run_set *snapshot_runs(struct snapshot *v)
{
	return &v->runs;
}

struct store *snapshot_store(struct snapshot *v)
{
	return v->store;
}

struct buf *snapshot_buf(struct snapshot *v)
{
	return &v->buf;
}

static bool run_is_newer(const struct run_info *i, uint64_t version)
{
	return version == 0 || i->version_max > version || i->bulk_version > version;
}

uint64_t snapshot_entry_most(const struct snapshot *v, uint64_t version)
{
	uint64_t n = v->log ? log_entry_n(v->log) : 0;

	for (uint32_t i = 0; i < v->manifest.run_n; i++)
		if (run_is_newer(&v->manifest.run[i], version))
			n += v->manifest.run[i].entry_n;
	return n;
}

int snapshot_iter(struct snapshot *v, const struct iter_from *from, struct iter **out)
{
	return snapshot_iter_since(v, from, 0, out);
}

int snapshot_iter_since(struct snapshot *v, const struct iter_from *from,
			uint64_t version, struct iter **out)
{
	struct store *s = v->store;
	struct iter **source = mem_zalloc(&s->mem, (v->runs.n + 1) * sizeof *source);
	size_t n = 0;
	int r = 0;

	if (!source)
		return ERR_MEMORY;
	if (v->log) {
		r = log_iter(&source[n], v->log, v->version, from);
		if (r == 0)
			n++;
	}
	for (uint32_t i = 0; r == 0 && i < v->runs.n; i++) {
		if (!run_is_newer(&v->manifest.run[i], version))
			continue;
		r = run_iter(&source[n], v->runs.run[i], from, &s->mem);
		if (r == 0)
			n++;
	}
	if (r == 0)
		r = iter_merge(out, source, n, from->reverse, &s->mem);
	else
		while (n)
			iter_close(source[--n]);
	mem_free(&s->mem, source);
	return r;
}

/* --- the entries of one space --- */

struct changes {
	struct iter iter;
	struct iter *from;
	struct mem *mem;
	uint32_t space;
	uint64_t after;
};

static int changes_next(struct iter *it, struct entry *out)
{
	struct changes *c = (struct changes *)it;
	int r;

	while ((r = iter_next(c->from, out)) == 1 && out->space == c->space)
		if (out->version > c->after)
			return 1;
	return r < 0 ? r : 0;
}

static void changes_close(struct iter *it)
{
	struct changes *c = (struct changes *)it;

	iter_close(c->from);
	mem_free(c->mem, c);
}

static const struct iter_ops changes_ops = { changes_next, changes_close };

static bool run_may_change(const struct run_info *i, uint32_t space, uint64_t after)
{
	return i->space_most >= space && (i->version_max > after || i->bulk_version > after);
}

/* Of the log and the runs, newest first, those that may have such entries. */
static int changed_in(struct snapshot *v, uint32_t space, uint64_t after,
		      struct iter **source, size_t *n)
{
	const struct iter_from from = { .space = space };
	struct store *s = v->store;
	struct run *run;
	int r = 0;

	if (v->log && (space == 0 || log_space_version(v->log, space) > after)) {
		r = log_iter_space(&source[0], v->log, v->version, space, after);
		*n += r == 0;
	}
	for (uint32_t i = 0; r == 0 && i < v->manifest.run_n; i++) {
		if (!run_may_change(&v->manifest.run[i], space, after))
			continue;
		r = run_set_open(&v->runs, s, &v->manifest, i, &run);
		if (r == 0)
			r = run_iter(&source[*n], run, &from, &s->mem);
		*n += r == 0;
	}
	return r == ERR_ABSENT ? manifest_lost(&v->manifest, s->backend) : r;
}

int snapshot_changes(struct snapshot *v, uint32_t space, uint64_t after, struct iter **out)
{
	struct mem *mem = &v->store->mem;
	struct iter **source = mem_alloc(mem, (v->manifest.run_n + 1) * sizeof *source);
	struct changes *c = mem_zalloc(mem, sizeof *c);
	size_t n = 0;
	int r = source && c ? changed_in(v, space, after, source, &n) : ERR_MEMORY;

	if (r == 0 && n) {
		*c = (struct changes){ { &changes_ops }, NULL, mem, space, after };
		r = iter_merge(&c->from, source, n, false, mem);
	} else {
		while (n)
			iter_close(source[--n]);
	}
	mem_free(mem, source);
	if (r < 0 || !c || !c->from) {
		mem_free(mem, c);
		return r;
	}
	*out = &c->iter;
	return 1;
}

/* A scan shows what is live, inside the bounds, and stops at the first key past. */
struct scan {
	struct iter iter;
	struct iter *from;
	struct mem *mem;
	uint32_t space;
	bool reverse;
	struct buf prefix, end;
	uint64_t now_ms;
};

static int past(const struct scan *c, const struct entry *e)
{
	if (e->space != c->space)
		return 1;
	if (!c->end.len)
		return 0;
	return c->reverse ? bytes_cmp(e->key, buf_bytes(&c->end)) < 0
			  : bytes_cmp(e->key, buf_bytes(&c->end)) >= 0;
}

/* Once outside of the prefix on the far side, no later key is inside it. */
static int beyond_prefix(const struct scan *c, const struct entry *e)
{
	int cmp = bytes_cmp(e->key, buf_bytes(&c->prefix));

	return c->reverse ? cmp < 0 : cmp > 0;
}

static int scan_next(struct iter *it, struct entry *out)
{
	struct scan *c = (struct scan *)it;

	for (;;) {
		int r = iter_next(c->from, out);

		if (r != 1)
			return r;
		if (past(c, out))
			return 0;
		if (!bytes_starts(out->key, buf_bytes(&c->prefix))) {
			if (beyond_prefix(c, out))
				return 0;
			continue;
		}
		if (out->kind != ENTRY_REMOVE && !entry_expired(out, c->now_ms))
			return 1;
	}
}

static void scan_close(struct iter *it)
{
	struct scan *c = (struct scan *)it;

	iter_close(c->from);
	buf_release(&c->prefix);
	buf_release(&c->end);
	mem_free(c->mem, c);
}

static const struct iter_ops scan_ops = { scan_next, scan_close };

/* Where to begin: the bound asked for, or the prefix's edge if that is further. */
static int begin_at(const struct scan_options *o, struct iter_from *from, struct buf *edge)
{
	struct bytes p = o->prefix;

	*from = o->from;
	if (!p.len)
		return 0;
	if (!o->from.reverse) {
		if (bytes_cmp(from->key, p) < 0)
			from->key = p;
		return 0;
	}
	/* Just past every key that begins with the prefix. */
	while (p.len && p.ptr[p.len - 1] == 0xff)
		p.len--;
	if (!p.len)
		return 0;
	if (buf_add(edge, p.ptr, p.len) < 0)
		return ERR_MEMORY;
	edge->ptr[p.len - 1]++;
	if (!from->key.len || bytes_cmp(buf_bytes(edge), from->key) < 0)
		from->key = buf_bytes(edge);
	return 0;
}

int snapshot_scan(struct snapshot *v, const struct scan_options *o, struct iter **out)
{
	struct mem *mem = &v->store->mem;
	struct scan *c = mem_zalloc(mem, sizeof *c);
	struct buf edge = { .mem = mem };
	struct iter_from from;
	int r;

	if (!c)
		return ERR_MEMORY;
	c->iter.ops = &scan_ops;
	c->mem = c->prefix.mem = c->end.mem = mem;
	c->space = o->from.space;
	c->reverse = o->from.reverse;
	c->now_ms = store_now_ms(v->store);
	r = buf_add(&c->prefix, o->prefix.ptr, o->prefix.len);
	if (r == 0)
		r = buf_add(&c->end, o->end.ptr, o->end.len);
	if (r == 0)
		r = begin_at(o, &from, &edge);
	if (r == 0 && from.reverse && !from.key.len) {
		from.space++;		/* the last key of a space: before the next one's first */
	}
	if (r == 0)
		r = snapshot_iter(v, &from, &c->from);
	buf_release(&edge);
	if (r < 0)
		scan_close(&c->iter);
	else
		*out = &c->iter;
	return r;
}
