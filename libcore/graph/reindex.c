/* graph/reindex.c */
#include "graph/reindex.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/index.h"

int reindex_names(struct graph *g, struct backend *b, const uint8_t store_id[16],
		  const struct bytes *name, uint32_t n, int (*stop)(void *ctx), void *ctx,
		  struct segment_ref *ref)
{
	const struct segment_ref *prop = graph_segment(g, SEGMENT_PROP);
	struct index_plan p = {
		.name = name, .name_n = n, .backend = b, .store_id = store_id,
		.mem = graph_mem(g), .budget = mem_left(graph_mem(g)) / 4,
		.stop = stop, .stop_ctx = ctx,
	};
	int r = graph_props(g, PROP_NODES, &p.prop);

	if (r == 0 && !p.prop)
		r = err_set(ERR_ABSENT, "no node has a property");
	if (p.budget > 256u << 20)
		p.budget = 256u << 20;
	if (r < 0)
		return r;
	p.prop_id = prop->id;
	return index_build(&p, ref);
}

static int again(struct graph *g, struct index *was, struct manifest_graph *made,
		 struct backend *b, const uint8_t store_id[16], int (*stop)(void *ctx), void *ctx)
{
	struct bytes name[INDEX_MOST];
	struct prop *prop;
	int r = graph_props(g, PROP_NODES, &prop);

	if (r < 0 || !prop)
		return r;
	for (uint32_t i = 0; i < index_name_n(was); i++)
		name[i] = index_name_at(was, i);
	r = reindex_names(g, b, store_id, name, index_name_n(was), stop, ctx,
			  &made->segment[made->segment_n]);
	made->segment_n += r == 0;
	return r;
}

int reindex_again(struct graph *was, struct manifest_graph *made, struct backend *b,
		  const uint8_t store_id[16], int (*stop)(void *ctx), void *ctx)
{
	struct manifest_graph same = *made;
	struct graph *g = NULL;
	struct index *x;
	int r = graph_index(was, &x);

	if (r < 0 || !x)
		return r;
	r = graph_open(&g, b, store_id, &same, graph_mem(was));
	if (r == 0)
		r = again(g, x, made, b, store_id, stop, ctx);
	graph_close(g);
	return r;
}
