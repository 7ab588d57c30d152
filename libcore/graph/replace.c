/* graph/replace.c - who went meanwhile, and a moment at which nobody else does */
#include "graph/replace.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/change.h"
#include "graph/delta.h"
#include "graph/overtaken.h"
#include "store/store.h"

#define TRIES 1000u		/* a quiet moment comes between two commits, mostly at once */

struct replacing {
	struct store *store;
	struct graph *was, *next;
	const struct manifest_graph *row;
	uint64_t folded;
	uint64_t seen;			/* who went up to here is known to be gone */
	struct snapshot *at;		/* the newest when that was looked for */
	int (*edit)(void *ctx, struct manifest *m, uint64_t version);
	void *ctx;
	struct buf node, key, value;
};

/* --- does anything go by the entries after SEEN? --- */

/* A value's first byte is the state. */
static int takes_away(struct replacing *p, const struct entry *e)
{
	struct value *v = NULL;
	uint8_t state = 0;
	int r;

	if (e->kind == ENTRY_REMOVE)
		return 0;
	if (e->kind == ENTRY_PUT)
		return e->value.len == 0 || e->value.ptr[0] != CHANGE_THERE;
	r = value_open(&v, p->store, e);
	if (r == 0)
		r = (int)value_read(v, 0, &state, 1);
	value_close(v);
	return r < 0 ? r : state != CHANGE_THERE;
}

static int anything_went(struct replacing *p, struct snapshot *v)
{
	struct iter *changes;
	struct entry e;
	int r = snapshot_changes(v, p->row->space, p->seen, &changes);

	if (r <= 0)
		return r;
	while ((r = iter_next(changes, &e)) == 1 && (r = takes_away(p, &e)) == 0)
		;
	iter_close(changes);
	return r;
}

/* --- who went --- */

/* The node of p->key is said to be gone, unless it is already or comes back meanwhile. */
static int say_gone(struct replacing *p, struct snapshot *v, struct txn *t)
{
	const struct change c = { .node = buf_bytes(&p->node), .state = CHANGE_GONE };
	struct entry e;
	int r = change_key(&p->key, &c), said;

	if (r < 0)
		return r;
	said = snapshot_get(v, p->row->space, buf_bytes(&p->key), &e);
	if (said < 0 || (said && e.version > p->folded))
		return said < 0 ? said : 0;	/* it went by its own entry */
	r = txn_expect(t, p->row->space, buf_bytes(&p->key), TXN_VERSION,
		       said ? e.version : 0);
	if (r == 0)
		r = change_value(&p->value, &c);
	return r < 0 ? r : txn_put(t, p->row->space, buf_bytes(&p->key), buf_bytes(&p->value), 0);
}

static int look_for(struct replacing *p, uint64_t id, struct graph *now, struct snapshot *v,
		    struct txn *t)
{
	uint64_t there;
	int r = dict_key(graph_dict(p->was), id, &p->node);

	if (r == 0)
		r = dict_find(graph_dict(now), buf_bytes(&p->node), &there);
	return r < 0 ? r : r ? 0 : say_gone(p, v, t);
}

/* Of those who may have been there by edges alone: new keys, and who has an entry. */
static int look_for_all(struct replacing *p, struct graph *now, struct snapshot *v,
			struct txn *t)
{
	struct dict *d = graph_dict(p->was);
	struct delta *changes = graph_delta(p->was);
	uint64_t n = changes ? delta_node_n(changes) : 0;
	int r = 0;

	for (uint64_t id = dict_stored_n(d); r == 0 && id < dict_id_n(d); id++)
		r = look_for(p, id, now, v, t);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		if (delta_node_at(changes, i) < dict_stored_n(d))
			r = look_for(p, delta_node_at(changes, i), now, v, t);
	return r;
}

static int commit(struct replacing *p, struct txn *t, uint64_t at)
{
	uint64_t version = at;
	int r = 0;

	if (txn_entry_n(t)) {
		txn_expect_graph(t, p->row->space, p->row->folded);
		r = txn_commit(t, &version);
	}
	/* a commit between the two is looked at in the next round */
	if (r == 0)
		p->seen = version <= at + 1 ? version : at;
	if (r != ERR_ABSENT)
		return r;
	err_clear();			/* one came back: look again */
	return 0;
}

static int settle(struct replacing *p, struct snapshot *v)
{
	const struct manifest_graph *row = manifest_find_graph(snapshot_manifest(v),
							       p->row->name);
	struct graph *now = NULL;
	struct txn *t = NULL;
	int r;

	if (!row || row->space != p->row->space || row->folded != p->row->folded)
		return 0;		/* EDIT sees that it is another */
	r = graph_open_changed(&now, p->store, v, row);
	if (r == 0)
		r = txn_begin(&t, p->store);
	if (r == 0)
		r = look_for_all(p, now, v, t);
	if (r == 0)
		r = commit(p, t, snapshot_version(v));
	txn_abort(t);
	graph_close(now);
	return r;
}

/* --- --- */

/* The version after SEEN is the next, or may be one that a publisher took who was killed:
 * then nobody has it, and nothing was committed all the same. */
static bool is_quiet(struct replacing *p, uint64_t version)
{
	return version == p->seen + 1 ||
		(snapshot_version(p->at) == p->seen && snapshot_is_newest(p->at));
}

static int when_quiet(void *ctx, struct manifest *m, uint64_t version)
{
	struct replacing *p = ctx;

	return is_quiet(p, version) ? p->edit(p->ctx, m, version) : ERR_ABSENT;
}

static int attempt(struct replacing *p, uint64_t *version)
{
	int r = store_snapshot(p->store, &p->at);

	if (r < 0)
		return r;
	if (p->next)
		r = overtaken(p->store, p->at, p->was, p->next, p->folded);
	if (r == 0)
		r = anything_went(p, p->at);
	if (r > 0)
		r = settle(p, p->at);
	else if (r == 0)
		p->seen = snapshot_version(p->at);
	if (r == 0)
		r = store_publish(p->store, when_quiet, p, version);
	snapshot_close(p->at);
	p->at = NULL;
	return r;
}

int replace_graph(struct store *s, struct graph *was, struct graph *next, uint64_t folded,
		  int (*edit)(void *ctx, struct manifest *m, uint64_t version), void *ctx,
		  uint64_t *version)
{
	struct replacing p = {
		.store = s, .was = was, .next = next, .row = graph_entry(was), .folded = folded,
		.seen = folded, .edit = edit, .ctx = ctx,
	};
	int r = ERR_ABSENT;

	p.node.mem = p.key.mem = p.value.mem = graph_mem(was);
	for (unsigned i = 0; r == ERR_ABSENT && i < TRIES; i++)
		r = attempt(&p, version);
	buf_release(&p.node);
	buf_release(&p.key);
	buf_release(&p.value);
	if (r == ERR_ABSENT) {
		err_set(ERR_CHANGED, "graph \"%s\": others commit without a pause", p.row->name);
		err_hint("it is as it was; run it again when there are fewer writers");
		return ERR_CHANGED;
	}
	return r;
}
