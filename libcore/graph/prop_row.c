/* graph/prop_row.c - all that a row has, put together
 *
 * First every place is found and the room for what is packed counted, so that nothing
 * moves once something points at it; then blocks are unpacked and values read.  The
 * columns come by id and the rest by place: what is not in order yet is put in order.
 *
 * A room keeps the blocks of the group it was used for last, and how far each was
 * read: rows that are asked for in order, or near each other, share them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/prop_inside.h"

#define SLOTS 256u		/* blocks kept at most; a power of two */
#define KEPT_MOST (1u << 20)	/* bytes unpacked before they are forgotten */

struct slot {			/* a block that is kept */
	const struct prop_block_disk *block;
	uint64_t stamp;			/* of the group; another's is forgotten */
	const uint8_t *stored;		/* not packed: where it lies */
	uint32_t off, raw_len;		/* packed: where it was unpacked to */
	uint32_t skip, at;		/* values (in the rest: the row of the record) read,
					 * and the byte behind them */
};

struct prop_kept {
	uint64_t segment, group, stamp;
	struct buf bytes;
	struct slot slot[SLOTS];
};

struct hit {			/* values of a row that lie together */
	struct prop_column column;	/* column.g NULL: the rest */
	const struct prop_block_disk *block;
	struct bytes stored;
	uint32_t raw_len, off;		/* off: packed, in the bytes kept */
	bool known;			/* it is kept already */
	uint32_t place, skip, n;	/* of the values in the block */
	uint32_t block_row;		/* rest: the block's first row */
};

struct found {
	struct prop_group g;
	uint32_t in_group;
	struct prop_room *room;
	uint64_t packed;		/* bytes that unpacking makes */
	uint64_t value_n;
};

void prop_room_init(struct prop_room *r, struct mem *mem)
{
	*r = (struct prop_room){ .bytes.mem = mem, .labels.mem = mem, .props.mem = mem,
				 .places.mem = mem };
}

void prop_room_release(struct prop_room *r)
{
	buf_release(&r->bytes);
	buf_release(&r->labels);
	buf_release(&r->props);
	buf_release(&r->places);
	if (r->kept)
		buf_release(&r->kept->bytes);
	mem_free(r->bytes.mem, r->kept);
	r->kept = NULL;
}

static struct slot *slot_of(const struct found *f, const struct prop_block_disk *block)
{
	return &f->room->kept->slot[hash_u64((uintptr_t)block) & (SLOTS - 1)];
}

static bool is_kept(const struct found *f, const struct slot *s, const struct hit *h)
{
	return s->stamp == f->room->kept->stamp && s->block == h->block;
}

/* What is kept is of this group, or nothing is. */
static int keep_group(struct found *f)
{
	struct prop_room *room = f->room;
	struct prop_kept *k = room->kept;

	if (!k) {
		k = room->kept = mem_zalloc(room->bytes.mem, sizeof *k);
		if (!k)
			return ERR_MEMORY;
		k->bytes.mem = room->bytes.mem;
	} else if (k->segment == f->g.p->id && k->group == f->g.number &&
		   k->bytes.len <= KEPT_MOST) {
		return 0;
	}
	k->segment = f->g.p->id;
	k->group = f->g.number;
	k->stamp++;
	buf_clear(&k->bytes);
	return 0;
}

static int note_hit(struct found *f, struct hit *h)
{
	const struct slot *s = slot_of(f, h->block);
	int r = 0;

	h->known = is_kept(f, s, h);
	if (h->known) {
		h->stored = bytes_of(s->stored, s->stored ? s->raw_len : 0);
		h->raw_len = s->raw_len;
		h->off = s->off;
	} else {
		r = prop_block_stored(&f->g, h->block, &h->stored, &h->raw_len);
	}
	if (r < 0)
		return r;
	if (!h->known && h->stored.len < h->raw_len)
		f->packed += h->raw_len;
	f->value_n += h->n;
	return buf_add(&f->room->places, h, sizeof *h);
}

static int find_column(struct found *f, uint32_t i)
{
	struct hit h = {0};
	uint32_t rank, first;
	int r = prop_column_at(&f->g, i, &h.column);

	if (r == 0)
		r = prop_column_rank(&h.column, f->in_group, &rank);
	if (r <= 0)
		return r;
	r = prop_column_range(&h.column, rank, &first, &h.n);
	if (r == 0)
		r = prop_name_place(f->g.p, h.column.name, &h.place);
	if (r < 0)
		return r;
	h.block = &h.column.block[prop_block_of(h.column.block, h.column.block_n, first)];
	if (le32_get(h.block->first) > first)
		return prop_damaged(f->g.p, h.block, "a block begins too late");
	h.skip = first - le32_get(h.block->first);
	return note_hit(f, &h);
}

static int find_rest(struct found *f)
{
	struct hit h = {0};

	if (f->g.rest_n == 0)
		return 0;
	h.block = &f->g.rest[prop_block_of(f->g.rest, f->g.rest_n, f->in_group)];
	h.block_row = le32_get(h.block->first);
	return h.block_row > f->in_group ? 0 : note_hit(f, &h);
}

static int unpack(struct found *f, struct hit *h)
{
	struct buf *bytes = &f->room->kept->bytes;
	int r = prop_block_unpack(&f->g, h->stored, h->raw_len, bytes->ptr + bytes->len);

	h->off = (uint32_t)bytes->len;
	bytes->len += r == 0 ? h->raw_len : 0;
	return r;
}

/* Unpacks what is packed; every hit's bytes are then where they stay. */
static int bring(struct found *f)
{
	struct hit *h = (struct hit *)f->room->places.ptr;
	struct buf *bytes = &f->room->kept->bytes;
	size_t n = f->room->places.len / sizeof *h;
	int r = f->packed > UINT32_MAX - bytes->len ?
		err_set(ERR_MEMORY, "a row of more than 4 GiB") :
		buf_reserve(bytes, (size_t)f->packed);

	for (size_t i = 0; r == 0 && i < n; i++) {
		bool packed = h[i].stored.len < h[i].raw_len;

		if (!h[i].known && packed)
			r = unpack(f, &h[i]);
		if (r == 0 && !h[i].known)
			*slot_of(f, h[i].block) = (struct slot){
				.block = h[i].block, .stamp = f->room->kept->stamp,
				.stored = packed ? NULL : h[i].stored.ptr, .off = h[i].off,
				.raw_len = h[i].raw_len,
			};
		if (packed)
			h[i].stored = bytes_of(bytes->ptr + h[i].off, h[i].raw_len);
	}
	return r;
}

struct keyed {			/* a property on its way into order */
	struct property prop;
	uint64_t key;		/* place of its name, number */
};

int prop_room_add(struct prop_room *room, uint32_t place, const struct literal *value)
{
	struct keyed k = { .prop.value = *value };

	k.key = (uint64_t)place << 32 | (uint32_t)(room->props.len / sizeof k);
	return buf_add(&room->props, &k, sizeof k);
}

/* Where reading H begins: its first byte, or where an earlier row's values ended; what
 * is to be skipped from there. */
static const uint8_t *resume(const struct found *f, const struct hit *h, uint32_t *skip)
{
	const uint8_t *end = h->stored.ptr + h->stored.len;
	const struct slot *s = slot_of(f, h->block);
	uint64_t over = (uint64_t)h->skip * h->column.width;

	*skip = 0;
	if (h->column.width)
		return over > h->stored.len ? end : h->stored.ptr + over;
	*skip = h->skip;
	if (!is_kept(f, s, h) || s->skip > h->skip)
		return h->stored.ptr;
	*skip -= s->skip;
	return h->stored.ptr + s->at;
}

static int read_column(struct found *f, struct hit *h)
{
	const uint8_t *end = h->stored.ptr + h->stored.len, *at;
	struct slot *s = slot_of(f, h->block);
	struct literal value;
	uint32_t skip;
	int r = 0;

	at = resume(f, h, &skip);
	for (uint32_t i = 0; r == 0 && i < skip + h->n; i++) {
		size_t n = prop_value_get(&h->column, at, end, &value);

		/* integers that are all the base have no bytes */
		if (n == 0 && (h->column.form != PROP_INTEGERS || h->column.width))
			return prop_damaged(f->g.p, h->block, "a value longer than its block");
		at += n;
		if (i >= skip)
			r = prop_room_add(f->room, h->place, &value);
	}
	if (r == 0 && is_kept(f, s, h)) {
		s->skip = h->skip + h->n;
		s->at = (uint32_t)(at - h->stored.ptr);
	}
	return r;
}

static int read_record(struct found *f, struct prop_record *rec, const uint32_t *only)
{
	struct literal value;
	uint32_t id, place;
	int r;

	while ((r = prop_record_value(&f->g, rec, &id, &value)) > 0) {
		if (only && id != *only)
			continue;
		r = prop_name_place(f->g.p, id, &place);
		if (r == 0)
			r = prop_room_add(f->room, place, &value);
		if (r < 0)
			return r;
	}
	return r;
}

static int read_rest(struct found *f, const struct hit *h, const uint32_t *only)
{
	const uint8_t *at = h->stored.ptr, *end = at + h->stored.len;
	struct prop_record rec = { .row = h->block_row };
	struct slot *s = slot_of(f, h->block);
	bool kept = is_kept(f, s, h);
	int r;

	if (kept && s->at && s->skip < f->in_group) {
		at += s->at;
		rec.row = s->skip;
	}
	while ((r = prop_record_next(&f->g, &at, end, rec.row, &rec)) > 0) {
		if (rec.row > f->in_group)
			return 0;
		if (kept) {
			s->skip = rec.row;
			s->at = (uint32_t)(at - h->stored.ptr);
		}
		if (rec.row == f->in_group)
			return read_record(f, &rec, only);
	}
	return r;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct keyed *)a)->key, y = ((const struct keyed *)b)->key;

	return x < y ? -1 : x > y;
}

/* They move together, and each gets its name. */
int prop_room_name(struct prop *p, struct prop_room *room, struct prop_state *out)
{
	struct keyed *k = (struct keyed *)room->props.ptr;
	size_t n = room->props.len / sizeof *k, i = 1;
	struct property *to = (struct property *)room->props.ptr;
	struct prop_word_disk d;
	struct property one = {0};
	uint32_t before = 0;
	int r = 0;

	while (i < n && k[i - 1].key < k[i].key)
		i++;
	if (i < n)
		qsort(k, n, sizeof *k, by_key);
	for (i = 0; r == 0 && i < n; i++) {
		uint32_t place = (uint32_t)(k[i].key >> 32);

		one.value = k[i].prop.value;
		if (i == 0 || place != before) {
			r = prop_word(p, p->names, place, &d);
			if (r == 0)
				r = prop_word_text(p, &d, &one.name);
		}
		before = place;
		memcpy(&to[i], &one, sizeof one);
	}
	room->props.len = n * sizeof *to;
	out->prop = to;
	out->prop_n = (uint32_t)n;
	return r;
}

int prop_room_labels(const struct prop_group *g, uint32_t in_group, struct prop_room *room,
		     struct prop_state *out)
{
	struct prop_labels_at at;
	struct prop_label l;
	uint32_t place;
	int r = prop_group_labels(g, in_group, &at);

	while (r >= 0 && (r = prop_labels_next(g, &at, &place)) > 0) {
		r = prop_label_at(g->p, place, &l);
		if (r == 0)
			r = buf_add(&room->labels, &l.text, sizeof l.text);
	}
	out->label = (const struct bytes *)room->labels.ptr;
	out->label_n = (uint32_t)(room->labels.len / sizeof *out->label);
	return r;
}

static int take_props(struct found *f, const uint32_t *only, struct prop_state *out)
{
	struct hit *h;
	size_t n;
	int r = bring(f);

	h = (struct hit *)f->room->places.ptr;
	n = f->room->places.len / sizeof *h;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = h[i].column.g ? read_column(f, &h[i]) : read_rest(f, &h[i], only);
	return r < 0 ? r : prop_room_name(f->g.p, f->room, out);
}

/* 1 and the row's group, 0: it has nothing; OUT is empty. */
static int begin(struct found *f, struct prop *p, uint64_t row, struct prop_room *room,
		 struct prop_state *out)
{
	int r;

	*out = (struct prop_state){0};
	buf_clear(&room->labels);
	buf_clear(&room->props);
	buf_clear(&room->places);
	*f = (struct found){ .room = room };
	r = prop_group_of(p, row, &f->g);
	if (r <= 0)
		return r;
	f->in_group = (uint32_t)(row - f->g.first);
	r = keep_group(f);
	return r < 0 ? r : 1;
}

int prop_row(struct prop *p, uint64_t row, struct prop_room *room, struct prop_state *out)
{
	struct found f;
	int r = begin(&f, p, row, room, out);

	if (r <= 0)
		return r;
	r = prop_room_labels(&f.g, f.in_group, room, out);
	for (uint32_t i = 0; r >= 0 && i < f.g.column_n; i++)
		r = find_column(&f, i);
	if (r >= 0)
		r = find_rest(&f);
	return r < 0 ? r : take_props(&f, NULL, out);
}

int prop_values(struct prop *p, uint64_t row, uint32_t name, struct prop_room *room,
		struct prop_state *out)
{
	struct prop_word_disk d;
	struct found f;
	uint32_t id, i;
	int r;

	*out = (struct prop_state){0};
	if (name >= p->name_n)
		return err_set(ERR_BUG, "a name beyond the last");
	r = prop_word(p, p->names, name, &d);
	if (r < 0)
		return r;
	id = le32_get(d.id);
	r = begin(&f, p, row, room, out);
	if (r <= 0)
		return r;
	r = prop_column_find(&f.g, id, &i) ? find_column(&f, i) : find_rest(&f);
	return r < 0 ? r : take_props(&f, &id, out);
}

int prop_labels(struct prop *p, uint64_t row, struct prop_room *room, struct prop_state *out)
{
	struct found f;
	int r = begin(&f, p, row, room, out);

	return r <= 0 ? r : prop_room_labels(&f.g, f.in_group, room, out);
}

int prop_has_label(struct prop *p, uint64_t row, uint32_t label)
{
	struct prop_labels_at at;
	struct prop_group g;
	uint32_t place;
	int r = prop_group_of(p, row, &g);

	if (r > 0)
		r = prop_group_labels(&g, (uint32_t)(row - g.first), &at);
	else
		return r;
	while (r >= 0 && (r = prop_labels_next(&g, &at, &place)) > 0)
		if (place == label)
			return 1;
	return r;
}
