/* graph/prop_check.c - every rule of a property segment
 *
 * Each value is read once, group by group, and tallied by name and label; the tables
 * must then say the same.  That the lists name the right groups and rows is seen by
 * sums of hashes, which a list of others would not have.
 */
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/prop_inside.h"

struct tally {
	uint64_t row_n, value_n, list_n, sum;
	uint64_t group;			/* whose rest had it last, + 1 */
	uint32_t kinds;
};

struct checked {
	struct prop *p;
	struct tally *name, *label;	/* by place */
	uint64_t added, value_n;
	struct prop_group g;
	uint8_t any[PROP_SPAN / 8];	/* rows of the group that have something */
	struct buf raw;
};

static void mark(struct checked *c, uint32_t row)
{
	c->any[row / 8] |= (uint8_t)(1u << row % 8);
}

static void take_value(struct checked *c, uint32_t place, const struct literal *value)
{
	c->name[place].value_n++;
	c->name[place].kinds |= 1u << literal_meant(value);
	c->value_n++;
}

static void end_name(struct checked *c, uint32_t place, uint32_t row_n)
{
	c->name[place].row_n += row_n;
	c->name[place].list_n++;
	c->name[place].sum += hash_u64(c->g.number);
}

static int bring(struct checked *c, const struct prop_block_disk *d, const uint8_t **at,
		 const uint8_t **end)
{
	struct bytes stored;
	uint32_t raw_len;
	int r = prop_block_stored(&c->g, d, &stored, &raw_len);

	if (r == 0 && stored.len < raw_len) {
		buf_clear(&c->raw);
		r = buf_reserve(&c->raw, raw_len);
		if (r == 0)
			r = prop_block_unpack(&c->g, stored, raw_len, c->raw.ptr);
		stored = bytes_of(c->raw.ptr, raw_len);
	}
	*at = stored.ptr;
	*end = stored.ptr + stored.len;
	return r;
}

/* --- columns --- */

static int check_block(struct checked *c, const struct prop_column *col, uint32_t i,
		       uint32_t *value, uint32_t place)
{
	uint32_t end = i + 1 < col->block_n ? le32_get(col->block[i + 1].first) : col->value_n;
	const uint8_t *at, *stop;
	struct literal v;
	int r = bring(c, &col->block[i], &at, &stop);

	if (r < 0)
		return r;
	if (le32_get(col->block[i].first) != *value || end <= *value || end > col->value_n)
		return prop_damaged(c->p, &col->block[i], "a block of other values than it says");
	for (; *value < end; ++*value) {
		size_t n = prop_value_get(col, at, stop, &v);

		if (n == 0 && (col->form != PROP_INTEGERS || col->width))
			return prop_damaged(c->p, &col->block[i], "a value longer than its block");
		at += n;
		take_value(c, place, &v);
	}
	return at == stop ? 0 : prop_damaged(c->p, &col->block[i], "a block longer than its values");
}

/* The rows that have it, and that each one's values lie in one block. */
static int check_rows(struct checked *c, const struct prop_column *col)
{
	uint32_t rank, n = 0, first, count, at = 0;
	int r;

	for (uint32_t row = 0; row < c->g.span; row++) {
		r = prop_column_rank(col, row, &rank);
		if (r == 0)
			continue;
		if (r > 0 && rank != n)
			r = prop_damaged(c->p, col->rows_at, "a column's rows are out of order");
		if (r > 0)
			r = prop_column_range(col, rank, &first, &count);
		if (r == 0 && (first != at ||
			       prop_block_of(col->block, col->block_n, first) !=
			       prop_block_of(col->block, col->block_n, first + count - 1)))
			r = prop_damaged(c->p, col->rows_at, "a row's values lie apart");
		if (r < 0)
			return r;
		at += count;
		n++;
		mark(c, row);
	}
	return n == col->row_n && at == col->value_n ? 0 :
		prop_damaged(c->p, col->rows_at, "a column has other rows than it says");
}

static int check_column(struct checked *c, uint32_t i)
{
	struct prop_column col;
	uint32_t place, value = 0;
	int r = prop_column_at(&c->g, i, &col);

	if (r == 0 && i && le32_get(c->g.chunk[i - 1].name) >= col.name)
		r = prop_damaged(c->p, &c->g.chunk[i], "columns out of order");
	if (r == 0)
		r = prop_name_place(c->p, col.name, &place);
	if (r == 0)
		r = check_rows(c, &col);
	for (uint32_t k = 0; r == 0 && k < col.block_n; k++)
		r = check_block(c, &col, k, &value, place);
	if (r == 0)
		end_name(c, place, col.row_n);
	return r;
}

/* --- the rest --- */

static int check_record(struct checked *c, struct prop_record *rec)
{
	uint32_t id, place, before = UINT32_MAX, column;
	struct literal v;
	int r;

	mark(c, rec->row);
	while ((r = prop_record_value(&c->g, rec, &id, &v)) > 0) {
		r = prop_name_place(c->p, id, &place);
		if (r < 0)
			return r;
		if ((before != UINT32_MAX && place < before) ||
		    prop_column_find(&c->g, id, &column))
			return prop_damaged(c->p, rec->at, "a record's names are out of order");
		take_value(c, place, &v);
		if (place == before)
			continue;
		c->name[place].row_n++;
		if (c->name[place].group != c->g.number + 1) {
			c->name[place].group = c->g.number + 1;
			end_name(c, place, 0);
		}
		before = place;
	}
	return r;
}

static int check_rest(struct checked *c)
{
	int64_t before = -1;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->g.rest_n; i++) {
		struct prop_record rec = { .row = le32_get(c->g.rest[i].first) };
		bool first = true;
		const uint8_t *at, *end;

		r = bring(c, &c->g.rest[i], &at, &end);
		while (r >= 0 && (r = prop_record_next(&c->g, &at, end, rec.row, &rec)) > 0) {
			if (rec.row <= before || (first && rec.row != le32_get(c->g.rest[i].first)))
				return prop_damaged(c->p, &c->g.rest[i], "records out of order");
			before = rec.row;
			first = false;
			r = check_record(c, &rec);
		}
		if (r == 0 && first)
			r = prop_damaged(c->p, &c->g.rest[i], "a block of no records");
	}
	return r;
}

static int check_labels(struct checked *c)
{
	int r = 0;

	for (uint32_t row = 0; r == 0 && row < c->g.span; row++) {
		uint32_t place, before = UINT32_MAX;
		struct prop_labels_at at;

		r = prop_group_labels(&c->g, row, &at);
		while (r >= 0 && (r = prop_labels_next(&c->g, &at, &place)) > 0) {
			if (before != UINT32_MAX && place <= before)
				return prop_damaged(c->p, c->g.labels, "labels out of order");
			before = place;
			mark(c, row);
			c->label[place].row_n++;
			c->label[place].list_n++;
			c->label[place].sum += hash_u64(c->g.first + row);
		}
	}
	return r;
}

static int check_group(struct checked *c, uint64_t number)
{
	int r = prop_group_at(c->p, number, &c->g);

	memset(c->any, 0, sizeof c->any);
	if (r == 0)
		r = check_labels(c);
	for (uint32_t i = 0; r == 0 && i < c->g.column_n; i++)
		r = check_column(c, i);
	if (r == 0)
		r = check_rest(c);
	for (size_t i = 0; i < sizeof c->any; i++)
		c->added += (uint64_t)__builtin_popcount(c->any[i]);
	if (r == 0 && (!(c->any[0] & 1) ||
		       !(c->any[(c->g.span - 1) / 8] >> (c->g.span - 1) % 8 & 1)))
		r = prop_damaged(c->p, c->g.at, "a group begins or ends with nothing");
	return r;
}

/* --- the tables --- */

static int check_list(struct checked *c, const struct prop_word_disk *d, const struct tally *t,
		      uint64_t limit)
{
	uint64_t ids[LIST_READ], n = 0, sum = 0, before = 0;
	struct list_reader list;
	int r = prop_list_begin(c->p, d, &list), got;

	if (r < 0)
		return r;
	while ((got = prop_list_read(c->p, &list, limit, ids)) > 0)
		for (int i = 0; i < got; i++, n++) {
			if (n && ids[i] <= before)
				return prop_damaged(c->p, list.at, "a list out of order");
			sum += hash_u64(before = ids[i]);
		}
	return got < 0 ? got : n == t->list_n && sum == t->sum ? 0 :
		prop_damaged(c->p, list.at, "a list of others than have it");
}

static int check_words(struct checked *c, struct bytes table, uint32_t n, const struct tally *t,
		       uint64_t limit, int (*place_of)(struct prop *, uint64_t, uint32_t *))
{
	struct bytes text, before = {0};
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct prop_word_disk d;
		uint32_t place;

		r = prop_word(c->p, table, i, &d);
		if (r == 0)
			r = prop_word_text(c->p, &d, &text);
		if (r == 0)
			r = place_of(c->p, le32_get(d.id), &place);
		if (r < 0)
			return r;
		if (place != i || (i && bytes_cmp(before, text) >= 0))
			return prop_damaged(c->p, table.ptr + i * sizeof d, "names out of order");
		before = text;
		if (le64_get(d.row_n) != t[i].row_n || le64_get(d.value_n) != t[i].value_n ||
		    le32_get(d.kinds) != t[i].kinds || le64_get(d.list_n) != t[i].list_n ||
		    le32_get(d.zero))
			return prop_damaged(c->p, table.ptr + i * sizeof d,
					    "a name's counts are others than there are");
		r = check_list(c, &d, &t[i], limit);
	}
	return r;
}

static int check_all(struct checked *c)
{
	struct prop *p = c->p;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < p->group_n; i++) {
		const uint8_t *before = i ? c->g.at + c->g.len : p->data.ptr;

		r = check_group(c, i);
		if (r == 0 && c->g.at != before)
			r = prop_damaged(p, c->g.at, "groups lie apart");
	}
	if (r == 0 && (c->added != p->added || c->value_n != p->value_n ||
		       (p->group_n ? c->g.at + c->g.len != p->data.ptr + p->data.len :
			p->data.len > 0)))
		r = prop_damaged(p, p->groups.ptr, "the segment has other rows than it says");
	if (r == 0)
		r = check_words(c, p->names, p->name_n, c->name, p->group_n, prop_name_place);
	return r < 0 ? r : check_words(c, p->labels, p->label_n, c->label, p->row_n,
				       prop_label_place);
}

int prop_check(struct prop *p)
{
	struct checked c = { .p = p, .raw.mem = p->mem };
	int r = ERR_MEMORY;

	c.name = mem_zalloc(p->mem, (p->name_n + 1) * sizeof *c.name);
	c.label = mem_zalloc(p->mem, (p->label_n + 1) * sizeof *c.label);
	if (c.name && c.label)
		r = check_all(&c);
	buf_release(&c.raw);
	mem_free(p->mem, c.name);
	mem_free(p->mem, c.label);
	return r;
}
