/* graph/text/csv.h - what guess and export ask of csv */
#ifndef GRAPH_TEXT_CSV_H
#define GRAPH_TEXT_CSV_H

#include "graph/text/text.h"

enum csv_column { CSV_SOURCE, CSV_TARGET, CSV_WEIGHT, CSV_TYPE, CSV_KINDS, CSV_OTHER = CSV_KINDS };

/* What a header of edges takes a column of this name for, if none before it is that. */
enum csv_column csv_column(struct bytes name);

/* Is this a first line that says its columns: of an edge list with names for source
 * and target, or of a graph database (:START_ID)? */
bool csv_is_header(struct bytes line);

/* A row without a header: TEXT_EDGE, ERR_BAD_RECORD, ERR_UNSUPPORTED. */
int csv_row(struct bytes line, uint8_t *room, struct text_edge *out);

#endif
