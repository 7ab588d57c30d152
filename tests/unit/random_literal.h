/* tests/unit/random_literal.h - literals of all kinds, drawn from a printed seed */
#ifndef TESTS_UNIT_RANDOM_LITERAL_H
#define TESTS_UNIT_RANDOM_LITERAL_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "io/backend.h"
#include "tests/lib/kit.h"

static uint64_t seed, turn;
static struct mem mem;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static int setup(void **state)
{
	struct backend *b;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	mem_init(&mem, 0);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	backend_close(*state);
	assert_int_equal(mem.used, 0);
	return 0;
}

/* Bytes that stay while the test runs. */
static struct arena {
	uint8_t *block[4096];
	size_t n, used;
} arena;

static uint8_t *keep(size_t len)
{
	uint8_t *at;

	len = (len + 15) / 16 * 16;
	if (arena.n == 0 || arena.used + len > 1u << 20) {
		assert_true(arena.n < 4096);
		arena.block[arena.n] = malloc(len > 1u << 20 ? len : 1u << 20);
		assert_non_null(arena.block[arena.n++]);
		arena.used = 0;
	}
	at = arena.block[arena.n - 1] + arena.used;
	arena.used += len;
	return at;
}

static void forget(void)
{
	while (arena.n)
		free(arena.block[--arena.n]);
	arena.used = 0;
}

/* Any bytes: mostly words, now and then hostile ones, rarely long. */
static struct bytes random_text(bool empty_too)
{
	size_t len = rnd(500) == 0 ? rnd(20000) : rnd(20);
	uint8_t *at;
	bool plain = rnd(4);

	len += len == 0 && !empty_too;
	at = keep(len);
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(plain ? 'a' + rnd(6) : rnd(256));
	return bytes_of(at, len);
}

static double random_real(void)
{
	static const double odd[] = { 0.0, -0.0, 1e308, -1e-308, 0.1, 1.0 / 0.0, -1.0 / 0.0,
				      0.0 / 0.0, 5e-324 };
	uint64_t bits = hash_u64(seed + turn++);
	double r;

	if (rnd(3) == 0)
		return odd[rnd(sizeof odd / sizeof *odd)];
	if (rnd(2))
		return (double)rnd(1000) / 8;
	memcpy(&r, &bits, sizeof r);
	return r;
}

static struct literal random_of(unsigned kind)
{
	struct literal l = { .kind = (enum literal_kind)kind };

	switch (l.kind) {
	case LITERAL_BOOL:
		l.b = rnd(2);
		break;
	case LITERAL_INTEGER:
		l.i = rnd(5) == 0 ? (int64_t)hash_u64(seed + turn++) :
			(int64_t)rnd(1ull << rnd(40)) - 100;
		l.i = rnd(50) == 0 ? INT64_MIN : rnd(50) == 0 ? INT64_MAX : l.i;
		break;
	case LITERAL_DOUBLE:
		l.r = random_real();
		break;
	case LITERAL_LANG:
	case LITERAL_TYPED:
		l.extra = rnd(3) ? bytes_str("en") : random_text(false);
		/* fallthrough */
	default:
		l.text = random_text(true);
	}
	return l;
}

static struct literal random_literal(void)
{
	struct literal l = random_of(1 + (unsigned)rnd(LITERAL_TYPED));

	if (rnd(10) == 0)
		l.graph = random_text(false);
	return l;
}

#endif
