/* graph/walk/adjacent.c - lists merged by a heap of their heads */
#include "graph/walk/adjacent.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct adjacent_list {
	uint64_t head;
	uint32_t type;
	enum csr_direction way;
	struct csr_list rest;
};

void adjacent_init(struct adjacent *a, struct graph *g)
{
	a->graph = g;
	a->list = NULL;
	a->heap = NULL;
	a->n = a->cap = 0;
}

void adjacent_release(struct adjacent *a)
{
	mem_free(graph_mem(a->graph), a->list);
	mem_free(graph_mem(a->graph), a->heap);
	adjacent_init(a, a->graph);
}

static int make_room(struct adjacent *a)
{
	uint32_t cap = a->cap ? 2 * a->cap : 1;
	struct mem *mem = graph_mem(a->graph);
	struct adjacent_list *list = mem_resize(mem, a->list, cap * sizeof *list);
	uint32_t *heap;

	if (!list)
		return ERR_MEMORY;
	a->list = list;
	heap = mem_resize(mem, a->heap, cap * sizeof *heap);
	if (!heap)
		return ERR_MEMORY;
	a->heap = heap;
	a->cap = cap;
	return 0;
}

/* The lists of one direction that are not empty; their heads are not read yet. */
static int add_lists(struct adjacent *a, enum csr_direction way, uint64_t node,
		     const struct graph_types *types)
{
	struct csr *c = graph_csr(a->graph, way);
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < graph_types_n(a->graph, types); i++) {
		if (a->n == a->cap && (r = make_room(a)) < 0)
			break;
		a->list[a->n].type = graph_types_at(types, i);
		a->list[a->n].way = way;
		r = csr_row(c, a->list[a->n].type, node, &a->list[a->n].rest);
		a->n += r == 0 && a->list[a->n].rest.n;
	}
	return r;
}

/* By their heads; of equal ones the list that was added first. */
static bool before(const struct adjacent *a, uint32_t x, uint32_t y)
{
	if (a->list[x].head != a->list[y].head)
		return a->list[x].head < a->list[y].head;
	return x < y;
}

static void sift(struct adjacent *a, uint32_t i)
{
	for (;;) {
		uint32_t least = i, swap = a->heap[i];

		for (uint32_t c = 2 * i + 1; c <= 2 * i + 2 && c < a->n; c++)
			if (before(a, a->heap[c], a->heap[least]))
				least = c;
		if (least == i)
			return;
		a->heap[i] = a->heap[least];
		a->heap[least] = swap;
		i = least;
	}
}

static int make_heap(struct adjacent *a)
{
	int r;

	for (uint32_t i = 0; i < a->n; i++) {
		a->heap[i] = i;
		r = csr_next(&a->list[i].rest, &a->list[i].head);
		if (r <= 0)
			return r < 0 ? r : err_set(ERR_BUG, "a list shorter than its length");
	}
	for (uint32_t i = a->n; i-- > 0;)
		sift(a, i);
	return 0;
}

int adjacent_begin(struct adjacent *a, uint64_t node, enum csr_direction way,
		   const struct graph_types *types)
{
	int r = 0;

	a->n = 0;
	a->any = false;
	if (graph_undirected(a->graph))
		way = CSR_OUT;
	if (way & CSR_OUT)
		r = add_lists(a, CSR_OUT, node, types);
	if (r == 0 && way & CSR_IN)
		r = add_lists(a, CSR_IN, node, types);
	a->one = a->n == 1;
	return r < 0 || a->n <= 1 ? r : make_heap(a);
}

/* The only list: its own blocks, without repetitions. */
static int block_of_one(struct adjacent *a)
{
	const uint64_t *from;
	uint32_t n = 0;
	int r;

	do {
		r = csr_block(&a->list->rest, &from);
		for (int i = 0; i < r; i++) {
			a->ids[n] = from[i];
			n += !a->any || from[i] != a->last;
			a->last = from[i];
			a->any = true;
		}
	} while (r > 0 && n == 0);
	return r < 0 ? r : (int)n;
}

static int block_of_many(struct adjacent *a)
{
	uint32_t n = 0;
	int r;

	while (n < CSR_BLOCK && a->n) {
		struct adjacent_list *least = &a->list[a->heap[0]];

		a->ids[n] = least->head;
		a->from[n] = a->heap[0];
		n += !a->any || least->head != a->last;
		a->last = least->head;
		a->any = true;
		r = csr_next(&least->rest, &least->head);
		if (r < 0)
			return r;
		if (r == 0)
			a->heap[0] = a->heap[--a->n];
		sift(a, 0);
	}
	return (int)n;
}

int adjacent_block(struct adjacent *a, const uint64_t **ids)
{
	*ids = a->ids;
	return a->one ? block_of_one(a) : block_of_many(a);
}

uint32_t adjacent_type(const struct adjacent *a, uint32_t i)
{
	return a->list[a->one ? 0 : a->from[i]].type;
}

enum csr_direction adjacent_way(const struct adjacent *a, uint32_t i)
{
	return a->list[a->one ? 0 : a->from[i]].way;
}
