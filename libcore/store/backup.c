/* store/backup.c - one moment of a store into a stream */
#include "store/backup.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "io/file.h"
#include "store/kept.h"
#include "store/manifest_disk.h"
#include "store/store_priv.h"

#define BACKUP_FRAME (128u << 10)	/* records gathered; pieces of values and files */

struct backing {
	struct store *s;
	struct backup *b;
	struct image_writer w;
	struct snapshot *now, *base;	/* base: what changes are told from, or NULL */
	uint64_t since;
	bool incremental;		/* this image */
	struct image_counts n;		/* of this image */
	struct buf records;
	uint8_t *piece;			/* BACKUP_FRAME bytes */
};

/* --- entries --- */

static int end_frame(struct backing *k)
{
	int r = 0;

	if (k->records.len)
		r = image_write(&k->w, IMAGE_ENTRIES, k->records.ptr, k->records.len);
	buf_clear(&k->records);
	return r;
}

static int put_value(struct backing *k, const struct entry *e)
{
	struct entry named = *e;
	struct value *v = NULL;
	uint64_t off = 0;
	int r = end_frame(k);

	memset(&named.blob, 0, sizeof named.blob);
	if (r == 0)
		r = entry_put_record(&k->records, &named);
	if (r == 0)
		r = image_write(&k->w, IMAGE_VALUE, k->records.ptr, k->records.len);
	buf_clear(&k->records);
	if (r == 0)
		r = value_open(&v, k->s, e);
	while (r == 0 && off < e->size) {
		long n = value_read(v, off, k->piece, BACKUP_FRAME);

		if (n <= 0)
			r = n < 0 ? (int)n :
				err_set(ERR_DAMAGED, "\"%s\": the value ends at byte %" PRIu64,
					bytes_show(e->key), off);
		else
			r = image_write(&k->w, IMAGE_PIECE, k->piece, (size_t)n);
		off += n > 0 ? (uint64_t)n : 0;
	}
	value_close(v);
	return r;
}

static int put_entry(struct backing *k, const struct entry *e)
{
	struct image_counts *c = &k->n;
	int r;

	c->entry_n++;
	if (e->kind == ENTRY_REMOVE)
		c->remove_n++;
	else
		c->value_bytes += e->size;
	if (e->kind == ENTRY_BLOB)
		return put_value(k, e);
	r = entry_put_record(&k->records, e);
	return r < 0 || k->records.len < BACKUP_FRAME ? r : end_frame(k);
}

/* All that is there; or all that is newer than SINCE, removals too. */
static int put_entries(struct backing *k)
{
	const struct iter_from from = { .space = 0 };
	struct iter *it;
	struct entry e;
	int r = snapshot_iter_since(k->now, &from, k->since, &it);

	if (r < 0)
		return r;
	while (r == 0 && (r = iter_next(it, &e)) == 1) {
		bool wanted = k->incremental ? e.version > k->since :
			e.kind != ENTRY_REMOVE;

		r = wanted ? put_entry(k, &e) : 0;
	}
	iter_close(it);
	return r < 0 ? r : end_frame(k);
}

struct side {
	struct iter *it;
	struct entry e;
	bool there;
};

/* The next entry that is not a removal. */
static int advance(struct side *s)
{
	int r;

	do
		r = iter_next(s->it, &s->e);
	while (r == 1 && s->e.kind == ENTRY_REMOVE);
	s->there = r == 1;
	return r < 0 ? r : 0;
}

static int put_removal(struct backing *k, const struct entry *was)
{
	const struct entry e = { .space = was->space, .key = was->key,
		.kind = ENTRY_REMOVE, .version = k->b->head.version };

	return put_entry(k, &e);
}

static int put_change(struct backing *k, struct side *was, struct side *is)
{
	int cmp = !was->there ? 1 : !is->there ? -1 :
		entry_cmp(was->e.space, was->e.key, is->e.space, is->e.key);
	int r = 0;

	if (cmp < 0)
		r = put_removal(k, &was->e);
	else if (cmp > 0 || was->e.version != is->e.version)
		r = put_entry(k, &is->e);
	if (r == 0 && cmp <= 0)
		r = advance(was);
	if (r == 0 && cmp >= 0)
		r = advance(is);
	return r;
}

/* What differs between the kept snapshot and now: exact, whatever merges forgot. */
static int put_changes(struct backing *k)
{
	const struct iter_from from = { .space = 0 };
	struct side was = { 0 }, is = { 0 };
	int r = snapshot_iter(k->base, &from, &was.it);

	if (r == 0)
		r = snapshot_iter(k->now, &from, &is.it);
	if (r == 0)
		r = advance(&was);
	if (r == 0)
		r = advance(&is);
	while (r == 0 && (was.there || is.there))
		r = put_change(k, &was, &is);
	iter_close(was.it);
	iter_close(is.it);
	return r < 0 ? r : end_frame(k);
}

/* --- graphs --- */

struct bad_pages {
	const struct segment *seg;
	uint64_t n;
};

static void page_found(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	struct bad_pages *bad = ctx;

	(void)tag;
	if (bad->n++ == 0)
		err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": checksum of a page is %08" PRIx32
			", not %08" PRIx32, segment_path(bad->seg), off, got, expected);
}

static int verify(struct backing *k, const struct segment_ref *ref)
{
	struct segment *seg = NULL;
	struct bad_pages bad = { .n = 0 };
	int r = segment_held(segment_open(&seg, k->s->backend, ref, k->s->manifest.store_id,
					  &k->s->mem), k->s->backend, ref);

	bad.seg = seg;
	if (r == 0)
		r = segment_verify(seg, page_found, &bad);
	segment_close(seg);
	return r < 0 ? r : bad.n ? ERR_DAMAGED : 0;
}

static int put_file(struct backing *k, const struct segment_ref *ref)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	int r;

	segment_name(name, ref->kind, ref->id);
	r = backend_open(k->s->backend, name, FILE_LINKED, &f);
	if (r < 0)
		return r;
	for (uint64_t off = 0; r == 0 && off < ref->bytes; ) {
		size_t n = ref->bytes - off < BACKUP_FRAME ? (size_t)(ref->bytes - off) :
			BACKUP_FRAME;

		r = file_read(f, k->piece, n, off);
		if (r == 0)
			r = image_write(&k->w, IMAGE_PIECE, k->piece, n);
		off += n;
	}
	file_close(f);
	return r;
}

static int put_segment(struct backing *k, const struct segment_ref *ref)
{
	const struct segment_ref_disk d = { le32_of(ref->kind), le32_of(ref->root),
		le64_of(ref->id), le64_of(ref->bytes) };
	int r = verify(k, ref);

	if (r == 0)
		r = image_write(&k->w, IMAGE_SEGMENT, &d, sizeof d);
	if (r == 0)
		r = put_file(k, ref);
	k->n.segment_n++;
	return r;
}

static bool is_new(const struct backing *k, const struct manifest_graph *g,
		   const struct segment_ref *ref)
{
	char name[SEGMENT_NAME_MAX];

	if (!k->incremental)
		return true;
	segment_name(name, ref->kind, ref->id);
	return k->base ? !manifest_names(snapshot_manifest(k->base), name) :
		g->version > k->since;
}

/* Without the segments of changes: these are made anew between two versions, so that no
 * version says in which backup one is, and the entries are in the backups anyway. */
static int put_graphs(struct backing *k)
{
	const struct manifest *m = snapshot_manifest(k->now);
	struct manifest_graph_disk d;
	struct manifest_graph g;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < m->graph_n; i++)
		for (uint32_t n = 0; r == 0 && n < m->graph[i].segment_n; n++)
			if (m->graph[i].segment[n].kind != SEGMENT_DELTA &&
			    is_new(k, &m->graph[i], &m->graph[i].segment[n]))
				r = put_segment(k, &m->graph[i].segment[n]);
	for (uint32_t i = 0; r == 0 && i < m->graph_n; i++) {
		g = m->graph[i];
		manifest_unfold_graph(&g);
		manifest_put_graph(&d, &g);
		r = image_write(&k->w, IMAGE_GRAPH, &d, sizeof d);
		k->n.graph_n++;
	}
	return r;
}

/* --- since when --- */

static int not_kept(const struct backing *k, struct bytes since)
{
	err_set(ERR_NO_SNAPSHOT, "\"%s\": removals up to version %" PRIu64
		" may be forgotten, and no snapshot of this version is kept",
		bytes_show(since), snapshot_manifest(k->now)->forgotten);
	err_hint("make a full backup; with strato-snapshot NAME beside each, "
		 "--since=NAME always works");
	return ERR_NO_SNAPSHOT;
}

/* The snapshot of that name or version, if it is kept: its version, or 0. */
static int find_base(struct backing *k, struct bytes since, uint64_t *version)
{
	const struct kept *kept;
	struct kept_set set;
	int number = kept_version(since, version);
	int r = number < 0 ? number :
		kept_load(&set, k->s->backend, store_id(k->s), &k->s->mem, NULL, NULL);

	if (r < 0)
		return r;
	kept = kept_find(&set, since);
	if (kept)
		*version = kept->m.version;
	else if (!number)
		r = kept_none(&set, since, 0, 0);
	kept_release(&set);
	return r < 0 ? r : kept != NULL;
}

static int choose_base(struct backing *k, struct bytes since)
{
	uint64_t now = snapshot_version(k->now);
	int kept = find_base(k, since, &k->since);

	if (kept < 0)
		return kept;
	if (k->since == 0) {		/* since nothing: everything */
		k->incremental = false;
		return 0;
	}
	if (k->since > now)
		return err_set(ERR_USAGE, "--since=%" PRIu64 ": the store is at version %"
			       PRIu64, k->since, now);
	if (k->since >= snapshot_manifest(k->now)->forgotten)
		return 0;
	return kept ? store_snapshot_as_of(k->s, since, &k->base) : not_kept(k, since);
}

/* --- all of it --- */

static void make_head(struct backing *k)
{
	const struct manifest *m = snapshot_manifest(k->now);
	struct image_head *h = &k->b->head;

	memset(h, 0, sizeof *h);
	memcpy(h->store_id, m->store_id, sizeof h->store_id);
	h->image_id = clock_random();
	h->since = k->since;
	h->version = snapshot_version(k->now);
	h->created_ns = m->created_ns;
	h->commit_ns = snapshot_commit_ns(k->now);
	h->taken_ns = clock_wall_ns();
	h->entry_n_most = snapshot_entry_most(k->now, k->base ? 0 : k->since);
	if (k->base)
		h->entry_n_most += snapshot_entry_most(k->base, 0);
	h->next_space = m->next_space;
	h->flags = k->base ? IMAGE_EXACT : 0;
}

static int put_config(struct backing *k)
{
	struct buf text = { .mem = &k->s->mem };
	int r = file_slurp(k->s->backend, "config", IMAGE_FRAME_MOST, &text);

	if (r == ERR_ABSENT)
		r = 0;
	if (r == 0)
		r = image_write(&k->w, IMAGE_CONFIG, text.ptr, text.len);
	buf_release(&text);
	return r;
}

/* KEPT's N first: this state has their names. */
static int put_names(struct backing *k, const struct kept *kept, uint32_t n)
{
	struct buf body = { .mem = &k->s->mem };
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		le64 taken = le64_of(kept[i].taken_ns);

		buf_clear(&body);
		r = buf_add(&body, &taken, sizeof taken);
		if (r == 0)
			r = buf_add(&body, kept[i].name, kept[i].name_len);
		if (r == 0)
			r = image_write(&k->w, IMAGE_SNAPSHOT, body.ptr, body.len);
	}
	buf_release(&body);
	k->b->snapshot_n += n;
	return r;
}

static void add_counts(struct image_counts *all, const struct image_counts *n)
{
	all->entry_n += n->entry_n;
	all->remove_n += n->remove_n;
	all->value_bytes += n->value_bytes;
	all->segment_n += n->segment_n;
	all->graph_n = n->graph_n;
}

static int put_image(struct backing *k, const struct kept *kept, uint32_t name_n)
{
	int r;

	memset(&k->n, 0, sizeof k->n);
	make_head(k);
	r = image_write_head(&k->w, &k->b->head);
	if (r == 0)
		r = put_config(k);
	if (r == 0)
		r = put_names(k, kept, name_n);
	if (r == 0)
		r = k->base ? put_changes(k) : put_entries(k);
	if (r == 0)
		r = put_graphs(k);
	add_counts(&k->b->counts, &k->n);
	return r < 0 ? r : image_write_end(&k->w, &k->n);
}

/* --- with snapshots --- */

/* What comes next is told from THIS state, which goes with it if it is needed. */
static void go_on_from(struct backing *k, struct snapshot *this, struct snapshot *next)
{
	snapshot_close(k->base);
	k->since = snapshot_version(this);
	k->incremental = true;
	k->base = NULL;
	if (k->since < snapshot_manifest(next)->forgotten)
		k->base = this;
	else
		snapshot_close(this);
}

/* The first N of KEPT are of one version and older than now: their image. */
static int put_kept(struct backing *k, const struct kept *kept, uint32_t n,
		    struct snapshot **before)
{
	struct snapshot *now = k->now, *this;
	int r = store_snapshot_as_of(k->s, kept_name(kept), &this);

	if (r < 0)
		return r;
	if (*before)
		go_on_from(k, *before, this);
	*before = this;
	k->now = this;
	r = put_image(k, kept, n);
	k->now = now;
	return r;
}

static uint32_t same_version(const struct kept_set *set, uint32_t i)
{
	uint32_t n = 1;

	while (i + n < set->n && set->kept[i + n].m.version == set->kept[i].m.version)
		n++;
	return n;
}

static int put_with(struct backing *k, const struct kept_set *set)
{
	uint64_t now = snapshot_version(k->now);
	struct snapshot *before = NULL;
	uint32_t i = 0;
	int r = 0;

	while (i < set->n && k->incremental && set->kept[i].m.version <= k->since)
		i++;
	while (r == 0 && i < set->n && set->kept[i].m.version < now) {
		uint32_t n = same_version(set, i);

		r = put_kept(k, set->kept + i, n, &before);
		i += n;
	}
	if (r == 0 && before)
		go_on_from(k, before, k->now);
	else
		snapshot_close(before);
	/* one that was taken after our moment is not of it */
	return r < 0 ? r : put_image(k, set->kept + i, i < set->n &&
				     set->kept[i].m.version == now ? same_version(set, i) : 0);
}

static int put_all(struct backing *k)
{
	struct kept_set set;
	int r = kept_load(&set, k->s->backend, store_id(k->s), &k->s->mem, NULL, NULL);

	if (r < 0)
		return r;
	if (!k->b->snapshots) {
		k->b->left_out_n = set.n;
		r = put_image(k, NULL, 0);
	} else {
		r = put_with(k, &set);
	}
	kept_release(&set);
	return r;
}

int backup_write(struct store *s, struct backup *b)
{
	struct backing k = { .s = s, .b = b, .w.out = b->out, .records.mem = &s->mem,
		.incremental = b->incremental };
	int r = store_snapshot(s, &k.now);

	memset(&b->counts, 0, sizeof b->counts);
	b->snapshot_n = b->left_out_n = 0;
	k.piece = mem_alloc(&s->mem, BACKUP_FRAME);
	if (r == 0 && !k.piece)
		r = ERR_MEMORY;
	if (r == 0 && b->incremental)
		r = choose_base(&k, b->since);
	if (r == 0)
		r = put_all(&k);
	snapshot_close(k.base);
	snapshot_close(k.now);
	buf_release(&k.records);
	mem_free(&s->mem, k.piece);
	return r;
}
