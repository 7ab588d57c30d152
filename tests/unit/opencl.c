/* tests/unit/opencl.c - a device behind OpenCL does what host memory does */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/device.h"
#include "gpu/opencl.h"
#include "gpu/slab.h"
#include "tests/lib/kit.h"
#include "tests/lib/opencl_kit.h"

#define MIB (UINT64_C(1) << 20)

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

/* In a child, before this process has a driver: the loader looks for them once. */
static void without_a_driver_it_is_unavailable(void **state)
{
	struct gpu_backend *b;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
		_exit(opencl_open(&b, 0) == ERR_UNAVAILABLE ? 0 : 1);
	}
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_number_that_no_device_has_is_unavailable(void **state)
{
	struct gpu_backend *b = opencl_opened();

	(void)state;
	gpu_backend_close(b);
	assert_int_equal(opencl_open(&b, 4000000000u), ERR_UNAVAILABLE);
}

static void it_says_what_it_has(void **state)
{
	struct gpu_backend *b = opencl_opened();

	(void)state;
	assert_true(b->ops->memory(b) >= b->ops->most(b) && b->ops->most(b) >= 16 * MIB);
	assert_true(b->ops->align(b) && (b->ops->align(b) & (b->ops->align(b) - 1)) == 0);
	gpu_backend_close(b);
}

static void arenas_are_halved_to_what_one_may_be(void **state)
{
	struct gpu_backend *b = opencl_opened();
	struct arenas *a;
	void *none;

	(void)state;
	assert_int_equal(b->ops->arena_new(b, b->ops->most(b) * 2 + MIB, &none), ERR_MEMORY);
	must(arena_open(&a, b, 70 * MIB));
	assert_true(arena_size(a) == 70 * MIB);
	arena_close(a);
	gpu_backend_close(b);
}

/* --- the same history as on host memory --- */

enum { THINGS = 60 };

static uint8_t written[THINGS][70000], got[70000];

struct thing {
	struct slab_place at;
	size_t len;
};

static struct arena_place place(const struct slab_place *p)
{
	return (struct arena_place){ p->arena, p->off };
}

static void load(struct arenas *a, struct slab *s, struct thing *t, uint8_t *bytes,
		 uint64_t *seed)
{
	static const size_t lens[] = { 1, 513, 5000, 33333, sizeof written[0] };

	t->len = lens[draw(seed) % 5];
	assert_int_equal(slab_take(s, t->len, &t->at), 1);
	for (size_t i = 0; i < t->len; i++)
		bytes[i] = (uint8_t)draw(seed);
	must(arena_write(a, place(&t->at), bytes, t->len));
}

static void check(struct arenas *a, const struct thing *t, const uint8_t *bytes)
{
	must(arena_read(a, place(&t->at), got, t->len));
	must(arena_finish(a));
	assert_memory_equal(got, bytes, t->len);
}

static void what_was_written_is_read_and_copied(void **state)
{
	struct gpu_backend *b = opencl_opened();
	uint64_t seed = clock_random();
	struct thing t[THINGS], copy;
	struct arenas *a;
	struct slab *s;

	(void)state;
	printf("# seed %" PRIu64 "\n", seed);
	must(arena_open(&a, b, 24 * MIB));
	must(slab_open(&s, arena_lens(a), arena_n(a), b->ops->align(b), NULL));
	for (unsigned i = 0; i < THINGS; i++)
		load(a, s, &t[i], written[i], &seed);
	for (unsigned i = 0; i < THINGS; i++)
		check(a, &t[i], written[i]);
	for (unsigned i = 0; i < THINGS; i++) {
		copy = t[i];
		assert_int_equal(slab_take(s, t[i].len, &copy.at), 1);
		must(arena_copy(a, place(&t[i].at), place(&copy.at), t[i].len));
		slab_give(s, &t[i].at, t[i].len);
		t[i] = copy;
	}
	for (unsigned i = 0; i < THINGS; i++)
		check(a, &t[i], written[i]);
	slab_close(s);
	arena_close(a);
	gpu_backend_close(b);
}

static void a_new_arena_is_zero(void **state)
{
	struct gpu_backend *b = opencl_opened();
	struct arenas *a;

	(void)state;
	must(arena_open(&a, b, 4 * MIB));
	memset(got, 1, sizeof got);
	must(arena_read(a, (struct arena_place){ 0, 4 * MIB - sizeof got }, got, sizeof got));
	must(arena_finish(a));
	for (size_t i = 0; i < sizeof got; i++)
		assert_int_equal(got[i], 0);
	arena_close(a);
	gpu_backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_driver_it_is_unavailable),
		cmocka_unit_test(it_says_what_it_has),
		cmocka_unit_test(arenas_are_halved_to_what_one_may_be),
		cmocka_unit_test(what_was_written_is_read_and_copied),
		cmocka_unit_test(a_new_arena_is_zero),
		cmocka_unit_test(a_number_that_no_device_has_is_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
