/* graph/match/match.h - all solutions of a pattern
 *
 * Leapfrog triejoin (Veldhuizen, "Leapfrog triejoin: a simple, worst-case optimal join
 * algorithm", 2014) over adjacency as it is stored: variables in one order for all, each
 * bound in turn to what all patterns agree on, by seeking in sorted lists.  A pattern
 * with a constant type is a relation with both of its orders there, so any order of
 * variables is possible; one with a variable type is walked type by type, once one of
 * its ends is bound.  Where that would be more looks than there are edges, these are read
 * into memory once, as one relation (graph/match/merged), and types are bound last.
 *
 * Solutions are a set, each comes once, in the order of ids, variable by variable in
 * the order chosen.  Time: within a factor of log of the most solutions that graphs of
 * this many edges may have; memory: a few KiB a pattern, and
 * 32 bytes an edge where they are read.
 */
#ifndef GRAPH_MATCH_MATCH_H
#define GRAPH_MATCH_MATCH_H

#include "graph/graph.h"
#include "graph/match/pattern.h"

struct match;

/* G and P must last.  The solutions that begin with variable GIVEN bound to what
 * match_begin says; GIVEN is PATTERN_VARS for none. */
int match_open(struct match **out, struct graph *g, const struct pattern *p, uint32_t given);
void match_close(struct match *m);		/* NULL is fine */

/* From the beginning.  ID: of the given variable. */
int match_begin(struct match *m, uint64_t id);
/* 1 and the next solution: the id of the node or the type of each variable, by its
 * number; good until the next call.  0: there are no more. */
int match_next(struct match *m, const uint64_t **ids);

/* Instead: how many come, but no more than MOST.  What does not depend on one another is
 * counted by itself and multiplied. */
int match_count(struct match *m, uint64_t most, uint64_t *n);

/* How it is done, a line a step. */
int match_explain(const struct match *m, struct buf *out);

uint64_t match_seek_n(const struct match *m);	/* so far, for --stats */

#endif
