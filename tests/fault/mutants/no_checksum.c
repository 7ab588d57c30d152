/* tests/fault/mutants/no_checksum.c - a block of the log is believed unchecked */
#define wal_check wal_check_that_looks
#include "store/wal.c"
#undef wal_check

void wal_check(struct wal_block *out, const void *block, uint64_t blk,
	       const struct wal_key *k);
void wal_check(struct wal_block *out, const void *block, uint64_t blk,
	       const struct wal_key *k)
{
	(void)blk;
	(void)k;
	memset(out, 0, sizeof *out);
	read_heads(out, block);
	out->kind = out->nonce && head_makes_sense(out) ? WAL_WHOLE : WAL_BLANK;
}

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a block of the log is believed unchecked";
const unsigned mutant_modes = 0;
