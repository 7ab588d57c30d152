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

/* --- lists: numbers as wide as the greatest is --- */

static const uint8_t slack[NARROW_SLACK];

/* N numbers that have this width in memory already. */
static int put_narrow(struct segment_writer *w, unsigned tag, const struct narrow *a, uint64_t n,
		      uint8_t *width)
{
	int r = a->at && n ? put(w, tag, a->at, n, a->width) : 0;

	*width = a->at ? (uint8_t)a->width : 0;
	return r == 0 && a->at && n ? segment_write(w, slack, sizeof slack) : r;
}

/* They, less BASE, in WIDTH bytes. */
static int put_narrower(struct segment_writer *w, unsigned tag, const struct narrow *a,
			uint64_t n, uint64_t base, uint32_t width)
{
	uint8_t some[4096 + NARROW_SLACK];
	struct narrow out = narrow_of(some, width);
	int r = n && width ? segment_begin(w, tag) : 0;

	for (uint64_t i = 0, k; r == 0 && width && i < n; i += k) {
		for (k = 0; k < 4096 / 8 && i + k < n; k++)
			narrow_put(&out, k, narrow_get(a, i + k) - base);
		r = segment_write(w, some, k * width);
	}
	return r == 0 && n && width ? segment_write(w, slack, sizeof slack) : r;
}

static int put_rows(struct segment_writer *w, unsigned tag, const struct csr_over *o,
		    struct delta_lists_disk *d)
{
	uint32_t last = narrow_width(over_row_slack(o, o->row_n));
	uint8_t some[24 * 128 + NARROW_SLACK];
	struct over_rows out;
	int r = segment_begin(w, tag);

	d->row_node = (uint8_t)o->row.first_at;
	d->row_first = (uint8_t)(o->row.slack_at - o->row.first_at);
	d->row_slack = (uint8_t)last;
	out = over_rows_of(some, d->row_node, d->row_first, d->row_slack);
	for (uint64_t i = 0, k; r == 0 && i <= o->row_n; i += k) {
		for (k = 0; k < 128 && i + k <= o->row_n; k++)
			over_put_row(&out, k, over_row_node(o, i + k), over_row_first(o, i + k),
				     over_row_slack(o, i + k));
		r = segment_write(w, some, k * out.stride);
	}
	return r < 0 ? r : segment_write(w, slack, sizeof slack);
}

/* Integers from the least of them on; reals as they are. */
static int put_values(struct segment_writer *w, unsigned tag, const struct csr_over *o,
		      bool integers, struct delta_lists_disk *d)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	uint32_t width = 8;

	for (uint64_t i = 0; integers && i < o->edge_n; i++) {
		int64_t v = over_value(o, i).i;

		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	if (integers && o->edge_n) {
		d->value_base = le64_of((uint64_t)least);
		width = narrow_width((uint64_t)most - (uint64_t)least);
	}
	d->value = (uint8_t)width;
	return put_narrower(w, tag, &o->value, o->edge_n, le64_get(d->value_base), width);
}

static int put_states_of(struct segment_writer *w, unsigned tag, const uint64_t *state,
			 uint64_t n, struct delta_lists_disk *d)
{
	struct narrow all = narrow_of((uint8_t *)(uintptr_t)state, 8);
	uint64_t most = 0;

	for (uint64_t i = 0; i < n; i++)
		most = state[i] > most ? state[i] : most;
	d->state = (uint8_t)narrow_width(most);
	return put_narrower(w, tag, &all, n, 0, d->state);
}

static int put_lists(struct segment_writer *w, unsigned way, const struct csr_over *o,
		     const uint64_t *state, bool integers, struct delta_lists_disk *d)
{
	unsigned tag = way * DELTA_LISTS;
	int r = put_rows(w, tag + DELTA_ROWS, o, d);

	if (r == 0)
		r = put(w, tag + DELTA_TYPE_ROWS, o->type_row, (uint64_t)o->type_n + 1,
			sizeof *o->type_row);
	if (r == 0)
		r = put_narrow(w, tag + DELTA_TO, &o->to, o->edge_n, &d->to);
	if (r == 0 && o->value.at)
		r = put_values(w, tag + DELTA_VALUES, o, integers, d);
	if (r == 0 && state)
		r = put_states_of(w, tag + DELTA_EDGE_STATES, state, o->edge_n, d);
	if (r == 0)
		r = put(w, tag + DELTA_DIRECTORY, o->dir, o->dir_n, sizeof *o->dir);
	if (r == 0)
		r = put(w, tag + DELTA_BLOCKS, o->block, o->block_n, sizeof *o->block);
	if (r == 0)
		r = put_narrow(w, tag + DELTA_NODE_ROWS, &o->node_row, o->node_n + 1,
			       &d->by_node);
	if (r == 0)
		r = put_narrow(w, tag + DELTA_BY_NODE, &o->by_node, o->row_n, &d->by_node);
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
	s->edge = mem_alloc(d->mem, (o->state.at ? o->edge_n : 0) * sizeof *s->edge);
	if (!s->node || !s->edge)
		return ERR_MEMORY;
	for (uint64_t i = 0; r == 0 && i < d->nodes_n; i++) {
		s->node[i] = d->nodes[i];
		r = put_state(s, d->nodes[i].value, &s->node[i].value);
	}
	for (uint64_t i = 0; r == 0 && o->state.at && i < o->edge_n; i++)
		r = put_state(s, narrow_get(&o->state, i), &s->edge[i]);
	return r;
}

/* --- --- */

static int put_all(struct states *s, struct delta_meta_disk *meta)
{
	const struct delta *d = s->d;
	const struct csr_over *o = d->of.out->over;
	const struct dict_more *m = dict_changes(d->of.dict);
	bool integers = csr_values(d->of.out) == CSR_INTEGERS;
	int r = put_states(s);

	if (r == 0)
		r = put_dict(s->w, m, meta);
	if (r == 0)
		r = put(s->w, DELTA_GONE_CUTS, d->gone_cut, m->gone_n, sizeof *d->gone_cut);
	if (r == 0)
		r = put(s->w, DELTA_NODES, s->node, d->nodes_n, sizeof *s->node);
	if (r == 0)
		r = put_lists(s->w, 0, o, o->state.at ? s->edge : NULL, integers, &meta->way[0]);
	if (r == 0 && d->of.in)
		r = put_lists(s->w, 1, d->of.in->over, NULL, integers, &meta->way[1]);
	mem_free(d->mem, s->node);
	mem_free(d->mem, s->edge);
	return r < 0 ? r : segment_meta(s->w, meta, sizeof *meta);
}

int delta_write(const struct delta *d, const struct delta_segment *s, uint64_t upto,
		struct segment_ref *ref)
{
	struct delta_meta_disk meta = {
		.folded = le64_of(s->row->folded), .upto = le64_of(upto),
		.form = le32_of(DELTA_FORM),
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
