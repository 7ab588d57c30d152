/* tests/fault/mutants/heir_unsynced.c - the heir of a killed publisher does not flush the folder */
#include "io/backend.h"

#define backend_sync_dir(b, dir) ((void)(b), (void)(dir), 0)
#include "store/log_index.c"
#undef backend_sync_dir

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "the heir of a killed publisher does not flush the folder";
const unsigned mutant_modes = 0;
