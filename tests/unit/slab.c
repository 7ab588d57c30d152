/* tests/unit/slab.c - no byte belongs to two things, and none is lost */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/slab.h"
#include "tests/lib/kit.h"

#define KIB 1024u
#define MIB (KIB * KIB)

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static struct slab *opened(const uint64_t *len, uint32_t n, uint32_t align)
{
	struct slab *s;

	must(slab_open(&s, len, n, align, NULL));
	return s;
}

/* --- random histories: who has which unit of 512 bytes --- */

enum { ARENAS = 3, THINGS = 4000 };

static const uint64_t lens[ARENAS] = { 20 * MIB, 7 * MIB + 12345, 33 * MIB };

struct thing {
	struct slab_place p;
	uint64_t len, cost;
};

struct model {
	struct slab *s;
	uint32_t align;
	struct thing t[THINGS];
	unsigned n;
	uint16_t *owner[ARENAS];	/* thing's number + 1 of each unit */
	uint64_t cost;
	unsigned larger;		/* placed among larger ones */
};

static uint64_t some_len(uint64_t *seed)
{
	uint64_t bits = draw(seed) % 24;	/* up to 16 MiB, small ones as often as large */

	return draw(seed) % ((UINT64_C(2) << bits) + 1);
}

static void paint(struct model *m, const struct thing *t, uint16_t from, uint16_t to)
{
	uint64_t end = t->p.off + (t->len ? t->len : 1);

	assert_true(t->p.arena < ARENAS && t->p.off % m->align == 0);
	assert_true(end <= lens[t->p.arena]);
	for (uint64_t u = t->p.off / 512; u <= (end - 1) / 512; u++) {
		assert_int_equal(m->owner[t->p.arena][u], from);
		m->owner[t->p.arena][u] = to;
	}
}

static void give(struct model *m, unsigned i)
{
	paint(m, &m->t[i], (uint16_t)(i + 1), 0);
	m->cost -= m->t[i].cost;
	slab_give(m->s, &m->t[i].p, m->t[i].len);
	m->n--;
	if (i < m->n) {		/* the last takes its number */
		paint(m, &m->t[m->n], (uint16_t)(m->n + 1), (uint16_t)(i + 1));
		m->t[i] = m->t[m->n];
	}
}

static void take(struct model *m, uint64_t len)
{
	struct thing *t = &m->t[m->n];
	struct slab_info info;

	slab_info(m->s, &info);
	if (m->n == THINGS)
		return;
	t->len = len;
	t->cost = slab_cost(m->s, len);
	if (slab_take(m->s, len, &t->p) == 0) {
		assert_true(info.free_run < t->cost);
		if (!slab_take_larger(m->s, len, &t->p))
			return;
		t->cost = info.taken_len;	/* then it is what it is */
		slab_info(m->s, &info);
		t->cost = info.taken_len - t->cost;
		assert_true(t->cost >= slab_cost(m->s, len));
		m->larger++;
	}
	paint(m, t, 0, (uint16_t)(m->n + 1));
	m->cost += t->cost;
	m->n++;
}

static void check(struct model *m)
{
	struct slab_info info;

	slab_info(m->s, &info);
	assert_int_equal(info.n, m->n);
	assert_true(info.taken_len == m->cost && info.len == 28 * 2 * MIB + 2 * MIB);
	/* places cut a slab with a rest of less than a place: costs are rounded down */
	assert_true(info.taken_len + info.partial_len + info.free_len <= info.len);
	assert_true(info.taken_len + info.partial_len + info.free_len + 30 * 4096 >= info.len);
}

/* A slab emptied by moving: nothing else changes, and it is free. */
static unsigned empty_one(struct model *m)
{
	struct slab_info before, after;
	struct slab_place p, at, to;
	struct thing *t;
	bool first = true;
	uint16_t owner;

	slab_info(m->s, &before);
	if (!slab_movable(m->s, &p))
		return 0;
	for (at = p; slab_next(m->s, &at, first); first = false) {
		owner = m->owner[at.arena][at.off / 512];
		assert_true(owner && at.off / SLAB_LEN == p.off / SLAB_LEN);
		t = &m->t[owner - 1];
		assert_true(t->p.off == at.off && t->p.arena == at.arena);
		assert_int_equal(slab_move(m->s, &at, t->len, &to), 1);
		assert_true(to.arena != p.arena || to.off / SLAB_LEN != p.off / SLAB_LEN);
		paint(m, t, owner, 0);
		t->p = to;
		paint(m, t, 0, owner);
	}
	assert_false(first);
	slab_info(m->s, &after);
	assert_true(after.free_len == before.free_len + SLAB_LEN && after.n == before.n);
	return 1;
}

/* Returns how often a slab could be emptied. */
static unsigned history(struct model *m, uint64_t seed)
{
	unsigned emptied = 0;

	for (unsigned step = 0; step < 1500; step++) {
		if (m->n && draw(&seed) % 5 < 2)
			give(m, (unsigned)(draw(&seed) % m->n));
		else
			take(m, some_len(&seed));
		if (step % 20 == 0)
			emptied += empty_one(m);
		check(m);
	}
	while (m->n)
		give(m, (unsigned)(draw(&seed) % m->n));
	return emptied;
}

static void no_byte_belongs_to_two(void **state)
{
	static const uint32_t align[] = { 128, 512, 4096, 65536 };
	static struct model m;
	unsigned emptied = 0;

	(void)state;
	for (int a = 0; a < ARENAS; a++)
		m.owner[a] = test_calloc(lens[a] / 512 + 1, sizeof *m.owner[a]);
	for (uint64_t round = 0; round < scaled(12) || ((!emptied || !m.larger) && round < 1000); round++) {
		uint64_t seed = clock_random();
		struct slab_info info;

		printf("# seed %" PRIu64 "\n", seed);
		m.align = align[round % 4];
		m.s = opened(lens, ARENAS, m.align);
		emptied += history(&m, seed);
		slab_info(m.s, &info);
		assert_true(info.free_len == info.len && info.free_run == 32 * MIB);
		assert_true(info.n == 0 && info.taken_len == 0 && info.partial_len == 0);
		slab_close(m.s);
	}
	for (int a = 0; a < ARENAS; a++)
		test_free(m.owner[a]);
	assert_true(emptied > 0 && m.larger > 0);
}

static void waste_is_what_the_header_says(void **state)
{
	const uint64_t len = 64 * MIB;
	struct slab *s = opened(&len, 1, 512);

	(void)state;
	for (uint64_t n = 1; n < 20 * MIB; n += n < 4096 ? 1 : n / 97) {
		uint64_t waste = slab_cost(s, n) - n;

		assert_true(slab_cost(s, n) >= n);
		if (n <= 256 * KIB)	/* its place's rest, and a share of the slab's */
			assert_true(waste < 512 + 8 || waste * 8 <= slab_cost(s, n) + 8 * 8);
		else if (n <= MIB)
			assert_true(waste * 3 <= slab_cost(s, n) + 3 * 512);
		else
			assert_true(waste < SLAB_LEN);
	}
	slab_close(s);
}

/* A cache full of things of one size goes over to another: what is left of the first
 * in each slab is bounded by what is there. */
static void a_slab_emptied_goes_to_any_class(void **state)
{
	const uint64_t len = 64 * MIB;
	struct slab *s = opened(&len, 1, 512);
	struct slab_place p[64], got;

	(void)state;
	for (int i = 0; i < 64; i++)
		assert_int_equal(slab_take(s, MIB, &p[i]), 1);
	assert_int_equal(slab_take(s, 1, &got), 0);
	slab_give(s, &p[10], MIB);
	assert_int_equal(slab_take(s, 1, &got), 0);	/* half a slab is another class's */
	assert_int_equal(slab_take(s, MIB, &got), 1);
	assert_true(got.arena == p[10].arena && got.off == p[10].off);
	slab_give(s, &p[10], MIB);
	slab_give(s, &p[11], MIB);
	assert_int_equal(slab_take(s, 1, &got), 1);
	assert_int_equal(got.off / SLAB_LEN, p[10].off / SLAB_LEN);
	slab_close(s);
}

/* Two small things, each of a class of its own, have the only two slabs. */
static void a_few_small_things_keep_nobody_out(void **state)
{
	const uint64_t len = 4 * MIB;
	struct slab *s = opened(&len, 1, 512);
	struct slab_place a, b, c;

	(void)state;
	assert_int_equal(slab_take(s, 1000, &a), 1);
	assert_int_equal(slab_take(s, 9000, &b), 1);
	assert_int_equal(slab_take(s, 4000, &c), 0);
	assert_int_equal(slab_take_larger(s, 4000, &c), 1);
	assert_int_equal(c.off / SLAB_LEN, b.off / SLAB_LEN);
	assert_true(c.off != b.off);
	assert_int_equal(slab_take_larger(s, 20000, &c), 0);	/* none is large enough */
	assert_int_equal(slab_take_larger(s, 2 * MIB, &c), 0);
	slab_close(s);
}

static void large_things_lie_low_and_small_ones_high(void **state)
{
	const uint64_t len = 64 * MIB;
	struct slab *s = opened(&len, 1, 512);
	struct slab_place small, large;

	(void)state;
	assert_int_equal(slab_take(s, 100, &small), 1);
	assert_int_equal(slab_take(s, 5 * MIB, &large), 1);
	assert_true(small.off / SLAB_LEN == 31 && large.off == 0);
	assert_int_equal(slab_take(s, 57 * MIB, &large), 0);
	assert_int_equal(slab_take(s, 56 * MIB, &large), 1);
	assert_true(large.off == 6 * MIB);
	slab_close(s);
}

static void memory_is_drawn_from_its_budget(void **state)
{
	const uint64_t len = 1024 * MIB;
	struct slab *s;
	struct mem mem;

	(void)state;
	mem_init(&mem, 100 * KIB);
	assert_int_equal(slab_open(&s, &len, 1, 512, &mem), ERR_MEMORY);
	assert_int_equal(mem.used, 0);
	mem_init(&mem, 400 * KIB);
	must(slab_open(&s, &len, 1, 512, &mem));
	slab_close(s);
	assert_int_equal(mem.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_byte_belongs_to_two),
		cmocka_unit_test(waste_is_what_the_header_says),
		cmocka_unit_test(a_slab_emptied_goes_to_any_class),
		cmocka_unit_test(a_few_small_things_keep_nobody_out),
		cmocka_unit_test(large_things_lie_low_and_small_ones_high),
		cmocka_unit_test(memory_is_drawn_from_its_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
