/* graph/intern.h - strings to numbers, then all strings in order
 *
 * While strings come each gets a number: 0, 1, 2, ... .  Within the budget a
 * string met again gets the number it had; when the table is full it is sorted,
 * written to the store's tmp/ and begun anew, so that a string may get several
 * numbers.  At the end all come out in byte order, each with all its numbers.
 */
#ifndef GRAPH_INTERN_H
#define GRAPH_INTERN_H

#include "base/bytes.h"

struct backend;
struct intern;

#define INTERN_BUDGET_LEAST (64u << 10)

/* BUDGET 0: never spill; then memory may run out (ERR_MEMORY). */
int intern_open(struct intern **out, struct backend *b, size_t budget, struct mem *mem);
void intern_close(struct intern *t);		/* NULL is fine */

/* TEXT has at most 65535 bytes. */
int intern_add(struct intern *t, struct bytes text, uint64_t *number);
/* Many: faster, and by several threads at once. */
int intern_add_many(struct intern *t, const struct bytes *text, size_t n, uint64_t *number);
uint64_t intern_n(const struct intern *t);	/* numbers given so far */

/* No more will come. */
int intern_finish(struct intern *t);
/* 1 and the next pair, by string, then by number; 0 at the end.  TEXT is good
 * until the next call; where nothing was spilled, until the table is closed. */
int intern_next(struct intern *t, struct bytes *text, uint64_t *number);

#endif
