/* graph/delta_write.c - changes, as they lie in memory, to a segment */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/delta_disk.h"
#include "graph/delta_segment.h"
#include "graph/dict_more.h"

bool delta_in_place(void)
{
	return DELTA_IN_PLACE;
}

bool delta_is_new(const struct delta *d)
{
	return !d->of.out->over->seg;
}

const struct segment_ref *delta_segment_of(const struct manifest_graph *g)
{
	for (uint32_t i = 0; DELTA_IN_PLACE && i < g->segment_n; i++)
		if (g->segment[i].kind == SEGMENT_DELTA)
			return &g->segment[i];
	return NULL;
}

void delta_base(const struct manifest_graph *g, le64 id[3])
{
	unsigned n = 0;

	memset(id, 0, 3 * sizeof *id);
	for (uint32_t i = 0; n < 3 && i < g->segment_n; i++)
		if (g->segment[i].kind == SEGMENT_DICT || g->segment[i].kind == SEGMENT_CSR)
			id[n++] = le64_of(g->segment[i].id);
}

static int put(struct segment_writer *w, unsigned tag, const void *ptr, uint64_t n, size_t size)
{
	int r = n ? segment_begin(w, tag) : 0;

	return r == 0 && n ? segment_write(w, ptr, n * size) : r;
}

static int put_names(struct segment_writer *w, unsigned tag, const struct more_names *names,
		     uint64_t n)
{
	int r = put(w, tag, names->text, n ? names->end[n - 1] : 0, 1);

	return r < 0 ? r : put(w, tag + 1, names->end, n, sizeof *names->end);
}

static int put_dict(struct segment_writer *w, const struct dict_more *m,
		    struct delta_meta_disk *meta)
{
	int r = put_names(w, DELTA_KEYS, &m->key, m->new_n);

	meta->key_n = le64_of(m->new_n);
	meta->number_n = le64_of(m->number_n);
	meta->gone_n = le64_of(m->gone_n);
	meta->type_n = le32_of(m->type_n);
	if (r == 0)
		r = put(w, DELTA_NUMBERS, m->number, m->number_n, sizeof *m->number);
	if (r == 0)
		r = put(w, DELTA_BEFORE, m->before, m->new_n, sizeof *m->before);
	if (r == 0)
		r = put(w, DELTA_PLACES, m->place, m->new_n, sizeof *m->place);
	if (r == 0)
		r = put(w, DELTA_GONE, m->gone, m->gone_n, sizeof *m->gone);
	if (r == 0)
		r = put(w, DELTA_GONE_PLACES, m->gone_place, m->gone_n, sizeof *m->gone_place);
	return r < 0 ? r : put_names(w, DELTA_TYPES, &m->type, m->type_n);
}

static int put_lists(struct segment_writer *w, unsigned way, const struct csr_over *o,
		     const uint64_t *state, struct delta_lists_disk *d)
{
	unsigned tag = way * DELTA_LISTS;
	int r = put(w, tag + DELTA_ROWS, o->row, o->row_n + 1, sizeof *o->row);

	if (r == 0)
		r = put(w, tag + DELTA_TYPE_ROWS, o->type_row, (uint64_t)o->type_n + 1,
			sizeof *o->type_row);
	if (r == 0)
		r = put(w, tag + DELTA_TO, o->to, o->edge_n, sizeof *o->to);
	if (r == 0 && o->value)
		r = put(w, tag + DELTA_VALUES, o->value, o->edge_n, sizeof *o->value);
	if (r == 0 && state)
		r = put(w, tag + DELTA_EDGE_STATES, state, o->edge_n, sizeof *state);
	if (r == 0)
		r = put(w, tag + DELTA_DIRECTORY, o->dir, o->dir_n, sizeof *o->dir);
	if (r == 0)
		r = put(w, tag + DELTA_BLOCKS, o->block, o->block_n, sizeof *o->block);
	if (r == 0 && o->by_node)
		r = put(w, tag + DELTA_NODE_ROWS, o->node_row, o->node_n + 1,
			sizeof *o->node_row);
	if (r == 0 && o->by_node)
		r = put(w, tag + DELTA_BY_NODE, o->by_node, o->row_n, sizeof *o->by_node);
	d->row_n = le64_of(o->row_n);
	d->edge_n = le64_of(o->edge_n);
	d->node_n = le64_of(o->node_n);
	d->block_n = le64_of(o->block_n);
	d->there_n = le64_of(o->there_n);
	d->more = le64_of((uint64_t)o->more);
	d->more_up = le64_of((uint64_t)o->more_up);
	return r;
}

/* --- states: those that count, one after another --- */

struct states {
	const struct delta *d;
	struct segment_writer *w;
	struct delta_node *node;	/* as in D, ... */
	uint64_t *edge;			/* ... but for their states */
	uint64_t end;
};

static int put_state(struct states *s, uint64_t was, uint64_t *now)
{
	struct bytes b = {0};
	le32 len;
	int r = was ? delta_state_bytes(s->d, was, &b) : 0;

	*now = was ? s->end + 1 : 0;
	if (r < 0 || !was)
		return r;
	if (s->end == 0)
		r = segment_begin(s->w, DELTA_STATES);
	len = le32_of((uint32_t)b.len);
	if (r == 0)
		r = segment_write(s->w, &len, sizeof len);
	if (r == 0)
		r = segment_write(s->w, b.ptr, b.len);
	s->end += sizeof len + b.len;
	return r;
}

static int put_states(struct states *s)
{
	const struct delta *d = s->d;
	const struct csr_over *o = d->of.out->over;
	int r = 0;

	s->node = mem_alloc(d->mem, d->nodes_n * sizeof *s->node);
	s->edge = mem_alloc(d->mem, (o->state ? o->edge_n : 0) * sizeof *s->edge);
	if (!s->node || !s->edge)
		return ERR_MEMORY;
	for (uint64_t i = 0; r == 0 && i < d->nodes_n; i++) {
		s->node[i] = d->nodes[i];
		r = put_state(s, d->nodes[i].value, &s->node[i].value);
	}
	for (uint64_t i = 0; r == 0 && o->state && i < o->edge_n; i++)
		r = put_state(s, o->state[i], &s->edge[i]);
	return r;
}

/* --- --- */

static int put_all(struct states *s, struct delta_meta_disk *meta)
{
	const struct delta *d = s->d;
	const struct csr_over *o = d->of.out->over;
	const struct dict_more *m = dict_changes(d->of.dict);
	int r = put_states(s);

	if (r == 0)
		r = put_dict(s->w, m, meta);
	if (r == 0)
		r = put(s->w, DELTA_GONE_CUTS, d->gone_cut, m->gone_n, sizeof *d->gone_cut);
	if (r == 0)
		r = put(s->w, DELTA_NODES, s->node, d->nodes_n, sizeof *s->node);
	if (r == 0)
		r = put_lists(s->w, 0, o, o->state ? s->edge : NULL, &meta->way[0]);
	if (r == 0 && d->of.in)
		r = put_lists(s->w, 1, d->of.in->over, NULL, &meta->way[1]);
	mem_free(d->mem, s->node);
	mem_free(d->mem, s->edge);
	return r < 0 ? r : segment_meta(s->w, meta, sizeof *meta);
}

int delta_write(const struct delta *d, const struct delta_segment *s, uint64_t upto,
		struct segment_ref *ref)
{
	struct delta_meta_disk meta = {
		.folded = le64_of(s->row->folded), .upto = le64_of(upto),
		.space = le32_of(s->row->space), .entry_n = le64_of(d->note.entry_n),
		.edge_more = le64_of((uint64_t)d->note.edge_more),
		.node_n = le64_of(d->nodes_n), .values = le32_of(csr_values(d->of.out)),
		.flags = le32_of((d->of.in ? 0 : DELTA_UNDIRECTED) |
				 (d->note.edge_says ? DELTA_EDGES_SAY : 0) |
				 (d->lost_cut ? DELTA_LOST_CUT : 0)),
	};
	struct states states = { .d = d };
	int r;

	delta_base(s->row, meta.base);
	r = segment_create(&states.w, s->backend, SEGMENT_DELTA, s->store_id, d->mem);
	if (r < 0)
		return r;
	r = put_all(&states, &meta);
	if (r == 0)
		return segment_finish(states.w, ref);
	segment_abort(states.w);
	return r;
}
