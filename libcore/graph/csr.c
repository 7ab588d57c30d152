/* graph/csr.c - lists of neighbours in place
 *
 * Opening compares the directory of types with the lengths of the sections, so
 * that afterwards every index below a count is inside its section; what the
 * arrays then say (offsets, targets) is checked where it is touched.
 */
#include "graph/csr.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_disk.h"

struct type {
	const uint8_t *nodes;	/* sparse: ids of the rows; dense: NULL */
	const uint8_t *first;	/* le64[row_n + 1], dense: [node_n + 1] */
	const uint8_t *targets;
	uint64_t edge_n, row_n;
};

static const uint8_t zero[CSR_ALIGN];

struct csr {
	struct mem *mem;
	struct segment *seg;
	enum csr_direction direction;
	uint64_t node_n, edge_n, dict;
	uint32_t type_n;
	unsigned width;
	struct bytes directory, targets, rows;
};

static int damaged(const struct csr *c, const void *at, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": adjacency: %s",
		       segment_path(c->seg), segment_file_off(c->seg, at), what);
}

static int damaged_head(const struct csr *c, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: adjacency: %s", segment_path(c->seg), what);
}

static int open_meta(struct csr *c)
{
	struct bytes meta = segment_get_meta(c->seg);
	struct csr_meta_disk m;

	if (meta.len < sizeof m)
		return damaged_head(c, "its superblock is too short");
	memcpy(&m, meta.ptr, sizeof m);
	if (le32_get(m.layout) != CSR_LAYOUT_RAW)
		return err_set(ERR_NEWER, "%s: adjacency of layout %" PRIu32,
			       segment_path(c->seg), le32_get(m.layout));
	c->direction = (enum csr_direction)le32_get(m.direction);
	c->node_n = le64_get(m.node_n);
	c->edge_n = le64_get(m.edge_n);
	c->type_n = le32_get(m.type_n);
	c->width = le32_get(m.width);
	c->dict = le64_get(m.dict);
	c->directory = segment_section(c->seg, CSR_TYPES);
	c->targets = segment_section(c->seg, CSR_TARGETS);
	c->rows = segment_section(c->seg, CSR_ROWS);
	if (memcmp(m.zero, zero, sizeof m.zero))
		return damaged_head(c, "a field that must be zero is not");
	if (c->direction < CSR_OUT || c->direction > CSR_BOTH ||
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
	mem_free(c->mem, c);
}

uint64_t csr_node_n(const struct csr *c)
{
	return c->node_n;
}

uint64_t csr_edge_n(const struct csr *c)
{
	return c->edge_n;
}

uint32_t csr_type_n(const struct csr *c)
{
	return c->type_n;
}

enum csr_direction csr_direction(const struct csr *c)
{
	return c->direction;
}

uint64_t csr_dict(const struct csr *c)
{
	return c->dict;
}

struct segment *csr_segment(const struct csr *c)
{
	return c->seg;
}

/* Does SECTION hold N items of WIDTH bytes from OFF, a border, on? */
static bool holds(struct bytes section, uint64_t off, uint64_t n, unsigned width)
{
	return off % CSR_ALIGN == 0 && off <= section.len &&
		n <= (section.len - off) / width;
}

static bool rows_fit(const struct csr *c, const struct csr_type_disk *d, struct type *t)
{
	uint64_t off = le64_get(d->rows_off), first = off;

	if (le32_get(d->form) == CSR_DENSE) {
		t->nodes = NULL;
		if (!holds(c->rows, first, c->node_n + 1, 8))
			return false;
		t->first = c->rows.ptr + first;
		return true;
	}
	if (le32_get(d->form) != CSR_SPARSE || !holds(c->rows, off, t->row_n, c->width))
		return false;
	t->nodes = c->rows.ptr + off;
	first = off + disk_round_up(t->row_n * c->width, CSR_ALIGN);
	if (!holds(c->rows, first, t->row_n + 1, 8))
		return false;
	t->first = c->rows.ptr + first;
	return true;
}

/* The directory's entry, held against the sections. */
static int type_of(struct csr *c, uint32_t type, struct type *t)
{
	const struct csr_type_disk *d = (const void *)c->directory.ptr;
	int r;

	if (type >= c->type_n)
		return err_set(ERR_BUG, "no type %" PRIu32 " among %" PRIu32, type, c->type_n);
	d += type;
	r = segment_check(c->seg, d, sizeof *d);
	if (r < 0)
		return r;
	t->edge_n = le64_get(d->edge_n);
	t->row_n = le64_get(d->row_n);
	if (memcmp(d->zero, zero, sizeof d->zero) || t->edge_n > c->edge_n ||
	    t->row_n > t->edge_n || t->row_n > c->node_n ||
	    !holds(c->targets, le64_get(d->targets_off), t->edge_n, c->width) ||
	    !rows_fit(c, d, t))
		return damaged(c, d, "a type's entry does not fit its sections");
	t->targets = c->targets.ptr + le64_get(d->targets_off);
	return 0;
}

static int node_at(struct csr *c, const struct type *t, uint64_t i, uint64_t *out)
{
	const uint8_t *at = t->nodes + i * c->width;
	int r = segment_check(c->seg, at, c->width);

	if (r < 0)
		return r;
	*out = c->width == 4 ? le32_get(*(const le32 *)at) : le64_get(*(const le64 *)at);
	return *out < c->node_n ? 0 : damaged(c, at, "a row of no node");
}

/* 1 and the row of NODE, 0 when it has none. */
static int find_row(struct csr *c, const struct type *t, uint64_t node, uint64_t *row)
{
	uint64_t lo = 0, hi = t->row_n, x;

	if (!t->nodes) {
		*row = node;
		return 1;
	}
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int r = node_at(c, t, mid, &x);

		if (r < 0)
			return r;
		if (x == node) {
			*row = mid;
			return 1;
		}
		if (x < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

static int bounds(struct csr *c, const struct type *t, uint64_t row, uint64_t *lo,
		  uint64_t *hi)
{
	const uint8_t *at = t->first + 8 * row;
	int r = segment_check(c->seg, at, 16);

	if (r < 0)
		return r;
	*lo = le64_get(((const le64 *)at)[0]);
	*hi = le64_get(((const le64 *)at)[1]);
	if (*lo > *hi || *hi > t->edge_n)
		return damaged(c, at, "offsets out of order");
	return 0;
}

/* The list is targets [lo, hi) of its type. */
static int list_at(struct csr *c, const struct type *t, uint64_t lo, uint64_t hi,
		   struct csr_list *out)
{
	out->n = out->left = hi - lo;
	out->edge = lo;
	out->csr = c;
	out->at = t->targets + lo * c->width;
	out->taken = out->filled = 0;
	return 0;
}

/* N ids widened from the file; the greatest of them. */
static uint64_t widen(uint64_t *ids, const uint8_t *at, uint32_t n, unsigned width)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		ids[i] = width == 4 ? le32_get(((const le32 *)at)[i]) :
			le64_get(((const le64 *)at)[i]);
		most = ids[i] > most ? ids[i] : most;
	}
	return most;
}

int csr_block(struct csr_list *l, const uint64_t **ids)
{
	struct csr *c = l->csr;
	uint32_t n = l->left < CSR_BLOCK ? (uint32_t)l->left : CSR_BLOCK;
	int r;

	if (n == 0)
		return 0;
	r = segment_check(c->seg, l->at, (size_t)n * c->width);
	if (r < 0)
		return r;
	if (widen(l->ids, l->at, n, c->width) >= c->node_n)
		return damaged(c, l->at, "a neighbour that is no node");
	l->at += (size_t)n * c->width;
	l->left -= n;
	*ids = l->ids;
	return (int)n;
}

static int list_of(struct csr *c, const struct type *t, uint64_t row, struct csr_list *out)
{
	uint64_t lo, hi;
	int r = bounds(c, t, row, &lo, &hi);

	return r < 0 ? r : list_at(c, t, lo, hi, out);
}

int csr_row(struct csr *c, uint32_t type, uint64_t node, struct csr_list *out)
{
	struct type t;
	uint64_t row;
	int r = type_of(c, type, &t);

	list_at(c, &(struct type){0}, 0, 0, out);
	if (r == 0 && node >= c->node_n)
		return err_set(ERR_BUG, "no node %" PRIu64, node);
	if (r == 0)
		r = find_row(c, &t, node, &row);
	return r <= 0 ? r : list_of(c, &t, row, out);
}

int csr_degree(struct csr *c, uint32_t type, uint64_t node, uint64_t *out)
{
	struct type t;
	uint64_t row, lo = 0, hi = 0;
	int r = type_of(c, type, &t);

	if (r == 0 && node >= c->node_n)
		return err_set(ERR_BUG, "no node %" PRIu64, node);
	if (r == 0 && (r = find_row(c, &t, node, &row)) > 0)
		r = bounds(c, &t, row, &lo, &hi);
	*out = hi - lo;
	return r;
}

int csr_type_edges(struct csr *c, uint32_t type, uint64_t *out)
{
	struct type t;
	int r = type_of(c, type, &t);

	*out = r == 0 ? t.edge_n : 0;
	return r;
}

void csr_scan_begin(struct csr_scan *s, struct csr *c, uint32_t type)
{
	*s = (struct csr_scan){ .csr = c, .type = type };
}

/* 1 and the next row that is not empty, its list at [*lo, *hi). */
static int scan_row(struct csr_scan *s, struct type *t, uint64_t *lo, uint64_t *hi)
{
	struct csr *c = s->csr;
	int r = type_of(c, s->type, t);

	while (r == 0 && s->row < (t->nodes ? t->row_n : c->node_n)) {
		s->node = s->row;
		if (t->nodes)
			r = node_at(c, t, s->row, &s->node);
		if (r == 0)
			r = bounds(c, t, s->row++, lo, hi);
		if (r == 0 && *lo < *hi)
			return 1;
	}
	return r;
}

int csr_scan_next(struct csr_scan *s, struct csr_list *out)
{
	struct type t;
	uint64_t lo, hi;
	int r = scan_row(s, &t, &lo, &hi);

	if (r > 0 && (r = list_at(s->csr, &t, lo, hi, out)) == 0)
		r = 1;
	return r;
}

int csr_scan_degree(struct csr_scan *s, uint64_t *out)
{
	struct type t;
	uint64_t lo = 0, hi = 0;
	int r = scan_row(s, &t, &lo, &hi);

	*out = hi - lo;
	return r;
}

/* --- check --- */

static int check_list(struct csr *c, struct csr_list *l)
{
	uint64_t before = 0, to;
	int r;

	while ((r = csr_next(l, &to)) > 0) {
		if (to < before)
			return damaged(c, l->at, "a list out of order before this");
		before = to;
	}
	return r;
}

/* The rows of a type lie one behind the other and cover its targets. */
static int check_type(struct csr *c, uint32_t type, const struct type *t)
{
	uint64_t end = t->nodes ? t->row_n : c->node_n, used = 0, rows = 0;
	uint64_t lo, hi, node, before = 0;
	struct csr_list list;
	int r = 0;

	for (uint64_t i = 0; i < end && r == 0; i++) {
		if ((r = bounds(c, t, i, &lo, &hi)) < 0)
			return r;
		if (lo != used || (t->nodes && lo == hi))
			return damaged(c, t->first + 8 * i, "rows do not join");
		if (t->nodes && (r = node_at(c, t, i, &node)) < 0)
			return r;
		if (t->nodes && i && node <= before)
			return damaged(c, t->nodes + i * c->width, "rows out of order");
		before = t->nodes ? node : i;
		used = hi;
		rows += lo != hi;
		r = list_of(c, t, i, &list);
		if (r == 0)
			r = check_list(c, &list);
	}
	if (r == 0 && (used != t->edge_n || rows != t->row_n))
		return damaged(c, c->directory.ptr + type * sizeof(struct csr_type_disk),
			       "a type's counts and its rows disagree");
	return r;
}

int csr_check(struct csr *c)
{
	uint64_t edge_n = 0;
	struct type t;
	int r = 0;

	for (uint32_t i = 0; i < c->type_n && r == 0; i++) {
		r = type_of(c, i, &t);
		if (r == 0)
			r = check_type(c, i, &t);
		edge_n += t.edge_n;
	}
	if (r == 0 && edge_n != c->edge_n)
		return damaged_head(c, "its types have other edges in all");
	return r;
}
