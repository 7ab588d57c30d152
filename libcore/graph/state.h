/* graph/state.h - labels and properties of one node or edge as bytes
 *
 *	varint label_n, labels (varint length, bytes)
 *	varint property_n, properties (varint length of the name, name, literal)
 */
#ifndef GRAPH_STATE_H
#define GRAPH_STATE_H

#include "graph/prop.h"

/* Appends. */
int state_encode(struct buf *out, const struct prop_state *s);

struct state_room {		/* where the arrays of a state lie, used again and again */
	struct buf labels, props;
};
void state_room_release(struct state_room *r);

/* All of IN is one state: 0, or ERR_DAMAGED without a place.  OUT points into IN and
 * ROOM. */
int state_decode(struct prop_state *out, struct bytes in, struct state_room *room);

#endif
