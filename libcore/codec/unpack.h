/* codec/unpack.h - gzip and LZ4 frames as streams
 *
 * Recognised by their first bytes (RFC 1952: 1f 8b; LZ4 frame: 04 22 4d 18).
 * Several members or frames one after another are one stream, as gzip(1) and
 * lz4(1) make them.  zlib and liblz4 are loaded at the first use.
 */
#ifndef CODEC_UNPACK_H
#define CODEC_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unpack;
enum unpack_kind { UNPACK_NONE, UNPACK_GZIP, UNPACK_LZ4 };

#define UNPACK_MAGIC_LEN 4
enum unpack_kind unpack_recognise(const uint8_t *head, size_t len);

int unpack_open(struct unpack **out, enum unpack_kind kind);
void unpack_close(struct unpack *u);

/* Consumes from *in and *in_len (both are moved on), produces into out.  Returns bytes
 * produced (0: give me more input); ERR_BAD_RECORD when the bytes are not what
 * the head said (checksums included). */
long unpack_some(struct unpack *u, const uint8_t **in, size_t *in_len,
		 uint8_t *out, size_t cap);
/* At the end of the input: true when no member or frame is left open. */
bool unpack_complete(const struct unpack *u);

#endif
