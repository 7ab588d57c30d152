/* tests/fault/merge_small.c - the product's own merges, of few runs already
 *
 * Linked before the library, so that short histories come to merges of some of the
 * runs, of the newest and of the oldest.
 */
#include "tests/fault/merge_small.h"
#include "store/merge.c"
