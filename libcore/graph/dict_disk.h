/* graph/dict_disk.h - the dictionary of a graph as bytes
 *
 * A segment of kind SEGMENT_DICT.  Keys have places 0..key_n-1 in their order:
 * numbers by value, strings by bytes.  A node's id is its key's place; or it is
 * another number below key_n, and then two arrays of packed numbers
 * (graph/bits.h), each as wide as key_n - 1, say which:
 *
 *   DICT_PLACES  for each id the place
 *   DICT_IDS     for each place the id
 *
 * Type ids are 0..type_n-1 in the
 * order of the names' bytes.  What a form needs:
 *
 *   RANGE    no section: the key at place i is the number first + i
 *   BITMAP   DICT_BITS: le64 words, bit b of word w set when first + 64 w + b is
 *            a key; DICT_RANKS: le64 a group of DICT_GROUP words, the keys before
 *            it, and one more, key_n
 *   NUMBERS  DICT_NUMBERS: le64 each, ascending
 *   STRINGS  DICT_STRINGS: pages of DICT_PAGE_KEYS keys (the last may have
 *            fewer); a key is varint bytes shared with the key before it in its
 *            page (0 for the first), varint bytes of its own, these bytes.
 *            DICT_PAGES: le64 a page, its offset in DICT_STRINGS, and one more,
 *            the section's length
 *
 * Types, always: DICT_TYPES: le64 a type, its name's offset in DICT_NAMES, and
 * one more, the length of all names; DICT_NAMES: the names' bytes.
 */
#ifndef GRAPH_DICT_DISK_H
#define GRAPH_DICT_DISK_H

#include "base/disk.h"

enum dict_section {
	DICT_BITS = 1, DICT_RANKS = 2, DICT_NUMBERS = 3, DICT_STRINGS = 4,
	DICT_PAGES = 5, DICT_TYPES = 6, DICT_NAMES = 7, DICT_PLACES = 8, DICT_IDS = 9,
};

#define DICT_GROUP 8u		/* words a rank: one cache line */
#define DICT_PAGE_KEYS 16u	/* a look-up decodes eight on average */

struct dict_meta_disk {		/* the segment's META */
/*00*/	le32 form;		/* enum dict_form */
/*04*/	le32 order;		/* enum dict_order; DICT_BY_KEY: id and place
				 * are the same, and the arrays are not there */
/*08*/	le64 key_n;
/*10*/	le64 type_n;
/*18*/	le64 first;		/* the least number; 0 with STRINGS */
/*20*/	le64 last;		/* the greatest; 0 with STRINGS */
/*28*/	uint8_t zero_too[24];	/* must be zero */
};
DISK_SIZE(struct dict_meta_disk, 64);
DISK_AT(struct dict_meta_disk, key_n, 0x08);
DISK_AT(struct dict_meta_disk, last, 0x20);

#endif
