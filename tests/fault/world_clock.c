/* tests/fault/world_clock.c - clocks and random numbers that a seed decides
 *
 * Linked with --wrap, so that a history replays to the byte.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "tests/fault/world.h"

static uint64_t drawn, ticks;

uint64_t __wrap_clock_random(void);
uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_wall_ns(void);

void world_set_clock(uint64_t seed)
{
	drawn = hash_u64(seed) | 1;
	ticks = 0;
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
	return 1700000000000000000u + 1000 * ++ticks;
}
