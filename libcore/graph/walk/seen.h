/* graph/walk/seen.h - the nodes a search has met, and how
 *
 * A hash table that grows with what was met, not with the graph: a search that
 * meets a thousand nodes of a billion touches a few pages.  One that meets an eighth
 * of the graph gets a place for every node instead, which takes no more memory then.
 * Nodes are also a list, in the order they were met: levels are ranges of it.
 */
#ifndef GRAPH_WALK_SEEN_H
#define GRAPH_WALK_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct mem;

struct seen_node {
	uint64_t node;
	uint32_t from;		/* place in the list of the node it was met from */
	uint32_t type;		/* of the edge taken */
	uint32_t hop : 30;	/* steps from the start */
	uint32_t way : 2;	/* enum csr_direction */
};

struct seen {
	struct mem *mem;
	struct seen_node *list;
	uint64_t n, cap;
	uint32_t *slots;	/* place in the list + 1; 0: free */
	uint64_t slot_n;
	uint64_t node_n;	/* of the graph */
	bool direct;		/* a node's slot is its number */
};

void seen_init(struct seen *s, uint64_t node_n, struct mem *mem);
void seen_release(struct seen *s);
/* 1 and it is the list's last; 0 when it was met before; ERR_MEMORY. */
int seen_add(struct seen *s, const struct seen_node *n);
bool seen_find(const struct seen *s, uint64_t node, uint64_t *place);

#endif
