/* graph/rdf/turtle_guard.h - what libserd lets pass, or dies of
 *
 * A look at each byte of Turtle before libserd gets it: escaped surrogates, which it
 * replaces; brackets nested so deep that its recursion would leave the stack; and both
 * of _:b1 and _:B1, for any digits, as libserd turns the first into the second to
 * have names for blank nodes of its own, and may so make one node of two.
 */
#ifndef GRAPH_RDF_TURTLE_GUARD_H
#define GRAPH_RDF_TURTLE_GUARD_H

#include <stddef.h>
#include <stdint.h>

enum turtle_where { TURTLE_OUTSIDE, TURTLE_COMMENT, TURTLE_IRI, TURTLE_OPENING,
		    TURTLE_SHORT, TURTLE_LONG };

struct turtle_guard {			/* zero at the beginning */
	enum turtle_where where;
	uint8_t quote;			/* of the string */
	unsigned quotes;		/* one after another */
	uint8_t escaped;		/* a backslash came before */
	unsigned digit_n;		/* of an escape, still to come */
	uint32_t code;
	unsigned depth;
	uint32_t recent;		/* the last four bytes outside */
	unsigned labels;		/* 1: _:b and a digit was there, 2: _:B */
	uint64_t line;			/* LFs seen */
};

/* How many of them may go on.  Less than LEN: *WHY the next one may not, and no more
 * is to be given. */
size_t turtle_guard(struct turtle_guard *g, const uint8_t *at, size_t len, const char **why);

#endif
