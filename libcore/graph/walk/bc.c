/* graph/walk/bc.c - levels gathered forwards, then backwards
 *
 * After graph/walk/depths the nodes lie in `order` by depth.  A level is cut into
 * pieces that threads take by number; a node reads its own lists and writes what is
 * its own, of the level before it or behind it only what is finished.
 *
 * A number of paths may be greater than any that a double knows.  It is m * 2^e: exact
 * below 2^64, above it cut to 64 bits.  Numbers are added in 128 bits, each cut by the
 * greatest exponent of all that are added, which does not depend on their order.  The
 * part of the paths that lead on, (here / there) * (1 + part of there), is made in a
 * double, and added with 64 bits behind the point: all parts together are less than
 * the nodes.
 */
#include "graph/walk/bc.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/sweep.h"
#include "graph/walk/depths.h"

#define PIECE 64u		/* nodes of a level taken at a time */
#define HINT_AHEAD 8u		/* nodes ahead whose rows are fetched */
#define TOGETHER 1000u		/* nodes of a level from which on threads are worth calling */

struct count {			/* of paths */
	uint64_t m, e;
};

struct lists {			/* of one direction */
	struct sweep sweep;	/* its sources */
	struct csr_type *type;
};

struct bc_inside {
	struct graph *graph;
	struct bc_plan plan;
	struct mem *mem;
	struct lists ahead, against;
	/* of the source at hand */
	double *score;
	struct depths d;
	struct count *count;
	double *part;
	uint32_t *order;	/* nodes by depth, then by id */
	uint64_t *level;	/* where each depth begins in it */
	uint64_t first, end;	/* of the level at hand, in order[] */
	uint32_t depth;
	_Atomic uint64_t next, touched;
};

/* --- what a node gathers --- */

struct gathered {
	unsigned __int128 sum;
	uint64_t most;		/* the greatest exponent, of counts */
};

typedef void gather(const struct bc_inside *s, uint32_t node, uint32_t near, struct gathered *g);

/* The sum where no exponent is above 0, else the greatest. */
static void gather_most(const struct bc_inside *s, uint32_t node, uint32_t near,
			struct gathered *g)
{
	const struct count *c = &s->count[near];

	(void)node;
	g->sum += c->m;
	g->most = c->e > g->most ? c->e : g->most;
}

static void gather_count(const struct bc_inside *s, uint32_t node, uint32_t near,
			 struct gathered *g)
{
	const struct count *c = &s->count[near];

	(void)node;
	if (g->most - c->e < 64)
		g->sum += c->m >> (g->most - c->e);
}

static void gather_part(const struct bc_inside *s, uint32_t node, uint32_t near,
			struct gathered *g)
{
	const struct count *here = &s->count[node], *there = &s->count[near];
	double ratio = (double)here->m / (double)there->m, x;
	uint64_t whole;

	if (here->e != there->e)
		ratio = ldexp(ratio, there->e - here->e > 2000 ? -2000 :
			      -(int)(there->e - here->e));
	x = ratio * (1 + s->part[near]);
	whole = (uint64_t)x;
	g->sum += (unsigned __int128)whole << 64;
	g->sum += (uint64_t)((x - (double)whole) * 0x1p64);
}

/* Over the lists of a node those of its neighbours that are at DEPTH. */
static inline __attribute__((always_inline))
int gather_list(struct bc_inside *s, const struct lists *lists, uint32_t node, uint32_t depth,
		gather *each, struct gathered *g, uint64_t *touched)
{
	const uint32_t *ids;
	struct csr_list l;
	int n, r = 0;

	for (uint32_t i = 0; r == 0 && i < lists->sweep.source_n; i++) {
		r = csr_row_of(lists->sweep.source[i].csr, &lists->type[i], node, &l);
		*touched += l.n;
		while (r == 0 && (n = csr_block32(&l, CSR_BLOCK, &ids)) != 0) {
			for (int k = 0; k < n; k++)
				if (s->d.depth[ids[k]] == depth)
					each(s, node, ids[k], g);
			r = n < 0 ? n : 0;
		}
	}
	return r;
}

static void set_count(struct count *c, const struct gathered *g)
{
	unsigned __int128 sum = g->sum;
	unsigned up = 0;

	while (sum >> 64) {
		sum >>= 1;
		up++;
	}
	c->m = (uint64_t)sum;
	c->e = g->most + up;
}

static int count_node(struct bc_inside *s, uint32_t node, uint64_t *touched)
{
	struct gathered g = {0};
	int r = gather_list(s, &s->against, node, s->depth - 1, gather_most, &g, touched);

	if (g.most)
		g.sum = 0;
	if (r == 0 && g.most)
		r = gather_list(s, &s->against, node, s->depth - 1, gather_count, &g, touched);
	set_count(&s->count[node], &g);
	return r;
}

static int part_node(struct bc_inside *s, uint32_t node, uint64_t *touched)
{
	struct gathered g = {0};
	int r = gather_list(s, &s->ahead, node, s->depth + 1, gather_part, &g, touched);

	s->part[node] = (double)(uint64_t)(g.sum >> 64) + (double)(uint64_t)g.sum * 0x1p-64;
	if (s->depth)
		s->score[node] += s->part[node];
	return r;
}

/* --- a level --- */

typedef int of_node(struct bc_inside *s, uint32_t node, uint64_t *touched);

static inline __attribute__((always_inline))
int take_pieces(struct bc_inside *s, const struct lists *lists, of_node *each)
{
	const uint32_t *order = s->order;
	uint64_t touched = 0, i, end;
	int r = 0;

	while (r == 0 && (i = s->first + PIECE * s->next++) < s->end) {
		end = s->end - i < PIECE ? s->end : i + PIECE;
		for (; r == 0 && i < end; i++) {
			if (i + HINT_AHEAD < end && lists->sweep.source_n)
				csr_row_hint(lists->sweep.source[0].csr, &lists->type[0],
					     order[i + HINT_AHEAD]);
			r = each(s, order[i], &touched);
		}
	}
	s->touched += touched;
	return r;
}

static int count_some(void *ctx, unsigned who)
{
	struct bc_inside *s = ctx;

	(void)who;
	return take_pieces(s, &s->against, count_node);
}

static int part_some(void *ctx, unsigned who)
{
	struct bc_inside *s = ctx;

	(void)who;
	return take_pieces(s, &s->ahead, part_node);
}

static int run_level(struct bc_inside *s, uint32_t depth, int (*some)(void *ctx, unsigned who))
{
	s->depth = depth;
	s->first = s->level[depth];
	s->end = s->level[depth + 1];
	s->next = 0;
	return team_run(s->end - s->first > TOGETHER ? s->ahead.sweep.thread_n : 1, some, s);
}

/* Nodes that were reached, by depth and then by id: counted, then placed. */
static int make_levels(struct bc_inside *s)
{
	uint64_t n = graph_node_n(s->graph), *level;

	level = mem_resize(s->mem, s->level, (s->d.step_n + 3) * sizeof *level);
	if (!level)
		return ERR_MEMORY;
	s->level = level;
	memset(level, 0, (s->d.step_n + 3) * sizeof *level);
	for (uint64_t i = 0; i < n; i++)
		if (s->d.depth[i] != DEPTHS_NONE)
			level[s->d.depth[i] + 2]++;
	for (uint64_t i = 1; i < s->d.step_n + 3; i++)
		level[i] += level[i - 1];
	for (uint64_t i = 0; i < n; i++)	/* from level[d + 1] on, which ends as d's end */
		if (s->d.depth[i] != DEPTHS_NONE)
			s->order[level[s->d.depth[i] + 1]++] = (uint32_t)i;
	return 0;
}

/* --- a source --- */

static int add_levels(struct bc_inside *s, uint64_t source)
{
	uint32_t last = (uint32_t)s->d.step_n;
	int r = 0;

	s->count[source] = (struct count){ .m = 1 };
	for (uint32_t depth = 1; r == 0 && depth <= last; depth++)
		r = run_level(s, depth, count_some);
	for (uint32_t depth = last + 1; r == 0 && depth-- > 0;)
		r = run_level(s, depth, part_some);
	return r;
}

int bc_add(struct bc *b, uint64_t source)
{
	struct bc_inside *s = b->in;
	const struct depths_plan p = { .start = source, .way = s->plan.way,
		.types = s->plan.types, .threads = s->plan.threads };
	int r = depths_find(&s->d, s->graph, &p);

	if (r < 0)
		return r;
	s->touched = s->d.edge_n;
	r = make_levels(s);
	if (r == 0)
		r = add_levels(s, source);
	b->edge_n += s->touched;
	b->source_n++;
	depths_release(&s->d);
	return r;
}

/* --- --- */

static int open_lists(struct lists *l, struct bc_inside *s, enum csr_direction way)
{
	int r = sweep_open(&l->sweep, s->graph, way, &s->plan.types, s->plan.threads);

	if (r < 0)
		return r;
	l->type = mem_alloc(s->mem, l->sweep.source_n * sizeof *l->type);
	if (!l->type)
		return ERR_MEMORY;
	for (uint32_t i = 0; r == 0 && i < l->sweep.source_n; i++)
		r = csr_type_of(l->sweep.source[i].csr, l->sweep.source[i].type, &l->type[i]);
	return r;
}

static void close_lists(struct lists *l, struct mem *mem)
{
	mem_free(mem, l->type);
	sweep_close(&l->sweep);
}

static enum csr_direction other_way(enum csr_direction way)
{
	return way == CSR_OUT ? CSR_IN : way == CSR_IN ? CSR_OUT : CSR_BOTH;
}

static int draw(struct bc_inside *s)
{
	uint64_t n = graph_node_n(s->graph);

	s->score = mem_zalloc(s->mem, n * sizeof *s->score);
	s->part = mem_alloc(s->mem, n * sizeof *s->part);
	s->count = mem_alloc(s->mem, n * sizeof *s->count);
	s->order = mem_alloc(s->mem, n * sizeof *s->order);
	return s->score && s->part && s->count && s->order ? 0 : ERR_MEMORY;
}

int bc_begin(struct bc *b, struct graph *g, const struct bc_plan *p)
{
	struct bc_inside *s;
	int r = sweep_narrow(g);

	*b = (struct bc){0};
	if (r < 0)
		return r;
	b->in = s = mem_zalloc(graph_mem(g), sizeof *s);
	if (!s)
		return ERR_MEMORY;
	s->graph = g;
	s->plan = *p;
	s->mem = graph_mem(g);
	r = open_lists(&s->ahead, s, p->way);
	if (r == 0)
		r = open_lists(&s->against, s, other_way(p->way));
	if (r == 0)
		r = draw(s);
	b->score = s->score;
	return r;
}

void bc_end(struct bc *b)
{
	struct bc_inside *s = b->in;

	if (s) {
		close_lists(&s->ahead, s->mem);
		close_lists(&s->against, s->mem);
		mem_free(s->mem, s->score);
		mem_free(s->mem, s->part);
		mem_free(s->mem, s->count);
		mem_free(s->mem, s->order);
		mem_free(s->mem, s->level);
		mem_free(s->mem, s);
	}
	*b = (struct bc){0};
}

uint64_t bc_memory(uint64_t node_n)
{
	return node_n * (8 + 8 + sizeof(struct count) + 4 + 8) +
		depths_memory(node_n, false);
}
