/* tests/fault/mutants/log_unflushed.c - a new log is named before its bytes are durable */
#include "io/file.h"

#define file_flush(f) ((void)(f), 0)
#include "store/log_file.c"
#undef file_flush

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a new log is named before its bytes are durable";
const unsigned mutant_modes = 0;
