/* graph/delta_segment.h - changes of a graph as a segment, written and used in place
 *
 * What delta_open makes of many entries once serves all who open the graph: nothing of it
 * is read before it is asked for, but new keys and nodes with states, whose order is
 * looked at first.  Entries above its `upto` are not in it.
 * Bytes on disk: graph/delta_disk.h and strato-store(5).
 */
#ifndef GRAPH_DELTA_SEGMENT_H
#define GRAPH_DELTA_SEGMENT_H

#include "base/endian.h"
#include "graph/delta.h"
#include "store/manifest.h"

/* Can this machine use one? */
bool delta_in_place(void);
/* Is D more than what lies in a segment already? */
bool delta_is_new(const struct delta *d);
/* The segment of G's changes; NULL: there is none, or this machine cannot use it. */
const struct segment_ref *delta_segment_of(const struct manifest_graph *g);

struct delta_segment {			/* whose it is */
	const struct manifest_graph *row;
	struct backend *backend;
	const uint8_t *store_id;
};

/* D, as of the version UPTO.  Not of a graph whose changes lie in a segment already and
 * nothing is newer. */
int delta_write(const struct delta *d, const struct delta_segment *s, uint64_t upto,
		struct segment_ref *ref);
/* As delta_open, of the row's segment alone. */
int delta_map(struct delta **out, const struct delta_of *of, const struct delta_segment *s);
/* The same with the entries NEWER than it on top: 1, or 0 when they do not say enough for
 * that; then, and after a failure, OF is to be opened anew. */
int delta_merge(struct delta **out, const struct delta_of *of, const struct delta_segment *s,
		struct iter *newer);
/* All its rules: 0 or the first fault. */
int delta_check(struct delta *d);
/* The ids of the segments that it is laid over. */
void delta_base(const struct manifest_graph *g, le64 id[3]);
struct segment *delta_file(const struct delta *d);	/* NULL: it lies in memory */

#endif
