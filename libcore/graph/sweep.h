/* graph/sweep.h - all edges of a graph, by several threads
 *
 * The nodes are cut into parts of about equal work, counted in edges by the heads
 * of groups of rows, no list touched.  Threads take the parts by number from one
 * counter.  Parts depend on the stored graph alone, never on the threads: what a
 * part adds up by itself, and parts are then added in their order, is the same for
 * any number of threads.  A part begins at a multiple of SWEEP_ALIGN nodes, so the
 * words of a bitmap of nodes belong to one part each.
 *
 * With one type and one direction a node has one list; else one of each, type by
 * type within a part, out before in: what belongs to a node gathers in an array
 * indexed by node, where only the part that owns the node writes.
 */
#ifndef GRAPH_SWEEP_H
#define GRAPH_SWEEP_H

#include "graph/graph.h"

#define SWEEP_ALIGN 64u

struct sweep_source {		/* where lists are: all of one type, one direction */
	struct csr *csr;
	uint32_t type;
	enum csr_direction way;
};

struct sweep {
	struct graph *graph;
	unsigned thread_n;
	uint64_t part_n;	/* 0 only of a graph without nodes */
	uint64_t edge_n;	/* of all sources */
	uint32_t source_n;
	struct sweep_source *source;
	uint64_t *border;	/* of the parts: part_n + 1 nodes */
};

/* WAY: CSR_OUT, CSR_IN, or CSR_BOTH, each edge then at both of its ends; of an
 * undirected graph all three are the same.  THREADS 0: as many as there are cores. */
int sweep_open(struct sweep *s, struct graph *g, enum csr_direction way,
	       const struct graph_types *types, unsigned threads);
void sweep_close(struct sweep *s);	/* zeroed is fine */

/* ERR_UNSUPPORTED of a graph whose ids need more than 32 bits, for algorithms that
 * keep arrays of them. */
int sweep_narrow(struct graph *g);

struct sweep_part {
	const struct sweep *sweep;
	uint64_t index;
	uint64_t first, end;	/* nodes */
	unsigned who;		/* the thread, below thread_n: for buffers of its own */
};

/* EACH for every part, on thread_n threads; the first failure ends it. */
typedef int sweep_each(void *ctx, const struct sweep_part *p);
int sweep_run(const struct sweep *s, sweep_each *each, void *ctx);

/* The lists of a part that are not empty.  They are read by csr_block32 (or the
 * others of csr.h); a list need not be read to its end. */
struct sweep_walk {
	uint64_t node;
	uint32_t type;
	enum csr_direction way;
	struct csr_list list;
	/* private */
	const struct sweep_part *part;
	const uint64_t *skip;
	uint32_t next;		/* source */
	struct csr_scan scan;
	bool open;
};
void sweep_begin(struct sweep_walk *w, const struct sweep_part *p);
int sweep_next(struct sweep_walk *w);		/* 1, 0, < 0 */
/* After sweep_begin: as csr_scan_skip, in all its scans. */
void sweep_skip(struct sweep_walk *w, const uint64_t *skip);

#endif
