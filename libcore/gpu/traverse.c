/* gpu/traverse.c - kernels enqueued by batches of steps, their state read in between */
#include "gpu/traverse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

#define HEAD 256u		/* of the work memory: the state, and */
#define SUM_AT 192u		/* a sum over what is read back */
#define BATCH 4u		/* steps between two looks at a search's state */
#define FEW_STEPS 1024u		/* that one group makes in a launch */
#define RANK_BATCH 8u
#define RANK_BLOCK 4096u
#define MANY_HEAD 512u		/* the state, and the sources */
#define DIGITS TRAVERSE_DIGITS	/* that the device keeps of a depth */
#define DIGITS_MOST ((1u << DIGITS) - 1)
#define PART 65536u		/* nodes whose digits are read at a time */
#define RANK_POWERS 33u
#define RANK_ONE 0x1p62		/* ranks are parts of it: graph/walk/pagerank */

struct traverse {
	struct gpu_backend *b;
	struct arenas *a;
	struct program *program;
	struct traverse_cut cut;
};

/* As kernels/traverse.cl has them. */
struct bfs_state {
	uint64_t front_edges, found_edges, left, touched;
	uint32_t front_n, queue_n, hub_n;
	uint32_t found_n, found_queue, found_hub;
	uint32_t depth, most, source, target;
	uint32_t pull, turn, done;
	uint32_t queue, bits;
	uint32_t reached_n, push_n, pull_n;
	uint32_t back, zero;
};
static_assert(sizeof(struct bfs_state) == 112, "as the kernels have it");

struct many_state {
	uint64_t found_edges, front_edges, edge_n, all;
	uint32_t found, level, pull, done;
	uint32_t push_n, pull_n;
	uint64_t touched, zero;
};
static_assert(sizeof(struct many_state) == 72, "as the kernels have it");

struct rank_state {
	uint64_t base, damping;
	double tolerance;
	uint64_t shared, changed, change, most, step_n, done;
};
static_assert(sizeof(struct rank_state) == 72, "as the kernels have it");

/* --- opening --- */

void traverse_cut(struct traverse_cut *out, const struct gpu_shape *shape)
{
	if (shape->cpu || shape->group_most < 256)
		*out = (struct traverse_cut){ .lanes = 1, .groups = 32 * shape->units,
					      .mine = 2048, .hub = 65536, .few = 16384 };
	else
		*out = (struct traverse_cut){ .lanes = 256, .groups = 8 * shape->units,
					      .mine = 12, .hub = 16384, .few = 4096 };
}

int traverse_open_cut(struct traverse **out, struct gpu_backend *b, struct arenas *a,
		      struct bytes source, const struct traverse_cut *cut)
{
	struct traverse *t = mem_zalloc(NULL, sizeof *t);
	char options[160];
	int r;

	if (!t)
		return ERR_MEMORY;
	t->b = b;
	t->a = a;
	t->cut = *cut;
	snprintf(options, sizeof options, "-DLANES=%" PRIu32 " -DTILE=%" PRIu32
		 " -DMINE=%" PRIu32 " -DHUB=%" PRIu32 "%s", cut->lanes,
		 cut->lanes > 64 ? cut->lanes : 64, cut->mine, cut->hub, cut->checked ? " -DCHECKED" : "");
	r = program_open(&t->program, b, source, options);
	if (r < 0)
		mem_free(NULL, t);
	else
		*out = t;
	return r;
}

int traverse_open(struct traverse **out, struct gpu_backend *b, struct arenas *a,
		  struct bytes source)
{
	struct gpu_shape shape = { .units = 1, .group_most = 1 };
	struct traverse_cut cut;

	if (b->ops->shape)
		b->ops->shape(b, &shape);
	traverse_cut(&cut, &shape);
	return traverse_open_cut(out, b, a, source, &cut);
}

void traverse_close(struct traverse *t)
{
	if (!t)
		return;
	program_close(t->program);
	mem_free(NULL, t);
}

/* --- what lies where --- */

static uint64_t up(uint64_t n)
{
	return (n + 63) & ~63ull;
}

static uint64_t depth_len(uint32_t node_n)
{
	return up(4ull * node_n);
}

uint64_t traverse_room(enum traverse_kind kind, uint32_t node_n)
{
	uint64_t words = ((uint64_t)node_n + 31) / 32;
	uint64_t blocks = ((uint64_t)node_n + RANK_BLOCK - 1) / RANK_BLOCK;

	if (kind == TRAVERSE_BFS64)
		return MANY_HEAD + (3 + DIGITS) * up(8ull * node_n);
	if (kind == TRAVERSE_PAGERANK)
		return HEAD + 3 * up(8ull * node_n) + RANK_POWERS * 4 * blocks;
	return HEAD + 3 * depth_len(node_n) + 3 * up(4 * words);
}

uint64_t traverse_names(const struct traverse_graph *g)
{
	return up(4ull * g->node_n) + 4 * g->edge_n;
}

static uint64_t largest(const struct arenas *a)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < arena_n(a); i++)
		most = arena_lens(a)[i] > most ? arena_lens(a)[i] : most;
	return most;
}

static int inside(const struct traverse *t, struct arena_place p, uint64_t len, unsigned align,
		  const char *what)
{
	uint64_t most = largest(t->a);

	if (len > most)
		return err_set(ERR_TOO_BIG, "%s take %" PRIu64 " bytes in one piece, and the "
			       "largest arena of the device has %" PRIu64, what, len, most);
	if (p.arena >= arena_n(t->a) || p.off % align || p.off > arena_lens(t->a)[p.arena] ||
	    len > arena_lens(t->a)[p.arena] - p.off)
		return err_set(ERR_BUG, "%s are not at %" PRIu64 " of arena %" PRIu32, what,
			       p.off, p.arena);
	return 0;
}

static int check(const struct traverse *t, const struct traverse_graph *g,
		 struct arena_place work, enum traverse_kind kind)
{
	uint64_t rows = ((uint64_t)g->node_n + 1) * 8, edges = g->edge_n * 4;
	int r;

	if (g->node_n > UINT32_MAX - 1)
		return err_set(ERR_UNSUPPORTED, "a graph of 2^32 nodes or more");
	if (g->edge_n > UINT64_MAX / 8)
		return err_set(ERR_TOO_BIG, "%" PRIu64 " edges", g->edge_n);
	r = inside(t, g->out_to, edges, 4, "the edges");
	if (r == 0)
		r = inside(t, g->in_to, edges, 4, "the edges");
	if (r == 0)
		r = inside(t, g->out_first, rows, 8, "where lists begin");
	if (r == 0)
		r = inside(t, g->in_first, rows, 8, "where lists begin");
	if (r == 0)
		r = inside(t, work, traverse_room(kind, g->node_n), 64, "a question's notes");
	return r;
}

static int check_node(const struct traverse_graph *g, uint32_t node)
{
	if (node < g->node_n)
		return 0;
	return err_set(ERR_BUG, "node %" PRIu32 " of a graph of %" PRIu32, node, g->node_n);
}

/* --- launching --- */

struct call {			/* of one graph, by one question */
	struct traverse *t;
	const struct traverse_graph *g;
	struct arena_place work;
};

#define ARGS(...) (const struct gpu_arg[]){ __VA_ARGS__ }, \
	sizeof (const struct gpu_arg[]){ __VA_ARGS__ } / sizeof(struct gpu_arg)

static int launch(const struct call *c, const char *kernel, uint32_t groups,
		  const struct gpu_arg *arg, unsigned n)
{
	uint64_t lanes = c->t->cut.lanes;

	return program_run(c->t->program, kernel, arg, n, groups * lanes, lanes);
}

static struct gpu_arg place(const struct call *c, struct arena_place p)
{
	return program_place(c->t->a, p);
}

static int read_state(const struct call *c, void *state, size_t len)
{
	return arena_read_twice(c->t->a, c->work, state, len);
}

/* As kernels/check.cl has it. */
static uint64_t sum_of(const void *ptr, size_t len)
{
	const uint8_t *at = ptr;
	uint64_t sum = 0, factor = 0;
	uint32_t word;

	for (size_t i = 0; i < len; i += sizeof word, factor += UINT64_C(0x9e3779b97f4a7c15)) {
		memcpy(&word, at + i, sizeof word);
		sum += word * (factor | 1);
	}
	return sum;
}

static int read_sum(const struct call *c, struct arena_place p, void *out, size_t len,
		    uint64_t *sum)
{
	struct arena_place at = { c->work.arena, c->work.off + SUM_AT };
	int r = launch(c, "check_begin", 1, ARGS(place(c, at)));

	if (r == 0)
		r = launch(c, "check_sum", c->t->cut.groups,
			   ARGS(place(c, p), place(c, at), program_u64(len / 4)));
	if (r == 0)
		r = arena_read(c->t->a, p, out, len);
	if (r == 0)
		r = arena_read(c->t->a, at, sum, sizeof *sum);
	return r < 0 ? r : arena_finish(c->t->a);
}

/* Words of an answer, which are what the device has: what was turned on its way here is
 * read again, once. */
static int read_out(const struct call *c, uint64_t off, void *out, size_t len)
{
	struct arena_place p = { c->work.arena, c->work.off + off };
	uint64_t sum;
	int r;

	for (unsigned i = 0; i < 2; i++) {
		r = read_sum(c, p, out, len, &sum);
		if (r < 0 || sum == sum_of(out, len))
			return r;
	}
	return err_set(ERR_DEVICE, "the device failed: what it sends is not what it has");
}

/* What went wrong in the middle leaves nothing behind that is still being done, not if
 * the device can still be waited for. */
static int ended(const struct call *c, int r)
{
	struct err_note note;

	if (r >= 0)
		return r;
	err_take(&note, r);
	arena_finish(c->t->a);
	return err_give(&note);
}

/* --- breadth first --- */

static int search_begin(const struct call *c, uint32_t source, uint32_t target, uint32_t most)
{
	return launch(c, "bfs_begin", c->t->cut.groups,
		      ARGS(place(c, c->work), place(c, c->g->out_first),
			   program_u32(c->g->node_n), program_u64(c->g->edge_n),
			   program_u32(source), program_u32(target), program_u32(most)));
}

static int search_step(const struct call *c)
{
	struct gpu_arg work = place(c, c->work), n = program_u32(c->g->node_n);
	struct gpu_arg first = place(c, c->g->out_first), to = place(c, c->g->out_to);
	uint32_t groups = c->t->cut.groups;
	int r = launch(c, "bfs_plan", 1, ARGS(work, n));

	if (r == 0)
		r = launch(c, "bfs_turn", groups, ARGS(work, first, n));
	if (r == 0)
		r = launch(c, "bfs_push", groups, ARGS(work, first, to, n));
	if (r == 0)
		r = launch(c, "bfs_pull", groups,
			   ARGS(work, first, place(c, c->g->in_first), place(c, c->g->in_to), n));
	return r;
}

static int search_batch(const struct call *c)
{
	int r = launch(c, "bfs_few", 1,
		       ARGS(place(c, c->work), place(c, c->g->out_first),
			    place(c, c->g->out_to), program_u32(c->g->node_n),
			    program_u32(FEW_STEPS), program_u32(c->t->cut.few)));

	for (unsigned i = 0; r == 0 && i < BATCH; i++)
		r = search_step(c);
	return r;
}

/* Until all is over; a state that says nonsense does not keep us here. */
static int search(const struct call *c, uint32_t source, uint32_t target, uint32_t most,
		  struct bfs_state *s, uint32_t *wait_n)
{
	int r = search_begin(c, source, target, most);

	*wait_n = 0;
	*s = (struct bfs_state){ 0 };
	while (r == 0 && !s->done) {
		if ((uint64_t)*wait_n * BATCH > c->g->node_n)
			return err_set(ERR_DEVICE, "the device failed: a search has no end");
		r = search_batch(c);
		if (r == 0)
			r = read_state(c, s, sizeof *s);
		++*wait_n;
	}
	return r;
}

static void tell(struct traverse_stat *stat, const struct bfs_state *s, uint32_t wait_n)
{
	*stat = (struct traverse_stat){
		.reached_n = s->reached_n, .touched_n = s->touched, .push_n = s->push_n,
		.pull_n = s->pull_n, .wait_n = wait_n,
		/* the last step found nothing, or the limit ended it */
		.step_n = s->front_n ? s->depth : s->depth ? s->depth - 1 : 0,
	};
}

int traverse_bfs(struct traverse *t, const struct traverse_graph *g, struct arena_place work,
		 uint32_t source, uint32_t most, uint32_t *depth, struct traverse_stat *stat)
{
	struct call c = { t, g, work };
	struct bfs_state s;
	uint32_t wait_n;
	int r = check(t, g, work, TRAVERSE_BFS);

	if (r == 0)
		r = check_node(g, source);
	if (r == 0)
		r = search(&c, source, TRAVERSE_NONE, most, &s, &wait_n);
	if (r == 0 && depth)
		r = read_out(&c, HEAD, depth, 4ull * g->node_n);
	if (r == 0 && stat)
		tell(stat, &s, wait_n);
	return ended(&c, r);
}

/* --- from many --- */

static int many_begin(const struct call *c, const uint32_t head[MANY_HEAD / 4], unsigned n)
{
	uint64_t all = n < 64 ? (1ull << n) - 1 : ~0ull;
	struct gpu_arg work = place(c, c->work), node_n = program_u32(c->g->node_n);
	int r = arena_write(c->t->a, c->work, head, MANY_HEAD);

	if (r == 0)
		r = launch(c, "many_begin", c->t->cut.groups,
			   ARGS(work, node_n, program_u64(c->g->edge_n), program_u64(all)));
	if (r == 0)
		r = launch(c, "many_sources", 1, ARGS(work, node_n, program_u32(n)));
	if (r == 0)
		r = launch(c, "many_settle", c->t->cut.groups,
			   ARGS(work, place(c, c->g->out_first), node_n));
	return r;
}

static int many_step(const struct call *c)
{
	struct gpu_arg work = place(c, c->work), n = program_u32(c->g->node_n);
	struct gpu_arg first = place(c, c->g->out_first);
	uint32_t groups = c->t->cut.groups;
	int r = launch(c, "many_plan", 1, ARGS(work));

	if (r == 0)
		r = launch(c, "many_push", groups, ARGS(work, first, place(c, c->g->out_to), n));
	if (r == 0)
		r = launch(c, "many_pull", groups,
			   ARGS(work, place(c, c->g->in_first), place(c, c->g->in_to), n));
	return r == 0 ? launch(c, "many_settle", groups, ARGS(work, first, n)) : r;
}

static uint64_t plane_at(const struct call *c, unsigned i, uint64_t node)
{
	return MANY_HEAD + i * up(8ull * c->g->node_n) + 8 * node;
}

/* Of the first steps depths are the digits themselves. */
static int many_take_first(const struct call *c, const struct traverse_many *out)
{
	int r = 0;

	for (unsigned k = 0; r == 0 && k < DIGITS; k++)
		r = read_out(c, plane_at(c, 3 + k, 0), out->digit[k], 8ull * c->g->node_n);
	for (unsigned k = DIGITS; k < out->digit_n; k++)
		memset(out->digit[k], 0, 8ull * c->g->node_n);
	return r;
}

/* NODE's digits and BASE, which whoever came in these steps is further away: 64 sums
 * at once.  What no digit is there for. */
static uint64_t many_note(const struct traverse_many *out, uint64_t node, const uint64_t *lines,
			  uint64_t base)
{
	uint64_t met = 0, carry = 0;

	for (unsigned k = 0; k < DIGITS; k++)
		met |= lines[k * PART];
	for (unsigned k = 0; met && k < out->digit_n; k++) {
		uint64_t a = k < DIGITS ? lines[k * PART] : 0, b = base >> k & 1 ? met : 0;

		out->digit[k][node] |= a ^ b ^ carry;
		carry = (a & b) | (carry & (a ^ b));
	}
	return base >> out->digit_n ? met : carry;
}

/* All that the device knows of these steps, in parts; LINES has room for a part of each
 * digit. */
static int many_take(const struct call *c, uint64_t *lines, uint64_t base,
		     const struct traverse_many *out)
{
	uint64_t over = 0;
	int r = 0;

	if (base == 0)
		return many_take_first(c, out);
	for (uint64_t at = 0; r == 0 && at < c->g->node_n; at += PART) {
		uint64_t len = c->g->node_n - at < PART ? c->g->node_n - at : PART;

		for (unsigned k = 0; r == 0 && k < DIGITS; k++)
			r = read_out(c, plane_at(c, 3 + k, at), lines + k * PART, 8 * len);
		for (uint64_t i = 0; r == 0 && i < len; i++)
			over |= many_note(out, at + i, lines + i, base);
	}
	if (r == 0 && over)
		r = err_set(ERR_TOO_BIG, "a search from many is more than %" PRIu64 " steps long",
			    (UINT64_C(1) << out->digit_n) - 1);
	return r;
}

static int many_search(const struct call *c, uint64_t *lines, const struct traverse_many *out,
		       struct many_state *s)
{
	uint64_t base = 0;
	int r = 0;

	while (r == 0 && !s->done) {
		if (base > c->g->node_n)
			return err_set(ERR_DEVICE, "the device failed: a search has no end");
		for (unsigned k = 0; r == 0 && k < DIGITS_MOST && !s->done; k++) {
			r = many_step(c);
			if (r == 0 && (k % BATCH == BATCH - 1 || k == DIGITS_MOST - 1))
				r = read_state(c, s, sizeof *s);
		}
		if (r == 0 && out)
			r = many_take(c, lines, base, out);
		if (r == 0 && !s->done)
			r = launch(c, "many_clear", c->t->cut.groups,
				   ARGS(place(c, c->work), program_u32(c->g->node_n)));
		base += DIGITS_MOST;
	}
	if (r == 0 && out)
		r = read_out(c, MANY_HEAD, out->seen, 8ull * c->g->node_n);
	return r;
}

static int many_check(const struct traverse_graph *g, const uint32_t *source, unsigned n,
		      const struct traverse_many *out)
{
	int r = 0;

	if (n == 0 || n > TRAVERSE_MANY)
		return err_set(ERR_BUG, "a search from %u nodes", n);
	if (out && (out->digit_n < TRAVERSE_DIGITS || out->digit_n > TRAVERSE_DIGITS_MOST))
		return err_set(ERR_BUG, "depths of %u digits", out->digit_n);
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = check_node(g, source[i]);
	return r;
}

int traverse_bfs64(struct traverse *t, const struct traverse_graph *g, struct arena_place work,
		   const uint32_t *source, unsigned n, const struct traverse_many *out,
		   struct traverse_stat *stat)
{
	struct call c = { t, g, work };
	uint32_t head[MANY_HEAD / 4] = { 0 };	/* what will be the state; the sources */
	struct many_state s = { 0 };
	uint64_t *lines = NULL;
	int r = check(t, g, work, TRAVERSE_BFS64);

	if (r == 0)
		r = many_check(g, source, n, out);
	if (r < 0)
		return r;
	lines = mem_alloc(NULL, DIGITS * PART * sizeof *lines);
	if (!lines)
		return ERR_MEMORY;
	for (unsigned i = 0; i < n; i++)
		head[HEAD / 4 + i] = source[i];
	r = many_begin(&c, head, n);
	if (r == 0)
		r = many_search(&c, lines, out, &s);
	if (r == 0 && stat)
		*stat = (struct traverse_stat){
			.touched_n = s.touched, .push_n = s.push_n, .pull_n = s.pull_n,
			.step_n = s.level ? s.level - 1 : 0,
		};
	r = ended(&c, r);
	mem_free(NULL, lines);
	return r;
}

/* --- a path --- */

static int walk_back(const struct call *c, uint32_t n, struct bfs_state *s)
{
	uint32_t had;
	int r = 0;

	do {
		had = s->back;
		r = launch(c, "bfs_back", 1,
			   ARGS(place(c, c->work), place(c, c->g->in_first),
				place(c, c->g->in_to), program_u32(c->g->node_n),
				program_u32(FEW_STEPS)));
		if (r == 0)
			r = read_state(c, s, sizeof *s);
	} while (r == 0 && s->back > had && s->back < n);
	return r;
}

static void turn_around(uint32_t *node, uint32_t n)
{
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t swap = node[i];

		node[i] = node[n - 1 - i];
		node[n - 1 - i] = swap;
	}
}

static int64_t path(const struct call *c, uint32_t from, uint32_t to, uint32_t *node,
		    uint32_t n)
{
	const struct traverse_graph *g = c->g;
	struct bfs_state s;
	uint32_t wait_n, len;
	int r = search(c, from, to, TRAVERSE_NONE, &s, &wait_n);

	if (r < 0)
		return r;
	r = read_out(c, HEAD + 4ull * to, &len, sizeof len);
	if (r < 0 || len == TRAVERSE_NONE)
		return r;
	if (len >= g->node_n)
		return err_set(ERR_DEVICE, "the device failed: %" PRIu32 " steps among %" PRIu32
			       " nodes", len, g->node_n);
	if (len >= n)
		return err_set(ERR_TOO_BIG, "a path of %" PRIu64 " nodes, and there is room for "
			       "%" PRIu32, (uint64_t)len + 1, n);
	r = walk_back(c, len + 1, &s);
	if (r == 0 && s.back != len + 1)
		r = err_set(ERR_DEVICE, "the device failed: a path of %" PRIu32 " steps has "
			    "%" PRIu32 " nodes", len, s.back);
	if (r == 0)
		r = read_out(c, HEAD + depth_len(g->node_n), node, 4ull * (len + 1));
	if (r < 0)
		return r;
	turn_around(node, len + 1);
	return (int64_t)len + 1;
}

int64_t traverse_path(struct traverse *t, const struct traverse_graph *g,
		      struct arena_place work, uint32_t from, uint32_t to, uint32_t *node,
		      uint32_t n)
{
	struct call c = { t, g, work };
	int r = check(t, g, work, TRAVERSE_PATH);
	int64_t len;

	if (r == 0)
		r = check_node(g, from);
	if (r == 0)
		r = check_node(g, to);
	if (r < 0)
		return r;
	len = path(&c, from, to, node, n);
	return len < 0 ? ended(&c, (int)len) : len;
}

/* --- PageRank --- */

static int total(const struct call *c, bool first)
{
	return launch(c, "rank_total", 1, ARGS(place(c, c->work), program_u32(c->g->node_n),
					       program_u32(first)));
}

static int give_names(const struct call *c, const struct traverse_ranking *k)
{
	struct gpu_arg work = place(c, c->work), first = place(c, c->g->out_first);
	struct gpu_arg names = place(c, k->names), n = program_u32(c->g->node_n);
	uint32_t groups = c->t->cut.groups;
	int r = launch(c, "rank_powers", groups, ARGS(work, first, n));

	if (r == 0)
		r = launch(c, "rank_firsts", 1, ARGS(work, n));
	if (r == 0)
		r = launch(c, "rank_places", groups, ARGS(work, first, names, n));
	if (r == 0)
		r = launch(c, "rank_rename", groups, ARGS(place(c, c->g->in_to), names, n,
							  program_u64(c->g->edge_n)));
	return r;
}

/* Where names are not lent, the kernels get some place that they do not look at. */
static struct gpu_arg names_of(const struct call *c, const struct traverse_ranking *k)
{
	return place(c, k->by_place ? k->names : c->work);
}

static int rank_begin(const struct call *c, const struct traverse_ranking *k,
		      const struct rank_state *s)
{
	int r = k->by_place ? give_names(c, k) : 0;

	if (r == 0)
		r = arena_write(c->t->a, c->work, s, sizeof *s);
	if (r == 0)
		r = launch(c, "rank_begin", c->t->cut.groups,
			   ARGS(place(c, c->work), place(c, c->g->out_first), names_of(c, k),
				program_u32(k->by_place), program_u32(c->g->node_n)));
	return r == 0 ? total(c, true) : r;
}

static int rank_step(const struct call *c, const struct traverse_ranking *k, uint64_t i)
{
	int r = launch(c, "rank_step", c->t->cut.groups,
		       ARGS(place(c, c->work), place(c, c->g->out_first),
			    place(c, c->g->in_first), place(c, c->g->in_to), names_of(c, k),
			    program_u32(k->by_place), program_u32(c->g->node_n),
			    program_u32(i % 2)));

	return r == 0 ? total(c, false) : r;
}

int traverse_pagerank(struct traverse *t, const struct traverse_graph *g,
		      struct arena_place work, struct traverse_ranking *k, double *rank)
{
	struct call c = { t, g, work };
	struct rank_state s = {
		.damping = (uint64_t)(k->damping * RANK_ONE), .tolerance = k->tolerance,
		.most = k->iterations,
	};
	uint64_t i = 0;
	int r = check(t, g, work, TRAVERSE_PAGERANK);

	if (r == 0 && k->by_place)
		r = inside(t, k->names, traverse_names(g), 64, "renamed sources");
	k->iteration_n = 0;
	k->change = 0;
	if (r < 0 || !g->node_n)
		return r;
	r = rank_begin(&c, k, &s);
	while (r == 0 && !s.done && i < k->iterations) {
		for (uint64_t end = i + RANK_BATCH; r == 0 && i < end && i < k->iterations; i++)
			r = rank_step(&c, k, i);
		if (r == 0)
			r = read_state(&c, &s, sizeof s);
	}
	if (r == 0 && rank)
		r = read_out(&c, HEAD, rank, 8ull * g->node_n);
	else if (r == 0)
		r = arena_finish(t->a);
	for (uint64_t v = 0; r == 0 && rank && v < g->node_n; v++) {
		uint64_t whole;

		memcpy(&whole, &rank[v], sizeof whole);
		rank[v] = (double)whole / RANK_ONE;
	}
	k->iteration_n = s.step_n;
	k->change = (double)s.change / RANK_ONE;
	return ended(&c, r);
}

/* --- lists of gaps --- */

static int check_packed(const struct traverse *t, const struct traverse_packed *p,
			struct arena_place work)
{
	uint64_t rows = ((uint64_t)p->node_n + 1) * 8;
	int r;

	if (p->edge_n > UINT64_MAX / 8)
		return err_set(ERR_TOO_BIG, "%" PRIu64 " edges", p->edge_n);
	r = inside(t, p->to, p->edge_n * 4, 4, "the edges");
	if (r == 0)
		r = inside(t, p->packed, p->packed_len, 1, "packed lists");
	if (r == 0)
		r = inside(t, p->first, rows, 8, "where lists begin");
	if (r == 0)
		r = inside(t, p->at, rows, 8, "where packed lists begin");
	if (r == 0)
		r = inside(t, work, TRAVERSE_UNPACK_ROOM, 64, "a question's notes");
	return r;
}

int traverse_unpack(struct traverse *t, const struct traverse_packed *p,
		    struct arena_place work)
{
	struct call c = { t, NULL, work };
	uint32_t bad = TRAVERSE_NONE;
	int r = check_packed(t, p, work);

	if (r < 0)
		return r;
	r = arena_write(t->a, work, &bad, sizeof bad);
	if (r == 0)
		r = launch(&c, "unpack", t->cut.groups,
			   ARGS(place(&c, p->packed), place(&c, p->at), place(&c, p->first),
				place(&c, p->to), place(&c, work), program_u32(p->node_n)));
	if (r == 0)
		r = read_state(&c, &bad, sizeof bad);
	if (r == 0 && bad != TRAVERSE_NONE)
		return err_set(ERR_DAMAGED, "the packed list of node %" PRIu32 " is none", bad);
	return ended(&c, r);
}
