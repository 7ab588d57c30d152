/* cmd/graph/columns.h - the columns that a table of nodes or of edges needs
 *
 * Every state is shown once, to find names and kinds of values; then the columns are
 * in the order of their names.
 */
#ifndef CMD_GRAPH_COLUMNS_H
#define CMD_GRAPH_COLUMNS_H

#include "graph/prop.h"

struct mem;
struct columns;

struct column {
	struct bytes name;
	uint32_t kinds;			/* a bit each enum literal_kind */
	bool several;			/* a row has several values, ... */
	uint32_t most;			/* ... as many as this */
};

/* A text that is not the canonical one counts as what it is of. */
enum literal_kind columns_kind(const struct literal *l);

int columns_open(struct columns **out, struct mem *mem);
void columns_close(struct columns *c);	/* NULL is fine */

int columns_show(struct columns *c, const struct prop_state *s);
uint32_t columns_n(const struct columns *c);
const struct column *columns_at(const struct columns *c, uint32_t i);

/* The values in S of column I: how many, and *FIRST. */
uint32_t columns_values(const struct columns *c, uint32_t i, const struct prop_state *s,
			uint32_t *first);

#endif
