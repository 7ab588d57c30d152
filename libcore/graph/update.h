/* graph/update.h - changes to a graph as people say them, made entries of its space
 *
 * Operations gather in memory, in order, until update_commit makes one commit of them:
 * what is said of one node or edge becomes its whole new state, which is its entry
 * (graph/change.h).  What was said before is read then, all of it in one snapshot, and
 * the commit is made only if nobody changed that meanwhile; else it is read again.  So
 * several writers, of one process or of many, lose nothing of each other.
 *
 *	node		labels join those there are; a name's values take the place of
 *			those it had; names and labels that are unset go
 *	edge		the same; its ends are there by it
 *	del-node	what is said of it goes.  It stays as an end of its edges, unless
 *			CASCADE takes them, too
 *	del-edge	the edge goes; with ANY_TYPE all from this source to this target
 *
 * Of an undirected graph an edge is the same both ways round.  In a graph that keeps
 * equal edges (GRAPH_MULTI) del-edge takes all of them, and properties of one that is not
 * alone cannot be said: update_commit is ERR_UNAVAILABLE, with a hint.
 */
#ifndef GRAPH_UPDATE_H
#define GRAPH_UPDATE_H

#include "graph/literal.h"

struct mem;
struct store;
struct update;

enum update_kind {
	UPDATE_NODE = 1, UPDATE_EDGE, UPDATE_DEL_NODE, UPDATE_DEL_EDGE,
	UPDATE_COMMIT,			/* ends a group: for readers of operations */
	UPDATE_IMPORT,			/* NODE is the version of an import, of which it is not
					 * known what it added: of histories only */
};

struct update_op {			/* borrows all its bytes */
	enum update_kind kind;
	bool cascade;			/* del-node */
	bool any_type;			/* del-edge: of whatever type; TYPE is empty */
	struct bytes node;		/* a node's key, or an edge's source */
	struct bytes type, to;		/* of an edge */
	uint32_t label_n, prop_n, unset_n, unlabel_n;
	const struct bytes *label;	/* of a node, in any order */
	const struct property *prop;	/* in any order of names; a name's values in theirs */
	const struct bytes *unset;	/* none of them is a name among PROP */
	const struct bytes *unlabel;	/* of a node; none of them is in LABEL */
};

/* S is open for writing; GRAPH must be there (ERR_NO_GRAPH). */
int update_open(struct update **out, struct store *s, const char *graph);
void update_close(struct update *u);		/* NULL is fine */

/* Copied.  ERR_BAD_RECORD, without a place and with nothing done, when it is none: an
 * empty key, a name set and unset. */
int update_add(struct update *u, const struct update_op *op);
void update_drop(struct update *u);		/* forget what gathered */
uint64_t update_pending(const struct update *u);	/* operations */
uint64_t update_bytes(const struct update *u);	/* of memory they take, about */

struct update_done {
	uint64_t version;		/* of the commit; without changes: that it rests on */
	uint64_t node_n, edge_n;	/* entries written */
	uint64_t absent_n;		/* of what was to go: it was not there */
};
/* Durable when 0, and what gathered is forgotten.  Otherwise nothing of it happened and
 * all of it is still there.  ERR_LOCKED when others are faster again and again. */
int update_commit(struct update *u, struct update_done *done);
/* The same, but nothing is written. */
int update_try(struct update *u, struct update_done *done);
/* After the last commit of many: changes that a segment does not have are folded if they
 * are some thousands.  A commit does so when they are very many (graph/delta_fold.h); what
 * comes of it is nobody's error. */
void update_settle(struct update *u);
/* Before a wait of any length: files that others replaced are let go. */
void update_rest(struct update *u);
/* The next commit is made only if VERSION is the newest that changed the graph:
 * ERR_ABSENT otherwise.  0 takes it back. */
void update_expect(struct update *u, uint64_t version);

#endif
