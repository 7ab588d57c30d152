/* tests/fault/txn_small.c - transactions that spill soon
 *
 * The product's own file with another bound, linked before the library.
 */
#define TXN_SPILL (16u << 10)
#include "store/txn.c"
