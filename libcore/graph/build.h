/* graph/build.h - a graph's segments out of edges in any order
 *
 *	edges -> ids (dictionary) -> sort by (type, src, dst) -> csr out
 *	                          -> sort by (type, dst, src) -> csr in
 *
 * Memory stays within the struct mem given, whatever comes; beyond a few MiB of
 * it the rest goes to the store's tmp/.  The segments' sections are the same
 * bytes for any limit.  Types are kept in memory, their names included.
 */
#ifndef GRAPH_BUILD_H
#define GRAPH_BUILD_H

#include <stdbool.h>

#include "graph/text/text.h"
#include "store/manifest.h"

struct build;

enum build_ids { BUILD_IDS_AUTO, BUILD_IDS_STRING, BUILD_IDS_INT };

/* What manifest_graph.flags says of a graph. */
enum graph_flags {
	GRAPH_UNDIRECTED = 1,	/* each edge at both ends; one csr segment */
	GRAPH_MULTI = 2,	/* equal edges were kept */
};

struct build_options {
	struct backend *backend;
	const uint8_t *store_id;
	struct mem *mem;
	size_t budget;		/* for sorting and looking up; 0: 3/4 of what MEM has left */
	enum build_ids ids;	/* auto: integers if all keys are canonical ones */
	bool undirected, keep_equal, drop_loops;
	bool dry;		/* count, write nothing but tmp/ */
	/* Asked now and then: not 0 stops the build with that code. */
	int (*stop)(void *ctx);
	void *stop_ctx;
};

#define BUILD_MEMORY_LEAST (16u << 20)

/* ERR_MEMORY when less than BUILD_MEMORY_LEAST is left in MEM.  (STORE_ID must live
 * as long as the build.) */
int build_open(struct build **out, const struct build_options *o);
/* ERR_UNSUPPORTED when it carries a weight: that cannot be stored yet. */
int build_add(struct build *b, const struct text_edge *e);
/* A node, perhaps without edges; the N numbers from FIRST on.  Keys as in an edge. */
int build_add_node(struct build *b, const struct text_key *key);
int build_add_nodes(struct build *b, uint64_t first, uint64_t n);
uint64_t build_n(const struct build *b);		/* edges added */

struct build_note {		/* how it went, for -v */
	uint64_t equal_n, loop_n;	/* edges dropped by policy */
	bool strings, joined;
	uint64_t run_n;			/* runs sorted on disk */
};

/* Writes the segments; OUT gets its segments, node_n, edge_n, type_n and flags, the
 * rest of it is untouched.  On failure no segment is left.  Ends the build. */
int build_finish(struct build *b, struct manifest_graph *out, struct build_note *note);
void build_abort(struct build *b);			/* NULL is fine */

/* Removes the segments that a failed publication left without an owner. */
void build_discard(struct backend *b, const struct manifest_graph *g);

#endif
