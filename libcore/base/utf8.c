/* base/utf8.c - one character at a time, and ASCII eight at a time */
#include "base/utf8.h"

#include <string.h>

static bool follows(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_get(const uint8_t *at, const uint8_t *end, uint32_t *out)
{
	size_t left = (size_t)(end - at);

	if (left && at[0] < 0x80) {
		*out = at[0];
		return 1;
	}
	if (left >= 2 && at[0] >= 0xc2 && at[0] < 0xe0 && follows(at[1])) {
		*out = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
		return 2;
	}
	if (left >= 3 && at[0] >= 0xe0 && at[0] < 0xf0 && follows(at[1]) && follows(at[2])) {
		*out = (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
		return *out >= 0x800 && utf8_is(*out) ? 3 : 0;
	}
	if (left >= 4 && at[0] >= 0xf0 && at[0] < 0xf5 && follows(at[1]) &&
	    follows(at[2]) && follows(at[3])) {
		*out = (at[0] & 0x07u) << 18 | (at[1] & 0x3fu) << 12 |
			(at[2] & 0x3fu) << 6 | (at[3] & 0x3fu);
		return *out >= 0x10000 && utf8_is(*out) ? 4 : 0;
	}
	return 0;
}

size_t utf8_put(uint8_t *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xc0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (uint8_t)(0xe0 | code >> 12);
		out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | code >> 18);
	out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (code & 0x3f));
	return 4;
}

const uint8_t *utf8_end(const uint8_t *at, const uint8_t *end)
{
	uint32_t code;
	size_t n;

	while (at < end) {
		uint64_t eight;

		if (end - at >= 8) {
			memcpy(&eight, at, 8);
			if (!(eight & 0x8080808080808080u)) {
				at += 8;
				continue;
			}
		}
		n = utf8_get(at, end, &code);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* A control character is 0 bytes long here. */
static size_t plain(const uint8_t *at, const uint8_t *end)
{
	uint32_t code;
	size_t n = utf8_get(at, end, &code);

	if (n == 0 || code == 0x7f || (code >= 0x80 && code < 0xa0) ||
	    (code < 0x20 && code != '\t' && code != '\n' && code != 0))
		return 0;
	return n;
}

size_t utf8_shown(uint8_t *to, size_t cap, const uint8_t **at, const uint8_t *end)
{
	static const char digit[] = "0123456789ABCDEF";
	size_t done = 0;

	while (*at < end && cap - done >= UTF8_LONGEST) {
		size_t n = plain(*at, end);

		if (n == 0) {
			to[done++] = '\\';
			to[done++] = 'x';
			to[done++] = (uint8_t)digit[**at >> 4];
			to[done++] = (uint8_t)digit[*(*at)++ & 15];
		}
		for (; n; n--)
			to[done++] = *(*at)++;
	}
	return done;
}
