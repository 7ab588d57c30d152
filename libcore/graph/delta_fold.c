/* graph/delta_fold.c - a view of the changes, written and put in the row */
#include "graph/delta_fold.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/delta_segment.h"
#include "graph/graph.h"
#include "store/log.h"
#include "store/store.h"

#define BYTES_A_CHANGE 32u	/* about, of a segment */

uint64_t delta_fold_due(const struct manifest_graph *row, uint64_t least)
{
	const struct segment_ref *ref = delta_segment_of(row);
	uint64_t n = ref ? 2 * ref->bytes / BYTES_A_CHANGE : 0;

	return n > least ? n : least;
}

struct folding {
	struct store *store;
	struct snapshot *snap;
	struct graph *graph;
	struct manifest_graph was;
	uint64_t upto;
	struct segment_ref made;
};

static bool is_same(const struct manifest_graph *a, const struct manifest_graph *b)
{
	return a->space == b->space && a->version == b->version && a->folded == b->folded &&
		a->upto == b->upto && a->segment_n == b->segment_n &&
		!memcmp(a->segment, b->segment, a->segment_n * sizeof *a->segment);
}

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct folding *f = ctx;
	struct manifest_graph *g = manifest_find_graph(m, f->was.name);

	(void)version;
	if (!g || !is_same(g, &f->was))
		return err_set(ERR_CHANGED, "graph %s is another by now", f->was.name);
	manifest_unfold_graph(g);
	if (g->segment_n == MANIFEST_GRAPH_SEGMENTS)
		return err_set(ERR_BUG, "graph %s has too many segments", g->name);
	g->segment[g->segment_n++] = f->made;
	g->upto = f->upto;
	return 0;
}

/* What is written must not be ahead of the log after a crash. */
static int write_and_publish(struct folding *f)
{
	const struct delta_segment where = {
		&f->was, store_backend(f->store), store_id(f->store),
	};
	int r = store_sync(f->store);

	if (r == 0)
		r = delta_write(graph_delta(f->graph), &where, f->upto, &f->made);
	if (r < 0)
		return r;
	r = store_publish(f->store, publish, f, NULL);
	return r < 0 ? r : 1;		/* a manifest may name it even so: store_tidy knows */
}

static int look_and_fold(struct folding *f, const char *name)
{
	const struct manifest_graph *g;
	struct delta *d;
	int r = store_snapshot(f->store, &f->snap);

	if (r < 0)
		return r;
	g = manifest_find_graph(snapshot_manifest(f->snap), name);
	if (!g || g->upto > snapshot_version(f->snap))
		return 0;
	f->was = *g;
	f->upto = snapshot_version(f->snap);
	r = graph_open_changed(&f->graph, f->store, f->snap, g);
	if (r < 0)
		return r;
	d = graph_delta(f->graph);
	return d && delta_is_new(d) ? write_and_publish(f) : 0;
}

static int fold_alone(struct store *s, const char *name)
{
	struct folding f = { .store = s };
	int r = store_build_begin(s);

	if (r < 0)
		return r;
	r = look_and_fold(&f, name);
	graph_close(f.graph);
	snapshot_close(f.snap);
	store_build_end(s);
	if (r != 0)
		store_tidy(s);
	return r;
}

int delta_fold(struct store *s, const char *graph)
{
	struct backend *b = store_backend(s);
	int r;

	if (!delta_in_place())
		return 0;
	r = backend_lock(b, LOCK_DELTA, LOCK_EXCLUSIVE, 0);
	if (r == ERR_LOCKED)
		err_clear();		/* whoever has it folds */
	if (r < 0)
		return r == ERR_LOCKED ? 0 : r;
	r = fold_alone(s, graph);
	backend_unlock(b, LOCK_DELTA);
	if (r != ERR_CHANGED)
		return r;
	err_clear();
	return 0;
}
