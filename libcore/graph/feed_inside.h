/* graph/feed_inside.h - chunks: what feed.c and feed_take.c share */
#ifndef GRAPH_FEED_INSIDE_H
#define GRAPH_FEED_INSIDE_H

#include <pthread.h>

#include "base/err.h"
#include "graph/feed.h"

/* Where chunks come from.  The mutex guards all of it but what begins and ends. */
struct feed_source {
	const struct feed_options *o;
	size_t chunk;
	bool plain;			/* threads read where they want */
	pthread_mutex_t mutex;
	uint64_t seq;			/* of the next chunk */
	uint64_t off;			/* of the next chunk in what was unpacked */
	struct bytes head;		/* what is left of it */
	uint8_t *carry;			/* the begin of a line whose end has not come yet */
	size_t carry_len, carry_cap;
	bool skipping;			/* the rest of a line over TEXT_LINE_MAX */
	bool ended;
	_Atomic uint64_t edge_n;	/* so far, for stop */
};

/* One thread's chunk. */
struct feed_chunk {
	uint8_t *buf;
	size_t cap;
	struct bytes text;		/* whole lines; the last may lack its LF, or be what shows
					 * that it is over TEXT_LINE_MAX */
	uint64_t seq, off;
	int failed;			/* reading did, behind the text */
	struct err_note note;
};

int feed_take_begin(struct feed_source *s, const struct feed_options *o);
void feed_take_end(struct feed_source *s);
/* 1 and the next chunk, which may be empty; 0: there is none; < 0 from stop or memory. */
int feed_take(struct feed_source *s, struct feed_chunk *c);
uint64_t feed_take_bytes(const struct feed_source *s);

#endif
