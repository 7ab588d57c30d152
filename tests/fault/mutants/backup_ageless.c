/* tests/fault/mutants/backup_ageless.c - a backup forgets when its values expire */
#include "store/entry.h"

static int put_ageless(struct buf *out, const struct entry *e)
{
	struct entry ageless = *e;

	ageless.expires_ms = 0;
	return entry_put_record(out, &ageless);
}

#define entry_put_record put_ageless
#include "store/backup.c"
#undef entry_put_record

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a backup forgets when its values expire";
const unsigned mutant_modes = 0;
