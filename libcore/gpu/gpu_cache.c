/* gpu/gpu_cache.c - things by key, by stamp and by slot */
#include "gpu/gpu_cache.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/hot.h"
#include "gpu/sieve.h"
#include "gpu/slab.h"

#define NONE UINT32_MAX
#define PER_ENTRY 8192u
#define ENTRIES_LEAST 1024u
#define ENTRIES_MOST (4u << 20)
#define STAGE_N 8u		/* buffers on their way */
#define STAGE_LEN (1u << 20)
#define PIN_SPARE 8u		/* an eighth stays for what is not pinned */

enum chain { BY_KEY, BY_STAMP, BY_PLACE, CHAINS };

struct thing {
	struct gpu_token token;	/* stamp 0: free */
	uint8_t *key;		/* key_len bytes; NULL: room */
	uint32_t key_len, kind, crc;
	uint32_t next[CHAINS];	/* slots in the same bucket, or NONE */
	bool pinned;
};

struct gpu_cache {
	struct gpu_cache_setup o;
	struct backend *files;
	struct gpu_backend *device;
	struct arenas *arenas;
	struct stage *stage;		/* once something is loaded; NULL */
	bool no_stage;			/* there is no memory for it */
	struct slab *slab;
	struct sieve *sieve;
	struct gpu_index *index;
	struct hot *hot;
	struct thing *thing;
	uint32_t *bucket[CHAINS];	/* slots, or NONE */
	uint32_t bucket_mask, loading;
	uint64_t seed, stamp, generation, size;
	struct gpu_cache_info info;
};

/* --- finding --- */

static uint64_t hash_key(const struct gpu_cache *c, enum gpu_kind kind, struct bytes key)
{
	return hash64(c->seed + (uint64_t)kind, key.ptr, key.len);
}

static uint32_t *by_key(const struct gpu_cache *c, enum gpu_kind kind, struct bytes key)
{
	return &c->bucket[BY_KEY][hash_key(c, kind, key) & c->bucket_mask];
}

static uint32_t *by_stamp(const struct gpu_cache *c, uint64_t stamp)
{
	return &c->bucket[BY_STAMP][stamp & c->bucket_mask];
}

static uint32_t *by_place(const struct gpu_cache *c, uint32_t arena, uint64_t off)
{
	return &c->bucket[BY_PLACE][hash_u64(off + arena) & c->bucket_mask];
}

static struct bytes key_of(const struct thing *t)
{
	return bytes_of(t->key, t->key_len);
}

static uint32_t slot_of(const struct gpu_cache *c, enum gpu_kind kind, struct bytes key)
{
	uint32_t at = *by_key(c, kind, key);

	while (at != NONE && (c->thing[at].kind != (uint32_t)kind ||
			      !bytes_equal(key_of(&c->thing[at]), key)))
		at = c->thing[at].next[BY_KEY];
	return at;
}

static int tell(const struct gpu_cache *c, uint32_t slot, struct gpu_thing *out)
{
	const struct thing *t;

	if (slot == NONE)
		return 0;
	t = &c->thing[slot];
	*out = (struct gpu_thing){ t->token, (enum gpu_kind)t->kind, key_of(t), t->crc,
				   t->pinned };
	return 1;
}

int gpu_cache_look(const struct gpu_cache *c, enum gpu_kind kind, struct bytes key,
		   struct gpu_thing *out)
{
	return tell(c, slot_of(c, kind, key), out);
}

int gpu_cache_find(struct gpu_cache *c, enum gpu_kind kind, struct bytes key,
		   struct gpu_thing *out)
{
	uint32_t slot = slot_of(c, kind, key);

	if (slot == NONE) {
		c->info.miss_n++;
		return 0;
	}
	c->info.hit_n++;
	hot_mark(c->hot, slot);
	return tell(c, slot, out);
}

int gpu_cache_holds(const struct gpu_cache *c, const struct gpu_token *t,
		    struct gpu_thing *out)
{
	uint32_t at = *by_stamp(c, t->stamp);

	if (t->generation != c->generation || !t->stamp)
		return 0;
	while (at != NONE && c->thing[at].token.stamp != t->stamp)
		at = c->thing[at].next[BY_STAMP];
	if (at == NONE || at == c->loading || c->thing[at].token.version != t->version ||
	    c->thing[at].token.len != t->len)
		return 0;
	return tell(c, at, out);
}

int gpu_cache_next(const struct gpu_cache *c, uint32_t *at, struct gpu_thing *out)
{
	for (; *at < c->o.entries; (*at)++)
		if (c->thing[*at].token.stamp && *at != c->loading)
			return tell(c, (*at)++, out);
	return 0;
}

bool gpu_cache_has_room(const struct gpu_cache *c, uint64_t len)
{
	struct sieve_info i;

	sieve_info(c->sieve, &i);
	return i.n < c->o.entries && len <= c->size &&
	       slab_cost(c->slab, len) <= c->size - i.bytes;
}

bool gpu_cache_wants(struct gpu_cache *c, enum gpu_kind kind, struct bytes key,
		     uint64_t len)
{
	return gpu_cache_has_room(c, len) || sieve_wants(c->sieve, hash_key(c, kind, key));
}

/* --- coming and going --- */

static void chain_in(struct gpu_cache *c, uint32_t *head, uint32_t slot, enum chain chain)
{
	c->thing[slot].next[chain] = *head;
	*head = slot;
}

static void chain_out(struct gpu_cache *c, uint32_t *head, uint32_t slot, enum chain chain)
{
	while (*head != slot)
		head = &c->thing[*head].next[chain];
	*head = c->thing[slot].next[chain];
}

static void place_in(struct gpu_cache *c, uint32_t slot)
{
	const struct gpu_token *t = &c->thing[slot].token;

	chain_in(c, by_place(c, t->arena, t->off), slot, BY_PLACE);
}

static void place_out(struct gpu_cache *c, uint32_t slot)
{
	const struct gpu_token *t = &c->thing[slot].token;

	chain_out(c, by_place(c, t->arena, t->off), slot, BY_PLACE);
}

static struct slab_place place_of(const struct thing *t)
{
	return (struct slab_place){ t->token.arena, t->token.off };
}

static struct arena_place arena_at(const struct gpu_token *t, uint64_t off)
{
	return (struct arena_place){ t->arena, t->off + off };
}

/* It is in no index and the sieve has forgotten it: its bytes and name go. */
static void release(struct gpu_cache *c, uint32_t slot)
{
	struct thing *t = &c->thing[slot];
	struct slab_place p = place_of(t);

	if (t->key)
		chain_out(c, by_key(c, (enum gpu_kind)t->kind, key_of(t)), slot, BY_KEY);
	chain_out(c, by_stamp(c, t->token.stamp), slot, BY_STAMP);
	place_out(c, slot);
	slab_give(c->slab, &p, t->token.len);
	mem_free(c->o.mem, t->key);
	memset(t, 0, sizeof *t);
}

static void leave(struct gpu_cache *c, uint32_t slot)
{
	struct thing *t = &c->thing[slot];

	if (t->key)
		gpu_index_remove(c->index, (enum gpu_kind)t->kind, key_of(t));
	release(c, slot);
}

void gpu_cache_remove(struct gpu_cache *c, uint32_t slot)
{
	sieve_remove(c->sieve, slot);
	leave(c, slot);
	c->info.drop_n++;
}

/* 1, or 0 when nothing is left that may go. */
static int evict(struct gpu_cache *c)
{
	uint32_t slot;

	if (!sieve_evict(c->sieve, &slot))
		return 0;
	leave(c, slot);
	c->info.evict_n++;
	return 1;
}

/* --- moving small things together --- */

static uint32_t thing_at(const struct gpu_cache *c, const struct slab_place *p)
{
	uint32_t at = *by_place(c, p->arena, p->off);

	while (at != NONE && (c->thing[at].token.arena != p->arena ||
			      c->thing[at].token.off != p->off))
		at = c->thing[at].next[BY_PLACE];
	return at;
}

static int move(struct gpu_cache *c, const struct slab_place *from)
{
	uint32_t slot = thing_at(c, from);
	struct slab_place to;
	struct thing *t;
	int r;

	if (slot == NONE)
		return err_set(ERR_BUG, "the cache has lost what lies at %" PRIu64, from->off);
	t = &c->thing[slot];
	if (!slab_move(c->slab, from, t->token.len, &to))
		return 0;
	r = arena_copy(c->arenas, arena_at(&t->token, 0),
		       (struct arena_place){ to.arena, to.off }, t->token.len);
	if (r < 0)
		return r;
	place_out(c, slot);
	t->token.arena = to.arena;
	t->token.off = to.off;
	place_in(c, slot);
	if (t->key)
		r = gpu_index_put(c->index, (enum gpu_kind)t->kind, key_of(t), &t->token);
	return r < 0 ? r : 1;
}

/* A slab emptied, nothing gone: 1, or 0 when none can be. */
static int gather(struct gpu_cache *c)
{
	struct slab_place at;
	int r = slab_movable(c->slab, &at), n = 0;

	if (!r)
		return 0;
	for (bool first = true; slab_next(c->slab, &at, first); first = false) {
		r = move(c, &at);
		if (r <= 0)
			break;
		n++;
	}
	return r < 0 ? r : n > 0;
}

/* --- loading --- */

static int full(uint64_t len)
{
	return err_set(ERR_RESOURCE, "no room on the device for %" PRIu64 " bytes: what is "
		       "there is pinned", len);
}

/* A place for LEN bytes, whatever has to move or go for it. */
static int place_take(struct gpu_cache *c, uint64_t len, struct slab_place *p)
{
	uint64_t cost = slab_cost(c->slab, len);
	int r;

	for (;;) {
		r = sieve_room(c->sieve, cost);
		if (r < 0)
			return r;
		if (r) {
			if (slab_take(c->slab, len, p))
				return 0;
			r = gather(c);
			if (r < 0)
				return r;
			if (r)
				continue;
		}
		if (!evict(c))
			return r && slab_take_larger(c->slab, len, p) ? 0 : full(len);
	}
}

static int take(struct gpu_cache *c, uint64_t len, bool pinned, struct gpu_token *token)
{
	struct slab_place p;
	uint32_t slot;
	int r;

	if (c->loading != NONE)
		return err_set(ERR_BUG, "two things are loaded at once");
	if (len > GPU_INDEX_LEN_MAX)
		return err_set(ERR_TOO_BIG, "%" PRIu64 " bytes are too many for a device", len);
	r = place_take(c, len, &p);
	if (r < 0) {
		c->info.refuse_n++;
		return r;
	}
	r = sieve_add(c->sieve, slab_cost(c->slab, len), pinned, &slot);
	if (r < 0) {
		slab_give(c->slab, &p, len);
		c->info.refuse_n++;
		return r;
	}
	*token = (struct gpu_token){
		.generation = c->generation, .stamp = ++c->stamp, .off = p.off, .len = len,
		.arena = p.arena, .slot = slot,
	};
	c->thing[slot] = (struct thing){ .token = *token, .pinned = pinned };
	chain_in(c, by_stamp(c, token->stamp), slot, BY_STAMP);
	place_in(c, slot);
	hot_take(c->hot, slot);		/* of who was here before */
	return 0;
}

int gpu_cache_begin(struct gpu_cache *c, uint64_t len, bool pinned, struct gpu_load *l)
{
	int r;

	memset(l, 0, sizeof *l);
	r = take(c, len, pinned, &l->token);
	if (r < 0)
		return r;
	c->loading = l->token.slot;
	l->pinned = pinned;
	l->open = true;
	return 0;
}

int gpu_cache_feed_start(struct gpu_cache *c, struct gpu_load *l, const void *ptr, size_t len)
{
	int r;

	if (len > l->token.len - l->at)
		return err_set(ERR_BUG, "more bytes than room on the device");
	r = arena_write(c->arenas, arena_at(&l->token, l->at), ptr, len);
	l->at += len;
	c->info.upload_bytes += len;
	return r;
}

/* Where the device works beside us, what it is sent waits in a ring of buffers; c->stage
 * NULL: it is sent from where it lies, and waited for. */
static int staged(struct gpu_cache *c)
{
	int r = 0;

	if (!c->stage && !c->no_stage && c->device->ops->mark)
		r = stage_open(&c->stage, c->device, c->arenas, STAGE_N, STAGE_LEN, c->o.mem);
	c->no_stage = r == ERR_MEMORY;
	return r == ERR_MEMORY ? 0 : r;
}

static int copy_in(struct gpu_cache *c, struct arena_place to, const void *ptr, size_t len)
{
	int r = staged(c);

	if (r < 0)
		return r;
	c->info.upload_bytes += len;
	if (c->stage)
		return stage_copy(c->stage, ptr, len, to);
	r = arena_write(c->arenas, to, ptr, len);
	return r < 0 ? r : arena_finish(c->arenas);
}

int gpu_cache_feed(struct gpu_cache *c, struct gpu_load *l, const void *ptr, size_t len)
{
	int r;

	if (len > l->token.len - l->at)
		return err_set(ERR_BUG, "more bytes than room on the device");
	r = copy_in(c, arena_at(&l->token, l->at), ptr, len);
	l->at += len;
	return r;
}

void gpu_cache_filled(struct gpu_load *l)
{
	l->at = l->token.len;
}

void gpu_cache_cancel(struct gpu_cache *c, struct gpu_load *l)
{
	if (!l->open)
		return;
	l->open = false;
	c->loading = NONE;
	sieve_remove(c->sieve, l->token.slot);
	release(c, l->token.slot);
}

static int name(struct gpu_cache *c, uint32_t slot, enum gpu_kind kind, struct bytes key)
{
	struct thing *t = &c->thing[slot];
	uint8_t *copy = mem_alloc(c->o.mem, key.len + 1);

	if (!copy)
		return ERR_MEMORY;
	memcpy(copy, key.ptr, key.len);
	t->key = copy;
	t->key_len = (uint32_t)key.len;
	t->kind = (uint32_t)kind;
	chain_in(c, by_key(c, kind, key), slot, BY_KEY);
	return 0;
}

/* The one that had the key before; the index has the new one already. */
static void replace(struct gpu_cache *c, uint32_t old, uint32_t slot)
{
	bool pinned = c->thing[old].pinned;

	sieve_remove(c->sieve, old);
	release(c, old);
	if (pinned && sieve_pin(c->sieve, slot) == 0)
		c->thing[slot].pinned = true;
}

int gpu_cache_end(struct gpu_cache *c, struct gpu_load *l, enum gpu_kind kind,
		  struct bytes key, uint64_t version, uint32_t crc)
{
	struct thing *t = &c->thing[l->token.slot];
	uint32_t old = slot_of(c, kind, key);
	int r;

	if (l->at != l->token.len) {
		r = err_set(ERR_BUG, "fewer bytes than room on the device");
		goto out;
	}
	t->crc = crc;
	t->token.version = version;
	r = arena_finish(c->arenas);
	if (r == 0)
		r = name(c, l->token.slot, kind, key);
	if (r == 0)
		r = gpu_index_put(c->index, kind, key, &t->token);
	if (r < 0)
		goto out;
	l->token = t->token;
	l->open = false;
	c->loading = NONE;
	c->info.load_n++;
	if (old != NONE)
		replace(c, old, l->token.slot);
out:
	gpu_cache_cancel(c, l);
	return r;
}

int gpu_cache_room(struct gpu_cache *c, uint64_t len, struct gpu_token *out)
{
	return take(c, len, true, out);
}

int gpu_cache_write(struct gpu_cache *c, const struct gpu_token *t, uint64_t off,
		    const void *ptr, size_t len)
{
	if (off > t->len || len > t->len - off)
		return err_set(ERR_BUG, "more bytes than room on the device");
	return copy_in(c, arena_at(t, off), ptr, len);
}

int gpu_cache_write_file(struct gpu_cache *c, const struct gpu_token *t, struct ioq *q,
			 struct stage_file *f)
{
	int r = staged(c);

	if (r < 0)
		return r;
	if (f->len > t->len)
		return err_set(ERR_BUG, "more bytes than room on the device");
	if (!c->stage)
		return ERR_UNAVAILABLE;
	c->info.upload_bytes += f->len;
	f->to = arena_at(t, 0);
	return stage_read(c->stage, q, f);
}

int gpu_cache_pin(struct gpu_cache *c, uint32_t slot)
{
	int r = sieve_pin(c->sieve, slot);

	if (r == 0)
		c->thing[slot].pinned = true;
	else
		c->info.refuse_n++;
	return r;
}

void gpu_cache_unpin(struct gpu_cache *c, uint32_t slot)
{
	if (!c->thing[slot].key)	/* room stays until it is removed */
		return;
	sieve_unpin(c->sieve, slot);
	c->thing[slot].pinned = false;
}

/* --- reading --- */

int gpu_cache_read_start(struct gpu_cache *c, const struct gpu_token *t, uint64_t off,
			 void *ptr, size_t len)
{
	if (off > t->len || len > t->len - off)
		return err_set(ERR_BUG, "beyond the end of a value on the device");
	c->info.read_bytes += len;
	return arena_read(c->arenas, arena_at(t, off), ptr, len);
}

int gpu_cache_finish(struct gpu_cache *c)
{
	return arena_finish(c->arenas);
}

int gpu_cache_read(struct gpu_cache *c, const struct gpu_token *t, uint64_t off, void *ptr,
		   size_t len)
{
	int r = gpu_cache_read_start(c, t, off, ptr, len);

	return r < 0 ? r : arena_finish(c->arenas);
}

int gpu_cache_read_whole(struct gpu_cache *c, const struct gpu_token *t, void *ptr)
{
	uint32_t got[2];

	for (unsigned i = 0; i < 2; i++) {
		int r = gpu_cache_read(c, t, 0, ptr, (size_t)t->len);

		if (r < 0)
			return r;
		got[i] = crc32c(0, ptr, (size_t)t->len);
		if (got[i] == c->thing[t->slot].crc)
			return 0;
	}
	if (got[0] == got[1])
		return err_set(ERR_DAMAGED, "the device holds other bytes than it was given");
	return err_set(ERR_DEVICE, "the device failed: what it sends is not what it has");
}

int gpu_cache_read_twice(struct gpu_cache *c, const struct gpu_token *t, void *ptr, size_t len)
{
	if (len > t->len)
		return err_set(ERR_BUG, "beyond the end of a value on the device");
	c->info.read_bytes += 2 * len;
	return arena_read_twice(c->arenas, arena_at(t, 0), ptr, len);
}

/* --- as a whole --- */

void gpu_cache_applied(struct gpu_cache *c, uint64_t version)
{
	c->info.applied = version;
	gpu_index_applied(c->index, version);
}

void gpu_cache_kill(struct gpu_cache *c)
{
	gpu_index_kill(c->index);
}

void gpu_cache_beat(struct gpu_cache *c)
{
	gpu_index_beat(c->index);
}

struct gpu_backend *gpu_cache_device(const struct gpu_cache *c)
{
	return c->device;
}

struct arenas *gpu_cache_arenas(const struct gpu_cache *c)
{
	return c->arenas;
}

void gpu_cache_info(const struct gpu_cache *c, struct gpu_cache_info *out)
{
	struct sieve_info s;

	sieve_info(c->sieve, &s);
	*out = c->info;
	out->generation = c->generation;
	out->size = c->size;
	out->bytes = s.bytes;
	out->pinned_bytes = s.pinned_bytes;
	out->n = s.n;
	out->pinned_n = s.pinned_n;
	out->entries = c->o.entries;
}

static bool visited(void *ctx, uint32_t slot)
{
	return hot_take(((struct gpu_cache *)ctx)->hot, slot);
}

static int policy_open(struct gpu_cache *c)
{
	struct sieve_setup s = {
		.slots = c->o.entries, .visited = visited, .ctx = c, .mem = c->o.mem,
		.ghosts = c->o.admit_all ? 0 : 2 * c->o.entries,
	};
	struct slab_info i;
	int r = slab_open(&c->slab, arena_lens(c->arenas), arena_n(c->arenas),
			  c->device->ops->align(c->device), c->o.mem);

	if (r < 0)
		return r;
	slab_info(c->slab, &i);
	c->size = s.capacity = i.len;
	s.pin_quota = i.len - i.len / PIN_SPARE;
	return sieve_open(&c->sieve, &s);
}

static int tables_open(struct gpu_cache *c)
{
	uint32_t n = ENTRIES_LEAST;

	while (n < c->o.entries)
		n *= 2;
	c->bucket_mask = n - 1;
	c->seed = clock_random();
	c->thing = mem_zalloc(c->o.mem, c->o.entries * sizeof *c->thing);
	if (!c->thing)
		return ERR_MEMORY;
	for (int i = 0; i < CHAINS; i++) {
		c->bucket[i] = mem_alloc(c->o.mem, n * sizeof *c->bucket[i]);
		if (!c->bucket[i])
			return ERR_MEMORY;
		memset(c->bucket[i], 0xff, n * sizeof *c->bucket[i]);	/* NONE */
	}
	return 0;
}

/* The last: from here on others see it. */
static int index_open(struct gpu_cache *c)
{
	struct gpu_index_setup s = { .entries = c->o.entries, .applied = c->o.applied };
	struct gpu_index_info i;
	int r;

	memcpy(s.store, c->o.store, sizeof s.store);
	r = gpu_index_create(&c->index, c->files, &s);
	if (r < 0)
		return r;
	gpu_index_info(c->index, &i);
	c->generation = i.generation;
	c->info.applied = c->o.applied;
	r = hot_create(&c->hot, c->files, c->generation, c->o.entries);
	if (r < 0)
		gpu_index_kill(c->index);
	return r;
}

static uint32_t entries_for(uint64_t size)
{
	uint64_t n = size / PER_ENTRY;

	return n < ENTRIES_LEAST ? ENTRIES_LEAST : n > ENTRIES_MOST ? ENTRIES_MOST : (uint32_t)n;
}

static int open_on(struct gpu_cache *c)
{
	int r = arena_open(&c->arenas, c->device, c->o.size);

	if (r < 0)
		return r;
	if (!c->o.entries)
		c->o.entries = entries_for(arena_size(c->arenas));
	r = policy_open(c);
	if (r == 0)
		r = tables_open(c);
	return r < 0 ? r : index_open(c);
}

int gpu_cache_open(struct gpu_cache **out, struct backend *files,
		   struct gpu_backend *device, const struct gpu_cache_setup *setup)
{
	struct gpu_cache *c = mem_zalloc(setup->mem, sizeof *c);
	int r;

	if (!c)
		return ERR_MEMORY;
	c->o = *setup;
	c->files = files;
	c->device = device;
	c->loading = NONE;
	r = open_on(c);
	if (r < 0)
		gpu_cache_close(c);
	else
		*out = c;
	return r;
}

void gpu_cache_leave(struct gpu_cache *c)
{
	struct err_note note;

	err_take(&note, 0);
	gpu_index_kill(c->index);
	backend_remove(c->files, GPU_INDEX_NAME);
	backend_remove(c->files, HOT_NAME);
	err_give(&note);
}

void gpu_cache_close(struct gpu_cache *c)
{
	if (!c)
		return;
	if (c->index)
		gpu_cache_leave(c);
	gpu_index_close(c->index);
	hot_close(c->hot);
	for (uint32_t i = 0; c->thing && i < c->o.entries; i++)
		mem_free(c->o.mem, c->thing[i].key);
	mem_free(c->o.mem, c->thing);
	for (int i = 0; i < CHAINS; i++)
		mem_free(c->o.mem, c->bucket[i]);
	sieve_close(c->sieve);
	slab_close(c->slab);
	stage_close(c->stage);
	arena_close(c->arenas);
	mem_free(c->o.mem, c);
}
