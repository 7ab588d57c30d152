/* graph/scan_inside.h - what the ways of scanning share */
#ifndef GRAPH_SCAN_INSIDE_H
#define GRAPH_SCAN_INSIDE_H

#include "graph/scan.h"

/* The line at hand, byte by byte.  SCAN_END: it was taken; else it is still at
 * hand, and why. */
enum scan_stop scan_line(struct scan *s);

/* All of them, byte by byte. */
enum scan_stop scan_plain(struct scan *s);

/* The line at hand was none for windows: takes it, and where many are not, more
 * of them.  *RUN is how many were not so far, one after another. */
static inline enum scan_stop scan_some(struct scan *s, unsigned *run)
{
	enum scan_stop stop = SCAN_END;

	*run += *run < 64;
	for (unsigned i = 0; i < *run && stop == SCAN_END && s->at < s->end; i++)
		stop = scan_line(s);
	return stop;
}

scan_fn *scan_avx2(void), *scan_avx512(void);	/* NULL: not on this processor */

#endif
