/* cmd/graph/said.h - properties as text that import reads
 *
 * As tsv NAME=VALUE, which has the types that literal_parse finds in a text; or as
 * JSON, which has all: a value that JSON has none of is written as JSON-LD does it,
 * {"@value":"12","@type":IRI}, "@language", and "@graph" for one of a named graph.
 * All append.
 */
#ifndef CMD_GRAPH_SAID_H
#define CMD_GRAPH_SAID_H

#include "graph/prop.h"

/* A field of tsv.  FIT: does it come back as it is, or as another value? */
enum said_fit { SAID_SAME, SAID_CHANGED };
int said_pair(struct buf *out, struct buf *scratch, const struct property *p,
	      enum said_fit *fit);

/* A string of JSON; of bytes that are not UTF-8 {"@base64":"..."}. */
int said_quote(struct buf *out, struct bytes text);
/* One value of JSON. */
int said_value(struct buf *out, struct buf *scratch, const struct literal *l);
/* N values of one name, several as an array. */
int said_values(struct buf *out, struct buf *scratch, const struct property *p, uint32_t n);
/* "NAME":VALUE,... of all properties, several values as an array. */
int said_members(struct buf *out, struct buf *scratch, const struct prop_state *s);

#endif
