/* graph/edges.c - the stage, the choice of a range, and both ways of an edge */
#include "graph/edges.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"

#define SAMPLE_MOST 65536u		/* rows by which partitions are cut */
#define PARTS_MOST 512u
#define STAGE_LEAST 1024u
#define NODES_MOST 65536u		/* ranges of nodes that wait for a shape */

struct stage {
	struct scan_edge *edge;
	uint32_t *type;
	struct shuffle_value *value;
	size_t n, cap;
};

struct hand {
	struct stage stage;
	uint64_t n, loop_n;
	uint64_t apart[8];		/* two hands share no cache line */
};

struct range {
	uint64_t first, n;
};

struct edges {
	struct edges_plan plan;
	size_t stage_most;		/* edges a hand */
	struct hand *hand;
	bool shaped, ended;
	uint64_t first, span;
	struct keyset keys;
	struct shuffle *out, *in;	/* in: NULL when undirected */
	struct buf nodes;		/* struct range[], until shaped */
	uint64_t spill_n;		/* of shuffles that are no more */
};

static const struct shuffle_value no_value = SHUFFLE_NO_VALUE;

static bool by_number(const struct edges *x)
{
	return x->plan.node_n == 0;
}

int edges_open(struct edges **out, const struct edges_plan *p)
{
	struct edges *x = mem_zalloc(p->mem, sizeof *x);
	size_t each = sizeof(struct scan_edge) + (p->type_n > 1 ? sizeof(uint32_t) : 0) +
		(p->valued ? sizeof(struct shuffle_value) : 0);

	if (!x)
		return ERR_MEMORY;
	x->plan = *p;
	x->nodes.mem = p->mem;
	/* half of the budget while it is moved into blocks, and grown by doubling */
	x->stage_most = p->budget / 4 / p->hands / each;
	if (x->stage_most < STAGE_LEAST)
		x->stage_most = STAGE_LEAST;
	x->hand = mem_zalloc(p->mem, p->hands * sizeof *x->hand);
	if (!x->hand) {
		edges_close(x);
		return ERR_MEMORY;
	}
	*out = x;
	return 0;
}

static void stage_release(struct edges *x, struct stage *g)
{
	mem_free(x->plan.mem, g->edge);
	mem_free(x->plan.mem, g->type);
	mem_free(x->plan.mem, g->value);
	*g = (struct stage){0};
}

void edges_close(struct edges *x)
{
	if (!x)
		return;
	for (unsigned i = 0; x->hand && i < x->plan.hands; i++)
		stage_release(x, &x->hand[i].stage);
	shuffle_close(x->out);
	shuffle_close(x->in);
	keyset_release(&x->keys);
	buf_release(&x->nodes);
	mem_free(x->plan.mem, x->hand);
	mem_free(x->plan.mem, x);
}

/* --- the stage --- */

static int stage_grow(struct edges *x, struct stage *g, size_t want)
{
	struct mem *mem = x->plan.mem;
	size_t cap = g->cap ? 2 * g->cap : STAGE_LEAST;
	void *p;

	while (cap < want)
		cap *= 2;
	if (cap > x->stage_most)
		cap = x->stage_most;
	if (!(p = mem_resize(mem, g->edge, cap * sizeof *g->edge)))
		return ERR_MEMORY;
	g->edge = p;
	if (x->plan.type_n > 1) {
		if (!(p = mem_resize(mem, g->type, cap * sizeof *g->type)))
			return ERR_MEMORY;
		g->type = p;
	}
	if (x->plan.valued) {
		if (!(p = mem_resize(mem, g->value, cap * sizeof *g->value)))
			return ERR_MEMORY;
		g->value = p;
	}
	g->cap = cap;
	return 0;
}

static int stage_add(struct edges *x, struct stage *g, const struct scan_edge *e,
		     const uint32_t *type, const struct shuffle_value *v, size_t n,
		     size_t *taken)
{
	size_t room = x->stage_most - g->n, m = n < room ? n : room;
	int r;

	*taken = 0;
	if (g->n + m > g->cap && (r = stage_grow(x, g, g->n + m)) < 0)
		return r;
	memcpy(g->edge + g->n, e, m * sizeof *e);
	for (size_t i = 0; g->type && i < m; i++)
		g->type[g->n + i] = type ? type[i] : 0;
	if (g->value && v)
		memcpy(g->value + g->n, v, m * sizeof *v);
	for (size_t i = 0; g->value && !v && i < m; i++)
		g->value[g->n + i] = no_value;
	g->n += m;
	*taken = m;
	return m < n ? EDGES_SHAPE : 0;
}

/* --- into the shuffles --- */

static inline __attribute__((always_inline))
int put_some(struct edges *x, struct hand *h, unsigned who, const struct scan_edge *e,
	     const uint32_t *type, const struct shuffle_value *v, size_t v_step, size_t n,
	     size_t *taken, bool numbers)
{
	struct shuffle_hand *out = shuffle_hand(x->out, who);
	struct shuffle_hand *in = x->in ? shuffle_hand(x->in, who) : out;
	const uint64_t first = x->first, span = x->span;
	const bool drop = x->plan.drop_loops, twice = x->in != NULL;
	uint64_t base = 0, loop_n = 0;
	size_t i;
	int r = 0;

	for (i = 0; i < n; i++) {
		uint64_t s = e[i].src - first, d = e[i].dst - first;

		if (s >= span || d >= span) {
			r = EDGES_SHAPE;
			break;
		}
		if (numbers) {
			keyset_mark(&x->keys, s);
			keyset_mark(&x->keys, d);
		}
		if (type)
			base = type[i] * span;
		loop_n += s == d;
		if (s == d && drop)
			continue;
		if ((r = shuffle_add(out, base + s, d, v ? v + i * v_step : NULL)) < 0)
			break;
		if ((s != d || twice) &&
		    (r = shuffle_add(in, base + d, s, v ? v + i * v_step : NULL)) < 0)
			break;
	}
	h->n += i;
	h->loop_n += loop_n;
	*taken = i;
	return r;
}

static int put(struct edges *x, unsigned who, const struct scan_edge *e,
	       const uint32_t *type, const struct shuffle_value *v, size_t n, size_t *taken)
{
	struct hand *h = &x->hand[who];
	size_t step = v != NULL;

	if (x->plan.valued && !v)
		v = &no_value;
	if (!by_number(x))
		return put_some(x, h, who, e, type, v, step, n, taken, false);
	if (v)
		return put_some(x, h, who, e, NULL, v, step, n, taken, true);
	return put_some(x, h, who, e, NULL, NULL, 0, n, taken, true);
}

/* What H staged before there was a shape: it lies within, shape saw to that. */
static int unstage(struct edges *x, unsigned who)
{
	struct stage *g = &x->hand[who].stage;
	size_t taken;
	int r = 0;

	if (g->n)
		r = put(x, who, g->edge, g->type, g->value, g->n, &taken);
	stage_release(x, g);
	return r > 0 ? err_set(ERR_BUG, "an edge out of the range it was counted in") : r;
}

int edges_add(struct edges *x, unsigned who, const struct scan_edge *e,
	      const uint32_t *type, const struct shuffle_value *v, size_t n, size_t *taken)
{
	struct hand *h = &x->hand[who];
	int r;

	*taken = 0;
	if (!x->shaped)
		return stage_add(x, &h->stage, e, type, v, n, taken);
	if (h->stage.edge && (r = unstage(x, who)) < 0)
		return r;
	return put(x, who, e, type, v, n, taken);
}

/* --- the shape --- */

struct extent {
	uint64_t lo, hi;
};

static void reach(struct extent *t, const struct scan_edge *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t lo = e[i].src < e[i].dst ? e[i].src : e[i].dst;
		uint64_t hi = e[i].src < e[i].dst ? e[i].dst : e[i].src;

		t->lo = lo < t->lo ? lo : t->lo;
		t->hi = hi > t->hi ? hi : t->hi;
	}
}

static struct extent reach_all(const struct edges *x)
{
	const struct range *node = (const struct range *)x->nodes.ptr;
	struct extent t = { UINT64_MAX, 0 };

	if (x->shaped)
		t = (struct extent){ x->first, x->first + x->span - 1 };
	for (unsigned i = 0; i < x->plan.hands; i++)
		reach(&t, x->hand[i].stage.edge, x->hand[i].stage.n);
	for (size_t i = 0; i < x->nodes.len / sizeof *node; i++) {
		struct scan_edge e = { node[i].first, node[i].first + node[i].n - 1 };

		reach(&t, &e, 1);
	}
	return t;
}

/* The numbers seen are a part of those that will come: room is left for the others. */
static struct extent with_room(const struct edges *x, struct extent t)
{
	uint64_t width = t.hi - t.lo;
	unsigned bits;

	t.lo = t.lo <= 2 * width + 1024 ? 0 : t.lo - width;
	width = t.hi - t.lo;
	bits = width ? 64 - (unsigned)__builtin_clzll(width) : 1;
	if (x->shaped)
		bits += 2;		/* it was too narrow before */
	if (bits < 64 && t.lo + ((1ull << bits) - 1) > t.lo)
		t.hi = t.lo + ((1ull << bits) - 1);
	return t;
}

static bool is_wide(const struct edges *x, struct extent t)
{
	return t.hi - t.lo >= 1ull << 40 || keyset_bytes(t.hi - t.lo + 1) > x->plan.budget / 3;
}

static int set_range(struct edges *x, const struct scan_edge *e, size_t n, bool all)
{
	struct extent t = reach_all(x), roomy;

	if (!by_number(x)) {
		x->first = 0;
		x->span = x->plan.node_n;
		return 0;
	}
	reach(&t, e, n);
	if (t.lo > t.hi)
		t = (struct extent){ 0, 0 };
	if (!all && !is_wide(x, roomy = with_room(x, t)))
		t = roomy;
	if (is_wide(x, t))
		return EDGES_WIDE;
	x->first = t.lo;
	x->span = t.hi - t.lo + 1;
	return 0;
}

/* Every STEP-th staged edge's row in direction IN (of both ends: AND, undirected). */
static size_t sample_stage(const struct edges *x, bool in, uint64_t *row)
{
	size_t all = 0, n = 0, step;

	for (unsigned i = 0; i < x->plan.hands; i++)
		all += x->hand[i].stage.n;
	step = all / (SAMPLE_MOST / 2) + 1;
	for (unsigned i = 0; i < x->plan.hands; i++) {
		const struct stage *g = &x->hand[i].stage;

		for (size_t k = i; k < g->n; k += step) {
			uint64_t base = g->type ? g->type[k] * x->span : 0;

			if (n + 2 > SAMPLE_MOST)
				return n;
			if (!in)
				row[n++] = base + g->edge[k].src - x->first;
			if (in || x->plan.undirected)
				row[n++] = base + g->edge[k].dst - x->first;
		}
	}
	return n;
}

/* As many rows from each partition of OLD, spread over it, as its share is. */
static size_t sample_shuffle(const struct shuffle *old, uint64_t delta, uint64_t *row)
{
	uint64_t all = 0, share;
	size_t n = 0;

	for (unsigned p = 0; p < shuffle_part_n(old); p++)
		all += shuffle_count(old, p);
	for (unsigned p = 0; p < shuffle_part_n(old); p++) {
		uint64_t first = shuffle_first(old, p), span = shuffle_last(old, p) - first;

		share = (uint64_t)((double)shuffle_count(old, p) / (double)(all + 1) *
				   (SAMPLE_MOST / 2.0));
		for (uint64_t i = 0; i < share && n < SAMPLE_MOST; i++)
			row[n++] = delta + first +
				(uint64_t)((double)span * (double)i / (double)share);
	}
	return n;
}

struct move {				/* of one shuffle into a wider one */
	struct edges *x;
	const struct shuffle *from;
	struct shuffle *to;
	uint64_t delta;			/* what rows and targets grow by */
	_Atomic unsigned next;
};

struct mover {
	struct shuffle_hand *hand;
	uint64_t delta;
	bool valued;
};

static int move_records(void *ctx, const struct shuffle_record *rec, size_t n)
{
	struct mover *m = ctx;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = shuffle_add(m->hand, rec[i].row + m->delta, rec[i].to + m->delta,
				m->valued ? &rec[i].value : NULL);
	return r;
}

static int move_parts(void *ctx, unsigned who)
{
	struct move *m = ctx;
	struct mover to = { shuffle_hand(m->to, who), m->delta, m->x->plan.valued };
	unsigned p;
	int r = 0;

	while (r == 0 && (p = m->next++) < shuffle_part_n(m->from))
		r = shuffle_visit(m->from, p, move_records, &to);
	return r;
}

/* A shuffle for direction IN; what OLD has goes over and OLD is closed. */
static int make_shuffle(struct edges *x, bool in, struct shuffle **at, uint64_t delta)
{
	const struct edges_plan *p = &x->plan;
	struct shuffle_plan plan = {
		.backend = p->backend, .mem = p->mem, .hands = p->hands,
		.budget = p->budget / (p->undirected ? 2 : 4),
		.last = x->span * (by_number(x) ? 1 : p->type_n) - 1, .to_n = x->span,
		.valued = p->valued, .part_most = PARTS_MOST,
	};
	struct shuffle *old = *at;
	uint64_t *sample = mem_alloc(p->mem, SAMPLE_MOST * sizeof *sample);
	int r = sample ? 0 : ERR_MEMORY;

	*at = NULL;
	if (r == 0 && old) {
		shuffle_end(old);
		r = shuffle_rest(old);
	}
	if (r == 0) {
		plan.sample = sample;
		plan.sample_n = old ? sample_shuffle(old, delta, sample) :
			sample_stage(x, in, sample);
		r = shuffle_open(at, &plan);
	}
	mem_free(p->mem, sample);
	if (r == 0 && old) {
		struct move m = { .x = x, .from = old, .to = *at, .delta = delta };

		r = team_run(p->hands, move_parts, &m);
	}
	x->spill_n += old ? shuffle_spills(old) : 0;
	shuffle_close(old);
	return r;
}

static int widen_keys(struct edges *x)
{
	struct keyset before = x->keys;
	int r = keyset_open(&x->keys, x->first, x->span, x->plan.mem);

	if (r == 0 && before.bits)
		keyset_take(&x->keys, &before);
	keyset_release(&before);
	return r;
}

static void mark_nodes(struct edges *x)
{
	const struct range *node = (const struct range *)x->nodes.ptr;

	for (size_t i = 0; i < x->nodes.len / sizeof *node; i++)
		for (uint64_t k = 0; k < node[i].n; k++)
			keyset_mark(&x->keys, node[i].first - x->first + k);
	buf_clear(&x->nodes);
}

/* Both shuffles and the key set for the range that holds all and the N edges at E. */
static int shape(struct edges *x, const struct scan_edge *e, size_t n, bool all)
{
	uint64_t first = x->first;
	int r = set_range(x, e, n, all);

	if (r == 0 && by_number(x))
		r = widen_keys(x);
	if (r == 0)
		r = make_shuffle(x, false, &x->out, x->shaped ? first - x->first : 0);
	if (r == 0 && !x->plan.undirected)
		r = make_shuffle(x, true, &x->in, x->shaped ? first - x->first : 0);
	if (r != 0)
		return r;
	x->shaped = true;
	if (by_number(x))
		mark_nodes(x);
	return 0;
}

int edges_shape(struct edges *x, const struct scan_edge *e, size_t n)
{
	struct extent t = { UINT64_MAX, 0 };

	reach(&t, e, n);
	if (x->shaped && t.lo >= x->first && t.hi - x->first < x->span)
		return 0;		/* another thread had it done */
	if (x->shaped && !by_number(x))
		return err_set(ERR_BUG, "an edge of a node that is not there");
	return shape(x, e, n, false);
}

static int value_stage(struct edges *x, struct stage *g)
{
	if (g->cap == 0)
		return 0;
	g->value = mem_alloc(x->plan.mem, g->cap * sizeof *g->value);
	if (!g->value)
		return ERR_MEMORY;
	for (size_t i = 0; i < g->n; i++)
		g->value[i] = no_value;
	return 0;
}

int edges_become_valued(struct edges *x)
{
	int r = 0;

	if (x->plan.valued)
		return 0;
	x->plan.valued = true;
	for (unsigned i = 0; r == 0 && i < x->plan.hands; i++)
		r = value_stage(x, &x->hand[i].stage);
	if (r == 0 && x->shaped)
		r = make_shuffle(x, false, &x->out, 0);
	if (r == 0 && x->shaped && !x->plan.undirected)
		r = make_shuffle(x, true, &x->in, 0);
	return r;
}

int edges_add_nodes(struct edges *x, uint64_t first, uint64_t n)
{
	struct range *last = x->nodes.len ?
		(struct range *)(x->nodes.ptr + x->nodes.len) - 1 : NULL;
	struct range node = { first, n };
	struct scan_edge ends = { first, first + n - 1 };
	int r;

	if (n == 0)
		return 0;
	if (!x->shaped && last && last->first + last->n == first) {
		last->n += n;
		return 0;
	}
	if (!x->shaped && x->nodes.len < NODES_MOST * sizeof node)
		return buf_add(&x->nodes, &node, sizeof node);
	r = edges_shape(x, &ends, 1);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		keyset_mark(&x->keys, first - x->first + i);
	return r;
}

static int unstage_share(void *ctx, unsigned who)
{
	return unstage(ctx, who);
}

int edges_end(struct edges *x)
{
	int r = x->shaped ? 0 : shape(x, NULL, 0, true);

	if (r == 0)
		r = team_run(x->plan.hands, unstage_share, x);
	if (r != 0)
		return r;
	shuffle_end(x->out);
	if (x->in)
		shuffle_end(x->in);
	return by_number(x) ? keyset_rank(&x->keys) : 0;
}

/* --- all again --- */

struct again {
	const struct edges *x;
	const struct edges_seen *seen;
};

static int see_records(void *ctx, const struct shuffle_record *rec, size_t n)
{
	const struct again *a = ctx;
	const struct edges *x = a->x;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)	/* undirected: each is there twice */
		if (!x->plan.undirected || rec[i].row <= rec[i].to)
			r = a->seen->edge(a->seen->ctx, rec[i].row + x->first,
					  rec[i].to + x->first,
					  x->plan.valued ? &rec[i].value : NULL);
	return r;
}

static int see_shuffled(struct edges *x, const struct edges_seen *seen)
{
	struct again a = { x, seen };
	int r = shuffle_end(x->out);

	for (unsigned p = 0; r == 0 && p < shuffle_part_n(x->out); p++)
		r = shuffle_visit(x->out, p, see_records, &a);
	for (uint64_t i = 0; r == 0 && i < x->span; i++)
		if (x->keys.bits[i / 64] >> (i % 64) & 1)
			r = seen->nodes(seen->ctx, x->first + i, 1);
	return r;
}

int edges_visit(struct edges *x, const struct edges_seen *seen)
{
	const struct range *node = (const struct range *)x->nodes.ptr;
	int r = x->shaped ? see_shuffled(x, seen) : 0;

	for (size_t i = 0; r == 0 && i < x->nodes.len / sizeof *node; i++)
		r = seen->nodes(seen->ctx, node[i].first, node[i].n);
	for (unsigned i = 0; r == 0 && i < x->plan.hands; i++) {
		const struct stage *g = &x->hand[i].stage;

		for (size_t k = 0; r == 0 && k < g->n; k++)
			r = seen->edge(seen->ctx, g->edge[k].src, g->edge[k].dst,
				       g->value ? &g->value[k] : NULL);
	}
	return r;
}

/* --- what came of it --- */

const struct keyset *edges_keys(const struct edges *x)
{
	return &x->keys;
}

struct shuffle *edges_out(const struct edges *x)
{
	return x->out;
}

struct shuffle *edges_in(const struct edges *x)
{
	return x->in ? x->in : x->out;
}

void edges_drop(struct edges *x, struct shuffle *s)
{
	x->spill_n += shuffle_spills(s);
	x->out = s == x->out ? NULL : x->out;
	x->in = s == x->in ? NULL : x->in;
	shuffle_close(s);
}

uint64_t edges_n(const struct edges *x)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < x->plan.hands; i++)
		n += x->hand[i].n + x->hand[i].stage.n;
	return n;
}

uint64_t edges_loop_n(const struct edges *x)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < x->plan.hands; i++)
		n += x->hand[i].loop_n;
	return n;
}

uint64_t edges_spills(const struct edges *x)
{
	return x->spill_n + (x->out ? shuffle_spills(x->out) : 0) +
		(x->in ? shuffle_spills(x->in) : 0);
}
