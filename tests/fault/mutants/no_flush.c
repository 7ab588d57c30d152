/* tests/fault/mutants/no_flush.c - a disk whose flush does nothing */
#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a disk whose flush does nothing";
const unsigned mutant_modes = FAULT_IGNORE_FLUSH;
