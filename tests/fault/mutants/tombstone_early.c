/* tests/fault/mutants/tombstone_early.c - a merge of some runs drops removals */
#include "store/run.h"
#include "tests/fault/merge_small.h"

static int add_but_removals(struct run_writer *w, const struct entry *e)
{
	return e->kind == ENTRY_REMOVE ? 0 : run_add(w, e);
}

#define run_add add_but_removals
#include "store/merge.c"
#undef run_add

#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a removal is dropped though older runs are not merged";
const unsigned mutant_modes = 0;
