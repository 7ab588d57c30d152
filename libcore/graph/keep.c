/* graph/keep.c - a first sweep counts, the second fills, the others read */
#include "graph/keep.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define HEAD 2u			/* words before the ids of a list */
#define LENGTHS 256u		/* of lists that are told apart */
#define SWEEPS_LEAST 4u		/* fewer do not pay for fresh pages */

/* --- room --- */

static int count_part(void *ctx, const struct sweep_part *p)
{
	struct keep *k = ctx;
	uint64_t n, words = 0;
	struct csr_scan scan;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->sweep->source_n; i++) {
		const struct sweep_source *s = &p->sweep->source[i];

		csr_scan_range(&scan, s->csr, s->type, p->first, p->end);
		while ((r = csr_scan_degree(&scan, &n)) > 0) {
			if (n > UINT32_MAX)
				return err_set(ERR_UNSUPPORTED, "a node with 2^32 edges");
			words += HEAD + n;
		}
	}
	k->place[p->index + 1] = words;
	return r;
}

/* The same where a node has one list, by how many ids it has.  Are lists read ahead?  That
 * is to be decided before they get room here, as it is by a run that counts. */
static int count_known(struct keep *k, const uint32_t *degree)
{
	const struct sweep *s = k->sweep;
	int r = sweep_ahead(s);

	for (uint64_t part = 0; part < s->part_n; part++) {
		uint64_t words = 0;

		for (uint64_t i = s->border[part]; i < s->border[part + 1]; i++)
			words += degree[i] ? HEAD + degree[i] : 0;
		k->place[part + 1] = words;
	}
	return r < 0 ? r : 0;
}

/* Room for all, if half of what is left has it. */
static int make_room(struct keep *k)
{
	uint64_t part_n = k->sweep->part_n, size;

	k->place[0] = 0;
	for (uint64_t i = 0; i < part_n; i++)
		k->place[i + 1] += k->place[i];
	size = k->place[part_n] * sizeof *k->ids;
	if (size == 0 || size > mem_left(k->mem) / 2)
		return 0;
	k->ids = mem_alloc_large(k->mem, size);
	return k->ids ? 0 : ERR_MEMORY;
}

int keep_open(struct keep *k, const struct sweep *s, uint64_t sweeps, const uint32_t *degree)
{
	uint64_t least = s->edge_n * sizeof *k->ids + (s->part_n + 1) * 16;
	int r = 0;

	*k = (struct keep){ .sweep = s, .mem = graph_mem(s->graph) };
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
	mem_free(k->mem, k->ids);
	mem_free(k->mem, k->place);
	mem_free(k->mem, k->full);
	*k = (struct keep){0};
}

/* --- the lists of a part --- */

static inline unsigned length_of(const uint32_t *list)
{
	return list[1] < LENGTHS ? list[1] : LENGTHS - 1;
}

void keep_begin(struct keep_walk *w, struct keep *k, const struct sweep_part *p)
{
	w->keep = k;
	w->part = p->index;
	w->at = w->end = NULL;
	w->put = NULL;
	w->in_list = false;
	w->whole = k->ids && k->full[p->index];
	if (w->whole) {
		w->at = k->ids + k->place[p->index];
		w->end = k->ids + k->place[p->index + 1];
		return;
	}
	if (k->ids) {
		w->put = k->ids + k->place[p->index];
		w->put_end = k->ids + k->place[p->index + 1];
	}
	sweep_begin(&w->sweep, p);
}

static int fits(const struct keep_walk *w, uint64_t n)
{
	if ((uint64_t)(w->put_end - w->put) < n)
		return err_set(ERR_DAMAGED, "a list is longer than its row says");
	return 0;
}

static void copy(uint32_t *out, const uint32_t *ids, uint64_t n, const uint32_t *name)
{
	if (!name)
		memcpy(out, ids, n * sizeof *ids);
	for (uint64_t i = 0; name && i < n; i++)
		out[i] = name[ids[i]];
}

static int begin_list(struct keep_walk *w)
{
	const struct sweep_walk *s = &w->sweep;
	uint32_t node = (uint32_t)s->node;
	int r = 0;

	w->in_list = true;
	if (w->put) {
		r = fits(w, HEAD + s->list.n);
		if (r < 0)
			return r;
		copy(w->put, &node, 1, w->keep->name);
		node = w->put[0];
		w->put[1] = (uint32_t)s->list.n;
		w->put += HEAD;
	}
	w->node = node;
	return r;
}

/* All lists were read: a part is whole when they filled its place. */
static int end_part(struct keep_walk *w)
{
	if (w->put && w->put != w->put_end)
		return err_set(ERR_DAMAGED, "a list is shorter than its row says");
	if (w->put)
		w->keep->full[w->part] = true;
	return 0;
}

/* The lists in N words of room to where they are kept, by length. */
static void arrange(struct keep_walk *w, size_t n)
{
	const uint32_t *at, *end = w->room + n, *name = w->keep->name;
	uint32_t place[LENGTHS] = {0}, next = 0;

	for (at = w->room; at < end; at += HEAD + at[1])
		place[length_of(at)] += HEAD + at[1];
	for (unsigned i = 0; i < LENGTHS; i++) {
		uint32_t words = place[i];

		place[i] = next;
		next += words;
	}
	for (at = w->room; at < end; at += HEAD + at[1]) {
		uint32_t *out = w->put + place[length_of(at)];

		place[length_of(at)] += HEAD + at[1];
		copy(out, at, 1, name);
		out[1] = at[1];
		copy(out + HEAD, at + HEAD, at[1], name);
	}
}

/* Lists that come many at a time. */
static int some_lists(struct keep_walk *w)
{
	size_t n;
	int r = sweep_words(&w->sweep, w->room, KEEP_ROOM, &n);

	if (r <= 0)
		return r;
	w->at = w->room;
	if (w->put) {
		r = fits(w, n);
		if (r < 0)
			return r;
		arrange(w, n);
		w->at = w->put;
		w->put += n;
	}
	w->end = w->at + n;
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

int keep_decode(struct keep_walk *w)
{
	int n = 0, r;

	for (;;) {
		if (w->in_list)
			n = csr_block32(&w->sweep.list, CSR_BLOCK, &w->ids);
		if (n < 0)
			return n;
		if (n > 0)
			break;
		w->in_list = false;
		r = some_lists(w);
		if (r != 0)
			return r < 0 ? r : keep_next(w);
		r = next_list(w);
		if (r <= 0)
			return r;
	}
	w->n = (unsigned)n;
	if (w->put) {
		r = fits(w, w->n);
		if (r < 0)
			return r;
		copy(w->put, w->ids, w->n, w->keep->name);
		w->ids = w->put;
		w->put += w->n;
	}
	return 1;
}
