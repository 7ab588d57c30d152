/* graph/text/guess.h - which dialect is this?
 *
 * A first line that names its format decides: %%MatrixMarket (with a size line
 * after it), AdjacencyGraph, a dimacs p line, an object of JSON, a csv header with
 * names for source and target, or of a graph database, one of KGTK, a prefix of Turtle,
 * XML with an element <graphml>;
 * lines that are statements are nt or nq.  Else the lines decide: the dialect of el,
 * tsv, metis and csv that takes all of them.  When two do, and would give different
 * edges, it is not guessed.
 */
#ifndef GRAPH_TEXT_GUESS_H
#define GRAPH_TEXT_GUESS_H

#include "graph/text/text.h"

#define GUESS_LOOK (64u << 10)	/* bytes that are enough */

struct guess {
	const char *name;		/* of the input, for messages */
	struct bytes head;		/* its first bytes */
	bool all;			/* they are all of it */
	const struct text_dialect *dialect;	/* the answer */
};

/* 1 and the dialect; 0 when there is no line to go by (then el).  ERR_USAGE with the
 * hint when two are meant; ERR_BAD_RECORD when none takes most lines, or for bytes
 * that are no text.  ROOM as for a dialect. */
int guess_dialect(struct guess *g, uint8_t *room);

#endif
