/* graph/ids.c - look-ups in memory, or two sorts and a merge
 *
 * Three look-ups, by what the keys are: numbers close together, a bitmap with
 * ranks; numbers far apart, a sorted array behind an index of their high bits;
 * strings, a table by provisional number.  When none fits:
 *
 *	ends    (provisional number, edge * 2 + end), sorted by number
 *	keys    (provisional number, final id), in the same order
 *	back    (edge * 2 + end, final id), sorted: the edges' ends in order
 */
#include "graph/ids.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/distinct.h"
#include "graph/intern.h"
#include "graph/sort.h"

enum look_up { BITMAP, ARRAY, TABLE, JOIN };

struct ids {
	struct ids_options o;
	struct intern *strings;
	uint64_t least, most;		/* of the numbers that came */
	_Atomic uint64_t end_n;
	uint64_t key_n;
	enum look_up look_up;
	uint64_t *bits, *ranks, word_n;	/* BITMAP */
	uint64_t *array;		/* ARRAY: ascending; TABLE: by number */
	uint64_t *index, index_n;	/* ARRAY: first with high bits >= i */
	unsigned shift;
	struct spool *keys;		/* numbers, sorted, while they are settled */
	struct sort *pairs;		/* strings: (number, final id), when joined */
	struct sort *back;		/* JOIN */
};

int ids_open(struct ids **out, const struct ids_options *o)
{
	struct ids *x = mem_zalloc(o->mem, sizeof *x);
	int r = 0;

	if (!x)
		return ERR_MEMORY;
	x->o = *o;
	x->least = UINT64_MAX;
	if (o->strings)
		r = intern_open(&x->strings, o->backend, o->budget, o->mem);
	if (r < 0) {
		ids_close(x);
		return r;
	}
	*out = x;
	return 0;
}

static void drop(struct ids *x)
{
	intern_close(x->strings);
	mem_free(x->o.mem, x->bits);
	mem_free(x->o.mem, x->ranks);
	mem_free(x->o.mem, x->array);
	mem_free(x->o.mem, x->index);
	spool_close(x->keys);
	sort_close(x->pairs);
	sort_close(x->back);
	x->strings = NULL;
	x->bits = x->ranks = x->array = x->index = NULL;
	x->keys = NULL;
	x->pairs = x->back = NULL;
}

void ids_close(struct ids *x)
{
	if (!x)
		return;
	drop(x);
	mem_free(x->o.mem, x);
}

uint64_t ids_n(const struct ids *x)
{
	return x->key_n;
}

bool ids_joined(const struct ids *x)
{
	return x->look_up == JOIN;
}

int ids_add(struct ids *x, const struct text_key *key, uint64_t *number)
{
	x->end_n++;
	if (x->strings)
		return intern_add(x->strings, key->bytes, number);
	*number = key->number;
	x->least = key->number < x->least ? key->number : x->least;
	x->most = key->number > x->most ? key->number : x->most;
	return 0;
}

void ids_add_numbers(struct ids *x, const struct scan_edge *e, size_t n)
{
	uint64_t least = x->least, most = x->most;

	for (size_t i = 0; i < n; i++) {
		uint64_t lo = e[i].src < e[i].dst ? e[i].src : e[i].dst;
		uint64_t hi = e[i].src < e[i].dst ? e[i].dst : e[i].src;

		least = lo < least ? lo : least;
		most = hi > most ? hi : most;
	}
	x->least = least;
	x->most = most;
	x->end_n += 2 * n;
}

int ids_add_texts(struct ids *x, const struct bytes *text, size_t n, uint64_t *number)
{
	x->end_n += n;
	return intern_add_many(x->strings, text, n, number);
}

static int sorter(struct sort **out, const struct ids *x, unsigned words, unsigned bits,
		  unsigned given, bool unique)
{
	struct sort_options o = {
		.backend = x->o.backend, .mem = x->o.mem, .budget = x->o.budget,
		.words = words, .bits = bits, .given = given, .unique = unique,
		.most = x->end_n,
	};

	return sort_open(out, &o);
}

/* --- numbers --- */

static bool bitmap_fits(const struct ids *x)
{
	uint64_t words = (x->most - x->least) / 64 + 1;

	/* words and ranks within the budget, and not far more than the ends came to */
	return words <= x->o.budget / 16 && words <= 2 * x->end_n + 1024;
}

static int fill_bits(struct ids *x, struct intake *edges, struct intake *nodes)
{
	struct intake_reader in;
	struct intake_edge e;
	uint64_t bit;
	int r;

	x->word_n = (x->most - x->least) / 64 + 1;
	x->bits = mem_zalloc(x->o.mem, 8 * x->word_n);
	x->ranks = mem_alloc(x->o.mem, 8 * x->word_n);
	if (!x->bits || !x->ranks)
		return ERR_MEMORY;
	r = intake_begin(&in, edges);
	while (r >= 0 && (r = intake_next(&in, &e)) > 0) {
		bit = e.src - x->least;
		x->bits[bit / 64] |= 1ull << (bit & 63);
		bit = e.dst - x->least;
		x->bits[bit / 64] |= 1ull << (bit & 63);
	}
	intake_end(&in);
	if (r == 0)
		r = intake_begin(&in, nodes);
	while (r >= 0 && (r = intake_next(&in, &e)) > 0)
		for (bit = e.src - x->least; e.dst > 0; e.dst--, bit++)
			x->bits[bit / 64] |= 1ull << (bit & 63);
	intake_end(&in);
	for (uint64_t w = 0; w < x->word_n; w++) {
		x->ranks[w] = x->key_n;
		x->key_n += (uint64_t)__builtin_popcountll(x->bits[w]);
	}
	return r;
}

static inline uint64_t bitmap_id(const struct ids *x, uint64_t number)
{
	uint64_t bit = number - x->least, w = bit / 64;
	uint64_t below = x->bits[w] & ((1ull << (bit & 63)) - 1);

	return x->ranks[w] + (uint64_t)__builtin_popcountll(below);
}

static int bits_to_dict(const struct ids *x, struct dict_writer *w)
{
	int r = 0;

	for (uint64_t i = 0; i < x->word_n && r == 0; i++)
		for (uint64_t word = x->bits[i]; word && r == 0; word &= word - 1)
			r = dict_add_number(w, x->least + 64 * i +
					    (unsigned)__builtin_ctzll(word));
	return r;
}

static int to_sorter(void *s, uint64_t number)
{
	return sort_add(s, number);
}

#define AHEAD_N 32u			/* ends whose places are fetched before they are looked at */

static int add_ends(struct distinct *d, struct intake *edges)
{
	struct intake_reader in;
	struct intake_edge e;
	uint64_t end[AHEAD_N];
	size_t n = 0;
	int r = intake_begin(&in, edges);

	while (r >= 0 && (r = intake_next(&in, &e)) > 0) {
		end[n++] = e.src;
		end[n++] = e.dst;
		distinct_ahead(d, e.src);
		distinct_ahead(d, e.dst);
		for (size_t i = 0; n == AHEAD_N && i < n && r >= 0; i++)
			r = distinct_add(d, end[i]);
		n %= AHEAD_N;
	}
	for (size_t i = 0; i < n && r >= 0; i++)
		r = distinct_add(d, end[i]);
	intake_end(&in);
	return r;
}

static int add_ranges(struct distinct *d, struct intake *nodes)
{
	struct intake_reader in;
	struct intake_edge e;
	int r = intake_begin(&in, nodes);

	while (r >= 0 && (r = intake_next(&in, &e)) > 0)
		for (; r >= 0 && e.dst > 0; e.src++, e.dst--)
			r = distinct_add(d, e.src);
	intake_end(&in);
	return r;
}

/* All numbers, few more than once, into S. */
static int add_keys(struct ids *x, struct intake *edges, struct intake *nodes, struct sort *s)
{
	struct distinct d;
	int r = distinct_open(&d, x->o.look_up, x->o.mem, to_sorter, s);

	if (r == 0)
		r = add_ends(&d, edges);
	if (r == 0)
		r = add_ranges(&d, nodes);
	if (r == 0)
		r = distinct_flush(&d);
	distinct_release(&d);
	return r;
}

/* All numbers, each once, sorted, into x->keys. */
static int sort_keys(struct ids *x, struct intake *edges, struct intake *nodes)
{
	struct sort *s = NULL;
	sort_key key;
	int r;

	r = sorter(&s, x, 1, x->most ? 64 - (unsigned)__builtin_clzll(x->most) : 1, 0, true);
	if (r == 0)
		r = add_keys(x, edges, nodes, s);
	if (r == 0)
		r = sort_finish(s);
	if (r == 0)
		r = spool_open(&x->keys, x->o.backend, x->o.budget / 4, x->o.mem);
	while (r >= 0 && (r = sort_next(s, &key)) > 0) {
		uint64_t number = (uint64_t)key;

		x->key_n++;
		r = spool_add(x->keys, &number, sizeof number);
	}
	sort_close(s);
	return r;
}

static int keys_begin(const struct ids *x, struct spool_reader *r)
{
	return spool_begin(r, x->keys, 0, spool_bytes(x->keys), 64u << 10);
}

static int keys_to_dict(const struct ids *x, struct dict_writer *w)
{
	struct spool_reader in;
	uint64_t number;
	int r = keys_begin(x, &in);

	while (r >= 0 && (r = spool_read(&in, &number, sizeof number)) > 0)
		r = dict_add_number(w, number);
	spool_end(&in);
	return r;
}

/* The keys in memory, and where each value of their high bits begins. */
static int fill_array(struct ids *x)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll((x->most - x->least) | 1);
	unsigned want = 63 - (unsigned)__builtin_clzll(x->key_n | 1);
	struct spool_reader in;
	uint64_t at = 0;
	int r;

	x->shift = bits > want ? bits - want : 0;
	x->index_n = ((x->most - x->least) >> x->shift) + 2;
	x->array = mem_alloc(x->o.mem, 8 * x->key_n);
	x->index = mem_alloc(x->o.mem, 8 * x->index_n);
	if (!x->array || !x->index)
		return ERR_MEMORY;
	r = keys_begin(x, &in);
	for (uint64_t i = 0; i < x->key_n && r >= 0; i++) {
		r = spool_read(&in, &x->array[i], 8);
		if (r < 0)
			break;
		while (at <= (x->array[i] - x->least) >> x->shift)
			x->index[at++] = i;
	}
	spool_end(&in);
	while (at < x->index_n)
		x->index[at++] = x->key_n;
	return r < 0 ? r : 0;
}

static inline uint64_t array_id(const struct ids *x, uint64_t number)
{
	uint64_t high = (number - x->least) >> x->shift;
	uint64_t lo = x->index[high], hi = x->index[high + 1];

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (x->array[mid] <= number)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* --- the join --- */

struct keys {			/* (provisional number, final id), by number */
	struct spool_reader numbers;
	uint64_t number, id, next;
};

static int next_key(struct ids *x, struct keys *k)
{
	sort_key pair;
	int r;

	if (x->pairs) {
		r = sort_next(x->pairs, &pair);
		k->number = (uint64_t)(pair >> 64);
		k->id = (uint64_t)pair;
	} else {
		r = spool_read(&k->numbers, &k->number, 8);
		k->id = k->next++;
	}
	return r == 0 ? err_set(ERR_BUG, "an edge has a key that was not settled") : r;
}

static int sort_ends(struct ids *x, struct intake *edges, struct sort **out)
{
	struct intake_reader in = {0};
	struct intake_edge e;
	sort_key ref = 0;
	int r = sorter(out, x, 2, 128, 64, false);	/* refs come ascending */

	if (r == 0)
		r = intake_begin(&in, edges);
	while (r >= 0 && (r = intake_next(&in, &e)) > 0) {
		r = sort_add(*out, (sort_key)e.src << 64 | ref);
		if (r == 0)
			r = sort_add(*out, (sort_key)e.dst << 64 | (ref + 1));
		ref += 2;
	}
	intake_end(&in);
	return r < 0 ? r : sort_finish(*out);
}

static int merge_ends(struct ids *x, struct sort *ends)
{
	struct keys k = {0};
	bool begun = false;
	sort_key end;
	int r = x->pairs ? 0 : keys_begin(x, &k.numbers);

	while (r >= 0 && (r = sort_next(ends, &end)) > 0) {
		uint64_t number = (uint64_t)(end >> 64);

		while (r > 0 && (!begun || k.number < number)) {
			r = next_key(x, &k);
			begun = true;
		}
		if (r > 0)
			r = sort_add(x->back, end << 64 | k.id);
	}
	spool_end(&k.numbers);
	return r;
}

static int join(struct ids *x, struct intake *edges)
{
	struct sort *ends = NULL;
	int r = sort_ends(x, edges, &ends);

	if (r == 0)
		r = sorter(&x->back, x, 2, 128, 64, false);	/* each ref once */
	if (r == 0)
		r = merge_ends(x, ends);
	sort_close(ends);
	sort_close(x->pairs);
	x->pairs = NULL;
	return r < 0 ? r : sort_finish(x->back);
}

/* --- strings --- */

static int note_id(struct ids *x, uint64_t number, uint64_t id)
{
	if (x->array) {
		x->array[number] = id;
		return 0;
	}
	return sort_add(x->pairs, (sort_key)number << 64 | id);
}

static int strings_to_dict(struct ids *x, struct dict_writer *w)
{
	struct buf before = { .mem = x->o.mem };
	struct bytes text;
	uint64_t number;
	int r;

	while ((r = intern_next(x->strings, &text, &number)) > 0) {
		if (x->key_n == 0 || !bytes_equal(text, buf_bytes(&before))) {
			r = w ? dict_add_string(w, text) : 0;
			buf_clear(&before);
			if (r < 0 || (r = buf_add(&before, text.ptr, text.len)) < 0)
				break;
			x->key_n++;
		}
		r = note_id(x, number, x->key_n - 1);
		if (r < 0)
			break;
	}
	buf_release(&before);
	return r;
}

static int settle_strings(struct ids *x, struct dict_writer *w)
{
	uint64_t n = intern_n(x->strings);
	int r = intern_finish(x->strings);

	x->look_up = 8 * n <= x->o.budget ? TABLE : JOIN;
	if (r == 0 && x->look_up == TABLE && !(x->array = mem_alloc(x->o.mem, 8 * n)))
		r = ERR_MEMORY;
	if (r == 0 && x->look_up == JOIN)
		r = sorter(&x->pairs, x, 2, 128, 64, false);
	if (r == 0)
		r = strings_to_dict(x, w);
	intern_close(x->strings);
	x->strings = NULL;
	if (r == 0 && x->pairs)
		r = sort_finish(x->pairs);
	return r;
}

/* --- all together --- */

static int count_nodes(struct ids *x, struct intake *nodes)
{
	struct intake_reader in;
	struct intake_edge e;
	int r = intake_begin(&in, nodes);

	while (r >= 0 && (r = intake_next(&in, &e)) > 0)
		x->end_n += e.dst;
	intake_end(&in);
	return r;
}

static int collect_numbers(struct ids *x, struct intake *edges, struct intake *nodes)
{
	int r = count_nodes(x, nodes);

	if (r < 0)
		return r;
	if (x->end_n == 0)
		x->least = 0;
	x->look_up = bitmap_fits(x) ? BITMAP : ARRAY;
	return x->look_up == BITMAP ? fill_bits(x, edges, nodes) : sort_keys(x, edges, nodes);
}

static int settle_numbers(struct ids *x, struct dict_writer *w)
{
	int r = 0;

	if (w)
		r = x->look_up == BITMAP ? bits_to_dict(x, w) : keys_to_dict(x, w);
	if (r < 0 || x->look_up == BITMAP)
		return r;
	if (x->key_n > x->o.look_up / 16)	/* array, and an index of as many at most */
		x->look_up = JOIN;
	else
		r = fill_array(x);
	return r;
}

int ids_settle(struct ids *x, struct intake *edges, struct intake *nodes,
	       const struct bytes *type, uint64_t type_n, struct segment_ref *ref)
{
	struct dict_plan plan = { .strings = x->strings != NULL };
	struct dict_writer *w = NULL;
	int r = x->strings ? 0 : collect_numbers(x, edges, nodes);

	plan.key_n = x->key_n;
	plan.first = x->least;
	plan.last = x->most;
	if (r == 0 && ref)
		r = dict_create(&w, &plan, x->o.backend, x->o.store_id, x->o.mem);
	if (r == 0)
		r = x->strings ? settle_strings(x, w) : settle_numbers(x, w);
	if (r == 0 && w) {
		r = dict_finish(w, type, type_n, ref);
		w = NULL;
	}
	dict_abort(w);
	return r == 0 && x->look_up == JOIN ? join(x, edges) : r;
}

int ids_begin(struct ids_reader *r, struct ids *x, struct intake *edges)
{
	r->ids = x;
	return intake_begin(&r->from, edges);
}

int ids_join(struct ids_reader *r, struct ids_reader *of, pthread_mutex_t *mutex)
{
	r->ids = of->ids;
	return intake_join(&r->from, &of->from, mutex);
}

static int next_end(struct ids *x, uint64_t *out)
{
	sort_key end;
	int r = sort_next(x->back, &end);

	*out = (uint64_t)end;
	return r == 0 ? err_set(ERR_BUG, "an edge lost an end in the join") : r;
}

/* The ends of edges that will be asked for soon: of those FAR ahead where their look-up
 * begins, of those NEAR where it ends. */
#define FAR 24u
#define NEAR 12u

static void look_ahead(const struct ids *x, const struct intake_reader *in)
{
	const struct intake_edge *far = in->edge + in->at + FAR, *near = in->edge + in->at + NEAR;

	if (in->at + FAR >= in->n)
		return;
	if (x->look_up == TABLE) {
		__builtin_prefetch(&x->array[far->src]);
		__builtin_prefetch(&x->array[far->dst]);
	} else if (x->look_up == ARRAY) {
		__builtin_prefetch(&x->index[(far->src - x->least) >> x->shift]);
		__builtin_prefetch(&x->index[(far->dst - x->least) >> x->shift]);
		__builtin_prefetch(&x->array[x->index[(near->src - x->least) >> x->shift]]);
		__builtin_prefetch(&x->array[x->index[(near->dst - x->least) >> x->shift]]);
	}
}

int ids_next(struct ids_reader *r, struct intake_edge *out)
{
	struct ids *x = r->ids;
	int ret = intake_next(&r->from, out);

	if (ret <= 0)
		return ret;
	look_ahead(x, &r->from);
	switch (x->look_up) {
	case BITMAP:
		out->src = bitmap_id(x, out->src);
		out->dst = bitmap_id(x, out->dst);
		break;
	case ARRAY:
		out->src = array_id(x, out->src);
		out->dst = array_id(x, out->dst);
		break;
	case TABLE:
		out->src = x->array[out->src];
		out->dst = x->array[out->dst];
		break;
	case JOIN:
		if ((ret = next_end(x, &out->src)) > 0)
			ret = next_end(x, &out->dst);
		break;
	}
	return ret;
}

void ids_end(struct ids_reader *r)
{
	bool first = !r->from.of;

	intake_end(&r->from);
	if (first)
		drop(r->ids);
}
