/* graph/intern.c - open addressing over an arena; runs and a heap when it is full
 *
 * The arena is rows (number, length, hash, bytes) as they came; a run is the same in
 * byte order.  More runs than FAN are
 * merged FAN at a time, the result at the end of the same spool.
 */
#include "graph/intern.h"

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

struct row {				/* of the arena, and of a run; its bytes follow */
	uint64_t number;
	uint32_t len, hash;
};

struct sorted {			/* a row on its way into order */
	uint64_t head;		/* its first bytes, as a number that compares alike */
	uint64_t off;
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
	struct buf arena;		/* rows, each from a multiple of 8 on */
	uint64_t *slots;		/* hash's high bits, then off + 1; 0: free */
	uint64_t slot_n, entry_n, n;	/* entry_n: rows in the arena */
	struct sorted *order;
	uint64_t next;
	struct spool *spool;
	struct buf runs;
	struct source *heap;
	size_t heap_n, fan;
	bool pending;			/* heap[0] was handed out: move it on first */
};

static struct row *row_at(const struct intern *t, uint64_t off)
{
	return (struct row *)(t->arena.ptr + off);
}

static struct bytes text_of(const struct row *row)
{
	return bytes_of(row + 1, row->len);
}

static uint64_t after(const struct intern *t, uint64_t off)
{
	return off + (sizeof(struct row) + row_at(t, off)->len + 7) / 8 * 8;
}

int intern_open(struct intern **out, struct backend *b, size_t budget, struct mem *mem)
{
	struct intern *t = mem_zalloc(mem, sizeof *t);

	if (!t)
		return ERR_MEMORY;
	t->mem = t->arena.mem = t->runs.mem = mem;
	t->backend = b;
	t->budget = budget && budget < INTERN_BUDGET_LEAST ? INTERN_BUDGET_LEAST : budget;
	t->fan = t->budget / (4 * READ_LEN);
	t->fan = t->fan < 4 ? 4 : t->fan > 64 ? 64 : t->fan;
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

static void table_release(struct intern *t)
{
	buf_release(&t->arena);
	mem_free(t->mem, t->slots);
	mem_free(t->mem, t->order);
	t->slots = NULL;
	t->order = NULL;
	t->slot_n = t->entry_n = 0;
}

void intern_close(struct intern *t)
{
	if (!t)
		return;
	heap_release(t);
	table_release(t);
	spool_close(t->spool);
	buf_release(&t->runs);
	mem_free(t->mem, t);
}

uint64_t intern_n(const struct intern *t)
{
	return t->n;
}

/* --- order --- */

static uint64_t head_of(struct bytes text)
{
	uint8_t b[8] = {0};

	if (text.len)
		memcpy(b, text.ptr, text.len < 8 ? text.len : 8);
	return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
		(uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
		(uint64_t)b[6] << 8 | b[7];
}

static int by_text(const void *a, const void *b, void *ctx)
{
	const struct sorted *x = a, *y = b;
	const struct intern *t = ctx;

	if (x->head != y->head)
		return x->head < y->head ? -1 : 1;
	return bytes_cmp(text_of(row_at(t, x->off)), text_of(row_at(t, y->off)));
}

static int order_table(struct intern *t)
{
	uint64_t i = 0;

	t->order = mem_alloc(t->mem, t->entry_n * sizeof *t->order);
	if (!t->order)
		return ERR_MEMORY;
	for (uint64_t off = 0; off < t->arena.len; off = after(t, off))
		t->order[i++] = (struct sorted){ head_of(text_of(row_at(t, off))), off };
	qsort_r(t->order, t->entry_n, sizeof *t->order, by_text, t);
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
		const struct row *row = row_at(t, t->order[i].off);

		r = put_row(t, text_of(row), row->number);
	}
	table_release(t);
	return r < 0 ? r : end_run(t, off);
}

/* --- the table --- */

static bool full(const struct intern *t, size_t len)
{
	/* a slot is 8 bytes and at most 1/2 used; its order takes 16 more */
	uint64_t fixed = (t->entry_n + 1) * (16 + sizeof(struct sorted));

	return t->budget && t->entry_n &&
		2 * (t->arena.len + sizeof(struct row) + len) + 2 * fixed > t->budget;
}

static uint64_t slot_of(uint32_t hash, uint64_t off)
{
	return (uint64_t)(hash >> 8) << OFF_BITS | (off + 1);
}

static uint64_t off_of(uint64_t slot)
{
	return (slot & ((1ull << OFF_BITS) - 1)) - 1;
}

static void place(struct intern *t, uint64_t off)
{
	uint32_t hash = row_at(t, off)->hash;
	uint64_t i = hash & (t->slot_n - 1);

	while (t->slots[i])
		i = (i + 1) & (t->slot_n - 1);
	t->slots[i] = slot_of(hash, off);
}

static int more_slots(struct intern *t)
{
	uint64_t n = t->slot_n ? 2 * t->slot_n : SLOTS_LEAST;
	uint64_t *slots;

	if (n > UINT32_MAX || t->arena.len >> (OFF_BITS - 1))
		return err_set(ERR_MEMORY, "more than %u strings in memory", UINT32_MAX / 2);
	slots = mem_zalloc(t->mem, n * sizeof *slots);
	if (!slots)
		return ERR_MEMORY;
	mem_free(t->mem, t->slots);
	t->slots = slots;
	t->slot_n = n;
	for (uint64_t off = 0; off < t->arena.len; off = after(t, off))
		place(t, off);
	return 0;
}

/* The high bits of the hash in the slot spare most looks at rows that differ. */
static const struct row *find(const struct intern *t, struct bytes text, uint32_t hash)
{
	if (!t->slot_n)
		return NULL;
	for (uint64_t i = hash & (t->slot_n - 1); t->slots[i]; i = (i + 1) & (t->slot_n - 1)) {
		const struct row *row = row_at(t, off_of(t->slots[i]));

		if (t->slots[i] >> OFF_BITS == hash >> 8 && row->hash == hash &&
		    bytes_equal(text_of(row), text))
			return row;
	}
	return NULL;
}

static int add_row(struct intern *t, struct bytes text, uint32_t hash)
{
	static const uint8_t zero[8];
	struct row row = { t->n, (uint32_t)text.len, hash };
	uint64_t off = t->arena.len;
	int r = buf_reserve(&t->arena, sizeof row + text.len + 8);

	if (r < 0)
		return r;
	buf_add(&t->arena, &row, sizeof row);	/* there is room for all three */
	buf_add(&t->arena, text.ptr, text.len);
	buf_add(&t->arena, zero, after(t, off) - t->arena.len);
	place(t, off);
	t->entry_n++;
	return 0;
}

int intern_add(struct intern *t, struct bytes text, uint64_t *number)
{
	uint32_t hash = (uint32_t)(hash64(0, text.ptr, text.len) >> 32);
	const struct row *row = find(t, text, hash);
	int r = 0;

	if (row) {
		*number = row->number;
		return 0;
	}
	if (full(t, text.len) && (r = spill(t)) < 0)
		return r;
	if (2 * (t->entry_n + 1) > t->slot_n && (r = more_slots(t)) < 0)
		return r;
	r = add_row(t, text, hash);
	if (r < 0)
		return r;
	*number = t->n++;
	return 0;
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
	row = row_at(t, t->order[t->next++].off);
	*text = text_of(row);
	*number = row->number;
	return 1;
}
