/* graph/rdf/ntriples.h - statements out of N-Triples and N-Quads
 *
 * RDF 1.2, and so 1.1: triple terms, base directions, a VERSION line.  What the
 * grammar leaves to its prose holds too: IRIs are absolute, an escape makes no
 * character that could not stand there itself, a surrogate is none, a language's
 * parts have 8 letters at most, rdf:langString and rdf:dirLangString are not
 * written.  A line ends at an LF, a CR, or both.  Comments are UTF-8 like the rest.
 *
 * Triple terms nest NTRIPLES_DEPTH deep; a statement with more is refused.
 */
#ifndef GRAPH_RDF_NTRIPLES_H
#define GRAPH_RDF_NTRIPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/rdf/term.h"

#define NTRIPLES_DEPTH 32u

struct mem;
struct ntriples_scan;

/* How terms are told from one another: a plain way, and one by 64 bytes at a time
 * (NULL: not on this processor).  For tests and measurements. */
typedef int ntriples_fn(struct ntriples_scan *s, struct rdf_statement *out);
enum ntriples_way { NTRIPLES_PLAIN, NTRIPLES_AVX2, NTRIPLES_WAYS };
ntriples_fn *ntriples_way(enum ntriples_way way);

/* The statements of a piece of text, one after another.  A piece is of whole lines,
 * its last one with or without an end, so that threads may scan one each: what
 * is kept from one statement to the next is only where it is. */
struct ntriples_scan {
	const uint8_t *at, *end;	/* what is left */
	bool quads;			/* a fourth term may be the graph */
	uint64_t line;			/* lines begun, so the number of the statement's in
					 * this piece: 1, 2, 3, ... */
	size_t column;			/* of the byte that was refused, from 1 on */

	/* private */
	ntriples_fn *next;
	const uint8_t *begin;		/* of the line */
	const uint8_t *roomy;		/* the line that ROOM is for; or NULL */
	struct bytes subject;		/* of the line before, an IRI with its brackets */
	int error;
	struct buf room;		/* what was unescaped in this statement */
	unsigned nested_n;
	struct rdf_term nested[3 * NTRIPLES_DEPTH];
};

/* Allocates nothing yet.  MEM: where room for a line with escapes comes from. */
void ntriples_scan_begin(struct ntriples_scan *s, bool quads, struct mem *mem);
/* The next piece; lines are counted from 1 again. */
void ntriples_scan_text(struct ntriples_scan *s, struct bytes text);
void ntriples_scan_end(struct ntriples_scan *s);

/* 1 and a statement, good until the next call; 0 when the piece is through;
 * ERR_BAD_RECORD with the column and the reason as message, LINE and COLUMN set,
 * and AT behind the line, so that who wants to may go on; ERR_MEMORY, AT likewise. */
static inline int ntriples_scan_next(struct ntriples_scan *s, struct rdf_statement *out)
{
	return s->next(s, out);
}

/* One line, without its end or with it: as ntriples_scan_next, 0 where it has no
 * statement: it is blank, a comment, or a VERSION.  S was begun; its piece, if it
 * had one, is given up. */
int ntriples_line(struct bytes line, struct ntriples_scan *s, struct rdf_statement *out);

#endif
