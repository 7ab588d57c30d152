/* graph/arrange_value.c - values of equal edges, by policy
 *
 * Keys are sorted with the places of their values; where the order of equal edges
 * matters they are put in that of the input first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/arrange_inside.h"
#include "graph/radix.h"
#include "graph/sort.h"

/* --- one value out of many --- */

static double real_of(const struct shuffle_value *v)
{
	double r;

	if (!(v->at & 1))
		return (double)(int64_t)v->bits;
	memcpy(&r, &v->bits, sizeof r);
	return r;
}

static union csr_value value_of(const struct arrange_plan *p, const struct shuffle_value *v)
{
	union csr_value out = { .i = (int64_t)v->bits };

	if (p->reals)
		out.r = real_of(v);
	return out;
}

/* Does it matter in what order equal edges are folded? */
static bool by_place(const struct arrange_plan *p)
{
	return p->equal == BUILD_KEEP || (p->equal == BUILD_SUM && p->reals);
}

static int compare(const struct arrange_plan *p, const struct shuffle_value *a,
		   const struct shuffle_value *b)
{
	if (p->reals) {
		double x = real_of(a), y = real_of(b);

		return (x > y) - (x < y);
	}
	return ((int64_t)a->bits > (int64_t)b->bits) - ((int64_t)a->bits < (int64_t)b->bits);
}

struct fold {
	const struct arrange_plan *p;
	struct shuffle_value best;
	__int128 sum;
	double real;
	bool any;
};

/* Is V to take the place of the best so far?  Of equal values the first stays; what says
 * no value (at 0) comes after all that do: it takes nobody's away. */
static bool better(const struct fold *f, const struct shuffle_value *v)
{
	int c = f->p->equal == BUILD_MIN || f->p->equal == BUILD_MAX ?
		compare(f->p, v, &f->best) : 0;

	if (c == 0)
		return v->at - 1 < f->best.at - 1;
	return f->p->equal == BUILD_MIN ? c < 0 : c > 0;
}

static void fold_add(struct fold *f, const struct shuffle_value *v)
{
	if (f->p->equal == BUILD_SUM) {
		if (f->p->reals)
			f->real += real_of(v);
		else
			f->sum += (int64_t)v->bits;
	} else if (!f->any || better(f, v)) {
		f->best = *v;
	}
	f->any = true;
}

static union csr_value fold_end(const struct fold *f)
{
	union csr_value out;

	if (f->p->equal != BUILD_SUM)
		return value_of(f->p, &f->best);
	if (f->p->reals)
		out.r = f->real;
	else
		out.i = f->sum > INT64_MAX ? INT64_MAX : f->sum < INT64_MIN ? INT64_MIN :
			(int64_t)f->sum;
	return out;
}

static int by_at(const void *a, const void *b, void *loaded)
{
	const struct shuffle_value *v = loaded;
	const struct radix_pair *x = a, *y = b;
	uint64_t s = v[x->value].at, t = v[y->value].at;

	return (s > t) - (s < t);
}

/* The values of N equal keys at PAIR to OUT: how many stay. */
static uint64_t fold_keys(const struct arrange_plan *p, struct radix_pair *pair, uint64_t n,
			  struct shuffle_value *loaded, union csr_value *out)
{
	struct fold f = { .p = p };

	if (n > 1 && by_place(p))
		qsort_r(pair, n, sizeof *pair, by_at, loaded);
	if (p->equal == BUILD_KEEP) {
		for (uint64_t i = 0; i < n; i++)
			out[i] = value_of(p, &loaded[pair[i].value]);
		return n;
	}
	for (uint64_t i = 0; i < n; i++)
		fold_add(&f, &loaded[pair[i].value]);
	*out = fold_end(&f);
	return 1;
}

static uint64_t equal_keys(const struct radix_pair *pair, uint64_t i, uint64_t n)
{
	uint64_t end = i + 1;

	while (end < n && pair[end].key == pair[i].key)
		end++;
	return end;
}

/* --- a partition --- */

struct sorted {
	struct radix_pair *pair, *spare;	/* two allocations; the first is sorted */
	struct shuffle_value *loaded;
	union csr_value *value;			/* room for all */
};

static void sorted_release(struct mem *mem, struct sorted *o)
{
	mem_free(mem, o->pair);
	mem_free(mem, o->spare);
	mem_free(mem, o->loaded);
	mem_free(mem, o->value);
}

static int load_sorted(struct mem *mem, const struct shuffle *s, unsigned part,
		       struct sorted *o)
{
	uint64_t n = shuffle_count(s, part), *key;
	struct radix_pair *pair;
	int r;

	*o = (struct sorted){0};
	o->pair = mem_alloc(mem, n * sizeof *o->pair);
	o->spare = mem_alloc(mem, n * sizeof *o->spare);
	o->loaded = mem_alloc(mem, n * sizeof *o->loaded);
	o->value = mem_alloc(mem, n * sizeof *o->value);
	if (!o->pair || !o->spare || !o->loaded || !o->value)
		return ERR_MEMORY;
	key = (uint64_t *)o->spare;
	r = shuffle_load64(s, part, key, o->loaded);
	if (r < 0)
		return r;
	for (uint64_t i = 0; i < n; i++)
		o->pair[i] = (struct radix_pair){ key[i], i };
	pair = radix_sort_pairs(o->pair, o->spare, n, shuffle_key_bits(s));
	if (pair == o->spare) {
		o->spare = o->pair;
		o->pair = pair;
	}
	return 0;
}

/* One row's pairs [i, end): ids to IDS, values behind those there are. */
static uint64_t fold_row(struct desk *d, const struct sorted *o, uint64_t i, uint64_t end,
			 uint64_t mask, uint64_t *ids)
{
	const struct arrange_plan *p = d->w->p;
	uint64_t n = 0, next, m;

	for (; i < end; i = next) {
		uint64_t to = o->pair[i].key & mask;

		next = equal_keys(o->pair, i, end);
		to = p->keys ? keyset_id(p->keys, to) : to;
		m = fold_keys(p, o->pair + i, next - i, o->loaded, o->value + d->value_n);
		d->value_n += m;
		while (m--)
			ids[n++] = to;
	}
	return n;
}

int arrange_valued(struct desk *d, unsigned part)
{
	const struct shuffle *s = d->s;
	unsigned to_bits = shuffle_to_bits(s);
	uint64_t n = shuffle_count(s, part), i = 0, end, m;
	struct sorted o;
	int r = load_sorted(d->w->p->mem, s, part, &o);

	d->value_n = 0;
	for (; i < n && r == 0; i = end) {
		uint64_t at = o.pair[i].key >> to_bits;
		struct arrange_row row = arrange_row(d->w, shuffle_first(s, part) + at);

		for (end = i + 1; end < n && o.pair[end].key >> to_bits == at;)
			end++;
		m = fold_row(d, &o, i, end, (1ull << to_bits) - 1, (uint64_t *)o.spare);
		r = arrange_encode(d, &row, (uint64_t *)o.spare, m);
	}
	mem_free(d->w->p->mem, d->value);
	d->value = o.value;		/* until it is handed over */
	o.value = NULL;
	sorted_release(d->w->p->mem, &o);
	return r;
}

/* --- one by one --- */

static int emit_group(struct work *w, const struct arrange_row *row, uint64_t to,
		      const union csr_value *value, uint64_t n)
{
	int r = 0;

	for (uint64_t k = 0; r == 0 && k < n; k++)
		r = arrange_emit(w, row, to, &value[k]);
	return r;
}

int arrange_valued_leaf(struct work *w, const struct shuffle *s, unsigned part,
			const uint64_t *fixed)
{
	uint64_t n = shuffle_count(s, part), lo = shuffle_first(s, part), next, m, key;
	unsigned to_bits = shuffle_to_bits(s);
	struct sorted o;
	int r = load_sorted(w->p->mem, s, part, &o);

	for (uint64_t i = 0; r == 0 && i < n; i = next) {
		struct arrange_row row;

		key = o.pair[i].key;
		next = equal_keys(o.pair, i, n);
		row = arrange_row(w, fixed ? *fixed : lo + (key >> to_bits));
		m = fold_keys(w->p, o.pair + i, next - i, o.loaded, o.value);
		r = emit_group(w, &row, fixed ? lo + key : key & ((1ull << to_bits) - 1),
			       o.value, m);
	}
	sorted_release(w->p->mem, &o);
	return r;
}

struct equal_edges {
	struct fold f;
	struct sort *sort;
};

static int fold_records(void *ctx, const struct shuffle_record *rec, size_t n)
{
	struct equal_edges *e = ctx;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (e->sort)
			r = sort_add(e->sort, (sort_key)rec[i].value.at << 64 |
				     rec[i].value.bits);
		else
			fold_add(&e->f, &rec[i].value);
	}
	return r;
}

static int emit_in_order(struct work *w, const struct arrange_row *row, uint64_t to,
			 struct equal_edges *e)
{
	union csr_value value;
	sort_key key;
	int r = sort_finish(e->sort);

	while (r >= 0 && (r = sort_next(e->sort, &key)) > 0) {
		struct shuffle_value v = { (uint64_t)key, (uint64_t)(key >> 64) };

		value = value_of(w->p, &v);
		if (w->p->equal == BUILD_KEEP)
			r = arrange_emit(w, row, to, &value);
		else
			fold_add(&e->f, &v);
	}
	return r;
}

int arrange_valued_equal(struct work *w, const struct shuffle *s, unsigned part,
			 uint64_t fixed)
{
	struct arrange_row row = arrange_row(w, fixed);
	struct equal_edges e = { .f = { .p = w->p } };
	struct sort_options o = {
		.backend = w->p->backend, .mem = w->p->mem, .budget = w->p->share / 4,
		.words = 2, .bits = 128,
	};
	uint64_t to = shuffle_first(s, part);
	union csr_value value;
	int r = by_place(w->p) ? sort_open(&e.sort, &o) : 0;

	if (r == 0)
		r = shuffle_visit(s, part, fold_records, &e);
	if (r == 0 && e.sort)
		r = emit_in_order(w, &row, to, &e);
	sort_close(e.sort);
	if (r < 0 || w->p->equal == BUILD_KEEP)
		return r;
	value = fold_end(&e.f);
	return arrange_emit(w, &row, to, &value);
}
