/* graph/rdf/term.h - the terms of RDF 1.2, as bytes of somebody else's
 *
 * A term borrows: its bytes lie in the line it was read from, or, where an escape
 * had to be taken back, in the room of whoever read it.
 */
#ifndef GRAPH_RDF_TERM_H
#define GRAPH_RDF_TERM_H

#include <stdbool.h>

#include "base/bytes.h"

enum rdf_kind {
	RDF_IRI = 1,
	RDF_BLANK,
	RDF_LITERAL,
	RDF_TRIPLE			/* a triple term: a statement as an object */
};

enum rdf_direction { RDF_NO_DIRECTION, RDF_LTR, RDF_RTL };

struct rdf_term {
	enum rdf_kind kind;
	enum rdf_direction direction;	/* of a literal with a language */
	struct bytes text;		/* an IRI without its brackets, a blank node's label
					 * without _:, a literal's lexical form; unescaped */
	struct bytes datatype;		/* a literal's, an IRI; len 0: it has a language, or it
					 * is a string, however that was written */
	struct bytes language;		/* a literal's tag as it was written; len 0: none */
	const struct rdf_term *triple;	/* of a triple term: subject, predicate, object */
};

enum { RDF_SUBJECT, RDF_PREDICATE, RDF_OBJECT, RDF_GRAPH };

struct rdf_statement {
	unsigned n;			/* 3, or 4 with a graph */
	bool again;			/* the subject is that of the statement before: known
					 * where it costs nothing, else false */
	struct rdf_term term[4];
};

#define RDF_NS "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define RDF_XSD "http://www.w3.org/2001/XMLSchema#"

#endif
