/* store/tail.c */
#include "store/tail.h"

#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#define TAIL_NEW "wal/index.new"
#define MAGIC "stratoTL"
#define FORMAT 6u
#define NODE_LEAST 1024u	/* an index of 64 KiB; a small store never makes another */
#define NODE_MOST (1u << 31)

#define AGREE_TRIES 64u

static const char *set_boot;

void tail_set_boot(const char *boot)
{
	set_boot = boot;
}

/* A memory store has no boots: it ends with its process. */
static void boot_id(const struct backend *b, char out[40])
{
	memset(out, 0, 40);
	if (set_boot || !(b->caps & BACKEND_DESCRIPTORS))
		strncpy(out, set_boot ? set_boot : "none", 39);
	else
		clock_boot(out);	/* unknown: never equal, see boot_known */
}

static bool boot_known(const char boot[40])
{
	return boot[0] != '\0';
}

static uint32_t head_crc(const struct tail_head *h)
{
	return crc32c(0, h->boot, offsetof(struct tail_head, pad) -
		      offsetof(struct tail_head, boot));
}

static uint64_t image_len(uint64_t bucket_n, uint64_t node_cap)
{
	return TAIL_HEAD + bucket_n * sizeof(uint64_t) +
	       node_cap * sizeof(struct tail_node);
}

/* Lays the parts over the LEN bytes at t->map. */
static void spread(struct tail *t, uint64_t bucket_n, uint64_t node_cap)
{
	uint8_t *p = t->map;

	t->head = t->map;
	t->seed = t->head->seed;
	t->bucket_n = bucket_n;
	t->node_cap = node_cap;
	t->bucket = (_Atomic uint64_t *)(void *)(p + TAIL_HEAD);
	t->node = (struct tail_node *)(void *)(p + TAIL_HEAD + bucket_n * sizeof(uint64_t));
}

/* --- checks --- */

/* Odd, and for no K below 32 are the upper 32 bits of FACTOR << K all equal: then
 * each bit of X that changes changes the upper half of X * FACTOR, which is the check. */
#define FACTOR 0xd6e8feb86659fd93u
#define PLACE 0x9e3779b97f4a7c15u	/* a number times it looks like none */

static uint64_t link_of(uint32_t i, uint64_t mask)
{
	return (((i ^ mask) * FACTOR) & ~(uint64_t)UINT32_MAX) | i;
}

static uint64_t bucket_mask(const struct tail *t, uint64_t b)
{
	return t->seed ^ (b + 1) * PLACE;
}

/* It covers the hash: who passes this node by has had it checked. */
static uint64_t next_mask(const struct tail *t, uint64_t i, uint64_t hash)
{
	return ~t->seed ^ hash ^ (i + 1) * PLACE;
}

static uint32_t node_check(const struct tail *t, uint64_t i, const struct tail_node *n)
{
	uint64_t seed = t->seed ^ (i + 1) * PLACE;
	uint64_t a = hash_mix(seed ^ n->hash, ~seed ^ n->pos);
	uint64_t b = hash_mix(a ^ n->version, FACTOR ^ n->older);

	return (uint32_t)((b ^ (n->len ^ (uint64_t)n->space << 32 ^ PLACE) * FACTOR) >> 32);
}

bool tail_agrees(const struct tail_head *h, const _Atomic uint64_t *at)
{
	const _Atomic uint64_t *twin = tail_twin((struct tail_head *)h, at);
	uint64_t mask = tail_mask(h, at);

	for (unsigned i = 0; i < AGREE_TRIES; i++) {
		uint64_t value = atomic_load(at);

		if ((value ^ atomic_load(twin)) == mask)
			return true;
		if (i >= AGREE_TRIES / 2)
			sched_yield();
	}
	return false;
}

bool tail_is_sound(const struct tail *t)
{
	const struct tail_head *h = t->head;

	for (unsigned i = 0; i < TAIL_WORDS; i++) {
		uint64_t value = atomic_load_explicit(&h->word[i], memory_order_acquire);
		uint64_t twin = atomic_load_explicit(&h->twin[i], memory_order_relaxed);

		if ((value ^ twin) != tail_mask(h, &h->word[i]) &&
		    !tail_agrees(h, &h->word[i]))
			return false;
	}
	return true;
}

static void words_begin(struct tail_head *h, _Atomic uint64_t *at, size_t n)
{
	for (; n--; at++)
		atomic_store_explicit(tail_twin(h, at), *at ^ tail_mask(h, at),
				      memory_order_relaxed);
}

/* Empty, and said to be so; for the seed as it is. */
static void begin(struct tail *t)
{
	struct tail_head *h = t->head;

	words_begin(h, h->word, TAIL_WORDS);
	words_begin(h, h->space_version, TAIL_SPACES);
	for (uint64_t i = 0; i < t->bucket_n; i++)
		atomic_store_explicit(&t->bucket[i], link_of(0, bucket_mask(t, i)),
				      memory_order_relaxed);
}

/* --- finding the one that is there --- */

static bool head_is_right(const struct tail *t, const struct tail_id *id)
{
	const struct tail_head *h = t->map;
	char boot[40];

	if (t->len < TAIL_HEAD || memcmp(h->magic, MAGIC, sizeof h->magic) ||
	    h->format != FORMAT || h->crc != head_crc(h))
		return false;
	if (memcmp(h->store_id, id->store_id, sizeof h->store_id) ||
	    h->log_id != id->log_id || (id->file_id && h->file_id != id->file_id))
		return false;
	if (h->bucket_n == 0 || h->bucket_n & (h->bucket_n - 1) ||
	    h->bucket_n > NODE_MOST || h->node_cap > NODE_MOST ||
	    image_len(h->bucket_n, h->node_cap) != t->len)
		return false;
	boot_id(t->backend, boot);
	return boot_known(boot) && !memcmp(boot, h->boot, sizeof boot);
}

static int map_it(struct tail *t, bool write)
{
	uint64_t size = t->file->opened_len;	/* an index never changes its size */
	int r = size ? 0 : file_size(t->file, &size);

	if (r < 0)
		return r;
	if (size < TAIL_HEAD || size > SIZE_MAX / 2)
		return err_set(ERR_ABSENT, "%s: is no index", file_path(t->file));
	r = file_map(t->file, (size_t)size, write, &t->map);
	if (r == 0)
		t->len = (size_t)size;
	return r;
}

int tail_open(struct tail **out, struct backend *b, const struct tail_id *id,
	      bool write, struct mem *mem)
{
	struct tail *t = mem_zalloc(NULL, sizeof *t);
	int r;

	if (!t)
		return ERR_MEMORY;
	t->backend = b;
	t->mem = mem;
	r = backend_open(b, TAIL_NAME, write ? FILE_WRITE : 0, &t->file);
	if (r == 0)
		r = map_it(t, write);
	if (r == 0 && !head_is_right(t, id))
		r = ERR_ABSENT;
	if (r == 0)
		spread(t, ((struct tail_head *)t->map)->bucket_n,
		       ((struct tail_head *)t->map)->node_cap);
	if (r == 0 && (!tail_is_sound(t) || t->head->node_n > t->node_cap))
		r = ERR_ABSENT;
	if (r < 0) {
		tail_close(t);
		return err_set(ERR_ABSENT, "%s/%s: is not this log's", b->path, TAIL_NAME);
	}
	*out = t;
	return 0;
}

/* --- making one --- */

static uint64_t room_for(uint64_t n)
{
	uint64_t cap = NODE_LEAST;

	while (cap - cap / 4 < n && cap < NODE_MOST)	/* a quarter for what comes */
		cap *= 4;
	return cap < NODE_MOST ? cap : NODE_MOST;
}

/* Nobody else makes one now (the append lock), so the name is ours; what has it
 * is of a process that died. */
static int make_file(struct tail *t)
{
	int r;

	if (!(t->backend->caps & BACKEND_MAPS))
		return err_set(ERR_UNAVAILABLE, "%s: this backend has no mappings",
			       t->backend->path);
	r = backend_remove(t->backend, TAIL_NEW);
	if (r < 0 && r != ERR_ABSENT)
		return r;
	r = backend_open(t->backend, TAIL_NEW, FILE_WRITE | FILE_CREATE, &t->file);
	if (r == 0)
		r = file_reserve(t->file, 0, t->len);
	return r < 0 ? r : file_map(t->file, t->len, true, &t->map);
}

static int make_memory(struct tail *t)
{
	t->map = mem_zalloc(t->mem, t->len);
	return t->map ? 0 : ERR_MEMORY;
}

static void head_fill(struct tail *t, const struct tail_id *id)
{
	struct tail_head *h = t->head;

	memcpy(h->magic, MAGIC, sizeof h->magic);
	h->format = FORMAT;
	boot_id(t->backend, h->boot);
	memcpy(h->store_id, id->store_id, sizeof h->store_id);
	h->log_id = id->log_id;
	h->file_id = id->file_id;
	h->seed = t->seed = clock_random();
	h->bucket_n = t->bucket_n;
	h->node_cap = t->node_cap;
	h->crc = head_crc(h);
}

int tail_make(struct tail **out, struct backend *b, const struct tail_id *id,
	      uint64_t node_n, bool shared, struct mem *mem)
{
	struct tail *t = mem_zalloc(NULL, sizeof *t);
	uint64_t cap = room_for(node_n);
	int r;

	if (!t)
		return ERR_MEMORY;
	t->backend = b;
	t->mem = mem;
	t->len = (size_t)image_len(cap, cap);
	r = shared ? make_file(t) : make_memory(t);
	if (r < 0) {
		tail_close(t);
		return r;
	}
	spread(t, cap, cap);
	head_fill(t, id);
	begin(t);
	*out = t;
	return 0;
}

int tail_publish(struct tail *t)
{
	return backend_rename(t->backend, TAIL_NEW, TAIL_NAME);
}

void tail_supersede(struct backend *b)
{
	struct err_note note;
	struct file *f = NULL;
	struct tail_head *h;
	uint64_t size;
	void *map;

	err_take(&note, 0);
	if (backend_open(b, TAIL_NAME, FILE_WRITE, &f) == 0 &&
	    file_size(f, &size) == 0 && size >= TAIL_HEAD &&
	    file_map(f, TAIL_HEAD, true, &map) == 0) {
		h = map;
		if (!memcmp(h->magic, MAGIC, sizeof h->magic) && h->format == FORMAT)
			tail_set(h, &h->superseded, 1);
		file_unmap(f, map, TAIL_HEAD);
	}
	file_close(f);
	err_give(&note);
}

void tail_close(struct tail *t)
{
	if (!t)
		return;
	if (t->file)
		file_unmap(t->file, t->map, t->len);
	else
		mem_free(t->mem, t->map);
	file_close(t->file);
	mem_free(NULL, t);
}

/* --- adding --- */

uint64_t tail_hash(const struct tail *t, uint32_t space, struct bytes key)
{
	return hash64(t->seed + hash_u64(space), key.ptr, key.len);
}

void tail_stage(struct tail *t, uint64_t i, const struct tail_node *node)
{
	struct tail_node *to = &t->node[t->head->node_n + i];

	to->hash = node->hash;
	to->pos = node->pos;
	to->version = node->version;
	to->len = node->len;
	to->space = node->space;
}

const struct tail_node *tail_staged(const struct tail *t, uint64_t i)
{
	return &t->node[t->head->node_n + i];
}

static int spoiled(const struct tail *t)
{
	return err_set(ERR_DAMAGED, "%s/%s: is spoiled", t->backend->path, TAIL_NAME);
}

/* Where a chain is looked at: a link, what its check is bound to, what it said. */
struct place {
	_Atomic uint64_t *at;
	uint64_t mask;
	uint32_t i;			/* node number + 1, 0: none */
};

static inline bool look(const struct tail *t, struct place *p)
{
	uint64_t link = atomic_load_explicit(p->at, memory_order_acquire);

	p->i = (uint32_t)link;
	return link == link_of(p->i, p->mask) && p->i <= t->node_cap;
}

/* The place that points to the group of HASH, or to nothing: the chain's end (another
 * group may appear there). */
static inline int group(const struct tail *t, uint64_t hash, struct place *out)
{
	uint64_t b = hash & (t->bucket_n - 1), steps = 0;
	struct place p = { .at = &t->bucket[b], .mask = bucket_mask(t, b) };
	bool sound;

	while ((sound = look(t, &p)) && p.i) {
		struct tail_node *n = &t->node[p.i - 1];

		if (n->hash == hash)
			break;
		if (++steps > t->node_cap)
			return spoiled(t);
		p.mask = next_mask(t, p.i - 1, n->hash);
		p.at = &n->next;
	}
	*out = p;
	return sound ? 0 : spoiled(t);
}

/* It keeps the old head behind it, and what followed that. */
static int link_one(struct tail *t, uint32_t i)
{
	struct tail_node *node = &t->node[i];
	struct place p = { .i = 0 }, next = p;
	int r = group(t, node->hash, &p);

	if (r == 0 && p.i) {
		next.at = &t->node[p.i - 1].next;
		next.mask = next_mask(t, p.i - 1, node->hash);
		r = look(t, &next) ? 0 : spoiled(t);
	}
	if (r < 0)
		return r;
	node->older = p.i;
	node->check = node_check(t, i, node);
	atomic_store_explicit(&node->next, link_of(next.i, next_mask(t, i, node->hash)),
			      memory_order_relaxed);
	atomic_store_explicit(p.at, link_of(i + 1, p.mask), memory_order_release);
	return 0;
}

int tail_link(struct tail *t, uint64_t n)
{
	uint64_t from = t->head->node_n;
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++)
		r = link_one(t, (uint32_t)(from + i));
	if (r == 0)
		tail_set(t->head, &t->head->node_n, from + n);
	return r;
}

/* Versions hang together as they did; only the buckets' chains are new. */
static int copy_nodes(struct tail *to, const struct tail *from)
{
	struct tail_node n;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < from->head->node_n; i++) {
		r = tail_node(from, i, &n);
		if (r == 0) {
			tail_stage(to, i, &n);
			r = link_one(to, (uint32_t)i);
		}
	}
	return r;
}

/* As they are, and if one does not agree with its twin its copy will not either. */
static void copy_words(struct tail_head *to, const struct tail_head *from)
{
	for (size_t i = 0; i < TAIL_WORDS; i++) {
		atomic_store(&to->word[i], from->word[i]);
		atomic_store(&to->twin[i], from->twin[i]);
	}
	for (size_t i = 0; i < TAIL_SPACES; i++) {
		atomic_store(&to->space_version[i], from->space_version[i]);
		atomic_store(&to->space_twin[i], from->space_twin[i]);
	}
}

int tail_copy(struct tail *to, const struct tail *from)
{
	int r;

	assert(to->node_cap >= from->head->node_n && to->head->node_n == 0);
	to->head->seed = to->seed = from->seed;
	to->head->crc = head_crc(to->head);
	begin(to);
	r = copy_nodes(to, from);
	if (r < 0)
		return r;
	copy_words(to->head, from->head);
	tail_set(to->head, &to->head->superseded, 0);
	return 0;
}

/* --- finding --- */

int tail_node(const struct tail *t, uint64_t i, struct tail_node *out)
{
	const struct tail_node *n = &t->node[i];

	out->hash = n->hash;
	out->pos = n->pos;
	out->version = n->version;
	out->len = n->len;
	out->space = n->space;
	out->older = n->older;
	out->check = n->check;
	return out->check == node_check(t, i, out) ? 0 : spoiled(t);
}

static int node_at(const struct tail *t, struct tail_walk *w, uint32_t i,
		   struct tail_node *out)
{
	if (i == 0)
		return 0;
	if (i > t->node_cap || ++w->steps > t->node_cap || tail_node(t, i - 1, out) < 0)
		return spoiled(t);
	w->older = out->older;
	return 1;
}

int tail_first(const struct tail *t, uint64_t hash, struct tail_walk *w,
	       struct tail_node *out)
{
	struct place p = { .i = 0 };
	int r = group(t, hash, &p);

	w->steps = 0;
	return r < 0 ? r : node_at(t, w, p.i, out);
}

int tail_older(const struct tail *t, struct tail_walk *w, struct tail_node *out)
{
	return node_at(t, w, w->older, out);
}

/* --- what stays true --- */

/* The first sector as it is in the file, if it is of this log. */
static int read_sector(struct backend *b, const struct tail_id *id, struct tail_head *h)
{
	struct file *f = NULL;
	int r = backend_open(b, TAIL_NAME, 0, &f);

	if (r == 0)
		r = file_read(f, h, DISK_SECTOR, 0);
	file_close(f);
	if (r == 0 && (memcmp(h->magic, MAGIC, sizeof h->magic) || h->format != FORMAT ||
		       h->crc != head_crc(h) || h->log_id != id->log_id ||
		       h->file_id != id->file_id ||
		       memcmp(h->store_id, id->store_id, sizeof h->store_id)))
		r = ERR_ABSENT;
	return r;
}

static bool agrees_once(struct tail_head *h, const _Atomic uint64_t *at)
{
	return (*at ^ *tail_twin(h, at)) == tail_mask(h, at);
}

/* It is read while others may write: then once more. */
void tail_claim(struct tail_claim *out, struct backend *b, const struct tail_id *id)
{
	struct err_note note;
	struct tail_head h;

	memset(out, 0, sizeof *out);
	err_take(&note, 0);
	for (int tries = 0; tries < 3 && !out->blk && read_sector(b, id, &h) == 0; tries++) {
		if (!agrees_once(&h, &h.durable_blk))
			continue;
		out->blk = h.durable_blk;
		if (agrees_once(&h, &h.durable_version))
			out->version = h.durable_version;
	}
	err_give(&note);
}
