/* graph/delta_disk.h - changes of a graph, laid out as they are used
 *
 * A segment of kind SEGMENT_DELTA: what the entries of a graph's space above `folded` and
 * up to `upto` make of its segments.  The arrays are those of graph/csr_over.h,
 * graph/dict_more.h and graph/delta_inside.h, little-endian, and are used where they lie;
 * one that would be empty has no section.
 *
 *	DELTA_KEYS	new keys, in the order of keys, one after another
 *	DELTA_KEY_ENDS	le64 each: where it ends in DELTA_KEYS
 *	DELTA_NUMBERS	le64: the value of the first number_n of them
 *	DELTA_BEFORE	le64 each: the dictionary's keys before it
 *	DELTA_PLACES	le64 each: its place among all that are there
 *	DELTA_GONE	le64: ids of the dictionary's nodes that went, ascending
 *	DELTA_GONE_PLACES  le64: their places in the dictionary, ascending
 *	DELTA_GONE_CUTS	le64 of each of DELTA_GONE: `cut` of struct delta_node
 *	DELTA_TYPES, DELTA_TYPE_ENDS  new types, ascending, as the keys
 *	DELTA_NODES	struct delta_node, by id: those with a state here
 *	DELTA_STATES	le32 length and the value of an entry, one after another; a state
 *			is the offset of one, plus 1, and 0 where nothing is said
 *
 * and for the way out (of an undirected graph, both ways) and the way in, DELTA_LISTS
 * numbers further on:
 *
 *	DELTA_ROWS	struct over_rows, row_n + 1, and slack
 *	DELTA_TYPE_ROWS	le64, type_n + 1, of all types: where a type's rows begin
 *	DELTA_TO	each changed edge, and slack; the highest bit: it is not there
 *	DELTA_VALUES	each, less value_base, and slack; reals by their bits
 *	DELTA_EDGE_STATES  each, and slack
 *	DELTA_DIRECTORY	le32 for each 4096 ids: a block, plus 1, or 0
 *	DELTA_BLOCKS	struct over_block
 *	DELTA_NODE_ROWS	node_n + 1, and slack: where in DELTA_BY_NODE a node's rows are
 *	DELTA_BY_NODE	numbers of rows, by node, then type; and slack
 *
 * Where no width is told the meta has it (graph/narrow.h); slack is NARROW_SLACK zeros, so
 * that a number is read by one word wherever it lies.  Of width 0 all are 0, and there is
 * no section.
 */
#ifndef GRAPH_DELTA_DISK_H
#define GRAPH_DELTA_DISK_H

#include "base/disk.h"
#include "graph/csr_over.h"
#include "graph/delta_inside.h"

enum delta_section {
	DELTA_KEYS = 1, DELTA_KEY_ENDS, DELTA_NUMBERS, DELTA_BEFORE, DELTA_PLACES, DELTA_GONE,
	DELTA_GONE_PLACES, DELTA_GONE_CUTS, DELTA_TYPES, DELTA_TYPE_ENDS, DELTA_NODES,
	DELTA_STATES,
	DELTA_ROWS, DELTA_TYPE_ROWS, DELTA_TO, DELTA_VALUES, DELTA_EDGE_STATES,
	DELTA_DIRECTORY, DELTA_BLOCKS, DELTA_NODE_ROWS, DELTA_BY_NODE,
	DELTA_LISTS = 9,		/* sections of one way */
};

/* 0 had all numbers in 8 bytes, 1 no ranks of words without bits: they were in no release. */
#define DELTA_FORM 2u

enum {
	DELTA_UNDIRECTED = 1,		/* there is no way in */
	DELTA_EDGES_SAY = 2,		/* an edge may have more than a weight */
	DELTA_LOST_CUT = 4,		/* nodes went with their edges that no array has */
};

struct delta_lists_disk {
/*00*/	le64 row_n;
/*08*/	le64 edge_n;
/*10*/	le64 node_n;
/*18*/	le64 block_n;
/*20*/	le64 there_n;		/* edges that are there by a change */
/*28*/	le64 more;		/* edges beyond the segment's, two's complement */
/*30*/	le64 more_up;		/* of them those whose target is not below their node */
/*38*/	le64 value_base;	/* two's complement */
/*40*/	uint8_t row_node, row_first, row_slack;	/* widths, of 8 bytes at most */
/*43*/	uint8_t to, value, state;
/*46*/	uint8_t by_node;	/* ... and of DELTA_NODE_ROWS */
/*47*/	uint8_t zero[9];
};
DISK_SIZE(struct delta_lists_disk, 80);
DISK_AT(struct delta_lists_disk, value_base, 0x38);
DISK_AT(struct delta_lists_disk, zero, 0x47);

struct delta_meta_disk {	/* the segment's META */
/*00*/	le64 folded, upto;	/* as the manifest's row has them */
/*10*/	le64 base[3];		/* ids of its dictionary and adjacency, in their order */
/*28*/	le32 space;
/*2c*/	le32 flags;
/*30*/	le64 entry_n;		/* read for it */
/*38*/	le64 edge_more;		/* edges beyond the segments', two's complement */
/*40*/	le64 key_n, number_n, gone_n, node_n;
/*60*/	le32 type_n;
/*64*/	le32 values;		/* enum csr_values, of all edges */
/*68*/	le32 form;		/* DELTA_FORM */
/*6c*/	uint8_t zero[20];
/*80*/	struct delta_lists_disk way[2];
};
DISK_SIZE(struct delta_meta_disk, 0x120);
DISK_AT(struct delta_meta_disk, base, 0x10);
DISK_AT(struct delta_meta_disk, key_n, 0x40);
DISK_AT(struct delta_meta_disk, form, 0x68);
DISK_AT(struct delta_meta_disk, way, 0x80);

/* What is used in place. */
DISK_SIZE(struct delta_node, 32);
DISK_AT(struct delta_node, value, 0x10);
DISK_AT(struct delta_node, state, 0x18);
DISK_SIZE(struct over_block, 1024);

/* ... by a machine whose numbers lie the same way. */
#define DELTA_IN_PLACE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

#endif
