/* graph/dict.h - node keys and type names of a graph, both ways
 *
 * Written once, in key order, in bounded memory; read in place.  Opening touches
 * nothing but the superblock; finding a key touches a page a step of a binary
 * search.  What is read is checked on the way (ERR_DAMAGED with file and offset).
 * Bytes on disk: graph/dict_disk.h and strato-csr(5).
 */
#ifndef GRAPH_DICT_H
#define GRAPH_DICT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "store/segment.h"

enum dict_form {
	DICT_FORM_RANGE = 0, DICT_FORM_BITMAP = 1, DICT_FORM_NUMBERS = 2,
	DICT_FORM_STRINGS = 3,
};

/* In what order nodes have their numbers. */
enum dict_order {
	DICT_BY_KEY = 0,	/* as given: their keys' */
	DICT_BY_DEGREE = 1,	/* most edges first; among equals, their keys' */
};

/* --- writing --- */

struct dict_writer;

struct dict_plan {
	bool strings;
	uint64_t first, last, key_n;	/* of numbers, known before */
};

/* The smallest form for so many numbers in this range. */
enum dict_form dict_form_for(const struct dict_plan *p);

int dict_create(struct dict_writer **out, const struct dict_plan *p,
		struct backend *b, const uint8_t store_id[16], struct mem *mem);
/* In strictly ascending order, as planned: ERR_BUG otherwise. */
int dict_add_number(struct dict_writer *w, uint64_t key);
int dict_add_string(struct dict_writer *w, struct bytes key);
/* The types' names, ascending; ends the writer whatever it returns. */
int dict_finish(struct dict_writer *w, const struct bytes *type, uint64_t type_n,
		struct segment_ref *ref);
void dict_abort(struct dict_writer *w);		/* NULL is fine */

struct dict;
struct sort;

/* The same keys and types, the nodes in another order.  PLACES (DICT_BY_DEGREE;
 * else NULL) gives for node 0, 1, 2, ... its place in key order, each once, as the
 * low 64 bits of its numbers.  BUDGET bytes are drawn to turn it round. */
int dict_reorder(struct dict *d, enum dict_order order, struct sort *places, size_t budget,
		 struct backend *b, const uint8_t store_id[16], struct mem *mem,
		 struct segment_ref *ref);
/* A copy, whatever its order. */
int dict_copy(struct dict *d, struct backend *b, const uint8_t store_id[16],
	      struct mem *mem, struct segment_ref *ref);

/* --- reading --- */

int dict_open(struct dict **out, struct backend *b, const struct segment_ref *ref,
	      const uint8_t store_id[16], struct mem *mem);
void dict_close(struct dict *d);		/* NULL is fine */

/* STRINGS also where keys came that are no numbers (graph/dict_more.h). */
enum dict_form dict_form(const struct dict *d);
enum dict_form dict_stored_form(const struct dict *d);	/* of the segment, as ... */
uint64_t dict_stored_n(const struct dict *d);		/* ... its keys */
/* Numbers that are in the order of numbers, and strings behind them? */
bool dict_mixed(const struct dict *d);
enum dict_order dict_order(const struct dict *d);
const char *dict_order_name(enum dict_order order);
const char *dict_form_name(enum dict_form form);
/* How many nodes there are, and what their ids are below: more where some went. */
uint64_t dict_key_n(const struct dict *d);
uint64_t dict_id_n(const struct dict *d);
bool dict_has(const struct dict *d, uint64_t id);	/* did it not go? */
const uint64_t *dict_gone(const struct dict *d, uint64_t *n);	/* those that went, ascending */
uint32_t dict_type_n(const struct dict *d);
struct segment *dict_segment(const struct dict *d);

/* 1 and the id, 0 no such key, ERR_DAMAGED. */
int dict_find(struct dict *d, struct bytes key, uint64_t *id);
int dict_find_ever(struct dict *d, struct bytes key, uint64_t *id);	/* also of one that went */
/* OUT becomes the key of ID (below id_n). */
int dict_key(struct dict *d, uint64_t id, struct buf *out);

/* The same where keys are numbers (dict_form): the number itself. */
int dict_number(struct dict *d, uint64_t id, uint64_t *out);

/* Nodes in the order of their keys: the node at PLACE (below key_n), and the first
 * place whose key is not below KEY: key_n when all are. */
int dict_at(struct dict *d, uint64_t place, uint64_t *id);
int dict_place_of(struct dict *d, uint64_t id, uint64_t *place);	/* dict_at turned round */
int dict_place(struct dict *d, struct bytes key, uint64_t *place);
int dict_place_number(struct dict *d, uint64_t number, uint64_t *place);

struct dict_more;
/* From here on with what came and went; M is D's to free. */
void dict_take(struct dict *d, struct dict_more *m);
struct dict_more *dict_changes(const struct dict *d);	/* NULL: none */
struct mem *dict_mem(const struct dict *d);

int dict_find_type(struct dict *d, struct bytes name, uint32_t *type);
int dict_type(struct dict *d, uint32_t type, struct bytes *name);	/* in place */

/* All rules of the format: order, counts, ranks, offsets.  0 or the first fault. */
int dict_check(struct dict *d);

#endif
