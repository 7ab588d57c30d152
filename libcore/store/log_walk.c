/* store/log_walk.c - every commit of a log file, for walcheck
 *
 * The same walk as recovery's.  Where recovery would stop for damage it goes on:
 * each block is looked at, each sound commit that is later than the last is
 * handed out, each bad place reported.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "store/log_inside.h"

struct walk {
	struct recover r;
	const struct log_walk *to;
	struct buf records;
	uint64_t beyond_n;		/* sound commits not handed out yet */
	uint64_t durable_blk;
	uint64_t in_version, in_end;	/* a broken commit whose head is known */
	bool gap;			/* the last block was missing: said already */
	uint64_t fault_n;
};

static int fault(struct walk *w, uint64_t off, const struct wal_block *b, const char *words)
{
	struct log_fault f = {
		.off = off, .version = b->version, .beyond_n = w->beyond_n, .words = words,
	};

	if (b->kind == WAL_DAMAGED) {
		f.expected = b->expected;
		f.got = b->got;
	}
	if (!f.version && off / WAL_BLOCK < w->in_end)
		f.version = w->in_version;
	w->fault_n++;
	return w->to->fault ? w->to->fault(w->to->ctx, &f) : 0;
}

static int hand_entries(struct walk *w, const struct recover_commit *c,
			const struct log_commit *lc)
{
	struct bytes rest = buf_bytes(&w->records);
	struct entry e;
	uint64_t n = 0;
	int r = 0;

	while (r == 0 && rest.len) {
		uint64_t off = wal_pos(c->blk, w->records.len - rest.len);
		long len = entry_get_logged(rest, c->first.version, &e);

		if (len < 0)
			return fault(w, off, &c->first, "a record is malformed");
		if (w->to->entry)
			r = w->to->entry(w->to->ctx, lc, &e, off);
		rest.ptr += len;
		rest.len -= (size_t)len;
		n++;
	}
	if (r == 0 && n != c->first.entry_n)
		r = fault(w, lc->off, &c->first, "another number of records than the commit says");
	return r;
}

static int hand(struct walk *w, const struct recover_commit *c)
{
	struct log_commit lc = {
		.version = c->first.version, .off = c->blk * WAL_BLOCK,
		.bytes = (uint64_t)c->first.blk_n * WAL_BLOCK,
		.entry_n = c->first.entry_n, .wall_ns = c->first.wall_ns,
	};
	int r = recover_records(&w->r, c, &w->records);

	if (r == 0 && w->to->commit)
		r = w->to->commit(w->to->ctx, &lc);
	return r < 0 ? r : hand_entries(w, c, &lc);
}

static int look(struct walk *w, uint64_t blk, struct wal_block *b)
{
	const uint8_t *p;
	int r = recover_block(&w->r, blk, &p);

	if (r == 0)
		wal_check(b, p, blk, &w->r.head.key);
	return r;
}

/* A block that no commit was made of.  Sound blocks of a broken commit are not
 * named: what broke it is. */
static int judge(struct walk *w, uint64_t blk, const struct wal_block *b)
{
	bool gap = b->kind == WAL_BLANK || b->kind == WAL_MIXED;
	int r = 0;

	if (b->kind == WAL_TAKEN)
		r = fault(w, blk * WAL_BLOCK, b, "a block of a later log");
	else if (b->kind == WAL_DAMAGED)
		r = fault(w, blk * WAL_BLOCK + b->sector * DISK_SECTOR, b,
			  b->expected == b->got ? "malformed block" : "checksum differs");
	else if (gap && blk < w->durable_blk && !w->gap)
		r = fault(w, blk * WAL_BLOCK, b, "a block that was durable is missing or torn");
	w->gap = gap;
	return r;
}

/* Nobody vouches for the chain any more: a commit counts when it is whole and
 * later than the last. */
static int step(struct walk *w, uint64_t *blk)
{
	struct recover_commit c;
	struct wal_block b;
	int r = recover_commit_at(&w->r, *blk, &c);

	if (r == 1 && c.first.version > w->r.version) {
		r = hand(w, &c);
		recover_resume(&w->r, *blk + c.first.blk_n, c.first.version, c.first.nonce);
		w->gap = false;
		w->beyond_n -= w->beyond_n > 0;
		*blk += c.first.blk_n;
		return r;
	}
	if (r < 0)
		return r;
	r = look(w, *blk, &b);
	if (r < 0)
		return r;
	if (b.kind == WAL_WHOLE && b.blk_i == 0) {
		w->in_version = b.version;
		w->in_end = *blk + b.blk_n;
	}
	r = judge(w, *blk, &b);
	++*blk;
	return r;
}

static int sift(struct walk *w)
{
	int r = 0;

	for (uint64_t blk = w->r.blk; r == 0 && blk < w->r.size_blk; )
		r = step(w, &blk);
	return r;
}

/* Each block sound by itself, but the walk did not come through: say where. */
static int broken_chain(struct walk *w, uint64_t blk, uint64_t beyond_n)
{
	static const struct wal_block none;

	w->beyond_n = beyond_n;
	w->in_end = 0;
	return fault(w, blk * WAL_BLOCK, &none, "not the commit that is due here");
}

static int walk(struct walk *w)
{
	struct recover_rest rest;
	struct recover_commit c;
	struct err_note note;
	uint64_t blk;
	int r, verdict;

	while ((r = recover_next(&w->r, &c)) == 1) {
		r = hand(w, &c);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = recover_rest(&w->r, &rest);
	if (r < 0)
		return r;
	verdict = recover_verdict(&w->r, &rest);
	if (verdict != ERR_DAMAGED)
		return verdict;
	err_take(&note, verdict);
	w->beyond_n = rest.beyond_n;
	w->durable_blk = rest.durable_blk;
	blk = w->r.fail_blk;
	r = sift(w);
	if (r == 0 && w->fault_n == 0)
		r = broken_chain(w, blk, rest.beyond_n);
	return r < 0 ? r : err_give(&note);
}

/* Without a sound head nothing else can be checked; without a mark all of it. */
static int head_fault(struct walk *w)
{
	static const struct wal_block none;
	uint64_t bad_blk = w->r.mark.bad_blk;
	struct err_note note;
	int r;

	err_take(&note, ERR_DAMAGED);
	r = fault(w, bad_blk * WAL_BLOCK, &none, note.message);
	if (r == 0 && bad_blk)
		r = walk(w);
	return r == 0 || r == ERR_TORN_TAIL ? err_give(&note) : r;
}

int log_walk(struct file *f, const uint8_t *store_id, const struct log_walk *to,
	     struct mem *mem)
{
	struct walk w = { .to = to, .records.mem = mem };
	int r;

	r = recover_init(&w.r, f, NULL, mem);
	if (r == 0 && store_id && memcmp(store_id, w.r.head.key.store_id, 16))
		r = err_set(ERR_DAMAGED, "%s: offset 0: is a log of another store",
			    file_path(f));
	if (r == ERR_DAMAGED)
		r = head_fault(&w);
	else if (r == 0)
		r = walk(&w);
	if ((r >= 0 || r == ERR_TORN_TAIL) && w.fault_n)
		r = err_set(ERR_DAMAGED, "%s: holds malformed records", file_path(f));
	recover_release(&w.r);
	buf_release(&w.records);
	return r;
}
