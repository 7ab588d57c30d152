/* graph/history.c - entries sorted by version, said as operations */
#include "graph/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/change.h"
#include "store/store.h"

struct item {
	uint64_t version;
	uint64_t key, value;		/* where in the bytes */
	uint32_t key_len, value_len;
	uint32_t turn;			/* among all entries */
	bool cut;			/* only that all edges of the node go */
};

struct history {
	struct store *store;
	const struct manifest_graph *g;
	struct buf bytes, items;
	struct change_room room;
	uint64_t since;
	bool import_said;
	int (*each)(void *ctx, const struct update_op *op, uint64_t version);
	void *ctx;
};

static int add_value(struct history *h, const struct entry *e)
{
	struct value *v = NULL;
	size_t end = h->bytes.len + e->size;
	long n = 1;
	int r;

	if (e->kind == ENTRY_PUT)
		return buf_add(&h->bytes, e->value.ptr, e->value.len);
	r = value_open(&v, h->store, e);
	if (r == 0)
		r = buf_reserve(&h->bytes, e->size);
	while (r == 0 && n > 0 && h->bytes.len < end) {
		n = value_read(v, e->size - (end - h->bytes.len),
			       h->bytes.ptr + h->bytes.len, end - h->bytes.len);
		h->bytes.len += n > 0 ? (size_t)n : 0;
	}
	value_close(v);
	return r < 0 ? r : n < 0 ? (int)n : 0;
}

static int read_item(struct history *h, const struct item *i, struct change *out)
{
	struct bytes key = bytes_of(h->bytes.ptr + i->key, i->key_len);
	int r = change_read(out, key, bytes_of(h->bytes.ptr + i->value, i->value_len), &h->room);

	return r != ERR_DAMAGED ? r :
		err_set(r, "graph %s: the change \"%s\" of version %" PRIu64 " is malformed",
			h->g->name, bytes_show(key), i->version);
}

/* What took a node's edges may be older than what is said of it. */
static int add_entry(struct history *h, const struct entry *e)
{
	struct item i = { .version = e->version, .key = h->bytes.len,
		.key_len = (uint32_t)e->key.len,
		.turn = (uint32_t)(h->items.len / sizeof i) };
	struct change c;
	int r = buf_add(&h->bytes, e->key.ptr, e->key.len);

	i.value = h->bytes.len;
	if (r == 0)
		r = add_value(h, e);
	i.value_len = (uint32_t)(h->bytes.len - i.value);
	if (r == 0)
		r = buf_add(&h->items, &i, sizeof i);
	if (r == 0)
		r = read_item(h, &i, &c);
	if (r < 0 || c.cut <= h->since)
		return r;
	i.version = c.cut;
	i.cut = true;
	return buf_add(&h->items, &i, sizeof i);
}

static int by_version(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	if (x->cut != y->cut)
		return x->cut ? -1 : 1;
	return (x->turn > y->turn) - (x->turn < y->turn);
}

static int say(struct history *h, const struct item *i)
{
	struct update_op op = {0}, gone;
	struct change c;
	int r = read_item(h, i, &c);

	if (r < 0)
		return r;
	op.kind = c.edge ? UPDATE_EDGE : UPDATE_NODE;
	op.node = c.node;
	op.type = c.type;
	op.to = c.to;
	gone = op;
	gone.kind = c.edge ? UPDATE_DEL_EDGE : UPDATE_DEL_NODE;
	gone.cascade = i->cut || c.state == CHANGE_GONE_CASCADE;
	r = h->each(h->ctx, &gone, i->version);
	if (r || i->cut || c.state != CHANGE_THERE)
		return r;
	op.label = c.label;
	op.label_n = c.label_n;
	op.prop = c.prop;
	op.prop_n = c.prop_n;
	return h->each(h->ctx, &op, i->version);
}

/* The one before VERSION, if there was one since. */
static int say_import(struct history *h, uint64_t version)
{
	char text[24];
	struct update_op op = { .kind = UPDATE_IMPORT };
	uint64_t imported = h->g->imported;

	if (h->import_said || imported <= h->since || imported > version)
		return 0;
	h->import_said = true;
	snprintf(text, sizeof text, "%" PRIu64, imported);
	op.node = bytes_str(text);
	return h->each(h->ctx, &op, imported);
}

static int say_all(struct history *h)
{
	const struct update_op end = { .kind = UPDATE_COMMIT };
	struct item *item = (struct item *)h->items.ptr;
	size_t n = h->items.len / sizeof *item;
	int r = 0;

	if (n)
		qsort(item, n, sizeof *item, by_version);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = say_import(h, item[i].version);
		if (r == 0)
			r = say(h, &item[i]);
		if (r == 0 && (i + 1 == n || item[i + 1].version != item[i].version))
			r = h->each(h->ctx, &end, item[i].version);
	}
	return r ? r : say_import(h, UINT64_MAX);
}

int history_each(struct store *s, struct snapshot *v, const struct manifest_graph *g,
		 uint64_t since,
		 int (*each)(void *ctx, const struct update_op *op, uint64_t version), void *ctx)
{
	struct mem *mem = store_mem(s);
	struct history h = {
		.store = s, .g = g, .since = since, .each = each, .ctx = ctx,
		.bytes.mem = mem, .items.mem = mem, .room.bytes.mem = mem,
		.room.labels.mem = mem, .room.props.mem = mem,
	};
	struct iter *changes;
	struct entry e;
	int r;

	if (since < g->folded) {
		err_set(ERR_NO_SNAPSHOT, "graph %s: what changed up to version %" PRIu64
			" is in its segments, and not listed", g->name, g->folded);
		err_hint("'strato-graph diff' lists it from a state that is kept: compact --keep, "
			 "strato-snapshot");
		return ERR_NO_SNAPSHOT;
	}
	r = snapshot_changes(v, g->space, since, &changes);
	if (r > 0) {
		r = 0;
		while (r == 0 && (r = iter_next(changes, &e)) == 1)
			r = e.kind == ENTRY_REMOVE ? 0 : add_entry(&h, &e);
		iter_close(changes);
	}
	if (r == 0)
		r = say_all(&h);
	buf_release(&h.bytes);
	buf_release(&h.items);
	change_room_release(&h.room);
	return r;
}
