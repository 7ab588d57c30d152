/* tests/fault/mutants/segment_unflushed.c - a segment is named before its bytes are durable */
#include "io/file.h"

#define file_flush(f) ((void)(f), 0)
#include "store/segment_writer.c"
#undef file_flush

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a segment is named before its bytes are durable";
const unsigned mutant_modes = 0;
