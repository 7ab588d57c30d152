/* store/check_segments.c - runs, the values entries refer to, graphs */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/blob.h"
#include "store/check_inside.h"
#include "store/salvage_run.h"

#define REPAIR "strato-walcheck --repair=NEWDIR makes a new store of what is sound"
#define READ_LEN (128u << 10)

/* --- values --- */

static int read_all(struct checking *k, const struct entry *e, const uint8_t *store_id)
{
	struct blob_reader *b = NULL;
	uint8_t *buf = mem_alloc(k->c->mem, READ_LEN);
	bool opened = false;
	uint64_t off = 0;
	int r = ERR_MEMORY;

	if (buf)
		r = blob_reader_open(&b, k->c->backend, store_id, e, false, k->c->mem);
	opened = r == 0;
	while (r == 0) {
		long n = blob_read(b, off, buf, READ_LEN);

		if (n <= 0) {
			r = (int)n;
			break;
		}
		off += (uint64_t)n;
		checking_step(k, (uint64_t)n);
	}
	blob_reader_close(b);
	mem_free(k->c->mem, buf);
	/* Its head was sound and of this format: a codec nobody knows is damage. */
	return r == ERR_NEWER && opened ? ERR_DAMAGED : r;
}

int checking_value(struct checking *k, const struct entry *e, const uint8_t *store_id)
{
	const struct check_finding pattern = {
		.kind = CHECK_VALUE, .version = e->version, .hit_n = 1, .graph = checking_graph(k, e->space),
		.space = e->space, .key = e->key,
		.so = "the value of this key cannot be read",
		.next = "strato-put writes it again; or " REPAIR,
	};
	char name[SEGMENT_NAME_MAX];
	int r = read_all(k, e, store_id);

	if (r == 0)
		return 0;
	segment_name(name, SEGMENT_BLOB, e->blob.blob);
	return checking_met(k, r, checking_path(k, name), &pattern);
}

/* --- runs --- */

struct run_check {
	struct checking *k;
	char path[1200];
};

static void run_found(void *ctx, const struct run_fault *at)
{
	struct run_check *c = ctx;
	struct check_finding f = {
		.kind = at->ranged ? CHECK_KEYS : CHECK_RUN,
		.weight = CHECK_DAMAGE, .code = ERR_DAMAGED, .file = c->path, .off = at->off,
		.what = at->words, .so = "these keys cannot be read", .next = REPAIR,
	};

	if (c->k->stop != 0)
		return;
	if (at->ranged) {
		f.ranged = true;
		f.key = at->low;
		f.before = at->high;
		f.space = at->low.len ? at->space : 0;
		f.graph = checking_graph(c->k, f.space);
	}
	if (f.graph)
		f.so = "these changes of the graph cannot be read";
	checking_tell(c->k, &f);
}

/* The large values that the run's entries refer to. */
static int check_values(struct checking *k, struct run *run)
{
	struct salvage_run *s = NULL;
	struct salvage_hole hole;
	struct entry e;
	int r = salvage_run_open(&s, run, k->c->mem);

	if (r < 0)
		return r;
	while ((r = salvage_run_next(s, &e, &hole)) > SALVAGE_END) {
		if (r == SALVAGE_ENTRY && e.kind == ENTRY_BLOB)
			r = checking_value(k, &e, k->m->store_id);
		else
			r = 0;		/* run_verify told of the hole */
		if (r != 0)
			break;
	}
	salvage_run_close(s);
	return r;
}

/* All that readers miss while it does not open. */
static int tell_run(struct checking *k, int e, const struct run_info *info, const char *path)
{
	uint64_t version = info->version_max > info->bulk_version ? info->version_max :
		info->bulk_version;
	char so[200];
	const struct check_finding pattern = {
		.kind = CHECK_RUN, .so = so, .next = REPAIR, .ranged = true,
		.version = version, .hit_n = info->entry_n,
	};

	snprintf(so, sizeof so, "all keys in it cannot be read: %" PRIu64 ", of versions up to %"
		 PRIu64, info->entry_n, version);
	return checking_met(k, e, path, &pattern);
}

/* Strictly, as readers do; else by its footer, to see what a repair can. */
static int open_run(struct checking *k, const struct run_info *info, const char *path,
		    struct run **run)
{
	struct run_info mended = *info;
	int r = run_open(run, k->c->backend, info, k->m->store_id, k->c->mem);

	if (r == 0)
		return 0;
	r = tell_run(k, r, info, path);
	mended.ref.mend = true;
	if (r == 0 && run_open(run, k->c->backend, &mended, k->m->store_id, k->c->mem) < 0)
		*run = NULL;		/* as was told */
	return r;
}

static int check_run(struct checking *k, const struct run_info *info)
{
	struct run_check c = { .k = k };
	const struct check_finding pattern = { .kind = CHECK_RUN, .next = REPAIR };
	char name[SEGMENT_NAME_MAX];
	struct run *run = NULL;
	uint64_t large_n = 0;
	int r;

	segment_name(name, SEGMENT_RUN, info->ref.id);
	snprintf(c.path, sizeof c.path, "%s", checking_path(k, name));
	r = open_run(k, info, c.path, &run);
	if (r == 0 && run)
		r = run_verify(run, run_found, &c, &large_n);
	if (r >= 0 && k->stop == 0 && large_n)
		r = check_values(k, run);
	run_close(run);
	checking_step(k, info->ref.bytes);
	if (k->stop != 0)
		return k->stop;
	return r < 0 ? checking_met(k, r, c.path, &pattern) : 0;
}

/* --- blob files --- */

static int check_blob(struct checking *k, const struct manifest_blob *blob)
{
	const struct check_finding pattern = {
		.kind = CHECK_BLOB, .so = "values of the keys that lie in it cannot be read",
		.next = REPAIR,
	};
	/* an empty value that lies there: reading it is looking at the head */
	const struct entry e = { .kind = ENTRY_BLOB, .blob.blob = blob->id };
	struct blob_reader *b = NULL;
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	uint64_t size = 0;
	int r;

	segment_name(name, SEGMENT_BLOB, blob->id);
	r = blob_reader_open(&b, k->c->backend, k->m->store_id, &e, false, k->c->mem);
	blob_reader_close(b);
	if (r == 0 && blob->bytes) {
		r = backend_open(k->c->backend, name, FILE_LINKED, &f);
		if (r == 0) {
			r = file_size(f, &size);
			file_close(f);
		}
		if (r == 0 && size < blob->bytes)
			r = err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": ends here; the "
				    "manifest says %" PRIu64 " bytes",
				    checking_path(k, name), size, blob->bytes);
	}
	return r < 0 ? checking_met(k, r, checking_path(k, name), &pattern) : 0;
}

/* --- graphs --- */

struct graph_check {
	struct checking *k;
	const struct manifest_graph *graph;
	const struct check_finding *pattern;
	char path[1200];
	bool hit;
};

static void page_found(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	struct graph_check *c = ctx;
	struct check_finding f = *c->pattern;
	char what[80];

	f.weight = CHECK_DAMAGE;
	f.code = ERR_DAMAGED;
	f.file = c->path;
	f.off = off;
	f.what = what;
	f.sums = true;
	f.expected = expected;
	f.got = got;
	if (tag)
		snprintf(what, sizeof what, "checksum of a page of section %" PRIu32 " differs",
			 tag);
	else
		snprintf(what, sizeof what, "checksum of a page differs");
	c->hit = true;
	if (c->k->stop == 0)
		checking_tell(c->k, &f);
}

/* What it means that this one is damaged. */
static void word_segment(struct check_finding *f, enum segment_kind kind)
{
	f->kind = kind == SEGMENT_DELTA ? CHECK_CHANGES :
		kind == SEGMENT_INDEX ? CHECK_PROPERTY_INDEX : CHECK_GRAPH;
	f->so = "questions to this graph that need it fail";
	f->next = REPAIR "; or import the graph again with --replace";
	if (kind == SEGMENT_DELTA) {
		f->so = "nothing is lost: the graph's changes are read one by one, and slowly";
		f->next = "strato-graph compact makes the graph anew with its changes";
	} else if (kind == SEGMENT_INDEX) {
		f->so = "nothing is lost, but questions that use the index fail";
		f->next = "strato-graph index PROPERTY... makes it anew: name them again";
	}
}

static int check_graph_segment(struct graph_check *c, const struct segment_ref *ref)
{
	struct check_finding pattern = { .graph = c->graph->name };
	struct checking *k = c->k;
	struct segment *s = NULL;
	char name[SEGMENT_NAME_MAX];
	int r;

	word_segment(&pattern, ref->kind);
	c->pattern = &pattern;
	segment_name(name, ref->kind, ref->id);
	snprintf(c->path, sizeof c->path, "%s", checking_path(k, name));
	r = segment_open(&s, k->c->backend, ref, k->m->store_id, k->c->mem);
	if (r == 0)
		r = segment_verify(s, page_found, c);
	segment_close(s);
	checking_step(k, ref->bytes);
	if (k->stop != 0)
		return k->stop;
	c->hit |= r < 0;
	return r < 0 ? checking_met(k, r, c->path, &pattern) : 0;
}

/* Each file is checked once, with the first manifest that names it. */
struct seen {
	const struct manifest *live;
	const struct kept_set *before;
};

static bool is_new(const struct seen *s, enum segment_kind kind, uint64_t id)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(name, kind, id);
	return !(s->live && manifest_names(s->live, name)) && !kept_names(s->before, name);
}

static int check_graph(struct checking *k, const struct manifest_graph *g,
		       const struct seen *seen)
{
	struct graph_check c = { .k = k, .graph = g };
	int r = 0;

	for (uint32_t n = 0; r == 0 && n < g->segment_n; n++)
		if (is_new(seen, g->segment[n].kind, g->segment[n].id))
			r = check_graph_segment(&c, &g->segment[n]);
	if (r == 0 && c.hit && k->c->graph)
		r = k->stop = k->c->graph(k->c->ctx, g, k->m->store_id, k->snapshot);
	return r;
}

static uint64_t bytes_of_manifest(const struct manifest *m, const struct seen *seen)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->run_n; i++)
		if (is_new(seen, SEGMENT_RUN, m->run[i].ref.id))
			n += m->run[i].ref.bytes;
	for (uint32_t i = 0; i < m->blob_n; i++)
		if (is_new(seen, SEGMENT_BLOB, m->blob[i].id))
			n += m->blob[i].live;
	for (uint32_t i = 0; i < m->graph_n; i++)
		for (uint32_t k = 0; k < m->graph[i].segment_n; k++)
			if (is_new(seen, m->graph[i].segment[k].kind, m->graph[i].segment[k].id))
				n += m->graph[i].segment[k].bytes;
	return n;
}

uint64_t checking_bytes(const struct checking *k, const struct kept_set *set)
{
	struct seen seen = { NULL, NULL };
	uint64_t n = bytes_of_manifest(k->m, &seen);

	for (uint32_t i = 0; i < set->n; i++) {
		struct kept_set before = *set;

		before.n = i;
		seen = (struct seen){ k->m, &before };
		n += bytes_of_manifest(&set->kept[i].m, &seen);
	}
	return n;
}

int checking_segments(struct checking *k, const struct manifest *live,
		      const struct kept_set *before)
{
	const struct seen seen = { live, before };
	const struct manifest *m = k->m;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < m->run_n; i++)
		if (is_new(&seen, SEGMENT_RUN, m->run[i].ref.id))
			r = check_run(k, &m->run[i]);
	for (uint32_t i = 0; r == 0 && i < m->blob_n; i++)
		if (is_new(&seen, SEGMENT_BLOB, m->blob[i].id))
			r = check_blob(k, &m->blob[i]);
	for (uint32_t i = 0; r == 0 && i < m->graph_n; i++)
		r = check_graph(k, &m->graph[i], &seen);
	return r;
}
