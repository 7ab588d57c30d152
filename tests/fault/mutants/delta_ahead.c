/* tests/fault/mutants/delta_ahead.c - a segment of changes is ahead of the log it is of */
#include "store/store.h"

#define store_sync(s) ((void)(s), 0)
#include "graph/delta_fold.c"
#undef store_sync

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"
#include "tests/fault/world.h"

const char mutant_rule[] = "a segment of changes is ahead of the log it is of";
const unsigned mutant_modes = EXPLORE_NETS | EXPLORE_NO_SYNC;
