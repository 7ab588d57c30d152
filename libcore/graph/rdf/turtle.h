/* graph/rdf/turtle.h - Turtle and TriG as lines of N-Triples and N-Quads
 *
 * libserd reads them, loaded at the first use; where the build had no libserd every
 * turtle_open is ERR_UNAVAILABLE.  It calls back for each statement and cannot wait, so
 * it has a thread of its own, and the lines are handed over in pieces: at most three
 * of them exist, whatever the input's length.  A piece is of whole lines, canonical,
 * and ntriples_scan takes every one of them.
 *
 * libserd lets pass what Turtle refuses: escaped surrogates, IRIs that are none,
 * any language tag.  Here they are refused.  Brackets nest TURTLE_DEPTH deep.  Labels
 * of blank nodes may change.  A term, however long, is in libserd's memory, not MEM.
 */
#ifndef GRAPH_RDF_TURTLE_H
#define GRAPH_RDF_TURTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"

#define TURTLE_DEPTH 256u
#define TURTLE_PIECE (64u << 10)	/* a piece has one statement more at most */

struct mem;
struct turtle;

struct turtle_options {
	/* The input: bytes read into BUF, at most LEN; 0 at its end; or an error.  Called on
	 * turtle's thread, never after turtle_close. */
	ssize_t (*read)(void *ctx, void *buf, size_t len);
	void *ctx;
	const char *base;		/* the input's own IRI; NULL: relative ones are refused */
	bool graphs;			/* TriG, to N-Quads */
	struct mem *mem;
};

/* 0, ERR_UNAVAILABLE, ERR_MEMORY, ERR_RESOURCE.  The caller closes *out. */
int turtle_open(struct turtle **out, const struct turtle_options *o);

/* 1 and lines, good until the next call; 0 at the end.  What was read before an error
 * comes first; then, each time: ERR_BAD_RECORD with line and reason, ERR_MEMORY, or
 * what READ said. */
int turtle_next(struct turtle *t, struct bytes *lines);

void turtle_close(struct turtle *t);	/* at any time; NULL is fine */

#endif
