/* graph/build.c - edges in
 *
 * Numbers without types go straight into the shuffles of both directions
 * (graph/edges), by as many threads as bring them.  The first edge that is
 * anything else, or numbers too far apart, turn the build to the log: there edges
 * wait as they came until the ids of their keys are known.
 */
#include "graph/build.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/build_inside.h"

#define EACH_LEAST ((size_t)6 << 20)	/* bytes of the budget a thread is worth */
#define REST_LEAST ((size_t)6 << 20)
#define NAME_LEN 24
#define VALUES_N 512u
#define TEXTS_N INTAKE_SOME
#define TEXTS_FEW 16u		/* edges: fewer wait for others */

/* --- open and close --- */

struct edges_plan build_edges_plan(const struct build *b)
{
	return (struct edges_plan){
		.backend = b->o.backend, .mem = b->o.mem, .budget = b->budget / 8 * 5,
		.hands = b->hands, .undirected = b->o.undirected,
		.drop_loops = b->o.drop_loops, .valued = b->valued,
	};
}

/* What reads and what writes takes REST_LEAST and more with more threads. */
static size_t choose_budget(const struct build_options *o)
{
	size_t left = mem_left(o->mem), rest = REST_LEAST + left / 8;

	if (o->budget)
		return o->budget;
	return left - rest < BUILD_BUDGET ? left - rest : BUILD_BUDGET;
}

static unsigned choose_hands(const struct build *b)
{
	unsigned n = team_default();
	size_t most = b->budget / EACH_LEAST;

	if (b->o.threads)
		return b->o.threads > TEAM_MOST ? TEAM_MOST : b->o.threads;
	return most < 1 ? 1 : most < n ? (unsigned)most : n;
}

static int log_open(struct build *b, bool strings)
{
	struct ids_options o = {
		.backend = b->o.backend, .store_id = b->o.store_id, .mem = b->o.mem,
		.budget = b->budget / 4, .look_up = b->budget / 4, .strings = strings,
	};
	size_t most = mem_left(b->o.mem) / 4;
	int r;

	most = most > BUILD_KEYS ? BUILD_KEYS : most;
	if (!b->o.budget)
		*(strings ? &o.budget : &o.look_up) = most;

	b->strings = strings;
	if (strings) {
		b->waiting = mem_alloc(b->o.mem, sizeof *b->waiting);
		if (!b->waiting)
			return ERR_MEMORY;
		b->waiting->n = 0;
		b->waiting->used = 0;
	}
	r = ids_open(&b->ids, &o);
	if (r == 0)
		r = intake_open(&b->log, b->o.backend, b->budget / 4, b->o.mem);
	return r < 0 ? r : intake_open(&b->nodes, b->o.backend, b->budget / 64, b->o.mem);
}

static int open_inside(struct build *b)
{
	const struct edges_plan plan = build_edges_plan(b);
	int r = intern_open(&b->types, b->o.backend, 0, b->o.mem);

	if (r < 0)
		return r;
	if (b->o.ids == BUILD_IDS_STRING)
		return log_open(b, true);
	return edges_open(&b->edges, &plan);
}

/* Who has to be alone is not kept waiting by those who need not be. */
static void make_lock(struct build *b)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	pthread_rwlock_init(&b->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

int build_open(struct build **out, const struct build_options *o)
{
	struct build *b;
	int r;

	if (mem_left(o->mem) < BUILD_MEMORY_LEAST)
		return err_set(ERR_MEMORY, "out of memory: building a graph takes %u MiB",
			       BUILD_MEMORY_LEAST >> 20);
	b = mem_zalloc(o->mem, sizeof *b);
	if (!b)
		return ERR_MEMORY;
	b->o = *o;
	b->budget = choose_budget(o);
	b->hands = choose_hands(b);
	make_lock(b);
	pthread_mutex_init(&b->alone, NULL);
	build_props_init(b);
	r = open_inside(b);
	if (r < 0) {
		build_abort(b);
		return r;
	}
	*out = b;
	return 0;
}

void build_abort(struct build *b)
{
	if (!b)
		return;
	edges_close(b->edges);
	ids_close(b->ids);
	intake_close(b->log);
	intake_close(b->nodes);
	intern_close(b->types);
	build_props_release(b);
	mem_free(b->o.mem, b->waiting);
	mem_free(b->o.mem, b->type_id);
	mem_free(b->o.mem, b->type_name);
	pthread_rwlock_destroy(&b->lock);
	pthread_mutex_destroy(&b->alone);
	mem_free(b->o.mem, b);
}

unsigned build_threads(const struct build *b)
{
	return b->hands;
}

uint64_t build_n(const struct build *b)
{
	return b->came;
}

/* --- the log; all this with the lock held alone --- */

static struct text_key key_of_number(uint64_t v, char text[NAME_LEN])
{
	int n = snprintf(text, NAME_LEN, "%" PRIu64, v);

	return (struct text_key){ .bytes = { (uint8_t *)text, (size_t)n }, .number = v,
				  .is_number = true };
}

/* Most graphs have no types: what is like the edge before is not looked up. */
static int add_type(struct build *b, struct bytes type, uint64_t *number)
{
	int r;

	if (b->last_empty && type.len == 0) {
		*number = b->last_number;
		return 0;
	}
	r = intern_add(b->types, type, number);
	if (r < 0)
		return r;
	b->last_empty = type.len == 0;
	b->last_number = *number;
	return 0;
}

/* FLAG: BUILD_SAID, or 0. */
static int log_add(struct build *b, const struct text_key *from, const struct text_key *to,
		   struct bytes type, uint32_t flag, const struct shuffle_value *v)
{
	uint64_t src, dst, number;
	int r = ids_add(b->ids, from, &src);

	if (r == 0)
		r = ids_add(b->ids, to, &dst);
	if (r == 0)
		r = add_type(b, type, &number);
	return r < 0 ? r : intake_add(b->log, src, dst, (uint32_t)number | flag, v);
}

static uint32_t waiting_types(const struct waiting *w, struct bytes *type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->entry[i].flag != BUILD_NODE)
			type[n++] = w->entry[i].type;
	return n;
}

/* One look at a table waits for memory; those of many wait together. */
int build_flush(struct build *b)
{
	struct bytes key[2 * WAITING_N], type[WAITING_N];
	uint64_t number[2 * WAITING_N], type_number[WAITING_N];
	struct waiting *w = b->waiting;
	uint32_t n, t = 0;
	int r = 0;

	if (!w || w->n == 0)
		return 0;
	for (uint32_t i = 0; i < w->n; i++) {
		key[2 * i] = w->entry[i].src;
		key[2 * i + 1] = w->entry[i].dst;
	}
	n = waiting_types(w, type);
	r = ids_add_texts(b->ids, key, 2 * w->n, number);
	if (r == 0)
		r = intern_add_many(b->types, type, n, type_number);
	for (uint32_t i = 0; r == 0 && i < w->n; i++) {
		uint32_t flag = w->entry[i].flag;

		if (flag != BUILD_NODE)
			flag |= (uint32_t)type_number[t++];
		r = intake_add(b->log, number[2 * i], number[2 * i + 1], flag,
			       &w->entry[i].value);
	}
	w->n = 0;
	w->used = 0;
	return r;
}

static struct bytes put_waiting(struct waiting *w, struct bytes text)
{
	struct bytes out = bytes_of(w->room + w->used, text.len);

	if (text.len)
		memcpy(w->room + w->used, text.ptr, text.len);
	w->used += text.len;
	return out;
}

/* As log_add, where keys are strings; of a node its key twice. */
static int wait_add(struct build *b, struct bytes src, struct bytes dst, struct bytes type,
		    uint32_t flag, struct shuffle_value v)
{
	size_t need = src.len + dst.len + type.len;
	struct waiting *w = b->waiting;
	int r = 0;

	if (w->n == WAITING_N || need > WAITING_ROOM - w->used)
		r = build_flush(b);
	if (r < 0)
		return r;
	w->entry[w->n].src = put_waiting(w, src);
	w->entry[w->n].dst = flag == BUILD_NODE ? w->entry[w->n].src : put_waiting(w, dst);
	w->entry[w->n].type = put_waiting(w, type);
	w->entry[w->n].flag = flag;
	w->entry[w->n].value = v;
	w->n++;
	return 0;
}

static int log_add_nodes(struct build *b, uint64_t first, uint64_t n)
{
	char text[NAME_LEN];
	uint64_t number;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < n; i++) {
		struct text_key key = key_of_number(first + i, text);

		r = ids_add(b->ids, &key, &number);
		if (!b->strings && i == 0 && n > 1)
			i = n - 2;	/* of numbers both ends say it */
	}
	return r < 0 || b->strings ? r : intake_add(b->nodes, first, n, 0, NULL);
}

static int take_edge(void *ctx, uint64_t src, uint64_t dst, const struct shuffle_value *v)
{
	char from_text[NAME_LEN], to_text[NAME_LEN];
	struct text_key from = { .number = src, .is_number = true }, to = from;
	struct build *b = ctx;

	to.number = dst;
	if (b->strings) {
		from = key_of_number(src, from_text);
		to = key_of_number(dst, to_text);
	}
	return log_add(b, &from, &to, (struct bytes){0}, 0, v);
}

static int take_nodes(void *ctx, uint64_t first, uint64_t n)
{
	return log_add_nodes(ctx, first, n);
}

/* What the log of numbers has, once more as strings. */
static int take_log(struct build *b, struct intake *log, struct intake *nodes)
{
	struct intake_reader in = {0};
	struct intake_edge e;
	char text[2][NAME_LEN];
	int r = intake_begin(&in, log);

	while (r >= 0 && (r = intake_next(&in, &e)) > 0) {
		struct text_key from = key_of_number(e.src, text[0]);
		struct text_key to = key_of_number(e.dst, text[1]);
		uint64_t src, dst;

		r = ids_add(b->ids, &from, &src);
		if (r == 0)
			r = ids_add(b->ids, &to, &dst);
		if (r == 0)
			r = intake_add(b->log, src, dst, e.type, &e.value);
	}
	intake_end(&in);
	if (r == 0)
		r = intake_begin(&in, nodes);
	while (r >= 0 && (r = intake_next(&in, &e)) > 0)
		r = log_add_nodes(b, e.src, e.dst);
	intake_end(&in);
	return r;
}

static int log_again(struct build *b)
{
	struct intake *log = b->log, *nodes = b->nodes;
	int r;

	ids_close(b->ids);
	b->ids = NULL;
	b->log = b->nodes = NULL;
	r = log_open(b, true);
	if (r == 0)
		r = take_log(b, log, nodes);
	intake_close(log);
	intake_close(nodes);
	return r;
}

int build_turn_to_log(struct build *b, bool strings)
{
	struct edges *x = b->edges;
	struct edges_seen seen = { take_edge, take_nodes, b };
	uint64_t n, number;
	int r;

	if (!x)
		return strings && !b->strings ? log_again(b) : 0;
	n = edges_n(x);
	b->edges = NULL;
	r = log_open(b, strings);
	if (r == 0 && n)
		r = add_type(b, (struct bytes){0}, &number);
	if (r == 0)
		r = edges_visit(x, &seen);
	if (r == 0)
		b->dropped_n = n - intake_n(b->log);
	b->note.loop_n = b->dropped_n;
	b->note.run_n = edges_spills(x);
	edges_close(x);
	return r;
}

/* --- adding --- */

static int log_numbers(struct build *b, const struct scan_edge *e,
		       const struct shuffle_value *v, size_t n)
{
	uint64_t type;
	int r = 0;

	if (b->strings) {
		for (size_t i = 0; i < n && r == 0; i++)
			r = take_edge(b, e[i].src, e[i].dst, v ? v + i : NULL);
		return r;
	}
	r = add_type(b, (struct bytes){0}, &type);
	ids_add_numbers(b->ids, e, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = intake_add(b->log, e[i].src, e[i].dst, (uint32_t)type, v ? v + i : NULL);
	return r;
}

/* With the lock held alone: what the edges at E ask for before they can be added. */
static int make_room(struct build *b, const struct scan_edge *e, size_t n)
{
	int r = b->edges ? edges_shape(b->edges, e, n) : 0;

	return r == EDGES_WIDE ? build_turn_to_log(b, false) : r;
}

/* As many as can be added beside other threads; *TAKEN is N when there is nothing
 * left to do. */
static int add_shared(struct build *b, unsigned who, const struct scan_edge *e,
		      const struct shuffle_value *v, size_t n, size_t *taken)
{
	int r = 0;

	*taken = 0;
	pthread_rwlock_rdlock(&b->lock);
	if (b->edges) {
		r = edges_add(b->edges, who, e, NULL, v, n, taken);
	} else if (!b->strings) {
		pthread_mutex_lock(&b->alone);
		r = log_numbers(b, e, v, n);
		pthread_mutex_unlock(&b->alone);
		*taken = n;
	}
	pthread_rwlock_unlock(&b->lock);
	return r;
}

static int add_alone(struct build *b, const struct scan_edge *e,
		     const struct shuffle_value *v, size_t n, size_t *taken)
{
	int r;

	*taken = 0;
	pthread_rwlock_wrlock(&b->lock);
	r = make_room(b, e, n);
	if (r == 0 && !b->edges) {
		r = log_numbers(b, e, v, n);
		*taken = n;
	}
	pthread_rwlock_unlock(&b->lock);
	return r;
}

static int add_numbers(struct build *b, unsigned who, const struct scan_edge *e,
		       const struct shuffle_value *v, size_t n)
{
	size_t taken, at = 0;
	int r = 0;

	while (at < n && r >= 0) {
		r = add_shared(b, who, e + at, v ? v + at : NULL, n - at, &taken);
		at += taken;
		if (r < 0 || at == n)
			break;
		r = add_alone(b, e + at, v ? v + at : NULL, n - at, &taken);
		at += taken;
	}
	return r < 0 ? r : 0;
}

static struct shuffle_value value_of(struct build *b, const struct text_value *v,
				     uint64_t at)
{
	struct shuffle_value out = { (uint64_t)v->i, (at + 1) << 1 };

	if (v->kind == TEXT_NO_VALUE)
		return SHUFFLE_NO_VALUE;
	if (v->kind == TEXT_REAL) {
		memcpy(&out.bits, &v->r, sizeof out.bits);
		out.at |= 1;
		b->reals = true;
	}
	return out;
}

/* With the lock held alone. */
static int become_valued(struct build *b)
{
	int r = b->edges ? edges_become_valued(b->edges) : 0;

	b->valued |= r == 0;
	return r;
}

/* V NULL: none has one.  The log knows of each edge whether it has. */
static int look_for_values(struct build *b, const struct text_value *v, size_t n)
{
	bool valued = b->valued, unvalued = b->unvalued || (!v && n);
	int r = 0;

	for (size_t i = 0; v && i < n && !(valued && unvalued); i++) {
		valued |= v[i].kind != TEXT_NO_VALUE;
		unvalued |= v[i].kind == TEXT_NO_VALUE;
	}
	if (valued == b->valued && unvalued == b->unvalued)
		return 0;
	pthread_rwlock_wrlock(&b->lock);
	if (valued)
		r = become_valued(b);
	if (unvalued)
		b->unvalued = true;
	if (r == 0 && build_is_mixed(b) && b->edges)
		r = build_turn_to_log(b, false);
	pthread_rwlock_unlock(&b->lock);
	return r;
}

int build_add_edges(struct build *b, unsigned who, const struct scan_edge *e,
		    const struct text_value *value, size_t n, uint64_t at)
{
	struct shuffle_value v[VALUES_N];
	int r = look_for_values(b, value, n);

	b->came += n;
	if (r == 0 && (!value || !b->valued))
		return add_numbers(b, who, e, NULL, n);
	for (size_t i = 0; r == 0 && i < n; i += VALUES_N) {
		size_t m = n - i < VALUES_N ? n - i : VALUES_N;

		for (size_t k = 0; k < m; k++)
			v[k] = value_of(b, &value[i + k], at + i + k);
		r = add_numbers(b, who, e + i, v, m);
	}
	return r;
}

static int needs_strings(struct build *b, const struct text_key *key)
{
	if (b->strings || key->is_number)
		return 0;
	if (b->o.ids == BUILD_IDS_INT)
		return err_set(ERR_BUG, "a key that is no integer");
	return build_turn_to_log(b, true);
}

static int add_plain(struct build *b, const struct text_edge *e,
		     const struct shuffle_value *v)
{
	struct scan_edge plain = { e->src.number, e->dst.number };
	size_t taken = 0;
	int r = 0;

	while (r == 0 && taken == 0 && b->edges) {
		r = edges_add(b->edges, 0, &plain, NULL, v, 1, &taken);
		if (r == EDGES_SHAPE)
			r = make_room(b, &plain, 1);
	}
	return r == 0 && !taken ? log_numbers(b, &plain, v, 1) : r;
}

/* With the lock held alone. */
static int add_any(struct build *b, const struct text_edge *e, uint64_t at)
{
	struct shuffle_value v = value_of(b, &e->value, at);
	bool valued = e->value.kind != TEXT_NO_VALUE, says = build_props_of(e);
	int r = needs_strings(b, &e->src);

	if (r == 0)
		r = needs_strings(b, &e->dst);
	if (r == 0 && b->edges && (e->type.len || says))
		r = build_turn_to_log(b, false);
	if (r == 0 && valued)
		r = become_valued(b);
	b->unvalued |= !valued;
	if (r == 0 && b->edges && build_is_mixed(b))
		r = build_turn_to_log(b, false);
	if (r == 0 && says)
		r = build_props_say(b, e, at);
	if (r < 0)
		return r;
	if (b->strings && e->src.bytes.len + e->dst.bytes.len + e->type.len <= WAITING_ROOM)
		return wait_add(b, e->src.bytes, e->dst.bytes, e->type, says ? BUILD_SAID : 0,
				valued ? v : SHUFFLE_NO_VALUE);
	if (b->edges)
		return add_plain(b, e, valued ? &v : NULL);
	r = build_flush(b);
	return r < 0 ? r : log_add(b, &e->src, &e->dst, e->type, says ? BUILD_SAID : 0,
				   valued ? &v : NULL);
}

/* With the lock shared, as all until the log has them: the types' numbers.  In most
 * graphs there is only the empty one. */
static int log_types(struct build *b, const struct text_edge *e, size_t n, uint64_t *number)
{
	struct bytes type[TEXTS_N];
	size_t typed = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		type[i] = e[i].type;
		typed += type[i].len > 0;
	}
	if (typed)
		return intern_add_many(b->types, type, n, number);
	if (b->untyped == 0) {
		r = intern_add(b->types, (struct bytes){0}, number);
		if (r < 0)
			return r;
		b->untyped = number[0] + 1;
	}
	for (size_t i = 0; i < n; i++)
		number[i] = b->untyped - 1;
	return 0;
}

/* Edges between strings, whose keys' numbers several threads look up at once. */
static int log_texts(struct build *b, const struct text_edge *e, size_t n, uint64_t at)
{
	struct intake_edge edge[TEXTS_N];
	struct bytes key[2 * TEXTS_N];
	uint64_t number[2 * TEXTS_N], type[TEXTS_N];
	int r;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		key[2 * i] = e[i].src.bytes;
		key[2 * i + 1] = e[i].dst.bytes;
	}
	r = ids_add_texts(b->ids, key, 2 * n, number);
	if (r == 0)
		r = log_types(b, e, n, type);
	for (size_t i = 0; r == 0 && i < n; i++) {
		edge[i] = (struct intake_edge){
			number[2 * i], number[2 * i + 1], (uint32_t)type[i],
			value_of(b, &e[i].value, at + i),
		};
		if (e[i].value.kind != TEXT_NO_VALUE)
			b->valued = true;
		else if (!b->unvalued)
			b->unvalued = true;
	}
	return r < 0 ? r : intake_add_some(b->log, edge, (uint32_t)n);
}

static int add_texts_alone(struct build *b, const struct text_edge *e, size_t n, uint64_t at)
{
	int r = 0;

	pthread_rwlock_wrlock(&b->lock);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_any(b, &e[i], at + i);
	pthread_rwlock_unlock(&b->lock);
	return r;
}

int build_add_texts(struct build *b, const struct text_edge *e, size_t n, uint64_t at)
{
	bool strings, waits = n < TEXTS_FEW;
	int r = 0;

	b->came += n;
	for (size_t i = 0; i < n && !waits; i++)
		waits = build_props_of(&e[i]);
	if (waits)
		return add_texts_alone(b, e, n, at);
	for (size_t some; n > 0 && r == 0; e += some, n -= some, at += some) {
		some = n < TEXTS_N ? n : TEXTS_N;
		pthread_rwlock_rdlock(&b->lock);
		strings = b->strings;
		if (strings)
			r = log_texts(b, e, some, at);
		pthread_rwlock_unlock(&b->lock);
		if (!strings)
			r = add_texts_alone(b, e, some, at);
	}
	return r;
}

int build_add(struct build *b, const struct text_edge *e)
{
	return build_add_texts(b, e, 1, b->place++);
}

/* With the lock held alone. */
static int add_nodes(struct build *b, uint64_t first, uint64_t n)
{
	int r = b->edges ? edges_add_nodes(b->edges, first, n) : 0;

	if (r == EDGES_WIDE)
		r = build_turn_to_log(b, false);
	return r == 0 && !b->edges ? log_add_nodes(b, first, n) : r;
}

static int add_node(struct build *b, const struct text_key *key)
{
	uint64_t number;
	int r = needs_strings(b, key);

	if (r < 0)
		return r;
	return b->strings ? ids_add(b->ids, key, &number) : add_nodes(b, key->number, 1);
}

int build_add_node(struct build *b, const struct text_key *key)
{
	int r;

	pthread_rwlock_wrlock(&b->lock);
	r = add_node(b, key);
	pthread_rwlock_unlock(&b->lock);
	return r;
}

/* With the lock held alone. */
static int add_text_node(struct build *b, const struct text_edge *e, uint64_t at)
{
	uint64_t number;
	int r = needs_strings(b, &e->src);

	if (r == 0 && !b->strings)
		r = add_nodes(b, e->src.number, 1);
	if (r == 0)
		r = build_turn_to_log(b, false);
	if (r == 0)
		r = build_props_say(b, e, at);
	if (r == 0 && b->strings && e->src.bytes.len <= WAITING_ROOM)
		return wait_add(b, e->src.bytes, (struct bytes){0}, (struct bytes){0},
				BUILD_NODE, SHUFFLE_NO_VALUE);
	if (r == 0)
		r = build_flush(b);
	if (r == 0)
		r = ids_add(b->ids, &e->src, &number);
	return r < 0 ? r : intake_add(b->log, number, number, BUILD_NODE, NULL);
}

int build_add_text_node(struct build *b, const struct text_edge *e, uint64_t at)
{
	int r;

	if (!build_props_of(e))
		return build_add_node(b, &e->src);
	pthread_rwlock_wrlock(&b->lock);
	r = add_text_node(b, e, at);
	pthread_rwlock_unlock(&b->lock);
	return r;
}

int build_add_nodes(struct build *b, uint64_t first, uint64_t n)
{
	int r;

	if (n == 0)
		return 0;
	if (first + (n - 1) < first)
		return err_set(ERR_BUG, "nodes beyond the last number");
	pthread_rwlock_wrlock(&b->lock);
	r = add_nodes(b, first, n);
	pthread_rwlock_unlock(&b->lock);
	return r;
}
