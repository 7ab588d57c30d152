/* store/store.c - open, publish, one get */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "io/file.h"
#include "store/kept.h"
#include "store/manifest_disk.h"
#include "store/store_priv.h"
#include "store/wal.h"

/* --- runs of a manifest --- */

int run_set_init(struct run_set *set, struct store *s, const struct manifest *m)
{
	set->run = mem_zalloc(&s->mem, m->run_n * sizeof *set->run);
	set->n = set->run ? m->run_n : 0;
	return set->run ? 0 : ERR_MEMORY;
}

void run_set_release(struct run_set *set, struct store *s)
{
	for (uint32_t i = 0; i < set->n; i++)
		run_close(set->run[i]);
	mem_free(&s->mem, set->run);
	set->run = NULL;
	set->n = 0;
}

int run_set_open(struct run_set *set, struct store *s, const struct manifest *m,
		 uint32_t i, struct run **out)
{
	if (!set->run[i]) {
		int r = run_open(&set->run[i], s->backend, &m->run[i], m->store_id,
				 &s->mem);
		if (r < 0)
			return r;
	}
	*out = set->run[i];
	return 0;
}

int run_set_get(struct run_set *set, struct store *s, const struct manifest *m,
		uint32_t space, struct bytes key, struct buf *buf, struct entry *out)
{
	uint64_t hash = set->n ? run_hash(space, key) : 0;

	for (uint32_t i = 0; i < set->n; i++) {
		struct run *run;
		int r = run_set_open(set, s, m, i, &run);

		if (r == 0)
			r = run_get(run, space, key, hash, buf, out);
		if (r != 0)
			return r;
	}
	return 0;
}

/* --- open --- */

/* For a log whose publisher died: the manifest as it is now. */
static int names_log(void *ctx, uint64_t log_id, uint64_t *version)
{
	struct store *s = ctx;
	struct manifest now;
	int r = manifest_read(&now, s->backend, &s->mem);

	if (r < 0)
		return r;
	r = now.log_id == log_id;
	*version = now.version;
	manifest_release(&now);
	return r;
}

void store_log_options(struct store *s, struct log_options *o)
{
	memset(o, 0, sizeof *o);
	o->backend = s->backend;
	memcpy(o->store_id, s->manifest.store_id, sizeof o->store_id);
	o->log_id = s->manifest.log_id;
	o->base_version = s->manifest.version;
	o->generation = s->manifest.generation;
	o->write = s->write;
	o->scarce = s->scarce;
	o->no_sync = setting_u64(&s->settings, SETTING_SYNC) == SYNC_NONE;
	/* Readers are better served by the page cache. */
	o->direct = s->write && setting_u64(&s->settings, SETTING_DIRECT_IO) != DIRECT_IO_OFF;
	o->named = names_log;
	o->named_ctx = s;
	o->wait_ns = s->wait_ns;
	o->mem = &s->mem;
}

static void forget(struct store *s)
{
	log_close(s->log);
	s->log = NULL;
	run_set_release(&s->runs, s);
	manifest_release(&s->manifest);
}

static int look(struct store *s)
{
	struct log_options o;
	uint8_t id[sizeof s->manifest.store_id];
	int r;

	memcpy(id, s->manifest.store_id, sizeof id);
	r = manifest_read(&s->manifest, s->backend, &s->mem);
	if (r < 0) {
		/* what is being built goes on, and is this store's */
		memcpy(s->manifest.store_id, id, sizeof id);
		return r;
	}
	if (s->write && !s->manifest.write_ok)
		return err_set(ERR_NEWER, "%s: a newer program must write this store",
			       s->backend->path);
	r = run_set_init(&s->runs, s, &s->manifest);
	if (r < 0 || s->graphs)
		return r;
	store_log_options(s, &o);
	r = log_open(&s->log, &o);
	return r == 0 && log_is_retired(s->log) ? ERR_CHANGED : r;
}

int store_put_back(struct store *s)
{
	char log[WAL_NAME_MAX];

	wal_name(log, s->manifest.log_id);
	return err_set(ERR_DAMAGED, "%s/manifest: an older one was put back: its log, %s, knows"
		       " a newer one", s->backend->path, log);
}

int store_refresh(struct store *s)
{
	int r = ERR_CHANGED;

	for (int i = 0; i < STORE_TRIES && store_moved(r); i++) {
		forget(s);
		r = look(s);
	}
	if (r == ERR_ABSENT)
		r = manifest_lost(&s->manifest, s->backend);
	return r == ERR_CHANGED ? store_put_back(s) : r;
}

static int load_settings(struct store *s, const struct store_options *o)
{
	struct buf config = { .mem = NULL };
	char where[4096];
	int r = file_slurp(s->backend, "config", 1u << 20, &config);

	snprintf(where, sizeof where, "%s/config", s->backend->path);
	if (r == ERR_ABSENT)
		r = 0;
	if (r == 0 && o->settings)
		r = o->settings(o->ctx, &s->settings, buf_bytes(&config), where);
	else if (r == 0) {
		setting_init(&s->settings);
		r = setting_read(&s->settings, SETTING_STORE, where, buf_bytes(&config));
	}
	buf_release(&config);
	if (r == 0 && s->settings.value[SETTING_MEMORY_LIMIT])
		s->mem.limit = s->settings.value[SETTING_MEMORY_LIMIT];
	return r;
}

/* How the store's files are read and written: the manifest stands for them all,
 * because this is decided by file system. */
static int ask_io_mode(struct store *s, bool *direct, const char **why)
{
	static _Thread_local char text[64];
	struct file *f;
	int r;

	*direct = false;
	if (setting_u64(&s->settings, SETTING_DIRECT_IO) == DIRECT_IO_OFF) {
		*why = "direct_io is off";
		return 0;
	}
	r = backend_open(s->backend, "manifest", FILE_DIRECT, &f);
	if (r < 0)
		return r;
	*direct = f->direct;
	*why = "the file system has no direct I/O";
	if (f->direct) {
		snprintf(text, sizeof text, "the file system takes blocks of %u bytes",
			 f->align);
		*why = text;
	}
	file_close(f);
	return 0;
}

/* direct_io=on is a demand. */
static int check_direct(struct store *s)
{
	const char *why;
	bool direct;
	int r = 0;

	if (setting_u64(&s->settings, SETTING_DIRECT_IO) != DIRECT_IO_ON)
		return 0;
	r = ask_io_mode(s, &direct, &why);
	if (r < 0 || direct)
		return r;
	r = err_set(ERR_UNAVAILABLE, "%s: direct_io is on, but %s", s->backend->path, why);
	err_hint("direct_io=auto goes without it");
	return r;
}

static int refuse_network(struct store *s)
{
	const char *fs = backend_network(s->backend);

	if (!fs || setting_u64(&s->settings, SETTING_NETWORK_FS) == NETWORK_FS_ALLOW)
		return 0;
	err_set(ERR_UNAVAILABLE, "%s: lies on a network file system (%s), where locks and "
		"flushes may not hold", s->backend->path, fs);
	err_hint("if it is used from one machine at a time: -O network_fs=allow");
	return ERR_UNAVAILABLE;
}

int store_open_on(struct store **out, struct backend *b, const struct store_options *o)
{
	struct store *s = mem_zalloc(NULL, sizeof *s);
	int r;

	if (!s)
		return ERR_MEMORY;
	mem_init(&s->mem, 0);
	s->backend = b;
	s->buf.mem = s->kept_leases.mem = &s->mem;
	s->write = o->write;
	s->graphs = o->graphs && !o->write;
	s->wait_ns = o->wait_ns;
	s->who = o->who;
	r = load_settings(s, o);
	if (r == 0)
		r = refuse_network(s);
	if (r == 0)
		r = store_refresh(s);
	if (r == 0)
		r = check_direct(s);
	if (r == 0 && s->write)
		store_sweep(s);
	if (r < 0)
		store_close(s);
	else
		*out = s;
	return r;
}

int store_open(struct store **out, const char *dir, const struct store_options *o)
{
	struct backend *b;
	int r = backend_local(&b, dir, o->write);

	if (r == ERR_NO_STORE)
		err_hint("create one with 'strato-init %s', or add --create", dir);
	if (r < 0)
		return r;
	r = store_open_on(out, b, o);
	if (r < 0)
		backend_close(b);
	else
		(*out)->own_backend = true;
	return r;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	blob_writer_close(s->blob);
	for (unsigned i = 0; i < STORE_READERS; i++)
		blob_reader_close(s->reader[i]);
	forget(s);
	buf_release(&s->buf);
	buf_release(&s->kept_leases);
	if (s->own_backend)
		backend_close(s->backend);
	mem_free(NULL, s);
}

struct backend *store_backend(struct store *s)
{
	return s->backend;
}

struct mem *store_mem(struct store *s)
{
	return &s->mem;
}

const char *store_path(const struct store *s)
{
	return s->backend->path;
}

const uint8_t *store_id(const struct store *s)
{
	return s->manifest.store_id;
}

const struct settings *store_settings(const struct store *s)
{
	return &s->settings;
}

/* --- one get --- */

uint64_t store_now_ms(struct store *s)
{
	uint64_t now = s->log ? log_now_ns(s->log) : clock_wall_ns();

	if (now < s->manifest.commit_ns)
		now = s->manifest.commit_ns;
	if (s->now_ms < now / 1000000)
		s->now_ms = now / 1000000;
	return s->now_ms;
}

int store_live(struct store *s, const struct entry *e)
{
	if (e->kind == ENTRY_REMOVE)
		return 0;
	return !e->expires_ms || !entry_expired(e, store_now_ms(s));
}

static int find(struct store *s, uint32_t space, struct bytes key, uint64_t as_of,
		struct entry *out)
{
	int r = log_get(s->log, space, key, as_of, &s->buf, out);

	if (r == 0)
		r = run_set_get(&s->runs, s, &s->manifest, space, key, &s->buf, out);
	return r;
}

int store_get(struct store *s, uint32_t space, struct bytes key, struct entry *out)
{
	int r = 0;

	for (int i = 0; i < STORE_TRIES; i++) {
		r = s->log ? find(s, space, key, log_durable(s->log), out) : ERR_CHANGED;
		if (!store_moved(r))
			return r == 1 ? store_live(s, out) : r;
		r = store_refresh(s);
		if (r < 0)
			return r;
	}
	return manifest_lost(&s->manifest, s->backend);
}

int store_get_value(struct store *s, uint32_t space, struct bytes key,
		    struct entry *e, struct value **out)
{
	for (int i = 0; i < STORE_TRIES; i++) {
		int r = store_get(s, space, key, e);

		if (r != 1)
			return r;
		r = value_try(out, s, e);
		if (r == 0)
			return 1;
		if (r != ERR_ABSENT)
			return r;
		r = store_refresh(s);	/* the blob was rewritten meanwhile */
		if (r < 0)
			return r;
	}
	return manifest_lost(&s->manifest, s->backend);
}

/* Under the append lock: others merged the runs, on the same log. */
static int newest_runs(struct store *s)
{
	struct manifest now;
	int r = manifest_read(&now, s->backend, &s->mem);

	if (r < 0)
		return r;
	if (now.generation == s->manifest.generation || now.log_id != s->manifest.log_id) {
		manifest_release(&now);
		return manifest_lost(&s->manifest, s->backend);
	}
	run_set_release(&s->runs, s);
	manifest_release(&s->manifest);
	s->manifest = now;
	return run_set_init(&s->runs, s, &s->manifest);
}

int store_newest(struct store *s, uint32_t space, struct bytes key, struct entry *out)
{
	int r = find(s, space, key, UINT64_MAX, out);

	if (r == ERR_ABSENT) {
		r = newest_runs(s);
		if (r == 0)
			r = find(s, space, key, UINT64_MAX, out);
	}
	return r == 1 ? store_live(s, out) : r;
}

/* --- alone with the store --- */

int store_begin(struct store *s)
{
	for (int i = 0; i < STORE_TRIES; i++) {
		int r = s->log ? log_begin(s->log) : ERR_CHANGED;

		if (!store_moved(r))
			return r;
		r = store_refresh(s);
		if (r < 0)
			return r;
	}
	return err_set(ERR_LOCKED, "%s: the store is folded by others again and again",
		       s->backend->path);
}

/* The generation of the manifest as it is now, without reading all of it. */
static int newest_generation(struct store *s, uint64_t *out)
{
	struct manifest_head_disk h;
	struct file *f;
	int r = backend_open(s->backend, "manifest", 0, &f);

	if (r < 0)
		return r;
	r = file_read(f, &h, sizeof h, 0);
	file_close(f);
	*out = le64_get(h.generation);
	return r;
}

int store_begin_newest(struct store *s)
{
	for (int i = 0; i < STORE_TRIES; i++) {
		uint64_t now = 0;
		int r = store_begin(s);

		if (r == 0)
			r = newest_generation(s, &now);
		if (r == 0 && now == s->manifest.generation)
			return 0;
		if (s->log)
			log_end(s->log);
		if (r == 0)
			r = store_refresh(s);
		if (r < 0)
			return r;
	}
	return err_set(ERR_LOCKED, "%s: the store is merged by others again and again",
		       s->backend->path);
}

int store_build_begin(struct store *s)
{
	if (s->building == 0) {
		int r = backend_lock(s->backend, LOCK_BUILD, LOCK_SHARED, s->wait_ns);

		if (r < 0)
			return r;
	}
	s->building++;
	return 0;
}

void store_build_end(struct store *s)
{
	if (--s->building == 0)
		backend_unlock(s->backend, LOCK_BUILD);
}

/* Held for long, so it says by whom: those who wait are told. */
int store_lock_publish(struct store *s, uint64_t wait_ns)
{
	int r = backend_lock(s->backend, LOCK_PUBLISH, LOCK_EXCLUSIVE, wait_ns);

	if (r == 0 && s->who)
		backend_lock_note(s->backend, LOCK_PUBLISH, s->who);
	return r;
}

/* For one that keeps the log in use. */
int store_replace_manifest(struct store *s, struct manifest *next)
{
	int r;

	log_publishing(s->log, next->version);
	r = manifest_publish(next, s->backend);
	if (r == 0)
		log_published(s->log);
	return r;
}

int store_sync(struct store *s)
{
	int r = store_begin(s);

	if (r < 0)
		return r;
	r = log_sync_all(s->log);
	log_end(s->log);
	return r;
}

/* The newest manifest, under LOCK_PUBLISH, changed and written. */
static int edit_and_publish(struct store *s,
			    int (*edit)(void *, struct manifest *, uint64_t),
			    void *ctx, uint64_t *version)
{
	struct manifest next;
	uint64_t v;
	int r = store_begin(s);

	if (r < 0)
		return r;
	v = log_next_version(s->log);
	/* The manifest's version must not outlive commits before it. */
	r = version ? log_sync_all(s->log) : 0;
	if (r == 0)
		r = manifest_copy(&next, &s->manifest);
	if (r < 0)
		goto out;
	if (version) {
		next.version = v;
		next.commit_ns = store_now_ms(s) * 1000000;
	}
	r = edit(ctx, &next, v);
	if (r == 0)
		r = store_replace_manifest(s, &next);
	if (r < 0) {
		manifest_release(&next);
		goto out;
	}
	if (version) {
		log_skip_to(s->log, v);
		*version = v;
	}
	manifest_release(&s->manifest);
	s->manifest = next;
	run_set_release(&s->runs, s);
	log_end(s->log);
	if (run_set_init(&s->runs, s, &s->manifest) < 0)
		forget(s);	/* published all the same: who asks next refreshes */
	return 0;
out:
	log_end(s->log);
	return r;
}

int store_publish(struct store *s,
		  int (*edit)(void *ctx, struct manifest *m, uint64_t version),
		  void *ctx, uint64_t *version)
{
	int r = store_lock_publish(s, s->wait_ns);

	if (r < 0)
		return r;
	r = store_build_begin(s);
	if (r == 0) {
		r = store_refresh(s);	/* whoever published last */
		if (r == 0)
			r = edit_and_publish(s, edit, ctx, version);
		store_build_end(s);
	}
	backend_unlock(s->backend, LOCK_PUBLISH);
	if (r == 0) {
		store_fill_reserve(s, false);
		store_sweep(s);
	}
	return r;
}

/* --- what there is --- */

int store_stat(struct store *s, struct store_stat *out)
{
	const struct manifest *m = &s->manifest;
	bool direct;
	int r = s->log ? 0 : store_refresh(s);

	memset(out, 0, sizeof *out);
	if (r == 0)
		r = ask_io_mode(s, &direct, &out->io_why);
	if (r < 0)
		return r;
	out->io_mode = direct ? "direct" : "buffered";
	out->format = MANIFEST_FORMAT;
	out->version = log_durable(s->log);
	if (m->version > out->version)
		out->version = m->version;
	out->generation = m->generation;
	out->created_ns = m->created_ns;
	out->log_bytes = log_bytes(s->log);
	out->log_entries = log_entry_n(s->log);
	out->log_limit = setting_u64(&s->settings, SETTING_LOG_SIZE);
	out->run_n = m->run_n;
	for (uint32_t i = 0; i < m->run_n; i++) {
		out->run_bytes += m->run[i].ref.bytes;
		out->run_entries += m->run[i].entry_n;
		out->run_removes += m->run[i].remove_n;
	}
	out->blob_n = m->blob_n;
	for (uint32_t i = 0; i < m->blob_n; i++) {
		char name[SEGMENT_NAME_MAX];
		struct file *f;
		uint64_t size = m->blob[i].bytes;

		segment_name(name, SEGMENT_BLOB, m->blob[i].id);
		if (backend_open(s->backend, name, FILE_LINKED, &f) == 0) {
			file_size(f, &size);
			file_close(f);
		}
		out->blob_bytes += size;
		out->blob_live += m->blob[i].live;
	}
	out->reserve = store_reserve_bytes(s);
	out->reserve_want = store_reserve_want(s);
	out->graph_n = m->graph_n;
	for (uint32_t i = 0; i < m->graph_n; i++)
		for (uint32_t k = 0; k < m->graph[i].segment_n; k++)
			out->graph_bytes += m->graph[i].segment[k].bytes;
	out->bytes = out->log_bytes + out->run_bytes + out->blob_bytes + out->graph_bytes;
	return 0;
}
