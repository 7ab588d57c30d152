/* cmd/doctor/kept.c - the store: its locks, log, index, runs and reserve */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cmd/doctor/doctor.h"
#include "io/file.h"
#include "store/check.h"
#include "store/tail.h"

#define PATIENCE_NS 250000000u	/* a commit is over by then, a fold is not */
#define RUNS_GOOD 8u		/* each is a filter to ask; store/merge keeps to it */

/* Whether somebody holds it for longer than a commit; then who is in the message. */
static bool held(struct doctor *d, unsigned lock)
{
	int r = backend_lock(d->backend, lock, LOCK_SHARED, PATIENCE_NS);

	if (r == 0)
		backend_unlock(d->backend, lock);
	return r == ERR_LOCKED;
}

static void check_locks(struct doctor *d)
{
	if (held(d, LOCK_PUBLISH) || held(d, LOCK_APPEND))
		doctor_say(d, DOCTOR_SLOW, "lock", "wait for it, or end that process", "%s",
			   err_message());
	else
		doctor_say(d, DOCTOR_OK, "lock", NULL, "free: no writer at work");
	err_clear();
}

/* --- the log --- */

struct log_seen {
	bool torn;
	char damage[512];		/* the first */
};

static int found(void *ctx, const struct check_finding *f)
{
	struct log_seen *seen = ctx;

	if (f->weight == CHECK_TORN)
		seen->torn = true;
	else if (f->weight != CHECK_NOTE && !*seen->damage)
		snprintf(seen->damage, sizeof seen->damage, "%s: %s", f->file, f->what);
	return 0;
}

/* Read as recovery would: manifest and log, not all of the store. */
static void check_log_bytes(struct doctor *d)
{
	struct log_seen seen = { 0 };
	struct mem mem;
	struct check c = { .backend = d->backend, .mem = &mem, .found = found, .ctx = &seen };
	int r;

	mem_init(&mem, setting_u64(&d->settings, SETTING_MEMORY_LIMIT));
	r = check_store(&c);
	if (*seen.damage)
		doctor_say(d, DOCTOR_FAIL, "log", "strato-walcheck --full, then --repair",
			   "%s", seen.damage);
	else if (seen.torn)
		doctor_say(d, DOCTOR_OK, "log", "nothing: the next writer drops it",
			   "its last commit is incomplete, as after a crash");
	else if (r < 0)
		doctor_say(d, DOCTOR_FAIL, "log", NULL, "%s", err_message());
	else
		doctor_say(d, DOCTOR_OK, "log", NULL, "sound");
	err_clear();
}

static void check_log_size(struct doctor *d, const struct store_stat *st)
{
	enum verdict v = DOCTOR_OK;

	if (st->log_bytes > 2 * st->log_limit)
		v = DOCTOR_SLOW;
	doctor_say(d, v, "log-size", v ? "strato-compact; its message says what hinders it" : NULL,
		   "%s, folded beyond %s", output_size(st->log_bytes),
		   output_size(st->log_limit));
}

static void check_index(struct doctor *d)
{
	struct tail_head h = { 0 };
	char boot[sizeof h.boot];
	struct file *f;
	int r = backend_open(d->backend, TAIL_NAME, 0, &f);

	if (r == 0) {
		r = file_read(f, &h, sizeof h, 0);
		file_close(f);
	}
	machine_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
	if (r < 0 || memcmp(h.magic, "stratoTL", 8) || (*boot && strncmp(h.boot, boot, 36)))
		doctor_say(d, DOCTOR_SLOW, "index", "any strato-put makes it",
			   "none of this boot: each command reads the whole log");
	else if (h.doubtful)
		doctor_say(d, DOCTOR_SLOW, "index", "the next writer reads the log's end again; "
			   "look into the kernel's log for the device",
			   "a write or flush failed: the log's end is in doubt");
	else
		doctor_say(d, DOCTOR_OK, "index", NULL, "there, entries: %s", output_count(h.node_n));
	err_clear();
}

/* --- the rest --- */

static void check_runs(struct doctor *d, const struct store_stat *st)
{
	enum verdict v = st->run_n > RUNS_GOOD ? DOCTOR_SLOW : DOCTOR_OK;

	doctor_say(d, v, "runs", v ? "strato-compact" : NULL, "%s run%s, %s",
		   output_count(st->run_n), st->run_n == 1 ? "" : "s",
		   output_size(st->run_bytes));
}

static void check_reserve(struct doctor *d, const struct store_stat *st)
{
	/* it follows the store's length, by and by */
	enum verdict v = st->reserve < st->reserve_want / 2 ? DOCTOR_SLOW : DOCTOR_OK;

	doctor_say(d, v, "reserve", v ? "free some space: the next strato-compact fills it" :
		   NULL, "%s of %s kept for removals on a full disk",
		   output_size(st->reserve), output_size(st->reserve_want));
}

void kept_checks(struct doctor *d)
{
	struct store_stat st;

	if (!d->in_store || !d->backend)
		return;
	check_locks(d);
	check_log_bytes(d);
	if (!d->store)
		return;
	check_index(d);
	if (store_stat(d->store, &st) < 0)
		return;
	check_log_size(d, &st);
	check_runs(d, &st);
	check_reserve(d, &st);
}
