/* gpu/gpu_index_inside.h - what the files of gpu_index share */
#ifndef GPU_GPU_INDEX_INSIDE_H
#define GPU_GPU_INDEX_INSIDE_H

#include "gpu/gpu_index.h"
#include "gpu/gpu_index_disk.h"

#include "base/hash.h"

struct gpu_index {
	struct gpu_index_head *head;	/* mapped, writable for the service alone */
	struct gpu_index_line *line;
	_Atomic uint64_t *sign;		/* eight in each */
	uint64_t mask, generation, secret[2];	/* copies: the head may lie later */
	uint64_t salt[4];		/* of tags, from its seed */
	unsigned shift;			/* home is tag >> shift */
	uint64_t room;			/* entries at most */
	struct file *file;
	size_t len;			/* mapped bytes */
	uint64_t start;			/* of the service's process */
	uint64_t pid;
};

struct gpu_index_key {
	uint64_t word[3];
	uint32_t shape;
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

/* The last N bytes of 8 or more, 1 to 8, as gpu_index_word has them. */
static inline uint64_t gpu_index_rest(const uint8_t *p, size_t n)
{
	uint64_t w;

	memcpy(&w, p + n - 8, 8);
	return w >> (64 - 8 * n);
}

/* Of the words, which are at hand; all of them go through two folds, and nobody who does
 * not know the salt chooses what comes out. */
static inline uint32_t gpu_index_tag(const struct gpu_index *x, const struct gpu_index_key *k)
{
	uint64_t a = hash_mix(k->word[0] ^ x->salt[0], k->word[1] ^ x->salt[1]);
	uint64_t b = hash_mix(k->word[2] ^ x->salt[2], k->shape ^ x->salt[3]);

	return (uint32_t)(hash_mix(a ^ x->salt[3], b ^ x->salt[2]) >> 32);
}

static inline void gpu_index_key(const struct gpu_index *x, enum gpu_kind kind,
				 struct bytes key, struct gpu_index_key *k)
{
	size_t n = key.len;

	k->shape = (uint32_t)n | (uint32_t)kind << 16;
	if (n > GPU_INDEX_INLINE) {
		k->shape |= GPU_INDEX_LONG;
		if (n > GPU_INDEX_KEY_MAX)	/* no line's: kinds are small */
			k->shape = UINT32_MAX;
		gpu_index_long_key(x, key, k->word);
		return;
	}
	k->word[0] = gpu_index_word(key.ptr, n);
	k->word[1] = k->word[2] = 0;
	if (n > 16) {
		k->word[1] = gpu_index_word(key.ptr + 8, 8);
		k->word[2] = gpu_index_rest(key.ptr + 16, n - 16);
	} else if (n > 8) {
		k->word[1] = gpu_index_rest(key.ptr + 8, n - 8);
	}
}

static inline uint64_t gpu_index_home(const struct gpu_index *x, uint32_t tag)
{
	return (uint64_t)tag >> x->shift;
}

/* --- signs, eight in a word --- */

#define GPU_INDEX_EACH UINT64_C(0x0101010101010101)

static inline uint64_t gpu_index_sign(uint32_t tag)	/* never 0 */
{
	return (tag & 0xff) + !(tag & 0xff);
}

/* The high bit of each byte that is 0: the lowest that is set is right, who comes above
 * it may be none. */
static inline uint64_t gpu_index_zero(uint64_t w)
{
	return (w - GPU_INDEX_EACH) & ~w & GPU_INDEX_EACH << 7;
}

#define GPU_INDEX_LOAD(p) atomic_load_explicit(p, memory_order_acquire)
#define GPU_INDEX_STORE(p, v) atomic_store_explicit(p, v, memory_order_release)

#endif
