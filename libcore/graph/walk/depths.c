/* graph/walk/depths.c - a step is pushed from a queue or pulled towards a bitmap
 *
 * Between steps: `seen` has the bit of every node that has a depth, and the front,
 * the nodes of the last depth, is queue[0..front_n) or, when `wide`, the bitmap
 * `front`.  A pulling step writes seen, depth and parent of a part's own nodes
 * only; a pushing one claims a node by setting its bit, or, where parents are
 * wanted, by being the first to lower its parent below DEPTHS_NONE, and then the
 * bits are set when the step is over, so that all parents of the step are met.
 * A pushing step of many edges claims nothing: each thread sets the bits of all that
 * it meets in a bitmap of its own, and what of them was not seen before is the next
 * front: threads fight for no line of memory, and nothing depends on what an edge meets.
 *
 * Where lists are read ahead, each time anew (graph/sweep), a step costs what it reads
 * of them: all parts that have a node of the front, or all that have a node not met, or
 * each list of the front by itself, in the mapped file.
 */
#include "graph/walk/depths.h"

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/walk/ways.h"

/* What things cost, in edges that are followed one after another. */
#define ROW_COST 32u		/* a list found by its node */
#define CLAIM_COST 3u		/* an edge whose end is claimed */
#define LIST_COST 8u		/* a list of a pulling step, ... */
#define MISS_COST 24u		/* ... and more if its first id is not in the front */
#define TOGETHER_COST 20000u	/* claims from which on threads are worth calling */
#define CHUNK 64u		/* nodes of the queue taken at a time, ... */
#define MEET_CHUNK 16u		/* ... of one with very many edges */
#define WORD_CHUNK 1024u	/* words of bitmaps */
#define HINT_AHEAD 12u		/* nodes ahead whose rows are fetched */
/* A list found by its node in what is not in memory, in bytes read in order: what a
 * device gives meanwhile, and what the system reads around it. */
#define FAR_COST (128u << 10)
#define FAR_FEW 128u		/* nodes whose lists are not worth a look at all parts */

struct search {
	struct depths *d;
	const struct depths_plan *plan;
	struct graph *graph;
	struct ways ways;
	uint64_t words;			/* of a bitmap */
	uint64_t *seen, *front, *next;
	uint32_t *queue, *found;
	uint64_t front_n;
	uint64_t left;			/* edges of nodes not yet seen, about, ... */
	uint64_t list_n;		/* ... and their lists */
	uint32_t depth;			/* of the step being made */
	bool wide;
	bool ahead_io;			/* lists are read ahead */
	bool by_parts;			/* this pushing step is a sweep */
	uint64_t front_edges;		/* of the front, about; 0: not known */
	unsigned own_n;			/* threads of a step by bits */
	_Atomic uint64_t taken, found_n, found_edges, looked_n, touched;
};

static inline bool bit_is(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/* --- against the edges --- */

/* The least of the list's ids that is in the front; DEPTHS_NONE.  First the first,
 * then a few, as most lists show the front early. */
static inline int nearest(struct search *s, struct csr_list *l, uint32_t *out,
			  uint64_t *touched)
{
	unsigned most = CSR_FEW;
	const uint32_t *ids;
	uint64_t first;
	int n;

	if (csr_first(l, &first) && bit_is(s->front, first)) {
		*touched += 1;
		*out = (uint32_t)first;
		return 0;
	}
	*out = DEPTHS_NONE;
	while ((n = csr_block32(l, most, &ids)) > 0) {
		for (int i = 0; i < n; i++)
			if (bit_is(s->front, ids[i])) {
				*touched += (unsigned)i + 1;
				*out = ids[i];
				return 0;
			}
		*touched += (unsigned)n;
		most = CSR_BLOCK;
	}
	return n;
}

struct puller {			/* a part's */
	struct search *search;
	struct sweep_walk w;
	uint64_t found, edges, looked, touched;
};

/* The nodes of NODES, which are at WORD, are in the next front. */
static inline void reach(struct puller *p, uint64_t word, uint64_t nodes)
{
	struct search *s = p->search;
	uint64_t more = nodes & ~s->next[word];

	p->found += (unsigned)__builtin_popcountll(more);
	s->next[word] |= more;
	if (!s->d->parent)
		sweep_set(s->seen, word, nodes);	/* its other lists need not be read */
	for (; more; more &= more - 1)
		s->d->depth[word * 64 + (unsigned)__builtin_ctzll(more)] = s->depth;
}

static inline void reach_from(struct puller *p, uint64_t node, uint32_t parent)
{
	struct search *s = p->search;

	reach(p, node / 64, 1ull << node % 64);
	if (s->d->parent && parent < s->d->parent[node])
		s->d->parent[node] = parent;
}

static int pull_list(struct puller *p, uint64_t node)
{
	uint32_t parent;
	int r = nearest(p->search, &p->w.list, &parent, &p->touched);

	p->looked++;
	if (r < 0 || parent == DEPTHS_NONE)
		return r;
	reach_from(p, node, parent);
	p->edges += p->w.list.n;
	return 0;
}

/* The firsts of all are looked up before anything is done about one: nothing waits,
 * and nothing is to be foretold. */
static int pull_firsts(struct puller *p, const struct csr_firsts *f)
{
	struct search *s = p->search;
	uint64_t hits = 0, more = 0;
	int r = 0;

	for (uint64_t left = f->rows; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);
		uint64_t hit = bit_is(s->front, f->first[k]), n = csr_firsts_n(f, k);

		hits |= hit << k;
		more |= (uint64_t)(n > 1) << k;
		p->edges += n & (0 - hit);
	}
	p->looked += (unsigned)__builtin_popcountll(f->rows & ~(more & ~hits));
	p->touched += (unsigned)__builtin_popcountll(f->rows & ~(more & ~hits));
	if (!s->d->parent)
		reach(p, f->node / 64, hits);
	for (uint64_t left = s->d->parent ? hits : 0; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);

		reach_from(p, f->node + k, f->first[k]);
	}
	for (uint64_t left = more & ~hits; r == 0 && left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);

		r = sweep_list(&p->w, k);
		if (r == 0)
			r = pull_list(p, f->node + k);
	}
	return r;
}

/* A group of lists or one; 1, 0 at the end. */
static int pull_some(struct puller *p)
{
	struct csr_firsts f;
	int pulled = 0, r = sweep_firsts(&p->w, false, &f);

	if (r > 0) {
		pulled = pull_firsts(p, &f);
	} else if (r == 0) {
		r = sweep_next(&p->w);
		if (r > 0)
			pulled = pull_list(p, p->w.node);
	}
	return pulled < 0 ? pulled : r;
}

static int pull_part(void *ctx, const struct sweep_part *part)
{
	uint64_t first = part->first / 64, end = part->end / 64 + (part->end % 64 != 0);
	struct search *s = ctx;
	struct puller p = { .search = s };
	int r;

	memset(s->next + first, 0, (end - first) * sizeof *s->next);
	sweep_begin(&p.w, part);
	do {
		r = pull_some(&p);
	} while (r > 0);
	for (uint64_t i = first; s->d->parent && i < end; i++)
		sweep_set(s->seen, i, s->next[i]);
	s->found_n += p.found;
	s->found_edges += p.edges;
	s->looked_n += p.looked;
	s->touched += p.touched;
	return r;
}

static int pull(struct search *s)
{
	uint64_t *swap = s->front;
	int r = sweep_run_but(s->ways.pull, s->seen, pull_part, s);

	s->front = s->next;
	s->next = swap;
	return r;
}

/* --- along the edges --- */

struct pusher {			/* a thread's */
	struct search *search;
	uint32_t found[1024];
	unsigned n;
	uint64_t touched;
};

static void hand_over(struct search *s, struct pusher *p)
{
	uint64_t at = atomic_fetch_add_explicit(&s->found_n, p->n, memory_order_relaxed);

	memcpy(s->found + at, p->found, p->n * sizeof *p->found);
	p->n = 0;
}

/* Is it ours to put into the next front? */
static inline bool claim(struct search *s, uint32_t node, uint32_t from)
{
	uint64_t bit = 1ull << node % 64, *word = &s->seen[node / 64];
	uint32_t *parent, had;

	if (__atomic_load_n(word, __ATOMIC_RELAXED) & bit)
		return false;
	if (!s->d->parent)
		return !(__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit);
	parent = &s->d->parent[node];
	had = __atomic_load_n(parent, __ATOMIC_RELAXED);
	while (from < had)
		if (__atomic_compare_exchange_n(parent, &had, from, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return had == DEPTHS_NONE;
	return false;
}

static int push_list(void *ctx, uint32_t node, struct csr_list *l)
{
	struct pusher *p = ctx;
	struct search *s = p->search;
	const uint32_t *ids;
	int n;

	while ((n = csr_block32(l, CSR_BLOCK, &ids)) > 0) {
		if (p->n + CSR_BLOCK > sizeof p->found / sizeof p->found[0])
			hand_over(s, p);
		for (int k = 0; k < n; k++)
			if (claim(s, ids[k], node)) {
				s->d->depth[ids[k]] = s->depth;
				p->found[p->n++] = ids[k];
			}
		p->touched += (unsigned)n;
	}
	return n;
}

static int push_part(void *ctx, const struct sweep_part *part)
{
	struct search *s = ctx;
	struct sweep_walk w;
	struct pusher p;
	int r;

	p.search = s;
	p.n = 0;
	p.touched = 0;
	sweep_begin(&w, part);
	while ((r = sweep_next(&w)) > 0) {
		r = push_list(&p, (uint32_t)w.node, &w.list);
		if (r < 0)
			break;
	}
	hand_over(s, &p);
	s->touched += p.touched;
	return r;
}

static int push_some(void *ctx, unsigned who)
{
	struct search *s = ctx;
	struct pusher p;
	uint64_t i, end;
	int r = 0;

	(void)who;
	p.search = s;
	p.n = 0;
	p.touched = 0;
	while (r == 0 && (i = s->taken) < s->front_n) {
		i = atomic_fetch_add(&s->taken, CHUNK);
		end = i + CHUNK < s->front_n ? i + CHUNK : s->front_n;
		if (i < end)
			r = ways_lists(&s->ways, s->queue + i, end - i, push_list, &p);
	}
	hand_over(s, &p);
	s->touched += p.touched;
	return r;
}

static bool together(const struct search *s, uint64_t cost)
{
	return s->front_edges + ROW_COST * s->front_n > cost;
}

static int push(struct search *s)
{
	uint32_t *swap = s->queue;
	int r;

	s->taken = 0;
	if (s->by_parts)
		r = sweep_run_but(&s->ways.ahead, s->next, push_part, s);
	else
		r = team_run(together(s, TOGETHER_COST) ? s->ways.ahead.thread_n : 1, push_some, s);
	for (uint64_t i = 0; s->d->parent && i < s->found_n; i++)
		s->seen[s->found[i] / 64] |= 1ull << s->found[i] % 64;
	s->queue = s->found;
	s->found = swap;
	s->d->ahead_n++;
	return r;
}

/* --- along very many edges --- */

/* A bitmap of each thread's: `next` and then as many as `found`, which is not needed
 * meanwhile, has room for. */
static uint64_t *own_bits(const struct search *s, unsigned who)
{
	return who == 0 ? s->next : (uint64_t *)s->found + (who - 1) * s->words;
}

static unsigned own_most(const struct search *s)
{
	uint64_t room = graph_node_n(s->graph) * sizeof *s->found;
	uint64_t n = 1 + room / (s->words * sizeof *s->next);

	return n < s->ways.ahead.thread_n ? (unsigned)n : s->ways.ahead.thread_n;
}

struct meeter {			/* a thread's */
	uint64_t *bits, touched;
};

static int meet_list(void *ctx, uint32_t node, struct csr_list *l)
{
	struct meeter *m = ctx;
	const uint32_t *ids;
	int n;

	(void)node;
	while ((n = csr_block32(l, CSR_BLOCK, &ids)) > 0) {
		for (int k = 0; k < n; k++)
			m->bits[ids[k] / 64] |= 1ull << ids[k] % 64;
		m->touched += (unsigned)n;
	}
	return n;
}

static int meet_some(void *ctx, unsigned who)
{
	struct search *s = ctx;
	struct meeter m = { .bits = own_bits(s, who) };
	uint64_t i, end;
	int r = 0;

	memset(m.bits, 0, s->words * sizeof *m.bits);
	while (r == 0 && (i = s->taken) < s->front_n) {
		i = atomic_fetch_add(&s->taken, MEET_CHUNK);
		end = i + MEET_CHUNK < s->front_n ? i + MEET_CHUNK : s->front_n;
		if (i < end)
			r = ways_lists(&s->ways, s->queue + i, end - i, meet_list, &m);
	}
	s->touched += m.touched;
	return r;
}

static void reach_word(struct search *s, uint64_t at, uint64_t *found)
{
	uint64_t word = s->next[at];

	for (unsigned i = 1; i < s->own_n; i++)
		word |= own_bits(s, i)[at];
	word &= ~s->seen[at];
	s->next[at] = word;
	s->seen[at] |= word;
	*found += (unsigned)__builtin_popcountll(word);
	for (; word; word &= word - 1)
		s->d->depth[at * 64 + (unsigned)__builtin_ctzll(word)] = s->depth;
}

static int reach_some(void *ctx, unsigned who)
{
	struct search *s = ctx;
	uint64_t i, end, found = 0;

	(void)who;
	while ((i = atomic_fetch_add(&s->taken, WORD_CHUNK)) < s->words) {
		end = i + WORD_CHUNK < s->words ? i + WORD_CHUNK : s->words;
		while (i < end)
			reach_word(s, i++, &found);
	}
	s->found_n += found;
	return 0;
}

/* Is the step's work much more than to look through the bitmaps? */
static bool is_met(const struct search *s)
{
	return !s->d->parent && !s->ahead_io && s->front_edges > s->words;
}

static int meet(struct search *s)
{
	uint64_t *swap = s->front;
	int r;

	s->own_n = together(s, CLAIM_COST * TOGETHER_COST) ? own_most(s) : 1;
	s->taken = 0;
	r = team_run(s->own_n, meet_some, s);
	s->taken = 0;
	if (r == 0)
		r = team_run(s->own_n, reach_some, s);
	s->front = s->next;
	s->next = swap;
	s->wide = true;
	s->d->ahead_n++;
	s->d->met_n++;
	return r;
}

/* --- which of them --- */

static void to_bitmap(struct search *s)
{
	memset(s->front, 0, s->words * sizeof *s->front);
	for (uint64_t i = 0; i < s->front_n; i++)
		s->front[s->queue[i] / 64] |= 1ull << s->queue[i] % 64;
	s->wide = true;
}

static void to_queue(struct search *s)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < s->words; i++)
		for (uint64_t word = s->front[i]; word; word &= word - 1)
			s->queue[n++] = (uint32_t)(i * 64 + (unsigned)__builtin_ctzll(word));
	s->wide = false;
}

/* Of pulling, if SHARE of 256 lists begin with one of the front. */
static uint64_t pull_cost(const struct search *s, uint64_t share)
{
	return s->list_n * LIST_COST + s->list_n * (256 - share) / 256 * MISS_COST + s->words;
}

static uint64_t push_cost(const struct search *s)
{
	uint64_t edge = s->d->parent ? CLAIM_COST : 1;

	return s->front_edges * edge + s->front_n * ROW_COST;
}

/* How many lists of 256 begin with one of the front: as its part of all edges. */
static uint64_t front_share(const struct search *s)
{
	return s->front_edges < s->left ? s->front_edges * 256 / s->left : 256;
}

/* The edges of a queue; counted until there are more than MOST. */
static int count_edges(struct search *s, uint64_t most)
{
	uint64_t n;
	int r = 0;

	s->front_edges = 0;
	for (uint64_t i = 0; r == 0 && i < s->front_n && s->front_edges <= most; i++) {
		if (i + HINT_AHEAD < s->front_n)
			ways_hint(&s->ways, s->queue[i + HINT_AHEAD]);
		r = ways_degree(&s->ways, s->queue[i], &n);
		s->front_edges += n;
	}
	return r;
}

static int choose(struct search *s)
{
	uint64_t most = pull_cost(s, 0), rows = ROW_COST * s->front_n;
	uint64_t usual = s->list_n ? s->left / s->list_n : 0;	/* edges of a node */
	bool pulls = rows + usual * s->front_n > most;
	int r = 0;

	if (s->wide && !s->front_edges && !pulls)
		to_queue(s);
	if (!s->wide && !s->front_edges && !pulls)
		r = count_edges(s, most - rows);
	if (s->front_edges)
		pulls = push_cost(s) > pull_cost(s, front_share(s));
	if (s->wide && !pulls)
		to_queue(s);
	else if (!s->wide && pulls)
		to_bitmap(s);
	return r;
}

/* The bits of all nodes but the front's: a pushing step needs `next` for nothing else. */
static void all_but_front(struct search *s)
{
	if (!s->wide) {
		memset(s->next, 0xff, s->words * sizeof *s->next);
		for (uint64_t i = 0; i < s->front_n; i++)
			s->next[s->queue[i] / 64] &= ~(1ull << s->queue[i] % 64);
	} else {
		for (uint64_t i = 0; i < s->words; i++)
			s->next[i] = ~s->front[i];
	}
}

/* By what is read. */
static void choose_ahead(struct search *s)
{
	uint64_t far = s->front_n * FAR_COST, push = 0, pull = UINT64_MAX;

	if (s->front_n > FAR_FEW) {
		all_but_front(s);
		push = sweep_bytes(&s->ways.ahead, s->next);
		pull = sweep_bytes(s->ways.pull, s->seen);
	}
	s->by_parts = push && push < far;
	if (pull <= push && pull < far) {
		if (!s->wide)
			to_bitmap(s);
	} else if (s->wide) {
		to_queue(s);
	}
	s->front_edges = s->front_n > 1 ? TOGETHER_COST : 0;
}

static void less(uint64_t *from, uint64_t n)
{
	*from -= n < *from ? n : *from;
}

static int step(struct search *s)
{
	bool pulls;
	int r = 0;

	if (s->ahead_io)
		choose_ahead(s);
	else
		r = choose(s);
	s->depth++;
	s->found_n = s->found_edges = s->looked_n = 0;
	if (r < 0)
		return r;
	pulls = s->wide;
	if (!pulls)
		less(&s->left, s->front_edges);
	r = pulls ? pull(s) : is_met(s) ? meet(s) : push(s);
	s->front_n = s->found_n;
	s->front_edges = s->found_edges;
	if (pulls) {
		less(&s->left, s->front_edges);
		s->list_n = s->looked_n;
	}
	less(&s->list_n, s->front_n);
	s->d->reached_n += s->front_n;
	if (s->front_n)
		s->d->step_n = s->depth;
	return r;
}

/* --- --- */

uint64_t depths_memory(uint64_t node_n, bool parents)
{
	return node_n * (parents ? 16 : 12) + (node_n / 64 + 1) * 24;
}

static int draw(struct search *s)
{
	uint64_t n = graph_node_n(s->graph);
	struct mem *mem = s->d->mem;

	s->words = n / 64 + 1;
	s->d->depth = mem_alloc_large(mem, n * sizeof(uint32_t));
	s->queue = mem_alloc_large(mem, n * sizeof(uint32_t));
	s->found = mem_alloc_large(mem, n * sizeof(uint32_t));
	s->seen = mem_zalloc(mem, s->words * sizeof(uint64_t));
	s->front = mem_alloc(mem, s->words * sizeof(uint64_t));
	s->next = mem_alloc(mem, s->words * sizeof(uint64_t));
	if (s->plan->parents)
		s->d->parent = mem_alloc_large(mem, n * sizeof(uint32_t));
	if (!s->d->depth || !s->queue || !s->found || !s->seen || !s->front || !s->next ||
	    (s->plan->parents && !s->d->parent))
		return ERR_MEMORY;
	memset(s->d->depth, 0xff, n * sizeof(uint32_t));
	if (s->plan->parents)
		memset(s->d->parent, 0xff, n * sizeof(uint32_t));
	return 0;
}

static int listless_part(void *ctx, const struct sweep_part *p)
{
	return sweep_listless(p, ((struct search *)ctx)->seen);
}

/* Are lists read ahead?  Then nodes without any, which nothing leads to, are not
 * waited for: each would keep a part being read. */
static int decide(struct search *s)
{
	int r;

	if (s->ways.pull == &s->ways.against)
		sweep_beside(&s->ways.ahead, &s->ways.against);
	r = sweep_ahead(&s->ways.ahead);
	if (r > 0)
		r = sweep_ahead(s->ways.pull);
	if (r <= 0)
		return r;
	s->ahead_io = true;
	return sweep_run(s->ways.pull, listless_part, s);
}

/* Lists that a pulling step may come to; where they were changed, any node may have one. */
static int count_lists(struct search *s)
{
	const struct sweep *pull = s->ways.pull;
	struct csr_type t;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < pull->source_n; i++) {
		r = csr_type_of(pull->source[i].csr, pull->source[i].type, &t);
		s->list_n += csr_changed(pull->source[i].csr) ? graph_node_n(s->graph) : t.row_n;
	}
	return r;
}

static void start(struct search *s)
{
	uint64_t node = s->plan->start;

	s->queue[0] = (uint32_t)node;
	s->front_n = s->d->reached_n = 1;
	s->left = s->ways.pull->edge_n;
	s->seen[node / 64] |= 1ull << node % 64;
	s->d->depth[node] = 0;
	if (s->d->parent)
		s->d->parent[node] = (uint32_t)node;
}

static void end(struct search *s)
{
	struct mem *mem = s->d->mem;

	mem_free(mem, s->queue);
	mem_free(mem, s->found);
	mem_free(mem, s->seen);
	mem_free(mem, s->front);
	mem_free(mem, s->next);
	ways_close(&s->ways);
}

int depths_find(struct depths *d, struct graph *g, const struct depths_plan *p)
{
	struct search s = { .d = d, .plan = p, .graph = g };
	int r;

	*d = (struct depths){ .mem = graph_mem(g) };
	r = sweep_narrow(g);
	if (r == 0)
		r = ways_open(&s.ways, g, p->way, &p->types, p->threads);
	if (r == 0)
		r = draw(&s);
	if (r == 0)
		r = decide(&s);
	if (r == 0)
		r = count_lists(&s);
	if (r == 0)
		start(&s);
	while (r == 0 && s.front_n)
		r = step(&s);
	d->edge_n = s.touched;
	end(&s);
	if (r < 0)
		depths_release(d);
	return r;
}

void depths_release(struct depths *d)
{
	mem_free(d->mem, d->depth);
	mem_free(d->mem, d->parent);
	*d = (struct depths){0};
}
