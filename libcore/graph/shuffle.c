/* graph/shuffle.c - blocks a partition and a hand; emptied into one file
 *
 *	block: link to the block before it of its partition, length of its records,
 *	records of `stride` bytes, and room for what a store of 8 bytes has too much
 *
 * Nothing here outlives the process: numbers are in its own byte order.  A hand
 * is its thread's alone, but for the file, whose end the mutex guards.
 */
#include "graph/shuffle.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"

#define SLOT_BITS 13
#define NO_BLOCK UINT32_MAX
#define SLAB_BLOCKS 64u
#define COPY_LEN (128u << 10)		/* on its way to the file and back */
#define VISIT_N 512u

struct block {				/* records follow */
	uint32_t before, len;
};

struct chain {				/* a partition's blocks that are full */
	uint32_t last;
	uint32_t len;			/* bytes of records in them */
};

struct extent {				/* records of one partition, COPY_LEN bytes at most */
	uint64_t end;			/* behind it; it begins where the one before ends */
	uint32_t crc;			/* nobody else checks what the file gives back */
};

struct spill {				/* one emptying of a hand */
	uint64_t off;			/* of the first partition's records; the others follow */
	struct buf extents;		/* struct extent[] */
	size_t last[];			/* how many of them, up to each partition's last */
};

struct holder {				/* what a hand holds */
	struct shuffle_hand hand;
	struct chain *chain;
	uint64_t *count;
	struct buf slabs, spills;	/* uint8_t *[], struct spill *[] */
	uint32_t block_n, block_most, free;
};

struct shuffle {
	struct shuffle_plan plan;
	unsigned part_n, key_bits, to_bits;
	uint32_t block_len;
	uint16_t *slot;
	uint64_t *lo;			/* part_n + 1: the last is behind all, wrapped */
	struct holder *holder;
	pthread_mutex_t mutex;
	struct file *file;
	uint64_t file_len;
	_Atomic uint64_t spill_n;
};

/* --- where partitions begin --- */

static unsigned bits_of(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* Rows a partition may have at most so that keys stay within BITS; 0: none. */
static uint64_t span_within(const struct shuffle *s, unsigned bits)
{
	unsigned left = bits > s->to_bits ? bits - s->to_bits : 0;

	return left == 0 ? 0 : left >= 64 ? UINT64_MAX : 1ull << left;
}

/* The narrowest keys that cost at most half of the partitions. */
static uint64_t choose_span(const struct shuffle *s)
{
	uint64_t rows = s->plan.last - s->plan.first;	/* less one */

	for (unsigned bits = 32; bits <= 64; bits += 8) {
		uint64_t span = span_within(s, bits);

		if (span && rows / span < s->plan.part_most / 2)
			return span;
	}
	return UINT64_MAX;
}

/* Cuts the slots with their counts into partitions of about MOST; returns how many. */
static unsigned cut(struct shuffle *s, const uint32_t *count, uint64_t span, uint64_t most)
{
	unsigned shift = s->holder[0].hand.shift, n = 0;
	uint64_t slots = ((s->plan.last - s->plan.first) >> shift) + 1;
	uint64_t width = span >> shift ? span >> shift : 1, sum = 0, begun = 0;

	for (uint64_t i = 0; i < slots; i++) {
		if (i == 0 || sum + count[i] > most || i - begun >= width) {
			if (n < SHUFFLE_PARTS_MOST)
				s->lo[n] = s->plan.first + (i << shift);
			n++;
			begun = i;
			sum = 0;
		}
		sum += count[i];
		s->slot[i] = (uint16_t)(n - 1);
	}
	return n;
}

static int divide(struct shuffle *s)
{
	unsigned shift = s->holder[0].hand.shift;
	uint64_t span = choose_span(s), widest = 0;
	uint64_t most = s->plan.sample_n / s->plan.part_most + 1;
	uint32_t *count = mem_zalloc(s->plan.mem, (sizeof *count) << SLOT_BITS);

	if (!count)
		return ERR_MEMORY;
	for (size_t i = 0; i < s->plan.sample_n; i++)
		count[(s->plan.sample[i] - s->plan.first) >> shift]++;
	while ((s->part_n = cut(s, count, span, most)) > s->plan.part_most)
		most += most / 8 + 1;
	mem_free(s->plan.mem, count);
	s->lo[s->part_n] = s->plan.last + 1;
	for (unsigned p = 0; p < s->part_n; p++)
		if (widest < s->lo[p + 1] - s->lo[p] - 1)
			widest = s->lo[p + 1] - s->lo[p] - 1;
	s->key_bits = s->to_bits < 64 ? bits_of(widest) + s->to_bits : 128;
	return 0;
}

/* --- open and close --- */

static void spill_free(struct shuffle *s, struct spill *note)
{
	if (note)
		buf_release(&note->extents);
	mem_free(s->plan.mem, note);
}

static void holder_release(struct shuffle *s, struct holder *h)
{
	for (size_t i = 0; i < h->slabs.len / sizeof(void *); i++)
		mem_free(s->plan.mem, ((uint8_t **)h->slabs.ptr)[i]);
	for (size_t i = 0; i < h->spills.len / sizeof(void *); i++)
		spill_free(s, ((struct spill **)h->spills.ptr)[i]);
	buf_release(&h->slabs);
	buf_release(&h->spills);
	mem_free(s->plan.mem, h->chain);
	mem_free(s->plan.mem, h->count);
	mem_free(s->plan.mem, h->hand.head);
}

void shuffle_close(struct shuffle *s)
{
	if (!s)
		return;
	for (unsigned i = 0; s->holder && i < s->plan.hands; i++)
		holder_release(s, &s->holder[i]);
	pthread_mutex_destroy(&s->mutex);
	mem_free(s->plan.mem, s->holder);
	mem_free(s->plan.mem, s->slot);
	mem_free(s->plan.mem, s->lo);
	file_close(s->file);
	mem_free(s->plan.mem, s);
}

static int holder_open(struct shuffle *s, struct holder *h, unsigned who)
{
	struct mem *mem = s->plan.mem;
	uint32_t stride = (s->key_bits + 7) / 8;

	h->slabs.mem = h->spills.mem = mem;
	h->free = NO_BLOCK;
	h->chain = mem_alloc(mem, s->part_n * sizeof *h->chain);
	h->count = mem_zalloc(mem, s->part_n * sizeof *h->count);
	h->hand.head = mem_zalloc(mem, s->part_n * sizeof *h->hand.head);
	if (!h->chain || !h->count || !h->hand.head)
		return ERR_MEMORY;
	for (unsigned p = 0; p < s->part_n; p++) {
		h->chain[p] = (struct chain){ NO_BLOCK, 0 };
		h->hand.head[p].lo = s->lo[p];
	}
	h->hand.slot = s->slot;
	h->hand.first = s->plan.first;
	h->hand.shift = s->holder[0].hand.shift;
	h->hand.to_bits = s->to_bits & 63;
	h->hand.wide = s->key_bits > 64;
	stride = h->hand.wide ? 16 : stride < 4 ? 4 : stride;
	h->hand.stride = stride + (s->plan.valued ? sizeof(struct shuffle_value) : 0);
	h->hand.need = h->hand.stride < 8 ? 8 : h->hand.stride;
	h->hand.shuffle = s;
	h->hand.who = who;
	return 0;
}

/* Blocks of such a length that those being filled take at most half of the budget. */
static void choose_blocks(struct shuffle *s)
{
	size_t each = s->plan.budget / s->plan.hands;

	if (each < SHUFFLE_BUDGET_LEAST)
		each = SHUFFLE_BUDGET_LEAST;
	if (each > 1u << 30)
		each = 1u << 30;
	s->block_len = 4096;
	while (s->block_len > 512 && (size_t)s->block_len * s->part_n > each / 4)
		s->block_len /= 2;
	for (unsigned i = 0; i < s->plan.hands; i++)
		s->holder[i].block_most = (uint32_t)(each / s->block_len);
}

static unsigned parts_most(const struct shuffle_plan *p)
{
	size_t each = p->budget / p->hands;
	size_t most = (each < SHUFFLE_BUDGET_LEAST ? SHUFFLE_BUDGET_LEAST : each) / 2048;

	if (most > p->part_most)
		most = p->part_most;
	return most > SHUFFLE_PARTS_MOST ? SHUFFLE_PARTS_MOST : most < 2 ? 2 : (unsigned)most;
}

int shuffle_open(struct shuffle **out, const struct shuffle_plan *p)
{
	struct shuffle *s = mem_zalloc(p->mem, sizeof *s);
	unsigned bits = bits_of(p->last - p->first);
	int r = ERR_MEMORY;

	if (!s)
		return ERR_MEMORY;
	s->plan = *p;
	s->plan.part_most = parts_most(p);
	s->to_bits = bits_of(p->to_n - 1);
	pthread_mutex_init(&s->mutex, NULL);
	s->holder = mem_zalloc(p->mem, p->hands * sizeof *s->holder);
	s->slot = mem_alloc(p->mem, (sizeof *s->slot) << SLOT_BITS);
	s->lo = mem_alloc(p->mem, (SHUFFLE_PARTS_MOST + 1) * sizeof *s->lo);
	if (s->holder && s->slot && s->lo) {
		s->holder[0].hand.shift = bits > SLOT_BITS ? bits - SLOT_BITS : 0;
		r = divide(s);
	}
	s->plan.sample = NULL;		/* the caller's again */
	for (unsigned i = 0; r == 0 && i < p->hands; i++)
		r = holder_open(s, &s->holder[i], i);
	if (r < 0) {
		shuffle_close(s);
		return r;
	}
	choose_blocks(s);
	*out = s;
	return 0;
}

struct shuffle_hand *shuffle_hand(struct shuffle *s, unsigned who)
{
	return &s->holder[who].hand;
}

/* --- blocks --- */

static struct block *block_at(const struct shuffle *s, const struct holder *h, uint32_t i)
{
	uint8_t *slab = ((uint8_t **)h->slabs.ptr)[i / SLAB_BLOCKS];

	return (struct block *)(slab + (size_t)(i % SLAB_BLOCKS) * s->block_len);
}

/* The number of the block that head D fills is kept where its link will be. */
static struct block *block_of(const struct shuffle *s, const struct shuffle_head *d)
{
	return (struct block *)(d->end - s->block_len);
}

static void close_block(struct shuffle *s, struct holder *h, unsigned part)
{
	struct shuffle_head *d = &h->hand.head[part];
	struct chain *c = &h->chain[part];
	struct block *b;
	uint32_t self;

	if (!d->end)
		return;
	b = block_of(s, d);
	self = b->before;
	b->before = c->last;
	b->len = (uint32_t)(d->at - (uint8_t *)(b + 1));
	c->last = self;
	c->len += b->len;
	h->count[part] += b->len / h->hand.stride;
	d->at = d->end = NULL;
}

static int open_file(struct shuffle *s)
{
	char name[64];
	int r;

	snprintf(name, sizeof name, "tmp/shuffle-%016" PRIx64, clock_random());
	r = backend_open(s->plan.backend, name, FILE_WRITE | FILE_CREATE, &s->file);
	return r < 0 ? r : backend_remove(s->plan.backend, name);
}

/* LEN bytes of the file are ours from *OFF on. */
static int reserve(struct shuffle *s, uint64_t len, uint64_t *off)
{
	int r = 0;

	pthread_mutex_lock(&s->mutex);
	if (!s->file)
		r = open_file(s);
	*off = s->file_len;
	s->file_len += len;
	pthread_mutex_unlock(&s->mutex);
	return r;
}

struct copier {
	struct file *file;
	uint8_t *buf;
	size_t len;
	uint64_t off;
};

static int copier_flush(struct copier *c)
{
	int r = c->len ? file_write(c->file, c->buf, c->len, c->off) : 0;

	c->off += c->len;
	c->len = 0;
	return r;
}

static int end_extent(struct spill *note, struct extent *e)
{
	int r = buf_add(&note->extents, e, sizeof *e);

	e->crc = 0;
	return r;
}

/* A partition's chain to the file; its blocks are free again. */
static int copy_chain(struct shuffle *s, struct holder *h, struct chain *c, struct copier *to,
		      struct spill *note)
{
	struct extent e = { to->off + to->len, 0 };
	size_t len = 0;
	int r = 0;

	while (c->last != NO_BLOCK) {
		uint32_t i = c->last;
		struct block *b = block_at(s, h, i);

		if (len + b->len > COPY_LEN) {
			r = end_extent(note, &e);
			len = 0;
		}
		if (r == 0 && to->len + b->len > COPY_LEN)
			r = copier_flush(to);
		if (r < 0)
			break;
		memcpy(to->buf + to->len, b + 1, b->len);
		e.crc = crc32c(e.crc, to->buf + to->len, b->len);
		to->len += b->len;
		len += b->len;
		e.end += b->len;
		c->last = b->before;
		b->before = h->free;
		h->free = i;
	}
	c->len = 0;
	return r == 0 && len ? end_extent(note, &e) : r;
}

static int empty_into(struct shuffle *s, struct holder *h, struct spill *note)
{
	struct copier to = { .file = s->file, .off = note->off };
	int r = 0;

	to.buf = mem_alloc(s->plan.mem, COPY_LEN);
	if (!to.buf)
		return ERR_MEMORY;
	for (unsigned p = 0; p < s->part_n && r == 0; p++) {
		r = copy_chain(s, h, &h->chain[p], &to, note);
		note->last[p] = note->extents.len / sizeof(struct extent);
	}
	if (r == 0)
		r = copier_flush(&to);
	mem_free(s->plan.mem, to.buf);
	return r;
}

/* All full blocks of H to the file. */
static int spill(struct shuffle *s, struct holder *h)
{
	struct spill *note;
	uint64_t len = 0;
	int r;

	for (unsigned p = 0; p < s->part_n; p++)
		len += h->chain[p].len;
	if (len == 0)
		return 0;
	note = mem_zalloc(s->plan.mem, sizeof *note + s->part_n * sizeof note->last[0]);
	if (!note)
		return ERR_MEMORY;
	note->extents.mem = s->plan.mem;
	r = reserve(s, len, &note->off);
	if (r == 0)
		r = empty_into(s, h, note);
	if (r == 0)
		r = buf_add(&h->spills, &note, sizeof note);
	if (r < 0)
		spill_free(s, note);
	s->spill_n++;
	return r;
}

static int more_slabs(struct shuffle *s, struct holder *h)
{
	size_t len = (size_t)SLAB_BLOCKS * s->block_len;
	uint8_t *slab = mem_alloc(s->plan.mem, len);

	if (!slab)
		return ERR_MEMORY;
	if (buf_add(&h->slabs, &slab, sizeof slab) == 0)
		return 0;
	mem_free(s->plan.mem, slab);
	return ERR_MEMORY;
}

static int take_block(struct shuffle *s, struct holder *h, uint32_t *out)
{
	int r = 0;

	if (h->free == NO_BLOCK && h->block_n >= h->block_most)
		r = spill(s, h);
	if (r == 0 && h->free == NO_BLOCK && h->block_n % SLAB_BLOCKS == 0)
		r = more_slabs(s, h);
	if (r < 0)
		return r;
	if (h->free == NO_BLOCK) {
		*out = h->block_n++;
		return 0;
	}
	*out = h->free;
	h->free = block_at(s, h, *out)->before;
	return 0;
}

int shuffle_more(struct shuffle_hand *hand, unsigned part)
{
	struct shuffle *s = hand->shuffle;
	struct holder *h = &s->holder[hand->who];
	struct shuffle_head *d = &hand->head[part];
	struct block *b;
	uint32_t i;
	int r;

	close_block(s, h, part);
	r = take_block(s, h, &i);
	if (r < 0)
		return r;
	b = block_at(s, h, i);
	b->before = i;
	d->at = (uint8_t *)(b + 1);
	d->end = (uint8_t *)b + s->block_len;
	return 0;
}

int shuffle_end(struct shuffle *s)
{
	for (unsigned i = 0; i < s->plan.hands; i++)
		for (unsigned p = 0; p < s->part_n; p++)
			close_block(s, &s->holder[i], p);
	return 0;
}

int shuffle_rest(struct shuffle *s)
{
	int r = 0;

	for (unsigned i = 0; i < s->plan.hands && r == 0; i++) {
		struct holder *h = &s->holder[i];

		r = spill(s, h);
		if (r < 0)
			break;
		for (size_t k = 0; k < h->slabs.len / sizeof(void *); k++)
			mem_free(s->plan.mem, ((uint8_t **)h->slabs.ptr)[k]);
		buf_clear(&h->slabs);
		h->block_n = 0;
		h->free = NO_BLOCK;
	}
	return r;
}

/* --- reading --- */

unsigned shuffle_part_n(const struct shuffle *s)
{
	return s->part_n;
}

uint64_t shuffle_count(const struct shuffle *s, unsigned part)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->plan.hands; i++)
		n += s->holder[i].count[part];
	return n;
}

uint64_t shuffle_first(const struct shuffle *s, unsigned part)
{
	return s->lo[part];
}

uint64_t shuffle_last(const struct shuffle *s, unsigned part)
{
	return s->lo[part + 1] - 1;
}

unsigned shuffle_key_bits(const struct shuffle *s)
{
	return s->key_bits;
}

unsigned shuffle_to_bits(const struct shuffle *s)
{
	return s->to_bits;
}

uint64_t shuffle_spills(const struct shuffle *s)
{
	return s->spill_n;
}

/* TAKE gets packed records, N at a time; 8 bytes behind them can be read. */
typedef int take_fn(void *ctx, const uint8_t *at, size_t n);

static int read_extent(const struct shuffle *s, const struct spill *from, size_t i,
		       take_fn *take, void *ctx, uint8_t *buf)
{
	const struct extent *e = (const struct extent *)from->extents.ptr + i;
	uint64_t off = i ? e[-1].end : from->off;
	size_t n = (size_t)(e->end - off);
	int r = file_read(s->file, buf, n, off);

	if (r == 0 && crc32c(0, buf, n) != e->crc)
		return err_set(ERR_DAMAGED, "%s/tmp: offset %" PRIu64 " of a temporary file"
			       " is not what was written there", s->plan.backend->path, off);
	return r < 0 ? r : take(ctx, buf, n / s->holder[0].hand.stride);
}

static int read_spills(const struct shuffle *s, const struct holder *h, unsigned part,
		       take_fn *take, void *ctx)
{
	uint8_t *buf = mem_alloc(s->plan.mem, COPY_LEN + 8);
	int r = buf ? 0 : ERR_MEMORY;

	for (size_t i = 0; r == 0 && i < h->spills.len / sizeof(void *); i++) {
		const struct spill *n = ((struct spill **)h->spills.ptr)[i];

		for (size_t k = part ? n->last[part - 1] : 0; r == 0 && k < n->last[part]; k++)
			r = read_extent(s, n, k, take, ctx, buf);
	}
	mem_free(s->plan.mem, buf);
	return r;
}

static int read_part(const struct shuffle *s, unsigned part, take_fn *take, void *ctx)
{
	int r = 0;

	for (unsigned i = 0; i < s->plan.hands && r == 0; i++) {
		const struct holder *h = &s->holder[i];
		const struct block *b;

		if (h->spills.len)
			r = read_spills(s, h, part, take, ctx);
		for (uint32_t k = h->chain[part].last; r == 0 && k != NO_BLOCK;
		     k = b->before) {
			b = block_at(s, h, k);
			r = take(ctx, (const uint8_t *)(b + 1), b->len / h->hand.stride);
		}
	}
	return r;
}

struct loading {
	uint32_t *key32;
	uint64_t *key;
	struct shuffle_value *value;
	uint32_t stride;
	uint64_t mask;
};

static int take32(void *ctx, const uint8_t *at, size_t n)
{
	struct loading *l = ctx;

	memcpy(l->key32, at, 4 * n);
	l->key32 += n;
	return 0;
}

static int take64(void *ctx, const uint8_t *at, size_t n)
{
	struct loading *l = ctx;

	for (size_t i = 0; i < n; i++, at += l->stride) {
		memcpy(&l->key[i], at, 8);
		l->key[i] &= l->mask;
		if (l->value)
			memcpy(l->value++, at + l->stride - sizeof *l->value,
			       sizeof *l->value);
	}
	l->key += n;
	return 0;
}

int shuffle_load32(const struct shuffle *s, unsigned part, uint32_t *key)
{
	struct loading l = { .key32 = key };

	return read_part(s, part, take32, &l);
}

static uint64_t key_mask(const struct shuffle *s)
{
	unsigned bits = (s->key_bits + 7) / 8 * 8;

	return bits < 32 ? UINT32_MAX : bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

int shuffle_load64(const struct shuffle *s, unsigned part, uint64_t *key,
		   struct shuffle_value *value)
{
	struct loading l = {
		.key = key, .value = s->plan.valued ? value : NULL,
		.stride = s->holder[0].hand.stride, .mask = key_mask(s),
	};

	return read_part(s, part, take64, &l);
}

struct visit {
	const struct shuffle *s;
	unsigned part;
	shuffle_each *each;
	void *ctx;
};

static void unpack(const struct visit *v, const uint8_t *at, struct shuffle_record *out)
{
	const struct shuffle *s = v->s;
	uint32_t stride = s->holder[0].hand.stride;
	uint64_t key;

	memcpy(&key, at, 8);
	if (s->key_bits > 64) {
		out->row = key;
		memcpy(&out->to, at + 8, 8);
	} else {
		key &= key_mask(s);
		out->row = s->lo[v->part] + (key >> s->to_bits);
		out->to = key & ((1ull << s->to_bits) - 1);
	}
	out->value = SHUFFLE_NO_VALUE;
	if (s->plan.valued)
		memcpy(&out->value, at + stride - sizeof out->value, sizeof out->value);
}

static int take_records(void *ctx, const uint8_t *at, size_t n)
{
	struct visit *v = ctx;
	uint32_t stride = v->s->holder[0].hand.stride;
	struct shuffle_record r[VISIT_N];
	int ret = 0;

	while (n > 0 && ret == 0) {
		size_t m = n < VISIT_N ? n : VISIT_N;

		for (size_t i = 0; i < m; i++, at += stride)
			unpack(v, at, &r[i]);
		ret = v->each(v->ctx, r, m);
		n -= m;
	}
	return ret;
}

int shuffle_visit(const struct shuffle *s, unsigned part, shuffle_each *each, void *ctx)
{
	struct visit v = { s, part, each, ctx };

	return read_part(s, part, take_records, &v);
}
