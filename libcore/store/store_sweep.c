/* store/store_sweep.c - files that nobody names any more
 *
 * Removed by name, and only when nobody can be building or reading: the locks say.
 * Failing to remove is no failure: the next writer tries again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/kept.h"
#include "store/store_priv.h"

struct sweep {
	struct store *s;
	const char *dir;
	const struct manifest *keep;
	const struct kept_set *kept;
	bool runs_only;
};

static int sweep_one(void *ctx, const char *name)
{
	struct sweep *w = ctx;
	char path[256];

	if (snprintf(path, sizeof path, "%s/%s", w->dir, name) >= (int)sizeof path)
		return 0;
	if (w->runs_only && strncmp(name, "run-", 4))
		return 0;
	if (!w->keep ||
	    (!manifest_names(w->keep, path) && !kept_names(w->kept, path)))
		backend_remove(w->s->backend, path);
	return 0;
}

static int any(void *ctx, const char *name)
{
	(void)name;
	*(bool *)ctx = true;
	return 1;
}

/* Failing to remove is no failure: the next writer tries again. */
void store_sweep(struct store *s)
{
	struct sweep w = { .s = s, .dir = "tmp" };
	bool found = false;

	if (s->building || backend_list(s->backend, "tmp", any, &found) < 0 || !found)
		return;
	if (backend_lock(s->backend, LOCK_BUILD, LOCK_EXCLUSIVE, 0) < 0)
		return;
	backend_list(s->backend, "tmp", sweep_one, &w);
	backend_unlock(s->backend, LOCK_BUILD);
	err_clear();
}

/* A publisher may have failed between its rename and its sync, and so may have who
 * removed a snapshot: no file of the old state goes before the new one cannot be
 * taken back. */
static bool settle_names(struct store *s)
{
	int r = backend_sync_dir(s->backend, "");

	if (r == 0)
		r = backend_sync_dir(s->backend, "snap");
	return r == 0 || r == ERR_ABSENT;	/* no snapshot was ever taken */
}

void store_sweep_segments(struct store *s)
{
	struct kept_set kept;
	struct sweep w = { .s = s, .dir = "seg", .keep = &s->manifest, .kept = &kept };

	/* A lock of our own never keeps us out: count instead. */
	if (s->building || s->readers ||
	    backend_lock(s->backend, LOCK_BUILD, LOCK_EXCLUSIVE, 0) < 0)
		return;
	if (backend_lock(s->backend, LOCK_READERS, LOCK_EXCLUSIVE, 0) == 0) {
		w.runs_only = s->settled ||
			backend_lock(s->backend, LOCK_VALUES, LOCK_EXCLUSIVE, 0) < 0;
		/* What a snapshot that cannot be read needs, nobody knows. */
		if (settle_names(s) &&
		    kept_load(&kept, s->backend, s->manifest.store_id, &s->mem, NULL, NULL) == 0) {
			backend_list(s->backend, "seg", sweep_one, &w);
			kept_release(&kept);
		}
		if (!w.runs_only)
			backend_unlock(s->backend, LOCK_VALUES);
		backend_unlock(s->backend, LOCK_READERS);
	}
	backend_unlock(s->backend, LOCK_BUILD);
	err_clear();
}

void store_tidy(struct store *s)
{
	struct err_note note;

	err_take(&note, 0);
	if (store_lock_publish(s, 0) == 0) {
		if (store_refresh(s) == 0)
			store_sweep_segments(s);
		backend_unlock(s->backend, LOCK_PUBLISH);
	}
	err_give(&note);
}

static int sweep_log(void *ctx, const char *name)
{
	struct store *s = ctx;
	char path[64], *end;
	uint64_t id = strtoull(name, &end, 10);

	if (strcmp(end, ".wal") || id + 1 >= s->manifest.log_id)
		return 0;
	if (snprintf(path, sizeof path, "wal/%s", name) < (int)sizeof path)
		backend_remove(s->backend, path);
	return 0;
}

/* Logs before the last retired one, which waits to be recycled: names that a power
 * cut brought back.  Who still reads one has it open. */
void store_sweep_logs(struct store *s)
{
	backend_list(s->backend, "wal", sweep_log, s);
	err_clear();
}

void store_drop_retired_log(struct store *s)
{
	char name[64];

	/* No manifest that a power cut could bring back names it. */
	if (backend_sync_dir(s->backend, "") == 0) {
		snprintf(name, sizeof name, "wal/%010llu.wal",
			 (unsigned long long)s->manifest.log_id - 1);
		backend_remove(s->backend, name);
	}
	err_clear();
}
