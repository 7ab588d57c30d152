/* graph/prop.c - the tables of a property segment, and where things lie in its groups
 *
 * Sections were compared with the counts when the segment was opened; what lies in a
 * group is compared with the group's length before it is touched, in 64 bits.
 */
#include "graph/prop.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/block.h"
#include "graph/bits.h"
#include "graph/literal_code.h"
#include "graph/prop_inside.h"

int prop_damaged(const struct prop *p, const void *at, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": properties: %s",
		       segment_path(p->seg), segment_file_off(p->seg, at), what);
}

static int damaged_head(const struct prop *p, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: properties: %s", segment_path(p->seg), what);
}

/* --- opening --- */

static int open_meta(struct prop *p)
{
	static const uint8_t zero[16];
	struct bytes meta = segment_get_meta(p->seg);
	struct prop_meta_disk m;

	if (meta.len < sizeof m)
		return damaged_head(p, "their superblock is too short");
	memcpy(&m, meta.ptr, sizeof m);
	p->role = (enum prop_role)le32_get(m.role);
	if ((p->role != PROP_NODES && p->role != PROP_EDGES) || le32_get(m.zero) ||
	    memcmp(m.zero_too, zero, sizeof zero))
		return err_set(ERR_NEWER, "%s: properties of a newer kind", segment_path(p->seg));
	p->row_n = le64_get(m.row_n);
	p->added = le64_get(m.added);
	p->group_n = le64_get(m.group_n);
	p->name_n = le32_get(m.name_n);
	p->label_n = le32_get(m.label_n);
	p->value_n = le64_get(m.value_n);
	return 0;
}

static bool holds(struct bytes section, uint64_t n, size_t size)
{
	return section.len / size == n && section.len % size == 0;
}

static int open_sections(struct prop *p)
{
	p->data = segment_section(p->seg, PROP_DATA);
	p->groups = segment_section(p->seg, PROP_GROUPS);
	p->names = segment_section(p->seg, PROP_NAMES);
	p->name_places = segment_section(p->seg, PROP_NAME_PLACES);
	p->labels = segment_section(p->seg, PROP_LABELS);
	p->label_places = segment_section(p->seg, PROP_LABEL_PLACES);
	p->text = segment_section(p->seg, PROP_TEXT);
	p->lists = segment_section(p->seg, PROP_LISTS);
	if (p->group_n > UINT32_MAX || p->added > p->row_n ||
	    !holds(p->groups, p->group_n + 1, sizeof(struct prop_at_disk)) ||
	    !holds(p->names, p->name_n, sizeof(struct prop_word_disk)) ||
	    !holds(p->name_places, p->name_n, sizeof(le32)) ||
	    !holds(p->labels, p->label_n, sizeof(struct prop_word_disk)) ||
	    !holds(p->label_places, p->label_n, sizeof(le32)) || p->lists.len < LIST_SLACK)
		return damaged_head(p, "their sections do not fit together");
	return 0;
}

int prop_open(struct prop **out, struct backend *b, const struct segment_ref *ref,
	      const uint8_t store_id[16], struct mem *mem)
{
	struct prop *p = mem_zalloc(mem, sizeof *p);
	int r;

	if (!p)
		return ERR_MEMORY;
	p->mem = mem;
	p->id = ref->id;
	r = segment_open(&p->seg, b, ref, store_id, mem);
	if (r == 0)
		r = open_meta(p);
	if (r == 0)
		r = open_sections(p);
	if (r < 0) {
		prop_close(p);
		return r;
	}
	*out = p;
	return 0;
}

void prop_close(struct prop *p)
{
	if (!p)
		return;
	segment_close(p->seg);
	mem_free(p->mem, p);
}

enum prop_role prop_role(const struct prop *p)
{
	return p->role;
}

uint64_t prop_row_n(const struct prop *p)
{
	return p->row_n;
}

uint64_t prop_added(const struct prop *p)
{
	return p->added;
}

struct segment *prop_segment(const struct prop *p)
{
	return p->seg;
}

uint32_t prop_name_n(const struct prop *p)
{
	return p->name_n;
}

uint32_t prop_label_n(const struct prop *p)
{
	return p->label_n;
}

/* --- names and labels --- */

int prop_word(struct prop *p, struct bytes table, uint32_t place, struct prop_word_disk *out)
{
	const uint8_t *at = table.ptr + (uint64_t)place * sizeof *out;
	int r = segment_check(p->seg, at, sizeof *out);

	if (r < 0)
		return r;
	memcpy(out, at, sizeof *out);
	return 0;
}

int prop_word_text(struct prop *p, const struct prop_word_disk *d, struct bytes *out)
{
	uint64_t off = le64_get(d->text_off), len = le32_get(d->text_len);

	if (off > p->text.len || len > p->text.len - off)
		return damaged_head(p, "a name lies outside its section");
	*out = bytes_of(p->text.ptr + off, (size_t)len);
	return len ? segment_check(p->seg, out->ptr, out->len) : 0;
}

static int place_of(struct prop *p, struct bytes places, uint32_t n, uint64_t id, uint32_t *place)
{
	const uint8_t *at = places.ptr + id * sizeof(le32);
	le32 d;
	int r;

	if (id >= n)
		return damaged_head(p, "a name that there is not");
	r = segment_check(p->seg, at, sizeof d);
	if (r < 0)
		return r;
	memcpy(&d, at, sizeof d);
	*place = le32_get(d);
	return *place < n ? 0 : prop_damaged(p, at, "a name's place is beyond the last");
}

int prop_name_place(struct prop *p, uint64_t id, uint32_t *place)
{
	return place_of(p, p->name_places, p->name_n, id, place);
}

int prop_label_place(struct prop *p, uint64_t id, uint32_t *place)
{
	return place_of(p, p->label_places, p->label_n, id, place);
}

static int text_at(struct prop *p, struct bytes table, uint32_t place, struct prop_word_disk *d,
		   struct bytes *text)
{
	int r = prop_word(p, table, place, d);

	return r < 0 ? r : prop_word_text(p, d, text);
}

int prop_name_at(struct prop *p, uint32_t name, struct prop_name *out)
{
	struct prop_word_disk d;
	int r;

	if (name >= p->name_n)
		return err_set(ERR_BUG, "a name beyond the last");
	r = text_at(p, p->names, name, &d, &out->text);
	if (r < 0)
		return r;
	out->row_n = le64_get(d.row_n);
	out->value_n = le64_get(d.value_n);
	out->kinds = le32_get(d.kinds);
	return 0;
}

int prop_label_at(struct prop *p, uint32_t label, struct prop_label *out)
{
	struct prop_word_disk d;
	int r;

	if (label >= p->label_n)
		return err_set(ERR_BUG, "a label beyond the last");
	r = text_at(p, p->labels, label, &d, &out->text);
	if (r == 0)
		out->row_n = le64_get(d.row_n);
	return r;
}

static int find(struct prop *p, struct bytes table, uint32_t n, struct bytes text, uint32_t *out)
{
	uint32_t lo = 0, hi = n;
	struct prop_word_disk d;
	struct bytes at;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int r = text_at(p, table, mid, &d, &at), c;

		if (r < 0)
			return r;
		c = bytes_cmp(at, text);
		if (c == 0) {
			*out = mid;
			return 1;
		}
		lo = c < 0 ? mid + 1 : lo;
		hi = c < 0 ? hi : mid;
	}
	return 0;
}

int prop_find_name(struct prop *p, struct bytes text, uint32_t *name)
{
	return find(p, p->names, p->name_n, text, name);
}

int prop_find_label(struct prop *p, struct bytes text, uint32_t *label)
{
	return find(p, p->labels, p->label_n, text, label);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int prop_list_begin(struct prop *p, const struct prop_word_disk *d, struct list_reader *out)
{
	uint64_t off = le64_get(d->list_off), len = le64_get(d->list_len), n = le64_get(d->list_n);
	const uint8_t *at;
	int r;

	if (off > p->lists.len - LIST_SLACK || len > p->lists.len - LIST_SLACK - off || n == 0 ||
	    len == 0)
		return damaged_head(p, "a list lies outside its section");
	at = p->lists.ptr + off;
	r = segment_check(p->seg, at, least(LIST_HEAD, len));
	if (r < 0)
		return r;
	return list_begin(out, 0, n, at, at + len) == 0 ? 0 :
		prop_damaged(p, at, "a list that begins as none does");
}

int prop_list_read(struct prop *p, struct list_reader *l, uint64_t limit, uint64_t *ids)
{
	const uint8_t *at = l->at;
	int n, r;

	if (l->left == 0)
		return 0;
	r = at < l->end ? segment_check(p->seg, at, least(LIST_REACH, (uint64_t)(l->end - at))) : 0;
	if (r < 0)
		return r;
	n = list_read(l, ids);
	if (n <= 0)
		return prop_damaged(p, at, "a list that goes on as none does");
	return ids[n - 1] < limit ? n : prop_damaged(p, at, "a list goes beyond the last");
}

/* --- groups --- */

static int at_entry(struct prop *p, uint64_t i, uint64_t *row, uint64_t *off)
{
	const uint8_t *at = p->groups.ptr + i * sizeof(struct prop_at_disk);
	struct prop_at_disk d;
	int r = segment_check(p->seg, at, sizeof d);

	if (r < 0)
		return r;
	memcpy(&d, at, sizeof d);
	*row = le64_get(d.row);
	*off = le64_get(d.off);
	return 0;
}

static int group_heads(struct prop_group *g)
{
	struct prop *p = g->p;
	struct prop_group_disk d;
	uint64_t heads;
	int r;

	if (g->len < sizeof d)
		return prop_damaged(p, g->at, "a group shorter than its head");
	r = segment_check(p->seg, g->at, sizeof d);
	if (r < 0)
		return r;
	memcpy(&d, g->at, sizeof d);
	g->span = le32_get(d.span);
	g->column_n = le32_get(d.column_n);
	g->rest_n = le32_get(d.rest_n);
	g->label_len = le32_get(d.label_len);
	heads = sizeof d + (uint64_t)g->column_n * sizeof *g->chunk +
		(uint64_t)g->rest_n * sizeof *g->rest;
	if (heads > g->len || g->label_len > g->len - heads || g->span == 0 || g->span > PROP_SPAN)
		return prop_damaged(p, g->at, "a group's parts are longer than the group");
	g->chunk = (const struct prop_chunk_disk *)(g->at + sizeof d);
	g->rest = (const struct prop_block_disk *)(g->chunk + g->column_n);
	g->labels = g->at + heads;
	return segment_check(p->seg, g->at, (size_t)heads);
}

int prop_group_at(struct prop *p, uint64_t number, struct prop_group *out)
{
	uint64_t off, next_row, end;
	int r;

	*out = (struct prop_group){ .p = p, .number = number };
	if (number >= p->group_n)
		return damaged_head(p, "a group that there is not");
	r = at_entry(p, number, &out->first, &off);
	if (r == 0)
		r = at_entry(p, number + 1, &next_row, &end);
	if (r < 0)
		return r;
	if (off > end || end > p->data.len || out->first >= next_row || next_row > p->row_n)
		return prop_damaged(p, p->groups.ptr + number * sizeof(struct prop_at_disk),
				    "a group's place makes no sense");
	out->at = p->data.ptr + off;
	out->len = end - off;
	r = group_heads(out);
	if (r == 0 && out->span > next_row - out->first)
		r = prop_damaged(p, out->at, "a group reaches into the next");
	return r;
}

int prop_group_number(struct prop *p, uint64_t row, uint64_t *out)
{
	uint64_t lo = 0, hi = p->group_n, mid = row / PROP_SPAN, first, off;
	int r;

	/* in a segment whose rows all have something it is where it is expected */
	while (hi - lo > 1) {
		mid = mid > lo && mid < hi ? mid : lo + (hi - lo) / 2;
		r = at_entry(p, mid, &first, &off);
		if (r < 0)
			return r;
		if (first <= row) {
			lo = mid;
			mid = lo + 1;
			if (row - first >= 2 * PROP_SPAN)
				mid = 0;
		} else {
			hi = mid;
			mid = 0;
		}
	}
	*out = lo;
	return 0;
}

int prop_group_of(struct prop *p, uint64_t row, struct prop_group *out)
{
	uint64_t number;
	int r;

	if (p->group_n == 0 || row >= p->row_n)
		return 0;
	r = prop_group_number(p, row, &number);
	if (r == 0)
		r = prop_group_at(p, number, out);
	return r < 0 ? r : row >= out->first && row - out->first < out->span;
}

/* --- columns --- */

struct cut {			/* what is left of a group */
	const uint8_t *at, *end;
};

static const uint8_t *cut(struct cut *c, uint64_t len)
{
	const uint8_t *at = c->at;

	if (len > (uint64_t)(c->end - c->at))
		return NULL;
	c->at += len;
	return at;
}

static bool is_text(unsigned kind)
{
	return kind >= LITERAL_DECIMAL && kind <= LITERAL_JSON && kind != LITERAL_LANG;
}

static bool form_is_good(const struct prop_column *c)
{
	switch (c->form) {
	case PROP_INTEGERS:
		return (c->kind == 0 || c->kind == LITERAL_BOOL) &&
			(c->width == 0 ? c->ends_width == 0 : c->width == 1 ||
			 c->width == 2 || c->width == 4 || c->width == 8);
	case PROP_REALS:
		return c->kind == 0 && (c->width == 4 || c->width == 8);
	case PROP_TEXTS:
		return is_text(c->kind) && c->width == 0;
	case PROP_TAGGED:
		return (c->kind == LITERAL_LANG || c->kind == LITERAL_TYPED) && c->width == 0;
	case PROP_MIXED:
		return c->kind == 0 && c->width == 0;
	}
	return false;
}

static bool counts_are_good(const struct prop_column *c)
{
	return c->row_n > 0 && c->row_n <= c->g->span && c->value_n >= c->row_n &&
		(c->ends_width ? c->ends_width <= 4 && c->ends_width != 3 :
		 c->value_n == c->row_n) &&
		(c->rows == PROP_ALL ? c->row_n == c->g->span : c->rows <= PROP_BITS) &&
		c->block_n > 0 && c->block_n <= c->value_n;
}

/* The base or the tag. */
static bool cut_common(struct prop_column *c, struct cut *from)
{
	const uint8_t *at;
	uint64_t len;
	size_t n;
	le64 d;

	if (c->form == PROP_INTEGERS) {
		at = cut(from, sizeof d);
		if (!at)
			return false;
		memcpy(&d, at, sizeof d);
		c->base = (int64_t)le64_get(d);
		return c->kind == 0 || (uint64_t)c->base <= 1;
	} else if (c->form == PROP_TAGGED) {
		n = varint_get(from->at, (size_t)(from->end - from->at), &len);
		if (n == 0 || len == 0)
			return false;
		from->at += n;
		at = cut(from, len);
		c->tag = bytes_of(at, (size_t)len);
		return at;
	}
	return true;
}

static int cut_column(struct prop_column *c, struct cut *from)
{
	struct prop *p = c->g->p;
	const uint8_t *begin = from->at;
	uint64_t rows = c->rows == PROP_ALL ? 0 : c->rows == PROP_SOME ? 2 * (uint64_t)c->row_n :
		(c->g->span + 7) / 8;
	int r;

	c->rows_at = cut(from, rows);
	c->ends_at = c->rows_at ? cut(from, (uint64_t)c->row_n * c->ends_width) : NULL;
	if (!c->ends_at)
		return prop_damaged(p, begin, "a column longer than its group");
	/* the tag's length is read before it is known how long it is */
	r = segment_check(p->seg, begin, (size_t)(least((uint64_t)(from->at - begin) + VARINT_MAX,
							(uint64_t)(from->end - begin))));
	if (r < 0)
		return r;
	if (!cut_common(c, from) ||
	    !(c->block = (const void *)cut(from, (uint64_t)c->block_n * sizeof *c->block)))
		return prop_damaged(p, begin, "a column longer than its group");
	return segment_check(p->seg, begin, (size_t)(from->at - begin));
}

int prop_column_at(struct prop_group *g, uint32_t i, struct prop_column *out)
{
	const struct prop_chunk_disk *d = &g->chunk[i];
	uint64_t off = le32_get(d->off);
	struct cut from;

	*out = (struct prop_column){
		.g = g, .name = le32_get(d->name), .value_n = le32_get(d->value_n),
		.row_n = le16_get(d->row_n), .block_n = le32_get(d->block_n), .rows = d->rows,
		.ends_width = d->ends_width, .form = d->form, .width = d->width, .kind = d->kind,
	};
	if (d->zero || !counts_are_good(out) || !form_is_good(out) || off >= g->len)
		return prop_damaged(g->p, d, "a column of no known form");
	from = (struct cut){ g->at + off, g->at + g->len };
	return cut_column(out, &from);
}

int prop_column_find(const struct prop_group *g, uint32_t id, uint32_t *i)
{
	uint32_t lo = 0, hi = g->column_n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2, at = le32_get(g->chunk[mid].name);

		if (at == id) {
			*i = mid;
			return 1;
		}
		lo = at < id ? mid + 1 : lo;
		hi = at < id ? hi : mid;
	}
	return 0;
}

static int rank_some(const struct prop_column *c, uint32_t in_group, uint32_t *rank)
{
	const le16 *row = (const le16 *)c->rows_at;
	uint32_t lo = 0, hi = c->row_n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (le16_get(row[mid]) < in_group)
			lo = mid + 1;
		else
			hi = mid;
	}
	*rank = lo;
	return lo < c->row_n && le16_get(row[lo]) == in_group;
}

static int rank_bits(const struct prop_column *c, uint32_t in_group, uint32_t *rank)
{
	uint32_t byte = in_group / 8, i = 0, n = 0;
	le64 word;

	if (!(c->rows_at[byte] >> in_group % 8 & 1))
		return 0;
	for (; i + 8 <= byte; i += 8) {
		memcpy(&word, c->rows_at + i, sizeof word);
		n += (uint32_t)__builtin_popcountll(le64_get(word));
	}
	for (; i < byte; i++)
		n += (uint32_t)__builtin_popcount(c->rows_at[i]);
	n += (uint32_t)__builtin_popcount(c->rows_at[byte] & ((1u << in_group % 8) - 1));
	*rank = n;
	return n < c->row_n ? 1 :
		prop_damaged(c->g->p, c->rows_at, "a column with more rows than it says");
}

int prop_column_rank(const struct prop_column *c, uint32_t in_group, uint32_t *rank)
{
	if (c->rows == PROP_SOME)
		return rank_some(c, in_group, rank);
	if (c->rows == PROP_BITS)
		return rank_bits(c, in_group, rank);
	*rank = in_group;
	return 1;
}

static uint32_t end_of(const struct prop_column *c, uint32_t rank)
{
	le32 d = {0};

	memcpy(&d, c->ends_at + (size_t)rank * c->ends_width, c->ends_width);
	return le32_get(d);
}

int prop_column_range(const struct prop_column *c, uint32_t rank, uint32_t *first, uint32_t *n)
{
	uint32_t end;

	*first = rank;
	*n = 1;
	if (c->ends_width == 0)
		return 0;
	*first = rank ? end_of(c, rank - 1) : 0;
	end = end_of(c, rank);
	if (*first >= end || end > c->value_n)
		return prop_damaged(c->g->p, c->ends_at, "a row's values end before they begin");
	*n = end - *first;
	return 0;
}

/* --- blocks --- */

uint32_t prop_block_of(const struct prop_block_disk *block, uint32_t n, uint32_t first)
{
	uint32_t lo = 0, hi = n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (le32_get(block[mid].first) <= first)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

int prop_block_stored(const struct prop_group *g, const struct prop_block_disk *d,
		      struct bytes *stored, uint32_t *raw_len)
{
	uint64_t off = le32_get(d->off), len = le32_get(d->stored_len);

	*raw_len = le32_get(d->raw_len);
	/* LZ4 makes a byte into 255 at most */
	if (off > g->len || len > g->len - off || len > *raw_len || *raw_len / 256 > len)
		return prop_damaged(g->p, d, "a block that cannot be");
	*stored = bytes_of(g->at + off, (size_t)len);
	return len ? segment_check(g->p->seg, stored->ptr, stored->len) : 0;
}

int prop_block_unpack(const struct prop_group *g, struct bytes stored, uint32_t raw_len,
		      uint8_t *out)
{
	int r = block_unpack(BLOCK_LZ4, stored.ptr, stored.len, out, raw_len);

	return r == ERR_DAMAGED ? prop_damaged(g->p, stored.ptr, "a block that does not unpack") : r;
}

static uint64_t number(const uint8_t *at, unsigned width)
{
	le64 d = {0};

	switch (width) {	/* lengths known here are loads */
	case 1:
		return *at;
	case 2:
		memcpy(&d, at, 2);
		break;
	case 4:
		memcpy(&d, at, 4);
		break;
	case 8:
		memcpy(&d, at, 8);
	}
	return le64_get(d);
}

static double real(uint64_t bits, unsigned width)
{
	uint32_t half = (uint32_t)bits;
	double r;
	float f;

	if (width == 8) {
		memcpy(&r, &bits, 8);
		return r;
	}
	memcpy(&f, &half, 4);
	return (double)f;
}

/* Of the integer that was read. */
static size_t get_bool(const struct prop_column *c, struct literal *out)
{
	bool b = out->i == 1;

	if ((uint64_t)out->i > 1)
		return 0;
	*out = (struct literal){ .kind = LITERAL_BOOL, .b = b };
	return c->width;
}

size_t prop_value_get(const struct prop_column *c, const uint8_t *at, const uint8_t *end,
		      struct literal *out)
{
	uint64_t len;
	size_t n;

	switch ((enum prop_form)c->form) {
	case PROP_INTEGERS:
		*out = (struct literal){ .kind = LITERAL_INTEGER };
		if (end - at < c->width)
			return 0;
		out->i = (int64_t)((uint64_t)c->base + number(at, c->width));
		return c->kind == 0 ? c->width : get_bool(c, out);
	case PROP_REALS:
		*out = (struct literal){ .kind = LITERAL_DOUBLE };
		if (end - at < c->width)
			return 0;
		out->r = real(number(at, c->width), c->width);
		return c->width;
	case PROP_TEXTS:
	case PROP_TAGGED:
		n = varint_get(at, (size_t)(end - at), &len);
		if (n == 0 || len > (uint64_t)(end - at) - n)
			return 0;
		*out = (struct literal){ .kind = (enum literal_kind)c->kind, .extra = c->tag,
					 .text = bytes_of(at + n, (size_t)len) };
		return n + (size_t)len;
	case PROP_MIXED:
		break;
	}
	return literal_decode(out, at, (size_t)(end - at));
}

int prop_record_next(const struct prop_group *g, const uint8_t **at, const uint8_t *end,
		     uint32_t row, struct prop_record *out)
{
	uint64_t gap, len;
	size_t n, m;

	if (*at == end)
		return 0;
	n = varint_get(*at, (size_t)(end - *at), &gap);
	m = n ? varint_get(*at + n, (size_t)(end - *at) - n, &len) : 0;
	if (m == 0 || len > (uint64_t)(end - *at) - n - m || len == 0 || gap >= g->span ||
	    row + gap >= g->span)
		return prop_damaged(g->p, g->rest, "a record longer than its block");
	*out = (struct prop_record){ *at + n + m, *at + n + m + len, row + (uint32_t)gap };
	*at = out->end;
	return 1;
}

int prop_record_value(const struct prop_group *g, struct prop_record *r, uint32_t *id,
		      struct literal *out)
{
	uint64_t name;
	size_t n, m;

	if (r->at == r->end)
		return 0;
	n = varint_get(r->at, (size_t)(r->end - r->at), &name);
	m = n ? literal_decode(out, r->at + n, (size_t)(r->end - r->at) - n) : 0;
	if (m == 0 || name >= g->p->name_n)
		return prop_damaged(g->p, g->rest, "a record's value is none");
	r->at += n + m;
	*id = (uint32_t)name;
	return 1;
}

/* --- labels --- */

static bool skip_varint(const uint8_t **at, const uint8_t *end, uint64_t *v)
{
	size_t n = varint_get(*at, (size_t)(end - *at), v);

	*at += n;
	return n > 0;
}

/* Over N varints; false when there are fewer. */
static bool skip_varints(const uint8_t **at, const uint8_t *end, uint64_t n)
{
	uint64_t v;

	while (n > 0 && skip_varint(at, end, &v))
		n--;
	return n == 0;
}

int prop_group_labels(const struct prop_group *g, uint32_t in_group, struct prop_labels_at *out)
{
	const uint8_t *at = g->labels, *end = at + g->label_len, *sets;
	uint64_t set_n, n, set, bits;
	unsigned w;
	int r;

	*out = (struct prop_labels_at){0};
	if (g->label_len == 0)
		return 0;
	r = segment_check(g->p->seg, at, g->label_len);
	if (r < 0)
		return r;
	if (!skip_varint(&at, end, &set_n) || set_n == 0 || set_n > PROP_SPAN + 1)
		return prop_damaged(g->p, g->labels, "sets of labels that cannot be");
	/* the packed numbers are at the end: their width follows from the sets */
	w = bits_width(set_n - 1);
	bits = bits_bytes(g->span, w);
	if ((uint64_t)(end - at) < bits + 1 || *(end - bits - 1) != w)
		return prop_damaged(g->p, g->labels, "sets of labels that cannot be");
	set = bits_get(end - bits, in_group, w);
	sets = end - bits - 1;
	for (; set > 0 && skip_varint(&at, sets, &n) && skip_varints(&at, sets, n); set--)
		;
	if (set > 0 || !skip_varint(&at, sets, &out->n) || out->n > (uint64_t)(sets - at))
		return prop_damaged(g->p, g->labels, "a set of labels that there is not");
	out->at = at;
	out->end = sets;
	return 0;
}

int prop_labels_next(const struct prop_group *g, struct prop_labels_at *l, uint32_t *place)
{
	uint64_t id;
	int r;

	if (l->n == 0)
		return 0;
	if (!skip_varint(&l->at, l->end, &id))
		return prop_damaged(g->p, g->labels, "a set of labels that ends early");
	l->n--;
	r = prop_label_place(g->p, id, place);
	return r < 0 ? r : 1;
}
