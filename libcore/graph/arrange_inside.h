/* graph/arrange_inside.h - what arrange.c and arrange_stream.c share */
#ifndef GRAPH_ARRANGE_INSIDE_H
#define GRAPH_ARRANGE_INSIDE_H

#include <pthread.h>

#include "base/bytes.h"
#include "graph/arrange.h"

struct piece {				/* rows of consecutive nodes */
	uint32_t type;
	uint64_t node, n;
	uint64_t len, edge_n;		/* bytes of their lists; edges in them */
};

struct arrange_row {
	uint32_t type;
	uint64_t from, node;		/* as in the shuffle; its id */
};

struct unit {				/* a partition on its way */
	const struct shuffle *s;
	unsigned part;
	bool taken, done;
	struct shuffle *close;		/* this was the last of its partitions */
	struct unit *next;
};

struct work {
	const struct arrange_plan *p;
	struct csr_writer *writer;
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	struct unit *head;		/* whose turn it is; the others follow */
	bool failed;
	struct arrange_count count;	/* of who is done, or has the turn */
};

struct desk {				/* what one thread works on */
	struct work *w;
	const struct shuffle *s;	/* of the unit at hand */
	void *key, *other;		/* keys and room for as many; then ids */
	size_t cap;			/* bytes of each */
	union csr_value *value;		/* of the edges, where they have one */
	uint64_t value_n;
	uint8_t *bytes;			/* lists */
	size_t len, bytes_cap;
	struct buf pieces;		/* struct piece[] */
	struct buf degree, list_len;	/* uint64_t[], of their rows */
	struct arrange_count count;
};

/* --- arrange_turn.c: units in order --- */

int arrange_begin(struct work *w, const struct shuffle *s);
void arrange_end(struct work *w);
struct unit *arrange_take(struct work *w);	/* NULL: none is left, or one has failed */
/* Until it is U's turn; false when another has failed. */
bool arrange_wait(struct work *w, const struct unit *u);
void arrange_done(struct work *w, struct unit *u, bool failed);
/* U, of several rows, gives way to its parts. */
int arrange_divide(struct work *w, struct unit *u);

bool arrange_fits(const struct work *w, const struct shuffle *s, uint64_t n);
struct arrange_row arrange_row(const struct work *w, uint64_t row);

/* A row's list of N ids joins those of the desk. */
int arrange_encode(struct desk *d, const struct arrange_row *row, const uint64_t *ids,
		   uint64_t n);
/* One edge to the writer; TO as in the shuffle, V NULL without values. */
int arrange_emit(struct work *w, const struct arrange_row *row, uint64_t to,
		 const union csr_value *v);

/* With values: a partition's lists; its edges one by one; all equal edges. */
int arrange_valued(struct desk *d, unsigned part);
int arrange_valued_leaf(struct work *w, const struct shuffle *s, unsigned part,
			const uint64_t *fixed);
int arrange_valued_equal(struct work *w, const struct shuffle *s, unsigned part,
			 uint64_t fixed);

/* The edges of a partition one by one, in order, to the writer: in a share of
 * memory however many they are.  ROW: its rows are the targets of this one. */
int arrange_stream(struct work *w, const struct shuffle *s, unsigned part,
		   const uint64_t *row);
/* A partition's records in a shuffle of their own; TURNED: by target. */
int arrange_sub(struct work *w, const struct shuffle *s, unsigned part, bool turned,
		uint64_t to_n, struct shuffle **out);

#endif
