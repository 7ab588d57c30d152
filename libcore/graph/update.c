/* graph/update.c - operations, as they wait for their commit
 *
 * Those of one node or edge hang together as steps of a slot, so that what was before is
 * looked up once, however many there are.  What a del-node with all its edges takes of
 * the same group is not looked for: its number is compared with theirs later.
 */
#include "graph/update_inside.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/delta_fold.h"
#include "graph/text/text.h"
#include "store/store.h"

#define TRIES 10000u		/* each is another's commit that came first */

/* --- opening --- */

static int take_row(struct update *u)
{
	const struct manifest_graph *row = manifest_find_graph(snapshot_manifest(u->snap),
							       u->name);

	if (row) {
		u->row = *row;
		return 0;
	}
	err_set(ERR_NO_GRAPH, "%s: no graph \"%s\"", store_path(u->store),
		bytes_show(bytes_str(u->name)));
	err_hint("'strato-graph import -g %s' makes it, from no edges, too",
		 bytes_show(bytes_str(u->name)));
	return ERR_NO_GRAPH;
}

static void look_away(struct update *u)
{
	snapshot_close(u->snap);
	u->snap = NULL;
}

/* The snapshot there is will do until there are too many entries of ours behind it. */
static int look(struct update *u)
{
	int r;

	if (u->snap && !u->stale && u->own_n < UPDATE_OWN / 2)
		return 0;
	look_away(u);
	u->stale = false;
	if (u->own_n)
		memset(u->own, 0, UPDATE_OWN * sizeof *u->own);
	u->own_n = 0;
	r = store_snapshot(u->store, &u->snap);
	if (r == 0)
		r = take_row(u);
	if (r == 0)
		u->held = snapshot_version(u->snap);
	else
		look_away(u);
	return r;
}

/* This commit's entries are behind the snapshot. */
static void keep_looking(struct update *u, uint64_t version)
{
	const uint64_t *hash = (const void *)u->fresh.ptr;
	uint64_t n = u->fresh.len / sizeof *hash;

	/* who commits once has no use for it, and it is 1 MiB */
	if (version != u->held + 1 || u->commit_n++ == 0 || n + u->own_n >= UPDATE_OWN / 2) {
		look_away(u);
		return;
	}
	if (!u->own)
		u->own = mem_zalloc(u->mem, UPDATE_OWN * sizeof *u->own);
	if (!u->own) {
		err_clear();
		look_away(u);
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = hash[i] >> 20;

		while (u->own[at & (UPDATE_OWN - 1)])
			at++;
		u->own[at & (UPDATE_OWN - 1)] = hash[i];
	}
	u->own_n += n;
	u->held = version;
}

void update_rest(struct update *u)
{
	look_away(u);
}

static void init_rooms(struct update *u)
{
	u->arena.mem = u->key.mem = u->value.mem = u->room.mem = u->scratch.mem = u->mem;
	u->change.bytes.mem = u->change.labels.mem = u->change.props.mem = u->mem;
	u->fresh.mem = u->types.mem = u->mem;
	u->states.labels.mem = u->states.props.mem = u->mem;
	prop_room_init(&u->props, u->mem);
	gather_init(&u->gather[0], u->mem);
	gather_init(&u->gather[1], u->mem);
}

int update_open(struct update **out, struct store *s, const char *graph)
{
	struct mem *mem = store_mem(s);
	struct update *u = mem_zalloc(mem, sizeof *u);
	int r;

	if (!u)
		return ERR_MEMORY;
	u->store = s;
	u->mem = mem;
	init_rooms(u);
	u->name = mem_alloc(mem, strlen(graph) + 1);
	r = u->name ? 0 : ERR_MEMORY;
	if (r == 0) {
		strcpy(u->name, graph);
		r = look(u);
	}
	u->undirected = u->row.flags & GRAPH_UNDIRECTED;
	if (r < 0)
		update_close(u);
	else
		*out = u;
	return r;
}

void update_close(struct update *u)
{
	if (!u)
		return;
	update_close_base(u);
	txn_abort(u->txn);
	snapshot_close(u->snap);
	mem_free(u->mem, u->own);
	buf_release(&u->fresh);
	buf_release(&u->arena);
	buf_release(&u->key);
	buf_release(&u->value);
	buf_release(&u->room);
	buf_release(&u->scratch);
	buf_release(&u->types);
	change_room_release(&u->change);
	prop_room_release(&u->props);
	state_room_release(&u->states);
	gather_release(&u->gather[0]);
	gather_release(&u->gather[1]);
	mem_free(u->mem, u->slot);
	mem_free(u->mem, u->table);
	mem_free(u->mem, u->name);
	mem_free(u->mem, u);
}

/* --- slots --- */

static uint32_t hash_of(struct bytes node, struct bytes type, struct bytes to)
{
	uint64_t h = hash64(node.len, node.ptr, node.len);

	h = hash64(h ^ type.len << 32, type.ptr, type.len);
	return (uint32_t)hash64(h, to.ptr, to.len);
}

static bool is_slot(const struct update *u, const struct update_slot *s, uint32_t hash,
		    const struct update_op *op)
{
	bool edge = op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE;

	return s->hash == hash && s->edge == edge && s->pair == op->any_type &&
		bytes_equal(update_node(u, s), op->node) &&
		(!edge || (bytes_equal(update_type(u, s), op->type) &&
			   bytes_equal(update_to(u, s), op->to)));
}

static uint32_t *place_of(const struct update *u, uint32_t hash, const struct update_op *op)
{
	uint64_t at = hash & (u->table_n - 1);

	while (u->table[at] && !is_slot(u, &u->slot[u->table[at] - 1], hash, op))
		at = (at + 1) & (u->table_n - 1);
	return &u->table[at];
}

struct update_slot *update_find_node(const struct update *u, struct bytes key)
{
	const struct update_op op = { .kind = UPDATE_NODE, .node = key };
	uint32_t at = u->table_n ? *place_of(u, hash_of(key, op.type, op.to), &op) : 0;

	return at ? &u->slot[at - 1] : NULL;
}

struct update_slot *update_find_edge(const struct update *u, const struct update_op *op)
{
	uint32_t at = u->table_n ? *place_of(u, hash_of(op->node, op->type, op->to), op) : 0;

	return at ? &u->slot[at - 1] : NULL;
}

/* Twice as many places once half of them are taken, and slots for half of those. */
static int more_slots(struct update *u)
{
	uint64_t n = u->table_n ? 2 * u->table_n : 64;
	struct update_slot *slot;
	uint32_t *table;

	if (u->slot_n < u->slot_cap)
		return 0;
	if (n > UINT32_MAX)
		return err_set(ERR_MEMORY, "over 2^31 changes in one commit");
	slot = mem_resize(u->mem, u->slot, n / 2 * sizeof *slot);
	if (!slot)
		return ERR_MEMORY;
	u->slot = slot;
	table = mem_zalloc(u->mem, n * sizeof *table);
	if (!table)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < u->slot_n; i++) {
		uint64_t at = slot[i].hash & (n - 1);

		while (table[at])
			at = (at + 1) & (n - 1);
		table[at] = (uint32_t)i + 1;
	}
	mem_free(u->mem, u->table);
	u->table = table;
	u->table_n = n;
	u->slot_cap = n / 2;
	return 0;
}

static int new_slot(struct update *u, uint32_t hash, const struct update_op *op, uint32_t *place)
{
	struct update_slot s = {
		.text = u->arena.len, .hash = hash, .node_len = (uint32_t)op->node.len,
		.edge = op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE,
		.pair = op->any_type,
	};
	int r = buf_reserve(&u->arena, op->node.len + op->type.len + op->to.len);

	if (r < 0)
		return r;
	buf_add(&u->arena, op->node.ptr, op->node.len);
	if (s.edge) {
		s.type_len = (uint32_t)op->type.len;
		s.to_len = (uint32_t)op->to.len;
		buf_add(&u->arena, op->type.ptr, op->type.len);
		buf_add(&u->arena, op->to.ptr, op->to.len);
	}
	u->slot[u->slot_n] = s;
	*place = (uint32_t)++u->slot_n;
	return 0;
}

static int take_slot(struct update *u, const struct update_op *op, struct update_slot **out)
{
	uint32_t hash = hash_of(op->node, op->type, op->to), *place;
	int r = more_slots(u);

	if (r < 0)
		return r;
	place = place_of(u, hash, op);
	if (*place == 0)
		r = new_slot(u, hash, op, place);
	*out = r < 0 ? NULL : &u->slot[*place - 1];
	return r;
}

/* --- operations --- */

static int check_lengths(const struct update_op *op, bool edge)
{
	if (op->node.len == 0 || (edge && op->to.len == 0))
		return err_set(ERR_BAD_RECORD, "an empty key");
	if (op->node.len > TEXT_KEY_MAX || (edge && (op->to.len > TEXT_KEY_MAX ||
						     op->type.len > TEXT_KEY_MAX)))
		return err_set(ERR_BAD_RECORD, "a key or type over %u bytes", TEXT_KEY_MAX);
	for (uint32_t i = 0; i < op->label_n + op->unlabel_n; i++) {
		size_t len = i < op->label_n ? op->label[i].len :
			op->unlabel[i - op->label_n].len;

		if (len == 0 || len > TEXT_KEY_MAX)
			return err_set(ERR_BAD_RECORD, "a label is of 1 to %u bytes",
				       TEXT_KEY_MAX);
	}
	for (uint32_t i = 0; i < op->prop_n; i++)
		if (op->prop[i].name.len == 0 || op->prop[i].name.len > TEXT_KEY_MAX)
			return err_set(ERR_BAD_RECORD, "a property's name is of 1 to %u bytes",
				       TEXT_KEY_MAX);
	return 0;
}

static int check_op(const struct update_op *op)
{
	bool edge = op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE;
	int r = check_lengths(op, edge);

	assert(!op->any_type || (op->kind == UPDATE_DEL_EDGE && op->type.len == 0));

	for (uint32_t i = 0; r == 0 && i < op->unset_n; i++)
		for (uint32_t k = 0; r == 0 && k < op->prop_n; k++)
			if (bytes_equal(op->unset[i], op->prop[k].name))
				r = err_set(ERR_BAD_RECORD, "\"%s\" is both set and unset",
					    bytes_show(op->unset[i]));
	for (uint32_t i = 0; r == 0 && i < op->unlabel_n; i++)
		for (uint32_t k = 0; r == 0 && k < op->label_n; k++)
			if (bytes_equal(op->unlabel[i], op->label[k]))
				r = err_set(ERR_BAD_RECORD, "the label \"%s\" is both given and"
					    " taken away", bytes_show(op->unlabel[i]));
	return r;
}

static int add_each(struct buf *out, const struct bytes *unset, uint32_t n, bool label)
{
	uint8_t head[VARINT_MAX];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		r = buf_add(out, head, varint_put(head, 2 * unset[i].len + label));
		if (r == 0)
			r = buf_add(out, unset[i].ptr, unset[i].len);
	}
	return r;
}

static int add_unset(struct buf *out, const struct update_op *op)
{
	int r = add_each(out, op->unset, op->unset_n, false);

	return r < 0 ? r : add_each(out, op->unlabel, op->unlabel_n, true);
}

static int add_step(struct update *u, struct update_slot *s, const struct update_op *op)
{
	const struct prop_state said = { op->label, op->prop, op->label_n, op->prop_n };
	struct update_step step = {0};
	uint64_t at = u->arena.len, last = s->last;
	int r;

	if (op->label_n + op->prop_n + op->unset_n + op->unlabel_n == 0)
		return 0;
	r = buf_add(&u->arena, &step, sizeof step);
	if (r == 0)
		r = state_encode(&u->arena, &said);
	step.state_len = (uint32_t)(u->arena.len - at - sizeof step);
	if (r == 0)
		r = add_unset(&u->arena, op);
	step.unset_len = (uint32_t)(u->arena.len - at - sizeof step - step.state_len);
	if (r < 0) {
		u->arena.len = at;
		return r;
	}
	memcpy(u->arena.ptr + at, &step, sizeof step);
	if (last)
		memcpy(u->arena.ptr + last - 1, &(uint64_t){ at + 1 }, sizeof at);
	else
		s->first = at + 1;
	s->last = at + 1;
	return 0;
}

static void forget_before(struct update_slot *s)
{
	s->first = s->last = 0;
	s->fresh = true;
	s->there = false;
}

/* The last operation of this group that took all edges at NODE. */
static uint64_t cascade_at(const struct update *u, struct bytes node)
{
	const struct update_slot *s = update_find_node(u, node);

	return s ? s->cascade : 0;
}

static uint64_t pair_at(const struct update *u, const struct update_slot *s)
{
	const struct update_op op = { .kind = UPDATE_DEL_EDGE, .any_type = true,
		.node = update_node(u, s), .to = update_to(u, s) };
	const struct update_slot *pair = update_find_edge(u, &op);

	return pair ? pair->seq : 0;
}

uint64_t update_cascade(const struct update *u, const struct update_slot *s)
{
	uint64_t a, b, pair;

	if (u->cascade_n == 0)
		return 0;
	a = cascade_at(u, update_node(u, s));
	b = cascade_at(u, update_to(u, s));
	pair = s->pair ? 0 : pair_at(u, s);
	a = a > b ? a : b;
	return a > pair ? a : pair;
}

static int take(struct update *u, struct update_slot *s, const struct update_op *op)
{
	int r = 0;

	if (s->edge && update_cascade(u, s) > s->seq)
		forget_before(s);
	s->seq = ++u->seq;
	u->cascade_n += s->pair;
	if (op->kind == UPDATE_NODE || op->kind == UPDATE_EDGE) {
		r = add_step(u, s, op);
		s->there = true;
		return r;
	}
	forget_before(s);
	if (op->cascade && op->kind == UPDATE_DEL_NODE) {
		s->cascade = s->seq;
		u->cascade_n++;
	}
	return 0;
}

int update_add(struct update *u, const struct update_op *op)
{
	struct update_op turned = *op;
	struct update_slot *s;
	int r = check_op(op);

	if (u->undirected && (op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE) &&
	    bytes_cmp(op->node, op->to) > 0) {
		turned.node = op->to;
		turned.to = op->node;
	}
	if (r == 0)
		r = take_slot(u, &turned, &s);
	if (r == 0)
		r = take(u, s, &turned);
	u->op_n += r == 0;
	return r;
}

void update_drop(struct update *u)
{
	buf_clear(&u->arena);
	if (u->slot_n)
		memset(u->table, 0, u->table_n * sizeof *u->table);
	u->slot_n = u->op_n = u->seq = u->cascade_n = 0;
}

uint64_t update_pending(const struct update *u)
{
	return u->op_n;
}

uint64_t update_bytes(const struct update *u)
{
	return u->arena.len + u->slot_n * (sizeof *u->slot + 2 * sizeof *u->table);
}

void update_expect(struct update *u, uint64_t version)
{
	u->expected = version;
}

/* --- commits --- */

/* Has the graph no change after the version that was expected? */
static int check_expected(struct update *u)
{
	struct iter *changes;
	struct entry e;
	int r;

	if (u->expected == 0)
		return 0;
	u->refused = u->row.version > u->expected || u->row.folded > u->expected;
	u->still = true;
	r = u->refused ? 0 : snapshot_changes(u->snap, u->row.space, u->expected, &changes);
	if (r > 0) {
		r = iter_next(changes, &e);
		u->refused = r > 0;
		iter_close(changes);
	}
	if (r < 0 || !u->refused)
		return r < 0 ? r : 0;
	return err_set(ERR_ABSENT, "graph %s: it changed, or was compacted, after version %llu",
		       u->name, (unsigned long long)u->expected);
}

static int begin(struct update *u)
{
	int r = look(u);

	u->done = (struct update_done){0};
	u->still = u->refused = false;
	buf_clear(&u->fresh);
	if (r == 0)
		r = check_expected(u);
	if (r == 0 && !u->txn)
		r = txn_begin(&u->txn, u->store);
	if (r < 0)
		return r;
	u->done.version = u->held;
	return update_resolve(u);
}

/* A transaction that was not committed holds what is to be said anew. */
static void give_up(struct update *u)
{
	txn_abort(u->txn);
	u->txn = NULL;
}

static int attempt(struct update *u)
{
	bool old = u->snap;
	int r = begin(u);

	if (r < 0)
		return r;
	if (txn_entry_n(u->txn) == 0) {
		give_up(u);
		/* no commit says that this was so until now */
		u->stale = old;
		return old ? ERR_ABSENT : 0;
	}
	txn_expect_graph(u->txn, u->row.space, u->row.folded);
	txn_seen(u->txn, u->held, u->still);
	r = txn_commit(u->txn, &u->done.version);
	if (r == 0)
		keep_looking(u, u->done.version);
	return r;
}

/* --- folding --- */

static void fold(struct update *u)
{
	look_away(u);
	if (delta_fold(u->store, u->name) < 0)
		err_clear();		/* the commit is durable whatever comes of it */
	u->unfolded = 0;
	u->fold_seen = u->done.version;
}

/* Commits since then stand for their changes, as others made some of them.  Who makes
 * many waits for more of its own: after the last it folds anyway. */
#define OWN_SHARE 64
static void fold_if_due(struct update *u)
{
	uint64_t from = u->row.upto > u->row.folded ? u->row.upto : u->row.folded, since, due;

	u->unfolded += u->done.node_n + u->done.edge_n;
	from = from > u->fold_seen ? from : u->fold_seen;
	since = u->done.version > from ? u->done.version - from : 0;
	due = delta_fold_due(&u->row, u->fold_least ? u->fold_least : DELTA_FOLD_LEAST);
	if (since >= due || u->unfolded >= due * OWN_SHARE)
		fold(u);
}

void update_settle(struct update *u)
{
	if (u->unfolded >= (u->fold_least ? u->fold_least : DELTA_FOLD_LEAST) / 4)
		fold(u);
}

int update_commit(struct update *u, struct update_done *done)
{
	int r = ERR_ABSENT;

	u->refused = false;
	for (unsigned i = 0; r == ERR_ABSENT && !u->refused && i < TRIES; i++) {
		err_clear();
		r = attempt(u);
		if (r < 0) {
			give_up(u);
			look_away(u);
		}
	}
	if (r == ERR_ABSENT && !u->refused)
		r = err_set(ERR_LOCKED, "graph %s: others change the same again and again",
			    u->name);
	*done = u->done;
	if (r == 0) {
		update_drop(u);
		fold_if_due(u);
	}
	return r;
}

int update_try(struct update *u, struct update_done *done)
{
	int r;

	look_away(u);
	r = begin(u);
	give_up(u);
	*done = u->done;
	return r;
}
