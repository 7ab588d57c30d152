/* graph/literal_code.h - literals as bytes, as words people write, and compared
 *
 * As bytes a literal is its kind and what it needs:
 *
 *	tag	enum literal_kind; | 0x10 for the boolean true; | 0x80 when a graph follows
 *	INTEGER	varint, zigzag (0, -1, 1, -2, ...)
 *	DOUBLE	le64, IEEE 754 binary64, bit for bit
 *	DECIMAL, DATE, DATETIME, STRING, JSON	varint length, text
 *	LANG, TYPED	varint length, extra, varint length, text
 *	graph	varint length, its bytes; never empty
 *
 * Equal bytes are equal literals, and the other way round.
 */
#ifndef GRAPH_LITERAL_CODE_H
#define GRAPH_LITERAL_CODE_H

#include "graph/literal.h"

const char *literal_kind_name(enum literal_kind kind);	/* "integer", "text", ... */

/* Appends. */
int literal_encode(struct buf *out, const struct literal *l);
/* Bytes read; 0 when IN begins with no literal.  OUT points into IN. */
size_t literal_decode(struct literal *out, const uint8_t *in, size_t len);
/* The same, IN being known to begin with one: its length alone; 0 when it does not. */
size_t literal_len(const uint8_t *in, size_t len);

bool literal_equal(const struct literal *a, const struct literal *b);

/* The kind of its value: of LITERAL_TYPED another one, where its text says a value of that
 * in a form that is not the canonical one ("1.50"), or of a type derived from it. */
enum literal_kind literal_meant(const struct literal *l);

/* As people write it: integers, decimals and reals (1e3), true and false, ISO dates and
 * times; all else is text.  What is not the canonical form of its type keeps its own
 * (LITERAL_TYPED), so that printing gives TEXT again, byte by byte. */
void literal_parse(struct literal *out, struct bytes text);
/* NAME=VALUE.  ERR_BAD_RECORD, without a place: no =, or no name before it. */
int literal_parse_pair(struct property *out, struct bytes text);

/* Appends its text alone: no quotes, no language, no type.  A double has the canonical
 * form, 5.0E-1. */
int literal_print(struct buf *out, const struct literal *l);
/* Appends it as a value of JSON: numbers and booleans as such, JSON as it is, all else as a string; an invalid byte of UTF-8 as U+FFFD. */
int literal_json(struct buf *out, const struct literal *l);

/* Values, for filters: numbers by value whatever their type, dates and times by time
 * (without a zone: as if of UTC), false before true, text by bytes, its language not
 * looked at.  Other pairs have no order: LITERAL_APART, as a NaN with anything. */
enum { LITERAL_LESS = -1, LITERAL_SAME = 0, LITERAL_MORE = 1, LITERAL_APART = 2 };
int literal_compare(const struct literal *a, const struct literal *b);

/* For sorting: of two literals that literal_compare finds equal both words are equal, of
 * two that it finds in order the lesser's first word is not above the other's.  False: it
 * has no order, not even with itself. */
struct literal_rank {
	uint64_t word[2];
};
bool literal_rank(const struct literal *l, struct literal_rank *out);
/* The first words that literals in an order with one of this rank may have. */
void literal_rank_ends(const struct literal_rank *r, uint64_t *least, uint64_t *most);

#endif
