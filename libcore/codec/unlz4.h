/* codec/unlz4.h - one LZ4 block unpacked, without liblz4
 *
 * The format is a few lines: a token, its high half a number of literal bytes, its
 * low half a match's length less 4; either is 15 when bytes follow that are added to
 * it, up to and with the first below 255.  Token, [length], literals, offset (le16,
 * back from here), [length], and so on; the last has literals only.
 *
 * Opening the library costs a process more than a small value's whole get.
 */
#ifndef CODEC_UNLZ4_H
#define CODEC_UNLZ4_H

#include <stddef.h>
#include <stdint.h>

/* The bytes unpacked, at most CAP; -1 when IN is no whole block, or of more.  Whatever IN
 * holds, nothing outside of IN is read, or of OUT written; what OUT then holds is
 * undefined.  Takes all that is by the format's rules, its rule for ends included. */
long unlz4(const void *in, size_t in_len, void *out, size_t cap);

#endif
