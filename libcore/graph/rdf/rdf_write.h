/* graph/rdf/rdf_write.h - statements as canonical N-Triples and N-Quads
 *
 * One text for each statement, so that files can be compared as bytes: one space
 * between terms, \uXXXX only for what must not stand there itself, languages in
 * lower case.  What ntriples reads comes out as the same statement; a statement
 * made otherwise must be one that it could have read.
 */
#ifndef GRAPH_RDF_RDF_WRITE_H
#define GRAPH_RDF_RDF_WRITE_H

#include "graph/rdf/term.h"

/* Of RDF 1.2; or of 1.1, which escapes nothing but " \ LF CR and leaves languages
 * as they are. */
enum rdf_form { RDF_FORM_12, RDF_FORM_11 };

/* Each appends and returns 0 or ERR_MEMORY; then OUT is as it was. */
int rdf_write_term(struct buf *out, const struct rdf_term *t, enum rdf_form form);
int rdf_write(struct buf *out, const struct rdf_statement *s, enum rdf_form form);

#endif
