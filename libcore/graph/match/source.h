/* graph/match/source.h - a sorted set of ids that can be sought in: one side of a join */
#ifndef GRAPH_MATCH_SOURCE_H
#define GRAPH_MATCH_SOURCE_H

#include "graph/label.h"
#include "graph/match/merged.h"
#include "graph/named.h"

enum source_kind {
	SOURCE_ALL,		/* 0, 1, 2, ... below N */
	SOURCE_LIST,		/* the neighbours of a node */
	SOURCE_ROWS,		/* the nodes that have a list */
	SOURCE_ENTRIES,		/* neighbours by any type, in memory */
	SOURCE_TYPES,		/* of the edges between two, in memory */
	SOURCE_MERGED,		/* the nodes that have any edge */
	SOURCE_LABEL,		/* the nodes that have a label */
	SOURCE_NAMED,		/* the nodes that have a property that passes */
};

struct source {			/* private but for AT and BEGUN */
	enum source_kind kind;
	uint64_t at;		/* the id it stands on */
	bool begun;		/* the caller's: it was sought in */
	uint64_t n;
	struct csr *csr;
	bool typed;		/* TYPE is known */
	struct csr_type type;
	uint64_t node;		/* of a list */
	struct csr_list list;
	const uint64_t *ids;	/* the block at hand */
	uint32_t next, filled;
	struct csr_scan scan;
	struct dict *nodes;	/* of all: those that went are left out; NULL: none did */
	const struct merged_way *way;	/* in memory: what comes next of TO or TYPE */
	const uint32_t *entry, *end;
	struct label_rows rows;
	struct named_rows named;
};

/* Each stands before its first id. */
void source_all(struct source *s, uint64_t n, struct dict *nodes);
int source_list(struct source *s, struct csr *csr, uint32_t type, uint64_t node);
int source_rows(struct source *s, struct csr *csr, uint32_t type);
/* Neighbours of a node by any type, and types of the edges between two. */
void source_merged(struct source *s, const struct merged_way *w, uint64_t node);
void source_types(struct source *s, const struct merged_way *w, uint64_t from, uint64_t to);
/* The same of neighbours that stand where those two meet. */
void source_types_at(struct source *s, const struct source *at);
void source_merged_rows(struct source *s, const struct merged_way *w, uint64_t node_n);
int source_label(struct source *s, const struct label *label);
int source_named(struct source *s, struct named *name, const struct named_range *of,
		 named_test *test, const void *ctx);
void source_release(struct source *s);		/* of zeros, too */

/* Onto the first id that is not below ID, which must not be below where it stands:
 * 1, 0: there is none, ERR_DAMAGED. */
int source_seek(struct source *s, uint64_t id);

/* How many are left, before it is sought in: of types. */
static inline uint64_t source_type_n(const struct source *s)
{
	return (uint64_t)(s->end - s->entry);
}

/* Neighbours of two nodes at once, which most joins in memory are: the first id from ID
 * on that both have. */
int source_meet(struct source *x, struct source *y, uint64_t id, uint64_t *out);

#endif
