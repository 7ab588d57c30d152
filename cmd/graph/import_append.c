/* cmd/graph/import_append.c - to the graph that is there
 *
 * What it is, changes and all, goes into the build before the first input, and the new
 * graph takes its place in one commit: what others changed meanwhile goes on to apply.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/import.h"
#include "graph/rebuild.h"
#include "graph/reindex.h"
#include "graph/text/declared.h"

/* Direction and, unless said otherwise, layout and order are the graph's. */
static int take_shape(struct import *im)
{
	bool undirected = graph_undirected(im->old);

	if (undirected ? im->directed : im->undirected) {
		err_set(ERR_USAGE, "graph \"%s\": its edges have %s direction", im->name,
			undirected ? "no" : "a");
		return ERR_USAGE;
	}
	im->undirected = undirected;
	im->directed = !undirected;
	if (im->layout == 0)
		im->layout = csr_layout(graph_csr(im->old, CSR_OUT));
	if (im->order < 0)
		im->order = dict_order(graph_dict(im->old));
	return 0;
}

int import_append_look(struct import *im, const struct manifest_graph *g)
{
	int r = graph_open_changed(&im->old, im->store, im->snap, g);

	if (r < 0)
		return r;
	im->old_node_n = graph_entry(im->old)->node_n;
	im->old_edge_n = graph_entry(im->old)->edge_n;
	im->folded = snapshot_version(im->snap);
	im->rdf.version = g->version;
	return take_shape(im);
}

void import_append_options(struct import *im, struct build_options *o)
{
	enum csr_layout layout = o->layout;
	enum build_ids ids = o->ids;
	enum build_equal equal = o->equal;

	if (!im->old)
		return;
	rebuild_options(im->old, o);
	o->layout = layout;
	o->equal = o->equal == BUILD_KEEP ? BUILD_KEEP : equal;
	o->ids = ids == BUILD_IDS_AUTO ? o->ids : ids;
}

static int stop(void *ctx)
{
	return import_stop(ctx, 0);
}

int import_append_declare(struct import *im)
{
	struct dict *dict = im->old && im->strict_nodes ? graph_dict(im->old) : NULL;
	struct buf key = { .mem = store_mem(im->store) };
	uint64_t id;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && dict && i < dict_key_n(dict); i++) {
		r = dict_at(dict, i, &id);
		if (r == 0)
			r = dict_key(dict, id, &key);
		if (r == 0)
			r = declared_add_before(im->declared, buf_bytes(&key));
	}
	buf_release(&key);
	return r < 0 ? r : 0;
}

int import_append_feed(struct import *im)
{
	return im->old ? rebuild_feed(im->old, im->build, &im->place, stop, im) : 0;
}

int import_append_index(struct import *im)
{
	if (!im->old)
		return 0;
	memcpy(im->graph.name, graph_entry(im->old)->name, sizeof im->graph.name);
	return reindex_again(im->old, &im->graph, store_backend(im->store),
			     store_id(im->store), stop, im);
}

void import_append_end(struct import *im)
{
	graph_close(im->old);
	snapshot_close(im->snap);
	im->old = NULL;
	im->snap = NULL;
}
