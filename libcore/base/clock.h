/* base/clock.h - time, in nanoseconds */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ns(void);	/* monotonic: for durations */
uint64_t clock_wall_ns(void);	/* since 1970: for people and expiry */
uint64_t clock_random(void);	/* 64 bits from the kernel, else from the clocks */
/* Which boot of the machine this is, as text; all zero when that cannot be known:
 * then nothing is of this boot. */
void clock_boot(char out[40]);

#endif
