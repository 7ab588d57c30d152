/* graph/text/fields.h - the blank-separated fields of a line of numbers */
#ifndef GRAPH_TEXT_FIELDS_H
#define GRAPH_TEXT_FIELDS_H

#include "graph/text/text.h"

/* A space, TAB, VT, FF or CR. */
static inline bool fields_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

/* The next field of REST, which moves behind it; len 0 when there is none. */
static inline struct bytes fields_next(struct bytes *rest)
{
	const uint8_t *at = rest->ptr, *end = at + rest->len, *start;

	while (at < end && fields_blank(*at))
		at++;
	start = at;
	while (at < end && !fields_blank(*at))
		at++;
	*rest = bytes_of(at, (size_t)(end - at));
	return bytes_of(start, (size_t)(at - start));
}

static inline bool fields_end(struct bytes rest)
{
	return fields_next(&rest).len == 0;
}

/* Digits below 2^64, leading zeros allowed. */
static inline bool fields_number(struct bytes field, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < field.len; i++) {
		uint64_t digit = field.ptr[i] - (uint64_t)'0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return field.len > 0;
}

/* A node's number, 1 to MOST, into KEY; NAME is what messages call it. */
int fields_node(struct bytes field, const char *name, uint64_t most, uint8_t **room,
		struct text_key *key);

/* TEXT_NODES of N numbers from FIRST on, or 0 when there are none.  A header may say
 * anything: over FIELDS_NODES of them need an edge each 64, of EDGE_N. */
#define FIELDS_NODES (1ull << 24)
int fields_nodes(uint64_t first, uint64_t n, uint64_t edge_n, uint8_t *room,
		 struct text_edge *out);

#endif
