/* tests/fault/mutants/torn_taken.c - recovery takes a torn commit for a whole one */
#include "store/wal.h"

#define wal_continues(first, b, i) ((void)(first), (void)(b), (void)(i), 1)
#include "store/recover.c"
#undef wal_continues

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "recovery takes a torn commit for a whole one";
const unsigned mutant_modes = 0;
