/* graph/keep.c - a first sweep counts, the second fills, the others read */
#include "graph/keep.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define HEAD 2u			/* words before the ids of a list */
#define SLACK LIST_BLOCK	/* words behind each part's, which decoding writes over */
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
	k->place[p->index + 1] = words + SLACK;
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
		k->place[part + 1] = words + SLACK;
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
	uint64_t least = s->edge_n * sizeof *k->ids + (s->part_n + 1) * (16 + SLACK * sizeof *k->ids);
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
		w->end = k->ids + k->place[p->index + 1] - SLACK;
		return;
	}
	if (k->ids) {
		w->put = k->ids + k->place[p->index];
		w->put_end = k->ids + k->place[p->index + 1] - SLACK;
	}
	sweep_begin(&w->sweep, p);
}

static int put(struct keep_walk *w, const uint32_t *words, uint64_t n)
{
	if ((uint64_t)(w->put_end - w->put) < n)
		return err_set(ERR_DAMAGED, "a list is longer than its row says");
	memcpy(w->put, words, n * sizeof *words);
	w->put += n;
	return 0;
}

static int begin_list(struct keep_walk *w)
{
	const struct sweep_walk *s = &w->sweep;
	const uint32_t head[HEAD] = { (uint32_t)s->node, (uint32_t)s->list.n };

	w->node = s->node;
	w->in_list = true;
	return w->put ? put(w, head, HEAD) : 0;
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

/* Lists that come many at a time, straight to where they are kept. */
static int some_lists(struct keep_walk *w)
{
	uint32_t *out = w->put ? w->put : w->room;
	size_t room = w->put ? (size_t)(w->put_end - w->put) + SLACK : KEEP_ROOM, n;
	int r = sweep_words(&w->sweep, out, room, &n);

	if (r <= 0)
		return r;
	w->at = out;
	w->end = out + n;
	if (w->put)
		w->put += n;
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
	r = w->put ? put(w, w->ids, w->n) : 0;
	return r < 0 ? r : 1;
}
