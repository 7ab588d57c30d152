/* graph/arrange.c - sort in cache, encode, hand over in order
 *
 * A partition's keys are numbers that compare as its edges do, of 32 bits where
 * that is enough.  Sorted, they are read once: each row's targets are mapped to
 * ids in the array the sort has left over, and encoded from there.
 */
#include "graph/arrange.h"

#include <pthread.h>
#include <string.h>

#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/arrange_inside.h"
#include "graph/list.h"
#include "graph/radix.h"

#define SHARE_LEAST (16u << 10)
#define GAP_MOST 2u			/* empty rows that a piece goes on over */

/* --- memory --- */

bool arrange_fits(const struct work *w, const struct shuffle *s, uint64_t n)
{
	uint64_t share = w->p->share < SHARE_LEAST ? SHARE_LEAST : w->p->share;
	uint64_t each = 8 + (shuffle_key_bits(s) <= 32 ? 2 * 4 : 2 * 8);

	if (w->p->valued)
		each = 16 + 2 * sizeof(struct radix_pair) + sizeof(struct shuffle_value);
	return shuffle_key_bits(s) <= 64 && n <= share / each && n <= UINT32_MAX;
}

static int room(struct desk *d, size_t bytes)
{
	struct mem *mem = d->w->p->mem;

	if (bytes <= d->cap)
		return 0;
	d->cap = bytes + bytes / 16;
	mem_free(mem, d->key);
	mem_free(mem, d->other);
	d->key = mem_alloc(mem, d->cap);
	d->other = mem_alloc(mem, d->cap);
	return d->key && d->other ? 0 : ERR_MEMORY;
}

static int more_bytes(struct desk *d, uint64_t n)
{
	size_t want = d->len + LIST_BYTES_MAX(n) + LIST_SLACK;
	uint8_t *p;

	if (want <= d->bytes_cap)
		return 0;
	want += want / 16;
	p = mem_resize(d->w->p->mem, d->bytes, want);
	if (!p)
		return ERR_MEMORY;
	d->bytes = p;
	d->bytes_cap = want;
	return 0;
}

static void desk_release(struct desk *d)
{
	struct mem *mem = d->w->p->mem;

	mem_free(mem, d->key);
	mem_free(mem, d->other);
	mem_free(mem, d->bytes);
	mem_free(mem, d->value);
	buf_release(&d->pieces);
	buf_release(&d->degree);
	buf_release(&d->list_len);
}

/* --- rows --- */

struct arrange_row arrange_row(const struct work *w, uint64_t row)
{
	uint64_t type = row < w->p->span ? 0 : row / w->p->span;
	uint64_t from = row - type * w->p->span;

	return (struct arrange_row){
		(uint32_t)type, from, w->p->keys ? keyset_id(w->p->keys, from) : from
	};
}

static struct piece *last_piece(struct desk *d)
{
	return d->pieces.len ? (struct piece *)(d->pieces.ptr + d->pieces.len) - 1 : NULL;
}

static int add_row(struct desk *d, uint64_t degree, uint64_t len)
{
	struct piece *p = last_piece(d);
	int r;

	p->n++;
	p->len += len;
	p->edge_n += degree;
	r = buf_add(&d->degree, &degree, sizeof degree);
	return r < 0 ? r : buf_add(&d->list_len, &len, sizeof len);
}

/* A list of N ids is to come, the row's: what lies between is empty. */
static int begin_row(struct desk *d, const struct arrange_row *row, uint64_t n, uint64_t len)
{
	struct piece *p = last_piece(d);
	uint64_t end = p ? p->node + p->n : 0;
	int r = 0;

	if (p && p->type == row->type && row->node >= end && row->node - end <= GAP_MOST) {
		for (; r == 0 && end < row->node; end++)
			r = add_row(d, 0, 0);
	} else {
		struct piece fresh = { .type = row->type, .node = row->node };

		r = buf_add(&d->pieces, &fresh, sizeof fresh);
	}
	return r < 0 ? r : add_row(d, n, len);
}

/* --- sorted keys to lists --- */

/* The policy and the map of one row's keys [i, end) into IDS: how many. */
static inline __attribute__((always_inline))
uint64_t map_row(const struct arrange_plan *p, const void *key, uint64_t i, uint64_t end,
		 uint64_t mask, void *ids, bool narrow)
{
	const uint32_t *k32 = key;
	const uint64_t *k64 = key;
	const struct keyset *keys = p->keys;
	const bool keep = p->equal == BUILD_KEEP;
	uint64_t n = 0, last = ~0ull, to;

	for (; i < end; i++) {
		to = (narrow ? k32[i] : k64[i]) & mask;
		if (to == last && !keep)
			continue;
		last = to;
		if (keys)
			to = keyset_id(keys, to);
		if (narrow)
			((uint32_t *)ids)[n++] = (uint32_t)to;
		else
			((uint64_t *)ids)[n++] = to;
	}
	return n;
}

static inline __attribute__((always_inline))
uint64_t loops_in(const void *ids, uint64_t n, uint64_t node, bool narrow)
{
	uint64_t lo = 0, hi = n, loops = 0;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if ((narrow ? ((const uint32_t *)ids)[mid] : ((const uint64_t *)ids)[mid]) < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + loops < n && (narrow ? ((const uint32_t *)ids)[lo + loops] :
				  ((const uint64_t *)ids)[lo + loops]) == node)
		loops++;
	return loops;
}

static inline __attribute__((always_inline))
int encode_row(struct desk *d, const struct arrange_row *row, const void *ids, uint64_t n,
	       bool narrow)
{
	size_t len = 0;
	int r;

	d->count.edge_n += n;
	d->count.loop_n += loops_in(ids, n, row->node, narrow);
	if (!d->w->writer)
		return 0;
	r = more_bytes(d, n);
	if (r < 0)
		return r;
	len = narrow ? list_encode32(d->bytes + d->len, row->node, ids, n) :
		list_encode(d->bytes + d->len, row->node, ids, n);
	d->len += len;
	return begin_row(d, row, n, len);
}

int arrange_encode(struct desk *d, const struct arrange_row *row, const uint64_t *ids,
		   uint64_t n)
{
	return encode_row(d, row, ids, n, false);
}

static inline __attribute__((always_inline))
int encode_keys(struct desk *d, const void *key, void *ids, uint64_t n, uint64_t lo,
		unsigned to_bits, bool narrow)
{
	const uint64_t mask = (1ull << to_bits) - 1;
	const uint32_t *k32 = key;
	const uint64_t *k64 = key;
	uint64_t i = 0, end, m;
	int r = 0;

	while (i < n && r == 0) {
		uint64_t at = (narrow ? k32[i] : k64[i]) >> to_bits;
		struct arrange_row row = arrange_row(d->w, lo + at);

		for (end = i + 1; end < n; end++)
			if ((narrow ? k32[end] : k64[end]) >> to_bits != at)
				break;
		m = map_row(d->w->p, key, i, end, mask, ids, narrow);
		r = encode_row(d, &row, ids, m, narrow);
		i = end;
	}
	return r;
}

/* The map counts bits a target: with an instruction where there is one. */
#ifdef __x86_64__
#define COUNTS_BITS cpu_has(CPU_POPCNT)
#define WITH_COUNT __attribute__((target("popcnt")))
#else
#define COUNTS_BITS true
#define WITH_COUNT
#endif

static WITH_COUNT int encode_counting(struct desk *d, const void *key, void *ids, uint64_t n,
				      uint64_t lo, unsigned to_bits, bool narrow)
{
	return narrow ? encode_keys(d, key, ids, n, lo, to_bits, true) :
		encode_keys(d, key, ids, n, lo, to_bits, false);
}

static int encode_any(struct desk *d, const void *key, void *ids, uint64_t n, uint64_t lo,
		      unsigned to_bits, bool narrow)
{
	if (COUNTS_BITS)
		return encode_counting(d, key, ids, n, lo, to_bits, narrow);
	return encode_keys(d, key, ids, n, lo, to_bits, narrow);
}

static int lists_of_32(struct desk *d, unsigned part)
{
	const struct shuffle *s = d->s;
	uint64_t n = shuffle_count(s, part);
	uint32_t *key;
	int r = room(d, 4 * n);

	if (r == 0)
		r = shuffle_load32(s, part, d->key);
	if (r < 0)
		return r;
	key = radix_sort32(d->key, d->other, n, shuffle_key_bits(s));
	return encode_any(d, key, key == d->key ? d->other : d->key, n,
			   shuffle_first(s, part), shuffle_to_bits(s), true);
}

static int lists_of_64(struct desk *d, unsigned part)
{
	const struct shuffle *s = d->s;
	uint64_t n = shuffle_count(s, part), *key;
	int r = room(d, 8 * n);

	if (r == 0)
		r = shuffle_load64(s, part, d->key, NULL);
	if (r < 0)
		return r;
	key = radix_sort64(d->key, d->other, n, shuffle_key_bits(s));
	return encode_any(d, key, key == d->key ? d->other : d->key, n,
			   shuffle_first(s, part), shuffle_to_bits(s), false);
}

static int lists_of(struct desk *d, unsigned part)
{
	d->len = 0;
	buf_clear(&d->pieces);
	buf_clear(&d->degree);
	buf_clear(&d->list_len);
	if (d->w->p->valued)
		return arrange_valued(d, part);
	return shuffle_key_bits(d->s) <= 32 ? lists_of_32(d, part) : lists_of_64(d, part);
}

/* --- in order --- */

static int put_lists(struct desk *d)
{
	const struct piece *p = (const struct piece *)d->pieces.ptr;
	const struct piece *end = p + d->pieces.len / sizeof *p;
	struct csr_lists l = {
		.degree = (const uint64_t *)d->degree.ptr,
		.len = (const uint64_t *)d->list_len.ptr, .bytes = d->bytes,
		.values = d->value,
	};
	int r = 0;

	for (; r == 0 && p < end; p++) {
		l.type = p->type;
		l.node = p->node;
		l.n = p->n;
		r = csr_put_lists(d->w->writer, &l);
		l.degree += p->n;
		l.len += p->n;
		l.bytes += p->len;
		l.values += l.values ? p->edge_n : 0;
	}
	return r;
}

static int hand_over(struct desk *d, const struct unit *u, bool fits)
{
	struct work *w = d->w;
	int r = w->p->stop ? w->p->stop(w->p->stop_ctx) : 0;

	if (r == 0)
		r = fits ? put_lists(d) : arrange_stream(w, u->s, u->part, NULL);
	return r;
}

static int one_unit(struct desk *d, struct unit *u)
{
	struct work *w = d->w;
	bool fits = arrange_fits(w, u->s, shuffle_count(u->s, u->part));
	int r = 0;

	if (!fits && shuffle_first(u->s, u->part) < shuffle_last(u->s, u->part))
		return arrange_divide(w, u);
	d->s = u->s;
	if (fits)
		r = lists_of(d, u->part);
	if (r == 0 && !arrange_wait(w, u))
		return 0;
	if (r == 0)
		r = hand_over(d, u, fits);
	arrange_done(w, u, r != 0);
	return r;
}

static int take_units(void *ctx, unsigned who)
{
	struct work *w = ctx;
	struct desk d = { .w = w };
	struct unit *u;
	int r = 0;

	(void)who;
	d.pieces.mem = d.degree.mem = d.list_len.mem = w->p->mem;
	while (r == 0 && (u = arrange_take(w)))
		r = one_unit(&d, u);
	desk_release(&d);
	pthread_mutex_lock(&w->mutex);
	w->count.edge_n += d.count.edge_n;
	w->count.loop_n += d.count.loop_n;
	pthread_mutex_unlock(&w->mutex);
	return r;
}

int arrange(const struct shuffle *s, const struct arrange_plan *p, struct csr_writer *writer,
	    struct arrange_count *out)
{
	struct work w = { .p = p, .writer = writer };
	int r = arrange_begin(&w, s);

	if (r < 0)
		return r;
	r = team_run(p->threads, take_units, &w);
	arrange_end(&w);
	*out = w.count;
	return r;
}
