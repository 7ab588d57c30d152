/* store/manifest.c - the manifest to bytes and back */
#include "store/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/manifest_disk.h"
#include "store/wal.h"

#define MANIFEST_MOST (64u << 20)	/* bytes: 100,000 graphs and runs */

void manifest_release(struct manifest *m)
{
	mem_free(m->mem, m->run);
	mem_free(m->mem, m->blob);
	mem_free(m->mem, m->graph);
	m->run = NULL;
	m->blob = NULL;
	m->graph = NULL;
	m->run_n = m->blob_n = m->graph_n = 0;
}

static void get_ref(struct segment_ref *r, const struct segment_ref_disk *d)
{
	r->kind = (enum segment_kind)le32_get(d->kind);
	r->root = le32_get(d->root);
	r->id = le64_get(d->id);
	r->bytes = le64_get(d->bytes);
}

static void put_ref(struct segment_ref_disk *d, const struct segment_ref *r)
{
	d->kind = le32_of(r->kind);
	d->root = le32_of(r->root);
	d->id = le64_of(r->id);
	d->bytes = le64_of(r->bytes);
}

static void get_run(struct run_info *r, const struct manifest_run_disk *d)
{
	get_ref(&r->ref, &d->ref);
	r->entry_n = le64_get(d->entry_n);
	r->remove_n = le64_get(d->remove_n);
	r->raw_bytes = le64_get(d->raw_bytes);
	r->version_min = le64_get(d->version_min);
	r->version_max = le64_get(d->version_max);
	r->bulk_version = le64_get(d->bulk_version);
	r->level = le32_get(d->level);
	r->space_most = le32_get(d->space_most);
}

static void put_run(struct manifest_run_disk *d, const struct run_info *r)
{
	memset(d, 0, sizeof *d);
	put_ref(&d->ref, &r->ref);
	d->entry_n = le64_of(r->entry_n);
	d->remove_n = le64_of(r->remove_n);
	d->raw_bytes = le64_of(r->raw_bytes);
	d->version_min = le64_of(r->version_min);
	d->version_max = le64_of(r->version_max);
	d->bulk_version = le64_of(r->bulk_version);
	d->level = le32_of(r->level);
	d->space_most = le32_of(r->space_most);
}

bool manifest_get_graph(struct manifest_graph *g,
			const struct manifest_graph_disk *d)
{
	if (d->name[MANIFEST_NAME_MAX] != '\0' ||
	    le32_get(d->segment_n) > MANIFEST_GRAPH_SEGMENTS)
		return false;
	memcpy(g->name, d->name, sizeof g->name);
	g->version = le64_get(d->version);
	g->created_ns = le64_get(d->created_ns);
	g->node_n = le64_get(d->node_n);
	g->edge_n = le64_get(d->edge_n);
	g->type_n = le64_get(d->type_n);
	g->space = le32_get(d->space);
	g->flags = le32_get(d->flags);
	g->segment_n = le32_get(d->segment_n);
	g->folded = le64_get(d->folded);
	g->upto = le64_get(d->upto);
	g->imported = le64_get(d->imported);
	for (uint32_t i = 0; i < g->segment_n; i++)
		get_ref(&g->segment[i], &d->segment[i]);
	return true;
}

void manifest_put_graph(struct manifest_graph_disk *d, const struct manifest_graph *g)
{
	memset(d, 0, sizeof *d);
	memcpy(d->name, g->name, strnlen(g->name, MANIFEST_NAME_MAX));
	d->version = le64_of(g->version);
	d->created_ns = le64_of(g->created_ns);
	d->node_n = le64_of(g->node_n);
	d->edge_n = le64_of(g->edge_n);
	d->type_n = le64_of(g->type_n);
	d->space = le32_of(g->space);
	d->flags = le32_of(g->flags);
	d->segment_n = le32_of(g->segment_n);
	d->folded = le64_of(g->folded);
	d->upto = le64_of(g->upto);
	d->imported = le64_of(g->imported);
	for (uint32_t i = 0; i < g->segment_n; i++)
		put_ref(&d->segment[i], &g->segment[i]);
}

static int check_head(const struct manifest_head_disk *h, size_t len, const char *where)
{
	uint64_t want;

	if (len < sizeof *h || memcmp(h->magic, MANIFEST_MAGIC, 8) != 0)
		return err_set(ERR_DAMAGED, "%s: offset 8: not a manifest", where);
	if (le32_get(h->len) != len ||
	    crc32c(0, (const uint8_t *)h + 4, len - 4) != le32_get(h->crc))
		return err_set(ERR_DAMAGED, "%s: offset 0: checksum differs", where);
	if (le32_get(h->format) > MANIFEST_FORMAT || le32_get(h->features_must))
		return err_set(ERR_NEWER, "%s: format %u is newer than this program's %u",
			       where, le32_get(h->format), MANIFEST_FORMAT);
	want = sizeof *h + (uint64_t)le32_get(h->run_n) * sizeof(struct manifest_run_disk) +
	       (uint64_t)le32_get(h->blob_n) * sizeof(struct manifest_blob_disk) +
	       (uint64_t)le32_get(h->graph_n) * sizeof(struct manifest_graph_disk);
	if (want != len)
		return err_set(ERR_DAMAGED, "%s: offset 92: counts do not match its length",
			       where);
	return 0;
}

static int allocate(struct manifest *m)
{
	m->run = mem_zalloc(m->mem, m->run_n * sizeof *m->run);
	m->blob = mem_zalloc(m->mem, m->blob_n * sizeof *m->blob);
	m->graph = mem_zalloc(m->mem, m->graph_n * sizeof *m->graph);
	return m->run && m->blob && m->graph ? 0 : ERR_MEMORY;
}

static int get_rows(struct manifest *m, const uint8_t *p, const char *where)
{
	for (uint32_t i = 0; i < m->run_n; i++, p += sizeof(struct manifest_run_disk))
		get_run(&m->run[i], (const void *)p);
	for (uint32_t i = 0; i < m->blob_n; i++, p += sizeof(struct manifest_blob_disk)) {
		const struct manifest_blob_disk *d = (const void *)p;

		m->blob[i] = (struct manifest_blob){ le64_get(d->id),
			le64_get(d->bytes), le64_get(d->live), le64_get(d->counted) };
	}
	for (uint32_t i = 0; i < m->graph_n; i++, p += sizeof(struct manifest_graph_disk))
		if (!manifest_get_graph(&m->graph[i], (const void *)p))
			return err_set(ERR_DAMAGED, "%s: graph %u is malformed", where, i);
	return 0;
}

int manifest_parse(struct manifest *m, struct bytes in, const char *where,
		   struct mem *mem)
{
	const struct manifest_head_disk *h = (const void *)in.ptr;
	int r = check_head(h, in.len, where);

	memset(m, 0, sizeof *m);
	m->mem = mem;
	if (r < 0)
		return r;
	memcpy(m->store_id, h->store_id, sizeof m->store_id);
	m->generation = le64_get(h->generation);
	m->version = le64_get(h->version);
	m->folded = le64_get(h->folded);
	m->log_id = le64_get(h->log_id);
	m->created_ns = le64_get(h->created_ns);
	m->forgotten = le64_get(h->forgotten);
	m->commit_ns = le64_get(h->commit_ns);
	m->next_space = le32_get(h->next_space);
	m->write_ok = le32_get(h->features_write) == 0;
	m->run_n = le32_get(h->run_n);
	m->blob_n = le32_get(h->blob_n);
	m->graph_n = le32_get(h->graph_n);
	r = allocate(m);
	if (r == 0)
		r = get_rows(m, in.ptr + sizeof *h, where);
	if (r < 0)
		manifest_release(m);
	return r;
}

int manifest_read_file(struct manifest *m, struct backend *b, const char *name,
		       struct mem *mem)
{
	struct buf in = { .mem = mem };
	char where[4096];
	int r;

	memset(m, 0, sizeof *m);
	m->mem = mem;
	r = file_slurp(b, name, MANIFEST_MOST, &in);
	if (r == ERR_ABSENT) {
		r = err_set(ERR_NO_STORE, "%s: no store here", b->path);
		err_hint("create one with 'strato-init %s', or add --create", b->path);
	} else if (r == 0) {
		snprintf(where, sizeof where, "%s/%s", b->path, name);
		r = manifest_parse(m, buf_bytes(&in), where, mem);
	}
	buf_release(&in);
	return r;
}

int manifest_read(struct manifest *m, struct backend *b, struct mem *mem)
{
	return manifest_read_file(m, b, "manifest", mem);
}

int manifest_copy(struct manifest *to, const struct manifest *from)
{
	int r;

	*to = *from;
	r = allocate(to);
	if (r < 0) {
		manifest_release(to);
		return r;
	}
	memcpy(to->run, from->run, from->run_n * sizeof *to->run);
	memcpy(to->blob, from->blob, from->blob_n * sizeof *to->blob);
	memcpy(to->graph, from->graph, from->graph_n * sizeof *to->graph);
	return 0;
}

static int put_rows(const struct manifest *m, struct buf *out)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < m->run_n; i++) {
		struct manifest_run_disk d;

		put_run(&d, &m->run[i]);
		r = buf_add(out, &d, sizeof d);
	}
	for (uint32_t i = 0; r == 0 && i < m->blob_n; i++) {
		struct manifest_blob_disk d = { le64_of(m->blob[i].id),
			le64_of(m->blob[i].bytes), le64_of(m->blob[i].live),
			le64_of(m->blob[i].counted) };

		r = buf_add(out, &d, sizeof d);
	}
	for (uint32_t i = 0; r == 0 && i < m->graph_n; i++) {
		struct manifest_graph_disk d;

		manifest_put_graph(&d, &m->graph[i]);
		r = buf_add(out, &d, sizeof d);
	}
	return r;
}

int manifest_encode(const struct manifest *m, struct buf *out)
{
	struct manifest_head_disk h;
	int r;

	memset(&h, 0, sizeof h);
	memcpy(h.magic, MANIFEST_MAGIC, 8);
	h.format = le32_of(MANIFEST_FORMAT);
	memcpy(h.store_id, m->store_id, sizeof h.store_id);
	h.generation = le64_of(m->generation);
	h.version = le64_of(m->version);
	h.folded = le64_of(m->folded);
	h.log_id = le64_of(m->log_id);
	h.created_ns = le64_of(m->created_ns);
	h.forgotten = le64_of(m->forgotten);
	h.commit_ns = le64_of(m->commit_ns);
	h.next_space = le32_of(m->next_space);
	h.run_n = le32_of(m->run_n);
	h.blob_n = le32_of(m->blob_n);
	h.graph_n = le32_of(m->graph_n);
	r = buf_add(out, &h, sizeof h);
	if (r == 0)
		r = put_rows(m, out);
	if (r < 0)
		return r;
	h.len = le32_of((uint32_t)out->len);
	memcpy(out->ptr, &h, sizeof h);
	h.crc = le32_of(crc32c(0, out->ptr + 4, out->len - 4));
	memcpy(out->ptr, &h.crc, sizeof h.crc);
	return 0;
}

/* The copy is for people and for walcheck; the new one does not depend on it. */
static int keep_old(struct backend *b, struct mem *mem)
{
	struct buf old = { .mem = mem };
	int r = file_slurp(b, "manifest", MANIFEST_MOST, &old);

	if (r == 0)
		r = file_replace(b, "manifest.old", old.ptr, old.len);
	else if (r == ERR_ABSENT)
		r = 0;		/* a store that is being created */
	buf_release(&old);
	return r;
}

int manifest_publish(struct manifest *m, struct backend *b)
{
	struct buf out = { .mem = m->mem };
	int r;

	if (!m->write_ok)
		return err_set(ERR_NEWER, "%s: a newer program must write this store",
			       b->path);
	m->generation++;
	r = manifest_encode(m, &out);
	if (r == 0)
		r = keep_old(b, m->mem);
	if (r == 0)
		r = file_replace(b, "manifest", out.ptr, out.len);
	if (r < 0)
		m->generation--;
	buf_release(&out);
	return r;
}

struct manifest_graph *manifest_find_graph(const struct manifest *m, const char *name)
{
	for (uint32_t i = 0; i < m->graph_n; i++)
		if (!strcmp(m->graph[i].name, name))
			return &m->graph[i];
	return NULL;
}

int manifest_add_graph(struct manifest *m, const struct manifest_graph *g)
{
	struct manifest_graph *all;
	uint32_t at = 0;

	all = mem_resize(m->mem, m->graph, (m->graph_n + 1) * sizeof *all);
	if (!all)
		return ERR_MEMORY;
	m->graph = all;
	while (at < m->graph_n && strcmp(all[at].name, g->name) < 0)
		at++;
	memmove(all + at + 1, all + at, (m->graph_n - at) * sizeof *all);
	all[at] = *g;
	m->graph_n++;
	return 0;
}

static bool is_segment(enum segment_kind kind, uint64_t id, const char *path)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(name, kind, id);
	return !strcmp(name, path);
}

bool manifest_names(const struct manifest *m, const char *path)
{
	bool found = false;

	for (uint32_t i = 0; !found && i < m->run_n; i++)
		found = is_segment(SEGMENT_RUN, m->run[i].ref.id, path);
	for (uint32_t i = 0; !found && i < m->blob_n; i++)
		found = is_segment(SEGMENT_BLOB, m->blob[i].id, path);
	for (uint32_t i = 0; !found && i < m->graph_n; i++)
		for (uint32_t k = 0; !found && k < m->graph[i].segment_n; k++)
			found = is_segment(m->graph[i].segment[k].kind,
					   m->graph[i].segment[k].id, path);
	return found;
}

static bool is_lost(struct backend *b, const char *name)
{
	struct file *f;
	int r = backend_open(b, name, FILE_LINKED, &f);

	if (r == 0)
		file_close(f);
	return r == ERR_ABSENT;
}

static bool segment_is_lost(struct backend *b, enum segment_kind kind, uint64_t id,
			    char name[SEGMENT_NAME_MAX])
{
	segment_name(name, kind, id);
	return is_lost(b, name);
}

int manifest_lost(const struct manifest *m, struct backend *b)
{
	char name[SEGMENT_NAME_MAX + WAL_NAME_MAX] = "a file";
	bool lost;

	wal_name(name, m->log_id);
	lost = is_lost(b, name);
	for (uint32_t i = 0; !lost && i < m->run_n; i++)
		lost = segment_is_lost(b, SEGMENT_RUN, m->run[i].ref.id, name);
	for (uint32_t i = 0; !lost && i < m->blob_n; i++)
		lost = segment_is_lost(b, SEGMENT_BLOB, m->blob[i].id, name);
	return err_set(ERR_DAMAGED, "%s/%s: the manifest names it, and it is not there", b->path,
		       lost ? name : "seg");
}

void manifest_drop_graph(struct manifest *m, const char *name)
{
	struct manifest_graph *g = manifest_find_graph(m, name);

	if (!g)
		return;
	m->graph_n--;
	memmove(g, g + 1, (size_t)(m->graph + m->graph_n - g) * sizeof *g);
}

void manifest_unfold_graph(struct manifest_graph *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->segment_n; i++)
		if (g->segment[i].kind != SEGMENT_DELTA)
			g->segment[n++] = g->segment[i];
	memset(&g->segment[n], 0, (MANIFEST_GRAPH_SEGMENTS - n) * sizeof *g->segment);
	g->segment_n = n;
	g->upto = 0;
}

int manifest_add_run(struct manifest *m, const struct run_info *r)
{
	struct run_info *all = mem_resize(m->mem, m->run, (m->run_n + 1) * sizeof *all);

	if (!all)
		return ERR_MEMORY;
	m->run = all;
	memmove(all + 1, all, m->run_n * sizeof *all);
	all[0] = *r;
	m->run_n++;
	return 0;
}

int manifest_add_blob(struct manifest *m, uint64_t id)
{
	struct manifest_blob *all = mem_resize(m->mem, m->blob,
					       (m->blob_n + 1) * sizeof *all);

	if (!all)
		return ERR_MEMORY;
	m->blob = all;
	all[m->blob_n++] = (struct manifest_blob){ .id = id };
	return 0;
}
