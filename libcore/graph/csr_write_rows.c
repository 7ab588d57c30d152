/* graph/csr_write_rows.c - whose list is where, and the values, once all passed */
#include <stdlib.h>
#include <string.h>

#include "base/disk.h"
#include "base/err.h"
#include "graph/bits.h"
#include "graph/csr_write_inside.h"

#define WINDOW (64u << 10)

/* --- the records of a type, read back --- */

struct row {
	uint64_t node, n, len;
};

struct rows_in {
	struct spool_reader in;
	uint64_t left, node;
};

static int rows_begin(struct rows_in *in, struct csr_writer *w, const struct csr_type_out *t)
{
	*in = (struct rows_in){ .left = t->record_n };
	return spool_begin(&in->in, w->rows, t->spool_off, t->spool_len, WINDOW);
}

static int get_varint(struct rows_in *in, uint64_t *out)
{
	unsigned shift = 0;
	uint8_t b;
	int r;

	*out = 0;
	do {
		r = spool_read(&in->in, &b, 1);
		if (r <= 0)
			return r < 0 ? r : err_set(ERR_BUG, "rows end before their type");
		*out |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	return 0;
}

static int rows_next(struct rows_in *in, struct row *out)
{
	uint64_t gap;
	int r;

	if (in->left == 0)
		return 0;
	in->left--;
	r = get_varint(in, &gap);
	if (r == 0)
		r = get_varint(in, &out->n);
	if (r == 0)
		r = get_varint(in, &out->len);
	out->node = in->node += gap;
	return r < 0 ? r : 1;
}

/* --- raw --- */

/* first[node_n + 1]: each node up to the row's begins where the one before ended. */
static int raw_dense(struct csr_writer *w, struct rows_in *in)
{
	uint64_t node = 0, end = 0;
	struct row row;
	int r;

	while ((r = rows_next(in, &row)) > 0) {
		for (; r >= 0 && node <= row.node; node++)
			r = csr_write_number(w, end, 8);
		if (r < 0)
			return r;
		end += row.n;
	}
	for (; r == 0 && node <= w->plan.node_n; node++)
		r = csr_write_number(w, end, 8);
	return r;
}

static int raw_nodes(struct csr_writer *w, struct rows_in *in)
{
	struct row row;
	int r;

	while ((r = rows_next(in, &row)) > 0)
		if ((r = csr_write_number(w, row.node, w->width)) < 0)
			return r;
	return r < 0 ? r : csr_write_align(w);
}

static int raw_ends(struct csr_writer *w, struct rows_in *in)
{
	uint64_t end = 0;
	struct row row;
	int r = csr_write_number(w, 0, 8);

	while (r >= 0 && (r = rows_next(in, &row)) > 0)
		r = csr_write_number(w, end += row.n, 8);
	return r;
}

/* --- packed --- */

struct group {
	uint64_t n, off, edge;
	uint64_t ends[CSR_GROUP], edges[CSR_GROUP], nodes[CSR_GROUP];
};

struct groups {			/* of a type, one after another */
	struct rows_in in;
	struct row row;		/* the next one */
	int more;		/* is there one */
	uint64_t node, off, edge;
	bool dense;
	uint64_t node_n;
};

static int groups_begin(struct groups *g, struct csr_writer *w, const struct csr_type_out *t)
{
	int r;

	*g = (struct groups){ .dense = csr_write_dense(w, t), .node_n = w->plan.node_n };
	r = rows_begin(&g->in, w, t);
	if (r == 0)
		r = g->more = rows_next(&g->in, &g->row);
	return r < 0 ? r : 0;
}

/* 1 and the next group, 0 at the end. */
static int groups_next(struct groups *g, struct group *out)
{
	uint64_t end = 0, edge = 0;
	unsigned i = 0;

	if (g->dense ? g->node == g->node_n : !g->more)
		return 0;
	out->off = g->off;
	out->edge = g->edge;
	for (; i < CSR_GROUP && (g->dense ? g->node < g->node_n : g->more > 0); i++) {
		if (!g->dense)
			g->node = g->row.node;
		if (g->more > 0 && g->row.node == g->node) {
			end += g->row.len;
			edge += g->row.n;
			g->more = rows_next(&g->in, &g->row);
		}
		out->ends[i] = end;
		out->edges[i] = edge;
		out->nodes[i] = g->node++;
	}
	out->n = i;
	g->off += end;
	g->edge += edge;
	return g->more < 0 ? g->more : 1;
}

static uint64_t group_len(const struct groups *all, const struct group *g)
{
	uint64_t last = g->n - 1;

	if (all->dense && g->edges[last] == 0)
		return 0;
	return sizeof(struct csr_group_disk) + bits_bytes(g->n, bits_width(g->ends[last])) +
		bits_bytes(g->n, bits_width(g->edges[last])) +
		(all->dense ? 0 : bits_bytes(g->n, bits_width(g->nodes[last] - g->nodes[0])));
}

static unsigned put_array(uint8_t *out, const uint64_t *v, uint64_t n, uint64_t base,
			  unsigned width)
{
	struct bits b = {0};
	unsigned at = 0;

	for (uint64_t i = 0; i < n; i++)
		at += bits_put(&b, out + at, v[i] - base, width);
	return at + bits_end(&b, out + at);
}

static int put_group(struct csr_writer *w, const struct groups *all, const struct group *g)
{
	uint8_t out[sizeof(struct csr_group_disk) + 3 * CSR_GROUP * 8 + 8];
	uint64_t last = g->n - 1;
	unsigned ends = bits_width(g->ends[last]), edges = bits_width(g->edges[last]);
	unsigned nodes = all->dense ? 0 : bits_width(g->nodes[last] - g->nodes[0]);
	unsigned at = sizeof(struct csr_group_disk);
	struct csr_group_disk d = {
		.off = le64_of(g->off), .edge = le64_of(g->edge),
		.end_bits = (uint8_t)ends, .edge_bits = (uint8_t)edges,
		.node_bits = (uint8_t)nodes,
	};

	if (all->dense && g->edges[last] == 0)
		return 0;
	if (ends > BITS_MOST || edges > BITS_MOST || nodes > BITS_MOST)
		return err_set(ERR_BUG, "a group of %u bits", ends);
	memcpy(out, &d, sizeof d);
	at += put_array(out + at, g->ends, g->n, 0, ends);
	at += put_array(out + at, g->edges, g->n, 0, edges);
	if (!all->dense)
		at += put_array(out + at, g->nodes, g->n, g->nodes[0], nodes);
	return csr_write_bytes(w, out, at);
}

static int put_where(struct csr_writer *w, bool dense, uint64_t node, uint64_t off)
{
	int r = dense ? 0 : csr_write_number(w, node, 8);

	return r < 0 ? r : csr_write_number(w, off, 8);
}

static int packed_directory(struct csr_writer *w, const struct csr_type_out *t)
{
	uint64_t rows, off;
	struct groups all;
	struct group g;
	int r = groups_begin(&all, w, t);

	rows = all.dense ? w->plan.node_n : t->row_n;
	off = (disk_round_up(rows, CSR_GROUP) / CSR_GROUP + 1) * (all.dense ? 8 : 16);
	while (r >= 0 && (r = groups_next(&all, &g)) > 0) {
		r = put_where(w, all.dense, g.nodes[0], off);
		off += group_len(&all, &g);
	}
	if (r == 0)
		r = put_where(w, all.dense, w->plan.node_n, off);
	spool_end(&all.in.in);
	return r;
}

static int packed_rows(struct csr_writer *w, const struct csr_type_out *t)
{
	struct groups all;
	struct group g;
	int r = packed_directory(w, t);

	if (r < 0)
		return r;
	r = groups_begin(&all, w, t);
	while (r >= 0 && (r = groups_next(&all, &g)) > 0)
		r = put_group(w, &all, &g);
	spool_end(&all.in.in);
	return r;
}

/* --- coo --- */

static int coo_rows(struct csr_writer *w, struct rows_in *in)
{
	uint64_t off = 0;
	struct row row;
	int r;

	while ((r = rows_next(in, &row)) > 0) {
		r = put_where(w, false, row.node, off);
		if (r < 0)
			return r;
		off += row.len;
	}
	return r < 0 ? r : put_where(w, false, w->plan.node_n, off);
}

/* --- all types --- */

static int one_pass(struct csr_writer *w, const struct csr_type_out *t,
		    int (*put)(struct csr_writer *w, struct rows_in *in))
{
	struct rows_in in;
	int r = rows_begin(&in, w, t);

	if (r == 0)
		r = put(w, &in);
	spool_end(&in.in);
	return r;
}

static int rows_of(struct csr_writer *w, const struct csr_type_out *t)
{
	int r;

	if (w->plan.layout == CSR_PACKED)
		return packed_rows(w, t);
	if (w->plan.layout == CSR_COO)
		return one_pass(w, t, coo_rows);
	if (csr_write_dense(w, t))
		return one_pass(w, t, raw_dense);
	r = one_pass(w, t, raw_nodes);
	return r < 0 ? r : one_pass(w, t, raw_ends);
}

int csr_write_rows(struct csr_writer *w)
{
	int r = segment_begin(w->seg, CSR_ROWS);

	for (uint32_t i = 0; i < w->plan.type_n && r == 0; i++) {
		struct csr_type_out *t = &w->types[i];

		t->rows_off = segment_offset(w->seg);
		if (t->edge_n)
			r = rows_of(w, t);
		if (r == 0)
			r = csr_write_align(w);
	}
	return r;
}

/* --- values --- */

/* --- decimals --- */

#define DECIMAL_MOST 1e12	/* so far a product by a power of ten is near an integer */

static const double power[CSR_DIGITS + 1] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

/* V times 10^DIGITS as an integer; V is small enough. */
static int64_t shifted(double v, unsigned digits)
{
	double n = v * power[digits];

	return (int64_t)(n < 0 ? n - 0.5 : n + 0.5);
}

/* Is V the double that is nearest to a decimal of so many digits? */
static bool is_decimal(double v, unsigned digits)
{
	double most = DECIMAL_MOST / power[digits], back;

	if (!(v > -most && v < most))
		return false;
	back = (double)shifted(v, digits) / power[digits];
	return memcmp(&back, &v, sizeof v) == 0;	/* -0 is none */
}

/* One of few digits is one of more, too. */
static void note_decimal(struct csr_type_out *t, double v, bool first)
{
	if (first) {
		t->digits = 1;
		t->low = t->high = v;
	}
	while (t->digits <= CSR_DIGITS && !is_decimal(v, t->digits))
		t->digits++;
	t->low = v < t->low ? v : t->low;
	t->high = v > t->high ? v : t->high;
}

/* What the width of a type's values depends on. */
static void note_value(enum csr_values kind, struct csr_type_out *t, union csr_value v,
		       bool first)
{
	uint64_t bits, back;
	double r;

	memcpy(&bits, &v, sizeof bits);
	if (first) {
		t->first = bits;
		t->least = t->most = v.i;
	}
	t->differ |= bits != t->first;
	if (kind == CSR_INTEGERS) {
		t->least = v.i < t->least ? v.i : t->least;
		t->most = v.i > t->most ? v.i : t->most;
		return;
	}
	r = (double)(float)v.r;
	memcpy(&back, &r, sizeof back);
	t->wide |= back != bits;
	note_decimal(t, v.r, first);
}

int csr_write_take_values(struct csr_writer *w, const union csr_value *v, uint64_t n)
{
	struct csr_type_out *t = &w->types[w->type];
	bool first = t->edge_n == n;

	for (uint64_t i = 0; i < n; i++)
		note_value(w->plan.values, t, v[i], first && i == 0);
	return n ? spool_add(w->values, v, n * sizeof *v) : 0;
}

static unsigned width_of(uint64_t range)
{
	return !range ? 0 : range <= UINT8_MAX ? 1 : range <= UINT16_MAX ? 2 :
		range <= UINT32_MAX ? 4 : 8;
}

/* Decimals where they are shorter; what binary32 can say is read as it is. */
static struct csr_write_as reals_as(const struct csr_type_out *t)
{
	struct csr_write_as as = { .base = t->differ ? 0 : t->first };
	int64_t low, high;

	if (!t->differ)
		return as;
	as.width = t->wide ? 8 : 4;
	if (!t->wide || t->digits > CSR_DIGITS || !is_decimal(t->low, t->digits) ||
	    !is_decimal(t->high, t->digits))
		return as;
	low = shifted(t->low, t->digits);
	high = shifted(t->high, t->digits);
	if (width_of((uint64_t)(high - low)) > 4)
		return as;
	return (struct csr_write_as){ (uint64_t)low, width_of((uint64_t)(high - low)),
				      t->digits };
}

struct csr_write_as csr_write_values_as(const struct csr_writer *w,
					const struct csr_type_out *t)
{
	if (w->plan.values == CSR_NO_VALUES || t->edge_n == 0)
		return (struct csr_write_as){0};
	if (w->plan.values == CSR_REALS)
		return reals_as(t);
	return (struct csr_write_as){ .base = (uint64_t)t->least,
				      .width = width_of((uint64_t)t->most - (uint64_t)t->least) };
}

static int put_value(struct csr_writer *w, union csr_value v, const struct csr_write_as *as)
{
	uint64_t bits;
	uint32_t narrow;
	float f = (float)v.r;

	if (w->plan.values == CSR_INTEGERS)
		return csr_write_number(w, (uint64_t)v.i - as->base, as->width);
	if (as->digits)
		return csr_write_number(w, (uint64_t)shifted(v.r, as->digits) - as->base,
					as->width);
	memcpy(&narrow, &f, sizeof narrow);
	memcpy(&bits, &v, sizeof bits);
	return csr_write_number(w, as->width == 4 ? narrow : bits, as->width);
}

static int values_of(struct csr_writer *w, const struct csr_type_out *t, struct spool_reader *in)
{
	const struct csr_write_as as = csr_write_values_as(w, t);
	union csr_value v;
	int r = 0;

	for (uint64_t i = 0; i < t->edge_n && r >= 0; i++)
		if ((r = spool_read(in, &v, sizeof v)) > 0 && as.width)
			r = put_value(w, v, &as);
	return r < 0 ? r : csr_write_align(w);
}

int csr_write_values(struct csr_writer *w)
{
	struct spool_reader in = {0};
	int r = segment_begin(w->seg, CSR_VALUES);

	if (r == 0)
		r = spool_begin(&in, w->values, 0, spool_bytes(w->values), WINDOW);
	for (uint32_t i = 0; i < w->plan.type_n && r == 0; i++) {
		w->types[i].values_off = segment_offset(w->seg);
		r = values_of(w, &w->types[i], &in);
	}
	spool_end(&in);
	return r;
}
