/* graph/text/tsv.h - the fields of a line of tsv */
#ifndef GRAPH_TEXT_TSV_H
#define GRAPH_TEXT_TSV_H

#include "graph/text/text.h"

/* Up to the next TAB; REST moves behind it, its ptr is NULL after the last field. */
struct bytes tsv_cut(struct bytes *rest);
/* Without its escapes; in *ROOM, which moves, if it has any.  ERR_BAD_RECORD. */
int tsv_unescape(struct bytes *field, uint8_t **room);
/* NAME=VALUE, both without their escapes.  ERR_BAD_RECORD. */
int tsv_pair(struct bytes field, uint8_t **room, struct bytes *name, struct bytes *value);

#endif
