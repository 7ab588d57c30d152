/* graph/prop_walk.c - all rows in order, all of each
 *
 * Every column of the group at hand is read on by itself, so that a block is unpacked
 * once for all the rows whose values lie in it.  The columns are put in the order of
 * their names; only a row that has something in the rest needs putting in order.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/prop_inside.h"

#define NEVER UINT32_MAX

struct stream {			/* a column being read on */
	struct prop_column c;
	uint32_t place;		/* of its name */
	uint32_t row, rank;	/* the next one that has it, NEVER: none; which it is */
	uint32_t value, block;	/* the next value; the next block */
	uint32_t block_end;	/* the value behind those of the block at hand */
	const uint8_t *at, *end;
	uint32_t raw;		/* its buffer */
};

struct prop_walk {
	struct prop *p;
	struct prop_room room;
	struct prop_group g;
	uint64_t next_group;
	uint32_t row;			/* the next of the group */
	struct buf streams;		/* struct stream */
	struct buf *raw;		/* unpacked blocks: a column's, and the rest's */
	uint32_t raw_n;
	/* the rest */
	uint32_t block;
	const uint8_t *at, *end;
	struct prop_record rec;
	bool has_rec;
};

int prop_walk_open(struct prop_walk **out, struct prop *p)
{
	struct prop_walk *w = mem_zalloc(p->mem, sizeof *w);

	if (!w)
		return ERR_MEMORY;
	w->p = p;
	w->streams.mem = p->mem;
	prop_room_init(&w->room, p->mem);
	*out = w;
	return 0;
}

void prop_walk_close(struct prop_walk *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->raw_n; i++)
		buf_release(&w->raw[i]);
	mem_free(w->p->mem, w->raw);
	buf_release(&w->streams);
	prop_room_release(&w->room);
	mem_free(w->p->mem, w);
}

static struct stream *stream_at(const struct prop_walk *w, uint32_t i)
{
	return (struct stream *)w->streams.ptr + i;
}

static int more_buffers(struct prop_walk *w, uint32_t n)
{
	struct buf *raw;

	if (n <= w->raw_n)
		return 0;
	raw = mem_resize(w->p->mem, w->raw, n * sizeof *raw);
	if (!raw)
		return ERR_MEMORY;
	w->raw = raw;
	for (; w->raw_n < n; w->raw_n++)
		raw[w->raw_n] = (struct buf){ .mem = w->p->mem };
	return 0;
}

static int bring(struct prop_walk *w, const struct prop_block_disk *d, struct buf *raw,
		 const uint8_t **at, const uint8_t **end)
{
	struct bytes stored;
	uint32_t raw_len;
	int r = prop_block_stored(&w->g, d, &stored, &raw_len);

	if (r == 0 && stored.len < raw_len) {
		buf_clear(raw);
		r = buf_reserve(raw, raw_len);
		if (r == 0)
			r = prop_block_unpack(&w->g, stored, raw_len, raw->ptr);
		stored = bytes_of(raw->ptr, raw_len);
	}
	*at = stored.ptr;
	*end = stored.ptr + stored.len;
	return r;
}

/* --- a column --- */

/* The row of the rank at hand, which is not before AFTER. */
static int find_row(struct stream *s, uint32_t after)
{
	const struct prop_column *c = &s->c;

	if (s->rank == c->row_n) {
		s->row = NEVER;
		return 0;
	}
	s->row = after;
	if (c->rows == PROP_SOME)
		s->row = le16_get(((const le16 *)c->rows_at)[s->rank]);
	while (c->rows == PROP_BITS && s->row < c->g->span &&
	       !(c->rows_at[s->row / 8] >> s->row % 8 & 1))
		s->row++;
	return s->row >= after && s->row < c->g->span ? 0 :
		prop_damaged(c->g->p, c->rows_at, "a column's rows are out of order");
}

static int next_block(struct prop_walk *w, struct stream *s)
{
	const struct prop_column *c = &s->c;
	const struct prop_block_disk *d = &c->block[s->block];

	if (s->block == c->block_n || le32_get(d->first) != s->value)
		return prop_damaged(w->p, c->block, "a block begins at another value than it says");
	s->block++;
	s->block_end = s->block == c->block_n ? c->value_n : le32_get(d[1].first);
	if (s->block_end <= s->value || s->block_end > c->value_n)
		return prop_damaged(w->p, c->block, "a block of no values");
	return bring(w, d, &w->raw[s->raw], &s->at, &s->end);
}

/* Its values of the row at hand; they lie in one block. */
static int take_values(struct prop_walk *w, struct stream *s)
{
	struct literal value;
	uint32_t first, n;
	int r = prop_column_range(&s->c, s->rank, &first, &n);

	if (r == 0 && first != s->value)
		r = prop_damaged(w->p, s->c.rows_at, "values of no row");
	if (r == 0 && s->value == s->block_end)
		r = next_block(w, s);
	if (r == 0 && n > s->block_end - s->value)
		r = prop_damaged(w->p, s->c.block, "a row's values lie apart");
	for (; r == 0 && n > 0; n--, s->value++) {
		size_t len = prop_value_get(&s->c, s->at, s->end, &value);

		if (len == 0 && (s->c.form != PROP_INTEGERS || s->c.width))
			return prop_damaged(w->p, s->c.block, "a value longer than its block");
		s->at += len;
		r = prop_room_add(&w->room, s->place, &value);
	}
	s->rank++;
	return r < 0 ? r : find_row(s, s->row + 1);
}

/* --- the rest --- */

/* The next record, if there is one. */
static int next_record(struct prop_walk *w)
{
	int r;

	for (;;) {
		r = prop_record_next(&w->g, &w->at, w->end, w->rec.row, &w->rec);
		w->has_rec = r > 0;
		if (r < 0 || r > 0)
			return r < 0 ? r : 0;
		if (w->block == w->g.rest_n)
			return 0;
		r = bring(w, &w->g.rest[w->block], &w->raw[0], &w->at, &w->end);
		if (r < 0)
			return r;
		w->rec = (struct prop_record){ .row = le32_get(w->g.rest[w->block++].first) };
	}
}

/* The record's values stay where they are until the row was given: the next record is
 * looked for when the next row is. */
static int take_record(struct prop_walk *w)
{
	struct literal value;
	uint32_t id, place;
	int r;

	while ((r = prop_record_value(&w->g, &w->rec, &id, &value)) > 0) {
		r = prop_name_place(w->p, id, &place);
		if (r == 0)
			r = prop_room_add(&w->room, place, &value);
		if (r < 0)
			return r;
	}
	return r;
}

/* --- groups and rows --- */

static int by_place(const void *a, const void *b)
{
	const struct stream *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

static int open_group(struct prop_walk *w)
{
	int r = prop_group_at(w->p, w->next_group++, &w->g);

	w->row = w->block = 0;
	w->at = w->end = NULL;
	w->rec = (struct prop_record){0};
	w->has_rec = false;
	buf_clear(&w->streams);
	if (r == 0)
		r = more_buffers(w, w->g.column_n + 1);
	for (uint32_t i = 0; r == 0 && i < w->g.column_n; i++) {
		struct stream s = { .raw = i + 1 };

		r = prop_column_at(&w->g, i, &s.c);
		if (r == 0)
			r = prop_name_place(w->p, s.c.name, &s.place);
		if (r == 0)
			r = find_row(&s, 0);
		if (r == 0)
			r = buf_add(&w->streams, &s, sizeof s);
	}
	if (r < 0)
		return r;
	if (w->g.column_n)
		qsort(w->streams.ptr, w->g.column_n, sizeof(struct stream), by_place);
	return next_record(w);
}

/* What the row at hand has: 0 also when it has nothing. */
static int take_row(struct prop_walk *w, struct prop_state *out)
{
	uint32_t row = w->row++;
	int r = 0;

	*out = (struct prop_state){0};
	buf_clear(&w->room.props);
	buf_clear(&w->room.labels);
	if (w->has_rec && w->rec.row < row)
		r = next_record(w);
	if (r == 0)
		r = prop_room_labels(&w->g, row, &w->room, out);
	for (uint32_t i = 0; r == 0 && i < w->g.column_n; i++)
		if (stream_at(w, i)->row == row)
			r = take_values(w, stream_at(w, i));
	if (r == 0 && w->has_rec && w->rec.row == row)
		r = take_record(w);
	return r < 0 ? r : prop_room_name(w->p, &w->room, out);
}

int prop_walk_next(struct prop_walk *w, uint64_t *row, struct prop_state *out)
{
	int r;

	for (;;) {
		if (w->row >= w->g.span) {	/* of none at first */
			if (w->next_group == w->p->group_n)
				return 0;
			r = open_group(w);
			if (r < 0)
				return r;
		}
		*row = w->g.first + w->row;
		r = take_row(w, out);
		if (r < 0)
			return r;
		if (out->prop_n || out->label_n)
			return 1;
	}
}
