/* cmd/gpucache/serve_walk.c - questions about pinned graphs, answered on the device
 *
 * The kernels are compiled at the first question; the answer is written by the device's
 * driver into the memory that goes to who asked.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/gpucache/serve_graph.h"

#define NAMES_LEAST 8u		/* iterations that it pays for to rename sources */
#define PATH_MOST (1u << 20)	/* nodes of a path; longer ones are the CPU's */

int serve_walk_open(struct serve *s)
{
	struct buf source = { 0 };
	int r;

	if (s->traverse)
		return 0;
	if (!s->device->ops->launch)
		return err_set(ERR_UNAVAILABLE, "the cache service is on host memory, which "
			       "runs no kernels");
	r = program_source(&source, "traverse.cl");
	if (r == 0)
		r = traverse_open(&s->traverse, s->device, gpu_cache_arenas(s->cache),
				  buf_bytes(&source));
	buf_release(&source);
	return r;
}

void serve_walk_close(struct serve *s)
{
	traverse_close(s->traverse);
	s->traverse = NULL;
}

struct walking {
	struct serve *s;
	struct walk_ask ask;
	struct traverse_graph g;
	struct arena_place work;
	struct gpu_token names;		/* stamp 0: not lent */
	struct walked done;
};

static int big(struct walking *w, struct service_reply *a, uint64_t n, uint8_t **array)
{
	uint8_t *at;
	int r = service_reply_big(a, sizeof(struct wire_walked) +
				  n * wire_walk_width(w->ask.kind), &at);

	w->done.n = n;
	if (r == 0)
		*array = at + sizeof(struct wire_walked);
	return r;
}

static void turn_words(uint8_t *array, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint32_t v;
		le32 d;

		memcpy(&v, array + 4 * i, 4);
		d = le32_of(v);
		memcpy(array + 4 * i, &d, 4);
	}
}

static void turn_reals(uint8_t *array, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t v;
		le64 d;

		memcpy(&v, array + 8 * i, 8);
		d = le64_of(v);
		memcpy(array + 8 * i, &d, 8);
	}
}

static struct traverse_graph turned(const struct walking *w)
{
	const struct traverse_graph *g = &w->g;

	if (!(w->ask.flags & WIRE_AGAINST))
		return *g;
	return (struct traverse_graph){ g->node_n, g->edge_n, g->in_first, g->in_to,
					g->out_first, g->out_to };
}

static int bfs(struct walking *w, struct service_reply *a)
{
	struct traverse_graph g = turned(w);
	struct traverse_stat stat = { 0 };
	uint8_t *array = NULL;
	int r = big(w, a, g.node_n, &array);

	if (r < 0)
		return r;
	r = traverse_bfs(w->s->traverse, &g, w->work, (uint32_t)w->ask.from,
			 w->ask.most < UINT32_MAX ? (uint32_t)w->ask.most : UINT32_MAX,
			 (uint32_t *)(void *)array, &stat);
	turn_words(array, g.node_n);
	w->done.reached = stat.reached_n;
	w->done.steps = stat.step_n;
	w->done.touched = stat.touched_n;
	return r;
}

static uint32_t source_at(const struct walk_ask *ask, unsigned i)
{
	le32 v;

	memcpy(&v, ask->sources.ptr + i * sizeof v, sizeof v);
	return le32_get(v);
}

static unsigned source_n(const struct walk_ask *ask)
{
	return (unsigned)(ask->sources.len / sizeof(le32));
}

static int bfs64(struct walking *w, struct service_reply *a)
{
	struct traverse_many m = { .digit_n = wire_walk_words(w->ask.most) - 1 };
	uint32_t source[WIRE_WALK_SOURCES];
	struct traverse_graph g = turned(w);
	struct traverse_stat stat = { 0 };
	uint8_t *array = NULL;
	int r = big(w, a, (uint64_t)g.node_n * (m.digit_n + 1), &array);

	if (r < 0)
		return r;
	m.seen = (uint64_t *)(void *)array;
	for (unsigned k = 0; k < m.digit_n; k++)
		m.digit[k] = m.seen + (k + 1ull) * g.node_n;
	for (unsigned i = 0; i < source_n(&w->ask); i++)
		source[i] = source_at(&w->ask, i);
	r = traverse_bfs64(w->s->traverse, &g, w->work, source, source_n(&w->ask), &m, &stat);
	turn_reals(array, w->done.n);
	w->done.steps = stat.step_n;
	w->done.touched = stat.touched_n;
	return r;
}

static int rank(struct walking *w, struct service_reply *a)
{
	struct traverse_ranking k = { .damping = w->ask.damping, .iterations = w->ask.most,
				      .tolerance = w->ask.tolerance };
	uint8_t *array = NULL;
	int r = big(w, a, w->g.node_n, &array);

	if (r == 0)
		r = traverse_pagerank(w->s->traverse, &w->g, w->work, &k,
				      (double *)(void *)array);
	if (r < 0)
		return r;
	turn_reals(array, w->g.node_n);
	w->done.iterations = k.iteration_n;
	w->done.change = k.change;
	w->done.touched = k.iteration_n * w->g.edge_n;
	return 0;
}

static int path(struct walking *w, struct service_reply *a)
{
	uint32_t most = w->g.node_n < PATH_MOST ? w->g.node_n : PATH_MOST;
	uint32_t *node = mem_alloc(store_mem(w->s->store), 4 * (size_t)most);
	uint8_t *array = NULL;
	int64_t n;
	int r = node ? 0 : ERR_MEMORY;

	if (r == 0) {
		n = traverse_path(w->s->traverse, &w->g, w->work, (uint32_t)w->ask.from,
				  (uint32_t)w->ask.to, node, most);
		r = n < 0 ? (int)n : big(w, a, (uint64_t)n, &array);
	}
	if (r == 0 && n) {
		memcpy(array, node, 4 * (size_t)n);
		turn_words(array, (uint64_t)n);
	}
	mem_free(store_mem(w->s->store), node);
	return r;
}

static int check(const struct walking *w)
{
	uint64_t n = w->g.node_n;

	for (unsigned i = 0; i < source_n(&w->ask); i++)
		if (source_at(&w->ask, i) >= n)
			return err_set(ERR_BAD_RECORD, "a malformed message: a node beyond %" PRIu64,
				       n);
	if (w->ask.kind != WIRE_WALK_PAGERANK &&
	    (w->ask.from >= n || (w->ask.kind == WIRE_WALK_PATH && w->ask.to >= n)))
		return err_set(ERR_BAD_RECORD, "a malformed message: a node beyond %" PRIu64, n);
	return 0;
}

static int walk(struct walking *w, struct service_reply *a)
{
	uint64_t begun = clock_ns();
	int r;

	switch (w->ask.kind) {
	case WIRE_WALK_BFS:
		r = bfs(w, a);
		break;
	case WIRE_WALK_BFS64:
		r = bfs64(w, a);
		break;
	case WIRE_WALK_PATH:
		r = path(w, a);
		break;
	default:
		r = rank(w, a);
	}
	w->done.took_ns = clock_ns() - begun;
	if (r == 0)
		wire_walked_put((struct wire_walked *)(void *)a->ptr, &w->done);
	return r;
}

/* Bytes of work memory.  A search from many takes more than others, and is done without
 * when that cannot be had. */
static uint64_t work_len(const struct walking *w)
{
	return w->ask.kind == WIRE_WALK_BFS64 ? traverse_room(TRAVERSE_BFS64, w->g.node_n)
					      : serve_graph_work(w->g.node_n);
}

static int find(struct walking *w)
{
	int r = serve_graph_find(w->s, &w->ask, &w->g);

	if (r)
		return r < 0 ? r : 0;
	return err_set(ERR_ABSENT, "graph \"%s\", as it was asked about, is not pinned",
		       bytes_show(w->ask.name));
}

/* More room for what goes on for long, where nothing has to go for it. */
static int lend_names(struct walking *w)
{
	uint64_t len = traverse_names(&w->g);
	int r;

	if (w->ask.kind != WIRE_WALK_PAGERANK || w->ask.most < NAMES_LEAST ||
	    !gpu_cache_has_room(w->s->cache, len))
		return 0;
	r = gpu_cache_room(w->s->cache, len, &w->names);
	if (r < 0)
		w->names.stamp = 0;
	return r == ERR_DEVICE ? r : 0;
}

int serve_walk(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct walking w = { .s = ctx };
	struct gpu_cache *c = w.s->cache;
	struct gpu_token room;
	struct gpu_thing t;
	int r = wire_walk_get(q->body, &w.ask);

	if (r == 0)
		r = find(&w);
	if (r == 0)
		r = check(&w);
	if (r == 0)
		r = serve_walk_open(w.s);
	if (r == 0)
		r = gpu_cache_room(c, work_len(&w), &room);
	if (r < 0)
		return r;
	r = lend_names(&w);
	if (r == 0)
		r = find(&w);		/* making room may have moved it, and the work */
	if (r == 0 && !gpu_cache_holds(c, &room, &t))
		r = err_set(ERR_BUG, "the work memory of a walk is gone");
	if (r == 0) {
		w.work = (struct arena_place){ t.token.arena, t.token.off };
		r = walk(&w, a);
	}
	if (r == ERR_DEVICE)
		return r;
	if (w.names.stamp)
		gpu_cache_remove(c, w.names.slot);
	gpu_cache_remove(c, room.slot);
	return r;
}
