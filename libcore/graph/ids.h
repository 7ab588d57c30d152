/* graph/ids.h - from keys as they came to dense ids in key order
 *
 * While edges come, a key has a provisional number: a number key is its own, a
 * string gets the next (graph/intern).  When all have come, ids_settle writes the
 * dictionary and learns the final id of each provisional number; ids_begin then
 * gives the edges with final ids.  If what it takes to look them up fits in the
 * budget, that is one look-up an end; else the ends are sorted, joined with the
 * keys, and sorted back.  The result is the same.
 *
 * Final ids depend on the set of keys only.
 */
#ifndef GRAPH_IDS_H
#define GRAPH_IDS_H

#include <stdbool.h>

#include "graph/dict.h"
#include "graph/intake.h"
#include "graph/scan.h"
#include "graph/text/text.h"

struct ids;

struct ids_options {
	struct backend *backend;
	const uint8_t *store_id;
	struct mem *mem;
	size_t budget;			/* to sort by, and of the table of strings */
	size_t look_up;			/* to look numbers up by */
	bool strings;
};

int ids_open(struct ids **out, const struct ids_options *o);
void ids_close(struct ids *x);			/* NULL is fine */

/* The provisional number of a key. */
int ids_add(struct ids *x, const struct text_key *key, uint64_t *number);
/* Of many edges between numbers, which are their own. */
void ids_add_numbers(struct ids *x, const struct scan_edge *e, size_t n);
/* Of many strings, where keys are strings; by several threads at once. */
int ids_add_texts(struct ids *x, const struct bytes *text, size_t n, uint64_t *number);

/* All edges of EDGES came through ids_add.  NODES: numbers that may have no edge, each
 * the first of so many (src, dst); the first and the last came through ids_add.
 * Writes the dictionary with TYPE's names (REF NULL: writes nothing, counts only). */
int ids_settle(struct ids *x, struct intake *edges, struct intake *nodes,
	       const struct bytes *type, uint64_t type_n, struct segment_ref *ref);
uint64_t ids_n(const struct ids *x);
bool ids_joined(const struct ids *x);		/* it did not fit: for -v and tests */

/* The edges again, in order, with final ids. */
struct ids_reader {
	struct ids *ids;
	struct intake_reader from;
};
int ids_begin(struct ids_reader *r, struct ids *x, struct intake *edges);
/* A reader for another thread, which gets some of the edges; not where ids_joined.  OF's
 * from.mutex is the same. */
int ids_join(struct ids_reader *r, struct ids_reader *of, pthread_mutex_t *mutex);
int ids_next(struct ids_reader *r, struct intake_edge *out);	/* 1, 0, < 0 */
void ids_end(struct ids_reader *r);	/* and what look-ups took is freed, with the first */

#endif
