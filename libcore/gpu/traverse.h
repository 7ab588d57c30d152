/* gpu/traverse.h - questions about a whole graph, answered where it lies
 *
 * A graph is four arrays in arenas: where each node's list of targets begins and the
 * targets, and the same of sources.  Each array lies in one arena, and any two may lie
 * in different ones; a list of edges that is larger than the largest arena is refused.
 * Offsets are of 64 bits, ids of 32.
 *
 * The kernels are kernels/traverse.cl.  All they need besides is in one place of an
 * arena that the caller lends, traverse_room bytes of it; what was in it before does
 * not matter, and nothing is kept in it from one call to the next.
 *
 * What is in the arrays is trusted: first[0] is 0, first[] never falls and ends with
 * edge_n, targets are below node_n, and in_* has the same edges as out_*.  Whoever
 * loads them has checked that.
 *
 * Answers depend on the graph alone, not on the device; ranks to the last bit.
 * ERR_DEVICE from any call: the device is lost (gpu/arena), and what was asked for may
 * still be written to.  What a driver or a link turns on the way back is seen: an answer
 * is compared with a sum over it that the device makes, the state of a search is read
 * twice; if they differ all is read once more, and if they do again the device is lost.
 */
#ifndef GPU_TRAVERSE_H
#define GPU_TRAVERSE_H

#include "gpu/arena.h"
#include "gpu/program.h"

#define TRAVERSE_NONE UINT32_MAX	/* no way leads there */

struct traverse;

struct traverse_graph {
	uint32_t node_n;		/* at most 2^32 - 2 */
	uint64_t edge_n;		/* targets; as many sources */
	/* le64 first[node_n + 1] on a multiple of 8, le32 to[edge_n] of 4; in_* may be
	 * out_*, of an undirected graph */
	struct arena_place out_first, out_to, in_first, in_to;
};

enum traverse_kind {
	TRAVERSE_BFS, TRAVERSE_PATH, TRAVERSE_PAGERANK, TRAVERSE_KINDS,
	TRAVERSE_BFS64 = TRAVERSE_KINDS
};

/* Bytes of work memory that a question takes: 12 or 24 bytes a node, 64 of
 * TRAVERSE_BFS64, which TRAVERSE_KINDS does not count. */
uint64_t traverse_room(enum traverse_kind kind, uint32_t node_n);

uint64_t traverse_names(const struct traverse_graph *g);

/* SOURCE is the text of traverse.cl (program_source).  B and A are borrowed.
 * ERR_UNAVAILABLE where the device runs no kernels. */
int traverse_open(struct traverse **out, struct gpu_backend *b, struct arenas *a,
		  struct bytes source);
void traverse_close(struct traverse *t);	/* NULL is fine */

/* How kernels are cut: what traverse_open chooses by the device, and tests by hand. */
struct traverse_cut {
	uint32_t lanes;		/* of a group: 1, or a power of two, 32 or more */
	uint32_t groups;
	uint32_t mine;		/* edges that a lane reads of a list alone */
	uint32_t hub;		/* edges of a list that all groups share */
	uint32_t few;		/* edges of a front that one group takes */
	bool checked;		/* reads that may race are atomic ones */
};
void traverse_cut(struct traverse_cut *out, const struct gpu_shape *shape);
int traverse_open_cut(struct traverse **out, struct gpu_backend *b, struct arenas *a,
		      struct bytes source, const struct traverse_cut *cut);

struct traverse_stat {
	uint64_t reached_n;	/* nodes, the source included */
	uint64_t touched_n;	/* ids looked at */
	uint32_t step_n;	/* the greatest depth */
	uint32_t push_n, pull_n;	/* steps along the edges, against them */
	uint32_t wait_n;	/* times that the host waited */
};

/* How many steps every node is from SOURCE, to DEPTH[node_n]; NULL: they stay where
 * they are.  MOST steps are made at most: nodes further away are TRAVERSE_NONE as those
 * that are not reached.  STAT may be NULL. */
int traverse_bfs(struct traverse *t, const struct traverse_graph *g, struct arena_place work,
		 uint32_t source, uint32_t most, uint32_t *depth, struct traverse_stat *stat);

#define TRAVERSE_MANY 64u
#define TRAVERSE_DIGITS 5u		/* of depths: 31 steps */
#define TRAVERSE_DIGITS_MOST 32u

/* Depths of many, as words of node_n nodes: bit i of seen[v] says that the search from
 * source i came to v, and of digit[k][v] is digit k of how many steps that took. */
struct traverse_many {
	uint64_t *seen, *digit[TRAVERSE_DIGITS_MOST];
	unsigned digit_n;		/* of them, TRAVERSE_DIGITS at least */
};

static inline uint32_t traverse_many_at(const struct traverse_many *m, unsigned i, uint32_t v)
{
	uint32_t depth = 0;

	if (!(m->seen[v] >> i & 1))
		return TRAVERSE_NONE;
	for (unsigned k = 0; k < m->digit_n; k++)
		depth |= (uint32_t)(m->digit[k][v] >> i & 1) << k;
	return depth;
}

/* The same from each of N nodes, 1 to TRAVERSE_MANY, at once, all steps there are: a
 * list is read once for all who are at its node.  OUT NULL: the answer stays where it is;
 * STAT without reached_n, or NULL.  ERR_TOO_BIG: a depth has more digits than OUT. */
int traverse_bfs64(struct traverse *t, const struct traverse_graph *g, struct arena_place work,
		   const uint32_t *source, unsigned n, const struct traverse_many *out,
		   struct traverse_stat *stat);

/* A shortest way, from FROM to TO, both included: how many nodes it has, 0 when there
 * is none.  Of several the one whose nodes, seen from TO, have the least ids.
 * ERR_TOO_BIG when they are more than N. */
int64_t traverse_path(struct traverse *t, const struct traverse_graph *g,
		      struct arena_place work, uint32_t from, uint32_t to, uint32_t *node,
		      uint32_t n);

struct traverse_ranking {
	double damping;		/* 0 to 1 */
	uint64_t iterations;	/* at most */
	double tolerance;	/* ends when all ranks together change by less; 0: never */
	/* If lent, traverse_names bytes: sources are renamed there, so that what is read
	 * most lies together, which pays after some iterations */
	bool by_place;
	struct arena_place names;
	/* answers */
	uint64_t iteration_n;
	double change;		/* by the last of them */
};
/* As graph/walk/pagerank does it where shares have all bits, in the same whole numbers:
 * the same ranks on every device and there, as doubles.  RANK[node_n] may be NULL. */
int traverse_pagerank(struct traverse *t, const struct traverse_graph *g,
		      struct arena_place work, struct traverse_ranking *r, double *rank);

/* Lists as graph/list packs them, on the device already, become ids there. */
struct traverse_packed {
	uint32_t node_n;
	uint64_t edge_n, packed_len;
	struct arena_place packed;	/* the lists' bytes */
	/* le64 at[node_n + 1]: where in them each node's list begins, the last one ends;
	 * le64 first[node_n + 1] as struct traverse_graph has it.  Both are trusted: they
	 * never fall and end with packed_len and edge_n. */
	struct arena_place at, first;
	struct arena_place to;		/* le32 to[edge_n], the answer */
};
#define TRAVERSE_UNPACK_ROOM 64u	/* of work memory */

/* ERR_DAMAGED, with the least node whose bytes are no such list, or one with an id that
 * is not below node_n; nothing outside of to[] was written, nothing outside of a list
 * read. */
int traverse_unpack(struct traverse *t, const struct traverse_packed *p,
		    struct arena_place work);

#endif
