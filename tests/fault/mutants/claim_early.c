/* tests/fault/mutants/claim_early.c - the index says what is durable before it is */
#include "io/file.h"
#include "store/tail.h"

#define file_flush(f) (tail_raise(h, &h->durable_blk, blk), file_flush(f))
#include "store/log.c"
#undef file_flush

#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "the claim of what is durable comes before the flush";
const unsigned mutant_modes = 0;
