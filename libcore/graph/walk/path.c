/* graph/walk/path.c - two searches that meet */
#include "graph/walk/path.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/walk/bfs.h"

struct side {
	struct bfs bfs;
	struct side *other;
	uint64_t here, there;	/* the meeting: places in both lists */
};

#define MET 1

static int meet(void *ctx, uint64_t to, uint32_t type, enum csr_direction way)
{
	struct side *s = ctx;
	struct seen *seen = &s->bfs.seen;
	struct seen_node n = {
		.node = to, .from = s->bfs.at, .type = type, .way = (uint8_t)way,
	};
	int r = seen_add(seen, &n);

	if (r <= 0 || !seen_find(&s->other->bfs.seen, to, &s->there))
		return r < 0 ? r : 0;
	s->here = seen->n - 1;
	return MET;
}

/* A whole step, unless it meets the other side: MET. */
static int expand(struct side *s)
{
	struct bfs *b = &s->bfs;
	uint64_t end = b->seen.n;
	int r = 0;

	for (b->at = b->level; b->at < end && r == 0; b->at++)
		r = graph_neighbours(b->graph, b->seen.list[b->at].node, b->way,
				     &b->types, meet, s);
	b->level = end;
	return r;
}

static uint64_t length_to(const struct seen *s, uint64_t place)
{
	uint64_t n = 0;

	for (; place; place = s->list[place].from)
		n++;
	return n;
}

/* From the source's end of FWD to the meeting, then along BACK to the target:
 * there an edge's type belongs to the node behind it. */
static int join(struct path *out, const struct seen *fwd, uint64_t a,
		const struct seen *back, uint64_t b, struct mem *mem)
{
	uint64_t ahead = length_to(fwd, a), at;

	out->mem = mem;
	out->n = ahead + length_to(back, b) + 1;
	out->step = mem_alloc(mem, out->n * sizeof *out->step);
	if (!out->step)
		return ERR_MEMORY;
	for (at = ahead; ; a = fwd->list[a].from, at--) {
		out->step[at] = (struct path_step){ fwd->list[a].node, fwd->list[a].type };
		if (at == 0)
			break;
	}
	for (at = ahead + 1; b; b = back->list[b].from, at++)
		out->step[at] = (struct path_step){
			back->list[back->list[b].from].node, back->list[b].type };
	return 1;
}

static int search(struct side *fwd, struct side *back, struct side **met)
{
	int r = 0;

	while (r == 0) {
		uint64_t f = fwd->bfs.seen.n - fwd->bfs.level;
		uint64_t b = back->bfs.seen.n - back->bfs.level;

		if (!f || !b)
			return 0;
		*met = f <= b ? fwd : back;
		r = expand(*met);
	}
	return r;
}

int path_find(struct path *out, struct graph *g, const struct graph_types *types,
	      uint64_t src, uint64_t dst)
{
	struct side fwd = {0}, back = {0}, *met = NULL;
	int r;

	*out = (struct path){0};
	fwd.other = &back;
	back.other = &fwd;
	r = bfs_begin(&fwd.bfs, g, CSR_OUT, types, src);
	if (r == 0)
		r = bfs_begin(&back.bfs, g, CSR_IN, types, dst);
	if (r == 0)
		r = src == dst ? MET : search(&fwd, &back, &met);
	if (r == MET && met == &back)
		r = join(out, &fwd.bfs.seen, back.there, &back.bfs.seen, back.here,
			 graph_mem(g));
	else if (r == MET)
		r = join(out, &fwd.bfs.seen, fwd.here, &back.bfs.seen, fwd.there,
			 graph_mem(g));
	bfs_end(&fwd.bfs);
	bfs_end(&back.bfs);
	return r;
}

void path_release(struct path *p)
{
	mem_free(p->mem, p->step);
	*p = (struct path){0};
}
