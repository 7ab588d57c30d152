/* base/bytes.h - a span of bytes, and a buffer that grows
 *
 * struct bytes borrows; struct buf owns.  Neither is a string: NUL is a byte
 * like any other.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct mem;

struct bytes {
	const uint8_t *ptr;
	size_t len;
};

static inline struct bytes bytes_of(const void *ptr, size_t len)
{
	return (struct bytes){ ptr, len };
}

struct bytes bytes_str(const char *text);	/* without the NUL */
int bytes_cmp(struct bytes a, struct bytes b);	/* memcmp, shorter first */
int bytes_equal(struct bytes a, struct bytes b);
int bytes_starts(struct bytes a, struct bytes prefix);
size_t bytes_common(struct bytes a, struct bytes b);	/* length of the shared prefix */

/* The name as messages show it: escaped as in tsv, so that a hostile key cannot
 * move the cursor, cut after 60 bytes with "...".  One of four rotating buffers
 * of the thread: good for one message. */
const char *bytes_show(struct bytes b);

struct buf {
	uint8_t *ptr;
	size_t len, cap;
	struct mem *mem;	/* where it draws from; NULL: the process's heap */
};

/* Each returns 0 or ERR_MEMORY, and then the buffer is as it was. */
int buf_reserve(struct buf *b, size_t more);	/* room for MORE bytes after len */
int buf_add(struct buf *b, const void *ptr, size_t len);
int buf_add_byte(struct buf *b, uint8_t byte);
int buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *b);			/* len 0, memory kept */
void buf_release(struct buf *b);

static inline struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){ b->ptr, b->len };
}

/* Variable-length integers, LEB128: 7 bits a byte, low first. */
#define VARINT_MAX 10
size_t varint_put_long(uint8_t *out, uint64_t v);
size_t varint_get_long(const uint8_t *in, size_t len, uint64_t *out);

static inline size_t varint_put(uint8_t *out, uint64_t v)	/* bytes written, 1..10 */
{
	*out = (uint8_t)v;
	return v < 0x80 ? 1 : varint_put_long(out, v);
}

/* Bytes read, or 0 when the integer is cut off, over 64 bits, or not minimal. */
static inline size_t varint_get(const uint8_t *in, size_t len, uint64_t *out)
{
	if (len && *in < 0x80) {	/* most are of one byte */
		*out = *in;
		return 1;
	}
	return varint_get_long(in, len, out);
}

#endif
