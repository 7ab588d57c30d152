/* store/check_log.c - a log, looked at twice when a writer could be the reason
 *
 * The end of a log is vouched for only by what comes later: marks, written now and
 * then, and the next commit.  The index knows it too, and its word holds beyond a
 * restart, so a log that was cut or put back is told; and while the index is believed
 * every durable record must be found through it, or readers would miss it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/check_inside.h"
#include "store/tail.h"

#define QUIET_WAIT_NS 2000000000u	/* for a commit in hand to end */

struct fault {
	struct log_fault f;
	uint64_t after, before;		/* versions of the sound commits around it; 0 */
	char words[400];
};

struct walking {
	struct checking *k;
	const uint8_t *store_id;
	bool list;
	struct buf faults;		/* struct fault */
	struct tail *index;		/* NULL: none of this boot and log */
	struct tail_claim claim;	/* as it said before the walk */
	uint64_t end, version;		/* of the last commit */
};

/* --- the index --- */

static void open_index(struct walking *w, const struct wal_head *head)
{
	struct tail_id id = { .log_id = head->key.log_id, .file_id = head->file_id };

	memcpy(id.store_id, head->key.store_id, sizeof id.store_id);
	tail_claim(&w->claim, w->k->c->backend, &id);
	if (tail_open(&w->index, w->k->c->backend, &id, false, w->k->c->mem) < 0)
		w->index = NULL;
}

static bool indexed(const struct walking *w, const struct entry *e, uint64_t off)
{
	struct tail_node node;
	struct tail_walk at;
	int r = tail_first(w->index, tail_hash(w->index, e->space, e->key), &at, &node);

	while (r == 1 && node.pos != off)
		r = tail_older(w->index, &at, &node);
	return r == 1 && node.version == e->version;
}

static int tell_index(struct walking *w, const struct entry *e)
{
	struct check_finding f = {
		.kind = CHECK_LOG_INDEX,
		.weight = CHECK_DAMAGE, .code = ERR_DAMAGED, .off = CHECK_NOWHERE,
		.what = "a record of the log is not in the index", .version = e->version,
		.graph = checking_graph(w->k, e->space), .space = e->space, .key = e->key,
		.so = "readers may miss the newest value of this key; the log has it",
		.next = "rm STORE/wal/index: it is a cache, and is made anew",
	};

	f.file = checking_path(w->k, TAIL_NAME);
	return checking_tell(w->k, &f);
}

static int tell_end(struct walking *w, const char *path)
{
	char what[160];
	struct check_finding f = {
		.kind = CHECK_LOG_END,
		.weight = CHECK_DAMAGE, .code = ERR_DAMAGED, .file = path, .off = w->end,
		.what = what, .in_log = true, .version = w->version + 1,
		.so = "commits that were acknowledged are gone",
		.next = "if a copy was put back on purpose, remove wal/index",
	};

	snprintf(what, sizeof what, "ends after version %" PRIu64 "; its index knows version %"
		 PRIu64 " to be durable", w->version, w->claim.version);
	return checking_tell(w->k, &f);
}

/* --- the walk --- */

static int on_commit(void *ctx, const struct log_commit *c)
{
	struct walking *w = ctx;
	const struct check *check = w->k->c;

	struct fault *at = (void *)w->faults.ptr;
	size_t n = w->faults.len / sizeof *at;

	while (n && !at[--n].before)
		at[n].before = c->version;
	w->end = c->off + c->bytes;
	w->version = c->version;
	if (w->list)
		checking_step(w->k, c->bytes);
	return w->list && check->commit ? check->commit(check->ctx, c) : 0;
}

static int on_entry(void *ctx, const struct log_commit *c, const struct entry *e,
		    uint64_t off)
{
	struct walking *w = ctx;
	const struct check *check = w->k->c;
	int r = 0;

	if (!w->list)
		return 0;
	if (check->entry)
		r = check->entry(check->ctx, c, e, off);
	if (r != 0 || !check->full || !w->store_id)
		return r;
	if (w->index && e->version <= w->claim.version && !indexed(w, e, off))
		r = tell_index(w, e);
	if (r == 0 && e->kind == ENTRY_BLOB)
		r = checking_value(w->k, e, w->store_id);
	return r;
}

static int on_fault(void *ctx, const struct log_fault *f)
{
	struct walking *w = ctx;
	struct fault copy = { .f = *f, .after = w->version };

	snprintf(copy.words, sizeof copy.words, "%s", f->words ? f->words : "damaged");
	return buf_add(&w->faults, &copy, sizeof copy);
}

static int walk(struct walking *w, struct file *f, bool list)
{
	const struct log_walk all = { on_commit, on_entry, on_fault, w };

	w->list = list;
	w->end = w->version = 0;
	buf_clear(&w->faults);
	return log_walk(f, w->store_id, &all, w->k->c->mem);
}

/* With appending held up, so that nothing is half there. */
static int walk_in_quiet(struct walking *w, struct file *f)
{
	struct backend *b = w->k->c->backend;
	bool locked = backend_lock(b, LOCK_APPEND, LOCK_SHARED, QUIET_WAIT_NS) == 0;
	int r = walk(w, f, false);

	if (locked)
		backend_unlock(b, LOCK_APPEND);
	return r;
}

/* Versions come one by one, but for those a manifest took: between two that follow
 * each other but one lies what is lost. */
static uint64_t version_of(const struct fault *at)
{
	if (at->f.version)
		return at->f.version;
	return at->after && at->before == at->after + 2 ? at->after + 1 : 0;
}

static int tell_fault(struct checking *k, const char *path, const struct fault *at)
{
	bool head = at->f.off < WAL_FIRST_BLK * WAL_BLOCK;	/* or a mark: no commit lies there */
	struct check_finding f = {
		.kind = head ? CHECK_LOG : CHECK_COMMIT, .weight = CHECK_DAMAGE, .code = ERR_DAMAGED, .file = path,
		.off = at->f.off,
		.sums = at->f.expected != at->f.got,
		.expected = at->f.expected, .got = at->f.got,
		.in_log = true, .version = version_of(at), .beyond_n = at->f.beyond_n,
		.so = head ? "the store does not open; the keys of the commits beyond come "
			     "back with a repair" :
			     "the keys written by this commit are lost, and the store does not "
			     "open",
		.next = "strato-walcheck --repair=NEWDIR makes a new store of what is sound",
	};

	checking_take(k, &f, at->words);
	return checking_tell(k, &f);
}

static int tell_torn(struct checking *k, const char *path)
{
	struct check_finding f = {
		.kind = CHECK_TAIL, .weight = CHECK_TORN, .code = ERR_TORN_TAIL, .file = path,
		.off = CHECK_NOWHERE, .in_log = true,
		.what = "the last commit is incomplete, as after a crash",
		.so = "no acknowledged record is lost",
		.next = "nothing needs to be done: the next writer drops it",
	};

	return checking_tell(k, &f);
}

static int tell_walk(struct walking *w, int r, const char *path)
{
	const struct check_finding pattern = {
		.kind = CHECK_LOG, .in_log = true, .so = "the log cannot be read, and the store does not open",
		.next = "strato-walcheck --repair=NEWDIR makes a new store of what is sound",
	};
	const struct fault *at = (const void *)w->faults.ptr;
	size_t n = w->faults.len / sizeof *at;
	int e = 0;

	for (size_t i = 0; e == 0 && i < n; i++)
		e = tell_fault(w->k, path, &at[i]);
	if (e != 0 || r == 0 || (r == ERR_DAMAGED && n))
		return e;
	return r == ERR_TORN_TAIL ? tell_torn(w->k, path)
				  : checking_met(w->k, r, path, &pattern);
}

int checking_log(struct checking *k, struct file *f, const struct wal_head *head)
{
	struct walking w = { .k = k, .store_id = head ? head->key.store_id : NULL };
	char path[sizeof k->file];
	int r;

	snprintf(path, sizeof path, "%s", file_path(f));
	w.faults.mem = k->c->mem;
	if (head)
		open_index(&w, head);
	r = walk(&w, f, true);
	if ((r == ERR_DAMAGED || r == ERR_TORN_TAIL) && head)
		r = walk_in_quiet(&w, f);
	if (r <= 0 && (r == 0 || r != k->stop))
		r = tell_walk(&w, r, path);
	if (r == 0 && k->worst != ERR_DAMAGED && w.claim.blk > WAL_FIRST_BLK &&
	    w.claim.blk * WAL_BLOCK > w.end)
		r = tell_end(&w, path);
	tail_close(w.index);
	buf_release(&w.faults);
	return r;
}
