/* graph/text/declared.h - which nodes an input has said to be there
 *
 * Keys are remembered by 128 bits of two hashes: 16 to 48 bytes of MEM each.
 */
#ifndef GRAPH_TEXT_DECLARED_H
#define GRAPH_TEXT_DECLARED_H

#include <stdbool.h>

#include "graph/text/text.h"

struct declared;

int declared_open(struct declared **out, struct mem *mem);
void declared_close(struct declared *d);		/* NULL is fine */

/* 1: it is new, 0: it was there, or ERR_MEMORY. */
int declared_add(struct declared *d, struct bytes key);
/* The same of a node that is there without any input: one may give it anew. */
int declared_add_before(struct declared *d, struct bytes key);
/* The numbers FIRST to LAST. */
int declared_add_range(struct declared *d, uint64_t first, uint64_t last);
bool declared_has(const struct declared *d, const struct text_key *key);

#endif
