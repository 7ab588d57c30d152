/* tests/unit/arena.c - memory of a device is there, whole, and goes back; a device that
 * fails at any call leaves nothing behind */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/arena.h"
#include "gpu/gpu_index.h"
#include "gpu/slab.h"
#include "tests/lib/kit.h"

#define MIB (UINT64_C(1) << 20)

static_assert(ARENA_MOST <= GPU_INDEX_ARENA_MAX, "a token names every arena");

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

/* --- a device over host memory that fails when it is told to --- */

struct weak {
	struct gpu_backend b;
	struct gpu_backend *under;
	uint64_t most;			/* of one arena */
	uint64_t room;			/* of all arenas: more is ERR_MEMORY */
	unsigned calls, fail_at;	/* ERR_DEVICE at this call and all after it */
	unsigned arenas;
};

static struct weak *weak_of(struct gpu_backend *b)
{
	return (struct weak *)(void *)b;
}

static int fails(struct gpu_backend *b)
{
	struct weak *w = weak_of(b);

	w->calls++;
	if (w->fail_at && w->calls >= w->fail_at)
		return err_set(ERR_DEVICE, "weak: the device is lost");
	return 0;
}

static uint64_t weak_memory(struct gpu_backend *b)
{
	return weak_of(b)->room;
}

static uint64_t weak_most(struct gpu_backend *b)
{
	return weak_of(b)->most;
}

static uint32_t weak_align(struct gpu_backend *b)
{
	(void)b;
	return 4096;
}

static int weak_new(struct gpu_backend *b, uint64_t len, void **out)
{
	struct weak *w = weak_of(b);
	int r = fails(b);

	assert_true(len <= w->most && len % (2 * MIB) == 0);
	if (r == 0 && len > w->room)
		r = err_set(ERR_MEMORY, "weak: no room");
	if (r == 0)
		r = w->under->ops->arena_new(w->under, len, out);
	if (r == 0) {
		w->room -= len;
		w->arenas++;
	}
	return r;
}

static void weak_free(struct gpu_backend *b, void *arena, uint64_t len)
{
	struct weak *w = weak_of(b);

	w->room += len;
	w->arenas--;
	w->under->ops->arena_free(w->under, arena, len);
}

static int weak_write(struct gpu_backend *b, void *arena, uint64_t off, const void *p,
		      size_t len)
{
	struct gpu_backend *under = weak_of(b)->under;
	int r = fails(b);

	return r < 0 ? r : under->ops->write(under, arena, off, p, len);
}

static int weak_read(struct gpu_backend *b, void *arena, uint64_t off, void *p, size_t len)
{
	struct gpu_backend *under = weak_of(b)->under;
	int r = fails(b);

	return r < 0 ? r : under->ops->read(under, arena, off, p, len);
}

static int weak_copy(struct gpu_backend *b, void *from, uint64_t from_off, void *to,
		     uint64_t to_off, uint64_t len)
{
	struct gpu_backend *under = weak_of(b)->under;
	int r = fails(b);

	return r < 0 ? r : under->ops->copy(under, from, from_off, to, to_off, len);
}

static int weak_finish(struct gpu_backend *b)
{
	return fails(b);
}

static const struct gpu_backend_ops weak_ops = {
	.name = "weak", .memory = weak_memory, .most = weak_most, .align = weak_align,
	.arena_new = weak_new, .arena_free = weak_free, .write = weak_write,
	.read = weak_read, .copy = weak_copy, .finish = weak_finish,
};

static struct weak weak(struct gpu_backend *under, uint64_t most, uint64_t room)
{
	return (struct weak){ .b.ops = &weak_ops, .under = under, .most = most, .room = room };
}

static struct gpu_backend *host(struct mem *mem)
{
	struct gpu_backend *b;

	must(host_open(&b, UINT64_MAX, mem));
	return b;
}

/* --- how much there is --- */

static void arenas_are_as_large_as_the_device_lets_one_be(void **state)
{
	struct gpu_backend *b = host(NULL);
	struct weak w = weak(b, 8 * MIB, 100 * MIB);
	struct arenas *a;

	(void)state;
	must(arena_open(&a, &w.b, 21 * MIB));		/* 8, 8, 4: one MiB is no slab */
	assert_true(arena_n(a) == 3 && arena_size(a) == 20 * MIB);
	assert_true(arena_lens(a)[0] == 8 * MIB && arena_lens(a)[2] == 4 * MIB);
	arena_close(a);
	assert_true(w.arenas == 0 && w.room == 100 * MIB);
	gpu_backend_close(b);
}

static void they_halve_until_they_fit(void **state)
{
	struct gpu_backend *b = host(NULL);
	struct weak w = weak(b, 64 * MIB, 27 * MIB);
	struct arenas *a;

	(void)state;
	must(arena_open(&a, &w.b, 64 * MIB));	/* 64 and 32 fail; 16, 8, 2 */
	assert_int_equal(arena_n(a), 3);
	assert_true(arena_size(a) == 26 * MIB && arena_lens(a)[0] == 16 * MIB);
	arena_close(a);
	w.room = 1 * MIB;
	assert_int_equal(arena_open(&a, &w.b, 64 * MIB), ERR_MEMORY);
	w.room = 64 * MIB;
	assert_int_equal(arena_open(&a, &w.b, 1 * MIB), ERR_MEMORY);
	assert_int_equal(w.arenas, 0);
	gpu_backend_close(b);
}

static void there_are_no_more_than_a_token_can_name(void **state)
{
	struct gpu_backend *b = host(NULL);
	struct weak w = weak(b, 2 * MIB, 1000 * MIB);
	struct arenas *a;

	(void)state;
	must(arena_open(&a, &w.b, 200 * MIB));
	assert_true(arena_n(a) == ARENA_MOST && arena_size(a) == ARENA_MOST * 2 * MIB);
	arena_close(a);
	gpu_backend_close(b);
}

static void host_memory_comes_from_its_budget(void **state)
{
	struct gpu_backend *b;
	struct arenas *a;
	struct mem mem;

	(void)state;
	mem_init(&mem, 12 * MIB);
	b = host(&mem);
	assert_true(b->ops->memory(b) == 12 * MIB);
	must(arena_open(&a, b, 32 * MIB));
	assert_true(arena_size(a) == 12 * MIB && mem.used == 12 * MIB);
	arena_close(a);
	assert_int_equal(mem.used, 0);
	gpu_backend_close(b);
	must(host_open(&b, 5 * MIB, &mem));
	must(arena_open(&a, b, 32 * MIB));
	assert_true(arena_size(a) == 4 * MIB);
	arena_close(a);
	gpu_backend_close(b);
}

/* --- what is in it --- */

enum { ALL = 8 << 20 };

static uint8_t shadow[ALL];	/* arena 0 and 1, of 4 MiB each */
static uint8_t piece[70000];

static uint8_t *shadow_of(struct arena_place p)
{
	return shadow + p.arena * (ALL / 2) + p.off;
}

static struct arena_place some_place(uint64_t *s, size_t len)
{
	return (struct arena_place){ (uint32_t)(draw(s) % 2), draw(s) % (ALL / 2 - len + 1) };
}

/* One thing that one does to a device; 0 or what it said. */
static int act(struct arenas *a, uint64_t *s)
{
	size_t len = draw(s) % sizeof piece;
	struct arena_place p = some_place(s, len), q = some_place(s, len);
	int r;

	switch (draw(s) % 3) {
	case 0:
		memset(piece, (int)draw(s), len);
		r = arena_write(a, p, piece, len);
		if (r == 0)
			memcpy(shadow_of(p), piece, len);
		break;
	case 1:
		if (p.arena == q.arena)		/* no overlap */
			q.arena = 1 - p.arena;
		r = arena_copy(a, p, q, len);
		if (r == 0)
			memcpy(shadow_of(q), shadow_of(p), len);
		break;
	default:
		r = arena_read(a, p, piece, len);
		if (r == 0)
			r = arena_finish(a);
		if (r == 0)
			assert_memory_equal(piece, shadow_of(p), len);
	}
	return r;
}

static void what_was_written_is_read(void **state)
{
	struct gpu_backend *b = host(NULL);
	struct weak w = weak(b, 4 * MIB, 8 * MIB);
	uint64_t seed = clock_random();
	struct arenas *a;

	(void)state;
	printf("# seed %" PRIu64 "\n", seed);
	memset(shadow, 0, sizeof shadow);
	must(arena_open(&a, &w.b, 8 * MIB));
	for (uint64_t i = 0; i < scaled(500); i++)
		must(act(a, &seed));
	arena_close(a);
	gpu_backend_close(b);
}

static void nothing_beyond_an_arena_is_touched(void **state)
{
	static const struct { uint32_t arena; uint64_t off, len; } bad[] = {
		{ 2, 0, 1 }, { UINT32_MAX, 0, 0 }, { 0, 4 * MIB, 1 }, { 1, 4 * MIB - 1, 2 },
		{ 0, UINT64_MAX, 1 }, { 0, UINT64_MAX, 0 }, { 0, 1, SIZE_MAX },
	};
	struct gpu_backend *b = host(NULL);
	struct weak w = weak(b, 4 * MIB, 8 * MIB);
	struct arena_place good = { 0, 0 };
	struct arenas *a;

	(void)state;
	must(arena_open(&a, &w.b, 8 * MIB));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct arena_place p = { bad[i].arena, bad[i].off };

		assert_int_equal(arena_write(a, p, piece, bad[i].len), ERR_BUG);
		assert_int_equal(arena_read(a, p, piece, bad[i].len), ERR_BUG);
		assert_int_equal(arena_copy(a, p, good, bad[i].len), ERR_BUG);
		assert_int_equal(arena_copy(a, good, p, bad[i].len), ERR_BUG);
	}
	must(arena_write(a, (struct arena_place){ 1, 4 * MIB }, piece, 0));
	assert_int_equal(w.calls, 2);			/* the two arenas */
	arena_close(a);
	gpu_backend_close(b);
}

/* Takes arenas and works, as a service does; the device fails at call K. */
static int session(struct weak *w, uint64_t seed)
{
	struct arenas *a;
	int r = arena_open(&a, &w->b, 8 * MIB);

	if (r < 0)
		return r;
	for (int i = 0; i < 20 && r == 0; i++)
		r = act(a, &seed);
	arena_close(a);
	return r;
}

static void a_device_lost_at_any_call_leaves_nothing_behind(void **state)
{
	struct gpu_backend *b;
	struct mem mem;
	unsigned k = 0;
	int r;

	(void)state;
	mem_init(&mem, 0);
	b = host(&mem);
	do {
		struct weak w = weak(b, 4 * MIB, 8 * MIB);

		w.fail_at = ++k;
		memset(shadow, 0, sizeof shadow);
		r = session(&w, 7);
		assert_true(r == 0 || r == ERR_DEVICE);
		assert_true(w.arenas == 0 && mem.used == 0);
	} while (r < 0);
	assert_true(k > 20);
	assert_int_equal(err_status(ERR_DEVICE), 69);
	gpu_backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arenas_are_as_large_as_the_device_lets_one_be),
		cmocka_unit_test(they_halve_until_they_fit),
		cmocka_unit_test(there_are_no_more_than_a_token_can_name),
		cmocka_unit_test(host_memory_comes_from_its_budget),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(nothing_beyond_an_arena_is_touched),
		cmocka_unit_test(a_device_lost_at_any_call_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
