/* gpu/slab.c - a state a slab, a bit a place, a list of part-full slabs a class */
#include "gpu/slab.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define NONE UINT32_MAX
#define CLASSES_MOST 96u
#define WORDS (SLAB_LEN / SLAB_ALIGN_LEAST / 64)	/* bits of the most places */
#define COARSE 40u	/* places a slab: from here down each number of them is a class */

enum state { FREE, SMALL, LARGE, REST };	/* REST: of the large thing before */

struct one {
	enum state state;
	uint32_t class;			/* SMALL */
	uint32_t taken;			/* SMALL: places; LARGE: slabs */
	uint32_t next, last;		/* SMALL and not full: in its class's list */
};

struct class {
	uint32_t place_len, place_n;
	uint32_t first;			/* the list of part-full slabs */
};

struct slab {
	struct mem *mem;
	struct one *one;
	uint64_t (*bits)[WORDS];	/* set: taken */
	uint32_t *begin;		/* of each arena its first slab; one more at the end */
	uint32_t arena_n, n;
	uint32_t high;			/* no slab from here on is free */
	uint32_t class_n;
	struct class class[CLASSES_MOST];
	struct slab_info info;
};

/* --- classes --- */

static void add_class(struct slab *s, uint32_t place_n, uint32_t align)
{
	struct class *c = &s->class[s->class_n];
	uint32_t len = SLAB_LEN / place_n & ~(align - 1);

	if (s->class_n ? len <= c[-1].place_len : len == 0)
		return;
	assert(s->class_n < CLASSES_MOST);
	c->place_n = place_n;
	c->place_len = len;
	c->first = NONE;
	s->class_n++;
}

static void make_classes(struct slab *s, uint32_t align)
{
	uint32_t len = align, step;

	for (; SLAB_LEN / len > COARSE; len += step) {		/* an eighth apart */
		step = len / 8 & ~(align - 1);
		step = step ? step : align;
		add_class(s, SLAB_LEN / len, align);
	}
	for (uint32_t n = COARSE; n >= 2; n--)
		add_class(s, n, align);
}

/* The first whose places are large enough; there is one. */
static uint32_t class_of(const struct slab *s, uint64_t len)
{
	uint32_t low = 0, high = s->class_n - 1;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (s->class[mid].place_len < len)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_small(const struct slab *s, uint64_t len)
{
	return len <= s->class[s->class_n - 1].place_len;
}

static uint64_t slabs_of(uint64_t len)
{
	return len / SLAB_LEN + (len % SLAB_LEN != 0);
}

uint64_t slab_cost(const struct slab *s, uint64_t len)
{
	if (is_small(s, len))
		return SLAB_LEN / s->class[class_of(s, len)].place_n;
	return slabs_of(len) * SLAB_LEN;
}

/* --- places of slabs --- */

static uint32_t arena_of(const struct slab *s, uint32_t i)
{
	uint32_t a = 0;

	while (i >= s->begin[a + 1])
		a++;
	return a;
}

static void place_of(const struct slab *s, uint32_t i, uint64_t off, struct slab_place *out)
{
	out->arena = arena_of(s, i);
	out->off = (uint64_t)(i - s->begin[out->arena]) * SLAB_LEN + off;
}

static uint32_t index_of(const struct slab *s, const struct slab_place *p)
{
	uint64_t i = p->off / SLAB_LEN;

	assert(p->arena < s->arena_n);
	assert(i < s->begin[p->arena + 1] - s->begin[p->arena]);
	return s->begin[p->arena] + (uint32_t)i;
}

/* --- lists of part-full slabs --- */

static void list_in(struct slab *s, uint32_t i)
{
	struct class *c = &s->class[s->one[i].class];

	s->one[i].last = NONE;
	s->one[i].next = c->first;
	if (c->first != NONE)
		s->one[c->first].last = i;
	c->first = i;
}

static void list_out(struct slab *s, uint32_t i)
{
	struct one *o = &s->one[i];

	if (o->last == NONE)
		s->class[o->class].first = o->next;
	else
		s->one[o->last].next = o->next;
	if (o->next != NONE)
		s->one[o->next].last = o->last;
}

/* --- small --- */

/* The free slab at the high end, or NONE. */
static uint32_t highest(struct slab *s)
{
	while (s->high && s->one[s->high - 1].state != FREE)
		s->high--;
	return s->high ? s->high - 1 : NONE;
}

static uint32_t open_slab(struct slab *s, uint32_t class)
{
	uint32_t i = highest(s);

	if (i == NONE)
		return NONE;
	s->one[i] = (struct one){ .state = SMALL, .class = class };
	memset(s->bits[i], 0, sizeof s->bits[i]);
	list_in(s, i);
	return i;
}

static uint32_t first_clear(const uint64_t *bits)
{
	uint32_t w = 0;

	while (bits[w] == UINT64_MAX)
		w++;
	return w * 64 + (uint32_t)__builtin_ctzll(~bits[w]);
}

/* A place in slab I, which is not full. */
static void take_in(struct slab *s, uint32_t i, struct slab_place *out)
{
	struct class *c = &s->class[s->one[i].class];
	uint32_t at = first_clear(s->bits[i]);

	s->bits[i][at / 64] |= UINT64_C(1) << at % 64;
	s->info.taken_len += SLAB_LEN / c->place_n;
	if (++s->one[i].taken == c->place_n)
		list_out(s, i);
	place_of(s, i, (uint64_t)at * c->place_len, out);
}

static int take_small(struct slab *s, uint64_t len, struct slab_place *out)
{
	uint32_t class = class_of(s, len), i = s->class[class].first;

	if (i == NONE)
		i = open_slab(s, class);
	if (i == NONE)
		return 0;
	take_in(s, i, out);
	return 1;
}

static void set_free(struct slab *s, uint32_t i)
{
	s->one[i].state = FREE;
	if (i >= s->high)
		s->high = i + 1;
}

static void give_small(struct slab *s, uint32_t i, uint64_t off, uint64_t len)
{
	struct one *o = &s->one[i];
	struct class *c = &s->class[o->class];
	uint32_t at = (uint32_t)(off % SLAB_LEN / c->place_len);
	uint64_t bit = UINT64_C(1) << at % 64;

	assert(o->state == SMALL && c->place_len >= len);
	assert(off % SLAB_LEN % c->place_len == 0 && s->bits[i][at / 64] & bit);
	(void)len;
	s->bits[i][at / 64] &= ~bit;
	s->info.taken_len -= SLAB_LEN / c->place_n;
	if (o->taken-- == c->place_n)
		list_in(s, i);
	if (o->taken == 0) {
		list_out(s, i);
		set_free(s, i);
	}
}

/* --- large --- */

/* The first run of N free slabs in one arena, or NONE. */
static uint32_t run_of(const struct slab *s, uint64_t n)
{
	for (uint32_t a = 0; a < s->arena_n; a++) {
		uint64_t run = 0;

		for (uint32_t i = s->begin[a]; i < s->begin[a + 1]; i++) {
			run = s->one[i].state == FREE ? run + 1 : 0;
			if (run == n)
				return i - (uint32_t)n + 1;
		}
	}
	return NONE;
}

static int take_large(struct slab *s, uint64_t len, struct slab_place *out)
{
	uint64_t n = slabs_of(len);
	uint32_t i = run_of(s, n);

	if (i == NONE)
		return 0;
	for (uint32_t k = 0; k < n; k++)
		s->one[i + k].state = k ? REST : LARGE;
	s->one[i].taken = (uint32_t)n;
	s->info.taken_len += n * SLAB_LEN;
	place_of(s, i, 0, out);
	return 1;
}

static void give_large(struct slab *s, uint32_t i, uint64_t len)
{
	assert(s->one[i].state == LARGE && s->one[i].taken == slabs_of(len));
	(void)len;
	s->info.taken_len -= (uint64_t)s->one[i].taken * SLAB_LEN;
	for (uint32_t n = s->one[i].taken; n--; )
		set_free(s, i + n);
}

/* --- both --- */

int slab_take(struct slab *s, uint64_t len, struct slab_place *out)
{
	int r = is_small(s, len) ? take_small(s, len, out) : take_large(s, len, out);

	s->info.n += (uint64_t)r;
	return r;
}

int slab_take_larger(struct slab *s, uint64_t len, struct slab_place *out)
{
	if (!is_small(s, len))
		return 0;
	for (uint32_t class = class_of(s, len); class < s->class_n; class++)
		if (s->class[class].first != NONE) {
			take_in(s, s->class[class].first, out);
			s->info.n++;
			return 1;
		}
	return 0;
}

void slab_give(struct slab *s, const struct slab_place *p, uint64_t len)
{
	uint32_t i = index_of(s, p);

	if (is_small(s, len))
		give_small(s, i, p->off, len);
	else
		give_large(s, i, len);
	s->info.n--;
}

/* Of a class the part-full slab with the fewest things, if the others have places for
 * all of them. */
static uint32_t emptiest(const struct slab *s, const struct class *c)
{
	uint32_t best = NONE;
	uint64_t places = 0;

	for (uint32_t i = c->first; i != NONE; i = s->one[i].next) {
		places += c->place_n - s->one[i].taken;
		if (best == NONE || s->one[i].taken < s->one[best].taken)
			best = i;
	}
	return best != NONE && places >= c->place_n ? best : NONE;
}

int slab_movable(const struct slab *s, struct slab_place *out)
{
	uint64_t least = UINT64_MAX;
	uint32_t best = NONE;

	for (uint32_t c = 0; c < s->class_n; c++) {
		uint32_t i = emptiest(s, &s->class[c]);
		uint64_t len = i == NONE ? UINT64_MAX :
			       (uint64_t)s->one[i].taken * s->class[c].place_len;

		if (len < least) {
			least = len;
			best = i;
		}
	}
	if (best == NONE)
		return 0;
	place_of(s, best, 0, out);
	return 1;
}

int slab_move(struct slab *s, const struct slab_place *from, uint64_t len,
	      struct slab_place *to)
{
	uint32_t i = index_of(s, from), other;

	assert(is_small(s, len) && s->one[i].state == SMALL);
	other = s->class[s->one[i].class].first;
	if (other == i)
		other = s->one[i].next;
	if (other == NONE)
		return 0;
	take_in(s, other, to);
	give_small(s, i, from->off, len);
	return 1;
}

int slab_next(const struct slab *s, struct slab_place *p, bool first)
{
	uint32_t i = index_of(s, p), at;
	const struct one *o = &s->one[i];
	const struct class *c = &s->class[o->class];

	if (o->state != SMALL)
		return 0;
	at = (uint32_t)(p->off % SLAB_LEN / c->place_len) + !first;
	for (; at < c->place_n; at++)
		if (s->bits[i][at / 64] >> at % 64 & 1) {
			place_of(s, i, (uint64_t)at * c->place_len, p);
			return 1;
		}
	return 0;
}

void slab_info(const struct slab *s, struct slab_info *out)
{
	*out = s->info;
	out->free_len = out->free_run = out->partial_len = 0;
	for (uint32_t a = 0; a < s->arena_n; a++) {
		uint64_t run = 0;

		for (uint32_t i = s->begin[a]; i < s->begin[a + 1]; i++) {
			const struct one *o = &s->one[i];

			run = o->state == FREE ? run + SLAB_LEN : 0;
			out->free_len += o->state == FREE ? SLAB_LEN : 0;
			out->free_run = run > out->free_run ? run : out->free_run;
			if (o->state == SMALL)
				out->partial_len += (uint64_t)(s->class[o->class].place_n - o->taken) *
						    (SLAB_LEN / s->class[o->class].place_n);
		}
	}
}

/* --- beginning and end --- */

void slab_close(struct slab *s)
{
	if (!s)
		return;
	mem_free(s->mem, s->one);
	mem_free(s->mem, s->bits);
	mem_free(s->mem, s->begin);
	mem_free(s->mem, s);
}

static int slabs_in(const uint64_t *len, uint32_t arena_n, uint64_t *out)
{
	*out = 0;
	for (uint32_t a = 0; a < arena_n; a++)
		*out += len[a] / SLAB_LEN;
	if (*out >= NONE)
		return err_set(ERR_TOO_BIG, "arenas of %" PRIu64 " slabs", *out);
	return 0;
}

static int fill(struct slab *s, const uint64_t *len, uint32_t arena_n)
{
	s->one = mem_zalloc(s->mem, s->n * sizeof *s->one);
	s->bits = mem_alloc(s->mem, s->n * sizeof *s->bits);
	s->begin = mem_zalloc(s->mem, (arena_n + 1) * sizeof *s->begin);
	if (!s->one || !s->bits || !s->begin)
		return ERR_MEMORY;
	for (uint32_t a = 0; a < arena_n; a++)
		s->begin[a + 1] = s->begin[a] + (uint32_t)(len[a] / SLAB_LEN);
	return 0;
}

int slab_open(struct slab **out, const uint64_t *len, uint32_t arena_n, uint32_t align,
	      struct mem *mem)
{
	struct slab *s;
	uint64_t n;
	int r = slabs_in(len, arena_n, &n);

	if (r < 0)
		return r;
	s = mem_zalloc(mem, sizeof *s);
	if (!s)
		return ERR_MEMORY;
	s->mem = mem;
	s->n = s->high = (uint32_t)n;
	s->arena_n = arena_n;
	s->info.len = n * SLAB_LEN;
	make_classes(s, align > SLAB_ALIGN_LEAST ? align : SLAB_ALIGN_LEAST);
	r = fill(s, len, arena_n);
	if (r < 0)
		slab_close(s);
	else
		*out = s;
	return r;
}
