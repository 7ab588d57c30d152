/* cmd/rm/keyset.c - open addressing, at most half full */
#include "cmd/rm/keyset.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

struct place {
	size_t off, len;
};

void keyset_init(struct keyset *k, struct mem *mem)
{
	memset(k, 0, sizeof *k);
	k->keys.mem = k->place.mem = mem;
	k->seed = clock_random();	/* nobody can choose keys that collide */
}

void keyset_release(struct keyset *k)
{
	mem_free(k->keys.mem, k->slot);
	buf_release(&k->keys);
	buf_release(&k->place);
}

void keyset_clear(struct keyset *k)
{
	if (k->slot_n)
		memset(k->slot, 0, k->slot_n * sizeof *k->slot);
	buf_clear(&k->keys);
	buf_clear(&k->place);
}

static size_t count(const struct keyset *k)
{
	return k->place.len / sizeof(struct place);
}

static struct bytes key_at(const struct keyset *k, uint32_t i)
{
	const struct place *p = (const struct place *)(const void *)k->place.ptr + i;

	return bytes_of(k->keys.ptr + p->off, p->len);
}

/* The slot that holds KEY, or the free one where it belongs. */
static uint32_t *find(const struct keyset *k, struct bytes key)
{
	size_t i = hash64(k->seed, key.ptr, key.len);

	for (;; i++) {
		uint32_t *slot = &k->slot[i & (k->slot_n - 1)];

		if (!*slot || bytes_equal(key_at(k, *slot - 1), key))
			return slot;
	}
}

static int grow(struct keyset *k)
{
	size_t n = k->slot_n ? 2 * k->slot_n : 64;
	uint32_t *slot = mem_zalloc(k->keys.mem, n * sizeof *slot);

	if (!slot)
		return ERR_MEMORY;
	mem_free(k->keys.mem, k->slot);
	k->slot = slot;
	k->slot_n = n;
	for (uint32_t i = 0; i < count(k); i++)
		*find(k, key_at(k, i)) = i + 1;
	return 0;
}

int keyset_add(struct keyset *k, struct bytes key)
{
	struct place p = { k->keys.len, key.len };
	uint32_t *slot;
	int r = 0;

	if (2 * (count(k) + 1) > k->slot_n)
		r = grow(k);
	if (r < 0)
		return r;
	slot = find(k, key);
	if (*slot)
		return 0;
	r = buf_add(&k->keys, key.ptr, key.len);
	if (r == 0)
		r = buf_add(&k->place, &p, sizeof p);
	if (r < 0)
		return r;
	*slot = (uint32_t)count(k);
	return 1;
}
