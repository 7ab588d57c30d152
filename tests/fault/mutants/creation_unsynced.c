/* tests/fault/mutants/creation_unsynced.c - a new store is named before its parts are */
#include "io/backend.h"

#define backend_sync_dir(b, dir) ((void)(b), (void)(dir), 0)
#include "store/store_create.c"
#undef backend_sync_dir

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a new store is named before its parts are";
const unsigned mutant_modes = 0;
