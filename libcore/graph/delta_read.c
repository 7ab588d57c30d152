/* graph/delta_read.c - the entries of a graph's space, read once */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/delta_inside.h"
#include "store/store.h"

/* --- new names --- */

struct bytes delta_name(const struct delta_names *n, uint64_t i)
{
	const uint64_t *at = (const void *)n->at.ptr;
	uint64_t from = i ? at[i - 1] : 0;

	return bytes_of(n->text.ptr + from, at[i] - from);
}

void delta_names_free(struct delta_names *n)
{
	buf_release(&n->text);
	buf_release(&n->at);
	mem_free(n->mem, n->slot);
	n->slot = NULL;
	n->n = n->slot_n = 0;
}

static uint32_t *slot_of(const struct delta_names *n, struct bytes name)
{
	uint64_t at = hash64(0, name.ptr, name.len) & (n->slot_n - 1);

	while (n->slot[at] && !bytes_equal(delta_name(n, n->slot[at] - 1), name))
		at = (at + 1) & (n->slot_n - 1);
	return &n->slot[at];
}

/* Twice as many slots, once half of them are taken. */
static int more_slots(struct delta_names *n)
{
	uint32_t *slot;

	if (n->n < n->slot_n / 2)
		return 0;
	n->slot_n = n->slot_n ? 2 * n->slot_n : 64;
	slot = mem_zalloc(n->mem, n->slot_n * sizeof *slot);
	if (!slot)
		return ERR_MEMORY;
	mem_free(n->mem, n->slot);
	n->slot = slot;
	for (uint64_t i = 0; i < n->n; i++)
		*slot_of(n, delta_name(n, i)) = (uint32_t)i + 1;
	return 0;
}

static int intern(struct delta_names *n, struct bytes name, uint64_t *out)
{
	uint32_t *slot;
	uint64_t end;
	int r = more_slots(n);

	if (r < 0)
		return r;
	slot = slot_of(n, name);
	if (*slot == 0) {
		r = buf_add(&n->text, name.ptr, name.len);
		end = n->text.len;
		if (r == 0)
			r = buf_add(&n->at, &end, sizeof end);
		if (r < 0)
			return r;
		*slot = (uint32_t)++n->n;
	}
	*out = DELTA_NEW | (*slot - 1);
	return 0;
}

/* --- entries --- */

struct reading {
	struct delta *d;
	struct change_room room;
	struct buf value, source, name;	/* the value; the source and type before, ... */
	uint64_t from, type;		/* ... and what they are */
	bool have;
};

/* Of a key that went the id is found, too. */
static int find_key(struct delta *d, struct bytes key, uint64_t *out)
{
	int r = dict_find_ever(d->of.dict, key, out);

	return r < 0 ? r : r > 0 ? 0 : intern(&d->keys, key, out);
}

static int find_type(struct delta *d, struct bytes name, uint64_t *out)
{
	uint32_t type;
	int r = dict_find_type(d->of.dict, name, &type);

	*out = type;
	return r < 0 ? r : r > 0 ? 0 : intern(&d->types, name, out);
}

/* Edges of one source, and of one type there, come together. */
static int find_source(struct reading *k, const struct change *c)
{
	bool same = k->have && bytes_equal(buf_bytes(&k->source), c->node);
	int r = 0;

	if (!same) {
		r = find_key(k->d, c->node, &k->from);
		buf_clear(&k->source);
		if (r == 0)
			r = buf_add(&k->source, c->node.ptr, c->node.len);
	}
	if (r == 0 && (!k->have || !bytes_equal(buf_bytes(&k->name), c->type))) {
		r = find_type(k->d, c->type, &k->type);
		buf_clear(&k->name);
		if (r == 0)
			r = buf_add(&k->name, c->type.ptr, c->type.len);
	}
	k->have = r == 0;
	return r;
}

static int keep_state(struct delta *d, const struct change *c, struct bytes value,
		      uint64_t *out)
{
	le32 len = le32_of((uint32_t)value.len);
	int r;

	*out = 0;
	if (c->label_n == 0 && c->prop_n == 0)
		return 0;
	*out = d->stored.len + d->arena.len + 1;
	r = buf_add(&d->arena, &len, sizeof len);
	return r < 0 ? r : buf_add(&d->arena, value.ptr, value.len);
}

static void *grown(struct mem *mem, void *array, uint64_t n, uint64_t *cap, size_t size)
{
	uint64_t more = *cap ? 2 * *cap : 64;

	if (n < *cap)
		return array;
	array = mem_resize(mem, array, more * size);
	if (array)
		*cap = more;
	return array;
}

static int add_node(struct reading *k, const struct change *c, struct bytes value,
		    uint64_t version)
{
	struct delta *d = k->d;
	struct delta_node_change *all, n = { .cut = c->cut, .state = c->state };
	int r = find_key(d, c->node, &n.node);

	if (c->state == CHANGE_GONE_CASCADE)
		n.cut = version;
	if (n.cut <= d->of.folded)
		n.cut = 0;
	if (r == 0)
		r = keep_state(d, c, value, &n.value);
	if (r < 0)
		return r;
	all = grown(d->mem, d->node, d->node_n, &d->node_cap, sizeof *all);
	if (!all)
		return ERR_MEMORY;
	d->node = all;
	all[d->node_n++] = n;
	return 0;
}

int delta_add_edge(struct delta *d, const struct delta_edge_change *e)
{
	struct delta_edge_change *all = grown(d->mem, d->edge, d->edge_n, &d->edge_cap,
					      sizeof *all);

	if (!all)
		return ERR_MEMORY;
	d->edge = all;
	all[d->edge_n++] = *e;
	return 0;
}

enum csr_values delta_number(const struct literal *l, union csr_value *out)
{
	char text[64];

	if (l->kind == LITERAL_INTEGER) {
		out->i = l->i;
		return CSR_INTEGERS;
	}
	if (l->kind == LITERAL_DOUBLE)
		out->r = l->r;
	else if (l->kind == LITERAL_DECIMAL && l->text.len < sizeof text) {
		memcpy(text, l->text.ptr, l->text.len);
		text[l->text.len] = '\0';
		out->r = strtod(text, NULL);
	} else
		return CSR_NO_VALUES;
	return isfinite(out->r) ? CSR_REALS : CSR_NO_VALUES;
}

static void find_weight(const struct change *c, struct delta_edge_change *e)
{
	for (uint32_t i = 0; i < c->prop_n && e->kind == CSR_NO_VALUES; i++)
		if (bytes_equal(c->prop[i].name, bytes_str("weight")))
			e->kind = delta_number(&c->prop[i].value, &e->weight);
}

static int add_edge(struct reading *k, const struct change *c, struct bytes value,
		    uint64_t version)
{
	struct delta_edge_change e = { .version = version, .there = c->state == CHANGE_THERE };
	struct delta *d = k->d;
	int r = find_source(k, c);

	e.from = k->from;
	e.type = k->type;
	if (r == 0)
		r = find_key(d, c->to, &e.to);
	if (r == 0)
		r = keep_state(d, c, value, &e.value);
	if (r < 0)
		return r;
	find_weight(c, &e);
	d->note.edge_says |= c->prop_n > (e.kind != CSR_NO_VALUES);
	if (!d->of.in && e.from > e.to) {	/* undirected */
		uint64_t swap = e.from;

		e.from = e.to;
		e.to = swap;
	}
	e.back = bytes_cmp(c->node, c->to) > 0;
	return delta_add_edge(d, &e);
}

static int read_value(struct reading *k, const struct entry *e)
{
	struct value *v = NULL;
	long n = 0;
	int r;

	buf_clear(&k->value);
	if (e->kind == ENTRY_PUT)
		return buf_add(&k->value, e->value.ptr, e->value.len);
	r = value_open(&v, k->d->of.store, e);
	if (r == 0)
		r = buf_reserve(&k->value, e->size);
	while (r == 0 && k->value.len < e->size) {
		n = value_read(v, k->value.len, k->value.ptr + k->value.len,
			       e->size - k->value.len);
		if (n <= 0)
			break;
		k->value.len += (size_t)n;
	}
	value_close(v);
	return r < 0 ? r : n < 0 ? (int)n : 0;
}

static int read_entry(struct reading *k, const struct entry *e)
{
	struct change c;
	int r = read_value(k, e);

	if (r < 0)
		return r;
	r = change_read(&c, e->key, buf_bytes(&k->value), &k->room);
	if (r == ERR_DAMAGED)
		return err_set(ERR_DAMAGED, "graph %s: the change \"%s\" of version %" PRIu64
			       " is malformed", k->d->of.name, bytes_show(e->key), e->version);
	if (r < 0)
		return r;
	k->d->note.entry_n++;
	return c.edge ? add_edge(k, &c, buf_bytes(&k->value), e->version) :
		add_node(k, &c, buf_bytes(&k->value), e->version);
}

int delta_read(struct delta *d, struct iter *changes)
{
	struct reading k = { .d = d };
	struct entry e;
	int r = 0;

	k.value.mem = k.source.mem = k.name.mem = d->mem;
	k.room.bytes.mem = k.room.labels.mem = k.room.props.mem = d->mem;
	while (r == 0 && (r = iter_next(changes, &e)) == 1)
		r = e.kind == ENTRY_REMOVE ? 0 : read_entry(&k, &e);
	buf_release(&k.value);
	buf_release(&k.source);
	buf_release(&k.name);
	change_room_release(&k.room);
	return r;
}
