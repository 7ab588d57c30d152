/* graph/walk/shares.h - what the nodes of a list have, added up */
#ifndef GRAPH_WALK_SHARES_H
#define GRAPH_WALK_SHARES_H

#include <stdint.h>

/* The sum of share[ids[i]], N of them, modulo 2^64. */
typedef uint64_t shares_fn(const uint64_t *share, const uint32_t *ids, uint64_t n);
shares_fn shares_portable;
/* The best that this processor has. */
shares_fn *shares_best(void);

#endif
