/* cmd/bench/kron.h - edges of made graphs, the same everywhere
 *
 * The Kronecker graph of Graph500 (A, B, C = 0.57, 0.19, 0.19), its ids scrambled, so
 * that hubs lie anywhere.  Loops and repeated edges are
 * kept, as they are drawn.  Edge I depends on SEED and I alone.
 */
#ifndef CMD_BENCH_KRON_H
#define CMD_BENCH_KRON_H

#include <stdint.h>

uint64_t kron_mix(uint64_t x);		/* a permutation of 64 bits */
/* What edge I depends on. */
uint64_t kron_state(uint64_t seed, uint64_t i);
/* Of that STATE, between 2^SCALE nodes. */
void kron_edge(unsigned scale, uint64_t seed, uint64_t state, uint64_t *src, uint64_t *dst);

#endif
