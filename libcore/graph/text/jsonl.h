/* graph/text/jsonl.h - is a line one of jsonl? */
#ifndef GRAPH_TEXT_JSONL_H
#define GRAPH_TEXT_JSONL_H

#include "graph/text/text.h"

bool jsonl_is(struct bytes line);

#endif
