/* graph/csr.c - lists of neighbours in place, whatever their layout
 *
 * The entry of a type is compared with the lengths of the sections, so that
 * afterwards every index below a count is inside its section; what the arrays
 * then say (offsets, targets) is checked where it is touched.
 */
#include "graph/csr_inside.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const uint8_t zero[CSR_ALIGN];

const char *csr_layout_name(enum csr_layout layout)
{
	static const char *const names[] = {
		[CSR_RAW] = "csr", [CSR_PACKED] = "csr-packed", [CSR_COO] = "coo",
	};

	return layout >= CSR_RAW && layout <= CSR_COO ? names[layout] : "unknown";
}

int csr_damaged(const struct csr *c, const void *at, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": adjacency: %s",
		       segment_path(c->seg), segment_file_off(c->seg, at), what);
}

int csr_list_damaged(const struct csr *c, const struct csr_held *h, const void *at,
		     const char *what)
{
	uint64_t off = h ? h->off + ((uintptr_t)at - (uintptr_t)h->at) :
		segment_file_off(c->seg, at);

	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": adjacency: %s",
		       segment_path(c->seg), off, what);
}

static int damaged_head(const struct csr *c, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: adjacency: %s", segment_path(c->seg), what);
}

static const struct csr_ops *ops_of(uint32_t layout)
{
	static const struct csr_ops *const all[] = {
		[CSR_RAW] = &csr_raw_ops, [CSR_PACKED] = &csr_packed_ops,
		[CSR_COO] = &csr_coo_ops,
	};

	return layout < sizeof all / sizeof all[0] ? all[layout] : NULL;
}

static int open_meta(struct csr *c)
{
	struct bytes meta = segment_get_meta(c->seg);
	struct csr_meta_disk m;

	if (meta.len < sizeof m)
		return damaged_head(c, "its superblock is too short");
	memcpy(&m, meta.ptr, sizeof m);
	c->ops = ops_of(le32_get(m.layout));
	if (!c->ops)
		return err_set(ERR_NEWER, "%s: adjacency of layout %" PRIu32,
			       segment_path(c->seg), le32_get(m.layout));
	c->layout = (enum csr_layout)le32_get(m.layout);
	c->direction = (enum csr_direction)le32_get(m.direction);
	c->values = c->stored = (enum csr_values)le32_get(m.values);
	c->node_n = le64_get(m.node_n);
	c->edge_n = le64_get(m.edge_n);
	c->type_n = le32_get(m.type_n);
	c->id_n = c->node_n;
	c->types = c->type_n;
	c->width = le32_get(m.width);
	c->dict = le64_get(m.dict);
	c->directory = segment_section(c->seg, CSR_TYPES);
	c->targets = segment_section(c->seg, CSR_TARGETS);
	c->rows = segment_section(c->seg, CSR_ROWS);
	c->values_at = segment_section(c->seg, CSR_VALUES);
	if (memcmp(m.zero, zero, sizeof m.zero))
		return damaged_head(c, "a field that must be zero is not");
	if (c->direction < CSR_OUT || c->direction > CSR_BOTH || c->stored > CSR_REALS ||
	    c->width != (c->node_n >> 32 ? 8 : 4) || c->node_n >= UINT64_MAX / 16 ||
	    c->directory.len != c->type_n * sizeof(struct csr_type_disk))
		return damaged_head(c, "its counts and its sections disagree");
	return 0;
}

int csr_open(struct csr **out, struct backend *b, const struct segment_ref *ref,
	     const uint8_t store_id[16], struct mem *mem)
{
	struct csr *c = mem_zalloc(mem, sizeof *c);
	int r;

	if (!c)
		return ERR_MEMORY;
	c->mem = mem;
	r = segment_open(&c->seg, b, ref, store_id, mem);
	if (r == 0)
		r = open_meta(c);
	if (r < 0) {
		csr_close(c);
		return r;
	}
	*out = c;
	return 0;
}

void csr_close(struct csr *c)
{
	if (!c)
		return;
	segment_close(c->seg);
	over_free(c->over);
	mem_free(c->mem, c);
}

uint64_t csr_node_n(const struct csr *c)
{
	return c->id_n;
}

bool csr_narrow(const struct csr *c)
{
	return c->id_n >> 32 == 0;
}

uint64_t csr_edge_n(const struct csr *c)
{
	return c->edge_n + (c->over ? (uint64_t)c->over->more : 0);
}

uint32_t csr_type_n(const struct csr *c)
{
	return c->types;
}

uint64_t csr_stored_edges(const struct csr *c)
{
	return c->edge_n;
}

enum csr_values csr_stored_values(const struct csr *c)
{
	return c->stored;
}

uint32_t csr_stored_types(const struct csr *c)
{
	return c->type_n;
}

bool csr_changed(const struct csr *c)
{
	return c->over;
}

enum csr_direction csr_direction(const struct csr *c)
{
	return c->direction;
}

enum csr_layout csr_layout(const struct csr *c)
{
	return c->layout;
}

enum csr_values csr_values(const struct csr *c)
{
	return c->values;
}

uint64_t csr_dict(const struct csr *c)
{
	return c->dict;
}

struct segment *csr_segment(const struct csr *c)
{
	return c->seg;
}

/* --- types --- */

/* OFF bytes into SECTION, a border; NULL when that is beyond it. */
static const uint8_t *part(struct bytes section, uint64_t off)
{
	static const uint8_t nothing;

	if (off == 0 && section.len == 0)
		return &nothing;
	return off % CSR_ALIGN == 0 && off <= section.len ? section.ptr + off : NULL;
}

static bool values_fit(const struct csr *c, const struct csr_type *t)
{
	uint32_t w = t->values_width;

	if (c->stored == CSR_NO_VALUES)
		return w == 0 && t->values_base == 0 && t->values_scale == 0;
	if (w > 8 || (w & (w - 1)))
		return false;
	if (t->values_scale != 0 && (c->stored != CSR_REALS || w == 0 || w == 8))
		return false;
	if (c->stored == CSR_REALS && t->values_scale == 0 && (w == 1 || w == 2))
		return false;
	return w == 0 || (c->values_at.len &&
			  csr_holds(t->values, c->values_at.ptr + c->values_at.len,
				    t->edge_n, w));
}

/* An edge of a segment without values has 1 in a graph that has them. */
static uint64_t value_of_one(enum csr_values kind)
{
	double one = 1;
	uint64_t bits;

	memcpy(&bits, &one, sizeof bits);
	return kind == CSR_REALS ? bits : 1;
}

static double scale_of(unsigned digits)
{
	static const double of[CSR_DIGITS + 1] = { 0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

	return digits <= CSR_DIGITS ? of[digits] : 0;
}

/* A type that came with the changes. */
static int type_without_edges(const struct csr *c, uint32_t type, struct csr_type *t)
{
	static const uint8_t nothing;

	if (type >= c->types)
		return err_set(ERR_BUG, "no type %" PRIu32 " among %" PRIu32, type, c->types);
	*t = (struct csr_type){ .id = type, .targets = &nothing, .targets_end = &nothing,
				.rows = &nothing, .rows_end = &nothing, .values = &nothing };
	return 0;
}

/* The directory's entry, held against the sections. */
int csr_type_of(struct csr *c, uint32_t type, struct csr_type *t)
{
	const struct csr_type_disk *d = (const void *)c->directory.ptr;
	uint64_t len;
	int r;

	if (type >= c->type_n)
		return type_without_edges(c, type, t);
	d += type;
	r = segment_check(c->seg, d, sizeof *d);
	if (r < 0)
		return r;
	len = le64_get(d->targets_len);
	t->id = type;
	t->edge_n = le64_get(d->edge_n);
	t->row_n = le64_get(d->row_n);
	t->sparse = le32_get(d->form) == CSR_SPARSE;
	t->targets = part(c->targets, le64_get(d->targets_off));
	t->held = NULL;
	t->rows = part(c->rows, le64_get(d->rows_off));
	t->rows_end = c->rows.len ? c->rows.ptr + c->rows.len : t->rows;
	t->values = part(c->values_at, le64_get(d->values_off));
	t->values_base = le64_get(d->values_base);
	t->values_width = d->values_width;
	t->values_scale = scale_of(d->values_digits);
	if (t->edge_n > c->edge_n || t->row_n > t->edge_n || t->row_n > c->node_n ||
	    d->values_digits > CSR_DIGITS || memcmp(d->zero, zero, sizeof d->zero) ||
	    (!t->sparse && le32_get(d->form) != CSR_DENSE) || !t->targets || !t->rows ||
	    !t->values || len > c->targets.len - le64_get(d->targets_off) || !values_fit(c, t))
		return csr_damaged(c, d, "a type's entry does not fit its sections");
	t->targets_end = t->targets + len;
	if (c->stored != c->values && c->stored == CSR_NO_VALUES)
		t->values_base = value_of_one(c->values);
	return c->ops->fits(c, t) ? 0 :
		csr_damaged(c, d, "a type's rows do not fit their section");
}

static int add_more(const struct csr_over *o, uint32_t type, uint64_t *n)
{
	uint64_t first, end;
	int r = over_rows(o, type, &first, &end);

	if (r == 0)
		r = over_reach_rows(o, first, first);
	if (r == 0)
		r = over_reach_rows(o, end, end);
	if (r == 0)
		*n += (uint64_t)(over_before(o, end) - over_before(o, first));
	return r;
}

int csr_type_edges(struct csr *c, uint32_t type, uint64_t *out)
{
	struct csr_type t;
	int r = csr_type_of(c, type, &t);

	*out = r == 0 ? t.edge_n : 0;
	return r == 0 && c->over ? add_more(c->over, type, out) : r;
}

/* --- lists --- */

static int find(struct csr *c, const struct csr_type *t, uint64_t node, struct csr_place *p)
{
	*p = (struct csr_place){ .node = node };
	if (node >= c->id_n)
		return err_set(ERR_BUG, "no node %" PRIu64, node);
	return t->edge_n && node < c->node_n ? c->ops->find(c, t, node, p) : 0;
}

static inline int changes_of(const struct csr *c, const struct csr_type *t, uint64_t node,
			     struct over_row *row)
{
	return c->over && node < c->id_n ? over_find(c->over, t->id, node, row) : 0;
}

int csr_row_of(struct csr *c, const struct csr_type *t, uint64_t node, struct csr_list *out)
{
	struct over_row row;
	struct csr_place p;
	int changed = changes_of(c, t, node, &row), r = find(c, t, node, &p), begun;

	if (r <= 0 || changed < 0)
		p.n = 0;
	begun = csr_list_at(c, t, &p, out);
	if (changed > 0 && r >= 0 && begun == 0)
		begun = over_begin(out, c->over, &row);
	return changed < 0 ? changed : r < 0 ? r : begun;
}

void csr_row_hint(struct csr *c, const struct csr_type *t, uint64_t node)
{
	if (c->ops->hint && t->edge_n && node < c->node_n)
		c->ops->hint(c, t, node);
}

int csr_row_find(struct csr *c, const struct csr_type *t, uint64_t node, struct csr_place *p)
{
	int r = find(c, t, node, p);

	if (r <= 0) {
		p->n = 0;
		return r;
	}
	__builtin_prefetch(p->at);	/* what changed it, if anything did, is in memory */
	if (t->values_width)
		__builtin_prefetch(t->values + p->edge * t->values_width);
	return 0;
}

int csr_row_open(struct csr *c, const struct csr_type *t, const struct csr_place *p,
		 struct csr_list *out)
{
	struct over_row row;
	int changed = changes_of(c, t, p->node, &row), r = csr_list_at(c, t, p, out);

	if (changed > 0 && r == 0)
		r = over_begin(out, c->over, &row);
	return changed < 0 ? changed : r;
}

int csr_stored_row(struct csr *c, uint32_t type, uint64_t node, struct csr_list *out)
{
	struct csr_type t = {0};
	struct csr_place p = {0};
	int r = csr_type_of(c, type, &t), begun;

	if (r == 0)
		r = find(c, &t, node, &p);
	if (r <= 0)
		p.n = 0;
	begun = csr_list_at(c, &t, &p, out);
	return r < 0 ? r : begun;
}

int csr_row(struct csr *c, uint32_t type, uint64_t node, struct csr_list *out)
{
	struct csr_type t = {0};
	struct csr_place none = {0};
	int r = csr_type_of(c, type, &t);

	if (r == 0)
		return csr_row_of(c, &t, node, out);
	csr_list_at(c, &t, &none, out);
	return r;
}

int csr_degree_of(struct csr *c, const struct csr_type *t, uint64_t node, uint64_t *out)
{
	struct over_row row;
	struct csr_place p;
	int changed = changes_of(c, t, node, &row), r = find(c, t, node, &p);

	*out = r > 0 ? p.n : 0;
	if (changed > 0 && r >= 0)
		r = over_length(c->over, &row, out);
	return changed < 0 ? changed : r < 0 ? r : 0;
}

int csr_degree(struct csr *c, uint32_t type, uint64_t node, uint64_t *out)
{
	struct csr_type t;
	int r = csr_type_of(c, type, &t);

	*out = 0;
	return r == 0 ? csr_degree_of(c, &t, node, out) : r;
}

int csr_block(struct csr_list *l, const uint64_t **ids)
{
	int n;

	*ids = l->ids;
	n = l->changed ? over_block(l, ids) : csr_stored_block(l);
	l->given = n > 0 ? (uint32_t)n : 0;
	return n;
}

/* The general block, in place: a narrow id's place is never behind the wide one's. */
static int narrowed(struct csr_list *l)
{
	int n = l->csr->ops->block(l);

	for (int i = 0; i < n; i++) {
		uint64_t id = l->ids[i];

		l->ids32[i] = (uint32_t)id;
	}
	return n;
}

int csr_stored_block32(struct csr_list *l, unsigned most, const uint32_t **ids)
{
	*ids = l->ids32;
	if (!l->left)
		return 0;
	return l->csr->ops->block32 ? l->csr->ops->block32(l, most, ids) : narrowed(l);
}

int csr_block32(struct csr_list *l, unsigned most, const uint32_t **ids)
{
	int n;

	if (!csr_narrow(l->csr))
		return err_set(ERR_BUG, "narrow ids of a graph that has wide ones");
	n = l->changed ? over_block32(l, most, ids) : csr_stored_block32(l, most, ids);
	l->given = n > 0 ? (uint32_t)n : 0;
	return n;
}

int csr_seek(struct csr_list *l, uint64_t id)
{
	if (l->changed)
		return over_seek(l, id);
	return l->left && l->csr->ops->seek ? l->csr->ops->seek(l, id) : 0;
}

/* --- values --- */

static uint64_t number_at(const uint8_t *at, uint32_t width)
{
	le64 v = {0};

	memcpy(&v, at, width);
	return le64_get(v);
}

/* Integers become reals where a change brought one that is none. */
union csr_value csr_stored_value(const struct csr_list *l, const uint8_t *at)
{
	union csr_value v;
	uint64_t x = l->values_width ? number_at(at, l->values_width) : 0;
	uint32_t narrow = (uint32_t)x;
	float f;

	if (l->csr->stored == CSR_INTEGERS || l->csr->values == CSR_INTEGERS) {
		v.i = (int64_t)(x + l->values_base);
		if (l->csr->values == CSR_REALS)
			v.r = (double)v.i;
	} else if (l->values_scale != 0) {
		v.r = (double)(int64_t)(x + l->values_base) / l->values_scale;
	} else if (l->values_width == 4) {
		memcpy(&f, &narrow, sizeof f);
		v.r = (double)f;
	} else {
		x = l->values_width ? x : l->values_base;
		memcpy(&v.r, &x, sizeof v.r);
	}
	return v;
}

int csr_block_values(struct csr_list *l, const union csr_value **v)
{
	uint64_t first = l->edge + l->n - l->left - l->given;
	uint32_t w = l->values_width;
	const uint8_t *at = l->values_at + first * w;
	int r;

	*v = l->values;
	if (l->csr->values == CSR_NO_VALUES)
		return err_set(ERR_BUG, "values of a graph that has none");
	if (l->changed)
		return over_block_values(l);
	r = w ? segment_check(l->csr->seg, at, (size_t)l->given * w) : 0;
	for (uint32_t i = 0; r == 0 && i < l->given; i++)
		l->values[i] = csr_stored_value(l, at + i * w);
	return r;
}

/* Are the values of this list other than what is stored? */
static inline bool other_values(const struct csr_list *l)
{
	return l->changed || (l->csr->stored != l->csr->values && l->csr->stored);
}

/* The values as they were read are 8 bytes each, less nothing. */
static int block_as_read(struct csr_list *l, struct csr_stored *v)
{
	const union csr_value *values;
	int r = csr_block_values(l, &values);

	*v = (struct csr_stored){ .at = (const uint8_t *)values, .width = sizeof *values };
	return r;
}

int csr_block_stored(struct csr_list *l, struct csr_stored *v)
{
	if (other_values(l))
		return block_as_read(l, v);
	v->width = l->values_width;
	v->base = l->values_base;
	v->scale = l->values_scale;
	v->at = l->values_at + (l->edge + l->n - l->left - l->given) * v->width;
	return v->width ? segment_check(l->csr->seg, v->at, (size_t)l->given * v->width) : 0;
}

/* By reading a copy of the list, which was not begun. */
static int list_as_read(struct csr_list *l, struct csr_stored *v)
{
	struct csr_list again = *l;
	uint64_t to, n = 0;
	int r = l->n <= CSR_BLOCK ? 0 : err_set(ERR_BUG, "values of a list that is too long");

	while (r >= 0 && (r = csr_next_value(&again, &to, &l->values[n])) > 0)
		n++;
	*v = (struct csr_stored){ .at = (const uint8_t *)l->values,
				  .width = sizeof *l->values };
	return r;
}

int csr_list_stored(struct csr_list *l, struct csr_stored *v)
{
	if (other_values(l))
		return list_as_read(l, v);
	v->width = l->values_width;
	v->base = l->values_base;
	v->scale = l->values_scale;
	v->at = l->values_at + l->edge * v->width;
	return v->width ? segment_check(l->csr->seg, v->at, (size_t)l->n * v->width) : 0;
}

int csr_stored_of(struct csr *c, const struct csr_type *t, uint64_t first, uint64_t n,
		  struct csr_stored *v)
{
	v->width = t->values_width;
	v->base = t->values_base;
	v->scale = t->values_scale;
	v->at = t->values + first * v->width;
	if (c->over || c->values == CSR_NO_VALUES || first > t->edge_n ||
	    n > t->edge_n - first)
		return err_set(ERR_BUG, "the values of no edges");
	return v->width ? segment_check(c->seg, v->at, n * v->width) : 0;
}

/* By reading the list from its beginning once more. */
static int merged_value(struct csr_list *l, uint64_t i, union csr_value *v)
{
	struct csr_list again;
	uint64_t to;
	int r = csr_row(l->csr, l->type, l->merge.row.node, &again);

	do {
		if (r >= 0)
			r = csr_next_value(&again, &to, v);
	} while (r > 0 && i--);
	return r < 0 ? r : 0;
}

int csr_value_at(struct csr_list *l, uint64_t i, union csr_value *v)
{
	uint32_t w = l->values_width;
	const uint8_t *at = l->values_at + (l->edge + i) * w;
	int r;

	if (l->csr->values == CSR_NO_VALUES || i >= l->n)
		return err_set(ERR_BUG, "the value of no edge");
	if (l->changed)
		return merged_value(l, i, v);
	r = w ? segment_check(l->csr->seg, at, w) : 0;
	if (r == 0)
		*v = csr_stored_value(l, at);
	return r;
}

int csr_next_value(struct csr_list *l, uint64_t *to, union csr_value *v)
{
	const union csr_value *values;
	int r;

	if (l->taken == l->filled) {
		r = csr_block(l, &l->block);
		if (r <= 0)
			return r;
		l->filled = (uint32_t)r;
		l->taken = 0;
		r = csr_block_values(l, &values);
		if (r < 0)
			return r;
	}
	*v = l->values[l->taken];
	*to = l->block[l->taken++];
	return 1;
}

/* --- how far --- */

/* Of the type's rows before NODE, beyond what the segment has. */
static int more_before(const struct csr_over *o, uint32_t type, uint64_t node, int64_t *more)
{
	uint64_t first, end, at;
	int r = over_rows(o, type, &first, &end);

	if (r == 0)
		r = over_from(o, type, node, &at, &end);
	if (r == 0)
		r = over_reach_rows(o, first, first);
	if (r == 0)
		r = over_reach_rows(o, at, at);
	*more = r == 0 ? over_before(o, at) - over_before(o, first) : 0;
	return r;
}

int csr_edges_before(struct csr *c, uint32_t type, uint64_t node, uint64_t *out)
{
	struct csr_type t;
	int r = csr_type_of(c, type, &t);
	int64_t more;

	*out = 0;
	if (r == 0 && t.edge_n && node < c->node_n)
		r = c->ops->before(c, &t, node, out);
	else if (r == 0)
		*out = t.edge_n;
	if (r < 0 || !c->over)
		return r;
	r = more_before(c->over, type, node, &more);	/* some too few may be too few for it */
	*out = more < 0 && *out < (uint64_t)-more ? 0 : *out + (uint64_t)more;
	return r;
}

int csr_lists_of(struct csr *c, uint32_t type, uint64_t first, uint64_t end, uint64_t *lo,
		 uint64_t *hi)
{
	struct csr_type t;
	uint64_t base;
	int r = csr_type_of(c, type, &t);

	*lo = *hi = 0;
	if (r < 0 || t.edge_n == 0 || first >= c->node_n || first >= end)
		return r;
	r = c->ops->lists(c, &t, first, end < c->node_n ? end : c->node_n, lo, hi);
	if (r < 0)
		return r;
	if (*lo > *hi || *hi > (uint64_t)(t.targets_end - t.targets))
		return csr_damaged(c, t.rows, "lists out of order");
	base = segment_file_off(c->seg, t.targets);
	*lo += base;
	*hi += base;
	return 0;
}

/* --- check --- */

static int check_list(struct csr *c, const struct csr_type *t, const struct csr_place *p)
{
	uint64_t before = 0, to;
	struct csr_list l;
	int r = csr_list_at(c, t, p, &l);

	while (r >= 0 && (r = csr_next(&l, &to)) > 0) {
		if (to < before)
			return csr_damaged(c, l.at, "a list out of order before this");
		before = to;
	}
	return r;
}

int csr_check(struct csr *c)
{
	uint64_t edge_n = 0;
	struct csr_type t = {0};
	int r = 0;

	for (uint32_t i = 0; i < c->type_n && r == 0; i++) {
		r = csr_type_of(c, i, &t);
		if (r == 0)
			r = c->ops->check(c, &t, check_list);
		edge_n += t.edge_n;
	}
	if (r == 0 && edge_n != c->edge_n)
		return damaged_head(c, "its types have other edges in all");
	return r;
}
