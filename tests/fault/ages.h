/* tests/fault/ages.h - histories of merging, expiring and keeping, held against a model
 *
 * No power fails here: two processes on one disk put, remove and let expire, fold,
 * merge, compact, hold snapshots and keep them, under a clock that goes both ways.
 * What each key must be, newest, held and kept, a table says.
 */
#ifndef TESTS_FAULT_AGES_H
#define TESTS_FAULT_AGES_H

#include <stdint.h>

/* One history.  NULL, or the words of what went wrong.  *STEPS is added to. */
const char *ages(uint64_t seed, uint64_t *steps);

#endif
