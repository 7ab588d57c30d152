/* graph/csr_disk.h - adjacency of one direction as bytes, in three layouts
 *
 * A segment of kind SEGMENT_CSR.  CSR_TYPES has a struct csr_type_disk a type, by
 * type id.  For each type, one after another, its lists of neighbours lie in
 * CSR_TARGETS, its rows, which say whose list is where, in CSR_ROWS, and the
 * values of its edges, if it has any, in CSR_VALUES; each begins on a 64-byte
 * border of its section, zeros between.  An edge's number is its place among the
 * type's edges in order of (from, to).
 *
 * A type is dense when 4 * edge_n >= node_n: each node is a row of it; else it is
 * sparse: its rows are the row_n nodes that have a list.
 *
 * Layout raw.
 *   CSR_TARGETS  edge_n node ids, le32 or le64 (meta.width bytes), the lists of the
 *                rows in order; within a list ascending
 *   CSR_ROWS     dense:  le64 first[node_n + 1]: the list of node i is
 *                        targets[first[i] .. first[i + 1])
 *                sparse: the rows' nodes, ascending, meta.width bytes each; zeros to
 *                        a 64-byte border; le64 first[row_n + 1]
 * first[] begins with 0, never falls, ends with edge_n.
 *
 * Layout packed.
 *   CSR_TARGETS  the lists of the rows in order, as graph/list.h draws them
 *   CSR_ROWS     a directory of groups of CSR_GROUP rows (the last may have fewer),
 *                then the groups, one behind the other:
 *                dense:  le64 where[group_n + 1]
 *                sparse: struct csr_where_disk where[group_n + 1], of which the last
 *                        has node_n for a node
 *                where[g] is the group's first byte, counted from the directory's
 *                first byte on.  A group is a struct csr_group_disk and arrays of
 *                packed numbers (graph/bits.h), each beginning with a whole byte:
 *                for each row the end of its list, in bytes from `off` on; for each
 *                row the number of the edge behind its last, from `edge` on; for each
 *                row of a sparse type its node, less the one in the directory.
 *                A dense group none of whose nodes has a list has no bytes.
 *
 * Layout coo.
 *   CSR_TARGETS  the edges in order, CSR_PAIRS a chunk.  A number is varint: seven
 *                bits a byte, the lowest first, bit 7 set in all but the last.  The
 *                first edge of a chunk is its target.  Another edge is, with the
 *                node of the one before, the gap between the targets * 2; else
 *                (the gap between the nodes - 1) * 2 + 1, and its target.
 *   CSR_ROWS     struct csr_where_disk a chunk: the node of its first edge, and where
 *                it begins, from the type's first byte on; and one more, with node_n
 *                and where the last one ends
 *
 * Values, in any layout: values_width bytes an edge, by edge number.  Integers: the
 * value less values_base, little-endian, in 0 (all the same), 1, 2, 4 or 8 bytes.
 * Reals: 8 bytes, IEEE 754 binary64; 4, binary32, when all of them are exactly such;
 * 0, when they are all values_base.  With values_digits, 1 to CSR_DIGITS, they are
 * decimals of so many digits behind the point: integers as above, in 1, 2 or 4 bytes,
 * of which the value is the quotient by that power of ten, rounded to the nearest.
 */
#ifndef GRAPH_CSR_DISK_H
#define GRAPH_CSR_DISK_H

#include "base/disk.h"

enum csr_section { CSR_TYPES = 1, CSR_TARGETS = 2, CSR_ROWS = 3, CSR_VALUES = 4 };
enum csr_form { CSR_DENSE = 1, CSR_SPARSE = 2 };

#define CSR_ALIGN 64u		/* a cache line, and the widest vector */
#define CSR_PAIRS 1024u		/* edges a chunk of a coo */
#define CSR_DIGITS 6u		/* of a decimal, behind the point */

struct csr_meta_disk {		/* the segment's META */
/*00*/	le32 layout;		/* enum csr_layout; a reader refuses others */
/*04*/	le32 direction;		/* enum csr_direction */
/*08*/	le64 node_n;
/*10*/	le64 edge_n;		/* in this segment: twice the edges of an
				 * undirected graph, less its loops */
/*18*/	le32 type_n;
/*1c*/	le32 width;		/* 4 when node_n < 2^32, else 8 */
/*20*/	le64 dict;		/* id of the dictionary's segment */
/*28*/	le32 values;		/* enum csr_values */
/*2c*/	uint8_t zero[20];	/* must be zero */
};
DISK_SIZE(struct csr_meta_disk, 64);
DISK_AT(struct csr_meta_disk, edge_n, 0x10);
DISK_AT(struct csr_meta_disk, dict, 0x20);
DISK_AT(struct csr_meta_disk, values, 0x28);

struct csr_type_disk {
/*00*/	le64 edge_n;
/*08*/	le64 row_n;		/* nodes with a list that is not empty */
/*10*/	le64 targets_off;	/* in CSR_TARGETS, a multiple of 64 */
/*18*/	le64 targets_len;	/* bytes there */
/*20*/	le64 rows_off;		/* in CSR_ROWS, a multiple of 64 */
/*28*/	le64 values_off;	/* in CSR_VALUES, a multiple of 64 */
/*30*/	le64 values_base;
/*38*/	uint8_t values_width;
/*39*/	uint8_t values_digits;	/* of decimals, else 0 */
/*3a*/	uint8_t zero[2];	/* must be zero */
/*3c*/	le32 form;		/* enum csr_form; with coo CSR_SPARSE */
};
DISK_SIZE(struct csr_type_disk, 64);
DISK_AT(struct csr_type_disk, rows_off, 0x20);
DISK_AT(struct csr_type_disk, values_digits, 0x39);
DISK_AT(struct csr_type_disk, form, 0x3c);

struct csr_where_disk {
/*00*/	le64 node;
/*08*/	le64 off;
};
DISK_SIZE(struct csr_where_disk, 16);

struct csr_group_disk {
/*00*/	le64 off;		/* of its first list, in the type's targets */
/*08*/	le64 edge;		/* number of the first edge */
/*10*/	uint8_t end_bits;	/* width of each array's numbers, 0 to 57 */
/*11*/	uint8_t edge_bits;
/*12*/	uint8_t node_bits;	/* 0 when dense */
/*13*/	uint8_t zero[5];	/* must be zero */
};
DISK_SIZE(struct csr_group_disk, 24);
DISK_AT(struct csr_group_disk, end_bits, 0x10);

#endif
