/* base/size.h - numbers, sizes and durations as people write them
 *
 *   number    decimal digits: "010" is ten; no sign, no blanks, no hex
 *   size      a number, or one with K M G T (= KiB MiB GiB TiB, powers of 1024)
 *             or kB MB GB TB (powers of 1000): 4096, 64K, 64KiB, 64kB
 *   duration  a number with ns us ms s m h d: 250ms, 5s, 2m
 *
 * Each reader takes the name to begin its message with ("--limit", "io_depth"),
 * the text, and the range it accepts.  It returns 0, or ERR_USAGE with the text
 * and the range in the message: nothing is clamped, and *out is untouched.
 */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdint.h>

#include "base/bytes.h"

int size_number(const char *name, struct bytes text, uint64_t min, uint64_t max,
		uint64_t *out);
int size_bytes(const char *name, struct bytes text, uint64_t min, uint64_t max,
	       uint64_t *out);
/* In nanoseconds.  A number without a unit is refused; size_seconds takes it as
 * seconds (for --wait). */
int size_duration(const char *name, struct bytes text, uint64_t min_ns,
		  uint64_t max_ns, uint64_t *out_ns);
int size_seconds(const char *name, struct bytes text, uint64_t min_ns,
		 uint64_t max_ns, uint64_t *out_ns);

/* A text that reads back as the same value, as short as it goes: "32M", "4096",
 * "250ms".  One of four rotating buffers of the thread. */
const char *size_show(uint64_t bytes);
const char *size_show_duration(uint64_t ns);

#endif
