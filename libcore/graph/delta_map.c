/* graph/delta_map.c - changes that lie in a segment, laid over a graph
 *
 * Opening looks at the superblock, at what keys came and went, at the nodes that have
 * states, and at the directory of lists, 4 bytes for 4096 nodes.  Lists are checked as
 * they are read, states as they are asked for.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/delta_disk.h"
#include "graph/delta_segment.h"
#include "graph/dict_more.h"

struct mapping {
	struct delta *d;
	struct segment *seg;
	struct delta_meta_disk meta;
	uint64_t id_n;
	uint32_t type_n;		/* the dictionary's and new ones */
};

static int damaged(const struct mapping *m, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: %s", segment_path(m->seg), what);
}

/* Section TAG, N items of SIZE bytes; as it is not written to, const goes. */
static int part(const struct mapping *m, unsigned tag, uint64_t n, size_t size, void *out)
{
	struct bytes all = segment_section(m->seg, tag);
	void *at = (void *)(uintptr_t)all.ptr;

	memcpy(out, &at, sizeof at);
	return n <= all.len / size && n * size == all.len ? 0 :
		damaged(m, "a section of another length than its counts say");
}

/* The same, looked at now. */
static int whole(const struct mapping *m, unsigned tag, uint64_t n, size_t size, void *out)
{
	int r = part(m, tag, n, size, out);
	const void *at;

	memcpy(&at, out, sizeof at);
	return r == 0 && n ? segment_check(m->seg, at, n * size) : r;
}

static int names(const struct mapping *m, unsigned tag, uint64_t n, struct more_names *out)
{
	uint64_t len = segment_section(m->seg, tag).len, end = 0;
	int r = whole(m, tag, len, 1, &out->text);

	if (r == 0)
		r = whole(m, tag + 1, n, sizeof *out->end, &out->end);
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		if (out->end[i] < end || out->end[i] > len)
			return damaged(m, "names are out of order");
		end = out->end[i];
	}
	return r == 0 && end != len ? damaged(m, "names are cut off") : r;
}

/* --- the dictionary --- */

static bool ascends(const uint64_t *v, uint64_t n, uint64_t most)
{
	for (uint64_t i = 0; i < n; i++)
		if (v[i] >= most || (i && v[i] <= v[i - 1]))
			return false;
	return true;
}

static bool keys_ascend(struct dict *d, const struct dict_more *m)
{
	for (uint64_t i = 1; i < m->new_n; i++)
		if (dict_compare(d, more_name(&m->key, i - 1), more_name(&m->key, i)) >= 0)
			return false;
	for (uint32_t i = 1; i < m->type_n; i++)
		if (bytes_cmp(more_name(&m->type, i - 1), more_name(&m->type, i)) >= 0)
			return false;
	return true;
}

static bool places_fit(const struct dict_more *m)
{
	for (uint64_t i = 0; i < m->new_n; i++)
		if (m->before[i] > m->stored_n || (i && m->before[i] < m->before[i - 1]) ||
		    m->place[i] != more_place(m, m->before[i], i))
			return false;
	return true;
}

static int map_names(struct mapping *m, struct dict_more *to)
{
	int r = names(m, DELTA_KEYS, to->new_n, &to->key);

	if (r == 0)
		r = names(m, DELTA_TYPES, to->type_n, &to->type);
	if (r == 0)
		r = whole(m, DELTA_NUMBERS, to->number_n, sizeof *to->number, &to->number);
	if (r == 0)
		r = whole(m, DELTA_BEFORE, to->new_n, sizeof *to->before, &to->before);
	if (r == 0)
		r = whole(m, DELTA_PLACES, to->new_n, sizeof *to->place, &to->place);
	if (r == 0)
		r = whole(m, DELTA_GONE, to->gone_n, sizeof *to->gone, &to->gone);
	return r < 0 ? r : whole(m, DELTA_GONE_PLACES, to->gone_n, sizeof *to->gone_place,
				 &to->gone_place);
}

static int map_dict(struct mapping *m, struct dict_more *to)
{
	static uint64_t none;
	struct dict *dict = m->d->of.dict;
	bool numbers = dict_stored_form(dict) != DICT_FORM_STRINGS;
	int r = map_names(m, to);

	if (r < 0)
		return r;
	if (to->number_n > (numbers ? to->new_n : 0) || !ascends(to->number, to->number_n, UINT64_MAX) ||
	    !ascends(to->gone, to->gone_n, to->stored_n) ||
	    !ascends(to->gone_place, to->gone_n, to->stored_n) || !keys_ascend(dict, to) ||
	    !places_fit(to))
		return damaged(m, "its keys are out of order");
	if (numbers && !to->number)
		to->number = &none;	/* none of a dictionary of numbers */
	return 0;
}

static int lay_dict(struct mapping *m)
{
	struct dict *dict = m->d->of.dict;
	struct dict_more *to = mem_zalloc(m->d->mem, sizeof *to);
	int r;

	if (!to)
		return ERR_MEMORY;
	*to = (struct dict_more){
		.mem = m->d->mem, .lent = true, .stored_n = dict_key_n(dict),
		.stored_type_n = dict_type_n(dict), .new_n = le64_get(m->meta.key_n),
		.number_n = le64_get(m->meta.number_n), .gone_n = le64_get(m->meta.gone_n),
		.type_n = le32_get(m->meta.type_n),
	};
	r = to->new_n > UINT64_MAX / 2 || to->type_n > UINT32_MAX - to->stored_type_n ?
		damaged(m, "more names than there can be") : map_dict(m, to);
	if (r == 0)
		r = whole(m, DELTA_GONE_CUTS, to->gone_n, sizeof *m->d->gone_cut,
			  &m->d->gone_cut);
	if (r < 0) {
		more_free(to);
		return r;
	}
	m->id_n = to->stored_n + to->new_n;
	m->type_n = to->stored_type_n + to->type_n;
	dict_take(dict, to);
	return 0;
}

/* --- nodes --- */

static int map_nodes(struct mapping *m)
{
	struct delta *d = m->d;
	int r;

	d->nodes_n = le64_get(m->meta.node_n);
	r = whole(m, DELTA_NODES, d->nodes_n, sizeof *d->nodes, &d->nodes);
	d->stored = segment_section(m->seg, DELTA_STATES);
	for (uint64_t i = 0; r == 0 && i < d->nodes_n; i++)
		if (d->nodes[i].id >= m->id_n || (i && d->nodes[i].id <= d->nodes[i - 1].id) ||
		    d->nodes[i].value > d->stored.len || d->nodes[i].zero ||
		    d->nodes[i].state < CHANGE_THERE || d->nodes[i].state > CHANGE_GONE_CASCADE)
			r = damaged(m, "its nodes are out of order");
	return r;
}

/* --- lists --- */

/* N numbers of WIDTH bytes with slack behind; of width 0 they are all 0, wherever. */
static int part_narrow(const struct mapping *m, unsigned tag, uint64_t n, uint32_t width,
		       const struct csr_over *o, struct narrow *out)
{
	struct bytes all = segment_section(m->seg, tag);
	uint64_t slack = n && width ? NARROW_SLACK : 0;

	if (width > 8)
		return damaged(m, "numbers of a width that none have");
	*out = narrow_of(width && n ? (uint8_t *)(uintptr_t)all.ptr : o->row.at, width);
	return all.len >= slack && (!width || n <= (all.len - slack) / width) &&
		n * width + slack == all.len ? 0 :
		damaged(m, "a section of another length than its counts say");
}

static int part_rows(const struct mapping *m, unsigned tag, const struct delta_lists_disk *d,
		     struct csr_over *o)
{
	struct bytes all = segment_section(m->seg, tag);

	if (!d->row_node || d->row_node > 8 || !d->row_first || d->row_first > 8 ||
	    d->row_slack > 8)
		return damaged(m, "rows of widths that none have");
	o->row = over_rows_of((uint8_t *)(uintptr_t)all.ptr, d->row_node, d->row_first,
			      d->row_slack);
	return all.len >= NARROW_SLACK &&
		o->row_n < (all.len - NARROW_SLACK) / o->row.stride &&
		(o->row_n + 1) * o->row.stride + NARROW_SLACK == all.len ? 0 :
		damaged(m, "a section of another length than its counts say");
}

static int map_rows(const struct mapping *m, unsigned tag, const struct delta_lists_disk *d,
		    struct csr_over *o)
{
	bool values = le32_get(m->meta.values);
	bool states = segment_section(m->seg, tag + DELTA_EDGE_STATES).len;
	int r = part_rows(m, tag + DELTA_ROWS, d, o);

	if (r == 0)
		r = part(m, tag + DELTA_TYPE_ROWS, (uint64_t)o->type_n + 1, sizeof *o->type_row,
			 &o->type_row);
	if (r == 0)
		r = d->to >= over_to_width(m->id_n) ?
			part_narrow(m, tag + DELTA_TO, o->edge_n, d->to, o, &o->to) :
			damaged(m, "targets of a width that not all nodes have");
	if (r == 0 && values)
		r = part_narrow(m, tag + DELTA_VALUES, o->edge_n, d->value, o, &o->value);
	o->value_base = le64_get(d->value_base);
	if (r == 0 && states)
		r = part_narrow(m, tag + DELTA_EDGE_STATES, o->edge_n, d->state, o, &o->state);
	return r;
}

static int map_index(const struct mapping *m, unsigned tag, uint32_t width,
		     struct csr_over *o)
{
	int r = whole(m, tag + DELTA_DIRECTORY, o->dir_n, sizeof *o->dir, &o->dir);

	for (uint64_t i = 0; r == 0 && i < o->dir_n; i++)
		if (o->dir[i] > o->block_n)
			r = damaged(m, "its directory leads beyond all blocks");
	if (r == 0)
		r = part(m, tag + DELTA_BLOCKS, o->block_n, sizeof *o->block, &o->block);
	if (r < 0 || segment_section(m->seg, tag + DELTA_BY_NODE).len == 0)
		return r < 0 ? r : o->node_n == o->row_n ? 0 :
			damaged(m, "nodes with changes have no lists");
	if (o->node_n > o->row_n)
		return damaged(m, "more nodes with changes than lists");
	r = part_narrow(m, tag + DELTA_NODE_ROWS, o->node_n + 1, width, o, &o->node_row);
	return r < 0 ? r : part_narrow(m, tag + DELTA_BY_NODE, o->row_n, width, o, &o->by_node);
}

static int lay_lists(struct mapping *m, struct csr *c, unsigned way)
{
	const struct delta_lists_disk *d = &m->meta.way[way];
	struct csr_over *o = mem_zalloc(c->mem, sizeof *o);
	int r;

	if (!o)
		return ERR_MEMORY;
	*o = (struct csr_over){
		.mem = c->mem, .seg = m->seg, .type_n = m->type_n, .id_n = m->id_n,
		.row_n = le64_get(d->row_n), .edge_n = le64_get(d->edge_n),
		.node_n = le64_get(d->node_n), .block_n = le64_get(d->block_n),
		.there_n = le64_get(d->there_n), .more = (int64_t)le64_get(d->more),
		.more_up = (int64_t)le64_get(d->more_up),
		.dir_n = m->id_n / OVER_BLOCK + 1,
	};
	r = map_rows(m, way * DELTA_LISTS, d, o);
	if (r == 0)
		r = map_index(m, way * DELTA_LISTS, d->by_node, o);
	if (r == 0 && o->more < 0 && csr_edge_n(c) < (uint64_t)-o->more)
		r = damaged(m, "more edges went than there were");
	if (r < 0)
		over_free(o);
	else
		csr_lay_over(c, o, (enum csr_values)le32_get(m->meta.values));
	return r;
}

/* --- --- */

static bool zeros_are(const struct delta_meta_disk *d)
{
	static const uint8_t zero[sizeof d->zero];

	return !memcmp(d->zero, zero, sizeof d->zero) &&
		!memcmp(d->way[0].zero, zero, sizeof d->way[0].zero) &&
		!memcmp(d->way[1].zero, zero, sizeof d->way[1].zero);
}

static int take_meta(struct mapping *m, const struct delta_segment *s)
{
	struct bytes meta = segment_get_meta(m->seg);
	struct delta *d = m->d;
	uint32_t flags, values;
	le64 base[3];

	memcpy(&m->meta, meta.ptr, meta.len < sizeof m->meta ? meta.len : sizeof m->meta);
	if (meta.len < offsetof(struct delta_meta_disk, way))
		return damaged(m, "a meta of another length");
	if (le32_get(m->meta.form) != DELTA_FORM)
		return err_set(ERR_NEWER, "%s: changes of form %" PRIu32, segment_path(m->seg),
			       le32_get(m->meta.form));
	if (meta.len != sizeof m->meta || !zeros_are(&m->meta))
		return damaged(m, "a meta that none has");
	flags = le32_get(m->meta.flags);
	values = le32_get(m->meta.values);
	delta_base(s->row, base);
	if (le32_get(m->meta.space) != s->row->space || memcmp(m->meta.base, base, sizeof base) ||
	    le64_get(m->meta.folded) != s->row->folded || le64_get(m->meta.upto) != s->row->upto ||
	    !(flags & DELTA_UNDIRECTED) != (d->of.in != NULL))
		return damaged(m, "changes of another graph");
	if (values > CSR_REALS || values < (uint32_t)csr_values(d->of.out))
		return damaged(m, "values of another kind");
	d->note.entry_n = le64_get(m->meta.entry_n);
	d->note.edge_more = (int64_t)le64_get(m->meta.edge_more);
	d->note.edge_says = flags & DELTA_EDGES_SAY;
	d->lost_cut = flags & DELTA_LOST_CUT;
	return 0;
}

static int lay_over(struct mapping *m, const struct delta_segment *s)
{
	struct delta *d = m->d;
	int r = segment_open(&m->seg, s->backend, delta_segment_of(s->row), s->store_id, d->mem);

	d->seg = m->seg;
	d->lent = true;
	if (r == 0)
		r = take_meta(m, s);
	if (r == 0)
		r = lay_dict(m);
	if (r == 0)
		r = map_nodes(m);
	if (r == 0)
		r = lay_lists(m, d->of.out, 0);
	if (r == 0 && d->of.in)
		r = lay_lists(m, d->of.in, 1);
	return r;
}

int delta_map(struct delta **out, const struct delta_of *of, const struct delta_segment *s)
{
	struct mapping m = { .d = mem_zalloc(of->mem, sizeof *m.d) };
	int r;

	if (!m.d)
		return ERR_MEMORY;
	delta_init(m.d, of);
	r = lay_over(&m, s);
	if (r < 0)
		delta_close(m.d);
	else
		*out = m.d;
	return r;
}

struct segment *delta_file(const struct delta *d)
{
	return d->lent ? d->seg : NULL;
}
