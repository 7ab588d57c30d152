/* graph/update_resolve.c - slots of operations to entries, as of one snapshot
 *
 * An entry above `folded` says all of its node or edge; where there is none, the
 * segments do, and they are asked only if the answer could matter: what an edge without
 * properties is becomes the same whether it was there or not.  Whatever an entry rests on
 * is made a condition of the commit.
 */
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/update_inside.h"
#include "store/store.h"

/* --- the segments --- */

void update_close_base(struct update *u)
{
	graph_close(u->base);
	u->base = NULL;
}

static bool is_base(const struct update *u)
{
	return u->base && u->base_row.space == u->row.space &&
		u->base_row.version == u->row.version && u->base_row.folded == u->row.folded &&
		u->base_row.segment_n == u->row.segment_n &&
		!memcmp(u->base_row.segment, u->row.segment,
			u->row.segment_n * sizeof *u->row.segment);
}

static int open_base(struct update *u)
{
	struct prop *p;
	int r;

	if (is_base(u))
		return 0;
	update_close_base(u);
	u->base_row = u->row;
	r = graph_open(&u->base, store_backend(u->store), store_id(u->store), &u->base_row,
		       u->mem);
	if (r == 0)
		r = graph_props(u->base, PROP_EDGES, &p);
	if (r < 0) {
		update_close_base(u);
		return r;
	}
	u->bare = !p && graph_values(u->base) == CSR_NO_VALUES &&
		!(u->row.flags & GRAPH_MULTI);
	return 0;
}

/* --- what an entry said --- */

struct said {
	uint64_t version;		/* 0: no entry above `folded` */
	bool there;
	uint64_t cut;			/* of a node: its edges before are gone; 0: none */
	struct prop_state state;
};

static int whole_value(struct update *u, const struct entry *e)
{
	struct value *v = NULL;
	long n = 1;
	int r;

	buf_clear(&u->value);
	if (e->kind == ENTRY_PUT)
		return buf_add(&u->value, e->value.ptr, e->value.len);
	r = value_open(&v, u->store, e);
	if (r == 0)
		r = buf_reserve(&u->value, e->size);
	while (r == 0 && n > 0 && u->value.len < e->size) {
		n = value_read(v, u->value.len, u->value.ptr + u->value.len,
			       e->size - u->value.len);
		u->value.len += n > 0 ? (size_t)n : 0;
	}
	value_close(v);
	return r < 0 ? r : n < 0 ? (int)n : 0;
}

static int read_change(struct update *u, const struct entry *e, struct said *out)
{
	struct change c;
	int r = whole_value(u, e);

	if (r == 0)
		r = change_read(&c, e->key, buf_bytes(&u->value), &u->change);
	if (r == ERR_DAMAGED)
		return err_set(ERR_DAMAGED, "graph %s: the change \"%s\" of version %llu is "
			       "malformed", u->name, bytes_show(e->key),
			       (unsigned long long)e->version);
	if (r < 0)
		return r;
	out->there = c.state == CHANGE_THERE;
	out->cut = c.state == CHANGE_GONE_CASCADE ? e->version : c.cut;
	if (out->cut <= u->row.folded)
		out->cut = 0;		/* the segments are without those edges */
	out->state = (struct prop_state){ c.label, c.prop, c.label_n, c.prop_n };
	return 0;
}

/* Never 0. */
static uint64_t key_hash(struct bytes key)
{
	return hash64(0, key.ptr, key.len) | 1;
}

static bool is_own(const struct update *u, uint64_t hash)
{
	uint64_t at = hash >> 20;

	if (u->own_n == 0)
		return false;
	for (;; at++) {
		uint64_t there = u->own[at & (UPDATE_OWN - 1)];

		if (there == 0 || there == hash)
			return there;
	}
}

/* The entry of u->key; that it stays so is a condition.  What it says is good until the
 * next is asked for. */
static int find_entry(struct update *u, struct said *out)
{
	struct entry e;
	int r, done;

	*out = (struct said){0};
	if (is_own(u, key_hash(buf_bytes(&u->key)))) {
		u->stale = true;
		return ERR_ABSENT;
	}
	r = snapshot_get(u->snap, u->row.space, buf_bytes(&u->key), &e);
	if (r < 0)
		return r;
	done = txn_expect(u->txn, u->row.space, buf_bytes(&u->key), TXN_VERSION,
			  r ? e.version : 0);
	if (done < 0 || r == 0 || e.version <= u->row.folded)
		return done;
	out->version = e.version;
	return read_change(u, &e, out);
}

static int find_node_entry(struct update *u, struct bytes node, struct said *out)
{
	const struct change c = { .node = node };
	int r = change_key(&u->key, &c);

	return r < 0 ? r : find_entry(u, out);
}

static int edge_key(struct update *u, const struct update_slot *s, bool turned)
{
	struct change c = { .edge = true, .type = update_type(u, s) };

	c.node = turned ? update_to(u, s) : update_node(u, s);
	c.to = turned ? update_node(u, s) : update_to(u, s);
	return change_key(&u->key, &c);
}

/* What is in U's rooms, where it stays while entries of others are looked at. */
static int keep_state(struct gather *g, struct prop_state *state)
{
	int r;

	gather_clear(g);
	r = gather_add(g, state, false);
	return r < 0 ? r : gather_done(g, state);
}

/* --- an edge as it was --- */

/* Did anything take all edges of one of its ends since VERSION? */
static int was_cut(struct update *u, const struct update_slot *s, uint64_t version)
{
	struct said node;
	int r = find_node_entry(u, update_node(u, s), &node);

	if (r < 0 || node.cut > version)
		return r < 0 ? r : 1;
	r = find_node_entry(u, update_to(u, s), &node);
	return r < 0 ? r : node.cut > version;
}

/* Written the other way round of an undirected edge, which some version may have. */
static int find_edge_entry(struct update *u, const struct update_slot *s, struct said *out)
{
	struct said other = {0};
	int r = 0;

	if (u->undirected) {
		r = edge_key(u, s, true);
		if (r == 0)
			r = find_entry(u, &other);
		if (r == 0 && other.version)
			r = keep_state(&u->gather[0], &other.state);
	}
	if (r == 0)
		r = edge_key(u, s, false);
	if (r == 0)
		r = find_entry(u, out);
	if (r == 0 && other.version > out->version)
		*out = other;
	return r;
}

/* What the first of equal edges has, and how many there are. */
static int count_equal(struct update *u, uint64_t from, uint32_t type, uint64_t to,
		       struct prop_state *out, uint64_t *n)
{
	struct prop_state other;
	int r = graph_edge_state(u->base, from, type, to, 0, &u->props, out);

	if (r > 0)
		r = keep_state(&u->gather[1], out) < 0 ? ERR_MEMORY : 1;
	while (r > 0 && ++*n && (u->row.flags & GRAPH_MULTI))
		r = graph_edge_state(u->base, from, type, to, *n, &u->props, &other);
	return r < 0 ? r : *n > 0;
}

/* 1, what the segments say of it, and how many they have, 0: they have no such edge. */
static int stored_edge(struct update *u, const struct update_slot *s, struct prop_state *out,
		       uint64_t *n)
{
	struct dict *d = graph_dict(u->base);
	uint64_t from, to;
	uint32_t type;
	int r = dict_find(d, update_node(u, s), &from);

	*out = (struct prop_state){0};
	if (r > 0)
		r = dict_find(d, update_to(u, s), &to);
	if (r > 0)
		r = dict_find_type(d, update_type(u, s), &type);
	return r > 0 ? count_equal(u, from, type, to, out, n) : r;
}

struct before {
	bool known;			/* whether it was there */
	bool there;
	bool entry;			/* an entry said so */
	uint64_t equal_n;		/* of an edge: how many the segments have */
	struct prop_state state;
};

static int edge_by_entry(struct update *u, const struct update_slot *s, struct said *said,
			 struct before *b)
{
	int r;

	b->known = b->entry = true;
	if (!said->there)
		return 0;
	b->state = said->state;
	r = keep_state(&u->gather[1], &b->state);
	if (r == 0)
		r = was_cut(u, s, said->version);
	b->there = r == 0;
	if (r > 0)
		b->state = (struct prop_state){0};
	return r < 0 ? r : 0;
}

static int edge_before(struct update *u, const struct update_slot *s, struct before *b)
{
	struct said said;
	int r;

	*b = (struct before){0};
	if (s->there && s->fresh)
		return 0;
	r = find_edge_entry(u, s, &said);
	if (r < 0 || said.version)
		return r < 0 ? r : edge_by_entry(u, s, &said, b);
	r = open_base(u);
	if (r < 0 || (u->bare && s->there))
		return r;
	b->known = true;
	r = stored_edge(u, s, &b->state, &b->equal_n);
	if (r <= 0)
		return r;
	r = was_cut(u, s, 0);
	b->there = r == 0;
	if (r > 0)
		b->state = (struct prop_state){0};
	return r < 0 ? r : 0;
}

static int not_alone(struct update *u, const struct update_slot *s, uint64_t n)
{
	err_set(ERR_UNAVAILABLE, "graph %s: there are %llu edges \"%s\" \"%s\" \"%s\": a change"
		" cannot say which is meant", u->name, (unsigned long long)n,
		bytes_show(update_node(u, s)), bytes_show(update_type(u, s)),
		bytes_show(update_to(u, s)));
	err_hint("to change one export the graph, and import that with --replace --dedup=keep;"
		 " del-edge takes all of them, and an edge that is made afterwards is one");
	return ERR_UNAVAILABLE;
}

/* --- steps --- */

static bool is_unset(struct bytes unset, struct bytes text, bool label)
{
	while (unset.len) {
		uint64_t head;
		size_t n = varint_get(unset.ptr, unset.len, &head);
		size_t len = (size_t)(head / 2);

		if (label == (head & 1) && bytes_equal(bytes_of(unset.ptr + n, len), text))
			return true;
		unset = bytes_of(unset.ptr + n + len, unset.len - n - len);
	}
	return false;
}

/* STATE without what is unset; its arrays are scratch. */
static int drop_unset(struct update *u, struct bytes unset, struct prop_state *state)
{
	uint32_t prop_n = 0, label_n = 0;
	struct property *prop;
	struct bytes *label;
	int r;

	buf_clear(&u->scratch);
	r = buf_reserve(&u->scratch, (state->prop_n + 1) * sizeof *prop +
			state->label_n * sizeof *label);
	if (r < 0)
		return r;
	prop = (struct property *)u->scratch.ptr;
	label = (struct bytes *)(prop + state->prop_n);
	for (uint32_t i = 0; i < state->prop_n; i++)
		if (!is_unset(unset, state->prop[i].name, false))
			prop[prop_n++] = state->prop[i];
	for (uint32_t i = 0; i < state->label_n; i++)
		if (!is_unset(unset, state->label[i], true))
			label[label_n++] = state->label[i];
	*state = (struct prop_state){ label, prop, label_n, prop_n };
	return 0;
}

/* STATE, which is in the gather that FROM is not, becomes what the step makes of it. */
static int apply_step(struct update *u, struct gather *to, const struct update_step *step,
		      const uint8_t *at, struct prop_state *state)
{
	struct prop_state said;
	int r = 0;

	if (step->unset_len)
		r = drop_unset(u, bytes_of(at + step->state_len, step->unset_len), state);
	if (r == 0)
		r = state_decode(&said, bytes_of(at, step->state_len), &u->states);
	gather_clear(to);
	if (r == 0)
		r = gather_add(to, state, false);
	if (r == 0)
		r = gather_add(to, &said, false);
	return r < 0 ? r : gather_done(to, state);
}

/* From what was before, which is in gather 1 or in none. */
static int apply_steps(struct update *u, const struct update_slot *s, struct prop_state *state)
{
	struct update_step step;
	unsigned turn = 0;
	int r = 0;

	for (uint64_t at = s->first; r == 0 && at; at = step.next) {
		memcpy(&step, u->arena.ptr + at - 1, sizeof step);
		r = apply_step(u, &u->gather[turn], &step, u->arena.ptr + at - 1 + sizeof step,
			       state);
		turn ^= 1;
	}
	return r;
}

/* --- entries --- */

static int put(struct update *u, struct change *c, const struct prop_state *state)
{
	int r = change_key(&u->key, c);
	uint64_t hash = r < 0 ? 0 : key_hash(buf_bytes(&u->key));

	if (c->state == CHANGE_THERE) {
		c->label = state->label;
		c->label_n = state->label_n;
		c->prop = state->prop;
		c->prop_n = state->prop_n;
	}
	if (r == 0)
		r = buf_add(&u->fresh, &hash, sizeof hash);
	if (r == 0)
		r = change_value(&u->value, c);
	return r < 0 ? r : txn_put(u->txn, u->row.space, buf_bytes(&u->key),
				   buf_bytes(&u->value), 0);
}

static int put_edge(struct update *u, const struct update_slot *s, const struct prop_state *state)
{
	struct change c = {
		.edge = true, .node = update_node(u, s), .type = update_type(u, s),
		.to = update_to(u, s), .state = s->there ? CHANGE_THERE : CHANGE_GONE,
	};

	u->done.edge_n++;
	return put(u, &c, state);
}

/* Its state is left where it was when nothing changes it. */
static int resolve_edge(struct update *u, const struct update_slot *s)
{
	struct prop_state now;
	struct before b;
	int r;

	if (update_cascade(u, s) > s->seq)
		return 0;		/* gone with its end */
	r = edge_before(u, s, &b);
	if (r < 0)
		return r;
	if (!s->there && !b.there) {
		u->done.absent_n++;
		return 0;
	}
	if (!s->there)
		return put_edge(u, s, NULL);
	if (b.known && b.there && !s->first && !s->fresh)
		return 0;
	if (b.there && b.equal_n > 1)
		return not_alone(u, s, b.equal_n);
	now = s->fresh ? (struct prop_state){0} : b.state;
	r = apply_steps(u, s, &now);
	return r < 0 ? r : put_edge(u, s, &now);
}

/* --- all edges between two nodes --- */

static int add_type(struct update *u, struct bytes type)
{
	uint8_t len[VARINT_MAX];
	int r = buf_add(&u->types, len, varint_put(len, type.len));

	return r < 0 ? r : buf_add(&u->types, type.ptr, type.len);
}

/* 1 and the next of them, from *AT on. */
static int next_type(const struct update *u, size_t *at, struct bytes *type)
{
	uint64_t len;

	if (*at == u->types.len)
		return 0;
	*at += varint_get(u->types.ptr + *at, u->types.len - *at, &len);
	*type = bytes_of(u->types.ptr + *at, (size_t)len);
	*at += (size_t)len;
	return 1;
}

static int add_new_type(struct update *u, struct bytes type)
{
	struct bytes had;
	size_t at = 0;

	while (next_type(u, &at, &had))
		if (bytes_equal(had, type))
			return 0;
	return add_type(u, type);
}

static int stored_types(struct update *u, const struct update_slot *s)
{
	struct dict *d = graph_dict(u->base);
	uint64_t from, to, id = 0;
	struct csr_list l;
	struct bytes name;
	int r = dict_find(d, update_node(u, s), &from);

	if (r > 0)
		r = dict_find(d, update_to(u, s), &to);
	for (uint32_t t = 0; r > 0 && t < graph_type_n(u->base); t++) {
		r = csr_row(graph_csr(u->base, CSR_OUT), t, from, &l);
		if (r == 0 && l.n)
			r = csr_seek(&l, to);
		while (r == 0 && l.n && (r = csr_next(&l, &id)) > 0 && id < to)
			r = 0;
		if (r > 0 && id == to) {
			r = dict_type(d, t, &name);
			r = r < 0 ? r : add_type(u, name);
		}
		r = r < 0 ? r : 1;
	}
	return r < 0 ? r : 0;
}

/* Of edges that entries tell of, gone ones, too. */
static int entry_types(struct update *u, struct bytes from, struct bytes to)
{
	struct scan_options o = { .from.space = u->row.space };
	struct iter *entries;
	struct entry e;
	int r = change_prefix(&u->key, from, NULL);

	o.from.key = o.prefix = buf_bytes(&u->key);
	if (r == 0)
		r = snapshot_scan(u->snap, &o, &entries);
	if (r < 0)
		return r;
	while (r == 0 && (r = iter_next(entries, &e)) == 1) {
		struct change c;

		r = whole_value(u, &e);
		if (r == 0)
			r = change_read(&c, e.key, buf_bytes(&u->value), &u->change);
		if (r == 0 && e.version > u->row.folded && bytes_equal(c.to, to))
			r = add_new_type(u, c.type);
	}
	iter_close(entries);
	return r;
}

/* One of them goes, unless the group says more of it. */
static int drop_one(struct update *u, const struct update_slot *s, struct bytes type)
{
	struct update_op op = { .kind = UPDATE_DEL_EDGE, .type = type };
	struct update_slot one = { .text = u->arena.len, .edge = true, .node_len = s->node_len,
		.to_len = s->to_len, .type_len = (uint32_t)type.len };
	const struct update_slot *later;
	struct before b;
	int r = buf_reserve(&u->arena, one.node_len + one.type_len + one.to_len);

	if (r < 0)
		return r;
	op.node = update_node(u, s);
	op.to = update_to(u, s);
	later = update_find_edge(u, &op);
	if (later && later->seq > s->seq)
		return 0;
	buf_add(&u->arena, op.node.ptr, op.node.len);
	buf_add(&u->arena, type.ptr, type.len);
	buf_add(&u->arena, op.to.ptr, op.to.len);
	r = edge_before(u, &one, &b);
	if (r == 0 && b.there)
		r = put_edge(u, &one, NULL);
	u->arena.len = one.text;
	return r;
}

/* That there are no others is known only if nobody commits meanwhile. */
static int resolve_pair(struct update *u, const struct update_slot *s)
{
	uint64_t before = u->done.edge_n;
	struct bytes type;
	size_t at = 0;
	int r;

	if (update_cascade(u, s) > s->seq)
		return 0;
	if (u->own_n) {			/* these are to be seen, too */
		u->stale = true;
		return ERR_ABSENT;
	}
	u->still = true;
	buf_clear(&u->types);
	r = open_base(u);
	if (r == 0)
		r = stored_types(u, s);
	if (r == 0)
		r = entry_types(u, update_node(u, s), update_to(u, s));
	if (r == 0 && u->undirected)
		r = entry_types(u, update_to(u, s), update_node(u, s));
	while (r == 0 && next_type(u, &at, &type))
		r = drop_one(u, s, type);
	u->done.absent_n += r == 0 && u->done.edge_n == before;
	return r;
}

/* --- nodes --- */

static int stored_node(struct update *u, struct bytes key, struct before *b)
{
	uint64_t id;
	int r = open_base(u);

	b->known = true;
	if (r == 0)
		r = dict_find(graph_dict(u->base), key, &id);
	b->there = r > 0;
	return r > 0 ? graph_node_state(u->base, id, &u->props, &b->state) : r;
}

static int node_before(struct update *u, const struct update_slot *s, struct before *b,
		       uint64_t *cut)
{
	struct said said;
	int r = find_node_entry(u, update_node(u, s), &said);

	*b = (struct before){0};
	*cut = said.cut;
	if (r < 0)
		return r;
	if (!said.version)
		return stored_node(u, update_node(u, s), b);
	b->known = b->entry = true;
	b->there = said.there;
	b->state = said.state;
	return said.there ? keep_state(&u->gather[1], &b->state) : 0;
}

static int put_node(struct update *u, const struct update_slot *s,
		    const struct prop_state *state, uint64_t cut)
{
	struct change c = { .node = update_node(u, s), .cut = cut, .state = CHANGE_THERE };

	if (!s->there)
		c.state = s->cascade ? CHANGE_GONE_CASCADE : CHANGE_GONE;
	if (s->cascade)
		c.cut = 0;
	if (s->cascade && s->there) {	/* the version of this very commit is not known yet */
		c.cut = u->held + 1;
		u->still = true;
	}
	u->done.node_n++;
	return put(u, &c, state);
}

static int resolve_node(struct update *u, const struct update_slot *s)
{
	struct prop_state now;
	struct before b;
	uint64_t cut;
	int r = node_before(u, s, &b, &cut);

	if (r < 0)
		return r;
	if (!s->there && !s->cascade && !b.there) {
		u->done.absent_n++;
		return 0;
	}
	if (!s->there)
		return put_node(u, s, NULL, cut);
	now = s->fresh ? (struct prop_state){0} : b.state;
	r = apply_steps(u, s, &now);
	if (r < 0 || (b.there && !s->cascade && !s->first && !s->fresh))
		return r;
	return put_node(u, s, &now, cut);
}

int update_resolve(struct update *u)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < u->slot_n; i++)
		r = u->slot[i].pair ? resolve_pair(u, &u->slot[i]) :
			u->slot[i].edge ? resolve_edge(u, &u->slot[i]) :
			resolve_node(u, &u->slot[i]);
	return r;
}
