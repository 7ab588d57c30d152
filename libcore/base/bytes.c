/* base/bytes.c - spans, growing buffers, variable-length integers */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/err.h"
#include "base/mem.h"

struct bytes bytes_str(const char *text)
{
	return bytes_of(text, strlen(text));
}

int bytes_cmp(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	if (c)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

int bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

int bytes_starts(struct bytes a, struct bytes prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || !memcmp(a.ptr, prefix.ptr, prefix.len));
}

size_t bytes_common(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	size_t i = 0;
	uint64_t x, y;

	for (; i + 8 <= n; i += 8) {
		memcpy(&x, a.ptr + i, 8);
		memcpy(&y, b.ptr + i, 8);
		if (x != y)
			return i + (size_t)__builtin_ctzll(le64toh(x ^ y)) / 8;
	}
	while (i < n && a.ptr[i] == b.ptr[i])
		i++;
	return i;
}

/* One byte as messages show it; at most 4 characters. */
static size_t show_byte(char *out, uint8_t c)
{
	static const char plain[] = "tnr0\\";
	static const char bytes[] = "\t\n\r\0\\";
	const char *at = memchr(bytes, c, 5);

	if (at) {
		out[0] = '\\';
		out[1] = plain[at - bytes];
		return 2;
	}
	if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0))
		return (size_t)sprintf(out, "\\x%02X", c);
	out[0] = (char)c;
	return 1;
}

const char *bytes_show(struct bytes b)
{
	static _Thread_local char rotating[4][4 * 60 + 8];
	static _Thread_local unsigned turn;
	char *text = rotating[turn++ % 4];
	size_t n = 0;

	for (size_t i = 0; i < b.len && i < 60; i++)
		n += show_byte(text + n, b.ptr[i]);
	strcpy(text + n, b.len > 60 ? "..." : "");
	return text;
}

int buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;
	uint8_t *p;

	if (b->cap - b->len >= more)
		return 0;
	if (more > SIZE_MAX / 2 - b->len)
		return err_set(ERR_MEMORY, "a buffer of %zu bytes is too large", more);
	while (cap < b->len + more)
		cap += cap / 2 + 64;
	p = mem_resize(b->mem, b->ptr, cap);
	if (!p)
		return ERR_MEMORY;
	b->ptr = p;
	b->cap = cap;
	return 0;
}

int buf_add(struct buf *b, const void *ptr, size_t len)
{
	int r = buf_reserve(b, len);

	if (r == 0 && len) {
		memcpy(b->ptr + b->len, ptr, len);
		b->len += len;
	}
	return r;
}

int buf_add_byte(struct buf *b, uint8_t byte)
{
	return buf_add(b, &byte, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < (int)sizeof text)
		return buf_add(b, text, (size_t)n);
	r = buf_reserve(b, (size_t)n + 1);
	if (r < 0)
		return r;
	va_start(ap, fmt);
	vsnprintf((char *)b->ptr + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_release(struct buf *b)
{
	mem_free(b->mem, b->ptr);
	b->ptr = NULL;
	b->len = b->cap = 0;
}

size_t varint_put_long(uint8_t *out, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		out[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (uint8_t)v;
	return n;
}

size_t varint_get_long(const uint8_t *in, size_t len, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len && i < VARINT_MAX; i++) {
		if (i == VARINT_MAX - 1 && in[i] > 1)
			return 0;
		v |= (uint64_t)(in[i] & 0x7f) << (7 * i);
		if (!(in[i] & 0x80)) {
			if (i && in[i] == 0)
				return 0;
			*out = v;
			return i + 1;
		}
	}
	return 0;
}
