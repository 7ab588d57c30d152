/* graph/rdf/rdf_value.h - what literals of six datatypes of XML Schema mean
 *
 * "1" and "01" of xsd:integer are one value and two terms.  A store keeps terms, so
 * a value may stand for its text only where it makes that text again, byte for
 * byte: RDF_CANONICAL, the canonical form of XML Schema 1.1.  Every other text is
 * kept, whatever its value.
 */
#ifndef GRAPH_RDF_RDF_VALUE_H
#define GRAPH_RDF_RDF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum rdf_type {
	RDF_NO_TYPE,			/* a string, a language, another datatype */
	RDF_BOOLEAN,
	RDF_INTEGER,
	RDF_DECIMAL,
	RDF_DOUBLE,
	RDF_DATE,
	RDF_DATE_TIME,
	RDF_TYPES
};

enum rdf_fit {
	RDF_INVALID,			/* the datatype has no such text */
	RDF_OVER,			/* it has, but the value does not fit in what is below */
	RDF_VALUE,			/* the value is there, the text is not its canonical one */
	RDF_CANONICAL			/* rdf_value_write makes this text */
};

#define RDF_NO_ZONE INT16_MIN
#define RDF_SCALE_MOST 18u

struct rdf_value {
	enum rdf_type type;
	enum rdf_fit fit;
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct {
			int64_t digits;		/* over 10 to the SCALE; never a 0 too many */
			uint8_t scale;		/* at most RDF_SCALE_MOST */
		} decimal;
		struct {
			int64_t second;		/* from 1970 on, by the clock of the zone; of
						 * a date, its first */
			uint32_t nano;
			int16_t zone;		/* minutes to the east, or RDF_NO_ZONE */
		} time;			/* Gregorian in all years, those before 1 are 0, -1, ... */
	};
};

/* By its IRI. */
enum rdf_type rdf_value_type(struct bytes datatype);
struct bytes rdf_value_datatype(enum rdf_type type);	/* len 0 for RDF_NO_TYPE */

/* True where it is canonical; OUT says what it is in any case. */
bool rdf_value_of(struct bytes lexical, struct bytes datatype, struct rdf_value *out);

/* The canonical text; its length.  Of a value that was RDF_VALUE or RDF_CANONICAL. */
#define RDF_VALUE_MOST 48u
size_t rdf_value_write(const struct rdf_value *v, uint8_t out[RDF_VALUE_MOST]);

/* A canonical value in 64 bits, its type in the upper four; false where it has no
 * room: integers beyond 2^59, decimals of over 16 digits, doubles of over 15, times
 * finer than a millisecond or over 8,000 years away.  Two terms of one type are equal
 * when their bits are; the order is not that of the values. */
bool rdf_value_pack(const struct rdf_value *v, uint64_t *out);
/* False for bits that no value is packed into. */
bool rdf_value_unpack(uint64_t bits, struct rdf_value *out);

static inline enum rdf_type rdf_value_packed_type(uint64_t bits)
{
	return (enum rdf_type)(bits >> 60);
}

#endif
