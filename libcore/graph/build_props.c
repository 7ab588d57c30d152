/* graph/build_props.c - see build_props.h
 *
 * The key of a node's record: its id, the place it came at.  Of an edge's: type (32
 * bits), source and target (40 bits each), and the place; the less id is the source of
 * an undirected one.  Where equal edges are kept, the place is what orders them in the
 * adjacency: that of the value, and none for those without.
 */
#include "graph/build_props.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/build_inside.h"

#define READ_LEN ((size_t)256 << 10)
#define ID_BITS 40

struct head {			/* of what was said, in the spool and in records */
	uint64_t at;
	uint32_t len;
	uint16_t joins, weighed;
};

void build_props_init(struct build *b)
{
	struct build_props *p = &b->props;

	p->buf.mem = p->room.labels.mem = p->room.props.mem = b->o.mem;
	gather_init(&p->gather, b->o.mem);
}

static int spool_make(struct build *b)
{
	return b->props.said ? 0 : spool_open(&b->props.said, b->o.backend, b->budget / 8,
					      b->o.mem);
}

int build_props_say(struct build *b, const struct text_edge *e, uint64_t at)
{
	const struct prop_state said = { e->label, e->prop, e->label_n, e->prop_n };
	struct head h = { .at = at, .joins = e->joins };
	int r = spool_make(b);

	buf_clear(&b->props.buf);
	if (r == 0)
		r = state_encode(&b->props.buf, &said);
	if (r == 0 && b->props.buf.len > UINT32_MAX)
		r = err_set(ERR_MEMORY, "properties of one node or edge over 4 GiB");
	h.len = (uint32_t)b->props.buf.len;
	if (r == 0)
		r = spool_add(b->props.said, &h, sizeof h);
	return r < 0 ? r : spool_add(b->props.said, b->props.buf.ptr, h.len);
}

int build_props_mix(struct build *b)
{
	return spool_make(b);
}

/* --- with ids --- */

int build_props_begin(struct build *b)
{
	struct build_props *p = &b->props;
	size_t budget = b->budget / 8;
	int r = records_open(&p->nodes, b->o.backend, budget, b->o.mem);

	if (r == 0)
		r = records_open(&p->edges, b->o.backend, budget, b->o.mem);
	if (r == 0 && b->node_n >> ID_BITS)
		r = err_set(ERR_UNSUPPORTED, "properties in a graph of 2^40 nodes or more");
	return r < 0 ? r : spool_begin(&p->reader, p->said, 0, spool_bytes(p->said),
				       READ_LEN);
}

/* What the entry at hand said, its head included, into the buffer. */
static int take(struct build_props *p, struct head *h)
{
	int r = spool_read(&p->reader, h, sizeof *h);

	buf_clear(&p->buf);
	if (r > 0)
		r = buf_add(&p->buf, h, sizeof *h);
	if (r == 0)
		r = buf_reserve(&p->buf, h->len);
	if (r == 0 && h->len)
		r = spool_read(&p->reader, p->buf.ptr + sizeof *h, h->len);
	p->buf.len = sizeof *h + h->len;
	return r < 0 ? r : 0;
}

static struct records_key key_of_edge(const struct build *b, const struct intake_edge *e,
				      uint64_t at)
{
	uint64_t type = b->type_id[e->type & ~BUILD_SAID];
	uint64_t src = e->src, dst = e->dst;

	if (b->o.undirected && dst < src) {
		src = e->dst;
		dst = e->src;
	}
	if (b->o.equal == BUILD_KEEP && e->value.at)
		at = e->value.at | 1ull << 63;
	return (struct records_key){{ type << 32 | src >> 8,
				      (src & 255) << 56 | dst << 16, at }};
}

int build_props_feed(struct build *b, const struct intake_edge *e)
{
	struct build_props *p = &b->props;
	struct records_key key = {{ e->src, 0, 0 }};
	struct head h = {0};
	int r;

	if (!(e->type & BUILD_SAID)) {
		key = key_of_edge(b, e, 0);
		h.weighed = e->value.at != 0;
		return records_add(p->edges, &key, build_is_mixed(b) ?
				   bytes_of(&h, sizeof h) : (struct bytes){0});
	}
	r = take(p, &h);
	if (r < 0)
		return r;
	h.weighed = e->value.at != 0;
	memcpy(p->buf.ptr, &h, sizeof h);
	key.word[1] = h.at;
	if (e->type != BUILD_NODE)
		key = key_of_edge(b, e, h.at + 1);	/* behind those of which nothing is said */
	return records_add(e->type == BUILD_NODE ? p->nodes : p->edges, &key,
			   buf_bytes(&p->buf));
}

/* --- in the order of rows --- */

static int gather_record(struct build_props *p, struct bytes record)
{
	struct prop_state said;
	struct head h;
	int r;

	if (record.len == 0)
		return 0;
	memcpy(&h, record.ptr, sizeof h);
	p->weighed |= h.weighed;
	if (h.len == 0)
		return 0;
	r = state_decode(&said, bytes_of(record.ptr + sizeof h, h.len), &p->room);
	return r < 0 ? r : gather_add(&p->gather, &said, h.joins);
}

static int put_row(struct build_props *p, struct prop_writer *w, uint64_t row)
{
	struct prop_state state;
	int r = gather_done(&p->gather, &state);

	return r < 0 || (!state.label_n && !state.prop_n) ? r : prop_add(w, row, &state);
}

static int write_nodes(struct build_props *p, struct prop_writer *w)
{
	struct records_key key;
	struct bytes record;
	uint64_t at = 0;
	bool any = false;
	int r;

	gather_clear(&p->gather);
	while ((r = records_next(p->nodes, &key, &record)) > 0) {
		if (any && key.word[0] != at) {
			r = put_row(p, w, at);
			gather_clear(&p->gather);
		}
		at = key.word[0];
		any = true;
		if (r >= 0)
			r = gather_record(p, record);
		if (r < 0)
			return r;
	}
	return r == 0 && any ? put_row(p, w, at) : r;
}

static bool says_weight(const struct prop_state *s)
{
	for (uint32_t i = 0; i < s->prop_n; i++)
		if (bytes_equal(s->prop[i].name, bytes_str("weight")))
			return true;
	return false;
}

/* The same of an edge; of one without a weight among others that have one it is said. */
static int put_edge_row(struct build *b, struct prop_writer *w, uint64_t row)
{
	const struct bytes unweighed = bytes_str(BUILD_UNWEIGHED);
	struct prop_state state;
	int r = gather_done(&b->props.gather, &state);

	if (r == 0 && build_is_mixed(b) && !b->props.weighed && !says_weight(&state)) {
		state.label = &unweighed;
		state.label_n = 1;
	}
	return r < 0 || (!state.label_n && !state.prop_n) ? r : prop_add(w, row, &state);
}

/* Where an edge is among all: a list is entered once, and read forwards. */
struct place {
	struct csr *csr;
	uint32_t type;
	uint64_t before;	/* edges of lesser types */
	uint64_t src, to, next;	/* TO is the edge of number NEXT - 1 */
	bool open, has, used;	/* TO is there; it is somebody's */
	struct csr_list list;
};

static int place_enter(struct place *p, uint32_t type, uint64_t src)
{
	uint64_t n;
	int r = 0;

	for (; r == 0 && p->type < type; p->type++) {
		r = csr_type_edges(p->csr, p->type, &n);
		p->before += n;
	}
	p->src = src;
	p->open = true;
	p->has = false;
	if (r == 0)
		r = csr_row(p->csr, type, src, &p->list);
	p->next = p->before + p->list.edge;
	return r;
}

/* 1 and the number of the first edge to DST that is nobody's yet, 0: there is none. */
static int place_find(struct place *p, uint32_t type, uint64_t src, uint64_t dst,
		      uint64_t *row)
{
	int r = 0;

	if (!p->open || p->type != type || p->src != src)
		r = place_enter(p, type, src);
	while (r == 0 && (!p->has || p->to < dst || (p->to == dst && p->used))) {
		r = csr_next(&p->list, &p->to);
		if (r <= 0)
			return r;
		p->has = true;
		p->used = false;
		p->next++;
		r = 0;
	}
	if (r < 0 || p->to != dst)
		return r;
	p->used = true;
	*row = p->next - 1;
	return 1;
}

static void begin_edge(struct build_props *p)
{
	gather_clear(&p->gather);
	p->weighed = false;
}

static int put_edge(struct build *b, struct place *at, const struct records_key *key,
		    struct prop_writer *w)
{
	uint32_t type = (uint32_t)(key->word[0] >> 32);
	uint64_t src = (key->word[0] & UINT32_MAX) << 8 | key->word[1] >> 56;
	uint64_t dst = key->word[1] << 8 >> 24, row = 0;
	int r = place_find(at, type, src, dst, &row);

	if (r > 0)
		return put_edge_row(b, w, row);
	if (r == 0 && src == dst && b->o.drop_loops)
		return 0;
	return r < 0 ? r : err_set(ERR_BUG, "an edge with properties is not in its list");
}

static bool same_edge(const struct build *b, const struct records_key *x,
		      const struct records_key *y)
{
	return b->o.equal != BUILD_KEEP && x->word[0] == y->word[0] && x->word[1] == y->word[1];
}

static int write_edges(struct build *b, struct csr *csr, struct prop_writer *w)
{
	struct build_props *p = &b->props;
	struct place *at = mem_zalloc(b->o.mem, sizeof *at);
	struct records_key key, before = {0};
	struct bytes record;
	bool any = false;
	int r = at ? 0 : ERR_MEMORY;

	begin_edge(p);
	if (at)
		at->csr = csr;
	while (r >= 0 && (r = records_next(p->edges, &key, &record)) > 0) {
		if (any && !same_edge(b, &before, &key)) {
			r = put_edge(b, at, &before, w);
			begin_edge(p);
		}
		before = key;
		any = true;
		if (r >= 0)
			r = gather_record(p, record);
	}
	if (r == 0 && any)
		r = put_edge(b, at, &before, w);
	mem_free(b->o.mem, at);
	return r;
}

static int write_one(struct build *b, enum prop_role role, struct csr *csr,
		     struct manifest_graph *g)
{
	struct records *from = role == PROP_NODES ? b->props.nodes : b->props.edges;
	struct prop_plan plan = {
		.role = role, .row_n = role == PROP_NODES ? b->node_n : csr_edge_n(csr),
	};
	struct segment_ref ref;
	struct prop_writer *w = NULL;
	int r = records_n(from) ? records_finish(from) : 0;

	if (r < 0 || records_n(from) == 0)
		return r;
	r = prop_create(&w, &plan, b->o.backend, b->o.store_id, b->o.mem);
	if (r == 0)
		r = role == PROP_NODES ? write_nodes(&b->props, w) : write_edges(b, csr, w);
	if (r == 0) {
		r = prop_finish(w, &ref);
		w = NULL;
	}
	prop_abort(w);
	if (r == 0)
		g->segment[g->segment_n++] = ref;
	return r;
}

int build_props_write(struct build *b, const struct segment_ref *out,
		      struct manifest_graph *g)
{
	struct csr *csr = NULL;
	int r;

	if (!b->props.said)
		return 0;
	r = csr_open(&csr, b->o.backend, out, b->o.store_id, b->o.mem);
	if (r == 0)
		r = write_one(b, PROP_NODES, csr, g);
	if (r == 0)
		r = write_one(b, PROP_EDGES, csr, g);
	csr_close(csr);
	return r;
}

void build_props_release(struct build *b)
{
	struct build_props *p = &b->props;

	spool_end(&p->reader);
	spool_close(p->said);
	records_close(p->nodes);
	records_close(p->edges);
	buf_release(&p->buf);
	gather_release(&p->gather);
	state_room_release(&p->room);
}
