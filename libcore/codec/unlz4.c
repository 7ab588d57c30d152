/* codec/unlz4.c
 *
 * Most sequences are short and lie far from both ends: there copies are of whole
 * words, past what is asked for, and the next one writes over it.  Near an end every
 * byte counts.  The format's own rule for ends (LAST, LAST_MATCH) is held to, so that no
 * block is read here that liblz4 would refuse.
 */
#include "codec/unlz4.h"

#include <stdbool.h>
#include <string.h>

#include "base/endian.h"

#define MIN_MATCH 4u
#define LAST 5u			/* bytes at least of a block's end that are literals */
#define LAST_MATCH 12u		/* no match begins in these */

/* With so much left in the input a sequence of short lengths is not the last, and with
 * so much in the output its literals may be copied as sixteen. */
#define IN_ROOM 32u
#define OUT_ROOM 32u
#define MATCH_OVER 32u		/* bytes that copy_match may write beyond its own */
#define LONG 64u		/* bytes from which memcpy is faster */

struct state {
	const uint8_t *in, *in_end;
	uint8_t *begin, *out, *out_end;
};

static inline void copy8(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 8);
}

static inline void copy16(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 16);
}

/* Bytes added to a length of 15.  False when fewer than REST follow them. */
static inline bool more_len(const uint8_t **in, const uint8_t *end, size_t rest, size_t *len)
{
	const uint8_t *p = *in;
	uint8_t b;

	do {
		if (p == end)
			return false;
		b = *p++;
		*len += b;	/* at most 255 for each byte of memory: no overflow */
	} while (b == 255);
	*in = p;
	return (size_t)(end - p) >= rest;
}

/* LEN bytes from OFFSET back, and not one more: what is there doubles. */
static void copy_exactly(uint8_t *out, size_t offset, size_t len)
{
	while (len) {
		size_t n = offset < len ? offset : len;

		memcpy(out, out - offset, n);
		out += n;
		len -= n;
		offset += n;
	}
}

/* The eight bytes at OUT of a match that repeats OFFSET (below 8) bytes, and how far
 * back, 8 or more, the same eight and all after them lie then. */
static inline size_t spread(uint8_t *out, size_t offset)
{
	static const uint64_t times[8] = {
		0, 0x0101010101010101, 0x0001000100010001, 0x0001000001000001,
		0x0000000100000001, 0x0000010000000001, 0x0001000000000001,
		0x0100000000000001,
	};
	static const uint8_t back[8] = { 0, 8, 8, 9, 8, 10, 12, 14 };
	uint64_t v;

	memcpy(&v, out - offset, 8);
	v = le64toh(v) & (((uint64_t)1 << 8 * offset) - 1);
	v = htole64(v * times[offset]);
	memcpy(out, &v, 8);
	return back[offset];
}

/* LEN bytes from OFFSET back; up to MATCH_OVER more are written. */
static inline void copy_match(uint8_t *out, size_t offset, size_t len)
{
	const uint8_t *from = out - offset;
	uint8_t *end = out + len;

	if (offset >= 16) {
		copy16(out, from);
		copy16(out + 16, from + 16);
		for (out += 32, from += 32; out < end; out += 16, from += 16)
			copy16(out, from);
		return;
	}
	if (len > LONG) {
		copy_exactly(out, offset, len);
		return;
	}
	if (offset < 8) {
		from = out + 8 - spread(out, offset);
		out += 8;
	}
	do {
		copy8(out, from);
		copy8(out + 8, from + 8);
		out += 16;
		from += 16;
	} while (out < end);
}

/* Long literals; up to 15 more are written. */
static inline void copy_literals(uint8_t *out, const uint8_t *in, size_t len)
{
	if (len > LONG)
		memcpy(out, in, len);
	else
		for (size_t i = 0; i < len; i += 16)
			copy16(out + i, in + i);
}

/* Sequences far from both ends, up to one that is not: 0, or -1. */
static int fast(struct state *s)
{
	const uint8_t *in = s->in, *const in_end = s->in_end;
	uint8_t *out = s->out, *const out_end = s->out_end;

	while ((size_t)(in_end - in) >= IN_ROOM && (size_t)(out_end - out) >= OUT_ROOM) {
		uint8_t token = *in++;
		size_t literals = token >> 4, len = token & 15, offset;

		if (literals < 15) {
			copy16(out, in);
		} else {
			if (!more_len(&in, in_end, 0, &literals))
				return -1;
			if (literals + IN_ROOM > (size_t)(in_end - in) ||
			    literals + OUT_ROOM > (size_t)(out_end - out))
				return 0;
			copy_literals(out, in, literals);
		}
		in += literals;
		out += literals;
		offset = in[0] | (size_t)in[1] << 8;
		in += 2;
		if (offset == 0 || offset > (size_t)(out - s->begin))
			return -1;
		if (len == 15 && !more_len(&in, in_end, LAST - 1, &len))
			return -1;
		len += MIN_MATCH;
		if (len + MATCH_OVER > (size_t)(out_end - out))
			return 0;
		copy_match(out, offset, len);
		s->out = out += len;
		s->in = in;
	}
	return 0;
}

/* One sequence, every byte counted: 1, 0 at the end of the block, -1. */
static int careful(struct state *s)
{
	size_t literals, len, offset, in_left, out_left;
	uint8_t token;

	if (s->in == s->in_end)
		return -1;
	token = *s->in++;
	literals = token >> 4;
	len = token & 15;
	if (literals == 15 && !more_len(&s->in, s->in_end, 0, &literals))
		return -1;
	in_left = (size_t)(s->in_end - s->in);
	out_left = (size_t)(s->out_end - s->out);
	if (literals > in_left || literals > out_left)
		return -1;
	if (literals)
		memcpy(s->out, s->in, literals);
	s->in += literals;
	s->out += literals;
	if (literals == in_left)
		return 0;
	if (in_left - literals < 2 + 1 + LAST || out_left - literals < LAST_MATCH)
		return -1;
	offset = s->in[0] | (size_t)s->in[1] << 8;
	s->in += 2;
	if (offset == 0 || offset > (size_t)(s->out - s->begin))
		return -1;
	if (len == 15 && !more_len(&s->in, s->in_end, LAST - 1, &len))
		return -1;
	len += MIN_MATCH;
	if (len + LAST > (size_t)(s->out_end - s->out))
		return -1;
	copy_exactly(s->out, offset, len);
	s->out += len;
	return 1;
}

long unlz4(const void *in, size_t in_len, void *out, size_t cap)
{
	struct state s = {
		.in = in, .in_end = (const uint8_t *)in + in_len,
		.begin = out, .out = out, .out_end = (uint8_t *)out + cap,
	};
	int r;

	if (cap == 0)
		return in_len == 1 && *s.in == 0 ? 0 : -1;
	do {
		r = fast(&s);
		if (r == 0)
			r = careful(&s);
	} while (r > 0);
	return r < 0 ? -1 : s.out - s.begin;
}
