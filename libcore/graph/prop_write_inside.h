/* graph/prop_write_inside.h - the two halves of the writer
 *
 * prop_write.c takes rows and ends with the tables, prop_group.c turns the rows that
 * are held into a group's bytes.
 */
#ifndef GRAPH_PROP_WRITE_INSIDE_H
#define GRAPH_PROP_WRITE_INSIDE_H

#include "graph/prop.h"
#include "graph/prop_disk.h"

#define PROP_HELD (4u << 20)	/* bytes of rows that end a group early */
#define PROP_REST UINT32_MAX

struct prop_value {		/* of a row that is held */
	uint32_t name;		/* its id */
	uint16_t row;		/* less the group's first */
	uint8_t kind;
	bool plain;		/* no graph */
	union {
		int64_t i;	/* of plain booleans and integers, of doubles r */
		double r;
		struct {
			uint32_t off, len;	/* of its literal among the bytes */
		};
	};
};

static inline bool prop_is_inline(const struct prop_value *v)
{
	return v->plain && v->kind <= LITERAL_DOUBLE;
}

struct prop_word {		/* a name or a label */
	uint64_t row_n, value_n, list_off, list_len, list_n;
	uint32_t kinds;
	/* of the group that is held */
	uint32_t value_count, row_count, last_row;
	uint32_t column;	/* or PROP_REST */
};

struct prop_set {
	uint64_t hash;
	uint32_t off, len;
};

struct prop_held {		/* the rows of a group to be */
	uint64_t first;		/* if any are held */
	uint32_t span, row_n;
	struct buf values, bytes;
	struct buf touched;	/* uint32_t: ids of their names, each once */
	struct buf sets, set_bytes;	/* of labels; set 0 is the empty one */
	uint16_t set_of[PROP_SPAN];
};

struct prop_make {		/* what becomes of it, and room for the making */
	struct buf out, order, raw, packed, blocks, rest, rest_blocks, record;
	struct buf starts;
};

/* The group as bytes in m->out.  WORDS: the names, by id. */
int prop_group_make(struct prop_make *m, const struct prop_held *h, struct prop_word *words);
void prop_group_release(struct prop_make *m);

#endif
