/* graph/keep.c - a first sweep counts, the second fills, the others read */
#include "graph/keep.h"

#include "base/err.h"
#include "base/mem.h"

#define SLACK 8u		/* bytes that may be read behind the last id */
#define LENGTHS 256u		/* of lists that are told apart */
#define SWEEPS_LEAST 4u		/* fewer do not pay for fresh pages */

/* --- room --- */

static int count_part(void *ctx, const struct sweep_part *p)
{
	struct keep *k = ctx;
	uint64_t n, bytes = 0;
	struct csr_scan scan;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->sweep->source_n; i++) {
		const struct sweep_source *s = &p->sweep->source[i];

		csr_scan_range(&scan, s->csr, s->type, p->first, p->end);
		while ((r = csr_scan_degree(&scan, &n)) > 0) {
			if (n > UINT32_MAX)
				return err_set(ERR_UNSUPPORTED, "a node with 2^32 edges");
			bytes += KEEP_HEAD + n * k->id_len;
		}
	}
	k->place[p->index + 1] = bytes;
	return r;
}

/* The same where a node has one list, by how many ids it has.  Are lists read ahead?  That
 * is to be decided before they get room here, as it is by a run that counts. */
static int count_known(struct keep *k, const uint32_t *degree)
{
	const struct sweep *s = k->sweep;
	int r = sweep_ahead(s);

	for (uint64_t part = 0; part < s->part_n; part++) {
		uint64_t bytes = 0;

		for (uint64_t i = s->border[part]; i < s->border[part + 1]; i++)
			bytes += degree[i] ? KEEP_HEAD + (uint64_t)degree[i] * k->id_len : 0;
		k->place[part + 1] = bytes;
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
	size = k->place[part_n];
	if (size == 0 || size > mem_left(k->mem) / 2)
		return 0;
	size += SLACK;
	k->ids = mem_alloc_large(k->mem, size);
	return k->ids ? 0 : ERR_MEMORY;
}

static bool long_ids;

void keep_long_ids(bool on)
{
	long_ids = on;
}

int keep_open(struct keep *k, const struct sweep *s, uint64_t sweeps, const uint32_t *degree)
{
	unsigned id_len = long_ids || graph_node_n(s->graph) > KEEP_SHORT_IDS ? 4 : KEEP_SHORT;
	uint64_t least = s->edge_n * id_len + (s->part_n + 1) * 16;
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
	w->id_len = k->ids ? k->id_len : 4;
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

static inline uint32_t named(uint32_t id, const uint32_t *name)
{
	return name ? name[id] : id;
}

/* Eight ids, three bytes each. */
static inline void put_eight(uint8_t *out, const uint32_t *ids, const uint32_t *name)
{
	uint64_t id[8];
	le64 v[3];

	for (unsigned i = 0; i < 8; i++)
		id[i] = named(ids[i], name);
	v[0] = le64_of(id[0] | id[1] << 24 | id[2] << 48);
	v[1] = le64_of(id[2] >> 16 | id[3] << 8 | id[4] << 32 | id[5] << 56);
	v[2] = le64_of(id[5] >> 8 | id[6] << 16 | id[7] << 40);
	memcpy(out, v, sizeof v);
}

static inline void put_short(uint8_t *out, const uint32_t *ids, uint64_t n,
			     const uint32_t *name)
{
	uint64_t i;

	for (i = 0; i + 8 <= n; i += 8)
		put_eight(out + KEEP_SHORT * i, ids + i, name);
	for (; i < n; i++) {
		le32 v = le32_of(named(ids[i], name));

		memcpy(out + KEEP_SHORT * i, &v, KEEP_SHORT);
	}
}

/* N ids to where they are kept; returns where they end there. */
static uint8_t *put_ids(const struct keep *k, uint8_t *out, const uint32_t *ids, uint64_t n)
{
	const uint32_t *name = k->name;

	if (k->id_len == KEEP_SHORT && name)
		put_short(out, ids, n, name);
	else if (k->id_len == KEEP_SHORT)
		put_short(out, ids, n, NULL);
	else if (!name)
		memcpy(out, ids, n * sizeof *ids);
	for (uint64_t i = 0; k->id_len != KEEP_SHORT && name && i < n; i++)
		memcpy(out + i * sizeof *ids, &name[ids[i]], sizeof *ids);
	return out + n * k->id_len;
}

static uint8_t *put_head(const struct keep *k, uint8_t *out, uint32_t node, uint32_t n)
{
	const uint32_t head[] = { named(node, k->name), n };

	memcpy(out, head, KEEP_HEAD);
	return out + KEEP_HEAD;
}

static int begin_list(struct keep_walk *w)
{
	const struct sweep_walk *s = &w->sweep;
	int r = 0;

	w->in_list = true;
	w->node = s->node;
	if (w->put) {
		r = fits(w, KEEP_HEAD);
		if (r < 0)
			return r;
		w->node = named((uint32_t)s->node, w->keep->name);
		w->put = put_head(w->keep, w->put, (uint32_t)s->node, (uint32_t)s->list.n);
	}
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

/* How many bytes the lists in room up to END take; PLACE becomes where those of each
 * length begin. */
static uint32_t measure(const struct keep_walk *w, const uint32_t *end, uint32_t *place)
{
	unsigned id_len = w->keep->id_len;
	uint32_t next = 0;

	for (const uint32_t *at = w->room; at < end; at += 2 + at[1])
		place[length_of(at)] += KEEP_HEAD + at[1] * id_len;
	for (unsigned i = 0; i < LENGTHS; i++) {
		uint32_t bytes = place[i];

		place[i] = next;
		next += bytes;
	}
	return next;
}

/* The lists in N words of room to where they are kept, by length. */
static int arrange(struct keep_walk *w, size_t n)
{
	const uint32_t *at, *end = w->room + n;
	uint32_t place[LENGTHS] = {0};
	uint32_t bytes = measure(w, end, place);
	int r = fits(w, bytes);

	for (at = w->room; r == 0 && at < end; at += 2 + at[1]) {
		uint32_t *next = &place[length_of(at)];
		uint8_t *out = put_head(w->keep, w->put + *next, at[0], at[1]);

		*next = (uint32_t)(put_ids(w->keep, out, at + 2, at[1]) - w->put);
	}
	w->at = w->put;
	w->put += bytes;
	w->end = w->put;
	return r;
}

/* Lists that come many at a time. */
static int some_lists(struct keep_walk *w)
{
	size_t n;
	int r = sweep_words(&w->sweep, w->room, KEEP_ROOM, &n);

	if (r <= 0)
		return r;
	w->at = (const uint8_t *)w->room;
	w->end = (const uint8_t *)(w->room + n);
	if (w->put)
		r = arrange(w, n);
	return r < 0 ? r : 1;
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
	const uint32_t *ids = NULL;
	int n = 0, r;

	for (;;) {
		if (w->in_list)
			n = csr_block32(&w->sweep.list, CSR_BLOCK, &ids);
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
	w->ids = (const uint8_t *)ids;
	if (w->put) {
		r = fits(w, w->n * w->id_len);
		if (r < 0)
			return r;
		w->ids = w->put;
		w->put = put_ids(w->keep, w->put, ids, w->n);
	}
	return 1;
}
