/* tests/fault/mutants/clock_believed.c - what expires is held against the wall clock alone */
#include "base/clock.h"
#include "store/log.h"

#define log_now_ns(l) ((void)(l), clock_wall_ns())
#include "store/store.c"
#undef log_now_ns

#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a clock set back brings back what expired";
const unsigned mutant_modes = 0;
