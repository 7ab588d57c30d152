/* graph/change.h - what was changed since a graph was built, as entries of its space
 *
 * A graph is its segments and the entries of its space in the store (the log and the
 * runs) whose version is above the `folded` of its manifest row.  An entry is the whole
 * new state of one node or of one edge, so the newest one says all; `compact` builds new
 * segments out of both and moves `folded`.
 *
 *	key	01  the node's key
 *		02  source 00  type 00  target	  of source, type: 00 is 01 01, 01 is 01 02
 *	value	state, varint label_n, labels, varint property_n, properties
 *
 *	state	01 is there	02 is gone	03 is gone with all its edges (a node's)
 *		04 is there, 05 is gone, and its edges of versions before one are gone (a
 *		node's): varint, that version, follows.  As an entry takes the place of
 *		the one before, this is how to say anew what a node is whose entry was
 *		03 (its version), 04 or 05 (the same one), but by 03.
 *	label	varint length, bytes
 *	property  varint length of its name, name, literal (graph/literal_code.h)
 *
 * Entries of edges lie by source, then type, then target; the edges at a target are
 * found by reading them all (graph/delta does, once).
 */
#ifndef GRAPH_CHANGE_H
#define GRAPH_CHANGE_H

#include "graph/literal.h"

struct mem;

enum change_state { CHANGE_THERE = 1, CHANGE_GONE = 2, CHANGE_GONE_CASCADE = 3 };

struct change {
	bool edge;
	struct bytes node;		/* a node's key, or an edge's source */
	struct bytes type, to;
	enum change_state state;
	uint64_t cut;			/* of a node, THERE or GONE: its edges of versions
					 * before are gone, too; 0: none are */
	uint32_t label_n, prop_n;
	const struct bytes *label;	/* ascending, each once */
	const struct property *prop;	/* by name ascending, a name's values in their order */
};

/* Replaces OUT. */
int change_key(struct buf *out, const struct change *c);
int change_value(struct buf *out, const struct change *c);
/* What all entries of edges from NODE begin with; of TYPE too, if it is not NULL. */
int change_prefix(struct buf *out, struct bytes node, const struct bytes *type);

/* Arrays and unescaped bytes of a change that was read. */
struct change_room {
	struct buf bytes, labels, props;
};
/* ERR_DAMAGED without a place.  OUT points into KEY, VALUE and ROOM. */
int change_read(struct change *out, struct bytes key, struct bytes value,
		struct change_room *room);
void change_room_release(struct change_room *r);

#endif
