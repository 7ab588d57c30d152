/* graph/walk/cdlp.c - labels gathered for some nodes at a time, then counted
 *
 * A thread takes as many nodes of its part as have LABELS_MOST neighbours together and
 * lays the labels of each side by side, whatever number of lists they come from: loads
 * that do not wait for each other.  Then it counts, in cache: first whether most
 * neighbours have the label that the node has anyway, as nearly all do after a few
 * steps; else in a table of label and count in one word, so that the greatest word is
 * the answer and of equal counts the smallest label.  A node with more neighbours than
 * that is counted from its lists, a range of labels after the other, until those left
 * cannot win any more.
 *
 * What a node takes depends on its neighbours' labels alone.  So after a step that
 * changed few, their neighbours are marked, and the next step passes over all others.
 */
#include "graph/walk/cdlp.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/sweep.h"

#define LABELS_MOST (1u << 18)	/* laid side by side: 1 MiB, and 4 MiB of slots */
#define SLOTS_LEAST 16u
#define ONE (1ull << 32)	/* a count is above the label's complement */
#define FEW 8			/* of so many edges one is at a node that changed */

struct spread {
	struct cdlp *out;
	struct sweep sweep;
	uint32_t *label, *next;		/* of each node, by its key's place */
	uint32_t *degree;
	uint64_t node_n;
	uint32_t *labels;		/* label_n a thread */
	uint64_t *table;		/* slot_n a thread */
	size_t label_n, slot_n;
	_Atomic uint64_t changed, touched;	/* labels of this step; looked at in all */
	_Atomic uint64_t changed_edges;		/* at nodes that changed */
	uint64_t *same;			/* nodes that kept their labels in this step */
	uint64_t *calm;			/* if so did all their neighbours, in the last */
	bool resting;			/* calm[] is known */
};

static inline bool is_calm(const struct spread *s, uint64_t node)
{
	return s->resting && s->calm[node / 64] >> node % 64 & 1;
}

/* How many labels are to be counted there. */
static inline uint32_t due(const struct spread *s, uint64_t node)
{
	return is_calm(s, node) ? 0 : s->degree[node];
}

/* Another label than before? */
static bool takes(struct spread *s, uint64_t node, uint32_t label)
{
	s->next[node] = label;
	if (label != s->label[node])
		return true;
	s->same[node / 64] |= 1ull << node % 64;
	return false;
}

static void add_up(struct spread *s, uint64_t changed, uint64_t edges, uint64_t touched)
{
	s->changed += changed;
	s->changed_edges += edges;
	s->touched += touched;
}

/* --- the most frequent of some labels --- */

static bool most_have(const uint32_t *label, uint32_t n, uint32_t guess)
{
	uint32_t have = 0;

	for (uint32_t i = 0; i < n; i++)
		have += label[i] == guess;
	return have > n / 2;
}

/* Slots, a power of two, at least half of them empty; an empty one is 0, which none
 * in use is: labels are below 2^32 - 1. */
static uint32_t count_hashed(uint64_t *slot, unsigned bits, const uint32_t *label, uint32_t n)
{
	uint64_t best = 0;
	uint32_t mask = (1u << bits) - 1;

	memset(slot, 0, sizeof *slot << bits);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t key = ~label[i], at = label[i] * 0x9e3779b1u >> (32 - bits);

		while (slot[at] && (uint32_t)slot[at] != key)
			at = (at + 1) & mask;
		slot[at] = (slot[at] | key) + ONE;
		best = slot[at] > best ? slot[at] : best;
	}
	return ~(uint32_t)best;
}

/* Those from BASE to before BASE + ROOM, a place each. */
static inline uint64_t count_placed(uint32_t *count, uint32_t base, uint32_t room,
				    const uint32_t *label, uint32_t n, uint64_t best)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = label[i] - base;
		uint64_t word;

		if (at >= room)
			continue;
		word = ++count[at] * ONE | (uint32_t)~label[i];
		best = word > best ? word : best;
	}
	return best;
}

static uint32_t most_frequent(struct spread *s, uint64_t *table, const uint32_t *label,
			      uint32_t n, uint32_t guess)
{
	unsigned bits = 4;

	if (n == 1)
		return label[0];
	if (n == 2)
		return label[0] < label[1] ? label[0] : label[1];
	if (most_have(label, n, guess))
		return guess;
	while (1u << bits < 2 * n)
		bits++;
	if (1u << bits <= s->slot_n)
		return count_hashed(table, bits, label, n);
	memset(table, 0, s->slot_n * sizeof *table);
	return ~(uint32_t)count_placed((uint32_t *)table, 0, (uint32_t)s->node_n, label, n, 0);
}

/* --- a step --- */

static int differs(const struct sweep_part *p, uint64_t node)
{
	return err_set(ERR_DAMAGED, "graph %s: node %" PRIu64
		       " has another number of edges than before",
		       graph_entry(p->sweep->graph)->name, node);
}

/* next[] says where each node's labels go, and afterwards where they end. */
static int gather(struct spread *s, const struct sweep_part *p, uint32_t *labels)
{
	struct sweep_walk w;
	const uint32_t *ids;
	int r, n;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0) {
		uint32_t at = s->next[w.node];

		while ((n = csr_block32(&w.list, CSR_BLOCK, &ids)) > 0) {
			if ((unsigned)n > s->label_n - at)
				return differs(p, w.node);
			for (int i = 0; i < n; i++)
				labels[at + (unsigned)i] = s->label[ids[i]];
			at += (unsigned)n;
		}
		if (n < 0)
			return n;
		s->next[w.node] = at;
	}
	return r;
}

static int settle(struct spread *s, const struct sweep_part *p, const uint32_t *labels)
{
	uint64_t *table = s->table + p->who * s->slot_n, changed = 0, edges = 0;
	uint32_t at = 0;

	for (uint64_t i = p->first; i < p->end; i++) {
		uint32_t n = due(s, i), now = s->label[i];

		if (s->next[i] != at + n)
			return differs(p, i);
		if (n)
			now = most_frequent(s, table, labels + at, n, now);
		if (takes(s, i, now)) {
			changed++;
			edges += s->degree[i];
		}
		at += n;
	}
	add_up(s, changed, edges, at);
	return 0;
}

/* Counts those of a range of labels; SEEN is how many there are. */
static int count_range(struct spread *s, const struct sweep_part *p, uint32_t base,
		       uint64_t *best, uint64_t *seen)
{
	uint64_t most = 2 * s->slot_n, left = s->node_n - base;
	uint32_t room = (uint32_t)(left < most ? left : most), label[CSR_BLOCK];
	uint32_t *count = (uint32_t *)(s->table + p->who * s->slot_n);
	struct sweep_walk w;
	const uint32_t *ids;
	int r, n;

	memset(count, 0, s->slot_n * sizeof *s->table);
	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0) {
		while ((n = csr_block32(&w.list, CSR_BLOCK, &ids)) > 0) {
			for (int i = 0; i < n; i++) {
				label[i] = s->label[ids[i]];
				*seen += label[i] - base < room;
			}
			*best = count_placed(count, base, room, label, (unsigned)n, *best);
		}
		if (n < 0)
			return n;
	}
	return r;
}

static int settle_hub(struct spread *s, const struct sweep_part *p)
{
	uint64_t best = 0, seen = 0, n = s->degree[p->first];
	int r = 0;

	for (uint64_t base = 0; r == 0 && base < s->node_n; base += 2 * s->slot_n) {
		r = count_range(s, p, (uint32_t)base, &best, &seen);
		if (best / ONE + seen >= n)	/* those left are larger, and not more */
			break;
	}
	if (r == 0 && takes(s, p->first, ~(uint32_t)best))
		add_up(s, 1, n, 0);
	s->touched += seen;
	return r;
}

static int spread_part(void *ctx, const struct sweep_part *whole)
{
	struct spread *s = ctx;
	uint32_t *labels = s->labels + whole->who * s->label_n;
	struct sweep_part p = *whole;
	int r = 0;

	memset(s->same + p.first / 64, 0, (p.end - p.first + 63) / 64 * sizeof *s->same);
	for (p.first = whole->first; r == 0 && p.first < whole->end; p.first = p.end) {
		uint64_t n = 0;

		for (p.end = p.first; p.end < whole->end; p.end++) {
			if (due(s, p.end) > s->label_n - n)
				break;
			s->next[p.end] = (uint32_t)n;
			n += due(s, p.end);
		}
		if (p.end == p.first) {
			p.end++;
			r = settle_hub(s, &p);
			continue;
		}
		r = gather(s, &p, labels);
		if (r == 0)
			r = settle(s, &p, labels);
	}
	return r;
}

/* The neighbours of those that changed are not calm. */
static int mark_part(void *ctx, const struct sweep_part *p)
{
	struct spread *s = ctx;
	struct sweep_walk w;
	const uint32_t *ids;
	int r, n;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0) {
		while ((n = csr_block32(&w.list, CSR_BLOCK, &ids)) > 0)
			for (int i = 0; i < n; i++)
				__atomic_fetch_and(&s->calm[ids[i] / 64],
						   ~(1ull << ids[i] % 64), __ATOMIC_RELAXED);
		if (n < 0)
			return n;
	}
	return r;
}

static int step(struct spread *s)
{
	uint32_t *swap = s->label;
	int r;

	s->changed = s->changed_edges = 0;
	r = sweep_run_but(&s->sweep, s->resting ? s->calm : NULL, spread_part, s);
	s->label = s->next;
	s->next = swap;
	s->out->iteration_n++;
	s->out->edge_n = s->touched;
	s->resting = s->changed_edges < s->sweep.edge_n / FEW;
	if (r < 0 || !s->resting)
		return r;
	memset(s->calm, 0xff, (s->node_n / 64 + 1) * sizeof *s->calm);
	return sweep_run_but(&s->sweep, s->same, mark_part, s);
}

/* --- before and after --- */

/* Slots of a table for all labels of N nodes, or, of many, for any MOST labels. */
static size_t slots(uint64_t node_n, size_t most)
{
	uint64_t n = node_n / 2 + 1;

	n = n < 2 * most ? n : 2 * most;
	return n > SLOTS_LEAST ? n : SLOTS_LEAST;
}

static size_t labels(uint64_t edge_n, size_t most)
{
	return edge_n < most ? edge_n + 1 : most;
}

uint64_t cdlp_memory(struct graph *g, unsigned threads)
{
	uint64_t node_n = graph_node_n(g), edge_n = 2 * graph_entry(g)->edge_n;

	threads = threads ? threads : team_default();
	return node_n * 12 + (node_n / 64 + 1) * 16 +
		threads * (slots(node_n, LABELS_MOST) * 8 +
					 labels(edge_n, LABELS_MOST) * 4);
}

static int draw(struct spread *s, size_t most)
{
	struct mem *mem = s->out->mem;
	size_t thread_n = s->sweep.thread_n;

	s->label_n = labels(s->sweep.edge_n, most);
	s->slot_n = slots(s->node_n, most);
	s->label = mem_zalloc(mem, s->node_n * sizeof *s->label);
	s->next = mem_alloc(mem, s->node_n * sizeof *s->next);
	s->degree = mem_zalloc(mem, s->node_n * sizeof *s->degree);
	s->labels = mem_alloc(mem, thread_n * s->label_n * sizeof *s->labels);
	s->table = mem_alloc(mem, thread_n * s->slot_n * sizeof *s->table);
	s->same = mem_alloc(mem, (s->node_n / 64 + 1) * sizeof *s->same);
	s->calm = mem_alloc(mem, (s->node_n / 64 + 1) * sizeof *s->calm);
	return s->label && s->next && s->degree && s->labels && s->table && s->same &&
		s->calm ? 0 : ERR_MEMORY;
}

/* Places become ids, or the first labels.  Behind them come those of ids that are no
 * node's any more, so that they are nobody's label. */
static int turn(struct spread *s, struct dict *d, bool back)
{
	const uint64_t *gone;
	uint64_t id, gone_n;
	int r = 0;

	for (uint64_t place = 0; r >= 0 && place < dict_key_n(d); place++) {
		r = dict_at(d, place, &id);
		if (r >= 0 && back)
			s->next[place] = (uint32_t)id;
		else if (r >= 0)
			s->label[id] = (uint32_t)place;
	}
	gone = dict_gone(d, &gone_n);
	for (uint64_t i = 0; r >= 0 && i < gone_n; i++)
		if (back)
			s->next[dict_key_n(d) + i] = (uint32_t)gone[i];
		else
			s->label[gone[i]] = (uint32_t)(dict_key_n(d) + i);
	for (uint64_t i = 0; r >= 0 && back && i < s->node_n; i++)
		s->label[i] = s->next[s->label[i]];
	return r < 0 ? r : 0;
}

static int begin(struct spread *s, struct graph *g, const struct cdlp_plan *plan)
{
	int r = sweep_narrow(g);

	s->node_n = graph_node_n(g);
	if (r == 0)
		r = sweep_open(&s->sweep, g, CSR_BOTH, &plan->types, plan->threads);
	if (r == 0)
		r = draw(s, plan->room ? plan->room : LABELS_MOST);
	if (r == 0)
		r = turn(s, graph_dict(g), false);
	return r == 0 ? sweep_degrees(&s->sweep, s->degree) : r;
}

static void end(struct spread *s)
{
	sweep_close(&s->sweep);
	mem_free(s->out->mem, s->next);
	mem_free(s->out->mem, s->degree);
	mem_free(s->out->mem, s->labels);
	mem_free(s->out->mem, s->table);
	mem_free(s->out->mem, s->same);
	mem_free(s->out->mem, s->calm);
}

int cdlp_find(struct cdlp *c, struct graph *g, const struct cdlp_plan *plan)
{
	struct spread s = { .out = c, .changed = 1 };
	int r;

	*c = (struct cdlp){ .mem = graph_mem(g) };
	r = begin(&s, g, plan);
	while (r == 0 && s.changed && c->iteration_n < plan->iterations) {
		r = step(&s);
		if (r == 0 && plan->each)
			r = plan->each(plan->ctx, c->iteration_n, s.changed);
	}
	if (r == 0)
		r = turn(&s, graph_dict(g), true);
	c->label = s.label;
	end(&s);
	if (r < 0)
		cdlp_release(c);
	return r;
}

void cdlp_release(struct cdlp *c)
{
	mem_free(c->mem, c->label);
	*c = (struct cdlp){0};
}
