/* cmd/graph/chosen.h - --label and --where: only nodes of which something is said
 *
 * A question of one variable to graph/match: it is given node by node, or answers with
 * all of them.
 */
#ifndef CMD_GRAPH_CHOSEN_H
#define CMD_GRAPH_CHOSEN_H

#include "cmd/graph/graph.h"
#include "graph/match/match.h"

#define OPTION_LABEL_VAL 0x81
#define OPTION_WHERE_VAL 0x82
#define OPTION_LABEL CLI_TEXT("label", 0, OPTION_LABEL_VAL, \
	"nodes with this label only (repeated: with all of them)", "L")
#define OPTION_WHERE(of) CLI_TEXT("where", 0, OPTION_WHERE_VAL, \
	of " with such a property only: NAME, NAME=VALUE, !=, <, <=, >, >= (repeated: all)", \
	"NAME=VALUE")

struct chosen {
	bool any;			/* something is asked for; else all nodes are chosen */
	struct pattern p;
	struct match *m;
};

/* The options into C.  Wrong ones end with status 64. */
void chosen_options(struct chosen *c, struct cli *cli);
int chosen_open(struct chosen *c, struct graph *g, bool one_by_one);
void chosen_close(struct chosen *c);
int chosen_has(struct chosen *c, uint64_t node);	/* ONE_BY_ONE: 1 or 0 */
int chosen_begin(struct chosen *c);			/* else: ... */
int chosen_next(struct chosen *c, uint64_t *node);	/* ... by id: 1, 0 */

#endif
