/* graph/walk/paths.h - the K shortest paths between two nodes, none through a node
 * twice
 *
 * Yen's way, with Lawler's saving: each path but the first leaves one that was given
 * before at some node; the best of all ways to leave is the next.  They come in order
 * of cost, and for the same graph in the same order; paths that differ in nothing but
 * the type of a step are one.  Memory: the paths found, and as many as are still
 * wanted.
 */
#ifndef GRAPH_WALK_PATHS_H
#define GRAPH_WALK_PATHS_H

#include "graph/walk/path.h"

struct paths_one;

struct paths {
	struct path_query q;
	struct mem *mem;
	uint64_t src, dst, most;
	struct paths_one *given;	/* in order */
	uint64_t given_n, given_cap;
	struct paths_one *ahead;	/* the best that are known, the next last */
	uint64_t ahead_n, ahead_cap;
};

/* MOST paths at most; Q as for path_find, its ban is not used. */
void paths_begin(struct paths *p, const struct path_query *q, uint64_t src, uint64_t dst,
		 uint64_t most);
/* 1 and the next path, until the next call; 0 when there are no more; as path_find. */
int paths_next(struct paths *p, const struct path **out);
void paths_end(struct paths *p);

#endif
