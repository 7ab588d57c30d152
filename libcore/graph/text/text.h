/* graph/text/text.h - edges out of lines of text
 *
 * One reader splits a stream into lines; a dialect turns a line into an edge.
 *
 *   el    SRC DST [WEIGHT], blanks, commas or bars between; # and % comments
 *   tsv   SRC TAB DST [TAB TYPE [TAB weight=WEIGHT]], escapes \t \n \r \0 \\ \xHH;
 *         other properties are refused by name: they cannot be stored yet
 *
 * A malformed line stops the reader unless it is tolerated (bad_most); the line
 * as it came is then handed to `reject`.  When the first 1000 lines that are
 * meant to be edges are all malformed, no tolerance helps: the format is wrong.
 *
 * A last line without LF is a line.  A line over TEXT_LINE_MAX bytes is
 * malformed, unless it is a comment; memory stays the same.  CR before LF is a
 * blank in el and a byte of the last column in tsv.
 */
#ifndef GRAPH_TEXT_TEXT_H
#define GRAPH_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

struct mem;
struct text;

#define TEXT_LINE_MAX (1u << 20)
#define TEXT_KEY_MAX 65535u		/* bytes of a node's key or a type; keys have 1 */

struct text_key {
	struct bytes bytes;
	uint64_t number;	/* when the bytes are a canonical decimal below 2^64 */
	bool is_number;		/* "0", "17"; not "007", "+5", "-1" */
};

struct text_value {		/* a weight */
	enum { TEXT_NO_VALUE, TEXT_INTEGER, TEXT_REAL } kind;
	int64_t i;		/* INTEGER */
	double r;		/* REAL: finite */
};

struct text_edge {		/* points into the reader: good until its next call */
	struct text_key src, dst;
	struct bytes type;	/* len 0: none */
	struct text_value value;
};

struct text_dialect {
	const char *name;
	const char *shape;	/* what an edge looks like, for messages */
	/* 1 and an edge, 0 a comment or a blank line, or an error whose message
	 * says what is wrong without the place: ERR_BAD_RECORD malformed,
	 * ERR_UNSUPPORTED a column that cannot be stored yet. ROOM is for what has
	 * to be unescaped: as long as the line. */
	int (*line)(struct bytes line, uint8_t *room, struct text_edge *out);
};

extern const struct text_dialect edgelist_dialect, tsv_dialect;
extern const struct text_dialect *const text_dialects[];	/* ended by NULL */

/* By name; NULL for none. */
const struct text_dialect *text_find(struct bytes name);

struct text_source {
	/* Up to CAP bytes: at least 1, 0 at the end, or an ERR_ code. */
	ssize_t (*fill)(void *ctx, void *buf, size_t cap);
	void *ctx;
	const char *name;		/* for messages */
};

struct text_options {
	const struct text_dialect *dialect;	/* NULL: by text_guess */
	bool numbers;			/* keys that are not numbers are malformed */
	uint64_t bad_most;		/* malformed lines tolerated, per reader */
	int (*reject)(void *ctx, struct bytes line);	/* LF included if it had one */
	void *reject_ctx;
};

int text_open(struct text **out, const struct text_source *from,
	      const struct text_options *o, struct mem *mem);
void text_close(struct text *t);		/* NULL is fine */

/* Looks at the first 64 KiB (waits for them or the end) and picks the dialect
 * that takes all of its lines; 1 and the dialect is set, 0 when there is no line
 * to go by (then el is set).  Two that would read different edges: ERR_USAGE with
 * the hint; none that takes most lines: ERR_BAD_RECORD.  Takes nothing from the
 * stream. */
int text_guess(struct text *t);
const struct text_dialect *text_dialect(const struct text *t);

/* 1 and an edge; 0 at the end; ERR_BAD_RECORD, ERR_UNSUPPORTED with the name, the
 * line and an excerpt; what the source or `reject` say. */
int text_next(struct text *t, struct text_edge *out);

uint64_t text_line(const struct text *t);	/* lines read so far */
uint64_t text_bad(const struct text *t);	/* of them malformed and tolerated */

/* Does TEXT spell an integer the one canonical way?  For keys and look-ups. */
static inline bool text_number(struct bytes text, uint64_t *out)
{
	uint64_t v = 0;

	if (text.len == 0 || text.len > 20 || (text.ptr[0] == '0' && text.len > 1))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = text.ptr[i] - (uint64_t)'0';

		if (digit > 9 || (text.len == 20 && i == 19 &&
				  (v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)))
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

#endif
