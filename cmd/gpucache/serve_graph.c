/* cmd/gpucache/serve_graph.c - a graph's adjacency into device memory, and out
 *
 * It is read from the newest snapshot, through the same checks as any reader's, and goes
 * through a buffer of a few MiB.  Only what lies in segments is pinned: changes that
 * wait to be folded are not in them, and a graph that has some is refused.
 */
#include "cmd/gpucache/serve_graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "cmd/gpucache/graph_arrays.h"

/* --- keys --- */

struct key_head {
	le64 segment;
	le32 part, type_n;
};

int serve_graph_key(struct buf *out, uint64_t segment, enum graph_part part,
		    struct bytes types, struct bytes name)
{
	const struct key_head h = { .segment = le64_of(segment), .part = le32_of(part),
				    .type_n = le32_of((uint32_t)(types.len / 4)) };
	int r;

	buf_clear(out);
	r = buf_add(out, &h, sizeof h);
	if (r == 0)
		r = buf_add(out, types.ptr, types.len);
	return r == 0 ? buf_add(out, name.ptr, name.len) : r;
}

/* Of the graph NAME? */
static bool key_of(struct bytes key, struct bytes name, uint64_t *segment)
{
	struct key_head h;
	size_t at;

	if (key.len < sizeof h)
		return false;
	memcpy(&h, key.ptr, sizeof h);
	*segment = le64_get(h.segment);
	at = sizeof h + 4 * (size_t)le32_get(h.type_n);
	return at <= key.len && bytes_equal(bytes_of(key.ptr + at, key.len - at), name);
}

/* --- looking --- */

static int find(struct serve *s, struct buf *key, uint64_t segment, enum graph_part part,
		const struct walk_ask *w, struct gpu_thing *t)
{
	int r = serve_graph_key(key, segment, part, w->types, w->name);

	return r < 0 ? r : gpu_cache_find(s->cache, GPU_SEGMENT, buf_bytes(key), t);
}

static struct arena_place place_of(const struct gpu_thing *t)
{
	return (struct arena_place){ t->token.arena, t->token.off };
}

/* Both arrays of one direction. */
static int find_way(struct serve *s, uint64_t segment, const struct walk_ask *w,
		    struct gpu_thing t[GRAPH_PARTS])
{
	struct buf key = { 0 };
	int r = 1;

	for (unsigned i = 0; r == 1 && i < GRAPH_PARTS; i++)
		r = find(s, &key, segment, (enum graph_part)i, w, &t[i]);
	buf_release(&key);
	return r;
}

int serve_graph_find(struct serve *s, const struct walk_ask *w, struct traverse_graph *g)
{
	struct gpu_thing out[GRAPH_PARTS], in[GRAPH_PARTS];
	int r = find_way(s, w->out, w, out);

	if (r == 1 && w->in)
		r = find_way(s, w->in, w, in);
	if (r <= 0)
		return r;
	if (!w->in)
		memcpy(in, out, sizeof in);
	*g = (struct traverse_graph){
		.node_n = (uint32_t)(out[GRAPH_FIRST].token.len / 8 - 1),
		.edge_n = out[GRAPH_TO].token.len / 4,
		.out_first = place_of(&out[GRAPH_FIRST]), .out_to = place_of(&out[GRAPH_TO]),
		.in_first = place_of(&in[GRAPH_FIRST]), .in_to = place_of(&in[GRAPH_TO]),
	};
	return 1;
}

uint64_t serve_graph_work(uint32_t node_n)
{
	uint64_t most = 0;

	for (int kind = 0; kind < TRAVERSE_KINDS; kind++) {
		uint64_t room = traverse_room((enum traverse_kind)kind, node_n);

		most = room > most ? room : most;
	}
	return most;
}

/* --- pinning --- */

struct pinning {
	struct serve *s;
	struct graph *graph;
	struct graph_types types;
	uint32_t *type;
	struct buf type_bytes, key;
	struct bytes name;
	char text[WIRE_GRAPH_NAME_MAX + 1];
	uint64_t out, in, edge_n;
	struct gpu_load load;
	uint32_t crc;
	uint32_t done[2 * GRAPH_PARTS], done_n;	/* slots */
	uint64_t fed;			/* bytes */
};

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* All of a graph's types are the same as none named. */
static int types_settle(struct pinning *p)
{
	struct graph_types *t = &p->types;
	uint32_t n = 0;
	int r = 0;

	qsort(p->type, t->n, sizeof *p->type, by_id);
	for (uint32_t i = 0; i < t->n; i++)
		if (n == 0 || p->type[n - 1] != p->type[i])
			p->type[n++] = p->type[i];
	*t = (struct graph_types){ .id = p->type, .n = n,
				   .all = n == 0 || n == graph_type_n(p->graph) };
	for (uint32_t i = 0; r == 0 && !t->all && i < n; i++) {
		le32 id = le32_of(p->type[i]);

		r = buf_add(&p->type_bytes, &id, sizeof id);
	}
	return r;
}

static int types_find(struct pinning *p, const struct pin_graph *ask)
{
	struct bytes in = ask->types, name;
	int r;

	p->type = mem_alloc(NULL, (ask->type_n + 1) * sizeof *p->type);
	if (!p->type)
		return ERR_MEMORY;
	while (wire_key_get(&in, &name) > 0) {
		r = dict_find_type(graph_dict(p->graph), name, &p->type[p->types.n]);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(ERR_ABSENT, "graph \"%s\": no type \"%s\"",
				       bytes_show(p->name), bytes_show(name));
		p->types.n++;
	}
	return types_settle(p);
}

static int has_changes(const struct pinning *p)
{
	err_set(ERR_UNAVAILABLE, "graph \"%s\" has changes that are not in its segments yet",
		bytes_show(p->name));
	err_hint("strato-graph compact -s %s -g %s", store_path(p->s->store), p->text);
	return ERR_UNAVAILABLE;
}

static int open_graph(struct pinning *p, const struct pin_graph *ask)
{
	const struct manifest_graph *g;
	int r = serve_catch_up(p->s);

	p->name = ask->name;
	memcpy(p->text, ask->name.ptr, ask->name.len);
	if (r < 0)
		return r;
	g = strlen(p->text) == p->name.len ?
		manifest_find_graph(snapshot_manifest(p->s->snap), p->text) : NULL;
	if (!g)
		return err_set(ERR_NO_GRAPH, "%s: no graph \"%s\"", store_path(p->s->store),
			       bytes_show(p->name));
	r = graph_open_changed(&p->graph, p->s->store, p->s->snap, g);
	if (r < 0)
		return r;
	if (graph_delta(p->graph) || graph_count(p->graph) != graph_node_n(p->graph))
		return has_changes(p);
	if (graph_node_n(p->graph) >= UINT32_MAX - 1)
		return err_set(ERR_UNSUPPORTED, "graph \"%s\" has %" PRIu64
			       " nodes: a device has room for ids of 32 bits",
			       bytes_show(p->name), graph_node_n(p->graph));
	p->out = segment_id(csr_segment(graph_csr(p->graph, CSR_OUT)));
	p->in = graph_undirected(p->graph) ? 0 :
		segment_id(csr_segment(graph_csr(p->graph, CSR_IN)));
	return types_find(p, ask);
}

static uint64_t first_len(const struct pinning *p)
{
	return 8 * (graph_node_n(p->graph) + 1);
}

static uint64_t all_len(const struct pinning *p)
{
	return (first_len(p) + 4 * p->edge_n) * (p->in ? 2 : 1);
}

/* Said before it is tried: with how much there would have to be. */
static int fits(struct pinning *p)
{
	uint64_t work = serve_graph_work((uint32_t)graph_node_n(p->graph)), room;
	struct gpu_cache_info i;

	gpu_cache_info(p->s->cache, &i);
	room = i.size - i.size / 8;
	room = room > i.pinned_bytes ? room - i.pinned_bytes : 0;
	if (all_len(p) + work <= room)
		return 0;
	err_set(ERR_TOO_BIG, "graph \"%s\" takes %" PRIu64 " bytes of device memory, and %"
		PRIu64 " more while it is asked; %" PRIu64 " can be pinned",
		bytes_show(p->name), all_len(p), work, room);
	err_hint("'strato-gpucache serve --size=' takes more, 'evict' lets others go");
	return ERR_TOO_BIG;
}

static int feed(void *ctx, const void *ptr, size_t len)
{
	struct pinning *p = ctx;

	p->crc = crc32c(p->crc, ptr, len);
	p->fed += len;
	service_alive(p->s->service, p->fed, all_len(p));
	return gpu_cache_feed(p->s->cache, &p->load, ptr, len);
}

static int load(struct pinning *p, struct graph_arrays *a, uint64_t segment,
		enum graph_part part)
{
	struct gpu_cache *c = p->s->cache;
	struct gpu_thing t;
	int r = serve_graph_key(&p->key, segment, part, buf_bytes(&p->type_bytes), p->name);

	if (r < 0 || gpu_cache_look(c, GPU_SEGMENT, buf_bytes(&p->key), &t) > 0)
		return r;
	p->crc = 0;
	r = gpu_cache_begin(c, part == GRAPH_FIRST ? first_len(p) : 4 * p->edge_n, true,
			    &p->load);
	if (r < 0)
		return r;
	r = part == GRAPH_FIRST ? graph_arrays_first(a) : graph_arrays_to(a);
	if (r < 0) {
		gpu_cache_cancel(c, &p->load);
		return r;
	}
	p->done[p->done_n++] = p->load.token.slot;
	r = gpu_cache_end(c, &p->load, GPU_SEGMENT, buf_bytes(&p->key), segment, p->crc);
	p->done_n -= r < 0;
	return r;
}

/* --- packed lists, unpacked on the device --- */

struct unpacking {
	struct pinning *p;
	struct graph_arrays a;
	struct traverse_packed q;
	struct gpu_token packed, at, work;	/* stamp 0: not lent */
	const struct gpu_token *to;		/* of those what is being written */
	uint64_t off;
};

static int write_room(void *ctx, const void *ptr, size_t len)
{
	struct unpacking *u = ctx;
	int r = gpu_cache_write(u->p->s->cache, u->to, u->off, ptr, len);

	u->off += len;
	u->p->fed += len;
	service_alive(u->p->s->service, u->p->fed, all_len(u->p));
	return r;
}

/* All that is made of them has room, too, with nothing evicted for it. */
static bool pays(struct unpacking *u)
{
	uint64_t packed = u->q.packed_len, all = 4 * u->p->edge_n;

	return packed && packed + first_len(u->p) < all &&
		gpu_cache_has_room(u->p->s->cache, all + packed + first_len(u->p) +
				   TRAVERSE_UNPACK_ROOM);
}

static int lend(struct unpacking *u)
{
	struct gpu_cache *c = u->p->s->cache;
	int r = gpu_cache_room(c, u->q.packed_len, &u->packed);

	if (r == 0)
		r = gpu_cache_room(c, first_len(u->p), &u->at);
	return r == 0 ? gpu_cache_room(c, TRAVERSE_UNPACK_ROOM, &u->work) : r;
}

static void give_back(struct unpacking *u)
{
	const struct gpu_token *lent[] = { &u->packed, &u->at, &u->work };

	for (unsigned i = 0; i < sizeof lent / sizeof lent[0]; i++)
		if (lent[i]->stamp)
			gpu_cache_remove(u->p->s->cache, lent[i]->slot);
}

static int check_piece(void *ctx, uint64_t off, const void *ptr, size_t len)
{
	struct unpacking *u = ctx;

	u->p->fed += len;
	service_alive(u->p->s->service, u->p->fed, all_len(u->p));
	return segment_check_read(csr_segment(graph_csr(u->p->graph, u->a.way)), off, ptr, len);
}

/* What the page cache does not have comes from the file, past it, read ahead. */
static int read_lists(struct unpacking *u, struct file *file, uint64_t off)
{
	struct stage_file f = { .file = file, .off = off, .len = u->q.packed_len,
				.check = check_piece, .ctx = u };
	struct ioq *q = NULL;
	int r = ioq_open(&q, STAGE_MOST, ioq_worth(f.len, 0) ? IOQ_AUTO : IOQ_THREADS);

	if (r == 0)
		r = gpu_cache_write_file(u->p->s->cache, &u->packed, q, &f);
	ioq_close(q);
	return r;
}

static int bring_lists(struct unpacking *u)
{
	struct segment *seg = csr_segment(graph_csr(u->p->graph, u->a.way));
	struct file *file = NULL;
	struct bytes mapped;
	uint64_t off;
	int r = graph_arrays_where(&u->a, &off, &mapped);

	if (r < 0)
		return r;
	if (mapped.len == u->q.packed_len && !segment_resident(seg, mapped.ptr, mapped.len) &&
	    segment_reopen(seg, true, &file) == 0) {
		r = read_lists(u, file, off);
		file_close(file);
		if (r == 0 || r == ERR_DEVICE)
			return r;
	}
	return graph_arrays_lists(&u->a);
}

static int bring_packed(struct unpacking *u)
{
	int r;

	u->a.put = write_room;
	u->a.ctx = u;
	u->to = &u->at;
	u->off = 0;
	r = graph_arrays_at(&u->a);
	u->to = &u->packed;
	u->off = 0;
	return r == 0 ? bring_lists(u) : r;
}

static bool find_room(struct unpacking *u, const struct gpu_token *t, struct arena_place *out)
{
	struct gpu_thing now;

	if (!gpu_cache_holds(u->p->s->cache, t, &now))
		return false;
	*out = place_of(&now);
	return true;
}

/* Into the room of L; where all lies is asked last, as making room may move it. */
static int unpack(struct unpacking *u, const struct gpu_load *l, uint64_t segment)
{
	struct pinning *p = u->p;
	struct traverse_packed *q = &u->q;
	struct arena_place work;
	struct gpu_thing first;
	int r = serve_graph_key(&p->key, segment, GRAPH_FIRST, buf_bytes(&p->type_bytes), p->name);

	if (r < 0)
		return r;
	if (!gpu_cache_look(p->s->cache, GPU_SEGMENT, buf_bytes(&p->key), &first) ||
	    !find_room(u, &u->packed, &q->packed) || !find_room(u, &u->at, &q->at) ||
	    !find_room(u, &u->work, &work))
		return err_set(ERR_BUG, "packed lists on the device are gone");
	q->node_n = (uint32_t)graph_node_n(p->graph);
	q->edge_n = p->edge_n;
	q->first = place_of(&first);
	q->to = (struct arena_place){ l->token.arena, l->token.off };
	return traverse_unpack(p->s->traverse, q, work);
}

static int load_unpacked(struct unpacking *u, uint64_t segment)
{
	struct pinning *p = u->p;
	struct gpu_cache *c = p->s->cache;
	struct gpu_load l = { 0 };
	int r = lend(u);

	if (r == 0)
		r = bring_packed(u);
	if (r == 0)
		r = gpu_cache_begin(c, 4 * p->edge_n, true, &l);
	if (r == 0)
		r = unpack(u, &l, segment);
	if (r == 0) {
		gpu_cache_filled(&l);
		p->done[p->done_n++] = l.token.slot;
		r = serve_graph_key(&p->key, segment, GRAPH_TO, buf_bytes(&p->type_bytes), p->name);
		if (r == 0)
			r = gpu_cache_end(c, &l, GPU_SEGMENT, buf_bytes(&p->key), segment, 0);
		p->done_n -= r < 0;
	}
	if (r == ERR_DEVICE)
		return r;
	gpu_cache_cancel(c, &l);
	give_back(u);
	return r;
}

/* 1: to[] is there.  0: it has to be brought as it is, which is also what then finds words
 * for lists that are none. */
static int try_packed(struct pinning *p, const struct graph_arrays *a, uint64_t segment)
{
	struct unpacking u = { .p = p, .a = *a };
	uint64_t fed = p->fed;
	int r;

	if (!p->s->device->ops->launch)
		return 0;
	r = graph_arrays_packed(a, &u.q.packed_len);
	if (r < 0 || !pays(&u))
		return r;
	r = serve_walk_open(p->s);
	if (r == 0)
		r = load_unpacked(&u, segment);
	if (r == 0)
		p->s->unpack_n++;
	p->fed = r == 0 ? p->fed : fed;
	return r == ERR_DEVICE ? r : r == 0;
}

static int load_to(struct pinning *p, struct graph_arrays *a, uint64_t segment)
{
	int r = try_packed(p, a, segment);

	return r == 0 ? load(p, a, segment, GRAPH_TO) : r < 0 ? r : 0;
}

/* --- all of it --- */

static int load_way(struct pinning *p, enum csr_direction way)
{
	struct graph_arrays a = { .graph = p->graph, .way = way, .types = p->types,
				  .mem = store_mem(p->s->store), .put = feed, .ctx = p };
	uint64_t segment = way == CSR_OUT ? p->out : p->in, edge_n;
	int r = graph_arrays_edges(&a, &edge_n);

	if (r == 0 && edge_n != p->edge_n)
		r = err_set(ERR_DAMAGED, "graph \"%s\": %" PRIu64 " edges one way, %" PRIu64
			    " the other", bytes_show(p->name), p->edge_n, edge_n);
	if (r == 0)
		r = load(p, &a, segment, GRAPH_FIRST);
	return r == 0 ? load_to(p, &a, segment) : r;
}

/* Things of the graph NAME; but not those of these two segments. */
static uint32_t let_go(struct serve *s, struct bytes name, uint64_t out, uint64_t in)
{
	struct gpu_thing t;
	uint32_t at = 0, n = 0;
	uint64_t segment;

	while (gpu_cache_next(s->cache, &at, &t))
		if (t.kind == GPU_SEGMENT && key_of(t.key, name, &segment) &&
		    segment != out && segment != in) {
			n++;
			gpu_cache_remove(s->cache, t.token.slot);
		}
	return n;
}

/* There has to be work memory, too, or nothing could be asked. */
static int try_work(struct pinning *p)
{
	uint64_t len = serve_graph_work((uint32_t)graph_node_n(p->graph));
	struct gpu_token t;
	int r = gpu_cache_room(p->s->cache, len, &t);

	if (r == 0)
		gpu_cache_remove(p->s->cache, t.slot);
	return r;
}

static int is_there(struct pinning *p)
{
	const struct walk_ask w = { .out = p->out, .in = p->in,
				    .types = buf_bytes(&p->type_bytes), .name = p->name };
	struct traverse_graph g;

	return serve_graph_find(p->s, &w, &g);
}

static int bring(struct pinning *p)
{
	const struct graph_arrays a = { .graph = p->graph, .way = CSR_OUT, .types = p->types };
	int r = graph_arrays_edges(&a, &p->edge_n), there;

	if (r < 0)
		return r;
	there = is_there(p);
	if (there)
		return there < 0 ? there : 0;
	let_go(p->s, p->name, p->out, p->in);
	r = fits(p);
	if (r == 0)
		r = load_way(p, CSR_OUT);
	if (r == 0 && p->in)
		r = load_way(p, CSR_IN);
	if (r == 0)
		r = try_work(p);
	for (uint32_t i = 0; r < 0 && r != ERR_DEVICE && i < p->done_n; i++)
		gpu_cache_remove(p->s->cache, p->done[i]);
	return r;
}

static int answer(struct serve *s, const struct wire_pinned *w, struct service_reply *a)
{
	struct wire_pinned with = *w;

	with.flags = le32_of(s->device->ops->launch ? 0 : WIRE_NO_KERNELS);
	return buf_add(&a->body, &with, sizeof with);
}

static int pin(struct serve *s, const struct pin_graph *ask, struct service_reply *a)
{
	struct pinning p = { .s = s };
	int r = open_graph(&p, ask);

	if (r == 0)
		r = bring(&p);
	if (r == 0)
		r = answer(s, &(struct wire_pinned){
			.node_n = le64_of(graph_node_n(p.graph)),
			.edge_n = le64_of(p.edge_n), .bytes = le64_of(all_len(&p)),
			.work = le64_of(serve_graph_work((uint32_t)graph_node_n(p.graph))),
			.graph_n = le32_of(1) }, a);
	graph_close(p.graph);
	buf_release(&p.type_bytes);
	buf_release(&p.key);
	mem_free(NULL, p.type);
	return r;
}

static int evict(struct serve *s, const struct pin_graph *ask, struct service_reply *a)
{
	struct gpu_cache_info before, after;
	uint32_t n;

	gpu_cache_info(s->cache, &before);
	n = let_go(s, ask->name, 0, 0);
	gpu_cache_info(s->cache, &after);
	return answer(s, &(struct wire_pinned){
		.bytes = le64_of(before.bytes - after.bytes), .graph_n = le32_of(n) }, a);
}

int serve_pin_graph(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct pin_graph ask;
	int r = wire_pin_graph_get(q->body, &ask);

	if (r < 0)
		return r;
	return ask.verb == WIRE_GRAPH_PIN ? pin(ctx, &ask, a) : evict(ctx, &ask, a);
}
