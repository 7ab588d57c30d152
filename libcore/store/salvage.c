/* store/salvage.c - what is there, what it becomes, what is told */
#include "store/salvage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/check.h"
#include "store/kept.h"
#include "store/run_inside.h"
#include "store/salvage_inside.h"
#include "store/segment_disk.h"
#include "store/tail.h"

#define WAIT_NS 10000000000u
#define PIECE_MOST (64u << 20)		/* records of a log sorted in memory */
#define PIECE_LEAST (256u << 10)
#define COPY_LEN (1u << 20)

/* --- telling --- */

int salvaging_tell(struct salvaging *v, struct salvage_lost *l)
{
	v->damaged = true;
	if (v->quiet)
		return 0;
	if (l->what == SALVAGE_DOUBTFUL)
		v->s->doubtful_n++;
	else
		v->s->lost_n++;
	return v->s->lost ? v->s->lost(v->s->ctx, l) : 0;
}

int salvaging_step(struct salvaging *v)
{
	const struct salvage *s = v->s;

	if (s->step && !v->stopped)
		v->stopped = s->step(s->ctx, s->entry_n, s->value_bytes);
	return v->stopped;
}

static int tell_file(struct salvaging *v, const char *words)
{
	struct salvage_lost l = { .what = SALVAGE_FILE, .words = words };

	return salvaging_tell(v, &l);
}

/* Can the repair go on after R?  0 and it was told, else R. */
static int tell_unless_fatal(struct salvaging *v, int r, struct salvage_lost *l)
{
	if (v->stopped)
		return r;
	switch (r) {
	case ERR_DAMAGED:
	case ERR_ABSENT:
	case ERR_IO:
	case ERR_DENIED:
	case ERR_UNTRUSTED:
	case ERR_NEWER:
		l->words = err_message();
		return salvaging_tell(v, l);
	default:
		return r;
	}
}

const char *salvaging_graph(const struct salvaging *v, uint32_t space, bool *lost)
{
	*lost = false;
	if (!space)
		return NULL;
	for (uint32_t i = 0; i < v->base.graph_n; i++)
		if (v->base.graph[i].space == space) {
			*lost = v->graph_lost[i];
			return v->base.graph[i].name;
		}
	*lost = true;		/* no manifest says what it was */
	return "";
}

/* --- sources --- */

int salvaging_add(struct salvaging *v, struct backend *b, const uint8_t *store_id,
		  const struct salvage_source *known)
{
	struct salvage_source *all, *s;
	int r = 0;

	all = mem_resize(v->s->mem, v->source, (v->source_n + 1) * sizeof *all);
	if (!all)
		return ERR_MEMORY;
	v->source = all;
	s = &all[v->source_n];
	*s = *known;
	s->low.mem = s->high.mem = v->s->mem;
	if (!s->in_hole)	/* else a run that is not to be had: a hole all over */
		r = run_open(&s->run, b, &s->info, store_id, v->s->mem);
	if (r == 0 && s->run) {
		uint64_t bulk = s->info.bulk_version;

		s->info = s->run->info;
		s->info.bulk_version = bulk;
		r = salvage_run_open(&s->walk, s->run, v->s->mem);
	}
	if (r < 0)
		run_close(s->run);
	else
		v->source_n++;
	return r;
}

void salvaging_drop_sources(struct salvaging *v)
{
	char name[SEGMENT_NAME_MAX];

	while (v->source_n) {
		struct salvage_source *s = &v->source[--v->source_n];

		salvage_run_close(s->walk);
		run_close(s->run);
		buf_release(&s->low);
		buf_release(&s->high);
		if (s->piece) {
			segment_name(name, SEGMENT_RUN, s->info.ref.id);
			backend_remove(v->s->to, name);
		}
	}
	mem_free(v->s->mem, v->source);
	v->source = NULL;
}

int salvaging_named(struct salvaging *v, const struct run_info *info)
{
	struct salvage_source known = { .info = *info, .named = true };
	struct salvage_lost l = {
		.what = SALVAGE_RANGE,
		.version = info->version_max > info->bulk_version ? info->version_max
								  : info->bulk_version,
	};
	int r;

	known.info.ref.mend = true;
	r = salvaging_add(v, v->s->from, v->store_id, &known);
	if (r == 0)
		return 0;
	r = tell_unless_fatal(v, r, &l);
	if (r < 0)
		return r;
	v->named_missing = true;
	known.in_hole = known.hole_open = true;
	return salvaging_add(v, v->s->from, v->store_id, &known);
}

/* --- runs that nobody names --- */

struct strays {
	struct salvaging *v;
	uint64_t bulk_version;		/* of a load that a lost manifest published; 0 */
};

static bool names_run(const struct manifest *m, uint64_t id)
{
	for (uint32_t i = 0; i < m->run_n; i++)
		if (m->run[i].ref.id == id)
			return true;
	return false;
}

static bool names_graph_segment(const struct manifest *m, uint64_t id)
{
	for (uint32_t i = 0; i < m->graph_n; i++)
		for (uint32_t n = 0; n < m->graph[i].segment_n; n++)
			if (m->graph[i].segment[n].id == id)
				return true;
	return false;
}

static int add_stray_run(struct strays *t, uint64_t id)
{
	struct salvaging *v = t->v;
	struct salvage_source known = {
		.info.ref = { .kind = SEGMENT_RUN, .id = id, .mend = true },
	};
	struct salvage_lost l = { .what = SALVAGE_FILE };
	struct salvage_source *s;
	int r;

	if (names_run(&v->base, id))
		return 0;
	r = salvaging_add(v, v->s->from, v->store_id, &known);
	if (r < 0)
		return tell_unless_fatal(v, r, &l);
	s = &v->source[v->source_n - 1];
	if (s->info.version_max == 0) {		/* of a load: when, the manifest knew */
		s->doubted = true;
		s->info.bulk_version = t->bulk_version;
		s->run->info.bulk_version = t->bulk_version;
	}
	return 0;
}

static int add_stray(void *ctx, const char *name)
{
	struct strays *t = ctx;
	char words[300];
	uint64_t id;
	char kind[16];

	if (sscanf(name, "%15[a-z]-%16" SCNx64 ".seg", kind, &id) != 2)
		return 0;
	if (!strcmp(kind, "run"))
		return add_stray_run(t, id);
	if (!strcmp(kind, "blob") || names_graph_segment(&t->v->base, id))
		return 0;
	snprintf(words, sizeof words, "%s/seg/%s: of a graph that no sound manifest names",
		 t->v->s->from->path, name);
	return tell_file(t->v, words);
}

/* --- the log, in sorted pieces --- */

struct pieces {
	struct salvaging *v;
	bool named;
	struct buf records, offs;	/* offs: uint32_t */
	size_t most;
};

static struct entry record_at(const struct buf *records, uint32_t off)
{
	struct entry e;

	entry_get_record(bytes_of(records->ptr + off, records->len - off), &e);
	return e;
}

static int by_key_newest_first(const void *a, const void *b, void *ctx)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	struct entry ex = record_at(ctx, x), ey = record_at(ctx, y);
	int c = entry_cmp(ex.space, ex.key, ey.space, ey.key);

	if (c == 0)
		c = (ex.version < ey.version) - (ex.version > ey.version);
	return c ? c : (x < y) - (x > y);
}

static int put_sorted(struct pieces *p, struct run_writer *w)
{
	const uint32_t *off = (const void *)p->offs.ptr;
	size_t n = p->offs.len / sizeof *off;
	struct entry before = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct entry e = record_at(&p->records, off[i]);

		if (i && entry_cmp(e.space, e.key, before.space, before.key) == 0)
			continue;
		before = e;
		r = run_add(w, &e);
	}
	return r;
}

static int end_piece(struct pieces *p)
{
	struct salvaging *v = p->v;
	struct salvage_source known = { .piece = true, .named = p->named };
	const uint8_t *id = store_id(v->store);
	struct run_writer *w = NULL;
	size_t n = p->offs.len / sizeof(uint32_t);
	int r;

	if (!n)
		return 0;
	qsort_r(p->offs.ptr, n, sizeof(uint32_t), by_key_newest_first, &p->records);
	r = run_create(&w, v->s->to, id, n, BLOCK_LZ4, v->s->mem);
	if (r == 0)
		r = put_sorted(p, w);
	if (r < 0)
		run_abort(w);
	else
		r = run_finish(w, &known.info);
	if (r == 0)
		r = salvaging_add(v, v->s->to, id, &known);
	buf_clear(&p->records);
	buf_clear(&p->offs);
	return r;
}

static int on_entry(void *ctx, const struct entry *e)
{
	struct pieces *p = ctx;
	uint32_t off = (uint32_t)p->records.len;
	int r = salvaging_step(p->v);

	if (r == 0)
		r = entry_put_record(&p->records, e);

	if (r == 0)
		r = buf_add(&p->offs, &off, sizeof off);
	return r == 0 && p->records.len + p->offs.len >= p->most ? end_piece(p) : r;
}

static int on_gap(void *ctx, const struct salvage_gap *g)
{
	struct pieces *p = ctx;
	struct salvage_missing m = { g->after, g->before };
	struct salvage_lost l = { .what = SALVAGE_COMMIT, .version = g->version };
	char words[900];
	int r;

	if (g->record_n)
		snprintf(words, sizeof words, "%s; %" PRIu64 " of its %" PRIu64
			 " records are copied", g->words, g->given_n, g->record_n);
	else
		snprintf(words, sizeof words, "%s", g->words);
	if (!g->version && g->all_known)
		l.what = SALVAGE_FILE;
	l.words = words;
	r = salvaging_tell(p->v, &l);
	return r < 0 || g->all_known ? r : buf_add(&p->v->missing, &m, sizeof m);
}

/* What the index knows to have been durable beyond the log's end. */
static int look_at_index(struct salvaging *v, const struct salvage_log *log,
			 const struct wal_key *key)
{
	struct tail_id id = { .log_id = key->log_id, .file_id = log->file_id };
	const struct salvage_missing m = { log->last_version, UINT64_MAX };
	struct salvage_lost l = { .what = SALVAGE_COMMIT };
	struct tail_claim claim;
	char words[300];
	int r;

	memcpy(id.store_id, key->store_id, sizeof id.store_id);
	tail_claim(&claim, v->s->from, &id);
	if (claim.blk <= WAL_FIRST_BLK || claim.blk <= log->end_blk)
		return 0;
	snprintf(words, sizeof words, "the log ends after version %" PRIu64 "; its index knows "
		 "version %" PRIu64 " to be durable", log->last_version, claim.version);
	l.words = words;
	r = salvaging_tell(v, &l);
	return r < 0 ? r : buf_add(&v->missing, &m, sizeof m);
}

static int read_log(struct salvaging *v, struct file *f, uint64_t log_id, bool named)
{
	struct pieces p = { .v = v, .named = named };
	struct salvage_log log = { .entry = on_entry, .gap = on_gap, .ctx = &p };
	struct wal_key key = { .log_id = log_id };
	size_t share = mem_left(v->s->mem) / 16;
	int r;

	memcpy(key.store_id, v->store_id, sizeof key.store_id);
	p.records.mem = p.offs.mem = v->s->mem;
	p.most = share < PIECE_LEAST ? PIECE_LEAST : share < PIECE_MOST ? share : PIECE_MOST;
	r = salvage_log(&log, f, &key, named ? v->base.folded : 0, v->s->mem);
	if (r == 0)
		r = end_piece(&p);
	if (r == 0 && named)
		r = look_at_index(v, &log, &key);
	if (log.last_version > v->version)
		v->version = log.last_version;
	buf_release(&p.records);
	buf_release(&p.offs);
	return r;
}

static int add_named_log(struct salvaging *v)
{
	/* every commit since the fold is in it: nothing older is sure without it */
	const struct salvage_missing all = { UINT64_MAX, UINT64_MAX };
	struct salvage_lost l = { .what = SALVAGE_FILE };
	char name[WAL_NAME_MAX];
	struct file *f = NULL;
	int r;

	wal_name(name, v->base.log_id);
	r = backend_open(v->s->from, name, 0, &f);
	if (r == 0)
		r = read_log(v, f, v->base.log_id, true);
	file_close(f);
	if (r >= 0)
		return 0;
	r = tell_unless_fatal(v, r, &l);
	return r < 0 ? r : buf_add(&v->missing, &all, sizeof all);
}

static int add_stray_log(void *ctx, const char *name)
{
	struct salvaging *v = ctx;
	struct salvage_lost l = { .what = SALVAGE_FILE };
	char path[WAL_NAME_MAX];
	uint64_t id = strtoull(name, NULL, 10);
	struct file *f = NULL;
	int r;

	wal_name(path, id);
	if (strcmp(path + strlen("wal/"), name) || id == v->base.log_id)
		return 0;
	r = backend_open(v->s->from, path, 0, &f);
	if (r == 0)
		r = read_log(v, f, id, false);
	file_close(f);
	return r < 0 ? tell_unless_fatal(v, r, &l) : 0;
}

/* --- what to go by --- */

struct judged {
	size_t len;			/* of the store's path */
	bool manifest_bad;
};

static int judge(void *ctx, const struct check_finding *f)
{
	struct judged *j = ctx;

	if (f->weight != CHECK_NOTE && strlen(f->file) > j->len &&
	    !strcmp(f->file + j->len, "/manifest"))
		j->manifest_bad = true;
	return 0;
}

/* Is the manifest sound, and not older than what the other files know of? */
static int manifest_holds(struct salvaging *v, bool *sound)
{
	struct judged j = { .len = strlen(v->s->from->path) };
	const struct check c = {
		.backend = v->s->from, .mem = v->s->mem, .found = judge, .ctx = &j,
	};
	int r = check_store(&c);

	*sound = !j.manifest_bad;
	return r == ERR_DAMAGED || r == ERR_TORN_TAIL || r == ERR_IO ||
	       r == ERR_DENIED || r == ERR_UNTRUSTED || r == ERR_UNAVAILABLE ? 0 : r;
}

/* The manifest, and a lock on its log if there is one to be had; both as they are
 * at one moment.  What reading it answered. */
static int read_and_hold(struct salvaging *v)
{
	struct backend *b = v->s->from;
	struct manifest again;
	int r = ERR_CHANGED;

	for (int i = 0; i < STORE_TRIES && r == ERR_CHANGED; i++) {
		r = manifest_read(&v->base, b, v->s->mem);
		if (r < 0)
			return r;
		v->held = LOCK_HOLD + (unsigned)(v->base.log_id % 64);
		if (backend_lock(b, v->held, LOCK_SHARED, 0) < 0)
			v->held = 0;
		if (manifest_read(&again, b, v->s->mem) < 0)
			return 0;
		if (again.generation != v->base.generation) {
			manifest_release(&v->base);
			if (v->held)
				backend_unlock(b, v->held);
			v->held = 0;
			r = ERR_CHANGED;
		}
		manifest_release(&again);
	}
	return r;
}

static int pass_over(void *ctx, const char *name, int code)
{
	(void)ctx, (void)name, (void)code;
	err_clear();
	return 0;
}

/* The manifest of the newest snapshot, if there is any: its runs are all there.  If
 * its log is too, nothing is missing; else what came after is, and is doubted. */
static int newest_kept(struct salvaging *v)
{
	struct kept_set set;
	int r = kept_load(&set, v->s->from, NULL, v->s->mem, pass_over, NULL);

	memset(&v->base, 0, sizeof v->base);
	v->base.mem = v->s->mem;
	if (r < 0) {
		err_clear();
		return r == ERR_MEMORY ? r : 0;
	}
	if (set.n)
		r = manifest_copy(&v->base, &set.kept[set.n - 1].m);
	kept_release(&set);
	return r;
}

static int choose_base(struct salvaging *v)
{
	struct backend *b = v->s->from;
	struct manifest old;
	int there, there_old, r;

	there = read_and_hold(v);
	if ((there == 0 && v->base_sound) || there == ERR_MEMORY)
		return there;
	r = tell_file(v, there < 0 ? err_message() :
		      "the manifest is older than what the other files know of");
	there_old = manifest_read_file(&old, b, "manifest.old", v->s->mem);
	if (there_old == 0 && (there < 0 || old.generation > v->base.generation)) {
		if (there == 0)
			manifest_release(&v->base);
		v->base = old;
	} else if (there_old == 0) {
		manifest_release(&old);
	} else if (there < 0 && there_old != ERR_MEMORY && r == 0) {
		r = newest_kept(v);
	}
	return r < 0 ? r : there_old == ERR_MEMORY ? ERR_MEMORY : 0;
}

struct id_search {
	struct salvaging *v;
	bool found;
	uint64_t bulk_version;		/* the newest base of any log */
};

static int id_of_log(void *ctx, const char *name)
{
	struct id_search *t = ctx;
	struct salvaging *v = t->v;
	struct wal_head h;
	char path[300];
	struct file *f;
	uint8_t *page = mem_pages(v->s->mem, WAL_BLOCK);
	int r;

	if (!page)
		return ERR_MEMORY;
	snprintf(path, sizeof path, "wal/%s", name);
	r = backend_open(v->s->from, path, 0, &f);
	if (r == 0) {
		r = file_read(f, page, WAL_BLOCK, 0);
		if (r == 0)
			r = wal_head_parse(&h, page, NULL, f);
		file_close(f);
	}
	mem_free_pages(v->s->mem, page, WAL_BLOCK);
	if (r < 0)
		return 0;
	if (!t->found)
		memcpy(v->store_id, h.key.store_id, sizeof v->store_id);
	t->found = true;
	if (h.base_version > t->bulk_version)
		t->bulk_version = h.base_version;
	return 0;
}

static int super_of(struct backend *b, const char *name, struct segment_super_disk *d)
{
	struct file *f;
	int r = backend_open(b, name, FILE_LINKED, &f);

	if (r < 0)
		return r;
	r = file_read(f, d, sizeof *d, 0);
	if (r == 0 && (memcmp(d->magic, SEGMENT_MAGIC, sizeof d->magic) ||
		       segment_super_crc(d) != le32_get(d->crc)))
		r = err_set(ERR_DAMAGED, "%s: offset 0: not a segment", file_path(f));
	file_close(f);
	return r;
}

static int id_of_segment(void *ctx, const char *name)
{
	struct id_search *t = ctx;
	struct segment_super_disk d;
	char path[300];

	snprintf(path, sizeof path, "seg/%s", name);
	if (t->found || super_of(t->v->s->from, path, &d) < 0)
		return 0;
	memcpy(t->v->store_id, d.store_id, sizeof d.store_id);
	t->found = true;
	return 0;
}

static int find_id(struct salvaging *v, struct id_search *t)
{
	int r;

	t->v = v;
	t->found = v->base.generation > 0;
	if (t->found)
		memcpy(v->store_id, v->base.store_id, sizeof v->store_id);
	r = backend_list(v->s->from, "wal", id_of_log, t);
	if (r == 0 || r == ERR_ABSENT)
		r = backend_list(v->s->from, "seg", id_of_segment, t);
	return r == ERR_ABSENT ? 0 : r;
}

/* --- graphs: their segments as they are, under the new store's id --- */

static void count_page(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	if (!*(int *)ctx)
		err_set(ERR_DAMAGED, "offset %" PRIu64 ": checksum of a page of section %"
			PRIu32 " is %08" PRIx32 ", not %08" PRIx32, off, tag, got, expected);
	*(int *)ctx = 1;
}

int salvaging_verify(struct salvaging *v, const struct segment_ref *ref)
{
	struct segment *seg = NULL;
	int bad = 0;
	int r = segment_open(&seg, v->s->from, ref, v->store_id, v->s->mem);

	if (r == 0)
		r = segment_verify(seg, count_page, &bad);
	segment_close(seg);
	return r < 0 ? r : bad ? ERR_DAMAGED : 0;
}

static int copy_bytes(struct salvaging *v, struct file *to, struct file *from,
		      uint64_t len)
{
	struct mem *mem = v->s->mem;
	uint8_t *buf = mem_pages(mem, COPY_LEN);
	int r = buf ? 0 : ERR_MEMORY;

	for (uint64_t off = 0; r == 0 && off < len; ) {
		size_t n = len - off < COPY_LEN ? (size_t)(len - off) : COPY_LEN;

		r = file_read(from, buf, n, off);
		if (r == 0)
			r = file_write(to, buf, n, off);
		if (r == 0)
			r = salvaging_step(v);
		off += n;
	}
	mem_free_pages(mem, buf, COPY_LEN);
	return r;
}

static bool rescuable(int r)
{
	return r == ERR_DAMAGED || r == ERR_ABSENT || r == ERR_IO;
}

/* Its id, and with it every page's checksum, stays; the superblock names the store. */
static int adopt(struct salvaging *v, struct file *to, struct segment_ref *ref)
{
	struct segment_super_disk d;
	int r = file_read(to, &d, sizeof d, 0);

	if (r < 0)
		return r;
	memcpy(d.store_id, store_id(v->store), sizeof d.store_id);
	ref->root = segment_super_crc(&d);
	d.crc = le32_of(ref->root);
	r = file_write(to, &d, sizeof d, 0);
	if (r == 0)
		r = file_write(to, &d, sizeof d, ref->bytes - DISK_PAGE);
	return r < 0 ? r : file_flush(to);
}

static int copy_segment(struct salvaging *v, struct segment_ref *ref)
{
	char name[SEGMENT_NAME_MAX];
	struct file *from = NULL, *to = NULL;
	int r = salvaging_verify(v, ref);

	segment_name(name, ref->kind, ref->id);
	if (r == 0)
		r = backend_open(v->s->from, name, FILE_LINKED, &from);
	if (r == 0)
		r = backend_open(v->s->to, name, FILE_WRITE | FILE_CREATE, &to);
	if (r == 0)
		r = copy_bytes(v, to, from, ref->bytes);
	if (r == 0)
		r = adopt(v, to, ref);
	file_close(from);
	file_close(to);
	return r < 0 ? r : backend_sync_dir(v->s->to, "seg");
}

int salvaging_share(struct salvaging *v, struct segment_ref *ref)
{
	struct segment_super_disk d;
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	int r;

	segment_name(name, ref->kind, ref->id);
	r = backend_open(v->s->to, name, FILE_LINKED, &f);
	if (r == ERR_ABSENT)
		return copy_segment(v, ref);
	if (r < 0)
		return r;
	r = file_read(f, &d, sizeof d, 0);
	file_close(f);
	if (r == 0)
		ref->root = segment_super_crc(&d);
	return r;
}

static int tell_of_graph(void *ctx, struct salvage_lost *l)
{
	return salvaging_tell(ctx, l);
}

/* Segments of G that were copied already: it is made another way. */
static void drop_copies(struct salvaging *v, const struct manifest_graph *g)
{
	struct err_note note;
	char name[SEGMENT_NAME_MAX];

	err_take(&note, ERR_DAMAGED);
	for (uint32_t n = 0; n < g->segment_n; n++) {
		segment_name(name, g->segment[n].kind, g->segment[n].id);
		backend_remove(v->s->to, name);
	}
	err_give(&note);
}

/* R is why it cannot be copied as it is. */
static int make_graph(struct salvaging *v, struct manifest_graph *g, int r)
{
	struct salvage *s = v->s;
	const struct salvage_graph from = {
		.row = g, .from = s->from, .to = s->to, .from_id = v->store_id,
		.to_id = store_id(v->store), .mem = s->mem, .tell = tell_of_graph,
		.tell_ctx = v,
	};
	struct manifest_graph made;

	drop_copies(v, g);
	if (!s->graph || v->stopped)
		return r;
	r = s->graph(s->ctx, &from, &made);
	if (r == 0)
		*g = made;
	return r;
}

static int copy_graphs(struct salvaging *v)
{
	v->graph_lost = mem_zalloc(v->s->mem, v->base.graph_n * sizeof *v->graph_lost);
	if (!v->graph_lost)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < v->base.graph_n; i++) {
		struct manifest_graph *g = &v->base.graph[i];
		struct salvage_lost l = {
			.what = SALVAGE_GRAPH, .graph = g->name, .version = g->version,
		};
		struct manifest_graph was;
		int r = 0;

		manifest_unfold_graph(g);	/* its entries may be others by now */
		was = *g;
		for (uint32_t n = 0; r == 0 && n < g->segment_n; n++)
			r = copy_segment(v, &g->segment[n]);
		if (rescuable(r)) {
			*g = was;		/* copies have roots of their own */
			r = make_graph(v, g, r);
		}
		v->graph_lost[i] = r < 0;
		if (r < 0)
			r = tell_unless_fatal(v, r, &l);
		else
			v->s->graph_n++;
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the new store --- */

static int create(struct salvaging *v)
{
	const struct store_options o = { .write = true, .wait_ns = WAIT_NS, .who = v->s->who };
	struct buf config = { .mem = v->s->mem };
	struct settings sound;
	int r = file_slurp(v->s->from, "config", 1u << 20, &config);

	setting_init(&sound);
	if (r < 0 || setting_read(&sound, SETTING_STORE, "config", buf_bytes(&config)) < 0)
		buf_clear(&config);	/* settings are no one's data */
	r = store_create_on(v->s->to, buf_bytes(&config));
	if (r == 0)
		r = store_open_on(&v->store, v->s->to, &o);
	buf_release(&config);
	return r;
}

static int new_manifest(void *ctx, struct manifest *m, uint64_t version)
{
	struct salvaging *v = ctx;
	int r = 0;

	(void)version;
	m->version = m->folded = m->forgotten = v->version;
	if (v->base.generation) {
		m->created_ns = v->base.created_ns;
		m->next_space = v->base.next_space;
		m->commit_ns = v->base.commit_ns;
	}
	if (v->made.entry_n)
		r = manifest_add_run(m, &v->made);
	for (uint32_t i = 0; r == 0 && i < v->base.graph_n; i++)
		if (!v->graph_lost[i])
			r = manifest_add_graph(m, &v->base.graph[i]);
	return r;
}

static int find_sources(struct salvaging *v, const struct id_search *ids)
{
	struct strays strays = { v, ids->bulk_version };
	int r = 0;

	if (strays.bulk_version <= v->base.version)
		strays.bulk_version = 0;	/* no load since: a killed one's remains */
	for (uint32_t i = 0; r == 0 && i < v->base.run_n; i++)
		r = salvaging_named(v, &v->base.run[i]);
	if (r == 0 && v->base.generation)
		r = add_named_log(v);
	if (r < 0 || v->base_sound)
		return r;
	r = backend_list(v->s->from, "wal", add_stray_log, v);
	if (r == 0 || r == ERR_ABSENT)
		r = backend_list(v->s->from, "seg", add_stray, &strays);
	return r == ERR_ABSENT ? 0 : r;
}

static int make(struct salvaging *v, const struct id_search *ids)
{
	int r = store_build_begin(v->store);

	if (r < 0)
		return r;
	r = find_sources(v, ids);
	if (r == 0)
		r = copy_graphs(v);
	if (r == 0)
		r = salvaging_merge(v);
	salvaging_drop_sources(v);
	if (r == 0)
		r = salvaging_kept(v);
	if (v->base.version > v->version)
		v->version = v->base.version;
	if (v->version == 0)
		v->version = v->store->manifest.version;
	if (r == 0)
		r = store_publish(v->store, new_manifest, v, NULL);
	if (r == 0)
		r = salvaging_put_kept(v);
	salvaging_drop_kept(v);
	store_build_end(v->store);
	return r;
}

int salvage_store(struct salvage *s)
{
	struct salvaging v = { .s = s };
	struct id_search ids = { 0 };
	bool locked = false;
	int r;

	v.missing.mem = v.base.mem = s->mem;
	r = manifest_holds(&v, &v.base_sound);
	if (r == 0) {
		locked = backend_lock(s->from, LOCK_READERS, LOCK_SHARED,
				      LOCK_READERS_WAIT_NS) == 0;
		r = choose_base(&v);
	}
	if (r == 0)
		r = find_id(&v, &ids);
	if (r == 0)
		r = create(&v);
	if (r == 0)
		r = make(&v, &ids);
	s->version = v.version;
	store_close(v.store);
	manifest_release(&v.base);
	mem_free(s->mem, v.graph_lost);
	buf_release(&v.missing);
	if (v.held)
		backend_unlock(s->from, v.held);
	if (locked)
		backend_unlock(s->from, LOCK_READERS);
	return r < 0 ? r : v.damaged ? ERR_DAMAGED : 0;
}
