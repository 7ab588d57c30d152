/* base/endian.h - little-endian integers as they lie in a file
 *
 * Arrays of bytes in a struct: alignment 1, no padding, no `packed`, and
 * `d->len + 1` does not compile.  Each get or put is one load or store at -O2.
 */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

typedef struct { uint8_t b[2]; } le16;
typedef struct { uint8_t b[4]; } le32;
typedef struct { uint8_t b[8]; } le64;

static inline uint16_t le16_get(le16 v)
{
	uint16_t x;

	memcpy(&x, v.b, 2);
	return le16toh(x);
}

static inline uint32_t le32_get(le32 v)
{
	uint32_t x;

	memcpy(&x, v.b, 4);
	return le32toh(x);
}

static inline uint64_t le64_get(le64 v)
{
	uint64_t x;

	memcpy(&x, v.b, 8);
	return le64toh(x);
}

static inline le16 le16_of(uint16_t x)
{
	le16 v;

	x = htole16(x);
	memcpy(v.b, &x, 2);
	return v;
}

static inline le32 le32_of(uint32_t x)
{
	le32 v;

	x = htole32(x);
	memcpy(v.b, &x, 4);
	return v;
}

static inline le64 le64_of(uint64_t x)
{
	le64 v;

	x = htole64(x);
	memcpy(v.b, &x, 8);
	return v;
}

#endif
