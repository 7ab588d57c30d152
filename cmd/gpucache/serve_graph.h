/* cmd/gpucache/serve_graph.h - graphs of the service: what is pinned, and questions
 *
 * A pinned graph is two things of the cache, first[] and to[], or four when it is
 * directed.  Their keys have the id of the segment, which array it is, the types and the
 * graph's name, so what a question names is looked up and never searched for.
 */
#ifndef CMD_GPUCACHE_SERVE_GRAPH_H
#define CMD_GPUCACHE_SERVE_GRAPH_H

#include "cmd/gpucache/serve.h"
#include "gpu/traverse.h"
#include "gpu/wire_graph.h"

enum graph_part { GRAPH_FIRST, GRAPH_TO, GRAPH_PARTS };

/* TYPES are le32 each, none: all. */
int serve_graph_key(struct buf *out, uint64_t segment, enum graph_part part,
		    struct bytes types, struct bytes name);

/* What W asks about is pinned: 1 and where; 0.  IN 0: undirected.  Good until the next
 * change of the cache. */
int serve_graph_find(struct serve *s, const struct walk_ask *w, struct traverse_graph *g);

/* Bytes of work memory that any question takes. */
uint64_t serve_graph_work(uint32_t node_n);

/* Callbacks. */
int serve_pin_graph(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_run(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_walk(void *ctx, const struct service_ask *q, struct service_reply *a);

/* The kernels are there; ERR_UNAVAILABLE on host memory. */
int serve_walk_open(struct serve *s);
/* They go; before the device is closed. */
void serve_walk_close(struct serve *s);

#endif
