/* base/base64.h - bytes as digits of RFC 4648, padded, and back */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/bytes.h"

/* Appends. */
int base64_add(struct buf *out, struct bytes b);

/* Whole groups of four, no bits left over.  TEXT may be of JSON: "\/" stands for "/". */
bool base64_is(struct bytes text);

/* What is base64_is, and has no "\/" any more, in its place: the bytes that are left. */
size_t base64_decode(uint8_t *p, size_t len);

#endif
