/* graph/prop_scan.c - a name's values, a label's rows, in order
 *
 * Of a name the groups that have it are listed; in a group it is a column, whose
 * blocks are read one after another, or it is looked for in the records of the rest.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/prop_inside.h"

struct prop_scan {
	struct prop *p;
	uint32_t id;
	uint64_t sought;		/* rows before it are passed over */
	/* groups that have the name */
	struct list_reader list;
	uint64_t ids[LIST_READ];
	unsigned taken, filled;
	bool table_checked;
	/* the group at hand */
	bool open, column;
	struct prop_group g;
	struct prop_column c;
	uint32_t block;			/* the next one */
	const uint8_t *at, *end;	/* in the one before it */
	struct buf raw;
	/* column */
	uint32_t value, row_end;	/* the next one; where the row's end */
	uint32_t block_end, rank;	/* the block's end; the row's rank */
	uint16_t row[PROP_SPAN];
	/* rest */
	struct prop_record rec;
};

int prop_scan_open(struct prop_scan **out, struct prop *p, uint32_t name)
{
	struct prop_scan *s;
	struct prop_word_disk d;
	int r;

	if (name >= p->name_n)
		return err_set(ERR_BUG, "a name beyond the last");
	s = mem_zalloc(p->mem, sizeof *s);
	if (!s)
		return ERR_MEMORY;
	s->p = p;
	s->raw.mem = p->mem;
	r = prop_word(p, p->names, name, &d);
	if (r == 0)
		r = prop_list_begin(p, &d, &s->list);
	if (r < 0) {
		prop_scan_close(s);
		return r;
	}
	s->id = le32_get(d.id);
	*out = s;
	return 0;
}

void prop_scan_close(struct prop_scan *s)
{
	if (!s)
		return;
	buf_release(&s->raw);
	mem_free(s->p->mem, s);
}

/* Which rows have it; as many as the column says. */
static int list_rows(struct prop_scan *s)
{
	const struct prop_column *c = &s->c;
	uint32_t n = 0;

	if (c->rows == PROP_ALL)
		for (; n < c->row_n; n++)
			s->row[n] = (uint16_t)n;
	for (uint32_t i = 0; c->rows == PROP_SOME && i < c->row_n; i++) {
		uint32_t row = le16_get(((const le16 *)c->rows_at)[i]);

		if (row >= c->g->span || (i && row <= s->row[i - 1]))
			return prop_damaged(s->p, c->rows_at, "a column's rows are out of order");
		s->row[n++] = (uint16_t)row;
	}
	for (uint32_t i = 0; c->rows == PROP_BITS && i < c->g->span; i++)
		if (c->rows_at[i / 8] >> i % 8 & 1)
			s->row[n++] = (uint16_t)i;
	return n == c->row_n ? 0 :
		prop_damaged(s->p, c->rows_at, "a column has another number of rows than it says");
}

static int open_group(struct prop_scan *s, uint64_t number)
{
	uint32_t i;
	int r = prop_group_at(s->p, number, &s->g);

	if (r < 0)
		return r;
	s->open = true;
	s->block = 0;
	s->at = s->end = NULL;
	s->value = s->row_end = s->block_end = 0;
	s->rank = UINT32_MAX;
	s->rec = (struct prop_record){0};
	s->column = prop_column_find(&s->g, s->id, &i);
	if (!s->column)
		return 0;
	r = prop_column_at(&s->g, i, &s->c);
	return r < 0 ? r : list_rows(s);
}

/* 1 and the next group that has it is open, 0 at the end. */
static int next_group(struct prop_scan *s)
{
	int r;

	for (;;) {
		if (s->taken == s->filled) {
			r = prop_list_read(s->p, &s->list, s->p->group_n, s->ids);
			if (r <= 0)
				return r;
			s->filled = (unsigned)r;
			s->taken = 0;
		}
		r = open_group(s, s->ids[s->taken++]);
		if (r < 0)
			return r;
		if (s->g.first + s->g.span > s->sought)
			return 1;
	}
}

/* 1 and the bytes of the group's next block, 0: there is none. */
static int next_block(struct prop_scan *s, const struct prop_block_disk *block, uint32_t n)
{
	struct bytes stored;
	uint32_t raw_len;
	int r;

	if (s->block == n)
		return 0;
	r = prop_block_stored(&s->g, &block[s->block], &stored, &raw_len);
	if (r == 0 && stored.len < raw_len) {
		buf_clear(&s->raw);
		r = buf_reserve(&s->raw, raw_len);
		if (r == 0)
			r = prop_block_unpack(&s->g, stored, raw_len, s->raw.ptr);
		stored = bytes_of(s->raw.ptr, raw_len);
	}
	s->at = stored.ptr;
	s->end = stored.ptr + stored.len;
	s->block++;
	return r < 0 ? r : 1;
}

static int next_column_block(struct prop_scan *s)
{
	const struct prop_column *c = &s->c;
	int r = next_block(s, c->block, c->block_n);

	if (r < 0)
		return r;
	if (r == 0 || le32_get(c->block[s->block - 1].first) != s->value)
		return prop_damaged(s->p, c->block, "a block begins at another value than it says");
	s->block_end = s->block == c->block_n ? c->value_n : le32_get(c->block[s->block].first);
	return s->block_end > s->value && s->block_end <= c->value_n ? 0 :
		prop_damaged(s->p, c->block, "a block of no values");
}

static int next_rank(struct prop_scan *s)
{
	uint32_t first, n;
	int r;

	s->rank++;
	if (s->rank >= s->c.row_n)
		return prop_damaged(s->p, s->c.rows_at, "more values than rows have");
	r = prop_column_range(&s->c, s->rank, &first, &n);
	if (r == 0 && first != s->value)
		r = prop_damaged(s->p, s->c.rows_at, "values of no row");
	s->row_end = first + n;
	return r;
}

/* 1 and the column's next value, 0: it is through. */
static int next_of_column(struct prop_scan *s, uint64_t *row, struct literal *out)
{
	size_t n;
	int r = 0;

	if (s->value == s->c.value_n)
		return 0;
	if (s->value == s->row_end)
		r = next_rank(s);
	if (r == 0 && s->value == s->block_end)
		r = next_column_block(s);
	if (r < 0)
		return r;
	n = prop_value_get(&s->c, s->at, s->end, out);
	if (n == 0 && (s->c.form != PROP_INTEGERS || s->c.width))
		return prop_damaged(s->p, s->c.block, "a value longer than its block");
	s->at += n;
	s->value++;
	*row = s->g.first + s->row[s->rank];
	return 1;
}

/* 1 and the next value of this name in the rest, 0: there is none left. */
static int next_of_rest(struct prop_scan *s, uint64_t *row, struct literal *out)
{
	uint32_t id;
	int r;

	for (;;) {
		while ((r = prop_record_value(&s->g, &s->rec, &id, out)) > 0)
			if (id == s->id) {
				*row = s->g.first + s->rec.row;
				return 1;
			}
		if (r < 0)
			return r;
		r = prop_record_next(&s->g, &s->at, s->end, s->rec.row, &s->rec);
		if (r > 0)
			continue;
		if (r == 0)
			r = next_block(s, s->g.rest, s->g.rest_n);
		if (r <= 0)
			return r;
		s->rec = (struct prop_record){ .row = le32_get(s->g.rest[s->block - 1].first) };
	}
}

int prop_scan_next(struct prop_scan *s, uint64_t *row, struct literal *out)
{
	int r;

	for (;;) {
		if (!s->open && (r = next_group(s)) <= 0)
			return r;
		r = s->column ? next_of_column(s, row, out) : next_of_rest(s, row, out);
		if (r < 0)
			return r;
		if (r > 0 && *row >= s->sought)
			return 1;
		if (r == 0)
			s->open = false;
	}
}

int prop_scan_seek(struct prop_scan *s, uint64_t row)
{
	uint64_t number;
	int r;

	if (row <= s->sought)
		return 0;
	s->sought = row;
	if (s->open && row < s->g.first + s->g.span)
		return 0;
	s->open = false;
	r = prop_group_number(s->p, row, &number);
	while (s->taken < s->filled && s->ids[s->taken] < number)
		s->taken++;
	if (r < 0 || s->taken < s->filled || !s->list.table)
		return r;
	if (!s->table_checked)
		r = segment_check(s->p->seg, s->list.table, list_table_len(&s->list));
	s->table_checked = true;
	if (r == 0 && list_seek(&s->list, number) < 0)
		r = prop_damaged(s->p, s->list.table, "a list's table points beyond it");
	return r;
}

/* --- a label's rows --- */

int prop_label_rows_begin(struct prop_label_rows *s, struct prop *p, uint32_t label)
{
	struct prop_word_disk d;
	int r;

	if (label >= p->label_n)
		return err_set(ERR_BUG, "a label beyond the last");
	s->p = p;
	s->least = 0;
	s->taken = s->filled = 0;
	s->table_checked = false;
	r = prop_word(p, p->labels, label, &d);
	s->n = r == 0 ? le64_get(d.list_n) : 0;
	return r < 0 ? r : prop_list_begin(p, &d, &s->list);
}

int prop_label_rows_next(struct prop_label_rows *s, uint64_t *row)
{
	int r;

	for (;;) {
		while (s->taken < s->filled) {
			*row = s->ids[s->taken++];
			if (*row >= s->least)
				return 1;
		}
		r = prop_list_read(s->p, &s->list, s->p->row_n, s->ids);
		if (r <= 0)
			return r;
		s->filled = (unsigned)r;
		s->taken = 0;
	}
}

int prop_label_rows_seek(struct prop_label_rows *s, uint64_t row)
{
	uint32_t lo = s->taken, hi = s->filled;
	int r = 0;

	s->least = row > s->least ? row : s->least;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->ids[mid] < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	s->taken = lo;
	if (lo < s->filled || !s->list.table)
		return 0;
	if (!s->table_checked)
		r = segment_check(s->p->seg, s->list.table, list_table_len(&s->list));
	s->table_checked = true;
	if (r == 0 && list_seek(&s->list, row) < 0)
		r = prop_damaged(s->p, s->list.table, "a list's table points beyond it");
	return r;
}
