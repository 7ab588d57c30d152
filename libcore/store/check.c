/* store/check.c - manifest, names, and the order in which a store is checked */
#include "store/check_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/setting.h"
#include "io/file.h"
#include "store/store_priv.h"
#include "store/wal.h"

#define REPAIR "strato-walcheck --repair=NEWDIR makes a new store of what is sound"
#define MANIFEST_MOST (64u << 20)

/* --- findings --- */

static int weigh(int worst, int code)
{
	if (worst == ERR_DAMAGED || code == ERR_DAMAGED)
		return ERR_DAMAGED;
	if (worst != 0 && worst != ERR_TORN_TAIL)
		return worst;
	return code != 0 && code != ERR_TORN_TAIL ? code : worst ? worst : code;
}

int checking_tell(struct checking *k, struct check_finding *f)
{
	if (f->weight != CHECK_NOTE)
		k->worst = weigh(k->worst, f->code);
	if (k->snapshot.ptr && !f->snapshot.ptr)
		f->snapshot = k->snapshot;
	if (!f->so)
		f->so = "";
	if (!f->next)
		f->next = "";
	k->stop = k->c->found ? k->c->found(k->c->ctx, f) : 0;
	return k->stop;
}

const char *check_word(enum check_kind kind)
{
	static const char *const word[] = {
		[CHECK_MANIFEST] = "manifest", [CHECK_PUT_BACK] = "put-back",
		[CHECK_COPY] = "manifest-copy", [CHECK_LOG] = "log",
		[CHECK_COMMIT] = "commit", [CHECK_LOG_END] = "log-end",
		[CHECK_TAIL] = "log-tail", [CHECK_LOG_INDEX] = "log-index",
		[CHECK_RUN] = "run", [CHECK_KEYS] = "keys", [CHECK_VALUE] = "value",
		[CHECK_BLOB] = "values", [CHECK_GRAPH] = "graph", [CHECK_NODES] = "nodes",
		[CHECK_EDGES] = "edges", [CHECK_STATES] = "properties",
		[CHECK_CHANGES] = "changes", [CHECK_PROPERTY_INDEX] = "property-index",
		[CHECK_SNAPSHOT] = "snapshot", [CHECK_SETTINGS] = "settings",
		[CHECK_FOLDER] = "folder", [CHECK_STRAY] = "stray",
	};

	return word[kind];
}

void checking_step(struct checking *k, uint64_t len)
{
	k->done += len;
	if (k->c->at)
		k->c->at(k->c->ctx, k->done, k->all);
}

const char *checking_path(struct checking *k, const char *name)
{
	snprintf(k->file, sizeof k->file, "%s/%s", k->c->backend->path, name);
	return k->file;
}

void checking_take(struct checking *k, struct check_finding *f, const char *text)
{
	size_t len = strlen(f->file);
	char *end;

	if (!strncmp(text, f->file, len) && text[len] == ':')
		text += len + 1 + (text[len + 1] == ' ');
	if (!strncmp(text, "offset ", 7)) {
		uint64_t off = strtoull(text + 7, &end, 10);

		if (end > text + 7 && *end == ':') {
			f->off = off;
			text = end + 1 + (end[1] == ' ');
		}
	}
	snprintf(k->what, sizeof k->what, "%s", text);
	f->what = k->what;
}

int checking_met(struct checking *k, int r, const char *file,
		 const struct check_finding *pattern)
{
	struct check_finding f = *pattern;

	switch (r) {
	case ERR_DAMAGED:
	case ERR_ABSENT:
		f.weight = CHECK_DAMAGE;
		f.code = ERR_DAMAGED;
		break;
	case ERR_IO:
	case ERR_DENIED:
	case ERR_UNTRUSTED:
	case ERR_NEWER:
	case ERR_UNAVAILABLE:
		f.weight = CHECK_UNREADABLE;
		f.code = r;
		break;
	default:
		return r;
	}
	f.file = file;
	f.off = CHECK_NOWHERE;
	if (r == ERR_ABSENT)
		f.what = "is not there";
	else
		checking_take(k, &f, err_message());
	return checking_tell(k, &f);
}

static int damage(struct checking *k, enum check_kind kind, const char *name,
		  const char *what, const char *so, const char *next)
{
	struct check_finding f = {
		.kind = kind, .weight = CHECK_DAMAGE, .code = ERR_DAMAGED,
		.file = checking_path(k, name), .off = CHECK_NOWHERE,
		.what = what, .so = so, .next = next,
	};

	return checking_tell(k, &f);
}

static int note(struct checking *k, const char *name, const char *what)
{
	struct check_finding f = {
		.kind = CHECK_STRAY, .weight = CHECK_NOTE, .file = checking_path(k, name),
		.off = CHECK_NOWHERE, .what = what,
	};

	return checking_tell(k, &f);
}

const char *checking_graph(const struct checking *k, uint32_t space)
{
	for (uint32_t i = 0; space && k->m && i < k->m->graph_n; i++)
		if (k->m->graph[i].space == space)
			return k->m->graph[i].name;
	return NULL;
}

/* --- the manifest, and what else knows how new it should be --- */

/* One look at the files that say what is live.  Nothing of it is told before the
 * manifest was read again and had not moved. */
struct look {
	struct manifest m, old;
	int manifest, manifest_old;	/* what reading each answered */
	struct err_note manifest_said, old_said;
	bool twins_differ;		/* one generation, other bytes */
	struct file *log;		/* the manifest's, NULL: see log_said */
	int log_open;
	struct err_note log_said;
	unsigned held;			/* the lock that keeps it, 0: none */
	bool head_sound, mark_sound;
	struct wal_head head;
	struct wal_mark mark;
	struct err_note foreign;	/* code: a sound log, but another one */
	char later[WAL_NAME_MAX];	/* a log that no manifest should know, with commits */
};

static void look_release(struct checking *k, struct look *l)
{
	if (l->manifest == 0)
		manifest_release(&l->m);
	if (l->manifest_old == 0)
		manifest_release(&l->old);
	file_close(l->log);
	if (l->held)
		backend_unlock(k->c->backend, l->held);
	memset(l, 0, sizeof *l);
	l->manifest = l->manifest_old = ERR_ABSENT;
}

static int same_bytes(struct checking *k, bool *same)
{
	struct buf a = { .mem = k->c->mem }, b = { .mem = k->c->mem };
	int r = file_slurp(k->c->backend, "manifest", MANIFEST_MOST, &a);

	if (r == 0)
		r = file_slurp(k->c->backend, "manifest.old", MANIFEST_MOST, &b);
	if (r == 0)
		*same = bytes_equal(buf_bytes(&a), buf_bytes(&b));
	buf_release(&a);
	buf_release(&b);
	return r;
}

static int look_at_manifests(struct checking *k, struct look *l)
{
	struct backend *b = k->c->backend;
	bool same = true;
	int r = 0;

	l->manifest = manifest_read(&l->m, b, k->c->mem);
	err_take(&l->manifest_said, l->manifest);
	l->manifest_old = manifest_read_file(&l->old, b, "manifest.old", k->c->mem);
	err_take(&l->old_said, l->manifest_old);
	if (l->manifest == 0 && l->manifest_old == 0 &&
	    l->m.generation == l->old.generation)
		r = same_bytes(k, &same);
	l->twins_differ = !same;
	if (l->manifest == ERR_MEMORY || l->manifest_old == ERR_MEMORY)
		return ERR_MEMORY;
	return r;
}

/* Block 0 and both marks of a log, as far as they can be read. */
static void read_heads(struct checking *k, struct file *f, const struct wal_key *key,
		       struct look *l)
{
	uint8_t *p = mem_pages(k->c->mem, WAL_FIRST_BLK * WAL_BLOCK);

	if (p && file_read(f, p, WAL_FIRST_BLK * WAL_BLOCK, 0) == 0) {
		int r = wal_head_parse(&l->head, p, key, f);

		l->head_sound = r == 0;
		err_take(&l->foreign, r);
		if (r == ERR_CHANGED)		/* if so still when read again, it was not */
			l->foreign.code = ERR_DAMAGED;
		else if (wal_head_parse(&l->head, p, NULL, f) < 0)
			l->foreign.code = 0;	/* the walk tells what is wrong */
		if (r == 0)
			l->foreign.code = 0;
		l->mark_sound = l->head_sound &&
			wal_mark_parse(&l->mark, p + WAL_BLOCK, &l->head.key, f) == 0;
	}
	mem_free_pages(k->c->mem, p, WAL_FIRST_BLK * WAL_BLOCK);
}

static int look_at_log(struct checking *k, struct look *l)
{
	struct backend *b = k->c->backend;
	struct wal_key key = { .log_id = l->m.log_id };
	char name[WAL_NAME_MAX];

	l->held = LOCK_HOLD + (unsigned)(l->m.log_id % 64);
	if (backend_lock(b, l->held, LOCK_SHARED, 0) < 0)
		l->held = 0;	/* nobody can write here, or it is just being retired */
	wal_name(name, l->m.log_id);
	l->log_open = backend_open(b, name, 0, &l->log);
	err_take(&l->log_said, l->log_open);
	if (l->log_open < 0)
		return l->log_open == ERR_MEMORY ? ERR_MEMORY : 0;
	memcpy(key.store_id, l->m.store_id, sizeof key.store_id);
	read_heads(k, l->log, &key, l);
	return 0;
}

/* "0000000012.wal": 12; 0: another kind of name. */
static uint64_t log_number(const char *name)
{
	char want[WAL_NAME_MAX];
	uint64_t id = strtoull(name, NULL, 10);

	wal_name(want, id);
	return strcmp(want + strlen("wal/"), name) ? 0 : id;
}

struct later {
	struct checking *k;
	struct look *l;
};

static int count_commit(void *ctx, const struct log_commit *c)
{
	(void)c;
	*(bool *)ctx = true;
	return 1;
}

/* A log after the manifest's is made before the manifest that names it, but
 * commits come after that.  A file taken over has its new name first and its new
 * head last: until then the commits in it are an older log's. */
static int look_at_later(void *ctx, const char *name)
{
	struct later *w = ctx;
	struct checking *k = w->k;
	uint64_t id = log_number(name);
	char path[WAL_NAME_MAX];
	bool any = false;
	const struct log_walk walk = { .commit = count_commit, .ctx = &any };
	struct wal_key key = { .log_id = id };
	struct look seen = { .head_sound = false };
	struct file *f;

	if (id <= w->l->m.log_id)
		return 0;
	wal_name(path, id);
	if (backend_open(k->c->backend, path, 0, &f) < 0)
		return 0;
	memcpy(key.store_id, w->l->m.store_id, sizeof key.store_id);
	read_heads(k, f, &key, &seen);
	if (seen.head_sound)
		log_walk(f, key.store_id, &walk, k->c->mem);
	file_close(f);
	if (any)
		snprintf(w->l->later, sizeof w->l->later, "%s", path);
	return 0;
}

/* 0, or ERR_CHANGED: someone published meanwhile. */
static int look(struct checking *k, struct look *l)
{
	struct manifest again;
	struct later later = { k, l };
	int r = look_at_manifests(k, l);

	if (r < 0 || l->manifest < 0)
		return r;
	r = look_at_log(k, l);
	if (r == 0)
		backend_list(k->c->backend, "wal", look_at_later, &later);
	if (r == 0)
		r = manifest_read(&again, k->c->backend, k->c->mem);
	if (r < 0)
		return r == ERR_MEMORY || r == ERR_RESOURCE ? r : ERR_CHANGED;
	if (again.generation != l->m.generation)
		r = ERR_CHANGED;
	manifest_release(&again);
	return r;
}

static int rolled_back(struct checking *k, const char *what)
{
	return damage(k, CHECK_PUT_BACK, "manifest", what,
		      "the store is older than what was acknowledged: keys and graphs written "
		      "since are not seen", REPAIR);
}

static int tell_old(struct checking *k, const struct look *l)
{
	const struct check_finding pattern = {
		.kind = CHECK_COPY,
		.so = "no key and no graph is hit: it is the copy that a repair would start "
		      "from if the manifest were damaged",
		.next = "strato-compact writes it anew",
	};

	if (l->manifest_old == ERR_NO_STORE)
		return l->manifest == 0 && l->m.generation > 1 ?
			note(k, "manifest.old", "is not there") : 0;
	if (l->manifest_old < 0) {
		err_give(&l->old_said);
		return checking_met(k, l->manifest_old, checking_path(k, "manifest.old"),
				    &pattern);
	}
	if (l->manifest < 0)
		return 0;
	if (memcmp(l->old.store_id, l->m.store_id, sizeof l->m.store_id))
		return damage(k, CHECK_COPY, "manifest.old", "is another store's", pattern.so,
			      pattern.next);
	if (l->old.generation > l->m.generation)
		return rolled_back(k, "is older than manifest.old: it was put back");
	if (l->twins_differ || l->old.generation + 1 < l->m.generation)
		return damage(k, CHECK_COPY, "manifest.old", "is not the manifest before this one",
			      pattern.so, pattern.next);
	return 0;
}

static int tell_manifest(struct checking *k, const struct look *l)
{
	char so[200];
	const struct check_finding pattern = {
		.kind = CHECK_MANIFEST, .so = so, .next = REPAIR,
		.version = l->manifest_old == 0 ? l->old.version + 1 : 0,
	};

	snprintf(so, sizeof so, "the store does not open: none of its keys and graphs can be "
		 "read");
	if (l->manifest_old == 0)
		snprintf(so + strlen(so), sizeof so - strlen(so), ", its copy is of version %"
			 PRIu64, l->old.version);
	if (l->manifest == ERR_NO_STORE)
		return damage(k, CHECK_MANIFEST, "manifest", "is not there", so, REPAIR);
	if (l->manifest < 0) {
		err_give(&l->manifest_said);
		return checking_met(k, l->manifest, checking_path(k, "manifest"), &pattern);
	}
	return 0;
}

/* What the log knows of the manifest. */
static int tell_names(struct checking *k, const struct look *l)
{
	char what[160];

	if (l->head_sound && l->head.generation > l->m.generation)
		snprintf(what, sizeof what, "is generation %" PRIu64 ", its log knows %"
			 PRIu64 ": it was put back", l->m.generation, l->head.generation);
	else if (l->mark_sound && l->mark.flags & WAL_RETIRED)
		snprintf(what, sizeof what, "names log %" PRIu64
			 ", which a later manifest retired: it was put back", l->m.log_id);
	else if (l->mark_sound && l->mark.floor > l->m.version)
		snprintf(what, sizeof what, "is of version %" PRIu64 ", its log knows %"
			 PRIu64 ": it was put back", l->m.version, l->mark.floor);
	else if (l->later[0])
		snprintf(what, sizeof what, "names log %" PRIu64 ", and %s has commits: "
			 "it was put back", l->m.log_id, l->later);
	else
		return 0;
	return rolled_back(k, what);
}

/* --- logs --- */

static int check_named_log(struct checking *k, struct look *l)
{
	char name[WAL_NAME_MAX], so[160];
	const struct check_finding pattern = {
		.kind = CHECK_LOG, .so = so, .next = REPAIR, .version = l->m.folded + 1,
	};

	snprintf(so, sizeof so, "the store does not open; what was committed after version %"
		 PRIu64 " is lost", l->m.folded);

	wal_name(name, l->m.log_id);
	if (l->log_open == 0 && l->foreign.code < 0) {
		err_give(&l->foreign);
		return checking_met(k, ERR_DAMAGED, checking_path(k, name), &pattern);
	}
	if (l->log_open == 0)
		return checking_log(k, l->log, l->head_sound ? &l->head : NULL);
	err_give(&l->log_said);
	return checking_met(k, l->log_open, checking_path(k, name), &pattern);
}

static int check_any_log(void *ctx, const char *name)
{
	struct checking *k = ctx;
	char path[WAL_NAME_MAX];
	struct file *f;
	int r;

	if (!log_number(name))
		return 0;
	wal_name(path, log_number(name));
	r = backend_open(k->c->backend, path, 0, &f);
	if (r < 0)
		return 0;
	r = checking_log(k, f, NULL);
	file_close(f);
	return r;
}

/* --- files nobody names --- */

static bool is_one_of(const char *name, const char *const *all)
{
	while (*all && strcmp(*all, name))
		all++;
	return *all;
}

static int note_root(void *ctx, const char *name)
{
	static const char *const known[] = { "manifest", "manifest.old", "lock", "config",
		"wal", "seg", "tmp", "snap", "reserve", "gpucache.sock", "gpucache.idx",
		"gpucache.lock", "gpucache.hot", "gpucache.calibration", NULL };

	if (is_one_of(name, known))
		return 0;
	return note(ctx, name, "is no file of a store");
}

static int note_wal(void *ctx, const char *name)
{
	struct checking *k = ctx;
	uint64_t id = log_number(name);
	char path[300];

	/* the log before this one waits to be recycled */
	if (!strcmp(name, "index") || id == k->m->log_id || id + 1 == k->m->log_id)
		return 0;
	snprintf(path, sizeof path, "wal/%s", name);
	return note(k, path, "is a log that the manifest does not name");
}

static int note_segment(void *ctx, const char *name)
{
	struct checking *k = ctx;
	char path[300];

	snprintf(path, sizeof path, "seg/%s", name);
	if (manifest_names(k->m, path) || kept_names(k->kept, path))
		return 0;
	return note(k, path, "is named by no manifest: being built, or left by a process "
		    "that was killed; strato-compact sweeps it");
}

static int note_tmp(void *ctx, const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "tmp/%s", name);
	return note(ctx, path, "is being built, or left by a process that was killed; "
		    "the next writer sweeps it");
}

static int note_snap(void *ctx, const char *name)
{
	char path[300];

	if (kept_is_file(name))
		return 0;
	snprintf(path, sizeof path, "snap/%s", name);
	return note(ctx, path, "is no snapshot");
}

static int note_files(struct checking *k)
{
	static const struct {
		const char *dir;
		int (*each)(void *, const char *);
	} all[] = { { "", note_root }, { "wal", note_wal }, { "seg", note_segment },
		    { "tmp", note_tmp }, { "snap", note_snap } };
	static const struct check_finding lost = {
		.kind = CHECK_FOLDER, .next = REPAIR,
		.so = "the keys and graphs whose files lay in it are lost",
	}, scratch = {
		.kind = CHECK_FOLDER, .next = "mkdir STORE/tmp mends it",
		.so = "no key and no graph is hit, but nothing can be folded or imported",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof all / sizeof *all; i++) {
		r = backend_list(k->c->backend, all[i].dir, all[i].each, k);
		if (r == ERR_ABSENT && all[i].each == note_snap)
			r = 0;		/* none was ever taken */
		if (r < 0 && r != k->stop)
			r = checking_met(k, r, checking_path(k, all[i].dir),
					 all[i].each == note_tmp ? &scratch : &lost);
	}
	return r;
}

/* --- settings --- */

static int check_config(struct checking *k)
{
	const struct check_finding pattern = {
		.kind = CHECK_SETTINGS,
		.so = "the store does not open; none of its keys and graphs is hit",
		.next = "mend the line; strato-config(5) has all names and values",
	};
	struct buf text = { .mem = k->c->mem };
	struct settings s;
	const char *path = checking_path(k, "config");
	int r = file_slurp(k->c->backend, "config", 1u << 20, &text);

	if (r == ERR_ABSENT) {
		r = 0;
	} else if (r < 0) {
		r = checking_met(k, r, path, &pattern);
	} else {
		setting_init(&s);
		r = setting_read(&s, SETTING_STORE, path, buf_bytes(&text));
		if (r == ERR_SETTING)
			r = checking_met(k, ERR_DAMAGED, path, &pattern);
	}
	buf_release(&text);
	return r;
}

/* --- all of it --- */

static int is_part(void *ctx, const char *name)
{
	static const char *const part[] = { "manifest.old", "wal", "seg", NULL };

	if (!strcmp(name, "creating"))
		*(int *)ctx = ERR_NO_STORE;	/* it never was one */
	else if (is_one_of(name, part) && *(int *)ctx == 0)
		*(int *)ctx = 1;
	return 0;
}

/* Without a manifest: a store that lost it (0), or none at all. */
static int was_store(struct checking *k, const struct look *l)
{
	int found = 0;
	int r = backend_list(k->c->backend, "", is_part, &found);

	if (r == 0 && found == 1)
		return 0;
	return r < 0 ? r : err_give(&l->manifest_said);
}

/* --- snapshots --- */

static int bad_kept(void *ctx, const char *name, int code)
{
	uint8_t room[KEPT_NAME_MAX];
	const struct check_finding pattern = {
		.kind = CHECK_SNAPSHOT,
		.so = "the snapshot cannot be read; what only it needs is never swept",
		.next = "remove the file, and take another snapshot if one is wanted",
		.snapshot = kept_file_name(name + strlen("snap/"), room),
	};
	struct checking *k = ctx;

	return checking_met(k, code, checking_path(k, name), &pattern);
}

/* What the snapshots before I and the store itself name was checked with those. */
static int check_kept(struct checking *k, struct kept_set *set)
{
	const struct manifest *live = k->m;
	struct kept_set before = *set;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < set->n; i++) {
		struct manifest *m = &set->kept[i].m;

		before.n = i;
		k->m = m;
		k->snapshot = kept_name(&set->kept[i]);
		r = checking_segments(k, live, &before);
	}
	k->snapshot = bytes_of(NULL, 0);
	k->m = live;
	return r;
}

static int check_full(struct checking *k)
{
	struct kept_set set;
	int r = kept_load(&set, k->c->backend, k->m->store_id, k->c->mem, bad_kept, k);

	if (r != 0)
		return r;
	k->kept = &set;
	k->all = k->done + checking_bytes(k, &set);
	r = checking_segments(k, NULL, NULL);
	if (r == 0)
		r = check_kept(k, &set);
	if (r == 0)
		r = note_files(k);
	k->kept = NULL;
	kept_release(&set);
	return r;
}

static int check_rest(struct checking *k, struct look *l)
{
	int r;

	if (!k->m)
		return backend_list(k->c->backend, "wal", check_any_log, k);
	r = check_named_log(k, l);
	if (r != 0 || !k->c->full)
		return r;
	r = check_config(k);
	return r != 0 ? r : check_full(k);
}

static int check_looked(struct checking *k, struct look *l)
{
	int r = l->manifest == ERR_NO_STORE ? was_store(k, l) : 0;

	if (r == 0 && l->manifest == ERR_NEWER)
		r = err_give(&l->manifest_said);
	if (r == 0)
		r = tell_manifest(k, l);
	if (r == 0)
		r = tell_old(k, l);
	if (l->manifest == 0)
		k->m = &l->m;
	if (r == 0 && k->m)
		r = tell_names(k, l);
	return r != 0 ? r : check_rest(k, l);
}

int check_store(const struct check *c)
{
	struct checking k = { .c = c };
	struct look l = { .manifest = ERR_ABSENT, .manifest_old = ERR_ABSENT };
	bool locked = backend_lock(c->backend, LOCK_READERS, LOCK_SHARED,
				   LOCK_READERS_WAIT_NS) == 0;
	int r = ERR_CHANGED;

	/* Without a lock file, or permission to lock it, nobody writes either. */
	for (int i = 0; i < STORE_TRIES && r == ERR_CHANGED; i++) {
		look_release(&k, &l);
		r = look(&k, &l);
	}
	if (r == 0)
		r = check_looked(&k, &l);
	look_release(&k, &l);
	if (locked)
		backend_unlock(c->backend, LOCK_READERS);
	return r != 0 ? r : k.worst;
}

int check_log(const struct check *c, struct file *f)
{
	struct checking k = { .c = c };
	int r = checking_log(&k, f, NULL);

	return r != 0 ? r : k.worst;
}
