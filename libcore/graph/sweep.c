/* graph/sweep.c - parts found by halving over how many edges lie before a node */
#include "graph/sweep.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/flow.h"

/* Edges and nodes a part: some 100 us of work, so that the last part to end leaves
 * nobody waiting long, and a thousand times what taking a part costs. */
#define PART_WORK 65536u
/* Parts times sources at most: each part begins a scan of each source. */
#define SCAN_MOST 65536u

static int add_source(struct sweep *s, struct csr *c, enum csr_direction way, uint32_t type)
{
	uint64_t edge_n;
	int r = csr_type_edges(c, type, &edge_n);

	if (r < 0 || edge_n == 0)
		return r;
	s->source[s->source_n++] = (struct sweep_source){ c, type, way };
	s->edge_n += edge_n;
	return 0;
}

static int add_sources(struct sweep *s, enum csr_direction way, const struct graph_types *types)
{
	uint32_t n = graph_types_n(s->graph, types);
	int r = 0;

	if (graph_undirected(s->graph))
		way = CSR_OUT;
	s->source = mem_alloc(graph_mem(s->graph), 2 * (size_t)n * sizeof *s->source);
	if (!s->source)
		return ERR_MEMORY;
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		uint32_t type = graph_types_at(types, i);

		if (way & CSR_OUT)
			r = add_source(s, graph_csr(s->graph, CSR_OUT), CSR_OUT, type);
		if (r == 0 && way & CSR_IN)
			r = add_source(s, graph_csr(s->graph, CSR_IN), CSR_IN, type);
	}
	return r;
}

/* --- cutting --- */

/* What lies before NODE, in edges and nodes. */
static int work_before(const struct sweep *s, uint64_t node, uint64_t *out)
{
	uint64_t edges;
	int r = 0;

	*out = node;
	for (uint32_t i = 0; r == 0 && i < s->source_n; i++) {
		r = csr_edges_before(s->source[i].csr, s->source[i].type, node, &edges);
		*out += edges;
	}
	return r;
}

/* The first border, in units of SWEEP_ALIGN from LO on, with WORK before it. */
static int find_border(const struct sweep *s, uint64_t lo, uint64_t hi, uint64_t work,
		       uint64_t *out)
{
	uint64_t before;
	int r = 0;

	while (r == 0 && lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		r = work_before(s, mid * SWEEP_ALIGN, &before);
		if (before < work)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = lo;
	return r;
}

static uint64_t parts_wanted(const struct sweep *s)
{
	uint64_t n = (s->edge_n + graph_node_n(s->graph)) / PART_WORK + 1;
	uint64_t most = SCAN_MOST / (s->source_n + 1) + 1;

	return n < most ? n : most;
}

static int cut(struct sweep *s)
{
	uint64_t node_n = graph_node_n(s->graph), all = s->edge_n + node_n;
	uint64_t wanted = parts_wanted(s), at = 0;
	uint64_t end = node_n / SWEEP_ALIGN + (node_n % SWEEP_ALIGN != 0);
	int r = 0;

	s->border = mem_alloc(graph_mem(s->graph), (wanted + 1) * sizeof *s->border);
	if (!s->border)
		return ERR_MEMORY;
	s->border[0] = 0;
	for (uint64_t i = 1; r == 0 && at < end; i++) {
		uint64_t before = at;

		if (i < wanted)
			r = find_border(s, at + 1, end, all / wanted * i, &at);
		else
			at = end;
		if (r == 0 && at > before)
			s->border[++s->part_n] = at < end ? at * SWEEP_ALIGN : node_n;
	}
	return r;
}

int sweep_open(struct sweep *s, struct graph *g, enum csr_direction way,
	       const struct graph_types *types, unsigned threads)
{
	int r;

	*s = (struct sweep){ .graph = g, .thread_n = threads ? threads : team_default() };
	if (s->thread_n > TEAM_MOST)
		s->thread_n = TEAM_MOST;
	r = add_sources(s, way, types);
	if (r == 0)
		r = cut(s);
	if (r == 0)
		r = flow_open(&s->flow, s);
	if (r < 0)
		sweep_close(s);
	return r;
}

int sweep_ahead(const struct sweep *s)
{
	return flow_decide(s->flow);
}

uint64_t sweep_bytes(const struct sweep *s, const uint64_t *skip)
{
	return flow_bytes(s->flow, skip);
}

void sweep_beside(struct sweep *a, struct sweep *b)
{
	flow_beside(a->flow, b->flow);
}

void sweep_close(struct sweep *s)
{
	if (!s->graph)
		return;
	flow_close(s->flow);
	mem_free(graph_mem(s->graph), s->source);
	mem_free(graph_mem(s->graph), s->border);
	*s = (struct sweep){0};
}

int sweep_narrow(struct graph *g)
{
	if (csr_narrow(graph_csr(g, CSR_OUT)))
		return 0;
	return err_set(ERR_UNSUPPORTED, "graph %s: %" PRIu64
		       " nodes, algorithms over all of them know fewer than 2^32",
		       graph_entry(g)->name, graph_node_n(g));
}

/* --- running --- */

struct run {
	const struct sweep *sweep;
	const uint64_t *skip;
	bool ahead;
	sweep_each *each;
	void *ctx;
	_Atomic uint64_t next;
	atomic_bool failed;
};

static int take_parts(void *ctx, unsigned who)
{
	struct run *run = ctx;
	const struct sweep *s = run->sweep;
	uint64_t i;
	int r = 0;

	while (r == 0 && !run->failed && (i = run->next++) < s->part_n) {
		struct sweep_part p = {
			.sweep = s, .skip = run->skip, .unread = !flow_wants(s, i, run->skip),
			.index = i, .first = s->border[i], .end = s->border[i + 1], .who = who,
		};

		r = run->each(run->ctx, &p);
		if (run->ahead)
			flow_done(s->flow, i);
	}
	if (r < 0)
		run->failed = true;
	return r;
}

int sweep_run_but(const struct sweep *s, const uint64_t *skip, sweep_each *each, void *ctx)
{
	struct run run = { .sweep = s, .skip = skip, .each = each, .ctx = ctx };
	unsigned n = s->thread_n;
	int r = sweep_ahead(s);

	if (r < 0)
		return r;
	run.ahead = r;
	if (s->part_n < n)
		n = (unsigned)s->part_n;
	if (run.ahead)
		flow_begin(s->flow, skip);
	r = team_run(n, take_parts, &run);
	if (run.ahead)
		flow_end(s->flow);
	return r;
}

int sweep_run(const struct sweep *s, sweep_each *each, void *ctx)
{
	return sweep_run_but(s, NULL, each, ctx);
}

int sweep_listless(const struct sweep_part *p, uint64_t *bits)
{
	const struct sweep *s = p->sweep;
	struct csr_scan scan;
	uint64_t n;
	int r = 0;

	for (uint64_t i = p->first; i < p->end; i++)
		bits[i / 64] |= 1ull << i % 64;
	for (uint32_t k = 0; r == 0 && k < s->source_n; k++) {
		csr_scan_range(&scan, s->source[k].csr, s->source[k].type, p->first, p->end);
		while ((r = csr_scan_degree(&scan, &n)) > 0)
			bits[scan.node / 64] &= ~(1ull << scan.node % 64);
	}
	return r;
}

static int degrees_part(void *ctx, const struct sweep_part *p)
{
	uint32_t *degree = ctx;
	struct csr_scan scan;
	uint64_t n;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->sweep->source_n; i++) {
		const struct sweep_source *s = &p->sweep->source[i];

		csr_scan_range(&scan, s->csr, s->type, p->first, p->end);
		while ((r = csr_scan_degree(&scan, &n)) > 0) {
			if (n > UINT32_MAX - degree[scan.node])
				return err_set(ERR_UNSUPPORTED, "a node with 2^32 edges");
			degree[scan.node] += (uint32_t)n;
		}
	}
	return r;
}

int sweep_degrees(const struct sweep *s, uint32_t *degree)
{
	return sweep_run(s, degrees_part, degree);
}

/* --- the lists of a part --- */

void sweep_begin(struct sweep_walk *w, const struct sweep_part *p)
{
	w->part = p;
	w->skip = p->skip;
	w->next = p->unread ? p->sweep->source_n : 0;
	w->open = w->values = false;
}

void sweep_skip(struct sweep_walk *w, const uint64_t *skip)
{
	w->skip = skip;
}

void sweep_values(struct sweep_walk *w)
{
	w->values = true;
}

static int next_source(struct sweep_walk *w)
{
	const struct sweep *s = w->part->sweep;
	const struct sweep_source *from = &s->source[w->next];
	int r = flow_take(s->flow, w->part->index, w->next++, &w->held);

	csr_scan_range(&w->scan, from->csr, from->type, w->part->first, w->part->end);
	csr_scan_skip(&w->scan, w->skip);
	if (r > 0)
		csr_scan_hold(&w->scan, &w->held);
	if (w->values)
		csr_scan_values(&w->scan);
	w->type = from->type;
	w->way = from->way;
	return r;
}

int sweep_next(struct sweep_walk *w)
{
	int r = 0;

	while (!w->open || (r = csr_scan_next(&w->scan, &w->list)) == 0) {
		w->open = w->next < w->part->sweep->source_n;
		if (!w->open)
			return 0;
		r = next_source(w);
		if (r < 0)
			return r;
	}
	w->node = w->scan.node;
	return r;
}

int sweep_firsts(struct sweep_walk *w, bool both, struct csr_firsts *out)
{
	return w->open ? csr_scan_firsts(&w->scan, both, out) : 0;
}

int sweep_words(struct sweep_walk *w, uint32_t *out, size_t room, size_t *n)
{
	*n = 0;
	return w->open ? csr_scan_words(&w->scan, out, room, n) : 0;
}
