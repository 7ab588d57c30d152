/* graph/scan_inside.h - what the ways of scanning share */
#ifndef GRAPH_SCAN_INSIDE_H
#define GRAPH_SCAN_INSIDE_H

#include "graph/scan.h"

/* The line at hand, byte by byte.  SCAN_END: it was taken; else it is still at
 * hand, and why. */
enum scan_stop scan_line(struct scan *s);

/* All of them, byte by byte. */
enum scan_stop scan_plain(struct scan *s);

scan_fn *scan_avx2(void), *scan_avx512(void);	/* NULL: not on this processor */

#endif
