/* graph/literal_inside.h - between literal_code.c and literal_rank.c */
#ifndef GRAPH_LITERAL_INSIDE_H
#define GRAPH_LITERAL_INSIDE_H

#include "graph/literal_code.h"

enum literal_sort {		/* values of one sort have an order */
	LITERAL_NO_SORT, LITERAL_NUMBER, LITERAL_MOMENT, LITERAL_TRUTH, LITERAL_TEXT,
	LITERAL_OBJECT, LITERAL_OTHER,
};
enum literal_sort literal_sort_of(const struct literal *l);

struct literal_number {		/* a binary64, or digits around a point */
	bool real, minus;
	double r;
	struct bytes whole, part;	/* no zeros at their far ends */
};
/* ROOM: for the digits of an integer. */
bool literal_number_of(const struct literal *l, struct literal_number *out, char room[32]);
/* Of one in digits, about as large: cut to what a binary64 can hold, then rounded. */
double literal_number_cut(const struct literal_number *n);
/* Where on the line of time, its zone taken into account. */
bool literal_moment_of(const struct literal *l, int64_t *second, uint32_t *nano);

#endif
