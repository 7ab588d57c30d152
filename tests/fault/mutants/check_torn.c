/* tests/fault/mutants/check_torn.c - the check takes a commit that was cut off for damage */
#include "store/check.h"

#define CHECK_TORN CHECK_DAMAGE
#include "store/check_log.c"
#undef CHECK_TORN

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "the check takes a commit that was cut off for damage";
const unsigned mutant_modes = 0;
