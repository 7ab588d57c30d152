/* base/nearest.h - "did you mean": the known word closest to a mistyped one
 *
 *	nearest_init(&n, "io_dpeth");
 *	for each known name: nearest_offer(&n, name);
 *	name = nearest_word(&n);
 *
 * Distance counts insertions, removals, changes and swaps of neighbours; the
 * first of equals wins.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

#include "base/bytes.h"

struct nearest {
	struct bytes word;	/* borrowed, cut after 64 bytes */
	const char *best;	/* borrowed from the caller; NULL: none offered */
	size_t distance;
};

void nearest_init(struct nearest *n, struct bytes word);
void nearest_offer(struct nearest *n, const char *known);
const char *nearest_any(const struct nearest *n);	/* however far */
/* NULL when nothing is near enough to be what was meant: over a third of the
 * word's length, at least one change allowed. */
const char *nearest_word(const struct nearest *n);

#endif
