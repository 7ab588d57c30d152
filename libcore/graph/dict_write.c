/* graph/dict_write.c - a dictionary from keys in order
 *
 * The keys stream into one section; what is found while they pass (ranks, page
 * offsets) waits in a spool for the next.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/dict.h"
#include "graph/bits.h"
#include "graph/dict_disk.h"
#include "graph/sort.h"
#include "graph/spool.h"

struct dict_writer {
	struct mem *mem;
	struct segment_writer *seg;
	struct dict_plan plan;
	enum dict_form form;
	struct spool *index;		/* le64: ranks or page offsets */
	uint64_t key_n, last;
	uint64_t word, word_n;		/* of the bitmap, open and written */
	struct buf before, row;		/* the key before, the row being made */
};

enum dict_form dict_form_for(const struct dict_plan *p)
{
	uint64_t span = p->last - p->first;

	if (p->strings)
		return DICT_FORM_STRINGS;
	if (p->key_n == 0 || span == p->key_n - 1)
		return DICT_FORM_RANGE;
	/* bits and a rank of 64 for 512 of them, against 64 bits a key */
	return span / 64 < p->key_n - p->key_n / 8 ? DICT_FORM_BITMAP : DICT_FORM_NUMBERS;
}

static const uint32_t data_section[] = {
	[DICT_FORM_BITMAP] = DICT_BITS,
	[DICT_FORM_NUMBERS] = DICT_NUMBERS,
	[DICT_FORM_STRINGS] = DICT_STRINGS,
};

static int index_add(struct dict_writer *w, uint64_t v)
{
	le64 d = le64_of(v);

	return spool_add(w->index, &d, sizeof d);
}

int dict_create(struct dict_writer **out, const struct dict_plan *p,
		struct backend *b, const uint8_t store_id[16], struct mem *mem)
{
	struct dict_writer *w = mem_zalloc(mem, sizeof *w);
	int r;

	if (!w)
		return ERR_MEMORY;
	w->mem = w->before.mem = w->row.mem = mem;
	w->plan = *p;
	w->form = dict_form_for(p);
	r = spool_open(&w->index, b, 64u << 10, mem);
	if (r == 0)
		r = segment_create(&w->seg, b, SEGMENT_DICT, store_id, mem);
	if (r == 0 && w->form != DICT_FORM_RANGE)
		r = segment_begin(w->seg, data_section[w->form]);
	if (r < 0) {
		dict_abort(w);
		return r;
	}
	*out = w;
	return 0;
}

void dict_abort(struct dict_writer *w)
{
	if (!w)
		return;
	segment_abort(w->seg);
	spool_close(w->index);
	buf_release(&w->before);
	buf_release(&w->row);
	mem_free(w->mem, w);
}

static int put_word(struct dict_writer *w)
{
	le64 d = le64_of(w->word);
	int r = segment_write(w->seg, &d, sizeof d);

	w->word = 0;
	w->word_n++;
	return r;
}

/* Words up to that of bit AT are closed; a group's rank is noted as it begins. */
static int bits_to(struct dict_writer *w, uint64_t at)
{
	int r = 0;

	while (r == 0 && w->word_n < at / 64) {
		r = put_word(w);
		if (r == 0 && w->word_n % DICT_GROUP == 0)
			r = index_add(w, w->key_n);
	}
	return r;
}

static int add_bit(struct dict_writer *w, uint64_t bit)
{
	int r = w->key_n == 0 ? index_add(w, 0) : 0;

	if (r == 0)
		r = bits_to(w, bit);
	w->word |= 1ull << (bit & 63);
	return r;
}

int dict_add_number(struct dict_writer *w, uint64_t key)
{
	le64 d = le64_of(key);
	int r = 0;

	if ((w->key_n && key <= w->last) || key < w->plan.first || key > w->plan.last ||
	    w->form == DICT_FORM_STRINGS)
		return err_set(ERR_BUG, "dictionary keys out of order");
	if (w->form == DICT_FORM_BITMAP)
		r = add_bit(w, key - w->plan.first);
	else if (w->form == DICT_FORM_NUMBERS)
		r = segment_write(w->seg, &d, sizeof d);
	w->last = key;
	w->key_n++;
	return r;
}

int dict_add_string(struct dict_writer *w, struct bytes key)
{
	struct bytes before = buf_bytes(&w->before);
	uint8_t head[2 * VARINT_MAX];
	size_t shared = 0, n;
	int r = 0;

	if (w->form != DICT_FORM_STRINGS || (w->key_n && bytes_cmp(before, key) >= 0))
		return err_set(ERR_BUG, "dictionary keys out of order");
	if (w->key_n % DICT_PAGE_KEYS == 0)
		r = index_add(w, segment_offset(w->seg));
	else
		shared = bytes_common(before, key);
	n = varint_put(head, shared);
	n += varint_put(head + n, key.len - shared);
	buf_clear(&w->row);
	if (r < 0 || (r = buf_add(&w->row, head, n)) < 0 ||
	    (r = buf_add(&w->row, key.ptr + shared, key.len - shared)) < 0)
		return r;
	w->before.len = shared;
	if ((r = buf_add(&w->before, key.ptr + shared, key.len - shared)) < 0)
		return r;
	w->key_n++;
	return segment_write(w->seg, w->row.ptr, w->row.len);
}

/* The data section is complete: the last word, the last entry of the index. */
static int end_data(struct dict_writer *w)
{
	int r = 0;

	if (w->form == DICT_FORM_BITMAP) {
		r = put_word(w);
		while (r == 0 && w->word_n % DICT_GROUP)
			r = put_word(w);	/* whole groups: no reader's special case */
		return r < 0 ? r : index_add(w, w->key_n);
	}
	if (w->form == DICT_FORM_STRINGS)
		return index_add(w, segment_offset(w->seg));
	return 0;
}

static int copy_index(struct dict_writer *w, uint32_t tag)
{
	struct spool_reader r;
	uint8_t d[8];
	int ret = segment_begin(w->seg, tag);

	if (ret < 0)
		return ret;
	ret = spool_begin(&r, w->index, 0, spool_bytes(w->index), 64u << 10);
	while (ret >= 0 && (ret = spool_read(&r, d, sizeof d)) > 0)
		ret = segment_write(w->seg, d, sizeof d);
	spool_end(&r);
	return ret;
}

static int put_types(struct dict_writer *w, const struct bytes *type, uint64_t type_n)
{
	uint64_t off = 0;
	int r = segment_begin(w->seg, DICT_TYPES);

	for (uint64_t i = 0; i <= type_n && r == 0; i++) {
		le64 d = le64_of(off);

		r = segment_write(w->seg, &d, sizeof d);
		off += i < type_n ? type[i].len : 0;
	}
	if (r == 0)
		r = segment_begin(w->seg, DICT_NAMES);
	for (uint64_t i = 0; i < type_n && r == 0; i++)
		r = segment_write(w->seg, type[i].ptr, type[i].len);
	return r;
}

static int put_meta(struct dict_writer *w, uint64_t type_n)
{
	struct dict_meta_disk m = {0};

	if (!w->plan.strings && w->key_n != w->plan.key_n)
		return err_set(ERR_BUG, "fewer dictionary keys than planned");
	m.form = le32_of(w->form);
	m.key_n = le64_of(w->key_n);
	m.type_n = le64_of(type_n);
	m.first = le64_of(w->key_n ? w->plan.first : 0);
	m.last = le64_of(w->key_n ? w->plan.last : 0);
	return segment_meta(w->seg, &m, sizeof m);
}

int dict_finish(struct dict_writer *w, const struct bytes *type, uint64_t type_n,
		struct segment_ref *ref)
{
	int r = end_data(w);

	if (r == 0 && w->form == DICT_FORM_BITMAP)
		r = copy_index(w, DICT_RANKS);
	if (r == 0 && w->form == DICT_FORM_STRINGS)
		r = copy_index(w, DICT_PAGES);
	if (r == 0)
		r = put_types(w, type, type_n);
	if (r == 0)
		r = put_meta(w, type_n);
	if (r == 0) {
		r = segment_finish(w->seg, ref);
		w->seg = NULL;
	}
	dict_abort(w);
	return r;
}

/* --- in another order --- */

#define COPIED (1u << 20)

static int copy_section(struct segment_writer *w, struct segment *from, uint32_t tag)
{
	struct bytes b = segment_section(from, tag);
	int r = b.ptr ? segment_begin(w, tag) : 0;

	for (size_t at = 0; r == 0 && at < b.len; at += COPIED) {
		size_t n = b.len - at < COPIED ? b.len - at : COPIED;

		r = segment_check(from, b.ptr + at, n);
		if (r == 0)
			r = segment_write(w, b.ptr + at, n);
	}
	return r;
}

struct array {			/* of packed numbers, on its way into a section */
	struct segment_writer *seg;
	struct bits bits;
	unsigned width, len;
	uint8_t chunk[4096 + 8];
};

static int array_begin(struct array *a, struct segment_writer *seg, uint32_t tag, uint64_t n)
{
	*a = (struct array){ .seg = seg, .width = n ? bits_width(n - 1) : 0 };
	return a->width > BITS_MOST ? err_set(ERR_BUG, "too many nodes to order") :
		segment_begin(seg, tag);
}

static int array_put(struct array *a, uint64_t v)
{
	unsigned len;

	a->len += bits_put(&a->bits, a->chunk + a->len, v, a->width);
	if (a->len < sizeof a->chunk - 8)
		return 0;
	len = a->len;
	a->len = 0;
	return segment_write(a->seg, a->chunk, len);
}

static int array_end(struct array *a)
{
	a->len += bits_end(&a->bits, a->chunk + a->len);
	return segment_write(a->seg, a->chunk, a->len);
}

/* DICT_PLACES as they come; (place, id) of each to be sorted. */
static int put_places(struct segment_writer *w, uint64_t n, struct sort *places,
		      struct sort *turned)
{
	struct array a;
	sort_key key;
	int r = array_begin(&a, w, DICT_PLACES, n);

	for (uint64_t id = 0; r == 0 && id < n; id++) {
		r = sort_next(places, &key);
		if (r == 0 || (r > 0 && (uint64_t)key >= n))
			return err_set(ERR_BUG, "an order of other nodes");
		if (r > 0)
			r = array_put(&a, (uint64_t)key);
		if (r == 0)
			r = sort_add(turned, (sort_key)(uint64_t)key << 64 | id);
	}
	return r < 0 ? r : array_end(&a);
}

static int put_ids(struct segment_writer *w, uint64_t n, struct sort *turned)
{
	struct array a;
	sort_key key;
	int r = array_begin(&a, w, DICT_IDS, n);

	for (uint64_t place = 0; r == 0 && place < n; place++) {
		r = sort_next(turned, &key);
		if (r == 0 || (r > 0 && (uint64_t)(key >> 64) != place))
			return err_set(ERR_BUG, "a place twice in an order");
		if (r > 0)
			r = array_put(&a, (uint64_t)key);
	}
	return r < 0 ? r : array_end(&a);
}

static int put_order(struct segment_writer *w, uint64_t n, struct sort *places, size_t budget,
		     struct backend *b, struct mem *mem)
{
	const struct sort_options o = {
		.backend = b, .mem = mem, .budget = budget, .words = 2, .bits = 128,
		.given = 64, .most = n,
	};
	struct sort *turned = NULL;
	int r = sort_open(&turned, &o);

	if (r == 0)
		r = put_places(w, n, places, turned);
	if (r == 0)
		r = sort_finish(turned);
	if (r == 0)
		r = put_ids(w, n, turned);
	sort_close(turned);
	return r;
}

/* What all copies share: sections up to LAST, and META with its order changed. */
static int copy(struct dict *d, struct segment_writer *w, enum dict_order order, uint32_t last)
{
	struct bytes meta = segment_get_meta(dict_segment(d));
	struct dict_meta_disk m;
	int r = 0;

	for (uint32_t tag = 1; tag <= last && r == 0; tag++)
		r = copy_section(w, dict_segment(d), tag);
	memcpy(&m, meta.ptr, sizeof m);
	m.order = le32_of(order);
	return r < 0 ? r : segment_meta(w, &m, sizeof m);
}

static int end_copy(struct segment_writer *w, int r, struct segment_ref *ref)
{
	if (r == 0)
		return segment_finish(w, ref);
	segment_abort(w);
	return r;
}

int dict_reorder(struct dict *d, enum dict_order order, struct sort *places, size_t budget,
		 struct backend *b, const uint8_t store_id[16], struct mem *mem,
		 struct segment_ref *ref)
{
	struct segment_writer *w = NULL;
	int r = segment_create(&w, b, SEGMENT_DICT, store_id, mem);

	if (r < 0)
		return r;
	r = copy(d, w, order, DICT_NAMES);
	if (r == 0 && order != DICT_BY_KEY)
		r = put_order(w, dict_key_n(d), places, budget, b, mem);
	return end_copy(w, r, ref);
}

int dict_copy(struct dict *d, struct backend *b, const uint8_t store_id[16],
	      struct mem *mem, struct segment_ref *ref)
{
	struct segment_writer *w = NULL;
	int r = segment_create(&w, b, SEGMENT_DICT, store_id, mem);

	return r < 0 ? r : end_copy(w, copy(d, w, dict_order(d), DICT_IDS), ref);
}
