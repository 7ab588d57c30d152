/* base/base64.c - see base64.h */
#include "base/base64.h"

int base64_add(struct buf *out, struct bytes b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *to;
	int r = buf_reserve(out, (b.len + 2) / 3 * 4);

	if (r < 0)
		return r;
	to = out->ptr + out->len;
	for (size_t i = 0; i < b.len; i += 3) {
		size_t n = b.len - i;
		uint32_t v = (uint32_t)b.ptr[i] << 16 |
			     (n > 1 ? (uint32_t)b.ptr[i + 1] << 8 : 0) |
			     (n > 2 ? b.ptr[i + 2] : 0);

		*to++ = (uint8_t)digits[v >> 18];
		*to++ = (uint8_t)digits[v >> 12 & 63];
		*to++ = n > 1 ? (uint8_t)digits[v >> 6 & 63] : '=';
		*to++ = n > 2 ? (uint8_t)digits[v & 63] : '=';
	}
	out->len = (size_t)(to - out->ptr);
	return 0;
}

static const uint8_t digit_of[256] = {	/* value + 1 */
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7,
	['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13,
	['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19,
	['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25,
	['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31,
	['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37,
	['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43,
	['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55,
	['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61,
	['9'] = 62, ['+'] = 63, ['/'] = 64,
};

bool base64_is(struct bytes text)
{
	size_t digits = 0, pads = 0;
	unsigned last = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '\\' && i + 1 < text.len && text.ptr[i + 1] == '/')
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		if (pads || !digit_of[c])
			return false;
		last = digit_of[c] - 1u;
		digits++;
	}
	if ((digits + pads) % 4 || pads > 2)
		return false;
	return !(pads == 1 && last & 3) && !(pads == 2 && last & 15);
}

size_t base64_decode(uint8_t *p, size_t len)
{
	uint8_t *to = p;
	uint32_t v = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < len && p[i] != '='; i++) {
		v = v << 6 | (digit_of[p[i]] - 1u);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (uint8_t)(v >> bits);
		}
	}
	return (size_t)(to - p);
}
