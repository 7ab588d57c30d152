/* graph/literal.h - the value of a property: typed, and exactly as it came
 *
 * A literal is a term of RDF: what it says is its lexical form and its type.  Where the
 * lexical form is the canonical one of its type the value alone is kept, and the form
 * made again from it; "01" of xsd:integer is LITERAL_TYPED and keeps its text.  So equal
 * literals are equal in all fields, and what goes out is what came in.
 */
#ifndef GRAPH_LITERAL_H
#define GRAPH_LITERAL_H

#include <stdbool.h>

#include "base/bytes.h"

enum literal_kind {
	LITERAL_BOOL = 1,	/* b */
	LITERAL_INTEGER,	/* i: xsd:integer */
	LITERAL_DOUBLE,		/* r: xsd:double */
	LITERAL_DECIMAL,	/* text, canonical: "1.5" */
	LITERAL_DATE,		/* text, canonical: "2026-11-22" */
	LITERAL_DATETIME,	/* text, canonical: "2026-11-22T10:00:00Z" */
	LITERAL_STRING,		/* text: xsd:string */
	LITERAL_LANG,		/* text and extra, the language: "en", "ar--rtl" */
	LITERAL_JSON,		/* text: an object or an array as it was written */
	LITERAL_TYPED,		/* text and extra, the datatype's IRI */
};

struct literal {		/* borrows its bytes */
	enum literal_kind kind;
	union {
		bool b;
		int64_t i;
		double r;
	};
	struct bytes text, extra;
	struct bytes graph;	/* of RDF, that the statement is in; len 0: the default one */
};

struct property {		/* one value of a name; a name may have several */
	struct bytes name;
	struct literal value;
};

#endif
