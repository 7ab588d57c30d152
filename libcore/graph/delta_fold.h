/* graph/delta_fold.h - changes that are pending, into a segment
 *
 * By the writer that crosses a threshold, after its commit: what the space says by then
 * is read once and published without a version, as the graph is the same.  Entries stay
 * where they are: history and diff list them, and `compact` reads the segment instead.
 */
#ifndef GRAPH_DELTA_FOLD_H
#define GRAPH_DELTA_FOLD_H

#include "store/manifest.h"

struct store;

/* 1: done, 0: there was nothing to do, or others do it, or did.  Nothing of a failure
 * stays, ERR_NO_SPACE and ERR_MEMORY among them: the graph is as it was. */
int delta_fold(struct store *s, const char *graph);

#define DELTA_FOLD_LEAST 16384u

/* So many changes since the last fold are enough: as many as make its cost small beside
 * theirs. */
uint64_t delta_fold_due(const struct manifest_graph *row, uint64_t least);

#endif
