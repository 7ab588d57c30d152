/* graph/arrange_inside.h - what arrange.c and arrange_stream.c share */
#ifndef GRAPH_ARRANGE_INSIDE_H
#define GRAPH_ARRANGE_INSIDE_H

#include <pthread.h>

#include "base/bytes.h"
#include "graph/arrange.h"

struct piece {				/* rows of consecutive nodes */
	uint32_t type;
	uint64_t node, n;
	uint64_t len;			/* bytes of their lists */
};

struct arrange_row {
	uint32_t type;
	uint64_t from, node;		/* as in the shuffle; its id */
};

struct work {
	const struct shuffle *s;
	const struct arrange_plan *p;
	struct csr_writer *writer;
	_Atomic unsigned next;		/* partition to be taken */
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	unsigned turn;			/* partition to be handed over */
	bool failed;
	struct arrange_count count;	/* of who is done, or has the turn */
};

struct desk {				/* what one thread works on */
	struct work *w;
	void *key, *other;		/* keys and room for as many; then ids */
	size_t cap;			/* bytes of each */
	uint8_t *bytes;			/* lists */
	size_t len, bytes_cap;
	struct buf pieces;		/* struct piece[] */
	struct buf degree, list_len;	/* uint64_t[], of their rows */
	struct arrange_count count;
};

bool arrange_fits(const struct work *w, const struct shuffle *s, uint64_t n);
struct arrange_row arrange_row(const struct work *w, uint64_t row);

/* The edges of a partition one by one, in order, to the writer: in a share of
 * memory however many they are.  ROW: its rows are the targets of this one. */
int arrange_stream(struct work *w, const struct shuffle *s, unsigned part,
		   const uint64_t *row);

#endif
