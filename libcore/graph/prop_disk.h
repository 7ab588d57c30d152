/* graph/prop_disk.h - labels and properties of rows as bytes
 *
 * A segment of kind SEGMENT_PROP.  Rows lie in groups, in order: a group begins with
 * a row that has something and spans PROP_SPAN rows at most.  Names and labels have
 * an id, 0, 1, 2, ... as they first came, and a place, in the order of their bytes;
 * groups speak of ids.  Varint: seven bits a byte, the lowest first, bit 7 set in all
 * but the last.  Packed numbers: graph/bits.h.
 *
 *   PROP_DATA    the groups, one behind the other
 *   PROP_GROUPS  struct prop_at_disk a group, and one more: row_n, the length of DATA
 *   PROP_NAMES   struct prop_word_disk a name, by place
 *   PROP_NAME_PLACES   le32 a name, by id: its place
 *   PROP_LABELS, PROP_LABEL_PLACES   the same of the labels
 *   PROP_TEXT    the bytes of names and labels
 *   PROP_LISTS   for each name the numbers of the groups that have it, for each label
 *                the rows that have it, as graph/list.h draws lists of node 0; behind
 *                them LIST_SLACK zeros
 *
 * A group: struct prop_group_disk; struct prop_chunk_disk a column, by the ids of their
 * names; struct prop_block_disk a block of its rest; then, in this order, the labels,
 * the columns' bytes, the rest's blocks.
 *
 *   labels  (label_len bytes, 0: no row has any) varint set_n; set_n sets, each
 *           varint how many, varint ids, by place; a byte w; for each row of the span
 *           its set as a packed number of w bits
 *   column  a name that at least 1 % of the group's rows have, and PROP_COLUMN_LEAST of
 *           them.  From chunk.off on:
 *             rows that have it: by chunk.rows nothing (all of the span), row_n le16
 *             (each less the group's first), or a bit for each row of the span
 *             if ends_width: for each of them how many values it and those before it
 *             have, ends_width bytes each; else each has one
 *             INTEGERS: le64 base.  TAGGED: varint, that many bytes: the language or
 *             the datatype of all
 *             struct prop_block_disk a block; the blocks' bytes
 *           Values lie one behind the other, in blocks of about PROP_BLOCK bytes; a
 *           row's values lie in one.  By chunk.form
 *             INTEGERS  the value less the base, `width` bytes: 0, 1, 2, 4, 8; also of
 *                       booleans, 0 and 1, and then chunk.kind is LITERAL_BOOL
 *             REALS     IEEE 754, `width` 8 or 4 bytes
 *             TEXTS     varint length, bytes; the kind is chunk.kind
 *             TAGGED    the same, of LITERAL_LANG or LITERAL_TYPED
 *             MIXED     as graph/literal_code.h draws them
 *   rest    all other values of the rows, a record a row: varint the row less the
 *           row of the record before (in the block's first: less block.first),
 *           varint bytes that follow; for each value varint name, literal, by places
 *           of the names
 *
 * A block's bytes are packed with LZ4 when stored_len < raw_len.
 */
#ifndef GRAPH_PROP_DISK_H
#define GRAPH_PROP_DISK_H

#include "base/disk.h"

enum prop_section {
	PROP_DATA = 1, PROP_GROUPS = 2, PROP_NAMES = 3, PROP_NAME_PLACES = 4,
	PROP_LABELS = 5, PROP_LABEL_PLACES = 6, PROP_TEXT = 7, PROP_LISTS = 8,
};
enum prop_rows { PROP_ALL = 0, PROP_SOME = 1, PROP_BITS = 2 };
enum prop_form {
	PROP_INTEGERS = 1, PROP_REALS = 2, PROP_TEXTS = 3, PROP_TAGGED = 4, PROP_MIXED = 5,
};

#define PROP_SPAN 1024u
#define PROP_BLOCK 4096u	/* unpacked in some 3 us */
#define PROP_COLUMN_LEAST 4u	/* fewer cost more as a column than in the rest */

struct prop_meta_disk {		/* the segment's META */
/*00*/	le32 role;		/* enum prop_role; a reader refuses others */
/*04*/	le32 zero;
/*08*/	le64 row_n;		/* rows there are */
/*10*/	le64 added;		/* rows that have something */
/*18*/	le64 group_n;
/*20*/	le32 name_n;
/*24*/	le32 label_n;
/*28*/	le64 value_n;		/* of all names */
/*30*/	uint8_t zero_too[16];	/* must be zero */
};
DISK_SIZE(struct prop_meta_disk, 64);
DISK_AT(struct prop_meta_disk, group_n, 0x18);
DISK_AT(struct prop_meta_disk, value_n, 0x28);

struct prop_at_disk {
/*00*/	le64 row;		/* the group's first */
/*08*/	le64 off;		/* in PROP_DATA */
};
DISK_SIZE(struct prop_at_disk, 16);

struct prop_word_disk {		/* of a name or a label */
/*00*/	le64 text_off;		/* in PROP_TEXT */
/*08*/	le32 text_len;
/*0c*/	le32 id;
/*10*/	le64 row_n;		/* rows that have it */
/*18*/	le64 value_n;		/* 0 of a label */
/*20*/	le32 kinds;		/* of its values, bit 1 << literal_meant */
/*24*/	le32 zero;
/*28*/	le64 list_off;		/* in PROP_LISTS */
/*30*/	le64 list_len;
/*38*/	le64 list_n;		/* groups; of a label row_n */
};
DISK_SIZE(struct prop_word_disk, 64);
DISK_AT(struct prop_word_disk, kinds, 0x20);
DISK_AT(struct prop_word_disk, list_n, 0x38);

struct prop_group_disk {
/*00*/	le32 span;		/* rows from its first to its last, both included */
/*04*/	le32 column_n;
/*08*/	le32 rest_n;		/* blocks of the rest */
/*0c*/	le32 label_len;
};
DISK_SIZE(struct prop_group_disk, 16);

struct prop_chunk_disk {
/*00*/	le32 name;
/*04*/	le32 off;		/* from the group's first byte on */
/*08*/	le32 value_n;
/*0c*/	le32 block_n;
/*10*/	le16 row_n;		/* rows that have it, 1 to 1024 */
/*12*/	uint8_t rows;		/* enum prop_rows */
/*13*/	uint8_t ends_width;	/* 0, 1, 2 or 4 */
/*14*/	uint8_t form;		/* enum prop_form */
/*15*/	uint8_t width;		/* of INTEGERS and REALS */
/*16*/	uint8_t kind;		/* enum literal_kind, where the form leaves it open */
/*17*/	uint8_t zero;
};
DISK_SIZE(struct prop_chunk_disk, 24);
DISK_AT(struct prop_chunk_disk, row_n, 0x10);

struct prop_block_disk {
/*00*/	le32 first;		/* number of its first value; in the rest, its first row
				 * less the group's */
/*04*/	le32 off;		/* from the group's first byte on */
/*08*/	le32 raw_len;
/*0c*/	le32 stored_len;
};
DISK_SIZE(struct prop_block_disk, 16);

#endif
