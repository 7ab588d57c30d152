/* store/tail.c */
#include "store/tail.h"

#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#define TAIL_NEW "wal/index.new"
#define MAGIC "stratoTL"
#define FORMAT 5u
#define NODE_LEAST 1024u	/* an index of 48 KiB; a small store never makes another */
#define NODE_MOST (1u << 31)

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
	return TAIL_HEAD + bucket_n * sizeof(uint32_t) +
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
	t->bucket = (_Atomic uint32_t *)(void *)(p + TAIL_HEAD);
	t->node = (struct tail_node *)(void *)(p + TAIL_HEAD + bucket_n * sizeof(uint32_t));
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
	    h->node_n > h->node_cap || image_len(h->bucket_n, h->node_cap) != t->len)
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
	if (r < 0) {
		tail_close(t);
		return err_set(ERR_ABSENT, "%s/%s: is not this log's", b->path, TAIL_NAME);
	}
	spread(t, ((struct tail_head *)t->map)->bucket_n,
	       ((struct tail_head *)t->map)->node_cap);
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
			h->superseded = 1;
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

/* The place that points to the group of HASH, or to nothing: the chain's end; and
 * what it pointed to when it was looked at (another group may appear there). */
static int group(const struct tail *t, uint64_t hash, _Atomic uint32_t **out,
		 uint32_t *found)
{
	_Atomic uint32_t *at = &t->bucket[hash & (t->bucket_n - 1)];
	uint64_t steps = 0;
	uint32_t i;

	while ((i = atomic_load_explicit(at, memory_order_acquire))) {
		if (i > t->node_cap || ++steps > t->node_cap)
			return spoiled(t);
		if (t->node[i - 1].hash == hash)
			break;
		at = &t->node[i - 1].next;
	}
	*out = at;
	*found = i;
	return 0;
}

static int link_one(struct tail *t, uint32_t i)
{
	struct tail_node *node = &t->node[i], *head;
	_Atomic uint32_t *at;
	uint32_t old;
	int r = group(t, node->hash, &at, &old);

	if (r < 0)
		return r;
	head = old ? &t->node[old - 1] : NULL;
	node->older = old;
	atomic_store_explicit(&node->next, head ? atomic_load(&head->next) : 0,
			      memory_order_relaxed);
	atomic_store_explicit(at, i + 1, memory_order_release);
	return 0;
}

int tail_link(struct tail *t, uint64_t n)
{
	uint64_t from = t->head->node_n;
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++)
		r = link_one(t, (uint32_t)(from + i));
	if (r == 0)
		atomic_store(&t->head->node_n, from + n);
	return r;
}

/* Versions hang together as they did; only the buckets' chains are new. */
static void copy_nodes(struct tail *to, const struct tail *from)
{
	for (uint64_t i = 0; i < from->head->node_n; i++) {
		const struct tail_node *n = &from->node[i];
		int r;

		tail_stage(to, i, n);
		r = link_one(to, (uint32_t)i);
		assert(r == 0);
		(void)r;
	}
}

void tail_copy(struct tail *to, const struct tail *from)
{
	struct tail_head *h = to->head, *f = from->head;

	assert(to->node_cap >= f->node_n && h->node_n == 0);
	h->seed = to->seed = from->seed;
	h->crc = head_crc(h);
	copy_nodes(to, from);
	h->dirty = f->dirty;
	h->log_flags = f->log_flags;
	h->append_blk = f->append_blk;
	h->append_version = f->append_version;
	h->last_nonce = f->last_nonce;
	h->last_blk = f->last_blk;
	h->commit_n = f->commit_n;
	h->wall_ns = f->wall_ns;
	h->node_n = f->node_n;
	h->file_blk = f->file_blk;
	h->floor = f->floor;
	h->taken = f->taken;
	h->publishing = f->publishing;
	h->durable_blk = f->durable_blk;
	h->durable_version = f->durable_version;
	h->mark_sequence = f->mark_sequence;
	h->mark_blk = f->mark_blk;
	h->mark_commit_n = f->mark_commit_n;
	h->doubtful = f->doubtful;
	h->file_identity = f->file_identity;
	h->file_changed_ns = f->file_changed_ns;
	for (unsigned i = 0; i < TAIL_SPACES; i++)
		h->space_version[i] = f->space_version[i];
}

/* --- finding --- */

static int node_at(const struct tail *t, struct tail_walk *w, uint32_t i,
		   struct tail_node *out)
{
	if (i == 0)
		return 0;
	if (i > t->node_cap || ++w->steps > t->node_cap)
		return spoiled(t);
	w->at = i;
	memcpy(out, &t->node[i - 1], sizeof *out);
	return 1;
}

int tail_first(const struct tail *t, uint64_t hash, struct tail_walk *w,
	       struct tail_node *out)
{
	_Atomic uint32_t *at;
	uint32_t i;
	int r = group(t, hash, &at, &i);

	w->steps = 0;
	return r < 0 ? r : node_at(t, w, i, out);
}

int tail_older(const struct tail *t, struct tail_walk *w, struct tail_node *out)
{
	return node_at(t, w, t->node[w->at - 1].older, out);
}
