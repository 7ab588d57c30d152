/* store/merge.c - the log into a run, runs into fewer
 *
 * Nobody works in the background: the writer whose commit crosses a threshold
 * folds the log, and then does one step of merging, if one is due:
 *
 *   all runs become one when what is newer than the oldest of them, and what its
 *   removals stand for, is a fourth of it: so much at most is stored twice;
 *   else MERGE_FAN runs beside each other of about one size become one (tiering,
 *   as in O'Neil et al., "The Log-Structured Merge-Tree", 1996);
 *   neither when it takes more than MERGE_STEP times log_size: then a writer
 *   would work for long on behalf of all others, and strato-compact is the place;
 *   but with more than MERGE_RUNS runs, each of which a get may have to ask, those
 *   whose merging costs the least per run saved.
 *
 * When all become one, blobs are counted and rewritten too (store/reclaim).
 * Every step builds segments first and then replaces the manifest: a crash
 * leaves the old store or the new one, and files that the next sweep removes.
 */
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/reclaim.h"
#include "store/store_priv.h"
#include "store/tail.h"

#define MERGE_BOUND 4		/* times log_size: no commit is added to a log larger */
#define MERGE_STEP 32		/* times log_size: 2 GiB read in one step, or ... */
#define MERGE_SHARE 2		/* ... so much of what the runs are, if that is more */
#ifndef MERGE_FAN		/* tests merge sooner */
#define MERGE_FAN 4
#define MERGE_RUNS 8		/* are asked for a key, at most, once a step is done */
#define MERGE_SPACE 4		/* a fourth of the oldest run is newer: all become one */
#endif
#define LOG_PART 16		/* of the runs: so long may the log be, or ... */
#define LOG_LEAST (8u << 20)	/* ... so long, when the runs are small */

enum block_codec merge_codec(struct store *s)
{
	return setting_u64(&s->settings, SETTING_COMPRESSION) == COMPRESSION_LZ4 ?
		BLOCK_LZ4 : BLOCK_RAW;
}

static void make_removal(struct entry *e)
{
	e->kind = ENTRY_REMOVE;
	e->expires_ms = e->size = 0;
	e->crc = 0;
	e->value = bytes_of(NULL, 0);
}

/* Of a graph, and in its segments already; or of a graph that is no more.  Nobody
 * looks at it again, nor at anything older of its key. */
static bool is_settled(const struct manifest *m, const struct entry *e)
{
	if (e->space == 0 || e->space >= m->next_space)
		return false;
	for (uint32_t i = 0; i < m->graph_n; i++)
		if (m->graph[i].space == e->space)
			return e->version <= m->graph[i].folded;
	return true;
}

static int iter_to_run(struct store *s, struct iter *it, uint64_t entry_n, bool last,
		       struct reclaim *c, struct run_info *out)
{
	uint64_t now_ms = store_now_ms(s);
	struct run_writer *w = NULL;
	struct entry e;
	int r;

	r = run_create(&w, s->backend, s->manifest.store_id, entry_n, merge_codec(s), &s->mem);
	while (r == 0 && (r = iter_next(it, &e)) == 1) {
		if (is_settled(&s->manifest, &e)) {
			r = 0;
			continue;
		}
		/* What expired hides what is older, like a removal, and is one from
		 * here on: its value goes now, whatever the clock says later. */
		if (entry_expired(&e, now_ms))
			make_removal(&e);
		r = c ? reclaim_entry(c, &e) : 0;
		/* Nothing older lies below: the removal has done its work. */
		if (r == 0 && last && e.kind == ENTRY_REMOVE) {
			if (e.version > s->forgotten)
				s->forgotten = e.version;
		} else if (r == 0) {
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

int merge_iter_to_run(struct store *s, struct iter *it, uint64_t entry_n, bool last,
		      struct run_info *out)
{
	return iter_to_run(s, it, entry_n, last, NULL, out);
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
	next->commit_ns = store_now_ms(s) * 1000000;
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
	r = log_create(&o, LOG_FIRST, swap->fresh ? 0 : s->manifest.log_id - 1);
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

static uint64_t run_bytes(const struct manifest *m, uint32_t first, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = first; i < first + n; i++)
		bytes += m->run[i].ref.bytes;
	return bytes;
}

/* log_size; but the log of a small store is not most of it, and as folding holds
 * the log's keys in memory, a small memory_limit folds earlier. */
static uint64_t log_limit(const struct store *s)
{
	uint64_t limit = setting_u64(&s->settings, SETTING_LOG_SIZE);
	uint64_t part = run_bytes(&s->manifest, 0, s->manifest.run_n) / LOG_PART;

	part = part > LOG_LEAST ? part : LOG_LEAST;
	limit = part < limit ? part : limit;
	return s->mem.limit && s->mem.limit / 4 < limit ? s->mem.limit / 4 : limit;
}

/* If it is still more than BYTES once we are alone: others may have been faster.
 * FRESH: into a file of its own, not one that was a log before. */
static int fold_alone(struct store *s, uint64_t bytes, bool fresh)
{
	struct store_swap only_the_log = { .fresh = fresh };
	int r = store_refresh(s);	/* others may have published: theirs goes on */

	if (r == 0)
		r = store_begin(s);
	if (r == 0 && (log_entry_n(s->log) == 0 || log_bytes(s->log) <= bytes))
		log_end(s->log);
	else if (r == 0)
		r = merge_fold(s, &only_the_log);
	return r;
}

int merge_fold_alone(struct store *s, uint64_t bytes)
{
	return fold_alone(s, bytes, false);
}

static int fold_beyond(struct store *s, uint64_t bytes, bool fresh)
{
	int r = store_lock_publish(s, s->wait_ns);

	if (r < 0)
		return r;
	r = fold_alone(s, bytes, fresh);
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}

int store_fold(struct store *s)
{
	return fold_beyond(s, 0, false);
}

int merge_before(struct store *s)
{
	uint64_t bound = MERGE_BOUND * log_limit(s);

	return s->log && log_bytes(s->log) > bound ? fold_beyond(s, bound, false) : 0;
}

/* --- merge --- */

/* Rows FIRST..FIRST+N of the manifest's runs become one at LEVEL. */
struct merge_plan {
	uint32_t first, n, level;
	struct run_info result;
	struct reclaim *blobs;		/* counted on the way, or NULL */
};

int merge_iter_runs(struct iter **out, struct store *s, uint32_t first, uint32_t n)
{
	struct iter_from from = { .space = 0 };
	struct iter **source = mem_zalloc(&s->mem, n * sizeof *source);
	uint32_t open_n = 0;
	int r = source ? 0 : ERR_MEMORY;

	while (r == 0 && open_n < n) {
		struct run *run;

		r = run_set_open(&s->runs, s, &s->manifest, first + open_n, &run);
		if (r == 0)
			r = run_iter(&source[open_n], run, &from, &s->mem);
		if (r == 0)
			open_n++;
	}
	if (r == 0)
		r = iter_merge(out, source, n, false, &s->mem);
	else
		while (open_n)
			iter_close(source[--open_n]);
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
	return p->blobs ? reclaim_edit(p->blobs, m, true) : 0;
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

/* What was built and not published takes room that others want. */
static int swept(struct store *s, int r)
{
	struct err_note note;

	err_take(&note, r);
	if (r == 0 || store_refresh(s) == 0)
		store_sweep_segments(s);
	return r < 0 ? err_give(&note) : 0;
}

static int merge_rows(struct store *s, struct merge_plan *p)
{
	bool last = p->first + p->n == s->manifest.run_n;
	uint64_t entry_n = 0;
	struct iter *it;
	int r;

	for (uint32_t i = 0; i < p->n; i++) {
		const struct run_info *was = &s->manifest.run[p->first + i];

		entry_n += was->entry_n;
		p->level = was->level + 1 > p->level ? was->level + 1 : p->level;
	}
	r = merge_iter_runs(&it, s, p->first, p->n);
	if (r == 0)
		r = iter_to_run(s, it, entry_n, last, p->blobs, &p->result);
	p->result.level = p->level;
	if (r == 0 && p->blobs)
		r = reclaim_flush(p->blobs);
	return r < 0 ? r : publish_locked(s, replace_rows, p);
}

static int merge_some(struct store *s, struct merge_plan *p)
{
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	if (p->n == s->manifest.run_n && s->manifest.blob_n)
		r = reclaim_begin(&p->blobs, s, false);
	if (r == 0)
		r = merge_rows(s, p);
	reclaim_end(p->blobs);
	store_build_end(s);
	return swept(s, r);
}

/* --- which --- */

/* Bytes of the oldest run that the removals in the newer ones stand for, about. */
static uint64_t removed_bytes(const struct manifest *m)
{
	const struct run_info *oldest = &m->run[m->run_n - 1];
	uint64_t n = 0;

	for (uint32_t i = 0; i + 1 < m->run_n; i++)
		n += m->run[i].remove_n;
	return oldest->entry_n ? n * (oldest->ref.bytes / oldest->entry_n) : 0;
}

static bool much_is_dead(const struct manifest *m)
{
	uint64_t newer = run_bytes(m, 0, m->run_n - 1) + removed_bytes(m);

	return newer >= m->run[m->run_n - 1].ref.bytes / MERGE_SPACE;
}

/* As many from FIRST on as are of about one size: none is larger by a fourth than
 * those before it together. */
static uint32_t alike(const struct manifest *m, uint32_t first)
{
	uint64_t bytes = m->run[first].ref.bytes;
	uint32_t n = 1;

	while (first + n < m->run_n && m->run[first + n].ref.bytes <= bytes + bytes / 4)
		bytes += m->run[first + n++].ref.bytes;
	return n;
}

/* Above MERGE_RUNS a group of neighbours must become one.  What lies in its largest
 * run is moved for nothing; all else rises into a larger one, and rises but so often.
 * So the group that moves the fewest bytes for each that rises and each run less:
 * 1 TiB of new keys is written 12 times so, and 250 times by taking the smallest
 * group.  Of nine runs some two neighbours are a fourth of all at most: one fits. */
static void choose(const struct manifest *m, uint64_t step, struct merge_plan *p)
{
	double least = 0;

	p->n = 0;
	for (uint32_t i = 0; i < m->run_n; i++) {
		uint64_t most = m->run[i].ref.bytes, bytes = most;

		for (uint32_t n = 2; i + n <= m->run_n; n++) {
			uint64_t more = m->run[i + n - 1].ref.bytes;
			double cost;

			bytes += more;
			most = more > most ? more : most;
			if (bytes > step)
				break;
			cost = (double)bytes / ((double)(bytes - most) * (n - 1));
			if (p->n && cost >= least)
				continue;
			least = cost;
			p->first = i;
			p->n = n;
		}
	}
}

/* A step reads so many bytes of runs at most. */
static uint64_t step_bytes(const struct store *s)
{
	uint64_t least = MERGE_STEP * setting_u64(&s->settings, SETTING_LOG_SIZE);
	uint64_t share = run_bytes(&s->manifest, 0, s->manifest.run_n) / MERGE_SHARE;

	return share > least ? share : least;
}

static bool are_too_many(const struct store *s, struct merge_plan *p)
{
	*p = (struct merge_plan){ 0 };
	if (s->manifest.run_n > MERGE_RUNS)
		choose(&s->manifest, step_bytes(s), p);
	return p->n > 0;
}

/* What is to be merged by the way; false when nothing is. */
static bool is_due(const struct store *s, struct merge_plan *p)
{
	const struct manifest *m = &s->manifest;
	uint64_t step = step_bytes(s);

	*p = (struct merge_plan){ .n = m->run_n };
	if (m->run_n < 2)
		return false;
	if (run_bytes(m, 0, m->run_n) <= step && much_is_dead(m))
		return true;
	for (uint32_t i = 0; i < m->run_n; i++) {
		p->first = i;
		p->n = alike(m, i);
		if (p->n >= MERGE_FAN && run_bytes(m, i, p->n) <= step)
			return true;
	}
	return are_too_many(s, p);
}

/* Blobs beyond all measure: all runs, which are small beside them, become one. */
static bool are_blobs_due(struct store *s, struct merge_plan *p)
{
	uint64_t step = MERGE_STEP * setting_u64(&s->settings, SETTING_LOG_SIZE);
	const struct manifest *m = &s->manifest;

	*p = (struct merge_plan){ .n = m->run_n };
	return m->run_n && run_bytes(m, 0, m->run_n) <= step && reclaim_due(s);
}

static int edit_blobs(void *ctx, struct manifest *m, uint64_t version)
{
	(void)version;
	return reclaim_edit(ctx, m, false);
}

/* Files of values that nothing alive lies in: the rows are read, none is written. */
static int drop_dead_blobs(struct store *s)
{
	struct reclaim *c = NULL;
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	r = reclaim_begin(&c, s, false);
	if (r == 0)
		r = publish_locked(s, edit_blobs, c);
	reclaim_end(c);
	store_build_end(s);
	return swept(s, r);
}

/* What there is to do, once the log is folded. */
static int merge_what_is_due(struct store *s, enum merge_when when)
{
	uint64_t step = MERGE_STEP * setting_u64(&s->settings, SETTING_LOG_SIZE);
	struct merge_plan p;
	int r = 0;

	if (when == MERGE_DEAD && run_bytes(&s->manifest, 0, s->manifest.run_n) <= step)
		r = drop_dead_blobs(s);
	if (r == 0 && ((when == MERGE_BLOBS && are_blobs_due(s, &p)) ||
		       (when != MERGE_IF_MANY && is_due(s, &p))))
		r = merge_some(s, &p);
	/* one fold is one run more, but a bulk, or snapshots, may have left several */
	while (r == 0 && are_too_many(s, &p))
		r = merge_some(s, &p);
	return r;
}

int merge_by_the_way(struct store *s, enum merge_when when)
{
	bool fold = s->log && log_bytes(s->log) > log_limit(s);
	bool values = when == MERGE_BLOBS || when == MERGE_DEAD;
	int r;

	if (when == MERGE_IF_LOG_FULL && !fold)
		return 0;
	r = fold || values ? fold_beyond(s, values ? 0 : log_limit(s), false) : 0;
	if (r < 0)
		return r;
	r = store_lock_publish(s, 0);
	if (r == ERR_LOCKED)
		return 0;	/* whoever has it merges */
	if (r < 0)
		return r;
	r = store_refresh(s);
	if (r == 0)
		r = merge_what_is_due(s, when);
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}

/* --- compact: everything into one run, blobs counted and rewritten --- */

/* All runs into one, if there is anything to gain; SPARING: only what takes no
 * room, for a disk that is full. */
static int compact_runs(struct store *s, bool sparing)
{
	struct merge_plan p = { .n = s->manifest.run_n };
	bool gains;
	int r = reclaim_begin(&p.blobs, s, !sparing);

	if (r < 0)
		return r;
	gains = p.n > 1 || (p.n && s->manifest.run[0].remove_n) ||
		reclaim_expired(p.blobs) || reclaim_moves(p.blobs);
	if (gains && !sparing)
		r = merge_rows(s, &p);
	else if (s->manifest.blob_n)
		r = publish_locked(s, edit_blobs, p.blobs);
	reclaim_end(p.blobs);
	return r;
}

/* A log that was long once keeps its length: another, as short as they begin. */
static int fold_afresh(struct store *s)
{
	int r = fold_beyond(s, 0, true);

	if (r == 0 && s->log && log_entry_n(s->log) == 0 && log_file_bytes(s->log) > LOG_FIRST) {
		struct store_swap only_the_log = { .fresh = true };

		r = store_lock_publish(s, s->wait_ns);
		if (r < 0)
			return r;
		r = store_refresh(s);
		if (r == 0)
			r = store_begin(s);
		if (r == 0)
			r = merge_fold(s, &only_the_log);
		backend_unlock(s->backend, LOCK_PUBLISH);
	}
	return r;
}

enum effort {
	COMPACT_WHOLE,
	COMPACT_TIGHT,		/* the new log takes over the file of the old one */
	COMPACT_DEAD,		/* only what is known to be dead goes */
};

static int compact(struct store *s, enum effort effort)
{
	bool sparing = effort == COMPACT_DEAD;
	int r = 0;

	if (effort == COMPACT_WHOLE)
		r = fold_afresh(s);
	else if (effort == COMPACT_TIGHT)
		r = store_fold(s);
	if (r == 0)
		r = store_lock_publish(s, s->wait_ns);
	if (r < 0)
		return r;
	r = store_refresh(s);
	if (r == 0)
		r = store_build_begin(s);
	if (r == 0) {
		r = compact_runs(s, sparing);
		store_build_end(s);
		r = swept(s, r);
	}
	if (r == 0)
		store_drop_retired_log(s);
	backend_unlock(s->backend, LOCK_PUBLISH);
	return r;
}

/* The log's index is a cache that has grown with the log: a new one is smaller. */
static void shed_index(struct store *s)
{
	log_close(s->log);
	s->log = NULL;
	backend_remove(s->backend, TAIL_NAME);
	err_clear();
	s->scarce = true;
}

/* What gives space back must work on a full disk: that is what the reserve is for. */
int store_compact(struct store *s)
{
	int r = compact(s, COMPACT_WHOLE);
	struct err_note note;

	for (int i = 0; i < 2 && r == ERR_NO_SPACE; i++) {
		if (i == 1 && store_use_reserve(s) < 0)
			break;
		shed_index(s);
		/* first what is dead already: that takes a copy of nothing */
		r = compact(s, COMPACT_DEAD);
		if (r == 0)
			r = compact(s, COMPACT_TIGHT);
	}
	s->scarce = false;
	err_take(&note, r);
	store_fill_reserve(s, true);
	return r < 0 ? err_give(&note) : 0;
}
