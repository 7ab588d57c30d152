/* graph/dict_more.h - keys and types that came after a dictionary was written, and
 * keys that went
 *
 * New nodes have the ids behind the dictionary's; those that went keep theirs, which no
 * key leads to any more, and have no place.  New types have the ids behind the
 * dictionary's, too.  Where keys are numbers, new ones that are none come behind all
 * numbers in the order of keys, by their bytes.
 */
#ifndef GRAPH_DICT_MORE_H
#define GRAPH_DICT_MORE_H

#include <stdatomic.h>

#include "graph/dict.h"

struct more_names {			/* one after another */
	uint8_t *text;
	uint64_t *end;			/* of each, in text */
};

struct dict_more {
	struct mem *mem;
	uint64_t stored_n;		/* keys of the dictionary */
	uint64_t new_n, gone_n;
	bool lent;			/* the arrays are somebody else's */
	struct more_names key;		/* new ones, in the order of keys */
	uint64_t number_n;		/* the first so many are numbers: of a dictionary of them */
	uint64_t *number;
	uint64_t *before;		/* of each new key: the dictionary's before it, ... */
	uint64_t *place;		/* ... and its place among all that are there */
	uint64_t *gone_place;		/* in the dictionary, ascending */
	uint64_t *gone;			/* ids, ascending */
	uint32_t type_n;		/* new ones */
	struct more_names type;		/* ascending */
	uint32_t stored_type_n;
	_Atomic uint64_t last;		/* a hint for who goes through all places */
};

/* D has KEY, new ones in the order of keys, and TYPE, and not GONE, ids ascending. */
struct dict_change {
	const struct bytes *key, *type;
	uint64_t key_n;
	uint32_t type_n;
	const uint64_t *gone;
	uint64_t gone_n;
	const uint64_t *before;		/* of each key, as in dict_more, or DICT_UNKNOWN; or NULL */
};
#define DICT_UNKNOWN UINT64_MAX
int dict_extend(struct dict *d, const struct dict_change *c);
/* Which of two new keys of D comes first: as in bytes_cmp. */
int dict_compare(const struct dict *d, struct bytes a, struct bytes b);

static inline struct bytes more_name(const struct more_names *n, uint64_t i)
{
	uint64_t from = i ? n->end[i - 1] : 0;

	return bytes_of(n->text + from, n->end[i] - from);
}

/* --- for dict.c --- */

void more_free(struct dict_more *m);
bool more_gone(const struct dict_more *m, uint64_t id);
/* 1 and the id of a new key, or 0. */
int more_find(const struct dict_more *m, struct bytes key, uint64_t *id);
int more_find_type(const struct dict_more *m, struct bytes name, uint32_t *type);
/* How many new keys are below KEY, and how many numbers among them below NUMBER. */
uint64_t more_below(const struct dict_more *m, struct bytes key);
uint64_t more_below_number(const struct dict_more *m, uint64_t number);
/* At PLACE: true and a new key's id, else false and the place in the dictionary. */
bool more_at(struct dict_more *m, uint64_t place, uint64_t *out);
/* Of a place in the dictionary with N new keys before it, the place among all. */
uint64_t more_place(const struct dict_more *m, uint64_t stored, uint64_t n);
uint64_t more_before(const struct dict_more *m, uint64_t stored);

#endif
