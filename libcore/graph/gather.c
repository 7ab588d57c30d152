/* graph/gather.c - entries of names and literals, sorted, then thinned out
 *
 * A label is an entry with a literal of no bytes.
 */
#include "graph/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "graph/literal_code.h"

struct entry {
	uint32_t name, name_len, literal, literal_len;	/* where in the bytes */
	uint32_t record, turn;				/* that said it; among all entries */
	bool label, joins, drop;
};

void gather_init(struct gather *g, struct mem *mem)
{
	memset(g, 0, sizeof *g);
	g->bytes.mem = g->entries.mem = g->other.mem = g->labels.mem = g->props.mem = mem;
}

void gather_release(struct gather *g)
{
	buf_release(&g->bytes);
	buf_release(&g->entries);
	buf_release(&g->other);
	buf_release(&g->labels);
	buf_release(&g->props);
}

void gather_clear(struct gather *g)
{
	buf_clear(&g->bytes);
	buf_clear(&g->entries);
	g->record_n = 0;
}

static size_t entry_n(const struct gather *g)
{
	return g->entries.len / sizeof(struct entry);
}

static int add(struct gather *g, struct bytes name, const struct literal *value, bool joins)
{
	struct entry e = {
		.name = (uint32_t)g->bytes.len, .name_len = (uint32_t)name.len,
		.record = g->record_n, .turn = (uint32_t)entry_n(g), .joins = joins,
		.label = !value,
	};
	int r = buf_add(&g->bytes, name.ptr, name.len);

	e.literal = (uint32_t)g->bytes.len;
	if (r == 0 && value)
		r = literal_encode(&g->bytes, value);
	if (r == 0 && g->bytes.len > UINT32_MAX)
		r = err_set(ERR_MEMORY, "properties of one node or edge over 4 GiB");
	e.literal_len = (uint32_t)g->bytes.len - e.literal;
	return r < 0 ? r : buf_add(&g->entries, &e, sizeof e);
}

int gather_add(struct gather *g, const struct prop_state *said, bool joins)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < said->label_n; i++)
		r = add(g, said->label[i], NULL, true);
	for (uint32_t i = 0; r == 0 && i < said->prop_n; i++)
		r = add(g, said->prop[i].name, &said->prop[i].value, joins);
	g->record_n++;
	return r;
}

/* --- one state out of them --- */

static struct bytes name_of(const struct gather *g, const struct entry *e)
{
	return bytes_of(g->bytes.ptr + e->name, e->name_len);
}

static struct bytes literal_of(const struct gather *g, const struct entry *e)
{
	return bytes_of(g->bytes.ptr + e->literal, e->literal_len);
}

/* Labels, then names; of a name as they came. */
static int by_name(const void *a, const void *b, void *ctx)
{
	const struct entry *x = a, *y = b;
	int c = y->label - x->label;

	if (c == 0)
		c = bytes_cmp(name_of(ctx, x), name_of(ctx, y));
	return c ? c : (x->turn > y->turn) - (x->turn < y->turn);
}

static int by_literal(const void *a, const void *b, void *ctx)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	int c = bytes_cmp(literal_of(ctx, x), literal_of(ctx, y));

	return c ? c : (x->turn > y->turn) - (x->turn < y->turn);
}

/* Of N entries of one name: what a later record took the place of. */
static void drop_replaced(struct entry *e, size_t n)
{
	uint32_t since = 0;

	for (size_t i = 0; i < n; i++)
		if (!e[i].joins)
			since = e[i].record;
	for (size_t i = 0; i < n; i++)
		e[i].drop = e[i].record < since;
}

/* What joined but was there already. */
static int drop_equal(struct gather *g, struct entry *e, size_t n)
{
	struct entry **by;
	size_t m = 0;

	buf_clear(&g->other);
	if (buf_reserve(&g->other, n * sizeof *by) < 0)
		return ERR_MEMORY;
	by = (struct entry **)g->other.ptr;
	for (size_t i = 0; i < n; i++)
		if (!e[i].drop)
			by[m++] = &e[i];
	qsort_r(by, m, sizeof *by, by_literal, g);
	for (size_t i = 1; i < m; i++)
		by[i]->drop = by[i]->joins &&
			bytes_equal(literal_of(g, by[i - 1]), literal_of(g, by[i]));
	return 0;
}

static int put(struct gather *g, const struct entry *e)
{
	struct property p = { .name = name_of(g, e) };

	if (e->label)
		return buf_add(&g->labels, &p.name, sizeof p.name);
	literal_decode(&p.value, g->bytes.ptr + e->literal, e->literal_len);
	return buf_add(&g->props, &p, sizeof p);
}

int gather_done(struct gather *g, struct prop_state *out)
{
	struct entry *e = (struct entry *)g->entries.ptr;
	size_t n = entry_n(g), end;
	int r = 0;

	buf_clear(&g->labels);
	buf_clear(&g->props);
	if (n > 1)
		qsort_r(e, n, sizeof *e, by_name, g);
	for (size_t i = 0; r == 0 && i < n; i = end) {
		for (end = i + 1; end < n && e[end].label == e[i].label &&
		     bytes_equal(name_of(g, &e[i]), name_of(g, &e[end]));)
			end++;
		drop_replaced(e + i, end - i);
		r = end - i > 1 ? drop_equal(g, e + i, end - i) : 0;
		for (size_t k = i; r == 0 && k < end; k++)
			r = e[k].drop ? 0 : put(g, &e[k]);
	}
	*out = (struct prop_state){
		(const struct bytes *)g->labels.ptr, (const struct property *)g->props.ptr,
		(uint32_t)(g->labels.len / sizeof(struct bytes)),
		(uint32_t)(g->props.len / sizeof(struct property)),
	};
	return r;
}
