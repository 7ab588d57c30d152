/* cmd/gpucache/serve_values.c - values: the store's newest state, and what is resident
 *
 * A value comes from the store, never from who asks.  Before any answer the newest
 * snapshot is taken, and what changed since the one before is dropped or, where it is
 * pinned, read again: nothing older than the question is told of.
 *
 * Which changed: the entries newer than the version before, from the log and from new
 * runs.  Where a merge may have forgotten removals, or where there are more news than
 * things here, each thing is compared with the store instead.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/gpucache/serve.h"

#define CHUNK (1u << 20)
#define READ_MOST (UINT64_C(256) << 20)	/* bytes of values in one answer */

/* --- loading --- */

/* It is read ahead (value_expect), and what was read is on its way meanwhile. */
static int feed_blob(struct serve *s, const struct entry *e, struct gpu_load *l)
{
	struct value *v = NULL;
	uint8_t *buf = mem_pages(store_mem(s->store), CHUNK);
	uint64_t off = 0;
	int r = buf ? value_open(&v, s->store, e) : ERR_MEMORY;

	if (r == 0)
		value_expect(v, 0, e->size);
	while (r == 0 && off < e->size) {
		long n = value_read(v, off, buf, CHUNK);

		r = n > 0 ? gpu_cache_feed(s->cache, l, buf, (size_t)n) : n < 0 ? (int)n :
			err_set(ERR_DAMAGED, "a value ends at byte %llu",
				(unsigned long long)off);
		off += n > 0 ? (uint64_t)n : 0;
		service_alive(s->service, s->brought + off, 0);
	}
	value_close(v);
	if (buf)
		mem_free_pages(store_mem(s->store), buf, CHUNK);
	return r;
}

/* E of the snapshot, whose key is KEY. */
static int load_entry(struct serve *s, struct bytes key, const struct entry *e, bool pinned)
{
	struct gpu_load l;
	int r;

	if (e->expires_ms)
		return err_set(ERR_RESOURCE, "\"%s\": expires, so it is not kept on a device",
			       bytes_show(key));
	r = gpu_cache_begin(s->cache, e->size, pinned, &l);
	if (r < 0)
		return r;
	r = e->kind == ENTRY_PUT ? gpu_cache_feed_start(s->cache, &l, e->value.ptr,
							e->value.len) : feed_blob(s, e, &l);
	if (r == 0)
		r = gpu_cache_end(s->cache, &l, GPU_VALUE, key, e->version, e->crc);
	gpu_cache_cancel(s->cache, &l);
	s->brought += e->size;
	service_alive(s->service, s->brought, 0);
	return r;
}

/* Errors that concern one value; the others end a request. */
static bool is_refusal(int r)
{
	return r == ERR_RESOURCE || r == ERR_TOO_BIG;
}

/* --- catching up --- */

static int later(struct buf *again, const struct gpu_thing *t)
{
	return t->pinned ? wire_key_put(again, t->key) : 0;
}

/* E is newer than the version before. */
static int changed(struct serve *s, const struct entry *e, struct buf *again)
{
	struct gpu_thing t;
	int r = 0;

	if (gpu_cache_look(s->cache, GPU_VALUE, e->key, &t) && t.token.version != e->version) {
		r = later(again, &t);
		gpu_cache_remove(s->cache, t.token.slot);
	}
	return r;
}

static int drop_changed(struct serve *s, uint64_t after, struct buf *again)
{
	struct iter *it;
	struct entry e;
	int r = snapshot_changes(s->snap, 0, after, &it);

	if (r <= 0)
		return r;
	while ((r = iter_next(it, &e)) == 1) {
		r = changed(s, &e, again);
		if (r < 0)
			break;
	}
	iter_close(it);
	return r;
}

/* Each thing beside the store. */
static int drop_different(struct serve *s, struct buf *again)
{
	struct gpu_thing t;
	struct entry e;
	uint32_t at = 0;
	int r = 0;

	while (r >= 0 && gpu_cache_next(s->cache, &at, &t)) {
		if (t.kind != GPU_VALUE)
			continue;
		r = snapshot_get(s->snap, 0, t.key, &e);
		if (r < 0 || (r == 1 && e.version == t.token.version && !e.expires_ms))
			continue;
		r = later(again, &t);
		gpu_cache_remove(s->cache, t.token.slot);
	}
	return r < 0 ? r : 0;
}

static uint64_t news_most(const struct serve *s, uint64_t after)
{
	const struct manifest *m = snapshot_manifest(s->snap);
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->run_n; i++)
		if (m->run[i].version_max > after || m->run[i].bulk_version > after)
			n += m->run[i].entry_n;
	return n;
}

/* What was pinned stays so, as it is now. */
static int load_again(struct serve *s, struct bytes keys)
{
	struct bytes key;
	struct entry e;
	int r = 0;

	while (r >= 0 && wire_key_get(&keys, &key) == 1) {
		r = snapshot_get(s->snap, 0, key, &e);
		if (r == 1)
			r = load_entry(s, key, &e, true);
		if (is_refusal(r))
			r = 0;
	}
	return r < 0 ? r : 0;
}

static int follow(struct serve *s, uint64_t after)
{
	struct buf again = { .mem = store_mem(s->store) };
	struct gpu_cache_info i;
	int r;

	gpu_cache_info(s->cache, &i);
	if (!i.n)
		r = 0;
	else if (snapshot_manifest(s->snap)->forgotten > after || news_most(s, after) > 4 * i.n)
		r = drop_different(s, &again);
	else
		r = drop_changed(s, after, &again);
	if (r == 0)
		r = load_again(s, buf_bytes(&again));
	buf_release(&again);
	return r;
}

int serve_catch_up(struct serve *s)
{
	struct gpu_cache_info i;
	uint64_t now;
	int r;

	gpu_cache_info(s->cache, &i);
	if (s->snap && snapshot_version(s->snap) == i.applied && snapshot_is_newest(s->snap))
		return 0;
	serve_let_go(s);
	r = store_snapshot(s->store, &s->snap);
	if (r < 0)
		return r;
	snapshot_settle(s->snap);
	now = snapshot_version(s->snap);
	if (now == i.applied)
		return 0;
	r = follow(s, i.applied);
	if (r == 0)
		gpu_cache_applied(s->cache, now);
	return r;
}

void serve_let_go(struct serve *s)
{
	snapshot_close(s->snap);
	s->snap = NULL;
}

/* --- pin, evict, warm --- */

struct deed {
	struct serve *s;
	uint64_t n, bytes, absent_n, refused_n;
	struct err_note why;		/* of the first that was refused */
};

static int refused(struct deed *d, int r)
{
	if (!is_refusal(r))
		return r;
	if (!d->refused_n++)
		err_take(&d->why, r);
	return 0;
}

static int no_room(struct bytes key, uint64_t len)
{
	return err_set(ERR_RESOURCE, "\"%s\": there is no room on the device for %llu more "
		       "bytes", bytes_show(key), (unsigned long long)len);
}

/* Resident it is, or becomes so. */
static int bring(struct deed *d, struct bytes key, const struct entry *e, bool pinned)
{
	struct serve *s = d->s;
	struct gpu_thing t;
	int r;

	if (gpu_cache_look(s->cache, GPU_VALUE, key, &t))
		r = pinned ? gpu_cache_pin(s->cache, t.token.slot) : 0;
	else if (!pinned && !e->expires_ms && !gpu_cache_has_room(s->cache, e->size))
		r = no_room(key, e->size);
	else
		r = load_entry(s, key, e, pinned);
	if (r < 0)
		return refused(d, r);
	d->n++;
	d->bytes += e->size;
	return 0;
}

static int bring_key(struct deed *d, struct bytes key, bool pinned)
{
	struct entry e;
	int r = snapshot_get(d->s->snap, 0, key, &e);

	if (r == 0)
		d->absent_n++;
	return r == 1 ? bring(d, key, &e, pinned) : r;
}

int serve_bring(struct serve *s, struct bytes key, struct gpu_thing *out)
{
	struct entry e;
	int r;

	if (gpu_cache_find(s->cache, GPU_VALUE, key, out))
		return 1;
	r = snapshot_get(s->snap, 0, key, &e);
	if (r == 1)
		r = load_entry(s, key, &e, false);
	else if (r == 0)
		return 0;
	return r < 0 ? r : gpu_cache_look(s->cache, GPU_VALUE, key, out);
}

static int bring_prefix(struct deed *d, struct bytes prefix, bool pinned)
{
	const struct scan_options o = { .prefix = prefix };
	struct iter *it;
	struct entry e;
	int r = snapshot_scan(d->s->snap, &o, &it);

	if (r < 0)
		return r;
	while ((r = iter_next(it, &e)) == 1) {
		r = bring(d, e.key, &e, pinned);
		if (r < 0)
			break;
	}
	iter_close(it);
	return r;
}

static int done(const struct deed *d, struct service_reply *a)
{
	const struct wire_done w = {
		.n = le64_of(d->n), .bytes = le64_of(d->bytes),
		.absent_n = le64_of(d->absent_n), .refused_n = le64_of(d->refused_n),
		.why = le32_of(d->refused_n ? (uint32_t)-d->why.code : 0),
	};
	uint8_t words[WIRE_ERROR_MAX];
	int r = buf_add(&a->body, &w, sizeof w);

	if (r < 0 || !d->refused_n)
		return r;
	err_give(&d->why);
	return buf_add(&a->body, words, wire_error_put(words));
}

static int bring_all(struct serve *s, const struct service_ask *q, struct service_reply *a,
		     bool pinned)
{
	struct deed d = { .s = s };
	struct bytes in = q->body, key;
	uint32_t flags;
	int r = wire_which_get(&in, &flags), more;

	s->brought = 0;
	if (r == 0)
		r = serve_catch_up(s);
	while (r == 0 && (more = wire_key_get(&in, &key)) != 0) {
		if (more < 0)
			r = more;
		else
			r = flags & WIRE_PREFIX ? bring_prefix(&d, key, pinned) :
				bring_key(&d, key, pinned);
	}
	return r < 0 ? r : done(&d, a);
}

int serve_pin(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	return bring_all(ctx, q, a, true);
}

int serve_warm(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	return bring_all(ctx, q, a, false);
}

static void let_thing_go(struct deed *d, const struct gpu_thing *t, uint32_t flags)
{
	d->n++;
	d->bytes += t->token.len;
	if (flags & WIRE_UNPIN)
		gpu_cache_unpin(d->s->cache, t->token.slot);
	else
		gpu_cache_remove(d->s->cache, t->token.slot);
}

static void evict_key(struct deed *d, struct bytes key, uint32_t flags)
{
	struct gpu_thing t;
	uint32_t at = 0;

	if (!(flags & WIRE_PREFIX)) {
		if (gpu_cache_look(d->s->cache, GPU_VALUE, key, &t))
			let_thing_go(d, &t, flags);
		else
			d->absent_n++;
		return;
	}
	while (gpu_cache_next(d->s->cache, &at, &t))
		if (t.kind == GPU_VALUE && bytes_starts(t.key, key))
			let_thing_go(d, &t, flags);
}

int serve_evict(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct deed d = { .s = ctx };
	struct bytes in = q->body, key;
	uint32_t flags;
	int r = wire_which_get(&in, &flags);

	while (r >= 0 && (r = wire_key_get(&in, &key)) == 1)
		evict_key(&d, key, flags);
	return r < 0 ? r : done(&d, a);
}

/* --- find and read --- */

int serve_find(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct serve *s = ctx;
	struct bytes in = q->body, key;
	struct wire_place w;
	struct gpu_thing t;
	int r = serve_catch_up(s), more;

	while (r == 0 && (more = wire_key_get(&in, &key)) != 0) {
		memset(&w, 0, sizeof w);
		if (more < 0)
			return more;
		if (gpu_cache_find(s->cache, GPU_VALUE, key, &t))
			wire_place_put(&w, &t.token);
		r = buf_add(&a->body, &w, sizeof w);
	}
	return r;
}

/* Of one answer: rows are added first, then their bytes are fetched all at once. */
struct reading {
	struct serve *s;
	struct service_reply *a;
	uint64_t len;			/* of values so far */
	uint32_t flags;
};

static int row(struct reading *g, uint32_t nth, enum wire_value_state state,
	       const struct gpu_token *t)
{
	const struct wire_value w = {
		.state = le32_of(state), .nth = le32_of(nth),
		.version = le64_of(t ? t->version : 0), .len = le64_of(t ? t->len : 0),
	};

	return buf_add(&g->a->body, &w, sizeof w);
}

static int row_value(struct reading *g, uint32_t nth, const struct gpu_token *t)
{
	struct buf *b = &g->a->body;
	size_t was = b->len;
	int r;

	if (g->len + t->len > READ_MOST || g->len + t->len > wire_big_max() / 2)
		return row(g, nth, WIRE_VALUE_ELSEWHERE, t);
	r = row(g, nth, WIRE_VALUE, t);
	if (r == 0)
		r = buf_reserve(b, t->len);
	if (r == 0)
		r = gpu_cache_read_whole(g->s->cache, t, b->ptr + b->len);
	if (r == ERR_DAMAGED) {		/* it is loaded again when it is wanted again */
		b->len = was;
		gpu_cache_remove(g->s->cache, t->slot);
		return row(g, nth, WIRE_VALUE_ELSEWHERE, NULL);
	}
	if (r == 0) {
		b->len += t->len;
		g->len += t->len;
	}
	return r;
}

/* It is not here: it is brought, if it may be. */
static int read_missed(struct reading *g, uint32_t nth, struct bytes key)
{
	struct serve *s = g->s;
	struct gpu_thing t;
	struct entry e;
	int r = snapshot_get(s->snap, 0, key, &e);

	if (r == 0)
		return row(g, nth, WIRE_VALUE_ABSENT, NULL);
	if (r < 0)
		return r;
	if (g->flags & WIRE_NO_LOAD || e.expires_ms ||
	    !gpu_cache_wants(s->cache, GPU_VALUE, key, e.size))
		return row(g, nth, WIRE_VALUE_ELSEWHERE, NULL);
	r = load_entry(s, key, &e, false);
	if (is_refusal(r))
		return row(g, nth, WIRE_VALUE_ELSEWHERE, NULL);
	if (r == 0 && gpu_cache_look(s->cache, GPU_VALUE, key, &t))
		r = row_value(g, nth, &t.token);
	return r;
}

int serve_read(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct reading g = { .s = ctx, .a = a };
	struct bytes in = q->body, key;
	struct gpu_thing t;
	uint32_t nth = 0;
	int r = wire_which_get(&in, &g.flags), more;

	if (r == 0)
		r = serve_catch_up(g.s);
	for (; r == 0 && (more = wire_key_get(&in, &key)) != 0; nth++) {
		if (more < 0)
			return more;
		if (gpu_cache_find(g.s->cache, GPU_VALUE, key, &t))
			r = row_value(&g, nth, &t.token);
		else
			r = read_missed(&g, nth, key);
	}
	return r;
}
