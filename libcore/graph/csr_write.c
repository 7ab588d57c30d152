/* graph/csr_write.c - lists from sorted edges, or from lists, into a segment */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_write_inside.h"

#define HELD_MOST (4u << 20)
#define VALUES_MOST (4u << 20)	/* bytes of values in memory until they are written */
#define HELD_LEAST (16u << 10)

static int chunk_flush(struct csr_writer *w)
{
	int r = segment_write(w->seg, w->chunk, w->chunk_len);

	w->chunk_len = 0;
	return r;
}

int csr_write_bytes(struct csr_writer *w, const void *ptr, size_t len)
{
	int r = 0;

	if (len > sizeof w->chunk - w->chunk_len)
		r = chunk_flush(w);
	if (r < 0 || len > sizeof w->chunk)
		return r < 0 ? r : segment_write(w->seg, ptr, len);
	memcpy(w->chunk + w->chunk_len, ptr, len);
	w->chunk_len += len;
	return 0;
}

int csr_write_number(struct csr_writer *w, uint64_t v, unsigned width)
{
	le64 d = le64_of(v);

	return csr_write_bytes(w, &d, width);
}

unsigned csr_write_varint(uint8_t *out, uint64_t v)
{
	unsigned n = 0;

	for (; v >> 7; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	return n;
}

int csr_write_align(struct csr_writer *w)
{
	static const uint8_t zero[CSR_ALIGN];
	uint64_t over;
	int r = chunk_flush(w);

	over = segment_offset(w->seg) % CSR_ALIGN;
	return r < 0 || !over ? r : segment_write(w->seg, zero, CSR_ALIGN - over);
}

/* What a row may take of the memory that is there: its ids, and their bytes. */
static uint64_t held_most(const struct mem *mem)
{
	size_t most = mem_left(mem) / 64;

	return most < HELD_LEAST ? HELD_LEAST : most < HELD_MOST ? most : HELD_MOST;
}

static uint64_t position(const struct csr_writer *w)
{
	return segment_offset(w->seg) + w->chunk_len;
}

static int create(struct csr_writer *w, struct backend *b, const uint8_t store_id[16])
{
	size_t cap = mem_left(w->mem) / 16;
	int r;

	w->backend = b;
	w->held_most = held_most(w->mem);
	w->types = mem_zalloc(w->mem, (w->plan.type_n + 1ull) * sizeof *w->types);
	r = w->types ? spool_open(&w->rows, b, cap, w->mem) : ERR_MEMORY;
	if (r == 0 && w->plan.values)
		r = spool_open(&w->values, b, cap < VALUES_MOST ? cap : VALUES_MOST, w->mem);
	if (r == 0)
		r = segment_create(&w->seg, b, SEGMENT_CSR, store_id, w->mem);
	return r < 0 ? r : segment_begin(w->seg, CSR_TARGETS);
}

int csr_create(struct csr_writer **out, const struct csr_plan *p, struct backend *b,
	       const uint8_t store_id[16], struct mem *mem)
{
	struct csr_writer *w = mem_zalloc(mem, sizeof *w);
	int r;

	if (!w)
		return ERR_MEMORY;
	w->mem = w->ids.mem = w->bytes.mem = mem;
	w->plan = *p;
	if (!w->plan.layout)
		w->plan.layout = CSR_PACKED;
	w->width = p->node_n >> 32 ? 8 : 4;
	r = create(w, b, store_id);
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
	spool_close(w->values);
	spool_close(w->longer);
	buf_release(&w->ids);
	buf_release(&w->bytes);
	mem_free(w->mem, w->types);
	mem_free(w->mem, w);
}

uint64_t csr_added(const struct csr_writer *w)
{
	return w->edge_n;
}

bool csr_write_dense(const struct csr_writer *w, const struct csr_type_out *t)
{
	return w->plan.layout != CSR_COO &&
		t->edge_n >= w->plan.node_n / 4 + (w->plan.node_n % 4 != 0);
}

/* --- rows as they pass --- */

/* A row of NODE has N edges and LEN bytes; or a chunk of a coo begins with NODE. */
static int record(struct csr_writer *w, uint64_t node, uint64_t n, uint64_t len)
{
	uint8_t bytes[30];
	unsigned at = csr_write_varint(bytes, node - w->spooled);

	at += csr_write_varint(bytes + at, n);
	at += csr_write_varint(bytes + at, len);
	w->spooled = node;
	w->types[w->type].record_n++;
	return spool_add(w->rows, bytes, at);
}

/* --- a row that is too long to be held --- */

static int longer_rewind(void *ctx)
{
	struct csr_writer *w = ctx;

	spool_end(&w->longer_in);
	return spool_begin(&w->longer_in, w->longer, 0, spool_bytes(w->longer), CSR_CHUNK);
}

static int longer_next(void *ctx, uint64_t *ids, unsigned n)
{
	struct csr_writer *w = ctx;
	uint32_t narrow;
	int r;

	for (unsigned i = 0; i < n; i++) {
		r = w->width == 4 ? spool_read(&w->longer_in, &narrow, 4) :
			spool_read(&w->longer_in, &ids[i], 8);
		if (r <= 0)
			return r < 0 ? r : err_set(ERR_BUG, "a row ends before its degree");
		if (w->width == 4)
			ids[i] = narrow;
	}
	return 0;
}

static int longer_write(void *ctx, const void *ptr, size_t len)
{
	return csr_write_bytes(ctx, ptr, len);
}

/* The ids held so far, behind those of the row that were before. */
static int put_aside(struct csr_writer *w)
{
	size_t cap = mem_left(w->mem) / 16;
	int r = w->longer ? 0 : spool_open(&w->longer, w->backend, cap, w->mem);

	if (r == 0)
		r = spool_add(w->longer, w->ids.ptr, w->ids.len);
	buf_clear(&w->ids);
	return r;
}

static int end_longer(struct csr_writer *w, uint64_t *len)
{
	const struct list_long l = {
		.node = w->node, .n = w->degree, .rewind = longer_rewind, .next = longer_next,
		.write = longer_write, .ctx = w, .mem = w->mem,
	};
	int r = put_aside(w);

	if (r == 0)
		r = list_encode_long(&l, len);
	spool_end(&w->longer_in);
	spool_close(w->longer);
	w->longer = NULL;
	return r;
}

static int end_held(struct csr_writer *w, uint64_t *len)
{
	int r;

	buf_clear(&w->bytes);
	r = buf_reserve(&w->bytes, w->width == 4 ? LIST_BYTES_MAX32(w->degree) :
			LIST_BYTES_MAX(w->degree));
	if (r < 0)
		return r;
	*len = w->width == 4 ?
		list_encode32(w->bytes.ptr, w->node, (const uint32_t *)w->ids.ptr, w->degree) :
		list_encode(w->bytes.ptr, w->node, (const uint64_t *)w->ids.ptr, w->degree);
	buf_clear(&w->ids);
	return csr_write_bytes(w, w->bytes.ptr, *len);
}

static int end_packed(struct csr_writer *w)
{
	uint64_t len;
	int r = w->longer ? end_longer(w, &len) : end_held(w, &len);

	return r < 0 ? r : record(w, w->node, w->degree, len);
}

static int end_row(struct csr_writer *w)
{
	int r = 0;

	if (!w->open)
		return 0;
	w->open = false;
	w->types[w->type].row_n++;
	if (w->plan.layout == CSR_PACKED)
		r = end_packed(w);
	else if (w->plan.layout == CSR_RAW)
		r = record(w, w->node, w->degree, 0);
	return r;
}

static int end_chunk(struct csr_writer *w)
{
	uint64_t n = w->chunk_n;

	w->chunk_n = 0;
	return n ? record(w, w->chunk_node, n, position(w) - w->chunk_off) : 0;
}

static int end_type(struct csr_writer *w)
{
	struct csr_type_out *t = &w->types[w->type];
	int r = end_row(w);

	if (r == 0)
		r = end_chunk(w);
	t->targets_len = position(w) - t->targets_off;
	t->spool_len = spool_bytes(w->rows) - t->spool_off;
	return r < 0 ? r : csr_write_align(w);
}

/* Close types up to TYPE, which becomes the open one. */
static int move_to(struct csr_writer *w, uint32_t type)
{
	int r = end_type(w);

	while (r == 0 && w->type < type) {
		struct csr_type_out *t = &w->types[++w->type];

		t->targets_off = position(w);
		t->spool_off = spool_bytes(w->rows);
	}
	w->spooled = 0;
	return r;
}

/* --- an edge --- */

static bool in_order(const struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to)
{
	if (type >= w->plan.type_n || from >= w->plan.node_n || to >= w->plan.node_n)
		return false;
	if (w->edge_n == 0 || type != w->type)
		return w->edge_n == 0 || type > w->type;
	if (w->types[type].edge_n == 0)
		return true;
	return from != w->node ? from > w->node : w->open && to >= w->last_to;
}

static int put_pair(struct csr_writer *w, uint64_t from, uint64_t to, bool same)
{
	uint8_t bytes[20];
	unsigned n = 0;
	int r;

	if (w->chunk_n == 0) {
		w->chunk_node = from;
		w->chunk_off = position(w);
		same = false;
	} else if (same) {
		n = csr_write_varint(bytes, (to - w->last_to) << 1);
	} else {
		n = csr_write_varint(bytes, (from - w->node - 1) << 1 | 1);
	}
	if (!same)
		n += csr_write_varint(bytes + n, to);
	r = csr_write_bytes(w, bytes, n);
	return r == 0 && ++w->chunk_n == CSR_PAIRS ? end_chunk(w) : r;
}

static int put_id(struct csr_writer *w, uint64_t from, uint64_t to, bool same)
{
	uint32_t narrow = (uint32_t)to;
	int r;

	if (w->plan.layout == CSR_RAW)
		return csr_write_number(w, to, w->width);
	if (w->plan.layout == CSR_COO)
		return put_pair(w, from, to, same);
	r = w->ids.len + w->width > w->held_most ? put_aside(w) : 0;
	if (r < 0)
		return r;
	return w->width == 4 ? buf_add(&w->ids, &narrow, 4) : buf_add(&w->ids, &to, 8);
}

static int add(struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to)
{
	bool same;
	int r = 0;

	if (!in_order(w, type, from, to))
		return err_set(ERR_BUG, "edges out of order");
	if (type != w->type)
		r = move_to(w, type);
	same = w->open && from == w->node;
	if (r == 0 && !same)
		r = end_row(w);
	if (r == 0)
		r = put_id(w, from, to, same);
	w->degree = same ? w->degree + 1 : 1;
	w->open = true;
	w->node = from;
	w->last_to = to;
	w->types[type].edge_n++;
	w->edge_n++;
	return r;
}

int csr_add(struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to)
{
	return w->plan.values ? err_set(ERR_BUG, "an edge without its value") :
		add(w, type, from, to);
}

int csr_add_value(struct csr_writer *w, uint32_t type, uint64_t from, uint64_t to,
		  union csr_value v)
{
	int r = add(w, type, from, to);

	return r < 0 || !w->plan.values ? r : csr_write_take_values(w, &v, 1);
}

/* --- lists --- */

/* Lists that are stored in another way are taken edge by edge. */
static int add_list(struct csr_writer *w, uint32_t type, uint64_t node, uint64_t n,
		    const uint8_t *at, uint64_t len)
{
	uint64_t ids[LIST_READ];
	struct list_reader in;
	int r = list_begin(&in, node, n, at, at + len), got;

	while (r == 0 && in.left) {
		got = list_read(&in, ids);
		if (got <= 0)
			r = -1;
		for (int i = 0; i < got && r == 0; i++)
			if ((r = add(w, type, node, ids[i])) < 0)
				return r;
	}
	return r < 0 ? err_set(ERR_BUG, "bytes that are no list") : 0;
}

static bool lists_in_order(const struct csr_writer *w, const struct csr_lists *l)
{
	if (l->type >= w->plan.type_n || l->node > w->plan.node_n ||
	    l->n > w->plan.node_n - l->node || !l->values != !w->plan.values)
		return false;
	if (w->edge_n == 0 || l->type != w->type)
		return w->edge_n == 0 || l->type > w->type;
	return w->types[l->type].edge_n == 0 || l->n == 0 || l->node > w->node;
}

/* All lists' bytes at once, then what is to be said of each. */
static int put_packed(struct csr_writer *w, const struct csr_lists *l)
{
	struct csr_type_out *t;
	uint64_t bytes = 0;
	int r = l->type != w->type ? move_to(w, l->type) : end_row(w);

	t = &w->types[w->type];
	for (uint64_t i = 0; r == 0 && i < l->n; i++) {
		if (l->degree[i] == 0)
			continue;
		r = record(w, l->node + i, l->degree[i], l->len[i]);
		w->node = l->node + i;
		t->row_n++;
		t->edge_n += l->degree[i];
		w->edge_n += l->degree[i];
		bytes += l->len[i];
	}
	return r < 0 ? r : csr_write_bytes(w, l->bytes, bytes);
}

int csr_put_lists(struct csr_writer *w, const struct csr_lists *l)
{
	const uint8_t *at = l->bytes;
	uint64_t before = w->edge_n;
	int r = 0;

	if (!lists_in_order(w, l))
		return err_set(ERR_BUG, "lists out of order");
	if (w->plan.layout == CSR_PACKED)
		r = put_packed(w, l);
	else
		for (uint64_t i = 0; r == 0 && i < l->n; at += l->len[i++])
			if (l->degree[i])
				r = add_list(w, l->type, l->node + i, l->degree[i], at, l->len[i]);
	return r < 0 || !l->values ? r : csr_write_take_values(w, l->values, w->edge_n - before);
}

/* --- the end --- */

static int put_types(struct csr_writer *w)
{
	int r = segment_begin(w->seg, CSR_TYPES);

	for (uint32_t i = 0; i < w->plan.type_n && r == 0; i++) {
		const struct csr_type_out *t = &w->types[i];
		const struct csr_write_as as = csr_write_values_as(w, t);
		struct csr_type_disk d = {
			.edge_n = le64_of(t->edge_n), .row_n = le64_of(t->row_n),
			.targets_off = le64_of(t->targets_off),
			.targets_len = le64_of(t->targets_len),
			.rows_off = le64_of(t->rows_off), .values_off = le64_of(t->values_off),
			.values_base = le64_of(as.base),
			.values_width = (uint8_t)as.width,
			.values_digits = (uint8_t)as.digits,
			.form = le32_of(csr_write_dense(w, t) ? CSR_DENSE : CSR_SPARSE),
		};

		r = segment_write(w->seg, &d, sizeof d);
	}
	return r;
}

static int finish(struct csr_writer *w)
{
	struct csr_meta_disk m = {
		.layout = le32_of(w->plan.layout), .direction = le32_of(w->plan.direction),
		.node_n = le64_of(w->plan.node_n), .edge_n = le64_of(w->edge_n),
		.type_n = le32_of(w->plan.type_n), .width = le32_of(w->width),
		.dict = le64_of(w->plan.dict), .values = le32_of(w->plan.values),
	};
	int r = move_to(w, w->plan.type_n);

	if (r == 0)
		r = csr_write_rows(w);
	if (r == 0 && w->plan.values)
		r = csr_write_values(w);
	if (r == 0)
		r = put_types(w);
	return r < 0 ? r : segment_meta(w->seg, &m, sizeof m);
}

int csr_finish(struct csr_writer *w, struct segment_ref *ref)
{
	int r = finish(w);

	if (r == 0) {
		r = segment_finish(w->seg, ref);
		w->seg = NULL;
	}
	csr_abort(w);
	return r;
}
