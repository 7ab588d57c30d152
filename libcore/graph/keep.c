/* graph/keep.c - a first sweep counts, the second fills, the others read */
#include "graph/keep.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/short_ids.h"

#define HEAD (2 * sizeof(uint32_t))	/* of a list */
#define UNPACK 2048u		/* ids made words at a time: for the nearest cache */
#define LENGTHS 256u		/* of lists that are told apart */
#define SWEEPS_LEAST 4u		/* fewer do not pay for fresh pages */

/* --- room --- */

static int count_part(void *ctx, const struct sweep_part *p)
{
	struct keep *k = ctx;
	struct keep_place had = {0};
	struct csr_scan scan;
	uint64_t n;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->sweep->source_n; i++) {
		const struct sweep_source *s = &p->sweep->source[i];

		csr_scan_range(&scan, s->csr, s->type, p->first, p->end);
		while ((r = csr_scan_degree(&scan, &n)) > 0) {
			if (n > UINT32_MAX)
				return err_set(ERR_UNSUPPORTED, "a node with 2^32 edges");
			had.list_n++;
			had.id_n += n;
		}
	}
	k->place[p->index + 1] = had;
	return r;
}

/* The same where a node has one list, by how many ids it has.  Are lists read ahead?  That
 * is to be decided before they get room here, as it is by a run that counts. */
static int count_known(struct keep *k, const uint32_t *degree)
{
	const struct sweep *s = k->sweep;
	int r = sweep_ahead(s);

	for (uint64_t part = 0; part < s->part_n; part++) {
		struct keep_place had = {0};

		for (uint64_t i = s->border[part]; i < s->border[part + 1]; i++) {
			had.list_n += degree[i] > 0;
			had.id_n += degree[i];
		}
		k->place[part + 1] = had;
	}
	return r < 0 ? r : 0;
}

/* Room for all, if half of what is left has it. */
static int make_room(struct keep *k)
{
	struct keep_place *place = k->place;
	uint64_t part_n = k->sweep->part_n, heads, size;

	place[0] = (struct keep_place){0};
	for (uint64_t i = 0; i < part_n; i++) {
		place[i + 1].list_n += place[i].list_n;
		place[i + 1].id_n += place[i].id_n;
	}
	heads = place[part_n].list_n * HEAD;
	size = heads + place[part_n].id_n * k->id_len + SHORT_IDS_SLACK;
	if (heads == 0 || size > mem_left(k->mem) / 2)
		return 0;
	k->heads = mem_alloc_large(k->mem, size);
	if (!k->heads)
		return ERR_MEMORY;
	k->ids = (uint8_t *)k->heads + heads;
	return 0;
}

static bool long_ids;

void keep_long_ids(bool on)
{
	long_ids = on;
}

int keep_open(struct keep *k, const struct sweep *s, uint64_t sweeps, const uint32_t *degree)
{
	unsigned id_len = long_ids || graph_node_n(s->graph) > SHORT_IDS_MOST ? 4 : SHORT_IDS_LEN;
	uint64_t least = s->edge_n * id_len + (s->part_n + 1) * (sizeof *k->place + 1);
	int r = 0;

	*k = (struct keep){ .sweep = s, .mem = graph_mem(s->graph), .id_len = id_len };
	if (sweeps < SWEEPS_LEAST || s->edge_n == 0 || least > mem_left(k->mem) / 2)
		return 0;
	k->place = mem_alloc(k->mem, (s->part_n + 1) * sizeof *k->place);
	k->full = mem_zalloc(k->mem, s->part_n * sizeof *k->full);
	if (!k->place || !k->full)
		r = ERR_MEMORY;
	if (r == 0)
		r = degree && s->source_n == 1 ? count_known(k, degree) :
			sweep_run(s, count_part, k);
	if (r == 0)
		r = make_room(k);
	if (r < 0)
		keep_close(k);
	return r;
}

void keep_close(struct keep *k)
{
	mem_free(k->mem, k->heads);
	mem_free(k->mem, k->place);
	mem_free(k->mem, k->full);
	*k = (struct keep){0};
}

/* --- a part that is kept --- */

static void begin_whole(struct keep_walk *w)
{
	const struct keep *k = w->keep;
	const struct keep_place *p = &k->place[w->part];

	w->head = k->heads + 2 * p[0].list_n;
	w->head_end = k->heads + 2 * p[1].list_n;
	w->packed = k->ids + p[0].id_n * k->id_len;
	w->packed_n = p[1].id_n - p[0].id_n;
	w->rest = 0;
}

/* What room has left to its begin, and behind that some more. */
static void unpack(struct keep_walk *w)
{
	uint64_t left = (uint64_t)(w->end - w->next), n = UNPACK;

	if (n > KEEP_ROOM - left)
		n = KEEP_ROOM - left;
	if (n > w->packed_n)
		n = w->packed_n;
	memmove(w->room, w->next, left * sizeof *w->room);
	if (w->keep->id_len == SHORT_IDS_LEN)
		short_ids_get(w->room + left, w->packed, n);
	else
		memcpy(w->room + left, w->packed, n * sizeof *w->room);
	w->packed += n * w->keep->id_len;
	w->packed_n -= n;
	w->next = w->room;
	w->end = w->room + left + n;
}

/* Of a list that is longer than room all that room has. */
static int next_piece(struct keep_walk *w)
{
	uint64_t n = (uint64_t)(w->end - w->next);

	if (w->rest == 0)
		w->rest = w->head[1];
	w->node = w->head[0];
	w->n = n < w->rest ? n : w->rest;
	w->ids = w->next;
	w->next += w->n;
	w->rest -= w->n;
	if (w->rest == 0)
		w->head += 2;
	return 1;
}

static int next_whole(struct keep_walk *w)
{
	if (w->head == w->head_end)
		return 0;
	unpack(w);
	while (w->head[1] <= KEEP_ROOM && w->head[1] > (uint64_t)(w->end - w->next))
		unpack(w);
	return w->head[1] > KEEP_ROOM ? next_piece(w) : keep_next(w);
}

/* --- one that is decoded --- */

static inline unsigned length_of(const uint32_t *list)
{
	return list[1] < LENGTHS ? list[1] : LENGTHS - 1;
}

static void begin_put(struct keep_walk *w)
{
	const struct keep *k = w->keep;
	const struct keep_place *p = &k->place[w->part];

	w->put_head = k->heads + 2 * p[0].list_n;
	w->put_head_end = k->heads + 2 * p[1].list_n;
	w->put = k->ids + p[0].id_n * k->id_len;
	w->put_end = k->ids + p[1].id_n * k->id_len;
}

void keep_begin(struct keep_walk *w, struct keep *k, const struct sweep_part *p)
{
	w->keep = k;
	w->part = p->index;
	w->head = w->head_end = NULL;
	w->next = w->end = w->room;
	w->put = NULL;
	w->in_list = false;
	w->whole = k->ids && k->full[p->index];
	if (w->whole) {
		begin_whole(w);
		return;
	}
	if (k->ids)
		begin_put(w);
	sweep_begin(&w->sweep, p);
}

static int fits(const struct keep_walk *w, uint64_t list_n, uint64_t id_n)
{
	if ((uint64_t)(w->put_head_end - w->put_head) < 2 * list_n ||
	    (uint64_t)(w->put_end - w->put) < id_n * w->keep->id_len)
		return err_set(ERR_DAMAGED, "a list is longer than its row says");
	return 0;
}

static inline uint32_t named(uint32_t id, const uint32_t *name)
{
	return name ? name[id] : id;
}

static void copy(uint32_t *out, const uint32_t *ids, uint64_t n, const uint32_t *name)
{
	if (!name)
		memcpy(out, ids, n * sizeof *ids);
	for (uint64_t i = 0; name && i < n; i++)
		out[i] = name[ids[i]];
}

/* There is room for them. */
static void put_ids(struct keep_walk *w, const uint32_t *ids, uint64_t n)
{
	if (w->keep->id_len == SHORT_IDS_LEN)
		short_ids_put(w->put, ids, n);
	else
		memcpy(w->put, ids, n * sizeof *ids);
	w->put += n * w->keep->id_len;
}

static int begin_list(struct keep_walk *w)
{
	const struct sweep_walk *s = &w->sweep;
	int r = 0;

	w->in_list = true;
	w->node = s->node;
	if (w->put) {
		r = fits(w, 1, 0);
		if (r < 0)
			return r;
		w->node = named((uint32_t)s->node, w->keep->name);
		*w->put_head++ = (uint32_t)w->node;
		*w->put_head++ = (uint32_t)s->list.n;
	}
	return r;
}

/* All lists were read: a part is whole when they filled its place. */
static int end_part(struct keep_walk *w)
{
	if (w->put && (w->put != w->put_end || w->put_head != w->put_head_end))
		return err_set(ERR_DAMAGED, "a list is shorter than its row says");
	if (w->put)
		w->keep->full[w->part] = true;
	return 0;
}

struct by_length {		/* so many, then so many before; in words */
	uint32_t head[LENGTHS], id[LENGTHS];
};

static void measure(const struct keep_walk *w, const uint32_t *end, struct by_length *l)
{
	uint32_t head = 0, id = 0;

	memset(l, 0, sizeof *l);
	for (const uint32_t *at = w->words; at < end; at += 2 + at[1]) {
		l->head[length_of(at)] += 2;
		l->id[length_of(at)] += at[1];
	}
	for (unsigned i = 0; i < LENGTHS; i++) {
		uint32_t heads = l->head[i], ids = l->id[i];

		l->head[i] = head;
		l->id[i] = id;
		head += heads;
		id += ids;
	}
}

/* The lists in N words: heads to HEADS, ids to room, by length. */
static void arrange(struct keep_walk *w, size_t n, uint32_t *heads)
{
	const uint32_t *end = w->words + n, *name = w->keep->name;
	struct by_length l;

	measure(w, end, &l);
	for (const uint32_t *at = w->words; at < end; at += 2 + at[1]) {
		unsigned length = length_of(at);
		uint32_t *head = heads + l.head[length];

		head[0] = w->put ? named(at[0], name) : at[0];
		head[1] = at[1];
		copy(w->room + l.id[length], at + 2, at[1], w->put ? name : NULL);
		l.head[length] += 2;
		l.id[length] += at[1];
	}
}

/* Lists that come many at a time. */
static int some_lists(struct keep_walk *w)
{
	size_t n, list_n = 0, id_n;
	int r = sweep_words(&w->sweep, w->words, KEEP_ROOM, &n);

	if (r <= 0)
		return r;
	for (const uint32_t *at = w->words; at < w->words + n; at += 2 + at[1])
		list_n++;
	id_n = n - 2 * list_n;
	if (w->put && (r = fits(w, list_n, id_n)) < 0)
		return r;
	w->head = w->put ? w->put_head : w->heads;
	w->head_end = w->head + 2 * list_n;
	w->next = w->room;
	w->end = w->room + id_n;
	arrange(w, n, w->put ? w->put_head : w->heads);
	if (w->put) {
		w->put_head += 2 * list_n;
		put_ids(w, w->room, id_n);
	}
	return 1;
}

/* A list by itself. */
static int next_list(struct keep_walk *w)
{
	int r = sweep_next(&w->sweep);

	if (r == 0)
		return end_part(w);
	if (r > 0)
		r = begin_list(w);
	return r < 0 ? r : 1;
}

/* Ids of a list by itself, named where they are kept. */
static int give_block(struct keep_walk *w, const uint32_t *ids, unsigned n)
{
	int r;

	w->n = n;
	w->ids = ids;
	if (!w->put)
		return 1;
	r = fits(w, 0, n);
	if (r < 0)
		return r;
	copy(w->room, ids, n, w->keep->name);
	put_ids(w, w->room, n);
	w->ids = w->room;
	return 1;
}

static int decode(struct keep_walk *w)
{
	const uint32_t *ids = NULL;
	int n = 0, r;

	for (;;) {
		if (w->in_list)
			n = csr_block32(&w->sweep.list, CSR_BLOCK, &ids);
		if (n < 0)
			return n;
		if (n > 0)
			return give_block(w, ids, (unsigned)n);
		w->in_list = false;
		r = some_lists(w);
		if (r != 0)
			return r < 0 ? r : keep_next(w);
		r = next_list(w);
		if (r <= 0)
			return r;
	}
}

int keep_more(struct keep_walk *w)
{
	return w->whole ? next_whole(w) : decode(w);
}
