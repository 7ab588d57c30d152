/* graph/dict.c - keys to ids and back, in place
 *
 * Every array is reached through `at64` and `page_key`, which check the pages
 * under what they touch and the lengths they read; section lengths were compared
 * with the counts when the dictionary was opened.
 */
#include "graph/dict.h"

#include <inttypes.h>
#include <string.h>

#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"
#include "graph/bits.h"
#include "graph/dict_disk.h"
#include "graph/dict_more.h"
#include "graph/text/text.h"

struct dict {
	struct mem *mem;
	struct segment *seg;
	enum dict_form form;
	uint64_t key_n, type_n, first, last;
	uint64_t page_n;		/* of strings; groups of a bitmap */
	uint64_t per_key;		/* groups a key, a fraction of 2^64 */
	struct bytes data, index, types, names;
	enum dict_order order;
	unsigned order_bits;
	struct bytes places, ids;
	struct buf key;			/* the one being decoded */
	struct dict_more *more;		/* what came since; or NULL */
};

static int damaged(const struct dict *d, const void *at, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": dictionary: %s",
		       segment_path(d->seg), segment_file_off(d->seg, at), what);
}

static int damaged_head(const struct dict *d, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: dictionary: %s", segment_path(d->seg), what);
}

/* Element I of an array of le64. */
static int at64(struct dict *d, struct bytes array, uint64_t i, uint64_t *out)
{
	const uint8_t *at = array.ptr + 8 * i;
	int r = segment_check(d->seg, at, 8);

	if (r < 0)
		return r;
	*out = le64_get(*(const le64 *)at);
	return 0;
}

static bool holds64(struct bytes section, uint64_t n)
{
	return section.len / 8 == n && section.len % 8 == 0;
}

/* Groups a key, as a 64-bit fraction. */
static uint64_t per_key(uint64_t page_n, uint64_t key_n)
{
	return page_n >= key_n ? UINT64_MAX : (uint64_t)(((unsigned __int128)page_n << 64) / key_n);
}

static int open_form(struct dict *d)
{
	uint64_t span = d->last - d->first;

	switch (d->form) {
	case DICT_FORM_RANGE:
		return d->key_n == 0 || span == d->key_n - 1;
	case DICT_FORM_BITMAP:
		d->data = segment_section(d->seg, DICT_BITS);
		d->index = segment_section(d->seg, DICT_RANKS);
		d->page_n = span / (64 * DICT_GROUP) + 1;
		d->per_key = per_key(d->page_n, d->key_n);
		return d->first <= d->last && d->key_n - 1 <= span &&
			holds64(d->data, d->page_n * DICT_GROUP) &&
			holds64(d->index, d->page_n + 1);
	case DICT_FORM_NUMBERS:
		d->data = segment_section(d->seg, DICT_NUMBERS);
		return holds64(d->data, d->key_n);
	case DICT_FORM_STRINGS:
		d->data = segment_section(d->seg, DICT_STRINGS);
		d->index = segment_section(d->seg, DICT_PAGES);
		d->page_n = d->key_n / DICT_PAGE_KEYS + (d->key_n % DICT_PAGE_KEYS != 0);
		return holds64(d->index, d->page_n + 1) && d->data.len / 2 >= d->key_n;
	}
	return 0;
}

static bool open_order(struct dict *d)
{
	uint64_t len;

	if (d->order == DICT_BY_KEY)
		return true;
	d->order_bits = d->key_n ? bits_width(d->key_n - 1) : 0;
	len = bits_bytes(d->key_n, d->order_bits);
	d->places = segment_section(d->seg, DICT_PLACES);
	d->ids = segment_section(d->seg, DICT_IDS);
	return d->order_bits <= BITS_MOST && d->places.len == len && d->ids.len == len;
}

static int open_meta(struct dict *d)
{
	static const uint8_t zero[sizeof(struct dict_meta_disk)];
	struct bytes meta = segment_get_meta(d->seg);
	struct dict_meta_disk m;

	if (meta.len < sizeof m)
		return damaged_head(d, "its superblock is too short");
	memcpy(&m, meta.ptr, sizeof m);
	if (le32_get(m.form) > DICT_FORM_STRINGS)
		return err_set(ERR_NEWER, "%s: a dictionary of form %" PRIu32,
			       segment_path(d->seg), le32_get(m.form));
	if (le32_get(m.order) > DICT_BY_DEGREE)
		return err_set(ERR_NEWER, "%s: a dictionary in an order %" PRIu32,
			       segment_path(d->seg), le32_get(m.order));
	d->form = (enum dict_form)le32_get(m.form);
	d->order = (enum dict_order)le32_get(m.order);
	d->key_n = le64_get(m.key_n);
	d->type_n = le64_get(m.type_n);
	d->first = le64_get(m.first);
	d->last = le64_get(m.last);
	d->types = segment_section(d->seg, DICT_TYPES);
	d->names = segment_section(d->seg, DICT_NAMES);
	if (memcmp(m.zero_too, zero, sizeof m.zero_too))
		return damaged_head(d, "a field that must be zero is not");
	if (d->type_n >= UINT32_MAX || !holds64(d->types, d->type_n + 1) || !open_form(d) ||
	    !open_order(d))
		return damaged_head(d, "its counts and its sections disagree");
	return 0;
}

int dict_open(struct dict **out, struct backend *b, const struct segment_ref *ref,
	      const uint8_t store_id[16], struct mem *mem)
{
	struct dict *d = mem_zalloc(mem, sizeof *d);
	int r;

	if (!d)
		return ERR_MEMORY;
	d->mem = d->key.mem = mem;
	r = segment_open(&d->seg, b, ref, store_id, mem);
	if (r == 0)
		r = open_meta(d);
	if (r < 0) {
		dict_close(d);
		return r;
	}
	*out = d;
	return 0;
}

void dict_close(struct dict *d)
{
	if (!d)
		return;
	segment_close(d->seg);
	more_free(d->more);
	buf_release(&d->key);
	mem_free(d->mem, d);
}

void dict_take(struct dict *d, struct dict_more *m)
{
	d->more = m;
}

struct dict_more *dict_changes(const struct dict *d)
{
	return d->more;
}

struct mem *dict_mem(const struct dict *d)
{
	return d->mem;
}

enum dict_form dict_stored_form(const struct dict *d)
{
	return d->form;
}

bool dict_mixed(const struct dict *d)
{
	return d->more && d->more->number && d->more->number_n < d->more->new_n;
}

enum dict_form dict_form(const struct dict *d)
{
	return dict_mixed(d) ? DICT_FORM_STRINGS : d->form;
}

const char *dict_form_name(enum dict_form form)
{
	static const char *const names[] = {
		[DICT_FORM_RANGE] = "range", [DICT_FORM_BITMAP] = "bitmap",
		[DICT_FORM_NUMBERS] = "numbers", [DICT_FORM_STRINGS] = "strings",
	};

	return names[form];
}

enum dict_order dict_order(const struct dict *d)
{
	return d->order;
}

const char *dict_order_name(enum dict_order order)
{
	return order == DICT_BY_DEGREE ? "degree" : "given";
}

uint64_t dict_stored_n(const struct dict *d)
{
	return d->key_n;
}

uint64_t dict_id_n(const struct dict *d)
{
	return d->key_n + (d->more ? d->more->new_n : 0);
}

uint64_t dict_key_n(const struct dict *d)
{
	return dict_id_n(d) - (d->more ? d->more->gone_n : 0);
}

bool dict_has(const struct dict *d, uint64_t id)
{
	return !d->more || !more_gone(d->more, id);
}

const uint64_t *dict_gone(const struct dict *d, uint64_t *n)
{
	*n = d->more ? d->more->gone_n : 0;
	return d->more ? d->more->gone : NULL;
}

uint32_t dict_type_n(const struct dict *d)
{
	return (uint32_t)d->type_n + (d->more ? d->more->type_n : 0);
}

struct segment *dict_segment(const struct dict *d)
{
	return d->seg;
}

/* --- numbers --- */

/* The last I below N with the array's element <= V; 0 when none is. */
static int last_not_above(struct dict *d, struct bytes array, uint64_t n, uint64_t v,
			  uint64_t *out)
{
	uint64_t lo = 0, hi = n;

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2, x;
		int r = at64(d, array, mid, &x);

		if (r < 0)
			return r;
		if (x <= v)
			lo = mid;
		else
			hi = mid;
	}
	*out = lo;
	return 0;
}

static int find_bit(struct dict *d, uint64_t bit, uint64_t *id)
{
	uint64_t group = bit / 64 / DICT_GROUP, rank, word;
	int r = at64(d, d->index, group, &rank);

	for (uint64_t w = group * DICT_GROUP; w <= bit / 64; w++) {
		if (r < 0 || (r = at64(d, d->data, w, &word)) < 0)
			return r;
		if (w < bit / 64)
			rank += (uint64_t)__builtin_popcountll(word);
	}
	if (!(word >> (bit & 63) & 1))
		return 0;
	rank += (uint64_t)__builtin_popcountll(word & ((1ull << (bit & 63)) - 1));
	if (rank >= d->key_n)
		return damaged(d, d->index.ptr + 8 * group, "a rank past the last key");
	*id = rank;
	return 1;
}

static int find_number(struct dict *d, uint64_t key, uint64_t *id)
{
	uint64_t x;
	int r;

	if (d->key_n == 0 || key < d->first || key > d->last)
		return 0;
	if (d->form == DICT_FORM_RANGE) {
		*id = key - d->first;
		return 1;
	}
	if (d->form == DICT_FORM_BITMAP)
		return find_bit(d, key - d->first, id);
	if ((r = last_not_above(d, d->data, d->key_n, key, id)) < 0 ||
	    (r = at64(d, d->data, *id, &x)) < 0)
		return r;
	return x == key;
}

/* The group of the key ID: keys lie about evenly, mostly, so the search begins
 * where ID would be then and doubles its step until it is enclosed. */
static int group_of(struct dict *d, uint64_t id, uint64_t *group)
{
	uint64_t at = (uint64_t)((unsigned __int128)id * d->per_key >> 64);
	uint64_t lo = at < d->page_n ? at : d->page_n - 1, hi, step = 1, rank;
	int r = at64(d, d->index, lo, &rank);

	for (hi = lo + 1; r == 0 && rank > id && lo; step *= 2) {
		hi = lo;
		lo = lo > step ? lo - step : 0;
		r = at64(d, d->index, lo, &rank);
	}
	for (step = 1; r == 0 && hi < d->page_n; step *= 2) {
		r = at64(d, d->index, hi, &rank);
		if (rank > id)
			break;
		lo = hi;
		hi = hi + step < d->page_n ? hi + step : d->page_n;
	}
	while (r == 0 && hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		r = at64(d, d->index, mid, &rank);
		if (rank <= id)
			lo = mid;
		else
			hi = mid;
	}
	*group = lo;
	return r;
}

/* The place of the bit that NTH ones are below, in DICT_GROUP words; 64 * DICT_GROUP:
 * there are not so many. */
static unsigned select_plain(const le64 *words, unsigned nth)
{
	for (unsigned w = 0; w < DICT_GROUP; w++) {
		uint64_t word = le64_get(words[w]);
		unsigned n = (unsigned)__builtin_popcountll(word);

		if (nth >= n) {
			nth -= n;
			continue;
		}
		while (nth--)
			word &= word - 1;
		return 64 * w + (unsigned)__builtin_ctzll(word);
	}
	return 64 * DICT_GROUP;
}

#ifdef __x86_64__
/* Which word is found without a jump that could be mispredicted: all words' ones are
 * counted, and the words that end before the bit. */
__attribute__((target("popcnt,bmi,bmi2")))
static unsigned select_bmi2(const le64 *words, unsigned nth)
{
	unsigned before = 0, sum = 0, w = 0;
	uint64_t word;

	for (unsigned i = 0; i < DICT_GROUP; i++) {
		sum += (unsigned)__builtin_popcountll(le64_get(words[i]));
		w += sum <= nth;
		before = sum <= nth ? sum : before;
	}
	if (w == DICT_GROUP)
		return 64 * DICT_GROUP;
	word = le64_get(words[w]);
	word = __builtin_ia32_pdep_di(1ull << (nth - before), word);
	return 64 * w + (unsigned)__builtin_ctzll(word);
}
#endif

typedef unsigned select_fn(const le64 *words, unsigned nth);

static select_fn select_first;
static select_fn *select_bit = select_first;	/* whoever races here stores the same */

#define SELECT_FEW 256u		/* asking what the processor is costs as much as these */

static unsigned select_first(const le64 *words, unsigned nth)
{
	static unsigned before;
	select_fn *f = select_plain;

	if (__atomic_fetch_add(&before, 1, __ATOMIC_RELAXED) < SELECT_FEW)
		return select_plain(words, nth);
#ifdef __x86_64__
	if (cpu_has(CPU_POPCNT) && cpu_has(CPU_BMI2) && !cpu_slow_pdep())
		f = select_bmi2;
#endif
	__atomic_store_n(&select_bit, f, __ATOMIC_RELAXED);
	return f(words, nth);
}

static unsigned select_now(const le64 *words, unsigned nth)
{
	return __atomic_load_n(&select_bit, __ATOMIC_RELAXED)(words, nth);
}

static int number_of_bit(struct dict *d, uint64_t id, uint64_t *out)
{
	const uint8_t *words;
	uint64_t group, rank;
	unsigned bit;
	int r;

	if ((r = group_of(d, id, &group)) < 0 || (r = at64(d, d->index, group, &rank)) < 0)
		return r;
	words = d->data.ptr + group * DICT_GROUP * 8;
	r = segment_check(d->seg, words, DICT_GROUP * 8);
	if (r < 0)
		return r;
	if (rank > id || id - rank >= 64 * DICT_GROUP ||
	    (bit = select_now((const le64 *)words, (unsigned)(id - rank))) >= 64 * DICT_GROUP)
		return damaged(d, d->index.ptr + 8 * group, "ranks and bits disagree");
	*out = d->first + 64 * DICT_GROUP * group + bit;
	return 0;
}

static int number_of(struct dict *d, uint64_t id, uint64_t *out)
{
	if (d->form == DICT_FORM_RANGE) {
		*out = d->first + id;
		return 0;
	}
	if (d->form == DICT_FORM_BITMAP)
		return number_of_bit(d, id, out);
	return at64(d, d->data, id, out);
}

/* --- strings --- */

struct cursor {			/* in a page of strings */
	const uint8_t *at, *end;
};

static int page_begin(struct dict *d, uint64_t page, struct cursor *c)
{
	uint64_t from, to;
	int r;

	if ((r = at64(d, d->index, page, &from)) < 0 ||
	    (r = at64(d, d->index, page + 1, &to)) < 0)
		return r;
	if (from >= to || to > d->data.len)
		return damaged(d, d->index.ptr + 8 * page, "page offsets out of order");
	*c = (struct cursor){ d->data.ptr + from, d->data.ptr + to };
	d->key.len = 0;
	return segment_check(d->seg, c->at, to - from);
}

/* d->key becomes the page's next key. */
static int page_key(struct dict *d, struct cursor *c)
{
	size_t len = (size_t)(c->end - c->at), n;
	uint64_t shared, own;

	n = varint_get(c->at, len, &shared);
	if (n == 0 || shared > d->key.len)
		return damaged(d, c->at, "a malformed key");
	len -= n;
	c->at += n;
	n = varint_get(c->at, len, &own);
	if (n == 0 || own > len - n || shared + own > TEXT_KEY_MAX || shared + own == 0)
		return damaged(d, c->at, "a malformed key");
	d->key.len = shared;
	if (buf_add(&d->key, c->at + n, own) < 0)
		return ERR_MEMORY;
	c->at += n + own;
	return 0;
}

/* The last page whose first key is not above KEY. */
static int find_page(struct dict *d, struct bytes key, uint64_t *page)
{
	uint64_t lo = 0, hi = d->page_n;
	struct cursor c;
	int r;

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if ((r = page_begin(d, mid, &c)) < 0 || (r = page_key(d, &c)) < 0)
			return r;
		if (bytes_cmp(buf_bytes(&d->key), key) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	*page = lo;
	return 0;
}

static uint64_t keys_of_page(const struct dict *d, uint64_t page)
{
	uint64_t left = d->key_n - page * DICT_PAGE_KEYS;

	return left < DICT_PAGE_KEYS ? left : DICT_PAGE_KEYS;
}

static int find_string(struct dict *d, struct bytes key, uint64_t *id)
{
	struct cursor c;
	uint64_t page;
	int r, cmp;

	if (d->key_n == 0)
		return 0;
	if ((r = find_page(d, key, &page)) < 0 || (r = page_begin(d, page, &c)) < 0)
		return r;
	for (uint64_t i = 0; i < keys_of_page(d, page); i++) {
		r = page_key(d, &c);
		if (r < 0)
			return r;
		cmp = bytes_cmp(buf_bytes(&d->key), key);
		*id = page * DICT_PAGE_KEYS + i;
		if (cmp >= 0)
			return cmp == 0;
	}
	return 0;
}

static int string_of(struct dict *d, uint64_t id)
{
	struct cursor c;
	int r = page_begin(d, id / DICT_PAGE_KEYS, &c);

	for (uint64_t i = 0; r == 0 && i <= id % DICT_PAGE_KEYS; i++)
		r = page_key(d, &c);
	return r;
}

/* --- both --- */

/* Number I of one of the two arrays. */
static int ordered(struct dict *d, struct bytes array, uint64_t i, uint64_t *out)
{
	unsigned w = d->order_bits;
	const uint8_t *at = array.ptr + i / 8 * w + i % 8 * w / 8;
	int r = w ? segment_check(d->seg, at, (i % 8 * w % 8 + w + 7) / 8) : 0;

	if (r < 0)
		return r;
	*out = w ? bits_get(array.ptr, i, w) : 0;
	return *out < d->key_n ? 0 : damaged(d, at, "an order of other nodes");
}

static int place_of(struct dict *d, uint64_t id, uint64_t *place)
{
	*place = id;
	return d->order == DICT_BY_KEY ? 0 : ordered(d, d->places, id, place);
}

static int id_of(struct dict *d, uint64_t place, uint64_t *id)
{
	*id = place;
	return d->order == DICT_BY_KEY ? 0 : ordered(d, d->ids, place, id);
}

int dict_find_ever(struct dict *d, struct bytes key, uint64_t *id)
{
	uint64_t number, place = 0;
	int r = 0;

	if (d->form == DICT_FORM_STRINGS)
		r = find_string(d, key, &place);
	else if (text_number(key, &number))
		r = find_number(d, number, &place);
	if (r == 0 && d->more)
		return more_find(d->more, key, id);
	if (r <= 0)
		return r;
	r = id_of(d, place, id);
	return r < 0 ? r : 1;
}

int dict_find(struct dict *d, struct bytes key, uint64_t *id)
{
	int r = dict_find_ever(d, key, id);

	return r > 0 ? dict_has(d, *id) : r;
}

int dict_key(struct dict *d, uint64_t id, struct buf *out)
{
	uint64_t number, place;
	int r;

	buf_clear(out);
	if (id >= dict_id_n(d))
		return err_set(ERR_BUG, "no node %" PRIu64 " among %" PRIu64, id, dict_id_n(d));
	if (id >= d->key_n) {
		struct bytes key = more_name(&d->more->key, id - d->key_n);

		return buf_add(out, key.ptr, key.len);
	}
	r = place_of(d, id, &place);
	if (r < 0)
		return r;
	if (d->form == DICT_FORM_STRINGS)
		return (r = string_of(d, place)) < 0 ? r :
			buf_add(out, d->key.ptr, d->key.len);
	r = number_of(d, place, &number);
	return r < 0 ? r : buf_printf(out, "%" PRIu64, number);
}

int dict_number(struct dict *d, uint64_t id, uint64_t *out)
{
	uint64_t place;
	int r;

	if (id >= d->key_n && d->more && id - d->key_n < d->more->number_n) {
		*out = d->more->number[id - d->key_n];
		return 0;
	}
	if (id >= d->key_n || d->form == DICT_FORM_STRINGS)
		return err_set(ERR_BUG, "no number %" PRIu64 " among %" PRIu64, id, d->key_n);
	r = place_of(d, id, &place);
	return r < 0 ? r : number_of(d, place, out);
}

/* --- in order --- */

int dict_at(struct dict *d, uint64_t place, uint64_t *id)
{
	if (place >= dict_key_n(d))
		return err_set(ERR_BUG, "no place %" PRIu64 " among %" PRIu64, place,
			       dict_key_n(d));
	if (d->more && more_at(d->more, place, id))
		return 0;
	return id_of(d, d->more ? *id : place, id);
}

int dict_place_of(struct dict *d, uint64_t id, uint64_t *place)
{
	int r;

	if (id >= dict_id_n(d))
		return err_set(ERR_BUG, "no node %" PRIu64 " among %" PRIu64, id, dict_id_n(d));
	if (id >= d->key_n) {
		*place = d->more->place[id - d->key_n];
		return 0;
	}
	r = place_of(d, id, place);
	if (r == 0 && d->more)
		*place = more_place(d->more, *place, more_before(d->more, *place));
	return r;
}

int dict_place_number(struct dict *d, uint64_t number, uint64_t *place)
{
	uint64_t lo = 0, hi = d->key_n, x;
	int r = 0;

	while (r == 0 && lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		r = number_of(d, mid, &x);
		if (x < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	*place = d->more ? more_place(d->more, lo, more_below_number(d->more, number)) : lo;
	return r;
}

static int place_string(struct dict *d, struct bytes key, uint64_t *place)
{
	struct cursor c;
	uint64_t page;
	int r;

	*place = 0;
	if (d->key_n == 0)
		return 0;
	if ((r = find_page(d, key, &page)) < 0 || (r = page_begin(d, page, &c)) < 0)
		return r;
	*place = page * DICT_PAGE_KEYS;
	for (uint64_t i = keys_of_page(d, page); i; i--, ++*place) {
		r = page_key(d, &c);
		if (r < 0 || bytes_cmp(buf_bytes(&d->key), key) >= 0)
			return r;
	}
	return 0;
}

int dict_place(struct dict *d, struct bytes key, uint64_t *place)
{
	uint64_t number;
	int r;

	*place = d->key_n;
	if (d->form != DICT_FORM_STRINGS && text_number(key, &number))
		return dict_place_number(d, number, place);
	r = d->form == DICT_FORM_STRINGS ? place_string(d, key, place) : 0;
	if (r == 0 && d->more)
		*place = more_place(d->more, *place, more_below(d->more, key));
	return r;
}

int dict_type(struct dict *d, uint32_t type, struct bytes *name)
{
	uint64_t from, to;
	int r;

	if (type >= dict_type_n(d))
		return err_set(ERR_BUG, "no type %" PRIu32 " among %" PRIu32, type,
			       dict_type_n(d));
	if (type >= d->type_n) {
		*name = more_name(&d->more->type, type - d->type_n);
		return 0;
	}
	if ((r = at64(d, d->types, type, &from)) < 0 ||
	    (r = at64(d, d->types, type + 1ull, &to)) < 0)
		return r;
	if (from > to || to > d->names.len || to - from > TEXT_KEY_MAX)
		return damaged(d, d->types.ptr + 8ull * type, "type offsets out of order");
	*name = bytes_of(d->names.ptr + from, to - from);
	return name->len ? segment_check(d->seg, name->ptr, name->len) : 0;
}

int dict_find_type(struct dict *d, struct bytes name, uint32_t *type)
{
	uint32_t lo = 0, hi = (uint32_t)d->type_n;
	struct bytes x;
	int r, cmp;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		r = dict_type(d, mid, &x);
		if (r < 0)
			return r;
		cmp = bytes_cmp(x, name);
		if (cmp == 0) {
			*type = mid;
			return 1;
		}
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return d->more ? more_find_type(d->more, name, type) : 0;
}

/* --- check --- */

static int check_strings(struct dict *d)
{
	struct buf before = { .mem = d->mem };
	struct cursor c;
	int r = 0;

	for (uint64_t id = 0; id < d->key_n && r == 0; id++) {
		if (id % DICT_PAGE_KEYS == 0)
			r = page_begin(d, id / DICT_PAGE_KEYS, &c);
		if (r == 0)
			r = page_key(d, &c);
		if (r == 0 && id && bytes_cmp(buf_bytes(&before), buf_bytes(&d->key)) >= 0)
			r = damaged(d, c.at, "keys out of order");
		if (r == 0 && (id + 1 == d->key_n || (id + 1) % DICT_PAGE_KEYS == 0) &&
		    c.at != c.end)
			r = damaged(d, c.at, "bytes after a page's last key");
		buf_clear(&before);
		if (r == 0)
			r = buf_add(&before, d->key.ptr, d->key.len);
	}
	buf_release(&before);
	return r;
}

static int check_numbers(struct dict *d)
{
	uint64_t before = 0, x, id;
	int r;

	for (uint64_t i = 0; i < d->key_n; i++) {
		r = number_of(d, i, &x);
		if (r < 0)
			return r;
		if (i ? x <= before : x != d->first)
			return damaged_head(d, "keys out of order");
		r = find_number(d, x, &id);
		if (r < 0)
			return r;
		if (r == 0 || id != i)
			return damaged_head(d, "a key does not find itself");
		before = x;
	}
	return d->key_n && before != d->last ? damaged_head(d, "its last key differs") : 0;
}

static int check_types(struct dict *d)
{
	struct bytes before = {0}, name;
	int r;

	for (uint32_t t = 0; t < d->type_n; t++) {
		r = dict_type(d, t, &name);
		if (r < 0)
			return r;
		if (t && bytes_cmp(before, name) >= 0)
			return damaged(d, name.ptr, "types out of order");
		before = name;
	}
	return 0;
}

/* Each array is the other one turned round: so both hold every number once. */
static int check_order(struct dict *d)
{
	uint64_t place, id;
	int r;

	for (uint64_t i = 0; i < d->key_n; i++) {
		r = place_of(d, i, &place);
		if (r == 0)
			r = id_of(d, place, &id);
		if (r < 0)
			return r;
		if (id != i)
			return damaged_head(d, "its order and the way back disagree");
	}
	return 0;
}

int dict_check(struct dict *d)
{
	int r = d->form == DICT_FORM_STRINGS ? check_strings(d) :
		d->form == DICT_FORM_RANGE ? 0 : check_numbers(d);

	if (r == 0 && d->order != DICT_BY_KEY)
		r = check_order(d);
	return r < 0 ? r : check_types(d);
}
