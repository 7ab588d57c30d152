/* store/reclaim.c */
#include "store/reclaim.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"

#define COPY (64u << 10)
#define GROWTH_LEAST (16u << 20)	/* less is never worth a count */

struct counted {
	uint64_t id, size;
	uint64_t live;		/* by the count before the merge */
	uint64_t after;		/* by what passed into the run */
	bool leased;		/* by us: nobody begins to write to it */
	bool doomed;		/* its values move */
	bool logged;		/* the log refers to it */
};

struct reclaim {
	struct store *s;
	uint32_t n, fresh_n;
	struct counted *blob;	/* by id */
	bool expired, moves;
	struct blob_writer *to;
	struct buf fresh;	/* the blobs moved into: struct counted */
	uint8_t *copy;
};

static int by_id(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct counted *find(struct counted *in, uint32_t n, uint64_t id)
{
	struct counted key = { .id = id };

	return n ? bsearch(&key, in, n, sizeof *in, by_id) : NULL;
}

/* --- counting --- */

static uint64_t size_of(struct store *s, uint64_t id)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	uint64_t size = 0;

	segment_name(name, SEGMENT_BLOB, id);
	if (backend_open(s->backend, name, FILE_LINKED, &f) == 0) {
		file_size(f, &size);
		file_close(f);
	}
	err_clear();
	return size;
}

static int count_runs(struct reclaim *c)
{
	uint64_t now_ms = store_now_ms(c->s);
	struct iter *it;
	struct entry e;
	int r = c->s->manifest.run_n ? merge_iter_runs(&it, c->s, 0, c->s->manifest.run_n) : 1;

	if (r != 0)
		return r < 0 ? r : 0;
	while ((r = iter_next(it, &e)) == 1) {
		struct counted *b;

		if (entry_expired(&e, now_ms)) {
			c->expired = true;
			continue;
		}
		b = e.kind == ENTRY_BLOB ? find(c->blob, c->n, e.blob.blob) : NULL;
		if (b)
			b->live += e.blob.stored;
	}
	iter_close(it);
	return r;
}

/* Ids share leases, and a lock of our own never keeps us out. */
static bool take_lease(struct reclaim *c, struct counted *b)
{
	unsigned lease = store_lease_lock(b->id);

	for (uint32_t i = 0; i < c->n; i++)
		if (c->blob[i].leased && store_lease_lock(c->blob[i].id) == lease)
			return false;
	if (store_has_lease(c->s, lease))
		return false;
	b->leased = backend_lock(c->s->backend, lease, LOCK_EXCLUSIVE, 0) == 0;
	err_clear();
	return b->leased;
}

/* The first page and the last are not anybody's value. */
static bool worth_moving(const struct counted *b, bool thorough)
{
	uint64_t size = b->size > 2 * DISK_PAGE ? b->size - 2 * DISK_PAGE : 0;

	return thorough ? b->live < size - size / 20 : b->live < size / 2;
}

static void choose(struct reclaim *c, bool thorough)
{
	uint64_t left = thorough ? UINT64_MAX : RECLAIM_STEP;

	for (uint32_t i = 0; i < c->n; i++) {
		struct counted *b = &c->blob[i];

		if (b->live == 0) {
			take_lease(c, b);
			continue;
		}
		if (b->live > left || !worth_moving(b, thorough) || !take_lease(c, b))
			continue;
		b->doomed = c->moves = true;
		left -= b->live;
	}
}

int reclaim_begin(struct reclaim **out, struct store *s, bool thorough)
{
	const struct manifest *m = &s->manifest;
	struct reclaim *c = mem_zalloc(&s->mem, sizeof *c);
	int r;

	if (!c)
		return ERR_MEMORY;
	c->s = s;
	c->fresh.mem = &s->mem;
	c->blob = mem_zalloc(&s->mem, m->blob_n * sizeof *c->blob);
	if (!c->blob) {
		reclaim_end(c);
		return ERR_MEMORY;
	}
	for (c->n = 0; c->n < m->blob_n; c->n++)
		c->blob[c->n] = (struct counted){ .id = m->blob[c->n].id,
			.size = size_of(s, m->blob[c->n].id) };
	if (c->n)
		qsort(c->blob, c->n, sizeof *c->blob, by_id);
	r = count_runs(c);
	if (r < 0) {
		reclaim_end(c);
		return r;
	}
	choose(c, thorough);
	*out = c;
	return 0;
}

bool reclaim_moves(const struct reclaim *c)
{
	return c->moves;
}

bool reclaim_expired(const struct reclaim *c)
{
	return c->expired;
}

/* --- moving --- */

static int finish_blob(struct reclaim *c)
{
	int r = 0;

	if (c->to) {
		struct counted *last = (struct counted *)c->fresh.ptr + c->fresh_n - 1;

		r = blob_flush(c->to);
		last->size = blob_writer_end(c->to);
	}
	blob_writer_close(c->to);
	c->to = NULL;
	return r;
}

/* No manifest names it before ours does: no lease is needed. */
static int next_blob(struct reclaim *c)
{
	struct store *s = c->s;
	struct counted fresh = { .id = segment_new_id() };
	bool direct = setting_u64(&s->settings, SETTING_DIRECT_IO) != DIRECT_IO_OFF;
	int r = finish_blob(c);

	if (r == 0)
		r = blob_create(s->backend, s->manifest.store_id, fresh.id);
	if (r == 0)
		r = buf_add(&c->fresh, &fresh, sizeof fresh);
	if (r < 0)
		return r;
	c->fresh_n++;
	return blob_writer_open(&c->to, s->backend, s->manifest.store_id, fresh.id,
				merge_codec(s), direct, &s->mem);
}

static int copy_value(struct reclaim *c, struct blob_reader *from, uint64_t size)
{
	uint64_t off = 0;
	long n = 0;
	int r = blob_begin(c->to);

	while (r == 0 && (n = blob_read(from, off, c->copy, COPY)) > 0) {
		r = blob_feed(c->to, c->copy, (size_t)n);
		off += (uint64_t)n;
	}
	if (r == 0 && n < 0)
		r = (int)n;
	if (r == 0 && off != size)
		r = err_set(ERR_DAMAGED, "blob %016llx: a value is cut off",
			    (unsigned long long)blob_writer_id(c->to));
	if (r < 0)
		blob_cancel(c->to);
	return r;
}

static int move(struct reclaim *c, struct entry *e)
{
	struct blob_reader *from = NULL;
	uint32_t crc = e->crc;
	int r = c->to && !blob_writer_done(c->to) ? 0 : next_blob(c);

	if (r == 0 && !c->copy) {
		c->copy = mem_alloc(&c->s->mem, COPY);
		r = c->copy ? 0 : ERR_MEMORY;
	}
	if (r == 0)
		r = blob_reader_open(&from, c->s->backend, c->s->manifest.store_id, e, false,
				     &c->s->mem);
	if (r == 0)
		r = copy_value(c, from, e->size);
	blob_reader_close(from);
	if (r == 0)
		r = blob_end(c->to, e);
	if (r == 0 && e->crc != crc)
		r = err_set(ERR_DAMAGED, "\"%s\": its value's checksum differs",
			    bytes_show(e->key));
	return r;
}

int reclaim_entry(struct reclaim *c, struct entry *e)
{
	struct counted *b;
	int r;

	if (e->kind != ENTRY_BLOB)
		return 0;
	b = find(c->blob, c->n, e->blob.blob);
	if (b && b->doomed) {
		r = move(c, e);
		if (r < 0)
			return r;
		b = (struct counted *)c->fresh.ptr + c->fresh_n - 1;
	}
	if (b)
		b->after += e->blob.stored;
	return 0;
}

int reclaim_flush(struct reclaim *c)
{
	return finish_blob(c);
}

/* --- the manifest after it --- */

/* What the log refers to, made durable first: a removal that a crash takes back
 * would bring back a reference. */
static int ask_log(struct reclaim *c)
{
	struct iter_from from = { .space = 0 };
	struct iter *it;
	struct entry e;
	int r;

	if (log_entry_n(c->s->log) == 0)
		return 0;
	r = log_sync_all(c->s->log);
	if (r == 0)
		r = log_iter(&it, c->s->log, UINT64_MAX, &from);
	if (r < 0)
		return r;
	while ((r = iter_next(it, &e)) == 1) {
		struct counted *b = e.kind == ENTRY_BLOB ? find(c->blob, c->n, e.blob.blob) : NULL;

		if (b)
			b->logged = true;
	}
	iter_close(it);
	return r;
}

static int add_fresh(struct reclaim *c, struct manifest *m)
{
	const struct counted *fresh = (const void *)c->fresh.ptr;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->fresh_n; i++) {
		r = manifest_add_blob(m, fresh[i].id);
		if (r == 0) {
			m->blob[m->blob_n - 1].live = fresh[i].after;
			m->blob[m->blob_n - 1].counted = fresh[i].size;
		}
	}
	return r;
}

int reclaim_edit(struct reclaim *c, struct manifest *m, bool moved)
{
	uint32_t kept = 0;
	int r = ask_log(c);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < m->blob_n; i++) {
		const struct counted *b = find(c->blob, c->n, m->blob[i].id);
		uint64_t live = !b ? 1 : moved ? b->after : b->live;

		if (b && b->leased && live == 0 && !b->logged)
			continue;
		if (b) {
			m->blob[i].live = live;
			m->blob[i].counted = b->size;
		}
		m->blob[kept++] = m->blob[i];
	}
	m->blob_n = kept;
	return moved ? add_fresh(c, m) : 0;
}

void reclaim_end(struct reclaim *c)
{
	struct mem *mem;

	if (!c)
		return;
	mem = &c->s->mem;
	blob_writer_close(c->to);
	for (uint32_t i = 0; i < c->n; i++)
		if (c->blob[i].leased)
			backend_unlock(c->s->backend, store_lease_lock(c->blob[i].id));
	mem_free(mem, c->blob);
	mem_free(mem, c->copy);
	buf_release(&c->fresh);
	mem_free(mem, c);
}

bool reclaim_due(struct store *s)
{
	const struct manifest *m = &s->manifest;
	uint64_t live = 0, grown = 0;

	for (uint32_t i = 0; i < m->blob_n; i++) {
		uint64_t size = size_of(s, m->blob[i].id);

		live += m->blob[i].live;
		grown += size > m->blob[i].counted ? size - m->blob[i].counted : 0;
	}
	return grown >= GROWTH_LEAST && grown >= live / 4;
}
