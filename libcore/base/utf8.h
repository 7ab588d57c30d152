/* base/utf8.h - UTF-8 as Unicode defines it
 *
 * Shortest forms only, no surrogates, nothing over U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MOST 0x10ffffu
#define UTF8_LONGEST 4

/* The character at AT; its length in bytes, 0 where there is none. */
size_t utf8_get(const uint8_t *at, const uint8_t *end, uint32_t *out);

/* CODE must be one (utf8_is).  Bytes written, 1 to 4. */
size_t utf8_put(uint8_t *out, uint32_t code);

/* The first byte that begins no character, or END. */
const uint8_t *utf8_end(const uint8_t *at, const uint8_t *end);

/* What a terminal may be given of the bytes from *AT on: characters, TAB, LF and NUL as
 * they are; all that moves a cursor, asks the terminal or is no UTF-8 as \xHH, which is how
 * tsv has it.  Fills TO (CAP: UTF8_LONGEST and more) and moves *AT; bytes written. */
size_t utf8_shown(uint8_t *to, size_t cap, const uint8_t **at, const uint8_t *end);

/* Bytes of the byte order mark that some programs write first: 3 or 0. */
static inline size_t utf8_mark(const uint8_t *at, size_t len)
{
	return len >= 3 && at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf ? 3 : 0;
}

static inline bool utf8_is(uint32_t code)
{
	return code <= UTF8_MOST && (code < 0xd800 || code > 0xdfff);
}

#endif
