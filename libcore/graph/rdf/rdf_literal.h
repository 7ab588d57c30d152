/* graph/rdf/rdf_literal.h - terms of RDF as the store's literals, and back
 *
 * A term with a text that its value makes again is kept as the value (rdf_value.h says
 * when); any other keeps its text.  So back comes the term that was given, to the byte.
 */
#ifndef GRAPH_RDF_RDF_LITERAL_H
#define GRAPH_RDF_RDF_LITERAL_H

#include "graph/literal.h"
#include "graph/rdf/rdf_value.h"
#include "graph/rdf/term.h"

#define RDF_JSON RDF_NS "JSON"

/* TEXT of a datatype, by its IRI; of len 0: a string.  OUT borrows both. */
void rdf_literal_typed(struct literal *out, struct bytes text, struct bytes datatype);

/* TERM is a literal.  The text of a language with a direction, "ar--rtl", goes to ROOM,
 * language.len + 5 bytes; OUT borrows from both. */
void rdf_literal_of(struct literal *out, const struct rdf_term *term, uint8_t *room);

/* OUT borrows from L and ROOM. */
void rdf_literal_term(struct rdf_term *out, const struct literal *l,
		      uint8_t room[RDF_VALUE_MOST]);

#endif
