/* tests/fault/mutants/revive_expired.c - a merge leaves out what expired */
#include "store/entry.h"
#include "store/run.h"
#include "tests/fault/merge_small.h"

static bool was_expired;

static bool note_expired(const struct entry *e, uint64_t now_ms)
{
	was_expired = entry_expired(e, now_ms);
	return was_expired;
}

/* The removal that it became hid what is older: in runs that are not merged too. */
static int add_but_expired(struct run_writer *w, const struct entry *e)
{
	return was_expired ? 0 : run_add(w, e);
}

#define entry_expired note_expired
#define run_add add_but_expired
#include "store/merge.c"
#undef entry_expired
#undef run_add

#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a merge resurrects what an expired value hid";
const unsigned mutant_modes = 0;
