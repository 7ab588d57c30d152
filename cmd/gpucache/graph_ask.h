/* cmd/gpucache/graph_ask.h - pin --graph and evict --graph: the asking side */
#ifndef CMD_GPUCACHE_GRAPH_ASK_H
#define CMD_GPUCACHE_GRAPH_ASK_H

#include "cmd/gpucache/gpucache.h"
#include "gpu/wire_graph.h"

enum { GRAPH_ASK_TYPE = 0x80 };
#define OPTION_PIN_GRAPH \
	CLI_TEXT("graph", 'g', CLI_VAL_GRAPH, "a graph's edges instead of values", "NAME"), \
	CLI_TEXT("type", 0, GRAPH_ASK_TYPE, "of a graph the edges of this type (repeated: of " \
		 "these)", "T")
#define OPTION_EVICT_GRAPH \
	CLI_TEXT("graph", 'g', CLI_VAL_GRAPH, "a graph instead of values", "NAME")

/* Was --graph given?  Ends with status 64 when other things come with it. */
bool graph_ask_wanted(struct cli *c);
/* The request, and what came of it as a note. */
int graph_ask(struct asker *a, enum wire_graph_verb verb);

#endif
