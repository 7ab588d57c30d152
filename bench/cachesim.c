/* bench/cachesim - what stays in a cache: SIEVE beside LRU on the same look-ups, and
 * how much of an arena it fills
 *
 *	cachesim zipf EXPONENT SHARE [KEYS [REQUESTS]]
 *	cachesim graph SCALE HOPS SHARE [SOURCES]
 *	cachesim slabs MIB LARGEST
 *
 * zipf: things of equal size asked for by Zipf's law (1 M keys, 10 M requests).
 * graph: a Kronecker graph of 2^SCALE nodes and 16 edges a node, as Graph500 draws
 * it; from random sources a breadth-first search of HOPS steps looks the lists of
 * neighbours up, as many bytes as they have, until the searches are through (2000)
 * or 20 M lists were asked for.  A search ends after 20,000 lists: nobody caches for
 * who reads all of the graph.  The cache holds SHARE (0.1: a tenth) of all bytes.
 *
 * Prints, in percent of the requests: LRU, SIEVE, SIEVE with admission on second
 * miss where something must go for it, as gpu_cache does; the first tenth of the
 * requests only fills the caches.
 *
 * slabs: things of 64 bytes to LARGEST, small ones as often as large, come by Zipf's
 * law into an arena of so many MiB until twenty times its size went through it.  For
 * one without a place a slab is emptied by moving, else SIEVE's next goes.  Prints, of
 * the last half, the percent of the arena that values take, how many went for one that
 * came, the mean and the most, and bytes moved a byte that came.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "gpu/sieve.h"
#include "gpu/slab.h"

#define FACTOR 16u
#define LISTS_MOST 20000u
#define NONE UINT32_MAX

static void *room(size_t n)
{
	void *p = calloc(n ? n : 1, 1);

	if (!p) {
		fprintf(stderr, "cachesim: out of memory\n");
		exit(1);
	}
	return p;
}

static uint64_t draws;

static uint64_t draw(uint64_t below)
{
	return (uint64_t)(((unsigned __int128)hash_u64(++draws) * below) >> 64);
}

/* --- a trace --- */

struct trace {
	uint32_t *key;
	size_t n, cap;
	uint32_t key_n;
	uint32_t *len;			/* of each key */
	uint64_t bytes;			/* of all */
};

static void ask(struct trace *t, uint32_t key)
{
	if (t->n < t->cap)
		t->key[t->n++] = key;
}

static void trace_init(struct trace *t, size_t cap, uint32_t key_n)
{
	t->key = room(cap * sizeof *t->key);
	t->cap = cap;
	t->key_n = key_n;
	t->len = room(key_n * sizeof *t->len);
}

static void zipf(struct trace *t, double exponent, uint32_t keys, size_t n)
{
	double *sum = room(keys * sizeof *sum), all = 0;

	trace_init(t, n, keys);
	for (uint32_t i = 0; i < keys; i++) {
		sum[i] = all += pow(i + 1.0, -exponent);
		t->len[i] = 512;
	}
	t->bytes = 512 * (uint64_t)keys;
	while (t->n < n) {
		double x = (double)draw(UINT64_C(1) << 53) * 0x1p-53 * all;
		uint32_t low = 0, high = keys - 1;

		while (low < high) {
			uint32_t mid = low + (high - low) / 2;

			if (sum[mid] < x)
				low = mid + 1;
			else
				high = mid;
		}
		ask(t, low);
	}
	free(sum);
}

/* --- a graph --- */

struct graph {
	uint32_t n;
	uint64_t *at;			/* n + 1 places in to */
	uint32_t *to;
};

static void edge(unsigned scale, uint32_t *a, uint32_t *b)
{
	*a = *b = 0;
	for (unsigned i = 0; i < scale; i++) {
		uint64_t x = draw(100);		/* 57, 19, 19, 5 */

		*a = *a << 1 | (x >= 76);
		*b = *b << 1 | (x >= 95 || (x >= 57 && x < 76));
	}
}

static void graph_make(struct graph *g, unsigned scale)
{
	size_t m = (size_t)FACTOR << scale;
	uint32_t *end = room(2 * m * sizeof *end);
	uint64_t *fill;

	g->n = UINT32_C(1) << scale;
	g->at = room((g->n + 1) * sizeof *g->at);
	g->to = room(2 * m * sizeof *g->to);
	fill = room(g->n * sizeof *fill);
	for (size_t i = 0; i < m; i++) {
		edge(scale, &end[2 * i], &end[2 * i + 1]);
		g->at[end[2 * i] + 1]++;
		g->at[end[2 * i + 1] + 1]++;
	}
	for (uint32_t v = 0; v < g->n; v++) {
		g->at[v + 1] += g->at[v];
		fill[v] = g->at[v];
	}
	for (size_t i = 0; i < 2 * m; i++)
		g->to[fill[end[i]]++] = end[i ^ 1];
	free(end);
	free(fill);
}

/* One search: the lists of all nodes nearer than HOPS, in the order it meets them. */
static void search(struct trace *t, const struct graph *g, uint32_t source, unsigned hops,
		   uint32_t *seen, uint32_t mark, uint32_t *queue)
{
	size_t head = 0, tail = 0, level_end;

	queue[tail++] = source;
	seen[source] = mark;
	for (unsigned h = 0; h < hops; h++) {
		for (level_end = tail; head < level_end; head++) {
			uint32_t v = queue[head];

			if (head == LISTS_MOST)
				return;
			ask(t, v);
			for (uint64_t i = g->at[v]; i < g->at[v + 1]; i++)
				if (seen[g->to[i]] != mark) {
					seen[g->to[i]] = mark;
					queue[tail++] = g->to[i];
				}
		}
	}
}

static void walks(struct trace *t, unsigned scale, unsigned hops, uint32_t sources)
{
	uint32_t *seen, *queue;
	struct graph g;

	graph_make(&g, scale);
	trace_init(t, 20000000, g.n);
	for (uint32_t v = 0; v < g.n; v++) {
		t->len[v] = (uint32_t)(4 * (g.at[v + 1] - g.at[v]));
		t->bytes += t->len[v];
	}
	seen = room(g.n * sizeof *seen);
	queue = room(g.n * sizeof *queue);
	for (uint32_t s = 1; s <= sources && t->n < t->cap; s++) {
		uint32_t v = (uint32_t)draw(g.n);

		if (t->len[v])
			search(t, &g, v, hops, seen, s, queue);
	}
	free(seen);
	free(queue);
	free(g.at);
	free(g.to);
}

/* --- the caches: hits in percent --- */

struct lru {
	uint32_t *newer, *older;	/* of each key; NONE at the ends */
	bool *in;
	uint32_t newest, oldest;
	uint64_t bytes;
};

static void lru_out(struct lru *l, uint32_t k)
{
	*(l->newer[k] == NONE ? &l->newest : &l->older[l->newer[k]]) = l->older[k];
	*(l->older[k] == NONE ? &l->oldest : &l->newer[l->older[k]]) = l->newer[k];
}

static void lru_in(struct lru *l, uint32_t k)
{
	l->newer[k] = NONE;
	l->older[k] = l->newest;
	*(l->newest == NONE ? &l->oldest : &l->newer[l->newest]) = k;
	l->newest = k;
}

static double by_lru(const struct trace *t, uint64_t capacity)
{
	struct lru l = { .newer = room(t->key_n * 4), .older = room(t->key_n * 4),
			 .in = room(t->key_n), .newest = NONE, .oldest = NONE };
	size_t hits = 0;

	for (size_t i = 0; i < t->n; i++) {
		uint32_t k = t->key[i];

		if (l.in[k]) {
			hits += i >= t->n / 10;
			lru_out(&l, k);
			lru_in(&l, k);
			continue;
		}
		if (t->len[k] > capacity)
			continue;
		while (l.bytes + t->len[k] > capacity) {
			uint32_t old = l.oldest;

			l.in[old] = false;
			l.bytes -= t->len[old];
			lru_out(&l, old);
		}
		lru_in(&l, k);
		l.in[k] = true;
		l.bytes += t->len[k];
	}
	free(l.newer);
	free(l.older);
	free(l.in);
	return 100.0 * (double)hits / (double)(t->n - t->n / 10);
}

static bool *marks;

static bool take(void *ctx, uint32_t slot)
{
	bool was = marks[slot];

	(void)ctx;
	marks[slot] = false;
	return was;
}

/* True when K is in after it; false when it could not be had. */
static bool admit(struct sieve *s, const struct trace *t, uint32_t k, uint32_t *slot_of,
		  uint32_t *key_of)
{
	uint32_t slot;
	int r;

	while ((r = sieve_room(s, t->len[k])) == 0) {
		if (sieve_evict(s, &slot) == 0)
			return false;
		slot_of[key_of[slot]] = NONE;
	}
	if (r < 0 || sieve_add(s, t->len[k], false, &slot) < 0)
		return false;
	slot_of[k] = slot;
	key_of[slot] = k;
	marks[slot] = false;
	return true;
}

static double by_sieve(const struct trace *t, uint64_t capacity, uint32_t ghosts)
{
	uint32_t *slot_of = room(t->key_n * 4), *key_of = room(t->key_n * 4);
	struct sieve_setup o = { .slots = t->key_n, .capacity = capacity, .ghosts = ghosts,
				 .visited = take };
	struct sieve *s;
	size_t hits = 0;

	marks = room(t->key_n);
	memset(slot_of, 0xff, t->key_n * sizeof *slot_of);
	if (sieve_open(&s, &o) < 0)
		exit(1);
	for (size_t i = 0; i < t->n; i++) {
		uint32_t k = t->key[i];

		if (slot_of[k] != NONE) {
			hits += i >= t->n / 10;
			marks[slot_of[k]] = true;
		} else if (sieve_room(s, t->len[k]) > 0 || sieve_wants(s, k)) {
			admit(s, t, k, slot_of, key_of);
		}
	}
	sieve_close(s);
	free(marks);
	free(slot_of);
	free(key_of);
	return 100.0 * (double)hits / (double)(t->n - t->n / 10);
}

/* --- places --- */

struct churn {
	struct slab *slab;
	struct sieve *sieve;
	struct slab_place *at;		/* of each slot */
	uint32_t *key_of, *slot_of;
	uint32_t *slot_at;		/* of each 512 bytes that something begins at */
	uint64_t live, moved;		/* bytes of values */
};

static uint32_t len_of(uint32_t key, uint64_t largest)
{
	return (uint32_t)(64 * pow((double)largest / 64, (double)hash_u64(key + 99) * 0x1p-64));
}

static bool one_out(struct churn *c, uint64_t largest)
{
	uint32_t slot, len;

	if (!sieve_evict(c->sieve, &slot))
		return false;
	len = len_of(c->key_of[slot], largest);
	slab_give(c->slab, &c->at[slot], len);
	c->slot_of[c->key_of[slot]] = NONE;
	c->live -= len;
	return true;
}

/* A slab made free without anything going. */
static bool move_some(struct churn *c, uint64_t largest)
{
	struct slab_place p, to;
	bool first = true;

	if (!slab_movable(c->slab, &p))
		return false;
	for (; slab_next(c->slab, &p, first); first = false) {
		uint32_t slot = c->slot_at[p.off / 512];
		uint32_t len = len_of(c->key_of[slot], largest);

		if (!slab_move(c->slab, &p, len, &to))
			exit(1);
		c->at[slot] = to;
		c->slot_at[to.off / 512] = slot;
		c->moved += len;
	}
	return true;
}

/* How many went for it; it is in afterwards, unless the arena is too small for it. */
static uint64_t come(struct churn *c, uint32_t key, uint64_t largest)
{
	uint32_t len = len_of(key, largest), slot;
	struct slab_place at;
	uint64_t gone = 0;

	while (sieve_room(c->sieve, len) == 0 || !slab_take(c->slab, len, &at)) {
		if (move_some(c, largest))
			continue;
		if (!one_out(c, largest))
			return gone;
		gone++;
	}
	if (sieve_add(c->sieve, len, false, &slot) < 0)
		exit(1);
	c->at[slot] = at;
	c->slot_at[at.off / 512] = slot;
	c->key_of[slot] = key;
	c->slot_of[key] = slot;
	c->live += len;
	marks[slot] = false;
	return gone;
}

/* Requests of TRACE, until so many bytes came in. */
static void churn(struct churn *c, const struct trace *t, uint64_t arena, uint64_t largest)
{
	uint64_t in = 0, came = 0, gone = 0, most = 0, n;
	double used = 0;

	for (size_t i = 0; in < 20 * arena; i = (i + 1) % t->n) {
		uint32_t k = t->key[i];

		if (c->slot_of[k] != NONE) {
			marks[c->slot_of[k]] = true;
			continue;
		}
		n = come(c, k, largest);
		in += len_of(k, largest);
		if (in < 10 * arena)
			continue;
		came++;
		gone += n;
		most = n > most ? n : most;
		used += (double)c->live;
	}
	printf("%.1f %.2f %llu %.2f\n", 100 * used / (double)came / (double)arena,
	       (double)gone / (double)came, (unsigned long long)most,
	       (double)c->moved / (double)in);
}

static void slabs(uint64_t mib, uint64_t largest)
{
	uint64_t arena = mib << 20;
	struct trace t = { 0 };
	struct churn c = { 0 };
	struct sieve_setup o = { .capacity = arena, .visited = take };
	uint32_t keys;

	/* as many as fill it some ten times */
	keys = (uint32_t)((double)arena * 10 * log((double)largest / 64) / (double)largest) + 1000;
	o.slots = keys;
	zipf(&t, 0.8, keys, 8 * (size_t)keys);
	c.at = room(keys * sizeof *c.at);
	c.key_of = room(keys * sizeof *c.key_of);
	c.slot_of = room(keys * sizeof *c.slot_of);
	c.slot_at = room(arena / 512 * sizeof *c.slot_at);
	memset(c.slot_of, 0xff, keys * sizeof *c.slot_of);
	marks = room(keys);
	if (sieve_open(&c.sieve, &o) < 0 || slab_open(&c.slab, &arena, 1, 512, NULL) < 0)
		exit(1);
	churn(&c, &t, arena, largest);
}

static int usage(void)
{
	fprintf(stderr, "usage: cachesim zipf EXPONENT SHARE [KEYS [REQUESTS]]\n"
		"       cachesim graph SCALE HOPS SHARE [SOURCES]\n"
		"       cachesim slabs MIB LARGEST\n");
	return 64;
}

int main(int argc, char **argv)
{
	struct trace t = { 0 };
	uint64_t capacity;
	double share;

	if (argc == 4 && !strcmp(argv[1], "slabs")) {
		slabs(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (argc >= 4 && !strcmp(argv[1], "zipf")) {
		share = atof(argv[3]);
		zipf(&t, atof(argv[2]), argc > 4 ? (uint32_t)atol(argv[4]) : 1000000,
		     argc > 5 ? (size_t)atol(argv[5]) : 10000000);
	} else if (argc >= 5 && !strcmp(argv[1], "graph")) {
		share = atof(argv[4]);
		walks(&t, (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]),
		      argc > 5 ? (uint32_t)atol(argv[5]) : 2000);
	} else {
		return usage();
	}
	capacity = (uint64_t)((double)t.bytes * share);
	printf("%.2f %.2f %.2f\n", by_lru(&t, capacity), by_sieve(&t, capacity, 0),
	       by_sieve(&t, capacity, t.key_n / 4));
	return 0;
}
