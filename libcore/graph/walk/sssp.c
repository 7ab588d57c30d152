/* graph/walk/sssp.c - steps of a width of distance, each followed inside and then out
 *
 * A distance is kept as the bits of what it is: of numbers that are not negative the
 * bits are in the same order, integers or reals, so one array and one comparison do
 * for both; NONE is above all.  Whatever a distance is lowered to is the sum of a path,
 * at any time and in any order of work.
 *
 * Nodes wait in wheels, a thread one, by their bucket: the distance divided by the
 * unit, a power of two, so that borders of buckets are exact, in reals too.  A step is
 * `many` buckets.  While it goes on its nodes follow the edges whose ends lie in it
 * (push_inside), bucket by bucket: a node may be lowered and come again.  At its end
 * the distances below `end` are final, and the other edges of its nodes are followed
 * once (push_outside), or every node not yet settled looks back along its edges
 * (pull_part): only at those whose weight, on top of the least distance of the step,
 * is less than the distance it has.  In a graph with hubs these are few: a node with
 * many edges is near by the time it is asked.
 */
#include "graph/walk/sssp.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/sweep.h"
#include "graph/walk/weigh.h"
#include "graph/walk/wheel.h"

#define INLINE static inline __attribute__((always_inline))

#define NONE_NARROW (1ull << 31)
#define NONE_WIDE (1ull << 63)			/* and a weight do not wrap */
#define NONE_REAL 0x7ff0000000000000ull		/* infinity */
/* Reals that many units away share a bucket; below it every border is exact. */
#define BUCKET_MOST (1ull << 52)

/* The width of a step where none is given: the mean weight by the edges a node, this
 * many times.  More: nodes come again; less: more ends of steps. */
#define STEP_WIDTH 16
#define STEP_BUCKETS 16		/* wanted; the unit is the power of two below */

/* What is dear, in edges read one after another. */
#define ROW_COST 60u		/* a list found by its node */
#define EDGE_COST 4u		/* a distance anywhere that may be lowered */
#define PULL_COST 2u		/* an edge looked back along */
#define TOGETHER_COST 40000u	/* from which on threads are worth calling */
#define ALONE_MOST 1000u	/* nodes of its own a thread goes on with by itself */

/* Nodes ahead of the one being pushed whose rows, and then lists, are fetched. */
#define HINT_AHEAD 12u
#define FIND_AHEAD 6u

/* How distances are kept: NARROW integers where none can reach 2^31. */
enum number { NARROW, WIDE, REAL };
union distances {
	uint32_t *narrow;
	uint64_t *wide;		/* or the bits of a real */
};

struct worker {
	struct wheel wheel;
	struct wheel_bag settled;	/* in this step */
	uint64_t edges;			/* theirs */
	uint64_t touched;
};

struct search {
	struct sssp *out;
	const struct sssp_plan *plan;
	struct graph *graph;
	struct weigh weigh;
	struct sweep ahead, against;
	const struct sweep *pull;
	struct csr_type *type;		/* of ahead's sources */
	enum number kind;
	bool alone;		/* alone: one thread is at work */
	bool real;
	bool one_list;			/* of a node, with each of its edges from either end */
	uint64_t none;
	union distances dist;
	uint64_t *settled;		/* bitmap */
	struct worker *worker;
	unsigned worker_n;
	/* buckets */
	unsigned shift;
	double unit, per_unit;
	uint64_t many;
	/* the step */
	bool open;
	uint64_t bucket, bucket_end;	/* at hand; where the step ends */
	uint64_t low, end;		/* as distances */
	uint64_t left;			/* edges of nodes not settled, about */
	uint64_t settled_n;
	/* what is to be done */
	struct wheel_chunk **todo;
	uint64_t todo_n, todo_cap, todo_nodes;
	_Atomic uint64_t taken;
};

/* --- distances --- */

INLINE uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

INLINE double real_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d;
}

INLINE uint64_t add(enum number kind, uint64_t d, union csr_value w)
{
	return kind == REAL ? bits_of(real_of(d) + w.r) : d + (uint64_t)w.i;
}

INLINE uint64_t bucket_of(const struct search *s, enum number kind, uint64_t d)
{
	double x;

	if (kind != REAL)
		return d >> s->shift;
	x = real_of(d) * s->per_unit;
	return x < (double)BUCKET_MOST ? (uint64_t)x : BUCKET_MOST;
}

/* The least distance in a bucket. */
static uint64_t border(const struct search *s, uint64_t bucket)
{
	if (s->real)
		return bucket > BUCKET_MOST ? NONE_REAL : bits_of((double)bucket * s->unit);
	return bucket > s->none >> s->shift ? s->none : bucket << s->shift;
}

INLINE uint64_t distance(const struct search *s, enum number kind, uint64_t node)
{
	return kind == NARROW ? __atomic_load_n(&s->dist.narrow[node], __ATOMIC_RELAXED) :
		__atomic_load_n(&s->dist.wide[node], __ATOMIC_RELAXED);
}

INLINE void set_distance(const struct search *s, enum number kind, uint64_t node, uint64_t to)
{
	if (kind == NARROW)
		__atomic_store_n(&s->dist.narrow[node], (uint32_t)to, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&s->dist.wide[node], to, __ATOMIC_RELAXED);
}

static uint64_t number_of(const void *ctx, uint32_t id)
{
	const struct search *s = ctx;

	return bucket_of(s, s->kind, distance(s, s->kind, id));
}

/* True: it was higher. */
INLINE bool lower(const struct search *s, enum number kind, uint32_t node, uint64_t to)
{
	uint64_t had = distance(s, kind, node), *wide = &s->dist.wide[node];
	uint32_t *narrow = &s->dist.narrow[node], narrow_had;

	if (to >= had)
		return false;
	if (s->alone) {
		set_distance(s, kind, node, to);
		return true;
	}
	narrow_had = (uint32_t)had;
	while (kind == NARROW ?
	       !__atomic_compare_exchange_n(narrow, &narrow_had, (uint32_t)to, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED) :
	       !__atomic_compare_exchange_n(wide, &had, to, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		if (to >= (kind == NARROW ? narrow_had : had))
			return false;
	return true;
}

/* --- which edges of a block --- */

struct mask {
	uint64_t word[CSR_BLOCK / 64];
};

/* Of up to 64 bytes those below LIMIT, 1 to 255. */
INLINE uint64_t bytes_below(const uint8_t *at, unsigned n, uint8_t limit)
{
	uint64_t m = 0;
	unsigned i = 0;

#ifdef __SSE2__
	const __m128i most = _mm_set1_epi8((char)(limit - 1));

	for (; i + 16 <= n; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(at + i));

		m |= (uint64_t)(unsigned)_mm_movemask_epi8(
			_mm_cmpeq_epi8(_mm_min_epu8(x, most), x)) << i;
	}
#endif
	for (; i < n; i++)
		m |= (uint64_t)(at[i] < limit) << i;
	return m;
}

/* Those whose weight, added to D, stays below LIMIT; LIMIT > D. */
INLINE void choose(struct mask *m, enum number kind, const struct csr_stored *v, unsigned n,
		   uint64_t d, uint64_t limit)
{
	uint64_t room = limit - d;

	m->word[0] = m->word[1] = 0;
	if (kind != REAL && v->base <= INT64_MAX && v->width < 8) {
		if (room <= v->base)
			return;
		room -= v->base;
		if (v->width == 1 && room <= UINT8_MAX) {
			m->word[0] = bytes_below(v->at, n < 64 ? n : 64, (uint8_t)room);
			if (n > 64)
				m->word[1] = bytes_below(v->at + 64, n - 64, (uint8_t)room);
			return;
		}
		for (unsigned i = 0; i < n; i++)
			m->word[i / 64] |= (uint64_t)(weigh_stored_number(v, i) < room) << i % 64;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		union csr_value w = weigh_stored(kind == REAL ? CSR_REALS : CSR_INTEGERS, v, i);

		m->word[i / 64] |= (uint64_t)(add(kind, d, w) < limit) << i % 64;
	}
}

INLINE union csr_value weight(enum number kind, const struct csr_stored *v, unsigned i)
{
	return weigh_stored(kind == REAL ? CSR_REALS : CSR_INTEGERS, v, i);
}

/* --- along the edges --- */

INLINE int relax(struct search *s, struct worker *w, enum number kind, uint32_t to, uint64_t d)
{
	if (!lower(s, kind, to, d))
		return 0;
	return wheel_put(&w->wheel, bucket_of(s, kind, d), to);
}

/* Of the edges of a block those that end in the step, or those that end behind it. */
INLINE int push_block(struct search *s, struct worker *w, enum number kind, bool inside,
		      struct csr_list *l, const uint32_t *ids, unsigned n, uint64_t d)
{
	struct csr_stored v;
	struct mask m;
	int r = csr_block_stored(l, &v);

	if (r < 0)
		return r;
	if (!inside) {
		for (unsigned i = 0; r == 0 && i < n; i++)
			r = relax(s, w, kind, ids[i], add(kind, d, weight(kind, &v, i)));
		return r;
	}
	choose(&m, kind, &v, n, d, s->end);
	for (unsigned k = 0; k < CSR_BLOCK / 64; k++)
		for (uint64_t word = m.word[k]; r == 0 && word; word &= word - 1) {
			unsigned i = 64 * k + (unsigned)__builtin_ctzll(word);

			r = relax(s, w, kind, ids[i], add(kind, d, weight(kind, &v, i)));
		}
	return r;
}

INLINE int push_list(struct search *s, struct worker *w, enum number kind, bool inside,
		     struct csr_list *l, uint64_t d)
{
	const uint32_t *ids;
	int n, r = 0;

	w->touched += l->n;
	while (r == 0 && (n = csr_block32(l, CSR_BLOCK, &ids)) != 0)
		r = n < 0 ? n : push_block(s, w, kind, inside, l, ids, (unsigned)n, d);
	return r;
}

/* Is it settled in this step for the first time? */
INLINE bool settle(struct search *s, uint32_t node)
{
	uint64_t bit = 1ull << node % 64, *word = &s->settled[node / 64];

	if (__atomic_load_n(word, __ATOMIC_RELAXED) & bit)
		return false;
	if (!s->alone)
		return !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit);
	*word |= bit;
	return true;
}

/* A node on its way to be pushed. */
struct coming {
	uint32_t node;
	bool out;		/* of date */
	struct csr_place place;	/* of its list under the first source */
};

/* Does a list, where it is short, have no edge that, added to D, stays below LIMIT?  Its
 * ids need not be decoded then. */
INLINE bool has_none(enum number kind, const struct csr_stored *v, uint64_t n, uint64_t d,
		     uint64_t limit)
{
	struct mask m;

	if (n > CSR_BLOCK)
		return false;
	if (n == 0)
		return true;
	choose(&m, kind, v, (unsigned)n, d, limit);
	return !(m.word[0] | m.word[1]);
}

/* Was it lowered, and has been here? */
INLINE bool out_of_date(const struct search *s, enum number kind, uint32_t node)
{
	return bucket_of(s, kind, distance(s, kind, node)) != s->bucket;
}

INLINE int come(struct search *s, enum number kind, bool inside, uint32_t node, struct coming *c)
{
	c->node = node;
	c->out = inside && out_of_date(s, kind, node);
	c->place = (struct csr_place){0};
	if (c->out || s->ahead.source_n == 0)
		return 0;
	return csr_row_find(s->ahead.source[0].csr, &s->type[0], node, &c->place);
}

/* Need its list not be read?  1, 0. */
INLINE int is_idle(struct search *s, enum number kind, bool inside, const struct coming *c,
		   uint64_t d)
{
	struct csr_stored v;
	int r;

	if (s->ahead.source_n != 1)
		return s->ahead.source_n == 0;
	if (csr_changed(s->ahead.source[0].csr))
		return 0;		/* the place is that of the list as it was */
	if (s->one_list && c->place.n == 1 && c->node != s->plan->start)
		return 1;		/* it leads back to where its distance is from */
	if (!inside || c->place.n > CSR_BLOCK)
		return 0;
	r = csr_stored_of(s->ahead.source[0].csr, &s->type[0], c->place.edge, c->place.n, &v);
	return r < 0 ? r : has_none(kind, &v, c->place.n, d, s->end);
}

INLINE int push_lists(struct search *s, struct worker *w, enum number kind, bool inside,
		      const struct coming *c, uint64_t d, bool first)
{
	struct csr_list l;
	int r = csr_row_open(s->ahead.source[0].csr, &s->type[0], &c->place, &l);

	for (uint32_t i = 1; r == 0; i++) {
		w->edges += first ? l.n : 0;
		r = push_list(s, w, kind, inside, &l, d);
		if (r < 0 || i == s->ahead.source_n)
			break;
		r = csr_row_of(s->ahead.source[i].csr, &s->type[i], c->node, &l);
	}
	return r;
}

INLINE int push_node(struct search *s, struct worker *w, enum number kind, bool inside,
		     const struct coming *c)
{
	uint64_t d = distance(s, kind, c->node);
	bool first = false;
	int r;

	if (c->out || (inside && out_of_date(s, kind, c->node)))
		return 0;
	if (inside && settle(s, c->node)) {
		first = true;
		if (wheel_bag_add(&w->wheel, &w->settled, c->node) < 0)
			return ERR_MEMORY;
	}
	r = is_idle(s, kind, inside, c, d);
	if (r == 0)
		return push_lists(s, w, kind, inside, c, d, first);
	w->edges += first ? c->place.n : 0;
	return r < 0 ? r : 0;
}

/* Nodes of a chunk, the memory of those to come asked for while one is dealt with. */
INLINE int push_chunk(struct search *s, struct worker *w, enum number kind, bool inside,
		      struct wheel_chunk *c)
{
	struct coming coming[FIND_AHEAD];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->n + HINT_AHEAD; i++) {
		uint32_t find = i - (HINT_AHEAD - FIND_AHEAD), push = i - HINT_AHEAD;

		if (i < c->n && s->ahead.source_n) {
			__builtin_prefetch(kind == NARROW ? (void *)&s->dist.narrow[c->id[i]] :
					   (void *)&s->dist.wide[c->id[i]]);
			csr_row_hint(s->ahead.source[0].csr, &s->type[0], c->id[i]);
		}
		if (i >= HINT_AHEAD && push < c->n)
			r = push_node(s, w, kind, inside, &coming[push % FIND_AHEAD]);
		if (r == 0 && i >= HINT_AHEAD - FIND_AHEAD && find < c->n)
			r = come(s, kind, inside, c->id[find], &coming[find % FIND_AHEAD]);
	}
	return r;
}

INLINE int push_chunks(struct search *s, struct worker *w, enum number kind, bool inside,
		       struct wheel_chunk *c, bool all)
{
	struct wheel_chunk *next;
	int r = 0;

	for (; c; c = next) {
		next = all ? c->next : NULL;
		if (r == 0)
			r = push_chunk(s, w, kind, inside, c);
		wheel_give(&w->wheel, c);
	}
	return r;
}

INLINE int push_some(struct search *s, unsigned who, enum number kind, bool inside)
{
	struct worker *w = &s->worker[who];
	struct wheel_bag more;
	uint64_t i;
	int r = 0;

	while (r == 0 && (i = s->taken++) < s->todo_n)
		r = push_chunks(s, w, kind, inside, s->todo[i], false);
	while (r == 0 && inside) {
		more = w->wheel.slot[0][s->bucket % WHEEL_SLOTS];
		if (more.n == 0 || (!s->alone && more.n > ALONE_MOST))
			break;
		more = wheel_take(&w->wheel);
		r = push_chunks(s, w, kind, true, more.chunk, true);
	}
	return r;
}

static int push_inside(void *ctx, unsigned who)
{
	struct search *s = ctx;

	switch (s->kind) {
	case NARROW:
		return push_some(s, who, NARROW, true);
	case WIDE:
		return push_some(s, who, WIDE, true);
	default:
		return push_some(s, who, REAL, true);
	}
}

static int push_outside(void *ctx, unsigned who)
{
	struct search *s = ctx;

	switch (s->kind) {
	case NARROW:
		return push_some(s, who, NARROW, false);
	case WIDE:
		return push_some(s, who, WIDE, false);
	default:
		return push_some(s, who, REAL, false);
	}
}

/* --- back along the edges --- */

INLINE int nearest(struct search *s, enum number kind, struct csr_list *l, uint64_t *least)
{
	struct csr_stored v;
	const uint32_t *ids;
	uint64_t d = *least;
	struct mask m;
	int n;

	while ((n = csr_block32(l, CSR_BLOCK, &ids)) > 0) {
		int r = csr_block_stored(l, &v);

		if (r < 0)
			return r;
		if (d <= s->low)
			break;
		choose(&m, kind, &v, (unsigned)n, s->low, d);
		for (unsigned k = 0; k < CSR_BLOCK / 64; k++)
			for (uint64_t word = m.word[k]; word; word &= word - 1) {
				unsigned i = 64 * k + (unsigned)__builtin_ctzll(word);
				uint64_t to = add(kind, distance(s, kind, ids[i]),
						  weight(kind, &v, i));

				d = to < d ? to : d;
			}
	}
	*least = d;
	return n < 0 ? n : 0;
}

INLINE int pull_lists(struct search *s, const struct sweep_part *p, enum number kind)
{
	struct worker *w = &s->worker[p->who];
	struct sweep_walk walk;
	struct csr_stored v;
	int r;

	sweep_begin(&walk, p);
	sweep_values(&walk);
	while ((r = sweep_next(&walk)) > 0) {
		uint64_t had = distance(s, kind, walk.node), d = had;

		if (d <= s->low)
			continue;
		r = walk.list.n <= CSR_BLOCK ? csr_list_stored(&walk.list, &v) : 0;
		if (r == 0 && has_none(kind, &v, walk.list.n, s->low, d))
			continue;
		w->touched += walk.list.n;
		if (r == 0)
			r = nearest(s, kind, &walk.list, &d);
		if (r == 0 && d < had) {
			set_distance(s, kind, walk.node, d);
			r = wheel_put(&w->wheel, bucket_of(s, kind, d), (uint32_t)walk.node);
		}
		if (r < 0)
			return r;
	}
	return r;
}

static int pull_part(void *ctx, const struct sweep_part *p)
{
	struct search *s = ctx;

	switch (s->kind) {
	case NARROW:
		return pull_lists(s, p, NARROW);
	case WIDE:
		return pull_lists(s, p, WIDE);
	default:
		return pull_lists(s, p, REAL);
	}
}

/* --- a step --- */

static int add_todo(struct search *s, struct wheel_bag *b)
{
	for (struct wheel_chunk *c = b->chunk; c; c = c->next) {
		if (s->todo_n == s->todo_cap) {
			uint64_t cap = 2 * s->todo_cap + 64;
			void *more = mem_resize(s->out->mem, s->todo, cap * sizeof *s->todo);

			if (!more)
				return ERR_MEMORY;
			s->todo = more;
			s->todo_cap = cap;
		}
		s->todo[s->todo_n++] = c;
	}
	s->todo_nodes += b->n;
	*b = (struct wheel_bag){0};
	return 0;
}

static void no_todo(struct search *s)
{
	s->taken = s->todo_n = s->todo_nodes = 0;
}

static int run(struct search *s, uint64_t work, int (*what)(void *ctx, unsigned who))
{
	unsigned n = work > TOGETHER_COST ? s->worker_n : 1;

	s->alone = n == 1;
	return team_run(n, what, s);
}

/* The edges a list has, about. */
static uint64_t usual_degree(const struct search *s)
{
	return s->ahead.edge_n / (graph_node_n(s->graph) + 1);
}

static int end_step(struct search *s)
{
	uint64_t edges = 0, push, pull;
	int r = 0;

	no_todo(s);
	for (unsigned i = 0; r == 0 && i < s->worker_n; i++) {
		edges += s->worker[i].edges;
		s->worker[i].edges = 0;
		r = add_todo(s, &s->worker[i].settled);
	}
	s->open = false;
	s->left -= edges < s->left ? edges : s->left;
	s->settled_n += s->todo_nodes;
	s->out->step_n++;
	if (r < 0 || s->settled_n == graph_node_n(s->graph))
		return r;
	push = s->todo_nodes * ROW_COST + edges * EDGE_COST;
	pull = s->left * PULL_COST + (graph_node_n(s->graph) - s->settled_n) * 4;
	if (push <= pull)
		return run(s, push, push_outside);
	for (uint64_t i = 0; i < s->todo_n; i++)
		wheel_give(&s->worker[0].wheel, s->todo[i]);
	s->alone = false;
	s->out->back_n++;
	return sweep_run_but(s->pull, s->settled, pull_part, s);
}

static void begin_step(struct search *s, uint64_t bucket)
{
	s->open = true;
	s->bucket_end = (bucket / s->many + 1) * s->many;
	s->low = border(s, bucket);
	s->end = border(s, s->bucket_end);
}

static bool least(const struct search *s, uint64_t *bucket)
{
	bool any = false;
	uint64_t at;

	for (unsigned i = 0; i < s->worker_n; i++)
		if (wheel_least(&s->worker[i].wheel, &at) && (!any || at < *bucket)) {
			*bucket = at;
			any = true;
		}
	return any;
}

/* The nodes of one bucket, and those that come into it meanwhile. */
static int take_bucket(struct search *s, uint64_t bucket)
{
	int r = 0;

	no_todo(s);
	for (unsigned i = 0; r == 0 && i < s->worker_n; i++)
		r = wheel_turn(&s->worker[i].wheel, bucket, number_of, s);
	for (unsigned i = 0; r == 0 && i < s->worker_n; i++) {
		struct wheel_bag b = wheel_take(&s->worker[i].wheel);

		r = add_todo(s, &b);
	}
	if (r < 0 || s->todo_n == 0)
		return r;
	if (!s->open)
		begin_step(s, bucket);
	s->bucket = bucket;
	return run(s, s->todo_nodes * (ROW_COST + usual_degree(s)),
		   push_inside);
}

static int search(struct search *s)
{
	uint64_t bucket = 0;
	bool any;
	int r = 0;

	while (r == 0) {
		any = least(s, &bucket);
		if (s->open && (!any || bucket >= s->bucket_end))
			r = end_step(s);
		else if (any)
			r = take_bucket(s, bucket);
		else
			break;
	}
	return r;
}

/* --- what is too far for a number --- */

static int far_part(void *ctx, const struct sweep_part *p)
{
	struct search *s = ctx;
	struct sweep_walk w;
	const uint32_t *ids;
	int r, n;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0) {
		if (distance(s, s->kind, w.node) == s->none)
			continue;
		while ((n = csr_block32(&w.list, CSR_BLOCK, &ids)) > 0)
			for (int i = 0; i < n; i++)
				if (distance(s, s->kind, ids[i]) == s->none)
					return err_set(ERR_TOO_BIG, s->real ?
						"a path costs more than a number can say" :
						"a path costs more than 9223372036854775807");
		if (n < 0)
			return n;
	}
	return r;
}

/* Sums that do not fit are not below NONE and so are not noted.  A node that only
 * those lead to is an edge away from one that has a distance. */
static int check_far(struct search *s)
{
	double nodes = (double)graph_node_n(s->graph);

	if (s->real ? s->weigh.most.r <= DBL_MAX / 2 / nodes :
	    (double)s->weigh.most.i <= 9e18 / nodes)
		return 0;
	return sweep_run(&s->ahead, far_part, s);
}

/* --- --- */

uint64_t sssp_memory(uint64_t node_n)
{
	return node_n * 20 + (1 << 20);
}

static void set_kind(struct search *s)
{
	double most = (double)s->weigh.most.i * (double)graph_node_n(s->graph);

	s->real = s->weigh.kind == CSR_REALS;
	s->kind = s->real ? REAL : most < (double)NONE_NARROW / 2 ? NARROW : WIDE;
	s->none = s->real ? NONE_REAL : s->kind == WIDE ? NONE_WIDE : NONE_NARROW;
}

/* The unit of the buckets, and how many are a step. */
static void set_width(struct search *s)
{
	double degree = (double)s->ahead.edge_n / (double)graph_node_n(s->graph);
	double width = s->plan->delta, unit;
	int exp;

	if (width == 0)
		width = STEP_WIDTH * s->weigh.mean / (degree > 1 ? degree : 1);
	if (!(width >= DBL_MIN))
		width = s->real ? DBL_MIN : 1;
	if (width > 0x1p1000)
		width = 0x1p1000;
	frexp(width / STEP_BUCKETS, &exp);
	exp--;
	if (!s->real)
		exp = exp < 0 ? 0 : exp > 56 ? 56 : exp;
	else
		exp = exp < -1000 ? -1000 : exp;
	unit = ldexp(1, exp);
	s->shift = s->real ? 0 : (unsigned)exp;
	s->unit = unit;
	s->per_unit = 1 / unit;
	s->many = width / unit < 1 ? 1 : width / unit > 64 ? 64 : (uint64_t)(width / unit);
	s->out->delta = (double)s->many * unit;
}

static enum csr_direction other_way(enum csr_direction way)
{
	return way == CSR_OUT ? CSR_IN : way == CSR_IN ? CSR_OUT : CSR_BOTH;
}

static int open_sweeps(struct search *s)
{
	const struct sssp_plan *p = s->plan;
	bool one = graph_undirected(s->graph) || p->way == CSR_BOTH;
	int r = sweep_open(&s->ahead, s->graph, p->way, &p->types, p->threads);

	s->pull = one ? &s->ahead : &s->against;
	if (r == 0 && !one)
		r = sweep_open(&s->against, s->graph, other_way(p->way), &p->types, p->threads);
	if (r < 0)
		return r;
	s->left = s->pull->edge_n;
	s->worker_n = s->ahead.thread_n;
	s->one_list = graph_undirected(s->graph) && s->ahead.source_n == 1;
	s->type = mem_alloc(s->out->mem, s->ahead.source_n * sizeof *s->type);
	if (!s->type)
		return ERR_MEMORY;
	for (uint32_t i = 0; r == 0 && i < s->ahead.source_n; i++)
		r = csr_type_of(s->ahead.source[i].csr, s->ahead.source[i].type, &s->type[i]);
	return r;
}

static int draw(struct search *s)
{
	uint64_t n = graph_node_n(s->graph);
	struct mem *mem = s->out->mem;

	if (s->kind == NARROW)
		s->dist.narrow = mem_alloc(mem, n * sizeof *s->dist.narrow);
	else
		s->dist.wide = s->out->bits = mem_alloc(mem, n * sizeof *s->dist.wide);
	s->settled = mem_zalloc(mem, (n / 64 + 1) * sizeof *s->settled);
	s->worker = mem_zalloc(mem, s->worker_n * sizeof *s->worker);
	if ((s->kind == NARROW ? !s->dist.narrow : !s->dist.wide) || !s->settled || !s->worker)
		return ERR_MEMORY;
	for (unsigned i = 0; i < s->worker_n; i++)
		wheel_init(&s->worker[i].wheel, mem);
	for (uint64_t i = 0; i < n; i++)
		set_distance(s, s->kind, i, s->none);
	set_distance(s, s->kind, s->plan->start, 0);
	return wheel_put(&s->worker[0].wheel, 0, (uint32_t)s->plan->start);
}

static int widen(struct search *s)
{
	uint64_t n = graph_node_n(s->graph);

	s->out->bits = mem_alloc(s->out->mem, n * sizeof *s->out->bits);
	if (!s->out->bits)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < n; i++)
		s->out->bits[i] = s->dist.narrow[i] < NONE_NARROW ? s->dist.narrow[i] : NONE_WIDE;
	return 0;
}

static void end(struct search *s)
{
	struct mem *mem = s->out->mem;

	for (unsigned i = 0; s->worker && i < s->worker_n; i++) {
		s->out->edge_n += s->worker[i].touched;
		wheel_release(&s->worker[i].wheel);
	}
	if (s->kind == NARROW)
		mem_free(mem, s->dist.narrow);
	mem_free(mem, s->worker);
	mem_free(mem, s->settled);
	mem_free(mem, s->todo);
	mem_free(mem, s->type);
	sweep_close(&s->ahead);
	sweep_close(&s->against);
}

int sssp_find(struct sssp *out, struct graph *g, const struct sssp_plan *p)
{
	struct search s = { .out = out, .plan = p, .graph = g };
	int r;

	*out = (struct sssp){ .mem = graph_mem(g), .node_n = graph_node_n(g) };
	r = sweep_narrow(g);
	if (r == 0)
		r = weigh_all(&s.weigh, g, &p->types, p->threads);
	if (r == 0)
		r = open_sweeps(&s);
	out->kind = s.weigh.kind;
	if (r == 0) {
		set_kind(&s);
		set_width(&s);
		r = draw(&s);
	}
	if (r == 0)
		r = search(&s);
	if (r == 0)
		r = check_far(&s);
	if (r == 0 && s.kind == NARROW)
		r = widen(&s);
	out->reached_n = s.settled_n;
	end(&s);
	if (r < 0)
		sssp_release(out);
	return r;
}

void sssp_release(struct sssp *s)
{
	mem_free(s->mem, s->bits);
	*s = (struct sssp){0};
}
