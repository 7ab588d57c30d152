/* gpu/sieve.c - a list in order of arrival, a hand, and sets of fingerprints */
#include "gpu/sieve.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#define NONE UINT32_MAX
#define WAYS 8u			/* fingerprints in a set: a line holds two sets */

enum where { FREE, LISTED, PINNED };

struct node {
	uint64_t len;
	uint32_t newer, older;		/* of a free one: the next free */
	enum where where;
};

struct sieve {
	struct sieve_setup o;
	struct sieve_info info;
	struct node *node;
	uint32_t newest, oldest, hand, free;
	uint32_t *ghost;		/* sets of WAYS, newest first; 0: none */
	uint32_t set_n;
};

/* --- remembered misses --- */

static bool ghost_take(uint32_t *set, uint32_t mark)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i] == mark) {
			memmove(set + i, set + i + 1, (WAYS - 1 - i) * sizeof *set);
			set[WAYS - 1] = 0;
			return true;
		}
	return false;
}

bool sieve_wants(struct sieve *s, uint64_t fingerprint)
{
	uint64_t h = hash_u64(fingerprint);
	uint32_t mark = (uint32_t)h | 1, *set;

	if (!s->set_n)
		return true;
	set = s->ghost + ((h >> 32) * s->set_n >> 32) * WAYS;
	if (ghost_take(set, mark))
		return true;
	memmove(set + 1, set, (WAYS - 1) * sizeof *set);
	set[0] = mark;
	s->info.refused_n++;
	return false;
}

/* --- the list --- */

static void list_in(struct sieve *s, uint32_t slot)
{
	struct node *n = &s->node[slot];

	n->where = LISTED;
	n->newer = NONE;
	n->older = s->newest;
	if (s->newest == NONE)
		s->oldest = slot;
	else
		s->node[s->newest].newer = slot;
	s->newest = slot;
}

static void list_out(struct sieve *s, uint32_t slot)
{
	struct node *n = &s->node[slot];

	if (s->hand == slot)
		s->hand = n->newer;
	if (n->newer == NONE)
		s->newest = n->older;
	else
		s->node[n->newer].older = n->older;
	if (n->older == NONE)
		s->oldest = n->newer;
	else
		s->node[n->older].newer = n->newer;
}

static void set_free(struct sieve *s, uint32_t slot)
{
	struct node *n = &s->node[slot];

	s->info.bytes -= n->len;
	s->info.n--;
	n->where = FREE;
	n->newer = s->free;
	s->free = slot;
}

static void pinned_out(struct sieve *s, const struct node *n)
{
	s->info.pinned_bytes -= n->len;
	s->info.pinned_n--;
}

int sieve_evict(struct sieve *s, uint32_t *slot)
{
	uint64_t steps = 2 * (uint64_t)s->info.n;
	uint32_t at = s->hand == NONE ? s->oldest : s->hand;

	if (at == NONE)
		return 0;
	while (steps-- && s->o.visited(s->o.ctx, at))
		at = s->node[at].newer == NONE ? s->oldest : s->node[at].newer;
	s->hand = at;
	list_out(s, at);
	set_free(s, at);
	s->info.evicted_n++;
	*slot = at;
	return 1;
}

void sieve_remove(struct sieve *s, uint32_t slot)
{
	struct node *n = &s->node[slot];

	if (n->where == LISTED)
		list_out(s, slot);
	else
		pinned_out(s, n);
	set_free(s, slot);
}

/* --- room --- */

int sieve_room(struct sieve *s, uint64_t len)
{
	if (len > s->o.capacity - s->info.pinned_bytes)
		return err_set(ERR_TOO_BIG, "%" PRIu64 " bytes have no room on the device: it has "
			       "%" PRIu64 ", of which %" PRIu64 " are pinned", len,
			       s->o.capacity, s->info.pinned_bytes);
	return s->free != NONE && len <= s->o.capacity - s->info.bytes;
}

static int over_quota(const struct sieve *s, uint64_t len)
{
	if (len <= s->o.pin_quota - s->info.pinned_bytes)
		return 0;
	return err_set(ERR_RESOURCE, "%" PRIu64 " more bytes would pass the quota of pins: "
		       "%" PRIu64 " of %" PRIu64 " are pinned", len, s->info.pinned_bytes,
		       s->o.pin_quota);
}

static void pinned_in(struct sieve *s, struct node *n)
{
	n->where = PINNED;
	s->info.pinned_bytes += n->len;
	s->info.pinned_n++;
}

int sieve_add(struct sieve *s, uint64_t len, bool pinned, uint32_t *slot)
{
	uint32_t at = s->free;
	struct node *n;

	if (at == NONE || len > s->o.capacity - s->info.bytes)
		return err_set(ERR_RESOURCE, "no room on the device for %" PRIu64 " bytes", len);
	if (pinned && over_quota(s, len))
		return ERR_RESOURCE;
	n = &s->node[at];
	s->free = n->newer;
	n->len = len;
	s->info.bytes += len;
	s->info.n++;
	if (pinned)
		pinned_in(s, n);
	else
		list_in(s, at);
	*slot = at;
	return 0;
}

int sieve_pin(struct sieve *s, uint32_t slot)
{
	struct node *n = &s->node[slot];

	if (n->where == PINNED)
		return 0;
	if (over_quota(s, n->len))
		return ERR_RESOURCE;
	list_out(s, slot);
	pinned_in(s, n);
	return 0;
}

void sieve_unpin(struct sieve *s, uint32_t slot)
{
	struct node *n = &s->node[slot];

	if (n->where != PINNED)
		return;
	pinned_out(s, n);
	list_in(s, slot);
}

void sieve_info(const struct sieve *s, struct sieve_info *out)
{
	*out = s->info;
}

uint64_t sieve_len(const struct sieve *s, uint32_t slot)
{
	return s->node[slot].len;
}

/* --- beginning and end --- */

void sieve_close(struct sieve *s)
{
	if (!s)
		return;
	mem_free(s->o.mem, s->ghost);
	mem_free(s->o.mem, s->node);
	mem_free(s->o.mem, s);
}

int sieve_open(struct sieve **out, const struct sieve_setup *setup)
{
	struct sieve *s = mem_zalloc(setup->mem, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	s->o = *setup;
	if (s->o.pin_quota > s->o.capacity)
		s->o.pin_quota = s->o.capacity;
	s->set_n = setup->ghosts / WAYS + (setup->ghosts % WAYS != 0);
	s->newest = s->oldest = s->hand = s->free = NONE;
	s->node = mem_zalloc(setup->mem, (size_t)setup->slots * sizeof *s->node);
	s->ghost = mem_zalloc(setup->mem, (size_t)s->set_n * WAYS * sizeof *s->ghost);
	if (!s->node || !s->ghost) {
		sieve_close(s);
		return ERR_MEMORY;
	}
	for (uint32_t i = setup->slots; i--; ) {
		s->node[i].newer = s->free;
		s->free = i;
	}
	*out = s;
	return 0;
}
