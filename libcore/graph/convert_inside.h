/* graph/convert_inside.h - what the files of convert share */
#ifndef GRAPH_CONVERT_INSIDE_H
#define GRAPH_CONVERT_INSIDE_H

#include "graph/convert.h"
#include "graph/sort.h"

struct convert {
	struct convert_options o;
	struct graph *g;
	struct dict *from, *to;
	bool renumber;
	struct csr_writer *w;
	uint64_t edge_n, looked;
};

/* EDGES more were written: is it to stop? */
int convert_look(struct convert *c, uint64_t edges);
/* What the node OLD is called in the new order.  Thread-safe. */
int convert_id(struct convert *c, uint64_t old, uint64_t *out);
/* Bytes that a sorter may draw. */
size_t convert_budget(const struct convert *c);
int convert_sorter(struct convert *c, struct sort **out, unsigned given);

/* The lists of one type, renumbered. */
int convert_turn(struct convert *c, struct csr *csr, uint32_t type);

/* 1 and a segment, 0: there are none.  OUT is the new csr of the way out. */
int convert_props(struct convert *c, enum prop_role role, const struct segment_ref *out,
		  struct segment_ref *ref);

#endif
