/* graph/walk/many_depths.c - a word a node, a bit a start
 *
 * Between steps: seen[v] has the bits of all who have come to v, front[v] of those
 * who came in the last step, next[v] is 0 if the next step is pushed.  The nodes of
 * the front are queue[0..front_n), or, when `wide`, whoever has a word that is not 0.
 * A pulling step writes the words of a part's own nodes only; a pushing one sets bits
 * in next, and who sets a node's first puts it into `found`, whose nodes are settled
 * when the step is over, as seen must not change while it is made.
 */
#include "graph/walk/many_depths.h"

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/walk/ways.h"

/* A pulling step costs this part of all edges, about: most nodes see most starts in
 * two steps and stop being asked, and lists are left when they show them all. */
#define PULL_PART 6u
#define ROW_COST 16u		/* a list found by its node, in edges */
#define CHUNK 64u		/* nodes of the queue taken at a time */
#define HINT_AHEAD 12u		/* nodes ahead whose rows are fetched */

struct many {
	struct many_depths *d;
	const struct many_depths_plan *plan;
	struct ways ways;
	uint64_t node_n, all;		/* all: the bits of all starts */
	uint64_t *front, *next;
	uint64_t *skip;			/* bitmap: nodes that all have come to */
	uint32_t *queue, *found;
	uint64_t front_n, front_edges;
	uint32_t depth;			/* of the step being made */
	bool wide;
	_Atomic uint64_t taken, found_n, found_edges, touched;
	_Atomic uint64_t came[MANY_DEPTHS];	/* of each start, in this step */
};

/* --- counting bits by their place --- */

/* Sixty-four counters on edge: bit i of slice[k] is digit k of counter i. */
struct tally {
	uint64_t slice[16];
	unsigned n;		/* words since it was emptied: below 2^16 */
};

static void tally_empty(struct tally *t, struct many *m)
{
	for (unsigned i = 0; t->n && i < m->plan->start_n; i++) {
		uint64_t n = 0;

		for (unsigned k = 0; k < 16; k++)
			n |= (t->slice[k] >> i & 1) << k;
		m->came[i] += n;
	}
	*t = (struct tally){0};
}

static inline void tally_add(struct tally *t, struct many *m, uint64_t word)
{
	for (unsigned k = 0; word; k++) {
		uint64_t carry = t->slice[k] & word;

		t->slice[k] ^= word;
		word = carry;
	}
	if (++t->n == UINT16_MAX)
		tally_empty(t, m);
}

/* --- a node's new bits --- */

static inline void settle(struct many *m, struct tally *t, uint64_t node, uint64_t bits)
{
	struct many_depths *d = m->d;

	d->seen[node] |= bits;
	for (unsigned i = 0; m->plan->depths && m->depth >> i; i++)
		if (m->depth >> i & 1)
			d->digit[i][node] |= bits;
	tally_add(t, m, bits);
}

/* --- against the edges --- */

/* Who is at one of the list's nodes, of those WANTED; no more is read than shows
 * them all. */
static inline int look(const uint64_t *front, struct csr_list *l, uint64_t wanted,
		       uint64_t *out, uint64_t *touched)
{
	unsigned most = CSR_FEW;
	const uint32_t *ids;
	uint64_t bits = 0;
	int n = 1;

	while ((bits & wanted) != wanted && (n = csr_block32(l, most, &ids)) > 0) {
		for (int i = 0; i < n; i++)
			bits |= front[ids[i]];
		*touched += (unsigned)n;
		most = CSR_BLOCK;
	}
	*out = bits & wanted;
	return n < 0 ? n : 0;
}

static uint64_t settle_part(struct many *m, const struct sweep_part *p)
{
	struct tally t = {0};
	uint64_t found = 0;

	for (uint64_t i = p->first; i < p->end; i++) {
		if (!m->next[i])
			continue;
		settle(m, &t, i, m->next[i]);
		found++;
		if (m->d->seen[i] == m->all)
			sweep_set(m->skip, i / 64, 1ull << i % 64);
	}
	tally_empty(&t, m);
	return found;
}

static int pull_part(void *ctx, const struct sweep_part *p)
{
	uint64_t edges = 0, touched = 0, bits;
	struct many *m = ctx;
	struct sweep_walk w;
	int r;

	memset(m->next + p->first, 0, (p->end - p->first) * sizeof *m->next);
	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0) {
		r = look(m->front, &w.list, m->all & ~(m->d->seen[w.node] | m->next[w.node]),
			 &bits, &touched);
		if (r < 0)
			return r;
		m->next[w.node] |= bits;
		edges += bits ? w.list.n : 0;
	}
	if (r == 0)
		m->found_n += settle_part(m, p);
	m->found_edges += edges;
	m->touched += touched;
	return r;
}

/* --- along the edges --- */

struct pusher {			/* a thread's */
	struct many *many;
	uint32_t found[1024];
	unsigned n;
	uint64_t touched;
};

static void hand_over(struct many *m, struct pusher *p)
{
	uint64_t at = atomic_fetch_add_explicit(&m->found_n, p->n, memory_order_relaxed);

	memcpy(m->found + at, p->found, p->n * sizeof *p->found);
	p->n = 0;
}

static inline void push_bits(struct many *m, struct pusher *p, uint64_t bits,
			     const uint32_t *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t come = bits & ~m->d->seen[ids[i]], *next = &m->next[ids[i]];

		if (!(come & ~__atomic_load_n(next, __ATOMIC_RELAXED)))
			continue;
		if (!__atomic_fetch_or(next, come, __ATOMIC_RELAXED))
			p->found[p->n++] = ids[i];
	}
	p->touched += n;
}

static int push_list(void *ctx, uint32_t node, struct csr_list *l)
{
	struct pusher *p = ctx;
	const uint32_t *ids;
	int n;

	while ((n = csr_block32(l, CSR_BLOCK, &ids)) > 0) {
		if (p->n + CSR_BLOCK > sizeof p->found / sizeof p->found[0])
			hand_over(p->many, p);
		push_bits(p->many, p, p->many->front[node], ids, (unsigned)n);
	}
	return n;
}

static int push_some(void *ctx, unsigned who)
{
	struct many *m = ctx;
	struct pusher p;
	uint64_t i, end;
	int r = 0;

	(void)who;
	p.many = m;
	p.n = 0;
	p.touched = 0;
	while (r == 0 && (i = m->taken) < m->front_n) {
		i = atomic_fetch_add(&m->taken, CHUNK);
		end = i + CHUNK < m->front_n ? i + CHUNK : m->front_n;
		if (i < end)
			r = ways_lists(&m->ways, m->queue + i, end - i, push_list, &p);
	}
	hand_over(m, &p);
	m->touched += p.touched;
	return r;
}

static int push(struct many *m)
{
	uint32_t *swap = m->queue;
	struct tally t = {0};
	int r;

	m->taken = 0;
	r = team_run(m->front_n > CHUNK ? m->ways.ahead.thread_n : 1, push_some, m);
	for (uint64_t i = 0; i < m->front_n; i++)
		m->front[m->queue[i]] = 0;
	for (uint64_t i = 0; i < m->found_n; i++) {
		uint32_t node = m->found[i];

		settle(m, &t, node, m->next[node]);
		if (m->d->seen[node] == m->all)
			sweep_set(m->skip, node / 64, 1ull << node % 64);
	}
	tally_empty(&t, m);
	m->queue = m->found;
	m->found = swap;
	return r;
}

/* --- a step --- */

/* From a front of words to a queue of nodes. */
static void to_queue(struct many *m)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < m->node_n; i++)
		if (m->front[i])
			m->queue[n++] = (uint32_t)i;
	memset(m->next, 0, m->node_n * sizeof *m->next);
	m->wide = false;
}

/* The edges of a queue; counted until there are more than MOST. */
static int count_edges(struct many *m, uint64_t most)
{
	uint64_t n;
	int r = 0;

	m->front_edges = 0;
	for (uint64_t i = 0; r == 0 && i < m->front_n && m->front_edges <= most; i++) {
		if (i + HINT_AHEAD < m->front_n)
			ways_hint(&m->ways, m->queue[i + HINT_AHEAD]);
		r = ways_degree(&m->ways, m->queue[i], &n);
		m->front_edges += n;
	}
	return r;
}

static int choose(struct many *m)
{
	uint64_t cost = m->ways.pull->edge_n / PULL_PART + m->node_n, rows = ROW_COST * m->front_n;
	int r = 0;

	if (m->wide && m->front_edges + rows < cost)
		to_queue(m);
	else if (!m->wide && rows <= cost)
		r = count_edges(m, cost - rows);
	if (!m->wide && m->front_edges + rows > cost)
		m->wide = true;		/* front is as it must be */
	return r;
}

/* One more digit when the depth has one more: no depth so far needs it. */
static int add_digit(struct many *m)
{
	struct many_depths *d = m->d;

	if (!m->plan->depths || m->depth >> d->digit_n == 0)
		return 0;
	d->digit[d->digit_n] = mem_zalloc(d->mem, m->node_n * sizeof(uint64_t));
	return d->digit[d->digit_n++] ? 0 : ERR_MEMORY;
}

static void count_those_who_came(struct many *m)
{
	for (unsigned i = 0; i < m->plan->start_n; i++) {
		uint64_t n = m->came[i];

		m->came[i] = 0;
		m->d->reached_n[i] += n;
		m->d->step_sum[i] += n * m->depth;
		if (n)
			m->d->step_n[i] = m->depth;
	}
}

static int step(struct many *m)
{
	uint64_t *swap = m->front;
	int r = choose(m);

	m->depth++;
	m->found_n = m->found_edges = 0;
	if (r == 0)
		r = add_digit(m);
	if (r == 0)
		r = m->wide ? sweep_run_but(m->ways.pull, m->skip, pull_part, m) : push(m);
	if (r < 0)
		return r;
	*(m->wide ? &m->d->against_n : &m->d->ahead_n) += 1;
	m->front = m->next;
	m->next = swap;
	m->front_n = m->found_n;
	m->front_edges = m->found_edges;
	count_those_who_came(m);
	return 0;
}

/* --- --- */

uint64_t many_depths_memory(uint64_t node_n, unsigned digits)
{
	return node_n * (32 + 8 * (uint64_t)digits) + (node_n / 64 + 1) * 8;
}

static int draw(struct many *m)
{
	struct mem *mem = m->d->mem;
	uint64_t n = m->node_n;

	m->d->seen = mem_zalloc(mem, n * sizeof(uint64_t));
	m->front = mem_zalloc(mem, n * sizeof(uint64_t));
	m->next = mem_zalloc(mem, n * sizeof(uint64_t));
	m->skip = mem_zalloc(mem, (n / 64 + 1) * sizeof(uint64_t));
	m->queue = mem_alloc(mem, n * sizeof(uint32_t));
	m->found = mem_alloc(mem, n * sizeof(uint32_t));
	return m->d->seen && m->front && m->next && m->skip && m->queue && m->found
		? 0 : ERR_MEMORY;
}

static void start(struct many *m)
{
	for (unsigned i = 0; i < m->plan->start_n; i++) {
		uint64_t node = m->plan->start[i];

		if (!m->front[node])
			m->queue[m->front_n++] = (uint32_t)node;
		m->front[node] |= 1ull << i;
		m->d->seen[node] |= 1ull << i;
		m->d->reached_n[i] = 1;
		m->all |= 1ull << i;
	}
}

static void end(struct many *m)
{
	struct mem *mem = m->d->mem;

	mem_free(mem, m->front);
	mem_free(mem, m->next);
	mem_free(mem, m->skip);
	mem_free(mem, m->queue);
	mem_free(mem, m->found);
	ways_close(&m->ways);
}

int many_depths_find(struct many_depths *d, struct graph *g, const struct many_depths_plan *p)
{
	struct many m = { .d = d, .plan = p, .node_n = graph_node_n(g) };
	int r;

	*d = (struct many_depths){ .mem = graph_mem(g) };
	r = sweep_narrow(g);
	if (r == 0)
		r = ways_open(&m.ways, g, p->way, &p->types, p->threads);
	if (r == 0)
		r = draw(&m);
	if (r == 0)
		start(&m);
	while (r == 0 && m.front_n)
		r = step(&m);
	d->edge_n = m.touched;
	end(&m);
	if (r < 0)
		many_depths_release(d);
	return r;
}

void many_depths_release(struct many_depths *d)
{
	mem_free(d->mem, d->seen);
	for (unsigned i = 0; i < d->digit_n; i++)
		mem_free(d->mem, d->digit[i]);
	*d = (struct many_depths){0};
}
