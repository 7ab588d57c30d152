/* graph/build.c - edges in, sorted, out
 *
 * An edge in the sorter is one number: type, then from, then to, each as wide as
 * its count needs; one word when that is 64 bits or less.  The transpose is read
 * back from the segment just written: its edges come by (type, src, dst), so a
 * stable sort by (type, dst) is enough.
 */
#include "graph/build.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr.h"
#include "graph/ids.h"
#include "graph/intern.h"
#include "graph/sort.h"

#define LOOK_EVERY 65536u		/* edges between questions whether to stop */
#define NODE_ONLY UINT32_MAX		/* the type of what is no edge, among them */

struct build {
	struct build_options o;
	size_t budget;
	struct ids *ids;
	struct intake *edges;
	struct intern *types;
	bool strings;
	bool last_empty;
	uint64_t last_number;		/* of the edge before's type */
	uint64_t lone_n;		/* nodes added without an edge */
	/* at the end */
	uint32_t type_n, *type_id;	/* by the number interned */
	struct bytes *type_name;	/* by id */
	unsigned node_bits, type_bits;
	struct build_note note;
	uint64_t work;			/* counts to LOOK_EVERY */
};

static int begin_keys(struct build *b, bool strings)
{
	struct ids_options o = {
		.backend = b->o.backend, .store_id = b->o.store_id, .mem = b->o.mem,
		.budget = b->budget / 4, .strings = strings,
	};
	int r;

	b->strings = strings;
	r = ids_open(&b->ids, &o);
	return r < 0 ? r : intake_open(&b->edges, b->o.backend, b->budget / 4, b->o.mem);
}

int build_open(struct build **out, const struct build_options *o)
{
	struct build *b;
	int r;

	if (mem_left(o->mem) < BUILD_MEMORY_LEAST)
		return err_set(ERR_MEMORY, "out of memory: building a graph takes %u MiB",
			       BUILD_MEMORY_LEAST >> 20);
	b = mem_zalloc(o->mem, sizeof *b);
	if (!b)
		return ERR_MEMORY;
	b->o = *o;
	b->budget = o->budget ? o->budget :	/* the rest: writers, buffers, types */
		mem_left(o->mem) / 4 * 3;
	r = begin_keys(b, o->ids == BUILD_IDS_STRING);
	if (r == 0)
		r = intern_open(&b->types, o->backend, 0, o->mem);
	if (r < 0) {
		build_abort(b);
		return r;
	}
	*out = b;
	return 0;
}

void build_abort(struct build *b)
{
	if (!b)
		return;
	ids_close(b->ids);
	intake_close(b->edges);
	intern_close(b->types);
	mem_free(b->o.mem, b->type_id);
	mem_free(b->o.mem, b->type_name);
	mem_free(b->o.mem, b);
}

uint64_t build_n(const struct build *b)
{
	return b->edges ? intake_n(b->edges) - b->lone_n : 0;
}

static int look(struct build *b)
{
	return ++b->work % LOOK_EVERY == 0 && b->o.stop ? b->o.stop(b->o.stop_ctx) : 0;
}

/* --- taking edges --- */

static struct text_key key_of_number(uint64_t v, char text[24])
{
	int n = snprintf(text, 24, "%" PRIu64, v);

	return (struct text_key){ .bytes = { (uint8_t *)text, (size_t)n }, .number = v,
				  .is_number = true };
}

/* The first key that is no integer: what came so far is taken again, as strings. */
static int turn_to_strings(struct build *b)
{
	struct ids *ids = b->ids;
	struct intake *edges = b->edges;
	struct intake_reader in = {0};
	struct intake_edge e;
	char text[24];
	struct text_key key;
	int r;

	b->ids = NULL;
	b->edges = NULL;
	ids_close(ids);
	r = begin_keys(b, true);
	if (r == 0)
		r = intake_begin(&in, edges);
	while (r >= 0 && (r = intake_next(&in, &e)) > 0) {
		key = key_of_number(e.src, text);
		r = ids_add(b->ids, &key, &e.src);
		key = key_of_number(e.dst, text);
		if (r == 0)
			r = ids_add(b->ids, &key, &e.dst);
		if (r == 0)
			r = intake_add(b->edges, e.src, e.dst, e.type);
	}
	intake_end(&in);
	intake_close(edges);
	return r;
}

/* Most graphs have no types: what is like the edge before is not looked up. */
static int add_type(struct build *b, struct bytes type, uint64_t *number)
{
	int r;

	if (b->last_empty && type.len == 0) {
		*number = b->last_number;
		return 0;
	}
	r = intern_add(b->types, type, number);
	if (r < 0)
		return r;
	b->last_empty = type.len == 0;
	b->last_number = *number;
	return 0;
}

static int to_strings_for(struct build *b, bool number)
{
	if (b->strings || number)
		return 0;
	if (b->o.ids == BUILD_IDS_INT)
		return err_set(ERR_BUG, "a key that is no integer");
	return turn_to_strings(b);
}

int build_add_node(struct build *b, const struct text_key *key)
{
	uint64_t number;
	int r = to_strings_for(b, key->is_number);

	if (r == 0)
		r = ids_add(b->ids, key, &number);
	if (r == 0)
		r = look(b);
	b->lone_n++;
	return r < 0 ? r : intake_add(b->edges, number, number, NODE_ONLY);
}

int build_add_nodes(struct build *b, uint64_t first, uint64_t n)
{
	char text[24];
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++) {
		const struct text_key key = key_of_number(first + i, text);

		r = build_add_node(b, &key);
	}
	return r;
}

int build_add(struct build *b, const struct text_edge *e)
{
	uint64_t src, dst, type = 0;
	int r;

	if (e->value.kind != TEXT_NO_VALUE)
		return err_set(ERR_UNSUPPORTED, "a weight: weights cannot be stored yet");
	r = to_strings_for(b, e->src.is_number && e->dst.is_number);
	if (r == 0)
		r = ids_add(b->ids, &e->src, &src);
	if (r == 0)
		r = ids_add(b->ids, &e->dst, &dst);
	if (r == 0)
		r = add_type(b, e->type, &type);
	return r < 0 ? r : intake_add(b->edges, src, dst, (uint32_t)type);
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

/* --- sorting --- */

static unsigned bits_for(uint64_t n)
{
	return n > 1 ? 64 - (unsigned)__builtin_clzll(n - 1) : 1;
}

static sort_key pack(const struct build *b, uint32_t type, uint64_t from, uint64_t to)
{
	return ((sort_key)type << b->node_bits | from) << b->node_bits | to;
}

static void unpack(const struct build *b, sort_key key, uint32_t *type, uint64_t *from,
		   uint64_t *to)
{
	uint64_t mask = ~0ull >> (64 - b->node_bits);

	*to = (uint64_t)key & mask;
	*from = (uint64_t)(key >> b->node_bits) & mask;
	*type = (uint32_t)(key >> b->node_bits >> b->node_bits);
}

static int sorter(struct sort **out, const struct build *b, uint64_t most, bool transpose)
{
	unsigned bits = 2 * b->node_bits + b->type_bits;
	struct sort_options o = {
		.backend = b->o.backend, .mem = b->o.mem, .budget = b->budget / 2,
		.words = bits <= 64 ? 1 : 2, .bits = bits,
		.given = transpose ? b->node_bits : 0,
		.unique = !b->o.keep_equal, .most = most,
	};

	return sort_open(out, &o);
}

static int add_edge(struct build *b, struct sort *s, const struct intake_edge *e)
{
	uint32_t type;
	int r;

	if (e->type == NODE_ONLY)
		return 0;
	type = b->type_id[e->type];
	if (e->src == e->dst && b->o.drop_loops) {
		b->note.loop_n++;
		return 0;
	}
	r = sort_add(s, pack(b, type, e->src, e->dst));
	if (r == 0 && b->o.undirected && e->src != e->dst)
		r = sort_add(s, pack(b, type, e->dst, e->src));
	return r < 0 ? r : look(b);
}

/* All edges as they came, with their ids, into a sorter; then they are dropped. */
static int sort_edges(struct build *b, struct sort **out)
{
	struct ids_reader in = {0};
	struct intake_edge e;
	int r;

	r = sorter(out, b, intake_n(b->edges) * (b->o.undirected ? 2 : 1), false);
	if (r == 0)
		r = ids_begin(&in, b->ids, b->edges);
	while (r >= 0 && (r = ids_next(&in, &e)) > 0)
		r = add_edge(b, *out, &e);
	if (in.ids)
		ids_end(&in);
	intake_close(b->edges);
	b->edges = NULL;
	if (r == 0)
		r = sort_finish(*out);
	if (*out)
		b->note.run_n += sort_run_n(*out);
	return r;
}

/* --- writing --- */

struct written {		/* what passed */
	uint64_t edge_n, loop_n;
};

static int write_csr(struct build *b, struct sort *s, struct csr_writer *w,
		     struct written *done)
{
	uint32_t type;
	uint64_t from, to;
	sort_key key;
	int r;

	while ((r = sort_next(s, &key)) > 0) {
		unpack(b, key, &type, &from, &to);
		done->edge_n++;
		done->loop_n += from == to;
		if ((w && (r = csr_add(w, type, from, to)) < 0) || (r = look(b)) < 0)
			return r;
	}
	return r;
}

static int create_csr(struct csr_writer **out, const struct build *b,
		      const struct segment_ref *dict, enum csr_direction direction)
{
	struct csr_plan plan = {
		.direction = direction, .node_n = ids_n(b->ids), .type_n = b->type_n,
		.dict = dict->id,
	};

	return csr_create(out, &plan, b->o.backend, b->o.store_id, b->o.mem);
}

static int write_out(struct build *b, const struct segment_ref *dict,
		     struct segment_ref *ref, struct written *done)
{
	struct csr_writer *w = NULL;
	struct sort *s = NULL;
	int r = sort_edges(b, &s);

	if (r == 0 && !b->o.dry)
		r = create_csr(&w, b, dict, b->o.undirected ? CSR_BOTH : CSR_OUT);
	if (r == 0)
		r = write_csr(b, s, w, done);
	if (r == 0 && w) {
		r = csr_finish(w, ref);
		w = NULL;
	}
	csr_abort(w);
	sort_close(s);
	return r;
}

/* The edges of C turned round, into a sorter. */
static int sort_transpose(struct build *b, struct csr *c, struct sort *s)
{
	struct csr_list list;
	struct csr_scan scan;
	uint64_t to;
	int r = 0;

	for (uint32_t t = 0; t < b->type_n && r == 0; t++) {
		csr_scan_begin(&scan, c, t);
		while (r >= 0 && (r = csr_scan_next(&scan, &list)) > 0)
			while (r >= 0 && (r = csr_next(&list, &to)) > 0)
				if ((r = sort_add(s, pack(b, t, to, scan.node))) == 0)
					r = look(b);
	}
	return r < 0 ? r : sort_finish(s);
}

static int write_in(struct build *b, const struct segment_ref *dict,
		    const struct segment_ref *out_ref, struct segment_ref *ref)
{
	struct written done = {0};
	struct csr_writer *w = NULL;
	struct sort *s = NULL;
	struct csr *c = NULL;
	int r = csr_open(&c, b->o.backend, out_ref, b->o.store_id, b->o.mem);

	if (r == 0)
		r = sorter(&s, b, csr_edge_n(c), true);
	if (r == 0)
		r = sort_transpose(b, c, s);
	csr_close(c);
	if (r == 0)
		r = create_csr(&w, b, dict, CSR_IN);
	if (r == 0)
		r = write_csr(b, s, w, &done);
	if (r == 0) {
		r = csr_finish(w, ref);
		w = NULL;
	}
	csr_abort(w);
	if (s)
		b->note.run_n += sort_run_n(s);
	sort_close(s);
	return r;
}

static int write_segments(struct build *b, struct manifest_graph *g, struct written *done)
{
	struct segment_ref ref = {0};
	int r = settle_types(b);

	if (r == 0)
		r = ids_settle(b->ids, b->edges, b->type_name, b->type_n,
			       b->o.dry ? NULL : &ref);
	if (ref.id)		/* also when what followed it failed */
		g->segment[g->segment_n++] = ref;
	if (r < 0)
		return r;
	b->node_bits = bits_for(ids_n(b->ids));
	b->type_bits = bits_for(b->type_n);
	b->note.joined = ids_joined(b->ids);
	r = write_out(b, &ref, &g->segment[g->segment_n], done);
	if (r < 0 || b->o.dry)
		return r;
	g->segment_n++;
	if (b->o.undirected)
		return 0;
	r = write_in(b, &g->segment[0], &g->segment[1], &g->segment[2]);
	g->segment_n += r == 0;
	return r;
}

int build_finish(struct build *b, struct manifest_graph *out, struct build_note *note)
{
	struct manifest_graph g = {0};
	struct written done = {0};
	uint64_t came = build_n(b);
	int r = write_segments(b, &g, &done);

	if (r < 0) {
		build_discard(b->o.backend, &g);
		build_abort(b);
		return r;
	}
	out->segment_n = g.segment_n;
	for (uint32_t i = 0; i < g.segment_n; i++)
		out->segment[i] = g.segment[i];
	out->node_n = ids_n(b->ids);
	out->edge_n = b->o.undirected ? (done.edge_n + done.loop_n) / 2 : done.edge_n;
	out->type_n = b->type_n;
	out->flags = (b->o.undirected ? GRAPH_UNDIRECTED : 0) |
		(b->o.keep_equal ? GRAPH_MULTI : 0);
	b->note.equal_n = came - b->note.loop_n - out->edge_n;
	b->note.strings = b->strings;
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
