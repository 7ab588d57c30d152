/* graph/text/csv_graph.h - rows of nodes and edges, as graph databases export them
 *
 *	id:ID(Person),name,born:int,tags:string[],:LABEL
 *	:START_ID(Person),:END_ID(Film),:TYPE,weight:double
 *
 * A field of the header is NAME:TYPE, TYPE followed by [] for several values with ;
 * between; without a type it is string.  Types: string, char, boolean, byte, short,
 * int, long, float, double, decimal, date, datetime, localdatetime, time, localtime,
 * duration, point, json; IGNORE is not read.  A key with an id space is SPACE/ID.
 * :LABEL=NAME and :TYPE=NAME are no columns, they hold for all rows.  An empty field
 * is no value, unless it is quoted and a string.
 *
 * A file with a header and no row gives its header to the files after it.
 */
#ifndef GRAPH_TEXT_CSV_GRAPH_H
#define GRAPH_TEXT_CSV_GRAPH_H

#include "graph/text/text.h"

#define CSV_COLUMNS 512u

struct csv_row {
	struct bytes field[CSV_COLUMNS];
	bool quoted[CSV_COLUMNS];
	unsigned n;
};

struct csv_header;

/* Does a column of this name make a header one of these? */
bool csv_graph_names(struct bytes field);
bool csv_graph_is(const struct csv_row *row);	/* is it such a header? */

/* ERR_BAD_RECORD says what is wrong with it. */
int csv_graph_open(struct csv_header **out, const struct csv_row *row, struct mem *mem);
void csv_graph_close(struct csv_header *h);	/* NULL is fine */
bool csv_graph_has_nodes(const struct csv_header *h);

/* TEXT_NODE or TEXT_EDGE; OUT points into ROW and H. */
int csv_graph_row(struct csv_header *h, const struct csv_row *row, struct text_edge *out);

#endif
