/* graph/text/weight.h - a number of text, and back
 *
 * Digits alone, with or without a sign, are an integer of 64 bits; with a point
 * or an exponent it is a real: the double nearest to it.  No locale, no
 * hexadecimals, no blanks.
 */
#ifndef GRAPH_TEXT_WEIGHT_H
#define GRAPH_TEXT_WEIGHT_H

#include "graph/text/text.h"

/* 0, or ERR_BAD_RECORD: not a number, not finite, or over 64 bits. */
int weight_parse(struct bytes field, struct text_value *out);

/* The same as a real, however it is written. */
int weight_parse_real(struct bytes field, struct text_value *out);

/* The shortest text that weight_parse reads as the same value, of the same kind;
 * its length. */
#define WEIGHT_MAX 32u
size_t weight_show(char out[WEIGHT_MAX], const struct text_value *v);

#endif
