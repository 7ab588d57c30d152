/* graph/walk/seen.c - open addressing, at most half full, or a slot for each node */
#include "graph/walk/seen.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#define LEAST 1024u

void seen_init(struct seen *s, uint64_t node_n, struct mem *mem)
{
	*s = (struct seen){ .mem = mem, .node_n = node_n };
}

void seen_release(struct seen *s)
{
	mem_free(s->mem, s->list);
	mem_free(s->mem, s->slots);
	seen_init(s, s->node_n, s->mem);
}

/* The slot of NODE: where it is, or the free one where it would go. */
static uint64_t slot_of(const struct seen *s, uint64_t node)
{
	uint64_t i;

	if (s->direct)
		return node;
	i = hash_u64(node) & (s->slot_n - 1);
	while (s->slots[i] && s->list[s->slots[i] - 1].node != node)
		i = (i + 1) & (s->slot_n - 1);
	return i;
}

#define EIGHTH 8u	/* 32 bytes a node met are what the table and its growth take */

static int new_slots(struct seen *s)
{
	bool direct = s->cap >= s->node_n / EIGHTH;
	uint64_t n = direct ? s->node_n : 2 * s->cap;
	uint32_t *slots = mem_zalloc(s->mem, n * sizeof *slots);

	if (!slots)
		return ERR_MEMORY;
	mem_free(s->mem, s->slots);
	s->slots = slots;
	s->slot_n = n;
	s->direct = direct;
	for (uint64_t i = 0; i < s->n; i++)
		s->slots[slot_of(s, s->list[i].node)] = (uint32_t)i + 1;
	return 0;
}

static int grow(struct seen *s)
{
	uint64_t cap = s->cap ? 2 * s->cap : LEAST;
	struct seen_node *list;

	if (cap > UINT32_MAX / 2)
		return err_set(ERR_MEMORY, "a search met more than %" PRIu64 " nodes", s->n);
	list = mem_resize(s->mem, s->list, cap * sizeof *list);
	if (!list)
		return ERR_MEMORY;
	s->list = list;
	s->cap = cap;
	return s->direct ? 0 : new_slots(s);
}

int seen_add(struct seen *s, const struct seen_node *n)
{
	uint64_t slot;
	int r;

	if (s->n == s->cap && (r = grow(s)) < 0)
		return r;
	slot = slot_of(s, n->node);
	if (s->slots[slot])
		return 0;
	s->list[s->n++] = *n;
	s->slots[slot] = (uint32_t)s->n;
	return 1;
}

bool seen_find(const struct seen *s, uint64_t node, uint64_t *place)
{
	uint64_t slot;

	if (!s->slot_n)
		return false;
	slot = slot_of(s, node);
	*place = s->slots[slot] - 1ull;
	return s->slots[slot] != 0;
}
