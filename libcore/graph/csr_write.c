/* graph/csr_write.c - rows and lists from sorted edges
 *
 * Lists stream into CSR_TARGETS.  Whose they are is known as they pass, but the
 * form of a type's rows only at its end, and they belong to another section: so
 * (node, end of its list) waits in a spool, and the types' directory in memory.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr.h"
#include "graph/csr_disk.h"
#include "graph/spool.h"

#define CHUNK 8192u		/* targets or offsets gathered before a write */

struct row {
	uint64_t node, end;	/* its list is [end of the one before, end) */
};

struct type {
	uint64_t edge_n, row_n, targets_off;
};

struct csr_writer {
	struct mem *mem;
	struct segment_writer *seg;
	struct csr_plan plan;
	unsigned width;
	struct spool *rows;
	struct type *types;
	uint32_t type;		/* the one being written */
	struct row row;		/* its open row, when the type has an edge */
	uint64_t last_to, edge_n;
	uint8_t chunk[8 * CHUNK];
	size_t chunk_len;
};

static int chunk_flush(struct csr_writer *w)
{
	int r = segment_write(w->seg, w->chunk, w->chunk_len);

	w->chunk_len = 0;
	return r;
}

static int put(struct csr_writer *w, uint64_t v, unsigned width)
{
	le32 d32 = le32_of((uint32_t)v);
	le64 d64 = le64_of(v);

	if (width == 4)
		memcpy(w->chunk + w->chunk_len, &d32, 4);
	else
		memcpy(w->chunk + w->chunk_len, &d64, 8);
	w->chunk_len += width;
	return w->chunk_len + 8 > sizeof w->chunk ? chunk_flush(w) : 0;
}

/* Zeros up to the next border of the open section. */
static int align(struct csr_writer *w)
{
	static const uint8_t zero[CSR_ALIGN];
	uint64_t over;
	int r = chunk_flush(w);

	over = segment_offset(w->seg) % CSR_ALIGN;
	return r < 0 || !over ? r : segment_write(w->seg, zero, CSR_ALIGN - over);
}

int csr_create(struct csr_writer **out, const struct csr_plan *p, struct backend *b,
	       const uint8_t store_id[16], struct mem *mem)
{
	struct csr_writer *w = mem_zalloc(mem, sizeof *w);
	int r;

	if (!w)
		return ERR_MEMORY;
	w->mem = mem;
	w->plan = *p;
	w->width = p->node_n >> 32 ? 8 : 4;
	w->types = mem_zalloc(mem, (p->type_n + 1ull) * sizeof *w->types);
	r = w->types ? spool_open(&w->rows, b, mem_left(mem) / 16, mem) : ERR_MEMORY;
	if (r == 0)
		r = segment_create(&w->seg, b, SEGMENT_CSR, store_id, mem);
	if (r == 0)
		r = segment_begin(w->seg, CSR_TARGETS);
	if (r < 0) {
		csr_abort(w);
		return r;
	}
	*out = w;
	return 0;
}

void csr_abort(struct csr_writer *w)
{
	if (!w)
		return;
	segment_abort(w->seg);
	spool_close(w->rows);
	mem_free(w->mem, w->types);
	mem_free(w->mem, w);
}

uint64_t csr_added(const struct csr_writer *w)
{
	return w->edge_n;
}

static int end_row(struct csr_writer *w)
{
	struct type *t = &w->types[w->type];

	w->row.end = t->edge_n;
	t->row_n++;
	return spool_add(w->rows, &w->row, sizeof w->row);
}

/* Close types up to TYPE, which becomes the open one. */
static int move_to(struct csr_writer *w, uint32_t type)
{
	int r = w->types[w->type].edge_n ? end_row(w) : 0;

	if (r == 0)
		r = align(w);
	while (w->type < type)
		w->types[++w->type].targets_off = segment_offset(w->seg);
	return r;
}

static bool in_order(const struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to)
{
	if (type >= w->plan.type_n || from >= w->plan.node_n || to >= w->plan.node_n)
		return false;
	if (w->edge_n == 0 || type != w->type)
		return w->edge_n == 0 || type > w->type;
	if (w->types[type].edge_n == 0)
		return true;
	return from != w->row.node ? from > w->row.node : to >= w->last_to;
}

int csr_add(struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to)
{
	struct type *t;
	int r = 0;

	if (!in_order(w, type, from, to))
		return err_set(ERR_BUG, "edges out of order");
	if (type != w->type)
		r = move_to(w, type);
	t = &w->types[type];
	if (r == 0 && t->edge_n && from != w->row.node)
		r = end_row(w);
	w->row.node = from;
	w->last_to = to;
	t->edge_n++;
	w->edge_n++;
	return r < 0 ? r : put(w, to, w->width);
}

static bool is_dense(const struct csr_writer *w, const struct type *t)
{
	return t->edge_n >= w->plan.node_n / 4 + (w->plan.node_n % 4 != 0);
}

/* first[node_n + 1]: each node up to the row's begins where the one before ended. */
static int put_dense(struct csr_writer *w, const struct type *t, struct spool_reader *in)
{
	uint64_t node = 0, end = 0;
	struct row row;
	int r = 0;

	for (uint64_t i = 0; i < t->row_n && r >= 0; i++) {
		r = spool_read(in, &row, sizeof row);
		for (; r >= 0 && node <= row.node; node++)
			r = put(w, end, 8);
		end = row.end;
	}
	for (; r >= 0 && node <= w->plan.node_n; node++)
		r = put(w, end, 8);
	return r < 0 ? r : align(w);
}

static int put_sparse(struct csr_writer *w, const struct type *t,
		      struct spool_reader *nodes, struct spool_reader *ends)
{
	struct row row;
	int r = 0;

	for (uint64_t i = 0; i < t->row_n && r >= 0; i++)
		if ((r = spool_read(nodes, &row, sizeof row)) > 0)
			r = put(w, row.node, w->width);
	if (r >= 0 && (r = align(w)) == 0)
		r = put(w, 0, 8);
	for (uint64_t i = 0; i < t->row_n && r >= 0; i++)
		if ((r = spool_read(ends, &row, sizeof row)) > 0)
			r = put(w, row.end, 8);
	return r < 0 ? r : align(w);
}

static int put_rows_of(struct csr_writer *w, const struct type *t, uint64_t off)
{
	uint64_t len = t->row_n * sizeof(struct row);
	struct spool_reader a, b = {0};
	int r = spool_begin(&a, w->rows, off, len, 64u << 10);

	if (r == 0)
		r = spool_begin(&b, w->rows, off, len, 64u << 10);
	if (r == 0)
		r = is_dense(w, t) ? put_dense(w, t, &a) : put_sparse(w, t, &a, &b);
	spool_end(&a);
	spool_end(&b);
	return r;
}

static int put_rows(struct csr_writer *w)
{
	uint64_t off = 0;
	int r = segment_begin(w->seg, CSR_ROWS);

	for (uint32_t i = 0; i < w->plan.type_n && r == 0; i++) {
		const struct type *t = &w->types[i];

		r = put_rows_of(w, t, off);
		off += t->row_n * sizeof(struct row);
	}
	return r;
}

/* What put_rows wrote, so that nothing has to be remembered of it. */
static uint64_t rows_len(const struct csr_writer *w, const struct type *t)
{
	if (is_dense(w, t))
		return disk_round_up(8 * (w->plan.node_n + 1), CSR_ALIGN);
	return disk_round_up(w->width * t->row_n, CSR_ALIGN) +
		disk_round_up(8 * (t->row_n + 1), CSR_ALIGN);
}

static int put_types(struct csr_writer *w)
{
	uint64_t off = 0;
	int r = segment_begin(w->seg, CSR_TYPES);

	for (uint32_t i = 0; i < w->plan.type_n && r == 0; i++) {
		const struct type *t = &w->types[i];
		struct csr_type_disk d = {
			.edge_n = le64_of(t->edge_n), .row_n = le64_of(t->row_n),
			.targets_off = le64_of(t->targets_off),
			.rows_off = le64_of(off),
			.form = le32_of(is_dense(w, t) ? CSR_DENSE : CSR_SPARSE),
		};

		off += rows_len(w, t);
		r = segment_write(w->seg, &d, sizeof d);
	}
	return r;
}

int csr_finish(struct csr_writer *w, struct segment_ref *ref)
{
	struct csr_meta_disk m = {
		.layout = le32_of(CSR_LAYOUT_RAW), .direction = le32_of(w->plan.direction),
		.node_n = le64_of(w->plan.node_n), .edge_n = le64_of(w->edge_n),
		.type_n = le32_of(w->plan.type_n), .width = le32_of(w->width),
		.dict = le64_of(w->plan.dict),
	};
	int r = move_to(w, w->plan.type_n);

	if (r == 0)
		r = put_rows(w);
	if (r == 0)
		r = put_types(w);
	if (r == 0)
		r = segment_meta(w->seg, &m, sizeof m);
	if (r == 0) {
		r = segment_finish(w->seg, ref);
		w->seg = NULL;
	}
	csr_abort(w);
	return r;
}
