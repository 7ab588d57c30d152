/* graph/match/pattern.h - what is asked for, as people write it
 *
 *	?a wrote ?b		an edge: source, type, target
 *	?a : Person		a label
 *	?a.born < 1900		a property: = != < <= > >=, values as literal_parse has them:
 *				all that follows the sign, blanks around it or none
 *	?a.born			it has such a property
 *
 * A word that begins with ? is a variable, ? alone one of its own; equal names are equal
 * nodes (or types).  Any other word is a key, a type, a label.  Words are divided by
 * blanks; "..." holds blanks and escapes (\" and those of tsv), <...> an IRI.  A value in
 * quotes is text; "..."@en has a language, "..."^^<IRI> a datatype.
 */
#ifndef GRAPH_MATCH_PATTERN_H
#define GRAPH_MATCH_PATTERN_H

#include <stdbool.h>

#include "graph/literal.h"

#define PATTERN_VARS 64u
#define PATTERN_MOST 64u		/* of a kind */

struct pattern_term {
	bool var;
	uint32_t at;			/* which variable */
	struct bytes text;		/* or its text */
};

struct pattern_edge {
	struct pattern_term src, type, dst;
};

struct pattern_label {
	uint32_t var;
	struct bytes label;
};

enum pattern_op {
	PATTERN_HAS, PATTERN_SAME, PATTERN_OTHER, PATTERN_LESS, PATTERN_LESS_SAME, PATTERN_MORE,
	PATTERN_MORE_SAME,
};

struct pattern_filter {
	uint32_t var;
	struct bytes name;
	enum pattern_op op;
	struct literal value;
};

struct pattern_var {
	struct bytes name;		/* without the ?; len 0: one of its own */
	bool node, type;		/* where it stands */
};

struct pattern {
	uint32_t var_n, edge_n, label_n, filter_n;
	struct pattern_var var[PATTERN_VARS];
	struct pattern_edge edge[PATTERN_MOST];
	struct pattern_label label[PATTERN_MOST];
	struct pattern_filter filter[PATTERN_MOST];
	/* private: unescaped words; freed with the pattern */
	uint8_t *room[PATTERN_MOST * 3];
	uint32_t room_n;
};

/* One more, which all must meet.  TEXT must last as long as P.  ERR_USAGE with what is
 * wrong and what is possible. */
int pattern_add(struct pattern *p, struct bytes text);
/* The same of the node ?VAR alone: that it has LABEL; what follows the dot of a property. */
int pattern_add_label(struct pattern *p, struct bytes var, struct bytes label);
int pattern_add_where(struct pattern *p, struct bytes var, struct bytes text);
void pattern_release(struct pattern *p);

/* All given: every variable stands for a node or for a type, not for both. */
int pattern_check(const struct pattern *p);

/* 1 and which, 0: there is none of this name (without the ?). */
int pattern_find(const struct pattern *p, struct bytes name, uint32_t *var);

/* Does a literal meet it?  (HAS: always.) */
bool pattern_meets(const struct pattern_filter *f, const struct literal *value);

#endif
