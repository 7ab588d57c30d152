/* graph/csr_disk.h - adjacency of one direction as bytes, layout `csr`
 *
 * A segment of kind SEGMENT_CSR.  For each type, one after another, its lists of
 * neighbours lie in CSR_TARGETS and its rows, which say whose list is where, in
 * CSR_ROWS; each begins on a 64-byte border of its section, zeros between.
 *
 *   CSR_TYPES    struct csr_type_disk a type, by type id
 *   CSR_TARGETS  of a type: edge_n node ids, le32 or le64 (meta.width bytes),
 *                the lists of its rows in order; within a list ascending
 *   CSR_ROWS     of a type, dense:  le64 first[node_n + 1]: the list of node i is
 *                                   targets[first[i] .. first[i + 1])
 *                           sparse: node ids of the row_n nodes that have a list,
 *                                   ascending, meta.width bytes each; zeros to a
 *                                   64-byte border; le64 first[row_n + 1]
 *
 * first[] begins with 0, never falls, ends with edge_n.  A type is dense when
 * 4 * edge_n >= node_n, else sparse.
 */
#ifndef GRAPH_CSR_DISK_H
#define GRAPH_CSR_DISK_H

#include "base/disk.h"

enum csr_section { CSR_TYPES = 1, CSR_TARGETS = 2, CSR_ROWS = 3 };
enum csr_form { CSR_DENSE = 1, CSR_SPARSE = 2 };

#define CSR_LAYOUT_RAW 1u	/* this one */
#define CSR_ALIGN 64u		/* a cache line, and the widest vector */

struct csr_meta_disk {		/* the segment's META */
/*00*/	le32 layout;		/* CSR_LAYOUT_RAW; a reader refuses others */
/*04*/	le32 direction;		/* enum csr_direction */
/*08*/	le64 node_n;
/*10*/	le64 edge_n;		/* in this segment: twice the edges of an
				 * undirected graph, less its loops */
/*18*/	le32 type_n;
/*1c*/	le32 width;		/* 4 when node_n < 2^32, else 8 */
/*20*/	le64 dict;		/* id of the dictionary's segment */
/*28*/	uint8_t zero[24];	/* must be zero */
};
DISK_SIZE(struct csr_meta_disk, 64);
DISK_AT(struct csr_meta_disk, edge_n, 0x10);
DISK_AT(struct csr_meta_disk, dict, 0x20);

struct csr_type_disk {
/*00*/	le64 edge_n;
/*08*/	le64 row_n;		/* nodes with a list that is not empty */
/*10*/	le64 targets_off;	/* in CSR_TARGETS, a multiple of 64 */
/*18*/	le64 rows_off;		/* in CSR_ROWS, a multiple of 64 */
/*20*/	le32 form;		/* enum csr_form */
/*24*/	uint8_t zero[28];	/* must be zero */
};
DISK_SIZE(struct csr_type_disk, 64);
DISK_AT(struct csr_type_disk, rows_off, 0x18);
DISK_AT(struct csr_type_disk, form, 0x20);

#endif
