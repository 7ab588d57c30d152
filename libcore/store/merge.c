/* store/merge.c - the log into a run, runs into fewer, dead blobs away
 *
 * Nobody works in the background: the writer whose commit crosses log_size folds
 * the log, and then merges a level that is full.  Levels have a fan-out of
 * MERGE_FAN: that many runs of a level become one of the next, so a key is
 * rewritten once a level, and a get asks at most MERGE_FAN - 1 runs a level, each
 * behind its filter (the tiering of O'Neil et al., "The Log-Structured
 * Merge-Tree", 1996, with lazy levels).
 *
 * Every step builds segments first and then replaces the manifest: a crash
 * leaves the old store or the new one, and files that the next sweep removes.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "io/file.h"
#include "store/store_priv.h"

#define MERGE_BOUND 4		/* times log_size: no commit is added to a log larger */
#define MERGE_FAN 4		/* 3 runs a level at rest: about 8 runs for 64 GiB */
#define LOG_FIRST (256u << 10)

enum block_codec merge_codec(struct store *s)
{
	return setting_u64(&s->settings, SETTING_COMPRESSION) == COMPRESSION_LZ4 ?
		BLOCK_LZ4 : BLOCK_RAW;
}

int merge_iter_to_run(struct store *s, struct iter *it, uint64_t entry_n, bool last,
		      struct run_info *out)
{
	uint64_t now_ms = clock_wall_ns() / 1000000;
	struct run_writer *w = NULL;
	struct entry e;
	int r;

	r = run_create(&w, s->backend, s->manifest.store_id, entry_n, merge_codec(s), &s->mem);
	while (r == 0 && (r = iter_next(it, &e)) == 1) {
		/* Nothing older lies below: the removal has done its work. */
		if (last && (e.kind == ENTRY_REMOVE || entry_expired(&e, now_ms))) {
			if (e.version > s->forgotten)
				s->forgotten = e.version;
			r = 0;
		} else {
			r = run_add(w, &e);
		}
	}
	iter_close(it);
	if (r < 0)
		run_abort(w);
	else
		r = run_finish(w, out);
	return r;
}

/* --- fold --- */

static int log_to_run(struct store *s, bool last, struct run_info *out)
{
	struct iter_from from = { .space = 0 };
	struct iter *it;
	int r = log_sync(s->log, log_version(s->log));

	if (r == 0)
		r = log_iter(&it, s->log, UINT64_MAX, &from);
	return r < 0 ? r : merge_iter_to_run(s, it, log_entry_n(s->log), last, out);
}

/* The manifest after a fold, built but not yet written. */
static int folded_manifest(struct store *s, const struct store_swap *swap,
			   struct manifest *next)
{
	struct run_info folded;
	int r = manifest_copy(next, &s->manifest);

	if (r < 0)
		return r;
	next->folded = log_version(s->log);
	/* the log's last, or a later one that a manifest took */
	next->version = swap->version ? swap->version : log_next_version(s->log) - 1;
	next->log_id++;
	if (log_entry_n(s->log)) {
		r = log_to_run(s, s->manifest.run_n == 0, &folded);
		if (r == 0 && folded.entry_n)
			r = manifest_add_run(next, &folded);
	}
	for (uint32_t i = swap->spill_n; r == 0 && i; i--) {
		struct run_info spilled = swap->spill[i - 1];

		spilled.bulk_version = swap->version;
		r = manifest_add_run(next, &spilled);
	}
	if (s->forgotten > next->forgotten)
		next->forgotten = s->forgotten;
	if (r < 0)
		manifest_release(next);
	return r;
}

/* It is published whatever comes of this: who asks next refreshes again. */
static void go_on_from_it(struct store *s)
{
	if (store_refresh(s) == 0)
		store_sweep_logs(s);
	err_clear();
}

int merge_fold(struct store *s, struct store_swap *swap)
{
	struct log_options o;
	struct manifest next;
	int r = store_build_begin(s);

	if (s->who)
		backend_lock_note(s->backend, LOCK_APPEND, s->who);
	if (r < 0)
		goto unlock;
	r = folded_manifest(s, swap, &next);
	if (r < 0)
		goto built;
	store_log_options(s, &o);
	o.log_id = next.log_id;
	o.base_version = next.version;
	o.generation = next.generation + 1;
	r = log_create(&o, LOG_FIRST, s->manifest.log_id - 1);
	if (r == 0)
		r = log_retiring(s->log);
	if (r == 0) {
		swap->tried = true;
		r = manifest_publish(&next, s->backend);
	}
	if (r == 0)
		log_retire(s->log);
	manifest_release(&next);
built:
	store_build_end(s);
unlock:
	log_end(s->log);
	if (r == 0)
		go_on_from_it(s);
	return r;
}

/* Folding holds the log's keys in memory: a small memory_limit folds earlier. */
static uint64_t log_limit(const struct store *s)
{
	uint64_t limit = setting_u64(&s->settings, SETTING_LOG_SIZE);

	return s->mem.limit && s->mem.limit / 4 < limit ? s->mem.limit / 4 : limit;
}

/* If it is still more than BYTES once we are alone: others may have been faster. */
int merge_fold_alone(struct store *s, uint64_t bytes)
{
	struct store_swap only_the_log = { 0 };
	int r = store_refresh(s);	/* others may have published: theirs goes on */

	if (r == 0)
		r = store_begin(s);
	if (r == 0 && (log_entry_n(s->log) == 0 || log_bytes(s->log) <= bytes))
		log_end(s->log);
	else if (r == 0)
		r = merge_fold(s, &only_the_log);
	return r;
}

static int fold_beyond(struct store *s, uint64_t bytes)
{
	int r = store_lock_publish(s, s->wait_ns);

	if (r < 0)
		return r;
	r = merge_fold_alone(s, bytes);
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}

int store_fold(struct store *s)
{
	return fold_beyond(s, 0);
}

int merge_before(struct store *s)
{
	uint64_t bound = MERGE_BOUND * log_limit(s);

	return s->log && log_bytes(s->log) > bound ? fold_beyond(s, bound) : 0;
}

/* --- merge --- */

/* Rows FIRST..FIRST+N of the manifest's runs become one at LEVEL. */
struct merge_plan {
	uint32_t first, n, level;
	struct run_info result;
	const struct run_info *was;	/* the rows, to be found again */
};

static int open_sources(struct store *s, const struct merge_plan *p, struct iter **out)
{
	struct iter_from from = { .space = 0 };
	struct iter **source = mem_zalloc(&s->mem, p->n * sizeof *source);
	uint32_t n = 0;
	int r = source ? 0 : ERR_MEMORY;

	while (r == 0 && n < p->n) {
		struct run *run;

		r = run_set_open(&s->runs, s, &s->manifest, p->first + n, &run);
		if (r == 0)
			r = run_iter(&source[n], run, &from, &s->mem);
		if (r == 0)
			n++;
	}
	if (r == 0)
		r = iter_merge(out, source, n, false, &s->mem);
	else
		while (n)
			iter_close(source[--n]);
	mem_free(&s->mem, source);
	return r;
}

static int replace_rows(void *ctx, struct manifest *m, uint64_t version)
{
	const struct merge_plan *p = ctx;
	uint32_t rest = m->run_n - p->first - p->n;
	uint32_t keep = p->result.entry_n ? 1 : 0;

	(void)version;
	if (keep)
		m->run[p->first] = p->result;
	memmove(m->run + p->first + keep, m->run + p->first + p->n, rest * sizeof *m->run);
	m->run_n = p->first + keep + rest;
	return 0;
}

/* Under LOCK_PUBLISH, so that nobody else moves the runs; commits go on. */
static int publish_locked(struct store *s, int (*edit)(void *, struct manifest *, uint64_t),
			  void *ctx)
{
	struct manifest next;
	int r = store_build_begin(s);	/* the manifest begins in tmp/ */

	if (r < 0)
		return r;
	r = store_begin(s);
	if (r == 0) {
		r = manifest_copy(&next, &s->manifest);
		if (r == 0) {
			if (s->forgotten > next.forgotten)
				next.forgotten = s->forgotten;
			r = edit(ctx, &next, 0);
			if (r == 0)
				r = store_replace_manifest(s, &next);
			manifest_release(&next);
		}
		log_end(s->log);
	}
	store_build_end(s);
	return r < 0 ? r : store_refresh(s);
}

static int merge_rows(struct store *s, struct merge_plan *p)
{
	bool last = p->first + p->n == s->manifest.run_n;
	uint64_t entry_n = 0;
	struct iter *it;
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < p->n; i++)
		entry_n += s->manifest.run[p->first + i].entry_n;
	r = open_sources(s, p, &it);
	if (r == 0)
		r = merge_iter_to_run(s, it, entry_n, last, &p->result);
	p->result.level = p->level;
	if (r == 0)
		r = publish_locked(s, replace_rows, p);
	store_build_end(s);
	if (r == 0)
		store_sweep_segments(s);
	return r;
}

/* The lowest level that is full; false when none is. */
static bool full_level(const struct manifest *m, struct merge_plan *p)
{
	for (uint32_t i = 0; i < m->run_n; i += p->n) {
		p->first = i;
		p->n = 1;
		while (i + p->n < m->run_n && m->run[i + p->n].level <= m->run[i].level)
			p->n++;
		p->level = m->run[i].level + 1;
		if (p->n >= MERGE_FAN)
			return true;
	}
	return false;
}

int merge_by_the_way(struct store *s)
{
	struct merge_plan p;
	bool fold = s->log && log_bytes(s->log) > log_limit(s);
	int r;

	if (!s->log || (!fold && !full_level(&s->manifest, &p)))
		return 0;
	r = fold ? fold_beyond(s, log_limit(s)) : 0;
	if (r < 0)
		return r;
	r = store_lock_publish(s, 0);
	if (r == ERR_LOCKED)
		return 0;	/* whoever has it merges */
	if (r < 0)
		return r;
	r = store_refresh(s);
	while (r == 0 && full_level(&s->manifest, &p))
		r = merge_rows(s, &p);
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}

/* --- compact: everything into one run, blobs counted and rewritten --- */

/* How many stored bytes of each blob the runs still refer to. */
static int count_live(struct store *s, struct manifest *m)
{
	struct run *run;
	struct iter *it;
	struct entry e;
	struct iter_from from = { .space = 0 };
	int r;

	for (uint32_t i = 0; i < m->blob_n; i++)
		m->blob[i].live = 0;
	if (!m->run_n)
		return 0;
	r = run_set_open(&s->runs, s, &s->manifest, 0, &run);
	if (r == 0)
		r = run_iter(&it, run, &from, &s->mem);
	if (r < 0)
		return r;
	while ((r = iter_next(it, &e)) == 1)
		for (uint32_t i = 0; e.kind == ENTRY_BLOB && i < m->blob_n; i++)
			if (m->blob[i].id == e.blob.blob)
				m->blob[i].live += e.blob.stored;
	iter_close(it);
	return r;
}

/* Blobs that go with the next manifest: their leases are ours until it is there,
 * so that nobody begins to write to one meanwhile. */
struct dropping {
	struct store *s;
	unsigned *lease;
	uint32_t n;
};

static bool lease_taken(const struct dropping *d, unsigned lease)
{
	const struct blob_writer *mine = d->s->blob;

	if (mine && store_lease_lock(blob_writer_id(mine)) == lease)
		return true;
	for (uint32_t i = 0; i < d->n; i++)
		if (d->lease[i] == lease)
			return true;
	return backend_lock(d->s->backend, lease, LOCK_EXCLUSIVE, 0) < 0;
}

static int drop_dead_blobs(void *ctx, struct manifest *m, uint64_t version)
{
	struct dropping *d = ctx;
	uint32_t kept = 0;
	int r;

	(void)version;
	if (log_entry_n(d->s->log))	/* a commit since the fold may refer to any */
		return 0;
	d->lease = mem_alloc(&d->s->mem, m->blob_n * sizeof *d->lease);
	r = d->lease ? count_live(d->s, m) : ERR_MEMORY;
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < m->blob_n; i++) {
		unsigned lease = store_lease_lock(m->blob[i].id);

		if (m->blob[i].live == 0 && !lease_taken(d, lease))
			d->lease[d->n++] = lease;
		else
			m->blob[kept++] = m->blob[i];
	}
	m->blob_n = kept;
	return 0;
}

static int drop_blobs(struct store *s)
{
	struct dropping d = { .s = s };
	int r = publish_locked(s, drop_dead_blobs, &d);

	for (uint32_t i = 0; i < d.n; i++)
		backend_unlock(s->backend, d.lease[i]);
	mem_free(&s->mem, d.lease);
	return r;
}

static int compact(struct store *s)
{
	struct merge_plan p;
	int r = store_fold(s);

	if (r == 0)
		r = store_lock_publish(s, s->wait_ns);
	if (r < 0)
		return r;
	r = store_refresh(s);
	if (r == 0 && s->manifest.run_n) {
		p = (struct merge_plan){ .n = s->manifest.run_n };
		p.level = s->manifest.run[p.n - 1].level;
		if (p.n > 1 || s->manifest.run[0].remove_n)
			r = merge_rows(s, &p);
	}
	if (r == 0 && s->manifest.blob_n)
		r = drop_blobs(s);
	if (r == 0)
		store_sweep_segments(s);
	backend_unlock(s->backend, LOCK_PUBLISH);
	if (r == 0)
		store_fill_reserve(s);
	return r;
}

/* What gives space back must work on a full disk: that is what the reserve is for. */
int store_compact(struct store *s)
{
	int r = compact(s);

	if (r == ERR_NO_SPACE && store_use_reserve(s) == 0)
		r = compact(s);
	return r;
}
