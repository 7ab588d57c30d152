/* tests/fault/mutants/held_blob_swept.c - sweeping does not ask who reads values */
#include "io/backend.h"
#include "store/log.h"

static int lock_but_values(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	return what == LOCK_VALUES ? 0 : backend_lock(b, what, mode, wait_ns);
}

#define backend_lock lock_but_values
#include "store/store_sweep.c"
#undef backend_lock

#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a blob is removed that a held snapshot needs";
const unsigned mutant_modes = 0;
