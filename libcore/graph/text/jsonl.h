/* graph/text/jsonl.h - lines of jsonl, for who is not its reader */
#ifndef GRAPH_TEXT_JSONL_H
#define GRAPH_TEXT_JSONL_H

#include "graph/text/text.h"

struct ops_room;
struct update_op;

bool jsonl_is(struct bytes line);	/* is it one? */

/* TEXT, a value of a property as it is in a line: its values under NAME, to PROPS.  What
 * has to be unescaped goes to *ROOM, as many bytes as TEXT at most, which moves behind. */
int jsonl_values(struct bytes name, struct bytes text, uint8_t **room, struct buf *props);

/* An object with a member "op" (graph/text/ops.h).  ROOM is empty and has as many bytes as
 * the line; labels, properties and names go there. */
int jsonl_op(struct bytes line, struct ops_room *room, struct update_op *out);

#endif
