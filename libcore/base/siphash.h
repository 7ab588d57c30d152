/* base/siphash.h - a keyed hash of 128 bits that nobody can aim at
 *
 * SipHash-2-4 (Aumasson, Bernstein; public domain).  hash64 is faster, but who
 * knows its constants finds inputs that collide under every seed; here, without the
 * secret, two inputs collide with a chance of 2^-128.  For where the hash stands for
 * the bytes themselves.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

void siphash128(uint64_t out[2], const uint64_t secret[2], const void *ptr, size_t len);

#endif
