/* graph/text/declared.c - an open table, doubled when it is three quarters full */
#include "graph/text/declared.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#define LEAST 1024u

struct mark {
	uint64_t a, b;			/* b is never 0 where there is one */
};

struct range {
	uint64_t first, last;
};

struct declared {
	struct mem *mem;
	struct mark *mark;
	uint64_t cap, n;
	struct buf ranges;
};

int declared_open(struct declared **out, struct mem *mem)
{
	struct declared *d = mem_zalloc(mem, sizeof *d);

	if (!d)
		return ERR_MEMORY;
	d->mem = d->ranges.mem = mem;
	*out = d;
	return 0;
}

void declared_close(struct declared *d)
{
	if (!d)
		return;
	mem_free(d->mem, d->mark);
	buf_release(&d->ranges);
	mem_free(d->mem, d);
}

static struct mark mark_of(struct bytes key)
{
	return (struct mark){ hash64(0x6b9e, key.ptr, key.len),
			      hash64(0x51d3, key.ptr, key.len) | 1 };
}

static struct mark *place(const struct declared *d, struct mark m)
{
	uint64_t i = m.a & (d->cap - 1);

	while (d->mark[i].b && (d->mark[i].a != m.a || d->mark[i].b != m.b))
		i = (i + 1) & (d->cap - 1);
	return &d->mark[i];
}

static int grow(struct declared *d)
{
	struct declared more = { .mem = d->mem, .cap = d->cap ? 2 * d->cap : LEAST };

	more.mark = mem_zalloc(d->mem, more.cap * sizeof *more.mark);
	if (!more.mark)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < d->cap; i++)
		if (d->mark[i].b)
			*place(&more, d->mark[i]) = d->mark[i];
	mem_free(d->mem, d->mark);
	d->mark = more.mark;
	d->cap = more.cap;
	return 0;
}

/* Of a key that was there before: another mark, so that the input may give it once. */
static struct mark mark_before(struct bytes key)
{
	struct mark m = mark_of(key);

	m.b ^= 2;
	return m;
}

static int add(struct declared *d, struct mark m)
{
	struct mark *at;

	if (4 * (d->n + 1) > 3 * d->cap && grow(d) < 0)
		return ERR_MEMORY;
	at = place(d, m);
	if (at->b)
		return 0;
	*at = m;
	d->n++;
	return 1;
}

int declared_add(struct declared *d, struct bytes key)
{
	return add(d, mark_of(key));
}

int declared_add_before(struct declared *d, struct bytes key)
{
	return add(d, mark_before(key));
}

int declared_add_range(struct declared *d, uint64_t first, uint64_t last)
{
	const struct range r = { first, last };

	return buf_add(&d->ranges, &r, sizeof r);
}

bool declared_has(const struct declared *d, const struct text_key *key)
{
	const struct range *r = (const struct range *)d->ranges.ptr;

	if (d->n && (place(d, mark_of(key->bytes))->b || place(d, mark_before(key->bytes))->b))
		return true;
	for (size_t i = 0; key->is_number && i < d->ranges.len / sizeof *r; i++)
		if (key->number >= r[i].first && key->number <= r[i].last)
			return true;
	return false;
}
