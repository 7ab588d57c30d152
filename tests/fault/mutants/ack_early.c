/* tests/fault/mutants/ack_early.c - a commit is acknowledged before its flush */
#define log_sync log_sync_that_flushes
#include "store/log.c"
#undef log_sync

int log_sync(struct log *l, uint64_t version);
int log_sync(struct log *l, uint64_t version)
{
	tail_raise(l->t->head, &l->t->head->durable_version, version);
	return 0;
}

#include "io/fault.h"
#include "tests/fault/mutants/mutant.h"

const char mutant_rule[] = "a commit is acknowledged before its flush";
const unsigned mutant_modes = 0;
