/* graph/records.h - byte records in the order of their keys, in a budget of memory
 *
 * A key is up to three words, the first of them the most significant; records of one
 * key come out in the order they came.  What fits in the budget is sorted in memory;
 * beyond it sorted runs go to the store's tmp/ and are merged.  The order out is the
 * same for any budget.
 */
#ifndef GRAPH_RECORDS_H
#define GRAPH_RECORDS_H

#include <stdbool.h>

#include "base/bytes.h"

#define RECORDS_WORDS 3
#define RECORDS_BUDGET_LEAST (256u << 10)

struct backend;
struct records;

struct records_key {
	uint64_t word[RECORDS_WORDS];
};

/* BUDGET bytes are drawn at most, at least RECORDS_BUDGET_LEAST are; more for a record
 * that is longer than a part of it. */
int records_open(struct records **out, struct backend *b, size_t budget, struct mem *mem);
void records_close(struct records *s);		/* NULL is fine */

/* RECORD has less than 2^32 bytes.  ERR_IO, ERR_FULL, ERR_MEMORY. */
int records_add(struct records *s, const struct records_key *key, struct bytes record);
uint64_t records_n(const struct records *s);
/* No more will come. */
int records_finish(struct records *s);
/* 1 and the next one, good until the next call; 0 at the end. */
int records_next(struct records *s, struct records_key *key, struct bytes *record);

uint64_t records_run_n(const struct records *s);	/* spilled: for -v and tests */

#endif
