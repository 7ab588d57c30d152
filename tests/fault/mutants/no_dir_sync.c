/* tests/fault/mutants/no_dir_sync.c - a disk whose names are never flushed */
#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a disk whose names are never flushed";
const unsigned mutant_modes = FAULT_IGNORE_DIR_SYNC;
