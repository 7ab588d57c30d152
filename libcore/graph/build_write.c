/* graph/build_write.c - ids, then each direction's segment
 *
 * Whatever the edges came through, in the end they are two shuffles (one of an
 * undirected graph) whose partitions become adjacency in their order.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/arrange.h"
#include "graph/build_inside.h"
#include "graph/dict.h"

#define FEED_N 4096u			/* edges handed on at a time */

static int look(struct build *b)
{
	return b->o.stop ? b->o.stop(b->o.stop_ctx) : 0;
}

/* For threads: never two at once. */
static int look_alone(void *ctx)
{
	struct build *b = ctx;
	int r;

	pthread_mutex_lock(&b->alone);
	r = look(b);
	pthread_mutex_unlock(&b->alone);
	return r;
}

/* --- types --- */

static int settle_types(struct build *b)
{
	struct bytes name;
	uint64_t number;
	int r;

	b->type_n = (uint32_t)intern_n(b->types);
	b->type_id = mem_alloc(b->o.mem, (b->type_n + 1ull) * sizeof *b->type_id);
	b->type_name = mem_alloc(b->o.mem, (b->type_n + 1ull) * sizeof *b->type_name);
	if (!b->type_id || !b->type_name)
		return ERR_MEMORY;
	r = intern_finish(b->types);
	for (uint32_t id = 0; r == 0 && id < b->type_n; id++) {
		r = intern_next(b->types, &name, &number);
		if (r <= 0)
			break;
		b->type_id[number] = id;
		b->type_name[id] = name;	/* lives as long as the table */
		r = 0;
	}
	return r;
}

/* --- ids --- */

static int write_dict(struct build *b, struct segment_ref *ref)
{
	const struct keyset *keys = edges_keys(b->edges);
	struct dict_plan plan = {
		.key_n = keys->key_n, .first = keys->least, .last = keys->most,
	};
	struct bytes name = {0};
	struct dict_writer *w = NULL;
	int r = dict_create(&w, &plan, b->o.backend, b->o.store_id, b->o.mem);

	if (r == 0)
		r = keyset_to_dict(keys, w);
	if (r == 0) {
		r = dict_finish(w, &name, b->type_n, ref);
		w = NULL;
	}
	dict_abort(w);
	return r;
}

struct feed {
	size_t n;
	struct scan_edge edge[FEED_N];
	uint32_t type[FEED_N];
	struct shuffle_value value[FEED_N];
};

static int feed_on(struct build *b, unsigned who, struct feed *f)
{
	size_t at = 0, taken;
	int r = 0;

	while (at < f->n && r >= 0) {
		pthread_rwlock_rdlock(&b->lock);
		r = edges_add(b->edges, who, f->edge + at, b->type_n > 1 ? f->type + at : NULL,
			      b->valued ? f->value + at : NULL, f->n - at, &taken);
		pthread_rwlock_unlock(&b->lock);
		at += taken;
		if (r != EDGES_SHAPE)
			continue;
		pthread_rwlock_wrlock(&b->lock);
		r = edges_shape(b->edges, f->edge + at, f->n - at);
		pthread_rwlock_unlock(&b->lock);
	}
	f->n = 0;
	return r < 0 ? r : look_alone(b);
}

/* Is it something to a graph with properties? */
static bool says(const struct build *b, const struct intake_edge *e)
{
	return b->props.said && (e->type & BUILD_SAID || b->o.equal == BUILD_KEEP ||
				 build_is_mixed(b));
}

static int feed_from(struct build *b, unsigned who, struct ids_reader *in)
{
	struct feed *f = mem_alloc(b->o.mem, sizeof *f);
	struct intake_edge e;
	int r = f ? 0 : ERR_MEMORY;

	if (f)
		f->n = 0;
	while (r >= 0 && (r = ids_next(in, &e)) > 0) {
		r = says(b, &e) ? build_props_feed(b, &e) : 0;
		if (r < 0 || e.type == BUILD_NODE)
			continue;
		f->edge[f->n] = (struct scan_edge){ e.src, e.dst };
		f->value[f->n] = e.value;
		f->type[f->n++] = b->type_id[e.type & ~BUILD_SAID];
		if (f->n == FEED_N)
			r = feed_on(b, who, f);
	}
	if (r == 0)
		r = feed_on(b, who, f);
	mem_free(b->o.mem, f);
	return r;
}

struct feeding {
	struct build *b;
	struct ids_reader in;
	pthread_mutex_t mutex;		/* of its place in the log */
};

static int feed_part(void *ctx, unsigned who)
{
	struct feeding *all = ctx;
	struct ids_reader in = {0};
	int r;

	if (who == 0)
		return feed_from(all->b, who, &all->in);
	r = ids_join(&in, &all->in, &all->mutex);
	if (r == 0)
		r = feed_from(all->b, who, &in);
	ids_end(&in);
	return r;
}

/* All edges of the log, with their ids, into shuffles. */
static int feed_edges(struct build *b)
{
	struct feeding all = { .b = b };
	int r = build_is_mixed(b) ? build_props_mix(b) : 0;

	r = r < 0 ? r : ids_begin(&all.in, b->ids, b->log);

	pthread_mutex_init(&all.mutex, NULL);
	all.in.from.mutex = &all.mutex;
	if (r == 0 && b->props.said)
		r = build_props_begin(b);
	if (r == 0)
		r = team_run(ids_joined(b->ids) || b->props.said ? 1 : b->hands, feed_part,
			     &all);
	if (all.in.ids)
		ids_end(&all.in);
	pthread_mutex_destroy(&all.mutex);
	return r;
}

static int shuffle_log(struct build *b)
{
	struct edges_plan plan = build_edges_plan(b);
	int r;

	plan.node_n = b->node_n;
	plan.type_n = b->type_n ? b->type_n : 1;
	r = edges_open(&b->edges, &plan);
	if (r == 0)
		r = feed_edges(b);
	intake_close(b->log);
	intake_close(b->nodes);
	b->log = b->nodes = NULL;
	return r < 0 ? r : edges_end(b->edges);
}

static int settle_log(struct build *b, struct segment_ref *ref)
{
	int r = build_flush(b);

	if (r == 0)
		r = settle_types(b);
	if (r == 0)
		r = ids_settle(b->ids, b->log, b->nodes, b->type_name, b->type_n, ref);
	if (r < 0)
		return r;
	b->node_n = ids_n(b->ids);
	b->note.joined = ids_joined(b->ids);
	return b->type_n || b->props.said ? shuffle_log(b) : 0;
}

/* Ids are known, the dictionary is written, the edges are shuffled. */
static int settle(struct build *b, struct segment_ref *ref)
{
	int r = b->edges ? edges_end(b->edges) : 0;

	if (r == EDGES_WIDE)
		r = build_turn_to_log(b, false);
	if (r < 0)
		return r;
	if (!b->edges)
		return settle_log(b, ref);
	b->node_n = edges_keys(b->edges)->key_n;
	b->type_n = edges_n(b->edges) ? 1 : 0;
	return write_dict(b, ref);
}

/* --- adjacency --- */

static struct arrange_plan arrange_plan(const struct build *b, unsigned threads)
{
	const struct keyset *keys = edges_keys(b->edges);
	struct arrange_plan p = {
		.backend = b->o.backend, .mem = b->o.mem, .threads = threads,
		.share = b->budget * 3 / 8 / b->hands, .equal = b->o.equal,
		.valued = b->valued, .reals = b->reals,
		.stop = look_alone, .stop_ctx = (void *)b,
	};

	p.span = keys->span ? keys->span : b->node_n;
	p.keys = keys->key_n < keys->span ? keys : NULL;
	return p;
}

static struct shuffle *shuffle_of(struct build *b, enum csr_direction way)
{
	return way == CSR_IN ? edges_in(b->edges) : edges_out(b->edges);
}

/* DONE stays as it is when there is no edge. */
static int fill(struct build *b, enum csr_direction way, unsigned threads,
		struct csr_writer *w, struct arrange_count *done)
{
	struct arrange_plan p;
	struct shuffle *s;
	int r;

	if (b->type_n == 0)
		return 0;
	p = arrange_plan(b, threads);
	pthread_mutex_lock(&b->alone);
	s = shuffle_of(b, way);
	pthread_mutex_unlock(&b->alone);
	r = arrange(s, &p, w, done);
	pthread_mutex_lock(&b->alone);
	edges_drop(b->edges, s);
	pthread_mutex_unlock(&b->alone);
	return r;
}

static int write_csr(struct build *b, enum csr_direction way, unsigned threads,
		     uint64_t dict, struct segment_ref *ref, struct arrange_count *done)
{
	struct csr_plan plan = {
		.direction = way, .node_n = b->node_n, .type_n = b->type_n, .dict = dict,
		.values = b->reals ? CSR_REALS : b->valued ? CSR_INTEGERS : CSR_NO_VALUES,
		.layout = b->o.layout,
	};
	struct csr_writer *w = NULL;
	int r = csr_create(&w, &plan, b->o.backend, b->o.store_id, b->o.mem);

	if (r == 0)
		r = fill(b, way, threads, w, done);
	if (r == 0) {
		r = csr_finish(w, ref);
		w = NULL;
	}
	csr_abort(w);
	return r;
}

/* Both directions, each by half of the threads: one does not wait for the other, and
 * a single thread never waits for the turn of its partition. */
struct ways {
	struct build *b;
	uint64_t dict;
	struct segment_ref ref[2];
	struct arrange_count done[2];
};

static int write_way(void *ctx, unsigned who)
{
	struct ways *w = ctx;
	unsigned threads = (w->b->hands + 1 - who) / 2;

	return write_csr(w->b, who ? CSR_IN : CSR_OUT, threads ? threads : 1, w->dict,
			 &w->ref[who], &w->done[who]);
}

static int write_ways(struct build *b, struct manifest_graph *g, struct ways *w)
{
	bool both = !b->o.undirected;
	int r;

	if (both && b->hands > 1)
		r = team_run(2, write_way, w);
	else
		r = write_csr(b, b->o.undirected ? CSR_BOTH : CSR_OUT, b->hands, w->dict,
			      &w->ref[0], &w->done[0]);
	if (r == 0 && both && b->hands == 1)
		r = write_csr(b, CSR_IN, 1, w->dict, &w->ref[1], &w->done[1]);
	for (unsigned i = 0; i < 2; i++)	/* also one that is alone */
		if (w->ref[i].id)
			g->segment[g->segment_n++] = w->ref[i];
	return r;
}

static int write_segments(struct build *b, struct manifest_graph *g,
			  struct arrange_count *done)
{
	struct segment_ref ref = {0};
	struct ways w = { .b = b };
	int r = settle(b, &ref);

	if (ref.id)		/* also when what followed it failed */
		g->segment[g->segment_n++] = ref;
	w.dict = ref.id;
	if (r == 0)
		r = write_ways(b, g, &w);
	if (r == 0)
		r = build_props_write(b, &w.ref[0], g);
	*done = w.done[0];
	return r;
}

static void sum_up(struct build *b, uint64_t came, const struct arrange_count *done,
		   const struct manifest_graph *g, struct manifest_graph *out)
{
	out->segment_n = g->segment_n;
	for (uint32_t i = 0; i < g->segment_n; i++)
		out->segment[i] = g->segment[i];
	out->node_n = b->node_n;
	out->edge_n = b->o.undirected ? (done->edge_n + done->loop_n) / 2 : done->edge_n;
	out->type_n = b->type_n;
	out->flags = (b->o.undirected ? GRAPH_UNDIRECTED : 0) |
		(b->o.equal == BUILD_KEEP ? GRAPH_MULTI : 0);
	if (b->edges) {
		b->note.loop_n += b->o.drop_loops ? edges_loop_n(b->edges) : 0;
		b->note.run_n += edges_spills(b->edges);
	}
	b->note.equal_n = came - b->note.loop_n - out->edge_n;
	b->note.strings = b->strings;
}

int build_finish(struct build *b, struct manifest_graph *out, struct build_note *note)
{
	struct manifest_graph g = {0};
	struct arrange_count done = {0};
	uint64_t came = build_n(b);
	int r = write_segments(b, &g, &done);

	if (r < 0) {
		build_discard(b->o.backend, &g);
		build_abort(b);
		return r;
	}
	sum_up(b, came, &done, &g, out);
	*note = b->note;
	build_abort(b);
	return 0;
}

void build_discard(struct backend *b, const struct manifest_graph *g)
{
	char name[SEGMENT_NAME_MAX];
	struct err_note kept;

	err_take(&kept, ERR_BUG);
	for (uint32_t i = 0; i < g->segment_n; i++) {
		segment_name(name, g->segment[i].kind, g->segment[i].id);
		backend_remove(b, name);
	}
	err_give(&kept);
}
