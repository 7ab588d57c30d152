/* tests/fault/mutants/update_blind.c - a change of a graph does not ask whether others came */
#include "store/store.h"

#define txn_expect(t, space, key, what, version) ((void)(version), 0)
#include "graph/update_resolve.c"
#undef txn_expect

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"
#include "tests/fault/world.h"

const char mutant_rule[] = "a change of a graph does not ask whether others came";
const unsigned mutant_modes = EXPLORE_NETS | EXPLORE_WOVEN;
