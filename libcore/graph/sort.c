/* graph/sort.c - radix sort in memory, runs on disk, a heap over them
 *
 * In memory: least significant digit first, 11 bits a digit, digits in which all
 * records agree are skipped.  It is stable, which is what lets `given` leave out
 * low digits.  Runs of one spool are merged at most FAN at a time, so that each
 * reader has a buffer worth a read; merged runs go to the end of the same spool.
 */
#include "graph/sort.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "graph/spool.h"

#define DIGIT_BITS 11
#define DIGIT_N (1u << DIGIT_BITS)
#define FAN_MOST 256u
#define READ_MOST (256u << 10)

struct run {
	uint64_t off, len;
};

struct source {			/* one run in the heap */
	struct spool_reader reader;
	sort_key key;
};

struct sort {
	struct sort_options o;
	size_t record_len, cap_n, n, next;
	uint8_t *items, *other;
	struct spool *spool;
	struct buf runs;		/* struct run[] */
	struct source *heap;
	size_t heap_n, fan;
	sort_key last;
	bool any;
	uint64_t spilled_n;
};

static size_t run_n(const struct sort *s)
{
	return s->runs.len / sizeof(struct run);
}

static struct run run_at(const struct sort *s, size_t i)
{
	return ((const struct run *)s->runs.ptr)[i];
}

int sort_open(struct sort **out, const struct sort_options *o)
{
	struct sort *s = mem_zalloc(o->mem, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	s->o = *o;
	if (s->o.budget < SORT_BUDGET_LEAST)
		s->o.budget = SORT_BUDGET_LEAST;
	s->runs.mem = o->mem;
	s->record_len = 8 * o->words;
	s->cap_n = s->o.budget / 2 / s->record_len;
	if (o->most && s->cap_n > o->most)
		s->cap_n = o->most;
	s->fan = s->o.budget / READ_MOST;
	s->fan = s->fan < 8 ? 8 : s->fan > FAN_MOST ? FAN_MOST : s->fan;
	*out = s;
	return 0;
}

static void heap_release(struct sort *s)
{
	for (size_t i = 0; i < s->heap_n; i++)
		spool_end(&s->heap[i].reader);
	mem_free(s->o.mem, s->heap);
	s->heap = NULL;
	s->heap_n = 0;
}

static void items_release(struct sort *s)
{
	mem_free(s->o.mem, s->items);
	mem_free(s->o.mem, s->other);
	s->items = s->other = NULL;
}

void sort_close(struct sort *s)
{
	if (!s)
		return;
	heap_release(s);
	items_release(s);
	spool_close(s->spool);
	buf_release(&s->runs);
	mem_free(s->o.mem, s);
}

uint64_t sort_run_n(const struct sort *s)
{
	return s->spilled_n;
}

/* One stable pass over 8-byte records by the digit at SHIFT; false when all
 * agree in it and nothing moved. */
static bool pass1(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
	size_t at[DIGIT_N];
	size_t sum = 0;

	memset(at, 0, sizeof at);
	for (size_t i = 0; i < n; i++)
		at[from[i] >> shift & (DIGIT_N - 1)]++;
	if (at[from[0] >> shift & (DIGIT_N - 1)] == n)
		return false;
	for (size_t d = 0; d < DIGIT_N; d++) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i] >> shift & (DIGIT_N - 1)]++] = from[i];
	return true;
}

static bool pass2(const sort_key *from, sort_key *to, size_t n, unsigned shift)
{
	size_t at[DIGIT_N];
	size_t sum = 0;

	memset(at, 0, sizeof at);
	for (size_t i = 0; i < n; i++)
		at[(unsigned)(from[i] >> shift) & (DIGIT_N - 1)]++;
	if (at[(unsigned)(from[0] >> shift) & (DIGIT_N - 1)] == n)
		return false;
	for (size_t d = 0; d < DIGIT_N; d++) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[(unsigned)(from[i] >> shift) & (DIGIT_N - 1)]++] = from[i];
	return true;
}

static void sort_items(struct sort *s)
{
	for (unsigned shift = s->o.given; s->n && shift < s->o.bits; shift += DIGIT_BITS) {
		bool moved = s->o.words == 1 ?
			pass1((void *)s->items, (void *)s->other, s->n, shift) :
			pass2((void *)s->items, (void *)s->other, s->n, shift);

		if (moved) {
			uint8_t *swap = s->items;

			s->items = s->other;
			s->other = swap;
		}
	}
}

static sort_key item_at(const struct sort *s, size_t i)
{
	return s->o.words == 1 ? ((const uint64_t *)s->items)[i] :
		((const sort_key *)s->items)[i];
}

/* Is KEY to come out, given what came before? */
static bool fresh(struct sort *s, sort_key key)
{
	if (s->o.unique && s->any && s->last == key)
		return false;
	s->any = true;
	s->last = key;
	return true;
}

static int end_run(struct sort *s, uint64_t off)
{
	struct run run = { off, spool_bytes(s->spool) - off };

	s->any = false;
	return buf_add(&s->runs, &run, sizeof run);
}

static int spill(struct sort *s)
{
	uint64_t off;
	int r;

	if (!s->spool && (r = spool_open(&s->spool, s->o.backend, 0, s->o.mem)) < 0)
		return r;
	off = spool_bytes(s->spool);
	sort_items(s);
	s->spilled_n++;
	for (size_t i = 0; i < s->n; i++) {
		sort_key key = item_at(s, i);

		if (!fresh(s, key))
			continue;
		r = spool_add(s->spool, &key, s->record_len);
		if (r < 0)
			return r;
	}
	s->n = 0;
	return end_run(s, off);
}

static int draw_items(struct sort *s)
{
	s->items = mem_alloc(s->o.mem, s->cap_n * s->record_len);
	s->other = mem_alloc(s->o.mem, s->cap_n * s->record_len);
	return s->items && s->other ? 0 : ERR_MEMORY;
}

int sort_add(struct sort *s, sort_key key)
{
	int r;

	if (!s->items && (r = draw_items(s)) < 0)
		return r;
	if (s->n == s->cap_n && (r = spill(s)) < 0)
		return r;
	if (s->o.words == 1)
		((uint64_t *)s->items)[s->n++] = (uint64_t)key;
	else
		((sort_key *)s->items)[s->n++] = key;
	return 0;
}

static void sift(struct sort *s, size_t i)
{
	struct source *h = s->heap;

	for (;;) {
		size_t least = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < s->heap_n; c++)
			if (h[c].key < h[least].key)
				least = c;
		if (least == i)
			return;

		struct source swap = h[i];

		h[i] = h[least];
		h[least] = swap;
		i = least;
	}
}

static int source_next(struct sort *s, struct source *src)
{
	src->key = 0;
	return spool_read(&src->reader, &src->key, s->record_len);
}

/* Readers on N runs from FIRST on, each with its least record. */
static int heap_open(struct sort *s, size_t first, size_t n)
{
	size_t buf_len = s->o.budget / 2 / n;
	int r = 0;

	buf_len = buf_len > READ_MOST ? READ_MOST : buf_len & ~(size_t)15;
	s->heap = mem_zalloc(s->o.mem, n * sizeof *s->heap);
	if (!s->heap)
		return ERR_MEMORY;
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct run run = run_at(s, first + i);

		s->heap_n = i + 1;
		r = spool_begin(&s->heap[i].reader, s->spool, run.off, run.len, buf_len);
		if (r == 0)
			r = source_next(s, &s->heap[i]);	/* no run is empty */
	}
	for (size_t i = n / 2; i-- > 0 && r >= 0;)
		sift(s, i);
	return r < 0 ? r : 0;
}

static int heap_next(struct sort *s, sort_key *out)
{
	int r;

	if (s->heap_n == 0)
		return 0;
	*out = s->heap[0].key;
	r = source_next(s, &s->heap[0]);
	if (r < 0)
		return r;
	if (r == 0) {
		spool_end(&s->heap[0].reader);
		s->heap[0] = s->heap[--s->heap_n];
	}
	sift(s, 0);
	return 1;
}

static int merge_some(struct sort *s)
{
	uint64_t off = spool_bytes(s->spool);
	size_t n = s->fan;
	sort_key key;
	int r;

	r = heap_open(s, 0, n);
	while (r >= 0 && (r = heap_next(s, &key)) > 0)
		if (fresh(s, key))
			r = spool_add(s->spool, &key, s->record_len);
	heap_release(s);
	if (r < 0)
		return r;
	memmove(s->runs.ptr, s->runs.ptr + n * sizeof(struct run),
		s->runs.len - n * sizeof(struct run));
	s->runs.len -= n * sizeof(struct run);
	return end_run(s, off);
}

int sort_finish(struct sort *s)
{
	int r = 0;

	if (run_n(s) == 0) {
		sort_items(s);
		mem_free(s->o.mem, s->other);
		s->other = NULL;
		return 0;
	}
	if (s->n)
		r = spill(s);
	items_release(s);
	while (r >= 0 && run_n(s) > s->fan)
		r = merge_some(s);
	return r < 0 ? r : heap_open(s, 0, run_n(s));
}

int sort_next(struct sort *s, sort_key *out)
{
	int r = 1;

	do {
		if (s->spool)
			r = heap_next(s, out);
		else if (s->next == s->n)
			r = 0;
		else
			*out = item_at(s, s->next++);
	} while (r > 0 && !fresh(s, *out));
	return r;
}
