/* store/iter.c - several iterators as one: the newest entry of each key
 *
 * A binary heap by key, then by age.  Those with an entry not handed out lie in
 * it; the one whose entry was handed out stays beside it until the next call,
 * because going on would take the entry away.
 */
#include "store/iter.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct source {
	struct iter *iter;
	size_t age;		/* 0 is the newest */
	struct entry entry;
};

struct merge {
	struct iter iter;
	struct mem *mem;
	bool reverse, begun;
	int failed;
	size_t n;		/* sources */
	size_t heap_n;
	struct source *given;	/* its entry was handed out */
	struct source **heap;
	struct source source[];
};

static int key_cmp(const struct entry *a, const struct entry *b)
{
	return entry_cmp(a->space, a->key, b->space, b->key);
}

static bool before(const struct merge *m, const struct source *a, const struct source *b)
{
	int c = key_cmp(&a->entry, &b->entry);

	if (c)
		return m->reverse ? c > 0 : c < 0;
	return a->age < b->age;
}

static void sift_up(struct merge *m, size_t i, struct source *s)
{
	for (; i && before(m, s, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		m->heap[i] = m->heap[(i - 1) / 2];
	m->heap[i] = s;
}

/* S takes the top's place. */
static void sift_down(struct merge *m, struct source *s)
{
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < m->heap_n; i = child) {
		if (child + 1 < m->heap_n && before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m, m->heap[child], s))
			break;
		m->heap[i] = m->heap[child];
	}
	m->heap[i] = s;
}

static void pop(struct merge *m)
{
	if (--m->heap_n)
		sift_down(m, m->heap[m->heap_n]);
}

/* Moves S on and puts it back; one that ended stays out. */
static int push_next(struct merge *m, struct source *s)
{
	int r = iter_next(s->iter, &s->entry);

	if (r > 0)
		sift_up(m, m->heap_n++, s);
	return r < 0 ? r : 0;
}

/* The top is an older entry of a key that was handed out: move it on. */
static int skip_top(struct merge *m)
{
	struct source *s = m->heap[0];
	int r = iter_next(s->iter, &s->entry);

	if (r > 0)
		sift_down(m, s);
	else if (r == 0)
		pop(m);
	return r < 0 ? r : 0;
}

static int begin(struct merge *m)
{
	int r = 0;

	m->begun = true;
	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = push_next(m, &m->source[i]);
	return r;
}

static int advance(struct merge *m, struct entry *out)
{
	int r = m->begun ? 0 : begin(m);

	if (m->given)
		r = push_next(m, m->given);
	m->given = NULL;
	if (r < 0 || m->heap_n == 0)
		return r;
	m->given = m->heap[0];
	pop(m);
	while (r == 0 && m->heap_n && !key_cmp(&m->heap[0]->entry, &m->given->entry))
		r = skip_top(m);
	*out = m->given->entry;
	return r < 0 ? r : 1;
}

static int merge_next(struct iter *it, struct entry *out)
{
	struct merge *m = (struct merge *)it;
	int r = m->failed ? m->failed : advance(m, out);

	if (r < 0)
		m->failed = r;
	return r;
}

static void merge_close(struct iter *it)
{
	struct merge *m = (struct merge *)it;

	for (size_t i = 0; i < m->n; i++)
		iter_close(m->source[i].iter);
	mem_free(m->mem, m->heap);
	mem_free(m->mem, m);
}

static const struct iter_ops merge_ops = { merge_next, merge_close };

static int merge_make(struct iter **out, struct iter **sources, size_t n, bool reverse,
		      struct mem *mem)
{
	struct merge *m;

	if (n > SIZE_MAX / 4 / sizeof *m->source)
		return err_set(ERR_MEMORY, "a merge of %zu iterators", n);
	m = mem_zalloc(mem, sizeof *m + n * sizeof *m->source);
	if (!m)
		return ERR_MEMORY;
	m->heap = mem_alloc(mem, (n + 1) * sizeof *m->heap);
	if (!m->heap) {
		mem_free(mem, m);
		return ERR_MEMORY;
	}
	m->iter.ops = &merge_ops;
	m->mem = mem;
	m->reverse = reverse;
	m->n = n;
	for (size_t i = 0; i < n; i++) {
		m->source[i].iter = sources[i];
		m->source[i].age = i;
	}
	*out = &m->iter;
	return 0;
}

int iter_merge(struct iter **out, struct iter **sources, size_t n, bool reverse,
	       struct mem *mem)
{
	int r = 0;

	if (n == 1)
		*out = sources[0];
	else
		r = merge_make(out, sources, n, reverse, mem);
	for (size_t i = 0; r < 0 && i < n; i++)
		iter_close(sources[i]);
	return r;
}
