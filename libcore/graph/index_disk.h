/* graph/index_disk.h - nodes by their values
 *
 *	INDEX_NAMES	a struct index_name_disk each, ascending, its text behind it
 *	INDEX_FIRST + i	the entries of name i: for each value of each node that has an
 *			order (graph/literal_code.h, literal_rank), ascending as three
 *			numbers
 */
#ifndef GRAPH_INDEX_DISK_H
#define GRAPH_INDEX_DISK_H

#include "base/disk.h"

enum { INDEX_NAMES = 1, INDEX_FIRST = 2 };

struct index_meta_disk {
/*00*/	le64 node_n;		/* the graph's */
/*08*/	le64 prop;		/* id of the segment whose values these are */
/*10*/	le32 name_n;
/*14*/	uint8_t zero[12];
};
DISK_SIZE(struct index_meta_disk, 32);

struct index_name_disk {
/*00*/	le64 entry_n;
/*08*/	le32 len;		/* of the text */
/*0c*/	le32 zero;
};
DISK_SIZE(struct index_name_disk, 16);

struct index_entry_disk {
/*00*/	le64 rank[2];
/*10*/	le64 node;
};
DISK_SIZE(struct index_entry_disk, 24);

#endif
