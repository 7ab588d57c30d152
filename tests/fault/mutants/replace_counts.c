/* tests/fault/mutants/replace_counts.c - a number that a killed publisher took is a commit
 *
 * Then a graph could not be compacted until somebody commits something.
 */
#include "store/store.h"

#define snapshot_is_newest(v) ((void)(v), false)
#include "graph/replace.c"
#undef snapshot_is_newest

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"
#include "tests/fault/world.h"

const char mutant_rule[] = "a number that a killed publisher took is a commit";
const unsigned mutant_modes = EXPLORE_NETS;
