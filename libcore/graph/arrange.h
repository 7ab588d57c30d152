/* graph/arrange.h - a shuffle's partitions, sorted, into adjacency
 *
 * Threads take partitions in turn: load, sort, apply the policy for equal edges,
 * map to ids and encode; one at a time, in order, they hand what came of it to the
 * one writer.  A partition too large for a thread's share of memory is divided
 * again, as often as it takes, and its edges go to the writer one by one.
 *
 * What is written depends on the records alone.
 */
#ifndef GRAPH_ARRANGE_H
#define GRAPH_ARRANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/build.h"
#include "graph/csr.h"
#include "graph/keyset.h"
#include "graph/shuffle.h"

struct arrange_plan {
	struct backend *backend;
	struct mem *mem;
	size_t share;			/* bytes a thread may draw, about */
	unsigned threads;
	const struct keyset *keys;	/* NULL: rows and targets are ids */
	uint64_t span;			/* rows of a type */
	enum build_equal equal;
	bool valued, reals;		/* records carry values; some are no integers */
	int (*stop)(void *ctx);		/* not 0 ends it; never two at once */
	void *stop_ctx;
};

struct arrange_count {			/* what was written */
	uint64_t edge_n, loop_n;
};

/* W NULL: counts only. */
int arrange(const struct shuffle *s, const struct arrange_plan *p, struct csr_writer *w,
	    struct arrange_count *out);

#endif
