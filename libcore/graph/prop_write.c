/* graph/prop_write.c - rows in order become a segment
 *
 * Groups stream out as they are full; what is known only at the end - the order of
 * the names, which groups have them, which rows have a label - waits: names in a table
 * in memory, the rest sorted on disk when it is much.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/bits.h"
#include "graph/intern.h"
#include "graph/literal_code.h"
#include "graph/prop_write_inside.h"
#include "graph/sort.h"
#include "graph/spool.h"

#define CACHED 256u		/* names met lately; a power of two */
#define CACHED_LEN 122u		/* of a name, at most */
#define SORT_MOST (16u << 20)
#define LIST_HELD 8192u		/* ids of a list that are held; longer ones go through a spool */
#define TEXT_MOST 65535u	/* bytes of a name, as of a type */

struct cached {
	uint32_t id;
	uint8_t len;
	uint8_t text[CACHED_LEN];
};

struct words {			/* names, or labels */
	struct intern *intern;
	struct buf word;	/* struct prop_word, by id */
	struct sort *where;	/* id and group, or id and row */
	unsigned low_bits;	/* of the group or row in a record of it */
	struct cached *cached;
	/* at the end */
	struct buf disk, place;	/* by place; by id */
};

struct prop_writer {
	struct mem *mem;
	struct backend *backend;
	struct segment_writer *seg;
	struct prop_plan plan;
	struct words names, labels;
	struct prop_held held;
	struct prop_make make;
	struct spool *groups;		/* struct prop_at_disk */
	uint64_t group_n, added, value_n;
	uint64_t next;			/* rows before it are done */
	struct buf label_ids, ids, list;
	struct spool *longer;
	struct spool_reader longer_in;
};

/* --- opening and ending --- */

static int words_open(struct words *w, struct prop_writer *p, unsigned low_bits)
{
	struct sort_options o = {
		.backend = p->backend, .mem = p->mem, .given = low_bits,
		.words = low_bits > 32 ? 2 : 1, .bits = 32 + low_bits,
		.budget = mem_left(p->mem) / 16 < SORT_MOST ? mem_left(p->mem) / 16 : SORT_MOST,
	};
	int r;

	w->low_bits = low_bits;
	w->word.mem = w->disk.mem = w->place.mem = p->mem;
	w->cached = mem_zalloc(p->mem, CACHED * sizeof *w->cached);
	if (!w->cached)
		return ERR_MEMORY;
	r = intern_open(&w->intern, p->backend, 0, p->mem);
	return r < 0 ? r : sort_open(&w->where, &o);
}

static void words_release(struct words *w, struct mem *mem)
{
	intern_close(w->intern);
	sort_close(w->where);
	buf_release(&w->word);
	buf_release(&w->disk);
	buf_release(&w->place);
	mem_free(mem, w->cached);
}

static void buffers_of(struct prop_writer *w, struct mem *mem)
{
	struct prop_held *h = &w->held;
	struct prop_make *m = &w->make;

	h->values.mem = h->bytes.mem = h->touched.mem = h->sets.mem = h->set_bytes.mem = mem;
	m->out.mem = m->order.mem = m->raw.mem = m->packed.mem = m->blocks.mem = mem;
	m->rest.mem = m->rest_blocks.mem = m->record.mem = m->starts.mem = mem;
	w->label_ids.mem = w->ids.mem = w->list.mem = mem;
}

int prop_create(struct prop_writer **out, const struct prop_plan *p, struct backend *b,
		const uint8_t store_id[16], struct mem *mem)
{
	struct prop_writer *w = mem_zalloc(mem, sizeof *w);
	int r;

	if (!w)
		return ERR_MEMORY;
	w->mem = mem;
	w->backend = b;
	w->plan = *p;
	buffers_of(w, mem);
	r = words_open(&w->names, w, 32);
	if (r == 0)
		r = words_open(&w->labels, w, p->row_n ? bits_width(p->row_n - 1) : 0);
	if (r == 0)
		r = spool_open(&w->groups, b, 64u << 10, mem);
	if (r == 0)
		r = segment_create(&w->seg, b, SEGMENT_PROP, store_id, mem);
	if (r == 0)
		r = segment_begin(w->seg, PROP_DATA);
	if (r < 0) {
		prop_abort(w);
		return r;
	}
	*out = w;
	return 0;
}

void prop_abort(struct prop_writer *w)
{
	struct prop_held *h;

	if (!w)
		return;
	h = &w->held;
	segment_abort(w->seg);
	spool_end(&w->longer_in);
	spool_close(w->longer);
	spool_close(w->groups);
	words_release(&w->names, w->mem);
	words_release(&w->labels, w->mem);
	prop_group_release(&w->make);
	buf_release(&h->values);
	buf_release(&h->bytes);
	buf_release(&h->touched);
	buf_release(&h->sets);
	buf_release(&h->set_bytes);
	buf_release(&w->label_ids);
	buf_release(&w->ids);
	buf_release(&w->list);
	mem_free(w->mem, w);
}

/* --- names --- */

static struct cached *cached_for(const struct words *w, struct bytes text)
{
	le64 first = {0}, last = {0};
	size_t n = text.len < 8 ? text.len : 8;

	memcpy(&first, text.ptr, n);
	memcpy(&last, text.ptr + text.len - n, n);
	return &w->cached[hash_mix(le64_get(first) ^ 0x9e3779b97f4a7c15u,
				   le64_get(last) + text.len * 0xa0761d6478bd642fu) & (CACHED - 1)];
}

static struct prop_word *word_of(const struct words *w, uint32_t id)
{
	return (struct prop_word *)w->word.ptr + id;
}

static int new_id(struct words *w, struct bytes text, uint32_t *id)
{
	struct prop_word fresh = {0};
	uint64_t number;
	int r;

	if (text.len > TEXT_MOST)
		return err_set(ERR_TOO_BIG, "a name of %zu bytes, at most %u are possible: %s",
			       text.len, TEXT_MOST, bytes_show(text));
	r = intern_add(w->intern, text, &number);
	if (r < 0)
		return r;
	if (number >= PROP_REST)
		return err_set(ERR_TOO_BIG, "more than 2^32 names");
	*id = (uint32_t)number;
	return number * sizeof fresh < w->word.len ? 0 : buf_add(&w->word, &fresh, sizeof fresh);
}

static int id_of(struct words *w, struct bytes text, uint32_t *id)
{
	struct cached *c;
	int r;

	if (text.len == 0 || text.len > CACHED_LEN)
		return new_id(w, text, id);
	c = cached_for(w, text);
	if (c->len == text.len && !memcmp(c->text, text.ptr, text.len)) {
		*id = c->id;
		return 0;
	}
	r = new_id(w, text, id);
	if (r == 0) {
		c->id = *id;
		c->len = (uint8_t)text.len;
		memcpy(c->text, text.ptr, text.len);
	}
	return r;
}

static int note_where(struct words *w, uint32_t id, uint64_t low)
{
	return sort_add(w->where, (sort_key)id << w->low_bits | low);
}

/* --- rows --- */

static int end_names(struct prop_writer *w)
{
	const uint32_t *id = (const uint32_t *)w->held.touched.ptr;
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->held.touched.len / sizeof *id; i++) {
		struct prop_word *word = word_of(&w->names, id[i]);

		word->row_n += word->row_count;
		word->value_n += word->value_count;
		word->row_count = word->value_count = 0;
		word->list_n++;
		r = note_where(&w->names, id[i], w->group_n);
	}
	return r;
}

static int end_group(struct prop_writer *w)
{
	struct prop_held *h = &w->held;
	struct prop_at_disk at = { le64_of(h->first), le64_of(segment_offset(w->seg)) };
	int r;

	if (h->row_n == 0)
		return 0;
	if (w->group_n >= UINT32_MAX)
		return err_set(ERR_TOO_BIG, "properties of more than 2^32 groups of rows");
	r = prop_group_make(&w->make, h, (struct prop_word *)w->names.word.ptr);
	if (r == 0)
		r = segment_write(w->seg, w->make.out.ptr, w->make.out.len);
	if (r == 0)
		r = spool_add(w->groups, &at, sizeof at);
	if (r == 0)
		r = end_names(w);
	w->group_n++;
	h->row_n = 0;
	return r;
}

static int begin_group(struct prop_writer *w, uint64_t row)
{
	static const struct prop_set empty = { .len = 1 };
	struct prop_held *h = &w->held;
	int r;

	h->first = row;
	h->span = 0;
	buf_clear(&h->values);
	buf_clear(&h->bytes);
	buf_clear(&h->touched);
	buf_clear(&h->sets);
	buf_clear(&h->set_bytes);
	memset(h->set_of, 0, sizeof h->set_of);
	r = buf_add_byte(&h->set_bytes, 0);
	return r < 0 ? r : buf_add(&h->sets, &empty, sizeof empty);
}

/* The set whose bytes are at the end of set_bytes, from OFF on: it or an equal one. */
static int take_set(struct prop_held *h, uint32_t off, uint16_t *out)
{
	struct prop_set fresh = { .off = off, .len = (uint32_t)(h->set_bytes.len - off) };
	const struct prop_set *set = (const struct prop_set *)h->sets.ptr;
	size_t n = h->sets.len / sizeof *set;
	const uint8_t *bytes = h->set_bytes.ptr;

	fresh.hash = hash64(0, bytes + off, fresh.len);
	for (size_t i = n - 1; i > 0; i--)
		if (set[i].hash == fresh.hash && set[i].len == fresh.len &&
		    !memcmp(bytes + set[i].off, bytes + off, fresh.len)) {
			h->set_bytes.len = off;
			*out = (uint16_t)i;
			return 0;
		}
	*out = (uint16_t)n;
	return buf_add(&h->sets, &fresh, sizeof fresh);
}

static int add_labels(struct prop_writer *w, uint64_t row, const struct prop_state *s)
{
	struct prop_held *h = &w->held;
	uint32_t off = (uint32_t)h->set_bytes.len, id;
	uint8_t head[VARINT_MAX];
	int r;

	if (s->label_n == 0)
		return 0;
	r = buf_add(&h->set_bytes, head, varint_put(head, s->label_n));
	for (uint32_t i = 0; r == 0 && i < s->label_n; i++) {
		if (i && bytes_cmp(s->label[i - 1], s->label[i]) >= 0)
			return err_set(ERR_BUG, "labels out of order");
		r = id_of(&w->labels, s->label[i], &id);
		if (r == 0)
			r = note_where(&w->labels, id, row);
		if (r < 0)
			return r;
		word_of(&w->labels, id)->row_n++;
		word_of(&w->labels, id)->list_n++;
		r = buf_add(&h->set_bytes, head, varint_put(head, id));
	}
	return r < 0 ? r : take_set(h, off, &h->set_of[row - h->first]);
}

static int hold_value(struct prop_held *h, const struct literal *l, struct prop_value *v)
{
	size_t off = h->bytes.len;
	int r;

	v->kind = (uint8_t)l->kind;
	v->plain = l->graph.len == 0;
	if (l->kind < LITERAL_BOOL || l->kind > LITERAL_TYPED ||
	    ((l->kind == LITERAL_LANG || l->kind == LITERAL_TYPED) && l->extra.len == 0))
		return err_set(ERR_BUG, "a literal of no kind");
	if (prop_is_inline(v)) {
		if (l->kind == LITERAL_DOUBLE)
			v->r = l->r;
		else
			v->i = l->kind == LITERAL_BOOL ? l->b : l->i;
		return 0;
	}
	r = literal_encode(&h->bytes, l);
	if (r == 0 && h->bytes.len > UINT32_MAX)
		r = err_set(ERR_TOO_BIG, "the properties of a row: over 4 GiB");
	v->off = (uint32_t)off;
	v->len = (uint32_t)(h->bytes.len - off);
	return r;
}

static int add_value(struct prop_writer *w, uint32_t in_group, const struct property *p)
{
	struct prop_held *h = &w->held;
	struct prop_value v = { .row = (uint16_t)in_group };
	struct prop_word *word;
	int r = id_of(&w->names, p->name, &v.name);

	if (r == 0)
		r = hold_value(h, &p->value, &v);
	if (r < 0)
		return r;
	word = word_of(&w->names, v.name);
	if (word->value_count == 0 && (r = buf_add(&h->touched, &v.name, sizeof v.name)) < 0)
		return r;
	if (word->value_count == 0 || word->last_row != in_group)
		word->row_count++;
	word->value_count++;
	word->last_row = in_group;
	word->kinds |= 1u << literal_meant(&p->value);
	w->value_n++;
	return buf_add(&h->values, &v, sizeof v);
}

int prop_add(struct prop_writer *w, uint64_t row, const struct prop_state *s)
{
	struct prop_held *h = &w->held;
	uint32_t in_group;
	int r = 0;

	if (row < w->next || row >= w->plan.row_n)
		return err_set(ERR_BUG, "rows of properties out of order");
	w->next = row + 1;
	if (s->label_n == 0 && s->prop_n == 0)
		return 0;
	if (h->row_n && (row - h->first >= PROP_SPAN ||
			 h->bytes.len + h->values.len > PROP_HELD))
		r = end_group(w);
	if (r == 0 && h->row_n == 0)
		r = begin_group(w, row);
	if (r < 0)
		return r;
	in_group = (uint32_t)(row - h->first);
	h->span = in_group + 1;
	h->row_n++;
	w->added++;
	r = add_labels(w, row, s);
	for (uint32_t i = 0; r == 0 && i < s->prop_n; i++) {
		if (i && bytes_cmp(s->prop[i - 1].name, s->prop[i].name) > 0)
			return err_set(ERR_BUG, "names of properties out of order");
		r = add_value(w, in_group, &s->prop[i]);
	}
	return r;
}

/* --- lists --- */

static int longer_rewind(void *ctx)
{
	struct prop_writer *w = ctx;

	spool_end(&w->longer_in);
	return spool_begin(&w->longer_in, w->longer, 0, spool_bytes(w->longer), 64u << 10);
}

static int longer_next(void *ctx, uint64_t *ids, unsigned n)
{
	struct prop_writer *w = ctx;
	int r = spool_read(&w->longer_in, ids, n * sizeof *ids);

	return r == 0 ? err_set(ERR_BUG, "a spool ends early") : r < 0 ? r : 0;
}

static int longer_write(void *ctx, const void *ptr, size_t len)
{
	struct prop_writer *w = ctx;

	return segment_write(w->seg, ptr, len);
}

/* N of the ids that come next: held, or in the spool. */
static int take_ids(struct prop_writer *w, struct words *of, uint64_t n, bool hold)
{
	sort_key key, mask = ((sort_key)1 << of->low_bits) - 1;
	uint64_t id;
	int r = 1;

	buf_clear(&w->ids);
	for (uint64_t i = 0; r >= 0 && i < n; i++) {
		r = sort_next(of->where, &key);
		if (r <= 0)
			return r < 0 ? r : err_set(ERR_BUG, "a list ends early");
		id = (uint64_t)(key & mask);
		r = hold ? buf_add(&w->ids, &id, sizeof id) : spool_add(w->longer, &id, sizeof id);
	}
	return r < 0 ? r : 0;
}

static int put_short(struct prop_writer *w, uint64_t n, uint64_t *len)
{
	int r = buf_reserve(&w->list, LIST_BYTES_MAX(n));

	if (r < 0)
		return r;
	*len = list_encode(w->list.ptr, 0, (const uint64_t *)w->ids.ptr, n);
	return segment_write(w->seg, w->list.ptr, *len);
}

static int put_longer(struct prop_writer *w, uint64_t n, uint64_t *len)
{
	struct list_long l = { .node = 0, .n = n, .rewind = longer_rewind, .next = longer_next,
			       .write = longer_write, .ctx = w, .mem = w->mem };
	int r = list_encode_long(&l, len);

	spool_end(&w->longer_in);
	spool_close(w->longer);
	w->longer = NULL;
	return r;
}

static int put_lists(struct prop_writer *w, struct words *of)
{
	uint32_t n = (uint32_t)(of->word.len / sizeof(struct prop_word));
	int r = sort_finish(of->where);

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct prop_word *word = word_of(of, i);
		bool hold = word->list_n <= LIST_HELD;

		word->list_off = segment_offset(w->seg);
		if (!hold)
			r = spool_open(&w->longer, w->backend, 64u << 10, w->mem);
		if (r == 0)
			r = take_ids(w, of, word->list_n, hold);
		if (r == 0)
			r = hold ? put_short(w, word->list_n, &word->list_len) :
				put_longer(w, word->list_n, &word->list_len);
	}
	sort_close(of->where);
	of->where = NULL;
	return r;
}

/* --- tables --- */

/* The texts go out in their order; what is said of each waits. */
static int put_texts(struct prop_writer *w, struct words *of)
{
	uint32_t place = 0, n = (uint32_t)(of->word.len / sizeof(struct prop_word));
	struct bytes text;
	uint64_t id;
	int r = intern_finish(of->intern);

	if (r == 0)
		r = buf_reserve(&of->place, n * sizeof(le32));
	while (r >= 0 && (r = intern_next(of->intern, &text, &id)) > 0) {
		const struct prop_word *word = word_of(of, (uint32_t)id);
		struct prop_word_disk d = {
			.text_off = le64_of(segment_offset(w->seg)),
			.text_len = le32_of((uint32_t)text.len), .id = le32_of((uint32_t)id),
			.row_n = le64_of(word->row_n), .value_n = le64_of(word->value_n),
			.kinds = le32_of(word->kinds), .list_off = le64_of(word->list_off),
			.list_len = le64_of(word->list_len), .list_n = le64_of(word->list_n),
		};

		((le32 *)of->place.ptr)[id] = le32_of(place++);
		r = segment_write(w->seg, text.ptr, text.len);
		if (r == 0)
			r = buf_add(&of->disk, &d, sizeof d);
	}
	of->place.len = n * sizeof(le32);
	return r;
}

static int put_section(struct prop_writer *w, uint32_t tag, const struct buf *b)
{
	int r = segment_begin(w->seg, tag);

	return r < 0 ? r : segment_write(w->seg, b->ptr, b->len);
}

static int put_groups(struct prop_writer *w, uint64_t data_len)
{
	struct prop_at_disk at;
	struct spool_reader in;
	int r = segment_begin(w->seg, PROP_GROUPS);

	if (r < 0)
		return r;
	r = spool_begin(&in, w->groups, 0, spool_bytes(w->groups), 64u << 10);
	while (r >= 0 && (r = spool_read(&in, &at, sizeof at)) > 0)
		r = segment_write(w->seg, &at, sizeof at);
	spool_end(&in);
	if (r < 0)
		return r;
	at.row = le64_of(w->plan.row_n);
	at.off = le64_of(data_len);
	return segment_write(w->seg, &at, sizeof at);
}

static int put_tables(struct prop_writer *w)
{
	static const uint8_t slack[LIST_SLACK];
	int r = segment_begin(w->seg, PROP_LISTS);

	if (r == 0)
		r = put_lists(w, &w->names);
	if (r == 0)
		r = put_lists(w, &w->labels);
	if (r == 0)
		r = segment_write(w->seg, slack, sizeof slack);
	if (r == 0)
		r = segment_begin(w->seg, PROP_TEXT);
	if (r == 0)
		r = put_texts(w, &w->names);
	if (r == 0)
		r = put_texts(w, &w->labels);
	if (r == 0)
		r = put_section(w, PROP_NAMES, &w->names.disk);
	if (r == 0)
		r = put_section(w, PROP_NAME_PLACES, &w->names.place);
	if (r == 0)
		r = put_section(w, PROP_LABELS, &w->labels.disk);
	return r < 0 ? r : put_section(w, PROP_LABEL_PLACES, &w->labels.place);
}

static int put_meta(struct prop_writer *w)
{
	struct prop_meta_disk m = {
		.role = le32_of(w->plan.role), .row_n = le64_of(w->plan.row_n),
		.added = le64_of(w->added), .group_n = le64_of(w->group_n),
		.name_n = le32_of((uint32_t)(w->names.word.len / sizeof(struct prop_word))),
		.label_n = le32_of((uint32_t)(w->labels.word.len / sizeof(struct prop_word))),
		.value_n = le64_of(w->value_n),
	};

	return segment_meta(w->seg, &m, sizeof m);
}

int prop_finish(struct prop_writer *w, struct segment_ref *ref)
{
	int r = end_group(w);

	if (r == 0)
		r = put_groups(w, segment_offset(w->seg));
	if (r == 0)
		r = put_tables(w);
	if (r == 0)
		r = put_meta(w);
	if (r == 0) {
		r = segment_finish(w->seg, ref);
		w->seg = NULL;
	}
	prop_abort(w);
	return r;
}

/* --- a copy --- */

#define COPIED (1u << 20)

static int copy_section(struct segment_writer *w, struct segment *from, uint32_t tag)
{
	struct bytes b = segment_section(from, tag);
	int r = segment_begin(w, tag);

	for (size_t at = 0; r == 0 && at < b.len; at += COPIED) {
		size_t n = b.len - at < COPIED ? b.len - at : COPIED;

		r = segment_check(from, b.ptr + at, n);
		if (r == 0)
			r = segment_write(w, b.ptr + at, n);
	}
	return r;
}

int prop_copy(struct prop *p, struct backend *b, const uint8_t store_id[16], struct mem *mem,
	      struct segment_ref *ref)
{
	struct bytes meta = segment_get_meta(prop_segment(p));
	struct segment_writer *w;
	int r = segment_create(&w, b, SEGMENT_PROP, store_id, mem);

	if (r < 0)
		return r;
	for (uint32_t tag = PROP_DATA; r == 0 && tag <= PROP_LISTS; tag++)
		r = copy_section(w, prop_segment(p), tag);
	if (r == 0)
		r = segment_meta(w, meta.ptr, meta.len);
	if (r == 0)
		return segment_finish(w, ref);
	segment_abort(w);
	return r;
}
