/* graph/walk/weigh.h - what the weights of a graph are, before they are added up
 *
 * Searches for what is cheapest need weights that are not negative.  Integers say so
 * by how they are stored, mostly; reals are all looked at.
 */
#ifndef GRAPH_WALK_WEIGH_H
#define GRAPH_WALK_WEIGH_H

#include "graph/graph.h"

struct weigh {
	enum csr_values kind;	/* CSR_INTEGERS too of a graph without edges */
	union csr_value most;	/* no weight is greater */
	double mean;		/* of some thousand of them; 0 when there are none */
	uint64_t edge_n;	/* of these types */
};

/* ERR_UNSUPPORTED: edges have no weights.  ERR_BAD_RECORD: one has a negative one; of
 * several the first as they are stored is named. */
int weigh_all(struct weigh *out, struct graph *g, const struct graph_types *types,
	      unsigned threads);

/* ERR_BAD_RECORD, saying that this edge's weight is negative. */
int weigh_negative(struct graph *g, uint64_t from, uint64_t to);
int weigh_missing(struct graph *g);	/* ERR_UNSUPPORTED */

static inline uint64_t weigh_stored_number(const struct csr_stored *v, uint64_t i)
{
	le64 wide;
	le32 half;
	le16 quarter;

	switch (v->width) {
	case 1:
		return v->at[i];
	case 2:
		memcpy(&quarter, v->at + 2 * i, 2);
		return le16_get(quarter);
	case 4:
		memcpy(&half, v->at + 4 * i, 4);
		return le32_get(half);
	case 8:
		memcpy(&wide, v->at + 8 * i, 8);
		return le64_get(wide);
	default:
		return 0;
	}
}

/* Of stored values the one at I. */
static inline union csr_value weigh_stored(enum csr_values kind, const struct csr_stored *v,
					   uint64_t i)
{
	uint64_t x = weigh_stored_number(v, i);
	uint32_t narrow = (uint32_t)x;
	union csr_value out;
	float f;

	if (kind == CSR_INTEGERS) {
		out.i = (int64_t)(x + v->base);
	} else if (v->scale != 0) {
		out.r = (double)(int64_t)(x + v->base) / v->scale;
	} else if (v->width == 4) {
		memcpy(&f, &narrow, sizeof f);
		out.r = (double)f;
	} else {
		x = v->width ? x : v->base;
		memcpy(&out.r, &x, sizeof out.r);
	}
	return out;
}

#endif
