/* graph/scan.h - edges out of plain lines, at memory speed
 *
 * Most lines of most edge lists are two numbers.  Those are taken here, many at
 * a time; all else is left to the dialects of graph/text, which know every rule
 * and every message.  So scan takes a line only when the dialect would make the
 * same edge of it, or nothing:
 *
 *   el    NUMBER SEPARATORS NUMBER, separators before and behind allowed; where
 *         there is room for values, a WEIGHT may follow; blank lines and comments
 *         (# or %)
 *   tsv   NUMBER TAB NUMBER
 *
 * A number is a canonical decimal below 2^64 (text_number), a weight what
 * weight_parse takes.  The first line that is anything else - a name, 007, a type,
 * a line of TEXT_LINE_MAX bytes or more - is where scan stops, before its first
 * byte.  No state is kept between calls and nothing is allocated.
 */
#ifndef GRAPH_SCAN_H
#define GRAPH_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "graph/text/text.h"

enum scan_shape { SCAN_EL, SCAN_TSV };

enum scan_stop {
	SCAN_END,		/* nothing is left */
	SCAN_FULL,		/* there may be an edge, and no room for it */
	SCAN_ODD		/* the line at hand is not plain */
};

struct scan_edge {
	uint64_t src, dst;
};

struct scan {
	enum scan_shape shape;
	const uint8_t *at, *end;	/* what is left: whole lines, the last one with or
					 * without its LF */
	struct scan_edge *edge;
	struct text_value *value;	/* of each edge; NULL: a weight is not plain */
	size_t n, cap;			/* edges taken, room; what is behind the n-th may be
					 * written to */
	uint64_t line_n;		/* lines taken: counted up */
};

/* Takes lines until one of the three: at is moved on, n and line_n count up. */
enum scan_stop scan_lines(struct scan *s);

/* The ways to do it, for tests and measurements: the portable one, and those that
 * this processor has (NULL: it has not). */
typedef enum scan_stop scan_fn(struct scan *s);
enum scan_way { SCAN_PLAIN, SCAN_AVX2, SCAN_AVX512, SCAN_WAYS };
scan_fn *scan_way(enum scan_way way);

#endif
