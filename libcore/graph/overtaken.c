/* graph/overtaken.c */
#include "graph/overtaken.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/change.h"
#include "graph/state.h"
#include "store/store.h"

struct looking {
	struct store *store;
	struct graph *graph[2];		/* as it was, as it will be */
	struct buf value, said[2];
	struct change_room room;
	struct prop_room props;
};

static int whole_value(struct looking *k, const struct entry *e)
{
	struct value *v = NULL;
	long n = 1;
	int r;

	buf_clear(&k->value);
	if (e->kind == ENTRY_PUT)
		return buf_add(&k->value, e->value.ptr, e->value.len);
	r = value_open(&v, k->store, e);
	if (r == 0)
		r = buf_reserve(&k->value, e->size);
	while (r == 0 && n > 0 && k->value.len < e->size) {
		n = value_read(v, k->value.len, k->value.ptr + k->value.len,
			       e->size - k->value.len);
		k->value.len += n > 0 ? (size_t)n : 0;
	}
	value_close(v);
	return r < 0 ? r : n < 0 ? (int)n : 0;
}

/* --- what each of the two says --- */

/* 1 and its state, 0: there is none. */
static int node_state(struct looking *k, struct graph *g, const struct change *c,
		      struct prop_state *out)
{
	uint64_t id;
	int r = dict_find(graph_dict(g), c->node, &id);

	if (r > 0 && (r = graph_node_state(g, id, &k->props, out)) == 0)
		r = 1;
	return r;
}

static int edge_state(struct looking *k, struct graph *g, const struct change *c,
		      struct prop_state *out)
{
	struct dict *d = graph_dict(g);
	uint64_t from, to;
	uint32_t type;
	int r = dict_find(d, c->node, &from);

	if (r > 0)
		r = dict_find(d, c->to, &to);
	if (r > 0)
		r = dict_find_type(d, c->type, &type);
	return r > 0 ? graph_edge_state(g, from, type, to, 0, &k->props, out) : r;
}

/* All of it as bytes; that it is there only where the entry says that it is not: one
 * that is there without a word loses nothing by another that is. */
static int say(struct looking *k, unsigned side, const struct change *c)
{
	struct prop_state state = { 0 };
	struct buf *out = &k->said[side];
	int r = (c->edge ? edge_state : node_state)(k, k->graph[side], c, &state);

	buf_clear(out);
	if (r < 0)
		return r;
	if (c->state != CHANGE_THERE) {
		int e = buf_add_byte(out, (uint8_t)(r > 0));

		if (e < 0)
			return e;
	}
	return state_encode(out, r > 0 ? &state : &(struct prop_state){ 0 });
}

/* How many edges it has, either way. */
static int edges_at(struct graph *g, struct bytes key, uint64_t *n)
{
	const struct graph_types all = { .all = true };
	uint64_t id, in = 0;
	int r = dict_find(graph_dict(g), key, &id);

	*n = 0;
	if (r <= 0)
		return r;
	r = graph_degree(g, id, CSR_OUT, &all, n);
	if (r == 0 && !graph_undirected(g))
		r = graph_degree(g, id, CSR_IN, &all, &in);
	*n += in;
	return r;
}

/* --- --- */

static int refuse(struct looking *k, const struct change *c)
{
	const char *name = graph_entry(k->graph[0])->name;

	if (c->edge)
		err_set(ERR_CHANGED, "graph \"%s\": the edge \"%s\" \"%s\" \"%s\" was changed "
			"while this was added to it", name, bytes_show(c->node),
			bytes_show(c->type), bytes_show(c->to));
	else
		err_set(ERR_CHANGED, "graph \"%s\": the node \"%s\" was changed while this was "
			"added to it", name, bytes_show(c->node));
	err_hint("nothing was added, the change is there; run it again");
	return ERR_CHANGED;
}

static int look_at(struct looking *k, const struct change *c)
{
	bool cuts = !c->edge && (c->state == CHANGE_GONE_CASCADE || c->cut);
	uint64_t was = 0, next = 0;
	int r = say(k, 0, c);

	if (r == 0)
		r = say(k, 1, c);
	if (r == 0 && cuts)
		r = edges_at(k->graph[0], c->node, &was);
	if (r == 0 && cuts)
		r = edges_at(k->graph[1], c->node, &next);
	if (r < 0)
		return r;
	return was == next && bytes_equal(buf_bytes(&k->said[0]), buf_bytes(&k->said[1])) ?
		0 : refuse(k, c);
}

static int look_at_entry(struct looking *k, const struct entry *e)
{
	struct change c;
	int r = e->kind == ENTRY_REMOVE ? 1 : whole_value(k, e);

	if (r != 0)
		return r < 0 ? r : 0;
	r = change_read(&c, e->key, buf_bytes(&k->value), &k->room);
	if (r == ERR_DAMAGED)
		return err_set(ERR_DAMAGED, "graph %s: the change \"%s\" of version %llu is "
			       "malformed", graph_entry(k->graph[0])->name, bytes_show(e->key),
			       (unsigned long long)e->version);
	return r < 0 ? r : look_at(k, &c);
}

int overtaken(struct store *s, struct snapshot *v, struct graph *was, struct graph *next,
	      uint64_t after)
{
	struct mem *mem = graph_mem(was);
	struct looking k = { .store = s, .graph = { was, next } };
	struct iter *changes;
	struct entry e;
	int r = snapshot_changes(v, graph_entry(was)->space, after, &changes);

	if (r <= 0)
		return r;
	k.value.mem = k.said[0].mem = k.said[1].mem = mem;
	prop_room_init(&k.props, mem);
	while ((r = iter_next(changes, &e)) == 1 && (r = look_at_entry(&k, &e)) == 0)
		;
	iter_close(changes);
	prop_room_release(&k.props);
	change_room_release(&k.room);
	buf_release(&k.value);
	buf_release(&k.said[0]);
	buf_release(&k.said[1]);
	return r;
}
