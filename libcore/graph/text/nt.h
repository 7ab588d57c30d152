/* graph/text/nt.h - is a line one of N-Triples or N-Quads? */
#ifndef GRAPH_TEXT_NT_H
#define GRAPH_TEXT_NT_H

#include "graph/text/text.h"

enum nt_is { NT_NOT, NT_NOTHING, NT_TRIPLE, NT_QUAD };	/* NOTHING: blank, a comment */
enum nt_is nt_is(struct bytes line);

#endif
