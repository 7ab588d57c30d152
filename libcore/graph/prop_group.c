/* graph/prop_group.c - rows that are held become a group
 *
 * The values are put in order of their names by counting, so that each column's lie
 * together; those of rare names stay in the order of the rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/block.h"
#include "graph/bits.h"
#include "graph/literal_code.h"
#include "graph/prop_write_inside.h"

static int add_varint(struct buf *out, uint64_t v)
{
	uint8_t head[VARINT_MAX];

	return buf_add(out, head, varint_put(head, v));
}

static int add_number(struct buf *out, uint64_t v, unsigned width)
{
	le64 d = le64_of(v);

	return buf_add(out, &d, width);
}

static unsigned width_for(uint64_t most)
{
	return most == 0 ? 0 : most < 1u << 8 ? 1 : most < 1u << 16 ? 2 :
		most <= UINT32_MAX ? 4 : 8;
}

static int add_literal(struct buf *out, const struct prop_held *h, const struct prop_value *v)
{
	struct literal l = { .kind = (enum literal_kind)v->kind };

	if (!prop_is_inline(v))
		return buf_add(out, h->bytes.ptr + v->off, v->len);
	if (l.kind == LITERAL_DOUBLE)
		l.r = v->r;
	else if (l.kind == LITERAL_INTEGER)
		l.i = v->i;
	else
		l.b = v->i;
	return literal_encode(out, &l);
}

/* --- blocks --- */

/* The raw block is complete: packed or not it goes behind the others of PACKED. */
static int end_block(struct prop_make *m, struct buf *packed, struct buf *blocks, uint32_t first)
{
	struct prop_block_disk d = { le32_of(first), le32_of((uint32_t)packed->len),
				     le32_of((uint32_t)m->raw.len), le32_of(0) };
	size_t n = 0;
	int r = buf_reserve(packed, m->raw.len + 1);

	if (r < 0)
		return r;
	if (m->raw.len > UINT32_MAX || packed->len + m->raw.len > UINT32_MAX)
		return err_set(ERR_TOO_BIG, "the properties of a row: over 4 GiB");
	n = block_squeeze(m->raw.ptr, m->raw.len, packed->ptr + packed->len, m->raw.len);
	if (n == 0) {
		n = m->raw.len;
		if (n)
			memcpy(packed->ptr + packed->len, m->raw.ptr, n);
	}
	packed->len += n;
	d.stored_len = le32_of((uint32_t)n);
	buf_clear(&m->raw);
	return buf_add(blocks, &d, sizeof d);
}

/* The blocks' heads and bytes go out; their offsets are counted from OUT on. */
static void move_blocks(struct buf *blocks, uint32_t by)
{
	struct prop_block_disk *d = (struct prop_block_disk *)blocks->ptr;

	for (size_t i = 0; i < blocks->len / sizeof *d; i++)
		d[i].off = le32_of(le32_get(d[i].off) + by);
}

/* --- a column --- */

struct column {
	const struct prop_held *h;
	const struct prop_value *values;	/* all of the group */
	const uint32_t *at;			/* which of them are its own */
	uint32_t n;
	struct prop_chunk_disk *d;		/* filled in */
	struct bytes tag;			/* TAGGED: varint and bytes, as encoded */
	int64_t base;
};

static const struct prop_value *value_at(const struct column *c, uint32_t i)
{
	return &c->values[c->at[i]];
}

/* Language or datatype, with its length before it. */
static struct bytes tag_of(const struct prop_held *h, const struct prop_value *v)
{
	const uint8_t *at = h->bytes.ptr + v->off + 1;
	uint64_t len;
	size_t n = varint_get(at, v->len - 1, &len);

	return bytes_of(at, n + (size_t)len);
}

static bool is_tagged(unsigned kind)
{
	return kind == LITERAL_LANG || kind == LITERAL_TYPED;
}

static enum prop_form form_of(struct column *c)
{
	unsigned kind = value_at(c, 0)->kind;

	for (uint32_t i = 0; i < c->n; i++)
		if (value_at(c, i)->kind != kind || !value_at(c, i)->plain)
			return PROP_MIXED;
	if (kind == LITERAL_INTEGER || kind == LITERAL_BOOL)
		return PROP_INTEGERS;
	if (kind == LITERAL_DOUBLE)
		return PROP_REALS;
	if (!is_tagged(kind))
		return PROP_TEXTS;
	c->tag = tag_of(c->h, value_at(c, 0));
	for (uint32_t i = 1; i < c->n; i++)
		if (!bytes_equal(c->tag, tag_of(c->h, value_at(c, i))))
			return PROP_MIXED;
	return PROP_TAGGED;
}

static uint8_t integers_width(struct column *c, bool several)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	unsigned width;

	for (uint32_t i = 0; i < c->n; i++) {
		int64_t v = value_at(c, i)->i;

		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	c->base = least;
	width = width_for((uint64_t)most - (uint64_t)least);
	return (uint8_t)(width == 0 && several ? 1 : width);	/* a count has bytes behind it */
}

static uint8_t reals_width(const struct column *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		double r = value_at(c, i)->r, narrow = (double)(float)r;

		if (memcmp(&r, &narrow, sizeof r))
			return 8;
	}
	return 4;
}

static int add_real(struct buf *out, double r, unsigned width)
{
	uint64_t bits = 0;
	uint32_t half;
	float narrow = (float)r;

	if (width == 8) {
		memcpy(&bits, &r, 8);
	} else {
		memcpy(&half, &narrow, 4);
		bits = half;
	}
	return add_number(out, bits, width);
}

static int add_value(struct buf *raw, const struct column *c, const struct prop_value *v)
{
	const uint8_t *at = c->h->bytes.ptr + v->off;

	switch ((enum prop_form)c->d->form) {
	case PROP_INTEGERS:
		return add_number(raw, (uint64_t)v->i - (uint64_t)c->base, c->d->width);
	case PROP_REALS:
		return add_real(raw, v->r, c->d->width);
	case PROP_TEXTS:
		return buf_add(raw, at + 1, v->len - 1);
	case PROP_TAGGED:
		return buf_add(raw, at + 1 + c->tag.len, v->len - 1 - c->tag.len);
	case PROP_MIXED:
		break;
	}
	return add_literal(raw, c->h, v);
}

static int column_blocks(struct prop_make *m, const struct column *c)
{
	uint32_t first = 0;
	int r = 0;

	buf_clear(&m->packed);
	buf_clear(&m->blocks);
	for (uint32_t i = 0; r == 0 && i < c->n; i++) {
		if (m->raw.len >= PROP_BLOCK && value_at(c, i)->row != value_at(c, i - 1)->row) {
			r = end_block(m, &m->packed, &m->blocks, first);
			first = i;
		}
		if (r == 0)
			r = add_value(&m->raw, c, value_at(c, i));
	}
	return r < 0 ? r : end_block(m, &m->packed, &m->blocks, first);
}

static int add_rows(struct buf *out, const struct column *c, enum prop_rows rows)
{
	uint8_t bits[PROP_SPAN / 8] = {0};
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->n; i++) {
		unsigned row = value_at(c, i)->row;

		bits[row / 8] |= (uint8_t)(1u << row % 8);
		if (rows == PROP_SOME && (i == 0 || row != value_at(c, i - 1)->row))
			r = add_number(out, row, 2);
	}
	return r < 0 || rows != PROP_BITS ? r : buf_add(out, bits, (c->h->span + 7) / 8);
}

static int add_ends(struct buf *out, const struct column *c)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->n; i++)
		if (i + 1 == c->n || value_at(c, i)->row != value_at(c, i + 1)->row)
			r = add_number(out, i + 1, c->d->ends_width);
	return r;
}

/* Everything of a column, at the end of OUT; its head is D. */
static int add_column(struct prop_make *m, struct column *c, uint32_t row_n)
{
	struct prop_chunk_disk *d = c->d;
	size_t at = m->out.len;
	int r;

	d->off = le32_of((uint32_t)at);
	d->value_n = le32_of(c->n);
	d->row_n = le16_of((uint16_t)row_n);
	d->rows = (uint8_t)(row_n == c->h->span ? PROP_ALL :
			    2 * row_n < (c->h->span + 7) / 8 ? PROP_SOME : PROP_BITS);
	d->ends_width = (uint8_t)(c->n == row_n ? 0 : width_for(c->n));
	d->form = (uint8_t)form_of(c);
	d->kind = d->form == PROP_REALS || d->form == PROP_MIXED ||
		value_at(c, 0)->kind == LITERAL_INTEGER ? 0 : value_at(c, 0)->kind;
	d->width = d->form == PROP_INTEGERS ? integers_width(c, c->n != row_n) :
		d->form == PROP_REALS ? reals_width(c) : 0;
	r = add_rows(&m->out, c, (enum prop_rows)d->rows);
	if (r == 0 && d->ends_width)
		r = add_ends(&m->out, c);
	if (r == 0 && d->form == PROP_INTEGERS)
		r = add_number(&m->out, (uint64_t)c->base, 8);
	if (r == 0 && d->form == PROP_TAGGED)
		r = buf_add(&m->out, c->tag.ptr, c->tag.len);
	if (r == 0)
		r = column_blocks(m, c);
	if (r < 0)
		return r;
	d->block_n = le32_of((uint32_t)(m->blocks.len / sizeof(struct prop_block_disk)));
	move_blocks(&m->blocks, (uint32_t)(m->out.len + m->blocks.len));
	r = buf_add(&m->out, m->blocks.ptr, m->blocks.len);
	return r < 0 ? r : buf_add(&m->out, m->packed.ptr, m->packed.len);
}

/* --- the rest, the labels --- */

static int add_record(struct prop_make *m, uint32_t row_gap)
{
	int r = add_varint(&m->raw, row_gap);

	if (r == 0)
		r = add_varint(&m->raw, m->record.len);
	if (r == 0)
		r = buf_add(&m->raw, m->record.ptr, m->record.len);
	buf_clear(&m->record);
	return r;
}

static int make_rest(struct prop_make *m, const struct prop_held *h, const struct prop_word *words)
{
	const struct prop_value *v = (const struct prop_value *)h->values.ptr;
	size_t n = h->values.len / sizeof *v;
	uint32_t first = 0, before = 0;
	int r = 0;

	buf_clear(&m->rest);
	buf_clear(&m->rest_blocks);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (words[v[i].name].column == PROP_REST) {
			r = add_varint(&m->record, v[i].name);
			if (r == 0)
				r = add_literal(&m->record, h, &v[i]);
		}
		if (r < 0 || !m->record.len || (i + 1 < n && v[i + 1].row == v[i].row))
			continue;
		if (m->raw.len >= PROP_BLOCK)
			r = end_block(m, &m->rest, &m->rest_blocks, first);
		if (m->raw.len == 0)
			first = before = v[i].row;
		if (r == 0)
			r = add_record(m, v[i].row - before);
		before = v[i].row;
	}
	return r < 0 || m->raw.len == 0 ? r : end_block(m, &m->rest, &m->rest_blocks, first);
}

static bool all_labelled(const struct prop_held *h)
{
	for (uint32_t i = 0; i < h->span; i++)
		if (h->set_of[i] == 0)
			return false;
	return true;
}

static int add_labels(struct buf *out, const struct prop_held *h)
{
	const struct prop_set *set = (const struct prop_set *)h->sets.ptr;
	uint32_t n = (uint32_t)(h->sets.len / sizeof *set);
	uint32_t from = all_labelled(h), w;
	struct bits bits = {0};
	uint8_t *at;
	int r;

	if (n == 1)
		return 0;
	r = add_varint(out, n - from);
	for (uint32_t i = from; r == 0 && i < n; i++)
		r = buf_add(out, h->set_bytes.ptr + set[i].off, set[i].len);
	w = bits_width(n - from - 1);
	if (r == 0)
		r = buf_add_byte(out, (uint8_t)w);
	if (r == 0)
		r = buf_reserve(out, bits_bytes(h->span, w) + 16);
	if (r < 0)
		return r;
	at = out->ptr + out->len;
	for (uint32_t i = 0; i < h->span; i++)
		at += bits_put(&bits, at, h->set_of[i] - from, w);
	at += bits_end(&bits, at);
	out->len = (size_t)(at - out->ptr);
	return 0;
}

/* --- the group --- */

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Which names are columns, by id, and where each one's values begin in the order. */
static uint32_t choose(const struct prop_held *h, struct prop_word *words)
{
	uint32_t *id = (uint32_t *)h->touched.ptr, column_n = 0;
	size_t n = h->touched.len / sizeof *id;

	if (n)
		qsort(id, n, sizeof *id, by_id);
	for (size_t i = 0; i < n; i++) {
		struct prop_word *w = &words[id[i]];
		bool often = w->row_count >= PROP_COLUMN_LEAST &&
			(uint64_t)w->row_count * 100 >= h->row_n;

		w->column = often ? column_n++ : PROP_REST;
	}
	return column_n;
}

/* The order: column by column the places of their values. */
static int put_in_order(struct prop_make *m, const struct prop_held *h, struct prop_word *words,
			uint32_t *start)
{
	const struct prop_value *v = (const struct prop_value *)h->values.ptr;
	const uint32_t *id = (const uint32_t *)h->touched.ptr;
	size_t n = h->values.len / sizeof *v, id_n = h->touched.len / sizeof *id;
	uint32_t sum = 0, *order;

	buf_clear(&m->order);
	if (buf_reserve(&m->order, n * sizeof *order) < 0)
		return ERR_MEMORY;
	order = (uint32_t *)m->order.ptr;
	for (size_t i = 0; i < id_n; i++)
		if (words[id[i]].column != PROP_REST) {
			start[words[id[i]].column] = sum;
			sum += words[id[i]].value_count;
		}
	for (size_t i = 0; i < n; i++)
		if (words[v[i].name].column != PROP_REST)
			order[start[words[v[i].name].column]++] = (uint32_t)i;
	return 0;
}

static int add_columns(struct prop_make *m, const struct prop_held *h,
		       const struct prop_word *words)
{
	const uint32_t *id = (const uint32_t *)h->touched.ptr;
	size_t id_n = h->touched.len / sizeof *id;
	const uint32_t *at = (const uint32_t *)m->order.ptr;
	size_t head = sizeof(struct prop_group_disk);
	int r = 0;

	for (size_t i = 0; r == 0 && i < id_n; i++) {
		const struct prop_word *w = &words[id[i]];
		struct prop_chunk_disk d = { .name = le32_of(id[i]) };
		struct column c = { .h = h, .at = at, .n = w->value_count, .d = &d,
				    .values = (const struct prop_value *)h->values.ptr };

		if (w->column == PROP_REST)
			continue;
		r = add_column(m, &c, w->row_count);
		if (r == 0)
			memcpy(m->out.ptr + head + w->column * sizeof d, &d, sizeof d);
		at += w->value_count;
	}
	return r;
}

static int add_zeros(struct buf *out, size_t n)
{
	int r = buf_reserve(out, n);

	if (r < 0)
		return r;
	memset(out->ptr + out->len, 0, n);
	out->len += n;
	return 0;
}

static int add_all(struct prop_make *m, const struct prop_held *h, const struct prop_word *words,
		   uint32_t column_n)
{
	struct prop_group_disk d = { .span = le32_of(h->span), .column_n = le32_of(column_n) };
	size_t blocks_at = sizeof d + column_n * sizeof(struct prop_chunk_disk), labels_at;
	int r;

	buf_clear(&m->out);
	r = add_zeros(&m->out, blocks_at + m->rest_blocks.len);
	labels_at = m->out.len;
	if (r == 0)
		r = add_labels(&m->out, h);
	d.label_len = le32_of((uint32_t)(m->out.len - labels_at));
	d.rest_n = le32_of((uint32_t)(m->rest_blocks.len / sizeof(struct prop_block_disk)));
	if (r == 0)
		r = add_columns(m, h, words);
	if (r < 0)
		return r;
	move_blocks(&m->rest_blocks, (uint32_t)m->out.len);
	memcpy(m->out.ptr, &d, sizeof d);
	if (m->rest_blocks.len)
		memcpy(m->out.ptr + blocks_at, m->rest_blocks.ptr, m->rest_blocks.len);
	r = buf_add(&m->out, m->rest.ptr, m->rest.len);
	if (r == 0 && m->out.len > UINT32_MAX)
		r = err_set(ERR_TOO_BIG, "the properties of a row: over 4 GiB");
	return r;
}

int prop_group_make(struct prop_make *m, const struct prop_held *h, struct prop_word *words)
{
	uint32_t column_n = choose(h, words);
	int r;

	buf_clear(&m->starts);
	r = add_zeros(&m->starts, (column_n + 1) * sizeof(uint32_t));
	if (r == 0)
		r = put_in_order(m, h, words, (uint32_t *)m->starts.ptr);
	if (r == 0)
		r = make_rest(m, h, words);
	return r < 0 ? r : add_all(m, h, words, column_n);
}

void prop_group_release(struct prop_make *m)
{
	buf_release(&m->out);
	buf_release(&m->order);
	buf_release(&m->raw);
	buf_release(&m->packed);
	buf_release(&m->blocks);
	buf_release(&m->rest);
	buf_release(&m->rest_blocks);
	buf_release(&m->record);
	buf_release(&m->starts);
}
