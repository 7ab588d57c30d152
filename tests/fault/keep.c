/* tests/fault/keep.c - snapshots under a name, images of the store, and its check */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/check.h"
#include "io/stream.h"
#include "store/backup.h"
#include "store/check.h"
#include "store/kept.h"
#include "tests/fault/world.h"

/* --- snapshots --- */

static int take(struct world *w, struct store *s, struct keep *k)
{
	struct snapshot *v = NULL;
	uint64_t version;
	int r = store_snapshot(s, &v);

	if (r < 0)
		return r;
	sprintf(k->name, "kept %u", w->name_n++);
	k->fate = KEEP_TAKING;
	world_look(w, s, v, &k->sight);
	snapshot_close(v);
	r = kept_take(s, bytes_str(k->name), &version);
	world_say("snapshot \"%s\" -> %d version %llu %s", k->name, r,
		  (unsigned long long)version, r < 0 ? err_message() : "");
	if (r == 0 && version != k->sight.version)
		world_fail(w, "snapshot \"%s\" is of version %llu, not %llu", k->name,
			   (unsigned long long)version, (unsigned long long)k->sight.version);
	if (r == 0)
		k->fate = KEEP_THERE;
	return r;
}

static int let_go(struct store *s, struct keep *k)
{
	int r;

	k->fate = KEEP_GOING;
	r = kept_remove(s, bytes_str(k->name));
	world_say("snapshot \"%s\" is removed -> %d %s", k->name, r, r < 0 ? err_message() : "");
	if (r == 0)
		k->fate = KEEP_NONE;
	return r;
}

/* With others in between nobody could say what it has; nor while a commit in doubt may
 * be taken up by it. */
int world_keep(struct world *w, struct store *s)
{
	struct keep *k = &w->keep[world_rnd(w, WORLD_KEEPS)];

	if (w->weave || w->unsure || k->fate == KEEP_TAKING || k->fate == KEEP_GOING)
		return 0;
	return k->fate == KEEP_NONE ? take(w, s, k) : let_go(s, k);
}

/* One that was killed while it was taken may be seen, and lost with the power. */
static void check_one(struct world *w, struct store *s, struct keep *k, struct sight *now)
{
	struct snapshot *v = NULL;
	int r = store_snapshot_as_of(s, bytes_str(k->name), &v);

	if (r == ERR_NO_SNAPSHOT) {
		if (k->fate == KEEP_THERE)
			world_fail(w, "snapshot \"%s\" was taken and is lost", k->name);
		err_clear();
		k->fate = KEEP_NONE;
		return;
	}
	world_must(w, r, "a snapshot by its name");
	world_look(w, s, v, now);
	snapshot_close(v);
	world_same(w, &k->sight, now, k->name);
}

void world_check_kept(struct world *w, struct store *s)
{
	struct sight *now = malloc(sizeof *now);

	if (!now)
		abort();
	for (unsigned i = 0; i < WORLD_KEEPS; i++)
		if (w->keep[i].fate != KEEP_NONE)
			check_one(w, s, &w->keep[i], now);
	free(now);
}

/* --- images --- */

/* A file of its own for streams, by a name that each process has for itself. */
static int file_of_ours(struct world *w, char name[64])
{
	int fd = memfd_create("image", 0);

	if (fd < 0)
		world_fail(w, "no file for an image");
	sprintf(name, "/proc/self/fd/%d", fd);
	return fd;
}

struct remaking {
	struct world *w;
	struct backend *b;
	struct store *s;
};

static int remake(void *ctx, const uint8_t id[16], struct bytes config, struct store **out)
{
	struct remaking *m = ctx;
	int r = store_create_as(m->b, config, id);

	if (r == 0)
		r = world_open(m->w, m->b, true, &m->s);
	*out = m->s;
	return r;
}

static int restore(struct remaking *m, const char *name)
{
	const struct restore_options o = { .make = remake, .ctx = m };
	struct restore *x = NULL;
	struct in *in = NULL;
	int r = in_open(&in, name, true, NULL);

	if (r == 0)
		r = restore_begin(&x, &o);
	if (r == 0)
		r = restore_read(x, in);
	if (r == 0)
		r = restore_end(x);
	restore_close(x);
	in_close(in);
	store_close(m->s);
	m->s = NULL;
	return r;
}

/* What lies on B is all of WANT; with R < 0 it may be a store without a commit, or none. */
static void check_restored(struct world *w, struct backend *b, int r, const struct sight *want)
{
	struct sight *got = malloc(sizeof *got);
	struct snapshot *v = NULL;
	struct store *s = NULL;
	int opened = world_open(w, b, false, &s);

	if (!got)
		abort();
	if (opened < 0 && r < 0) {
		if (opened != ERR_NO_STORE && opened != ERR_ABSENT)
			world_fail(w, "a restore that was killed left %d: %s", opened, err_message());
		err_clear();
		free(got);
		return;
	}
	world_must(w, opened, "opening what was restored");
	world_must(w, store_snapshot(s, &v), "a snapshot");
	world_look(w, s, v, got);
	if (r == 0 || got->version)
		world_same(w, want, got, "what was backed up, and restored");
	snapshot_close(v);
	store_close(s);
	free(got);
}

/* On a disk that fails, forgets, or both. */
static void restore_elsewhere(struct world *w, const char *name, const struct sight *want)
{
	struct remaking m = { .w = w };
	struct backend *b = NULL, *left = NULL, *after = NULL;
	bool dies = world_rnd(w, 2);
	uint64_t seed = world_rnd(w, 0xffffffff);
	int r;

	world_must(w, fault_open(&b, NULL, seed), "a disk");
	world_must(w, fault_again(&m.b, b), "another handle");
	if (dies)
		fault_die_after(m.b, 1 + world_rnd(w, 60));
	r = restore(&m, name);
	world_say("restored elsewhere -> %d %s", r, r < 0 ? err_message() : "");
	if (r < 0 && !fault_is_dead(m.b))
		world_fail(w, "restoring: %d %s", r, err_message());
	err_clear();
	world_must(w, fault_crash(b, hash_u64(seed), &left), "a crash");
	world_must(w, fault_open(&after, left, seed), "the disk after the crash");
	check_restored(w, b, r, want);
	check_restored(w, after, r, want);
	if (r == 0)
		world_verify(w, after, true);
	backend_close(after);
	backend_close(m.b);
	backend_close(b);
}

/* To standard output, which FD is meanwhile: any other file would be a name first. */
static int back_up(struct store *s, int fd)
{
	struct backup k = { .out = NULL };
	int before = dup(1), r;

	fflush(stdout);
	if (before < 0 || dup2(fd, 1) < 0)
		abort();
	r = out_open(&k.out, NULL, NULL);
	if (r == 0)
		r = backup_write(s, &k);
	if (r == 0)
		r = out_commit(k.out);
	else
		out_abort(k.out);
	if (dup2(before, 1) < 0)
		abort();
	close(before);
	return r;
}

void world_image(struct world *w, struct store *s)
{
	struct sight *want = malloc(sizeof *want);
	struct snapshot *v = NULL;
	char name[64];
	int fd = file_of_ours(w, name), r;

	if (!want)
		abort();
	world_must(w, store_snapshot(s, &v), "a snapshot");
	world_look(w, s, v, want);
	snapshot_close(v);
	r = back_up(s, fd);
	if (r == 0)
		restore_elsewhere(w, name, want);
	free(want);
	close(fd);
	world_must(w, r, "a backup");
}

/* --- the check --- */

struct verifying {
	struct world *w;
	bool torn;
};

static int found(void *ctx, const struct check_finding *f)
{
	const struct verifying *v = ctx;

	if (f->weight != CHECK_NOTE && !(v->torn && f->weight == CHECK_TORN))
		world_fail(v->w, "the check says: %s: offset %llu: %s", f->file,
			   (unsigned long long)f->off, f->what);
	return 0;
}

static void graph_found(void *ctx, const char *words, const char *next)
{
	world_fail(ctx, "the graph's check says: %s; %s", words, next);
}

void world_verify(struct world *w, struct backend *b, bool torn)
{
	struct verifying v = { .w = w, .torn = torn };
	struct mem mem;
	struct check c = { .backend = b, .mem = &mem, .full = true, .found = found, .ctx = &v };
	struct manifest m;
	int r;

	mem_init(&mem, 256u << 20);
	r = check_store(&c);
	if (r != 0 && !(torn && r == ERR_TORN_TAIL))
		world_fail(w, "the check ends with %d: %s", r, err_message());
	err_clear();
	world_must(w, manifest_read(&m, b, NULL), "reading the manifest");
	for (uint32_t i = 0; i < m.graph_n; i++)
		if (net_is_name(m.graph[i].name))
			world_must(w, check_graph(b, m.store_id, &m.graph[i], &mem, graph_found, w),
				   "checking a graph");
	manifest_release(&m);
}
