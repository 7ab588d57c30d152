/* graph/records.c - an arena of records, sorted by radix; runs on disk, a heap over them
 *
 * In memory and in a run a record is its head (key, length), then its bytes.  The order
 * is made word by word, the least significant first, each pass stable.  Runs lie in one
 * spool and are merged at most FAN at a time, neighbours with neighbours, so that equal
 * keys stay in the order they came; merged runs go to the end of the same spool.
 */
#include "graph/records.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/radix.h"
#include "graph/spool.h"

#define READ_MOST ((size_t)256 << 10)
#define READ_LEAST ((size_t)16 << 10)
#define FAN_MOST 64u

struct head {
	struct records_key key;
	uint32_t len;
};

struct run {
	uint64_t off, len;
};

struct source {			/* one run in the heap */
	struct spool_reader reader;
	struct head head;	/* of the record at hand, whose bytes are not read yet */
	size_t turn;		/* among runs: earlier ones first */
};

struct records {
	struct mem *mem;
	struct backend *backend;
	size_t arena_cap, slot_cap;
	uint8_t *arena;
	size_t arena_len, slot_n, next;
	struct radix_pair *slot, *other, *order;	/* value: where in the arena, / 8 */
	struct spool *spool;
	struct buf runs;		/* struct run[] */
	struct source *source;		/* as a heap of indices */
	size_t *heap, heap_n, source_n;
	struct buf record;		/* of the first of the heap: only one is held */
	bool given;			/* the first of the heap went out */
	uint64_t n, spilled_n;
};

int records_open(struct records **out, struct backend *b, size_t budget, struct mem *mem)
{
	struct records *s = mem_zalloc(mem, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	if (budget < RECORDS_BUDGET_LEAST)
		budget = RECORDS_BUDGET_LEAST;
	s->mem = mem;
	s->backend = b;
	s->runs.mem = s->record.mem = mem;
	s->arena_cap = budget / 2;
	s->slot_cap = budget / 4 / sizeof *s->slot;
	*out = s;
	return 0;
}

static void arena_release(struct records *s)
{
	mem_free(s->mem, s->arena);
	mem_free(s->mem, s->slot);
	mem_free(s->mem, s->other);
	s->arena = NULL;
	s->slot = s->other = s->order = NULL;
	s->slot_n = s->arena_len = 0;
}

static void sources_release(struct records *s)
{
	for (size_t i = 0; i < s->source_n; i++)
		spool_end(&s->source[i].reader);
	mem_free(s->mem, s->source);
	mem_free(s->mem, s->heap);
	s->source = NULL;
	s->heap = NULL;
	s->source_n = s->heap_n = 0;
}

void records_close(struct records *s)
{
	if (!s)
		return;
	sources_release(s);
	arena_release(s);
	spool_close(s->spool);
	buf_release(&s->runs);
	buf_release(&s->record);
	mem_free(s->mem, s);
}

uint64_t records_n(const struct records *s)
{
	return s->n;
}

uint64_t records_run_n(const struct records *s)
{
	return s->spilled_n;
}

/* --- in memory --- */

static struct head head_at(const struct records *s, const struct radix_pair *p)
{
	struct head h;

	memcpy(&h, s->arena + p->value * 8, sizeof h);
	return h;
}

static void sort_slots(struct records *s)
{
	struct radix_pair *from = s->slot, *to = s->other, *done;

	for (int word = RECORDS_WORDS; word-- > 0;) {
		uint64_t all = 0;

		for (size_t i = 0; i < s->slot_n; i++) {
			memcpy(&from[i].key, s->arena + from[i].value * 8 + (size_t)word * 8, 8);
			all |= from[i].key;
		}
		if (!all)
			continue;
		done = radix_sort_pairs(from, to, s->slot_n,
					64 - (unsigned)__builtin_clzll(all));
		to = done == from ? to : from;
		from = done;
	}
	s->order = from;
}

static int spill(struct records *s)
{
	struct run run;
	int r = s->spool ? 0 : spool_open(&s->spool, s->backend, 0, s->mem);

	if (r < 0)
		return r;
	sort_slots(s);
	run.off = spool_bytes(s->spool);
	for (size_t i = 0; r == 0 && i < s->slot_n; i++) {
		struct head h = head_at(s, &s->order[i]);

		r = spool_add(s->spool, s->arena + s->order[i].value * 8, sizeof h + h.len);
	}
	run.len = spool_bytes(s->spool) - run.off;
	s->slot_n = s->arena_len = 0;
	s->spilled_n++;
	return r < 0 ? r : buf_add(&s->runs, &run, sizeof run);
}

/* Room for LEN bytes and a slot. */
static int make_room(struct records *s, size_t len)
{
	int r = 0;

	if (s->slot_n && (s->arena_len + len > s->arena_cap || s->slot_n == s->slot_cap))
		r = spill(s);
	if (r == 0 && (!s->arena || len > s->arena_cap)) {
		arena_release(s);
		s->arena_cap = len > s->arena_cap ? len : s->arena_cap;
		s->arena = mem_alloc(s->mem, s->arena_cap);
		s->slot = mem_alloc(s->mem, s->slot_cap * sizeof *s->slot);
		s->other = mem_alloc(s->mem, s->slot_cap * sizeof *s->slot);
		if (!s->arena || !s->slot || !s->other)
			r = ERR_MEMORY;
	}
	return r;
}

int records_add(struct records *s, const struct records_key *key, struct bytes record)
{
	struct head h;
	size_t len = (sizeof h + record.len + 7) & ~(size_t)7;
	int r;

	if (record.len > UINT32_MAX)
		return err_set(ERR_BUG, "records: %zu bytes", record.len);
	r = make_room(s, len);
	if (r < 0)
		return r;
	memset(&h, 0, sizeof h);
	h.key = *key;
	h.len = (uint32_t)record.len;
	memcpy(s->arena + s->arena_len, &h, sizeof h);
	if (record.len)
		memcpy(s->arena + s->arena_len + sizeof h, record.ptr, record.len);
	s->slot[s->slot_n++].value = s->arena_len / 8;
	s->arena_len += len;
	s->n++;
	return 0;
}

/* --- runs --- */

static size_t run_n(const struct records *s)
{
	return s->runs.len / sizeof(struct run);
}

static bool before(const struct source *a, const struct source *b)
{
	for (int i = 0; i < RECORDS_WORDS; i++)
		if (a->head.key.word[i] != b->head.key.word[i])
			return a->head.key.word[i] < b->head.key.word[i];
	return a->turn < b->turn;
}

/* The head of a run's next record: 1, 0 at its end. */
static int source_next(struct source *x)
{
	return spool_read(&x->reader, &x->head, sizeof x->head);
}

/* The bytes behind it. */
static int source_record(struct source *x, struct buf *out)
{
	int r;

	buf_clear(out);
	r = buf_reserve(out, x->head.len);
	if (r == 0 && x->head.len)
		r = spool_read(&x->reader, out->ptr, x->head.len);
	out->len = x->head.len;
	return r < 0 ? r : 1;
}

static void sink(struct records *s, size_t i)
{
	for (;;) {
		size_t first = i, swap;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < s->heap_n; c++)
			if (before(&s->source[s->heap[c]], &s->source[s->heap[first]]))
				first = c;
		if (first == i)
			return;
		swap = s->heap[i];
		s->heap[i] = s->heap[first];
		s->heap[first] = swap;
		i = first;
	}
}

static size_t fan(const struct records *s)
{
	size_t n = (s->arena_cap + s->slot_cap * 2 * sizeof *s->slot) / READ_LEAST / 2;

	return n < 2 ? 2 : n > FAN_MOST ? FAN_MOST : n;
}

/* Runs FIRST to before END into a heap. */
static int heap_open(struct records *s, size_t first, size_t end)
{
	size_t each = (s->arena_cap + s->slot_cap * 2 * sizeof *s->slot) / 2 / (end - first);
	int r = 0;

	each = each < READ_LEAST ? READ_LEAST : each > READ_MOST ? READ_MOST : each;
	s->source = mem_zalloc(s->mem, (end - first) * sizeof *s->source);
	s->heap = mem_alloc(s->mem, (end - first) * sizeof *s->heap);
	if (!s->source || !s->heap)
		return ERR_MEMORY;
	for (size_t i = first; r >= 0 && i < end; i++) {
		struct run run = ((const struct run *)s->runs.ptr)[i];
		struct source *x = &s->source[s->source_n];

		x->turn = s->source_n++;
		r = spool_begin(&x->reader, s->spool, run.off, run.len, each);
		if (r == 0)
			r = source_next(x);
		if (r > 0)
			s->heap[s->heap_n++] = x->turn;
	}
	for (size_t i = s->heap_n; r >= 0 && i-- > 0;)
		sink(s, i);
	s->given = false;
	return r < 0 ? r : 0;
}

/* 1 and the source whose record is next, which is in s->record. */
static int heap_next(struct records *s, struct source **out)
{
	int r = 1;

	if (s->given && s->heap_n) {
		r = source_next(&s->source[s->heap[0]]);
		if (r == 0)
			s->heap[0] = s->heap[--s->heap_n];
		if (r >= 0)
			sink(s, 0);
	}
	s->given = r >= 0;
	if (r < 0 || s->heap_n == 0)
		return r < 0 ? r : 0;
	*out = &s->source[s->heap[0]];
	return source_record(*out, &s->record);
}

static int merge_some(struct records *s, size_t first, size_t end, struct run *out)
{
	struct source *x;
	int r = heap_open(s, first, end);

	out->off = spool_bytes(s->spool);
	while (r >= 0 && (r = heap_next(s, &x)) > 0) {
		r = spool_add(s->spool, &x->head, sizeof x->head);
		if (r == 0)
			r = spool_add(s->spool, s->record.ptr, x->head.len);
	}
	out->len = spool_bytes(s->spool) - out->off;
	sources_release(s);
	return r;
}

/* All runs into a fan-th as many. */
static int merge_round(struct records *s)
{
	size_t n = run_n(s), to = 0, step = fan(s);
	int r = 0;

	for (size_t first = 0; r == 0 && first < n; first += step) {
		size_t end = first + step < n ? first + step : n;
		struct run run = ((struct run *)s->runs.ptr)[first];

		if (end - first > 1)
			r = merge_some(s, first, end, &run);
		((struct run *)s->runs.ptr)[to++] = run;
	}
	s->runs.len = to * sizeof(struct run);
	return r;
}

int records_finish(struct records *s)
{
	int r = 0;

	if (!s->spool) {
		if (s->slot_n)
			sort_slots(s);
		return 0;
	}
	if (s->slot_n)
		r = spill(s);
	arena_release(s);
	while (r == 0 && run_n(s) > fan(s))
		r = merge_round(s);
	return r < 0 ? r : heap_open(s, 0, run_n(s));
}

int records_next(struct records *s, struct records_key *key, struct bytes *record)
{
	struct source *x;
	struct head h;
	int r;

	if (s->spool) {
		r = heap_next(s, &x);
		if (r > 0) {
			*key = x->head.key;
			*record = buf_bytes(&s->record);
		}
		return r;
	}
	if (s->next == s->slot_n)
		return 0;
	h = head_at(s, &s->order[s->next]);
	*key = h.key;
	*record = bytes_of(s->arena + s->order[s->next++].value * 8 + sizeof h, h.len);
	return 1;
}
