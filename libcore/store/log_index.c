/* store/log_index.c - the log's index: found, followed, made anew
 *
 * The file is the truth.  An index is believed when it is of this boot, log and
 * file, was left clean, and the file's end is where it says (end_moved): then no
 * copy of a store, no deleted wal/index and no second index can make two writers
 * append to one place.  Else the log is read once, from the device where that can
 * be had, and flushed before anything in it is believed.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/log_inside.h"

static struct tail_id id_of(const struct log *l)
{
	struct tail_id id = { .log_id = l->o.log_id, .file_id = l->head.file_id };

	memcpy(id.store_id, l->o.store_id, sizeof id.store_id);
	return id;
}

static void take(struct log *l, struct tail *t, bool alone)
{
	tail_close(l->t);
	l->t = t;
	l->alone = alone;
}

static bool may_share(const struct log *l)
{
	return l->o.write;
}

/* --- commits into the index --- */

int log_index_stage(struct tail *t, const struct file *f, uint64_t blk, uint64_t version,
		    struct bytes records, uint64_t entry_n)
{
	struct bytes rest = records;
	struct entry e;
	uint64_t i;
	long n;

	for (i = 0; i < entry_n && rest.len; i++) {
		struct tail_node node = {
			.pos = wal_pos(blk, records.len - rest.len), .version = version,
		};

		n = entry_get_logged(rest, version, &e);
		if (n < 0)
			return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": a record of "
				       "version %" PRIu64 " is malformed",
				       file_path(f), node.pos, version);
		node.hash = tail_hash(t, e.space, e.key);
		node.len = (uint32_t)n;
		node.space = e.space;
		tail_stage(t, i, &node);
		if (e.space)
			tail_raise(t->head, tail_space(t, e.space), version);
		rest.ptr += n;
		rest.len -= (size_t)n;
	}
	if (rest.len || i < entry_n)
		return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": version %" PRIu64
			       " does not hold the %" PRIu64 " records it should",
			       file_path(f), wal_pos(blk, 0), version, entry_n);
	return 0;
}

/* Readers take the version first and believe all blocks before it: store it last. */
int log_index_extend(struct tail *t, const struct log_end *end)
{
	struct tail_head *h = t->head;
	int r = tail_link(t, end->entry_n);

	tail_set(h, &h->last_nonce, end->nonce);
	tail_set(h, &h->commit_n, h->commit_n + 1);
	tail_raise(h, &h->wall_ns, end->wall_ns);
	tail_set(h, &h->append_blk, end->blk);
	tail_set(h, &h->append_version, end->version);
	return r;
}

static int anew(struct log *l);

static int make(struct log *l, struct tail **out, uint64_t node_n, bool shared)
{
	struct tail_id id = id_of(l);

	return tail_make(out, l->o.backend, &id, node_n, shared, l->o.mem);
}

/* A larger one with the same contents.  Shared: under the sync lock, lest a
 * flush be noted in the old one only. */
static int larger(struct log *l, uint64_t n, bool shared)
{
	struct tail *t;
	int r = make(l, &t, l->t->head->node_n + n, shared);

	if (r < 0)
		return r;
	r = tail_copy(t, l->t);
	if (r == 0 && shared)
		r = tail_publish(t);
	if (r < 0) {
		tail_close(t);
		return r;
	}
	tail_set(l->t->head, &l->t->head->superseded, 1);
	take(l, t, !shared);
	return 0;
}

/* Nobody shall believe an index that we do not keep up. */
static void withdraw(struct log *l)
{
	struct err_note note;

	if (!l->o.write)
		return;
	err_take(&note, 0);
	backend_remove(l->o.backend, TAIL_NAME);	/* often it is not there */
	err_give(&note);
}

/* What is spoiled is no source: the log is, and then there may be room. */
static int larger_or_anew(struct log *l, uint64_t n, bool shared)
{
	int r = larger(l, n, shared);

	if (r != ERR_DAMAGED)
		return r;
	err_clear();
	r = anew(l);
	return r < 0 || tail_has_room(l->t, n) ? r : larger(l, n, shared && !l->alone);
}

int log_index_grow(struct log *l, uint64_t n)
{
	int r;

	if (l->alone)
		return larger(l, n, false);
	r = backend_lock(l->o.backend, LOCK_SYNC, LOCK_EXCLUSIVE, LOG_SYNC_WAIT_NS);
	if (r < 0)
		return r;
	r = larger_or_anew(l, n, true);
	if (r < 0 && r != ERR_DAMAGED) {	/* a full disk: without one, then */
		r = larger(l, n, false);
		if (r == 0)
			withdraw(l);
	}
	backend_unlock(l->o.backend, LOCK_SYNC);
	return r;
}

/* --- reading the log --- */

static int take_up(struct log *l, struct recover *r, const struct recover_commit *c,
		   struct buf *records)
{
	int e = recover_records(r, c, records);

	if (e == 0 && !tail_has_room(l->t, c->first.entry_n))
		e = larger(l, c->first.entry_n, false);
	if (e == 0)
		e = log_index_stage(l->t, r->file, c->blk, c->first.version,
				    buf_bytes(records), c->first.entry_n);
	if (e < 0)
		return e;
	return log_index_extend(l->t, &(struct log_end){
		.blk = c->blk + c->first.blk_n, .version = c->first.version,
		.nonce = c->first.nonce, .entry_n = c->first.entry_n,
		.wall_ns = c->first.wall_ns });
}

/* Into the index what lies from the walk's place up to END_BLK, or as far as it
 * goes. */
static int read_on(struct log *l, struct recover *r, uint64_t end_blk)
{
	struct buf records = { .mem = l->o.mem };
	struct recover_commit c;
	int e = 0;

	while (r->blk < end_blk && (e = recover_next(r, &c)) == 1) {
		e = take_up(l, r, &c, &records);
		if (e < 0)
			break;
	}
	buf_release(&records);
	return e < 0 ? e : 0;
}

/* The walk to the end and what it means: 0 or ERR_TORN_TAIL, or an error. */
static int survey(struct recover *r, struct recover_rest *rest)
{
	struct recover_commit c;
	int e;

	while ((e = recover_next(r, &c)) == 1)
		;
	if (e == 0)
		e = recover_rest(r, rest);
	return e < 0 ? e : recover_verdict(r, rest);
}

/* What is known to be durable: by the index that is believed, or was until now, and by
 * the claim of the one in the file, of an earlier boot too.  Asked before the walk, so
 * that the walk comes as far, whoever appends meanwhile. */
struct vouched {
	uint64_t version;
	struct tail_claim claim;
};

static struct vouched vouched(const struct log *l)
{
	const struct tail_head *h = l->t && !l->alone ? l->t->head : NULL;
	struct tail_id id = id_of(l);
	struct vouched v = { .version = 0 };

	if (h && tail_agrees(h, &h->durable_version) && !h->doubtful && !h->superseded)
		v.version = h->durable_version;
	tail_claim(&v.claim, l->o.backend, &id);
	return v;
}

/* The end of a log that is whole, but was longer, its file cannot tell. */
static int not_shorter(const struct recover *r, const struct vouched *v)
{
	uint64_t version = v->version > v->claim.version ? v->version : v->claim.version;

	if ((r->version >= v->version && r->blk >= v->claim.blk) ||
	    r->mark.flags & WAL_RETIRED)
		return 0;
	err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": it ends after version %" PRIu64
		"; its index knows version %" PRIu64 " to be durable", file_path(r->file),
		r->blk * WAL_BLOCK, r->version, version);
	err_hint("if a copy was put back on purpose, remove wal/index");
	return ERR_DAMAGED;
}

/* A fresh index on the log as surveyed, FLUSHED or not. */
static int fill(struct log *l, struct recover *r, bool shared, bool flushed)
{
	uint64_t end = r->blk;
	struct tail_head *h;
	struct tail *t;
	int e = make(l, &t, r->entry_n, shared);

	if (e < 0)
		return e;
	h = t->head;
	tail_set(h, &h->append_blk, WAL_FIRST_BLK);
	tail_set(h, &h->append_version, r->head.base_version);
	tail_set(h, &h->last_nonce, r->head.file_id);
	tail_set(h, &h->file_blk, r->size_blk);
	tail_set(h, &h->floor, r->mark.floor);
	tail_set(h, &h->log_flags, r->mark.flags);
	tail_set(h, &h->mark_sequence, r->mark.sequence);
	tail_set(h, &h->mark_blk, r->mark.durable_blk);
	take(l, t, true);
	recover_resume(r, WAL_FIRST_BLK, r->head.base_version, r->head.file_id);
	e = read_on(l, r, end);
	h = l->t->head;
	tail_set(h, &h->mark_commit_n, h->commit_n);
	tail_set(h, &h->durable_blk, flushed ? h->append_blk : r->mark.durable_blk);
	tail_set(h, &h->durable_version, h->append_version);
	return e;
}

/* --- a private one --- */

/* Shown is only what is durable, and nobody else says what of it is.  Where
 * nothing can be written nothing is waiting to be. */
static int make_durable(struct log *l)
{
	struct err_note note;
	int e;

	if (l->o.no_sync)
		return 0;
	err_take(&note, 0);
	e = file_flush(l->f);
	if (e == ERR_IO)
		return e;
	err_give(&note);
	return 0;
}

static int fill_private(struct log *l)
{
	struct vouched known = vouched(l);
	struct recover_rest rest;
	struct recover r;
	int e = recover_init(&r, l->f, &l->head.key, l->o.mem);

	if (e == 0)
		e = survey(&r, &rest);
	if (e == 0 || e == ERR_TORN_TAIL)
		e = not_shorter(&r, &known);
	if (e == 0)
		e = fill(l, &r, false, false);
	recover_release(&r);
	return e < 0 ? e : make_durable(l);
}

/* What looks like damage may be a writer's half-copied page: look again while
 * nobody appends. */
static int fill_for_reading(struct log *l)
{
	struct err_note note;
	int e = fill_private(l);

	if (e != ERR_DAMAGED)
		return e;
	err_take(&note, e);
	if (!l->begun && backend_lock(l->o.backend, LOCK_APPEND, LOCK_SHARED,
				      l->o.wait_ns) < 0)
		return err_give(&note);
	e = fill_private(l);
	if (!l->begun)
		backend_unlock(l->o.backend, LOCK_APPEND);
	return e;
}

/* Under the append lock the end must be clean, or a torn tail is wiped. */
static int settle_end(struct log *l, struct recover *r)
{
	struct recover_rest rest;
	int e = recover_at_blank(r);

	if (e != 0)
		return e < 0 ? e : 0;
	e = recover_rest(r, &rest);
	if (e == 0)
		e = recover_verdict(r, &rest);
	if (e != ERR_TORN_TAIL)
		return e;
	return log_file_zero(l->f, r->blk, rest.remains_blk, l->o.mem);
}

/* What we go on to believe is written once more, so that a page that failed is
 * dirty again and the coming flush means it. */
static int write_again(struct log *l, struct recover *r, uint64_t from)
{
	uint64_t n;
	int e = 0;

	for (uint64_t blk = from; e == 0 && blk < r->blk; blk += n) {
		const uint8_t *p;

		e = recover_block(r, blk, &p);
		if (e < 0)
			break;
		n = r->window_blk + r->window_n - blk;
		n = n < r->blk - blk ? n : r->blk - blk;
		e = file_write(l->f, p, (size_t)n * WAL_BLOCK, blk * WAL_BLOCK);
	}
	return e;
}

/* Commits of others since FROM: nobody tells us whether their flush failed. */
static int take_over_from(struct log *l, struct recover *r, uint64_t from)
{
	int e;

	if (!l->begun || l->o.no_sync)
		return make_durable(l);
	e = write_again(l, r, from);
	if (e == 0)
		e = file_flush(l->f);
	if (e < 0)
		l->failed = true;
	return e;
}

int log_index_follow(struct log *l)
{
	struct tail_head *h = l->t->head;
	uint64_t from = h->append_blk;
	struct recover r;
	int e = recover_init(&r, l->f, &l->head.key, l->o.mem);

	recover_resume(&r, h->append_blk, h->append_version, h->last_nonce);
	if (e == 0)
		e = read_on(l, &r, UINT64_MAX);
	if (e == 0 && l->begun)
		e = settle_end(l, &r);
	if (e == 0 && r.blk > from)
		e = take_over_from(l, &r, from);
	if (e == 0) {
		h = l->t->head;
		tail_set(h, &h->file_blk, r.size_blk);
		tail_set(h, &h->log_flags, r.mark.flags);
		tail_set(h, &h->mark_sequence, r.mark.sequence);
		tail_raise(h, &h->floor, r.mark.floor);
		tail_raise(h, &h->durable_blk, r.mark.durable_blk);
		tail_raise(h, &h->durable_version, h->append_version);
	}
	recover_release(&r);
	return e;
}

int log_index_leave(struct log *l)
{
	if (l->o.write && !l->alone)
		tail_set(l->t->head, &l->t->head->superseded, 1);	/* the next writer makes a new one */
	return fill_for_reading(l);
}

/* --- made anew, under both locks --- */

/* The device's word, not the page cache's: pages whose write failed look clean.
 * Where that cannot be had the file as it is open must do. */
static struct file *device_view(struct log *l)
{
	char name[WAL_NAME_MAX];
	struct file *f;

	wal_name(name, l->o.log_id);
	if (backend_open(l->o.backend, name, FILE_DIRECT, &f) < 0)
		return l->f;
	return f;
}

/* The end as the survey found it becomes the end in every view of the file.  What
 * nobody vouches for may be of a process whose flush failed, and died of it. */
static int mend(struct log *l, struct recover *r, const struct recover_rest *rest)
{
	const struct tail_head *h = l->t ? l->t->head : NULL;
	uint64_t to = rest->remains_blk, from = r->mark.durable_blk;
	int e = 0;

	if (h && tail_agrees(h, &h->durable_blk) && h->durable_blk > from)
		from = h->durable_blk;
	if (h && h->doubtful) {
		to = h->append_blk > to ? h->append_blk : to;
		to = to < r->size_blk ? to : r->size_blk;
	}
	if (l->o.no_sync && !(h && h->doubtful))
		from = r->blk;
	if (from >= r->blk && to <= r->blk)
		return 0;
	e = write_again(l, r, from);
	if (e == 0 && to > r->blk)
		e = log_file_zero(l->f, r->blk, to, l->o.mem);
	return e < 0 ? e : file_flush(l->f);
}

/* Of a version that may be taken the manifest is asked where we were not told. */
static void inherit(struct tail_head *h, struct tail_head *old)
{
	if (tail_agrees(old, &old->taken))
		tail_set(h, &h->taken, old->taken);
	else
		tail_set(h, &h->publishing, 1);
	tail_set(old, &old->superseded, 1);
}

static int fill_shared(struct log *l, struct recover *r)
{
	struct tail *old = l->t;
	bool sure = !l->o.no_sync;	/* else an earlier flush may have failed: see mend */
	int e;

	l->t = NULL;
	e = l->o.scarce ? ERR_NO_SPACE : fill(l, r, true, sure);
	if (e == 0)
		tail_supersede(l->o.backend);
	if (e == 0)
		e = tail_publish(l->t);
	l->alone = e < 0;
	if (e < 0 && e != ERR_DAMAGED) {
		e = fill(l, r, false, sure);
		if (e == 0)
			withdraw(l);
	}
	if (e == 0 && old)
		inherit(l->t->head, old->head);
	if (e < 0) {			/* as it was: still dirty, or doubtful */
		tail_close(l->t);
		l->t = old;
		l->alone = false;
	} else {
		tail_close(old);
	}
	return e;
}

static int anew(struct log *l)
{
	struct vouched known = vouched(l);
	struct file *view = NULL;
	struct recover_rest rest;
	struct recover r = { 0 };
	int e = file_flush(l->f);

	if (e < 0)
		goto out;
	view = device_view(l);
	e = recover_init(&r, view, &l->head.key, l->o.mem);
	if (e == 0)
		e = survey(&r, &rest);
	if (e == ERR_TORN_TAIL || e == 0)
		e = not_shorter(&r, &known);
	if (e == 0)
		e = mend(l, &r, &rest);
	if (e == 0)
		e = fill_shared(l, &r);
out:
	if (e == ERR_IO && l->t && l->o.write)
		tail_set(l->t->head, &l->t->head->doubtful, 1);
	recover_release(&r);
	if (view != l->f)
		file_close(view);
	return e;
}

/* Under the sync lock too: a flush under way ends, and notes what it found, before
 * the index it knows is replaced. */
static int rebuild(struct log *l)
{
	int e = backend_lock(l->o.backend, LOCK_SYNC, LOCK_EXCLUSIVE, LOG_SYNC_WAIT_NS);

	if (e < 0)
		return e;
	e = anew(l);
	backend_unlock(l->o.backend, LOCK_SYNC);
	return e;
}

/* --- the one that is there --- */

int log_index_adopt(struct log *l)
{
	struct tail_id id = id_of(l);
	struct tail *t;
	int e = tail_open(&t, l->o.backend, &id, may_share(l), l->o.mem);

	if (e == 0)
		take(l, t, false);
	return e;
}

/* The last block of the last commit, and the block behind it. */
static int read_end(struct log *l, uint64_t blk, struct wal_block b[2])
{
	ssize_t n;
	int e = log_file_room(l, &l->in, 2 * WAL_BLOCK);

	if (e < 0)
		return e;
	n = file_read_some(l->f, l->in.ptr, 2 * WAL_BLOCK, (blk - 1) * WAL_BLOCK);
	if (n < 0)
		return (int)n;
	memset(b, 0, 2 * sizeof *b);
	b[0].kind = b[1].kind = WAL_BLANK;
	for (int i = 0; (i + 1) * (ssize_t)WAL_BLOCK <= n; i++)
		wal_check(&b[i], l->in.ptr + i * WAL_BLOCK, blk - 1 + (uint64_t)i,
			  &l->head.key);
	return 0;
}

/* Does an index left dirty belong to a writer who is at work? */
static bool somebody_appends(struct log *l)
{
	struct err_note note;
	int r;

	err_take(&note, 0);
	r = backend_lock(l->o.backend, LOCK_APPEND, LOCK_SHARED, 0);
	if (r == 0)
		backend_unlock(l->o.backend, LOCK_APPEND);
	err_give(&note);
	return r == ERR_LOCKED;
}

/* Is the end of the file another than the index says, or nothing that it says?  A commit being appended
 * by a live writer is none of it. */
static int end_moved(struct log *l)
{
	const struct tail_head *h = l->t->head;
	struct wal_block b[2];

	if (!l->alone && (h->superseded || !tail_is_sound(l->t)))
		return 1;
	if (log_file_untouched(l))
		return 0;
	for (int tries = 0; tries < 100; tries++) {
		uint64_t blk = h->append_blk, nonce = h->last_nonce;
		bool dirty = h->dirty, lost, more;
		int e;

		if (blk < WAL_FIRST_BLK)
			return 1;
		e = read_end(l, blk, b);
		if (e < 0)
			return e;
		lost = blk > WAL_FIRST_BLK && (b[0].kind != WAL_WHOLE ||
		       b[0].nonce != nonce || b[0].blk_i + 1 != b[0].blk_n);
		more = b[1].kind == WAL_WHOLE && b[1].blk_i == 0 &&
		       b[1].prev_nonce == nonce;
		if (!lost && !more)
			return 0;
		if (l->begun)
			return 1;
		if (!lost && dirty && somebody_appends(l))
			return 0;
		if (h->append_blk == blk && h->last_nonce == nonce && h->dirty == dirty)
			return 1;
	}
	return 1;
}

/* An index without a name is one that others do not keep up: they may have folded
 * the log.  Where names cannot be seen, their marks can. */
static int lost_its_name(struct log *l)
{
	struct file_stamp s;
	struct err_note note;
	struct wal_mark m;
	int e;

	err_take(&note, 0);
	e = file_stamp(l->t->file, &s);
	err_give(&note);
	if (e == 0)
		return s.links == 0;
	e = log_file_room(l, &l->in, 2 * WAL_BLOCK);
	if (e == 0)
		e = file_read(l->f, l->in.ptr, 2 * WAL_BLOCK, WAL_MARK_BLK * WAL_BLOCK);
	if (e < 0)
		return e;
	err_take(&note, 0);
	e = wal_mark_parse(&m, l->in.ptr, &l->head.key, l->f);
	err_give(&note);	/* not to be read: whoever makes it anew says why */
	return e < 0 || m.sequence > l->t->head->mark_sequence;
}

static int is_current(struct log *l)
{
	const struct tail_head *h = l->t->head;
	int moved;

	if (h->superseded || h->dirty || h->doubtful || h->node_n > l->t->node_cap ||
	    !tail_is_sound(l->t))
		return 0;
	moved = end_moved(l);
	if (moved == 0 && l->begun)
		moved = lost_its_name(l);
	if (moved == 0 && l->begun)
		log_file_stamp(l);
	return moved < 0 ? moved : !moved;
}

static int retired(struct log *l)
{
	return err_set(ERR_CHANGED, "%s: the log was folded meanwhile", file_path(l->f));
}

/* Under the append lock nobody publishes: what the manifest says now stays, and is
 * made durable before anything rests on it.  OTHERWISE where nobody can be asked. */
static int is_named(struct log *l, int otherwise)
{
	uint64_t version = 0;
	int e;

	if (!l->o.named)
		return otherwise;
	e = backend_sync_dir(l->o.backend, "");
	if (e == 0)
		e = l->o.named(l->o.named_ctx, l->o.log_id, &version);
	if (e == 1 && l->t)
		tail_raise(l->t->head, &l->t->head->floor, version);
	return e;
}

/* A publisher died between two calls: the manifest knows how far it came. */
static int ask_manifest(struct log *l)
{
	struct tail_head *h = l->t->head;
	int named = is_named(l, 0);

	if (named < 0)
		return named;
	tail_set(h, &h->log_flags, named ? 0 : WAL_RETIRED);
	log_file_mark(l);		/* if it fails the next one asks again */
	return named ? 0 : retired(l);
}

static int not_retired(struct log *l)
{
	uint32_t flags = l->t->head->log_flags;

	if (flags & WAL_RETIRED)
		return retired(l);
	return flags & WAL_RETIRING ? ask_manifest(l) : 0;
}

/* A log that was folded has no index any more: the name is another's. */
static int rebuild_if_named(struct log *l)
{
	int e = is_named(l, 1);

	if (e < 0)
		return e;
	return e ? rebuild(l) : retired(l);
}

/* Who replaced the manifest may have died, before it was durable or before we
 * knew of its version. */
static int settle_manifest(struct log *l)
{
	int e = 1;

	if (l->alone || l->t->head->publishing)
		e = is_named(l, 1);
	if (e == 1)
		tail_set(l->t->head, &l->t->head->publishing, 0);
	return e < 0 ? e : e ? 0 : retired(l);
}

int log_index_ready(struct log *l)
{
	int e = l->alone || l->t->head->superseded ? log_index_adopt(l) : 0;

	if (e == ERR_ABSENT && l->alone) {
		withdraw(l);		/* one that others could use and we could not */
		e = log_index_follow(l);
	} else if (e == 0 || e == ERR_ABSENT) {
		e = is_current(l);
		if (e == 0)
			e = rebuild_if_named(l);
	}
	if (e >= 0)
		e = settle_manifest(l);
	return e < 0 ? e : not_retired(l);
}

/* A writer leaves an index for all. */
static int open_for_writing(struct log *l)
{
	int e = backend_lock(l->o.backend, LOCK_APPEND, LOCK_EXCLUSIVE, l->o.wait_ns);

	if (e < 0)
		return e;
	e = log_index_adopt(l);		/* somebody may have been faster */
	if (e == ERR_ABSENT || (e == 0 && (l->t->head->dirty || l->t->head->doubtful)))
		e = rebuild_if_named(l);
	backend_unlock(l->o.backend, LOCK_APPEND);
	return e;
}

/* Did its writer die in the middle?  A reader of the file would see more. */
bool log_index_abandoned(struct log *l)
{
	const struct tail_head *h = l->t->head;

	return !l->alone && (h->dirty || h->doubtful || !tail_is_sound(l->t)) &&
	       !somebody_appends(l);
}

/* A reader's next view.  Somebody may have deleted wal/index, and made another
 * that a writer with the first does not keep up: then the file itself. */
int log_index_refresh(struct log *l)
{
	int e;

	if (l->alone)
		return log_index_follow(l);
	if (l->t->head->superseded)
		log_index_adopt(l);
	e = end_moved(l);
	if (e == 1 && log_index_adopt(l) == 0)
		e = end_moved(l);
	return e == 1 ? fill_for_reading(l) : e;
}

/* The usual case: an index whose stamp is the file's, so that not a block of the
 * log need be read: for a small put two reads less, each as long as its write. */
static bool adopt_untouched(struct log *l)
{
	l->head.file_id = 0;
	if (log_index_adopt(l) < 0)
		return false;
	if (log_file_untouched(l) && !l->t->head->superseded) {
		l->head.file_id = l->t->head->file_id;
		return true;
	}
	take(l, NULL, false);
	return false;
}

int log_index_open(struct log *l)
{
	int e;

	if (adopt_untouched(l) && !log_index_abandoned(l))
		return 0;
	e = log_file_check(l);
	if (e == 0)
		e = log_index_adopt(l);
	if (l->o.write && (e == ERR_ABSENT || (e == 0 && log_index_abandoned(l))))
		return open_for_writing(l);
	if (e == ERR_ABSENT)
		return fill_for_reading(l);
	if (e < 0 || l->o.write)
		return e;
	e = end_moved(l);
	return e == 1 ? fill_for_reading(l) : e;
}
