/* codec/block.h - one block of bytes, packed or not
 *
 * LZ4 or as it is, whichever is smaller.  liblz4 is loaded by the first block
 * that is packed, or when so much is unpacked that it pays; unpacking does not need
 * it.  Unpacking never writes past the size the caller states.
 */
#ifndef CODEC_BLOCK_H
#define CODEC_BLOCK_H

#include <stddef.h>
#include <stdint.h>

enum block_codec { BLOCK_RAW = 0, BLOCK_LZ4 = 1 };

/* Packs LEN bytes into OUT (CAP at least LEN).  Returns the stored length and
 * the codec used: RAW when LZ4 would not save an eighth, is not asked for (want
 * BLOCK_RAW), or is not on this machine.  Never fails. */
size_t block_pack(enum block_codec want, const void *in, size_t len,
		  void *out, size_t cap, enum block_codec *used);

/* The same with LZ4, without a copy of what does not shrink: the stored length, or
 * 0 when RAW is the answer and OUT holds nothing of use. */
size_t block_squeeze(const void *in, size_t len, void *out, size_t cap);

/* 0, or ERR_DAMAGED when it does not unpack to exactly RAW_LEN bytes,
 * ERR_NEWER for an unknown codec. */
int block_unpack(enum block_codec codec, const void *in, size_t len,
		 void *out, size_t raw_len);

#endif
