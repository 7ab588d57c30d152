/* graph/dict_more.c - places shifted by what came and went, found by halving */
#include "graph/dict_more.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/text/text.h"

/* How many of ascending V are below X. */
static uint64_t below(const uint64_t *v, uint64_t n, uint64_t x)
{
	uint64_t lo = 0, hi = n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (v[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Numbers by value, before all that is no number. */
static int compare_keys(bool numbers, struct bytes a, struct bytes b)
{
	uint64_t x = 0, y = 0;
	bool first = numbers && text_number(a, &x), second = numbers && text_number(b, &y);

	if (first && second)
		return (x > y) - (x < y);
	if (first != second)
		return first ? -1 : 1;
	return bytes_cmp(a, b);
}

int dict_compare(const struct dict *d, struct bytes a, struct bytes b)
{
	return compare_keys(dict_stored_form(d) != DICT_FORM_STRINGS, a, b);
}

bool more_gone(const struct dict_more *m, uint64_t id)
{
	uint64_t i = m->gone_n ? below(m->gone, m->gone_n, id) : 0;

	return i < m->gone_n && m->gone[i] == id;
}

uint64_t more_below_number(const struct dict_more *m, uint64_t number)
{
	return below(m->number, m->number_n, number);
}

uint64_t more_below(const struct dict_more *m, struct bytes key)
{
	uint64_t lo = 0, hi = m->new_n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (compare_keys(m->number, more_name(&m->key, mid), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int more_find(const struct dict_more *m, struct bytes key, uint64_t *id)
{
	uint64_t i = 0, number;

	if (m->new_n && m->number && text_number(key, &number))
		i = more_below_number(m, number);
	else if (m->new_n)
		i = more_below(m, key);
	if (i == m->new_n || !bytes_equal(more_name(&m->key, i), key))
		return 0;
	*id = m->stored_n + i;
	return 1;
}

int more_find_type(const struct dict_more *m, struct bytes name, uint32_t *type)
{
	uint32_t lo = 0, hi = m->type_n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (bytes_cmp(more_name(&m->type, mid), name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*type = m->stored_type_n + lo;
	return lo < m->type_n && bytes_equal(more_name(&m->type, lo), name);
}

/* --- places --- */

uint64_t more_before(const struct dict_more *m, uint64_t stored)
{
	return stored == UINT64_MAX ? m->new_n : below(m->before, m->new_n, stored + 1);
}

uint64_t more_place(const struct dict_more *m, uint64_t stored, uint64_t n)
{
	return stored - below(m->gone_place, m->gone_n, stored) + n;
}

/* New keys before PLACE: mostly as many as before the place asked for last. */
static uint64_t before_place(struct dict_more *m, uint64_t place)
{
	uint64_t i = atomic_load_explicit(&m->last, memory_order_relaxed);

	if (i < m->new_n && m->place[i] < place)
		i++;
	if (i > m->new_n || (i && m->place[i - 1] >= place) ||
	    (i < m->new_n && m->place[i] < place))
		i = below(m->place, m->new_n, place);
	atomic_store_explicit(&m->last, i, memory_order_relaxed);
	return i;
}

bool more_at(struct dict_more *m, uint64_t place, uint64_t *out)
{
	uint64_t i = before_place(m, place), lo = 0, hi = m->gone_n;

	if (i < m->new_n && m->place[i] == place) {
		*out = m->stored_n + i;
		return true;
	}
	place -= i;		/* among the dictionary's that are there */
	while (lo < hi) {	/* how many that went come before it */
		uint64_t mid = lo + (hi - lo) / 2;

		if (m->gone_place[mid] - mid <= place)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = place + lo;
	return false;
}

/* --- made --- */

void more_free(struct dict_more *m)
{
	if (!m)
		return;
	if (!m->lent) {
		mem_free(m->mem, m->key.text);
		mem_free(m->mem, m->key.end);
		mem_free(m->mem, m->type.text);
		mem_free(m->mem, m->type.end);
		mem_free(m->mem, m->number);
		mem_free(m->mem, m->before);
		mem_free(m->mem, m->place);
		mem_free(m->mem, m->gone_place);
		mem_free(m->mem, m->gone);
	}
	mem_free(m->mem, m);
}

static int copy_names(struct more_names *to, const struct bytes *name, uint64_t n,
		      struct mem *mem)
{
	uint64_t len = 0;

	for (uint64_t i = 0; i < n; i++)
		len += name[i].len;
	to->text = mem_alloc(mem, len);
	to->end = mem_alloc(mem, n * sizeof *to->end);
	if (!to->text || !to->end)
		return ERR_MEMORY;
	len = 0;
	for (uint64_t i = 0; i < n; i++) {
		if (name[i].len)
			memcpy(to->text + len, name[i].ptr, name[i].len);
		to->end[i] = len += name[i].len;
	}
	return 0;
}

static int room(struct dict_more *m, const struct dict_change *c, bool numbers)
{
	if (copy_names(&m->key, c->key, c->key_n, m->mem) < 0 ||
	    copy_names(&m->type, c->type, c->type_n, m->mem) < 0)
		return ERR_MEMORY;
	m->before = mem_alloc(m->mem, m->new_n * sizeof *m->before);
	m->place = mem_alloc(m->mem, m->new_n * sizeof *m->place);
	m->gone_place = mem_alloc(m->mem, m->gone_n * sizeof *m->gone_place);
	m->gone = mem_alloc(m->mem, m->gone_n * sizeof *m->gone);
	if (numbers)
		m->number = mem_alloc(m->mem, m->new_n * sizeof *m->number);
	return m->before && m->place && m->gone_place && m->gone && (m->number || !numbers) ?
		0 : ERR_MEMORY;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int find_gone(struct dict_more *m, struct dict *d, const uint64_t *gone)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < m->gone_n; i++) {
		m->gone[i] = gone[i];
		r = dict_place_of(d, gone[i], &m->gone_place[i]);
	}
	if (r == 0 && m->gone_n)
		qsort(m->gone_place, m->gone_n, sizeof *m->gone_place, by_number);
	return r;
}

static int find_places(struct dict_more *m, struct dict *d, const uint64_t *before)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < m->new_n; i++) {
		struct bytes key = more_name(&m->key, i);
		uint64_t number;

		bool is_number = m->number && text_number(key, &number);

		if (is_number)
			m->number[m->number_n++] = number;
		if (before && before[i] != DICT_UNKNOWN)
			m->before[i] = before[i];
		else if (is_number)
			r = dict_place_number(d, number, &m->before[i]);
		else if (m->number)
			m->before[i] = m->stored_n;
		else
			r = dict_place(d, key, &m->before[i]);
		m->place[i] = more_place(m, m->before[i], i);
	}
	return r;
}

int dict_extend(struct dict *d, const struct dict_change *c)
{
	struct mem *mem = dict_mem(d);
	struct dict_more *m = mem_zalloc(mem, sizeof *m);
	int r;

	if (!m)
		return ERR_MEMORY;
	*m = (struct dict_more){
		.mem = mem, .stored_n = dict_key_n(d), .new_n = c->key_n, .gone_n = c->gone_n,
		.type_n = c->type_n,
		.stored_type_n = dict_type_n(d),
	};
	r = room(m, c, dict_form(d) != DICT_FORM_STRINGS);
	if (r == 0)
		r = find_gone(m, d, c->gone);
	if (r == 0)
		r = find_places(m, d, c->before);
	if (r < 0)
		more_free(m);
	else
		dict_take(d, m);
	return r;
}
