/* graph/intern.c - open addressing over an arena; runs and a heap when it is full
 *
 * The arena is rows (number, length, hash, bytes) as they came, in blocks that
 * never move; a run is the same in byte order.  Looking up takes no lock beside the
 * shared one: a slot is published after its row is whole.  New rows are added by
 * one thread at a time; what moves things - more slots, a spill - is done alone.
 * More runs than FAN are merged FAN at a time, the result at the end of the same
 * spool.
 */
#include "graph/intern.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/spool.h"

#define SLOTS_LEAST 1024u
#define READ_LEN (64u << 10)
#define OFF_BITS 40			/* of a slot: where its row begins in the arena */
#define BLOCK_BITS 17			/* of that: where in its block */
#define BLOCK_LEN (1u << BLOCK_BITS)	/* the most; the first ones are smaller */
#define BLOCK_LEAST 4096u
#define BATCH 256u			/* look-ups whose misses of the cache overlap */
#define DIGIT 256u
#define AHEAD 16u
#define LINE 64				/* of the cache */

struct row {				/* of the arena, and of a run; its bytes follow */
	uint64_t number;
	uint32_t len, hash;
};

struct block {
	uint8_t *rows;
	uint32_t len, cap;		/* the last one's len is `filled` until the next comes */
};

struct sorted {			/* a row on its way into order */
	uint64_t head;		/* bytes of it, as a number that compares alike */
	const struct row *row;
};

struct source {
	struct spool_reader reader;
	struct row row;
	struct buf text;
};

struct run {
	uint64_t off, len;
};

struct intern {
	struct mem *mem;
	struct backend *backend;
	size_t budget;
	pthread_rwlock_t lock;		/* held alone by who moves or drops anything */
	struct block *block;
	uint64_t block_n, block_cap, arena_cap;
	_Atomic uint64_t *slots;	/* hash's high bits, then off + 1; 0: free */
	uint64_t slot_n;
	uint8_t apart[LINE];	/* what changes with each row, from what all look-ups read */
	pthread_mutex_t adding;
	uint64_t entry_n, n;		/* rows in the arena; numbers given */
	uint32_t filled;		/* bytes of the last block */
	uint8_t apart_again[LINE];
	struct sorted *order;
	size_t common;			/* bytes at the begin that all rows in order share */
	uint64_t next;
	struct spool *spool;
	struct buf runs;
	struct source *heap;
	size_t heap_n, fan;
	bool pending;			/* heap[0] was handed out: move it on first */
};

static struct row *row_at(const struct intern *t, uint64_t off)
{
	return (struct row *)(t->block[off >> BLOCK_BITS].rows + (off & (BLOCK_LEN - 1)));
}

static struct bytes text_of(const struct row *row)
{
	return bytes_of(row + 1, row->len);
}

static uint32_t row_len(size_t text_len)
{
	return (uint32_t)((sizeof(struct row) + text_len + 7) / 8 * 8);
}

/* It is held for one row: who waits spins a while, sleeping and being woken cost more. */
static void init_adding(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
}

int intern_open(struct intern **out, struct backend *b, size_t budget, struct mem *mem)
{
	struct intern *t = mem_zalloc(mem, sizeof *t);

	if (!t)
		return ERR_MEMORY;
	t->mem = t->runs.mem = mem;
	t->backend = b;
	t->budget = budget && budget < INTERN_BUDGET_LEAST ? INTERN_BUDGET_LEAST : budget;
	t->fan = t->budget / (4 * READ_LEN);
	t->fan = t->fan < 4 ? 4 : t->fan > 64 ? 64 : t->fan;
	pthread_rwlock_init(&t->lock, NULL);
	init_adding(&t->adding);
	*out = t;
	return 0;
}

static void heap_release(struct intern *t)
{
	for (size_t i = 0; i < t->heap_n; i++) {
		spool_end(&t->heap[i].reader);
		buf_release(&t->heap[i].text);
	}
	mem_free(t->mem, t->heap);
	t->heap = NULL;
	t->heap_n = 0;
	t->pending = false;
}

static void slots_release(struct intern *t)
{
	mem_free(t->mem, (void *)t->slots);
	t->slots = NULL;
	t->slot_n = 0;
}

static void table_release(struct intern *t)
{
	for (uint64_t i = 0; i < t->block_n; i++)
		mem_free(t->mem, t->block[i].rows);
	mem_free(t->mem, t->block);
	mem_free(t->mem, t->order);
	slots_release(t);
	t->block = NULL;
	t->order = NULL;
	t->block_n = t->block_cap = t->arena_cap = t->entry_n = 0;
	t->filled = 0;
}

void intern_close(struct intern *t)
{
	if (!t)
		return;
	heap_release(t);
	table_release(t);
	spool_close(t->spool);
	buf_release(&t->runs);
	pthread_rwlock_destroy(&t->lock);
	pthread_mutex_destroy(&t->adding);
	mem_free(t->mem, t);
}

uint64_t intern_n(const struct intern *t)
{
	return t->n;
}

/* --- order --- */

/* Eight bytes behind the first SKIP.  A text that ends there is less than one that
 * goes on, but for zeros: then more than the head decides. */
static uint64_t head_of(struct bytes text, size_t skip)
{
	uint8_t b[8] = {0};
	uint64_t x;

	if (text.len > skip)
		memcpy(b, text.ptr + skip, text.len - skip < 8 ? text.len - skip : 8);
	memcpy(&x, b, 8);
	return be64toh(x);
}

static int by_text(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	return bytes_cmp(text_of(x->row), text_of(y->row));
}

/* Is there a row at OFF, or behind it in another block?  Then OFF is where it is. */
static bool walk(const struct intern *t, uint64_t *off)
{
	uint64_t i = *off >> BLOCK_BITS;

	for (; i < t->block_n; *off = ++i << BLOCK_BITS)
		if ((*off & (BLOCK_LEN - 1)) < (i + 1 < t->block_n ? t->block[i].len : t->filled))
			return true;
	return false;
}

/* All rows as they came, with their heads. */
static void collect(struct intern *t)
{
	struct bytes first = {0};
	uint64_t i = 0;

	for (uint64_t off = 0; walk(t, &off); off += row_len(row_at(t, off)->len)) {
		struct bytes text = text_of(row_at(t, off));

		t->order[i++].row = row_at(t, off);
		if (i == 1) {
			first = text;
			t->common = text.len;
		}
		if (text.len < t->common || memcmp(text.ptr, first.ptr, t->common) != 0)
			t->common = bytes_common(text, bytes_of(first.ptr, t->common));
	}
	for (i = 0; i < t->entry_n; i++)
		t->order[i].head = head_of(text_of(t->order[i].row), t->common);
}

/* By one byte of the head; stable. */
static void sort_by_digit(const struct sorted *from, struct sorted *to, uint64_t n,
			  const uint64_t count[DIGIT], unsigned shift)
{
	uint64_t at[DIGIT], sum = 0;

	for (unsigned d = 0; d < DIGIT; d++) {
		at[d] = sum;
		sum += count[d];
	}
	for (uint64_t i = 0; i < n; i++)
		to[at[from[i].head >> shift & (DIGIT - 1)]++] = from[i];
}

static void count_digits(const struct sorted *from, uint64_t n, uint64_t count[8][DIGIT])
{
	memset(count, 0, 8 * DIGIT * sizeof count[0][0]);
	for (uint64_t i = 0; i < n; i++)
		for (unsigned k = 0; k < 8; k++)
			count[k][from[i].head >> 8 * k & (DIGIT - 1)]++;
}

static void sort_by_heads(struct sorted **order, struct sorted **other, uint64_t n)
{
	uint64_t count[8][DIGIT];

	count_digits(*order, n, count);
	for (unsigned k = 0; k < 8; k++) {
		struct sorted *swap = *other;

		if (count[k][(*order)[0].head >> 8 * k & (DIGIT - 1)] == n)
			continue;	/* the same in all */
		sort_by_digit(*order, swap, n, count[k], 8 * k);
		*other = *order;
		*order = swap;
	}
}

static int order_table(struct intern *t)
{
	struct sorted *other;
	uint64_t n = t->entry_n;

	slots_release(t);
	t->order = mem_alloc(t->mem, n * sizeof *t->order);
	other = mem_alloc(t->mem, n * sizeof *other);
	if (!t->order || !other) {
		mem_free(t->mem, other);
		return ERR_MEMORY;
	}
	collect(t);
	if (n)
		sort_by_heads(&t->order, &other, n);
	mem_free(t->mem, other);
	for (uint64_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && t->order[end].head == t->order[i].head; end++)
			;
		if (end - i > 1)
			qsort(t->order + i, end - i, sizeof *t->order, by_text);
	}
	return 0;
}

/* --- runs --- */

static int put_row(struct intern *t, struct bytes text, uint64_t number)
{
	struct row row = { number, (uint32_t)text.len, 0 };
	int r = spool_add(t->spool, &row, sizeof row);

	return r < 0 ? r : spool_add(t->spool, text.ptr, text.len);
}

static int end_run(struct intern *t, uint64_t off)
{
	struct run run = { off, spool_bytes(t->spool) - off };

	return buf_add(&t->runs, &run, sizeof run);
}

static size_t run_n(const struct intern *t)
{
	return t->runs.len / sizeof(struct run);
}

static int spill(struct intern *t)
{
	uint64_t off;
	int r = order_table(t);

	if (r == 0 && !t->spool)
		r = spool_open(&t->spool, t->backend, 0, t->mem);
	if (r < 0)
		return r;
	off = spool_bytes(t->spool);
	for (uint64_t i = 0; i < t->entry_n && r == 0; i++) {
		const struct row *row = t->order[i].row;

		r = put_row(t, text_of(row), row->number);
	}
	table_release(t);
	return r < 0 ? r : end_run(t, off);
}

/* --- the table --- */

static uint64_t slot_of(uint32_t hash, uint64_t off)
{
	return (uint64_t)(hash >> 8) << OFF_BITS | (off + 1);
}

static uint64_t off_of(uint64_t slot)
{
	return (slot & ((1ull << OFF_BITS) - 1)) - 1;
}

static uint64_t load(const struct intern *t, uint64_t i)
{
	return atomic_load_explicit(&t->slots[i & (t->slot_n - 1)], memory_order_acquire);
}

static void place(struct intern *t, uint64_t off)
{
	uint32_t hash = row_at(t, off)->hash;
	uint64_t i = hash & (t->slot_n - 1);

	while (t->slots[i])
		i = (i + 1) & (t->slot_n - 1);
	atomic_store_explicit(&t->slots[i], slot_of(hash, off), memory_order_release);
}

static bool is_text(const struct row *row, struct bytes text)
{
	const uint8_t *a = (const uint8_t *)(row + 1), *b = text.ptr;
	uint64_t x[4];

	if (row->len != text.len)
		return false;
	if (text.len < 8 || text.len > 16)
		return text.len == 0 || memcmp(a, b, text.len) == 0;
	memcpy(&x[0], a, 8);		/* the common lengths, without a call */
	memcpy(&x[1], b, 8);
	memcpy(&x[2], a + text.len - 8, 8);
	memcpy(&x[3], b + text.len - 8, 8);
	return x[0] == x[1] && x[2] == x[3];
}

/* The high bits of the hash in the slot spare most looks at rows that differ. */
static const struct row *find(const struct intern *t, struct bytes text, uint32_t hash)
{
	uint64_t slot;

	for (uint64_t i = hash; (slot = load(t, i)) != 0; i++) {
		const struct row *row = row_at(t, off_of(slot));

		if (slot >> OFF_BITS == hash >> 8 && is_text(row, text))
			return row;
	}
	return NULL;
}

/* Is there a block with room for a row, and a slot? */
static bool has_room(const struct intern *t, size_t text_len)
{
	return 2 * (t->entry_n + 1) <= t->slot_n && t->block_n &&
		t->block[t->block_n - 1].cap - t->filled >= row_len(text_len);
}

/* With the mutex: a new row, for which there is room. */
static const struct row *add_row(struct intern *t, struct bytes text, uint32_t hash)
{
	uint64_t off = (t->block_n - 1) << BLOCK_BITS | t->filled;
	struct row *row = row_at(t, off);

	*row = (struct row){ t->n++, (uint32_t)text.len, hash };
	if (text.len)
		memcpy(row + 1, text.ptr, text.len);
	place(t, off);
	t->filled += row_len(text.len);
	t->entry_n++;
	return row;
}

/* The row of TEXT, a new one if there is none yet; NULL: there is no room for it. */
static const struct row *find_or_add(struct intern *t, struct bytes text, uint32_t hash)
{
	const struct row *row = find(t, text, hash);

	if (row)
		return row;
	pthread_mutex_lock(&t->adding);
	row = find(t, text, hash);	/* somebody else may have been faster */
	if (!row && has_room(t, text.len))
		row = add_row(t, text, hash);
	pthread_mutex_unlock(&t->adding);
	return row;
}

/* With the lock, shared: the numbers of the first of N <= BATCH texts, as many as
 * there is room for; how many. */
static size_t look_up(struct intern *t, const struct bytes *text, size_t n, uint64_t *number)
{
	uint32_t hash[BATCH];
	size_t i;

	if (!t->slot_n)
		return 0;
	for (i = 0; i < n; i++) {
		hash[i] = (uint32_t)(hash64(0, text[i].ptr, text[i].len) >> 32);
		__builtin_prefetch((const void *)&t->slots[hash[i] & (t->slot_n - 1)]);
	}
	for (i = 0; i < n; i++) {
		uint64_t slot = load(t, hash[i]);

		if (slot)
			__builtin_prefetch(row_at(t, off_of(slot)));
	}
	for (i = 0; i < n; i++) {
		const struct row *row = find_or_add(t, text[i], hash[i]);

		if (!row)
			break;
		number[i] = row->number;
	}
	return i;
}

/* --- making room; all this with the lock alone --- */

/* What the table would take with twice the slots, or when it is put in order. */
static bool is_full(const struct intern *t, size_t text_len)
{
	uint64_t slots = t->slot_n * 8, order = 2 * t->entry_n * sizeof(struct sorted);

	if (2 * (t->entry_n + 1) > t->slot_n)
		slots *= 3;
	return t->budget && t->entry_n &&
		t->arena_cap + row_len(text_len) + (slots > order ? slots : order) > t->budget;
}

static int more_slots(struct intern *t)
{
	uint64_t n = t->slot_n ? 2 * t->slot_n : SLOTS_LEAST;
	_Atomic uint64_t *slots;

	if (n > UINT32_MAX)
		return err_set(ERR_MEMORY, "more than %u strings in memory", UINT32_MAX / 2);
	slots = mem_zalloc(t->mem, n * sizeof *slots);
	if (!slots)
		return ERR_MEMORY;
	slots_release(t);
	t->slots = slots;
	t->slot_n = n;
	for (uint64_t off = 0; walk(t, &off); off += row_len(row_at(t, off)->len))
		place(t, off);
	return 0;
}

static int more_blocks(struct intern *t)
{
	uint64_t cap = t->block_cap ? 2 * t->block_cap : 16;
	struct block *block;

	if (t->block_n < t->block_cap)
		return 0;
	if (cap > 1ull << (OFF_BITS - BLOCK_BITS))
		return err_set(ERR_MEMORY, "more than 1 TiB of strings in memory");
	block = mem_resize(t->mem, t->block, cap * sizeof *block);
	if (!block)
		return ERR_MEMORY;
	t->block = block;
	t->block_cap = cap;
	return 0;
}

/* Blocks grow with what there is already, so that a few strings cost little. */
static int add_block(struct intern *t, uint32_t need)
{
	uint64_t cap = t->arena_cap < BLOCK_LEAST ? BLOCK_LEAST : t->arena_cap;
	struct block *b;

	cap = cap > BLOCK_LEN ? BLOCK_LEN : cap < need ? need : cap;
	if (more_blocks(t) < 0)
		return ERR_MEMORY;
	b = &t->block[t->block_n];
	*b = (struct block){ .rows = mem_alloc(t->mem, cap), .cap = (uint32_t)cap };
	if (!b->rows)
		return ERR_MEMORY;
	if (t->block_n)
		b[-1].len = t->filled;
	t->filled = 0;
	t->block_n++;
	t->arena_cap += cap;
	return 0;
}

static int make_room(struct intern *t, size_t text_len)
{
	int r = 0;

	if (has_room(t, text_len))	/* somebody else made it */
		return 0;
	if (is_full(t, text_len) && (r = spill(t)) < 0)
		return r;
	if (2 * (t->entry_n + 1) > t->slot_n && (r = more_slots(t)) < 0)
		return r;
	return has_room(t, text_len) ? 0 : add_block(t, row_len(text_len));
}

int intern_add_many(struct intern *t, const struct bytes *text, size_t n, uint64_t *number)
{
	size_t done;
	int r = 0;

	for (; n > 0 && r == 0; text += done, number += done, n -= done) {
		size_t some = n < BATCH ? n : BATCH;

		pthread_rwlock_rdlock(&t->lock);
		done = look_up(t, text, some, number);
		pthread_rwlock_unlock(&t->lock);
		if (done == some)
			continue;
		pthread_rwlock_wrlock(&t->lock);
		r = make_room(t, text[done].len);
		pthread_rwlock_unlock(&t->lock);
	}
	return r;
}

int intern_add(struct intern *t, struct bytes text, uint64_t *number)
{
	return intern_add_many(t, &text, 1, number);
}

/* --- out --- */

static bool less(const struct source *a, const struct source *b)
{
	int c = bytes_cmp(buf_bytes(&a->text), buf_bytes(&b->text));

	return c ? c < 0 : a->row.number < b->row.number;
}

static void sift(struct intern *t, size_t i)
{
	struct source *h = t->heap;

	for (;;) {
		size_t least = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < t->heap_n; c++)
			if (less(&h[c], &h[least]))
				least = c;
		if (least == i)
			return;

		struct source swap = h[i];

		h[i] = h[least];
		h[least] = swap;
		i = least;
	}
}

static int source_next(struct source *s)
{
	int r = spool_read(&s->reader, &s->row, sizeof s->row);

	if (r <= 0)
		return r;
	buf_clear(&s->text);
	if (s->row.len == 0)
		return 1;
	r = buf_reserve(&s->text, s->row.len);
	if (r < 0)
		return r;
	s->text.len = s->row.len;
	return spool_read(&s->reader, s->text.ptr, s->row.len);
}

static int heap_open(struct intern *t, size_t n)
{
	int r = 0;

	t->heap = mem_zalloc(t->mem, n * sizeof *t->heap);
	if (!t->heap)
		return ERR_MEMORY;
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct run run = ((const struct run *)t->runs.ptr)[i];

		t->heap_n = i + 1;
		t->heap[i].text.mem = t->mem;
		r = spool_begin(&t->heap[i].reader, t->spool, run.off, run.len, READ_LEN);
		if (r == 0)
			r = source_next(&t->heap[i]);
	}
	for (size_t i = n / 2; i-- > 0 && r >= 0;)
		sift(t, i);
	return r < 0 ? r : 0;
}

/* The heap's least moves on: it was handed out by the call before. */
static int heap_move(struct intern *t)
{
	int r = source_next(&t->heap[0]);

	t->pending = false;
	if (r < 0)
		return r;
	if (r == 0) {
		spool_end(&t->heap[0].reader);
		buf_release(&t->heap[0].text);
		t->heap[0] = t->heap[--t->heap_n];
	}
	sift(t, 0);
	return 0;
}

static int heap_next(struct intern *t, struct bytes *text, uint64_t *number)
{
	int r = t->pending ? heap_move(t) : 0;

	if (r < 0 || t->heap_n == 0)
		return r;
	*text = buf_bytes(&t->heap[0].text);
	*number = t->heap[0].row.number;
	t->pending = true;
	return 1;
}

static int merge_some(struct intern *t)
{
	uint64_t off = spool_bytes(t->spool), number = 0;
	struct bytes text = {0};
	int r = heap_open(t, t->fan);

	while (r >= 0 && (r = heap_next(t, &text, &number)) > 0)
		r = put_row(t, text, number);
	heap_release(t);
	if (r < 0)
		return r;
	t->runs.len -= t->fan * sizeof(struct run);
	memmove(t->runs.ptr, t->runs.ptr + t->fan * sizeof(struct run), t->runs.len);
	return end_run(t, off);
}

int intern_finish(struct intern *t)
{
	int r = 0;

	if (!t->spool)
		return order_table(t);
	if (t->entry_n)
		r = spill(t);
	while (r == 0 && run_n(t) > t->fan)
		r = merge_some(t);
	return r < 0 ? r : heap_open(t, run_n(t));
}

int intern_next(struct intern *t, struct bytes *text, uint64_t *number)
{
	const struct row *row;

	if (t->spool)
		return heap_next(t, text, number);
	if (t->next == t->entry_n)
		return 0;
	if (t->next + AHEAD < t->entry_n)	/* in their order, rows lie anywhere */
		__builtin_prefetch(t->order[t->next + AHEAD].row);
	row = t->order[t->next++].row;
	*text = text_of(row);
	*number = row->number;
	return 1;
}
