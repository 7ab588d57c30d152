/* tests/fault/mutants/blob_unflushed.c - a commit does not wait for its large values */
#define TXN_SPILL (16u << 10)
#include "store/blob.h"

#define blob_flush(w) ((void)(w), 0)
#include "store/txn.c"
#undef blob_flush

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a commit does not wait for its large values";
const unsigned mutant_modes = 0;
