/* graph/build.h - a graph's segments out of edges in any order
 *
 *	numbers, no types:  edges -> shuffle by source and by target -> sort a
 *			    partition at a time -> encode -> csr
 *	else:		    edges -> as they came -> ids (dictionary) -> the same
 *	properties:	    as they came -> ids -> records in order -> prop
 *
 * Memory stays within the struct mem given, whatever comes; beyond a few MiB of
 * it the rest goes to the store's tmp/.  The segments' sections are the same
 * bytes for any limit and any number of threads.  Types are kept in memory, their
 * names included.
 */
#ifndef GRAPH_BUILD_H
#define GRAPH_BUILD_H

#include <stdbool.h>

#include "graph/csr.h"
#include "graph/scan.h"
#include "graph/text/text.h"
#include "store/manifest.h"

struct build;

enum build_ids { BUILD_IDS_AUTO, BUILD_IDS_STRING, BUILD_IDS_INT };

/* Which of equal edges stay: the first of the input, all in the order of the input,
 * or one whose value is made of theirs.  A sum of integers ends at the least and the
 * greatest of 64 bits; one of reals is taken in the order of the input.  Where one
 * value of a graph is no integer, all are reals. */
enum build_equal { BUILD_FIRST, BUILD_KEEP, BUILD_SUM, BUILD_MIN, BUILD_MAX };

/* In the segments an edge that has no weight, of a graph that has weights, has this label:
 * its value, 1, was not said. */
#define BUILD_UNWEIGHED "-weight"

/* What manifest_graph.flags says of a graph. */
enum graph_flags {
	GRAPH_UNDIRECTED = 1,	/* each edge at both ends; one csr segment */
	GRAPH_MULTI = 2,	/* equal edges were kept */
};

struct build_options {
	struct backend *backend;
	const uint8_t *store_id;
	struct mem *mem;
	size_t budget;		/* for sorting and looking up; 0: what MEM has left but
				 * for a part, BUILD_BUDGET at most */
	unsigned threads;	/* 0: team_default */
	enum build_ids ids;	/* auto: integers if all keys are canonical ones */
	enum build_equal equal;
	enum csr_layout layout;	/* 0: packed */
	bool undirected, drop_loops;
	/* Asked now and then: not 0 stops the build with that code. */
	int (*stop)(void *ctx);
	void *stop_ctx;
};

#define BUILD_MEMORY_LEAST (12u << 20)
#define BUILD_BUDGET ((size_t)48 << 20)
#define BUILD_KEYS ((size_t)256 << 20)	/* more, to look keys up that are not dense: a quarter
						 * of what is left, so much at most */

/* ERR_MEMORY when less than BUILD_MEMORY_LEAST is left in MEM.  (STORE_ID must live
 * as long as the build.) */
int build_open(struct build **out, const struct build_options *o);

/* How many threads may add at once: each has a WHO of its own, below this. */
unsigned build_threads(const struct build *b);
/* From several threads at once.  AT: the place of the first edge in the input, the
 * others follow; only its order counts, and no two edges have the same.  VALUE may
 * be NULL.  Once an edge has a value the graph has: edges without one have 1, unsaid, and
 * come before all others; but the first of equal edges is the first that has one. */
int build_add_edges(struct build *b, unsigned who, const struct scan_edge *e,
		    const struct text_value *value, size_t n, uint64_t at);
/* The same with any keys, types, values, labels and properties. */
int build_add_texts(struct build *b, const struct text_edge *e, size_t n, uint64_t at);
/* One edge behind all those that build_add gave before: for who brings all by it. */
int build_add(struct build *b, const struct text_edge *e);
/* E's source, a node with labels and properties. */
int build_add_text_node(struct build *b, const struct text_edge *e, uint64_t at);
/* Nodes that may have no edge. */
int build_add_node(struct build *b, const struct text_key *key);
int build_add_nodes(struct build *b, uint64_t first, uint64_t n);
uint64_t build_n(const struct build *b);		/* edges added */

struct build_note {		/* how it went, for -v */
	uint64_t equal_n, loop_n;	/* edges dropped by policy */
	bool strings, joined;
	uint64_t run_n;			/* times memory was emptied to disk */
};

/* Writes the segments; OUT gets its segments, node_n, edge_n, type_n and flags, the
 * rest of it is untouched.  On failure no segment is left.  Ends the build. */
int build_finish(struct build *b, struct manifest_graph *out, struct build_note *note);
void build_abort(struct build *b);			/* NULL is fine */

/* Removes the segments that a failed publication left without an owner. */
void build_discard(struct backend *b, const struct manifest_graph *g);

#endif
