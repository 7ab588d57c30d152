/* graph/text/csv.h - what guess asks of csv */
#ifndef GRAPH_TEXT_CSV_H
#define GRAPH_TEXT_CSV_H

#include "graph/text/text.h"

/* Is this a first line that says its columns: of an edge list with names for source
 * and target, or of a graph database (:START_ID)? */
bool csv_is_header(struct bytes line);

/* A row without a header: TEXT_EDGE, ERR_BAD_RECORD, ERR_UNSUPPORTED. */
int csv_row(struct bytes line, uint8_t *room, struct text_edge *out);

#endif
