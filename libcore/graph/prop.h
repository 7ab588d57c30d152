/* graph/prop.h - labels and properties of the nodes of a graph, or of its edges
 *
 * A row is a node's id, or an edge's number: its place among all edges of the csr
 * of direction out (both, if undirected), type by type, in each by source, then
 * target.  An undirected edge lies there twice; its row is the one at the end
 * whose id is less.
 *
 * Written once, rows ascending, in bounded memory: 1024 rows at a time are held, or
 * some MiB of them, and a table of the names.  Read in place: a row costs
 * the blocks its values lie in, each a few KiB, and no other; a name's column is
 * scanned by the groups that have it.  Pages are checked and bounds compared on the
 * way (ERR_DAMAGED with file and offset).  A reader may be used by several threads,
 * each with its own rooms and cursors.
 * Bytes on disk: graph/prop_disk.h and strato-csr(5).
 */
#ifndef GRAPH_PROP_H
#define GRAPH_PROP_H

#include <stdbool.h>

#include "graph/list.h"
#include "graph/literal.h"
#include "store/segment.h"

struct mem;

enum prop_role { PROP_NODES = 1, PROP_EDGES = 2 };

struct prop_state {			/* all that is said of a row */
	const struct bytes *label;	/* ascending, each once */
	const struct property *prop;	/* by name ascending, a name's values in their order */
	uint32_t label_n, prop_n;
};

/* --- writing --- */

struct prop_writer;

struct prop_plan {
	enum prop_role role;
	uint64_t row_n;			/* rows there are, with or without anything */
};

int prop_create(struct prop_writer **out, const struct prop_plan *p, struct backend *b,
		const uint8_t store_id[16], struct mem *mem);
/* Rows strictly ascending; those that have nothing may be left out.  ERR_BUG when
 * rows, labels or names are out of order. */
int prop_add(struct prop_writer *w, uint64_t row, const struct prop_state *state);
int prop_finish(struct prop_writer *w, struct segment_ref *ref);	/* ends w always */
void prop_abort(struct prop_writer *w);		/* NULL is fine */

/* --- reading --- */

struct prop;

int prop_open(struct prop **out, struct backend *b, const struct segment_ref *ref,
	      const uint8_t store_id[16], struct mem *mem);
void prop_close(struct prop *p);		/* NULL is fine */

enum prop_role prop_role(const struct prop *p);
uint64_t prop_row_n(const struct prop *p);	/* as planned */
uint64_t prop_added(const struct prop *p);	/* rows that have something */
struct segment *prop_segment(const struct prop *p);

/* Names and labels have numbers here, in the order of their bytes. */
struct prop_name {
	struct bytes text;
	uint64_t row_n;			/* rows that have it */
	uint64_t value_n;		/* values in all of them: more where one has several */
	uint32_t kinds;			/* bit 1 << literal_meant of each among them */
};
uint32_t prop_name_n(const struct prop *p);
int prop_name_at(struct prop *p, uint32_t name, struct prop_name *out);
/* 1 and its number, 0: there is none, ERR_DAMAGED. */
int prop_find_name(struct prop *p, struct bytes text, uint32_t *name);

struct prop_label {
	struct bytes text;
	uint64_t row_n;
};
uint32_t prop_label_n(const struct prop *p);
int prop_label_at(struct prop *p, uint32_t label, struct prop_label *out);
int prop_find_label(struct prop *p, struct bytes text, uint32_t *label);

/* Where what was read of a row lies: one for a thread, used again and again.  What
 * came out of it is good until its next use, and while the segment is open. */
struct prop_kept;
struct prop_room {
	struct buf bytes, labels, props, places;
	struct prop_kept *kept;		/* private */
};
void prop_room_init(struct prop_room *r, struct mem *mem);
void prop_room_release(struct prop_room *r);

/* All of a row: 0, also when it has nothing. */
int prop_row(struct prop *p, uint64_t row, struct prop_room *room, struct prop_state *out);
/* Of one name only: no label, and only its blocks are read. */
int prop_values(struct prop *p, uint64_t row, uint32_t name, struct prop_room *room,
		struct prop_state *out);
/* Only its labels. */
int prop_labels(struct prop *p, uint64_t row, struct prop_room *room, struct prop_state *out);
/* 1 or 0. */
int prop_has_label(struct prop *p, uint64_t row, uint32_t label);

/* All rows that have something, ascending, all of each: 1 and the next one, good until
 * the next call; 0 at the end.  Many times as fast as row by row. */
struct prop_walk;
int prop_walk_open(struct prop_walk **out, struct prop *p);
int prop_walk_next(struct prop_walk *w, uint64_t *row, struct prop_state *out);
void prop_walk_close(struct prop_walk *w);	/* NULL is fine */

/* The values of one name, rows ascending, a row's values in their order. */
struct prop_scan;
int prop_scan_open(struct prop_scan **out, struct prop *p, uint32_t name);
/* 1 and the next value, good until the next call; 0 at the end. */
int prop_scan_next(struct prop_scan *s, uint64_t *row, struct literal *out);
/* Forward to the first value whose row is not below ROW. */
int prop_scan_seek(struct prop_scan *s, uint64_t row);
void prop_scan_close(struct prop_scan *s);	/* NULL is fine */

/* The rows that have a label, ascending. */
struct prop_label_rows {
	uint64_t n;			/* in all */
	/* private */
	struct prop *p;
	struct list_reader list;
	uint64_t least;			/* what was sought */
	bool table_checked;
	unsigned taken, filled;
	uint64_t ids[LIST_READ];
};
int prop_label_rows_begin(struct prop_label_rows *s, struct prop *p, uint32_t label);
/* 1 and the next row, 0 at the end. */
int prop_label_rows_next(struct prop_label_rows *s, uint64_t *row);
/* Forward: the next row given is the first that is not below ROW. */
int prop_label_rows_seek(struct prop_label_rows *s, uint64_t row);

/* Every rule of the format, each value read: 0 or the first fault. */
int prop_check(struct prop *p);

/* The same bytes as a segment of its own. */
int prop_copy(struct prop *p, struct backend *b, const uint8_t store_id[16], struct mem *mem,
	      struct segment_ref *ref);

#endif
