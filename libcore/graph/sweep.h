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
 *
 * Lists that are too large for memory are not read in the mapped file: graph/flow
 * reads them ahead, past the page cache, in the order of the parts, and a part's are
 * checked when it is taken.  What is given is the same.  Too large: at the first run,
 * when what the algorithm keeps was drawn, they are longer than what is left of
 * memory_limit; or, where that is as large as its default or larger, than what is left
 * of three fourths of the memory that this process may use (machine, cgroup).  Rows stay
 * in the mapped file: they are a tenth of the lists or less where a node has thirty
 * edges, and a fraction of what an algorithm keeps a node.
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
	struct flow *flow;	/* private */
};

/* WAY: CSR_OUT, CSR_IN, or CSR_BOTH, each edge then at both of its ends; of an
 * undirected graph all three are the same.  THREADS 0: as many as there are cores. */
int sweep_open(struct sweep *s, struct graph *g, enum csr_direction way,
	       const struct graph_types *types, unsigned threads);
void sweep_close(struct sweep *s);	/* zeroed is fine */

/* ERR_UNSUPPORTED of a graph whose ids need more than 32 bits, for algorithms that
 * keep arrays of them. */
int sweep_narrow(struct graph *g);

/* Are the lists read ahead, and so each time anew?  To be asked when all that is kept
 * was drawn.  1, 0, or an error. */
int sweep_ahead(const struct sweep *s);
/* And how many bytes of them a run would read that passes over SKIP. */
uint64_t sweep_bytes(const struct sweep *s, const uint64_t *skip);
/* Both are used in turn: their lists shall fit into memory together. */
void sweep_beside(struct sweep *a, struct sweep *b);

struct sweep_part {
	const struct sweep *sweep;
	const uint64_t *skip;
	bool unread;		/* no node of it is wanted: its lists are not given */
	uint64_t index;
	uint64_t first, end;	/* nodes */
	unsigned who;		/* the thread, below thread_n: for buffers of its own */
};

/* EACH for every part, on thread_n threads; the first failure ends it.  Nothing is read
 * ahead before the first walk of a run begins. */
typedef int sweep_each(void *ctx, const struct sweep_part *p);
int sweep_run(const struct sweep *s, sweep_each *each, void *ctx);
/* The same without the lists of the nodes whose bit in SKIP, node_n bits, is set: a part
 * without any other is not read.  Bits may be set meanwhile by whoever owns the part. */
int sweep_run_but(const struct sweep *s, const uint64_t *skip, sweep_each *each, void *ctx);
/* That is how: others may be looking at the word, to read ahead. */
static inline void sweep_set(uint64_t *skip, uint64_t word, uint64_t bits)
{
	__atomic_store_n(&skip[word], skip[word] | bits, __ATOMIC_RELAXED);
}
/* In EACH: set the bits of the part's nodes that have no list at all. */
int sweep_listless(const struct sweep_part *p, uint64_t *bits);

/* Adds to DEGREE, of each node, how many edges its lists have; none is read.
 * ERR_UNSUPPORTED: 2^32 or more. */
int sweep_degrees(const struct sweep *s, uint32_t *degree);

/* The lists of a part that are not empty.  They are read by csr_block32 (or the
 * others of csr.h); a list need not be read to its end, and is good until the walk's
 * next one. */
struct sweep_walk {
	uint64_t node;
	uint32_t type;
	enum csr_direction way;
	struct csr_list list;
	/* private */
	const struct sweep_part *part;
	const uint64_t *skip;
	uint32_t next;		/* source */
	struct csr_held held;
	struct csr_scan scan;
	bool open, values;
};
void sweep_begin(struct sweep_walk *w, const struct sweep_part *p);
int sweep_next(struct sweep_walk *w);		/* 1, 0, < 0 */
/* As csr_scan_words, of one type and way: 0 before the first sweep_next. */
int sweep_words(struct sweep_walk *w, uint32_t *out, size_t room, size_t *n);
/* As csr_scan_firsts and csr_scan_open, likewise. */
int sweep_firsts(struct sweep_walk *w, bool both, struct csr_firsts *out);
static inline int sweep_list(struct sweep_walk *w, unsigned i)	/* w->node, w->list */
{
	return csr_scan_open(&w->scan, i, &w->list);
}
/* After sweep_begin: as csr_scan_skip and csr_scan_values, in all its scans. */
void sweep_skip(struct sweep_walk *w, const uint64_t *skip);
void sweep_values(struct sweep_walk *w);

#endif
