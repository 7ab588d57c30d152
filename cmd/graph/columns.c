/* cmd/graph/columns.c - see columns.h */
#include "cmd/graph/columns.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/rdf/rdf_value.h"

struct columns {
	struct mem *mem;
	struct column *at;
	uint32_t n, cap;
};

enum literal_kind columns_kind(const struct literal *l)
{
	if (l->kind != LITERAL_TYPED)
		return l->kind;
	switch (rdf_value_type(l->extra)) {
	case RDF_INTEGER:
		return LITERAL_INTEGER;
	case RDF_DECIMAL:
		return LITERAL_DECIMAL;
	case RDF_DATE:
		return LITERAL_DATE;
	case RDF_DATE_TIME:
		return LITERAL_DATETIME;
	default:
		return LITERAL_TYPED;
	}
}

int columns_open(struct columns **out, struct mem *mem)
{
	struct columns *c = mem_zalloc(mem, sizeof *c);

	if (!c)
		return ERR_MEMORY;
	c->mem = mem;
	*out = c;
	return 0;
}

void columns_close(struct columns *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->n; i++)
		mem_free(c->mem, (void *)(uintptr_t)c->at[i].name.ptr);
	mem_free(c->mem, c->at);
	mem_free(c->mem, c);
}

uint32_t columns_n(const struct columns *c)
{
	return c->n;
}

const struct column *columns_at(const struct columns *c, uint32_t i)
{
	return &c->at[i];
}

/* The first column whose name is not less. */
static uint32_t place_of(const struct columns *c, struct bytes name)
{
	uint32_t from = 0, to = c->n;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (bytes_cmp(c->at[mid].name, name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int insert(struct columns *c, uint32_t place, struct bytes name)
{
	uint8_t *text = mem_alloc(c->mem, name.len + 1);

	if (!text)
		return ERR_MEMORY;
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 16;
		struct column *more = mem_resize(c->mem, c->at, cap * sizeof *more);

		if (!more) {
			mem_free(c->mem, text);
			return ERR_MEMORY;
		}
		c->at = more;
		c->cap = cap;
	}
	memcpy(text, name.ptr, name.len);
	memmove(c->at + place + 1, c->at + place, (c->n - place) * sizeof *c->at);
	c->at[place] = (struct column){ .name = bytes_of(text, name.len) };
	c->n++;
	return 0;
}

int columns_show(struct columns *c, const struct prop_state *s)
{
	for (uint32_t i = 0, n = 0; i < s->prop_n; i++) {
		const struct property *p = &s->prop[i];
		uint32_t place = place_of(c, p->name);
		int r = 0;

		if (place == c->n || !bytes_equal(c->at[place].name, p->name))
			r = insert(c, place, p->name);
		if (r < 0)
			return r;
		c->at[place].kinds |= 1u << columns_kind(&p->value);
		n = i > 0 && bytes_equal(p[-1].name, p->name) ? n + 1 : 1;
		c->at[place].several |= n > 1;
		if (c->at[place].most < n)
			c->at[place].most = n;
	}
	return 0;
}

uint32_t columns_values(const struct columns *c, uint32_t i, const struct prop_state *s,
			uint32_t *first)
{
	uint32_t n = 0;

	for (*first = 0; *first < s->prop_n; ++*first)
		if (bytes_equal(s->prop[*first].name, c->at[i].name))
			break;
	while (*first + n < s->prop_n &&
	       bytes_equal(s->prop[*first + n].name, c->at[i].name))
		n++;
	return n;
}
