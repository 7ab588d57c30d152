/* graph/text/ops.h - changes to a graph, an operation a line
 *
 *	node KEY [:LABEL | !:LABEL | NAME=VALUE | !NAME]...	TAB between the fields,
 *	edge SRC DST TYPE [NAME=VALUE | !NAME]...	escapes as in tsv
 *	del-node KEY [cascade]
 *	del-edge SRC DST [TYPE]
 *	commit
 *
 * or a JSON object, which a line is that begins with {:
 *
 *	{"op":"node","id":KEY,"labels":[...],"unset_labels":[...],"props":{...}}
 *	{"op":"edge","from":SRC,"type":TYPE,"to":DST,"props":{...}}
 *	{"op":"del-node","id":KEY,"cascade":true}
 *	{"op":"del-edge","from":SRC,"type":TYPE,"to":DST}
 *	{"op":"commit"}
 *
 * A line import VERSION, of a log, is refused: nobody knows what was imported.
 *
 * del-edge without a type takes all edges from SRC to DST; one with an empty type those
 * that have none.  !NAME and a property that is null, or an array of nothing, are unset, and so is the
 * label of !:LABEL.  A label, a name or a value whose first byte would mean something else
 * is written with \xHH.
 */
#ifndef GRAPH_TEXT_OPS_H
#define GRAPH_TEXT_OPS_H

#include "graph/update.h"

struct ops_room {			/* where what was read lies, used again and again */
	struct buf bytes, props, labels, unset, unlabels;
};
void ops_room_release(struct ops_room *r);

/* ERR_BAD_RECORD: WORD is no operation. */
int ops_unknown(struct bytes word);

/* A line without its LF.  1 and the operation, good until ROOM is used again; 0: a blank
 * line.  ERR_BAD_RECORD, without a place. */
int ops_read(struct bytes line, struct ops_room *room, struct update_op *out);

/* An edge's weight, as words: one, and a number, or ERR_BAD_RECORD.  (In JSON it may be
 * anything: what is no number is a property like others.) */
int ops_check_weight(const struct update_op *op);

#endif
