/* store/lookup.c - a window of keys: gathered, found run by run, given out */
#include "store/lookup_inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/filter.h"

#define PIECE (256u << 10)		/* of memory for answers */
#define FIRST_WINDOW 4096u	/* keys, until we know how large answers are */
#define WINDOW_MOST (1u << 20)
#define WINDOW_BYTES (2u << 30)		/* key_at has 32 bits */
#define BEHIND (4u << 20)		/* of a mapping that was read: let go in such steps */
#define AHEAD 8				/* keys whose filter lines are on their way */

/* --- memory for answers --- */

static struct lookup_piece *next_piece(struct lookup_worker *w)
{
	struct lookup_piece *p = w->at ? w->at->next : w->first;

	if (!p) {
		p = mem_alloc(w->l->mem, sizeof *p + PIECE);
		if (!p)
			return NULL;
		p->next = NULL;
		*(w->at ? &w->at->next : &w->first) = p;
	}
	p->len = 0;
	w->at = p;
	return p;
}

static void *stage_room(struct lookup_worker *w, size_t len)
{
	struct lookup_piece *p = w->at;
	void *at;

	len = (len + 7) & ~(size_t)7;
	if (w->staged + len > w->most)
		return NULL;
	if (!p || len > PIECE - p->len)
		p = next_piece(w);
	if (!p) {
		err_clear();
		return NULL;
	}
	at = p->bytes + p->len;
	p->len += len;
	w->staged += len;
	return at;
}

static void stage_release(struct lookup_worker *w)
{
	while (w->first) {
		struct lookup_piece *next = w->first->next;

		mem_free(w->l->mem, w->first);
		w->first = next;
	}
	w->at = NULL;
	w->staged = 0;
}

static void stage_clear(struct lookup_worker *w)
{
	w->at = NULL;
	w->staged = 0;
}

/* The answer of an item; where there is no room it is looked up again later. */
static void stage(struct lookup_worker *w, struct lookup_item *i, const struct entry *e)
{
	bool blob = e->kind == ENTRY_BLOB;
	size_t len = blob ? sizeof e->blob : w->l->o.no_values ? 0 : e->value.len;
	struct lookup_staged *s = stage_room(w, sizeof *s + len);

	if (!s) {
		i->state = LOOKUP_LATER;
		return;
	}
	*s = (struct lookup_staged){ e->version, e->expires_ms, e->size, e->crc,
				     (uint32_t)e->kind, (uint32_t)len };
	if (len)
		memcpy(s + 1, blob ? (const void *)&e->blob : e->value.ptr, len);
	i->answer = s;
	i->state = LOOKUP_FOUND;
}

void lookup_unstage(const struct lookup_staged *s, uint32_t space, struct bytes key,
		    struct entry *e)
{
	memset(e, 0, sizeof *e);
	e->space = space;
	e->key = key;
	e->kind = (enum entry_kind)s->kind;
	e->version = s->version;
	e->expires_ms = s->expires_ms;
	e->size = s->size;
	e->crc = s->crc;
	if (e->kind == ENTRY_BLOB)
		memcpy(&e->blob, s + 1, sizeof e->blob);
	else
		e->value = bytes_of(s + 1, s->len);
}

/* --- giving out --- */

/* FETCH: large values were wanted, all of them, and are taken here. */
static int give(struct lookup *l, struct lookup_item *i, bool fetch)
{
	struct bytes key = lookup_key(l, i);
	struct entry e;
	int r;

	key.ptr += 4;
	key.len -= 4;
	i->state = LOOKUP_GIVEN;
	if (!i->answer)
		return l->o.answer(l->o.ctx, key, NULL);
	lookup_unstage(i->answer, l->o.space, key, &e);
	if (fetch && e.kind == ENTRY_BLOB) {
		r = fetch_take(l->fetch, &e.value);
		if (r < 0)
			return r;
	}
	return l->o.answer(l->o.ctx, key, snapshot_shows(l->snap, &e) ? &e : NULL);
}

/* Had no room: by itself. */
static int give_late(struct lookup *l, struct lookup_item *i)
{
	struct bytes key = lookup_key(l, i);
	struct entry e;
	int r;

	key.ptr += 4;
	key.len -= 4;
	i->state = LOOKUP_GIVEN;
	r = snapshot_get(l->snap, l->o.space, key, &e);
	return r < 0 ? r : l->o.answer(l->o.ctx, key, r ? &e : NULL);
}

static int failure(struct lookup *l)
{
	for (unsigned k = 0; k < l->worker_n; k++)
		if (l->worker[k].failed < 0)
			return err_give(&l->worker[k].note);
	return err_set(ERR_BUG, "a key failed and nobody knows why");
}

static int give_all(struct lookup *l)
{
	struct lookup_values v = { .n = l->item_n };
	int r = lookup_values_begin(l, &v);

	for (size_t k = 0; r == 0 && k < l->item_n; k++) {
		struct lookup_item *i = &l->item[k];

		lookup_values_ahead(l, &v);
		if (k + AHEAD < l->item_n) {
			const uint8_t *next = (const uint8_t *)i[AHEAD].answer;

			__builtin_prefetch(next);
			__builtin_prefetch(next + 64);
			__builtin_prefetch(next + 128);
		}
		if (i->state == LOOKUP_OPEN || i->state == LOOKUP_FOUND)
			r = give(l, i, v.any);
		else if (i->state == LOOKUP_LATER)
			r = give_late(l, i);
		else if (i->state == LOOKUP_FAILED)
			r = failure(l);
	}
	return r;
}

void lookup_fail(struct lookup_worker *w, const struct lookup_ref *a,
		 const struct lookup_ref *b, int r)
{
	for (; a < b; a++)
		w->l->item[a->item].state = LOOKUP_FAILED;
	if (w->failed == 0) {
		w->failed = r;
		err_take(&w->note, r);
	}
	err_clear();
}

void lookup_give(struct lookup_worker *w, const struct lookup_ref *a,
		 const struct lookup_ref *b)
{
	struct lookup_values v = { .refs = a, .n = (size_t)(b - a) };
	const struct lookup_ref *at = a;
	int r;

	pthread_mutex_lock(&w->l->giving);
	r = lookup_values_begin(w->l, &v);
	for (; r == 0 && at < b; at++) {
		lookup_values_ahead(w->l, &v);
		if (w->l->item[at->item].state == LOOKUP_FOUND)
			r = give(w->l, &w->l->item[at->item], v.any);
	}
	if (r < 0 && w->l->fetch)
		fetch_drop(w->l->fetch);
	pthread_mutex_unlock(&w->l->giving);
	if (r < 0)
		lookup_fail(w, a, b, r);
	stage_clear(w);
}

/* --- one block --- */

/* Keys and items lie in the order they came, blocks ask for them in another. */
static void prefetch(const struct lookup *l, const struct lookup_ref *a)
{
	const struct lookup_ref *end = (const void *)(l->refs.ptr + l->refs.len);

	if (a + AHEAD >= end)
		return;
	__builtin_prefetch(&l->item[a[AHEAD].item], 1);
	__builtin_prefetch(l->keys.ptr + a[AHEAD].key_at);
}

void lookup_block(struct lookup_worker *w, const struct lookup_ref *a,
		  const struct lookup_ref *b, const uint8_t *stored)
{
	struct run_child c = lookup_child(a);
	struct rows rows;
	int r;

	buf_clear(&w->block);
	r = run_unpack(w->run, &c, stored, &w->block, &rows);
	w->block_n++;
	for (; r >= 0 && a < b; a++) {
		struct entry e;

		prefetch(w->l, a);
		r = run_find_row(w->run, &c, &rows, lookup_ref_key(w->l, a), &e);
		if (r == 1)
			stage(w, &w->l->item[a->item], &e);
	}
	if (r < 0)
		lookup_fail(w, a, b, r);
}

/* The rows of a block that may be in the cache already. */
static int cached_rows(struct lookup_worker *w, const struct run_child *c, struct rows *out)
{
	struct lookup *l = w->l;
	uint64_t id = w->run->info.ref.id;
	const uint8_t *stored = w->run->data.ptr + c->off, *ptr;
	uint8_t *room;
	int r;

	ptr = cache_get(l->cache, id, c->off, c->raw_len);
	if (ptr)
		return rows_open(out, bytes_of(ptr, c->raw_len));
	room = cache_room(l->cache, id, c->off, c->raw_len);
	buf_clear(&w->block);
	w->block_n++;
	r = run_block(w->run, c, &w->block, out);
	if (!room)
		return r;
	if (r < 0 || out->ptr == stored) {
		cache_forget(l->cache, room);
		return r;
	}
	memcpy(room, w->block.ptr, c->raw_len);
	return r;
}

static void block_by_cache(struct lookup_worker *w, const struct lookup_ref *a,
			   const struct lookup_ref *b)
{
	struct run_child c = lookup_child(a);
	struct rows rows;
	int r = cached_rows(w, &c, &rows);

	for (; r >= 0 && a < b; a++) {
		struct entry e;

		r = run_find_row(w->run, &c, &rows, lookup_ref_key(w->l, a), &e);
		if (r == 1)
			stage(w, &w->l->item[a->item], &e);
	}
	if (r < 0)
		lookup_fail(w, a, b, r);
}

/* --- the blocks of a run, by one worker --- */

/* What was read stays in the page cache; mapped it would count as ours. */
void lookup_let_go(const struct lookup_worker *w, const struct lookup_ref *a, uint64_t *kept)
{
	if (a->off - *kept < BEHIND)
		return;
	segment_done(w->run->segment, w->run->data.ptr + *kept, a->off - *kept);
	*kept = a->off;
}

static void let_go(const struct lookup *l, const struct run *run, struct bytes section)
{
	if (l->item_n >= LOOKUP_MANY && section.len > BEHIND)
		segment_done(run->segment, section.ptr, section.len);
}

static const struct lookup_ref *refs_of(const struct buf *b)
{
	return (const void *)b->ptr;
}

static void *unpack_blocks(void *arg)
{
	struct lookup_worker *w = arg;
	struct lookup *l = w->l;
	const struct lookup_ref *a = refs_of(&l->refs) + w->begin;
	const struct lookup_ref *end = refs_of(&l->refs) + w->end, *b, *given = a;
	uint64_t kept = a < end ? a->off : 0;

	for (; a < end; a = b) {
		const uint8_t *stored = w->run->data.ptr + a->off;
		int r;

		lookup_let_go(w, a, &kept);
		b = lookup_group(a, end);
		if (l->cache && a->packed && l->item_n < LOOKUP_MANY) {
			block_by_cache(w, a, b);
			continue;
		}
		r = segment_check(w->run->segment, stored, a->stored_len);
		if (r < 0)
			lookup_fail(w, a, b, r);
		else
			lookup_block(w, a, b, stored);
		if (l->o.unordered && w->staged >= PIECE / 2) {
			lookup_give(w, given, b);
			given = b;
		}
	}
	if (l->o.unordered)
		lookup_give(w, given, end);
	return NULL;
}

/* --- which blocks --- */

static int add_ref(struct lookup_worker *w, struct lookup_item *i)
{
	struct run_child c;
	struct lookup_ref ref;
	int r = run_find_block(w->run, lookup_key(w->l, i), &c);

	if (r < 0)
		return r;
	if (c.off >= LOOKUP_OFF_MAX || c.codec > BLOCK_LZ4)
		return err_set(ERR_NEWER, "%s: a block that this program does not know",
			       segment_path(w->run->segment));
	ref = (struct lookup_ref){
		.off = c.off, .key_len = i->key_len, .packed = c.codec == BLOCK_LZ4,
		.stored_len = c.stored_len, .raw_len = c.raw_len,
		.item = (uint32_t)(i - w->l->item), .key_at = i->key_at,
	};
	return buf_add(&w->refs, &ref, sizeof ref);
}

static void *find_blocks(void *arg)
{
	struct lookup_worker *w = arg;
	struct lookup *l = w->l;
	uint64_t n = w->run->filter.len / FILTER_BLOCK;

	buf_clear(&w->refs);
	for (size_t k = w->begin; k < w->end; k++) {
		struct lookup_item *i = &l->item[k];
		int r;

		if (k + AHEAD < w->end)
			__builtin_prefetch(w->run->filter.ptr + FILTER_BLOCK *
					   filter_place(n, i[AHEAD].hash));
		if (i->state != LOOKUP_OPEN)
			continue;
		r = run_may_have(w->run, i->hash);
		if (r == 1)
			r = add_ref(w, i);
		if (r < 0) {
			struct lookup_ref ref = { .item = (uint32_t)k };

			lookup_fail(w, &ref, &ref + 1, r);
		}
	}
	return NULL;
}

/* WORK by all workers, each a part of N; borders never part equal refs. */
static void share(struct lookup *l, size_t n, void *(*work)(void *))
{
	unsigned some = n < LOOKUP_MANY ? 1 : l->worker_n, started = 0;
	const struct lookup_ref *ref = work == unpack_blocks ? refs_of(&l->refs) : NULL;
	size_t at = 0;

	for (unsigned k = 0; k < l->worker_n; k++) {
		struct lookup_worker *w = &l->worker[k];

		w->begin = at;
		at = k < some ? n * (k + 1) / some : n;
		while (ref && at > w->begin && at < n && ref[at].off == ref[at - 1].off)
			at++;
		w->end = at;
	}
	for (unsigned k = 1; k < some; k++, started++)
		if (pthread_create(&l->worker[k].thread, NULL, work, &l->worker[k]) != 0)
			break;
	work(&l->worker[0]);
	for (unsigned k = started + 1; k < some; k++)
		work(&l->worker[k]);
	for (unsigned k = 1; k <= started; k++)
		pthread_join(l->worker[k].thread, NULL);
}

static int ref_cmp(const void *a, const void *b)
{
	const struct lookup_ref *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

#define DIGIT 11

/* By offset: bytes of the section, so few digits. */
static int sort_refs(struct lookup *l, uint64_t section_len)
{
	size_t n = l->refs.len / sizeof(struct lookup_ref);
	int r;

	if (n < LOOKUP_MANY) {
		if (n)		/* none: and no memory either */
			qsort(l->refs.ptr, n, sizeof(struct lookup_ref), ref_cmp);
		return 0;
	}
	buf_clear(&l->spare);
	r = buf_reserve(&l->spare, l->refs.len);
	for (unsigned shift = 0; r == 0 && section_len >> shift; shift += DIGIT) {
		const struct lookup_ref *from = refs_of(&l->refs);
		struct lookup_ref *to = (void *)l->spare.ptr;
		size_t at[1u << DIGIT] = { 0 }, sum = 0;
		struct buf swap = l->refs;

		for (size_t i = 0; i < n; i++)
			at[from[i].off >> shift & ((1u << DIGIT) - 1)]++;
		for (size_t d = 0; d < 1u << DIGIT; d++) {
			size_t some = at[d];

			at[d] = sum;
			sum += some;
		}
		for (size_t i = 0; i < n; i++)
			to[at[from[i].off >> shift & ((1u << DIGIT) - 1)]++] = from[i];
		l->spare.len = swap.len;
		l->refs = l->spare;
		l->spare = swap;
	}
	return r;
}

static int gather_refs(struct lookup *l)
{
	int r = 0;

	buf_clear(&l->refs);
	for (unsigned k = 0; r == 0 && k < l->worker_n; k++) {
		struct buf *refs = &l->worker[k].refs;

		if (refs->len)
			r = buf_add(&l->refs, refs->ptr, refs->len);
		buf_clear(refs);
	}
	return r;
}

/* --- the window --- */

/* Many keys touch most of a run's index: it is read ahead, not page by page. */
static void want_index(struct lookup *l, struct run *run, uint32_t i)
{
	uint64_t bit = (uint64_t)1 << (i < 63 ? i : 63);

	if (l->item_n < LOOKUP_MANY || l->wanted & bit)
		return;
	l->wanted |= bit;
	if (lookup_direct(l))
		segment_scattered(run->segment);
	if (run->index.len)
		segment_want(run->segment, run->index.ptr);
}

static int search_run(struct lookup *l, struct run *run, uint32_t i)
{
	const struct lookup_ref *refs;
	size_t n, cold;
	int r;

	if (run->root.stored_len == 0)
		return 0;
	want_index(l, run, i);
	for (unsigned k = 0; k < l->worker_n; k++)
		l->worker[k].run = run;
	share(l, l->item_n, find_blocks);
	let_go(l, run, run->filter);
	let_go(l, run, run->index);
	r = gather_refs(l);
	if (r == 0)
		r = sort_refs(l, run->data.len);
	if (r < 0)
		return r;
	refs = refs_of(&l->refs);
	n = l->refs.len / sizeof *refs;
	cold = lookup_cold(l, run, refs, refs + n);
	if (cold)
		r = lookup_read(&l->worker[0], refs, refs + n, cold);
	else
		share(l, n, unpack_blocks);
	let_go(l, run, run->data);
	return r;
}

/* Unordered, between two searches: what a search stages next has all the room. */
static int give_found(struct lookup *l)
{
	struct lookup_values v = { .n = l->item_n };
	int r = lookup_values_begin(l, &v);

	for (size_t k = 0; r == 0 && k < l->item_n; k++) {
		lookup_values_ahead(l, &v);
		if (l->item[k].state == LOOKUP_FOUND)
			r = give(l, &l->item[k], v.any);
	}
	stage_clear(&l->worker[0]);
	return r;
}

#define LOG_AHEAD 6	/* keys between two steps of the index's chain */

/* The index is as large as the log is long: its lines are asked for ahead. */
static void log_ahead(struct lookup *l, size_t k)
{
	struct log *log = snapshot_log(l->snap);

	for (unsigned step = 0; step < 3; step++) {
		size_t i = k + (3 - step) * LOG_AHEAD;
		struct bytes key;

		if (i >= l->item_n)
			continue;
		key = lookup_key(l, &l->item[i]);
		log_prefetch(log, l->o.space, bytes_of(key.ptr + 4, key.len - 4), step);
	}
}

static int search_log(struct lookup *l)
{
	struct buf *buf = snapshot_buf(l->snap);
	int r = 0;

	if (snapshot_log_empty(l->snap))
		return 0;
	for (size_t k = 0; r >= 0 && k < l->item_n; k++) {
		struct bytes key = lookup_key(l, &l->item[k]);
		struct entry e;

		log_ahead(l, k);
		r = snapshot_log_get(l->snap, l->o.space, bytes_of(key.ptr + 4, key.len - 4),
				     buf, &e);
		if (r == 1)
			stage(&l->worker[0], &l->item[k], &e);
	}
	if (r >= 0 && l->o.unordered)
		r = give_found(l);
	return r < 0 ? r : 0;
}

/* What a key took, for the size of the next window. */
static void learn(struct lookup *l)
{
	size_t staged = 0;

	for (unsigned k = 0; k < l->worker_n; k++)
		staged += l->worker[k].staged;
	if (l->item_n >= LOOKUP_MANY)
		l->each = (staged + l->keys.len) / l->item_n + sizeof(struct lookup_item) +
			  2 * sizeof(struct lookup_ref);
}

static void window_clear(struct lookup *l)
{
	if (l->fetch)
		fetch_drop(l->fetch);
	l->item_n = 0;
	buf_clear(&l->keys);
	for (unsigned k = 0; k < l->worker_n; k++) {
		struct lookup_worker *w = &l->worker[k];

		stage_clear(w);
		w->failed = 0;
		l->stat.block_n += w->block_n;
		w->block_n = 0;
	}
}

/* Full windows have no use for the cache of blocks, and are the better the larger: they
 * take its room.  FULL false: keys come one by one (again). */
static int set_rooms(struct lookup *l, bool full)
{
	size_t eighths = full ? 7 : 5;
	int r = 0;

	if (full && l->cache) {
		cache_get_stat(l->cache, &l->stat.cache);
		cache_close(l->cache);
		l->cache = NULL;
	} else if (!full && !l->cache) {
		for (unsigned k = 0; k < l->worker_n; k++)
			stage_release(&l->worker[k]);
		r = cache_open(&l->cache, l->room / 4, l->mem);
	}
	if (l->fetch)
		eighths -= 2;
	l->most = l->room / 8 * eighths;
	for (unsigned k = 0; k < l->worker_n; k++)
		l->worker[k].most = l->most / l->worker_n;
	return r;
}

int lookup_run(struct lookup *l)
{
	struct run_set *runs = snapshot_runs(l->snap);
	int r = 0;

	if (l->item_n == 0)
		return 0;
	if (l->item_n < LOOKUP_MANY && !l->cache)
		r = set_rooms(l, false);
	if (r < 0)
		return r;
	l->stat.window_n++;
	l->stat.key_n += l->item_n;
	r = search_log(l);
	for (uint32_t i = 0; r == 0 && i < runs->n; i++)
		r = search_run(l, runs->run[i], i);
	if (r == 0)
		learn(l);
	if (r == 0)
		r = give_all(l);
	window_clear(l);
	return r;
}

static bool is_full(const struct lookup *l)
{
	size_t n = l->item_n;

	if (l->each == 0)
		return n >= FIRST_WINDOW || l->keys.len >= l->most / 4;
	return n >= WINDOW_MOST || n * l->each >= l->most || l->keys.len >= l->most / 4;
}

static int more_items(struct lookup *l)
{
	size_t cap = l->item_cap ? l->item_cap * 2 : 64;
	void *p = mem_resize(l->mem, l->item, cap * sizeof *l->item);

	if (!p)
		return ERR_MEMORY;
	l->item = p;
	l->item_cap = cap;
	return 0;
}

int lookup_add(struct lookup *l, struct bytes key)
{
	const uint32_t space = l->o.space;
	const uint8_t head[4] = { (uint8_t)(space >> 24), (uint8_t)(space >> 16),
				  (uint8_t)(space >> 8), (uint8_t)space };
	size_t at = l->keys.len;
	int r = l->item_n == l->item_cap ? more_items(l) : 0;

	if (r == 0)
		r = buf_reserve(&l->keys, sizeof head + key.len);
	if (r < 0)
		return r;
	buf_add(&l->keys, head, sizeof head);
	buf_add(&l->keys, key.ptr, key.len);
	l->item[l->item_n++] = (struct lookup_item){
		.hash = run_hash(space, key), .key_at = (uint32_t)at,
		.key_len = (uint32_t)(key.len + sizeof head),
	};
	if (!is_full(l))
		return 0;
	l->full = true;
	r = set_rooms(l, true);
	if (r == 0)
		r = lookup_run(l);
	l->full = false;
	return r;
}

size_t lookup_waiting(const struct lookup *l)
{
	return l->item_n;
}

/* --- open, close --- */

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > LOOKUP_WORKERS ? LOOKUP_WORKERS : (unsigned)n;
}

int lookup_open(struct lookup **out, struct snapshot *v, const struct lookup_options *o)
{
	struct store *s = snapshot_store(v);
	uint64_t room = setting_u64(&s->settings, SETTING_CACHE_SIZE);
	struct lookup *l = mem_zalloc(&s->mem, sizeof *l);
	int r;

	if (!l)
		return ERR_MEMORY;
	if (room > WINDOW_BYTES)
		room = WINDOW_BYTES;
	if (room > mem_left(&s->mem) / 2)
		room = mem_left(&s->mem) / 2;
	l->snap = v;
	l->store = s;
	l->mem = &s->mem;
	l->o = *o;
	l->keys.mem = l->refs.mem = l->spare.mem = l->mem;
	l->room = (size_t)room;
	l->worker_n = cores();
	for (unsigned k = 0; k < l->worker_n; k++) {
		struct lookup_worker *w = &l->worker[k];

		w->l = l;
		w->refs.mem = w->block.mem = l->mem;
	}
	pthread_mutex_init(&l->giving, NULL);
	r = set_rooms(l, false);
	if (r < 0)
		lookup_close(l);
	else
		*out = l;
	return r;
}

void lookup_get_stat(const struct lookup *l, struct lookup_stat *out)
{
	*out = l->stat;
	if (l->cache)
		cache_get_stat(l->cache, &out->cache);
	if (l->fetch)
		fetch_get_stat(l->fetch, &out->value);
}

void lookup_close(struct lookup *l)
{
	if (!l)
		return;
	lookup_read_close(l);
	fetch_close(l->fetch);
	for (unsigned k = 0; k < l->worker_n; k++) {
		struct lookup_worker *w = &l->worker[k];

		buf_release(&w->refs);
		buf_release(&w->block);
		stage_release(w);
	}
	cache_close(l->cache);
	buf_release(&l->keys);
	buf_release(&l->refs);
	buf_release(&l->spare);
	mem_free(l->mem, l->item);
	pthread_mutex_destroy(&l->giving);
	mem_free(l->mem, l);
}
