/* graph/sort.h - many numbers in order, in a budget of memory
 *
 * Records are unsigned integers of up to 64 bits (words 1) or 128 (words 2).
 * What fits in the budget is sorted in memory; beyond it sorted runs go to the
 * store's tmp/ and are merged.  The order out is the same for any budget.
 */
#ifndef GRAPH_SORT_H
#define GRAPH_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct mem;
struct sort;

typedef unsigned __int128 sort_key;

struct sort_options {
	struct backend *backend;	/* where runs are spilled */
	struct mem *mem;
	size_t budget;			/* bytes drawn at most; at least SORT_BUDGET_LEAST is */
	unsigned words;			/* 1 or 2 */
	unsigned bits;			/* records are below 2^bits */
	/* The records come in an order in which equal high bits (those from
	 * `given` on) imply ascending low ones: these bits are not sorted again. */
	unsigned given;
	bool unique;			/* equal records come out once */
	uint64_t most;			/* at most so many come, 0: not known */
};

#define SORT_BUDGET_LEAST (64u << 10)

int sort_open(struct sort **out, const struct sort_options *o);
void sort_close(struct sort *s);		/* NULL is fine */

int sort_add(struct sort *s, sort_key key);
/* No more will come. */
int sort_finish(struct sort *s);
/* 1 and the next one, 0 at the end, ERR_IO, ERR_MEMORY. */
int sort_next(struct sort *s, sort_key *out);

uint64_t sort_run_n(const struct sort *s);	/* spilled: for -v and tests */

#endif
