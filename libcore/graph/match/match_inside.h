/* graph/match/match_inside.h - the steps of a join, for those who take them */
#ifndef GRAPH_MATCH_MATCH_INSIDE_H
#define GRAPH_MATCH_MATCH_INSIDE_H

#include "graph/match/match.h"
#include "graph/match/source.h"

#define UNBOUND UINT64_MAX

struct end {			/* a term, its constants looked up */
	bool var;
	uint32_t at;
	uint64_t id;
};

struct relation {		/* an edge of the pattern */
	struct end src, type, dst;
};

enum part {
	PART_NONE, PART_LIST, PART_ROWS, PART_LABEL, PART_NAMED, PART_EDGE, PART_ANY,
	/* the same in memory, of any type */
	PART_MERGED, PART_MERGED_ROWS, PART_TYPES,
};

struct piece {			/* what one pattern says at one step */
	enum part part;
	const struct relation *edge;
	enum csr_direction way;	/* LIST: the list of the bound end; ROWS, ANY: of this */
	uint32_t at;		/* LABEL, NAMED: which one of the pattern's */
	struct source *source;	/* LIST, ROWS, LABEL, NAMED */
	const struct source *where;	/* TYPES: neighbours that stand at their edge */
};

struct step {
	uint32_t var;
	bool type;		/* it stands for one */
	struct piece *source, *check;
	uint32_t source_n, check_n, filter_n;
	uint32_t *filter;
	struct source all;	/* when there is no other */
	struct piece all_piece;
	uint64_t most;		/* about so many for one solution so far: for explain */
};

struct match {
	struct graph *graph;
	const struct pattern *p;
	struct mem *mem;
	uint32_t given;
	bool never;		/* a constant is not there */
	struct relation edge[PATTERN_MOST];
	struct label label[PATTERN_MOST];
	struct named name[PATTERN_MOST];
	struct named_range range[PATTERN_MOST];
	uint64_t named_most[PATTERN_MOST];
	bool merge;		/* types that are variables come last, and ... */
	bool merge_in;		/* ... the other direction, too, ... */
	struct merged merged;	/* ... their edges are in memory, once it is begun */
	struct step *step;
	uint32_t step_n, depth;
	bool going;
	struct piece *pieces;
	uint32_t piece_n, *filters, filter_n;
	struct source *sources;
	uint32_t source_n;
	uint64_t bound[PATTERN_VARS];
	uint64_t seek_n;
};

/* S's sources stand before their first id, for what is bound before it. */
int match_open_step(struct match *m, struct step *s);
/* The step's next id: 1, 0 when there is none, < 0. */
int match_advance(struct match *m, struct step *s);

#endif
