/* tests/fault/world_clock.c - clocks and random numbers that a seed decides
 *
 * Linked with --wrap, so that a history replays to the byte.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "tests/fault/world.h"

static uint64_t drawn, ticks, skipped_ms;

uint64_t __wrap_clock_random(void);
uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_wall_ns(void);

void world_set_clock(uint64_t seed)
{
	drawn = hash_u64(seed) | 1;
	ticks = skipped_ms = 0;
}

void world_clock_skip(uint64_t ms)
{
	skipped_ms = ms;
}

uint64_t world_clock_ms(void)
{
	return clock_wall_ns() / 1000000;
}

uint64_t __wrap_clock_random(void)
{
	return hash_mix(drawn ^ 0x9e3779b97f4a7c15u, hash_u64(++ticks) | 1);
}

uint64_t __wrap_clock_ns(void)
{
	return 1000 * ++ticks;
}

uint64_t __wrap_clock_wall_ns(void)
{
	return 1700000000000000000u + 1000 * ++ticks + 1000000 * skipped_ms;
}
