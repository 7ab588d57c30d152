/* tests/fault/explore.c - histories, power cuts, recoveries
 *
 * A history is some dozens of steps of one or two processes, some of which are
 * killed at a random changing operation while the others go on.  Then the power
 * fails: several states the disk may be left in are drawn, and each is opened,
 * held against the model, written to, and in a share of them cut off again, in
 * the middle of recovery too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/kept.h"
#include "store/log.h"
#include "store/wal.h"
#include "tests/fault/world.h"

#define DEPTH 3		/* power cuts one after another */

static char why[1200];
static uint64_t seconds;

uint64_t explore_seconds(void)
{
	return seconds;
}

/* --- processes --- */

static void process_end(struct process *p)
{
	snapshot_close(p->held);
	store_close(p->s);
	backend_close(p->b);
	p->held = NULL;
	p->s = NULL;
	p->b = p->fault = NULL;
	p->troubled = p->armed = p->gone = false;
}

/* What it had in hand is lost with it: memory too, a little. */
static void process_died(struct world *w, struct process *p)
{
	world_say("process %d is killed", (int)(p - w->proc));
	process_end(p);
	w->unsure = true;
}

/* One of its calls will fail, or from then on all of that kind. */
static void trouble(struct world *w, struct process *p)
{
	static const unsigned kinds[] = { FAULT_FLUSH, FAULT_FLUSH, FAULT_FLUSH, FAULT_WRITE,
		FAULT_WRITE, FAULT_SYNC_DIR, FAULT_RESIZE, FAULT_RENAME, FAULT_REMOVE,
		FAULT_MAP, FAULT_READ, FAULT_OPEN };
	unsigned kind = kinds[world_rnd(w, sizeof kinds / sizeof *kinds)];
	uint64_t nth = 1 + world_rnd(w, 40);
	bool forever = world_rnd(w, 3) == 0;
	int code = kind != FAULT_FLUSH && world_rnd(w, 2) ? ERR_NO_SPACE : ERR_IO;

	world_say("process %d: call %llu of kind %x will fail%s", (int)(p - w->proc),
		  (unsigned long long)nth, kind, forever ? ", and all after it" : "");
	fault_fail(p->fault, kind, nth, code, forever);
	p->troubled = true;
}

/* A handle on the disk, which in a third of them will not live long. */
static void process_begin(struct world *w, struct process *p)
{
	world_must(w, world_handle(w, &p->fault), "another handle");
	world_must(w, weave_open(&p->b, p->fault, w, p), "a weave");
	if (world_rnd(w, 3) == 0)
		fault_die_after(p->fault, 1 + world_rnd(w, world_rnd(w, 3) ? 60 : 500));
	else if (world_rnd(w, 4) == 0)
		trouble(w, p);
}

static void outcome(struct world *w, int r, const char *what)
{
	if ((r == ERR_LOCKED && w->nested) || world_excused(w, r))
		w->unsure = true;	/* the one we interrupted has it */
	else
		world_must(w, r, what);
}

/* --- steps --- */

static int hold(struct world *w, struct process *p)
{
	int r = store_snapshot(p->s, &p->held);

	if (r == 0)
		world_look(w, p->s, p->held, &p->kept);
	if (r == 0 && world_rnd(w, 2))
		snapshot_settle(p->held);
	return r;
}

/* However much was folded and merged meanwhile, it shows the same. */
static void let_go(struct world *w, struct process *p)
{
	struct sight *now = malloc(sizeof *now);

	if (!now)
		abort();
	world_look(w, p->s, p->held, now);
	world_same(w, &p->kept, now, "a snapshot held");
	free(now);
	snapshot_close(p->held);
	p->held = NULL;
}

static void look_read_only(struct world *w)
{
	struct backend *b;
	struct store *s = NULL;
	int r;

	world_must(w, world_handle(w, &b), "another handle");
	r = world_open(w, b, false, &s);
	world_must(w, r, "opening for reading");
	world_check(w, s, false);
	store_close(s);
	backend_close(b);
}

/* After a commit that came later, what the dead left in doubt is decided. */
static int settle(struct world *w, struct process *p)
{
	int r = world_commit_plain(w, p->s);

	if (r < 0 || w->nested)
		return r;
	world_check(w, p->s, true);
	w->unsure = false;
	return 0;
}

static void reopen(struct world *w, struct process *p)
{
	process_end(p);
	world_say("process %d ended", (int)(p - w->proc));
}

static void act(struct world *w, struct process *p)
{
	uint64_t what = world_rnd(w, 100);

	if (w->nets && world_rnd(w, 2)) {
		outcome(w, world_commit_net(w, p->s), "a graph");
	} else if (w->unsure && !w->weave && what < 40) {
		outcome(w, settle(w, p), "settling");
	} else if (what < 52) {
		outcome(w, world_commit(w, p->s), "a commit");
	} else if (what < 56) {
		outcome(w, world_commit_spilled(w, p->s), "a large commit");
	} else if (what < 58) {
		outcome(w, world_commit_graph(w, p->s), "a graph's segment");
	} else if (what < 64) {
		outcome(w, world_keep(w, p->s), "a snapshot by name");
	} else if (what < 69) {
		world_say("process %d folds", (int)(p - w->proc));
		outcome(w, store_fold(p->s), "a fold");
	} else if (what < 73) {
		world_say("process %d compacts", (int)(p - w->proc));
		outcome(w, store_compact(p->s), "a compaction");
	} else if (what < 78) {
		reopen(w, p);
	} else if (what < 86) {
		/* one that is interrupted may be sweeping, and its lock is not waited for here */
		if (!p->held && !w->nested)
			outcome(w, hold(w, p), "a snapshot");
		else if (p->held)
			let_go(w, p);
	} else if (what < 90) {
		look_read_only(w);
	} else if (what < 91 && !w->weave) {
		world_image(w, p->s);
	} else {
		world_check(w, p->s, false);
	}
}

/* A process that was killed, or gave up after a failure that it was given. */
static void process_gone(struct world *w, struct process *p, bool killed)
{
	if (killed) {
		process_died(w, p);
		return;
	}
	world_say("process %d gives up", (int)(p - w->proc));
	w->troubles++;
	process_end(p);
	w->unsure = true;
}

static void step(struct world *w, struct process *p)
{
	struct process *before = w->acting;
	unsigned nested = w->nested;
	int r = 0, how;

	if (!p->fault)
		process_begin(w, p);
	how = setjmp(p->died);
	if (how) {
		w->nested = nested;
		w->acting = before;
		p->gone = true;
		process_gone(w, p, how == 1);
		return;
	}
	p->armed = true;
	w->acting = p;
	if (!p->s) {
		r = world_open(w, p->b, true, &p->s);
		world_say("process %d opens -> %d", (int)(p - w->proc), r);
		outcome(w, r, "opening");
	}
	if (p->s)
		act(w, p);
	if (p->troubled && fault_hits(p->fault) && world_rnd(w, 2))
		process_gone(w, p, false);
	p->armed = false;
	w->acting = before;
}

/* In the middle of process 0's call, process 1 takes a step. */
void world_meanwhile(struct world *w)
{
	if (!w->weave || w->nested || !w->running || world_rnd(w, 50))
		return;
	w->nested++;
	world_say("  meanwhile:");
	step(w, &w->proc[1]);
	world_say("  so far");
	w->nested--;
}

/* --- a history --- */

static void create(struct world *w)
{
	bool doomed = world_rnd(w, 8) == 0;

	for (int i = 0; !w->created && i < 3; i++) {
		struct backend *b;
		int r;

		world_must(w, world_handle(w, &b), "another handle");
		if (doomed && i < 2)
			fault_die_after(b, 1 + world_rnd(w, 24));
		r = world_create(w, b);
		world_say("created -> %d %s", r, r < 0 ? err_message() : "");
		if (r == 0 && !fault_is_dead(b))
			w->created = true;
		else if (r == ERR_EXISTS && i > 0)
			w->created = true;	/* the one before came so far */
		else if (!fault_is_dead(b))
			world_must(w, r, "creating");
		backend_close(b);
		if (doomed && world_rnd(w, 2))
			return;			/* and the power fails */
	}
}

static void history(struct world *w)
{
	unsigned steps = 3 + (unsigned)world_rnd(w, 30);
	unsigned deaths = 0;

	create(w);
	for (unsigned i = 0; w->created && i < steps; i++) {
		unsigned who = w->weave ? 0 : (unsigned)world_rnd(w, WORLD_PROCS);
		struct process *p = &w->proc[who];
		bool was = p->fault != NULL;

		w->running = true;
		step(w, p);
		w->running = false;
		if (was && !p->fault && world_rnd(w, 2) && ++deaths)
			break;			/* the power fails at that moment */
	}
}

static void disk_modes(struct world *w, unsigned modes)
{
	if (world_rnd(w, 3) == 0)
		modes |= FAULT_SHORT;
	if (w->direct)
		modes |= FAULT_DIRECT;
	if (world_rnd(w, 2))
		modes |= FAULT_COARSE_CLOCK;
	w->modes = modes;
	fault_modes(w->disk, modes);
}

/* --- after a power cut --- */

static int count_fault(void *ctx, const struct log_fault *f)
{
	world_say("log_walk: offset %llu: %s", (unsigned long long)f->off, f->words);
	++*(unsigned *)ctx;
	return 0;
}

/* strato-walcheck on the log as the crash left it: clean or torn, never damaged. */
static void walk_log(struct world *w, struct backend *b)
{
	unsigned faults = 0;
	struct log_walk to = { .fault = count_fault, .ctx = &faults };
	char name[WAL_NAME_MAX];
	struct manifest m;
	struct file *f = NULL;
	int r = manifest_read(&m, b, NULL);

	if (r == ERR_NO_STORE && !w->created)
		return;
	world_must(w, r, "reading the manifest");
	wal_name(name, m.log_id);
	world_must(w, backend_open(b, name, 0, &f), "opening the log");
	r = log_walk(f, m.store_id, &to, NULL);
	if ((r != 0 && r != ERR_TORN_TAIL) || faults)
		world_fail(w, "log_walk: %d, %u faults: %s", r, faults, err_message());
	file_close(f);
	manifest_release(&m);
}

static int not_empty(void *ctx, const char *name)
{
	world_fail(ctx, "tmp/%s was not swept", name);
}

struct naming_check {
	struct world *w;
	const struct manifest *m;
	const struct kept_set *kept;
};

static int is_named(void *ctx, const char *base)
{
	const struct naming_check *c = ctx;
	char name[SEGMENT_NAME_MAX], want[128];

	snprintf(want, sizeof want, "seg/%s", base);
	for (uint32_t i = 0; i < c->m->run_n; i++) {
		segment_name(name, SEGMENT_RUN, c->m->run[i].ref.id);
		if (!strcmp(name, want))
			return 0;
	}
	for (uint32_t i = 0; i < c->m->blob_n; i++) {
		segment_name(name, SEGMENT_BLOB, c->m->blob[i].id);
		if (!strcmp(name, want))
			return 0;
	}
	for (uint32_t i = 0; i < c->m->graph_n; i++)
		for (uint32_t k = 0; k < c->m->graph[i].segment_n; k++) {
			segment_name(name, c->m->graph[i].segment[k].kind,
				     c->m->graph[i].segment[k].id);
			if (!strcmp(name, want))
				return 0;
		}
	if (kept_names(c->kept, want))
		return 0;
	world_fail(c->w, "%s is left over", want);
}

static int is_a_log(void *ctx, const char *base)
{
	const struct naming_check *c = ctx;
	uint64_t id = strtoull(base, NULL, 10);

	if (!strncmp(base, "index", 5) || (id && id + 1 >= c->m->log_id && id <= c->m->log_id + 1))
		return 0;
	world_fail(c->w, "wal/%s is left over, the log is %llu", base,
		   (unsigned long long)c->m->log_id);
}

/* Nothing that a crash left stays for ever. */
void world_tidy(struct world *w, struct backend *b, struct store *s)
{
	struct naming_check c = { .w = w };
	struct kept_set kept;
	struct manifest m;

	world_must(w, store_compact(s), "compacting");
	world_must(w, manifest_read(&m, b, NULL), "reading the manifest");
	world_must(w, kept_load(&kept, b, m.store_id, NULL, NULL, NULL), "reading the snapshots");
	c.m = &m;
	c.kept = &kept;
	world_must(w, backend_list(b, "tmp", not_empty, w), "listing tmp");
	world_must(w, backend_list(b, "seg", is_named, &c), "listing seg");
	world_must(w, backend_list(b, "wal", is_a_log, &c), "listing wal");
	kept_release(&kept);
	manifest_release(&m);
}

static void more_commits(struct world *w, struct store *s)
{
	for (uint64_t n = 1 + world_rnd(w, 3); n; n--)
		world_must(w, world_commit_plain(w, s), "a commit after recovery");
	if (world_rnd(w, 6) == 0)
		world_must(w, world_commit_spilled(w, s), "a large commit after recovery");
	if (world_rnd(w, 6) == 0)
		world_must(w, world_commit_graph(w, s), "a graph's segment after recovery");
	if (w->nets && world_rnd(w, 3) == 0)
		world_must(w, world_commit_net(w, s), "a graph after recovery");
	if (world_rnd(w, 8) == 0)
		world_must(w, world_keep(w, s), "a snapshot after recovery");
	if (world_rnd(w, 4) == 0)
		world_must(w, store_fold(s), "a fold after recovery");
}

static void begin_again(struct world *w, struct process *p)
{
	int r;

	if (!w->created) {
		r = world_create(w, p->b);
		if (r != ERR_EXISTS)	/* the manifest was there */
			world_must(w, r, "taking a creation up again");
		w->created = true;
	}
	world_must(w, world_open(w, p->b, true, &p->s), "opening after the power failed");
	/* versions of what is lost are given again: first see what is */
	if (w->no_sync || world_rnd(w, 2))
		world_check(w, p->s, true);
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			world_must(w, store_fold(p->s), "folding after the power failed");
		else if (w->nets && world_rnd(w, 3) == 0)
			world_must(w, world_commit_net(w, p->s), "a graph after the power failed");
		else
			world_must(w, world_commit_plain(w, p->s), "going on after the power failed");
	}
}

/* A process that dies while it recovers, or soon after. */
static void die_recovering(struct world *w)
{
	struct process *p = calloc(1, sizeof *p);

	if (!p)
		abort();
	world_must(w, world_handle(w, &p->fault), "another handle");
	world_must(w, weave_open(&p->b, p->fault, w, p), "a weave");
	fault_die_after(p->fault, 1 + world_rnd(w, world_rnd(w, 2) ? 6 : 40));
	if (setjmp(p->died) == 0) {
		p->armed = true;
		begin_again(w, p);
	} else {
		p->gone = true;
	}
	world_say("died recovering");
	process_end(p);
	free(p);
}

static void create_again(struct world *w, struct backend *b)
{
	int r;

	if (w->created)
		return;
	r = world_create(w, b);
	if (r != ERR_EXISTS)	/* the manifest was there */
		world_must(w, r, "taking a creation up again");
	w->created = true;
}

static void go_on(struct world *w, struct backend *b)
{
	struct store *s = NULL;

	if (w->created && world_rnd(w, 3) == 0) {
		world_must(w, world_open(w, b, false, &s), "reading after the power failed");
		world_check(w, s, true);
		store_close(s);
	}
	create_again(w, b);
	world_must(w, world_open(w, b, true, &s), "opening after the power failed");
	world_check(w, s, true);
	w->unsure = false;
	more_commits(w, s);
	world_check(w, s, true);
	if (world_rnd(w, 3) == 0) {
		world_tidy(w, b, s);
		world_check(w, s, true);
	}
	store_close(s);
	s = NULL;
	if (world_rnd(w, 4) == 0)
		world_verify(w, b, false);
	if (world_rnd(w, 2))
		return;
	world_must(w, world_open(w, b, true, &s), "opening again");
	world_check(w, s, true);
	store_close(s);
}

/* Without a flush a commit is only in order. */
static void forget_acks(struct world *w)
{
	for (unsigned i = 0; w->no_sync && i < w->commit_n; i++)
		if (w->commit[i].fate == ACKED && !w->commit[i].durable)
			w->commit[i].fate = DOUBT;
}

static void power_cut(struct world *w, uint64_t seed, unsigned depth)
{
	struct backend *before = w->disk, *m = NULL, *b = NULL;

	world_say("power cut, state %llu", (unsigned long long)seed);
	world_must(w, fault_crash(before, seed, &m), "a crash");
	world_must(w, fault_open(&b, m, seed), "the disk after the crash");
	world_unmap(w, b);
	w->states++;
	w->seconds += depth > 0;
	fault_modes(b, w->modes);
	forget_acks(w);
	world_new_boot(w);
	w->disk = b;
	if (w->created && world_rnd(w, 4) == 0)
		world_verify(w, b, true);
	else
		walk_log(w, b);
	if (world_rnd(w, 3) == 0)	/* what lives for a while is dead by now */
		world_clock_skip(2 * WORLD_LIFE_MS);
	if (depth + 1 < DEPTH && !w->no_kills && world_rnd(w, 3) == 0) {
		die_recovering(w);
		power_cut(w, hash_u64(seed + 1), depth + 1);
	} else {
		go_on(w, b);
		if (depth + 1 < DEPTH && world_rnd(w, 3) == 0)
			power_cut(w, hash_u64(seed + 2), depth + 1);
	}
	w->disk = before;
	backend_close(b);
}

/* Each state begins from the same history. */
void world_power_cut(struct world *w, uint64_t seed)
{
	static struct world *saved;

	if (!saved)
		saved = world_new(seed);
	memcpy(saved, w, sizeof *w);
	w->rng = seed;
	power_cut(w, seed, 0);
	memcpy(w->commit, saved->commit, sizeof w->commit);
	memcpy(w->keep, saved->keep, sizeof w->keep);
	w->name_n = saved->name_n;
	world_clock_skip(0);
	w->commit_n = saved->commit_n;
	w->created = saved->created;
	w->unsure = saved->unsure;
	w->rng = saved->rng;
}

const char *explore(uint64_t seed, const struct explore *e, uint64_t *states)
{
	static struct world *w;

	free(w);		/* one that failed leaves what it had open */
	w = world_new(seed);
	if (setjmp(w->out)) {
		*states += w->states;
		seconds += w->seconds;
		snprintf(why, sizeof why, "seed %llu: %s", (unsigned long long)seed, w->why);
		return why;
	}
	w->no_sync = world_rnd(w, 8) == 0;
	w->direct = world_rnd(w, 2);
	w->lz4 = world_rnd(w, 2);
	w->weave = world_rnd(w, 4) == 0;
	w->no_maps = world_rnd(w, 10) == 0;
	w->nets = world_rnd(w, 3) == 0;
	w->no_sync |= (e->modes & EXPLORE_NO_SYNC) != 0;
	w->weave |= (e->modes & EXPLORE_WOVEN) != 0;
	w->nets |= (e->modes & EXPLORE_NETS) != 0;
	world_say("seed %llu%s%s%s%s%s", (unsigned long long)seed, w->no_sync ? ", no sync" : "",
		  w->direct ? ", direct" : "", w->weave ? ", woven" : "",
		  w->no_maps ? ", no mappings" : "", w->nets ? ", graphs" : "");
	world_must(w, fault_open(&w->disk, NULL, seed), "a disk");
	disk_modes(w, e->modes & 0xffff);
	history(w);
	for (unsigned i = 0; i < e->states; i++)
		world_power_cut(w, hash_u64(seed * 1000 + i));
	for (int i = 0; i < WORLD_PROCS; i++)
		process_end(&w->proc[i]);
	backend_close(w->disk);
	*states += w->states;
	seconds += w->seconds;
	return NULL;
}
