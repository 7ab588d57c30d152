/* store/restore.c - images back into a store
 *
 * The images are in the order of the store, so each becomes one run as it is read;
 * values stream into blobs.  Nothing names any of it until restore_end publishes.
 */
#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "io/file.h"
#include "store/backup.h"
#include "store/kept.h"
#include "store/manifest_disk.h"
#include "store/store_priv.h"

struct restore {
	struct restore_options o;
	struct store *store;		/* NULL: verifying only */
	bool begun, failed;
	struct image_reader in;
	struct image_head head;		/* of the image at hand, then of the last */
	uint64_t full_version;		/* removals before it were never seen */
	struct image_counts n, total;	/* of the image at hand; of all */
	/* the entries of the image at hand */
	struct run_writer *run;
	struct buf last_key;
	uint32_t last_space;
	bool any;
	/* the value or file begun: LEFT bytes of it are to come */
	enum image_kind within;		/* VALUE or SEGMENT; 0: neither */
	uint64_t left, size;
	uint32_t crc;
	struct entry value;
	struct buf value_key;
	struct blob_writer *blob;
	struct segment_ref ref;
	struct file *file;		/* NULL: it is there already, or verifying */
	/* what will be named */
	struct buf runs;		/* struct run_info, oldest first */
	struct buf blobs;		/* uint64_t ids */
	struct buf segments;		/* struct segment_ref, of all images */
	struct buf graphs;		/* struct manifest_graph, of the last image */
	/* snapshots: of the image at hand, and of those before it */
	struct buf names, snapshots;	/* struct named */
	struct buf old_graphs;		/* struct manifest_graph, of their images */
	uint32_t snapshot_n;
};

/* A snapshot's name, and how much of what was restored is of its state. */
struct named {
	uint8_t name[KEPT_NAME_MAX];
	size_t len;
	uint64_t taken_ns, version, commit_ns;
	uint32_t next_space;
	size_t run_n, blob_n, graph_at, graph_n;
};

int restore_begin(struct restore **out, const struct restore_options *o)
{
	struct restore *r = mem_zalloc(o->mem, sizeof *r);

	if (!r)
		return ERR_MEMORY;
	r->o = *o;
	r->last_key.mem = r->value_key.mem = r->runs.mem = o->mem;
	r->blobs.mem = r->segments.mem = r->graphs.mem = o->mem;
	r->names.mem = r->snapshots.mem = r->old_graphs.mem = o->mem;
	r->in.body = mem_alloc(o->mem, IMAGE_FRAME_MOST);
	if (!r->in.body) {
		restore_close(r);
		return ERR_MEMORY;
	}
	*out = r;
	return 0;
}

void restore_close(struct restore *r)
{
	if (!r)
		return;
	run_abort(r->run);
	blob_writer_close(r->blob);
	file_close(r->file);
	if (r->store)
		store_build_end(r->store);
	buf_release(&r->last_key);
	buf_release(&r->value_key);
	buf_release(&r->runs);
	buf_release(&r->blobs);
	buf_release(&r->segments);
	buf_release(&r->graphs);
	buf_release(&r->names);
	buf_release(&r->snapshots);
	buf_release(&r->old_graphs);
	mem_free(r->o.mem, r->in.body);
	mem_free(r->o.mem, r);
}

uint64_t restore_version(const struct restore *r)
{
	return r->head.version;
}

const struct image_counts *restore_counts(const struct restore *r)
{
	return &r->total;
}

uint32_t restore_snapshot_n(const struct restore *r)
{
	return r->snapshot_n;
}

/* --- values --- */

static int next_blob(struct restore *r)
{
	struct store *s = r->store;
	bool lz4 = setting_u64(&s->settings, SETTING_COMPRESSION) == COMPRESSION_LZ4;
	bool direct = setting_u64(&s->settings, SETTING_DIRECT_IO) != DIRECT_IO_OFF;
	uint64_t id = segment_new_id();
	int e = 0;

	if (r->blob && !blob_writer_done(r->blob))
		return 0;
	if (r->blob)
		e = blob_flush(r->blob);
	blob_writer_close(r->blob);
	r->blob = NULL;
	if (e == 0)
		e = blob_create(s->backend, s->manifest.store_id, id);
	if (e == 0)
		e = buf_add(&r->blobs, &id, sizeof id);
	return e < 0 ? e : blob_writer_open(&r->blob, s->backend, s->manifest.store_id, id,
					    lz4 ? BLOCK_LZ4 : BLOCK_RAW, direct, r->o.mem);
}

static int begin_value(struct restore *r, const struct entry *e)
{
	int x;

	r->value = *e;
	r->size = r->left = e->size;
	r->crc = 0;
	r->within = IMAGE_VALUE;
	buf_clear(&r->value_key);
	x = buf_add(&r->value_key, e->key.ptr, e->key.len);
	if (x == 0 && r->store)
		x = next_blob(r);
	return x < 0 || !r->store ? x : blob_begin(r->blob);
}

static int end_value(struct restore *r)
{
	struct entry e = r->value;
	int x;

	if (r->crc != e.crc)
		return image_bad(&r->in, "a value is not what its checksum says");
	r->within = 0;
	if (!r->store)
		return 0;
	x = blob_end(r->blob, &e);
	e.key = buf_bytes(&r->value_key);
	return x < 0 ? x : run_add(r->run, &e);
}

/* --- entries --- */

static int check_order(struct restore *r, const struct entry *e)
{
	if (r->any && entry_cmp(r->last_space, buf_bytes(&r->last_key), e->space, e->key) >= 0)
		return image_bad(&r->in, "keys are not in order");
	if (e->version == 0 || e->version > r->head.version ||
	    (r->head.since && e->version <= r->head.since))
		return image_bad(&r->in, "an entry is of a version the image has not");
	if (r->n.entry_n >= r->head.entry_n_most)
		return image_bad(&r->in, "more entries than its head says");
	r->any = true;
	r->last_space = e->space;
	buf_clear(&r->last_key);
	return buf_add(&r->last_key, e->key.ptr, e->key.len);
}

/* IN begins with a record: its bytes, or < 0. */
static long take_record(struct restore *r, struct bytes in, struct entry *e)
{
	long len = entry_get_record(in, e);
	int x;

	if (len < 0)
		return image_bad(&r->in, "a malformed record");
	x = check_order(r, e);
	if (x < 0)
		return x;
	r->n.entry_n++;
	if (e->kind == ENTRY_REMOVE)
		r->n.remove_n++;
	else
		r->n.value_bytes += e->size;
	return len;
}

static int take_entries(struct restore *r, struct bytes in)
{
	while (in.len) {
		struct entry e;
		long len = take_record(r, in, &e);
		int x = 0;

		if (len < 0)
			return (int)len;
		if (e.kind == ENTRY_BLOB)
			return image_bad(&r->in, "a large value where none may be");
		if (r->store)
			x = run_add(r->run, &e);
		if (x < 0)
			return x;
		in.ptr += len;
		in.len -= (size_t)len;
	}
	return 0;
}

static int take_value(struct restore *r, struct bytes in)
{
	struct entry e;
	long len = take_record(r, in, &e);

	if (len < 0)
		return (int)len;
	if (e.kind != ENTRY_BLOB || (size_t)len != in.len || e.size == 0)
		return image_bad(&r->in, "a malformed record of a large value");
	return begin_value(r, &e);
}

/* --- segments --- */

static bool has_segment(const struct restore *r, const struct segment_ref *ref)
{
	const struct segment_ref *all = (const void *)r->segments.ptr;

	for (size_t i = 0; i < r->segments.len / sizeof *all; i++)
		if (all[i].id == ref->id && all[i].kind == ref->kind &&
		    all[i].bytes == ref->bytes && all[i].root == ref->root)
			return true;
	return false;
}

static int take_segment(struct restore *r, struct bytes in)
{
	const struct segment_ref_disk *d = (const void *)in.ptr;
	char name[SEGMENT_NAME_MAX];

	if (in.len != sizeof *d || le64_get(d->bytes) == 0 ||
	    le32_get(d->kind) < SEGMENT_CSR || le32_get(d->kind) == SEGMENT_BLOB ||
	    le32_get(d->kind) > SEGMENT_INDEX)
		return image_bad(&r->in, "a malformed segment");
	r->ref = (struct segment_ref){ (enum segment_kind)le32_get(d->kind),
		le64_get(d->id), le64_get(d->bytes), le32_get(d->root), false };
	r->n.segment_n++;
	r->within = IMAGE_SEGMENT;
	r->size = r->left = r->ref.bytes;
	if (!r->store || has_segment(r, &r->ref))
		return 0;
	segment_name(name, r->ref.kind, r->ref.id);
	return backend_open(r->store->backend, name, FILE_WRITE | FILE_CREATE, &r->file);
}

static void page_found(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	(void)off, (void)tag, (void)expected, (void)got;
	++*(uint64_t *)ctx;
}

static int verify_segment(struct restore *r)
{
	struct store *s = r->store;
	struct segment *seg = NULL;
	uint64_t bad = 0;
	int x = segment_open(&seg, s->backend, &r->ref, s->manifest.store_id, r->o.mem);

	if (x == 0)
		x = segment_verify(seg, page_found, &bad);
	segment_close(seg);
	if (x == ERR_DAMAGED || bad)
		return image_bad(&r->in, "a segment's pages are not what their checksums say");
	return x;
}

static int end_segment(struct restore *r)
{
	int x = 0;

	r->within = 0;
	if (r->file) {
		x = file_flush(r->file);
		file_close(r->file);
		r->file = NULL;
		if (x == 0)
			x = backend_sync_dir(r->store->backend, "seg");
		if (x == 0)
			x = verify_segment(r);
	}
	return x < 0 ? x : buf_add(&r->segments, &r->ref, sizeof r->ref);
}

static int take_graph(struct restore *r, struct bytes in)
{
	struct manifest_graph g = { 0 };

	if (in.len != sizeof(struct manifest_graph_disk) ||
	    !manifest_get_graph(&g, (const void *)in.ptr))
		return image_bad(&r->in, "a malformed graph");
	for (uint32_t i = 0; i < g.segment_n; i++)
		if (!has_segment(r, &g.segment[i]))
			return image_bad(&r->in, "a graph's segment is in no backup given");
	r->n.graph_n++;
	return buf_add(&r->graphs, &g, sizeof g);
}

/* --- snapshots --- */

static int take_name(struct restore *r, struct bytes in)
{
	struct named n = { .version = r->head.version, .commit_ns = r->head.commit_ns,
		.next_space = r->head.next_space };
	le64 taken;

	if (in.len <= sizeof taken || in.len - sizeof taken > KEPT_NAME_MAX ||
	    !kept_is_name(bytes_of(in.ptr + sizeof taken, in.len - sizeof taken)))
		return image_bad(&r->in, "a malformed snapshot");
	memcpy(&taken, in.ptr, sizeof taken);
	n.taken_ns = le64_get(taken);
	n.len = in.len - sizeof taken;
	memcpy(n.name, in.ptr + sizeof taken, n.len);
	r->snapshot_n++;
	return buf_add(&r->names, &n, sizeof n);
}

static size_t runs_named(const struct restore *r)
{
	const struct run_info *run = (const void *)r->runs.ptr;
	size_t n = 0;

	for (size_t i = 0; i < r->runs.len / sizeof *run; i++)
		n += run[i].entry_n > 0;
	return n;
}

/* The image is whole: so far goes what its names stand for. */
static int keep_names(struct restore *r)
{
	struct named *n = (void *)r->names.ptr;
	size_t count = r->names.len / sizeof *n, at = r->old_graphs.len;
	int x = count ? buf_add(&r->old_graphs, r->graphs.ptr, r->graphs.len) : 0;

	for (size_t i = 0; x == 0 && i < count; i++) {
		n[i].run_n = runs_named(r);
		n[i].blob_n = r->blobs.len / sizeof(uint64_t);
		n[i].graph_at = at / sizeof(struct manifest_graph);
		n[i].graph_n = r->graphs.len / sizeof(struct manifest_graph);
		x = buf_add(&r->snapshots, &n[i], sizeof n[i]);
	}
	buf_clear(&r->names);
	return x;
}

/* ALL names what the last image is; N's state is the oldest part of its runs. */
static int put_snapshot(struct restore *r, const struct manifest *all, const struct named *n)
{
	const struct manifest_graph *graph = (const void *)r->old_graphs.ptr;
	struct manifest m;
	int x = manifest_copy(&m, all);

	if (x < 0)
		return x;
	memmove(m.run, m.run + (m.run_n - n->run_n), n->run_n * sizeof *m.run);
	m.run_n = (uint32_t)n->run_n;
	m.blob_n = (uint32_t)n->blob_n;
	m.graph_n = 0;
	m.version = m.folded = n->version;
	m.commit_ns = n->commit_ns;
	m.next_space = n->next_space;
	for (size_t i = 0; x == 0 && i < n->graph_n; i++)
		x = manifest_add_graph(&m, &graph[n->graph_at + i]);
	if (x == 0)
		x = kept_put(r->store, bytes_of(n->name, n->len), n->taken_ns, &m);
	manifest_release(&m);
	return x;
}

static int put_snapshots(struct restore *r)
{
	const struct named *n = (const void *)r->snapshots.ptr;
	int x = 0;

	for (size_t i = 0; x == 0 && i < r->snapshots.len / sizeof *n; i++)
		x = put_snapshot(r, &r->store->manifest, &n[i]);
	return x;
}

/* --- pieces of either --- */

static int take_piece(struct restore *r, struct bytes in)
{
	uint64_t at = r->size - r->left;
	int x = 0;

	if (!in.len || in.len > r->left)
		return image_bad(&r->in, "more bytes than were announced");
	r->left -= in.len;
	if (r->within == IMAGE_VALUE) {
		r->crc = crc32c(r->crc, in.ptr, in.len);
		if (r->store)
			x = blob_feed(r->blob, in.ptr, in.len);
	} else if (r->file) {
		x = file_write(r->file, in.ptr, in.len, at);
	}
	if (x < 0 || r->left)
		return x;
	return r->within == IMAGE_VALUE ? end_value(r) : end_segment(r);
}

/* --- an image --- */

static int does_not_fit(struct restore *r, const char *why)
{
	image_bad(&r->in, why);
	err_hint("give a full backup first, then those since, in the order they were made");
	return ERR_BAD_RECORD;
}

static int check_fit(struct restore *r, const struct image_head *h)
{
	if (!r->begun)
		return h->since ? does_not_fit(r, "is a backup since a version, not a full one") : 0;
	if (!h->since)
		return does_not_fit(r, "is a full backup, and one was given before it");
	if (memcmp(h->store_id, r->head.store_id, sizeof h->store_id))
		return does_not_fit(r, "is of another store than the one before it");
	if (h->since > r->head.version ||
	    (h->flags & IMAGE_EXACT && h->since != r->head.version))
		return does_not_fit(r, "does not begin where the one before it ends");
	return h->version < r->head.version ?
		does_not_fit(r, "is older than the one before it") : 0;
}

static int make_store(struct restore *r, struct bytes config)
{
	struct settings sound;
	int x;

	setting_init(&sound);
	if (setting_read(&sound, SETTING_STORE, "config", config) < 0) {
		err_clear();
		config.len = 0;		/* of a newer program: settings are no one's data */
	}
	x = r->o.make(r->o.ctx, r->head.store_id, config, &r->store);
	if (x == 0)
		x = store_build_begin(r->store);
	if (x < 0)
		r->store = NULL;
	return x;
}

static int begin_image(struct restore *r, const struct image_head *h)
{
	struct image_frame f;
	int x = check_fit(r, h);

	if (x == 0)
		x = image_read(&r->in, &f);
	if (x == 0 && f.kind != IMAGE_CONFIG)
		x = image_bad(&r->in, "does not begin with its settings");
	if (x < 0)
		return x;
	r->head = *h;
	memset(&r->n, 0, sizeof r->n);
	buf_clear(&r->graphs);
	buf_clear(&r->names);
	r->any = false;
	if (!r->begun)
		r->full_version = h->version;
	if (!r->begun && r->o.make)
		x = make_store(r, f.body);
	r->begun = true;
	return x < 0 || !r->store ? x :
		run_create(&r->run, r->store->backend, h->store_id, h->entry_n_most,
			   setting_u64(&r->store->settings, SETTING_COMPRESSION) ==
			   COMPRESSION_LZ4 ? BLOCK_LZ4 : BLOCK_RAW, r->o.mem);
}

static int end_image(struct restore *r, const struct image_frame *f)
{
	struct image_counts said;
	struct run_info info;
	int x = image_get_end(&r->in, f, &said);

	if (x == 0 && memcmp(&said, &r->n, sizeof said))
		x = image_bad(&r->in, "holds other counts than its end says");
	if (x < 0)
		return x;
	r->total.entry_n += r->n.entry_n;
	r->total.remove_n += r->n.remove_n;
	r->total.value_bytes += r->n.value_bytes;
	r->total.segment_n += r->n.segment_n;
	r->total.graph_n = r->n.graph_n;
	if (!r->store)
		return 0;
	if (r->blob)
		x = blob_flush(r->blob);
	if (x < 0)
		return x;
	x = run_finish(r->run, &info);
	r->run = NULL;
	if (x == 0)
		x = buf_add(&r->runs, &info, sizeof info);
	return x < 0 ? x : keep_names(r);
}

/* 1 at the image's end. */
static int take(struct restore *r, const struct image_frame *f)
{
	if (r->within && f->kind != IMAGE_PIECE)
		return image_bad(&r->in, "a value or a segment is not complete");
	switch (f->kind) {
	case IMAGE_ENTRIES:
		return take_entries(r, f->body);
	case IMAGE_VALUE:
		return take_value(r, f->body);
	case IMAGE_SEGMENT:
		return take_segment(r, f->body);
	case IMAGE_GRAPH:
		return take_graph(r, f->body);
	case IMAGE_SNAPSHOT:
		return take_name(r, f->body);
	case IMAGE_PIECE:
		if (r->within)
			return take_piece(r, f->body);
		break;
	case IMAGE_END: {
		int x = end_image(r, f);

		return x < 0 ? x : 1;
	}
	default:
		break;
	}
	return image_bad(&r->in, "a frame where none of its kind may be");
}

static int read_images(struct restore *r)
{
	struct image_head h;
	struct image_frame f;
	int x, images = 0;

	while ((x = image_read_head(&r->in, &h)) == 1) {
		x = begin_image(r, &h);
		while (x == 0) {
			x = image_read(&r->in, &f);
			if (x == 0)
				x = take(r, &f);
		}
		if (x < 0)
			return x;
		images++;
	}
	if (x == 0 && !images)
		x = err_set(ERR_CUT_OFF, "%s: is empty: no backup", in_name(r->in.in));
	return x;
}

int restore_read(struct restore *r, struct in *in)
{
	int x;

	r->in.in = in;
	r->in.off = 0;
	x = read_images(r);
	if (x < 0)
		r->failed = true;
	return x;
}

/* --- publishing --- */

/* A run as large as the fourth of its level's next belongs there, and none above an
 * older one's. */
static void give_levels(struct run_info *run, size_t n)
{
	for (size_t i = n; i; i--) {
		struct run_info *x = &run[i - 1];

		x->level = 0;
		for (uint64_t b = x->ref.bytes >> 26; b; b >>= 2)
			x->level++;
		if (i < n && run[i].level > x->level)
			x->level = run[i].level;
	}
}

static int new_manifest(void *ctx, struct manifest *m, uint64_t version)
{
	struct restore *r = ctx;
	struct run_info *run = (void *)r->runs.ptr;
	const uint64_t *blob = (const void *)r->blobs.ptr;
	const struct manifest_graph *graph = (const void *)r->graphs.ptr;
	size_t run_n = r->runs.len / sizeof *run;
	int x = 0;

	(void)version;
	m->version = m->folded = r->head.version;
	m->forgotten = r->full_version;
	m->created_ns = r->head.created_ns;
	m->commit_ns = r->head.commit_ns;
	m->next_space = r->head.next_space;
	give_levels(run, run_n);
	for (size_t i = 0; x == 0 && i < run_n; i++)
		if (run[i].entry_n)
			x = manifest_add_run(m, &run[i]);
	for (size_t i = 0; x == 0 && i < r->blobs.len / sizeof *blob; i++)
		x = manifest_add_blob(m, blob[i]);
	for (size_t i = 0; x == 0 && i < r->graphs.len / sizeof *graph; i++)
		x = manifest_add_graph(m, &graph[i]);
	return x;
}

int restore_end(struct restore *r)
{
	struct store *s = r->store;
	int x;

	if (r->failed || !r->begun)
		return err_set(ERR_BUG, "nothing whole was read");
	if (!s)
		return 0;
	x = store_publish(s, new_manifest, r, NULL);
	if (x == 0)
		x = put_snapshots(r);
	store_build_end(s);
	r->store = NULL;
	if (x == 0)
		store_tidy(s);		/* segments of graphs that are gone */
	return x;
}
