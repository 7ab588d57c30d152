/* gpu/wire_graph.h - what is asked of the cache service about graphs: bodies
 *
 * A graph's adjacency on the device is named by the graph's name, the ids of its
 * segments and the types of edges it has.  A segment never changes, so whoever names the
 * segments that his own snapshot has can be answered, whatever was written since;
 * the service decides nothing about versions.
 *
 *	type       the body asked                          the body answered
 *	PIN_GRAPH  struct wire_pin_graph, texts            struct wire_pinned
 *	WALK       struct wire_walk, types, sources, name  struct wire_walked, array
 *
 * Texts are as keys are (gpu/wire): the graph's name, then those of the types.  Types
 * of a walk are le32 ids, ascending, sources of BFS64 le32 nodes.  The array is a le32
 * depth or the bits of a double, le64, for each node by id, or a le32 id for each node
 * of a path.  Of BFS64 it is first a le64 for each node, whose bit i says that the
 * search from source i came there; then for each digit that `most` has one more, in
 * which bit i is that digit of how many steps it took: the lowest digit first.
 *
 * As in gpu/wire nothing that is decoded is trusted: what is wrong is ERR_BAD_RECORD.
 */
#ifndef GPU_WIRE_GRAPH_H
#define GPU_WIRE_GRAPH_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/disk.h"

#define WIRE_GRAPH_NAME_MAX 255u
#define WIRE_GRAPH_TYPES 1024u		/* named at most; more are all of them */
#define WIRE_WALK_STEPS 10000u		/* iterations of one request */

/* --- PIN_GRAPH --- */

enum wire_graph_verb { WIRE_GRAPH_PIN = 1, WIRE_GRAPH_EVICT = 2 };

struct wire_pin_graph {
/*00*/	le32 verb;
/*04*/	le32 type_n;		/* 0: all; to evict there is none */
};
DISK_SIZE(struct wire_pin_graph, 8);

#define WIRE_NO_KERNELS 1u	/* the device runs none: walks are refused */

struct wire_pinned {
/*00*/	le64 node_n, edge_n;	/* edges as one direction has them */
/*10*/	le64 bytes;		/* of the arrays */
/*18*/	le64 work;		/* that a walk takes for its time */
/*20*/	le32 graph_n;		/* pinned: 1; evicted: how many */
/*24*/	le32 flags;
};
DISK_SIZE(struct wire_pinned, 40);

struct pin_graph {
	uint32_t verb, type_n;
	struct bytes name;
	struct bytes types;	/* type_n, for wire_key_get */
};
int wire_pin_graph_put(struct buf *out, const struct pin_graph *p);
int wire_pin_graph_get(struct bytes in, struct pin_graph *out);

/* --- WALK --- */

enum wire_walk_kind {
	WIRE_WALK_BFS = 1, WIRE_WALK_PATH = 2, WIRE_WALK_PAGERANK = 3, WIRE_WALK_BFS64 = 4
};

#define WIRE_AGAINST 1u		/* BFS, BFS64: against the edges */
#define WIRE_WALK_SOURCES 64u
#define WIRE_WALK_DEPTH 31u	/* BFS64: the least `most`, and there is no need for more
				 * than the greatest of its kind, 2^32 - 1 */

struct wire_walk {
/*00*/	le64 out, in;		/* ids of the segments; in 0: undirected */
/*10*/	le32 kind, flags;
/*18*/	le64 from, to;		/* nodes; to: PATH */
/*28*/	le64 most;		/* steps of BFS; nodes of PATH; iterations; of BFS64 the
				 * greatest depth there is room for: more is TOO_BIG */
/*30*/	le64 damping, tolerance;	/* bits of doubles */
/*40*/	le32 type_n, source_n;	/* no types: all; sources: of BFS64 alone */
};
DISK_SIZE(struct wire_walk, 72);
DISK_AT(struct wire_walk, from, 0x18);
DISK_AT(struct wire_walk, type_n, 0x40);

struct walk_ask {
	uint64_t out, in;
	uint32_t kind, flags;
	uint64_t from, to, most;
	double damping, tolerance;
	struct bytes types, sources;	/* le32 each */
	struct bytes name;
};
int wire_walk_put(struct buf *out, const struct walk_ask *w);
int wire_walk_get(struct bytes in, struct walk_ask *out);

struct wire_walked {
/*00*/	le64 n;			/* of the array that follows */
/*08*/	le64 reached, steps;	/* BFS: nodes, the greatest depth */
/*18*/	le64 touched;		/* ids looked at */
/*20*/	le64 iterations, change;	/* PAGERANK; bits of a double */
/*30*/	le64 took_ns;		/* of the device's work */
/*38*/	le64 zero;
};
DISK_SIZE(struct wire_walked, 64);

struct walked {
	uint64_t n, reached, steps, touched, iterations, took_ns;
	double change;
	const uint8_t *array;	/* in the answer, on a multiple of 8 if that is */
};
static inline unsigned wire_walk_width(uint32_t kind)
{
	return kind == WIRE_WALK_PAGERANK || kind == WIRE_WALK_BFS64 ? 8 : 4;
}
/* Words a node that BFS64 answers. */
static inline unsigned wire_walk_words(uint64_t most)
{
	return most ? 65u - (unsigned)__builtin_clzll(most) : 1;
}
void wire_walked_put(struct wire_walked *out, const struct walked *w);
/* What W answers of a graph of NODE_N nodes: as many items, of a PATH at most. */
int wire_walked_get(const uint8_t *ptr, uint64_t len, const struct walk_ask *w,
		    uint64_t node_n, struct walked *out);

uint64_t wire_of_real(double v);
double wire_real(uint64_t bits);

#endif
