/* graph/arrange_stream.c - a partition that does not fit, divided until it does
 *
 * By ranges of its rows first; one row alone by ranges of its targets, which then
 * take the place of rows in a shuffle of their own; one edge alone, however often
 * it came, needs no order.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/arrange_inside.h"
#include "graph/radix.h"

#define SUB_PARTS 128u
#define SUB_SAMPLE 8192u

int arrange_emit(struct work *w, const struct arrange_row *row, uint64_t to,
		 const union csr_value *v)
{
	uint64_t id = w->p->keys ? keyset_id(w->p->keys, to) : to;

	w->count.edge_n++;
	w->count.loop_n += row->from == to;
	if (!w->writer)
		return 0;
	return v ? csr_add_value(w->writer, row->type, row->node, id, *v) :
		csr_add(w->writer, row->type, row->node, id);
}

static int emit_sorted(struct work *w, const uint64_t *key, uint64_t n, uint64_t lo,
		       unsigned to_bits, const uint64_t *fixed)
{
	const bool keep = w->p->equal == BUILD_KEEP;
	struct arrange_row row = arrange_row(w, fixed ? *fixed : lo);
	uint64_t at = 0, to;
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++) {
		if (i && !keep && key[i] == key[i - 1])
			continue;
		to = key[i] & ((1ull << to_bits) - 1);
		if (fixed) {
			to = lo + key[i];
		} else if (key[i] >> to_bits != at) {
			at = key[i] >> to_bits;
			row = arrange_row(w, lo + at);
		}
		r = arrange_emit(w, &row, to, NULL);
	}
	return r;
}

static int stream_leaf(struct work *w, const struct shuffle *s, unsigned part,
		       const uint64_t *fixed)
{
	uint64_t n = shuffle_count(s, part);
	uint64_t *key = mem_alloc(w->p->mem, n * sizeof *key);
	uint64_t *other = mem_alloc(w->p->mem, n * sizeof *key);
	int r = key && other ? shuffle_load64(s, part, key, NULL) : ERR_MEMORY;

	if (r == 0)
		r = emit_sorted(w, radix_sort64(key, other, n, shuffle_key_bits(s)), n,
				shuffle_first(s, part), shuffle_to_bits(s), fixed);
	mem_free(w->p->mem, key);
	mem_free(w->p->mem, other);
	return r;
}

/* One edge alone. */
static int stream_equal(struct work *w, const struct shuffle *s, unsigned part,
			const uint64_t *fixed)
{
	struct arrange_row row = arrange_row(w, *fixed);
	uint64_t n = w->p->equal == BUILD_KEEP ? shuffle_count(s, part) : 1;
	int r = 0;

	while (r == 0 && n--)
		r = arrange_emit(w, &row, shuffle_first(s, part), NULL);
	return r;
}

/* --- dividing --- */

struct divide {
	uint64_t *sample, n, seen, step;
	struct shuffle_hand *hand;
	bool turned, valued;
};

static int sample_rows(void *ctx, const struct shuffle_record *rec, size_t n)
{
	struct divide *d = ctx;

	for (size_t i = 0; i < n; i++)
		if (d->seen++ % d->step == 0 && d->n < SUB_SAMPLE)
			d->sample[d->n++] = d->turned ? rec[i].to : rec[i].row;
	return 0;
}

static int add_records(void *ctx, const struct shuffle_record *rec, size_t n)
{
	struct divide *d = ctx;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = shuffle_add(d->hand, d->turned ? rec[i].to : rec[i].row,
				d->turned ? 0 : rec[i].to, d->valued ? &rec[i].value : NULL);
	return r;
}

int arrange_sub(struct work *w, const struct shuffle *s, unsigned part, bool turned,
		uint64_t to_n, struct shuffle **out)
{
	struct shuffle_plan plan = {
		.backend = w->p->backend, .mem = w->p->mem, .hands = 1,
		.budget = w->p->share / 4, .part_most = SUB_PARTS, .valued = w->p->valued,
		.first = turned ? 0 : shuffle_first(s, part),
		.last = turned ? w->p->span - 1 : shuffle_last(s, part),
		.to_n = to_n,
	};
	struct divide d = { .turned = turned, .valued = w->p->valued,
			    .step = shuffle_count(s, part) / SUB_SAMPLE + 1 };
	int r;

	d.sample = mem_alloc(w->p->mem, SUB_SAMPLE * sizeof *d.sample);
	r = d.sample ? shuffle_visit(s, part, sample_rows, &d) : ERR_MEMORY;
	plan.sample = d.sample;
	plan.sample_n = d.n;
	if (r == 0)
		r = shuffle_open(out, &plan);
	mem_free(w->p->mem, d.sample);
	if (r < 0)
		return r;
	d.hand = shuffle_hand(*out, 0);
	r = shuffle_visit(s, part, add_records, &d);
	return r < 0 ? r : shuffle_end(*out);
}

static int stream_divided(struct work *w, const struct shuffle *s, unsigned part,
			  const uint64_t *fixed)
{
	uint64_t row = shuffle_first(s, part);
	bool turned = !fixed && row == shuffle_last(s, part);
	struct shuffle *sub = NULL;
	int r = arrange_sub(w, s, part, turned, turned || fixed ? 1 : w->p->span, &sub);

	for (unsigned p = 0; r == 0 && p < shuffle_part_n(sub); p++)
		r = arrange_stream(w, sub, p, turned ? &row : fixed);
	shuffle_close(sub);
	return r;
}

int arrange_stream(struct work *w, const struct shuffle *s, unsigned part,
		   const uint64_t *fixed)
{
	int r = w->p->stop ? w->p->stop(w->p->stop_ctx) : 0;

	if (r != 0 || shuffle_count(s, part) == 0)
		return r;
	if (arrange_fits(w, s, shuffle_count(s, part)))
		return w->p->valued ? arrange_valued_leaf(w, s, part, fixed) :
			stream_leaf(w, s, part, fixed);
	if (fixed && shuffle_first(s, part) == shuffle_last(s, part))
		return w->p->valued ? arrange_valued_equal(w, s, part, *fixed) :
			stream_equal(w, s, part, fixed);
	return stream_divided(w, s, part, fixed);
}
