/* store/salvage_merge.c - the newest of each key, and what is to be said of it
 *
 * Sources are read side by side.  Of the entries of one key the highest version
 * wins, whatever source it lies in; of equals the source given first (a bulk load's
 * runs have one version, newest first).
 *
 * A source that could not read some keys has a hole there.  What wins inside a hole
 * of a source that may hold newer versions is copied, and told as doubtful.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/run_inside.h"
#include "store/salvage_inside.h"

#define READ_LEN (128u << 10)

static uint64_t newest_in(const struct salvage_source *s)
{
	return s->info.version_max > s->info.bulk_version ? s->info.version_max
							   : s->info.bulk_version;
}

static struct bytes key_of_row(struct bytes row, uint32_t *space)
{
	uint8_t head[4] = { 0 };

	memcpy(head, row.ptr, row.len < 4 ? row.len : 4);
	*space = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
		 (uint32_t)head[2] << 8 | head[3];
	return row.len > 4 ? bytes_of(row.ptr + 4, row.len - 4) : bytes_of("", 0);
}

static int tell_hole(struct salvaging *v, const struct salvage_source *s,
		     const struct salvage_hole *h)
{
	struct salvage_lost l = {
		.what = SALVAGE_RANGE, .version = newest_in(s), .words = h->words,
	};
	uint32_t high_space;
	bool lost;

	l.key = key_of_row(h->low, &l.space);
	if (h->high.ptr)
		l.high = key_of_row(h->high, &high_space);
	l.graph = salvaging_graph(v, l.space, &lost);
	return salvaging_tell(v, &l);
}

/* Holes without an entry between them are one. */
static int note_hole(struct salvage_source *s, const struct salvage_hole *h)
{
	int r = 0;

	if (!s->in_hole) {
		buf_clear(&s->low);
		r = buf_add(&s->low, h->low.ptr, h->low.len);
	}
	buf_clear(&s->high);
	if (r == 0)
		r = buf_add(&s->high, h->high.ptr, h->high.len);
	s->in_hole = true;
	s->hole_open = !h->high.ptr;
	return r;
}

static int advance(struct salvaging *v, struct salvage_source *s)
{
	struct salvage_hole h;
	int r;

	s->in_hole = s->hole_open;	/* nothing comes after an open one */
	while (s->walk) {
		r = salvage_run_next(s->walk, &s->e, &h);
		s->has = r == SALVAGE_ENTRY;
		if (r != SALVAGE_HOLE)
			return r < 0 ? r : 0;
		r = note_hole(s, &h);
		if (r == 0)
			r = tell_hole(v, s, &h);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool in_hole(const struct salvage_source *s, struct bytes row)
{
	return s->in_hole && bytes_cmp(buf_bytes(&s->low), row) <= 0 &&
	       (s->hole_open || bytes_cmp(row, buf_bytes(&s->high)) < 0);
}

/* --- one key --- */

struct choice {
	const struct salvage_source *from;	/* NULL: none that is believed */
	bool named_hole;	/* a source the manifest names cannot say */
	uint64_t hidden;	/* the newest version that a hole here may have had */
};

static int same_key(const struct entry *a, const struct entry *b)
{
	return entry_cmp(a->space, a->key, b->space, b->key) == 0;
}

static const struct salvage_source *lowest(const struct salvaging *v)
{
	const struct salvage_source *low = NULL;

	for (size_t i = 0; i < v->source_n; i++) {
		const struct salvage_source *s = &v->source[i];

		if (s->has && (!low || entry_cmp(s->e.space, s->e.key, low->e.space,
						 low->e.key) < 0))
			low = s;
	}
	return low;
}

static int look_at_holes(const struct salvaging *v, const struct entry *at,
			 struct buf *row, struct choice *c)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < v->source_n; i++)
		any |= v->source[i].in_hole;
	if (any)
		r = rows_make_key(row, at->space, at->key);
	for (size_t i = 0; any && r == 0 && i < v->source_n; i++) {
		const struct salvage_source *s = &v->source[i];

		if (!in_hole(s, buf_bytes(row)))
			continue;
		c->named_hole |= s->named;
		if (newest_in(s) > c->hidden)
			c->hidden = newest_in(s);
	}
	return r;
}

/* What lies in a file that the manifest does not name was committed after it, or
 * was meant to be gone. */
static bool believed(const struct salvaging *v, const struct salvage_source *s,
		     const struct choice *c)
{
	return s->named || s->e.version > v->base.folded || s->doubted ||
	       v->named_missing || c->named_hole;
}

static void choose(const struct salvaging *v, const struct entry *at, struct choice *c)
{
	for (size_t i = 0; i < v->source_n; i++) {
		const struct salvage_source *s = &v->source[i];

		if (s->has && same_key(&s->e, at) && believed(v, s, c) &&
		    (!c->from || s->e.version > c->from->e.version))
			c->from = s;
	}
}

static bool in_gap(const struct salvaging *v, uint64_t version)
{
	const struct salvage_missing *m = (const void *)v->missing.ptr;

	for (size_t i = 0; i < v->missing.len / sizeof *m; i++)
		if (version <= m[i].after)
			return true;
	return false;
}

static int tell_key(struct salvaging *v, enum salvage_loss what, const struct entry *e,
		    const char *words)
{
	struct salvage_lost l = {
		.what = what, .space = e->space, .key = e->key, .words = words,
		.version = what == SALVAGE_DOUBTFUL && e->kind == ENTRY_REMOVE ? 0 : e->version,
	};
	bool lost;

	l.graph = salvaging_graph(v, e->space, &lost);
	return salvaging_tell(v, &l);
}

static int tell_doubts(struct salvaging *v, const struct choice *c)
{
	const struct entry *e = &c->from->e;
	const char *words = NULL;

	if (c->hidden > e->version)
		words = "a newer version may have been in a block that cannot be read";
	else if (in_gap(v, e->version))
		words = "a newer version may have been in a commit that is lost";
	else if (c->from->doubted)
		words = "from a run that no sound manifest names";
	else if (!c->from->named && e->version <= v->base.folded)
		words = "from a file that the manifest does not name";
	return words ? tell_key(v, SALVAGE_DOUBTFUL, e, words) : 0;
}

/* --- its value --- */

static int copy_chunks(struct salvaging *v, struct blob_reader *in, struct blob_writer *out,
		       uint8_t *buf, uint64_t *done, bool *read_failed)
{
	long n;

	while ((n = blob_read(in, *done, buf, READ_LEN)) > 0) {
		int r = blob_feed(out, buf, (size_t)n);

		if (r < 0)
			return r;
		*done += (uint64_t)n;
		v->s->value_bytes += (uint64_t)n;
		r = salvaging_step(v);
		if (r < 0)
			return r;
	}
	*read_failed = n < 0;
	return (int)n;
}

/* 0 and *e refers to the copy; 1 it cannot be read, as the message says. */
static int copy_value(struct salvaging *v, struct entry *e)
{
	uint8_t *buf = mem_alloc(v->s->mem, READ_LEN);
	struct blob_reader *in = NULL;
	struct blob_writer *out = NULL;
	uint64_t done = 0;
	bool unreadable = false;
	int r = buf ? 0 : ERR_MEMORY;

	if (r == 0) {
		r = blob_reader_open(&in, v->s->from, v->store_id, e, false, v->s->mem);
		unreadable = r < 0;
	}
	if (r == 0)
		r = store_lease_blob(v->store, &out);
	if (r == 0)
		r = blob_begin(out);
	if (r == 0)
		r = copy_chunks(v, in, out, buf, &done, &unreadable);
	if (r == 0)
		r = blob_end(out, e);
	else if (out)
		blob_cancel(out);
	blob_reader_close(in);
	mem_free(v->s->mem, buf);
	return unreadable && r != ERR_MEMORY && r != ERR_RESOURCE &&
	       r != ERR_UNAVAILABLE ? 1 : r;
}

/* The winner of a key, into the new run. */
static int put(struct salvaging *v, const struct choice *c, struct run_writer *w)
{
	struct entry e = c->from->e;
	bool lost;
	int r;

	if (e.version > v->version)
		v->version = e.version;
	salvaging_graph(v, e.space, &lost);
	if (lost)
		return 0;		/* told with its graph */
	if (e.kind == ENTRY_BLOB) {
		r = copy_value(v, &e);
		if (r == 1)
			return tell_key(v, SALVAGE_LOST, &e, err_message());
		if (r < 0)
			return r;
	}
	r = tell_doubts(v, c);
	if (e.version == 0)
		e.version = 1;		/* of a load: only the manifest knew; 0 is absent */
	if (r < 0 || e.kind == ENTRY_REMOVE)	/* nothing older lies below it any more */
		return r;
	v->s->entry_n++;
	return run_add(w, &e);
}

static int step_past(struct salvaging *v, const struct entry *at, struct buf *key)
{
	struct entry past = { .space = at->space };
	int r;

	buf_clear(key);
	r = buf_add(key, at->key.ptr, at->key.len);	/* AT goes with its source */
	past.key = buf_bytes(key);
	for (size_t i = 0; r == 0 && i < v->source_n; i++)
		if (v->source[i].has && same_key(&v->source[i].e, &past))
			r = advance(v, &v->source[i]);
	return r;
}

static int merge(struct salvaging *v, struct run_writer *w)
{
	struct buf row = { .mem = v->s->mem }, key = { .mem = v->s->mem };
	const struct salvage_source *low;
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->source_n; i++)
		r = advance(v, &v->source[i]);
	while (r == 0 && (low = lowest(v))) {
		struct choice c = { 0 };

		r = salvaging_step(v);
		if (r == 0)
			r = look_at_holes(v, &low->e, &row, &c);
		choose(v, &low->e, &c);
		if (r == 0 && c.from)
			r = put(v, &c, w);
		if (r == 0)
			r = step_past(v, &low->e, &key);
	}
	buf_release(&row);
	buf_release(&key);
	return r;
}

int salvaging_merge(struct salvaging *v)
{
	struct store *s = v->store;
	bool lz4 = setting_u64(&s->settings, SETTING_COMPRESSION) == COMPRESSION_LZ4;
	struct run_writer *w = NULL;
	uint64_t most = 0;
	int r;

	for (size_t i = 0; i < v->source_n; i++)
		most += v->source[i].info.entry_n;
	r = run_create(&w, s->backend, s->manifest.store_id, most,
		       lz4 ? BLOCK_LZ4 : BLOCK_RAW, v->s->mem);
	if (r == 0)
		r = merge(v, w);
	if (r == 0 && s->blob)
		r = blob_flush(s->blob);
	if (r < 0)
		run_abort(w);
	else
		r = run_finish(w, &v->made);
	return r;
}
