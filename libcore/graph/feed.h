/* graph/feed.h - the lines of one input, read and parsed by several threads
 *
 *	input -> chunks of whole lines -> graph/scan, else the dialect -> batches of edges
 *	                              \-> lines that are no edges, in order -> odd
 *
 * Each thread takes a chunk, parses it and hands over its edges, at once and in no
 * order between the threads.  A plain file is read by all threads, each where its
 * chunk is; what comes from a pipe or is unpacked is read by one at a time, so that
 * one unpacks while the others parse.  What has an order keeps it: lines that the
 * dialect refuses go to ODD one after another, in the order of the input, with
 * their line numbers and the number of edges before them, whatever thread met them;
 * so the failure reported is the first one of the input.
 *
 * Memory: for each thread a chunk and the edges of a batch, about 1 MiB in all; the
 * longest line more (TEXT_LINE_MAX) where lines are that long.
 */
#ifndef GRAPH_FEED_H
#define GRAPH_FEED_H

#include "graph/scan.h"
#include "graph/text/text.h"

struct in;
struct mem;

#define FEED_CHUNK (256u << 10)
#define FEED_BATCH 2048u		/* edges between numbers */
#define FEED_TEXTS 256u			/* edges of other keys */

/* Edges of one chunk, in the order of their lines: N numbers or N texts.  The places
 * of edges, AT, AT + 1, ..., grow with the input but have gaps. */
struct feed_batch {
	unsigned who;			/* 0 .. threads - 1 */
	uint64_t at;
	size_t n;
	const struct scan_edge *number;		/* or NULL */
	const struct text_value *value;		/* of the numbers; NULL: they have none */
	const struct text_edge *text;		/* points into the chunk */
};

/* A line that is no edge and no comment, or has over TEXT_LINE_MAX bytes. */
struct feed_line {
	uint64_t number;		/* 1, 2, 3, ... */
	uint64_t good;			/* edges before it */
	struct bytes line;		/* without its LF; at most TEXT_LINE_MAX bytes */
	bool ended;			/* an LF followed */
	bool cut;			/* there was more of it */
};

struct feed_options {
	struct in *in;
	struct bytes head;		/* what was read from IN already: it comes first */
	const struct text_dialect *dialect;	/* el or tsv */
	bool numbers;			/* other keys are not for this graph: odd */
	unsigned threads;
	uint64_t at;			/* the place of the first edge */
	size_t chunk;			/* bytes; 0: FEED_CHUNK */
	struct mem *mem;

	/* Less than 0 ends it at once.  From several threads at once: */
	int (*edges)(void *ctx, const struct feed_batch *b);
	/* from one at a time: */
	int (*odd)(void *ctx, const struct feed_line *l);
	int (*stop)(void *ctx, uint64_t bytes, uint64_t edge_n);	/* now and then: go on? */
	void *ctx;
};

struct feed_note {
	uint64_t line_n, edge_n;
	uint64_t bytes;			/* read, before unpacking */
	uint64_t at;			/* the place behind the last edge */
};

/* 0; what the callbacks say; ERR_MEMORY; what reading says, after all lines before it
 * were handed over. */
int feed_run(const struct feed_options *o, struct feed_note *out);

#endif
