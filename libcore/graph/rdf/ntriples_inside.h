/* graph/rdf/ntriples_inside.h - what the ways of ntriples share
 *
 * A function that reads something takes where it begins and returns where it ends,
 * or NULL when it was refused: the scan knows why.
 */
#ifndef GRAPH_RDF_NTRIPLES_INSIDE_H
#define GRAPH_RDF_NTRIPLES_INSIDE_H

#include "graph/rdf/ntriples.h"

/* What a byte may be part of. */
enum {
	NT_IRI = 1,			/* an IRI, as it is; bytes over 127 may be */
	NT_STRING = 2,			/* a string likewise */
	NT_LABEL = 4,			/* a blank node's label, in ASCII, also as its first */
	NT_LETTER = 8,
	NT_DIGIT = 16,
	NT_SCHEME = 32,			/* an IRI's scheme, but not as its first */
};
extern const uint8_t ntriples_class[256];

ntriples_fn ntriples_plain;
ntriples_fn *ntriples_avx2(void);

/* What is seldom.  STOP: the first byte that ends the plain part. */
const uint8_t *ntriples_refuse(struct ntriples_scan *s, const uint8_t *at, const char *why);
const uint8_t *ntriples_odd_iri(struct ntriples_scan *s, const uint8_t *start,
				const uint8_t *stop, struct bytes *out);
const uint8_t *ntriples_odd_string(struct ntriples_scan *s, const uint8_t *start,
				   const uint8_t *stop, struct bytes *out);
const uint8_t *ntriples_label(struct ntriples_scan *s, const uint8_t *at, struct bytes *out);
const uint8_t *ntriples_language(struct ntriples_scan *s, const uint8_t *at,
				 struct rdf_term *out);
const uint8_t *ntriples_comment(struct ntriples_scan *s, const uint8_t *at);
const uint8_t *ntriples_version(struct ntriples_scan *s, const uint8_t *at);
bool ntriples_has_scheme(const uint8_t *at, const uint8_t *end);

/* The next line, wherever in this one AT is. */
const uint8_t *ntriples_skip(const uint8_t *at, const uint8_t *end);

#endif
