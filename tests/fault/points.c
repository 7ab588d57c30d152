/* tests/fault/points.c - one failure at a time, at every call and allocation
 *
 * A small workload that uses everything runs again and again; each time the next
 * call of some kind, or the next allocation, fails: once, or from then on.  No
 * step may lie: what returned 0 is there when the trouble is over, and after a
 * power cut; what failed is whole or absent; the store takes new commits.
 *
 *	STRATO_POINT=flush:17 STRATO_VERBOSE=1 tests/fault/points
 *
 * replays one; STRATO_SEED gives the workload other commits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "tests/fault/world.h"

/* --- allocations that fail --- */

static uint64_t drawn, fail_at;
static bool fail_on;

void *__real_mem_alloc(struct mem *m, size_t size);
void *__real_mem_zalloc(struct mem *m, size_t size);
void *__real_mem_resize(struct mem *m, void *ptr, size_t size);
void *__real_mem_pages(struct mem *m, size_t size);
void *__wrap_mem_alloc(struct mem *m, size_t size);
void *__wrap_mem_zalloc(struct mem *m, size_t size);
void *__wrap_mem_resize(struct mem *m, void *ptr, size_t size);
void *__wrap_mem_pages(struct mem *m, size_t size);

static bool refused(void)
{
	drawn++;
	if (!fail_at || (fail_on ? drawn < fail_at : drawn != fail_at))
		return false;
	err_set(ERR_MEMORY, "out of memory: the test says so");
	return true;
}

void *__wrap_mem_alloc(struct mem *m, size_t size)
{
	return refused() ? NULL : __real_mem_alloc(m, size);
}

void *__wrap_mem_zalloc(struct mem *m, size_t size)
{
	return refused() ? NULL : __real_mem_zalloc(m, size);
}

void *__wrap_mem_resize(struct mem *m, void *ptr, size_t size)
{
	return refused() ? NULL : __real_mem_resize(m, ptr, size);
}

void *__wrap_mem_pages(struct mem *m, size_t size)
{
	return refused() ? NULL : __real_mem_pages(m, size);
}

/* --- the workload --- */

struct point {
	const char *name;
	unsigned kinds;		/* 0: allocations */
	int code;
	bool forever;
	unsigned stride;	/* at full scale */
	unsigned modes;
};

static uint64_t scaled_stride(unsigned stride)
{
	const char *s = getenv("STRATO_TEST_SCALE");
	uint64_t percent = s ? strtoull(s, NULL, 10) : 100;

	return percent && stride * 100 / percent ? stride * 100 / percent : 1;
}

/* A failure that says what happened; anything else would be a lie. */
static void step(struct world *w, int code, int r, const char *what)
{
	if (r < 0 && r != code && r != ERR_IO)
		world_fail(w, "%s: %d [%s] %s", what, r, err_word(r), err_message());
}

static void reopen(struct world *w, struct process *p, int code)
{
	store_close(p->s);
	p->s = NULL;
	step(w, code, world_open(w, p->b, true, &p->s), "opening");
}

typedef int (*doing)(struct world *, struct store *);

static int fold(struct world *w, struct store *s)
{
	(void)w;
	return store_fold(s);
}

static int compact(struct world *w, struct store *s)
{
	(void)w;
	return store_compact(s);
}

/* Reading through a failure: an answer must be right, or an error. */
static int read_one(struct world *w, struct store *s)
{
	struct snapshot *v = NULL;
	struct entry e;
	struct iter *it;
	char buf[64];
	struct scan_options o = { .from.space = 0 };
	int r = store_get(s, 0, world_mark(0, buf), &e);

	if (r == 0 && w->commit_n && w->commit[0].fate == ACKED)
		world_fail(w, "a get says absent of what was acknowledged");
	if (r < 0)
		return r;
	r = store_snapshot(s, &v);
	if (r < 0)
		return r;
	r = snapshot_scan(v, &o, &it);
	if (r == 0) {
		while ((r = iter_next(it, &e)) == 1)
			;
		iter_close(it);
	}
	snapshot_close(v);
	return r;
}

static void workload(struct world *w, struct process *p, int code)
{
	static const struct {
		const char *name;
		doing what;
	} steps[] = {
		{ "a commit", world_commit_plain }, { "a commit", world_commit_plain },
		{ "a large commit", world_commit_spilled }, { "reading", read_one },
		{ "a commit", world_commit_plain }, { "a graph", world_commit_graph },
		{ "a fold", fold }, { "a commit", world_commit_plain },
		{ "reading", read_one }, { "opening", NULL },
		{ "a commit", world_commit_plain }, { "a compaction", compact },
		{ "a commit", world_commit_plain }, { "reading", read_one },
	};

	reopen(w, p, code);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (!p->s || !steps[i].what)
			reopen(w, p, code);
		if (p->s && steps[i].what)
			step(w, code, steps[i].what(w, p->s), steps[i].name);
	}
	store_close(p->s);
	p->s = NULL;
}

/* The trouble is over: everything acknowledged is there, and it goes on. */
static void afterwards(struct world *w)
{
	struct backend *b;
	struct store *s;

	world_must(w, fault_again(&b, w->disk), "another handle");
	world_must(w, world_open(w, b, true, &s), "opening afterwards");
	world_check(w, s, false);
	world_must(w, world_commit_plain(w, s), "a commit afterwards");
	world_check(w, s, true);
	world_tidy(w, b, s);
	world_check(w, s, true);
	store_close(s);
	backend_close(b);
}

static void make_disk(struct world *w, const struct point *pt)
{
	struct backend *b;

	world_must(w, fault_open(&w->disk, NULL, w->seed), "a disk");
	fault_modes(w->disk, pt->modes);
	w->modes = pt->modes;
	w->lz4 = w->no_kills = true;
	w->direct = pt->modes & FAULT_DIRECT;
	world_must(w, fault_again(&b, w->disk), "another handle");
	world_must(w, world_create(w, b), "creating");
	w->created = true;
	backend_close(b);
}

static uint64_t seed(void)
{
	const char *s = getenv("STRATO_SEED");

	return s ? strtoull(s, NULL, 10) : 4711;
}

/* Did the N-th such call come at all?  WHY: what went wrong with it. */
static bool try_point(const struct point *pt, uint64_t n, const char **why)
{
	static char words[1200];
	static struct world *w;
	struct process *p;
	bool came;

	free(w);
	w = world_new(seed());
	p = &w->proc[0];
	*why = NULL;
	drawn = fail_at = 0;
	if (setjmp(w->out)) {
		fail_at = 0;
		snprintf(words, sizeof words, "%s", w->why);
		*why = words;
		return true;
	}
	world_say("point %s:%llu", pt->name, (unsigned long long)n);
	make_disk(w, pt);
	world_must(w, fault_again(&p->fault, w->disk), "another handle");
	p->b = p->fault;
	drawn = 0;
	fail_on = pt->forever;
	if (pt->kinds)
		fault_fail(p->fault, pt->kinds, n, pt->code, pt->forever);
	else
		fail_at = n;
	workload(w, p, pt->code);
	came = pt->kinds ? fault_hits(p->fault) > 0 : drawn >= n;
	fail_at = 0;
	backend_close(p->b);
	world_power_cut(w, hash_u64(n));
	afterwards(w);
	world_power_cut(w, hash_u64(n + 1));
	backend_close(w->disk);
	return came;
}

static const struct point points[] = {
	{ "write", FAULT_WRITE, ERR_IO, false, 1, 0 },
	{ "write-ever", FAULT_WRITE, ERR_IO, true, 3, 0 },
	{ "write-full", FAULT_WRITE, ERR_NO_SPACE, false, 2, FAULT_SHORT },
	{ "full", FAULT_WRITE | FAULT_RESIZE, ERR_NO_SPACE, true, 3, FAULT_SHORT },
	{ "flush", FAULT_FLUSH, ERR_IO, false, 1, FAULT_DIRECT },
	{ "flush-ever", FAULT_FLUSH, ERR_IO, true, 2, 0 },
	{ "resize", FAULT_RESIZE, ERR_NO_SPACE, false, 1, 0 },
	{ "resize-ever", FAULT_RESIZE, ERR_NO_SPACE, true, 1, 0 },
	{ "rename", FAULT_RENAME, ERR_IO, false, 1, 0 },
	{ "remove", FAULT_REMOVE, ERR_IO, false, 1, 0 },
	{ "remove-ever", FAULT_REMOVE, ERR_IO, true, 2, 0 },
	{ "sync-dir", FAULT_SYNC_DIR, ERR_IO, false, 1, 0 },
	{ "sync-dir-ever", FAULT_SYNC_DIR, ERR_IO, true, 1, 0 },
	{ "open", FAULT_OPEN, ERR_RESOURCE, false, 1, 0 },
	{ "open-ever", FAULT_OPEN, ERR_NO_SPACE, true, 3, 0 },
	{ "read", FAULT_READ, ERR_IO, false, 1, FAULT_SHORT },
	{ "read-ever", FAULT_READ, ERR_IO, true, 5, FAULT_DIRECT },
	{ "map", FAULT_MAP, ERR_MEMORY, false, 1, 0 },
	{ "map-ever", FAULT_MAP, ERR_MEMORY, true, 1, 0 },
	{ "list", FAULT_LIST, ERR_IO, false, 1, 0 },
	{ "lock", FAULT_LOCK, ERR_IO, false, 1, 0 },
	{ "any", FAULT_ANY, ERR_IO, true, 7, 0 },
	{ "memory", 0, ERR_MEMORY, false, 1, 0 },
	{ "memory-ever", 0, ERR_MEMORY, true, 5, 0 },
};

static unsigned all_of(const struct point *pt, uint64_t *tried)
{
	unsigned bad = 0;
	bool came = true;

	for (uint64_t n = 1; came; n += scaled_stride(pt->stride)) {
		const char *why;

		came = try_point(pt, n, &why);
		++*tried;
		if (why && ++bad <= 5)
			print_error("%s:%llu: %s\nreplay it with: STRATO_POINT=%s:%llu "
				    "STRATO_VERBOSE=1 tests/fault/points\n", pt->name,
				    (unsigned long long)n, why, pt->name, (unsigned long long)n);
		if (bad > 50)
			break;
	}
	return bad;
}

static void no_step_lies_whichever_call_or_allocation_fails(void **state)
{
	const char *replay = getenv("STRATO_POINT");
	uint64_t tried = 0;
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		const struct point *pt = &points[i];
		size_t len = strlen(pt->name);
		const char *why = NULL;

		if (!replay) {
			bad += all_of(pt, &tried);
		} else if (!strncmp(replay, pt->name, len) && replay[len] == ':') {
			try_point(pt, strtoull(replay + len + 1, NULL, 10), &why);
			if (why)
				fail_msg("%s", why);
		}
	}
	print_message("# %llu points\n", (unsigned long long)tried);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_step_lies_whichever_call_or_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
