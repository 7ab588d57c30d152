/* graph/prop_inside.h - what the readers of a property segment share
 *
 * prop.c knows the tables and finds groups, columns and blocks, comparing every number
 * with what holds it; prop_row.c puts a row together, prop_scan.c walks a name or a
 * label, prop_check.c reads all.
 */
#ifndef GRAPH_PROP_INSIDE_H
#define GRAPH_PROP_INSIDE_H

#include "graph/prop.h"
#include "graph/prop_disk.h"

struct prop {
	struct mem *mem;
	struct segment *seg;
	enum prop_role role;
	uint64_t id;			/* of the segment */
	uint64_t row_n, added, group_n, value_n;
	uint32_t name_n, label_n;
	struct bytes data, groups, names, name_places, labels, label_places, text, lists;
};

int prop_damaged(const struct prop *p, const void *at, const char *what);

/* By place; its text and list lie in their sections. */
int prop_word(struct prop *p, struct bytes table, uint32_t place, struct prop_word_disk *out);
int prop_word_text(struct prop *p, const struct prop_word_disk *d, struct bytes *out);
/* From id to place. */
int prop_name_place(struct prop *p, uint64_t id, uint32_t *place);
int prop_label_place(struct prop *p, uint64_t id, uint32_t *place);
int prop_list_begin(struct prop *p, const struct prop_word_disk *d, struct list_reader *out);
/* Up to LIST_READ ids; 0 at the end; none is LIMIT or more. */
int prop_list_read(struct prop *p, struct list_reader *l, uint64_t limit, uint64_t *ids);

struct prop_group {
	struct prop *p;
	uint64_t number, first, len;
	uint32_t span, column_n, rest_n, label_len;
	const uint8_t *at;		/* its first byte */
	const struct prop_chunk_disk *chunk;
	const struct prop_block_disk *rest;
	const uint8_t *labels;		/* not yet checked */
};

int prop_group_at(struct prop *p, uint64_t number, struct prop_group *out);
/* 1 and the group whose span ROW is in; 0: there is none. */
int prop_group_of(struct prop *p, uint64_t row, struct prop_group *out);
/* The number of the last group that begins at ROW or before; 0 when none does. */
int prop_group_number(struct prop *p, uint64_t row, uint64_t *out);

struct prop_column {
	struct prop_group *g;
	uint32_t name, value_n, row_n, block_n;
	uint8_t rows, ends_width, form, width, kind;
	const uint8_t *rows_at, *ends_at;
	int64_t base;
	struct bytes tag;
	const struct prop_block_disk *block;
};

int prop_column_at(struct prop_group *g, uint32_t i, struct prop_column *out);
/* 1 and the place among the chunks of the name whose id is ID, 0: it is no column. */
int prop_column_find(const struct prop_group *g, uint32_t id, uint32_t *i);
/* 1 and which of the column's rows it is, 0: it has no such value. */
int prop_column_rank(const struct prop_column *c, uint32_t in_group, uint32_t *rank);
/* Its values: N from FIRST on. */
int prop_column_range(const struct prop_column *c, uint32_t rank, uint32_t *first, uint32_t *n);

/* The last of N blocks that begins at FIRST or before. */
uint32_t prop_block_of(const struct prop_block_disk *block, uint32_t n, uint32_t first);
/* Its bytes as they lie there, checked. */
int prop_block_stored(const struct prop_group *g, const struct prop_block_disk *d,
		      struct bytes *stored, uint32_t *raw_len);
/* Unpacked to OUT, raw_len bytes. */
int prop_block_unpack(const struct prop_group *g, struct bytes stored, uint32_t raw_len,
		      uint8_t *out);

/* Bytes of the next value of a block of C; 0: it is none. */
size_t prop_value_get(const struct prop_column *c, const uint8_t *at, const uint8_t *end,
		      struct literal *out);

struct prop_record {		/* of the rest */
	const uint8_t *at, *end;	/* its values */
	uint32_t row;			/* less the group's first */
};
/* 1 and the next record of [*at, end), 0 at the end; ROW is that of the one before, or
 * the block's first. */
int prop_record_next(const struct prop_group *g, const uint8_t **at, const uint8_t *end,
		     uint32_t row, struct prop_record *out);
/* 1 and the next value of a record, and its name's id. */
int prop_record_value(const struct prop_group *g, struct prop_record *r, uint32_t *id,
		      struct literal *out);

/* A row in the making: values as they come, each with its name's place; then put in order
 * and named, into OUT. */
int prop_room_add(struct prop_room *room, uint32_t place, const struct literal *value);
int prop_room_name(struct prop *p, struct prop_room *room, struct prop_state *out);
int prop_room_labels(const struct prop_group *g, uint32_t in_group, struct prop_room *room,
		     struct prop_state *out);

/* The set of labels of a row: where its ids are, as varints, how many. */
struct prop_labels_at {
	const uint8_t *at, *end;
	uint64_t n;
};
int prop_group_labels(const struct prop_group *g, uint32_t in_group, struct prop_labels_at *out);
/* The next one's place. */
int prop_labels_next(const struct prop_group *g, struct prop_labels_at *l, uint32_t *place);

#endif
