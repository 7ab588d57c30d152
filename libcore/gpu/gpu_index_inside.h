/* gpu/gpu_index_inside.h - what the files of gpu_index share */
#ifndef GPU_GPU_INDEX_INSIDE_H
#define GPU_GPU_INDEX_INSIDE_H

#include "gpu/gpu_index.h"
#include "gpu/gpu_index_disk.h"

#include "base/hash.h"

struct gpu_index {
	struct gpu_index_head *head;	/* mapped, writable for the service alone */
	struct gpu_index_line *line;
	uint64_t mask, generation, seed, secret[2];	/* copies: the head may lie later */
	unsigned shift;			/* home is tag >> shift */
	uint64_t room;			/* entries at most */
	struct file *file;
	size_t len;			/* mapped bytes */
	uint64_t start;			/* of the service's process */
	uint64_t pid;
};

struct gpu_index_key {
	uint32_t tag, shape;
	uint64_t word[3];
};

void gpu_index_long_key(const struct gpu_index *x, struct bytes key, uint64_t word[3]);

/* N bytes, 0 to 8, as a number: no call, no byte outside. */
static inline uint64_t gpu_index_word(const uint8_t *p, size_t n)
{
	uint64_t w = 0;
	uint32_t a, b;

	if (n >= 8) {
		memcpy(&w, p, 8);
	} else if (n >= 4) {
		memcpy(&a, p, 4);
		memcpy(&b, p + n - 4, 4);
		w = a | (uint64_t)b << (8 * (n - 4));
	} else if (n) {
		w = p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) |
		    (uint64_t)p[n - 1] << (8 * (n - 1));
	}
	return w;
}

static inline uint32_t gpu_index_tag(const struct gpu_index *x, enum gpu_kind kind,
				     struct bytes key)
{
	return (uint32_t)(hash64(x->seed + (uint64_t)kind, key.ptr, key.len) >> 32);
}

static inline void gpu_index_key(const struct gpu_index *x, enum gpu_kind kind,
				 struct bytes key, uint32_t tag, struct gpu_index_key *k)
{
	size_t n = key.len;

	k->tag = tag;
	k->shape = (uint32_t)n | (uint32_t)kind << 16;
	if (n > GPU_INDEX_INLINE) {
		k->shape |= GPU_INDEX_LONG;
		if (n > GPU_INDEX_KEY_MAX)	/* no line's: kinds are small */
			k->shape = UINT32_MAX;
		gpu_index_long_key(x, key, k->word);
		return;
	}
	k->word[0] = gpu_index_word(key.ptr, n);
	k->word[1] = n > 8 ? gpu_index_word(key.ptr + 8, n - 8) : 0;
	k->word[2] = n > 16 ? gpu_index_word(key.ptr + 16, n - 16) : 0;
}

static inline uint64_t gpu_index_home(const struct gpu_index *x, uint32_t tag)
{
	return (uint64_t)tag >> x->shift;
}

#define GPU_INDEX_LOAD(p) atomic_load_explicit(p, memory_order_acquire)
#define GPU_INDEX_STORE(p, v) atomic_store_explicit(p, v, memory_order_release)

#endif
