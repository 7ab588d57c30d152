/* store/ahead.h - a stretch of a file, read ahead of whoever takes it in order
 *
 * Pieces of 256 KiB, so many in flight or waiting to be taken, direct where that
 * can be had.  Nothing is checked here: the bytes are the caller's to verify.
 */
#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

#include "io/backend.h"

#define AHEAD_PIECE (256u << 10)

struct ahead;
struct mem;

/* Bytes [BEGIN, END) of F (borrowed), DEPTH pieces ahead, at least 1. */
int ahead_open(struct ahead **out, struct file *f, uint64_t begin, uint64_t end,
	       unsigned depth, struct mem *mem);
/* LEN bytes from OFF on, at most AHEAD_PIECE, good until the next call: where they
 * were read to, or put together in SCRATCH.  Offsets only go up.  ERR_DAMAGED: the
 * file ends before. */
int ahead_take(struct ahead *a, uint64_t off, size_t len, uint8_t *scratch,
	       const uint8_t **out);
uint64_t ahead_read_n(const struct ahead *a);
const char *ahead_why(const struct ahead *a);	/* the engine, in words */
void ahead_close(struct ahead *a);		/* waits for what is in flight; NULL is fine */

#endif
