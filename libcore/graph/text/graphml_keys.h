/* graph/text/graphml_keys.h - what the keys of a GraphML file mean, and texts of theirs
 *
 *	<key id="d0" for="node" attr.name="born" attr.type="long"><default>0</default></key>
 *
 * attr.type is boolean, int, long, float, double or string; without it a key's texts are
 * strings, without attr.name its id is the name.  attr.list, as neo4j writes it, makes
 * each text an array of JSON with values of that type.  strato.type says more of a
 * string: decimal, date, datetime, json, or literal, which is a value as jsonl has it.
 *
 * `labels` or `labelV` of nodes are labels (":A:B", a list, or one label), `label` or
 * `labelE` of edges their type; with a strato.type they are properties like any others.
 */
#ifndef GRAPH_TEXT_GRAPHML_KEYS_H
#define GRAPH_TEXT_GRAPHML_KEYS_H

#include "graph/text/text.h"

enum graphml_for { GRAPHML_NODES = 1, GRAPHML_EDGES = 2, GRAPHML_OTHERS = 4 };

enum graphml_type {
	GRAPHML_STRING, GRAPHML_BOOLEAN, GRAPHML_INTEGER, GRAPHML_DOUBLE, GRAPHML_DECIMAL,
	GRAPHML_DATE, GRAPHML_DATETIME, GRAPHML_JSON, GRAPHML_LITERAL,
};

struct graphml_key {
	struct bytes id, name, preset;	/* preset.ptr NULL: no default; in the keys' memory */
	unsigned of;			/* enum graphml_for, a bit each */
	enum graphml_type type;
	bool list;			/* attr.list: several values of the type */
	bool labels, label;		/* of nodes, of edges */
	uint32_t place;			/* as declared: 0, 1, ... */
};

bool graphml_is_labels(struct bytes name);
bool graphml_is_type(struct bytes name);

#define GRAPHML_KEYS_MOST 65536u

struct graphml_keys {
	struct mem *mem;
	struct graphml_key *at;		/* by id, once they are sorted */
	uint32_t n, cap;
};

/* A key by its attributes, ended by NULL as expat gives them; it is the last until they
 * are sorted.  ERR_BAD_RECORD says which. */
int graphml_keys_add(struct graphml_keys *k, const char **attributes);
int graphml_keys_preset(struct graphml_keys *k, struct bytes text);
/* All are there.  ERR_BAD_RECORD: two of one id for the same elements. */
int graphml_keys_sort(struct graphml_keys *k);
/* The key of this id that is of OF; else another of the id; NULL: there is none. */
const struct graphml_key *graphml_keys_find(const struct graphml_keys *k, const char *id,
					    unsigned of);
void graphml_keys_release(struct graphml_keys *k);

/* The values that TEXT is, to PROPS; strings that need it are decoded to *ROOM, as many
 * bytes as TEXT at most, which moves behind them. */
int graphml_values(const struct graphml_key *key, struct bytes text, uint8_t **room,
		   struct buf *props);
/* The labels that TEXT is, struct bytes to LABELS. */
int graphml_labels(const struct graphml_key *key, struct bytes text, uint8_t **room,
		   struct buf *labels);

#endif
