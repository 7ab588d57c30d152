/* graph/rdf/iri.h - relative IRIs, resolved as RFC 3986 does it in 5.2 */
#ifndef GRAPH_RDF_IRI_H
#define GRAPH_RDF_IRI_H

#include "base/bytes.h"

/* OUT becomes REF as seen from BASE, which is absolute or empty; one that is absolute
 * itself, or has no base, stays as it is.  0 or ERR_MEMORY. */
int iri_resolve(struct bytes base, struct bytes ref, struct buf *out);

#endif
